"""Trusted auth: the caller is believed. The default where the library is embedded.

The program that calls the library has already decided who its user is, so the named account is
the account. Nothing is verified, no secret is kept. It must never stand behind a network
interface, and what it authorizes can not be settled on chain: no signature, no order hash.
"""

import itertools
from collections.abc import Sequence
from typing import Final

import attrs

from hybrid_dex.errors import SignatureError
from hybrid_dex.interfaces.auth import LoginClient, OpenSession, Principal, Session
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization, SignedOrder
from hybrid_dex.model.units import AccountId

__all__ = ["TrustedAuth"]

_SESSION: Final = "trusted"
_NEVER_MS: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps."""


@attrs.define
class TrustedAuth:
    """Accepts the account that is named; see the module's warning.

    A login's message, its tokens and the account's name are the same text.

    >>> import asyncio
    >>> session = asyncio.run(TrustedAuth().login("alice", b""))
    >>> session.principal.account
    'alice'
    """

    _issued: "itertools.count[int]" = attrs.field(factory=lambda: itertools.count(1), init=False)

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        """Return an authorization without signature and hash for each order that names a trader."""
        return [_vouch(order) for order in orders]

    async def issue_nonce(self) -> str:
        """Return a nonce of the usual form; nothing checks it."""
        return f"trusted{next(self._issued):012}"

    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        """Open a session for the account named by ``message``; the signature is not looked at.

        Raises:
            SignatureError: no account is named.
        """
        return _session(message)

    async def refresh(self, refresh_token: str) -> Session:
        """Return the session of the account that the token names."""
        return _session(refresh_token)

    async def logout(self, principal: Principal) -> None:
        """Do nothing: there is no session to end."""

    async def authenticate(self, token: str) -> Principal:
        """Return the account that the token names.

        Raises:
            SignatureError: no account is named.
        """
        return _session(token).principal

    async def sessions(self, account: AccountId) -> list[OpenSession]:
        """Return nothing: no session is kept."""
        return []

    async def revoke(self, account: AccountId, session_id: str) -> bool:
        """Return ``False``: there is no session to end."""
        return False


def _session(account: str) -> Session:
    if not account:
        raise SignatureError("account", "no account is named", "the account's name")
    return Session(
        principal=Principal(account=AccountId(account), session_id=_SESSION),
        access_token=account,
        access_expires_at_ms=_NEVER_MS,
        refresh_token=account,
        refresh_expires_at_ms=_NEVER_MS,
    )


def _vouch(order: SignedOrder) -> Authorization | Refusal:
    if not order.trader:
        return Refusal(RejectReason.UNAUTHENTICATED, "trader", "no account is named")
    return Authorization(
        signer=order.trader,
        kind=0,
        max_fee_ppm=order.max_fee_ppm,
        expiry_s=order.expiry_s,
        nonce=order.nonce.packed,
        order_hash=b"",
        signature=b"",
    )
