"""A market that broke an invariant is halted alone: everything else is as if it had been halted."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import msgspec
import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine import Engine, matching
from hybrid_dex.engine.desk import Desk
from hybrid_dex.engine.isolation import MAX_BREAKS
from hybrid_dex.engine.ledger import Ledger
from hybrid_dex.errors import InvariantError
from hybrid_dex.interfaces.book import Allocation, Incoming, Resting
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.commands import (
    AdvanceTime,
    BatchOrders,
    CancelAll,
    CancelOrder,
    Command,
    Deposit,
    ListMarket,
    PlaceLinked,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
    RequestWithdrawal,
    SetMarketState,
)
from hybrid_dex.model.events import (
    CancelRejected,
    CommandRejected,
    Event,
    FillMade,
    MarketStateChanged,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
)
from hybrid_dex.model.market import Market, MarketState, StateCause
from hybrid_dex.model.order import OrderStatus, OrderType, TimeInForce
from hybrid_dex.model.protection import ScheduleCancel
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_PRICE, OrderId, TimestampNs
from tests.engine.driver import BUY, NO_LIMITS, SECOND, SELL, make_market
from tests.tiers import count

GOOD, BAD, OTHER = make_market("ETH-USDC"), make_market("BTC-USDC"), make_market("SOL-USDC")
HISTORIES = count(fast=40, full=1_000)


class Lies(SortedBook):
    """Keeps its promises for so many looks, then offers more than there is."""

    version = "honest"
    honest_for = 0
    market_id = BAD.id

    # Always to be looked at: the engine asks for a match where the best price crosses.
    best_bid = property(lambda _: MAX_PRICE, lambda _, price: None)
    best_ask = property(lambda _: 1, lambda _, price: None)

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.honest = self.honest_for if market.id == self.market_id else -1

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        self.honest -= 1
        if self.honest != 0:
            return super().match(incoming)
        return iter(
            [Allocation(OrderId(1), "nobody", incoming.price, incoming.open, incoming.open)]
        )


class Forgets(SortedBook):
    """Of one market's orders it can not take any out."""

    version = "honest"

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.market = market

    def remove(self, order_id: OrderId) -> Resting:
        if self.market.id == BAD.id:
            raise KeyError(order_id)
        return super().remove(order_id)

    def orders(self) -> Iterator[Resting]:
        if self.market.id == BAD.id:
            raise OSError("it does not know them either")
        return super().orders()


class Breaks:
    """A rule that breaks on large orders of one market."""

    version = "breaks 1"

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        if isinstance(command, PlaceOrder) and (command.market, command.quantity) == (BAD.id, 7):
            raise ZeroDivisionError
        return None

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Learn nothing."""

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        """There is nothing to restore."""


class Run:
    """Applies commands, and does with a broken one what the shell does: from the start again."""

    def __init__(self, make: Callable[[], Engine], *, proves: bool = True) -> None:
        self.make = make
        self.proves = proves
        self.engine = make()
        self.applied: list[tuple[Command, tuple[str, ...]]] = []
        self.at_ns = 0
        for market in (GOOD, BAD):
            self.do(ListMarket(market=market))
        for account in ("alice", "bob", "carol"):
            for asset in ("USDC", "ETH", "BTC"):
                self.do(Deposit(account=account, asset=asset, amount=10**12))

    def do(self, command: Command) -> tuple[Event, ...]:
        command = msgspec.structs.replace(
            command, sequence=self.engine.sequence + 1, at_ns=self.at_ns
        )
        markets: tuple[str, ...] = ()
        while True:
            try:
                if not markets:
                    events = self.engine.apply(command)
                else:
                    events = self.engine.apply_isolated(command, markets)
            except InvariantError as error:
                if not error.market or error.sequence != command.sequence:
                    raise
                markets = (*markets, error.market)
                fresh = self.make()
                self.replay(fresh)
                self.engine.become(fresh)
                continue
            self.applied.append((command, markets))
            if self.proves:
                self.engine.check()
            return events

    def replay(self, engine: Engine) -> None:
        for command, markets in self.applied:
            if markets:
                engine.apply_isolated(command, markets)
            else:
                engine.apply(command)

    def place(self, account: str, market: Market, side: int, quantity: int, price: int) -> Event:
        return self.do(
            PlaceOrder(account=account, market=market.id, side=side, quantity=quantity, price=price)
        )[-1]


def honest() -> Engine:
    return Engine(book=SortedBook, risk=StandardRisk(NO_LIMITS))


def lying(after: int) -> Callable[[], Engine]:
    book = type("Book", (Lies,), {"honest_for": after})
    return lambda: Engine(book=book, risk=StandardRisk(NO_LIMITS))


def without_isolation(engine: Engine) -> object:
    """The state, but for the note that a market is isolated."""
    state = msgspec.json.decode(engine.snapshot())
    assert state[23] in ([], [["BTC-USDC", 1]])
    return [*state[:23], *state[24:]]


def random_command(rng: random.Random) -> Command:
    account = rng.choice(("alice", "bob", "carol"))
    market = rng.choice((GOOD, BAD))
    roll = rng.randrange(20)
    if roll == 0:
        return CancelAll(account=account, market=rng.choice((None, market.id)))
    if roll == 1:
        return RequestWithdrawal(account=account, asset="USDC", amount=rng.randrange(10**12))
    return PlaceOrder(
        account=account,
        market=market.id,
        side=rng.choice((BUY, SELL)),
        quantity=rng.randrange(1, 9),
        price=rng.randrange(95, 106),
    )


def test_a_run_with_a_broken_command_is_the_run_in_which_its_market_was_halted_there(
    seed: int,
) -> None:
    """Same books, balances, flights and memory, to the byte, after random histories."""
    broken = 0
    for number in range(HISTORIES):
        rng = random.Random(f"{seed}:{number}")
        run, other = Run(lying(rng.randrange(1, 25))), Run(honest)
        for _ in range(60):
            command = random_command(rng)
            run.do(command)
            isolated = run.applied[-1][1]
            if isolated:
                broken += 1
                other.do(SetMarketState(market=BAD.id, state=MarketState.HALTED))
            else:
                other.do(command)
        assert without_isolation(run.engine) == without_isolation(other.engine), number
        again = run.make()
        run.replay(again)
        assert again.state_hash() == run.engine.state_hash()
        restored = run.make()
        restored.restore(run.engine.snapshot())
        assert restored.state_hash() == run.engine.state_hash()
    assert broken >= HISTORIES // 2


@pytest.mark.parametrize(
    "make",
    [lying(1), lambda: Engine(book=SortedBook, risk=Breaks())],
    ids=["book", "risk"],
)
def test_the_broken_command_is_answered_and_its_market_alone_is_halted(
    make: Callable[[], Engine],
) -> None:
    """INTERNAL; nothing is remembered; others trade, and the market's orders can be canceled."""
    run = Run(make)
    changed, rejected = run.do(
        PlaceOrder(
            account="alice", market=BAD.id, side=BUY, quantity=7, price=9, client_order_id="x"
        )
    )
    assert changed == MarketStateChanged(BAD.id, MarketState.HALTED, StateCause.INVARIANT)
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason is RejectReason.INTERNAL
    assert run.engine.order_by_client_id("alice", "x") is None
    assert run.engine.balance("alice", "USDC").available == 10**12
    assert run.engine.isolated() == (BAD.id,)
    halted = run.place("alice", BAD, BUY, 1, 9)
    assert isinstance(halted, OrderRejected)
    assert halted.reason is RejectReason.MARKET_HALTED
    run.place("alice", GOOD, SELL, 1, 9)
    assert run.place("bob", GOOD, BUY, 1, 9).fill_id


def alices(**terms: object) -> PlaceOrder:
    whole = {"account": "alice", "market": BAD.id, "side": SELL, "quantity": 1, "price": 20}
    return PlaceOrder(**(whole | terms))


INTERNAL = (
    RejectReason.INTERNAL,
    "",
    "a bug on our side: the market is halted, and nothing was done",
)
PAIR = PlaceLinked(
    take_profit=alices(client_order_id="profit"),
    stop=alices(
        client_order_id="stop",
        order_type=OrderType.STOP_LIMIT,
        trigger_price=5,
        price=4,
    ),
)
NOW = 14 << 8
"""The order that a new command would make, and the one that stands: 3 lots, one of them filled."""
STANDING = 12 << 8
PARTLY = (OrderStatus.PARTIALLY_FILLED, 1)


@pytest.mark.parametrize(
    ("command", "answers"),
    [
        (
            alices(client_order_id="x"),
            [OrderRejected(NOW, "alice", BAD.id, *INTERNAL, "x")],
        ),
        (
            PAIR,
            [
                OrderRejected(NOW, "alice", BAD.id, *INTERNAL, "profit"),
                OrderRejected(NOW + 1, "alice", BAD.id, *INTERNAL, "stop"),
            ],
        ),
        (
            CancelOrder(account="alice", order_id=STANDING),
            [CancelRejected("alice", STANDING, None, *INTERNAL, *PARTLY)],
        ),
        (
            CancelOrder(account="alice", client_order_id="mine"),
            [CancelRejected("alice", STANDING, "mine", *INTERNAL, *PARTLY)],
        ),
        (
            CancelOrder(account="bob", order_id=STANDING),
            [CancelRejected("bob", STANDING, None, *INTERNAL, None, 0)],
        ),
        (
            ReduceOrder(account="alice", order_id=STANDING, by=1),
            [CancelRejected("alice", STANDING, None, *INTERNAL, *PARTLY)],
        ),
        (
            ReplaceOrder(account="alice", order_id=STANDING, quantity=2, price=9),
            [CancelRejected("alice", STANDING, None, *INTERNAL, *PARTLY)],
        ),
        (CancelAll(account="alice", market=BAD.id), [CommandRejected("alice", *INTERNAL)]),
        (
            BatchOrders(
                account="alice",
                members=(alices(), CancelOrder(account="alice", order_id=STANDING)),
            ),
            [CommandRejected("alice", *INTERNAL)],
        ),
        (BatchOrders(account="alice", members=(alices(),)), [CommandRejected("alice", *INTERNAL)]),
        (
            SetMarketState(market=BAD.id, state=MarketState.OPEN),
            [CommandRejected(None, *INTERNAL)],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_command_that_broke_is_answered_in_its_own_way(
    command: Command, answers: list[Event]
) -> None:
    """To whom sent it, by the names he gave; a cancel with what stands of an own order. Nothing else happens."""
    run = Run(honest)
    run.do(alices(side=BUY, quantity=3, price=9, client_order_id="mine"))
    run.place("bob", BAD, SELL, 1, 9)
    before = run.engine.open_orders("alice", BAD.id), run.engine.balance("alice", "BTC")
    halted, *answered = run.engine.apply_isolated(
        msgspec.structs.replace(command, sequence=run.engine.sequence + 1), (BAD.id,)
    )
    assert halted == MarketStateChanged(BAD.id, MarketState.HALTED, StateCause.INVARIANT)
    assert answered == answers
    assert (
        run.engine.open_orders("alice", BAD.id),
        run.engine.balance("alice", "BTC"),
    ) == before
    run.engine.check()


@pytest.mark.parametrize(
    "named", [{"order_id": 1 << 8}, {"client_order_id": "never seen"}], ids=str
)
def test_a_cancel_of_what_nobody_knows_is_about_no_market(named: dict[str, object]) -> None:
    """So it is answered as ever, also when it is tried again without the one that broke."""
    run = Run(honest)
    cancel = CancelOrder(account="alice", sequence=run.engine.sequence + 1, **named)
    _, answer = run.engine.apply_isolated(cancel, (BAD.id,))
    assert isinstance(answer, CancelRejected)
    assert answer.reason is RejectReason.UNKNOWN_ORDER


def test_a_ledger_that_does_not_balance_is_found_and_halts_the_market(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A posting that loses an atom in one market harms no other."""

    def lose(self: Ledger, market: Market, *parts: str, **amounts: int) -> None:
        trade(self, market, *parts, **amounts)
        if market.id == BAD.id:
            self.entry(parts[0], market.quote.id).available -= 1
        self.check()

    trade = Ledger.trade
    monkeypatch.setattr(Ledger, "trade", lose)
    run = Run(honest)
    run.place("alice", BAD, SELL, 7, 9)
    before = run.engine.balance("bob", "USDC")
    rejected = run.place("bob", BAD, BUY, 7, 9)
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason is RejectReason.INTERNAL
    assert run.engine.balance("bob", "USDC") == before
    run.place("alice", GOOD, SELL, 1, 9)
    assert run.place("bob", GOOD, BUY, 1, 9).fill_id


def test_a_halted_market_gives_its_orders_up_though_its_book_does_not() -> None:
    """Cancel, expiry by another market's command, and a fact of the chain: none needs that book."""
    run = Run(lambda: Engine(book=Forgets, risk=StandardRisk(NO_LIMITS)), proves=False)
    for _ in range(3):
        run.place("alice", BAD, BUY, 1, 9)
    lasting = run.place("alice", GOOD, BUY, 2, 8)
    expiring = PlaceOrder(
        account="bob",
        market=BAD.id,
        side=SELL,
        quantity=1,
        price=20,
        time_in_force=TimeInForce.GTD,
        expires_at_ns=5 * SECOND,
    )
    run.do(expiring)
    run.at_ns = 5 * SECOND
    events = run.do(CancelAll(account="alice", market=GOOD.id))
    assert isinstance(events[0], OrderExpired)
    assert events[1] == MarketStateChanged(BAD.id, MarketState.HALTED, StateCause.INVARIANT)
    assert isinstance(events[2], OrderCanceled)
    assert events[2].order_id == lasting.order_id
    depth = run.engine.depth(BAD.id, 5)
    assert ([tuple(msgspec.structs.astuple(level)) for level in depth.bids], depth.asks) == (
        [(9, 3)],
        (),
    )
    assert run.engine.top(BAD.id).ask is None
    run.engine.check()
    first, *_ = run.engine.open_orders("alice", BAD.id)
    (canceled,) = run.do(CancelOrder(account="alice", order_id=first.order_id))
    assert isinstance(canceled, OrderCanceled)
    events = run.do(RequestWithdrawal(account="alice", asset="USDC", amount=10**12))
    assert sum(isinstance(event, OrderCanceled) for event in events) == 2
    assert run.engine.isolated() == (BAD.id,)


def test_a_market_that_opens_again_has_its_orders_in_the_priority_they_had() -> None:
    """A fresh book takes over; the oldest is filled first."""
    run = Run(lying(4))
    makers = [run.place(account, BAD, SELL, 1, 9) for account in ("alice", "bob", "alice")]
    rejected = run.place("carol", BAD, BUY, 2, 9)
    assert isinstance(rejected, OrderRejected)
    run.do(SetMarketState(market=BAD.id, state=MarketState.OPEN))
    assert run.engine.isolated() == ()
    _, one, two = run.do(PlaceOrder(account="carol", market=BAD.id, side=BUY, quantity=2, price=9))
    assert [one.maker_order, two.maker_order] == [maker.order_id for maker in makers[:2]]


@pytest.mark.parametrize("markets", [(GOOD, BAD, GOOD), (BAD, GOOD)], ids=len)
@pytest.mark.parametrize("all_or_none", [False, True])
def test_a_batch_goes_on_without_the_market_that_breaks(
    markets: tuple[Market, ...], *, all_or_none: bool
) -> None:
    """Its member there is refused as in any halted market."""
    run = Run(lying(1))
    members = tuple(
        PlaceOrder(account="alice", market=market.id, side=BUY, quantity=1, price=9)
        for market in markets
    )
    events = run.do(BatchOrders(account="alice", members=members, all_or_none=all_or_none))
    answers = [event for event in events if isinstance(event, OrderAccepted | OrderRejected)]
    refused = [one.reason for one in answers if isinstance(one, OrderRejected)]
    assert RejectReason.MARKET_HALTED in refused
    assert len(refused) == (len(markets) if all_or_none else 1)
    assert run.engine.isolated() == (BAD.id,)


def test_a_market_that_may_not_open_stays_laid_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused move changes nothing: its orders cross, and more than one command can let trade."""
    run = Run(honest)
    run.do(SetMarketState(market=BAD.id, state=MarketState.AUCTION_OPEN))
    run.place("alice", BAD, SELL, 1, 9)
    run.place("bob", BAD, BUY, 1, 9)
    run.engine.apply_isolated(
        AdvanceTime(sequence=run.engine.sequence + 1, at_ns=run.at_ns), (BAD.id,)
    )
    assert (run.engine.isolated(), run.engine.market_state(BAD.id)) == (
        (BAD.id,),
        MarketState.HALTED,
    )
    monkeypatch.setattr(matching, "MAX_FILLS_PER_COMMAND", 1)
    before = msgspec.json.decode(run.engine.snapshot())
    opening = SetMarketState(
        market=BAD.id, state=MarketState.OPEN, sequence=run.engine.sequence + 1, at_ns=run.at_ns
    )
    (refused,) = run.engine.apply(opening)
    assert isinstance(refused, CommandRejected)
    assert refused.reason is RejectReason.TOO_MANY_FILLS
    assert run.engine.isolated() == (BAD.id,)
    assert msgspec.json.decode(run.engine.snapshot())[2:] == before[2:]
    monkeypatch.undo()
    again = msgspec.structs.replace(opening, sequence=run.engine.sequence + 1)
    assert any(isinstance(event, FillMade) for event in run.engine.apply(again))
    assert run.engine.isolated() == ()


def test_what_time_does_in_another_market_is_not_to_blame() -> None:
    """A scheduled cancel fires there first; the command then breaks its own market."""
    run = Run(lying(1))
    run.place("alice", GOOD, SELL, 1, 9)
    run.do(ScheduleCancel(account="alice", market=GOOD.id, timeout_ms=1_000))
    run.at_ns += 2 * SECOND
    events = run.do(PlaceOrder(account="bob", market=BAD.id, side=BUY, quantity=1, price=9))
    assert any(isinstance(event, OrderCanceled) for event in events)
    assert isinstance(events[-1], OrderRejected)
    assert run.engine.isolated() == (BAD.id,)


def test_a_second_market_can_break_too() -> None:
    """Each is halted by itself."""

    class BothLie(Lies):
        honest_for = 2

        def __init__(self, market: Market) -> None:
            self.market_id = market.id
            super().__init__(market)

    run = Run(lambda: Engine(book=BothLie, risk=StandardRisk(NO_LIMITS)))
    run.do(ListMarket(market=OTHER))
    for market in (GOOD, BAD):
        run.place("alice", market, SELL, 1, 9)
        rejected = run.place("bob", market, BUY, 1, 9)
        assert isinstance(rejected, OrderRejected)
        assert rejected.reason is RejectReason.INTERNAL
    assert run.engine.isolated() == (BAD.id, GOOD.id)
    assert run.place("bob", OTHER, BUY, 1, 9).order_id


def test_a_book_can_not_sell_what_was_canceled() -> None:
    """The engine remembers an order that ended, and knows it from one that is live."""
    gone: list[Resting] = []

    class Haunted(SortedBook):
        def match(self, incoming: Incoming) -> Iterator[Allocation]:
            for order in gone:
                yield Allocation(order.order_id, order.account, order.price, 1, order.quantity)

    run = Run(lambda: Engine(book=Haunted, risk=StandardRisk(NO_LIMITS)))
    order = run.place("alice", BAD, SELL, 5, 9)
    run.place("alice", BAD, SELL, 5, 9)
    run.do(CancelOrder(account="alice", order_id=order.order_id))
    gone.append(Resting(order.order_id, "alice", SELL, 9, 5))
    with pytest.raises(InvariantError, match="not live") as raised:
        run.engine.apply(
            PlaceOrder(
                account="bob",
                market=BAD.id,
                side=BUY,
                quantity=1,
                price=9,
                sequence=run.engine.sequence + 1,
                at_ns=TimestampNs(0),
            )
        )
    assert raised.value.market == BAD.id


def test_what_is_no_markets_fault_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A halted market that breaks too often, and a command without a market."""
    run = Run(lying(2))
    order = run.place("alice", BAD, SELL, 1, 9)
    run.place("bob", BAD, BUY, 1, 9)
    cancel = CancelOrder(account="alice", order_id=order.order_id)

    def refuse(*_: object) -> None:
        raise InvariantError("it is wrong")

    with monkeypatch.context() as patched:
        patched.setattr(Desk, "release", refuse)
        for _ in range(MAX_BREAKS - 1):
            (answer,) = run.do(cancel)
            assert isinstance(answer, CancelRejected)
            assert answer.reason is RejectReason.INTERNAL
        with pytest.raises(InvariantError, match="wrong"):
            run.do(cancel)
    run = Run(honest)
    monkeypatch.setattr(Ledger, "deposit", refuse)
    with pytest.raises(InvariantError, match="wrong") as raised:
        run.do(Deposit(account="alice", asset="USDC", amount=1))
    assert raised.value.market == ""
    with pytest.raises(InvariantError, match="stopped"):
        run.engine.apply(AdvanceTime(sequence=run.engine.sequence + 1))
