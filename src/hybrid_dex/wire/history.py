"""Messages of an account's history: ledger, deposits, withdrawals, fees and limits, solvency.

Every list is newest first and pages by an opaque cursor; decimal text is exact, times are integer
milliseconds.
"""

from typing import TypeAlias

import msgspec

from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.history import LedgerEntry, TransferRecord, VoucherRecord
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.wire.cursors import CursorText
from hybrid_dex.wire.promises import DigitsText, Packed48, Seconds
from hybrid_dex.wire.scalars import (
    AccountText,
    DecimalText,
    Milliseconds,
    SequenceNumber,
    SymbolText,
    to_ms,
)
from hybrid_dex.wire.words import (
    EntryKindWord,
    LedgerPartWord,
    TransferKindWord,
    VoucherStateWord,
    transfer_word,
    word,
)

__all__ = [
    "AccountFeesAnswer",
    "AccountLimitsMessage",
    "AssetSolvencyMessage",
    "LedgerAnswer",
    "LedgerEntryMessage",
    "MarketRatesMessage",
    "SolvencyAnswer",
    "TransferMessage",
    "TransfersAnswer",
    "VoucherStatusMessage",
    "ledger_entry_message",
    "limits_message",
    "market_rates_message",
    "transfer_message",
    "voucher_status_message",
]

Ppm: TypeAlias = int


class LedgerEntryMessage(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True
):
    """One movement of the account's funds.

    Attributes:
        sequence: the command that moved them.
        part: where: in trading (available or held), waiting for a withdrawal, or in vouchers.
        amount: negative for what left that part.
        balance: what that part holds of the asset afterwards.
        reference: the fill's id or the voucher's salt, or null.
    """

    sequence: SequenceNumber
    at_ms: Milliseconds
    asset: SymbolText
    part: LedgerPartWord
    kind: EntryKindWord
    amount: DecimalText
    balance: DecimalText
    reference: DigitsText | None = None


class LedgerAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries, newest first; ``next`` is the cursor of the next page, null on the last.

    Attributes:
        complete_from: the first command of which entries are kept; later than 1 only after an
            upgrade, until the operator rebuilds the records.
    """

    entries: list[LedgerEntryMessage]
    complete_from: SequenceNumber
    next: CursorText | None = None


class TransferMessage(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True
):
    """Funds that came, left, or wait to leave.

    Attributes:
        sequence: the command.
        kind: what happened.
        amount: how much; of a withdrawal request, what waits altogether.
        available: what could be traded afterwards.
        salt: of a voucher, which; otherwise null.
    """

    sequence: SequenceNumber
    at_ms: Milliseconds
    kind: TransferKindWord
    asset: SymbolText
    amount: DecimalText
    available: DecimalText
    salt: DigitsText | None = None


class TransfersAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Transfers, newest first; ``next`` is the cursor of the next page, null on the last."""

    transfers: list[TransferMessage]
    next: CursorText | None = None


class VoucherStatusMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a voucher has come.

    Attributes:
        salt: tells the account's vouchers apart.
        amount: how much.
        recipient: the address that the vault pays.
        deadline: until when the vault pays, Unix seconds.
        min_batch: the vault pays once this batch has settled.
        state: open until a final block paid it, or can pay it no more.
        ended_at_ms: when that was told; null while it is open.
    """

    salt: DigitsText
    asset: SymbolText
    amount: DecimalText
    recipient: AccountText
    deadline: Seconds
    min_batch: Packed48
    state: VoucherStateWord
    issued_at_ms: Milliseconds
    ended_at_ms: Milliseconds | None = None


class MarketRatesMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an account is charged in a market today.

    Attributes:
        tier: 0 below the first tier of the market's fees, then 1, 2, ...
        volume: what counts: quote traded in the thirty UTC days before today.
        next_volume: from which volume on the next tier holds; null in the last.
    """

    market: SymbolText
    maker_fee_ppm: Ppm
    taker_fee_ppm: Ppm
    tier: int
    volume: DecimalText
    volume_asset: SymbolText
    next_volume: DecimalText | None = None


class AccountLimitsMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the account may do; null is no limit. Notionals and volumes are whole units of quote.

    Attributes:
        tier: the risk tier's name.
        killed: nothing of the account enters now.
        order_notional: the largest order.
        open_orders: how many orders may rest at once.
        daily_volume: what may trade in a UTC day.
        orders_per_second: how many orders and replacements may enter in a second.
        position: how much of a base asset it may have once its buys are filled, whole units.
        price_band_ppm: how far beyond the last trade a price may be, on its bad side.
    """

    tier: str
    killed: bool
    order_notional: int | None = None
    open_orders: int | None = None
    daily_volume: int | None = None
    orders_per_second: int | None = None
    position: int | None = None
    price_band_ppm: Ppm | None = None


class AccountFeesAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account's rates in every market, and its limits."""

    markets: list[MarketRatesMessage]
    limits: AccountLimitsMessage


class AssetSolvencyMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the exchange says of one asset.

    Attributes:
        token: the token contract's address, or null where there is no chain.
        on_chain: what the vault must show for the account.
        total: what the account owns by the ledger.
        liabilities: what the vault must hold for all accounts and the fees.
    """

    asset: SymbolText
    on_chain: DecimalText
    total: DecimalText
    liabilities: DecimalText
    token: AccountText | None = None


class SolvencyAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account's claim as of one command, and where anybody can check it without the exchange.

    Attributes:
        sequence: the command after which all figures hold.
        state_hash: of the whole exchange at it, as `hybrid-dex journal replay` shows it.
        contract: the vault; `hybrid-dex solvency verify` adds up what it owes and holds, and
            `hybrid-dex solvency proof` writes the proof of one account. Null without a chain.
    """

    account: AccountText
    sequence: SequenceNumber
    state_hash: str
    assets: list[AssetSolvencyMessage]
    chain_id: int | None = None
    contract: AccountText | None = None


def ledger_entry_message(entry: LedgerEntry, asset: Asset) -> LedgerEntryMessage:
    """Return an entry as its account sees it."""
    return LedgerEntryMessage(
        sequence=entry.key.sequence,
        at_ms=to_ms(entry.at_ns),
        asset=asset.id,
        part=word(entry.part),
        kind=word(entry.kind),
        amount=asset.format(entry.amount),
        balance=asset.format(entry.balance),
        reference=None if entry.reference is None else str(entry.reference),
    )


def transfer_message(transfer: TransferRecord, asset: Asset) -> TransferMessage:
    """Return a transfer as its account sees it."""
    return TransferMessage(
        sequence=transfer.sequence,
        at_ms=to_ms(transfer.at_ns),
        kind=transfer_word(transfer.kind),
        asset=asset.id,
        amount=asset.format(transfer.amount),
        available=asset.format(transfer.available),
        salt=None if transfer.salt is None else str(transfer.salt),
    )


def voucher_status_message(voucher: VoucherRecord, asset: Asset) -> VoucherStatusMessage:
    """Return how far a voucher has come."""
    ended = voucher.ended_at_ns
    return VoucherStatusMessage(
        salt=str(voucher.salt),
        asset=asset.id,
        amount=asset.format(voucher.amount),
        recipient=voucher.recipient,
        deadline=voucher.deadline_s,
        min_batch=voucher.min_batch,
        state=word(voucher.state),
        issued_at_ms=to_ms(voucher.issued_at_ns),
        ended_at_ms=None if ended is None else to_ms(ended),
    )


def market_rates_message(
    market: Market, fees: FeeSchedule, rates: tuple[int, int], volume: int
) -> MarketRatesMessage:
    """Return what an account that traded so much is charged in a market."""
    reached = [tier for tier in fees.tiers if tier.volume <= volume]
    later = [tier for tier in fees.tiers if tier.volume > volume]
    return MarketRatesMessage(
        market=market.id,
        maker_fee_ppm=rates[0],
        taker_fee_ppm=rates[1],
        tier=len(reached),
        volume=market.quote.format(volume),
        volume_asset=market.quote.id,
        next_volume=market.quote.format(later[0].volume) if later else None,
    )


def limits_message(tier: str, limits: RiskLimits, *, killed: bool) -> AccountLimitsMessage:
    """Return what an account of a tier may do."""
    return AccountLimitsMessage(
        tier=tier,
        killed=killed,
        order_notional=limits.order_notional,
        open_orders=limits.open_orders,
        daily_volume=limits.daily_volume,
        orders_per_second=limits.orders_per_second,
        position=limits.position,
        price_band_ppm=limits.price_band_ppm,
    )
