"""A key that signs on this machine: for bots, examples and tests.

A server never holds one of these for its users. Signatures are deterministic (RFC 6979) with a
low s, the same bytes that wallets and eth-account produce. The key is never shown, compared or
written by anything here; where it comes from is the caller's business.
"""

from collections.abc import Sequence
from typing import Final

import attrs
import msgspec
from coincurve import PrivateKey

from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.model.signed_order import SignatureKind, SignedOrder
from hybrid_dex.signing.address import checksum_address
from hybrid_dex.signing.bulk import BulkTree
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.keccak import keccak256
from hybrid_dex.signing.login_message import LoginMessage, personal_digest
from hybrid_dex.signing.order import order_digest

__all__ = ["LocalSigner"]

_KEY_BYTES: Final = 32
_DIGEST_BYTES: Final = 32


def _private_key(secret: bytes | str) -> PrivateKey:
    try:
        raw = bytes.fromhex(secret.removeprefix("0x")) if isinstance(secret, str) else secret
        if len(raw) == _KEY_BYTES:
            return PrivateKey(raw)
    except ValueError:
        pass  # refused below, without the text: it may be most of a real key
    message = "the private key is not 32 bytes (or 64 hexadecimal digits) between 1 and n - 1"
    raise ConfigurationError(message) from None


@attrs.frozen
class LocalSigner:
    """Signs with one private key.

    Attributes:
        address: the key's EIP-55 address.

    >>> LocalSigner("0x" + "00" * 31 + "01").address
    '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf'
    """

    _key: PrivateKey = attrs.field(converter=_private_key, repr=False, eq=False)
    address: str = attrs.field(init=False)

    @address.default
    def _address(self) -> str:
        return checksum_address(keccak256(self._key.public_key.format(compressed=False)[1:])[-20:])

    def sign_digest(self, digest: bytes) -> bytes:
        """Return 65 bytes r, s, v with v 27 or 28 over a 32-byte digest.

        Raises:
            SignatureError: ``digest`` is not 32 bytes.
        """
        if len(digest) != _DIGEST_BYTES:
            raise SignatureError("digest", f"{len(digest)} bytes", "32 bytes")
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((27 + signature[64],))

    def sign_order(self, order: SignedOrder, domain: Domain) -> SignedOrder:
        """Return ``order`` with this key's signature in place of what it carried.

        Raises:
            SignatureError: the order's trader is another account, or a field does not fit.
        """
        self._own(order)
        return self._signed(order, domain, SignatureKind.WALLET)

    def sign_session_order(self, order: SignedOrder, domain: Domain) -> SignedOrder:
        """Return another account's order, signed with this key as a session key of that account.

        What is signed is the same digest. It is worth nothing until the trader has granted the key
        on chain, for the order's market.

        Raises:
            SignatureError: the order's trader is this key's own address, or a field does not fit.
        """
        if order.trader == self.address:
            raise SignatureError(
                "trader", "is the key's own address", "the account that granted this key"
            )
        return self._signed(order, domain, SignatureKind.SESSION)

    def sign_bulk(self, orders: Sequence[SignedOrder], domain: Domain) -> tuple[SignedOrder, ...]:
        """Return up to eight orders under one signature; each can be placed by itself.

        Raises:
            SignatureError: an order's trader is another account, there are none or too many, or a
                field does not fit.
        """
        for order in orders:
            self._own(order)
        tree = BulkTree(orders)
        return tree.signed(self.sign_digest(tree.digest(domain)))

    def sign_text(self, text: str) -> bytes:
        """Return the ``personal_sign`` signature (EIP-191) over a text."""
        return self.sign_digest(personal_digest(text))

    def sign_login(self, message: LoginMessage) -> bytes:
        """Return the signature that a login with ``message`` needs."""
        return self.sign_text(message.text())

    def _own(self, order: SignedOrder) -> None:
        if order.trader != self.address:
            raise SignatureError(
                "trader", f"is {order.trader}, the key's address is another", self.address
            )

    def _signed(self, order: SignedOrder, domain: Domain, kind: SignatureKind) -> SignedOrder:
        return msgspec.structs.replace(
            order,
            signature=self.sign_digest(order_digest(order, domain)),
            signature_kind=kind,
            proof=(),
            leaf=0,
        )
