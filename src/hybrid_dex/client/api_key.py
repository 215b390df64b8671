"""ApiKey: signs requests in place of a login, by HMAC-SHA256 or Ed25519.

Each request is signed as it leaves, repeated ones anew, each with a time that no other had: the
exchange takes one that changes something once. The secret stays in this process.
"""

import hashlib
import hmac
from collections.abc import Callable, Generator
from typing import Final

import attrs
import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.signing.api_request import (
    MAX_WINDOW_MS,
    SOCKET_METHOD,
    SOCKET_TARGET,
    api_request_text,
)
from hybrid_dex.wire import KeyLoginOp, hex_text

__all__ = ["ApiKey", "KeyAuth"]

_NS_PER_MS: Final = 1_000_000
_SECRET_BYTES: Final = 32


def _secret(value: str | bytes) -> bytes:
    """Return 32 bytes, given as such or as 0x-hex; what is wrong is not shown."""
    try:
        secret = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else value
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        raise ConfigurationError("the key's secret is not 32 bytes: 0x and 64 hexadecimal digits")
    return secret


@attrs.define(kw_only=True)
class ApiKey:
    """A key, as its owner holds it.

    Attributes:
        id: names it, as the exchange does.
        ed25519: the secret is an Ed25519 private key; otherwise it is an HMAC secret.
        window_ms: how late a request may arrive.

    Besides it takes ``secret``, 32 bytes or 0x-hex: what the exchange showed once, or a private key.

    >>> key = ApiKey(id="0123456789abcdef01234567", secret="0x" + "11" * 32)
    >>> key
    ApiKey(id='0123456789abcdef01234567', ed25519=False, window_ms=5000)
    """

    id: str
    _secret: bytes = attrs.field(converter=_secret, repr=False, alias="secret")
    ed25519: bool = False
    window_ms: int = attrs.field(
        default=5_000, validator=[attrs.validators.ge(1), attrs.validators.le(MAX_WINDOW_MS)]
    )
    _last_ms: int = attrs.field(default=0, init=False, repr=False)

    def headers(self, method: str, target: str, body: bytes, now_ns: int) -> dict[str, str]:
        """Return the headers that sign a request."""
        timestamp_ms, signature = self._signed(method, target, body, now_ns)
        return {
            "hd-key": self.id,
            "hd-timestamp": str(timestamp_ms),
            "hd-window": str(self.window_ms),
            "hd-signature": hex_text(signature),
        }

    def login(self, request_id: int, now_ns: int) -> KeyLoginOp:
        """Return the message that logs a socket in."""
        timestamp_ms, signature = self._signed(SOCKET_METHOD, SOCKET_TARGET, b"", now_ns)
        return KeyLoginOp(
            id=request_id,
            key=self.id,
            timestamp_ms=timestamp_ms,
            signature=hex_text(signature),
            window_ms=self.window_ms,
        )

    def _signed(self, method: str, target: str, body: bytes, now_ns: int) -> tuple[int, bytes]:
        self._last_ms = max(self._last_ms + 1, now_ns // _NS_PER_MS)
        text = api_request_text(
            key_id=self.id,
            timestamp_ms=self._last_ms,
            window_ms=self.window_ms,
            method=method,
            target=target,
            body=body,
        )
        if self.ed25519:
            return self._last_ms, Ed25519PrivateKey.from_private_bytes(self._secret).sign(text)
        return self._last_ms, hmac.new(self._secret, text, hashlib.sha256).digest()


class KeyAuth(httpx.Auth):
    """Signs what httpx sends, exactly as it is sent.

    Args:
        key: signs.
        now_ns: the clock.
    """

    requires_request_body = True

    def __init__(self, key: ApiKey, now_ns: Callable[[], int]) -> None:
        self._key = key
        self._now_ns = now_ns

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request; its answer is final."""
        target = request.url.raw_path.decode("ascii")
        headers = self._key.headers(request.method, target, request.content, self._now_ns())
        request.headers.update(headers)
        yield request
