"""The engine and the naive exchange agree when every few commands begin a new part of the tables."""

import random

import pytest

from hybrid_dex.defaults import sorted_book
from hybrid_dex.model import table
from tests.engine.test_against_naive import run
from tests.tiers import count

HISTORIES = count(fast=60, full=1_000)
BITS = 10
"""Four commands a part."""


def test_they_agree_across_the_parts_of_tables(
    rng: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_BITS", BITS)
    for module in (table, sorted_book):
        monkeypatch.setattr(module, "FIRST_TURN", 1 << BITS)
    parts = 0
    for _ in range(HISTORIES):
        known = run(random.Random(rng.random()).randrange, 200)._desk.orders.known
        parts += len(known._parts)
    assert parts > 5 * HISTORIES
