"""Several orders under one signature: each answers for itself, and no lane is lost."""

from itertools import count

import attrs
import msgspec
import pytest

from hybrid_dex.client import (
    LanesExhaustedError,
    NewOrder,
    OrderOptions,
    OrderReplacement,
    UnreachableError,
)
from hybrid_dex.errors import FormatError, RefusedError, SignatureError, UnknownOutcomeError
from hybrid_dex.model.commands import ReduceOrder
from hybrid_dex.model.order import OrderType, SelfTradeMode, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId, Quantity
from hybrid_dex.wire import (
    LadderAnswer,
    LadderRequest,
    OrderAnswer,
    RungResult,
    parse_order_id,
    problem,
)
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
        assert placed == [await client.order(order.order_id) for order in placed]
        await client.cancel(placed[0].order_id)
        replaced = await client.replace(placed[-1].order_id, quantity="2", price="1500")
        assert replaced.order.price == "1500"
    assert len(exchange.ladders) == exchange.signed
    assert len(exchange.placed) == (0 if exchange.signed else size)


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


@pytest.mark.parametrize("entry", ["rest", "socket"])
@pytest.mark.parametrize("handled", [True, False], ids=["answer lost", "request lost"])
async def test_an_order_in_doubt_is_resolved_alone(
    exchange: FakeExchange, entry: str, handled: bool
) -> None:
    """It is asked for by its id and sent again if need be; the others do not wait for it."""
    async with client_of(exchange, entry=entry) as client:
        await client.stream.wait_ready()
        lost = lose(exchange, "", handled=handled, times=3)
        outcomes = await client.place_together(ladder(8))
        placed = [one.order for one in outcomes if isinstance(one, OrderAnswer)]
        assert [order.price for order in placed] == [str(2000 - step) for step in range(8)]
        opened = {order.order_id: order for order in await client.open_orders()}
        assert opened == {order.order_id: order for order in placed}
        assert len(client.known_orders()) == 8
        assert len(lost) == (1 if handled and exchange.signed else 3)
    if exchange.signed:
        assert (len(exchange.ladders), len(exchange.placed)) == ((1, 0) if handled else (0, 8))


async def test_an_order_that_stays_in_doubt_says_so(exchange: FakeExchange) -> None:
    """It is the answer in its place; nothing is raised."""
    async with client_of(exchange, entry="rest", attempts=1) as client:
        lose(exchange, "/orders", handled=False, times=100)
        outcomes = await client.place_together(ladder(2))
        assert all(isinstance(outcome, UnknownOutcomeError) for outcome in outcomes)


async def test_a_ladder_that_is_not_sent_or_refused_is_so_for_each(exchange: FakeExchange) -> None:
    """One error for all of them, and their lanes are free."""
    errors = [UnreachableError("no way"), RefusedError(RejectReason.FORBIDDEN, "", "not you")]

    def fault(method: str, path: str) -> None:
        if path.startswith("/orders") and method == "POST" and errors:
            raise errors[-1]

    exchange.before.append(fault)
    async with client_of(exchange, entry="rest", lanes=8, attempts=1) as client:
        while errors:
            outcomes = await client.place_together(ladder(8))
            assert [type(one) for one in outcomes] == [type(errors[-1])] * 8
            errors.pop()
        outcomes = await client.place_together(ladder(8))
        assert all(isinstance(outcome, OrderAnswer) for outcome in outcomes)


@pytest.mark.parametrize(
    "odd",
    [
        OrderOptions(post_only=True),
        OrderOptions(time_in_force=TimeInForce.IOC),
        OrderOptions(self_trade=SelfTradeMode.CANCEL_BOTH),
        OrderOptions(max_fee_ppm=301),
        OrderOptions(lifetime_s=60),
        OrderOptions(display_quantity="0.5"),
        OrderOptions(order_type=OrderType.STOP_LIMIT, trigger_price="1990"),
    ],
)
async def test_orders_that_share_too_little_go_one_by_one(odd: OrderOptions) -> None:
    """Under their one signature all the same; those that share all of it are one message."""
    exchange = FakeExchange()
    exchange.fund(ALICE.address, USDC="100000")
    orders = ladder(3)
    async with client_of(exchange, entry="rest") as client:
        outcomes = await client.place_together([*orders, attrs.evolve(orders[0], options=odd)])
        assert all(isinstance(outcome, OrderAnswer) for outcome in outcomes)
        assert [(one.signature_kind, one.leaf) for one in exchange.placed] == [
            ("bulk", leaf) for leaf in range(4)
        ]
        assert exchange.ladders == []
        is_plain = odd.display_quantity is None and odd.trigger_price is None
        alike = [attrs.evolve(order, options=odd) for order in orders]
        outcomes = await client.place_together(alike)
        told = [one.order for one in outcomes if isinstance(one, OrderAnswer)]
        assert told == [await client.order(order.order_id) for order in told]
        assert (len(told), len(exchange.ladders)) == (3, is_plain)


async def test_a_name_that_is_none_is_refused_alone(exchange: FakeExchange) -> None:
    """It would be the refusal of the whole message."""
    orders = ladder(3)
    orders[1] = attrs.evolve(orders[1], client_order_id=" blank ")
    async with client_of(exchange, entry="rest", lanes=3) as client:
        first, refused, last = await client.place_together(orders)
        assert isinstance(refused, RefusedError)
        assert refused.code == RejectReason.INVALID_CLIENT_ORDER_ID
        for told in (first, last):
            assert isinstance(told, OrderAnswer)
        assert isinstance((await client.place_together(ladder(1)))[0], OrderAnswer)


async def test_a_ladder_has_one_end_and_a_receive_window(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes to write it; the window is of when it is sent."""
    async with client_of(exchange, entry="rest", receive_window_ms=700) as client:
        with monkeypatch.context() as ticking:
            times = count(exchange.now_ns(), 400_000_000)
            ticking.setattr(client._own().writer, "now_ns", lambda: next(times))
            outcomes = await client.place_together(ladder(8))
        assert all(isinstance(outcome, OrderAnswer) for outcome in outcomes)
    for sent in exchange.ladders if exchange.signed else exchange.placed:
        assert sent.receive_window_ms == 700
        assert sent.sent_at_ms is not None
        assert sent.sent_at_ms >= exchange.now_ms + (3_200 if exchange.signed else 0)
    assert len(exchange.ladders) == exchange.signed


async def test_a_lane_that_another_program_holds_stays_taken() -> None:
    """The orders on it are refused; those of the next call take other lanes."""
    exchange = FakeExchange()
    exchange.fund(ALICE.address, USDC="100000")
    exchange.sockets_open = False  # so that neither hears of the other's orders
    clients = client_of(exchange, entry="rest"), client_of(exchange, entry="rest")
    async with clients[0] as client, clients[1] as other:
        await other.place_together(ladder(3))
        outcomes = await client.place_together(ladder(5))
        codes = [one.code if isinstance(one, RefusedError) else 0 for one in outcomes]
        assert codes == [RejectReason.NONCE_USED] * 3 + [0] * 2
        again = await client.place_together(ladder(3))
        assert all(isinstance(outcome, OrderAnswer) for outcome in again)


class Twice(FakeExchange):
    """A proxy before it sends a ladder twice; meanwhile the first order gets new terms."""

    def place_ladder(self, account: AccountId, request: LadderRequest) -> LadderAnswer:
        first = super().place_ladder(account, request)
        order_id = first.rungs[0].order_id
        assert order_id is not None
        self.run(ReduceOrder(account=account, order_id=parse_order_id(order_id), by=Quantity(1)))
        return super().place_ladder(account, request)


class Broken(FakeExchange):
    """Something breaks after the ladder entered."""

    def place_ladder(self, account: AccountId, request: LadderRequest) -> LadderAnswer:
        answer = super().place_ladder(account, request)
        rungs = [RungResult(problem=problem(RejectReason.INTERNAL)), *answer.rungs[1:]]
        return msgspec.structs.replace(answer, rungs=rungs)


@pytest.mark.parametrize("kind", [Twice, Broken])
async def test_an_order_of_which_the_answer_says_too_little_is_asked_for(
    kind: type[FakeExchange],
) -> None:
    """The others are not, unless they entered before the command that was answered."""
    exchange = kind()
    exchange.fund(ALICE.address, USDC="100000")
    async with client_of(exchange, entry="rest") as client:
        before = len(exchange.requests)
        outcomes = await client.place_together(ladder(3))
        asked = exchange.requests[before + 1 :]
        told = [one.order for one in outcomes if isinstance(one, OrderAnswer)]
        assert told == [await client.order(order.order_id) for order in told]
    assert len(told) == 3
    assert {method for method, _ in asked} == {"GET"}
    assert len(asked) == (3 if kind is Twice else 1)
    assert exchange.placed == []


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
