"""RiskChain: several risks as one."""

from collections.abc import Sequence

import msgspec

from hybrid_dex.defaults.risk_state import decode
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.model.commands import Command
from hybrid_dex.model.events import Event
from hybrid_dex.model.units import TimestampNs

__all__ = ["RiskChain"]


class RiskChain:
    """Several risks as one: the first refusal wins, every member sees every event.

    A member that learns nothing from events may say so with ``learns = False``; it is not called
    a million times for nothing. A snapshot names each part by its member's class, so that members
    can be added and dropped: a new one begins with the markets and orders that stand.

    >>> RiskChain([]).version
    'chain()'
    """

    def __init__(self, members: Sequence[Risk]) -> None:
        self._members = tuple(members)
        self._checks = tuple(member.check for member in self._members)
        self._observers = tuple(
            member.observe for member in self._members if getattr(member, "learns", True)
        )

    @property
    def version(self) -> str:
        """The members' versions, in order."""
        return f"chain({', '.join(member.version for member in self._members)})"

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Return the first refusal."""
        for check in self._checks:
            refusal = check(command, view)
            if refusal is not None:
                return refusal
        return None

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Show an event to every member."""
        for observe in self._observers:
            observe(event, at_ns)

    def snapshot(self) -> bytes:
        """Return the members' states, in order, each under its class's name."""
        return msgspec.json.encode([(_name(member), member.snapshot()) for member in self._members])

    def restore(self, state: bytes) -> None:
        """Give each member its state; of two of one class, the first gets the first."""
        parts = decode(state, list[tuple[str, bytes]])
        for member in self._members:
            part = next((part for part in parts if part[0] == _name(member)), None)
            if part is not None:
                parts.remove(part)
                member.restore(part[1])


def _name(member: Risk) -> str:
    return type(member).__qualname__
