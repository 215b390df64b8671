"""Fill reports: both traders, every stage, remembered until the last."""

from hybrid_dex.feed import FillFeed, trades
from hybrid_dex.model.events import FillSettled
from hybrid_dex.model.order import Side
from hybrid_dex.model.reports import Liquidity
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import fill_id, order_id
from tests.feed.orders_of_alice_and_bob import ALICE, BOB, MARKET, accepted, batch, filled

FILL = filled(2, order_id(1), maker_open=3, taker_open=0, price=100, quantity=2)


def settled(stage: SettlementStage, reason: int = 0) -> FillSettled:
    """The fill reached a stage."""
    return FillSettled(
        FILL.fill_id, MARKET, ALICE, BOB, order_id(1), order_id(2), stage, 7, "0xabc", reason
    )


def test_each_stage_is_reported_to_both_traders() -> None:
    """Stages may step back; the last one ends the memory."""
    feed = FillFeed()
    taker, maker = feed.apply(batch(2, FILL))
    assert (taker.account, taker.side, taker.liquidity) == (BOB, Side.SELL, Liquidity.TAKER)
    assert (maker.account, maker.side, maker.liquidity) == (ALICE, Side.BUY, Liquidity.MAKER)
    assert taker.stage is SettlementStage.MATCHED
    stages = [
        SettlementStage.SUBMITTED,
        SettlementStage.CONFIRMED,
        SettlementStage.SUBMITTED,
        SettlementStage.FINAL,
    ]
    for sequence, stage in enumerate(stages, 3):
        reports = feed.apply(batch(sequence, settled(stage)))
        assert [report.stage for report in reports] == [stage, stage]
        assert {(report.batch, report.transaction) for report in reports} == {(7, "0xabc")}
    assert feed.in_flight == frozenset()
    assert feed.apply(batch(9, settled(SettlementStage.FINAL))) == ()


def test_a_failed_fill_says_why() -> None:
    """The contract's code reaches both traders."""
    feed = FillFeed()
    feed.apply(batch(2, FILL))
    reports = feed.apply(batch(3, settled(SettlementStage.FAILED, reason=4)))
    assert [report.failure for report in reports] == [4, 4]
    assert feed.in_flight == frozenset()


def test_the_public_sees_a_trade_without_traders() -> None:
    """One trade a fill; a repeated answer makes none."""
    [trade] = trades(batch(2, accepted(2, Side.SELL, 90, 2, account=BOB), FILL))
    assert (trade.fill_id, trade.price, trade.taker_side) == (fill_id(2, 0), 100, Side.SELL)
    assert not hasattr(trade, "maker")
    assert trades(batch(3, accepted(2, Side.SELL, 90, 2, account=BOB), FILL)) == ()
