"""`hybrid-dex records` upgrades, rebuilds and checks the records' database against the journal."""

import asyncio
from pathlib import Path

import pytest

from hybrid_dex.cli import entry
from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Amount
from tests.defaults.record_databases import raw
from tests.defaults.test_migrations import OLD, WITHOUT_DETAILS, begin_at
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, USDC, order

ORDERS = 40


def exchange_in(directory: Path) -> Exchange:
    return Exchange(
        [MARKET],
        journal=FileJournal(directory / "journal"),
        snapshots=FileSnapshots(directory / "snapshots"),
        records=SqlRecords(address(directory)),
    )


def address(directory: Path) -> str:
    return f"sqlite:///{directory}/records.sqlite"


@pytest.fixture
def traded(tmp_path: Path) -> Path:
    """The folder of a closed exchange that traded."""

    async def run() -> None:
        async with exchange_in(tmp_path) as exchange:
            await exchange.deposit(ALICE, USDC, Amount(10**12))
            await exchange.deposit(BOB, ETH, Amount(10**22))
            for number in range(ORDERS):
                who, side = ((ALICE, Side.BUY), (BOB, Side.SELL))[number % 2]
                await exchange.place(order(who, side, 250_000 + number % 7, 3 + number % 5))

    asyncio.run(run())
    return tmp_path


def run(*arguments: object) -> int:
    return entry.run(["records", *map(str, arguments)])


def sql(directory: Path, statement: str) -> list[tuple[object, ...]]:
    return asyncio.run(raw(address(directory), statement))


def test_records_that_followed_are_what_the_journal_says(
    traded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", traded) == 0
    assert "are what the journal says, up to command" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        (
            "UPDATE fills SET price = price + 1 WHERE fill_id = (SELECT min(fill_id) FROM fills)",
            "fills",
        ),
        ("DELETE FROM ledger_entries WHERE leg = 1", "ledger_entries"),
        ("UPDATE candles SET volume = '1' WHERE interval_s = 60", "candles"),
        ("INSERT INTO accounts VALUES ('mallory', 1, 1)", "accounts"),
        ("UPDATE balances SET amount = '7' WHERE asset = 'ETH'", "balances"),
        ("UPDATE orders SET status = 4", "orders"),
    ],
)
def test_a_row_that_is_wrong_is_named_and_a_rebuild_mends_it(
    traded: Path, statement: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sql(traded, statement)
    assert run("check", traded) == 1
    said = capsys.readouterr().out
    assert f"{table}: " in said
    assert "are not what the journal says" in said
    assert run("rebuild", traded) == 0
    assert run("check", traded) == 0


def test_a_rebuild_may_be_interrupted_and_repeated(traded: Path) -> None:
    """What it forgot is forgotten; whoever continues, exchange or command, completes it."""
    wanted = sql(traded, "SELECT * FROM fills")

    async def half() -> None:
        records = SqlRecords(address(traded))
        await records.open()
        await records.reset()
        await records.close()

    asyncio.run(half())
    assert run("check", traded) == 0  # of position 0, there is nothing to miss
    assert run("rebuild", traded) == 0
    assert sql(traded, "SELECT * FROM fills") == wanted

    async def go_on() -> None:
        async with exchange_in(traded):
            pass

    asyncio.run(half())
    asyncio.run(go_on())
    assert sql(traded, "SELECT * FROM fills") == wanted
    assert run("check", traded) == 0


def test_an_upgrade_keeps_rows_and_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(begin_at(address(tmp_path), WITHOUT_DETAILS[-1]))
    assert run("check", tmp_path) == 1  # there is no journal, and the schema is old
    assert run("upgrade", tmp_path) == 0
    said = capsys.readouterr().out
    assert "records are at command 2" in said
    assert "begin at command 3" in said
    assert sql(tmp_path, "SELECT count(*) FROM fills") == [(1,)]
    assert run("upgrade", tmp_path) == 0


def test_an_old_schema_is_not_checked_but_named(
    traded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = traded / "other"
    other.mkdir()
    asyncio.run(begin_at(address(other), OLD[0]))
    assert run("check", traded, "--records", address(other)) == 1
    assert "hybrid-dex records upgrade" in capsys.readouterr().err
    assert run("upgrade", traded, "--records", address(other)) == 0
    assert run("check", traded, "--records", address(other)) == 1
    assert "begin at command 3 only" in capsys.readouterr().out
    assert run("rebuild", traded, "--records", address(other)) == 0
    assert run("check", traded, "--records", address(other)) == 0


def test_records_that_are_not_there_are_not_right(
    traded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong address is said, and no empty database is left at it."""
    other = traded / "other"
    assert run("check", traded, "--records", address(other)) == 1
    assert "there are no records in" in capsys.readouterr().err
    (traded / "records.sqlite").unlink()
    assert run("check", traded) == 1
    assert not (traded / "records.sqlite").exists()
    assert run("rebuild", traded) == 0
    assert run("check", traded) == 0


def test_records_of_another_journal_are_told_apart(
    traded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql(traded, "UPDATE position SET sequence = 10000")
    assert run("check", traded) == 1
    assert "another journal" in capsys.readouterr().out


def test_what_can_not_be_done_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("rebuild", tmp_path / "nowhere") == 1
    assert "nowhere" in capsys.readouterr().err
    assert run("rebuild", tmp_path) == 1
    assert "there is no journal" in capsys.readouterr().err
    assert run("upgrade", tmp_path / "nowhere") == 1
    assert "there is no folder" in capsys.readouterr().err
    monkeypatch.setenv("HYBRID_DEX_RECORDS", "mysql://alice:hunter2@host/x")
    assert run("upgrade", tmp_path) == 1
    said = capsys.readouterr().err
    assert "is not one of sqlite" in said
    assert "hunter2" not in said
    monkeypatch.setenv("HYBRID_DEX_RECORDS", "postgresql://alice:hunter2@host:port/x")
    assert run("upgrade", tmp_path) == 1
    said = capsys.readouterr().err
    assert "is not one of sqlite" in said
    assert "hunter2" not in said
    assert run("upgrade", tmp_path, "--wrong") == 2


def test_a_database_of_noise_is_one_line(traded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where what sqlite says of its schema is no text."""
    path = traded / "records.sqlite"
    raw_schema = path.read_bytes()
    path.write_bytes(raw_schema.replace(b"CREATE TABLE orders", b"CR\xaa\xaaTE TABLE \xaa\xaaders"))
    assert path.read_bytes() != raw_schema
    for command in ("check", "upgrade", "rebuild"):
        assert run(command, traded) == 1
        assert "can not be used" in capsys.readouterr().err
