"""Every route of the document refuses whoever may not call it, and shows nobody another's data.

Read off the OpenAPI document, so that a new route is tried by being there: without a token, with one
that has expired, as another account, with a key of another scope, with a lesser role.
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import attrs
import msgspec

from hybrid_dex.defaults.login_tokens import TokenClaims, TokenKind
from hybrid_dex.defaults.roles import Role
from hybrid_dex.interfaces.auth import Scope
from hybrid_dex.model.reasons import RejectReason
from reference_app.access import BEARER, BY_MARKET, FRESH, KEY
from reference_app.tests.keys import Key, confirmed, make_key
from reference_app.tests.stack import Stack, Trader
from reference_app.tests.test_routes import is_problem

MARK = "ALICE-MARK"
BODIES: dict[str, dict[str, Any]] = {
    "ReduceRequest": {"by": "0.1"},
    "ReplaceRequest": {"quantity": "2", "price": "11"},
}
"""Bodies that are good for another's order; the other routes with a body name nobody else's thing."""


@attrs.frozen(kw_only=True)
class Route:
    """One operation of the document."""

    method: str
    path: str
    security: list[dict[str, list[str]]]
    body: str

    def names(self, scheme: str) -> list[str] | None:
        """The scopes and roles that a scheme needs; ``None`` where it is not let in."""
        return next((one[scheme] for one in self.security if scheme in one), None)

    @property
    def role(self) -> Role | None:
        """The role that it needs."""
        names = set(self.names(BEARER) or ()) & {role.value for role in Role}
        return Role(names.pop()) if names else None


async def private_routes(stack: Stack) -> list[Route]:
    document = (await stack.http.get("/openapi.json")).json()
    schemes = document["components"]["securitySchemes"]
    assert {BEARER, KEY, FRESH} == set(schemes)
    found = list(_operations(document))
    assert len(found) > 20
    for route in found:
        for alternative in route.security:
            assert set(alternative) <= set(schemes)
            known = {scope.value for scope in Scope} | {role.value for role in Role} | {BY_MARKET}
            assert {name for names in alternative.values() for name in names} <= known
    return found


def _operations(document: dict[str, Any]) -> Iterator[Route]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if not operation.get("security"):
                continue
            content = operation.get("requestBody", {}).get("content", {})
            reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            yield Route(
                method=method.upper(),
                path=path,
                security=operation["security"],
                body=reference.rpartition("/")[2],
            )


def address(route: Route, names: dict[str, str]) -> str:
    """The route's address with every name in it filled in; a new kind of name has to be added."""
    return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], route.path)


@attrs.frozen
class Scene:
    """Alice has one of everything; what is hers bears a mark."""

    alice: Trader
    names: dict[str, str]
    marks: list[str]
    key: Key


async def scene(alice: Trader) -> Scene:
    placed = await alice.place("buy", "1", "10", client_order_id=f"{MARK}-order")
    key = await make_key(alice, name=f"{MARK}-key")
    (session,) = (await alice.get("/auth/sessions")).json()["sessions"]
    order_id = placed["order"]["order_id"]
    names = {
        "order_id": order_id,
        "client_order_id": f"{MARK}-order",
        "order_hash": placed["order"]["order_hash"],
        "session_id": session["id"],
        "key_id": key.id,
        "account": alice.account,
        "market_id": "ETH-USDC",
        "salt": "1",
        "action_id": "none",
    }
    return Scene(alice, names, [MARK, session["id"], key.id, alice.account], key)


def shows(reply: Any, marks: list[str], asked: str) -> list[str]:
    """The marks in an answer that were not in the question."""
    return [mark for mark in marks if mark in reply.text and mark not in asked]


async def test_nobody_is_let_in_without_a_good_token(stack: Stack, alice: Trader) -> None:
    found = await scene(alice)
    tokens = stack.services.identity.auth.tokens
    (session,) = (await alice.get("/auth/sessions")).json()["sessions"]
    now_s = int(time.time())
    old = TokenClaims(
        iss=tokens.issuer,
        aud=tokens.audience,
        sub=alice.account,
        sid=session["id"],
        jti="old",
        iat=now_s - 700,
        exp=now_s - 100,
    )
    expired = tokens.write(TokenKind.ACCESS, old)
    refresh = tokens.write(TokenKind.REFRESH, msgspec.structs.replace(old, exp=now_s + 100))
    for route in await private_routes(stack):
        target = address(route, found.names)
        late = found.key.headers(route.method, target, timestamp_ms=1)
        for headers in (
            {},
            {"authorization": f"Bearer {expired}"},
            {"authorization": f"Bearer {refresh}"},
            late,
        ):
            reply = await stack.http.request(route.method, target, headers=headers)
            is_problem(reply, 401, RejectReason.UNAUTHENTICATED)
            assert not shows(reply, found.marks, target)


async def test_a_foreign_account_sees_and_changes_nothing(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    found = await scene(alice)
    for route in await private_routes(stack):
        target = address(route, found.names)
        body = BODIES.get(route.body, {}) if route.body else None
        reply = await (
            confirmed(bob, route.method, target, body)
            if FRESH in route.security[0] and route.method != "GET"
            else stack.http.request(
                route.method,
                target,
                content=b"" if body is None else msgspec.json.encode(body),
                headers=bob.headers | {"content-type": "application/json"},
            )
        )
        asked = "{" in route.path
        if asked or route.role is not None:
            assert reply.status_code in {403, 404}, (route, reply.text)
        assert not shows(reply, found.marks, target), (route, reply.text)
        if route.path in {"/auth/logout", "/auth/sessions"} and route.method != "GET":
            await bob.login()
    (left,) = (await alice.get("/auth/sessions")).json()["sessions"]
    assert left["id"] == found.names["session_id"]
    order = (await alice.get(f"/orders/{found.names['order_id']}")).json()
    assert (order["status"], order["open"]) == ("new", "1")
    assert len((await alice.get("/auth/api-keys")).json()["keys"]) == 1


async def test_a_key_is_let_in_by_its_scopes_alone(stack: Stack, alice: Trader) -> None:
    found = await scene(alice)
    keys = {
        Scope.READ: await make_key(alice, "ed25519", scopes=["read"]),
        Scope.TRADE: await make_key(alice, "ed25519", scopes=["trade"]),
    }
    narrow = await make_key(alice, "ed25519", markets=["BTC-USDC"])
    for route in await private_routes(stack):
        target = address(route, found.names)
        names = route.names(KEY)
        wanted = set(names or ())
        for scope, key in keys.items():
            if scope not in wanted:
                reply = await key.send(route.method, target)
                is_problem(reply, 403, RejectReason.FORBIDDEN)
                assert not shows(reply, found.marks, target)
        if names is None or BY_MARKET not in names or ("{" in route.path and not route.body):
            is_problem(await narrow.send(route.method, target), 403, RejectReason.FORBIDDEN)


async def test_a_lesser_role_is_refused_and_taking_one_counts_at_once(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    found = await scene(alice)
    roles = stack.services.identity.roles
    routes = [route for route in await private_routes(stack) if route.role is not None]
    assert routes
    for role in Role:
        await roles.grant(bob.account, role, "test", keeps_admin=False)
        for route in routes:
            assert route.role is not None
            target = address(route, found.names)
            reply = await stack.http.request(route.method, target, headers=bob.headers)
            if not role.includes(route.role):
                is_problem(reply, 403, RejectReason.FORBIDDEN)
                assert not shows(reply, found.marks, target)
            elif FRESH in route.security[0]:
                is_problem(reply, 403, RejectReason.FRESH_SIGNATURE_REQUIRED)
            else:
                known = "{action_id}" not in route.path
                assert reply.status_code == (200 if known else 404), reply.text
    await roles.grant(bob.account, Role.TRADER, "test", keeps_admin=False)
    for route in routes:
        target = address(route, found.names)
        reply = await stack.http.request(route.method, target, headers=bob.headers)
        is_problem(reply, 403, RejectReason.FORBIDDEN)


async def test_an_admin_gives_and_takes_roles_with_its_wallet_s_word(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    roles = stack.services.identity.roles
    await roles.grant(alice.account, Role.ADMIN, "command")
    target = f"/admin/roles/{bob.account}"
    given = await confirmed(alice, "PUT", target, {"role": "operator"})
    assert given.status_code == 204, given.text
    assert await roles.of(bob.account) is Role.OPERATOR
    listed = (await alice.get("/admin/roles")).json()["roles"]
    assert {(one["account"], one["role"], one["granted_by"]) for one in listed} == {
        (alice.account, "admin", "command"),
        (bob.account, "operator", alice.account),
    }
    lower = f"/admin/roles/{bob.account.lower()}"
    is_problem(
        await confirmed(alice, "PUT", lower, {"role": "support"}), 400, RejectReason.INVALID_MESSAGE
    )
    own = await confirmed(alice, "PUT", f"/admin/roles/{alice.account}", {"role": "trader"})
    assert is_problem(own, 400, RejectReason.INVALID_MESSAGE).field == "role"
    assert (await confirmed(alice, "PUT", target, {"role": "trader"})).status_code == 204
    assert await roles.of(bob.account) is Role.TRADER
    log = (await alice.get("/admin/audit?limit=2")).json()["entries"]
    assert [(one["actor"], one["subject"], one["detail"]) for one in log] == [
        (alice.account, bob.account, "operator -> trader"),
        (alice.account, bob.account, "trader -> operator"),
    ]
    (older,) = (await alice.get(f"/admin/audit?before={log[-1]['id']}")).json()["entries"]
    assert (older["actor"], older["detail"]) == ("command", "trader -> admin")


async def test_every_route_is_public_by_name_or_guarded(stack: Stack) -> None:
    """A route without a declaration is found here, not by a stranger."""
    document = (await stack.http.get("/openapi.json")).json()
    public = {
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if not operation.get("security")
    }
    posts = {one for one in public if not one.startswith("GET ")}
    assert posts == {
        "POST /auth/nonce",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/revoke",
    }
    assert not [one for one in public if one.startswith(("GET /account", "GET /orders", "GET /a"))]
