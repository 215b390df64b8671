"""From what a trader asks to what is sent: exact integers, a nonce, a signature.

Decimals come as text or `Decimal` and become ticks and lots or are refused, never rounded. The
nonce's lane stays taken until the order is known to be done.
"""

import secrets
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

import attrs

from hybrid_dex.client.lanes import NonceLanes, replacement
from hybrid_dex.client.session import Signer
from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.signed_order import MAX_LIFETIME_S, Nonce, SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    ClientOrderId,
    FeePpm,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
)
from hybrid_dex.signing import Domain
from hybrid_dex.wire import (
    InfoAnswer,
    OrderMessage,
    OrderRequest,
    ReplaceRequest,
    order_request,
    parse_order_id,
    replace_request,
    to_ns,
)

__all__ = [
    "DecimalLike",
    "NewOrder",
    "OrderOptions",
    "OrderWriter",
    "SideLike",
    "decimal_text",
    "made_up",
    "signing_domain",
    "to_side",
]

DecimalLike: TypeAlias = str | Decimal
"""A number at the client's edge: plain decimal text, or a `Decimal`. Never a float."""
SideLike: TypeAlias = Side | str

_NS_PER_MS = 1_000_000
_MS_PER_S = 1_000


def decimal_text(field: str, value: DecimalLike) -> str:
    """Return a number as plain decimal text, without changing it.

    >>> decimal_text("price", Decimal("2.50E+3"))
    '2500'

    Raises:
        FormatError: a float or another type, or a `Decimal` that is no number.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise FormatError(field, f"is {value}", "a finite number")
        return f"{value:f}"
    if isinstance(value, str):
        return value
    raise FormatError(
        field, f"is a {type(value).__name__}", 'decimal text such as "1.5", a Decimal'
    )


def to_side(side: SideLike) -> Side:
    """Return the side that a word or a member names. Raises `FormatError`."""
    if isinstance(side, Side):
        return side
    try:
        return Side[side.upper()]
    except KeyError:
        raise FormatError("side", f"is {side!r}", "buy or sell") from None


@attrs.frozen(kw_only=True)
class OrderOptions:
    """All that an order has besides market, side, quantity and price.

    Attributes:
        order_type: limit, or market, whose price is the worst it accepts; or one that waits.
        time_in_force: GTC, IOC or FOK; GTD for unsigned orders only. A market order's is IOC.
        post_only: refuse rather than take liquidity.
        self_trade: what to do when it meets an order of the same account.
        lifetime_s: for how long a signed order may match.
        expires_at_ms: for GTD, when it expires.
        max_fee_ppm: the largest fee rate accepted; the market's higher one when ``None``.
        trigger_price: of a stop or take-profit, the fill price for which it waits; of a
            replacement, where it waits from now on.
        display_quantity: of an iceberg, how much of it the book shows at a time.
        quote_budget: the most that an immediate buy spends, fees included, in quote.
    """

    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    self_trade: SelfTradeMode = SelfTradeMode.CANCEL_AGGRESSOR
    lifetime_s: int = attrs.field(
        default=24 * 60 * 60,
        validator=[attrs.validators.ge(1), attrs.validators.le(MAX_LIFETIME_S)],
    )
    expires_at_ms: int | None = None
    max_fee_ppm: int | None = None
    trigger_price: DecimalLike | None = None
    display_quantity: DecimalLike | None = None
    quote_budget: DecimalLike | None = None


@attrs.frozen(kw_only=True)
class NewOrder:
    """One order of several that are placed together.

    Attributes:
        market: the market's symbol.
        side: buy or sell.
        quantity: in base.
        price: the limit; of a market order, the worst price.
        options: everything else about it.
        client_order_id: your own id for it; one is made up otherwise.
    """

    market: str
    side: SideLike
    quantity: DecimalLike
    price: DecimalLike
    options: OrderOptions = attrs.field(factory=OrderOptions)
    client_order_id: str | None = None


@attrs.define(kw_only=True)
class OrderWriter:
    """Writes the orders of one account.

    Attributes:
        account: who trades.
        signer: signs, where orders need it.
        domain: what orders are signed for; ``None`` where they are not signed.
        lanes: the account's nonce lanes.
        now_ns: the clock.
    """

    account: AccountId
    signer: Signer
    domain: Domain | None
    lanes: NonceLanes
    now_ns: Callable[[], int]
    _tried: dict[str, Nonce] = attrs.field(factory=dict, init=False)

    def place(
        self,
        market: Market,
        side: SideLike,
        quantity: DecimalLike,
        price: DecimalLike,
        *,
        options: OrderOptions,
        client_order_id: str,
    ) -> tuple[OrderRequest, Nonce | None]:
        """Return the message of a new order and the nonce it took.

        Raises:
            FormatError: a number is not exact.
            LanesExhaustedError: no lane is free.
        """
        order = NewOrder(
            market=market.id,
            side=side,
            quantity=quantity,
            price=price,
            options=options,
            client_order_id=client_order_id,
        )
        (written,) = self.place_each([(market, order)])
        return written

    def place_each(
        self, orders: Sequence[tuple[Market, NewOrder]]
    ) -> list[tuple[OrderRequest, Nonce | None]]:
        """Return the messages of new orders, each signed by itself; all of them get a lane, or none.

        Raises: as `place`.
        """
        terms = [(market, self._terms(market, order), order.options) for market, order in orders]
        if self.domain is None:
            return [(order_request(one, market), None) for market, one, _ in terms]
        written: list[tuple[OrderRequest, Nonce | None]] = []
        taken: list[tuple[Market, Nonce]] = []
        try:
            for market, one, options in terms:
                nonce = self._allot(market)
                taken.append((market, nonce))
                signed = self._sign(one, market, options, nonce)
                written.append((order_request(signed, market), nonce))
        except Exception:
            for market, nonce in taken:
                self.lanes.release(market.base.id, nonce)
            raise
        return written

    def place_linked(
        self, market: Market, orders: Sequence[NewOrder]
    ) -> tuple[list[OrderRequest], list[Nonce]]:
        """Return the messages of a take-profit, a stop and perhaps an entry, and the nonces taken.

        The exits share a lane and a counter, the stop with the higher revision: on chain they are
        one order of which either version may fill.

        Raises: as `place`.
        """
        terms = [self._terms(market, order) for order in orders]
        if self.domain is None:
            return [order_request(one, market) for one in terms], []
        taken: list[Nonce] = []
        try:
            exits = self._allot(market)
            taken.append(exits)
            nonces = [exits, replacement(exits)]
            if len(terms) > len(nonces):
                nonces.append(self._allot(market))
                taken.append(nonces[-1])
            signed = [
                self._sign(one, market, order.options, nonce)
                for one, order, nonce in zip(terms, orders, nonces, strict=True)
            ]
        except Exception:
            for nonce in taken:
                self.lanes.release(market.base.id, nonce)
            raise
        return [order_request(one, market) for one in signed], taken

    def unsigned(self, market: Market, order: NewOrder) -> OrderRequest:
        """Return the message of an order before it is signed; it takes no lane.

        Raises: as `place`.
        """
        terms = self._terms(market, order)
        if self.domain is None:
            return order_request(terms, market)
        nonce = self._allot(market)
        self.lanes.release(market.base.id, nonce)
        plain = self._unsigned(terms, market, order.options, nonce, now_s=self._now_s())
        return order_request(plain, market)

    def _allot(self, market: Market) -> Nonce:
        return self.lanes.allot(market.base.id, self.now_ns() // _NS_PER_MS)

    def place_together(
        self, orders: Sequence[tuple[Market, NewOrder]]
    ) -> Sequence[SignedOrder | PlaceOrder]:
        """Return several new orders, under one signature where they are signed.

        Every order has a client order id. All of them get a lane, or none.

        Raises:
            FormatError: a number is not exact.
            LanesExhaustedError: not enough lanes are free.
            SignatureError: more orders than one signature covers.
        """
        terms = [(market, self._terms(market, order), order.options) for market, order in orders]
        if self.domain is None:
            return [one for _, one, _ in terms]
        now_s = self._now_s()  # once: they have to end together to go as one message
        taken: list[tuple[Market, Nonce]] = []
        try:
            for market, _, _ in terms:
                nonce = self._allot(market)
                taken.append((market, nonce))
            plain = [
                self._unsigned(one, market, options, nonce, now_s=now_s)
                for (market, one, options), (_, nonce) in zip(terms, taken, strict=True)
            ]
            return self.signer.sign_bulk(plain, self.domain)
        except Exception:
            for market, nonce in taken:
                self.lanes.release(market.base.id, nonce)
            raise

    def _terms(self, market: Market, order: NewOrder) -> PlaceOrder:
        options = order.options
        trigger_price, display_quantity, quote_budget = _conditions(market, options)
        return PlaceOrder(
            account=self.account,
            market=market.id,
            side=to_side(order.side),
            price=market.parse_price(decimal_text("price", order.price)),
            quantity=market.parse_quantity(decimal_text("quantity", order.quantity)),
            order_type=options.order_type,
            time_in_force=_time_in_force(options),
            post_only=options.post_only,
            self_trade=options.self_trade,
            expires_at_ns=_expires(options),
            client_order_id=(
                None if order.client_order_id is None else ClientOrderId(order.client_order_id)
            ),
            trigger_price=trigger_price,
            display_quantity=display_quantity,
            quote_budget=quote_budget,
        )

    def replace(
        self,
        market: Market,
        order: OrderMessage,
        quantity: DecimalLike,
        price: DecimalLike,
        *,
        options: OrderOptions,
        expected_filled: Quantity | None,
    ) -> ReplaceRequest:
        """Return the message of new terms, signed with the order's next revision.

        A revision is never used twice, even when it is not known what came of the last one.

        Raises:
            FormatError: a number is not exact.
            LanesExhaustedError: all revisions are used; cancel the order and place a new one.
        """
        trigger_price, display_quantity, quote_budget = _conditions(market, options)
        if quote_budget is not None:
            raise FormatError("quote_budget", "given with a replacement", "none")
        terms = PlaceOrder(
            account=self.account,
            market=market.id,
            side=to_side(order.side),
            price=market.parse_price(decimal_text("price", price)),
            quantity=market.parse_quantity(decimal_text("quantity", quantity)),
            order_type=OrderType[order.order_type.upper()],
            time_in_force=_time_in_force(options),
            post_only=options.post_only,
            self_trade=options.self_trade,
            expires_at_ns=_expires(options),
            trigger_price=trigger_price,
            display_quantity=display_quantity,
        )
        if self.domain is None:
            unsigned = ReplaceOrder(
                account=self.account,
                order_id=OrderId(parse_order_id(order.order_id)),
                price=terms.price,
                quantity=terms.quantity,
                time_in_force=terms.time_in_force,
                post_only=terms.post_only,
                self_trade=terms.self_trade,
                expires_at_ns=terms.expires_at_ns,
                expected_filled=expected_filled,
                trigger_price=terms.trigger_price,
                display_quantity=terms.display_quantity,
            )
            return replace_request(unsigned, market)
        nonce = replacement(self._highest(order))
        self._tried[order.order_id] = nonce
        signed = self._sign(terms, market, options, nonce)
        return replace_request(signed, market, expected_filled=expected_filled)

    def can_replace(self, order: OrderMessage) -> bool:
        """Whether a revision is left."""
        return self.domain is None or self._highest(order).revision < 2**8 - 1

    def adopt(self, market: Market, order: OrderMessage) -> None:
        """An order of this account is live: its lane is taken."""
        if order.nonce is not None:
            self.lanes.occupy(market.base.id, Nonce.unpack(int(order.nonce)))

    def ended(self, market: Market, order: OrderMessage) -> None:
        """An order is done: its lane is free."""
        self._tried.pop(order.order_id, None)
        if order.nonce is not None:
            self.lanes.release(market.base.id, Nonce.unpack(int(order.nonce)))

    def _highest(self, order: OrderMessage) -> Nonce:
        if order.nonce is None:
            raise FormatError("nonce", "the order is not signed", "an order signed for this chain")
        current = Nonce.unpack(int(order.nonce))
        tried = self._tried.get(order.order_id, current)
        return max(current, tried, key=lambda nonce: nonce.key)

    def _sign(
        self, terms: PlaceOrder, market: Market, options: OrderOptions, nonce: Nonce
    ) -> SignedOrder:
        if self.domain is None:
            raise ConfigurationError("this exchange settles on no chain; orders are not signed")
        plain = self._unsigned(terms, market, options, nonce, now_s=self._now_s())
        return self.signer.sign_order(plain, self.domain)

    def _now_s(self) -> int:
        return self.now_ns() // (_NS_PER_MS * _MS_PER_S)

    def _unsigned(
        self, terms: PlaceOrder, market: Market, options: OrderOptions, nonce: Nonce, *, now_s: int
    ) -> SignedOrder:
        if terms.time_in_force is TimeInForce.GTD:
            raise FormatError(
                "time_in_force", "a signed order ends by its lifetime", "GTC, IOC, FOK"
            )
        cap = options.max_fee_ppm
        if cap is None:
            cap = market.worst_fee_ppm
        return SignedOrder(
            trader=terms.account,
            market=market,
            side=terms.side,
            order_type=terms.order_type,
            time_in_force=terms.time_in_force,
            post_only=terms.post_only,
            price=terms.price,
            quantity=terms.quantity,
            max_fee_ppm=FeePpm(cap),
            expiry_s=now_s + options.lifetime_s,
            nonce=nonce,
            signature=b"",
            self_trade=terms.self_trade,
            client_order_id=terms.client_order_id,
            trigger_price=terms.trigger_price,
            display_quantity=terms.display_quantity,
            quote_budget=terms.quote_budget,
        )


def signing_domain(info: InfoAnswer, expected: Domain | None) -> Domain | None:
    """Return what an exchange's orders are signed for, if they are.

    Args:
        info: what it says of itself.
        expected: refuse another than this; ``None`` believes it.

    Raises:
        ConfigurationError: it settles elsewhere, or does not say where.
    """
    domain = None
    if info.requires_signature and info.domain is not None:
        domain = Domain(
            chain_id=info.domain.chain_id, verifying_contract=info.domain.verifying_contract
        )
    if info.requires_signature and domain is None:
        raise ConfigurationError("the exchange wants signed orders and names no domain")
    if expected is not None and domain != expected:
        raise ConfigurationError(f"the exchange settles on {domain}, expected {expected}")
    return domain


def made_up() -> str:
    """Return a client order id for an order whose sender gave none."""
    return f"hd-{secrets.token_hex(10)}"


def _conditions(
    market: Market, options: OrderOptions
) -> tuple[Price | None, Quantity | None, Amount | None]:
    """Return trigger, display and budget exactly. Raises `FormatError`."""
    trigger, display, budget = (
        None if value is None else decimal_text(name, value)
        for name, value in (
            ("trigger_price", options.trigger_price),
            ("display_quantity", options.display_quantity),
            ("quote_budget", options.quote_budget),
        )
    )
    return (
        None if trigger is None else market.parse_price(trigger, "trigger_price"),
        None if display is None else market.parse_quantity(display, "display_quantity"),
        None if budget is None else market.quote.parse(budget, "quote_budget"),
    )


def _time_in_force(options: OrderOptions) -> TimeInForce:
    plain = options.time_in_force is TimeInForce.GTC
    if options.order_type.is_market and plain:
        return TimeInForce.IOC
    if options.expires_at_ms is not None and plain:
        return TimeInForce.GTD
    return options.time_in_force


def _expires(options: OrderOptions) -> TimestampNs | None:
    return None if options.expires_at_ms is None else to_ns(options.expires_at_ms)
