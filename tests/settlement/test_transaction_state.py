"""A transaction moves as the table says."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hybrid_dex.errors import InvariantError
from hybrid_dex.settlement.transaction_state import (
    TRANSITIONS,
    Signal,
    TransactionState,
    advance,
)

S, E = TransactionState, Signal


def test_final_is_never_left_and_every_other_state_can_be() -> None:
    """Finality is the end; nothing else is."""
    left = {state for state, _ in TRANSITIONS}
    assert left == set(S) - {S.FINAL}


def test_every_state_but_the_first_is_reached() -> None:
    """No word in the table is there for nothing, and no signal either."""
    assert set(TRANSITIONS.values()) == set(S) - {S.BUILT}
    assert {signal for _, signal in TRANSITIONS} == set(E)


def test_a_move_that_is_not_in_the_table_is_a_bug() -> None:
    """Every pair is either in the table or refused."""
    for state, signal in itertools.product(S, E):
        if (state, signal) in TRANSITIONS:
            assert advance(state, signal) is TRANSITIONS[state, signal]
        else:
            with pytest.raises(InvariantError, match=str(state)):
                advance(state, signal)


def test_a_lost_transaction_can_always_become_final_again() -> None:
    """From every state there is a way to FINAL, so nothing gets stuck."""
    reaches = {S.FINAL}
    for _ in S:
        reaches |= {state for (state, _), after in TRANSITIONS.items() if after in reaches}
    assert reaches == set(S)


def test_the_documented_table_is_this_table() -> None:
    """The page for people shows every move and no other."""
    page = (Path(__file__).parents[2] / "docs/explanation/settlement.md").read_text()
    rows = {
        cells[1].strip("` "): cells[3].strip()
        for line in page.splitlines()
        if len(cells := line.split("|")) == 5 and cells[1].strip("` ") in set(S)
    }
    assert rows == {
        state: ", ".join(
            f"{signal} → {after}" for (at, signal), after in TRANSITIONS.items() if at is state
        )
        or "none"
        for state in S
    }
