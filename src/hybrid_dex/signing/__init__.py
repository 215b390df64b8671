"""Digests and signatures: who signed what, for which contract on which chain.

This room is pure: bytes in, bytes out. It never reads a clock or draws randomness, never talks
to a chain, and never decides whether a signed order or login is wanted. It needs the ``signing``
extra: libsecp256k1 through coincurve, and Keccak-256.

- `Domain`, `order_digest`, `typed_data`: EIP-712 orders; `BulkTree`: up to eight under one signature.
- `authorize`: who authorized an order, whatever the kind of its signature; `authorize_tree`: a whole tree of them.
- `recover_address`, `compact_signature`, `expand_signature`: strict ECDSA.
- `voucher_digest`, `cancel_receipt_digest`, `journal_receipt_digest`: what the operator signs for a
  trader.
- `LoginMessage`, `recover_personal`: Sign-In with Ethereum (EIP-4361).
- `LocalSigner`: a key on this machine, for clients and tests.
"""

from hybrid_dex.signing.address import ZERO_ADDRESS, checksum_address, parse_address
from hybrid_dex.signing.authorization import ProvenTrees, authorize, authorize_tree
from hybrid_dex.signing.bulk import (
    BULK_TYPE_HASHES,
    MAX_BULK_ORDERS,
    BulkTree,
    bulk_digest,
    bulk_root,
)
from hybrid_dex.signing.date_time import format_date_time, parse_date_time
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.keccak import keccak256
from hybrid_dex.signing.login_message import LoginMessage, personal_digest, recover_personal
from hybrid_dex.signing.order import (
    EMPTY_ORDER_HASH,
    ORDER_TYPE_HASH,
    order_digest,
    order_struct_hash,
    typed_data,
)
from hybrid_dex.signing.receipts import (
    CANCEL_RECEIPT_TYPE_HASH,
    JOURNAL_RECEIPT_TYPE_HASH,
    VOUCHER_TYPE_HASH,
    cancel_receipt_digest,
    cancel_receipt_typed_data,
    journal_receipt_digest,
    journal_receipt_typed_data,
    voucher_digest,
    voucher_typed_data,
)
from hybrid_dex.signing.recover import compact_signature, expand_signature, recover_address
from hybrid_dex.signing.signer import LocalSigner

__all__ = [
    "BULK_TYPE_HASHES",
    "CANCEL_RECEIPT_TYPE_HASH",
    "EMPTY_ORDER_HASH",
    "JOURNAL_RECEIPT_TYPE_HASH",
    "MAX_BULK_ORDERS",
    "ORDER_TYPE_HASH",
    "VOUCHER_TYPE_HASH",
    "ZERO_ADDRESS",
    "BulkTree",
    "Domain",
    "LocalSigner",
    "LoginMessage",
    "ProvenTrees",
    "authorize",
    "authorize_tree",
    "bulk_digest",
    "bulk_root",
    "cancel_receipt_digest",
    "cancel_receipt_typed_data",
    "checksum_address",
    "compact_signature",
    "expand_signature",
    "format_date_time",
    "journal_receipt_digest",
    "journal_receipt_typed_data",
    "keccak256",
    "order_digest",
    "order_struct_hash",
    "parse_address",
    "parse_date_time",
    "personal_digest",
    "recover_address",
    "recover_personal",
    "typed_data",
    "voucher_digest",
    "voucher_typed_data",
]
