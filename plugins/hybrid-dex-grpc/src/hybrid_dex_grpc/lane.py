"""Lane: requests to the engine and their answers, over one stream that may break at any time.

What waits while a message is sent leaves in the next one together. When the stream breaks, nobody
knows what became of the requests that were sent and not answered. Those that may be sent twice - all
of whose orders have a client order id, which the engine keeps from entering twice - are sent again
once there is another stream; the others' outcome is unknown, and their callers are told so. So it is
where the second answer only says that nothing is taken now, which tells nothing of the first. What was
never sent has not happened.
"""

import asyncio
import contextlib
import itertools
import logging
from collections import deque
from typing import Final, TypeAlias

import attrs
import grpc
from google.protobuf.message import Message
from grpc import aio

from hybrid_dex import (
    HybridDexError,
    Refusal,
    RejectReason,
    UnavailableError,
    UnknownOutcomeError,
)
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.channel import EngineChannel, told
from hybrid_dex_grpc.codec import error_of, to_outcome

__all__ = ["Lane"]

_REQUESTS_A_MESSAGE: Final = 256
_MESSAGE_SHARE: Final = 2
"""A message is cut at this part of the largest, as requests are only counted before it is made."""
_NOT_NOW: Final = (RejectReason.RECEIVE_WINDOW, RejectReason.SETTLEMENT_BACKLOG)
_RETRY_S: Final = 0.05
_RETRY_MAX_S: Final = 1.0

_Call: TypeAlias = "aio.StreamStreamCall[Message, pb.Answers]"
_log: Final = logging.getLogger(__name__)


@attrs.define(eq=False)
class _Waiting:
    """A request without an answer.

    Attributes:
        request: as it is sent.
        again: whether it may be sent twice.
        answer: resolves with the outcomes.
        sent: whether it was sent on the stream that is or was open.
        doubted: whether it was sent on one that broke.
    """

    request: pb.Request
    again: bool
    answer: "asyncio.Future[list[pb.Outcome]]"
    sent: bool = False
    doubted: bool = False


class Lane:
    """Sends requests.

    Args:
        channel: to the engine.
        answer_s: how long an answer is waited for, seconds.
        most: requests that may wait for answers; more are refused.
        max_bytes: the largest message.
    """

    def __init__(
        self, channel: EngineChannel, *, answer_s: float, most: int, max_bytes: int
    ) -> None:
        self._channel = channel
        self._answer_s = answer_s
        self._most = most
        self._message_bytes = max_bytes // _MESSAGE_SHARE
        self._ids = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._queue: deque[_Waiting] = deque()
        self._present: dict[str, int] = {}
        self._changed: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._closed = ""
        self._down = "the engine was not reached yet"
        self.up: Final = asyncio.Event()
        """Set once the engine was reached for the first time."""

    @property
    def down(self) -> str:
        """Why nothing can be sent now, or an empty text."""
        return self._closed or self._down

    async def ask(self, request: pb.Request, *, again: bool = False) -> list[pb.Outcome]:
        """Send a request and return its outcomes.

        Args:
            request: without an id.
            again: whether it may be sent twice.

        Raises:
            UnavailableError: the engine can not be reached, or too much waits; nothing happened.
            UnknownOutcomeError: it was sent, and no answer came.
            HybridDexError: what the engine failed with.
        """
        if self.down:
            raise UnavailableError(self.down)
        if len(self._waiting) >= self._most:
            raise UnavailableError(
                f"{self._most} requests wait for the engine, as many as may; try again later"
            )
        if request.ByteSize() > self._message_bytes:
            raise UnavailableError(f"a request has at most {self._message_bytes} bytes")
        request.id = next(self._ids)
        answer: asyncio.Future[list[pb.Outcome]] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(request, again, answer)
        self._waiting[request.id] = waiting
        self._queue.append(waiting)
        self._wake.set()
        try:
            async with asyncio.timeout(self._answer_s):
                return await answer
        except TimeoutError:
            if not waiting.sent:
                raise UnavailableError("the engine did not take it in time") from None
            raise UnknownOutcomeError(
                f"the engine did not answer within {self._answer_s} s; it may have been done"
            ) from None
        finally:
            self._waiting.pop(request.id, None)

    def present(self, account: str, connections: int) -> None:
        """Say how many connections an account has here, now and after each reconnection."""
        if connections:
            self._present[account] = connections
        else:
            self._present.pop(account, None)
        self._changed[account] = None
        self._wake.set()

    async def run(self) -> None:
        """Keep a stream open until closed."""
        wait_s = _RETRY_S
        while not self._closed:
            call = self._channel.submit()
            try:
                await call.wait_for_connection()
                wait_s = _RETRY_S
                await self._use(call)
                self._down = "the engine ended the stream"
            except (grpc.RpcError, asyncio.InvalidStateError) as error:
                if not self._down:
                    _log.warning("the stream to the engine broke: %s", told_of(error))
                self._down = f"the engine can not be reached: {told_of(error)}"
            finally:
                call.cancel()
                self._broke()
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _RETRY_MAX_S)

    def close(self, reason: str) -> None:
        """Take nothing more. Safe to call twice."""
        self._closed = self._closed or reason
        self._broke()
        for waiting in self._waiting.values():  # those that would be sent again
            self._fail(waiting, UnknownOutcomeError(f"{self._closed}; it may have been done"))

    async def _use(self, call: _Call) -> None:
        """Send and receive until either ends."""
        self._queue = deque(one for one in self._waiting.values() if not one.answer.done())
        self._changed = dict.fromkeys(self._present)
        self._down = ""
        self.up.set()
        async with contextlib.AsyncExitStack() as stack:
            tasks = [asyncio.create_task(self._send(call)), asyncio.create_task(self._hear(call))]
            for task in tasks:
                stack.callback(task.cancel)
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def _send(self, call: _Call) -> None:
        while True:
            while not (self._queue or self._changed):
                self._wake.clear()
                await self._wake.wait()
            message = pb.Requests()
            for account in self._changed:
                presence = pb.Presence(account=account, connections=self._present.get(account, 0))
                message.requests.append(pb.Request(presence=presence))
            self._changed.clear()
            size = 0
            while self._queue and len(message.requests) < _REQUESTS_A_MESSAGE:
                waiting = self._queue[0]
                size += waiting.request.ByteSize()
                if message.requests and size > self._message_bytes:
                    break
                self._queue.popleft()
                if waiting.answer.done():  # nobody waits any more
                    continue
                waiting.sent = True
                message.requests.append(waiting.request)
            if message.requests:
                await call.write(message)

    async def _hear(self, call: _Call) -> None:
        parts: list[bytes] = []  # of an answer that is too large for a message
        async for message in call:
            answers = list(message.answers)
            if message.part:
                parts.append(message.part)
            if message.last:
                answers.append(pb.Answer.FromString(b"".join(parts)))
                parts.clear()
            for answer in answers:
                waiting = self._waiting.get(answer.id)
                if waiting is None or waiting.answer.done():
                    continue
                if waiting.doubted and _says_only_not_now(answer):
                    known = "it was sent before and may have been done; ask by its client order id"
                    waiting.answer.set_exception(UnknownOutcomeError(known))
                elif answer.HasField("failure"):
                    waiting.answer.set_exception(error_of(answer.failure))
                else:
                    waiting.answer.set_result(list(answer.outcomes))

    def _broke(self) -> None:
        """Answer whoever waits and is not sent again."""
        for waiting in self._waiting.values():
            if waiting.again and not self._closed:
                waiting.doubted = waiting.doubted or waiting.sent
                continue
            reason = self.down
            if waiting.sent:
                self._fail(waiting, UnknownOutcomeError(f"{reason}; it may have been done"))
            else:
                self._fail(waiting, UnavailableError(f"{reason}; it was not sent"))

    def _fail(self, waiting: _Waiting, error: HybridDexError) -> None:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


def _says_only_not_now(answer: pb.Answer) -> bool:
    """Whether an engine refused before it looked whether it knows the order already."""
    if answer.HasField("failure"):
        return isinstance(error_of(answer.failure), UnavailableError)
    found = [to_outcome(one) for one in answer.outcomes if one.HasField("refusal")]
    return any(isinstance(one, Refusal) and one.reason in _NOT_NOW for one in found)


def told_of(error: Exception) -> str:
    """Return what broke a stream, in one line."""
    return told(error) if isinstance(error, grpc.RpcError) else str(error) or type(error).__name__
