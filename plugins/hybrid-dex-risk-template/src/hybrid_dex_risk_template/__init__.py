"""A risk check for hybrid-dex to start from."""

from hybrid_dex_risk_template.order_to_trade import OrderToTrade

__all__ = ["OrderToTrade"]
