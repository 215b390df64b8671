"""What settling costs: whole transactions, per fill, against the design's figures and the committed snapshot.

Run with ``GAS_SNAPSHOT=write`` to commit new figures after a deliberate change.
"""

import json
import os
from pathlib import Path

import pytest
from scenario import layout, nonce

SNAPSHOT = Path(__file__).parents[1] / "gas-snapshot.json"
TOLERANCE = 0.005
"""Signatures and addresses have a few zero bytes more or less, and a zero byte of calldata is cheaper."""

PRICE, FEES = 2500, {"max_fee": 1000}


def pairs(world, count, first=0):
    """``count`` trades of accounts that all differ."""
    return [
        (
            world.buy(first + 2 * i, PRICE, 1000, fee=500, **FEES),
            (world.sell(first + 2 * i + 1, PRICE, 1000, fee=100, **FEES), 400),
        )
        for i in range(count)
    ]


def distinct(count):
    return lambda world: pairs(world, count)


def first_ever(world):
    """The seller never held quote, the buyer never held base."""
    world.trader(201, base=10_000, quote=0)
    world.trader(200, base=0)
    return pairs(world, 1, first=200)


def sweep_of_makers(world):
    taker = world.buy(0, PRICE + 8, 8000, fee=500, **FEES)
    return [
        (taker, *((world.sell(1 + i, PRICE + i, 1000, fee=100, **FEES), 400) for i in range(8)))
    ]


def ladder(world, counter):
    """Eight orders of one maker, in lanes that were used before the second time."""
    taker = world.buy(0, PRICE + 8, 8000, fee=500, nonce=nonce(counter), **FEES)
    makers = [
        world.sell(1, PRICE + i, 1000, fee=100, nonce=nonce(counter, lane=i), **FEES)
        for i in range(8)
    ]
    return [(taker, *((maker, 400) for maker in makers))]


def crossing(world, counter, takers, makers):
    """Fifty fills among twenty accounts: each taker order meets as many maker orders as it takes."""
    lanes = [0] * 20

    def order(side, account):
        lane = lanes[account]
        lanes[account] += 1
        number = nonce(counter, lane=lane)
        return getattr(world, side)(account, PRICE, 1000, fee=100, nonce=number, **FEES)

    sells = [order("sell", i % 10) for i in range(makers)]
    buys = [order("buy", 10 + i % 10) for i in range(takers)]
    each = 50 // takers
    groups = []
    for i, taker in enumerate(buys):
        groups.append((taker, *((sells[(i * each + j) % makers], 100) for j in range(each))))
    return groups


def first_of(build, *arguments):
    return lambda world: build(world, 1, *arguments)


def again(build, *arguments):
    """The same shape in lanes that were used before."""

    def built(world):
        world.settle(*build(world, 1, *arguments))
        return build(world, 2, *arguments)

    return built


CASES = {
    "heartbeat": (lambda world: [], None),
    "one trade": (distinct(1), 85_000),
    "one trade, first ever": (first_ever, 120_000),
    "32 fills, 64 accounts": (distinct(32), 42_000),
    "50 fills, 100 accounts": (distinct(50), 42_000),
    "taker sweeps 8 makers": (sweep_of_makers, 30_000),
    "8 orders of one maker, new lanes": (first_of(ladder), None),
    "8 orders of one maker": (again(ladder), 22_000),
    "50 fills, 20 accounts, 75 orders, new lanes": (first_of(crossing, 25, 50), None),
    "50 fills, 20 accounts, 75 orders": (again(crossing, 25, 50), 23_000),
    "50 fills, 20 accounts, 35 orders": (again(crossing, 25, 10), 14_500),
}


@pytest.fixture(scope="module")
def figures(large_crowd):
    """The committed figures, and what this run measured."""
    committed = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}
    measured = {}
    yield committed, measured
    print("\n\ngas of a whole transaction per fill          measured      must  bytes/fill")  # noqa: T201
    for case, figure in measured.items():
        must = figure["must"] or "-"
        print(f"{case:45}{figure['per_fill']:8}{must:>10}{figure['bytes']:>12}")  # noqa: T201
    if os.environ.get("GAS_SNAPSHOT") == "write":
        SNAPSHOT.write_text(json.dumps(measured, indent=2) + "\n")


@pytest.mark.parametrize("case", CASES)
def test_costs_no_more_than_committed_and_demanded(large_scenario, figures, case):
    committed, measured = figures
    build, must = CASES[case]
    world = large_scenario
    world.settle(
        (world.buy(98, PRICE, 1, fee=500), (world.sell(99, PRICE, 1), 1))
    )  # the fee slot exists
    groups = build(world)
    outcome = world.settle(*groups)
    assert outcome.skips == []
    fills = max(1, outcome.event["settled"])
    per_fill = outcome.gas // fills
    size = len(layout.encode_batch(outcome.batch)) // fills
    measured[case] = {"per_fill": per_fill, "must": must, "bytes": size}
    assert must is None or per_fill <= must
    assert outcome.gas <= layout.estimate_gas(outcome.batch) or "first" in case or "new" in case
    if os.environ.get("GAS_SNAPSHOT") != "write":
        assert per_fill == pytest.approx(committed[case]["per_fill"], rel=TOLERANCE)
