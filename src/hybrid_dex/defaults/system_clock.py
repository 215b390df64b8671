"""SystemClock: the machine's wall clock and the event loop's timer."""

import asyncio
import time

import attrs

from hybrid_dex.model.units import TimestampNs

__all__ = ["SystemClock"]


@attrs.frozen
class SystemClock:
    """Real time. It may step back when the machine's clock is set; the exchange does not."""

    def now_ns(self) -> TimestampNs:
        """Return nanoseconds since the Unix epoch."""
        return TimestampNs(time.time_ns())

    async def sleep(self, seconds: float) -> None:
        """Wait this long."""
        await asyncio.sleep(seconds)
