"""Orders that are placed together: as one message where they are a ladder, each by itself otherwise.

Whichever way they go, each order answers for itself. Where no answer to a ladder comes, each of its
orders is asked for by its client order id, and sent again by itself when the exchange does not know
it. The ladder as such is not sent again: if it had entered, and matching paused since, that would be
refused as a whole, which is not what became of its orders.
"""

import asyncio
from collections.abc import Sequence

import attrs

from hybrid_dex.client.errors import UnreachableError, refused
from hybrid_dex.client.order_writer import NewOrder, made_up
from hybrid_dex.client.trading import Trading, answered
from hybrid_dex.errors import FormatError, HybridDexError, RefusedError, UnknownOutcomeError
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import order_sequence
from hybrid_dex.signing import Domain, order_digest
from hybrid_dex.wire import (
    LadderAnswer,
    LadderOp,
    LadderRequest,
    OrderAnswer,
    OrderMessage,
    RungResult,
    hex_text,
    ladder_request,
    order_request,
    parse_order_id,
    word,
)
from hybrid_dex.wire.scalars import parse_client_order_id

__all__ = ["Ladders"]


@attrs.define(kw_only=True, eq=False)
class Ladders:
    """Sends orders that share a signature.

    Attributes:
        trading: the account's own trading.
    """

    trading: Trading

    async def place_together(
        self, orders: Sequence[NewOrder]
    ) -> list[OrderAnswer | HybridDexError]:
        """Place several orders under one signature; see `ExchangeClient.place_together`."""
        trading = self.trading
        named = [
            (
                await trading.markets.find(order.market),
                attrs.evolve(order, client_order_id=order.client_order_id or made_up()),
            )
            for order in orders
        ]
        written = trading.writer.place_together(named)
        signed = [order for order in written if isinstance(order, SignedOrder)]
        domain, ladder = trading.writer.domain, _ladder(signed)
        if domain is not None and ladder is not None:
            return await self._place(ladder, signed, domain)
        return list(
            await asyncio.gather(
                *(
                    trading.outcome(market, order_request(order, market), _nonce(order))
                    for (market, _), order in zip(named, written, strict=True)
                )
            )
        )

    async def _place(
        self, ladder: LadderRequest, orders: Sequence[SignedOrder], domain: Domain
    ) -> list[OrderAnswer | HybridDexError]:
        told: Sequence[OrderAnswer | HybridDexError | None]
        try:
            answer = await self._send(ladder)
        except (RefusedError, UnreachableError) as error:
            told = [error] * len(orders)
        except UnknownOutcomeError:
            told = [None] * len(orders)
        else:
            told = [
                _told(order, domain, answer, rung)
                for order, rung in zip(orders, answer.rungs, strict=True)
            ]
        return list(await asyncio.gather(*map(self._settled, orders, told)))

    async def _send(self, ladder: LadderRequest) -> LadderAnswer:
        trading = self.trading
        request = trading.timed(ladder)
        if (stream := trading.socket()) is not None:
            return await answered(
                stream.request(lambda id: LadderOp(id=id, ladder=request), LadderAnswer)
            )
        return await answered(trading.rest.place_ladder(request))

    async def _settled(
        self, order: SignedOrder, outcome: OrderAnswer | HybridDexError | None
    ) -> OrderAnswer | HybridDexError:
        market, nonce = order.market, order.nonce
        if outcome is not None:
            return self.trading.settled(market, nonce, outcome)
        return await self.trading.outcome(market, order_request(order, market), nonce, sent=True)


def _ladder(orders: list[SignedOrder]) -> LadderRequest | None:
    """Return the message of all orders, or ``None`` where each has to go by itself.

    That is also where one of the names is none: it would be the refusal of the whole message.
    """
    try:
        for order in orders:
            parse_client_order_id(order.client_order_id or "")
    except FormatError:
        return None
    return ladder_request(orders) if orders else None


def _told(
    order: SignedOrder, domain: Domain, answer: LadderAnswer, rung: RungResult
) -> OrderAnswer | RefusedError | None:
    """Return what became of an order, or ``None`` where the answer leaves it in doubt.

    Something broke, perhaps after it entered; or it entered by an earlier command, since the ladder
    arrived twice, and may have other terms by now.
    """
    if rung.problem is not None:
        error = refused(rung.problem)
        if isinstance(error, UnknownOutcomeError) or error.code == RejectReason.INTERNAL.value:
            return None
        return error
    order_id, status, open_, filled = rung.order_id, rung.status, rung.open, rung.filled
    if order_id is None or status is None or open_ is None or filled is None:
        return None
    if order_sequence(parse_order_id(order_id)) != answer.sequence:
        return None
    market = order.market
    message = OrderMessage(
        order_id=order_id,
        account=order.trader,
        market=market.id,
        side=word(order.side),
        order_type=word(order.order_type),
        time_in_force=word(order.time_in_force),
        post_only=order.post_only,
        self_trade=word(order.self_trade),
        price=market.format_price(order.price),
        quantity=market.format_quantity(order.quantity),
        open=open_,
        filled=filled,
        status=status,
        accepted_at_ms=answer.at_ms,
        client_order_id=order.client_order_id,
        order_hash=hex_text(order_digest(order, domain)),
        nonce=str(order.nonce.packed),
    )
    return OrderAnswer(sequence=answer.sequence, order=message, fills=rung.fills)


def _nonce(order: SignedOrder | PlaceOrder) -> Nonce | None:
    return order.nonce if isinstance(order, SignedOrder) else None
