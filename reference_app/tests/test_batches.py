"""The socket takes batches, and cancels what a trader who is gone has left."""

import asyncio

from hybrid_dex.model.reasons import RejectReason
from reference_app.tests.stack import Stack, Trader


async def test_a_batch_is_answered_member_by_member(stack: Stack, alice: Trader) -> None:
    """With the answers that the requests get alone; all-or-none with a problem for each."""
    async with alice.socket() as socket:
        mine = alice.order("buy", "1", "10", client_order_id="mine")
        members = [
            {"op": "place", "order": mine},
            {"op": "place", "order": alice.order("buy", "1", "11")},
            {"op": "cancel", "client_order_id": "mine"},
            {"op": "cancel", "order_id": "77"},
        ]
        refused = await socket.ask(
            {"op": "batch", "batch": {"members": members[:2] + members[3:], "all_or_none": True}}
        )
        codes = [row["problem"]["code"] for row in refused["result"]["members"]]
        other = RejectReason.BATCH_REFUSED
        assert codes == [other, other, RejectReason.UNKNOWN_ORDER]
        told = (await socket.ask({"op": "batch", "batch": {"members": members}}))["result"]
        statuses = [row["answer"]["order"]["status"] for row in told["members"][:3]]
        assert statuses == ["canceled", "new", "canceled"]
        assert told["members"][3]["problem"]["code"] == RejectReason.UNKNOWN_ORDER
        unread = await socket.ask({"op": "batch", "batch": {"members": []}})
        assert unread["problem"]["code"] == RejectReason.INVALID_MESSAGE


async def test_a_switch_is_armed_pushed_back_and_disarmed(stack: Stack, alice: Trader) -> None:
    async with alice.socket() as socket:
        late = await socket.ask({"op": "heartbeat"})
        assert late["problem"]["code"] == RejectReason.NOTHING_SCHEDULED
        switch = {"timeout_ms": 60_000, "market": "ETH-USDC"}
        armed = await socket.ask({"op": "schedule_cancel", "switch": switch})
        pushed = await socket.ask({"op": "heartbeat"})
        assert pushed["result"]["due_at_ms"] >= armed["result"]["due_at_ms"]
        gone = await socket.ask({"op": "schedule_cancel", "switch": switch | {"timeout_ms": 0}})
        assert "due_at_ms" not in gone["result"]


async def test_orders_go_with_the_last_socket_of_who_wished_so(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    view = stack.services.exchange.view
    async with alice.socket() as left, bob.socket() as other:
        async with alice.socket() as right:
            wished = await right.ask({"op": "cancel_on_disconnect", "enabled": True})
            assert wished["result"]["cancel_on_disconnect"] is True
            await right.ask({"op": "place", "order": alice.order("buy", "1", "10")})
            await other.ask({"op": "place", "order": bob.order("sell", "1", "9000")})
        await left.ask({"op": "ping"})
        assert view.open_order_count(alice.account) == 1
    async with asyncio.timeout(10):
        while view.open_order_count(alice.account):
            await asyncio.sleep(0.01)
    assert view.open_order_count(bob.account) == 1
