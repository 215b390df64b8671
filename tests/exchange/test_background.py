"""Records follow the journal, from memory or by replay."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.errors import (
    UnavailableError,
)
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.commands import BatchOrders, CancelOrder
from hybrid_dex.model.events import (
    EventBatch,
)
from hybrid_dex.model.units import MAX_BATCH_MEMBERS, Amount, OrderId, TimestampNs
from hybrid_dex.model.units import Sequence as CommandSequence
from tests.exchange_fixtures import (
    ALICE,
    MARKET,
    USDC,
    FakeClock,
    fund,
    until,
)


class MemoryRecords:
    """Keeps batches; fails as often as it is told to."""

    def __init__(self) -> None:
        self.batches: list[EventBatch] = []
        self.failures = 0
        self.failure: Exception = UnavailableError("the database is down")
        self.together: list[int] = []
        """How many events came at once."""

    async def open(self) -> None:
        """Ready."""

    async def close(self) -> None:
        """Nothing to release."""

    async def position(self) -> CommandSequence:
        return self.batches[-1].sequence if self.batches else CommandSequence(0)

    async def project(self, batches: Sequence[EventBatch]) -> None:
        if self.failures:
            self.failures -= 1
            raise self.failure
        self.together.append(sum(len(batch.events) for batch in batches))
        self.batches.extend(batches)


class CountingClock(FakeClock):
    """Notes how long it was slept."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


class TestRecords:
    async def test_records_follow_and_catch_up(self) -> None:
        """Within memory, after an outage, after more than memory holds, and after a restart."""
        journal, records = MemoryJournal(), MemoryRecords()
        options = ExchangeOptions(projection_batches=4)
        arguments = {"journal": journal, "clock": FakeClock(), "options": options}
        async with Exchange([MARKET], records=records, **arguments) as exchange:  # type: ignore[arg-type] # a fake with half the queries
            await fund(exchange)
            await until(lambda: exchange.health().records_lag == 0)
            records.failures = 5
            await asyncio.gather(*(exchange.deposit(ALICE, USDC, Amount(1)) for _ in range(50)))
            await until(lambda: exchange.health().records_lag == 0)
            assert exchange.health().records_ok
        assert [batch.sequence for batch in records.batches] == list(range(1, 54))
        fresh = MemoryRecords()
        async with Exchange([MARKET], records=fresh, **arguments) as exchange:  # type: ignore[arg-type] # as above
            await until(lambda: exchange.health().records_lag == 0)
        assert fresh.batches == records.batches

    async def test_what_is_projected_at_once_is_bounded_by_its_events(self) -> None:
        records = MemoryRecords()
        refused = CancelOrder(account=ALICE, order_id=OrderId(1))
        batch = BatchOrders(account=ALICE, members=(refused,) * MAX_BATCH_MEMBERS)
        async with Exchange([MARKET], records=records, clock=FakeClock()) as exchange:  # type: ignore[arg-type] # as above
            await asyncio.gather(*(exchange.execute(batch) for _ in range(50)))
            await until(lambda: exchange.health().records_lag == 0)
        assert [one.sequence for one in records.batches] == list(range(1, 52))
        assert 1_024 <= max(records.together) < 1_024 + 2 * MAX_BATCH_MEMBERS

    async def test_pauses_grow_within_one_outage_alone(self) -> None:
        """A later one is looked at as soon and as often as the first."""
        records, clock = MemoryRecords(), CountingClock()
        options = ExchangeOptions(retry_s=0.0371, retry_max_s=0.1)
        pauses = [0.0371, 0.0742, 0.1, 0.1]
        async with Exchange([MARKET], records=records, clock=clock, options=options) as exchange:  # type: ignore[arg-type] # as above
            for _ in range(2):
                clock.slept.clear()
                records.failures = len(pauses)
                await exchange.deposit(ALICE, USDC, Amount(1))
                await until(lambda: exchange.health().records_lag == 0 and not records.failures)
                assert [one for one in clock.slept if one in pauses] == pauses

    async def test_a_bug_in_the_records_stops_no_trading(self) -> None:
        """Such as a number that no column holds: it is loud, and tried again."""
        records = MemoryRecords()
        records.failures, records.failure = 3, OverflowError("too large for a column")
        async with Exchange([MARKET], records=records, clock=FakeClock()) as exchange:  # type: ignore[arg-type] # a fake with half the queries
            await fund(exchange)
            await until(lambda: exchange.health().records_lag == 0)
            assert exchange.health().ready
            assert exchange.health().records_ok
        assert records.failures == 0

    async def test_records_behind_every_snapshot_start_at_an_older_one_or_the_beginning(
        self,
    ) -> None:
        journal, snapshots = MemoryJournal(), MemorySnapshots()
        for _ in range(3):
            async with Exchange([MARKET], journal=journal, snapshots=snapshots) as exchange:
                await fund(exchange)
        for kept in (0, 3):
            records = MemoryRecords()
            records.batches = [
                EventBatch(CommandSequence(number), TimestampNs(1), ())
                for number in range(1, kept + 1)
            ]
            async with Exchange(
                [MARKET],
                journal=journal,
                snapshots=snapshots,
                records=records,  # type: ignore[arg-type] # as above
            ) as exchange:
                await until(lambda: exchange.health().records_lag == 0)
                assert exchange.health().ready
            assert [batch.sequence for batch in records.batches] == list(range(1, 8))

    async def test_records_from_the_future_are_an_outage_not_a_loss(self) -> None:
        records = MemoryRecords()
        records.batches = [EventBatch(CommandSequence(99), TimestampNs(1), ())]
        async with Exchange(
            [MARKET],
            records=records,  # type: ignore[arg-type] # as above
            options=ExchangeOptions(drain_s=0.01),
            clock=FakeClock(),
        ) as exchange:
            await until(lambda: not exchange.health().records_ok)
            await fund(exchange)
        assert len(records.batches) == 1
