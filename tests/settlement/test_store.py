"""What is written is there after a crash, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.commands import Deposit, RequestWithdrawal
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import MAX_AMOUNT, AccountId, Amount, AssetId
from hybrid_dex.settlement.batching import fill_ids, group_fills
from hybrid_dex.settlement.evm.store import (
    Change,
    SettlementStore,
    StoredBatch,
    StoredTransaction,
    StoreFailedError,
)
from hybrid_dex.settlement.facts import Skip
from hybrid_dex.settlement.fees import Fees
from hybrid_dex.settlement.layout import FillPosition
from hybrid_dex.settlement.ledger import LedgerState
from hybrid_dex.settlement.reconciliation import Block
from hybrid_dex.settlement.transaction_state import TransactionState
from tests.settlement.fills import command, order

ALICE, USDC = AccountId("alice"), AssetId("USDC")
GROUPS = group_fills(command(3, order(1, Side.BUY), order(2, Side.SELL)))
BATCH = StoredBatch(
    number=4,
    up_to=GROUPS[0].sequence,
    through_s=9,
    groups=GROUPS,
    stage=SettlementStage.CONFIRMED,
    told="0xab",
    skips=(Skip(FillPosition(1, GROUPS[0].sequence, 0), 2, 16),),
)
TRANSACTION = StoredTransaction(
    hash="0xab",
    batch=4,
    nonce=7,
    root=bytes(32),
    data=b"\x01\x02",
    gas=90_000,
    fees=Fees(max_fee=1 << 100, tip=1 << 90),
    raw=b"\x02\xff",
    state=TransactionState.SIGNED,
)
CURSOR = Block(number=5, hash=b"\x05" * 32, parent=b"\x04" * 32, timestamp_s=50)
LEDGER = LedgerState(requested=[(ALICE, USDC, Amount(MAX_AMOUNT))], told=[(ALICE, USDC, Amount(2))])
GIFT = Deposit(account=ALICE, asset=USDC, amount=Amount(MAX_AMOUNT), position=1 << 40)
ASKED = RequestWithdrawal(account=ALICE, asset=USDC, amount=Amount(1))


LEFT_OPEN: list[SettlementStore] = []


def opened(path: Path, identity: str = "here") -> SettlementStore:
    """A store in a folder; closed after the test if that left it open."""
    store = SettlementStore(path / "below" / "store.sqlite3")
    LEFT_OPEN.append(store)
    store.open(identity)
    return store


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while LEFT_OPEN:
        LEFT_OPEN.pop().close()


def test_everything_written_is_read_back(tmp_path: Path) -> None:
    """Numbers beyond 64 bits too; without `close`, as a killed process leaves it."""
    store = opened(tmp_path)
    entries = store.write(
        Change(
            cursor=CURSOR,
            ledger=LEDGER,
            batches=[BATCH],
            fills=[(fill, 4) for fill in fill_ids(GROUPS)],
            transactions=[TRANSACTION],
            commands=[(GIFT, None), (ASKED, 44)],
        )
    )
    found = opened(tmp_path).load()
    assert found.cursor == CURSOR
    assert found.ledger == LEDGER
    assert found.batches == (BATCH,)
    assert found.final_batch is None
    assert found.transactions == (TRANSACTION,)
    assert found.outbox == tuple(entries)
    assert [(entry.command, entry.requested_at_s) for entry in entries] == [
        (GIFT, None),
        (ASKED, 44),
    ]
    assert opened(tmp_path).batch_of(fill_ids(GROUPS)[0]) == BATCH
    store.close()
    store.close()


def test_what_was_taken_is_not_offered_again(tmp_path: Path) -> None:
    """An acknowledgement is for the update and all before it; ids are never used twice."""
    store = opened(tmp_path)
    first, second = store.write(Change(commands=[(GIFT, None), (ASKED, None)]))
    store.acknowledge(first.id)
    assert opened(tmp_path).load().outbox == (second,)
    store.acknowledge(second.id)
    assert opened(tmp_path).load().outbox == ()
    (third,) = store.write(Change(commands=[(GIFT, None)]))
    assert third.id > second.id


def test_a_change_that_can_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    """One bad row, and the good ones of the same change are not there either."""
    store = opened(tmp_path)
    bad = StoredBatch(number=1 << 80, up_to=1, through_s=1)
    with pytest.raises((StoreFailedError, OverflowError)):
        store.write(Change(cursor=CURSOR, batches=[BATCH, bad], commands=[(GIFT, None)]))
    found = opened(tmp_path).load()
    assert (found.cursor, found.batches, found.outbox) == (None, (), ())


def test_after_a_change_is_lost_nothing_is_written_until_the_next_start(tmp_path: Path) -> None:
    """A cursor past facts that were not kept would lose a deposit: the disk was full for a moment."""
    store = opened(tmp_path)
    (pages,) = store._connection().execute("PRAGMA page_count").fetchone()
    store._connection().execute(f"PRAGMA max_page_count={pages}")
    large = attrs.evolve(TRANSACTION, raw=bytes(1 << 20))
    with pytest.raises(StoreFailedError, match="full"):
        store.write(Change(transactions=[large], commands=[(GIFT, None)]))
    store._connection().execute("PRAGMA max_page_count=100000")
    with pytest.raises(StoreFailedError, match="restart"):
        store.write(Change(cursor=CURSOR))
    store.close()
    again = opened(tmp_path)
    assert (again.load().cursor, again.load().outbox) == (None, ())
    again.write(Change(cursor=CURSOR))
    assert again.load().cursor == CURSOR


def test_a_finished_batch_keeps_its_outcome_only(tmp_path: Path) -> None:
    """Its transactions are gone, its fills are still known; an undone batch is gone altogether."""
    store = opened(tmp_path)
    fills = [(fill, 4) for fill in fill_ids(GROUPS)]
    store.write(Change(batches=[BATCH], fills=fills, transactions=[TRANSACTION]))
    final = StoredBatch(number=4, up_to=9, through_s=9, stage=SettlementStage.FINAL, told="0xab")
    store.write(Change(batches=[final], finished=[4]))
    found = store.load()
    assert (found.batches, found.transactions) == ((), ())
    assert found.final_batch == final
    assert store.batch_of(fills[0][0]) == final
    store.write(Change(undone=[4]))
    assert store.load().final_batch is None
    assert store.batch_of(fills[0][0]) is None


def test_a_store_of_another_contract_or_format_is_refused(tmp_path: Path) -> None:
    """Both names are in the message, and the file is left as it was."""
    opened(tmp_path, "here").close()
    with pytest.raises(ConfigurationError, match=r"here.*there"):
        opened(tmp_path, "there")
    store = opened(tmp_path, "here")
    store._connection().execute("PRAGMA user_version=9")
    store.close()
    with pytest.raises(ConfigurationError, match="format 9"):
        opened(tmp_path, "here")


def test_a_first_start_that_broke_off_leaves_a_store_that_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it did: the tables come with whose they are, or not at all."""
    connect = sqlite3.connect

    class Dying(sqlite3.Connection):
        left = 0

        def _goes_on(self) -> None:
            type(self).left -= 1
            if self.left < 0:
                raise sqlite3.OperationalError("the power is gone")

        def execute(self, *asked: Any) -> sqlite3.Cursor:
            self._goes_on()
            return super().execute(*asked)

        def executescript(self, *asked: Any) -> sqlite3.Cursor:
            self._goes_on()
            return super().executescript(*asked)

    broke_off = True
    for steps in range(8):
        Dying.left = steps
        monkeypatch.setattr(sqlite3, "connect", partial(connect, factory=Dying))
        folder = tmp_path / f"start {steps}"
        broke_off = False
        try:
            opened(folder).close()
        except StoreFailedError as error:
            broke_off = "the power is gone" in str(error)
        monkeypatch.setattr(sqlite3, "connect", connect)
        assert opened(folder).load().cursor is None
    assert not broke_off


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """With its path."""
    path = tmp_path / "below" / "store.sqlite3"
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StoreFailedError, match=r"store\.sqlite3"):
        opened(tmp_path)


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """Reading before `open` is a mistake, not an empty answer."""
    with pytest.raises(StoreFailedError, match="not open"):
        SettlementStore(tmp_path / "none.sqlite3").load()
