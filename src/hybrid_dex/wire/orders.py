"""Order entry: JSON orders to what the exchange takes, exactly, or refused with the field named.

An order is signed when it carries ``signature``, or says that its hash was approved on chain; then
``max_fee_ppm``, ``expiry_s`` and ``nonce`` belong to the signed terms and must be there too. Whether
it has to be signed is the exchange's to say, and whether the signature is right is for auth.
"""

from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from hybrid_dex.errors import FormatError
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.decimal_text import MAX_ORDER_DIGITS, parse_units
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.signed_order import (
    MAX_BULK_HEIGHT,
    Nonce,
    SignatureKind,
    SignedOrder,
)
from hybrid_dex.model.units import (
    AccountId,
    FeePpm,
    Price,
    Quantity,
    TimestampNs,
)
from hybrid_dex.model.views import OrderView
from hybrid_dex.wire.scalars import (
    BytesText,
    ClientOrderIdText,
    DecimalText,
    Milliseconds,
    SymbolText,
    hex_text,
    parse_client_order_id,
    parse_hashes,
    parse_hex,
    parse_nonce,
    to_ms,
    to_ns,
)
from hybrid_dex.wire.window import ReceiveWindow
from hybrid_dex.wire.words import (
    OrderTypeWord,
    SelfTradeWord,
    SideWord,
    SignatureKindWord,
    TimeInForceWord,
    word,
)

__all__ = [
    "OrderRequest",
    "ReduceRequest",
    "ReplaceRequest",
    "check_fee_and_expiry",
    "order_request",
    "refuse_gtd",
    "refuse_unreadable",
    "replace_request",
    "to_order",
    "to_quantity",
    "to_replacement",
    "to_unsigned",
]

_MAX_FEE: int = 2**16 - 1
_MAX_EXPIRY: int = 2**40 - 1
_SIGNED_FIELDS = ("max_fee_ppm", "expiry_s", "nonce")
_SIGNATURE_BYTES = (64, 65)
_WALLET: SignatureKindWord = "wallet"

# Members by their words, and those that every order is compared with: looked up once, not for each of them.
_SIDES: Final = {word(item): item for item in Side}
_ORDER_TYPES: Final = {word(item): item for item in OrderType}
_TIMES_IN_FORCE: Final = {word(item): item for item in TimeInForce}
_SELF_TRADES: Final = {word(item): item for item in SelfTradeMode}
_SIGNATURE_KINDS: Final = {word(item): item for item in SignatureKind}
_GTC, _GTD, _IOC = TimeInForce.GTC, TimeInForce.GTD, TimeInForce.IOC
_BULK, _APPROVED = SignatureKind.BULK, SignatureKind.APPROVED

Proof: TypeAlias = Annotated[
    tuple[BytesText, ...],
    msgspec.Meta(
        max_length=MAX_BULK_HEIGHT,
        description="the sibling at each level of a bulk tree, 32 bytes each, leaf first",
    ),
]
Leaf: TypeAlias = Annotated[
    int, msgspec.Meta(ge=0, lt=2**MAX_BULK_HEIGHT, description="the place in a bulk tree, from 0")
]


_Request = TypeVar("_Request", "OrderRequest", "ReplaceRequest")


_Signed: TypeAlias = tuple[FeePpm, int, Nonce, bytes, SignatureKind, tuple[bytes, ...]]
"""What a signed request says beyond an unsigned one: fee, expiry, nonce, signature, its kind, and the proof."""


class OrderRequest(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Place an order.

    Attributes:
        market: the market's symbol.
        side: buy or sell.
        quantity: the total, in base.
        price: the limit, in quote per base; of a market order, the worst price it accepts.
        order_type: limit or market; with stop_ or take_profit_ before it, once the trigger is reached.
        time_in_force: gtc, gtd (unsigned orders only), ioc or fok; a market order's is ioc.
        post_only: refuse rather than take liquidity.
        self_trade: what to do when it meets an order of the same account.
        client_order_id: the trader's own id; sending an order again under its id is safe.
        expires_at_ms: when a gtd order expires.
        max_fee_ppm: signed: the largest fee rate accepted, parts per million.
        expiry_s: signed: Unix seconds from which the order no longer matches.
        nonce: signed: the packed u64 (counter, revision, lane) as decimal digits.
        signature: signed: the EIP-712 signature, 65 bytes r, s, v or 64 bytes r, vs; left out when
            the order's hash was approved on chain.
        signature_kind: signed: wallet, the trader signed the order; session, a key that the trader
            granted did; bulk, the trader signed a tree of orders; approved, the hash is approved.
        proof: of a bulk order.
        leaf: of a bulk order.
        trigger_price: of a stop or take-profit, the fill price for which it waits; not signed.
        display_quantity: of an iceberg, how much of it the book shows at a time; not signed.
        quote_budget: the most that an immediate buy spends, fees included, in quote; not signed.
        sent_at_ms: when the request was sent, by the exchange's clock; no part of the order.
        receive_window_ms: for how long after that it may be done; 5,000 when left out.
    """

    market: SymbolText
    side: SideWord
    quantity: DecimalText
    price: DecimalText
    order_type: OrderTypeWord = "limit"
    time_in_force: TimeInForceWord | None = None
    post_only: bool = False
    self_trade: SelfTradeWord = "cancel_aggressor"
    client_order_id: ClientOrderIdText | None = None
    expires_at_ms: Milliseconds | None = None
    max_fee_ppm: int | None = None
    expiry_s: int | None = None
    nonce: DecimalText | None = None
    signature: BytesText | None = None
    signature_kind: SignatureKindWord = _WALLET
    proof: Proof = ()
    leaf: Leaf = 0
    trigger_price: DecimalText | None = None
    display_quantity: DecimalText | None = None
    quote_budget: DecimalText | None = None
    sent_at_ms: Milliseconds | None = None
    receive_window_ms: ReceiveWindow | None = None


class ReplaceRequest(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Swap an order for new terms, atomically; it keeps its id.

    Attributes:
        quantity: the new total, in base, fills so far included.
        price: the new limit.
        expected_filled: refuse when the filled quantity is another.
        nonce: signed: the same lane and counter as the order's, with a higher revision.
        trigger_price: where an order that waits is to wait instead; left out, it stays.
        display_quantity: how much is to be shown at a time from now on; left out, it stays.

    The rest is as in `OrderRequest`.
    """

    quantity: DecimalText
    price: DecimalText
    time_in_force: TimeInForceWord | None = None
    post_only: bool = False
    self_trade: SelfTradeWord = "cancel_aggressor"
    expires_at_ms: Milliseconds | None = None
    expected_filled: DecimalText | None = None
    max_fee_ppm: int | None = None
    expiry_s: int | None = None
    nonce: DecimalText | None = None
    signature: BytesText | None = None
    signature_kind: SignatureKindWord = _WALLET
    proof: Proof = ()
    leaf: Leaf = 0
    trigger_price: DecimalText | None = None
    display_quantity: DecimalText | None = None
    sent_at_ms: Milliseconds | None = None
    receive_window_ms: ReceiveWindow | None = None


class ReduceRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Lower the open quantity by this much, in base; the order keeps its priority.

    Attributes:
        by: how much.
        sent_at_ms: as in `OrderRequest`.
        receive_window_ms: as in `OrderRequest`.
    """

    by: DecimalText
    sent_at_ms: Milliseconds | None = None
    receive_window_ms: ReceiveWindow | None = None


def to_order(request: OrderRequest, market: Market, account: AccountId) -> SignedOrder | PlaceOrder:
    """Return what `Exchange.place` takes: a `SignedOrder` when it is signed.

    Args:
        request: the decoded message.
        market: the market that it names.
        account: who sends it.

    Raises:
        FormatError: a number is not exact, or the fields do not go together.
    """
    if request.market != market.id:
        raise FormatError("market", f"is {request.market}", market.id)
    order_type = _ORDER_TYPES[request.order_type]
    time_in_force = _time_in_force(request.time_in_force, request.expires_at_ms, order_type)
    price, quantity = market.parse_price(request.price), market.parse_quantity(request.quantity)
    trigger, display, budget = request.trigger_price, request.display_quantity, request.quote_budget
    trigger_price = None if trigger is None else market.parse_price(trigger, "trigger_price")
    display_quantity = None if display is None else _display(display, market)
    quote_budget = None if budget is None else market.quote.parse(budget, "quote_budget")
    name = request.client_order_id
    client_order_id = None if name is None else parse_client_order_id(name)
    if not _is_signed(request):
        _refuse_signed_fields(request)
        return PlaceOrder(
            account=account,
            market=market.id,
            side=_SIDES[request.side],
            price=price,
            quantity=quantity,
            order_type=order_type,
            time_in_force=time_in_force,
            post_only=request.post_only,
            self_trade=_SELF_TRADES[request.self_trade],
            expires_at_ns=_expires(request.expires_at_ms),
            client_order_id=client_order_id,
            trigger_price=trigger_price,
            display_quantity=display_quantity,
            quote_budget=quote_budget,
        )
    max_fee_ppm, expiry_s, nonce, signature, signature_kind, proof = _signed_fields(request)
    refuse_gtd(time_in_force)
    # In steps: for more than 15 names CPython makes a dict first, which takes most of the time.
    order = SignedOrder(
        trader=account,
        market=market,
        side=_SIDES[request.side],
        order_type=order_type,
        time_in_force=time_in_force,
        post_only=request.post_only,
        price=price,
        quantity=quantity,
        max_fee_ppm=max_fee_ppm,
        expiry_s=expiry_s,
        nonce=nonce,
        signature=signature,
        self_trade=_SELF_TRADES[request.self_trade],
        client_order_id=client_order_id,
    )
    if signature_kind is not SignatureKind.WALLET:
        order = replace(order, signature_kind=signature_kind, proof=proof, leaf=request.leaf)
    if trigger is not None or display is not None or budget is not None:
        order = replace(
            order,
            trigger_price=trigger_price,
            display_quantity=display_quantity,
            quote_budget=quote_budget,
        )
    return order


_NUMBERS = (
    "by", "quantity", "price", "trigger_price", "display_quantity", "expected_filled", "quote_budget",
)  # fmt: skip


def refuse_unreadable(request: OrderRequest | ReplaceRequest | ReduceRequest) -> None:
    """Refuse what can be no request whatever its market is, where there is none to read it by.

    Raises:
        FormatError: a text is no number, or no bytes.
    """
    for field in _NUMBERS:
        text = getattr(request, field, None)
        if text is not None:
            parse_units(field, text, MAX_ORDER_DIGITS)
    if isinstance(request, ReduceRequest):
        return
    if isinstance(request, OrderRequest) and request.client_order_id is not None:
        parse_client_order_id(request.client_order_id)
    if _is_signed(request):
        _signed_fields(request)
    else:
        _refuse_signed_fields(request)


def to_unsigned(request: OrderRequest, market: Market, account: AccountId) -> PlaceOrder:
    """Return the order of a message that is not signed.

    Raises:
        FormatError: a number is not exact, the fields do not go together, or it is signed.
    """
    order = to_order(request, market, account)
    if isinstance(order, PlaceOrder):
        return order
    raise FormatError("signature", "given where nothing is settled on a chain", "no signature")


def to_replacement(
    request: ReplaceRequest, market: Market, order: OrderView
) -> tuple[SignedOrder | ReplaceOrder, Quantity | None]:
    """Return what `Exchange.replace` takes: the new terms and the expected filled quantity.

    Args:
        request: the decoded message.
        market: the order's market.
        order: the order to replace, which gives account, side and type.

    Raises:
        FormatError: a number is not exact, or the fields do not go together.
    """
    time_in_force = _time_in_force(request.time_in_force, request.expires_at_ms, order.order_type)
    price = market.parse_price(request.price)
    quantity = market.parse_quantity(request.quantity)
    expected = to_quantity("expected_filled", request.expected_filled, market)
    trigger, display = request.trigger_price, request.display_quantity
    trigger_price = None if trigger is None else market.parse_price(trigger, "trigger_price")
    display_quantity = None if display is None else _display(display, market)
    if not _is_signed(request):
        _refuse_signed_fields(request)
        return (
            ReplaceOrder(
                account=order.account,
                order_id=order.order_id,
                price=price,
                quantity=quantity,
                time_in_force=time_in_force,
                post_only=request.post_only,
                self_trade=_SELF_TRADES[request.self_trade],
                expires_at_ns=_expires(request.expires_at_ms),
                expected_filled=expected,
                trigger_price=trigger_price,
                display_quantity=display_quantity,
            ),
            expected,
        )
    max_fee_ppm, expiry_s, nonce, signature, signature_kind, proof = _signed_fields(request)
    refuse_gtd(time_in_force)
    terms = SignedOrder(
        trader=order.account,
        market=market,
        side=order.side,
        order_type=order.order_type,
        time_in_force=time_in_force,
        post_only=request.post_only,
        price=price,
        quantity=quantity,
        self_trade=_SELF_TRADES[request.self_trade],
        trigger_price=trigger_price,
        display_quantity=display_quantity,
        max_fee_ppm=max_fee_ppm,
        expiry_s=expiry_s,
        nonce=nonce,
        signature=signature,
        signature_kind=signature_kind,
        proof=proof,
        leaf=request.leaf,
    )
    return terms, expected


def to_quantity(field: str, text: str | None, market: Market) -> Quantity | None:
    """Return an optional quantity that may be zero, in lots. Raises `FormatError`."""
    if text is None:
        return None
    return Quantity(0) if text == "0" else market.parse_quantity(text, field)


def order_request(order: SignedOrder | PlaceOrder, market: Market) -> OrderRequest:
    """Return the message of an order; `to_order` gives the order back."""
    signed = order if isinstance(order, SignedOrder) else None
    expires = order.expires_at_ns if isinstance(order, PlaceOrder) else None
    budget = order.quote_budget
    request = OrderRequest(
        market=market.id,
        side=word(order.side),
        quantity=market.format_quantity(order.quantity),
        price=market.format_price(order.price),
        order_type=word(order.order_type),
        time_in_force=word(order.time_in_force),
        post_only=order.post_only,
        self_trade=word(order.self_trade),
        client_order_id=order.client_order_id,
        expires_at_ms=None if expires is None else to_ms(expires),
        trigger_price=_text(order.trigger_price, market),
        display_quantity=_lots(order.display_quantity, market),
        quote_budget=None if budget is None else market.quote.format(budget),
    )
    return _with_signature(request, signed)


def replace_request(
    order: SignedOrder | ReplaceOrder, market: Market, *, expected_filled: Quantity | None = None
) -> ReplaceRequest:
    """Return the message of new terms; `to_replacement` gives them back."""
    signed = order if isinstance(order, SignedOrder) else None
    expires = order.expires_at_ns if isinstance(order, ReplaceOrder) else None
    if isinstance(order, ReplaceOrder) and expected_filled is None:
        expected_filled = order.expected_filled
    request = ReplaceRequest(
        quantity=market.format_quantity(order.quantity),
        price=market.format_price(order.price),
        time_in_force=word(order.time_in_force),
        post_only=order.post_only,
        self_trade=word(order.self_trade),
        expires_at_ms=None if expires is None else to_ms(expires),
        expected_filled=(
            None if expected_filled is None else market.format_quantity(expected_filled)
        ),
        trigger_price=_text(order.trigger_price, market),
        display_quantity=_lots(order.display_quantity, market),
    )
    return _with_signature(request, signed)


def _with_signature(request: _Request, order: SignedOrder | None) -> _Request:
    """Return the message with the fields that only a signed order has."""
    if order is None:
        return request
    kind = order.signature_kind
    return msgspec.structs.replace(
        request,
        max_fee_ppm=order.max_fee_ppm,
        expiry_s=order.expiry_s,
        nonce=str(order.nonce.packed),
        signature=hex_text(order.signature) if order.signature else None,
        # A default is left out where it is the very same object.
        signature_kind=_WALLET if kind is SignatureKind.WALLET else word(kind),
        proof=tuple(map(hex_text, order.proof)),
        leaf=order.leaf,
    )


def _time_in_force(
    text: TimeInForceWord | None, expires_at_ms: int | None, order_type: OrderType
) -> TimeInForce:
    if text is not None:
        time_in_force = _TIMES_IN_FORCE[text]
    elif order_type.is_market:
        time_in_force = _IOC
    else:
        time_in_force = _GTC if expires_at_ms is None else _GTD
    if (time_in_force is _GTD) != (expires_at_ms is not None):
        raise FormatError(
            "expires_at_ms", "does not go with the time in force", "given with gtd, and only then"
        )
    return time_in_force


def _display(text: str, market: Market) -> Quantity:
    return market.parse_quantity(text, "display_quantity")


def _lots(lots: Quantity | None, market: Market) -> str | None:
    return None if lots is None else market.format_quantity(lots)


def _text(ticks: Price | None, market: Market) -> str | None:
    return None if ticks is None else market.format_price(ticks)


def _expires(expires_at_ms: int | None) -> TimestampNs | None:
    return None if expires_at_ms is None else to_ns(expires_at_ms)


def refuse_gtd(time_in_force: TimeInForce) -> None:
    """Refuse a time in force that nobody can sign. Raises `FormatError`."""
    if time_in_force is _GTD:
        raise FormatError(
            "time_in_force", "a signed order ends by its expiry_s, not by gtd", "gtc, ioc or fok"
        )


def _is_signed(request: OrderRequest | ReplaceRequest) -> bool:
    return request.signature is not None or request.signature_kind == "approved"


def _refuse_signed_fields(request: OrderRequest | ReplaceRequest) -> None:
    given = [field for field in _SIGNED_FIELDS if getattr(request, field) is not None]
    if request.signature_kind != _WALLET:
        given.append("signature_kind")
    if request.proof or request.leaf:
        given.append("proof")
    if given:
        raise FormatError("signature", f"missing beside {given[0]}", "a signature over the terms")


def check_fee_and_expiry(max_fee_ppm: int, expiry_s: int) -> tuple[FeePpm, int]:
    """Return both, which fit what is signed. Raises `FormatError`."""
    if not 0 <= max_fee_ppm <= _MAX_FEE:
        raise FormatError("max_fee_ppm", f"is {max_fee_ppm}", f"0 to {_MAX_FEE}")
    if not 0 <= expiry_s <= _MAX_EXPIRY:
        raise FormatError("expiry_s", f"is {expiry_s}", f"0 to {_MAX_EXPIRY}, in Unix seconds")
    return FeePpm(max_fee_ppm), expiry_s


def _signed_fields(request: OrderRequest | ReplaceRequest) -> _Signed:
    max_fee_ppm, expiry_s, nonce = request.max_fee_ppm, request.expiry_s, request.nonce
    if max_fee_ppm is None or expiry_s is None or nonce is None:
        field = next(name for name in _SIGNED_FIELDS if getattr(request, name) is None)
        raise FormatError(field, "missing in a signed order", f"{', '.join(_SIGNED_FIELDS)}")
    fee, expiry_s = check_fee_and_expiry(max_fee_ppm, expiry_s)
    kind, text = _SIGNATURE_KINDS[request.signature_kind], request.signature
    if kind is _APPROVED and text is not None:
        raise FormatError("signature", "given with an approved hash", "no signature")
    bulk = kind is _BULK
    if bulk != bool(request.proof) or (request.leaf and not bulk):
        raise FormatError("proof", f"does not go with kind {request.signature_kind}", "with bulk")
    return (
        fee,
        expiry_s,
        Nonce.unpack(parse_nonce(nonce)),
        b"" if text is None else parse_hex("signature", text, _SIGNATURE_BYTES),
        kind,
        parse_hashes("proof", request.proof) if bulk else (),
    )
