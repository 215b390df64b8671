"""Switches: which scheduled cancels are armed, and when each is due."""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec
from sortedcontainers import SortedSet

from hybrid_dex.model.units import MAX_TIMESTAMP_NS, AccountId, MarketId

__all__ = ["Switch", "Switches"]

_Due: TypeAlias = tuple[int, AccountId, MarketId]


class Switch(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One scheduled cancel.

    Attributes:
        market: whose orders go; empty text for all markets.
    """

    account: AccountId
    market: MarketId
    timeout_ms: int
    due_ns: int


class Switches:
    """All armed switches, and the accounts whose orders go when they are disconnected.

    `next_due_ns` is beyond all time when nothing is armed: the engine compares it once a command.
    """

    __slots__ = ("_due", "_rows", "disconnects", "next_due_ns")

    def __init__(self) -> None:
        self._rows: dict[AccountId, dict[MarketId, Switch]] = {}
        self._due: SortedSet[_Due] = SortedSet()
        self.disconnects: dict[AccountId, None] = {}
        self.next_due_ns: int = MAX_TIMESTAMP_NS + 1

    def of(self, account: AccountId) -> list[Switch]:
        """Return an account's armed switches, by market."""
        return [row for _, row in sorted(self._rows.get(account, {}).items())]

    def rows(self) -> list[Switch]:
        """Return all armed switches, in the order in which they are due."""
        return [self._rows[account][market] for _, account, market in self._due]

    def arm(self, switch: Switch) -> None:
        """Arm a switch in place of the one of the same account and market."""
        self.disarm(switch.account, switch.market)
        self._rows.setdefault(switch.account, {})[switch.market] = switch
        self._due.add((switch.due_ns, switch.account, switch.market))
        self._look()

    def disarm(self, account: AccountId, market: MarketId) -> Switch | None:
        """Disarm a switch; return it if it was armed."""
        rows = self._rows.get(account, {})
        switch = rows.pop(market, None)
        if switch is None:
            return None
        if not rows:
            del self._rows[account]
        self._due.remove((switch.due_ns, account, market))
        self._look()
        return switch

    def load(self, switches: Iterable[Switch], disconnects: Iterable[AccountId]) -> None:
        """Take what a snapshot has."""
        for switch in switches:
            self.arm(switch)
        self.disconnects.update(dict.fromkeys(disconnects))

    def take_due(self, at_ns: int) -> Switch | None:
        """Disarm and return the first switch that is due, by time, account and market."""
        if self.next_due_ns > at_ns:
            return None
        _, account, market = self._due[0]
        return self.disarm(account, market)

    def _look(self) -> None:
        self.next_due_ns = self._due[0][0] if self._due else MAX_TIMESTAMP_NS + 1
