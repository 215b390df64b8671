"""Entries of the ledger from events: double entry, exact, with the balance after each.

Pure: no database here. Every movement is a posting whose entries sum to zero per asset; the other
side of what comes in or goes out is the vault's. An event that moves nothing makes no entry. Holds
of orders are no movement, see `LedgerPart`.
"""

from typing import Any, Final, TypeAlias

from hybrid_dex.defaults.sql_lookups import NOBODY, FillTerms, Known
from hybrid_dex.model.events import (
    Deposited,
    EventBatch,
    FillMade,
    FillSettled,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    WithdrawalChanged,
    Withdrawn,
)
from hybrid_dex.model.history import EntryKind, LedgerPart, VoucherState
from hybrid_dex.model.settlement import SettlementStage

__all__ = ["FundsEvent", "Ledger"]

Row: TypeAlias = dict[str, Any]
_Leg: TypeAlias = tuple[str, LedgerPart, str, EntryKind, int]
"""Account, part, asset, why, and how much comes in."""

FundsEvent: TypeAlias = (
    Deposited
    | Withdrawn
    | WithdrawalChanged
    | VoucherIssued
    | VoucherRedeemed
    | VoucherExpired
    | FillMade
    | FillSettled
)
"""What may move funds."""

_TRADING: Final = LedgerPart.TRADING
_WITHDRAWING: Final = LedgerPart.WITHDRAWING
_VOUCHERS: Final = LedgerPart.VOUCHERS


class Ledger:
    """Entries, balances and vouchers of a run of batches.

    Args:
        known: the rows that are there; its balances, fills and vouchers move with the run.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._before = dict(known.balances)
        self._vouchers_before = set(known.vouchers)
        self._voucher_rows: dict[tuple[str, int], Row] = {}
        self.entries: list[Row] = []

    def apply(self, batch: EventBatch, index: int, event: FundsEvent) -> None:
        """Book one event."""
        reference: int | None = None
        legs: list[_Leg]
        match event:
            case Deposited(account=account, asset=asset, amount=amount):
                legs = _with_vault(account, asset, EntryKind.DEPOSIT, amount)
            case Withdrawn(account=account, asset=asset, amount=amount):
                legs = _with_vault(account, asset, EntryKind.WITHDRAWAL, -amount)
            case WithdrawalChanged(account=account, asset=asset):
                before = self._known.balances.get((account, _WITHDRAWING, asset), 0)
                kind, more = EntryKind.WITHDRAWAL_REQUESTED, event.requested - before
                legs = _between(account, asset, kind, (_TRADING, _WITHDRAWING), more)
            case VoucherIssued() | VoucherRedeemed() | VoucherExpired():
                reference, legs = event.salt, self._voucher(batch, event)
            case FillMade():
                terms = self._known.fills[event.fill_id] = FillTerms.of(event)
                reference, legs = event.fill_id, self._fill(terms)
            case FillSettled():
                reference, legs = event.fill_id, self._reversal(event)
        self._post(batch, index, reference, legs)

    def balances(self) -> tuple[list[Row], list[Row]]:
        """Return the balances that are new, and those that changed."""
        new: list[Row] = []
        changed: list[Row] = []
        for key, amount in self._known.balances.items():
            row = {"account": key[0], "part": int(key[1]), "asset": key[2], "amount": amount}
            if key not in self._before:
                new.append(row)
            elif self._before[key] != amount:
                changed.append(row)
        return new, changed

    def vouchers(self) -> tuple[list[Row], list[Row]]:
        """Return the vouchers that are new, and those that ended."""
        new = [row for key, row in self._voucher_rows.items() if key not in self._vouchers_before]
        ended = [row for key, row in self._voucher_rows.items() if key in self._vouchers_before]
        return new, ended

    def _post(self, batch: EventBatch, index: int, reference: int | None, legs: list[_Leg]) -> None:
        balances = self._known.balances
        moved = [leg for leg in legs if leg[4]]
        for number, (account, part, asset, kind, amount) in enumerate(moved):
            key = (account, int(part), asset)
            balance = balances[key] = balances.get(key, 0) + amount
            self.entries.append(
                {
                    "sequence": batch.sequence,
                    "index": index,
                    "leg": number,
                    "at_ns": batch.at_ns,
                    "account": account,
                    "part": int(part),
                    "asset": asset,
                    "kind": int(kind),
                    "amount": amount,
                    "balance": balance,
                    "reference": reference,
                }
            )

    def _fill(self, fill: FillTerms) -> list[_Leg]:
        terms = self._known.markets.get(fill.market)
        if terms is None:
            return []
        base = fill.quantity * terms.lot_size
        notional = fill.price * fill.quantity * terms.tick_size
        (buyer, buyer_fee), (seller, seller_fee) = fill.buyer, fill.seller
        trade, fee, quote = EntryKind.TRADE, EntryKind.FEE, terms.quote
        return [
            (buyer, _TRADING, terms.base, trade, base),
            (buyer, _TRADING, quote, trade, -notional),
            (seller, _TRADING, terms.base, trade, -base),
            (seller, _TRADING, quote, trade, notional),
            (buyer, _TRADING, quote, fee, -buyer_fee),
            (seller, _TRADING, quote, fee, -seller_fee),
            (NOBODY, LedgerPart.FEES, quote, fee, buyer_fee + seller_fee),
        ]

    def _reversal(self, event: FillSettled) -> list[_Leg]:
        fill = self._known.fills.get(event.fill_id)
        if event.stage is not SettlementStage.FAILED or fill is None:
            return []
        words = {
            EntryKind.TRADE: EntryKind.TRADE_REVERSED,
            EntryKind.FEE: EntryKind.FEE_REVERSED,
        }
        return [
            (account, part, asset, words[kind], -amount)
            for account, part, asset, kind, amount in self._fill(fill)
        ]

    def _voucher(
        self, batch: EventBatch, event: VoucherIssued | VoucherRedeemed | VoucherExpired
    ) -> list[_Leg]:
        key, account, asset = (event.account, event.salt), event.account, event.asset
        if isinstance(event, VoucherIssued):
            self._known.vouchers[key] = (asset, event.amount, VoucherState.OPEN)
            self._voucher_rows[key] = _voucher_row(batch, event)
            kind = EntryKind.VOUCHER_ISSUED
            return _between(account, asset, kind, (_TRADING, _VOUCHERS), event.amount)
        legs: list[_Leg] = []
        held = self._known.vouchers.get(key)
        redeemed = isinstance(event, VoucherRedeemed)
        kind = EntryKind.VOUCHER_PAID if redeemed else EntryKind.VOUCHER_EXPIRED
        if held is not None and held[0] == asset and held[2] is VoucherState.OPEN:
            state = VoucherState.REDEEMED if redeemed else VoucherState.EXPIRED
            self._known.vouchers[key] = (asset, held[1], state)
            row = self._voucher_rows.setdefault(key, {"account": account, "salt": event.salt})
            row |= {"state": int(state), "ended_at_ns": batch.at_ns}
            legs = _between(account, asset, kind, (_VOUCHERS, _TRADING), held[1])
        if redeemed:
            legs += _with_vault(account, asset, kind, -event.amount)
        return legs


def _with_vault(account: str, asset: str, kind: EntryKind, amount: int) -> list[_Leg]:
    return [
        (account, _TRADING, asset, kind, amount),
        (NOBODY, LedgerPart.VAULT, asset, kind, -amount),
    ]


def _between(
    account: str, asset: str, kind: EntryKind, parts: tuple[LedgerPart, LedgerPart], amount: int
) -> list[_Leg]:
    source, target = parts
    return [(account, source, asset, kind, -amount), (account, target, asset, kind, amount)]


def _voucher_row(batch: EventBatch, event: VoucherIssued) -> Row:
    return {
        "account": event.account,
        "salt": event.salt,
        "asset": event.asset,
        "amount": event.amount,
        "recipient": event.recipient,
        "deadline_s": event.deadline_s,
        "min_batch": event.min_batch,
        "state": int(VoucherState.OPEN),
        "issued_at_ns": batch.at_ns,
        "ended_at_ns": None,
    }
