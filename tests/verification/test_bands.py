"""A band stands around the price before the command, and a stop that nothing called for is found."""

from hybrid_dex.model.events import EventBatch, MarketStateChanged
from hybrid_dex.model.market import MarketState, StateCause
from hybrid_dex.verification import Fraud, check_priority
from hybrid_dex.verification.bands import JudgedBand
from tests.verification.test_priority import told


def test_a_band_stays_where_it_was_before_the_command() -> None:
    band = JudgedBand(50_000)
    assert band.admits(7, 1), "nobody knows a price yet"
    band.trade(100)
    assert [band.admits(price, 2) for price in (94, 95, 105, 106)] == [False, True, True, False]
    band.trade(105)
    assert not band.admits(110, 2), "one command does not walk it along"
    assert band.admits(110, 3)
    band.name(200)
    assert band.admits(210, 4)
    assert not band.admits(105, 4)


def test_without_a_band_any_price_will_do() -> None:
    band = JudgedBand(None)
    band.trade(100)
    assert band.admits(1, 1)
    assert band.admits(10**9, 2)


def test_a_market_that_is_stopped_without_need_is_found(seed: int) -> None:
    batches = told(f"{seed}:stopped")
    last = batches[-1]
    lie = MarketStateChanged("ETH-USDC", MarketState.HALTED, StateCause.PRICE_BAND)
    changed = EventBatch(last.sequence, last.at_ns, (lie, *last.events))
    findings = list(check_priority([*batches[:-1], changed]))
    assert findings[0].fraud is Fraud.RULE_BROKEN
    assert "nothing left it" in findings[0].detail
