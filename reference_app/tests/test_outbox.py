"""The outbox: in order, bounded, books conflated to one snapshot, and a close that says why."""

import asyncio

from hybrid_dex.model.units import MarketId
from reference_app.outbox import CLOSE_GOING_AWAY, CLOSE_TOO_SLOW, Closing, Outbox

ETH, BTC = MarketId("ETH-USDC"), MarketId("BTC-USDC")


def outbox(messages: int = 4, max_bytes: int = 1_000) -> Outbox:
    return Outbox(
        lambda market: f"snapshot {market}".encode(), messages=messages, max_bytes=max_bytes
    )


async def drained(box: Outbox) -> list[bytes | Closing]:
    taken: list[bytes | Closing] = []
    while len(box):
        frames = await box.take(1)
        assert isinstance(frames, list)
        taken += frames
    return taken


async def test_messages_leave_in_order() -> None:
    box = outbox()
    box.put(b"ack")
    box.put_delta(ETH, b"delta 1")
    box.put_delta(BTC, b"delta 2")
    assert await drained(box) == [b"ack", b"delta 1", b"delta 2"]
    assert box.waiting_bytes == 0


async def test_too_many_deltas_become_one_snapshot_and_nothing_else_is_lost() -> None:
    box = outbox()
    box.put_delta(ETH, b"old 1")
    box.put(b"fill")
    box.put_delta(ETH, b"old 2")
    box.put_delta(BTC, b"other")
    box.put_delta(ETH, b"one too many")
    box.put_delta(ETH, b"in the snapshot already")
    box.put(b"ack")
    assert await drained(box) == [b"fill", b"other", b"snapshot ETH-USDC", b"ack"]
    box.put_delta(ETH, b"after the snapshot")
    assert await drained(box) == [b"after the snapshot"]


async def test_unsubscribing_drops_what_waits_of_a_book() -> None:
    box = outbox()
    box.conflate(ETH)
    box.put_delta(BTC, b"other")
    box.forget(ETH)
    assert await drained(box) == [b"other"]


async def test_too_many_bytes_end_the_connection_with_a_reason() -> None:
    box = outbox(max_bytes=10)
    box.put(b"12345")
    box.put(b"1234567")
    closing = await box.take(9)
    assert isinstance(closing, Closing)
    assert closing.code == CLOSE_TOO_SLOW
    box.put(b"late")
    box.close(CLOSE_GOING_AWAY, "later")
    assert await box.take(9) == closing
    assert box.waiting_bytes == 0


async def test_a_waiting_sender_wakes_for_a_message_and_for_the_close() -> None:
    box = outbox()
    waiting = asyncio.ensure_future(box.take(9))
    await asyncio.sleep(0)
    box.put(b"late")
    assert await waiting == [b"late"]
    waiting = asyncio.ensure_future(box.take(9))
    await asyncio.sleep(0)
    box.close(CLOSE_GOING_AWAY, "bye")
    assert await waiting == Closing(CLOSE_GOING_AWAY, "bye")


async def test_messages_are_taken_together_up_to_a_number_and_a_length() -> None:
    box = outbox(messages=99, max_bytes=1_000_000)
    for frame in (b"one", b"two", b"x" * 70_000, b"four", b"five"):
        box.put(frame)
    assert await box.take(2) == [b"one", b"two"]
    assert await box.take(9) == [b"x" * 70_000]
    assert await box.take(9) == [b"four", b"five"]
