"""From live orders to quotes: what is right stays, the rest is replaced, limits hold in between."""

from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex import Side
from reference_app.market_maker.quoting import Quote
from reference_app.market_maker.reconciling import Cancel, LiveOrder, Place, Replace, reconcile


def live(
    order_id: str, side: Side, price: int, open_: int = 10, *, replaceable: bool = True
) -> LiveOrder:
    """An order on the book."""
    return LiveOrder(
        order_id=order_id, side=side, price=price, open=open_, filled=0, replaceable=replaceable
    )


def quote(side: Side, price: int, quantity: int = 10) -> Quote:
    """A quote."""
    return Quote(side, price, quantity)


def test_an_empty_book_is_filled_and_a_right_one_left_alone() -> None:
    """Orders that are as they should be keep their place in the queue."""
    quotes = [quote(Side.BUY, 99), quote(Side.SELL, 101)]
    assert reconcile(quotes, [], max_orders=10) == (Place(quotes[0]), Place(quotes[1]))
    right = [live("1", Side.BUY, 99), live("2", Side.SELL, 101)]
    assert reconcile(quotes, right, max_orders=10) == ()


def test_a_refresh_replaces_and_neither_cancels_nor_places() -> None:
    """The best order becomes the best quote: the book has no gap."""
    quotes = [quote(Side.BUY, 100), quote(Side.BUY, 98)]
    orders = [live("far", Side.BUY, 97), live("near", Side.BUY, 99)]
    actions = reconcile(quotes, orders, max_orders=10)
    assert actions == (Replace(orders[1], quotes[0]), Replace(orders[0], quotes[1]))


def test_what_is_too_many_goes_first() -> None:
    """Cancels before all else, whatever the side."""
    orders = [live("1", Side.BUY, 99), live("2", Side.BUY, 98)]
    actions = reconcile([quote(Side.BUY, 97), quote(Side.SELL, 102)], orders, max_orders=10)
    assert actions == (
        Cancel(orders[1]),
        Replace(orders[0], quote(Side.BUY, 97)),
        Place(quote(Side.SELL, 102)),
    )


def test_quotes_retreat_before_others_follow() -> None:
    """When the price rises, asks move up before bids do, so own quotes never meet."""
    bid, ask = live("bid", Side.BUY, 99), live("ask", Side.SELL, 101)
    up = reconcile([quote(Side.BUY, 103), quote(Side.SELL, 105)], [bid, ask], max_orders=10)
    assert [action.order for action in up if isinstance(action, Replace)] == [ask, bid]
    down = reconcile([quote(Side.BUY, 95), quote(Side.SELL, 97)], [bid, ask], max_orders=10)
    assert [action.order for action in down if isinstance(action, Replace)] == [bid, ask]


def test_an_order_without_revisions_is_canceled_and_placed() -> None:
    """A signed order can be replaced 255 times only."""
    old = live("1", Side.BUY, 99, replaceable=False)
    actions = reconcile([quote(Side.BUY, 98)], [old], max_orders=10)
    assert actions == (Cancel(old), Place(quote(Side.BUY, 98)))


def test_few_orders_are_shared_by_both_sides() -> None:
    """The best quotes of both sides, in turns."""
    quotes = [quote(side, price) for side, price in [
        (Side.BUY, 99), (Side.BUY, 98), (Side.SELL, 101), (Side.SELL, 102)
    ]]  # fmt: skip
    actions = reconcile(quotes, [], max_orders=3)
    assert actions == (Place(quotes[0]), Place(quotes[1]), Place(quotes[2]))
    assert reconcile(quotes, [], max_orders=0) == ()


sides = st.sampled_from(list(Side))
quotes_ = st.lists(st.builds(Quote, sides, st.integers(90, 110), st.integers(1, 20)), max_size=8)
orders_ = st.lists(
    st.builds(
        LiveOrder,
        order_id=st.uuids().map(str),
        side=sides,
        price=st.integers(90, 110),
        open=st.integers(1, 20),
        filled=st.integers(0, 5),
        replaceable=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda order: order.order_id,
)


@given(quotes=quotes_, orders=orders_, max_orders=st.integers(0, 10))
def test_actions_lead_to_the_quotes_and_keep_the_limits_at_every_step(
    quotes: list[Quote], orders: list[LiveOrder], max_orders: int
) -> None:
    """Never more orders than before or allowed, never more exposure than before or wanted."""
    book = {order.order_id: Quote(order.side, order.price, order.open) for order in orders}

    def exposure(items: list[Quote], side: Side) -> int:
        return sum(item.quantity for item in items if item.side is side)

    most_orders = max(len(orders), max_orders)
    most = {side: max(exposure(list(book.values()), side), exposure(quotes, side)) for side in Side}
    for number, action in enumerate(reconcile(quotes, orders, max_orders=max_orders)):
        match action:
            case Cancel(order):
                del book[order.order_id]
            case Replace(order, wanted):
                book[order.order_id] = wanted
            case Place(wanted):
                book[f"new {number}"] = wanted
        assert len(book) <= most_orders
        assert all(exposure(list(book.values()), side) <= most[side] for side in Side)
    left = sorted(map(repr, book.values()))
    assert len(left) == min(len(quotes), max_orders)
    if max_orders >= len(quotes):
        assert left == sorted(map(repr, quotes))
