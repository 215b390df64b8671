"""The memory store keeps nonces once, sessions until they end, and never more than its limits."""

import attrs
import pytest

from hybrid_dex.defaults.login_store import LoginSession, MemoryLoginStore, Rotation
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.units import AccountId

ALICE = AccountId("alice")
BOB = AccountId("bob")


def session(id_: str, account: AccountId = ALICE) -> LoginSession:
    return LoginSession(
        id=id_,
        account=account,
        refresh_id="r0",
        opened_at_ms=0,
        refresh_expires_at_ms=100,
        ends_at_ms=250,
    )


@pytest.fixture
def store() -> MemoryLoginStore:
    return MemoryLoginStore(nonce_limit=3, session_limit=4)


async def test_a_nonce_is_taken_once_and_in_time(store: MemoryLoginStore) -> None:
    await store.put_nonce("a", 100)
    await store.put_nonce("b", 100)
    assert await store.take_nonce("a", 99)
    assert not await store.take_nonce("a", 99)
    assert not await store.take_nonce("b", 100)
    assert not await store.take_nonce("b", 0)
    assert not await store.take_nonce("never", 0)


async def test_a_full_table_of_nonces_gives_up_the_oldest(store: MemoryLoginStore) -> None:
    for nonce in "abcd":
        await store.put_nonce(nonce, 100)
    assert [await store.take_nonce(nonce, 0) for nonce in "abcd"] == [False, True, True, True]


async def test_a_session_is_open_until_its_refresh_token_or_itself_ends(
    store: MemoryLoginStore,
) -> None:
    await store.open(session("s"), most=2)
    assert await store.get("s", 99) == session("s")
    assert await store.get("s", 100) is None
    await store.open(attrs.evolve(session("t"), refresh_expires_at_ms=999), most=2)
    assert await store.get("t", 250) is None
    assert await store.sessions_of(ALICE, 0) == []


async def test_rotation_replaces_the_session_once(store: MemoryLoginStore) -> None:
    await store.open(session("s"), most=2)
    renewed = attrs.evolve(session("s"), refresh_id="r1", refresh_expires_at_ms=200)
    assert await store.rotate("r0", renewed, 50) is Rotation.ROTATED
    assert await store.get("s", 150) == renewed
    assert await store.rotate("r0", renewed, 50) is Rotation.REUSED
    assert await store.rotate("r1", renewed, 50) is Rotation.CLOSED
    assert await store.get("s", 50) is None


async def test_rotation_comes_too_late_for_an_ended_session(store: MemoryLoginStore) -> None:
    await store.open(session("s"), most=2)
    assert await store.rotate("r0", session("s"), 100) is Rotation.CLOSED


async def test_closing_is_safe_to_repeat(store: MemoryLoginStore) -> None:
    await store.open(session("s"), most=2)
    assert await store.close("s")
    assert not await store.close("s")
    assert not await store.close("never")


async def test_an_account_s_oldest_session_makes_room(store: MemoryLoginStore) -> None:
    await store.open(session("b", BOB), most=2)
    for id_ in "123":
        await store.open(session(id_), most=2)
    assert [found.id for found in await store.sessions_of(ALICE, 0)] == ["2", "3"]
    assert [found.id for found in await store.sessions_of(BOB, 0)] == ["b"]


async def test_a_full_table_of_sessions_gives_up_the_oldest_of_all(store: MemoryLoginStore) -> None:
    for number in range(5):
        await store.open(session(str(number), AccountId(f"account {number}")), most=2)
    assert await store.get("0", 0) is None
    assert await store.sessions_of(AccountId("account 0"), 0) == []
    assert all([await store.get(str(number), 0) for number in range(1, 5)])


@pytest.mark.parametrize("limit", ["nonce_limit", "session_limit"])
def test_a_limit_below_one_is_refused(limit: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{limit} is 0; it must be at least 1"):
        MemoryLoginStore(**{limit: 0})
