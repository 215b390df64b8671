"""Who signed a digest: strict public key recovery, and the two byte forms of a signature.

An ECDSA signature (r, s) with one bit of parity names its signer. Three things make the same
signature writable in several ways, and all of them are shut:

- s and n - s both verify: only the lower half is accepted (EIP-2), as the contract does.
- v has been written as 0/1, 27/28 and with a chain id: only 27 and 28 are accepted for orders.
  Some hardware wallets answer a login with 0/1, so logins may pass ``plain_parity``.
- Length: 65 bytes r, s, v; or 64 bytes r, vs (EIP-2098), where the top bit of s is the parity.

A signature must still never be an identity: replay protection keys on trader and nonce.
Nothing here knows what was signed. Recovery itself is libsecp256k1, called through coincurve's
binding without its Python layer, which releases the interpreter while it computes; eth-account
takes a high s and any odd v, and is six times slower.
"""

import functools
from typing import Any, Final

import msgspec
from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT

from hybrid_dex.errors import SignatureError
from hybrid_dex.signing.address import checksum_address
from hybrid_dex.signing.keccak import keccak256

__all__ = [
    "CURVE_ORDER",
    "Scalars",
    "compact_signature",
    "expand_signature",
    "recover_address",
    "recover_address_bytes",
    "split_signature",
]

CURVE_ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""n of secp256k1: r and s are below it."""

_DIGEST_BYTES: Final = 32
_COMPACT_BYTES: Final = 64
_FULL_BYTES: Final = 65
_V_BASE: Final = 27
_FORMS: Final = "65 bytes r, s, v (27 or 28), or 64 bytes r, vs (EIP-2098)"

# Big-endian bytes of one length compare as the numbers that they are.
_ZERO: Final = bytes(32)
_ORDER: Final = CURVE_ORDER.to_bytes(32, "big")
_HALF_ORDER: Final = (CURVE_ORDER // 2).to_bytes(32, "big")

_CONTEXT: Final = GLOBAL_CONTEXT.ctx
_KEY_BYTES: Final = 65
_UNCOMPRESSED: Final = lib.SECP256K1_EC_UNCOMPRESSED
_parse = lib.secp256k1_ecdsa_recoverable_signature_parse_compact
_recover = lib.secp256k1_ecdsa_recover
_serialize = lib.secp256k1_ec_pubkey_serialize


_spare: Final[list[tuple[Any, Any, Any]]] = []
"""Structures that nobody recovers with just now, as many as were ever at work at once: making them anew is a tenth
of the cost. Taking one out and putting it back are one step each, so threads share them."""


class Scalars(msgspec.Struct, frozen=True, gc=False):
    """A signature in the one form that is accepted.

    Attributes:
        rs: r and s, 64 bytes; both in range, s in the lower half.
        parity: 0 or 1.
    """

    rs: bytes
    parity: int

    @property
    def compact(self) -> bytes:
        """The 64 bytes r, vs (EIP-2098)."""
        rs = self.rs
        return rs[:32] + bytes((rs[32] | 0x80,)) + rs[33:] if self.parity else rs


def _structures() -> tuple[Any, Any, Any]:
    """Make what a recovery writes to: a signature, a public key, and the key's bytes."""
    key = ffi.new("secp256k1_pubkey *")
    return ffi.new("secp256k1_ecdsa_recoverable_signature *"), key, ffi.buffer(key)


@functools.lru_cache(maxsize=16_384)
def _address(key: bytes) -> bytes:
    """Return the address of a public key as the library keeps it; those who trade come again."""
    point = ffi.new("unsigned char[]", _KEY_BYTES)
    size = ffi.new("size_t *", _KEY_BYTES)
    structure = ffi.from_buffer("secp256k1_pubkey *", key)
    _serialize(_CONTEXT, point, size, structure, _UNCOMPRESSED)
    return keccak256(ffi.buffer(point)[1:])[-20:]


def recover_address(digest: bytes, signature: bytes, *, plain_parity: bool = False) -> str:
    """Return the EIP-55 address that signed ``digest``.

    Args:
        digest: the 32 bytes that were signed.
        signature: 65 bytes r, s, v with v 27 or 28; or 64 bytes r, vs.
        plain_parity: also accept v 0 or 1 in the 65-byte form.

    Raises:
        SignatureError: any other form, r or s out of range, a high s, or no such public key.
    """
    scalars = split_signature(signature, plain_parity=plain_parity)
    return checksum_address(recover_address_bytes(digest, scalars))


def recover_address_bytes(digest: bytes, scalars: Scalars) -> bytes:
    """Return the 20 bytes of the address that signed ``digest``.

    Raises:
        SignatureError: the digest is not 32 bytes, or no public key fits.
    """
    if len(digest) != _DIGEST_BYTES:
        raise SignatureError("digest", f"{len(digest)} bytes", "32 bytes")
    try:
        structures = _spare.pop()
    except IndexError:
        structures = _structures()
    signature, key, written = structures
    if not (
        _parse(_CONTEXT, signature, scalars.rs, scalars.parity)
        and _recover(_CONTEXT, key, signature, digest)
    ):
        raise SignatureError("signature", "no public key fits it", "a signature over this digest")
    address = _address(written[:])
    _spare.append(structures)
    return address


def compact_signature(signature: bytes) -> bytes:
    """Return the 64-byte form r, vs (EIP-2098), as batch calldata carries it.

    Raises:
        SignatureError: as `recover_address`.
    """
    return split_signature(signature).compact


def expand_signature(signature: bytes) -> bytes:
    """Return the 65-byte form r, s, v with v 27 or 28, as wallets give it.

    Raises:
        SignatureError: as `recover_address`.
    """
    scalars = split_signature(signature)
    return scalars.rs + bytes((_V_BASE + scalars.parity,))


def split_signature(signature: bytes, *, plain_parity: bool = False) -> Scalars:
    """Return r, s and the parity, having refused every doubtful form.

    Raises:
        SignatureError: as `recover_address`.
    """
    size = len(signature)
    if size == _FULL_BYTES:
        v = signature[64]
        parity = v if plain_parity and v <= 1 else v - _V_BASE
        if parity not in (0, 1):
            raise SignatureError("signature", f"v is {v}", _FORMS)
        rs = bytes(signature[:64])
    elif size == _COMPACT_BYTES:
        parity = signature[32] >> 7
        rs = signature[:32] + bytes((signature[32] & 0x7F,)) + signature[33:]
    else:
        raise SignatureError("signature", f"{size} bytes", _FORMS)
    r, s = rs[:32], rs[32:]
    if not _ZERO < r < _ORDER:
        raise SignatureError("signature", "r is out of range", "0 < r < n")
    if not _ZERO < s <= _HALF_ORDER:
        reason = "s is in the upper half" if _HALF_ORDER < s < _ORDER else "s is out of range"
        raise SignatureError("signature", reason, "0 < s <= n / 2 (EIP-2)")
    return Scalars(rs, parity)
