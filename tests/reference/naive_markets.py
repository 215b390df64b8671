"""What the naive exchange knows of markets: states, sizes, fees, and what is planned.

A volume is never kept; it is added up from the fills when somebody asks for a rate.
"""

from typing import Any

from hybrid_dex.model import commands as c
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import Side, TimeInForce

AUCTION = MarketState.AUCTION_OPEN
OPEN, HALTED = MarketState.OPEN, MarketState.HALTED
POST_ONLY, CANCEL_ONLY = MarketState.POST_ONLY, MarketState.CANCEL_ONLY
CLOSED = MarketState.CLOSED
STEPS = {
    AUCTION: {OPEN, CANCEL_ONLY, HALTED},
    OPEN: {AUCTION, POST_ONLY, CANCEL_ONLY, HALTED},
    POST_ONLY: {AUCTION, OPEN, CANCEL_ONLY, HALTED},
    CANCEL_ONLY: {AUCTION, POST_ONLY, HALTED, CLOSED},
    HALTED: {AUCTION, OPEN, POST_ONLY, CANCEL_ONLY, CLOSED},
    CLOSED: set(),
}
RESTS = (TimeInForce.GTC, TimeInForce.GTD)
DAY = 24 * 60 * 60 * 10**9


def charge(notional: int, ppm: int) -> int:
    """A fee, or a rebate below zero; rounded towards zero."""
    size = notional * abs(ppm) // 10**6
    return size if ppm >= 0 else -size


def rows(fees: FeeSchedule) -> list[tuple[int, int, int]]:
    """Volume from which on, maker rate, taker rate."""
    tiers = [(tier.volume, tier.maker_fee_ppm, tier.taker_fee_ppm) for tier in fees.tiers]
    return [(0, fees.maker_fee_ppm, fees.taker_fee_ppm), *tiers]


def worst(market: Market) -> tuple[int, int]:
    """The most that a maker and a taker could ever pay, as listed."""
    makers = [maker for _, maker, _ in rows(market.fees)]
    return max(0, *makers), max(taker for _, _, taker in rows(market.fees))


def costs_more(new: FeeSchedule, old: FeeSchedule) -> bool:
    """Whether at some volume somebody would pay more."""
    for volume, _, _ in rows(new) + rows(old):
        after = [row for row in rows(new) if row[0] <= volume][-1]
        before = [row for row in rows(old) if row[0] <= volume][-1]
        if after[1] > before[1] or after[2] > before[2]:
            return True
    return False


class MarketRules:
    """All that is not about one order. `naive` is the exchange around it."""

    def __init__(self, naive: Any) -> None:  # the naive exchange, which imports this
        self.naive = naive
        self.states: dict[str, MarketState] = {}
        self.fees: dict[str, FeeSchedule] = {}
        self.counted_since: dict[str, int] = {}
        self.plans: dict[tuple[int, str, bool], tuple[Any, int | None]] = {}
        self.references: dict[str, int] = {}
        self.bands: dict[str, tuple[int, int]] = {}

    def takes(
        self, market: Market, term: c.PlaceOrder | c.ReplaceOrder, *, ends: bool, waits: bool
    ) -> bool:
        """Whether the market takes an order of these terms now; one that ends has any size."""
        state = self.states[market.id]
        notional = term.price * term.quantity * market.tick_size
        most = market.maximum_notional
        return (
            (
                state is OPEN
                or self.naive.judged  # it was open when the whole batch was let in
                or (state is POST_ONLY and term.post_only)
                or (
                    state is AUCTION
                    and (waits or term.time_in_force in RESTS or term.trigger_price)
                )
            )
            and 1 <= term.quantity < 2**48
            and (
                ends
                or (
                    market.minimum_quantity <= term.quantity <= market.maximum_quantity
                    and market.minimum_notional <= notional
                    and (most is None or notional <= most)
                )
            )
        )

    def volume(self, account: str, asset: str) -> int:
        """What the account traded in the thirty days before today."""
        today = self.naive.at // DAY
        return sum(
            fill.price * fill.quantity * fill.market.tick_size
            for fill in self.naive.fills
            if fill.market.quote.id == asset
            and account in {fill.buyer, fill.seller}
            and not fill.failed
            and fill.id >> 16 >= self.counted_since.get(fill.market.id, 2**63)
            and today - 30 <= fill.at // DAY < today
        )

    def rates(self, account: str, market: Market) -> tuple[int, int]:
        """Maker and taker rate of the account's tier."""
        steps = rows(self.fees[market.id])
        traded = self.volume(account, market.quote.id) if len(steps) > 1 else 0
        return [row for row in steps if row[0] <= traded][-1][1:]

    def charge(self, market: str, fees: FeeSchedule) -> None:
        """From now on."""
        self.fees[market] = fees
        if fees.tiers:
            traded = len(self.naive.fills) > self.naive.told
            self.counted_since.setdefault(market, self.naive.sequence + traded)

    def wake(self) -> None:
        """Do what was planned for a time that has come; what expires before, expires before."""
        self.bands.clear()
        for key in sorted(self.plans):
            due, market, moves = key
            if due <= self.naive.at:
                self.naive.pass_time(due)
                self.naive.follow()
                what, reference = self.plans.pop(key)
                if moves:
                    self.move(market, what, reference)
                    self.naive.follow()
                else:
                    self.charge(market, what)

    def near(self, market: str) -> int | None:
        """The price that the market is thought to have."""
        return self.references.get(market) or self.naive.last.get(market)

    def admits(self, market: Market, price: int) -> bool:
        """Whether the band, as it stood before the command, allows a trade at this price."""
        near = self.near(market.id)
        if market.price_band_ppm is None:
            return True
        if market.id not in self.bands:
            reach = (near or 0) * market.price_band_ppm // 10**6
            self.bands[market.id] = (near - reach, near + reach) if near else (0, 2**48)
        low, high = self.bands[market.id]
        return low <= price <= high

    def move(self, market: str, state: MarketState, reference: int | None) -> None:
        """Along the steps that there are, with what they bring."""
        before, orders = self.states[market], self.naive.resting
        crosses = self.crossed(market)
        banded = self.naive.markets[market].price_band_ppm is not None
        if state is before and reference and state is not CLOSED and (banded or state is not OPEN):
            self.references[market] = reference
        if state not in STEPS[before] or (state is POST_ONLY and crosses):
            return
        self.states[market] = state
        if reference:
            self.references[market] = reference
        if state is OPEN and crosses:
            self.uncross(market)
        if state is OPEN and self.naive.markets[market].price_band_ppm is None:
            self.references.pop(market, None)
        if state is CLOSED:
            for order in [o for o in orders if o.market.id == market]:
                self.naive.end(order, "canceled")

    def crossed(self, market: str) -> bool:
        """Whether the best bid reaches the best ask."""
        bids, asks = (self.naive.book(market, side) for side in Side)
        return bool(bids and asks and bids[0].price >= asks[0].price)

    def opening(self, market: str) -> tuple[int, int, int] | None:
        """Price, volume and surplus at which it would open: every price in between is tried."""
        if not self.crossed(market):
            return None
        bids, asks = (self.naive.book(market, side) for side in Side)
        tried = []
        for price in range(asks[0].price, bids[0].price + 1):
            wanted = sum(o.alive for o in bids if o.price >= price)
            offered = sum(o.alive for o in asks if o.price <= price)
            tried.append((min(wanted, offered), -abs(wanted - offered), price))
        most, surplus, _ = max(tried, key=lambda row: row[:2])
        best = [price for *rank, price in tried if rank == [most, surplus]]
        near = self.near(market)
        middle = best[(len(best) - 1) // 2]
        return (min(best, key=lambda price: abs(price - near)) if near else middle), most, -surplus

    def uncross(self, market: str) -> None:
        """Everybody who can trades, at one price, and pays as a maker, or nothing."""
        naive = self.naive
        self.part(market)
        if not self.crossed(market):
            return
        price, _, _ = self.opening(market)
        while True:
            buy = next((o for o in naive.book(market, Side.BUY) if o.price >= price), None)
            sell = next((o for o in naive.book(market, Side.SELL) if o.price <= price), None)
            if buy is None or sell is None:
                break
            maker, taker = sorted((buy, sell), key=lambda o: o.id)
            naive.trade(taker, maker, min(buy.alive, sell.alive), auction=price)
            if taker.open == 0:
                naive.end(taker, "filled")
        naive.next_fill += -naive.next_fill % 100

    def part(self, market: str) -> None:
        """Whoever became a group in the auction: the newest goes, until none could meet."""
        naive = self.naive
        for group in sorted(set(naive.groups.values())):
            while True:
                bids, asks = (
                    [o for o in naive.book(market, side) if naive.groups.get(o.account) == group]
                    for side in Side
                )
                meeting = [o for o in bids if any(o.price >= other.price for other in asks)]
                meeting += [o for o in asks if any(o.price <= other.price for other in bids)]
                if not meeting:
                    break
                naive.end(max(meeting, key=lambda o: o.id), "canceled")

    def join(self, order: Any) -> None:
        """An order enters where nothing trades."""
        state, naive = self.states[order.market.id], self.naive
        if state is HALTED:
            return naive.end(order, "canceled")
        own = [
            other
            for other in naive.crossing(order.market.id, order.side, order.price)
            if naive.kin(other.account, order.account)
        ]
        down = order.side is Side.SELL
        for other in sorted(own, key=lambda o: (-o.price if down else o.price, o.id)):
            if state is AUCTION and naive.self_trade(order, other):
                return naive.end(order, "canceled")
        return naive.rest(order) if order.tif in RESTS else naive.end(order, "canceled")

    def leave_band(self, order: Any) -> None:
        """The market stops; what is left of the order waits for the price that is found."""
        self.states[order.market.id] = AUCTION
        if order.tif in RESTS:
            self.join(order)
        else:
            self.naive.end(order, "canceled")

    def ListMarket(self, command: c.ListMarket) -> None:  # noqa: N802
        """Once."""
        market = command.market
        if market.id not in self.naive.markets:
            self.naive.markets[market.id] = market
            self.states[market.id] = command.state
            self.charge(market.id, market.fees)

    def SetMarketState(self, command: c.SetMarketState) -> None:  # noqa: N802
        """At once."""
        self.move(command.market, command.state, command.reference_price)

    def ScheduleMarketState(self, command: c.ScheduleMarketState) -> None:  # noqa: N802
        """Later."""
        key = (command.due_ns, command.market, True)
        planned = [one for one in self.plans if one[1] == command.market and one != key]
        if command.due_ns > self.naive.at and len(planned) < 100:
            self.plans[key] = (command.state, command.reference_price)

    def ScheduleFees(self, command: c.ScheduleFees) -> None:  # noqa: N802
        """Never above what was listed, and with a day's notice when somebody pays more."""
        market, now = self.naive.markets[command.market], self.naive.at
        ceiling = worst(market)
        over = [maker > ceiling[0] or taker > ceiling[1] for _, maker, taker in rows(command.fees)]
        due = now if command.due_ns is None else command.due_ns
        planned = [key for key in self.plans if key[1] == market.id]
        others = [key for key in planned if key != (due, market.id, False)]
        if any(over) or (command.due_ns is not None and (due <= now or len(others) >= 100)):
            return
        until_then = [self.fees[market.id]]
        until_then += [self.plans[key][0] for key in planned if key[0] <= due and not key[2]]
        if due < now + DAY and any(costs_more(command.fees, old) for old in until_then):
            return
        if command.due_ns is None:
            self.charge(market.id, command.fees)
        else:
            self.plans[due, market.id, False] = (command.fees, None)

    def CancelPlan(self, command: c.CancelPlan) -> None:  # noqa: N802
        """Not after all."""
        for moves in (False, True):
            self.plans.pop((command.due_ns, command.market, moves), None)
