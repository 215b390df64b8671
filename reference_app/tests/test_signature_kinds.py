"""Orders of every signature kind, over REST and the socket: taken, or refused for what they lack."""

import time
from pathlib import Path
from typing import Any

import msgspec

from hybrid_dex.model.commands import ApproveOrder, GrantSession
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import Amount, FeePpm, Quantity
from hybrid_dex.signing import LocalSigner, order_digest
from hybrid_dex.wire import encode, ladder_request, order_request
from reference_app.tests.stack import Stack, Trader, limits, running, settings

BOT = LocalSigner(b"\x66" * 32)


def terms(trader: Trader, price: str, lane: int) -> SignedOrder:
    """An order that is not signed yet."""
    market = trader.stack.market("ETH-USDC")
    return SignedOrder(
        trader=trader.account,
        market=market,
        side=Side.BUY,
        price=market.parse_price(price),
        quantity=market.parse_quantity("1"),
        max_fee_ppm=FeePpm(500),
        expiry_s=int(time.time()) + 3_600,
        nonce=Nonce(1, 0, lane),
        signature=b"",
    )


def sent(order: SignedOrder) -> dict[str, Any]:
    """As it is sent."""
    message: dict[str, Any] = msgspec.json.decode(encode(order_request(order, order.market)))
    return message


async def test_a_ladder_under_one_signature_is_taken_over_rest_and_the_socket(
    stack: Stack, alice: Trader
) -> None:
    """And a leaf in another place is refused."""
    signer = LocalSigner(bytes(alice.key.key))
    orders = [terms(alice, str(2000 - step), 100 + step) for step in range(8)]
    ladder = [sent(order) for order in signer.sign_bulk(orders, stack.services.domain)]
    for message in ladder[:2]:
        reply = await alice.post("/orders", message)
        assert reply.status_code == 201, reply.text
    async with alice.socket() as socket:
        for message in ladder[2:]:
            answer = await socket.ask({"op": "place", "order": message})
            assert answer["result"]["order"]["status"] == "new"
    moved = ladder[0] | {"leaf": 1, "client_order_id": "moved"}
    reply = await alice.post("/orders", moved)
    assert reply.json()["code"] == RejectReason.BAD_SIGNATURE.value


async def test_a_session_key_trades_once_it_is_granted(stack: Stack, alice: Trader) -> None:
    """Before, and for another account, it is refused."""
    message = sent(BOT.sign_session_order(terms(alice, "1900", 200), stack.services.domain))
    refused = await alice.post("/orders", message)
    assert refused.json()["code"] == RejectReason.SESSION_UNKNOWN.value
    market = stack.market("ETH-USDC")
    await stack.services.exchange.execute(
        GrantSession(
            account=alice.account,
            key=BOT.address,
            market=market.id,
            buy_budget=Amount(market.quote.parse("10000")),
            sell_budget=Quantity(0),
            expiry_s=int(time.time()) + 86_400,
        )
    )
    reply = await alice.post("/orders", message)
    assert reply.status_code == 201, reply.text
    plain = await alice.post("/orders", message | {"signature_kind": "wallet", "nonce": "1"})
    assert plain.json()["code"] == RejectReason.BAD_SIGNATURE.value


async def test_an_approved_order_needs_no_signature(stack: Stack, alice: Trader) -> None:
    """Only the approval of exactly this order."""
    order = msgspec.structs.replace(
        terms(alice, "1800", 300), signature_kind=SignatureKind.APPROVED
    )
    refused = await alice.post("/orders", sent(order))
    assert refused.json()["code"] == RejectReason.APPROVAL_REQUIRED.value
    order_hash = order_digest(order, stack.services.domain)
    await stack.services.exchange.execute(
        ApproveOrder(account=alice.account, order_hash=order_hash)
    )
    reply = await alice.post("/orders", sent(order))
    assert reply.status_code == 201, reply.text
    assert reply.json()["order"]["order_hash"] == "0x" + order_hash.hex()


async def test_a_tree_that_is_none_is_refused_by_its_field(alice: Trader) -> None:
    """Before anything is recovered."""
    message = alice.order()
    for changes, field in (
        ({"signature_kind": "bulk"}, "proof"),
        ({"signature_kind": "bulk", "proof": ["0x00"]}, "proof"),
        ({"leaf": 9}, "leaf"),
        ({"signature_kind": "any"}, "signature_kind"),
        ({"signature_kind": "approved"}, "signature"),
    ):
        reply = await alice.post("/orders", message | changes)
        assert reply.status_code == 400, reply.text
        assert reply.json()["field"] == field


async def test_a_ladder_that_never_fits_the_rate_is_told_so_and_counts_for_nothing(
    tmp_path: Path,
) -> None:
    async with running(settings(tmp_path, limits=limits(orders_per_second=4))) as stack:
        alice = await stack.trader(1, USDC="100000")
        signer = LocalSigner(bytes(alice.key.key))
        orders = [terms(alice, str(2000 - step), 100 + step) for step in range(8)]
        ladder = ladder_request(list(signer.sign_bulk(orders, stack.services.domain)))
        message = {"op": "ladder", "ladder": msgspec.json.decode(encode(ladder))}
        async with alice.socket() as socket:
            for _ in range(3):
                refused = await socket.ask(message)
                assert refused["problem"]["code"] == RejectReason.RATE_LIMITED
                assert refused["problem"]["detail"].startswith("8 at once, and 4 per 1 second")
            placed = await socket.ask({"op": "place", "order": alice.order("buy", "1", "10")})
            assert placed["type"] == "ack"
