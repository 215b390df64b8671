"""From page to page in a real browser: each looks as it does when it is opened first, and none is a dead end."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hybrid_dex.defaults.roles import Role
from reference_app.tests.stack import Stack, Trader, running
from reference_app.tests.test_console_browser import served
from reference_app.tests.test_page_numbers import browser

TRADES = 40
"""More than the panel has room for."""
STEPS = (
    "trades",
    "nowhere",
    "phone",
    "back",
    "connect",
    "focus",
    "behind",
    "meanwhile",
    "copy",
    "lost",
)


async def do(process: asyncio.subprocess.Process, step: str) -> Any:
    """Do a step of the script and return what it saw."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(step.encode() + b"\n")
    await process.stdin.drain()
    return json.loads(await process.stdout.readline())


async def traded(stack: Stack) -> Trader:
    """Trades and a quote, and one who has a role and funds."""
    alice = await stack.trader(1, USDC="1000000")
    bob = await stack.trader(2, ETH="1000")
    await stack.services.identity.roles.grant(alice.account, Role.SUPPORT, "command")
    await bob.place("sell", "100", "2500")
    for _ in range(TRADES):
        await alice.place("buy", "0.1", "2500", time_in_force="ioc")
    return alice


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_an_order_that_trades_while_new_terms_are_typed_takes_them(tmp_path: Path) -> None:
    chosen, url = served(tmp_path / "data")
    async with running(chosen) as stack:
        alice = await stack.trader(1, USDC="1000000")
        bob = await stack.trader(2, ETH="1000")
        async with browser(tmp_path, url, bytes(alice.key.key), "moves") as process:
            assert await do(process, "begin")
            await bob.place("sell", "0.4", "2400", time_in_force="ioc")
            said, renewed = await do(process, "renew")
    assert "0.4 ETH are filled" in said
    assert renewed


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_page_is_a_dead_end_or_looks_otherwise_after_another(tmp_path: Path) -> None:
    chosen, url = served(tmp_path / "data")
    async with running(chosen) as stack:
        alice = await traded(stack)
        async with browser(tmp_path, url, bytes(alice.key.key), "moves") as process:
            seen = {step: await do(process, step) for step in STEPS}
    assert seen.pop("nowhere").startswith("Trade ETH-USDC")
    assert "could not be loaded" in seen["lost"].pop(0)
    assert seen == {
        "trades": [0, True],
        "phone": [1, 0, 0],
        "back": True,
        "connect": [],
        "focus": "submit",
        "behind": ["Buy", "Sell"],
        "meanwhile": ["Sell", "3"],
        "copy": [True, True, True, True],
        "lost": [True, True],
    }
