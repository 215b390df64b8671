"""Linked orders on the wire: two exits of which one cancels the other, alone or behind an entry.

Each of them is an order like any other, signed where orders are signed; all of them enter, or none.
"""

from typing import NamedTuple

import msgspec

from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.market import Market
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.wire.orders import OrderRequest, to_order
from hybrid_dex.wire.reports import OrderAnswer
from hybrid_dex.wire.scalars import Milliseconds, SequenceNumber
from hybrid_dex.wire.window import ReceiveWindow, refuse_window

__all__ = ["LinkedAnswer", "LinkedOrders", "LinkedRequest", "to_linked"]


class LinkedRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Place an OCO (two exits) or a bracket (two exits behind an entry), all of it or nothing.

    Attributes:
        take_profit: the exit at a better price: a limit order, or one that waits for its trigger.
        stop: the exit at a worse price: a stop. Signed in the take-profit's lane, under the same
            counter and with a higher revision.
        entry: what opens the position, of the other side; signed in a lane of its own. The exits
            sleep until it fills, and are alive for as much as it filled.
        sent_at_ms: when it was sent, by the exchange's clock.
        receive_window_ms: for how long after that it may be done; 5,000 when left out.
    """

    take_profit: OrderRequest
    stop: OrderRequest
    entry: OrderRequest | None = None
    sent_at_ms: Milliseconds | None = None
    receive_window_ms: ReceiveWindow | None = None


class LinkedAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to linked orders, once they are durable.

    Attributes:
        sequence: the command that did it.
        take_profit: as it stands.
        stop: as it stands.
        entry: of a bracket, as it stands, with what traded at once.
    """

    sequence: SequenceNumber
    take_profit: OrderAnswer
    stop: OrderAnswer
    entry: OrderAnswer | None = None


class LinkedOrders(NamedTuple):
    """What `Exchange.place_linked` takes."""

    take_profit: SignedOrder | PlaceOrder
    stop: SignedOrder | PlaceOrder
    entry: SignedOrder | PlaceOrder | None


def to_linked(request: LinkedRequest, market: Market, account: AccountId) -> LinkedOrders:
    """Return what `Exchange.place_linked` takes.

    Args:
        request: the decoded message.
        market: the market that all of them name.
        account: who sends it.

    Raises:
        FormatError: a number is not exact, or the fields do not go together.
    """
    for order in (request.take_profit, request.stop, request.entry):
        if order is not None:
            refuse_window(order, "linked request")
    return LinkedOrders(
        to_order(request.take_profit, market, account),
        to_order(request.stop, market, account),
        None if request.entry is None else to_order(request.entry, market, account),
    )
