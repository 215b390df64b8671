"""Decimal text is exact or refused: one strict grammar, lengths before arithmetic, no rounding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import FormatError
from hybrid_dex.model.decimal_text import (
    MAX_CHAIN_DIGITS,
    format_units,
    parse_step,
    parse_units,
)

HOSTILE = [
    "", " ", "1 ", " 1", "+1", "-1", "-0", "1.", ".5", "1..2", "1.2.3", "01", "00", "1e5", "1E5", "1_000",
    "1,000", "NaN", "nan", "Infinity", "inf", "0x10", "１２", "١٢", "1\n", "\n1", "1\x00", "½", "1.5.", "--1",
    "9" * 39, "0." + "1" * 39, "1" + "0" * 10_000, "1e999999999", "1.0e1", "0b1", "1/2", "1d", "1f", "'1'", "\u22121",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_text_outside_the_grammar_is_refused_by_name(text: str) -> None:
    with pytest.raises(FormatError) as refused:
        parse_units("price", text, 18)
    assert refused.value.field == "price"
    assert refused.value.valid
    with pytest.raises(FormatError):
        parse_step("quantity", text, 18, 10**14)


@pytest.mark.parametrize("value", [1, 1.5, None, b"1", ["1"], True])
def test_only_text_is_taken(value: object) -> None:
    with pytest.raises(FormatError, match="must be a string"):
        parse_units("amount", value, 6)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [
        ("0", 18, 0), ("0.0", 1, 0), ("1", 0, 1), ("1", 18, 10**18), ("0.000000000000000001", 18, 1),
        ("2500.5", 2, 250050), ("12345678901234567890123456789012345678", 0, 12345678901234567890123456789012345678),
    ],
)  # fmt: skip
def test_units_are_exact(text: str, decimals: int, units: int) -> None:
    assert parse_units("amount", text, decimals) == units


def test_more_decimals_than_the_asset_has_are_refused_even_zeros() -> None:
    with pytest.raises(FormatError, match="3 decimals"):
        parse_units("amount", "1.000", 2)


def test_amounts_read_back_from_a_chain_may_have_78_digits() -> None:
    largest = str(2**256 - 1)
    assert parse_units("amount", largest, 0, MAX_CHAIN_DIGITS) == 2**256 - 1
    with pytest.raises(FormatError, match=r"(more|longer) than 78"):
        parse_units("amount", "1" + largest, 0, MAX_CHAIN_DIGITS)


@given(units=st.integers(0, 10**38 - 1), decimals=st.integers(0, 18))
def test_formatting_and_parsing_are_inverse(units: int, decimals: int) -> None:
    assert parse_units("amount", format_units(units, decimals), decimals) == units


@given(steps=st.integers(0, 10**12), step=st.integers(1, 10**9), decimals=st.integers(0, 18))
def test_a_multiple_of_the_step_is_taken_exactly(steps: int, step: int, decimals: int) -> None:
    assert parse_step("price", format_units(steps * step, decimals), decimals, step) == steps


@given(steps=st.integers(0, 10**9), step=st.integers(2, 10**9), data=st.data())
def test_a_value_between_steps_names_its_neighbours(
    steps: int, step: int, data: st.DataObject
) -> None:
    value = steps * step + data.draw(st.integers(1, step - 1))
    with pytest.raises(FormatError) as refused:
        parse_step("price", format_units(value, 6), 6, step)
    assert format_units((steps + 1) * step, 6) in refused.value.valid
    if steps:
        assert format_units(steps * step, 6) in refused.value.valid


def test_trailing_zeros_never_make_a_step_invalid() -> None:
    assert parse_step("price", "2500.5000000000", 2, 1) == 250050


def test_more_precision_than_the_step_names_the_neighbours() -> None:
    with pytest.raises(FormatError, match=r"nearest: 2500\.5 or 2500\.51"):
        parse_step("price", "2500.505", 2, 1)


def test_negative_amounts_are_formatted_with_their_sign() -> None:
    assert format_units(-5, 1) == "-0.5"
