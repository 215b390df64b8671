"""A batch is its members, one after another; all-or-none it is all of them or nothing at all."""

import random

import msgspec
import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.commands import (
    AdvanceTime,
    BatchMember,
    BatchOrders,
    CancelOrder,
    Command,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
)
from hybrid_dex.model.events import (
    CancelRejected,
    CommandRejected,
    Event,
    EventBatch,
    FillMade,
    OrderAccepted,
    OrderCanceled,
    OrderReduced,
    OrderRejected,
    OrderReplaced,
    fresh_events,
    member_answers,
)
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.risk_control import AssignRiskTier, SetAccountGroup, SetRiskTier
from hybrid_dex.model.units import TimestampNs
from tests.engine.driver import BUY, MARKET, NO_LIMITS, SELL, Driver, authorize, make_engine

BOTH = SelfTradeMode.CANCEL_BOTH
REFUSALS = OrderRejected | CancelRejected | CommandRejected


def place(side: Side, quantity: int, price: int, **terms: object) -> PlaceOrder:
    terms = {"account": "alice", "market": MARKET.id} | terms
    return PlaceOrder(side=side, quantity=quantity, price=price, **terms)


def batch(
    driver: Driver, *members: BatchMember, all_or_none: bool = False
) -> list[tuple[Event, ...]]:
    """Send a batch of Alice's; return the answer to each member."""
    events = driver.do(BatchOrders(account="alice", members=members, all_or_none=all_or_none))
    answered = EventBatch(driver.engine.sequence, driver.at_ns, events)
    return [answer.events for answer in member_answers(answered)]


def kinds(answers: list[tuple[Event, ...]]) -> list[list[str]]:
    return [[type(event).__name__ for event in answer] for answer in answers]


def reasons(answers: list[tuple[Event, ...]]) -> list[Reason | None]:
    """Why each member was refused, if it was."""
    firsts = [answer[0] for answer in answers]
    return [event.reason if isinstance(event, REFUSALS) else None for event in firsts]


def funded(*, limits: RiskLimits = NO_LIMITS, amount: int = 10**12) -> Driver:
    driver = Driver(make_engine(risk=StandardRisk(limits)))
    driver.fund("alice", "bob", amount=amount)
    return driver


def test_each_member_is_answered_in_order_and_has_an_id_of_its_own() -> None:
    """Places, a reduction, a replacement and a cancel; ids are (command, place in the batch)."""
    driver = funded()
    old = driver.rest("alice", BUY, 9, 90)
    answers = batch(
        driver,
        place(BUY, 5, 100),
        ReduceOrder(account="alice", order_id=old, by=2),
        place(SELL, 4, 110, client_order_id="s"),
        ReplaceOrder(account="alice", order_id=old, quantity=9, price=91),
        CancelOrder(account="alice", client_order_id="s"),
    )
    assert kinds(answers) == [
        ["OrderAccepted"],
        ["OrderReduced"],
        ["OrderAccepted"],
        ["OrderReplaced"],
        ["OrderCanceled"],
    ]
    sequence = driver.engine.sequence
    assert answers[0][0].order_id == sequence << 8
    assert answers[2][0].order_id == answers[4][0].order_id == sequence << 8 | 2
    assert isinstance(answers[1][0], OrderReduced)
    assert isinstance(answers[3][0], OrderReplaced)


def test_a_refused_member_of_a_plain_batch_refuses_nobody_else() -> None:
    driver = funded()
    answers = batch(
        driver,
        place(BUY, 5, 0),
        place(BUY, 5, 100),
        CancelOrder(account="alice", order_id=77),
        place(BUY, 5, 100, market="NO-SUCH"),
    )
    assert reasons(answers) == [
        Reason.INVALID_PRICE,
        None,
        Reason.UNKNOWN_ORDER,
        Reason.UNKNOWN_MARKET,
    ]
    assert driver.engine.open_order_count("alice") == 1


def test_a_later_member_meets_what_an_earlier_one_left() -> None:
    """Freed funds, proceeds, and fills of their own in groups of their own."""
    driver = funded(amount=10_000)
    driver.rest("bob", SELL, 3, 100)
    driver.rest("bob", SELL, 3, 100)
    answers = batch(
        driver, place(BUY, 3, 100), place(BUY, 2, 101), place(SELL, 1, 50, post_only=True)
    )
    assert kinds(answers) == [["OrderAccepted", "FillMade"]] * 2 + [["OrderAccepted"]]
    sequence = driver.engine.sequence
    fills = [answer[1] for answer in answers[:2] if isinstance(answer[1], FillMade)]
    assert [fill.fill_id for fill in fills] == [sequence << 16, sequence << 16 | 100]


@pytest.mark.parametrize("all_or_none", [False, True])
@pytest.mark.parametrize("members", [0, 101])
def test_a_batch_has_1_to_100_members(members: int, all_or_none: bool) -> None:
    driver = funded()
    rows = tuple(place(BUY, 1, 1 + index) for index in range(members))
    events = driver.do(BatchOrders(account="alice", members=rows, all_or_none=all_or_none))
    assert [event.reason for event in events] == [Reason.INVALID_BATCH]
    assert driver.engine.open_order_count("alice") == 0
    answers = batch(driver, *rows[:100], all_or_none=all_or_none) if rows else []
    assert driver.engine.open_order_count("alice") == len(answers)


def test_a_batch_speaks_for_one_account() -> None:
    driver = funded()
    rows = (place(BUY, 1, 1), place(BUY, 1, 1, account="bob"))
    (event,) = driver.do(BatchOrders(account="alice", members=rows))
    assert event.reason is Reason.INVALID_BATCH
    assert driver.engine.open_order_count("bob") == 0


def test_members_are_sent_again_safely() -> None:
    """Each gets its first answer, as a member or alone, and is not done twice."""
    driver = funded()
    driver.rest("bob", SELL, 2, 100)
    first, second = place(BUY, 2, 100, client_order_id="a"), place(BUY, 1, 90, client_order_id="b")
    answers = batch(driver, first, second)
    events = driver.do(
        BatchOrders(account="alice", members=(first, place(BUY, 1, 80), second, first))
    )
    told = EventBatch(driver.engine.sequence, driver.at_ns, events)
    again = [answer.events for answer in member_answers(told)]
    assert [again[0], again[2], again[3]] == [answers[0], answers[1], answers[0]]
    assert [type(event).__name__ for event in fresh_events(told)] == [
        "MemberAnswered",
        "OrderAccepted",
    ]
    assert driver.do(first) == answers[0]
    assert driver.engine.open_order_count("alice") == 2


def test_one_id_twice_in_a_batch() -> None:
    """The same content is the same order, other content is refused; all-or-none takes neither."""
    driver = funded()
    one, other = place(BUY, 1, 90, client_order_id="a"), place(BUY, 1, 91, client_order_id="a")
    assert reasons(batch(driver, one, other, all_or_none=True)) == [
        Reason.BATCH_REFUSED,
        Reason.DUPLICATE_CLIENT_ORDER_ID,
    ]
    assert reasons(batch(driver, one, one, all_or_none=True)) == [
        Reason.BATCH_REFUSED,
        Reason.DUPLICATE_CLIENT_ORDER_ID,
    ]
    answers = batch(driver, one, other, one)
    assert reasons(answers) == [None, Reason.DUPLICATE_CLIENT_ORDER_ID, None]
    assert answers[2] == answers[0]
    assert driver.engine.open_order_count("alice") == 1


# ------------------------------------------------------------------------------- all or none


def twin(driver: Driver) -> Engine:
    """The same state in another engine."""
    engine = make_engine(risk=StandardRisk(NO_LIMITS))
    engine.restore(driver.engine.snapshot())
    return engine


def test_all_or_none_does_all() -> None:
    """A quote is moved: the funds that the old one held pay for the new one."""
    driver = funded(amount=1_002)
    old = driver.rest("alice", BUY, 10, 100)
    assert driver.available("alice", "USDC") == 0
    answers = batch(
        driver, CancelOrder(account="alice", order_id=old), place(BUY, 10, 99), all_or_none=True
    )
    assert kinds(answers) == [["OrderCanceled"], ["OrderAccepted"]]


def test_all_or_none_does_nothing_when_one_is_refused() -> None:
    """One member hears why, the others that it was not they; the state is untouched."""
    driver = funded(amount=1_002)
    old = driver.rest("alice", BUY, 10, 100)
    engine = twin(driver)
    answers = batch(
        driver,
        CancelOrder(account="alice", order_id=old),
        place(BUY, 10, 101, client_order_id="a"),
        place(SELL, 1, 200),
        all_or_none=True,
    )
    assert reasons(answers) == [
        Reason.BATCH_REFUSED,
        Reason.INSUFFICIENT_FUNDS,
        Reason.BATCH_REFUSED,
    ]
    assert "member 1" in answers[0][0].detail
    engine.apply(AdvanceTime(sequence=driver.engine.sequence))
    assert engine.state_hash() == driver.engine.state_hash()
    assert kinds(batch(driver, place(BUY, 1, 1, client_order_id="a"))) == [["OrderRejected"]]
    driver.cancel("alice", old)
    assert kinds(batch(driver, place(BUY, 1, 1, client_order_id="b"))) == [["OrderAccepted"]]


def test_all_or_none_sent_again_is_answered_again() -> None:
    driver = funded()
    rows = [place(BUY, 1, 90, client_order_id="a"), place(BUY, 1, 91, client_order_id="b")]
    answers = batch(driver, *rows, all_or_none=True)
    assert batch(driver, *rows, all_or_none=True) == answers
    refused = batch(driver, *rows, place(BUY, 1, 0), all_or_none=True)
    assert refused[:2] == answers
    assert reasons(refused) == [None, None, Reason.INVALID_PRICE]
    assert driver.engine.open_order_count("alice") == 2


def test_all_or_none_does_not_count_on_what_its_matches_would_bring() -> None:
    """Proceeds and better prices come after; one after another they would have been enough."""
    driver = funded(amount=1_002)
    driver.rest("bob", SELL, 10, 50)
    rows = (place(BUY, 10, 100), place(SELL, 20, 200), place(BUY, 2, 90))
    assert reasons(batch(driver, *rows, all_or_none=True))[2] is Reason.INSUFFICIENT_FUNDS
    assert reasons(batch(driver, *rows)) == [None, None, None]


def test_all_or_none_counts_together_what_the_limits_count() -> None:
    """Open orders, with those that it cancels taken off."""
    driver = funded(limits=RiskLimits(open_orders=2, order_notional=None, daily_volume=None))
    old = driver.rest("alice", BUY, 1, 50)
    rows = (place(BUY, 1, 51), place(BUY, 1, 52))
    assert reasons(batch(driver, *rows, all_or_none=True))[1] is Reason.OPEN_ORDERS_LIMIT
    cancel = CancelOrder(account="alice", order_id=old)
    assert reasons(batch(driver, cancel, *rows, all_or_none=True)) == [None, None, None]


class Looks:
    """A risk that refuses nothing, and writes down all that it may ask about Alice's orders."""

    version = "looks 1"

    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        if isinstance(command, PlaceOrder):
            self.seen.append(self.look(view))
        return None

    @staticmethod
    def look(view: LedgerView) -> tuple[object, ...]:
        return (
            *(view.balance(who, asset) for who in ("alice", "bob") for asset in ("ETH", "USDC")),
            *(view.open_order_count(who) for who in ("alice", "bob")),
            *(view.open_orders(who, market) for who in ("alice", "bob") for market in (None, "X")),
            *(view.order(each.order_id) for each in view.open_orders("alice")),
            *(view.kin(who) for who in ("alice", "carol")),
            *(view.tier(who) for who in ("alice", "carol")),
            view.market(MARKET.id),
            view.market("X"),
            view.market_state(MARKET.id),
            view.top(MARKET.id),
            view.last_price(MARKET.id),
            view.unsettled_fills(),
            view.oldest_unsettled_ns(),
        )

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Learn nothing."""

    def snapshot(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        """There is nothing to restore."""


def test_all_or_none_shows_a_risk_what_an_order_alone_shows_it() -> None:
    """All that it may ask: before the first member nothing is ahead. What comes behind adds to it."""
    risk = Looks()
    driver = Driver(make_engine(risk=risk))
    driver.fund("alice", "bob", "carol")
    driver.do(SetAccountGroup(account="alice", group="g"))
    driver.do(SetAccountGroup(account="bob", group="g"))
    driver.do(SetRiskTier(tier="t", limits=NO_LIMITS))
    driver.do(AssignRiskTier(account="alice", tier="t"))
    driver.at_ns = 7
    driver.rest("alice", BUY, 5, 90)
    driver.rest("bob", SELL, 3, 110)
    driver.place("carol", BUY, 1, 110)
    risk.seen.clear()
    alone = risk.look(driver.engine)
    answers = batch(driver, place(BUY, 1, 50), place(BUY, 2, 40), all_or_none=True)
    assert kinds(answers) == [["OrderAccepted"]] * 2
    first, second, *_ = risk.seen
    assert first == alone
    assert (second[1].held, second[4]) == (alone[1].held + 50, alone[4] + 1)
    assert (*second[2:4], second[5]) == (*alone[2:4], alone[5]), "nothing of Bob's changes"


def test_all_or_none_post_only_does_not_cross_an_earlier_member() -> None:
    """But may go where one that it cancels or moves away stands."""
    driver = funded()
    ask = driver.rest("alice", SELL, 1, 100)
    bid = place(BUY, 1, 100, post_only=True)
    assert reasons(batch(driver, bid, all_or_none=True)) == [Reason.POST_ONLY_WOULD_CROSS]
    rows = (place(SELL, 1, 99), place(BUY, 1, 99, post_only=True))
    assert reasons(batch(driver, *rows, all_or_none=True))[1] is Reason.POST_ONLY_WOULD_CROSS
    move = ReplaceOrder(account="alice", order_id=ask, quantity=1, price=101)
    assert kinds(batch(driver, move, bid, all_or_none=True)) == [
        ["OrderReplaced"],
        ["OrderAccepted"],
    ]


@pytest.mark.parametrize("immediate", [TimeInForce.IOC, TimeInForce.FOK])
def test_all_or_none_post_only_may_stand_where_an_earlier_member_can_not_rest(
    immediate: TimeInForce,
) -> None:
    """What is immediate takes what it can, and is gone when the next one comes."""
    driver = funded()
    driver.rest("bob", SELL, 1, 100)
    old = driver.rest("alice", BUY, 1, 50)
    takes = place(BUY, 1, 101, time_in_force=immediate)
    rests = place(SELL, 1, 101, post_only=True)
    told = batch(driver, takes, rests, all_or_none=True)
    assert kinds(told) == [["OrderAccepted", "FillMade"], ["OrderAccepted"]]
    moves = ReplaceOrder(
        account="alice", order_id=old, quantity=1, price=60, time_in_force=immediate
    )
    rests = place(SELL, 1, 55, post_only=True)
    told = batch(driver, moves, rests, all_or_none=True)
    assert kinds(told) == [["OrderReplaced", "OrderCanceled"], ["OrderAccepted"]]
    assert driver.engine.top(MARKET.id).ask.price == 55


@pytest.mark.parametrize("mode", list(SelfTradeMode))
def test_all_or_none_changes_no_order_that_may_be_gone_by_then(mode: SelfTradeMode) -> None:
    """Neither twice nor after self-trade prevention that could cancel it."""
    driver = funded()
    ask = driver.rest("alice", SELL, 5, 100)
    cancel = CancelOrder(account="alice", order_id=ask)
    answers = batch(driver, cancel, cancel, all_or_none=True)
    assert reasons(answers) == [Reason.BATCH_REFUSED, Reason.BATCH_CONFLICT]
    answers = batch(driver, place(BUY, 1, 100, self_trade=mode), cancel, all_or_none=True)
    stays = mode is SelfTradeMode.CANCEL_AGGRESSOR
    assert reasons(answers)[1] is (None if stays else Reason.BATCH_CONFLICT)
    assert driver.engine.open_order_count("alice") == (0 if stays else 1)


def test_all_or_none_changes_what_waits_as_no_earlier_member_can_meet_it() -> None:
    """Self-trade prevention concerns what stands in a book."""
    driver = funded()
    stop = driver.rest("alice", BUY, 5, 103, order_type=OrderType.STOP_LIMIT, trigger_price=104)
    ask = driver.rest("alice", SELL, 15, 101)
    smaller = ReplaceOrder(account="alice", order_id=ask, quantity=12, price=101, self_trade=BOTH)
    cancel = CancelOrder(account="alice", order_id=stop)
    answers = batch(driver, smaller, cancel, all_or_none=True)
    assert kinds(answers) == [["OrderReplaced"], ["OrderCanceled"]]
    bid = driver.rest("alice", BUY, 5, 100)
    cancel = CancelOrder(account="alice", order_id=bid)
    larger = ReplaceOrder(account="alice", order_id=ask, quantity=13, price=100, self_trade=BOTH)
    assert reasons(batch(driver, larger, cancel, all_or_none=True))[1] is Reason.BATCH_CONFLICT
    stop = driver.rest("alice", BUY, 5, 103, order_type=OrderType.STOP_LIMIT, trigger_price=104)
    cancel = CancelOrder(account="alice", order_id=stop)
    answers = batch(driver, place(SELL, 1, 102, self_trade=BOTH), cancel, all_or_none=True)
    assert kinds(answers) == [["OrderAccepted"], ["OrderCanceled"]]


def test_all_or_none_uses_a_lane_once_and_one_that_it_frees() -> None:
    driver = funded()
    old = driver.rest("alice", BUY, 1, 50, authorization=authorize(1, lane=3))
    fresh = place(BUY, 1, 51, authorization=authorize(2, lane=3))
    twice = place(BUY, 1, 51, authorization=authorize(3, lane=3))
    assert reasons(batch(driver, fresh, all_or_none=True)) == [Reason.NONCE_USED]
    cancel = CancelOrder(account="alice", order_id=old)
    assert reasons(batch(driver, cancel, fresh, twice, all_or_none=True))[2] is Reason.NONCE_USED
    stale = place(BUY, 1, 51, authorization=authorize(1, lane=3))
    assert reasons(batch(driver, cancel, stale, all_or_none=True))[1] is Reason.NONCE_USED
    assert reasons(batch(driver, cancel, fresh, all_or_none=True)) == [None, None]


def test_all_or_none_kills_a_fok_rather_than_refuse_it_late() -> None:
    """What an earlier member takes away is missing: accepted, and canceled whole."""
    driver = funded()
    driver.rest("bob", SELL, 5, 100)
    fok = place(BUY, 5, 100, time_in_force=TimeInForce.FOK)
    answers = batch(driver, place(BUY, 1, 100), fok, all_or_none=True)
    assert kinds(answers) == [["OrderAccepted", "FillMade"], ["OrderAccepted", "OrderCanceled"]]


@pytest.mark.parametrize(
    ("total", "first", "after"),
    [(6, 2, ["FillMade"]), (6, 3, ["OrderCanceled"]), (7, 2, ["OrderCanceled"])],
)
def test_all_or_none_replaces_by_a_fok_that_fills_whole_or_is_killed(
    total: int, first: int, after: list[str]
) -> None:
    """Of 8 lots an earlier member takes some, and the rest is enough or is not."""
    driver = funded()
    order_id = driver.rest("alice", BUY, 6, 90)
    driver.rest("bob", SELL, 8, 100)
    replace = ReplaceOrder(
        account="alice",
        order_id=order_id,
        quantity=total,
        price=100,
        time_in_force=TimeInForce.FOK,
    )
    answers = batch(driver, place(BUY, first, 100), replace, all_or_none=True)
    assert kinds(answers) == [["OrderAccepted", "FillMade"], ["OrderReplaced", *after]]


# ---------------------------------------------------------------------------------- property


def _member(rng: random.Random, engine: Engine) -> BatchMember:
    """Anything of Alice's, mostly sensible."""
    orders = engine.open_orders("alice")
    roll = rng.randrange(10)
    if roll < 6 or not orders:
        tif = rng.choice((TimeInForce.GTC,) * 4 + (TimeInForce.IOC, TimeInForce.FOK))
        return place(
            rng.choice((BUY, SELL)),
            rng.randrange(1, 15),
            rng.randrange(95, 106),
            time_in_force=tif,
            post_only=rng.random() < 0.2 and tif is TimeInForce.GTC,
            self_trade=rng.choice(tuple(SelfTradeMode)),
            client_order_id=f"n{rng.randrange(9)}" if rng.random() < 0.2 else None,
        )
    order = rng.choice(orders)
    if roll == 6:
        return ReduceOrder(
            account="alice", order_id=order.order_id, by=rng.randrange(1, order.open + 1)
        )
    if roll == 7:
        return ReplaceOrder(
            account="alice",
            order_id=order.order_id,
            quantity=max(1, order.quantity + rng.randrange(-3, 4)),
            price=order.price + rng.randrange(-3, 4),
            post_only=rng.random() < 0.3,
        )
    return CancelOrder(account="alice", order_id=order.order_id)


def _apply(engine: Engine, command: Command) -> EventBatch:
    stamped = msgspec.structs.replace(command, sequence=engine.sequence + 1)
    batch = EventBatch(stamped.sequence, 0, engine.apply(stamped))
    engine.check()
    return batch


def test_any_all_or_none_batch_is_all_of_it_or_nothing(rng: random.Random) -> None:
    """300 random batches on a moving book: refused ones leave the very state of a pause."""
    refused = accepted = 0
    driver = Driver(Engine(book=SortedBook, risk=StandardRisk(NO_LIMITS)))
    driver.fund("alice", "bob", amount=4_000)
    for _ in range(300):
        driver.place("bob", rng.choice((BUY, SELL)), rng.randrange(1, 9), rng.randrange(97, 104))
        members = tuple(_member(rng, driver.engine) for _ in range(rng.randrange(1, 5)))
        idle = twin(driver)
        told = _apply(
            driver.engine, BatchOrders(account="alice", members=members, all_or_none=True)
        )
        answers = [answer.events for answer in member_answers(told)]
        assert len(answers) == len(members)
        if any(reasons(answers)):
            refused += 1
            _apply(idle, AdvanceTime())
            assert idle.state_hash() == driver.engine.state_hash(), members
            continue
        accepted += 1
        for member, answer in zip(members, answers, strict=True):
            assert isinstance(
                answer[0], OrderAccepted | OrderReplaced | OrderReduced | OrderCanceled
            )
            assert isinstance(answer[0], OrderAccepted) is isinstance(member, PlaceOrder)
    assert min(refused, accepted) > 40, (refused, accepted)
