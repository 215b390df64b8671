"""Order entry: JSON orders become the exchange's, exactly, and back; or name what is wrong."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import FormatError
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import ClientOrderId, FeePpm, Price, Quantity, TimestampNs
from hybrid_dex.wire import (
    OrderRequest,
    ReplaceRequest,
    decode,
    encode,
    order_request,
    replace_request,
    to_order,
    to_quantity,
    to_replacement,
)
from tests.wire.terms import ALICE, ETH, view

REQUEST = OrderRequest(market="ETH-USDC", side="buy", quantity="1.5", price="2500.50")
SIGNED = msgspec.structs.replace(
    REQUEST, max_fee_ppm=500, expiry_s=1_800_000_000, nonce="16777217", signature="0x" + "ab" * 65
)


def proofs(kind: SignatureKind) -> st.SearchStrategy[dict[str, object]]:
    """What comes with an order of a kind."""
    hashes = st.binary(min_size=32, max_size=32)
    bulk = kind is SignatureKind.BULK
    signature = st.binary(min_size=64, max_size=65)
    return st.fixed_dictionaries(
        {
            "signature_kind": st.just(kind),
            "signature": st.just(b"") if kind is SignatureKind.APPROVED else signature,
            "proof": st.lists(hashes, min_size=1, max_size=3).map(tuple) if bulk else st.just(()),
            "leaf": st.integers(0, 7) if bulk else st.just(0),
        }
    )


def signed_orders() -> st.SearchStrategy[SignedOrder]:
    """Any signed order that the wire can carry, of every kind."""
    plain = st.builds(
        SignedOrder,
        trader=st.just(ALICE),
        market=st.just(ETH),
        side=st.sampled_from(Side),
        order_type=st.just(OrderType.LIMIT),
        time_in_force=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
        post_only=st.booleans(),
        price=st.integers(1, 2**48 - 1).map(Price),
        quantity=st.integers(1, 2**48 - 1).map(Quantity),
        max_fee_ppm=st.integers(0, 2**16 - 1).map(FeePpm),
        expiry_s=st.integers(0, 2**40 - 1),
        nonce=st.integers(0, 2**64 - 1).map(Nonce.unpack),
        signature=st.binary(min_size=64, max_size=65),
        self_trade=st.sampled_from(SelfTradeMode),
        client_order_id=st.none() | st.just(ClientOrderId("mm 1")),
    )
    proof = st.sampled_from(SignatureKind).flatmap(proofs)
    return st.builds(lambda order, of: msgspec.structs.replace(order, **of), plain, proof)


@given(order=signed_orders())
def test_a_signed_order_survives_the_wire(order: SignedOrder) -> None:
    """Every field, to the bit: what arrives is what was signed."""
    request = decode(OrderRequest, encode(order_request(order, ETH)))
    assert to_order(request, ETH, ALICE) == order


@given(order=signed_orders(), filled=st.none() | st.integers(0, 2**48 - 1).map(Quantity))
def test_a_signed_replacement_survives_the_wire(
    order: SignedOrder, filled: Quantity | None
) -> None:
    """Account, side and type come from the order that is replaced."""
    request = decode(ReplaceRequest, encode(replace_request(order, ETH, expected_filled=filled)))
    expected = msgspec.structs.replace(order, client_order_id=None)
    assert to_replacement(request, ETH, view(side=order.side)) == (expected, filled)


def test_an_unsigned_order_survives_the_wire() -> None:
    """Without a signature it is a command, good for an exchange without a chain."""
    order = PlaceOrder(
        account=ALICE,
        market=ETH.id,
        side=Side.SELL,
        price=Price(1),
        quantity=Quantity(3),
        time_in_force=TimeInForce.GTD,
        expires_at_ns=TimestampNs(5_000_000),
    )
    request = order_request(order, ETH)
    assert (request.price, request.quantity, request.expires_at_ms) == ("0.01", "0.0003", 5)
    assert to_order(request, ETH, ALICE) == order


def test_an_unsigned_replacement_survives_the_wire() -> None:
    """With the filled quantity that the trader expects, zero included."""
    order = ReplaceOrder(
        account=ALICE,
        order_id=view().order_id,
        price=Price(2),
        quantity=Quantity(4),
        expected_filled=Quantity(0),
    )
    request = replace_request(order, ETH)
    assert request.expected_filled == "0"
    assert to_replacement(request, ETH, view()) == (order, Quantity(0))


def test_what_is_left_out_has_its_default() -> None:
    """A plain order is a limit order, good till canceled; a market order is immediate."""
    plain = to_order(REQUEST, ETH, ALICE)
    assert isinstance(plain, PlaceOrder)
    assert (plain.order_type, plain.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)
    assert (plain.price, plain.quantity) == (250_050, 15_000)
    market = to_order(msgspec.structs.replace(REQUEST, order_type="market"), ETH, ALICE)
    assert market.time_in_force is TimeInForce.IOC
    until = to_order(msgspec.structs.replace(REQUEST, expires_at_ms=7), ETH, ALICE)
    assert until.time_in_force is TimeInForce.GTD


@pytest.mark.parametrize(
    ("request_", "changes", "field", "valid"),
    [
        (REQUEST, {"price": "2500.505"}, "price", "2500.5 or 2500.51"),
        (REQUEST, {"price": "0"}, "price", ""),
        (REQUEST, {"price": "-1"}, "price", ""),
        (REQUEST, {"price": "NaN"}, "price", ""),
        (REQUEST, {"price": "1e3"}, "price", ""),
        (REQUEST, {"quantity": "0.00005"}, "quantity", "0.0001"),
        (REQUEST, {"quantity": "9" * 60}, "quantity", ""),
        (REQUEST, {"market": "BTC-USDC"}, "market", "ETH-USDC"),
        (REQUEST, {"time_in_force": "gtd"}, "expires_at_ms", "gtd"),
        (REQUEST, {"time_in_force": "ioc", "expires_at_ms": 1}, "expires_at_ms", "gtd"),
        (REQUEST, {"nonce": "1"}, "signature", "signature"),
        (SIGNED, {"nonce": None}, "nonce", "nonce"),
        (SIGNED, {"expiry_s": None}, "expiry_s", "expiry_s"),
        (SIGNED, {"max_fee_ppm": None}, "max_fee_ppm", "max_fee_ppm"),
        (SIGNED, {"max_fee_ppm": 65_536}, "max_fee_ppm", "65535"),
        (SIGNED, {"max_fee_ppm": -1}, "max_fee_ppm", "65535"),
        (SIGNED, {"expiry_s": 2**40}, "expiry_s", ""),
        (SIGNED, {"nonce": str(2**64)}, "nonce", ""),
        (SIGNED, {"signature": "0x00"}, "signature", "130"),
        (SIGNED, {"signature": ""}, "signature", "130"),
        (SIGNED, {"time_in_force": "gtd", "expires_at_ms": 1}, "time_in_force", "ioc"),
        (REQUEST, {"signature_kind": "session"}, "signature", "signature"),
        (REQUEST, {"proof": ("0x" + "00" * 32,)}, "signature", "signature"),
        (REQUEST, {"leaf": 1}, "signature", "signature"),
        *(
            (REQUEST, {"client_order_id": name}, "client_order_id", "printable ASCII")
            for name in (" mm", "mm ", "m\tm", "\n", "café", "x" * 65, "")
        ),
        (REQUEST, {"signature_kind": "approved"}, "max_fee_ppm", "max_fee_ppm"),
        (SIGNED, {"signature_kind": "approved"}, "signature", "no signature"),
        (SIGNED, {"signature_kind": "bulk"}, "proof", "bulk"),
        (SIGNED, {"leaf": 1}, "proof", "bulk"),
        (SIGNED, {"proof": ("0x" + "00" * 32,)}, "proof", "bulk"),
        (SIGNED, {"signature_kind": "bulk", "proof": ("0x00",)}, "proof", "64"),
    ],
)
def test_a_bad_order_is_refused_with_its_field(
    request_: OrderRequest, changes: dict[str, object], field: str, valid: str
) -> None:
    """Field and valid form are named; nothing is rounded."""
    with pytest.raises(FormatError) as caught:
        to_order(msgspec.structs.replace(request_, **changes), ETH, ALICE)
    assert caught.value.field == field
    assert valid in caught.value.valid


def test_an_optional_quantity_may_be_zero() -> None:
    """Nothing filled is a quantity, and a missing one is none."""
    assert to_quantity("expected_filled", None, ETH) is None
    assert to_quantity("expected_filled", "0", ETH) == 0
    assert to_quantity("expected_filled", "1", ETH) == 10_000


@pytest.mark.parametrize(
    "text",
    [
        '"signature_kind":"guess"',
        '"leaf":8',
        '"leaf":-1',
        '"proof":["0x00","0x00","0x00","0x00"]',
        '"proof":"0x00"',
    ],
)
def test_what_no_tree_can_hold_is_refused_while_decoding(text: str) -> None:
    """Before anything is made of it."""
    plain = encode(SIGNED).decode()
    with pytest.raises(FormatError):
        decode(OrderRequest, f"{plain[:-1]},{text}}}".encode())


def test_an_order_signed_by_its_trader_looks_as_before() -> None:
    """The fields of the other kinds are left out where they say nothing."""
    order = to_order(SIGNED, ETH, ALICE)
    text = encode(order_request(order, ETH)).decode()
    assert not {"signature_kind", "proof", "leaf"} & set(text.replace('"', " ").split())


def test_what_is_the_default_is_not_sent() -> None:
    """So a plain order is short, and read without a second look for keys given twice."""
    order = to_order(msgspec.structs.replace(SIGNED, post_only=True), ETH, ALICE)
    told = msgspec.json.decode(encode(order_request(order, ETH)))
    assert told == {
        "market": "ETH-USDC",
        "side": "buy",
        "quantity": "1.5",
        "price": "2500.5",
        "time_in_force": "gtc",
        "post_only": True,
        "max_fee_ppm": 500,
        "expiry_s": 1_800_000_000,
        "nonce": "16777217",
        "signature": SIGNED.signature,
    }
