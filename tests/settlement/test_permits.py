"""Permits are the documents that tokens and Permit2 take: digests by hand, signers recovered."""

from __future__ import annotations

from eth_account import Account
from eth_account.messages import encode_typed_data

from hybrid_dex.settlement.permits import domain_separator, permit2_typed_data, permit_typed_data
from hybrid_dex.signing import keccak256

OWNER = Account.from_key("0x" + "00" * 31 + "07")
TOKEN, VAULT, PERMIT2 = (
    "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    "0x5FbDB2315678afecb367f032d93F642f64180aa3",
    "0x000000000022D473030F116dDEE9F6B43aC78BA3",
)


def word(value: int | str) -> bytes:
    """One word of ABI encoding."""
    return (value if isinstance(value, int) else int(value, 16)).to_bytes(32, "big")


def signable(document: dict[str, object]) -> bytes:
    """What is signed of a document, before it is hashed."""
    message = encode_typed_data(full_message=document)
    return b"\x19" + message.version + message.header + message.body


def test_an_eip_2612_permit() -> None:
    """Against the words of the standard."""
    domain = {"name": "Dollar", "version": "2", "chainId": 5, "verifyingContract": TOKEN}
    document = permit_typed_data(
        domain, owner=OWNER.address, spender=VAULT, value=9, nonce=3, deadline_s=77
    )
    kind = b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    struct = keccak256(
        keccak256(kind) + word(OWNER.address) + word(VAULT) + word(9) + word(3) + word(77)
    )
    separator = domain_separator(name="Dollar", version="2", chain_id=5, token=TOKEN)
    assert signable(document) == b"\x19\x01" + separator + struct


def test_a_domain_without_a_version() -> None:
    """Some tokens have none, and leave the field out."""
    kind = b"EIP712Domain(string name,uint256 chainId,address verifyingContract)"
    by_hand = keccak256(keccak256(kind) + keccak256(b"Old") + word(1) + word(TOKEN))
    assert domain_separator(name="Old", version=None, chain_id=1, token=TOKEN) == by_hand
    document = permit_typed_data(
        {"name": "Old", "chainId": 1, "verifyingContract": TOKEN},
        owner=OWNER.address,
        spender=VAULT,
        value=9,
        nonce=3,
        deadline_s=77,
    )
    assert signable(document)[2:34] == by_hand


def test_a_permit2_transfer() -> None:
    """Against the words of Permit2's own source: the spender stands beside what is permitted."""
    document = permit2_typed_data(
        permit2=PERMIT2,
        chain_id=1,
        token=TOKEN,
        spender=VAULT,
        amount=9,
        nonce=2**255,
        deadline_s=77,
    )
    permissions = b"TokenPermissions(address token,uint256 amount)"
    permitted = keccak256(keccak256(permissions) + word(TOKEN) + word(9))
    kind = b"PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)"  # fmt: skip
    struct = keccak256(
        keccak256(kind + permissions) + permitted + word(VAULT) + word(2**255) + word(77)
    )
    domain = b"EIP712Domain(string name,uint256 chainId,address verifyingContract)"
    separator = keccak256(keccak256(domain) + keccak256(b"Permit2") + word(1) + word(PERMIT2))
    assert signable(document) == b"\x19\x01" + separator + struct
