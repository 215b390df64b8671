"""Questions that are asked at once: nobody is left behind."""

import asyncio

import pytest

from hybrid_dex.settlement.evm.at_once import at_once


async def test_answers_come_in_the_order_of_the_questions() -> None:
    async def answer(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert await at_once(answer(turns) for turns in (3, 0, 2)) == [3, 0, 2]
    assert await at_once([]) == []


@pytest.mark.parametrize("cut", [False, True])
async def test_when_one_fails_or_the_caller_ends_the_others_have_ended(*, cut: bool) -> None:
    """Ended, not only asked to: what they still do as they end is done."""
    ended: list[str] = []

    async def wait(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    async def fail() -> None:
        await asyncio.sleep(0)
        if cut:
            await asyncio.Event().wait()
        raise ValueError("no answer")

    asking = asyncio.ensure_future(at_once([wait("first"), fail(), wait("last")]))
    if cut:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
    with pytest.raises(asyncio.CancelledError if cut else ValueError):
        await asking
    assert sorted(ended) == ["first", "last"]
