"""Orders that are more than plain: who waits for a price, hides lots, or has a budget."""

from hybrid_dex.model import commands as c
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import OrderType, TimeInForce
from tests.reference.nouns import Order


class Conditions:
    """The part of the naive exchange that knows what such an order may do, and when."""

    def fire(self) -> None:
        """Whoever waited for the price of a new fill is next, the oldest first."""
        told, self.told = self.told, len(self.fills)
        waiting = [o for o in self.resting if o.waiting and o not in self.fired]
        waiting = [o for o in waiting if o.trigger is not None and (o.woken or not o.asleep)]
        for order in sorted(waiting, key=lambda o: o.id):
            prices = [f.price for f in self.fills[told:] if f.market is order.market]
            if any(order.is_reached(price) for price in prices):
                self.fired.append(order)

    def cascade(self, made: int) -> None:
        """Let in who is next, market by market; after 100 orders or fills the rest waits."""
        entered = 0
        for market in self.markets:
            while self.rules.states[market] is MarketState.OPEN:
                ready = [order for order in self.fired if order.market.id == market]
                if not ready or entered == 100 or len(self.fills) - made >= 100:
                    break
                entered, order = entered + 1, ready[0]
                self.fired.remove(order)
                if order.other:
                    self.go_alone(order)
                self.resting.remove(order)
                self.next_fill += -self.next_fill % 100
                order.waiting = False
                if order.post_only and self.crossing(market, order.side, order.price):
                    self.end(order, "canceled")
                else:
                    self.work(order)
                self.fire()
                self.settle()

    def wait(self, order: Order) -> None:
        """It waits for the fills to come; the last one may be what it waits for."""
        if order.is_reached(self.last.get(order.market.id, 0)) and order.market.id in self.last:
            self.fired.append(order)

    def wait_anew(self, old: Order, new: Order) -> None:
        """Its trigger was moved, unless that was reached before."""
        self.fire()
        if old not in self.fired:
            self.wait(new)

    def may_wait(self, order: Order) -> bool:
        """Whether it has a trigger exactly when its type needs one, and that lies ahead."""
        if (order.kind > OrderType.MARKET) != (order.trigger is not None):
            return False
        # Of an all-or-none batch that passed, whom an earlier member's fill reaches fires with it.
        last = None if self.judged else self.last.get(order.market.id)
        return order.trigger is None or (
            1 <= order.trigger < 2**48 and not (last and order.is_reached(last))
        )

    def affordable(self, order: Order, other: Order) -> int:
        """How much it takes of another: as much as is shown, and as its budget pays for."""
        quantity = min(order.open, other.shown)
        if order.budget is None:
            return quantity
        left = order.budget + sum(
            amount
            for fill in self.fills
            if fill.taker == order.id
            for account, asset, amount in fill.legs()
            if (account, asset) == (order.account, order.market.quote.id)
        )
        unit = other.price * order.market.tick_size
        rate = self.rules.rates(order.account, order.market)[1]
        while unit * quantity + unit * quantity * rate // 10**6 > left:
            quantity -= 1
        return quantity

    def may_turn(self, old: Order, new: Order, command: c.ReplaceOrder) -> bool:
        """Whether a trigger may move, and slices stay right."""
        moves = command.trigger_price is not None
        self.fire()
        late = old in self.fired and not self.judged
        if moves and (not old.waiting or late or not self.may_wait(new)):
            return False
        if new.budget is not None and new.tif is not TimeInForce.IOC:
            return False
        return new.open <= 0 or self.may_hide(new)

    def may_hide(self, order: Order) -> bool:
        """Whether an iceberg's slices are not too many and not too small."""
        if order.display is None:
            return True
        notional = order.price * order.display * order.market.tick_size
        return (
            order.quantity <= 100 * order.display
            and order.display >= order.market.minimum_quantity
            and notional >= order.market.minimum_notional
        )

    def bars(self, order: Order) -> bool:
        """Whether the book as it stands keeps it out: post-only, or a FOK of too many fills."""
        if order.post_only and self.crossing(order.market.id, order.side, order.price):
            return True
        return order.tif is TimeInForce.FOK and self.whole(order) is None
