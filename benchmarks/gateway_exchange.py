"""The exchange that `gateway` measures: the reference app, whole, in a process of its own.

Nothing is replaced but, where a run asks for it, the disk's sync: that tells what durability costs.
"""

import multiprocessing
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import attrs
import uvloop

from hybrid_dex.defaults.file_system import LocalFileSystem
from hybrid_dex.defaults.standard_risk import RiskLimits
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import LocalSigner
from reference_app.app import compose, opened
from reference_app.server import make_server
from reference_app.settings import (
    AuthSettings,
    LimitSettings,
    MarketSettings,
    ServerSettings,
    Settings,
)

ORIGIN: Final = "http://localhost:8000"
MARKET: Final = MarketSettings(
    id="ETH-USDC",
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
)
TRADERS: Final = tuple(LocalSigner(f"0x{number:064x}") for number in range(0x11, 0x21))
"""Who trades: known to both processes, and rich."""
TICKS_S: Final = os.sysconf("SC_CLK_TCK")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def settings(data: Path, *origins: str) -> Settings:
    """Return settings under which no limit is met; pages at these origins may log in, too."""
    plenty = 10_000_000
    return Settings(
        data=data,
        server=ServerSettings(port=0, connections=5_000, connections_per_address=5_000),
        auth=AuthSettings(
            secret="0123456789abcdefghijklmnopqrstuvwxyz", origins=[ORIGIN, *origins]
        ),
        limits=LimitSettings(
            requests_per_minute=plenty,
            orders_per_second=plenty,
            frames_per_second=plenty,
            waiting_frames=4_096,
            connections=5_000,
            connections_per_address=5_000,
        ),
        risk=RiskLimits(open_orders=None, daily_volume=None),
        markets=[MARKET],
    )


@attrs.frozen
class Running:
    """An exchange that runs: where it listens, where its files are, and its process."""

    address: str
    data: Path
    pid: int

    def processor_s(self) -> float:
        """Return the processor time that it has used: fair on a machine that others use too."""
        return _used_s(self.pid)

    def records_s(self) -> float:
        """Return the processor time of the process that writes its records."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()
        return sum(_used_s(int(pid)) for pid in children if _projects(int(pid)))

    def resident(self) -> int:
        """Return how many bytes of it are in memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]) * PAGE


def _used_s(pid: int) -> float:
    """Return what a process has used: in ticks with its threads that ended, or by those that live.

    Neither is ever more than the truth; the second is kept by the nanosecond.
    """
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    used = (int(fields[11]) + int(fields[12])) / TICKS_S
    living = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it ended just now
            living += int((task / "schedstat").read_text("ascii").split()[0])
    return max(used, living / 1e9)


def _projects(pid: int) -> bool:
    try:
        return b"hybrid_dex.exchange.projecting" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it ended just now
        return False


def _serve(data: Path, listening: socket.socket, *, durable: bool) -> None:
    """Run the exchange until the parent ends this process."""
    if not durable:
        LocalFileSystem.sync = _no_sync  # type: ignore[method-assign] # the one thing that is measured so

    async def main() -> None:
        host, port = listening.getsockname()
        chosen = settings(data, f"http://{host}:{port}")
        services = compose(chosen, owns_process=True)
        server = make_server(chosen, services, opens=False)
        async with opened(services):
            for market in services.exchange.markets:
                for signer in TRADERS:
                    account = AccountId(signer.address)
                    for asset in (market.base, market.quote):
                        await services.exchange.deposit(
                            account, asset.id, asset.parse("1000000000")
                        )
            await server.serve(sockets=[listening])

    uvloop.run(main())


def _no_sync(_files: LocalFileSystem, _descriptor: int) -> None:
    pass


@contextmanager
def exchange(*, durable: bool = True) -> Iterator[Running]:
    """Run the exchange in a process of its own, on the disk of this folder."""
    with tempfile.TemporaryDirectory(dir=".") as folder, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(4_096)
        data = Path(folder).resolve()
        process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(data, listening), kwargs={"durable": durable}, daemon=True
        )
        process.start()
        try:
            assert process.pid is not None
            yield Running(f"127.0.0.1:{listening.getsockname()[1]}", data, process.pid)
        finally:
            process.terminate()
            process.join()
