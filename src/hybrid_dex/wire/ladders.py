"""Ladders on the wire: up to eight orders of one market under one signature, as one command.

What the orders have in common is said once. All that was signed is there, so no proofs come with it:
the exchange makes the tree from the rungs itself. Each rung is an order like any other, and enters
or is refused alone.
"""

from typing import Annotated, Final, TypeAlias

import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.signed_order import MAX_BULK_HEIGHT, Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.wire.codec import MessageError
from hybrid_dex.wire.orders import check_fee_and_expiry, refuse_gtd
from hybrid_dex.wire.problem import Problem
from hybrid_dex.wire.reports import FillMessage
from hybrid_dex.wire.scalars import (
    BytesText,
    ClientOrderIdText,
    DecimalText,
    IdText,
    Milliseconds,
    SequenceNumber,
    SymbolText,
    hex_text,
    parse_client_order_id,
    parse_hex,
    parse_nonce,
)
from hybrid_dex.wire.window import ReceiveWindow
from hybrid_dex.wire.words import OrderStatusWord, SelfTradeWord, SideWord, TimeInForceWord, word

__all__ = [
    "LadderAnswer",
    "LadderRequest",
    "RungRequest",
    "RungResult",
    "ladder_request",
    "to_ladder",
]

_SIGNATURE_BYTES: Final = (64, 65)
_SIDES: Final = {word(item): item for item in Side}
_TIMES_IN_FORCE: Final = {word(item): item for item in TimeInForce}
_SELF_TRADES: Final = {word(item): item for item in SelfTradeMode}
_BULK: Final = SignatureKind.BULK


class RungRequest(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """An order of a ladder: what it does not share with the others.

    Attributes:
        side: buy or sell.
        quantity: the total, in base.
        price: the limit, in quote per base.
        nonce: the packed u64 (counter, revision, lane) as decimal digits; a lane of its own.
        client_order_id: the trader's own id; not signed.
    """

    side: SideWord
    quantity: DecimalText
    price: DecimalText
    nonce: DecimalText
    client_order_id: ClientOrderIdText | None = None


Rungs: TypeAlias = Annotated[
    list[RungRequest], msgspec.Meta(min_length=1, max_length=2**MAX_BULK_HEIGHT)
]


class LadderRequest(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Place up to eight limit orders of one market under one signature, as one command.

    Attributes:
        market: the market's symbol.
        max_fee_ppm: the largest fee rate accepted, parts per million.
        expiry_s: Unix seconds from which none of the orders matches any more.
        signature: of the trader, over the tree of the orders (`BulkOrder`): the smallest that has
            room for them, in their order. 65 bytes r, s, v or 64 bytes r, vs.
        rungs: the orders.
        time_in_force: gtc, ioc or fok.
        post_only: refuse rather than take liquidity.
        self_trade: what to do when one meets an order of the same account; not signed.
        sent_at_ms: when the request was sent, by the exchange's clock; no part of the orders.
        receive_window_ms: for how long after that it may be done; 5,000 when left out.
    """

    market: SymbolText
    max_fee_ppm: int
    expiry_s: int
    signature: BytesText
    rungs: Rungs
    time_in_force: TimeInForceWord = "gtc"
    post_only: bool = False
    self_trade: SelfTradeWord = "cancel_aggressor"
    sent_at_ms: Milliseconds | None = None
    receive_window_ms: ReceiveWindow | None = None


class RungResult(
    msgspec.Struct,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """What became of one order of a ladder: it entered and has an id, or there is a problem.

    Attributes:
        order_id: its id.
        status: how it stands.
        open: what can still trade (LeavesQty).
        filled: what has traded (CumQty).
        fills: what traded at once, in order.
        problem: why it was refused.
    """

    order_id: IdText | None = None
    status: OrderStatusWord | None = None
    open: DecimalText | None = None
    filled: DecimalText | None = None
    fills: list[FillMessage] = []
    problem: Problem | None = None


class LadderAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to a ladder, once it is durable: one result an order, in their order.

    Attributes:
        sequence: the command that did it.
        at_ms: when it did; orders that enter are accepted then.
        rungs: the results.
    """

    sequence: SequenceNumber
    at_ms: Milliseconds
    rungs: list[RungResult]


def to_ladder(request: LadderRequest, market: Market, account: AccountId) -> list[SignedOrder]:
    """Return what `Exchange.place_ladders` takes: the orders of a whole tree, in their places.

    Args:
        request: the decoded message.
        market: the market that it names.
        account: who sends it.

    Raises:
        FormatError: a number is not exact, or the fields do not go together; the field names the
            rung, as in ``rungs[1].price``.
    """
    max_fee_ppm, expiry_s = check_fee_and_expiry(request.max_fee_ppm, request.expiry_s)
    signature = parse_hex("signature", request.signature, _SIGNATURE_BYTES)
    time_in_force = _TIMES_IN_FORCE[request.time_in_force]
    refuse_gtd(time_in_force)
    post_only, self_trade = request.post_only, _SELF_TRADES[request.self_trade]
    parse_price, parse_quantity = market.parse_price, market.parse_quantity
    orders: list[SignedOrder] = []
    try:
        for rung in request.rungs:
            packed, name = parse_nonce(rung.nonce), rung.client_order_id
            orders.append(
                SignedOrder(
                    trader=account,
                    market=market,
                    side=_SIDES[rung.side],
                    time_in_force=time_in_force,
                    post_only=post_only,
                    price=parse_price(rung.price),
                    quantity=parse_quantity(rung.quantity),
                    max_fee_ppm=max_fee_ppm,
                    expiry_s=expiry_s,
                    nonce=Nonce(packed >> 24, packed >> 16 & 0xFF, packed & 0xFFFF),
                    signature=signature,
                    self_trade=self_trade,
                    client_order_id=None if name is None else parse_client_order_id(name),
                    signature_kind=_BULK,
                    leaf=len(orders),
                )
            )
    except MessageError as error:
        field = f"rungs[{len(orders)}].{error.field}"
        raise MessageError(error.code, field, error.reason, error.valid) from None
    except FormatError as error:
        field = f"rungs[{len(orders)}].{error.field}"
        raise FormatError(field, error.reason, error.valid) from None
    return orders


def ladder_request(orders: list[SignedOrder]) -> LadderRequest | None:
    """Return the message of orders that share one signature, or ``None`` where a ladder has no room.

    Args:
        orders: all of a tree, in their places, as `LocalSigner.sign_bulk` returns them.
    """
    first = orders[0]
    shared = _shared(first)
    if any(_shared(order) != shared or not _is_plain(order) for order in orders):
        return None
    market = first.market
    return LadderRequest(
        market=market.id,
        max_fee_ppm=first.max_fee_ppm,
        expiry_s=first.expiry_s,
        signature=hex_text(first.signature),
        rungs=[
            RungRequest(
                side=word(order.side),
                quantity=market.format_quantity(order.quantity),
                price=market.format_price(order.price),
                nonce=str(order.nonce.packed),
                client_order_id=order.client_order_id,
            )
            for order in orders
        ],
        time_in_force=word(first.time_in_force),
        post_only=first.post_only,
        self_trade=word(first.self_trade),
    )


def _shared(order: SignedOrder) -> tuple[object, ...]:
    return (
        order.market,
        order.max_fee_ppm,
        order.expiry_s,
        order.signature,
        order.time_in_force,
        order.post_only,
        order.self_trade,
    )


def _is_plain(order: SignedOrder) -> bool:
    """Whether an order is of a tree and has nothing that a rung can not say."""
    extras = (order.trigger_price, order.display_quantity, order.quote_budget)
    is_limit = not (order.order_type.is_market or order.order_type.waits)
    return order.signature_kind is _BULK and is_limit and extras == (None, None, None)
