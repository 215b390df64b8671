"""LocalExchange: decimal text in, events out; exact or refused; proceeds are final at once."""

import pytest

from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.local import LocalBalance, LocalBook, LocalExchange
from hybrid_dex.model.events import (
    CancelRejected,
    Deposited,
    FillMade,
    FillSettled,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderRejected,
    OrderReplaced,
    Withdrawn,
)
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import OrderType, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import TimestampNs

STEPS = {"base_decimals": 18, "quote_decimals": 6, "tick": "0.01", "lot": "0.0001"}
MARKET = Market.spot("ETH-USDC", **STEPS)


def funded() -> LocalExchange:
    exchange = LocalExchange([MARKET])
    exchange.deposit("alice", "USDC", "10000")
    exchange.deposit("bob", "ETH", "3")
    return exchange


def test_the_first_program() -> None:
    """Deposit, place, trade: the maker's price, exact amounts."""
    exchange = funded()
    exchange.place("bob", MARKET, Side.SELL, quantity="1.5", price="2500.00")
    events = exchange.place("alice", MARKET, Side.BUY, quantity="1", price="2500.00")
    assert [type(event) for event in events] == [OrderAccepted, FillMade, FillSettled]
    assert events[2].stage is SettlementStage.FINAL
    assert exchange.book(MARKET) == LocalBook(bids=(), asks=(("2500", "0.5"),))
    assert exchange.balance("alice", "USDC") == LocalBalance(available="7500", held="0")
    assert exchange.balance("bob", "ETH") == LocalBalance(available="1.5", held="0.5")


def test_proceeds_can_leave_at_once() -> None:
    """There is no chain to wait for."""
    exchange = funded()
    exchange.place("bob", "ETH-USDC", Side.SELL, quantity="1", price="2500")
    exchange.place("alice", "ETH-USDC", Side.BUY, quantity="1", price="2500")
    (event,) = exchange.withdraw("bob", "USDC", "2500")
    assert isinstance(event, Withdrawn)
    assert list(exchange.view.unsettled()) == []


@pytest.mark.parametrize(
    ("quantity", "price"),
    [
        ("1", "2500.001"),
        ("1.00001", "2500"),
        ("0", "2500"),
        ("1", "0"),
        ("-1", "2500"),
        ("1e3", "2500"),
        ("1", "NaN"),
        (" 1", "2500"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "2500"),
        (1, "2500"),
        ("1", 2500.0),
    ],
)
def test_a_text_that_is_not_exact_is_refused_and_nothing_happens(quantity: str, price: str) -> None:
    """No rounding; the sequence does not move."""
    exchange = funded()
    before = exchange.view.sequence
    with pytest.raises(FormatError):
        exchange.place("alice", MARKET, Side.BUY, quantity=quantity, price=price)
    assert exchange.view.sequence == before


@pytest.mark.parametrize(
    "terms",
    [
        {"side": "buy"},
        {"account": None},
        {"account": ""},
        {"post_only": "yes"},
        {"order_type": "market"},
        {"expires_at_ns": 1.5},
        {"client_order_id": 7},
    ],
)
def test_an_argument_of_another_type_is_refused_and_nothing_happens(
    terms: dict[str, object],
) -> None:
    """Also after it the exchange goes on."""
    exchange = funded()
    before = exchange.view.sequence
    call = {"account": "alice", "market": MARKET, "side": Side.BUY} | terms
    with pytest.raises(FormatError):
        exchange.place(quantity="1", price="2500", **call)
    with pytest.raises(ConfigurationError):
        exchange.advance(0.5)
    assert exchange.view.sequence == before
    assert exchange.advance(1) == ()


def test_a_refusal_by_the_rules_is_an_event() -> None:
    """Here: funds."""
    (event,) = funded().place("bob", MARKET, Side.BUY, quantity="1", price="1")
    assert isinstance(event, OrderRejected)
    assert (event.reason, event.detail) == (
        Reason.INSUFFICIENT_FUNDS,
        "needs 1 USDC, available 0",
    )


def test_orders_are_replaced_reduced_and_canceled_in_text() -> None:
    """By either id."""
    exchange = funded()
    (placed,) = exchange.place(
        "alice", MARKET, Side.BUY, quantity="2", price="2000", client_order_id="first"
    )
    (event,) = exchange.replace(
        "alice", placed.order_id, quantity="2", price="2100", expected_filled="0"
    )
    assert isinstance(event, OrderReplaced)
    (event,) = exchange.reduce("alice", placed.order_id, by="0.5")
    assert isinstance(event, OrderReduced)
    assert exchange.book("ETH-USDC").bids == (("2100", "1.5"),)
    (event,) = exchange.cancel("alice", client_order_id="first")
    assert isinstance(event, OrderCanceled)
    (event,) = exchange.cancel("alice", placed.order_id)
    assert isinstance(event, CancelRejected)
    exchange.place("alice", MARKET, Side.BUY, quantity="1", price="2000")
    exchange.place("bob", MARKET, Side.SELL, quantity="1", price="3000")
    (event,) = exchange.cancel_all("bob", MARKET, Side.SELL)
    assert isinstance(event, OrderCanceled)
    assert len(exchange.cancel_all("alice")) == 1
    (event,) = exchange.replace(
        "alice", placed.order_id, quantity="1", price="1", expected_filled="1"
    )
    assert event.reason is Reason.ALREADY_CANCELED


def test_a_market_order_is_immediate_unless_said_else() -> None:
    """Its price protects it."""
    exchange = funded()
    exchange.place("bob", MARKET, Side.SELL, quantity="1", price="2500")
    events = exchange.place(
        "alice", MARKET, Side.BUY, quantity="2", price="2600", order_type=OrderType.MARKET
    )
    assert [type(event) for event in events[:3]] == [OrderAccepted, FillMade, OrderCanceled]


def test_refusals_speak_of_amounts_as_their_sender_does() -> None:
    """In whole units, not in lots."""
    exchange = funded()
    order = {"side": Side.BUY, "quantity": "1", "price": "2000"}
    (placed,) = exchange.place("alice", MARKET, **order)
    (refused,) = exchange.reduce("alice", placed.order_id, by="1.5")
    assert refused.detail == "0.0001 to 1 ETH"
    (refused,) = exchange.place("alice", MARKET, **order, display_quantity="1.5")
    assert refused.detail == "0.0001 to 1 ETH"
    (refused,) = exchange.replace(
        "alice", placed.order_id, quantity="1", price="2000", expected_filled="0.5"
    )
    assert refused.detail == "0 ETH are filled"


def test_time_passes_only_when_told_to() -> None:
    """Without a clock; it never goes back."""
    exchange = funded()
    gtd = {"time_in_force": TimeInForce.GTD, "expires_at_ns": 10}
    exchange.place("alice", MARKET, Side.BUY, quantity="1", price="2000", **gtd)
    assert exchange.advance(9) == ()
    (event,) = exchange.advance(1)
    assert isinstance(event, OrderExpired)
    with pytest.raises(ConfigurationError):
        exchange.advance(-1)
    with pytest.raises(ConfigurationError, match="valid: 0 to"):
        exchange.advance(2**63)
    with pytest.raises(ConfigurationError, match="part of a batch"), exchange.batch("alice"):
        exchange.advance(5)
    assert exchange.view.at_ns == 10
    exchange.place("alice", MARKET, Side.BUY, quantity="1", price="2000")
    assert exchange.view.at_ns == 10, "what was refused let no time pass"


class SteppingClock:
    """Tells what it is told, also backwards."""

    def __init__(self, *times: int) -> None:
        self.times = list(times)

    def now_ns(self) -> TimestampNs:
        return self.times.pop(0)

    async def sleep(self, seconds: float) -> None:
        """Not needed here."""


def test_a_clock_that_steps_back_does_not_take_the_exchange_with_it() -> None:
    """Time stands still until the clock has caught up."""
    exchange = LocalExchange([MARKET], clock=SteppingClock(5, 9, 7, 12))
    assert exchange.view.at_ns == 5
    for expected in (9, 9, 12):
        exchange.advance()
        assert exchange.view.at_ns == expected


def test_a_halted_market_takes_no_orders() -> None:
    """Until it opens."""
    exchange = funded()
    exchange.set_market_state(MARKET, MarketState.HALTED)
    (event,) = exchange.place("alice", MARKET, Side.BUY, quantity="1", price="2000")
    assert event.reason is Reason.MARKET_HALTED


def test_risk_and_book_can_be_others() -> None:
    """Passed to the constructor."""
    exchange = LocalExchange([MARKET], risk=StandardRisk(RiskLimits(open_orders=0)))
    exchange.deposit("alice", "USDC", "10")
    (event,) = exchange.place("alice", MARKET, Side.BUY, quantity="1", price="1")
    assert event.reason is Reason.OPEN_ORDERS_LIMIT


def test_unknown_names_are_the_callers_mistake() -> None:
    """Each error says what is known."""
    exchange = funded()
    calls = (
        lambda: exchange.deposit("alice", "DOGE", "1"),
        lambda: exchange.book("DOGE-USDC"),
        lambda: exchange.reduce("alice", 99, by="1"),
        lambda: exchange.cancel_all("alice", Market.spot("BTC-USDC", **STEPS)),
        lambda: exchange.book(Market.spot("ETH-USDC", number=5, **STEPS)),
        lambda: LocalExchange([MARKET, Market.spot("ETH-USDC", number=5, **STEPS)]),
    )
    for call in calls:
        with pytest.raises(ConfigurationError):
            call()
    (event,) = exchange.deposit("carol", "ETH", "0.000000000000000001")
    assert event == Deposited("carol", "ETH", 1, 1)


def test_an_argument_of_another_type_is_refused_by_its_name() -> None:
    exchange = funded()
    (accepted,) = exchange.place("bob", MARKET, Side.SELL, quantity="1", price="2500")
    with pytest.raises(FormatError, match="order_id: must be an int, not OrderAccepted"):
        exchange.reduce("bob", accepted, by="0.5")  # type: ignore[arg-type] # what is tried
    with pytest.raises(FormatError, match="order_id: must be an int, not str"):
        exchange.replace("bob", "256", quantity="1", price="2500")  # type: ignore[arg-type] # as above
    for levels in (-1, 1.5, "10"):
        with pytest.raises(FormatError, match="levels"):
            exchange.book(MARKET, levels)  # type: ignore[arg-type] # as above
    with pytest.raises(FormatError, match="command"):
        exchange.execute("cancel everything")  # type: ignore[arg-type] # as above
    assert exchange.view.sequence == 4
