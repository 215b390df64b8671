"""C10: after any cut, the client's book and own orders are the exchange's, and it heard each fill once.

The real client on the real server, over a socket that is cut at random moments while the account and
another one trade; it comes back by itself, and what it then shows is compared with REST.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs

from hybrid_dex import AccountId, HybridDexError
from hybrid_dex.client import (
    BookReplica,
    ClientOptions,
    Connection,
    Connector,
    ExchangeClient,
    StreamOptions,
    websocket_connector,
)
from hybrid_dex.signing import LocalSigner
from hybrid_dex.wire import Channel, FillMessage, OrderMessage
from reference_app.tests.stack import Stack, limits, running, settings
from tests.tiers import count

CUTS = count(fast=8, full=200)
MINE, OTHER = LocalSigner(b"\x07" * 32), LocalSigner(b"\x08" * 32)
QUICK = ClientOptions(stream=StreamOptions(backoff_s=0.001, backoff_max_s=0.01))


@attrs.define
class Scissors:
    """Opens real sockets, and cuts the one that is open."""

    connect: Connector
    open: list[Connection] = attrs.field(factory=list)
    cuts: int = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Connection]:
        async with self.connect() as connection:
            self.open.append(connection)
            try:
                yield connection
            finally:
                self.open.remove(connection)

    def cut(self) -> None:
        """The network goes away, without a word."""
        for connection in self.open:
            connection._socket.transport.abort()  # type: ignore[attr-defined] # the real one's
            self.cuts += 1


async def fund(stack: Stack, signer: LocalSigner) -> None:
    market = stack.market("ETH-USDC")
    for asset, amount in ((market.base, "1000"), (market.quote, "1000000")):
        account = AccountId(signer.address)
        await stack.services.exchange.deposit(account, asset.id, asset.parse(amount))


async def trade(client: ExchangeClient, rng: random.Random) -> None:
    """One random thing; where the socket goes in the middle, the client finds out what became of it."""
    with suppress(HybridDexError):
        kind, live = rng.random(), client.known_orders()
        if kind < 0.6 or not live:
            side, price = rng.choice([("buy", 95), ("sell", 96)])
            await client.place(
                "ETH-USDC", side, f"0.{rng.randint(1, 9)}", str(price + rng.randint(0, 6))
            )
        elif kind < 0.8:
            await client.cancel(rng.choice(live).order_id)
        else:
            order = rng.choice(live)
            await client.replace(order.order_id, quantity="1", price=order.price)


async def same(client: ExchangeClient, book: BookReplica, stack: Stack) -> None:
    """Wait until nothing is on its way, then compare."""
    await client.stream.wait_ready()
    view = stack.services.exchange.view
    while True:
        rest = await client.book("ETH-USDC", depth=1_000)
        bids, asks = [tuple(one) for one in rest.bids], [tuple(one) for one in rest.asks]
        mine = by_id(await client.open_orders())
        known = by_id(client.known_orders())
        if book.synced and (book.bids(), book.asks()) == (bids, asks) and known == mine:
            break
        await asyncio.sleep(0.005)
    assert {int(order_id) for order_id in known} == {
        one.order_id for one in view.open_orders(client.account)
    }


async def hear(fills: AsyncIterator[object], heard: Counter[str]) -> None:
    async for event in fills:
        assert isinstance(event, FillMessage), "it resumes where it was cut"
        if event.stage == "matched":
            heard[event.fill_id] += 1


def by_id(orders: list[OrderMessage] | tuple[OrderMessage, ...]) -> dict[str, OrderMessage]:
    return {order.order_id: order for order in orders}


async def test_after_every_cut_book_and_own_orders_are_the_exchanges(
    tmp_path: Path, rng: random.Random, figure: Callable[[str], None]
) -> None:
    chosen = settings(tmp_path, limits=limits(requests_per_minute=10**9, orders_per_second=10**9))
    async with running(chosen) as stack:
        await fund(stack, MINE)
        await fund(stack, OTHER)
        scissors = Scissors(websocket_connector(stack.url))
        async with (
            ExchangeClient(stack.url, signer=MINE, options=QUICK, connector=scissors) as client,
            ExchangeClient(stack.url, signer=OTHER) as other,
        ):
            book = await client.live_book("ETH-USDC")
            heard: Counter[str] = Counter()
            fills = await client.stream.listen(Channel(channel="fills"))
            hearing = asyncio.create_task(hear(fills, heard))
            while scissors.cuts < CUTS:
                await client.stream.wait_ready()
                work = [
                    asyncio.ensure_future(trade(who, rng)) for who in (client, other, client, other)
                ]
                for _ in range(rng.randrange(12)):
                    await asyncio.sleep(0)
                scissors.cut()
                await asyncio.gather(*work)
                await same(client, book, stack)
            made = Counter[str]()
            while heard.keys() != made.keys():  # either may be a moment behind the other
                assert not hearing.done()
                await asyncio.sleep(0.005)
                made = Counter([one.fill_id async for one in client.history.fills()])
            assert heard == made, "each once, whatever was cut"
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            figure(
                f"{scissors.cuts} cuts: book and own orders equal the exchange's after each; "
                f"{heard.total()} fills heard, each once"
            )
