"""Rates by role and volume: never below zero for the exchange, and never above the worst."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.fees import MAX_TIERS, FeeSchedule, FeeTier, fee
from hybrid_dex.model.units import MAX_FEE_PPM, MAX_SETTLED_FEE_PPM

CONTRACT = Path(__file__).parent.parent.parent / "contracts" / "src" / "SettlementState.sol"


def tier(volume: int, maker: int, taker: int) -> FeeTier:
    return FeeTier(volume=volume, maker_fee_ppm=maker, taker_fee_ppm=taker)


FEES = FeeSchedule(
    maker_fee_ppm=100, taker_fee_ppm=500, tiers=(tier(1_000, 50, 400), tier(5_000, -200, 300))
)


def test_a_fee_is_rounded_down_and_so_is_a_rebate() -> None:
    """Towards zero, as the settlement contract rounds."""
    assert (fee(999_999, 1), fee(1_000_000, 1), fee(1_999_999, 1)) == (0, 1, 1)
    assert (fee(999_999, -1), fee(1_000_000, -1), fee(1_999_999, -1)) == (0, -1, -1)


@given(
    notional=st.integers(0, 2**112 - 1),
    taker=st.integers(0, MAX_FEE_PPM),
    rebate=st.integers(0, MAX_FEE_PPM),
)
def test_a_rebate_never_exceeds_the_fee_it_is_paid_from(
    notional: int, taker: int, rebate: int
) -> None:
    """For every notional, once the rates are in order."""
    rebate = min(rebate, taker)
    assert fee(notional, taker) + fee(notional, -rebate) >= 0


@pytest.mark.parametrize(
    ("volume", "rates"),
    [
        (0, (100, 500)),
        (999, (100, 500)),
        (1_000, (50, 400)),
        (4_999, (50, 400)),
        (5_000, (-200, 300)),
        (10**30, (-200, 300)),
    ],
)
def test_a_tier_begins_at_its_volume(volume: int, rates: tuple[int, int]) -> None:
    """One atom less is the tier before."""
    assert FEES.at(volume) == rates


def test_the_worst_is_the_largest_of_every_tier() -> None:
    """A rebate is no fee at worst."""
    assert (FEES.worst_maker_ppm, FEES.worst_taker_ppm, FEES.worst_fee_ppm) == (100, 500, 500)
    only = FeeSchedule(maker_fee_ppm=-10, taker_fee_ppm=10)
    assert (only.worst_maker_ppm, only.worst_fee_ppm) == (0, 10)
    odd = FeeSchedule(maker_fee_ppm=1, taker_fee_ppm=2, tiers=(tier(1, 9, 7),))
    assert (odd.worst_maker_ppm, odd.worst_taker_ppm, odd.worst_fee_ppm) == (9, 7, 9)


@pytest.mark.parametrize(
    ("maker", "taker", "tiers"),
    [
        (-501, 500, ()),
        (0, 500, (tier(1, -1, 0),)),
        (-300, 500, (tier(1, 0, 299),)),
        (0, 100, (tier(1, -101, 500),)),
    ],
)
def test_a_rebate_above_any_taker_fee_is_refused(
    maker: int, taker: int, tiers: tuple[FeeTier, ...]
) -> None:
    """The best maker may meet the best taker."""
    with pytest.raises(ConfigurationError, match="paid out of a taker fee"):
        FeeSchedule(maker_fee_ppm=maker, taker_fee_ppm=taker, tiers=tiers)


def test_a_rebate_may_use_up_the_smallest_taker_fee() -> None:
    """Then the exchange keeps nothing of that fill, and loses nothing."""
    FeeSchedule(maker_fee_ppm=-300, taker_fee_ppm=500, tiers=(tier(1, -300, 300),))


@pytest.mark.parametrize("volumes", [(2, 2), (3, 2)])
def test_volumes_rise(volumes: tuple[int, int]) -> None:
    """Or it would not be clear which tier is meant."""
    with pytest.raises(ConfigurationError, match="rising volume"):
        FeeSchedule(tiers=tuple(tier(volume, 0, 0) for volume in volumes))


def test_there_are_so_many_tiers_and_no_more() -> None:
    """One more is refused."""
    tiers = tuple(tier(volume, 0, 0) for volume in range(1, MAX_TIERS + 2))
    FeeSchedule(tiers=tiers[:-1])
    with pytest.raises(ConfigurationError, match="at most"):
        FeeSchedule(tiers=tiers)


@pytest.mark.parametrize(("maker", "taker"), [(MAX_FEE_PPM + 1, 0), (0, -1), (0, MAX_FEE_PPM + 1)])
def test_a_rate_is_what_the_contract_can_be_told(maker: int, taker: int) -> None:
    """A taker never gets a rebate."""
    with pytest.raises(ValueError, match="_fee_ppm"):
        FeeSchedule(maker_fee_ppm=maker, taker_fee_ppm=taker)
    with pytest.raises(ValueError, match="_fee_ppm"):
        tier(1, maker, taker)


@pytest.mark.parametrize(
    ("other", "exceeds"),
    [
        (FEES, False),
        (FeeSchedule(maker_fee_ppm=100, taker_fee_ppm=500), True),
        (FeeSchedule(maker_fee_ppm=-200, taker_fee_ppm=300), False),
        (FeeSchedule(maker_fee_ppm=100, taker_fee_ppm=500, tiers=(tier(999, -200, 300),)), False),
        (FeeSchedule(maker_fee_ppm=100, taker_fee_ppm=500, tiers=(tier(1_001, -200, 300),)), True),
        (FeeSchedule(maker_fee_ppm=0, taker_fee_ppm=501), True),
    ],
)
def test_one_schedule_exceeds_another_when_somebody_pays_more(
    other: FeeSchedule, exceeds: bool
) -> None:
    """At any volume, in either role."""
    assert other.exceeds(FEES) is exceeds


def test_the_highest_settled_rate_is_the_contracts() -> None:
    """Compiled in there, and refused here."""
    (limit,) = re.findall(r"FEE_LIMIT_PPM = ([0-9_]+);", CONTRACT.read_text())
    assert int(limit) == MAX_SETTLED_FEE_PPM
