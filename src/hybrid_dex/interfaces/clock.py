"""Clock: where the shell reads time, so that tests and the simulator can decide it."""

from typing import Protocol

from hybrid_dex.model.units import TimestampNs

__all__ = ["Clock"]


class Clock(Protocol):
    """Time for the shell. The engine never sees it except inside commands."""

    def now_ns(self) -> TimestampNs:
        """Return nanoseconds since the Unix epoch; may step back, the exchange does not."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a virtual clock decides how long that takes."""
        ...
