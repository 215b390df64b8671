"""What holds on every route: login where the document says so, strict requests, problem documents."""

import re
import time
from typing import Any

import msgspec
from eth_account import Account
from eth_account.messages import encode_defunct

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.signing.solvency import SolvencyProof
from hybrid_dex.wire import Problem
from reference_app.tests.stack import ETH_USDC, ORIGIN, Stack, Trader, login_text

PATHS = {
    "/account/balances",
    "/tickers",
    "/status",
    "/markets/{market_id}/ticker",
    "/markets/{market_id}/candles",
    "/account/vouchers/{salt}",
    "/account/withdrawals",
    "/account/solvency",
    "/account/solvency-proof",
    "/account/ledger",
    "/account/fees",
    "/account/deposits",
    "/account/fills",
    "/account/sessions",
    "/account/vouchers",
    "/admin/audit",
    "/admin/roles",
    "/admin/actions",
    "/admin/actions/{action_id}",
    "/admin/actions/{action_id}/cancel",
    "/admin/actions/{action_id}/confirm",
    "/admin/proposals",
    "/admin/alarms",
    "/admin/fees",
    "/admin/halts",
    "/admin/markets",
    "/admin/markets/{market_id}",
    "/admin/risk",
    "/admin/settlement",
    "/admin/settlement/batches",
    "/admin/statistics",
    "/admin/users",
    "/admin/users/{account}",
    "/admin/roles/{account}",
    "/auth/actions",
    "/auth/actions/confirm",
    "/auth/api-keys",
    "/auth/api-keys/{key_id}",
    "/auth/login",
    "/auth/logout",
    "/auth/nonce",
    "/auth/refresh",
    "/auth/revoke",
    "/auth/sessions",
    "/auth/sessions/{session_id}",
    "/health/live",
    "/health/ready",
    "/info",
    "/markets",
    "/markets/{market_id}",
    "/markets/{market_id}/book",
    "/markets/{market_id}/trades",
    "/orders",
    "/orders/batch",
    "/orders/by-client-id/{client_order_id}",
    "/orders/by-hash/{order_hash}",
    "/orders/ladder",
    "/orders/linked",
    "/orders/open",
    "/orders/preview",
    "/orders/protection",
    "/orders/protection/disconnect",
    "/orders/protection/heartbeat",
    "/orders/protection/timer",
    "/orders/{order_id}",
    "/orders/{order_id}/receipt",
    "/orders/{order_id}/reduce",
    "/orders/{order_id}/replace",
    "/receipts",
    "/time",
}
PUBLIC = (
    "/auth/nonce",
    "/auth/login",
    "/auth/refresh",
    "/auth/revoke",
    "/status",
    "/tickers",
    "/health",
    "/info",
    "/markets",
    "/time",
)


def is_problem(reply: Any, status: int, reason: RejectReason) -> Problem:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    found = msgspec.json.decode(reply.content, type=Problem)
    assert found.code == reason, reply.text
    return found


async def test_the_document_lists_every_route_and_each_message(stack: Stack) -> None:
    document = (await stack.http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == PATHS
    schemas = document["components"]["schemas"]
    text = msgspec.json.encode(document).decode()
    for name in set(re.findall(r"#/components/schemas/([A-Za-z]+)", text)):
        assert name in schemas, name
    place = document["paths"]["/orders"]["post"]
    body = place["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/OrderRequest"}
    assert place["responses"]["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/OrderAnswer"
    }
    assert "application/problem+json" in place["responses"]["default"]["content"]
    assert schemas["OrderRequest"]["additionalProperties"] is False
    (order_id,) = document["paths"]["/orders/{order_id}"]["get"]["parameters"]
    assert order_id["schema"]["pattern"] == "^[1-9][0-9]*$"


async def test_a_name_in_the_address_is_no_parameter(stack: Stack) -> None:
    """It would be ignored, and something else answered than was asked."""
    reply = await stack.http.get("/markets/ETH-USDC/book?market_id=BTC-USDC")
    assert is_problem(reply, 400, RejectReason.UNKNOWN_FIELD).field == "market_id"


async def test_the_page_shows_it_without_scripts_or_strangers(stack: Stack) -> None:
    reply = await stack.http.get("/openapi")
    assert reply.headers["content-type"].startswith("text/html")
    assert "/orders/{order_id}/replace" in reply.text
    assert "<script" not in reply.text
    assert "://" not in reply.text.replace("&quot;http", "")
    assert "script" not in reply.headers["content-security-policy"]
    assert (await stack.http.get("/openapi.css")).headers["content-type"].startswith("text/css")


async def test_every_private_route_wants_a_valid_token(stack: Stack, alice: Trader) -> None:
    """Read off the document, so that a new route can not be forgotten."""
    document = (await stack.http.get("/openapi.json")).json()
    checked = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert bool(operation.get("security")) != path.startswith(PUBLIC), path
            if not operation.get("security"):
                continue
            address = re.sub(r"\{\w+\}", "256", path)
            for authorization in (
                None,
                "",
                "Bearer",
                "Bearer x",
                f"Basic {alice.token}",
                f"Bearer {alice.token}x",
                f"Bearer {alice.token[:-4]}AAAA",
            ):
                headers = {} if authorization is None else {"authorization": authorization}
                reply = await stack.http.request(method, address, headers=headers)
                is_problem(reply, 401, RejectReason.UNAUTHENTICATED)
                assert reply.headers["www-authenticate"] == "Bearer"
            checked += 1
    assert checked == 62


async def test_bodies_are_json_of_the_documented_shape_and_nothing_else(
    stack: Stack, alice: Trader
) -> None:
    order = msgspec.json.encode(alice.order("buy", "1", "10"))
    for content_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ):
        reply = await stack.http.post(
            "/orders", content=order, headers=alice.headers | {"content-type": content_type}
        )
        is_problem(reply, 415, RejectReason.INVALID_MESSAGE)
    cases: list[tuple[bytes, int, RejectReason]] = [
        (b"", 400, RejectReason.INVALID_MESSAGE),
        (b"{", 400, RejectReason.INVALID_MESSAGE),
        (b"[]", 400, RejectReason.INVALID_MESSAGE),
        (b"\xff\xfe", 400, RejectReason.INVALID_MESSAGE),
        (b"[" * 60_000, 400, RejectReason.INVALID_MESSAGE),
        (order[:-1] + b',"extra":1}', 400, RejectReason.UNKNOWN_FIELD),
        (order[:-1] + b',"price":"10"}', 400, RejectReason.INVALID_MESSAGE),
        (order + b" " * 70_000, 413, RejectReason.MESSAGE_TOO_LARGE),
    ]
    for body, status, reason in cases:
        is_problem(await stack.post("/orders", body, alice.headers), status, reason)

    async def streamed() -> Any:
        for _ in range(80):
            yield b" " * 1_000

    reply = await stack.http.post(
        "/orders",
        content=streamed(),
        headers=alice.headers | {"content-type": "application/json"},
    )
    is_problem(reply, 413, RejectReason.MESSAGE_TOO_LARGE)
    assert (await alice.get("/orders/open")).json()["orders"] == []


async def test_unknown_addresses_methods_and_parameters_are_problems(
    stack: Stack, alice: Trader
) -> None:
    for path in (
        "/nowhere",
        "/%00",
        "/a%00b",
        "/%ff",
        "/..%2f..%2fetc",
        "/schema",
        "/orders/1/2/3",
    ):
        is_problem(await stack.http.get(path), 404, RejectReason.NOT_FOUND)
    is_problem(await stack.http.put("/time"), 405, RejectReason.NOT_FOUND)
    is_problem(await stack.http.get("/time?x=1"), 400, RejectReason.UNKNOWN_FIELD)
    is_problem(await stack.http.get("/time?services=1"), 400, RejectReason.UNKNOWN_FIELD)
    is_problem(
        await stack.http.get("/markets/ETH-USDC/book?depth=1&depth=2"),
        400,
        RejectReason.INVALID_MESSAGE,
    )
    for query in ("depth=0", "depth=-1", "depth=x", "depth=1e3", "depth=1.5", "depth="):
        reply = await stack.http.get(f"/markets/ETH-USDC/book?{query}")
        assert reply.status_code == 400, query
        is_problem(reply, 400, RejectReason.INVALID_MESSAGE)
    for query in ("limit=0", "limit=501", "limit=x"):
        is_problem(await alice.get(f"/account/fills?{query}"), 400, RejectReason.INVALID_MESSAGE)
    is_problem(await alice.get("/account/fills?before=x"), 400, RejectReason.INVALID_NUMBER)
    is_problem(await alice.get("/orders?status=Null"), 400, RejectReason.INVALID_MESSAGE)
    is_problem(await alice.get("/orders/open?market=null"), 404, RejectReason.UNKNOWN_MARKET)
    is_problem(await alice.get("/orders/x"), 400, RejectReason.INVALID_NUMBER)
    is_problem(await alice.get("/orders/%D9%A1"), 400, RejectReason.INVALID_NUMBER)
    for path in ("/markets/X", "/markets/X/book", "/markets/X/trades"):
        is_problem(await stack.http.get(path), 404, RejectReason.UNKNOWN_MARKET)
    is_problem(await alice.get("/orders/open?market=X"), 404, RejectReason.UNKNOWN_MARKET)
    is_problem(
        await stack.http.get("/time", params={"x": "y" * 3_000}),
        413,
        RejectReason.MESSAGE_TOO_LARGE,
    )


async def test_every_answer_carries_the_security_headers(stack: Stack) -> None:
    for path in ("/time", "/nowhere", "/orders/open", "/openapi"):
        headers = (await stack.http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in headers


async def test_public_routes_say_what_the_exchange_is(stack: Stack, alice: Trader) -> None:
    info = (await stack.http.get("/info")).json()
    assert [asset["id"] for asset in info["assets"]] == ["BTC", "ETH", "USDC"]
    assert (info["requires_signature"], info["chain_id"]) == (False, None)
    assert info["login"] == {
        "domain": "localhost:8000",
        "uri": ORIGIN,
        "chain_id": 31337,
        "statement": None,
    }
    assert info["domain"]["name"] == "hybrid-dex"
    markets = (await stack.http.get("/markets")).json()["markets"]
    assert [market["id"] for market in markets] == ["ETH-USDC", "BTC-USDC"]
    one = (await stack.http.get("/markets/ETH-USDC")).json()
    assert (one["tick"], one["lot"], one["state"]) == (ETH_USDC.tick, ETH_USDC.lot, "open")
    assert abs((await stack.http.get("/time")).json()["time_ms"] - time.time() * 1000) < 60_000
    await alice.place("buy", "1", "10")
    await alice.place("buy", "2", "11")
    book = (await stack.http.get("/markets/ETH-USDC/book?depth=1")).json()
    assert (book["kind"], book["bids"], book["asks"]) == ("snapshot", [["11", "2"]], [])
    assert book["sequence"] == stack.services.exchange.view.sequence
    assert (await stack.http.get("/health/live")).json() == {"alive": True}
    ready = await stack.http.get("/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


async def test_an_exchange_that_takes_nothing_is_not_ready(stack: Stack, alice: Trader) -> None:
    """A halted writer refuses orders with 503; reads go on."""
    stack.services.exchange._writer.halt("the disk is gone")  # type: ignore[union-attr] # as an outage does
    ready = await stack.http.get("/health/ready")
    assert (ready.status_code, ready.json()["halted"]) == (503, "the disk is gone")
    refused = await alice.post("/orders", alice.order("buy", "1", "10"))
    is_problem(refused, 503, RejectReason.UNAVAILABLE)
    assert (await alice.get("/account/balances")).status_code == 200


async def test_a_login_is_good_for_this_origin_chain_key_and_nonce_once(stack: Stack) -> None:
    key, other = Account.from_key("0x" + "21" * 32), Account.from_key("0x" + "22" * 32)

    async def attempt(signer: Any = key, nonce: str | None = None, **changes: Any) -> Any:
        fresh = nonce or (await stack.post("/auth/nonce")).json()["nonce"]
        text = login_text(key.address, fresh, **changes)
        signature = signer.sign_message(encode_defunct(text=text)).signature.hex()
        body = {"message": text, "signature": "0x" + signature.removeprefix("0x")}
        return await stack.post("/auth/login", body)

    nonce = (await stack.post("/auth/nonce")).json()["nonce"]
    good = await attempt(nonce=nonce)
    assert good.json()["account"] == key.address
    for refused in (
        await attempt(nonce=nonce),
        await attempt(nonce="never1ssued0"),
        await attempt(signer=other),
        await attempt(origin="https://evil.example"),
        await attempt(chain_id=1),
        await attempt(when="2020-01-01T00:00:00Z"),
        await attempt(when="nonsense"),
    ):
        is_problem(refused, 401, RejectReason.LOGIN_REFUSED)
    is_problem(
        await stack.post("/auth/login", {"message": "x" * 5_000, "signature": "0x"}),
        400,
        RejectReason.INVALID_MESSAGE,
    )


async def test_refresh_tokens_rotate_and_logout_ends_the_session(stack: Stack) -> None:
    trader = await stack.trader(9)
    first = await trader.login()
    second = (await stack.post("/auth/refresh", {"refresh_token": first["refresh_token"]})).json()
    assert second["account"] == trader.account
    is_problem(
        await stack.post("/auth/refresh", {"refresh_token": first["access_token"]}),
        401,
        RejectReason.LOGIN_REFUSED,
    )
    trader.token = second["access_token"]
    assert (await trader.get("/account/balances")).json() == {"balances": []}
    assert (await trader.post("/auth/logout", None)).status_code == 204
    is_problem(await trader.get("/account/balances"), 401, RejectReason.UNAUTHENTICATED)
    is_problem(
        await stack.post("/auth/refresh", {"refresh_token": second["refresh_token"]}),
        401,
        RejectReason.LOGIN_REFUSED,
    )


async def test_an_example_in_the_document_is_what_the_route_would_answer(stack: Stack) -> None:
    """The proof that is shown holds, and decodes as a client would decode it."""
    document = (await stack.http.get("/openapi.json")).json()
    answer = document["paths"]["/account/solvency-proof"]["get"]["responses"]["200"]
    content = answer["content"]["application/json"]
    proof = msgspec.convert(content["example"], SolvencyProof)
    assert content["schema"]["$ref"].endswith("/SolvencyProof")
    assert proof.holds()
    assert len(proof.steps) == 2
