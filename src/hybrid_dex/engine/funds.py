"""Funds: deposits, withdrawals, settlement's progress, and the chain's other facts.

A fact from the chain can not be refused because it is inconvenient: what no longer is covered is
canceled, newest first, and an account that stays short is frozen. Facts may come twice; what is
known already changes nothing.
"""

from typing import Final

from hybrid_dex.engine.desk import Desk
from hybrid_dex.engine.lanes import nonce_key
from hybrid_dex.engine.settlement_flight import Progress
from hybrid_dex.model.commands import (
    CompleteWithdrawal,
    ConfirmSettlement,
    Deposit,
    FailSettlement,
    RaiseFloor,
    RequestWithdrawal,
    RevokeLane,
    Withdraw,
)
from hybrid_dex.model.events import (
    Deposited,
    FillSettled,
    FloorRaised,
    LaneRevoked,
    WithdrawalChanged,
    Withdrawn,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import CancelReason, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import MAX_AMOUNT, Amount, AssetId, OrderId

__all__ = ["Funds"]

_PROGRESS: Final = (
    SettlementStage.SUBMITTED,
    SettlementStage.CONFIRMED,
    SettlementStage.FINAL,
)


class Funds:
    """The commands about funds, settlement and what the chain revoked."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ------------------------------------------------------ deposit, withdraw

    def deposit(self, command: Deposit) -> None:
        """Credit funds that arrived."""
        desk, asset = self._desk, command.asset
        if desk.refuse_amount(command.account, asset, command.amount, 1):
            return
        if desk.refuse_repeat(command.account, command.position):
            return
        if desk.ledger.vault.get(asset, 0) + command.amount > MAX_AMOUNT:
            detail = f"the vault's total of {asset} would exceed {MAX_AMOUNT} atoms"
            desk.refuse(command.account, RejectReason.INVALID_AMOUNT, "amount", detail)
            return
        desk.pass_position(command.position)
        entry = desk.ledger.deposit(command.account, asset, command.amount)
        desk.emit(Deposited(command.account, asset, command.amount, Amount(entry.available)))

    def withdraw(self, command: Withdraw) -> None:
        """Debit what is available and settled."""
        desk, account, asset = self._desk, command.account, command.asset
        if desk.refuse_amount(account, asset, command.amount, 1):
            return
        if desk.refuse_leaving(account, asset, command.amount):
            return
        entry = desk.ledger.withdraw(account, asset, command.amount)
        desk.emit(Withdrawn(account, asset, command.amount, Amount(entry.available)))

    def request_withdrawal(self, command: RequestWithdrawal) -> None:
        """Put the requested amount aside, whether or not it is there."""
        desk, account, asset = self._desk, command.account, command.asset
        if desk.refuse_amount(account, asset, command.amount, 0):
            return
        entry = desk.ledger.find(account, asset)
        before = 0 if entry is None else entry.withdrawing
        if before == command.amount:
            return
        entry = desk.ledger.reserve(account, asset, command.amount - before)
        desk.emit(WithdrawalChanged(account, asset, command.amount, Amount(entry.available)))
        desk.cover(account, asset)

    def complete_withdrawal(self, command: CompleteWithdrawal) -> None:
        """The vault paid: debit it out of what was put aside. The rest stays aside until told."""
        desk, account, asset = self._desk, command.account, command.asset
        if desk.refuse_amount(account, asset, command.amount, 1):
            return
        if desk.refuse_repeat(account, command.position):
            return
        desk.pass_position(command.position)
        entry = desk.ledger.entry(account, asset)
        aside = min(entry.withdrawing, command.amount)
        desk.ledger.reserve(account, asset, -aside)
        desk.ledger.withdraw(account, asset, command.amount)
        available = Amount(entry.available)
        desk.emit(Withdrawn(account, asset, command.amount, available))
        if aside:
            desk.emit(WithdrawalChanged(account, asset, Amount(entry.withdrawing), available))
        desk.cover(account, asset)

    # -------------------------------------------------------------- settlement

    def confirm(self, command: ConfirmSettlement) -> None:
        """Move fills to a stage; final ones leave flight."""
        desk, stage = self._desk, command.stage
        if stage not in _PROGRESS:
            detail = "submitted, confirmed or final"
            desk.refuse(None, RejectReason.INVALID_MESSAGE, "stage", detail)
            return
        known = [fill_id for fill_id in command.fills if fill_id in desk.flight.fills]
        if not known:
            detail = "none of these fills is unsettled"
            desk.refuse(None, RejectReason.UNKNOWN_FILL, "fills", detail)
            return
        progress = Progress(stage, command.batch, command.transaction)
        for fill_id in dict.fromkeys(known):
            fill = desk.flight.fills[fill_id]
            if stage is SettlementStage.FINAL:
                desk.flight.land(fill_id)
                desk.ledger.settle(self._market(fill), fill)
                desk.final_batch = max(desk.final_batch, command.batch)
            elif not desk.flight.advance(fill_id, progress):
                continue
            desk.emit(_settled(fill, stage, command.batch, command.transaction, 0))

    def fail(self, command: FailSettlement) -> None:
        """Reverse fills; then the culprits lose their orders, and what is short its cover."""
        desk = self._desk
        failures = {
            failure.fill_id: failure
            for failure in reversed(command.failures)
            if failure.fill_id in desk.flight.fills
        }
        if not failures:
            detail = "none of these fills is unsettled"
            desk.refuse(None, RejectReason.UNKNOWN_FILL, "failures", detail)
            return
        desk.final_batch = max(desk.final_batch, command.batch)
        reversed_fills = []
        for fill_id, failure in sorted(failures.items()):
            fill = desk.flight.land(fill_id)
            desk.reverse(fill)
            reversed_fills.append(fill)
            failed = SettlementStage.FAILED
            desk.emit(_settled(fill, failed, command.batch, command.transaction, failure.reason))
        for _, failure in sorted(failures.items()):
            if failure.culprit is not None:
                culprit = desk.orders.live(failure.culprit)
                if culprit is not None:
                    desk.cancel(culprit, CancelReason.SETTLEMENT_FAILED)
        for fill in reversed_fills:
            market = self._market(fill)
            buys, sells = fill.maker.account, fill.taker.account
            if fill.taker.side is Side.BUY:
                buys, sells = sells, buys
            desk.cover(buys, market.base.id)
            desk.cover(sells, market.quote.id)

    # -------------------------------------------------------------- revocation

    def revoke_lane(self, command: RevokeLane) -> None:
        """A lane is dead up to a key; its order goes when it is not above."""
        desk, account, asset = self._desk, command.account, command.asset
        fits = asset in desk.assets if command.lane == 0 else asset is None
        if not fits:
            detail = "the base asset for lane 0, none for the others"
            desk.refuse(account, RejectReason.UNKNOWN_ASSET, "asset", detail)
            return
        key = (account, AssetId("") if asset is None else asset, command.lane)
        state = desk.lanes.revoke(key, command.key)
        if state is None:
            return
        desk.emit(LaneRevoked(account, asset, command.lane, command.key))
        order = desk.orders.live(OrderId(state.order_id))
        signed = None if order is None else order.authorization
        if order is not None and signed is not None and nonce_key(signed.nonce) <= command.key:
            desk.cancel(order, CancelReason.REVOKED)

    def raise_floor(self, command: RaiseFloor) -> None:
        """Counters below a floor are dead for orders quoted in this asset."""
        desk, account, asset = self._desk, command.account, command.asset
        if asset not in desk.assets:
            desk.refuse(account, RejectReason.UNKNOWN_ASSET, "asset", f"no asset {asset}")
            return
        if not desk.lanes.raise_floor(account, asset, command.floor):
            return
        desk.emit(FloorRaised(account, asset, command.floor))
        for order in desk.orders.live_of(account):
            signed = order.authorization
            if signed is None or desk.venues[order.market].quote_id != asset:
                continue
            if signed.nonce >> 24 < command.floor:
                desk.cancel(order, CancelReason.REVOKED)

    def _market(self, fill: MatchedFill) -> Market:
        return self._desk.venues[fill.market].market


def _settled(
    fill: MatchedFill, stage: SettlementStage, batch: int, transaction: str, reason: int
) -> FillSettled:
    return FillSettled(
        fill.fill_id,
        fill.market,
        fill.maker.account,
        fill.taker.account,
        fill.maker.order_id,
        fill.taker.order_id,
        stage,
        batch,
        transaction,
        reason,
    )
