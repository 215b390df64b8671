"""Keccak-256 as Ethereum uses it: the original padding, not that of SHA3-256.

Nothing else may stand here: one function, so that the hash's library is named in one place. It is
called as it is, without a wrapper: an order needs it five times.

>>> keccak256(b"").hex()
'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'
"""

from tiny_keccak import keccak256

__all__ = ["keccak256"]
