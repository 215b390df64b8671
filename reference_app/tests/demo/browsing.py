"""Demos for pages in a real browser: one as a visitor finds it, and one in which nobody trades but the script.

The scripts stand in `reference_app/web/tests/browser`; most are told of the exchange by a plan, a file of JSON,
and each fails with a word of what it missed.
"""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from hybrid_dex.defaults.roles import Role
from reference_app import admin_commands
from reference_app.demo.local_chain import CHAIN_ID
from reference_app.demo.options import DemoOptions
from reference_app.demo.supervisor import Demo, running_demo
from reference_app.pages import BUILT
from reference_app.tests.demo.test_once import free_ports

COMMAND = str(Path(sys.executable).with_name("hybrid-dex"))
WEB = BUILT.parent
SCREENSHOTS = "HYBRID_DEX_SCREENSHOTS"


@attrs.define
class Browsing:
    """A running demo and the folder of what its scripts are told and show."""

    demo: Demo
    folder: Path
    contract: str

    async def run(self, script: str, **told: Any) -> str:
        """Run a script to its end and return what it printed."""
        plan = self.folder / f"{script}.json"
        plan.write_text(json.dumps(self._plan() | {"chromium": shutil.which("chromium")} | told))
        return await run_script(script, str(plan))

    def _plan(self) -> dict[str, Any]:
        demo = self.demo
        assert demo.chain is not None
        accounts = demo.accounts
        return {
            "url": demo.options.url,
            "rpc": demo.chain.url,
            "chainId": CHAIN_ID,
            "contract": self.contract,
            "market": demo.market.id,
            "exchange": demo.exchange.pid,
            "shots": os.environ.get(SCREENSHOTS, str(self.folder / "screenshots")),
            "keys": {
                "visitor": accounts.visitor.key,
                "owner": accounts.owner.key,
                "traders": [one.key for one in accounts.takers],
            },
        }

    async def grant(self, address: str) -> None:
        """Make an account an admin of the exchange."""
        settings = self.demo.options.data / "exchange.toml"
        await asyncio.to_thread(admin_commands.grant, address, role=Role.ADMIN, settings=[settings])


@asynccontextmanager
async def trading_demo(folder: Path) -> AsyncIterator[str]:
    """Run ``hybrid-dex demo`` as a person does, with its market maker and a taker; yield its address."""
    port, chain_port = free_ports(2)
    demo = await asyncio.create_subprocess_exec(
        COMMAND, "demo", "--port", str(port), "--chain-port", str(chain_port),
        "--takers", "1", "--data", str(folder / "demo"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert demo.stdout is not None
    said: list[bytes] = []
    try:
        async for line in demo.stdout:
            said.append(line)
            if line.startswith(b"trading"):
                break
        assert demo.returncode is None, b"".join(said).decode(errors="replace")
        draining = asyncio.create_task(demo.stdout.read())
        yield f"http://127.0.0.1:{port}"
        if demo.returncode is not None:
            rest = (await draining).decode(errors="replace")
            pytest.fail(f"the demo ended:\n{rest}")
        draining.cancel()
    finally:
        if demo.returncode is None:
            demo.terminate()
        await demo.wait()


async def run_script(script: str, *arguments: str) -> str:
    """Run a script of `reference_app/web/tests/browser` to its end and return what it printed."""
    browser, node = shutil.which("chromium"), shutil.which("node")
    assert browser, "Chromium is needed (Debian: apt-get install chromium)"
    assert node, "Node.js is needed for the pages"
    assert (BUILT / "index.html").is_file(), "run: make web"
    process = await asyncio.create_subprocess_exec(
        node, f"tests/browser/{script}.mjs", *arguments,
        cwd=WEB, env=os.environ | {"CHROMIUM": browser},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = out.decode(errors="replace")
    print(said)  # noqa: T201 # shown by pytest when the test fails
    assert process.returncode == 0, said
    return said


@asynccontextmanager
async def quiet_demo(folder: Path, **chosen: Any) -> AsyncIterator[Browsing]:
    """Run a demo without its market maker and takers; their accounts have funds all the same."""
    port, chain_port = free_ports(2)
    options = DemoOptions(
        **{"port": port, "chain_port": chain_port, "data": folder / "demo", "takers": 6} | chosen
    )
    async with running_demo(options) as demo:
        ground = json.loads((options.data / "ground.json").read_text())
        yield Browsing(demo, folder, ground["contract"])
