"""Problems: what a refusal looks like on every surface (RFC 9457).

``code`` is the stable number of the reason and what a program should look at; ``detail`` is for
people. The status follows from the code alone, so that REST and WebSocket can not disagree.
"""

import re
from typing import Final

import msgspec

from hybrid_dex.errors import FormatError, SignatureError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.events import CancelRejected, CommandRejected, OrderRejected
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire.codec import MessageError
from hybrid_dex.wire.words import word

__all__ = [
    "PROBLEM_MEDIA_TYPE",
    "Problem",
    "problem",
    "problem_from_error",
    "problem_from_refusal",
    "status_of",
    "told",
]

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"

_UNPROCESSABLE: Final = 422
_WIRE_NAMES: Final = {"expires_at_ns": "expires_at_ms", "due_ns": "due_ms"}
"""Fields that are called otherwise on the wire than inside."""
_INSIDE, _ON_THE_WIRE = "(Unix nanoseconds)", "(Unix milliseconds)"
_TIME: Final = re.compile(r"(from )?([0-9]+)")
_MS_NS: Final = 1_000_000
_STATUS: Final[dict[RejectReason, int]] = {
    RejectReason.DUPLICATE_CLIENT_ORDER_ID: 409,
    RejectReason.BATCH_REFUSED: 409,
    RejectReason.BATCH_CONFLICT: 409,
    RejectReason.NOTHING_SCHEDULED: 409,
    RejectReason.UNKNOWN_TIER: 404,
    RejectReason.KILL_SWITCH: 403,
    RejectReason.ORDER_RATE_LIMIT: 429,
    RejectReason.NONCE_USED: 409,
    RejectReason.UNAUTHENTICATED: 401,
    RejectReason.FORBIDDEN: 403,
    RejectReason.LOGIN_REFUSED: 401,
    RejectReason.FRESH_SIGNATURE_REQUIRED: 403,
    RejectReason.TWO_ADMINS_REQUIRED: 403,
    RejectReason.SECOND_ADMIN_REQUIRED: 403,
    RejectReason.ACTION_ID_USED: 409,
    RejectReason.ACTION_NOT_WAITING: 409,
    RejectReason.LISTING_UNAVAILABLE: 409,
    RejectReason.NOT_LISTED_ON_CHAIN: 409,
    RejectReason.LISTED_OTHERWISE_ON_CHAIN: 409,
    RejectReason.NO_SUCH_SETTLEMENT: 404,
    RejectReason.ENGINE_ELSEWHERE: 421,
    RejectReason.ACCOUNT_FROZEN: 403,
    RejectReason.UNKNOWN_MARKET: 404,
    RejectReason.MARKET_HALTED: 409,
    RejectReason.UNKNOWN_ASSET: 404,
    RejectReason.MARKET_EXISTS: 409,
    RejectReason.SETTLEMENT_BACKLOG: 503,
    RejectReason.UNKNOWN_ORDER: 404,
    RejectReason.ALREADY_FILLED: 409,
    RejectReason.ALREADY_CANCELED: 409,
    RejectReason.ALREADY_EXPIRED: 409,
    RejectReason.FILLED_MEANWHILE: 409,
    RejectReason.ALREADY_REJECTED: 409,
    RejectReason.DEPOSIT_REPEATED: 409,
    RejectReason.UNKNOWN_FILL: 404,
    RejectReason.UNKNOWN_VOUCHER: 404,
    RejectReason.WITHDRAWALS_HALTED: 503,
    RejectReason.NO_SOLVENCY_PROOF: 404,
    RejectReason.NO_RECEIPT: 409,
    RejectReason.SESSION_UNKNOWN: 403,
    RejectReason.SESSION_REVOKED: 403,
    RejectReason.APPROVAL_REQUIRED: 403,
    RejectReason.APPROVAL_REVOKED: 403,
    RejectReason.INVALID_MESSAGE: 400,
    RejectReason.UNKNOWN_FIELD: 400,
    RejectReason.MESSAGE_TOO_LARGE: 413,
    RejectReason.INVALID_NUMBER: 400,
    RejectReason.RATE_LIMITED: 429,
    RejectReason.UNKNOWN_SEQUENCE: 404,
    RejectReason.NOT_FOUND: 404,
    RejectReason.RECEIVE_WINDOW: 408,
    RejectReason.UNAVAILABLE: 503,
    RejectReason.INTERNAL: 500,
    RejectReason.UNKNOWN_OUTCOME: 504,
}


class Problem(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """A refusal.

    Attributes:
        type: a URN made of the reason's name.
        title: the reason's name in words.
        status: the HTTP status that goes with it.
        detail: what is wrong, in words.
        code: the stable number (`RejectReason`).
        reason: the reason's lower-case name.
        field: the field concerned, or an empty string.
        valid: what would be accepted instead, or an empty string.
    """

    type: str
    title: str
    status: int
    detail: str
    code: int
    reason: str
    field: str = ""
    valid: str = ""


def status_of(reason: RejectReason) -> int:
    """Return the HTTP status of a reason; what is not listed is 422."""
    return _STATUS.get(reason, _UNPROCESSABLE)


def problem(reason: RejectReason, detail: str = "", *, field: str = "", valid: str = "") -> Problem:
    """Return the problem document of a reason.

    >>> problem(RejectReason.UNKNOWN_MARKET, "there is no ETH-XYZ").type
    'urn:hybrid-dex:unknown_market'
    """
    name = word(reason)
    title = name.replace("_", " ").capitalize()
    return Problem(
        type=f"urn:hybrid-dex:{name}",
        title=title,
        status=status_of(reason),
        detail=detail or title,
        code=reason.value,
        reason=name,
        field=field,
        valid=valid,
    )


def problem_from_refusal(
    refusal: Refusal | OrderRejected | CancelRejected | CommandRejected,
) -> Problem:
    """Return the problem document of a refusal by auth, risk or the engine."""
    field, detail = told(refusal.field, refusal.detail)
    return problem(refusal.reason, detail, field=field)


def told(field: str, detail: str) -> tuple[str, str]:
    """Return the field and the detail of a refusal in the wire's names and times."""
    return _WIRE_NAMES.get(field, field), _in_wire_times(detail)


def _in_wire_times(detail: str) -> str:
    """Return a detail with its times in milliseconds, as the fields have them that it is about."""
    if _INSIDE not in detail:
        return detail

    def as_ms(time: re.Match[str]) -> str:
        first, ns = time[1] or "", int(time[2])
        # From a time on, the first whole millisecond is the next one; after or until it, this one.
        return f"{first}{-(-ns // _MS_NS) if first else ns // _MS_NS}"

    return _TIME.sub(as_ms, detail).replace(_INSIDE, _ON_THE_WIRE)


def problem_from_error(error: FormatError) -> Problem:
    """Return the problem document of text or bytes outside the grammar."""
    if isinstance(error, MessageError):
        reason = error.code
    elif isinstance(error, SignatureError):
        reason = RejectReason.BAD_SIGNATURE
    else:
        reason = RejectReason.INVALID_NUMBER
    return problem(reason, f"{error.field}: {error.reason}", field=error.field, valid=error.valid)
