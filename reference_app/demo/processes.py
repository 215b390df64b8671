"""Starts and ends the demo's child processes: by pid, in order, and never another's.

A child runs in a session of its own, so that Ctrl-C reaches the demo alone, which then ends its
children in the order that keeps their state: the exchange before the chain.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from hybrid_dex.errors import ConfigurationError

__all__ = ["Child", "require_free_port"]

_GRACE_S: Final = 15
_TAIL_BYTES: Final = 4096
_NO_REASON: Final = "For more information"
"""How a command line ends its complaint about an argument; the reason stands before."""


def require_free_port(port: int, what: str, option: str) -> None:
    """Refuse with one line when something listens on a port of this machine already.

    Raises:
        ConfigurationError: the port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            message = f"port {port} for {what} is taken; stop what uses it, or choose another: {option} {port + 1}"
            raise ConfigurationError(message) from error


@attrs.define
class Child:
    """One child process with its log file.

    Attributes:
        name: what it is, for messages.
        command: program and arguments.
        log: the file that receives what it prints.
        environment: its whole environment, or ``None`` for the demo's own.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; raises `ConfigurationError` when the program can not be run."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    env=None if self.environment is None else dict(self.environment),
                )
            except OSError as error:
                message = f"{self.name} can not be started: {error}"
                raise ConfigurationError(message) from error

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def wait(self) -> int:
        """Wait for its end and return its exit code."""
        assert self._process is not None, "started before it is waited for"
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and insist after a grace period. Safe to call twice."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def last_line(self) -> str:
        """Return the last line it printed: why it ended, usually."""
        try:
            with self.log.open("rb") as output:
                output.seek(0, 2)
                output.seek(max(0, output.tell() - _TAIL_BYTES))
                lines = output.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        told = [line for line in lines if line.strip() and not line.startswith(_NO_REASON)]
        return told[-1] if told else ""
