"""The demo's own EVM node: anvil, from the npm package in the checkout.

The binary inside the package is started, not its Node wrapper, which leaves orphans. Its state is
kept in a file that it writes every second and at its end, so the next start resumes the chain.
"""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

import aiohttp
import attrs
from web3 import AsyncWeb3
from web3.exceptions import Web3Exception

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.settlement.evm.provider import HttpProvider
from reference_app.demo.processes import Child, require_free_port

__all__ = ["CHAIN_ID", "LocalChain", "find_anvil"]

CHAIN_ID: Final = 31337
_BINARY: Final = Path("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
_START_S: Final = 20.0
_POLL_S: Final = 0.05


def find_anvil() -> Path:
    """Return the node's program: ``HYBRID_DEX_ANVIL``, the checkout's package, or the path's.

    Raises:
        ConfigurationError: there is none; the message says how to go on without.
    """
    named = os.environ.get("HYBRID_DEX_ANVIL")
    if named:
        if not Path(named).is_file():
            raise ConfigurationError(
                f"HYBRID_DEX_ANVIL names no file: {named}; correct it, or unset it"
            )
        return Path(named)
    checkout = Path(__file__).resolve().parents[2]
    for candidate in (checkout / _BINARY, Path.cwd() / _BINARY):
        if candidate.is_file():
            return candidate
    on_path = shutil.which("anvil")
    if on_path is not None:
        return Path(on_path)
    message = (
        "the local chain (anvil) is not installed: run `make demo`, which installs it with Node.js 20 or newer, "
        "or go on without a chain: hybrid-dex demo --no-chain"
    )
    raise ConfigurationError(message)


@attrs.define
class LocalChain:
    """One anvil process on 127.0.0.1.

    Attributes:
        port: where it listens.
        directory: where its state and log are kept.
        block_time_s: seconds between blocks.
    """

    port: int
    directory: Path
    block_time_s: int = 1
    _child: Child | None = None

    @property
    def url(self) -> str:
        """Its JSON-RPC address."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start the node and wait until it answers.

        Raises:
            ConfigurationError: no program, or the port is taken.
            SettlementError: it ended or did not answer in time.
        """
        program = find_anvil()
        require_free_port(self.port, "the local chain", "--chain-port")
        self.directory.mkdir(parents=True, exist_ok=True)
        self._child = Child(
            "the local chain",
            [
                str(program), "--host", "127.0.0.1", "--port", str(self.port), "--chain-id", str(CHAIN_ID),
                "--hardfork", "prague", "--block-time", str(self.block_time_s), "--quiet",
                "--state", str(self.directory / "state.json"), "--state-interval", "1",
            ],
            self.directory / "anvil.log",
        )  # fmt: skip
        await self._child.start()
        await self._answering()

    async def _answering(self) -> None:
        assert self._child is not None
        web3 = AsyncWeb3(HttpProvider(self.url))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _START_S
        try:
            while self._child.running and loop.time() < deadline:
                try:
                    if await web3.eth.chain_id == CHAIN_ID:
                        return
                except (aiohttp.ClientError, OSError, ValueError, Web3Exception):
                    pass
                await asyncio.sleep(_POLL_S)
        finally:
            await web3.provider.disconnect()
        reason = self._child.last_line() or "no answer"
        await self.stop()
        message = (
            f"the local chain did not start: {reason} (log: {self._child.log}; --fresh starts anew)"
        )
        raise SettlementError(message)

    async def stop(self) -> None:
        """End the node; it writes its state first. Safe to call twice."""
        if self._child is not None:
            await self._child.stop()
