"""Promises: what the operator signs for a trader - vouchers to withdraw at once, cancel receipts.

A voucher is journaled before it is signed, so a crash between the two loses nothing: the voucher
is open, and is signed again when its owner asks. Nothing is journaled that could not be signed,
and nothing is signed while settlement says that what was final may not be so.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from hybrid_dex.engine.lanes import lane_key, nonce_key
from hybrid_dex.exchange.options import ExchangeOptions
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import Settlement
from hybrid_dex.model.commands import Command, IssueVoucher
from hybrid_dex.model.events import (
    CommandRejected,
    EventBatch,
    OrderCanceled,
    OrderExpired,
    OrderReplaced,
    VoucherIssued,
)
from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    MarketId,
    OrderId,
    Quantity,
    Sequence,
    last_group,
)
from hybrid_dex.model.views import OrderView
from hybrid_dex.model.vouchers import CancelReceipt, SignedCancelReceipt, SignedVoucher, Voucher

__all__ = ["Promises"]

_NANOSECONDS: Final = 1_000_000_000
_ONE_REVISION: Final = 1 << 16
_GONE: Final = (OrderStatus.CANCELED, OrderStatus.EXPIRED)


class Promises:
    """Asks the engine for funds, and settlement for signatures.

    Args:
        settlement: who signs.
        view: what is promised already, and what became of an order.
        submit: the writer's door.
        clock: what a deadline counts from.
        options: how far ahead it lies.
    """

    def __init__(
        self,
        settlement: Settlement,
        *,
        view: ExchangeView,
        submit: "Callable[[Command], asyncio.Future[EventBatch]]",
        clock: Clock,
        options: ExchangeOptions,
    ) -> None:
        self._settlement = settlement
        self._view = view
        self._submit = submit
        self._clock = clock
        self._options = options

    # ---------------------------------------------------------------- vouchers

    async def issue(
        self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        recipient: str,
        *,
        deadline_s: int | None,
        salt: int,
    ) -> SignedVoucher | Refusal:
        """Journal a voucher, then sign it. One whose salt is open is signed again."""
        refusal = self._halted() or self._settlement.refuse_voucher(asset, recipient)
        if refusal is not None:
            return refusal
        wanted = (asset, amount, recipient, deadline_s)
        if self._open_with(account, salt) is not None:
            return await self._again(account, salt, wanted)
        if deadline_s is None:
            deadline_s = self._clock.now_ns() // _NANOSECONDS + self._options.voucher_lifetime_s
        batch = await self._submit(
            IssueVoucher(
                account=account,
                asset=asset,
                amount=amount,
                recipient=recipient,
                salt=salt,
                deadline_s=deadline_s,
            )
        )
        for event in batch.events:
            if isinstance(event, CommandRejected):
                if self._open_with(account, salt) is not None:  # asked for twice at once
                    return await self._again(account, salt, wanted)
                return Refusal(event.reason, event.field, event.detail)
            if isinstance(event, VoucherIssued):
                halted = self._halted()
                return halted or await self._sign(_voucher(event))
        raise AssertionError(f"command {batch.sequence} neither issued nor refused a voucher")

    def _open_with(self, account: AccountId, salt: int) -> Voucher | None:
        mine = self._view.vouchers(account) if salt else ()
        return next((voucher for voucher in mine if voucher.salt == salt), None)

    async def _again(
        self, account: AccountId, salt: int, wanted: tuple[AssetId, Amount, str, int | None]
    ) -> SignedVoucher | Refusal:
        """Sign the open voucher with this salt again, if that is what was asked for."""
        voucher = self._open_with(account, salt)
        assert voucher is not None
        asset, amount, recipient, deadline_s = wanted
        if (asset, amount, recipient) == (voucher.asset, voucher.amount, voucher.recipient) and (
            deadline_s in {None, voucher.deadline_s}
        ):
            return self._halted() or await self._sign(voucher)
        detail = "another one: an open voucher with other terms has it"
        return Refusal(RejectReason.INVALID_VOUCHER, "salt", detail)

    async def open(self, account: AccountId) -> tuple[SignedVoucher, ...] | Refusal:
        """Sign an account's open vouchers again."""
        vouchers = self._view.vouchers(account)
        halted = self._halted()
        if halted is not None and vouchers:
            return halted
        return tuple([await self._sign(voucher) for voucher in vouchers])

    async def _sign(self, voucher: Voucher) -> SignedVoucher:
        signature = await self._settlement.sign_voucher(voucher)
        return SignedVoucher(voucher=voucher, signature=signature)

    def _halted(self) -> Refusal | None:
        reason = self._settlement.halt_reason
        return Refusal(RejectReason.WITHDRAWALS_HALTED, "", reason) if reason else None

    # ---------------------------------------------------------------- receipts

    async def receipt(
        self, order_id: OrderId, batch: EventBatch | None
    ) -> SignedCancelReceipt | Refusal:
        """State that an order, or its terms before the last replacement, are dead; and sign it."""
        order = self._view.order(order_id)
        if order is None:
            return Refusal(RejectReason.UNKNOWN_ORDER, "order_id", "no such order, or too long ago")
        if order.nonce is None:
            detail = "the order is not signed, so nobody can settle it"
            return Refusal(RejectReason.NO_RECEIPT, "order_id", detail)
        now = self._view.sequence
        found = _as_it_stands(order, now) if batch is None else _of(batch, order, now)
        if found is None:
            detail = "neither canceled, nor expired, nor replaced"
            if batch is not None:
                detail += f" by command {batch.sequence}"
            return Refusal(RejectReason.NO_RECEIPT, "order_id", detail)
        nonce, filled, sequence = found
        alive = self._alive_below(order, nonce)
        if alive is not None:
            detail = f"it would end order {alive}, too, which is live in the same lane"
            return Refusal(RejectReason.NO_RECEIPT, "order_id", detail)
        receipt = CancelReceipt(
            trader=order.account,
            market=order.market,
            nonce=nonce,
            filled=filled,
            sequence=last_group(sequence),
        )
        signature = await self._settlement.sign_cancel_receipt(receipt)
        return SignedCancelReceipt(receipt=receipt, signature=signature)

    def _alive_below(self, order: OrderView, nonce: int) -> OrderId | None:
        """Return a live order that ends with this nonce: a receipt ends all below it in its lane."""
        key, base = nonce_key(nonce), self._base(order.market)
        lane = lane_key(order.account, base, nonce)
        for other in self._view.open_orders(order.account):
            if other.nonce is not None and nonce_key(other.nonce) <= key:
                base = self._base(other.market)
                if lane_key(other.account, base, other.nonce) == lane:
                    return other.order_id
        return None

    def _base(self, market: MarketId) -> AssetId:
        listed = self._view.market(market)
        assert listed is not None, f"an order is in {market}, which is not listed"
        return listed.base.id


def _voucher(event: VoucherIssued) -> Voucher:
    return Voucher(
        account=event.account,
        asset=event.asset,
        amount=event.amount,
        recipient=event.recipient,
        salt=event.salt,
        deadline_s=event.deadline_s,
        min_batch=event.min_batch,
    )


def _as_it_stands(order: OrderView, now: Sequence) -> tuple[int, Quantity, Sequence] | None:
    """Return the highest dead nonce, what was filled, and the last command, by which it was dead."""
    assert order.nonce is not None
    if order.status in _GONE:
        return order.nonce, order.filled, now
    if order.status is OrderStatus.REJECTED:
        return None  # its nonce was never used, nor one below it
    before = _replaced(order.nonce)
    return None if before is None else (before, order.filled, now)


def _of(
    batch: EventBatch, order: OrderView, now: Sequence
) -> tuple[int, Quantity, Sequence] | None:
    """Return the same, as of the command that ended the order or replaced its terms.

    The other exit of an OCO or a bracket has the revision below, and may have traded since.
    """
    assert order.nonce is not None
    found = None
    for event in batch.events:
        match event:
            case OrderCanceled() | OrderExpired() if event.order_id == order.order_id:
                alone = _replaced(order.nonce) is None
                found = order.nonce, event.filled, batch.sequence if alone else now
            case OrderReplaced(authorization=signed) if event.order_id == order.order_id:
                before = None if signed is None else _replaced(signed.nonce)
                found = None if before is None else (before, event.filled, batch.sequence)
            case _:
                pass
    return found


def _replaced(nonce: int) -> int | None:
    """Return the revision below, if there is one: of the terms before a replacement, or an exit's."""
    return nonce - _ONE_REVISION if nonce >> 16 & 0xFF else None
