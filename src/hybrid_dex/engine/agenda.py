"""Agenda: what is planned for markets, by time.

A plan is carried out before the first command stamped at or after its time, in the order of time
and market, new fees before a new state. Another plan of the same kind for the same market and time replaces the first.
"""

from collections.abc import Iterable
from typing import Final

from sortedcontainers import SortedDict

from hybrid_dex.model.units import MarketId
from hybrid_dex.model.views import Plan

__all__ = ["MOST_PLANS", "Agenda"]

MOST_PLANS: Final = 100
"""How much may be planned for one market."""


class Agenda:
    """All plans, the next one at hand."""

    __slots__ = ("_plans",)

    def __init__(self) -> None:
        self._plans: SortedDict[tuple[int, MarketId, bool], Plan] = SortedDict()

    def put(self, plan: Plan) -> None:
        """Plan something, in place of what was planned of its kind for that market and time."""
        self._plans[plan.due_ns, plan.market, plan.state is not None] = plan

    def drop(self, market: MarketId, due_ns: int) -> bool:
        """Take back what is planned for a market at a time; false when that is nothing."""
        before = len(self._plans)
        for moves in (False, True):
            self._plans.pop((due_ns, market, moves), None)
        return len(self._plans) < before

    def of(self, market: MarketId) -> list[Plan]:
        """Return what is planned for a market, by time."""
        return [plan for plan in self._plans.values() if plan.market == market]

    def next_due_ns(self) -> int | None:
        """Return when the next plan is due."""
        return self._plans.peekitem(0)[0][0] if self._plans else None

    def take_due(self, at_ns: int) -> Plan | None:
        """Take the next plan whose time has come, or return ``None``."""
        due_ns = self.next_due_ns()
        if due_ns is None or due_ns > at_ns:
            return None
        return self._plans.popitem(0)[1]

    def load(self, plans: Iterable[Plan]) -> None:
        """Take the plans of a snapshot."""
        for plan in plans:
            self.put(plan)

    def rows(self) -> list[Plan]:
        """Return all plans, by time."""
        return list(self._plans.values())
