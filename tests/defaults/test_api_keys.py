"""Keys in a database: one request once, whoever serves it; void when ended; sealed for whoever steals."""

import asyncio
import hashlib
import hmac
import secrets
import sqlite3
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import func, select

from hybrid_dex.defaults.api_keys import (
    MAX_KEY_LIFE_S,
    MAX_KEYS,
    ApiKey,
    ApiKeys,
    KeyKind,
    NewKey,
    SignedRequest,
)
from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.auth_tables import NonceRow
from hybrid_dex.defaults.roles import Roles
from hybrid_dex.defaults.sealed_secrets import SealedSecrets
from hybrid_dex.errors import FormatError, SignatureError
from hybrid_dex.interfaces.auth import Scope
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing.api_request import api_request_text
from tests.defaults.databases import auth_cluster, auth_url, opened
from tests.defaults.fakes_of_auth import SECRET, START_S, SetClock

__all__ = ["auth_cluster", "auth_url"]

ALICE, BOB = AccountId("alice"), AccountId("bob")
NOW_MS = START_S * 1000
WANTED = NewKey(
    name="bot",
    kind=KeyKind.HMAC,
    scopes=frozenset({Scope.READ, Scope.TRADE}),
    markets=None,
    networks=(),
    expires_at_ms=NOW_MS + 3_600_000,
)


def keys(
    database: AuthDatabase,
    clock: SetClock,
    *,
    alone: bool = False,
    secret: bytes = SECRET.encode(),
    previous: bytes | None = None,
) -> ApiKeys:
    sealed = SealedSecrets(secret=secret, previous=previous, randomness=secrets.token_bytes)
    return ApiKeys(database=database, sealed=sealed, clock=clock, alone=alone)


def request(key: ApiKey, secret: bytes | None, clock: SetClock, **changes: Any) -> SignedRequest:
    """A request that the key signs now."""
    assert secret is not None
    made = SignedRequest(
        key_id=key.id,
        timestamp_ms=int(clock.now_s * 1000),
        window_ms=5_000,
        signature=b"",
        method="POST",
        target="/orders",
        body=secrets.token_bytes(8),
        address="192.0.2.7",
    )
    made = attrs.evolve(made, **changes)
    terms = attrs.asdict(made, filter=lambda field, _: field.name not in {"signature", "address"})
    return attrs.evolve(
        made, signature=hmac.new(secret, api_request_text(**terms), hashlib.sha256).digest()
    )


async def test_of_parallel_replays_over_two_workers_one_is_taken(auth_url: str) -> None:
    clock = SetClock()
    async with opened(auth_url) as first, opened(auth_url) as second:
        one, two = keys(first, clock), keys(second, clock)
        key, secret = await one.create(ALICE, WANTED)
        for _ in range(2):
            asked = request(key, secret, clock)
            answers = await asyncio.gather(
                *((one, two)[n % 2].authenticate(asked) for n in range(20)),
                return_exceptions=True,
            )
            refused = [answer for answer in answers if isinstance(answer, SignatureError)]
            assert len(refused) == 19, answers


async def test_a_restart_takes_nothing_from_before_it(auth_url: str) -> None:
    clock = SetClock()
    async with opened(auth_url) as database:
        one = keys(database, clock, alone=True)
        key, secret = await one.create(ALICE, WANTED)
        asked = request(key, secret, clock)
        await one.authenticate(asked)
        clock.now_s += 1
        again = keys(database, clock, alone=True)
        with pytest.raises(SignatureError, match="before this exchange started"):
            await again.authenticate(asked)
        await again.authenticate(request(key, secret, clock))


async def test_what_was_seen_is_remembered_for_as_long_as_its_window(auth_url: str) -> None:
    clock = SetClock()
    async with opened(auth_url) as database:
        one = keys(database, clock, alone=True)
        key, secret = await one.create(ALICE, WANTED)
        asked = request(key, secret, clock, window_ms=60_000)
        await one.authenticate(asked)
        for _ in range(5):
            clock.now_s += 11
            await one.authenticate(request(key, secret, clock))
            with pytest.raises(SignatureError, match="sent before"):
                await one.authenticate(asked)
        clock.now_s += 10
        with pytest.raises(SignatureError, match="window had closed"):
            await one.authenticate(asked)


async def test_what_was_seen_is_forgotten_in_the_database_too(auth_url: str) -> None:
    """Also where nobody takes a login's nonce there, as with the nonces on a bus."""
    clock = SetClock()
    async with opened(auth_url) as database:
        one = keys(database, clock)
        key, secret = await one.create(ALICE, attrs.evolve(WANTED, expires_at_ms=NOW_MS + 10**8))
        for _ in range(130):
            clock.now_s += 10
            await one.authenticate(request(key, secret, clock))
        last = request(key, secret, clock)
        await one.authenticate(last)
        async with database.reading() as connection:
            kept = await connection.scalar(select(func.count()).select_from(NonceRow))
        assert kept is not None
        assert kept < 70
        with pytest.raises(SignatureError, match="sent before"):
            await one.authenticate(last)


async def test_a_request_does_not_wait_for_its_note_of_use(tmp_path: Path) -> None:
    """A database that can not be written holds up no order of a key that is known."""
    clock, file = SetClock(), tmp_path / "auth.sqlite"
    async with opened(f"sqlite:///{file}") as database:
        one = keys(database, clock, alone=True)
        key, secret = await one.create(ALICE, WANTED)
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(10):
            clock.now_s += 1
            await one.authenticate(request(key, secret, clock))
        holder.rollback()
        holder.close()
        await one.settle()
        (row,) = await keys(database, clock).of(ALICE)
        assert row.used_at_ms == int(clock.now_s * 1_000)


@pytest.mark.parametrize("alone", [True, False])
async def test_a_key_ends_by_its_time_and_by_deletion(auth_url: str, *, alone: bool) -> None:
    clock = SetClock()
    async with opened(auth_url) as database:
        one = keys(database, clock, alone=alone)
        key, secret = await one.create(ALICE, WANTED)
        principal = await one.authenticate(request(key, secret, clock))
        assert (principal.account, principal.key_id) == (ALICE, key.id)
        assert not principal.places_wallet_orders
        assert not await one.delete(BOB, key.id)
        await one.still_good(principal, "192.0.2.7")
        clock.now_s += 3_599
        await one.authenticate(request(key, secret, clock))
        clock.now_s += 1
        with pytest.raises(SignatureError, match="not signed by a key"):
            await one.authenticate(request(key, secret, clock))
        with pytest.raises(SignatureError, match="deleted or has expired"):
            await one.still_good(principal, "192.0.2.7")
        later = attrs.evolve(WANTED, expires_at_ms=int(clock.now_s * 1000) + 10_000)
        fresh, secret = await one.create(ALICE, later)
        assert [found.id for found in await one.of(ALICE)] == [fresh.id], "the ended one made room"
        await one.authenticate(request(fresh, secret, clock))
        assert await one.delete(ALICE, fresh.id)
        assert not await one.delete(ALICE, fresh.id)
        with pytest.raises(SignatureError, match="not signed by a key"):
            await one.authenticate(request(fresh, secret, clock))


async def test_a_key_is_not_made_or_deleted_without_a_line_in_the_log(auth_url: str) -> None:
    """In one transaction: no crash and no outage in between leaves a key that nobody logged."""
    clock = SetClock()
    async with opened(auth_url) as database:
        one = keys(database, clock)
        key, _ = await one.create(ALICE, WANTED)
        assert not await one.delete(BOB, key.id)
        assert await one.delete(ALICE, key.id)
        assert not await one.delete(ALICE, key.id)
        found = await Roles(database=database, clock=clock).audit(before=None, limit=9)
    assert [(line.actor, line.action, line.subject, line.detail) for line in found] == [
        (ALICE, "key deleted", key.id, ""),
        (ALICE, "key made", key.id, "bot"),
    ]


async def test_an_account_has_no_more_keys_than_it_may_whoever_makes_them_at_once(
    auth_url: str,
) -> None:
    clock = SetClock()
    async with opened(auth_url) as first, opened(auth_url) as second:
        one, two = keys(first, clock), keys(second, clock)
        for _ in range(MAX_KEYS - 1):
            await one.create(ALICE, WANTED)
        makes = [worker.create(ALICE, WANTED) for worker in (one, two) for _ in range(6)]
        answers = await asyncio.gather(*makes, two.create(BOB, WANTED), return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, FormatError)]
        assert (len(answers), len(refused)) == (13, 11), answers
        assert len(await two.of(ALICE)) == MAX_KEYS


async def test_a_deleted_key_is_void_for_every_worker_at_once(auth_url: str) -> None:
    clock = SetClock()
    async with opened(auth_url) as first, opened(auth_url) as second:
        one, two = keys(first, clock), keys(second, clock)
        key, secret = await one.create(ALICE, WANTED)
        await two.authenticate(request(key, secret, clock))
        await one.delete(ALICE, key.id)
        with pytest.raises(SignatureError, match="not signed by a key"):
            await two.authenticate(request(key, secret, clock))


async def test_an_hmac_secret_is_sealed_and_resealed_when_the_exchange_s_secret_changes(
    auth_url: str,
) -> None:
    clock, other = SetClock(), b"another secret of thirty-two bytes"
    async with opened(auth_url) as database:
        key, secret = await keys(database, clock).create(ALICE, WANTED)
        after = keys(database, clock, secret=other)
        with pytest.raises(SignatureError, match="not signed by a key"):
            await after.authenticate(request(key, secret, clock))
        both = keys(database, clock, secret=other, previous=SECRET.encode())
        await both.authenticate(request(key, secret, clock))
        await after.authenticate(request(key, secret, clock))
        with pytest.raises(SignatureError, match="not signed by a key"):
            await keys(database, clock).authenticate(request(key, secret, clock))


@pytest.mark.parametrize(
    ("networks", "address", "good"),
    [
        ((), "anything", True),
        (("192.0.2.0/24",), "192.0.2.255", True),
        (("192.0.2.0/24",), "192.0.3.0", False),
        (("192.0.2.7",), "192.0.2.7", True),
        (("192.0.2.7",), "::ffff:192.0.2.7", True),
        (("::ffff:192.0.2.7",), "192.0.2.7", True),
        (("::ffff:192.0.2.0/120",), "::ffff:192.0.2.9", True),
        (("::ffff:192.0.2.0/120",), "192.0.3.0", False),
        (("2001:db8::/32",), "2001:db8:ffff::1", True),
        (("2001:db8::/32",), "2001:db9::1", False),
        (("2001:db8::/32", "10.0.0.0/8"), "10.1.2.3", True),
        (("0.0.0.0/0",), "::1", False),
        (("0.0.0.0/0",), "unknown", False),
        (("::/0",), "192.0.2.7", False),
    ],
)
async def test_a_key_is_good_from_its_networks(
    networks: tuple[str, ...], address: str, *, good: bool
) -> None:
    clock = SetClock()
    async with opened("sqlite://") as database:
        one = keys(database, clock)
        key, secret = await one.create(ALICE, attrs.evolve(WANTED, networks=networks))
        asked = request(key, secret, clock, address=address)
        if good:
            await one.authenticate(asked)
        else:
            with pytest.raises(SignatureError, match="not signed by a key"):
                await one.authenticate(asked)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"timestamp_ms": NOW_MS + 1_000}, None),
        ({"timestamp_ms": NOW_MS + 1_001}, "ahead of this exchange's clock"),
        ({"timestamp_ms": NOW_MS - 4_999}, None),
        ({"timestamp_ms": NOW_MS - 5_000}, "window had closed"),
        ({"window_ms": 60_000, "timestamp_ms": NOW_MS - 59_999}, None),
        ({"window_ms": 60_001}, "its window is not"),
        ({"window_ms": 0}, "its window is not"),
    ],
)
async def test_a_request_is_good_within_its_window(
    changes: dict[str, int], why: str | None
) -> None:
    clock = SetClock(now_s=START_S - 100)
    async with opened("sqlite://") as database:
        one = keys(database, clock, alone=True)
        key, secret = await one.create(ALICE, WANTED)
        clock.now_s = START_S
        asked = request(key, secret, clock, **changes)
        if why is None:
            await one.authenticate(asked)
        else:
            with pytest.raises(SignatureError, match=why):
                await one.authenticate(asked)


async def test_nothing_that_signs_is_shown_or_stored(auth_url: str) -> None:
    clock = SetClock()
    async with opened(auth_url) as database:
        one = keys(database, clock)
        key, secret = await one.create(ALICE, WANTED)
        assert secret is not None
        assert len(secret) == 32
        asked = request(key, secret, clock)
        for shown in (repr(one), repr(key), repr(asked), repr(await one._find(key.id))):
            assert secret.hex() not in shown
            assert repr(secret) not in shown
            assert repr(asked.signature) not in shown
        async with database.reading() as connection:
            row = await connection.exec_driver_sql("SELECT material FROM auth_api_keys")
            assert secret not in bytes(row.scalar_one())
    assert MAX_KEY_LIFE_S == 366 * 86_400
