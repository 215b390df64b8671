"""A market turns text into ticks, lots and atoms without losing a digit, or refuses the text."""

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.model.fees import FeeTier
from hybrid_dex.model.market import Market, fee
from hybrid_dex.model.units import MAX_AMOUNT, MAX_PRICE, MAX_QUANTITY

ETH = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")


def test_the_steps_become_integers() -> None:
    assert (ETH.lot_size, ETH.tick_size) == (10**14, 1)
    assert (ETH.base.id, ETH.quote.id) == ("ETH", "USDC")


def test_notional_is_exact() -> None:
    price, quantity = ETH.parse_price("2500.01"), ETH.parse_quantity("1.5")
    assert ETH.notional(price, quantity) == 3750_015000
    assert ETH.base_amount(quantity) == 15 * 10**17


@given(price=st.integers(1, MAX_PRICE), quantity=st.integers(1, MAX_QUANTITY))
def test_text_and_steps_are_inverse(price: int, quantity: int) -> None:
    assert ETH.parse_price(ETH.format_price(price)) == price
    assert ETH.parse_quantity(ETH.format_quantity(quantity)) == quantity


@pytest.mark.parametrize("text", ["0", "0.00", "2500.001", "-1", "2814749767106.56"])
def test_a_price_off_the_grid_or_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(FormatError) as refused:
        ETH.parse_price(text)
    assert refused.value.field == "price"


@pytest.mark.parametrize("text", ["0", "0.00005", "1e2"])
def test_a_quantity_off_the_grid_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        ETH.parse_quantity(text)


@pytest.mark.parametrize(
    "steps",
    [
        {"tick": "0.001", "lot": "0.0001", "quote_decimals": 6},
        {"tick": "0", "lot": "1", "quote_decimals": 6},
        {"tick": "1", "lot": "0", "quote_decimals": 6},
    ],
)
def test_steps_that_are_not_whole_quote_atoms_are_refused(steps: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="whole number of quote atoms"):
        Market.spot("ETH-USDC", base_decimals=18, **steps)  # type: ignore[arg-type]  # mixed keywords


@pytest.mark.parametrize("name", ["tick", "lot"])
def test_a_step_that_is_no_text_is_refused_by_its_name(name: str) -> None:
    steps = {"tick": "0.01", "lot": "0.0001"} | {name: 0.01}
    with pytest.raises(FormatError, match=f"{name}: must be a string, not float"):
        Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, **steps)  # type: ignore[arg-type]  # what is tried


@pytest.mark.parametrize("symbol", ["ETHUSDC", "-USDC", "ETH-", "ETH-ETH"])
def test_a_bad_symbol_is_refused(symbol: str) -> None:
    with pytest.raises(ConfigurationError):
        Market.spot(symbol, base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")


@given(
    parts=st.lists(st.integers(0, 10**24), min_size=1, max_size=20), rate=st.integers(0, 2**15 - 1)
)
def test_no_sum_of_fees_exceeds_the_fee_of_the_sum(parts: list[int], rate: int) -> None:
    assert sum(fee(part, rate) for part in parts) <= fee(sum(parts), rate)


def test_the_minimum_notional_ends_where_the_settlement_word_ends() -> None:
    """More could never be traded, and no database could hold it."""
    steps = {"base_decimals": 18, "quote_decimals": 0, "tick": "1", "lot": "1"}
    for minimum, refused in ((MAX_AMOUNT, False), (MAX_AMOUNT + 1, True)):
        with pytest.raises(ValueError, match="minimum_notional") if refused else nullcontext():
            Market.spot("ETH-USDC", minimum_notional=str(minimum), **steps)


STEPS = {"base_decimals": 18, "quote_decimals": 6, "tick": "0.01", "lot": "0.0001"}


def test_sizes_and_tiers_are_exact_texts() -> None:
    """Quantities in lots, notionals and volumes in atoms."""
    market = Market.spot(
        "ETH-USDC",
        **STEPS,
        maker_fee_ppm=100,
        taker_fee_ppm=500,
        minimum_quantity="0.01",
        maximum_quantity="1000",
        maximum_notional="2500000.000001",
        fee_tiers=[("1000000", 50, 400)],
    )
    assert (market.minimum_quantity, market.maximum_quantity) == (100, 10**7)
    assert market.maximum_notional == 2_500_000_000_001
    assert market.fee_tiers == (FeeTier(volume=10**12, maker_fee_ppm=50, taker_fee_ppm=400),)
    assert (market.worst_fee_ppm, market.fees.tiers) == (500, market.fee_tiers)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"minimum_quantity": "0.00005"}, "minimum_quantity"),
        ({"maximum_quantity": "0"}, "maximum_quantity"),
        ({"maximum_quantity": "1e3"}, "maximum_quantity"),
        ({"maximum_notional": "0.0000001"}, "maximum_notional"),
        ({"fee_tiers": [("1,000", 0, 0)]}, "fee_tiers"),
    ],
)
def test_a_size_that_is_not_exact_is_refused(terms: dict[str, object], field: str) -> None:
    """Never rounded."""
    with pytest.raises(FormatError) as refused:
        Market.spot("ETH-USDC", **STEPS, **terms)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "terms",
    [
        {"minimum_quantity": "2", "maximum_quantity": "1"},
        {"minimum_notional": "2", "maximum_notional": "1"},
        {"maker_fee_ppm": -2, "taker_fee_ppm": 1},
        {"taker_fee_ppm": 9, "fee_tiers": [("1", -9, 9), ("2", -9, 8)]},
    ],
)
def test_terms_that_contradict_each_other_are_refused(terms: dict[str, object]) -> None:
    """Before anybody trades under them."""
    with pytest.raises(ConfigurationError):
        Market.spot("ETH-USDC", **STEPS, **terms)
