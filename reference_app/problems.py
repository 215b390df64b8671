"""Problems: every refusal and every failure leaves as a problem document (RFC 9457).

Also where bodies are read: strictly, and by the wire's own codec, because the framework's would
coerce texts to numbers and keep the last of two equal keys. What broke on our side is logged and
never shown.
"""

import logging
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import ClientException
from litestar.types import ExceptionHandlersMap

from hybrid_dex.errors import (
    FormatError,
    RefusedError,
    SettlementError,
    UnavailableError,
    UnknownOutcomeError,
)
from hybrid_dex.exchange import SlowFollowerError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.events import CancelRejected, CommandRejected, OrderRejected
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import (
    MAX_MESSAGE_BYTES,
    PROBLEM_MEDIA_TYPE,
    MessageError,
    Problem,
    decode,
    encode,
    problem,
    problem_from_error,
    problem_from_refusal,
)

__all__ = [
    "EXCEPTION_HANDLERS",
    "ProblemError",
    "problem_of",
    "problem_reply",
    "read_body",
    "refuse",
]

AnyRequest = Request[Any, Any, Any]
_T = TypeVar("_T")

_log: Final = logging.getLogger(__name__)
_JSON: Final = "application/json"
_NOT_FOUND: Final = 404
_METHOD_NOT_ALLOWED: Final = 405
_TOO_LARGE: Final = 413
_UNSUPPORTED_MEDIA_TYPE: Final = 415
_SERVER_ERROR: Final = 500
_OUT: Final = 503


class ProblemError(Exception):
    """A problem that ends a request.

    Attributes:
        problem: the document.
        headers: what goes with it.
    """

    def __init__(self, document: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(document.detail)
        self.problem = document
        self.headers = headers or {}


def refuse(refusal: Refusal | OrderRejected | CancelRejected | CommandRejected) -> ProblemError:
    """Return the exception of a refusal by auth, risk or the engine."""
    return ProblemError(problem_from_refusal(refusal))


def problem_of(error: Exception) -> Problem:
    """Return what a client is told about an exception; what is unexpected is logged."""
    match error:
        case ProblemError():
            return error.problem
        case FormatError():
            return problem_from_error(error)
        case UnknownOutcomeError():
            document = problem(
                RejectReason.UNKNOWN_OUTCOME,
                f"{error}; it may have been done: ask by its client order id before sending again",
            )
            out = isinstance(error, UnavailableError)
            return msgspec.structs.replace(document, status=_OUT) if out else document
        case UnavailableError() | SlowFollowerError():
            return problem(RejectReason.UNAVAILABLE, str(error))
        case RefusedError():
            return problem(RejectReason(error.code), error.detail, field=error.field)
        case SettlementError():  # only signing raises it to a caller, and what it signs is journaled
            return problem(RejectReason.WITHDRAWALS_HALTED, f"{error}; ask again later")
        case HTTPException():
            return _of_http(error)
        case _:
            _log.error("a request failed", exc_info=error)
            return problem(RejectReason.INTERNAL, "something broke on our side; it was logged")


def problem_reply(document: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Return the response that carries a problem."""
    return Response(
        encode(document),
        status_code=document.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=headers or {},
    )


async def read_body(request: AnyRequest, kind: type[_T]) -> _T:
    """Return a request's JSON body as a message.

    Raises:
        ProblemError: it is not declared as JSON.
        MessageError: it is too long, or not a message of this kind.
    """
    declared = request.headers.get("content-type", "")
    media_type, _, parameters = declared.partition(";")
    plain = parameters.strip().lower() in {"", "charset=utf-8"}
    if media_type.strip().lower() != _JSON or not plain:
        document = problem(
            RejectReason.INVALID_MESSAGE, f"the body is {declared or 'of no type'}", valid=_JSON
        )
        raise ProblemError(msgspec.structs.replace(document, status=_UNSUPPORTED_MEDIA_TYPE))
    try:
        body = await request.body()
    except InternalServerException as error:  # all that reading a body can mean by it
        document = problem(RejectReason.INVALID_MESSAGE, "the connection ended within the body")
        raise ProblemError(document) from error
    return decode(kind, body)


def _of_http(error: HTTPException) -> Problem:
    """Return the problem of an exception that the framework raised before or beside a route."""
    status = error.status_code
    if isinstance(error, NotFoundException) or status == _NOT_FOUND:
        return problem(RejectReason.NOT_FOUND, "there is nothing at this address")
    if isinstance(error, MethodNotAllowedException) or status == _METHOD_NOT_ALLOWED:
        document = problem(RejectReason.NOT_FOUND, "this address does not take this method")
        return msgspec.structs.replace(document, status=_METHOD_NOT_ALLOWED)
    if status == _TOO_LARGE:
        return problem(RejectReason.MESSAGE_TOO_LARGE, valid=f"at most {MAX_MESSAGE_BYTES} bytes")
    if isinstance(error, ValidationException):
        return _of_validation(error)
    if status < _SERVER_ERROR:
        detail = error.detail if isinstance(error, ClientException) else ""
        document = problem(RejectReason.INVALID_MESSAGE, detail)
        return msgspec.structs.replace(document, status=status)
    _log.error("a request failed", exc_info=error)
    return problem(RejectReason.INTERNAL, "something broke on our side; it was logged")


def _of_validation(error: ValidationException) -> Problem:
    extra = error.extra
    first = extra[0] if isinstance(extra, list) and extra else {}
    field = str(first.get("key", "")) if isinstance(first, dict) else ""
    detail = str(first.get("message", error.detail)) if isinstance(first, dict) else error.detail
    return problem_from_error(
        MessageError(
            RejectReason.INVALID_MESSAGE, field or "request", detail, "the documented parameters"
        )
    )


def _handle(_request: AnyRequest, error: Exception) -> Response[bytes]:
    headers = dict(error.headers) if isinstance(error, ProblemError) else {}
    if isinstance(error, HTTPException) and error.headers:
        headers |= {name: value for name, value in error.headers.items() if name.lower() == "allow"}
    return problem_reply(problem_of(error), headers)


EXCEPTION_HANDLERS: Final[ExceptionHandlersMap] = {Exception: _handle, HTTPException: _handle}
"""Litestar wants both: its own exceptions are looked up by status before the base class."""
