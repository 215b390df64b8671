"""What settlement must still know after a crash: batches, signed transactions, cursor, outbox.

One SQLite file in WAL mode with ``synchronous=FULL``: when `write` returns, it is on the disk. A
transaction is stored before it is sent, always; the outbox is written together with what caused it
and emptied as the exchange takes it. Nothing here decides anything, and no key is ever stored.

Money is stored as JSON integers inside blobs, since SQLite's integers end at 64 bits.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import msgspec

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.model.commands import Command
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import FillId
from hybrid_dex.settlement.batching import Group
from hybrid_dex.settlement.facts import Skip
from hybrid_dex.settlement.fees import Fees
from hybrid_dex.settlement.ledger import LedgerState
from hybrid_dex.settlement.reconciliation import Block
from hybrid_dex.settlement.transaction_state import TransactionState

__all__ = [
    "Change",
    "OutboxEntry",
    "SettlementStore",
    "StoreFailedError",
    "StoredBatch",
    "StoredState",
    "StoredTransaction",
]

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE batches (
    number INTEGER PRIMARY KEY, up_to INTEGER NOT NULL, through_s INTEGER NOT NULL,
    groups BLOB NOT NULL, stage INTEGER NOT NULL,
    told TEXT NOT NULL, skips BLOB NOT NULL
);
CREATE TABLE fills (fill INTEGER PRIMARY KEY, batch INTEGER NOT NULL);
CREATE INDEX fills_batch ON fills (batch);
CREATE TABLE transactions (
    hash TEXT PRIMARY KEY, batch INTEGER NOT NULL, nonce INTEGER NOT NULL, root BLOB NOT NULL,
    data BLOB NOT NULL, gas INTEGER NOT NULL, max_fee TEXT NOT NULL, tip TEXT NOT NULL,
    raw BLOB NOT NULL, state TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX transactions_batch ON transactions (batch);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, requested_at_s INTEGER, command BLOB NOT NULL
);
"""


@attrs.frozen(kw_only=True)
class StoredBatch:
    """A batch with its fills, and what the engine was told of them.

    Attributes:
        number: the contract's batch number.
        up_to: last group sequence that it speaks for.
        through_s: what it says of matched fills.
        groups: its fills; empty once final.
        stage: what its settled fills were last told to be; MATCHED before anything was sent.
        told: hash of the transaction they were told of, or an empty string.
        skips: what that transaction skipped.
    """

    number: int
    up_to: int
    through_s: int
    groups: tuple[Group, ...] = ()
    stage: SettlementStage = SettlementStage.MATCHED
    told: str = ""
    skips: tuple[Skip, ...] = ()


@attrs.frozen(kw_only=True)
class StoredTransaction:
    """One signed transaction.

    Attributes:
        hash: 0x-hex.
        batch: number of the batch it settles.
        nonce: the operator account's.
        root: the previous root in its batch.
        data: its calldata.
        gas: its gas limit.
        fees: what it offers.
        raw: the signed bytes.
        state: where it stands.
    """

    hash: str
    batch: int
    nonce: int
    root: bytes
    data: bytes = attrs.field(repr=False)
    gas: int
    fees: Fees
    raw: bytes = attrs.field(repr=False)
    state: TransactionState


@attrs.frozen(kw_only=True)
class OutboxEntry:
    """An update that the exchange has not taken yet.

    Attributes:
        id: rising.
        command: the update.
        requested_at_s: for a request on chain, when it was made there.
    """

    id: int
    command: Command
    requested_at_s: int | None


@attrs.define
class Change:
    """What is written together or not at all.

    Attributes:
        cursor: the new final block.
        ledger: requests as of that block, and what the engine was told.
        batches: new or changed ones.
        fills: of which batch each fill is.
        transactions: new or changed ones.
        finished: batches whose transactions are no longer needed.
        undone: batches that another one took the place of.
        commands: updates for the exchange, each with the time of its request if it is one.
    """

    cursor: Block | None = None
    ledger: LedgerState | None = None
    batches: list[StoredBatch] = attrs.field(factory=list)
    fills: list[tuple[FillId, int]] = attrs.field(factory=list)
    transactions: list[StoredTransaction] = attrs.field(factory=list)
    finished: list[int] = attrs.field(factory=list)
    undone: list[int] = attrs.field(factory=list)
    commands: list[tuple[Command, int | None]] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class StoredState:
    """Everything that a restart goes on from; of the final batches only the last."""

    cursor: Block | None
    ledger: LedgerState
    batches: tuple[StoredBatch, ...]
    transactions: tuple[StoredTransaction, ...]
    outbox: tuple[OutboxEntry, ...]
    final_batch: StoredBatch | None


_groups: Final = msgspec.json.Decoder(tuple[Group, ...])
_skips: Final = msgspec.json.Decoder(tuple[Skip, ...])
_command: Final[msgspec.json.Decoder[Command]] = msgspec.json.Decoder(Command)
_ledger: Final = msgspec.json.Decoder(LedgerState)
_encode: Final = msgspec.json.Encoder().encode


class StoreFailedError(SettlementError):
    """The file can not be read or written: nothing may be sent that it does not hold."""


class SettlementStore:
    """The file. Blocking: call it from one thread at a time, not from the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._lost = False

    def open(self, identity: str) -> None:
        """Open or create the file, for one contract on one chain.

        Raises:
            ConfigurationError: it belongs to another contract, chain or version.
            StoreFailedError: it can not be opened.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._database = database
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.execute("PRAGMA busy_timeout=5000")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                # One transaction: tables that are nobody's would be refused at every later start.
                named = f"INSERT INTO meta VALUES ('identity', X'{identity.encode().hex()}');"  # noqa: S608 # digits only
                database.executescript(
                    f"BEGIN;{_SCHEMA}{named}PRAGMA user_version={_VERSION};COMMIT;"
                )
                version = _VERSION
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise StoreFailedError(f"{self._path} can not be opened: {error}") from error
        self._lost = False
        if version != _VERSION:
            self.close()
            raise ConfigurationError(
                f"{self._path} has format {version}; this program reads format {_VERSION}"
            )
        found = self._meta("identity")
        if found != identity.encode():
            self.close()
            raise ConfigurationError(
                f"{self._path} belongs to {(found or b'nothing').decode()}, not to {identity}; "
                "name another store_path for another contract"
            )

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def load(self) -> StoredState:
        """Return what a restart goes on from."""
        rows = self._rows(
            "SELECT number, up_to, through_s, groups, stage, told, skips "
            "FROM batches WHERE stage != ? ORDER BY number",
            int(SettlementStage.FINAL),
        )
        last = self._rows(
            "SELECT number, up_to, through_s, groups, stage, told, skips "
            "FROM batches WHERE stage = ? ORDER BY number DESC LIMIT 1",
            int(SettlementStage.FINAL),
        )
        transactions = self._rows(
            "SELECT hash, batch, nonce, root, data, gas, max_fee, tip, raw, state "
            "FROM transactions ORDER BY batch, nonce, length(max_fee), max_fee"
        )
        outbox = self._rows("SELECT id, requested_at_s, command FROM outbox ORDER BY id")
        cursor, ledger = self._meta("cursor"), self._meta("ledger")
        return StoredState(
            cursor=_decode_block(cursor) if cursor else None,
            ledger=_ledger.decode(ledger) if ledger else LedgerState(),
            batches=tuple(_decode_batch(row) for row in rows),
            transactions=tuple(_decode_transaction(row) for row in transactions),
            outbox=tuple(
                OutboxEntry(id=row[0], requested_at_s=row[1], command=_command.decode(row[2]))
                for row in outbox
            ),
            final_batch=_decode_batch(last[0]) if last else None,
        )

    def batch_of(self, fill: FillId) -> StoredBatch | None:
        """Return the batch that a fill went into, or ``None``."""
        rows = self._rows(
            "SELECT number, up_to, through_s, groups, stage, told, skips "
            "FROM batches WHERE number = (SELECT batch FROM fills WHERE fill = ?)",
            fill,
        )
        return _decode_batch(rows[0]) if rows else None

    def write(self, change: Change) -> list[OutboxEntry]:
        """Write a change durably; return its commands with their ids.

        Raises:
            StoreFailedError: it is not written, and nothing will be until the file is opened again:
                who wrote no longer has the change, and a later one without it would be a gap.
        """
        if self._lost:
            raise StoreFailedError(f"{self._path} lacks a change that failed; restart settlement")
        database = self._connection()
        entries = []
        try:
            database.execute("BEGIN IMMEDIATE")
            try:
                self._write_rows(database, change)
                for command, requested_at_s in change.commands:
                    row = database.execute(
                        "INSERT INTO outbox (requested_at_s, command) VALUES (?, ?)",
                        (requested_at_s, _encode(command)),
                    )
                    assert row.lastrowid is not None
                    entries.append(
                        OutboxEntry(
                            id=row.lastrowid, command=command, requested_at_s=requested_at_s
                        )
                    )
                database.execute("COMMIT")
            except BaseException:
                self._lost = True
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            self._lost = True
            raise StoreFailedError(f"{self._path} can not be written: {error}") from error
        return entries

    def acknowledge(self, entry: int) -> None:
        """Forget an update that the exchange has taken, and all before it."""
        try:
            self._connection().execute("DELETE FROM outbox WHERE id <= ?", (entry,))
        except sqlite3.Error as error:
            raise StoreFailedError(f"{self._path} can not be written: {error}") from error

    def _write_rows(self, database: sqlite3.Connection, change: Change) -> None:
        if change.cursor is not None:
            self._put(database, "cursor", _encode_block(change.cursor))
        if change.ledger is not None:
            self._put(database, "ledger", _encode(change.ledger))
        for number in change.undone:
            database.execute("DELETE FROM batches WHERE number = ?", (number,))
            database.execute("DELETE FROM fills WHERE batch = ?", (number,))
        for number in (*change.finished, *change.undone):
            database.execute("DELETE FROM transactions WHERE batch = ?", (number,))
        database.executemany(
            "INSERT OR REPLACE INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    batch.number,
                    batch.up_to,
                    batch.through_s,
                    _encode(batch.groups),
                    int(batch.stage),
                    batch.told,
                    _encode(batch.skips),
                )
                for batch in change.batches
            ],
        )
        database.executemany("INSERT OR REPLACE INTO fills VALUES (?, ?)", change.fills)
        database.executemany(
            "INSERT OR REPLACE INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    transaction.hash,
                    transaction.batch,
                    transaction.nonce,
                    transaction.root,
                    transaction.data,
                    transaction.gas,
                    str(transaction.fees.max_fee),
                    str(transaction.fees.tip),
                    transaction.raw,
                    transaction.state.value,
                )
                for transaction in change.transactions
            ],
        )

    def _put(self, database: sqlite3.Connection, key: str, value: bytes) -> None:
        database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _meta(self, key: str) -> bytes | None:
        rows = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return bytes(rows[0][0]) if rows else None

    def _rows(self, query: str, *parameters: str | int) -> Sequence[tuple]:  # type: ignore[type-arg] # a row's types are its query's
        try:
            return self._connection().execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise StoreFailedError(f"{self._path} can not be read: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        if self._database is None:
            raise StoreFailedError(f"{self._path} is not open")
        return self._database


def _encode_block(block: Block) -> bytes:
    return _encode((block.number, block.hash.hex(), block.parent.hex(), block.timestamp_s))


def _decode_block(raw: bytes) -> Block:
    number, block_hash, parent, timestamp_s = msgspec.json.decode(
        raw, type=tuple[int, str, str, int]
    )
    return Block(
        number=number,
        hash=bytes.fromhex(block_hash),
        parent=bytes.fromhex(parent),
        timestamp_s=timestamp_s,
    )


def _decode_batch(row: tuple[int, int, int, bytes, int, str, bytes]) -> StoredBatch:
    number, up_to, through_s, groups, stage, told, skips = row
    return StoredBatch(
        number=number,
        up_to=up_to,
        through_s=through_s,
        groups=_groups.decode(groups),
        stage=SettlementStage(stage),
        told=told,
        skips=_skips.decode(skips),
    )


def _decode_transaction(
    row: tuple[str, int, int, bytes, bytes, int, str, str, bytes, str],
) -> StoredTransaction:
    transaction_hash, batch, nonce, root, data, gas, max_fee, tip, raw, state = row
    return StoredTransaction(
        hash=transaction_hash,
        batch=batch,
        nonce=nonce,
        root=root,
        data=data,
        gas=gas,
        fees=Fees(max_fee=int(max_fee), tip=int(tip)),
        raw=raw,
        state=TransactionState(state),
    )
