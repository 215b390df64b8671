"""Fresh actions: a wallet's signature for exactly one request, made just now.

A stolen access token reads and cancels for ten minutes; what is worse than that asks the wallet
again. In two steps: the exchange writes an EIP-4361 message that names method, address and body of
the one request, the wallet signs it, and gets a token that goes with that request, once.

A message of this kind never opens a session, and a login never confirms a request: their
statements differ, and each side looks.
"""

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

import attrs

from hybrid_dex.defaults.login_tokens import LoginTokens, TokenClaims, TokenKind
from hybrid_dex.defaults.wallet_auth import ACTION_STATEMENT, WalletAuth
from hybrid_dex.errors import SignatureError
from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.signing.date_time import format_date_time
from hybrid_dex.signing.login_message import LoginMessage

__all__ = ["ActionToken", "FreshActions"]

_ID_BYTES: Final = 16
_MS_NS: Final = 1_000_000


@attrs.frozen(kw_only=True)
class ActionToken:
    """A confirmation.

    Attributes:
        token: goes with the request.
        expires_at_ms: when it ends, Unix milliseconds.
    """

    token: str = attrs.field(repr=False)
    expires_at_ms: int


@attrs.frozen(kw_only=True)
class FreshActions:
    """Writes the messages, checks their signatures, and spends the tokens.

    Attributes:
        auth: verifies messages, and keeps what is good once.
        tokens: writes and reads the tokens.
        life_s: how long wallet and request may take together, from the message's writing.
    """

    auth: WalletAuth
    tokens: LoginTokens = attrs.field(repr=False)
    life_s: int = attrs.field(default=120, validator=attrs.validators.ge(1))
    _randomness: Callable[[int], bytes] = attrs.field(default=secrets.token_bytes, repr=False)

    async def begin(
        self, principal: Principal, method: str, target: str, body_sha256: str
    ) -> tuple[str, int]:
        """Return the message that the principal's wallet shall sign, and when it ends.

        Raises:
            SignatureError: the target can not stand in a message.
        """
        now_ns = self.auth.clock.now_ns()
        expires_at_ms = now_ns // _MS_NS + self.life_s * 1000
        origin = self.auth.options.origins[0]
        message = LoginMessage(
            domain=origin.partition("://")[2],
            address=principal.account,
            uri=origin + target,
            chain_id=self.auth.domain.chain_id,
            nonce=await self.auth.issue_nonce(),
            issued_at=format_date_time(now_ns),
            statement=ACTION_STATEMENT + method,
            expiration_time=format_date_time(expires_at_ms * _MS_NS),
            request_id=body_sha256,
        )
        return message.text(), expires_at_ms

    async def confirm(self, principal: Principal, message: str, signature: bytes) -> ActionToken:
        """Return the token for the request that a signed message names.

        Raises:
            SignatureError: the message is not one of `begin`, of this account, signed by it, now.
            UnavailableError: what is good once, or a contract wallet, can not be asked now.
        """
        parsed = LoginMessage.parse(message)
        statement, expiration_ns = parsed.statement or "", parsed.expiration_time_ns
        if not statement.startswith(ACTION_STATEMENT) or expiration_ns is None:
            raise SignatureError("statement", "of another message", "a message of this exchange")
        if parsed.address != principal.account:
            raise SignatureError("address", "of another account", principal.account)
        parsed = await self.auth.verify(message, signature)
        origin = self.auth.options.origins[0]
        method, target = statement.removeprefix(ACTION_STATEMENT), parsed.uri.removeprefix(origin)
        now_ms = self.auth.clock.now_ns() // _MS_NS
        expires_at_ms = min(expiration_ns // _MS_NS, now_ms + self.life_s * 1000)
        claims = TokenClaims(
            iss=self.tokens.issuer,
            aud=self.tokens.audience,
            sub=principal.account,
            sid=principal.session_id,
            jti=self._randomness(_ID_BYTES).hex(),
            iat=now_ms // 1000,
            exp=expires_at_ms // 1000,
            act=_digest(method, target, parsed.request_id or ""),
        )
        await self.auth.once.put_nonce(_name(claims.jti), expires_at_ms)
        return ActionToken(
            token=self.tokens.write(TokenKind.ACTION, claims), expires_at_ms=claims.exp * 1000
        )

    async def spend(
        self, principal: Principal, token: str, *, method: str, target: str, body: bytes
    ) -> None:
        """Take a token for the request that it is good for, once.

        Raises:
            SignatureError: it is not one of ours, of this login, for this request, good now and new.
        """
        now_ms = self.auth.clock.now_ns() // _MS_NS
        claims = self.tokens.read(TokenKind.ACTION, token, now_ms // 1000)
        if (claims.sub, claims.sid) != (principal.account, principal.session_id):
            raise _refused("of another login")
        if claims.act != _digest(method, target, hashlib.sha256(body).hexdigest()):
            raise _refused("for another request")
        if not await self.auth.once.take_nonce(_name(claims.jti), now_ms):
            raise _refused("used before, or expired")


def _digest(method: str, target: str, body_sha256: str) -> str:
    return hashlib.sha256(f"{method}\n{target}\n{body_sha256}".encode()).hexdigest()


def _name(token_id: str) -> str:
    return f"action:{token_id}"


def _refused(reason: str) -> SignatureError:
    return SignatureError("action", reason, "a token of /auth/actions/confirm for this request")
