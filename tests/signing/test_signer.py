"""A local signer makes the bytes that eth-account makes, and keeps its key to itself."""

import random

import msgspec
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import LocalSigner, recover_personal
from hybrid_dex.signing.recover import CURVE_ORDER
from tests.signing import seeded_orders
from tests.tiers import count


def test_orders_are_signed_as_eth_account_signs_them(rng: random.Random) -> None:
    for _ in range(count(fast=50, full=1_000)):
        key, domain = seeded_orders.private_key(rng), seeded_orders.domain(rng)
        signer = LocalSigner(key)
        order = seeded_orders.order(rng, AccountId(signer.address))
        message = seeded_orders.reference_message(order, domain)
        expected = bytes(seeded_orders.reference_signature(message, key).signature)
        assert signer.sign_order(order, domain) == msgspec.structs.replace(
            order, signature=expected
        )


@pytest.mark.parametrize("text", ["", "hello", "z\u00fcrich \u20bf", "x" * 1000])
def test_texts_are_signed_as_eth_account_signs_them(rng: random.Random, text: str) -> None:
    key = seeded_orders.private_key(rng)
    signature = LocalSigner(key).sign_text(text)
    assert signature == Account.sign_message(encode_defunct(text=text), key).signature
    assert recover_personal(text, signature) == LocalSigner(key).address


def test_a_key_may_be_bytes_or_hexadecimal_text(rng: random.Random) -> None:
    raw = rng.randbytes(32)
    addresses = {LocalSigner(key).address for key in (raw, raw.hex(), "0x" + raw.hex())}
    assert addresses == {Account.from_key(raw).address}


@pytest.mark.parametrize(
    "key",
    [
        b"",
        bytes(31),
        bytes(33),
        bytes(32),
        CURVE_ORDER.to_bytes(32, "big"),
        "0x12",
        "not hexadecimal",
        "0x" + "zz" * 32,
    ],
)
def test_what_is_no_key_is_refused_without_repeating_it(key: bytes | str) -> None:
    with pytest.raises(ConfigurationError, match="the private key is not 32 bytes") as refused:
        LocalSigner(key)
    assert refused.value.__cause__ is None
    assert str(key) not in str(refused.value)


def test_the_key_is_not_shown(rng: random.Random) -> None:
    raw = rng.randbytes(32)
    signer = LocalSigner(raw)
    assert repr(signer) == f"LocalSigner(address={signer.address!r})"


def test_an_order_of_another_trader_is_refused(rng: random.Random) -> None:
    signer = LocalSigner(rng.randbytes(32))
    order = seeded_orders.order(rng, AccountId(seeded_orders.address(rng)))
    with pytest.raises(SignatureError, match="trader: is 0x"):
        signer.sign_order(order, seeded_orders.domain(rng))


def test_a_digest_of_another_length_is_refused(rng: random.Random) -> None:
    with pytest.raises(SignatureError, match="digest: 31 bytes"):
        LocalSigner(rng.randbytes(32)).sign_digest(bytes(31))
