"""An order's digest is the one that an independent EIP-712 implementation computes."""

import json
import random
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from eth_account.messages import encode_typed_data

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.order import SelfTradeMode
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    ClientOrderId,
)
from hybrid_dex.signing import (
    ORDER_TYPE_HASH,
    Domain,
    LocalSigner,
    authorize,
    compact_signature,
    keccak256,
    order_digest,
    order_struct_hash,
    typed_data,
)
from tests.signing import seeded_orders
from tests.tiers import count
from tests.vectors import generate_eip712_orders

VECTORS_FILE = Path(__file__).parents[1] / "vectors" / "eip712_orders.json"
VECTORS: list[dict[str, Any]] = json.loads(VECTORS_FILE.read_text("utf-8"))["vectors"]


@pytest.fixture
def signer(rng: random.Random) -> LocalSigner:
    return LocalSigner(seeded_orders.private_key(rng))


@pytest.fixture
def order(rng: random.Random, signer: LocalSigner) -> SignedOrder:
    return seeded_orders.order(rng, AccountId(signer.address))


@pytest.fixture
def domain(rng: random.Random) -> Domain:
    return seeded_orders.domain(rng)


def order_of(vector: dict[str, Any]) -> SignedOrder:
    order = seeded_orders.order_of(vector["market"], vector["order"])
    return msgspec.structs.replace(order, signature=bytes.fromhex(vector["signature"][2:]))


def test_the_type_hash_is_that_of_the_contract_s_struct() -> None:
    written_out = (
        b"Order(address trader,uint32 market,address baseToken,address quoteToken,uint8 side,"
        b"uint8 flags,uint128 baseAmount,uint128 quoteAmount,uint16 maxFeePpm,uint40 expiry,uint64 nonce)"
    )
    assert keccak256(written_out) == ORDER_TYPE_HASH


def test_the_vectors_are_what_their_generator_writes() -> None:
    assert generate_eip712_orders.document() == VECTORS_FILE.read_text("utf-8")


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_a_vector_s_hashes_and_signer_are_reproduced(vector: dict[str, Any]) -> None:
    order = order_of(vector)
    contract = vector["domain"]["verifyingContract"]
    domain = Domain(chain_id=int(vector["domain"]["chainId"]), verifying_contract=contract)

    assert "0x" + domain.separator.hex() == vector["domainSeparator"]
    assert "0x" + order_struct_hash(order).hex() == vector["structHash"]
    assert "0x" + order_digest(order, domain).hex() == vector["digest"]
    assert LocalSigner(vector["privateKey"]).sign_order(order, domain) == order
    assert authorize(order, domain).signer == vector["order"]["trader"]


def test_random_orders_hash_as_eth_account_hashes_them(rng: random.Random) -> None:
    for _ in range(count(fast=1_000, full=10_000)):
        order = seeded_orders.order(rng, AccountId(seeded_orders.address(rng)))
        domain = seeded_orders.domain(rng)
        expected = seeded_orders.reference_digest(seeded_orders.reference_message(order, domain))
        assert order_digest(order, domain) == expected, order


def test_a_wallet_given_the_typed_data_signs_the_same_digest(rng: random.Random) -> None:
    for _ in range(count(fast=100, full=1_000)):
        order = seeded_orders.order(rng, AccountId(seeded_orders.address(rng)))
        domain = seeded_orders.domain(rng)
        document = json.loads(json.dumps(typed_data(order, domain)))
        message = encode_typed_data(full_message=document)
        assert seeded_orders.reference_digest(message) == order_digest(order, domain), order


def test_typed_data_holds_no_number_that_javascript_would_round(
    order: SignedOrder, domain: Domain
) -> None:
    largest = msgspec.structs.replace(
        order, expiry_s=2**40 - 1, nonce=Nonce(2**40 - 1, 255, 2**16 - 1)
    )
    message = typed_data(largest, domain)["message"]
    assert isinstance(message, dict)
    assert all(isinstance(value, str) or value < 2**53 for value in message.values())


def test_changing_anything_signed_changes_the_digest(rng: random.Random, domain: Domain) -> None:
    for _ in range(count(fast=50, full=1_000)):
        order = seeded_orders.order(rng, AccountId(seeded_orders.address(rng)))
        digest = order_digest(order, domain)
        for name, changed in seeded_orders.changed_fields(rng, order).items():
            assert order_digest(changed, domain) != digest, name


def test_the_domain_is_part_of_the_digest(order: SignedOrder, domain: Domain) -> None:
    other_chain = attrs.evolve(domain, chain_id=domain.chain_id % 2**255 + 1)
    other_contract = attrs.evolve(domain, verifying_contract="0x" + "11" * 20)
    digests = {order_digest(order, of) for of in (domain, other_chain, other_contract)}
    assert len(digests) == 3


def test_what_the_engine_alone_enforces_is_not_signed(order: SignedOrder, domain: Domain) -> None:
    changed = msgspec.structs.replace(
        order,
        self_trade=SelfTradeMode.CANCEL_BOTH,
        client_order_id=ClientOrderId("mine"),
        signature=b"any",
    )
    assert order_digest(changed, domain) == order_digest(order, domain)


def test_authorizing_keeps_what_the_contract_will_check(
    order: SignedOrder, domain: Domain, signer: LocalSigner
) -> None:
    signed = signer.sign_order(order, domain)
    proof = authorize(signed, domain)

    assert proof.signer == order.trader
    assert proof.kind == 0
    assert proof.order_hash == order_digest(order, domain)
    assert proof.signature == compact_signature(signed.signature)
    assert len(proof.signature) == 64
    assert (proof.max_fee_ppm, proof.expiry_s) == (order.max_fee_ppm, order.expiry_s)
    assert Nonce.unpack(proof.nonce) == order.nonce


def test_both_forms_of_a_signature_give_the_same_proof(
    order: SignedOrder, domain: Domain, signer: LocalSigner
) -> None:
    signed = signer.sign_order(order, domain)
    compact = msgspec.structs.replace(signed, signature=compact_signature(signed.signature))
    assert authorize(compact, domain) == authorize(signed, domain)


def test_a_signature_over_other_terms_is_refused(
    rng: random.Random, order: SignedOrder, domain: Domain, signer: LocalSigner
) -> None:
    signature = signer.sign_order(order, domain).signature
    for name, changed in seeded_orders.changed_fields(rng, order).items():
        with pytest.raises(SignatureError, match="over other terms, chain or contract"):
            authorize(msgspec.structs.replace(changed, signature=signature), domain)
        print(f"refused: {name}")  # noqa: T201 # shown when a later one is not


def test_a_signature_for_another_deployment_is_refused(
    rng: random.Random, order: SignedOrder, domain: Domain, signer: LocalSigner
) -> None:
    signed = signer.sign_order(order, seeded_orders.domain(rng))
    with pytest.raises(SignatureError, match="signature: made by 0x"):
        authorize(signed, domain)


def test_another_spelling_of_the_trader_is_refused(
    order: SignedOrder, domain: Domain, signer: LocalSigner
) -> None:
    signed = signer.sign_order(order, domain)
    lower_case = AccountId(order.trader.lower())
    with pytest.raises(SignatureError, match="trader: its capitals are not the EIP-55 checksum"):
        authorize(msgspec.structs.replace(signed, trader=lower_case), domain)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("quantity", {"quantity": 2**128}),
        ("quantity", {"quantity": -1}),
        ("price", {"price": 2**128, "quantity": 1}),
        ("max_fee_ppm", {"max_fee_ppm": 2**16}),
        ("max_fee_ppm", {"max_fee_ppm": -1}),
        ("expiry", {"expiry_s": 2**40}),
        ("expiry", {"expiry_s": -1}),
    ],
)
def test_a_field_that_does_not_fit_its_type_is_refused_by_name(
    order: SignedOrder, domain: Domain, field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(SignatureError, match="does not fit the signed field") as refused:
        order_digest(msgspec.structs.replace(order, **changes), domain)
    assert refused.value.field == field


def test_a_market_without_tokens_has_no_digest(order: SignedOrder, domain: Domain) -> None:
    offline = attrs.evolve(order.market, quote=attrs.evolve(order.market.quote, token=None))
    with pytest.raises(ConfigurationError, match=r"asset QUOTE has no token address.*Asset\.token"):
        order_digest(msgspec.structs.replace(order, market=offline), domain)
