"""Where wallet auth keeps login nonces and open sessions.

`NonceStore` and `LoginStore` are small so that a database or Redis can stand behind them when
several gateways share logins: `SqlLoginStore` keeps both in SQLite or PostgreSQL.
`MemoryLoginStore` serves one process and forgets everything when it stops, which ends all
sessions and voids all nonces. Nothing secret is stored: a token can not be made from a row.

Both tables are bounded. Anyone may ask for nonces, and keys that log in cost nothing to make, so
a full table gives up its oldest row: the flood has to outrun the cap within the time that a person
needs to sign, and the gateway's rate limits stand before that.
"""

import enum
from collections import OrderedDict
from typing import Final, Protocol

import attrs

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.units import AccountId

__all__ = [
    "MAX_VOID_TOKENS",
    "LoginSession",
    "LoginStore",
    "MemoryLoginStore",
    "NonceStore",
    "Rotation",
]


@attrs.frozen(kw_only=True)
class LoginSession:
    """One open login.

    Attributes:
        id: random text, unique.
        account: who logged in.
        refresh_id: id of the one refresh token that is good now.
        opened_at_ms: when the login happened, Unix milliseconds.
        refresh_expires_at_ms: when it ends unless it is refreshed before.
        ends_at_ms: when it ends for good.
        used_at_ms: about when it was last used, Unix milliseconds.
        address: the network address of the login.
        user_agent: what the program that logged in calls itself.
        void_tokens: ids of access tokens that were revoked alone.
    """

    id: str
    account: AccountId
    refresh_id: str
    opened_at_ms: int
    refresh_expires_at_ms: int
    ends_at_ms: int
    used_at_ms: int = 0
    address: str = ""
    user_agent: str = ""
    void_tokens: tuple[str, ...] = ()

    def is_open(self, now_ms: int) -> bool:
        """Return whether it has not run out."""
        return now_ms < min(self.refresh_expires_at_ms, self.ends_at_ms)


class Rotation(enum.Enum):
    """What became of an attempt to use a refresh token."""

    ROTATED = "rotated"
    REUSED = "reused"
    """It had been used before: stolen, or its answer was lost. The session was closed."""
    CLOSED = "closed"
    """There is no such open session."""


class NonceStore(Protocol):
    """What is good once. Each method is atomic, also between processes."""

    async def put_nonce(self, nonce: str, expires_at_ms: int) -> None:
        """Remember an issued nonce until it is taken or expires. O(1)."""
        ...

    async def take_nonce(self, nonce: str, now_ms: int) -> bool:
        """Return whether the nonce was issued, is unexpired and untaken; it is taken now. O(1)."""
        ...


class LoginStore(NonceStore, Protocol):
    """Nonces and sessions. Each method is atomic, also between processes."""

    async def open(self, session: LoginSession, most: int) -> None:
        """Keep a new session; the account's oldest are closed so that it has at most ``most`` open."""
        ...

    async def get(self, session_id: str, now_ms: int) -> LoginSession | None:
        """Return the session if it is open now. O(1): asked on every request."""
        ...

    async def rotate(self, used_refresh_id: str, renewed: LoginSession, now_ms: int) -> Rotation:
        """Replace the session by ``renewed`` if ``used_refresh_id`` is its current one.

        A session whose current refresh id is another is closed.
        """
        ...

    async def close(self, session_id: str) -> bool:
        """Close a session; return whether it was there. Safe to repeat."""
        ...

    async def void(self, session_id: str, token_id: str) -> None:
        """Remember that an access token of the session is revoked. Safe to repeat.

        A session with more than `MAX_VOID_TOKENS` of them is closed.
        """
        ...

    async def touch(self, session_id: str, now_ms: int) -> None:
        """Note that the session was used; the note may be lost in a crash. O(1)."""
        ...

    async def sessions_of(self, account: AccountId, now_ms: int) -> list[LoginSession]:
        """Return the account's open sessions, oldest first."""
        ...


MAX_VOID_TOKENS: Final = 64
"""Access tokens of one session that are revoked alone; more end the session."""


def _at_least_one(_instance: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if value < 1:
        message = f"{attribute.name} is {value}; it must be at least 1"
        raise ConfigurationError(message)


@attrs.define(kw_only=True)
class MemoryLoginStore:
    """Nonces and sessions in this process; see the module.

    Attributes:
        nonce_limit: nonces kept at most.
        session_limit: sessions kept at most, of all accounts together.
    """

    nonce_limit: int = attrs.field(default=100_000, validator=_at_least_one)
    session_limit: int = attrs.field(default=100_000, validator=_at_least_one)
    _nonces: OrderedDict[str, int] = attrs.field(factory=OrderedDict, init=False, repr=False)
    _sessions: OrderedDict[str, LoginSession] = attrs.field(
        factory=OrderedDict, init=False, repr=False
    )
    _ids_by_account: dict[AccountId, list[str]] = attrs.field(factory=dict, init=False, repr=False)

    async def put_nonce(self, nonce: str, expires_at_ms: int) -> None:
        """Remember an issued nonce; when full, forget the oldest."""
        self._nonces[nonce] = expires_at_ms
        if len(self._nonces) > self.nonce_limit:
            self._nonces.popitem(last=False)

    async def take_nonce(self, nonce: str, now_ms: int) -> bool:
        """Return whether the nonce was good, and spend it."""
        expires_at_ms = self._nonces.pop(nonce, None)
        return expires_at_ms is not None and now_ms < expires_at_ms

    async def open(self, session: LoginSession, most: int) -> None:
        """Keep a new session, closing older ones of this account, or of any, beyond the limits."""
        await self.sessions_of(session.account, session.opened_at_ms)  # removes those that ended
        self._sessions[session.id] = session
        ids = self._ids_by_account.setdefault(session.account, [])
        ids.append(session.id)
        while len(ids) > most:
            self._remove(ids[0])
        if len(self._sessions) > self.session_limit:
            self._remove(next(iter(self._sessions)))

    async def get(self, session_id: str, now_ms: int) -> LoginSession | None:
        """Return the session if it is open; one that has run out is removed."""
        session = self._sessions.get(session_id)
        if session is None:
            return None
        if not session.is_open(now_ms):
            self._remove(session_id)
            return None
        return session

    async def rotate(self, used_refresh_id: str, renewed: LoginSession, now_ms: int) -> Rotation:
        """Replace the session, or close it when its refresh token comes a second time."""
        session = await self.get(renewed.id, now_ms)
        if session is None:
            return Rotation.CLOSED
        if session.refresh_id != used_refresh_id:
            self._remove(session.id)
            return Rotation.REUSED
        self._sessions[session.id] = attrs.evolve(renewed, void_tokens=session.void_tokens)
        return Rotation.ROTATED

    async def close(self, session_id: str) -> bool:
        """Close a session; return whether it was there."""
        if session_id not in self._sessions:
            return False
        self._remove(session_id)
        return True

    async def void(self, session_id: str, token_id: str) -> None:
        """Remember a revoked access token of the session."""
        session = self._sessions.get(session_id)
        if session is None or token_id in session.void_tokens:
            return
        if len(session.void_tokens) == MAX_VOID_TOKENS:
            self._remove(session_id)
            return
        tokens = (*session.void_tokens, token_id)
        self._sessions[session_id] = attrs.evolve(session, void_tokens=tokens)

    async def touch(self, session_id: str, now_ms: int) -> None:
        """Note that the session was used."""
        session = self._sessions.get(session_id)
        if session is not None and now_ms > session.used_at_ms:
            self._sessions[session_id] = attrs.evolve(session, used_at_ms=now_ms)

    async def sessions_of(self, account: AccountId, now_ms: int) -> list[LoginSession]:
        """Return the account's open sessions, oldest first."""
        found = [
            await self.get(id_, now_ms) for id_ in tuple(self._ids_by_account.get(account, ()))
        ]
        return [session for session in found if session is not None]

    def _remove(self, session_id: str) -> None:
        session = self._sessions.pop(session_id)
        ids = self._ids_by_account[session.account]
        ids.remove(session_id)
        if not ids:
            del self._ids_by_account[session.account]
