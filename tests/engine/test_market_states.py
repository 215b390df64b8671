"""Where a market's states lead, and what each serves: the tables, the engine and the docs agree."""

import re
from itertools import pairwise, product
from pathlib import Path

import pytest

from hybrid_dex.engine.market_states import MOVES, SERVED, Entry
from hybrid_dex.model.commands import (
    CancelOrder,
    ConfirmSettlement,
    FailSettlement,
    ListMarket,
    ReduceOrder,
    RequestWithdrawal,
    SetMarketState,
    Withdraw,
)
from hybrid_dex.model.events import (
    CommandRejected,
    FillMade,
    MarketListed,
    MarketStateChanged,
    OrderCanceled,
    Withdrawn,
)
from hybrid_dex.model.market import MarketState, StateCause
from hybrid_dex.model.order import CancelReason, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from tests.engine.driver import BUY, MARKET, SELL, Driver, make_engine, make_market

RULES = Path(__file__).parent.parent.parent / "docs" / "explanation" / "matching-rules.md"
S = MarketState


def path(wanted: MarketState) -> list[MarketState]:
    """The shortest legal way from open to a state."""
    ways = [[S.OPEN]]
    while ways[0][-1] is not wanted:
        way = ways.pop(0)
        ways += [[*way, after] for after in MOVES[way[-1]] if after not in way]
    return ways[0]


def move(driver: Driver, state: MarketState) -> None:
    """Bring an open market to a state by legal moves."""
    for before, after in pairwise(path(state)):
        assert driver.engine.market_state(MARKET.id) is before
        driver.do(SetMarketState(market=MARKET.id, state=after))
    assert driver.engine.market_state(MARKET.id) is state


@pytest.mark.parametrize(("before", "after"), list(product(S, S)), ids=lambda state: state.name)
def test_exactly_the_moves_of_the_table_are_made(before: MarketState, after: MarketState) -> None:
    """A legal one is told once, no move is no event, an illegal one is refused and changes nothing."""
    driver = Driver()
    move(driver, before)
    events = driver.do(SetMarketState(market=MARKET.id, state=after))
    if before is after:
        assert events == ()
    elif after in MOVES[before]:
        assert events == (MarketStateChanged(MARKET.id, after, StateCause.COMMAND),)
    else:
        (event,) = events
        assert isinstance(event, CommandRejected)
        assert (event.reason, event.field) == (RejectReason.ILLEGAL_MOVE, "state")
        after = before
    assert driver.engine.market_state(MARKET.id) is after


def test_every_state_has_a_row_in_both_tables() -> None:
    """And every state but the last leads somewhere."""
    assert set(MOVES) == set(SERVED) == set(S)
    assert [state for state in S if not MOVES[state]] == [S.CLOSED]
    assert all(state not in after for state, after in MOVES.items())


def entered(driver: Driver, *, post_only: bool, time_in_force: TimeInForce) -> bool:
    """Whether an order that meets nobody enters now."""
    events = driver.place("alice", BUY, 1, 1, post_only=post_only, time_in_force=time_in_force)
    return type(events[0]).__name__ == "OrderAccepted"


@pytest.mark.parametrize("state", S, ids=lambda state: state.name)
def test_exactly_what_the_table_serves_is_served(state: MarketState) -> None:
    """Place, replace, cancel, reduce and match, in each state."""
    driver = Driver()
    driver.fund("alice", "bob")
    resting = driver.rest("bob", SELL, 5, 100)
    move(driver, state)
    served = SERVED[state]
    kinds = {
        entry
        for entry, post_only, time_in_force in (
            (Entry.POST_ONLY, True, TimeInForce.GTC),
            (Entry.RESTING, False, TimeInForce.GTC),
            (Entry.ANY, False, TimeInForce.IOC),
        )
        if entered(driver, post_only=post_only, time_in_force=time_in_force)
    }
    assert kinds == {kind for kind in Entry if Entry.NONE < kind <= served.place}
    for post_only, kind in ((True, Entry.POST_ONLY), (False, Entry.RESTING)):
        events = driver.replace("bob", resting, 5, 101 + post_only, post_only=post_only)
        replaced = type(events[0]).__name__ == "OrderReplaced"
        assert replaced is (kind <= served.replace), kind
    fills = [event for event in driver.place("alice", BUY, 1, 200) if isinstance(event, FillMade)]
    assert bool(fills) is served.match
    (event,) = driver.do(ReduceOrder(account="bob", order_id=resting, by=1))
    assert (type(event).__name__ == "OrderReduced") is served.reduce
    (event,) = driver.do(CancelOrder(account="bob", order_id=resting))
    assert isinstance(event, OrderCanceled) is served.cancel


REASONS = {
    S.AUCTION_OPEN: RejectReason.MARKET_IN_AUCTION,
    S.HALTED: RejectReason.MARKET_HALTED,
    S.POST_ONLY: RejectReason.MARKET_POST_ONLY,
    S.CANCEL_ONLY: RejectReason.MARKET_CANCEL_ONLY,
    S.CLOSED: RejectReason.MARKET_CLOSED,
}


@pytest.mark.parametrize(("state", "reason"), list(REASONS.items()), ids=lambda each: each.name)
def test_each_state_refuses_with_its_own_reason(state: MarketState, reason: RejectReason) -> None:
    """So that a client knows whether to wait, to post, or to leave."""
    driver = Driver()
    driver.fund("alice")
    move(driver, state)
    (event,) = driver.place("alice", BUY, 1, 1, time_in_force=TimeInForce.IOC)
    assert event.reason is reason


def test_post_only_refuses_what_would_cross_and_what_would_not_rest() -> None:
    """In the post-only state as everywhere."""
    driver = Driver()
    driver.fund("alice", "bob")
    driver.rest("bob", SELL, 5, 100)
    move(driver, S.POST_ONLY)
    (event,) = driver.place("alice", BUY, 1, 100, post_only=True)
    assert event.reason is RejectReason.POST_ONLY_WOULD_CROSS
    (event,) = driver.place("alice", BUY, 1, 9, post_only=True, time_in_force=TimeInForce.IOC)
    assert event.reason is RejectReason.MARKET_POST_ONLY


@pytest.mark.parametrize("state", [S.AUCTION_OPEN, S.HALTED, S.POST_ONLY, S.CANCEL_ONLY])
def test_a_market_may_begin_in_another_state(state: MarketState) -> None:
    """Both are told, so that whoever follows knows."""
    driver = Driver()
    market = make_market("BTC-USDC")
    assert driver.do(ListMarket(market=market, state=state)) == (
        MarketListed(market),
        MarketStateChanged(market.id, state),
    )
    assert driver.engine.market_state(market.id) is state


def test_no_market_begins_closed() -> None:
    """It could never be anything else."""
    driver = Driver()
    (event,) = driver.do(ListMarket(market=make_market("BTC-USDC"), state=S.CLOSED))
    assert event.reason is RejectReason.ILLEGAL_MOVE
    assert driver.engine.market("BTC-USDC") is None


def test_closing_cancels_every_order_of_that_market_oldest_first() -> None:
    """With its reason; other markets keep theirs, and no funds stay held."""
    driver = Driver()
    driver.fund("alice", "bob")
    other = make_market("BTC-USDC")
    driver.do(ListMarket(market=other))
    elsewhere = driver.rest("alice", BUY, 1, 7, market=other.id)
    first = driver.rest("bob", SELL, 5, 100)
    second = driver.rest("alice", BUY, 5, 90)
    driver.do(SetMarketState(market=MARKET.id, state=S.HALTED))
    changed, *canceled = driver.do(SetMarketState(market=MARKET.id, state=S.CLOSED))
    assert changed == MarketStateChanged(MARKET.id, S.CLOSED)
    assert [(event.order_id, event.reason) for event in canceled] == [
        (first, CancelReason.MARKET_CLOSED),
        (second, CancelReason.MARKET_CLOSED),
    ]
    assert driver.engine.balance("bob", "ETH").held == 0
    assert [order.order_id for order in driver.engine.open_orders("alice")] == [elsewhere]
    (event,) = driver.do(CancelOrder(account="bob", order_id=first))
    assert event.reason is RejectReason.ALREADY_CANCELED


def test_what_was_bought_in_a_closed_market_can_be_taken_out() -> None:
    """Once it is final; requests on chain are served too."""
    driver = Driver()
    driver.fund("alice", "bob")
    driver.rest("bob", SELL, 5, 100)
    events = driver.place("alice", BUY, 5, 100)
    (fill,) = [event for event in events if isinstance(event, FillMade)]
    driver.do(SetMarketState(market=MARKET.id, state=S.HALTED))
    driver.do(SetMarketState(market=MARKET.id, state=S.CLOSED))
    everything = driver.available("alice", "ETH")
    (event,) = driver.do(Withdraw(account="alice", asset="ETH", amount=everything))
    assert event.reason is RejectReason.UNSETTLED_FUNDS
    final = ConfirmSettlement(fills=(fill.fill_id,), stage=SettlementStage.FINAL, batch=1)
    driver.do(final)
    (event,) = driver.do(Withdraw(account="alice", asset="ETH", amount=everything))
    assert isinstance(event, Withdrawn)
    driver.do(RequestWithdrawal(account="bob", asset="USDC", amount=10))
    assert driver.engine.balance("bob", "USDC").withdrawing == 10


def test_a_fill_of_a_closed_market_can_still_fail() -> None:
    """It is reversed as any other."""
    driver = Driver()
    driver.fund("alice", "bob")
    before = driver.available("alice", "USDC"), driver.available("bob", "ETH")
    driver.rest("bob", SELL, 5, 100)
    events = driver.place("alice", BUY, 5, 100)
    (fill,) = [event for event in events if isinstance(event, FillMade)]
    driver.do(SetMarketState(market=MARKET.id, state=S.HALTED))
    driver.do(SetMarketState(market=MARKET.id, state=S.CLOSED))
    driver.do(FailSettlement(failures=(FillFailure(fill.fill_id, 1, fill.maker_order),), batch=1))
    assert (driver.available("alice", "USDC"), driver.available("bob", "ETH")) == before


def test_a_closed_market_is_listed_for_ever() -> None:
    """Its name stands for its terms; the same again changes nothing, others are refused."""
    driver = Driver()
    driver.do(SetMarketState(market=MARKET.id, state=S.HALTED))
    driver.do(SetMarketState(market=MARKET.id, state=S.CLOSED))
    assert driver.do(ListMarket(market=MARKET)) == ()
    assert driver.engine.market_state(MARKET.id) is S.CLOSED
    (event,) = driver.do(ListMarket(market=make_market(lot_size=7)))
    assert event.reason is RejectReason.MARKET_EXISTS


@pytest.mark.parametrize("state", S, ids=lambda state: state.name)
def test_a_snapshot_keeps_the_state(state: MarketState) -> None:
    """Restored, the market is what it was."""
    driver = Driver()
    move(driver, state)
    again = make_engine()
    again.restore(driver.engine.snapshot())
    assert again.market_state(MARKET.id) is state
    assert again.state_hash() == driver.engine.state_hash()


def spelled(state: MarketState) -> str:
    return state.name.lower().replace("_", "-")


def test_the_diagram_of_the_docs_is_the_table() -> None:
    """Every arrow is a move, and every move an arrow."""
    drawn = re.findall(r"^    ([a-z_]+) --> ([a-z_]+)$", RULES.read_text(), re.MULTILINE)
    moves = [
        (before.name.lower(), after.name.lower()) for before in MOVES for after in MOVES[before]
    ]
    assert sorted(drawn) == sorted(moves)


def test_the_table_of_the_docs_is_the_table() -> None:
    """What each state serves, cell by cell."""
    words = {
        Entry.NONE: "no",
        Entry.POST_ONLY: "post-only",
        Entry.RESTING: "resting",
        Entry.ANY: "all",
    }
    for state, served in SERVED.items():
        cells = [words[served.place], words[served.replace]]
        cells += ["yes" if yes else "no" for yes in
                  (served.cancel, served.reduce, served.match, served.triggers)]  # fmt: skip
        assert f"| {spelled(state)} | {' | '.join(cells)} |" in RULES.read_text()


def test_a_reference_price_counts_also_in_a_market_that_stays_as_it_is() -> None:
    """It is told; and refused where no price is held against it."""
    banded = make_market(price_band_ppm=50_000)
    driver = Driver(market=banded)
    driver.fund("alice", "bob")
    named = SetMarketState(market=MARKET.id, state=S.OPEN, reference_price=100)
    assert driver.do(named) == (MarketStateChanged(MARKET.id, S.OPEN, StateCause.COMMAND, 100),)
    driver.rest("alice", BUY, 1, 500)
    assert not any(isinstance(event, FillMade) for event in driver.place("bob", SELL, 1, 1))
    assert driver.engine.market_state(MARKET.id) is S.AUCTION_OPEN
    driver = Driver()
    for state in (S.OPEN, S.CANCEL_ONLY, S.CLOSED):
        driver.do(SetMarketState(market=MARKET.id, state=state))
        events = driver.do(SetMarketState(market=MARKET.id, state=state, reference_price=100))
        if state is S.CANCEL_ONLY:
            assert [type(event) for event in events] == [MarketStateChanged]
        else:
            assert events[0].reason is RejectReason.ILLEGAL_MOVE
            assert events[0].field == "reference_price"
