"""A JSON-RPC proxy that misbehaves on purpose, in front of the test's chain.

anvil takes what no other node takes: a replacement at 5% more, a nonce that leaves a gap. So what is
sent passes geth's rules first (core/txpool/legacypool), and every transaction that came by is kept:
what it offered, and whether its nonce was the account's next one.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Self

import attrs
import rlp
from aiohttp import ClientSession, web
from eth_account import Account

from hybrid_dex.signing import keccak256

__all__ = ["Answer", "FaultProxy", "GethPool", "Offer", "error"]

SEND = "eth_sendRawTransaction"
_PRICE_BUMP_PERCENT = 10
"""geth's ``txpool.pricebump``, on both numbers."""

Request = dict[str, Any]
Answer = Callable[["FaultProxy", Request], Any]
"""Returns what to answer: a response, or ``None`` to pass the request on."""


def error(message: str, code: int = -32000) -> web.Response:
    """A JSON-RPC error."""
    body = {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}
    return web.json_response(body)


@attrs.frozen
class Offer:
    """A transaction that came by.

    Attributes:
        hash: 0x-hex.
        sender: its signer.
        nonce: the sender's.
        max_fee: wei per gas.
        tip: wei per gas.
        next_nonce: the nonce that the chain expected when it came.
    """

    hash: str
    sender: str
    nonce: int
    max_fee: int
    tip: int
    next_nonce: int


@attrs.define
class GethPool:
    """What geth's pool says to a transaction. Nodes may share one, as if they gossiped."""

    offers: list[Offer] = attrs.field(factory=list)
    waiting: dict[tuple[str, int], Offer] = attrs.field(factory=dict)

    def admit(self, offer: Offer) -> str:
        """Take an offer; return geth's refusal, or an empty text."""
        if offer.nonce < offer.next_nonce:
            return "nonce too low"
        key = (offer.sender, offer.nonce)
        rival = self.waiting.get(key)
        if rival is not None and rival.hash == offer.hash:
            return "already known"
        if rival is not None and not (
            _bumped(offer.max_fee, rival.max_fee) and _bumped(offer.tip, rival.tip)
        ):
            return "replacement transaction underpriced"
        self.waiting[key] = offer
        return ""

    def drop(self, offer: Offer) -> None:
        """Forget a transaction, as a full pool does."""
        self.waiting.pop((offer.sender, offer.nonce), None)


def _bumped(new: int, old: int) -> bool:
    return new * 100 >= old * (100 + _PRICE_BUMP_PERCENT)


class FaultProxy:
    """Passes requests on, unless `fault` answers them itself.

    Attributes:
        fault: asked about every request; async functions are awaited.
        pool: what was sent, by geth's rules.
        seen: methods that were asked for, in order.
        fired: how often the fault answered.
    """

    def __init__(self, upstream: str, fault: Answer, pool: GethPool | None = None) -> None:
        self.fault = fault
        self.pool = GethPool() if pool is None else pool
        self.seen: list[str] = []
        self.fired = 0
        self._upstream = upstream
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_post("/", self._serve)
        self._session = ClientSession()
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def rpc(self, method: str, *params: object) -> Any:
        """Ask the chain for something of one's own."""
        answer = await self._post({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        assert "error" not in answer, answer
        return answer["result"]

    async def forward(self, request: Request) -> Any:
        """Ask the chain; what is sent passes geth's rules."""
        if request["method"] == SEND:
            refusal = self.pool.admit(await self.offer(request))
            if refusal:
                return {
                    "jsonrpc": "2.0",
                    "id": request["id"],
                    "error": {"code": -32000, "message": refusal},
                }
        return await self._post(request)

    async def offer(self, request: Request) -> Offer:
        """Read a transaction that is being sent."""
        raw = bytes.fromhex(request["params"][0][2:])
        _, nonce, tip, max_fee, *_ = rlp.decode(raw[1:])
        sender = Account.recover_transaction(raw)
        expected = int(await self.rpc("eth_getTransactionCount", sender, "latest"), 16)
        return Offer(
            hash="0x" + keccak256(raw).hex(),
            sender=sender,
            nonce=int.from_bytes(nonce, "big"),
            max_fee=int.from_bytes(max_fee, "big"),
            tip=int.from_bytes(tip, "big"),
            next_nonce=expected,
        )

    async def _post(self, request: Request) -> Any:
        async with self._session.post(self._upstream, json=request) as answer:
            return json.loads(await answer.read())

    async def _serve(self, http: web.Request) -> web.StreamResponse:
        request = json.loads(await http.read())
        self.seen.append(request["method"])
        if request["method"] == SEND:
            self.pool.offers.append(await self.offer(request))
        answer = self.fault(self, request)
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer == "hang up":
            assert http.transport is not None
            self.fired += 1
            http.transport.abort()
            return web.Response()
        if answer is not None:
            self.fired += 1
            if isinstance(answer, web.StreamResponse):
                return answer
            return web.json_response(answer)
        return web.json_response(await self.forward(request))
