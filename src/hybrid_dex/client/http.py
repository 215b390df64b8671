"""HTTP calls: a small port, its httpx implementation, and what an answer means.

A call ends in the answer's message, a `RefusedError` with the exchange's reason, an
`UnreachableError` (not sent), or an `UnknownOutcomeError` (sent, no answer). Calls that only read
are repeated; others are repeated only when the exchange itself said that nothing was done.
"""

from collections.abc import Mapping
from typing import Final, Protocol, TypeVar

import attrs
import httpx
import stamina

from hybrid_dex.client.errors import UnreachableError, refused
from hybrid_dex.client.paths import base_url
from hybrid_dex.errors import FormatError, RefusedError, UnknownOutcomeError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import MAX_SERVER_MESSAGE_BYTES, Problem, decode

__all__ = ["NOTHING_DONE", "HttpCaller", "HttpPort", "HttpReply", "HttpxPort", "RetryLaterError"]

_T = TypeVar("_T")

_OK: Final = range(200, 300)
_JSON: Final = "application/json"
_MAX_WAIT_S: Final = 30.0
NOTHING_DONE: Final = frozenset({RejectReason.RATE_LIMITED.value, RejectReason.UNAVAILABLE.value})
"""The exchange did not look at the request; it may do the same one later."""


@attrs.frozen
class HttpReply:
    """An answer: status, headers with lower-case names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpPort(Protocol):
    """Sends one request."""

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
        """Return the answer, whatever its status. ``headers`` go with it as they are.

        Raises:
            UnreachableError: the request was not sent.
            UnknownOutcomeError: it may have been.
        """
        ...

    async def close(self) -> None:
        """Release everything. Safe to call twice."""
        ...


class HttpxPort:
    """The port on httpx.

    Args:
        url: the exchange's base URL.
        timeout_s: how long connecting, sending and receiving may take, each.
        transport: another transport, such as `httpx.ASGITransport` for an app in this process.
        auth: signs each request as it leaves, such as `KeyAuth`.

    Raises:
        ConfigurationError: the URL is none.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
        auth: httpx.Auth | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url(url),
            timeout=timeout_s,
            transport=transport,
            auth=auth,
            follow_redirects=False,
        )

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
        """Return the answer; see `HttpPort`."""
        sent = {"accept": _JSON} | dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if body is not None:
            sent["content-type"] = _JSON
        try:
            reply = await self._client.request(
                method, path, params=dict(query), content=body, headers=sent
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise UnreachableError(f"{method} {path} was not sent: {_said(error)}") from error
        except httpx.HTTPError as error:
            raise UnknownOutcomeError(f"no answer to {method} {path}: {_said(error)}") from error
        return HttpReply(reply.status_code, dict(reply.headers), reply.content)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class RetryLaterError(RefusedError):
    """The exchange did nothing and may be asked again after `wait_s` seconds."""

    def __init__(self, refusal: RefusedError, wait_s: float | None) -> None:
        super().__init__(refusal.code, refusal.field, refusal.detail)
        self.wait_s = wait_s


@attrs.frozen
class HttpCaller:
    """Calls with bounded repetition.

    Attributes:
        port: sends.
        attempts: how often a call is tried in all.
    """

    port: HttpPort
    attempts: int = 5

    async def call(
        self,
        answer: type[_T],
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> _T:
        """Return the answer to a request.

        ``repeatable`` says that what was done already is not done twice, as with every GET.

        Raises:
            RefusedError, UnreachableError, UnknownOutcomeError: see the module.
        """
        repeatable = repeatable or method == "GET"

        def again(error: Exception) -> bool | float:
            if isinstance(error, RetryLaterError):
                return True if error.wait_s is None else error.wait_s
            return isinstance(error, UnreachableError) or (
                repeatable and isinstance(error, UnknownOutcomeError)
            )

        async for attempt in stamina.retry_context(on=again, attempts=self.attempts, timeout=None):
            with attempt:
                reply = await self.port.request(
                    method, path, query=query or {}, body=body, token=token, headers=headers
                )
                return _read(answer, reply, f"{method} {path}")
        raise AssertionError("a retry context ends by returning or raising")


def _read(answer: type[_T], reply: HttpReply, what: str) -> _T:
    if reply.status in _OK:
        try:
            return decode(answer, reply.body or b"null", max_bytes=MAX_SERVER_MESSAGE_BYTES)
        except FormatError as error:
            raise UnknownOutcomeError(f"the answer to {what} can not be read: {error}") from error
    try:
        problem = decode(Problem, reply.body)
    except FormatError:
        # Not written by the exchange: a proxy, or another server.
        raise UnknownOutcomeError(f"{what} was answered with status {reply.status}") from None
    refusal = refused(problem)
    if isinstance(refusal, RefusedError) and problem.code in NOTHING_DONE:
        raise RetryLaterError(refusal, _wait(reply.headers.get("retry-after")))
    raise refusal


def _wait(retry_after: str | None) -> float | None:
    """Return the seconds of Retry-After; a date, which our exchange never sends, counts as none."""
    if retry_after is None or not (retry_after.isascii() and retry_after.isdigit()):
        return None
    return min(float(retry_after[:9]), _MAX_WAIT_S)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
