"""Fees: rates by role and by what an account traded in thirty days, and the one division.

A rate is parts per million of a fill's notional, in quote. A negative maker rate is a rebate: it is
paid out of the taker's fee of the same fill and out of nothing else, so no schedule may promise
makers more than it takes from the least charged taker. That is checked here, once, for every pair
of tiers; after that no fill can cost the exchange anything.
"""

from itertools import pairwise
from typing import Final

import attrs

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.units import FEE_DENOMINATOR, MAX_AMOUNT, MAX_FEE_PPM, Amount, FeePpm

__all__ = ["MAKER_RANGE", "MAX_TIERS", "TAKER_RANGE", "FeeSchedule", "FeeTier", "fee"]

MAX_TIERS: Final = 32
"""How many tiers a market may have."""


_AT_MOST: Final = attrs.validators.le(FeePpm(MAX_FEE_PPM))
MAKER_RANGE: Final = [attrs.validators.ge(FeePpm(-MAX_FEE_PPM)), _AT_MOST]
TAKER_RANGE: Final = [attrs.validators.ge(FeePpm(0)), _AT_MOST]


@attrs.frozen(kw_only=True)
class FeeTier:
    """The rates of accounts that traded at least so much.

    Attributes:
        volume: quote atoms traded in the thirty UTC days before today, at least.
        maker_fee_ppm: the maker's fee, parts per million of the notional; negative for a rebate.
        taker_fee_ppm: the taker's fee, parts per million of the notional.
    """

    volume: Amount = attrs.field(
        validator=[attrs.validators.ge(Amount(1)), attrs.validators.le(Amount(MAX_AMOUNT))]
    )
    maker_fee_ppm: FeePpm = attrs.field(validator=MAKER_RANGE)
    taker_fee_ppm: FeePpm = attrs.field(validator=TAKER_RANGE)


@attrs.frozen(kw_only=True)
class FeeSchedule:
    """The rates of a market.

    Attributes:
        maker_fee_ppm: the maker's fee below the first tier; negative for a rebate.
        taker_fee_ppm: the taker's fee below the first tier.
        tiers: rates from a volume on, by rising volume.

    Raises:
        ConfigurationError: the volumes do not rise, there are more than `MAX_TIERS`, or a rebate
            exceeds the smallest taker fee, out of which it would have to be paid.

    >>> tier = FeeTier(volume=Amount(1_000), maker_fee_ppm=FeePpm(-50), taker_fee_ppm=FeePpm(300))
    >>> fees = FeeSchedule(maker_fee_ppm=FeePpm(100), taker_fee_ppm=FeePpm(500), tiers=(tier,))
    >>> fees.at(999), fees.at(1_000), fees.worst_fee_ppm
    ((100, 500), (-50, 300), 500)
    """

    maker_fee_ppm: FeePpm = attrs.field(default=FeePpm(0), validator=MAKER_RANGE)
    taker_fee_ppm: FeePpm = attrs.field(default=FeePpm(0), validator=TAKER_RANGE)
    tiers: tuple[FeeTier, ...] = ()

    def __attrs_post_init__(self) -> None:
        if len(self.tiers) > MAX_TIERS:
            raise ConfigurationError(f"{len(self.tiers)} fee tiers; at most {MAX_TIERS}")
        for lower, upper in pairwise(self.tiers):
            if lower.volume >= upper.volume:
                raise ConfigurationError(
                    f"fee tiers by rising volume: {upper.volume} follows {lower.volume}"
                )
        rebate = -min(maker for _, maker, _ in self.steps)
        taken = min(taker for _, _, taker in self.steps)
        if rebate > taken:
            raise ConfigurationError(
                f"a rebate of {rebate} ppm can not be paid out of a taker fee of {taken} ppm; "
                f"give at most {taken}"
            )

    @property
    def steps(self) -> tuple[tuple[int, int, int], ...]:
        """The volume from which on, maker rate and taker rate of every tier and below the first."""
        tiers = ((tier.volume, tier.maker_fee_ppm, tier.taker_fee_ppm) for tier in self.tiers)
        return ((0, self.maker_fee_ppm, self.taker_fee_ppm), *tiers)

    @property
    def worst_maker_ppm(self) -> int:
        """The most a maker pays, whatever its tier; never below zero."""
        return max(0, *(maker for _, maker, _ in self.steps))

    @property
    def worst_taker_ppm(self) -> int:
        """The most a taker pays, whatever its tier."""
        return max(taker for _, _, taker in self.steps)

    @property
    def worst_fee_ppm(self) -> int:
        """The most anybody pays: what a hold covers and a signed order allows."""
        return max(self.worst_maker_ppm, self.worst_taker_ppm)

    def at(self, volume: int) -> tuple[int, int]:
        """Return maker and taker rate of an account that traded so much."""
        found = (self.maker_fee_ppm, self.taker_fee_ppm)
        for tier in self.tiers:
            if tier.volume > volume:
                break
            found = (tier.maker_fee_ppm, tier.taker_fee_ppm)
        return found

    def exceeds(self, other: "FeeSchedule") -> bool:
        """Return whether it costs anybody more than another, at any volume and in either role."""
        steps = sorted({volume for fees in (self, other) for volume, _, _ in fees.steps})
        return any(
            mine > theirs
            for volume in steps
            for mine, theirs in zip(self.at(volume), other.at(volume), strict=True)
        )


def fee(notional: int, rate_ppm: int) -> int:
    """Return the fee on a notional, rounded towards zero: the only division in the library.

    Rounding down means that no sum of fees exceeds the hold or the signed maximum, and that a
    rebate stays below the taker fee it is paid from. The settlement contract computes the same.
    """
    if rate_ppm >= 0:
        return notional * rate_ppm // FEE_DENOMINATOR
    return -(notional * -rate_ppm // FEE_DENOMINATOR)
