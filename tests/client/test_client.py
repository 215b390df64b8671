"""The client against an exchange in memory: trading, recovery, and outcomes that were in doubt."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import attrs
import msgspec
import pytest

from hybrid_dex.client import (
    BookReplica,
    ClientOptions,
    ExchangeClient,
    LanesExhaustedError,
    OrderOptions,
    Reconnected,
    StreamOptions,
    UnreachableError,
)
from hybrid_dex.errors import (
    ConfigurationError,
    FormatError,
    RefusedError,
    UnknownOutcomeError,
)
from hybrid_dex.model.order import OrderType, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce
from hybrid_dex.signing import Domain, LocalSigner
from hybrid_dex.wire import (
    Channel,
    ExecutionMessage,
    FillMessage,
    SubscribeOp,
    SubscribeResult,
    problem,
)
from tests.client.fake_exchange import DOMAIN, ETH, FakeExchange, Refused

ALICE, BOB = LocalSigner(b"\x01" * 32), LocalSigner(b"\x02" * 32)
FAST = StreamOptions(heartbeat_s=30, backoff_s=0.001, backoff_max_s=0.01, timeout_s=0.5)


@pytest.fixture(params=[True, False], ids=["signed", "unsigned"])
def exchange(request: pytest.FixtureRequest) -> FakeExchange:
    """An exchange with and without a chain, where alice and bob hold funds."""
    fake = FakeExchange(signed=request.param)
    for signer in (ALICE, BOB):
        fake.fund(signer.address, ETH="100", USDC="1000000")
    return fake


def client_of(
    exchange: FakeExchange, signer: LocalSigner | None = ALICE, **options: object
) -> ExchangeClient:
    """A client whose requests go to the fake."""
    settings = ClientOptions(**({"backoff_s": 0.0, "stream": FAST} | options))  # type: ignore[arg-type]
    return ExchangeClient(
        "http://fake.example",
        signer=signer,
        options=settings,
        http=exchange,
        connector=exchange.connect,
        now_ns=exchange.now_ns,
    )


async def until(condition: Callable[[], object]) -> None:
    """Let other tasks run until something is so; the test's own time limit guards it."""
    while not condition():  # the conditions are others' state
        await asyncio.sleep(0)


@pytest.mark.parametrize("entry", ["rest", "socket"])
async def test_an_order_lives_from_place_to_cancel(exchange: FakeExchange, entry: str) -> None:
    """Place, replace, reduce, cancel: each answer shows the order as it stands."""
    async with client_of(exchange, entry=entry) as client:
        await client.stream.wait_ready()
        placed = await client.place("ETH-USDC", "buy", Decimal("0.50"), "2500")
        assert (placed.order.status, placed.order.quantity) == ("new", "0.5")
        order_id = placed.order.order_id
        replaced = await client.replace(order_id, quantity="1", price="2501.5", expected_filled="0")
        assert (replaced.order.order_id, replaced.order.price) == (order_id, "2501.5")
        reduced = await client.reduce(order_id, "0.25")
        assert reduced.order.open == "0.75"
        assert [order.order_id for order in client.known_orders()] == [order_id]
        canceled = await client.cancel(order_id)
        assert canceled.order.status == "canceled"
        assert client.known_orders() == ()
        assert await client.open_orders() == []
    over_rest = ("POST", "/orders") in exchange.requests
    assert over_rest == (entry == "rest")


async def test_two_clients_trade_and_hear_of_it(exchange: FakeExchange) -> None:
    """Both see their reports; the maker's order is known to have ended without asking."""
    async with client_of(exchange) as alice, client_of(exchange, BOB) as bob:
        await alice.stream.wait_ready()
        events = alice.order_events()
        waiting = asyncio.ensure_future(anext(events))
        await until(lambda: "orders" in exchange.sockets[0].channels)
        maker = await alice.place("ETH-USDC", Side.SELL, "1", "2500", client_order_id="mine")
        taker = await bob.place(
            "ETH-USDC", "buy", "1", "2600", options=OrderOptions(order_type=OrderType.MARKET)
        )
        assert taker.order.status == "filled"
        first = await waiting
        assert isinstance(first, ExecutionMessage)
        trade = await anext(events)
        assert isinstance(trade, ExecutionMessage)
        assert (first.exec_type, trade.exec_type) == ("new", "trade")
        assert (trade.last_price, trade.client_order_id) == ("2500", "mine")
        await until(lambda: not alice.known_orders())
        assert (await alice.order(maker.order.order_id)).status == "filled"
        balances = await alice.balances()
        assert balances["ETH"].total == "99"
        await events.aclose()


async def test_refusals_and_inexact_numbers_are_errors(exchange: FakeExchange) -> None:
    """What can not be sent is not sent; what is refused says why."""
    async with client_of(exchange) as client:
        sent = len(exchange.requests)
        for quantity, price in (("0.00001", "2500"), ("1", "2500.001"), ("1", Decimal("NaN"))):
            with pytest.raises(FormatError):
                await client.place("ETH-USDC", "buy", quantity, price)
        with pytest.raises(FormatError, match="float"):
            await client.place("ETH-USDC", "buy", 0.5, "2500")  # type: ignore[arg-type]
        with pytest.raises(FormatError, match="side"):
            await client.place("ETH-USDC", "hold", "1", "2500")
        with pytest.raises(RefusedError, match="ETH-USDC"):
            await client.place("BTC-USDC", "buy", "1", "2500")
        assert exchange.requests[sent:] == [("GET", "/markets")], "it might be listed since"
        with pytest.raises(RefusedError) as caught:
            await client.place("ETH-USDC", "buy", "100000", "2500")
        assert caught.value.code == RejectReason.INSUFFICIENT_FUNDS.value
        again = await client.place("ETH-USDC", "buy", "1", "2500")
        assert again.order.status == "new"


def lose(
    exchange: FakeExchange, path: str, *, handled: bool, times: int = 1
) -> list[tuple[str, str]]:
    """Lose the next requests or answers of a path; returns those that were lost."""
    lost: list[tuple[str, str]] = []

    def fault(method: str, asked: str) -> None:
        if asked.startswith(path) and method != "GET" and len(lost) < times:
            lost.append((method, asked))
            raise UnknownOutcomeError("the network lost it")

    (exchange.after if handled else exchange.before).append(fault)
    return lost


@pytest.mark.parametrize("handled", [True, False], ids=["answer lost", "request lost"])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_place_in_doubt_is_resolved_and_enters_once(
    exchange: FakeExchange, *, handled: bool, times: int
) -> None:
    """Whether the order arrived or not, in the end there is exactly one."""
    async with client_of(exchange, entry="rest") as client:
        lost = lose(exchange, "/orders", handled=handled, times=times)
        answer = await client.place("ETH-USDC", "buy", "1", "2500")
        assert len(lost) >= 1
        assert [o.order_id for o in await client.open_orders()] == [answer.order.order_id]
        assert len(client.known_orders()) == 1


@pytest.mark.parametrize("handled", [True, False], ids=["answer lost", "request lost"])
async def test_a_change_in_doubt_is_resolved(exchange: FakeExchange, *, handled: bool) -> None:
    """Replace and cancel look at the order before they are repeated."""
    async with client_of(exchange, entry="rest") as client:
        order_id = (await client.place("ETH-USDC", "buy", "1", "2500")).order.order_id
        lost = lose(exchange, f"/orders/{order_id}", handled=handled, times=1)
        replaced = await client.replace(order_id, quantity="2", price="2400")
        assert (replaced.order.price, replaced.order.quantity) == ("2400", "2")
        assert len(lost) == 1
        lose(exchange, f"/orders/{order_id}", handled=handled)
        assert (await client.cancel(order_id)).order.status == "canceled"
        lose(exchange, "/orders", handled=handled)
        assert (await client.cancel_all()).canceled == []


async def test_an_answer_that_was_overtaken_by_a_report_does_not_undo_it(
    exchange: FakeExchange,
) -> None:
    """The order is looked at, and fills while the answer is on its way."""
    async with (
        client_of(exchange, entry="rest") as client,
        client_of(exchange, BOB, entry="rest") as bob,
    ):
        await client.stream.wait_ready()
        placed = await client.place("ETH-USDC", "buy", "1", "2500")
        order_id = placed.order.order_id

        async def overtake(method: str, asked: str) -> None:
            if (method, asked) == ("GET", f"/orders/{order_id}"):
                exchange.on_the_way.clear()
                await bob.place("ETH-USDC", "sell", "0.25", "2400")
                await until(lambda: client.known_orders()[0].filled == "0.25")

        lose(exchange, f"/orders/{order_id}", handled=True, times=1)
        exchange.on_the_way.append(overtake)
        await client.replace(order_id, quantity="2", price="2400")
        assert not exchange.on_the_way
        assert list(client.known_orders()) == await client.open_orders()
        assert [one.filled for one in client.known_orders()] == ["0.25"]


async def test_a_place_on_a_socket_that_is_cut_is_resolved_over_rest(
    exchange: FakeExchange,
) -> None:
    """The order was taken, the acknowledgement was lost with the socket: it is found by its id."""
    async with client_of(exchange) as client:
        await client.stream.wait_ready()

        def cut(method: str, asked: str) -> None:
            if (method, asked) == ("ws", "place"):
                exchange.after.clear()
                exchange.cut_sockets()
                raise UnknownOutcomeError("cut")

        exchange.after.append(cut)
        answer = await client.place("ETH-USDC", "buy", "1", "2500")
        assert answer.order.status == "new"
        assert len(await client.open_orders()) == 1


async def test_what_can_not_be_found_out_says_so(exchange: FakeExchange) -> None:
    """After all attempts the error names the id; the lane stays taken."""
    async with client_of(exchange, entry="rest", attempts=3) as client:
        lost = lose(exchange, "/orders", handled=False, times=100)
        with pytest.raises(UnknownOutcomeError, match="order my-order"):
            await client.place("ETH-USDC", "buy", "1", "2500", client_order_id="my-order")
        assert len(lost) == 4
        assert await client.open_orders() == []


async def test_nothing_is_in_doubt_while_nothing_was_sent(exchange: FakeExchange) -> None:
    """An exchange that can not be reached is tried again, then named as such."""
    async with client_of(exchange, entry="rest", attempts=2) as client:

        def unreachable(method: str, asked: str) -> None:
            raise UnreachableError("no route")

        exchange.before.append(unreachable)
        with pytest.raises(UnreachableError):
            await client.place("ETH-USDC", "buy", "1", "2500")
        exchange.before.clear()
        assert (await client.place("ETH-USDC", "buy", "1", "2500")).order.status == "new"


def same_book(replica: BookReplica, exchange: FakeExchange) -> bool:
    """Whether the replica shows the engine's book."""
    return replica.synced and replica.depth() == exchange.engine.depth(ETH.id, 100)


async def test_a_live_book_survives_gaps_and_cuts(exchange: FakeExchange) -> None:
    """A lost delta is noticed at the next one, a lost connection at once; both are repaired."""
    async with client_of(exchange) as client, client_of(exchange, BOB) as bob:
        await client.stream.wait_ready()
        await bob.stream.wait_ready()
        replica = await client.live_book("ETH-USDC")
        await bob.place("ETH-USDC", "sell", "1", "2600")
        await until(lambda: same_book(replica, exchange))
        socket = next(item for item in exchange.sockets if "book" in item.channels)
        socket.drop_next.add("book")
        await bob.place("ETH-USDC", "sell", "1", "2601")
        await bob.place("ETH-USDC", "sell", "1", "2602")
        await until(lambda: same_book(replica, exchange))
        exchange.sockets_open = False
        exchange.cut_sockets()
        await until(lambda: not client.stream.ready)
        assert not replica.synced
        assert client.stream.silent_s() == float("inf")
        await bob.place("ETH-USDC", "sell", "1", "2603")
        exchange.sockets_open = True
        await until(lambda: same_book(replica, exchange))


async def test_a_book_that_was_refused_once_is_asked_for_again(exchange: FakeExchange) -> None:
    """As with too many requests: who asks later gets the book, and not one that never comes."""
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        await client.place("ETH-USDC", "sell", "1", "2600")
        (socket,) = exchange.sockets
        subscribe = socket._subscribe

        def refuse(request: SubscribeOp) -> SubscribeResult:
            socket._subscribe = subscribe  # type: ignore[method-assign] # the next one is served
            raise Refused(problem(RejectReason.RATE_LIMITED))

        socket._subscribe = refuse  # type: ignore[method-assign] # as above
        with pytest.raises(RefusedError):
            await client.live_book("ETH-USDC")
        replica = await client.live_book("ETH-USDC")
        await until(lambda: same_book(replica, exchange))


async def test_an_order_that_came_before_the_first_connection_is_noticed(
    exchange: FakeExchange,
) -> None:
    """Whoever listens from the first moment learns that something was not told; the client asks."""
    exchange.sockets_open = False
    async with client_of(exchange) as alice, client_of(exchange, entry="rest") as elsewhere:
        events = alice.order_events()
        waiting = asyncio.ensure_future(anext(events))
        placed = await elsewhere.place("ETH-USDC", "sell", "1", "2500")
        assert alice.known_orders() == ()
        exchange.sockets_open = True
        assert isinstance(await waiting, Reconnected)
        await until(lambda: alice.known_orders() == (placed.order,))
        await events.aclose()


async def test_an_order_that_ended_unheard_is_noticed_after_reconnecting(
    exchange: FakeExchange,
) -> None:
    """It is told what it missed; when the exchange forgot that, it learns so and the client asks."""
    async with client_of(exchange) as alice, client_of(exchange, BOB, entry="rest") as bob:
        await alice.stream.wait_ready()
        events = alice.order_events()
        waiting = asyncio.ensure_future(anext(events))
        for remembers in (True, False):
            await alice.place("ETH-USDC", "sell", "1", "2500")
            assert isinstance(await waiting, ExecutionMessage)
            exchange.sockets_open = False
            exchange.cut_sockets()
            await until(lambda: not alice.stream.ready)
            await bob.place("ETH-USDC", "buy", "1", "2500")
            assert len(alice.known_orders()) == 1
            if not remembers:
                exchange.forget()
            exchange.sockets_open = True
            missed = await anext(events)
            if remembers:
                assert isinstance(missed, ExecutionMessage)
                assert missed.exec_type == "trade"
            else:
                assert isinstance(missed, Reconnected)
            await until(lambda: not alice.known_orders())
            waiting = asyncio.ensure_future(anext(events))
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        await events.aclose()


async def test_what_was_heard_before_a_cut_is_not_heard_again(exchange: FakeExchange) -> None:
    """A command tells three trades and the connection is cut after the second: the third follows."""
    async with client_of(exchange) as alice, client_of(exchange, BOB, entry="rest") as bob:
        await alice.stream.wait_ready()
        fills, orders = alice.fill_events(), alice.order_events()
        hearing = [asyncio.ensure_future(anext(one)) for one in (fills, orders)]
        await until(lambda: {"fills", "orders"} <= exchange.sockets[0].channels)
        for price in ("2500", "2501", "2502"):
            await alice.place("ETH-USDC", "sell", "1", price)
        socket = exchange.sockets[0]
        exchange.sockets_open = False
        tell, told = socket.tell, Counter[str]()

        def two_each(text: str) -> None:
            kind = msgspec.json.decode(text)["type"]
            told[kind] += 1
            if told[kind] <= 2:
                tell(text)

        socket.tell = two_each  # type: ignore[method-assign] # of one fake
        await bob.place("ETH-USDC", "buy", "3", "2502")
        exchange.cut_sockets()
        await until(lambda: not alice.stream.ready)
        exchange.sockets_open = True
        await alice.stream.wait_ready()
        after = {one.channel: one.after for one in exchange.sockets[-1].asked}
        assert after["orders"] == after["fills"] == exchange.engine.sequence - 1
        heard_fills = [await hearing[0], await anext(fills), await anext(fills)]
        heard_orders = [await hearing[1]] + [await anext(orders) for _ in range(5)]
        assert all(isinstance(one, FillMessage) for one in heard_fills)
        assert len({one.fill_id for one in heard_fills if isinstance(one, FillMessage)}) == 3
        reports = [one.exec_type for one in heard_orders if isinstance(one, ExecutionMessage)]
        assert reports == ["new", "new", "new", "trade", "trade", "trade"]
        await until(lambda: not alice.known_orders())
        for one in (fills, orders):
            await one.aclose()


async def test_a_heartbeat_says_how_far_a_silent_channel_is(exchange: FakeExchange) -> None:
    """Nothing happened to this account for long: it resumes from the heartbeat, not from its login."""
    async with client_of(exchange) as alice, client_of(exchange, BOB, entry="rest") as bob:
        await alice.stream.wait_ready()
        await until(lambda: "orders" in exchange.sockets[0].channels)
        for _ in range(5):
            await bob.place("ETH-USDC", "buy", "0.1", "2000")
        exchange.beat()
        exchange.forget()
        await bob.place("ETH-USDC", "buy", "0.1", "2000")
        exchange.cut_sockets()
        await until(lambda: not alice.stream.ready)
        await alice.stream.wait_ready()
        asked = [one for one in exchange.sockets[-1].asked if one.channel == "orders"]
        assert [one.after for one in asked] == [exchange.remembers_after]


async def test_a_silent_socket_is_probed_and_left() -> None:
    """A peer that answers nothing is dropped within two heartbeats, and connected anew."""
    exchange = FakeExchange()
    quick = StreamOptions(heartbeat_s=0.01, backoff_s=0.001)
    async with client_of(exchange, stream=quick) as client:
        await client.stream.wait_ready()
        first = exchange.sockets[0]
        await until(lambda: first.pings)
        assert exchange.sockets[0] is first
        first.mute = True
        await until(lambda: exchange.sockets and exchange.sockets[0] is not first)
        await client.stream.wait_ready()
        assert "heartbeats" in str(client.stream.error)


async def test_a_session_is_refreshed_before_it_ends_and_replaced_when_ended(
    exchange: FakeExchange,
) -> None:
    """One login for long; a session ended by the exchange costs one more."""
    async with client_of(exchange) as client:
        assert client.account == ALICE.address
        assert (exchange.logins, exchange.refreshes) == (1, 0)
        exchange.now_ms += 590_000
        await client.balances()
        assert (exchange.logins, exchange.refreshes) == (1, 1)
        exchange.tokens.clear()
        await client.balances()
        assert (exchange.logins, exchange.refreshes) == (2, 1)
        await asyncio.gather(*(client.balances() for _ in range(5)))
        assert exchange.logins == 2


async def test_a_connection_logs_in_anew_before_its_token_ends(exchange: FakeExchange) -> None:
    """Its channels stay, nothing is heard twice, and nobody notices."""
    stream = attrs.evolve(FAST, login_check_s=0.001)
    async with client_of(exchange, stream=stream) as client:
        await client.stream.wait_ready()
        (socket,) = exchange.sockets
        heard = await client.stream.listen(Channel(channel="orders"))
        tokens = {socket.token}
        for renewals in (1, 2):
            exchange.now_ms += 590_000
            await until(lambda: socket.token not in tokens)
            tokens.add(socket.token)
            assert (exchange.logins, exchange.refreshes) == (1, renewals)
        assert exchange.sockets == [socket]
        placed = await client.place("ETH-USDC", "buy", "1", "2000")
        async for message in heard:
            assert isinstance(message, ExecutionMessage)
            assert message.order_id == placed.order.order_id
            break
        heard.close()


async def test_a_login_that_ended_on_the_socket_is_made_again(exchange: FakeExchange) -> None:
    """As after the machine slept: what was refused says so, the next goes through, none is missed."""
    async with client_of(exchange, entry="socket") as client:
        await client.stream.wait_ready()
        (first,) = exchange.sockets
        first.account = None
        exchange.now_ms += 3_600_000
        with pytest.raises(RefusedError, match="2007"):
            await client.place("ETH-USDC", "buy", "1", "2000")
        await until(lambda: exchange.sockets and exchange.sockets[0] is not first)
        await client.stream.wait_ready()
        assert "login" in str(client.stream.error)
        placed = await client.place("ETH-USDC", "buy", "1", "2000")
        assert placed.order.status == "new"


async def test_closing_ends_the_session_however_long_nothing_was_asked(
    exchange: FakeExchange,
) -> None:
    """A token that has expired ends nothing: it is renewed first. A session that is gone is gone."""
    async with client_of(exchange):
        exchange.now_ms += 3_600_000
    assert (exchange.logins, exchange.refreshes) == (1, 1)
    assert not [name for name in exchange.tokens if name.startswith("refresh-")]
    async with client_of(exchange):
        exchange.tokens.clear()
    assert exchange.logins == 2


async def test_public_data_needs_no_account(exchange: FakeExchange) -> None:
    """Without a signer a client reads, and says what trading would need."""
    async with client_of(exchange, None) as client:
        assert [market.id for market in client.markets()] == ["ETH-USDC"]
        assert client.market("ETH-USDC") == ETH
        assert (await client.book("ETH-USDC")).kind == "snapshot"
        assert await client.trades("ETH-USDC") == []
        assert await client.server_time_ms() == exchange.now_ms
        with pytest.raises(ConfigurationError, match="signer"):
            await client.place("ETH-USDC", "buy", "1", "1")
        with pytest.raises(ConfigurationError, match="login"):
            await client.balances()


async def test_an_exchange_that_settles_elsewhere_is_refused() -> None:
    """A signature for another contract is never made."""
    exchange = FakeExchange()
    other = Domain(chain_id=1, verifying_contract=DOMAIN.verifying_contract)
    with pytest.raises(ConfigurationError, match="settles on"):
        async with client_of(exchange, expected_domain=other):
            pass
    async with client_of(exchange, expected_domain=DOMAIN) as client:
        assert client.info.requires_signature


async def test_lanes_are_reused_and_survive_a_restart() -> None:
    """A new client takes the live orders' lanes as taken, and no nonce is used twice."""
    exchange = FakeExchange()
    exchange.fund(ALICE.address, USDC="1000000")
    nonces: list[Nonce] = []

    async def place(client: ExchangeClient) -> str:
        order = (await client.place("ETH-USDC", "buy", "0.1", "2500")).order
        assert order.nonce is not None
        nonces.append(Nonce.unpack(int(order.nonce)))
        return order.order_id

    async with client_of(exchange, lanes=2) as client:
        first = await place(client)
        await place(client)
        with pytest.raises(LanesExhaustedError):
            await place(client)
        await client.cancel(first)
        await place(client)
    async with client_of(exchange, lanes=2) as client:
        assert len(client.known_orders()) == 2
        with pytest.raises(LanesExhaustedError):
            await place(client)
        await client.cancel_all()
        await place(client)
        await place(client)
    assert len({nonce.packed for nonce in nonces}) == len(nonces) == 5
    assert {nonce.lane for nonce in nonces} == {0, 1}


async def test_a_lane_that_another_program_holds_is_left_to_it() -> None:
    """Two clients of one account that share lanes by mistake still trade."""
    exchange = FakeExchange()
    exchange.fund(ALICE.address, USDC="1000000")
    async with client_of(exchange) as one, client_of(exchange) as two:
        for client in (one, two, one, two):
            assert (await client.place("ETH-USDC", "buy", "0.1", "2500")).order.status == "new"
        assert len(await one.open_orders()) == 4


async def test_an_order_is_replaced_as_often_as_revisions_last() -> None:
    """255 times; then the client says so, before anything is sent."""
    exchange = FakeExchange()
    exchange.fund(ALICE.address, USDC="1000000")
    async with client_of(exchange, entry="rest") as client:
        order = (await client.place("ETH-USDC", "buy", "0.1", "2500")).order
        for revision in range(255):
            assert client.can_replace(order)
            price = f"{2400 + revision % 7}"
            order = (await client.replace(order.order_id, quantity="0.1", price=price)).order
        assert not client.can_replace(order)
        with pytest.raises(LanesExhaustedError):
            await client.replace(order.order_id, quantity="0.1", price="2500")
