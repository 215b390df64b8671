"""Auth: who asks, and may they."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.signed_order import Authorization, SignedOrder
from hybrid_dex.model.units import AccountId

__all__ = ["Auth", "Principal", "Session"]


@attrs.frozen(kw_only=True)
class Principal:
    """Who a request speaks for.

    Attributes:
        account: the account.
        session_id: the login it came from, for revocation.
    """

    account: AccountId
    session_id: str


@attrs.frozen(kw_only=True)
class Session:
    """A login.

    Attributes:
        principal: who logged in.
        access_token: what requests carry.
        access_expires_at_ms: when it ends, Unix milliseconds.
        refresh_token: what buys the next access token, once.
        refresh_expires_at_ms: when it ends, Unix milliseconds.
    """

    principal: Principal
    access_token: str = attrs.field(repr=False)
    access_expires_at_ms: int
    refresh_token: str = attrs.field(repr=False)
    refresh_expires_at_ms: int


class Auth(Protocol):
    """Verifies orders and people. Never raises for a wrong signature: that is a `Refusal`."""

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        """Return, for each order in turn, its verified authorization or why it is refused."""
        ...

    async def issue_nonce(self) -> str:
        """Return a fresh login nonce, good once and for a short time."""
        ...

    async def login(self, message: str, signature: bytes) -> Session:
        """Open a session for a signed EIP-4361 message. Raises `SignatureError`."""
        ...

    async def refresh(self, refresh_token: str) -> Session:
        """Rotate a refresh token. A used one ends the whole session. Raises `SignatureError`."""
        ...

    async def logout(self, principal: Principal) -> None:
        """End a session. Safe to call twice."""
        ...

    async def authenticate(self, token: str) -> Principal:
        """Return who an access token speaks for. Raises `SignatureError`."""
        ...
