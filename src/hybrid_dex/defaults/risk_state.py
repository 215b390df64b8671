"""What a risk rule kept, read back: bytes of another shape are refused."""

from typing import TypeVar

import msgspec

from hybrid_dex.errors import VersionMismatchError

__all__ = ["decode"]

_StateT = TypeVar("_StateT")


def decode(state: bytes, kind: type[_StateT]) -> _StateT:
    """Return a state. Raises `VersionMismatchError` when these bytes are none."""
    try:
        return msgspec.json.decode(state, type=kind)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise VersionMismatchError(f"this is no state of this risk: {error}") from error
