"""A13 at the door: an order is entered once, over REST, over sockets, and across a restart.

Fifty callers send the same order at once, some of whom are cut off before they hear an answer; and
all of them ask again after the exchange was closed and opened. Each answer is the first one.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from hybrid_dex.defaults.standard_risk import RiskLimits
from reference_app.tests.stack import Socket, Stack, Trader, limits, running, settings
from tests.tiers import count

SUBMITS = 50
SOCKETS = 5
ROUNDS = count(fast=4, full=200)
ROUNDS_A_RUN = 20
OPEN = limits(requests_per_minute=10**9, orders_per_second=10**9)
MANY = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)


async def over_rest(trader: Trader, order: dict[str, Any]) -> dict[str, Any]:
    reply = await trader.post("/orders", order)
    assert reply.status_code == 201, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def over_socket(socket: Socket, order: dict[str, Any], times: int) -> list[dict[str, Any]]:
    """Send it in a burst, which the exchange serves as one batch."""
    ids = [next(socket.ids) for _ in range(times)]
    for request in ids:
        await socket.send({"op": "place", "id": request, "order": order})
    answers = {}
    while len(answers) < times:
        message = await socket.receive()
        assert message["type"] == "ack", message
        answers[message["id"]] = message["result"]
    assert list(answers) == ids
    return list(answers.values())


async def cut_off(stack: Stack, trader: Trader, order: dict[str, Any]) -> None:
    """Two who send it and never hear of it."""
    async with trader.socket() as socket:
        await socket.send({"op": "place", "id": 1, "order": order})
        socket.connection.transport.abort()
    async with httpx.AsyncClient(base_url=stack.url) as http:
        asking = asyncio.ensure_future(http.post("/orders", json=order, headers=trader.headers))
        await asyncio.sleep(0.001)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


def the_first(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """All answers are of one order, by one command, with the same fills."""
    first = answers[0]
    for answer in answers:
        assert answer["order"]["order_id"] == first["order"]["order_id"]
        assert (answer["sequence"], answer["fills"]) == (first["sequence"], first["fills"])
    return first


async def test_fifty_submits_over_both_doors_are_one_order_even_after_a_restart(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    chosen = settings(tmp_path, limits=OPEN, risk=MANY)
    told: list[tuple[dict[str, Any], dict[str, Any]]] = []
    while len(told) < ROUNDS:
        async with running(chosen) as stack:
            stack.lanes = iter(range(1 + 2 * len(told), 2**16))
            funds = {} if told else {"USDC": "1000000"}
            alice = await stack.trader(1, **funds)
            bob = await stack.trader(2, **({} if told else {"ETH": "1000"}))
            for order, first in told[-ROUNDS_A_RUN:]:
                again = await over_rest(alice, order)
                assert the_first([first, again]) is first
            for _ in range(min(ROUNDS_A_RUN, ROUNDS - len(told), max(1, ROUNDS // 2))):
                told.append(await one_round(stack, alice, bob, len(told)))
            open_orders = (await alice.get("/orders/open")).json()["orders"]
            assert len(open_orders) == len(told)
    figure(f"{ROUNDS} orders submitted {SUBMITS} times at once over REST and sockets: 1 order each")


async def one_round(
    stack: Stack, alice: Trader, bob: Trader, number: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Half of it is on offer, so that entering twice would fill twice."""
    price = f"{100 + number}"  # above all bids before
    await bob.place("sell", "0.05", price)
    order = alice.order("buy", "0.1", price, client_order_id=f"n{number}")
    sockets = [alice.socket() for _ in range(SOCKETS)]
    opened = [await one.__aenter__() for one in sockets]
    try:
        share = SUBMITS // 2 // SOCKETS
        batches = await asyncio.gather(
            *(over_socket(socket, order, share) for socket in opened),
            *(_alone(alice, order) for _ in range(SUBMITS // 2)),
            _none(cut_off(stack, alice, order)),
        )
    finally:
        for one in sockets:
            await one.__aexit__(None, None, None)
    answers = [answer for batch in batches for answer in batch]
    assert len(answers) == SUBMITS
    first = the_first(answers)
    assert [fill["quantity"] for fill in first["fills"]] == ["0.05"]
    found = (await alice.get(f"/orders/by-client-id/n{number}")).json()
    assert (found["filled"], found["open"]) == ("0.05", "0.05")
    return order, first


async def _alone(trader: Trader, order: dict[str, Any]) -> list[dict[str, Any]]:
    return [await over_rest(trader, order)]


async def _none(work: Any) -> list[dict[str, Any]]:
    await work
    return []
