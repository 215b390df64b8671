"""Dispatch: one request of a gateway to the exchange, and the answer to it.

What a gateway says is believed as far as it may be: a session's rights - to cancel, to reduce, to
read - are the gateway's to judge, since people log in there. That an order was signed is judged
here, unless the gateway is trusted; and no other gateway may have funds paid to an address that is
not the account's own.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from hybrid_dex import (
    AccountConnection,
    AccountId,
    Amount,
    AssetId,
    CancelOrder,
    ClientOrderId,
    EventBatch,
    Exchange,
    FillId,
    FormatError,
    HybridDexError,
    MarketId,
    OrderId,
    PlaceOrder,
    Quantity,
    ReduceOrder,
    Refusal,
    RejectReason,
    ReplaceOrder,
    Sequence,
    Side,
    SignedOrder,
    TimestampNs,
)
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.codec import (
    UNKNOWN,
    Outcome,
    Requested,
    decode_json,
    failure_of,
    from_outcome,
    is_verified,
    to_order,
)

__all__ = ["Dispatch"]

_NOT_BELIEVED: Final = Refusal(
    RejectReason.BAD_SIGNATURE,
    "authorization",
    "this gateway is not trusted to verify signatures; it has to send what was signed",
)
_NOT_PAID: Final = Refusal(
    RejectReason.FORBIDDEN,
    "recipient",
    "this gateway is not trusted to name a recipient; it is the account itself",
)
_json: Final = msgspec.json.Encoder()


class Dispatch:
    """Serves the requests of one stream.

    Args:
        exchange: open.
        trusted: whether orders that the gateway says it verified are believed.
    """

    def __init__(self, exchange: Exchange, *, trusted: bool) -> None:
        self._exchange = exchange
        self._trusted = trusted
        self._connections: dict[AccountId, list[AccountConnection]] = {}

    def presence(self, presence: pb.Presence) -> None:
        """Count an account's connections at this gateway anew."""
        account = AccountId(presence.account)
        open_ = self._connections.setdefault(account, [])
        while len(open_) < presence.connections:
            open_.append(self._exchange.connection(account))
        while len(open_) > presence.connections:
            open_.pop().end()
        if not open_:
            del self._connections[account]

    def close(self) -> None:
        """The gateway is gone, and with it the connections of its accounts. Safe to call twice."""
        for open_ in self._connections.values():
            for connection in open_:
                connection.end()
        self._connections.clear()

    async def answer(self, request: pb.Request) -> pb.Answer:
        """Serve one request. Never raises for what it says or what becomes of it."""
        try:
            outcomes = await self._serve(request)
        except HybridDexError as error:
            return pb.Answer(id=request.id, failure=failure_of(error))
        except ValueError as error:  # a number or word that is none
            wrong = FormatError("request", str(error), "as engine.proto says")
            return pb.Answer(id=request.id, failure=failure_of(wrong))
        return pb.Answer(id=request.id, outcomes=outcomes)

    async def _serve(self, request: pb.Request) -> list[pb.Outcome]:
        exchange = self._exchange
        match request.WhichOneof("what"):
            case "place":
                return _all(await self._place(request.place))
            case "place_ladders":
                return _all(await self._ladders(request.place_ladders))
            case "place_linked":
                return _all([await self._linked(request.place_linked)])
            case "replace":
                return _all([await self._replace(request.replace)])
            case "cancel":
                cancel = request.cancel
                return _one(
                    await exchange.cancel(
                        AccountId(cancel.account),
                        OrderId(cancel.order_id) if cancel.HasField("order_id") else None,
                        ClientOrderId(cancel.client_order_id)
                        if cancel.HasField("client_order_id")
                        else None,
                    )
                )
            case "cancel_all":
                every = request.cancel_all
                market = MarketId(every.market) if every.HasField("market") else None
                side = Side(every.side) if every.HasField("side") else None
                return _one(await exchange.cancel_all(AccountId(every.account), market, side))
            case "reduce":
                reduce = request.reduce
                account, by = AccountId(reduce.account), Quantity(reduce.by)
                order_id = OrderId(reduce.order_id)
                until = _until(reduce)
                return _one(await exchange.reduce(account, order_id, by, not_after_ns=until))
            case "batch":
                return _all(await self._batch(request.batch))
            case "schedule_cancel" | "heartbeat" | "set_cancel_on_disconnect":
                return _one(await self._protect(request))
            case _:
                return [await self._signed(request)]

    # ----------------------------------------------------------------------------- order entry

    async def _place(self, place: pb.Place) -> list[Outcome]:
        listed = self._exchange.view.market
        orders = [_placed(to_order(order, listed)) for order in place.orders]
        believed = [order for order in orders if self._believed(order)]
        latest = [TimestampNs(until) if until else None for until in place.not_after_ns]
        if latest and len(latest) != len(orders):
            raise FormatError(
                "not_after_ns", f"{len(latest)} of them", "one for each order, or none"
            )
        until = [one for one, order in zip(latest, orders, strict=False) if self._believed(order)]
        answers = iter(
            await self._exchange.place_many(believed, not_after_ns=until) if believed else ()
        )
        return [next(answers) if self._believed(order) else _NOT_BELIEVED for order in orders]

    async def _ladders(self, message: pb.PlaceLadders) -> list[Outcome]:
        listed = self._exchange.view.market
        ladders: list[list[SignedOrder | PlaceOrder]] = []
        latest: list[TimestampNs | None] = []
        believed: list[bool] = []
        for ladder in message.ladders:
            orders = [_placed(to_order(order, listed)) for order in ladder.orders]
            believed.append(all(map(self._believed, orders)))
            if believed[-1]:
                ladders.append(orders)
                latest.append(_until(ladder))
        answers = iter(
            await self._exchange.place_ladders(ladders, not_after_ns=latest) if ladders else ()
        )
        return [next(answers) if one else _NOT_BELIEVED for one in believed]

    async def _replace(self, replace: pb.Replace) -> Outcome:
        terms = to_order(replace.terms, self._exchange.view.market)
        filled = Quantity(replace.expected_filled) if replace.HasField("expected_filled") else None
        if not isinstance(terms, SignedOrder | ReplaceOrder):
            raise FormatError("terms", type(terms).__name__, "a signed order or a replacement")
        if not self._believed(terms):
            return _NOT_BELIEVED
        return await self._exchange.replace(
            OrderId(replace.order_id), terms, filled, not_after_ns=_until(replace)
        )

    async def _linked(self, linked: pb.PlaceLinked) -> Outcome:
        listed = self._exchange.view.market
        take_profit = _placed(to_order(linked.take_profit, listed))
        stop = _placed(to_order(linked.stop, listed))
        entry = _placed(to_order(linked.entry, listed)) if linked.HasField("entry") else None
        for order in (take_profit, stop, entry):
            if order is not None and not self._believed(order):
                return _NOT_BELIEVED
        return await self._exchange.place_linked(
            take_profit, stop, entry, not_after_ns=_until(linked)
        )

    async def _batch(self, batch: pb.Batch) -> list[Outcome]:
        listed = self._exchange.view.market
        members = [to_order(member, listed) for member in batch.members]
        if not all(map(self._believed, members)):
            return [_NOT_BELIEVED] * len(members)
        account = AccountId(batch.account)
        for member in members:
            if isinstance(member, PlaceOrder | ReplaceOrder | ReduceOrder | CancelOrder) and (
                member.account != account
            ):
                raise FormatError("account", "a member of another account", str(account))
        return await self._exchange.place_batch(
            account, members, all_or_none=batch.all_or_none, not_after_ns=_until(batch)
        )

    def _believed(self, order: Requested) -> bool:
        return self._trusted or not is_verified(order)

    async def _protect(self, request: pb.Request) -> EventBatch:
        exchange = self._exchange
        match request.WhichOneof("what"):
            case "schedule_cancel":
                switch = request.schedule_cancel
                market = MarketId(switch.market) if switch.HasField("market") else None
                account = AccountId(switch.account)
                return await exchange.schedule_cancel(account, switch.timeout_ms, market)
            case "heartbeat":
                return await exchange.heartbeat(AccountId(request.heartbeat.account))
            case _:
                wish = request.set_cancel_on_disconnect
                account = AccountId(wish.account)
                return await exchange.set_cancel_on_disconnect(account, enabled=wish.enabled)

    # -------------------------------------------------------------- what the operator signs

    async def _signed(self, request: pb.Request) -> pb.Outcome:
        exchange = self._exchange
        match request.WhichOneof("what"):
            case "issue_voucher":
                return _result(await self._voucher(request.issue_voucher))
            case "open_vouchers":
                account = AccountId(request.open_vouchers.account)
                return _result(await exchange.open_vouchers(account))
            case "cancel_receipt":
                wanted = request.cancel_receipt
                batch = decode_json(EventBatch, wanted.batch, "batch") if wanted.batch else None
                return _result(await exchange.cancel_receipt(OrderId(wanted.order_id), batch))
            case "receipts":
                of = request.receipts
                return _result(
                    await exchange.receipts(
                        sequence=Sequence(of.sequence) if of.HasField("sequence") else None,
                        order_id=OrderId(of.order_id) if of.HasField("order_id") else None,
                        fill_id=FillId(of.fill_id) if of.HasField("fill_id") else None,
                        account=AccountId(of.account) if of.HasField("account") else None,
                    )
                )
            case what:
                raise FormatError(UNKNOWN, f"is {what}", "one of the requests of engine.proto")

    async def _voucher(self, wanted: pb.IssueVoucher) -> object:
        recipient = wanted.recipient if wanted.HasField("recipient") else None
        if not self._trusted and recipient not in {None, wanted.account}:
            return _NOT_PAID
        return await self._exchange.issue_voucher(
            AccountId(wanted.account),
            AssetId(wanted.asset),
            Amount(_integer(wanted.amount, "amount")),
            recipient,
            wanted.deadline_s if wanted.HasField("deadline_s") else None,
            salt=_integer(wanted.salt, "salt"),
        )


def _placed(order: Requested) -> SignedOrder | PlaceOrder:
    if isinstance(order, SignedOrder | PlaceOrder):
        return order
    raise FormatError("orders", type(order).__name__, "a signed order or PlaceOrder")


def _until(
    message: pb.Replace | pb.Reduce | pb.Batch | pb.Ladder | pb.PlaceLinked,
) -> TimestampNs | None:
    return TimestampNs(message.not_after_ns) if message.HasField("not_after_ns") else None


def _integer(text: str, field: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(2**256)):
        return int(text)
    raise FormatError(field, "not an integer", "decimal digits")


def _one(batch: EventBatch) -> list[pb.Outcome]:
    return [from_outcome(batch)]


def _all(outcomes: Iterable[Outcome]) -> list[pb.Outcome]:
    return [from_outcome(outcome) for outcome in outcomes]


def _result(found: object) -> pb.Outcome:
    if isinstance(found, Refusal):
        return from_outcome(found)
    return pb.Outcome(result=_json.encode(found))
