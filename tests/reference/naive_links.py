"""Linked orders: two exits that cancel each other, and the entry that wakes them."""

from hybrid_dex.model import commands as c
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import OrderType, TimeInForce
from tests.reference.nouns import BUY, SELL, Order, due

REMEMBERED_NS = 15 * 60 * 10**9
RESTS = (TimeInForce.GTC, TimeInForce.GTD)
STOPS = (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)


class Links:
    """The part of the naive exchange that knows who is linked to whom."""

    def live(self, order_id: int) -> Order | None:
        """The live order of this id."""
        return next((order for order in self.resting if order.id == order_id), None)

    def known(self, key: tuple[str, str | None]) -> tuple[c.PlaceOrder, int] | None:
        """What a name stands for while it is remembered."""
        row = self.names.get(key)
        if row is None or self.at - self.ended_at.get(row[1], self.at) >= REMEMBERED_NS:
            return None
        return row

    def order_of(self, command: c.PlaceOrder, order_id: int) -> Order:
        """The order that a command asks for."""
        return Order(
            order_id, command.account, self.markets[command.market], command.side, command.price,
            command.quantity, command.quantity, command.time_in_force, command.self_trade,
            due(command), command.authorization, command.post_only, command.order_type,
            command.trigger_price, command.trigger_price is not None, command.display_quantity,
            command.quote_budget,
        )  # fmt: skip

    def PlaceLinked(self, command: c.PlaceLinked) -> None:  # noqa: N802
        """All of it, or nothing."""
        legs = command.orders
        keys = [(leg.account, leg.client_order_id) for leg in legs if leg.client_order_id]
        if any(self.known(key) for key in keys) or len(set(keys)) < len(keys):
            if not self.is_repeated(legs):
                for index in range(len(legs)):
                    self.status[command.sequence << 8 | index] = "rejected"
            return
        orders = []
        self.linked_as[command.sequence] = legs
        for self.member, leg in enumerate(legs):
            order = self.order_of(leg, command.sequence << 8 | self.member)
            orders.append(order)
            self.filled[order.id] = 0
            if leg.client_order_id is not None:
                self.names[leg.account, leg.client_order_id] = (leg, order.id)
        self.member = 0
        entry = orders[0] if command.entry is not None else None
        first, second = orders[-2:]
        if not (fits(command) and self.may_link(legs, orders, entry)):
            for order in orders:
                self.end(order, "rejected")
            return
        for order in orders:
            self.use(order)
        first.other, second.other = second.id, first.id
        first.shared, second.follows = max(first.price, second.price), True
        if entry is None:
            self.rest(first)
            self.rest(second)
            return
        entry.exits = (first.id, second.id)
        for order in (first, second):
            order.entry, order.asleep, order.waiting = entry.id, order.open, True
            self.resting.append(order)
            self.status[order.id] = "live"
        self.work(entry)

    def is_repeated(self, legs: tuple[c.PlaceOrder, ...]) -> bool:
        """Whether the very same orders were linked before; of refused ones only names are known."""
        keys = [(leg.account, leg.client_order_id) for leg in legs]
        sequences = {row[1] >> 8 for key in keys if (row := self.known(key)) is not None}
        sequence = max(sequences, default=0)
        before = self.linked_as.get(sequence, ())
        if len(sequences) > 1 or len(before) != len(legs):
            return False
        refused = self.status[sequence << 8] == "rejected"
        return all(
            same(one, leg) or (refused and one.client_order_id is leg.client_order_id is None)
            for one, leg in zip(before, legs, strict=True)
        )

    def may_link(
        self, legs: tuple[c.PlaceOrder, ...], orders: list[Order], entry: Order | None
    ) -> bool:
        """Whether each of them might come in: the exits need the funds of one."""
        for leg, order in zip(legs, orders, strict=True):
            sleeps = entry is not None and order is not entry
            asset, needed = order.hold
            if (
                not self.sound(order.market, leg, leg.order_type)
                or (not sleeps and not self.may_wait(order))
                or (sleeps and (order.kind > OrderType.MARKET) != (order.trigger is not None))
                or not self.may_hide(order)
                or not self.may_sign(order, leg)
                or (order.session and order.stake > self.budget(order.session, order.side))
                or self.frozen(order.account)
                or self.stopped & {None, order.account}
                or (
                    not (sleeps and order.side is SELL)
                    and self.available(order.account, asset) < needed
                )
                or not (
                    order.budget is None or (order.side is BUY and order.tif is TimeInForce.IOC)
                )
                or (order is entry and not order.waiting and self.bars(order))
            ):
                return False
            crossing = self.crossing(order.market.id, order.side, order.price)
            if entry is None and not order.waiting and crossing:
                return False
        return True

    def settle(self) -> None:
        """See to links, and to whom that fires."""
        self.follow()
        self.fire()

    def follow(self) -> None:
        """See to what follows from every linked order that was filled or ended."""
        while self.touched:
            order = self.touched.pop(0)
            if order.exits:
                self.follow_entry(order)
            else:
                self.follow_exit(order)

    def follow_exit(self, order: Order) -> None:
        """What trades closes the position; the other is open for as much."""
        other, entry = self.live(order.other), self.live(order.entry)
        if order in self.resting:
            self.end_entry(order)
            if order.open == 0:
                self.end(order, "filled")
            elif other is not None:
                other.open = min(other.open, order.open)
            return
        for one in (other, entry):
            if one is not None:
                self.end(one, "canceled")

    def end_entry(self, order: Order) -> None:
        """The rest of the entry goes, and nothing sleeps."""
        entry = self.live(order.entry)
        if entry is not None:
            self.end(entry, "canceled")
            self.sleep_for_ever(order)

    def sleep_for_ever(self, order: Order) -> None:
        """What sleeps of both is gone."""
        for one in (order, self.live(order.other)):
            if one is not None:
                one.open, one.quantity = one.open - one.asleep, one.quantity - one.asleep
                one.asleep = 0

    def follow_entry(self, entry: Order) -> None:
        """The exits wake for what was filled."""
        first, second = (self.live(each) for each in entry.exits)
        if first is None or second is None:
            return None
        lots = min(first.asleep, entry.filled - (first.quantity - first.asleep))
        if lots > 0:
            base = first.market.base.id
            needed = lots * first.market.lot_size
            if first.side is SELL and self.available(first.account, base) < needed:
                return self.end(first, "canceled")
            self.wake(second, lots)
            self.wake(first, lots)
        if entry in self.resting:
            return None
        if entry.filled == 0:
            return self.end(first, "canceled")
        return self.sleep_for_ever(first)

    def wake(self, order: Order, lots: int) -> None:
        """So many more lots are alive; the order goes to the back of its level, or trades."""
        if order.trigger is not None:
            if not order.woken:
                self.fire()  # what it slept through is not for it, but for others, who are before it
            order.asleep -= lots
            if not order.woken:
                order.woken = True
                self.wait(order)
            return
        order.woken = True
        order.asleep -= lots
        self.resting.remove(order)
        on_book = order.alive > lots
        if on_book or not self.crossing(order.market.id, order.side, order.price):
            order.waiting = False
            self.rest(order)
            return
        self.resting.append(order)
        entry = self.live(order.entry)
        down = -1 if order.side is SELL else 1
        meets = entry is not None and (order.price - entry.price) * down >= 0
        if meets or self.rules.states[order.market.id] is not MarketState.AUCTION_OPEN:
            self.end_entry(order)
            self.sleep_for_ever(order)
        self.resting.remove(order)
        order.waiting = False
        self.next_fill += -self.next_fill % 100
        self.work(order)

    def go_alone(self, order: Order) -> None:
        """It fired: the other goes, and it holds for itself."""
        self.end_entry(order)
        other = self.live(order.other)
        if other is not None:
            order.follows, order.shared, order.other, other.other = False, 0, 0, 0
            self.end(other, "canceled")


def same(first: c.PlaceOrder, again: c.PlaceOrder) -> bool:
    """Whether two orders ask for the same, whenever they were sent."""
    fields = [name for name in first.__struct_fields__ if name not in {"sequence", "at_ns"}]
    return all(getattr(first, name) == getattr(again, name) for name in fields)


def fits(command: c.PlaceLinked) -> bool:
    """Whether these can be linked at all."""
    first, second, entry = command.take_profit, command.stop, command.entry
    alike = {(leg.account, leg.market, leg.quantity) for leg in command.orders}
    if len(alike) > 1 or first.side is not second.side or (entry and entry.side is second.side):
        return False
    if second.order_type not in STOPS or first.order_type in STOPS:
        return False
    if first.trigger_price is None and first.time_in_force not in RESTS:
        return False
    if any(leg.post_only or leg.display_quantity or leg.quote_budget for leg in (first, second)):
        return False
    signed = [leg.authorization for leg in command.orders]
    if None in signed:
        return signed == [None] * len(signed)
    one, two = signed[-2:]
    if TimeInForce.FOK in {first.time_in_force, second.time_in_force}:
        return False
    return (
        (one.signer, one.kind) == (two.signer, two.kind)
        and one.nonce & 0xFF00FFFF == two.nonce & 0xFF00FFFF
        and one.nonce >> 24 == two.nonce >> 24
        and one.nonce < two.nonce
        and (entry is None or signed[0].nonce & 0xFFFF != one.nonce & 0xFFFF)
    )
