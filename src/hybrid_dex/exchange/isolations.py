"""Isolations: which commands broke an invariant, and in which market.

Every replay must know, before it comes to such a command, what became of it when it was first
applied: the journal records it, a little behind the command. Whoever replays without having read
that far ends with an `InvariantError` that names both, adds them here, and begins again.
"""

from collections.abc import Iterator

from hybrid_dex.model.units import MarketId, Sequence

__all__ = ["Isolations"]


class Isolations:
    """Markets by command. Only ever grows; an exchange and all that replays its journal share one."""

    __slots__ = ("_markets",)

    def __init__(self) -> None:
        self._markets: dict[int, tuple[MarketId, ...]] = {}

    def __len__(self) -> int:
        return len(self._markets)

    def __iter__(self) -> Iterator[tuple[int, MarketId]]:
        return iter([(each, one) for each, markets in self._markets.items() for one in markets])

    def of(self, sequence: Sequence) -> tuple[MarketId, ...]:
        """Return the markets in which a command broke an invariant."""
        return self._markets.get(sequence, ())

    def add(self, sequence: int, market: str) -> None:
        """Learn of one. Raises `ValueError` when it is known, as a replay should have heeded it."""
        known = self._markets.get(sequence, ())
        if market in known:
            raise ValueError(f"command {sequence} is isolated from {market} already")
        self._markets[sequence] = (*known, MarketId(market))
