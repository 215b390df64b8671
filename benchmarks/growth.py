"""How the engine's cost grows: ten and a hundred times the resting orders, accounts, markets, levels.

    python benchmarks/growth.py [--rounds 15] [--commands 2000] [--most 100] [--picture FILE]

Each case is a whole engine that was filled by commands and stays as full as it is: of twenty
commands nine rest an order, nine cancel a random one, one rests at a better price than all others
and the last takes exactly that. The smallest case has 10,000 orders of 100 accounts in one market
on 100 levels a side; every other case has one of these ten or a hundred times. All cases are in
this process and take turns, so a busy machine slows all alike; what is compared is processor time
in the median round.

Memory is what the process grew by while the engine was filled, for each order that then rested:
book, order, hold, every index. `--most 10` leaves out the largest cases, which need 1.5 GB.
"""

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.model.commands import CancelOrder, Command, Deposit, ListMarket, PlaceOrder
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side, TimeInForce

SIDES: Final = (Side.BUY, Side.SELL)
MIDDLE: Final = 1_000_000
"""A price between both sides, at which makers and takers of the measured commands meet."""
FUNDS: Final = 10**27
PAGE: Final = 4096
NS: Final = 1_000_000_000

WIDTH, HEIGHT, LEFT, TOP, BASE = 640, 300, 56, 40, 250
COLORS: Final = ("#5c6bc0", "#66bb6a", "#ffa726", "#ab47bc")
TALLEST: Final = 3.0


@attrs.frozen
class Case:
    """What one engine is filled with.

    Attributes:
        axis: what is larger than in the smallest case, or an empty text.
        times: how many times as large.
        orders: resting orders, over all markets.
        accounts: who owns them.
        markets: how many.
        levels: levels a side and market.
    """

    axis: str
    times: int
    orders: int = 10_000
    accounts: int = 100
    markets: int = 1
    levels: int = 100


def cases(most: int) -> list[Case]:
    """Return the smallest case, and every axis ten times and a hundred times as large."""
    smallest = Case("", 1)
    axes = {"resting orders": "orders", "accounts": "accounts", "markets": "markets"}
    found = [smallest]
    for axis, field in (axes | {"levels": "levels"}).items():
        for times in (10, 100):
            if times <= most:
                size = getattr(smallest, field) * times
                found.append(attrs.evolve(smallest, axis=axis, times=times, **{field: size}))
    return found


class Filled:
    """An engine that is full of orders, and the commands that keep it so."""

    def __init__(self, case: Case, seed: int) -> None:
        self.case = case
        self.seconds: list[float] = []
        self._rng = random.Random(seed)
        self._sequence = 0
        self._live: list[tuple[str, int]] = []
        limits = RiskLimits(open_orders=None, daily_volume=10**21)
        self._engine = Engine(book=SortedBook, risk=StandardRisk(limits))
        self._markets = [
            Market.spot(f"B{n}-USD", base_decimals=8, quote_decimals=6, tick="0.01", lot="0.0001")
            for n in range(case.markets)
        ]
        self._market = self._markets[0]
        self._accounts = [f"account-{number}" for number in range(case.accounts)]
        before = resident()
        for command in self._filling():
            self._engine.apply(command)
        gc.collect()
        self.bytes_per_order = (resident() - before) / case.orders

    def _filling(self) -> Iterator[Command]:
        for market in self._markets:
            yield ListMarket(sequence=self._next(), market=market)
        bases = [market.base.id for market in self._markets]
        for account in (*self._accounts, "maker", "taker"):
            for asset in ("USD", *bases):
                yield Deposit(sequence=self._next(), account=account, asset=asset, amount=FUNDS)
        for _ in range(self.case.orders):
            yield self._rest()

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _rest(self) -> PlaceOrder:
        """An order on any of the levels of any account and market."""
        rng = self._rng
        side = SIDES[rng.randrange(2)]
        away = 1 + rng.randrange(self.case.levels)
        account = rng.choice(self._accounts)
        self._market = rng.choice(self._markets)
        price = MIDDLE - away if side is Side.BUY else MIDDLE + away
        order = self._place(account, side, price, TimeInForce.GTC)
        self._live.append((account, order.sequence << 8))
        return order

    def _cancel(self) -> CancelOrder:
        """A cancel of any resting order."""
        live, place = self._live, self._rng.randrange(len(self._live))
        live[place], live[-1] = live[-1], live[place]
        account, order_id = live.pop()
        sequence = self._next()
        return CancelOrder(sequence=sequence, at_ns=sequence, account=account, order_id=order_id)

    def _place(
        self, account: str, side: Side, price: int, time_in_force: TimeInForce
    ) -> PlaceOrder:
        sequence = self._next()
        return PlaceOrder(
            sequence=sequence,
            at_ns=sequence,
            account=account,
            market=self._market.id,
            side=side,
            price=price,
            quantity=10,
            time_in_force=time_in_force,
        )

    def commands(self, count: int) -> list[Command]:
        """Return so many commands after which as many orders rest as before."""
        made: list[Command] = []
        for _ in range(count // 20):
            for _ in range(9):
                made += (self._rest(), self._cancel())
            self._market = self._rng.choice(self._markets)
            made += (
                self._place("maker", Side.SELL, MIDDLE, TimeInForce.GTC),
                self._place("taker", Side.BUY, MIDDLE, TimeInForce.IOC),
            )
        return made

    def measure(self, count: int) -> None:
        """Apply so many commands, and note the time for one."""
        commands, apply = self.commands(count), self._engine.apply
        begun = time.process_time()
        for command in commands:
            apply(command)
        self.seconds.append((time.process_time() - begun) / len(commands))

    def check(self) -> None:
        """Raise unless the engine is sound and as full as it was."""
        self._engine.check()
        rests = sum(1 for market in self._markets for _ in self._engine.resting(market.id))
        if rests != self.case.orders:
            raise SystemExit(f"{self.case} has {rests} orders")


def resident() -> int:
    """Return the bytes of this process that are in memory (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def show(filled: Sequence[Filled]) -> None:
    """Print a table, each case beside the smallest, round by round."""
    smallest = filled[0]
    print(
        f"{'larger':16}{'times':>6}{'orders':>11}{'accounts':>10}{'markets':>9}{'levels':>8}"
        f"{'ns':>9}{'x smallest':>12}{'bytes an order':>16}"
    )
    for one in filled:
        case = one.case
        print(
            f"{case.axis or 'nothing':16}{case.times:>6}{case.orders:>11,}{case.accounts:>10,}"
            f"{case.markets:>9,}{case.levels:>8,}{statistics.median(one.seconds) * NS:>9,.0f}"
            f"{beside(one, smallest):>12.2f}{one.bytes_per_order:>16,.0f}"
        )


def beside(one: Filled, smallest: Filled) -> float:
    """Return how much more a command costs than in the smallest case, in the median round."""
    pairs = zip(one.seconds, smallest.seconds, strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


def chart(filled: Sequence[Filled]) -> str:
    """Return the picture: a line an axis, from one to a hundred times as large."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
        '  font-family="sans-serif" font-size="12" fill="#607d8b">',
        "  <title>Cost of a command as the state grows, of that in the smallest</title>",
    ]
    for tenths in range(0, int(TALLEST * 10) + 1, 5):
        y = _y(tenths / 10)
        lines += (
            f'  <line x1="{LEFT}" y1="{y}" x2="{WIDTH - 160}" y2="{y}" stroke="#cfd8dc"/>',
            f'  <text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{tenths / 10}x</text>',
        )
    for place, label in enumerate(("smallest", "10 times", "100 times")):
        lines.append(f'  <text x="{_x(place)}" y="{BASE + 22}" text-anchor="middle">{label}</text>')
    axes = dict.fromkeys(one.case.axis for one in filled[1:])
    for row, (axis, color) in enumerate(zip(axes, COLORS, strict=False)):
        values = [1.0, *(beside(one, filled[0]) for one in filled if one.case.axis == axis)]
        dots = [(_x(place), _y(value)) for place, value in enumerate(values)]
        path = " ".join(f"{x},{y}" for x, y in dots)
        lines.append(f'  <polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        lines += (f'  <circle cx="{x}" cy="{y}" r="3" fill="{color}"/>' for x, y in dots)
        y = TOP + 20 + row * 20
        lines += (
            f'  <rect x="{WIDTH - 140}" y="{y - 10}" width="12" height="12" fill="{color}"/>',
            f'  <text x="{WIDTH - 122}" y="{y}">{axis} {values[-1]:.2f}x</text>',
        )
    return "\n".join([*lines, "</svg>", ""])


def _x(place: int) -> int:
    return LEFT + 40 + place * 170


def _y(value: float) -> int:
    return round(BASE - (BASE - TOP) * value / TALLEST)


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(description="how the cost of a command grows")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--commands", type=int, default=2_000, help="commands a round and case")
    parser.add_argument("--most", type=int, default=100, choices=(10, 100))
    parser.add_argument("--picture", type=Path, help="draw the growth here, too")
    options = parser.parse_args()
    filled: list[Filled] = []
    for number, case in enumerate(cases(options.most)):
        if sys.stderr.isatty():
            print(f"filling {case}", file=sys.stderr)
        filled.append(Filled(case, number))
    gc.freeze()
    for _ in range(options.rounds):
        for one in filled:
            one.measure(options.commands)
    for one in filled:
        one.check()
    show(filled)
    if options.picture is not None:
        options.picture.write_text(chart(filled))


if __name__ == "__main__":
    main()
