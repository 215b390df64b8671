"""What was recovered can be taken out of the garbage collector's sight, and nothing else changes."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from hybrid_dex.defaults.memory_journal import MemoryJournal
from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import Exchange, ExchangeOptions
from hybrid_dex.model.events import OrderAccepted
from hybrid_dex.model.order import Side
from tests.exchange.test_background import MemoryRecords
from tests.exchange_fixtures import ALICE, MARKET, FakeClock, events_of, fund, order

FROZEN = ExchangeOptions(freeze_recovered=True)


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Leave the collector as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


async def test_a_recovered_exchange_is_frozen_and_the_collector_goes_on() -> None:
    """It is off only while the exchange opens."""
    journal = MemoryJournal()
    async with Exchange([MARKET], journal=journal, clock=FakeClock()) as exchange:
        await fund(exchange)
    assert gc.get_freeze_count() == 0
    usual = gc.get_threshold()
    async with Exchange([MARKET], journal=journal, clock=FakeClock(), options=FROZEN) as exchange:
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert all(now > before for now, before in zip(gc.get_threshold(), usual, strict=True))
        answer = await exchange.execute(order(ALICE, Side.BUY))
        assert isinstance(events_of(answer)[0], OrderAccepted)


async def test_an_exchange_that_does_not_open_leaves_the_collector_as_it_was() -> None:
    """On, with nothing frozen."""

    class Down(MemoryRecords):
        async def open(self) -> None:
            raise UnavailableError("the database is down")

    with pytest.raises(UnavailableError):
        await Exchange([MARKET], records=Down(), options=FROZEN).open()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
