"""`hybrid-dex solvency` says what is wrong with its files before any node is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

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
