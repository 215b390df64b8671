"""The feed: events to what followers are told.

Pure: it reads no clock and knows no connection. It takes every `EventBatch` once, in order, and
never asks the engine; a feed can begin with the engine's state at any command.

- `Feed`: all of it, for a gateway.
- `BookFeed`: level 2 of one market.
- `ExecutionFeed`, `FillFeed`: reports to traders.
- `PriceFeed`: candles and the last day of one market.
"""

from hybrid_dex.feed.book_feed import BookFeed
from hybrid_dex.feed.execution_feed import ExecutionFeed
from hybrid_dex.feed.feed import Feed, FeedSource, Publication
from hybrid_dex.feed.fill_feed import FillFeed, trades
from hybrid_dex.feed.price_feed import PriceFeed

__all__ = [
    "BookFeed",
    "ExecutionFeed",
    "Feed",
    "FeedSource",
    "FillFeed",
    "PriceFeed",
    "Publication",
    "trades",
]
