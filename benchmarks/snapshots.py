"""What a large book costs besides matching: snapshots, the garbage collector, a restart, a recovery.

    python benchmarks/snapshots.py [--directory .] [--orders 1000000] [--seconds 20]

An exchange with so many resting orders is made from a snapshot, as a restart makes it, and then takes
orders and cancels from 16 callers: once alone, once while the following process takes snapshots one
after the other. A step is what the event loop does without a break; the longest ones are shown by
the clock and by this thread's own processor time, as on a machine with other work the clock also
counts what others were given. What the garbage collector takes is part of a step, and shown alone.
Between the two it trades beside processes that share nothing with it but the machine, one that
fills memory and one that writes to the disk: so much of a long step is the machine's own doing.
Then an engine is given the same commands three times, from the same snapshot, beside a process that
restores and writes snapshots: what makes a command long by its own doing does so each time, what the
machine does to it comes at another one. So of each command the shortest of three times is shown, and
how long a loop that only reads the clock is stopped beside that process.

Then the restart: opening until the first command is taken. Last, the recovery of a journal of 100,000
records without a snapshot, and where the time of a replay goes.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, MutableSequence
from pathlib import Path
from typing import Final

from hybrid_dex import (
    AccountId,
    Amount,
    CancelOrder,
    Command,
    Deposit,
    Engine,
    Exchange,
    ExchangeOptions,
    FileJournal,
    FileSnapshots,
    ListMarket,
    Market,
    OrderAccepted,
    PlaceOrder,
    Price,
    Quantity,
    RiskLimits,
    Sequence,
    Side,
    SortedBook,
    StandardRisk,
    TimestampNs,
)
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.model.frame import (
    FRAME_VERSION,
    Frame,
    FrameKind,
    decode_frame,
    encode_frame,
)

MARKET: Final = Market.spot(
    "ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001"
)
UNLIMITED: Final = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
ACCOUNTS: Final = [AccountId(f"account-{number}") for number in range(1_000)]
RICH: Final = Amount(10**30)
CALLERS: Final = 16
MIDDLE: Final = 250_000
MOST_ROUNDS: Final = 60
RECORDS: Final = 100_000
AGAIN: Final = 1_000_000
CLOCK_S: Final = 20.0
AT_NS: Final = TimestampNs(1_800_000_000_000_000_000)
LONG_S: Final = 0.005
STRANGERS: Final = {
    "a process that fills memory": """
import os
os.nice(10)
while True:
    {n: (n, str(n), [n]) for n in range(1_500_000)}
""",
    "a process that writes to the disk": """
import os, sys
os.nice(10)
while True:
    with open(sys.argv[1], "wb") as file:
        for _ in range(128):
            file.write(os.urandom(1 << 20))
        file.flush()
        os.fsync(file.fileno())
""",
}
"""Programs that know nothing of an exchange, as nice as the following process is."""


def make_engine() -> Engine:
    """Return a fresh engine, as every exchange here has it."""
    return Engine(book=SortedBook, risk=StandardRisk(UNLIMITED))


def make_exchange(directory: Path, snapshot_every: int) -> Exchange:
    """Return an exchange that keeps everything in a directory."""
    return Exchange(
        [MARKET],
        journal=FileJournal(directory / "journal"),
        snapshots=FileSnapshots(directory / "snapshots"),
        risk=StandardRisk(UNLIMITED),
        options=ExchangeOptions(
            snapshot_every=snapshot_every, freeze_recovered=True, history_batches=64
        ),
    )


def commands(orders: int) -> list[Command]:
    """A market, rich accounts, and orders that rest on 10,000 levels."""
    rng = random.Random(1)
    found: list[Command] = [ListMarket(market=MARKET)]
    found += [
        Deposit(account=account, asset=asset, amount=RICH)
        for account in ACCOUNTS
        for asset in (MARKET.base.id, MARKET.quote.id)
    ]
    found += [order(rng, number) for number in range(orders)]
    return found


def order(rng: random.Random, number: int, sequence: int = 0, at_ns: int = 0) -> PlaceOrder:
    """An order away from the middle."""
    side = Side(number & 1)
    away = 1 + rng.randrange(5_000)
    return PlaceOrder(
        account=ACCOUNTS[number % len(ACCOUNTS)],
        market=MARKET.id,
        side=side,
        price=Price(MIDDLE + away if side is Side.SELL else MIDDLE - away),
        quantity=Quantity(1 + number % 50),
        sequence=Sequence(sequence),
        at_ns=TimestampNs(at_ns),
    )


async def write_journal(directory: Path, commands: list[Command], frame_commands: int) -> Replay:
    """Write a journal of these commands; return the replay of it."""
    replay = Replay(make_engine())
    journal = FileJournal(directory / "journal")
    await journal.open()
    waiting: list[Awaitable[int]] = []
    sequence = 0
    pieces = [commands[at : at + frame_commands] for at in range(0, len(commands), frame_commands)]
    for position, piece in enumerate([[], *pieces]):
        stamped = tuple(
            type(command)(**(fields(command) | {"sequence": sequence + index, "at_ns": AT_NS}))
            for index, command in enumerate(piece, start=1)
        )
        sequence += len(piece)
        frame = Frame(
            version=FRAME_VERSION,
            kind=FrameKind.COMMANDS if stamped else FrameKind.EPOCH,
            epoch=1,
            leader="bench",
            at_ns=AT_NS,
            previous=replay.frame_hash,
            commands=stamped,
            note="" if stamped else replay.engine.versions,
        )
        raw = encode_frame(frame)
        replay.feed(position + 1, raw)
        waiting.append(journal.append(position, raw))
        if len(waiting) == 200:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)
    await journal.close()
    return replay


async def prepare(directory: Path, orders: int) -> None:
    """Leave a journal and a snapshot with all the orders."""
    begin = time.process_time()
    replay = await write_journal(directory, commands(orders), 500)
    rate = replay.engine.sequence / (time.process_time() - begin)
    begin = time.process_time()
    snapshot = replay.snapshot()
    print(
        f"{orders} orders, journaled and applied at {rate:.0f} commands/s; the state has "
        f"{len(snapshot.state) / 1e6:.0f} MB, written in {time.process_time() - begin:.1f} s of "
        "processor",
        flush=True,
    )
    await FileSnapshots(directory / "snapshots").put(snapshot)


def fields(command: Command) -> dict[str, object]:
    """Return a command's fields by name."""
    return {name: getattr(command, name) for name in command.__struct_fields__}


class Steps:
    """Times every step of the event loop: how long it ran without a break."""

    def __init__(self) -> None:
        self.by_clock: list[float] = []
        self.by_processor: list[float] = []
        self.collections: list[float] = []
        self._began = 0.0

    def collect(self, phase: str, _: dict[str, int]) -> None:
        """Be told of a collection, as one of `gc.callbacks`."""
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.collections.append(time.thread_time() - self._began)

    def show(self, name: str) -> None:
        """Print the longest ones."""
        clock, processor = sorted(self.by_clock), sorted(self.by_processor)
        collections = max(self.collections, default=0.0)
        share = len(clock) * 999 // 1_000
        print(
            f"{name:36} {len(clock):7} steps   longest by processor {processor[-1] * 1e3:6.2f} ms"
            f" (p99.9 {processor[share] * 1e3:.2f})   by clock {clock[-1] * 1e3:6.2f} ms"
            f" (p99.9 {clock[share] * 1e3:.2f})   over {LONG_S * 1e3:.0f} ms: "
            f"{sum(took > LONG_S for took in processor)} by processor, "
            f"{sum(took > LONG_S for took in clock)} by clock   longest of "
            f"{len(self.collections)} collections {collections * 1e3:.2f} ms",
            flush=True,
        )


class TimedLoop(asyncio.SelectorEventLoop):
    """An event loop whose every turn is one step."""

    steps: Steps | None = None

    def _run_once(self) -> None:
        steps = self.steps
        if steps is None:
            super()._run_once()  # type: ignore[misc] # the loop's own, not in its types
            return
        select = self._selector.select  # type: ignore[attr-defined] # as above
        waited = [0.0, 0.0]

        def waiting(timeout: float | None = None) -> list[object]:
            clock, processor = time.perf_counter(), time.thread_time()
            ready: list[object] = select(timeout)
            waited[0] += time.perf_counter() - clock
            waited[1] += time.thread_time() - processor
            return ready

        self._selector.select = waiting  # type: ignore[attr-defined] # as above
        clock, processor = time.perf_counter(), time.thread_time()
        try:
            super()._run_once()  # type: ignore[misc] # as above
        finally:
            self._selector.select = select  # type: ignore[attr-defined] # as above
            steps.by_clock.append(time.perf_counter() - clock - waited[0])
            steps.by_processor.append(time.thread_time() - processor - waited[1])


async def trade(exchange: Exchange, seconds: float) -> int:
    """Place and cancel for some seconds, every step timed; return how many commands that was."""
    end = time.perf_counter() + seconds
    done = 0

    async def call(caller: int) -> None:
        nonlocal done
        rng = random.Random(caller)
        number = caller
        while time.perf_counter() < end:
            placed = order(rng, number)
            answer = await exchange.place(placed)
            accepted = answer.events[0]  # type: ignore[union-attr] # no auth refuses here
            assert isinstance(accepted, OrderAccepted)
            await exchange.execute(CancelOrder(account=placed.account, order_id=accepted.order_id))
            number += CALLERS
            done += 2

    await asyncio.gather(*(call(caller) for caller in range(CALLERS)))
    return done


async def trade_timed(exchange: Exchange, seconds: float, name: str) -> None:
    """Trade with every step timed, and print the longest ones."""
    steps = Steps()
    timed(steps)
    done = await trade(exchange, seconds)
    timed(None)
    steps.show(f"{name}, {done / seconds:.0f} commands/s")


async def trade_beside_strangers(exchange: Exchange, directory: Path, seconds: float) -> None:
    """Trade beside processes that have nothing to do with the exchange, every step timed."""
    for name, program in STRANGERS.items():
        written = str(directory / "written")
        stranger = await asyncio.create_subprocess_exec(sys.executable, "-c", program, written)
        try:
            await trade_timed(exchange, seconds, f"beside {name}")
        finally:
            stranger.kill()
            await stranger.wait()


def timed(steps: Steps | None) -> None:
    """Time the steps of the running loop from now on, or no more."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, TimedLoop)
    loop.steps = steps
    gc.callbacks[:] = [] if steps is None else [steps.collect]


async def measure_pauses(directory: Path, seconds: float) -> None:
    """Trade alone, then beside the following process."""
    begin, own = time.perf_counter(), time.process_time()
    async with make_exchange(directory, 10**9) as exchange:
        await exchange.execute(
            Deposit(account=ACCOUNTS[0], asset=MARKET.quote.id, amount=Amount(1))
        )
        print(
            f"restart from that snapshot until a command is answered: "
            f"{time.perf_counter() - begin:.1f} s, {time.process_time() - own:.1f} s of processor, "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most",
            flush=True,
        )
        covered = exchange.view.sequence
        await trade_timed(exchange, seconds, "alone")
        await trade_beside_strangers(exchange, directory, seconds)
        begin = time.thread_time()
        gc.collect()
        print(
            f"a collection of all that came since the restart, {exchange.view.sequence - covered} "
            f"commands: {(time.thread_time() - begin) * 1e3:.1f} ms of processor",
            flush=True,
        )
    async with make_exchange(directory, 500) as exchange:
        steps, done, rounds, taken, lag = Steps(), 0, 0, 0, 0
        timed(steps)
        while taken < 2 and rounds < MOST_ROUNDS:
            done += await trade(exchange, seconds)
            rounds += 1
            taken += exchange.health().snapshot_lag < lag
            lag = exchange.health().snapshot_lag
        timed(None)
        steps.show(f"beside the following process, {done / seconds / rounds:.0f} commands/s")
        print(f"{taken} snapshots were kept meanwhile, in {rounds * seconds:.0f} s", flush=True)


async def keep_snapshots(directory: Path) -> None:
    """Restore the newest snapshot and write it anew, over and over, as nice as the following process is."""
    os.nice(10)
    written = FileSnapshots(directory / "again")
    while True:
        snapshot = await FileSnapshots(directory / "snapshots").latest()
        await written.put(Replay(make_engine(), snapshot).snapshot())


async def time_commands(directory: Path, number: int, kept: "MutableSequence[float]") -> None:
    """Apply commands to the newest snapshot's engine; keep how many seconds each took."""
    snapshot = await FileSnapshots(directory / "snapshots").latest()
    engine = Replay(make_engine(), snapshot).engine
    rng, sequence, apply, now = random.Random(2), engine.sequence, engine.apply, time.perf_counter
    gc.collect()
    gc.freeze()
    for index in range(0, number, 2):
        sequence += 1
        begun = now()
        events = apply(order(rng, index, sequence=sequence, at_ns=AT_NS))
        kept[index] = now() - begun
        accepted = events[0]
        assert isinstance(accepted, OrderAccepted)
        sequence += 1
        cancel = CancelOrder(
            account=accepted.account, order_id=accepted.order_id, sequence=sequence, at_ns=AT_NS
        )
        begun = now()
        apply(cancel)
        kept[index + 1] = now() - begun


def measure_again(directory: Path, number: int) -> None:
    """Print how long the same commands take, three times over, beside a process that takes snapshots."""
    context = multiprocessing.get_context("fork")
    beside = context.Process(target=_run, args=(keep_snapshots, directory), daemon=True)
    beside.start()
    passes: list[MutableSequence[float]] = []
    try:
        for _ in range(3):
            kept: MutableSequence[float] = context.RawArray("d", number)
            one = context.Process(target=_run, args=(time_commands, directory, number, kept))
            one.start()
            one.join()
            if one.exitcode:
                raise SystemExit("the commands could not be timed")
            passes.append(kept)
        stops = clock_stops(CLOCK_S)
    finally:
        beside.kill()
        beside.join()
    longest = ", ".join(f"{max(kept) * 1e3:.2f}" for kept in passes)
    long = ", ".join(str(sum(took > LONG_S for took in kept)) for kept in passes)
    own = max(map(min, *passes))
    print(
        f"the same {number} commands three times beside a process that takes snapshots: longest "
        f"{longest} ms, over {LONG_S * 1e3:.0f} ms {long}; of each command the shortest of three, "
        f"longest {own * 1e3:.2f} ms\na loop that only reads the clock, {CLOCK_S:.0f} s beside that "
        f"process: stopped for up to {max(stops) * 1e3:.2f} ms, over {LONG_S * 1e3:.0f} ms "
        f"{sum(took > LONG_S for took in stops)}",
        flush=True,
    )


def clock_stops(seconds: float) -> list[float]:
    """Return how long a loop that only reads the clock was stopped, each time over a tenth of a ms."""
    now = last = time.perf_counter()
    end, stops = now + seconds, [0.0]
    while now < end:
        last, now = now, time.perf_counter()
        if now - last > 0.0001:
            stops.append(now - last)
    return stops


def _run(work: Callable[..., Coroutine[None, None, None]], *arguments: object) -> None:
    asyncio.run(work(*arguments))


async def recover(directory: Path) -> None:
    """Print how long a start without a snapshot takes, and where a replay's time goes."""
    begin, own = time.perf_counter(), time.process_time()
    async with make_exchange(directory, 10**9) as exchange:
        took, used = time.perf_counter() - begin, time.process_time() - own
        number = exchange.view.sequence
    reader = FileJournal(directory / "journal").reader()
    frames = [record.frame for record in reader.records()][: number + 1]
    print(
        f"recovery of {RECORDS} records, {number} commands: {took:.1f} s, {used:.1f} of processor"
    )
    begin_decode = time.process_time()
    decoded = [decode_frame(raw) for raw in frames]
    decoding = time.process_time() - begin_decode
    engine = make_engine()
    begin_apply = time.process_time()
    for frame in decoded:
        for command in frame.commands:
            engine.apply(command)
    applying = time.process_time() - begin_apply
    replay = Replay(make_engine())
    begin_replay = time.process_time()
    replay.feed_many(enumerate(frames, start=1))
    whole = time.process_time() - begin_replay
    print(
        f"a replay, microseconds of processor a command: {whole / number * 1e6:.1f} in all, "
        f"{decoding / number * 1e6:.1f} to check and read, {applying / number * 1e6:.1f} to apply: "
        f"{number / whole:.0f} commands/s"
    )


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--directory", type=Path, default=Path())
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=arguments.directory) as temporary:
        directory = Path(temporary)
        child = os.fork()  # fills an engine of its own, so that the measured process stays lean
        if not child:
            asyncio.run(prepare(directory, arguments.orders))
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("the snapshot could not be made")
        with asyncio.Runner(loop_factory=TimedLoop) as runner:
            runner.run(measure_pauses(directory, arguments.seconds))
        measure_again(directory, AGAIN)
        gc.unfreeze()
        gc.collect()
        records = directory / "records"
        asyncio.run(write_journal(records, commands(RECORDS - 2 * len(ACCOUNTS) - 2), 1))
        asyncio.run(recover(records))


if __name__ == "__main__":
    main()
