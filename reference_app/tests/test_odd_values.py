"""What no id can be is nobody's, on either database alike, and never passes for a database that is away."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from hybrid_dex.defaults.roles import Role
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import make_cursor
from reference_app.breakers import FAILURES
from reference_app.tests.keys import confirmed, make_key
from reference_app.tests.stack import Stack, Trader, running, settings
from reference_app.tests.test_routes import is_problem
from tests.defaults.databases import auth_cluster, auth_url

__all__ = ["auth_cluster", "auth_url"]

ODD = ["%00", "a%00b", "%C3%A9", "%7F", "a%0Ab"]


@pytest.fixture
async def stack(auth_url: str, tmp_path: Path) -> AsyncIterator[Stack]:
    """An exchange whose logins and records stand in one kind of database."""
    chosen = settings(tmp_path / "data")
    auth = attrs.evolve(chosen.auth, database=auth_url)
    records = auth_url if auth_url.startswith("postgresql") else ""
    async with running(attrs.evolve(chosen, auth=auth, records=records)) as started:
        yield started


@pytest.fixture
async def admin(stack: Stack) -> Trader:
    trader = await stack.trader(3)
    await stack.services.identity.roles.grant(trader.account, Role.ADMIN, "command")
    return trader


async def check_open(stack: Stack) -> None:
    """Logins and lists are looked up as ever."""
    assert stack.services.counters.breakers_opened == 0
    assert (await stack.post("/auth/nonce")).status_code == 200
    assert stack.services.read.state == "closed"


async def test_a_key_that_no_key_can_be_is_not_let_in(stack: Stack, alice: Trader) -> None:
    key = await make_key(alice)
    async with stack.socket() as socket:
        for odd in ["\0x", "é", "\x7f", "\n"] * FAILURES:
            refused = (await socket.ask(key.login(key=odd)))["problem"]
            assert (refused["status"], refused["code"]) == (401, RejectReason.UNAUTHENTICATED)
        assert (await socket.ask(key.login()))["result"]["account"] == alice.account
    await check_open(stack)


async def test_ids_that_nothing_has_are_not_found(
    stack: Stack, alice: Trader, admin: Trader
) -> None:
    for odd in ODD:
        for path in (f"/auth/sessions/{odd}", f"/auth/api-keys/{odd}"):
            is_problem(await alice.delete(path), 404, RejectReason.NOT_FOUND)
        for path in (f"/admin/actions/{odd}", f"/admin/users/{odd}"):
            is_problem(await admin.get(path), 404, RejectReason.NOT_FOUND)
        cursor = f"/admin/actions?before=1.{odd}"
        is_problem(await admin.get(cursor), 400, RejectReason.INVALID_NUMBER)
    confirming = {"confirm": {"digest": "0" * 64}, "cancel": {"reason": "why not"}}
    for what, body in confirming.items():
        reply = await confirmed(admin, "POST", f"/admin/actions/%00/{what}", body)
        is_problem(reply, 404, RejectReason.NOT_FOUND)
    await check_open(stack)


async def test_who_may_not_is_refused_and_logged_whatever_the_address_says(
    stack: Stack, alice: Trader, admin: Trader
) -> None:
    for _ in range(FAILURES):
        reply = await alice.post("/admin/actions/%00/cancel", {"reason": "why not"})
        is_problem(reply, 403, RejectReason.FORBIDDEN)
    (line,) = [one for one in await log(admin) if one["outcome"] == "refused"]
    assert (line["actor"], line["subject"]) == (alice.account, "POST /admin/actions/%00/cancel")
    await check_open(stack)


CURSORS = {
    "/account/ledger": (2**63 - 1, 2**31 - 1, 2**15 - 1),
    "/account/deposits": (2**63 - 1, 2**31 - 1),
    "/account/withdrawals": (2**63 - 1, 2**31 - 1),
    "/markets/ETH-USDC/candles?interval=1m": (2**63 - 1,),
}
"""Lists, and the largest key that each can have."""


async def test_a_cursor_of_no_key_is_refused(stack: Stack, alice: Trader) -> None:
    for path, largest in CURSORS.items():
        join = f"{path}&before=" if "?" in path else f"{path}?before="
        assert (await alice.get(join + make_cursor(*largest))).status_code == 200
        for part, most in enumerate(largest):
            beyond = make_cursor(*largest[:part], most + 1, *largest[part + 1 :])
            is_problem(await alice.get(join + beyond), 400, RejectReason.INVALID_NUMBER)
        longer = make_cursor(*largest, 0)
        is_problem(await alice.get(join + longer), 400, RejectReason.INVALID_NUMBER)
    await check_open(stack)


async def log(admin: Trader) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await admin.get("/admin/audit")).json()["entries"]
    return entries
