"""Answers in one write say, byte for byte, what uvicorn says in two."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from reference_app.tests.wire import Wire
from reference_app.whole_answers import in_one_write
from tests.tiers import count

ANSWERS = count(fast=500, full=20_000)
Events = Sequence[dict[str, Any]]


class Sent:
    """What an app's events came to, with our way of writing or without."""

    def __init__(
        self, events: Events, *, whole: bool, method: str = "GET", keep_alive: bool = True
    ) -> None:
        self.transport, self.ended = Wire(), 0
        self.flow = FlowControl(self.transport)
        self.cycle = RequestResponseCycle(
            scope={"type": "http", "method": method},  # type: ignore[arg-type,typeddict-item] # all it reads
            transport=self.transport,
            flow=self.flow,
            logger=logging.getLogger("nobody's"),
            access_logger=logging.getLogger("nobody's"),
            access_log=False,
            default_headers=[(b"date", b"today")],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=keep_alive,
            on_response=self.end,
        )
        self._whole, self._events = whole, events

    def end(self) -> None:
        self.ended += 1

    async def run(self) -> "Sent":
        async def app(_: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
            for event in self._events:
                await send(event)  # type: ignore[arg-type] # some are none that an app may send

        served: ASGI3Application = in_one_write(self.cycle, app) if self._whole else app
        await self.cycle.run_asgi(served)
        return self

    @property
    def seen(self) -> tuple[bytes, bool, bool, int]:
        """What client and server see of it."""
        cycle, transport = self.cycle, self.transport
        return transport.written, transport.closed, cycle.response_complete, self.ended


def start(headers: Sequence[tuple[bytes, bytes]], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(text: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, "more_body": more}


def some_answer(rng: Random) -> Events:
    """Events of an app, right and wrong ones."""
    text = rng.randbytes(rng.choice((0, 1, 100)))
    headers = [(rng.choice((b"x-one", b"X-Two")), b"value %d" % rng.randrange(9))]
    if rng.random() < 0.8:
        said = len(text) + rng.choice((0, 0, 0, 0, 1, -1))
        headers.append((rng.choice((b"content-length", b"Content-Length")), b"%d" % max(0, said)))
    if rng.random() < 0.2:
        headers.append(
            rng.choice(
                [
                    (b"connection", b"close"),
                    (b"Connection", b"keep-alive"),
                    (b"transfer-encoding", b"chunked"),
                    (b"content-length", b"%d" % len(text)),
                    (b"bad name", b"x"),
                    (b"bad", b"value\r\nset-cookie: x"),
                ]
            )
        )
    rng.shuffle(headers)
    events = [start(headers, rng.choice((200, 201, 204, 304, 404, 500)))]
    cut = rng.randrange(len(text) + 1)
    events += [body(text[:cut], more=True)] if cut and rng.random() < 0.3 else []
    events.append(body(text[cut:] if len(events) > 1 else text))
    if rng.random() < 0.1:
        events.append(rng.choice((start([]), body(b"more"))))
    if rng.random() < 0.1:
        del events[rng.randrange(len(events))]
    return events


async def test_what_is_sent_is_what_uvicorn_sends(
    rng: Random,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    """Byte for byte, wrong answers too; but where an answer breaks off the client hears of it."""
    caplog.set_level(logging.CRITICAL)
    in_one = 0
    for _ in range(ANSWERS):
        events, method = some_answer(rng), rng.choice(("GET", "POST", "HEAD"))
        keep = rng.random() < 0.8
        theirs, ours = [
            await Sent(events, whole=whole, method=method, keep_alive=keep).run()
            for whole in (False, True)
        ]
        in_one += len(ours.transport.writes) == 1 < len(theirs.transport.writes)
        if theirs.seen != ours.seen:  # theirs is a head without an end
            assert not theirs.cycle.response_complete
            assert ours.transport.writes[0].startswith(b"HTTP/1.1 500 ")
    assert in_one > ANSWERS / 5
    record_property("figure", f"{ANSWERS} answers, {in_one} of them in one write: the same bytes")


async def test_a_whole_answer_is_one_write() -> None:
    sent = await Sent([start([(b"content-length", b"2")]), body(b"{}")], whole=True).run()
    assert sent.transport.writes == [
        b"HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\n\r\n{}"
    ]
    assert (sent.ended, sent.transport.closed) == (1, False)


async def test_a_client_that_does_not_read_is_waited_for() -> None:
    sent = Sent([start([(b"content-length", b"2")]), body(b"{}")], whole=True)
    sent.flow.pause_writing()
    running = asyncio.create_task(sent.run())
    await asyncio.sleep(0.01)
    assert not sent.transport.writes
    sent.cycle.keep_alive = False  # the server ends meanwhile
    sent.flow.resume_writing()
    await running
    assert b"connection: close" in sent.transport.writes[0]
    assert sent.transport.closed


async def test_who_has_gone_is_told_nothing() -> None:
    sent = Sent([start([(b"content-length", b"2")]), body(b"{}")], whole=True)
    sent.cycle.disconnected = True
    await sent.run()
    assert not sent.transport.writes
