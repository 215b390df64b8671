"""History: records that answer what accounts and pages ask beside orders and fills.

A second Protocol, so that whoever keeps orders and fills only need not write the rest. All pages
are newest first and take a key of the last row that was seen, so new rows never shift them.
"""

from collections.abc import Collection
from typing import Protocol

import attrs

from hybrid_dex.interfaces.records import Records
from hybrid_dex.model.candles import Candle
from hybrid_dex.model.history import (
    EntryKey,
    LedgerEntry,
    OwnedBalance,
    SettlementRecord,
    TransferKind,
    TransferRecord,
    VoucherRecord,
)
from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.units import AccountId, AssetId, MarketId, OrderId, Sequence, TimestampNs
from hybrid_dex.model.views import OrderView

__all__ = ["History", "OrderQuery"]


@attrs.frozen(kw_only=True)
class OrderQuery:
    """Which orders of an account are meant; ``None`` asks for no such thing.

    Attributes:
        market: of this market.
        statuses: that are in one of these.
        from_ns: accepted at this time or later.
        to_ns: accepted before this time.
    """

    market: MarketId | None = None
    statuses: Collection[OrderStatus] | None = None
    from_ns: TimestampNs | None = None
    to_ns: TimestampNs | None = None


class History(Records, Protocol):
    """Records with the ledger, transfers, settlements and candles."""

    async def reset(self) -> None:
        """Forget every row and stand at 0, so that the journal can be projected again."""
        ...

    async def details_from(self) -> Sequence:
        """Return the first command whose details are here: 1, or later after an upgrade.

        Details are all that this Protocol adds; orders and fills are from the first command on.
        """
        ...

    async def order_by_client_id(
        self, account: AccountId, client_order_id: str
    ) -> OrderView | None:
        """Return the newest order that an account gave this id, or ``None``."""
        ...

    async def order_by_hash(self, account: AccountId, order_hash: bytes) -> OrderView | None:
        """Return an account's order by the hash of its signed terms, or ``None``.

        Of a replaced order, the hash is that of its last terms.
        """
        ...

    async def find_orders(
        self, account: AccountId, query: OrderQuery, *, before: OrderId | None, limit: int
    ) -> list[OrderView]:
        """Return an account's orders that are meant, newest first, with ids below ``before``."""
        ...

    async def ledger(
        self,
        account: AccountId,
        *,
        asset: AssetId | None = None,
        before: EntryKey | None,
        limit: int,
    ) -> list[LedgerEntry]:
        """Return an account's entries, newest first, with keys below ``before``."""
        ...

    async def posting(self, sequence: Sequence) -> list[LedgerEntry]:
        """Return all that one command moved, of every account, in order; per asset it sums to 0."""
        ...

    async def owned(self, account: AccountId) -> list[OwnedBalance]:
        """Return what an account owns by its entries, by asset."""
        ...

    async def transfers(
        self,
        account: AccountId,
        kinds: Collection[TransferKind],
        *,
        asset: AssetId | None = None,
        before: tuple[Sequence, int] | None,
        limit: int,
    ) -> list[TransferRecord]:
        """Return an account's transfers of these kinds, newest first, with places below ``before``."""
        ...

    async def voucher(self, account: AccountId, salt: int) -> VoucherRecord | None:
        """Return a voucher, open or ended, or ``None``."""
        ...

    async def settlements(self, *, before: int | None, limit: int) -> list[SettlementRecord]:
        """Return batches, the highest number first, with numbers below ``before``."""
        ...

    async def candles(
        self,
        market: MarketId,
        interval_s: int,
        *,
        from_s: int | None = None,
        before_s: int | None = None,
        limit: int,
    ) -> list[Candle]:
        """Return candles of one interval, newest first, that begin within the given time."""
        ...

    async def minutes(self, market: MarketId, from_s: int) -> tuple[Sequence, list[Candle]]:
        """Return the candles of a minute since a time, oldest first, and the position they are of."""
        ...
