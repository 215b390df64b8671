"""BookKit: every rule of the `Book` interface, for whoever writes a book.

Most rules put a handful of orders on a fresh book and say what must come out. The last ones run
whole random histories beside `ListBook`: the same answers, the same events, the same state hash.
A book of another priority (pro rata, say) declares in `lacks` which rules it replaces.
"""

from collections.abc import Iterable
from random import Random
from typing import Final

from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine.desk import BookFactory
from hybrid_dex.engine.engine import Engine
from hybrid_dex.interfaces.book import Allocation, Book, Incoming, Resting
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import MAX_PRICE, MAX_QUANTITY, AccountId, OrderId, Price, Quantity
from hybrid_dex.model.views import Depth, Level, Top
from hybrid_dex.testing.list_book import ListBook
from hybrid_dex.testing.rules import Kit, expect, raises, rule
from hybrid_dex.testing.traffic import MARKETS, traffic

__all__ = ["BookKit"]

_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_LEVELS: Final = 500
_NO_LIMITS: Final = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)


class BookKit(Kit):
    """Subclass it as ``TestYourBook`` and write `make_book`.

    Attributes:
        histories: how many random histories the comparing rules run.
        steps: how many steps one has.
    """

    histories: int = 20
    steps: int = 150

    def make_book(self, market: Market) -> Book:
        """Return a fresh book for a market."""
        raise NotImplementedError

    # ----------------------------------------------------------------- priority

    @rule
    def test_best_price_first(self) -> None:
        """An aggressor meets the lowest ask, or the highest bid, first, whenever it was added."""
        book = self._book((1, _SELL, 12), (2, _SELL, 10), (3, _SELL, 11))
        expect("asks met by a buy", _met(book, _BUY, 12), [2, 3, 1])
        book = self._book((1, _BUY, 12), (2, _BUY, 10), (3, _BUY, 13))
        expect("bids met by a sell", _met(book, _SELL, 10), [3, 1, 2])

    @rule
    def test_oldest_first_at_a_price(self) -> None:
        """Of orders at one price the one that was added first is met first."""
        for side, other in ((_SELL, _BUY), (_BUY, _SELL)):
            book = self._book((9, side, 10), (3, side, 10), (5, side, 10))
            expect(f"order of {side.name}s at one price", _met(book, other, 10), [9, 3, 5])

    @rule
    def test_added_again_goes_to_the_back(self) -> None:
        """An order that was removed and is added again has lost its place."""
        book = self._book((1, _SELL, 10), (2, _SELL, 10))
        book.add(book.remove(OrderId(1)))
        expect("order after 1 came back", _met(book, _BUY, 10), [2, 1])

    @rule
    def test_reduced_keeps_its_place(self) -> None:
        """A reduced order keeps its priority and has so much less open."""
        book = self._book((1, _SELL, 10), (2, _SELL, 10))
        book.reduce(OrderId(1), Quantity(4))
        expect("order after 1 was reduced", _met(book, _BUY, 10), [1, 2])
        expect("what is left", [one.quantity for one in book.orders()], [1, 5])

    # ------------------------------------------------------------------ matching

    @rule
    def test_only_prices_that_cross(self) -> None:
        """A price that touches the limit is met; one tick worse is not; nor is the own side."""
        book = self._book((1, _SELL, 10), (2, _SELL, 11), (3, _BUY, 9), (4, _BUY, 8))
        expect("asks met by a buy at 10", _met(book, _BUY, 10), [1])
        expect("asks met by a buy at 9", _met(book, _BUY, 9), [])
        expect("bids met by a sell at 9", _met(book, _SELL, 9), [3])
        expect("bids met by a sell at 10", _met(book, _SELL, 10), [])

    @rule
    def test_allocation_says_who_and_how_much(self) -> None:
        """An allocation names order and account, the resting price, and min(wanted, open) of open."""
        book = self.make_book(MARKETS[0])
        book.add(_resting(7, _SELL, 10, 5, "carol"))
        for wanted, quantity in ((3, 3), (5, 5), (9, 5)):
            found = list(book.match(Incoming(_BUY, Price(20), Quantity(wanted))))
            allocation = Allocation(
                OrderId(7), AccountId("carol"), Price(10), Quantity(quantity), Quantity(5)
            )
            expect(f"allocations for {wanted} lots", found, [allocation])

    @rule
    def test_nothing_wanted_nothing_offered(self) -> None:
        """Once `incoming.open` is 0, before or between two steps, nothing more is offered."""
        book = self._book((1, _SELL, 10), (2, _SELL, 10), (3, _SELL, 11))
        expect("offered to nobody", list(book.match(Incoming(_BUY, Price(20), Quantity(0)))), [])
        expect("met by a buy of 5 lots", _take(book, _BUY, 20, 5), [(1, 5)])
        expect("met by a buy of 6 lots", _take(book, _BUY, 20, 6), [(2, 5), (3, 1)])

    @rule
    def test_offers_follow_what_is_still_wanted(self) -> None:
        """Each allocation is bounded by what is open when it is offered, not when matching began."""
        book = self._book((1, _SELL, 10), (2, _SELL, 10))
        incoming = Incoming(_BUY, Price(10), Quantity(9))
        offered = []
        for allocation in book.match(incoming):
            offered.append(allocation.quantity)
            incoming.open = Quantity(3)
        expect("offers while open falls from 9 to 3", offered, [5, 3])

    @rule
    def test_a_dry_run_sees_each_order_once(self) -> None:
        """An engine that only lowers `open` sees every order once, and the book stays as it was."""
        rows = [(number, _SELL, 10 + number // 30) for number in range(1, 100)]
        book = self._book(*rows)
        expect("met by a dry run", _met(book, _BUY, 99), [number for number, _, _ in rows])
        expect("the book afterwards", _ids(book), [number for number, _, _ in rows])

    @rule
    def test_the_order_shown_may_go_or_shrink(self) -> None:
        """Whatever was just shown may be left, reduced or removed: no other is missed or repeated."""
        rng = Random(self.seed)
        for _ in range(self.histories):
            rows = [(number, _SELL, 10 + rng.randrange(3)) for number in range(1, 40)]
            book = self._book(*rows)
            listed, seen = _ids(book), list[int]()
            for allocation in book.match(Incoming(_BUY, Price(99), Quantity(10**6))):
                seen.append(allocation.order_id)
                if (choice := rng.randrange(3)) == 0:
                    book.remove(allocation.order_id)
                elif choice == 1:
                    book.reduce(allocation.order_id, Quantity(rng.choice((1, 5))))
            expect(f"met while orders go (seed {self.seed})", seen, listed)

    @rule
    def test_matching_may_stop_at_any_step(self) -> None:
        """The engine may stop in the middle; the book is whole, and the next one starts anew."""
        book = self._book((1, _SELL, 10), (2, _SELL, 10), (3, _SELL, 11))
        walk = book.match(Incoming(_BUY, Price(11), Quantity(99)))
        next(iter(walk))
        book.remove(OrderId(1))
        expect("met by the next buy", _met(book, _BUY, 11), [2, 3])
        expect("asks afterwards", _ids(book), [2, 3])

    # -------------------------------------------------------------- housekeeping

    @rule
    def test_remove_returns_the_order_as_it_stood(self) -> None:
        """Remove takes the order out and returns it with what is open now; nothing else moves."""
        book = self._book((1, _SELL, 10), (2, _SELL, 10))
        book.reduce(OrderId(1), Quantity(2))
        expect("the removed order", book.remove(OrderId(1)), _resting(1, _SELL, 10, 3))
        expect("what is left", list(book.orders()), [_resting(2, _SELL, 10, 5)])

    @rule
    def test_reduced_to_zero_leaves(self) -> None:
        """An order that is reduced by all it has open leaves, and its level with it."""
        book = self._book((1, _SELL, 10), (2, _SELL, 11))
        book.reduce(OrderId(1), Quantity(5))
        expect("what is left", _ids(book), [2])
        expect("top of book", book.top(), Top(None, Level(Price(11), Quantity(5))))
        with raises("reducing an order that has left", KeyError):
            book.reduce(OrderId(1), Quantity(1))

    @rule
    def test_unknown_orders_are_a_key_error(self) -> None:
        """Remove and reduce of an id that is not there raise KeyError and change nothing."""
        book = self._book((1, _SELL, 10))
        with raises("remove of an unknown order", KeyError):
            book.remove(OrderId(2))
        with raises("reduce of an unknown order", KeyError):
            book.reduce(OrderId(2), Quantity(1))
        expect("the book afterwards", _ids(book), [1])

    @rule
    def test_an_id_is_added_once(self) -> None:
        """An id that is there already is refused, at whatever price, and nothing changes."""
        book = self._book((1, _SELL, 10))
        before = list(book.orders())
        for again in (_resting(1, _SELL, 10, 5), _resting(1, _BUY, 9, 1)):
            with raises("adding an id twice", KeyError, ValueError):
                book.add(again)
            expect("the book afterwards", list(book.orders()), before)
            expect("top of book", book.top(), Top(None, Level(Price(10), Quantity(5))))

    @rule
    def test_reduce_takes_one_lot_to_all(self) -> None:
        """Less than one lot, or more than is open, is refused with ValueError; nothing changes."""
        book = self._book((1, _SELL, 10))
        for by in (0, -1, 6):
            with raises(f"reduce by {by} of 5", ValueError):
                book.reduce(OrderId(1), Quantity(by))
            expect("the book afterwards", list(book.orders()), [_resting(1, _SELL, 10, 5)])
            expect("top of book", book.top(), Top(None, Level(Price(10), Quantity(5))))

    # ------------------------------------------------------------------- reading

    @rule
    def test_top_adds_up_the_best_level(self) -> None:
        """Top is the best price of each side with all that is open there, or None."""
        book = self.make_book(MARKETS[0])
        expect("top of an empty book", book.top(), Top(None, None))
        book = self._book(
            (1, _SELL, 12), (2, _SELL, 11), (3, _SELL, 11), (4, _BUY, 9), (5, _BUY, 8)
        )
        top = Top(Level(Price(9), Quantity(5)), Level(Price(11), Quantity(10)))
        expect("top of book", book.top(), top)
        book.remove(OrderId(4))
        expect("best bid after it left", book.top().bid, Level(Price(8), Quantity(5)))

    @rule
    def test_best_prices_are_those_of_the_top(self) -> None:
        """The engine looks at them before it asks for a match: a stale one misses a trade."""
        book = self.make_book(MARKETS[0])
        expect("best prices of an empty book", (book.best_bid, book.best_ask), (None, None))
        for number, side, price in ((1, _BUY, 9), (2, _BUY, 10), (3, _SELL, 13), (4, _SELL, 12)):
            book.add(_resting(number, side, price, 5))
        expect("best prices", (book.best_bid, book.best_ask), (10, 12))
        book.remove(OrderId(2))
        book.reduce(OrderId(4), Quantity(5))
        expect("best prices behind them", (book.best_bid, book.best_ask), (9, 13))
        book.remove(OrderId(1))
        expect("best prices of one side", (book.best_bid, book.best_ask), (None, 13))

    @rule
    def test_depth_lists_levels_best_first(self) -> None:
        """Depth has up to so many levels a side, bids from the highest, asks from the lowest."""
        book = self._book(
            (1, _SELL, 12), (2, _SELL, 11), (3, _SELL, 11), (4, _BUY, 8), (5, _BUY, 9)
        )
        bids = (Level(Price(9), Quantity(5)), Level(Price(8), Quantity(5)))
        asks = (Level(Price(11), Quantity(10)), Level(Price(12), Quantity(5)))
        for levels in (0, 1, 2, 9):
            expect(f"depth({levels})", book.depth(levels), Depth(bids[:levels], asks[:levels]))

    @rule
    def test_orders_are_listed_in_priority(self) -> None:
        """Orders yields every order in priority order, all bids, then all asks."""
        book = self._book(
            (1, _SELL, 12), (2, _BUY, 8), (3, _SELL, 11), (4, _BUY, 9), (5, _BUY, 9), (6, _SELL, 11)
        )
        expect("the listing", _ids(book), [4, 5, 2, 3, 6, 1])

    @rule
    def test_a_listing_rebuilds_the_book(self) -> None:
        """Adding what `orders` yields to a fresh book gives the same book: so snapshots restore."""
        rows = [(number, _SELL, 10 + number % 3) for number in range(1, 20)]
        rows += [(number, _BUY, 9 - number % 3) for number in range(20, 40)]
        book = self._book(*rows)
        again = self.make_book(MARKETS[0])
        for order in book.orders():
            again.add(order)
        expect("the rebuilt book", list(again.orders()), list(book.orders()))
        expect("met in the rebuilt book", _met(again, _BUY, 99), _met(book, _BUY, 99))

    @rule
    def test_the_extremes_of_the_units(self) -> None:
        """Prices of 1 and 2**48 - 1 and quantities of 2**48 - 1 are exact; a level may hold more."""
        book = self.make_book(MARKETS[0])
        for number, side, price in ((1, _SELL, MAX_PRICE), (2, _SELL, MAX_PRICE), (3, _BUY, 1)):
            book.add(_resting(number, side, price, MAX_QUANTITY))
        ask = Level(Price(MAX_PRICE), Quantity(2 * MAX_QUANTITY))
        expect("top", book.top(), Top(Level(Price(1), Quantity(MAX_QUANTITY)), ask))
        expect("met at the limit", _met(book, _BUY, MAX_PRICE), [1, 2])
        expect("met one tick below", _met(book, _BUY, MAX_PRICE - 1), [])
        expect("met by a sell at 1", _met(book, _SELL, 1), [3])

    @rule
    def test_many_levels_are_as_right_as_few(self) -> None:
        """Hundreds of levels, in whatever order they came and went: all are met, listed and counted."""
        prices = list(range(1, _LEVELS + 1))
        Random(self.seed).shuffle(prices)
        for side, other, limit in ((_SELL, _BUY, MAX_PRICE), (_BUY, _SELL, 1)):
            best_first = sorted(prices, reverse=side is _BUY)
            book = self._book(*((price, side, price) for price in prices))
            for number in prices[::3]:
                book.remove(OrderId(number))
            left = [price for price in best_first if price not in set(prices[::3])]
            expect(f"{side.name}s that are met", _met(book, other, limit), left)
            expect(f"{side.name}s that are listed", _ids(book), left)
            depth = book.depth(_LEVELS)
            levels = depth.asks if side is _SELL else depth.bids
            expect(f"levels of {side.name}s", [level.price for level in levels], left)

    @rule
    def test_books_share_nothing(self) -> None:
        """Two books of one factory are two books."""
        first, second = self._book((1, _SELL, 10)), self._book((1, _BUY, 9))
        first.remove(OrderId(1))
        expect("the other book", _ids(second), [1])

    # ------------------------------------------------------------ whole histories

    @rule
    def test_random_steps_equal_a_list(self) -> None:
        """After every step of a random history the book equals `ListBook`, in every answer."""
        for history in range(self.histories):
            rng = Random(f"{self.seed}:{history}")
            book, rows = self.make_book(MARKETS[0]), ListBook(MARKETS[0])
            for number in range(1, self.steps + 1):
                said, wanted = _step(rng, number, book, rows)
                where = f"(seed {self.seed}, history {history}, step {number})"
                expect(f"answer {where}", said, wanted)
                expect(f"listing {where}", list(book.orders()), list(rows.orders()))
                expect(f"depth {where}", book.depth(4), rows.depth(4))
                expect(f"top {where}", book.top(), rows.top())
                best = (rows.best_bid, rows.best_ask)
                expect(f"best prices {where}", (book.best_bid, book.best_ask), best)

    @rule
    def test_an_engine_can_not_tell_it_from_a_list(self) -> None:
        """An engine on this book gives the events and the state hash of one on `ListBook`."""
        for history in range(max(1, self.histories // 5)):
            rng = Random(f"{self.seed}:{history}")
            engine, plain = _engine(self.make_book), _engine(ListBook)
            for command, events in traffic(plain, rng, 2 * self.steps):
                where = f"(seed {self.seed}, history {history}, command {command.sequence})"
                expect(f"events {where}", engine.apply(command), events)
            expect(f"state hash (history {history})", engine.state_hash(), plain.state_hash())
            engine.check()

    @rule
    def test_an_engine_restores_on_it(self) -> None:
        """A snapshot of an engine on `ListBook` restores on this book, and goes on the same."""
        rng = Random(self.seed)
        plain, engine = _engine(ListBook), _engine(self.make_book)
        for command, events in traffic(plain, rng, 2 * self.steps):
            if command.sequence == self.steps:
                engine.restore(plain.snapshot())
            elif command.sequence > self.steps:
                expect(f"events of command {command.sequence}", engine.apply(command), events)
        expect("state hash", engine.state_hash(), plain.state_hash())

    def _book(self, *rows: tuple[int, Side, int]) -> Book:
        """Return a book with orders of 5 lots."""
        book = self.make_book(MARKETS[0])
        for number, side, price in rows:
            book.add(_resting(number, side, price, 5))
        return book


def _engine(book: BookFactory) -> Engine:
    return Engine(book=book, risk=StandardRisk(_NO_LIMITS))


def _resting(number: int, side: Side, price: int, quantity: int, account: str = "alice") -> Resting:
    return Resting(OrderId(number), AccountId(account), side, Price(price), Quantity(quantity))


def _ids(book: Book) -> list[int]:
    return [order.order_id for order in book.orders()]


def _met(book: Book, side: Side, price: int) -> list[int]:
    """Whom a boundless aggressor would meet, without taking anything."""
    incoming = Incoming(side, Price(price), Quantity(MAX_QUANTITY * 1_000))
    return [allocation.order_id for allocation in book.match(incoming)]


def _take(book: Book, side: Side, price: int, wanted: int) -> list[tuple[int, int]]:
    """Fill an aggressor the way the engine does."""
    incoming, taken = Incoming(side, Price(price), Quantity(wanted)), []
    for allocation in book.match(incoming):
        book.reduce(allocation.order_id, allocation.quantity)
        incoming.open = Quantity(incoming.open - allocation.quantity)
        taken.append((int(allocation.order_id), int(allocation.quantity)))
    return taken


def _step(rng: Random, number: int, *books: Book) -> Iterable[object]:
    """Do one random thing to each book alike; return what each answered."""
    orders, roll = list(books[-1].orders()), rng.randrange(10)
    if roll < 5 or not orders:
        side = rng.choice(tuple(Side))
        price = rng.randrange(1, 8) + (8 if side is _SELL else 0)
        order = _resting(number, side, price, rng.randrange(1, 9))
        return [book.add(order) for book in books]  # type: ignore[func-returns-value] # as it should be
    chosen = rng.choice(orders)
    if roll == 5:
        return [book.remove(chosen.order_id) for book in books]
    if roll == 6:
        by = Quantity(rng.randrange(1, chosen.quantity + 1))
        return [book.reduce(chosen.order_id, by) for book in books]  # type: ignore[func-returns-value] # as above
    side, wanted = rng.choice(tuple(Side)), rng.randrange(1, 25)
    price = chosen.price if chosen.side is not side else rng.randrange(1, 16)
    return [_take(book, side, price, wanted) for book in books]
