"""Priority: whether what happened kept price and time, judged from the events alone.

This is not the engine again. It knows no book, no ledger and no risk: it keeps who rests where and
since when, and asks of each fill whether somebody else was first; of each order that rests, whether
it should have traded; of each remainder, whether it had to go. The rules are those of
docs/explanation/matching-rules.md.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from hybrid_dex.model.events import (
    Event,
    EventBatch,
    FillMade,
    MarketListed,
    MarketStateChanged,
    OrderAccepted,
    OrderActivated,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderRefilled,
    OrderReplaced,
    OrderTriggered,
)
from hybrid_dex.model.market import Market, MarketState, StateCause
from hybrid_dex.model.market_events import MarketUncrossed
from hybrid_dex.model.order import CancelReason, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.risk_control import AccountGroupChanged
from hybrid_dex.model.units import FEE_DENOMINATOR, MAX_FEE_PPM, MAX_FILLS_PER_GROUP
from hybrid_dex.verification.bands import JudgedBand
from hybrid_dex.verification.findings import Finding, Fraud
from hybrid_dex.verification.resting import (
    JudgedOrder,
    JudgedSide,
    accepted_order,
    due_ns,
    slices,
)
from hybrid_dex.verification.uncrossing import judge_uncrossing

__all__ = ["PriorityCheck", "check_priority"]

_RESTS: Final = (TimeInForce.GTC, TimeInForce.GTD)
_MOST_FILLS: Final = 256 * MAX_FILLS_PER_GROUP
_IN_A_MARKET: Final = (
    MarketStateChanged,
    MarketUncrossed,
    OrderAccepted,
    OrderReplaced,
    OrderTriggered,
    OrderActivated,
    FillMade,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderRefilled,
)


class _Venue:
    """One market."""

    def __init__(self, market: Market) -> None:
        self.state = MarketState.OPEN
        self.tick_size = market.tick_size
        self.band = JudgedBand(market.price_band_ppm)
        self.resting: dict[int, JudgedOrder] = {}
        self.waiting: dict[int, JudgedOrder] = {}
        self.aggressor: JudgedOrder | None = None
        self.uncrossing: MarketUncrossed | None = None
        self.to_uncross = 0
        self.sides = (JudgedSide(Side.BUY), JudgedSide(Side.SELL))

    def best(self, side: Side) -> JudgedOrder | None:
        return self.sides[side].best(self.resting)

    def leave(self, order: JudgedOrder) -> None:
        """All that was alive of an order traded; what sleeps may wake."""
        del self.resting[order.order_id]
        if order.open > 0:
            self.waiting[order.order_id] = order


class PriorityCheck:
    """Takes what each command did, in order, and yields what was wrong with it."""

    def __init__(self) -> None:
        self._venues: dict[str, _Venue] = {}
        self._groups: dict[str, str] = {}
        self._rank = 0
        self._sequence = 0
        self._at_ns = 0

    def take(self, batch: EventBatch) -> Iterator[Finding]:
        """Judge one command's events."""
        self._sequence, self._at_ns = batch.sequence, batch.at_ns
        touched: dict[str, None] = {}
        for event in batch.events:
            market = getattr(event, "market", None)
            if isinstance(market, str):
                touched[market] = None
            if isinstance(event, _IN_A_MARKET) and event.market not in self._venues:
                detail = f"{type(event).__name__} is of {event.market!r}, which is not listed"
                yield self._wrong(Fraud.RULE_BROKEN, detail)
                continue
            yield from self._event(event)
        for market in touched:
            venue = self._venues.get(market)
            if venue is not None:
                yield from self._settle(market, venue)
                yield from self._judge_crossed(market, venue)

    # ------------------------------------------------------------------- events

    def _event(self, event: Event) -> Iterator[Finding]:
        match event:
            case MarketListed() | AccountGroupChanged():
                self._note(event)
            case MarketStateChanged():
                yield from self._move(event)
            case MarketUncrossed():
                yield from self._uncross(event)
            case OrderAccepted():
                yield from self._enter(event.market, accepted_order(event), waiting=event.waiting)
            case OrderReplaced():
                yield from self._replace(event)
            case OrderTriggered():
                yield from self._trigger(event)
            case OrderActivated():
                yield from self._activate(event)
            case FillMade():
                yield from self._fill(event)
            case OrderCanceled() | OrderExpired():
                yield from self._end(event)
            case OrderReduced():
                yield from self._reduce(event)
            case OrderRefilled():
                yield from self._refill(event)
            case _:
                pass

    def _note(self, event: MarketListed | AccountGroupChanged) -> None:
        """Learn what is not about orders."""
        match event:
            case MarketListed():
                self._venues[event.market.id] = _Venue(event.market)
            case AccountGroupChanged():
                self._groups.pop(event.account, None)
                if event.group is not None:
                    self._groups[event.account] = event.group

    def _move(self, event: MarketStateChanged) -> Iterator[Finding]:
        """A market is in another state; its band stops it where it would trade outside."""
        venue = self._venues[event.market]
        if event.cause is StateCause.PRICE_BAND:
            taker = venue.aggressor
            met = [] if taker is None else self._met(venue, taker)
            if all(venue.band.admits(one.price, self._sequence) for one in met):
                detail = f"{event.market} stopped at its price band, and nothing left it"
                yield self._wrong(Fraud.RULE_BROKEN, detail)
        else:
            yield from self._settle(event.market, venue)
        venue.band.name(event.reference_price, was_open=venue.state is MarketState.OPEN)
        venue.state = event.state

    @staticmethod
    def _met(venue: _Venue, taker: JudgedOrder) -> list[JudgedOrder]:
        """Who stands where a taker would trade next; for a FOK everybody it would trade with."""
        side = venue.sides[1 - taker.side]
        if taker.time_in_force is TimeInForce.FOK:
            return [one for one in side.ranked(venue.resting) if taker.crosses(one)]
        first = side.best(venue.resting)
        return [] if first is None or not taker.crosses(first) else [first]

    def _enter(self, market: str, order: JudgedOrder, *, waiting: bool) -> Iterator[Finding]:
        venue = self._venues[market]
        if waiting:  # whoever entered before it goes on, as the entry of a bracket does
            venue.waiting[order.order_id] = order
            return
        yield from self._settle(market, venue)
        venue.aggressor = order

    def _trigger(self, event: OrderTriggered) -> Iterator[Finding]:
        venue = self._venues[event.market]
        yield from self._settle(event.market, venue)
        order = venue.waiting.pop(event.order_id, None)
        if order is None:
            yield self._wrong(Fraud.RULE_BROKEN, f"order {event.order_id} triggers unknown")
            return
        order.fills = 0
        venue.aggressor = order

    def _activate(self, event: OrderActivated) -> Iterator[Finding]:
        """More of an exit is alive: what enters stands behind others, or trades."""
        venue = self._venues[event.market]
        yield from self._settle(event.market, venue)
        order = self._find(venue, event.order_id)
        if order is None:
            yield self._wrong(Fraud.RULE_BROKEN, f"order {event.order_id} wakes, unknown")
            return
        order.asleep = order.open - event.active
        if not event.waiting:
            venue.waiting.pop(event.order_id, None)
            venue.resting.pop(event.order_id, None)
            order.fills = 0
            venue.aggressor = order

    def _replace(self, event: OrderReplaced) -> Iterator[Finding]:
        venue = self._venues[event.market]
        yield from self._settle(event.market, venue)
        order = venue.resting.get(event.order_id) or venue.waiting.get(event.order_id)
        if order is None:
            yield self._wrong(Fraud.RULE_BROKEN, f"order {event.order_id} is replaced, unknown")
            return
        if (
            event.kept_priority
            and not event.waiting
            and (event.price != order.price or event.open > order.open)
        ):
            yield self._wrong(
                Fraud.PASSED_OVER,
                f"order {order.order_id} kept its place with a better price or more quantity",
            )
        order.price, order.open, order.filled = event.price, event.open, event.filled
        order.time_in_force, order.post_only = event.time_in_force, event.post_only
        order.self_trade, order.signed = event.self_trade, event.authorization is not None
        order.due_ns = due_ns(event)
        shown = order.shown
        order.display = event.display_quantity
        order.show()
        order.shown = min(order.shown, shown)
        if not event.waiting and not event.kept_priority:
            venue.resting.pop(event.order_id, None)
            order.fills = 0
            venue.aggressor = order

    def _uncross(self, event: MarketUncrossed) -> Iterator[Finding]:
        """An auction ends: its fills follow, between orders that rest."""
        venue = self._venues[event.market]
        yield from self._settle(event.market, venue)
        bids, asks = (
            [(one.price, one.alive) for one in venue.resting.values() if one.side is side]
            for side in Side
        )
        told = (event.price, event.quantity, event.surplus)
        for word in judge_uncrossing(bids, asks, *told, near=venue.band.near):
            yield self._wrong(Fraud.WRONG_PRICE, f"{event.market} opened at {event.price}: {word}")
        venue.uncrossing, venue.to_uncross = event, event.quantity

    def _meet(self, fill: FillMade, venue: _Venue, price: int) -> Iterator[Finding]:
        """A fill of an auction: both sides by priority, at the one price."""
        name, pair = f"fill {fill.fill_id}", []
        for side in Side:
            first = venue.best(side)
            if first is None or first.order_id not in {fill.maker_order, fill.taker_order}:
                before = "nobody" if first is None else f"order {first.order_id}"
                yield self._wrong(
                    Fraud.PASSED_OVER, f"{name}: {before} was first to {side.name.lower()}"
                )
                return
            pair.append(first)
        if fill.price != price:
            yield self._wrong(Fraud.WRONG_PRICE, f"{name} is at {fill.price}, not at {price}")
        wanted = min(one.alive for one in pair)
        if fill.quantity != wanted or self._kin(pair[0].account, pair[1].account):
            yield self._wrong(
                Fraud.RULE_BROKEN, f"{name} is not of {wanted} lots between two strangers"
            )
        venue.to_uncross -= fill.quantity
        told: dict[int, tuple[int, int, str]] = {
            fill.maker_order: (fill.maker_open, fill.maker_filled, fill.maker),
            fill.taker_order: (fill.taker_open, fill.taker_filled, fill.taker),
        }
        for order in pair:
            order.lower(fill.quantity)
            order.filled += fill.quantity
            if (order.open, order.filled, order.account) != told[order.order_id]:
                yield self._wrong(
                    Fraud.RULE_BROKEN, f"{name} tells otherwise what is left of {order.order_id}"
                )
            if order.alive <= 0:
                venue.leave(order)

    def _fill(self, fill: FillMade) -> Iterator[Finding]:
        venue = self._venues[fill.market]
        taker, maker = venue.aggressor, venue.resting.get(fill.maker_order)
        if venue.uncrossing is not None:
            yield from self._meet(fill, venue, venue.uncrossing.price)
            venue.band.trade(fill.price)
            return
        if not venue.band.admits(fill.price, self._sequence):
            yield self._wrong(
                Fraud.WRONG_PRICE, f"fill {fill.fill_id} at {fill.price} is outside the price band"
            )
        venue.band.trade(fill.price)
        if taker is None or taker.order_id != fill.taker_order:
            yield self._wrong(
                Fraud.RULE_BROKEN, f"fill {fill.fill_id}: its taker did not enter with this command"
            )
            return
        if maker is None or maker.side is taker.side:
            yield self._wrong(Fraud.RULE_BROKEN, f"fill {fill.fill_id}: its maker does not rest")
            return
        yield from self._judge(fill, venue, taker, maker)
        maker.shown -= fill.quantity
        if taker.budget is not None:
            taker.budget -= fill.price * fill.quantity * venue.tick_size + fill.taker_fee
        for order, left, filled in (
            (maker, fill.maker_open, fill.maker_filled),
            (taker, fill.taker_open, fill.taker_filled),
        ):
            order.open -= fill.quantity
            order.filled += fill.quantity
            if (order.open, order.filled) != (left, filled):
                yield self._wrong(
                    Fraud.RULE_BROKEN,
                    f"fill {fill.fill_id} leaves {left} of order {order.order_id} open and "
                    f"{filled} filled; it should be {order.open} and {order.filled}",
                )
                order.open, order.filled = left, filled
        taker.fills += 1
        if maker.alive <= 0:
            venue.leave(maker)

    def _judge(
        self, fill: FillMade, venue: _Venue, taker: JudgedOrder, maker: JudgedOrder
    ) -> Iterator[Finding]:
        """Judge a fill before it is booked."""
        name = f"fill {fill.fill_id}"
        first = venue.best(maker.side)
        if first is not maker and first is not None:
            yield self._wrong(
                Fraud.PASSED_OVER,
                f"{name} took order {maker.order_id} at {maker.price}; order {first.order_id} at "
                f"{first.price} was before it",
            )
        if fill.price != maker.price or not taker.crosses(maker):
            yield self._wrong(
                Fraud.WRONG_PRICE,
                f"{name} is at {fill.price}; the maker's limit is {maker.price}, the taker's "
                f"{taker.price}",
            )
        wanted = min(maker.shown, taker.alive)
        spent = fill.price * fill.quantity * venue.tick_size + fill.taker_fee
        if taker.budget is not None and 0 < fill.quantity < wanted:
            wanted = fill.quantity
            if _pays_for_a_lot(taker.budget - spent, fill.price * venue.tick_size):
                wanted += 1
        if fill.quantity != wanted or (taker.budget is not None and spent > taker.budget):
            yield self._wrong(
                Fraud.RULE_BROKEN,
                f"{name} is of {fill.quantity} lots; the maker showed {maker.shown}, the taker "
                f"wanted {taker.open}",
            )
        broken = [
            word
            for is_broken, word in (
                (
                    self._kin(maker.account, taker.account),
                    "both orders are of one account, or of one group",
                ),
                (taker.post_only, "a post-only order took"),
                (venue.state is not MarketState.OPEN, "the market is not open"),
                (fill.taker_side is not taker.side, "it names the other side as the taker"),
                (
                    (fill.maker, fill.taker) != (maker.account, taker.account),
                    "it names other accounts",
                ),
            )
            if is_broken
        ]
        for word in broken:
            yield self._wrong(Fraud.RULE_BROKEN, f"{name}: {word}")

    def _reduce(self, event: OrderReduced) -> Iterator[Finding]:
        venue = self._venues[event.market]
        order = self._find(venue, event.order_id)
        if order is None:
            yield self._wrong(Fraud.RULE_BROKEN, f"order {event.order_id} is reduced, unknown")
            return
        if event.self_trade:
            yield from self._judge_met(venue, order)
        order.asleep -= min(order.asleep, event.by)
        order.lower(event.by)
        if order.open != event.open:
            yield self._wrong(
                Fraud.RULE_BROKEN,
                f"order {order.order_id} is reduced to {event.open}; it should be {order.open}",
            )
            order.open = event.open
        if order.open <= 0:
            venue.waiting.pop(order.order_id, None)

    def _refill(self, event: OrderRefilled) -> Iterator[Finding]:
        """The next slice of an iceberg stands at the back of its level."""
        venue = self._venues[event.market]
        order = venue.resting.get(event.order_id)
        if order is None or order.shown or not order.open:
            yield self._wrong(
                Fraud.RULE_BROKEN, f"order {event.order_id} shows a slice that is not due"
            )
            return
        order.show()
        if (order.shown, order.price) != (event.displayed, event.price):
            yield self._wrong(
                Fraud.RULE_BROKEN,
                f"order {order.order_id} shows {event.displayed} at {event.price}; it should be "
                f"{order.shown} at {order.price}",
            )
        self._stand(venue, order)

    def _end(self, event: OrderCanceled | OrderExpired) -> Iterator[Finding]:
        venue = self._venues[event.market]
        order = self._find(venue, event.order_id)
        if order is None:
            yield self._wrong(Fraud.RULE_BROKEN, f"order {event.order_id} ends, unknown")
            return
        if event.filled != order.filled:
            told = f"order {order.order_id} ends with {event.filled} filled"
            yield self._wrong(Fraud.RULE_BROKEN, f"{told}; it should be {order.filled}")
        if isinstance(event, OrderExpired):
            if order.due_ns is None or order.due_ns > self._at_ns:
                yield self._wrong(Fraud.RULE_BROKEN, f"order {order.order_id} expired too early")
        elif order is venue.aggressor:
            yield from self._judge_end(venue, order, event.reason)
        elif event.reason is CancelReason.SELF_TRADE:
            yield from self._judge_met(venue, order)
        if order is venue.aggressor:
            venue.aggressor = None
        venue.resting.pop(order.order_id, None)
        venue.waiting.pop(order.order_id, None)

    def _judge_end(
        self, venue: _Venue, order: JudgedOrder, reason: CancelReason
    ) -> Iterator[Finding]:
        """Judge whether what is left of an aggressor had to be canceled."""
        first = venue.best(Side(1 - order.side))
        meets = first is not None and order.crosses(first) and venue.state is MarketState.OPEN
        if reason is CancelReason.REMAINDER:
            most = MAX_FILLS_PER_GROUP if order.signed else _MOST_FILLS
            able = order.budget is None or (
                first is not None and _pays_for_a_lot(order.budget, first.price * venue.tick_size)
            )
            if meets and able and order.fills < most:
                assert first is not None
                yield self._wrong(
                    Fraud.PASSED_OVER,
                    f"order {order.order_id} was canceled though order {first.order_id} at "
                    f"{first.price} was there to trade with",
                )
            elif not meets and order.time_in_force in _RESTS:
                yield self._wrong(
                    Fraud.RULE_BROKEN, f"order {order.order_id} was canceled and should rest"
                )
        elif reason is CancelReason.FILL_OR_KILL:
            if order.fills:
                yield self._wrong(
                    Fraud.RULE_BROKEN, f"FOK order {order.order_id} was filled in part"
                )
            elif self._could_fill(venue, order):
                yield self._wrong(
                    Fraud.PASSED_OVER, f"FOK order {order.order_id} could have traded whole"
                )
        elif (
            reason is CancelReason.SELF_TRADE
            and order.self_trade is SelfTradeMode.CANCEL_AGGRESSOR
            and not self._meets_own(venue, order)
        ):
            yield self._wrong(
                Fraud.RULE_BROKEN,
                f"order {order.order_id} met none of its own account and was canceled for one",
            )

    def _judge_met(self, venue: _Venue, maker: JudgedOrder) -> Iterator[Finding]:
        """Judge whether an order that went for an own aggressor was who that met next."""
        taker = venue.aggressor
        if taker is None or taker is maker:
            return
        if not taker.crosses(maker) or not self._kin(taker.account, maker.account):
            yield self._wrong(
                Fraud.RULE_BROKEN,
                f"order {maker.order_id} went for order {taker.order_id}, which it did not meet",
            )
            return
        first = venue.best(maker.side)
        if venue.state is MarketState.OPEN and first is not None and first is not maker:
            yield self._wrong(
                Fraud.PASSED_OVER,
                f"order {taker.order_id} met order {maker.order_id}; order {first.order_id} at "
                f"{first.price} was before it",
            )

    def _meets_own(self, venue: _Venue, order: JudgedOrder) -> bool:
        """Whether who is next is of its account or group; in an auction, whether anybody is."""
        side = venue.sides[1 - order.side]
        match venue.state:
            case MarketState.OPEN:
                first = side.best(venue.resting)
                others = [] if first is None else [first]
            case MarketState.AUCTION_OPEN:
                others = side.ranked(venue.resting)
            case _:
                others = []
        return any(order.crosses(one) and self._kin(order.account, one.account) for one in others)

    def _could_fill(self, venue: _Venue, order: JudgedOrder) -> bool:
        """Whether a FOK traded whole by what rests; at least as strict as the rules."""
        if venue.state is not MarketState.OPEN or order.budget is not None:
            return False
        left, fills = order.open, 0
        for maker, shown in slices(venue.sides[1 - order.side].ranked(venue.resting)):
            if left <= 0 or fills == MAX_FILLS_PER_GROUP or not order.crosses(maker):
                break
            if not self._kin(maker.account, order.account):
                left, fills = left - shown, fills + 1
            elif order.self_trade is not SelfTradeMode.CANCEL_RESTING:
                return False
        return left <= 0

    # ------------------------------------------------------------------ resting

    def _settle(self, market: str, venue: _Venue) -> Iterator[Finding]:
        """The aggressor or the auction is done: what is left of an order rests, if it may."""
        if venue.uncrossing is not None and venue.to_uncross:
            yield self._wrong(
                Fraud.PASSED_OVER,
                f"{market} opened and {venue.to_uncross} lots that meet were not traded",
            )
        venue.uncrossing, venue.to_uncross = None, 0
        order, venue.aggressor = venue.aggressor, None
        if order is None or order.alive <= 0:
            return
        if order.time_in_force not in _RESTS:
            yield self._wrong(
                Fraud.RULE_BROKEN,
                f"order {order.order_id} is {order.time_in_force.name} and rests in {market}",
            )
        first = venue.best(Side(1 - order.side))
        if venue.state is MarketState.OPEN and first is not None and order.crosses(first):
            yield self._wrong(
                Fraud.PASSED_OVER,
                f"order {order.order_id} rests at {order.price} though order {first.order_id} at "
                f"{first.price} was there to trade with",
            )
        order.show()
        self._stand(venue, order)

    def _judge_crossed(self, market: str, venue: _Venue) -> Iterator[Finding]:
        """Outside an auction nobody is left to meet, so an opening can not be kept quiet."""
        if venue.state is not MarketState.OPEN:
            return
        bid, ask = venue.best(Side.BUY), venue.best(Side.SELL)
        if bid is not None and ask is not None and bid.price >= ask.price:
            yield self._wrong(
                Fraud.PASSED_OVER,
                f"{market} is open, and orders {bid.order_id} and {ask.order_id} cross",
            )

    def _stand(self, venue: _Venue, order: JudgedOrder) -> None:
        """Put an order behind all others of its price."""
        self._rank += 1
        order.rank = self._rank
        venue.resting[order.order_id] = order
        venue.sides[order.side].add(order)

    def _kin(self, one: str, other: str) -> bool:
        """Whether two accounts may not trade with each other."""
        group = self._groups.get(one)
        return one == other or (group is not None and group == self._groups.get(other))

    def _find(self, venue: _Venue, order_id: int) -> JudgedOrder | None:
        if venue.aggressor is not None and venue.aggressor.order_id == order_id:
            return venue.aggressor
        return venue.resting.get(order_id) or venue.waiting.get(order_id)

    def _wrong(self, fraud: Fraud, detail: str) -> Finding:
        return Finding(fraud=fraud, detail=detail, sequence=self._sequence)


def check_priority(batches: Iterable[EventBatch]) -> Iterator[Finding]:
    """Yield everything that breaks price-time priority, of a history from its first command on."""
    check = PriorityCheck()
    for batch in batches:
        yield from check.take(batch)


def _pays_for_a_lot(left: int, unit: int) -> bool:
    """Whether a budget pays for one more lot, whatever the fee."""
    return left > unit + unit * MAX_FEE_PPM // FEE_DENOMINATOR
