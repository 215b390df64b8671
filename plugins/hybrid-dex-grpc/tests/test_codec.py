"""What is sent is what is read; what can not be read is refused with the field named."""

from __future__ import annotations

import msgspec
import pytest
from grpc_bench import ALICE, BOB, MARKET
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.codec import (
    Requested,
    decode_json,
    error_of,
    failure_of,
    from_order,
    from_outcome,
    is_verified,
    to_order,
    to_outcome,
)

import hybrid_dex as dex

SIGNED = dex.SignedOrder(
    trader=ALICE,
    market=MARKET,
    side=dex.Side.BUY,
    order_type=dex.OrderType.MARKET,
    time_in_force=dex.TimeInForce.IOC,
    post_only=True,
    price=dex.Price(2**90),
    quantity=dex.Quantity(2**70),
    max_fee_ppm=dex.FeePpm(17),
    expiry_s=2_000_000_000,
    nonce=dex.Nonce(5, revision=6, lane=7),
    signature=bytes(range(65)),
    self_trade=dex.SelfTradeMode.CANCEL_RESTING,
    client_order_id=dex.ClientOrderId("mine"),
    signature_kind=dex.SignatureKind.BULK,
    proof=(bytes(32), b"\x01" * 32),
    leaf=3,
    trigger_price=dex.Price(11),
    display_quantity=dex.Quantity(12),
    quote_budget=dex.Amount(2**250),
)
PLACED = dex.PlaceOrder(
    account=ALICE,
    market=MARKET.id,
    side=dex.Side.SELL,
    price=dex.Price(1),
    quantity=dex.Quantity(2),
)


def listed(market: dex.MarketId) -> dex.Market | None:
    return MARKET if market == MARKET.id else None


def test_the_sample_sets_every_field_of_a_signed_order() -> None:
    """So that a field added to it can not be forgotten on the way."""
    for field in msgspec.structs.fields(dex.SignedOrder):
        if field.default is not msgspec.NODEFAULT:
            assert getattr(SIGNED, field.name) != field.default, field.name


@pytest.mark.parametrize(
    "order",
    [
        SIGNED,
        PLACED,
        dex.SignedReplacement(order_id=dex.OrderId(3), terms=SIGNED),
        dex.SignedReplacement(
            order_id=dex.OrderId(3), terms=SIGNED, expected_filled=dex.Quantity(0)
        ),
        dex.ReplaceOrder(
            account=BOB, order_id=dex.OrderId(1), price=dex.Price(2), quantity=dex.Quantity(3)
        ),
        dex.ReduceOrder(account=BOB, order_id=dex.OrderId(1), by=dex.Quantity(3)),
        dex.CancelOrder(account=BOB, client_order_id=dex.ClientOrderId("x")),
    ],
)
def test_an_order_is_read_as_it_was_sent(order: Requested) -> None:
    sent = from_order(order).SerializeToString()
    assert to_order(pb.Order.FromString(sent), listed) == order
    assert not is_verified(order)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (pb.Order(), "form"),
        (pb.Order(command=b"[99]"), "command"),
        (pb.Order(command=b"[6,0,0]"), "command"),  # a deposit is no member
        (pb.Order(command=b"{"), "command"),
        (pb.Order(command=b"[" * 100_000), "command"),
        (pb.Order(command=b"\xff"), "command"),
        (pb.Order(signed=b"null"), "signed"),
        (pb.Order(signed=from_order(PLACED).command), "signed"),
        (pb.Order(signed_replacement=pb.SignedReplacement(terms=b"")), "signed"),
    ],
)
def test_what_is_no_order_is_refused(message: pb.Order, field: str) -> None:
    with pytest.raises(dex.FormatError) as refusal:
        to_order(message, listed)
    assert refusal.value.field == field


def test_a_market_that_is_not_listed_or_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(dex.FormatError, match="not listed"):
        to_order(from_order(SIGNED), lambda _: None)
    wrong = from_order(msgspec.structs.replace(SIGNED, signature_kind=99))
    with pytest.raises(dex.FormatError, match="authorization"):
        to_order(wrong, listed)


def test_outcomes() -> None:
    refusal = dex.Refusal(dex.RejectReason.BAD_SIGNATURE, "signature", "wrong")
    batch = dex.EventBatch(
        dex.Sequence(7), dex.TimestampNs(8), (dex.LaneRevoked(ALICE, None, 3, 5),)
    )
    for outcome in (refusal, batch):
        assert to_outcome(from_outcome(outcome)) == outcome
    with pytest.raises(dex.FormatError):
        to_outcome(pb.Outcome(batch=b"[]"))
    with pytest.raises(dex.FormatError):
        decode_json(dex.EventBatch, b"{}", "batch")


@pytest.mark.parametrize(
    "error",
    [
        dex.UnavailableError("away"),
        dex.UnknownOutcomeError("perhaps"),
        dex.ConfigurationError("never"),
        dex.SettlementError("no node"),
        dex.FormatError("price", "is none", "digits"),
    ],
)
def test_a_failure_is_raised_as_what_it_was(error: dex.HybridDexError) -> None:
    raised = error_of(failure_of(error))
    assert type(raised) is type(error)
    assert str(raised) == str(error)


def test_what_broke_at_the_engine_has_an_unknown_outcome() -> None:
    raised = error_of(failure_of(dex.InvariantError("a bug")))
    assert isinstance(raised, dex.UnknownOutcomeError)
    forbidden = error_of(pb.Failure(kind=pb.Failure.FORBIDDEN, message="not yours"))
    assert isinstance(forbidden, dex.ConfigurationError)
