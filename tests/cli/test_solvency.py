"""`hybrid-dex solvency` says what is wrong with its files before any node is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from hybrid_dex.cli import entry

SOURCE = ["--rpc", "http://127.0.0.1:1", "--contract", "0x" + "12" * 20]


@pytest.mark.parametrize(
    ("command", "option", "line"),
    [
        ("publish", "--key-file", "holds no private key"),
        ("verify", "--proof", "a file written by `solvency proof`"),
    ],
)
def test_a_file_of_something_else_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, option: str, line: str
) -> None:
    """Bytes that are no text at all."""
    path = tmp_path / "file"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    assert entry.run(["solvency", command, *SOURCE, option, str(path)]) == 1
    assert line in " ".join(capsys.readouterr().err.split())


@pytest.fixture
def _retrying() -> Iterator[None]:
    """Two attempts without a pause, told by whatever stamina tells them by."""
    before = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks(None)
    with stamina.set_testing(True, attempts=2):
        yield
    stamina.instrumentation.set_on_retry_hooks(before)


@pytest.mark.usefixtures("_retrying")
@pytest.mark.parametrize("command", ["solvency verify --json", "receipts batches --out x"])
def test_a_node_that_is_asked_again_is_told_of_in_one_line(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """What is printed can be read as JSON: nothing is written in between."""
    assert entry.run([*command.split(), *SOURCE]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "the node does not answer" in printed.err
