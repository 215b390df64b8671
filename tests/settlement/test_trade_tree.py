"""Ids of settled fills and the root over them are the contract's; every id has a proof."""

import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.settlement.trade_tree import EMPTY_ROOT, merkle_proof, merkle_root, trade_id
from hybrid_dex.signing.keccak import keccak256


def test_a_trade_id_is_the_hash_of_six_words() -> None:
    words = [(9).to_bytes(32, "big"), b"\1" * 32, b"\2" * 32]
    words += [number.to_bytes(32, "big") for number in (769, 2490, 4)]
    identifier = trade_id(9, b"\1" * 32, b"\2" * 32, sequence=769, price=2490, lots=4)
    assert identifier == keccak256(b"".join(words))


@pytest.mark.parametrize("count", [*range(1, 18), 50])
def test_every_leaf_has_a_proof_to_the_root(count: int) -> None:
    leaves = [keccak256(bytes([number])) for number in range(count)]
    root = merkle_root(leaves)
    for number, leaf in enumerate(leaves):
        node = leaf
        for sibling in merkle_proof(leaves, number):
            node = keccak256(min(node, sibling) + max(node, sibling))
        assert node == root
        if count > 1:
            assert merkle_root(leaves[:number] + leaves[number + 1 :]) != root


def test_roots_of_little() -> None:
    assert merkle_root([]) == EMPTY_ROOT
    assert merkle_root([b"\7" * 32]) == b"\7" * 32
    assert merkle_proof([b"\7" * 32], 0) == ()
    with pytest.raises(FormatError):
        merkle_proof([], 0)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_digest_that_is_none_is_refused_by_name(side: str) -> None:
    digests = {"buy": b"\1" * 32, "sell": b"\2" * 32} | {side: b"\1" * 31}
    with pytest.raises(FormatError) as refused:
        trade_id(9, **digests, sequence=769, price=2490, lots=4)
    assert refused.value.field == side
