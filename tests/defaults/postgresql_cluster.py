"""A private PostgreSQL for tests, from the machine's server programs: no network, no left-overs."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
"""Where Debian's package puts them, one a version; empty when none is installed."""


@contextmanager
def private_cluster() -> Iterator[Path]:
    """Run a fresh cluster on a Unix socket; yield the socket's folder."""
    assert SERVER_PROGRAMS, "PostgreSQL's server is not installed: apt-get install postgresql"
    server = SERVER_PROGRAMS[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    initialize = [str(server / "initdb"), "-D", str(folder / "data"), "-U", "postgres"]
    try:
        _run([*initialize, "-A", "trust", "--no-sync", "-E", "UTF8"])
        start(folder)
        try:
            yield folder
        finally:
            stop_at_once(folder)
    finally:
        shutil.rmtree(folder)


def start(folder: Path) -> None:
    """Start a cluster of `private_cluster`, after `stop_at_once` too; return once it answers."""
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    _run([*_control(folder), "-l", str(folder / "log"), "-o", options, "start"])


def stop_at_once(folder: Path) -> None:
    """Stop a cluster as a crash would: nothing is written any more, every connection is cut."""
    _run([*_control(folder), "-m", "immediate", "stop"])


def _control(folder: Path) -> list[str]:
    return [str(SERVER_PROGRAMS[-1].parent / "pg_ctl"), "-D", str(folder / "data"), "-w"]


def _run(command: list[str]) -> None:
    """Run a program, as another user when we are root: PostgreSQL refuses to be root."""
    as_server = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*as_server, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}"
