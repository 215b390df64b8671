"""Login: a session by a signed EIP-4361 message, renewed before it ends.

`next_step` decides, from times alone, whether the tokens at hand are used, refreshed or replaced
by a new login; `SessionKeeper` does it, one task at a time.
"""

import asyncio
import contextlib
import enum
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from hybrid_dex.client.errors import UnreachableError
from hybrid_dex.client.http import HttpCaller
from hybrid_dex.client.session_key import SessionKey
from hybrid_dex.errors import ConfigurationError, RefusedError, UnknownOutcomeError
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import Domain, LoginMessage, format_date_time
from hybrid_dex.wire import (
    LoginRequest,
    LoginTerms,
    NonceAnswer,
    RefreshRequest,
    SessionAnswer,
    encode,
    hex_text,
)

__all__ = ["SessionKeeper", "Signer", "TokenStep", "login_request", "next_step"]

_T = TypeVar("_T")

_MARGIN_MS: Final = 30_000
_NS_PER_MS: Final = 1_000_000


class Signer(Protocol):
    """Holds a trader's key, or asks whoever holds it: `LocalSigner`, `SessionKey`."""

    @property
    def address(self) -> str:
        """The checksummed address of the account."""
        ...

    def sign_order(self, order: SignedOrder, domain: Domain) -> SignedOrder:
        """Return the order with its signature."""
        ...

    def sign_bulk(self, orders: Sequence[SignedOrder], domain: Domain) -> tuple[SignedOrder, ...]:
        """Return up to eight orders with their signatures, one over all of them where it can."""
        ...

    def sign_text(self, text: str) -> bytes:
        """Return the ``personal_sign`` signature over a text."""
        ...


class TokenStep(enum.Enum):
    """What to do for a valid access token."""

    USE = "use"
    REFRESH = "refresh"
    LOGIN = "login"


def next_step(session: SessionAnswer | None, now_ms: int) -> TokenStep:
    """Return what to do: tokens are renewed half a minute before they end."""
    if session is None or now_ms + _MARGIN_MS >= session.refresh_expires_at_ms:
        return TokenStep.LOGIN
    if now_ms + _MARGIN_MS >= session.access_expires_at_ms:
        return TokenStep.REFRESH
    return TokenStep.USE


def login_request(signer: Signer, terms: LoginTerms, nonce: str, now_ns: int) -> LoginRequest:
    """Return the signed login that an exchange asked for."""
    message = LoginMessage(
        domain=terms.domain,
        address=signer.address,
        uri=terms.uri,
        chain_id=terms.chain_id,
        nonce=nonce,
        issued_at=format_date_time(now_ns),
        statement=terms.statement,
    ).text()
    return LoginRequest(message=message, signature=hex_text(signer.sign_text(message)))


class SessionKeeper:
    """Keeps one account logged in.

    Args:
        caller: sends the requests of login.
        signer: signs the message.
        terms: what the exchange wants the message to say.
        now_ns: the clock.
    """

    def __init__(
        self,
        caller: HttpCaller,
        signer: Signer,
        terms: LoginTerms,
        now_ns: Callable[[], int],
    ) -> None:
        self._caller = caller
        self._signer = signer
        self._terms = terms
        self._now_ns = now_ns
        self._handed = signer if isinstance(signer, SessionKey) else None
        self._refresh_token = self._handed.refresh_token if self._handed else None
        self._session: SessionAnswer | None = None
        self._lock = asyncio.Lock()

    @property
    def account(self) -> AccountId:
        """The account that is logged in. Raises `ConfigurationError` before the first login."""
        if self._session is None:
            raise ConfigurationError("not logged in yet; await `token` first")
        return AccountId(self._session.account)

    async def hand_over(self) -> str:
        """Return the refresh token of the session and forget it: another program goes on with it."""
        async with self._lock:
            session, self._session = await self._current(), None
            return session.refresh_token

    async def token(self) -> str:
        """Return a valid access token, logging in or refreshing first if need be."""
        async with self._lock:
            return (await self._current()).access_token

    async def renew(self, refused_token: str) -> str:
        """Return another token after the exchange refused one."""
        async with self._lock:
            session = self._session
            if session is not None and session.access_token == refused_token:
                self._session = None
            return (await self._current()).access_token

    async def close(self) -> None:
        """Log out; the tokens are void afterwards. Safe to call twice.

        A session that was handed over stays open: the program that was given it may start again.
        """
        async with self._lock:
            step = next_step(self._session, self._now_ns() // _NS_PER_MS)
            if self._handed is None and step is not TokenStep.LOGIN:
                session = await self._current()  # a token that has expired could end nothing
                with contextlib.suppress(RefusedError):  # ended elsewhere meanwhile
                    await self._caller.call(
                        type(None), "POST", "/auth/logout", token=session.access_token
                    )
            self._session = None

    async def _current(self) -> SessionAnswer:
        now_ns = self._now_ns()
        step = next_step(self._session, now_ns // _NS_PER_MS)
        if step is TokenStep.USE and self._session is not None:
            return self._session
        if step is TokenStep.REFRESH and self._session is not None:
            self._refresh_token = self._session.refresh_token
        self._session = None
        if self._refresh_token is not None:
            refresh = RefreshRequest(refresh_token=self._refresh_token)
            self._refresh_token = None  # it is good once, whatever comes of it
            try:
                renewed = await self._ask(SessionAnswer, "/auth/refresh", encode(refresh))
            except RefusedError:
                pass  # the session was ended elsewhere: log in again
            else:
                return self._begun(renewed)
        nonce = (await self._ask(NonceAnswer, "/auth/nonce")).nonce
        request = login_request(self._signer, self._terms, nonce, now_ns)
        return self._begun(await self._ask(SessionAnswer, "/auth/login", encode(request)))

    def _begun(self, session: SessionAnswer) -> SessionAnswer:
        if session.account != self._signer.address:
            raise ConfigurationError(
                f"the session is of {session.account}, the orders are signed for "
                f"{self._signer.address}"
            )
        self._session = session
        if self._handed is not None:
            self._handed.keep(session.refresh_token)
        return session

    async def _ask(self, answer: type[_T], path: str, body: bytes | None = None) -> _T:
        """A login that got no answer is simply not a login: whatever waits for it was not sent."""
        try:
            return await self._caller.call(answer, "POST", path, body=body)
        except UnknownOutcomeError as error:
            raise UnreachableError(f"no login: {error}") from error
