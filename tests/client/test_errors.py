"""A problem document becomes a refusal, unless it says that the outcome is unknown."""

from hybrid_dex.client.errors import refused
from hybrid_dex.errors import RefusedError, UnknownOutcomeError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import problem


def test_a_refusal_keeps_its_code_field_and_what_would_be_valid() -> None:
    error = refused(
        problem(RejectReason.INVALID_PRICE, "too large", field="price", valid="0.01 to 5")
    )
    assert isinstance(error, RefusedError)
    assert (error.code, error.field) == (RejectReason.INVALID_PRICE, "price")
    assert error.detail == "too large; valid: 0.01 to 5"


def test_an_unknown_outcome_is_no_refusal() -> None:
    error = refused(problem(RejectReason.UNKNOWN_OUTCOME, "ask by its client order id"))
    assert isinstance(error, UnknownOutcomeError)
    assert "client order id" in str(error)
