"""Every hostile token is answered 401 and by one problem document, over REST and the socket."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from hybrid_dex.defaults.login_tokens import key_name
from hybrid_dex.model.reasons import RejectReason
from reference_app.tests.stack import Stack, Trader
from reference_app.tests.test_routes import is_problem

SECRET = b"0123456789abcdefghijklmnopqrstuvwxyz"
"""Of the tests' exchange: a thief who has it still has no session."""
OTHER = b"another secret of thirty-two bytes"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode("ascii")


def forged(header: dict[str, Any], claims: Any, secret: bytes = SECRET) -> str:
    """A token put together without a library, its HMAC right whatever it says."""
    signed = encoded(json.dumps(header).encode()) + "." + encoded(json.dumps(claims).encode())
    return signed + "." + encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())


def hostile(good: str, account: str) -> dict[str, str]:
    """Tokens by what is wrong with them; all but the first few have a right HMAC."""
    head, payload, mac = good.split(".")
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    header: dict[str, Any] = {"alg": "HS256", "typ": "at+jwt", "kid": key_name(SECRET)}
    now_s = int(time.time())
    assert forged(header, claims), "the ones below differ from a good one in one thing each"
    without = encoded(json.dumps(header | {"alg": "none"}).encode())
    found = {
        "no signature": f"{head}.{payload}.",
        "no third part": f"{head}.{payload}",
        "another's signature": f"{head}.{payload}.{encoded(bytes(32))}",
        "a fourth part": good + ".x",
        "algorithm none": f"{without}.{payload}.",
        "algorithm none with a signature": f"{without}.{payload}.{mac}",
        "a key pair": jwt.encode(
            header | {"alg": "RS256"}, claims, RSAKey.generate_key(2048), algorithms=["RS256"]
        ),
        "another secret": forged(header, claims, OTHER),
        "another secret by its name": forged(header | {"kid": key_name(OTHER)}, claims, OTHER),
        "no claims": forged(header, {}),
        "a list of claims": forged(header, [claims]),
        "too long": "a" * 3_000,
        "not ASCII": good[:-1] + "%C3%A9",
        "spaces inside": good.replace(".", " . "),
    }
    for name, change in {
        "HS384": {"alg": "HS384"},
        "RS256 by name": {"alg": "RS256"},
        "no kid": {"kid": None},
        "a kid that is a path": {"kid": "../../dev/null"},
        "a key of its own": {"jwk": {"kty": "oct", "k": "AAAA"}},
        "a refresh token's type": {"typ": "rt+jwt"},
        "an action token's type": {"typ": "action+jwt"},
        "no type": {"typ": None},
        "critical extensions": {"crit": ["x"], "x": 1},
        "compressed": {"zip": "DEF"},
    }.items():
        found[f"header: {name}"] = forged(header | change, claims)
    for name, change in {
        "expired": {"exp": now_s - 1},
        "expired by text": {"exp": str(now_s + 600)},
        "a fraction": {"exp": now_s + 600.5},
        "issued in the future": {"iat": now_s + 3_600, "exp": now_s + 7_200},
        "another issuer": {"iss": "another"},
        "another audience": {"aud": "another"},
        "several audiences": {"aud": [claims["aud"], "another"]},
        "no audience": {"aud": None},
        "another account": {"sub": "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"},
        "no such session": {"sid": "0" * 32},
        "an unknown claim": {"admin": True},
        "an action": {"act": "x"},
        "no id": {"jti": None},
    }.items():
        found[f"claims: {name}"] = forged(header, claims | change)
    for claim in claims:
        found[f"without {claim}"] = forged(
            header, {name: value for name, value in claims.items() if name != claim}
        )
    assert account in str(claims)
    return found


async def test_every_hostile_token_is_refused_alike(stack: Stack, alice: Trader) -> None:
    tokens = hostile(alice.token, alice.account)
    assert len(tokens) > 40
    texts: set[str] = set()
    async with stack.socket() as socket:
        for what, token in tokens.items():
            headers = {"authorization": f"Bearer {token}"}
            reply = await stack.http.get("/account/balances", headers=headers)
            is_problem(reply, 401, RejectReason.UNAUTHENTICATED)
            texts.add(reply.json()["detail"])
            answer = await socket.ask({"op": "login", "token": token})
            assert answer["problem"]["code"] in {
                RejectReason.UNAUTHENTICATED,
                RejectReason.INVALID_MESSAGE,
            }, what
    assert not [text for text in texts if alice.account in text]
    assert (await alice.get("/account/balances")).status_code == 200


async def test_two_tokens_or_none_are_no_token(stack: Stack, alice: Trader) -> None:
    for headers in (
        [],
        [("authorization", f"Bearer {alice.token}"), ("authorization", f"Bearer {alice.token}")],
        [("authorization", f"Bearer {alice.token}, {alice.token}")],
        [("authorization", alice.token)],
        [("authorization", f"Token {alice.token}")],
        [("cookie", f"access_token={alice.token}")],
    ):
        reply = await stack.http.get("/account/balances", headers=headers)
        is_problem(reply, 401, RejectReason.UNAUTHENTICATED)


async def test_a_token_that_was_verified_before_is_void_once_it_is_revoked(
    stack: Stack, alice: Trader
) -> None:
    """The memory of verified tokens never outlives a revocation."""
    for _ in range(3):
        assert (await alice.get("/account/balances")).status_code == 200
    await alice.post("/auth/logout", None)
    for _ in range(3):
        reply = await alice.get("/account/balances")
        is_problem(reply, 401, RejectReason.UNAUTHENTICATED)
