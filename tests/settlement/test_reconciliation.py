"""A chain is followed block by block; what was final never goes away."""

from __future__ import annotations

import pytest

from hybrid_dex.errors import SettlementError
from hybrid_dex.settlement.reconciliation import Block, Chain, DeepReorganisationError


def block(number: int, branch: int = 0, parent: int | None = None) -> Block:
    """A block of a branch; its parent is of the same branch unless told."""
    below = branch if parent is None else parent
    return Block(
        number=number,
        hash=bytes([number, branch]),
        parent=bytes([max(0, number - 1), below]),
        timestamp_s=number,
    )


def test_blocks_become_final_up_to_a_height() -> None:
    """Those up to the height that is told, lowest first."""
    chain = Chain(block(0))
    for number in (1, 2, 3):
        assert chain.extends(block(number))
        chain.append(block(number))
    assert [each.number for each in chain.finalize(1)] == [1]
    assert chain.final == block(1)
    assert chain.head == block(3)
    with pytest.raises(SettlementError, match="does not follow"):
        chain.append(block(5))


def test_a_chain_that_went_another_way_is_followed_until_finality() -> None:
    """Blocks of the old branch are dropped one by one; a final one never is."""
    chain = Chain(block(0))
    chain.append(block(1))
    assert not chain.extends(block(2, branch=1))
    assert chain.drop() == block(1)
    chain.append(block(1, branch=1, parent=0))
    assert chain.extends(block(2, branch=1))
    chain.drop()
    with pytest.raises(DeepReorganisationError, match="was final"):
        chain.drop()
