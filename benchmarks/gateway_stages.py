"""Where the time of an order goes: each stage of the socket's path alone, beside a bare recovery.

Nothing listens and nothing waits: the same functions that the gateway calls, in its order, on the
same orders, a turn's worth at a time. A round runs every stage once over fresh orders, so a busy
machine slows all of them alike; what counts is the median of the ratios to the recovery of the
same round. Processor time throughout.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import attrs
import msgspec
from uvicorn.server import ServerState

from benchmarks.gateway_clients import HANDSHAKE
from benchmarks.gateway_exchange import MARKET, TRADERS, settings
from benchmarks.gateway_orders import client_frame, wallet_orders
from benchmarks.signing import bare
from hybrid_dex import Engine, SortedBook, StandardRisk
from hybrid_dex.defaults.journal_segment import encode_record
from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.defaults.standard_risk import RiskLimits
from hybrid_dex.exchange.replay import apply_command
from hybrid_dex.exchange.requests import place_command
from hybrid_dex.feed import Feed
from hybrid_dex.model.commands import Command, Deposit, ListMarket, PlaceOrder
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.frame import FRAME_VERSION, Frame, FrameKind, as_journaled, encode_frame
from hybrid_dex.model.signed_order import Authorization, SignedOrder
from hybrid_dex.model.units import AccountId, MarketId, Sequence, TimestampNs
from hybrid_dex.signing import Domain, ProvenTrees, authorize, order_digest
from hybrid_dex.wire import (
    PlaceOp,
    decode_client_message,
    encode,
    encode_ack,
    order_request,
    to_order,
)
from reference_app.answers import placed_answer
from reference_app.app import compose
from reference_app.frames import text_frame
from reference_app.hub import Hub
from reference_app.protocols import frames_event
from reference_app.server import make_server

TURN: Final = 64
_TERMS: Final = MARKET.market()

Budget = dict[str, float]
"""Stage to its time, in bare recoveries; under ``recover_us`` the microseconds of one."""


class _Wire(asyncio.Transport):
    """A transport that swallows what is written."""

    def write(self, data: Any) -> None:  # noqa: ANN401 # bytes of any kind
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 # as its base
        return ("127.0.0.1", 1) if name in {"peername", "sockname"} else default

    def close(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


@attrs.define
class Clock:
    """Adds up the processor time of one round's stages."""

    used: dict[str, float] = attrs.field(factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what happens inside to a stage."""
        begun = time.process_time_ns()
        yield
        self.used[name] = self.used.get(name, 0.0) + time.process_time_ns() - begun


class Course:
    """The stages' machines, as one exchange has them."""

    def __init__(self, where: Domain, records: SqlRecords) -> None:
        self._where = where
        self._records = records
        risk = StandardRisk(RiskLimits(open_orders=None, daily_volume=None))
        self._engine = Engine(book=SortedBook, risk=risk)
        self._sequence = 0
        self._feed = Feed()
        self._previous = bytes(32)
        self._early: list[EventBatch] = []
        self._do(ListMarket(market=_TERMS))
        for signer in TRADERS:
            for asset in (_TERMS.base, _TERMS.quote):
                account = AccountId(signer.address)
                self._do(Deposit(account=account, asset=asset.id, amount=asset.parse("1000000000")))
        client: Any = SimpleNamespace(view=self._engine)
        self._hub = Hub(client, records, now_ns=time.time_ns)
        self._hub._feed = Feed.of(self._engine)  # noqa: SLF001 # it follows by hand here
        self._hub.prices.begin()

    def _do(self, command: Command) -> None:
        (stamped,) = self._stamp([command])
        self._early.append(apply_command(self._engine, stamped)[1])

    def _stamp(self, commands: list[Any]) -> list[Any]:
        stamped = [
            msgspec.structs.replace(
                command,
                sequence=Sequence(self._sequence + index),
                at_ns=TimestampNs(time.time_ns()),
            )
            for index, command in enumerate(commands, 1)
        ]
        self._sequence += len(commands)
        return stamped

    async def begin(self) -> None:
        """Let the records know what was before."""
        await self._records.project(self._early)
        self._socket = _socket()
        await asyncio.sleep(0.05)
        self._hub.hear("book", _Reader(), market=MarketId(MARKET.id))  # type: ignore[arg-type] # all that the hub calls

    async def end(self) -> None:
        """Close what was opened."""
        self._socket.queue.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.sleep(0.05)
        await self._records.close()

    async def round(self, orders: list[SignedOrder]) -> dict[str, float]:
        """Take orders all the way; return the processor time of every stage, nanoseconds."""
        clock = Clock()
        recover = bare(orders, [order_digest(order, self._where) for order in orders])
        frames = [
            client_frame(encode(PlaceOp(id=number, order=order_request(order, _TERMS))))
            for number, order in enumerate(orders)
        ]
        with clock.stage("recover"):
            recover()
        done: list[EventBatch] = []
        for at in range(0, len(orders), TURN):
            done += await self._turn(clock, b"".join(frames[at : at + TURN]))
        with clock.stage("tell the records"):
            msgspec.json.encode(done)
        with clock.stage("records"):
            await self._records.project(done)
        return clock.used

    async def _turn(self, clock: Clock, data: bytes) -> list[EventBatch]:
        socket = self._socket
        with clock.stage("receive"):
            socket.data_received(data)
            texts = socket.queue.get_nowait()["texts"]
        with clock.stage("decode"):
            messages = [decode_client_message(text) for text in texts]
        assert all(isinstance(message, PlaceOp) for message in messages)
        account = AccountId(TRADERS[0].address)
        with clock.stage("decode"):
            orders = [to_order(one.order, _TERMS, account) for one in messages]  # type: ignore[union-attr] # see above
        trees = ProvenTrees()
        with clock.stage("verify"):
            verdicts = [authorize(one, self._where, trees) for one in orders]  # type: ignore[arg-type] # all are signed
        assert all(isinstance(verdict, Authorization) for verdict in verdicts)
        with clock.stage("journal"):
            commands: list[PlaceOrder] = self._stamp(
                [
                    as_journaled(place_command(order, verdict))  # type: ignore[arg-type] # as above
                    for order, verdict in zip(orders, verdicts, strict=True)
                ]
            )
            self._write(commands)
        with clock.stage("risk and match"):
            applied = [apply_command(self._engine, command) for command in commands]
        happened = [batch for _, batch in applied]
        with clock.stage("publish"):
            self._hub.tell(happened)
        with clock.stage("acknowledge"):
            acks = [
                text_frame(encode_ack(message.id, placed_answer(self._engine, answer)))  # type: ignore[arg-type] # an engine is a view
                for message, (answer, _) in zip(messages, applied, strict=True)
            ]
        with clock.stage("send"):
            await socket.send(frames_event(acks))
        return happened

    def _write(self, commands: list[PlaceOrder]) -> None:
        """What is done to a frame but for the write and the sync, which are the disk's."""
        frame = Frame(
            version=FRAME_VERSION,
            kind=FrameKind.COMMANDS,
            epoch=1,
            leader="exchange",
            at_ns=commands[-1].at_ns,
            previous=self._previous,
            commands=tuple(commands),
        )
        raw = encode_frame(frame)
        self._previous = raw[-32:]
        encode_record(1, self._sequence, self._sequence, raw)


class _Reader:
    """A listener that lets everything go by."""

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_args: None


def _socket() -> Any:  # noqa: ANN401 # uvicorn's protocol has no public type
    """Return the server's own protocol on a wire that leads nowhere, its handshake done."""
    chosen = settings(Path())
    server = make_server(chosen, compose(chosen), opens=False)
    server.config.load()

    async def app(_scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 # ASGI
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    server.config.loaded_app = app
    socket = server.config.ws_protocol_class(
        config=server.config, server_state=ServerState(), app_state={}
    )
    socket.connection_made(_Wire())  # type: ignore[arg-type] # all that is used of one
    socket.data_received(HANDSHAKE)
    return socket


def budget(where: Domain, rounds: int) -> Budget:
    """Return what each stage costs, in bare recoveries."""

    async def run() -> list[dict[str, float]]:
        with tempfile.TemporaryDirectory(dir=".") as folder:
            records = SqlRecords(f"sqlite:///{folder}/records.sqlite")
            await records.open()
            path = Course(where, records)
            await path.begin()
            found = []
            for number in range(rounds + 1):
                orders = wallet_orders(TRADERS[0], 4 * TURN, where)
                if number == 1:
                    gc.collect()
                    gc.freeze()
                found.append(await path.round(orders))
            await path.end()
            return found[1:]

    used = asyncio.run(run())
    stages = [name for name in used[0] if name != "recover"]
    recover_us = statistics.median(one["recover"] for one in used) / (4 * TURN) / 1e3
    made = {name: statistics.median(one[name] / one["recover"] for one in used) for name in stages}
    return made | {"recover_us": recover_us}
