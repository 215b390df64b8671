"""What the operator signs: a voucher to withdraw at once, a receipt for a cancel, receipts for all else.

All are EIP-712 structs of the orders' domain, so they hold for one contract on one chain. Who the
operator is, the contract knows; whether a voucher may be signed at all is the engine's to say, for
it must have debited the amount before. Nothing here signs or checks any. A ``JournalReceipt`` has
no meaning on chain: it is held against the journal (`hybrid_dex.verification`).

A trader checks what it was given with `recover_address` over the digest: the signer has to be the
operator that the contract names.
"""

from collections.abc import Mapping
from typing import Final

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.receipts import JournalReceipt
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.signing.address import checksum_address, parse_address
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.keccak import keccak256

__all__ = [
    "CANCEL_RECEIPT_FIELDS",
    "CANCEL_RECEIPT_TYPE_HASH",
    "JOURNAL_RECEIPT_FIELDS",
    "JOURNAL_RECEIPT_TYPE_HASH",
    "VOUCHER_FIELDS",
    "VOUCHER_TYPE_HASH",
    "cancel_receipt_digest",
    "cancel_receipt_typed_data",
    "journal_receipt_digest",
    "journal_receipt_typed_data",
    "voucher_digest",
    "voucher_typed_data",
]

VOUCHER_FIELDS: Final = (
    ("account", "address"),
    ("token", "address"),
    ("amount", "uint128"),
    ("recipient", "address"),
    ("salt", "uint256"),
    ("deadline", "uint40"),
    ("minBatch", "uint48"),
)
"""Name and type of each field of a ``Voucher``, in the order that is hashed."""
CANCEL_RECEIPT_FIELDS: Final = (
    ("trader", "address"),
    ("market", "uint32"),
    ("nonce", "uint64"),
    ("filled", "uint48"),
    ("sequence", "uint48"),
)
"""Name and type of each field of a ``CancelReceipt``, in the order that is hashed."""
JOURNAL_RECEIPT_FIELDS: Final = (
    ("kind", "uint8"),
    ("trader", "address"),
    ("market", "uint32"),
    ("orderId", "uint64"),
    ("orderHash", "bytes32"),
    ("fillId", "uint64"),
    ("side", "uint8"),
    ("price", "uint48"),
    ("quantity", "uint48"),
    ("open", "uint48"),
    ("filled", "uint48"),
    ("sequence", "uint40"),
    ("index", "uint32"),
    ("atNs", "uint64"),
    ("position", "uint64"),
    ("frameHash", "bytes32"),
)
"""Name and type of each field of a ``JournalReceipt``, in the order that is hashed."""

_EXACT_BITS: Final = 53
"""Of an integer that every JSON reader keeps."""

_Fields = tuple[tuple[str, str], ...]


def _type_hash(name: str, fields: _Fields) -> bytes:
    return keccak256(f"{name}({','.join(f'{kind} {field}' for field, kind in fields)})".encode())


VOUCHER_TYPE_HASH: Final = _type_hash("Voucher", VOUCHER_FIELDS)
CANCEL_RECEIPT_TYPE_HASH: Final = _type_hash("CancelReceipt", CANCEL_RECEIPT_FIELDS)
JOURNAL_RECEIPT_TYPE_HASH: Final = _type_hash("JournalReceipt", JOURNAL_RECEIPT_FIELDS)


def voucher_digest(voucher: Voucher, asset: Asset, domain: Domain) -> bytes:
    """Return the 32 bytes that the operator signs for a voucher.

    Args:
        voucher: what is promised.
        asset: the asset that it names.
        domain: the chain and contract that pay.

    Raises:
        SignatureError: it names another asset, or account or recipient is no EIP-55 address.
        ConfigurationError: the asset has no token address.
    """
    return domain.digest(_hash(VOUCHER_TYPE_HASH, VOUCHER_FIELDS, _voucher(voucher, asset)))


def voucher_typed_data(voucher: Voucher, asset: Asset, domain: Domain) -> dict[str, object]:
    """Return a voucher's EIP-712 document. Raises as `voucher_digest`."""
    values = _voucher(voucher, asset)
    return domain.typed_data(
        "Voucher", {"Voucher": VOUCHER_FIELDS}, _message(VOUCHER_FIELDS, values)
    )


def cancel_receipt_digest(receipt: CancelReceipt, market: Market, domain: Domain) -> bytes:
    """Return the 32 bytes that the operator signs for a cancel.

    Args:
        receipt: what is stated.
        market: the market that it names.
        domain: the chain and contract that it is for.

    Raises:
        SignatureError: it names another market, or the trader is no EIP-55 address.
    """
    values = _receipt(receipt, market)
    return domain.digest(_hash(CANCEL_RECEIPT_TYPE_HASH, CANCEL_RECEIPT_FIELDS, values))


def cancel_receipt_typed_data(
    receipt: CancelReceipt, market: Market, domain: Domain
) -> dict[str, object]:
    """Return a cancel receipt's EIP-712 document. Raises as `cancel_receipt_digest`."""
    values = _receipt(receipt, market)
    return domain.typed_data(
        "CancelReceipt",
        {"CancelReceipt": CANCEL_RECEIPT_FIELDS},
        _message(CANCEL_RECEIPT_FIELDS, values),
    )


def journal_receipt_digest(receipt: JournalReceipt, market: Market, domain: Domain) -> bytes:
    """Return the 32 bytes that the operator signs for what happened to an order.

    Args:
        receipt: what is stated.
        market: the market that it names.
        domain: the chain and contract that the exchange settles on.

    Raises:
        SignatureError: it names another market, or the trader is no EIP-55 address.
    """
    values = _journal_receipt(receipt, market)
    return domain.digest(_hash(JOURNAL_RECEIPT_TYPE_HASH, JOURNAL_RECEIPT_FIELDS, values))


def journal_receipt_typed_data(
    receipt: JournalReceipt, market: Market, domain: Domain
) -> dict[str, object]:
    """Return a journal receipt's EIP-712 document. Raises as `journal_receipt_digest`."""
    values = _journal_receipt(receipt, market)
    return domain.typed_data(
        "JournalReceipt",
        {"JournalReceipt": JOURNAL_RECEIPT_FIELDS},
        _message(JOURNAL_RECEIPT_FIELDS, values),
    )


def _journal_receipt(receipt: JournalReceipt, market: Market) -> dict[str, bytes | int]:
    if receipt.market != market.id:
        raise SignatureError("market", f"is {receipt.market}", market.id)
    return {
        "kind": receipt.kind,
        "trader": parse_address(receipt.trader, "trader"),
        "market": market.number,
        "orderId": receipt.order_id,
        "orderHash": receipt.order_hash,
        "fillId": receipt.fill_id,
        "side": receipt.side,
        "price": receipt.price,
        "quantity": receipt.quantity,
        "open": receipt.open,
        "filled": receipt.filled,
        "sequence": receipt.sequence,
        "index": receipt.index,
        "atNs": receipt.at_ns,
        "position": receipt.position,
        "frameHash": receipt.frame_hash,
    }


def _voucher(voucher: Voucher, asset: Asset) -> dict[str, bytes | int]:
    if voucher.asset != asset.id:
        raise SignatureError("asset", f"is {voucher.asset}", asset.id)
    if asset.token is None:
        raise ConfigurationError(
            f"asset {asset.id} has no token address, so no voucher can be signed; set Asset.token"
        )
    return {
        "account": parse_address(voucher.account, "account"),
        "token": parse_address(asset.token, "token"),
        "amount": voucher.amount,
        "recipient": parse_address(voucher.recipient, "recipient"),
        "salt": voucher.salt,
        "deadline": voucher.deadline_s,
        "minBatch": voucher.min_batch,
    }


def _receipt(receipt: CancelReceipt, market: Market) -> dict[str, bytes | int]:
    if receipt.market != market.id:
        raise SignatureError("market", f"is {receipt.market}", market.id)
    return {
        "trader": parse_address(receipt.trader, "trader"),
        "market": market.number,
        "nonce": receipt.nonce,
        "filled": receipt.filled,
        "sequence": receipt.sequence,
    }


def _hash(type_hash: bytes, fields: _Fields, values: Mapping[str, bytes | int]) -> bytes:
    """``hashStruct``: addresses as bytes and integers, each right-aligned in a word."""
    words = [type_hash]
    for name, _ in fields:
        value = values[name]
        words.append(
            value.rjust(32, b"\0") if isinstance(value, bytes) else value.to_bytes(32, "big")
        )
    return keccak256(b"".join(words))


def _message(fields: _Fields, values: Mapping[str, bytes | int]) -> dict[str, object]:
    """Integers that may exceed 2**53 are decimal text, as JavaScript wallets need them."""
    message: dict[str, object] = {}
    for name, kind in fields:
        value = values[name]
        if isinstance(value, bytes):
            is_address = kind == "address"
            message[name] = checksum_address(value) if is_address else f"0x{value.hex()}"
        else:
            exact = int(kind.removeprefix("uint")) <= _EXACT_BITS
            message[name] = int(value) if exact else str(int(value))
    return message
