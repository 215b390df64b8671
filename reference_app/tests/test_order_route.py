"""The straight way of orders: what goes it, and that it says what the framework's route says.

A header that the straight way does not know (``x-test``) sends the same request the long way round.
"""

import re
from typing import Any

import httpx
import msgspec
import pytest

from hybrid_dex.model.signed_order import Nonce
from hybrid_dex.wire import encode
from reference_app import order_route
from reference_app.tests.stack import Stack, Trader

_LATE = re.compile(rb"[0-9]+ ms l")
LONG = {"x-test": "the long way"}


async def both(
    stack: Stack, content: bytes, path: str = "/orders", **headers: str
) -> tuple[httpx.Response, httpx.Response]:
    """Send the same request the straight way and the long way."""
    sent = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    straight = await stack.http.post(path, content=content, headers=sent)
    long = await stack.http.post(path, content=content, headers=sent | LONG)
    return straight, long


def told(reply: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """What a client can see of an answer, but for when it was given and how late that was."""
    headers = {
        name: value
        for name, value in reply.headers.items()
        if name not in {"date", "retry-after"} and not name.startswith("ratelimit")
    }
    return reply.status_code, headers, msgspec.json.decode(_LATE.sub(b"late", reply.content))


async def test_an_order_that_is_repeated_is_answered_the_same_both_ways(
    stack: Stack, alice: Trader
) -> None:
    order = encode(alice.order("buy", "1", "2500", client_order_id="once"))
    straight, long = await both(stack, order, **alice.headers)
    assert (straight.status_code, long.status_code) == (201, 201)
    assert told(straight) == told(long)
    assert straight.json()["order"]["client_order_id"] == "once"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100,
        b"\xff",
        b'{"market":"ETH-USDC"}',
        b'{"market":"ETH-USDC","market":"ETH-USDC"}',
        b'{"side":"buy","quantity":1}',
    ],
)
async def test_what_is_no_order_is_refused_the_same_both_ways(
    stack: Stack, alice: Trader, content: bytes
) -> None:
    straight, long = await both(stack, content, **alice.headers)
    assert straight.status_code >= 400
    assert straight.headers["content-type"] == "application/problem+json"
    assert told(straight) == told(long)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("market", "NO-SUCH"),
        ("price", "2500.001"),
        ("quantity", "0"),
        ("signature", "0x" + "11" * 65),
        ("nonce", "18446744073709551616"),
        ("receive_window_ms", 1),
    ],
)
async def test_a_bad_order_is_refused_the_same_both_ways(
    stack: Stack, alice: Trader, field: str, value: object
) -> None:
    order = alice.order("buy", "1", "2500", nonce=Nonce(3, lane=3)) | {field: value}
    order |= {"sent_at_ms": 1} if field == "receive_window_ms" else {}
    straight, long = await both(stack, encode(order), **alice.headers)
    assert straight.status_code >= 400
    assert told(straight) == told(long)


async def test_a_batch_that_is_repeated_is_answered_the_same_both_ways(
    stack: Stack, alice: Trader
) -> None:
    """Its first order is taken, its second costs more than there is, its cancel names none."""
    members = [
        {"op": "place", "order": alice.order("buy", "1", "2500", client_order_id="once")},
        {"op": "place", "order": alice.order("buy", "9000000", "2500", client_order_id="dear")},
        {"op": "cancel", "order_id": "999"},
    ]
    straight, long = await both(
        stack, encode({"members": members}), "/orders/batch", **alice.headers
    )
    assert (straight.status_code, long.status_code) == (200, 200)
    assert told(straight) == told(long)
    assert [list(one) for one in straight.json()["members"]] == [
        ["answer"],
        ["problem"],
        ["problem"],
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"members":[]}',
        b'{"members":[{"op":"place"}]}',
        b'{"members":[{"op":"steal"}]}',
        b'{"members":[{"op":"cancel","order_id":"1"},{"op":"cancel","order_id":"01"}]}',
        b'{"members":[' + b",".join(101 * [b'{"op":"cancel","order_id":"1"}']) + b"]}",
        b'{"members":[{"op":"cancel","order_id":"1"}],"all_or_none":1}',
    ],
)
async def test_what_is_no_batch_is_refused_the_same_both_ways(
    stack: Stack, alice: Trader, content: bytes
) -> None:
    straight, long = await both(stack, content, "/orders/batch", **alice.headers)
    assert straight.status_code >= 400
    assert told(straight) == told(long)


@pytest.mark.parametrize("path", ["/orders", "/orders/batch", "/orders/ladder"])
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic abc"])
async def test_who_does_not_say_who_asks_is_refused_the_same_both_ways(
    stack: Stack, alice: Trader, authorization: str, path: str
) -> None:
    order = encode(alice.order())
    straight, long = await both(stack, order, path, authorization=authorization)
    assert straight.status_code == 401
    assert told(straight) == told(long)


async def test_a_session_that_has_ended_places_nothing(stack: Stack, alice: Trader) -> None:
    await alice.post("/auth/logout", None)
    straight, long = await both(stack, encode(alice.order()), **alice.headers)
    assert straight.status_code == 401
    assert told(straight) == told(long)


def scope(**changes: Any) -> Any:
    """An ASGI scope that goes the straight way."""
    headers = {
        b"authorization": b"Bearer token",
        b"content-type": b"application/json",
        b"content-length": b"2",
    }
    headers |= changes.pop("headers", {})
    return {
        "type": "http",
        "method": "POST",
        "raw_path": b"/orders",
        "query_string": b"",
        "headers": [(name, value) for name, value in headers.items() if value is not None],
    } | changes


def test_only_what_programs_send_goes_the_straight_way() -> None:
    assert order_route._token(scope()) == "token"
    assert order_route._token(scope(headers={b"user-agent": b"bot/1"})) == "token"
    assert order_route._token(scope(raw_path=b"/orders/batch")) == "token"
    assert order_route._token(scope(raw_path=b"/orders/ladder")) == "token"
    for other in (
        {"method": "GET"},
        {"raw_path": b"/orders/"},
        {"raw_path": b"/%6frders"},
        {"query_string": b"market=ETH-USDC"},
        {"headers": {b"authorization": None}},
        {"headers": {b"authorization": b"Basic abc"}},
        {"headers": {b"authorization": b"Bearer "}},
        {"headers": {b"content-type": b"application/json; charset=utf-8"}},
        {"headers": {b"content-type": None}},
        {"headers": {b"content-length": None}},
        {"headers": {b"hd-key": b"key"}},
        {"headers": {b"transfer-encoding": b"chunked"}},
        {"headers": {b"content-encoding": b"gzip"}},
        {"headers": {b"expect": b"100-continue"}},
    ):
        assert order_route._token(scope(**other)) is None
    twice = scope()
    twice["headers"] *= 2
    assert order_route._token(twice) is None


async def test_the_straight_way_is_taken(
    stack: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing here would be tested."""
    taken = list[str | None]()
    real = order_route._token

    def note(found: Any) -> str | None:
        taken.append(real(found))
        return taken[-1]

    monkeypatch.setattr(order_route, "_token", note)
    placed = await alice.place("buy", "1", "2500")
    assert msgspec.json.encode(placed)
    assert taken == [alice.token]
    batch = {"members": [{"op": "place", "order": alice.order("buy", "1", "2500")}]}
    await alice.post("/orders/batch", batch)
    assert taken == 2 * [alice.token]
