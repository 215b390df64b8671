"""Volumes: what each account traded in the last thirty UTC days, from which its fee tier follows.

A tier counts the thirty whole days before the command's day, so it stands still for a day: nobody
is charged another rate in the middle of one, and a trader knows its rates in the morning. Days are
those of command time, by integer division. Each quote asset is counted by itself, in atoms, for
maker and taker alike; a fill that failed to settle is taken out again.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from hybrid_dex.model.units import AccountId, AssetId

__all__ = ["DAY_NS", "TIER_DAYS", "VolumeRow", "Volumes"]

DAY_NS: Final = 24 * 60 * 60 * 1_000_000_000
TIER_DAYS: Final = 30
"""How many whole days before today count."""

VolumeRow: TypeAlias = tuple[int, AccountId, AssetId, int]
"""Day since the Unix epoch, account, quote asset, atoms."""


class Volumes:
    """Quote atoms by day, account and asset."""

    __slots__ = ("_days",)

    def __init__(self) -> None:
        self._days: dict[int, dict[tuple[AccountId, AssetId], int]] = {}

    def add(self, day: int, account: AccountId, asset: AssetId, amount: int) -> None:
        """Count what an account traded."""
        volumes = self._days.get(day)
        if volumes is None:
            volumes = self._days[day] = {}
        key = (account, asset)
        volumes[key] = volumes.get(key, 0) + amount

    def take_out(self, day: int, account: AccountId, asset: AssetId, amount: int) -> None:
        """Count less, as a fill of that day failed; nothing when the day is forgotten."""
        volumes = self._days.get(day)
        if volumes is None:
            return
        key = (account, asset)
        volumes[key] -= amount
        if not volumes[key]:
            del volumes[key]

    def of(self, account: AccountId, asset: AssetId, today: int) -> int:
        """Return what an account traded in the whole days that count."""
        key = (account, asset)
        return sum(
            volumes.get(key, 0)
            for day, volumes in self._days.items()
            if today - TIER_DAYS <= day < today
        )

    def forget(self, today: int) -> None:
        """Drop the days that will never count again."""
        for day in [day for day in self._days if day < today - TIER_DAYS]:
            del self._days[day]

    def rows(self) -> list[VolumeRow]:
        """Return everything, sorted."""
        return sorted(
            (day, account, asset, amount)
            for day, volumes in self._days.items()
            for (account, asset), amount in volumes.items()
        )

    def load(self, rows: Iterable[VolumeRow]) -> None:
        """Take the rows of a snapshot."""
        for row in rows:
            self.add(*row)
