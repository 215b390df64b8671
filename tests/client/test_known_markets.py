"""A market that was listed after the client connected is learned, not refused."""

from collections.abc import Mapping

import msgspec
import pytest

from hybrid_dex.client import UnreachableError
from hybrid_dex.errors import RefusedError, UnknownOutcomeError
from hybrid_dex.wire import MarketsAnswer
from tests.client.fake_exchange import FakeExchange
from tests.client.test_client import ALICE, client_of, until


class ListsLater(FakeExchange):
    """An exchange that shows its market from a moment on."""

    listed = False

    def _route(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, token: str | None
    ) -> msgspec.Struct | None:
        if path == "/markets" and not self.listed:
            return MarketsAnswer(markets=[])
        return super()._route(method, path, query, body, token)


@pytest.fixture
def exchange() -> ListsLater:
    fake = ListsLater()
    fake.fund(ALICE.address, ETH="10", USDC="1000000")
    return fake


async def test_orders_are_placed_in_a_market_listed_since(exchange: ListsLater) -> None:
    """One that is named is read once; whoever asks without waiting knows it from then on."""
    async with client_of(exchange) as client:
        with pytest.raises(RefusedError, match="4001 market: no ETH-USDC"):
            await client.place("ETH-USDC", "buy", "1", "2500")
        exchange.listed = True
        with pytest.raises(RefusedError, match="4001 market: no ETH-USDC"):
            client.market("ETH-USDC")
        placed = await client.place("ETH-USDC", "buy", "1", "2500")
        assert client.market("ETH-USDC") == await client.find_market("ETH-USDC")
        assert client.markets() == await client.read_markets()
        replica = await client.live_book("ETH-USDC")
        await until(lambda: replica.synced)
        assert [one.order_id for one in client.known_orders()] == [placed.order.order_id]


async def test_another_programs_order_there_is_learned_with_its_market(
    exchange: ListsLater,
) -> None:
    """By a resync that is asked for, and by the one after the exchange forgot where the socket was."""
    async with client_of(exchange) as asking, client_of(exchange) as hearing:
        await asking.stream.wait_ready()
        await hearing.stream.wait_ready()
        exchange.listed = True
        async with client_of(exchange, first_lane=2_000) as other:
            order_id = (await other.place("ETH-USDC", "buy", "1", "2500")).order.order_id
        await asking.resync()
        assert [one.order_id for one in asking.known_orders()] == [order_id]
        exchange.forget()
        exchange.cut_sockets()
        await until(lambda: [one.order_id for one in hearing.known_orders()] == [order_id])
        await asking.cancel(order_id)
        await until(lambda: hearing.known_orders() == ())


async def test_an_order_there_is_canceled_before_its_market_is_known(exchange: ListsLater) -> None:
    """The cancel is done and answered, whether or not the markets can be read."""
    async with client_of(exchange) as client:
        exchange.listed = True
        async with client_of(exchange, first_lane=2_000) as other:
            order_id = (await other.place("ETH-USDC", "buy", "1", "2500")).order.order_id
        exchange.listed = False
        assert (await client.reduce(order_id, "0.5")).order.open == "0.5"
        assert (await client.cancel(order_id)).order.status == "canceled"
        assert client.known_orders() == ()


async def test_markets_that_can_not_be_read_leave_nothing_in_doubt(exchange: ListsLater) -> None:
    async with client_of(exchange) as client:

        def lost(method: str, path: str) -> None:
            if path == "/markets":
                raise UnknownOutcomeError("no answer")

        exchange.after.append(lost)
        with pytest.raises(UnreachableError, match="the markets can not be read"):
            await client.place("ETH-USDC", "buy", "1", "2500")
        assert exchange.placed == []
