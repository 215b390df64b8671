"""Receipts for what happened: the digests of eth-account, every field covered, wrong names refused."""

import json
import random
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from eth_account.messages import encode_typed_data

from hybrid_dex.errors import SignatureError
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.receipts import JournalReceipt, ReceiptKind
from hybrid_dex.model.units import AccountId, MarketId
from hybrid_dex.signing import (
    JOURNAL_RECEIPT_TYPE_HASH,
    LocalSigner,
    journal_receipt_digest,
    journal_receipt_typed_data,
    keccak256,
    recover_address,
)
from tests.signing import seeded_orders
from tests.tiers import count

TYPE = (
    "JournalReceipt(uint8 kind,address trader,uint32 market,uint64 orderId,bytes32 orderHash,"
    "uint64 fillId,uint8 side,uint48 price,uint48 quantity,uint48 open,uint48 filled,"
    "uint40 sequence,uint32 index,uint64 atNs,uint64 position,bytes32 frameHash)"
)


def receipt(rng: random.Random) -> JournalReceipt:
    """Any receipt, its fields over their whole ranges."""

    def integer(bits: int) -> Any:
        return rng.choice([0, 2**bits - 1, rng.randrange(2**bits)])

    return JournalReceipt(
        kind=rng.choice(list(ReceiptKind)),
        trader=AccountId(seeded_orders.address(rng)),
        market=MarketId("BASE-QUOTE"),
        order_id=integer(64),
        order_hash=rng.randbytes(32),
        fill_id=integer(64),
        side=rng.choice(list(Side)),
        price=integer(48),
        quantity=integer(48),
        open=integer(48),
        filled=integer(48),
        sequence=integer(40),
        index=integer(32),
        at_ns=integer(64),
        position=integer(64),
        frame_hash=rng.randbytes(32),
    )


def receipt_of(message: Mapping[str, Any]) -> JournalReceipt:
    """The receipt in a typed-data document."""

    def integer(name: str) -> Any:
        return int(message[name])

    return JournalReceipt(
        kind=ReceiptKind(message["kind"]),
        trader=AccountId(message["trader"]),
        market=MarketId("BASE-QUOTE"),
        order_id=integer("orderId"),
        order_hash=bytes.fromhex(message["orderHash"][2:]),
        fill_id=integer("fillId"),
        side=Side(message["side"]),
        price=integer("price"),
        quantity=integer("quantity"),
        open=integer("open"),
        filled=integer("filled"),
        sequence=integer("sequence"),
        index=integer("index"),
        at_ns=integer("atNs"),
        position=integer("position"),
        frame_hash=bytes.fromhex(message["frameHash"][2:]),
    )


def market_of(message: Mapping[str, Any]) -> Market:
    """A market of the number that a document names."""
    market = seeded_orders.market(random.Random(0))
    return attrs.evolve(market, number=message["market"])


def test_the_type_is_the_documented_one() -> None:
    assert keccak256(TYPE.encode()) == JOURNAL_RECEIPT_TYPE_HASH


def test_digests_are_those_of_eth_account(rng: random.Random) -> None:
    """And what the operator signed, anybody recovers."""
    operator = LocalSigner(rng.randbytes(32))
    for _ in range(count(fast=50, full=10_000)):
        domain, market, one = seeded_orders.domain(rng), seeded_orders.market(rng), receipt(rng)
        digest = journal_receipt_digest(one, market, domain)
        shown = json.loads(json.dumps(journal_receipt_typed_data(one, market, domain)))
        assert digest == seeded_orders.reference_digest(encode_typed_data(full_message=shown))
        assert receipt_of(shown["message"]) == one
        assert recover_address(digest, operator.sign_digest(digest)) == operator.address


def test_every_field_changes_the_digest(rng: random.Random) -> None:
    """Chain and contract too."""
    domain, market, one = seeded_orders.domain(rng), seeded_orders.market(rng), receipt(rng)
    changes: list[dict[str, Any]] = [
        {"kind": ReceiptKind(one.kind % 6 + 1)},
        {"trader": AccountId(seeded_orders.address(rng))},
        {"side": Side(1 - one.side)},
        {"order_hash": bytes(32)},
        {"frame_hash": bytes(31) + b"x"},
    ]
    for name in (
        *("order_id", "fill_id", "price", "quantity", "open", "filled", "sequence", "index"),
        *("at_ns", "position"),
    ):
        changes.append({name: getattr(one, name) ^ 1})
    digests = [
        journal_receipt_digest(attrs.evolve(one, **change), market, domain) for change in changes
    ]
    digests.append(journal_receipt_digest(one, market, domain))
    renumbered = attrs.evolve(market, number=market.number ^ 1)
    digests.append(journal_receipt_digest(one, renumbered, domain))
    digests.append(journal_receipt_digest(one, market, seeded_orders.domain(rng)))
    assert len(set(digests)) == len(digests) == len(attrs.fields(JournalReceipt)) + 2


def test_what_can_not_be_signed_is_refused(rng: random.Random) -> None:
    """Another market, a trader without an address, a number that does not fit."""
    domain, market, one = seeded_orders.domain(rng), seeded_orders.market(rng), receipt(rng)
    with pytest.raises(SignatureError, match="market: is BASE-QUOTE"):
        journal_receipt_digest(one, attrs.evolve(market, id=MarketId("X")), domain)
    with pytest.raises(SignatureError, match="trader: not an address"):
        journal_receipt_digest(attrs.evolve(one, trader=AccountId("bob")), market, domain)
    for field, bits in (("price", 48), ("sequence", 40), ("order_id", 64)):
        with pytest.raises(ValueError, match=field):
            attrs.evolve(one, **{field: 1 << bits})
