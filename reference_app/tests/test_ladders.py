"""Ladders over REST and the socket: one message, one signature, one command, an answer a rung."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from eth_account.messages import encode_typed_data
from websockets.exceptions import ConnectionClosed

from hybrid_dex.errors import UnavailableError
from hybrid_dex.model.order import SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import ClientOrderId, FeePpm, order_id
from hybrid_dex.signing import BulkTree
from hybrid_dex.wire import encode, ladder_request
from reference_app import order_route
from reference_app.tests.keys import Key, make_key
from reference_app.tests.stack import Stack, Trader, limits, running, settings
from reference_app.tests.test_order_route import both, scope, told

Rung = tuple[str, str, str]


def ladder(who: Trader, *rungs: Rung, market: str = "ETH-USDC", **shared: Any) -> dict[str, Any]:
    """A ladder as it is sent, signed by eth-account over the whole tree; `names` names its orders."""
    found, names = who.stack.market(market), shared.pop("names", "")
    nonces = shared.pop("nonces", None) or [
        Nonce(next(who.counters), lane=next(who.stack.lanes)) for _ in rungs
    ]
    orders = [
        SignedOrder(
            trader=who.account,
            market=found,
            side=Side[side.upper()],
            price=found.parse_price(price),
            quantity=found.parse_quantity(quantity),
            max_fee_ppm=FeePpm(500),
            expiry_s=int(time.time()) + 3_600,
            nonce=nonces[leaf],
            signature=b"",
            signature_kind=SignatureKind.BULK,
            leaf=leaf,
            client_order_id=ClientOrderId(f"{names} {leaf}") if names else None,
            **shared,
        )
        for leaf, (side, quantity, price) in enumerate(rungs)
    ]
    full = BulkTree(orders).typed_data(who.stack.services.domain)
    signed = who.key.sign_message(encode_typed_data(full_message=full))
    request = ladder_request(
        [msgspec.structs.replace(one, signature=bytes(signed.signature)) for one in orders]
    )
    message: dict[str, Any] = msgspec.json.decode(encode(request))
    return message


def bids(who: Trader, count: int = 8, first: int = 2000, **shared: Any) -> dict[str, Any]:
    return ladder(who, *[("buy", "1", str(first - at)) for at in range(count)], **shared)


def codes(answer: dict[str, Any]) -> list[int | None]:
    """Why each rung was refused, or ``None``."""
    return [one["problem"]["code"] if "problem" in one else None for one in answer["rungs"]]


async def post(who: Trader, body: dict[str, Any]) -> dict[str, Any]:
    reply = await who.post("/orders/ladder", body)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
async def test_a_ladder_enters_as_one_command(stack: Stack, alice: Trader, count: int) -> None:
    """Its ids are of that command, by the rungs' places, and so are its orders' hashes."""
    before = stack.services.exchange.view.sequence
    answer = await post(alice, bids(alice, count))
    assert answer["sequence"] == before + 1 == stack.services.exchange.view.sequence
    assert answer["rungs"] == [
        {
            "order_id": str(order_id(answer["sequence"], at)),
            "status": "new",
            "open": "1",
            "filled": "0",
        }
        for at in range(count)
    ]
    for at, rung in enumerate(answer["rungs"]):
        order = (await alice.get(f"/orders/{rung['order_id']}")).json()
        assert (order["price"], order["open"]) == (str(2000 - at), "1")
        assert (await alice.get(f"/orders/by-hash/{order['order_hash']}")).json() == order


async def test_rungs_are_refused_alone_and_tell_what_they_traded(
    alice: Trader, bob: Trader
) -> None:
    await bob.place("sell", "1.5", "2000")
    rungs: list[Rung] = [
        ("buy", "1", "2000"),
        ("buy", "499.5", "2000"),
        ("buy", "1", "2000"),
        ("sell", "9", "3000"),
        ("buy", "0.0001", "1999"),
    ]
    answer = await post(alice, ladder(alice, *rungs))
    poor = RejectReason.INSUFFICIENT_FUNDS.value
    assert codes(answer)[:4] == [None, poor, None, poor]
    assert codes(answer)[4] == RejectReason.BELOW_MINIMUM_NOTIONAL.value
    first, _, third, _, _ = answer["rungs"]
    assert (first["status"], first["open"], first["filled"]) == ("filled", "0", "1")
    assert [fill["quantity"] for fill in first["fills"]] == ["1"]
    assert (third["status"], third["open"], third["filled"]) == ("partially_filled", "0.5", "0.5")
    assert third["fills"][0]["order_id"] == third["order_id"]


async def test_what_a_rung_fires_is_told_as_no_rungs(alice: Trader, bob: Trader) -> None:
    """The second rung's fill wakes a stop, which trades with the first rung: that is a maker's fill."""
    await bob.place("sell", "1", "2000")
    stop = bob.order("sell", "1", "1900", order_type="stop_limit") | {"trigger_price": "2000"}
    assert (await bob.post("/orders", stop)).status_code == 201
    answer = await post(alice, ladder(alice, ("buy", "1", "1950"), ("buy", "1", "2000")))
    maker, taker = answer["rungs"]
    assert (maker["status"], maker["open"], maker["filled"]) == ("filled", "0", "1")
    assert "fills" not in maker
    assert [fill["order_id"] for fill in taker["fills"]] == [taker["order_id"]]


async def test_a_rung_that_a_later_one_cancels_is_told_as_canceled(stack: Stack) -> None:
    alice = await stack.trader(1, USDC="1000000", ETH="5")
    resting = SelfTradeMode.CANCEL_RESTING
    rungs: list[Rung] = [("buy", "1", "2000"), ("sell", "1", "2000")]
    answer = await post(alice, ladder(alice, *rungs, self_trade=resting))
    assert [one["status"] for one in answer["rungs"]] == ["canceled", "new"]


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
async def test_all_rungs_share_their_time_in_force(
    alice: Trader, bob: Trader, time_in_force: TimeInForce
) -> None:
    await bob.place("sell", "1.5", "2000")
    answer = await post(alice, bids(alice, 2, first=2001, time_in_force=time_in_force))
    assert answer["rungs"][0]["status"] == "filled"
    assert (await alice.get("/orders/open")).json()["orders"] == []


async def test_whoever_changes_a_ladder_is_refused_and_nothing_enters(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    """Terms, order, number and sender are signed; names, self-trade and window are not."""
    sent = bids(alice, 3)
    first, second, third = sent["rungs"]
    before = stack.services.exchange.view.sequence
    for changes in (
        {"rungs": [second, first, third]},
        {"rungs": [first, second]},
        {"rungs": [first, second, third, third]},
        {"rungs": [first, second | {"price": "1"}, third]},
        {"rungs": [first, second, third | {"nonce": "1"}]},
        {"expiry_s": sent["expiry_s"] + 1},
        {"max_fee_ppm": 501},
        {"post_only": True},
        {"time_in_force": "ioc"},
        {"market": "BTC-USDC"},
        {"signature": "0x" + "11" * 65},
    ):
        reply = await alice.post("/orders/ladder", sent | changes)
        assert (reply.status_code, reply.json()["code"]) == (422, RejectReason.BAD_SIGNATURE)
        assert reply.json()["field"] in {"signature", "order"}
    stranger = await bob.post("/orders/ladder", sent)
    assert stranger.json()["code"] == RejectReason.BAD_SIGNATURE
    assert stack.services.exchange.view.sequence == before
    free = sent | {"self_trade": "cancel_both", "sent_at_ms": time.time_ns() // 1_000_000}
    free["rungs"] = [one | {"client_order_id": f"a {at}"} for at, one in enumerate(sent["rungs"])]
    assert codes(await post(alice, free)) == [None] * 3


async def test_a_ladder_that_is_repeated_is_answered_the_same_both_ways(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    await bob.place("sell", "1.5", "2000")
    rungs: list[Rung] = [("buy", "1", "2000"), ("buy", "9000", "2000"), ("buy", "1", "1999")]
    sent = encode(ladder(alice, *rungs, names="once"))
    straight, long = await both(stack, sent, "/orders/ladder", **alice.headers)
    assert (straight.status_code, long.status_code) == (200, 200)
    first, again = straight.json(), long.json()
    assert first.pop("sequence") < again.pop("sequence")
    assert first.pop("at_ms") <= again.pop("at_ms")
    assert first == again
    assert len((await alice.get("/orders/open")).json()["orders"]) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"market":"ETH-USDC","max_fee_ppm":1,"expiry_s":1,"signature":"0x00","rungs":[]}',
        b'{"market":"ETH-USDC","rungs":[{"side":"hold"}]}',
        b'{"market":"ETH-USDC","market":"ETH-USDC"}',
    ],
)
async def test_what_is_no_ladder_is_refused_the_same_both_ways(
    stack: Stack, alice: Trader, content: bytes
) -> None:
    straight, long = await both(stack, content, "/orders/ladder", **alice.headers)
    assert straight.status_code >= 400
    assert told(straight) == told(long)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"market": "NO-SUCH"}, "market"),
        ({"expiry_s": -1}, "expiry_s"),
        ({"time_in_force": "gtd"}, "time_in_force"),
        ({"signature": "0x11"}, "signature"),
        ({"sent_at_ms": 1, "receive_window_ms": 1}, "receive_window_ms"),
    ],
)
async def test_a_bad_ladder_is_refused_the_same_both_ways(
    stack: Stack, alice: Trader, changes: dict[str, Any], field: str
) -> None:
    content = encode(bids(alice, 2) | changes)
    straight, long = await both(stack, content, "/orders/ladder", **alice.headers)
    assert told(straight) == told(long)
    assert straight.status_code >= 400
    assert straight.json()["field"] == field


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x.y.z", "Basic abc"])
async def test_who_does_not_say_who_asks_is_refused_the_same_both_ways(
    stack: Stack, alice: Trader, authorization: str
) -> None:
    content = encode(bids(alice, 2))
    straight, long = await both(stack, content, "/orders/ladder", authorization=authorization)
    assert straight.status_code == 401
    assert told(straight) == told(long)
    async with stack.socket() as socket:
        refused = await socket.ask({"op": "ladder", "ladder": bids(alice, 2)})
        assert refused["problem"]["code"] == RejectReason.UNAUTHENTICATED


def test_a_ladder_goes_the_straight_way() -> None:
    assert order_route._token(scope(raw_path=b"/orders/ladder")) == "token"


async def test_a_burst_of_ladders_and_orders_is_done_in_its_order(
    stack: Stack, alice: Trader
) -> None:
    """Answers, too; what is wrong between them is told in its turn, and stops nothing."""
    async with alice.socket() as socket:
        kinds = ["ladder", "ladder", "place", "bad", "place", "ladder", "place", "ladder"]
        for number, kind in enumerate(kinds):
            first = 2000 - 10 * number
            body: dict[str, Any] = {"op": "place", "order": alice.order("buy", "1", str(first))}
            if kind == "ladder":
                body = {"op": "ladder", "ladder": bids(alice, 4, first=first)}
            elif kind == "bad":
                body = {"op": "ladder", "ladder": bids(alice, 2) | {"rungs": []}}
            await socket.send({"id": number} | body)
        answers = [await socket.receive() for _ in kinds]
    assert [one["id"] for one in answers] == list(range(len(kinds)))
    assert [one["type"] for one in answers] == ["ack"] * 3 + ["error"] + ["ack"] * 4
    sequences = [one["result"]["sequence"] for one in answers if one["type"] == "ack"]
    assert sequences == sorted(set(sequences))
    orders = stack.services.exchange.view.open_orders(alice.account)
    prices = [one.price for one in sorted(orders, key=lambda one: one.order_id)]
    assert prices == sorted(prices, reverse=True)
    assert len(prices) == 19


async def test_of_a_burst_whole_ladders_are_admitted_and_none_in_part(tmp_path: Path) -> None:
    async with running(settings(tmp_path, limits=limits(orders_per_second=20))) as stack:
        alice = await stack.trader(1, USDC="1000000")
        await _at_a_second_that_begins()
        async with alice.socket() as socket:
            messages = [{"op": "ladder", "ladder": bids(alice), "id": at} for at in range(4)]
            for message in messages:
                await socket.send(message)
            answers = [await socket.receive() for _ in messages]
        refused = [one for one in answers if one["type"] == "error"]
        assert refused
        assert {one["problem"]["code"] for one in refused} == {RejectReason.RATE_LIMITED}
        entered = stack.services.exchange.view.open_order_count(alice.account)
        assert entered == 8 * (len(answers) - len(refused)) > 0


async def test_a_ladder_counts_its_orders_over_rest(tmp_path: Path) -> None:
    async with running(settings(tmp_path, limits=limits(orders_per_second=7))) as stack:
        alice = await stack.trader(1, USDC="1000000")
        reply = await alice.post("/orders/ladder", bids(alice))
        assert (reply.status_code, reply.json()["code"]) == (429, RejectReason.RATE_LIMITED)
        assert "send fewer together" in reply.json()["detail"]
        async with alice.socket() as socket:
            refused = await socket.ask({"op": "ladder", "ladder": bids(alice)})
            assert "send fewer together" in refused["problem"]["detail"]
        assert stack.services.exchange.view.open_order_count(alice.account) == 0
        await alice.place("buy", "1", "10")


async def test_what_is_left_beside_a_refused_ladder_is_left(tmp_path: Path) -> None:
    """The orders of a ladder that is not admitted are not counted in part."""
    async with running(settings(tmp_path, limits=limits(orders_per_second=20))) as stack:
        alice = await stack.trader(1, USDC="1000000")
        ladders = [{"op": "ladder", "ladder": bids(alice), "id": at} for at in range(3)]
        places = [
            {"op": "place", "order": alice.order("buy", "1", "10"), "id": 3 + at} for at in range(4)
        ]
        await _at_a_second_that_begins()
        async with alice.socket() as socket:
            for message in ladders + places:
                await socket.send(message)
            answers = [await socket.receive() for _ in ladders + places]
        assert [one["type"] for one in answers] == ["ack"] * 2 + ["error"] + ["ack"] * 4


async def _at_a_second_that_begins() -> None:
    await asyncio.sleep(1 - time.time() % 1 + 0.01)


async def _by_socket(key: Key, body: dict[str, Any]) -> dict[str, Any]:
    async with key.stack.socket() as socket:
        await socket.ask(key.login())
        return await socket.ask({"op": "ladder", "ladder": body})


@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
async def test_a_key_hands_in_ladders(alice: Trader, kind: str) -> None:
    """They are signed, so a key of either kind may."""
    key = await make_key(alice, kind)
    reply = await key.send("POST", "/orders/ladder", bids(alice, 3))
    assert reply.status_code == 200, reply.text
    assert codes(reply.json()) == [None] * 3
    answer = await _by_socket(key, bids(alice, 3))
    assert codes(answer["result"]) == [None] * 3


def _is_forbidden(reply: httpx.Response, answer: dict[str, Any]) -> None:
    assert (reply.status_code, reply.json()["code"]) == (403, RejectReason.FORBIDDEN)
    assert answer["problem"]["code"] == RejectReason.FORBIDDEN


async def test_a_key_of_other_markets_or_that_only_reads_hands_in_none(
    stack: Stack, alice: Trader
) -> None:
    reader = await make_key(alice, scopes=["read"])
    other = await make_key(alice, markets=["BTC-USDC"])
    for key in (reader, other):
        reply = await key.send("POST", "/orders/ladder", bids(alice, 2))
        _is_forbidden(reply, await _by_socket(key, bids(alice, 2)))
    assert stack.services.exchange.view.open_order_count(alice.account) == 0
    reply = await other.send("POST", "/orders/ladder", bids(alice, 2, market="BTC-USDC"))
    assert reply.status_code == 200, reply.text


async def test_a_ladder_that_comes_too_late_is_refused_whole(stack: Stack, alice: Trader) -> None:
    """And one that is in time beside it is not."""
    now_ms = time.time_ns() // 1_000_000
    late = {"sent_at_ms": now_ms - 2_000, "receive_window_ms": 1_000}
    reply = await alice.post("/orders/ladder", bids(alice, 2) | late)
    assert reply.json()["code"] == RejectReason.RECEIVE_WINDOW
    early = {"sent_at_ms": now_ms + 60_000}
    reply = await alice.post("/orders/ladder", bids(alice, 2) | early)
    assert reply.json()["code"] == RejectReason.RECEIVE_WINDOW
    async with alice.socket() as socket:
        for number, changes in enumerate((late, {"sent_at_ms": now_ms})):
            body = bids(alice, 2) | changes | ({} if number == 0 else {"receive_window_ms": 60_000})
            await socket.send({"op": "ladder", "id": number, "ladder": body})
        first, second = await socket.receive(), await socket.receive()
    assert first["problem"]["code"] == RejectReason.RECEIVE_WINDOW
    assert codes(second["result"]) == [None] * 2
    assert stack.services.exchange.view.open_order_count(alice.account) == 2


async def burst(who: Trader, *ladders: dict[str, Any]) -> list[dict[str, Any]]:
    """Send ladders at once over a socket; return their answers, which are in their order."""
    async with who.socket() as socket:
        for number, body in enumerate(ladders):
            await socket.send({"op": "ladder", "id": number, "ladder": body})
        answers = [await socket.receive() for _ in ladders]
        assert (await socket.ask({"op": "ping"}))["type"] == "pong"
        assert socket.heard == [], "each is answered once"
    assert [one["id"] for one in answers] == list(range(len(ladders)))
    return answers


async def test_what_is_wrong_with_a_ladder_refuses_none_of_the_others_in_its_burst(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    """Not even where its forged signature is another ladder's, or all of a burst is refused."""
    fine = [bids(alice, 3, first=first) for first in (2000, 1900, 1800)]
    forged = bids(alice, 3) | {"signature": fine[0]["signature"]}
    strange = bids(alice, 2) | {"market": "NO-SUCH"}
    late = bids(alice, 2) | {"sent_at_ms": 1, "receive_window_ms": 1_000}
    foreign = bids(bob, 4)
    torn = bids(alice, 2)
    torn["rungs"][1] |= {"price": "0.001"}
    wrong = [
        (forged, RejectReason.BAD_SIGNATURE, "signature"),
        (strange, RejectReason.UNKNOWN_MARKET, "market"),
        (late, RejectReason.RECEIVE_WINDOW, "receive_window_ms"),
        (foreign, RejectReason.BAD_SIGNATURE, "signature"),
        (torn, RejectReason.INVALID_NUMBER, "rungs[1].price"),
    ]
    before = stack.services.exchange.view.sequence
    refused = [body for body, _, _ in wrong]
    for sent in ([fine[0], *refused[:2], fine[1], *refused[2:], fine[2]], refused):
        answers = await burst(alice, *sent)
        for body, answer in zip(sent, answers, strict=True):
            found = [(code, field) for one, code, field in wrong if one is body]
            if not found:
                assert codes(answer["result"]) == [None] * 3
                continue
            problem = answer["problem"]
            assert [(problem["code"], problem["field"])] == found, answer
    assert stack.services.exchange.view.sequence == before + 3
    assert stack.services.exchange.view.open_order_count(alice.account) == 9
    assert stack.services.exchange.view.open_order_count(bob.account) == 0


async def test_a_rung_whose_nonce_was_used_leaves_the_others(alice: Trader) -> None:
    """By an order before, by a rung before it, or by a ladder before it in the same burst."""
    used, twice, free, other = (Nonce(7, lane=next(alice.stack.lanes)) for _ in range(4))
    await alice.place("buy", "1", "10", nonce=used)
    rungs: list[Rung] = [("buy", "1", str(2000 - at)) for at in range(4)]
    first = ladder(alice, *rungs, nonces=[twice, used, twice, free])
    second = ladder(alice, ("buy", "1", "1500"), ("buy", "1", "1400"), nonces=[free, other])
    again = RejectReason.NONCE_USED.value
    one, two = await burst(alice, first, second)
    assert codes(one["result"]) == [None, again, again, None]
    assert codes(two["result"]) == [again, None]
    assert len((await alice.get("/orders/open")).json()["orders"]) == 4
    unnamed = await post(alice, first)
    assert codes(unnamed) == [again] * 4


async def test_a_named_ladder_is_the_same_orders_however_it_comes_again(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    """Twice in a burst, over REST, or an order of it alone; what was refused is refused again."""
    await bob.place("sell", "1.5", "2000")
    rungs: list[Rung] = [("buy", "1", "2000"), ("buy", "499.5", "2000"), ("buy", "1", "2000")]
    body = ladder(alice, *rungs, names="bid")
    first, second = (one["result"] for one in await burst(alice, body, body))
    third = await post(alice, body)
    assert first["rungs"] == second["rungs"] == third["rungs"]
    assert codes(first) == [None, RejectReason.INSUFFICIENT_FUNDS.value, None]
    assert [len(one.get("fills", ())) for one in first["rungs"]] == [1, 0, 1]
    taken = await alice.post("/orders", alice.order("buy", "1", "2000", client_order_id="bid 2"))
    assert taken.json()["code"] == RejectReason.DUPLICATE_CLIENT_ORDER_ID
    assert len((await alice.get("/orders/open")).json()["orders"]) == 1
    await alice.delete(f"/orders/{first['rungs'][2]['order_id']}")
    (fourth,) = await burst(alice, body)
    told_now = fourth["result"]["rungs"]
    assert [one.get("status") for one in told_now] == ["filled", None, "canceled"]
    assert (await alice.get("/orders/open")).json()["orders"] == []


async def test_a_ladder_over_64_kib_is_too_large_both_ways_and_ends_a_socket(
    stack: Stack, alice: Trader
) -> None:
    content = encode(bids(alice, 8)) + b" " * 65_536
    straight, long = await both(stack, content, "/orders/ladder", **alice.headers)
    assert told(straight) == told(long)
    assert (straight.status_code, straight.json()["code"]) == (413, RejectReason.MESSAGE_TOO_LARGE)
    async with alice.socket() as socket:
        small = {"op": "ladder", "id": 1, "ladder": bids(alice, 2)}
        await socket.send(small)
        assert (await socket.receive())["type"] == "ack"
        await socket.send(encode(small).decode() + " " * 65_536)
        with pytest.raises(ConnectionClosed):
            await socket.receive()
        assert socket.connection.close_code == 1009
    assert stack.services.exchange.view.open_order_count(alice.account) == 2


async def test_ladders_are_measured_and_their_orders_counted(
    stack: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is refused, too; a burst is measured as one; and the straight way is really taken."""
    meter, ways = stack.services.hub.meter, list[str | None]()
    real = order_route._token

    def note(found: Any) -> str | None:
        ways.append(real(found))
        return ways[-1]

    monkeypatch.setattr(order_route, "_token", note)
    await post(alice, bids(alice, 8))
    assert ways == [alice.token]
    assert (meter.order_entry.count, meter.orders, meter.rejected) == (1, 8, 0)
    await alice.post("/orders/ladder", bids(alice, 2) | {"market": "NO-SUCH"})
    assert (meter.order_entry.count, meter.orders) == (2, 8)
    await post(alice, ladder(alice, ("buy", "1", "10"), ("buy", "9000", "2000")))
    assert (meter.order_entry.count, meter.orders, meter.rejected) == (3, 9, 1)
    before = meter.order_entry.count
    await burst(alice, bids(alice, 4))
    assert (meter.order_entry.count, meter.orders) == (before + 1, 13)


async def test_the_orders_of_a_refused_ladder_are_counted_as_refused(tmp_path: Path) -> None:
    async with running(settings(tmp_path, limits=limits(orders_per_second=9))) as stack:
        alice = await stack.trader(1, USDC="1000000")
        await _at_a_second_that_begins()
        answers = await burst(alice, *[bids(alice) for _ in range(3)])
        assert [one["type"] for one in answers] == ["ack", "error", "error"]
        assert stack.services.limiter.refusals == {"address": 0, "account": 16}
        assert stack.services.exchange.view.open_order_count(alice.account) == 8


async def test_the_channels_tell_a_ladder_as_one_command(alice: Trader, bob: Trader) -> None:
    """A report an event, in the order of the rungs; the book and the balances change once."""
    await bob.place("sell", "0.5", "2000")
    book = {"channel": "book", "market": "ETH-USDC"}
    async with alice.socket({"channel": "orders"}, {"channel": "balances"}, book) as socket:
        body = bids(alice, 3, names="bid")
        answer = await socket.ask({"op": "ladder", "ladder": body})
        while not any(one.get("kind") == "delta" for one in socket.heard):
            socket.heard.append(await socket.receive())
    sequence = answer["result"]["sequence"]
    heard = [one for one in socket.heard if one["sequence"] == sequence]
    reports = [one for one in heard if one["type"] == "order"]
    ids = [one["order_id"] for one in answer["result"]["rungs"]]
    assert [(one["order_id"], one["client_order_id"], one["exec_type"]) for one in reports] == [
        (ids[0], "bid 0", "new"),
        (ids[0], "bid 0", "trade"),
        (ids[1], "bid 1", "new"),
        (ids[2], "bid 2", "new"),
    ]
    assert [one["type"] for one in heard if one["type"] != "order"] == ["balances", "book"]
    assert heard[-1]["bids"] == [["2000", "0.5"], ["1999", "1"], ["1998", "1"]]


async def test_after_its_session_has_ended_every_ladder_of_a_burst_is_refused(
    stack: Stack, alice: Trader
) -> None:
    async with alice.socket() as socket:
        await alice.post("/auth/logout", None)
        for number in range(3):
            await socket.send({"op": "ladder", "id": number, "ladder": bids(alice, 2)})
        answers = [await socket.receive() for _ in range(3)]
    assert [one["id"] for one in answers] == [0, 1, 2]
    assert {one["problem"]["code"] for one in answers} == {RejectReason.UNAUTHENTICATED}
    assert stack.services.exchange.view.open_order_count(alice.account) == 0


async def test_while_nothing_can_be_recorded_every_ladder_is_told_so(
    stack: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise UnavailableError("the journal can not be written")

    monkeypatch.setattr(type(stack.services.exchange), "place_ladders", fail)
    content = encode(bids(alice, 2))
    straight, long = await both(stack, content, "/orders/ladder", **alice.headers)
    assert told(straight) == told(long)
    assert straight.status_code == 503
    answers = await burst(alice, bids(alice, 2), bids(alice, 3))
    assert {one["problem"]["code"] for one in answers} == {RejectReason.UNAVAILABLE}
