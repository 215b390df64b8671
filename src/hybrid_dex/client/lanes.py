"""Nonce lanes: which nonce the next signed order takes.

Pure: the time is an argument. A lane holds one live order; its counter and revision only rise.
Lane 0 is one register for each base asset and the cheapest to settle, the others are shared by all
markets; so the lowest free lane is taken. Counters are milliseconds since 2020, or one more than
the last of the lane if that is higher: a client that starts again, with no memory but the clock,
stays above all it ever signed, as long as it never took more than 1,000 orders a second in one
lane. They last until 2054.
"""

import heapq
from typing import Final

import attrs

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.signed_order import Nonce
from hybrid_dex.model.units import AssetId

__all__ = ["LanesExhaustedError", "NonceLanes", "replacement"]

_EPOCH_MS: Final = 1_577_836_800_000
_MAX_REVISION: Final = 2**8 - 1
_ALL: Final = AssetId("")


class LanesExhaustedError(ConfigurationError):
    """Every lane holds a live order, or an order's last revision was used."""


def _at_least_two(_instance: object, _attribute: object, value: int) -> None:
    if not 2 <= value <= 2**16:  # noqa: PLR2004 # lane 0 and at least one more; a lane is a u16
        raise ConfigurationError(f"lanes is {value}; use 2 to 65536")


@attrs.define(kw_only=True)
class NonceLanes:
    """The lanes of one account, as one client uses them.

    Two clients of one account must not share lanes: give each its own range.

    Attributes:
        lanes: how many lanes to use, 2 to 65,536.
        first: the lowest lane to use besides lane 0; lane 0 is used only when this is 1.
    """

    lanes: int = attrs.field(default=1_024, validator=_at_least_two)
    first: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    _free: list[int] = attrs.field(factory=list, init=False)
    _next: int = attrs.field(default=0, init=False)
    _busy: set[tuple[AssetId, int]] = attrs.field(factory=set, init=False)
    _counters: dict[tuple[AssetId, int], int] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._next = self.first
        if self.first + self.lanes - 1 > 2**16:
            raise ConfigurationError("the lanes end above 65535; lower lanes or first")

    def allot(self, base: AssetId, now_ms: int) -> Nonce:
        """Return a nonce for a new order in the lowest free lane, which is then busy.

        Raises:
            LanesExhaustedError: there is none.
        """
        lane = self._lowest(base)
        key = _key(base, lane)
        counter = max(now_ms - _EPOCH_MS, self._counters.get(key, -1) + 1, 0)
        self._busy.add(key)
        self._counters[key] = counter
        return Nonce(counter, 0, lane)

    def occupy(self, base: AssetId, nonce: Nonce) -> None:
        """An order that is live already holds this lane."""
        key = _key(base, nonce.lane)
        self._busy.add(key)
        self._counters[key] = max(self._counters.get(key, -1), nonce.counter)

    def release(self, base: AssetId, nonce: Nonce) -> None:
        """The order of this nonce is done; safe to call twice, or after the lane's next order."""
        key = _key(base, nonce.lane)
        if key in self._busy and self._counters.get(key) == nonce.counter:
            self._busy.discard(key)
            if nonce.lane and self.first <= nonce.lane < self._next:
                heapq.heappush(self._free, nonce.lane)

    @property
    def busy(self) -> int:
        """How many lanes hold an order."""
        return len(self._busy)

    def _lowest(self, base: AssetId) -> int:
        if self.first == 1 and (base, 0) not in self._busy:
            return 0
        while self._free:
            lane = heapq.heappop(self._free)
            if (_ALL, lane) not in self._busy:
                return lane
        while self._next < self.first + self.lanes - 1:
            lane = self._next
            self._next += 1
            if (_ALL, lane) not in self._busy:
                return lane
        raise LanesExhaustedError(
            f"all {self.lanes} lanes hold a live order; cancel some, or use more lanes"
        )


def replacement(nonce: Nonce) -> Nonce:
    """Return the nonce of new terms for an order: the next revision.

    Raises:
        LanesExhaustedError: the order was replaced 255 times; cancel it and place a new one.
    """
    if nonce.revision == _MAX_REVISION:
        raise LanesExhaustedError("the order's last revision was used; cancel it and place anew")
    return Nonce(nonce.counter, nonce.revision + 1, nonce.lane)


def _key(base: AssetId, lane: int) -> tuple[AssetId, int]:
    return (_ALL if lane else base, lane)
