"""The scalar types of messages and their text: decimals, ids, hashes, times.

Every string has a length limit, checked while decoding. The grammar of decimals is not checked
here: `decimal_text` does that, once, where the market's steps are known.
"""

import re
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from hybrid_dex.errors import FormatError
from hybrid_dex.model.decimal_text import parse_units
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import ClientOrderId, FillId, OrderId, TimestampNs
from hybrid_dex.wire.codec import MessageError

__all__ = [
    "AccountText",
    "BytesText",
    "ClientOrderIdText",
    "DecimalText",
    "IdText",
    "IdentifierText",
    "Milliseconds",
    "RequestId",
    "SequenceNumber",
    "SignatureText",
    "SymbolText",
    "TokenText",
    "hex_text",
    "parse_client_order_id",
    "parse_fill_id",
    "parse_hashes",
    "parse_hex",
    "parse_nonce",
    "parse_order_id",
    "signature_bytes",
    "to_ms",
    "to_ns",
]

_NAME: Final = re.compile("[!-~]([ -~]{0,62}[!-~])?")

DecimalText: TypeAlias = Annotated[
    str,
    Meta(
        max_length=80,
        description="plain decimal text, such as 2500.5",
        extra_json_schema={"pattern": "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$"},
    ),
]
IdText: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=20,
        description="an id, as decimal digits",
        extra_json_schema={"pattern": "^[1-9][0-9]*$"},
    ),
]
ClientOrderIdText: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="the trader's own id: printable ASCII, unique per account",
        extra_json_schema={"pattern": f"^{_NAME.pattern}$"},
    ),
]
AccountText: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=128, description="an account: an EIP-55 address on chains")
]
SymbolText: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, description="the symbol of a market or an asset")
]
BytesText: TypeAlias = Annotated[
    str,
    Meta(
        max_length=132,
        description="0x and hexadecimal digits",
        extra_json_schema={"pattern": "^0x[0-9a-fA-F]*$"},
    ),
]
SignatureText: TypeAlias = Annotated[
    str,
    Meta(
        max_length=2 + 2 * 4_096,
        description="0x and hexadecimal digits: 64 or 65 bytes, of a contract as many as it wants",
        extra_json_schema={"pattern": "^0x[0-9a-fA-F]*$"},
    ),
]
TokenText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4096)]
RequestId: TypeAlias = (
    Annotated[int, Meta(ge=0, le=2**53 - 1)] | Annotated[str, Meta(min_length=1, max_length=64)]
)
IdentifierText: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, description="an id of the exchange's making")
]
SequenceNumber: TypeAlias = Annotated[int, Meta(ge=0, le=2**40 - 1)]
Milliseconds: TypeAlias = Annotated[
    int, Meta(ge=0, le=2**53 - 1, description="milliseconds since the Unix epoch")
]

_DIGITS: Final = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
_SURE_DIGITS: Final = 19
"""So many digits fit 64 bits, whatever they are."""
_MAX_ID: Final = 2**63 - 1
_HASH_BYTES: Final = 32
_HASH_CHARACTERS: Final = 2 + 2 * _HASH_BYTES
_MAX_NONCE: Final = 2**64 - 1
_MS: Final = 1_000_000


def to_ms(time_ns: int) -> int:
    """Return nanoseconds as whole milliseconds, rounded down."""
    return time_ns // _MS


def to_ns(time_ms: int) -> TimestampNs:
    """Return milliseconds as nanoseconds."""
    return TimestampNs(time_ms * _MS)


def hex_text(data: bytes) -> str:
    """Return bytes as ``0x`` and lower-case hexadecimal digits.

    >>> hex_text(bytes([1, 255]))
    '0x01ff'
    """
    return "0x" + data.hex()


def parse_client_order_id(text: str) -> ClientOrderId:
    """Return a client order id.

    Raises:
        MessageError: other than printable ASCII, or a blank at either end.
    """
    if _NAME.fullmatch(text) is None:
        raise MessageError(
            RejectReason.INVALID_CLIENT_ORDER_ID,
            "client_order_id",
            "other characters than printable ASCII, or a blank at an end",
            "1 to 64 printable ASCII characters",
        )
    return ClientOrderId(text)


def parse_hex(field: str, text: str, lengths: tuple[int, ...]) -> bytes:
    """Return the bytes of a hexadecimal text that has one of ``lengths`` bytes.

    Raises:
        FormatError: no ``0x``, another character, or another length.
    """
    data = _hex(text)
    if data is not None and len(data) in lengths:
        return data
    raise _not_bytes(field, data, lengths)


def parse_hashes(field: str, texts: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the 32 bytes of each hexadecimal text. Raises: as `parse_hex`."""
    found: list[bytes] = []
    for text in texts:
        try:
            data = bytes.fromhex(text[2:])
        except ValueError:
            data = b""
        # It passes over spaces between pairs, which the lengths tell.
        if len(data) != _HASH_BYTES or len(text) != _HASH_CHARACTERS or text[:2] != "0x":
            raise _not_bytes(field, _hex(text), (_HASH_BYTES,))
        found.append(data)
    return tuple(found)


def _not_bytes(field: str, data: bytes | None, lengths: tuple[int, ...]) -> FormatError:
    valid = f"0x and {' or '.join(str(2 * length) for length in lengths)} hexadecimal digits"
    reason = "not hexadecimal" if data is None else f"{len(data)} bytes"
    return FormatError(field, reason, valid)


def signature_bytes(text: str, field: str = "signature") -> bytes:
    """Return the bytes of a signature, of any length that a message can have.

    Raises:
        FormatError: no ``0x``, another character, or none at all.
    """
    data = _hex(text)
    if not data:
        raise FormatError(field, "not hexadecimal", "0x and pairs of hexadecimal digits")
    return data


def _hex(text: str) -> bytes | None:
    """Return the bytes of 0x and pairs of hexadecimal digits; ``None`` of anything else."""
    if text[:2] != "0x":
        return None
    try:
        data = bytes.fromhex(text[2:])
    except ValueError:
        return None
    # It passes over spaces between pairs, which the length tells.
    return data if len(text) == 2 + 2 * len(data) else None


def parse_nonce(text: str, field: str = "nonce") -> int:
    """Return the packed u64 of a signed nonce from its decimal digits."""
    if text.isdecimal() and text.isascii() and text[0] != "0" and len(text) <= _SURE_DIGITS:
        return int(text)
    nonce = parse_units(field, text, 0)
    if nonce > _MAX_NONCE:
        raise FormatError(field, "too large", f"0 to {_MAX_NONCE}")
    return nonce


def parse_order_id(text: str, field: str = "order_id") -> OrderId:
    """Return an order id from its decimal digits."""
    return OrderId(_parse_id(text, field))


def parse_fill_id(text: str, field: str = "fill_id") -> FillId:
    """Return a fill id from its decimal digits."""
    return FillId(_parse_id(text, field))


def _parse_id(text: str, field: str) -> int:
    if _DIGITS.fullmatch(text) is None or (number := int(text)) > _MAX_ID:
        raise FormatError(field, "not an id", "decimal digits, as the exchange gave them")
    return number
