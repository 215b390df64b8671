"""What tests of the shell share: a market, a clock that is told the time, and faulty journals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.journal import JournalCapabilities
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    Price,
    Quantity,
    TimestampNs,
)

MARKET = Market.spot(
    "ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001", taker_fee_ppm=1000
)
ALICE, BOB = AccountId("alice"), AccountId("bob")
ETH, USDC = AssetId("ETH"), AssetId("USDC")
RICH = Amount(10**30)


async def fund(exchange: Exchange) -> None:
    """Give Alice quote and Bob base, more than any test spends."""
    await exchange.deposit(ALICE, USDC, RICH)
    await exchange.deposit(BOB, ETH, RICH)


def events_of(answer: EventBatch | Refusal) -> tuple[object, ...]:
    """Return what an accepted command did."""
    assert isinstance(answer, EventBatch)
    return answer.events


def order(
    account: AccountId,
    side: Side,
    price: int = 250_000,
    quantity: int = 100,
    name: str | None = None,
) -> PlaceOrder:
    """Return a limit order on `MARKET`."""
    return PlaceOrder(
        account=account,
        market=MARKET.id,
        side=side,
        price=Price(price),
        quantity=Quantity(quantity),
        client_order_id=None if name is None else ClientOrderId(name),
    )


class FakeClock:
    """Says what it is told. Sleeping lets others run, and nothing more."""

    def __init__(self, at_s: int = 1_800_000_000) -> None:
        self.at_ns = at_s * 10**9

    def now_ns(self) -> TimestampNs:
        """The time that was set."""
        return TimestampNs(self.at_ns)

    async def sleep(self, seconds: float) -> None:
        """Yield to the event loop."""
        await asyncio.sleep(0)


class FaultyJournal:
    """A memory journal whose next appends go as a script says.

    A step is called with the real append and returns what the caller gets; without a step an
    append is as usual.
    """

    def __init__(self) -> None:
        self.inner = MemoryJournal()
        self.steps: list[Callable[[Callable[[], Awaitable[int]]], Awaitable[int]]] = []
        self.appends = 0

    @property
    def capabilities(self) -> JournalCapabilities:
        """As the memory journal's."""
        return self.inner.capabilities

    async def open(self) -> None:
        """Open."""
        await self.inner.open()

    async def close(self) -> None:
        """Close."""
        await self.inner.close()

    async def verify_durability(self) -> None:
        """Fine."""

    async def head(self) -> int:
        """The head."""
        return await self.inner.head()

    def append(self, expected: int, frame: bytes) -> Awaitable[int]:
        """Append by the next step."""
        self.appends += 1
        if self.steps:
            return self.steps.pop(0)(lambda: self.inner.append(expected, frame))
        return self.inner.append(expected, frame)

    async def read_at(self, position: int) -> bytes | None:
        """As the memory journal."""
        return await self.inner.read_at(position)

    def read(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """As the memory journal."""
        return self.inner.read(after)

    def follow(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """As the memory journal."""
        return self.inner.follow(after)

    async def trim(self, upto: int) -> None:
        """As the memory journal."""
        await self.inner.trim(upto)


def failing(error: Exception) -> Callable[[Callable[[], Awaitable[int]]], Awaitable[int]]:
    """A step that appends nothing and fails."""

    async def step(append: Callable[[], Awaitable[int]]) -> int:
        raise error

    return step


def lost_answer(error: Exception) -> Callable[[Callable[[], Awaitable[int]]], Awaitable[int]]:
    """A step that appends and then fails all the same."""

    async def step(append: Callable[[], Awaitable[int]]) -> int:
        await append()
        raise error

    return step


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until something holds; the test's time limit guards against never."""
    while not condition():  # any condition, not only what could set an event
        await asyncio.sleep(0.001)
