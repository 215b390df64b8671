"""A long list in a real browser: every row is there once it is scrolled to, and stays there when newer ones come."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from reference_app.tests.stack import Trader, running
from reference_app.tests.test_console_browser import served
from reference_app.tests.test_page_numbers import browser, quantity
from tests.tiers import count

PAST = count(fast=130, full=600)
"""More than a page of the API holds."""
IN_SIGHT = 12
"""The panel shows seven rows; a few more may be drawn."""


async def ask(process: asyncio.subprocess.Process, do: str, label: str, **terms: Any) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"do": do, "label": label, **terms}).encode() + b"\n")
    await process.stdin.drain()
    return json.loads(await process.stdout.readline())


async def trade(alice: Trader, lots: range) -> None:
    """Fill one order of Alice for each; no two have one quantity."""
    for at in lots:
        await alice.place("sell", f"0.{at + 1_000}", "100", time_in_force="ioc")


async def all_of(alice: Trader, path: str, name: str) -> list[dict[str, Any]]:
    """Everything that the API lists, page by page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        reply = await alice.get(f"{path}?limit=100{cursor}")
        assert reply.status_code == 200, reply.text
        answer = reply.json()
        found += answer[name]
        if not answer.get("next"):
            return found
        cursor = f"&before={answer['next']}"


async def until_read(alice: Trader, fills: int) -> None:
    """Wait until the records, which are written a moment behind the engine, hold so many."""
    while len(await all_of(alice, "/account/fills", "fills")) < fills:
        await asyncio.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_row_is_scrolled_to_and_stays_where_it_is(tmp_path: Path) -> None:
    chosen, url = served(tmp_path / "data")
    async with running(chosen) as stack:
        alice = await stack.trader(1, ETH="10000")
        bob = await stack.trader(2, USDC="100000000")
        await bob.place("buy", "1000", "100")
        await trade(alice, range(PAST))
        await until_read(alice, PAST)
        async with browser(tmp_path, url, bytes(alice.key.key), "lists") as process:
            await ask(process, "open", "Fills")
            assert await ask(process, "older", "Fills") == PAST
            await check_all(process, alice, "Fills", "/account/fills", "fills")
            await check_stays(process, alice)
            await ask(process, "open", "Order history")
            assert await ask(process, "older", "Order history") == PAST + 6
            await check_all(process, alice, "Order history", "/orders", "orders")


async def check_all(
    process: asyncio.subprocess.Process, alice: Trader, label: str, path: str, name: str
) -> None:
    """Whoever scrolls through it has seen every row of the API's, in its order, and few were drawn at once."""
    listed = await all_of(alice, path, name)
    walked = await ask(process, "walk", label)
    assert [at for at, _ in walked["rows"]] == list(range(1, len(listed) + 1))
    shown = [cells[4 if name == "fills" else 5].partition(" / ")[0] for _, cells in walked["rows"]]
    assert shown == [quantity(one["quantity" if name == "fills" else "filled"]) for one in listed]
    assert walked["drawn"] <= IN_SIGHT + 14


async def check_stays(process: asyncio.subprocess.Process, alice: Trader) -> None:
    """What comes before the rows that are looked at moves none of them; at the top the newest is shown."""
    before = await ask(process, "scroll", "Fills", to=60 * 30 + 11)
    await trade(alice, range(PAST, PAST + 5))
    after = await ask(process, "until", "Fills", rows=PAST + 5)
    assert [cells for _, cells in after["rows"]] == [cells for _, cells in before["rows"]]
    assert [at for at, _ in after["rows"]] == [at + 5 for at, _ in before["rows"]]
    assert after["at"] == before["at"]
    await ask(process, "scroll", "Fills", to=0)
    await trade(alice, range(PAST + 5, PAST + 6))
    newest = await ask(process, "until", "Fills", rows=PAST + 6)
    assert newest["rows"][0][1][4] == quantity(f"0.{PAST + 1_005}")
