"""Refusals of administration, for the audit log: who asked for what is not theirs to do.

One line a minute of each account and request, so that nobody fills the log by asking. Which were
written lately is known to this process alone: others write their own.
"""

from typing import Final

import attrs

from hybrid_dex.defaults.roles import Roles
from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.interfaces.clock import Clock

__all__ = ["Refusals"]

_PAUSE_NS: Final = 60 * 10**9
_KEPT: Final = 10_000
_SUBJECT_CHARACTERS: Final = 200


@attrs.define(kw_only=True)
class Refusals:
    """Writes lines.

    Attributes:
        roles: has the log.
        clock: read, never waited on.
    """

    roles: Roles
    clock: Clock
    _written_ns: dict[tuple[str, str], int] = attrs.field(factory=dict, init=False, repr=False)

    async def note(self, principal: Principal, name: str, asked: str, why: str) -> None:
        """Write that a request was refused, unless that was written a moment ago.

        Args:
            principal: who asked.
            name: of the route.
            asked: method and address.
            why: the refusal, in words.
        """
        key, now_ns = (str(principal.account), name), self.clock.now_ns()
        before_ns = self._written_ns.pop(key, None)
        if before_ns is not None and 0 <= now_ns - before_ns < _PAUSE_NS:
            self._written_ns[key] = before_ns
            return
        self._written_ns[key] = now_ns
        while len(self._written_ns) > _KEPT:
            del self._written_ns[next(iter(self._written_ns))]
        by = f" (by key {principal.key_id})" if principal.key_id else ""
        await self.roles.note(
            principal.account, "request", asked[:_SUBJECT_CHARACTERS], why + by, outcome="refused"
        )
