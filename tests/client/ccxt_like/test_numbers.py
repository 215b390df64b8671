"""Floats go in as they are written and come out as the nearest; nothing is moved unless asked for."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.client.ccxt_like.errors import InvalidOrder
from hybrid_dex.client.ccxt_like.numbers import exact, number, on_step


@given(st.floats(min_value=1e-90, max_value=1e90))
def test_a_float_is_written_as_python_writes_it_and_comes_back(value: float) -> None:
    text = exact("amount", value)
    assert Decimal(text) == Decimal(repr(value))
    assert number(text) == value
    assert "e" not in text.lower()


def test_a_float_of_another_library_is_a_float_too() -> None:
    """One that writes itself as np.float64(0.1)."""

    class Float64(float):
        def __repr__(self) -> str:
            return f"np.float64({float.__repr__(self)})"

    assert exact("amount", Float64(0.1)) == "0.1"


@given(
    st.decimals(min_value=0, max_value=10**9, places=12),
    st.sampled_from(["1", "0.5", "0.01", "0.0001", "25"]),
)
def test_a_number_moves_to_a_step_by_less_than_one(value: Decimal, step: str) -> None:
    for down in (True, False):
        try:
            moved = Decimal(on_step("amount", value, step, down=down))
        except InvalidOrder:
            assert value < Decimal(step)
            continue
        assert moved % Decimal(step) == 0
        assert abs(value - moved) <= (Decimal(step) if down else Decimal(step) / 2)
        assert moved <= value or not down


@pytest.mark.parametrize(
    "value", [True, None, b"1", float("nan"), float("inf"), Decimal("-inf"), 1e-200, 1e200, [1]]
)
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(InvalidOrder, match="amount is"):
        exact("amount", value)  # type: ignore[arg-type] # what a program may give all the same


@pytest.mark.parametrize("value", ["", "1,5", "-1", -0.5, "nan", 0, 0.00001])
def test_what_has_no_step_is_refused(value: str | float) -> None:
    with pytest.raises(InvalidOrder, match="amount is"):
        on_step("amount", value, "0.0001", down=True)
