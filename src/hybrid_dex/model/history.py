"""What the records keep of accounts beside orders and fills: entries of the ledger, transfers, vouchers.

Double entry: every event that moves funds is a few entries whose amounts sum to zero, per asset.
What an account owns is in one of three parts; what it gains there the vault, another account or
the fees lose. Holds of open orders are no entries: they move nothing out of `LedgerPart.TRADING`.
"""

import enum

import msgspec

from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import AccountId, AssetId, Sequence, TimestampNs

__all__ = [
    "EntryKey",
    "EntryKind",
    "LedgerEntry",
    "LedgerPart",
    "OwnedBalance",
    "SettlementRecord",
    "SettlementTransaction",
    "TransferKind",
    "TransferRecord",
    "VoucherRecord",
    "VoucherState",
]


class LedgerPart(enum.IntEnum):
    """Where funds are. Numbers are stored: never reuse one."""

    TRADING = 1
    """The account's: available, or held by its open orders."""
    WITHDRAWING = 2
    """The account's: waits for a withdrawal that it requested on chain."""
    VOUCHERS = 3
    """The account's: set aside for its open vouchers."""
    VAULT = 4
    """The other side of all that is owned: minus what the vault must hold. Nobody's account."""
    FEES = 5
    """What the exchange collected. Nobody's account."""


class EntryKind(enum.IntEnum):
    """Why funds moved. Numbers are stored: never reuse one."""

    DEPOSIT = 1
    WITHDRAWAL = 2
    TRADE = 3
    FEE = 4
    """Of a fill; a rebate comes with the other sign."""
    TRADE_REVERSED = 5
    """The contract skipped the fill for ever."""
    FEE_REVERSED = 6
    WITHDRAWAL_REQUESTED = 7
    """Put aside for a requested withdrawal, or back."""
    VOUCHER_ISSUED = 8
    VOUCHER_PAID = 9
    VOUCHER_EXPIRED = 10


class TransferKind(enum.StrEnum):
    """What became of funds that came or went."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    """Funds left."""
    REQUEST = "withdrawal_request"
    """So much waits for a withdrawal now; 0 when nothing does any more."""
    VOUCHER = "voucher"
    VOUCHER_REDEEMED = "voucher_redeemed"
    VOUCHER_EXPIRED = "voucher_expired"


class VoucherState(enum.IntEnum):
    """How far a voucher has come."""

    OPEN = 1
    REDEEMED = 2
    """The vault paid it."""
    EXPIRED = 3
    """It can never be paid; its funds are available again."""


class EntryKey(msgspec.Struct, frozen=True, gc=False, array_like=True, order=True):
    """An entry's place: the command, the event in it, the entry of that event."""

    sequence: Sequence
    index: int
    leg: int


class LedgerEntry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One side of a movement.

    Attributes:
        key: its place, and that of the movement.
        account: whose; empty for vault and fees.
        amount: atoms, negative for what leaves.
        balance: what that part of the account holds of the asset afterwards, atoms.
        reference: the fill's id or the voucher's salt, or ``None``.
    """

    key: EntryKey
    at_ns: TimestampNs
    account: AccountId
    part: LedgerPart
    asset: AssetId
    kind: EntryKind
    amount: int
    balance: int
    reference: int | None = None


class OwnedBalance(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What an account owns of an asset by its entries, atoms.

    Attributes:
        trading: available or held; below zero only while a reversal left the account short.
        withdrawing: waits for a requested withdrawal.
        vouchers: set aside for open vouchers.
    """

    account: AccountId
    asset: AssetId
    trading: int
    withdrawing: int
    vouchers: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.trading + self.withdrawing + self.vouchers


class TransferRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Funds that came or went, or wait to go.

    Attributes:
        sequence: the command, and with ``index`` its place.
        index: the event within the command.
        amount: atoms; of a `TransferKind.REQUEST`, what waits altogether.
        available: what could be traded afterwards, atoms.
        salt: of a voucher, which; otherwise ``None``.
    """

    sequence: Sequence
    index: int
    at_ns: TimestampNs
    kind: TransferKind
    account: AccountId
    asset: AssetId
    amount: int
    available: int
    salt: int | None = None


class VoucherRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A voucher and how far it has come.

    Attributes:
        amount: atoms.
        recipient: the address that the vault pays.
        salt: tells the account's vouchers apart.
        deadline_s: until when the vault pays, Unix seconds.
        min_batch: the vault pays once this batch has settled.
        issued_at_ns: when it was issued.
        ended_at_ns: when it was paid or expired, ``None`` while it is open.
    """

    account: AccountId
    asset: AssetId
    amount: int
    recipient: str
    salt: int
    deadline_s: int
    min_batch: int
    state: VoucherState
    issued_at_ns: TimestampNs
    ended_at_ns: TimestampNs | None = None


class SettlementTransaction(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A transaction that carried a batch, and how far it came.

    Attributes:
        stage: the last that was told of it.
        first_at_ns: when it was first heard of.
        changed_at_ns: when its stage was last told.
    """

    transaction: str
    stage: SettlementStage
    first_at_ns: TimestampNs
    changed_at_ns: TimestampNs


class SettlementRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A batch of fills on its way.

    Attributes:
        batch: its number.
        stage: how far it has come; a fill of it may have failed all the same.
        transactions: those that carried it, the oldest first.
    """

    batch: int
    stage: SettlementStage
    first_at_ns: TimestampNs
    changed_at_ns: TimestampNs
    transactions: tuple[SettlementTransaction, ...] = ()
