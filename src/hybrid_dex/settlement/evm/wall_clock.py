"""The machine's clock, for a settlement that is given no other."""

import asyncio
import time

from hybrid_dex.model.units import TimestampNs

__all__ = ["WallClock"]


class WallClock:
    """Real time; see `Clock`."""

    def now_ns(self) -> TimestampNs:
        """Return nanoseconds since the Unix epoch."""
        return TimestampNs(time.time_ns())

    async def sleep(self, seconds: float) -> None:
        """Wait this long."""
        await asyncio.sleep(seconds)
