"""The engine's side: an open exchange behind gRPC.

One stream of requests a gateway, answered as commands become durable; the journal's records to
whoever keeps a replica; events to whoever keeps none. A gateway that reads its answers slowly is
read from slowly, and nobody else notices. When a stream ends, the gateway is gone: what it sent
goes on, and its accounts are no longer connected through it.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from typing import Final

import grpc
import msgspec
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from hybrid_dex import (
    AccountId,
    ClientOrderId,
    ConfigurationError,
    EventBatch,
    Exchange,
    HybridDexError,
    JournalError,
    LinkOptions,
    OrderId,
    SlowFollowerError,
    UnavailableError,
)
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.codec import failure_of
from hybrid_dex_grpc.credentials import peer_name, server_credentials, target_of
from hybrid_dex_grpc.dispatch import Dispatch

__all__ = ["SERVICE", "EngineServer", "serving"]

SERVICE: Final = pb.DESCRIPTOR.services_by_name["Engine"].full_name
_PART_BYTES: Final = 512 * 1024
_RECORDS_BYTES: Final = 256 * 1024
"""Records that wait are joined up to this size."""
_WAITING_RECORDS: Final = 256
_MESSAGE_SHARE: Final = 2
"""Several are joined up to this part of the largest message, as they are counted before it is made."""
_AROUND: Final = 64
"""So many bytes at most a message has around one answer, or one command's events."""
_HEALTH_S: Final = 0.5
_DRAIN_S: Final = 5.0
_GRACE_S: Final = 0.1
"""For answers to be sent; streams have no end of their own to wait for."""

_log: Final = logging.getLogger(__name__)
_json: Final = msgspec.json.Encoder()
_Context = aio.ServicerContext[object, object]


class EngineServer:
    """What the service does; the methods are those of `engine.proto`.

    Args:
        exchange: open as long as this serves.
        options: who is trusted, and what is too much.
    """

    def __init__(self, exchange: Exchange, options: LinkOptions) -> None:
        self._exchange = exchange
        self._options = options
        self._largest = options.max_message_bytes - _AROUND
        self._most_bytes = max(1, options.max_message_bytes // _MESSAGE_SHARE)
        self._part_bytes = min(_PART_BYTES, self._most_bytes)
        self._running: set[asyncio.Task[None]] = set()
        self._answering: set[asyncio.Task[None]] = set()

    async def describe(self, _: pb.DescribeRequest, context: _Context) -> pb.Description:
        """Say what the engine is and how it is."""
        name = peer_name(context)
        return pb.Description(
            versions=self._exchange.versions,
            requires_signature=self._exchange.requires_signature,
            trusted=name in self._options.trusted,
            gateway=name,
            health=_json.encode(self._exchange.health()),
            signed_for=self._options.signed_for,
        )

    async def submit(
        self, requests: AsyncIterator[pb.Requests], context: _Context
    ) -> AsyncIterator[pb.Answers]:
        """Serve a gateway's requests until it ends the stream or is gone."""
        name = peer_name(context)
        _log.info("gateway %s is here", name)
        dispatch = Dispatch(self._exchange, trusted=name in self._options.trusted)
        answers = _Answers(self._options.max_waiting)
        reading = self._start(self._read(requests, dispatch, answers))
        try:
            while (ready := await answers.take()) is not None:
                for message in _answers(ready, self._most_bytes, self._largest):
                    yield message
        finally:
            reading.cancel()
            dispatch.close()
            _log.info("gateway %s is gone", name)

    async def _read(
        self, requests: AsyncIterator[pb.Requests], dispatch: Dispatch, answers: "_Answers"
    ) -> None:
        try:
            async for message in requests:
                for request in message.requests:
                    if request.HasField("presence"):
                        dispatch.presence(request.presence)
                        continue
                    await answers.room()
                    answering = self._start(self._answer(request, dispatch, answers))
                    self._answering.add(answering)
                    answering.add_done_callback(self._answering.discard)
        finally:
            answers.end()

    async def _answer(self, request: pb.Request, dispatch: Dispatch, answers: "_Answers") -> None:
        try:
            answer = await dispatch.answer(request)
        except Exception as error:  # noqa: BLE001 # whatever it is, the gateway must hear of it
            _log.error("a request of a gateway failed", exc_info=error)
            answer = pb.Answer(id=request.id, failure=failure_of(error))
        answers.put(answer)

    def _start(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def drain(self) -> None:
        """Let what was asked for be answered, for a while."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=_DRAIN_S)

    async def get_checkpoint(
        self, request: pb.CheckpointRequest, context: _Context
    ) -> AsyncIterator[pb.CheckpointPart]:
        """Send where a replica begins, the state in parts."""
        try:
            found = await self._exchange.checkpoint(
                request.after if request.HasField("after") else None
            )
        except HybridDexError as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        head = pb.CheckpointHead(versions=found.versions, epoch=found.epoch, head=found.head)
        snapshot = found.snapshot
        if snapshot is None:
            yield pb.CheckpointPart(head=head)
            return
        head.has_snapshot = True
        head.position, head.frame_hash = snapshot.position, snapshot.frame_hash
        head.sequence, head.state_hash = snapshot.sequence, snapshot.state_hash
        head.snapshot_versions = snapshot.versions
        yield pb.CheckpointPart(head=head)
        for part, _ in _cut(snapshot.state, self._part_bytes):
            yield pb.CheckpointPart(state=part)

    async def follow_records(
        self, request: pb.FollowRecordsRequest, context: _Context
    ) -> AsyncIterator[pb.Records]:
        """Send records as they become durable; what waits is joined."""
        waiting: asyncio.Queue[tuple[int, bytes] | Exception | None] = asyncio.Queue(
            _WAITING_RECORDS
        )
        reading = self._start(self._read_records(request.after, waiting))
        try:
            ended = False
            while not ended:
                records: list[pb.Record] = []
                size, found = 0, await waiting.get()
                while True:
                    if not isinstance(found, tuple):
                        ended = True
                        break
                    records += _parts(*found, self._part_bytes)
                    size += len(found[1])
                    if size >= _RECORDS_BYTES or waiting.empty():
                        break
                    found = waiting.get_nowait()
                for message in _messages(records, self._part_bytes):
                    yield message
                if isinstance(found, JournalError) and not isinstance(found, UnavailableError):
                    await context.abort(grpc.StatusCode.OUT_OF_RANGE, str(found))
                if isinstance(found, Exception):
                    await context.abort(grpc.StatusCode.UNAVAILABLE, str(found))
        finally:
            reading.cancel()

    async def _read_records(
        self, after: int, waiting: "asyncio.Queue[tuple[int, bytes] | Exception | None]"
    ) -> None:
        try:
            async for record in self._exchange.records(after):
                await waiting.put(record)
        except HybridDexError as error:
            await waiting.put(error)
            return
        await waiting.put(None)

    async def follow_events(
        self, request: pb.FollowEventsRequest, context: _Context
    ) -> AsyncIterator[pb.EventBatches]:
        """Send what commands did; what waits is joined."""
        try:
            async with self._exchange.subscribe(request.after) as events:
                async for batch in events:
                    waiting = (batch, *events.take())
                    for message in _event_batches(waiting, self._most_bytes, self._largest):
                        yield message
        except SlowFollowerError as error:
            await context.abort(grpc.StatusCode.OUT_OF_RANGE, str(error))

    async def get_order(self, request: pb.GetOrderRequest, context: _Context) -> pb.OrderView:
        """Send one order."""
        view = self._exchange.view
        if request.WhichOneof("by") == "client":
            account = AccountId(request.client.account)
            order = view.order_by_client_id(account, ClientOrderId(request.client.client_order_id))
        else:
            order = view.order(OrderId(request.order_id))
        if order is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such order")
        return pb.OrderView(order=_json.encode(order))

    def handlers(self) -> grpc.GenericRpcHandler:
        """Return the service as gRPC takes it."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Describe": grpc.unary_unary_rpc_method_handler(
                    self.describe,
                    pb.DescribeRequest.FromString,
                    pb.Description.SerializeToString,
                ),
                "Submit": grpc.stream_stream_rpc_method_handler(
                    self.submit, pb.Requests.FromString, pb.Answers.SerializeToString
                ),
                "GetCheckpoint": grpc.unary_stream_rpc_method_handler(
                    self.get_checkpoint,
                    pb.CheckpointRequest.FromString,
                    pb.CheckpointPart.SerializeToString,
                ),
                "FollowRecords": grpc.unary_stream_rpc_method_handler(
                    self.follow_records,
                    pb.FollowRecordsRequest.FromString,
                    pb.Records.SerializeToString,
                ),
                "FollowEvents": grpc.unary_stream_rpc_method_handler(
                    self.follow_events,
                    pb.FollowEventsRequest.FromString,
                    pb.EventBatches.SerializeToString,
                ),
                "GetOrder": grpc.unary_unary_rpc_method_handler(
                    self.get_order,
                    pb.GetOrderRequest.FromString,
                    pb.OrderView.SerializeToString,
                ),
            },
        )

    async def watch(self, servicer: health.aio.HealthServicer) -> None:
        """Say how the engine is to whoever asks in gRPC's own way."""
        told = health_pb2.HealthCheckResponse
        while True:
            ready = self._exchange.health().ready
            status = told.SERVING if ready else told.NOT_SERVING
            for name in (SERVICE, ""):
                await servicer.set(name, status)
            await asyncio.sleep(_HEALTH_S)


class _Answers:
    """Answers on their way to one gateway, and how many it may still ask for."""

    def __init__(self, most: int) -> None:
        self._ready: deque[pb.Answer] = deque()
        self._wake = asyncio.Event()
        self._room = asyncio.Semaphore(most)
        self._unanswered = 0
        self._ended = False

    async def room(self) -> None:
        await self._room.acquire()
        self._unanswered += 1

    def put(self, answer: pb.Answer) -> None:
        self._unanswered -= 1
        self._ready.append(answer)
        self._wake.set()

    def end(self) -> None:
        """The gateway asks for nothing more."""
        self._ended = True
        self._wake.set()

    async def take(self) -> list[pb.Answer] | None:
        """Return what is ready, at least one; ``None`` once all is answered and nothing comes."""
        while not self._ready:
            if self._ended and not self._unanswered:
                return None
            self._wake.clear()
            await self._wake.wait()
        ready = list(self._ready)
        self._ready.clear()
        for _ in ready:
            self._room.release()
        return ready


def _answers(ready: list[pb.Answer], most: int, largest: int) -> Iterator[pb.Answers]:
    """Join answers into messages up to ``most`` bytes; one that alone is above ``largest`` goes in parts."""
    some: list[pb.Answer] = []
    size = 0
    for answer in ready:
        more = answer.ByteSize()
        if some and size + more > most:
            yield pb.Answers(answers=some)
            some, size = [], 0
        if more > largest:
            for part, last in _cut(answer.SerializeToString(), most):
                yield pb.Answers(part=part, last=last)
            continue
        some.append(answer)
        size += more
    if some:
        yield pb.Answers(answers=some)


def _event_batches(
    batches: Iterable[EventBatch], most: int, largest: int
) -> Iterator[pb.EventBatches]:
    """As `_answers`, of what commands did; no more is encoded ahead than a message holds."""
    some: list[bytes] = []
    size = 0
    for batch in batches:
        raw = _json.encode(batch)
        if some and size + len(raw) > most:
            yield pb.EventBatches(batches=some)
            some, size = [], 0
        if len(raw) > largest:
            for part, last in _cut(raw, most):
                yield pb.EventBatches(part=part, last=last)
            continue
        some.append(raw)
        size += len(raw)
    if some:
        yield pb.EventBatches(batches=some)


def _cut(raw: bytes, most: int) -> Iterator[tuple[bytes, bool]]:
    """Yield parts of at most so many bytes, and whether each is the last."""
    for start in range(0, len(raw), most):
        yield raw[start : start + most], start + most >= len(raw)


def _parts(position: int, raw: bytes, most: int) -> list[pb.Record]:
    """Return a record in as many parts as it takes."""
    return [
        pb.Record(position=position, content=part, continues=not last)
        for part, last in _cut(raw, most)
    ]


def _messages(records: list[pb.Record], most: int) -> list[pb.Records]:
    """Join parts into messages that are not too large."""
    messages: list[pb.Records] = []
    size = 0
    for record in records:
        if not messages or size + len(record.content) > most:
            messages.append(pb.Records())
            size = 0
        messages[-1].records.append(record)
        size += len(record.content)
    return messages


@contextlib.asynccontextmanager
async def serving(exchange: Exchange, address: str, options: LinkOptions) -> AsyncIterator[str]:
    """Let gateways reach an open exchange; yield the address that is really listened at.

    Raises:
        ConfigurationError: the address or the options can not be used.
    """
    target = target_of(address)
    credentials = server_credentials(target, options)
    server = aio.server(
        options=[
            ("grpc.max_receive_message_length", options.max_message_bytes),
            ("grpc.max_send_message_length", options.max_message_bytes),
            ("grpc.keepalive_time_ms", int(options.keepalive_s * 1000)),
            ("grpc.keepalive_timeout_ms", int(options.keepalive_s * 1000)),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 1_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.so_reuseport", 0),
        ],
    )
    service = EngineServer(exchange, options)
    server.add_generic_rpc_handlers((service.handlers(),))
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection(
        (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    try:
        if credentials is None:
            port = server.add_insecure_port(target)
        else:
            port = server.add_secure_port(target, credentials)
    except RuntimeError as error:
        raise ConfigurationError(
            f"{address} can not be listened at; end what holds it, or choose another: {error}"
        ) from error
    await server.start()
    watching = asyncio.create_task(service.watch(checks), name="gRPC health")
    try:
        host, colon, _ = target.rpartition(":")
        yield f"grpc://{target}" if target.startswith("unix:") else f"grpc://{host}{colon}{port}"
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await service.drain()
        await server.stop(_GRACE_S)
