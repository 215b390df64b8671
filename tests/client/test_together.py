"""Several orders under one signature: each answers for itself, and no lane is lost."""

import pytest

from hybrid_dex.client import LanesExhaustedError, NewOrder, OrderReplacement
from hybrid_dex.errors import FormatError, RefusedError, SignatureError, UnknownOutcomeError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import OrderAnswer
from tests.client.fake_exchange import FakeExchange
from tests.client.test_client import ALICE, client_of, lose


@pytest.fixture(params=[True, False], ids=["signed", "unsigned"])
def exchange(request: pytest.FixtureRequest) -> FakeExchange:
    """An exchange with and without a chain, where alice holds funds."""
    fake = FakeExchange(signed=request.param)
    fake.fund(ALICE.address, ETH="100", USDC="100000")
    return fake


def ladder(size: int, quantity: str = "1") -> list[NewOrder]:
    """Bids below one another."""
    return [
        NewOrder(market="ETH-USDC", side="buy", quantity=quantity, price=str(2000 - step))
        for step in range(size)
    ]


@pytest.mark.parametrize("entry", ["rest", "socket"])
@pytest.mark.parametrize("size", [2, 5, 8])
async def test_a_ladder_rests_as_single_orders(
    exchange: FakeExchange, entry: str, size: int
) -> None:
    """In the order in which it was given; one signature serves all of them."""
    async with client_of(exchange, entry=entry) as client:
        await client.stream.wait_ready()
        outcomes = await client.place_together(ladder(size))
        placed = [outcome.order for outcome in outcomes if isinstance(outcome, OrderAnswer)]
        assert [order.price for order in placed] == [str(2000 - step) for step in range(size)]
        assert len(client.known_orders()) == size
        await client.cancel(placed[0].order_id)
        replaced = await client.replace(placed[-1].order_id, quantity="2", price="1500")
        assert replaced.order.price == "1500"
    sent = exchange.placed[:size]
    assert {order.signature_kind for order in sent} == {"bulk" if exchange.signed else "wallet"}
    assert len({order.signature for order in sent}) == 1
    assert [order.leaf for order in sent] == [n if exchange.signed else 0 for n in range(size)]


async def test_each_order_is_accepted_or_refused_by_itself(exchange: FakeExchange) -> None:
    """What the funds allow rests, the others say why not; their lanes are free again."""
    async with client_of(exchange, entry="rest", lanes=9) as client:
        for _ in range(3):
            outcomes = await client.place_together(ladder(8, quantity="9"))
            refused = [outcome for outcome in outcomes if isinstance(outcome, RefusedError)]
            assert {error.code for error in refused} == {RejectReason.INSUFFICIENT_FUNDS.value}
            assert 0 < len(refused) < 8
            await client.cancel_all()


async def test_what_can_not_be_sent_is_not_sent(exchange: FakeExchange) -> None:
    """A bad number, too few lanes or too many orders: all or nothing."""
    async with client_of(exchange, entry="rest", lanes=4) as client:
        sent = len(exchange.requests)
        bad = NewOrder(market="ETH-USDC", side="buy", quantity="1", price="0.001")
        with pytest.raises(FormatError):
            await client.place_together([*ladder(2), bad])
        if exchange.signed:
            with pytest.raises(LanesExhaustedError):
                await client.place_together(ladder(5))
            with pytest.raises(SignatureError, match="0 in one tree"):
                await client.place_together([])
        assert len(exchange.requests) == sent
        assert len(await client.place_together(ladder(4))) == 4


@pytest.mark.parametrize("handled", [True, False], ids=["answer lost", "request lost"])
async def test_an_order_in_doubt_is_resolved_alone(exchange: FakeExchange, handled: bool) -> None:
    """It is asked for by its id and sent again if need be; the others do not wait for it."""
    async with client_of(exchange, entry="rest") as client:
        lose(exchange, "/orders", handled=handled, times=3)
        outcomes = await client.place_together(ladder(8))
        assert all(isinstance(outcome, OrderAnswer) for outcome in outcomes)
        assert len(await client.open_orders()) == 8


async def test_an_order_that_stays_in_doubt_says_so(exchange: FakeExchange) -> None:
    """It is the answer in its place; nothing is raised."""
    async with client_of(exchange, entry="rest", attempts=1) as client:
        lose(exchange, "/orders", handled=False, times=100)
        outcomes = await client.place_together(ladder(2))
        assert all(isinstance(outcome, UnknownOutcomeError) for outcome in outcomes)


async def test_a_batch_that_is_not_sent_keeps_no_lanes() -> None:
    """Too few lanes for all of it, or a member that can not be looked up: others may be placed."""
    exchange = FakeExchange()
    exchange.fund(ALICE.address, ETH="100", USDC="1000000")

    def lost(method: str, path: str) -> None:
        if path == "/orders/256":
            raise UnknownOutcomeError("no answer")

    exchange.after.append(lost)
    async with client_of(exchange, lanes=2, attempts=1) as client:
        new = NewOrder(market="ETH-USDC", side="buy", quantity="1", price="10")
        other = OrderReplacement(order_id="256", quantity="1", price="10")
        with pytest.raises(LanesExhaustedError):
            await client.batch([new] * 3)
        with pytest.raises(UnknownOutcomeError):
            await client.batch([new, new, other])
        for _ in range(2):
            await client.place("ETH-USDC", "buy", "1", "10")
