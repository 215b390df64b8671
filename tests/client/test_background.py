"""What a client does by itself goes on through what passes, and is told where it can not."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec
import pytest

from hybrid_dex.client import (
    ClientOptions,
    ExchangeClient,
    Reconnected,
    StreamOptions,
    UnreachableError,
)
from hybrid_dex.client.listener import Listener
from hybrid_dex.client.socket_port import Connector
from hybrid_dex.client.stream import StreamEvent
from hybrid_dex.errors import RefusedError, UnknownOutcomeError
from hybrid_dex.model.commands import CancelOrder
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.signing import LocalSigner
from hybrid_dex.wire import Channel, SubscribeOp, SubscribeResult, parse_order_id, problem
from tests.client.fake_exchange import FakeExchange, FakeSocket, Refused

ALICE = LocalSigner(b"\x01" * 32)


class Refusing(FakeExchange):
    """An exchange that refuses one route as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: tuple[str, str] = ("", "")
        self.refusals: list[RejectReason] = []
        self.fund(ALICE.address, ETH="10", USDC="1000000")

    def _route(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, token: str | None
    ) -> msgspec.Struct | None:
        if (method, path) == self.refused and self.refusals:
            raise Refused(problem(self.refusals.pop()))
        return super()._route(method, path, query, body, token)


@pytest.fixture
def exchange() -> Refusing:
    return Refusing()


def client_of(
    exchange: FakeExchange, connector: Connector | None = None, queue: int = 100, **options: object
) -> ExchangeClient:
    """A client whose requests go to the fake."""
    stream = StreamOptions(backoff_s=0.001, backoff_max_s=0.01, queue=queue)
    return ExchangeClient(
        "http://fake.example",
        signer=ALICE,
        options=ClientOptions(backoff_s=0.0, stream=stream, **options),  # type: ignore[arg-type]
        http=exchange,
        connector=connector or exchange.connect,
        now_ns=exchange.now_ns,
    )


async def until(condition: Callable[[], object]) -> None:
    """Let other tasks run until something is so; the test's own time limit guards it."""
    while not condition():  # the conditions are others' state
        await asyncio.sleep(0)


def cancel(exchange: FakeExchange, order_id: str) -> None:
    """Cancel an order as another program of the account does."""
    account = exchange.engine.order(parse_order_id(order_id)).account  # type: ignore[union-attr]
    exchange.run(CancelOrder(account=account, order_id=parse_order_id(order_id)))


async def test_orders_are_followed_on_once_the_exchange_takes_requests_again(
    exchange: Refusing,
) -> None:
    """More refusals for the time being than one call is tried: what ended meanwhile is noticed."""
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        first = (await client.place("ETH-USDC", "buy", "1", "2500")).order.order_id
        second = (await client.place("ETH-USDC", "buy", "1", "2400")).order.order_id
        exchange.refused = ("GET", "/orders/open")
        exchange.refusals = [RejectReason.UNAVAILABLE] * 7 + [RejectReason.RATE_LIMITED] * 7
        exchange.sockets_open = False
        exchange.cut_sockets()
        await until(lambda: not client.stream.ready)
        cancel(exchange, first)
        exchange.forget()
        exchange.sockets_open = True
        await until(lambda: [one.order_id for one in client.known_orders()] == [second])
        assert exchange.refusals == []
        cancel(exchange, second)
        await until(lambda: client.known_orders() == ())


async def test_known_orders_say_why_they_are_not_followed_any_more(
    exchange: Refusing, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal that waiting does not change; the other requests go on."""
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        placed = await client.place("ETH-USDC", "buy", "1", "2500")
        exchange.refused, exchange.refusals = ("GET", "/orders/open"), [RejectReason.FORBIDDEN]
        exchange.forget()
        exchange.cut_sockets()
        await until(lambda: "order tracking has ended" in caplog.text)
        with pytest.raises(RefusedError) as refused:
            client.known_orders()
        assert refused.value.code == RejectReason.FORBIDDEN
        assert [one.order_id for one in await client.open_orders()] == [placed.order.order_id]


async def test_an_error_that_ends_the_socket_is_raised_to_who_listens(
    exchange: Refusing, caplog: pytest.LogCaptureFixture
) -> None:
    """Also to who begins to listen later; orders go over REST."""
    broken = asyncio.Event()

    def connect() -> object:
        if broken.is_set():
            raise ZeroDivisionError("a mistake")
        return exchange.connect()

    async with client_of(exchange, connect) as client:  # type: ignore[arg-type] # it breaks
        await client.stream.wait_ready()
        listener = await client.stream.listen(Channel(channel="fills"))
        broken.set()
        exchange.cut_sockets()
        with pytest.raises(UnreachableError, match="the socket has ended by ZeroDivisionError"):
            await anext(listener)
        assert "the socket has ended" in caplog.text
        with pytest.raises(UnreachableError, match="a mistake"):
            await anext(client.order_events())
        with pytest.raises(UnreachableError, match="a mistake"):
            client.known_orders()
        assert (await client.place("ETH-USDC", "buy", "1", "2500")).order.status == "new"


async def test_what_happens_while_a_slow_reader_asks_again_is_heard(exchange: Refusing) -> None:
    """It listens before it asks: the list that it gets may be older than what it then hears."""
    async with client_of(exchange, queue=2) as client:
        await client.stream.wait_ready()
        order_ids = [
            (await client.place("ETH-USDC", "buy", "0.1", str(2000 + number))).order.order_id
            for number in range(5)
        ]

        async def overtake(method: str, path: str) -> None:
            if path == "/orders/open" and order_ids:
                cancel(exchange, order_ids.pop())

        exchange.on_the_way.append(overtake)
        for _ in range(3):
            cancel(exchange, order_ids.pop())
        await until(
            lambda: not order_ids or (len(order_ids) == 1 and not client.known_orders()[1:])
        )
        await until(lambda: [one.order_id for one in client.known_orders()] == order_ids)


async def test_a_refusal_for_the_time_being_does_not_settle_what_is_in_doubt(
    exchange: Refusing,
) -> None:
    """What was sent first may still arrive, although its repetition was not taken."""
    async with client_of(exchange, entry="rest", attempts=2) as client:
        lost = [UnknownOutcomeError("lost")]

        def lose(method: str, path: str) -> None:
            if (method, path) == ("POST", "/orders") and lost:
                raise lost.pop()

        exchange.before.append(lose)
        exchange.refused = ("POST", "/orders")
        exchange.refusals = [RejectReason.RATE_LIMITED] * 4
        with pytest.raises(UnknownOutcomeError, match="order mine is unknown"):
            await client.place("ETH-USDC", "buy", "1", "2500", client_order_id="mine")
        assert exchange.refusals == []


async def test_who_begins_to_listen_while_the_socket_is_set_up_hears(exchange: Refusing) -> None:
    """The subscriptions of a new connection are on their way already, without that channel."""
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        listening: list[asyncio.Task[Listener[StreamEvent]]] = []

        def listen(method: str, path: str) -> None:
            if path == "subscribe" and not listening:
                fills = client.stream.listen(Channel(channel="fills"))
                listening.append(asyncio.create_task(fills))

        exchange.before.append(listen)
        exchange.cut_sockets()
        await until(lambda: listening and listening[0].done() and client.stream.ready)
        assert "fills" in exchange.sockets[-1].channels
        assert await anext(await listening[0]) == Reconnected()


async def test_a_book_is_asked_for_again_when_its_snapshot_was_refused(
    exchange: Refusing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a gap, on the same connection: nobody else would ask before the next cut."""
    async with client_of(exchange) as client:
        replica = await client.live_book("ETH-USDC")
        await until(lambda: replica.synced)
        subscribe, refusals = FakeSocket._subscribe, [1, 2, 3]

        def refuse(socket: FakeSocket, request: SubscribeOp) -> SubscribeResult:
            if refusals:
                refusals.pop()
                raise Refused(problem(RejectReason.RATE_LIMITED))
            return subscribe(socket, request)

        monkeypatch.setattr(FakeSocket, "_subscribe", refuse)
        (socket,) = exchange.sockets
        socket.drop_next = {"book"}
        await client.place("ETH-USDC", "buy", "1", "2500")
        await client.place("ETH-USDC", "buy", "1", "2501")
        await until(lambda: not refusals and replica.synced)
        assert [level[0] for level in replica.bids()] == ["2501", "2500"]
        assert exchange.sockets == [socket]


class Breaking(Refusing):
    """An exchange in which something breaks as an order is handled: before it is entered, or after."""

    def __init__(self) -> None:
        super().__init__()
        self.breaks: list[str] = []

    def _route(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, token: str | None
    ) -> msgspec.Struct | None:
        changes = method != "GET" and path.startswith("/orders")
        when = self.breaks.pop(0) if changes and self.breaks else ""
        answer = None if when == "before" else super()._route(method, path, query, body, token)
        if when:
            raise Refused(problem(RejectReason.INTERNAL))
        return answer


@pytest.mark.parametrize("breaks", [["after"], ["before"], ["before", "after"]])
async def test_an_order_on_which_something_broke_is_looked_for(breaks: list[str]) -> None:
    """It is entered once, and its sender learns of it."""
    exchange = Breaking()
    async with client_of(exchange, entry="rest") as client:
        exchange.breaks = breaks
        answer = await client.place("ETH-USDC", "buy", "1", "2500")
        (open_order,) = await client.open_orders()
        assert answer.order.order_id == open_order.order_id


@pytest.mark.parametrize("breaks", ["after", "before"])
async def test_a_change_on_which_something_broke_is_looked_for(breaks: str) -> None:
    """As with a new order: it may have been done, so it is no refusal."""
    exchange = Breaking()
    async with client_of(exchange, entry="rest") as client:
        order_id = (await client.place("ETH-USDC", "buy", "1", "2500")).order.order_id
        exchange.breaks = [breaks]
        replaced = await client.replace(order_id, quantity="2", price="2400")
        assert (replaced.order.price, replaced.order.quantity) == ("2400", "2")
        exchange.breaks = [breaks]
        with pytest.raises(UnknownOutcomeError):
            await client.reduce(order_id, "0.5")
        exchange.breaks = [breaks]
        assert (await client.cancel(order_id)).order.status == "canceled"
        exchange.breaks = [breaks]
        assert (await client.cancel_all()).canceled == []
        assert client.known_orders() == ()


async def test_an_order_on_which_something_breaks_every_time_is_in_doubt() -> None:
    exchange = Breaking()
    async with client_of(exchange, entry="rest") as client:
        exchange.breaks = ["before"] * 20
        with pytest.raises(UnknownOutcomeError):
            await client.place("ETH-USDC", "buy", "1", "2500")
