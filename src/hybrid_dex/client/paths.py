"""What a caller names, as one part of a request's path: never none, and never another route."""

from urllib.parse import quote

from hybrid_dex.errors import FormatError
from hybrid_dex.wire import parse_order_id

__all__ = ["order_part", "path_part"]

_DOT = "%2E"


def path_part(field: str, text: str) -> str:
    """Return a text as one part of a path.

    Dots alone are escaped too: unescaped, ``.`` and ``..`` fold into the path before them.

    >>> path_part("market", "ETH-USDC"), path_part("client_order_id", "a/b"), path_part("key_id", "..")
    ('ETH-USDC', 'a%2Fb', '%2E%2E')

    Raises:
        FormatError: it is empty, so the path would be another route's.
    """
    if not text:
        raise FormatError(field, "is empty", "the name of one")
    return _DOT * len(text) if not text.strip(".") else quote(text, safe="")


def order_part(order_id: str) -> str:
    """Return an order's id as one part of a path. Raises `FormatError` when it is none."""
    return str(parse_order_id(order_id))
