"""What names an order or a market is one part of a path, or it is refused and nothing is sent."""

from collections.abc import Awaitable, Callable

import pytest

from hybrid_dex.client import (
    ExchangeClient,
    NewOrder,
    OrderCancel,
    OrderReduction,
    OrderReplacement,
)
from hybrid_dex.client.paths import order_part, path_part
from hybrid_dex.errors import FormatError
from tests.client.fake_exchange import FakeExchange
from tests.client.test_client import ALICE, client_of

NO_IDS = ("", ".", "..", "open", "abc", "0", "-1", "1/../..", "1" * 21)
ASKED: dict[str, Callable[[ExchangeClient, str], Awaitable[object]]] = {
    "cancel": lambda client, name: client.cancel(name),
    "order": lambda client, name: client.order(name),
    "reduce": lambda client, name: client.reduce(name, "0.1"),
    "replace": lambda client, name: client.replace(name, quantity="1", price="2500"),
    "cancel in a batch": lambda client, name: client.batch(
        [
            NewOrder(market="ETH-USDC", side="buy", quantity="1", price="10"),
            OrderCancel(order_id=name),
        ]
    ),
    "reduce in a batch": lambda client, name: client.batch([OrderReduction(order_id=name, by="1")]),
    "replace in a batch": lambda client, name: client.batch(
        [OrderReplacement(order_id=name, quantity="1", price="2500")]
    ),
}


def test_dots_alone_and_slashes_stay_within_their_part() -> None:
    assert path_part("client_order_id", ".") == "%2E"
    assert path_part("client_order_id", "..") == "%2E%2E"
    assert path_part("client_order_id", "a/../b?c#%2F") == "a%2F..%2Fb%3Fc%23%252F"
    assert order_part("256") == "256"


@pytest.mark.parametrize("name", NO_IDS)
def test_what_is_no_order_id_is_no_part(name: str) -> None:
    with pytest.raises(FormatError, match="order_id: not an id; valid: decimal digits"):
        order_part(name)


def test_an_empty_name_is_no_part() -> None:
    with pytest.raises(FormatError, match="market: is empty"):
        path_part("market", "")


@pytest.mark.parametrize("entry", ["rest", "socket"])
@pytest.mark.parametrize("asked", ASKED)
async def test_an_order_id_that_is_none_is_refused_before_anything_is_sent(
    asked: str, entry: str
) -> None:
    """Unchecked, the cancel of an order without an id would be the cancel of all orders."""
    exchange = FakeExchange()
    exchange.fund(ALICE.address, USDC="1000000")
    async with client_of(exchange, entry=entry) as client:
        await client.stream.wait_ready()
        placed = await client.place("ETH-USDC", "buy", "1", "2500")
        sent: list[tuple[str, str]] = []
        exchange.before.append(lambda method, path: sent.append((method, path)))
        for name in NO_IDS:
            with pytest.raises(FormatError, match="not an id"):
                await ASKED[asked](client, name)
        for empty in (
            lambda: client.order_by_client_id(""),
            lambda: client.cancel(client_order_id=""),
            lambda: client.history.ticker(""),
            lambda: client.credentials.revoke_session(""),
            lambda: client.credentials.delete_api_key(""),
        ):
            with pytest.raises(FormatError, match="is empty"):
                await empty()
        assert sent == []
        assert [one.order_id for one in client.known_orders()] == [placed.order.order_id]
        assert exchange.engine.open_order_count(placed.order.account) == 1
