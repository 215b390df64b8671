"""The bounded demo ends with 0 only after everything settled, with a chain and without."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def hybrid_dex(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line as a user does."""
    command = [str(Path(sys.executable).with_name("hybrid-dex")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.timeout(240)
def test_on_a_chain_every_fill_is_final_and_the_vault_equals_the_ledger(tmp_path: Path) -> None:
    port, chain_port = free_ports(2)
    ended = hybrid_dex(
        "demo", "--once", "--port", str(port), "--chain-port", str(chain_port), "--data", str(tmp_path)
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "all fills final" in ended.stdout
    assert "chain and ledger are equal" in ended.stdout
    orders, fills, batches = map(
        int, re.findall(r"(?:orders|fills|batches) (\d+)", ended.stdout)[:3]
    )
    assert orders > 20
    assert fills > 10
    assert batches >= 1
    assert (
        int(re.findall(r"gas per fill, all batches: ([\d,]+)", ended.stdout)[0].replace(",", ""))
        > 0
    )
    assert "DIFFERS" not in ended.stdout


@pytest.mark.timeout(240)
def test_without_a_chain_the_same_runs_with_python_alone(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    ended = hybrid_dex("demo", "--once", "--no-chain", "--port", str(port), "--data", str(tmp_path))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "all fills final" in ended.stdout


@pytest.mark.parametrize("taken", ["--port", "--chain-port"])
def test_a_taken_port_is_one_clear_line(tmp_path: Path, taken: str) -> None:
    (other,) = free_ports(1)
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        free = {"--port": "--chain-port", "--chain-port": "--port"}[taken]
        ended = hybrid_dex("demo", "--once", taken, port, free, str(other), "--data", str(tmp_path))
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr
    assert "is taken" in ended.stderr
    assert taken in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_second_demo_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    import fcntl

    folder = tmp_path / "once-no-chain"
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = hybrid_dex("demo", "--once", "--no-chain", "--data", str(tmp_path))
    assert ended.returncode == 1
    assert "another demo runs" in ended.stderr


def test_options_out_of_range_are_refused(tmp_path: Path) -> None:
    ended = hybrid_dex("demo", "--takers", "0", "--data", str(tmp_path))
    assert ended.returncode == 1
    assert "takers" in ended.stderr
    assert not any(tmp_path.iterdir())
