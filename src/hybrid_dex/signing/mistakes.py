"""The mistakes that make a good signature look bad, each as what must have been signed instead.

A signature that does not fit recovers to an address that nobody knows. So if what a mistake would
have signed recovers to the trader, that mistake **was** made: no other explanation has a chance of
one in 2**160. The doctor tries them all; this file is the list.

Nothing here is on the path of an order: hashing is spelled out for any domain, type and envelope,
not fast.
"""

import enum
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from hybrid_dex.signing.bulk import BULK_TYPE_HASHES, bulk_root
from hybrid_dex.signing.domain import DOMAIN_FIELDS, DOMAIN_NAME, DOMAIN_VERSION
from hybrid_dex.signing.keccak import keccak256
from hybrid_dex.signing.order import EMPTY_ORDER_HASH, ORDER_FIELDS

__all__ = [
    "CHAINS",
    "Envelope",
    "Mistake",
    "SignedTerms",
    "context_mistakes",
    "field_mistakes",
]

CHAINS: Final[Mapping[int, str]] = {
    1: "Ethereum",
    10: "OP Mainnet",
    56: "BNB Chain",
    100: "Gnosis",
    137: "Polygon",
    8453: "Base",
    42161: "Arbitrum One",
    43114: "Avalanche",
    11155111: "Sepolia",
    84532: "Base Sepolia",
    421614: "Arbitrum Sepolia",
    11155420: "OP Sepolia",
    560048: "Hoodi",
    1337: "a local chain",
    31337: "a local chain",
}
"""Chains that a wallet may have been on."""

_NAMES: Final = (
    "hybrid_dex",
    "hybrid dex",
    "hybriddex",
    "Hybrid-DEX",
    "Hybrid-Dex",
    "HybridDEX",
    "HybridDex",
    "Hybrid DEX",
    "Hybrid Dex",
    "Exchange",
    "",
)
_VERSIONS: Final = ("1.0", "1.0.0", "v1", "0", "2", "0.1", "0.1.0", "")
_MAX_SHIFT: Final = 18
_COMMON_SHIFTS: Final = (6, 8, 12, 18)
_HOUR_S: Final = 3600
_BITS: Final = 256


class Envelope(enum.Enum):
    """What was hashed around the order."""

    TYPED = enum.auto()
    """EIP-712, as it must be."""
    PERSONAL_BYTES = enum.auto()
    """``personal_sign`` over the 32 bytes of the digest."""
    PERSONAL_TEXT = enum.auto()
    """``personal_sign`` over the digest as 0x and hexadecimal digits."""
    STRUCT_ONLY = enum.auto()
    """The struct hash without a domain."""
    NO_PREFIX = enum.auto()
    """Domain separator and struct hash without the bytes 0x1901."""
    TWICE = enum.auto()
    """The digest, hashed once more."""


@attrs.frozen(kw_only=True)
class SignedTerms:
    """An order, a domain and a way to hash them.

    Attributes:
        values: the order's fields: addresses as 20 bytes, the rest integers.
        domain: the domain's fields in their order; one that is missing is not hashed.
        integers: the one type that all integers were declared with, or ``None`` for their own.
        envelope: what is hashed around them.
        proof: the siblings of the order in a bulk tree, leaf first; none if it is signed alone.
        leaf: its place in the tree.
    """

    values: Mapping[str, bytes | int]
    domain: Mapping[str, str | bytes | int]
    integers: str | None = None
    envelope: Envelope = Envelope.TYPED
    proof: tuple[bytes, ...] = ()
    leaf: int = 0

    @classmethod
    def of(
        cls,
        values: Mapping[str, bytes | int],
        *,
        chain_id: int,
        contract: bytes,
        proof: tuple[bytes, ...] = (),
        leaf: int = 0,
    ) -> "SignedTerms":
        """Return what should have been signed."""
        return cls(
            values=values,
            proof=proof,
            leaf=leaf,
            domain={
                "name": DOMAIN_NAME,
                "version": DOMAIN_VERSION,
                "chainId": chain_id,
                "verifyingContract": contract,
            },
        )

    @property
    def digest(self) -> bytes:
        """The 32 bytes that this would have signed."""
        struct_hash = self._struct_hash()
        if self.envelope is Envelope.STRUCT_ONLY:
            return struct_hash
        if self.proof:
            root = bulk_root(struct_hash, self.proof, self.leaf)
            struct_hash = keccak256(BULK_TYPE_HASHES[len(self.proof)] + root)
        typed = self._separator() + struct_hash
        if self.envelope is Envelope.NO_PREFIX:
            return keccak256(typed)
        digest = keccak256(b"\x19\x01" + typed)
        if self.envelope is Envelope.TWICE:
            return keccak256(digest)
        if self.envelope is Envelope.PERSONAL_BYTES:
            return _personal(digest)
        if self.envelope is Envelope.PERSONAL_TEXT:
            return _personal(b"0x" + digest.hex().encode())
        return digest

    def _struct_hash(self) -> bytes:
        members = ",".join(
            f"{kind if kind == 'address' else self.integers or kind} {name}"
            for name, kind in ORDER_FIELDS
        )
        words = [keccak256(f"Order({members})".encode())]
        words += [_word(self.values[name]) for name, _ in ORDER_FIELDS]
        return keccak256(b"".join(words))

    def _separator(self) -> bytes:
        given = [(name, kind) for name, kind in DOMAIN_FIELDS if name in self.domain]
        members = ",".join(f"{kind} {name}" for name, kind in given)
        words = [keccak256(f"EIP712Domain({members})".encode())]
        words += [_word(self.domain[name]) for name, _ in given]
        return keccak256(b"".join(words))


@attrs.frozen
class Mistake:
    """One thing that differs from what should have been signed.

    Attributes:
        field: of the order or its domain, or ``envelope``.
        happened: in words.
        remedy: what to do about it.
        terms: what was signed if this is it.
        rare: not made together with another mistake.
    """

    field: str
    happened: str
    remedy: str
    terms: SignedTerms
    rare: bool = False


def context_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    """Yield what may have been different around the order: its domain, types and envelope."""
    yield from _domain_mistakes(right)
    yield from _envelope_mistakes(right)


def field_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    """Yield what may have been different in the order, the common before the rare."""
    for mistakes in (_word_mistakes, _amount_mistakes, _expiry_mistakes, _nonce_mistakes):
        for mistake in mistakes(right):
            # What does not fit a word of 32 bytes can not have been signed.
            if all(not isinstance(v, int) or v < 2**_BITS for v in mistake.terms.values.values()):
                yield mistake


def _domain_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    def with_(field: str, value: str | bytes | int, happened: str, remedy: str) -> Mistake:
        changed = {name: kept for name, kept in right.domain.items() if name != field}
        ordered = {name: value if name == field else changed[name] for name in right.domain}
        return Mistake(field, happened, remedy, attrs.evolve(right, domain=ordered))

    chain = _integer(right.domain, "chainId")
    for other, name in CHAINS.items():
        if other != chain:
            yield with_(
                "chainId",
                other,
                f"signed for chain {other} ({name}), not for chain {chain}",
                f"put chainId {chain} into the domain, with the wallet on that chain",
            )
    yield with_("chainId", 0, "signed for chain 0", f"put chainId {chain} into the domain")
    stand_ins = {
        "the zero address": bytes(20),
        "the base token": right.values["baseToken"],
        "the quote token": right.values["quoteToken"],
        "the trader": right.values["trader"],
    }
    for name, address in stand_ins.items():
        if address != right.domain["verifyingContract"]:
            yield with_(
                "verifyingContract",
                address,
                f"signed for {name} as the contract",
                "put the exchange's contract into the domain as verifyingContract",
            )
    for field, expected, texts in (
        ("name", DOMAIN_NAME, _NAMES),
        ("version", DOMAIN_VERSION, _VERSIONS),
    ):
        for text in texts:
            happened = f"the domain's {field} was {text!r}, not {expected!r}"
            yield with_(field, text, happened, f"use {field} {expected!r}: it is part of the hash")
    for field in right.domain:
        left = {name: value for name, value in right.domain.items() if name != field}
        yield Mistake(
            field,
            f"the domain had no {field}",
            f"add {field} to the domain and to EIP712Domain in types",
            attrs.evolve(right, domain=left),
        )


def _envelope_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    typed = "sign with eth_signTypedData_v4 (signTypedData in viem, ethers and eth-account)"
    for envelope, happened, remedy in (
        (Envelope.PERSONAL_BYTES, "signed as a text message (EIP-191) over the digest", typed),
        (Envelope.PERSONAL_TEXT, "signed as a text message over the digest's digits", typed),
        (Envelope.STRUCT_ONLY, "only the struct hash was signed, without the domain", typed),
        (Envelope.NO_PREFIX, "hashed without the two bytes 0x1901 in front", typed),
        (Envelope.TWICE, "the digest was hashed once more before it was signed", typed),
    ):
        yield Mistake("envelope", happened, remedy, attrs.evolve(right, envelope=envelope))
    yield from _tree_mistakes(right)
    for kind in ("uint256", "uint", "int256"):
        yield Mistake(
            "types",
            f"all integers of the Order type were declared as {kind}",
            "declare each field with the type of the reference: it is part of the hash",
            attrs.evolve(right, integers=kind),
        )


def _tree_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    if not right.proof:
        yield Mistake(
            "signature_kind",
            "signed as a bulk tree with this order alone in it",
            "send it with signature_kind bulk, its leaf and proof, or sign the order itself",
            attrs.evolve(right, proof=(EMPTY_ORDER_HASH,)),
        )
        return
    yield Mistake(
        "signature_kind",
        "the order itself was signed, not a tree that holds it",
        "send it with signature_kind wallet, without leaf and proof",
        attrs.evolve(right, proof=(), leaf=0),
    )
    for leaf in range(1 << len(right.proof)):
        if leaf != right.leaf:
            yield Mistake(
                "leaf",
                f"the order is leaf {leaf} of the tree, sent as leaf {right.leaf}",
                "leaves are counted from 0, in the order of the signed array",
                attrs.evolve(right, leaf=leaf),
            )
    yield Mistake(
        "proof",
        "the siblings are in the wrong order",
        "the proof begins at the order's own level and ends below the root",
        attrs.evolve(right, proof=right.proof[::-1]),
    )


def _word_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    values = right.values
    side, flags, market = (_integer(values, name) for name in ("side", "flags", "market"))
    names = ("buy", "sell")
    if side in (0, 1):
        yield _with(
            right,
            {"side": 1 - side},
            f"signed to {names[1 - side]}, sent to {names[side]}",
            "0 buys the base token, 1 sells it",
        )
    for other in range(8):
        if other != flags:
            happened = f"signed with flags {other} ({_flags(other)}), sent as {_flags(flags)}"
            yield _with(right, {"flags": other}, happened, "1 post-only, 2 IOC, 4 FOK, added up")
    for other in dict.fromkeys((0, market - 1, market + 1, 1)):
        if 0 <= other != market:
            happened = f"signed for market {other}, sent to market {market}"
            yield _with(right, {"market": other}, happened, "use the market's number, not another")
    swapped = {"baseToken": values["quoteToken"], "quoteToken": values["baseToken"]}
    yield _with(right, swapped, "base and quote token are swapped", "base is what is traded")
    for token in ("baseToken", "quoteToken"):
        remedy = f"use the market's {token}; native coin trades as its wrapped token"
        for name, address in (
            ("the zero address", bytes(20)),
            ("the other token", swapped[token]),
            ("0xEeee...EEeE", b"\xee" * 20),
        ):
            happened = f"signed with {name} as {token}"
            yield _with(right, {token: address}, happened, remedy, rare=True)
    for name, trader in (
        ("the zero address", bytes(20)),
        ("the contract", right.domain.get("verifyingContract")),
    ):
        if isinstance(trader, bytes):
            happened = f"signed with {name} as the trader"
            yield _with(right, {"trader": trader}, happened, "the trader is the account that pays")


def _amount_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    values = right.values
    base, quote = _integer(values, "baseAmount"), _integer(values, "quoteAmount")
    yield _with(
        right,
        {"baseAmount": quote, "quoteAmount": base},
        "baseAmount and quoteAmount are swapped",
        "baseAmount is the quantity, quoteAmount the price times the quantity",
    )
    for name, amount in (("baseAmount", base), ("quoteAmount", quote)):
        for digits in range(1, _MAX_SHIFT + 1):
            for other, words in (
                (amount * 10**digits, f"10^{digits} times too large"),
                (amount // 10**digits, f"10^{digits} times too small"),
            ):
                if other > 0:
                    yield _with(
                        right,
                        {name: other},
                        f"signed with {name} {words}: {other}, not {amount}",
                        "amounts are in atoms: the number of tokens times 10^decimals",
                        rare=digits not in _COMMON_SHIFTS,
                    )
        yield _with(right, {name: 0}, f"signed with {name} 0, not {amount}", "fill it in")
        for other in (amount - 1, amount + 1):
            if other > 0:
                happened = f"signed with {name} off by one: {other}, not {amount}"
                remedy = "compute amounts with integers only"
                yield _with(right, {name: other}, happened, remedy, rare=True)
    if base and (price := quote // base):
        happened = f"signed with a price as quoteAmount: {price}, not {quote}"
        yield _with(
            right, {"quoteAmount": price}, happened, "quoteAmount is the price times the quantity"
        )
    fee = _integer(values, "maxFeePpm")
    for other in dict.fromkeys((0, fee // 100, fee * 100, fee // 10, fee * 10, fee - 1, fee + 1)):
        if 0 <= other != fee:
            happened = f"signed with maxFeePpm {other}, sent with {fee}"
            remedy, rare = "parts per million: 1 bp is 100", abs(other - fee) == 1
            yield _with(right, {"maxFeePpm": other}, happened, remedy, rare=rare)


def _expiry_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    expiry = _integer(right.values, "expiry")
    remedy = "expiry is in whole Unix seconds, UTC, the same in the message and the request"
    words = {
        expiry * 1000: "in milliseconds",
        expiry // 1000: "a thousand times too small",
        0: "0",
        expiry - 1: "a second early",
        expiry + 1: "a second late",
    }
    for hours in range(-14, 15):
        if hours:
            words.setdefault(expiry + hours * _HOUR_S, f"off by {hours:+} hours, as by a time zone")
    for other, what in words.items():
        if 0 <= other != expiry:
            happened = f"signed with expiry {other}, {what}; sent with {expiry}"
            rare = other // 1000 != expiry != other * 1000
            yield _with(right, {"expiry": other}, happened, remedy, rare=rare)


def _nonce_mistakes(right: SignedTerms) -> Iterator[Mistake]:
    nonce = _integer(right.values, "nonce")
    counter, revision, lane = nonce >> 24, nonce >> 16 & 0xFF, nonce & 0xFFFF
    remedy = "nonce is counter << 24 | revision << 16 | lane"
    words = {
        counter: "the counter alone, not shifted",
        counter << 16 | lane: "without room for the revision",
        counter << 24: "without revision and lane",
        counter << 24 | lane: "without the revision",
        counter << 24 | lane << 8 | revision: "with revision and lane swapped",
        lane << 48 | revision << 40 | counter: "with the lane in front",
        nonce - 1: "of the lane below",
        nonce + 1: "of the lane above",
        nonce - (1 << 16): "of the revision before",
        nonce + (1 << 16): "of the next revision",
        nonce - (1 << 24): "of the counter before",
        nonce + (1 << 24): "of the next counter",
        0: "0",
    }
    for other, what in words.items():
        if 0 <= other != nonce:
            happened = f"signed with nonce {other}, {what}; sent with {nonce}"
            rare = other not in (counter, nonce - (1 << 16), nonce + (1 << 16))
            yield _with(right, {"nonce": other}, happened, remedy, rare=rare)


def _with(
    right: SignedTerms,
    changes: Mapping[str, bytes | int],
    happened: str,
    remedy: str,
    *,
    rare: bool = False,
) -> Mistake:
    terms = attrs.evolve(right, values={**right.values, **changes})
    return Mistake(" and ".join(changes), happened, remedy, terms, rare)


def _flags(flags: int) -> str:
    names = [name for bit, name in ((1, "post-only"), (2, "IOC"), (4, "FOK")) if flags & bit]
    return " and ".join(names) or "no flag"


def _integer(values: Mapping[str, bytes | int] | Mapping[str, str | bytes | int], name: str) -> int:
    value = values[name]
    assert isinstance(value, int), "the field's type says so"
    return value


def _word(value: str | bytes | int) -> bytes:
    if isinstance(value, str):
        return keccak256(value.encode())
    if isinstance(value, bytes):
        return value.rjust(32, b"\0")
    return value.to_bytes(32, "big")


def _personal(message: bytes) -> bytes:
    return keccak256(b"\x19Ethereum Signed Message:\n%d" % len(message) + message)
