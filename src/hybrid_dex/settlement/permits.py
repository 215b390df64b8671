"""Permits: what a user signs so that a deposit needs no approval of its own.

Pure: it builds the EIP-712 documents and signs nothing. Two kinds:

- EIP-2612: the token itself takes the signature. Every token has its own domain; whether the one
  that is written here is the token's is proven by its ``DOMAIN_SEPARATOR``, before anything is
  signed.
- Permit2 (Uniswap): one approval of a token for Permit2, once, then a signature for each transfer.
  The signature names who may take the tokens: here the vault, so nobody else can use it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hybrid_dex.signing import keccak256, parse_address

__all__ = ["domain_separator", "permit2_typed_data", "permit_typed_data"]

_NAMES: Final[tuple[tuple[str, str], ...]] = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_PERMIT: Final = (
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)
_TOKEN_PERMISSIONS: Final = (("token", "address"), ("amount", "uint256"))
_PERMIT_TRANSFER_FROM: Final = (
    ("permitted", "TokenPermissions"),
    ("spender", "address"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)
_Document = dict[str, Any]  # Any: JSON, as wallets take it


def permit_typed_data(
    domain: Mapping[str, object],
    *,
    owner: str,
    spender: str,
    value: int,
    nonce: int,
    deadline_s: int,
) -> _Document:
    """Return the EIP-2612 document for a token's domain.

    Args:
        domain: the token's: name, chainId, verifyingContract, and version if it has one.
        owner: whose tokens.
        spender: who may take them.
        value: atoms.
        nonce: the token's next for the owner.
        deadline_s: until when, Unix seconds.
    """
    return {
        "types": {
            "EIP712Domain": _fields([field for field in _NAMES if field[0] in domain]),
            "Permit": _fields(_PERMIT),
        },
        "primaryType": "Permit",
        "domain": dict(domain),
        "message": {
            "owner": owner,
            "spender": spender,
            "value": value,
            "nonce": nonce,
            "deadline": deadline_s,
        },
    }


def permit2_typed_data(
    *,
    permit2: str,
    chain_id: int,
    token: str,
    spender: str,
    amount: int,
    nonce: int,
    deadline_s: int,
) -> _Document:
    """Return the document of Permit2's ``PermitTransferFrom``.

    Args:
        permit2: Permit2's address.
        chain_id: the chain (EIP-155).
        token: what may be taken.
        spender: by whom.
        amount: atoms.
        nonce: any number that the owner has not used yet.
        deadline_s: until when, Unix seconds.
    """
    domain = {"name": "Permit2", "chainId": chain_id, "verifyingContract": permit2}
    return {
        "types": {
            "EIP712Domain": _fields([field for field in _NAMES if field[0] in domain]),
            "PermitTransferFrom": _fields(_PERMIT_TRANSFER_FROM),
            "TokenPermissions": _fields(_TOKEN_PERMISSIONS),
        },
        "primaryType": "PermitTransferFrom",
        "domain": domain,
        "message": {
            "permitted": {"token": token, "amount": amount},
            "spender": spender,
            "nonce": nonce,
            "deadline": deadline_s,
        },
    }


def domain_separator(*, name: str, version: str | None, chain_id: int, token: str) -> bytes:
    """Return the separator of a token's domain, 32 bytes: what ``DOMAIN_SEPARATOR`` must say."""
    fields = [field for field in _NAMES if field[0] != "version" or version is not None]
    kind = "EIP712Domain(" + ",".join(f"{type_} {name_}" for name_, type_ in fields) + ")"
    return keccak256(
        keccak256(kind.encode())
        + keccak256(name.encode())
        + (b"" if version is None else keccak256(version.encode()))
        + chain_id.to_bytes(32, "big")
        + bytes(12)
        + parse_address(token, "token")
    )


def _fields(fields: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in fields]
