"""Receipts say what the journal holds, of any command it still holds, and nothing else."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.defaults.memory_snapshots import MemorySnapshots
from hybrid_dex.errors import ConfigurationError, UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.interfaces.journal import Journal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.events import EventBatch, FillMade, OrderAccepted
from hybrid_dex.model.frame import HASH_BYTES, decode_frame
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.receipts import JournalReceipt, ReceiptKind, SignedJournalReceipt
from hybrid_dex.model.units import AccountId, OrderId, Price, Quantity
from hybrid_dex.settlement.local import LocalSettlement
from tests.exchange_fixtures import ALICE, BOB, MARKET, events_of, fund, order


class Operator(LocalSettlement):
    """Signs, in a way of its own."""

    async def sign_receipts(self, receipts: Sequence[JournalReceipt]) -> tuple[bytes, ...]:
        return tuple(f"{one.sequence}.{one.index}".encode() for one in receipts)


def make(
    journal: Journal, snapshots: MemorySnapshots | None = None, *, history: int = 1
) -> Exchange:
    return Exchange(
        [MARKET],
        journal=journal,
        settlement=Operator(),
        snapshots=snapshots,
        options=ExchangeOptions(history_batches=history, snapshot_process=False),
    )


def told(answer: tuple[SignedJournalReceipt, ...] | Refusal) -> list[JournalReceipt]:
    assert not isinstance(answer, Refusal), answer
    for one in answer:
        assert one.signature == f"{one.receipt.sequence}.{one.receipt.index}".encode()
    return [one.receipt for one in answer]


def refused(answer: tuple[SignedJournalReceipt, ...] | Refusal) -> RejectReason:
    assert isinstance(answer, Refusal)
    return answer.reason


async def placed(exchange: Exchange, command: PlaceOrder) -> EventBatch:
    answer = await exchange.place(command)
    assert isinstance(answer, EventBatch)
    return answer


@pytest.mark.parametrize("on_disk", [False, True])
async def test_acceptance_fill_and_cancel_have_receipts_that_name_their_frame(
    tmp_path: Path, *, on_disk: bool
) -> None:
    """Of the newest commands and of old ones, before and after a restart: the same."""
    journal: Journal = FileJournal(tmp_path) if on_disk else MemoryJournal()
    async with make(journal, history=100) as exchange:
        await fund(exchange)
        sell = await placed(exchange, order(BOB, Side.SELL, quantity=3))
        buy = await placed(exchange, order(ALICE, Side.BUY, quantity=5))
        resting = buy.events[0]
        assert isinstance(resting, OrderAccepted)
        gone = await exchange.cancel(ALICE, order_id=resting.order_id)
        accepted = told(await exchange.receipts(order_id=resting.order_id))
        everything = [
            told(await exchange.receipts(sequence=batch.sequence)) for batch in (sell, buy, gone)
        ]
        for position in range(1, exchange.health().position + 1):
            raw = await journal.read_at(position)
            assert raw is not None
            for command in decode_frame(raw).commands:
                for one in (receipt for found in everything for receipt in found):
                    if one.sequence == command.sequence:
                        assert (one.position, one.frame_hash, one.at_ns) == (
                            position,
                            raw[-HASH_BYTES:],
                            command.at_ns,
                        )
    assert [[(one.kind, one.trader) for one in found] for found in everything] == [
        [(ReceiptKind.ACCEPTED, BOB)],
        [
            (ReceiptKind.ACCEPTED, ALICE),
            (ReceiptKind.FILLED, BOB),
            (ReceiptKind.FILLED, ALICE),
        ],
        [(ReceiptKind.CANCELED, ALICE)],
    ]
    assert accepted == everything[1][:1]
    maker, taker = everything[1][1:]
    assert (maker.side, maker.open, maker.filled) == (Side.SELL, 0, 3)
    assert (taker.side, taker.open, taker.filled) == (Side.BUY, 2, 3)
    assert (maker.price, maker.quantity, maker.index) == (250_000, 3, 1)
    assert (everything[2][0].quantity, everything[2][0].filled) == (2, 3)
    async with make(journal) as exchange:
        await fund(exchange)
        again = [
            told(await exchange.receipts(sequence=batch.sequence)) for batch in (sell, buy, gone)
        ]
        assert again == everything
        fill = buy.events[1]
        assert isinstance(fill, FillMade)
        assert told(await exchange.receipts(fill_id=fill.fill_id)) == [maker, taker]
        assert told(await exchange.receipts(fill_id=fill.fill_id, account=BOB)) == [maker]


async def test_expiry_reduce_and_replace_have_receipts_too() -> None:
    """What a trader can hold the operator to, whatever happened to the order."""
    async with make(MemoryJournal()) as exchange:
        await fund(exchange)
        sell = await placed(exchange, order(BOB, Side.SELL, quantity=9))
        first = sell.events[0]
        assert isinstance(first, OrderAccepted)
        batch = await exchange.reduce(BOB, first.order_id, Quantity(2))
        (reduced,) = told(await exchange.receipts(sequence=batch.sequence))
        assert (reduced.kind, reduced.quantity, reduced.open) == (ReceiptKind.REDUCED, 2, 7)
        fok = order(ALICE, Side.BUY, quantity=99)
        answer = await exchange.place(
            PlaceOrder(
                account=ALICE,
                market=MARKET.id,
                side=Side.BUY,
                price=Price(250_000),
                quantity=fok.quantity,
                time_in_force=TimeInForce.FOK,
            )
        )
        assert isinstance(answer, EventBatch)
        kinds = [one.kind for one in told(await exchange.receipts(sequence=answer.sequence))]
        assert kinds == [ReceiptKind.ACCEPTED, ReceiptKind.CANCELED]


async def test_what_is_unknown_or_trimmed_is_refused_and_says_so() -> None:
    """The future, nothing of the sort, somebody else's, and what nobody can make again."""
    journal, snapshots = MemoryJournal(), MemorySnapshots()
    async with make(journal, snapshots) as exchange:
        await fund(exchange)
        batch = await placed(exchange, order(BOB, Side.SELL))
        assert refused(await exchange.receipts(sequence=type(batch.sequence)(10**6))) == (
            RejectReason.UNKNOWN_SEQUENCE
        )
        nothing = await exchange.receipts(sequence=batch.sequence, account=ALICE)
        assert refused(nothing) is RejectReason.NO_RECEIPT
        assert refused(await exchange.receipts(sequence=type(batch.sequence)(1))) is (
            RejectReason.NO_RECEIPT
        )
        assert refused(await exchange.receipts(order_id=OrderId((batch.sequence << 8) + 7))) is (
            RejectReason.NO_RECEIPT
        )
        with pytest.raises(ConfigurationError, match="sequence, an order or a fill"):
            await exchange.receipts()
        with pytest.raises(ConfigurationError, match="sequence, an order or a fill"):
            await exchange.receipts(sequence=batch.sequence, order_id=OrderId(1))
    snapshot = await snapshots.latest()
    assert snapshot is not None
    await journal.trim(snapshot.position - 1)
    async with make(journal, snapshots) as exchange:
        late = await placed(exchange, order(BOB, Side.SELL))
        await fund(exchange)
        assert refused(await exchange.receipts(sequence=batch.sequence)) is (
            RejectReason.UNKNOWN_SEQUENCE
        )
        (one,) = told(await exchange.receipts(sequence=late.sequence))
        assert one.trader == AccountId(BOB)


async def test_without_a_chain_nobody_signs_and_a_closed_exchange_gives_nothing() -> None:
    """Both say what is missing."""
    exchange = Exchange([MARKET])
    async with exchange:
        await fund(exchange)
        (accepted,) = events_of(await exchange.place(order(BOB, Side.SELL)))
        assert isinstance(accepted, OrderAccepted)
        with pytest.raises(ConfigurationError, match="no operator's key"):
            await exchange.receipts(order_id=accepted.order_id)
    with pytest.raises(UnavailableError, match="not open"):
        await exchange.receipts(order_id=accepted.order_id)
