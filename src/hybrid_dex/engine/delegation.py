"""Delegation: the chain's facts about session keys and approved orders.

Grants and approvals come from final blocks only and share the rising position of deposits.
Revocations come as soon as they are seen, so a grant from before one may become final after it:
each revocation keeps its place in the chain, and what was granted below it is dead.
"""

from typing import Final

from hybrid_dex.engine.desk import Desk
from hybrid_dex.engine.sessions import is_session
from hybrid_dex.model.commands import ApproveOrder, GrantSession, RevokeApproval, RevokeSession
from hybrid_dex.model.events import (
    ApprovalRevoked,
    OrderApproved,
    SessionGranted,
    SessionRevoked,
)
from hybrid_dex.model.order import CancelReason
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignatureKind
from hybrid_dex.model.units import AccountId, Amount, Quantity

__all__ = ["Delegation"]

_HASH_BYTES: Final = 32
_MAX_BUY_BUDGET: Final = 2**96 - 1
_MAX_SELL_BUDGET: Final = 2**72 - 1
_MAX_EXPIRY_S: Final = 2**40 - 1


class Delegation:
    """The commands about who else may sign for an account."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def grant_session(self, command: GrantSession) -> None:
        """Add to what a key may do; after a revocation it begins at zero."""
        desk, account, key, market = self._desk, command.account, command.key, command.market
        if self._refuse_grant(command) or desk.refuse_repeat(account, command.position):
            return
        state = desk.sessions.find(account, key, market)
        if (
            state is not None
            and command.position is not None
            and command.position <= state.revoked_position
        ):
            detail = "the key was revoked after this grant"
            desk.refuse(account, RejectReason.SESSION_REVOKED, "position", detail)
            return
        desk.pass_position(command.position)
        state = desk.sessions.state(account, key, market)
        state.buy_budget += command.buy_budget
        state.sell_budget += command.sell_budget
        state.expiry_s = max(state.expiry_s, command.expiry_s)
        state.revoked = False
        desk.emit(
            SessionGranted(
                account,
                key,
                market,
                Amount(state.buy_budget),
                Quantity(state.sell_budget),
                state.expiry_s,
            )
        )

    def revoke_session(self, command: RevokeSession) -> None:
        """A key is dead: its orders go at once, and its budgets with them."""
        desk, account, key, market = self._desk, command.account, command.key, command.market
        if market not in desk.venues:
            desk.refuse(account, RejectReason.UNKNOWN_MARKET, "market", f"no market {market}")
            return
        position = -1 if command.position is None else command.position
        known = desk.sessions.find(account, key, market)
        if known is not None and (known.revoked or 0 <= position <= known.revoked_position):
            known.revoked_position = max(known.revoked_position, position)
            return
        state = desk.sessions.state(account, key, market)
        desk.emit(SessionRevoked(account, key, market))
        for order in desk.orders.live_of(account):
            signed = order.authorization
            if (
                order.market == market
                and signed is not None
                and is_session(signed)
                and signed.signer == key
            ):
                desk.cancel(order, CancelReason.REVOKED)
        state.end(position, desk.sequence)

    def approve_order(self, command: ApproveOrder) -> None:
        """An order's hash may be used, unless its approval was revoked already."""
        desk, account = self._desk, command.account
        if self._refuse_hash(account, command.order_hash):
            return
        if desk.refuse_repeat(account, command.position):
            return
        usable = desk.sessions.approvals.get((account, command.order_hash))
        if usable is False:
            detail = "the approval of this hash was revoked, for ever"
            desk.refuse(account, RejectReason.APPROVAL_REVOKED, "order_hash", detail)
            return
        desk.pass_position(command.position)
        if usable is None:
            desk.sessions.approvals[account, command.order_hash] = True
            desk.emit(OrderApproved(account, command.order_hash))

    def revoke_approval(self, command: RevokeApproval) -> None:
        """A hash is dead for ever, and its order goes."""
        desk, account, order_hash = self._desk, command.account, command.order_hash
        if self._refuse_hash(account, order_hash):
            return
        if desk.sessions.approvals.get((account, order_hash)) is False:
            return
        desk.sessions.approvals[account, order_hash] = False
        desk.emit(ApprovalRevoked(account, order_hash))
        for order in desk.orders.live_of(account):
            signed = order.authorization
            if (
                signed is not None
                and signed.kind == SignatureKind.APPROVED
                and signed.order_hash == order_hash
            ):
                desk.cancel(order, CancelReason.REVOKED)

    def _refuse_grant(self, command: GrantSession) -> bool:
        """Tell when a grant can not be; return whether."""
        desk, account = self._desk, command.account
        if command.market not in desk.venues:
            detail = f"no market {command.market}"
            desk.refuse(account, RejectReason.UNKNOWN_MARKET, "market", detail)
            return True
        bounds = (
            ("buy_budget", command.buy_budget, _MAX_BUY_BUDGET),
            ("sell_budget", command.sell_budget, _MAX_SELL_BUDGET),
            ("expiry_s", command.expiry_s, _MAX_EXPIRY_S),
        )
        for field, value, most in bounds:
            if not 0 <= value <= most:
                desk.refuse(account, RejectReason.INVALID_AMOUNT, field, f"0 to {most}")
                return True
        if not command.key or command.key == account:
            detail = "a key of its own, not the account"
            desk.refuse(account, RejectReason.BAD_SIGNATURE, "key", detail)
            return True
        return False

    def _refuse_hash(self, account: AccountId, order_hash: bytes) -> bool:
        """Tell when bytes are no order's hash; return whether."""
        if len(order_hash) == _HASH_BYTES:
            return False
        detail = f"{_HASH_BYTES} bytes"
        self._desk.refuse(account, RejectReason.BAD_SIGNATURE, "order_hash", detail)
        return True
