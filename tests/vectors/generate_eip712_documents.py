"""Write eip712_documents.json: bulk trees, vouchers and receipts as wallets get them.

Run from the checkout's root: ``python -m tests.vectors.generate_eip712_documents``. Types are
written out a second time here, digests and signatures are eth-account's, so nothing comes from
hybrid_dex.signing but address text. The file is an input of the tests in Python, Solidity and
TypeScript. Integers that exceed 2**53 are decimal text.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from eth_account.messages import encode_typed_data

from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId
from tests.signing import seeded_orders

SEED = 7712
TREES = 16
RECEIPTS = 12
FILE = Path(__file__).with_name("eip712_documents.json")

ORDER = (
    "address trader,uint32 market,address baseToken,address quoteToken,uint8 side,uint8 flags,"
    "uint128 baseAmount,uint128 quoteAmount,uint16 maxFeePpm,uint40 expiry,uint64 nonce"
)
VOUCHER = (
    "address account,address token,uint128 amount,address recipient,uint256 salt,uint40 deadline,"
    "uint48 minBatch"
)
RECEIPT = "address trader,uint32 market,uint64 nonce,uint48 filled,uint48 sequence"
JOURNAL_RECEIPT = (
    "uint8 kind,address trader,uint32 market,uint64 orderId,bytes32 orderHash,uint64 fillId,"
    "uint8 side,uint48 price,uint48 quantity,uint48 open,uint48 filled,uint40 sequence,"
    "uint32 index,uint64 atNs,uint64 position,bytes32 frameHash"
)
DOMAIN = "string name,string version,uint256 chainId,address verifyingContract"
NOBODY = "0x" + "00" * 20


def fields(text: str) -> list[dict[str, str]]:
    """A struct's fields as typed data lists them."""
    return [dict(zip(("type", "name"), field.split(), strict=True)) for field in text.split(",")]


def document(
    rng: random.Random, primary: str, types: dict[str, str], message: dict[str, object]
) -> dict[str, object]:
    """A typed-data document as JSON holds it, for any domain."""
    domain = seeded_orders.domain(rng)
    return {
        "types": {name: fields(text) for name, text in {"EIP712Domain": DOMAIN, **types}.items()},
        "primaryType": primary,
        "domain": {
            "name": "hybrid-dex",
            "version": "1",
            "chainId": str(domain.chain_id),
            "verifyingContract": domain.verifying_contract,
        },
        "message": message,
    }


def order_message(order: SignedOrder) -> dict[str, object]:
    """What a wallet shows of an order, from eth-account's point of view."""
    large = ("baseAmount", "quoteAmount", "nonce")
    signed = seeded_orders.reference_values(order)
    return {name: str(value) if name in large else value for name, value in signed.items()}


def empty_order() -> dict[str, object]:
    """What fills an unused leaf."""
    return {field["name"]: NOBODY if field["type"] == "address" else 0 for field in fields(ORDER)}


def nested(leaves: list[object]) -> object:
    """The leaves as nested pairs."""
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    return [nested(leaves[:half]), nested(leaves[half:])]


def tree(rng: random.Random, trader: str, size: int) -> dict[str, object]:
    """A bulk tree, and the orders to build it again from."""
    orders = [seeded_orders.order(rng, AccountId(trader)) for _ in range(size)]
    height = max(1, (size - 1).bit_length())
    leaves: list[object] = [order_message(order) for order in orders]
    leaves += [empty_order() for _ in range((1 << height) - size)]
    types = {"BulkOrder": f"Order{'[2]' * height} tree", "Order": ORDER}
    return {
        "document": document(rng, "BulkOrder", types, {"tree": nested(leaves)}),
        "orders": [
            {
                "market": seeded_orders.market_terms(order.market),
                "order": seeded_orders.order_terms(order),
            }
            for order in orders
        ],
    }


def voucher(rng: random.Random) -> dict[str, object]:
    """A voucher."""
    message = {
        "account": seeded_orders.address(rng),
        "token": seeded_orders.address(rng),
        "amount": str(seeded_orders.integer(rng, 2**112 - 1)),
        "recipient": seeded_orders.address(rng),
        "salt": str(rng.choice([0, 2**256 - 1, rng.randrange(2**256)])),
        "deadline": rng.choice([0, 2**40 - 1, rng.randrange(2**40)]),
        "minBatch": rng.choice([0, 2**48 - 1, rng.randrange(2**48)]),
    }
    return {"document": document(rng, "Voucher", {"Voucher": VOUCHER}, message)}


def receipt(rng: random.Random) -> dict[str, object]:
    """A cancel receipt."""
    message = {
        "trader": seeded_orders.address(rng),
        "market": rng.choice([1, 2**32 - 1, rng.randrange(1, 2**32)]),
        "nonce": str(rng.choice([0, 2**64 - 1, rng.randrange(2**64)])),
        "filled": rng.choice([0, 2**48 - 1, rng.randrange(2**48)]),
        "sequence": rng.choice([0, 2**48 - 1, rng.randrange(2**48)]),
    }
    return {"document": document(rng, "CancelReceipt", {"CancelReceipt": RECEIPT}, message)}


def journal_receipt(rng: random.Random) -> dict[str, object]:
    """A receipt for what happened to an order."""

    def integer(bits: int) -> int:
        return rng.choice([0, 2**bits - 1, rng.randrange(2**bits)])

    message = {
        "kind": rng.randint(1, 6),
        "trader": seeded_orders.address(rng),
        "market": rng.choice([1, 2**32 - 1, rng.randrange(1, 2**32)]),
        "orderId": str(integer(64)),
        "orderHash": "0x" + rng.randbytes(32).hex(),
        "fillId": str(integer(64)),
        "side": rng.randrange(2),
        **{name: integer(48) for name in ("price", "quantity", "open", "filled")},
        "sequence": integer(40),
        "index": integer(32),
        "atNs": str(integer(64)),
        "position": str(integer(64)),
        "frameHash": "0x" + rng.randbytes(32).hex(),
    }
    return {
        "document": document(rng, "JournalReceipt", {"JournalReceipt": JOURNAL_RECEIPT}, message)
    }


def vector(made: dict[str, object], key: str) -> dict[str, object]:
    """A document with everything that follows from it, signed."""
    encoded = encode_typed_data(full_message=json.loads(json.dumps(made["document"])))
    signature = bytes(seeded_orders.reference_signature(encoded, key).signature)
    return {
        "privateKey": key,
        "signer": seeded_orders.address_of(key),
        **made,
        "domainSeparator": "0x" + encoded.header.hex(),
        "structHash": "0x" + encoded.body.hex(),
        "digest": "0x" + seeded_orders.reference_digest(encoded).hex(),
        "signature": "0x" + signature.hex(),
    }


def vectors(rng: random.Random) -> Iterator[dict[str, object]]:
    """All of them; each signed with a key of its own."""
    for index in range(TREES):
        key = seeded_orders.private_key(rng)
        yield vector(tree(rng, seeded_orders.address_of(key), index % 8 + 1), key)
    for make in (voucher, receipt, journal_receipt):
        for _ in range(RECEIPTS):
            yield vector(make(rng), seeded_orders.private_key(rng))


def text() -> str:
    """The whole file."""
    content = {
        "about": "EIP-712 trees, vouchers and receipts; digests and signatures by eth-account, independent of this library",
        "generator": "python -m tests.vectors.generate_eip712_documents",
        "seed": SEED,
        "vectors": list(vectors(random.Random(SEED))),
    }
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
