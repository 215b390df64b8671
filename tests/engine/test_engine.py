"""The engine applies commands in order, answers a repeated order once, and stops when broken."""

from collections.abc import Iterator

import msgspec
import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.errors import ConfigurationError, InvariantError, SequenceError
from hybrid_dex.interfaces.book import Allocation, Incoming, Resting
from hybrid_dex.model.commands import AdvanceTime, CancelOrder, ListMarket, SetMarketState
from hybrid_dex.model.events import (
    CancelRejected,
    CommandRejected,
    EventBatch,
    FillMade,
    MarketListed,
    MarketStateChanged,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    fresh_events,
)
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_SEQUENCE
from tests.engine.driver import BUY, MARKET, SECOND, SELL, Driver, make_engine, make_market


@pytest.mark.parametrize(("sequence", "at_ns"), [(0, 5), (1, 5), (3, 5), (2, 4)])
def test_a_command_out_of_order_is_not_applied(sequence: int, at_ns: int) -> None:
    """A gap, a repeat or a step back in time raises and changes nothing."""
    engine = make_engine()
    engine.apply(AdvanceTime(sequence=1, at_ns=5))
    before = engine.snapshot()
    with pytest.raises(SequenceError, match="expected command 2 at 5"):
        engine.apply(AdvanceTime(sequence=sequence, at_ns=at_ns))
    assert engine.snapshot() == before
    engine.apply(AdvanceTime(sequence=2, at_ns=5))


def test_the_last_sequence_is_the_largest_that_the_chain_can_name() -> None:
    """Command 2**40 - 1 is applied, the next is not."""
    engine = make_engine()
    state = msgspec.json.decode(engine.snapshot())
    state[1] = MAX_SEQUENCE - 1
    engine.restore(msgspec.json.encode(state))
    engine.apply(AdvanceTime(sequence=MAX_SEQUENCE))
    with pytest.raises(SequenceError):
        engine.apply(AdvanceTime(sequence=MAX_SEQUENCE + 1))


def test_a_repeated_order_gets_the_first_answer_and_happens_once() -> None:
    """Same id and content: the same events again; nothing moves, and risk does not see them."""
    seen = []

    class Watching(StandardRisk):
        def __init__(self) -> None:
            super().__init__()
            inner = self.observe
            self.observe = lambda event, at_ns: (seen.append(event), inner(event, at_ns))[1]

    driver = Driver(make_engine(risk=Watching()))
    driver.fund("alice", "bob")
    driver.rest("bob", SELL, 5, 100)
    first = driver.place("alice", BUY, 9, 100, client_order_id="a")
    assert [type(event) for event in first] == [OrderAccepted, FillMade]
    funds = driver.engine.balances("alice"), driver.engine.balances("bob")
    watched = len(seen)
    driver.at_ns = 5
    assert driver.place("alice", BUY, 9, 100, client_order_id="a") == first
    assert (driver.engine.balances("alice"), driver.engine.balances("bob")) == funds
    assert driver.engine.open_order_count("alice") == 1
    assert len(seen) == watched


def test_a_repeated_order_with_other_content_is_refused() -> None:
    """The id stays the first order's."""
    driver = Driver()
    driver.fund("alice")
    order_id = driver.rest("alice", BUY, 9, 100, client_order_id="a")
    (event,) = driver.place("alice", BUY, 8, 100, client_order_id="a")
    assert isinstance(event, OrderRejected)
    assert event.reason is RejectReason.DUPLICATE_CLIENT_ORDER_ID
    assert driver.engine.order_by_client_id("alice", "a").order_id == order_id
    assert driver.place("bob", BUY, 8, 100, client_order_id="a")[0].order_id != order_id


def test_a_refusal_is_repeated_too() -> None:
    """A refused order sent again stays refused, even when it would fit now."""
    driver = Driver()
    first = driver.place("alice", BUY, 9, 100, client_order_id="a")
    assert isinstance(first[0], OrderRejected)
    driver.fund("alice")
    assert driver.place("alice", BUY, 9, 100, client_order_id="a") == first


def test_an_expiry_before_a_repeated_answer_is_fresh_and_the_answer_is_not() -> None:
    """`fresh_events` keeps what happened and drops what is told again."""
    driver = Driver()
    driver.fund("alice")
    driver.rest("alice", BUY, 9, 100, client_order_id="a")
    driver.rest("alice", BUY, 1, 90, time_in_force=TimeInForce.GTD, expires_at_ns=SECOND)
    driver.at_ns = SECOND
    events = driver.place("alice", BUY, 9, 100, client_order_id="a")
    assert [type(event) for event in events] == [OrderExpired, OrderAccepted]
    batch = EventBatch(driver.engine.sequence, driver.at_ns, events)
    assert [type(event) for event in fresh_events(batch)] == [OrderExpired]
    fresh = driver.place("alice", BUY, 1, 80)
    assert fresh_events(EventBatch(driver.engine.sequence, driver.at_ns, fresh)) == fresh


@pytest.mark.parametrize("name", ["", "x" * 65, "\N{EURO SIGN}", "tab\there"])
def test_a_client_order_id_is_printable_ascii(name: str) -> None:
    """1 to 64 characters; 64 are fine."""
    driver = Driver()
    driver.fund("alice")
    (event,) = driver.place("alice", BUY, 9, 100, client_order_id=name)
    assert event.reason is RejectReason.INVALID_CLIENT_ORDER_ID
    driver.rest("alice", BUY, 9, 100, client_order_id="x" * 64)


class TooEagerBook(SortedBook):
    """Offers more than the aggressor wants."""

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        for one in super().match(incoming):
            yield Allocation(one.order_id, one.account, one.price, one.resting, one.resting)


class RaisingBook(SortedBook):
    """Fails when asked to add."""

    def add(self, order: Resting) -> None:
        message = "no room"
        raise OSError(message)


@pytest.mark.parametrize("book", [TooEagerBook, RaisingBook])
def test_a_broken_invariant_stops_the_engine_for_good(book: type[SortedBook]) -> None:
    """A book that breaks its promise is found out, and nothing is answered afterwards."""
    driver = Driver(Engine(book=book, risk=StandardRisk()))
    driver.fund("alice", "bob")
    raised = False
    for side, account, quantity in ((SELL, "bob", 5), (BUY, "alice", 3)):
        try:
            driver.place(account, side, quantity, 100)
        except InvariantError:
            raised = True
            break
    assert raised
    with pytest.raises(InvariantError, match="stopped"):
        driver.do(AdvanceTime())


def test_a_market_is_listed_once_and_its_terms_never_change() -> None:
    """The same terms again are no event; other terms, or another meaning of an asset, are refused."""
    driver = Driver()
    assert driver.do(ListMarket(market=MARKET)) == ()
    for other in (
        make_market(tick_size=2, maker_fee_ppm=1_000, taker_fee_ppm=2_000),
        Market(
            id="ETH-EUR",
            base=Asset(id="ETH", decimals=9),
            quote=Asset(id="EUR", decimals=6),
            lot_size=1,
            tick_size=1,
        ),
    ):
        (event,) = driver.do(ListMarket(market=other))
        assert isinstance(event, CommandRejected)
        assert event.reason is RejectReason.MARKET_EXISTS
    more = make_market("BTC-USDC")
    assert driver.do(ListMarket(market=more)) == (MarketListed(more),)
    assert driver.engine.markets() == (MARKET, more)
    assert [asset.id for asset in driver.engine.assets()] == ["BTC", "ETH", "USDC"]


def test_two_markets_on_chain_have_two_numbers() -> None:
    """A number stands for one market of the contract."""
    tokens = {"base_token": "0x1", "quote_token": "0x2"}
    steps = {"base_decimals": 8, "quote_decimals": 6, "tick": "0.01", "lot": "0.0001"}
    driver = Driver(market=Market.spot("ETH-USDC", number=1, **tokens, **steps))
    tokens["base_token"] = "0x3"
    (event,) = driver.do(ListMarket(market=Market.spot("BTC-USDC", number=1, **tokens, **steps)))
    assert event.reason is RejectReason.MARKET_EXISTS
    (event,) = driver.do(ListMarket(market=Market.spot("BTC-USDC", number=2, **tokens, **steps)))
    assert isinstance(event, MarketListed)


def test_a_market_halts_and_opens() -> None:
    """A change is told once; an unknown market is refused."""
    driver = Driver()
    halt = SetMarketState(market=MARKET.id, state=MarketState.HALTED)
    assert driver.do(halt) == (MarketStateChanged(MARKET.id, MarketState.HALTED),)
    assert driver.do(halt) == ()
    assert driver.engine.market_state(MARKET.id) is MarketState.HALTED
    (event,) = driver.do(SetMarketState(market="X-Y", state=MarketState.OPEN))
    assert event.reason is RejectReason.UNKNOWN_MARKET


def test_what_is_gone_says_so_and_why() -> None:
    """A late cancel learns the order's end and how much was filled."""
    driver = Driver()
    driver.fund("alice", "bob")
    filled = driver.rest("bob", SELL, 5, 100)
    driver.place("alice", BUY, 5, 100)
    canceled = driver.rest("bob", SELL, 5, 100)
    driver.cancel("bob", canceled)
    (first, second, other, never) = (
        driver.cancel(account, order_id)[0]
        for account, order_id in (("bob", filled), ("bob", canceled), ("eve", filled), ("bob", 1))
    )
    assert isinstance(first, CancelRejected)
    assert (first.reason, first.filled) == (RejectReason.ALREADY_FILLED, 5)
    assert (second.reason, second.filled) == (RejectReason.ALREADY_CANCELED, 0)
    assert (other.reason, other.status) == (RejectReason.UNKNOWN_ORDER, None)
    assert never.reason is RejectReason.UNKNOWN_ORDER


def test_a_cancel_needs_an_id_of_either_kind() -> None:
    """By client order id, by neither, by one that nobody has."""
    driver = Driver()
    driver.fund("alice")
    driver.rest("alice", BUY, 5, 100, client_order_id="a")
    (event,) = driver.do(CancelOrder(account="alice"))
    assert event.reason is RejectReason.ORDER_REQUIRED
    (event,) = driver.do(CancelOrder(account="alice", client_order_id="b"))
    assert event.reason is RejectReason.UNKNOWN_ORDER
    (event,) = driver.do(CancelOrder(account="alice", client_order_id="a"))
    assert isinstance(event, OrderCanceled)


def test_versions_name_everything_that_decides() -> None:
    """Engine, book, risk with its limits, and whether an unsigned order is refused."""
    versions = "engine 7; book SortedBook; risk standard 3 ()"
    assert make_engine().versions == versions
    signed = make_engine(requires_signature=True).versions
    assert signed == f"{versions}; signed orders only"


def test_only_a_fresh_engine_restores() -> None:
    """A state never replaces another."""
    driver = Driver()
    with pytest.raises(ConfigurationError, match="fresh"):
        driver.engine.restore(driver.engine.snapshot())
