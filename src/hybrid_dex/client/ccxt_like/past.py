"""The past in ccxt's shapes: lists that begin ``since`` a time, oldest first, with a ``limit``.

The exchange lists newest first and pages by cursor; ccxt wants the first rows from a time on, or
the last ones without a time. What a list may cost is bounded: without ``since``, reading ends with
the limit.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

from hybrid_dex.client.ccxt_like.errors import BadRequest
from hybrid_dex.client.ccxt_like.shapes import Shape, order_shape, transfer_shape
from hybrid_dex.client.client import ExchangeClient
from hybrid_dex.wire import FillMessage, OrderMessage, TransferMessage

__all__ = ["first_or_last", "orders_with_fills", "rows", "transfers"]

_T = TypeVar("_T")

_USUAL_LIMIT: Final = 500


async def rows(
    newest_first: AsyncIterator[_T],
    at_ms: Callable[[_T], int],
    since_ms: int | None,
    limit: int | None,
) -> list[_T]:
    """Return rows oldest first: the first from a time on, or the last ones.

    Args:
        newest_first: all of them.
        at_ms: a row's time.
        since_ms: leave out what is older; Unix milliseconds.
        limit: how many at most; 500 without it and without ``since_ms``.

    Raises:
        BadRequest: the limit is negative.
    """
    if _checked(limit) == 0:
        return []
    most = _USUAL_LIMIT if limit is None and since_ms is None else limit
    found: list[_T] = []
    async for row in newest_first:
        if since_ms is not None and at_ms(row) < since_ms:
            break
        found.append(row)
        if since_ms is None and len(found) == most:
            break
    found.reverse()
    return found if most is None else found[:most]


def first_or_last(
    oldest_first: Sequence[_T], at_ms: Callable[[_T], int], since_ms: int | None, limit: int | None
) -> list[_T]:
    """Return what `rows` does, and raises, of a list that is at hand.

    >>> [first_or_last([1, 2, 3], int, *asked) for asked in ((2, 1), (None, 1), (None, 0), (None, None))]
    [[2], [3], [], [1, 2, 3]]
    """
    found = [row for row in oldest_first if since_ms is None or at_ms(row) >= since_ms]
    limit = _checked(limit)
    if limit is None:
        return found
    return found[:limit] if since_ms is not None else found[max(len(found) - limit, 0) :]


def _checked(limit: int | None) -> int | None:
    if limit is not None and limit < 0:
        raise BadRequest(f"limit is {limit}; valid: 0 or more")
    return limit


async def orders_with_fills(client: ExchangeClient, orders: Sequence[OrderMessage]) -> list[Shape]:
    """Return orders with their fills, for which the account's fills are read as far back as needed."""
    filled = [order for order in orders if order.filled != "0"]
    fills: dict[str, list[FillMessage]] = {}
    if filled:
        oldest_ms = min(order.accepted_at_ms for order in filled)
        markets = {order.market for order in filled}
        wanted = next(iter(markets)) if len(markets) == 1 else None
        async for fill in client.history.fills(wanted):
            if fill.at_ms < oldest_ms:
                break
            fills.setdefault(fill.order_id, []).insert(0, fill)
    return [
        order_shape(order, await client.find_market(order.market), fills.get(order.order_id, ()))
        for order in orders
    ]


async def transfers(
    newest_first: AsyncIterator[TransferMessage], since_ms: int | None, limit: int | None
) -> list[Shape]:
    """Return deposits or withdrawals; of a voucher only the last that is known of it."""

    async def told_once() -> AsyncIterator[TransferMessage]:
        salts = set[str]()
        async for one in newest_first:
            if one.salt is not None:
                if one.salt in salts:
                    continue
                salts.add(one.salt)
            yield one

    found = await rows(told_once(), lambda one: one.at_ms, since_ms, limit)
    return [transfer_shape(one) for one in found]
