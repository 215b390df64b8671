"""The client on the real app: batches, linked orders, conditions, previews and protection."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hybrid_dex import AccountId, FormatError, PlaceOrder, RefusedError, RejectReason, Side
from hybrid_dex.client import (
    ClientOptions,
    ExchangeClient,
    MemberRefusedError,
    NewOrder,
    OrderCancel,
    OrderOptions,
    OrderReduction,
    OrderReplacement,
)
from hybrid_dex.model.order import OrderType, TimeInForce
from hybrid_dex.signing import LocalSigner
from hybrid_dex.wire import OrderAnswer
from reference_app.tests.stack import Stack

SIGNER = LocalSigner(b"\x05" * 32)
STOP = OrderOptions(order_type=OrderType.STOP_LIMIT, trigger_price="2400")


def order(side: str, quantity: str, price: str, **terms: object) -> NewOrder:
    return NewOrder(market="ETH-USDC", side=side, quantity=quantity, price=price, **terms)


@pytest.fixture(params=["socket", "rest"])
async def client(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[ExchangeClient]:
    """A funded client whose requests go over the socket, or over REST."""
    market = stack.market("ETH-USDC")
    for asset, amount in ((market.base, "10"), (market.quote, "100000")):
        account = AccountId(SIGNER.address)
        await stack.services.exchange.deposit(account, asset.id, asset.parse(amount))
    options = ClientOptions(entry=request.param, receive_window_ms=60_000)
    async with ExchangeClient(stack.url, signer=SIGNER, options=options) as opened:
        await opened.stream.wait_ready()
        yield opened


async def test_a_batch_answers_each_and_linked_orders_enter_whole(client: ExchangeClient) -> None:
    first, refused = await client.batch(
        [order("buy", "1", "2000"), order("buy", "99", "2000", client_order_id="too-much")]
    )
    assert isinstance(first, OrderAnswer)
    assert isinstance(refused, MemberRefusedError)
    assert (refused.code, refused.index) == (RejectReason.INSUFFICIENT_FUNDS, 1)
    assert refused.client_order_id == "too-much"
    assert "member 1 (too-much): " in str(refused)
    with pytest.raises(FormatError, match=r"members\[1\]\.price"):
        await client.batch([order("buy", "1", "2000"), order("buy", "1", "0.001")])
    order_id = first.order.order_id
    changes = await client.batch(
        [
            OrderReplacement(order_id=order_id, quantity="2", price="2001"),
            OrderReduction(order_id=order_id, by="0.5"),
            OrderCancel(order_id=order_id),
        ],
        all_or_none=False,
    )
    assert [one.order.status for one in changes if isinstance(one, OrderAnswer)] == ["canceled"] * 3
    none = await client.batch(
        [order("buy", "1", "2000"), OrderCancel(client_order_id="nobody")], all_or_none=True
    )
    codes = [one.code for one in none if isinstance(one, RefusedError)]
    assert codes == [RejectReason.BATCH_REFUSED, RejectReason.UNKNOWN_ORDER]

    linked = await client.place_linked(
        order("sell", "1", "3000"), order("sell", "1", "2390", options=STOP)
    )
    assert linked.take_profit.order.linked_to == linked.stop.order.order_id
    assert {one.order_id for one in client.known_orders()} == {
        linked.take_profit.order.order_id,
        linked.stop.order.order_id,
    }
    bracket = await client.place_linked(
        order("sell", "1", "3000"),
        order("sell", "1", "2390", options=STOP),
        order("buy", "1", "2500"),
    )
    assert bracket.entry is not None
    assert bracket.stop.order.asleep == "1"
    with pytest.raises(RefusedError) as misfit:
        await client.place_linked(
            order("sell", "1", "3000"), order("sell", "2", "2390", options=STOP)
        )
    assert misfit.value.code == RejectReason.INVALID_LINK
    await client.cancel_all()
    assert await client.open_orders() == []


async def test_conditions_travel_and_a_preview_places_nothing(client: ExchangeClient) -> None:
    waits = await client.place("ETH-USDC", Side.SELL, "1", "2390", options=STOP)
    assert (waits.order.trigger_price, waits.order.waiting) == ("2400", True)
    iceberg = await client.place(
        "ETH-USDC", Side.SELL, "5", "2600", options=OrderOptions(display_quantity="0.5")
    )
    assert iceberg.order.display_quantity == "0.5"
    budget = OrderOptions(
        order_type=OrderType.MARKET, quote_budget="100", time_in_force=TimeInForce.IOC
    )
    spent = await client.place("ETH-USDC", Side.BUY, "1", "2700", options=budget)
    assert spent.order.quote_budget == "100"
    with pytest.raises(FormatError, match="trigger_price"):
        await client.place(
            "ETH-USDC", Side.SELL, "1", "2390", options=OrderOptions(trigger_price="2400.001")
        )
    before = await client.open_orders()
    told = await client.preview(order("buy", "1", "2500"))
    assert (told.hold, told.problem) == ("2500.5", None)
    if client.info.requires_signature:
        assert told.words
        assert told.typed_data is not None
    assert await client.open_orders() == before


async def test_a_switch_fires_when_nobody_pushes_it_back(client: ExchangeClient) -> None:
    await client.place("ETH-USDC", Side.BUY, "1", "2000")
    with pytest.raises(RefusedError) as late:
        await client.heartbeat()
    assert late.value.code == RejectReason.NOTHING_SCHEDULED
    armed = await client.schedule_cancel(60_000, "ETH-USDC")
    assert [one.market for one in armed.switches] == ["ETH-USDC"]
    assert (await client.heartbeat()).switches[0].timeout_ms == 60_000
    assert (await client.set_cancel_on_disconnect(enabled=True)).cancel_on_disconnect
    assert not (await client.set_cancel_on_disconnect(enabled=False)).cancel_on_disconnect
    await client.schedule_cancel(1, "ETH-USDC")
    while await client.open_orders():
        await asyncio.sleep(0.01)
    assert (await client.protection()).switches == []


async def test_an_answer_may_name_hundreds_of_fills(stack: Stack, client: ExchangeClient) -> None:
    """An answer is no request: it may be longer than those may."""
    market = stack.market("ETH-USDC")
    for maker in map(AccountId, ("one", "two", "three")):
        await stack.services.exchange.deposit(maker, market.base.id, market.base.parse("1"))
        for _ in range(100):
            resting = PlaceOrder(
                account=maker,
                market=market.id,
                side=Side.SELL,
                price=market.parse_price("2500"),
                quantity=market.parse_quantity("0.01"),
            )
            await stack.services.exchange.place(resting)
    answer = await client.place("ETH-USDC", Side.BUY, "3", "2500")
    assert (answer.order.status, len(answer.fills)) == ("filled", 300)
