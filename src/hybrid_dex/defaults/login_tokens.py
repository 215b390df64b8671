"""Login tokens: signed claims that say which session a request belongs to.

Two kinds of JSON Web Token (RFC 7519), both HMAC-SHA256 under one secret: the access token, short
lived, that every request carries, and the refresh token, good once. Their ``typ`` headers differ,
so one never passes as the other. A token that is not exactly what this module writes is refused:
other algorithm (``none`` and RS256 confusion included), issuer, audience, type, or claims.

A token is never the last word: whether its session is still open is asked of the login store.
"""

import enum
from typing import Final

import attrs
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.units import AccountId

__all__ = ["DEMO_SECRET", "MIN_SECRET_BYTES", "LoginTokens", "TokenClaims", "TokenKind"]

MIN_SECRET_BYTES: Final = 32
"""As long as the hash: shorter keys weaken HS256 (RFC 7518 section 3.2)."""
DEMO_SECRET: Final = "hybrid-dex demo secret: public, so worthless elsewhere"  # noqa: S105 - it is meant to be known
"""Known to everyone; accepted in demo mode only."""

_ALGORITHM: Final = "HS256"
_MAX_TOKEN_CHARACTERS: Final = 2048
_MIN_DISTINCT_BYTES: Final = 8
_PLACEHOLDERS: Final = (
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "your-secret",
    "your_secret",
)


class TokenKind(enum.Enum):
    """What a token is good for; the value is its ``typ`` header."""

    ACCESS = "at+jwt"
    REFRESH = "rt+jwt"


class TokenClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims of a token, all mandatory.

    Attributes:
        iss: who issued it.
        aud: whom it is for.
        sub: the account.
        sid: the session.
        jti: the token's own id.
        iat: when it was issued, Unix seconds.
        exp: when it ends, Unix seconds.
    """

    iss: str
    aud: str
    sub: AccountId
    sid: str
    jti: str
    iat: int
    exp: int


def _to_bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


@attrs.frozen(kw_only=True)
class LoginTokens:
    """Writes and reads the tokens of one issuer.

    Attributes:
        secret: the key, as bytes or text: at least 32 bytes, random, kept from everyone.
        issuer: ``iss`` of every token: this exchange.
        audience: ``aud`` of every token: the API that accepts them.
        demo: accept `DEMO_SECRET`; for a demonstration on this machine only.

    Raises:
        ConfigurationError: the secret is too short, a known default or obviously not random.
    """

    secret: bytes = attrs.field(repr=False, converter=_to_bytes)
    issuer: str = attrs.field(validator=attrs.validators.min_len(1))
    audience: str = attrs.field(validator=attrs.validators.min_len(1))
    demo: bool = False
    _key: OctKey = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        _check_secret(self.secret, demo=self.demo)
        object.__setattr__(self, "_key", OctKey.import_key(self.secret))

    def write(self, kind: TokenKind, claims: TokenClaims) -> str:
        """Return the signed token."""
        header = {"alg": _ALGORITHM, "typ": kind.value}
        return jwt.encode(header, msgspec.to_builtins(claims), self._key, algorithms=[_ALGORITHM])

    def read(self, kind: TokenKind, token: str, now_s: int) -> TokenClaims:
        """Return the claims of a token that this issuer signed and that is good now.

        Raises:
            SignatureError: it is not; the message does not say more than a stranger may know.
        """
        if len(token) > _MAX_TOKEN_CHARACTERS or not token.isascii():
            raise _refused("not a token of this exchange")
        try:
            decoded = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            claims = msgspec.convert(decoded.claims, TokenClaims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise _refused("not a token of this exchange") from error
        if decoded.header != {"alg": _ALGORITHM, "typ": kind.value}:
            raise _refused("of another kind")
        if claims.iss != self.issuer or claims.aud != self.audience:
            raise _refused("for another exchange")
        if now_s >= claims.exp:
            raise _refused("expired")
        return claims


def _refused(reason: str) -> SignatureError:
    return SignatureError("token", reason, "a current token from login or refresh")


def _check_secret(secret: bytes, *, demo: bool) -> None:
    advice = "make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
    if len(secret) < MIN_SECRET_BYTES:
        message = f"the token secret has {len(secret)} bytes, at least {MIN_SECRET_BYTES} are needed; {advice}"
        raise ConfigurationError(message)
    if demo:
        return
    if secret == DEMO_SECRET.encode("ascii"):
        message = f"the token secret is the public demo secret; {advice}, or set demo"
        raise ConfigurationError(message)
    lowered = secret.lower()
    if len(set(secret)) < _MIN_DISTINCT_BYTES or any(
        word.encode() in lowered for word in _PLACEHOLDERS
    ):
        message = f"the token secret is a placeholder, not a random key; {advice}"
        raise ConfigurationError(message)
