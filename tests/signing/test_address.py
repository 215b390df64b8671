"""Only the EIP-55 text of an address is accepted, so an account has one name."""

import random

import pytest
from eth_utils.address import to_checksum_address

from hybrid_dex.errors import SignatureError
from hybrid_dex.signing import checksum_address, parse_address
from tests.tiers import count

# The examples of EIP-55.
EXAMPLES = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_standard_s_examples_are_their_own_text(text: str) -> None:
    assert checksum_address(parse_address(text)) == text


def test_random_addresses_agree_with_eth_utils(rng: random.Random) -> None:
    for _ in range(count(fast=500, full=5_000)):
        raw = rng.randbytes(20)
        assert checksum_address(raw) == to_checksum_address(raw)
        assert parse_address(checksum_address(raw)) == raw


@pytest.mark.parametrize("text", EXAMPLES[4:])
def test_another_case_of_any_letter_is_refused_with_the_right_one(text: str) -> None:
    for index, character in enumerate(text[2:], start=2):
        if character.isalpha():
            changed = text[:index] + character.swapcase() + text[index + 1 :]
            with pytest.raises(SignatureError, match=f"not the EIP-55 checksum; valid: {text}"):
                parse_address(changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        EXAMPLES[4][2:],
        "0X" + EXAMPLES[4][2:],
        EXAMPLES[4] + "0",
        EXAMPLES[4][:-1],
        EXAMPLES[4] + "\n",
        " " + EXAMPLES[4],
        EXAMPLES[4].replace("5", "g", 1),
        "0x" + "\uff11" * 40,
    ],
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(SignatureError, match="trader: not an address; valid: 0x and 40"):
        parse_address(text, "trader")


@pytest.mark.parametrize("length", [0, 19, 21, 32])
def test_bytes_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(SignatureError, match=f"address: {length} bytes; valid: 20 bytes"):
        checksum_address(bytes(length))
