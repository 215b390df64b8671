"""One digest everywhere: the vectors, eth-account and viem agree with us on every signed struct."""

import json
import random
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hybrid_dex.model.market import Asset
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId, AssetId, MarketId
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.signing import (
    BulkTree,
    Domain,
    LocalSigner,
    authorize,
    cancel_receipt_digest,
    cancel_receipt_typed_data,
    journal_receipt_digest,
    journal_receipt_typed_data,
    order_digest,
    personal_digest,
    recover_address,
    typed_data,
    voucher_digest,
    voucher_typed_data,
)
from tests.signing import seeded_orders, test_journal_receipts, test_receipts
from tests.tiers import count
from tests.vectors import generate_eip712_documents

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "vectors"


def vectors(name: str) -> list[dict[str, Any]]:
    """The vectors of a file."""
    found = json.loads((FOLDER / name).read_text("utf-8"))["vectors"]
    return list(found.values()) if isinstance(found, dict) else list(found)


DOCUMENTS = vectors("eip712_documents.json")


def domain_of(document: Mapping[str, Any]) -> Domain:
    """The domain of a document."""
    fields = document["domain"]
    assert (fields["name"], fields["version"]) == ("hybrid-dex", "1")
    contract = fields["verifyingContract"]
    return Domain(chain_id=int(fields["chainId"]), verifying_contract=contract)


def orders_of(vector: Mapping[str, Any]) -> list[SignedOrder]:
    """The orders of a tree's vector."""
    return [seeded_orders.order_of(terms["market"], terms["order"]) for terms in vector["orders"]]


def our_digest(vector: Mapping[str, Any]) -> bytes:
    """What we hash where the vector's document says the same."""
    document = vector["document"]
    domain, message = domain_of(document), document["message"]
    if document["primaryType"] == "BulkOrder":
        return BulkTree(orders_of(vector)).digest(domain)
    if document["primaryType"] == "Voucher":
        voucher = Voucher(
            account=AccountId(message["account"]),
            asset=AssetId("A"),
            amount=int(message["amount"]),
            recipient=message["recipient"],
            salt=int(message["salt"]),
            deadline_s=message["deadline"],
            min_batch=message["minBatch"],
        )
        asset = Asset(id=AssetId("A"), decimals=6, token=message["token"])
        return voucher_digest(voucher, asset, domain)
    if document["primaryType"] == "JournalReceipt":
        receipt = test_journal_receipts.receipt_of(message)
        market = test_journal_receipts.market_of(message)
        return journal_receipt_digest(receipt, market, domain)
    receipt = CancelReceipt(
        trader=AccountId(message["trader"]),
        market=MarketId("BASE-QUOTE"),
        nonce=int(message["nonce"]),
        filled=message["filled"],
        sequence=message["sequence"],
    )
    market = seeded_orders.market_of(message["market"])
    return cancel_receipt_digest(receipt, market, domain)


def test_the_vectors_are_what_their_generator_writes() -> None:
    written = (FOLDER / "eip712_documents.json").read_text("utf-8")
    assert generate_eip712_documents.text() == written
    assert {vector["document"]["primaryType"] for vector in DOCUMENTS} == {
        "BulkOrder",
        "Voucher",
        "CancelReceipt",
        "JournalReceipt",
    }


@pytest.mark.parametrize("vector", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_a_vectors_digest_and_signer_are_reproduced(vector: dict[str, Any]) -> None:
    digest = our_digest(vector)
    assert "0x" + digest.hex() == vector["digest"]
    assert "0x" + domain_of(vector["document"]).separator.hex() == vector["domainSeparator"]
    signature = bytes.fromhex(vector["signature"][2:])
    assert recover_address(digest, signature) == vector["signer"]
    assert LocalSigner(vector["privateKey"]).sign_digest(digest) == signature


@pytest.mark.parametrize(
    "vector", [vector for vector in DOCUMENTS if "orders" in vector], ids=lambda v: v["digest"][:10]
)
def test_the_leaves_of_a_vectors_tree_are_believed(vector: dict[str, Any]) -> None:
    domain, tree = domain_of(vector["document"]), BulkTree(orders_of(vector))
    for order in tree.signed(bytes.fromhex(vector["signature"][2:])):
        assert authorize(order, domain).signer == vector["signer"]


def viem(lines: Iterable[Mapping[str, object]]) -> str:
    """What the script prints; it fails when a line does not agree."""
    text = "\n".join(json.dumps(line) for line in lines)
    found = subprocess.run(
        ["node", str(FOLDER / "check_viem.mjs")],
        input=text,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=1200,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]
    return found.stdout.strip()


def test_viem_agrees_with_the_vectors() -> None:
    """Orders, trees, vouchers, receipts and logins: digest and signer."""
    keys = ("document", "text", "digest", "signature", "signer")
    orders = []
    for vector in vectors("eip712_orders.json"):
        domain = Domain(
            chain_id=int(vector["domain"]["chainId"]),
            verifying_contract=vector["domain"]["verifyingContract"],
        )
        order = seeded_orders.order_of(vector["market"], vector["order"])
        shown = shown_to_viem(typed_data(order, domain))
        orders.append({**vector, "document": shown, "signer": vector["order"]["trader"]})
    logins = [
        {
            **vector,
            "digest": "0x" + personal_digest(vector["text"]).hex(),
            "signer": vector["fields"]["address"],
        }
        for vector in vectors("siwe_valid.json")
    ]
    everything = [
        {key: vector[key] for key in keys if key in vector}
        for vector in (*orders, *DOCUMENTS, *logins)
    ]
    assert viem(everything) == f"{len(everything)} right, 0 wrong"


def test_viem_agrees_on_random_orders(rng: random.Random) -> None:
    """Every field over its whole range, every kind of struct."""
    lines: list[Mapping[str, object]] = []
    number = count(fast=500, full=10_000)
    for index in range(number):
        domain, market = seeded_orders.domain(rng), seeded_orders.market(rng)
        order = seeded_orders.order(rng, AccountId(seeded_orders.address(rng)))
        made = [(typed_data(order, domain), order_digest(order, domain))]
        if index % 10 == 0:
            others = [seeded_orders.order(rng, order.trader) for _ in range(rng.randint(0, 7))]
            tree = BulkTree([order, *others])
            made.append((tree.typed_data(domain), tree.digest(domain)))
            asset, voucher = test_receipts.asset(rng), test_receipts.voucher(rng)
            receipt = test_receipts.receipt(rng)
            shown = voucher_typed_data(voucher, asset, domain)
            made.append((shown, voucher_digest(voucher, asset, domain)))
            shown = cancel_receipt_typed_data(receipt, market, domain)
            made.append((shown, cancel_receipt_digest(receipt, market, domain)))
            told = test_journal_receipts.receipt(rng)
            shown = journal_receipt_typed_data(told, market, domain)
            made.append((shown, journal_receipt_digest(told, market, domain)))
        lines += [
            {"document": shown_to_viem(document), "digest": "0x" + digest.hex()}
            for document, digest in made
        ]
    assert viem(lines) == f"{len(lines)} right, 0 wrong"


def test_viem_does_not_agree_with_everything(rng: random.Random) -> None:
    """The check would find a difference."""
    domain = seeded_orders.domain(rng)
    order = seeded_orders.order(rng, AccountId(seeded_orders.address(rng)))
    line = {"document": shown_to_viem(typed_data(order, domain)), "digest": "0x" + "00" * 32}
    with pytest.raises(AssertionError, match="0 right, 1 wrong"):
        viem([line])


def shown_to_viem(document: dict[str, Any]) -> dict[str, object]:
    """The document with its chain id as text: random ones exceed what JSON holds."""
    domain = {**document["domain"], "chainId": str(document["domain"]["chainId"])}
    return {**document, "domain": domain}
