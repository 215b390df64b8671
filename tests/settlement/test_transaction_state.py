"""A transaction moves as the table says, and costs no more than the policy allows."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import ConfigurationError, InvariantError
from hybrid_dex.settlement.transaction_state import (
    TRANSITIONS,
    FeePolicy,
    Fees,
    Signal,
    TransactionState,
    advance,
)

S, E = TransactionState, Signal
GWEI = 10**9


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


@given(
    base_fee=st.integers(0, 500 * GWEI),
    tip=st.integers(0, 300 * GWEI),
    previous=st.none() | st.tuples(st.integers(1, 200 * GWEI), st.integers(0, 200 * GWEI)),
    urgent=st.booleans(),
)
def test_an_offer_is_within_the_cap_and_replaces_the_one_before(
    base_fee: int, tip: int, previous: tuple[int, int] | None, urgent: bool
) -> None:
    """At least 12.5% above on both numbers, at most the cap, enough for the block, or nothing."""
    policy = FeePolicy(cap=100 * GWEI, emergency_cap=400 * GWEI)
    before = Fees(max_fee=max(previous), tip=min(previous)) if previous else None
    offer = policy.offer(base_fee=base_fee, tip=tip, previous=before, urgent=urgent)
    if offer is None:
        return
    assert offer.tip <= offer.max_fee <= (400 * GWEI if urgent else 100 * GWEI)
    assert offer.max_fee >= base_fee
    if before is not None:
        assert offer.max_fee * 1000 >= before.max_fee * 1125
        assert offer.tip * 1000 >= before.tip * 1125


def test_a_quiet_chain_is_offered_twice_its_base_fee() -> None:
    """Room for six full blocks, and a tip of at least the minimum."""
    policy = FeePolicy()
    assert policy.offer(base_fee=10 * GWEI, tip=0, previous=None, urgent=False) == Fees(
        max_fee=21 * GWEI, tip=GWEI
    )


def test_above_the_cap_it_waits_and_in_an_emergency_it_pays() -> None:
    """The same base fee, refused and accepted."""
    policy = FeePolicy(cap=50 * GWEI, emergency_cap=200 * GWEI)
    assert policy.offer(base_fee=60 * GWEI, tip=0, previous=None, urgent=False) is None
    assert policy.offer(base_fee=60 * GWEI, tip=0, previous=None, urgent=True) is not None


def test_an_emergency_cap_below_the_cap_is_refused() -> None:
    """It would stop exactly when it must not."""
    with pytest.raises(ConfigurationError, match="emergency_cap"):
        FeePolicy(cap=2, emergency_cap=1)
