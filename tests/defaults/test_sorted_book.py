"""SortedBook keeps price-time priority, whatever the engine does between two steps."""

import random

import pytest

from hybrid_dex.defaults import sorted_book as module
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.interfaces.book import Allocation, Incoming, Resting
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.views import Depth, Level, Top
from hybrid_dex.testing import ListBook
from tests.tiers import count

BUY, SELL = Side.BUY, Side.SELL
MARKET = Market.spot("ETH-USDC", base_decimals=8, quote_decimals=6, tick="0.01", lot="0.0001")
WALKS = count(fast=200, full=5_000)


def book_of(*orders: tuple[int, Side, int, int]) -> SortedBook:
    book = SortedBook(MARKET)
    for order_id, side, price, quantity in orders:
        book.add(Resting(order_id, "a", side, price, quantity))
    return book


def ids(book: SortedBook) -> list[int]:
    return [order.order_id for order in book.orders()]


def take(book: SortedBook, side: Side, price: int, quantity: int) -> list[tuple[int, int]]:
    """Fill an aggressor the way the engine does."""
    incoming, taken = Incoming(side, price, quantity), []
    for allocation in book.match(incoming):
        book.reduce(allocation.order_id, allocation.quantity)
        incoming.open -= allocation.quantity
        taken.append((allocation.order_id, allocation.quantity))
    return taken


def some_ids(rng: random.Random, number: int) -> list[int]:
    """Ids that rise, as near to each other as a test's or as far apart as those of a year."""
    factors = rng.choice(((1,), (1, 1 << 18, 1 << 22)))
    return sorted({order_id * rng.choice(factors) for order_id in range(1, number + 1)})


def test_best_price_first_then_oldest() -> None:
    """On both sides; bids come first in the listing."""
    book = book_of(
        (1, SELL, 12, 5), (2, SELL, 11, 5), (3, SELL, 11, 5), (4, BUY, 9, 5), (5, BUY, 10, 5)
    )
    assert ids(book) == [5, 4, 2, 3, 1]
    assert take(book, BUY, 12, 12) == [(2, 5), (3, 5), (1, 2)]
    assert take(book, SELL, 10, 9) == [(5, 5)]
    assert ids(book) == [4, 1]


def test_an_allocation_says_who_how_much_and_out_of_what() -> None:
    """At the resting order's price."""
    book = book_of((1, SELL, 11, 5))
    (allocation,) = book.match(Incoming(BUY, 20, 3))
    assert allocation == Allocation(1, "a", 11, 3, 5)


@pytest.mark.parametrize(("price", "found"), [(10, 0), (11, 1)])
def test_only_what_the_limit_reaches_is_offered(price: int, found: int) -> None:
    """Touching is crossing; one tick less is not."""
    book = book_of((1, SELL, 11, 5))
    assert len(list(book.match(Incoming(BUY, price, 5)))) == found
    assert list(book.match(Incoming(BUY, 11, 0))) == []


def test_a_reduced_order_keeps_its_place_and_leaves_at_zero() -> None:
    """More than is open, or nothing, is refused and changes nothing."""
    book = book_of((1, SELL, 11, 5), (2, SELL, 11, 5))
    book.reduce(1, 4)
    assert next(iter(book.orders())) == Resting(1, "a", SELL, 11, 1)
    assert book.top() == Top(None, Level(11, 6))
    for by in (0, -1, 2):
        with pytest.raises(ValueError, match="can not be reduced"):
            book.reduce(1, by)
    book.reduce(1, 1)
    assert ids(book) == [2]


def test_an_unknown_order_is_a_key_error_and_so_is_a_second_of_the_same_id() -> None:
    """A bug of the engine, never silent."""
    book = book_of((1, SELL, 11, 5))
    for call in (lambda: book.remove(2), lambda: book.reduce(2, 1)):
        with pytest.raises(KeyError):
            call()
    with pytest.raises(KeyError):
        book.add(Resting(1, "a", BUY, 9, 5))
    assert book.remove(1) == Resting(1, "a", SELL, 11, 5)
    assert ids(book) == []


def test_top_and_depth_add_up_levels() -> None:
    """Best first, as many as asked for."""
    book = book_of((1, SELL, 12, 5), (2, SELL, 11, 5), (3, SELL, 11, 2), (4, BUY, 9, 5))
    assert book.top() == Top(Level(9, 5), Level(11, 7))
    assert book.depth(1) == Depth((Level(9, 5),), (Level(11, 7),))
    assert book.depth(9) == Depth((Level(9, 5),), (Level(11, 7), Level(12, 5)))
    assert SortedBook(MARKET).top() == Top(None, None)


def test_what_a_level_has_open_is_summed_again_after_each_change() -> None:
    """Also where as many orders stand there as when it was summed last, and as many left since."""
    book = book_of((1, SELL, 11, 5))
    assert book.top().ask == Level(11, 5)
    book.cancel(1)
    book.add(Resting(2, "a", SELL, 11, 7))
    assert book.top().ask == Level(11, 7)
    book.reduce(2, 1)
    assert book.top().ask == Level(11, 6)
    assert book.place(3, "a", BUY, 11, 2)
    assert book.top().ask == Level(11, 4)
    book.add(Resting(4, "a", SELL, 11, 1))
    assert book.top().ask == Level(11, 5)
    book.cancel(2)
    book.add(Resting(5, "a", SELL, 11, 9))
    assert book.top().ask == Level(11, 10)


def test_a_dry_run_sees_every_order_once_and_changes_nothing() -> None:
    """Over several levels, with many orders at one price."""
    rows = [(i, SELL, 10 + i // 40, 2) for i in range(120)]
    book = book_of(*rows)
    incoming, seen = Incoming(BUY, 99, 10**6), []
    for allocation in book.match(incoming):
        seen.append(allocation.order_id)
        incoming.open -= allocation.quantity
    assert seen == ids(book) == list(range(120))


def test_orders_may_be_left_reduced_or_removed_between_two_steps(rng: random.Random) -> None:
    """Any mixture: each order is shown once, in priority order, and totals stay right."""
    for _ in range(WALKS):
        size = rng.randint(1, 60)
        rows = [(i, SELL, 10 + rng.randrange(4), 1 + rng.randrange(5)) for i in range(size)]
        book = book_of(*rows)
        expected = ids(book)
        left = {order.order_id: order.quantity for order in book.orders()}
        incoming, seen = Incoming(BUY, 12, 10**6), []
        for allocation in book.match(incoming):
            order_id = allocation.order_id
            seen.append(order_id)
            match rng.randrange(3):
                case 0:
                    book.remove(order_id)
                    del left[order_id]
                case 1 if left[order_id] > 1:
                    book.reduce(order_id, 1)
                    left[order_id] -= 1
        assert seen == [row for row in expected if rows[row][2] <= 12]
        assert {order.order_id: order.quantity for order in book.orders()} == left
        levels = book.depth(9).asks
        assert sum(level.quantity for level in levels) == sum(left.values())


def test_draining_a_long_level_does_not_leave_gaps_to_walk_over() -> None:
    """Taken one by one from the front, the level's dict is rebuilt on the way."""
    book = book_of(*[(i, SELL, 10, 1) for i in range(5_000)])
    level = book._levels[book._key_of[0]]
    gaps = 0
    for expected in range(4_000):
        orders = level.orders
        assert take(book, BUY, 10, 1) == [(expected, 1)]
        gaps = gaps + 1 if level.orders is orders else 0
        assert gaps <= len(level.orders) + 2 * module._SPARE_GAPS
    assert ids(book) == list(range(4_000, 5_000))


def test_placing_is_matching_reducing_and_adding_in_one_step(rng: random.Random) -> None:
    """Random orders and removals, in a book of one kind and a book of the other."""
    traded = 0
    for _ in range(count(fast=40, full=1_000)):
        placed, stepped = SortedBook(MARKET), ListBook(MARKET)
        for order_id in rng.sample(found := some_ids(rng, 100), len(found)):
            side, price = Side(rng.randrange(2)), rng.randrange(90, 111)
            quantity = rng.randrange(1, 40)
            incoming, expected = Incoming(side, price, quantity), []
            before = {order.order_id: order for order in stepped.orders()}
            for allocation in stepped.match(incoming):
                expected.append(before[allocation.order_id])
                incoming.open -= allocation.quantity
                stepped.reduce(allocation.order_id, allocation.quantity)
            if incoming.open:
                stepped.add(Resting(order_id, "a", side, price, incoming.open))
            made = placed.place(order_id, "a", side, price, quantity)
            assert list(made) == expected
            traded += len(expected)
            alive = ids(placed)
            if alive and rng.random() < 0.3:
                gone = rng.choice(alive)
                assert placed.remove(gone) == stepped.remove(gone)
            assert list(placed.orders()) == list(stepped.orders())
            assert placed.depth(30) == stepped.depth(30)
            assert (placed.best_bid, placed.best_ask) == (stepped.best_bid, stepped.best_ask)
    assert traded


def test_gaps_are_closed_where_placing_takes_many_at_once() -> None:
    """And what is left of the level stands as it stood."""
    book = book_of(*[(i, SELL, 10, 2) for i in range(1_000)])
    level = book._levels[book._key_of[0]]
    orders = level.orders
    assert len(book.place(1_000, "a", BUY, 10, 1_801)) == 901
    assert (ids(book), level.quantity) == (list(range(900, 1_000)), 199)
    assert next(book.orders()).quantity == 1
    assert [one.order_id for one in book.place(1_001, "a", BUY, 10, 2)] == [900, 901]
    assert level.orders is not orders
    assert (ids(book), level.quantity) == (list(range(901, 1_000)), 197)


def test_one_that_sweeps_a_long_level_does_not_walk_over_what_it_took() -> None:
    """The level is rebuilt on the way; so is one of which the front was canceled."""
    book = book_of(*[(i, SELL, 10, 1) for i in range(5_000)])
    level, incoming, gaps = book._levels[book._key_of[0]], Incoming(BUY, 10, 4_000), 0
    orders = level.orders
    for allocation in book.match(incoming):
        gaps = gaps + 1 if level.orders is orders else 0
        assert gaps <= len(level.orders) + 2 * module._SPARE_GAPS
        orders = level.orders
        incoming.open -= allocation.quantity
        book.reduce(allocation.order_id, allocation.quantity)
    assert ids(book) == list(range(4_000, 5_000))
    for order_id in range(4_000, 4_999):
        book.cancel(order_id)
    orders = level.orders
    assert take(book, BUY, 10, 1) == [(4_999, 1)]
    assert level.orders is not orders


def test_canceling_says_whether_the_order_was_there() -> None:
    """`remove` calls an unknown order a bug, `cancel` answers."""
    book = book_of((1, SELL, 11, 5), (2, BUY, 9, 5))
    assert book.cancel(2) == Resting(2, "a", BUY, 9, 5)
    assert (book.cancel(2), book.cancel(3), book.best_bid) == (None, None, None)
    with pytest.raises(KeyError):
        book.remove(2)
    assert ids(book) == [1]


def test_an_order_of_a_known_id_is_not_placed() -> None:
    """And changes nothing, although it would trade."""
    book = book_of((1, SELL, 11, 5), (2, BUY, 9, 5))
    with pytest.raises(KeyError):
        book.place(2, "a", BUY, 20, 5)
    assert [order.quantity for order in book.orders()] == [5, 5]


def test_behind_the_lowest_bid_there_is_nothing() -> None:
    """The asks' levels lie in the same mapping, a few keys further down."""
    book = book_of((1, BUY, 1, 5), (2, SELL, 3, 5))
    assert book._bids.after(1) < -(2**62)
    assert book._asks.after(-3) < -(2**62)


def test_a_random_book_equals_a_sorted_list(rng: random.Random) -> None:
    """Add, remove, reduce and match against a list that is sorted anew each time."""
    for _ in range(WALKS // 10):
        book, rows, apart = SortedBook(MARKET), [], rng.choice((1, 1, 2, 11))
        for order_id in some_ids(rng, 150):
            action = rng.randrange(4)
            if action < 2 or not rows:
                side, price = rng.choice((BUY, SELL)), 1 + apart * rng.randrange(6)
                price += 6 * apart if side is SELL else 0
                rows.append([order_id, side, price, rng.randint(1, 9)])
                book.add(Resting(order_id, "a", side, price, rows[-1][3]))
            elif action == 2:
                row = rows.pop(rng.randrange(len(rows)))
                assert book.remove(row[0]).quantity == row[3]
            else:
                side = rng.choice((BUY, SELL))
                other = sorted((r for r in rows if r[1] is not side), key=side_key)
                wanted, expected = rng.randint(1, 20), []
                for row in other:
                    part = min(wanted, row[3])
                    if part:
                        expected.append((row[0], part))
                        row[3] -= part
                        wanted -= part
                rows = [row for row in rows if row[3]]
                given = sum(part for _, part in expected) + wanted
                assert take(book, side, 999 if side is BUY else 1, given) == expected
            listing = sorted(rows, key=lambda r: (r[1], side_key(r)))
            assert [(o.order_id, o.quantity) for o in book.orders()] == [
                (r[0], r[3]) for r in listing
            ]
            prices = [[r[2] for r in rows if r[1] is side] for side in (BUY, SELL)]
            assert book.best_bid == max(prices[0], default=None)
            assert book.best_ask == min(prices[1], default=None)


def side_key(row: list[int]) -> tuple[int, int]:
    """Rank on its own side."""
    return (row[2] if row[1] is SELL else -row[2]), row[0]
