"""Whenever a signal comes, the demo ends its children, in order, and the next start resumes."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from reference_app.tests.demo.test_once import free_ports

COMMAND = str(Path(sys.executable).with_name("hybrid-dex"))


def alive(folder: Path) -> list[str]:
    """Return the commands of processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has just ended
            if str(folder) in command:
                found.append(command)
    return found


@pytest.mark.parametrize(
    ("said", "arguments", "number", "code"),
    [
        ("starting", ["--once"], signal.SIGTERM, 130),
        ("trading", ["--once"], signal.SIGTERM, 130),
        ("starting", [], signal.SIGINT, 130),
        ("trading", [], signal.SIGHUP, 0),
    ],
)
async def test_no_process_outlives_the_demo(
    tmp_path: Path, said: str, arguments: list[str], number: signal.Signals, code: int
) -> None:
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        COMMAND, "demo", "--no-chain", "--port", str(port), "--data", str(tmp_path), *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    async for line in process.stdout:
        if line.decode().startswith(said):
            break
    process.send_signal(number)
    rest, _ = await process.communicate()
    assert process.returncode == code, rest
    assert b"Traceback" not in rest
    assert alive(tmp_path) == []
