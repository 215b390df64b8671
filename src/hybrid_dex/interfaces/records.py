"""Records: a queryable projection of the journal, rebuildable, never the truth."""

from collections.abc import Sequence as Items
from typing import Protocol, runtime_checkable

import msgspec

from hybrid_dex.model.events import EventBatch, FillMade
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import AccountId, FillId, MarketId, OrderId, Sequence, TimestampNs
from hybrid_dex.model.views import OrderView

__all__ = ["FillRecord", "Records", "SharedRecords"]


class FillRecord(msgspec.Struct, frozen=True, gc=False):
    """A fill with its time and how far its settlement has come.

    Attributes:
        reason: the contract's skip code when it failed, otherwise 0.
    """

    fill: FillMade
    at_ns: TimestampNs
    stage: SettlementStage
    batch: int
    transaction: str
    reason: int = 0


class Records(Protocol):
    """Rows that pages and history queries read."""

    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises `ConfigurationError`."""
        ...

    async def close(self) -> None:
        """Release everything. Safe to call twice."""
        ...

    async def project(self, batches: Items[EventBatch]) -> None:
        """Apply events and the new position in one transaction; repeats are ignored."""
        ...

    async def position(self) -> Sequence:
        """Return the sequence of the last projected command, 0 when there is none."""
        ...

    async def order(self, order_id: OrderId) -> OrderView | None:
        """Return one order, live or ended, or ``None``.

        How much of an exit sleeps need not be kept: its `OrderView.asleep` is 0 then.
        """
        ...

    async def orders(
        self, account: AccountId, *, before: OrderId | None, limit: int
    ) -> list[OrderView]:
        """Return an account's orders, newest first, with ids below ``before``."""
        ...

    async def fills(
        self,
        *,
        account: AccountId | None,
        market: MarketId | None,
        before: FillId | None,
        limit: int,
    ) -> list[FillRecord]:
        """Return fills, newest first, with ids below ``before``."""
        ...


@runtime_checkable
class SharedRecords(Protocol):
    """Records that another process can project into, while this one reads them."""

    def for_another_process(self) -> Records | None:
        """Return the same rows; it can be pickled. ``None`` when only this process has them."""
        ...
