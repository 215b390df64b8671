"""What the naive exchange knows of markets: states, sizes, fees, and what is planned.

A volume is never kept; it is added up from the fills when somebody asks for a rate.
"""

from typing import Any

from hybrid_dex.model import commands as c
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Market, MarketState

OPEN, HALTED = MarketState.OPEN, MarketState.HALTED
POST_ONLY, CANCEL_ONLY = MarketState.POST_ONLY, MarketState.CANCEL_ONLY
CLOSED = MarketState.CLOSED
STEPS = {
    OPEN: {POST_ONLY, CANCEL_ONLY, HALTED},
    POST_ONLY: {OPEN, CANCEL_ONLY, HALTED},
    CANCEL_ONLY: {POST_ONLY, HALTED, CLOSED},
    HALTED: {OPEN, POST_ONLY, CANCEL_ONLY, CLOSED},
    CLOSED: set(),
}
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
        self.plans: dict[tuple[int, str], FeeSchedule] = {}

    def takes(self, market: Market, term: c.PlaceOrder | c.ReplaceOrder, *, ends: bool) -> bool:
        """Whether the market takes an order of these terms now; one that ends has any size."""
        state = self.states[market.id]
        notional = term.price * term.quantity * market.tick_size
        most = market.maximum_notional
        return (
            (state is OPEN or (state is POST_ONLY and term.post_only))
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
            self.counted_since.setdefault(market, self.naive.sequence)

    def wake(self) -> None:
        """Do what was planned for a time that has come; what expires before, expires before."""
        for due, market in sorted(self.plans):
            if due <= self.naive.at:
                self.naive.pass_time(due)
                self.charge(market, self.plans.pop((due, market)))

    def ListMarket(self, command: c.ListMarket) -> None:  # noqa: N802
        """Once."""
        market = command.market
        if market.id not in self.naive.markets:
            self.naive.markets[market.id] = market
            self.states[market.id] = command.state
            self.charge(market.id, market.fees)

    def SetMarketState(self, command: c.SetMarketState) -> None:  # noqa: N802
        """Along the steps that there are."""
        if command.state in STEPS[self.states[command.market]]:
            self.states[command.market] = command.state
            if command.state is CLOSED:
                for order in [o for o in self.naive.resting if o.market.id == command.market]:
                    self.naive.end(order, "canceled")

    def ScheduleFees(self, command: c.ScheduleFees) -> None:  # noqa: N802
        """Never above what was listed, and with a day's notice when somebody pays more."""
        market, now = self.naive.markets[command.market], self.naive.at
        ceiling = worst(market)
        over = [maker > ceiling[0] or taker > ceiling[1] for _, maker, taker in rows(command.fees)]
        due = now if command.due_ns is None else command.due_ns
        planned = [key for key in self.plans if key[1] == market.id]
        if any(over) or (command.due_ns is not None and (due <= now or len(planned) >= 100)):
            return
        until_then = [self.fees[market.id]]
        until_then += [self.plans[key] for key in planned if key[0] <= due]
        if due < now + DAY and any(costs_more(command.fees, old) for old in until_then):
            return
        if command.due_ns is None:
            self.charge(market.id, command.fees)
        else:
            self.plans[due, market.id] = command.fees

    def CancelPlan(self, command: c.CancelPlan) -> None:  # noqa: N802
        """Not after all."""
        self.plans.pop((command.due_ns, command.market), None)
