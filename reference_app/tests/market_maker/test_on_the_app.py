"""Client and market maker on the real app, over real sockets: what the fake allows, the app does."""

import asyncio
from pathlib import Path

import pytest
import stamina

from hybrid_dex import AccountId, Side
from hybrid_dex.client import ExchangeClient, OrderOptions, UnreachableError
from hybrid_dex.model.order import TimeInForce
from hybrid_dex.signing import LocalSigner
from hybrid_dex.wire import FillMessage
from reference_app.commands import market_maker
from reference_app.market_maker import MakerState, MarketMaker, MarketMakerOptions
from reference_app.market_maker.maker import client_options
from reference_app.tests.stack import Stack
from reference_app.tests.test_orders import recorded

MAKER, TAKER = LocalSigner(b"\x03" * 32), LocalSigner(b"\x04" * 32)
OPTIONS = MarketMakerOptions(
    market="ETH-USDC", reference_price="2500", seed=11, interval_s=0.05, stale_after_s=5.0
)


async def fund(stack: Stack, signer: LocalSigner) -> None:
    """Give an account both assets."""
    market = stack.market("ETH-USDC")
    for asset, amount in ((market.base, "10"), (market.quote, "100000")):
        await stack.services.exchange.deposit(
            AccountId(signer.address), asset.id, asset.parse(amount)
        )


async def test_it_quotes_is_traded_with_and_leaves_nothing(stack: Stack) -> None:
    """Ten orders on the book, a taker hears its fill, a live book shows it; then all is gone."""
    await fund(stack, MAKER)
    await fund(stack, TAKER)
    states: list[MakerState] = []
    stop, enough = asyncio.Event(), asyncio.Event()

    def told(state: MakerState) -> None:
        states.append(state)
        if state.replaced >= 20:
            enough.set()

    async with (
        ExchangeClient(stack.url, signer=MAKER, options=client_options(OPTIONS)) as client,
        ExchangeClient(stack.url, signer=TAKER) as taker,
    ):
        task = asyncio.create_task(MarketMaker(client, OPTIONS, on_state=told).run(stop))
        await enough.wait()
        assert (states[-1].live, states[-1].placed) == (10, 10)
        await taker.stream.wait_ready()
        fills = taker.fill_events()
        waiting = asyncio.ensure_future(anext(fills))
        book = await taker.live_book("ETH-USDC")
        immediate = OrderOptions(time_in_force=TimeInForce.IOC)
        answer = await taker.place("ETH-USDC", Side.BUY, "0.5", "9999", options=immediate)
        assert answer.order.status == "filled"
        assert isinstance(await waiting, FillMessage)
        while not book.synced:  # the book is the stream's
            await asyncio.sleep(0)
        await fills.aclose()
        stop.set()
        await task
        assert await client.open_orders() == []
        assert client.known_orders() == ()
        await recorded(stack)
        assert (await client.fills()).fills[0].quantity == "0.5"


def test_an_exchange_that_is_away_is_one_error_and_nothing_is_written_beside_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key"
    file.write_text("0x" + "11" * 32)
    before = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks(None)
    try:
        with stamina.set_testing(True, attempts=2), pytest.raises(UnreachableError):
            market_maker(key_file=file, reference_price="2500", url="http://127.0.0.1:1")
    finally:
        stamina.instrumentation.set_on_retry_hooks(before)
    assert capsys.readouterr().out == ""
