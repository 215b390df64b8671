"""How a market maker quotes: everything that can be configured."""

import attrs

__all__ = ["MarketMakerOptions"]


def _orders_fit(instance: "MarketMakerOptions", _attribute: object, value: int) -> None:
    if value < 1:
        raise ValueError("max_orders must be at least 1")
    if instance.order_lifetime_s < 2 * instance.interval_s:
        raise ValueError("order_lifetime_s must be at least two intervals, or quotes end too early")


@attrs.frozen(kw_only=True)
class MarketMakerOptions:
    """What to quote, how often, and what never to exceed.

    Prices and quantities are decimal text in the market's steps.

    Attributes:
        market: the market's symbol.
        reference_price: where the random walk begins.
        seed: of the random walk; the same seed gives the same walk.
        step_ppm: the farthest that the reference moves in one step, parts per million.
        levels: price levels a side.
        spacing_bps: distance of each level from the one before, and of the first from the
            reference, in basis points of the reference.
        quantity: quoted on each level.
        interval_s: time between two refreshes.
        max_inventory: how much base may be gained or lost, counted from the start.
        skew_bps: how far all quotes move down at the highest inventory, and up at the lowest.
        max_orders: how many orders may be live at once.
        order_lifetime_s: when orders expire by themselves, should this program be killed.
        stale_after_s: silence of the feed after which quotes are pulled.
        absent_after_s: the exchange itself pulls all quotes when this program is not heard of for so
            long: killed, hung, or cut off.
    """

    market: str
    reference_price: str
    seed: int = 0
    step_ppm: int = attrs.field(default=5_000, validator=attrs.validators.ge(0))
    levels: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    spacing_bps: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    quantity: str = "0.5"
    interval_s: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    max_inventory: str = "10"
    skew_bps: int = attrs.field(default=20, validator=attrs.validators.ge(0))
    order_lifetime_s: int = attrs.field(default=60, validator=attrs.validators.ge(1))
    stale_after_s: float = attrs.field(default=2.0, validator=attrs.validators.gt(0))
    absent_after_s: float = attrs.field(default=2.0, validator=attrs.validators.gt(0))
    max_orders: int = attrs.field(default=10, validator=_orders_fit)
