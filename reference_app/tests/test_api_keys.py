"""API keys: requests that a key signed act within its scopes, markets and networks, once, in time."""

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.signing import LocalSigner
from reference_app.tests.keys import DAY_MS, Key, confirmation, confirmed, make_key
from reference_app.tests.stack import Stack, Trader
from reference_app.tests.test_routes import is_problem
from reference_app.tests.test_signature_kinds import sent, terms

KINDS = pytest.mark.parametrize("kind", ["hmac", "ed25519"])


def wanted(**changes: Any) -> dict[str, Any]:
    now_ms = time.time_ns() // 1_000_000
    key = {"name": "bot", "kind": "hmac", "scopes": ["read"], "expires_at_ms": now_ms + DAY_MS}
    return key | changes


def ladder(trader: Trader, lane: int) -> list[dict[str, Any]]:
    """Two leaves of a tree that the trader signed."""
    orders = [terms(trader, str(1000 + step), lane + step) for step in range(2)]
    signer = LocalSigner(bytes(trader.key.key))
    return [sent(order) for order in signer.sign_bulk(orders, trader.stack.services.domain)]


@KINDS
async def test_a_key_reads_and_cancels(alice: Trader, kind: str) -> None:
    key = await make_key(alice, kind)
    placed = await alice.place("buy", "1", "10")
    assert (await key.send("GET", "/orders/open?market=ETH-USDC")).json()["orders"]
    assert (await key.send("GET", "/account/balances")).status_code == 200
    order_id = placed["order"]["order_id"]
    reduced = await key.send("POST", f"/orders/{order_id}/reduce", {"by": "0.5"})
    assert reduced.json()["order"]["open"] == "0.5"
    canceled = await key.send("DELETE", f"/orders/{order_id}")
    assert canceled.json()["order"]["status"] == "canceled", canceled.text
    (shown,) = (await alice.get("/auth/api-keys")).json()["keys"]
    assert shown["used_at_ms"] >= shown["created_at_ms"]


async def test_head_is_signed_as_get(alice: Trader) -> None:
    key = await make_key(alice)
    http = alice.stack.http
    for method, status in (("GET", 200), ("HEAD", 401)):
        headers = key.headers(method, "/account/balances")
        assert (await http.head("/account/balances", headers=headers)).status_code == status


async def test_an_hmac_key_places_leaves_of_a_signed_tree_and_nothing_else(alice: Trader) -> None:
    key = await make_key(alice, "hmac")
    leaf, second = ladder(alice, 100)
    assert (await key.send("POST", "/orders", leaf)).status_code == 201
    unsigned = {"market": "ETH-USDC", "side": "buy", "quantity": "1", "price": "10"}
    for order in (alice.order("buy", "1", "10"), unsigned):
        is_problem(await key.send("POST", "/orders", order), 403, RejectReason.FORBIDDEN)
    forged = second | {"price": "1002"}
    is_problem(await key.send("POST", "/orders", forged), 422, RejectReason.BAD_SIGNATURE)
    async with alice.stack.socket() as socket:
        await socket.ask(key.login())
        placed = await socket.ask({"op": "place", "order": second})
        assert placed["result"]["order"]["status"] == "new"
        for order in (alice.order("buy", "1", "10"), unsigned):
            refused = await socket.ask({"op": "place", "order": order})
            assert refused["problem"]["code"] == RejectReason.FORBIDDEN
            member = {"op": "place", "order": order}
            refused = await socket.ask({"op": "batch", "batch": {"members": [member]}})
            assert refused["problem"]["code"] == RejectReason.FORBIDDEN


async def test_an_ed25519_key_hands_in_signed_orders_and_nothing_unsigned(alice: Trader) -> None:
    key = await make_key(alice, "ed25519")
    placed = await key.send("POST", "/orders", alice.order("buy", "1", "10"))
    assert placed.status_code == 201
    order_id = placed.json()["order"]["order_id"]
    unsigned = {"market": "ETH-USDC", "side": "buy", "quantity": "1", "price": "10"}
    is_problem(await key.send("POST", "/orders", unsigned), 403, RejectReason.FORBIDDEN)
    change = {"quantity": "2", "price": "10"}
    refused = await key.send("POST", f"/orders/{order_id}/replace", change)
    is_problem(refused, 403, RejectReason.FORBIDDEN)


@KINDS
async def test_a_key_never_withdraws_and_manages_nothing(alice: Trader, kind: str) -> None:
    key = await make_key(alice, kind)
    for method, path, body in (
        ("POST", "/account/vouchers", {"asset": "USDC", "amount": "1"}),
        ("GET", "/account/vouchers", None),
        ("POST", "/auth/api-keys", wanted()),
        ("GET", "/auth/api-keys", None),
        ("DELETE", f"/auth/api-keys/{key.id}", None),
        ("GET", "/auth/sessions", None),
        ("DELETE", "/auth/sessions", None),
        ("POST", "/auth/logout", None),
        ("POST", "/auth/actions", {"method": "POST", "target": "/x", "body_sha256": "0" * 64}),
        ("GET", "/admin/roles", None),
    ):
        is_problem(await key.send(method, path, body), 403, RejectReason.FORBIDDEN)


async def test_a_key_does_only_what_its_scopes_say(alice: Trader) -> None:
    reads = await make_key(alice, scopes=["read"])
    trades = await make_key(alice, scopes=["trade"])
    assert (await reads.send("GET", "/account/balances")).status_code == 200
    is_problem(await reads.send("DELETE", "/orders"), 403, RejectReason.FORBIDDEN)
    assert (await trades.send("DELETE", "/orders")).status_code == 200
    is_problem(await trades.send("GET", "/account/balances"), 403, RejectReason.FORBIDDEN)
    async with alice.stack.socket() as socket:
        await socket.ask(reads.login())
        assert "result" in await socket.ask(
            {"op": "subscribe", "channels": [{"channel": "orders"}]}
        )
        for op in ({"op": "cancel_all"}, {"op": "heartbeat"}):
            assert (await socket.ask(op))["problem"]["code"] == RejectReason.FORBIDDEN
    async with alice.stack.socket() as socket:
        await socket.ask(trades.login())
        refused = await socket.ask({"op": "subscribe", "channels": [{"channel": "orders"}]})
        assert refused["problem"]["code"] == RejectReason.FORBIDDEN
        assert "result" in await socket.ask({"op": "cancel_all"})


async def test_a_key_of_one_market_reaches_no_other(alice: Trader) -> None:
    key = await make_key(alice, "ed25519", markets=["ETH-USDC"])
    inside = (await alice.place("buy", "1", "10"))["order"]["order_id"]
    outside = (await alice.place("buy", "1", "10", market="BTC-USDC"))["order"]["order_id"]
    for method, path, body in (
        ("GET", f"/orders/{outside}", None),
        ("DELETE", f"/orders/{outside}", None),
        ("POST", f"/orders/{outside}/reduce", {"by": "0.1"}),
        ("POST", "/orders", alice.order("buy", "1", "10", market="BTC-USDC")),
        ("DELETE", "/orders", None),
        ("DELETE", "/orders?market=BTC-USDC", None),
        ("POST", "/orders/protection/heartbeat", None),
        ("GET", "/orders/open", None),
        ("GET", "/orders/open?market=BTC-USDC", None),
        ("GET", "/account/fills", None),
        ("GET", "/account/balances", None),
    ):
        is_problem(await key.send(method, path, body), 403, RejectReason.FORBIDDEN)
    assert (await key.send("GET", "/orders/open?market=ETH-USDC")).status_code == 200
    assert (await key.send("GET", "/account/fills?market=ETH-USDC")).status_code == 200
    async with alice.stack.socket() as socket:
        await socket.ask(key.login())
        for op in (
            {"op": "cancel", "order_id": outside},
            {"op": "cancel_all"},
            {"op": "schedule_cancel", "switch": {"timeout_ms": 1_000}},
            {"op": "heartbeat"},
            {"op": "cancel_on_disconnect", "enabled": True},
            {"op": "subscribe", "channels": [{"channel": "fills"}]},
            {"op": "subscribe", "channels": [{"channel": "fills", "market": "BTC-USDC"}]},
            {"op": "batch", "batch": {"members": [{"op": "cancel", "order_id": outside}]}},
        ):
            assert (await socket.ask(op))["problem"]["code"] == RejectReason.FORBIDDEN, op
        heard = {"op": "subscribe", "channels": [{"channel": "fills", "market": "ETH-USDC"}]}
        assert "result" in await socket.ask(heard)
        own = {"op": "schedule_cancel", "switch": {"timeout_ms": 60_000, "market": "ETH-USDC"}}
        first = (await socket.ask(own))["result"]["due_at_ms"]
        assert (await socket.ask(own))["result"]["due_at_ms"] >= first
        assert "result" in await socket.ask({"op": "cancel", "order_id": inside})


async def test_a_key_of_one_market_learns_nothing_of_others_orders(alice: Trader) -> None:
    """Another's order is answered as one that never was, whatever its market."""
    key = await make_key(alice, "ed25519", markets=["ETH-USDC"])
    carol = await alice.stack.trader(3, USDC="1000")
    foreign = [
        (await carol.place("buy", "1", "10", market=market))["order"]["order_id"]
        for market in ("ETH-USDC", "BTC-USDC")
    ]
    told: list[str] = []
    async with alice.stack.socket() as socket:
        await socket.ask(key.login())
        for order in (*foreign, "999"):
            cancel, reduce = {"order_id": order}, {"order_id": order, "order": {"by": "0.1"}}
            terms = {"order_id": order, "order": {"quantity": "1", "price": "10"}}
            members = [{"op": "cancel", **cancel}, {"op": "reduce", **reduce}]
            for method, path, body in (
                ("DELETE", f"/orders/{order}", None),
                ("POST", f"/orders/{order}/reduce", {"by": "0.1"}),
                ("POST", f"/orders/{order}/replace", {"quantity": "1", "price": "10"}),
            ):
                reply = await key.send(method, path, body)
                is_problem(reply, 404, RejectReason.UNKNOWN_ORDER)
                told.append(reply.text)
            for op in (
                {"op": "cancel", **cancel},
                {"op": "reduce", **reduce},
                {"op": "replace", **terms},
            ):
                document = (await socket.ask(op))["problem"]
                assert document["code"] == RejectReason.UNKNOWN_ORDER, op
                told.append(str(document))
            answer = (await socket.ask({"op": "batch", "batch": {"members": members}}))["result"]
            codes = [member["problem"]["code"] for member in answer["members"]]
            assert codes == [RejectReason.UNKNOWN_ORDER] * 2
            told.append(str(answer))
        third = len(told) // 3
        assert told[:third] == told[third : 2 * third] == told[2 * third :]
        named = {"op": "cancel", "client_order_id": "nobody's"}
        assert (await socket.ask(named))["problem"]["code"] == RejectReason.UNKNOWN_ORDER
    left = (await carol.get("/orders/open")).json()["orders"]
    assert sorted(order["order_id"] for order in left) == sorted(foreign)


@KINDS
async def test_a_signed_request_is_good_once_in_time_and_as_it_was_signed(
    alice: Trader, kind: str
) -> None:
    key = await make_key(alice, kind)
    placed = (await alice.place("buy", "10", "10"))["order"]["order_id"]
    path, body = f"/orders/{placed}/reduce", b'{"by":"1"}'

    async def send(method: str, target: str, content: bytes, headers: dict[str, str]) -> Any:
        full = headers | {"content-type": "application/json"}
        return await alice.stack.http.request(method, target, content=content, headers=full)

    good = key.headers("POST", path, body)
    assert (await send("POST", path, body, good)).status_code == 200
    is_problem(await send("POST", path, body, good), 401, RejectReason.UNAUTHENTICATED)
    now = time.time_ns() // 1_000_000
    fresh = key.headers("POST", path, body)
    other = Key(alice.stack, key.id, b"x" * 32)
    cases = (
        (path, b'{"by":"2"}', fresh),
        (path, b'{"by": "1"}', fresh),
        (path + "?x=1", body, fresh),
        (f"/orders/{placed}/receipt", body, fresh),
        (path, body, fresh | {"hd-timestamp": str(now + 1)}),
        (path, body, fresh | {"hd-window": "5001"}),
        (path, body, fresh | {"hd-window": "0"}),
        (path, body, fresh | {"hd-key": "0" * 24}),
        (path, body, fresh | {"hd-signature": "0x" + "00" * 64}),
        (path, body, fresh | {"hd-signature": "0x" + "00" * 32}),
        (path, body, fresh | {"hd-signature": "0x"}),
        (path, body, fresh | {"hd-signature": "nonsense"}),
        (path, body, fresh | {"hd-timestamp": "1e9"}),
        (path, body, fresh | {"hd-timestamp": "-1"}),
        (path, body, fresh | alice.headers),
        (path, body, {"hd-key": key.id}),
        (path, body, other.headers("POST", path, body)),
        (path, body, key.headers("GET", path, body)),
        (path, body, key.headers("POST", path, body, timestamp_ms=now - 5_001)),
        (path, body, key.headers("POST", path, body, timestamp_ms=now + 5_000)),
        (path, body, key.headers("POST", path, body, window_ms=60_001)),
        (path, body, key.headers("POST", path, body, timestamp_ms=1, window_ms=60_000)),
    )
    for target, content, headers in cases:
        is_problem(await send("POST", target, content, headers), 401, RejectReason.UNAUTHENTICATED)
    assert (await alice.get(f"/orders/{placed}")).json()["open"] == "9", "reduced once"
    reading = key.headers("GET", "/account/balances")
    for _ in range(2):
        assert (await send("GET", "/account/balances", b"", reading)).status_code == 200


@KINDS
async def test_a_socket_s_login_by_key_is_good_once_and_ends_with_the_key(
    alice: Trader, kind: str
) -> None:
    key = await make_key(alice, kind)
    login = key.login()
    async with alice.stack.socket() as socket, alice.stack.socket() as second:
        assert (await socket.ask(login))["result"] == {"account": alice.account}
        for wrong in (
            login,
            key.login(signature="0x" + "11" * 32),
            key.login(key="0" * 24),
            key.login(timestamp_ms=1),
            key.login(window_ms=4_999),
        ):
            assert (await second.ask(wrong))["problem"]["code"] == RejectReason.UNAUTHENTICATED
        assert "result" in await socket.ask({"op": "cancel_all"})
        assert (await alice.delete(f"/auth/api-keys/{key.id}")).json() == {"revoked": 1}
        refused = await socket.ask({"op": "cancel_all"})
        assert refused["problem"]["code"] == RejectReason.UNAUTHENTICATED
    is_problem(await key.send("GET", "/account/balances"), 401, RejectReason.UNAUTHENTICATED)


async def test_a_key_of_other_networks_is_no_key_here(alice: Trader) -> None:
    for networks, good in (
        (["127.0.0.1"], True),
        (["127.0.0.0/8", "2001:db8::/32"], True),
        (["192.0.2.0/24"], False),
        (["2001:db8::/32"], False),
        (["::1"], False),
    ):
        key = await make_key(alice, networks=networks)
        reply = await key.send("GET", "/account/balances")
        assert (reply.status_code == 200) == good, networks


async def test_what_no_key_can_be_is_refused_with_the_field_named(alice: Trader) -> None:
    public = "0x" + Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    for changes, field in (
        ({"scopes": []}, "scopes"),
        ({"scopes": ["withdraw"]}, ""),
        ({"kind": "rsa"}, ""),
        ({"name": ""}, ""),
        ({"name": "a\nb"}, "name"),
        ({"expires_at_ms": 1}, "expires_at_ms"),
        ({"expires_at_ms": time.time_ns() // 1_000_000 + 367 * DAY_MS}, "expires_at_ms"),
        ({"networks": ["here"]}, "networks"),
        ({"networks": ["192.0.2.1/24"]}, "networks"),
        ({"networks": ["192.0.2.0/24"] * 33}, "networks"),
        ({"markets": []}, "markets"),
        ({"public_key": public}, "public_key"),
        ({"kind": "ed25519"}, "public_key"),
        ({"kind": "ed25519", "public_key": "0x" + "00" * 32}, "public_key"),
        ({"kind": "ed25519", "public_key": "0x01" + "00" * 31}, "public_key"),
        ({"kind": "ed25519", "public_key": public[:-2]}, "public_key"),
        ({"unknown": 1}, "unknown"),
    ):
        reply = await confirmed(alice, "POST", "/auth/api-keys", wanted(**changes))
        assert reply.status_code == 400 or reply.json()["code"] == 7004, (changes, reply.text)
        assert not field or reply.json()["field"] == field, (changes, reply.text)
    assert (await alice.get("/auth/api-keys")).json() == {"keys": []}


async def test_an_account_has_so_many_keys(alice: Trader) -> None:
    keys = [await make_key(alice, name=str(number)) for number in range(32)]
    reply = await confirmed(alice, "POST", "/auth/api-keys", wanted())
    assert is_problem(reply, 400, RejectReason.INVALID_MESSAGE).field == "keys"
    await alice.delete(f"/auth/api-keys/{keys[0].id}")
    await make_key(alice)


async def test_another_account_s_key_is_one_that_does_not_exist(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    key = await make_key(alice)
    assert (await bob.get("/auth/api-keys")).json() == {"keys": []}
    is_problem(await bob.delete(f"/auth/api-keys/{key.id}"), 404, RejectReason.NOT_FOUND)
    assert (await key.send("GET", "/account/balances")).status_code == 200
    log = await stack.services.identity.roles.audit(before=None, limit=10)
    assert [(one.actor, one.action, one.subject) for one in log] == [
        (alice.account, "key made", key.id)
    ]


async def test_a_confirmation_is_good_for_one_request_once(alice: Trader, bob: Trader) -> None:
    """A stolen access token makes no key."""
    body = b'{"name":"bot"}'

    async def attempt(trader: Trader, token: str | None, content: bytes = body) -> Any:
        headers = trader.headers | {"content-type": "application/json"}
        headers |= {} if token is None else {"hd-action": token}
        return await trader.stack.http.post("/auth/api-keys", content=content, headers=headers)

    fresh = RejectReason.FRESH_SIGNATURE_REQUIRED
    is_problem(await attempt(alice, None), 403, fresh)
    is_problem(await attempt(alice, ""), 403, fresh)
    is_problem(await attempt(alice, alice.token), 403, fresh)
    token = await confirmation(alice, "POST", "/auth/api-keys", body)
    is_problem(await attempt(bob, token), 403, fresh)
    is_problem(await attempt(alice, token, body + b" "), 403, fresh)
    for method, target in (("PUT", "/auth/api-keys"), ("POST", "/auth/api-keys?x=1")):
        other = await confirmation(alice, method, target, body)
        is_problem(await attempt(alice, other), 403, fresh)
    again = Trader(alice.stack, alice.key)
    await again.login()
    is_problem(await attempt(again, token), 403, fresh)
    reached = await attempt(alice, token)
    assert (reached.status_code, reached.json()["code"]) == (400, RejectReason.INVALID_MESSAGE)
    is_problem(await attempt(alice, token), 403, fresh)
