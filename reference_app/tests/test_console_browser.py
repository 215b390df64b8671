"""The operators' console in a real browser: it shows what is so, does what was signed for, and runs no text."""

import asyncio
import itertools
import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from hybrid_dex.defaults.roles import Role
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.risk_control import AssignRiskTier, SetAccountGroup, SetRiskTier
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.wire import encode
from hybrid_dex.wire.admin_actions import ReleaseAccountAction, StopAccountAction
from reference_app import admin_commands
from reference_app.pages import BUILT
from reference_app.settings import AuthSettings, ServerSettings, Settings
from reference_app.tests.demo.browsing import SCREENSHOTS
from reference_app.tests.stack import ORIGIN, Stack, Trader, running, settings

WEB = BUILT.parent
PAGE = 100
"""Actions that the console reads at once."""
PAYLOADS = [
    "<script>executed()</script>",
    "<img src=x onerror=executed()>",
    "<svg onload=executed()>",
    '"><img src=x onerror=executed()>',
    "'><svg/onload=executed()>",
    "<iframe srcdoc='<script>parent.executed()</script>'>",
    "javascript:executed()",
    "<a href=javascript:executed()>x</a>",
    "<details open ontoggle=executed()>",
    "<input autofocus onfocus=executed()>",
    "<body onload=executed()>",
    "<math><mi xlink:href='javascript:executed()'>",
    "{{constructor.constructor('executed()')()}}",
    "${executed()}",
    "</title><script>executed()</script>",
    "</textarea><script>executed()</script>",
    "<style>@import 'javascript:executed()'</style>",
    "<object data=javascript:executed()>",
    "<embed src=javascript:executed()>",
    "<base href=javascript:executed()//>",
]

_GRANTING = """[hybrid-dex]
data = {data}
demo = true
[[hybrid-dex.markets]]
id = "ETH-USDC"
base_decimals = 18
quote_decimals = 6
tick = "0.01"
lot = "0.0001"
base_token = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
quote_token = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
"""
"""What the command that gives roles reads: where the exchange keeps them."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def served(data: Path) -> tuple[Settings, str]:
    """Settings whose pages and login have one origin, as behind a proxy."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    auth = AuthSettings(secret="0123456789abcdefghijklmnopqrstuvwxyz", origins=[url, ORIGIN])
    return settings(data, server=ServerSettings(port=port), auth=auth), url


async def plant(stack: Stack, alice: Trader) -> None:
    """Put every payload where the console shows text that others wrote."""
    exchange = stack.services.exchange
    assert isinstance(exchange, Exchange)
    for number, payload in enumerate(PAYLOADS):
        await exchange.execute(SetRiskTier(tier=payload, limits=RiskLimits(open_orders=500)))
        await stack.services.identity.roles.note(payload, payload, payload, payload)
        await alice.place("buy", "0.01", "100", client_order_id=f"{payload[:58]}-{number}")
    await exchange.execute(AssignRiskTier(account=alice.account, tier=PAYLOADS[1]))
    await exchange.execute(SetAccountGroup(account=alice.account, group=PAYLOADS[2]))


async def fill_actions(stack: Stack, proposer: Trader, of: Trader) -> None:
    """Put a proposal behind more actions than the console reads at once."""
    begin = stack.services.administration.actions.begin
    release = encode(ReleaseAccountAction(account=of.account)).decode()
    stop = encode(StopAccountAction(account=of.account)).decode()
    for number in range(PAGE + 1):
        await begin(
            f"action-{number}",
            kind="stop_account" if number else "release_account",
            subject=of.account,
            content=stop if number else release,
            reason=f"the action {number}",
            by=proposer.account,
            proposes=not number,
        )


async def trade(bob: Trader, carol: Trader) -> None:
    """Orders that go on, so that figures move; refused ones, during a halt, count as well."""
    for number in itertools.count():
        for trader, side in ((bob, "sell"), (carol, "buy")):
            body = trader.order(side, "0.01", str(2500 + number % 3), market="BTC-USDC")
            await trader.post("/orders", body)
        await asyncio.sleep(1)


@pytest.mark.slow
async def test_operators_see_and_steer_the_running_exchange(tmp_path: Path) -> None:
    chosen, url = served(tmp_path / "data")
    toml = tmp_path / "exchange.toml"
    toml.write_text(_GRANTING.format(data=json.dumps(str(chosen.data))))
    keys = {
        name: Account.from_key(bytes(31) + bytes([at]))
        for at, name in enumerate(("foreign", "first", "second"), 201)
    }
    async with running(chosen) as stack:
        alice = await stack.trader(1, USDC="1000000")
        bob, carol = await stack.trader(2, BTC="1000"), await stack.trader(3, USDC="1000000")
        for name in ("first", "second"):
            granting = admin_commands.grant
            await asyncio.to_thread(granting, keys[name].address, role=Role.ADMIN, settings=[toml])
        await plant(stack, alice)
        await fill_actions(stack, carol, bob)
        trading = asyncio.create_task(trade(bob, carol))
        try:
            seen = await look(tmp_path, url, keys, alice)
        finally:
            trading.cancel()
        entries = await stack.services.identity.roles.audit(before=None, limit=100)
    assert seen["executed"] == 0
    assert seen["foreign"] == []
    assert [text for text in seen["console"] if "Content Security Policy" in text] == []
    assert {page: found for page, found in seen["axe"].items() if found} == {}
    assert {page: over for page, over in seen["widths"].items() if over > 0} == {}
    assert "not yours" in seen["foreignPage"]
    assert alice.account not in seen["foreignPage"]
    old, new = seen["journal"]
    assert old != new
    assert "before open → after halted" in seen["halt"]
    states = {market["id"]: market["state"] for market in seen["markets"]["markets"]}
    assert states == {"ETH-USDC": "halted", "BTC-USDC": "open"}
    assert "before free → after stopped" in seen["freeze"]
    assert seen["killNeedsWords"]
    assert "before free → after stopped" in seen["kill"]
    for proposed in ("release", "lift"):
        assert "Nothing has changed yet" in seen[proposed]
    assert seen["ownProposals"] == [True, True, False]
    assert "the action 0" in seen["oldest"]
    assert all("before stopped → after free" in text for text in seen["confirms"])
    assert "socket lost" in seen["stale"]
    assert "Not live" in seen["stale"]
    told = {(entry.action, entry.outcome) for entry in entries}
    assert {
        ("set_market_state", "done"),
        ("stop_account", "done"),
        ("release_account", "proposed"),
        ("release_account", "done"),
        ("stop_all", "done"),
        ("release_all", "proposed"),
        ("release_all", "done"),
    } <= told
    for line in ("Set market state", "Stop account", "Release all", PAYLOADS[0]):
        assert line in seen["audit"]


async def look(folder: Path, url: str, keys: dict[str, Any], alice: Trader) -> dict[str, Any]:
    """Run the browser, and return what it saw."""
    chromium = shutil.which("chromium")
    assert chromium, "install Debian's chromium"
    assert (BUILT / "index.html").is_file(), "run `make web`"
    plan = folder / "plan.json"
    plan.write_text(
        json.dumps(
            {
                "url": url,
                "chromium": chromium,
                "market": "ETH-USDC",
                "user": alice.account,
                "payloads": PAYLOADS,
                "shots": os.environ.get(SCREENSHOTS, ""),
                "keys": {name: "0x" + bytes(one.key).hex() for name, one in keys.items()},
            }
        )
    )
    process = await asyncio.create_subprocess_exec(
        "node",
        str(WEB / "tests/browser/console.mjs"),
        str(plan),
        cwd=WEB,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    found: dict[str, Any] = json.loads(out)
    return found
