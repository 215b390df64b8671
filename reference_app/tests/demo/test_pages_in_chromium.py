"""A visitor's first minutes in a real browser: the pages against the whole demo on a chain, settled and final."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from reference_app.tests.demo.test_once import free_ports

COMMAND = str(Path(sys.executable).with_name("hybrid-dex"))
WEB = Path(__file__).parents[2] / "web"
SCREENSHOTS = "HYBRID_DEX_SCREENSHOTS"


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_visitor_trades_and_everything_settles(tmp_path: Path) -> None:
    browser, node = shutil.which("chromium"), shutil.which("node")
    assert browser, "Chromium is needed (Debian: apt-get install chromium)"
    assert node, "Node.js is needed for the pages"
    assert (WEB / "dist" / "index.html").is_file(), "run: make web"
    port, chain_port = free_ports(2)
    demo = await asyncio.create_subprocess_exec(
        COMMAND, "demo", "--port", str(port), "--chain-port", str(chain_port),
        "--takers", "1", "--data", str(tmp_path / "demo"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert demo.stdout is not None
        async for line in demo.stdout:
            if line.startswith(b"trading"):
                break
        draining = asyncio.create_task(demo.stdout.read())
        folder = os.environ.get(SCREENSHOTS, str(tmp_path / "screenshots"))
        flow = await asyncio.create_subprocess_exec(
            node, "tests/browser/flow.mjs", f"http://127.0.0.1:{port}", folder,
            cwd=WEB, env=os.environ | {"CHROMIUM": browser},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await flow.communicate()
        if flow.returncode and demo.returncode is not None:
            said += b"\nThe demo ended:\n" + await draining
        assert flow.returncode == 0, said.decode(errors="replace")
        draining.cancel()
    finally:
        if demo.returncode is None:
            demo.terminate()
        await demo.wait()
