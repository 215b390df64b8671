"""What only the socket tells: exact texts, and checksums that a reader in any language can make."""

import zlib

import msgspec
import pytest

from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.reports import FillReport, Liquidity
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.views import Balance, Depth, Level, Top
from hybrid_dex.wire import (
    BalancesMessage,
    BookMessage,
    BookTopMessage,
    HeartbeatMessage,
    SettlementMessage,
    balances_message,
    book_checksum,
    book_top_message,
    decode_server_message,
    encode,
    settlement_messages,
    with_checksum,
)

MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")


def test_a_checksum_is_of_the_best_ten_of_each_side_as_written() -> None:
    bids = [(str(100 - n), "1") for n in range(12)]
    asks = [(str(101 + n), "0.5") for n in range(3)]
    text = "|".join(f"{price}:{quantity}" for price, quantity in bids[:10] + asks)
    assert book_checksum(bids, asks) == zlib.crc32(text.encode())
    assert book_checksum([], []) == 0
    assert book_checksum(bids, asks) != book_checksum(bids, asks[:2])
    empty = BookMessage(market="ETH-USDC", kind="snapshot", sequence=1, at_ms=0, bids=[], asks=[])
    depth = Depth((Level(250_000, 10_000),), ())
    assert with_checksum(empty, depth, MARKET).checksum == zlib.crc32(b"2500:1")


@pytest.mark.parametrize(
    "message",
    [
        HeartbeatMessage(sequence=7, time_ms=8),
        book_top_message(Top(Level(250_000, 1), None), MARKET, sequence=7, at_ns=9_000_000),
        balances_message(
            [(Balance("ETH", 10**17, 0, 0, 0, 0), MARKET.base)], sequence=7, at_ns=9_000_000
        ),
        SettlementMessage(
            market="ETH-USDC",
            sequence=7,
            stage="confirmed",
            batch=3,
            transaction="0xab",
            failure=0,
            fills=["1", "2"],
        ),
    ],
)
def test_messages_are_told_apart_and_come_back(message: msgspec.Struct) -> None:
    assert decode_server_message(encode(message)) == message


def test_numbers_are_decimal_text() -> None:
    top = book_top_message(Top(None, Level(250_050, 15_000)), MARKET, sequence=1, at_ns=0)
    assert isinstance(top, BookTopMessage)
    assert (top.bid, top.ask) == (None, ("2500.5", "1.5"))
    rows = [(Balance("ETH", 10**17, 5 * 10**17, 0, 0, 0), MARKET.base)]
    told = balances_message(rows, sequence=1, at_ns=0)
    assert isinstance(told, BalancesMessage)
    assert (told.balances[0].available, told.balances[0].held) == ("0.1", "0.5")


def test_fills_that_moved_together_are_one_message() -> None:
    """Of one command: by market, stage, batch and transaction; each fill once."""

    def fill(number: int, batch: int) -> FillReport:
        return FillReport(
            fill_id=number,
            order_id=1,
            account="alice",
            market=MARKET.id,
            side=Side.BUY,
            price=1,
            quantity=1,
            liquidity=Liquidity.TAKER,
            fee=0,
            at_ns=0,
            stage=SettlementStage.SUBMITTED,
            batch=batch,
        )

    first, second = settlement_messages(
        [fill(1, 5), fill(2, 5), fill(1, 5), fill(3, 6)], sequence=9
    )
    assert (first.fills, first.batch, first.stage) == (["1", "2"], 5, "submitted")
    assert (second.fills, second.batch, second.sequence) == (["3"], 6, 9)
    assert settlement_messages([], sequence=9) == []
