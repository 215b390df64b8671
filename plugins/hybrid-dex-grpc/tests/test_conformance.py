"""A gateway over gRPC keeps every rule of an engine's client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
from grpc_bench import LOCAL, gateway, serving

import hybrid_dex as dex
from hybrid_dex.testing import EngineClientKit


class TestGrpcEngine(EngineClientKit):
    @asynccontextmanager
    async def make_engine(self, exchange: dex.Exchange) -> AsyncIterator[dex.EngineClient]:
        async with serving(exchange) as address, gateway(address) as engine:
            yield engine


class TestTrustedGateway(EngineClientKit):
    """One that verifies what it sends, and is believed."""

    @asynccontextmanager
    async def make_engine(self, exchange: dex.Exchange) -> AsyncIterator[dex.EngineClient]:
        options = attrs.evolve(LOCAL, trusted=("local",))
        async with serving(exchange, options) as address, gateway(address) as engine:
            assert engine._trusted
            yield engine
