"""Lists of the past are the same however much there is, and of much no more than needed is read."""

import bisect
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from types import SimpleNamespace
from typing import cast

import attrs
import pytest

from hybrid_dex.client import ExchangeClient
from hybrid_dex.client.ccxt_like.past import (
    by_fill_id,
    by_time,
    orders_with_fills,
    rows,
    start_ms,
)
from hybrid_dex.wire import CandleMessage, FillMessage, OrderMessage
from hybrid_dex.wire.words import OrderStatusWord
from tests.client.fake_exchange import ETH

PAGE = 500


def fill(at: int, at_ms: int, order_id: int = 1, price: str = "2500") -> FillMessage:
    return FillMessage(
        fill_id=str((at * 7 + 1) << 16),
        order_id=str(order_id),
        market="ETH-USDC",
        side="buy",
        price=price,
        quantity="0.5",
        liquidity="maker",
        fee="0",
        fee_asset="USDC",
        at_ms=at_ms,
        stage="final",
    )


def order(order_id: int, accepted_at_ms: int, filled: str, status: OrderStatusWord) -> OrderMessage:
    return OrderMessage(
        order_id=str(order_id),
        account="me",
        market="ETH-USDC",
        side="buy",
        order_type="limit",
        time_in_force="gtc",
        post_only=False,
        self_trade="cancel_aggressor",
        price="2500",
        quantity="9",
        open="0",
        filled=filled,
        status=status,
        accepted_at_ms=accepted_at_ms,
    )


def client_of(listed: "Listed") -> ExchangeClient:
    """A client that lists these fills and knows a market."""

    async def find_market(_: str) -> object:
        return ETH

    history = SimpleNamespace(fills=listed.list_fills)
    return cast("ExchangeClient", SimpleNamespace(history=history, find_market=find_market))


def candle(at_ms: int) -> CandleMessage:
    return CandleMessage(
        market="ETH-USDC",
        interval="1m",
        start_ms=at_ms,
        open="1",
        high="1",
        low="1",
        close="1",
        volume="1",
        turnover="1",
        trades=1,
    )


@attrs.define
class Listed:
    """What an exchange lists, newest first, and how many rows of it were asked for."""

    fills: Sequence[FillMessage] = ()
    candles: Sequence[CandleMessage] = ()
    read: int = 0

    async def list_fills(
        self, market: str | None = None, *, before: str | None = None
    ) -> AsyncIterator[FillMessage]:
        end = len(self.fills)
        if before is not None:
            end = bisect.bisect_left(self.fills, int(before), key=lambda one: int(one.fill_id))
        for at in reversed(range(end)):
            self.read += 1
            yield self.fills[at]

    async def list_candles(
        self, *, from_ms: int | None = None, to_ms: int | None = None
    ) -> AsyncIterator[CandleMessage]:
        times = [one.start_ms for one in self.candles]
        first = bisect.bisect_left(times, from_ms or 0)
        end = len(times) if to_ms is None else bisect.bisect_left(times, to_ms)
        for at in reversed(range(first, end)):
            self.read += 1
            yield self.candles[at]


def times(rng: random.Random, count: int) -> list[int]:
    """Bursts within a millisecond, and long silences."""
    now, found = 1_790_000_000_000, []
    for _ in range(count):
        now += rng.choice((0, 0, 0, 1, 7, 1_000, 600_000)) if rng.random() < 0.9 else 90_000_000
        found.append(now)
    return found


@pytest.mark.parametrize("limit", [1, 100, 1_200])
async def test_the_first_rows_since_a_time_are_found_among_many(
    rng: random.Random, limit: int
) -> None:
    at_ms = times(rng, 30_000)
    fills = [fill(at, moment) for at, moment in enumerate(at_ms)]
    for since in (0, at_ms[0], at_ms[5], at_ms[9_000] + 1, at_ms[29_000], at_ms[-1], at_ms[-1] + 1):
        listed = Listed(fills=fills)
        found = await rows(
            listed.list_fills(), lambda one: one.at_ms, since, limit, by_fill_id(listed.list_fills)
        )
        assert found == [one for one in fills if one.at_ms >= since][:limit], since
        assert listed.read <= 2_500 + 20 * PAGE
    minutes = sorted(set(rng.choices(range(2_000_000), k=30_000)))
    candles = [candle(60_000 * minute) for minute in minutes]
    for since in (0, candles[3].start_ms, candles[20_000].start_ms + 1, candles[-2].start_ms):
        listed = Listed(candles=candles)
        newest_first = listed.list_candles(from_ms=since)
        between = by_time(listed.list_candles, start_ms)
        found_candles = await rows(newest_first, start_ms, since, limit, between)
        assert found_candles == [one for one in candles if one.start_ms >= since][:limit], since
        assert listed.read <= 2_500 + 20 * PAGE


async def test_a_burst_longer_than_an_answer_is_whole() -> None:
    fills = [fill(at, 1_790_000_000_000) for at in range(9_000)]
    candles = [candle(0)] * 3_000
    listed = Listed(fills=fills, candles=candles)
    found = await rows(
        listed.list_fills(), lambda one: one.at_ms, 1, 700, by_fill_id(listed.list_fills)
    )
    assert found == fills[:700]
    between = by_time(listed.list_candles, start_ms)
    assert await rows(listed.list_candles(), start_ms, 0, 9, between) == candles[:9]


async def test_the_fills_of_an_old_order_are_found_among_many() -> None:
    """Wherever they are; and of a new one no more than the newest are read."""
    now_ms = 1_790_000_000_000
    at_place: Mapping[int, int] = {40: 1, 41: 1, 90: 1, 19_900: 2, 100: 3, 19_990: 3}
    fills = [fill(at, now_ms + 1_000 * at, at_place.get(at, 77)) for at in range(20_000)]
    for order_id, accepted, quantity, places, most in (
        (1, 39, "1.5", [40, 41, 90], 2_500 + 20 * PAGE),
        (2, 19_899, "0.5", [19_900], 200),
        (3, 99, "1", [100, 19_990], 2_500 + 20 * PAGE),
    ):
        listed = Listed(fills=fills)
        ended = order(order_id, now_ms + 1_000 * accepted, quantity, "canceled")
        (shape,) = await orders_with_fills(client_of(listed), [ended])
        assert [one["id"] for one in shape["trades"]] == [fills[at].fill_id for at in places]
        assert shape["cost"] == 2_500 * float(quantity)
        assert listed.read <= most


async def test_a_live_order_that_fills_as_it_is_read_is_shown_as_it_was_listed() -> None:
    """What came since is newer than the fills that are counted in it, and none of them."""
    made = [("1999", 7), ("2000", 1), ("2000", 1), ("2500", 1), ("2500", 1)]
    fills = [fill(at, 1_000 + at, order_id, price) for at, (price, order_id) in enumerate(made)]
    listed = Listed(fills=fills)
    live = order(1, 1_001, "1", "partially_filled")
    (shape,) = await orders_with_fills(client_of(listed), [live])
    assert (shape["average"], shape["cost"], shape["filled"]) == (2_000, 2_000, 1)
    assert [one["id"] for one in shape["trades"]] == [fills[1].fill_id, fills[2].fill_id]
