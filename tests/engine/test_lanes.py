"""A signature is used once: lanes, counters, revisions, revocation; and what a signed order needs."""

import msgspec
import pytest

from hybrid_dex.model.commands import Deposit, ListMarket, RaiseFloor, RevokeLane
from hybrid_dex.model.events import (
    CancelRejected,
    FillMade,
    FloorRaised,
    LaneRevoked,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderReplaced,
)
from hybrid_dex.model.order import CancelReason, TimeInForce
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.signed_order import MAX_LIFETIME_S, Nonce
from tests.engine.driver import (
    BUY,
    SECOND,
    SELL,
    Driver,
    authorize,
    make_engine,
    make_market,
)

KEY = Nonce(5, 2).key


def signed() -> Driver:
    driver = Driver(make_engine(requires_signature=True))
    driver.do(ListMarket(market=make_market("BTC-USDC")))
    driver.do(ListMarket(market=make_market("ETH-EUR")))
    driver.fund("alice", "bob")
    return driver


def reason(driver: Driver, **nonce: int) -> Reason | None:
    """Why a new order of alice with this nonce is refused; ``None`` when it rests."""
    (event,) = driver.place("alice", BUY, 1, 10, authorization=authorize(**nonce))
    return None if isinstance(event, OrderAccepted) else event.reason


def test_an_order_without_a_signature_is_refused_where_settlement_needs_one() -> None:
    """Placed or replaced."""
    driver = signed()
    (event,) = driver.place("alice", BUY, 1, 10)
    assert event.reason is Reason.SIGNATURE_REQUIRED
    order_id = driver.rest("alice", BUY, 1, 10, authorization=authorize())
    (event,) = driver.replace("alice", order_id, 1, 11)
    assert event.reason is Reason.SIGNATURE_REQUIRED


@pytest.mark.parametrize(
    "part", [{"signature": b""}, {"order_hash": b"h"}, {"nonce": -1}, {"nonce": 2**64}]
)
def test_a_proof_that_no_contract_could_read_is_refused(part: dict[str, object]) -> None:
    """Its fill could never settle; placed or replaced."""
    driver = signed()
    order_id = driver.rest("alice", BUY, 1, 10, authorization=authorize())
    proof = msgspec.structs.replace(authorize(revision=1, lane=0), **part)
    events = driver.place("alice", BUY, 1, 10, authorization=proof)
    events += driver.replace("alice", order_id, 1, 11, authorization=proof)
    assert [event.reason for event in events] == [Reason.BAD_SIGNATURE] * 2


@pytest.mark.parametrize(
    ("expiry_s", "refused"),
    [(100, True), (101, False), (100 + MAX_LIFETIME_S, False), (101 + MAX_LIFETIME_S, True)],
)
def test_a_signed_expiry_lies_ahead_by_at_most_30_days(expiry_s: int, *, refused: bool) -> None:
    """One at each limit and one past it."""
    driver = signed()
    driver.at_ns = 100 * SECOND
    (event,) = driver.place("alice", BUY, 1, 10, authorization=authorize(expiry_s=expiry_s))
    assert isinstance(event, OrderAccepted) is not refused
    assert not refused or (event.reason, event.field) == (Reason.EXPIRED, "expiry_s")


def test_a_signed_order_expires_at_its_signed_expiry_even_when_gtc() -> None:
    """The earlier of GTD and the signature counts."""
    driver = signed()
    first = driver.rest("alice", BUY, 1, 10, authorization=authorize(lane=1, expiry_s=10))
    second = driver.rest(
        "alice",
        BUY,
        1,
        10,
        authorization=authorize(lane=2, expiry_s=20),
        time_in_force=TimeInForce.GTD,
        expires_at_ns=5 * SECOND,
    )
    assert driver.engine.next_due_ns() == 5 * SECOND
    driver.at_ns = 10 * SECOND
    events = driver.do(RaiseFloor(account="alice", asset="USDC", floor=0))
    assert [(type(event), event.order_id) for event in events] == [
        (OrderExpired, second),
        (OrderExpired, first),
    ]


def test_the_signed_fee_cap_covers_what_may_be_charged() -> None:
    """Both rates for an order that may take, the maker's for a post-only one."""
    driver = signed()
    for post_only, cap, refused in (
        (False, 1_999, True),
        (False, 2_000, False),
        (True, 999, True),
        (True, 1_000, False),
    ):
        (event,) = driver.place(
            "alice",
            BUY,
            1,
            10,
            post_only=post_only,
            authorization=authorize(cap, max_fee_ppm=cap, lane=1 + post_only),
        )
        if refused:
            assert event.reason is Reason.FEE_CAP_TOO_LOW
        else:
            assert isinstance(event, OrderAccepted)
            driver.cancel("alice", event.order_id)


def test_a_lane_holds_one_live_order_and_its_counter_only_rises() -> None:
    """While live nothing else enters; afterwards only a higher counter does."""
    driver = signed()
    assert reason(driver, counter=5) is None
    assert reason(driver, counter=6) is Reason.NONCE_USED
    driver.cancel("alice", driver.engine.open_orders("alice")[0].order_id)
    for counter, revision in ((4, 255), (5, 0), (5, 9)):
        assert reason(driver, counter=counter, revision=revision) is Reason.NONCE_USED
    assert reason(driver, counter=6) is None


def test_a_refused_order_leaves_its_lane_unused() -> None:
    """Refused means that nothing changed."""
    driver = signed()
    (event,) = driver.place("alice", BUY, 10**9, 10**6, authorization=authorize(7))
    assert event.reason is Reason.INSUFFICIENT_FUNDS
    assert reason(driver, counter=7) is None


def test_an_immediate_order_uses_its_nonce() -> None:
    """It never rests, and can not be sent again."""
    driver = signed()
    driver.place("alice", BUY, 1, 10, authorization=authorize(7), time_in_force=TimeInForce.IOC)
    assert reason(driver, counter=7) is Reason.NONCE_USED
    assert reason(driver, counter=8) is None


@pytest.mark.parametrize(
    ("lane", "market", "refused"),
    [
        (0, "BTC-USDC", False),
        (0, "ETH-EUR", True),
        (1, "BTC-USDC", True),
        (1, "ETH-EUR", True),
    ],
)
def test_lane_0_is_one_a_base_asset_and_the_others_one_an_account(
    lane: int, market: str, *, refused: bool
) -> None:
    """Where the contract keeps them; another account's lanes are its own."""
    driver = signed()
    for asset in ("BTC", "ETH", "USDC"):
        driver.do(Deposit(account="alice", asset=asset, amount=1_000))
    driver.rest("alice", BUY, 1, 10, authorization=authorize(9, lane=lane))
    same = authorize(9, lane=lane)
    (event,) = driver.place("alice", SELL, 1, 900, market=market, authorization=same)
    if refused:
        assert event.reason is Reason.NONCE_USED
    else:
        assert isinstance(event, OrderAccepted)
    driver.rest("bob", BUY, 1, 10, authorization=same)


def test_a_replacement_keeps_lane_and_counter_and_raises_the_revision() -> None:
    """Anything else is refused, and the old order stands."""
    driver = signed()
    order_id = driver.rest("alice", BUY, 5, 10, authorization=authorize(5, revision=1, lane=3))
    for counter, revision, lane in ((5, 1, 3), (5, 0, 3), (6, 2, 3), (5, 2, 4), (4, 2, 3)):
        (event,) = driver.replace(
            "alice",
            order_id,
            5,
            11,
            authorization=authorize(counter, revision=revision, lane=lane),
        )
        assert (type(event), event.reason) == (CancelRejected, Reason.REPLACEMENT_TERMS)
    new = authorize(5, revision=2, lane=3)
    (event,) = driver.replace("alice", order_id, 5, 11, authorization=new)
    assert isinstance(event, OrderReplaced)
    driver.rest("bob", SELL, 1, 900, authorization=authorize())
    fill = driver.place("bob", SELL, 2, 11, authorization=authorize(lane=1))[1]
    assert isinstance(fill, FillMade)
    terms = driver.engine.matched_fill(fill.fill_id).maker
    assert (terms.quantity, terms.price, terms.authorization) == (5, 11, new)


def test_a_signed_order_is_not_replaced_by_an_unsigned_one_nor_the_other_way() -> None:
    """Even where signatures are optional."""
    driver = Driver()
    driver.fund("alice")
    order_id = driver.rest("alice", BUY, 5, 10, authorization=authorize())
    assert driver.replace("alice", order_id, 5, 11)[0].reason is Reason.SIGNATURE_REQUIRED
    order_id = driver.rest("alice", BUY, 5, 10)
    new = authorize(revision=1, lane=1)
    (event,) = driver.replace("alice", order_id, 5, 11, authorization=new)
    assert event.reason is Reason.REPLACEMENT_TERMS


@pytest.mark.parametrize(("revision", "gone"), [(2, True), (3, False)])
def test_a_revoked_lane_loses_its_order_up_to_the_key(revision: int, *, gone: bool) -> None:
    """An order above the key stays; below it nothing enters any more."""
    driver = signed()
    driver.rest("alice", BUY, 1, 10, authorization=authorize(5, revision=revision))
    command = RevokeLane(account="alice", asset="ETH", lane=0, key=KEY)
    events = driver.do(command)
    assert events[0] == LaneRevoked("alice", "ETH", 0, KEY)
    assert [event.reason for event in events[1:]] == [CancelReason.REVOKED] * gone
    assert driver.do(command) == ()
    assert reason(driver, counter=5, revision=1) is Reason.NONCE_REVOKED
    if gone:
        assert reason(driver, counter=6) is None


def test_a_lane_can_be_revoked_before_it_is_used() -> None:
    """A revision above the key would be allowed by the chain, and a new counter is."""
    driver = signed()
    driver.do(RevokeLane(account="alice", asset=None, lane=3, key=KEY))
    assert reason(driver, counter=5, revision=2, lane=3) is Reason.NONCE_REVOKED
    assert reason(driver, counter=5, revision=3, lane=3) is None


def test_a_revoked_revision_can_not_replace() -> None:
    """The order above it lives on."""
    driver = signed()
    order_id = driver.rest("alice", BUY, 1, 10, authorization=authorize(6))
    driver.do(RevokeLane(account="alice", asset="ETH", lane=0, key=Nonce(6, 1).key))
    assert driver.engine.open_order_count("alice") == 0
    order_id = driver.rest("alice", BUY, 1, 10, authorization=authorize(7))
    driver.do(RaiseFloor(account="alice", asset="USDC", floor=7))
    (event,) = driver.replace("alice", order_id, 2, 10, authorization=authorize(7, revision=1))
    assert isinstance(event, OrderReplaced)


@pytest.mark.parametrize(("asset", "lane"), [(None, 0), ("DOGE", 0), ("ETH", 1)])
def test_a_revocation_names_the_base_asset_for_lane_0_only(asset: str | None, lane: int) -> None:
    """Anything else is refused."""
    (event,) = signed().do(RevokeLane(account="alice", asset=asset, lane=lane, key=KEY))
    assert event.reason is Reason.UNKNOWN_ASSET


def test_a_floor_kills_lower_counters_of_one_quote_asset() -> None:
    """Live orders below go; later ones are refused; it only rises."""
    driver = signed()
    below = driver.rest("alice", BUY, 1, 10, authorization=authorize(4, lane=1))
    above = driver.rest("alice", BUY, 1, 10, authorization=authorize(5, lane=2))
    raised, canceled = driver.do(RaiseFloor(account="alice", asset="USDC", floor=5))
    assert raised == FloorRaised("alice", "USDC", 5)
    assert (type(canceled), canceled.order_id) == (OrderCanceled, below)
    assert driver.engine.open_orders("alice")[0].order_id == above
    assert driver.do(RaiseFloor(account="alice", asset="USDC", floor=5)) == ()
    assert driver.do(RaiseFloor(account="alice", asset="USDC", floor=4)) == ()
    assert reason(driver, counter=4, lane=9) is Reason.NONCE_REVOKED
    assert reason(driver, counter=5, lane=9) is None
    (event,) = driver.do(RaiseFloor(account="alice", asset="DOGE", floor=5))
    assert event.reason is Reason.UNKNOWN_ASSET


@pytest.mark.parametrize("time_in_force", [TimeInForce.GTC, TimeInForce.IOC])
def test_a_signed_aggressor_takes_no_more_than_one_group_of_fills(
    time_in_force: TimeInForce,
) -> None:
    """A second group of an IOC could never settle, and a sweep must not outrun the chain."""
    driver = signed()
    for number in range(101):
        driver.rest("bob", SELL, 1, 10, authorization=authorize(lane=number + 1))
    events = driver.place(
        "alice", BUY, 101, 10, authorization=authorize(), time_in_force=time_in_force
    )
    assert [type(event) for event in events[1:-1]] == [FillMade] * 100
    assert (type(events[-1]), events[-1].open) == (OrderCanceled, 1)
    assert events[-1].reason is CancelReason.REMAINDER
    resting = driver.rest("alice", BUY, 1, 9, authorization=authorize(7))
    for number in range(100):
        driver.rest("bob", SELL, 1, 10, authorization=authorize(8, lane=number + 1))
    events = driver.replace("alice", resting, 101, 10, authorization=authorize(7, revision=1))
    assert sum(isinstance(event, FillMade) for event in events) == 100
    assert (type(events[-1]), events[-1].open) == (OrderCanceled, 1)


def test_a_signed_order_that_has_traded_is_not_replaced_by_a_fok() -> None:
    """The contract settles a FOK's whole signed total in one group, or none of it, for ever."""
    driver = signed()
    order_id = driver.rest("alice", BUY, 5, 10, authorization=authorize(5))
    driver.place("bob", SELL, 2, 10, authorization=authorize())
    driver.rest("bob", SELL, 3, 11, authorization=authorize(2))
    fok = {"time_in_force": TimeInForce.FOK, "authorization": authorize(5, revision=1)}
    (event,) = driver.replace("alice", order_id, 5, 11, **fok)
    assert (event.reason, event.field) == (Reason.REPLACEMENT_TERMS, "time_in_force")
    ioc = {"time_in_force": TimeInForce.IOC, "authorization": authorize(5, revision=1)}
    events = driver.replace("alice", order_id, 5, 11, **ioc)
    assert sum(isinstance(event, FillMade) for event in events) == 1
    untouched = driver.rest("alice", BUY, 1, 10, authorization=authorize(6))
    driver.rest("bob", SELL, 1, 11, authorization=authorize(3))
    fok["authorization"] = authorize(6, revision=1)
    events = driver.replace("alice", untouched, 1, 11, **fok)
    assert sum(isinstance(event, FillMade) for event in events) == 1
