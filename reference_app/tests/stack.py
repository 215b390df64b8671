"""The whole stack for tests: the composed app behind a real server on a free port, and traders.

Traders sign with eth-account, not with the library's own signer, so that both must agree.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import msgspec
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from websockets.asyncio.client import ClientConnection, connect

from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, Side, TimeInForce
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm
from hybrid_dex.signing.order import typed_data
from hybrid_dex.wire import encode, order_request
from reference_app.app import compose
from reference_app.server import Server, bind, make_server
from reference_app.services import Services
from reference_app.settings import (
    AuthSettings,
    LimitSettings,
    MarketSettings,
    ServerSettings,
    Settings,
)

ORIGIN = "http://localhost:8000"
ETH_USDC = MarketSettings(
    id="ETH-USDC",
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
    maker_fee_ppm=100,
    taker_fee_ppm=200,
    minimum_notional="1",
)
BTC_USDC = attrs.evolve(
    ETH_USDC, id="BTC-USDC", number=1, base_token="0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599"
)


def settings(data: Path, **changes: Any) -> Settings:
    """Settings of a small exchange without a chain."""
    return Settings(
        **{
            "data": data,
            "server": ServerSettings(port=0),
            "auth": AuthSettings(secret="0123456789abcdefghijklmnopqrstuvwxyz", origins=[ORIGIN]),
            "markets": [ETH_USDC, BTC_USDC],
        }
        | changes
    )


@attrs.define
class Trader:
    """A wallet that has logged in."""

    stack: "Stack"
    key: Any
    token: str = ""
    counters: Any = attrs.field(factory=lambda: itertools.count(1))

    @property
    def account(self) -> AccountId:
        return AccountId(self.key.address)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    async def login(self) -> dict[str, Any]:
        """Log in the way a wallet does, and keep the access token."""
        nonce = (await self.stack.post("/auth/nonce")).json()["nonce"]
        text = login_text(self.account, nonce)
        signature = self.key.sign_message(encode_defunct(text=text)).signature
        reply = await self.stack.post(
            "/auth/login", {"message": text, "signature": "0x" + signature.hex().removeprefix("0x")}
        )
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        self.token = answer["access_token"]
        return answer

    def order(
        self, side: str = "buy", quantity: str = "1", price: str = "2500", **fields: Any
    ) -> dict[str, Any]:
        """A signed order, as it is sent; ``fields`` are set after signing."""
        market = self.stack.market(fields.pop("market", "ETH-USDC"))
        terms = SignedOrder(
            trader=self.account,
            market=market,
            side=Side[side.upper()],
            order_type=OrderType[fields.pop("order_type", "limit").upper()],
            time_in_force=TimeInForce[fields.pop("time_in_force", "gtc").upper()],
            post_only=fields.pop("post_only", False),
            price=market.parse_price(price),
            quantity=market.parse_quantity(quantity),
            max_fee_ppm=FeePpm(500),
            expiry_s=int(time.time()) + 3_600,
            nonce=fields.pop("nonce", None) or Nonce(next(self.counters), lane=self._lane()),
            signature=bytes(65),
        )
        full = typed_data(terms, self.stack.services.domain)
        signed = self.key.sign_message(encode_typed_data(full_message=full))
        ready = msgspec.structs.replace(terms, signature=bytes(signed.signature))
        message: dict[str, Any] = msgspec.json.decode(encode(order_request(ready, market)))
        return message | fields

    def _lane(self) -> int:
        return next(self.stack.lanes)

    async def place(self, *terms: str, **fields: Any) -> dict[str, Any]:
        """Place an order that is accepted."""
        reply = await self.post("/orders", self.order(*terms, **fields))
        assert reply.status_code == 201, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    async def get(self, path: str) -> httpx.Response:
        return await self.stack.http.get(path, headers=self.headers)

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.stack.post(path, body, self.headers)

    async def delete(self, path: str) -> httpx.Response:
        return await self.stack.http.delete(path, headers=self.headers)

    @asynccontextmanager
    async def socket(self, *channels: dict[str, Any]) -> AsyncIterator["Socket"]:
        """A socket that has logged in and subscribed."""
        async with self.stack.socket() as opened:
            answer = await opened.ask({"op": "login", "token": self.token})
            assert answer["result"]["account"] == self.account
            if channels:
                await opened.ask({"op": "subscribe", "channels": list(channels)})
            yield opened


@attrs.define(eq=False)
class Socket:
    """A client's end of a socket: answers by id, the rest in order of arrival."""

    connection: ClientConnection
    heard: list[dict[str, Any]] = attrs.field(factory=list)
    ids: Any = attrs.field(factory=lambda: itertools.count(1))

    async def send(self, message: object) -> None:
        await self.connection.send(
            message if isinstance(message, str) else encode(message).decode()
        )

    async def receive(self) -> dict[str, Any]:
        """The next message, whatever it is."""
        message: dict[str, Any] = msgspec.json.decode(await self.connection.recv())
        return message

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return its answer; what else arrives is kept."""
        request = next(self.ids)
        await self.send({"id": request} | message)
        while True:
            answer = await self.receive()
            if answer.get("id") == request:
                return answer
            self.heard.append(answer)

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message of a type, from those kept or still to come."""
        for index, message in enumerate(self.heard):
            if message["type"] == kind:
                return self.heard.pop(index)
        while True:
            message = await self.receive()
            if message["type"] == kind:
                return message
            self.heard.append(message)


@attrs.define
class Stack:
    """A running exchange."""

    services: Services
    server: Server
    http: httpx.AsyncClient
    url: str
    lanes: Any = attrs.field(factory=itertools.count)

    def market(self, market_id: str) -> Market:
        return self.services.market(market_id)

    async def post(
        self, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send JSON; bytes are sent as they are."""
        content = body if isinstance(body, bytes) else b"" if body is None else encode(body)
        return await self.http.post(
            path, content=content, headers={"content-type": "application/json"} | (headers or {})
        )

    async def trader(self, number: int, **funds: str) -> Trader:
        """A wallet that is always the same, logged in and funded."""
        trader = Trader(self, Account.from_key(bytes(30) + number.to_bytes(2, "big")))
        await trader.login()
        assets = {a.id: a for m in self.services.exchange.markets for a in (m.base, m.quote)}
        for asset, amount in funds.items():
            found = assets[asset]  # type: ignore[index] # an asset's id is text
            await self.services.exchange.deposit(trader.account, found.id, found.parse(amount))
        return trader

    @asynccontextmanager
    async def socket(self, **options: Any) -> AsyncIterator[Socket]:
        address = self.url.replace("http:", "ws:") + "/ws"
        async with connect(address, compression=None, **options) as connection:
            yield Socket(connection)


def login_text(
    account: str, nonce: str, *, origin: str = ORIGIN, chain_id: int = 31337, when: str = ""
) -> str:
    """An EIP-4361 message."""
    issued = when or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    host = origin.partition("://")[2]
    return (
        f"{host} wants you to sign in with your Ethereum account:\n{account}\n\n\n"
        f"URI: {origin}\nVersion: 1\nChain ID: {chain_id}\nNonce: {nonce}\nIssued At: {issued}"
    )


@asynccontextmanager
async def running(chosen: Settings) -> AsyncIterator[Stack]:
    """Serve an exchange, and close it the way a signal does."""
    listening = bind(chosen.server)
    services = compose(chosen)
    server = make_server(chosen, services)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0)
    try:
        assert server.started, "the server did not start"
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            yield Stack(services, server, http, url)
    finally:
        server.should_exit = True
        await serving
        listening.close()


async def within_a_minute(seconds: float = 10) -> None:
    """Wait for the next minute where less of this one is left: as it ends, rates let more in."""
    left_s = 60 - time.time() % 60
    if left_s < seconds:
        await asyncio.sleep(left_s + 0.05)


def limits(**changes: Any) -> LimitSettings:
    return LimitSettings(**changes)
