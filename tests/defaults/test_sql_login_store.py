"""Nonces and sessions in a database are good once, whoever asks, and outlive the process."""

import asyncio
import multiprocessing
import secrets
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest

from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.login_store import (
    MAX_VOID_TOKENS,
    LoginSession,
    LoginStore,
    MemoryLoginStore,
    Rotation,
)
from hybrid_dex.defaults.sql_login_store import SqlLoginStore
from hybrid_dex.defaults.wallet_auth import WalletAuth
from hybrid_dex.errors import ConfigurationError, SignatureError, UnavailableError
from hybrid_dex.interfaces.auth import Session
from hybrid_dex.model.units import AccountId
from tests.defaults.databases import DATABASES, auth_cluster, auth_url, opened
from tests.defaults.fakes_of_auth import ALICE, SetClock, login_message, wallet_auth
from tests.tiers import count

__all__ = ["auth_cluster", "auth_url"]

REPLAYS = 50
ACCOUNT = AccountId("alice")


def session(id_: str, account: AccountId = ACCOUNT, opened_at_ms: int = 0) -> LoginSession:
    return LoginSession(
        id=id_,
        account=account,
        refresh_id="r0",
        opened_at_ms=opened_at_ms,
        refresh_expires_at_ms=1_000,
        ends_at_ms=2_000,
        used_at_ms=opened_at_ms,
        address="192.0.2.1",
        user_agent="a browser",
    )


def signed(nonce: str, clock: SetClock) -> tuple[str, bytes]:
    message = login_message(nonce, clock)
    return message.text(), ALICE.sign_login(message)


def auth(database: AuthDatabase, clock: SetClock, *, alone: bool = False) -> WalletAuth:
    store = SqlLoginStore(database=database, alone=alone)
    return attrs.evolve(wallet_auth(clock, store=store), randomness=secrets.token_bytes)


def successes(answers: list[Session | BaseException]) -> int:
    refused = [one for one in answers if isinstance(one, SignatureError)]
    sessions = [one for one in answers if isinstance(one, Session)]
    assert len(refused) + len(sessions) == len(answers), answers
    assert all(one.field == "nonce" for one in refused)
    return len(sessions)


# -------------------------------------------------------------------------- nonces: once


async def test_of_parallel_replays_of_a_login_one_succeeds(auth_url: str) -> None:
    """Over two workers that share nothing but the database."""
    clock = SetClock()
    async with opened(auth_url) as first, opened(auth_url) as second:
        for _ in range(count(fast=3, full=40)):
            one, two = auth(first, clock), auth(second, clock)
            message = signed(await one.issue_nonce(), clock)
            answers = await asyncio.gather(
                *((one, two)[n % 2].login(*message) for n in range(REPLAYS)), return_exceptions=True
            )
            assert successes(answers) == 1
            clock.now_s += 1


async def test_a_nonce_outlives_a_restart_and_stays_taken_after_one(auth_url: str) -> None:
    clock = SetClock()
    async with opened(auth_url) as database:
        message = signed(await auth(database, clock).issue_nonce(), clock)
    async with opened(auth_url) as database:
        assert successes(await _tries(auth(database, clock), message, 3)) == 1
    async with opened(auth_url) as database:
        assert successes(await _tries(auth(database, clock), message, 3)) == 0


async def test_an_expired_nonce_is_refused_and_gone(auth_url: str) -> None:
    async with opened(auth_url) as database:
        store = SqlLoginStore(database=database)
        await store.put_nonce("a", 100)
        await store.put_nonce("b", 100)
        assert await store.take_nonce("a", 99)
        assert not await store.take_nonce("b", 100)
        assert not await store.take_nonce("b", 0)
        assert not await store.take_nonce("never", 0)


async def test_nonces_that_nobody_takes_are_swept(auth_url: str) -> None:
    async with opened(auth_url) as database:
        store = SqlLoginStore(database=database, nonce_limit=10)
        for number in range(64):
            await store.put_nonce(str(number), 100 + number)
        assert not await store.take_nonce("53", 0), "the oldest beyond the limit"
        assert await store.take_nonce("54", 0)
        for number in range(62):
            await store.take_nonce(f"never {number}", 10_000)
        assert not await store.take_nonce("63", 0), "expired, seen by another's taking"


async def test_of_real_processes_that_take_the_same_nonces_each_is_taken_once(
    auth_url: str,
) -> None:
    nonces = [f"nonce{number}" for number in range(count(fast=25, full=500))]
    async with opened(auth_url) as database:
        store = SqlLoginStore(database=database)
        for nonce in nonces:
            await store.put_nonce(nonce, 10**9)
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        work = pool.starmap_async(taken, [(auth_url, nonces)] * 2)
        found = await asyncio.to_thread(work.get, 100)
    assert Counter(found[0]) + Counter(found[1]) == Counter(nonces)


def taken(url: str, nonces: list[str]) -> list[str]:
    """The nonces that a process got."""

    async def take() -> list[str]:
        async with opened(url) as database:
            store = SqlLoginStore(database=database)
            return [nonce for nonce in nonces if await store.take_nonce(nonce, 0)]

    return asyncio.run(take())


async def _tries(
    auth: WalletAuth, message: tuple[str, bytes], times: int
) -> list[Session | BaseException]:
    return await asyncio.gather(
        *(auth.login(*message) for _ in range(times)), return_exceptions=True
    )


# ------------------------------------------------------------------------------ sessions


@pytest.fixture(params=["alone", "shared", "memory"])
async def store(request: pytest.FixtureRequest, auth_url: str) -> Any:
    if request.param == "memory":
        yield MemoryLoginStore()
        return
    async with opened(auth_url) as database:
        yield SqlLoginStore(database=database, alone=request.param == "alone")


async def test_a_session_is_open_until_its_refresh_token_or_itself_ends(store: LoginStore) -> None:
    await store.open(session("s"), most=2)
    assert await store.get("s", 999) == session("s")
    assert await store.get("s", 1_000) is None
    assert await store.get("never", 0) is None
    late = attrs.evolve(session("t"), refresh_expires_at_ms=9_000)
    await store.open(late, most=2)
    assert await store.get("t", 1_999) == late
    assert await store.get("t", 2_000) is None
    assert await store.sessions_of(ACCOUNT, 2_000) == []


async def test_rotation_replaces_the_session_once(store: LoginStore) -> None:
    await store.open(session("s"), most=2)
    renewed = attrs.evolve(
        session("s"), refresh_id="r1", refresh_expires_at_ms=1_500, used_at_ms=50
    )
    assert await store.rotate("r0", renewed, 50) is Rotation.ROTATED
    assert await store.get("s", 1_400) == renewed
    assert await store.rotate("r0", renewed, 50) is Rotation.REUSED
    assert await store.rotate("r1", renewed, 50) is Rotation.CLOSED
    assert await store.get("s", 50) is None


async def test_rotation_comes_too_late_for_an_ended_session(store: LoginStore) -> None:
    await store.open(session("s"), most=2)
    assert await store.rotate("r0", session("s"), 1_000) is Rotation.CLOSED


async def test_of_parallel_rotations_at_most_one_succeeds(store: LoginStore) -> None:
    """The others are reuse, or come after it has ended the session."""
    await store.open(session("s"), most=2)
    renewed = [attrs.evolve(session("s"), refresh_id=f"n{n}") for n in range(10)]
    outcomes = Counter(await asyncio.gather(*(store.rotate("r0", one, 1) for one in renewed)))
    assert outcomes[Rotation.ROTATED] == 1
    assert outcomes[Rotation.REUSED] == 1
    assert await store.get("s", 1) is None


async def test_closing_is_seen_at_once_and_safe_to_repeat(store: LoginStore) -> None:
    await store.open(session("s"), most=2)
    assert await store.get("s", 0) is not None
    assert await store.close("s")
    assert await store.get("s", 0) is None
    assert not await store.close("s")
    assert not await store.close("never")


async def test_an_account_s_oldest_session_makes_room(store: LoginStore) -> None:
    await store.open(session("b", AccountId("bob")), most=2)
    for number in (1, 2, 3):
        assert await store.get("1", 0) is not None or number == 1
        await store.open(session(str(number), opened_at_ms=number), most=2)
    assert await store.get("1", 5) is None
    assert [found.id for found in await store.sessions_of(ACCOUNT, 5)] == ["2", "3"]
    assert [found.id for found in await store.sessions_of(AccountId("bob"), 5)] == ["b"]


async def test_a_session_that_ended_takes_nobody_s_place(store: LoginStore) -> None:
    """What was not refreshed is over; who refreshes since long ago is not ended for it."""
    lasting = attrs.evolve(session("lasting"), refresh_expires_at_ms=2_000)
    await store.open(lasting, most=3)
    await store.open(session("left", opened_at_ms=1), most=3)
    await store.open(session("gone", opened_at_ms=2), most=3)
    await store.open(attrs.evolve(lasting, id="new", opened_at_ms=1_500), most=3)
    assert [found.id for found in await store.sessions_of(ACCOUNT, 1_500)] == ["lasting", "new"]
    for number in (3, 4):
        await store.open(attrs.evolve(lasting, id=str(number), opened_at_ms=1_500), most=3)
    assert await store.get("lasting", 1_500) is None, "and of those that are open the oldest goes"


async def test_sessions_that_ended_or_are_too_many_are_swept(auth_url: str) -> None:
    """Keys that log in cost nothing to make: the table stays bounded all the same."""
    async with opened(auth_url) as database:
        store = SqlLoginStore(database=database, alone=True, session_limit=40)
        for number in range(63):
            one = session(str(number), AccountId(f"account {number}"), opened_at_ms=number)
            ends = attrs.evolve(one, refresh_expires_at_ms=50 if number < 10 else 1_000)
            await store.open(ends, most=2)
        assert await store.get("12", 70) is not None, "not yet, and remembered"
        await store.open(session("last", opened_at_ms=100), most=2)
        assert await store.get("0", 0) is None, "ended long ago"
        assert await store.get("12", 100) is None, "of the oldest beyond the limit, and forgotten"
        assert await store.get("24", 100) is not None
        assert await store.get("last", 100) is not None


async def test_a_void_token_is_remembered_through_a_rotation(store: LoginStore) -> None:
    await store.open(session("s"), most=2)
    for _ in range(2):
        await store.void("s", "t1")
    await store.void("never", "t1")
    assert (await _found(store, "s")).void_tokens == ("t1",)
    await store.rotate("r0", attrs.evolve(session("s"), refresh_id="r1"), 1)
    assert (await _found(store, "s")).void_tokens == ("t1",)


async def test_too_many_void_tokens_end_the_session(store: LoginStore) -> None:
    await store.open(session("s"), most=2)
    for number in range(MAX_VOID_TOKENS):
        await store.void("s", f"t{number}")
    assert len((await _found(store, "s")).void_tokens) == MAX_VOID_TOKENS
    await store.void("s", "one more")
    assert await store.get("s", 0) is None


async def test_the_last_use_is_noted(store: LoginStore) -> None:
    await store.open(session("s"), most=2)
    await store.touch("s", 600)
    await store.touch("never", 600)
    (shown,) = await store.sessions_of(ACCOUNT, 700)
    assert shown.used_at_ms in {0, 600}, "a database notes it about once a minute"
    late = attrs.evolve(session("t"), refresh_expires_at_ms=10**9, ends_at_ms=10**9)
    await store.open(late, most=2)
    await store.touch("t", 100_000)
    (shown,) = await store.sessions_of(ACCOUNT, 100_000)
    assert shown.used_at_ms == 100_000


async def _found(store: LoginStore, session_id: str) -> LoginSession:
    found = await store.get(session_id, 0)
    assert found is not None
    return found


async def test_what_one_worker_ends_is_ended_for_another_at_once(auth_url: str) -> None:
    async with opened(auth_url) as first, opened(auth_url) as second:
        one, two = SqlLoginStore(database=first), SqlLoginStore(database=second)
        await one.open(session("s"), most=2)
        assert await two.get("s", 0) == session("s")
        assert await one.close("s")
        assert await two.get("s", 0) is None
        await two.open(session("t"), most=2)
        await one.void("t", "token")
        found = await two.get("t", 0)
        assert found is not None
        assert found.void_tokens == ("token",)


async def test_what_ends_while_it_is_read_is_not_remembered(auth_url: str) -> None:
    """The one store of a database remembers sessions; a read that began before must not revive one."""
    async with opened(auth_url) as database:
        store = SqlLoginStore(database=database, alone=True)
        for round_ in range(count(fast=20, full=400)):
            name = str(round_)
            await store.open(session(name), most=2)
            await asyncio.gather(store.get(name, 0), store.close(name), store.get(name, 0))
            assert await store.get(name, 0) is None


async def test_sessions_outlive_a_restart_with_their_tokens(auth_url: str) -> None:
    clock = SetClock()
    async with opened(auth_url) as database:
        first = auth(database, clock)
        login = await first.login(*signed(await first.issue_nonce(), clock))
        await SqlLoginStore(database=database).settle()
    async with opened(auth_url) as database:
        again = auth(database, clock, alone=True)
        assert await again.authenticate(login.access_token) == login.principal
        assert await again.revoke(login.principal.account, login.principal.session_id)
        with pytest.raises(SignatureError, match="its session has ended"):
            await again.authenticate(login.access_token)


async def test_an_access_token_is_revoked_alone(auth_url: str) -> None:
    """The cache of verified tokens does not outlive it, and the session goes on."""
    clock = SetClock()
    async with opened(auth_url) as database:
        one = auth(database, clock, alone=True)
        login = await one.login(*signed(await one.issue_nonce(), clock))
        await one.authenticate(login.access_token)
        await one.revoke_token(login.access_token)
        with pytest.raises(SignatureError, match="token: revoked"):
            await one.authenticate(login.access_token)
        renewed = await one.refresh(login.refresh_token)
        assert await one.authenticate(renewed.access_token) == login.principal
        with pytest.raises(SignatureError, match="token: revoked"):
            await one.authenticate(login.access_token)
        with pytest.raises(SignatureError, match="of another kind"):
            await one.revoke_token(renewed.refresh_token)


async def test_without_its_database_nobody_is_let_in(auth_url: str) -> None:
    """Neither a login nor a session passes while nothing can be looked up."""
    clock = SetClock()
    async with opened(auth_url) as database:
        one = auth(database, clock)
        message = signed(await one.issue_nonce(), clock)
        login = await one.login(*signed(await one.issue_nonce(), clock))
        await database.close()
        for attempt in (
            one.login(*message),
            one.issue_nonce(),
            one.authenticate(login.access_token),
            one.refresh(login.refresh_token),
        ):
            with pytest.raises(UnavailableError, match="is not open"):
                await attempt


@pytest.mark.skipif("postgresql" not in DATABASES, reason="SQLite has no network to lose")
async def test_a_database_that_does_not_answer_is_away(
    auth_cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine is gone without a word: nobody waits for minutes until TCP gives up."""
    monkeypatch.setattr("hybrid_dex.defaults.auth_database._ANSWER_S", 0.5)
    answers = asyncio.Event()
    answers.set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(65_536):
            await answers.wait()
            writer.write(some)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(auth_cluster / ".s.PGSQL.5432"))
        await asyncio.gather(carry(reader, back), carry(there, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        async with opened(f"postgresql://postgres@127.0.0.1:{port}/postgres") as database:
            store = SqlLoginStore(database=database)
            assert await store.get("s", 0) is None
            answers.clear()
            async with asyncio.timeout(60):
                with pytest.raises(UnavailableError, match="can not be looked up now"):
                    await store.get("s", 0)
            answers.set()
            assert await store.get("s", 0) is None


@pytest.mark.parametrize(
    "url", ["mysql://host/name", "nonsense", "", "sqlite", "postgresql://u@host:port/name"]
)
def test_an_address_of_no_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is not one of sqlite:///path"):
        AuthDatabase(url)


async def test_closing_lets_end_what_is_under_way_and_begins_nothing_more(auth_url: str) -> None:
    """A note of last use that is being written is not cut off, and one that waits is given up."""
    async with opened(auth_url) as database:
        store = SqlLoginStore(database=database)
        await store.open(session("s"), most=2)
        await store.touch("s", 100_000)
        taking = asyncio.create_task(store.take_nonce("n", 0))
        await asyncio.sleep(0)
        await database.close()
        assert await taking is False
        with pytest.raises(UnavailableError, match="is not open"):
            await store.take_nonce("n", 0)
    async with opened(auth_url) as database:
        await database.open()
        assert not await SqlLoginStore(database=database).take_nonce("n", 0)


async def test_a_database_that_can_not_be_used_is_one_clear_line() -> None:
    with pytest.raises(ConfigurationError, match=r"auth database .* can not be used") as refused:
        await AuthDatabase("sqlite:////nowhere/at/all/auth.sqlite").open()
    assert "\n" not in str(refused.value)
