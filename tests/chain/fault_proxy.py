"""A JSON-RPC proxy that misbehaves on purpose, in front of the test's chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Self

from aiohttp import ClientSession, web

__all__ = ["Answer", "FaultProxy", "error"]

Request = dict[str, Any]
Answer = Callable[["FaultProxy", Request], Any]
"""Returns what to answer: a response, or ``None`` to pass the request on."""


def error(message: str, code: int = -32000) -> web.Response:
    """A JSON-RPC error."""
    body = {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}
    return web.json_response(body)


class FaultProxy:
    """Passes requests on, unless `fault` answers them itself.

    Attributes:
        fault: asked about every request; async functions are awaited.
        seen: methods that were asked for, in order.
        fired: how often the fault answered.
    """

    def __init__(self, upstream: str, fault: Answer) -> None:
        self.fault = fault
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

    async def forward(self, request: Request) -> Any:
        """Ask the chain."""
        async with self._session.post(self._upstream, json=request) as answer:
            return json.loads(await answer.read())

    async def _serve(self, http: web.Request) -> web.StreamResponse:
        request = json.loads(await http.read())
        self.seen.append(request["method"])
        answer = self.fault(self, request)
        if hasattr(answer, "__await__"):
            answer = await answer
        if answer == "hang up":
            assert http.transport is not None
            http.transport.abort()
            return web.Response()
        if answer is not None:
            self.fired += 1
            if isinstance(answer, web.StreamResponse):
                return answer
            return web.json_response(answer)
        return web.json_response(await self.forward(request))
