"""Each standard rule allows at its limit and refuses past it; the first refusal wins."""

import pytest

from hybrid_dex.defaults.standard_risk import RiskChain, RiskLimits, StandardRisk
from hybrid_dex.errors import ConfigurationError, VersionMismatchError
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.commands import Command, PlaceOrder
from hybrid_dex.model.events import Event, OrderAccepted, OrderRejected, OrderReplaced
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.units import TimestampNs
from tests.engine.driver import BUY, NO_LIMITS, SELL, Driver, make_engine, make_market

DAY_NS = 24 * 60 * 60 * 10**9
MARKET = make_market(tick_size=1_000_000, lot_size=1)  # a tick a lot is one whole quote unit


def driver_with(limits: RiskLimits, **tiers: RiskLimits) -> Driver:
    risk = StandardRisk(limits, tiers=tiers)
    driver = Driver(make_engine(risk=risk), market=MARKET)
    driver.fund("alice", "bob", amount=10**16)
    return driver


def reason(events: tuple[Event, ...]) -> Reason | None:
    return events[0].reason if isinstance(events[0], OrderRejected) else None


def test_the_defaults_are_the_documented_ones() -> None:
    """A million an order, a hundred orders, ten million a day, and nothing else."""
    assert RiskLimits() == RiskLimits(
        order_notional=1_000_000,
        open_orders=100,
        daily_volume=10_000_000,
        refuse_self_trade=False,
        prefunded=False,
        price_band_ppm=None,
        orders_per_second=None,
        position=None,
        unsettled_fills=None,
        unsettled_age_s=None,
    )


def test_an_order_of_the_largest_notional_passes_and_one_tick_more_does_not() -> None:
    """Of the total, also when it replaces; without a limit all passes."""
    driver = driver_with(RiskLimits())
    assert reason(driver.place("alice", BUY, 1, 1_000_001)) is Reason.ORDER_NOTIONAL_LIMIT
    order_id = driver.rest("alice", BUY, 1, 1_000_000)
    (event,) = driver.replace("alice", order_id, 1, 1_000_001)
    assert event.reason is Reason.ORDER_NOTIONAL_LIMIT
    assert reason(driver_with(NO_LIMITS).place("alice", BUY, 1, 10**9)) is None


def test_as_many_open_orders_as_allowed_and_no_more() -> None:
    """A replacement adds none; a cancel makes room."""
    driver = driver_with(RiskLimits(open_orders=2))
    first = driver.rest("alice", BUY, 1, 1)
    driver.rest("alice", BUY, 1, 1)
    assert reason(driver.place("alice", BUY, 1, 1)) is Reason.OPEN_ORDERS_LIMIT
    assert isinstance(driver.replace("alice", first, 2, 2)[0], OrderReplaced)
    driver.cancel("alice", first)
    driver.rest("alice", BUY, 1, 1)
    driver.rest("bob", BUY, 1, 1)


def test_a_hundred_and_first_order_is_refused_by_default() -> None:
    """And not when the limit is off."""
    for limits, expected in ((RiskLimits(), Reason.OPEN_ORDERS_LIMIT), (NO_LIMITS, None)):
        driver = driver_with(limits)
        for _ in range(100):
            driver.rest("alice", BUY, 1, 1)
        assert reason(driver.place("alice", BUY, 1, 1)) is expected


def test_a_days_volume_counts_both_sides_and_begins_anew_at_midnight_utc() -> None:
    """What could exceed it is refused; the clock is that of the command."""
    driver = driver_with(RiskLimits(daily_volume=100))
    driver.at_ns = 3 * DAY_NS - 1
    driver.rest("bob", SELL, 60, 1)
    assert reason(driver.place("alice", BUY, 60, 1)) is None
    for account, side in (("alice", BUY), ("bob", SELL)):
        assert reason(driver.place(account, side, 41, 1)) is Reason.DAILY_VOLUME_LIMIT
        driver.cancel(account, driver.rest(account, side, 40, 1))
    driver.at_ns += 1
    driver.rest("alice", BUY, 100, 1)
    assert reason(driver.place("bob", SELL, 101, 1)) is Reason.DAILY_VOLUME_LIMIT


def test_a_replacement_counts_what_it_can_still_trade() -> None:
    """Fills so far are in the day's volume already."""
    driver = driver_with(RiskLimits(daily_volume=100))
    order_id = driver.rest("bob", SELL, 60, 1)
    driver.place("alice", BUY, 50, 1)
    (event,) = driver.replace("bob", order_id, 101, 1)
    assert event.reason is Reason.DAILY_VOLUME_LIMIT
    (event,) = driver.replace("bob", order_id, 100, 1)
    assert isinstance(event, OrderReplaced)


def test_the_self_trade_check_refuses_a_price_that_meets_an_own_order() -> None:
    """It follows what rests: after a cancel, a fill or a replacement it forgets."""
    driver = driver_with(RiskLimits(refuse_self_trade=True))
    sell = driver.rest("alice", SELL, 5, 10)
    assert reason(driver.place("alice", BUY, 1, 10)) is Reason.SELF_TRADE
    bought = driver.rest("alice", BUY, 1, 9)
    (event,) = driver.replace("alice", bought, 1, 10)
    assert event.reason is Reason.SELF_TRADE
    driver.replace("alice", sell, 5, 12)
    assert isinstance(driver.replace("alice", bought, 1, 10)[0], OrderReplaced)
    driver.cancel("alice", bought)
    driver.place("bob", BUY, 5, 12)
    assert reason(driver.place("alice", BUY, 1, 20)) is None
    assert reason(driver.place("bob", SELL, 1, 20)) is None


def test_a_tier_has_limits_of_its_own() -> None:
    """Other accounts keep the common ones."""
    driver = driver_with(RiskLimits(open_orders=1), bob=RiskLimits(open_orders=2))
    for account, allowed in (("alice", 1), ("bob", 2)):
        for _ in range(allowed):
            driver.rest(account, BUY, 1, 1)
        assert reason(driver.place(account, BUY, 1, 1)) is Reason.OPEN_ORDERS_LIMIT


@pytest.mark.parametrize(
    "name",
    ["order_notional", "open_orders", "daily_volume", "orders_per_second", "position"],
)
def test_a_limit_is_not_negative(name: str) -> None:
    """Zero is one, and lets nothing pass."""
    with pytest.raises(ConfigurationError, match=f"the limit {name} is -1"):
        RiskLimits(**{name: -1})
    driver = driver_with(RiskLimits(**{name: 0}))
    assert reason(driver.place("alice", BUY, 1, 1)) is not None


class Stubborn:
    """Refuses every order with one reason, and counts what it saw."""

    version = "stubborn 1"

    def __init__(self, answer: Reason | None) -> None:
        self.answer = answer
        self.asked = 0
        self.seen: list[Event] = []

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        self.asked += 1
        assert isinstance(command, PlaceOrder)
        return None if self.answer is None else Refusal(self.answer, "", "it is stubborn")

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        self.seen.append(event)

    def snapshot(self) -> bytes:
        return str(self.asked).encode()

    def restore(self, state: bytes) -> None:
        self.asked = int(state)


def test_in_a_chain_the_first_refusal_wins_and_all_members_see_all_events() -> None:
    """Those behind the first refusal are not asked."""
    silent, first, second = Stubborn(None), Stubborn(Reason.RISK_REFUSED), Stubborn(Reason.EXPIRED)
    chain = RiskChain([silent, first, second])
    driver = Driver(make_engine(risk=chain))
    assert reason(driver.place("alice", BUY, 1, 1)) is Reason.RISK_REFUSED
    assert (silent.asked, first.asked, second.asked) == (1, 1, 0)
    assert silent.seen == second.seen
    assert isinstance(silent.seen[-1], OrderRejected)
    assert chain.version == "chain(stubborn 1, stubborn 1, stubborn 1)"


def test_a_chain_keeps_each_members_state() -> None:
    """Restored by class, and in order where there are two of one."""
    first, second = Stubborn(None), Stubborn(Reason.RISK_REFUSED)
    chain = RiskChain([first, StandardRisk(RiskLimits(daily_volume=100)), second])
    driver = Driver(make_engine(risk=chain))
    driver.fund("alice")
    driver.place("alice", BUY, 101, 10**6)
    driver.place("alice", BUY, 1, 1)
    assert (first.asked, second.asked) == (2, 1)
    members = [Stubborn(None), Stubborn(None), Stubborn(None)]
    RiskChain(members).restore(chain.snapshot())
    assert [member.asked for member in members] == [2, 1, 0]
    RiskChain([]).restore(chain.snapshot())


def test_a_rule_added_later_begins_with_the_markets_and_orders_that_stand() -> None:
    """Other limits start from a snapshot: a new rule knows what it must, a dropped one is gone."""
    driver = driver_with(NO_LIMITS)
    driver.rest("bob", SELL, 60, 1)
    stricter = RiskLimits(daily_volume=100, refuse_self_trade=True)
    driver.engine, before = make_engine(risk=StandardRisk(stricter)), driver.engine.snapshot()
    driver.engine.restore(before)
    assert reason(driver.place("bob", BUY, 1, 1)) is Reason.SELF_TRADE
    driver.place("alice", BUY, 60, 1)
    assert reason(driver.place("alice", BUY, 41, 1)) is Reason.DAILY_VOLUME_LIMIT
    back = make_engine()
    back.restore(driver.engine.snapshot())
    driver.engine = back
    assert reason(driver.place("alice", BUY, 41, 1)) is None


def test_the_volume_survives_a_restart() -> None:
    """The same day's fills still count after a restore."""
    limits = RiskLimits(daily_volume=100)
    driver = driver_with(limits)
    driver.rest("bob", SELL, 60, 1)
    driver.place("alice", BUY, 60, 1)
    engine = make_engine(risk=StandardRisk(limits))
    engine.restore(driver.engine.snapshot())
    assert engine.snapshot() == driver.engine.snapshot()
    driver.engine = engine
    assert reason(driver.place("alice", BUY, 41, 1)) is Reason.DAILY_VOLUME_LIMIT
    assert isinstance(driver.place("alice", BUY, 40, 1)[0], OrderAccepted)


def test_a_state_of_another_shape_is_refused() -> None:
    """A snapshot written by other rules does not pass for these."""
    for raw in (b"", b"{}", b'["AA=="]', b"[1]"):
        with pytest.raises(VersionMismatchError):
            StandardRisk().restore(raw)
    for raw in (b'[["DailyVolume","AA=="]]', b'[["by command","AA=="]]'):
        with pytest.raises(VersionMismatchError):
            StandardRisk().restore(raw)


def test_the_version_names_limits_and_tiers() -> None:
    """Other limits would give other events, so the journal's header must show them."""
    plain, tiered = StandardRisk(), StandardRisk(tiers={"bob": NO_LIMITS})
    assert plain.version == (
        "standard 3 (order_notional=1000000, open_orders=100, daily_volume=10000000)"
    )
    assert tiered.version == f"{plain.version}; bob: ()"


@pytest.mark.parametrize(
    "risk",
    [
        StandardRisk(),
        StandardRisk(NO_LIMITS),
        StandardRisk(RiskLimits(open_orders=7, refuse_self_trade=True, price_band_ppm=0)),
        StandardRisk(tiers={"bob": NO_LIMITS, "a: b; c": RiskLimits(position=5)}),
    ],
)
def test_a_version_makes_the_risk_again(risk: StandardRisk) -> None:
    """With the limits that it names, for everybody and for accounts."""
    made = StandardRisk.of_version(risk.version)
    assert made is not None
    assert made.version == risk.version


@pytest.mark.parametrize(
    ("limits", "expected"),
    [(NO_LIMITS, None), (RiskLimits(open_orders=1), Reason.OPEN_ORDERS_LIMIT)],
)
def test_a_risk_made_from_its_version_judges_alike(
    limits: RiskLimits, expected: Reason | None
) -> None:
    """What the version does not name is no limit."""
    driver = Driver(
        make_engine(risk=StandardRisk.of_version(StandardRisk(limits).version)), market=MARKET
    )
    driver.fund("alice", amount=10**16)
    driver.rest("alice", BUY, 1, 1)
    assert reason(driver.place("alice", BUY, 1, 1)) is expected


@pytest.mark.parametrize(
    "version",
    [
        "",
        "standard 1 ()",
        "standard 3 (open_orders=many)",
        "standard 3 (open_orders=-1)",
        "standard 3 (patience=1)",
        "standard 3 (open_orders)",
        "standard 3 (); bob",
    ],
)
def test_another_text_makes_no_risk(version: str) -> None:
    assert StandardRisk.of_version(version) is None
