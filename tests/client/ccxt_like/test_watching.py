"""Every watcher of a channel hears all of it, and why it ended; nobody hears anything twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hybrid_dex.client.ccxt_like import ExchangeClosedByUser, RequestTimeout
from hybrid_dex.client.ccxt_like.watching import News, Watches
from hybrid_dex.errors import UnknownOutcomeError


class Told:
    """A channel that tells what a test puts in; an error ends it."""

    def __init__(self) -> None:
        self.queue = asyncio.Queue[int | UnknownOutcomeError]()
        self.begun = 0

    async def source(self) -> AsyncIterator[int]:
        self.begun += 1
        while True:
            one = await self.queue.get()
            if isinstance(one, UnknownOutcomeError):
                raise one
            yield one

    async def tell(self, *numbers: int | UnknownOutcomeError) -> None:
        """Tell them, and let whoever hears of it go on."""
        for number in numbers:
            self.queue.put_nowait(number)
        for _ in range(10):
            await asyncio.sleep(0)


async def watch(news: News[int], heard: list[int], *, until: int) -> None:
    """Watch in a task of one's own until a number was heard."""
    while until not in heard:
        heard += await news.take()


async def test_each_of_two_watchers_hears_all() -> None:
    told, first, second = Told(), list[int](), list[int]()
    news = Watches().news(("orders",), told.source)
    watching = asyncio.create_task(watch(news, first, until=4))
    await told.tell(1)
    other = asyncio.create_task(watch(news, second, until=4))
    await told.tell(2)
    await told.tell(3, 4)
    await asyncio.gather(watching, other)
    assert (first, second) == ([1, 2, 3, 4], [2, 3, 4])
    await news.close()


async def test_a_call_in_a_task_of_its_own_goes_on_where_the_last_has_stopped() -> None:
    """As `asyncio.wait_for` makes them on Python 3.11; also where the first call was made by one that lives on."""
    told = Told()
    news = Watches().news(("orders",), told.source)
    await told.tell(1)
    assert await news.take() == [1]
    await told.tell(2, 3)
    assert await asyncio.create_task(news.take()) == [2, 3]
    await told.tell(4)
    assert await asyncio.wait_for(asyncio.create_task(news.take()), 5) == [4]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.create_task(news.take()), 0.001)
    await told.tell(5)
    assert await asyncio.create_task(news.take()) == [5]
    await news.close()


@pytest.mark.parametrize("warmed_up", [False, True])
async def test_two_loops_whose_calls_have_tasks_of_their_own_hear_nothing_twice(
    warmed_up: bool,
) -> None:
    """The one calls while the other still works on what it heard; also where a third waits no more."""
    told, fast, slow = Told(), list[int](), list[int]()
    news = Watches().news(("fills",), told.source)
    if warmed_up:
        await told.tell(0)
        assert await news.take() == [0]
    work = asyncio.Event()

    async def loop(heard: list[int], *, works: bool) -> None:
        while True:
            heard += await asyncio.create_task(news.take())
            while works and not work.is_set():
                await asyncio.sleep(0)

    loops = [
        asyncio.create_task(loop(fast, works=False)),
        asyncio.create_task(loop(slow, works=True)),
    ]
    await told.tell()
    for number in range(1, 10):
        await told.tell(number)
        if number % 3 == 0:
            work.set()
            await told.tell()
            work.clear()
    for one in loops:
        one.cancel()
    assert fast == list(range(1, 10))
    assert slow == [1, 4, 7]
    await news.close()


async def test_the_oldest_give_way_and_the_present_is_heard_at_once() -> None:
    told = Told()
    news = Watches().news(("book",), told.source, limit=1)
    await told.tell(1, 2)
    assert await news.take() == [2]
    assert await asyncio.create_task(news.take()) == [2], "another watcher sees the book as well"
    await told.tell(3, 4)
    assert await news.take() == [4]
    await news.close()


async def test_each_learns_why_a_channel_ended_after_what_came_before() -> None:
    told = Told()
    watches = Watches()
    news = watches.news(("orders",), told.source)
    waiting = asyncio.ensure_future(news.take())
    await told.tell(1)
    assert await waiting == [1]
    await told.tell(2, UnknownOutcomeError("no answer"))
    assert watches.news(("orders",), told.source) is news
    assert await news.take() == [2]
    with pytest.raises(RequestTimeout, match="no answer"):
        await news.take()
    assert told.begun == 1
    again = asyncio.ensure_future(news.take())
    await told.tell(3)
    assert (await again, told.begun) == ([3], 2)
    assert await news.take() == [3]
    await watches.close()
    with pytest.raises(ExchangeClosedByUser):
        await news.take()
