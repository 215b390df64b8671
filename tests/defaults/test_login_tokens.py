"""A token that this issuer did not write, for this audience, in this form, is refused."""

import base64
import hashlib
import hmac
import json
import random
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from hybrid_dex.defaults.login_tokens import (
    DEMO_SECRET,
    LoginTokens,
    PreviousSecret,
    TokenClaims,
    TokenKind,
    key_name,
)
from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.units import AccountId
from tests.defaults.fakes_of_auth import SECRET, START_S, tokens
from tests.tiers import count

CLAIMS = TokenClaims(
    iss="hybrid-dex",
    aud="api",
    sub=AccountId("alice"),
    sid="session",
    jti="token",
    iat=START_S,
    exp=START_S + 600,
)


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode("ascii")


def forged(header: dict[str, Any], claims: Any, secret: str = SECRET) -> str:
    """A token put together without a library, its HMAC right whatever it says."""
    signed = encoded(json.dumps(header).encode()) + "." + encoded(json.dumps(claims).encode())
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return signed + "." + encoded(mac)


HEADER = {"alg": "HS256", "typ": TokenKind.ACCESS.value, "kid": key_name(SECRET.encode())}
FIELDS: dict[str, Any] = msgspec.to_builtins(CLAIMS)


@pytest.mark.parametrize("kind", TokenKind)
def test_what_is_written_is_read_back(kind: TokenKind) -> None:
    claims = msgspec.structs.replace(CLAIMS, act="a digest" if kind is TokenKind.ACTION else "")
    assert tokens().read(kind, tokens().write(kind, claims), START_S) == claims


def test_the_token_is_a_plain_jwt_that_others_can_read() -> None:
    token = tokens().write(TokenKind.ACCESS, CLAIMS)
    decoded = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"])
    assert decoded.header == HEADER
    assert decoded.claims == FIELDS
    assert tokens().read(TokenKind.ACCESS, forged(HEADER, FIELDS), START_S) == CLAIMS


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "at+jwt"},
        {"alg": "None", "typ": "at+jwt"},
        {"alg": "HS384", "typ": "at+jwt"},
        {"alg": "RS256", "typ": "at+jwt"},
        {"alg": "hs256", "typ": "at+jwt"},
        {"alg": ["HS256"], "typ": "at+jwt"},
        {"alg": None, "typ": "at+jwt"},
        {"typ": "at+jwt"},
        {"alg": "HS256"},
        {"alg": "HS256", "typ": "JWT"},
        {"alg": "HS256", "typ": "AT+JWT"},
        {"alg": "HS256", "typ": "rt+jwt"},
        {**HEADER, "kid": "other"},
        {**HEADER, "kid": None},
        {**HEADER, "kid": ""},
        {**HEADER, "kid": 1},
        {**HEADER, "kid": ["other"]},
        {**HEADER, "kid": "../../dev/null"},
        {**HEADER, "jwk": {"kty": "oct", "k": "AAAA"}},
        {**HEADER, "jku": "https://evil.example/keys"},
        {**HEADER, "alg": "none"},
        {**HEADER, "alg": "HS384"},
        {**HEADER, "alg": "RS256"},
        {**HEADER, "typ": "rt+jwt"},
        {**HEADER, "typ": "action+jwt"},
        {**HEADER, "typ": "JWT"},
        {**HEADER, "zip": "DEF"},
        {**HEADER, "b64": False, "crit": ["b64"]},
        {"alg": "HS256", "kid": HEADER["kid"]},
        {"alg": "HS256", "typ": "at+jwt", "b64": False, "crit": ["b64"]},
        {"alg": "HS256", "typ": "at+jwt", "crit": ["x"], "x": 1},
        {"alg": "HS256", "typ": "at+jwt", "zip": "DEF"},
    ],
)
def test_another_header_is_refused_even_with_a_right_mac(header: dict[str, Any]) -> None:
    with pytest.raises(SignatureError, match="token: "):
        tokens().read(TokenKind.ACCESS, forged(header, FIELDS), START_S)


@pytest.mark.parametrize("signature", ["", ".", "AA", "A" * 43])
def test_an_unsigned_token_is_refused(signature: str) -> None:
    for algorithm in ("none", "HS256"):
        header = encoded(json.dumps({**HEADER, "alg": algorithm}).encode())
        token = f"{header}.{encoded(json.dumps(FIELDS).encode())}.{signature}"
        with pytest.raises(SignatureError, match="not a token of this exchange"):
            tokens().read(TokenKind.ACCESS, token, START_S)


def test_a_token_signed_with_a_key_pair_is_refused() -> None:
    key = RSAKey.generate_key(2048)
    token = jwt.encode({"alg": "RS256", "typ": "at+jwt"}, FIELDS, key, algorithms=["RS256"])
    with pytest.raises(SignatureError, match="not a token of this exchange"):
        tokens().read(TokenKind.ACCESS, token, START_S)


@pytest.mark.parametrize(
    "changes",
    [{"secret": SECRET[::-1]}, {"issuer": "another"}, {"audience": "another"}],
    ids=["secret", "issuer", "audience"],
)
def test_a_token_of_another_issuer_is_refused(changes: dict[str, str]) -> None:
    other = tokens(**changes)
    claims = msgspec.structs.replace(CLAIMS, iss=other.issuer, aud=other.audience)
    with pytest.raises(SignatureError, match=r"not a token of this|for another exchange"):
        tokens().read(TokenKind.ACCESS, other.write(TokenKind.ACCESS, claims), START_S)


@pytest.mark.parametrize("name", FIELDS)
def test_every_claim_is_mandatory(name: str) -> None:
    without = {field: value for field, value in FIELDS.items() if field != name}
    with pytest.raises(SignatureError, match="not a token of this exchange"):
        tokens().read(TokenKind.ACCESS, forged(HEADER, without), START_S)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["api"]},
        {"aud": None},
        {"iss": ""},
        {"exp": str(START_S + 600)},
        {"exp": START_S + 600.5},
        {"exp": True},
        {"exp": None},
        {"exp": -1},
        {"sub": 1},
        {"sid": {}},
        {"admin": True},
        {"nbf": 0},
        {"act": "of no access token"},
        {"act": None},
    ],
)
def test_claims_of_another_shape_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SignatureError, match="token: "):
        tokens().read(TokenKind.ACCESS, forged(HEADER, {**FIELDS, **changes}), START_S)


@pytest.mark.parametrize("claims", [None, [], "x", 1, {}, [FIELDS]])
def test_a_payload_that_is_no_set_of_claims_is_refused(claims: object) -> None:
    with pytest.raises(SignatureError, match="not a token of this exchange"):
        tokens().read(TokenKind.ACCESS, forged(HEADER, claims), START_S)


def test_a_token_is_good_until_the_second_it_expires() -> None:
    token = tokens().write(TokenKind.ACCESS, CLAIMS)
    assert tokens().read(TokenKind.ACCESS, token, CLAIMS.exp - 1) == CLAIMS
    with pytest.raises(SignatureError, match="token: expired; valid: a current token"):
        tokens().read(TokenKind.ACCESS, token, CLAIMS.exp)


def test_a_token_from_the_future_is_refused_beyond_the_skew_of_clocks() -> None:
    for ahead, good in ((60, True), (61, False), (10**6, False)):
        claims = msgspec.structs.replace(CLAIMS, iat=START_S + ahead, exp=START_S + ahead + 600)
        token = tokens().write(TokenKind.ACCESS, claims)
        if good:
            assert tokens().read(TokenKind.ACCESS, token, START_S) == claims
        else:
            with pytest.raises(SignatureError, match="issued in the future"):
                tokens().read(TokenKind.ACCESS, token, START_S)


def test_an_action_token_names_its_request_and_no_other_token_does() -> None:
    claims = msgspec.structs.replace(CLAIMS, act="ab" * 32)
    token = tokens().write(TokenKind.ACTION, claims)
    assert tokens().read(TokenKind.ACTION, token, START_S) == claims
    for kind in (TokenKind.ACCESS, TokenKind.REFRESH):
        with pytest.raises(SignatureError, match="of another kind"):
            tokens().read(kind, token, START_S)
    with pytest.raises(SignatureError, match="of another kind"):
        tokens().read(TokenKind.ACTION, tokens().write(TokenKind.ACTION, CLAIMS), START_S)


NEW_SECRET = "c0ffee5a1b2c3d4e5f60718293a4b5c6"


def rotated(until_s: int) -> LoginTokens:
    previous = PreviousSecret(secret=SECRET, until_s=until_s)
    return LoginTokens(secret=NEW_SECRET, issuer="hybrid-dex", audience="api", previous=previous)


def test_a_previous_secret_is_good_for_reading_until_its_time() -> None:
    old = tokens().write(TokenKind.ACCESS, CLAIMS)
    reader = rotated(START_S + 100)
    read = reader.read(TokenKind.ACCESS, old, START_S)
    assert read == msgspec.structs.replace(CLAIMS, exp=START_S + 100), "it ends with its secret"
    with pytest.raises(SignatureError, match="expired"):
        reader.read(TokenKind.ACCESS, old, START_S + 100)
    fresh = reader.write(TokenKind.ACCESS, CLAIMS)
    assert reader.read(TokenKind.ACCESS, fresh, START_S + 101) == CLAIMS
    with pytest.raises(SignatureError, match="not a token of this exchange"):
        tokens().read(TokenKind.ACCESS, fresh, START_S)


def test_the_name_of_one_key_does_not_pass_with_the_other_s_mac() -> None:
    """Neither key may be chosen against what it signed."""
    reader = rotated(START_S + 100)
    names = [key_name(SECRET.encode()), key_name(NEW_SECRET.encode())]
    for name, secret in zip(names, (NEW_SECRET, SECRET), strict=True):
        with pytest.raises(SignatureError, match="not a token of this exchange"):
            reader.read(TokenKind.ACCESS, forged({**HEADER, "kid": name}, FIELDS, secret), START_S)


@pytest.mark.parametrize("secret", ["short", DEMO_SECRET, "a" * 64, NEW_SECRET])
def test_a_previous_secret_that_is_weak_or_the_present_one_is_refused(secret: str) -> None:
    previous = PreviousSecret(secret=secret, until_s=START_S)
    with pytest.raises(ConfigurationError):
        LoginTokens(secret=NEW_SECRET, issuer="i", audience="a", previous=previous)


def test_secrets_and_their_names_tell_nothing_of_each_other() -> None:
    shown = repr(rotated(START_S))
    assert SECRET not in shown
    assert NEW_SECRET not in shown
    assert key_name(SECRET.encode()) not in SECRET


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.",
        "e30.e30.e30",
        "\u00e9.a.b",
        "\x00",
        "a" * 5000,
        "[" * 2000,
    ],
)
def test_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(SignatureError, match="not a token of this exchange"):
        tokens().read(TokenKind.ACCESS, text, START_S)


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"[" * 900, b'{"a":' * 200, b"NaN", b""])
def test_a_payload_that_is_not_json_is_refused_even_with_a_right_mac(payload: bytes) -> None:
    signed = encoded(json.dumps(HEADER).encode()) + "." + encoded(payload)
    mac = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    with pytest.raises(SignatureError, match="not a token of this exchange"):
        tokens().read(TokenKind.ACCESS, f"{signed}.{encoded(mac)}", START_S)


def test_changing_any_character_of_a_token_voids_it(rng: random.Random) -> None:
    token = tokens().write(TokenKind.ACCESS, CLAIMS)
    significant = len(token) - 1  # the last character of base64 has bits that nobody reads
    for _ in range(count(fast=300, full=3_000)):
        position = rng.randrange(significant)
        character = rng.choice("abcXYZ019-_.= \x00\u00e9")
        changed = token[:position] + character + token[position + 1 :]
        if changed != token:
            with pytest.raises(SignatureError, match="token: "):
                tokens().read(TokenKind.ACCESS, changed, START_S)


@pytest.mark.parametrize("secret", ["", "x", "0123456789abcdef", "0123456789abcdef0123456789abcde"])
def test_a_short_secret_is_refused_even_in_a_demo(secret: str) -> None:
    for demo in (False, True):
        with pytest.raises(ConfigurationError, match=r"at least 32 are needed; make one with"):
            LoginTokens(secret=secret, issuer="i", audience="a", demo=demo)


@pytest.mark.parametrize(
    "secret",
    [
        DEMO_SECRET,
        "a" * 64,
        "0" * 32,
        "abababababababababababababababab",
        "changeme-changeme-changeme-changeme",
        "please CHANGE-ME before going to production",
        "your-secret-key-goes-here-0123456789",
    ],
)
def test_a_known_default_is_refused_except_in_a_demo(secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"demo secret|placeholder") as refused:
        LoginTokens(secret=secret, issuer="i", audience="a")
    assert secret not in str(refused.value)
    LoginTokens(secret=secret, issuer="i", audience="a", demo=True)


def test_the_secret_may_be_bytes_and_is_not_shown() -> None:
    assert tokens().secret == SECRET.encode()
    assert SECRET not in repr(tokens())
    raw = bytes(range(32))
    assert LoginTokens(secret=raw, issuer="i", audience="a").secret == raw


@pytest.mark.parametrize("name", ["issuer", "audience"])
def test_an_empty_issuer_or_audience_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        tokens(**{name: ""})
