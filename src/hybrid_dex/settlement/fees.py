"""What a transaction may cost: two ceilings, and from when on the higher one counts.

Pure integer arithmetic, wei per gas. Nothing here asks a node or reads a clock.

A match is promised a window to settle in: WINDOW_MAX after a request was made on chain, it takes
effect, covered or not. So a fill's age decides what settling it may cost, and the table is literal:

    age of the oldest fill      matching   ceiling
    below WINDOW_MAX / 4        goes on    ceiling
    from WINDOW_MAX / 4 on      pauses     ceiling
    from WINDOW_MAX / 2 on      pauses     emergency ceiling

Nothing new is matched while the emergency ceiling counts, so what it costs is bounded by what
waits. Above the ceiling that counts nothing is sent: the fee is waited out.
"""

import enum
from typing import Final

import attrs

from hybrid_dex.errors import ConfigurationError

__all__ = ["FeePolicy", "Fees", "Urgency", "urgency"]


class Urgency(enum.IntEnum):
    """What the age of the oldest fill asks for."""

    CALM = 0
    PAUSED = 1
    """Matching pauses, so that what was matched gets the room there is."""
    URGENT = 2
    """Its deadline nears: the emergency ceiling counts."""


_FROM: Final = ((Urgency.URGENT, 2), (Urgency.PAUSED, 4))
"""From which part of the window on, the smallest last."""


def urgency(waits_s: int, window_s: int) -> Urgency:
    """Return what is asked for when the oldest fill has waited so long.

    >>> urgency(249, 1_000).name, urgency(250, 1_000).name, urgency(500, 1_000).name
    ('CALM', 'PAUSED', 'URGENT')
    """
    return next((level for level, part in _FROM if waits_s * part >= window_s), Urgency.CALM)


@attrs.frozen(kw_only=True)
class Fees:
    """What a transaction offers per gas, in wei (EIP-1559).

    Attributes:
        max_fee: at most this in all.
        tip: of which at most this to the block's builder.
    """

    max_fee: int = attrs.field(validator=attrs.validators.ge(0))
    tip: int = attrs.field(validator=attrs.validators.ge(0))


@attrs.frozen(kw_only=True)
class FeePolicy:
    """How much to offer, and where to stop.

    Nodes drop a replacement that does not raise both numbers by 10%; 12.5% passes all of them.
    A rollup that charges for its data apart from gas has that fee counted against the ceilings,
    spread over the transaction's gas.

    Attributes:
        ceiling: wei per gas that is not exceeded while a fill's deadline is far.
        emergency_ceiling: wei per gas that is never exceeded.
        minimum_tip: wei per gas to the builder at least.
        bump_per_mille: how much a replacement raises both numbers.
    """

    ceiling: int = attrs.field(default=200 * 10**9, validator=attrs.validators.ge(1))
    emergency_ceiling: int = attrs.field(default=1_000 * 10**9, validator=attrs.validators.ge(1))
    minimum_tip: int = attrs.field(default=10**9, validator=attrs.validators.ge(0))
    bump_per_mille: int = attrs.field(default=125, validator=attrs.validators.ge(100))

    def __attrs_post_init__(self) -> None:
        if self.emergency_ceiling < self.ceiling:
            raise ConfigurationError(
                f"emergency_ceiling {self.emergency_ceiling} is below ceiling {self.ceiling}; "
                "raise it"
            )

    def limit(self, level: Urgency) -> int:
        """Return the ceiling that counts."""
        return self.emergency_ceiling if level is Urgency.URGENT else self.ceiling

    def offer(
        self,
        *,
        base_fee: int,
        tip: int,
        previous: Fees | None,
        level: Urgency,
        data_fee: int = 0,
    ) -> Fees | None:
        """Return what to offer, or ``None`` when the ceiling does not allow what is needed: wait.

        Args:
            base_fee: of the newest block.
            tip: what the node suggests.
            previous: the highest offer so far for the same nonce.
            level: how urgent it is.
            data_fee: what is charged apart from gas, per gas of the transaction.
        """
        most = self.limit(level) - data_fee
        wanted_tip = min(max(tip, self.minimum_tip), max(most, 0))
        max_fee = min(2 * base_fee + wanted_tip, most)
        if previous is not None:
            wanted_tip = max(wanted_tip, self._raised(previous.tip))
            max_fee = max(max_fee, self._raised(previous.max_fee), wanted_tip)
        if max_fee > most or max_fee < base_fee or wanted_tip > max_fee:
            return None
        return Fees(max_fee=max_fee, tip=wanted_tip)

    def _raised(self, value: int) -> int:
        return value + max(1, -(-value * self.bump_per_mille // 1000))
