"""Seeded workloads: the same orders for every engine that is measured.

Plain tuples of integers, which cost a loop over them the least: ``(side, price, quantity)`` is a
GTC limit order in ticks and lots, its number the count of orders before it; ``(CANCEL, number, 0)``
cancels the order of that number, which may be gone already. No engine decides what comes next, so
each is given exactly the same.

mixed: 55% add, 40% cancel, 5% crossing 1 to 5 resting orders, around a random walk, about 8,000
live orders. deep: adds only. crossing: a maker order and a taker order that fills it, in turns.
"""

import random
from collections.abc import Callable
from typing import Final, TypeAlias

__all__ = ["BUY", "CANCEL", "WORKLOADS", "Step", "crossing", "deep", "mixed"]

BUY: Final = 0
SELL: Final = 1
CANCEL: Final = 2
_START: Final = 100_000
_SPREAD: Final = 400
_LIVE: Final = 8_000

Step: TypeAlias = tuple[int, int, int]


def mixed(length: int, seed: int) -> list[Step]:
    """A busy market; the book is first filled to its usual depth."""
    rng = random.Random(seed)
    steps: list[Step] = []
    mid, adds = _START, 0
    alive: list[int] = []

    def rest() -> None:
        nonlocal adds
        side = rng.randrange(2)
        away = 1 + int(rng.expovariate(1 / 60)) % _SPREAD
        steps.append((side, mid - away if side == BUY else mid + away, rng.randint(1, 100)))
        alive.append(adds)
        adds += 1

    for _ in range(_LIVE):
        rest()
    while len(steps) < length:
        roll = rng.random()
        if roll < 0.05:
            # About as large as one to five resting orders, and far enough to reach them.
            side = rng.randrange(2)
            reach = 40 if side == BUY else -40
            steps.append((side, mid + reach, rng.randint(1, 5) * 50))
            adds += 1
            mid += rng.choice((-1, 0, 1))
        elif roll < 0.45 + (0.1 if len(alive) > _LIVE else -0.1):
            index = rng.randrange(len(alive))
            alive[index], alive[-1] = alive[-1], alive[index]
            steps.append((CANCEL, alive.pop(), 0))
        else:
            rest()
    return steps


def deep(length: int, seed: int) -> list[Step]:
    """Adds only, on many levels of both sides; nothing crosses."""
    rng = random.Random(seed)
    steps: list[Step] = []
    for _ in range(length):
        side = rng.randrange(2)
        away = 1 + rng.randrange(5_000)
        steps.append((side, _START - away if side == BUY else _START + away, rng.randint(1, 100)))
    return steps


def crossing(length: int, seed: int) -> list[Step]:
    """Every second order fills the one before it whole."""
    rng = random.Random(seed)
    steps: list[Step] = []
    for _ in range(length // 2):
        side, price, quantity = rng.randrange(2), _START + rng.randrange(100), rng.randint(1, 100)
        steps += ((side, price, quantity), (1 - side, price, quantity))
    return steps


WORKLOADS: Final[dict[str, Callable[[int, int], list[Step]]]] = {
    "mixed": mixed,
    "deep": deep,
    "crossing": crossing,
}
