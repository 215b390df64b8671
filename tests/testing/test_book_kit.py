"""BookKit passes the books that are right and refuses every broken one, rule by rule."""

from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.interfaces.book import Allocation, Book, Incoming, Resting
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.units import Price, Quantity
from hybrid_dex.model.views import Depth, Level, Top
from hybrid_dex.testing import BookKit, ListBook
from tests.testing.mutants import is_refused
from tests.tiers import count

HISTORIES = count(fast=15, full=1_000)


class TestSortedBook(BookKit):
    """The book that ships."""

    histories = HISTORIES

    @pytest.fixture(autouse=True)
    def take_seed(self, seed: int) -> None:
        self.seed = seed

    def make_book(self, market: Market) -> Book:
        return SortedBook(market)


class TestListBook(BookKit):
    """The book that others are held against."""

    histories = 2
    steps = 60

    def make_book(self, market: Market) -> Book:
        return ListBook(market)


class WorstFirst(ListBook):
    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        return iter(sorted(super().match(incoming), key=lambda one: -one.price))


class YoungestFirst(ListBook):
    def add(self, order: Resting) -> None:
        super().add(order)
        side = self._side(order.side)
        side.remove(order)
        side.insert(0, order)
        side.sort(key=lambda one: one.price if one.side is Side.SELL else -one.price)


class ComesBackToItsPlace(ListBook):
    def add(self, order: Resting) -> None:
        super().add(order)
        self._side(order.side).sort(key=lambda one: (abs(one.price), one.order_id))


class ReduceLosesPlace(ListBook):
    def reduce(self, order_id: int, by: Quantity) -> None:
        super().reduce(order_id, by)
        if any(one.order_id == order_id for one in self.orders()):
            self.add(self.remove(order_id))


class TouchingIsNotCrossing(ListBook):
    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        return (one for one in super().match(incoming) if one.price != incoming.price)


class OffersTheWholeOrder(ListBook):
    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        for one in super().match(incoming):
            yield Allocation(one.order_id, one.account, one.price, one.resting, one.resting)


class OffersToNobody(ListBook):
    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        wanted = incoming.open
        return super().match(Incoming(incoming.side, incoming.price, wanted or Quantity(1)))


class DecidesAtOnce(ListBook):
    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        return iter(list(super().match(incoming)))


class TakesWhatItShows(ListBook):
    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        for one in super().match(incoming):
            yield one
            if any(left.order_id == one.order_id for left in self.orders()):
                self.remove(one.order_id)


class SkipsAfterARemoval(ListBook):
    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        index, side = 0, self._side(Side(1 - incoming.side))
        while index < len(side) and incoming.open > 0:
            one = side[index]
            if (one.price - incoming.price) * (-1 if incoming.side else 1) > 0:
                return
            quantity = min(incoming.open, one.quantity)
            yield Allocation(one.order_id, one.account, one.price, quantity, one.quantity)
            index += 1


class IsLockedByAWalk(ListBook):
    walking = False

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        if self.walking:
            return
        self.walking = True
        yield from super().match(incoming)
        self.walking = False


class ReturnsWhatWasAdded(ListBook):
    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self.added: dict[int, Resting] = {}

    def add(self, order: Resting) -> None:
        super().add(order)
        self.added[order.order_id] = order

    def remove(self, order_id: int) -> Resting:
        super().remove(order_id)
        return self.added[order_id]


class KeepsEmptyOrders(ListBook):
    def remove(self, order_id: int) -> Resting:
        order = super().remove(order_id)
        if order.side is Side.SELL and any(one.price > order.price for one in self._asks):
            self._asks.insert(0, Resting(order_id, order.account, order.side, order.price, 0))
        return order


class IgnoresTheUnknown(ListBook):
    def remove(self, order_id: int) -> Resting:
        try:
            return super().remove(order_id)
        except KeyError:
            return Resting(order_id, "nobody", Side.BUY, 1, 1)


class TakesAnIdTwice(ListBook):
    def add(self, order: Resting) -> None:
        self._side(order.side).append(order)
        self._side(order.side).sort(key=lambda one: one.price if one.side else -one.price)


class ClampsAReduction(ListBook):
    def reduce(self, order_id: int, by: Quantity) -> None:
        super().reduce(order_id, max(1, min(by, self._find(order_id).quantity)))


class TopOfOneOrder(ListBook):
    def top(self) -> Top:
        bid, ask = next(iter(self._bids), None), next(iter(self._asks), None)
        return Top(
            None if bid is None else Level(bid.price, bid.quantity),
            None if ask is None else Level(ask.price, ask.quantity),
        )


class RemembersTheBest(ListBook):
    @property
    def best_bid(self) -> Price | None:
        self.kept = max(self.kept or Price(0), super().best_bid or Price(0)) or None
        return self.kept

    kept: Price | None = None


class DepthFromTheWorst(ListBook):
    def depth(self, levels: int) -> Depth:
        whole = super().depth(99)
        return Depth(whole.bids[::-1][:levels], whole.asks[:levels])


class ListsByAge(ListBook):
    def orders(self) -> Iterator[Resting]:
        return iter(sorted(super().orders(), key=lambda one: one.order_id))


class ListsAsksBackwards(ListBook):
    def orders(self) -> Iterator[Resting]:
        yield from self._bids
        yield from reversed(self._asks)


class CountsIn48Bits(ListBook):
    def depth(self, levels: int) -> Depth:
        whole = super().depth(levels)
        bids, asks = (
            tuple(Level(one.price, one.quantity % 2**48) for one in side)
            for side in (whole.bids, whole.asks)
        )
        return Depth(bids, asks)


class IsALadder(ListBook):
    """Knows so many levels around the best; nobody is met beyond them."""

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        prices = sorted({one.price for one in self._side(Side(1 - incoming.side))})
        known = prices[:100] if incoming.side is Side.BUY else prices[-100:]
        return (one for one in super().match(incoming) if one.price in known)


class IsOneForAll(ListBook):
    shared: ListBook | None = None

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        if IsOneForAll.shared is not None:
            self._bids, self._asks = IsOneForAll.shared._bids, IsOneForAll.shared._asks
        IsOneForAll.shared = self


class ForgetsPastFive(ListBook):
    """Right in every small case; wrong once more than five orders stand on a side."""

    def match(self, incoming: Incoming) -> Iterator[Allocation]:
        if len(self._side(Side(1 - incoming.side))) > 5:
            return islice(super().match(incoming), 1)
        return super().match(incoming)


MUTANTS: list[tuple[str, Callable[[Market], Book]]] = [
    ("best_price_first", WorstFirst),
    ("oldest_first_at_a_price", YoungestFirst),
    ("added_again_goes_to_the_back", ComesBackToItsPlace),
    ("reduced_keeps_its_place", ReduceLosesPlace),
    ("only_prices_that_cross", TouchingIsNotCrossing),
    ("allocation_says_who_and_how_much", OffersTheWholeOrder),
    ("nothing_wanted_nothing_offered", OffersToNobody),
    ("offers_follow_what_is_still_wanted", DecidesAtOnce),
    ("a_dry_run_sees_each_order_once", TakesWhatItShows),
    ("the_order_shown_may_go_or_shrink", SkipsAfterARemoval),
    ("matching_may_stop_at_any_step", IsLockedByAWalk),
    ("remove_returns_the_order_as_it_stood", ReturnsWhatWasAdded),
    ("reduced_to_zero_leaves", KeepsEmptyOrders),
    ("unknown_orders_are_a_key_error", IgnoresTheUnknown),
    ("an_id_is_added_once", TakesAnIdTwice),
    ("reduce_takes_one_lot_to_all", ClampsAReduction),
    ("top_adds_up_the_best_level", TopOfOneOrder),
    ("best_prices_are_those_of_the_top", RemembersTheBest),
    ("depth_lists_levels_best_first", DepthFromTheWorst),
    ("orders_are_listed_in_priority", ListsByAge),
    ("a_listing_rebuilds_the_book", ListsAsksBackwards),
    ("the_extremes_of_the_units", CountsIn48Bits),
    ("many_levels_are_as_right_as_few", IsALadder),
    ("books_share_nothing", IsOneForAll),
    ("random_steps_equal_a_list", ForgetsPastFive),
    ("an_engine_can_not_tell_it_from_a_list", ForgetsPastFive),
    ("an_engine_restores_on_it", ForgetsPastFive),
]


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_a_broken_book_is_refused(rule: str, mutant: Callable[[Market], Book]) -> None:
    """By the rule that it breaks, in words that name the rule."""

    class MutantKit(BookKit):
        def make_book(self, market: Market) -> Book:
            return mutant(market)

    assert is_refused(MutantKit, rule)


def test_every_rule_has_a_book_that_breaks_it() -> None:
    """A rule that nothing can break checks nothing."""
    assert {rule for rule, _ in MUTANTS} == set(BookKit.rules())
