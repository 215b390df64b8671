"""What ccxt's ``createOrder`` is asked for, in the words of this exchange; or refused.

Pure. ccxt says by ``type`` and ``params`` what here is an order type: what waits for which price is
a stop or a take-profit. A parameter that is not known is refused, as an order that is not what its
sender meant costs money.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from hybrid_dex.client.ccxt_like.arguments import lower_case
from hybrid_dex.client.ccxt_like.errors import (
    ArgumentsRequired,
    BadRequest,
    InvalidOrder,
    NotSupported,
)
from hybrid_dex.client.ccxt_like.numbers import exact
from hybrid_dex.client.order_writer import OrderOptions
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, TimeInForce
from hybrid_dex.model.signed_order import MAX_LIFETIME_S
from hybrid_dex.model.units import MAX_PRICE
from hybrid_dex.wire import OrderMessage

__all__ = ["TRIGGERS", "Terms", "edited", "protection_price", "read_terms"]

TRIGGERS: Final = ("triggerPrice", "stopPrice", "stopLossPrice", "takeProfitPrice")
_KNOWN: Final = frozenset(
    {
        *TRIGGERS,
        "triggerDirection",
        "postOnly",
        "timeInForce",
        "clientOrderId",
        "icebergAmount",
        "slippage",
        "maxFeePpm",
        "lifetime",
    }
)
_BRACKETS: Final = ("stopLoss", "takeProfit")
_FORCES: Final = {
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "PO": TimeInForce.GTC,
}
_STOPS: Final = {
    "stop": "stop",
    "stop_limit": "stop",
    "stop_market": "stop",
    "take_profit": "take_profit",
    "take_profit_limit": "take_profit",
    "take_profit_market": "take_profit",
}
_ASCENDING: Final = {"ascending": True, "up": True, "above": True}
_DESCENDING: Final = {"descending": False, "down": False, "below": False}
_MAX_SLIPPAGE_PPM: Final = 500_000
_DEFAULT_SLIPPAGE_PPM: Final = 50_000
_PPM: Final = 1_000_000
_PPM_DECIMALS: Final = 6


@attrs.frozen(kw_only=True)
class Terms:
    """What an order is to be, but for numbers that the market gives.

    Attributes:
        is_market: whether it trades at once at any price within the protection price.
        waits_for: what kind of price it waits for: ``stop``, ``take_profit``, ``trigger`` when only
            the last price can tell which, or an empty text.
        trigger_price: that price, as decimal text.
        ascending: of a ``trigger``, whether the price is to rise to it; ``None`` when not said.
        post_only: refuse rather than take liquidity.
        time_in_force: how long it may match.
        client_order_id: the sender's name for it.
        display_quantity: of an iceberg, decimal text.
        slippage_ppm: of a market order without a price, how far from the top of the book its
            protection price is.
        max_fee_ppm: the highest fee accepted.
        lifetime_s: for how long a signed order may match; ``None`` for the client's usual time.
    """

    is_market: bool
    waits_for: str
    trigger_price: str | None
    ascending: bool | None
    post_only: bool
    time_in_force: TimeInForce
    client_order_id: str | None
    display_quantity: str | None
    slippage_ppm: int
    max_fee_ppm: int | None
    lifetime_s: int | None

    def options(self, waits_for: str) -> OrderOptions:
        """Return the client's options, once it is known what the order waits for."""
        suffix = "MARKET" if self.is_market else "LIMIT"
        name = f"{waits_for.upper()}_{suffix}" if waits_for else suffix
        usual = OrderOptions()
        return OrderOptions(
            order_type=OrderType[name],
            time_in_force=self.time_in_force,
            post_only=self.post_only,
            max_fee_ppm=self.max_fee_ppm,
            lifetime_s=usual.lifetime_s if self.lifetime_s is None else self.lifetime_s,
            trigger_price=self.trigger_price,
            display_quantity=self.display_quantity,
        )


def read_terms(order_type: str, params: Mapping[str, Any]) -> Terms:
    """Return what an order's type and parameters say.

    >>> read_terms("limit", {"stopLossPrice": 2400.5}).waits_for
    'stop'

    Raises:
        ArgumentsRequired: the type is missing.
        InvalidOrder: they contradict each other, or can not be.
        BadRequest: a parameter is unknown.
        NotSupported: attached orders are asked for.
    """
    said = {name: value for name, value in params.items() if value is not None}
    for name in _BRACKETS:
        if said.get(name):
            raise NotSupported(f"{name} can not be attached; use ExchangeClient.place_linked")
    unknown = [name for name in said if name not in _KNOWN and said[name] is not False]
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise BadRequest(f"there is no parameter {unknown[0]}; known: {known}")
    kind = lower_case("type", order_type)
    if kind not in {"limit", "market", *_STOPS}:
        raise InvalidOrder(f"type is {order_type!r}; valid: limit, market, {', '.join(_STOPS)}")
    is_market = kind == "market" or kind.endswith("_market")
    waits_for, trigger = _trigger(kind, said)
    force = str(said.get("timeInForce", "GTC")).upper()
    if force not in _FORCES:
        raise InvalidOrder(f"timeInForce is {force}; valid: {', '.join(_FORCES)}")
    display = said.get("icebergAmount")
    return Terms(
        is_market=is_market,
        waits_for=waits_for,
        trigger_price=trigger,
        ascending=_direction(said.get("triggerDirection")),
        post_only=bool(said.get("postOnly")) or force == "PO",
        time_in_force=_FORCES[force],
        client_order_id=_name(said.get("clientOrderId")),
        display_quantity=None if display is None else exact("icebergAmount", display),
        slippage_ppm=_slippage(said.get("slippage")),
        max_fee_ppm=_whole("maxFeePpm", said.get("maxFeePpm")),
        lifetime_s=_lifetime(said.get("lifetime")),
    )


def edited(order: OrderMessage, order_type: str, params: Mapping[str, Any]) -> OrderOptions:
    """Return the options of an order's new terms; what ``params`` do not say stays as it is.

    Raises:
        InvalidOrder: it would be of another type; or as `read_terms`.
        BadRequest: it would have another ``clientOrderId``; or as `read_terms`.
    """
    said = {name for name, value in params.items() if value is not None}
    terms, was = read_terms(order_type, params), OrderType[order.order_type.upper()]
    if terms.is_market is not was.is_market:
        raise InvalidOrder(f"the order is of type {order.order_type}, which does not change")
    if terms.client_order_id not in {None, order.client_order_id}:
        raise BadRequest(f"the order keeps its clientOrderId, {order.client_order_id}")
    forced = "timeInForce" in said
    before = TimeInForce[order.time_in_force.upper()]
    return attrs.evolve(
        terms.options(""),
        order_type=was,
        post_only=terms.post_only if forced or "postOnly" in said else order.post_only,
        time_in_force=terms.time_in_force if forced else before,
        expires_at_ms=None if forced else order.expires_at_ms,
    )


def protection_price(market: Market, top: str, side: str, slippage_ppm: int) -> str:
    """Return the worst price of a market order: so far beyond the top of the book, and no farther.

    >>> eth = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.01")
    >>> protection_price(eth, "2500.01", "buy", 50_000), protection_price(eth, "0.01", "sell", 50_000)
    ('2625.01', '0.01')
    """
    ticks = market.parse_price(top)
    if side == "buy":
        return market.format_price(min(ticks * (_PPM + slippage_ppm) // _PPM, MAX_PRICE))
    return market.format_price(max(-(-ticks * (_PPM - slippage_ppm) // _PPM), 1))


def _trigger(kind: str, said: Mapping[str, Any]) -> tuple[str, str | None]:
    given = [name for name in TRIGGERS if name in said]
    if len(given) > 1 and set(given) != {"triggerPrice", "stopPrice"}:
        raise InvalidOrder(f"{given[0]} and {given[1]} are both given; valid: one of them")
    if not given:
        if kind in _STOPS:
            raise ArgumentsRequired(f"an order of type {kind} needs triggerPrice")
        return "", None
    named = {"stopLossPrice": "stop", "takeProfitPrice": "take_profit"}.get(given[0])
    waits_for = named or _STOPS.get(kind, "trigger")
    if kind in _STOPS and waits_for != _STOPS[kind]:
        raise InvalidOrder(f"{given[0]} does not go with the type {kind}")
    return waits_for, exact(given[0], said[given[0]])


def _direction(word: object) -> bool | None:
    if word is None:
        return None
    found = (_ASCENDING | _DESCENDING).get(str(word).lower())
    if found is None:
        raise InvalidOrder(f"triggerDirection is {word!r}; valid: ascending, descending")
    return found


def _name(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(field: str, value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise BadRequest(f"{field} is {value!r}; valid: a whole number")


def _lifetime(value: object) -> int | None:
    seconds = _whole("lifetime", value)
    if seconds is not None and not 1 <= seconds <= MAX_LIFETIME_S:
        raise InvalidOrder(f"lifetime is {seconds}; valid: 1 to {MAX_LIFETIME_S} seconds")
    return seconds


def _slippage(value: Any) -> int:  # noqa: ANN401 # whatever the caller's dictionary holds
    """Return a share such as 0.05 in parts per million."""
    if value is None:
        return _DEFAULT_SLIPPAGE_PPM
    whole, _, fraction = exact("slippage", value).partition(".")
    digits = whole + fraction.ljust(_PPM_DECIMALS, "0")
    if len(fraction) > _PPM_DECIMALS or not (digits.isascii() and digits.isdigit()):
        raise InvalidOrder(f"slippage is {value!r}; valid: 0 to 0.5, with at most 6 decimals")
    ppm = int(digits)
    if ppm > _MAX_SLIPPAGE_PPM:
        raise InvalidOrder(f"slippage is {value!r}; valid: 0 to 0.5, with at most 6 decimals")
    return ppm
