"""A test tries as much as its tier asks for, never nothing, and never less than a smaller tier."""

from __future__ import annotations

import pytest

from tests.tiers import Tier, count, current


@pytest.mark.parametrize(
    ("tier", "figure", "unnamed"),
    [("fast", 1_000, 500), ("ci", 2_000, 2_000), ("prove", 10_000, 10_000)],
)
def test_the_figure_follows_the_tier(
    monkeypatch: pytest.MonkeyPatch, tier: str, figure: int, unnamed: int
) -> None:
    monkeypatch.setenv("HYBRID_DEX_TIER", tier)
    assert count(fast=1_000, full=10_000) == figure
    assert count(full=10_000) == unnamed


@pytest.mark.parametrize("tier", Tier)
def test_no_tier_tries_less_than_fast_or_nothing(
    monkeypatch: pytest.MonkeyPatch, tier: Tier
) -> None:
    monkeypatch.setenv("HYBRID_DEX_TIER", tier)
    assert count(fast=40, full=100) >= 40
    assert count(full=3) >= 1


def test_fast_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYBRID_DEX_TIER", raising=False)
    assert current() is Tier.FAST


def test_an_unknown_tier_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYBRID_DEX_TIER", "quick")
    with pytest.raises(ValueError, match="use one of: fast, ci, prove"):
        current()
