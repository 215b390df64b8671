"""What an API key signs: one request, at one time, to be answered within one window.

Five facts and the body's digest, a line each, after a line that no other signed text begins with.
Whoever changes any of them, or keeps the request back until the window has closed, has a request
without a signature. What has the right signature may still have been sent before: the server
remembers what it has seen for as long as the window is open.
"""

import hashlib
from typing import Final

__all__ = ["MAX_WINDOW_MS", "SOCKET_METHOD", "SOCKET_TARGET", "api_request_text"]

MAX_WINDOW_MS: Final = 60_000
"""The longest window: how late a request may arrive."""
SOCKET_METHOD: Final = "LOGIN"
SOCKET_TARGET: Final = "/ws"
"""What stands for method and target when a key logs a socket in; its body is empty."""

_PREAMBLE: Final = "hybrid-dex request v1"


def api_request_text(
    *, key_id: str, timestamp_ms: int, window_ms: int, method: str, target: str, body: bytes
) -> bytes:
    r"""Return the bytes that a key signs.

    Args:
        key_id: the key's id.
        timestamp_ms: when it is sent, Unix milliseconds.
        window_ms: how much later it may still be accepted.
        method: the HTTP method, in capitals.
        target: path and query exactly as they are sent.
        body: the body exactly as it is sent; empty when there is none.

    >>> text = api_request_text(
    ...     key_id="k1", timestamp_ms=1, window_ms=5_000, method="GET", target="/time", body=b""
    ... )
    >>> text.decode().splitlines().index("/time")
    5
    """
    digest = hashlib.sha256(body).hexdigest()
    lines = (_PREAMBLE, key_id, str(timestamp_ms), str(window_ms), method, target, digest)
    return "\n".join(lines).encode()
