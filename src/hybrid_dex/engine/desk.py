"""Desk: all that the engine holds, and the steps that several commands share.

The parts - ledger, orders, lanes, sessions, expiries, flight, one book a market - know nothing of
each other. What must happen to several of them together, such as an order's end, happens here once.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from hybrid_dex.engine.agenda import Agenda
from hybrid_dex.engine.controls import Controls
from hybrid_dex.engine.lanes import Lanes
from hybrid_dex.engine.ledger import Ledger
from hybrid_dex.engine.market_states import SERVED
from hybrid_dex.engine.orders import LiveOrder, Orders
from hybrid_dex.engine.sessions import Sessions
from hybrid_dex.engine.settlement_flight import Flight
from hybrid_dex.engine.stops import Stops, is_reached
from hybrid_dex.engine.switches import Switches
from hybrid_dex.engine.triggers import Expiries
from hybrid_dex.engine.volumes import DAY_NS, Volumes
from hybrid_dex.interfaces.book import Book
from hybrid_dex.model.events import (
    AccountFrozen,
    AccountUnfrozen,
    CommandRejected,
    Event,
    FillMade,
    FillSettled,
    MarketListed,
    MarketStateChanged,
    OrderCanceled,
    OrderExpired,
)
from hybrid_dex.model.fees import FeeSchedule, fee
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.market_events import (
    FeesChanged,
    FeesScheduled,
    MarketStateScheduled,
    MarketUncrossed,
    PlanCanceled,
    PlanFailed,
)
from hybrid_dex.model.order import CancelReason, OrderStatus, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_control import RiskTierChanged
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.units import (
    MAX_AMOUNT,
    MAX_FILLS_PER_GROUP,
    MAX_PRICE,
    AccountId,
    Amount,
    AssetId,
    MarketId,
    OrderId,
    Quantity,
    Sequence,
    TimestampNs,
    fill_sequence,
)
from hybrid_dex.model.vouchers import Voucher

__all__ = ["BookFactory", "Desk", "Venue"]

BookFactory: TypeAlias = Callable[[Market], Book]

# Its integers are computed here, and giving each its unit's name again would cost a call each.
_order_canceled: Final[Callable[..., OrderCanceled]] = OrderCanceled

_BUY: Final = Side.BUY


class Venue:
    """One market: its terms, its state and its book.

    Attributes:
        last_price: of the last fill, ticks; 0 before there is one.
        stops: the orders that wait for a price.
    """

    __slots__ = (
        "_band",
        "base_id",
        "book",
        "counts_since",
        "fees",
        "flat_rates",
        "last_price",
        "least_lots",
        "least_notional",
        "lot_size",
        "market",
        "most_lots",
        "most_notional",
        "price_band_ppm",
        "quote_id",
        "rates",
        "reference_price",
        "state",
        "stops",
        "tick_size",
        "worst_fee_ppm",
        "worst_maker_ppm",
    )

    def __init__(self, market: Market, book: Book, state: MarketState) -> None:
        self.market = market
        self.book = book
        self.state = state
        self.last_price = 0
        self.stops = Stops()
        self.base_id = market.base.id
        self.quote_id = market.quote.id
        self.lot_size = market.lot_size
        self.tick_size = market.tick_size
        self.least_lots: int = market.minimum_quantity
        self.most_lots: int = market.maximum_quantity
        self.least_notional: int = market.minimum_notional
        most = market.maximum_notional
        self.most_notional: int = MAX_AMOUNT if most is None else most
        self.price_band_ppm = market.price_band_ppm
        # An operator's price, in place of the last one until the market trades again; 0 for none.
        self.reference_price = 0
        self._band = (0, 0, 0)
        # Holds and signatures cover the worst that was ever listed, so fees can change below it.
        self.worst_fee_ppm: int = market.fees.worst_fee_ppm
        self.worst_maker_ppm: int = market.fees.worst_maker_ppm
        # The first command whose fills count towards tiers; none where there never was a tier.
        self.counts_since: Sequence | None = None
        # Maker and taker rate of each account that traded today; none where all pay the same.
        self.rates: dict[AccountId, tuple[int, int]] | None = None
        self.charge(market.fees, Sequence(0))

    @property
    def reference(self) -> int:
        """The price around which the market is thought to trade, ticks; 0 when nobody knows."""
        return self.reference_price or self.last_price

    def admits(self, price: int, sequence: int) -> bool:
        """Return whether the market may trade at this price; only where it has a band.

        The band stands around the last price before the command, so that no single one walks it
        along. Where there is no last price yet, any will do.
        """
        known, low, high = self._band
        if known != sequence:
            near, low, high = self.reference, 0, MAX_PRICE
            if near:
                reach = near * (self.price_band_ppm or 0) // 1_000_000
                low, high = near - reach, near + reach
            self._band = (sequence, low, high)
        return low <= price <= high

    def charge(self, fees: FeeSchedule, sequence: Sequence) -> None:
        """Charge these fees from now on."""
        self.fees = fees
        self.flat_rates: tuple[int, int] = (fees.maker_fee_ppm, fees.taker_fee_ppm)
        self.rates = {} if fees.tiers else None
        if fees.tiers and self.counts_since is None:
            self.counts_since = sequence

    def has_fired(self) -> bool:
        """Whether orders whose trigger was reached may enter the book now."""
        return bool(self.stops.fired) and SERVED[self.state].triggers

    def hold(self, side: Side, price: int, quantity: int) -> int:
        """Return what an open quantity must hold: for a buyer the worst-case fee as well.

        A function of the order's terms and open quantity alone: whatever a fill needed less than
        this shrinks by is released with the fill, so no rounding can pile up.
        """
        if side is _BUY:
            notional = price * quantity * self.tick_size
            return notional + fee(notional, self.worst_fee_ppm)
        return quantity * self.lot_size

    def held(self, order: LiveOrder, price: int, quantity: int) -> int:
        """Return what an order holds with this price and open quantity, a budget considered."""
        conditions = order.conditions
        if conditions is None:
            return self.hold(order.side, price, quantity)
        if conditions.follows:
            return 0
        if order.side is _BUY:
            hold = self.hold(_BUY, max(price, conditions.shared_price), quantity)
            return conditions.cap(hold)
        # What sleeps sells what its entry has not bought yet.
        return self.hold(order.side, price, max(0, quantity - conditions.asleep))

    def staked(self, order: LiveOrder, price: int, quantity: int) -> int:
        """Return what of a session's budget an order with this price and open quantity reserves.

        A buy reserves quote atoms, a sell lots.
        """
        if order.side is _BUY:
            return self.held(order, price, quantity)
        return 0 if order.conditions is not None and order.conditions.follows else quantity

    def hold_asset(self, side: Side) -> AssetId:
        """Return the asset in which this side's hold stands."""
        return self.quote_id if side is _BUY else self.base_id


class Desk:
    """The whole state. `sequence` and `at_ns` are those of the command that is being applied."""

    __slots__ = (
        "agenda",
        "assets",
        "at_ns",
        "chain_position",
        "controls",
        "day",
        "emit",
        "events",
        "expiries",
        "fill_index",
        "final_batch",
        "flight",
        "frozen",
        "isolated",
        "lanes",
        "ledger",
        "linked",
        "make_book",
        "observed",
        "order_index",
        "orders",
        "reached",
        "sequence",
        "sessions",
        "settles_on_chain",
        "switches",
        "touched",
        "venues",
        "volumes",
        "voucher_salts",
        "vouchers",
        "waiting",
        "wakes_ns",
    )

    def __init__(self, make_book: BookFactory) -> None:
        self.make_book = make_book
        self.sequence = Sequence(0)
        self.at_ns = TimestampNs(0)
        self.chain_position = 0
        self.final_batch = 0
        self.venues: dict[MarketId, Venue] = {}
        self.assets: dict[AssetId, Asset] = {}
        self.ledger = Ledger()
        self.orders = Orders()
        # Linked orders that were filled or ended, until it is seen to what follows from that.
        self.linked: list[LiveOrder] = []
        # The live orders that are on no book.
        self.waiting: dict[OrderId, LiveOrder] = {}
        self.lanes = Lanes()
        self.sessions = Sessions()
        self.vouchers: dict[tuple[AccountId, int], Voucher] = {}
        # The highest salt that each account chose: a lower one may have been paid already.
        self.voucher_salts: dict[AccountId, int] = {}
        self.expiries = Expiries(self.orders)
        self.switches = Switches()
        self.controls = Controls()
        self.flight = Flight()
        self.frozen: dict[AccountId, None] = {}
        # How often each market broke an invariant since it opened; its orders stand in a
        # `StilledBook`.
        self.isolated: dict[MarketId, int] = {}
        # The command and market of the last order that was canceled outside matching.
        self.touched: tuple[int, MarketId] | None = None
        # Whether fills settle on chain, where the price is the maker's and the fee has a limit.
        self.settles_on_chain = False
        self.agenda = Agenda()
        self.volumes = Volumes()
        self.day = 0
        # When something is due by time for a market: a plan, or a new day of volumes.
        self.wakes_ns = 0
        self.events: list[Event] = []
        self.emit = self.events.append
        # Of a command that is several: which order and which fill its next one makes first, and
        # how many events the risk, and those who wait for a price, have seen. Zero between commands.
        self.order_index = self.fill_index = self.observed = self.reached = 0

    def next_aggressor(self, fills: int) -> None:
        """Let the fills of the next order of this command begin a settlement group of their own."""
        self.fill_index += -(-fills // MAX_FILLS_PER_GROUP) * MAX_FILLS_PER_GROUP

    def begin_group(self) -> None:
        """Let the next aggressor's fills begin a settlement group behind all that were made."""
        self.fill_index = 0
        for event in reversed(self.events):
            if type(event) is FillMade:
                self.next_aggressor((event.fill_id & 0xFFFF) + 1)
                return

    def unobserved(self) -> list[Event]:
        """Return the events that the risk has not seen, and count from the beginning again."""
        seen, self.observed = self.observed, 0
        return self.events[seen:]

    def list_market(self, market: Market, state: MarketState) -> Venue:
        """Open a venue with an empty book."""
        venue = self.venues[market.id] = Venue(market, self.make_book(market), state)
        self.assets[market.base.id] = market.base
        self.assets[market.quote.id] = market.quote
        return venue

    def release(self, venue: Venue, order: LiveOrder, open_left: int) -> None:
        """Lower an order's open quantity to this and release exactly what that frees."""
        side, price = order.side, order.price
        freed = venue.held(order, price, order.open)
        if open_left:
            freed -= venue.held(order, price, open_left)
        if freed:
            self.ledger.hold(order.account, venue.hold_asset(side), -freed)
        if order.authorization is not None:
            self._release_stake(venue, order, open_left)
        order.open = open_left

    def _release_stake(self, venue: Venue, order: LiveOrder, open_left: int) -> None:
        side, price = order.side, order.price
        session = self.sessions.of(order.account, order.authorization, order.market)
        if session is not None:
            stake = venue.staked(order, price, order.open)
            stake -= venue.staked(order, price, open_left)
            session.reserve(side, -stake)

    def wait(self, venue: Venue, order: LiveOrder) -> None:
        """An order is live from now on, and on no book until its trigger is reached."""
        self.make_live(venue, order)
        self.waiting[order.order_id] = order
        self.watch(venue, order)

    def watch(self, venue: Venue, order: LiveOrder) -> None:
        """Let an order wait for the fills to come; the last one may have reached its trigger."""
        self.reach()
        conditions = order.conditions
        assert conditions is not None, "a plain order waits for nothing"
        assert conditions.trigger_price is not None, "and who waits knows for what"
        kind, side = order.order_type, order.side
        if venue.last_price and is_reached(kind, side, conditions.trigger_price, venue.last_price):
            venue.stops.fired[order.order_id] = None
        else:
            venue.stops.watch(order)

    def reach(self) -> int:
        """Tell the markets between which prices the fills since last time were; count these."""
        ranges: dict[MarketId, tuple[int, int]] = {}
        fills = 0
        for event in self.events[self.reached :]:
            if type(event) is FillMade:
                fills += 1
                price: int = event.price
                low, high = ranges.get(event.market, (price, price))
                ranges[event.market] = (min(low, price), max(high, price))
        self.reached = len(self.events)
        for market, (low, high) in ranges.items():
            self.venues[market].stops.reach(low, high)
        return fills

    def make_live(self, venue: Venue, order: LiveOrder) -> None:
        """An order rests or waits from now on: it can expire, and its lane is taken."""
        self.orders.rest(order)
        if order.due_ns is not None:
            self.expiries.watch(order)
        if order.authorization is not None:
            nonce = order.authorization.nonce
            self.lanes.bind(order.account, venue.market, nonce, order.order_id)

    def take_off(self, venue: Venue, order: LiveOrder) -> None:
        """Take a live order off its book, or from where it waits."""
        conditions = order.conditions
        if conditions is not None and conditions.waiting:
            del self.waiting[order.order_id]
            if conditions.is_watched:
                venue.stops.drop(order)
            conditions.waiting = False
        else:
            venue.book.remove(order.order_id)
            if conditions is not None:
                conditions.reserve = 0
        self.leave_book(venue, order)

    def leave_book(self, venue: Venue, order: LiveOrder) -> None:
        """An order is off its book: it is no longer live, and its lane is free."""
        self.orders.leave(order)
        if order.authorization is not None:
            other = OrderId(0) if order.conditions is None else order.conditions.other
            nonce = order.authorization.nonce
            self.lanes.free(order.account, venue.market, nonce, (order.order_id, other))

    def end(self, venue: Venue, order: LiveOrder, status: OrderStatus) -> None:
        """An order that is on no book ended: release its hold and remember it."""
        if order.open:
            self.release(venue, order, 0)
        order.status = status
        self.orders.remember(order, self.at_ns)
        if order.conditions is not None and order.conditions.is_linked:
            self.linked.append(order)

    def end_canceled(self, venue: Venue, order: LiveOrder, reason: CancelReason) -> None:
        """Cancel an order that is on no book."""
        open_then = order.open
        self.end(venue, order, OrderStatus.CANCELED)
        self.emit(
            _order_canceled(
                order.order_id,
                order.account,
                order.market,
                reason,
                open_then,
                order.filled,
                order.client_order_id,
            )
        )

    def cancel(self, order: LiveOrder, reason: CancelReason) -> None:
        """Cancel a live order."""
        self.touched = (self.sequence, order.market)
        venue = self.venues[order.market]
        self.take_off(venue, order)
        self.end_canceled(venue, order, reason)

    def cancel_all(
        self,
        account: AccountId,
        market: MarketId | None,
        side: Side | None,
        reason: CancelReason,
    ) -> None:
        """Cancel an account's live orders, oldest first, of one market or side where given."""
        for order in self.orders.live_of(account):
            if market in {None, order.market} and side in {None, order.side}:
                self.cancel(order, reason)

    def expire(self, until_ns: int) -> None:
        """End every order whose time has come by then, by time and then by id."""
        while (order_id := self.expiries.due(until_ns)) is not None:
            order = self.orders.known[order_id]
            self.touched = (self.sequence, order.market)
            venue = self.venues[order.market]
            self.take_off(venue, order)
            open_then = order.open
            self.end(venue, order, OrderStatus.EXPIRED)
            self.emit(
                OrderExpired(
                    order_id,
                    order.account,
                    order.market,
                    Quantity(open_then),
                    Quantity(order.filled),
                    order.client_order_id,
                )
            )
            self.touched = None

    def cover(self, account: AccountId, asset: AssetId) -> None:
        """When available funds are below zero, cancel orders, newest first, then freeze."""
        entry = self.ledger.find(account, asset)
        if entry is None or entry.available >= 0:
            return
        for order in reversed(self.orders.live_of(account)):
            venue = self.venues[order.market]
            if venue.hold_asset(order.side) == asset and venue.held(order, order.price, order.open):
                self.cancel(order, CancelReason.UNCOVERED)
                if entry.available >= 0:
                    return
        self.frozen[account] = None
        self.emit(AccountFrozen(account, asset, Amount(-entry.available)))

    def reverse(self, fill: MatchedFill) -> None:
        """A fill failed for ever: funds, fees and session budgets are as if it had not been."""
        venue = self.venues[fill.market]
        market = venue.market
        self.ledger.reverse(market, fill)
        notional = market.notional(fill.price, fill.quantity)
        sequence = fill_sequence(fill.fill_id)
        if venue.counts_since is not None and sequence >= venue.counts_since:
            day = fill.at_ns // DAY_NS
            for account in (fill.maker.account, fill.taker.account):
                self.volumes.take_out(day, account, venue.quote_id, notional)
            self.forget_rates()
        for terms, charged in ((fill.maker, fill.maker_fee), (fill.taker, fill.taker_fee)):
            self.sessions.give_back(
                terms, fill.market, sequence, paid=notional + charged, lots=fill.quantity
            )

    def rates(self, venue: Venue, maker: AccountId, taker: AccountId) -> tuple[int, int]:
        """Return what a maker and a taker are charged today in a market with tiers."""
        return self._tier(venue, maker)[0], self._tier(venue, taker)[1]

    def _tier(self, venue: Venue, account: AccountId) -> tuple[int, int]:
        assert venue.rates is not None, "a market without tiers charges everybody the same"
        found = venue.rates.get(account)
        if found is None:
            volume = self.volumes.of(account, venue.quote_id, self.day)
            found = venue.rates[account] = venue.fees.at(volume)
        return found

    def count(self, venue: Venue, maker: AccountId, taker: AccountId, notional: int) -> None:
        """Count a fill of a market with tiers towards both accounts' volume of today."""
        self.volumes.add(self.day, maker, venue.quote_id, notional)
        self.volumes.add(self.day, taker, venue.quote_id, notional)

    def forget_rates(self) -> None:
        """Volumes changed, or the day: tiers follow from them anew."""
        for venue in self.venues.values():
            if venue.rates:
                venue.rates.clear()

    def thaw(self) -> None:
        """Unfreeze the accounts that this command's events made whole."""
        for event in tuple(self.events):
            match event:
                case FillMade() | FillSettled():
                    self._thaw(event.maker)
                    self._thaw(event.taker)
                case MarketListed() | MarketStateChanged() | PlanCanceled():
                    pass
                case FeesScheduled() | FeesChanged() | MarketUncrossed():
                    pass
                case MarketStateScheduled() | PlanFailed():
                    pass
                case RiskTierChanged():
                    pass
                case _:
                    self._thaw(event.account)

    def _thaw(self, account: AccountId | None) -> None:
        if account is None:
            return
        if account in self.frozen and not self.ledger.is_short(account):
            del self.frozen[account]
            self.emit(AccountUnfrozen(account))

    # ----------------------------------------------------------------- refusal

    def refuse(
        self, account: AccountId | None, reason: RejectReason, field: str, detail: str
    ) -> None:
        """Tell that a command was refused."""
        self.emit(CommandRejected(account, reason, field, detail))

    def refuse_amount(self, account: AccountId, asset: AssetId, amount: int, least: int) -> bool:
        """Tell when an asset or amount can not be; return whether."""
        if asset not in self.assets:
            self.refuse(account, RejectReason.UNKNOWN_ASSET, "asset", f"no asset {asset}")
            return True
        if type(amount) is not int or not least <= amount <= MAX_AMOUNT:
            detail = f"{least} to {MAX_AMOUNT} atoms"
            self.refuse(account, RejectReason.INVALID_AMOUNT, "amount", detail)
            return True
        return False

    def refuse_repeat(self, account: AccountId, position: int | None) -> bool:
        """Tell when a position on chain was passed already; return whether."""
        if position is None:
            return False
        if position <= self.chain_position:
            detail = f"everything up to position {self.chain_position} is known"
            self.refuse(account, RejectReason.DEPOSIT_REPEATED, "position", detail)
            return True
        return False

    def pass_position(self, position: int | None) -> None:
        """Everything up to this position on chain is known now."""
        if position is not None:
            self.chain_position = position

    def refuse_leaving(self, account: AccountId, asset: AssetId, amount: int) -> bool:
        """Tell when an amount is not available and settled, so that it can not leave."""
        if account in self.frozen:
            detail = "the account is short; deposit, or wait"
            self.refuse(account, RejectReason.ACCOUNT_FROZEN, "account", detail)
            return True
        entry = self.ledger.find(account, asset)
        show = self.assets[asset].format
        if entry is None or entry.available < amount:
            available = 0 if entry is None else entry.available
            detail = f"available: {show(available)} {asset}"
            self.refuse(account, RejectReason.INSUFFICIENT_FUNDS, "amount", detail)
            return True
        if entry.settled() < amount:
            detail = f"settled: {show(max(0, entry.settled()))} {asset}; wait for the rest"
            self.refuse(account, RejectReason.UNSETTLED_FUNDS, "amount", detail)
            return True
        return False
