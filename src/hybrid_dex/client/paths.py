"""What a caller names: an exchange's address, and parts of a request's path, never none or another route."""

from urllib.parse import quote, urlsplit

from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.wire import parse_order_id

__all__ = ["base_url", "order_part", "path_part"]

_DOT = "%2E"
_SCHEMES = ("http", "https", "ws", "wss")


def base_url(url: str) -> str:
    """Return an exchange's address as it is. Raises `ConfigurationError` when it is none."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in _SCHEMES and bool(parts.hostname) and _is_one_word(url)
        port = parts.port  # raises when it is no number, or too large
    except ValueError:
        known, port = False, None
    if not known or port == 0:
        raise ConfigurationError(
            f"the exchange's URL is {url!r}; valid: such as http://127.0.0.1:8000 or https://exchange.example"
        )
    return url


def _is_one_word(url: str) -> bool:
    return url.isprintable() and " " not in url


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
