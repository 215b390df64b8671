"""EngineClientKit: every rule of the `EngineClient` interface, for whoever reaches an engine elsewhere.

The kit opens an exchange in this process; the factory connects a client to it, as a gateway would.
"""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from hybrid_dex.exchange import EngineClient, Exchange
from hybrid_dex.exchange.batching import answers_of
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.batch_request import BatchRequest
from hybrid_dex.model.commands import CancelOrder, PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import EventBatch, MemberAnswered
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    FeePpm,
    MarketId,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
    order_id,
)
from hybrid_dex.model.views import OrderView
from hybrid_dex.testing.rules import Kit, demand, expect, rule

__all__ = ["EngineClientKit"]

_MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
_ALICE, _BOB = AccountId("alice"), AccountId("bob")


class EngineClientKit(Kit):
    """Subclass it as ``TestYourEngineClient`` and write `make_engine`."""

    def make_engine(self, exchange: Exchange) -> AbstractAsyncContextManager[EngineClient]:
        """Return what yields an open client of an open exchange, caught up with it.

        The exchange trades one market without signatures; its book is `SortedBook`, its risk
        `StandardRisk`.
        """
        raise NotImplementedError

    @asynccontextmanager
    async def _met(self) -> AsyncIterator[tuple[Exchange, EngineClient]]:
        async with Exchange([_MARKET]) as exchange:
            await exchange.deposit(_ALICE, AssetId("USDC"), Amount(10**15))
            await exchange.deposit(_BOB, AssetId("ETH"), Amount(10**24))
            async with self.make_engine(exchange) as engine:
                yield exchange, engine

    @rule
    async def test_it_begins_with_what_the_engine_has(self) -> None:
        """Once caught up, view and markets are the engine's."""
        async with self._met() as (exchange, engine):
            expect("markets", engine.markets, exchange.markets)
            expect("sequence", engine.view.sequence, exchange.view.sequence)
            expect("state", engine.view.state_hash(), exchange.view.state_hash())
            demand(engine.health().ready, f"not ready: {engine.health()}")

    @rule
    async def test_what_was_answered_is_in_the_view(self) -> None:
        """A gateway reads its own writes, and the view is one object all the time."""
        async with self._met() as (exchange, engine):
            view = engine.view
            batch = _done(await engine.place(_order(_ALICE, Side.BUY, 100)))
            (order,) = _open(engine, _ALICE)
            expect("sequence", view.sequence, batch.sequence)
            expect("the order", view.order(order.order_id), order)
            expect("the engine's", exchange.view.order(order.order_id), order)
            demand(engine.view is view, "the view is another object now")

    @rule
    async def test_orders_are_answered_in_turn(self) -> None:
        """Each has its own answer, and the second meets what the first left."""
        async with self._met() as (_, engine):
            orders = [_order(_BOB, Side.SELL, 100), _order(_ALICE, Side.BUY, 100)]
            first, second = await engine.place_many(orders)
            demand(_done(first).sequence < _done(second).sequence, "answered out of turn")
            expect("left of Alice's", _open(engine, _ALICE), [])
            expect("left of Bob's", _open(engine, _BOB), [])

    @rule
    async def test_what_may_not_enter_is_told_and_changes_nothing(self) -> None:
        """A refusal by the rules of trading is an answer, no exception."""
        async with self._met() as (_, engine):
            answer = await engine.place(_order(_ALICE, Side.SELL, 100))
            reasons = _reasons(answer)
            expect("reasons", reasons, [RejectReason.INSUFFICIENT_FUNDS])
            expect("open orders", _open(engine, _ALICE), [])

    @rule
    async def test_what_comes_too_late_is_not_done(self) -> None:
        """The engine's clock judges ``not_after_ns``."""
        async with self._met() as (_, engine):
            before = engine.view.state_hash()
            late = TimestampNs(1)
            answer = await engine.place(_order(_ALICE, Side.BUY, 100), not_after_ns=late)
            expect("reasons", _reasons(answer), [RejectReason.RECEIVE_WINDOW])
            expect("state", engine.view.state_hash(), before)

    @rule
    async def test_a_client_order_id_enters_once(self) -> None:
        """The same order again is not another order."""
        async with self._met() as (_, engine):
            order = _order(_ALICE, Side.BUY, 100, "mine")
            await engine.place(order)
            await engine.place(order)
            expect("open orders", len(_open(engine, _ALICE)), 1)
            (found,) = _open(engine, _ALICE)
            named = engine.view.order_by_client_id(_ALICE, ClientOrderId("mine"))
            expect("by its name", named, found)

    @rule
    async def test_orders_are_changed_and_canceled(self) -> None:
        """Replaced, reduced, canceled by either id, or all at once; each is in the view at once."""
        async with self._met() as (_, engine):
            for name in ("a", "b", "c"):
                await engine.place(_order(_ALICE, Side.BUY, 100, name))
            first = _open(engine, _ALICE)[0]
            terms = ReplaceOrder(
                account=_ALICE,
                order_id=first.order_id,
                price=Price(101),
                quantity=Quantity(50_000),
            )
            await engine.replace(first.order_id, terms)
            await engine.reduce(_ALICE, first.order_id, Quantity(10_000))
            changed = engine.view.order(first.order_id)
            assert changed is not None, "an order that is changed stays"
            expect("price and open", (changed.price, changed.open), (101, 40_000))
            await engine.cancel(_ALICE, first.order_id)
            await engine.cancel(_ALICE, client_order_id=ClientOrderId("b"))
            expect("left", [one.client_order_id for one in _open(engine, _ALICE)], ["c"])
            late = await engine.reduce(_ALICE, first.order_id, Quantity(1))
            expect("reasons", _reasons(late), [RejectReason.ALREADY_CANCELED])
            await engine.cancel_all(_ALICE)
            expect("left", _open(engine, _ALICE), [])

    @rule
    async def test_only_what_was_named_is_canceled(self) -> None:
        """Of all of an account's orders those of one side, and nobody else's."""
        async with self._met() as (_, engine):
            await engine.place(_order(_ALICE, Side.BUY, 100))
            await engine.place(_order(_BOB, Side.SELL, 200))
            (own,), (other,) = _open(engine, _ALICE), _open(engine, _BOB)
            await engine.cancel_all(_ALICE, side=Side.SELL)
            await engine.cancel_all(_ALICE, MarketId("BTC-USDC"))
            expect("Alice's, after what is not hers was canceled", _open(engine, _ALICE), [own])
            answer = await engine.cancel(_ALICE, other.order_id)
            expect("reasons", _reasons(answer), [RejectReason.UNKNOWN_ORDER])
            await engine.cancel_all(_ALICE, _MARKET.id, Side.BUY)
            expect("left of Alice's", _open(engine, _ALICE), [])
            expect("left of Bob's", _open(engine, _BOB), [other])

    @rule
    async def test_linked_orders_enter_together(self) -> None:
        """Two exits and their entry are one command, each in its place, or none enters."""
        async with self._met() as (_, engine):
            entry, stop = _order(_ALICE, Side.BUY, 100), OrderType.STOP_LIMIT
            target = _order(_ALICE, Side.SELL, 120)
            exit_ = _order(_ALICE, Side.SELL, 80)
            exit_ = msgspec.structs.replace(exit_, order_type=stop, trigger_price=Price(81))
            misfit = msgspec.structs.replace(target, side=Side.BUY)
            refused = await engine.place_linked(misfit, exit_, entry)
            demand(RejectReason.INVALID_LINK in _reasons(refused), f"it was taken: {refused}")
            expect("open orders", _open(engine, _ALICE), [])
            _done(await engine.place_linked(target, exit_, entry))
            found = [(one.price, one.asleep) for one in _open(engine, _ALICE)]
            expect("price and lots asleep", found, [(100, 0), (120, 20_000), (80, 20_000)])

    @rule
    async def test_a_batch_is_one_command(self) -> None:
        """Each member has an answer; all or none means none when one is refused."""
        async with self._met() as (_, engine):
            poor: list[BatchRequest] = [
                _order(_ALICE, Side.BUY, 100),
                CancelOrder(account=_ALICE, order_id=OrderId(12_345)),
            ]
            answers = await engine.place_batch(_ALICE, poor, all_or_none=True)
            expect("answers", len(answers), 2)
            expect("open orders", _open(engine, _ALICE), [])
            answers = await engine.place_batch(_ALICE, poor)
            expect("answers", len(answers), 2)
            expect("open orders", len(_open(engine, _ALICE)), 1)

    @rule
    async def test_a_ladder_is_one_command(self) -> None:
        """Its orders have ids of one command, by their places, and are in the view at once."""
        async with self._met() as (exchange, engine):
            (answer,) = await engine.place_ladders([_ladder(_ALICE, Side.BUY, [100, 99, 98])])
            sequence = _done(answer).sequence
            expect("the view's command", engine.view.sequence, sequence)
            found = [(one.order_id, one.price) for one in _open(engine, _ALICE)]
            ids = [order_id(sequence, at) for at in range(3)]
            expect("ids and prices", found, list(zip(ids, [100, 99, 98], strict=True)))
            expect("state", engine.view.state_hash(), exchange.view.state_hash())
            expect("of none", await engine.place_ladders([]), [])
            (empty,) = await engine.place_ladders([[]])
            expect("of a ladder without orders", _reasons(empty), [RejectReason.INVALID_BATCH])

    @rule
    async def test_a_refused_rung_leaves_the_others(self) -> None:
        """What the rules of trading refuse of a ladder is answered in its place."""
        async with self._met() as (_, engine):
            ladder = _ladder(_ALICE, Side.BUY, [100, 10**13, 98])
            (answer,) = await engine.place_ladders([ladder])
            batch = _done(answer)
            rungs = [_reasons(one) for one in answers_of(batch, 3)]
            expect("reasons of each", rungs, [[], [RejectReason.ORDER_NOTIONAL_LIMIT], []])
            found = [one.order_id for one in _open(engine, _ALICE)]
            expect("ids", found, [order_id(batch.sequence, at) for at in (0, 2)])

    @rule
    async def test_who_did_not_sign_a_rung_signed_no_ladder(self) -> None:
        """What is wrong with one order's signature refuses all of its ladder, and no other one."""
        async with self._met() as (_, engine):
            before = engine.view.state_hash()
            good, poor = _ladder(_ALICE, Side.BUY, [100, 99]), _ladder(_ALICE, Side.BUY, [98, 97])
            wrong = [poor[0], msgspec.structs.replace(poor[1], trader=AccountId(""))]
            (answer,) = await engine.place_ladders([wrong])
            demand(isinstance(answer, Refusal), f"it became a command: {answer}")
            expect("reasons", _reasons(answer), [RejectReason.UNAUTHENTICATED])
            expect("state", engine.view.state_hash(), before)
            refused, entered = await engine.place_ladders([wrong, good])
            demand(isinstance(refused, Refusal), f"it became a command: {refused}")
            _done(entered)
            expect("prices", [one.price for one in _open(engine, _ALICE)], [100, 99])

    @rule
    async def test_ladders_enter_in_turn(self) -> None:
        """Each has its own answer, and the second meets what the first left."""
        async with self._met() as (_, engine):
            asks, bids = _ladder(_BOB, Side.SELL, [100, 99]), _ladder(_ALICE, Side.BUY, [100, 101])
            first, second = await engine.place_ladders([asks, bids])
            demand(_done(first).sequence < _done(second).sequence, "answered out of turn")
            expect("accounts", [_whose(first), _whose(second)], [{_BOB}, {_ALICE}])
            expect("left of Alice's", _open(engine, _ALICE), [])
            expect("left of Bob's", _open(engine, _BOB), [])

    @rule
    async def test_a_ladder_that_comes_too_late_is_not_done(self) -> None:
        """The engine's clock judges each ladder by its own ``not_after_ns``."""
        async with self._met() as (_, engine):
            ladders = [_ladder(_ALICE, Side.BUY, [price]) for price in (100, 99, 98)]
            latest = [None, TimestampNs(1), TimestampNs(2**62)]
            answers = await engine.place_ladders(ladders, not_after_ns=latest)
            told = [_reasons(answer) for answer in answers]
            expect("reasons of each", told, [[], [RejectReason.RECEIVE_WINDOW], []])
            expect("prices", [one.price for one in _open(engine, _ALICE)], [100, 98])

    @rule
    async def test_a_ladder_of_named_orders_enters_once(self) -> None:
        """Sent again it is answered again, in a command that does nothing."""
        async with self._met() as (_, engine):
            ladder = _ladder(_ALICE, Side.BUY, [100, 99], names=True)
            (first,) = await engine.place_ladders([ladder])
            before = _open(engine, _ALICE)
            (again,) = await engine.place_ladders([ladder])
            expect("open orders", _open(engine, _ALICE), before)
            told = [answers_of(_done(answer), 2) for answer in (first, again)]
            events = [[_done(rung).events for rung in rungs] for rungs in told]
            expect("what is answered", events[1], events[0])
            marks = [one.again for one in _done(again).events if isinstance(one, MemberAnswered)]
            expect("said to be again", marks, [True, True])

    @rule
    async def test_a_subscription_tells_every_command(self) -> None:
        """In order and without a gap, also what entered beside this gateway."""
        async with self._met() as (exchange, engine):
            after = engine.view.sequence
            heard = engine.subscribe()
            await engine.place(_order(_ALICE, Side.BUY, 100))
            await exchange.deposit(_ALICE, AssetId("USDC"), Amount(5))
            await engine.cancel_all(_ALICE)
            told: list[int] = []
            async for batch in heard:
                told.append(batch.sequence)
                if batch.sequence >= exchange.view.sequence:
                    break
            demand(told[0] > after, f"{told[0]} was told before")
            expect("order", told, sorted(set(told)))
            expect("state", engine.view.state_hash(), exchange.view.state_hash())
            again = [batch.sequence async for batch in _first(engine.subscribe(after), len(told))]
            expect("told again", again, told)


async def _first(batches: AsyncIterator[EventBatch], wanted: int) -> AsyncIterator[EventBatch]:
    left = wanted
    async for batch in batches:
        yield batch
        left -= 1
        if not left:
            return


def _order(account: AccountId, side: Side, price: int, name: str | None = None) -> PlaceOrder:
    return PlaceOrder(
        account=account,
        market=_MARKET.id,
        side=side,
        price=Price(price),
        quantity=Quantity(20_000),
        client_order_id=None if name is None else ClientOrderId(name),
    )


def _ladder(
    account: AccountId, side: Side, prices: list[int], *, names: bool = False
) -> list[SignedOrder]:
    """Return orders under one signature, each in a lane of its own."""
    return [
        SignedOrder(
            trader=account,
            market=_MARKET,
            side=side,
            price=Price(price),
            quantity=Quantity(20_000),
            max_fee_ppm=FeePpm(10_000),
            expiry_s=int(time.time()) + 3_600,
            nonce=Nonce(1, lane=price % 2**16),
            signature=bytes(64),
            client_order_id=ClientOrderId(f"at {price}") if names else None,
            signature_kind=SignatureKind.BULK,
            leaf=leaf,
        )
        for leaf, price in enumerate(prices)
    ]


def _open(engine: EngineClient, account: AccountId) -> list[OrderView]:
    return list(engine.view.open_orders(account, _MARKET.id))


def _done(answer: EventBatch | Refusal) -> EventBatch:
    demand(isinstance(answer, EventBatch), f"it was refused: {answer}")
    assert isinstance(answer, EventBatch)
    return answer


def _reasons(answer: EventBatch | Refusal) -> list[RejectReason]:
    told: Iterable[object] = (answer,) if isinstance(answer, Refusal) else answer.events
    return [found for one in told if (found := getattr(one, "reason", None)) is not None]


def _whose(answer: EventBatch | Refusal) -> set[AccountId]:
    return {one.account for one in _done(answer).events if isinstance(one, MemberAnswered)}
