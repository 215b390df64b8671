"""HTTP calls: what an answer means, and what may be sent again."""

from collections.abc import Mapping

import httpx
import pytest

from hybrid_dex.client import ExchangeClient, HttpReply, HttpxPort, UnreachableError
from hybrid_dex.client.http import HttpCaller
from hybrid_dex.errors import ConfigurationError, RefusedError, UnknownOutcomeError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import TimeAnswer, encode, problem

GOOD = HttpReply(200, {}, encode(TimeAnswer(time_ms=5)))


def refusal(reason: RejectReason, **headers: str) -> HttpReply:
    """An answer that refuses."""
    document = problem(reason, "why", field="price", valid="another")
    return HttpReply(document.status, headers, encode(document))


class Script:
    """A port that answers from a list; an exception in it is raised."""

    def __init__(self, *replies: HttpReply | Exception) -> None:
        self.replies = list(replies)
        self.sent = 0

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: bytes | None,
        token: str | None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        """Answer with the next."""
        self.sent += 1
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def close(self) -> None:
        """Nothing to close."""


async def call(script: Script, method: str = "POST") -> TimeAnswer:
    """Call with three attempts."""
    return await HttpCaller(script, attempts=3).call(TimeAnswer, method, "/time")


async def test_a_refusal_is_an_error_with_number_field_and_valid_form() -> None:
    """And is not sent again."""
    script = Script(refusal(RejectReason.INVALID_PRICE))
    with pytest.raises(RefusedError) as caught:
        await call(script)
    assert (caught.value.code, caught.value.field) == (1001, "price")
    assert "why; valid: another" in caught.value.detail
    assert script.sent == 1


@pytest.mark.parametrize("reason", [RejectReason.RATE_LIMITED, RejectReason.UNAVAILABLE])
async def test_what_did_nothing_is_sent_again(reason: RejectReason) -> None:
    """The exchange said so itself; after the last attempt the refusal remains."""
    script = Script(refusal(reason, **{"retry-after": "0"}), refusal(reason), GOOD)
    assert (await call(script)).time_ms == 5
    script = Script(*[refusal(reason)] * 3)
    with pytest.raises(RefusedError):
        await call(script)
    assert script.sent == 3


@pytest.mark.parametrize(
    "reply",
    [
        UnknownOutcomeError("lost"),
        HttpReply(502, {}, b"<html>bad gateway</html>"),
        HttpReply(200, {}, b"<html>"),
        HttpReply(200, {}, b""),
    ],
)
async def test_what_may_have_been_done_is_sent_again_only_if_it_reads(
    reply: HttpReply | Exception,
) -> None:
    """A lost answer to an order is for its sender to resolve."""
    script = Script(reply, GOOD)
    with pytest.raises(UnknownOutcomeError):
        await call(script)
    assert script.sent == 1
    assert (await call(Script(reply, GOOD), "GET")).time_ms == 5
    again = HttpCaller(Script(reply, GOOD), attempts=3)
    assert (await again.call(TimeAnswer, "POST", "/x", repeatable=True)).time_ms == 5


async def test_what_was_not_sent_is_sent_again() -> None:
    """Safe for every method."""
    assert (await call(Script(UnreachableError("no"), GOOD))).time_ms == 5


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("refused"), UnreachableError),
        (httpx.ConnectTimeout("slow"), UnreachableError),
        (httpx.ReadTimeout("slow"), UnknownOutcomeError),
        (httpx.RemoteProtocolError("closed"), UnknownOutcomeError),
    ],
)
async def test_httpx_says_whether_a_request_was_sent(
    error: Exception, expected: type[Exception]
) -> None:
    """Foreign errors end at the port."""

    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    port = HttpxPort("http://x.example", transport=httpx.MockTransport(fail))
    with pytest.raises(expected):
        await port.request("POST", "/orders", query={}, body=b"{}", token=None)
    await port.close()


async def test_httpx_sends_token_body_and_query() -> None:
    """As the gateway wants them; nothing is followed elsewhere."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(307, headers={"location": "http://evil.example/"})

    port = HttpxPort("http://x.example/api", transport=httpx.MockTransport(answer))
    reply = await port.request("POST", "/orders", query={"a": "b c"}, body=b"{}", token="t")
    await port.close()
    [request] = seen
    assert str(request.url) == "http://x.example/api/orders?a=b+c"
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["content-type"] == "application/json"
    assert reply.status == 307


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8000",
        "exchange.example",
        "ftp://a",
        "http://",
        "",
        "http://127.0.0.1:80000",
        "http://127.0.0.1:port",
        "http://[::1",
        "http://127.0.0.1:8000\n",
        " http://127.0.0.1:8000",
        "http://a b",
    ],
)
def test_what_is_no_address_of_an_exchange_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the exchange's URL is .*; valid: such as http"):
        ExchangeClient(url)


def test_the_scheme_of_an_address_may_be_in_capitals() -> None:
    ExchangeClient("HTTP://127.0.0.1:8000")
