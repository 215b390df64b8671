"""Fees: tiers by volume, rebates out of the same fill, and changes that no order is hurt by."""

import attrs
import pytest

from hybrid_dex.engine.markets import FEE_NOTICE_NS
from hybrid_dex.engine.volumes import DAY_NS
from hybrid_dex.model.commands import (
    AdvanceTime,
    CancelPlan,
    ConfirmSettlement,
    FailSettlement,
    ListMarket,
    ScheduleFees,
)
from hybrid_dex.model.events import (
    CommandRejected,
    FillMade,
    OrderAccepted,
)
from hybrid_dex.model.fees import FeeSchedule, FeeTier
from hybrid_dex.model.market import Market
from hybrid_dex.model.market_events import (
    FeesChanged,
    FeesScheduled,
    PlanCanceled,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.units import MAX_SETTLED_FEE_PPM
from tests.engine.driver import BUY, SELL, Driver, authorize, make_engine, make_market

TIERS = (
    FeeTier(volume=10_000, maker_fee_ppm=500, taker_fee_ppm=1_500),
    FeeTier(volume=40_000, maker_fee_ppm=-1_000, taker_fee_ppm=1_200),
)
TIERED = make_market(maker_fee_ppm=1_000, taker_fee_ppm=2_000, fee_tiers=TIERS)
LISTED = TIERED.fees
PLAIN = make_market(maker_fee_ppm=1_000, taker_fee_ppm=2_000)


def plain(maker: int, taker: int) -> FeeSchedule:
    return FeeSchedule(maker_fee_ppm=maker, taker_fee_ppm=taker)


def make_driver(market: Market = TIERED) -> Driver:
    driver = Driver(market=market)
    driver.fund("alice", "bob", "carol")
    return driver


def trade(driver: Driver, maker: str, taker: str, notional: int = 10_000) -> FillMade:
    """The taker buys for this notional at price 1000."""
    driver.rest(maker, SELL, notional // 1_000, 1_000)
    events = driver.place(taker, BUY, notional // 1_000, 1_000)
    (fill,) = [event for event in events if isinstance(event, FillMade)]
    return fill


def fees(driver: Driver, maker: str, taker: str, notional: int = 10_000) -> tuple[int, int]:
    fill = trade(driver, maker, taker, notional)
    return fill.maker_fee, fill.taker_fee


def test_a_tier_follows_from_the_days_before_not_from_today() -> None:
    """Both sides count; the rate stands still until midnight."""
    driver = make_driver()
    assert fees(driver, "bob", "alice") == fees(driver, "bob", "alice") == (10, 20)
    assert driver.engine.volume("alice", "USDC") == 0
    driver.at_ns = DAY_NS - 1
    assert fees(driver, "bob", "alice") == (10, 20)
    driver.at_ns = DAY_NS
    assert fees(driver, "bob", "alice") == (5, 15)
    assert driver.engine.volume("alice", "USDC") == driver.engine.volume("bob", "USDC") == 30_000
    assert driver.engine.rates("alice", TIERED.id) == (500, 1_500)
    assert driver.engine.rates("carol", TIERED.id) == (1_000, 2_000)


def test_each_side_pays_by_its_own_tier() -> None:
    """A large maker and a new taker, and the other way round."""
    driver = make_driver()
    trade(driver, "bob", "alice", 50_000)
    driver.at_ns = DAY_NS
    assert fees(driver, "bob", "carol") == (-10, 20)
    assert fees(driver, "carol", "bob") == (10, 12)


def test_a_rebate_is_paid_out_of_the_takers_fee() -> None:
    """The maker gets more than the notional, the exchange keeps the rest, and all adds up."""
    driver = make_driver()
    trade(driver, "bob", "alice", 50_000)
    driver.at_ns = DAY_NS
    before = driver.available("bob", "USDC"), driver.engine.fees("USDC")
    fill = trade(driver, "bob", "alice", 50_000)
    assert (fill.maker_fee, fill.taker_fee) == (-50, 60)
    assert driver.available("bob", "USDC") == before[0] + 50_050
    assert driver.engine.fees("USDC") == before[1] + 10
    final = ConfirmSettlement(fills=(fill.fill_id,), stage=SettlementStage.FINAL, batch=1)
    driver.do(final)


def test_a_maker_who_buys_gets_its_rebate_off_the_price() -> None:
    """And its hold for the worst fee comes back whole."""
    driver = make_driver()
    trade(driver, "bob", "alice", 50_000)
    driver.at_ns = DAY_NS
    before = driver.available("bob", "USDC")
    driver.rest("bob", BUY, 10, 1_000)
    assert driver.available("bob", "USDC") == before - 10_000 - 20
    driver.place("alice", SELL, 10, 1_000)
    assert driver.available("bob", "USDC") == before - 10_000 + 10
    assert driver.engine.balance("bob", "USDC").held == 0


def test_a_volume_is_forgotten_after_thirty_days() -> None:
    """On the thirtieth day it counts, on the next it does not."""
    driver = make_driver()
    trade(driver, "bob", "alice", 50_000)
    driver.at_ns = 31 * DAY_NS - 1
    driver.do(AdvanceTime())
    assert driver.engine.rates("alice", TIERED.id) == (-1_000, 1_200)
    driver.at_ns = 31 * DAY_NS
    driver.do(AdvanceTime())
    assert driver.engine.rates("alice", TIERED.id) == (1_000, 2_000)


def test_volumes_count_over_all_markets_of_a_quote_asset_that_have_tiers() -> None:
    """Not those without tiers, and not other quote assets."""
    driver = make_driver()
    for market in (
        make_market("BTC-USDC", fee_tiers=LISTED.tiers, taker_fee_ppm=2_000),
        make_market("SOL-USDC", taker_fee_ppm=2_000),
        make_market("ETH-EUR", fee_tiers=LISTED.tiers, taker_fee_ppm=2_000),
    ):
        driver.do(ListMarket(market=market))
        driver.market = market
        driver.fund("alice", "bob")
        driver.rest("bob", SELL, 20, 1_000)
        driver.place("alice", BUY, 20, 1_000)
    driver.at_ns = DAY_NS
    driver.do(AdvanceTime())
    assert driver.engine.volume("alice", "USDC") == driver.engine.volume("alice", "EUR") == 20_000
    assert driver.engine.rates("alice", TIERED.id) == (500, 1_500)
    assert driver.engine.rates("alice", "SOL-USDC") == (0, 2_000)


def test_a_fill_that_fails_takes_its_volume_and_its_tier_back() -> None:
    """From then on; what was charged in between stands, as it settled."""
    driver = make_driver()
    large = trade(driver, "bob", "alice", 50_000)
    driver.at_ns = DAY_NS
    assert fees(driver, "bob", "alice") == (-10, 12)
    driver.do(FailSettlement(failures=(FillFailure(large.fill_id, 1),), batch=1))
    assert driver.engine.volume("alice", "USDC") == 0
    assert fees(driver, "bob", "alice") == (10, 20)


def test_a_failed_rebate_is_paid_back() -> None:
    """All of it: balances and fees are as before the fill."""
    driver = make_driver()
    trade(driver, "bob", "alice", 50_000)
    driver.at_ns = DAY_NS
    before = [driver.available(who, "USDC") for who in ("alice", "bob")]
    collected = driver.engine.fees("USDC")
    fill = trade(driver, "bob", "alice")
    assert fill.maker_fee < 0
    driver.do(FailSettlement(failures=(FillFailure(fill.fill_id, 1),), batch=1))
    assert [driver.available(who, "USDC") for who in ("alice", "bob")] == before
    assert driver.engine.fees("USDC") == collected


def test_what_settles_is_told_the_rates_that_were_charged() -> None:
    """Those of the fill's own day and accounts."""
    driver = make_driver()
    trade(driver, "bob", "alice", 50_000)
    driver.at_ns = DAY_NS
    fill = driver.engine.matched_fill(trade(driver, "bob", "carol").fill_id)
    assert fill is not None
    assert (fill.maker_fee_ppm, fill.taker_fee_ppm) == (-1_000, 2_000)


def test_a_snapshot_keeps_volumes_fees_and_plans() -> None:
    """What goes on goes on the same; what was traded today counts from midnight on, as before."""
    driver = make_driver()
    driver.at_ns = DAY_NS // 2
    trade(driver, "bob", "alice", 50_000)
    driver.do(ScheduleFees(market=TIERED.id, fees=plain(0, 100), due_ns=2 * DAY_NS))
    driver.do(ScheduleFees(market=TIERED.id, fees=attrs.evolve(LISTED, taker_fee_ppm=1_900)))
    again = Driver.__new__(Driver)
    again.__dict__.update(driver.__dict__)
    again.engine = make_engine()
    again.engine.restore(driver.engine.snapshot())
    assert again.engine.state_hash() == driver.engine.state_hash()
    assert again.engine.volume("alice", "USDC") == 0
    for each in (driver, again):
        each.at_ns = DAY_NS
        assert fees(each, "bob", "alice") == (-10, 12)
        assert each.engine.next_due_ns() == 2 * DAY_NS
        each.at_ns = 2 * DAY_NS
        each.do(AdvanceTime())
        assert fees(each, "bob", "alice") == (0, 1)
    assert again.engine.state_hash() == driver.engine.state_hash()


# --------------------------------------------------------------------- changing


def test_lower_fees_come_at_once_and_are_told_once() -> None:
    """The hold of a resting order does not change; the fill frees what it does not need."""
    driver = make_driver(PLAIN)
    driver.rest("bob", BUY, 10, 1_000)
    held = driver.engine.balance("bob", "USDC").held
    lower = plain(-50, 100)
    change = ScheduleFees(market="ETH-USDC", fees=lower)
    assert driver.do(change) == (FeesChanged("ETH-USDC", lower),)
    assert driver.do(change) == ()
    assert driver.engine.fees_of("ETH-USDC") == lower
    assert driver.engine.balance("bob", "USDC").held == held
    events = driver.place("alice", SELL, 10, 1_000)
    (fill,) = [event for event in events if isinstance(event, FillMade)]
    assert (fill.maker_fee, fill.taker_fee) == (0, 1)
    assert driver.engine.balance("bob", "USDC").held == 0


@pytest.mark.parametrize(
    "above",
    [
        plain(1_001, 2_000),
        plain(1_000, 2_001),
        FeeSchedule(tiers=(FeeTier(volume=1, maker_fee_ppm=1_001, taker_fee_ppm=0),)),
        FeeSchedule(tiers=(FeeTier(volume=1, maker_fee_ppm=0, taker_fee_ppm=2_001),)),
    ],
)
def test_no_fee_exceeds_what_was_listed(above: FeeSchedule) -> None:
    """However long it is announced: holds and signatures would not cover it."""
    driver = make_driver()
    for due_ns in (None, 100 * DAY_NS):
        (event,) = driver.do(ScheduleFees(market=TIERED.id, fees=above, due_ns=due_ns))
        assert isinstance(event, CommandRejected)
        assert event.reason is RejectReason.FEES_ABOVE_LISTED
    assert driver.engine.fees_of(TIERED.id) == LISTED


def test_fees_that_rise_are_announced_a_day_before() -> None:
    """One nanosecond too soon is refused."""
    driver = make_driver(PLAIN)
    driver.at_ns = 5
    driver.do(ScheduleFees(market=PLAIN.id, fees=plain(0, 100)))
    rise = ScheduleFees(market=PLAIN.id, fees=plain(0, 101))
    for due_ns in (None, 5 + FEE_NOTICE_NS - 1):
        late = ScheduleFees(market=PLAIN.id, fees=plain(0, 101), due_ns=due_ns)
        (event,) = driver.do(late)
        assert (event.reason, event.field) == (RejectReason.FEE_NOTICE, "due_ns")
    due_ns = 5 + FEE_NOTICE_NS
    announced = ScheduleFees(market=PLAIN.id, fees=rise.fees, due_ns=due_ns)
    assert driver.do(announced) == (FeesScheduled(PLAIN.id, rise.fees, due_ns),)
    driver.at_ns = due_ns - 1
    assert driver.do(AdvanceTime()) == ()
    driver.at_ns = due_ns
    assert driver.do(AdvanceTime()) == (FeesChanged(PLAIN.id, rise.fees),)


def test_a_rise_is_measured_against_what_was_announced_until_then() -> None:
    """Lower fees that were announced can not be taken back by others an hour later."""
    driver = make_driver(PLAIN)
    soon = 3_600 * 10**9
    driver.do(ScheduleFees(market=PLAIN.id, fees=plain(0, 100), due_ns=soon))
    later = ScheduleFees(market=PLAIN.id, fees=plain(0, 500), due_ns=2 * soon)
    (event,) = driver.do(later)
    assert event.reason is RejectReason.FEE_NOTICE
    (event,) = driver.do(ScheduleFees(market=PLAIN.id, fees=plain(0, 500), due_ns=soon - 1))
    assert isinstance(event, FeesScheduled)


def test_new_fees_count_for_the_command_that_passes_their_time() -> None:
    """They come before it, as an expiry does."""
    driver = make_driver(make_market(taker_fee_ppm=2_000))
    driver.do(ScheduleFees(market="ETH-USDC", fees=plain(0, 100), due_ns=50))
    driver.rest("bob", SELL, 10, 1_000)
    driver.at_ns = 50
    changed, _, fill = driver.place("alice", BUY, 10, 1_000)
    assert isinstance(changed, FeesChanged)
    assert isinstance(fill, FillMade)
    assert fill.taker_fee == 1


def test_plans_come_due_by_time() -> None:
    """All that one command passes, each in its turn; the same time again replaces."""
    driver = make_driver(PLAIN)
    for due_ns, taker in ((30, 50), (20, 100), (20, 90)):
        driver.do(ScheduleFees(market=PLAIN.id, fees=plain(0, taker), due_ns=due_ns))
    assert [plan.due_ns for plan in driver.engine.plans(PLAIN.id)] == [20, 30]
    driver.at_ns = 40
    assert driver.do(AdvanceTime()) == (
        FeesChanged(PLAIN.id, plain(0, 90)),
        FeesChanged(PLAIN.id, plain(0, 50)),
    )
    assert driver.engine.plans(PLAIN.id) == ()


def test_a_plan_can_be_taken_back() -> None:
    """Only one that there is; the refusal names those."""
    driver = make_driver(PLAIN)
    for due_ns in (25, 20):
        driver.do(ScheduleFees(market=PLAIN.id, fees=plain(0, 100), due_ns=due_ns))
    assert driver.engine.next_due_ns() == 20
    (event,) = driver.do(CancelPlan(market=PLAIN.id, due_ns=21))
    assert (event.reason, event.detail) == (RejectReason.NOT_PLANNED, "planned: 20, 25")
    assert driver.do(CancelPlan(market=PLAIN.id, due_ns=25)) == (PlanCanceled(PLAIN.id, 25),)
    assert driver.do(CancelPlan(market=PLAIN.id, due_ns=20)) == (PlanCanceled(PLAIN.id, 20),)
    (event,) = driver.do(CancelPlan(market=PLAIN.id, due_ns=20))
    assert (event.reason, event.detail) == (RejectReason.NOT_PLANNED, "planned: nothing")
    driver.at_ns = 30
    assert driver.do(AdvanceTime()) == ()
    assert driver.engine.fees_of(PLAIN.id) == PLAIN.fees


@pytest.mark.parametrize("due_ns", [0, 10, 2**63])
def test_nothing_is_planned_for_the_past(due_ns: int) -> None:
    """Nor for a time that no clock shows."""
    driver = make_driver(PLAIN)
    driver.at_ns = 10
    (event,) = driver.do(ScheduleFees(market=PLAIN.id, fees=plain(0, 1), due_ns=due_ns))
    assert event.reason is RejectReason.INVALID_TIME


def test_a_market_has_a_hundred_plans_at_most() -> None:
    """One more is refused; another market has its own."""
    driver = make_driver(PLAIN)
    for number in range(100):
        driver.do(ScheduleFees(market=PLAIN.id, fees=plain(0, 1), due_ns=100 + number))
    (event,) = driver.do(ScheduleFees(market=PLAIN.id, fees=plain(0, 1), due_ns=99))
    assert event.reason is RejectReason.INVALID_TIME
    driver.do(ListMarket(market=make_market("BTC-USDC", taker_fee_ppm=9)))
    (event,) = driver.do(ScheduleFees(market="BTC-USDC", fees=plain(0, 1), due_ns=99))
    assert isinstance(event, FeesScheduled)


@pytest.mark.parametrize(
    "command",
    [ScheduleFees(market="X-Y", fees=plain(0, 0)), CancelPlan(market="X-Y", due_ns=1)],
)
def test_an_unknown_market_is_refused(command: ScheduleFees | CancelPlan) -> None:
    """With its own reason."""
    (event,) = make_driver().do(command)
    assert event.reason is RejectReason.UNKNOWN_MARKET


def test_tiers_that_come_later_count_from_then_on() -> None:
    """What was traded before is in nobody's volume, and does not leave it when it fails."""
    driver = make_driver(PLAIN)
    early = trade(driver, "bob", "alice", 50_000)
    driver.do(ScheduleFees(market="ETH-USDC", fees=LISTED))
    late = trade(driver, "bob", "alice", 10_000)
    driver.at_ns = DAY_NS
    driver.do(AdvanceTime())
    assert driver.engine.volume("alice", "USDC") == 10_000
    for fill, left in ((early, 10_000), (late, 0)):
        driver.do(FailSettlement(failures=(FillFailure(fill.fill_id, 1),), batch=1))
        assert driver.engine.volume("alice", "USDC") == left


# ----------------------------------------------------------------------- signed


def test_a_signature_covers_the_worst_tier() -> None:
    """Of either role for an order that may take, of makers for one that may not."""
    driver = make_driver(
        make_market(
            maker_fee_ppm=100,
            taker_fee_ppm=300,
            fee_tiers=(FeeTier(volume=1, maker_fee_ppm=200, taker_fee_ppm=400),),
        )
    )
    for cap, post_only, accepted in (
        (400, False, True),
        (399, False, False),
        (200, True, True),
        (199, True, False),
    ):
        signed = authorize(cap, lane=cap, max_fee_ppm=cap)
        (event,) = driver.place("alice", BUY, 1, 10, post_only=post_only, authorization=signed)
        assert isinstance(event, OrderAccepted) is accepted, cap
        if not accepted:
            assert event.reason is RejectReason.FEE_CAP_TOO_LOW


def test_a_rebate_needs_no_cap() -> None:
    """A maker that is never charged may sign zero."""
    driver = make_driver(make_market(maker_fee_ppm=-100, taker_fee_ppm=300))
    signed = authorize(max_fee_ppm=0)
    (event,) = driver.place("alice", BUY, 1, 10, post_only=True, authorization=signed)
    assert isinstance(event, OrderAccepted)


@pytest.mark.parametrize("rate", [MAX_SETTLED_FEE_PPM, MAX_SETTLED_FEE_PPM + 1])
def test_what_the_contract_would_not_take_is_not_listed(rate: int) -> None:
    """Where orders are signed; elsewhere no contract is asked."""
    market = make_market("BTC-USDC", taker_fee_ppm=rate)
    signed = Driver(make_engine(requires_signature=True))
    events = signed.do(ListMarket(market=market))
    listed = rate <= MAX_SETTLED_FEE_PPM
    assert (signed.engine.market("BTC-USDC") is not None) is listed
    if not listed:
        assert events[0].reason is RejectReason.FEES_ABOVE_LISTED
    unsigned = Driver()
    unsigned.do(ListMarket(market=market))
    assert unsigned.engine.market("BTC-USDC") is not None
