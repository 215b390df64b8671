"""Lanes: which signatures may still be used.

A lane is a register of the settlement contract: a higher counter starts a new order in it, the
same counter with a higher revision replaces the order, anything lower is dead. Lane 0 stands in
the ledger word of the order's base asset, so it is one register per base asset; the others belong
to the account alone. A floor kills all counters below it for orders quoted in one asset.

The engine is stricter than the chain: one live order a lane, and a counter starts one order ever.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId, AssetId, OrderId

__all__ = ["LaneKey", "LaneState", "Lanes", "lane_key", "nonce_key"]

LaneKey: TypeAlias = tuple[AccountId, AssetId, int]
"""Account, base asset (empty text but for lane 0), lane."""

_REVISIONS: Final = 8


class LaneState(msgspec.Struct, gc=False, array_like=True):
    """One register.

    Attributes:
        used: the highest counter and revision accepted, -1 for none.
        dead: the highest that was revoked on chain, -1 for none.
        order_id: its live order, 0 for none.
    """

    used: int = -1
    dead: int = -1
    order_id: int = 0


def lane_key(account: AccountId, base: AssetId, nonce: int) -> LaneKey:
    """Return the register that a packed nonce names."""
    lane = nonce & 0xFFFF
    return (account, AssetId("") if lane else base, lane)


def nonce_key(nonce: int) -> int:
    """Return counter and revision of a packed nonce, the u48 that a register compares."""
    return nonce >> 16


class Lanes:
    """All registers that were ever used, and all floors."""

    __slots__ = ("_states", "floors")

    def __init__(self) -> None:
        # By account, then by lane, or by base asset where that is 0: a row for every live order, so
        # none of them is a tuple, which the garbage collector would walk over.
        self._states: dict[AccountId, dict[AssetId | int, LaneState]] = {}
        self.floors: dict[tuple[AccountId, AssetId], int] = {}

    def find(self, account: AccountId, base: AssetId, nonce: int) -> LaneState | None:
        """Return the register that a packed nonce names, if it was ever used."""
        states = self._states.get(account)
        return None if states is None else states.get(nonce & 0xFFFF or base)

    def check_new(
        self, account: AccountId, market: Market, nonce: int, *, gone: OrderId | None = None
    ) -> RejectReason | None:
        """Return why a new order can not use this nonce, once the order ``gone`` has ended."""
        key = nonce >> 16
        counter = key >> _REVISIONS
        if self.floors and counter < self.floors.get((account, market.quote.id), 0):
            return RejectReason.NONCE_REVOKED
        states = self._states.get(account)  # as `find`, without that call
        state = None if states is None else states.get(nonce & 0xFFFF or market.base.id)
        if state is None:
            return None
        if key <= state.dead:
            return RejectReason.NONCE_REVOKED
        if (state.order_id and state.order_id != gone) or counter <= state.used >> _REVISIONS:
            return RejectReason.NONCE_USED
        return None

    def check_replacement(
        self, account: AccountId, market: Market, old: int, new: int
    ) -> RejectReason | None:
        """Return why a replacement can not use this nonce."""
        same_lane = new & 0xFFFF == old & 0xFFFF
        same_counter = new >> 24 == old >> 24
        if not (same_lane and same_counter and nonce_key(new) > nonce_key(old)):
            return RejectReason.REPLACEMENT_TERMS
        if new >> 24 < self.floors.get((account, market.quote.id), 0):
            return RejectReason.NONCE_REVOKED
        state = self._states[account][new & 0xFFFF or market.base.id]
        return RejectReason.NONCE_REVOKED if nonce_key(new) <= state.dead else None

    def use(self, account: AccountId, market: Market, nonce: int) -> None:
        """A nonce was accepted: its register rises."""
        self._state(account, nonce & 0xFFFF or market.base.id).used = nonce >> 16

    def start(self, account: AccountId, market: Market, nonce: int, order_id: OrderId) -> None:
        """A nonce was accepted, and its order rests: `use` and `bind` at once."""
        state = self._state(account, nonce & 0xFFFF or market.base.id)
        state.used, state.order_id = nonce >> 16, order_id

    def bind(self, account: AccountId, market: Market, nonce: int, order_id: OrderId) -> None:
        """The register's order, whose nonce was accepted, rests."""
        self._states[account][nonce & 0xFFFF or market.base.id].order_id = order_id

    def free(
        self, account: AccountId, market: Market, nonce: int, orders: tuple[OrderId, OrderId]
    ) -> None:
        """An order ended, or that and the exit it shares a register with; another's stays taken.

        Between the ends of the two, a batch may bring the next order of that register.
        """
        state = self._states[account][nonce & 0xFFFF or market.base.id]
        if state.order_id in orders:
            state.order_id = 0

    def revoke(self, key: LaneKey, dead: int) -> LaneState | None:
        """Kill a register up to a key; ``None`` when it is dead that far already."""
        account, base, lane = key
        state = self._state(account, lane or base)
        if dead <= state.dead:
            return None
        state.dead = dead
        return state

    def raise_floor(self, account: AccountId, asset: AssetId, floor: int) -> bool:
        """Raise a floor; false when it stands that high already."""
        if floor <= self.floors.get((account, asset), 0):
            return False
        self.floors[account, asset] = floor
        return True

    def rows(self) -> list[tuple[LaneKey, LaneState]]:
        """Return all registers, by key."""
        return sorted(
            ((account, AssetId(""), lane) if isinstance(lane, int) else (account, lane, 0), state)
            for account, states in self._states.items()
            for lane, state in states.items()
        )

    def load(self, rows: Iterable[tuple[LaneKey, LaneState]]) -> None:
        """Take the registers of a snapshot."""
        for (account, base, lane), state in rows:
            self._states.setdefault(account, {})[lane or base] = state

    def _state(self, account: AccountId, lane: AssetId | int) -> LaneState:
        states = self._states.get(account)
        if states is None:
            states = self._states[account] = {}
        state = states.get(lane)
        if state is None:
            state = states[lane] = LaneState()
        return state
