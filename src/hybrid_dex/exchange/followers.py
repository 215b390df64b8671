"""Followers: whoever reads events as they happen.

A follower is never waited for. One that falls too far behind is ended with an error that says so,
and reads the state anew; the writer and the other followers do not notice.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from collections.abc import Sequence as Items
from typing import Self

from hybrid_dex.errors import HybridDexError
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.units import Sequence

__all__ = ["Followers", "SlowFollowerError", "Subscription"]


class SlowFollowerError(HybridDexError):
    """A follower is further behind than the exchange remembers.

    Attributes:
        oldest: the oldest sequence that can be followed from now on.
    """

    def __init__(self, oldest: int, reason: str) -> None:
        super().__init__(f"{reason}; read the state again and follow from sequence {oldest}")
        self.oldest = oldest


class Subscription(AsyncIterator[EventBatch]):
    """Event batches in order, without a gap. Ends when the exchange closes.

    Use it as an iterator; `close` it when done, or leave its ``async with`` block.
    """

    def __init__(self, followers: "Followers", first: Items[EventBatch], limit: int) -> None:
        self._followers = followers
        self._batches = deque(first)
        self._limit = limit
        self._wake = asyncio.Event()
        self._failure: SlowFollowerError | None = None
        self._ended = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> EventBatch:
        while not self._batches:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._batches.popleft()

    def take(self) -> list[EventBatch]:
        """Return everything that waits, without waiting. Raises `SlowFollowerError`."""
        if self._failure is not None:
            raise self._failure
        batches = list(self._batches)
        self._batches.clear()
        return batches

    def close(self) -> None:
        """Follow no more. Safe to call twice."""
        self._followers.forget(self)
        self.end()

    def end(self) -> None:
        """Let the iterator stop after what waits."""
        self._ended = True
        self._wake.set()

    def miss(self, failure: SlowFollowerError) -> None:
        """Let the iterator raise: what comes next does not follow what was there."""
        self._batches.clear()
        self._failure = failure
        self._wake.set()

    def offer(self, batches: list[EventBatch]) -> bool:
        """Take more batches; return whether the follower keeps up."""
        if len(self._batches) + len(batches) > self._limit:
            oldest = batches[-1].sequence + 1
            reason = f"the follower is more than {self._limit} commands behind"
            self.miss(SlowFollowerError(oldest, reason))
            return False
        self._batches.extend(batches)
        self._wake.set()
        return True


class Followers:
    """All subscriptions, and the newest batches for those that resume.

    Args:
        limit: batches that may wait for one follower.
        history: newest batches kept.
        sequence: the last command before the first batch.
    """

    def __init__(self, *, limit: int, history: int, sequence: Sequence) -> None:
        self._limit = limit
        self._history: deque[EventBatch] = deque(maxlen=history)
        self._sequence = sequence
        self._subscriptions: list[Subscription] = []

    def __len__(self) -> int:
        return len(self._subscriptions)

    @property
    def sequence(self) -> Sequence:
        """The last command that was told."""
        return self._sequence

    def subscribe(self, after: int | None) -> Subscription:
        """Follow from the command after ``after``, or from the next one.

        Raises:
            SlowFollowerError: what came after it is no longer kept, or never was here.
        """
        missed: list[EventBatch] = []
        if after is not None and after != self._sequence:
            oldest = self._history[0].sequence if self._history else self._sequence + 1
            if not oldest - 1 <= after < self._sequence:
                raise SlowFollowerError(oldest, f"there is no following after sequence {after}")
            count = self._sequence - after
            missed = list(self._history)[-count:]
            if count > self._limit:
                raise SlowFollowerError(
                    self._sequence - self._limit + 1, f"sequence {after} is {count} commands ago"
                )
        subscription = Subscription(self, missed, self._limit)
        self._subscriptions.append(subscription)
        return subscription

    def batch(self, sequence: int) -> EventBatch | None:
        """Return what one of the newest commands did, or ``None`` when it is not kept."""
        index = sequence - self._history[0].sequence if self._history else -1
        return self._history[index] if 0 <= index < len(self._history) else None

    def publish(self, batches: list[EventBatch]) -> None:
        """Give batches to every follower; end those that do not keep up."""
        self._sequence = batches[-1].sequence
        self._history.extend(batches)
        slow = [one for one in self._subscriptions if not one.offer(batches)]
        for subscription in slow:
            self.forget(subscription)

    def skip_to(self, sequence: Sequence) -> None:
        """Go on after a command that does not follow the last one; who follows hears of the gap."""
        self._sequence = sequence
        self._history.clear()
        reason = f"what happened before command {sequence + 1} is not known here"
        for subscription in self._subscriptions:
            subscription.miss(SlowFollowerError(sequence + 1, reason))
        self._subscriptions.clear()

    def forget(self, subscription: Subscription) -> None:
        """Publish to it no more."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def close(self) -> None:
        """End every follower after what waits for it."""
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()
