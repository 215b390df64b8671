"""The EIP-712 domain: what ties a signature to one contract on one chain.

A signature made for another chain, another deployment or another application recovers to a
different address, so it is worth nothing here. The domain has no salt.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.signing.address import ZERO_ADDRESS, parse_address
from hybrid_dex.signing.keccak import keccak256

__all__ = ["DOMAIN_FIELDS", "DOMAIN_NAME", "DOMAIN_VERSION", "Domain"]

DOMAIN_NAME: Final = "hybrid-dex"
DOMAIN_VERSION: Final = "1"
DOMAIN_FIELDS: Final = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
"""Name and type of each field, in the order that is hashed."""

_TYPE_HASH: Final = keccak256(
    b"EIP712Domain(" + ",".join(f"{kind} {name}" for name, kind in DOMAIN_FIELDS).encode() + b")"
)
_MAX_CHAIN_ID: Final = 2**256 - 1


def _separator(domain: "Domain") -> bytes:
    if not 1 <= domain.chain_id <= _MAX_CHAIN_ID:
        message = f"chain_id is {domain.chain_id}; configure the number of the chain (EIP-155)"
        raise ConfigurationError(message)
    if domain.verifying_contract == ZERO_ADDRESS:
        message = "verifying_contract is the zero address; configure the deployed contract"
        raise ConfigurationError(message)
    return keccak256(
        _TYPE_HASH
        + keccak256(DOMAIN_NAME.encode())
        + keccak256(DOMAIN_VERSION.encode())
        + domain.chain_id.to_bytes(32, "big")
        + bytes(12)
        + parse_address(domain.verifying_contract, "verifying_contract")
    )


@attrs.frozen(kw_only=True)
class Domain:
    """The chain and the contract that orders are signed for.

    Attributes:
        chain_id: the chain's number (EIP-155), at least 1.
        verifying_contract: EIP-55 address of the deployed ``Exchange``.
        separator: the 32-byte domain separator; computed once.

    >>> domain = Domain(chain_id=1, verifying_contract="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
    >>> domain.separator.hex()[:8]
    '57059eb3'

    Raises:
        ConfigurationError: the chain id is out of range, or the contract is the zero address.
        SignatureError: the contract's address is not in EIP-55 form.
    """

    chain_id: int
    verifying_contract: str
    separator: bytes = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_separator, takes_self=True)
    )

    _prefix: bytes = attrs.field(init=False, repr=False, eq=False)

    @_prefix.default
    def _signed_prefix(self) -> bytes:
        return b"\x19\x01" + self.separator

    def typed_data_fields(self) -> dict[str, str | int]:
        """Return the ``domain`` member of an EIP-712 typed data document."""
        return {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": self.chain_id,
            "verifyingContract": self.verifying_contract,
        }

    def digest(self, struct_hash: bytes) -> bytes:
        """Return the 32 bytes that are signed for a struct of this domain (EIP-712)."""
        return keccak256(self._prefix + struct_hash)

    def typed_data(
        self,
        primary_type: str,
        types: Mapping[str, Sequence[tuple[str, str]]],
        message: Mapping[str, object],
    ) -> dict[str, object]:
        """Return a document for ``eth_signTypedData_v4``.

        Args:
            primary_type: the struct that is signed.
            types: name and type of each field, for each struct.
            message: the struct's values.
        """
        structs = {"EIP712Domain": DOMAIN_FIELDS, **types}
        return {
            "types": {
                struct: [{"name": name, "type": kind} for name, kind in fields]
                for struct, fields in structs.items()
            },
            "primaryType": primary_type,
            "domain": self.typed_data_fields(),
            "message": message,
        }
