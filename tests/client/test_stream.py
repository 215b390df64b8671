"""What the exchange refuses to tell is not followed, and breaks nothing of what is."""

import asyncio

import pytest

from hybrid_dex.errors import RefusedError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import Channel, SubscribeOp, SubscribeResult, problem
from tests.client.fake_exchange import ETH, FakeExchange, FakeSocket, Refused
from tests.client.test_client import client_of, until

TICKER = Channel(channel="ticker", market=ETH.id)
TRADES = Channel(channel="trades", market=ETH.id)


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> FakeExchange:
    """An exchange that tells one channel to a connection, and its heartbeat."""
    subscribe = FakeSocket._subscribe

    def limited(socket: FakeSocket, request: SubscribeOp) -> SubscribeResult:
        asked = {one.channel for one in request.channels}
        if len((socket.channels | asked) - {"heartbeat"}) > 1:
            raise Refused(problem(RejectReason.RATE_LIMITED))
        return subscribe(socket, request)

    monkeypatch.setattr(FakeSocket, "_subscribe", limited)
    return FakeExchange(signed=False)


async def test_who_asks_for_a_book_beside_one_who_is_refused_gets_one_that_comes(
    exchange: FakeExchange,
) -> None:
    """Both ask at once; the second is refused by itself, or has a book."""
    async with client_of(exchange, None) as client:
        await client.stream.wait_ready()
        (socket,) = exchange.sockets
        subscribe, refusals = socket._subscribe, [RejectReason.RATE_LIMITED]

        def refuse(request: SubscribeOp) -> SubscribeResult:
            if refusals:
                raise Refused(problem(refusals.pop()))
            return subscribe(request)

        socket._subscribe = refuse  # type: ignore[method-assign] # the first one is refused
        first, second = await asyncio.gather(
            client.live_book("ETH-USDC"), client.live_book("ETH-USDC"), return_exceptions=True
        )
        assert isinstance(first, RefusedError)
        assert not isinstance(second, BaseException)
        await until(lambda: second.synced)
        assert await client.live_book("ETH-USDC") is second


async def test_two_who_ask_for_a_book_at_once_share_a_subscription(exchange: FakeExchange) -> None:
    async with client_of(exchange, None) as client:
        await client.stream.wait_ready()
        exchange.before.append(lambda _, path: asked.append(path))
        asked: list[str] = []
        first, second = await asyncio.gather(*(client.live_book("ETH-USDC") for _ in range(2)))
        assert (first is second, asked) == (True, ["subscribe"])
        await until(lambda: first.synced)


async def test_a_channel_that_was_refused_is_not_asked_for_at_the_next_connection(
    exchange: FakeExchange,
) -> None:
    """Else all that is followed would be refused with it, each time."""
    async with client_of(exchange, None) as client:
        await client.stream.wait_ready()
        await client.stream.listen(TICKER)
        for _ in range(2):
            with pytest.raises(RefusedError):
                await client.stream.listen(TRADES)
        exchange.cut_sockets()
        await until(lambda: not client.stream.ready)
        await client.stream.wait_ready()
        assert exchange.sockets[-1].channels == {"ticker"}
        assert not client.stream._listeners[TRADES]


async def test_a_channel_that_only_one_of_two_was_refused_is_followed(
    exchange: FakeExchange,
) -> None:
    """The first is refused, and with it the heartbeat; the second is told, and goes on."""
    async with client_of(exchange, None) as client:
        await client.stream.wait_ready()
        (socket,) = exchange.sockets
        socket.channels.add("ticker")
        listening = [asyncio.create_task(client.stream.listen(TRADES)) for _ in range(2)]
        refused = asyncio.Event()

        def free(_: str, path: str) -> None:
            if path == "subscribe" and refused.is_set():
                socket.channels.discard("ticker")
            refused.set()

        exchange.before.append(free)
        done = await asyncio.gather(*listening, return_exceptions=True)
        assert [isinstance(one, RefusedError) for one in done] == [True, False]
        exchange.cut_sockets()
        await until(lambda: not client.stream.ready)
        await client.stream.wait_ready()
        assert "trades" in exchange.sockets[-1].channels
