"""The command line finds commands by entry point and turns each failure into one line."""

import errno
import importlib.metadata
import os
import sys
import threading
from collections.abc import Iterable

import pytest

from hybrid_dex import cli
from hybrid_dex.cli import entry
from hybrid_dex.errors import ConfigurationError


def installed(monkeypatch: pytest.MonkeyPatch, commands: Iterable[tuple[str, str]]) -> None:
    """Pretend that these commands, and no others, are installed."""
    points = [
        importlib.metadata.EntryPoint(name=name, value=value, group="hybrid_dex.commands")
        for name, value in commands
    ]
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda *, group: importlib.metadata.EntryPoints(points)
    )


def works() -> int:
    """A command that returns its exit code."""
    return 7


def refused() -> None:
    """A command that a setting stops."""
    message = "port 8000 is taken; choose another: --port 8001"
    raise ConfigurationError(message)


def full() -> None:
    """A command that meets a full disk."""
    raise OSError(errno.ENOSPC, "No space left on device", "journal")


def locked() -> None:
    """A command that may not read a file."""
    raise PermissionError(errno.EACCES, "Permission denied", "log")


def late() -> None:
    """A command that waited too long, whose error has no words."""
    raise TimeoutError


def talks() -> None:
    """A command that prints more than a pipe holds, and a name of odd bytes first."""
    sys.stdout.write("x\udcff\n" + "and so on\n" * 100_000)


def interrupted() -> None:
    """A command that Ctrl-C ends."""
    raise KeyboardInterrupt


def narrow(number: int) -> int:
    """A command that takes a number."""
    return number


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(
        monkeypatch,
        [
            (f"try-{name}", f"{__name__}:{name}")
            for name in (
                "works",
                "refused",
                "full",
                "locked",
                "late",
                "talks",
                "interrupted",
                "narrow",
            )
        ]
        + [(name, "no_such_module_here:command") for name in ("try-broken", "records")],
    )


def test_wrong_usage_is_said_in_one_whole_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However narrow the terminal is: what is valid stands at the end."""
    monkeypatch.setenv("COLUMNS", "20")
    assert entry.run(["try-narrow", "no-number-at-all"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "no-number-at-all" in line
    assert line.endswith("into int.")
    assert entry.run(["try-narrow", "3"]) == 3


def test_a_command_is_found_by_entry_point_and_its_number_is_the_exit_code() -> None:
    assert entry.run(["try-works"]) == 7


@pytest.mark.parametrize(
    ("command", "code", "line"),
    [
        ("try-refused", 1, "error: port 8000 is taken; choose another: --port 8001"),
        ("try-full", 1, "error: the disk is full (journal); free some space and start again"),
        ("try-locked", 1, "error: log can not be opened; check its owner and permissions"),
        ("try-late", 1, "error: TimeoutError"),
        ("try-broken", 1, "pip install hybrid-dex-reference-app"),
        ("try-broken", 1, "error: No module named 'no_such_module_here'; install what"),
        ("records", 1, 'this command needs: pip install "hybrid-dex[cli,sql]"'),
        ("demo", 1, "`hybrid-dex demo` belongs to the reference exchange"),
        ("try-work", 2, "error: there is no command try-work; did you mean try-works?"),
        ("nothing", 2, "error: there is no command nothing; there are: records, try-broken"),
    ],
)
def test_a_failure_is_one_clear_line(
    command: str, code: int, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert entry.run([command]) == code
    output = capfd.readouterr()
    assert line in output.err
    assert "Traceback" not in output.err
    assert output.out == ""


def test_a_command_line_that_is_not_installed_says_what_to_install(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script comes with the library, what it stands on with the extra ``cli``."""
    for name in ("hybrid_dex.cli.entry", "cyclopts"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "cyclopts", None)
    monkeypatch.delattr(cli, "entry", raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capfd.readouterr().err
    assert (ended.value.code, said.count("\n")) == (1, 1)
    assert said.startswith("error: ")
    assert said.endswith('pip install "hybrid-dex[cli]"\n')


def test_an_interrupt_has_its_own_code_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert entry.run(["try-interrupted"]) == 130
    assert "Traceback" not in capfd.readouterr().err


def test_an_output_that_nobody_reads_on_ends_in_silence(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind `| head`; and what an encoding does not have is written by its number."""
    reader, writer = os.pipe()
    monkeypatch.setattr(sys, "argv", ["hybrid-dex", "try-talks"])
    seen: list[bytes] = []

    def head() -> None:
        with os.fdopen(reader, "rb") as pipe:
            seen.append(pipe.readline())

    with os.fdopen(writer, "w", encoding="utf-8") as output, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", output)
        reading = threading.Thread(target=head)
        reading.start()
        with pytest.raises(SystemExit) as ended:
            entry.main()
        reading.join()
    assert (ended.value.code, seen) == (1, [b"x\\udcff\n"])
    assert capfd.readouterr().err == ""


def test_help_and_version_need_no_command(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = ("try-broken", "no_such_module_here:command")
    installed(monkeypatch, [("try-works", f"{__name__}:works"), missing])
    assert entry.run(["--version"]) == 0
    for arguments in (["--help"], []):
        assert entry.run(arguments) == 0
        shown = capfd.readouterr().out
        assert "try-broken" in shown
        (line,) = [line for line in shown.splitlines() if "try-works" in line]
        assert "A command that returns its exit code." in line
