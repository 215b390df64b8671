"""Ingress: signed orders that arrive together are verified together, and leave in order."""

import asyncio
from collections import deque
from collections.abc import Sequence

from hybrid_dex.interfaces.auth import Auth
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.signed_order import Authorization, SignedOrder

__all__ = ["Ingress"]


class Ingress:
    """Coalesces verification in front of the writer.

    Args:
        auth: who verifies.
        batch: orders verified in one call.
    """

    def __init__(self, auth: Auth, *, batch: int) -> None:
        self._auth = auth
        self._batch = batch
        self._queue: deque[tuple[SignedOrder, asyncio.Future[Authorization | Refusal]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def verify(self, order: SignedOrder) -> Authorization | Refusal:
        """Return the verified authorization, or why the order is refused."""
        return (await self.verify_many([order]))[0]

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        """Return the verdict on each order in turn."""
        loop = asyncio.get_running_loop()
        verdicts: list[asyncio.Future[Authorization | Refusal]] = []
        for order in orders:
            verdicts.append(loop.create_future())
            self._queue.append((order, verdicts[-1]))
        if self._queue and self._task is None:
            self._task = loop.create_task(self._verify())
        return list(await asyncio.gather(*verdicts))

    async def _verify(self) -> None:
        try:
            while self._queue:
                size = min(len(self._queue), self._batch)
                await self._verify_batch([self._queue.popleft() for _ in range(size)])
        finally:
            self._task = None

    async def _verify_batch(
        self, batch: list[tuple[SignedOrder, "asyncio.Future[Authorization | Refusal]"]]
    ) -> None:
        try:
            verdicts = await self._auth.verify_many([order for order, _ in batch])
            pairs = list(zip(batch, verdicts, strict=True))
        except Exception as error:  # noqa: BLE001 # every caller of this batch must hear of it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), verdict in pairs:
            if not future.done():
                future.set_result(verdict)
