"""The REST API, one method a route, in the messages of the wire."""

from collections.abc import Mapping
from functools import partial
from typing import TypeVar

import attrs

from hybrid_dex.client.http import HttpCaller
from hybrid_dex.client.paths import order_part, path_part
from hybrid_dex.client.session import SessionKeeper
from hybrid_dex.errors import ConfigurationError, RefusedError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.signing.solvency import SolvencyProof
from hybrid_dex.wire import (
    AccountFeesAnswer,
    BalancesAnswer,
    BatchAnswer,
    BatchOrdersRequest,
    BookMessage,
    CancelAllAnswer,
    CancelOnDisconnectRequest,
    CancelReceiptMessage,
    CandlesAnswer,
    FillsAnswer,
    InfoAnswer,
    LadderAnswer,
    LadderRequest,
    LedgerAnswer,
    LinkedAnswer,
    LinkedRequest,
    MarketMessage,
    MarketsAnswer,
    OrderAnswer,
    OrderMessage,
    OrderRequest,
    OrdersAnswer,
    PreviewAnswer,
    ProtectionAnswer,
    ReceiptMessage,
    ReceiptsAnswer,
    ReduceRequest,
    ReplaceRequest,
    ScheduleCancelRequest,
    SessionKeyMessage,
    SessionKeysAnswer,
    SolvencyAnswer,
    StatusAnswer,
    TickerMessage,
    TimeAnswer,
    TradesAnswer,
    TransfersAnswer,
    VoucherMessage,
    VoucherRequest,
    VouchersAnswer,
    VoucherStatusMessage,
    encode,
)

__all__ = ["Rest"]

_T = TypeVar("_T")


@attrs.define
class Rest:
    """Typed calls.

    What names one order, market or hash is checked first: when it is empty, or no id, each raises
    `FormatError`, and nothing was sent.

    Attributes:
        caller: sends.
        session: who is logged in, or ``None`` for public calls only.
        keyed: the caller signs each request by itself, so no login is needed.
    """

    caller: HttpCaller
    session: SessionKeeper | None = None
    keyed: bool = False

    async def info(self) -> InfoAnswer:
        """Return what the exchange is."""
        return await self.caller.call(InfoAnswer, "GET", "/info")

    async def time_ms(self) -> int:
        """Return the exchange's clock."""
        return (await self.caller.call(TimeAnswer, "GET", "/time")).time_ms

    async def status(self) -> StatusAnswer:
        """Return whether orders are taken, and what each market serves."""
        return await self.caller.call(StatusAnswer, "GET", "/status")

    async def markets(self) -> list[MarketMessage]:
        """Return all markets."""
        return (await self.caller.call(MarketsAnswer, "GET", "/markets")).markets

    async def book(self, market: str, depth: int | None = None) -> BookMessage:
        """Return level 2 of a market."""
        return await self.caller.call(
            BookMessage,
            "GET",
            f"/markets/{path_part('market', market)}/book",
            query=_query(depth=depth),
        )

    async def trades(
        self, market: str, before: str | None = None, limit: int | None = None
    ) -> TradesAnswer:
        """Return a market's trades, newest first."""
        return await self.caller.call(
            TradesAnswer,
            "GET",
            f"/markets/{path_part('market', market)}/trades",
            query=_query(before=before, limit=limit),
        )

    async def candles(self, market: str, interval: str, **asked: str | int | None) -> CandlesAnswer:
        """Return a market's candles, newest first; see the route for what may be asked."""
        return await self.caller.call(
            CandlesAnswer,
            "GET",
            f"/markets/{path_part('market', market)}/candles",
            query=_query(interval=interval, **asked),
        )

    async def ticker(self, market: str) -> TickerMessage:
        """Return a market's last 24 hours and its top of book."""
        return await self.caller.call(
            TickerMessage, "GET", f"/markets/{path_part('market', market)}/ticker"
        )

    async def place(self, order: OrderRequest) -> OrderAnswer:
        """Place an order."""
        return await self.private(OrderAnswer, "POST", "/orders", body=encode(order))

    async def preview(self, order: OrderRequest) -> PreviewAnswer:
        """Ask what an order would hold, cost and bring."""
        return await self.private(
            PreviewAnswer, "POST", "/orders/preview", body=encode(order), repeatable=True
        )

    async def place_batch(self, batch: BatchOrdersRequest) -> BatchAnswer:
        """Do several requests as one command."""
        return await self.private(BatchAnswer, "POST", "/orders/batch", body=encode(batch))

    async def place_ladder(self, ladder: LadderRequest) -> LadderAnswer:
        """Place orders that share a signature."""
        return await self.private(LadderAnswer, "POST", "/orders/ladder", body=encode(ladder))

    async def place_linked(self, linked: LinkedRequest) -> LinkedAnswer:
        """Place an OCO or a bracket."""
        return await self.private(LinkedAnswer, "POST", "/orders/linked", body=encode(linked))

    async def protection(self) -> ProtectionAnswer:
        """Ask how the account is protected."""
        return await self.private(ProtectionAnswer, "GET", "/orders/protection")

    async def schedule_cancel(self, switch: ScheduleCancelRequest) -> ProtectionAnswer:
        """Arm, push back or disarm a dead man's switch."""
        path = "/orders/protection/timer"
        return await self.private(
            ProtectionAnswer, "PUT", path, body=encode(switch), repeatable=True
        )

    async def heartbeat(self) -> ProtectionAnswer:
        """Push back every switch."""
        path = "/orders/protection/heartbeat"
        return await self.private(ProtectionAnswer, "POST", path, repeatable=True)

    async def cancel_on_disconnect(self, *, enabled: bool) -> ProtectionAnswer:
        """Wish that orders go with the account's last connection, or no longer."""
        body = encode(CancelOnDisconnectRequest(enabled=enabled))
        path = "/orders/protection/disconnect"
        return await self.private(ProtectionAnswer, "PUT", path, body=body, repeatable=True)

    async def order_by_hash(self, order_hash: str) -> OrderMessage:
        """Return the order whose signed terms have this hash."""
        return await self.private(
            OrderMessage, "GET", f"/orders/by-hash/{path_part('order_hash', order_hash)}"
        )

    async def order(self, order_id: str) -> OrderMessage:
        """Return one of the account's orders."""
        return await self.private(OrderMessage, "GET", f"/orders/{order_part(order_id)}")

    async def order_by_client_id(self, client_order_id: str) -> OrderMessage:
        """Return the order with this client order id."""
        return await self.private(
            OrderMessage,
            "GET",
            f"/orders/by-client-id/{path_part('client_order_id', client_order_id)}",
        )

    async def open_orders(self, market: str | None = None) -> list[OrderMessage]:
        """Return the account's open orders."""
        answer = await self.private(
            OrdersAnswer, "GET", "/orders/open", query=_query(market=market)
        )
        return answer.orders

    async def cancel(self, order_id: str) -> OrderAnswer:
        """Cancel an order."""
        return await self.private(OrderAnswer, "DELETE", f"/orders/{order_part(order_id)}")

    async def cancel_all(
        self, market: str | None = None, side: str | None = None
    ) -> CancelAllAnswer:
        """Cancel all orders, or those of a market, a side, or both."""
        return await self.private(
            CancelAllAnswer, "DELETE", "/orders", query=_query(market=market, side=side)
        )

    async def replace(self, order_id: str, order: ReplaceRequest) -> OrderAnswer:
        """Swap an order's terms."""
        return await self.private(
            OrderAnswer, "POST", f"/orders/{order_part(order_id)}/replace", body=encode(order)
        )

    async def reduce(self, order_id: str, by: str) -> OrderAnswer:
        """Lower an order's open quantity."""
        return await self.private(
            OrderAnswer,
            "POST",
            f"/orders/{order_part(order_id)}/reduce",
            body=encode(ReduceRequest(by=by)),
        )

    async def cancel_receipt(self, order_id: str) -> CancelReceiptMessage:
        """Return the operator's word that an order is dead."""
        return await self.private(
            CancelReceiptMessage, "POST", f"/orders/{order_part(order_id)}/receipt"
        )

    async def receipts(
        self,
        *,
        sequence: int | None = None,
        order_id: str | None = None,
        fill_id: str | None = None,
    ) -> list[ReceiptMessage]:
        """Return the operator's word about a command, an order's acceptance, or a fill of one's own.

        Keep it: `hybrid-dex receipts verify` holds it against the exchange's public log.
        """
        query = _query(sequence=sequence, order_id=order_id, fill_id=fill_id)
        return (await self.private(ReceiptsAnswer, "GET", "/receipts", query=query)).receipts

    async def issue_voucher(self, request: VoucherRequest) -> VoucherMessage:
        """Withdraw settled funds at once.

        With a ``salt`` it is sent again until there is an answer, as the exchange issues it once;
        without one it is never sent twice by itself: see `vouchers`.
        """
        return await self.private(
            VoucherMessage,
            "POST",
            "/account/vouchers",
            body=encode(request),
            repeatable=request.salt is not None,
        )

    async def vouchers(self) -> list[VoucherMessage]:
        """Return the account's open vouchers."""
        answer = await self.private(VouchersAnswer, "GET", "/account/vouchers")
        return answer.vouchers

    async def session_keys(self) -> list[SessionKeyMessage]:
        """Return what the account's session keys may do."""
        answer = await self.private(SessionKeysAnswer, "GET", "/account/sessions")
        return answer.session_keys

    async def balances(self) -> BalancesAnswer:
        """Return the account's balances."""
        return await self.private(BalancesAnswer, "GET", "/account/balances")

    async def fills(
        self, market: str | None = None, before: str | None = None, limit: int | None = None
    ) -> FillsAnswer:
        """Return the account's fills, newest first."""
        return await self.private(
            FillsAnswer,
            "GET",
            "/account/fills",
            query=_query(market=market, before=before, limit=limit),
        )

    async def orders(self, **asked: str | int | None) -> OrdersAnswer:
        """Return the account's orders, newest first; see the route for what may be asked."""
        return await self.private(OrdersAnswer, "GET", "/orders", query=_query(**asked))

    async def ledger(
        self, asset: str | None = None, before: str | None = None, limit: int | None = None
    ) -> LedgerAnswer:
        """Return the account's entries, newest first."""
        query = _query(asset=asset, before=before, limit=limit)
        return await self.private(LedgerAnswer, "GET", "/account/ledger", query=query)

    async def deposits(
        self, asset: str | None = None, before: str | None = None, limit: int | None = None
    ) -> TransfersAnswer:
        """Return the account's deposits, newest first."""
        query = _query(asset=asset, before=before, limit=limit)
        return await self.private(TransfersAnswer, "GET", "/account/deposits", query=query)

    async def withdrawals(
        self,
        asset: str | None = None,
        kind: str | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> TransfersAnswer:
        """Return what left or waits to leave, newest first."""
        query = _query(asset=asset, kind=kind, before=before, limit=limit)
        return await self.private(TransfersAnswer, "GET", "/account/withdrawals", query=query)

    async def voucher(self, salt: int) -> VoucherStatusMessage:
        """Return how far a voucher has come."""
        return await self.private(VoucherStatusMessage, "GET", f"/account/vouchers/{salt}")

    async def fees(self) -> AccountFeesAnswer:
        """Return the account's rates and limits."""
        return await self.private(AccountFeesAnswer, "GET", "/account/fees")

    async def solvency(self) -> SolvencyAnswer:
        """Return the account's claim as of one command."""
        return await self.private(SolvencyAnswer, "GET", "/account/solvency")

    async def solvency_proof(self, asset: str) -> SolvencyProof:
        """Return the account's proof in the newest published root; it is not checked here."""
        query = _query(asset=asset)
        return await self.private(SolvencyProof, "GET", "/account/solvency-proof", query=query)

    async def private(
        self,
        answer: type[_T],
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> _T:
        """Make a call as the account; a session that was ended is opened anew once.

        Raises:
            ConfigurationError: there is neither a login nor a key.
            RefusedError, UnreachableError, UnknownOutcomeError: as `HttpCaller.call`.
        """
        session = self.session
        if self.keyed:
            return await self.caller.call(
                answer,
                method,
                path,
                query=query,
                body=body,
                headers=headers,
                repeatable=repeatable,
            )
        if session is None:
            raise ConfigurationError(
                f"{method} {path} needs a login: give the client a signer or a key"
            )
        call = partial(
            self.caller.call,
            answer,
            method,
            path,
            query=query,
            body=body,
            headers=headers,
            repeatable=repeatable,
        )
        token = await session.token()
        try:
            return await call(token=token)
        except RefusedError as error:
            if error.code != RejectReason.UNAUTHENTICATED.value:
                raise
        token = await session.renew(token)  # the session was ended; nothing was done
        return await call(token=token)


def _query(**values: str | int | None) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}
