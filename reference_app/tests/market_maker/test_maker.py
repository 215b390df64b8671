"""The loop of the market maker, on an exchange in memory: limits and clean ends, whatever fails."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import attrs
import pytest

from hybrid_dex import (
    AccountId,
    AdvanceTime,
    RefusedError,
    RejectReason,
    Side,
    UnknownOutcomeError,
)
from hybrid_dex.client import ExchangeClient, OrderOptions, UnreachableError
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.signing import LocalSigner
from reference_app.market_maker import MakerState, MarketMaker, MarketMakerOptions
from reference_app.market_maker.maker import client_options
from tests.client.fake_exchange import ETH, FakeExchange

MAKER, TAKER = LocalSigner(b"\x03" * 32), LocalSigner(b"\x04" * 32)
OPTIONS = MarketMakerOptions(
    market="ETH-USDC",
    reference_price="2500",
    seed=11,
    quantity="0.5",
    max_inventory="2.5",
    interval_s=0.01,
    order_lifetime_s=30,
    stale_after_s=5.0,
)


@pytest.fixture(params=[True, False], ids=["signed", "unsigned"])
def exchange(request: pytest.FixtureRequest) -> FakeExchange:
    """An exchange with and without a chain; maker and taker hold funds."""
    fake = FakeExchange(signed=request.param)
    for signer in (MAKER, TAKER):
        fake.fund(signer.address, ETH="10", USDC="100000")
    return fake


def client_of(
    exchange: FakeExchange,
    signer: LocalSigner = MAKER,
    maker_options: MarketMakerOptions = OPTIONS,
) -> ExchangeClient:
    """A client whose requests go to the fake."""
    options = client_options(maker_options)
    stream = attrs.evolve(options.stream, timeout_s=0.05, backoff_max_s=0.01, backoff_s=0.001)
    options = attrs.evolve(options, stream=stream, backoff_s=0.0, attempts=2)
    return ExchangeClient(
        "http://fake.example",
        signer=signer,
        options=options,
        http=exchange,
        connector=exchange.connect,
        now_ns=exchange.now_ns,
    )


async def until(condition: Callable[[], object]) -> None:
    """Let other tasks run until something is so; the test's own time limit guards it."""
    while not condition():  # the conditions are others' state
        await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def quoting(
    exchange: FakeExchange, client: ExchangeClient, options: MarketMakerOptions = OPTIONS
) -> AsyncIterator[list[MakerState]]:
    """A market maker that runs until the block ends, and every state it told."""
    states: list[MakerState] = []
    stop = asyncio.Event()
    maker = MarketMaker(
        client, options, on_state=states.append, now_s=lambda: exchange.now_ms / 1000
    )
    task = asyncio.create_task(maker.run(stop))
    try:
        yield states
    finally:
        stop.set()
        await task


@contextlib.contextmanager
def late_orders(
    client: ExchangeClient,
) -> Iterator[list[tuple[tuple[object, ...], dict[str, object]]]]:
    """Within the block new orders get no answer, and have not arrived when it ends: these."""
    late: list[tuple[tuple[object, ...], dict[str, object]]] = []
    place = client.place

    async def lost(*args: object, **kwargs: object) -> None:
        late.append((args, kwargs))
        raise UnknownOutcomeError("lost")

    client.place = lost  # type: ignore[method-assign,assignment] # its way is the test's
    try:
        yield late
    finally:
        client.place = place  # type: ignore[method-assign]


def levels(exchange: FakeExchange) -> tuple[int, int]:
    """How many levels each side of the book has."""
    depth = exchange.engine.depth(ETH.id, 100)
    return len(depth.bids), len(depth.asks)


def live(exchange: FakeExchange) -> int:
    """How many orders the maker has on the book."""
    return exchange.engine.open_order_count(AccountId(MAKER.address))


async def test_it_refreshes_by_replacing_and_leaves_nothing(exchange: FakeExchange) -> None:
    """Ten orders are placed once and then only replaced; in the end the book is empty."""
    async with client_of(exchange) as client:
        async with quoting(exchange, client) as states:
            await until(lambda: states and states[-1].replaced >= 100)
            assert live(exchange) == 10
            assert (states[-1].live, states[-1].placed, states[-1].refusal) == (10, 10, "")
            assert states[-1].canceled == 0
            assert len({state.reference for state in states}) > 5
        assert levels(exchange) == (0, 0)


async def test_a_signed_order_outlives_its_revisions() -> None:
    """After 255 replacements an order is canceled and placed anew; quoting goes on."""
    exchange = FakeExchange()
    exchange.fund(MAKER.address, ETH="10", USDC="100000")
    options = attrs.evolve(OPTIONS, levels=1, interval_s=0.0001)
    async with client_of(exchange) as client, quoting(exchange, client, options) as states:
        await until(lambda: states and states[-1].replaced >= 600)
        assert states[-1].placed > 2
        assert states[-1].quoting


async def test_it_trades_within_its_inventory(exchange: FakeExchange) -> None:
    """However much is taken from it, it never loses more than it may, and quotes on."""
    immediate = OrderOptions(time_in_force=TimeInForce.IOC)
    async with client_of(exchange) as client, client_of(exchange, TAKER) as taker:
        async with quoting(exchange, client) as states:
            await until(lambda: states and states[-1].live == 10)
            for _ in range(12):
                await taker.place("ETH-USDC", Side.BUY, "1", "3000", options=immediate)
                seen = len(states)
                await until(lambda seen=seen: len(states) > seen + 1)
            assert states[-1].inventory == "-2.5"
            assert levels(exchange) == (5, 0)
            await taker.place("ETH-USDC", Side.SELL, "1", "2000", options=immediate)
            await until(lambda: states[-1].inventory == "-1.5" and levels(exchange)[1])
        assert (await client.balances())["ETH"].total == "8.5"


async def test_limits_hold_while_answers_are_lost(exchange: FakeExchange) -> None:
    """Every fifth request or answer is lost: never more orders or inventory than allowed."""
    most, requests = 0, 0

    def fault(method: str, path: str) -> None:
        nonlocal most, requests
        most = max(most, live(exchange))
        requests += 1
        if requests % 5 == 0 and path not in {"login", "subscribe", "/orders/open"}:
            raise UnknownOutcomeError("lost")

    async with client_of(exchange) as client:
        async with quoting(exchange, client) as states:
            await until(lambda: states and states[-1].live == 10)
            exchange.after.append(fault)
            seen = len(states)
            await until(lambda: len(states) > seen + 8)
            exchange.after.clear()
            await until(lambda: states[-1].live == 10 and not states[-1].doubtful)
        assert most <= 10
        assert levels(exchange) == (0, 0)


async def test_an_order_in_doubt_counts_until_it_must_have_expired() -> None:
    """One that never arrived takes its room on both sides, until its lifetime is over."""
    exchange = FakeExchange(signed=False)
    exchange.fund(MAKER.address, ETH="10", USDC="100000")
    lost = 0

    def lose_first_place(method: str, path: str) -> None:
        nonlocal lost
        if (path == "place" or (method, path) == ("POST", "/orders")) and lost < 3:
            lost += 1
            raise UnreachableError("gone") if method == "ws" else UnknownOutcomeError("gone")

    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        exchange.before.append(lose_first_place)
        async with quoting(exchange, client) as states:
            await until(lambda: states and states[-1].live == 8)
            assert states[-1].doubtful == 1
            exchange.now_ms += 31_000
            await until(lambda: states[-1].live == 10)
            assert states[-1].doubtful == 0


@pytest.mark.parametrize("path", ["/orders/open", "/orders/by-client-id/"])
async def test_a_lost_order_that_arrives_between_two_reads_takes_its_room(
    exchange: FakeExchange, path: str
) -> None:
    """While the list or the search for it is on its way: it is in doubt, listed, or both."""
    options = attrs.evolve(OPTIONS, levels=1, quantity="1", max_inventory="1", max_orders=2)
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        maker = MarketMaker(client, options, now_s=lambda: exchange.now_ms / 1000)
        place = client.place
        with late_orders(client) as late:
            await maker.refresh()
        assert (live(exchange), len(late)) == (0, 1)

        async def arrive(method: str, asked: str) -> None:
            if asked.startswith(path):
                while late:
                    args, kwargs = late.pop()
                    await place(*args, **kwargs)  # type: ignore[arg-type] # as it was called

        exchange.on_the_way.append(arrive)
        for _ in range(3):
            await maker.refresh()
            buys = [one for one in await client.open_orders() if one.side == "buy"]
            assert live(exchange) <= 2
            assert len(buys) <= 1
        assert (maker.state.doubtful, live(exchange), late) == (0, 2, [])


async def test_a_lost_order_is_over_by_the_clock_of_the_exchange(exchange: FakeExchange) -> None:
    """A clock of one's own that is ahead drops no doubt about what the exchange would still take."""
    options = attrs.evolve(OPTIONS, levels=1, quantity="1", max_inventory="1", max_orders=2)
    ahead_s = 0
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        maker = MarketMaker(client, options, now_s=lambda: exchange.now_ms / 1000 + ahead_s)
        with late_orders(client):
            await maker.refresh()
        ahead_s = 3_600
        await maker.refresh()
        assert maker.state.doubtful == 1
        exchange.now_ms += 31_000
        await maker.refresh()
        assert (maker.state.doubtful, live(exchange)) == (0, 2)


async def test_a_lost_replacement_can_not_arrive_any_more(exchange: FakeExchange) -> None:
    """Its order is canceled before anything else, as it could grow beyond what it was listed with."""
    options = attrs.evolve(OPTIONS, levels=1, max_orders=2)
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        maker = MarketMaker(client, options, now_s=lambda: exchange.now_ms / 1000)
        await maker.refresh()
        before = {order.order_id for order in await client.open_orders()}
        replace, late = client.replace, []

        async def lost(*args: object, **kwargs: object) -> None:
            late.append((args, kwargs))
            raise UnknownOutcomeError("lost")

        client.replace = lost  # type: ignore[method-assign,assignment] # its way is the test's
        await maker.refresh()
        assert maker.state.refusal == "lost"
        client.replace = replace  # type: ignore[method-assign]
        ((args, kwargs),) = late
        await maker.refresh()
        after = {order.order_id for order in await client.open_orders()}
        assert (len(before), len(after), before - after) == (2, 2, {args[0]})
        with pytest.raises(RefusedError):
            await replace(*args, **kwargs)
        assert maker.state.refusal == ""  # that of a refresh that went well is told no longer


class Overloaded:
    """Refuses the requests of some kinds, for the time being."""

    def __init__(self, client: ExchangeClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refused: set[str] = set()
        for name in ("open_orders", "balances", "schedule_cancel", "cancel_all", "cancel"):
            monkeypatch.setattr(client, name, self._gate(name, getattr(client, name)))

    def _gate(
        self, name: str, method: Callable[..., Awaitable[object]]
    ) -> Callable[..., Awaitable[object]]:
        async def call(*args: object) -> object:
            if name in self.refused:
                raise RefusedError(RejectReason.UNAVAILABLE.value, "", f"no {name} now")
            return await method(*args)

        return call


@pytest.mark.parametrize("name", ["open_orders", "balances", "schedule_cancel", "cancel_all"])
async def test_a_refusal_for_the_time_being_ends_no_run(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It is told, and quoting goes on once the exchange takes requests; also at the start."""
    async with client_of(exchange) as client:
        overloaded = Overloaded(client, monkeypatch)
        overloaded.refused = {name}
        async with quoting(exchange, client) as states:
            await until(lambda: states and states[-1].refusal == f"9001: no {name} now")
            assert not states[-1].quoting
            overloaded.refused = set()
            await until(lambda: states[-1].quoting and states[-1].live == 10)
            if name != "cancel_all":
                overloaded.refused = {name}
                await until(lambda: not states[-1].quoting)
                overloaded.refused = set()
                await until(lambda: states[-1].quoting and states[-1].live == 10)
        assert levels(exchange) == (0, 0)


async def test_in_the_end_it_waits_for_an_exchange_that_takes_no_cancels(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = attrs.evolve(OPTIONS, stale_after_s=0.2, absent_after_s=0.2)
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        overloaded = Overloaded(client, monkeypatch)
        stop = asyncio.Event()
        refused = 0
        cancel_all = client.cancel_all

        async def counted(*args: str) -> object:
            nonlocal refused
            try:
                return await cancel_all(*args)
            except RefusedError:
                refused += 1
                raise

        monkeypatch.setattr(client, "cancel_all", counted)
        maker = MarketMaker(client, options, now_s=lambda: exchange.now_ms / 1000)
        task = asyncio.create_task(maker.run(stop))
        await until(lambda: live(exchange) == 10)
        overloaded.refused = {"cancel_all"}
        stop.set()
        await until(lambda: refused)
        overloaded.refused = set()
        await task
        assert levels(exchange) == (0, 0)


async def test_a_quote_whose_cancel_was_refused_takes_its_room(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that could not be canceled for the time being lives: nothing takes its place."""
    options = attrs.evolve(OPTIONS, levels=1, max_orders=2)
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        maker = MarketMaker(client, options, now_s=lambda: exchange.now_ms / 1000)
        await maker.refresh()
        overloaded = Overloaded(client, monkeypatch)
        overloaded.refused = {"cancel"}
        monkeypatch.setattr(client, "can_replace", lambda order: False)
        await maker.refresh()
        assert live(exchange) == 2
        assert maker.state.refusal == "9001: no cancel now"


async def test_it_pulls_quotes_while_the_socket_is_down(exchange: FakeExchange) -> None:
    """REST still works: the quotes are canceled at once, and come back with the socket."""
    options = attrs.evolve(OPTIONS, interval_s=2.0, stale_after_s=0.2)
    async with client_of(exchange, maker_options=options) as client:
        await client.stream.wait_ready()
        async with quoting(exchange, client, options) as states:
            await until(lambda: states and states[-1].live == 10)
            exchange.sockets_open = False
            exchange.cut_sockets()
            refreshes = len(states)
            await until(lambda: levels(exchange) == (0, 0))
            assert len(states) == refreshes
            exchange.sockets_open = True
            await until(lambda: levels(exchange) == (5, 5))


async def test_it_cancels_what_a_killed_run_left(exchange: FakeExchange) -> None:
    """A new run starts clean; orders end by themselves if there is none."""
    async with client_of(exchange) as client:
        for price in ("2000", "2001", "2002"):
            await client.place("ETH-USDC", Side.BUY, "0.1", price)
    assert live(exchange) == 3
    async with client_of(exchange) as client, quoting(exchange, client) as states:
        await until(lambda: states and states[-1].live == 10)
        assert states[-1].canceled == 3
        due = exchange.engine.next_due_ns()
        assert due is not None
        assert due <= exchange.now_ns() + 31_000_000_000


async def test_without_funds_it_quotes_what_it_can(exchange: FakeExchange) -> None:
    """Refusals are told and end nothing."""
    poor = LocalSigner(b"\x06" * 32)
    exchange.fund(poor.address, ETH="1", USDC="1000")
    async with client_of(exchange, poor) as client, quoting(exchange, client) as states:
        await until(lambda: len(states) > 5)
        assert levels(exchange) == (0, 2)
        assert states[-1].refusal.startswith("3001")


@pytest.mark.parametrize(
    "changes",
    [{"order_lifetime_s": 1, "interval_s": 5.0}, {"levels": 0}, {"max_orders": 0}],
)
def test_options_that_can_not_work_are_refused(changes: dict[str, object]) -> None:
    """Quotes that would end between two refreshes, or none at all."""
    with pytest.raises(ValueError, match="must be"):
        attrs.evolve(OPTIONS, **changes)


async def test_the_exchange_pulls_the_quotes_of_a_maker_that_is_killed(
    exchange: FakeExchange,
) -> None:
    """The switch is armed before the first quote and pushed back; killed, nothing disarms it."""
    account = AccountId(MAKER.address)
    async with client_of(exchange) as client:
        await client.stream.wait_ready()
        maker = MarketMaker(client, OPTIONS, now_s=lambda: exchange.now_ms / 1000)
        await maker.refresh()
        (armed,) = exchange.engine.scheduled_cancels(account)
        assert (live(exchange), armed.timeout_ms) == (10, 2_000)
        exchange.now_ms += 1_500
        await maker.refresh()
        (pushed,) = exchange.engine.scheduled_cancels(account)
        assert pushed.due_ns == armed.due_ns + 1_500 * 1_000_000
        exchange.now_ms += 2_001
        exchange.run(AdvanceTime())
        assert live(exchange) == 0
        await maker.refresh()
        assert live(exchange) == 10, "it was only late, and quotes again"


async def test_between_two_refreshes_the_switch_is_pushed_back_and_in_the_end_disarmed(
    exchange: FakeExchange,
) -> None:
    account = AccountId(MAKER.address)
    options = attrs.evolve(OPTIONS, interval_s=20.0, order_lifetime_s=60, absent_after_s=0.04)
    async with client_of(exchange, maker_options=options) as client:
        await client.stream.wait_ready()
        async with quoting(exchange, client, options) as states:
            await until(lambda: states)
            (first,) = exchange.engine.scheduled_cancels(account)
            exchange.now_ms += 10
            await until(lambda: exchange.engine.scheduled_cancels(account) != (first,))
            assert len(states) == 1, "no refresh came between"
        assert exchange.engine.scheduled_cancels(account) == ()
