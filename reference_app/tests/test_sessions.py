"""Open logins: their account sees them, ends them, and nobody else does either."""

import asyncio
from typing import Any

import pytest
from eth_account.messages import encode_defunct

from hybrid_dex.defaults.roles import Role, Roles
from hybrid_dex.defaults.wallet_auth import WalletAuth
from hybrid_dex.errors import SignatureError, UnavailableError
from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import CancelAllOp, LoginOp, encode
from reference_app.connection import Connection
from reference_app.tests.stack import Stack, Trader, login_text
from reference_app.tests.test_routes import is_problem


async def again(trader: Trader) -> Trader:
    """A further login of the same wallet."""
    other = Trader(trader.stack, trader.key)
    await other.login()
    return other


async def sessions(trader: Trader) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await trader.get("/auth/sessions")).json()["sessions"]
    return found


async def test_an_account_sees_its_open_logins_and_which_one_asks(alice: Trader) -> None:
    other = await again(alice)
    shown = await sessions(other)
    assert [one["current"] for one in shown] == [False, True]
    for one in shown:
        assert one["address"] == "127.0.0.1"
        assert one["user_agent"].startswith("python-httpx/")
        assert one["opened_at_ms"] <= one["used_at_ms"] < one["ends_at_ms"]
    assert alice.token not in str(shown), "nothing that a token could be made from"


async def test_a_session_says_the_role_of_its_account_as_of_now(
    stack: Stack, alice: Trader
) -> None:
    first = await alice.login()
    assert first["role"] == "trader"
    await stack.services.identity.roles.grant(alice.account, Role.SUPPORT, "command")
    renewed = await stack.post("/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert renewed.json()["role"] == "support"
    assert (await alice.login())["role"] == "support"


async def test_a_refresh_that_can_not_say_the_role_has_spent_nothing(
    stack: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the client, told to try again, would do so with a token that ends its session."""
    refresh = {"refresh_token": (await alice.login())["refresh_token"]}

    async def away(*_: object) -> Role:
        raise UnavailableError("logins can not be looked up now")

    with monkeypatch.context() as outage:
        outage.setattr(Roles, "of", away)
        is_problem(await stack.post("/auth/refresh", refresh), 503, RejectReason.UNAVAILABLE)
    renewed = await stack.post("/auth/refresh", refresh)
    assert renewed.status_code == 200, renewed.text
    alice.token = renewed.json()["access_token"]
    assert (await alice.get("/account/balances")).status_code == 200
    is_problem(await stack.post("/auth/refresh", refresh), 401, RejectReason.LOGIN_REFUSED)


async def test_a_login_that_can_not_say_the_role_has_spent_nothing(
    stack: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was signed is good for the next attempt, and no session is left that nobody has."""
    nonce = (await stack.post("/auth/nonce")).json()["nonce"]
    text = login_text(alice.account, nonce)
    signature = alice.key.sign_message(encode_defunct(text=text)).signature.hex()
    login = {"message": text, "signature": "0x" + signature.removeprefix("0x")}

    async def away(*_: object) -> Role:
        raise UnavailableError("logins can not be looked up now")

    with monkeypatch.context() as outage:
        outage.setattr(Roles, "of", away)
        is_problem(await stack.post("/auth/login", login), 503, RejectReason.UNAVAILABLE)
    assert (await stack.post("/auth/login", login)).status_code == 200
    assert len(await sessions(alice)) == 2
    is_problem(await stack.post("/auth/login", login), 401, RejectReason.LOGIN_REFUSED)


async def test_one_login_is_ended_at_once_and_others_go_on(alice: Trader) -> None:
    other = await again(alice)
    first = (await sessions(alice))[0]["id"]
    ended = await other.delete(f"/auth/sessions/{first}")
    assert (ended.status_code, ended.json()) == (200, {"revoked": 1})
    is_problem(await alice.get("/account/balances"), 401, RejectReason.UNAUTHENTICATED)
    assert (await other.get("/account/balances")).status_code == 200
    gone = await other.delete(f"/auth/sessions/{first}")
    is_problem(gone, 404, RejectReason.NOT_FOUND)


async def test_all_other_logins_are_ended_and_the_one_that_asks_goes_on(alice: Trader) -> None:
    others = [await again(alice) for _ in range(3)]
    assert (await alice.delete("/auth/sessions")).json() == {"revoked": 3}
    for other in others:
        is_problem(await other.get("/auth/sessions"), 401, RejectReason.UNAUTHENTICATED)
    assert len(await sessions(alice)) == 1
    assert (await alice.delete("/auth/sessions")).json() == {"revoked": 0}


async def test_another_account_s_login_is_one_that_does_not_exist(
    alice: Trader, bob: Trader
) -> None:
    foreign = (await sessions(alice))[0]["id"]
    is_problem(await bob.delete(f"/auth/sessions/{foreign}"), 404, RejectReason.NOT_FOUND)
    await bob.delete("/auth/sessions")
    assert [one["id"] for one in await sessions(alice)] == [foreign]


async def test_a_refresh_keeps_the_session_and_its_place(stack: Stack) -> None:
    trader = await stack.trader(7)
    login = await trader.login()
    before = await sessions(trader)
    renewed = await stack.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
    trader.token = renewed.json()["access_token"]
    assert [one["id"] for one in await sessions(trader)] == [one["id"] for one in before]


async def test_an_access_token_is_revoked_alone_by_whoever_has_it(stack: Stack) -> None:
    trader = await stack.trader(8)
    login = await trader.login()
    assert (await trader.get("/account/balances")).status_code == 200
    for _ in range(2):
        revoked = await stack.post("/auth/revoke", {"token": trader.token})
        assert revoked.status_code == 204
    is_problem(await trader.get("/account/balances"), 401, RejectReason.UNAUTHENTICATED)
    renewed = await stack.post("/auth/refresh", {"refresh_token": login["refresh_token"]})
    trader.token = renewed.json()["access_token"]
    assert (await trader.get("/account/balances")).status_code == 200
    refused = await stack.post("/auth/revoke", {"token": trader.token + "x"})
    is_problem(refused, 401, RejectReason.LOGIN_REFUSED)


async def test_a_socket_of_an_ended_login_places_nothing(alice: Trader) -> None:
    async with alice.socket() as socket:
        other = await again(alice)
        await other.delete("/auth/sessions")
        answer = await socket.ask({"op": "cancel_all"})
        assert answer["problem"]["code"] == RejectReason.UNAUTHENTICATED


async def test_a_login_that_ended_does_not_end_the_one_that_took_its_place(
    stack: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check of the old login is answered when the new one has been acknowledged."""
    old, answered = alice.token, asyncio.Event()
    await alice.login()
    authenticate = WalletAuth.authenticate

    async def slowly(auth: WalletAuth, token: str) -> Principal:
        if token == old and connection.outbox:
            await answered.wait()
            raise SignatureError("token", "its session ended", "a new login")
        return await authenticate(auth, token)

    monkeypatch.setattr(WalletAuth, "authenticate", slowly)
    connection = Connection(stack.services)
    await connection.serve([encode(LoginOp(id=1, token=old)).decode()])
    checking = asyncio.create_task(connection.check_session())
    await asyncio.sleep(0)
    await connection.serve([encode(LoginOp(id=2, token=alice.token)).decode()])
    answered.set()
    await checking
    await connection.serve([encode(CancelAllOp(id=3)).decode()])
    *_, last = await connection.outbox.take(9)
    assert b'"ack"' in last, last
    connection.close()
