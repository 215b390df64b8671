"""Ethereum addresses: 20 bytes, and the one text form that is accepted for them.

The text of an address is an account's identity here, so two spellings of one address must
never name two accounts: only the EIP-55 form is accepted, where the case of each letter is a
checksum. Lower case without a checksum is refused, although many tools print it.
"""

import functools
import re
from typing import Final

from hybrid_dex.errors import SignatureError
from hybrid_dex.signing.keccak import keccak256

__all__ = ["ADDRESS_BYTES", "ZERO_ADDRESS", "checksum_address", "parse_address"]

ADDRESS_BYTES: Final = 20
ZERO_ADDRESS: Final = "0x" + "0" * 40
"""The address that nobody holds: it never signs and never trades."""

_GRAMMAR: Final = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_VALID: Final = "0x and 40 hexadecimal digits with the capitals of EIP-55"


@functools.lru_cache(maxsize=65_536)
def checksum_address(raw: bytes) -> str:
    """Return the EIP-55 text of a 20-byte address.

    >>> checksum_address(bytes.fromhex("c02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"))
    '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2'

    Raises:
        SignatureError: ``raw`` is not 20 bytes.
    """
    if len(raw) != ADDRESS_BYTES:
        raise SignatureError("address", f"{len(raw)} bytes", "20 bytes")
    digits = raw.hex()
    pattern = keccak256(digits.encode("ascii")).hex()
    cased = (
        digit.upper() if nibble >= "8" else digit
        for digit, nibble in zip(
            digits, pattern, strict=False
        )  # the hash is longer than the address
    )
    return "0x" + "".join(cased)


@functools.lru_cache(maxsize=65_536)
def parse_address(text: str, field: str = "address") -> bytes:
    """Return the 20 bytes of an address in EIP-55 text.

    Args:
        text: ``0x`` and 40 hexadecimal digits whose capitals are the EIP-55 checksum.
        field: the name used in the error.

    Raises:
        SignatureError: another form, or capitals that do not match: a mistyped address.
    """
    if _GRAMMAR.fullmatch(text) is None:
        raise SignatureError(field, "not an address", _VALID)
    raw = bytes.fromhex(text[2:])
    expected = checksum_address(raw)
    if text != expected:
        raise SignatureError(field, "its capitals are not the EIP-55 checksum", expected)
    return raw
