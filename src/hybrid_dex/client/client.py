"""ExchangeClient: what a trader's program holds.

Numbers go in as decimal text or `Decimal` and come out as decimal text, in the messages of the
wire. Logging in, signing, nonces, reconnection and book recovery happen inside. What can not be
hidden is not: a refusal is a `RefusedError`, and an order whose fate could not be found out is an
`UnknownOutcomeError` that names its client order id.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal, Self

from hybrid_dex.client.api_key import ApiKey, KeyAuth
from hybrid_dex.client.background import in_background
from hybrid_dex.client.book_replica import BookReplica
from hybrid_dex.client.credentials import Credentials
from hybrid_dex.client.groups import BatchItem, Groups
from hybrid_dex.client.history import ClientHistory
from hybrid_dex.client.http import HttpCaller, HttpPort, HttpxPort
from hybrid_dex.client.known_markets import KnownMarkets
from hybrid_dex.client.ladders import Ladders
from hybrid_dex.client.lanes import NonceLanes
from hybrid_dex.client.options import ClientOptions
from hybrid_dex.client.order_writer import (
    DecimalLike,
    NewOrder,
    OrderOptions,
    OrderWriter,
    SideLike,
    decimal_text,
    signing_domain,
    to_side,
)
from hybrid_dex.client.rest import Rest
from hybrid_dex.client.session import SessionKeeper, Signer
from hybrid_dex.client.socket_port import Connector, websocket_connector
from hybrid_dex.client.solvency import PublishedRoots, check_proof
from hybrid_dex.client.stream import Reconnected, Stream
from hybrid_dex.client.trading import Trading
from hybrid_dex.errors import ConfigurationError, HybridDexError, RefusedError
from hybrid_dex.model.market import Market
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing.solvency import SolvencyProof
from hybrid_dex.wire import (
    BalanceMessage,
    BalancesMessage,
    BookMessage,
    CancelAllAnswer,
    CandleMessage,
    Channel,
    ExecutionMessage,
    FillMessage,
    FillsAnswer,
    InfoAnswer,
    IntervalWord,
    LinkedAnswer,
    OrderAnswer,
    OrderMessage,
    PreviewAnswer,
    ProtectionAnswer,
    ReceiptMessage,
    ScheduleCancelRequest,
    StatusAnswer,
    TickerMessage,
    TradeMessage,
    candle_channel,
    word,
)

__all__ = ["ExchangeClient"]


class ExchangeClient:
    """A client of one exchange, for one account or for none. Use it in an ``async with`` block.

    Args:
        url: the exchange's base URL.
        signer: the account's key, such as `LocalSigner`, or a `SessionKey` that it granted; without
            one only public data is read.
        key: an API key that signs every request in place of a login. With a ``signer`` beside it
            orders are signed by that and handed in by the key; without one it reads, cancels and
            reduces.
        options: see `ClientOptions`.
        http: another way to send requests than httpx.
        connector: another way to open the socket, or ``None`` for no socket.
        now_ns: the clock.
    """

    def __init__(
        self,
        url: str,
        *,
        signer: Signer | None = None,
        key: ApiKey | None = None,
        options: ClientOptions | None = None,
        http: HttpPort | None = None,
        connector: Connector | Literal["websocket"] | None = "websocket",
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._options = options or ClientOptions()
        timeout_s = self._options.timeout_s
        if key is not None and http is not None:
            raise ConfigurationError("a port of your own signs by itself: give it the key")
        auth = None if key is None else KeyAuth(key, now_ns)
        self._http = http or HttpxPort(url, timeout_s=timeout_s, auth=auth)
        self._key = key
        self._connector = (
            websocket_connector(url, timeout_s=timeout_s) if connector == "websocket" else connector
        )
        self._signer = signer
        self._now_ns = now_ns
        caller = HttpCaller(self._http, self._options.attempts)
        self._rest = Rest(caller, keyed=key is not None)
        self._info: InfoAnswer | None = None
        self._markets = KnownMarkets(self._rest)
        self._trading: Trading | None = None
        self._stream: Stream | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the socket, log out and release everything. Orders stay. Safe to call twice."""
        if self._stream is not None:
            self._stream.close()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._rest.session is not None:
            with contextlib.suppress(HybridDexError):
                await self._rest.session.close()
        await self._http.close()

    # ------------------------------------------------------------ what anyone may read

    @property
    def info(self) -> InfoAnswer:
        """What the exchange said of itself when the client connected."""
        if self._info is None:
            raise ConfigurationError("use the client in an `async with` block")
        return self._info

    @property
    def stream(self) -> Stream:
        """The socket. Raises `ConfigurationError` when the client has none."""
        if self._stream is None:
            raise ConfigurationError("this client was made without a socket, or is not open")
        return self._stream

    @property
    def history(self) -> ClientHistory:
        """Everything that happened: orders, fills, ledger, transfers, trades, candles."""
        return ClientHistory(self._rest)

    def markets(self) -> tuple[Market, ...]:
        """Return all markets, as last read."""
        return tuple(self._markets.by_id.values())

    def market(self, market: str) -> Market:
        """Return one market, as last read. Raises `RefusedError` when there is none of that name."""
        return self._markets.get(market)

    async def read_markets(self) -> tuple[Market, ...]:
        """Read all markets again and return them. Raises `RefusedError`, `UnreachableError`."""
        await self._markets.read()
        return self.markets()

    async def find_market(self, market: str) -> Market:
        """Return one market, reading all again when it is not known. Raises as the two above."""
        return await self._markets.find(market)

    async def server_time_ms(self) -> int:
        """Return the exchange's clock."""
        return await self._rest.time_ms()

    async def status(self) -> StatusAnswer:
        """Return whether orders are taken, and what each market serves."""
        return await self._rest.status()

    async def book(self, market: str, depth: int | None = None) -> BookMessage:
        """Return a market's book once; `live_book` keeps one."""
        return await self._rest.book((await self.find_market(market)).id, depth)

    async def trades(self, market: str) -> list[TradeMessage]:
        """Return a market's trades, newest first."""
        return (await self._rest.trades((await self.find_market(market)).id)).trades

    async def live_book(self, market: str) -> BookReplica:
        """Return a book that stays up to date; look at its ``synced`` before trusting it."""
        return await self.stream.book((await self.find_market(market)).id)

    async def trade_events(self, market: str) -> AsyncIterator[TradeMessage | Reconnected]:
        """Yield a market's trades as they happen."""
        channel = Channel(channel="trades", market=(await self.find_market(market)).id)
        with contextlib.closing(await self.stream.listen(channel)) as listener:
            async for event in listener:
                if isinstance(event, TradeMessage | Reconnected):
                    yield event

    async def candle_events(
        self, market: str, interval: IntervalWord
    ) -> AsyncIterator[CandleMessage | Reconnected]:
        """Yield a market's candle of an interval, whole, each time that it has changed."""
        channel = candle_channel((await self.find_market(market)).id, interval)
        with contextlib.closing(await self.stream.listen(channel)) as listener:
            async for event in listener:
                if isinstance(event, CandleMessage | Reconnected):
                    yield event

    async def ticker_events(self, market: str) -> AsyncIterator[TickerMessage | Reconnected]:
        """Yield a market's last 24 hours and its top of book, a few times a second at most."""
        channel = Channel(channel="ticker", market=(await self.find_market(market)).id)
        with contextlib.closing(await self.stream.listen(channel)) as listener:
            async for event in listener:
                if isinstance(event, TickerMessage | Reconnected):
                    yield event

    # ----------------------------------------------------------------------- orders

    @property
    def account(self) -> AccountId:
        """The account that is logged in."""
        return self._own().writer.account

    async def place(
        self,
        market: str,
        side: SideLike,
        quantity: DecimalLike,
        price: DecimalLike,
        *,
        options: OrderOptions | None = None,
        client_order_id: str | None = None,
    ) -> OrderAnswer:
        """Place an order and return it as it stands, with what traded at once.

        Args:
            market: the market's symbol.
            side: buy or sell.
            quantity: in base.
            price: the limit; of a market order, the worst price.
            options: everything else about it.
            client_order_id: your own id for it; one is made up otherwise.

        Raises:
            FormatError: a number is not exact; nothing was sent.
            RefusedError: the exchange says why.
            UnreachableError: nothing was sent.
            UnknownOutcomeError: it could not be found out; its text names the client order id.
            LanesExhaustedError: no nonce lane is free.
        """
        return await self._own().place(
            await self.find_market(market),
            side,
            quantity,
            price,
            options=options or OrderOptions(),
            client_order_id=client_order_id,
        )

    async def place_together(
        self, orders: Sequence[NewOrder]
    ) -> list[OrderAnswer | HybridDexError]:
        """Place up to eight orders under one signature, a ladder for instance.

        Each is an order by itself: it is accepted or refused, fills and is canceled without the
        others. The wallet's limit orders of one market with the same options go as one message.

        Returns:
            For each order in turn, what `place` returns, or the error that it would raise.

        Raises:
            FormatError: a number is not exact; nothing was sent.
            LanesExhaustedError: not enough nonce lanes are free; nothing was sent.
            SignatureError: there are none or too many; nothing was sent.
        """
        return await Ladders(trading=self._own()).place_together(orders)

    async def receipts(
        self,
        *,
        sequence: int | None = None,
        order_id: str | None = None,
        fill_id: str | None = None,
    ) -> list[ReceiptMessage]:
        """Return the operator's signed word about what happened to the account's orders; keep it.

        `hybrid-dex receipts verify` holds it against the exchange's public log, whenever that is.

        Args:
            sequence: all that one command did, as order reports name it; or
            order_id: that an order was accepted; or
            fill_id: that a fill was made.

        Raises:
            RefusedError: there is no such thing of this account, or the exchange signs nothing.
        """
        return await self._rest.receipts(sequence=sequence, order_id=order_id, fill_id=fill_id)

    async def place_signed(self, order: SignedOrder) -> OrderAnswer:
        """Place an order that was signed elsewhere, or whose hash was approved on chain.

        Its nonce is the signer's business; give it a lane that this client does not use.

        Raises:
            FormatError: it is another account's order.
            RefusedError, UnreachableError, UnknownOutcomeError: as `place`.
        """
        return await self._own().place_signed(order)

    async def replace(
        self,
        order_id: str,
        *,
        quantity: DecimalLike,
        price: DecimalLike,
        options: OrderOptions | None = None,
        expected_filled: DecimalLike | None = None,
    ) -> OrderAnswer:
        """Swap an order for new terms, atomically; ``quantity`` includes what is filled.

        Raises:
            LanesExhaustedError: a signed order can be replaced 255 times.
            FormatError, RefusedError, UnreachableError, UnknownOutcomeError: as `place`.
        """
        return await self._own().replace(
            order_id, quantity, price, options or OrderOptions(), expected_filled
        )

    async def batch(
        self, items: Sequence[BatchItem], *, all_or_none: bool = False
    ) -> list[OrderAnswer | RefusedError]:
        """Do up to 100 places, cancels, reductions and replacements as one command, in order.

        Args:
            items: `NewOrder`, `OrderCancel`, `OrderReduction` or `OrderReplacement`.
            all_or_none: do all of it, or, when one is refused, nothing.

        Returns:
            For each in turn its answer, or a `MemberRefusedError`, which names it.

        Raises:
            FormatError: a number is not exact; nothing was sent, and the field names the member.
            RefusedError: all of it was refused.
            UnreachableError, LanesExhaustedError: nothing was sent.
            UnknownOutcomeError: it could not be found out. A batch of nothing but new orders is
                sent again first, which enters nothing twice.
        """
        return await self._groups().batch(items, all_or_none=all_or_none)

    async def place_linked(
        self, take_profit: NewOrder, stop: NewOrder, entry: NewOrder | None = None
    ) -> LinkedAnswer:
        """Place two exits of which one cancels the other, alone (OCO) or behind an entry (bracket).

        Args:
            take_profit: the exit at a better price.
            stop: the exit at a worse price; its options have a stop's type and trigger.
            entry: what opens the position, of the other side.

        Raises: as `place`; a refusal names the order, as in ``stop.price``.
        """
        return await self._groups().place_linked(take_profit, stop, entry)

    async def preview(self, order: NewOrder) -> PreviewAnswer:
        """Return what an order would hold, cost and bring, and what is signed for it.

        Raises: FormatError, RefusedError, UnreachableError.
        """
        return await self._groups().preview(await self.find_market(order.market), order)

    async def schedule_cancel(self, timeout_ms: int, market: str | None = None) -> ProtectionAnswer:
        """Arm a dead man's switch or push it back: without that in time, the orders go; 0 disarms.

        Args:
            timeout_ms: at most a day.
            market: whose orders there; a switch of its own for all markets when not given.
        """
        name = None if market is None else (await self.find_market(market)).id
        if self._reads_alone():
            switch = ScheduleCancelRequest(timeout_ms=timeout_ms, market=name)
            return await self._rest.schedule_cancel(switch)
        return await self._groups().schedule_cancel(timeout_ms, name)

    async def heartbeat(self) -> ProtectionAnswer:
        """Push back every dead man's switch, each by its own timeout.

        Refused (`NOTHING_SCHEDULED`) when none is armed: it fired, so look at the orders first.
        """
        if self._reads_alone():
            return await self._rest.heartbeat()
        return await self._groups().heartbeat()

    async def set_cancel_on_disconnect(self, *, enabled: bool) -> ProtectionAnswer:
        """Wish that the orders go when the account's last socket ends, or no longer."""
        if self._reads_alone():
            return await self._rest.cancel_on_disconnect(enabled=enabled)
        return await self._groups().cancel_on_disconnect(enabled=enabled)

    async def protection(self) -> ProtectionAnswer:
        """Return which switches are armed, and whether orders go with the last socket."""
        return await self._rest.protection()

    def can_replace(self, order: OrderMessage) -> bool:
        """Whether an order can be replaced once more, by the number of its revisions."""
        return self._own().writer.can_replace(order)

    async def cancel(
        self, order_id: str | None = None, *, client_order_id: str | None = None
    ) -> OrderAnswer:
        """Cancel an order by one of its ids. Raises as `place`, `FormatError` when it is no id."""
        if order_id is None:
            if client_order_id is None:
                raise ConfigurationError("name the order by order_id or client_order_id")
            order_id = (await self._rest.order_by_client_id(client_order_id)).order_id
        if self._reads_alone():
            return await self._rest.cancel(order_id)
        return await self._own().cancel(order_id)

    async def cancel_all(
        self, market: str | None = None, side: SideLike | None = None
    ) -> CancelAllAnswer:
        """Cancel all of the account's orders, or those of a market, a side, or both."""
        name = None if market is None else (await self.find_market(market)).id
        if self._reads_alone():
            wanted = None if side is None else word(to_side(side))
            return await self._rest.cancel_all(name, wanted)
        return await self._own().cancel_all(name, side)

    async def reduce(self, order_id: str, by: DecimalLike) -> OrderAnswer:
        """Lower an order's open quantity in place; it keeps its priority.

        An `UnknownOutcomeError` is not resolved here, for two reductions look alike: compare the
        order's quantity.
        """
        if self._reads_alone():
            return await self._rest.reduce(order_id, decimal_text("by", by))
        return await self._own().reduce(order_id, by)

    # ---------------------------------------------------------------------- account

    @property
    def credentials(self) -> Credentials:
        """The account's open sessions and API keys: to see, make and end them."""
        return Credentials(self._rest, self._signer)

    async def hand_over(self) -> str:
        """Open another session of this account and return its refresh token, for a `SessionKey`.

        The token reads the account's private data, cancels and reduces; it places nothing by
        itself. Revoke the session to take it back.

        Raises:
            ConfigurationError: the client has no signer.
            RefusedError, UnreachableError: no session was opened.
        """
        if self._signer is None:
            raise ConfigurationError("this needs an account: give the client a signer")
        session = SessionKeeper(self._rest.caller, self._signer, self.info.login, self._now_ns)
        return await session.hand_over()

    async def solvency_proof(
        self, asset: str, *, chain: PublishedRoots | None = None
    ) -> SolvencyProof:
        """Return the checked proof of what the account has in the vault, in the newest root.

        ``chain`` is such as a `SolvencyReader` on a node of yours: that the root was published, and
        is the newest, is then checked too.

        Raises: RefusedError (6006, nothing published), UnprovenError, SettlementError of ``chain``.
        """
        account, proof = self.account, await self._rest.solvency_proof(asset)
        await check_proof(proof, asset=asset, account=account, info=self.info, chain=chain)
        return proof

    async def order(self, order_id: str) -> OrderMessage:
        """Return one of the account's orders."""
        return await self._rest.order(order_id)

    async def order_by_client_id(self, client_order_id: str) -> OrderMessage:
        """Return the order with this client order id."""
        return await self._rest.order_by_client_id(client_order_id)

    async def open_orders(self, market: str | None = None) -> list[OrderMessage]:
        """Return the account's open orders, as the exchange lists them now."""
        return await self._rest.open_orders(market)

    def known_orders(self) -> tuple[OrderMessage, ...]:
        """Return the account's live orders as last heard, without asking.

        Raises `HybridDexError`, the reason, when they are not followed any more.
        """
        return self._own().known_orders()

    async def resync(self) -> None:
        """Ask the exchange for the live orders, and what became of those that are not."""
        await self._own().resync()

    async def balances(self) -> dict[str, BalanceMessage]:
        """Return the account's balances by asset."""
        return {balance.asset: balance for balance in (await self._rest.balances()).balances}

    async def fills(
        self, market: str | None = None, *, before: str | None = None, limit: int | None = None
    ) -> FillsAnswer:
        """Return the account's fills, newest first."""
        return await self._rest.fills(market, before, limit)

    async def order_events(self) -> AsyncIterator[ExecutionMessage | Reconnected]:
        """Yield what happens to the account's orders."""
        self._own()
        with contextlib.closing(await self.stream.listen(Channel(channel="orders"))) as listener:
            async for event in listener:
                if isinstance(event, ExecutionMessage | Reconnected):
                    yield event

    async def fill_events(self) -> AsyncIterator[FillMessage | Reconnected]:
        """Yield the account's fills, and each stage of their settlement."""
        self._own()
        with contextlib.closing(await self.stream.listen(Channel(channel="fills"))) as listener:
            async for event in listener:
                if isinstance(event, FillMessage | Reconnected):
                    yield event

    async def balance_events(self) -> AsyncIterator[BalancesMessage | Reconnected]:
        """Yield the account's balances: all of them first, then those that changed."""
        self._own()
        with contextlib.closing(await self.stream.listen(Channel(channel="balances"))) as listener:
            async for event in listener:
                if isinstance(event, BalancesMessage | Reconnected):
                    yield event

    # ---------------------------------------------------------------------- opening

    async def _open(self) -> None:
        self._info = info = await self._rest.info()
        domain = signing_domain(info, self._options.expected_domain)
        await self._markets.read()
        session, key = None, self._key
        if self._signer is not None and key is None:
            session = SessionKeeper(self._rest.caller, self._signer, info.login, self._now_ns)
            await session.token()
            self._rest.session = session
        if self._connector is not None:
            self._stream = Stream(
                self._connector,
                self._markets.by_id,
                token=session.token if session else None,
                renew=session.renew if session else None,
                sign_in=None if key is None else lambda id: key.login(id, self._now_ns()),
                options=self._options.stream,
            )
            self._tasks.append(in_background(self._stream.run, "the socket", self._stream.end))
        if self._signer is not None:
            options = self._options
            lanes = NonceLanes(lanes=options.lanes, first=options.first_lane)
            self._trading = trading = Trading(
                rest=self._rest,
                stream=self._stream,
                by_socket=options.entry == "socket",
                writer=OrderWriter(
                    account=session.account if session else AccountId(self._signer.address),
                    signer=self._signer,
                    domain=domain,
                    lanes=lanes,
                    now_ns=self._now_ns,
                ),
                markets=self._markets,
                attempts=options.attempts,
                backoff_s=options.backoff_s,
                receive_window_ms=options.receive_window_ms,
            )
            await trading.resync()
            self._tasks.append(in_background(trading.follow, "order tracking", trading.end))

    def _reads_alone(self) -> bool:
        """Whether a key acts without a signer, and so without nonces to keep."""
        return self._key is not None and self._signer is None

    def _own(self) -> Trading:
        if self._trading is None:
            raise ConfigurationError("this needs an account: give the client a signer, and open it")
        return self._trading

    def _groups(self) -> Groups:
        return Groups(trading=self._own())
