"""The check of price and time knows the rules by itself: the engine never breaks them, a lie always does."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest

from hybrid_dex.model.events import EventBatch, FillMade, fresh_events
from hybrid_dex.model.units import OrderId, Price, Quantity
from hybrid_dex.verification import Fraud, check_priority
from hybrid_dex.verification.uncrossing import judge_uncrossing
from tests.engine.test_against_naive import make_engine
from tests.reference.histories import history
from tests.reference.naive import Naive
from tests.tiers import count

HISTORIES = count(fast=30, full=3_000)
LENGTH = 200


def told(name: str) -> list[EventBatch]:
    """What the engine makes of a random history of every command that there is."""
    naive, engine, batches = Naive(), make_engine(), []
    for command in history(random.Random(name).randrange, LENGTH, naive):
        naive.apply(command)
        answer = EventBatch(command.sequence, command.at_ns, engine.apply(command))
        batches.append(EventBatch(answer.sequence, answer.at_ns, fresh_events(answer)))
    return batches


def lies(rng: random.Random, fill: FillMade) -> Iterator[tuple[FillMade, ...]]:
    """What might be told in place of a fill."""
    yield ()
    yield (fill, fill)
    yield (msgspec.structs.replace(fill, price=Price(fill.price + rng.choice((-1, 1)))),)
    yield (msgspec.structs.replace(fill, quantity=Quantity(fill.quantity + 1)),)
    yield (msgspec.structs.replace(fill, maker_order=OrderId(fill.maker_order ^ 1 << 20)),)
    yield (msgspec.structs.replace(fill, maker=fill.taker),)
    yield (msgspec.structs.replace(fill, maker_open=Quantity(fill.maker_open + 1)),)


def test_the_engine_never_passes_anybody_over(seed: int) -> None:
    """Icebergs, stops, batches, replacements, budgets, auctions and self-trade prevention included."""
    fills = 0
    for number in range(HISTORIES):
        batches = told(f"{seed}:{number}")
        assert list(check_priority(batches)) == [], number
        fills += sum(isinstance(event, FillMade) for batch in batches for event in batch.events)
    assert fills > 3 * HISTORIES


@pytest.mark.parametrize("name", ["q1:183", "q2:1427"])
def test_a_fok_behind_whose_first_slice_an_own_order_stands_is_not_doubted(name: str) -> None:
    """The hidden part of an iceberg queues up behind the order that the FOK must not meet."""
    assert list(check_priority(told(name))) == []


def test_an_opening_at_a_price_where_less_trades_is_found() -> None:
    """Or with other lots than meet there; the right one is not doubted."""
    bids, asks = [(105, 4), (103, 5)], [(101, 3), (104, 9)]
    assert list(judge_uncrossing(bids, asks, 104, 4, 8)) == []
    assert list(judge_uncrossing(bids, asks, 102, 3, 6)) == [
        "at 104 4 lots meet and 8 are left, better than at 102"
    ]
    (wrong,) = judge_uncrossing(bids, asks, 104, 5, 7)
    assert wrong == "4 lots meet at 104 and 8 are left, not 5 and 7"


def test_a_fill_that_only_the_end_of_its_order_tells_of_is_missed() -> None:
    """Nothing else could have traded; the IOC that ends says one lot filled, and no fill was told."""
    batches = told("3740844469:116")
    batch = batches[123]
    _, fill, _ = batch.events
    assert isinstance(fill, FillMade)
    kept = tuple(event for event in batch.events if event is not fill)
    changed = EventBatch(batch.sequence, batch.at_ns, kept)
    findings = list(check_priority([*batches[:123], changed, *batches[124:]]))
    assert findings[0].sequence == batch.sequence
    assert "ends with 1 filled; it should be 0" in findings[0].detail


def test_every_lie_about_a_fill_is_found(seed: int) -> None:
    """Left out, doubled, at another price, of another quantity, order or account: always."""
    tried: set[Fraud] = set()
    found_lies = 0
    for number in range(HISTORIES // 4):
        rng = random.Random(f"{seed}:lies:{number}")
        batches = told(f"{seed}:{number}")
        places = [
            (at, index)
            for at, batch in enumerate(batches)
            for index, event in enumerate(batch.events)
            if isinstance(event, FillMade)
        ]
        if not places:
            continue
        at, index = rng.choice(places)
        batch = batches[at]
        fill = batch.events[index]
        assert isinstance(fill, FillMade)
        for lie in lies(rng, fill):
            events = (*batch.events[:index], *lie, *batch.events[index + 1 :])
            changed = EventBatch(batch.sequence, batch.at_ns, events)
            findings = list(check_priority([*batches[:at], changed, *batches[at + 1 :]]))
            assert findings, (number, lie)
            assert findings[0].sequence == batch.sequence, (number, lie, findings[0])
            tried.add(findings[0].fraud)
            found_lies += 1
    assert found_lies > HISTORIES
    assert tried >= {Fraud.PASSED_OVER, Fraud.WRONG_PRICE, Fraud.RULE_BROKEN}
