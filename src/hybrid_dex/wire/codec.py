"""Strict JSON: bytes to a message of one documented type, or a refusal that names the field.

Refused before anything is parsed: messages over the size limit, and nesting over the depth limit,
which would exhaust the stack of a recursive parser. Refused besides what the type itself refuses:
an object that names a key twice, because two readers of such a message may see two orders.

Numbers with a fraction never occur: decimals are strings, so NaN and Infinity have no way in.
"""

import json
import re
from collections.abc import Hashable
from functools import cache
from typing import Any, Final, TypeVar

import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.model.reasons import RejectReason

__all__ = ["MAX_DEPTH", "MAX_MESSAGE_BYTES", "MessageError", "decode", "encode"]

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""A request or a socket message from a client may be this long."""
MAX_DEPTH: Final = 8
"""No message of the protocol nests deeper than 5."""

_T = TypeVar("_T")

_ESCAPE: Final = re.compile(rb"\\.", re.DOTALL)
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_WHERE: Final = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<path>[^`]*)`)?", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_EXPECTED: Final = re.compile(r"Expected (?P<valid>.*?)(?:, got (?P<got>.*))?", re.DOTALL)
_MAX_SHOWN: Final = 80


class MessageError(FormatError):
    """A message that is not of the documented shape.

    Attributes:
        code: the stable number of the reason.
    """

    def __init__(self, code: RejectReason, field: str, reason: str, valid: str) -> None:
        super().__init__(field, reason, valid)
        self.code = code


def decode(
    type_: type[_T], raw: bytes | str, *, max_bytes: int = MAX_MESSAGE_BYTES, field: str = "message"
) -> _T:
    """Return ``raw`` as a message of ``type_``.

    Args:
        type_: a message class, or a union of tagged ones.
        raw: UTF-8 JSON.
        max_bytes: refuse what is longer, unread.
        field: how an error calls the message as a whole.

    Raises:
        MessageError: too long, too deep, not JSON, a repeated or unknown or missing key, or a value
            of another type; ``field`` is the path of the offender, such as ``order.price``.
    """
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    if len(data) > max_bytes:
        raise MessageError(
            RejectReason.MESSAGE_TOO_LARGE,
            field,
            f"{len(data)} bytes are too many",
            f"at most {max_bytes} bytes",
        )
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth(data) > MAX_DEPTH:
        raise MessageError(
            RejectReason.INVALID_MESSAGE,
            field,
            "nested too deeply",
            f"at most {MAX_DEPTH} levels",
        )
    try:
        message: _T = _decoder(type_).decode(data)  # type: ignore[arg-type] # a class is hashable
    except msgspec.ValidationError as error:
        raise _explain(str(error), field) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MessageError(
            RejectReason.INVALID_MESSAGE, field, f"not JSON: {error}", "one UTF-8 JSON value"
        ) from None
    # Without escapes, quotes alternate: every second part is a text. In most orders not even a value says what
    # another text says.
    texts = data.split(b'"')[1::2]
    if b"\\" in data or len(set(texts)) != len(texts):
        _refuse_repeated_keys(data, field)
    return message


def encode(message: object) -> bytes:
    """Return a message as compact UTF-8 JSON."""
    return _ENCODER.encode(message)


_ENCODER: Final = msgspec.json.Encoder()


@cache
def _decoder(type_: Hashable) -> Any:  # noqa: ANN401 # a cache keyed by type can not say the type
    return msgspec.json.Decoder(type_)


def _depth(data: bytes) -> int:
    """Return the nesting, or half the number of brackets when that is shallow enough."""
    parts = (_ESCAPE.sub(b"", data) if b"\\" in data else data).split(b'"')
    brackets = b"".join(parts[::2]).translate(None, _NOT_BRACKETS)
    if len(brackets) <= 2 * MAX_DEPTH:
        return len(brackets) // 2  # exceeded only by brackets that never close
    depth = deepest = 0
    for byte in brackets:
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_repeated_key(pairs: list[tuple[str, object]]) -> None:
    """Look at one object of a message."""
    if len(dict(pairs)) == len(pairs):
        return
    seen = set[str]()
    key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value] # None is no hit
    raise MessageError(RejectReason.INVALID_MESSAGE, _shown(key), "given twice", "each key once")


_reader: Final = json.JSONDecoder(
    object_pairs_hook=_refuse_repeated_key, parse_int=len, parse_float=len
)


def _refuse_repeated_keys(data: bytes, field: str) -> None:
    """Read the message once more, object by object; it is known to be valid and shallow."""
    try:
        _reader.decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise MessageError(
            RejectReason.INVALID_MESSAGE, field, f"not JSON: {error}", "one UTF-8 JSON value"
        ) from None


def _explain(text: str, field: str) -> MessageError:
    """Turn msgspec's sentence into field, reason and valid form."""
    where = _WHERE.fullmatch(text)
    assert where is not None  # the pattern matches any text
    path, what = where["path"] or "", where["what"]
    if unknown := _UNKNOWN.fullmatch(what):
        return MessageError(
            RejectReason.UNKNOWN_FIELD,
            _shown(_join(path, unknown["name"])),
            "there is no such field",
            "the documented fields only",
        )
    if missing := _MISSING.fullmatch(what):
        return MessageError(
            RejectReason.INVALID_MESSAGE,
            _join(path, missing["name"]),
            "missing",
            "every required field",
        )
    expected = _EXPECTED.fullmatch(what)
    valid = expected["valid"].replace("`", "") if expected else "the documented form"
    got = expected["got"] if expected else None
    reason = f"is {got.replace('`', '')}" if got else "has another form" if expected else what
    return MessageError(RejectReason.INVALID_MESSAGE, path or field, _shown(reason), valid)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
