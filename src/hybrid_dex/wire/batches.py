"""Batches and protection on the wire: several requests as one, and cancels in the trader's absence.

A batch's members are the requests that exist alone, told apart by ``op``. Its answer has one entry
a member, in order: the answer that the request would have got alone, or the problem.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Final, TypeAlias

import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.batch_request import BatchRequest, SignedReplacement
from hybrid_dex.model.commands import CancelOrder, ReduceOrder
from hybrid_dex.model.market import Market
from hybrid_dex.model.protection import CancelScheduled
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import MAX_BATCH_MEMBERS, AccountId, OrderId
from hybrid_dex.model.views import OrderView
from hybrid_dex.wire.codec import MessageError
from hybrid_dex.wire.orders import (
    OrderRequest,
    ReduceRequest,
    ReplaceRequest,
    refuse_unreadable,
    to_order,
    to_replacement,
)
from hybrid_dex.wire.problem import Problem
from hybrid_dex.wire.reports import OrderAnswer
from hybrid_dex.wire.scalars import (
    ClientOrderIdText,
    IdText,
    Milliseconds,
    SequenceNumber,
    SymbolText,
    parse_client_order_id,
    parse_order_id,
    to_ms,
)
from hybrid_dex.wire.window import ReceiveWindow, refuse_window

__all__ = [
    "BatchAnswer",
    "BatchOrdersRequest",
    "CancelMember",
    "CancelOnDisconnectRequest",
    "MemberRequest",
    "MemberResult",
    "PlaceMember",
    "ProtectionAnswer",
    "ReduceMember",
    "ReplaceMember",
    "ScheduleCancelRequest",
    "SwitchMessage",
    "protection_answer",
    "to_batch",
]


class PlaceMember(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="place",
):
    """Place an order."""

    order: OrderRequest


class CancelMember(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="op",
    tag="cancel",
):
    """Cancel an order by one of its ids."""

    order_id: IdText | None = None
    client_order_id: ClientOrderIdText | None = None


class ReduceMember(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="reduce",
):
    """Lower an order's open quantity."""

    order_id: IdText
    order: ReduceRequest


class ReplaceMember(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="op",
    tag="replace",
):
    """Replace an order's terms."""

    order_id: IdText
    order: ReplaceRequest


MemberRequest: TypeAlias = PlaceMember | CancelMember | ReduceMember | ReplaceMember
"""One request of a batch."""

Members: TypeAlias = Annotated[
    list[MemberRequest], msgspec.Meta(min_length=1, max_length=MAX_BATCH_MEMBERS)
]


class BatchOrdersRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Do up to 100 requests as one command, in order.

    Attributes:
        members: the requests.
        all_or_none: do all of them, or, when one is refused, nothing.
        sent_at_ms: when the batch was sent, by the exchange's clock.
        receive_window_ms: for how long after that it may be done; 5,000 when left out.
    """

    members: Members
    all_or_none: bool = False
    sent_at_ms: Milliseconds | None = None
    receive_window_ms: ReceiveWindow | None = None


class MemberResult(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What became of one member: exactly one of the two is there."""

    answer: OrderAnswer | None = None
    problem: Problem | None = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to a batch: one result a member, in order."""

    members: list[MemberResult]


class ScheduleCancelRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Arm a dead man's switch, or push it back; 0 disarms.

    Attributes:
        timeout_ms: at most a day.
        market: whose orders there; all markets when it is left out, which is a switch of its own.
    """

    timeout_ms: int
    market: SymbolText | None = None


class CancelOnDisconnectRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Wish that the account's orders go when its last connection ends, or no longer."""

    enabled: bool


class SwitchMessage(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A dead man's switch that is armed.

    Attributes:
        timeout_ms: by what a heartbeat pushes it back.
        due_at_ms: when it fires.
        market: whose orders there; left out, all markets.
    """

    timeout_ms: int
    due_at_ms: Milliseconds
    market: SymbolText | None = None


class ProtectionAnswer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """How an account is protected: the answer to arming, a heartbeat, a wish, or the question.

    Attributes:
        sequence: the command that did it, or the last one when nothing was to be done.
        due_at_ms: when the first armed switch fires; left out when none is armed.
        cancel_on_disconnect: whether the account's orders go when its last connection ends.
        switches: all that are armed.
    """

    sequence: SequenceNumber
    due_at_ms: Milliseconds | None = None
    cancel_on_disconnect: bool = False
    switches: list[SwitchMessage] = []


def protection_answer(
    sequence: int, switches: Iterable[CancelScheduled], *, cancel_on_disconnect: bool
) -> ProtectionAnswer:
    """Return how an account is protected, as the wire shows it."""
    armed = [
        SwitchMessage(timeout_ms=one.timeout_ms, due_at_ms=to_ms(one.due_ns), market=one.market)
        for one in switches
        if one.due_ns is not None
    ]
    return ProtectionAnswer(
        sequence=sequence,
        due_at_ms=min((one.due_at_ms for one in armed), default=None),
        cancel_on_disconnect=cancel_on_disconnect,
        switches=armed,
    )


_UNKNOWN_ORDER: Final = Refusal(RejectReason.UNKNOWN_ORDER, "order_id", "you have no such order")


def to_batch(
    request: BatchOrdersRequest,
    account: AccountId,
    *,
    market: Callable[[str], Market | None],
    order: Callable[[OrderId], OrderView | None],
) -> list[BatchRequest | Refusal]:
    """Return what `Exchange.place_batch` takes, or why a member can be none.

    Args:
        request: the decoded message.
        account: who sends it.
        market: finds a listed market.
        order: finds one of the account's orders; replacing and reducing need its market.

    Raises:
        FormatError: a number is not exact, or the fields do not go together; the field names the
            member, as in ``members[1].price``.
    """
    found: list[BatchRequest | Refusal] = []
    for at, member in enumerate(request.members):
        try:
            found.append(_to_member(member, account, market, order))
        except MessageError as error:
            field = f"members[{at}].{error.field}"
            raise MessageError(error.code, field, error.reason, error.valid) from None
        except FormatError as error:
            raise FormatError(f"members[{at}].{error.field}", error.reason, error.valid) from None
    return found


def _to_member(
    member: MemberRequest,
    account: AccountId,
    market: Callable[[str], Market | None],
    order: Callable[[OrderId], OrderView | None],
) -> BatchRequest | Refusal:
    match member:
        case PlaceMember():
            refuse_window(member.order, "batch")
            listed = market(member.order.market)
            if listed is None:
                refuse_unreadable(member.order)
                detail = f"no market {member.order.market}"
                return Refusal(RejectReason.UNKNOWN_MARKET, "market", detail)
            return to_order(member.order, listed, account)
        case CancelMember():
            name = member.client_order_id
            return CancelOrder(
                account=account,
                order_id=None if member.order_id is None else parse_order_id(member.order_id),
                client_order_id=None if name is None else parse_client_order_id(name),
            )
        case ReduceMember():
            refuse_window(member.order, "batch")
            known = order(parse_order_id(member.order_id))
            listed = None if known is None else market(known.market)
            if known is None or listed is None:
                refuse_unreadable(member.order)
                return _UNKNOWN_ORDER
            lots = listed.parse_quantity(member.order.by, "by")
            return ReduceOrder(account=account, order_id=known.order_id, by=lots)
        case ReplaceMember():
            refuse_window(member.order, "batch")
            known = order(parse_order_id(member.order_id))
            listed = None if known is None else market(known.market)
            if known is None or listed is None:
                refuse_unreadable(member.order)
                return _UNKNOWN_ORDER
            terms, expected = to_replacement(member.order, listed, known)
            if isinstance(terms, SignedOrder):
                return SignedReplacement(
                    order_id=known.order_id, terms=terms, expected_filled=expected
                )
            return terms
