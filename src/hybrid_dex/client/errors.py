"""What a client meets besides refusals: an exchange out of reach.

An error says whether the request may have been done. `UnreachableError`: it was not sent, so
sending it again is safe. `UnknownOutcomeError`: it was sent and no answer came; it must be
resolved by its id, never simply repeated.
"""

from hybrid_dex.errors import HybridDexError, RefusedError, UnknownOutcomeError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import Problem

__all__ = [
    "LaggingListenerError",
    "MemberRefusedError",
    "UnprovenError",
    "UnreachableError",
    "refused",
]


class UnreachableError(HybridDexError):
    """The exchange can not be reached; the request was not sent."""


class LaggingListenerError(HybridDexError):
    """A listener took its messages too slowly and some were dropped: read the state again."""


class MemberRefusedError(RefusedError):
    """A member of a batch that was refused; its text names the member.

    Attributes:
        index: its place in the batch, from 0.
        client_order_id: of a new order, or of the one to cancel, where it has one.
    """

    def __init__(self, refusal: RefusedError, index: int, client_order_id: str | None) -> None:
        name = f"member {index}" + (f" ({client_order_id})" if client_order_id else "")
        super().__init__(refusal.code, refusal.field, f"{name}: {refusal.detail}")
        self.index = index
        self.client_order_id = client_order_id


class UnprovenError(HybridDexError):
    """What the exchange gave as a proof proves nothing: do not believe it, and ask the chain."""


def refused(problem: Problem) -> RefusedError | UnknownOutcomeError:
    """Return the exception for a problem document."""
    detail = f"{problem.detail}; valid: {problem.valid}" if problem.valid else problem.detail
    if problem.code == RejectReason.UNKNOWN_OUTCOME:
        return UnknownOutcomeError(detail)
    return RefusedError(problem.code, problem.field, detail)
