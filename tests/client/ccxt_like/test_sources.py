"""What is watched goes on after a cut that the exchange does not remember: nothing is left out."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import msgspec

from hybrid_dex.client import ExchangeClient
from hybrid_dex.client.ccxt_like import HybridDex, sources
from hybrid_dex.client.ccxt_like.shapes import Shape
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.order import OrderType, Side, TimeInForce
from hybrid_dex.model.units import AccountId, Sequence
from hybrid_dex.wire import FillMessage, FillsAnswer, StatusAnswer
from tests.client.fake_exchange import ETH, FakeExchange
from tests.client.test_background import ALICE, client_of, until

TAKER = "0x0000000000000000000000000000000000000b0b"


class Recorded(FakeExchange):
    """An exchange that lists the fills of the past, a moment late."""

    def __init__(self) -> None:
        self.fills: list[FillMessage] = []
        self.lag = 0
        super().__init__(signed=False)
        self.fund(ALICE.address, ETH="10", USDC="1000000")
        self.fund(TAKER, ETH="10", USDC="1000000")

    def take(self, lots: int) -> None:
        """Somebody buys at once what is offered."""
        self.run(
            PlaceOrder(
                account=AccountId(TAKER),
                market=ETH.id,
                side=Side.BUY,
                price=ETH.parse_price("3000"),
                quantity=ETH.parse_quantity(str(lots)),
                order_type=OrderType.LIMIT,
                time_in_force=TimeInForce.IOC,
            )
        )

    def _tell(
        self, sequence: Sequence, channel: str, account: AccountId | None, message: msgspec.Struct
    ) -> None:
        mine = isinstance(message, FillMessage) and account == ALICE.address
        if mine and message.stage == "matched":
            self.fills.insert(0, message)
        super()._tell(sequence, channel, account, message)

    def _route(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, token: str | None
    ) -> msgspec.Struct | None:
        if path == "/status":
            lag, self.lag = self.lag, 0
            return StatusAnswer(
                accepting=True,
                time_ms=self.now_ms,
                sequence=self.engine.sequence,
                records_ok=True,
                records_lag=lag,
                markets=[],
            )
        if path == "/account/fills":
            return FillsAnswer(fills=[] if self.lag else self.fills)
        return super()._route(method, path, query, body, token)


async def cut_unheard(exchange: Recorded, client: ExchangeClient, lots: int) -> None:
    """Lose the connection for longer than the exchange remembers, while somebody takes so much."""
    exchange.sockets_open = False
    exchange.cut_sockets()
    await until(lambda: not client.stream.ready)
    exchange.take(lots)
    exchange.forget()
    exchange.lag = 3
    exchange.sockets_open = True
    await client.stream.wait_ready()


async def collect(source: AsyncIterator[Shape], into: list[Shape]) -> None:
    async for one in source:
        into.append(one)


async def test_fills_of_a_cut_are_told_once_and_in_order() -> None:
    exchange, told = Recorded(), list[Shape]()
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        await client.place("ETH-USDC", "sell", "9", "2500")
        exchange.take(1)  # before anybody watches
        watching = asyncio.create_task(collect(sources.fills(client), told))
        await until(lambda: ("GET", "/status") in exchange.requests)
        await until(lambda: any("fills" in socket.channels for socket in exchange.sockets))
        await cut_unheard(exchange, client, 2)
        exchange.take(3)
        await until(lambda: len(told) == 2)
        await cut_unheard(exchange, client, 1)
        await until(lambda: len(told) == 3)
        watching.cancel()
    assert [one["amount"] for one in told] == [2.0, 3.0, 1.0]


async def test_an_order_that_ended_in_a_cut_is_told() -> None:
    exchange, told = Recorded(), list[Shape]()
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        watching = asyncio.create_task(collect(sources.orders(client), told))
        await until(lambda: any("orders" in socket.channels for socket in exchange.sockets))
        first = await client.place("ETH-USDC", "sell", "1", "2500")
        second = await client.place("ETH-USDC", "sell", "1", "2501")
        await until(lambda: len(told) == 2)
        told.clear()
        await cut_unheard(exchange, client, 1)
        await until(lambda: len(told) == 2)
        watching.cancel()
    assert [(one["id"], one["status"], one["filled"]) for one in told] == [
        (first.order.order_id, "closed", 1.0),
        (second.order.order_id, "open", 0.0),
    ]


async def test_a_book_that_was_lost_since_is_not_shown_as_empty() -> None:
    """The connection ends between two calls, after a change that was not asked for yet."""
    exchange = Recorded()
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        bot = HybridDex(client=client)
        await client.place("ETH-USDC", "sell", "1", "2500")
        assert (await bot.watch_order_book("ETH/USDC"))["asks"] == [[2500.0, 1.0]]
        replica = await client.live_book("ETH-USDC")
        seen = replica.sequence
        await client.place("ETH-USDC", "sell", "1", "2501")
        await until(lambda: replica.sequence > seen)
        exchange.sockets_open = False
        exchange.cut_sockets()
        await until(lambda: not client.stream.ready)
        watching = asyncio.create_task(bot.watch_order_book("ETH/USDC"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not watching.done()
        exchange.sockets_open = True
        assert (await watching)["asks"] == [[2500.0, 1.0], [2501.0, 1.0]]
        await bot.close()
