"""What a login is for on an open socket ends with the login, and with nothing less."""

from pathlib import Path

import attrs

from hybrid_dex.model.reasons import RejectReason
from reference_app.connection import Connection
from reference_app.tests.keys import make_key
from reference_app.tests.stack import Socket, Stack, Trader, running, settings

ORDERS, BALANCES = {"channel": "orders"}, {"channel": "balances"}
BOOK = {"channel": "book", "market": "ETH-USDC"}


def connection_of(stack: Stack) -> Connection:
    """The server's end of the only socket."""
    (connection,) = stack.services.hub.listeners
    assert isinstance(connection, Connection)
    return connection


async def test_channels_go_on_while_logins_can_not_be_looked_up(tmp_path: Path) -> None:
    """Order entry does not: it is refused until they can."""
    chosen = settings(tmp_path)
    async with running(attrs.evolve(chosen, auth=attrs.evolve(chosen.auth, shared=True))) as stack:
        alice = await stack.trader(1, USDC="1000")
        order = {"op": "place", "order": alice.order("buy", "1", "10")}
        database = stack.services.identity.database
        async with alice.socket(ORDERS) as socket:
            await database.close()
            await connection_of(stack).check_session()
            answer = await socket.ask(order)
            assert answer["problem"]["code"] == RejectReason.UNAVAILABLE
            await database.open()
            assert (await socket.ask(order))["type"] == "ack"
            assert (await socket.hear("order"))["exec_type"] == "new"
            await alice.post("/auth/logout", None)
            await connection_of(stack).check_session()
            ended = (await socket.hear("error"))["problem"]
            assert ended["code"] == RejectReason.UNAUTHENTICATED
            left = await socket.ask({"op": "unsubscribe", "channels": []})
            assert left["result"]["channels"] == []


async def refused(socket: Socket, *channels: dict[str, str]) -> int:
    """Subscribe in vain; return the reason."""
    answer = await socket.ask({"op": "subscribe", "channels": list(channels)})
    code: int = answer["problem"]["code"]
    return code


async def test_who_has_logged_out_hears_nothing_private_any_more(
    stack: Stack, alice: Trader
) -> None:
    async with alice.socket(ORDERS) as socket:
        await alice.post("/auth/logout", None)
        unknown = BOOK | {"market": "X"}
        assert await refused(socket, BALANCES, unknown) == RejectReason.UNKNOWN_MARKET
        wrong = BALANCES | {"market": "ETH-USDC"}
        assert await refused(socket, wrong) == RejectReason.INVALID_MESSAGE
        assert await refused(socket, BOOK, BALANCES) == RejectReason.UNAUTHENTICATED
        assert await refused(socket, ORDERS) == RejectReason.UNAUTHENTICATED
        heard = await socket.ask({"op": "subscribe", "channels": [BOOK]})
        assert heard["result"]["channels"] == [BOOK], "and no private one"
        await alice.login()
        await alice.place("buy", "1", "10")
        assert (await socket.ask({"op": "ping"}))["type"] == "pong"
        assert {message["type"] for message in socket.heard} == {"book"}


async def test_whose_key_was_deleted_hears_nothing_private_any_more(
    stack: Stack, alice: Trader
) -> None:
    key = await make_key(alice)
    async with stack.socket() as socket:
        await socket.ask(key.login())
        assert (await socket.ask({"op": "subscribe", "channels": [ORDERS]}))["type"] == "ack"
        assert (await alice.delete(f"/auth/api-keys/{key.id}")).status_code == 200
        assert await refused(socket, BALANCES) == RejectReason.UNAUTHENTICATED
        heard = await socket.ask({"op": "subscribe", "channels": [BOOK]})
        assert heard["result"]["channels"] == [BOOK]
