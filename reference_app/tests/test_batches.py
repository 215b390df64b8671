"""Batches, linked orders, timers and receive windows, over REST and over the socket."""

import asyncio
from typing import Any

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce
from reference_app.tests.stack import Stack, Trader


async def test_a_batch_is_answered_member_by_member(stack: Stack, alice: Trader) -> None:
    """With the answers that the requests get alone; all-or-none with a problem for each."""
    async with alice.socket() as socket:
        mine = alice.order("buy", "1", "10", client_order_id="mine")
        members = [
            {"op": "place", "order": mine},
            {"op": "place", "order": alice.order("buy", "1", "11")},
            {"op": "cancel", "client_order_id": "mine"},
            {"op": "cancel", "order_id": "77"},
        ]
        refused = await socket.ask(
            {"op": "batch", "batch": {"members": members[:2] + members[3:], "all_or_none": True}}
        )
        codes = [row["problem"]["code"] for row in refused["result"]["members"]]
        other = RejectReason.BATCH_REFUSED
        assert codes == [other, other, RejectReason.UNKNOWN_ORDER]
        told = (await socket.ask({"op": "batch", "batch": {"members": members}}))["result"]
        statuses = [row["answer"]["order"]["status"] for row in told["members"][:3]]
        assert statuses == ["canceled", "new", "canceled"]
        assert told["members"][3]["problem"]["code"] == RejectReason.UNKNOWN_ORDER
        unread = await socket.ask({"op": "batch", "batch": {"members": []}})
        assert unread["problem"]["code"] == RejectReason.INVALID_MESSAGE


async def test_a_switch_is_armed_pushed_back_and_disarmed(stack: Stack, alice: Trader) -> None:
    async with alice.socket() as socket:
        late = await socket.ask({"op": "heartbeat"})
        assert late["problem"]["code"] == RejectReason.NOTHING_SCHEDULED
        switch = {"timeout_ms": 60_000, "market": "ETH-USDC"}
        armed = await socket.ask({"op": "schedule_cancel", "switch": switch})
        pushed = await socket.ask({"op": "heartbeat"})
        assert pushed["result"]["due_at_ms"] >= armed["result"]["due_at_ms"]
        gone = await socket.ask({"op": "schedule_cancel", "switch": switch | {"timeout_ms": 0}})
        assert "due_at_ms" not in gone["result"]


async def test_orders_go_with_the_last_socket_of_who_wished_so(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    view = stack.services.exchange.view
    async with alice.socket() as left, bob.socket() as other:
        async with alice.socket() as right:
            wished = await right.ask({"op": "cancel_on_disconnect", "enabled": True})
            assert wished["result"]["cancel_on_disconnect"] is True
            await right.ask({"op": "place", "order": alice.order("buy", "1", "10")})
            await other.ask({"op": "place", "order": bob.order("sell", "1", "9000")})
        await left.ask({"op": "ping"})
        assert view.open_order_count(alice.account) == 1
    async with asyncio.timeout(10):
        while view.open_order_count(alice.account):
            await asyncio.sleep(0.01)
    assert view.open_order_count(bob.account) == 1


async def test_a_batch_over_rest_is_answered_member_by_member(stack: Stack, alice: Trader) -> None:
    members = [
        {"op": "place", "order": alice.order("buy", "1", "10", client_order_id="first")},
        {"op": "place", "order": alice.order("buy", "1", "10") | {"price": "0.001"}},
    ]
    refused = await alice.post("/orders/batch", {"members": members})
    assert (refused.status_code, refused.json()["field"]) == (400, "members[1].price")
    assert (await alice.get("/orders/open")).json()["orders"] == []
    reply = await alice.post("/orders/batch", {"members": members[:1], "all_or_none": True})
    assert reply.status_code == 200
    (first,) = reply.json()["members"]
    order_id = first["answer"]["order"]["order_id"]
    fresh = alice.order("buy", "2", "11")
    changes = [
        {"op": "reduce", "order_id": order_id, "order": {"by": "0.4"}},
        {"op": "cancel", "order_id": order_id},
        {"op": "place", "order": fresh},
    ]
    told = (await alice.post("/orders/batch", {"members": changes})).json()["members"]
    assert [row["answer"]["order"]["status"] for row in told] == ["canceled", "canceled", "new"]
    foreign = {"op": "reduce", "order_id": "77", "order": {"by": "0.4"}}
    (unknown,) = (await alice.post("/orders/batch", {"members": [foreign]})).json()["members"]
    assert unknown["problem"]["code"] == RejectReason.UNKNOWN_ORDER
    many = await alice.post("/orders/batch", {"members": [foreign] * 101})
    assert many.json()["code"] == RejectReason.INVALID_MESSAGE
    bare = await stack.post("/orders/batch", {"members": [foreign]})
    assert bare.json()["code"] == RejectReason.UNAUTHENTICATED


async def test_a_member_that_names_what_is_not_there_refuses_nobody_else(
    alice: Trader, bob: Trader
) -> None:
    theirs = (await bob.place("sell", "1", "9000"))["order"]["order_id"]
    strange = [
        {"op": "reduce", "order_id": "77", "order": {"by": "0.4"}},
        {"op": "reduce", "order_id": theirs, "order": {"by": "0.4"}},
        {"op": "replace", "order_id": "77", "order": {"quantity": "1", "price": "10"}},
        {"op": "place", "order": alice.order("buy", "1", "10") | {"market": "NO-SUCH"}},
    ]
    for all_or_none in (False, True):
        placed = {"op": "place", "order": alice.order("buy", "1", "10")}
        body = {"members": [*strange, placed], "all_or_none": all_or_none}
        reply = await alice.post("/orders/batch", body)
        assert reply.status_code == 200, reply.text
        *refused, last = reply.json()["members"]
        codes = [one["problem"]["code"] for one in refused]
        assert codes == [RejectReason.UNKNOWN_ORDER] * 3 + [RejectReason.UNKNOWN_MARKET]
        if all_or_none:
            assert last["problem"]["code"] == RejectReason.BATCH_REFUSED
            assert "member 0" in last["problem"]["detail"]
        else:
            assert last["answer"]["order"]["status"] == "new"
    assert len((await alice.get("/orders/open")).json()["orders"]) == 1
    for at, field, wrong in (
        (0, "by", "AAA"), (2, "price", "1e5"), (3, "quantity", "0x1"), (2, "nonce", "-1"), (3, "signature", "0y"),
    ):  # fmt: skip
        member = strange[at] | {"order": strange[at]["order"] | {field: wrong}}
        reply = await alice.post("/orders/batch", {"members": [member]})
        assert reply.status_code == 400, f"{field} is no such thing in any market"
        assert reply.json()["field"].startswith("members[0]."), reply.text


def lane_of(alice: Trader) -> tuple[Nonce, Nonce]:
    """Two nonces of one lane under one counter."""
    lane, counter = next(alice.stack.lanes), next(alice.counters)
    return Nonce(counter, 0, lane), Nonce(counter, 1, lane)


async def recorded(stack: Stack) -> None:
    """Wait until the records have all that happened."""
    async with asyncio.timeout(120):
        while stack.services.exchange.health().records_lag:
            await asyncio.sleep(0.01)


def exits_of(who: Trader, quantity: str = "1") -> dict[str, Any]:
    """A take-profit above and a stop below, as one who holds base sends them."""
    first, second = lane_of(who)
    stop = who.order("sell", quantity, "90", order_type="stop_limit", nonce=second)
    return {
        "take_profit": who.order("sell", quantity, "120", nonce=first),
        "stop": stop | {"trigger_price": "95"},
    }


async def test_an_oco_enters_whole_and_says_what_is_linked(stack: Stack, bob: Trader) -> None:
    reply = await bob.post("/orders/linked", exits_of(bob))
    assert reply.status_code == 201, reply.text
    answer = reply.json()
    profit, stop = answer["take_profit"]["order"], answer["stop"]["order"]
    assert (profit["linked_to"], stop["linked_to"]) == (stop["order_id"], profit["order_id"])
    assert (profit["waiting"], stop["waiting"]) == (False, True)
    assert (stop["trigger_price"], stop["asleep"], "entry" in answer) == ("95", "0", True)
    assert answer["entry"] is None
    (listed,) = [one for one in (await bob.get("/orders/open")).json()["orders"] if one["waiting"]]
    assert listed == stop
    await bob.delete(f"/orders/{stop['order_id']}")
    assert (await bob.get("/orders/open")).json()["orders"] == []


async def test_a_bracket_over_the_socket_wakes_as_its_entry_fills(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    async with alice.socket({"channel": "orders"}) as socket:
        linked = exits_of(alice, "2") | {"entry": alice.order("buy", "2", "100")}
        placed = await socket.ask({"op": "linked", "linked": linked})
        assert placed["type"] == "ack", placed
        orders = {name: placed["result"][name]["order"] for name in linked}
        assert (orders["entry"]["asleep"], orders["stop"]["asleep"]) == ("0", "2")
        reports = [await socket.hear("order") for _ in range(3)]
        assert [(one["linked_to"], one["asleep"]) for one in reports] == [
            (orders[name]["linked_to"], orders[name]["asleep"])
            for name in ("entry", "take_profit", "stop")
        ]
        await bob.place("sell", "0.5", "100")
        heard = [await socket.hear("order") for _ in range(3)]
        woken = {one["order_id"]: one for one in heard if one["exec_type"] == "triggered"}
        assert woken[orders["take_profit"]["order_id"]]["asleep"] == "1.5"
        assert woken[orders["take_profit"]["order_id"]]["waiting"] is False
        assert woken[orders["stop"]["order_id"]]["waiting"] is True
        rest = {one["order_id"]: one for one in (await alice.get("/orders/open")).json()["orders"]}
        for order_id, report in woken.items():
            same = ("open", "asleep", "waiting", "linked_to", "status")
            assert [report[name] for name in same] == [rest[order_id][name] for name in same]
        await recorded(stack)
        listed = {one["order_id"]: one for one in (await alice.get("/orders")).json()["orders"]}
        for order_id in woken:
            assert listed[order_id] == rest[order_id]
        await alice.delete(f"/orders/{orders['stop']['order_id']}")
        await recorded(stack)
        for one in (await alice.get("/orders")).json()["orders"]:
            assert (one["open"], one["asleep"]) == ("0", "0")
            assert (await alice.get(f"/orders/{one['order_id']}")).json()["asleep"] == "0"


async def test_linked_orders_are_refused_together_and_the_culprit_is_named(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    forged = exits_of(bob)
    forged["stop"]["signature"] = forged["take_profit"]["signature"]
    for linked, code, field in (
        (forged, RejectReason.BAD_SIGNATURE, "stop.signature"),
        (exits_of(bob, "9999999"), RejectReason.ORDER_NOTIONAL_LIMIT, "take_profit.quantity"),
        (exits_of(bob) | {"entry": bob.order("sell", "1", "100")}, RejectReason.INVALID_LINK, ""),
    ):
        reply = await bob.post("/orders/linked", linked)
        assert (reply.json()["code"], reply.json()["field"]) == (code, field), reply.text
    inner = exits_of(bob)
    inner["stop"]["sent_at_ms"] = 1
    within = await bob.post("/orders/linked", inner)
    assert within.json()["field"] == "sent_at_ms"
    other = exits_of(bob)
    other["stop"]["market"] = "BTC-USDC"
    assert (await bob.post("/orders/linked", other)).json()["field"] == "market"
    assert (await bob.get("/orders/open")).json()["orders"] == []


async def test_a_timer_over_rest_is_armed_told_pushed_back_and_disarmed(
    stack: Stack, alice: Trader
) -> None:
    http = stack.http
    path, headers = "/orders/protection/timer", alice.headers
    none = await alice.post("/orders/protection/heartbeat", None)
    assert none.json()["code"] == RejectReason.NOTHING_SCHEDULED
    await http.put(path, json={"timeout_ms": 60_000}, headers=headers)
    market = {"timeout_ms": 50_000, "market": "ETH-USDC"}
    armed = (await http.put(path, json=market, headers=headers)).json()
    timeouts = {one.get("market"): one["timeout_ms"] for one in armed["switches"]}
    assert timeouts == {None: 60_000, "ETH-USDC": 50_000}
    told = (await alice.get("/orders/protection")).json()
    assert told["switches"] == armed["switches"]
    assert told["due_at_ms"] == min(one["due_at_ms"] for one in told["switches"])
    pushed = (await alice.post("/orders/protection/heartbeat", None)).json()
    assert pushed["due_at_ms"] >= told["due_at_ms"]
    left = (await alice.delete(f"{path}?market=ETH-USDC")).json()
    assert [one.get("market") for one in left["switches"]] == [None]
    wished = await http.put(
        "/orders/protection/disconnect", json={"enabled": True}, headers=headers
    )
    assert wished.json()["cancel_on_disconnect"] is True
    assert (await alice.delete(path)).json()["cancel_on_disconnect"] is True
    for wrong, code in (
        ({"timeout_ms": 86_400_001}, RejectReason.INVALID_TIMEOUT),
        ({"timeout_ms": 1, "market": "X"}, RejectReason.UNKNOWN_MARKET),
        ({"timeout_ms": "1"}, RejectReason.INVALID_MESSAGE),
    ):
        assert (await http.put(path, json=wrong, headers=headers)).json()["code"] == code


async def test_an_order_is_found_by_the_hash_of_its_signed_terms(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    placed = (await alice.place("buy", "1", "10"))["order"]
    path = f"/orders/by-hash/{placed['order_hash']}"
    assert (await alice.get(path)).json() == placed
    assert (await bob.get(path)).json()["code"] == RejectReason.UNKNOWN_ORDER
    await alice.delete(f"/orders/{placed['order_id']}")
    assert (await alice.get(path)).json()["status"] == "canceled"
    stack.services.exchange.view._desk.orders.age(2**62)
    while await stack.services.records.position() < stack.services.exchange.view.sequence:
        await asyncio.sleep(0.01)
    assert (await alice.get(path)).json()["status"] == "canceled", "from the records"
    assert (await alice.get("/orders/by-hash/0x12")).json()["field"] == "order_hash"


async def test_reduce_and_the_window_over_the_socket(stack: Stack, alice: Trader) -> None:
    async with alice.socket() as socket:
        placed = await socket.ask({"op": "place", "order": alice.order("buy", "2", "10")})
        order_id = placed["result"]["order"]["order_id"]
        reduced = await socket.ask({"op": "reduce", "order_id": order_id, "order": {"by": "0.5"}})
        assert reduced["result"]["order"]["open"] == "1.5"
        late = {"by": "0.5", "sent_at_ms": 1, "receive_window_ms": 60_000}
        refused = await socket.ask({"op": "reduce", "order_id": order_id, "order": late})
        assert refused["problem"]["code"] == RejectReason.RECEIVE_WINDOW
        unknown = await socket.ask({"op": "reduce", "order_id": "77", "order": {"by": "0.5"}})
        assert unknown["problem"]["code"] == RejectReason.UNKNOWN_ORDER


async def test_late_requests_never_enter_in_whatever_way_they_come(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    """And neither does one whose clock runs ahead, for that would stretch its window."""
    now_ms = (await stack.http.get("/time")).json()["time_ms"]
    late = {"sent_at_ms": now_ms - 10_000, "receive_window_ms": 1_000}
    ahead = {"sent_at_ms": now_ms + 3_600_000}
    fine = {"sent_at_ms": now_ms, "receive_window_ms": 60_000}
    member = {"op": "place", "order": alice.order("buy", "1", "10")}
    for window in (late, ahead):
        replies = [
            await alice.post("/orders", alice.order("buy", "1", "10", **window)),
            await alice.post("/orders/batch", {"members": [member]} | window),
            await bob.post("/orders/linked", exits_of(bob) | window),
        ]
        problems = [one.json() for one in replies]
        problems[1] = problems[1].get("members", [{"problem": problems[1]}])[0]["problem"]
        for problem in problems:
            assert problem["code"] == RejectReason.RECEIVE_WINDOW, problem
            assert problem["field"] in {"sent_at_ms", "receive_window_ms"}
        async with alice.socket() as socket:
            order = alice.order("buy", "1", "10", **window)
            answer = await socket.ask({"op": "place", "order": order})
            assert answer["problem"]["code"] == RejectReason.RECEIVE_WINDOW
    for who in (alice, bob):
        assert (await who.get("/orders/open")).json()["orders"] == []
    assert (await alice.place("buy", "1", "10", **fine))["order"]["status"] == "new"
    for wrong in ({"receive_window_ms": 5}, {"sent_at_ms": now_ms, "receive_window_ms": 60_001}):
        reply = await alice.post("/orders", alice.order("buy", "1", "10", **wrong))
        assert reply.status_code == 400, reply.text
    within = await alice.post(
        "/orders/batch", {"members": [{"op": "place", "order": alice.order(**fine)}]}
    )
    assert within.json()["field"] == "members[0].sent_at_ms"
