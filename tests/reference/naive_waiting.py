"""Orders that wait for a price: who is next, and when."""

from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import OrderType
from tests.reference.nouns import Order


class Waiting:
    """The part of the naive exchange that lets stops and take-profits in."""

    def fire(self, told: int) -> None:
        """Whoever waited for the price of a new fill is next, the oldest first."""
        waiting = [o for o in self.resting if o.waiting and o not in self.fired]
        for order in sorted(waiting, key=lambda o: o.id):
            prices = [f.price for f in self.fills[told:] if f.market is order.market]
            if any(order.is_reached(price) for price in prices):
                self.fired.append(order)

    def cascade(self) -> None:
        """Let in who is next, market by market; after 100 orders or fills the rest waits."""
        entered, made = 0, len(self.fills)
        for market in self.markets:
            while self.rules.states[market] is MarketState.OPEN:
                ready = [order for order in self.fired if order.market.id == market]
                if not ready or entered == 100 or len(self.fills) - made >= 100:
                    break
                entered, told, order = entered + 1, len(self.fills), ready[0]
                self.fired.remove(order)
                self.resting.remove(order)
                self.next_fill += -self.next_fill % 100
                order.waiting = False
                if order.post_only and self.crossing(market, order.side, order.price):
                    self.end(order, "canceled")
                else:
                    self.work(order)
                self.fire(told)

    def may_wait(self, order: Order) -> bool:
        """Whether it has a trigger exactly when its type needs one, and that lies ahead."""
        if (order.kind > OrderType.MARKET) != (order.trigger is not None):
            return False
        last = self.last.get(order.market.id)
        return order.trigger is None or (
            1 <= order.trigger < 2**48 and not (last and order.is_reached(last))
        )
