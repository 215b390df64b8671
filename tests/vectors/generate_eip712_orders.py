"""Write eip712_orders.json: seeded orders with the digest and signature of eth-account.

Run from the checkout's root: ``python -m tests.vectors.generate_eip712_orders``. The file is an
input of the tests in Python, Solidity and TypeScript; nothing in it comes from hybrid_dex.signing
but address text. Integers that exceed 2**53 are decimal text.
"""

import json
import random
from pathlib import Path

from tests.signing import seeded_orders

SEED = 712
ORDERS = 48
FILE = Path(__file__).with_name("eip712_orders.json")


def vector(rng: random.Random) -> dict[str, object]:
    """One order with everything needed to compute its digest again."""
    key = seeded_orders.private_key(rng)
    order = seeded_orders.order(rng, seeded_orders.address_of(key))
    domain = seeded_orders.domain(rng)
    message = seeded_orders.reference_message(order, domain)
    signed = seeded_orders.reference_signature(message, key)
    market = order.market
    return {
        "privateKey": key,
        "domain": {"chainId": str(domain.chain_id), "verifyingContract": domain.verifying_contract},
        "market": seeded_orders.market_terms(market),
        "order": seeded_orders.order_terms(order),
        "signed": {
            "flags": order.flags,
            "baseAmount": str(market.base_amount(order.quantity)),
            "quoteAmount": str(market.notional(order.price, order.quantity)),
            "nonce": str(order.nonce.packed),
        },
        "domainSeparator": "0x" + message.header.hex(),
        "structHash": "0x" + message.body.hex(),
        "digest": "0x" + seeded_orders.reference_digest(message).hex(),
        "signature": "0x" + bytes(signed.signature).hex(),
    }


def document() -> str:
    """The whole file."""
    rng = random.Random(SEED)
    content = {
        "about": "EIP-712 orders; digests and signatures by eth-account, independent of this library",
        "generator": "python -m tests.vectors.generate_eip712_orders",
        "seed": SEED,
        "vectors": [vector(rng) for _ in range(ORDERS)],
    }
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
