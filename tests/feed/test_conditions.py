"""Level 2 from events alone, over histories of every order type, is the engine's at every step."""

import random

from hybrid_dex.feed import Feed
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.reports import ExecutionReport
from hybrid_dex.model.units import OrderId
from hybrid_dex.model.views import OrderView
from tests.engine.test_against_naive import make_engine
from tests.reference.histories import MARKETS, history
from tests.reference.naive import Naive
from tests.tiers import count

HISTORIES = count(fast=20, full=1_000)
LENGTH = 200
BEGIN = 100
TOLD = sorted(set(OrderView.__struct_fields__) & set(ExecutionReport.__struct_fields__))


def test_level_2_is_the_engines_after_every_command(seed: int) -> None:
    """From the start, and of a feed that begins in the middle; waiting orders are in neither."""
    for number in range(HISTORIES):
        engine, naive, feeds = make_engine(), Naive(), [Feed()]
        for command in history(random.Random(f"{seed}:{number}").randrange, LENGTH, naive):
            naive.apply(command)
            batch = EventBatch(command.sequence, command.at_ns, engine.apply(command))
            for feed in feeds:
                feed.apply(batch)
                for market in engine.markets():
                    book = feed.book(market.id)
                    assert book is not None
                    assert book.depth() == engine.depth(market.id, 1_000), (number, command)
            if command.sequence == BEGIN:
                feeds.append(Feed.of(engine))
        assert len(MARKETS) == len(engine.markets())


def test_the_last_report_of_an_order_is_what_the_engine_shows(seed: int) -> None:
    """Waiting, linked, asleep or plain: who follows reports alone knows each live order as it is."""
    assert {"price", "open", "expires_at_ns", "self_trade", "nonce", "quote_budget"} < set(TOLD)
    compared = 0
    for number in range(HISTORIES):
        engine, naive, feed = make_engine(), Naive(), Feed()
        last: dict[OrderId, ExecutionReport] = {}
        for command in history(random.Random(f"{seed}:{number}").randrange, LENGTH, naive):
            naive.apply(command)
            batch = EventBatch(command.sequence, command.at_ns, engine.apply(command))
            for report in feed.apply(batch).executions:
                if report.order_id is not None and report.market is not None:
                    last[report.order_id] = report  # one without a market is of another's order
            for account in engine.accounts():
                for view in engine.open_orders(account):
                    report = last[view.order_id]
                    for field in TOLD:
                        assert getattr(report, field) == getattr(view, field), (field, view, batch)
                    compared += view.linked_to is not None
    assert compared > HISTORIES
