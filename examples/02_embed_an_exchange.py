"""An exchange that survives a restart, embedded in a program of your own.

Run it: ``python examples/02_embed_an_exchange.py``. Expected output:

    bob offers 3 ETH
    alice buys 1 ETH at 2500
    the exchange restarts
    bob still offers 2 ETH
    alice has 1 ETH
"""

import asyncio
import tempfile
from pathlib import Path

import hybrid_dex as dex

MARKET = dex.Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
ALICE, BOB = dex.AccountId("alice"), dex.AccountId("bob")


def durable_exchange(directory: Path) -> dex.Exchange:
    """Every acknowledged order is on disk before its answer comes."""
    journal = dex.FileJournal(directory / "journal")
    snapshots = dex.FileSnapshots(directory / "snapshots")
    return dex.Exchange([MARKET], journal=journal, snapshots=snapshots)


def limit(account: dex.AccountId, side: dex.Side, quantity: str, price: str) -> dex.PlaceOrder:
    """Text in, exact integers out, or a `FormatError` with the nearest valid values."""
    ticks, lots = MARKET.parse_price(price), MARKET.parse_quantity(quantity)
    return dex.PlaceOrder(account=account, market=MARKET.id, side=side, price=ticks, quantity=lots)


async def main(directory: Path) -> None:
    """Trade, stop, start again from the same directory."""
    async with durable_exchange(directory) as exchange:
        await exchange.deposit(ALICE, MARKET.quote.id, MARKET.quote.parse("10000"))
        await exchange.deposit(BOB, MARKET.base.id, MARKET.base.parse("3"))
        await exchange.place(limit(BOB, dex.Side.SELL, "3", "2500.00"))
        print("bob offers 3 ETH")
        async with exchange.subscribe() as events:
            await exchange.place(limit(ALICE, dex.Side.BUY, "1", "2600.00"))
            for event in (await anext(events)).events:
                if isinstance(event, dex.FillMade):
                    print("alice buys 1 ETH at", MARKET.format_price(event.price))
    print("the exchange restarts")
    async with durable_exchange(directory) as exchange:
        (offer,) = exchange.view.open_orders(BOB)
        print("bob still offers", MARKET.format_quantity(offer.open), "ETH")
        balance = exchange.view.balance(ALICE, MARKET.base.id)
        print("alice has", MARKET.base.format(balance.available), "ETH")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
