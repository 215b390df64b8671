"""The signature doctor names what went wrong: every mistake it knows, and the form of the bytes."""

import random

import attrs
import pytest

from hybrid_dex.errors import SignatureError
from hybrid_dex.model.signed_order import SignatureKind
from hybrid_dex.signing import BulkTree, LocalSigner, checksum_address, keccak256, order_digest
from hybrid_dex.signing.doctor import (
    Diagnosis,
    approved,
    diagnose,
    read_address,
    read_signature,
)
from hybrid_dex.signing.mistakes import Mistake, SignedTerms, context_mistakes, field_mistakes
from hybrid_dex.signing.order import ORDER_FIELDS
from hybrid_dex.signing.recover import CURVE_ORDER
from tests.signing import seeded_orders
from tests.tiers import count

TRADER, KEY, STRANGER = (LocalSigner(bytes([n]) * 32) for n in (1, 2, 3))
OWNER = bytes.fromhex(TRADER.address[2:])
CONTRACT = bytes.fromhex("5FbDB2315678afecb367f032d93F642f64180aa3")
VALUES: dict[str, bytes | int] = {
    "trader": OWNER,
    "market": 7,
    "baseToken": b"\xba" * 20,
    "quoteToken": b"\xc0" * 20,
    "side": 0,
    "flags": 1,
    "baseAmount": 1_500_000_000_000_000_000,
    "quoteAmount": 3_750_000_000,
    "maxFeePpm": 500,
    "expiry": 1_790_000_000,
    "nonce": 12_345 << 24 | 2 << 16 | 9,
}
RIGHT = SignedTerms.of(VALUES, chain_id=31_337, contract=CONTRACT)
MISTAKES = [*context_mistakes(RIGHT), *field_mistakes(RIGHT)]


def changed(**values: bytes | int) -> SignedTerms:
    """The order with other values."""
    return attrs.evolve(RIGHT, values={**VALUES, **values})


def signed(terms: SignedTerms = RIGHT, signer: LocalSigner = TRADER) -> bytes:
    """The signature over what these terms hash to."""
    return signer.sign_digest(terms.digest)


def fields(found: Diagnosis) -> list[str]:
    """What the findings are about."""
    return [finding.field for finding in found.findings]


def test_the_digest_is_that_of_the_order(rng: random.Random) -> None:
    """What the doctor hashes by the letter is what the server hashes fast."""
    for _ in range(50):
        order, domain = seeded_orders.order(rng, seeded_orders.AccountId(TRADER.address)), None
        domain = seeded_orders.domain(rng)
        values = {
            name: bytes.fromhex(value[2:]) if isinstance(value, str) else value
            for name, value in seeded_orders.reference_values(order).items()
        }
        contract = bytes.fromhex(domain.verifying_contract[2:])
        right = SignedTerms.of(values, chain_id=domain.chain_id, contract=contract)
        assert right.digest == order_digest(order, domain)
        tree = BulkTree([order, *[seeded_orders.order(rng, order.trader) for _ in range(4)]])
        leaf = attrs.evolve(right, proof=tree.proof(0))
        assert leaf.digest == tree.digest(domain)


def test_a_good_signature_is_good_in_both_forms() -> None:
    full = signed()
    compact = full[:32] + bytes([full[32] | (full[64] - 27) << 7]) + full[33:64]
    for signature in (full, compact):
        found = diagnose(RIGHT, signature)
        assert (found.good, found.explained, found.findings) == (True, True, ())
        assert found.signer == TRADER.address


def test_the_mistakes_are_all_different() -> None:
    """Each hashes to something else, or naming it would be a guess."""
    digests = [mistake.terms.digest for mistake in MISTAKES]
    assert len({*digests, RIGHT.digest}) == len(digests) + 1
    assert len(MISTAKES) > 150


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.happened[:50])
def test_every_mistake_is_named(mistake: Mistake) -> None:
    found = diagnose(RIGHT, signed(mistake.terms))
    assert (found.good, found.explained) == (False, True)
    (finding,) = found.findings
    assert (finding.field, finding.happened, finding.remedy) == (
        mistake.field,
        mistake.happened,
        mistake.remedy,
    )


@pytest.mark.parametrize(
    ("terms", "field", "words"),
    [
        (SignedTerms.of(VALUES, chain_id=1, contract=CONTRACT), "chainId", "1 (Ethereum), not for"),
        (SignedTerms.of(VALUES, chain_id=31_337, contract=bytes(20)), "verifyingContract", "zero"),
        (changed(side=1), "side", "signed to sell, sent to buy"),
        (changed(flags=0), "flags", "no flag), sent as post-only"),
        (changed(baseAmount=15 * 10**5), "baseAmount", "10^12 times too small"),
        (changed(quoteAmount=3_750 * 10**18), "quoteAmount", "10^12 times too large"),
        (changed(expiry=1_790_000_000_000), "expiry", "in milliseconds"),
        (changed(expiry=1_790_007_200), "expiry", "off by +2 hours"),
        (changed(maxFeePpm=5), "maxFeePpm", "signed with maxFeePpm 5, sent with 500"),
        (changed(nonce=12_345), "nonce", "the counter alone"),
        (changed(nonce=12_345 << 24 | 1 << 16 | 9), "nonce", "of the revision before"),
    ],
)
def test_common_mistakes_are_said_plainly(terms: SignedTerms, field: str, words: str) -> None:
    (finding,) = diagnose(RIGHT, signed(terms)).findings
    assert finding.field == field
    assert words in finding.happened


def test_two_mistakes_at_once_are_both_named() -> None:
    found = diagnose(RIGHT, signed(attrs.evolve(changed(side=1), integers="uint256")))
    assert (found.explained, sorted(fields(found))) == (True, ["side", "types"])
    found = diagnose(RIGHT, signed(changed(expiry=1_790_000_000_000, baseAmount=15 * 10**5)))
    assert sorted(fields(found)) == ["baseAmount", "expiry"]


def test_the_domain_of_the_document_is_compared_field_by_field() -> None:
    other = b"\x0c" * 20
    domain = {**RIGHT.domain, "chainId": 999, "verifyingContract": other}
    found = diagnose(RIGHT, signed(attrs.evolve(RIGHT, domain=domain)), signed_for=[domain])
    assert fields(found) == ["chainId and verifyingContract"]
    assert checksum_address(other) in found.findings[0].happened
    assert checksum_address(CONTRACT) in found.findings[0].remedy
    without = {name: value for name, value in RIGHT.domain.items() if name != "version"}
    found = diagnose(RIGHT, signed(attrs.evolve(RIGHT, domain=without)), signed_for=[without])
    assert "version missing" in found.findings[0].happened


def rewritten(signature: bytes, how: str) -> bytes:
    """The same signature as others write it."""
    r, s, v = signature[:32], signature[32:64], signature[64]
    high = (CURVE_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    return {
        "bare v": r + s + bytes([v - 27]),
        "chain v": r + s + bytes([v - 27 + 35 + 2]),
        "other v": r + s + bytes([55 - v]),
        "v first": bytes([v]) + r + s,
        "bare v first": bytes([v - 27]) + r + s,
        "high s": r + high + bytes([55 - v]),
        "high s, bare v": r + high + bytes([28 - v]),
        "no v": r + s,
        "no v, high s": r + high,
    }[how]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("bare v", ["the bare parity"]),
        ("chain v", ["with a chain id in it"]),
        ("other v", ["the other of two possible keys"]),
        ("v first", ["v stands in front"]),
        ("bare v first", ["v stands in front", "the bare parity"]),
        ("high s", ["s is in the upper half"]),
        ("high s, bare v", ["the bare parity", "s is in the upper half"]),
        ("no v", ["64 bytes r, s without v"]),
        ("no v, high s", ["64 bytes r, s without v", "s is in the upper half"]),
    ],
)
def test_every_way_to_write_a_signature_is_recognised(
    how: str, words: list[str], rng: random.Random
) -> None:
    for _ in range(count(fast=8, full=200)):
        signer = LocalSigner(rng.randbytes(32))
        terms = changed(trader=bytes.fromhex(signer.address[2:]))
        signature = signed(terms, signer)
        if how == "no v" and signature[64] == 27:
            continue  # then it is the compact form, and good
        found = diagnose(terms, rewritten(signature, how))
        assert (found.good, found.explained) == (False, True), how
        assert all(finding.field == "signature" for finding in found.findings)
        shown = [finding.happened for finding in found.findings]
        assert len(shown) == len(words), shown
        for text, word in zip(shown, words, strict=True):
            assert word in text


def test_a_mistake_and_a_strange_form_are_both_named() -> None:
    found = diagnose(RIGHT, rewritten(signed(changed(side=1)), "bare v"))
    assert (found.explained, fields(found)) == (True, ["side", "signature"])


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (b"", "0 bytes"),
        (bytes(66), "66 bytes"),
        (bytes(65), "v is 0"),
        (b"\xff" * 65, "v is 255"),
        (bytes.fromhex("3045022100") + bytes(66), "in DER form"),
    ],
)
def test_what_is_no_signature_is_said_to_be_none(signature: bytes, words: str) -> None:
    found = diagnose(RIGHT, signature)
    assert (found.good, found.explained, found.signer) == (False, True, None)
    assert words in found.findings[0].happened


def test_a_session_key_instead_of_the_trader_is_named_and_the_other_way_round() -> None:
    key = bytes.fromhex(KEY.address[2:])
    by_key, by_trader = signed(signer=KEY), signed()
    found = diagnose(RIGHT, by_key, session_keys=[key])
    assert fields(found) == ["signature_kind"]
    assert "kind session" in found.findings[0].remedy
    session = SignatureKind.SESSION
    assert diagnose(RIGHT, by_key, kind=session, session_keys=[key]).good
    found = diagnose(RIGHT, by_trader, kind=session, session_keys=[key])
    assert fields(found) == ["signature_kind"]
    assert "kind wallet" in found.findings[0].remedy
    found = diagnose(RIGHT, signed(changed(side=1), KEY), kind=session, session_keys=[key])
    assert fields(found) == ["side"]
    found = diagnose(RIGHT, by_key, kind=session)
    assert (found.good, found.explained) == (False, False)
    assert KEY.address in found.findings[0].happened


def test_a_tree_and_an_order_alone_are_told_apart() -> None:
    sibling = keccak256(b"sibling")
    leaf = attrs.evolve(RIGHT, proof=(sibling, keccak256(b"above")), leaf=1)
    bulk = SignatureKind.BULK
    assert diagnose(leaf, signed(leaf), kind=bulk).good
    for terms, field in (
        (RIGHT, "signature_kind"),
        (attrs.evolve(leaf, leaf=2), "leaf"),
        (attrs.evolve(leaf, proof=leaf.proof[::-1]), "proof"),
        (attrs.evolve(leaf, values={**VALUES, "side": 1}), "side"),
        (attrs.evolve(leaf, domain={**RIGHT.domain, "chainId": 1}), "chainId"),
    ):
        found = diagnose(leaf, signed(terms), kind=bulk)
        assert (found.explained, fields(found)) == (True, [field])


def test_an_approved_order_carries_no_signature() -> None:
    assert approved(RIGHT, b"").good
    assert approved(RIGHT, b"").digest == RIGHT.digest
    assert fields(approved(RIGHT, signed())) == ["signature"]


def test_what_nobody_can_explain_is_said_to_be_unexplained() -> None:
    found = diagnose(RIGHT, signed(signer=STRANGER))
    assert (found.good, found.explained, found.signer) == (False, False, STRANGER.address)
    assert STRANGER.address in found.findings[0].happened
    found = diagnose(RIGHT, TRADER.sign_digest(keccak256(b"something else")))
    assert not found.explained


def test_the_order_itself_may_be_wrong_although_the_signature_fits() -> None:
    late = changed(expiry=1_790_000_000_000)
    found = diagnose(late, signed(late))
    assert (found.good, fields(found)) == (False, ["expiry"])
    assert "use 1790000000, in seconds" in found.findings[0].remedy
    assert fields(diagnose(changed(side=2), signed(changed(side=2)))) == ["side"]
    wide = changed(maxFeePpm=2**16)
    assert "does not fit uint16" in diagnose(wide, signed(wide)).findings[0].happened
    other = bytes.fromhex(STRANGER.address[2:])
    found = diagnose(RIGHT, signed(signer=STRANGER), trader=other)
    assert fields(found) == ["trader"]


INTEGERS = [name for name, kind in ORDER_FIELDS if kind != "address"]
MAX_WORD = 2**256 - 1


@pytest.mark.parametrize("value", [2, 2**255, MAX_WORD - 1, MAX_WORD])
@pytest.mark.parametrize("name", INTEGERS)
def test_a_value_that_no_order_can_have_is_explained(name: str, value: int) -> None:
    """Whether it was signed so, or with one mistake more."""
    wrong = changed(**{name: value})
    found = diagnose(wrong, signed(wrong))
    assert found.explained
    assert set(fields(found)) == (set() if value == 2 and name != "side" else {name})
    other = attrs.evolve(wrong, domain={**RIGHT.domain, "chainId": 1})
    assert fields(diagnose(wrong, signed(other)))[0] == "chainId"
    assert not diagnose(wrong, signed(wrong, STRANGER)).good


def test_any_values_that_fit_a_word_are_looked_at(rng: random.Random) -> None:
    """Nothing is raised, and each mistake that is tried can have been signed."""
    edges = (0, 1, 2, 2**16 - 1, 2**32, 2**64 - 1, 2**112, 2**255, MAX_WORD - 1, MAX_WORD)
    for _ in range(count(fast=8, full=200)):
        drawn = {
            name: rng.choice([rng.choice(edges), rng.getrandbits(rng.randrange(1, 257))])
            for name in INTEGERS
        }
        terms = changed(**drawn)
        found = diagnose(terms, signed(terms, STRANGER))
        assert not found.good
        assert found.findings
        tried = list(field_mistakes(terms))
        assert all(len(mistake.terms.digest) == 32 for mistake in tried)
        mistake = rng.choice(tried)
        assert diagnose(terms, signed(mistake.terms)).explained


def test_addresses_are_read_in_any_case_and_what_is_odd_is_said() -> None:
    raw, said = read_address(TRADER.address, "trader")
    assert (raw, said) == (OWNER, ())
    for text in (TRADER.address.lower(), TRADER.address[2:].upper(), f" {TRADER.address} "):
        raw, said = read_address(text, "trader")
        assert raw == OWNER
        assert TRADER.address in said[0].remedy
    swapped = TRADER.address.swapcase().replace("X", "x")
    assert "mistyped" in read_address(swapped, "trader")[1][0].happened
    for text in ("", "0x12", "alice.eth", TRADER.address[:-1] + "g"):
        with pytest.raises(SignatureError, match="is not an address"):
            read_address(text, "trader")


def test_signatures_are_read_with_what_is_odd_about_their_text() -> None:
    text = "0x" + signed().hex()
    assert read_signature(text) == (signed(), ())
    for odd, words in ((text[2:], "without 0x"), (f' "{text}"\n', "spaces or quotes")):
        data, said = read_signature(odd)
        assert data == signed()
        assert [words in finding.happened for finding in said] == [True]
    for bad in ("0x123", "0xzz", "hello"):
        with pytest.raises(SignatureError, match="not whole bytes"):
            read_signature(bad)
