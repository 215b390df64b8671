"""Records are written by a process of their own: the rows are the same, and its death loses nothing."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.errors import SequenceError, UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.exchange.child import FollowerError
from hybrid_dex.exchange.projecting import ProjectingProcess
from hybrid_dex.interfaces.records import SharedRecords
from hybrid_dex.model.events import Deposited, EventBatch
from hybrid_dex.model.units import Amount, Sequence, TimestampNs
from tests.exchange.test_background import MemoryRecords
from tests.exchange.test_records_outage import back, expect_the_journal, trading
from tests.exchange_fixtures import ALICE, MARKET, USDC, fund, until
from tests.tiers import count

KILLS = count(fast=3, full=20)
APART = ExchangeOptions(retry_s=0.02, retry_max_s=0.2, projection_process=True)


def deposit(sequence: int) -> EventBatch:
    """What a command did that put one atom more than 64 bits hold."""
    event = Deposited(ALICE, USDC, Amount(2**70), Amount(2**70 * sequence))
    return EventBatch(Sequence(sequence), TimestampNs(sequence), (event,))


class OwnRecords(MemoryRecords):
    """Records whose rows this process alone has: it must never be told of another one."""

    def for_another_process(self) -> None:
        return None


class Unsendable(MemoryRecords):
    """Records that can be shared, as they say, and not be pickled."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def for_another_process(self) -> "Unsendable":
        return self


class Unreadable(MemoryRecords):
    """Records that can be pickled, and not be read back."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (int, ("no number",))

    def for_another_process(self) -> "Unreadable":
        return self


@pytest.mark.timeout(300)
async def test_a_process_that_is_killed_is_begun_anew(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """In the middle of whatever it writes, again and again: every row is as the journal says."""
    url = f"sqlite:///{tmp_path}/records.sqlite"
    seen = set[int]()
    async with trading(tmp_path, url, APART) as (trade, _):
        for _ in range(KILLS):
            await trade.some(30)
            pid = await child(trade.exchange, seen)
            os.kill(pid, signal.SIGKILL)
            await trade.some(10)
        await back(trade)
        last = await child(trade.exchange, seen)
    assert len(seen) == KILLS + 1
    with pytest.raises(ProcessLookupError):  # closing the exchange ends it
        os.kill(last, 0)
    commands = await expect_the_journal(tmp_path, url)
    figure(f"the process that projects killed {KILLS} times over {commands} commands: 0 lost")


async def child(exchange: Exchange, seen: set[int]) -> int:
    """Wait for a process that was not there before; note and return it."""
    projection = exchange._projection
    assert projection is not None
    process = projection._process
    assert process is not None
    await until(lambda: process.pid is not None and process.pid not in seen)
    assert process.pid is not None
    seen.add(process.pid)
    return process.pid


async def test_it_is_told_what_is_wrong_there(tmp_path: Path) -> None:
    """A gap is one here, too; a database that can not be used is tried again and then served."""
    folder = tmp_path / "there"
    shared = SqlRecords(f"sqlite:///{folder}/records.sqlite").for_another_process()
    assert shared is not None
    process = ProjectingProcess(shared)
    with pytest.raises(UnavailableError, match="can not be used"):
        await process.project([deposit(1)])
    folder.mkdir()
    await process.project([deposit(1)])
    pid = process.pid
    await process.project([deposit(1), deposit(2)])  # a repeat is ignored
    with pytest.raises(SequenceError, match="project 3 first"):
        await process.project([deposit(5)])
    assert process.pid == pid
    await process.close()
    await process.close()
    assert process.pid is None
    records = SqlRecords(f"sqlite:///{folder}/records.sqlite")
    await records.open()
    (owned,) = await records.owned(ALICE)
    assert (await records.position(), owned.trading) == (2, 2 * 2**70)
    await records.close()


async def test_a_caller_that_gives_up_leaves_no_answer_behind(tmp_path: Path) -> None:
    """The next call is answered for itself, by a new process."""
    records = SqlRecords(f"sqlite:///{tmp_path}/records.sqlite")
    await records.open()
    shared = records.for_another_process()
    assert shared is not None
    process = ProjectingProcess(shared)
    asked = asyncio.create_task(process.project([deposit(1)]))
    await until(lambda: process.pid is not None)
    asked.cancel()
    await asyncio.wait([asked])
    assert process.pid is None
    await process.project([deposit(1), deposit(2)])
    await process.close()
    assert await records.position() == 2
    await records.close()


async def test_rows_of_this_process_alone_stay_in_it() -> None:
    """Rows in memory, and records that can not be shared at all."""
    assert isinstance(SqlRecords("sqlite://"), SharedRecords)
    assert SqlRecords("sqlite://").for_another_process() is None
    assert not isinstance(MemoryRecords(), SharedRecords)
    for records in (OwnRecords(), MemoryRecords()):
        async with Exchange([MARKET], records=records, options=APART) as exchange:  # type: ignore[arg-type] # a fake with half the queries
            await fund(exchange)
            await until(lambda exchange=exchange: exchange.health().records_lag == 0)
        assert len(records.batches) == 3


@pytest.mark.parametrize("kind", [Unsendable, Unreadable])
async def test_records_that_no_process_could_be_given_are_written_here(
    kind: type[Unsendable | Unreadable], caplog: pytest.LogCaptureFixture
) -> None:
    """And it is said."""
    records = kind()
    async with Exchange([MARKET], records=records, options=APART) as exchange:  # type: ignore[arg-type] # as above
        await fund(exchange)
        await until(lambda: exchange.health().records_lag == 0)
    assert "records are written by this process from now on" in caplog.text
    assert len(records.batches) == 3
    with pytest.raises(FollowerError, match="the records can not be"):
        await ProjectingProcess(kind()).project([deposit(1)])  # type: ignore[arg-type] # as above


async def test_the_end_of_the_exchange_is_its_only_end(tmp_path: Path) -> None:
    """A Ctrl-C reaches it, too, and what waits then is still written."""
    records = SqlRecords(f"sqlite:///{tmp_path}/records.sqlite")
    await records.open()
    shared = records.for_another_process()
    assert shared is not None
    process = ProjectingProcess(shared)
    await process.project([deposit(1)])
    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    await process.project([deposit(2)])
    assert process.pid == pid
    await process.close()
    assert await records.position() == 2
    await records.close()
