"""Problems: one document for one reason, on every surface."""

import pytest

from hybrid_dex.errors import FormatError, SignatureError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.events import CancelRejected, CommandRejected, OrderRejected
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MarketId, Quantity, order_id
from hybrid_dex.wire import (
    MessageError,
    Problem,
    decode,
    encode,
    problem,
    problem_from_error,
    problem_from_refusal,
    status_of,
)
from tests.wire.terms import ALICE


@pytest.mark.parametrize("reason", RejectReason)
def test_every_reason_makes_a_problem(reason: RejectReason) -> None:
    """Number, name and an error status; the document survives the wire."""
    document = problem(reason, "what is wrong")
    assert (document.code, document.reason) == (reason.value, reason.name.lower())
    assert 400 <= document.status < 600
    assert decode(Problem, encode(document)) == document


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (RejectReason.INSUFFICIENT_FUNDS, 422),
        (RejectReason.UNAUTHENTICATED, 401),
        (RejectReason.UNKNOWN_ORDER, 404),
        (RejectReason.RATE_LIMITED, 429),
        (RejectReason.MESSAGE_TOO_LARGE, 413),
        (RejectReason.UNAVAILABLE, 503),
    ],
)
def test_the_status_follows_from_the_reason(reason: RejectReason, status: int) -> None:
    """A few that clients rely on."""
    assert status_of(reason) == status


def test_refusals_by_anyone_read_the_same() -> None:
    """Auth, risk and engine refuse in one form."""
    reason, field, detail = RejectReason.INSUFFICIENT_FUNDS, "quantity", "needs 5 USDC, has 3"
    refusals = [
        Refusal(reason, field, detail),
        OrderRejected(order_id(1), ALICE, MarketId("A-B"), reason, field, detail, None),
        CancelRejected(ALICE, None, None, reason, field, detail, None, Quantity(0)),
        CommandRejected(ALICE, reason, field, detail),
    ]
    documents = {problem_from_refusal(refusal) for refusal in refusals}
    assert documents == {problem(reason, detail, field=field)}


def test_a_field_has_the_name_that_the_wire_gives_it() -> None:
    """Inside, times are nanoseconds."""
    for inside, told in (("expires_at_ns", "expires_at_ms"), ("due_ns", "due_ms")):
        refusal = Refusal(RejectReason.EXPIRED, inside, "too late")
        assert problem_from_refusal(refusal).field == told


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (
            "after 1796056995729821951, at most 9223372036854775807 (Unix nanoseconds)",
            "after 1796056995729, at most 9223372036854 (Unix milliseconds)",
        ),
        (
            "from 1796056995729821951 on (Unix nanoseconds), as somebody pays more",
            "from 1796056995730 on (Unix milliseconds), as somebody pays more",
        ),
        ("at most 3 plans a market; cancel one", "at most 3 plans a market; cancel one"),
    ],
)
def test_times_are_told_as_the_wire_has_them(inside: str, told: str) -> None:
    refusal = CommandRejected(ALICE, RejectReason.INVALID_TIME, "due_ns", inside)
    assert problem_from_refusal(refusal).detail == told


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FormatError("price", "off the tick", "2500.01"), RejectReason.INVALID_NUMBER),
        (SignatureError("signature", "malformed", "65 bytes"), RejectReason.BAD_SIGNATURE),
        (
            MessageError(RejectReason.UNKNOWN_FIELD, "x", "there is no such field", "others"),
            RejectReason.UNKNOWN_FIELD,
        ),
    ],
)
def test_an_error_keeps_field_and_valid_form(error: FormatError, reason: RejectReason) -> None:
    """What a sender needs to correct the message."""
    document = problem_from_error(error)
    assert document.code == reason.value
    assert (document.field, document.valid) == (error.field, error.valid)
    assert error.reason in document.detail
