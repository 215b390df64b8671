"""Markets, books and trades survive the wire."""

import msgspec
import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.interfaces.records import FillRecord
from hybrid_dex.model.events import FillMade
from hybrid_dex.model.fees import FeeSchedule, FeeTier
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.reports import BookUpdate, Trade
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import Price, Quantity, Sequence, TimestampNs, fill_id
from hybrid_dex.model.views import Depth, Level
from hybrid_dex.wire import (
    BookMessage,
    FeesMessage,
    FeeTierMessage,
    MarketMessage,
    TradeMessage,
    book_message,
    book_snapshot_message,
    decode,
    encode,
    market_message,
    to_book_update,
    to_fees,
    to_market,
    to_trade,
    trade_from_record,
    trade_message,
)
from tests.wire.terms import ETH

COARSE = Market.spot("SHIB-BTC", base_decimals=2, quote_decimals=8, tick="0.00000001", lot="1000")


TIERED = Market.spot(
    "ETH-USDC",
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    maker_fee_ppm=100,
    taker_fee_ppm=500,
    minimum_quantity="0.01",
    maximum_quantity="1000",
    maximum_notional="1000000.5",
    fee_tiers=[("1000000", 0, 400), ("50000000.25", -100, 300)],
)


@pytest.mark.parametrize("market", [ETH, COARSE, TIERED])
def test_a_client_rebuilds_the_very_market(market: Market) -> None:
    """Steps, fees and tokens are equal, so client and exchange compute with the same integers."""
    raw = encode(market_message(market, MarketState.HALTED))
    message = decode(MarketMessage, raw)
    assert message.state == "halted"
    assert to_market(message) == market


@pytest.mark.parametrize(
    "changes",
    [
        {"tick_size": "0"},
        {"tick_size": "2"},
        {"lot_size": "x"},
        {"number": -1},
        {"maker_fee_ppm": -501},
        {"taker_fee_ppm": -1},
        {"minimum_quantity": "0.00001"},
        {"maximum_quantity": "-1"},
        {"minimum_quantity": "5", "maximum_quantity": "4"},
        {"maximum_notional": "0.0000001"},
        {"fee_tiers": [FeeTierMessage(volume="0", maker_fee_ppm=1, taker_fee_ppm=1)]},
        {"fee_tiers": [FeeTierMessage(volume="1", maker_fee_ppm=-9, taker_fee_ppm=8)]},
    ],
)
def test_terms_that_contradict_each_other_are_refused(changes: dict[str, object]) -> None:
    """A client never computes with steps that it could not verify."""
    message = msgspec.structs.replace(market_message(ETH, MarketState.OPEN), **changes)
    with pytest.raises(FormatError):
        to_market(message)


def test_fees_that_changed_are_shown_beside_those_that_were_listed() -> None:
    """The terms stay what they are; what is charged now is read apart."""
    fees = FeeSchedule(
        maker_fee_ppm=50,
        taker_fee_ppm=400,
        tiers=(FeeTier(volume=10**12, maker_fee_ppm=-50, taker_fee_ppm=300),),
    )
    raw = encode(market_message(TIERED, MarketState.OPEN, fees))
    message = decode(MarketMessage, raw)
    assert (to_market(message), to_fees(message)) == (TIERED, fees)
    as_listed = market_message(TIERED, MarketState.OPEN, TIERED.fees)
    assert as_listed.fees is None
    assert to_fees(as_listed) == TIERED.fees
    broken = msgspec.structs.replace(
        message, fees=FeesMessage(maker_fee_ppm=-401, taker_fee_ppm=400)
    )
    with pytest.raises(FormatError):
        to_fees(broken)


def test_a_book_survives_the_wire() -> None:
    """Snapshots and deltas, with removed levels."""
    level = Level(Price(250_000), Quantity(15_000))
    for previous in (None, Sequence(8)):
        update = BookUpdate(
            market=ETH.id,
            sequence=Sequence(9),
            previous=previous,
            at_ns=TimestampNs(5_000_000),
            bids=(level,),
            asks=(Level(Price(250_001), Quantity(0)),) if previous else (),
        )
        message = decode(BookMessage, encode(book_message(update, ETH)))
        assert message.bids == [("2500", "1.5")]
        assert to_book_update(message, ETH) == update


def test_a_snapshot_is_the_depth_of_the_engine() -> None:
    """REST gives the same message as the socket."""
    depth = Depth((Level(Price(1), Quantity(1)),), ())
    message = book_snapshot_message(depth, ETH, sequence=Sequence(4), at_ns=TimestampNs(0))
    assert (message.kind, message.sequence, message.previous) == ("snapshot", 4, None)
    assert message.bids == [("0.01", "0.0001")]


def test_a_delta_says_what_it_follows() -> None:
    """A delta without `previous`, or a snapshot with one, is refused."""
    message = book_snapshot_message(Depth((), ()), ETH, sequence=Sequence(4), at_ns=TimestampNs(0))
    for changes in ({"kind": "delta"}, {"previous": 3}):
        with pytest.raises(FormatError, match="previous"):
            to_book_update(msgspec.structs.replace(message, **changes), ETH)


def test_a_trade_survives_the_wire() -> None:
    """From the feed or from the records, the public sees the same."""
    trade = Trade(
        fill_id=fill_id(3, 1),
        market=ETH.id,
        price=Price(250_000),
        quantity=Quantity(1),
        taker_side=Side.SELL,
        at_ns=TimestampNs(7_000_000),
    )
    message = trade_message(trade, ETH)
    assert to_trade(decode(TradeMessage, encode(message)), ETH) == trade
    fill = FillMade(
        trade.fill_id,
        ETH.id,
        trade.price,
        trade.quantity,
        Side.SELL,
        1,
        2,
        "a",
        "b",
        0,
        0,
        1,
        1,
        0,
        0,
    )
    record = FillRecord(fill, TimestampNs(7_000_000), SettlementStage.MATCHED, 0, "")
    assert trade_from_record(record, ETH) == message
