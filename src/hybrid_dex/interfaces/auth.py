"""Auth: who asks, and may they."""

import enum
from collections.abc import Sequence
from typing import Final, Protocol

import attrs

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.signed_order import Authorization, SignedOrder
from hybrid_dex.model.units import AccountId, MarketId

__all__ = ["ALL_SCOPES", "Auth", "LoginClient", "OpenSession", "Principal", "Scope", "Session"]


class Scope(enum.StrEnum):
    """What a login or a key may be used for. None of them lets an unsigned order settle."""

    READ = "read"
    """See the account's orders, fills and balances."""
    TRADE = "trade"
    """Cancel, reduce, keep switches armed, and hand in orders as far as the kind of key may."""
    WITHDRAW = "withdraw"
    """Ask for vouchers. A login of the account's wallet has it, a key never."""
    MANAGE = "manage"
    """See and end logins, make and delete keys. A login of the account's wallet has it, a key never."""


ALL_SCOPES: Final = frozenset(Scope)
"""What the account's own wallet may do once it has logged in."""


@attrs.frozen(kw_only=True)
class Principal:
    """Who a request speaks for, and for what.

    Attributes:
        account: the account.
        session_id: the login it came from, for revocation; empty when a key signed the request.
        key_id: the key that signed the request; empty when it came from a login.
        scopes: what it may do.
        markets: the markets it may trade and read orders of; ``None`` for all.
        places_wallet_orders: whether it may hand in orders of every signature kind; otherwise only
            leaves of a bulk tree that the trader signed before.
    """

    account: AccountId
    session_id: str
    key_id: str = ""
    scopes: frozenset[Scope] = ALL_SCOPES
    markets: frozenset[MarketId] | None = None
    places_wallet_orders: bool = True


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


@attrs.frozen(kw_only=True)
class LoginClient:
    """What a login came from, as far as that is known; shown to the account, never decided by.

    Attributes:
        address: the network address.
        user_agent: what the program calls itself.
    """

    address: str = ""
    user_agent: str = ""


@attrs.frozen(kw_only=True)
class OpenSession:
    """An open login, as its account sees it.

    Attributes:
        id: names it, and is no secret.
        opened_at_ms: when the login happened, Unix milliseconds.
        used_at_ms: about when it was last used, Unix milliseconds.
        ends_at_ms: when it ends unless it is refreshed before, Unix milliseconds.
        client: what it came from.
    """

    id: str
    opened_at_ms: int
    used_at_ms: int
    ends_at_ms: int
    client: LoginClient


class Auth(Protocol):
    """Verifies orders and people. Never raises for a wrong signature: that is a `Refusal`."""

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        """Return, for each order in turn, its verified authorization or why it is refused.

        Bulk orders without a proof stand next to each other, all of a tree and in the order of their
        leaves; they are authorized or refused together, and their authorizations have the proofs.
        """
        ...

    async def issue_nonce(self) -> str:
        """Return a fresh login nonce, good once and for a short time."""
        ...

    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
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

    async def sessions(self, account: AccountId) -> list[OpenSession]:
        """Return the account's open sessions, oldest first."""
        ...

    async def revoke(self, account: AccountId, session_id: str) -> bool:
        """End one session of the account; return whether it had it. Its tokens are void at once."""
        ...
