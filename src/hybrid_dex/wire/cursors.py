"""Cursors: where a page ended, as text that says nothing to a client.

A cursor is the key of the last row that was seen, so rows that arrive later neither repeat nor hide
one. It is no secret and no promise: a client hands it back as it is, with the same filters.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from hybrid_dex.errors import FormatError

__all__ = ["CursorText", "make_cursor", "parse_cursor"]

CursorText: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, description="a page's end: hand it back as it is")
]

_MAX_CHARACTERS: Final = 64


def make_cursor(*key: int) -> str:
    """Return the cursor of a row's key.

    >>> make_cursor(7, 0, 2)
    'Ny4wLjI'
    """
    plain = ".".join(str(part) for part in key).encode()
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def parse_cursor(text: str, largest: Sequence[int], field: str = "before") -> tuple[int, ...]:
    """Return the key of a cursor that `make_cursor` made of such parts.

    Args:
        text: the cursor.
        largest: what each part of the list's keys can be at most.
        field: the name of the cursor, as the sender wrote it.

    Raises:
        FormatError: it is none, or of another list.

    >>> parse_cursor("Ny4wLjI", (9, 9, 9))
    (7, 0, 2)
    """
    refused = FormatError(field, "not a cursor of this list", "the `next` of an earlier page")
    if not text.isascii() or len(text) > _MAX_CHARACTERS:
        raise refused
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        words = plain.decode("ascii").split(".")
    except (binascii.Error, ValueError) as error:
        raise refused from error
    if len(words) != len(largest) or not all(map(_is_part, words, largest)):
        raise refused
    return tuple(int(word) for word in words)


def _is_part(word: str, largest: int) -> bool:
    fits = word.isdigit() and len(word) <= len(str(largest))
    return fits and str(int(word)) == word and int(word) <= largest
