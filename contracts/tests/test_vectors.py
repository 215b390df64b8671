"""The contract hashes what the shared vectors say: orders, vouchers and cancel receipts, and random ones."""

import json
import os
import random
from pathlib import Path

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "vectors"
FUNCTIONS = {"Order": "hashOrder", "Voucher": "hashVoucher", "CancelReceipt": "hashCancelReceipt"}
RANDOM = {"fast": 100, "ci": 2_000, "prove": 10_000}[os.environ.get("HYBRID_DEX_TIER", "fast")]


def vectors(name):
    """The vectors of a file."""
    return json.loads((FOLDER / name).read_text("utf-8"))["vectors"]


def structs():
    """Kind, values in the struct's order, and the struct hash of every vector the contract can take."""
    for vector in vectors("eip712_orders.json"):
        market, order, signed = vector["market"], vector["order"], vector["signed"]
        values = (
            order["trader"],
            market["number"],
            market["baseToken"],
            market["quoteToken"],
            order["side"],
            signed["flags"],
            int(signed["baseAmount"]),
            int(signed["quoteAmount"]),
            order["maxFeePpm"],
            order["expiry"],
            int(signed["nonce"]),
        )
        yield "Order", values, vector["structHash"]
    for vector in vectors("eip712_documents.json"):
        document = vector["document"]
        kind = document["primaryType"]
        if kind in FUNCTIONS:
            fields = document["types"][kind]
            values = (document["message"][field["name"]] for field in fields)
            yield (
                kind,
                tuple(v if str(v).startswith("0x") else int(v) for v in values),
                vector["structHash"],
            )


def digest(scenario, struct_hash):
    """What is signed for a struct of this contract's domain."""
    return keccak(b"\x19\x01" + scenario.read("domainSeparator") + struct_hash)


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_the_contract_hashes_the_vectors(scenario, kind):
    """Their domains are others: what is compared is the struct under the contract's own domain."""
    found = [(values, expected) for name, values, expected in structs() if name == kind]
    assert len(found) >= 12
    for values, expected in found:
        struct_hash = bytes.fromhex(expected[2:])
        assert scenario.read(FUNCTIONS[kind], values) == digest(scenario, struct_hash)


def any_value(draw, kind):
    """A value over the whole range of a type, often an end of it."""
    if kind == "address":
        return "0x" + draw.randbytes(20).hex()
    bits = int(kind.removeprefix("uint"))
    return draw.choice([0, 2**bits - 1, draw.getrandbits(bits), draw.getrandbits(bits)])


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_the_contract_hashes_random_structs(scenario, kind):
    """Every field over its whole range, held to eth-account; any field that is changed shows."""
    draw = random.Random(712)
    types = {
        struct: document["types"][struct]
        for document in [
            scenario.document({}),
            *(v["document"] for v in vectors("eip712_documents.json")),
        ]
        for struct in document["types"]
        if struct in ("EIP712Domain", kind)
    }
    for index in range(RANDOM if kind == "Order" else RANDOM // 10):
        message = {field["name"]: any_value(draw, field["type"]) for field in types[kind]}
        document = {
            **scenario.document({}),
            "types": types,
            "primaryType": kind,
            "message": message,
        }
        signable = encode_typed_data(full_message=document)
        expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
        assert scenario.read(FUNCTIONS[kind], checksummed(scenario, message)) == expected
        if index < 5:
            for field in types[kind]:
                other = message | {field["name"]: another(message[field["name"]])}
                found = scenario.read(FUNCTIONS[kind], checksummed(scenario, other))
                assert found != expected, field


def another(value):
    """A value that differs in one bit."""
    if isinstance(value, int):
        return value ^ 1
    return value[:-1] + ("0" if value[-1] != "0" else "1")


def checksummed(scenario, message):
    """The values as web3 takes them."""
    values = message.values()
    return tuple(scenario.w3.to_checksum_address(v) if isinstance(v, str) else v for v in values)
