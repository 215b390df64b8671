"""Batching: a batch of requests on its way to one command, and its events on their way back."""

from collections.abc import Sequence as Items
from typing import TypeAlias

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import (
    BatchMember,
)
from hybrid_dex.model.events import EventBatch, member_answers
from hybrid_dex.model.reasons import RejectReason

__all__ = ["MemberAnswer", "answers_of", "refuse_all"]


MemberAnswer: TypeAlias = EventBatch | Refusal
"""What became of a member: what it did, or why it never became part of a command."""


def answers_of(batch: EventBatch, members: int) -> list[MemberAnswer]:
    """Return the answer to each member; to all alike when the command was refused as a whole."""
    answers = member_answers(batch)
    return list(answers) if answers else [batch] * members


def refuse_all(
    admitted: Items[BatchMember | Refusal], culprit: int, why: Refusal
) -> list[MemberAnswer]:
    """Return the answers of an all-or-none batch of which one member was refused at the door."""
    detail = f"member {culprit} was refused: {why.reason.name}"
    other = Refusal(RejectReason.BATCH_REFUSED, "", detail)
    return [member if isinstance(member, Refusal) else other for member in admitted]
