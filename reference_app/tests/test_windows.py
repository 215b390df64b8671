"""The counts in memory are those of the library's own storage, and do not pile up."""

from random import Random

import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from reference_app.tests.test_rates import Clock
from reference_app.windows import _SWEPT_FROM, WindowStorage
from tests.tiers import count

HITS = count(fast=2_000, full=50_000)


async def test_it_counts_as_the_library_does(monkeypatch: pytest.MonkeyPatch, rng: Random) -> None:
    """Every hit is admitted by both or by neither, and both tell the same of the windows."""
    clock = Clock(monkeypatch, 1_800_000_000 + rng.random() * 60)
    library, own = MemoryStorage(), WindowStorage()
    limiters = [SlidingWindowCounterRateLimiter(storage) for storage in (library, own)]
    items = (RateLimitItemPerMinute(40), RateLimitItemPerSecond(7), RateLimitItemPerMinute(3, 2))
    refused = 0
    for _ in range(HITS):
        clock.now += rng.choice((0.0, 0.0, 0.01, rng.random(), 10 * rng.random(), 200.0))
        item, who, cost = rng.choice(items), rng.choice("abc"), rng.randint(1, 5)
        first, second = [await each.hit(item, "test", who, cost=cost) for each in limiters]
        assert first == second
        refused += not first
        key, width = item.key_for("test", who), item.get_expiry()
        theirs = await library.get_sliding_window(key, width)
        ours = await own.get_sliding_window(key, width)
        assert ours == pytest.approx(theirs, abs=1e-4)
    assert 0 < refused < HITS


async def test_who_comes_no_more_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream of new addresses costs no memory without end."""
    clock = Clock(monkeypatch, 1_800_000_000.0)
    storage = WindowStorage()
    for number in range(4 * _SWEPT_FROM):
        clock.now += 0.05
        assert await storage.acquire_sliding_window_entry(f"one {number}", 1, 60)
    assert len(storage) <= 2 * _SWEPT_FROM
    assert not await storage.acquire_sliding_window_entry(f"one {number}", 1, 60)
    assert not await storage.acquire_sliding_window_entry("another", 1, 60, 2)
    await storage.clear_sliding_window(f"one {number}", 60)
    assert await storage.acquire_sliding_window_entry(f"one {number}", 1, 60)
    assert await storage.reset()
    assert len(storage) == 0
    assert type(storage_from_string("async+memory://")) is MemoryStorage
