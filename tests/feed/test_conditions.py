"""Level 2 from events alone, over histories of every order type, is the engine's at every step."""

import random

from hybrid_dex.feed import Feed
from hybrid_dex.model.events import EventBatch
from tests.engine.test_against_naive import make_engine
from tests.reference.histories import MARKETS, history
from tests.reference.naive import Naive
from tests.tiers import count

HISTORIES = count(fast=20, full=1_000)
LENGTH = 200
BEGIN = 100


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
