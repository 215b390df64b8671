"""The check of price and time knows how an auction has to end."""

import msgspec
import pytest

from hybrid_dex.model.commands import SetMarketState
from hybrid_dex.model.events import Event, EventBatch, FillMade, MarketStateChanged
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.market_events import MarketUncrossed
from hybrid_dex.model.units import Price
from hybrid_dex.verification import Fraud, check_priority
from tests.engine.driver import BUY, SELL, Driver, make_market

MARKET = make_market()


class Told(Driver):
    """Keeps what each command did."""

    def __init__(self) -> None:
        self.batches: list[EventBatch] = []
        super().__init__(market=MARKET)

    def do(self, command: object) -> tuple[Event, ...]:
        events = super().do(command)
        self.batches.append(EventBatch(self.engine.sequence, self.at_ns, events))
        return events


def opening() -> Told:
    """Two buyers and two sellers meet at one price."""
    driver = Told()
    driver.fund("alice", "bob", "carol")
    driver.do(SetMarketState(market=MARKET.id, state=MarketState.AUCTION_OPEN))
    driver.rest("alice", BUY, 3, 105)
    driver.rest("carol", BUY, 2, 102)
    driver.rest("bob", SELL, 4, 100)
    driver.rest("bob", SELL, 4, 102)
    driver.do(SetMarketState(market=MARKET.id, state=MarketState.OPEN))
    return driver


def found(batches: list[EventBatch], events: tuple[Event, ...]) -> list[Fraud]:
    """What is wrong when the last command did this instead."""
    last = batches[-1]
    changed = EventBatch(last.sequence, last.at_ns, events)
    return [finding.fraud for finding in check_priority([*batches[:-1], changed])]


def test_a_true_opening_is_none() -> None:
    """Nobody is passed over."""
    batches = opening().batches
    assert [type(event) for event in batches[-1].events] == [
        MarketStateChanged, MarketUncrossed, FillMade, FillMade, FillMade,
    ]  # fmt: skip
    assert list(check_priority(batches)) == []


@pytest.mark.parametrize("lie", ["price", "quantity", "surplus", "silence", "order", "one less"])
def test_every_lie_about_an_opening_is_found(lie: str) -> None:
    """Another price or quantity, none told, others first, one left out."""
    batches = opening().batches
    state, told, *fills = batches[-1].events
    first, second, third = fills
    lies = {
        "price": (state, msgspec.structs.replace(told, price=told.price + 1), *fills),
        "quantity": (state, msgspec.structs.replace(told, quantity=told.quantity - 1), *fills),
        "surplus": (state, msgspec.structs.replace(told, surplus=told.surplus + 1), *fills),
        "silence": (state,),
        "order": (state, told, first, third, second),
        "one less": (state, told, first, second),
    }
    assert found(batches, lies[lie])


def test_a_fill_of_an_opening_at_another_price_is_found() -> None:
    """One price for all."""
    batches = opening().batches
    *before, last = batches[-1].events
    lie = msgspec.structs.replace(last, price=last.price - 1)
    assert found(batches, (*before, lie)) == [Fraud.WRONG_PRICE]


@pytest.mark.parametrize(("reference", "due"), [(None, 105), (107, 107), (120, 110), (90, 100)])
def test_of_equally_good_prices_the_nearest_to_the_last_is_due(
    reference: Price | None, due: int
) -> None:
    """Five lots meet from 100 to 110: the named price decides, and without one the middle."""
    driver = Told()
    driver.fund("alice", "bob")
    driver.do(SetMarketState(market=MARKET.id, state=MarketState.AUCTION_OPEN))
    driver.rest("alice", BUY, 5, 110)
    driver.rest("bob", SELL, 5, 100)
    opens = SetMarketState(market=MARKET.id, state=MarketState.OPEN, reference_price=reference)
    state, told, fill = driver.do(opens)
    assert isinstance(told, MarketUncrossed)
    assert isinstance(fill, FillMade)
    assert told.price == due
    assert list(check_priority(driver.batches)) == []
    for other in (due - 1, due + 1):
        lies = [msgspec.structs.replace(event, price=other) for event in (told, fill)]
        assert Fraud.WRONG_PRICE in found(driver.batches, (state, *lies))


def test_a_price_named_for_an_opening_is_forgotten_where_nothing_met() -> None:
    """Without a band it was for that opening alone: the next auction looks for the middle."""
    driver = Told()
    driver.fund("alice", "bob")
    driver.do(SetMarketState(market=MARKET.id, state=MarketState.OPEN, reference_price=Price(109)))
    driver.do(
        SetMarketState(market=MARKET.id, state=MarketState.HALTED, reference_price=Price(109))
    )
    for state in (MarketState.OPEN, MarketState.HALTED, MarketState.AUCTION_OPEN):
        driver.do(SetMarketState(market=MARKET.id, state=state))
    driver.rest("alice", BUY, 5, 110)
    driver.rest("bob", SELL, 5, 100)
    _, told, _ = driver.do(SetMarketState(market=MARKET.id, state=MarketState.OPEN))
    assert isinstance(told, MarketUncrossed)
    assert told.price == 105
    assert list(check_priority(driver.batches)) == []
