"""RecordsKit: every rule of the `Records` interface, for whoever projects the journal elsewhere.

Records are never the truth, so they are held against it: an engine runs random traffic, its events
are projected, and what the records then say must be what the engine said. Two records that are made
in one rule stand on the same store (see `Kit.place`).
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from random import Random
from typing import Final

import attrs
import msgspec

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import SequenceError
from hybrid_dex.interfaces.records import FillRecord, Records
from hybrid_dex.model.commands import Command, Deposit, ListMarket, PlaceLinked, PlaceOrder
from hybrid_dex.model.events import Event, EventBatch, FillMade, FillSettled, OrderAccepted
from hybrid_dex.model.order import OrderStatus, OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import (
    MAX_AMOUNT,
    MAX_PRICE,
    MAX_QUANTITY,
    MAX_SEQUENCE,
    MAX_TIMESTAMP_NS,
    AccountId,
    Amount,
    ClientOrderId,
    FeePpm,
    FillId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
    fill_id,
    order_id,
)
from hybrid_dex.model.views import OrderView
from hybrid_dex.testing.rules import Kit, demand, expect, made, raises, rule
from hybrid_dex.testing.traffic import ACCOUNTS, MARKETS, apply, traffic

__all__ = ["RecordsKit"]

_MARKET: Final = MARKETS[0]
_ALICE, _BOB, _CAROL = ACCOUNTS
_LIVE: Final = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})


@attrs.frozen(kw_only=True)
class _History:
    """What an engine did, and what it last said of every order and fill."""

    batches: list[EventBatch]
    orders: dict[OrderId, OrderView]
    fills: dict[FillId, FillRecord]


class RecordsKit(Kit):
    """Subclass it as ``TestYourRecords`` and write `make_records`.

    Attributes:
        length: how many commands the random traffic has.
    """

    length: int = 300

    def make_records(self) -> Records | Awaitable[Records]:
        """Return records that are not open yet, on the store that belongs to `place`."""
        raise NotImplementedError

    # ------------------------------------------------------------------- projecting

    @rule
    async def test_new_records_stand_at_zero(self) -> None:
        """Position 0, no orders, no fills."""
        async with self._open() as records:
            expect("position", await records.position(), 0)
            expect("order 1", await records.order(order_id(1)), None)
            expect("orders", await records.orders(_ALICE, before=None, limit=9), [])
            expect("fills", await _fills(records), [])

    @rule
    async def test_project_moves_the_position(self) -> None:
        """To the sequence of the last batch, of those without events too; nothing moves nothing."""
        async with self._open() as records:
            await records.project([_batch(1, _accepted(1)), _batch(2)])
            expect("position", await records.position(), 2)
            await records.project([])
            expect("position after nothing", await records.position(), 2)

    @rule
    async def test_orders_are_as_the_engine_shows_them(self) -> None:
        """Every order that was accepted, live or ended, is in every field what the engine says.

        But for what sleeps of an exit, and for the link of an order that has ended.
        """
        history = _history(self.seed, self.length)
        async with self._open() as records:
            await records.project(history.batches)
            await _expect_orders(records, history)

    @rule
    async def test_linked_orders_stand_as_the_engine_shows_them(self) -> None:
        """An exit is filled once all that was alive of it is; one that fired goes on alone."""
        history = _linked_history()
        async with self._open() as records:
            await records.project(history.batches)
            await _expect_orders(records, history)

    @rule
    async def test_fills_are_as_they_were_made(self) -> None:
        """Every fill of a history with its time, and as far as it has settled."""
        history = _history(self.seed, self.length)
        async with self._open() as records:
            await records.project(history.batches)
            expect("fills", await _fills(records), _newest(history.fills))

    @rule
    async def test_repeats_are_ignored(self) -> None:
        """A batch that was projected before changes nothing, alone or before a new one."""
        history = _history(self.seed, self.length)
        half = self.length // 2
        async with self._open() as records:
            await records.project(history.batches[:half])
            await records.project(history.batches[: half + 20])
            await records.project(history.batches[10:])
            await records.project(history.batches[:half])
            expect("position", await records.position(), self.length)
            expect("fills", await _fills(records), _newest(history.fills))
            await _expect_orders(records, history)

    @rule
    async def test_a_gap_is_refused(self) -> None:
        """A batch that does not follow raises SequenceError, and none of the call is projected."""
        async with self._open() as records:
            await records.project([_batch(1, _accepted(1))])
            with raises("projecting 2 and 4 after 1", SequenceError):
                await records.project([_batch(2, _accepted(2)), _batch(4, _accepted(4))])
            expect("position", await records.position(), 1)
            expect("order of command 2", await records.order(order_id(2)), None)

    @rule
    async def test_grouping_makes_no_difference(self) -> None:
        """One batch at a time or all at once: the rows are the same."""
        history = _history(self.seed, self.length)
        rng, rest = Random(self.seed), history.batches
        async with self._open() as records:
            while rest:
                size = rng.choice((1, 1, 2, 30))
                await records.project(rest[:size])
                rest = rest[size:]
            expect("fills", await _fills(records), _newest(history.fills))
            await _expect_orders(records, history)

    @rule
    async def test_an_answer_given_again_counts_once(self) -> None:
        """The events that answer a repeated client order id are those of its first command."""
        maker, taker = _accepted(1, _ALICE), _accepted(2, _BOB, side=Side.SELL)
        fill = _fill(2)
        async with self._open() as records:
            await records.project([_batch(1, maker), _batch(2, taker, fill)])
            orders = [await records.order(order_id(number)) for number in (1, 2)]
            await records.project([_batch(3, taker, fill)])
            expect("position", await records.position(), 3)
            expect("fills", await _fills(records), [_record(fill, _at(2))])
            again = [await records.order(order_id(number)) for number in (1, 2)]
            expect("orders after the answer was repeated", again, orders)

    # ---------------------------------------------------------------------- queries

    @rule
    async def test_orders_come_newest_first(self) -> None:
        """An account's own orders, from the highest id down, below `before`, at most `limit`."""
        async with self._open() as records:
            accounts = (_ALICE, _BOB, _ALICE, _ALICE, _BOB, _ALICE)
            batches = [_batch(n, _accepted(n, account)) for n, account in enumerate(accounts, 1)]
            await records.project(batches)
            for before, limit, wanted in (
                (None, 9, [6, 4, 3, 1]),
                (None, 2, [6, 4]),
                (4, 9, [3, 1]),
                (1, 9, []),
            ):
                below = None if before is None else order_id(before)
                found = await records.orders(_ALICE, before=below, limit=limit)
                numbers = [one.order_id >> 8 for one in found]
                expect(f"orders before {before}, limit {limit}", numbers, wanted)
            expect("orders of nobody", await records.orders(_CAROL, before=None, limit=9), [])

    @rule
    async def test_fills_come_newest_first(self) -> None:
        """Newest first below `before`, at most `limit`; of either side's account, of a market, or both."""
        history = _history(self.seed, self.length)
        newest = _newest(history.fills)
        async with self._open() as records:
            await records.project(history.batches)
            for account in (None, *ACCOUNTS):
                for market in (None, *(one.id for one in MARKETS)):
                    wanted = [
                        one
                        for one in newest
                        if account in {None, one.fill.maker, one.fill.taker}
                        and market in {None, one.fill.market}
                    ]
                    paged, before = list[FillRecord](), None
                    while True:
                        page = await records.fills(
                            account=account, market=market, before=before, limit=7
                        )
                        paged += page
                        if not page:
                            break
                        before = page[-1].fill.fill_id
                    expect(f"fills of {account} in {market}, paged", paged, wanted)

    # ----------------------------------------------------------------------- values

    @rule
    async def test_stages_move_both_ways(self) -> None:
        """A fill shows the last stage told, with batch, transaction and reason; a reorganisation steps back."""
        fill = _fill(2)
        begin = [_batch(1, _accepted(1)), _batch(2, _accepted(2, _BOB, side=Side.SELL), fill)]
        async with self._open() as records:
            await records.project(begin)
            told = (
                (SettlementStage.SUBMITTED, 7, "0xaa"),
                (SettlementStage.CONFIRMED, 7, "0xaa"),
                (SettlementStage.SUBMITTED, 8, "0xbb"),
                (SettlementStage.FINAL, 8, "0xbb"),
                (SettlementStage.FAILED, 9, ""),
            )
            for number, (stage, batch, transaction) in enumerate(told, 3):
                await records.project([_batch(number, _settled(fill, stage, batch, transaction))])
                wanted = _record(fill, _at(2), stage, batch, transaction)
                expect(f"the fill as {stage.name}", await _fills(records), [wanted])

    @rule
    async def test_the_extremes_are_exact(self) -> None:
        """Prices, quantities, amounts, ids and times at their bounds come back to the last digit."""
        at, name = MAX_TIMESTAMP_NS, "x" * 64
        order = _accepted(
            1,
            AccountId("\u00e9'\"; --"),
            client_order_id=name,
            price=MAX_PRICE,
            quantity=MAX_QUANTITY,
            nonce=2**64 - 1,
            expires_at_ns=at,
        )
        fill = _fill(1, price=MAX_PRICE, quantity=MAX_QUANTITY, fee=MAX_AMOUNT, last=MAX_SEQUENCE)
        async with self._open() as records:
            await records.project([EventBatch(Sequence(1), TimestampNs(at), (order, fill))])
            found = await records.order(order.order_id)
            if found is None:
                raise AssertionError("the order is not there")
            expect("account", found.account, order.account)
            expect("price", found.price, MAX_PRICE)
            expect("quantity", found.quantity, MAX_QUANTITY)
            expect("client order id", found.client_order_id, name)
            expect("nonce", found.nonce, 2**64 - 1)
            expect("order hash", found.order_hash, bytes(range(32)))
            expect("times", (found.accepted_at_ns, found.expires_at_ns), (at, at))
            expect("the fill", await _fills(records), [_record(fill, at)])

    # ---------------------------------------------------------- opening and closing

    @rule
    async def test_what_was_projected_survives(self) -> None:
        """Records that are opened later stand where the earlier ones stood, and go on."""
        history = _history(self.seed, self.length)
        half = self.length // 2
        async with self._open() as records:
            await records.project(history.batches[:half])
        async with self._open() as records:
            expect("position", await records.position(), half)
            await records.project(history.batches[half:])
            expect("fills", await _fills(records), _newest(history.fills))

    @rule
    async def test_rows_and_position_go_together(self) -> None:
        """Of records that were never closed another program finds rows as far as the position says."""
        half, whole = self.length // 2, _history(self.seed, self.length)
        async with self._open() as first:
            await first.project(whole.batches[:half])
            async with self._open() as records:
                at = await records.position()
                demand(0 <= at <= half, f"position {at} after {half} commands")
                wanted = (
                    _history(self.seed, at) if at else _History(batches=[], orders={}, fills={})
                )
                expect(f"fills at position {at}", await _fills(records), _newest(wanted.fills))
                await _expect_orders(records, wanted)
                await records.project(whole.batches[at:])
                expect("fills", await _fills(records), _newest(whole.fills))
                await _expect_orders(records, whole)

    @rule
    async def test_close_may_be_repeated(self) -> None:
        """A second close is safe, and closed records open again."""
        records = await made(self.make_records())
        await records.open()
        await records.close()
        await records.close()
        await records.open()
        expect("position", await records.position(), 0)
        await records.close()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Records]:
        records = await made(self.make_records())
        await records.open()
        try:
            yield records
        finally:
            await records.close()


def _history(seed: int, length: int) -> _History:
    """Run random traffic; note what was said of each order and fill after the last change."""
    engine = Engine(book=SortedBook, risk=StandardRisk())
    history = _History(batches=[], orders={}, fills={})
    for command, events in traffic(engine, Random(seed), length):
        _note(history, engine, EventBatch(command.sequence, command.at_ns, events))
    return history


def _linked_history() -> _History:
    """Let a bracket's exit be filled that was alive in part, and the stop of an OCO fire and rest."""

    def order(account: AccountId, side: Side, price: int, lots: int, **terms: int) -> PlaceOrder:
        plain = PlaceOrder(
            account=account,
            market=_MARKET.id,
            side=side,
            price=Price(price),
            quantity=Quantity(lots),
        )
        return msgspec.structs.replace(plain, **terms)

    def exits(lots: int, price: int, stop_price: int) -> tuple[PlaceOrder, PlaceOrder]:
        stop = OrderType.STOP_LIMIT
        return (
            order(_ALICE, Side.SELL, price, lots),
            order(_ALICE, Side.SELL, stop_price, lots, order_type=stop, trigger_price=97),
        )

    engine = Engine(book=SortedBook, risk=StandardRisk())
    history = _History(batches=[], orders={}, fills={})
    bracket, oco = exits(10, 102, 96), exits(5, 105, 99)
    funds = [
        Deposit(account=one, asset=asset, amount=Amount(10**9))
        for one in ACCOUNTS
        for asset in (_MARKET.base.id, _MARKET.quote.id)
    ]
    commands: tuple[Command, ...] = (
        ListMarket(market=_MARKET),
        *funds,
        PlaceLinked(
            take_profit=bracket[0], stop=bracket[1], entry=order(_ALICE, Side.BUY, 100, 10)
        ),
        order(_BOB, Side.SELL, 100, 8),
        order(_BOB, Side.BUY, 102, 8),
        PlaceLinked(take_profit=oco[0], stop=oco[1]),
        order(_BOB, Side.BUY, 97, 1),
        order(_CAROL, Side.SELL, 97, 1),
    )
    for command in commands:
        events = apply(engine, command)
        _note(history, engine, EventBatch(engine.sequence, engine.at_ns, events))
    return history


def _note(history: _History, engine: Engine, batch: EventBatch) -> None:
    """Note a command's events, and what the engine says now of those whom they name."""
    history.batches.append(batch)
    for event in batch.events:
        if isinstance(event, FillMade):
            history.fills.setdefault(event.fill_id, _record(event, batch.at_ns))
        elif isinstance(event, FillSettled):
            fill = history.fills[event.fill_id]
            record = _record(fill.fill, fill.at_ns, event.stage, event.batch, event.transaction)
            history.fills[event.fill_id] = msgspec.structs.replace(record, reason=event.reason)
        for name in ("order_id", "maker_order", "taker_order"):
            view = engine.order(getattr(event, name, None) or OrderId(0))
            if view is not None and view.status is not OrderStatus.REJECTED:
                history.orders[view.order_id] = view


async def _expect_orders(records: Records, history: _History) -> None:
    for number, wanted in history.orders.items():
        found = await records.order(number)
        told = None if found is None else _told(found)
        for name in OrderView.__struct_fields__ if told is not None else ():
            what = f"{name} of order {number}"
            expect(what, getattr(told, name), getattr(_told(wanted), name))
        expect(f"order {number}", told, _told(wanted))


def _told(order: OrderView) -> OrderView:
    """Return an order as far as events tell of it."""
    links = order.linked_to if order.status in _LIVE else None
    return msgspec.structs.replace(order, asleep=Quantity(0), linked_to=links)


def _newest(fills: dict[FillId, FillRecord]) -> list[FillRecord]:
    return [fill for _, fill in sorted(fills.items(), reverse=True)]


async def _fills(records: Records) -> list[FillRecord]:
    """All fills, page by page."""
    found, before = list[FillRecord](), None
    while True:
        page = await records.fills(account=None, market=None, before=before, limit=50)
        if not page:
            return found
        found += page
        before = page[-1].fill.fill_id


def _at(sequence: int) -> TimestampNs:
    return TimestampNs(sequence * 1_000_000_007)


def _batch(sequence: int, *events: Event) -> EventBatch:
    return EventBatch(Sequence(sequence), _at(sequence), events)


def _accepted(
    sequence: int,
    account: AccountId = _ALICE,
    *,
    side: Side = Side.BUY,
    price: int = 100,
    quantity: int = 9,
    client_order_id: str | None = None,
    nonce: int | None = None,
    expires_at_ns: int | None = None,
) -> OrderAccepted:
    proof = None
    if nonce is not None:
        proof = Authorization(str(account), 0, FeePpm(500), 9, nonce, bytes(range(32)), bytes(65))
    return OrderAccepted(
        order_id=order_id(sequence),
        account=account,
        market=_MARKET.id,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC if expires_at_ns is None else TimeInForce.GTD,
        price=Price(price),
        quantity=Quantity(quantity),
        post_only=False,
        self_trade=SelfTradeMode.CANCEL_AGGRESSOR,
        expires_at_ns=None if expires_at_ns is None else TimestampNs(expires_at_ns),
        client_order_id=None if client_order_id is None else ClientOrderId(client_order_id),
        authorization=proof,
    )


def _fill(
    sequence: int, *, price: int = 100, quantity: int = 4, fee: int = 3, last: int | None = None
) -> FillMade:
    """A fill between the orders of two commands, or of the first and a very late one."""
    return FillMade(
        fill_id=fill_id(sequence if last is None else last, 0),
        market=_MARKET.id,
        price=Price(price),
        quantity=Quantity(quantity),
        taker_side=Side.SELL,
        maker_order=order_id(1),
        taker_order=order_id(sequence if last is None else last),
        maker=_ALICE,
        taker=_BOB,
        maker_open=Quantity(5),
        taker_open=Quantity(0),
        maker_filled=Quantity(quantity),
        taker_filled=Quantity(quantity),
        maker_fee=Amount(fee),
        taker_fee=Amount(fee),
    )


def _settled(fill: FillMade, stage: SettlementStage, batch: int, transaction: str) -> FillSettled:
    return FillSettled(
        fill_id=fill.fill_id,
        market=fill.market,
        maker=fill.maker,
        taker=fill.taker,
        maker_order=fill.maker_order,
        taker_order=fill.taker_order,
        stage=stage,
        batch=batch,
        transaction=transaction,
        reason=1 if stage is SettlementStage.FAILED else 0,
    )


def _record(
    fill: FillMade,
    at_ns: int,
    stage: SettlementStage = SettlementStage.MATCHED,
    batch: int = 0,
    transaction: str = "",
) -> FillRecord:
    return FillRecord(
        fill=fill,
        at_ns=TimestampNs(at_ns),
        stage=stage,
        batch=batch,
        transaction=transaction,
        reason=1 if stage is SettlementStage.FAILED else 0,
    )
