"""`hybrid-dex journal` reads a journal, running or not: whole or where not, in words, and as it stood."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hybrid_dex.cli import entry
from hybrid_dex.defaults.file_journal import FileJournal, FileJournalOptions
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Amount
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, USDC, order

JOURNAL = FileJournalOptions(segment_bytes=16 << 10, max_frame_bytes=8 << 10)
ORDERS = 60


class OwnRisk(StandardRisk):
    """A risk that does not ship."""

    @property
    def version(self) -> str:
        return "own 1"


def make_own_engine() -> Engine:
    """What `--engine` names."""
    return Engine(book=SortedBook, risk=OwnRisk())


def make_no_engine() -> str:
    """What `--engine` must not name."""
    return "no engine"


def exchange_in(directory: Path, risk: StandardRisk | None = None) -> Exchange:
    return Exchange(
        [MARKET],
        journal=FileJournal(directory / "journal", options=JOURNAL),
        snapshots=FileSnapshots(directory / "snapshots"),
        risk=StandardRisk() if risk is None else risk,
        options=ExchangeOptions(snapshot_every=10_000),
    )


async def trade(exchange: Exchange, first: int = 0) -> dict[int, str]:
    """Trade; return the state's hash after some commands."""
    hashes: dict[int, str] = {}
    await exchange.deposit(ALICE, USDC, Amount(10**12))
    await exchange.deposit(BOB, ETH, Amount(10**22))
    for number in range(first, first + ORDERS):
        who, side = ((ALICE, Side.BUY), (BOB, Side.SELL))[number % 2]
        price = 250_000 + number % 7
        await exchange.place(order(who, side, price, 3 + number % 5, name=f"o{number}"))
        hashes[exchange.view.sequence] = exchange.view.state_hash().hex()
    return hashes


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, str]]:
    """A closed exchange's directory, and what its state was."""
    directory = tmp_path_factory.mktemp("data")

    async def run() -> dict[int, str]:
        async with exchange_in(directory) as exchange:
            return await trade(exchange)

    return directory, asyncio.run(run())


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines as wide as they are, without colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "200")


def run(capfd: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    """Run the command; return what it printed, or its one complaint."""
    outcome = entry.run(["journal", *map(str, arguments)])
    printed = capfd.readouterr()
    assert outcome == code, printed.err
    assert "Traceback" not in printed.err
    return printed.err if code == 2 or (code and not printed.out) else printed.out


def run_json(capfd: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> Any:
    """Run it with --json."""
    return json.loads(run(capfd, *arguments, "--json", code=code))


class TestVerify:
    def test_a_good_journal_is_whole(
        self, traded: tuple[Path, dict[int, str]], capfd: pytest.CaptureFixture[str]
    ) -> None:
        directory, hashes = traded
        found = run_json(capfd, "verify", directory)
        assert (found["whole"], found["bad"], found["tail"]) == (True, None, "")
        assert found["sequence"] == found["commands"] >= max(hashes)
        assert sum(segment["records"] for segment in found["segments"]) == found["head"]
        assert len(found["segments"]) > 1
        assert [one["complaint"] for one in found["snapshots"]] == [""]
        assert found["segments"][0]["versions"] == found["versions"]
        text = run(capfd, "verify", directory / "journal")
        assert "WHOLE  Every record is as it was written" in text
        assert found["frame_hash"] in text

    @pytest.mark.parametrize("where", [0, -1])
    def test_the_first_bad_place_is_named(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str], where: int
    ) -> None:
        write(tmp_path)
        path = sorted((tmp_path / "journal").glob("*.segment"))[where]
        content = bytearray(path.read_bytes())
        content[400] ^= 1
        path.write_bytes(content)
        found = run_json(capfd, "verify", tmp_path, code=1)
        assert not found["whole"]
        assert found["bad"]["path"] == str(path)
        assert 0 < found["bad"]["offset"] <= 400
        text = run(capfd, "verify", tmp_path, code=1)
        assert "NOT WHOLE" in text
        assert f"byte {found['bad']['offset']}" in text.replace("\n", " ")

    def test_a_missing_segment_and_a_damaged_manifest(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write(tmp_path)
        newest = max((tmp_path / "journal").glob("*.segment"))
        content = newest.read_bytes()
        newest.unlink()
        found = run_json(capfd, "verify", tmp_path, code=1)
        assert "the segment is missing" in found["bad"]["reason"]
        assert "the segment is missing" in run(
            capfd, "export", tmp_path, "--out", tmp_path / "x", code=1
        )
        newest.write_bytes(content)
        for path in sorted((tmp_path / "journal").glob("*.segment"))[:2]:
            kept = path.read_bytes()
            path.unlink()
            assert "is missing" in run_json(capfd, "verify", tmp_path, code=1)["bad"]["reason"]
            assert "missing" in run(capfd, "export", tmp_path, "--out", tmp_path / "x", code=1)
            path.write_bytes(kept)
        assert run_json(capfd, "verify", tmp_path)["whole"]
        manifest = tmp_path / "journal" / "manifest"
        manifest.write_bytes(b"x" + manifest.read_bytes()[1:])
        assert "manifest" in run_json(capfd, "verify", tmp_path, code=1)["bad"]["path"]

    def test_snapshots_are_held_against_the_journal(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """A damaged one is skipped at a start, so the journal is whole; another journal's is not."""
        write(tmp_path)
        (good,) = (tmp_path / "snapshots").glob("*.snapshot")
        content = good.read_bytes()
        good.write_bytes(content[:-1])
        found = run_json(capfd, "verify", tmp_path)
        assert (found["whole"], found["snapshots"][0]["complaint"]) == (
            True,
            "damaged; a start skips it",
        )
        write(tmp_path / "other")
        other = run_json(
            capfd, "verify", tmp_path, "--snapshots", tmp_path / "other" / "snapshots", code=1
        )
        assert "belongs to another journal" in other["snapshots"][0]["complaint"]

    def test_a_torn_tail_is_said_and_no_damage(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write(tmp_path)
        path = max((tmp_path / "journal").glob("*.segment"))
        used = run_json(capfd, "verify", tmp_path)["segments"][-1]["bytes"]
        content = path.read_bytes()
        torn = content[:used] + content[100:140]
        path.write_bytes(torn.ljust(len(content), b"\0"))
        found = run_json(capfd, "verify", tmp_path)
        assert found["whole"]
        assert f"byte {used}" in found["tail"]
        assert "the next start cuts it" in run(capfd, "verify", tmp_path)


def write(directory: Path, risk: StandardRisk | None = None, *, keeps: bool = True) -> None:
    """Trade a little in a directory; without ``keeps`` no snapshot is left, as after a kill."""

    async def work() -> None:
        exchange = exchange_in(directory, risk)
        if not keeps:
            exchange._snapshots = None
        async with exchange:
            await trade(exchange)

    asyncio.run(work())


class TestReplay:
    def test_the_state_after_any_command(
        self, traded: tuple[Path, dict[int, str]], capfd: pytest.CaptureFixture[str]
    ) -> None:
        """As the exchange itself had it, to the hash."""
        directory, hashes = traded
        for sequence in list(hashes)[::17]:
            found = run_json(capfd, "replay", directory, "--until", sequence)
            assert (found["sequence"], found["state_hash"]) == (sequence, hashes[sequence])
        text = run(capfd, "replay", directory, "--until", sequence, "--account", "alice")
        assert hashes[sequence] in text
        assert "bob" not in text
        assert "ETH-USDC, open" in text

    def test_a_snapshot_that_is_not_what_it_says_is_skipped(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """As at a start: the journal alone does instead."""
        write(tmp_path)
        whole = run_json(capfd, "replay", tmp_path)
        snapshots = FileSnapshots(tmp_path / "snapshots")
        good = asyncio.run(snapshots.latest())
        assert good is not None
        state = good.state.replace(b"alice", b"alike")
        asyncio.run(snapshots.put(msgspec.structs.replace(good, state=state)))
        assert run_json(capfd, "replay", tmp_path) == whole

    def test_the_state_at_a_time(
        self, traded: tuple[Path, dict[int, str]], capfd: pytest.CaptureFixture[str]
    ) -> None:
        directory, hashes = traded
        sequence = list(hashes)[30]
        at_ns = run_json(capfd, "replay", directory, "--until", sequence)["at_ns"]
        moment = datetime.fromtimestamp(at_ns // 1_000 / 1e6, UTC)
        found = run_json(capfd, "replay", directory, "--until", moment.isoformat())
        assert found["sequence"] >= sequence
        assert found["at_ns"] // 1_000 <= at_ns // 1_000 + 1
        before = (moment - timedelta(hours=1)).isoformat()
        assert "Before the first command" in run(capfd, "replay", directory, "--until", before)
        after = (moment + timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")
        newest = run_json(capfd, "replay", directory)
        assert run_json(capfd, "replay", directory, "--until", after) == newest

    def test_what_can_not_be_asked_is_one_clear_line(
        self, traded: tuple[Path, dict[int, str]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        directory, _ = traded
        for arguments, code, line in (
            ((directory, "--until", 9_999), 1, "there is no command 9999 yet"),
            ((directory, "--until", "yesterday"), 2, "neither a command's number nor a time"),
            ((directory, "--until", "-3"), 2, "neither a command's number nor a time"),
            (
                (directory, "--market", "X-Y"),
                1,
                "there was no market X-Y then; there were: ETH-USDC",
            ),
            ((directory, "--snapshots", tmp_path / "none"), 1, "there is no folder"),
            ((directory, "--engine", "json"), 1, "write it as module:function"),
            ((directory, "--engine", "json:nothing"), 1, "has no attribute 'nothing'"),
            ((directory, "--engine", "no_module:x"), 1, "No module named 'no_module'"),
            ((directory, "--engine", f"{__name__}:make_no_engine"), 1, "makes no Engine, but str"),
            ((directory, "--engine", ":"), 1, "Empty module name"),
            ((directory, "--engine", "..json:loads"), 1, "relative import"),
            ((directory, "--engine", "json:loads"), 1, "can not be called"),
            ((tmp_path,), 1, f"there is no journal in {tmp_path}"),
            ((tmp_path / "nowhere",), 1, "can not be read"),
        ):
            printed = run(capfd, "replay", *arguments, code=code).replace("\n", " ")
            assert line in " ".join(printed.split()), arguments

    def test_a_risk_of_ones_own_is_named(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Without it nothing is guessed."""
        write(tmp_path, OwnRisk())
        assert "--engine module:name" in run(capfd, "replay", tmp_path, code=1)
        own = run_json(capfd, "replay", tmp_path, "--engine", f"{__name__}:make_own_engine")
        assert "risk own 1" in own["versions"]


class TestShow:
    def test_commands_in_words(
        self, traded: tuple[Path, dict[int, str]], capfd: pytest.CaptureFixture[str]
    ) -> None:
        directory, _ = traded
        lines = run(capfd, "show", directory, "--until", 5).splitlines()
        assert "epoch 1 of exchange: engine" in lines[0]
        assert lines[1].endswith("list market: ETH-USDC")
        assert lines[2].endswith("deposit: alice, asset USDC, amount 1000000 USDC")
        assert lines[4].endswith(
            "place order: alice, ETH-USDC, buy, price 2500, quantity 0.0003, client order id o0"
        )

    def test_filters_and_events(
        self, traded: tuple[Path, dict[int, str]], capfd: pytest.CaptureFixture[str]
    ) -> None:
        """With events an order's fills as a maker are found, which no command of it names."""
        directory, _ = traded
        assert run(capfd, "show", directory, "--account", "carol") == ""
        assert run(capfd, "show", directory, "--market", "X-Y") == ""
        own = run(capfd, "show", directory, "--order", "o9").splitlines()
        assert len(own) == 1
        (found,) = [
            json.loads(line)
            for line in run(capfd, "export", directory, "--order", "o9").splitlines()
        ]
        order_id = found["sequence"] << 8
        assert run(capfd, "show", directory, "--order", order_id).splitlines() == own
        events = run(capfd, "show", directory, "--order", order_id, "--events").splitlines()
        assert events[0] == own[0]
        assert "-> order accepted: order id" in events[1]
        assert (
            len(run(capfd, "show", directory, "--account", "bob", "--limit", 3).splitlines()) == 3
        )
        assert "-> fill made" in run(capfd, "show", directory, "--events", "--from", 6)
        assert run(capfd, "show", directory, "--events", "--limit", 1, "--from", 3).count("\n") == 2

    def test_a_negative_number_is_wrong_usage(
        self, traded: tuple[Path, dict[int, str]], capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert "0 or more" in run(capfd, "show", traded[0], "--limit", "-1", code=2)


class TestExport:
    def test_commands_and_events_as_json_lines_and_csv(
        self,
        traded: tuple[Path, dict[int, str]],
        tmp_path: Path,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        directory, _ = traded
        commands = [json.loads(line) for line in run(capfd, "export", directory).splitlines()]
        assert [one["sequence"] for one in commands] == list(range(1, len(commands) + 1))
        assert {"kind", "record", "time", "at_ns"} <= commands[5].keys()
        assert commands[1]["amount"] == 10**12
        out = tmp_path / "events.csv"
        run(capfd, "export", directory, "--what", "events", "--form", "csv", "--out", out)
        rows = list(csv.DictReader(io.StringIO(out.read_text())))
        events = run(capfd, "export", directory, "--what", "events").splitlines()
        assert len(rows) == len(events) > len(commands) // 2
        fills = [row for row in rows if row["kind"] == "FillMade"]
        assert json.loads(fills[0]["fields"])["quantity"] > 0
        some = run(capfd, "export", directory, "--from", 7, "--until", 9).splitlines()
        assert [json.loads(line)["sequence"] for line in some] == [7, 8, 9]
        wrong = run(capfd, "export", directory, "--form", "xml", code=2)
        assert "jsonl" in wrong


class TestRunning:
    async def test_a_running_exchange_is_read_and_not_disturbed(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        async with exchange_in(tmp_path) as exchange:
            hashes = await trade(exchange)
            for sequence in list(hashes)[::20]:
                found = await asyncio.to_thread(
                    run_json, capfd, "replay", tmp_path, "--until", sequence
                )
                assert found["state_hash"] == hashes[sequence]
            checked = await asyncio.to_thread(run_json, capfd, "verify", tmp_path)
            assert checked["whole"]
            assert checked["sequence"] == exchange.view.sequence
            hashes |= await trade(exchange, first=ORDERS)
            assert exchange.health().ready


class TestMigrate:
    def test_it_leaves_what_new_limits_need_and_history_stays_readable(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """And the whole history replays across the change, as this program knows both limits."""
        write(tmp_path, keeps=False)
        before = run_json(capfd, "replay", tmp_path)
        assert "A snapshot at record" in run(capfd, "migrate", tmp_path)
        write(tmp_path, StandardRisk(RiskLimits(open_orders=7)))
        found = run_json(capfd, "verify", tmp_path)
        assert found["whole"]
        assert len({segment["versions"] for segment in found["segments"]}) == 2
        again = run_json(capfd, "replay", tmp_path, "--until", before["sequence"])
        assert again == before
        newest = run_json(capfd, "replay", tmp_path)
        for path in (tmp_path / "snapshots").iterdir():
            path.unlink()
        assert run_json(capfd, "replay", tmp_path) == newest

    def test_nothing_to_migrate_and_a_running_exchange_are_refused(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        async def run_it() -> str:
            async with exchange_in(tmp_path):
                return await asyncio.to_thread(run, capfd, "migrate", tmp_path, code=1)

        assert "another process writes the journal" in asyncio.run(run_it())

        async def open_it() -> None:
            journal = FileJournal(tmp_path / "empty", options=JOURNAL)
            await journal.open()
            await journal.close()

        asyncio.run(open_it())
        assert "nothing to migrate" in run(capfd, "migrate", tmp_path / "empty", code=1)
        assert "journal is empty" in run(capfd, "replay", tmp_path / "empty", code=1)
