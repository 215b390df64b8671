"""Whether a wallet signed a text: by its key, or, when it is a contract, as ERC-1271 says.

A key is recovered from the signature alone. A contract is asked on the chain, which costs a call:
only for a nonce that was issued here, which the attempt spends, so that nobody makes this exchange
ask more often than it issues nonces.
"""

from typing import Final, Protocol

import attrs

from hybrid_dex.defaults.login_store import NonceStore
from hybrid_dex.errors import SignatureError
from hybrid_dex.signing.login_message import LoginMessage, personal_digest, recover_personal

__all__ = ["MAX_CONTRACT_SIGNATURE_BYTES", "ContractWallets", "WalletSignatures"]

MAX_CONTRACT_SIGNATURE_BYTES: Final = 4_096
"""Of a contract's signature, which may be many owners' signatures in a row."""


class ContractWallets(Protocol):
    """Asks accounts that are contracts whether they signed."""

    async def is_valid(self, account: str, digest: bytes, signature: bytes) -> bool:
        """Return whether the account is a contract that accepts the signature now (ERC-1271).

        Takes a bounded time. Raises `UnavailableError` when the chain does not answer.
        """
        ...

    async def close(self) -> None:
        """Release every connection. Safe to call twice."""
        ...


@attrs.frozen(kw_only=True)
class WalletSignatures:
    """Checks signatures over login messages, and spends their nonces.

    Attributes:
        nonces: where they were issued.
        wallets: asks contracts; without it only keys are believed.
    """

    nonces: NonceStore
    wallets: ContractWallets | None = None

    async def check(self, message: LoginMessage, text: str, signature: bytes, now_ms: int) -> None:
        """Return when the message's address signed ``text`` and its nonce was good.

        Raises:
            SignatureError: it did not, or the nonce was not issued, has expired or was used.
            UnavailableError: the nonces or the chain can not be asked now.
        """
        by_key = _signed_by_key(message, text, signature, strict=self.wallets is None)
        if not by_key and self.wallets is None:
            raise _another(message)
        if not await self.nonces.take_nonce(message.nonce, now_ms):
            raise SignatureError(
                "nonce", "unknown, expired or used", "a nonce just issued by this exchange"
            )
        if by_key or self.wallets is None:
            return
        if not await self.wallets.is_valid(message.address, personal_digest(text), signature):
            raise _another(message)


def _signed_by_key(message: LoginMessage, text: str, signature: bytes, *, strict: bool) -> bool:
    """Return whether the address's own key signed; a contract's signature may have any form."""
    try:
        return recover_personal(text, signature) == message.address
    except SignatureError:
        if strict or not signature or len(signature) > MAX_CONTRACT_SIGNATURE_BYTES:
            raise
        return False


def _another(message: LoginMessage) -> SignatureError:
    return SignatureError("signature", "made by another key", f"a signature by {message.address}")
