"""The channels beside books and reports: tops, balances, settlements, heartbeats; and resuming."""

import asyncio
from typing import Any

import pytest

from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import book_checksum
from reference_app.hub import Hub
from reference_app.outbox import Outbox
from reference_app.tests.stack import Stack, Trader
from reference_app.tests.test_stream import BOOK, Replica

TOP = {"channel": "book_top", "market": "ETH-USDC"}
BALANCES, SETTLEMENTS = {"channel": "balances"}, {"channel": "settlements"}


def best(replica: Replica, side: str) -> list[tuple[str, str]]:
    levels = sorted(replica.sides[side].items(), key=lambda row: float(row[0]))
    return levels[::-1] if side == "bids" else levels


async def test_the_top_is_told_first_and_then_when_it_is_another_one(
    stack: Stack, alice: Trader
) -> None:
    await alice.place("buy", "1", "99")
    async with alice.socket(TOP) as socket:
        first = await socket.hear("book_top")
        assert (first["bid"], first["ask"]) == (["99", "1"], None)
        await alice.place("buy", "1", "98")
        await alice.place("buy", "2", "99")
        second = await socket.hear("book_top")
        assert second["bid"] == ["99", "3"], "what stands behind the top was not told"
        assert second["sequence"] > first["sequence"]
        await alice.delete("/orders")
        assert (await socket.hear("book_top"))["bid"] is None


async def test_balances_are_told_whole_and_then_those_that_changed(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    async with alice.socket(BALANCES) as socket:
        first = await socket.hear("balances")
        assert [row["asset"] for row in first["balances"]] == ["USDC"]
        await alice.place("buy", "1", "100")
        held = await socket.hear("balances")
        assert [(row["asset"], row["held"]) for row in held["balances"]] == [("USDC", "100.02")]
        await bob.place("sell", "1", "100")
        told: dict[str, Any] = {}
        rest = {}
        while told != rest or not rest:
            heard = await socket.hear("balances")
            told |= {row["asset"]: row for row in heard["balances"]}
            listed = (await alice.get("/account/balances")).json()["balances"]
            rest = {row["asset"]: row for row in listed}
        assert told["ETH"]["available"] == "1"
        wrong = BALANCES | {"market": "ETH-USDC"}
        answer = await socket.ask({"op": "subscribe", "channels": [wrong]})
        assert answer["problem"]["code"] == RejectReason.INVALID_MESSAGE


async def test_who_comes_between_a_change_and_its_undoing_hears_the_balance_that_is(
    stack: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are told at once, so for who listens already nothing has changed."""
    hub, held = stack.services.hub, list[EventBatch]()
    async with alice.socket(BALANCES) as first:
        await first.hear("balances")
        await alice.place("buy", "1", "100")
        await alice.delete("/orders")
        while (await first.hear("balances"))["balances"][0]["held"] != "0":
            pass
        with monkeypatch.context() as patched:
            patched.setattr(hub, "tell", held.extend)
            await alice.place("buy", "1", "100")
            async with alice.socket(BALANCES) as second:
                begun = (await second.hear("balances"))["balances"]
                assert [row["held"] for row in begun] == ["100.02"]
                await alice.delete("/orders")
                async with asyncio.timeout(60):
                    while not held or held[-1].sequence < stack.services.exchange.view.sequence:
                        await asyncio.sleep(0.001)
                patched.undo()
                hub.tell(held)
                await second.ask({"op": "ping"})
                told = [one["balances"] for one in second.heard if one["type"] == "balances"]
                assert told == [(await alice.get("/account/balances")).json()["balances"]]


async def test_settlements_tell_each_stage_of_the_accounts_own_fills(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    async with alice.socket(SETTLEMENTS) as socket:
        await alice.place("buy", "1", "100")
        made = await bob.place("sell", "1", "100")
        stages = list[str]()
        while not stages or stages[-1] != "final":
            moved = await socket.hear("settlement")
            assert moved["fills"] == [made["fills"][0]["fill_id"]]
            stages.append(moved["stage"])
        assert "matched" not in stages


async def test_private_channels_want_a_login_and_the_new_public_ones_a_market(
    stack: Stack,
) -> None:
    async with stack.socket() as socket:
        for channel, code in (
            (BALANCES, RejectReason.UNAUTHENTICATED),
            (SETTLEMENTS, RejectReason.UNAUTHENTICATED),
            ({"channel": "book_top"}, RejectReason.INVALID_MESSAGE),
            ({"channel": "heartbeat", "market": "ETH-USDC"}, RejectReason.INVALID_MESSAGE),
            ({"channel": "candles", "market": "ETH-USDC"}, RejectReason.INVALID_MESSAGE),
        ):
            answer = await socket.ask({"op": "subscribe", "channels": [channel]})
            assert answer["problem"]["code"] == code, channel


async def test_a_heartbeat_says_up_to_where_everything_was_sent(
    stack: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alice.socket({"channel": "orders"}, {"channel": "heartbeat"}) as socket:
        await alice.place("buy", "1", "10")
        report = await socket.hear("order")
        beats = asyncio.create_task(_beating(stack.services.hub, monkeypatch))
        beat = await socket.hear("heartbeat")
        beats.cancel()
        assert beat["sequence"] >= report["sequence"]
        assert beat["time_ms"] > 0
        await socket.ask({"op": "unsubscribe", "channels": [{"channel": "heartbeat"}]})


async def test_a_heartbeat_that_resumes_has_missed_nothing(stack: Stack, alice: Trader) -> None:
    before = stack.services.exchange.view.sequence
    await alice.place("buy", "1", "10")
    channels = [{"channel": "heartbeat", "after": before}, {"channel": "orders", "after": before}]
    async with alice.socket() as socket:
        answer = await socket.ask({"op": "subscribe", "channels": channels})
        assert answer["type"] == "ack"
        assert (await socket.hear("order"))["exec_type"] == "new", "the next channel begins, too"
        assert (await socket.ask({"op": "ping"}))["type"] == "pong"
        assert [one for one in socket.heard if one["type"] == "error"] == []


async def _beating(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_heartbeat_s", 0.001)
    await hub._beat()


async def test_who_resumes_is_told_all_that_was_missed_and_nothing_twice(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    """Reports, fills, trades and deltas; from the sequence that the subscription or a message said."""
    channels = [
        {"channel": "orders"},
        {"channel": "fills", "market": "ETH-USDC"},
        {"channel": "trades", "market": "ETH-USDC"},
        BOOK,
    ]
    replica = Replica()
    async with alice.socket() as socket:
        subscribed = await socket.ask({"op": "subscribe", "channels": channels})
        begin = subscribed["result"]["sequence"]
        replica.apply(await socket.hear("book"))
        assert replica.sequence >= begin
    placed = await alice.place("buy", "2", "100")
    await bob.place("sell", "1", "100")
    await alice.place("buy", "1", "98")
    async with alice.socket() as socket:
        await socket.ask({"op": "ping"})
        again = [one | {"after": begin} for one in channels]
        answer = await socket.ask({"op": "subscribe", "channels": again})
        assert answer["result"]["channels"] == channels
        now = answer["result"]["sequence"]
        reports = [await socket.hear("order") for _ in range(3)]
        assert [one["exec_type"] for one in reports] == ["new", "trade", "new"]
        assert reports[0]["order_id"] == placed["order"]["order_id"]
        assert all(begin < one["sequence"] <= now for one in reports)
        assert (await socket.hear("fill"))["stage"] == "matched"
        assert (await socket.hear("trade"))["price"] == "100"
        for _ in range(3):
            replica.apply(await socket.hear("book"))
        assert replica.sides == {"bids": {"100": "1", "98": "1"}, "asks": {}}
        assert replica.snapshots == 1, "it went on where it was"
    async with alice.socket() as socket:
        for after in (2**40 - 1, 0 if stack.services.hub._since else 2**39):
            far = [{"channel": "orders", "after": after}]
            refused = await socket.ask({"op": "subscribe", "channels": far})
            assert refused["problem"]["code"] == RejectReason.UNKNOWN_SEQUENCE
            assert refused["problem"]["field"] == "after"
        late = await socket.ask({"op": "subscribe", "channels": [channels[0] | {"after": now}]})
        assert late["type"] == "ack"


async def test_what_is_kept_for_who_resumes_is_bounded(stack: Stack, alice: Trader) -> None:
    services = stack.services
    small = Hub(services.exchange, services.records, now_ns=services.clock.now_ns, history=3)
    small.begin()
    running = asyncio.create_task(small.run())
    begin = small.sequence
    assert small.remembers(begin)
    for number in range(5):
        await alice.place("buy", "1", str(10 + number))
    while small.sequence < begin + 5:
        await asyncio.sleep(0.01)
    assert not small.remembers(begin)
    assert small.remembers(begin + 2)
    running.cancel()


async def test_every_book_message_has_the_checksum_of_the_book_after_it(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    replica = Replica()
    async with alice.socket(BOOK) as socket:
        replica.apply(await socket.hear("book"))
        for number in range(15):
            await alice.place("buy", "1", f"{100 - number}")
            await bob.place("sell", f"0.{number + 1}", f"{101 + number}.5")
        for _ in range(30):
            message = await socket.hear("book")
            replica.apply(message)
            bids, asks = best(replica, "bids"), best(replica, "asks")
            assert message["checksum"] == book_checksum(bids, asks)


async def test_a_newer_top_takes_the_place_of_one_that_still_waits() -> None:
    outbox = Outbox(lambda market: b"", messages=8, max_bytes=100)
    outbox.put_newest("top", b"first")
    outbox.put(b"between")
    outbox.put_newest("top", b"the newest")
    outbox.put_newest("other", b"x")
    assert outbox.waiting_bytes == len("the newest" + "between" + "x")
    assert await outbox.take(9) == [b"the newest", b"between", b"x"]
    outbox.put_newest("top", b"again")
    assert (await outbox.take(9), outbox.waiting_bytes) == ([b"again"], 0)
    outbox.put_newest("top", b"y" * 101)
    assert outbox.closing is not None
    outbox.put_newest("top", b"z")
    assert len(outbox) == 0


async def test_a_command_of_several_messages_is_told_again_whole_from_the_one_before(
    alice: Trader, bob: Trader
) -> None:
    """A cut may fall between them, so the last message's own command is not the one to resume after."""
    for price in ("2500", "2501"):
        await bob.place("sell", "1", price)
    async with alice.socket({"channel": "orders"}) as socket:
        await alice.place("buy", "2", "2501")
        told = [await socket.hear("order") for _ in range(3)]
    assert [one["exec_type"] for one in told] == ["new", "trade", "trade"]
    (sequence,) = {one["sequence"] for one in told}
    async with alice.socket({"channel": "orders", "after": sequence - 1}) as socket:
        assert [await socket.hear("order") for _ in range(3)] == told
