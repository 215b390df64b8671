"""The book rebuilt from events: levels, chained deltas, and nothing shown that never rested."""

from hybrid_dex.feed import BookFeed
from hybrid_dex.interfaces.book import Resting
from hybrid_dex.model.order import Side
from hybrid_dex.model.reports import BookUpdate
from hybrid_dex.model.units import MarketId, Price, Quantity, Sequence, order_id
from hybrid_dex.model.views import Depth, Level
from tests.feed.orders_of_alice_and_bob import (
    ALICE,
    BOB,
    MARKET,
    accepted,
    batch,
    canceled,
    filled,
    reduced,
    replaced,
)


def levels(*pairs: tuple[int, int]) -> tuple[Level, ...]:
    """Price and quantity pairs as levels."""
    return tuple(Level(Price(price), Quantity(quantity)) for price, quantity in pairs)


def changes(update: BookUpdate | None) -> tuple[object, ...]:
    """Chain and levels of a delta."""
    assert update is not None
    return (update.previous, update.sequence, update.bids, update.asks)


def test_deltas_form_a_chain_through_commands_that_change_nothing() -> None:
    """`previous` is the last command that changed the book, not the last command."""
    feed = BookFeed(MARKET)
    assert changes(feed.apply(batch(1, accepted(1, Side.BUY, 100, 5)))) == (
        0,
        1,
        levels((100, 5)),
        (),
    )
    assert feed.apply(batch(2)) is None
    assert feed.sequence == 2
    assert changes(feed.apply(batch(3, accepted(3, Side.SELL, 101, 2)))) == (
        1, 3, (), levels((101, 2))
    )  # fmt: skip


def test_a_level_is_the_sum_of_its_orders_and_leaves_with_the_last() -> None:
    """Reduce, cancel and replace move quantities; zero removes."""
    feed = BookFeed(MARKET)
    feed.apply(batch(1, accepted(1, Side.BUY, 100, 5)))
    feed.apply(batch(2, accepted(2, Side.BUY, 100, 3)))
    assert feed.depth() == Depth(levels((100, 8)), ())
    assert changes(feed.apply(batch(3, reduced(order_id(1), 2, 3))))[2] == levels((100, 6))
    update = feed.apply(batch(4, replaced(order_id(2), Side.BUY, 99, 4)))
    assert changes(update)[2] == levels((100, 3), (99, 4))
    assert changes(feed.apply(batch(5, canceled(order_id(1), 3))))[2] == levels((100, 0))
    assert feed.depth() == Depth(levels((99, 4)), ())


def test_what_never_rested_is_never_shown() -> None:
    """An order that trades whole within its command touches only the maker's level."""
    feed = BookFeed(MARKET)
    feed.apply(batch(1, accepted(1, Side.BUY, 100, 5)))
    taker = accepted(2, Side.SELL, 90, 2, account=BOB)
    fill = filled(2, order_id(1), maker_open=3, taker_open=0, price=100, quantity=2)
    assert changes(feed.apply(batch(2, taker, fill))) == (1, 2, levels((100, 3)), ())
    taker = accepted(3, Side.SELL, 100, 9, account=BOB)
    fill = filled(3, order_id(1), maker_open=0, taker_open=6, price=100, quantity=3)
    update = feed.apply(batch(3, taker, fill, canceled(order_id(3), 6)))
    assert changes(update) == (2, 3, levels((100, 0)), ())


def test_a_remainder_rests_at_its_own_price() -> None:
    """What an aggressor could not trade becomes a level of its side."""
    feed = BookFeed(MARKET)
    feed.apply(batch(1, accepted(1, Side.BUY, 100, 5)))
    taker = accepted(2, Side.SELL, 99, 7, account=BOB)
    fill = filled(2, order_id(1), maker_open=0, taker_open=2, price=100, quantity=5)
    assert changes(feed.apply(batch(2, taker, fill))) == (1, 2, levels((100, 0)), levels((99, 2)))


def test_other_markets_and_repeats_change_nothing() -> None:
    """A batch is taken once; a repeated order is answered with old events and counts once."""
    feed = BookFeed(MARKET)
    first = accepted(1, Side.BUY, 100, 5)
    feed.apply(batch(1, first))
    assert feed.apply(batch(1, first)) is None
    assert feed.apply(batch(2, first)) is None
    assert feed.apply(batch(3, accepted(3, Side.BUY, 1, 1, market=MarketId("A-B")))) is None
    assert feed.depth() == Depth(levels((100, 5)), ())


def test_a_feed_begins_with_the_orders_of_a_book() -> None:
    """Its first delta follows the sequence that it began with."""
    orders = [
        Resting(order_id(1), ALICE, Side.BUY, Price(100), Quantity(5)),
        Resting(order_id(2), ALICE, Side.SELL, Price(105), Quantity(1)),
    ]
    feed = BookFeed(MARKET, orders, sequence=Sequence(9))
    assert feed.snapshot().previous is None
    assert feed.snapshot().sequence == 9
    assert feed.depth() == Depth(levels((100, 5)), levels((105, 1)))
    assert changes(feed.apply(batch(10, canceled(order_id(2), 1)))) == (9, 10, (), levels((105, 0)))


def test_a_snapshot_may_be_short() -> None:
    """Best levels first, on both sides."""
    feed = BookFeed(MARKET)
    for sequence, (side, price) in enumerate(
        [(Side.BUY, 98), (Side.BUY, 100), (Side.BUY, 99), (Side.SELL, 102), (Side.SELL, 101)], 1
    ):
        feed.apply(batch(sequence, accepted(sequence, side, price, 1)))
    assert feed.depth(2) == Depth(levels((100, 1), (99, 1)), levels((101, 1), (102, 1)))
    assert feed.depth(1) == Depth(levels((100, 1)), levels((101, 1)))
    assert feed.depth(0) == Depth((), ())
    assert feed.snapshot(1).bids == levels((100, 1))
