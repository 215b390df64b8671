"""What settling costs: whole transactions, per fill, against the design's figures and the committed snapshot.

Run with ``GAS_SNAPSHOT=write`` to commit new figures after a deliberate change; some cases then also say where their
gas goes, opcode by opcode, from which ``benchmarks/gas_chart.py`` draws the chart in the documentation.
"""

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from scenario import SELL, layout, nonce, session_key

SNAPSHOT = Path(__file__).parents[1] / "gas-snapshot.json"
TOLERANCE = 0.005
"""Signatures and addresses have a few zero bytes more or less, and a zero byte of calldata is cheaper."""

KEY = session_key(0)
PRICE, FEES = 2500, {"max_fee": 1000}


def pairs(world, count, first=0, **changes):
    """``count`` trades of accounts that all differ."""
    terms = FEES | changes
    return [
        (
            world.buy(first + 2 * i, PRICE, 1000, fee=500, **terms),
            (world.sell(first + 2 * i + 1, PRICE, 1000, fee=100, **terms), 400),
        )
        for i in range(count)
    ]


def granted(world, accounts):
    """Every one of these accounts has a session key, and used it before."""
    for index in accounts:
        world.grant(world.trader(index), KEY)


def by_sessions(count):
    """Both sides of trades of accounts that all differ."""

    def built(world):
        granted(world, range(2 * count))
        return pairs(world, count, session=KEY)

    return built


def by_approval(count):
    """Plain takers, makers that approved their order on chain."""

    def built(world):
        groups = []
        for taker, (maker, lots) in pairs(world, count):
            index = next(i for i, t in world.traders.items() if t.raw == maker.entry.account)
            approved = world.replace(maker, kind=3, signature=b"")
            world.do(world.trader(index), "approveOrder", maker.digest)
            groups.append((taker, (approved, lots)))
        return groups

    return built


def distinct(count):
    return lambda world: pairs(world, count)


def first_ever(count):
    """Sellers that never held quote, buyers that never held base."""

    def built(world):
        for index in range(200, 200 + 2 * count, 2):
            world.trader(index + 1, base=10_000, quote=0)
            world.trader(index, base=0)
        return pairs(world, count, first=200)

    return built


def sweep_of_makers(world):
    taker = world.buy(0, PRICE + 8, 8000, fee=500, **FEES)
    return [
        (taker, *((world.sell(1 + i, PRICE + i, 1000, fee=100, **FEES), 400) for i in range(8)))
    ]


def ladder(world, counter, **changes):
    """Eight orders of one maker, in lanes that were used before the second time."""
    taker = world.buy(0, PRICE + 8, 8000, fee=500, nonce=nonce(counter), **FEES)
    makers = [
        world.sell(1, PRICE + i, 1000, fee=100, nonce=nonce(counter, lane=i), **FEES, **changes)
        for i in range(8)
    ]
    return [(taker, *((maker, 400) for maker in makers))]


def ladder_by_session(world, counter):
    if counter == 1:
        granted(world, [1])
    return ladder(world, counter, session=KEY)


def ladder_in_a_tree(world, counter):
    """Eight orders of one maker under one signature."""
    [(taker, *_)] = ladder(world, counter)
    orders = [
        (SELL, PRICE + i, 1000, {"fee": 100, "nonce": nonce(counter, lane=i), **FEES})
        for i in range(8)
    ]
    return [(taker, *((maker, 400) for maker in world.sign_tree(world.trader(1), 3, *orders)))]


def crossing_by_session(world, counter, takers, makers):
    if counter == 1:
        granted(world, range(20))
    return crossing(world, counter, takers, makers, session=KEY)


def crossing(world, counter, takers, makers, **changes):
    """Fifty fills among twenty accounts: each taker order meets as many maker orders as it takes."""
    lanes = [0] * 20

    def order(side, account):
        lane = lanes[account]
        lanes[account] += 1
        number = nonce(counter, lane=lane)
        return getattr(world, side)(account, PRICE, 1000, fee=100, nonce=number, **FEES, **changes)

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
    "one trade, first ever": (first_ever(1), 120_000),
    "32 fills, 64 accounts": (distinct(32), 42_000),
    "50 fills, 100 accounts": (distinct(50), 42_000),
    "48 fills, 96 accounts, first ever": (first_ever(48), 78_000),
    "taker sweeps 8 makers": (sweep_of_makers, 30_000),
    "8 orders of one maker, new lanes": (first_of(ladder), None),
    "8 orders of one maker": (again(ladder), 22_000),
    "50 fills, 20 accounts, 75 orders, new lanes": (first_of(crossing, 25, 50), None),
    "50 fills, 20 accounts, 75 orders": (again(crossing, 25, 50), 23_000),
    "50 fills, 20 accounts, 35 orders": (again(crossing, 25, 10), 14_500),
    "session keys, one trade": (by_sessions(1), None),
    "session keys, 50 fills, 100 accounts": (by_sessions(50), 57_000),
    "session keys, 50 fills, 20 accounts, 75 orders": (again(crossing_by_session, 25, 50), 27_000),
    "session maker swept 8 times": (again(ladder_by_session), None),
    "8 orders of one maker in one tree": (again(ladder_in_a_tree), None),
    "50 fills, 100 accounts, approved makers": (by_approval(50), None),
}


CHARTED = (
    "one trade",
    "50 fills, 100 accounts",
    "taker sweeps 8 makers",
    "50 fills, 20 accounts, 75 orders",
    "session keys, 50 fills, 100 accounts",
)
OPCODES = {
    "SLOAD": "storage",
    "SSTORE": "storage",
    "STATICCALL": "signatures",
    "KECCAK256": "hashing",
    "LOG2": "event",
}
INTRINSIC = 21_000


def where_gas_goes(world, outcome):
    """Gas of a whole transaction by what it is spent on."""
    options = {"disableStorage": True, "disableMemory": True, "disableStack": True}
    trace = world.rpc(
        "debug_traceTransaction", "0x" + outcome.receipt["transactionHash"].hex(), options
    )
    steps = [step for step in trace["structLogs"] if step["depth"] == 1]
    spent = {"transaction": INTRINSIC, "calldata": 0, "computation": 0} | dict.fromkeys(
        OPCODES.values(), 0
    )
    for step, following in pairwise(steps):
        spent[OPCODES.get(step["op"], "computation")] += step["gas"] - following["gas"]
    spent["calldata"] = outcome.gas - sum(spent.values())
    return spent


@pytest.fixture(scope="module")
def figures(large_crowd):
    """The committed figures, and what this run measured."""
    committed = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}
    measured = {}
    yield committed, measured
    print("\n\ngas of a whole transaction per fill             measured      must  bytes/fill")  # noqa: T201
    for case, figure in measured.items():
        must = figure["must"] or "-"
        print(f"{case:48}{figure['per_fill']:8}{must:>10}{figure['bytes']:>12}")  # noqa: T201
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
    if os.environ.get("GAS_SNAPSHOT") == "write" and case in CHARTED:
        spent = where_gas_goes(world, outcome)
        measured[case]["where"] = {name: gas // fills for name, gas in spent.items()}
    assert must is None or per_fill <= must
    assert outcome.gas <= layout.estimate_gas(outcome.batch) or "first" in case or "new" in case
    if os.environ.get("GAS_SNAPSHOT") != "write":
        assert per_fill == pytest.approx(committed[case]["per_fill"], rel=TOLERANCE)
