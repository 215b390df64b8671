"""The exchange in this process keeps the rules of an engine's client, and the kit notices who does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import copy

import msgspec
import pytest

from hybrid_dex import EngineClient, EventBatch, Exchange, PlaceOrder, Refusal, SignedOrder
from hybrid_dex.exchange.batching import MemberAnswer
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.model.batch_request import BatchRequest
from hybrid_dex.model.events import OrderRejected
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import AccountId, MarketId, OrderId, Quantity, TimestampNs
from hybrid_dex.testing import EngineClientKit
from tests.testing.mutants import is_refused


class TestExchange(EngineClientKit):
    @asynccontextmanager
    async def make_engine(self, exchange: Exchange) -> AsyncIterator[EngineClient]:
        yield exchange


class _Passes:
    """The exchange: mutants change one thing."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __getattr__(self, name: str) -> object:
        return getattr(self._exchange, name)


class Backwards(_Passes):
    """Enters orders in the wrong order."""

    async def place_many(
        self, orders: Sequence[SignedOrder | PlaceOrder]
    ) -> list[EventBatch | Refusal]:
        return (await self._exchange.place_many(orders[::-1]))[::-1]


class CancelsAll(_Passes):
    """Drops what was named."""

    async def cancel_all(
        self, account: AccountId, market: MarketId | None = None, side: Side | None = None
    ) -> EventBatch:
        return await self._exchange.cancel_all(account)


class DropsTheEntry(_Passes):
    async def place_linked(
        self, take_profit: PlaceOrder, stop: PlaceOrder, entry: PlaceOrder | None = None
    ) -> EventBatch | Refusal:
        return await self._exchange.place_linked(take_profit, stop)


class TakesAnyTime(_Passes):
    async def place(
        self, order: PlaceOrder, *, not_after_ns: TimestampNs | None = None
    ) -> EventBatch | Refusal:
        return await self._exchange.place(order)


class ShowsAnother(_Passes):
    """A view of its own each time."""

    @property
    def view(self) -> ExchangeView:
        return copy(self._exchange.view)


class NoneOrAll(_Passes):
    async def place_batch(
        self, account: AccountId, members: Sequence[BatchRequest], *, all_or_none: bool = False
    ) -> list[MemberAnswer]:
        return await self._exchange.place_batch(account, members)


class ForgetsNames(_Passes):
    async def place(
        self, order: PlaceOrder, *, not_after_ns: TimestampNs | None = None
    ) -> EventBatch | Refusal:
        plain = msgspec.structs.replace(order, client_order_id=None)
        return await self._exchange.place(plain, not_after_ns=not_after_ns)


class RaisesRefusals(_Passes):
    async def place(
        self, order: PlaceOrder, *, not_after_ns: TimestampNs | None = None
    ) -> EventBatch | Refusal:
        answer = await self._exchange.place(order, not_after_ns=not_after_ns)
        refused = [event for event in answer.events if isinstance(event, OrderRejected)]
        if refused:
            raise RuntimeError(refused[0].detail)
        return answer


class KnowsNoMarkets(_Passes):
    markets = ()


class ReducesTwice(_Passes):
    async def reduce(self, account: AccountId, order_id: OrderId, by: Quantity) -> EventBatch:
        await self._exchange.reduce(account, order_id, by)
        return await self._exchange.reduce(account, order_id, by)


class TellsTwice(_Passes):
    def subscribe(self, after: int | None = None) -> AsyncIterator[EventBatch]:
        return twice(self._exchange.subscribe(after))


async def twice(batches: AsyncIterator[EventBatch]) -> AsyncIterator[EventBatch]:
    async for batch in batches:
        yield batch
        yield batch


class InOneCommandEach(_Passes):
    """Takes a ladder apart."""

    async def place_ladders(
        self,
        ladders: Sequence[Sequence[SignedOrder]],
        *,
        not_after_ns: Sequence[TimestampNs | None] = (),
    ) -> list[EventBatch | Refusal]:
        entered = [await self._exchange.place_many(ladder) for ladder in ladders]
        return [answers[-1] for answers in entered]


class AllRungsOrNone(_Passes):
    async def place_ladders(
        self, ladders: Sequence[Sequence[SignedOrder]]
    ) -> list[EventBatch | Refusal]:
        answers: list[EventBatch | Refusal] = []
        for ladder in ladders:
            account = ladder[0].trader
            batch = self._exchange.place_batch(account, ladder, all_or_none=True)
            answers.append((await batch)[-1])
        return answers


class DropsWhoDidNotSign(_Passes):
    async def place_ladders(
        self, ladders: Sequence[Sequence[SignedOrder]]
    ) -> list[EventBatch | Refusal]:
        signed = [[one for one in ladder if one.trader] for ladder in ladders]
        return await self._exchange.place_ladders(signed)


class LaddersBackwards(_Passes):
    async def place_ladders(
        self, ladders: Sequence[Sequence[SignedOrder]]
    ) -> list[EventBatch | Refusal]:
        return (await self._exchange.place_ladders(ladders[::-1]))[::-1]


class LaddersAtAnyTime(_Passes):
    async def place_ladders(
        self,
        ladders: Sequence[Sequence[SignedOrder]],
        *,
        not_after_ns: Sequence[TimestampNs | None],
    ) -> list[EventBatch | Refusal]:
        return await self._exchange.place_ladders(ladders)


class ForgetsNamesOfRungs(_Passes):
    async def place_ladders(
        self, ladders: Sequence[Sequence[SignedOrder]]
    ) -> list[EventBatch | Refusal]:
        plain = [
            [msgspec.structs.replace(one, client_order_id=None) for one in ladder]
            for ladder in ladders
        ]
        return await self._exchange.place_ladders(plain)


MUTANTS: list[tuple[str, type[_Passes]]] = [
    ("it_begins_with_what_the_engine_has", KnowsNoMarkets),
    ("what_was_answered_is_in_the_view", ShowsAnother),
    ("orders_are_answered_in_turn", Backwards),
    ("what_may_not_enter_is_told_and_changes_nothing", RaisesRefusals),
    ("what_comes_too_late_is_not_done", TakesAnyTime),
    ("a_client_order_id_enters_once", ForgetsNames),
    ("orders_are_changed_and_canceled", ReducesTwice),
    ("only_what_was_named_is_canceled", CancelsAll),
    ("linked_orders_enter_together", DropsTheEntry),
    ("a_batch_is_one_command", NoneOrAll),
    ("a_ladder_is_one_command", InOneCommandEach),
    ("a_refused_rung_leaves_the_others", AllRungsOrNone),
    ("who_did_not_sign_a_rung_signed_no_ladder", DropsWhoDidNotSign),
    ("ladders_enter_in_turn", LaddersBackwards),
    ("a_ladder_that_comes_too_late_is_not_done", LaddersAtAnyTime),
    ("a_ladder_of_named_orders_enters_once", ForgetsNamesOfRungs),
    ("a_subscription_tells_every_command", TellsTwice),
]


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_a_broken_client_is_refused(rule: str, mutant: type[_Passes]) -> None:
    """By the rule that it breaks, in words that name the rule."""

    class MutantKit(EngineClientKit):
        @asynccontextmanager
        async def make_engine(self, exchange: Exchange) -> AsyncIterator[EngineClient]:
            yield mutant(exchange)  # type: ignore[misc] # a wrong one, on purpose

    assert is_refused(MutantKit, rule)


def test_every_rule_has_a_client_that_breaks_it() -> None:
    """A rule that nothing can break checks nothing."""
    assert {rule for rule, _ in MUTANTS} == set(EngineClientKit.rules())
