"""A gateway over gRPC keeps every rule of an engine's client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from grpc_bench import gateway, serving

import hybrid_dex as dex
from hybrid_dex.testing import EngineClientKit


class TestGrpcEngine(EngineClientKit):
    @asynccontextmanager
    async def make_engine(self, exchange: dex.Exchange) -> AsyncIterator[dex.EngineClient]:
        async with serving(exchange) as address, gateway(address) as engine:
            yield engine
