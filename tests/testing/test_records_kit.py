"""RecordsKit passes SQL records on both databases and refuses every broken one, rule by rule."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.errors import SequenceError
from hybrid_dex.interfaces.history import History
from hybrid_dex.interfaces.records import FillRecord, Records
from hybrid_dex.model.conditional import OrderActivated, OrderTriggered
from hybrid_dex.model.events import (
    EventBatch,
    FillMade,
    FillSettled,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderReplaced,
    fresh_events,
)
from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.views import OrderView
from hybrid_dex.testing import HistoryKit, RecordsKit, RuleBrokenError
from tests.defaults.postgresql_cluster import SERVER_PROGRAMS, private_cluster
from tests.testing.mutants import is_refused
from tests.tiers import count

LENGTH = count(fast=300, full=3_000)


class TestSqliteRecords(HistoryKit):
    length = LENGTH

    @pytest.fixture(autouse=True)
    def take_seed(self, seed: int) -> None:
        self.seed = seed

    def make_records(self) -> History:
        return SqlRecords(f"sqlite:///{self.place}/records.sqlite")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    with private_cluster() as folder:
        yield folder


if SERVER_PROGRAMS or os.environ.get("CI") == "true":

    class TestPostgresqlRecords(HistoryKit):
        length = LENGTH
        folder: Path
        made: ClassVar[set[str]] = set()

        @pytest.fixture(autouse=True)
        def take_cluster(self, cluster: Path, seed: int) -> None:
            self.folder, self.seed = cluster, seed

        async def make_records(self) -> History:
            name = f"t{abs(hash(self.place)):x}"
            if name not in self.made:
                self.made.add(name)
                admin = create_async_engine(
                    f"postgresql+asyncpg://postgres@/postgres?host={self.folder}",
                    isolation_level="AUTOCOMMIT",
                )
                async with admin.connect() as connection:
                    await connection.execute(text(f"CREATE DATABASE {name}"))
                await admin.dispose()
            return SqlRecords(f"postgresql://postgres@/{name}?host={self.folder}")


class PlainRecords:
    """Records in dictionaries: right, and short enough to be broken in one place at a time."""

    def __init__(self) -> None:
        self.at = 0
        self.orders_by_id: dict[int, OrderView] = {}
        self.fills_by_id: dict[int, FillRecord] = {}

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to release."""

    async def project(self, batches: Sequence[EventBatch]) -> None:
        new = [batch for batch in batches if batch.sequence > self.at]
        if [batch.sequence for batch in new] != list(range(self.at + 1, self.at + 1 + len(new))):
            raise SequenceError("a batch is missing")
        for batch in new:
            self.take(batch, fresh_events(batch))

    def take(self, batch: EventBatch, events: Sequence[object]) -> None:
        self.at = batch.sequence
        for event in events:
            self.see(batch, event)

    def see(self, batch: EventBatch, event: object) -> None:
        match event:
            case OrderAccepted():
                self.orders_by_id[event.order_id] = accepted(batch, event)
            case FillMade():
                record = FillRecord(event, batch.at_ns, SettlementStage.MATCHED, 0, "")
                self.fills_by_id[event.fill_id] = record
                self.trade(event.maker_order, event.maker_open, event.maker_filled)
                self.trade(event.taker_order, event.taker_open, event.taker_filled)
            case FillSettled():
                self.settle(event)
            case OrderCanceled() | OrderExpired():
                canceled = isinstance(event, OrderCanceled)
                status = OrderStatus.CANCELED if canceled else OrderStatus.EXPIRED
                self.change(
                    event.order_id, open=0, filled=event.filled, status=status, waiting=False
                )
            case OrderReduced():
                self.change(event.order_id, open=event.open, quantity=event.quantity)
                if not event.open:
                    self.change(event.order_id, status=OrderStatus.FILLED)
            case OrderActivated():
                self.change(event.order_id, waiting=event.waiting)
            case OrderTriggered():
                self.change(event.order_id, waiting=False, linked_to=None)
            case OrderReplaced():
                self.replace(event)

    def replace(self, event: OrderReplaced) -> None:
        status = OrderStatus.PARTIALLY_FILLED if event.filled else OrderStatus.NEW
        self.change(
            event.order_id,
            price=event.price,
            quantity=event.quantity,
            open=event.open,
            filled=event.filled,
            time_in_force=event.time_in_force,
            post_only=event.post_only,
            self_trade=event.self_trade,
            expires_at_ns=event.expires_at_ns,
            status=status,
            trigger_price=event.trigger_price,
            waiting=event.waiting,
            display_quantity=event.display_quantity,
        )

    def settle(self, event: FillSettled) -> None:
        record = self.fills_by_id[event.fill_id]
        self.fills_by_id[event.fill_id] = FillRecord(
            record.fill, record.at_ns, event.stage, event.batch, event.transaction, event.reason
        )

    def trade(self, order_id: int, left: int, filled: int) -> None:
        status = OrderStatus.PARTIALLY_FILLED if left else OrderStatus.FILLED
        self.change(order_id, open=left, filled=filled, status=status)

    def change(self, order_id: int, **fields: object) -> None:
        if order_id in self.orders_by_id:
            order = msgspec.structs.replace(self.orders_by_id[order_id], **fields)
            self.orders_by_id[order_id] = order

    async def position(self) -> int:
        return self.at

    async def order(self, order_id: int) -> OrderView | None:
        return self.orders_by_id.get(order_id)

    async def orders(self, account: str, *, before: int | None, limit: int) -> list[OrderView]:
        found = [order for _, order in sorted(self.orders_by_id.items(), reverse=True)]
        found = [one for one in found if one.account == account]
        return [one for one in found if before is None or one.order_id < before][:limit]

    async def fills(
        self, *, account: str | None, market: str | None, before: int | None, limit: int
    ) -> list[FillRecord]:
        found = [fill for _, fill in sorted(self.fills_by_id.items(), reverse=True)]
        found = [one for one in found if account in {None, one.fill.maker, one.fill.taker}]
        found = [one for one in found if market in {None, one.fill.market}]
        return [one for one in found if before is None or one.fill.fill_id < before][:limit]


def accepted(batch: EventBatch, event: OrderAccepted) -> OrderView:
    proof = event.authorization
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    del fields["authorization"]
    return OrderView(
        **{name: value for name, value in fields.items() if name in OrderView.__struct_fields__},
        open=event.quantity,
        filled=0,
        status=OrderStatus.NEW,
        accepted_at_ns=batch.at_ns,
        order_hash=b"" if proof is None else proof.order_hash,
        nonce=None if proof is None else proof.nonce,
    )


class PlainKit(RecordsKit):
    """Any records in dictionaries: the same ones for the same place."""

    kind: Callable[[], Records] = PlainRecords

    def make_records(self) -> Records:
        stores: dict[Path, Records] = self.__dict__.setdefault("stores", {})
        if self.place not in stores:
            stores[self.place] = type(self).kind()
        return stores[self.place]


class TestPlainRecords(PlainKit):
    pass


class BeginsAtOne(PlainRecords):
    async def position(self) -> int:
        return self.at or 1


class CountsOrders(PlainRecords):
    async def position(self) -> int:
        return len(self.orders_by_id)


class ForgetsReplacements(PlainRecords):
    def replace(self, event: OrderReplaced) -> None:
        self.change(event.order_id, price=event.price)


class NeverFillsWhatSlept(PlainRecords):
    """Takes an exit whose last lots will never wake for one that is partly filled for ever."""

    def change(self, order_id: int, **fields: object) -> None:
        if fields != {"status": OrderStatus.FILLED}:
            super().change(order_id, **fields)


class StaysLinked(PlainRecords):
    def change(self, order_id: int, **fields: object) -> None:
        fields.pop("linked_to", None)
        super().change(order_id, **fields)


class DropsTheTakerFee(PlainRecords):
    def see(self, batch: EventBatch, event: object) -> None:
        if isinstance(event, FillMade):
            event = msgspec.structs.replace(event, taker_fee=0)
        super().see(batch, event)


class TakesRepeats(PlainRecords):
    async def project(self, batches: Sequence[EventBatch]) -> None:
        for batch in batches:
            self.take(batch, fresh_events(batch))


class LeapsOverGaps(PlainRecords):
    async def project(self, batches: Sequence[EventBatch]) -> None:
        for batch in batches:
            if batch.sequence > self.at:
                self.take(batch, fresh_events(batch))


class JoinsWrongly(PlainRecords):
    """Takes only the last stage of a call, and of an earlier call's fill none."""

    async def project(self, batches: Sequence[EventBatch]) -> None:
        self.known = set(self.fills_by_id)
        await super().project(batches)

    def settle(self, event: FillSettled) -> None:
        if event.fill_id not in self.known:
            super().settle(event)


class CountsAnswersAgain(PlainRecords):
    def take(self, batch: EventBatch, events: Sequence[object]) -> None:
        super().take(batch, batch.events)


class OldestFirst(PlainRecords):
    async def orders(self, account: str, *, before: int | None, limit: int) -> list[OrderView]:
        return (await super().orders(account, before=before, limit=99))[::-1][:limit]


class MakersOnly(PlainRecords):
    async def fills(
        self, *, account: str | None, market: str | None, before: int | None, limit: int
    ) -> list[FillRecord]:
        found = await super().fills(account=account, market=market, before=before, limit=9_999)
        return [one for one in found if account in {None, one.fill.maker}][:limit]


class OnlyForwards(PlainRecords):
    def settle(self, event: FillSettled) -> None:
        if event.stage > self.fills_by_id[event.fill_id].stage:
            super().settle(event)


class Floats(PlainRecords):
    def see(self, batch: EventBatch, event: object) -> None:
        if isinstance(event, FillMade):
            event = msgspec.structs.replace(event, maker_fee=int(float(event.maker_fee)))
        super().see(batch, event)


class ForgetsWhenClosed(PlainRecords):
    async def close(self) -> None:
        self.fills_by_id = {}


class ClosesForGood(PlainRecords):
    closed = False

    async def open(self) -> None:
        if self.closed:
            raise RuntimeError("closed")

    async def close(self) -> None:
        self.closed = True


MUTANTS: list[tuple[str, Callable[[], Records]]] = [
    ("new_records_stand_at_zero", BeginsAtOne),
    ("project_moves_the_position", CountsOrders),
    ("orders_are_as_the_engine_shows_them", ForgetsReplacements),
    ("linked_orders_stand_as_the_engine_shows_them", NeverFillsWhatSlept),
    ("linked_orders_stand_as_the_engine_shows_them", StaysLinked),
    ("fills_are_as_they_were_made", DropsTheTakerFee),
    ("repeats_are_ignored", TakesRepeats),
    ("a_gap_is_refused", LeapsOverGaps),
    ("grouping_makes_no_difference", JoinsWrongly),
    ("an_answer_given_again_counts_once", CountsAnswersAgain),
    ("orders_come_newest_first", OldestFirst),
    ("fills_come_newest_first", MakersOnly),
    ("stages_move_both_ways", OnlyForwards),
    ("the_extremes_are_exact", Floats),
    ("what_was_projected_survives", ForgetsWhenClosed),
    ("close_may_be_repeated", ClosesForGood),
]


class WritesRowsLate(PlainRecords):
    """Notes its position at once, and the rows when it is closed."""

    def __init__(self, store: dict[str, object]) -> None:
        super().__init__()
        self.store = store

    async def open(self) -> None:
        self.at = self.store.get("at", 0)
        self.orders_by_id = dict(self.store.get("orders", {}))
        self.fills_by_id = dict(self.store.get("fills", {}))

    async def project(self, batches: Sequence[EventBatch]) -> None:
        await super().project(batches)
        self.store["at"] = self.at

    async def close(self) -> None:
        self.store |= {"orders": self.orders_by_id, "fills": self.fills_by_id}


class WritesRowsLateKit(RecordsKit):
    def make_records(self) -> Records:
        stores: dict[Path, dict[str, object]] = self.__dict__.setdefault("stores", {})
        return WritesRowsLate(stores.setdefault(self.place, {}))


def test_a_position_ahead_of_its_rows_is_told() -> None:
    """By the one rule in which a program ends without closing; all others hold."""
    kit, ahead = WritesRowsLateKit(), "rows_and_position_go_together"
    for rule in sorted(set(kit.rules()) - {ahead}):
        getattr(kit, f"test_{rule}")()
    with pytest.raises(RuleBrokenError, match=r"fills at position 150: expected .*, got \[\]"):
        getattr(kit, f"test_{ahead}")()


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_broken_records_are_refused(rule: str, mutant: Callable[[], Records]) -> None:
    """By the rule that they break, in words that name the rule."""
    assert is_refused(type("MutantKit", (PlainKit,), {"kind": mutant}), rule)


def test_every_rule_has_records_that_break_it() -> None:
    """A rule that nothing can break checks nothing."""
    kept = {"rows_and_position_go_together"}
    assert {rule for rule, _ in MUTANTS} | kept == set(RecordsKit.rules())
