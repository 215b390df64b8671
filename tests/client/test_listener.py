"""Listeners: in order, bounded, and never silently short of a message."""

import asyncio

import pytest

from hybrid_dex.client import LaggingListenerError
from hybrid_dex.client.listener import Listener


async def test_messages_come_in_order_and_the_end_after_them() -> None:
    """Closing loses nothing that was put in before."""
    listener: Listener[int] = Listener(limit=10)
    waiting = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0)
    for number in range(3):
        listener.put(number)
    listener.close()
    listener.put(99)
    assert await waiting == 0
    assert [number async for number in listener] == [1, 2]


async def test_a_reader_that_is_too_slow_is_told() -> None:
    """Instead of missing something, and without anyone waiting for it."""
    listener: Listener[int] = Listener(limit=2)
    for number in range(3):
        listener.put(number)
    assert listener.closed
    with pytest.raises(LaggingListenerError, match="more than 2"):
        await anext(listener)
