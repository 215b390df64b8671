"""Run a bot that was written for ccxt: on the whole reference exchange, in this process.

Run it: ``python examples/07_bot_for_ccxt.py``. Expected output:

    markets ['ETH/USDC']
    bid 2490.0 open
    bought 0.5 at 2500.0, fee 0.25 USDC
    canceled buy
    free 0.5 ETH, 8749.75 USDC
"""

import asyncio
import tempfile
from pathlib import Path

import httpx

from hybrid_dex.client import ExchangeClient, HttpxPort
from hybrid_dex.client import ccxt_like as ccxt
from hybrid_dex.signing import LocalSigner
from reference_app.app import compose, create_app, opened
from reference_app.settings import AuthSettings, MarketSettings, OpeningBalance, Settings

URL = "http://localhost:8000"
MARKET = MarketSettings(
    id="ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001",
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", taker_fee_ppm=200,
)  # fmt: skip
SELLER, BUYER = LocalSigner(b"\x01" * 32), LocalSigner(b"\x02" * 32)


async def bot(exchange: ccxt.HybridDex) -> None:
    """What a program for ccxt does; elsewhere it is ``HybridDex({"url": ..., "privateKey": ...})``."""
    print("markets", list(await exchange.load_markets()))
    bid = await exchange.create_order("ETH/USDC", "limit", "buy", 0.1, 2490)
    print("bid", bid["price"], bid["status"])
    order = await exchange.create_market_order("ETH/USDC", "buy", 0.5)
    print(f"bought {order['filled']} at {order['average']}, fee {order['fee']['cost']} USDC")
    print("canceled", (await exchange.cancel_order(bid["id"], "ETH/USDC"))["side"])
    free = (await exchange.fetch_balance())["free"]
    print(f"free {free['ETH']} ETH, {free['USDC']} USDC")


async def main(data: Path) -> None:
    """Open an exchange with play money, and let the bot trade with a resting order."""
    money = [
        OpeningBalance(account=signer.address, asset=asset, amount="10000")
        for signer, asset in ((SELLER, "ETH"), (BUYER, "USDC"))
    ]
    auth = AuthSettings(origins=[URL])
    chosen = Settings(demo=True, data=data, auth=auth, markets=[MARKET], opening_balances=money)
    services = compose(chosen)
    async with opened(services):
        app = httpx.ASGITransport(create_app(services, opens=False))
        ports = [HttpxPort(URL, transport=app) for _ in money]
        async with ExchangeClient(URL, signer=SELLER, http=ports[0], connector=None) as seller:
            await seller.place("ETH-USDC", "sell", "2", "2500")
            async with ExchangeClient(URL, signer=BUYER, http=ports[1], connector=None) as buyer:
                await bot(ccxt.HybridDex(client=buyer))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
