"""The exchange: the shell around the engine. The single writer, and what hangs off it."""

from hybrid_dex.exchange.core import Exchange
from hybrid_dex.exchange.followers import SlowFollowerError, Subscription
from hybrid_dex.exchange.options import ExchangeHealth, ExchangeOptions
from hybrid_dex.exchange.presence import AccountConnection
from hybrid_dex.exchange.view import ExchangeView

__all__ = [
    "AccountConnection",
    "Exchange",
    "ExchangeHealth",
    "ExchangeOptions",
    "ExchangeView",
    "SlowFollowerError",
    "Subscription",
]
