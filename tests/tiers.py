"""How much a test tries: one figure for every run, scaled by where it runs.

`HYBRID_DEX_TIER` names the tier: `fast` (the default, `make test`), `ci` (`.ci/run`, a fifth of
the full figure) or `prove` (`make prove`, the full figure, before a release). A test that calls
`count` is repeated in CI with the larger figure; conftest.py finds it by this import:

    from tests.tiers import count

    HISTORIES = count(fast=1_000, full=10_000)      # 1,000, 2,000 and 10,000
"""

import os
from enum import StrEnum

__all__ = ["Tier", "count", "current"]


class Tier(StrEnum):
    """Where the tests run."""

    FAST = "fast"
    CI = "ci"
    PROVE = "prove"


def current() -> Tier:
    """The tier named by `HYBRID_DEX_TIER`; an unknown name is refused, never taken for fast."""
    name = os.environ.get("HYBRID_DEX_TIER", Tier.FAST)
    try:
        return Tier(name)
    except ValueError:
        valid = ", ".join(Tier)
        message = f"HYBRID_DEX_TIER={name!r} is not a tier; use one of: {valid}"
        raise ValueError(message) from None


def count(*, full: int, fast: int | None = None) -> int:
    """The figure for this run: `fast`, a fifth of `full`, or `full`.

    Without `fast`, a twentieth of `full` is tried. No tier tries less than a smaller one, and
    none tries nothing.
    """
    smallest = full // 20 if fast is None else fast
    match current():
        case Tier.FAST:
            figure = smallest
        case Tier.CI:
            figure = max(smallest, full // 5)
        case Tier.PROVE:
            figure = max(smallest, full)
    return max(1, figure)
