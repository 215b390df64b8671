"""What a login is for on an open socket ends with the login, and with nothing less."""

from pathlib import Path

import attrs

from hybrid_dex.model.reasons import RejectReason
from reference_app.connection import Connection
from reference_app.tests.stack import Stack, running, settings

ORDERS = {"channel": "orders"}


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
            refused = await socket.ask(order)
            assert refused["problem"]["code"] == RejectReason.UNAVAILABLE
            await database.open()
            assert (await socket.ask(order))["type"] == "ack"
            assert (await socket.hear("order"))["exec_type"] == "new"
            await alice.post("/auth/logout", None)
            await connection_of(stack).check_session()
            ended = (await socket.hear("error"))["problem"]
            assert ended["code"] == RejectReason.UNAUTHENTICATED
            left = await socket.ask({"op": "unsubscribe", "channels": []})
            assert left["result"]["channels"] == []
