"""Sessions: what keys that act for an account may still do, and which order hashes are approved.

A mirror of the settlement contract's grants and approvals, always on the strict side of it. A
grant counts when it is final, a revocation as soon as it is seen. Budgets are reserved for the
worst case of every open order, consumed by fills as the chain will consume them - a buy what it
pays, fees included, a sell its lots - and given back by a fill that failed. So for each session:
``chain = budget + reserved + fills in flight``, or more.

A revocation ends a session's budgets for ever; a later grant begins at zero. Whatever was filled
before it comes back to nobody, since the chain's new grant never knew of it.
"""

from typing import Final, TypeAlias

import msgspec

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import OrderTerms
from hybrid_dex.model.signed_order import Authorization, SignatureKind
from hybrid_dex.model.units import AccountId, Amount, MarketId, Quantity
from hybrid_dex.model.views import SessionView

__all__ = ["NEEDS_GRANT", "SESSION", "SessionKey", "SessionState", "Sessions", "is_session"]

SessionKey: TypeAlias = tuple[AccountId, str, MarketId]
"""Account, key, market."""

SESSION: Final = int(SignatureKind.SESSION)
_APPROVED: Final = int(SignatureKind.APPROVED)
NEEDS_GRANT: Final = (SESSION, _APPROVED)
"""The kinds of signature that count only if the account said so on chain."""
_BUY: Final = Side.BUY


class SessionState(msgspec.Struct, gc=False, array_like=True):
    """One key's grant in one market.

    Attributes:
        buy_budget: left for new orders, quote atoms.
        sell_budget: left for new orders, lots.
        buy_reserved: what open orders may use at worst, quote atoms.
        sell_reserved: what open orders may use, lots.
        expiry_s: when the grant ends, Unix seconds.
        revoked: whether it is revoked, and nothing was granted since.
        revoked_position: of the newest revocation on chain; grants below it are dead. -1 for none.
        since: the command of that revocation; fills before it give nothing back.
    """

    buy_budget: int = 0
    sell_budget: int = 0
    buy_reserved: int = 0
    sell_reserved: int = 0
    expiry_s: int = 0
    revoked: bool = False
    revoked_position: int = -1
    since: int = 0

    def budget(self, side: Side) -> int:
        """Return what a new order of this side may use."""
        return self.buy_budget if side is _BUY else self.sell_budget

    def reserve(self, side: Side, amount: int) -> None:
        """Move from budget to reserved; back when negative."""
        if side is _BUY:
            self.buy_budget -= amount
            self.buy_reserved += amount
        else:
            self.sell_budget -= amount
            self.sell_reserved += amount

    def consume(self, side: Side, amount: int) -> None:
        """A fill used this much of what was reserved. What it needed less is freed apart."""
        if side is _BUY:
            self.buy_reserved -= amount
        else:
            self.sell_reserved -= amount

    def give_back(self, side: Side, amount: int) -> None:
        """A fill that used this much failed."""
        if side is _BUY:
            self.buy_budget += amount
        else:
            self.sell_budget += amount

    def end(self, position: int, sequence: int) -> None:
        """Revoke: nothing is left. Its orders must be gone already, as they free into the budget."""
        assert self.buy_reserved == self.sell_reserved == 0, "an order of a revoked session is live"
        self.buy_budget = self.sell_budget = self.expiry_s = 0
        self.revoked = True
        self.revoked_position = max(self.revoked_position, position)
        self.since = sequence


def is_session(signed: Authorization | None) -> bool:
    """Return whether a session key signed."""
    return signed is not None and signed.kind == SESSION


class Sessions:
    """All grants that were ever seen, and all approvals."""

    __slots__ = ("approvals", "states")

    def __init__(self) -> None:
        self.states: dict[SessionKey, SessionState] = {}
        # True: may be used. False: revoked, for ever.
        self.approvals: dict[tuple[AccountId, bytes], bool] = {}

    def find(self, account: AccountId, key: str, market: MarketId) -> SessionState | None:
        """Return what is known of a key."""
        return self.states.get((account, key, market))

    def state(self, account: AccountId, key: str, market: MarketId) -> SessionState:
        """Return what is known of a key, from now on at least that it exists."""
        state = self.states.get((account, key, market))
        if state is None:
            state = self.states[account, key, market] = SessionState()
        return state

    def of(
        self, account: AccountId, signed: Authorization | None, market: MarketId
    ) -> SessionState | None:
        """Return the session that an accepted order was signed under, or ``None`` for none."""
        if signed is None or signed.kind != SESSION:
            return None
        return self.states[account, signed.signer, market]

    def refuse_signer(
        self, account: AccountId, signed: Authorization, market: MarketId
    ) -> Refusal | None:
        """Judge whether the account let this key sign, or approved this order's hash."""
        if signed.kind == SESSION:
            state = self.find(account, signed.signer, market)
            if state is None:
                detail = f"a grant of {signed.signer} in {market}, final on chain"
                return Refusal(RejectReason.SESSION_UNKNOWN, "signer", detail)
            if state.revoked:
                detail = "the key is revoked; grant it again, or sign with another"
                return Refusal(RejectReason.SESSION_REVOKED, "signer", detail)
            if signed.expiry_s > state.expiry_s:
                detail = f"at most {state.expiry_s}, when the key's grant ends (Unix seconds)"
                return Refusal(RejectReason.SESSION_EXPIRED, "expiry_s", detail)
        elif signed.kind == _APPROVED:
            usable = self.approvals.get((account, signed.order_hash))
            if usable is None:
                detail = "approveOrder with the order's hash, final on chain"
                return Refusal(RejectReason.APPROVAL_REQUIRED, "signature", detail)
            if not usable:
                detail = "the approval was revoked; sign another order"
                return Refusal(RejectReason.APPROVAL_REVOKED, "signature", detail)
        return None

    def give_back(
        self, terms: OrderTerms, market: MarketId, sequence: int, *, paid: int, lots: int
    ) -> None:
        """A fill of this order failed: its session has the budget again, unless revoked since."""
        state = self.of(terms.account, terms.authorization, market)
        if state is not None and sequence > state.since:
            state.give_back(terms.side, paid if terms.side is _BUY else lots)

    def views(self, account: AccountId) -> tuple[SessionView, ...]:
        """Return an account's sessions, by key and market."""
        return tuple(
            SessionView(
                account,
                key,
                market,
                Amount(state.buy_budget),
                Quantity(state.sell_budget),
                Amount(state.buy_reserved),
                Quantity(state.sell_reserved),
                state.expiry_s,
                state.revoked,
            )
            for (owner, key, market), state in sorted(self.states.items(), key=lambda row: row[0])
            if owner == account
        )
