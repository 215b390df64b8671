"""The memory journal behaves as every journal, but for durability."""

from __future__ import annotations

import asyncio

import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.errors import FencedError, JournalError, JournalFullError, UnavailableError


async def test_append_read_and_reopen() -> None:
    journal = MemoryJournal()
    assert not journal.capabilities.durable_on_ack
    with pytest.raises(UnavailableError, match="not open"):
        await journal.append(0, b"a")
    await journal.open()
    await journal.verify_durability()
    answers = [journal.append(0, b"a"), journal.append(1, b"b")]
    assert await asyncio.gather(*answers) == [1, 2]
    await journal.close()
    await journal.open()
    assert [item async for item in journal.read(0)] == [(1, b"a"), (2, b"b")]
    assert await journal.read_at(2) == b"b"
    assert await journal.read_at(3) is None
    assert await journal.read_at(0) is None
    assert await journal.head() == 2


async def test_an_append_elsewhere_than_at_the_head_is_fenced() -> None:
    journal = MemoryJournal()
    await journal.open()
    with pytest.raises(FencedError) as refusal:
        await journal.append(1, b"a")
    assert refusal.value.actual == 0
    with pytest.raises(JournalFullError, match="1048577"):
        await journal.append(0, bytes(1_048_577))


async def test_one_writer() -> None:
    journal = MemoryJournal()
    await journal.open()
    with pytest.raises(UnavailableError, match="another exchange"):
        await journal.open()


async def test_follow_yields_old_and_new_and_ends_with_the_journal() -> None:
    journal = MemoryJournal()
    await journal.open()
    await journal.append(0, b"a")
    followed = []

    async def follow() -> None:
        async for position, _ in journal.follow(0):
            followed.append(position)
            if position == 1:
                await journal.append(1, b"b")
            if position == 2:
                asyncio.get_running_loop().call_soon(asyncio.ensure_future, journal.close())

    await follow()
    assert followed == [1, 2]


async def test_trim_forgets_and_keeps_positions() -> None:
    journal = MemoryJournal()
    await journal.open()
    for index in range(5):
        await journal.append(index, b"%d" % index)
    await journal.trim(3)
    await journal.trim(2)
    assert await journal.read_at(3) is None
    assert await journal.read_at(4) == b"3"
    assert await journal.head() == 5
    with pytest.raises(JournalError, match="record 1 is trimmed"):
        _ = [item async for item in journal.read(0)]
    assert [item async for item in journal.read(3)] == [(4, b"3"), (5, b"4")]
    assert await journal.append(5, b"5") == 6
