"""Bands: between which prices a market may trade within one command, as its events tell."""

from typing import Final

from hybrid_dex.model.units import MAX_PRICE

__all__ = ["JudgedBand"]

_MILLION: Final = 1_000_000


class JudgedBand:
    """The price band of one market, around the price before the command.

    Args:
        ppm: how far from that price the market may trade, parts per million; ``None``: anywhere.
    """

    def __init__(self, ppm: int | None) -> None:
        self._ppm = ppm
        self._last = 0
        self._named = 0
        self._range = (-1, 0, 0)

    def name(self, price: int | None, *, was_open: bool = False) -> None:
        """The operator named what counts as the last price until the market trades again.

        A market without a band uses it for its opening alone, so once it was open it has none.
        """
        if was_open and self._ppm is None:
            self._named = 0
        if price is not None:
            self._named = price

    def trade(self, price: int) -> None:
        """The market traded."""
        self._last, self._named = price, 0

    @property
    def near(self) -> int:
        """What counts as the last price: the named one until the market trades; 0 for none."""
        return self._named or self._last

    def admits(self, price: int, sequence: int) -> bool:
        """Return whether the market may trade at a price within this command."""
        known, low, high = self._range
        if known != sequence:
            near = self.near
            low, high = 0, MAX_PRICE
            if near and self._ppm is not None:
                reach = near * self._ppm // _MILLION
                low, high = near - reach, near + reach
            self._range = (sequence, low, high)
        return low <= price <= high
