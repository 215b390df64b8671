"""From the arguments of ``createOrder`` to an order of the client.

What ccxt leaves open is looked up: a market order without a price gets a protection price from the
top of the book, and a trigger without a direction becomes a stop or a take-profit by the last price.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hybrid_dex.client.ccxt_like.arguments import Params, lower_case
from hybrid_dex.client.ccxt_like.desk import Desk
from hybrid_dex.client.ccxt_like.errors import ArgumentsRequired, OrderNotFillable
from hybrid_dex.client.ccxt_like.numbers import Number
from hybrid_dex.client.ccxt_like.terms import Terms, protection_price, read_terms
from hybrid_dex.client.order_writer import NewOrder
from hybrid_dex.model.market import Market

__all__ = ["new_order", "new_orders"]

_NEEDED: Final = ("symbol", "type", "side", "amount")


async def new_order(
    desk: Desk,
    symbol: str,
    order_type: str,
    side: str,
    *,
    amount: Number,
    price: Number | None,
    params: Params,
) -> NewOrder:
    """Return the order that is asked for, not sent.

    Raises:
        BaseError: it can not be so; nothing was sent.
    """
    market, side = await desk.market(symbol), lower_case("side", side)
    terms = read_terms(order_type, desk.params(market, params))
    if price is None and not terms.is_market:
        raise ArgumentsRequired(f"an order of type {order_type} needs a price")
    waits_for = await _waits_for(desk, market, terms, side)
    return NewOrder(
        market=market.id,
        side=side,
        quantity=desk.amount(market, amount),
        price=(
            await _protection(desk, market, terms, side)
            if price is None
            else desk.price(market, price)
        ),
        options=terms.options(waits_for),
        client_order_id=terms.client_order_id,
    )


async def new_orders(desk: Desk, asked: Sequence[Mapping[str, Any]]) -> list[NewOrder]:
    """Return the orders of ``createOrders``, not sent; each is a dictionary of those arguments.

    Raises:
        ArgumentsRequired: one does not say all that an order needs.
        BaseError: as `new_order`.
    """
    for at, one in enumerate(asked):
        if missing := [name for name in _NEEDED if one.get(name) is None]:
            raise ArgumentsRequired(f"order {at} of {len(asked)} needs {', '.join(missing)}")
    return [
        await new_order(
            desk,
            one["symbol"],
            one["type"],
            one["side"],
            amount=one["amount"],
            price=one.get("price"),
            params=one.get("params"),
        )
        for one in asked
    ]


async def _waits_for(desk: Desk, market: Market, terms: Terms, side: str) -> str:
    """Return whether a trigger makes an order a stop or a take-profit."""
    if terms.waits_for != "trigger" or terms.trigger_price is None:
        return terms.waits_for
    ascending = terms.ascending
    if ascending is None:
        last = (await desk.client.history.ticker(market.id)).last
        trigger = market.parse_price(terms.trigger_price, "trigger_price")
        ascending = side == "buy" if last is None else trigger > market.parse_price(last)
    return "stop" if ascending == (side == "buy") else "take_profit"


async def _protection(desk: Desk, market: Market, terms: Terms, side: str) -> str:
    """Return the worst price of a market order that names none."""
    if terms.trigger_price is not None:
        return protection_price(market, terms.trigger_price, side, terms.slippage_ppm)
    book = await desk.client.book(market.id, 1)
    levels = book.asks if side == "buy" else book.bids
    if not levels:
        raise OrderNotFillable(f"there is nobody in {market.id} to {side} with; name a price")
    return protection_price(market, levels[0][0], side, terms.slippage_ppm)
