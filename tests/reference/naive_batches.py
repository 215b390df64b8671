"""What the naive exchange makes of batches: one member after another, or a dry run first."""

from copy import copy

import msgspec

from hybrid_dex.model import commands as c
from hybrid_dex.model.order import SelfTradeMode, TimeInForce
from tests.reference.nouns import BUY, Order

RESTS = (TimeInForce.GTC, TimeInForce.GTD)


class Batches:
    """The part of the naive exchange that takes several commands as one.

    `dry`, a dry run: a copy in which nothing ever trades, to see whether all would be let in.
    """

    def begin_batches(self) -> None:
        """No batch is under way."""
        self.member = self.next_fill = 0
        self.judged = self.dry = False

    def BatchOrders(self, command: c.BatchOrders) -> None:  # noqa: N802
        """One after another, if that may be; each aggressor's fills begin a group of their own."""
        stamp = {"sequence": command.sequence, "at_ns": command.at_ns}
        members = [msgspec.structs.replace(member, **stamp) for member in command.members]
        if command.all_or_none and not self.dry_run().passes(members):
            return
        self.judged = command.all_or_none
        for self.member, member in enumerate(members):
            getattr(self, type(member).__name__)(member)
            self.next_fill += -self.next_fill % 100
        self.judged = False

    def dry_run(self) -> "Batches":
        """The copy."""
        run = copy(self)
        run.dry = True
        run.resting = [copy(order) for order in self.resting]
        run.before = [order.id for order in self.resting]
        run.names, run.status, run.filled = dict(self.names), {}, dict(self.filled)
        run.ended_at, run.touched = dict(self.ended_at), []
        fired = [order.id for order in self.fired]
        run.fired = [order for order in run.resting if order.id in fired]
        run.real_status, run.entered = self.status, []
        return run

    def work_dry(self, order: Order) -> None:
        """It holds its worst case, whatever it might trade; what is immediate is met by nobody."""
        order.shown = order.slice if order.tif in RESTS else 0
        self.resting.append(order)
        self.entered.append(order)

    def passes(self, members: list[c.Command]) -> bool:
        """Whether none of them is refused."""
        for self.member, member in enumerate(members):
            place = isinstance(member, c.PlaceOrder)
            if not (self.may_enter(member) if place else self.may_change(member)):
                return False
        return True

    def may_enter(self, member: c.PlaceOrder) -> bool:
        """An order, or one that was let in before."""
        known = self.known((member.account, member.client_order_id))
        if known is not None:
            order_id = known[1]
            if order_id >> 8 == self.sequence:
                return False
            self.PlaceOrder(member)
            again = self.names[member.account, member.client_order_id][1] == order_id
            return self.status == {} and not (again and self.real_status[order_id] == "rejected")
        self.PlaceOrder(member)
        return self.status == {}

    def may_change(self, member: c.CancelOrder | c.ReduceOrder | c.ReplaceOrder) -> bool:
        """An order that no earlier member changed, or might cancel as self-trade."""
        order_id = member.order_id
        if order_id is None:
            order_id = self.names.get((member.account, member.client_order_id), (None, -1))[1]
        order = self.find(member.account, order_id)
        if order is None or order_id not in self.before or order.other or order.exits:
            return False
        self.before.remove(order_id)
        for other in self.entered:
            if (
                other.market is order.market
                and not other.waiting
                and not order.waiting
                and other.side is not order.side
                and other.mode is not SelfTradeMode.CANCEL_AGGRESSOR
                and (other.price - order.price) * (1 if other.side is BUY else -1) >= 0
            ):
                return False
        if isinstance(member, c.ReduceOrder) and not self.may_reduce(order, member.by):
            return False
        getattr(self, type(member).__name__)(member)
        self.status = {}
        gone = all(one is not order for one in self.resting)
        return gone or isinstance(member, c.ReduceOrder)
