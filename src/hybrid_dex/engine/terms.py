"""Terms: what an order must look like before anybody asks for funds.

Pure checks of a command against its market and the time. Each returns the first `Refusal`, with
what would be valid, or ``None``; none of them looks at the book or the ledger.
"""

from typing import Final, TypeAlias

import msgspec

from hybrid_dex.engine.desk import Venue
from hybrid_dex.engine.orders import Named
from hybrid_dex.engine.stops import is_reached
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.order import OrderType, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import (
    MAX_BULK_HEIGHT,
    MAX_LIFETIME_S,
    Authorization,
    SignatureKind,
)
from hybrid_dex.model.units import (
    MAX_AMOUNT,
    MAX_PRICE,
    MAX_QUANTITY,
    MAX_TIMESTAMP_NS,
    Price,
    Quantity,
)

__all__ = [
    "MAX_LIFETIME_NS",
    "MAX_NONCE",
    "MAX_SLICES",
    "NANOSECONDS",
    "Entering",
    "are_sure",
    "check_authorization",
    "check_name",
    "check_reached",
    "check_slices",
    "check_terms",
    "due_ns",
    "has_proof",
    "repeats",
    "same_content",
]

Entering: TypeAlias = PlaceOrder | ReplaceOrder
"""Commands that bring terms to the book."""

NANOSECONDS: Final = 1_000_000_000
MAX_LIFETIME_NS: Final = MAX_LIFETIME_S * NANOSECONDS
_SURE_AMOUNT: Final = MAX_AMOUNT // 2
"""A notional up to here fits with its fee, which is always less than itself."""
_LONGEST_NAME: Final = 64
MAX_SLICES: Final = 100
"""An iceberg has at most so many slices, so that no aggressor is worn out by one order."""
MAX_NONCE: Final = 2**64 - 1
_HASH_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
"""r and vs."""
_KINDS: Final = frozenset(SignatureKind)
_BUY: Final = Side.BUY
_LIMIT: Final = OrderType.LIMIT
_GTC: Final = TimeInForce.GTC
_GTD: Final = TimeInForce.GTD
_RESTS: Final = (TimeInForce.GTC, TimeInForce.GTD)


def check_name(name: str) -> Refusal | None:
    """A client order id is 1 to 64 printable ASCII characters."""
    if 1 <= len(name) <= _LONGEST_NAME and name.isascii() and name.isprintable():
        return None
    detail = f"1 to {_LONGEST_NAME} printable ASCII characters"
    return Refusal(RejectReason.INVALID_CLIENT_ORDER_ID, "client_order_id", detail)


def are_sure(venue: Venue, price: int, quantity: int) -> bool:
    """Whether `check_terms` surely refuses no price, quantity or amount: true of nearly every order."""
    if type(price) is not int or type(quantity) is not int:
        return False
    notional = price * quantity * venue.tick_size
    return (
        1 <= price <= MAX_PRICE
        and venue.least_lots <= quantity <= venue.most_lots
        and venue.least_notional <= notional <= venue.most_notional
        and notional <= _SURE_AMOUNT
        and quantity * venue.lot_size <= MAX_AMOUNT
    )


def check_terms(
    venue: Venue,
    command: Entering,
    order_type: OrderType,
    at_ns: int,
    *,
    ends: bool = False,
    sleeps: bool = False,
) -> Refusal | None:
    """Price, quantity, amounts, and words that go together.

    With `ends` the new total is filled already, so nothing is asked of its size. What `sleeps` may
    have its trigger anywhere: where the price will be when it wakes, nobody knows.
    """
    price, quantity = command.price, command.quantity
    if type(price) is not int or not 1 <= price <= MAX_PRICE:
        return Refusal(RejectReason.INVALID_PRICE, "price", f"1 to {MAX_PRICE} ticks")
    if type(quantity) is not int or not venue.least_lots <= quantity <= venue.most_lots:
        refusal = _wrong_quantity(venue, quantity)
        if refusal.reason is RejectReason.INVALID_QUANTITY or not ends:
            return refusal
    notional = price * quantity * venue.tick_size
    if (
        notional > _SURE_AMOUNT and venue.hold(_BUY, price, quantity) > MAX_AMOUNT
    ) or quantity * venue.lot_size > MAX_AMOUNT:
        detail = f"base, and price x quantity with fees, are at most {MAX_AMOUNT} atoms each"
        return Refusal(RejectReason.AMOUNT_TOO_LARGE, "quantity", detail)
    if not venue.least_notional <= notional <= venue.most_notional and not ends:
        return _wrong_notional(venue, notional)
    if (
        command.time_in_force is _GTC
        and command.expires_at_ns is None
        and order_type is _LIMIT
        and command.trigger_price is None
        and command.display_quantity is None
        and (isinstance(command, ReplaceOrder) or command.quote_budget is None)
    ):
        return None
    return (
        _check_words(command, order_type, at_ns)
        or _check_trigger(venue, command, order_type, sleeps=sleeps)
        or _check_display(venue, command, ends=ends)
        or _check_budget(command)
    )


def _wrong_quantity(venue: Venue, quantity: object) -> Refusal:
    """Say what is wrong with a quantity that the market does not take."""
    show = venue.market.format_quantity
    if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        return Refusal(RejectReason.INVALID_QUANTITY, "quantity", f"1 to {MAX_QUANTITY} lots")
    if quantity < venue.least_lots:
        detail = f"at least {show(venue.least_lots)} {venue.base_id}"
        return Refusal(RejectReason.BELOW_MINIMUM_QUANTITY, "quantity", detail)
    detail = f"at most {show(venue.most_lots)} {venue.base_id}"
    return Refusal(RejectReason.ABOVE_MAXIMUM_QUANTITY, "quantity", detail)


def _wrong_notional(venue: Venue, notional: int) -> Refusal:
    """Say what is wrong with a notional that the market does not take."""
    show = venue.market.quote.format
    if notional < venue.least_notional:
        detail = f"at least {show(venue.least_notional)} {venue.quote_id}"
        return Refusal(RejectReason.BELOW_MINIMUM_NOTIONAL, "quantity", detail)
    detail = f"at most {show(venue.most_notional)} {venue.quote_id}"
    return Refusal(RejectReason.ABOVE_MAXIMUM_NOTIONAL, "quantity", detail)


def _check_words(command: Entering, order_type: OrderType, at_ns: int) -> Refusal | None:
    """Everything that a plain GTC limit order can not get wrong."""
    time_in_force, expires_at_ns = command.time_in_force, command.expires_at_ns
    reason = RejectReason.INVALID_COMBINATION
    if order_type.is_market and time_in_force is not TimeInForce.IOC:
        return Refusal(reason, "time_in_force", "a market order is IOC")
    if command.post_only and time_in_force not in _RESTS:
        return Refusal(reason, "post_only", "a post-only order is GTC or GTD")
    if (time_in_force is _GTD) is (expires_at_ns is None):
        return Refusal(reason, "expires_at_ns", "a time for GTD, none for the others")
    if expires_at_ns is not None and not at_ns < expires_at_ns <= MAX_TIMESTAMP_NS:
        detail = f"after {at_ns}, at most {MAX_TIMESTAMP_NS} (Unix nanoseconds)"
        return Refusal(RejectReason.EXPIRED, "expires_at_ns", detail)
    return None


def _check_trigger(
    venue: Venue, command: Entering, order_type: OrderType, *, sleeps: bool
) -> Refusal | None:
    """A trigger where there must be one, and none that the last fill has reached already."""
    trigger = command.trigger_price
    if trigger is None:
        if order_type.waits and isinstance(command, PlaceOrder):
            detail = f"1 to {MAX_PRICE} ticks"
            return Refusal(RejectReason.INVALID_TRIGGER, "trigger_price", detail)
        return None
    if not order_type.waits:
        detail = "none, or another order type"
        return Refusal(RejectReason.INVALID_TRIGGER, "trigger_price", detail)
    if type(trigger) is not int or not 1 <= trigger <= MAX_PRICE:
        detail = f"1 to {MAX_PRICE} ticks"
        return Refusal(RejectReason.INVALID_TRIGGER, "trigger_price", detail)
    if isinstance(command, PlaceOrder) and not sleeps:
        return check_reached(venue, order_type, command.side, trigger)
    return None


def _check_display(venue: Venue, command: Entering, *, ends: bool) -> Refusal | None:
    """An iceberg rests, and shows at least one order's worth at a time."""
    display, quantity = command.display_quantity, command.quantity
    if display is None:
        return None
    detail = ""
    if type(display) is not int or not 1 <= display <= quantity:
        show = venue.market.format_quantity
        detail = f"{show(1)} to {show(quantity)} {venue.base_id}"
    elif command.time_in_force not in _RESTS:
        detail = "none, or an order that rests"
    if detail:
        return Refusal(RejectReason.INVALID_DISPLAY, "display_quantity", detail)
    return None if ends else check_slices(venue, command.price, quantity, display)


def check_slices(venue: Venue, price: int, quantity: int, display: int) -> Refusal | None:
    """Each slice is an order that the market would take, and there are not too many of them."""
    market, detail = venue.market, ""
    if quantity > display * MAX_SLICES:
        least = market.format_quantity(Quantity(-(-quantity // MAX_SLICES)))
        detail = f"at least {least}: at most {MAX_SLICES} slices"
    elif display < venue.least_lots:
        detail = f"at least {market.format_quantity(Quantity(venue.least_lots))}"
    elif price * display * venue.tick_size < venue.least_notional:
        detail = f"worth at least {market.quote.format(venue.least_notional)} {venue.quote_id}"
    return Refusal(RejectReason.INVALID_DISPLAY, "display_quantity", detail) if detail else None


def _check_budget(command: Entering) -> Refusal | None:
    """Only a buy spends quote, and only what is immediate can say when it has spent enough."""
    if isinstance(command, ReplaceOrder) or command.quote_budget is None:
        return None
    detail, budget = "", command.quote_budget
    if type(budget) is not int or not 1 <= budget <= MAX_AMOUNT:
        detail = f"1 to {MAX_AMOUNT} atoms"
    elif command.side is not _BUY or command.time_in_force is not TimeInForce.IOC:
        detail = "none, or a buy that is a market order or IOC"
    return Refusal(RejectReason.INVALID_BUDGET, "quote_budget", detail) if detail else None


def check_reached(
    venue: Venue, order_type: OrderType, side: Side, trigger_price: int
) -> Refusal | None:
    """A trigger is ahead of the last fill: who sends one that is not means something else."""
    last = venue.last_price
    if last == 0 or not is_reached(order_type, side, trigger_price, last):
        return None
    detail = f"the last fill was at {venue.market.format_price(Price(last))}"
    return Refusal(RejectReason.TRIGGER_REACHED, "trigger_price", detail)


def check_authorization(
    venue: Venue, signed: Authorization, at_ns: int, *, post_only: bool
) -> Refusal | None:
    """What is signed can be told to the contract: kind, nonce, expiry and fee cap."""
    if signed.kind not in _KINDS:
        return Refusal(RejectReason.BAD_SIGNATURE, "signature_kind", "a kind that the contract has")
    if not 0 <= signed.nonce <= MAX_NONCE:
        return Refusal(RejectReason.BAD_SIGNATURE, "nonce", f"0 to {MAX_NONCE}")
    last_s = at_ns // NANOSECONDS + MAX_LIFETIME_S
    if not at_ns < signed.expiry_s * NANOSECONDS <= at_ns + MAX_LIFETIME_NS:
        detail = f"after {at_ns // NANOSECONDS}, at most {last_s} (Unix seconds)"
        return Refusal(RejectReason.EXPIRED, "expiry_s", detail)
    needed = venue.worst_maker_ppm if post_only else venue.worst_fee_ppm
    if signed.max_fee_ppm < needed:
        return Refusal(RejectReason.FEE_CAP_TOO_LOW, "max_fee_ppm", f"at least {needed}")
    return None


def has_proof(signed: Authorization) -> bool:
    """Whether hash, signature and tree proof are there, as the kind of signature needs them."""
    approved = signed.kind == SignatureKind.APPROVED
    wanted = 0 if approved else _SIGNATURE_BYTES
    height = len(signed.proof)
    bulk = signed.kind == SignatureKind.BULK
    return (
        len(signed.order_hash) == _HASH_BYTES
        and len(signed.signature) == wanted
        and (1 <= height <= MAX_BULK_HEIGHT if bulk else height == 0)
        and all(len(sibling) == _HASH_BYTES for sibling in signed.proof)
        and 0 <= signed.leaf < 1 << height
    )


def due_ns(command: Entering) -> int | None:
    """Return when the order stops matching: GTD or signed expiry, whichever is first."""
    signed = command.authorization
    if signed is None:
        return command.expires_at_ns
    signed_ns = signed.expiry_s * NANOSECONDS
    return signed_ns if command.expires_at_ns is None else min(signed_ns, command.expires_at_ns)


def repeats(known: Named, again: PlaceOrder) -> bool:
    """Whether an order is asked for as it was before under its client order id: the same, and alone."""
    return same_content(known.command, again) and len(known.entered()) == 1


def same_content(first: PlaceOrder, again: PlaceOrder) -> bool:
    """Whether two commands ask for the same, apart from when they were stamped."""
    return first == msgspec.structs.replace(again, sequence=first.sequence, at_ns=first.at_ns)
