"""An exchange in memory behind the client's two ports: the real engine and wire, no network.

It can lose requests and answers, drop deltas and cut sockets, which is what the client is for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import msgspec

from hybrid_dex.client import HttpReply, UnreachableError
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import FormatError, UnknownOutcomeError
from hybrid_dex.exchange.requests import place_command, replace_command
from hybrid_dex.feed import Feed
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import (
    CancelAll,
    CancelOrder,
    Command,
    Deposit,
    ListMarket,
    PlaceOrder,
    ReduceOrder,
)
from hybrid_dex.model.events import CancelRejected, EventBatch, OrderCanceled, OrderRejected
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.protection import ScheduleCancel
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    MarketId,
    OrderId,
    Sequence,
    TimestampNs,
)
from hybrid_dex.signing import Domain, LoginMessage, authorize, recover_personal
from hybrid_dex.wire import (
    BalancesAnswer,
    BookMessage,
    CancelAllAnswer,
    CancelAllOp,
    CancelOp,
    Channel,
    DomainMessage,
    FillsAnswer,
    HeartbeatMessage,
    InfoAnswer,
    LadderAnswer,
    LadderOp,
    LadderRequest,
    LoginOp,
    LoginRequest,
    LoginResult,
    LoginTerms,
    MarketsAnswer,
    NonceAnswer,
    OrderAnswer,
    OrderMessage,
    OrderRequest,
    OrdersAnswer,
    PingOp,
    PlaceOp,
    Pong,
    Problem,
    ProtectionAnswer,
    ReduceRequest,
    RefreshRequest,
    ReplaceOp,
    ReplaceRequest,
    ScheduleCancelOp,
    ScheduleCancelRequest,
    SessionAnswer,
    SubscribeOp,
    SubscribeResult,
    TimeAnswer,
    TradesAnswer,
    UnsubscribeOp,
    ack,
    asset_message,
    balance_message,
    book_message,
    cancel_all_answer,
    decode,
    decode_client_message,
    encode,
    execution_message,
    fill_message,
    login_signature,
    market_message,
    member,
    order_message,
    parse_order_id,
    problem,
    problem_from_error,
    problem_from_refusal,
    protection_answer,
    to_order,
    to_replacement,
    trade_message,
)
from hybrid_dex.wire import ErrorMessage as WireError
from tests.client.fake_ladders import ladder_answer, ladder_command

ETH = Market.spot(
    "ETH-USDC",
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
    maker_fee_ppm=100,
    taker_fee_ppm=300,
)
DOMAIN = Domain(chain_id=31_337, verifying_contract="0x5FbDB2315678afecb367f032d93F642f64180aa3")
START_MS = 1_790_000_000_000


class Refused(Exception):  # not an error of the fake's
    """Carries the problem that a request is answered with."""

    def __init__(self, problem_: Problem) -> None:
        self.problem = problem_


class Lost(Exception):  # as above
    """The request was handled and its answer is lost."""


class FakeExchange:
    """One market, any account. Time stands still unless a test moves it."""

    def __init__(self, *, signed: bool = True) -> None:
        self.signed = signed
        risk = StandardRisk(
            limits=RiskLimits(open_orders=None, order_notional=None, daily_volume=None)
        )
        self.engine = Engine(book=SortedBook, risk=risk, requires_signature=signed)
        self.feed = Feed()
        self.now_ms = START_MS
        self.sockets: list[FakeSocket] = []
        self.requests: list[tuple[str, str]] = []
        self.before: list[Callable[[str, str], None]] = []
        """Called with method and path before a request is handled; may raise."""
        self.after: list[Callable[[str, str], None]] = []
        """Called after it was handled; may raise to lose the answer."""
        self.on_the_way: list[Callable[[str, str], Awaitable[None]]] = []
        """Awaited while the answer is on its way, which is of before."""
        self.sockets_open = True
        self.tokens: dict[str, AccountId] = {}
        self.logins = 0
        self.refreshes = 0
        self.placed: list[OrderRequest] = []
        self.ladders: list[LadderRequest] = []
        self.told: list[tuple[Sequence, str, AccountId | None, str]] = []
        """What was told, for who resumes; a test may forget it."""
        self.remembers_after = Sequence(0)
        self._issued = 0
        self.run(ListMarket(market=ETH))

    def now_ns(self) -> int:
        """The clock, for the client too."""
        return self.now_ms * 1_000_000

    def fund(self, account: str, **amounts: str) -> None:
        """Deposit decimal amounts by asset."""
        for asset in (ETH.base, ETH.quote):
            if asset.id in amounts:
                self.run(
                    Deposit(
                        account=AccountId(account),
                        asset=AssetId(asset.id),
                        amount=Amount(asset.parse(amounts[asset.id])),
                        position=self.engine.chain_position + 1,
                    )
                )

    def run(self, command: Command) -> EventBatch:
        """Apply a command and tell every socket."""
        sequence = Sequence(self.engine.sequence + 1)
        at_ns = TimestampNs(max(self.engine.at_ns, self.now_ns()))
        command = msgspec.structs.replace(command, sequence=sequence, at_ns=at_ns)
        batch = EventBatch(sequence, at_ns, self.engine.apply(command))
        told = self.feed.apply(batch)
        for update in told.books:
            self._tell(sequence, "book", None, book_message(update, ETH))
        for trade in told.trades:
            self._tell(sequence, "trades", None, trade_message(trade, ETH))
        for report in told.executions:
            self._tell(sequence, "orders", report.account, execution_message(report, ETH))
        for fill in told.fills:
            self._tell(sequence, "fills", fill.account, fill_message(fill, ETH))
        return batch

    def forget(self) -> None:
        """Nobody can resume from before now."""
        self.told.clear()
        self.remembers_after = self.engine.sequence

    def beat(self) -> None:
        """Send a heartbeat to whoever wants them."""
        message = HeartbeatMessage(sequence=self.engine.sequence, time_ms=self.now_ms)
        for socket in self.sockets:
            if "heartbeat" in socket.channels:
                socket.tell(encode(message).decode())

    def cut_sockets(self) -> None:
        """Every connection is lost at once."""
        for socket in self.sockets:
            socket.cut()

    def _tell(
        self, sequence: Sequence, channel: str, account: AccountId | None, message: msgspec.Struct
    ) -> None:
        text = encode(message).decode()
        self.told.append((sequence, channel, account, text))
        for socket in self.sockets:
            if channel in socket.channels and account in {None, socket.account}:
                socket.tell(text)

    # --------------------------------------------------------------------- the http port

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: bytes | None,
        token: str | None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        """Answer as the gateway does."""
        await asyncio.sleep(0)
        self.requests.append((method, path))
        for fault in self.before:
            fault(method, path)
        headers: dict[str, str] = {}
        try:
            answer = self._route(method, path, query, body or b"", token)
            status, raw = (204, b"") if answer is None else (200, encode(answer))
        except Refused as refused:
            status, raw = refused.problem.status, encode(refused.problem)
            headers = {"retry-after": "0"}
        except FormatError as error:
            status, raw = 400, encode(problem_from_error(error))
        for fault in self.after:
            fault(method, path)
        for delay in self.on_the_way:
            await delay(method, path)
        return HttpReply(status, headers, raw)

    async def close(self) -> None:
        """Nothing to close."""

    def _route(  # noqa: C901, PLR0911, PLR0912 # one case a route
        self, method: str, path: str, query: Mapping[str, str], body: bytes, token: str | None
    ) -> msgspec.Struct | None:
        parts = path.strip("/").split("/")
        match method, *parts:
            case "GET", "info":
                return self._info()
            case "GET", "time":
                return TimeAnswer(time_ms=self.now_ms)
            case "GET", "markets":
                return MarketsAnswer(markets=[market_message(ETH, MarketState.OPEN)])
            case "GET", "markets", _, "book":
                return self.snapshot()
            case "GET", "markets", _, "trades":
                return TradesAnswer(trades=[])
            case "POST", "auth", "nonce":
                self._issued += 1
                return NonceAnswer(nonce=f"nonce{self._issued:08}")
            case "POST", "auth", "login":
                return self._login(decode(LoginRequest, body))
            case "POST", "auth", "refresh":
                return self._refresh(decode(RefreshRequest, body).refresh_token)
        account = self._account(token)
        match method, *parts:
            case "POST", "auth", "logout":
                serial = (token or "").removeprefix("access-")
                for name in (f"access-{serial}", f"refresh-{serial}"):
                    self.tokens.pop(name, None)
                return None
            case "POST", "orders":
                return self.place(account, decode(OrderRequest, body))
            case "POST", "orders", "ladder":
                return self.place_ladder(account, decode(LadderRequest, body))
            case "GET", "orders", "open":
                orders = self.engine.open_orders(account)
                return OrdersAnswer(orders=[order_message(order, ETH) for order in orders])
            case "GET", "orders", "by-client-id", name:
                return self._named(account, name)
            case "GET", "orders", order_id:
                return self._message(account, parse_order_id(order_id))
            case "DELETE", "orders":
                return self.cancel_all(account, query.get("side"))
            case "DELETE", "orders", order_id:
                return self.cancel(account, parse_order_id(order_id))
            case "POST", "orders", order_id, "replace":
                return self.replace(account, parse_order_id(order_id), decode(ReplaceRequest, body))
            case "POST", "orders", order_id, "reduce":
                by = ETH.parse_quantity(decode(ReduceRequest, body).by)
                wanted = parse_order_id(order_id)
                return self._changed(ReduceOrder(account=account, order_id=wanted, by=by), wanted)
            case "PUT", "orders", "protection", "timer":
                return self.schedule_cancel(account, decode(ScheduleCancelRequest, body))
            case "GET", "account", "balances":
                balances = self.engine.balances(account)
                assets = {asset.id: asset for asset in (ETH.base, ETH.quote)}
                return BalancesAnswer(
                    balances=[balance_message(item, assets[item.asset]) for item in balances]
                )
            case "GET", "account", "fills":
                return FillsAnswer(fills=[])
        raise Refused(problem(RejectReason.NOT_FOUND))

    def _info(self) -> InfoAnswer:
        return InfoAnswer(
            name="fake",
            version="1",
            requires_signature=self.signed,
            login=LoginTerms(
                domain="fake.example", uri="https://fake.example", chain_id=31_337, statement="Hi."
            ),
            assets=[asset_message(ETH.base), asset_message(ETH.quote)],
            domain=DomainMessage(
                name="hybrid-dex",
                version="1",
                chain_id=DOMAIN.chain_id,
                verifying_contract=DOMAIN.verifying_contract,
            ),
        )

    def _login(self, request: LoginRequest) -> SessionAnswer:
        message = LoginMessage.parse(request.message)
        signer = recover_personal(request.message, login_signature(request))
        if signer != message.address or message.nonce != f"nonce{self._issued:08}":
            raise Refused(problem(RejectReason.LOGIN_REFUSED))
        self.logins += 1
        return self._session(AccountId(signer))

    def _refresh(self, refresh_token: str) -> SessionAnswer:
        account = self.tokens.pop(refresh_token, None)
        if account is None:
            raise Refused(problem(RejectReason.LOGIN_REFUSED))
        self.refreshes += 1
        return self._session(account)

    def _session(self, account: AccountId) -> SessionAnswer:
        serial = self.logins + self.refreshes
        access, renewal = f"access-{serial}-{self.now_ms}", f"refresh-{serial}-{self.now_ms}"
        self.tokens |= {access: account, renewal: account}
        return SessionAnswer(
            account=account,
            access_token=access,
            access_expires_at_ms=self.now_ms + 600_000,
            refresh_token=renewal,
            refresh_expires_at_ms=self.now_ms + 86_400_000,
        )

    def _account(self, token: str | None) -> AccountId:
        account = self.tokens.get(token or "")
        if account is None:
            raise Refused(problem(RejectReason.UNAUTHENTICATED))
        return account

    def schedule_cancel(
        self, account: AccountId, switch: ScheduleCancelRequest
    ) -> ProtectionAnswer:
        """Arm, push back or disarm a switch."""
        market = None if switch.market is None else MarketId(switch.market)
        batch = self.run(
            ScheduleCancel(account=account, timeout_ms=switch.timeout_ms, market=market)
        )
        armed = self.engine.scheduled_cancels(account)
        return protection_answer(batch.sequence, armed, cancel_on_disconnect=False)

    def snapshot(self) -> BookMessage:
        """The book, whole."""
        book = self.feed.book(ETH.id)
        assert book is not None
        return book_message(book.snapshot(), ETH)

    # -------------------------------------------------------------------- order entry

    def place(self, account: AccountId, request: OrderRequest) -> OrderAnswer:
        """Verify and enter an order."""
        self.placed.append(request)
        batch = self.run(self._verified(to_order(request, ETH, account)))
        event = next(item for item in batch.events if hasattr(item, "order_id"))
        if isinstance(event, OrderRejected):
            raise Refused(problem_from_refusal(event))
        return OrderAnswer(sequence=batch.sequence, order=self._message(account, event.order_id))

    def place_ladder(self, account: AccountId, request: LadderRequest) -> LadderAnswer:
        """Verify and enter a ladder, as one command."""
        self.ladders.append(request)
        batch = self.run(ladder_command(request, ETH, account, DOMAIN))
        return ladder_answer(batch, lambda order_id: self._message(account, order_id))

    def _verified(self, order: SignedOrder | PlaceOrder) -> PlaceOrder:
        if isinstance(order, PlaceOrder):
            return order
        return place_command(order, authorize(order, DOMAIN))

    def replace(
        self, account: AccountId, order_id: OrderId, request: ReplaceRequest
    ) -> OrderAnswer:
        """Verify and enter new terms."""
        order = self.engine.order(order_id)
        if order is None or order.account != account:
            raise Refused(problem(RejectReason.UNKNOWN_ORDER))
        terms, expected = to_replacement(request, ETH, order)
        if isinstance(terms, SignedOrder):
            terms = replace_command(order_id, terms, authorize(terms, DOMAIN), expected)
        return self._changed(terms, order_id)

    def cancel(self, account: AccountId, order_id: OrderId) -> OrderAnswer:
        """Cancel an order."""
        return self._changed(CancelOrder(account=account, order_id=order_id), order_id)

    def cancel_all(self, account: AccountId, side: str | None) -> CancelAllAnswer:
        """Cancel all."""
        batch = self.run(CancelAll(account=account, side=member(Side, side) if side else None))
        canceled = [e.order_id for e in batch.events if isinstance(e, OrderCanceled)]
        return cancel_all_answer(batch.sequence, canceled)

    def _changed(self, command: Command, order_id: OrderId) -> OrderAnswer:
        batch = self.run(command)
        for event in batch.events:
            if isinstance(event, CancelRejected):
                raise Refused(problem_from_refusal(event))
        account = command.account  # type: ignore[union-attr] # commands on orders have one
        return OrderAnswer(sequence=batch.sequence, order=self._message(account, order_id))

    def _message(self, account: AccountId, order_id: OrderId) -> OrderMessage:
        order = self.engine.order(order_id)
        if order is None or order.account != account:
            raise Refused(problem_from_refusal(Refusal(RejectReason.UNKNOWN_ORDER, "order_id")))
        return order_message(order, ETH)

    def _named(self, account: AccountId, name: str) -> OrderMessage:
        order = self.engine.order_by_client_id(account, ClientOrderId(name))
        if order is None:
            raise Refused(problem(RejectReason.UNKNOWN_ORDER))
        return order_message(order, ETH)

    # ----------------------------------------------------------------------- the socket

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["FakeSocket"]:
        """Open a socket: the client's connector."""
        await asyncio.sleep(0)
        if not self.sockets_open:
            raise UnreachableError("the fake takes no sockets now")
        socket = FakeSocket(self)
        self.sockets.append(socket)
        try:
            yield socket
        finally:
            self.sockets.remove(socket)


class FakeSocket:
    """One connection, seen from both ends."""

    def __init__(self, exchange: FakeExchange) -> None:
        self._exchange = exchange
        self._messages: asyncio.Queue[str | None] = asyncio.Queue()
        self.account: AccountId | None = None
        self.token = ""
        self.channels: set[str] = set()
        self.asked: list[Channel] = []
        self.drop_next: set[str] = set()
        self.mute = False
        self.is_cut = False
        self.pings = 0

    def tell(self, text: str) -> None:
        """Send a message to the client, unless a test wants it lost."""
        kind = msgspec.json.decode(text)["type"]
        if kind in self.drop_next:
            self.drop_next.discard(kind)
        elif not self.mute:
            self._messages.put_nowait(text)

    def cut(self) -> None:
        """End the connection."""
        self.is_cut = True
        self._messages.put_nowait(None)

    async def receive(self) -> str:
        """The client's end: the next message."""
        message = await self._messages.get()
        if message is None:
            raise UnreachableError("cut")
        return message

    async def send(self, message: str) -> None:
        """The client's end: send."""
        await asyncio.sleep(0)
        if self.is_cut:
            raise UnreachableError("cut")
        request = decode_client_message(message)
        op = type(request).__struct_config__.tag
        for fault in self._exchange.before:
            fault("ws", str(op))
        try:
            answer = self._handle(request)
        except Refused as refused:
            self.tell(encode(WireError(id=request.id, problem=refused.problem)).decode())
            return
        for fault in self._exchange.after:
            try:
                fault("ws", str(op))
            except (UnknownOutcomeError, Lost):
                return
        if isinstance(answer, Pong):
            self.tell(encode(answer).decode())
        else:
            assert request.id is not None
            self.tell(encode(ack(request.id, answer)).decode())
        if isinstance(request, SubscribeOp):
            self._begin_with(request)

    def _subscribe(self, request: SubscribeOp) -> SubscribeResult:
        self.asked = request.channels
        for channel in request.channels:
            if channel.after is not None and channel.after < self._exchange.remembers_after:
                raise Refused(problem(RejectReason.UNKNOWN_SEQUENCE, field="after"))
        self.channels |= {channel.channel for channel in request.channels}
        return SubscribeResult(
            channels=request.channels, sequence=Sequence(self._exchange.engine.sequence)
        )

    def _begin_with(self, request: SubscribeOp) -> None:
        for wanted in request.channels:
            if wanted.channel == "book":
                self.tell(encode(self._exchange.snapshot()).decode())
            elif wanted.after is not None:
                for sequence, channel, account, text in self._exchange.told:
                    mine = channel == wanted.channel and account in {None, self.account}
                    if mine and sequence > wanted.after:
                        self.tell(text)

    def _handle(self, request: object) -> msgspec.Struct:
        exchange = self._exchange
        match request:
            case PingOp():
                self.pings += 1
                return Pong(id=request.id, time_ms=exchange.now_ms)
            case LoginOp():
                self.account, self.token = exchange._account(request.token), request.token
                return LoginResult(account=self.account)
            case SubscribeOp():
                return self._subscribe(request)
            case UnsubscribeOp():
                self.channels -= {channel.channel for channel in request.channels}
                return SubscribeResult(channels=[])
        if self.account is None:
            raise Refused(problem(RejectReason.UNAUTHENTICATED))
        match request:
            case PlaceOp():
                return exchange.place(self.account, request.order)
            case LadderOp():
                return exchange.place_ladder(self.account, request.ladder)
            case CancelOp(order_id=str(order_id)):
                return exchange.cancel(self.account, parse_order_id(order_id))
            case ReplaceOp():
                return exchange.replace(
                    self.account, parse_order_id(request.order_id), request.order
                )
            case CancelAllOp():
                return exchange.cancel_all(self.account, request.side)
            case ScheduleCancelOp():
                return exchange.schedule_cancel(self.account, request.switch)
        raise Refused(problem(RejectReason.INVALID_MESSAGE))


MARKET: MarketId = ETH.id
