"""A demo in which nobody trades by itself, for pages in a real browser: what a script there does, it does alone.

The scripts stand in `reference_app/web/tests/browser`; each is told of the exchange by a plan, a file of JSON,
and fails with a word of what it missed.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from hybrid_dex.defaults.roles import Role
from reference_app import admin_commands
from reference_app.demo.local_chain import CHAIN_ID
from reference_app.demo.options import DemoOptions
from reference_app.demo.supervisor import Demo, running_demo
from reference_app.pages import BUILT
from reference_app.tests.demo.test_once import free_ports

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
        browser, node = shutil.which("chromium"), shutil.which("node")
        assert browser, "Chromium is needed (Debian: apt-get install chromium)"
        assert node, "Node.js is needed for the pages"
        assert (BUILT / "index.html").is_file(), "run: make web"
        plan = self.folder / f"{script}.json"
        plan.write_text(json.dumps(self._plan() | {"chromium": browser} | told))
        process = await asyncio.create_subprocess_exec(
            node,
            f"tests/browser/{script}.mjs",
            str(plan),
            cwd=WEB,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
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
async def quiet_demo(folder: Path, **chosen: Any) -> AsyncIterator[Browsing]:
    """Run a demo without its market maker and takers; their accounts have funds all the same."""
    port, chain_port = free_ports(2)
    options = DemoOptions(
        **{"port": port, "chain_port": chain_port, "data": folder / "demo", "takers": 6} | chosen
    )
    async with running_demo(options) as demo:
        ground = json.loads((options.data / "ground.json").read_text())
        yield Browsing(demo, folder, ground["contract"])
