"""Commands a second: the bare book, the book with events, the whole engine, and others' books.

    python benchmarks/engine.py [--length 200000] [--rounds 5] [--peers PYTHON] [--json FILE]

Everything is measured in one run, in processor time, and the rounds are interleaved, so a busy
machine slows all alike; compare the ratios, each the median of the rounds. Every subject is given
the same plain integers and must make the same fills, or the run fails. Numbers are plain integers
here, without their units' names, since naming them costs a call each. What each does for a command
differs, and is said in the table:

book           SortedBook: place and cancel; what is traded as the book answers it.
book + events  the same, and the engine's events for everything that happened.
engine         Engine.apply: checks, risk limits, holds, fees, double entry, settlement flight,
               memory of ended orders, events. No journal: that is the exchange's business.

A last round stamps every command of ours: the 50th and 99th percentile of one command's time, by
the wall clock, so on a busy machine with what others took from it.

`--peers` names a Python in whose environment the peers are installed. Those that are pure Python
run in this process; native ones, and `matching-engine`, which needs Python 3.12, each in a process
of their own on that Python. `lightmatchingengine` gets the first twentieth of *mixed* and *deep*,
since its cost grows with the book; its rate there is not comparable with the others', which go on
into the deep part.
"""

import argparse
import gc
import json
import platform
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Items
from itertools import pairwise
from pathlib import Path
from typing import Final

import attrs

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.peers import APART, LIGHT, REFERENCE, TOGETHER, Fill, Measured, Subject, digest
from benchmarks.workloads import CANCEL, WORKLOADS, Step
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.interfaces.book import Resting
from hybrid_dex.model.commands import CancelOrder, Command, Deposit, ListMarket, PlaceOrder
from hybrid_dex.model.events import Event, FillMade, OrderAccepted, OrderCanceled
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import CancelReason, OrderType, SelfTradeMode, Side, TimeInForce

LIGHT_PARTS: Final = {"mixed": 20, "deep": 20, "crossing": 1}
"""lightmatchingengine gets this part of a workload: its cost a command grows with the book."""
ACCOUNTS: Final = 8
SIDES: Final = (Side.BUY, Side.SELL)
MARKET: Final = Market.spot(
    "ETH-USDC",
    base_decimals=8,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    maker_fee_ppm=100,
    taker_fee_ppm=500,
)
TRADERS: Final = tuple(
    tuple(f"{side}-{number}" for number in range(ACCOUNTS)) for side in ("buy", "sell")
)


def bare_book(steps: Iterable[Step]) -> Measured:
    """Book and matching, nothing else."""
    gc.collect()
    begun = time.process_time()
    book = SortedBook(MARKET)
    place, cancel = book.place, book.cancel
    answers: list[tuple[int, int, Items[Resting]]] = []
    sides, traders, number = SIDES, (TRADERS[0][0], TRADERS[1][0]), 0
    for kind, price, quantity in steps:
        if kind == CANCEL:
            cancel(price)
            continue
        met = place(number, traders[kind], sides[kind], price, quantity)
        if met:
            answers.append((number, quantity, met))
        number += 1
    seconds = time.process_time() - begun
    fills: list[Fill] = []
    for taker, quantity, met in answers:
        left = quantity
        for one in met:
            taken = min(left, one.quantity)
            fills.append((one.order_id, taker, one.price, taken))
            left -= taken
    return seconds, fills


def book_with_events(steps: Iterable[Step]) -> Measured:
    """Book and matching, and the engine's events."""
    gc.collect()
    begun = time.process_time()
    book = SortedBook(MARKET)
    events: list[Event] = []
    totals: list[int] = []
    market = MARKET.id
    limit, gtc, mode = OrderType.LIMIT, TimeInForce.GTC, SelfTradeMode.CANCEL_AGGRESSOR
    requested, none = CancelReason.REQUESTED, 0
    for kind, price, quantity in steps:
        if kind != CANCEL:
            side = SIDES[kind]
            number, account = len(totals), TRADERS[kind][0]
            totals.append(quantity)
            events.append(
                OrderAccepted(
                    number,
                    account,
                    market,
                    side,
                    limit,
                    gtc,
                    price,
                    quantity,
                    False,
                    mode,
                    None,
                    None,
                    None,
                )
            )
            opened = quantity
            for index, met in enumerate(book.place(number, account, side, price, quantity)):
                maker, resting = met.order_id, met.quantity
                taken = resting if resting < opened else opened  # noqa: FURB136 # a call costs more
                opened -= taken
                left = resting - taken
                events.append(
                    FillMade(
                        number << 16 | index,
                        market,
                        met.price,
                        taken,
                        side,
                        maker,
                        number,
                        met.account,
                        account,
                        left,
                        opened,
                        totals[maker] - left,
                        quantity - opened,
                        none,
                        none,
                    )
                )
        else:
            gone = book.cancel(price)
            if gone is None:
                continue
            filled = totals[price] - gone.quantity
            events.append(
                OrderCanceled(price, gone.account, market, requested, gone.quantity, filled, None)
            )
    seconds = time.process_time() - begun
    return seconds, [
        (event.maker_order, event.taker_order, event.price, event.quantity)
        for event in events
        if type(event) is FillMade
    ]


def whole_engine(steps: Iterable[Step]) -> Measured:
    """Everything that `Engine.apply` does."""
    limits = RiskLimits(open_orders=None, daily_volume=10**15)
    engine = Engine(book=SortedBook, risk=StandardRisk(limits))
    opening: list[Command] = [ListMarket(market=MARKET, sequence=1)]
    for account in (*TRADERS[0], *TRADERS[1]):
        for asset in (MARKET.base.id, MARKET.quote.id):
            sequence = len(opening) + 1
            opening.append(Deposit(account=account, asset=asset, amount=10**24, sequence=sequence))
    for command in opening:
        engine.apply(command)
    gc.collect()
    begun = time.process_time()
    first, number = len(opening) + 1, 0
    orders: list[tuple[str, int]] = []
    answers: list[tuple[Event, ...]] = []
    apply = engine.apply
    for sequence, (kind, price, quantity) in enumerate(steps, first):
        if kind != CANCEL:
            account = TRADERS[kind][number % ACCOUNTS]
            number += 1
            orders.append((account, sequence << 8))
            command = PlaceOrder(
                sequence=sequence,
                at_ns=sequence,
                account=account,
                market=MARKET.id,
                side=SIDES[kind],
                price=price,
                quantity=quantity,
            )
        else:
            account, order_id = orders[price]
            command = CancelOrder(
                sequence=sequence,
                at_ns=sequence,
                account=account,
                order_id=order_id,
            )
        answers.append(apply(command))
    seconds = time.process_time() - begun
    numbers = {order_id: index for index, (_, order_id) in enumerate(orders)}
    engine.check()
    return seconds, [
        (numbers[event.maker_order], numbers[event.taker_order], event.price, event.quantity)
        for events in answers
        for event in events
        if type(event) is FillMade
    ]


@attrs.define
class Row:
    """One subject on one workload.

    Attributes:
        workload: its name.
        subject: its name.
        commands: how many were given.
        fills: how many came out.
        python: which Python ran it.
        seconds: processor time of each round.
    """

    workload: str
    subject: str
    commands: int
    fills: int
    python: str
    seconds: list[float] = attrs.field(factory=list)

    @property
    def rate(self) -> float:
        """Commands a second in the median round."""
        return self.commands / statistics.median(self.seconds)

    def beside(self, other: "Row | None") -> str:
        """How many times as fast as another, round by round, in the median."""
        if other is None or len(other.seconds) != len(self.seconds):
            return ""
        ratios = [
            theirs / other.commands * self.commands / ours
            for ours, theirs in zip(self.seconds, other.seconds, strict=True)
        ]
        return f"{statistics.median(ratios):.2f}x"


SUBJECTS: Final[dict[str, Subject]] = {
    "book": bare_book,
    "book + events": book_with_events,
    "engine": whole_engine,
}
THIS_PYTHON: Final = platform.python_version()


def find_peers(python: str | None) -> dict[str, Subject]:
    """Return the pure Python peers that can be imported, with the help of another environment."""
    if python is not None:
        command = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        sys.path.append(answer.stdout.strip())
    found: dict[str, Subject] = {}
    for name, subject in TOGETHER.items():
        try:
            subject([])
        except ImportError:
            print(f"{name} is not installed; it is left out", file=sys.stderr)
        else:
            found[name] = subject
    return found


def measure_apart(python: str, row: Row, seed: int, expected: str) -> bool:
    """Measure a peer once in a process of its own; return whether it could be."""
    script = str(Path(__file__).parent / "peers.py")
    command = [python, script, row.subject, row.workload, str(row.commands), str(seed)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    if answer.returncode:
        last = answer.stderr.strip().splitlines()[-1:] or [f"status {answer.returncode}"]
        print(f"{row.subject} is left out: {last[0]}", file=sys.stderr)
        return False
    result = json.loads(answer.stdout)
    if result["fills"] != expected:
        raise SystemExit(f"{row.subject} made other fills on {row.workload}")
    row.seconds.append(result["seconds"])
    row.python = result["python"]
    return True


def measure(workload: str, options: argparse.Namespace, subjects: dict[str, Subject]) -> list[Row]:
    """Measure all subjects on one workload, round by round, and compare their fills."""
    steps = WORKLOADS[workload](options.length, options.seed)
    expected = bare_book(steps)[1]
    light = steps[: len(steps) // LIGHT_PARTS[workload]]
    light_expected = bare_book(light)[1]
    gc.collect()
    gc.freeze()  # what is given and expected is not walked through in anybody's measured time
    rows: dict[str, Row] = {}
    apart = dict.fromkeys(APART if options.peers else ())
    turns = deque(subjects.items())
    for _ in range(options.rounds):
        for name, subject in turns:
            short = name == LIGHT
            given, fills_expected = (light, light_expected) if short else (steps, expected)
            seconds, fills = subject(given)
            if fills != fills_expected:
                raise SystemExit(f"{name} made other fills on {workload}")
            if name not in rows:
                rows[name] = Row(workload, name, len(given), len(fills), THIS_PYTHON)
            rows[name].seconds.append(seconds)
        for name in list(apart):
            row = rows.get(name) or Row(workload, name, len(steps), len(expected), "")
            if measure_apart(options.peers, row, options.seed, digest(expected)):
                rows[name] = row
            else:
                rows.pop(name, None)
                del apart[name]
        # Who is first may meet memory that nobody touched for a while: not always the same.
        turns.rotate(-1)
    gc.unfreeze()
    return list(rows.values())


def show(rows: Items[Row]) -> None:
    """Print a table, with each rate relative to two peers on the same workload."""
    print(
        f"{'workload':10}{'subject':22}{'Python':9}{'commands':>9}{'fills':>9}{'per s':>11}"
        f"{'x akhil4n':>11}{'x light':>9}"
    )
    of = {(row.workload, row.subject): row for row in rows}
    for row in rows:
        reference, light = of.get((row.workload, REFERENCE)), of.get((row.workload, LIGHT))
        print(
            f"{row.workload:10}{row.subject:22}{row.python:9}{row.commands:>9,}{row.fills:>9,}"
            f"{row.rate:>11,.0f}{row.beside(reference):>11}{row.beside(light):>9}"
        )


def stamped(steps: Items[Step], stamps: list[int]) -> Iterator[Step]:
    """Yield the steps and note when each was asked for, and when the last was done."""
    now, note = time.perf_counter_ns, stamps.append
    for step in steps:
        note(now())
        yield step
    note(now())


def show_latencies(options: argparse.Namespace) -> None:
    """Print how long one command takes, at the median and for the slowest of a hundred."""
    print(f"\n{'workload':10}{'subject':22}{'p50 ns':>9}{'p99 ns':>9}{'p99.9 ns':>12}")
    for workload, steps_of in WORKLOADS.items():
        steps = steps_of(options.length, options.seed)
        for name, subject in SUBJECTS.items():
            stamps: list[int] = []
            subject(stamped(steps, stamps))
            taken = sorted(after - before for before, after in pairwise(stamps))
            p50, p99, p999 = (taken[int(len(taken) * part)] for part in (0.5, 0.99, 0.999))
            print(f"{workload:10}{name:22}{p50:>9,}{p99:>9,}{p999:>12,}")


def main(arguments: Items[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="commands a second, ours and others'")
    parser.add_argument("--length", type=int, default=200_000, help="commands a workload")
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", help="a Python in whose environment the peers are installed")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    options = parser.parse_args(arguments)
    subjects = SUBJECTS | find_peers(options.peers)
    rows = [row for workload in WORKLOADS for row in measure(workload, options, subjects)]
    show(rows)
    show_latencies(options)
    if options.json is not None:
        figures = [attrs.asdict(row) | {"per_second": round(row.rate)} for row in rows]
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
