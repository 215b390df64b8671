"""An EIP-4361 message is read to the letter of the EIP's ABNF, or refused with the field named."""

import json
import random
from pathlib import Path
from typing import Any

import attrs
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from hybrid_dex.errors import SignatureError
from hybrid_dex.signing import LocalSigner, LoginMessage, personal_digest, recover_personal
from hybrid_dex.signing.login_message import MAX_MESSAGE_BYTES
from tests.tiers import count

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> list[Any]:
    content = json.loads((VECTORS / name).read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(vector, id=name) for name, vector in content.items()]


# The three examples of the EIP, which is in the public domain.
EXAMPLES = [
    f"{origin} wants you to sign in with your Ethereum account:\n"
    "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n\n"
    "I accept the ExampleOrg Terms of Service: https://example.com/tos\n\n"
    "URI: https://example.com/login\nVersion: 1\nChain ID: 1\nNonce: 32891756\n"
    "Issued At: 2021-09-30T16:25:24Z\nResources:\n"
    "- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/\n"
    "- https://example.com/my-web2-claim.json"
    for origin in ("example.com", "example.com:3388", "https://example.com")
]


@pytest.fixture
def message() -> LoginMessage:
    return LoginMessage.parse(EXAMPLES[0])


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_eip_s_examples_are_read_and_written_back(text: str) -> None:
    parsed = LoginMessage.parse(text)
    assert parsed.text() == text
    assert parsed.resources is not None
    assert len(parsed.resources) == 2
    assert (parsed.scheme, parsed.domain) in {
        (None, "example.com"),
        (None, "example.com:3388"),
        ("https", "example.com"),
    }


@pytest.mark.parametrize("vector", vectors("siwe_valid.json"))
def test_a_valid_message_is_read_in_every_field(vector: dict[str, Any]) -> None:
    parsed = LoginMessage.parse(vector["text"])
    expected = vector["fields"]
    for field in attrs.fields_dict(LoginMessage):
        found = getattr(parsed, field)
        if field == "chain_id":
            found = str(found)
        if field == "resources" and found is not None:
            found = list(found)
        assert found == expected.get(field), field
    rebuilt = LoginMessage.parse(parsed.text())
    assert rebuilt == parsed
    signature = bytes.fromhex(vector["signature"][2:])
    assert recover_personal(vector["text"], signature) == parsed.address


@pytest.mark.parametrize("vector", vectors("siwe_invalid.json"))
def test_an_invalid_message_is_refused_by_the_field_at_fault(vector: dict[str, str]) -> None:
    with pytest.raises(SignatureError) as refused:
        LoginMessage.parse(vector["text"])
    assert refused.value.field == vector["field"], refused.value
    assert refused.value.valid


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("domain", ""),
        ("domain", "a\nb"),
        ("address", "0x" + "ab" * 20),
        ("statement", "one\ntwo"),
        ("uri", "relative"),
        ("chain_id", -1),
        ("nonce", "short"),
        ("issued_at", "yesterday"),
        ("expiration_time", "tomorrow"),
        ("not_before", ""),
        ("request_id", "a b"),
        ("resources", ("a:", "b")),
        ("scheme", "1"),
    ],
)
def test_an_invalid_message_can_not_be_built(message: LoginMessage, field: str, value: Any) -> None:
    with pytest.raises(SignatureError) as refused:
        attrs.evolve(message, **{field: value})
    assert refused.value.field == field


def test_a_message_is_capped_read_or_written(message: LoginMessage) -> None:
    room = MAX_MESSAGE_BYTES - len(EXAMPLES[0])
    assert message.statement is not None
    fitting = attrs.evolve(message, statement=message.statement + "x" * room)
    assert len(fitting.text()) == MAX_MESSAGE_BYTES
    assert LoginMessage.parse(fitting.text()) == fitting
    with pytest.raises(SignatureError, match="message: too long; valid: at most 4096 bytes"):
        attrs.evolve(fitting, request_id="").text()
    with pytest.raises(SignatureError, match="message: too long; valid: at most 4096 bytes"):
        LoginMessage.parse(fitting.text() + "x")


def test_times_are_read_in_nanoseconds(message: LoginMessage) -> None:
    assert message.issued_at_ns == 1_633_019_124 * 10**9
    assert message.expiration_time_ns is None
    assert message.not_before_ns is None
    bounded = attrs.evolve(
        message,
        expiration_time="2021-09-30T18:25:24.5+02:00",
        not_before="2021-09-30T14:25:24-02:00",
    )
    assert bounded.expiration_time_ns == message.issued_at_ns + 10**9 // 2
    assert bounded.not_before_ns == message.issued_at_ns


def test_random_fields_survive_the_text(rng: random.Random, message: LoginMessage) -> None:
    letters = "abcXYZ019-._~!$&'()*+,;=:@"
    for _ in range(count(fast=300, full=5_000)):
        word = "".join(rng.choices(letters, k=rng.randrange(1, 30)))
        built = attrs.evolve(
            message,
            scheme=rng.choice([None, "https", "a+b"]),
            statement=rng.choice([None, "", word + " [x]/?#"]),
            uri="x:" + word,
            chain_id=rng.getrandbits(rng.randrange(1, 257)),
            nonce="".join(rng.choices("aZ09", k=rng.randrange(8, 40))),
            request_id=rng.choice([None, "", word]),
            resources=rng.choice([None, (), ("a:" + word, "b://" + "c/" + word)]),
        )
        assert LoginMessage.parse(built.text()) == built


def test_changing_any_character_changes_the_message_or_is_refused(rng: random.Random) -> None:
    original = LoginMessage.parse(EXAMPLES[0])
    for _ in range(count(fast=500, full=10_000)):
        position = rng.randrange(len(EXAMPLES[0]))
        character = chr(rng.randrange(128))
        changed = EXAMPLES[0][:position] + character + EXAMPLES[0][position + 1 :]
        try:
            parsed = LoginMessage.parse(changed)
        except SignatureError:
            continue
        assert (parsed == original) == (changed == EXAMPLES[0]), (position, character)


@pytest.mark.parametrize("text", ["", "a", "\n" * 40, "gr\u00fc\u00dfe", EXAMPLES[0]])
def test_the_digest_is_that_of_personal_sign(rng: random.Random, text: str) -> None:
    signer = LocalSigner(rng.randbytes(32))
    signature = signer.sign_digest(personal_digest(text))
    assert Account.recover_message(encode_defunct(text=text), signature=signature) == signer.address


def test_a_login_signature_may_carry_plain_parity(
    rng: random.Random, message: LoginMessage
) -> None:
    signer = LocalSigner(rng.randbytes(32))
    signature = signer.sign_login(message)
    plain = signature[:64] + bytes((signature[64] - 27,))
    assert recover_personal(message.text(), plain) == signer.address


@pytest.mark.parametrize(
    "text",
    [
        "a" * MAX_MESSAGE_BYTES,
        ":" * MAX_MESSAGE_BYTES,
        "://" * (MAX_MESSAGE_BYTES // 3),
        "\n" * MAX_MESSAGE_BYTES,
        "\n".join(["URI: x"] * 580),
        EXAMPLES[0].replace("example.com", "@" * 4000, 1)[:MAX_MESSAGE_BYTES],
        EXAMPLES[0].replace("example.com", "@" * 3000, 1),
        EXAMPLES[0].replace("example.com", "[" + ":" * 3000 + "]", 1),
        EXAMPLES[0].replace("example.com", "[" + "1:" * 1500 + "]", 1),
        EXAMPLES[0] + "%20" * 1000 + "%",
        EXAMPLES[0] + "\n- a:" * 500 + "\n",
        EXAMPLES[0].replace("24Z", "24." + "9" * 3000, 1),
    ],
    ids=range(12),
)
def test_hostile_text_is_refused_within_the_hang_guard(text: str) -> None:
    assert len(text) <= MAX_MESSAGE_BYTES
    for _ in range(100):
        with pytest.raises(SignatureError):
            LoginMessage.parse(text)
