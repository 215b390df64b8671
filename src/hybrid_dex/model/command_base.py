"""CommandBase: what every command has, whichever file its kind is written in."""

import msgspec

from hybrid_dex.model.units import Sequence, TimestampNs

__all__ = ["CommandBase"]


class CommandBase(msgspec.Struct, frozen=True, gc=False, kw_only=True, array_like=True):
    """What every command has.

    Attributes:
        sequence: gapless number from 1; 0 until the shell stamps it.
        at_ns: when the shell stamped it, nanoseconds since the Unix epoch; never decreases.
    """

    sequence: Sequence = Sequence(0)
    at_ns: TimestampNs = TimestampNs(0)
