"""Linked orders: one hold, one lane, one end; and the same after a restart at any point."""

import msgspec
import pytest

from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.model.commands import (
    AdvanceTime,
    BatchOrders,
    CancelOrder,
    PlaceLinked,
    PlaceOrder,
    RequestWithdrawal,
    RevokeLane,
    SetMarketState,
)
from hybrid_dex.model.events import (
    Event,
    FillMade,
    OrderAccepted,
    OrderActivated,
    OrderCanceled,
    OrderRejected,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import CancelReason, OrderStatus, OrderType, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce
from hybrid_dex.model.units import OrderId, order_id
from tests.engine.driver import BUY, SECOND, SELL, Driver, authorize, make_engine, make_market

LINKED = CancelReason.LINKED
STOP = {
    "order_type": OrderType.STOP_MARKET,
    "time_in_force": TimeInForce.IOC,
    "trigger_price": 90,
    "price": 80,
}


def leg(side: Side, **terms: object) -> PlaceOrder:
    whole = {"account": "alice", "market": "ETH-USDC", "quantity": 5, "price": 110} | terms
    return PlaceOrder(side=side, **whole)


def oco(**terms: object) -> PlaceLinked:
    return PlaceLinked(take_profit=leg(SELL, **terms), stop=leg(SELL, **STOP, **terms))


def bracket(**entry: object) -> PlaceLinked:
    return PlaceLinked(
        entry=leg(BUY, **({"price": 100} | entry)),
        take_profit=leg(SELL),
        stop=leg(SELL, **STOP),
    )


def signed(command: PlaceLinked, *nonces: Nonce) -> PlaceLinked:
    """The same with signatures of these nonces, in the order of the ids."""
    legs = [
        msgspec.structs.replace(
            one, authorization=authorize(nonce.counter, revision=nonce.revision, lane=nonce.lane)
        )
        for one, nonce in zip(command.orders, nonces, strict=True)
    ]
    entry = legs[0] if len(legs) == 3 else None
    return PlaceLinked(entry=entry, take_profit=legs[-2], stop=legs[-1])


def ready() -> Driver:
    """Everybody has funds, and the last price was 100."""
    driver = Driver()
    driver.fund("alice", "bob", "carol")
    driver.rest("bob", SELL, 1, 100)
    driver.place("carol", BUY, 1, 100)
    return driver


@pytest.mark.parametrize("which", ["take_profit", "stop"])
def test_signed_exits_are_not_fok(which: str) -> None:
    """What one fills is missing in the other, and a FOK settles with its signed total alone."""
    driver = ready()
    command = PlaceLinked(
        take_profit=leg(SELL, order_type=OrderType.TAKE_PROFIT_LIMIT, trigger_price=110),
        stop=leg(SELL, order_type=OrderType.STOP_LIMIT, trigger_price=90, price=80),
    )
    fok = msgspec.structs.replace(getattr(command, which), time_in_force=TimeInForce.FOK)
    command = msgspec.structs.replace(command, **{which: fok})
    nonces = (Nonce(1, 0, 1), Nonce(1, 1, 1))
    for refused in driver.do(signed(command, *nonces)):
        assert refused.reason is RejectReason.INVALID_LINK
    first, _ = driver.do(command)
    assert isinstance(first, OrderAccepted)


def test_all_of_them_count_among_the_open_orders() -> None:
    """As many as there will be, not as many as each alone would make."""
    limits = RiskLimits(open_orders=3, order_notional=None, daily_volume=None)
    driver = Driver(make_engine(risk=StandardRisk(limits)))
    driver.fund("alice")
    driver.rest("alice", BUY, 1, 50)
    refused = driver.do(bracket())
    assert [event.reason for event in refused] == [
        RejectReason.INVALID_LINK,
        RejectReason.INVALID_LINK,
        RejectReason.OPEN_ORDERS_LIMIT,
    ]
    assert driver.engine.open_order_count("alice") == 1
    assert [type(event) for event in driver.do(oco())] == [OrderAccepted] * 2
    assert driver.engine.open_order_count("alice") == 3
    (event,) = driver.place("alice", BUY, 1, 50)
    assert event.reason is RejectReason.OPEN_ORDERS_LIMIT


def ended(events: tuple[Event, ...]) -> list[tuple[int, CancelReason]]:
    return [(e.order_id & 0xFF, e.reason) for e in events if isinstance(e, OrderCanceled)]


def test_signed_exits_share_lane_and_counter() -> None:
    """The lane is taken while either lives, and free once both are gone."""
    driver = ready()
    pair = signed(oco(), Nonce(1, 0, 7), Nonce(1, 1, 7))
    assert [type(event) for event in driver.do(pair)] == [OrderAccepted, OrderAccepted]
    (refused,) = driver.place("alice", BUY, 1, 50, authorization=authorize(2, lane=7))
    assert refused.reason is RejectReason.NONCE_USED
    first = driver.engine.sequence - 1 << 8
    assert ended(driver.cancel("alice", first)) == [(0, CancelReason.REQUESTED), (1, LINKED)]
    assert len(driver.place("alice", BUY, 1, 50, authorization=authorize(2, lane=7))) == 1


@pytest.mark.parametrize("canceled", [0, 1])
def test_an_order_that_a_batch_brings_in_place_of_signed_exits_has_their_lane(
    canceled: int,
) -> None:
    """The exit that goes with the canceled one does so behind it, and leaves it the lane."""
    driver = ready()
    driver.do(signed(oco(), Nonce(1, 0, 7), Nonce(1, 1, 7)))
    exits = driver.engine.open_orders("alice")
    cancel = CancelOrder(account="alice", order_id=exits[canceled].order_id)
    new = leg(SELL, price=120, authorization=authorize(2, lane=7))
    driver.do(BatchOrders(account="alice", members=(cancel, new)))
    (order,) = driver.engine.open_orders("alice")
    (refused,) = driver.place("alice", SELL, 1, 120, authorization=authorize(3, lane=7))
    assert refused.reason is RejectReason.NONCE_USED
    events = driver.do(RevokeLane(account="alice", asset=None, lane=7, key=Nonce(2, 0, 7).key))
    assert [event.order_id for event in events if isinstance(event, OrderCanceled)] == [
        order.order_id
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Nonce(1, 0, 7), Nonce(1, 1, 8)),
        (Nonce(1, 0, 7), Nonce(2, 1, 7)),
        (Nonce(1, 1, 7), Nonce(1, 0, 7)),
        (Nonce(1, 0, 7), Nonce(1, 0, 7)),
    ],
)
def test_signed_exits_that_could_not_settle_so_are_refused(first: Nonce, second: Nonce) -> None:
    """Another lane or counter, or a stop that is dead on chain once the take-profit settles."""
    driver = ready()
    events = driver.do(signed(oco(), first, second))
    assert [type(event) for event in events] == [OrderRejected, OrderRejected]
    assert {event.reason for event in events} == {RejectReason.INVALID_LINK}
    assert driver.engine.open_orders("alice") == ()


def test_a_signed_entry_has_a_lane_of_its_own() -> None:
    """In that of its exits it would end them on chain."""
    for lane, enters in ((7, False), (8, True)):
        driver = ready()
        one = signed(bracket(), Nonce(1, 0, lane), Nonce(1, 0, 7), Nonce(1, 1, 7))
        assert (OrderRejected in map(type, driver.do(one))) is not enters
        assert len(driver.engine.open_orders("alice")) == (3 if enters else 0)


@pytest.mark.parametrize("unsigned", [{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}], ids=str)
def test_linked_orders_are_all_signed_or_none(unsigned: set[int]) -> None:
    """One that the contract does not know would leave the others alone there."""
    driver = ready()
    whole = signed(bracket(), Nonce(1, 0, 8), Nonce(1, 0, 7), Nonce(1, 1, 7))
    legs = [
        msgspec.structs.replace(one, authorization=None) if index in unsigned else one
        for index, one in enumerate(whole.orders)
    ]
    events = driver.do(PlaceLinked(entry=legs[0], take_profit=legs[1], stop=legs[2]))
    assert {event.reason for event in events} == {RejectReason.INVALID_LINK}


def test_exits_are_signed_by_one_key() -> None:
    """They share what the contract counts as filled, and that is the key's."""
    driver = ready()
    pair = signed(oco(), Nonce(1, 0, 7), Nonce(1, 1, 7))
    other = msgspec.structs.replace(
        pair.stop, authorization=authorize(1, revision=1, lane=7, key="0xKEY")
    )
    events = driver.do(PlaceLinked(take_profit=pair.take_profit, stop=other))
    assert {event.reason for event in events} == {RejectReason.INVALID_LINK}


def test_a_lane_that_is_revoked_takes_both_exits() -> None:
    """Even up to the lower revision alone: an exit without the other is no pair."""
    driver = ready()
    driver.do(signed(oco(), Nonce(1, 0, 7), Nonce(1, 1, 7)))
    events = driver.do(RevokeLane(account="alice", asset=None, lane=7, key=Nonce(1).key))
    assert ended(events) == [(0, CancelReason.REVOKED), (1, LINKED)]


def test_a_stop_that_fired_and_rests_keeps_the_lane() -> None:
    """It is the lane's order alone then."""
    driver = ready()
    resting = {"order_type": OrderType.STOP_LIMIT, "time_in_force": TimeInForce.GTC, "price": 89}
    pair = PlaceLinked(take_profit=leg(SELL), stop=leg(SELL, **(STOP | resting)))
    driver.do(signed(pair, Nonce(1, 0, 7), Nonce(1, 1, 7)))
    stop = driver.engine.sequence << 8 | 1
    driver.rest("carol", BUY, 1, 88)
    events = driver.place("bob", SELL, 1, 88)
    assert ended(events) == [(0, LINKED)]
    (order,) = driver.engine.open_orders("alice")
    assert (order.order_id, order.waiting, order.linked_to) == (stop, False, None)
    again = authorize(1, revision=2, lane=7)
    assert driver.replace("alice", stop, 4, 89, authorization=again)[0].open == 4
    (refused,) = driver.place("alice", BUY, 1, 50, authorization=authorize(2, lane=7))
    assert refused.reason is RejectReason.NONCE_USED


def test_linked_orders_under_client_ids_are_placed_exactly_once() -> None:
    """The same again is answered again; one of them with other content is refused."""
    driver = ready()
    command = PlaceLinked(
        take_profit=leg(SELL, client_order_id="tp"),
        stop=leg(SELL, **STOP, client_order_id="sl"),
    )
    first = driver.do(command)
    assert driver.do(command) == first
    assert len(driver.engine.open_orders("alice")) == 2
    other = msgspec.structs.replace(command, stop=leg(SELL, **STOP, client_order_id="sl2"))
    events = driver.do(other)
    assert [event.reason for event in events] == [
        RejectReason.DUPLICATE_CLIENT_ORDER_ID,
        RejectReason.INVALID_LINK,
    ]
    assert ended(driver.do(CancelOrder(account="alice", client_order_id="sl"))) == [
        (1, CancelReason.REQUESTED),
        (0, LINKED),
    ]


def test_linked_orders_are_asked_for_again_whole() -> None:
    """Not alone, not without the others, not with others that have no client order id."""
    driver = ready()
    entry = leg(BUY, price=50, client_order_id="entry")
    bracket = PlaceLinked(entry=entry, take_profit=leg(SELL), stop=leg(SELL, **STOP))
    duplicate = [RejectReason.DUPLICATE_CLIENT_ORDER_ID]
    linked = [*duplicate, RejectReason.INVALID_LINK, RejectReason.INVALID_LINK]
    driver.do(entry)
    assert [event.reason for event in driver.do(bracket)] == linked
    driver.do(CancelOrder(account="alice", client_order_id="entry"))
    driver.at_ns += 15 * 60 * SECOND
    entered = driver.do(bracket)
    assert [type(event) for event in entered] == [OrderAccepted] * 3
    assert driver.do(bracket) == entered
    others = msgspec.structs.replace(bracket, take_profit=leg(SELL, price=131))
    assert [event.reason for event in driver.do(others)] == linked
    assert [event.reason for event in driver.do(entry)] == duplicate
    batch = BatchOrders(account="alice", members=(entry,), all_or_none=True)
    assert driver.do(batch)[1].reason is RejectReason.DUPLICATE_CLIENT_ORDER_ID
    assert len(driver.engine.open_orders("alice")) == 3


@pytest.mark.parametrize(
    "terms",
    [
        {"quantity": 4},
        {"market": "BTC-USDC"},
        {"side": BUY},
        {"post_only": True, "time_in_force": TimeInForce.GTC, "order_type": OrderType.STOP_LIMIT},
        {"order_type": OrderType.TAKE_PROFIT_MARKET, "trigger_price": 120},
    ],
)
def test_orders_that_do_not_fit_together_are_refused(terms: dict[str, object]) -> None:
    """All of them, and nothing changes."""
    driver = ready()
    command = oco()
    stop = msgspec.structs.replace(command.stop, **terms)
    events = driver.do(msgspec.structs.replace(command, stop=stop))
    assert {event.reason for event in events} == {RejectReason.INVALID_LINK}
    assert driver.engine.balance("alice", "ETH").held == 0


def test_an_exit_that_can_not_be_covered_when_it_wakes_is_canceled() -> None:
    """A withdrawal was requested meanwhile: the entry goes with its exits."""
    driver = ready()
    driver.do(bracket())
    request = RequestWithdrawal(account="alice", asset="ETH", amount=10**12 + 30)
    driver.do(request)
    events = driver.place("bob", SELL, 2, 100)
    assert [reason for _, reason in ended(events)] == [CancelReason.UNCOVERED, LINKED, LINKED]
    assert driver.engine.open_orders("alice") == ()


def restored(engine: Engine) -> Engine:
    other = make_engine()
    other.restore(engine.snapshot())
    other.check()
    assert other.state_hash() == engine.state_hash()
    return other


def test_a_bracket_goes_on_the_same_after_a_restart_at_any_point() -> None:
    """Asleep, partly awake, awake, one exit partly filled: the state says it all."""
    driver, other = ready(), ready()
    steps = [
        bracket(),
        leg(SELL, account="bob", quantity=2, price=100),
        leg(SELL, account="bob", quantity=3, price=100),
        leg(BUY, account="carol", quantity=1, price=110),
        AdvanceTime(),
        leg(BUY, account="carol", quantity=1, price=85),
        leg(SELL, account="bob", quantity=1, price=85),
    ]
    woke = 0
    for step in steps:
        other.engine = restored(other.engine)
        events = driver.do(step)
        assert other.do(step) == events
        woke += sum(isinstance(event, OrderActivated) for event in events)
    assert woke == 4
    assert driver.engine.open_orders("alice") == ()
    assert isinstance(events[1], FillMade)


def test_nothing_sleeps_of_an_exit_that_ended() -> None:
    """As its last report says it."""
    driver = ready()
    driver.do(bracket())
    first = order_id(driver.engine.sequence)
    exits = [OrderId(first + index) for index in (1, 2)]
    assert [driver.engine.order(one).asleep for one in exits] == [5, 5]
    driver.cancel("alice", first)
    for one in exits:
        shown = driver.engine.order(one)
        assert (shown.status, shown.open, shown.asleep) == (OrderStatus.CANCELED, 0, 0)


@pytest.mark.parametrize(("entry", "target", "stays"), [(100, 110, True), (112, 111, False)])
def test_a_take_profit_that_wakes_in_an_auction_ends_no_entry_before_it_trades(
    entry: int, target: int, stays: bool
) -> None:
    """It may cross there, and nothing trades. An entry that it would meet goes, as ever."""
    driver = Driver(market=make_market(price_band_ppm=50_000))
    driver.fund("alice", "bob", "carol")
    driver.rest("carol", SELL, 1, 100)
    driver.place("bob", BUY, 1, 100)
    driver.rest("carol", SELL, 9, 130)
    driver.do(
        PlaceLinked(
            entry=leg(BUY, price=entry), take_profit=leg(SELL, price=target), stop=leg(SELL, **STOP)
        )
    )
    first = driver.engine.sequence << 8
    terms = {"account": "bob", "market": driver.market.id}
    driver.do(
        SetMarketState(market=driver.market.id, state=MarketState.OPEN, reference_price=entry)
    )
    events = driver.do(
        BatchOrders(
            account="bob",
            members=(
                PlaceOrder(side=SELL, quantity=2, price=entry, **terms),
                PlaceOrder(side=BUY, quantity=9, price=200, **terms),
            ),
        )
    )
    assert driver.engine.market_state(driver.market.id) is MarketState.AUCTION_OPEN
    assert ended(events) == ([] if stays else [(0, LINKED)])
    views = driver.engine.open_orders("alice")
    assert [(one.order_id - first, one.open, one.waiting) for one in views] == (
        [(0, 3, False), (1, 5, False), (2, 5, True)] if stays else [(1, 2, False), (2, 2, True)]
    )
    events = driver.do(SetMarketState(market=driver.market.id, state=MarketState.OPEN))
    assert ended(events)[:1] == ([(0, LINKED)] if stays else [(2, LINKED)])
    assert driver.engine.open_orders("alice") == ()
