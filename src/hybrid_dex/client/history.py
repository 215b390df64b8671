"""ClientHistory: everything that happened, newest first, page after page as it is iterated.

Each method is an async iterator over a whole list; pages are fetched when they are needed, and what
happens meanwhile shifts nothing. Take what you want and stop.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from hybrid_dex.client.rest import Rest
from hybrid_dex.wire import (
    AccountFeesAnswer,
    CandleMessage,
    FillMessage,
    IntervalWord,
    LedgerEntryMessage,
    OrderMessage,
    SolvencyAnswer,
    TickerMessage,
    TradeMessage,
    TransferMessage,
    VoucherStatusMessage,
)

__all__ = ["ClientHistory"]

_T = TypeVar("_T")
_PAGE = 500


class ClientHistory:
    """The past of a client's account, and of markets. Made by `ExchangeClient.history`.

    Every iterator raises `RefusedError` when the exchange refuses, `UnreachableError` when it can
    not be asked; what was yielded stays right, and may be continued by asking again.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def orders(
        self,
        *,
        market: str | None = None,
        status: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> AsyncIterator[OrderMessage]:
        """Yield the account's orders, live and ended.

        Args:
            market: only of this market.
            status: only those that are so now, such as ``filled``.
            from_ms: accepted at this time or later, Unix milliseconds.
            to_ms: accepted before this time, Unix milliseconds.
        """

        async def page(before: str | None) -> tuple[list[OrderMessage], str | None]:
            asked = {"market": market, "status": status, "from_ms": from_ms, "to_ms": to_ms}
            answer = await self._rest.orders(**asked, before=before, limit=_PAGE)
            return answer.orders, answer.next

        async for one in _all(page):
            yield one

    async def fills(
        self, market: str | None = None, *, before: str | None = None
    ) -> AsyncIterator[FillMessage]:
        """Yield the account's fills, each with how far its settlement has come.

        Args:
            market: only of this market.
            before: only those before this fill, by its id.
        """

        async def page(before: str | None) -> tuple[list[FillMessage], str | None]:
            answer = await self._rest.fills(market, before, _PAGE)
            return answer.fills, answer.next

        async for one in _all(page, before):
            yield one

    async def ledger(self, asset: str | None = None) -> AsyncIterator[LedgerEntryMessage]:
        """Yield every movement of the account's funds, with the balance after it."""

        async def page(before: str | None) -> tuple[list[LedgerEntryMessage], str | None]:
            answer = await self._rest.ledger(asset, before, _PAGE)
            return answer.entries, answer.next

        async for one in _all(page):
            yield one

    async def deposits(self, asset: str | None = None) -> AsyncIterator[TransferMessage]:
        """Yield the account's deposits."""

        async def page(before: str | None) -> tuple[list[TransferMessage], str | None]:
            answer = await self._rest.deposits(asset, before, _PAGE)
            return answer.transfers, answer.next

        async for one in _all(page):
            yield one

    async def withdrawals(
        self, asset: str | None = None, *, kind: str | None = None
    ) -> AsyncIterator[TransferMessage]:
        """Yield what left or waits to leave: requests, vouchers and their ends, withdrawals."""

        async def page(before: str | None) -> tuple[list[TransferMessage], str | None]:
            answer = await self._rest.withdrawals(asset, kind, before, _PAGE)
            return answer.transfers, answer.next

        async for one in _all(page):
            yield one

    async def trades(
        self, market: str, *, before: str | None = None
    ) -> AsyncIterator[TradeMessage]:
        """Yield a market's trades; only those before a fill, by its id, when that is given."""

        async def page(before: str | None) -> tuple[list[TradeMessage], str | None]:
            answer = await self._rest.trades(market, before, _PAGE)
            return answer.trades, answer.next

        async for one in _all(page, before):
            yield one

    async def candles(
        self,
        market: str,
        interval: IntervalWord,
        *,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> AsyncIterator[CandleMessage]:
        """Yield a market's candles that begin within the given time; quiet intervals have none."""

        async def page(before: str | None) -> tuple[list[CandleMessage], str | None]:
            answer = await self._rest.candles(
                market, interval, from_ms=from_ms, to_ms=to_ms, before=before, limit=_PAGE
            )
            return answer.candles, answer.next

        async for one in _all(page):
            yield one

    async def ticker(self, market: str) -> TickerMessage:
        """Return a market's last 24 hours and its top of book."""
        return await self._rest.ticker(market)

    async def voucher(self, salt: int) -> VoucherStatusMessage:
        """Return how far a withdrawal by voucher has come."""
        return await self._rest.voucher(salt)

    async def fees(self) -> AccountFeesAnswer:
        """Return the account's rates, the volume that counts for its tier, and its limits."""
        return await self._rest.fees()

    async def solvency(self) -> SolvencyAnswer:
        """Return what the account can claim on chain as of one command."""
        return await self._rest.solvency()


async def _all(
    page: Callable[[str | None], Awaitable[tuple[list[_T], str | None]]],
    before: str | None = None,
) -> AsyncIterator[_T]:
    while True:
        rows, before = await page(before)
        for row in rows:
            yield row
        if before is None:
            return
