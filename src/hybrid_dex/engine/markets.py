"""Markets: listing, the moves between their states, their fees, and what is planned for them.

A market's terms never change. What changes is its state, along the literal table of
`market_states`; a move that is not in it is refused. Closing delists: every order goes, funds stay
what they were, and fills that are on their way settle as any other. Fees change below the largest
that was listed: what resting orders hold, and what was signed, covers that, so no change touches
an order. Plans are carried out before the command that passes their time, like expiries.
"""

from typing import Final

from hybrid_dex.engine import auction, isolation, matching
from hybrid_dex.engine.agenda import MOST_PLANS
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.links import Links
from hybrid_dex.engine.market_states import MOVES, SERVED, Entry, is_legal
from hybrid_dex.engine.protection import Protection
from hybrid_dex.engine.volumes import DAY_NS
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import (
    CancelPlan,
    ListMarket,
    ScheduleFees,
    ScheduleMarketState,
    SetMarketState,
)
from hybrid_dex.model.events import (
    MarketListed,
    MarketStateChanged,
)
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Asset, Market, MarketState, StateCause
from hybrid_dex.model.market_events import (
    FeesChanged,
    FeesScheduled,
    MarketStateScheduled,
    PlanCanceled,
    PlanFailed,
)
from hybrid_dex.model.order import CancelReason
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import (
    MAX_PRICE,
    MAX_SETTLED_FEE_PPM,
    MAX_TIMESTAMP_NS,
    MarketId,
    Price,
    Sequence,
    TimestampNs,
)
from hybrid_dex.model.views import Plan

__all__ = ["FEE_NOTICE_NS", "Markets"]

FEE_NOTICE_NS: Final = 24 * 60 * 60 * 1_000_000_000
"""How long before fees rise that is announced."""

_AUCTION: Final = MarketState.AUCTION_OPEN
_OPEN: Final = MarketState.OPEN
_POST_ONLY: Final = MarketState.POST_ONLY
_CLOSED: Final = MarketState.CLOSED


class Markets:
    """The commands about markets."""

    __slots__ = ("_desk", "_links", "_protection")

    def __init__(self, desk: Desk, protection: Protection, links: Links) -> None:
        self._desk = desk
        self._protection = protection
        self._links = links

    # ------------------------------------------------------------------ listing

    def list_market(self, command: ListMarket) -> None:
        """List a market once and for ever."""
        desk, market, state = self._desk, command.market, command.state
        listed = desk.venues.get(market.id)
        if listed is not None and listed.market == market:
            return
        detail = self._conflict(market)
        if detail is not None:
            desk.refuse(None, RejectReason.MARKET_EXISTS, "market", detail)
            return
        if state is _CLOSED:
            detail = "a market begins in any state but closed"
            desk.refuse(None, RejectReason.ILLEGAL_MOVE, "state", detail)
            return
        refusal = self._refuse_auction(state)
        if refusal is not None:
            desk.refuse(None, refusal.reason, refusal.field, refusal.detail)
            return
        if desk.settles_on_chain and market.worst_fee_ppm > MAX_SETTLED_FEE_PPM:
            detail = f"what settles is charged at most {MAX_SETTLED_FEE_PPM} parts per million"
            desk.refuse(None, RejectReason.FEES_ABOVE_LISTED, "fees", detail)
            return
        desk.list_market(market, state)
        desk.emit(MarketListed(market))
        if state is not _OPEN:
            desk.emit(MarketStateChanged(market.id, state))

    # ------------------------------------------------------------------- states

    def set_state(self, command: SetMarketState) -> None:
        """Move a market to another state."""
        venue = self._find(command.market)
        if venue is None:
            return
        refusal = self._refuse_reference(command.reference_price)
        if refusal is None:
            cause = StateCause.COMMAND
            refusal = self._move(venue, command.state, cause, command.reference_price)
        if refusal is not None:
            self._desk.refuse(None, refusal.reason, refusal.field, refusal.detail)

    def _move(
        self, venue: Venue, state: MarketState, cause: StateCause, reference: Price | None
    ) -> Refusal | None:
        """Move a market, with what that brings; or return why not, and nothing changes."""
        desk, market = self._desk, venue.market.id
        if venue.state is state:
            return None if reference is None else self._name_price(venue, cause, reference)
        if not is_legal(venue.state, state):
            after = ", ".join(_name(each) for each in MOVES[venue.state]) or "nothing"
            detail = f"{market} is {_name(venue.state)}; what can follow: {after}"
            return Refusal(RejectReason.ILLEGAL_MOVE, "state", detail)
        refusal = self._refuse_auction(state)
        if refusal is not None:
            return refusal
        if state is _POST_ONLY and auction.is_crossed(venue):
            detail = f"{market} was in an auction and its orders cross: it opens, or closes"
            return Refusal(RejectReason.ILLEGAL_MOVE, "state", detail)
        if state is _OPEN and auction.is_crossed(venue):
            crossing = auction.crossing_orders(desk, venue)
            if crossing > matching.MAX_FILLS_PER_COMMAND - desk.fill_index:
                detail = f"{crossing} orders cross, more than one command can let trade"
                return Refusal(RejectReason.TOO_MANY_FILLS, "state", detail)
        if SERVED[state].place is not Entry.NONE:
            isolation.release(desk, market)
        if reference is not None:
            venue.reference_price = reference
        venue.state = state
        desk.emit(MarketStateChanged(market, state, cause, reference))
        if state is _OPEN:
            auction.run(desk, venue)
        if state is _OPEN and venue.price_band_ppm is None:
            venue.reference_price = 0  # it was for the opening; from here on the last price counts
        if state is _CLOSED:
            self._cancel_all(market)
        return None

    def _name_price(self, venue: Venue, cause: StateCause, reference: Price) -> Refusal | None:
        """Let another price count as the last one in a market that stays in its state."""
        state, market = venue.state, venue.market.id
        if state is _CLOSED or (state is _OPEN and venue.price_band_ppm is None):
            detail = f"none: {market} is {_name(state)} already, where no price is held against it"
            return Refusal(RejectReason.ILLEGAL_MOVE, "reference_price", detail)
        venue.reference_price = reference
        self._desk.emit(MarketStateChanged(market, state, cause, reference))
        return None

    def _refuse_auction(self, state: MarketState) -> Refusal | None:
        """Judge whether there can be an auction at all."""
        if state is not _AUCTION or not self._desk.settles_on_chain:
            return None
        detail = "fills settle on chain at the maker's price, so orders can not meet at one price"
        return Refusal(RejectReason.AUCTION_UNAVAILABLE, "state", detail)

    def _refuse_reference(self, price: Price | None) -> Refusal | None:
        if price is None or 1 <= price <= MAX_PRICE:
            return None
        return Refusal(RejectReason.INVALID_PRICE, "reference_price", f"1 to {MAX_PRICE} ticks")

    def _cancel_all(self, market: MarketId) -> None:
        """A closed market keeps no order, whatever it waited for."""
        desk = self._desk
        for order in desk.orders.all_live():
            if order.market == market:
                desk.cancel(order, CancelReason.MARKET_CLOSED)

    # --------------------------------------------------------------------- fees

    def schedule_fees(self, command: ScheduleFees) -> None:
        """Charge other fees, at once or from a time on."""
        desk, fees, due_ns = self._desk, command.fees, command.due_ns
        venue = self._find(command.market)
        if venue is None or (due_ns is not None and self._refuse_time(venue, due_ns, moves=False)):
            return
        listed = venue.market.fees
        if (
            fees.worst_maker_ppm > listed.worst_maker_ppm
            or fees.worst_taker_ppm > listed.worst_taker_ppm
        ):
            detail = (
                f"at most {listed.worst_maker_ppm} for makers and {listed.worst_taker_ppm} for "
                "takers, as listed; other fees are another market"
            )
            desk.refuse(None, RejectReason.FEES_ABOVE_LISTED, "fees", detail)
            return
        from_ns = desk.at_ns if due_ns is None else due_ns
        if from_ns < desk.at_ns + FEE_NOTICE_NS and self._rises(venue, fees, from_ns):
            detail = (
                f"from {desk.at_ns + FEE_NOTICE_NS} on (Unix nanoseconds), as somebody pays more"
            )
            desk.refuse(None, RejectReason.FEE_NOTICE, "due_ns", detail)
            return
        if due_ns is None:
            self._charge(venue, fees)
            return
        self._plan(Plan(due_ns, venue.market.id, fees))
        desk.emit(FeesScheduled(venue.market.id, fees, due_ns))

    def _rises(self, venue: Venue, fees: FeeSchedule, from_ns: int) -> bool:
        """Whether somebody pays more than now, or than what was announced until then."""
        before = [venue.fees]
        before += [
            plan.fees
            for plan in self._desk.agenda.of(venue.market.id)
            if plan.due_ns <= from_ns and plan.fees is not None
        ]
        return any(fees.exceeds(earlier) for earlier in before)

    def _charge(self, venue: Venue, fees: FeeSchedule) -> None:
        if fees != venue.fees:
            made = 1 if self._desk.fill_index else 0  # fills before that do not count
            venue.charge(fees, Sequence(self._desk.sequence + made))
            self._desk.emit(FeesChanged(venue.market.id, fees))

    # -------------------------------------------------------------------- plans

    def schedule_state(self, command: ScheduleMarketState) -> None:
        """Move a market to another state at a time."""
        desk, due_ns, reference = self._desk, command.due_ns, command.reference_price
        venue = self._find(command.market)
        if venue is None or self._refuse_time(venue, due_ns, moves=True):
            return
        refusal = self._refuse_auction(command.state) or self._refuse_reference(reference)
        if refusal is not None:
            desk.refuse(None, refusal.reason, refusal.field, refusal.detail)
            return
        state = command.state
        self._plan(Plan(due_ns, command.market, state=state, reference_price=reference))
        desk.emit(MarketStateScheduled(command.market, state, due_ns, reference))

    def cancel_plan(self, command: CancelPlan) -> None:
        """Take back what is planned."""
        desk, due_ns = self._desk, command.due_ns
        if self._find(command.market) is None:
            return
        if not desk.agenda.drop(command.market, due_ns):
            planned = ", ".join(str(plan.due_ns) for plan in desk.agenda.of(command.market))
            detail = f"planned: {planned or 'nothing'}"
            desk.refuse(None, RejectReason.NOT_PLANNED, "due_ns", detail)
            return
        desk.emit(PlanCanceled(command.market, due_ns))

    def wake(self) -> None:
        """Carry out what is due by the command's time, each after all else that time does by then."""
        desk = self._desk
        day = desk.at_ns // DAY_NS
        if day != desk.day:
            desk.day = day
            desk.volumes.forget(day)
            desk.forget_rates()
        while (plan := desk.agenda.take_due(desk.at_ns)) is not None:
            self._protection.fire(plan.due_ns)
            desk.expire(plan.due_ns)
            if desk.linked:
                self._links.settle_all()  # whose other half went by then is not there any more
            desk.touched = (desk.sequence, plan.market)
            self._carry_out(plan)
            if desk.linked:
                self._links.settle_all()
            desk.touched = None
        self._set_alarm()

    def _carry_out(self, plan: Plan) -> None:
        """Do what was planned, or tell why it can not be done."""
        desk, venue = self._desk, self._desk.venues[plan.market]
        if plan.fees is not None:
            self._charge(venue, plan.fees)
        if plan.state is None:
            return
        refusal: Refusal | None = None
        if plan.market in desk.isolated and SERVED[plan.state].place is not Entry.NONE:
            detail = f"{plan.market} broke an invariant; somebody has to open it"
            refusal = Refusal(RejectReason.INTERNAL, "state", detail)
        else:
            refusal = self._move(venue, plan.state, StateCause.SCHEDULE, plan.reference_price)
        if refusal is not None:
            desk.emit(PlanFailed(plan.market, plan.due_ns, refusal.reason, refusal.detail))

    def _plan(self, plan: Plan) -> None:
        self._desk.agenda.put(plan)
        self._set_alarm()

    def _set_alarm(self) -> None:
        desk = self._desk
        midnight, next_ns = (desk.day + 1) * DAY_NS, desk.agenda.next_due_ns()
        desk.wakes_ns = midnight if next_ns is None else min(midnight, next_ns)

    def _refuse_time(self, venue: Venue, due_ns: TimestampNs, *, moves: bool) -> bool:
        """Tell when nothing, a move or fees, can be planned for this time; return whether."""
        desk = self._desk
        planned = desk.agenda.of(venue.market.id)
        others = [one for one in planned if (one.due_ns, one.state is not None) != (due_ns, moves)]
        if not desk.at_ns < due_ns <= MAX_TIMESTAMP_NS:
            detail = f"after {desk.at_ns}, at most {MAX_TIMESTAMP_NS} (Unix nanoseconds)"
        elif len(others) >= MOST_PLANS:
            detail = f"at most {MOST_PLANS} plans a market; cancel one"
        else:
            return False
        desk.refuse(None, RejectReason.INVALID_TIME, "due_ns", detail)
        return True

    # -------------------------------------------------------------------- looks

    def _find(self, market: MarketId) -> Venue | None:
        venue = self._desk.venues.get(market)
        if venue is None:
            detail = f"no market {market}"
            self._desk.refuse(None, RejectReason.UNKNOWN_MARKET, "market", detail)
        return venue

    def _conflict(self, market: Market) -> str | None:
        """Return what a new market contradicts."""
        desk = self._desk
        if market.id in desk.venues:
            return f"{market.id} is listed with other terms, and terms never change"
        for asset in (market.base, market.quote):
            known = desk.assets.get(asset.id, asset)
            if known != asset:
                return f"{asset.id} is known as {_describe(known)}"
        for venue in desk.venues.values():
            other = venue.market
            if market.number == other.number and market.base.token and other.base.token:
                return f"number {market.number} is that of {other.id}"
        return None


def _name(state: MarketState) -> str:
    return state.name.lower().replace("_", "-")


def _describe(asset: Asset) -> str:
    token = "" if asset.token is None else f" at {asset.token}"
    return f"{asset.decimals} decimals{token}"
