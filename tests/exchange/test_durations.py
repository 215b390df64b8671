"""Durations: counts below bounds and exact percentiles, whatever comes in whatever order."""

from random import Random

from hybrid_dex.exchange import Durations, Percentiles
from hybrid_dex.exchange.durations import BOUNDS_NS


def test_nothing_noted_is_nothing_told() -> None:
    durations = Durations()
    assert durations.percentiles() == Percentiles()
    assert [count for _, count in durations.counts()] == [0] * len(BOUNDS_NS)


def test_percentiles_and_counts_are_those_of_the_sorted_list(rng: Random) -> None:
    noted = [rng.randrange(10 ** rng.randrange(1, 11)) for _ in range(1_000)]
    durations = Durations()
    for each in noted:
        durations.note(each)
    ranked = sorted(noted)
    found = durations.percentiles()
    assert (found.count, found.longest_ns) == (1_000, ranked[-1])
    assert (found.p50_ns, found.p95_ns, found.p99_ns) == (ranked[499], ranked[949], ranked[989])
    assert (durations.count, durations.total_ns) == (1_000, sum(noted))
    for bound, count in durations.counts():
        assert count == sum(each <= bound for each in noted)


def test_percentiles_are_of_the_newest_and_counts_of_all() -> None:
    durations = Durations(kept=2)
    for each in (10**9, 1, 2):
        durations.note(each)
    assert (durations.percentiles().longest_ns, durations.percentiles().count) == (2, 2)
    assert durations.counts()[-1][1] == 3


def test_a_clock_that_was_set_back_gives_no_negative_duration() -> None:
    durations = Durations()
    durations.note(-5)
    assert (durations.total_ns, durations.percentiles().longest_ns) == (0, 0)
