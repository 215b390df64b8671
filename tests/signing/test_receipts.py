"""Vouchers and cancel receipts: the digests of eth-account, every field covered, wrong names refused."""

import json
import random

import attrs
import pytest
from eth_account.messages import encode_typed_data

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.market import Asset
from hybrid_dex.model.units import AccountId, AssetId, MarketId
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.signing import (
    CANCEL_RECEIPT_TYPE_HASH,
    VOUCHER_TYPE_HASH,
    LocalSigner,
    cancel_receipt_digest,
    cancel_receipt_typed_data,
    keccak256,
    recover_address,
    voucher_digest,
    voucher_typed_data,
)
from tests.signing import seeded_orders
from tests.tiers import count

VOUCHER = (
    "Voucher(address account,address token,uint128 amount,address recipient,uint256 salt,"
    "uint40 deadline,uint48 minBatch)"
)
RECEIPT = "CancelReceipt(address trader,uint32 market,uint64 nonce,uint48 filled,uint48 sequence)"


def asset(rng: random.Random) -> Asset:
    return Asset(id=AssetId("USDC"), decimals=6, token=seeded_orders.address(rng))


def voucher(rng: random.Random) -> Voucher:
    """Any voucher, its fields over their whole ranges."""
    return Voucher(
        account=AccountId(seeded_orders.address(rng)),
        asset=AssetId("USDC"),
        amount=seeded_orders.integer(rng, 2**112 - 1),
        recipient=seeded_orders.address(rng),
        salt=rng.choice([0, 2**256 - 1, rng.randrange(2**256)]),
        deadline_s=rng.choice([0, 2**40 - 1, rng.randrange(2**40)]),
        min_batch=rng.choice([0, 2**48 - 1, rng.randrange(2**48)]),
    )


def receipt(rng: random.Random) -> CancelReceipt:
    """Any receipt."""
    return CancelReceipt(
        trader=AccountId(seeded_orders.address(rng)),
        market=MarketId("BASE-QUOTE"),
        nonce=rng.choice([0, 2**64 - 1, rng.randrange(2**64)]),
        filled=rng.choice([0, 2**48 - 1, rng.randrange(2**48)]),
        sequence=rng.choice([0, 2**48 - 1, rng.randrange(2**48)]),
    )


def reference(document: dict[str, object]) -> bytes:
    """The digest that eth-account computes from a document as a wallet receives it."""
    return seeded_orders.reference_digest(
        encode_typed_data(full_message=json.loads(json.dumps(document)))
    )


def test_the_types_are_the_contracts() -> None:
    assert keccak256(VOUCHER.encode()) == VOUCHER_TYPE_HASH
    assert keccak256(RECEIPT.encode()) == CANCEL_RECEIPT_TYPE_HASH


def test_digests_are_those_of_eth_account(rng: random.Random) -> None:
    for _ in range(count(fast=50, full=10_000)):
        domain, token, market = seeded_orders.domain(rng), asset(rng), seeded_orders.market(rng)
        one, other = voucher(rng), receipt(rng)
        assert voucher_digest(one, token, domain) == reference(
            voucher_typed_data(one, token, domain)
        )
        assert cancel_receipt_digest(other, market, domain) == reference(
            cancel_receipt_typed_data(other, market, domain)
        )


def test_every_field_changes_the_digest(rng: random.Random) -> None:
    domain, token, market = seeded_orders.domain(rng), asset(rng), seeded_orders.market(rng)
    one, other = voucher(rng), receipt(rng)
    address = AccountId(seeded_orders.address(rng))
    vouchers = [
        voucher_digest(changed, token, domain)
        for changed in (
            one,
            attrs.evolve(one, account=address),
            attrs.evolve(one, amount=one.amount ^ 2 or 1),
            attrs.evolve(one, recipient=address),
            attrs.evolve(one, salt=one.salt ^ 1),
            attrs.evolve(one, deadline_s=one.deadline_s ^ 1),
            attrs.evolve(one, min_batch=one.min_batch ^ 1),
        )
    ]
    vouchers.append(voucher_digest(one, asset(rng), domain))
    vouchers.append(voucher_digest(one, token, seeded_orders.domain(rng)))
    receipts = [
        cancel_receipt_digest(changed, market, domain)
        for changed in (
            other,
            attrs.evolve(other, trader=address),
            attrs.evolve(other, nonce=other.nonce ^ 1),
            attrs.evolve(other, filled=other.filled ^ 1),
            attrs.evolve(other, sequence=other.sequence ^ 1),
        )
    ]
    renumbered = attrs.evolve(market, number=market.number ^ 1)
    receipts.append(cancel_receipt_digest(other, renumbered, domain))
    receipts.append(cancel_receipt_digest(other, market, seeded_orders.domain(rng)))
    assert len({*vouchers, *receipts}) == len(vouchers) + len(receipts)


def test_a_trader_can_tell_who_signed(rng: random.Random) -> None:
    operator, domain, token = LocalSigner(rng.randbytes(32)), seeded_orders.domain(rng), asset(rng)
    digest = voucher_digest(voucher(rng), token, domain)
    assert recover_address(digest, operator.sign_digest(digest)) == operator.address


def test_another_asset_or_market_is_refused(rng: random.Random) -> None:
    domain, token, market = seeded_orders.domain(rng), asset(rng), seeded_orders.market(rng)
    with pytest.raises(SignatureError, match="asset: is USDC"):
        voucher_digest(voucher(rng), attrs.evolve(token, id=AssetId("DAI")), domain)
    with pytest.raises(ConfigurationError, match="no token address"):
        voucher_digest(voucher(rng), attrs.evolve(token, token=None), domain)
    with pytest.raises(SignatureError, match="recipient: not an address"):
        voucher_digest(attrs.evolve(voucher(rng), recipient="bob"), token, domain)
    with pytest.raises(SignatureError, match="market: is BASE-QUOTE"):
        cancel_receipt_digest(receipt(rng), attrs.evolve(market, id=MarketId("X")), domain)
