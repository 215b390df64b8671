"""Signed orders over one WebSocket connection, acknowledged after fsync.

Run: ``python benchmarks/gateway.py [orders]``. The whole stack runs in a process of its own
(Litestar on uvicorn, wallet auth, engine, file journal, SQLite records, local settlement); the
client in this one. Orders are signed before the clock starts. Printed: orders per second and the
latency of an acknowledgement under that load, the same for one order at a time, and both beside
the rate of bare ``secp256k1`` recoveries measured in the same run, in processor time.
"""

import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from hybrid_dex.defaults.standard_risk import RiskLimits
from hybrid_dex.defaults.wallet_auth import WalletAuth
from hybrid_dex.model.order import Side
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm, Price, Quantity
from hybrid_dex.signing import Domain, LocalSigner, LoginMessage, authorize, format_date_time
from hybrid_dex.wire import OrderRequest, PlaceOp, encode, order_request
from reference_app.app import compose
from reference_app.server import make_server
from reference_app.settings import (
    AuthSettings,
    LimitSettings,
    MarketSettings,
    ServerSettings,
    Settings,
)

ORIGIN: Final = "http://localhost:8000"
KEY: Final = "0x" + "11" * 32
WINDOW: Final = 512
ONE_BY_ONE: Final = 300
RECOVERIES: Final = 2_000
MARKET: Final = MarketSettings(
    id="ETH-USDC",
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
)


def settings(data: Path) -> Settings:
    """Return settings under which no limit is met."""
    return Settings(
        data=data,
        server=ServerSettings(port=0),
        auth=AuthSettings(secret="0123456789abcdefghijklmnopqrstuvwxyz", origins=[ORIGIN]),
        limits=LimitSettings(orders_per_second=10_000_000, waiting_frames=4_096),
        risk=RiskLimits(open_orders=None, daily_volume=None),
        markets=[MARKET],
    )


def serve(data: Path, listening: socket.socket) -> None:
    """Run the exchange with a rich account until the parent ends this process."""

    async def main() -> None:
        chosen = settings(data)
        services = compose(chosen)
        server = make_server(chosen, services)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 # uvicorn offers no event
            await asyncio.sleep(0.01)
        account = AccountId(LocalSigner(KEY).address)
        quote = services.exchange.markets[0].quote
        await services.exchange.deposit(account, quote.id, quote.parse("1000000000"))
        await serving

    uvloop.run(main())


@contextmanager
def exchange() -> Iterator[tuple[str, int]]:
    """Run the exchange; yield its host and port, and its process."""
    with tempfile.TemporaryDirectory(dir=".") as data, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        process = multiprocessing.get_context("fork").Process(
            target=serve, args=(Path(data), listening), daemon=True
        )
        process.start()
        try:
            assert process.pid is not None
            yield f"127.0.0.1:{listening.getsockname()[1]}", process.pid
        finally:
            process.terminate()
            process.join()


async def log_in(address: str, signer: LocalSigner) -> str:
    """Wait for the exchange and return an access token."""
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as http:
        while True:
            try:
                await http.get("/health/ready")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.1)
        nonce = (await http.post("/auth/nonce")).json()["nonce"]
        now_ns = time.time_ns()
        message = LoginMessage(
            domain="localhost:8000",
            address=signer.address,
            uri=ORIGIN,
            chain_id=31337,
            nonce=nonce,
            issued_at=format_date_time(now_ns),
        )
        body = {"message": message.text(), "signature": "0x" + signer.sign_login(message).hex()}
        reply = await http.post("/auth/login", json=body)
        token: str = reply.json()["access_token"]
        return token


def signed(signer: LocalSigner, domain: Domain, count: int) -> list[SignedOrder]:
    """Return orders that rest."""
    market, expiry_s = MARKET.market(), int(time.time()) + 3_600
    return [
        signer.sign_order(
            SignedOrder(
                trader=AccountId(signer.address),
                market=market,
                side=Side.BUY,
                price=Price(100_000 + number % 1_000),
                quantity=Quantity(10),
                max_fee_ppm=FeePpm(500),
                expiry_s=expiry_s,
                nonce=Nonce(1 + number // 60_000, lane=number % 60_000),
                signature=bytes(65),
            ),
            domain,
        )
        for number in range(count)
    ]


def frames(orders: list[SignedOrder], first: int) -> list[str]:
    """Return the messages that place orders, with ids from ``first``."""
    market = MARKET.market()
    made: list[str] = []
    for number, order in enumerate(orders, first):
        request: OrderRequest = order_request(order, market)
        made.append(encode(PlaceOp(id=number, order=request)).decode())
    return made


async def burst(connection: ClientConnection, messages: list[str], first: int) -> list[float]:
    """Keep a window of orders under way; return the seconds until each was acknowledged."""
    room = asyncio.Semaphore(WINDOW)
    sent: dict[int, float] = {}
    waits: list[float] = []

    async def send() -> None:
        for number, message in enumerate(messages, first):
            await room.acquire()
            sent[number] = time.perf_counter()
            await connection.send(message)

    sending = asyncio.create_task(send())
    for _ in messages:
        answer = json.loads(await connection.recv())
        assert answer["type"] == "ack", answer
        waits.append(time.perf_counter() - sent.pop(answer["id"]))
        room.release()
    await sending
    return waits


async def run(address: str, pid: int, orders: list[SignedOrder], signer: LocalSigner) -> None:
    """Measure and print."""
    token = await log_in(address, signer)
    async with connect(f"ws://{address}/ws", compression=None, max_queue=None) as connection:
        await connection.send(json.dumps({"op": "login", "id": 0, "token": token}))
        assert json.loads(await connection.recv())["type"] == "ack"
        single, many = frames(orders[:ONE_BY_ONE], 1), frames(orders[ONE_BY_ONE:], 10_000)
        alone: list[float] = []
        for number, message in enumerate(single, 1):
            alone += await burst(connection, [message], number)
        begin, used = time.perf_counter(), processor_s(pid)
        waits = await burst(connection, many, 10_000)
        seconds, used = time.perf_counter() - begin, processor_s(pid) - used
    rate = len(many) / seconds
    bare = RECOVERIES / recoveries(orders[:RECOVERIES], DOMAIN)
    print(f"bare digest and recovery       {bare:10,.0f} /s, {1e6 / bare:.1f} us of processor")
    print(f"one socket, {WINDOW} under way      {rate:10,.0f} orders/s, x {rate / bare:.2f}")
    print(f"  acknowledged after           {shown(waits)}")
    print(f"  the exchange's processor      {used / len(many) * 1e6:9,.1f} us an order")
    print(f"one at a time                  {1 / statistics.fmean(alone):10,.0f} orders/s")
    print(f"  acknowledged after           {shown(alone)}")


def processor_s(pid: int) -> float:
    """Return the processor time that a process has used: fair on a machine that others use too."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def shown(waits: list[float]) -> str:
    """Return median and 99th percentile."""
    cuts = statistics.quantiles(waits, n=100)
    return f"p50 {cuts[49] * 1e3:.2f} ms, p99 {cuts[98] * 1e3:.2f} ms"


def recoveries(orders: list[SignedOrder], domain: Domain) -> float:
    """Return the processor seconds of `RECOVERIES` digests and recoveries, nothing else."""
    begin = time.process_time()
    for order in orders:
        authorize(order, domain)
    return (time.process_time() - begin) * RECOVERIES / len(orders)


def main(arguments: list[str]) -> None:
    """Sign, serve, measure."""
    count = int(arguments[0]) if arguments else 20_000
    signer = LocalSigner(KEY)
    orders = signed(signer, DOMAIN, count + ONE_BY_ONE)
    with exchange() as (address, pid):
        uvloop.run(run(address, pid, orders, signer))


_auth = compose(settings(Path())).auth
assert isinstance(_auth, WalletAuth)
DOMAIN: Final = _auth.domain

if __name__ == "__main__":
    main(sys.argv[1:])
