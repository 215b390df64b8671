"""Recovery accepts exactly two byte forms of a low-s signature and refuses every other."""

import random

import pytest
from eth_account import Account
from eth_keys.datatypes import Signature

from hybrid_dex.errors import SignatureError
from hybrid_dex.signing import (
    LocalSigner,
    checksum_address,
    compact_signature,
    expand_signature,
    recover_address,
)
from hybrid_dex.signing.recover import CURVE_ORDER
from tests.tiers import count


@pytest.fixture
def signer(rng: random.Random) -> LocalSigner:
    return LocalSigner(rng.randbytes(32))


@pytest.fixture
def digest(rng: random.Random) -> bytes:
    return rng.randbytes(32)


@pytest.fixture
def signature(signer: LocalSigner, digest: bytes) -> bytes:
    return signer.sign_digest(digest)


def scalar(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_the_signer_is_recovered_from_either_form(rng: random.Random) -> None:
    for _ in range(count(fast=200, full=5_000)):
        signer, digest = LocalSigner(rng.randbytes(32)), rng.randbytes(32)
        signature = signer.sign_digest(digest)
        compact = compact_signature(signature)
        assert recover_address(digest, signature) == signer.address
        assert recover_address(digest, compact) == signer.address
        assert expand_signature(compact) == signature
        assert compact_signature(compact) == compact


def test_recovery_agrees_with_an_independent_implementation(rng: random.Random) -> None:
    for _ in range(count(fast=30, full=500)):
        digest, signature = (
            rng.randbytes(32),
            LocalSigner(rng.randbytes(32)).sign_digest(rng.randbytes(32)),
        )
        public_key = Signature(
            signature[:64] + bytes((signature[64] - 27,))
        ).recover_public_key_from_msg_hash(digest)
        assert recover_address(digest, signature) == public_key.to_checksum_address()


def test_the_example_of_eip_2098_packs_as_it_says() -> None:
    r = bytes.fromhex("9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76")
    s = bytes.fromhex("139c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793")
    vs = bytes.fromhex("939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793")
    assert compact_signature(r + s + bytes((28,))) == r + vs
    assert expand_signature(r + vs) == r + s + bytes((28,))


@pytest.mark.parametrize("length", [0, 1, 32, 63, 66, 96, 130])
def test_another_length_is_refused(signature: bytes, digest: bytes, length: int) -> None:
    padded = (signature * 3)[:length]
    with pytest.raises(SignatureError, match=f"signature: {length} bytes; valid: 65 bytes"):
        recover_address(digest, padded)


@pytest.mark.parametrize("v", [v for v in range(256) if v not in (27, 28)])
def test_another_v_is_refused(signature: bytes, digest: bytes, v: int) -> None:
    with pytest.raises(SignatureError, match=f"signature: v is {v};"):
        recover_address(digest, signature[:64] + bytes((v,)))


def test_the_plain_parity_of_hardware_wallets_is_accepted_only_on_request(
    signer: LocalSigner, signature: bytes, digest: bytes
) -> None:
    plain = signature[:64] + bytes((signature[64] - 27,))
    assert recover_address(digest, plain, plain_parity=True) == signer.address
    assert recover_address(digest, signature, plain_parity=True) == signer.address
    with pytest.raises(SignatureError, match="v is 2;"):
        recover_address(digest, signature[:64] + b"\x02", plain_parity=True)


def test_the_high_twin_of_a_signature_is_refused_although_eth_account_takes_it(
    signer: LocalSigner, signature: bytes, digest: bytes
) -> None:
    s = int.from_bytes(signature[32:64], "big")
    twin = signature[:32] + scalar(CURVE_ORDER - s) + bytes((55 - signature[64],))
    assert Account._recover_hash(digest, signature=twin) == signer.address
    with pytest.raises(SignatureError, match="s is in the upper half"):
        recover_address(digest, twin)
    with pytest.raises(SignatureError, match="s is in the upper half"):
        compact_signature(twin)


def test_the_largest_low_s_is_in_range_and_the_next_is_not(signature: bytes, digest: bytes) -> None:
    half = CURVE_ORDER // 2
    assert recover_address(digest, signature[:32] + scalar(half) + b"\x1b")
    with pytest.raises(SignatureError, match="s is in the upper half"):
        recover_address(digest, signature[:32] + scalar(half + 1) + b"\x1b")


@pytest.mark.parametrize("r", [0, CURVE_ORDER, CURVE_ORDER + 1, 2**256 - 1])
def test_r_out_of_range_is_refused(signature: bytes, digest: bytes, r: int) -> None:
    for tail in (signature[32:], compact_signature(signature)[32:]):
        with pytest.raises(SignatureError, match="r is out of range"):
            recover_address(digest, scalar(r) + tail)


@pytest.mark.parametrize("s", [0, CURVE_ORDER, 2**256 - 1])
def test_s_out_of_range_is_refused(signature: bytes, digest: bytes, s: int) -> None:
    with pytest.raises(SignatureError, match="s is out of range"):
        recover_address(digest, signature[:32] + scalar(s) + signature[64:])


def test_a_compact_s_of_zero_is_refused(signature: bytes, digest: bytes) -> None:
    for vs in (0, 1 << 255):
        with pytest.raises(SignatureError, match="s is out of range"):
            recover_address(digest, signature[:32] + scalar(vs))


def test_an_r_that_is_no_point_is_refused(digest: bytes) -> None:
    # 5 is the smallest r for which x**3 + 7 has no square root modulo p.
    with pytest.raises(SignatureError, match="no public key fits it"):
        recover_address(digest, scalar(5) + scalar(1) + b"\x1b")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_digest_of_another_length_is_refused(signature: bytes, length: int) -> None:
    with pytest.raises(SignatureError, match=f"digest: {length} bytes; valid: 32 bytes"):
        recover_address(bytes(length), signature)


def test_any_changed_bit_changes_the_signer_or_is_refused(
    rng: random.Random, signer: LocalSigner, signature: bytes, digest: bytes
) -> None:
    for _ in range(count(fast=200, full=2_000)):
        position = rng.randrange(65 * 8)
        changed = bytearray(signature)
        changed[position // 8] ^= 1 << position % 8
        try:
            recovered = recover_address(digest, bytes(changed))
        except SignatureError:
            continue
        assert recovered != signer.address, position


def test_random_bytes_are_refused_or_name_a_stranger(
    rng: random.Random, signer: LocalSigner
) -> None:
    for _ in range(count(fast=500, full=5_000)):
        noise = rng.randbytes(rng.choice([64, 65, rng.randrange(100)]))
        try:
            recovered = recover_address(rng.randbytes(32), noise)
        except SignatureError:
            continue
        assert recovered != signer.address
        assert recovered == checksum_address(bytes.fromhex(recovered[2:]))
