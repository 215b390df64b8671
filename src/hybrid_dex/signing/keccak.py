"""Keccak-256 as Ethereum uses it: the original padding, not that of SHA3-256.

Nothing else may stand here: one function, so that the hash's library is named in one place.
"""

from collections.abc import Callable
from typing import Any, Final

import sha3

__all__ = ["keccak256"]

_keccak_256: Final[Callable[[bytes], Any]] = sha3.keccak_256  # the module has no types


def keccak256(data: bytes) -> bytes:
    """Return the 32 bytes of Keccak-256 over ``data``.

    >>> keccak256(b"").hex()
    'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
    """
    digest: bytes = _keccak_256(data).digest()
    return digest
