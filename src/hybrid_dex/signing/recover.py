"""Who signed a digest: strict public key recovery, and the two byte forms of a signature.

An ECDSA signature (r, s) with one bit of parity names its signer. Three things make the same
signature writable in several ways, and all of them are shut:

- s and n - s both verify: only the lower half is accepted (EIP-2), as the contract does.
- v has been written as 0/1, 27/28 and with a chain id: only 27 and 28 are accepted for orders.
  Some hardware wallets answer a login with 0/1, so logins may pass ``plain_parity``.
- Length: 65 bytes r, s, v; or 64 bytes r, vs (EIP-2098), where the top bit of s is the parity.

A signature must still never be an identity: replay protection keys on trader and nonce.
Nothing here knows what was signed. Recovery itself is libsecp256k1 through coincurve; eth-account
takes a high s and any odd v, and is six times slower.
"""

from typing import Final

from coincurve import PublicKey

from hybrid_dex.errors import SignatureError
from hybrid_dex.signing.address import checksum_address
from hybrid_dex.signing.keccak import keccak256

__all__ = [
    "CURVE_ORDER",
    "compact_signature",
    "expand_signature",
    "recover_address",
    "recover_address_bytes",
]

CURVE_ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""n of secp256k1: r and s are below it."""

_HALF_ORDER: Final = CURVE_ORDER // 2
_PARITY_BIT: Final = 1 << 255
_DIGEST_BYTES: Final = 32
_COMPACT_BYTES: Final = 64
_FULL_BYTES: Final = 65
_V_BASE: Final = 27
_FORMS: Final = "65 bytes r, s, v (27 or 28), or 64 bytes r, vs (EIP-2098)"


def recover_address(digest: bytes, signature: bytes, *, plain_parity: bool = False) -> str:
    """Return the EIP-55 address that signed ``digest``.

    Args:
        digest: the 32 bytes that were signed.
        signature: 65 bytes r, s, v with v 27 or 28; or 64 bytes r, vs.
        plain_parity: also accept v 0 or 1 in the 65-byte form.

    Raises:
        SignatureError: any other form, r or s out of range, a high s, or no such public key.
    """
    return checksum_address(recover_address_bytes(digest, signature, plain_parity=plain_parity))


def recover_address_bytes(digest: bytes, signature: bytes, *, plain_parity: bool = False) -> bytes:
    """Return the 20 bytes of the address that signed ``digest``; see `recover_address`."""
    if len(digest) != _DIGEST_BYTES:
        raise SignatureError("digest", f"{len(digest)} bytes", "32 bytes")
    scalars, parity = _split(signature, plain_parity=plain_parity)
    try:
        key = PublicKey.from_signature_and_message(scalars + bytes((parity,)), digest, hasher=None)
    except ValueError as error:
        raise SignatureError(
            "signature", "no public key fits it", "a signature over this digest"
        ) from error
    return keccak256(key.format(compressed=False)[1:])[-20:]


def compact_signature(signature: bytes) -> bytes:
    """Return the 64-byte form r, vs (EIP-2098), as batch calldata carries it.

    Raises:
        SignatureError: as `recover_address`.
    """
    scalars, parity = _split(signature)
    if not parity:
        return scalars
    return scalars[:32] + bytes((scalars[32] | 0x80,)) + scalars[33:]


def expand_signature(signature: bytes) -> bytes:
    """Return the 65-byte form r, s, v with v 27 or 28, as wallets give it.

    Raises:
        SignatureError: as `recover_address`.
    """
    scalars, parity = _split(signature)
    return scalars + bytes((_V_BASE + parity,))


def _split(signature: bytes, *, plain_parity: bool = False) -> tuple[bytes, int]:
    """Return r and s (64 bytes) and the parity (0 or 1), having refused every doubtful form."""
    if len(signature) == _FULL_BYTES:
        v = signature[64]
        parity = v if plain_parity and v <= 1 else v - _V_BASE
        if parity not in (0, 1):
            raise SignatureError("signature", f"v is {v}", _FORMS)
        scalars = bytes(signature[:64])
        s = int.from_bytes(scalars[32:], "big")
    elif len(signature) == _COMPACT_BYTES:
        vs = int.from_bytes(signature[32:], "big")
        parity, s = vs >> 255, vs & ~_PARITY_BIT
        scalars = bytes(signature[:32]) + s.to_bytes(32, "big")
    else:
        raise SignatureError("signature", f"{len(signature)} bytes", _FORMS)
    if not 0 < int.from_bytes(scalars[:32], "big") < CURVE_ORDER:
        raise SignatureError("signature", "r is out of range", "0 < r < n")
    if not 0 < s <= _HALF_ORDER:
        reason = "s is in the upper half" if _HALF_ORDER < s < CURVE_ORDER else "s is out of range"
        raise SignatureError("signature", reason, "0 < s <= n / 2 (EIP-2)")
    return scalars, parity
