"""API keys: what programs sign requests with instead of logging in.

Two kinds. Of an Ed25519 key only the public half is here: whoever steals the database has nothing.
An HMAC key is a secret that both sides know, shown once when it is made and kept sealed
(`SealedSecrets`). A key acts within its scopes, its markets and its networks until it expires; it
never withdraws, makes no keys and ends no logins. Nothing unsigned is ever placed with a key, and an
HMAC key, which this exchange could use by itself, hands in only leaves of a tree that the trader
has signed before.

A signed request is good once within its window. What changes nothing may be repeated. One process
remembers what it has seen, and refuses what was signed before it started; where several share the
database they remember there.
"""

import asyncio
import enum
import hashlib
import hmac
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import Insert

from hybrid_dex.defaults.auth_database import AuthDatabase, lock_account
from hybrid_dex.defaults.auth_tables import ApiKeyRow, AuditRow, NonceRow
from hybrid_dex.defaults.sealed_secrets import SealedSecrets
from hybrid_dex.defaults.sql_values import is_id
from hybrid_dex.errors import FormatError, SignatureError, UnavailableError
from hybrid_dex.interfaces.auth import Principal, Scope
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.model.units import AccountId, MarketId
from hybrid_dex.signing.api_request import MAX_WINDOW_MS, api_request_text

__all__ = [
    "KEY_SCOPES",
    "MAX_KEY_LIFE_S",
    "ApiKey",
    "ApiKeys",
    "KeyKind",
    "NewKey",
    "SignedRequest",
]

KEY_SCOPES: Final = frozenset({Scope.READ, Scope.TRADE})
"""All that a key can be given."""
MAX_KEY_LIFE_S: Final = 366 * 86_400
MAX_KEYS: Final = 32
"""Keys of one account."""

_log: Final = logging.getLogger(__name__)
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_ID_BYTES: Final = 12
_SECRET_BYTES: Final = 32
_PUBLIC_BYTES: Final = 32
_AHEAD_MS: Final = 1_000
"""How far a client's clock may be ahead of this one."""
_NOTE_EVERY_MS: Final = 60_000
_MS_NS: Final = 1_000_000
_MAPPED_BITS: Final = 96
"""Of an IPv6 address, before the IPv4 address that is within it."""
_MAX_NAME: Final = 64
_MAX_NETWORKS: Final = 32
_MAX_MARKETS: Final = 64
_MAX_KNOWN: Final = 20_000
_SWEEP_EVERY: Final = 64
"""Requests that are noted in the database, between two looks for those whose window has closed."""


class KeyKind(enum.StrEnum):
    """How a key signs."""

    ED25519 = "ed25519"
    HMAC = "hmac"


@attrs.frozen(kw_only=True)
class ApiKey:
    """A key, as its account sees it.

    Attributes:
        id: names it, and is no secret.
        account: whose it is.
        name: what its owner calls it.
        kind: how it signs.
        scopes: what it may do.
        markets: where; ``None`` for all markets.
        networks: where requests may come from, as CIDR; empty for anywhere.
        created_at_ms: Unix milliseconds.
        expires_at_ms: when it ends, Unix milliseconds.
        used_at_ms: about when it was last used, 0 for never.
    """

    id: str
    account: AccountId
    name: str
    kind: KeyKind
    scopes: frozenset[Scope]
    markets: frozenset[MarketId] | None
    networks: tuple[str, ...]
    created_at_ms: int
    expires_at_ms: int
    used_at_ms: int


@attrs.frozen(kw_only=True)
class NewKey:
    """What a key shall be; see `ApiKey`. ``public_key`` are 32 bytes of an Ed25519 key."""

    name: str
    kind: KeyKind
    scopes: frozenset[Scope]
    markets: tuple[MarketId, ...] | None
    networks: tuple[str, ...]
    expires_at_ms: int
    public_key: bytes | None = None


@attrs.frozen(kw_only=True)
class SignedRequest:
    """A request as it arrived, with what a key says about it.

    Attributes:
        key_id: the key that is said to have signed.
        timestamp_ms: when it was sent, as the client says, Unix milliseconds.
        window_ms: how much later it may be accepted.
        signature: over `api_request_text`.
        method: HTTP method.
        target: path and query as sent.
        body: as sent.
        address: where it came from.
    """

    key_id: str
    timestamp_ms: int
    window_ms: int
    signature: bytes = attrs.field(repr=False)
    method: str
    target: str
    body: bytes = attrs.field(repr=False)
    address: str


@attrs.frozen
class _Held:
    """A key and what checks its signatures."""

    key: ApiKey
    material: bytes = attrs.field(repr=False)


@attrs.define(kw_only=True)
class ApiKeys:
    """The keys of all accounts, in an `AuthDatabase`.

    Attributes:
        database: opened and closed by its owner.
        sealed: seals the secrets of HMAC keys.
        clock: read, never waited on.
        alone: no other process makes or deletes keys in this database.
    """

    database: AuthDatabase
    sealed: SealedSecrets = attrs.field(repr=False)
    clock: Clock
    alone: bool = False
    _randomness: Callable[[int], bytes] = attrs.field(default=secrets.token_bytes, repr=False)
    _known: OrderedDict[str, _Held] = attrs.field(factory=OrderedDict, init=False, repr=False)
    _changes: int = attrs.field(default=0, init=False)
    _claimed: int = attrs.field(default=0, init=False)
    _used_at: dict[str, int] = attrs.field(factory=dict, init=False, repr=False)
    _unwritten: dict[str, int] = attrs.field(factory=dict, init=False, repr=False)
    _noting: "asyncio.Task[None] | None" = attrs.field(default=None, init=False, repr=False)
    _seen: "_Seen" = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._seen = _Seen(since_ms=self._now_ms())

    async def create(self, account: AccountId, wanted: NewKey) -> tuple[ApiKey, bytes | None]:
        """Make a key; return it, and the secret of an HMAC key, which is never shown again.

        That it was made is in the audit log, in the same transaction.

        Raises:
            FormatError: what is wanted can not be, or the account has too many keys.
        """
        now_ms = self._now_ms()
        _check(wanted, now_ms)
        key = ApiKey(
            id=self._randomness(_ID_BYTES).hex(),
            account=account,
            name=wanted.name,
            kind=wanted.kind,
            scopes=wanted.scopes,
            markets=None if wanted.markets is None else frozenset(wanted.markets),
            networks=tuple(str(_network(network)) for network in wanted.networks),
            created_at_ms=now_ms,
            expires_at_ms=wanted.expires_at_ms,
            used_at_ms=0,
        )
        secret = None
        if wanted.kind is KeyKind.HMAC:
            secret = self._randomness(_SECRET_BYTES)
            material = self.sealed.seal(secret, key.id)
        else:
            assert wanted.public_key is not None, "`_check` saw it"
            material = wanted.public_key
        mine = ApiKeyRow.account == account
        async with self.database.writing() as connection:
            await lock_account(connection, account)
            await connection.execute(
                delete(ApiKeyRow).where(mine, ApiKeyRow.expires_at_ms <= now_ms)
            )
            count = select(func.count()).select_from(ApiKeyRow).where(mine)
            if int(await connection.scalar(count) or 0) >= MAX_KEYS:
                raise FormatError(
                    "keys", "the account has as many as it may", f"at most {MAX_KEYS}"
                )
            await connection.execute(insert(ApiKeyRow).values(**_row(key), material=material))
            await connection.execute(_line(key.account, now_ms, "key made", key.id, key.name))
        return key, secret

    async def of(self, account: AccountId) -> list[ApiKey]:
        """Return the account's keys, oldest first, those that have expired too."""
        mine = select(ApiKeyRow.__table__).where(ApiKeyRow.account == account)
        async with self.database.reading() as connection:
            found = await connection.execute(mine.order_by(ApiKeyRow.created_at_ms, ApiKeyRow.id))
            keys = [_held(row).key for row in found.mappings()]
        return [
            attrs.evolve(key, used_at_ms=max(key.used_at_ms, self._used_at.get(key.id, 0)))
            for key in keys
        ]

    async def delete(self, account: AccountId, key_id: str) -> bool:
        """Delete a key of the account; return whether it had it. It is void at once."""
        if not is_id(key_id):
            return False
        end = delete(ApiKeyRow).where(ApiKeyRow.id == key_id, ApiKeyRow.account == account)
        async with self.database.writing() as connection:
            found = await connection.scalar(end.returning(ApiKeyRow.id))
            if found is not None:
                await connection.execute(_line(account, self._now_ms(), "key deleted", key_id))
        self._changes += 1
        self._known.pop(key_id, None)
        return found is not None

    async def authenticate(self, request: SignedRequest) -> Principal:
        """Return who a signed request speaks for.

        Raises:
            SignatureError: it is not signed by a key that is good now and from there, or it is too
                old, from the future, or was seen before.
        """
        now_ms = self._now_ms()
        _check_window(request, now_ms)
        held = await self._good(request.key_id, request.address, now_ms)
        text = api_request_text(
            key_id=request.key_id,
            timestamp_ms=request.timestamp_ms,
            window_ms=request.window_ms,
            method=request.method,
            target=request.target,
            body=request.body,
        )
        if held is None or not self._signed(held, text, request.signature):
            raise _refused("not signed by a key of this exchange")
        if request.method not in _SAFE_METHODS:
            await self._spend(request, text, now_ms)
        self._touch(held.key.id, now_ms)
        return _principal(held.key)

    async def still_good(self, principal: Principal, address: str) -> None:
        """Return when the key of a principal may still act. Raises `SignatureError`."""
        if await self._good(principal.key_id, address, self._now_ms()) is None:
            raise _refused("was deleted or has expired")

    async def settle(self) -> None:
        """Write what is noted and not written. Call it before the database is closed."""
        if self._noting is not None:
            await asyncio.gather(self._noting, return_exceptions=True)
        await self._note()

    async def _good(self, key_id: str, address: str, now_ms: int) -> _Held | None:
        """Return a key that is good now and from there."""
        held = await self._find(key_id)
        if held is None or now_ms >= held.key.expires_at_ms:
            return None
        return held if _within(address, held.key.networks) else None

    async def _find(self, key_id: str) -> _Held | None:
        held = self._known.get(key_id) if self.alone else None
        if held is not None or not is_id(key_id):
            return held
        before = self._changes
        async with self.database.reading() as connection:
            found = await connection.execute(
                select(ApiKeyRow.__table__).where(ApiKeyRow.id == key_id)
            )
            row = found.mappings().one_or_none()
        if row is None:
            return None
        held = await self._opened(_held(row))
        # What was read before a key was deleted must not be remembered after it.
        if held is not None and self.alone and before == self._changes:
            self._known[key_id] = held
            if len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        return held

    async def _opened(self, stored: _Held) -> _Held | None:
        """Open an HMAC key's secret; seal it anew when the exchange's secret has changed."""
        if stored.key.kind is not KeyKind.HMAC:
            return stored
        secret = self.sealed.open(stored.material, stored.key.id)
        if secret is None:
            return None
        if not self.sealed.is_current(stored.material):
            anew = self.sealed.seal(secret, stored.key.id)
            async with self.database.writing() as connection:
                await connection.execute(
                    update(ApiKeyRow)
                    .where(ApiKeyRow.id == stored.key.id, ApiKeyRow.material == stored.material)
                    .values(material=anew)
                )
        return _Held(stored.key, secret)

    def _signed(self, held: _Held, text: bytes, signature: bytes) -> bool:
        if held.key.kind is KeyKind.HMAC:
            expected = hmac.new(held.material, text, hashlib.sha256).digest()
            return hmac.compare_digest(expected, signature)
        try:
            Ed25519PublicKey.from_public_bytes(held.material).verify(signature, text)
        except InvalidSignature:
            return False
        return True

    async def _spend(self, request: SignedRequest, text: bytes, now_ms: int) -> None:
        """Take a request that changes something, once. Raises `SignatureError`."""
        name = f"request:{hashlib.sha256(text).hexdigest()}"
        if self.alone:
            fresh = self._seen.take(name, request.timestamp_ms, now_ms)
        else:
            end_ms = request.timestamp_ms + request.window_ms + _AHEAD_MS
            fresh = await self._claim(name, end_ms, now_ms)
        if not fresh:
            raise _refused("sent before, or before this exchange started")

    async def _claim(self, name: str, expires_at_ms: int, now_ms: int) -> bool:
        """Return whether this is the first process to name it."""
        claim = insert(NonceRow).values(nonce=name, expires_at_ms=expires_at_ms)
        self._claimed += 1
        async with self.database.writing() as connection:
            if self._claimed % _SWEEP_EVERY == 0:  # nobody else may: logins can be kept elsewhere
                await connection.execute(delete(NonceRow).where(NonceRow.expires_at_ms <= now_ms))
            try:
                async with connection.begin_nested():
                    await connection.execute(claim)
            except IntegrityError:
                return False
        return True

    def _touch(self, key_id: str, now_ms: int) -> None:
        """Note the last use, about once a minute; it is written beside the request."""
        if now_ms < self._used_at.get(key_id, 0) + _NOTE_EVERY_MS:
            return
        self._used_at[key_id] = self._unwritten[key_id] = now_ms
        if len(self._used_at) > _MAX_KNOWN:
            self._used_at.pop(next(iter(self._used_at)))
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note(), name="last use of keys")

    async def _note(self) -> None:
        """Write the times of last use. They are for people: losing one changes nothing."""
        used, self._unwritten = self._unwritten, {}
        if not used:
            return
        try:
            async with self.database.writing() as connection:
                for key_id, now_ms in used.items():
                    later = (ApiKeyRow.id == key_id, ApiKeyRow.used_at_ms < now_ms)
                    change = update(ApiKeyRow).where(*later).values(used_at_ms=now_ms)
                    await connection.execute(change)
        except UnavailableError as error:
            _log.warning("the last use of %s keys was not noted: %s", len(used), error)

    def _now_ms(self) -> int:
        return self.clock.now_ns() // _MS_NS


@attrs.define
class _Seen:
    """Requests of the last windows, in two generations; nothing from before the start counts."""

    since_ms: int
    _turned_ms: int = 0
    _young: set[str] = attrs.field(factory=set)
    _old: set[str] = attrs.field(factory=set)

    def take(self, name: str, timestamp_ms: int, now_ms: int) -> bool:
        """Return whether it is new, and remember it for longer than any window is open."""
        if timestamp_ms < self.since_ms or name in self._young or name in self._old:
            return False
        if now_ms >= self._turned_ms + MAX_WINDOW_MS + _AHEAD_MS:
            self._turned_ms, self._old, self._young = now_ms, self._young, set()
        self._young.add(name)
        return True


def _check(wanted: NewKey, now_ms: int) -> None:
    """Raise `FormatError` for a key that can not be."""
    if not 1 <= len(wanted.name) <= _MAX_NAME or not wanted.name.isprintable():
        raise FormatError("name", "not a name", f"1 to {_MAX_NAME} printable characters")
    if not wanted.scopes or not wanted.scopes <= KEY_SCOPES:
        raise FormatError("scopes", "a key can not have them", "read, trade, or both")
    if wanted.markets is not None and not 1 <= len(wanted.markets) <= _MAX_MARKETS:
        raise FormatError("markets", "none, or too many", f"1 to {_MAX_MARKETS}, or null for all")
    if any(" " in market for market in wanted.markets or ()):
        raise FormatError("markets", "not a market's symbol", "as /markets lists them")
    latest_ms = now_ms + MAX_KEY_LIFE_S * 1000
    if not now_ms < wanted.expires_at_ms <= latest_ms:
        raise FormatError("expires_at_ms", "not within a year from now", f"at most {latest_ms}")
    if len(wanted.networks) > _MAX_NETWORKS:
        raise FormatError("networks", "too many", f"at most {_MAX_NETWORKS}")
    for network in wanted.networks:
        _check_network(network)
    public = wanted.public_key
    if (wanted.kind is KeyKind.ED25519) != (public is not None):
        raise FormatError("public_key", "belongs to an ed25519 key", "32 bytes for it, else none")
    if public is not None and (len(public) != _PUBLIC_BYTES or public in _SMALL_ORDER):
        raise FormatError("public_key", "not an Ed25519 public key", "32 bytes")


_P: Final = 2**255 - 19
_OF_ORDER_EIGHT: Final = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL_ORDER: Final = frozenset(
    (y | sign << 255).to_bytes(32, "little")
    for y in (0, 1, _P - 1, _P, _P + 1, _OF_ORDER_EIGHT, _P - _OF_ORDER_EIGHT)
    for sign in (0, 1)
)
"""Points under which anybody's signature passes for some texts, in every form."""


def _network(text: str) -> IPv4Network | IPv6Network:
    """Return a network; one of IPv4 that is written within IPv6, as itself. Raises `ValueError`."""
    found = ip_network(text)
    within = found.prefixlen - _MAPPED_BITS
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    return found if mapped is None or within < 0 else ip_network(f"{mapped}/{within}")


def _check_network(text: str) -> None:
    try:
        _network(text)
    except ValueError as error:
        valid = "such as 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32"
        raise FormatError("networks", "not a network", valid) from error


def _check_window(request: SignedRequest, now_ms: int) -> None:
    if not 1 <= request.window_ms <= MAX_WINDOW_MS:
        raise _refused(f"its window is not 1 to {MAX_WINDOW_MS} ms")
    if request.timestamp_ms > now_ms + _AHEAD_MS:
        raise _refused("its timestamp is ahead of this exchange's clock")
    if now_ms >= request.timestamp_ms + request.window_ms:
        raise _refused("it came after its window had closed")


def _within(address: str, networks: Iterable[str]) -> bool:
    """Return whether an address lies in one of the networks, or there are none."""
    wanted = [_network(network) for network in networks]
    if not wanted:
        return True
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    plain = found if mapped is None else mapped
    return any(plain.version == network.version and plain in network for network in wanted)


def _principal(key: ApiKey) -> Principal:
    return Principal(
        account=key.account,
        session_id="",
        key_id=key.id,
        scopes=key.scopes,
        markets=key.markets,
        places_wallet_orders=key.kind is KeyKind.ED25519,
    )


def _line(account: AccountId, now_ms: int, action: str, key_id: str, name: str = "") -> Insert:
    """Return what writes a line of the audit log, in the transaction of what it tells."""
    return insert(AuditRow).values(
        at_ms=now_ms, actor=account, action=action, subject=key_id, detail=name
    )


def _row(key: ApiKey) -> dict[str, object]:
    return attrs.asdict(key, recurse=False) | {
        "kind": key.kind.value,
        "scopes": " ".join(sorted(key.scopes)),
        "markets": " ".join(sorted(key.markets or ())),
        "networks": " ".join(key.networks),
    }


def _held(row: RowMapping) -> _Held:
    fields: dict[str, Any] = dict(row)
    material = bytes(fields.pop("material"))
    markets = str(fields.pop("markets")).split()
    scopes = str(fields.pop("scopes")).split()
    networks = tuple(str(fields.pop("networks")).split())
    kind = KeyKind(fields.pop("kind"))
    key = ApiKey(
        **fields,
        kind=kind,
        scopes=frozenset(Scope(scope) for scope in scopes),
        markets=frozenset(MarketId(market) for market in markets) or None,
        networks=networks,
    )
    return _Held(key, material)


def _refused(reason: str) -> SignatureError:
    return SignatureError("key", reason, "a request signed now by a key of this account")
