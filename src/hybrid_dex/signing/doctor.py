"""The signature doctor: why a signature does not fit an order, in plain words.

Three questions in turn. Is the signature written in the one form that is taken? Whom does it name
over what should have been signed? And if that is not the trader, which mistake makes it the
trader's? The third is answered by trying: see `hybrid_dex.signing.mistakes`.

It never says yes to what `authorize` refuses: a signature is good here only when it is good there.
For people and support, not for the order path: it may take seconds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from hybrid_dex.errors import SignatureError
from hybrid_dex.model.signed_order import SignatureKind
from hybrid_dex.signing.address import checksum_address
from hybrid_dex.signing.mistakes import (
    Mistake,
    SignedTerms,
    context_mistakes,
    field_mistakes,
)
from hybrid_dex.signing.order import ORDER_FIELDS
from hybrid_dex.signing.recover import (
    CURVE_ORDER,
    Scalars,
    recover_address_bytes,
    split_signature,
)

__all__ = ["Diagnosis", "Finding", "approved", "diagnose", "read_address", "read_signature"]

_FULL_BYTES: Final = 65
_COMPACT_BYTES: Final = 64
_V_BASE: Final = 27
_CHAIN_V_BASE: Final = 35
_DER: Final = b"\x30"
_ADDRESS_DIGITS: Final = 40
_FORM: Final = "send 65 bytes r, s, v with v 27 or 28, or 64 bytes r, vs (EIP-2098), as 0x text"


@attrs.frozen
class Finding:
    """One thing that is wrong.

    Attributes:
        field: what it is about: a field of the order or its domain, ``signature``, ``envelope``.
        happened: in words.
        remedy: what to do.
    """

    field: str
    happened: str
    remedy: str


@attrs.frozen(kw_only=True)
class Diagnosis:
    """What the doctor found.

    Attributes:
        good: the signature is the trader's, in a form that is taken.
        explained: good, or the findings say all that is wrong.
        signer: whom it names over what should have been signed, or ``None`` if nobody.
        digest: what should have been signed, 32 bytes.
        findings: what is wrong, the first first.
    """

    good: bool
    explained: bool
    signer: str | None
    digest: bytes
    findings: tuple[Finding, ...]


@attrs.frozen
class _Reading:
    """A way to read the bytes of a signature.

    Attributes:
        scalars: r, s and parity; s in the lower half.
        findings: why the bytes themselves are not taken; none if they are.
    """

    scalars: Scalars
    findings: tuple[Finding, ...] = ()


def read_address(text: str, field: str) -> tuple[bytes, tuple[Finding, ...]]:
    """Return the 20 bytes of an address written in any case, and what is wrong with the writing.

    Raises:
        SignatureError: not 40 hexadecimal digits.
    """
    digits = text.strip().removeprefix("0x").removeprefix("0X")
    if len(digits) != _ADDRESS_DIGITS or not _is_hex(digits):
        raise SignatureError(field, f"{text!r} is not an address", "0x and 40 hexadecimal digits")
    raw = bytes.fromhex(digits)
    written = checksum_address(raw)
    if text == written:
        return raw, ()
    mixed = digits not in (digits.lower(), digits.upper())
    happened = (
        "its capitals are not the EIP-55 checksum: a digit may be mistyped"
        if mixed
        else "written without the EIP-55 checksum"
    )
    return raw, (Finding(field, happened, f"write {written}, if that is the address"),)


def read_signature(text: str) -> tuple[bytes, tuple[Finding, ...]]:
    """Return the bytes of a signature's text, and what is wrong with the text.

    Raises:
        SignatureError: not hexadecimal.
    """
    bare = "".join(text.split()).strip("\"'")
    digits = bare.removeprefix("0x").removeprefix("0X")
    if not _is_hex(digits) or len(digits) % 2:
        raise SignatureError("signature", "not whole bytes in hexadecimal", _FORM)
    findings = []
    if not bare.startswith("0x"):
        findings.append(Finding("signature", "written without 0x in front", "put 0x in front"))
    if bare != text:
        findings.append(Finding("signature", "with spaces or quotes", "take them out"))
    return bytes.fromhex(digits), tuple(findings)


def diagnose(
    right: SignedTerms,
    signature: bytes,
    *,
    kind: SignatureKind = SignatureKind.WALLET,
    trader: bytes | None = None,
    signed_for: Iterable[Mapping[str, str | bytes | int]] = (),
    session_keys: Sequence[bytes] = (),
) -> Diagnosis:
    """Say whether a signature fits an order, and if not, why.

    Args:
        right: what should have been signed: the order as the exchange has it, its integers from 0
            to 2**256 - 1.
        signature: as it was sent.
        kind: what the order says of its signature; one that is approved on chain has none.
        trader: whose order it should be; the order's trader unless given.
        signed_for: domains that the signer may have used by mistake, as `SignedTerms` has them.
        session_keys: keys that may trade for the trader.
    """
    owner = trader or right.values["trader"]
    assert isinstance(owner, bytes), "the field's type says so"
    by_key = kind is SignatureKind.SESSION
    wanted = frozenset(session_keys) if by_key else frozenset((owner,))
    fields = _field_findings(right.values)
    if trader is not None and trader != right.values["trader"]:
        fields = (_another_trader(right.values["trader"], trader), *fields)
    readings, form = _readings(signature)
    if not readings:
        return _diagnosis(right, None, (*form, *fields), explained=True)
    named = _signer(right, readings[0])
    for reading in readings:
        if _signer(right, reading) in wanted:
            return _diagnosis(right, named, (*reading.findings, *fields), explained=True)
    other_kind = _other_kind(named, owner, session_keys, by_key=by_key)
    if other_kind is not None:
        return _diagnosis(right, named, (*form, other_kind, *fields), explained=True)
    for reading, steps in _attempts(right, readings, signed_for):
        if _signer(steps[-1].terms, reading) in wanted:
            made = tuple(Finding(step.field, step.happened, step.remedy) for step in steps)
            return _diagnosis(right, named, (*made, *reading.findings, *fields), explained=True)
    unknown = _unknown_key(named) if by_key and not wanted else _unexplained(named, owner)
    findings = (*readings[0].findings, unknown, *fields)
    return _diagnosis(right, named, findings, explained=False)


def approved(right: SignedTerms, signature: bytes) -> Diagnosis:
    """Say what is wrong with an order whose hash is approved on chain: the digest is that hash."""
    fields = _field_findings(right.values)
    given = Finding("signature", "given with an approved hash", "leave it out: the chain knows")
    return _diagnosis(right, None, (given, *fields) if signature else fields, explained=True)


def _diagnosis(
    right: SignedTerms,
    named: bytes | None,
    findings: tuple[Finding, ...],
    *,
    explained: bool,
) -> Diagnosis:
    return Diagnosis(
        good=not findings,
        explained=explained,
        signer=None if named is None else checksum_address(named),
        digest=right.digest,
        findings=findings,
    )


def _attempts(
    right: SignedTerms,
    readings: Sequence[_Reading],
    signed_for: Iterable[Mapping[str, str | bytes | int]],
) -> Iterator[tuple[_Reading, tuple[Mistake, ...]]]:
    """One mistake at a time, then two of them with the signature as it was sent."""
    context = [*_other_domains(right, signed_for), *context_mistakes(right)]
    fields = list(field_mistakes(right))
    for mistake in (*context, *fields):
        for reading in readings:
            yield reading, (mistake,)
    for first in (*context, *fields):
        for second in () if first.rare else field_mistakes(first.terms):
            if second.field != first.field and not second.rare:
                yield readings[0], (first, second)


def _other_domains(
    right: SignedTerms, signed_for: Iterable[Mapping[str, str | bytes | int]]
) -> Iterator[Mistake]:
    """The domains that the caller knows of, by what differs in them."""
    for domain in signed_for:
        names = dict.fromkeys((*right.domain, *domain))
        differing = [name for name in names if domain.get(name) != right.domain.get(name)]
        if differing:
            yield Mistake(
                " and ".join(differing),
                "signed for "
                + ", ".join(f"{name} {_shown(domain.get(name))}" for name in differing),
                "use the domain that the exchange gives: "
                + ", ".join(f"{name} {_shown(right.domain.get(name))}" for name in differing),
                attrs.evolve(right, domain=domain),
            )


def _shown(value: str | bytes | int | None) -> str:
    if isinstance(value, bytes):
        return checksum_address(value)
    return "missing" if value is None else str(value)


def _field_findings(values: Mapping[str, bytes | int]) -> tuple[Finding, ...]:
    """What is wrong with the order itself, whoever signed it."""
    found = []
    for name, kind in ORDER_FIELDS:
        value = values[name]
        if isinstance(value, int):
            bits = int(kind.removeprefix("uint"))
            if not 0 <= value < 1 << bits:
                milliseconds = name == "expiry" and 0 <= value // 1000 < 1 << bits
                remedy = f"use {value // 1000}, in seconds" if milliseconds else f"0 to 2^{bits}-1"
                happened = "is in milliseconds" if milliseconds else f"does not fit {kind}"
                found.append(Finding(name, f"{value} {happened}", remedy))
    if values["side"] not in (0, 1):
        found.append(Finding("side", f"{values['side']!r} is neither", "0 to buy, 1 to sell"))
    if values["trader"] == bytes(20):
        found.append(Finding("trader", "is the zero address, which never signs", "the account"))
    return tuple(found)


def _readings(signature: bytes) -> tuple[list[_Reading], tuple[Finding, ...]]:
    """Every way to make r, s and parity of some bytes, the plain one first; or why there is none."""
    found: list[_Reading] = []
    refused: tuple[Finding, ...] = ()
    try:
        plain = split_signature(signature)
    except SignatureError as error:
        der = signature[:1] == _DER and len(signature) > _FULL_BYTES
        reason = "in DER form, which does not name its signer" if der else error.reason
        refused = (Finding("signature", reason, _FORM),)
    else:
        other = _Reading(Scalars(plain.rs, 1 - plain.parity), (_other_parity(signature),))
        found += [_Reading(plain), other]
    if len(signature) == _FULL_BYTES:
        found += _repaired(signature[:64], signature[64], ())
        moved = Finding("signature", "v stands in front of r and s", _FORM)
        found += _repaired(signature[1:], signature[0], (moved,))
    elif len(signature) == _COMPACT_BYTES:
        bare = Finding("signature", "64 bytes r, s without v", _FORM)
        for v in (_V_BASE, _V_BASE + 1):
            found += _repaired(signature, v, (bare,))
    return found, refused


def _other_parity(signature: bytes) -> Finding:
    if len(signature) == _COMPACT_BYTES:
        return Finding(
            "signature",
            "64 bytes r, s without v: the first bit of s has to say which of two keys it is",
            _FORM,
        )
    v = signature[64]
    return Finding(
        "signature",
        f"its last byte v is {v}, which names the other of two possible keys",
        f"v should be {2 * _V_BASE + 1 - v}",
    )


def _repaired(rs: bytes, v: int, findings: tuple[Finding, ...]) -> list[_Reading]:
    """What these bytes are once v and s are put right; nothing if that can not be or need not."""
    parity = v - _V_BASE
    if v in (0, 1):
        parity = v
        remedy = f"add 27: v is {v + _V_BASE}"
        findings += (Finding("signature", f"v is {v}, the bare parity", remedy),)
    elif v >= _CHAIN_V_BASE:
        parity = (v - _CHAIN_V_BASE) % 2
        happened = f"v is {v}, with a chain id in it as in transactions (EIP-155)"
        findings += (Finding("signature", happened, f"v should be {_V_BASE + parity}"),)
    r, s = int.from_bytes(rs[:32], "big"), int.from_bytes(rs[32:], "big")
    if parity not in (0, 1) or not 0 < r < CURVE_ORDER or not 0 < s < CURVE_ORDER:
        return []
    if s > CURVE_ORDER // 2:
        s, parity = CURVE_ORDER - s, 1 - parity
        happened = "s is in the upper half (EIP-2): anyone can make it of a good signature"
        remedy = "send n - s in place of s, with the other v, or use a library that does"
        findings += (Finding("signature", happened, remedy),)
    scalars = Scalars(rs[:32] + s.to_bytes(32, "big"), parity)
    return [_Reading(scalars, findings)] if findings else []


def _signer(terms: SignedTerms, reading: _Reading) -> bytes | None:
    try:
        return recover_address_bytes(terms.digest, reading.scalars)
    except SignatureError:
        return None


def _other_kind(
    named: bytes | None, owner: bytes, session_keys: Sequence[bytes], *, by_key: bool
) -> Finding | None:
    """The right terms, signed by the other of trader and session key."""
    if by_key and named == owner:
        return Finding(
            "signature_kind",
            "signed by the trader itself, sent as a session key's",
            "send it with signature_kind wallet",
        )
    if not by_key and named is not None and named in session_keys:
        return Finding(
            "signature_kind",
            f"signed by the session key {checksum_address(named)}, over exactly these terms",
            "send it with signature_kind session; the trader must have granted the key",
        )
    return None


def _unknown_key(named: bytes | None) -> Finding:
    shown = "nobody" if named is None else checksum_address(named)
    return Finding(
        "signature",
        f"as a session key's it is by {shown}",
        "is that the key that was granted? If not, the terms differ: name the key (--session-key) "
        "to find out where",
    )


def _another_trader(of_order: bytes | int, trader: bytes) -> Finding:
    assert isinstance(of_order, bytes), "the field's type says so"
    return Finding(
        "trader",
        f"the order says {checksum_address(of_order)}",
        f"the account that is logged in is {checksum_address(trader)}: use it",
    )


def _unexplained(named: bytes | None, expected: bytes) -> Finding:
    wanted = checksum_address(expected)
    if named is None:
        return Finding(
            "signature", "no key can have made it over these terms", f"sign again with {wanted}"
        )
    return Finding(
        "signature",
        f"over these terms it would be by {checksum_address(named)}, and no common mistake makes it "
        f"{wanted}'s",
        "is that address yours? Then the wallet used another account, or it is a session key "
        "(send signature_kind session). If nobody knows it, something else was signed: compare the "
        "typed data that was signed with the order, field by field",
    )


def _is_hex(digits: str) -> bool:
    return digits.isascii() and all(digit in "0123456789abcdefABCDEF" for digit in digits)
