"""Ingress: signed orders that arrive together are verified together, and leave in order."""

import asyncio
from collections import deque
from collections.abc import Sequence

import attrs

from hybrid_dex.interfaces.auth import Auth
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.signed_order import Authorization, SignedOrder

__all__ = ["Ingress"]


@attrs.define(eq=False)
class _Asked:
    """What one caller wants to know."""

    orders: Sequence[SignedOrder]
    answer: "asyncio.Future[list[Authorization | Refusal]]"


class Ingress:
    """Coalesces verification in front of the writer.

    Args:
        auth: who verifies.
        batch: orders verified in one call, unless one caller brings more.
    """

    def __init__(self, auth: Auth, *, batch: int) -> None:
        self._auth = auth
        self._batch = batch
        self._queue: deque[_Asked] = deque()
        self._task: asyncio.Task[None] | None = None

    async def verify_many(
        self, orders: Sequence[SignedOrder], *, alone: bool = False
    ) -> list[Authorization | Refusal]:
        """Return the verdict on each order in turn; `alone`, no other caller's stand before them."""
        if not orders:
            return []
        if alone:
            return await self._auth.verify_many(orders)
        loop = asyncio.get_running_loop()
        asked = _Asked(orders, loop.create_future())
        self._queue.append(asked)
        if self._task is None:
            self._task = loop.create_task(self._verify())
        return await asked.answer

    async def _verify(self) -> None:
        try:
            while self._queue:
                together = [self._queue.popleft()]
                count = len(together[0].orders)
                while self._queue and count + len(self._queue[0].orders) <= self._batch:
                    together.append(self._queue.popleft())
                    count += len(together[-1].orders)
                await self._verify_together(together)
        finally:
            self._task = None

    async def _verify_together(self, together: list[_Asked]) -> None:
        orders = [order for asked in together for order in asked.orders]
        try:
            found = await self._auth.verify_many(orders)
            verdicts = [verdict for verdict, _ in zip(found, orders, strict=True)]
        except Exception as error:  # noqa: BLE001 # every caller of this batch must hear of it
            for asked in together:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
            return
        start = 0
        for asked in together:
            end = start + len(asked.orders)
            if not asked.answer.done():
                asked.answer.set_result(verdicts[start:end])
            start = end
