"""Orders go when their account is gone: by a switch that the shell's timer reaches, or with the last connection."""

from __future__ import annotations

import asyncio

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.order import Side
from hybrid_dex.model.protection import AccountDisconnected
from tests.exchange_fixtures import (
    ALICE,
    BOB,
    MARKET,
    FakeClock,
    FaultyJournal,
    failing,
    fund,
    order,
)

BUY = Side.BUY


async def until_empty(exchange: Exchange) -> None:
    """Let the shell work until nothing of Alice's rests."""
    async with asyncio.timeout(10):
        while exchange.view.open_order_count(ALICE):
            await asyncio.sleep(0)


async def settled_down() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_the_timer_lets_a_switch_fire_when_nobody_does_anything() -> None:
    clock = FakeClock()
    async with Exchange([MARKET], clock=clock) as exchange:
        await fund(exchange)
        await exchange.place(order(ALICE, BUY))
        await exchange.schedule_cancel(ALICE, 5_000)
        clock.at_ns += 4_999_999_999
        await settled_down()
        await exchange.heartbeat(ALICE)
        clock.at_ns += 4_999_999_999
        await settled_down()
        assert exchange.view.open_order_count(ALICE) == 1
        clock.at_ns += 1
        await until_empty(exchange)
        assert exchange.view.scheduled_cancels(ALICE) == ()


async def test_a_switch_fires_after_a_restart_that_passed_its_time() -> None:
    """It is in the journal, so being away does not disarm it."""
    clock, journal = FakeClock(), MemoryJournal()
    async with Exchange([MARKET], clock=clock, journal=journal) as exchange:
        await fund(exchange)
        await exchange.place(order(ALICE, BUY))
        await exchange.schedule_cancel(ALICE, 5_000, MARKET.id)
    clock.at_ns += 60 * 10**9
    async with Exchange([MARKET], clock=clock, journal=journal) as exchange:
        await until_empty(exchange)


async def test_the_last_connection_takes_the_orders_along_when_the_account_wishes_so() -> None:
    """One of two does not; nor does the end of another account's, nor one told twice."""
    async with Exchange([MARKET]) as exchange:
        await fund(exchange)
        await exchange.set_cancel_on_disconnect(ALICE, enabled=True)
        await exchange.place(order(ALICE, BUY))
        first, second = exchange.connection(ALICE), exchange.connection(ALICE)
        with exchange.connection(BOB):
            first.end()
            first.end()
        await settled_down()
        assert exchange.view.open_order_count(ALICE) == 1
        second.end()
        await until_empty(exchange)


async def test_without_the_wish_orders_stay() -> None:
    async with Exchange([MARKET]) as exchange:
        await fund(exchange)
        await exchange.place(order(ALICE, BUY))
        before = exchange.view.sequence
        with exchange.connection(ALICE):
            pass
        await settled_down()
        assert (exchange.view.open_order_count(ALICE), exchange.view.sequence) == (1, before)


async def test_all_connections_have_ended_when_an_exchange_opens() -> None:
    """A crash is a disconnection, too: once, for each account that wishes so."""
    journal = MemoryJournal()
    async with Exchange([MARKET], journal=journal) as exchange:
        await fund(exchange)
        await exchange.set_cancel_on_disconnect(ALICE, enabled=True)
        await exchange.place(order(ALICE, BUY))
        await exchange.place(order(BOB, Side.SELL, 900_000))
    async with Exchange([MARKET], journal=journal) as exchange:
        await until_empty(exchange)
        assert exchange.view.open_order_count(BOB) == 1


async def test_a_cancel_that_the_journal_does_not_take_is_sent_again() -> None:
    """The account is gone and can not ask for it."""
    journal = FaultyJournal()
    options = ExchangeOptions(retry_s=0.001)
    async with Exchange([MARKET], journal=journal, options=options) as exchange:
        await fund(exchange)
        await exchange.set_cancel_on_disconnect(ALICE, enabled=True)
        await exchange.place(order(ALICE, BUY))
        heard = exchange.subscribe()
        journal.steps = [failing(UnavailableError("no disk")) for _ in range(3)]
        with exchange.connection(ALICE):
            pass
        await until_empty(exchange)
        assert not journal.steps
        batch = await anext(heard)
        assert isinstance(batch.events[0], AccountDisconnected)
