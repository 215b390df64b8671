"""What settling may cost follows from how near the oldest fill's deadline is, and never more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.settlement.fees import FeePolicy, Fees, Urgency, urgency

GWEI = 10**9
LEVELS = st.sampled_from(Urgency)


@given(
    base_fee=st.integers(0, 500 * GWEI),
    tip=st.integers(0, 300 * GWEI),
    data_fee=st.integers(0, 200 * GWEI),
    previous=st.none() | st.tuples(st.integers(1, 200 * GWEI), st.integers(0, 200 * GWEI)),
    level=LEVELS,
)
def test_an_offer_is_within_the_ceiling_and_replaces_the_one_before(
    base_fee: int, tip: int, data_fee: int, previous: tuple[int, int] | None, level: Urgency
) -> None:
    """At least 12.5% above on both numbers, at most the ceiling, enough for the block, or nothing."""
    policy = FeePolicy(ceiling=100 * GWEI, emergency_ceiling=400 * GWEI)
    before = Fees(max_fee=max(previous), tip=min(previous)) if previous else None
    offer = policy.offer(
        base_fee=base_fee, tip=tip, previous=before, level=level, data_fee=data_fee
    )
    if offer is None:
        return
    most = 400 * GWEI if level is Urgency.URGENT else 100 * GWEI
    assert offer.tip <= offer.max_fee <= most - data_fee
    assert offer.max_fee >= base_fee
    if before is not None:
        assert offer.max_fee * 1000 >= before.max_fee * 1125
        assert offer.tip * 1000 >= before.tip * 1125


@given(window=st.integers(4, 86_400), age=st.integers(0, 200_000))
def test_the_emergency_ceiling_counts_only_after_matching_has_paused(window: int, age: int) -> None:
    """Urgency rises with age, and passes the pause on its way."""
    level = urgency(age, window)
    assert (level >= Urgency.PAUSED) == (4 * age >= window)
    assert (level is Urgency.URGENT) == (2 * age >= window)
    assert urgency(age + 1, window) >= level


def test_a_quiet_chain_is_offered_twice_its_base_fee() -> None:
    """Room for six full blocks, and a tip of at least the minimum."""
    policy = FeePolicy()
    assert policy.offer(base_fee=10 * GWEI, tip=0, previous=None, level=Urgency.CALM) == Fees(
        max_fee=21 * GWEI, tip=GWEI
    )


def test_a_base_fee_fifty_times_as_high_is_waited_out_and_paid_when_the_deadline_nears() -> None:
    """From 10 to 500 gwei: nothing while there is time, then the emergency ceiling at most."""
    policy = FeePolicy(ceiling=200 * GWEI, emergency_ceiling=1_000 * GWEI)
    assert policy.offer(base_fee=10 * GWEI, tip=0, previous=None, level=Urgency.CALM) is not None
    for level in (Urgency.CALM, Urgency.PAUSED):
        assert policy.offer(base_fee=500 * GWEI, tip=0, previous=None, level=level) is None
    paid = policy.offer(base_fee=500 * GWEI, tip=0, previous=None, level=Urgency.URGENT)
    assert paid == Fees(max_fee=1_000 * GWEI, tip=GWEI)
    beyond = policy.offer(base_fee=1_001 * GWEI, tip=0, previous=None, level=Urgency.URGENT)
    assert beyond is None


def test_a_rollups_data_fee_counts_against_the_ceiling() -> None:
    """What is charged apart from gas leaves less for gas."""
    policy = FeePolicy(ceiling=10 * GWEI, emergency_ceiling=20 * GWEI, minimum_tip=0)
    offer = policy.offer(base_fee=GWEI, tip=0, previous=None, level=Urgency.CALM, data_fee=9 * GWEI)
    assert offer == Fees(max_fee=GWEI, tip=0)
    assert (
        policy.offer(base_fee=GWEI, tip=0, previous=None, level=Urgency.CALM, data_fee=10 * GWEI)
        is None
    )


def test_an_emergency_ceiling_below_the_ceiling_is_refused() -> None:
    """It would stop exactly when it must not."""
    with pytest.raises(ConfigurationError, match="emergency_ceiling"):
        FeePolicy(ceiling=2, emergency_ceiling=1)
