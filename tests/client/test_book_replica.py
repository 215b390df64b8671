"""A replica shows a book that was, or nothing."""

import random

import pytest

from hybrid_dex.client import BookReplica, Step
from hybrid_dex.model.reports import BookUpdate
from hybrid_dex.model.units import Price, Quantity, Sequence, TimestampNs
from hybrid_dex.model.views import Level, Top
from tests.client.fake_exchange import ETH


def update(
    sequence: int,
    previous: int | None,
    bids: list[tuple[int, int]],
    asks: list[tuple[int, int]] | None = None,
) -> BookUpdate:
    """A snapshot or delta in ticks and lots."""
    return BookUpdate(
        market=ETH.id,
        sequence=Sequence(sequence),
        previous=None if previous is None else Sequence(previous),
        at_ns=TimestampNs(sequence),
        bids=tuple(Level(Price(price), Quantity(lots)) for price, lots in bids),
        asks=tuple(Level(Price(price), Quantity(lots)) for price, lots in asks or []),
    )


def test_a_snapshot_then_deltas() -> None:
    """Levels are set, changed and removed; text is exact."""
    replica = BookReplica(ETH)
    assert replica.top() == Top(None, None)
    assert replica.apply(update(5, None, [(250_000, 10_000), (249_900, 1)], [(250_100, 5)])) is (
        Step.APPLIED
    )
    assert replica.apply(update(7, 5, [(250_000, 0), (249_950, 2)])) is Step.APPLIED
    assert replica.bids() == [("2499.5", "0.0002"), ("2499", "0.0001")]
    assert replica.asks(1) == [("2501", "0.0005")]
    assert (replica.sequence, replica.at_ns) == (7, 7)


def test_old_updates_are_passed_over() -> None:
    """A delta that the snapshot contains changes nothing; so does an older snapshot."""
    replica = BookReplica(ETH)
    replica.apply(update(5, None, [(100, 1)]))
    assert replica.apply(update(5, 4, [(100, 9)])) is Step.PASSED_OVER
    assert replica.apply(update(4, None, [])) is Step.PASSED_OVER
    assert replica.depth().bids == (Level(Price(100), Quantity(1)),)


def test_a_delta_may_reach_back_behind_the_snapshot() -> None:
    """A snapshot as of 5 stands for every state up to the next change after it."""
    replica = BookReplica(ETH)
    replica.apply(update(5, None, [(100, 1)]))
    assert replica.apply(update(8, 3, [(101, 1)])) is Step.APPLIED


def test_a_gap_shows_nothing_until_the_next_snapshot() -> None:
    """What would be wrong is not shown."""
    replica = BookReplica(ETH)
    replica.apply(update(5, None, [(100, 1)]))
    assert replica.apply(update(9, 7, [(101, 1)])) is Step.GAP
    assert not replica.synced
    assert replica.bids() == []
    assert replica.apply(update(11, 9, [(102, 1)])) is Step.PASSED_OVER
    assert replica.apply(update(9, None, [(101, 1)])) is Step.APPLIED
    assert replica.bids() == [("1.02", "0.0001"), ("1.01", "0.0001")]
    assert replica.sequence == 11


def test_a_crossed_book_is_a_gap() -> None:
    """It can not have rested, so something was lost."""
    replica = BookReplica(ETH)
    assert replica.apply(update(5, None, [(100, 1)], [(100, 1)])) is Step.GAP
    replica.apply(update(5, None, [(100, 1)], [(101, 1)]))
    assert replica.apply(update(6, 5, [(101, 1)])) is Step.GAP


def test_early_deltas_are_kept_up_to_a_bound() -> None:
    """A snapshot that never comes does not fill the memory."""
    replica = BookReplica(ETH)
    steps = [replica.apply(update(i + 1, i, [])) for i in range(1_001)]
    assert steps[-1] is Step.GAP
    assert set(steps[:-1]) == {Step.PASSED_OVER}


def test_whatever_is_lost_repeated_or_late_the_book_shown_is_true(rng: random.Random) -> None:
    """Random losses and repeats; whenever the replica is synced it is the book of its sequence."""
    book: dict[int, int] = {}
    states: dict[int, dict[int, int]] = {0: {}}
    updates: list[BookUpdate] = []
    previous = 0
    for sequence in range(1, 400):
        if rng.random() < 0.3:
            states[sequence] = dict(book)
            continue
        price, lots = rng.randint(1, 9), rng.randint(0, 3)
        if book.get(price, 0) == lots:
            states[sequence] = dict(book)
            continue
        book[price] = lots
        if not lots:
            del book[price]
        updates.append(update(sequence, previous, [(price, lots)]))
        previous, states[sequence] = sequence, dict(book)
    replica, synced = BookReplica(ETH), 0
    for delta in updates:
        if rng.random() < 0.05:
            at = rng.randint(max(0, delta.sequence - 5), delta.sequence)
            replica.apply(update(at, None, sorted(states[at].items(), reverse=True)))
        for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 1, 2])):
            replica.apply(delta)
        if replica.synced:
            synced += 1
            shown = {level.price: level.quantity for level in replica.depth().bids}
            assert shown == states[replica.sequence]
    assert synced


def test_a_replica_takes_its_own_market_only() -> None:
    """Anything else is a bug of the caller."""
    other = BookUpdate(
        market="A-B",  # type: ignore[arg-type]
        sequence=Sequence(1),
        previous=None,
        at_ns=TimestampNs(0),
        bids=(),
        asks=(),
    )
    with pytest.raises(AssertionError):
        BookReplica(ETH).apply(other)
