"""Credentials: the account's open sessions and API keys, seen, made and ended over REST.

Making a key asks the wallet once more, for exactly that request: the exchange writes the message, the
signer signs it, and what comes back goes with the request.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

import attrs

from hybrid_dex.client.paths import path_part
from hybrid_dex.client.rest import Rest
from hybrid_dex.client.session import Signer
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.wire import (
    ActionAnswer,
    ActionRequest,
    ActionTokenAnswer,
    ApiKeyAnswer,
    ApiKeyMessage,
    ApiKeyRequest,
    ApiKeysAnswer,
    ConfirmRequest,
    RevokedAnswer,
    ScopeWord,
    SessionMessage,
    SessionsAnswer,
    encode,
    hex_text,
)

__all__ = ["Credentials"]

_KEYS: Final = "/auth/api-keys"
_SESSIONS: Final = "/auth/sessions"


@attrs.frozen
class Credentials:
    """One account's sessions and keys.

    Attributes:
        rest: sends; it is logged in.
        signer: the account's wallet, which confirms new keys.
    """

    rest: Rest
    signer: Signer | None

    async def sessions(self) -> list[SessionMessage]:
        """Return the account's open sessions, oldest first."""
        return (await self.rest.private(SessionsAnswer, "GET", _SESSIONS)).sessions

    async def revoke_session(self, session_id: str) -> None:
        """End one session. Raises `RefusedError` when there is none, `FormatError` without an id."""
        await self.rest.private(
            RevokedAnswer, "DELETE", f"{_SESSIONS}/{path_part('session_id', session_id)}"
        )

    async def revoke_other_sessions(self) -> int:
        """End every session but this one; return how many there were."""
        return (await self.rest.private(RevokedAnswer, "DELETE", _SESSIONS)).revoked

    async def api_keys(self) -> list[ApiKeyMessage]:
        """Return the account's keys, oldest first."""
        return (await self.rest.private(ApiKeysAnswer, "GET", _KEYS)).keys

    async def make_api_key(
        self,
        name: str,
        *,
        scopes: Sequence[ScopeWord],
        expires_at_ms: int,
        kind: Literal["ed25519", "hmac"] = "hmac",
        public_key: bytes | None = None,
        markets: Sequence[str] | None = None,
        networks: Sequence[str] = (),
    ) -> ApiKeyAnswer:
        """Make a key; the answer holds the secret of an HMAC key, this once.

        Raises:
            ConfigurationError: there is no wallet to confirm it.
            RefusedError, UnreachableError, UnknownOutcomeError: as any request.
        """
        body = encode(
            ApiKeyRequest(
                name=name,
                kind=kind,
                scopes=list(scopes),
                expires_at_ms=expires_at_ms,
                markets=None if markets is None else list(markets),
                networks=list(networks),
                public_key=None if public_key is None else hex_text(public_key),
            )
        )
        token = await self.confirmed("POST", _KEYS, body)
        return await self.rest.private(
            ApiKeyAnswer, "POST", _KEYS, body=body, headers={"hd-action": token}
        )

    async def delete_api_key(self, key_id: str) -> None:
        """Delete a key. Raises `RefusedError` when there is none, `FormatError` without an id."""
        await self.rest.private(RevokedAnswer, "DELETE", f"{_KEYS}/{path_part('key_id', key_id)}")

    async def confirmed(self, method: Literal["POST", "PUT"], target: str, body: bytes) -> str:
        """Return the token for one request, which the wallet confirms; it goes into ``HD-Action``.

        Raises:
            ConfigurationError: there is no wallet.
            RefusedError, UnreachableError, UnknownOutcomeError: as any request.
        """
        if self.signer is None:
            raise ConfigurationError("this asks the account's wallet: give the client a signer")
        asked = ActionRequest(
            method=method, target=target, body_sha256=hashlib.sha256(body).hexdigest()
        )
        begun = await self.rest.private(ActionAnswer, "POST", "/auth/actions", body=encode(asked))
        signature = hex_text(self.signer.sign_text(begun.message))
        answer = ConfirmRequest(message=begun.message, signature=signature)
        confirmed = await self.rest.private(
            ActionTokenAnswer, "POST", "/auth/actions/confirm", body=encode(answer)
        )
        return confirmed.action_token
