"""The account's live orders as last heard, from answers, reports and lists, in whatever order.

Pure. Answers of REST and reports of the socket race each other; what is older never overwrites
what is newer: every change to an order raises the sequence of the command that did it, and an
order that was seen to end stays ended. A report of an order that is not known yet is kept until its
answer comes.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import attrs
import msgspec

from hybrid_dex.wire import ExecutionMessage, OrderMessage

__all__ = ["LIVE", "OwnOrders"]

LIVE: Final = frozenset({"new", "partially_filled"})
"""The statuses of an order that can still trade."""

_KEPT: Final = 10_000
"""Orders that ended, and reports of orders that are not known."""


@attrs.define
class _Known:
    order: OrderMessage
    sequence: int


@attrs.define
class OwnOrders:
    """Live orders by id. Every method returns the orders that it learned have ended."""

    _live: dict[str, _Known] = attrs.field(factory=dict, init=False)
    _ended: OrderedDict[str, None] = attrs.field(factory=OrderedDict, init=False)
    _early: OrderedDict[str, ExecutionMessage] = attrs.field(factory=OrderedDict, init=False)

    def live(self) -> tuple[OrderMessage, ...]:
        """Return the live orders, oldest first."""
        return tuple(known.order for known in self._live.values())

    def get(self, order_id: str) -> OrderMessage | None:
        """Return a live order, or ``None``."""
        known = self._live.get(order_id)
        return None if known is None else known.order

    def sequence(self, order_id: str) -> int:
        """Return the last command heard of a live order, 0 for others."""
        known = self._live.get(order_id)
        return 0 if known is None else known.sequence

    def take_order(self, order: OrderMessage, sequence: int) -> tuple[OrderMessage, ...]:
        """An order as it stood after a command, or later."""
        known = self._live.get(order.order_id)
        if order.order_id in self._ended or (known is not None and known.sequence > sequence):
            return ()
        if order.status not in LIVE:
            return self._end(order)
        self._live[order.order_id] = _Known(order, sequence)
        early = self._early.pop(order.order_id, None)
        return () if early is None else self.take_report(early)

    def take_report(self, report: ExecutionMessage) -> tuple[OrderMessage, ...]:
        """What happened to one order."""
        known = self._live.get(report.order_id or "")
        if known is None:
            self._keep(report)
            return ()
        if known.sequence > report.sequence or report.status is None:
            return ()
        if report.price is None or report.quantity is None or report.time_in_force is None:
            return ()
        order = msgspec.structs.replace(
            known.order,
            price=report.price,
            quantity=report.quantity,
            open=report.open,
            filled=report.filled,
            status=report.status,
            time_in_force=report.time_in_force,
            post_only=report.post_only,
            order_hash=report.order_hash,
            nonce=report.nonce,
            trigger_price=report.trigger_price,
            waiting=report.waiting,
            display_quantity=report.display_quantity,
            linked_to=report.linked_to,
            asleep=report.asleep,
            self_trade=report.self_trade or known.order.self_trade,
            expires_at_ms=report.expires_at_ms,
        )
        return self.take_order(order, report.sequence)

    def missing(self, listed: list[OrderMessage]) -> tuple[str, ...]:
        """Return the live orders that a list of open orders does not hold: ask what they became."""
        open_ids = {order.order_id for order in listed}
        return tuple(order_id for order_id in self._live if order_id not in open_ids)

    def mark(self) -> Mapping[str, object]:
        """Return what to give to `take_list` with a list that is asked for after this."""
        return dict(self._live)

    def take_list(
        self, listed: list[OrderMessage], mark: Mapping[str, object]
    ) -> tuple[OrderMessage, ...]:
        """Open orders as listed: unknown ones are added, and known ones taken as they are listed.

        One of which something was heard since the ``mark`` is kept: the list may be older.
        """
        ended: tuple[OrderMessage, ...] = ()
        for order in listed:
            known = self._live.get(order.order_id)
            if known is None:
                ended += self.take_order(order, 0)  # and what was heard of it before
            elif mark.get(order.order_id) is known:
                self._live[order.order_id] = _Known(order, known.sequence)
        return ended

    def _keep(self, report: ExecutionMessage) -> None:
        """Keep the newest report of an order that is not known."""
        order_id = report.order_id
        if order_id is None or order_id in self._ended or report.status is None:
            return
        self._early[order_id] = report
        self._early.move_to_end(order_id)
        if len(self._early) > _KEPT:
            self._early.popitem(last=False)

    def _end(self, order: OrderMessage) -> tuple[OrderMessage, ...]:
        self._live.pop(order.order_id, None)
        self._early.pop(order.order_id, None)
        self._ended[order.order_id] = None
        if len(self._ended) > _KEPT:
            self._ended.popitem(last=False)
        return (order,)
