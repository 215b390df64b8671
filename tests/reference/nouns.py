"""The nouns of the naive exchange: orders, fills and grants, with every sum worked out when asked."""

from dataclasses import dataclass, field

from hybrid_dex.model import commands as c
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.signed_order import Authorization, SignatureKind
from tests.reference.naive_markets import charge, worst

BUY, SELL = Side.BUY, Side.SELL


@dataclass
class Order:
    """An order; `quantity - open` is used up: filled, or lost to self-trade."""

    id: int
    account: str
    market: Market
    side: Side
    price: int
    quantity: int
    open: int
    tif: TimeInForce
    mode: SelfTradeMode
    expires: int | None
    signed: Authorization | None = None
    post_only: bool = False
    kind: OrderType = OrderType.LIMIT
    trigger: int | None = None
    waiting: bool = False
    display: int | None = None
    budget: int | None = None
    filled: int = 0
    shown: int = 0
    other: int = 0
    follows: bool = False
    shared: int = 0
    asleep: int = 0
    woken: bool = False
    exits: tuple[int, int] | None = None
    entry: int = 0

    def is_reached(self, price: int) -> bool:
        """Whether a fill at this price is what it waits for."""
        stop = self.kind in {OrderType.STOP_LIMIT, OrderType.STOP_MARKET}
        return price >= self.trigger if stop == (self.side is BUY) else price <= self.trigger

    @property
    def session(self) -> tuple[str, str, str] | None:
        """Whose key signed in which market, when it was a session key."""
        if self.signed is None or self.signed.kind != SignatureKind.SESSION:
            return None
        return self.account, self.signed.signer, self.market.id

    @property
    def stake(self) -> int:
        """What its open quantity could take out of a session's budget."""
        if self.side is BUY:
            return self.hold[1]
        return 0 if self.follows else self.open

    @property
    def hold(self) -> tuple[str, int]:
        """The asset and amount that its open quantity keeps from being used otherwise."""
        if self.side is SELL:
            lots = 0 if self.follows else self.open - self.asleep
            return self.market.base.id, lots * self.market.lot_size
        if self.follows:
            return self.market.quote.id, 0
        notional = max(self.price, self.shared) * self.open * self.market.tick_size
        most = notional + charge(notional, max(worst(self.market)))
        return self.market.quote.id, most if self.budget is None else min(most, self.budget)

    @property
    def alive(self) -> int:
        """What of it could trade."""
        return self.open - self.asleep

    @property
    def slice(self) -> int:
        """How much of it the book shows when all of it comes anew."""
        return self.alive if self.display is None else min(self.display, self.alive)


@dataclass
class Fill:
    """One match."""

    id: int
    market: Market
    price: int
    quantity: int
    maker: int
    taker: int
    buyer: str
    seller: str
    buyer_fee: int
    seller_fee: int
    sessions: dict[Side, tuple[str, str, str] | None]
    at: int
    failed: bool = False

    def use(self, side: Side) -> int:
        """What this fill takes out of the budget of a session on that side."""
        return -self.legs()[1][2] if side is BUY else self.quantity

    def legs(self) -> list[tuple[str, str, int]]:
        """Who gets what; a debit is negative."""
        base, quote = self.market.base.id, self.market.quote.id
        lots = self.quantity * self.market.lot_size
        notional = self.price * self.quantity * self.market.tick_size
        return [
            (self.buyer, base, lots),
            (self.buyer, quote, -notional - self.buyer_fee),
            (self.seller, base, -lots),
            (self.seller, quote, notional - self.seller_fee),
        ]


@dataclass
class Grant:
    """What a session key was given since command `since`; dead up to a place on chain."""

    added: dict[Side, int] = field(default_factory=lambda: {BUY: 0, SELL: 0})
    expiry_s: int = 0
    dead: int = -1
    since: int = 0


def due(term: c.PlaceOrder | c.ReplaceOrder) -> int | None:
    """When the order ends: by its own time or the signature's, whichever is first."""
    times = [] if term.expires_at_ns is None else [term.expires_at_ns]
    if term.authorization is not None:
        times.append(term.authorization.expiry_s * 10**9)
    return min(times, default=None)
