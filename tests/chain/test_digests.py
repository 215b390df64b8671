"""The contract itself hashes what Python hashes: it is asked, hundreds of structs in one request."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Callable

from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import (
    Domain,
    cancel_receipt_digest,
    keccak256,
    order_digest,
    voucher_digest,
)
from tests.chain.harness import GIVE_UP_S, World
from tests.signing import seeded_orders, test_receipts
from tests.tiers import count

AT_ONCE = 500
ORDERS = count(fast=500, full=10_000)
OTHERS = count(fast=100, full=2_000)

ORDER = (
    "hashOrder((address,uint32,address,address,uint8,uint8,uint128,uint128,uint16,uint40,uint64))"
)
VOUCHER = "hashVoucher((address,address,uint128,address,uint256,uint40,uint48))"
RECEIPT = "hashCancelReceipt((address,uint32,uint64,uint48,uint48))"


def call(signature: str, *values: int | str) -> str:
    """Calldata of a function that takes one struct of static fields: a word for each."""
    words = (value if isinstance(value, int) else int(value, 16) for value in values)
    return (
        "0x" + keccak256(signature.encode())[:4].hex() + "".join(f"{word:064x}" for word in words)
    )


def ask(world: World, calls: list[str]) -> list[bytes]:
    """Ask the contract, many calls in one JSON-RPC batch."""
    contract = world.deployment.contract
    found: list[bytes] = []
    for start in range(0, len(calls), AT_ONCE):
        body = [
            {
                "jsonrpc": "2.0",
                "id": index,
                "method": "eth_call",
                "params": [{"to": contract, "data": data}, "latest"],
            }
            for index, data in enumerate(calls[start : start + AT_ONCE])
        ]
        request = urllib.request.Request(
            world.anvil.url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=GIVE_UP_S) as answer:
            results = sorted(json.load(answer), key=lambda each: each["id"])
        found += [bytes.fromhex(each["result"][2:]) for each in results]
    assert len(found) == len(calls)
    return found


def an_order(rng: random.Random, domain: Domain) -> tuple[str, bytes]:
    """What to ask about any order, and what Python says."""
    order = seeded_orders.order(rng, AccountId(seeded_orders.address(rng)))
    values = seeded_orders.reference_values(order).values()
    return call(ORDER, *values), order_digest(order, domain)


def a_voucher(rng: random.Random, domain: Domain) -> tuple[str, bytes]:
    """What to ask about any voucher, and what Python says."""
    asset, voucher = test_receipts.asset(rng), test_receipts.voucher(rng)
    assert asset.token is not None
    asked = call(
        VOUCHER,
        voucher.account,
        asset.token,
        voucher.amount,
        voucher.recipient,
        voucher.salt,
        voucher.deadline_s,
        voucher.min_batch,
    )
    return asked, voucher_digest(voucher, asset, domain)


def a_receipt(rng: random.Random, domain: Domain) -> tuple[str, bytes]:
    """What to ask about any cancel receipt, and what Python says."""
    market, receipt = seeded_orders.market(rng), test_receipts.receipt(rng)
    asked = call(
        RECEIPT, receipt.trader, market.number, receipt.nonce, receipt.filled, receipt.sequence
    )
    return asked, cancel_receipt_digest(receipt, market, domain)


async def test_the_contract_hashes_as_python_does(
    world: World, rng: random.Random, figure: Callable[[str], None]
) -> None:
    """Random orders, vouchers and cancel receipts, every field over its whole range."""
    domain = world.domain
    pairs = [an_order(rng, domain) for _ in range(ORDERS)]
    pairs += [a_voucher(rng, domain) for _ in range(OTHERS)]
    pairs += [a_receipt(rng, domain) for _ in range(OTHERS)]
    found = ask(world, [asked for asked, _ in pairs])
    assert found == [digest for _, digest in pairs]
    assert len(set(found)) == len(found), "not one word for all"
    figure(f"{ORDERS} orders, {OTHERS} vouchers, {OTHERS} receipts: the contract hashes as Python")
