"""Batches: several commands of one account as one, each answered, in order.

By itself a batch is nothing but its members, one after another, under one sequence number. An
all-or-none batch is judged whole before any of it is done, against the state that its earlier
members will leave (`Ahead`); whoever passed is not asked again, so nobody can be refused half way.
A refused one changes nothing at all: not even the refusals are remembered, so what was sent under
a client order id may be sent again.
"""

from collections.abc import Collection
from typing import Final, TypeAlias

import msgspec

from hybrid_dex.engine import isolation, terms
from hybrid_dex.engine.ahead import Ahead
from hybrid_dex.engine.changes import Changes, refuse_reduce
from hybrid_dex.engine.desk import Desk
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.engine.trading import Trading
from hybrid_dex.errors import InvariantError
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.model.commands import (
    BatchMember,
    BatchOrders,
    CancelOrder,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
)
from hybrid_dex.model.events import (
    CancelRejected,
    Event,
    FillMade,
    MemberAnswered,
    OrderRejected,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_BATCH_MEMBERS, order_id

__all__ = ["Batches"]

_Answer: TypeAlias = tuple[Event, ...]
_replace: Final = msgspec.structs.replace


class Batches:
    """The command that is several.

    Args:
        desk: the state.
        risk: sees what each member did before the next is judged.
        view: what the risk may look at.
        trading: lets orders in.
        changes: replaces, reduces and cancels them.
    """

    __slots__ = ("_changes", "_desk", "_risk", "_trading", "_view")

    def __init__(
        self,
        desk: Desk,
        risk: Risk,
        view: LedgerView,
        trading: Trading,
        changes: Changes,
    ) -> None:
        self._desk = desk
        self._risk = risk
        self._view = view
        self._trading = trading
        self._changes = changes

    def apply(self, command: BatchOrders) -> _Answer:
        """Do all members, or none. Returns the answers that are given again."""
        desk = self._desk
        malformed = _malformed(command)
        if malformed is not None:
            desk.refuse(command.account, RejectReason.INVALID_BATCH, "members", malformed)
            return ()
        command = _stamped(command)
        known: dict[int, _Answer] = {}
        if command.all_or_none:
            refused = self._judge(command, known)
            if refused is not None:
                return self._refuse_all(command, *refused)
        again: list[Event] = []
        events, account, place = desk.events, command.account, self._trading.place
        self._observe()
        for index, member in enumerate(command.members):
            begin, desk.order_index = len(events), index
            isolation.touch(desk, member)
            desk.emit(MemberAnswered(account, index, again=False))
            if command.all_or_none:
                repeated = known.get(index)
                if repeated is None:
                    self._do_judged(member)
            elif type(member) is PlaceOrder:
                repeated = place(member)
            else:
                repeated = self._do(member)
            if repeated is not None:
                events.pop()
                again += (MemberAnswered(account, index, again=True), *repeated)
                continue
            if len(events) > begin + 2:  # the answer and an acceptance alone are no fill
                desk.next_aggressor(sum(type(event) is FillMade for event in events[begin:]))
            if desk.frozen:
                desk.thaw()
            self._observe()
        desk.order_index = desk.fill_index = 0
        return tuple(again)

    def _do(self, member: BatchMember) -> _Answer | None:
        """Do one member; return the first answer when it repeats a client order id."""
        match member:
            case PlaceOrder():
                return self._trading.place(member)
            case ReplaceOrder():
                self._changes.replace(member)
            case CancelOrder():
                self._changes.cancel(member)
            case ReduceOrder():
                self._changes.reduce(member)
        return None

    def _do_judged(self, member: BatchMember) -> None:
        """Do one member that nothing may refuse any more."""
        match member:
            case PlaceOrder():
                self._trading.enter(member)
            case ReplaceOrder():
                self._changes.swap(self._target(member), member)
            case CancelOrder() | ReduceOrder():
                self._do(member)

    def _target(self, member: ReplaceOrder) -> LiveOrder:
        order = self._desk.orders.live(member.order_id)
        if order is None:
            raise InvariantError(f"order {member.order_id} of an all-or-none batch is gone")
        return order

    def _observe(self) -> None:
        """Show the risk what happened since it looked last."""
        desk, observe = self._desk, self._risk.observe
        at_ns, events = desk.at_ns, desk.events
        for event in events[desk.observed :]:
            observe(event, at_ns)
        desk.observed = len(events)

    # ------------------------------------------------------------- all or none

    def _judge(self, command: BatchOrders, known: dict[int, _Answer]) -> tuple[int, Refusal] | None:
        """Return the first member that is refused, and why; note answers known already."""
        desk = self._desk
        ahead = Ahead(desk, self._view, command.account)
        trading = Trading(
            desk,
            self._risk,
            ahead,
            requires_signature=self._trading.requires_signature,
            standing=ahead,
        )
        changes = Changes(desk, trading)
        for index, member in enumerate(command.members):
            answer = self._repeated(member) if isinstance(member, PlaceOrder) else None
            if answer is not None:
                known[index] = answer
        entering = _entering(command, known)
        for index, member in enumerate(command.members):
            isolation.touch(desk, member)
            refusal: Refusal | None = None
            if entering and index == entering[0]:
                # What was freed before the first that enters is free for all of them together.
                refusal = self._risk.check(_without(command, known), ahead)
            if refusal is not None:
                return index, refusal
            if index in known:
                refusal = _refused_before(known[index])
            elif isinstance(member, PlaceOrder):
                refusal = self._judge_place(ahead, trading, member)
            else:
                refusal = self._judge_change(ahead, changes, member)
            if refusal is not None:
                return index, refusal
        return None

    def _judge_place(self, ahead: Ahead, trading: Trading, member: PlaceOrder) -> Refusal | None:
        venue = self._desk.venues.get(member.market)
        if venue is None:
            return Refusal(RejectReason.UNKNOWN_MARKET, "market", f"no market {member.market}")
        refusal = (
            trading.refuse_name(member)
            or ahead.refuse_name(member.client_order_id)
            or trading.refuse_place(venue, member)
            or trading.refuse_fills(venue, member)
        )
        if refusal is None:
            ahead.place(venue, member)
        return refusal

    def _judge_change(
        self, ahead: Ahead, changes: Changes, member: CancelOrder | ReduceOrder | ReplaceOrder
    ) -> Refusal | None:
        name = member.client_order_id if isinstance(member, CancelOrder) else None
        order, refusal = self._changes.look(member.account, member.order_id, name)
        if order is None or refusal is not None:
            return refusal
        refusal = ahead.refuse_change(order)
        venue = self._desk.venues[order.market]
        match member:
            case CancelOrder():
                if refusal is None:
                    ahead.release(venue, order, 0)
            case ReduceOrder():
                refusal = refusal or refuse_reduce(venue, order, member.by)
                if refusal is None:
                    ahead.release(venue, order, order.open - member.by)
            case ReplaceOrder():
                refusal = refusal or changes.weigh_replacement(venue, order, member)[0]
                if refusal is None:
                    ahead.swap(venue, order, member)
        return refusal

    def _repeated(self, member: PlaceOrder) -> _Answer | None:
        """Return the first answer of an order that was sent before under its client order id."""
        name = member.client_order_id
        known = None if name is None else self._desk.orders.named(member.account, name)
        if known is None or not terms.repeats(known, member):
            return None
        return known.answer

    def _refuse_all(self, command: BatchOrders, culprit: int, refusal: Refusal) -> _Answer:
        """Tell each member that nothing was done, and one that it is why."""
        desk = self._desk
        detail = f"member {culprit} was refused: {refusal.reason.name}"
        other = Refusal(RejectReason.BATCH_REFUSED, "", detail)
        again: list[Event] = []
        for index, member in enumerate(command.members):
            known = self._repeated(member) if isinstance(member, PlaceOrder) else None
            if known is not None:
                again += (MemberAnswered(command.account, index, again=True), *known)
                continue
            desk.emit(MemberAnswered(command.account, index, again=False))
            self._tell(member, index, refusal if index == culprit else other)
        return tuple(again)

    def _tell(self, member: BatchMember, index: int, refusal: Refusal) -> None:
        desk = self._desk
        if isinstance(member, PlaceOrder):
            desk.emit(
                OrderRejected(
                    order_id(desk.sequence, index),
                    member.account,
                    member.market,
                    refusal.reason,
                    refusal.field,
                    refusal.detail,
                    member.client_order_id,
                )
            )
            return
        name = member.client_order_id if isinstance(member, CancelOrder) else None
        order, _ = self._changes.look(member.account, member.order_id, name)
        self._changes.refuse(member.account, member.order_id, name, order, refusal)


def _stamped(command: BatchOrders) -> BatchOrders:
    """Return a batch whose members carry its number and time, as rules about time need them."""
    sequence, at_ns = command.sequence, command.at_ns
    members = [_replace(member, sequence=sequence, at_ns=at_ns) for member in command.members]
    return _replace(command, members=tuple(members))


def _malformed(command: BatchOrders) -> str | None:
    """Return what no batch can be."""
    if not 1 <= len(command.members) <= MAX_BATCH_MEMBERS:
        return f"1 to {MAX_BATCH_MEMBERS} members"
    if any(member.account != command.account for member in command.members):
        return "members of the batch's own account"
    return None


def _entering(command: BatchOrders, known: Collection[int]) -> list[int]:
    """Return which members bring new orders or new terms."""
    return [
        index
        for index, member in enumerate(command.members)
        if index not in known and isinstance(member, PlaceOrder | ReplaceOrder)
    ]


def _without(command: BatchOrders, known: Collection[int]) -> BatchOrders:
    """Return a batch without the members that are answered again, as these do nothing."""
    if not known:
        return command
    members = tuple(one for index, one in enumerate(command.members) if index not in known)
    return _replace(command, members=members)


def _refused_before(answer: _Answer) -> Refusal | None:
    """Return why the first of two equal orders was refused, if it was."""
    for event in answer:
        if isinstance(event, OrderRejected | CancelRejected):
            return Refusal(event.reason, event.field, event.detail)
    return None
