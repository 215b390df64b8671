"""A ladder on the wire: what its orders share is said once, and each comes back as it was signed."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import FormatError
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import (
    MAX_PRICE,
    MAX_QUANTITY,
    AccountId,
    Amount,
    ClientOrderId,
    FeePpm,
    Price,
    Quantity,
)
from hybrid_dex.wire import (
    LadderRequest,
    MessageError,
    decode,
    encode,
    ladder_request,
    to_ladder,
)
from tests.wire.terms import ALICE, ETH

NAMES = st.from_regex(r"[!-~]([ -~]{0,62}[!-~])?", fullmatch=True).map(ClientOrderId)
RUNG: dict[str, Any] = {"side": "buy", "quantity": "1.5", "price": "2500.5", "nonce": "16777217"}


def request(*rungs: dict[str, Any], **changes: Any) -> LadderRequest:
    """A ladder as a client sends it: of two orders, unless said otherwise."""
    whole = {
        "market": "ETH-USDC",
        "max_fee_ppm": 500,
        "expiry_s": 1_800_000_000,
        "signature": "0x" + "ab" * 65,
        "rungs": list(rungs) or [RUNG, {**RUNG, "nonce": "16777218"}],
    }
    return decode(LadderRequest, json.dumps(whole | changes))


@st.composite
def ladders(draw: st.DrawFn) -> list[SignedOrder]:
    """Orders under one signature, as a signer leaves them but for their proofs."""
    shared: dict[str, Any] = {
        "trader": ALICE,
        "market": ETH,
        "time_in_force": draw(st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK])),
        "post_only": draw(st.booleans()),
        "max_fee_ppm": FeePpm(draw(st.integers(0, 2**16 - 1))),
        "expiry_s": draw(st.integers(0, 2**40 - 1)),
        "signature": draw(st.binary(min_size=64, max_size=65)),
        "self_trade": draw(st.sampled_from(SelfTradeMode)),
        "signature_kind": SignatureKind.BULK,
    }
    return [
        SignedOrder(
            side=draw(st.sampled_from(Side)),
            price=Price(draw(st.integers(1, MAX_PRICE))),
            quantity=Quantity(draw(st.integers(1, MAX_QUANTITY))),
            nonce=Nonce.unpack(draw(st.integers(0, 2**64 - 1))),
            client_order_id=draw(st.none() | NAMES),
            leaf=leaf,
            **shared,
        )
        for leaf in range(draw(st.integers(1, 8)))
    ]


@given(ladders())
def test_a_ladder_comes_back_as_it_was_signed(orders: list[SignedOrder]) -> None:
    """Without proofs, which the exchange makes from all of them; and the message is one text."""
    made = ladder_request(orders)
    assert made is not None
    sent = encode(made)
    arrived = decode(LadderRequest, sent)
    assert arrived == made
    assert encode(arrived) == sent
    assert to_ladder(arrived, ETH, ALICE) == orders


@given(ladders(), st.lists(st.binary(min_size=32, max_size=32), max_size=3))
def test_proofs_are_left_behind(orders: list[SignedOrder], proof: list[bytes]) -> None:
    proven = [msgspec.structs.replace(order, proof=tuple(proof)) for order in orders]
    assert ladder_request(proven) == ladder_request(orders)


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": bytes(64)},
        {"max_fee_ppm": FeePpm(1)},
        {"expiry_s": 1},
        {"time_in_force": TimeInForce.IOC},
        {"post_only": True},
        {"self_trade": SelfTradeMode.CANCEL_RESTING},
        {"signature_kind": SignatureKind.WALLET},
        {"signature_kind": SignatureKind.SESSION},
        {"order_type": OrderType.MARKET},
        {"order_type": OrderType.STOP_LIMIT, "trigger_price": Price(1)},
        {"trigger_price": Price(1)},
        {"display_quantity": Quantity(1)},
        {"quote_budget": Amount(1)},
    ],
)
def test_what_a_ladder_can_not_say_goes_another_way(changes: dict[str, Any]) -> None:
    """Wherever in the tree it is."""
    orders = to_ladder(request(), ETH, ALICE)
    assert ladder_request(orders) == request()
    other = [msgspec.structs.replace(order, **changes) for order in orders]
    assert ladder_request([orders[0], other[1]]) is None
    assert ladder_request([other[0], orders[1]]) is None


def test_the_sender_is_the_trader_and_each_order_has_its_place() -> None:
    bob = AccountId("bob")
    orders = to_ladder(request(*[RUNG] * 8), ETH, bob)
    assert [order.leaf for order in orders] == list(range(8))
    assert {order.trader for order in orders} == {bob}
    assert {order.signature_kind for order in orders} == {SignatureKind.BULK}
    assert {order.proof for order in orders} == {()}


def test_what_is_left_out_is_usual() -> None:
    first = to_ladder(request(), ETH, ALICE)[0]
    assert first.time_in_force is TimeInForce.GTC
    assert first.self_trade is SelfTradeMode.CANCEL_AGGRESSOR
    assert not first.post_only
    assert first.client_order_id is None


@pytest.mark.parametrize("number", [0, 9, 100])
def test_a_ladder_has_one_to_eight_rungs(number: int) -> None:
    with pytest.raises(MessageError, match="rungs"):
        request(rungs=[RUNG] * number)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": "1.00001"}, "quantity"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "1e3"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "9" * 38}, "quantity"),
        ({"price": "2500.501"}, "price"),
        ({"price": "0"}, "price"),
        ({"price": ".5"}, "price"),
        ({"price": "2500.5\n"}, "price"),
        ({"price": "٢٥٠٠"}, "price"),
        ({"nonce": "18446744073709551616"}, "nonce"),
        ({"nonce": "01"}, "nonce"),
        ({"nonce": "1.5"}, "nonce"),
        ({"nonce": "-1"}, "nonce"),
        ({"nonce": "²"}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"client_order_id": " a"}, "client_order_id"),
        ({"client_order_id": "é"}, "client_order_id"),
        ({"client_order_id": ""}, "client_order_id"),
        ({"client_order_id": "n" * 65}, "client_order_id"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"price": 2500}, "price"),
        ({"nonce": 16777217}, "nonce"),
        ({"side": "BUY"}, "side"),
        ({"side": None}, "side"),
        ({"trigger_price": "2500"}, "trigger_price"),
        ({"proof": []}, "proof"),
        ({"time_in_force": "gtc"}, "time_in_force"),
    ],
)
@pytest.mark.parametrize("at", [0, 1, 7])
def test_what_is_wrong_with_a_rung_is_told_with_its_place(
    changes: dict[str, Any], field: str, at: int
) -> None:
    rungs = [RUNG | changes if index == at else RUNG for index in range(8)]
    with pytest.raises(FormatError) as refused:
        to_ladder(request(*rungs), ETH, ALICE)
    assert refused.value.field == f"rungs[{at}].{field}"


@pytest.mark.parametrize("field", ["side", "quantity", "price", "nonce"])
def test_what_is_missing_in_a_rung_is_told_with_its_place(field: str) -> None:
    poor = {name: value for name, value in RUNG.items() if name != field}
    with pytest.raises(MessageError) as refused:
        request(RUNG, poor)
    assert refused.value.field == f"rungs[1].{field}"


def test_a_name_that_is_none_has_the_code_of_one() -> None:
    with pytest.raises(MessageError) as refused:
        to_ladder(request(RUNG, RUNG | {"client_order_id": "é"}), ETH, ALICE)
    assert refused.value.code is RejectReason.INVALID_CLIENT_ORDER_ID


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"max_fee_ppm": -1}, "max_fee_ppm"),
        ({"max_fee_ppm": 2**16}, "max_fee_ppm"),
        ({"max_fee_ppm": 2**64}, "max_fee_ppm"),
        ({"max_fee_ppm": "500"}, "max_fee_ppm"),
        ({"max_fee_ppm": 500.5}, "max_fee_ppm"),
        ({"expiry_s": -1}, "expiry_s"),
        ({"expiry_s": 2**40}, "expiry_s"),
        ({"expiry_s": None}, "expiry_s"),
        ({"signature": "0x" + "ab" * 63}, "signature"),
        ({"signature": "0x" + "ab" * 66}, "signature"),
        ({"signature": "ab" * 65}, "signature"),
        ({"signature": "0x" + "zz" * 65}, "signature"),
        ({"signature": "0x" + "ab " * 65}, "signature"),
        ({"signature": ""}, "signature"),
        ({"signature": None}, "signature"),
        ({"time_in_force": "gtd"}, "time_in_force"),
        ({"time_in_force": "GTC"}, "time_in_force"),
        ({"post_only": 1}, "post_only"),
        ({"self_trade": "none"}, "self_trade"),
        ({"market": ""}, "market"),
        ({"rungs": {}}, "rungs"),
        ({"rungs": None}, "rungs"),
        ({"rungs": [1]}, "rungs[0]"),
        ({"sent_at_ms": -1}, "sent_at_ms"),
        ({"receive_window_ms": 0}, "receive_window_ms"),
        ({"proof": []}, "proof"),
        ({"signature_kind": "bulk"}, "signature_kind"),
        ({"account": "bob"}, "account"),
        ({"side": "buy"}, "side"),
    ],
)
def test_what_is_wrong_with_what_they_share_is_told_by_name(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(FormatError) as refused:
        to_ladder(request(**changes), ETH, ALICE)
    assert refused.value.field == field


def test_both_ends_of_what_is_signed_are_taken() -> None:
    for fee, expiry in ((0, 0), (2**16 - 1, 2**40 - 1)):
        (order,) = to_ladder(request(RUNG, max_fee_ppm=fee, expiry_s=expiry), ETH, ALICE)
        assert (order.max_fee_ppm, order.expiry_s) == (fee, expiry)
    for nonce in ("0", str(2**64 - 1)):
        (order,) = to_ladder(request(RUNG | {"nonce": nonce}), ETH, ALICE)
        assert str(order.nonce.packed) == nonce


@pytest.mark.parametrize("key", ["market", "signature", "rungs", "side", "price", "nonce"])
def test_a_key_given_twice_is_refused(key: str) -> None:
    """Two readers of such a message could see two ladders."""
    sent = encode(request(RUNG, RUNG))
    at = sent.rindex(b'"%s":' % key.encode())
    value = json.dumps(request().market if key == "market" else RUNG.get(key, "0x" + "cd" * 65))
    if key == "rungs":
        value = encode([RUNG]).decode()
    twice = sent[:at] + f'"{key}":{value},'.encode() + sent[at:]
    json.loads(twice)
    with pytest.raises(MessageError, match="given twice"):
        decode(LadderRequest, twice)
