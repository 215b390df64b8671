"""The reference price: a seeded random walk in whole ticks, without floats."""

import random

import attrs

__all__ = ["RandomWalk"]

_PPM = 1_000_000


@attrs.define
class RandomWalk:
    """Moves by up to ``step_ppm`` of itself a step, up or down alike; never below ``lowest``.

    Attributes:
        price: where it stands, in ticks.
        step_ppm: the farthest it moves in one step.
        lowest: where it turns back.
    """

    price: int
    step_ppm: int
    _random: random.Random
    lowest: int = 1

    @classmethod
    def begin(cls, price: int, *, step_ppm: int, seed: int, lowest: int = 1) -> "RandomWalk":
        """Return a walk; the same arguments give the same walk on every machine."""
        return cls(max(price, lowest), step_ppm, random.Random(seed), lowest)

    def step(self) -> int:
        """Move once and return the new price."""
        change = self._random.randint(-self.step_ppm, self.step_ppm)
        self.price = max(self.lowest, self.price + self.price * change // _PPM)
        return self.price
