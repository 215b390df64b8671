"""Two gateways in front of one engine: one is killed, again and again, and nobody loses anything.

Engine, gateways and Redis are processes of their own; the gateways reach the engine over mutual TLS.
A trader sends orders through both and asks the other one when an answer does not come. Another
follows the orders over a socket and resumes at the gateway that is left. At the end the engine says
what really happened.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import attrs
import grpc
import httpx
import msgspec
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from grpc_bench import Authority
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.channel import EngineChannel
from redis_bench import Server, free_port
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

import hybrid_dex as dex
from tests.tiers import count

KILLS = count(fast=2, full=10)
ORDERS_A_KILL = 30
WRITERS = 4
ORIGIN = "http://localhost:8000"
KEY = Account.from_key(bytes(31) + b"\x07")
ENGINE = (
    "import sys; from pathlib import Path; from reference_app.commands import engine; "
    "sys.exit(engine(Path(sys.argv[1])))"
)

SETTINGS = """
[hybrid-dex]
name = "proof"
data = "{name}"
bus = "redis://127.0.0.1:{redis}/0"
records = "sqlite:///{folder}/records.sqlite"
snapshot_every = 25
{process}
[hybrid-dex.link]
certificate = "ours-{certificate}.crt"
key = "ours-{certificate}.key"
authority = "ours.pem"
{link}
[hybrid-dex.server]
port = {port}
[hybrid-dex.auth]
secret = "0123456789abcdefghijklmnopqrstuvwxyz"
origins = ["http://localhost:8000"]
shared = true
database = "sqlite:///{folder}/auth.sqlite"
[hybrid-dex.risk]
open_orders = 1000000
[[hybrid-dex.markets]]
id = "ETH-USDC"
base_decimals = 18
quote_decimals = 6
tick = "0.01"
lot = "0.0001"
base_token = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
quote_token = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
{more}
"""


@attrs.define
class Process:
    """The engine or a gateway, which may be killed and started again."""

    name: str
    arguments: list[str]
    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *self.arguments, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def ready(self) -> None:
        """Wait until it would take an order; the test's own limit ends what never comes."""
        async with httpx.AsyncClient(timeout=60) as http:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"{self.url}/health/ready")).status_code == 200:
                        return
                assert self.process is not None
                assert self.process.returncode is None, (
                    self.folder / f"{self.name}.log"
                ).read_text()[-2_000:]
                await asyncio.sleep(0.05)


@attrs.define
class House:
    """All processes, and a trader's token that both gateways take."""

    folder: Path
    authority: Authority
    engine_port: int
    gateways: list[Process]
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", "content-type": "application/json"}

    async def log_in(self) -> None:
        """The nonce of one gateway is good at the other, once."""
        first, second = self.gateways
        async with httpx.AsyncClient(timeout=60) as http:
            nonce = (await http.post(f"{first.url}/auth/nonce")).json()["nonce"]
            issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            text = (
                f"localhost:8000 wants you to sign in with your Ethereum account:\n{KEY.address}\n"
                f"\n\nURI: {ORIGIN}\nVersion: 1\nChain ID: 31337\nNonce: {nonce}\n"
                f"Issued At: {issued}"
            )
            signature = KEY.sign_message(encode_defunct(text=text)).signature.hex()
            body = {"message": text, "signature": "0x" + signature.removeprefix("0x")}
            reply = await http.post(f"{second.url}/auth/login", json=body)
            assert reply.is_success, reply.text
            self.token = reply.json()["access_token"]
            again = await http.post(f"{first.url}/auth/login", json=body)
            assert again.status_code == 401, "a nonce is good once, at whichever gateway"


@pytest.fixture
async def house(tmp_path: Path, authority: Authority) -> AsyncIterator[House]:
    redis = Server(tmp_path, free_port())
    await redis.start()
    for name in ("localhost", "gateway-1", "gateway-2"):
        authority.options(name)
    engine_port = free_port()

    def settings(name: str, certificate: str, port: int, **texts: str) -> Path:
        texts = {"process": "", "link": "", "more": ""} | texts
        file = tmp_path / f"{name}.toml"
        file.write_text(
            SETTINGS.format(
                name=name,
                folder=tmp_path,
                redis=redis.port,
                certificate=certificate,
                port=port,
                **texts,
            )
        )
        return file

    funds = (
        f'[[hybrid-dex.opening_balances]]\naccount = "{KEY.address}"\nasset = "USDC"\n'
        'amount = "100000000"'
    )
    listen = f'listen = "grpc://127.0.0.1:{engine_port}"'
    file = settings("engine", "localhost", 0, process="demo = true", link=listen, more=funds)
    engine = Process("engine", ["-c", ENGINE, str(file)], tmp_path, 0)
    gateways = []
    for name in ("gateway-1", "gateway-2"):
        port, process = free_port(), f'engine = "grpc://127.0.0.1:{engine_port}"'
        file = settings(name, name, port, process=process)
        arguments = ["-m", "reference_app", str(file)]
        gateways.append(Process(name, arguments, tmp_path, port))
    try:
        await engine.start()
        for gateway in gateways:
            await gateway.start()
            await gateway.ready()
        opened = House(tmp_path, authority, engine_port, gateways)
        await opened.log_in()
        yield opened
    finally:
        for process in (*gateways, engine):
            await process.kill()
        redis.kill()


@attrs.define
class Writer:
    """Sends orders through either gateway, and holds on to each until it knows its outcome."""

    house: House
    rng: Random
    acknowledged: dict[str, str] = attrs.field(factory=dict)
    asked_again: int = 0
    ending: bool = False

    async def run(self, name: str) -> None:
        async with httpx.AsyncClient(timeout=60) as http:
            for number in itertools.count():
                if self.ending:
                    return
                client_order_id = f"{name}-{number}"
                body = msgspec.json.encode(
                    {
                        "market": "ETH-USDC",
                        "side": "buy",
                        "price": f"{self.rng.randrange(1_000, 2_000)}",
                        "quantity": "0.01",
                        "client_order_id": client_order_id,
                    }
                )
                gateways = itertools.cycle(self.rng.sample(self.house.gateways, 2))
                for gateway in gateways:
                    order_id = await self._send(http, gateway, body)
                    if order_id is not None:
                        self.acknowledged[client_order_id] = order_id
                        break
                    self.asked_again += 1
                    await asyncio.sleep(0.02)

    async def _send(self, http: httpx.AsyncClient, gateway: Process, body: bytes) -> str | None:
        """Return the acknowledged order's id, or ``None`` when its outcome is not known."""
        try:
            reply = await http.post(
                f"{gateway.url}/orders", content=body, headers=self.house.headers
            )
        except httpx.HTTPError:
            return None
        if reply.status_code >= 500:
            return None
        assert reply.status_code == 201, reply.text
        order_id: str = reply.json()["order"]["order_id"]
        return order_id


@attrs.define
class Listener:
    """Hears what becomes of the orders, and resumes where it was cut off."""

    house: House
    heard: list[tuple[int, str, str]] = attrs.field(factory=list)
    resumed: int = 0
    began: int = 0

    @property
    def last(self) -> int:
        return max((sequence for sequence, _, _ in self.heard), default=self.began)

    async def run(self) -> None:
        for gateway in itertools.cycle(self.house.gateways):
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                address = gateway.url.replace("http:", "ws:") + "/ws"
                async with connect(address, compression=None) as socket:
                    await self._hear(socket)

    async def _hear(self, socket: ClientConnection) -> None:
        await self._ask(socket, {"op": "login", "token": self.house.token})
        channel: dict[str, Any] = {"channel": "orders"}
        if self.began:
            channel["after"] = self.last
        answer = await self._ask(socket, {"op": "subscribe", "channels": [channel]})
        if answer["type"] == "error":  # this gateway does not know that far back: try the other
            return
        if self.began:
            self.resumed += 1
        else:
            self.began = answer["result"]["sequence"]
        async for text in socket:
            message = msgspec.json.decode(text)
            if message["type"] == "order":
                report = (message["sequence"], message["exec_type"], message["order_id"])
                self.heard.append(report)

    async def _ask(self, socket: ClientConnection, message: dict[str, Any]) -> dict[str, Any]:
        await socket.send(msgspec.json.encode({"id": 1} | message).decode())
        while True:
            answer: dict[str, Any] = msgspec.json.decode(await socket.recv())
            if answer.get("id") == 1:
                return answer


async def what_happened(house: House) -> list[tuple[int, str, str]]:
    """Every order that the engine entered, from its own events."""
    options = house.authority.options("auditor")
    channel = EngineChannel(f"127.0.0.1:{house.engine_port}", options)
    found: list[tuple[int, str, str]] = []
    head = msgspec.json.decode(
        (await channel.describe(pb.DescribeRequest())).health, type=dex.ExchangeHealth
    ).sequence
    sequence = 0
    call = channel.follow_events(pb.FollowEventsRequest(after=0))
    while sequence < head:
        message = await call.read()
        assert message is not grpc.aio.EOF
        for raw in message.batches:
            batch = msgspec.json.decode(raw, type=dex.EventBatch)
            assert batch.sequence == sequence + 1
            sequence = batch.sequence
            found += [
                (batch.sequence, "new", str(event.order_id))
                for event in dex.fresh_events(batch)
                if isinstance(event, dex.OrderAccepted)
            ]
    call.cancel()
    await channel.close()
    return found


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_a_killed_gateway_loses_nothing(
    house: House, rng: Random, figure: Callable[[str], None]
) -> None:
    writer, listener = Writer(house, rng), Listener(house)
    hearing = asyncio.create_task(listener.run())
    while not listener.began:
        await asyncio.sleep(0.01)
    writing = [asyncio.create_task(writer.run(f"writer {number}")) for number in range(WRITERS)]

    async def more(orders: int) -> None:
        wanted = len(writer.acknowledged) + orders
        while len(writer.acknowledged) < wanted:
            assert not any(task.done() for task in (*writing, hearing)), "a client ended"
            await asyncio.sleep(0.01)

    for kill in range(KILLS):
        await more(ORDERS_A_KILL)
        killed = house.gateways[kill % 2]
        await killed.kill()
        await more(ORDERS_A_KILL)
        await killed.start()
        await killed.ready()
    await more(ORDERS_A_KILL)
    writer.ending = True
    await asyncio.gather(*writing)
    happened = await what_happened(house)
    while listener.last < happened[-1][0]:
        assert not hearing.done()
        await asyncio.sleep(0.01)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)

    entered = [order_id for _, _, order_id in happened]
    lost = set(writer.acknowledged.values()) - set(entered)
    doubled = len(entered) - len(set(writer.acknowledged))
    gaps = [one for one in happened if one not in listener.heard]
    figure(
        f"2 gateways, 1 engine over gRPC, Redis: {KILLS} kill -9 of a gateway under load, "
        f"{len(entered)} orders, {writer.asked_again} asked again, {listener.resumed} resumptions: "
        f"{len(lost)} lost acknowledgements, {doubled} doubled, {len(gaps)} gaps after resume"
    )
    assert not lost
    assert doubled == 0
    assert listener.resumed >= 1
    assert listener.heard == happened, "each once, in order"
