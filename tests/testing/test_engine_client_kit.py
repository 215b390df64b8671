"""The exchange in this process keeps the rules of an engine's client, and the kit notices who does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from hybrid_dex import EngineClient, EventBatch, Exchange, PlaceOrder, Refusal, SignedOrder
from hybrid_dex.testing import EngineClientKit, RuleBrokenError


class TestExchange(EngineClientKit):
    @asynccontextmanager
    async def make_engine(self, exchange: Exchange) -> AsyncIterator[EngineClient]:
        yield exchange


class _Backwards:
    """Enters orders in the wrong order, and is the exchange otherwise."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __getattr__(self, name: str) -> object:
        return getattr(self._exchange, name)

    async def place_many(
        self, orders: Sequence[SignedOrder | PlaceOrder]
    ) -> list[EventBatch | Refusal]:
        return (await self._exchange.place_many(orders[::-1]))[::-1]


class _Wrong(EngineClientKit):
    @asynccontextmanager
    async def make_engine(self, exchange: Exchange) -> AsyncIterator[EngineClient]:
        yield _Backwards(exchange)  # type: ignore[misc] # a wrong one, on purpose


def test_a_broken_rule_is_noticed() -> None:
    with pytest.raises(RuleBrokenError, match="answered out of turn"):
        _Wrong().test_orders_are_answered_in_turn()
