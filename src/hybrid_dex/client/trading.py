"""Order entry for one account: sent over the socket or REST, and never left in doubt lightly.

An order is sent under a client order id, which the exchange takes once. When no answer comes, or
one that something broke, the order is asked for by that id, and sent again, the very same message,
when the exchange does not know it: it can not trade twice. Replacements and cancels are resolved by
looking at the order.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import attrs
import msgspec

from hybrid_dex.client.errors import LaggingListenerError, UnreachableError
from hybrid_dex.client.http import NOTHING_DONE, RetryLaterError
from hybrid_dex.client.known_markets import KnownMarkets
from hybrid_dex.client.order_writer import (
    DecimalLike,
    OrderOptions,
    OrderWriter,
    SideLike,
    decimal_text,
    made_up,
    to_side,
)
from hybrid_dex.client.own_orders import LIVE, OwnOrders
from hybrid_dex.client.rest import Rest
from hybrid_dex.client.stream import Stream
from hybrid_dex.errors import (
    ConfigurationError,
    FormatError,
    HybridDexError,
    RefusedError,
    UnknownOutcomeError,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import ClientOrderId, MarketId, order_sequence
from hybrid_dex.wire import (
    BatchOrdersRequest,
    CancelAllAnswer,
    CancelAllOp,
    CancelOp,
    Channel,
    ExecutionMessage,
    LadderRequest,
    LinkedRequest,
    OrderAnswer,
    OrderMessage,
    OrderRequest,
    PlaceOp,
    ReplaceOp,
    ReplaceRequest,
    order_request,
    parse_order_id,
    to_quantity,
    word,
)

__all__ = ["Trading", "answered"]

_T = TypeVar("_T")
_Timed = TypeVar(
    "_Timed", OrderRequest, ReplaceRequest, BatchOrdersRequest, LadderRequest, LinkedRequest
)
_NS_PER_MS: Final = 1_000_000

_MAX_LANE_TRIES: Final = 8
_UNKNOWN: Final = frozenset({RejectReason.UNKNOWN_ORDER.value, RejectReason.NOT_FOUND.value})
_ENDED: Final = frozenset(
    {
        RejectReason.ALREADY_FILLED.value,
        RejectReason.ALREADY_CANCELED.value,
        RejectReason.ALREADY_EXPIRED.value,
    }
)


@attrs.define(kw_only=True, eq=False)
class Trading:
    """Places, changes and cancels, and knows the account's live orders.

    Attributes:
        rest: always there.
        stream: the socket, or ``None`` to send over REST only.
        by_socket: whether orders go over the socket while it is up.
        writer: makes and signs the messages.
        orders: what is live, as last heard.
        markets: finds a market by its symbol.
        attempts: how often an unknown outcome is asked for.
        backoff_s: pause between two of these; it doubles.
        receive_window_ms: how long after it was sent a request may be done; ``None`` for ever.
        error: why the orders are not followed any more, if they are not.
    """

    rest: Rest
    stream: Stream | None
    by_socket: bool
    writer: OrderWriter
    markets: KnownMarkets
    orders: OwnOrders = attrs.field(factory=OwnOrders)
    attempts: int = 5
    backoff_s: float = 0.2
    receive_window_ms: int | None = None
    error: HybridDexError | None = None

    async def place(
        self,
        market: Market,
        side: SideLike,
        quantity: DecimalLike,
        price: DecimalLike,
        *,
        options: OrderOptions,
        client_order_id: str | None,
    ) -> OrderAnswer:
        """Place an order; see `ExchangeClient.place`."""
        for _ in range(_MAX_LANE_TRIES):
            name = client_order_id or made_up()
            request, nonce = self.writer.place(
                market, side, quantity, price, options=options, client_order_id=name
            )
            try:
                answer = await self._entered(request)
            except RefusedError as error:
                if error.code != RejectReason.NONCE_USED.value:
                    self._release(market, nonce)
                    raise
                # Another program of this account holds the lane: ours stays marked as taken.
                if client_order_id is not None:
                    raise
                refusal = error
            except UnreachableError:
                self._release(market, nonce)
                raise
            else:
                self.heard(answer.order, answer.sequence)
                return answer
        raise refusal

    async def place_signed(self, order: SignedOrder) -> OrderAnswer:
        """Place an order that was signed elsewhere; see `ExchangeClient.place_signed`."""
        if self.writer.domain is None:
            raise ConfigurationError("this exchange settles on no chain; orders are not signed")
        if order.trader != self.writer.account:
            raise FormatError("trader", f"is {order.trader}", self.writer.account)
        named = order.client_order_id or ClientOrderId(made_up())
        request = order_request(msgspec.structs.replace(order, client_order_id=named), order.market)
        self.writer.lanes.occupy(order.market.base.id, order.nonce)
        outcome = await self.outcome(order.market, request, order.nonce)
        if isinstance(outcome, HybridDexError):
            raise outcome
        return outcome

    async def outcome(
        self, market: Market, request: OrderRequest, nonce: Nonce | None, *, sent: bool = False
    ) -> OrderAnswer | HybridDexError:
        """Enter one order; what becomes of it is no reason to give up the others.

        Args:
            market: the market that it names.
            request: the order.
            nonce: what it took, if it is signed.
            sent: it was sent and is in doubt: ask for it before it is sent again.
        """
        entering = self._resolved(request) if sent else self._entered(request)
        outcome: OrderAnswer | HybridDexError
        try:
            outcome = await entering
        except (RefusedError, UnreachableError, UnknownOutcomeError) as error:
            outcome = error
        return self.settled(market, nonce, outcome)

    def settled(
        self, market: Market, nonce: Nonce | None, outcome: OrderAnswer | HybridDexError
    ) -> OrderAnswer | HybridDexError:
        """Note what became of a new order, and return it: an order is known, or its lane is free.

        A lane stays taken while the order is in doubt, or where another program holds it.
        """
        if isinstance(outcome, OrderAnswer):
            self.heard(outcome.order, outcome.sequence)
        elif isinstance(outcome, UnreachableError) or (
            isinstance(outcome, RefusedError) and outcome.code != RejectReason.NONCE_USED.value
        ):
            self._release(market, nonce)
        return outcome

    async def replace(
        self,
        order_id: str,
        quantity: DecimalLike,
        price: DecimalLike,
        options: OrderOptions,
        expected_filled: DecimalLike | None,
    ) -> OrderAnswer:
        """Swap an order's terms; see `ExchangeClient.replace`."""
        order = self.orders.get(order_id) or await self.rest.order(order_id)
        market = await self.markets.find(order.market)
        expected = (
            None if expected_filled is None else decimal_text("expected_filled", expected_filled)
        )
        request = self.writer.replace(
            market,
            order,
            quantity,
            price,
            options=options,
            expected_filled=to_quantity("expected_filled", expected, market),
        )
        return await self._changed(
            order_id,
            lambda: self._send_replace(order_id, request),
            lambda current: _has_terms(current, request),
            "replacement",
        )

    async def cancel(self, order_id: str) -> OrderAnswer:
        """Cancel an order; see `ExchangeClient.cancel`."""
        parse_order_id(order_id)
        return await self._changed(
            order_id,
            lambda: self._send_cancel(order_id),
            lambda current: current.status not in LIVE,
            "cancel",
        )

    async def reduce(self, order_id: str, by: DecimalLike) -> OrderAnswer:
        """Lower an order's open quantity; see `ExchangeClient.reduce`."""
        answer = await answered(self.rest.reduce(order_id, decimal_text("by", by)))
        self.heard(answer.order, answer.sequence)
        return answer

    async def cancel_all(self, market: MarketId | None, side: SideLike | None) -> CancelAllAnswer:
        """Cancel all orders; see `ExchangeClient.cancel_all`."""
        side_word = None if side is None else word(to_side(side))

        async def send() -> CancelAllAnswer:
            if (stream := self.socket()) is not None:
                return await answered(
                    stream.request(
                        lambda id: CancelAllOp(id=id, market=market, side=side_word),
                        CancelAllAnswer,
                    )
                )
            return await answered(self.rest.cancel_all(market, side_word))

        try:
            answer = await send()
        except UnknownOutcomeError:  # canceling again cancels nothing more
            answer = await self.resolve("the cancel of all orders", send)
        for order_id in answer.canceled:
            if (order := self.orders.get(order_id)) is not None:
                ended = msgspec.structs.replace(order, status="canceled", open="0")
                self.heard(ended, answer.sequence)
        return answer

    async def resync(self) -> None:
        """Learn from the exchange which orders are live and what became of the others."""
        mark = self.orders.mark()
        listed = await self.rest.open_orders()
        for order in listed:
            await self.markets.find(order.market)  # it may have been listed since
        self._ended(self.orders.take_list(listed, mark))
        for order_id in self.orders.missing(listed):
            await self._look(order_id)
        for order in self.orders.live():
            self.writer.adopt(self.markets.get(order.market), order)

    async def follow(self) -> None:
        """Keep `orders` up to date from the socket until canceled.

        Raises:
            RefusedError: the exchange does not tell the orders, and waiting will not change that.
        """
        if self.stream is None:
            return
        missed = self.stream.ready  # if so, what happened since the last list was told to nobody
        while True:
            listener = await self.stream.listen(Channel(channel="orders"))
            try:
                if missed:
                    await self._resync_later()
                async for event in listener:
                    if isinstance(event, ExecutionMessage):
                        self._ended(self.orders.take_report(event))
                    else:
                        await self._resync_later()
            except LaggingListenerError:
                missed = True
            else:
                return
            finally:
                listener.close()

    def end(self, error: HybridDexError) -> None:
        """`follow` has ended by an error."""
        self.error = error

    def known_orders(self) -> tuple[OrderMessage, ...]:
        """Return the live orders as last heard. Raises the `error`, if there is one."""
        if self.error is not None:
            raise self.error
        return self.orders.live()

    def heard(self, order: OrderMessage, sequence: int) -> None:
        """Take an order as the exchange just showed it."""
        if order.market not in self.markets:
            return  # of another program, in a market listed since: `resync` learns of both
        if order.status in LIVE:
            self.writer.adopt(self.markets.get(order.market), order)
        self._ended(self.orders.take_order(order, sequence))

    async def _entered(self, request: OrderRequest) -> OrderAnswer:
        try:
            return await self._send_place(request)
        except UnknownOutcomeError:
            return await self._resolved(request)

    async def _resolved(self, request: OrderRequest) -> OrderAnswer:
        return await self.resolve(
            f"order {request.client_order_id}", lambda: self._entered_after_all(request)
        )

    async def _entered_after_all(self, request: OrderRequest) -> OrderAnswer:
        """Ask for the order by its client order id; send it again when it is not there."""
        assert request.client_order_id is not None
        try:
            order = await self.rest.order_by_client_id(request.client_order_id)
        except RefusedError as error:
            if error.code not in _UNKNOWN:
                raise
        else:
            if order.status != "rejected":
                return _found(order)
        return await self._send_place(request)  # answers with the refusal, if it was refused

    async def _changed(
        self,
        order_id: str,
        send: Callable[[], Awaitable[OrderAnswer]],
        is_done: Callable[[OrderMessage], bool],
        what: str,
    ) -> OrderAnswer:
        """Send a replacement or cancel; when no answer comes, look at the order before repeating."""

        async def look_then_send() -> OrderAnswer:
            heard = self.orders.sequence(order_id)
            order = await self.rest.order(order_id)
            if is_done(order):
                return _found(order, heard)
            return await send()

        try:
            try:
                answer = await send()
            except UnknownOutcomeError:
                answer = await self.resolve(f"the {what} of order {order_id}", look_then_send)
        except RefusedError as error:
            if error.code in _ENDED:
                await self._look(order_id)
            raise
        self.heard(answer.order, answer.sequence)
        return answer

    async def resolve(self, what: str, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask until there is an answer. Raises `UnknownOutcomeError` after so many attempts."""
        pause = self.backoff_s
        for attempt in range(self.attempts):
            if attempt:
                await asyncio.sleep(pause)
                pause *= 2
            try:
                return await ask()
            except (UnknownOutcomeError, UnreachableError):
                continue
            except RefusedError as error:
                if error.code not in NOTHING_DONE:
                    raise  # otherwise what was sent first is in doubt as before
        raise UnknownOutcomeError(
            f"the outcome of {what} is unknown after {self.attempts} attempts; ask for it by its id"
        )

    async def _look(self, order_id: str) -> None:
        """Learn what became of an order; what is heard of it meanwhile is newer than the answer."""
        heard = self.orders.sequence(order_id)
        try:
            order = await self.rest.order(order_id)
        except RefusedError as error:
            if error.code not in _UNKNOWN:
                raise
            return
        self.heard(order, heard)

    async def _resync_later(self) -> None:
        """Resync, now or when the exchange can be reached again."""
        while True:
            try:
                return await self.resync()
            except (UnreachableError, UnknownOutcomeError):
                await asyncio.sleep(self.backoff_s)
            except RetryLaterError as error:
                await asyncio.sleep(max(self.backoff_s, error.wait_s or 0.0))

    def socket(self) -> Stream | None:
        """Return the socket when requests go over it now."""
        stream = self.stream
        return stream if self.by_socket and stream is not None and stream.ready else None

    def timed(self, request: _Timed) -> _Timed:
        """Return a request as it is sent now: with its receive window, if it has one."""
        if self.receive_window_ms is None:
            return request
        sent_at_ms = self.writer.now_ns() // _NS_PER_MS
        return msgspec.structs.replace(
            request, sent_at_ms=sent_at_ms, receive_window_ms=self.receive_window_ms
        )

    async def _send_place(self, order: OrderRequest) -> OrderAnswer:
        request = self.timed(order)
        if (stream := self.socket()) is not None:
            return await answered(
                stream.request(lambda id: PlaceOp(id=id, order=request), OrderAnswer)
            )
        return await answered(self.rest.place(request))

    async def _send_replace(self, order_id: str, terms: ReplaceRequest) -> OrderAnswer:
        request = self.timed(terms)
        if (stream := self.socket()) is not None:
            return await answered(
                stream.request(
                    lambda id: ReplaceOp(id=id, order_id=order_id, order=request), OrderAnswer
                )
            )
        return await answered(self.rest.replace(order_id, request))

    async def _send_cancel(self, order_id: str) -> OrderAnswer:
        if (stream := self.socket()) is not None:
            return await answered(
                stream.request(lambda id: CancelOp(id=id, order_id=order_id), OrderAnswer)
            )
        return await answered(self.rest.cancel(order_id))

    def _ended(self, orders: tuple[OrderMessage, ...]) -> None:
        for order in orders:
            self.writer.ended(self.markets.get(order.market), order)

    def _release(self, market: Market, nonce: Nonce | None) -> None:
        if nonce is not None:
            self.writer.lanes.release(market.base.id, nonce)


async def answered(sent: Awaitable[_T]) -> _T:
    """Return the answer to new orders, or to what changes them.

    Raises:
        UnknownOutcomeError: also where the exchange says that something broke: that may have been
            after they were entered or changed.
    """
    try:
        return await sent
    except RefusedError as error:
        if error.code != RejectReason.INTERNAL.value:
            raise
        raise UnknownOutcomeError(str(error)) from error


def _found(order: OrderMessage, sequence: int = 0) -> OrderAnswer:
    """An order that was looked up: as of its own command at least."""
    placed = order_sequence(parse_order_id(order.order_id))
    return OrderAnswer(sequence=max(sequence, placed), order=order)


def _has_terms(order: OrderMessage, request: ReplaceRequest) -> bool:
    if request.nonce is not None:
        return order.nonce == request.nonce
    return (order.price, order.quantity) == (request.price, request.quantity)
