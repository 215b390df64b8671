"""The past in ccxt's shapes: lists that begin ``since`` a time, oldest first, with a ``limit``.

The exchange lists newest first and pages by cursor; ccxt wants the first rows from a time on, or
the last ones without a time. What a list may cost is bounded: without ``since``, reading ends with
the limit; with both, the first rows are searched for once they are not among the newest.
"""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Final, Generic, TypeVar

import attrs

from hybrid_dex.client.ccxt_like.errors import BadRequest
from hybrid_dex.client.ccxt_like.shapes import Shape, order_shape, transfer_shape
from hybrid_dex.client.client import ExchangeClient
from hybrid_dex.wire import (
    CandleMessage,
    FillMessage,
    OrderMessage,
    TradeMessage,
    TransferMessage,
    parse_fill_id,
)

__all__ = [
    "accepted_ms",
    "by_fill_id",
    "by_time",
    "first_or_last",
    "orders_with_fills",
    "rows",
    "start_ms",
    "transfers",
]

_T = TypeVar("_T")
_Fill = TypeVar("_Fill", FillMessage, TradeMessage)

_USUAL_LIMIT: Final = 500
_NEWEST: Final = 2_500
"""So many rows are read before the first ones are searched for."""
_SOME: Final = 500
"""What one answer may hold."""
_LIVE: Final = frozenset({"new", "partially_filled"})
"""The status of an order that may fill on."""


@attrs.frozen(kw_only=True)
class _Between(Generic[_T]):
    """How a part of a list is read.

    Attributes:
        read: the rows from one place to before another, the newest first.
        place: a row's place in the list.
        begin: the place of the first row from a time on, Unix milliseconds, below a given place.
    """

    read: Callable[[int, int], AsyncIterator[_T]]
    place: Callable[[_T], int]
    begin: Callable[[int, int], Awaitable[int]]


def start_ms(candle: CandleMessage) -> int:
    """Return the time of a candle."""
    return candle.start_ms


def accepted_ms(order: OrderMessage) -> int:
    """Return the time of an order."""
    return order.accepted_at_ms


async def rows(
    newest_first: AsyncIterator[_T],
    at_ms: Callable[[_T], int],
    since_ms: int | None,
    limit: int | None,
    between: _Between[_T] | None = None,
) -> list[_T]:
    """Return rows oldest first: the first from a time on, or the last ones.

    Args:
        newest_first: all of them.
        at_ms: a row's time.
        since_ms: leave out what is older; Unix milliseconds.
        limit: how many at most; 500 without it and without ``since_ms``.
        between: how to read a part of them: then no more than needed is read of many.

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
        if between and since_ms is not None and limit and len(found) == max(_NEWEST, 2 * limit):
            end = between.place(found[0]) + 1
            begin = await between.begin(since_ms, end)
            return await _some(_oldest_first(between, begin, end), limit)
    found.reverse()
    return found if most is None else found[:most]


async def _oldest_first(between: _Between[_T], begin: int, end: int) -> AsyncIterator[_T]:
    """Yield the rows of a part; it is halved until an answer holds all of the half."""
    upto = end
    while begin < end:
        most = _SOME if upto - begin > 1 else None
        some = await _some(between.read(begin, upto), most)
        if len(some) == most:
            upto = begin + max((between.place(some[-1]) - begin) // 2, 1)
            continue
        for row in reversed(some):
            yield row
        begin, upto = upto, min(upto + 2 * (upto - begin), end)


async def _some(listed: AsyncIterator[_T], most: int | None) -> list[_T]:
    found: list[_T] = []
    async for row in listed:
        found.append(row)
        if len(found) == most:
            break
    return found


def by_time(listed: Callable[..., AsyncIterator[_T]], place: Callable[[_T], int]) -> _Between[_T]:
    """Return how a part of a list is read that takes ``from_ms`` and ``to_ms``."""

    async def begin(since_ms: int, _end: int) -> int:
        return since_ms

    return _Between(
        read=lambda begin, end: listed(from_ms=begin, to_ms=end), place=place, begin=begin
    )


def by_fill_id(listed: Callable[..., AsyncIterator[_Fill]]) -> _Between[_Fill]:
    """Return how a part of a list is read that takes ``before``, a fill's id.

    Ids rise with time, so the first fill from a time on is found by halving.
    """

    def place(fill: _Fill) -> int:
        return parse_fill_id(fill.fill_id)

    async def read(begin: int, end: int) -> AsyncIterator[_Fill]:
        async for fill in listed(before=str(end)):
            if place(fill) < begin:
                break
            yield fill

    async def begin(since_ms: int, end: int) -> int:
        low, high = 0, end  # what is below the one is older, what is from the other on is not
        while low < high:
            middle = (low + high + 1) // 2
            some = await _some(listed(before=str(middle)), _SOME)
            older = [fill for fill in some if fill.at_ms < since_ms]
            if older == some:
                low = middle
            elif older:
                return place(older[0]) + 1
            elif len(some) < _SOME:
                return 0
            else:
                high = place(some[-1])
        return high

    return _Between(read=read, place=place, begin=begin)


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
    """Return orders with their fills, for which the account's fills are read as far as needed."""
    fills = await _fills_of(client, [order for order in orders if order.filled != "0"])
    return [
        order_shape(order, await client.find_market(order.market), fills.get(order.order_id, ()))
        for order in orders
    ]


async def _fills_of(
    client: ExchangeClient, orders: Sequence[OrderMessage]
) -> dict[str, list[FillMessage]]:
    """Return the fills of orders, the oldest first, once all are there, or no other can be theirs.

    A live order may have filled since it was listed, so of one all are read, and those left out that
    came since.
    """
    live = {order.order_id for order in orders if order.status in _LIVE}
    missing = {order.order_id: Decimal(order.filled) for order in orders}
    found: dict[str, list[FillMessage]] = {order.order_id: [] for order in orders}
    if not orders:
        return found

    seen: set[tuple[str, str]] = set()

    def take(fill: FillMessage) -> None:
        named = (fill.order_id, fill.fill_id)
        if fill.order_id in missing and named not in seen:
            seen.add(named)
            found[fill.order_id].append(fill)
            missing[fill.order_id] -= Decimal(fill.quantity)
            if missing[fill.order_id] <= 0 and fill.order_id not in live:
                del missing[fill.order_id]

    oldest_ms = min(order.accepted_at_ms for order in orders)
    markets = {order.market for order in orders}
    listed = functools.partial(
        client.history.fills, next(iter(markets)) if len(markets) == 1 else None
    )
    read, between = 0, by_fill_id(listed)
    async for fill in listed():
        if fill.at_ms < oldest_ms:
            break
        take(fill)
        read += 1
        if read == _NEWEST and missing:
            end = between.place(fill) + 1  # its other side may be the account's, too
            begin = await between.begin(oldest_ms, end)
            async for older in _oldest_first(between, begin, end):
                take(older)
                if not missing:
                    break
        if read == _NEWEST or not missing:
            break
    for order in orders:
        fills = found[order.order_id]
        fills.sort(key=between.place)
        _leave_out_newer(fills, Decimal(order.filled))
    return found


def _leave_out_newer(fills: list[FillMessage], filled: Decimal) -> None:
    """Leave of an order's fills, the oldest first, those that are in what it was listed with."""
    newer = sum(Decimal(fill.quantity) for fill in fills) - filled
    while fills and newer > 0:
        newer -= Decimal(fills.pop().quantity)


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
