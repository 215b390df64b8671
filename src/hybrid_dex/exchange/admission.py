"""Admission: from what a trader sent to the command that the writer stamps, or to a refusal.

Judges who signed, whether a signature means this market, and whether anything may be matched now.
What the engine can judge is left to the engine. The order of the looks matters: whether matching
pauses is asked last, after everything that waits, so that nothing enters a pause that began
meanwhile.
"""

from collections.abc import Callable
from collections.abc import Sequence as Items
from typing import Final

import msgspec

from hybrid_dex.exchange.ingress import Ingress
from hybrid_dex.exchange.requests import place_command, replace_command
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.batch_request import BatchRequest, SignedReplacement
from hybrid_dex.model.commands import BatchMember, BatchOrders, PlaceOrder, ReplaceOrder
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization, SignedOrder
from hybrid_dex.model.units import MAX_BATCH_MEMBERS, OrderId, Quantity

__all__ = ["Admission"]

_NOT_WHOLE: Final = Refusal(
    RejectReason.BAD_SIGNATURE, "leaf", "all orders of one tree, in the order of leaves"
)


class Admission:
    """Lets orders and replacements in.

    Args:
        ingress: verifies signatures, many at once.
        pause_reason: says why nothing may be matched now, or an empty text.
        view: gives the engine's view, which another replaces when the exchange is opened again.
    """

    def __init__(
        self,
        ingress: Ingress,
        *,
        pause_reason: Callable[[], str],
        view: Callable[[], ExchangeView],
    ) -> None:
        self._ingress = ingress
        self._pause_reason = pause_reason
        self._view = view

    def refuse_matching(self) -> Refusal | None:
        """Nothing more is matched while settlement can not keep what a match promises."""
        reason = self._pause_reason()
        return Refusal(RejectReason.SETTLEMENT_BACKLOG, "market", reason) if reason else None

    async def admit(self, orders: Items[SignedOrder | PlaceOrder]) -> list[PlaceOrder | Refusal]:
        """Return a command or a refusal for each order."""
        signed = [order for order in orders if isinstance(order, SignedOrder)]
        verdicts = iter(await self._verify(signed) if signed else ())
        paused = self.refuse_matching()
        commands: list[PlaceOrder | Refusal] = []
        listed: Market | None = None
        for order in orders:
            if not isinstance(order, SignedOrder):
                commands.append(paused or order)
                continue
            verdict = next(verdicts)
            if order.market is not listed:  # as many are in the market of the one before
                refusal = self._refuse_market(order)
                if refusal is not None:
                    commands.append(refusal)
                    continue
                listed = order.market
            verdict = paused or verdict
            commands.append(
                verdict if isinstance(verdict, Refusal) else place_command(order, verdict)
            )
        return commands

    async def admit_replacement(
        self,
        order_id: OrderId,
        terms: SignedOrder | ReplaceOrder,
        expected_filled: Quantity | None,
    ) -> ReplaceOrder | Refusal:
        """Return the command that replaces an order, or a refusal."""
        if isinstance(terms, ReplaceOrder):
            if expected_filled is None:
                expected_filled = terms.expected_filled
            return self.refuse_matching() or msgspec.structs.replace(
                terms, order_id=order_id, expected_filled=expected_filled
            )
        verdict = (
            self._refuse_market(terms)
            or self._refuse_replaced(order_id, terms)
            or (await self._verify([terms]))[0]
        )
        verdict = self.refuse_matching() or verdict
        if isinstance(verdict, Refusal):
            return verdict
        return replace_command(order_id, terms, verdict, expected_filled)

    async def admit_batch(self, members: Items[BatchRequest]) -> list[BatchMember | Refusal]:
        """Return a command or a refusal for each member of a batch."""
        orders = [member for member in members if isinstance(member, SignedOrder | PlaceOrder)]
        placed = iter(await self.admit(orders))
        admitted: list[BatchMember | Refusal] = []
        for member in members:
            match member:
                case SignedOrder() | PlaceOrder():
                    admitted.append(next(placed))
                case ReplaceOrder():
                    admitted.append(self.refuse_matching() or member)
                case SignedReplacement(order_id=order_id, terms=terms, expected_filled=filled):
                    admitted.append(await self.admit_replacement(order_id, terms, filled))
                case _:
                    admitted.append(member)
        return admitted

    async def admit_ladders(
        self, ladders: Items[Items[SignedOrder | PlaceOrder]]
    ) -> list[BatchOrders | Refusal]:
        """Return one command for each ladder, or why none of it may enter."""
        whole = [ladder for ladder in ladders if not _goes_on(ladder)]
        admitted = iter(await self.admit([order for ladder in whole for order in ladder]))
        return [
            _NOT_WHOLE if _goes_on(ladder) else _as_one([next(admitted) for _ in ladder])
            for ladder in ladders
        ]

    async def _verify(self, orders: Items[SignedOrder]) -> list[Authorization | Refusal]:
        """Verify orders, beside those of other callers unless they could go on with a tree of these."""
        return await self._ingress.verify_many(orders, alone=_goes_on(orders))

    def _refuse_market(self, order: SignedOrder) -> Refusal | None:
        """The signature covers amounts; they mean these ticks and lots on this market only."""
        listed = self._view().market(order.market.id)
        if listed is order.market or listed == order.market:
            return None
        detail = f"{order.market.id} is not listed here, or with other terms"
        return Refusal(RejectReason.UNKNOWN_MARKET, "market", detail)

    def _refuse_replaced(self, order_id: OrderId, terms: SignedOrder) -> Refusal | None:
        """A replacement does not say side and market again, so the signed ones must be the order's.

        An order that is not known yet can not be compared, and its trader can not know its id yet.
        """
        order = self._view().order(order_id)
        if order is None or order.account != terms.trader:
            return Refusal(RejectReason.UNKNOWN_ORDER, "order_id", "no such order")
        if (order.market, order.side) == (terms.market.id, terms.side):
            return None
        detail = f"the order is a {order.side.name.lower()} on {order.market}, and stays one"
        return Refusal(RejectReason.REPLACEMENT_TERMS, "side", detail)


def _goes_on(orders: Items[SignedOrder | PlaceOrder]) -> bool:
    """Whether orders begin within a tree, so that what stands before them could be taken for its begin."""
    first = orders[0] if orders else None
    return isinstance(first, SignedOrder) and first.leaf > 0 and not first.proof


def _as_one(members: Items[PlaceOrder | Refusal]) -> BatchOrders | Refusal:
    """Return orders as one command; what refuses one of those that share a signature refuses all."""
    orders: list[PlaceOrder] = []
    for member in members:
        if isinstance(member, Refusal):
            return member
        orders.append(member)
    if not 1 <= len(orders) <= MAX_BATCH_MEMBERS:
        return Refusal(RejectReason.INVALID_BATCH, "members", f"1 to {MAX_BATCH_MEMBERS} members")
    return BatchOrders(account=orders[0].account, members=tuple(orders))
