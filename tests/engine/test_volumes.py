"""Volumes: thirty whole UTC days before today, exact, per quote asset, and taken out again."""

import pytest

from hybrid_dex.engine.volumes import TIER_DAYS, Volumes


@pytest.mark.parametrize(
    ("today", "counted"),
    [(100, 0), (101, 7), (100 + TIER_DAYS, 7), (101 + TIER_DAYS, 0)],
)
def test_a_day_counts_from_the_next_one_on_for_thirty(today: int, counted: int) -> None:
    """Not on its own day, and not on the thirty-first after it."""
    volumes = Volumes()
    volumes.add(100, "alice", "USDC", 3)
    volumes.add(100, "alice", "USDC", 4)
    volumes.forget(today)
    assert volumes.of("alice", "USDC", today) == counted
    assert volumes.of("bob", "USDC", today) == volumes.of("alice", "EUR", today) == 0


def test_what_failed_is_taken_out_of_its_own_day() -> None:
    """And nothing is left where nothing was traded; a forgotten day is let be."""
    volumes = Volumes()
    volumes.add(5, "alice", "USDC", 3)
    volumes.add(6, "alice", "USDC", 4)
    volumes.take_out(5, "alice", "USDC", 3)
    assert volumes.rows() == [(6, "alice", "USDC", 4)]
    volumes.forget(60)
    volumes.take_out(6, "alice", "USDC", 4)
    assert volumes.rows() == []


def test_rows_are_sorted_and_can_be_put_back() -> None:
    """Whatever order it happened in."""
    volumes, again = Volumes(), Volumes()
    for day, account in ((7, "bob"), (6, "carol"), (7, "alice")):
        volumes.add(day, account, "USDC", 1)
    again.load(volumes.rows())
    assert again.rows() == volumes.rows() == sorted(volumes.rows())
