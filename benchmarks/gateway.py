"""Signed orders through the whole gateway, acknowledged when durable.

    python -m benchmarks gateway            (or: make bench-gateway ARGS="--quick")

The reference app runs in a process of its own: Litestar on uvicorn, wallet auth, engine, file journal,
SQLite records. Orders are signed before a clock starts. Four ways in: a request an order, a
request for 20, frames of a socket, and frames of ladders, eight orders under one signature. Each is
driven as fast as it goes, then at a quarter, a half and three quarters of that; the socket also
with a thousand readers of the book, one by one, and without the disk's sync.

The yardstick is one bare `secp256k1_ecdsa_recover`, measured before and after all, and right before and
after each turn: an order signed by a wallet can not cost less. Clients and exchange share the machine's cores, so what is compared first is
the processor time that the exchange took; the rate by the clock stands beside it.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias

import attrs
import uvloop

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.gateway_clients import (
    Line,
    Load,
    drive,
    rest_lines,
    socket_line,
    subscribe,
    subscribers,
)
from benchmarks.gateway_exchange import TRADERS, Running, exchange
from benchmarks.gateway_orders import (
    BATCH,
    LADDER,
    domain,
    ladders,
    log_in,
    rest_batches,
    rest_orders,
    socket_ladders,
    socket_orders,
    wallet_orders,
)
from benchmarks.gateway_report import Budget, Figures, Level, Way, chart, stages, table
from benchmarks.gateway_stages import budget
from benchmarks.journal import time_syncs
from benchmarks.signing import bare
from hybrid_dex import Engine, FileJournal, SortedBook, StandardRisk
from hybrid_dex.defaults.standard_risk import RiskLimits
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.model.commands import BatchOrders
from hybrid_dex.model.frame import decode_frame
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.signing import Domain, order_digest

LEVELS: Final = (0.25, 0.5, 0.75)
REST_LINES: Final = 32
SOCKET_ROOM: Final = 256
DEAD: Final = 20
DURABLE_TURNS: Final = 3
TURNS: Final = 3

Queues: TypeAlias = list[tuple[Line, deque[bytes]]]


@attrs.frozen
class Size:
    """How much is tried."""

    orders: int
    level_s: float
    alone: int
    readers: int
    rounds: int
    levels: tuple[float, ...]


FULL: Final = Size(12_000, 3.0, 1_000, 1_000, 40, LEVELS)
QUICK: Final = Size(4_000, 1.0, 200, 50, 5, (0.5,))


@attrs.frozen
class Kind:
    """One way in: how many orders a message has, and how they are made."""

    name: str
    orders: int
    sign: Callable[..., list[SignedOrder]]
    rest: bool


KINDS: Final = (
    Kind("REST", 1, wallet_orders, rest=True),
    Kind(f"REST, batches of {BATCH}", BATCH, wallet_orders, rest=True),
    Kind("socket", 1, wallet_orders, rest=False),
    Kind(f"socket, ladders of {LADDER}", LADDER, ladders, rest=False),
)
SOCKET: Final = KINDS[2]


class Clients:
    """Every trader logged in, and what they have to send."""

    def __init__(self, running: Running, where: Domain) -> None:
        self.running = running
        self._where = where
        self.records_us = 0.0
        self._tokens = [log_in(running.address, signer) for signer in TRADERS]
        self._yardstick = wallet_orders(TRADERS[0], 500, where)

    def bare_us(self) -> float:
        """Return the processor time of a bare recovery now, in microseconds."""
        return recover_us(self._yardstick, self._where)

    async def queues(self, kind: Kind, orders: int) -> Queues:
        """Sign orders; open a socket a trader, or eight connections for requests, to send them."""
        made: list[tuple[str, deque[bytes]]] = []
        for signer, token in zip(TRADERS, self._tokens, strict=True):
            signed = kind.sign(signer, -(-orders // len(TRADERS)), self._where)
            if not kind.rest:
                messages = (socket_ladders if kind.orders == LADDER else socket_orders)(signed)
            elif kind.orders == 1:
                messages = rest_orders(signed, token)
            else:
                messages = rest_batches(signed, token)
            made.append((token, deque(messages)))
        address, each = self.running.address, REST_LINES // len(TRADERS)
        found: Queues = []
        for token, messages in made:
            if kind.rest:
                found += [(line, messages) for line in await rest_lines(address, each)]
            else:
                found.append((await socket_line(address, token, SOCKET_ROOM), messages))
        return found

    async def run(self, kind: Kind, orders: int, rate: float | None = None) -> tuple[Load, float]:
        """Send orders; return what it came to, and the exchange's processor time for one of them.

        What the process that writes the records took for one is in `records_us` then. The time until
        these have followed counts: it is work that the orders made.
        """
        queues = await self.queues(kind, orders)
        gc.collect()
        used, recorded = self.running.processor_s(), self.running.records_s()
        load = await drive(queues, rate)
        await self._at_rest()
        used = self.running.processor_s() - used
        recorded = self.running.records_s() - recorded
        for line, _ in queues:
            line.transport.close()
        self.records_us = recorded / (load.requests * kind.orders) * 1e6
        return load, used / (load.requests * kind.orders) * 1e6

    async def _at_rest(self) -> None:
        """Wait until the exchange does nothing more than idle."""
        while True:
            used = self.running.processor_s() + self.running.records_s()
            await asyncio.sleep(0.3)
            if self.running.processor_s() + self.running.records_s() - used < 0.03:
                return


async def measure_way(clients: Clients, kind: Kind, size: Size) -> Way:
    """Return the most that a way takes, and how long its answers take below that.

    Of some turns, each between two measurements of a bare recovery, it is the one in the middle.
    """
    await clients.run(kind, max(200, size.orders // 10))
    turns = sorted([await _turn(clients, kind, size) for _ in range(TURNS)], key=_share)
    most = turns[TURNS // 2]
    rate, levels = most.rate, []
    for share in size.levels:
        messages = max(50, int(rate * share * size.level_s / kind.orders))
        at, _ = await clients.run(kind, messages * kind.orders, rate * share / kind.orders)
        levels.append(level(share, at))
    return attrs.evolve(most, levels=levels)


async def _turn(clients: Clients, kind: Kind, size: Size) -> Way:
    before = clients.bare_us()
    load, used_us = await clients.run(kind, size.orders)
    return Way(
        name=kind.name,
        rate=load.requests * kind.orders / load.seconds,
        used_us=used_us,
        records_us=clients.records_us,
        bare_us=(before + clients.bare_us()) / 2,
        levels=[],
    )


def _share(way: Way) -> float:
    return way.bare_us / way.used_us


def level(share: float, load: Load) -> Level:
    """Return the times within which answers came."""
    return Level(share, load.cut_ms(0.5), load.cut_ms(0.99), load.cut_ms(0.999))


async def measure_readers(clients: Clients, size: Size, plain: Way) -> dict[str, float]:
    """Return what readers of the book cost, and those who stop reading."""
    address = clients.running.address
    with subscribers(address, size.readers) as heard:
        heard_before = heard.value
        load, used_us = await clients.run(SOCKET, size.orders)
        delivered = heard.value - heard_before
        at, _ = await clients.run(SOCKET, int(plain.rate * 0.25 * size.level_s), plain.rate * 0.25)
    extra_us = max(0.0, used_us - plain.used_us) * load.requests
    before = clients.running.resident()
    alone, _ = await clients.run(SOCKET, size.orders)
    between = clients.running.resident()
    dead = [await subscribe(address, None) for _ in range(DEAD)]
    beside, _ = await clients.run(SOCKET, size.orders)
    orders_bytes = between - before  # the same orders once more are no reader's doing
    readers_bytes = clients.running.resident() - between - orders_bytes
    for writer in dead:
        writer.transport.abort()
    return {
        "readers": size.readers,
        "readers_orders_per_s": load.requests / load.seconds,
        "delivered": delivered,
        "deliveries_per_s": delivered / load.seconds,
        "deliveries_per_processor_s": delivered / (extra_us / 1e6) if extra_us else 0.0,
        "told_per_processor_s": load.requests * size.readers / (extra_us / 1e6)
        if extra_us
        else 0.0,
        "readers_p50_ms": at.cut_ms(0.5),
        "readers_p99_ms": at.cut_ms(0.99),
        "readers_p999_ms": at.cut_ms(0.999),
        "dead_reader_bytes": max(0, readers_bytes) / DEAD,
        "dead_reader_p99": beside.cut_ms(0.99) / alone.cut_ms(0.99),
    }


async def measure_alone(clients: Clients, where: Domain, size: Size) -> dict[str, float]:
    """Return how long one order at a time is waited for, and what it can not do without.

    After each order one sync and one recovery are taken, which come to a process that waited, as
    the order does. All medians are in microseconds.
    """
    orders = wallet_orders(TRADERS[0], size.alone, where)
    recoveries = iter([bare([order], [order_digest(order, where)]) for order in orders])
    queues = await clients.queues(SOCKET, size.alone)
    found: dict[str, list[float]] = {"alone_us": [], "sync_alone_us": [], "recover_alone_us": []}
    path = Path(f".sync-{os.getpid()}")
    with closing(time_syncs(path, preallocated=True, syncs=2 * size.alone)) as syncs:
        for line, queue in queues:
            while queue and (recover := next(recoveries, None)) is not None:
                (wait,) = (await drive([(line, deque([queue.popleft()]))])).waits
                found["alone_us"].append(wait * 1e6)
                found["sync_alone_us"].append(next(syncs))
                begun = time.perf_counter()
                recover()
                found["recover_alone_us"].append((time.perf_counter() - begun) * 1e6)
    return {name: statistics.median(times) for name, times in found.items()}


async def replay_rate(data: Path) -> float:
    """Return how many commands of a processor second are replayed from the journal.

    Each member of a batch counts: alone it would have been a command.
    """
    journal = FileJournal(data / "journal").reader()  # takes no lock: the exchange still runs
    frames = [frame async for frame in journal.read(0)]
    given = [command for _, raw in frames for command in decode_frame(raw).commands]
    done = sum(len(one.members) if isinstance(one, BatchOrders) else 1 for one in given)
    del given
    risk = StandardRisk(RiskLimits(open_orders=None, daily_volume=None))
    replayed = Replay(Engine(book=SortedBook, risk=risk))
    gc.collect()
    gc.freeze()
    begun = time.process_time()
    for position, raw in frames:
        replayed.feed(position, raw)
    return done / (time.process_time() - begun)


def recover_us(orders: list[SignedOrder], where: Domain) -> float:
    """Return the processor time of one bare recovery, in microseconds: the median of a few turns."""
    run = bare(orders, [order_digest(order, where) for order in orders])
    times = []
    for _ in range(9):
        begun = time.process_time()
        run()
        times.append((time.process_time() - begun) / len(orders) * 1e6)
    return statistics.median(times)


def sync_us() -> float:
    """Return the median time of one small write and its sync, of those that follow each other."""
    path = Path(f".sync-{os.getpid()}")
    return statistics.median(time_syncs(path, preallocated=True, syncs=200))


async def measure(
    running: Running, where: Domain, size: Size
) -> tuple[list[Way], dict[str, float]]:
    """Measure a running exchange."""
    clients = Clients(running, where)
    ways = []
    for kind in KINDS:
        ways.append(await measure_way(clients, kind, size))
        print(f"  {ways[-1].name}: done", file=sys.stderr, flush=True)
    others = await measure_readers(clients, size, ways[2])
    others |= await measure_alone(clients, where, size)
    others["sync_us"] = sync_us()
    return ways, others


def measure_durability(where: Domain, size: Size) -> dict[str, float]:
    """Return a fresh exchange's rate, by the clock and by processor time, over one that waits for no disk.

    The two take turns; the medians count.
    """
    rates: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for turn in range(2 * DURABLE_TURNS):
        durable = bool(turn % 2)
        with exchange(durable=durable) as running:
            rates[durable].append(uvloop.run(_fresh_socket(running, where, size)))
    waits, does_not = (
        [statistics.median(one) for one in zip(*rates[durable], strict=True)]
        for durable in (True, False)
    )
    return {"durable_rate": waits[0] / does_not[0], "durable_used": does_not[1] / waits[1]}


async def _fresh_socket(running: Running, where: Domain, size: Size) -> tuple[float, float]:
    """Return the rate and the processor time of a socket's order."""
    clients = Clients(running, where)
    await clients.run(SOCKET, max(200, size.orders // 10))
    load, used_us = await clients.run(SOCKET, size.orders)
    return load.requests / load.seconds, used_us


def main() -> None:
    """Measure and print; write the figures and the picture where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="less of everything, within a minute")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("--picture", type=Path, help="draw the budget here, too")
    parser.add_argument("--stages", action="store_true", help="the budget of the stages alone")
    arguments = parser.parse_args()
    size = QUICK if arguments.quick else FULL
    where = domain()
    orders = wallet_orders(TRADERS[0], 500, where)
    found: Budget = budget(where, size.rounds)
    if arguments.stages:
        print("\n".join(stages(found)))
    else:
        before = recover_us(orders, where)
        with exchange() as running:
            ways, others = uvloop.run(measure(running, where, size))
            replay = asyncio.run(replay_rate(running.data))
        others["replay_per_s"] = replay
        others |= measure_durability(where, size)
        figures = Figures(
            machine=f"Python {platform.python_version()}, {os.cpu_count()} cores",
            recover_us=(before, recover_us(orders, where)),
            ways=ways,
            others=others,
            budget=found,
        )
        print(table(figures))
        if arguments.json is not None:
            arguments.json.write_text(json.dumps(attrs.asdict(figures), indent=2) + "\n")
    if arguments.picture is not None:
        arguments.picture.write_text(chart(found))


if __name__ == "__main__":
    main()
