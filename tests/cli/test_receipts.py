"""`hybrid-dex receipts`: says what it looked at, names what is wrong, and tells by its exit code."""

import json
from pathlib import Path

import msgspec
import pytest

from hybrid_dex.cli import entry
from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.model.commands import AdvanceTime, Command
from hybrid_dex.verification import write_log
from hybrid_dex.verification.files import write_batches
from hybrid_dex.wire import ReceiptsAnswer, encode, receipt_message
from tests.verification.stage import ALICE, BUY, CAROL, DOMAIN, MARKET, OPERATOR, SELL, Shown, Stage


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines as wide as they are, without colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")


def stage() -> Stage:
    made = Stage()
    made.place(ALICE, SELL, 3, 250_000)
    made.place(CAROL, BUY, 2, 250_000)
    return made


def written(path: Path, shown: Shown) -> str:
    path.write_bytes(b"".join(write_log(shown.frames)))
    return str(path)


def kept(path: Path, shown: Shown) -> str:
    """Receipts as a trader saved the exchange's answer."""
    messages = [receipt_message(one, MARKET) for one in shown.receipts(8, 9)]
    path.write_bytes(encode(ReceiptsAnswer(receipts=messages)))
    return str(path)


CHAIN = ["--contract", DOMAIN.verifying_contract, "--chain-id", str(DOMAIN.chain_id)]
WHO = ["--operator", OPERATOR.address]


def test_all_that_is_given_is_looked_at_and_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Log, receipts and batches: exit code 0, for people and for programs."""
    shown = stage().run()
    log = written(tmp_path / "log", shown)
    batches = tmp_path / "batches"
    batches.write_bytes(b"".join(write_batches(shown.settled())))
    given = ["--receipt", kept(tmp_path / "mine.json", shown), "--batches", str(batches)]
    assert entry.run(["receipts", "verify", log, *given, *CHAIN, *WHO]) == 0
    text = capsys.readouterr().out
    assert "Everything that was looked at holds." in text
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("receipts")] == ["4"]
    assert "1 with 1 fills" in text
    assert entry.run(["receipts", "verify", log, *given, *CHAIN, *WHO, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["holds"] is True
    assert (found["receipts"], found["batches"]["settled"], found["findings"]) == (4, 1, [])


def test_what_was_not_given_is_not_called_proven(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = written(tmp_path / "log", stage().run())
    assert entry.run(["receipts", "verify", log]) == 0
    text = capsys.readouterr().out
    assert "none given" in text
    assert "not looked at" in text


def test_a_receipt_that_convicts_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its number in the file, the kind of fraud, and exit code 1."""
    honest = stage()

    def leave_out(commands: list[Command]) -> None:
        commands[7] = AdvanceTime()

    log = written(tmp_path / "log", honest.tampered(leave_out).run())
    mine = kept(tmp_path / "mine.json", honest.run())
    given = ["--receipt", mine, *CHAIN, *WHO]
    assert entry.run(["receipts", "verify", log, *given]) == 1
    text = capsys.readouterr().out
    assert "omitted: receipt 0, command 8" in text
    assert "convicted by receipt 0" in text
    assert entry.run(["receipts", "verify", log, *given, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {one["fraud"] for one in found["findings"]} >= {"omitted", "rewritten"}
    assert all(one["convicts_operator"] for one in found["findings"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["verify", "LOG", "--operator", "0x12"], 2, "not an address"),
        (["verify", "LOG", "--rpc", "ftp://x"], 2, "http"),
        (["verify", "LOG", "--rpc", "http://127.0.0.1:1"], 1, "--contract"),
        (["verify", "LOG", "--receipt", "MINE"], 1, "chain id"),
        (["verify", "LOG", "--receipt", "LOG"], 1, "the exchange answered"),
        (["verify", "MINE"], 1, "line 1"),
        (["verify", "nowhere"], 1, "nowhere"),
    ],
)
def test_what_can_not_be_looked_at_is_said_in_a_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    """Wrong usage is 2, everything else 1."""
    shown = stage().run()
    names = {
        "LOG": written(tmp_path / "log", shown),
        "MINE": kept(tmp_path / "mine.json", shown),
    }
    assert entry.run(["receipts", *(names.get(one, one) for one in arguments)]) == code
    output = capsys.readouterr()
    assert said in output.err + output.out


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b'"\xff"', b"[" * 150_000, b'{"a":' * 150_000, b'{"data":"\xff"}']
)
@pytest.mark.parametrize("option", ["--receipt", "--batches", ""])
def test_a_file_of_something_else_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, content: bytes
) -> None:
    """Bytes that are no text, and JSON without an end, which would take all of the stack."""
    log = written(tmp_path / "log", stage().run())
    path = tmp_path / "file"
    path.write_bytes(content)
    arguments = ["verify", log, option, str(path)] if option else ["verify", str(path)]
    assert entry.run(["receipts", *arguments, *CHAIN, *WHO]) == 1
    assert "error: " in capsys.readouterr().err


def test_an_empty_file_is_no_log_that_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a download that failed leaves it."""
    path = tmp_path / "log"
    path.touch()
    assert entry.run(["receipts", "verify", str(path)]) == 1
    assert "error: log: the file is empty" in capsys.readouterr().err


@pytest.mark.parametrize("events", [False, True])
async def test_a_journal_becomes_a_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, events: bool
) -> None:
    """With what its commands did where that is asked for; either verifies."""
    shown = stage().run()
    journal = FileJournal(tmp_path / "journal")
    await journal.open()
    for frame in shown.frames:
        await journal.append(frame.position - 1, frame.raw)
    await journal.close()
    out = tmp_path / "log"
    flags = ["--events"] if events else []
    assert entry.run(["receipts", "log", str(tmp_path / "journal"), "--out", str(out), *flags]) == 0
    assert f"{len(shown.frames)} records" in capsys.readouterr().out
    lines = [msgspec.json.decode(line) for line in out.read_bytes().splitlines()]
    assert all(("events" in line) == events for line in lines)
    assert entry.run(["receipts", "verify", str(out)]) == 0
    again = tmp_path / "again"
    assert entry.run(["receipts", "log", str(tmp_path), "--out", str(again), *flags]) == 0
    assert again.read_bytes() == out.read_bytes()


def test_where_no_journal_is_no_log_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty log would hold whatever it is asked."""
    out = tmp_path / "log"
    assert entry.run(["receipts", "log", str(tmp_path), "--out", str(out)]) == 1
    assert f"there is no journal in {tmp_path}" in " ".join(capsys.readouterr().err.split())
    assert not out.exists()
