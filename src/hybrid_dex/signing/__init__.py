"""Digests and signatures: who signed what, for which contract on which chain.

This room is pure: bytes in, bytes out. It never reads a clock or draws randomness, never talks
to a chain, and never decides whether a signed order or login is wanted. It needs the ``signing``
extra: libsecp256k1 through coincurve, and Keccak-256.

- `Domain`, `order_digest`, `typed_data`, `authorize`: EIP-712 orders.
- `recover_address`, `compact_signature`, `expand_signature`: strict ECDSA.
- `LoginMessage`, `recover_personal`: Sign-In with Ethereum (EIP-4361).
- `LocalSigner`: a key on this machine, for clients and tests.
"""

from hybrid_dex.signing.address import ZERO_ADDRESS, checksum_address, parse_address
from hybrid_dex.signing.date_time import format_date_time, parse_date_time
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.keccak import keccak256
from hybrid_dex.signing.login_message import LoginMessage, personal_digest, recover_personal
from hybrid_dex.signing.order import (
    ORDER_TYPE_HASH,
    SIGNED_BY_TRADER,
    authorize,
    order_digest,
    order_struct_hash,
    typed_data,
)
from hybrid_dex.signing.recover import compact_signature, expand_signature, recover_address
from hybrid_dex.signing.signer import LocalSigner

__all__ = [
    "ORDER_TYPE_HASH",
    "SIGNED_BY_TRADER",
    "ZERO_ADDRESS",
    "Domain",
    "LocalSigner",
    "LoginMessage",
    "authorize",
    "checksum_address",
    "compact_signature",
    "expand_signature",
    "format_date_time",
    "keccak256",
    "order_digest",
    "order_struct_hash",
    "parse_address",
    "parse_date_time",
    "personal_digest",
    "recover_address",
    "recover_personal",
    "typed_data",
]
