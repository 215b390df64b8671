"""The demo's market maker: five levels a side, ten basis points apart, a walk of half a percent."""

from reference_app.demo.supervisor import Demo
from reference_app.market_maker import MarketMaker, MarketMakerOptions

__all__ = ["maker_of"]


def maker_of(demo: Demo, interval_s: float = 5.0) -> MarketMaker:
    """Return the market maker on the demo's first account."""
    return MarketMaker(
        demo.traders[0].client,
        MarketMakerOptions(
            market=demo.market.id,
            reference_price="2500",
            seed=demo.options.seed,
            quantity="0.8",
            interval_s=interval_s,
            max_inventory="40",
        ),
    )
