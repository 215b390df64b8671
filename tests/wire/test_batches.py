"""A batch on the wire is the requests that exist alone, and means the same commands."""

import msgspec
import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.model.batch_request import SignedReplacement
from hybrid_dex.model.commands import CancelOrder, ReduceOrder, ReplaceOrder
from hybrid_dex.wire import (
    BatchOrdersRequest,
    CancelMember,
    MessageError,
    OrderRequest,
    PlaceMember,
    ReduceMember,
    ReduceRequest,
    ReplaceMember,
    ReplaceRequest,
    decode,
    encode,
    to_batch,
    to_order,
)
from tests.wire.terms import ALICE, ETH, view

REQUEST = OrderRequest(market="ETH-USDC", side="buy", quantity="1.5", price="2500.50")
TERMS = ReplaceRequest(quantity="1", price="2500")
MEMBERS = [
    PlaceMember(order=REQUEST),
    CancelMember(order_id="1280"),
    CancelMember(client_order_id="mine"),
    ReduceMember(order_id="1280", order=ReduceRequest(by="0.5")),
    ReplaceMember(order_id="1280", order=TERMS),
]


def test_each_member_becomes_what_its_own_request_becomes() -> None:
    """Signed new terms stay with the order that they replace."""
    order = view()
    signed = msgspec.structs.replace(
        TERMS,
        max_fee_ppm=500,
        expiry_s=1_800_000_000,
        nonce="16777217",
        signature="0x" + "ab" * 65,
    )
    request = BatchOrdersRequest(members=[*MEMBERS, ReplaceMember(order_id="1280", order=signed)])
    assert decode(BatchOrdersRequest, encode(request)) == request
    place, by_id, by_name, reduce, replace, replace_signed = to_batch(
        request, ALICE, market=lambda _: ETH, order=lambda _: order
    )
    assert place == to_order(REQUEST, ETH, ALICE)
    assert by_id == CancelOrder(account=ALICE, order_id=1280)
    assert by_name == CancelOrder(account=ALICE, client_order_id="mine")
    assert reduce == ReduceOrder(
        account=ALICE, order_id=order.order_id, by=ETH.parse_quantity("0.5")
    )
    assert isinstance(replace, ReplaceOrder)
    assert isinstance(replace_signed, SignedReplacement)
    assert replace_signed.terms.trader == order.account


@pytest.mark.parametrize(
    "raw",
    [
        b'{"members":[]}',
        b'{"members":[{"op":"cancel"}],"all":true}',
        b'{"members":[{"op":"cancel_all"}]}',
        b'{"members":[{"op":"reduce","order_id":"1"}]}',
        b'{"members":[' + b",".join([b'{"op":"cancel"}'] * 101) + b"]}",
    ],
)
def test_what_is_no_batch_is_refused(raw: bytes) -> None:
    with pytest.raises(MessageError):
        decode(BatchOrdersRequest, raw)


def test_a_member_that_is_not_exact_is_refused_by_name() -> None:
    request = BatchOrdersRequest(
        members=[ReduceMember(order_id="1280", order=ReduceRequest(by="0.00001"))]
    )
    with pytest.raises(FormatError, match="by"):
        to_batch(request, ALICE, market=lambda _: ETH, order=lambda _: view())
