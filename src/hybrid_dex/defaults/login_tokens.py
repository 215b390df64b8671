"""Login tokens: signed claims that say which session a request belongs to.

Three kinds of JSON Web Token (RFC 7519), all HMAC-SHA256 under one secret: the access token, short
lived, that every request carries; the refresh token, good once; and the action token, good once
for exactly one request. Their ``typ`` headers differ, so one never passes as another. A token that
is not exactly what this module writes is refused: other algorithm (``none`` and RS256 confusion
included), key, issuer, audience, type, or claims.

``kid`` names the secret without telling anything about it. When the secret is changed the previous
one may be kept for reading, until a time that is set with it.

A token is never the last word: whether its session is still open is asked of the login store.
"""

import enum
import hashlib
import hmac
from typing import Final

import attrs
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.units import AccountId

__all__ = [
    "DEMO_SECRET",
    "MIN_SECRET_BYTES",
    "LoginTokens",
    "PreviousSecret",
    "TokenClaims",
    "TokenKind",
    "key_name",
]

MIN_SECRET_BYTES: Final = 32
"""As long as the hash: shorter keys weaken HS256 (RFC 7518 section 3.2)."""
DEMO_SECRET: Final = "hybrid-dex demo secret: public, so worthless elsewhere"  # noqa: S105 - it is meant to be known
"""Known to everyone; accepted in demo mode only."""

_ALGORITHM: Final = "HS256"
_MAX_TOKEN_CHARACTERS: Final = 2048
_KEY_NAME_BYTES: Final = 8
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
    ACTION = "action+jwt"


class TokenClaims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The claims of a token; all but ``act`` are mandatory.

    Attributes:
        iss: who issued it.
        aud: whom it is for.
        sub: the account.
        sid: the session.
        jti: the token's own id.
        iat: when it was issued, Unix seconds.
        exp: when it ends, Unix seconds.
        act: digest of the one request that an action token is good for; no other token has it.
    """

    iss: str
    aud: str
    sub: AccountId
    sid: str
    jti: str
    iat: int
    exp: int
    act: str = ""


def _to_bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret


def key_name(secret: bytes) -> str:
    """Return a name for a secret, from which nothing about the secret can be told."""
    digest = hmac.new(secret, b"hybrid-dex key name", hashlib.sha256).digest()
    return digest[:_KEY_NAME_BYTES].hex()


@attrs.frozen(kw_only=True)
class PreviousSecret:
    """The secret before the present one, good for reading until a time.

    Attributes:
        secret: the key, as `LoginTokens.secret`.
        until_s: from when on it is refused, Unix seconds.
    """

    secret: bytes = attrs.field(repr=False, converter=_to_bytes)
    until_s: int


@attrs.frozen(kw_only=True)
class LoginTokens:
    """Writes and reads the tokens of one issuer.

    Attributes:
        secret: the key, as bytes or text: at least 32 bytes, random, kept from everyone.
        issuer: ``iss`` of every token: this exchange.
        audience: ``aud`` of every token: the API that accepts them.
        demo: accept `DEMO_SECRET`; for a demonstration on this machine only.
        previous: the secret that tokens were signed with before this one, if they are still good.
        skew_s: how far in the future a token may have been issued, for the clocks of several
            gateways.

    Raises:
        ConfigurationError: the secret is too short, a known default or obviously not random.
    """

    secret: bytes = attrs.field(repr=False, converter=_to_bytes)
    issuer: str = attrs.field(validator=attrs.validators.min_len(1))
    audience: str = attrs.field(validator=attrs.validators.min_len(1))
    demo: bool = False
    previous: PreviousSecret | None = None
    skew_s: int = attrs.field(default=60, validator=attrs.validators.ge(0))
    _keys: dict[str, OctKey] = attrs.field(init=False, repr=False, eq=False)
    _name: str = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        secrets = [self.secret]
        if self.previous is not None:
            secrets.append(self.previous.secret)
            if self.previous.secret == self.secret:
                raise ConfigurationError("the previous token secret is the present one; change it")
        for secret in secrets:
            _check_secret(secret, demo=self.demo)
        keys = {key_name(secret): OctKey.import_key(secret) for secret in secrets}
        object.__setattr__(self, "_keys", keys)
        object.__setattr__(self, "_name", key_name(self.secret))

    def write(self, kind: TokenKind, claims: TokenClaims) -> str:
        """Return the signed token."""
        header = {"alg": _ALGORITHM, "typ": kind.value, "kid": self._name}
        key = self._keys[self._name]
        return jwt.encode(header, msgspec.to_builtins(claims), key, algorithms=[_ALGORITHM])

    def read(self, kind: TokenKind, token: str, now_s: int) -> TokenClaims:
        """Return the claims of a token that this issuer signed and that is good now.

        One signed with the previous secret ends no later than that secret.

        Raises:
            SignatureError: it is not; the message does not say more than a stranger may know.
        """
        if len(token) > _MAX_TOKEN_CHARACTERS or not token.isascii():
            raise _refused("not a token of this exchange")
        try:
            decoded = jwt.decode(token, self._key_of, algorithms=[_ALGORITHM])
            claims = msgspec.convert(decoded.claims, TokenClaims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise _refused("not a token of this exchange") from error
        name = decoded.header.get("kid")
        if decoded.header != {"alg": _ALGORITHM, "typ": kind.value, "kid": name}:
            raise _refused("of another kind")
        if claims.iss != self.issuer or claims.aud != self.audience:
            raise _refused("for another exchange")
        if bool(claims.act) != (kind is TokenKind.ACTION):
            raise _refused("of another kind")
        if claims.iat > now_s + self.skew_s:
            raise _refused("issued in the future")
        if name != self._name and self.previous is not None:
            claims = msgspec.structs.replace(claims, exp=min(claims.exp, self.previous.until_s))
        if now_s >= claims.exp:
            raise _refused("expired")
        return claims

    def _key_of(self, token: GuestProtocol) -> OctKey:
        """Return the key that a token names. Raises `ValueError` when there is no such key."""
        key = self._keys.get(str(token.headers().get("kid")))
        if key is None:
            raise ValueError("unknown key")
        return key


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
