"""Orders that enter as one command - batches, linked orders - and cancels in the trader's absence.

What was sent and not answered is sent again only where that can do nothing twice: linked orders, and
batches of nothing but new orders, have client order ids. Any other batch of unknown outcome is its
caller's to resolve, by looking at the orders.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import attrs

from hybrid_dex.client.errors import MemberRefusedError, UnreachableError, refused
from hybrid_dex.client.order_writer import (
    DecimalLike,
    NewOrder,
    OrderOptions,
    decimal_text,
    made_up,
)
from hybrid_dex.client.trading import Trading, answered
from hybrid_dex.errors import FormatError, RefusedError, UnknownOutcomeError
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce
from hybrid_dex.model.units import MarketId
from hybrid_dex.wire import (
    BatchAnswer,
    BatchOp,
    BatchOrdersRequest,
    CancelMember,
    CancelOnDisconnectOp,
    HeartbeatOp,
    LinkedAnswer,
    LinkedOp,
    LinkedRequest,
    MemberRequest,
    OrderAnswer,
    PlaceMember,
    PreviewAnswer,
    ProtectionAnswer,
    ReduceMember,
    ReduceRequest,
    ReplaceMember,
    ScheduleCancelOp,
    ScheduleCancelRequest,
    parse_order_id,
    to_quantity,
)

__all__ = ["BatchItem", "Groups", "OrderCancel", "OrderReduction", "OrderReplacement"]


@attrs.frozen(kw_only=True)
class OrderCancel:
    """Cancel an order, as a member of a batch; by one of its ids."""

    order_id: str | None = None
    client_order_id: str | None = None


@attrs.frozen(kw_only=True)
class OrderReduction:
    """Lower an order's open quantity, as a member of a batch."""

    order_id: str
    by: DecimalLike


@attrs.frozen(kw_only=True)
class OrderReplacement:
    """Swap an order's terms, as a member of a batch; see `ExchangeClient.replace`."""

    order_id: str
    quantity: DecimalLike
    price: DecimalLike
    options: OrderOptions = attrs.field(factory=OrderOptions)
    expected_filled: DecimalLike | None = None


BatchItem: TypeAlias = NewOrder | OrderCancel | OrderReduction | OrderReplacement
"""What a batch may consist of."""


@attrs.define(kw_only=True, eq=False)
class Groups:
    """Sends what is more than one order, and what protects all of them.

    Attributes:
        trading: the account's own trading.
    """

    trading: Trading

    async def batch(
        self, items: Sequence[BatchItem], *, all_or_none: bool
    ) -> list[OrderAnswer | RefusedError]:
        """Do several requests as one command; see `ExchangeClient.batch`."""
        trading = self.trading
        members: list[MemberRequest] = []
        taken: dict[int, tuple[Market, Nonce | None]] = {}
        try:
            for at, item in enumerate(items):
                members.append(await self._named(item, at, taken))
            request = BatchOrdersRequest(members=members, all_or_none=all_or_none)
        except BaseException:
            self._release(taken.values())  # nothing was sent
            raise
        try:
            answer = await self._send_batch(request, again=len(taken) == len(members))
        except (RefusedError, UnreachableError, FormatError, ValueError):
            self._release(taken.values())
            raise
        outcomes: list[OrderAnswer | RefusedError] = []
        for at, result in enumerate(answer.members):
            if result.answer is not None:
                trading.heard(result.answer.order, result.answer.sequence)
                outcomes.append(result.answer)
                continue
            assert result.problem is not None, "a member is answered or refused"
            if at in taken and result.problem.code != RejectReason.NONCE_USED.value:
                self._release([taken[at]])
            error = refused(result.problem)
            assert isinstance(error, RefusedError), "a member is refused or not"
            outcomes.append(MemberRefusedError(error, at, _name(members[at])))
        return outcomes

    async def place_linked(
        self, take_profit: NewOrder, stop: NewOrder, entry: NewOrder | None
    ) -> LinkedAnswer:
        """Place an OCO or a bracket; see `ExchangeClient.place_linked`."""
        trading = self.trading
        market = await trading.markets.find(stop.market)
        orders = [take_profit, stop] if entry is None else [take_profit, stop, entry]
        named = [
            attrs.evolve(order, client_order_id=order.client_order_id or made_up())
            for order in orders
        ]
        written, nonces = trading.writer.place_linked(market, named)
        request = LinkedRequest(
            take_profit=written[0], stop=written[1], entry=written[2] if entry else None
        )

        async def send() -> LinkedAnswer:
            ready = trading.timed(request)
            if (stream := trading.socket()) is not None:
                return await answered(
                    stream.request(lambda id: LinkedOp(id=id, linked=ready), LinkedAnswer)
                )
            return await answered(trading.rest.place_linked(ready))

        try:
            try:
                answer = await send()
            except UnknownOutcomeError:  # each has a client order id: nothing enters twice
                answer = await trading.resolve("the linked orders", send)
        except (RefusedError, UnreachableError) as error:
            if not (isinstance(error, RefusedError) and error.code == RejectReason.NONCE_USED):
                self._release((market, nonce) for nonce in nonces)
            raise
        for one in (answer.entry, answer.take_profit, answer.stop):
            if one is not None:
                trading.heard(one.order, one.sequence)
        return answer

    async def preview(self, market: Market, order: NewOrder) -> PreviewAnswer:
        """Ask what an order would hold, cost and bring; see `ExchangeClient.preview`."""
        return await self.trading.rest.preview(self.trading.writer.unsigned(market, order))

    # -------------------------------------------------------------------------- protection

    async def schedule_cancel(self, timeout_ms: int, market: MarketId | None) -> ProtectionAnswer:
        """Arm, push back or disarm a dead man's switch."""
        switch = ScheduleCancelRequest(timeout_ms=timeout_ms, market=market)
        if (stream := self.trading.socket()) is not None:
            return await stream.request(
                lambda id: ScheduleCancelOp(id=id, switch=switch), ProtectionAnswer
            )
        return await self.trading.rest.schedule_cancel(switch)

    async def heartbeat(self) -> ProtectionAnswer:
        """Push back every switch."""
        if (stream := self.trading.socket()) is not None:
            return await stream.request(lambda id: HeartbeatOp(id=id), ProtectionAnswer)
        return await self.trading.rest.heartbeat()

    async def cancel_on_disconnect(self, *, enabled: bool) -> ProtectionAnswer:
        """Wish that orders go with the account's last connection, or no longer."""
        if (stream := self.trading.socket()) is not None:
            return await stream.request(
                lambda id: CancelOnDisconnectOp(id=id, enabled=enabled), ProtectionAnswer
            )
        return await self.trading.rest.cancel_on_disconnect(enabled=enabled)

    # --------------------------------------------------------------------------- sending

    async def _send_batch(self, request: BatchOrdersRequest, *, again: bool) -> BatchAnswer:
        trading = self.trading

        async def send() -> BatchAnswer:
            ready = trading.timed(request)
            if (stream := trading.socket()) is not None:
                return await answered(
                    stream.request(lambda id: BatchOp(id=id, batch=ready), BatchAnswer)
                )
            return await answered(trading.rest.place_batch(ready))

        try:
            return await send()
        except UnknownOutcomeError:
            if not again:
                raise
            return await trading.resolve("the batch", send)

    async def _named(
        self, item: BatchItem, at: int, taken: dict[int, tuple[Market, Nonce | None]]
    ) -> MemberRequest:
        """Return the message of a member; what is wrong with it is said of that member."""
        try:
            return await self._member(item, at, taken)
        except FormatError as error:
            field = f"members[{at}].{error.field}"
            raise FormatError(field, error.reason, error.valid) from error
        except RefusedError as error:
            name = item.client_order_id if isinstance(item, NewOrder | OrderCancel) else None
            raise MemberRefusedError(error, at, name) from error

    async def _member(
        self, item: BatchItem, at: int, taken: dict[int, tuple[Market, Nonce | None]]
    ) -> MemberRequest:
        trading = self.trading
        match item:
            case NewOrder():
                market = await trading.markets.find(item.market)
                named = attrs.evolve(item, client_order_id=item.client_order_id or made_up())
                ((order, nonce),) = trading.writer.place_each([(market, named)])
                taken[at] = (market, nonce)
                return PlaceMember(order=order)
            case OrderCancel():
                if item.order_id is not None:
                    parse_order_id(item.order_id)
                return CancelMember(order_id=item.order_id, client_order_id=item.client_order_id)
            case OrderReduction():
                parse_order_id(item.order_id)
                by = decimal_text("by", item.by)
                return ReduceMember(order_id=item.order_id, order=ReduceRequest(by=by))
            case OrderReplacement():
                known = trading.orders.get(item.order_id) or await trading.rest.order(item.order_id)
                market = await trading.markets.find(known.market)
                expected = (
                    None
                    if item.expected_filled is None
                    else decimal_text("expected_filled", item.expected_filled)
                )
                terms = trading.writer.replace(
                    market,
                    known,
                    item.quantity,
                    item.price,
                    options=item.options,
                    expected_filled=to_quantity("expected_filled", expected, market),
                )
                return ReplaceMember(order_id=item.order_id, order=terms)

    def _release(self, taken: Iterable[tuple[Market, Nonce | None]]) -> None:
        for market, nonce in taken:
            if nonce is not None:
                self.trading.writer.lanes.release(market.base.id, nonce)


def _name(member: MemberRequest) -> str | None:
    """Return the client order id that a member names."""
    match member:
        case PlaceMember():
            return member.order.client_order_id
        case CancelMember():
            return member.client_order_id
        case _:
            return None
