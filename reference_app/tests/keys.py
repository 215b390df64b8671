"""API keys for tests: made with the wallet's confirmation, and requests signed with them.

Signed by the standard library and `cryptography`, from the documentation's words and not by the
library's own function, so that both must agree.
"""

import hashlib
import hmac
import time
from typing import Any

import attrs
import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account.messages import encode_defunct

from hybrid_dex.wire import encode
from reference_app.tests.stack import Stack, Trader

DAY_MS = 86_400_000


async def confirmation(trader: Trader, method: str, target: str, body: bytes = b"") -> str:
    """The token for one request, which the trader's wallet confirms."""
    asked = {"method": method, "target": target, "body_sha256": hashlib.sha256(body).hexdigest()}
    begun = await trader.post("/auth/actions", asked)
    assert begun.status_code == 200, begun.text
    message = begun.json()["message"]
    signature = trader.key.sign_message(encode_defunct(text=message)).signature.hex()
    confirmed = await trader.post(
        "/auth/actions/confirm",
        {"message": message, "signature": "0x" + signature.removeprefix("0x")},
    )
    assert confirmed.status_code == 200, confirmed.text
    return str(confirmed.json()["action_token"])


async def confirmed(
    trader: Trader, method: str, target: str, body: object = None
) -> httpx.Response:
    """Send a request that the trader's wallet confirms."""
    content = b"" if body is None else encode(body)
    token = await confirmation(trader, method, target, content)
    headers = trader.headers | {"hd-action": token, "content-type": "application/json"}
    return await trader.stack.http.request(method, target, content=content, headers=headers)


@attrs.define
class Key:
    """A key as its owner holds it: an HMAC secret, or an Ed25519 private key."""

    stack: Stack
    id: str
    secret: bytes | Ed25519PrivateKey
    last_ms: int = 0

    def sign(self, text: bytes) -> str:
        made = (
            self.secret.sign(text)
            if isinstance(self.secret, Ed25519PrivateKey)
            else hmac.new(self.secret, text, hashlib.sha256).digest()
        )
        return "0x" + made.hex()

    def stamp(self) -> int:
        """A time that no request of this key had."""
        self.last_ms = max(self.last_ms + 1, time.time_ns() // 1_000_000)
        return self.last_ms

    def headers(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        *,
        timestamp_ms: int | None = None,
        window_ms: int = 5_000,
    ) -> dict[str, str]:
        """What goes with a request."""
        now = self.stamp() if timestamp_ms is None else timestamp_ms
        digest = hashlib.sha256(body).hexdigest()
        text = f"hybrid-dex request v1\n{self.id}\n{now}\n{window_ms}\n{method}\n{target}\n{digest}"
        return {
            "hd-key": self.id,
            "hd-timestamp": str(now),
            "hd-window": str(window_ms),
            "hd-signature": self.sign(text.encode()),
        }

    async def send(
        self, method: str, target: str, body: object = None, **options: Any
    ) -> httpx.Response:
        """Send a signed request."""
        content = b"" if body is None else encode(body)
        headers = self.headers(method, target, content, **options)
        return await self.stack.http.request(
            method, target, content=content, headers=headers | {"content-type": "application/json"}
        )

    def login(self, **changes: Any) -> dict[str, Any]:
        """The socket's login by this key."""
        now = self.stamp()
        empty = hashlib.sha256(b"").hexdigest()
        text = f"hybrid-dex request v1\n{self.id}\n{now}\n5000\nLOGIN\n/ws\n{empty}"
        signature = self.sign(text.encode())
        message = {"op": "login_key", "key": self.id, "timestamp_ms": now, "signature": signature}
        return message | changes


async def make_key(trader: Trader, kind: str = "hmac", **changes: Any) -> Key:
    """Make a key of the trader's account."""
    private = Ed25519PrivateKey.generate()
    wanted: dict[str, Any] = {
        "name": "bot",
        "kind": kind,
        "scopes": ["read", "trade"],
        "expires_at_ms": time.time_ns() // 1_000_000 + DAY_MS,
    }
    if kind == "ed25519":
        wanted["public_key"] = "0x" + private.public_key().public_bytes_raw().hex()
    reply = await confirmed(trader, "POST", "/auth/api-keys", wanted | changes)
    assert reply.status_code == 201, reply.text
    answer = reply.json()
    if kind == "ed25519":
        assert answer["secret"] is None
        return Key(trader.stack, answer["key"]["id"], private)
    return Key(trader.stack, answer["key"]["id"], bytes.fromhex(answer["secret"][2:]))
