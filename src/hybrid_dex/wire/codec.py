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
from msgspec import inspect

from hybrid_dex.errors import FormatError
from hybrid_dex.model.reasons import RejectReason

__all__ = ["MAX_DEPTH", "MAX_MESSAGE_BYTES", "MessageError", "decode", "encode", "is_too_deep"]

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""A request or a socket message from a client may be this long."""
MAX_DEPTH: Final = 8
"""No message of the protocol nests deeper than 5."""

_T = TypeVar("_T")

_ESCAPE: Final = re.compile(rb"\\.", re.DOTALL)
_ONE_KIND: Final = bytes.maketrans(b"[]", b"{}")
_NOT_SHAPE: Final = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_NOT_BRACKETS: Final = _NOT_SHAPE + b'"'
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
    if is_too_deep(data):
        raise MessageError(
            RejectReason.INVALID_MESSAGE,
            field,
            "nested too deeply",
            f"at most {MAX_DEPTH} levels",
        )
    decoder, is_sparse = _decoder(type_)  # type: ignore[arg-type] # a class is hashable
    try:
        message: _T = decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _explain(str(error), field) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MessageError(
            RejectReason.INVALID_MESSAGE, field, f"not JSON: {error}", "one UTF-8 JSON value"
        ) from None
    if b"\\" in data or not (
        (is_sparse and _has_as_many_texts(data, message)) or _has_different_texts(data)
    ):
        _refuse_repeated_keys(data, field)
    return message


def is_too_deep(data: bytes, most: int = MAX_DEPTH) -> bool:
    """Return whether JSON nests deeper than so many levels: whoever decodes it could run out of stack."""
    return data.count(b"{") + data.count(b"[") > most and _depth(data, most) > most


def encode(message: object) -> bytes:
    """Return a message as compact UTF-8 JSON."""
    return _ENCODER.encode(message)


_ENCODER: Final = msgspec.json.Encoder()


@cache
def _decoder(type_: Hashable) -> tuple[Any, bool]:
    """Return what decodes messages of a type, and whether one is written as it may be given: see `_is_sparse`."""
    return msgspec.json.Decoder(type_), _is_sparse(inspect.type_info(type_), ())


_PLAIN: Final = (
    inspect.StrType,
    inspect.IntType,
    inspect.BoolType,
    inspect.NoneType,
    inspect.LiteralType,
)


def _is_sparse(kind: inspect.Type, within: tuple[type, ...], *, is_choice: bool = False) -> bool:
    """Return whether encoding a message never writes a text, of key or value, that was not given.

    Its objects then leave out what has its default; what has a tag is one of several, which it
    must be given to tell; and none is `within` itself or makes something of what it was given.
    Messages of clients are of this kind.
    """
    if isinstance(kind, inspect.StructType):
        made = kind.cls
        plain = not (kind.array_like or made in within or hasattr(made, "__post_init__"))
        return (
            plain
            and (is_choice or kind.tag is None)
            and all(
                (field.required or _is_left_out(made, field))
                and _is_sparse(field.type, (*within, made))
                for field in kind.fields
            )
        )
    if isinstance(kind, inspect.UnionType):
        several = sum(isinstance(one, inspect.StructType) for one in kind.types) > 1
        return all(_is_sparse(one, within, is_choice=several) for one in kind.types)
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return _is_sparse(kind.item_type, within)
    if isinstance(kind, inspect.Metadata):
        return _is_sparse(kind.type, within)
    return isinstance(kind, _PLAIN)


def _is_left_out(made: type[msgspec.Struct], field: inspect.Field) -> bool:
    """Return whether a field with its default is not written: one that is made each time would be."""
    return made.__struct_config__.omit_defaults and field.default_factory in {
        list,
        msgspec.NODEFAULT,
    }


def _has_as_many_texts(data: bytes, message: object) -> bool:
    """Return whether a sparse message without escapes, written again, has as many texts: a key given twice is not."""
    return encode(message).count(b'"') == data.count(b'"')


def _has_different_texts(data: bytes) -> bool:
    """Return whether no two texts of a message without escapes are alike: quotes alternate there."""
    texts = data.split(b'"')[1::2]
    return len(set(texts)) == len(texts)


def _depth(data: bytes, most: int) -> int:
    """Return the nesting, or 0 where it is within so many levels."""
    data = _ESCAPE.sub(b"", data) if b"\\" in data else data
    shape = data.translate(_ONE_KIND, _NOT_SHAPE).replace(b'""', b"")
    for _ in range(most):  # each turn takes the innermost level away
        shape = shape.replace(b"{}", b"")
    if not shape:
        return 0
    brackets = b"".join(data.split(b'"')[::2]).translate(None, _NOT_BRACKETS)
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
