"""LocalExchange: an exchange in five lines; synchronous, in memory, no chain, no keys.

A thin face on the engine. Texts come in and are exact or refused with `FormatError`, as is every
argument of another type than declared; events come out. Fills are settled the moment they are made, so that proceeds can leave at once. It keeps
nothing: what must survive a restart, or many callers, is the business of `Exchange`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import attrs
import msgspec

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.desk import BookFactory
from hybrid_dex.engine.engine import Engine
from hybrid_dex.engine.readings import Readings
from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.risk import Risk
from hybrid_dex.model.commands import (
    AdvanceTime,
    BatchMember,
    BatchOrders,
    CancelAll,
    CancelOrder,
    CancelPlan,
    Command,
    ConfirmSettlement,
    Deposit,
    ListMarket,
    PlaceLinked,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
    ScheduleFees,
    ScheduleMarketState,
    SetMarketState,
    Withdraw,
)
from hybrid_dex.model.events import CommandRejected, Event, EventBatch, member_answers
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.frame import as_journaled
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.protection import Heartbeat, ScheduleCancel
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import (
    MAX_TIMESTAMP_NS,
    AccountId,
    AssetId,
    ClientOrderId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
)
from hybrid_dex.model.views import Level
from hybrid_dex.wire.orders import OrderRequest, to_unsigned

__all__ = [
    "LocalBalance",
    "LocalBatch",
    "LocalBook",
    "LocalExchange",
    "LocalIndication",
]

_MARKETS: Final = tuple(order_type for order_type in OrderType if order_type.is_market)


@attrs.frozen(kw_only=True)
class LocalBalance:
    """One balance as decimal text.

    Attributes:
        available: can be traded or withdrawn now.
        held: reserved by open orders.
    """

    available: str
    held: str


@attrs.frozen(kw_only=True)
class LocalBook:
    """Level 2 as decimal text: (price, quantity) rows, best first.

    Attributes:
        bids: from the highest.
        asks: from the lowest.
    """

    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]


class LocalBatch:
    """What became of a batch.

    Attributes:
        answers: the events of each member, in order; empty until its block has ended.
    """

    def __init__(self) -> None:
        self.answers: list[tuple[Event, ...]] = []


@attrs.frozen(kw_only=True)
class LocalIndication:
    """How an auction would end now, as decimal text.

    Attributes:
        price: the one price.
        quantity: what would trade.
        surplus: what one side wants beyond that at this price.
        surplus_side: which side, or ``None`` when it comes out even.
    """

    price: str
    quantity: str
    surplus: str
    surplus_side: Side | None


class LocalExchange:
    """An exchange for a script, a notebook or a back test.

    Args:
        markets: what can be traded.
        book: makes the book of each market.
        risk: the operator's rules; the standard limits when not given.
        clock: tells the time of commands; without one time stands at zero and moves by `advance`.

    Raises:
        ConfigurationError: two markets contradict each other.

    >>> from hybrid_dex import LocalExchange, Market, Side
    >>> market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
    >>> exchange = LocalExchange([market])
    >>> _ = exchange.deposit("bob", "ETH", "3")
    >>> _ = exchange.place("bob", market, Side.SELL, quantity="1.5", price="2500.00")
    >>> exchange.book(market).asks
    (('2500', '1.5'),)
    """

    def __init__(
        self,
        markets: Iterable[Market],
        *,
        book: BookFactory = SortedBook,
        risk: Risk | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._engine = Engine(book=book, risk=StandardRisk() if risk is None else risk)
        self._clock = clock
        self._at_ns = TimestampNs(0)
        self._members: list[BatchMember] | None = None
        for market in markets:
            for event in self._apply(ListMarket(market=market)):
                if isinstance(event, CommandRejected):
                    raise ConfigurationError(event.detail)

    @property
    def view(self) -> Readings:
        """Everything that may be read, in ticks, lots and atoms."""
        return self._engine

    # ------------------------------------------------------------------- orders

    def place(
        self,
        account: str,
        market: Market | str,
        side: Side,
        *,
        quantity: str,
        price: str,
        order_type: OrderType = OrderType.LIMIT,
        time_in_force: TimeInForce | None = None,
        post_only: bool = False,
        self_trade: SelfTradeMode = SelfTradeMode.CANCEL_AGGRESSOR,
        expires_at_ns: int | None = None,
        client_order_id: str | None = None,
        trigger_price: str | None = None,
        display_quantity: str | None = None,
        quote_budget: str | None = None,
    ) -> tuple[Event, ...]:
        """Enter an order and return what happened; a refusal is an `OrderRejected`.

        Args:
            account: whose funds trade.
            market: the market or its symbol.
            side: buy or sell.
            quantity: in base, such as ``"1.5"``.
            price: the limit, or the protection price of a market order.
            order_type: limit or market, or a stop or take-profit of either.
            time_in_force: GTC, or IOC for a market order, unless given.
            post_only: refuse rather than take.
            self_trade: what to do on meeting an own order.
            expires_at_ns: for GTD.
            client_order_id: the caller's own id; the same order sent again is not entered twice.
            trigger_price: of a stop or take-profit, the fill price for which it waits.
            display_quantity: of an iceberg, how much of it the book shows at a time.
            quote_budget: the most that an immediate buy spends, fees included, in quote.

        Raises:
            FormatError: a text is not a number, or not on a tick or lot; nothing happened.
        """
        terms = self._market(market)
        if time_in_force is None:
            time_in_force = TimeInForce.IOC if order_type in _MARKETS else TimeInForce.GTC
        return self._apply(
            PlaceOrder(
                account=AccountId(account),
                market=terms.id,
                side=side,
                price=terms.parse_price(price),
                quantity=terms.parse_quantity(quantity),
                order_type=order_type,
                time_in_force=time_in_force,
                post_only=post_only,
                self_trade=self_trade,
                expires_at_ns=None if expires_at_ns is None else TimestampNs(expires_at_ns),
                client_order_id=None if client_order_id is None else ClientOrderId(client_order_id),
                trigger_price=_price(terms, trigger_price),
                display_quantity=_display(terms, display_quantity),
                quote_budget=(
                    None
                    if quote_budget is None
                    else terms.quote.parse(quote_budget, "quote_budget")
                ),
            )
        )

    def place_linked(
        self,
        account: str,
        take_profit: OrderRequest,
        stop: OrderRequest,
        *,
        entry: OrderRequest | None = None,
    ) -> tuple[Event, ...]:
        """Enter two exits of which one cancels the other, alone or behind an entry; all or none.

        Raises:
            FormatError: a text is not a number, or not on a tick or lot; nothing happened.
        """

        def command(order: OrderRequest) -> PlaceOrder:
            return to_unsigned(order, self._market(order.market), AccountId(account))

        return self._apply(
            PlaceLinked(
                take_profit=command(take_profit),
                stop=command(stop),
                entry=None if entry is None else command(entry),
            )
        )

    def replace(
        self,
        account: str,
        order_id: int,
        *,
        quantity: str,
        price: str,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        self_trade: SelfTradeMode = SelfTradeMode.CANCEL_AGGRESSOR,
        expires_at_ns: int | None = None,
        expected_filled: str | None = None,
        trigger_price: str | None = None,
        display_quantity: str | None = None,
    ) -> tuple[Event, ...]:
        """Swap an order's terms; ``quantity`` is the new total, fills so far included.

        Trigger and displayed quantity stay as they are unless others are given.

        Raises:
            FormatError: a text is not a number, or not on a tick or lot; nothing happened.
            ConfigurationError: no such order was ever entered here, or it is too long ago.
        """
        terms = self._market_of(order_id)
        filled = None
        if expected_filled is not None:
            none_yet = expected_filled == "0"
            filled = Quantity(0) if none_yet else terms.parse_quantity(expected_filled)
        return self._apply(
            ReplaceOrder(
                account=AccountId(account),
                order_id=OrderId(order_id),
                price=terms.parse_price(price),
                quantity=terms.parse_quantity(quantity),
                time_in_force=time_in_force,
                post_only=post_only,
                self_trade=self_trade,
                expires_at_ns=None if expires_at_ns is None else TimestampNs(expires_at_ns),
                expected_filled=filled,
                trigger_price=_price(terms, trigger_price),
                display_quantity=_display(terms, display_quantity),
            )
        )

    def reduce(self, account: str, order_id: int, *, by: str) -> tuple[Event, ...]:
        """Lower an order's open quantity; it keeps its place.

        Raises:
            FormatError: ``by`` is not a number, or not on a lot; nothing happened.
            ConfigurationError: no such order was ever entered here, or it is too long ago.
        """
        lots = self._market_of(order_id).parse_quantity(by, "by")
        return self._apply(
            ReduceOrder(account=AccountId(account), order_id=OrderId(order_id), by=lots)
        )

    def cancel(
        self, account: str, order_id: int | None = None, *, client_order_id: str | None = None
    ) -> tuple[Event, ...]:
        """Cancel one order by either id."""
        return self._apply(
            CancelOrder(
                account=AccountId(account),
                order_id=None if order_id is None else OrderId(order_id),
                client_order_id=None if client_order_id is None else ClientOrderId(client_order_id),
            )
        )

    def cancel_all(
        self, account: str, market: Market | str | None = None, side: Side | None = None
    ) -> tuple[Event, ...]:
        """Cancel all of an account's orders, or those of one market or side."""
        listed = None if market is None else self._market(market).id
        return self._apply(CancelAll(account=AccountId(account), market=listed, side=side))

    @contextmanager
    def batch(self, account: str, *, all_or_none: bool = False) -> Iterator[LocalBatch]:
        """Send what the block places, replaces, reduces and cancels as one command at its end.

        Within the block these calls return nothing; what became of each stands in the batch
        afterwards. A block that raises sends nothing.

        Args:
            account: whose all of it is.
            all_or_none: do all of it, or, when one is refused, nothing.

        Raises:
            ConfigurationError: the block asks for something else, or for nothing.

        >>> from hybrid_dex import LocalExchange, Market, Side
        >>> market = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
        >>> exchange = LocalExchange([market])
        >>> _ = exchange.deposit("alice", "USDC", "5000")
        >>> with exchange.batch("alice") as batch:
        ...     _ = exchange.place("alice", market, Side.BUY, quantity="1", price="2500")
        ...     _ = exchange.place("alice", market, Side.BUY, quantity="9", price="2400")
        >>> " ".join(type(events[0]).__name__ for events in batch.answers)
        'OrderAccepted OrderRejected'
        """
        if self._members is not None:
            raise ConfigurationError("a batch is not part of another")
        batch, self._members = LocalBatch(), []
        try:
            yield batch
            members = tuple(self._members)
        finally:
            self._members = None
        if not members:
            raise ConfigurationError("a batch has members: place or cancel something in its block")
        command = BatchOrders(account=AccountId(account), members=members, all_or_none=all_or_none)
        events = self._step(command)
        told = EventBatch(self._engine.sequence, self._at_ns, events)
        answers = [answer.events for answer in member_answers(told)]
        batch.answers = answers or [events] * len(members)
        self._make_final()

    # ---------------------------------------------------------------- protection

    def schedule_cancel(
        self, account: str, timeout_ms: int, market: Market | str | None = None
    ) -> tuple[Event, ...]:
        """Arm a dead man's switch: without a heartbeat in time the orders go; 0 disarms."""
        listed = None if market is None else self._market(market).id
        return self._apply(
            ScheduleCancel(account=AccountId(account), timeout_ms=timeout_ms, market=listed)
        )

    def heartbeat(self, account: str) -> tuple[Event, ...]:
        """Push back every switch of an account, each by its own timeout."""
        return self._apply(Heartbeat(account=AccountId(account)))

    def execute(self, command: Command) -> tuple[Event, ...]:
        """Apply any unstamped command, in ticks, lots and atoms: an operator's, for example.

        Raises:
            FormatError: a field is of another type than declared.
        """
        return self._apply(command)

    # -------------------------------------------------------------------- funds

    def deposit(self, account: str, asset: str, amount: str) -> tuple[Event, ...]:
        """Credit funds. Raises `FormatError` when the amount is no number in this asset."""
        known = self._asset(asset)
        return self._apply(
            Deposit(account=AccountId(account), asset=known.id, amount=known.parse(amount))
        )

    def withdraw(self, account: str, asset: str, amount: str) -> tuple[Event, ...]:
        """Debit available funds. Raises `FormatError` when the amount is no number here."""
        known = self._asset(asset)
        return self._apply(
            Withdraw(account=AccountId(account), asset=known.id, amount=known.parse(amount))
        )

    def balance(self, account: str, asset: str) -> LocalBalance:
        """Return what an account has of an asset; zeros when it never had any."""
        known = self._asset(asset)
        balance = self._engine.balance(AccountId(account), known.id)
        return LocalBalance(
            available=known.format(balance.available), held=known.format(balance.held)
        )

    # ---------------------------------------------------------- market and time

    def book(self, market: Market | str, levels: int = 10) -> LocalBook:
        """Return up to ``levels`` price levels a side. Raises `FormatError` for what is no number of them."""
        if type(levels) is not int or levels < 0:
            raise FormatError("levels", f"{levels!r} is no number of levels", "0 or more")
        terms = self._market(market)
        depth = self._engine.depth(terms.id, levels)
        return LocalBook(bids=_rows(terms, depth.bids), asks=_rows(terms, depth.asks))

    def set_market_state(
        self, market: Market | str, state: MarketState, *, reference_price: str | None = None
    ) -> tuple[Event, ...]:
        """Move a market to another state; a move that is not legal is a `CommandRejected`.

        Args:
            market: which.
            state: where to; closing delists it for ever.
            reference_price: what counts as its last price until it trades again.

        Raises:
            FormatError: the price is not a number, or not on a tick; nothing happened.
        """
        terms = self._market(market)
        near = _reference(terms, reference_price)
        return self._apply(SetMarketState(market=terms.id, state=state, reference_price=near))

    def schedule_market_state(
        self,
        market: Market | str,
        state: MarketState,
        due_ns: int,
        *,
        reference_price: str | None = None,
    ) -> tuple[Event, ...]:
        """Move a market to another state at a time; see `set_market_state`."""
        terms = self._market(market)
        near = _reference(terms, reference_price)
        return self._apply(
            ScheduleMarketState(
                market=terms.id, state=state, due_ns=TimestampNs(due_ns), reference_price=near
            )
        )

    def indication(self, market: Market | str) -> LocalIndication | None:
        """Return what would trade if the market opened now; ``None`` when nothing crosses."""
        terms = self._market(market)
        found = self._engine.indication(terms.id)
        if found is None:
            return None
        return LocalIndication(
            price=terms.format_price(found.price),
            quantity=terms.format_quantity(found.quantity),
            surplus=terms.format_quantity(found.surplus),
            surplus_side=found.surplus_side,
        )

    def schedule_fees(
        self, market: Market | str, fees: FeeSchedule, due_ns: int | None = None
    ) -> tuple[Event, ...]:
        """Charge other fees, at once or from a time on; never above what was listed."""
        due = None if due_ns is None else TimestampNs(due_ns)
        return self._apply(ScheduleFees(market=self._market(market).id, fees=fees, due_ns=due))

    def cancel_plan(self, market: Market | str, due_ns: int) -> tuple[Event, ...]:
        """Take back what is planned for a market at a time."""
        return self._apply(CancelPlan(market=self._market(market).id, due_ns=TimestampNs(due_ns)))

    def advance(self, by_ns: int = 0) -> tuple[Event, ...]:
        """Let time pass, by so much where there is no clock; what is due happens."""
        if type(by_ns) is not int or by_ns < 0:
            raise ConfigurationError(f"time can not go on by {by_ns!r} ns; valid: 0 or more")
        most_ns = MAX_TIMESTAMP_NS - self._at_ns
        if by_ns > most_ns:
            raise ConfigurationError(f"time can not go on by {by_ns} ns; valid: 0 to {most_ns}")
        if self._members is None:  # else it is refused, and stays as it is
            self._at_ns = TimestampNs(self._at_ns + by_ns)
        return self._apply(AdvanceTime())

    # ------------------------------------------------------------------ private

    def _apply(self, command: Command) -> tuple[Event, ...]:
        """Stamp and apply a command, then make its fills final; or keep it for a batch."""
        if self._members is None:
            return self._step(command) + self._make_final()
        if not isinstance(command, PlaceOrder | ReplaceOrder | ReduceOrder | CancelOrder):
            kind = type(command).__name__
            raise ConfigurationError(f"{kind} can not be part of a batch; send it by itself")
        self._members.append(command)
        return ()

    def _make_final(self) -> tuple[Event, ...]:
        fills = tuple(fill.fill_id for fill in self._engine.unsettled())
        if not fills:
            return ()
        final = ConfirmSettlement(fills=fills, stage=SettlementStage.FINAL, batch=0)
        return self._step(final)

    def _step(self, command: Command) -> tuple[Event, ...]:
        if self._clock is not None:
            self._at_ns = max(self._at_ns, self._clock.now_ns())
        if not isinstance(command, msgspec.Struct):
            raise FormatError("command", f"{command!r} is none", "such as `CancelAll(...)`")
        sequence = Sequence(self._engine.sequence + 1)
        stamped = msgspec.structs.replace(command, sequence=sequence, at_ns=self._at_ns)
        return self._engine.apply(as_journaled(stamped))

    def _market(self, market: Market | str) -> Market:
        """Return the listed market of this symbol or these terms."""
        wanted = market.id if isinstance(market, Market) else MarketId(market)
        listed = self._engine.market(wanted)
        if listed is None:
            names = ", ".join(one.id for one in self._engine.markets())
            raise ConfigurationError(f"no market {wanted}; listed: {names}")
        if isinstance(market, Market) and market != listed:
            raise ConfigurationError(f"{wanted} is listed with other terms")
        return listed

    def _market_of(self, order_id: int) -> Market:
        if type(order_id) is not int:
            reason = f"must be an int, not {type(order_id).__name__}"
            raise FormatError("order_id", reason, "the order_id of its OrderAccepted")
        order = self._engine.order(OrderId(order_id))
        if order is None:
            raise ConfigurationError(f"no order {order_id}; take the id from its OrderAccepted")
        return self._market(order.market)

    def _asset(self, asset: str) -> Asset:
        for known in self._engine.assets():
            if known.id == AssetId(asset):
                return known
        names = ", ".join(one.id for one in self._engine.assets())
        raise ConfigurationError(f"no asset {asset}; listed: {names}")


def _price(market: Market, text: str | None) -> Price | None:
    return None if text is None else market.parse_price(text, "trigger_price")


def _display(market: Market, text: str | None) -> Quantity | None:
    return None if text is None else market.parse_quantity(text, "display_quantity")


def _reference(market: Market, text: str | None) -> Price | None:
    return None if text is None else market.parse_price(text, "reference_price")


def _rows(market: Market, levels: tuple[Level, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (market.format_price(level.price), market.format_quantity(level.quantity))
        for level in levels
    )
