"""What a trader is told: orders, execution reports and fills as messages."""

from hybrid_dex.interfaces.records import FillRecord
from hybrid_dex.model.events import FillMade
from hybrid_dex.model.order import OrderStatus, OrderType, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.reports import ExecType, ExecutionReport, Liquidity
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
    fill_id,
)
from hybrid_dex.wire import (
    ExecutionMessage,
    FillMessage,
    OrderMessage,
    cancel_all_answer,
    decode,
    encode,
    execution_message,
    fill_messages,
    order_message,
)
from tests.wire.terms import ALICE, ETH, view

BOB = AccountId("bob")


def test_an_order_is_shown_as_it_stands() -> None:
    """Decimals, words and milliseconds."""
    message = decode(OrderMessage, encode(order_message(view(), ETH)))
    assert (message.price, message.quantity) == ("2500", "1.5")
    assert (message.open, message.filled) == ("1", "0.5")
    assert (message.side, message.status) == ("sell", "partially_filled")
    assert message.accepted_at_ms == 1_700_000_000_123
    assert message.order_hash is None
    assert message.nonce is None


def test_a_signed_order_shows_hash_and_nonce() -> None:
    """The hash is the order's key on chain."""
    message = order_message(view(order_hash=b"\x01" * 32, nonce=2**63), ETH)
    assert message.order_hash == "0x" + "01" * 32
    assert message.nonce == str(2**63)


def fill(maker: AccountId, taker: AccountId) -> FillRecord:
    """A sale of 0.5 ETH at 2500 into a resting bid."""
    made = FillMade(
        fill_id(9, 0), ETH.id, Price(250_000), Quantity(5_000), Side.SELL,
        1, 2, maker, taker, Quantity(0), Quantity(0), Quantity(1), Quantity(1),
        Amount(250_000), Amount(625_000),
    )  # fmt: skip
    return FillRecord(made, TimestampNs(3_000_000), SettlementStage.CONFIRMED, 4, "0xabc")


def test_each_trader_sees_its_own_side_of_a_fill() -> None:
    """Side, liquidity and fee differ; a stranger sees nothing."""
    record = fill(ALICE, BOB)
    [maker] = fill_messages(record, ALICE, ETH)
    [taker] = fill_messages(record, BOB, ETH)
    assert (maker.side, maker.liquidity, maker.fee) == ("buy", "maker", "0.25")
    assert (taker.side, taker.liquidity, taker.fee) == ("sell", "taker", "0.625")
    assert (maker.stage, maker.batch, maker.transaction) == ("confirmed", 4, "0xabc")
    assert fill_messages(record, AccountId("eve"), ETH) == []
    assert decode(FillMessage, encode(maker)) == maker


def test_an_execution_report_carries_the_trade() -> None:
    """Last price and quantity, LeavesQty, CumQty, fee."""
    report = ExecutionReport(
        sequence=Sequence(9), at_ns=TimestampNs(3_000_000), exec_type=ExecType.TRADE,
        account=ALICE, order_id=view().order_id, client_order_id=None, market=ETH.id,
        side=Side.SELL, order_type=OrderType.LIMIT, time_in_force=TimeInForce.GTC,
        post_only=False, price=Price(250_000), quantity=Quantity(15_000), open=Quantity(10_000),
        filled=Quantity(5_000), status=OrderStatus.PARTIALLY_FILLED, fill_id=fill_id(9, 0),
        last_price=Price(250_000), last_quantity=Quantity(5_000), liquidity=Liquidity.MAKER,
        fee=Amount(1),
    )  # fmt: skip
    message = decode(ExecutionMessage, encode(execution_message(report, ETH)))
    assert (message.exec_type, message.open, message.filled) == ("trade", "1", "0.5")
    assert (message.last_price, message.last_quantity) == ("2500", "0.5")
    assert (message.fee, message.liquidity) == ("0.000001", "maker")
    assert message.code is None


def test_a_refused_cancel_of_an_unknown_order_names_no_market() -> None:
    """What is not known is null, and the reason has number, name and words."""
    report = ExecutionReport(
        sequence=Sequence(9), at_ns=TimestampNs(0), exec_type=ExecType.CANCEL_REJECTED,
        account=ALICE, order_id=None, client_order_id=None, market=None, side=None,
        order_type=None, time_in_force=None, post_only=False, price=None, quantity=None,
        open=Quantity(0), filled=Quantity(0), status=None,
        reject_reason=RejectReason.UNKNOWN_ORDER, field="order_id", detail="no such order",
    )  # fmt: skip
    message = execution_message(report, None)
    assert (message.market, message.price, message.open) == (None, None, "0")
    assert (message.code, message.reason) == (5001, "unknown_order")
    assert message.cancel_reason is None


def test_a_refusal_names_field_and_times_as_the_messages_do() -> None:
    report = ExecutionReport(
        sequence=Sequence(9), at_ns=TimestampNs(0), exec_type=ExecType.REJECTED,
        account=ALICE, order_id=None, client_order_id=None, market=None, side=None,
        order_type=None, time_in_force=None, post_only=False, price=None, quantity=None,
        open=Quantity(0), filled=Quantity(0), status=None, reject_reason=RejectReason.EXPIRED,
        field="expires_at_ns", detail="after 5999999, at most 9000000 (Unix nanoseconds)",
    )  # fmt: skip
    message = execution_message(report, None)
    assert message.field == "expires_at_ms"
    assert message.detail == "after 5, at most 9 (Unix milliseconds)"


def test_a_cancel_all_lists_ids_as_text() -> None:
    """Ids exceed what a JavaScript number holds."""
    assert cancel_all_answer(3, [view().order_id]).canceled == ["1280"]
