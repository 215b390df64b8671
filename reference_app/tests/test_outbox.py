"""The outbox: in order, bounded, books conflated to one snapshot, and a close that says why."""

import asyncio

from hybrid_dex.model.units import MarketId
from reference_app.outbox import CLOSE_GOING_AWAY, CLOSE_TOO_SLOW, Closing, Outbox

ETH, BTC = MarketId("ETH-USDC"), MarketId("BTC-USDC")


def outbox(messages: int = 4, max_bytes: int = 1_000) -> Outbox:
    return Outbox(lambda market: f"snapshot {market}", messages=messages, max_bytes=max_bytes)


async def drained(box: Outbox) -> list[str | Closing]:
    taken: list[str | Closing] = []
    while len(box):
        texts = await box.take(1)
        assert isinstance(texts, list)
        taken += texts
    return taken


async def test_messages_leave_in_order() -> None:
    box = outbox()
    box.put("ack")
    box.put_delta(ETH, "delta 1")
    box.put_delta(BTC, "delta 2")
    assert await drained(box) == ["ack", "delta 1", "delta 2"]
    assert box.waiting_bytes == 0


async def test_too_many_deltas_become_one_snapshot_and_nothing_else_is_lost() -> None:
    box = outbox()
    box.put_delta(ETH, "old 1")
    box.put("fill")
    box.put_delta(ETH, "old 2")
    box.put_delta(BTC, "other")
    box.put_delta(ETH, "one too many")
    box.put_delta(ETH, "in the snapshot already")
    box.put("ack")
    assert await drained(box) == ["fill", "other", "snapshot ETH-USDC", "ack"]
    box.put_delta(ETH, "after the snapshot")
    assert await drained(box) == ["after the snapshot"]


async def test_unsubscribing_drops_what_waits_of_a_book() -> None:
    box = outbox()
    box.conflate(ETH)
    box.put_delta(BTC, "other")
    box.forget(ETH)
    assert await drained(box) == ["other"]


async def test_too_many_bytes_end_the_connection_with_a_reason() -> None:
    box = outbox(max_bytes=10)
    box.put("12345")
    box.put("1234567")
    closing = await box.take(9)
    assert isinstance(closing, Closing)
    assert closing.code == CLOSE_TOO_SLOW
    box.put("late")
    box.close(CLOSE_GOING_AWAY, "later")
    assert await box.take(9) == closing
    assert box.waiting_bytes == 0


async def test_a_waiting_sender_wakes_for_a_message_and_for_the_close() -> None:
    box = outbox()
    waiting = asyncio.ensure_future(box.take(9))
    await asyncio.sleep(0)
    box.put("late")
    assert await waiting == ["late"]
    waiting = asyncio.ensure_future(box.take(9))
    await asyncio.sleep(0)
    box.close(CLOSE_GOING_AWAY, "bye")
    assert await waiting == Closing(CLOSE_GOING_AWAY, "bye")


async def test_messages_are_taken_together_up_to_a_number_and_a_length() -> None:
    box = outbox(messages=99, max_bytes=1_000_000)
    for text in ("one", "two", "x" * 70_000, "four", "five"):
        box.put(text)
    assert await box.take(2) == ["one", "two"]
    assert await box.take(9) == ["x" * 70_000]
    assert await box.take(9) == ["four", "five"]
