"""Every number on the trader's pages, read off the document, is the API's for the same state of the exchange."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hybrid_dex.model.decimal_text import format_units, parse_units
from reference_app.pages import BUILT
from reference_app.tests.stack import Trader, running
from reference_app.tests.test_console_browser import served

PRICE, QUANTITY = 2, 4
"""Decimals of the market's tick and lot: prices and quantities are padded to them, so that columns line up."""
LEVELS = 14
TRIES = 30


def grouped(text: str) -> str:
    """Decimal text with its thousands marked."""
    whole, dot, fraction = text.partition(".")
    return f"{int(whole):,}{dot}{fraction}"


def padded(text: str, decimals: int) -> str:
    whole, _, fraction = text.partition(".")
    return grouped(f"{whole}.{fraction.ljust(decimals, '0')}")


def price(text: str) -> str:
    return padded(text, PRICE)


def quantity(text: str) -> str:
    return padded(text, QUANTITY)


def signed(change: str) -> str:
    """A change with its sign; none has no sign."""
    return change if change.startswith("-") or not float(change) else f"+{change}"


def side(levels: Iterable[list[str]]) -> list[list[str]]:
    """Levels as they are shown: price, quantity and the running total."""
    total, shown = 0, []
    for at, size in levels:
        total += parse_units("quantity", size, QUANTITY)
        shown.append([price(at), quantity(size), quantity(format_units(total, QUANTITY))])
    return shown


def side_words(one: dict[str, Any]) -> str:
    return "Buy" if one["side"] == "buy" else "Sell"


def type_words(order: dict[str, Any]) -> str:
    words = str(order["order_type"]).replace("_", " ")
    words += ", post-only" if order["post_only"] else ""
    return words + (", iceberg" if order.get("display_quantity") else "")


def state_words(order: dict[str, Any]) -> str:
    if order.get("waiting"):
        return f"waits for {price(order['trigger_price'])}"
    return str(order["status"]).replace("_", " ")


def fill_row(fill: dict[str, Any]) -> list[str]:
    """A fill's cells between its time and its stage."""
    return [
        fill["market"],
        side_words(fill),
        price(fill["price"]),
        quantity(fill["quantity"]),
        f"{grouped(fill['fee'])} {fill['fee_asset']}",
        fill["liquidity"],
    ]


def stages(fills: list[dict[str, Any]]) -> list[str]:
    return [fill["stage"] for fill in fills]


def shown_stages(rows: list[list[str]]) -> list[str]:
    return [row[7] for row in rows]


def without(rows: list[list[str]], *columns: int) -> list[list[str]]:
    return [[cell for at, cell in enumerate(row) if at not in columns] for row in rows]


async def told(alice: Trader) -> dict[str, Any]:
    """What the API says of all that the pages show, as they show it."""

    async def get(path: str) -> Any:
        reply = await alice.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    book = await get(f"/markets/ETH-USDC/book?depth={LEVELS}")
    deep = await get("/markets/ETH-USDC/book?depth=200")
    ticker = await get("/markets/ETH-USDC/ticker")
    trades = (await get("/markets/ETH-USDC/trades?limit=80"))["trades"]
    fills = (await get("/account/fills"))["fills"]
    opened = (await get("/orders/open"))["orders"]
    listed = (await get("/orders"))["orders"]
    balances = (await get("/account/balances"))["balances"]
    columns = (
        "available",
        "held",
        "in_flight_in",
        "in_flight_out",
        "withdrawing",
        "vouchers",
        "total",
    )
    balance_rows = [
        [
            one["asset"],
            *(grouped(one[name]) for name in columns),
            "–",  # on chain: there is none here
        ]
        for one in sorted(balances, key=lambda one: str(one["asset"]))
    ]
    fill_rows = [fill_row(fill) for fill in fills]
    bid, ask = (parse_units("price", book[name][0][0], PRICE) for name in ("bids", "asks"))
    percent = format_units((ask - bid) * 1_000_000 // ask, 4)
    return {
        "bids": side(book["bids"]),
        "asks": side(book["asks"]),
        "own": sorted(
            one["price"]
            for one in opened
            if one["market"] == "ETH-USDC"
            and not one["waiting"]
            and [one["price"]] in [level[:1] for level in book["bids"] + book["asks"]]
        ),
        "spread": f"Spread {grouped(format_units(ask - bid, PRICE))} USDC ({percent}%)",
        "trades": [
            [
                price(one["price"]),
                quantity(one["quantity"]),
                time.strftime("%H:%M:%S", time.localtime(one["at_ms"] // 1_000)),
            ]
            for one in trades
        ],
        "last": price(ticker["last"]),
        "facts": [
            f"{signed(ticker['change_percent'])}%",
            price(ticker["high"]),
            price(ticker["low"]),
            grouped(ticker["volume"]),
        ],
        "open": [
            [
                one["market"],
                side_words(one),
                type_words(one),
                price(one["price"]),
                f"{quantity(one['filled'])} / {quantity(one['quantity'])}",
                state_words(one),
            ]
            for one in sorted(opened, key=lambda one: int(one["order_id"]), reverse=True)
        ],
        "openCount": f"Open orders ({len(opened)})",
        "fills": fill_rows,
        "stages": stages(fills),
        "history": [
            [
                one["market"],
                side_words(one),
                type_words(one),
                price(one["price"]),
                f"{quantity(one['filled'])} / {quantity(one['quantity'])}",
                state_words(one),
                one["order_id"],
            ]
            for one in listed
        ],
        "balances": balance_rows,
        "depth": [
            price(deep["bids"][-1][0]),
            f"{price(deep['bids'][0][0])} – {price(deep['asks'][0][0])} USDC",  # as it is typeset
            price(deep["asks"][-1][0]),
        ],
        "portfolio": {"balances": balance_rows, "fills": fill_rows},
        "preview": True,
    }


def read(found: dict[str, Any]) -> dict[str, Any]:
    """What the browser read, without times of day and buttons."""
    answer = found["preview"]["answer"]
    worst = answer["worst_case"]
    preview = [
        f"{grouped(answer['hold'])} {answer['hold_asset']}",
        f"{grouped(answer['maker_fee'])} {answer['fee_asset']}",
        f"{grouped(answer['taker_fee'])} {answer['fee_asset']}",
        f"{grouped(worst['pays_at_most'])} {worst['pays_asset']}",
        f"{grouped(worst['receives_at_least'])} {worst['receives_asset']}",
    ]
    return {
        **{
            name: found[name]
            for name in (
                "bids",
                "asks",
                "trades",
                "last",
                "facts",
                "openCount",
                "balances",
                "depth",
            )
        },
        "own": sorted(found["own"]),
        "spread": " ".join(found["spread"].split()),
        "open": without(found["open"], 0, 6, 8),
        "fills": without(found["fills"], 0, 7, 8),
        "stages": shown_stages(found["fills"]),
        "history": without(found["history"], 0),
        "portfolio": {
            "balances": found["portfolio"]["balances"],
            "fills": without(found["portfolio"]["fills"], 0, 7, 8),
        },
        "preview": found["preview"]["shown"] == preview,
    }


@asynccontextmanager
async def browser(
    folder: Path, url: str, key: bytes, script: str = "numbers"
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A browser that has signed in and reads the screen whenever it is sent a line."""
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is needed (Debian: apt-get install chromium)"
    assert (BUILT / "index.html").is_file(), "run: make web"
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"url": url, "chromium": chromium, "key": "0x" + key.hex()}))
    process = await asyncio.create_subprocess_exec(
        "node", f"tests/browser/{script}.mjs", str(plan), cwd=BUILT.parent, limit=2**20,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert json.loads(await process.stdout.readline()) == "ready"
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def look(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"look\n")
    await process.stdin.drain()
    return read(json.loads(await process.stdout.readline()))


async def agrees(process: asyncio.subprocess.Process, alice: Trader) -> None:
    """The exchange is quiet: what is written a moment behind the engine arrives, and then all is equal."""
    for attempt in range(TRIES):
        expected = await told(alice)
        seen = await look(process)
        if seen == expected or attempt == TRIES - 1:
            break
    assert seen == expected


async def quotes(bob: Trader, first: int) -> None:
    """More levels than are shown, on both sides, with sums that carry."""
    for at in range(first, first + 9):
        await bob.place("sell", f"0.{at:02}99", f"{2600 + at}.5")
        await bob.place("buy", f"1{at}.0001", f"{2400 - at}.05")


async def before(alice: Trader, bob: Trader) -> None:
    """What a page finds when it is opened: fills of both roles, ended orders, and a trigger that waits."""
    await quotes(bob, 0)
    await alice.place("buy", "0.75", "2604.5", time_in_force="ioc")
    resting = await alice.place("buy", "3", "2450.25", post_only=True)
    await bob.place("sell", "1.2345", "2450.25", time_in_force="ioc")
    gone = await alice.place("buy", "2", "1000")
    reply = await alice.delete(f"/orders/{gone['order']['order_id']}")
    assert reply.status_code == 200, reply.text
    assert resting["order"]["status"] == "new"
    await alice.place("sell", "0.5", "2300", order_type="stop_limit", trigger_price="2310")


async def meanwhile(alice: Trader, bob: Trader) -> None:
    """What it is told while it is open."""
    await quotes(bob, 9)
    await alice.place("sell", "0.6", "2440", time_in_force="ioc")
    await bob.place("buy", "0.0005", "2500")
    own = await alice.place("sell", "0.25", "2501.01")
    await bob.place("buy", "0.1", "2501.01", time_in_force="ioc")
    gone = await alice.place("buy", "1.0001", "2399.99")
    for order in (gone, own):
        reply = await alice.delete(f"/orders/{order['order']['order_id']}")
        assert reply.status_code == 200, reply.text
    await alice.place("buy", "0.3333", "2350")


@pytest.mark.slow
@pytest.mark.timeout(1_200)
async def test_every_number_on_the_pages_is_the_exchange_s(tmp_path: Path) -> None:
    chosen, url = served(tmp_path / "data")
    async with running(chosen) as stack:
        alice = await stack.trader(1, USDC="1000000.5", ETH="2.000000000000000001")
        bob = await stack.trader(2, USDC="10000000", ETH="1000")
        await before(alice, bob)
        async with browser(tmp_path, url, bytes(alice.key.key)) as process:
            await agrees(process, alice)
            await meanwhile(alice, bob)
            await agrees(process, alice)
            await check_differs(process, alice, bob)


async def check_differs(process: asyncio.subprocess.Process, alice: Trader, bob: Trader) -> None:
    """The comparison notices: after one more order the old answers are no longer what is shown."""
    expected = await told(alice)
    await bob.place("buy", "5", "2500.5")
    await agrees(process, alice)
    assert await look(process) != expected
