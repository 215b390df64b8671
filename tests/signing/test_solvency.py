"""A Merkle-sum tree proves each balance as part of one sum, and nothing else."""

from __future__ import annotations

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import FormatError, SettlementError
from hybrid_dex.model.units import MAX_AMOUNT
from hybrid_dex.signing import checksum_address, keccak256
from hybrid_dex.signing.solvency import (
    EMPTY_ROOT,
    FEES,
    SolvencyProof,
    SumStep,
    SumTree,
    read_proof,
)


def address(number: int) -> str:
    """The address with a number."""
    return checksum_address(number.to_bytes(20, "big"))


TOKEN, OTHER_TOKEN = address(1 << 80), address(1 << 81)


def prove(tree: SumTree, account: str) -> SolvencyProof:
    """A proof out of a tree, as of some chain."""
    return tree.prove(account, chain_id=1, contract=address(99), block=7)


def replace(proof: SolvencyProof, **changes: object) -> SolvencyProof:
    """The same proof with something else in it."""
    return msgspec.structs.replace(proof, **changes)


@given(
    st.dictionaries(st.integers(1, 1 << 160).map(lambda n: address(n % (1 << 160) or 1)),
                    st.integers(0, 1 << 100), max_size=40),
    st.integers(0, 1 << 100),
)  # fmt: skip
def test_every_leaf_is_proven_and_the_sum_is_that_of_all(
    amounts: dict[str, int], fees: int
) -> None:
    """Whatever the number of accounts: odd levels, one leaf, none."""
    tree = SumTree.of(TOKEN, amounts, fees=fees)
    assert tree.total == sum(amounts.values()) + fees
    assert set(tree.amounts) == {a for a, n in amounts.items() if n} | ({FEES} if fees else set())
    for account, amount in tree.amounts.items():
        proof = prove(tree, account)
        assert proof.holds()
        assert proof.amount == str(amount)
        assert read_proof(proof.encode()) == proof
    assert (tree.root == EMPTY_ROOT) == (not tree.amounts)


def test_the_hash_is_the_documented_one() -> None:
    """Two leaves by hand: lower address left, token and amount inside, both sums hashed."""
    one, two = address(1), address(2)
    token = bytes.fromhex(TOKEN[2:])
    leaves = [
        keccak256(b"\0" + token + bytes.fromhex(who[2:]) + n.to_bytes(32, "big"))
        for who, n in ((one, 5), (two, 6))
    ]
    root = keccak256(
        b"\1" + leaves[0] + (5).to_bytes(32, "big") + leaves[1] + (6).to_bytes(32, "big")
    )
    tree = SumTree.of(TOKEN, {two: 6, one: 5})
    assert (tree.root, tree.total) == (root, 11)


def test_the_order_of_accounts_changes_nothing_and_every_amount_does() -> None:
    """One set of balances has one root."""
    amounts = {address(n): n for n in range(1, 8)}
    root = SumTree.of(TOKEN, amounts).root
    assert SumTree.of(TOKEN, dict(reversed(amounts.items()))).root == root
    assert SumTree.of(OTHER_TOKEN, amounts).root != root
    assert SumTree.of(TOKEN, amounts | {address(3): 4}).root != root
    assert SumTree.of(TOKEN, amounts, fees=1).root != root
    assert SumTree.of(TOKEN, amounts | {address(9): 0}).root == root


def test_a_proof_holds_for_its_own_account_amount_token_root_and_total_only() -> None:
    """Each field that is another one breaks it."""
    tree = SumTree.of(TOKEN, {address(n): 100 + n for n in range(1, 8)}, fees=3)
    proof = prove(tree, address(5))
    assert proof.holds()
    foreign = prove(tree, address(6))
    assert not replace(proof, account=address(6)).holds()
    assert not replace(proof, amount="106").holds()
    assert not replace(proof, token=OTHER_TOKEN).holds()
    assert not replace(proof, root=foreign.steps[0].hash).holds()
    assert not replace(proof, total=str(tree.total + 1)).holds()
    assert not replace(proof, steps=foreign.steps).holds()
    assert not replace(proof, steps=proof.steps[:-1]).holds()
    turned = msgspec.structs.replace(proof.steps[0], left=not proof.steps[0].left)
    assert not replace(proof, steps=(turned, *proof.steps[1:])).holds()


def test_a_node_can_not_hide_a_part_of_its_sum() -> None:
    """A neighbour that is claimed smaller, so that the vault would owe less, changes the root."""
    tree = SumTree.of(TOKEN, {address(1): 10, address(2): 20})
    proof = prove(tree, address(1))
    smaller = (msgspec.structs.replace(proof.steps[0], sum="0"),)
    assert not replace(proof, steps=smaller, total="10").holds()


def test_an_inner_node_is_no_leaf_and_sums_do_not_overflow() -> None:
    """Too long a path and too large a sum are refused, whatever they hash to."""
    tree = SumTree.of(TOKEN, {address(1): 10})
    proof = prove(tree, address(1))
    step = SumStep(hash="0x" + "11" * 32, sum=str(MAX_AMOUNT), left=False)
    assert not replace(proof, steps=(step,)).holds()
    assert not replace(proof, steps=(step,) * 65).holds()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "-1"},
        {"amount": "01"},
        {"amount": "1.0"},
        {"amount": ""},
        {"amount": "9" * 5_000},
        {"total": str(MAX_AMOUNT + 1)},
        {"root": "0x12"},
        {"root": "0x" + "AB" * 32},
        {"root": "zz"},
        {"account": "0x" + "ab" * 20},
        {"token": "USDC"},
    ],
)
def test_what_is_no_amount_hash_or_address_is_refused(changes: dict[str, str]) -> None:
    """With the field's name; a number with a sign or a leading zero is none."""
    proof = prove(SumTree.of(TOKEN, {address(1): 10}), address(1))
    with pytest.raises(FormatError, match=next(iter(changes))):
        replace(proof, **changes).holds()


def test_a_file_that_is_no_proof_is_refused() -> None:
    """Not JSON, other fields, more fields."""
    proof = prove(SumTree.of(TOKEN, {address(1): 10}), address(1)).encode()
    for data in (b"", b"[]", b"{}", proof[:-3], proof.replace(b'"block"', b'"blocks"')):
        with pytest.raises(FormatError, match="proof"):
            read_proof(data)


def test_a_tree_refuses_what_no_vault_can_owe() -> None:
    """A negative balance, more than the ledger can hold, a balance of nobody."""
    for amounts in ({address(1): -1}, {address(1): MAX_AMOUNT, address(2): 1}, {FEES: 1}):
        with pytest.raises(SettlementError):
            SumTree.of(TOKEN, amounts)
    with pytest.raises(SettlementError, match="no balance"):
        prove(SumTree.of(TOKEN, {address(1): 1}), address(2))


def test_a_tree_is_a_value_to_look_at() -> None:
    """Its leaves stand in ascending order of address, fees first."""
    tree = SumTree.of(TOKEN, {address(2): 2, address(1): 1}, fees=9)
    assert list(tree.amounts.items()) == [(FEES, 9), (address(1), 1), (address(2), 2)]
    assert "levels" not in repr(tree)
    assert attrs.has(SumTree)
