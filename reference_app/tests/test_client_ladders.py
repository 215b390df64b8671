"""The client's ladders on the real app, where orders are signed: one message and one command."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

from hybrid_dex import AccountId, HybridDexError, RefusedError, RejectReason, SelfTradeMode
from hybrid_dex.client import (
    ClientOptions,
    ExchangeClient,
    HttpReply,
    HttpxPort,
    NewOrder,
    OrderOptions,
)
from hybrid_dex.errors import UnknownOutcomeError
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.signing import Domain, LocalSigner
from hybrid_dex.wire import LadderAnswer, OrderAnswer
from reference_app.app import compose
from reference_app.tests.stack import Stack, running, settings

SIGNER, MAKER = LocalSigner(b"\x05" * 32), LocalSigner(b"\x06" * 32)


@pytest.fixture
async def signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stack]:
    """An exchange that wants signatures, where two hold funds."""
    monkeypatch.setattr(
        "reference_app.tests.stack.compose",
        lambda chosen: attrs.evolve(compose(chosen), settles_on_chain=True),
    )
    async with running(settings(tmp_path)) as stack:
        market = stack.market("ETH-USDC")
        for signer in (SIGNER, MAKER):
            for asset, amount in ((market.base, "10"), (market.quote, "20000")):
                account = AccountId(signer.address)
                await stack.services.exchange.deposit(account, asset.id, asset.parse(amount))
        yield stack


@pytest.fixture(params=["socket", "rest"])
async def client(signed: Stack, request: pytest.FixtureRequest) -> AsyncIterator[ExchangeClient]:
    """A client whose requests go over the socket, or over REST."""
    options = ClientOptions(entry=request.param, receive_window_ms=60_000, lanes=9)
    async with ExchangeClient(signed.url, signer=SIGNER, options=options) as opened:
        await opened.stream.wait_ready()
        yield opened


def order(side: str, quantity: str, price: str, **terms: Any) -> NewOrder:
    return NewOrder(market="ETH-USDC", side=side, quantity=quantity, price=price, **terms)


def answers(outcomes: list[OrderAnswer | HybridDexError]) -> list[OrderAnswer]:
    return [one for one in outcomes if isinstance(one, OrderAnswer)]


async def agree(client: ExchangeClient, told: list[OrderAnswer]) -> None:
    """What the client made of each answer is what the exchange shows."""
    for one in told:
        assert one.order == await client.order(one.order.order_id)


async def test_a_ladder_is_one_command_and_each_order_answers(
    signed: Stack, client: ExchangeClient
) -> None:
    """What is refused leaves its lane, and so does what ended: nine of them serve for all rounds."""
    view = signed.services.exchange.view
    for _ in range(3):
        before = view.sequence
        outcomes = await client.place_together(
            [order("buy", "1", str(2500 - step), client_order_id=None) for step in range(7)]
            + [order("buy", "9", "2400")]
        )
        assert view.sequence == before + 1
        told = answers(outcomes)
        assert len(told) == 7
        assert isinstance(outcomes[7], RefusedError)
        assert outcomes[7].code == RejectReason.INSUFFICIENT_FUNDS
        assert {one.sequence for one in told} == {before + 1}
        await agree(client, told)
        assert {one.order_id for one in client.known_orders()} == {
            one.order.order_id for one in told
        }
        assert client._own().writer.lanes.busy == 7
        await client.cancel_all()
        assert client._own().writer.lanes.busy == 0
        with pytest.raises(RefusedError) as alone:
            await client.place("ETH-USDC", "buy", "9", "2400")
        refused = outcomes[7]
        assert (refused.code, refused.field) == (alone.value.code, alone.value.field)


async def test_a_ladder_that_trades_tells_its_fills(signed: Stack, client: ExchangeClient) -> None:
    async with ExchangeClient(signed.url, signer=MAKER, connector=None) as maker:
        await maker.place("ETH-USDC", "sell", "1.5", "2000")
    at_once = OrderOptions(time_in_force=TimeInForce.IOC)
    outcomes = await client.place_together(
        [order("buy", "1", str(2001 - step), options=at_once) for step in range(3)]
    )
    told = answers(outcomes)
    assert [(one.order.status, one.order.filled) for one in told] == [
        ("filled", "1"),
        ("canceled", "0.5"),
        ("canceled", "0"),
    ]
    assert [[fill.quantity for fill in one.fills] for one in told] == [["1"], ["0.5"], []]
    await agree(client, told)
    assert client.known_orders() == ()
    assert client._own().writer.lanes.busy == 0


async def test_an_order_that_a_later_one_of_the_ladder_ends_has_ended(
    client: ExchangeClient,
) -> None:
    """As the trader's own orders meet: the answer says how each stands after all of it."""
    options = OrderOptions(self_trade=SelfTradeMode.CANCEL_RESTING)
    outcomes = await client.place_together(
        [
            order("buy", "1", "2000", options=options),
            order("buy", "1", "1900", options=options),
            order("sell", "1", "1950", options=options),
        ]
    )
    told = answers(outcomes)
    assert [one.order.status for one in told] == ["canceled", "new", "new"]
    await agree(client, told)
    assert len(client.known_orders()) == 2
    assert client._own().writer.lanes.busy == 2


class Elsewhere:
    """Signs trees for another chain."""

    address = SIGNER.address
    sign_order, sign_text = SIGNER.sign_order, SIGNER.sign_text

    def sign_bulk(self, orders: Sequence[SignedOrder], domain: Domain) -> tuple[SignedOrder, ...]:
        return SIGNER.sign_bulk(orders, attrs.evolve(domain, chain_id=domain.chain_id + 1))


@pytest.mark.parametrize("entry", ["socket", "rest"])
async def test_a_ladder_that_is_refused_as_a_whole_is_refused_for_each(
    signed: Stack, entry: Any
) -> None:
    options = ClientOptions(entry=entry)
    async with ExchangeClient(signed.url, signer=Elsewhere(), options=options) as client:
        await client.stream.wait_ready()
        outcomes = await client.place_together([order("buy", "1", "2000")] * 3)
        codes = [one.code for one in outcomes if isinstance(one, RefusedError)]
        assert codes == [RejectReason.BAD_SIGNATURE] * 3
        assert client._own().writer.lanes.busy == 0
        assert isinstance(await client.place("ETH-USDC", "buy", "1", "2000"), OrderAnswer)


class Losing:
    """A port that loses ladders: their answers, or the requests themselves."""

    def __init__(self, url: str, *, handled: bool) -> None:
        self._port, self._handled = HttpxPort(url), handled
        self.close = self._port.close
        self.sent: list[tuple[str, str]] = []
        self.late: list[dict[str, Any]] = []

    async def arrive(self) -> LadderAnswer:
        """Let the ladder arrive, late or once more."""
        reply = await self._port.request("POST", "/orders/ladder", **self.late[0])
        return msgspec.json.decode(reply.body, type=LadderAnswer)

    async def request(
        self, method: str, path: str, *, query: Mapping[str, str], **more: Any
    ) -> HttpReply:
        self.sent.append((method, path))
        lost = path == "/orders/ladder"
        if lost:
            self.late.append({"query": query, **more})
        if lost and not self._handled:
            raise UnknownOutcomeError("lost on its way")
        reply = await self._port.request(method, path, query=query, **more)
        if lost:
            raise UnknownOutcomeError("the answer was lost")
        return reply


@pytest.mark.parametrize("handled", [True, False], ids=["answer lost", "request lost"])
async def test_a_ladder_without_an_answer_enters_once(signed: Stack, handled: bool) -> None:
    """One order of it is refused, whichever way it went; and it may still arrive."""
    port = Losing(signed.url, handled=handled)
    options = ClientOptions(entry="rest", lanes=8, backoff_s=0.01)
    async with ExchangeClient(
        signed.url, signer=SIGNER, options=options, http=port, connector=None
    ) as client:
        ladder = [order("buy", "1", str(2500 - step)) for step in range(7)]
        outcomes = await client.place_together(
            [*ladder[:3], order("buy", "9", "2400"), *ladder[3:]]
        )
        refused = outcomes.pop(3)
        assert isinstance(refused, RefusedError)
        assert refused.code == RejectReason.INSUFFICIENT_FUNDS
        told = answers(outcomes)
        assert [one.order.price for one in told] == [str(2500 - step) for step in range(7)]
        opened = await client.open_orders()
        assert sorted(msgspec.to_builtins(opened), key=str) == sorted(
            (msgspec.to_builtins(one.order) for one in told), key=str
        )
        assert client._own().writer.lanes.busy == 7
        late = await port.arrive()
        ids = [rung.order_id for rung in late.rungs if rung.problem is None]
        assert ids == [one.order.order_id for one in told]
        assert await client.open_orders() == opened
    assert port.sent.count(("POST", "/orders/ladder")) == 1
    assert port.sent.count(("POST", "/orders")) == (1 if handled else 8)
