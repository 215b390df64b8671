"""What is quoted: spacing, skew, and an inventory that can not be exceeded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex import Side
from reference_app.market_maker.quoting import Ladder, Quote, make_quotes
from reference_app.market_maker.reference_price import RandomWalk

FIVE = Ladder(levels=5, spacing_bps=10, quantity=100, max_inventory=1_000, skew_bps=20)


def side_of(quotes: tuple[Quote, ...], side: Side) -> list[Quote]:
    """The quotes of one side, best first."""
    return [quote for quote in quotes if quote.side is side]


def test_five_levels_lie_ten_basis_points_apart() -> None:
    """Around 2500.00 in ticks of 0.01: 2.50 each, on both sides alike."""
    quotes = make_quotes(250_000, 0, FIVE)
    assert [q.price for q in side_of(quotes, Side.BUY)] == [
        249_750, 249_500, 249_250, 249_000, 248_750
    ]  # fmt: skip
    assert [q.price for q in side_of(quotes, Side.SELL)] == [
        250_250, 250_500, 250_750, 251_000, 251_250
    ]  # fmt: skip
    assert {q.quantity for q in quotes} == {100}


def test_inventory_moves_all_quotes_against_itself() -> None:
    """Long: lower, by the whole skew at the limit. Short: higher."""
    assert make_quotes(250_000, 500, FIVE)[0].price == 249_500
    assert side_of(make_quotes(250_000, 1_000, FIVE), Side.SELL)[0].price == 249_750
    assert side_of(make_quotes(250_000, -1_000, FIVE), Side.BUY)[0].price == 250_250


def test_a_side_without_room_is_not_quoted() -> None:
    """At the limit nothing more is bought; just below it, a smaller quote is all that fits."""
    quotes = make_quotes(250_000, 1_000, FIVE)
    assert side_of(quotes, Side.BUY) == []
    assert len(side_of(quotes, Side.SELL)) == 5
    assert [q.quantity for q in side_of(make_quotes(250_000, 750, FIVE), Side.BUY)] == [
        100,
        100,
        50,
    ]
    assert make_quotes(250_000, 2_000, FIVE) == tuple(
        side_of(make_quotes(250_000, 2_000, FIVE), Side.SELL)
    )


@given(
    reference=st.integers(1, 2**40),
    inventory=st.integers(-3_000, 3_000),
    levels=st.integers(1, 12),
    spacing=st.integers(1, 500),
    skew=st.integers(0, 500),
    minimum=st.integers(1, 150),
)
def test_quotes_never_cross_nor_exceed_the_inventory(
    *, reference: int, inventory: int, levels: int, spacing: int, skew: int, minimum: int
) -> None:
    """Whatever the numbers: distinct prices, best first, bids below asks, fills within the limit."""
    ladder = Ladder(
        levels=levels,
        spacing_bps=spacing,
        quantity=100,
        max_inventory=1_000,
        skew_bps=skew,
        minimum=minimum,
    )
    quotes = make_quotes(reference, inventory, ladder)
    bids, asks = side_of(quotes, Side.BUY), side_of(quotes, Side.SELL)
    bid_prices, ask_prices = [q.price for q in bids], [q.price for q in asks]
    assert bid_prices == sorted(set(bid_prices), reverse=True)
    assert ask_prices == sorted(set(ask_prices))
    assert all(q.price >= 1 and q.quantity >= minimum for q in quotes)
    if bids and asks:
        assert bid_prices[0] < ask_prices[0]
    if bids:
        assert inventory + sum(q.quantity for q in bids) <= 1_000
    if asks:
        assert inventory - sum(q.quantity for q in asks) >= -1_000


def test_a_walk_repeats_with_its_seed_and_stays_within_its_step() -> None:
    """Half a percent at most each step, both ways, and never below its floor."""
    walks = [RandomWalk.begin(250_000, step_ppm=5_000, seed=7) for _ in range(2)]
    prices = [250_000]
    for _ in range(500):
        price = walks[0].step()
        assert walks[1].step() == price
        assert abs(price - prices[-1]) <= prices[-1] * 5_000 // 1_000_000 + 1
        prices.append(price)
    assert min(prices) < 250_000 < max(prices)
    assert RandomWalk.begin(250_000, step_ppm=5_000, seed=8).step() != prices[1]
    low = RandomWalk.begin(1, step_ppm=1_000_000, seed=1, lowest=50)
    assert all(low.step() >= 50 for _ in range(100))


@pytest.mark.parametrize("reference", [1, 2, 11])
def test_a_tiny_price_still_has_a_book(reference: int) -> None:
    """Levels that round to one price are spread by a tick; below one tick there is no bid."""
    quotes = make_quotes(reference, 0, FIVE)
    assert len(side_of(quotes, Side.SELL)) == 5
    assert len(side_of(quotes, Side.BUY)) == min(5, reference - 1)
