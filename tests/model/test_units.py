"""Ids are (command sequence, index) in one integer, and a nonce packs as the contract reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.model.order import TimeInForce
from hybrid_dex.model.signed_order import Nonce, order_flags
from hybrid_dex.model.units import MAX_SEQUENCE, fill_id, fill_sequence, order_id, order_sequence


@given(sequence=st.integers(1, MAX_SEQUENCE), order=st.integers(0, 255), fill=st.integers(0, 65535))
def test_ids_hold_their_sequence_and_rise_with_it(sequence: int, order: int, fill: int) -> None:
    assert order_sequence(order_id(sequence, order)) == sequence
    assert fill_sequence(fill_id(sequence, fill)) == sequence
    assert order_id(sequence, order) < order_id(sequence + 1)
    assert fill_id(sequence, fill) < fill_id(sequence + 1, 0)


@given(counter=st.integers(0, 2**40 - 1), revision=st.integers(0, 255), lane=st.integers(0, 65535))
def test_a_nonce_survives_packing(counter: int, revision: int, lane: int) -> None:
    nonce = Nonce(counter, revision, lane)
    assert Nonce.unpack(nonce.packed) == nonce
    assert nonce.packed == counter * 2**24 + revision * 2**16 + lane
    assert nonce.key == counter * 256 + revision


@pytest.mark.parametrize("parts", [(2**40, 0, 0), (0, 256, 0), (0, 0, 65536), (-1, 0, 0)])
def test_a_nonce_outside_its_word_is_refused(parts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Nonce(*parts)


def test_flags_are_the_signed_bits() -> None:
    assert order_flags(post_only=True, time_in_force=TimeInForce.GTC) == 1
    assert order_flags(post_only=False, time_in_force=TimeInForce.IOC) == 2
    assert order_flags(post_only=False, time_in_force=TimeInForce.FOK) == 4
