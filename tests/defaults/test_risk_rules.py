"""The rules that a tier may set beside the usual ones: each at its bound, past it, and after a restart."""

import msgspec
import pytest

from hybrid_dex.defaults.risk_chain import RiskChain
from hybrid_dex.defaults.risk_counters import DailyVolume, OrdersPerSecond
from hybrid_dex.defaults.risk_rules import (
    KillSwitch,
    LimitRule,
    OpenOrders,
    OrderNotional,
    PositionLimit,
    PriceBand,
    SelfTrade,
)
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.model.commands import (
    BatchOrders,
    CancelOrder,
    ConfirmSettlement,
    Deposit,
    ListMarket,
    PlaceOrder,
    ReduceOrder,
)
from hybrid_dex.model.events import (
    CommandRejected,
    Event,
    OrderAccepted,
    OrderRejected,
    OrderReplaced,
)
from hybrid_dex.model.order import CancelReason, OrderType, SelfTradeMode, TimeInForce
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.risk_control import (
    AccountGroupChanged,
    AssignRiskTier,
    KillSwitchChanged,
    RiskTierAssigned,
    RiskTierChanged,
    SetAccountGroup,
    SetKillSwitch,
    SetRiskTier,
)
from hybrid_dex.model.settlement import SettlementStage
from tests.defaults.test_standard_risk import MARKET, reason
from tests.engine.driver import BUY, NO_LIMITS, SECOND, SELL, Driver, make_engine, make_market

OTHER = make_market("ETH-EUR", tick_size=1_000_000, lot_size=1)
ONE_ETH = 10**8
UNIT = 10**6


def limits(**set_ones: object) -> RiskLimits:
    usual = {"order_notional": None, "open_orders": None, "daily_volume": None}
    return RiskLimits(**(usual | set_ones))


def driver_with(one: RiskLimits = NO_LIMITS) -> Driver:
    driver = Driver(make_engine(risk=StandardRisk(one)), market=MARKET)
    driver.fund("alice", "bob", "carol", amount=10**16)
    return driver


def restarted(driver: Driver, one: RiskLimits = NO_LIMITS) -> None:
    """Go on in a fresh engine that restored a snapshot, and holds the same state."""
    engine = make_engine(risk=StandardRisk(one))
    engine.restore(driver.engine.snapshot())
    assert engine.state_hash() == driver.engine.state_hash()
    driver.engine = engine


def together(driver: Driver, *prices: int, quantity: int = 1) -> list[Event]:
    """Send bids as an all-or-none batch; return what is not a member's heading."""
    members = tuple(
        PlaceOrder(account="alice", market=MARKET.id, side=BUY, price=price, quantity=quantity)
        for price in prices
    )
    events = driver.do(BatchOrders(account="alice", members=members, all_or_none=True))
    return [event for event in events if type(event).__name__ != "MemberAnswered"]


# ---------------------------------------------------------------------------------- each rule


def test_orders_per_second_counts_in_command_time() -> None:
    """So many in one second, replacements too; the next second begins anew, a refusal is free."""
    one = limits(orders_per_second=2)
    driver = driver_with(one)
    driver.at_ns = 10 * SECOND + 1
    order_id = driver.rest("alice", BUY, 1, 1)
    assert isinstance(driver.replace("alice", order_id, 2, 2)[0], OrderReplaced)
    restarted(driver, one)
    assert reason(driver.place("alice", BUY, 1, 1)) is Reason.ORDER_RATE_LIMIT
    assert driver.replace("alice", order_id, 3, 3)[0].reason is Reason.ORDER_RATE_LIMIT
    driver.rest("bob", BUY, 1, 1)
    driver.at_ns = 11 * SECOND - 1
    assert reason(driver.place("alice", BUY, 1, 1)) is Reason.ORDER_RATE_LIMIT
    driver.at_ns += 1
    assert reason(driver.place("alice", BUY, 1, 1)) is None


def test_a_price_band_holds_back_who_pays_far_more_or_takes_far_less() -> None:
    """Ten percent around the last trade, on the bad side only; before a trade all passes."""
    one = limits(price_band_ppm=100_000)
    driver = driver_with(one)
    driver.rest("bob", SELL, 1, 1_000)
    driver.place("alice", BUY, 1, 5_000)
    restarted(driver, one)
    for side, good, bad in ((BUY, 1_100, 1_101), (SELL, 900, 899)):
        assert reason(driver.place("alice", side, 1, bad)) is Reason.PRICE_BAND
        driver.cancel("alice", driver.rest("alice", side, 1, good))
    driver.cancel("alice", driver.rest("alice", BUY, 1, 1))
    driver.cancel("alice", driver.rest("alice", SELL, 1, 9_000))


def test_a_position_counts_what_is_there_and_what_is_being_bought() -> None:
    """Over all markets of the asset; a sell is always fine, a replacement is counted once."""
    one = limits(position=11)
    driver = Driver(make_engine(risk=StandardRisk(one)), market=MARKET)
    driver.do(ListMarket(market=OTHER))
    for asset, amount in (("ETH", 10 * ONE_ETH), ("USDC", 10**16), ("EUR", 10**16)):
        driver.do(Deposit(account="alice", asset=asset, amount=amount))
    order_id = driver.rest("alice", BUY, ONE_ETH // 2, 1)
    driver.rest("alice", BUY, ONE_ETH // 2, 1, market=OTHER.id)
    restarted(driver, one)
    assert reason(driver.place("alice", BUY, 1, 1)) is Reason.POSITION_LIMIT
    driver.rest("alice", SELL, ONE_ETH, 10)
    assert driver.replace("alice", order_id, ONE_ETH // 2 + 1, 1)[0].reason is Reason.POSITION_LIMIT
    assert isinstance(driver.replace("alice", order_id, ONE_ETH // 4, 1)[0], OrderReplaced)
    driver.rest("alice", BUY, ONE_ETH // 4, 1)


def test_prefunded_orders_need_final_funds() -> None:
    """Proceeds pay for an order at once without the rule, with it when they are final."""
    for one, expected in ((NO_LIMITS, None), (limits(prefunded=True), Reason.UNSETTLED_FUNDS)):
        driver = Driver(make_engine(risk=StandardRisk(one)), market=MARKET)
        driver.fund("alice", amount=1_000)
        driver.fund("bob", amount=10**16)
        driver.rest("bob", BUY, 1_000, 3)
        driver.place("alice", SELL, 1_000, 3)
        assert reason(driver.place("alice", BUY, 1_000, 2)) is expected
        fills = tuple(fill.fill_id for fill in driver.engine.unsettled())
        driver.do(ConfirmSettlement(fills=fills, stage=SettlementStage.FINAL, batch=1))
        restarted(driver, one)
        assert reason(driver.place("alice", BUY, 100, 1)) is None


@pytest.mark.parametrize("one", [limits(prefunded=True), limits(daily_volume=50)])
def test_a_buy_with_a_budget_is_held_against_what_it_may_spend(one: RiskLimits) -> None:
    """Alone, in a batch, and as it gets new terms; its limit times its quantity is far more."""
    driver = Driver(make_engine(risk=StandardRisk(one)), market=MARKET)
    driver.fund("alice", amount=60 * UNIT)
    driver.fund("bob", amount=10**16)
    ioc = {"time_in_force": TimeInForce.IOC}
    within, beyond = ioc | {"quote_budget": 50 * UNIT}, ioc | {"quote_budget": 61 * UNIT}
    assert reason(driver.place("alice", BUY, 100, 10, **within)) is None
    assert reason(driver.place("alice", BUY, 100, 10, **beyond)) is (
        Reason.UNSETTLED_FUNDS if one.prefunded else Reason.DAILY_VOLUME_LIMIT
    )
    member = PlaceOrder(account="alice", market=MARKET.id, side=BUY, quantity=100, price=10)
    member = msgspec.structs.replace(member, **within)
    events = driver.do(BatchOrders(account="alice", members=(member,), all_or_none=True))
    assert isinstance(events[1], OrderAccepted)
    waits = {"order_type": OrderType.STOP_LIMIT, "trigger_price": 12}
    assert reason(driver.place("alice", BUY, 100, 10, **within, **waits)) is None
    restarted(driver, one)
    (event,) = driver.replace("alice", driver.engine.sequence << 8, 200, 11, **ioc)
    assert isinstance(event, OrderReplaced)


@pytest.mark.parametrize(
    "one", [limits(prefunded=True), limits(daily_volume=100), limits(position=1)]
)
def test_new_terms_are_held_against_what_self_trade_prevention_left(one: RiskLimits) -> None:
    """What an order lost to an own one counts as used, as what was filled does."""
    driver = Driver(make_engine(risk=StandardRisk(one)), market=MARKET)
    driver.do(Deposit(account="alice", asset=MARKET.quote.id, amount=100 * UNIT))
    driver.do(Deposit(account="alice", asset=MARKET.base.id, amount=ONE_ETH - 100))
    order_id = driver.rest("alice", BUY, 100, 1)
    driver.place("alice", SELL, 60, 1, self_trade=SelfTradeMode.DECREMENT_AND_CANCEL)
    driver.do(Deposit(account="alice", asset=MARKET.base.id, amount=60))
    (event,) = driver.replace("alice", order_id, 100, 2)
    assert isinstance(event, OrderReplaced), event
    assert event.open == 40


def test_a_backlog_of_settlement_stops_orders_by_count_and_by_age() -> None:
    """Until the oldest is final; cancels go on."""
    for one in (limits(unsettled_fills=1), limits(unsettled_age_s=10)):
        driver = driver_with(one)
        resting = driver.rest("alice", BUY, 1, 1)
        driver.rest("bob", SELL, 1, 10)
        driver.place("alice", BUY, 1, 10)
        if one.unsettled_age_s:
            driver.at_ns = 10 * SECOND - 1
            driver.rest("alice", BUY, 1, 1)
            driver.at_ns += 1
        restarted(driver, one)
        assert reason(driver.place("alice", BUY, 1, 1)) is Reason.SETTLEMENT_BACKLOG
        driver.cancel("alice", resting)
        (fill,) = driver.engine.unsettled()
        final = ConfirmSettlement(fills=(fill.fill_id,), stage=SettlementStage.FINAL, batch=1)
        driver.do(final)
        assert reason(driver.place("alice", BUY, 1, 1)) is None


def test_the_oldest_fill_is_known_whichever_becomes_final_first() -> None:
    driver = driver_with()
    for second in range(3):
        driver.at_ns = second * SECOND
        driver.rest("bob", SELL, 1, 10)
        driver.place("alice", BUY, 1, 10)
    fills = [fill.fill_id for fill in driver.engine.unsettled()]
    for fill, oldest in ((fills[1], 0), (fills[0], 2 * SECOND), (fills[2], None)):
        final = ConfirmSettlement(fills=(fill,), stage=SettlementStage.FINAL, batch=1)
        driver.do(final)
        assert driver.engine.oldest_unsettled_ns() == oldest
    assert driver.engine.unsettled_fills() == 0


def test_the_self_trade_rule_knows_the_group() -> None:
    one = limits(refuse_self_trade=True)
    driver = driver_with(one)
    for account in ("alice", "bob"):
        driver.do(SetAccountGroup(account=account, group="desk"))
    driver.rest("bob", SELL, 5, 10)
    restarted(driver, one)
    assert reason(driver.place("alice", BUY, 1, 10)) is Reason.SELF_TRADE
    assert reason(driver.place("carol", BUY, 1, 10)) is None


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ({}, {}, True),
        ({}, {"price": 11}, False),
        ({"time_in_force": TimeInForce.IOC}, {}, False),
        ({}, {"time_in_force": TimeInForce.IOC}, True),
        ({"order_type": OrderType.STOP_LIMIT, "trigger_price": 9}, {}, False),
    ],
)
def test_the_self_trade_rule_keeps_the_members_of_a_batch_apart(
    first: dict[str, object], second: dict[str, object], refused: bool
) -> None:
    """A later one must not meet an earlier one that may rest, as if they came one by one."""
    driver = driver_with(limits(refuse_self_trade=True))
    terms = {"account": "alice", "market": MARKET.id, "price": 10, "quantity": 1}
    members = (
        PlaceOrder(side=BUY, **(terms | first)),
        PlaceOrder(side=SELL, **(terms | second)),
    )
    events = driver.do(BatchOrders(account="alice", members=members, all_or_none=True))
    assert (Reason.SELF_TRADE in {getattr(one, "reason", None) for one in events}) is refused
    assert any(isinstance(one, OrderAccepted) for one in events) is not refused


def test_an_all_or_none_batch_is_counted_together() -> None:
    """Where each member alone would pass; by volume, rate and position."""
    for one, expected in (
        (limits(daily_volume=5), Reason.DAILY_VOLUME_LIMIT),
        (limits(orders_per_second=1), Reason.ORDER_RATE_LIMIT),
        (limits(position=10**8 + 1), Reason.POSITION_LIMIT),
        (limits(open_orders=1), Reason.OPEN_ORDERS_LIMIT),
    ):
        driver = driver_with(one)
        quantity = ONE_ETH if one.position else 1
        told = together(driver, 3, 3, quantity=quantity)
        assert expected in {event.reason for event in told}, one
        assert driver.engine.open_order_count("alice") == 0
        assert reason(driver.place("alice", BUY, quantity, 3)) is None


@pytest.mark.parametrize("one", [limits(daily_volume=5), limits(orders_per_second=2)])
def test_an_all_or_none_batch_is_counted_without_what_it_repeats(one: RiskLimits) -> None:
    """What was sent before is answered again and does not enter; the first that would is told."""
    driver = driver_with(one)
    first, second, third, fourth = (
        PlaceOrder(
            account="alice",
            market=MARKET.id,
            side=BUY,
            price=3,
            quantity=1,
            client_order_id=name,
        )
        for name in "abcd"
    )
    driver.do(BatchOrders(account="alice", members=(first,), all_or_none=True))
    driver.at_ns += SECOND
    events = driver.do(BatchOrders(account="alice", members=(first, second), all_or_none=True))
    assert [type(event) for event in events[1::2]] == [OrderAccepted] * 2
    whole = BatchOrders(account="alice", members=(first, third, fourth), all_or_none=True)
    refused = [event.reason for event in driver.do(whole) if isinstance(event, OrderRejected)]
    expected = Reason.DAILY_VOLUME_LIMIT if one.daily_volume else Reason.ORDER_RATE_LIMIT
    assert refused == [expected, Reason.BATCH_REFUSED]


def test_an_all_or_none_batch_is_counted_after_what_it_frees_first() -> None:
    """By position: a buy that was canceled or reduced before the first that enters; not later."""
    one = limits(position=10**8 + 2)
    driver = driver_with(one)
    gone = driver.rest("alice", BUY, ONE_ETH, 3)
    less = driver.rest("alice", BUY, ONE_ETH, 3)
    frees = (
        CancelOrder(account="alice", order_id=gone),
        ReduceOrder(account="alice", order_id=less, by=ONE_ETH // 2),
    )
    enters = PlaceOrder(
        account="alice", market=MARKET.id, side=BUY, price=3, quantity=ONE_ETH * 3 // 2
    )
    small = msgspec.structs.replace(enters, quantity=1)
    for members, refused in (
        ((enters, *frees), True),
        ((*frees, enters, small), True),
        ((*frees, enters), False),
    ):
        events = driver.do(BatchOrders(account="alice", members=members, all_or_none=True))
        assert (
            Reason.POSITION_LIMIT in {getattr(one, "reason", None) for one in events}
        ) is refused
    assert [order.open for order in driver.engine.open_orders("alice")] == [
        ONE_ETH // 2,
        ONE_ETH * 3 // 2,
    ]


def test_an_all_or_none_batch_is_counted_by_the_accounts_own_limits() -> None:
    """Those from the start, then those of its tier; everybody's are others."""
    one = limits(daily_volume=5)
    driver = Driver(make_engine(risk=StandardRisk(one, tiers={"alice": NO_LIMITS})), market=MARKET)
    driver.fund("alice", amount=10**16)
    assert [type(event).__name__ for event in together(driver, 3, 3)] == ["OrderAccepted"] * 2
    driver.do(SetRiskTier(tier="strict", limits=one))
    driver.do(AssignRiskTier(account="alice", tier="strict"))
    assert Reason.DAILY_VOLUME_LIMIT in {event.reason for event in together(driver, 3, 3)}


@pytest.mark.parametrize("all_or_none", [False, True])
def test_a_batch_is_counted_by_its_own_time(all_or_none: bool) -> None:
    """What was traded or entered before it, on the same day and in the same second, counts."""
    for one, expected in (
        (limits(daily_volume=9), Reason.DAILY_VOLUME_LIMIT),
        (limits(orders_per_second=1), Reason.ORDER_RATE_LIMIT),
    ):
        driver = driver_with(one)
        driver.at_ns = 40 * 24 * 3_600 * SECOND
        driver.rest("bob", SELL, 1, 8)
        driver.place("alice", BUY, 1, 8)
        member = PlaceOrder(account="alice", market=MARKET.id, side=BUY, price=2, quantity=1)
        batch = BatchOrders(account="alice", members=(member,), all_or_none=all_or_none)
        assert driver.do(batch)[1].reason is expected
        driver.at_ns += 24 * 3_600 * SECOND
        assert type(driver.do(batch)[1]).__name__ == "OrderAccepted"


# ------------------------------------------------------------------------- tiers by command


def test_a_tier_by_command_changes_limits_while_running() -> None:
    """For everybody, for one account, and back; replays and restarts alike."""
    driver = driver_with()
    tight, loose = limits(open_orders=1), limits(open_orders=3)
    assert driver.do(SetRiskTier(tier="default", limits=tight)) == (
        RiskTierChanged("default", tight),
    )
    driver.do(SetRiskTier(tier="maker", limits=loose))
    assert driver.do(AssignRiskTier(account="alice", tier="maker")) == (
        RiskTierAssigned("alice", "maker"),
    )
    restarted(driver)
    for account, allowed in (("alice", 3), ("bob", 1)):
        for _ in range(allowed):
            driver.rest(account, BUY, 1, 1)
        assert reason(driver.place(account, BUY, 1, 1)) is Reason.OPEN_ORDERS_LIMIT
    driver.do(SetRiskTier(tier="maker", limits=limits(open_orders=4)))
    driver.rest("alice", BUY, 1, 1)
    driver.do(AssignRiskTier(account="alice", tier=None))
    assert reason(driver.place("alice", BUY, 1, 1)) is Reason.OPEN_ORDERS_LIMIT


def test_a_tier_by_command_goes_before_what_was_given_at_the_start() -> None:
    """For accounts that have limits of their own, too."""
    risk = StandardRisk(NO_LIMITS, tiers={"bob": limits(open_orders=1)})
    driver = Driver(make_engine(risk=risk), market=MARKET)
    driver.fund("bob", amount=10**16)
    driver.rest("bob", BUY, 1, 1)
    assert reason(driver.place("bob", BUY, 1, 1)) is Reason.OPEN_ORDERS_LIMIT
    driver.do(SetKillSwitch(account="bob", engaged=True))
    driver.do(SetKillSwitch(account="bob", engaged=False))
    assert reason(driver.place("bob", BUY, 1, 1)) is Reason.OPEN_ORDERS_LIMIT
    driver.do(SetRiskTier(tier="default", limits=limits(open_orders=2)))
    driver.rest("bob", BUY, 1, 1)
    assert reason(driver.place("bob", BUY, 1, 1)) is Reason.OPEN_ORDERS_LIMIT


@pytest.mark.parametrize("tier", ["", "x" * 65, "caf\u00e9", "a\n"])
def test_a_tier_or_group_has_a_printable_name(tier: str) -> None:
    driver = driver_with()
    (event,) = driver.do(SetRiskTier(tier=tier, limits=NO_LIMITS))
    assert event.reason is Reason.INVALID_NAME
    (event,) = driver.do(SetAccountGroup(account="alice", group=tier))
    assert event.reason is Reason.INVALID_NAME
    assert driver.engine.kin("alice") == ("alice",)


def test_an_account_is_put_into_a_tier_that_was_set() -> None:
    driver = driver_with()
    (event,) = driver.do(AssignRiskTier(account="alice", tier="maker"))
    assert isinstance(event, CommandRejected)
    assert event.reason is Reason.UNKNOWN_TIER
    assert driver.engine.tier("alice") is None


def test_a_counting_rule_that_a_command_set_to_work_survives_a_restart() -> None:
    """Also in a fresh risk that saw none of the commands; unknown bytes change nothing."""
    driver = driver_with()
    driver.do(SetRiskTier(tier="default", limits=limits(orders_per_second=1, daily_volume=3)))
    driver.rest("bob", SELL, 1, 3)
    driver.place("alice", BUY, 1, 3)
    restarted(driver)
    assert reason(driver.place("alice", BUY, 1, 1)) is Reason.DAILY_VOLUME_LIMIT
    risk = StandardRisk(NO_LIMITS)
    parts = StandardRisk(limits(orders_per_second=1))
    risk.restore(parts.snapshot())
    assert risk.snapshot() == StandardRisk(NO_LIMITS).snapshot()


# ------------------------------------------------------------------------------ kill switches


def test_a_kill_switch_stops_one_account_or_all() -> None:
    """Nothing enters, replacements neither; cancels go on; it is undone as it was done."""
    for who in ("alice", None):
        driver = driver_with()
        resting = driver.rest("alice", BUY, 5, 1)
        told = driver.do(SetKillSwitch(account=who, engaged=True))
        assert told == (KillSwitchChanged(who, engaged=True),)
        restarted(driver)
        assert reason(driver.place("alice", BUY, 1, 1)) is Reason.KILL_SWITCH
        assert driver.replace("alice", resting, 1, 1)[0].reason is Reason.KILL_SWITCH
        assert (reason(driver.place("bob", BUY, 1, 1)) is None) is (who == "alice")
        assert Reason.KILL_SWITCH in {event.reason for event in together(driver, 1)}
        driver.cancel("alice", resting)
        driver.do(SetKillSwitch(account=who, engaged=False))
        assert reason(driver.place("alice", BUY, 1, 1)) is None


def test_a_kill_switch_cancels_when_it_is_told_to() -> None:
    """Of one account, then of everybody, oldest first."""
    driver = driver_with()
    for account in ("alice", "bob", "carol"):
        driver.rest(account, BUY, 1, 1)
    _, event = driver.do(SetKillSwitch(account="bob", engaged=True, cancel=True))
    assert (event.account, event.reason) == ("bob", CancelReason.KILL_SWITCH)
    events = driver.do(SetKillSwitch(account=None, engaged=True, cancel=True))
    assert [event.account for event in events] == [None, "alice", "carol"]
    assert len(driver.do(SetKillSwitch(account=None, engaged=False, cancel=True))) == 1
    assert reason(driver.place("bob", BUY, 1, 1)) is Reason.KILL_SWITCH


# ---------------------------------------------------------------------------------- standing alone


@pytest.mark.parametrize(
    ("kind", "quantity", "price", "expected"),
    [
        (OrderNotional, 1, 51, Reason.ORDER_NOTIONAL_LIMIT),
        (OpenOrders, 1, 1, Reason.OPEN_ORDERS_LIMIT),
        (OrdersPerSecond, 1, 1, Reason.ORDER_RATE_LIMIT),
        (DailyVolume, 9, 9, Reason.DAILY_VOLUME_LIMIT),
        (PriceBand, 1, 11, Reason.PRICE_BAND),
        (PositionLimit, 1, 1, Reason.POSITION_LIMIT),
        (SelfTrade, 1, 20, Reason.SELF_TRADE),
    ],
)
def test_a_rule_stands_alone(
    kind: type[LimitRule], quantity: int, price: int, expected: Reason
) -> None:
    """In a chain, given a function from account to limits; without the limit it lets all pass."""
    one = RiskLimits(
        order_notional=50,
        open_orders=2,
        daily_volume=80,
        refuse_self_trade=True,
        price_band_ppm=0,
        orders_per_second=2,
        position=10**8,
    )
    for given, wanted in ((one, expected), (NO_LIMITS, None)):
        risk = RiskChain([kind(lambda _, given=given: given), KillSwitch(lambda _: NO_LIMITS)])
        driver = Driver(make_engine(risk=risk), market=MARKET)
        driver.fund("alice", "bob", amount=10**16)
        driver.rest("bob", SELL, 1, 10)
        driver.place("carol", BUY, 1, 10)
        driver.rest("alice", SELL, 1, 20)
        driver.do(Deposit(account="carol", asset="USDC", amount=10**16))
        driver.place("carol", BUY, 1, 10)
        if kind is not PositionLimit:
            driver.rest("alice", SELL, 1, 20)
        assert reason(driver.place("alice", BUY, quantity, price)) is wanted
        driver.do(SetKillSwitch(account=None, engaged=True))
        assert reason(driver.place("bob", BUY, 1, 1)) is Reason.KILL_SWITCH


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(OrdersPerSecond, Reason.ORDER_RATE_LIMIT), (DailyVolume, Reason.DAILY_VOLUME_LIMIT)],
)
def test_a_rule_that_stands_alone_takes_an_all_or_none_batch_together(
    kind: type[LimitRule], expected: Reason
) -> None:
    """Two may enter and three may not, though each of them may; without the limit all may."""
    for given, enter in (
        (limits(orders_per_second=2, daily_volume=25), 0),
        (NO_LIMITS, 3),
    ):
        risk = RiskChain([kind({"alice": given}.__getitem__)])
        driver = Driver(make_engine(risk=risk), market=MARKET)
        driver.do(Deposit(account="alice", asset="USDC", amount=10**16))
        told = together(driver, 10, 10, 10)
        reasons = {event.reason for event in told if isinstance(event, OrderRejected)}
        assert (expected in reasons) is (enter == 0)
        assert driver.engine.open_order_count("alice") == enter
        driver.at_ns += SECOND
        together(driver, 10, 10)
        assert driver.engine.open_order_count("alice") == enter + 2


@pytest.mark.parametrize("one", [limits(daily_volume=100), limits(orders_per_second=100)])
def test_what_was_counted_is_one_state_whoever_came_first(one: RiskLimits) -> None:
    """The snapshot names how much each did, and not who did it earlier."""
    states = set()
    for first, second in (("alice", "bob"), ("bob", "alice")):
        risk = StandardRisk(one)
        driver = Driver(make_engine(risk=risk), market=MARKET)
        driver.fund("alice", "bob", "carol", amount=10**16)
        driver.rest("carol", SELL, 2, 1)
        driver.place(first, BUY, 1, 1)
        driver.place(second, BUY, 1, 1)
        states.add(risk.snapshot())
    assert len(states) == 1


def test_groups_are_told_and_left() -> None:
    driver = driver_with()
    assert driver.do(SetAccountGroup(account="alice", group="g")) == (
        AccountGroupChanged("alice", "g"),
    )
    driver.do(SetAccountGroup(account="bob", group="g"))
    assert driver.engine.kin("bob") == ("alice", "bob")
    driver.do(SetAccountGroup(account="alice", group=None))
    assert driver.engine.kin("bob") == ("bob",)
    assert driver.engine.kin("alice") == ("alice",)
