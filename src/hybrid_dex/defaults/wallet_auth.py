"""Wallet auth: orders are believed by their EIP-712 signature, people by Sign-In with Ethereum.

An order is authorized by its trader's key alone: a session may never place one, so a stolen token
moves no funds. A login proves control of an address by signing an EIP-4361 message that carries a
nonce issued here, once, for this origin and this chain; the session it opens reads private data,
cancels and reduces.

An account that is a contract signs as ERC-1271 says, where `ContractWallets` are given: the chain is
asked once, at login, since the answer may change at any block. Its orders are approved on chain.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final

import attrs

from hybrid_dex.defaults.login_store import (
    LoginSession,
    LoginStore,
    MemoryLoginStore,
    NonceStore,
    Rotation,
)
from hybrid_dex.defaults.login_tokens import LoginTokens, TokenClaims, TokenKind
from hybrid_dex.defaults.wallet_signatures import ContractWallets, WalletSignatures
from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.interfaces.auth import LoginClient, OpenSession, Principal, Session
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing.authorization import ProvenTrees, authorize, authorize_tree
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.login_message import LoginMessage
from hybrid_dex.signing.uri import is_uri

__all__ = ["ACTION_STATEMENT", "WalletAuth", "WalletAuthOptions"]

ACTION_STATEMENT: Final = "Confirm this one request and no other: "
"""How the statement of a message begins that confirms a request; it never opens a session."""

_NONCE_BYTES: Final = 16
_ID_BYTES: Final = 16
_MS_NS: Final = 1_000_000
_USUAL_PORTS: Final = {"http": ":80", "https": ":443"}
_BULK: Final = SignatureKind.BULK
_CLIENT_CHARACTERS: Final = 200
"""Of what a client says of itself; more is cut off."""


def _as_told(scheme: str, authority: str) -> str:
    """Return an origin as browsers write it (RFC 6454): in small letters, its usual port left out."""
    host = authority.lower().removesuffix(_USUAL_PORTS.get(scheme.lower(), ""))
    return f"{scheme.lower()}://{host}"


def _check_origins(_instance: object, _attribute: object, origins: tuple[str, ...]) -> None:
    for origin in origins:
        scheme, separator, authority = origin.partition("://")
        if not (separator and scheme and authority and is_uri(origin)) or set("/?#@") & set(
            authority
        ):
            message = (
                f"origin {origin!r} is not scheme://host[:port], such as https://exchange.example"
            )
            raise ConfigurationError(message)
        if (told := _as_told(scheme, authority)) != origin:
            message = f"no page is at origin {origin!r}: browsers say {told}"
            raise ConfigurationError(message)
    if not origins:
        message = "no origin is configured, so nobody could log in; name the pages' origin"
        raise ConfigurationError(message)


@attrs.frozen(kw_only=True)
class WalletAuthOptions:
    """How logins are bound and how long they last.

    Attributes:
        origins: origins (``scheme://host[:port]``) of the pages and clients that may log in. A
            message must name the host of one as its domain, and a URI below the same one.
        nonce_life_s: how long a nonce waits for its signature; no message may be older.
        clock_skew_s: how far in the future a message may be issued, for wallets' clocks.
        access_life_s: life of an access token.
        refresh_life_s: life of a refresh token; each use begins it anew.
        session_life_s: when a session ends for good.
        sessions_per_account: a further login closes the account's oldest.
        token_cache: verified access tokens remembered, to check their HMAC once.
        hand_over_at: batches with at least this many signatures go to the executor, if there is
            one. The orders of a tree share theirs, and all but its recovery holds the interpreter,
            so threads would wait for each other where most orders are of trees.
        verify_in_line: orders verified on the event loop before others get their turn.
    """

    origins: tuple[str, ...] = attrs.field(validator=_check_origins)
    nonce_life_s: int = attrs.field(default=300, validator=attrs.validators.ge(1))
    clock_skew_s: int = attrs.field(default=60, validator=attrs.validators.ge(0))
    access_life_s: int = attrs.field(default=600, validator=attrs.validators.ge(1))
    refresh_life_s: int = attrs.field(default=7 * 86_400, validator=attrs.validators.ge(1))
    session_life_s: int = attrs.field(default=30 * 86_400, validator=attrs.validators.ge(1))
    sessions_per_account: int = attrs.field(default=16, validator=attrs.validators.ge(1))
    token_cache: int = attrs.field(default=20_000, validator=attrs.validators.ge(0))
    hand_over_at: int = attrs.field(default=16, validator=attrs.validators.ge(1))
    verify_in_line: int = attrs.field(default=32, validator=attrs.validators.ge(1))


@attrs.define(kw_only=True)
class WalletAuth:
    """The `Auth` of an exchange whose accounts are wallets.

    Attributes:
        domain: chain and contract that orders are signed for; logins must name its chain.
        tokens: writes and reads the tokens.
        clock: read, never waited on.
        options: bindings and lifetimes.
        store: sessions, and nonces unless ``nonces`` is given; in this process unless given.
        nonces: where login nonces are kept, when not in ``store``.
        wallets: asks accounts that are contracts; ``None`` where no chain is.

    Besides it takes ``randomness``, which returns that many unpredictable bytes, and ``executor``,
    which verifies large batches beside the event loop and stays its owner's to shut down.
    """

    domain: Domain
    tokens: LoginTokens
    clock: Clock
    options: WalletAuthOptions
    store: LoginStore = attrs.field(factory=MemoryLoginStore)
    nonces: NonceStore | None = None
    wallets: ContractWallets | None = None
    _randomness: Callable[[int], bytes] = attrs.field(default=secrets.token_bytes, repr=False)
    _executor: Executor | None = attrs.field(default=None, repr=False)
    _verified: OrderedDict[str, TokenClaims] = attrs.field(
        factory=OrderedDict, init=False, repr=False
    )
    _signatures: WalletSignatures = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        nonces = self.store if self.nonces is None else self.nonces
        self._signatures = WalletSignatures(nonces=nonces, wallets=self.wallets)
        self.nonces = nonces

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        """Return, for each order in turn, its authorization or why it is refused.

        About 50 us of processor time an order, 13 us one of a bulk tree of eight whose orders are in the
        same batch. Never raises for what an order says.
        """
        chunks = _chunks(orders, self.options.verify_in_line)
        if self._executor is not None and self._is_large(orders):
            loop = asyncio.get_running_loop()
            work = [loop.run_in_executor(self._executor, self._verify, chunk) for chunk in chunks]
            return [verdict for verdicts in await asyncio.gather(*work) for verdict in verdicts]
        found: list[Authorization | Refusal] = []
        for index, chunk in enumerate(chunks):
            if index:
                await asyncio.sleep(0)
            found += self._verify(chunk)
        return found

    async def issue_nonce(self) -> str:
        """Return a fresh nonce: good for one login within ``nonce_life_s``."""
        nonce = self._randomness(_NONCE_BYTES).hex()
        expires_at_ms = self._now_ms() + self.options.nonce_life_s * 1000
        await self._signatures.nonces.put_nonce(nonce, expires_at_ms)
        return nonce

    @property
    def once(self) -> NonceStore:
        """What keeps nonces, and all else that is good once."""
        return self._signatures.nonces

    async def verify(self, message: str, signature: bytes) -> LoginMessage:
        """Return a signed EIP-4361 message for this exchange and now, and spend its nonce.

        The nonce is spent only by a message that is acceptable in everything else, or by one of a
        contract.

        Raises:
            SignatureError: the message is malformed, for another origin, chain or time, signed by
                another key, or its nonce was not issued, has expired or was used.
            UnavailableError: the nonces can not be reached, or the chain, which a contract's
                signature needs.
        """
        parsed = LoginMessage.parse(message)
        now_ms = self._now_ms()
        self._check_binding(parsed)
        self._check_times(parsed, now_ms)
        await self._signatures.check(parsed, message, signature, now_ms)
        return parsed

    async def login(
        self, message: str, signature: bytes, client: LoginClient | None = None
    ) -> Session:
        """Open a session for a signed EIP-4361 message.

        Raises:
            SignatureError, UnavailableError: as `verify`.
        """
        if (LoginMessage.parse(message).statement or "").startswith(ACTION_STATEMENT):
            raise SignatureError("statement", "confirms a request", "a message for a login")
        parsed = await self.verify(message, signature)
        now_ms, client = self._now_ms(), client or LoginClient()
        ends_at_ms = now_ms + self.options.session_life_s * 1000
        session = LoginSession(
            id=self._new_id(),
            account=AccountId(parsed.address),
            refresh_id=self._new_id(),
            opened_at_ms=now_ms,
            refresh_expires_at_ms=min(now_ms + self.options.refresh_life_s * 1000, ends_at_ms),
            ends_at_ms=ends_at_ms,
            used_at_ms=now_ms,
            address=client.address[:_CLIENT_CHARACTERS],
            user_agent=client.user_agent[:_CLIENT_CHARACTERS],
        )
        await self.store.open(session, self.options.sessions_per_account)
        return self._tokens_of(session, now_ms)

    def account_of(self, refresh_token: str) -> AccountId:
        """Return whose a refresh token is, without using it. Its session may have ended.

        Raises:
            SignatureError: it is not one of ours or expired.
        """
        return self.tokens.read(TokenKind.REFRESH, refresh_token, self._now_ms() // 1000).sub

    async def refresh(self, refresh_token: str) -> Session:
        """Rotate a refresh token into a new pair.

        Raises:
            SignatureError: it is not one of ours or expired; its session ended; or it was used
                before, which ends the session: one of two holders is a thief.
        """
        now_ms = self._now_ms()
        claims = self.tokens.read(TokenKind.REFRESH, refresh_token, now_ms // 1000)
        session = await self.store.get(claims.sid, now_ms)
        if session is None or session.account != claims.sub:
            raise _session_ended()
        expires_at_ms = min(now_ms + self.options.refresh_life_s * 1000, session.ends_at_ms)
        renewed = attrs.evolve(
            session,
            refresh_id=self._new_id(),
            refresh_expires_at_ms=expires_at_ms,
            used_at_ms=now_ms,
        )
        outcome = await self.store.rotate(claims.jti, renewed, now_ms)
        if outcome is Rotation.REUSED:
            raise SignatureError("token", "used before, so its session was ended", "a new login")
        if outcome is Rotation.CLOSED:
            raise _session_ended()
        return self._tokens_of(renewed, now_ms)

    async def logout(self, principal: Principal) -> None:
        """End the principal's session; its tokens are void at once. Safe to call twice."""
        await self.store.close(principal.session_id)

    async def authenticate(self, token: str) -> Principal:
        """Return who an access token speaks for.

        Raises:
            SignatureError: it is not one of ours or expired, or its session ended.
        """
        now_ms = self._now_ms()
        claims = self._verified.get(token)
        if claims is None:
            claims = self.tokens.read(TokenKind.ACCESS, token, now_ms // 1000)
            self._remember(token, claims)
        elif now_ms >= claims.exp * 1000:
            del self._verified[token]
            raise SignatureError("token", "expired", "a current token from login or refresh")
        session = await self.store.get(claims.sid, now_ms)
        if session is None or session.account != claims.sub:
            self._verified.pop(token, None)
            raise _session_ended()
        if claims.jti in session.void_tokens:
            self._verified.pop(token, None)
            raise SignatureError("token", "revoked", "a current token from login or refresh")
        await self.store.touch(session.id, now_ms)
        return Principal(account=session.account, session_id=session.id)

    async def revoke_token(self, token: str) -> None:
        """Void an access token alone; its session stays open. Safe to repeat.

        Raises:
            SignatureError: it is not one of ours or has expired.
        """
        claims = self.tokens.read(TokenKind.ACCESS, token, self._now_ms() // 1000)
        await self.store.void(claims.sid, claims.jti)

    async def sessions(self, account: AccountId) -> list[OpenSession]:
        """Return the account's open sessions, oldest first."""
        found = await self.store.sessions_of(account, self._now_ms())
        return [_shown(session) for session in found]

    async def revoke(self, account: AccountId, session_id: str) -> bool:
        """End one session of the account; return whether there was one. Safe to repeat."""
        session = await self.store.get(session_id, self._now_ms())
        if session is None or session.account != account:
            return False
        return await self.store.close(session_id)

    async def revoke_all(self, account: AccountId, *, but: str = "") -> int:
        """End every session of the account, or all but one; return how many there were."""
        ended = [one.id for one in await self.sessions(account) if one.id != but]
        for session_id in ended:
            await self.store.close(session_id)
        return len(ended)

    def _is_large(self, orders: Sequence[SignedOrder]) -> bool:
        """Whether there are as many signatures as are worth a thread, and not many more orders."""
        enough = self.options.hand_over_at
        if len(orders) < enough:
            return False
        signatures = len({order.signature for order in orders})
        return signatures >= enough and signatures * 2 >= len(orders)

    def _verify(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        trees = ProvenTrees()
        found: list[Authorization | Refusal] = []
        at, count = 0, len(orders)
        while at < count:
            order, begin = orders[at], at
            at += 1
            try:
                if order.signature_kind is not _BULK or order.proof:
                    found.append(authorize(order, self.domain, trees))
                    continue
                at = _end_of_tree(orders, begin)
                found += authorize_tree(orders[begin:at], self.domain)
            except SignatureError as error:
                detail = f"{error.reason}; valid: {error.valid}"
                refusal = Refusal(RejectReason.BAD_SIGNATURE, error.field, detail)
                found += [refusal] * (at - begin)
            except ConfigurationError as error:  # this market has no tokens; others have
                refusal = Refusal(RejectReason.BAD_SIGNATURE, "market", str(error))
                found += [refusal] * (at - begin)
        return found

    def _check_binding(self, message: LoginMessage) -> None:
        origins = [origin for origin in self.options.origins if _names(message, origin)]
        if not origins:
            valid = "the host of " + ", ".join(self.options.origins)
            raise SignatureError("domain", f"{message.domain} is not this exchange", valid)
        if not any(_is_below(message.uri, origin) for origin in origins):
            valid = f"{origins[0]} or a URI below it"
            raise SignatureError("uri", "at another origin than the domain", valid)
        if message.chain_id != self.domain.chain_id:
            raise SignatureError("chain_id", f"is {message.chain_id}", str(self.domain.chain_id))

    def _check_times(self, message: LoginMessage, now_ms: int) -> None:
        now_ns = now_ms * _MS_NS
        second_ns = 1000 * _MS_NS
        if message.issued_at_ns > now_ns + self.options.clock_skew_s * second_ns:
            raise SignatureError("issued_at", "in the future", "the current time")
        if message.issued_at_ns <= now_ns - self.options.nonce_life_s * second_ns:
            raise SignatureError(
                "issued_at", "too long ago", f"within {self.options.nonce_life_s} s"
            )
        if message.expiration_time_ns is not None and now_ns >= message.expiration_time_ns:
            raise SignatureError("expiration_time", "has passed", "a time to come")
        if message.not_before_ns is not None and now_ns < message.not_before_ns:
            raise SignatureError("not_before", "has not come yet", "a time that has passed")

    def _tokens_of(self, session: LoginSession, now_ms: int) -> Session:
        now_s = now_ms // 1000
        access_s = min(now_s + self.options.access_life_s, session.ends_at_ms // 1000)
        refresh_s = session.refresh_expires_at_ms // 1000
        return Session(
            principal=Principal(account=session.account, session_id=session.id),
            access_token=self._write(TokenKind.ACCESS, session, self._new_id(), now_s, access_s),
            access_expires_at_ms=access_s * 1000,
            refresh_token=self._write(
                TokenKind.REFRESH, session, session.refresh_id, now_s, refresh_s
            ),
            refresh_expires_at_ms=refresh_s * 1000,
        )

    def _write(
        self, kind: TokenKind, session: LoginSession, id_: str, now_s: int, end_s: int
    ) -> str:
        claims = TokenClaims(
            iss=self.tokens.issuer,
            aud=self.tokens.audience,
            sub=session.account,
            sid=session.id,
            jti=id_,
            iat=now_s,
            exp=end_s,
        )
        return self.tokens.write(kind, claims)

    def _remember(self, token: str, claims: TokenClaims) -> None:
        self._verified[token] = claims
        if len(self._verified) > self.options.token_cache:
            self._verified.popitem(last=False)

    def _new_id(self) -> str:
        return self._randomness(_ID_BYTES).hex()

    def _now_ms(self) -> int:
        return self.clock.now_ns() // _MS_NS


def _end_of_tree(orders: Sequence[SignedOrder], begin: int) -> int:
    """Return where a tree ends that begins here: before what is not its own, which is not to spoil it."""
    first, end, count = orders[begin], begin + 1, len(orders)
    trader, signature = first.trader, first.signature
    while (
        end < count
        and (order := orders[end]).leaf == end - begin
        and order.signature == signature
        and order.trader == trader
        and order.signature_kind is _BULK
        and not order.proof
    ):
        end += 1
    return end


def _chunks(orders: Sequence[SignedOrder], size: int) -> list[Sequence[SignedOrder]]:
    """Return the orders in parts of about so many; no tree that is whole is cut in two."""
    parts: list[Sequence[SignedOrder]] = []
    begin, count = 0, len(orders)
    while begin < count:
        end = begin + size
        while end < count and orders[end].leaf and not orders[end].proof:
            end += 1
        parts.append(orders[begin:end])
        begin = end
    return parts


def _shown(session: LoginSession) -> OpenSession:
    return OpenSession(
        id=session.id,
        opened_at_ms=session.opened_at_ms,
        used_at_ms=session.used_at_ms,
        ends_at_ms=min(session.refresh_expires_at_ms, session.ends_at_ms),
        client=LoginClient(address=session.address, user_agent=session.user_agent),
    )


def _names(message: LoginMessage, origin: str) -> bool:
    scheme, _, authority = origin.partition("://")
    return message.domain == authority and message.scheme in (None, scheme)


def _is_below(uri: str, origin: str) -> bool:
    return uri.startswith(origin) and uri[len(origin) : len(origin) + 1] in ("", "/", "?", "#")


def _session_ended() -> SignatureError:
    return SignatureError("token", "its session has ended", "a new login")
