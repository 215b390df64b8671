"""Solvency: a Merkle-sum tree over what the vault owes, and a proof for each account.

Pure. It adds up and hashes what it is given; where balances come from, and whether the vault holds
the tokens, is read elsewhere. It must never accept a proof whose sums do not follow from its
hashes.

A tree is made for one token. Its leaves are the accounts with a balance, in ascending order of
their addresses, and under the zero address, which nobody holds, the fees that the exchange
collected: so the sum of all leaves is the contract's ``liabilities``. Every node carries the sum
of what is below it, and both sums are hashed, so no node can hide a part of one side:

- leaf: ``keccak256(0x00 | token 20 | account 20 | amount 32)``, sum ``amount``
- node: ``keccak256(0x01 | left hash | left sum 32 | right hash | right sum 32)``, both sums added
- a node without a partner moves up unchanged; no leaf at all is the zero root with the sum 0

Amounts are unsigned and their sum stays below 2**112, as in the contract, so nothing negative can
lower a sum (Chalkias, Chatzigiannis, Ji: "Broken Proofs of Solvency in Blockchain Custodial
Wallets and Exchanges", 2022). Leaves are not salted: balances are public on chain, and without a
salt anyone can compute the root again.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import attrs
import msgspec

from hybrid_dex.errors import FormatError, SettlementError
from hybrid_dex.model.units import MAX_AMOUNT
from hybrid_dex.signing.address import ZERO_ADDRESS, checksum_address, parse_address
from hybrid_dex.signing.keccak import keccak256

__all__ = [
    "EMPTY_ROOT",
    "FEES",
    "PublishedRoot",
    "SolvencyProof",
    "SumStep",
    "SumTree",
    "read_proof",
]

FEES: Final = ZERO_ADDRESS
"""The account under which a tree holds the collected fees."""
EMPTY_ROOT: Final = bytes(32)

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"
_WORD: Final = 32
_MAX_DEPTH: Final = 64
_Node: TypeAlias = tuple[bytes, int]


class SumStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a proof: the neighbour on the way up.

    Attributes:
        hash: of the neighbour, 0x-hex.
        sum: of everything below the neighbour, atoms as a decimal text.
        left: whether the neighbour stands on the left.
    """

    hash: str
    sum: str
    left: bool


class SolvencyProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That an account's balance is part of a root. Written to a file as JSON.

    Attributes:
        chain_id: the chain (EIP-155).
        contract: EIP-55 address of the ``Exchange``.
        block: number of the block whose balances the tree holds.
        token: EIP-55 address.
        account: EIP-55 address; the zero address for the collected fees.
        amount: the account's balance, atoms as a decimal text.
        steps: from the leaf to the root.
        root: 0x-hex.
        total: sum of all leaves, atoms as a decimal text.
    """

    chain_id: int
    contract: str
    block: int
    token: str
    account: str
    amount: str
    steps: tuple[SumStep, ...]
    root: str
    total: str

    def holds(self) -> bool:
        """Whether amount and steps lead to root and total.

        Says nothing of whether this root was ever published, nor of what the vault holds.

        Raises:
            FormatError: an address, hash or amount is none.
        """
        if len(self.steps) > _MAX_DEPTH:
            return False
        node = _leaf(
            parse_address(self.token, "token"),
            parse_address(self.account, "account"),
            _amount(self.amount, "amount"),
        )
        for step in self.steps:
            neighbour = (_hash(step.hash, "hash"), _amount(step.sum, "sum"))
            node = _join(neighbour, node) if step.left else _join(node, neighbour)
            if node[1] > MAX_AMOUNT:
                return False
        return node == (_hash(self.root, "root"), _amount(self.total, "total"))

    def encode(self) -> bytes:
        """Return the proof as the bytes of a JSON file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def read_proof(data: bytes) -> SolvencyProof:
    """Return the proof that a JSON file holds.

    Raises:
        FormatError: it is none.
    """
    try:
        return msgspec.json.decode(data, type=SolvencyProof)
    except msgspec.MsgspecError as error:
        raise FormatError("proof", str(error), "a file written by `solvency proof`") from error


@attrs.frozen(kw_only=True)
class PublishedRoot:
    """A root that the operator published on chain.

    Attributes:
        block: the block that holds it; the tree is of an earlier one.
        batch: number of the last batch before it.
        token: EIP-55 address.
        root: 32 bytes.
        total: sum that it proves, atoms.
        liabilities: what the contract owed when it was published, atoms.
        balance: what the token said that the vault held then, atoms.
    """

    block: int
    batch: int
    token: str
    root: bytes
    total: int
    liabilities: int
    balance: int

    def proves(self, proof: SolvencyProof) -> bool:
        """Whether a proof leads to this root and this sum, of a block before it."""
        ours = (self.token, "0x" + self.root.hex(), str(self.total))
        return ours == (proof.token, proof.root, proof.total) and proof.block < self.block


@attrs.define
class SumTree:
    """All balances of one token, fees included, as a tree. Made with `SumTree.of`.

    Attributes:
        token: EIP-55 address.
        amounts: the leaves that are not zero, in ascending order of address.
    """

    token: str
    amounts: dict[str, int]
    _levels: list[list[_Node]] = attrs.field(repr=False)
    _places: dict[str, int] = attrs.field(repr=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._places = {account: place for place, account in enumerate(self.amounts)}

    @classmethod
    def of(cls, token: str, amounts: Mapping[str, int], *, fees: int = 0) -> "SumTree":
        """Build the tree. O(n log n) for n accounts.

        Args:
            token: EIP-55 address.
            amounts: atoms by account (EIP-55); zeros are left out.
            fees: what the exchange collected, atoms.

        Raises:
            FormatError: an address is none.
            SettlementError: an amount is negative, the sum too large, or an account is the zero
                address.
        """
        raw_token = parse_address(token, "token")
        if amounts.get(FEES):
            raise SettlementError("the zero address can not hold a balance")
        leaves = sorted(
            (parse_address(account, "account"), amount)
            for account, amount in {**amounts, FEES: fees}.items()
            if amount
        )
        total = sum(amount for _, amount in leaves)
        if any(amount < 0 for _, amount in leaves) or total > MAX_AMOUNT:
            raise SettlementError(f"balances of {token} are negative or add up to over 2**112 - 1")
        level = [_leaf(raw_token, account, amount) for account, amount in leaves]
        levels = [level]
        while len(level) > 1:
            pairs = [_join(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
            level = pairs + level[len(pairs) * 2 :]
            levels.append(level)
        ordered = {checksum_address(account): amount for account, amount in leaves}
        return cls(token=token, amounts=ordered, levels=levels)

    @property
    def root(self) -> bytes:
        """Hash of the whole tree, 32 bytes."""
        top = self._levels[-1]
        return top[0][0] if top else EMPTY_ROOT

    @property
    def total(self) -> int:
        """Sum of all leaves, atoms."""
        top = self._levels[-1]
        return top[0][1] if top else 0

    def prove(self, account: str, *, chain_id: int, contract: str, block: int) -> SolvencyProof:
        """Return the proof of one account.

        Raises:
            SettlementError: the account has no balance here, so there is nothing to prove.
        """
        if account not in self.amounts:
            raise SettlementError(f"{account} has no balance of {self.token} in this tree")
        at = self._places[account]
        steps: list[SumStep] = []
        for level in self._levels[:-1]:
            neighbour = at ^ 1
            if neighbour < len(level):
                digest, total = level[neighbour]
                steps.append(SumStep(hash="0x" + digest.hex(), sum=str(total), left=neighbour < at))
            at >>= 1
        return SolvencyProof(
            chain_id=chain_id,
            contract=contract,
            block=block,
            token=self.token,
            account=account,
            amount=str(self.amounts[account]),
            steps=tuple(steps),
            root="0x" + self.root.hex(),
            total=str(self.total),
        )


def _leaf(token: bytes, account: bytes, amount: int) -> _Node:
    return keccak256(_LEAF + token + account + amount.to_bytes(_WORD, "big")), amount


def _join(left: _Node, right: _Node) -> _Node:
    parts: Sequence[bytes] = (
        _NODE,
        left[0],
        left[1].to_bytes(_WORD, "big"),
        right[0],
        right[1].to_bytes(_WORD, "big"),
    )
    return keccak256(b"".join(parts)), left[1] + right[1]


def _amount(text: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal()) or str(int(text[:64])) != text:
        raise FormatError(field, "not an amount", "atoms as decimal digits without leading zeros")
    if int(text) > MAX_AMOUNT:
        raise FormatError(field, "too large", "at most 2**112 - 1")
    return int(text)


def _hash(text: str, field: str) -> bytes:
    try:
        digest = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        digest = b""
    if len(digest) != _WORD or text != "0x" + digest.hex():
        raise FormatError(field, "not a hash", "0x and 64 lower-case hexadecimal digits")
    return digest
