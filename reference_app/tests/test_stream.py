"""The socket: gapless books, private reports, order entry, and what happens to slow readers."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from websockets.exceptions import InvalidStatus

from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import ClientOrderId
from hybrid_dex.wire import OrderRequest, decode, encode, to_order
from hybrid_dex.wire.markets import book_checksum
from reference_app.connection import Connection
from reference_app.routes.stream import _send
from reference_app.tests.stack import (
    ORIGIN,
    Socket,
    Stack,
    Trader,
    limits,
    running,
    settings,
)

BOOK = {"channel": "book", "market": "ETH-USDC"}


class Replica:
    """A book as a client keeps it."""

    def __init__(self) -> None:
        self.sequence = -1
        self.sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        self.snapshots = 0

    def apply(self, message: dict[str, Any]) -> None:
        if message["kind"] == "snapshot":
            self.snapshots += 1
            self.sides = {"bids": {}, "asks": {}}
        else:
            assert self.sequence >= 0, "a book begins with a snapshot"
            if message["sequence"] <= self.sequence:
                return
            assert message["previous"] <= self.sequence, "a gap"
        self.sequence = message["sequence"]
        for side, levels in self.sides.items():
            for price, quantity in message[side]:
                if quantity == "0":
                    del levels[price]
                else:
                    levels[price] = quantity


async def test_deltas_lead_without_a_gap_to_the_book_of_rest(
    stack: Stack, alice: Trader, bob: Trader, seed: int
) -> None:
    random = Random(seed)
    replica = Replica()
    await alice.place("buy", "1", "99")
    async with alice.socket(BOOK, {"channel": "trades", "market": "ETH-USDC"}) as socket:
        for _ in range(60):
            who, side = random.choice([(alice, "buy"), (bob, "sell")])
            price, quantity = str(random.randint(95, 105)), f"0.{random.randint(1, 9)}"
            await who.place(side, quantity, price)
            if random.random() < 0.2:
                await who.delete("/orders")
        rest = (await stack.http.get("/markets/ETH-USDC/book?depth=1000")).json()
        while True:
            replica.apply(await socket.hear("book"))
            if levels(rest) == replica.sides:
                break
    trades = (await stack.services.records.position(), replica.snapshots)
    assert trades[1] == 1


def levels(book: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {side: dict(book[side]) for side in ("bids", "asks")}


async def test_orders_over_the_socket_are_acknowledged_and_reported(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    private = ({"channel": "orders"}, {"channel": "fills", "market": "ETH-USDC"})
    async with alice.socket(*private) as buyer, bob.socket(*private) as seller:
        sold = await seller.ask({"op": "place", "order": bob.order("sell", "2", "2500")})
        assert sold["type"] == "ack"
        bought = await buyer.ask({"op": "place", "order": alice.order("buy", "1", "2500")})
        assert [fill["quantity"] for fill in bought["result"]["fills"]] == ["1"]
        assert [(await buyer.hear("order"))["exec_type"] for _ in range(2)] == ["new", "trade"]
        stages = [(await buyer.hear("fill"))["stage"]]
        while stages[-1] != "final":
            stages.append((await buyer.hear("fill"))["stage"])
        assert stages[0] == "matched"
        maker = await seller.hear("fill")
        assert (maker["liquidity"], maker["fee"]) == ("maker", "0.25")

        order_id = sold["result"]["order"]["order_id"]
        denied = await buyer.ask({"op": "cancel", "order_id": order_id})
        assert denied["problem"]["code"] == RejectReason.UNKNOWN_ORDER
        canceled = await seller.ask({"op": "cancel", "order_id": order_id})
        assert canceled["result"]["order"]["status"] == "canceled"
        assert (await seller.ask({"op": "cancel_all"}))["result"]["canceled"] == []
        heard = [m for m in buyer.heard if m.get("order_id") == order_id]
        assert heard == [], "reports of another account"


async def test_a_burst_is_answered_in_order_each_by_its_id(stack: Stack, alice: Trader) -> None:
    """Refused orders among accepted ones do not disturb the others."""
    async with alice.socket() as socket:
        for number in range(90):
            order = alice.order("buy", "1", "10") | ({} if number % 10 else {"price": "NaN"})
            await socket.send({"op": "place", "id": number, "order": order})
        answers = [await socket.receive() for _ in range(90)]
    kinds = {answer["id"]: answer["type"] for answer in answers}
    assert kinds == {n: "ack" if n % 10 else "error" for n in range(90)}
    acknowledged = [a["result"]["sequence"] for a in answers if a["type"] == "ack"]
    assert acknowledged == sorted(acknowledged)
    assert len(stack.services.exchange.view.open_orders(alice.account)) == 81


async def test_who_placed_an_order_hears_the_answer_first(alice: Trader) -> None:
    """Before what every reader of its account is told, even on the same socket."""
    async with alice.socket({"channel": "orders"}) as socket:
        for number in range(10):
            order = alice.order("buy", "1", "10")
            await socket.send({"op": "place", "id": number, "order": order})
            assert [(await socket.receive())["type"] for _ in range(2)] == ["ack", "order"]


async def test_answers_come_first_where_others_place_orders_too(alice: Trader, bob: Trader) -> None:
    """What is told of one order waits for no other one's answer, and does not overtake its own."""

    async def burst(trader: Trader, side: str, price: str) -> None:
        async with trader.socket({"channel": "orders"}) as socket:
            for number in range(40):
                order = trader.order(side, "0.1", price)
                await socket.send({"op": "place", "id": number, "order": order})
            answered, told = dict[str, int](), dict[str, int]()
            for index in range(80):
                message = await socket.receive()
                if message["type"] == "ack":
                    answered[message["result"]["order"]["order_id"]] = index
                else:
                    told[message["order_id"]] = index
            assert len(told) == 40
            assert all(answered[order_id] < index for order_id, index in told.items())

    await asyncio.gather(burst(alice, "buy", "10"), burst(bob, "sell", "5000"))


async def test_replace_and_cancel_by_client_id(alice: Trader) -> None:
    async with alice.socket() as socket:
        placed = await socket.ask(
            {"op": "place", "order": alice.order("buy", "1", "10", client_order_id="mine")}
        )
        fresh = {"quantity": "1", "price": "11"}
        replaced = await socket.ask(
            {"op": "replace", "order_id": placed["result"]["order"]["order_id"], "order": fresh}
        )
        assert replaced["type"] in {"ack", "error"}
        canceled = await socket.ask({"op": "cancel", "client_order_id": "mine"})
        assert canceled["result"]["order"]["status"] == "canceled"
        none = await socket.ask({"op": "cancel"})
        assert none["problem"]["code"] == RejectReason.ORDER_REQUIRED


async def test_a_cancel_by_name_says_what_it_did_to_an_order_that_was_on_its_way(
    stack: Stack, alice: Trader
) -> None:
    """It was journaled behind the order, which no view had when the cancel was read."""
    view = stack.services.exchange.view
    async with alice.socket() as socket:
        for number in range(20):
            name = ClientOrderId(f"n{number}")
            order = alice.order("buy", "1", "10", client_order_id=name)
            placing = asyncio.create_task(alice.post("/orders", order))
            while not (stack.services.exchange.health().waiting or placing.done()):
                await asyncio.sleep(0)
            answer = await socket.ask({"op": "cancel", "client_order_id": name})
            assert (await placing).status_code == 201
            found = view.order_by_client_id(alice.account, name)
            assert found is not None
            if found.status is OrderStatus.CANCELED:
                assert answer["result"]["order"]["order_id"] == str(found.order_id), answer
            else:  # the cancel came first
                assert answer["problem"]["code"] == RejectReason.UNKNOWN_ORDER


async def test_without_login_only_what_is_public_is_served(stack: Stack, alice: Trader) -> None:
    async with stack.socket() as socket:
        for message in (
            {"op": "place", "order": alice.order("buy", "1", "10")},
            {"op": "cancel_all"},
            {"op": "subscribe", "channels": [{"channel": "orders"}]},
            {"op": "login", "token": "not.a.token"},
        ):
            answer = await socket.ask(message)
            assert answer["problem"]["code"] == RejectReason.UNAUTHENTICATED, message
        answer = await socket.ask({"op": "subscribe", "channels": [BOOK]})
        assert answer["result"]["channels"] == [BOOK]
        assert (await socket.receive())["kind"] == "snapshot"
        assert (await socket.ask({"op": "unsubscribe", "channels": [BOOK]}))["result"] == {
            "channels": []
        }
        assert (await socket.ask({"op": "ping"}))["type"] == "pong"


async def test_a_session_that_was_ended_can_not_place(alice: Trader) -> None:
    async with alice.socket({"channel": "orders"}) as socket:
        assert (await alice.post("/auth/logout", None)).status_code == 204
        answer = await socket.ask({"op": "place", "order": alice.order("buy", "1", "10")})
        assert answer["problem"]["code"] == RejectReason.UNAUTHENTICATED


HOSTILE = (
    ("", RejectReason.INVALID_MESSAGE),
    ("null", RejectReason.INVALID_MESSAGE),
    ('{"op":"dance","id":1}', RejectReason.INVALID_MESSAGE),
    ('{"op":"ping","id":1,"x":2}', RejectReason.UNKNOWN_FIELD),
    ('{"op":"ping","id":1,"id":1}', RejectReason.INVALID_MESSAGE),
    ("[" * 50_000, RejectReason.INVALID_MESSAGE),
    ('{"op":"ping","id":-1}', RejectReason.INVALID_MESSAGE),
    ('{"op":"subscribe","id":1,"channels":[{"channel":"book"}]}', RejectReason.INVALID_MESSAGE),
    (
        '{"op":"subscribe","id":1,"channels":[{"channel":"book","market":"X"}]}',
        RejectReason.UNKNOWN_MARKET,
    ),
)


async def test_hostile_frames_are_answered_and_the_socket_lives(stack: Stack) -> None:
    async with stack.socket() as socket:
        for frame, code in HOSTILE:
            await socket.send(frame)
            answer = await socket.receive()
            assert (answer["type"], answer["problem"]["code"]) == ("error", code), frame
            assert (await socket.ask({"op": "ping"}))["type"] == "pong"


async def test_a_frame_over_the_limit_ends_the_socket(stack: Stack) -> None:
    async with stack.socket() as socket:
        await socket.send('{"op":"ping","id":"' + "x" * 70_000 + '"}')
        assert await closed_with(socket) == 1009


async def test_origins_and_connections_are_limited(tmp_path: Path) -> None:
    few = limits(connections_per_address=1, subscriptions=1)
    async with running(settings(tmp_path, limits=few)) as stack:
        with pytest.raises(InvalidStatus) as refused:
            async with stack.socket(origin="https://evil.example"):
                pass
        assert refused.value.response.status_code == 403
        async with stack.socket(origin=ORIGIN) as socket:
            with pytest.raises(InvalidStatus):
                async with stack.socket():
                    pass
            two = [BOOK, {"channel": "trades", "market": "ETH-USDC"}]
            answer = await socket.ask({"op": "subscribe", "channels": two})
            assert answer["problem"]["code"] == RejectReason.RATE_LIMITED
            assert (await socket.ask({"op": "subscribe", "channels": [BOOK]}))["type"] == "ack"


async def test_a_slow_reader_gets_a_snapshot_and_others_every_delta(tmp_path: Path) -> None:
    async with running(settings(tmp_path, limits=limits(queued_messages=8))) as stack:
        alice = await stack.trader(1, USDC="1000000")
        async with alice.socket(BOOK) as slow, alice.socket(BOOK) as fast:
            first, _ = stack.services.hub.listeners
            views = {slow: Replica(), fast: Replica()}
            for socket, view in views.items():
                view.apply(await socket.hear("book"))
            for _ in range(9):  # no turn of the loop between them, so none can be sent
                first.offer_book(stack.market("ETH-USDC").id, b"never sent")
            await alice.place("buy", "1", "10")
            for socket, view in views.items():
                while not view.sides["bids"]:
                    view.apply(await socket.hear("book"))
            assert views[slow].sides == views[fast].sides == {"bids": {"10": "1"}, "asks": {}}
            assert (views[slow].snapshots, views[fast].snapshots) == (2, 1)


async def test_a_sender_with_much_to_send_lets_others_have_their_turn(stack: Stack) -> None:
    """A socket that has room never makes its sender wait."""

    class Roomy:
        sent = 0

        async def send(self, message: dict[str, Any]) -> None:
            self.sent += len(message["frames"])

    socket, connection = Roomy(), Connection(stack.services)
    for _ in range(200):
        connection.offer(b"x")
    sending = asyncio.ensure_future(_send(cast("Any", socket), connection))
    turns = list[int]()
    while socket.sent < 200:
        turns.append(socket.sent)
        await asyncio.sleep(0)
    sending.cancel()
    assert turns == [0, *range(20, 200, 20)]


async def test_a_snapshot_is_made_once_between_two_commands(stack: Stack, alice: Trader) -> None:
    """Many who subscribe at once must not hold up the others."""
    hub, market = stack.services.hub, stack.market("ETH-USDC")
    async with alice.socket(BOOK) as socket:
        await socket.hear("book")
        first = hub.snapshot(market)
        assert hub.snapshot(market) is first
        await alice.place("buy", "1", "10")
        await socket.hear("book")
        assert b'["10","1"]' in hub.snapshot(market)


async def test_when_the_hub_falls_behind_books_begin_anew_and_private_sockets_end(
    stack: Stack, alice: Trader
) -> None:
    """A lost report is never silent, nor a lost trade."""
    trades = {"channel": "trades", "market": "ETH-USDC"}
    async with (
        alice.socket({"channel": "orders"}) as private,
        alice.socket(trades) as hears_trades,
        alice.socket(BOOK) as public,
    ):
        assert (await public.hear("book"))["bids"] == []
        subscription = stack.services.hub._subscription
        assert subscription is not None
        subscription._limit = 0
        await alice.place("buy", "1", "10")
        assert await closed_with(private) == 4009
        assert await closed_with(hears_trades) == 4009
        again = await public.hear("book")
        assert (again["kind"], again["bids"]) == ("snapshot", [["10", "1"]])
        await alice.place("buy", "2", "9")
        following = await public.hear("book")
        assert (following["kind"], following["bids"]) == ("delta", [["9", "2"]])
        assert following["previous"] <= again["sequence"]


async def test_open_orders_survive_a_restart(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as stack:
        alice = await stack.trader(1, USDC="1000")
        placed = await alice.place("buy", "1", "10", client_order_id="kept")
        async with alice.socket(BOOK) as socket:
            await socket.hear("book")
            ending = asyncio.ensure_future(closed_with(socket))
            stack.server.should_exit = True
            assert await ending == 1012
    async with running(settings(tmp_path)) as stack:
        alice = await stack.trader(1)
        (kept,) = (await alice.get("/orders/open")).json()["orders"]
        assert kept == placed["order"]
        async with alice.socket(BOOK) as socket:
            assert (await socket.hear("book"))["bids"] == [["10", "1"]]


async def closed_with(socket: Socket) -> int:
    """Read to the end; return the close code."""
    await asyncio.gather(read_all(socket), return_exceptions=True)
    code = socket.connection.close_code
    assert code is not None
    return code


async def read_all(socket: Socket) -> None:
    while True:
        await socket.receive()


async def test_commands_that_come_together_are_one_delta(stack: Stack, alice: Trader) -> None:
    """Its checksum is that of the book after them."""
    market = stack.market("ETH-USDC")
    orders = [
        to_order(
            decode(OrderRequest, encode(alice.order("buy", "1", price))), market, alice.account
        )
        for price in ("10", "11", "10")
    ]
    async with alice.socket(BOOK) as socket:
        view = Replica()
        view.apply(await socket.hear("book"))
        await stack.services.exchange.place_many(orders)
        delta = await socket.hear("book")
        assert delta["bids"] == [["11", "1"], ["10", "2"]]
        assert delta["sequence"] - delta["previous"] >= len(orders)
        assert delta["checksum"] == book_checksum([("11", "1"), ("10", "2")], [])
        view.apply(delta)
        assert view.sides["bids"] == {"11": "1", "10": "2"}
