"""C11: two gateway processes that count on one Redis admit together what one would."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from redis_bench import Server, free_port

LIMIT = 100
BURST = 10 * LIMIT
ONE_EACH = httpx.Limits(max_keepalive_connections=0)
"""A connection that is kept may be closed just when it is used again."""
SETTINGS = """
[hybrid-dex]
demo = true
data = "{data}"
[hybrid-dex.auth]
origins = ["http://localhost:8000"]
[hybrid-dex.server]
port = {port}
[hybrid-dex.limits]
storage = "async+{redis}"
requests_per_minute = {limit}
[[hybrid-dex.markets]]
id = "ETH-USDC"
base_decimals = 18
quote_decimals = 6
tick = "0.01"
lot = "0.0001"
base_token = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
quote_token = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
"""


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@asynccontextmanager
async def gateway(folder: Path, redis: str) -> AsyncIterator[str]:
    """A process that serves; its address."""
    port = free_port()
    file = folder / "settings.toml"
    file.write_text(SETTINGS.format(data=folder / "data", port=port, redis=redis, limit=LIMIT))
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reference_app", str(file), stderr=log, env=dict(os.environ)
        )
    try:
        while True:
            assert process.returncode is None, (folder / "log").read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            break
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.mark.timeout(900)
async def test_a_burst_over_two_processes_is_admitted_at_the_rate_of_one(
    server: Server, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Ten times the limit, with forged addresses, within 5 %; the others are told when to come."""
    async with AsyncExitStack() as opened:
        addresses = [
            await opened.enter_async_context(gateway(made(tmp_path / name), server.address))
            for name in ("one", "two")
        ]
        clients = [
            await opened.enter_async_context(
                httpx.AsyncClient(base_url=address, timeout=100, limits=ONE_EACH)
            )
            for address in addresses
        ]
        codes = Counter[int]()

        async def ask(number: int) -> None:
            for each in range(number, BURST, 20):
                headers = {"x-forwarded-for": f"198.51.100.{each % 250}"}
                answer = await clients[each % 2].get("/time", headers=headers)
                codes[answer.status_code] += 1
                if answer.status_code == 429:
                    assert 1 <= int(answer.headers["retry-after"]) <= 60
                    assert answer.headers["ratelimit"].startswith('"address";r=0;t=')

        begun = time.monotonic()
        await asyncio.gather(*map(ask, range(20)))
        took_s = time.monotonic() - begun
    assert set(codes) == {200, 429}
    most = LIMIT * (1 + took_s / 60)  # where a minute begins meanwhile, the one before fades
    assert 0.95 * LIMIT <= codes[200] <= 1.05 * most
    figure(f"{BURST} requests to two processes, {codes[200]} admitted under a limit of {LIMIT}")
