"""A naive exchange: the trading rules read aloud, with lists, sums and no thought of speed.

Written from the rules alone and sharing nothing with the engine but the words (commands and
markets). Time priority is the place in one list; a hold is never stored, it is added up when
somebody asks; an account is frozen when something available is below zero. Where the engine and
this disagree, one of them is wrong.
"""

from collections import defaultdict
from copy import copy

from hybrid_dex.model import commands as c
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.signed_order import Nonce, SignatureKind
from tests.reference.naive_batches import Batches
from tests.reference.naive_chain import ChainFacts
from tests.reference.naive_conditions import Conditions
from tests.reference.naive_control import Control
from tests.reference.naive_links import Links, same
from tests.reference.naive_markets import AUCTION, OPEN, MarketRules, charge, worst
from tests.reference.naive_protection import Absences
from tests.reference.nouns import BUY, SELL, Fill, Grant, Order, due

MARKET_KINDS = (OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
MATCHING = (
    c.PlaceOrder,
    c.ReplaceOrder,
    c.BatchOrders,
    c.PlaceLinked,
    c.AdvanceTime,
    c.SetMarketState,
)
RESTS = (TimeInForce.GTC, TimeInForce.GTD)
MONTH_S = 30 * 24 * 60 * 60


class Naive(Absences, Batches, Control, Conditions, Links, ChainFacts):
    """The whole exchange. `status` holds what became of every order ever sent."""

    def __init__(self) -> None:
        self.markets: dict[str, Market] = {}
        self.rules = MarketRules(self)
        self.total: dict[tuple[str, str], int] = defaultdict(int)
        self.withdrawing: dict[tuple[str, str], int] = defaultdict(int)
        self.incoming: dict[tuple[str, str], int] = defaultdict(int)
        self.resting: list[Order] = []
        self.status: dict[int, str] = {}
        self.filled: dict[int, int] = {}
        self.fills: list[Fill] = []
        self.unsettled: dict[int, Fill] = {}
        self.names: dict[tuple[str, str], tuple[c.PlaceOrder, int]] = {}
        self.linked_as: dict[int, tuple[c.PlaceOrder, ...]] = {}
        self.ended_at: dict[int, int] = {}
        self.at = self.sequence = self.position = self.final_batch = 0
        self.begin_batches()
        self.begin_absences()
        self.begin_control()
        self.grants: dict[tuple[str, str, str], Grant] = defaultdict(Grant)
        self.approvals: dict[tuple[str, bytes], bool] = {}
        self.counters: dict[tuple[str, int], int] = {}
        self.vouchers: dict[tuple[str, int], tuple[str, int]] = {}
        self.salts: dict[str, int] = {}
        self.last: dict[str, int] = {}
        self.fired, self.touched, self.told = [], [], 0

    # -- looks

    def aside(self, account: str, asset: str) -> int:
        """What the account's open vouchers promise, added up."""
        mine = [promise for (who, _), promise in self.vouchers.items() if who == account]
        return sum(amount for promised, amount in mine if promised == asset)

    def reserved(self, session: tuple[str, str, str], side: Side) -> int:
        """What the session's resting orders could use."""
        orders = [o for o in self.resting if o.session == session and o.side is side]
        return sum(order.stake for order in orders)

    def budget(self, session: tuple[str, str, str], side: Side) -> int:
        """What was granted since the last revocation, less what was or could be used since."""
        grant = self.grants[session]
        used = sum(
            fill.use(side)
            for fill in self.fills
            if fill.sessions[side] == session and not fill.failed and fill.id >> 16 > grant.since
        )
        return grant.added[side] - used - self.reserved(session, side)

    def may_sign(self, order: Order, term: c.PlaceOrder | c.ReplaceOrder) -> bool:
        """Whether the contract would take this signature, as far as anybody knows by now."""
        signed, market = term.authorization, order.market
        if signed is None:
            return True
        if isinstance(term, c.PlaceOrder):
            nonce = Nonce.unpack(signed.nonce)
            if nonce.counter <= self.counters.get((order.account, nonce.lane), -1):
                return False
        most = worst(market)[0] if term.post_only else max(worst(market))
        seconds = self.at / 10**9
        if not seconds < signed.expiry_s <= seconds + MONTH_S or signed.max_fee_ppm < most:
            return False
        if signed.kind == SignatureKind.SESSION:
            session = (order.account, signed.signer, order.market.id)
            return session in self.grants and signed.expiry_s <= self.grants[session].expiry_s
        if signed.kind == SignatureKind.APPROVED:
            return self.approvals.get((order.account, signed.order_hash), False)
        return True

    def use(self, order: Order) -> None:
        """An order was let in: no other starts under its counter."""
        if order.signed is not None and not self.dry:
            nonce = Nonce.unpack(order.signed.nonce)
            self.counters[order.account, nonce.lane] = nonce.counter

    def held(self, account: str, asset: str) -> int:
        """What the account's resting orders keep, added up."""
        holds = [order.hold for order in self.resting if order.account == account]
        return sum(amount for held, amount in holds if held == asset)

    def available(self, account: str, asset: str) -> int:
        """What is neither held, nor waiting to be withdrawn, nor promised by a voucher."""
        key = (account, asset)
        kept = self.withdrawing[key] + self.held(account, asset) + self.aside(account, asset)
        return self.total[key] - kept

    def may_leave(self, account: str, asset: str, amount: int) -> bool:
        """Whether this is there, and would be if nothing in flight arrived."""
        key = (account, asset)
        settled = self.available(*key) + self.held(*key) - self.incoming[key]
        enough = amount <= min(self.available(*key), settled)
        return enough and not self.frozen(account)

    def frozen(self, account: str) -> bool:
        """Whether the account is short of anything."""
        return any(
            who == account and self.available(*key) < 0
            for key in list(self.total)
            for who in key[:1]
        )

    def book(self, market: str, side: Side) -> list[Order]:
        """Best price first, and at one price whoever stands earlier in the list."""
        resting = [o for o in self.resting if not o.waiting and o.shown]
        orders = [o for o in resting if o.market.id == market and o.side is side]
        return sorted(orders, key=lambda o: o.price if side is SELL else -o.price)

    def crossing(self, market: str, side: Side, price: int) -> list[Order]:
        """The other side, as far as a price reaches, in the order in which it is met."""
        other = self.book(market, SELL if side is BUY else BUY)
        return [o for o in other if (o.price <= price if side is BUY else o.price >= price)]

    def find(self, account: str, order_id: int) -> Order | None:
        """The account's resting order of this id."""
        found = [o for o in self.resting if o.id == order_id and o.account == account]
        return found[0] if found else None

    # -- changes

    def apply(self, command: c.Command) -> None:
        """Expire what is due, then do what the command's name says."""
        self.at, self.sequence = command.at_ns, command.sequence
        self.member = self.next_fill = 0
        self.told = len(self.fills)
        self.rules.wake()
        self.pass_time(self.at)
        self.follow()
        name = type(command).__name__
        getattr(self if hasattr(self, name) else self.rules, name)(command)
        self.fire()
        made = len(self.fills)
        self.settle()
        if isinstance(command, MATCHING):
            self.cascade(made)

    def end(self, order: Order, status: str) -> None:
        """An order is off the book for good."""
        self.resting = [o for o in self.resting if o is not order]
        self.fired = [o for o in self.fired if o is not order]
        self.status[order.id], self.filled[order.id] = status, order.filled
        self.ended_at[order.id] = self.at
        if order.other or order.exits:
            self.touched.append(order)

    def cover(self, account: str, asset: str) -> None:
        """Cancel what is no longer covered, newest first."""
        for order in sorted(self.resting, key=lambda o: -o.id):
            if (
                self.available(account, asset) < 0
                and order.account == account
                and order.hold[0] == asset
                and order.hold[1]
            ):
                self.end(order, "canceled")

    def sound(
        self,
        market: Market,
        term: c.PlaceOrder | c.ReplaceOrder,
        kind: OrderType,
        *,
        ends: bool = False,
        waits: bool = False,
    ) -> bool:
        """Whether the words and numbers of an order are acceptable at all."""
        post_only, tif = term.post_only, term.time_in_force
        return (
            self.rules.takes(market, term, ends=ends, waits=waits)
            and 1 <= term.price < 2**48
            and not (kind in MARKET_KINDS and tif is not TimeInForce.IOC)
            and not (post_only and tif not in RESTS)
            and (tif is TimeInForce.GTD) == (term.expires_at_ns is not None)
            and (term.expires_at_ns is None or term.expires_at_ns > self.at)
            and (
                term.display_quantity is None
                or (tif in RESTS and term.display_quantity <= term.quantity)
            )
        )

    def whole(self, order: Order, *, banded: bool = False) -> bool | None:
        """Whether a FOK trades whole; ``None`` when it would take more than 100 fills."""
        left, fills = order.open, 0
        line = [copy(o) for o in self.crossing(order.market.id, order.side, order.price)]
        while line and left:
            other = line.pop(0)
            if self.kin(order.account, other.account):
                if order.mode is not SelfTradeMode.CANCEL_RESTING:
                    return False
                continue
            if banded and not self.rules.admits(order.market, other.price):
                return False
            fills, left = fills + 1, left - min(left, other.shown)
            if fills > 100:
                return None
            other.open -= other.shown
            other.shown = other.slice
            if other.shown:
                line.insert(sum(one.price == other.price for one in line), other)
        return left == 0

    def work(self, order: Order) -> None:
        """Trade, then rest or end; or wait."""
        if self.dry:
            return self.work_dry(order)
        if order.waiting:
            return self.rest(order)
        if self.rules.states[order.market.id] is not OPEN:
            return self.rules.join(order)
        if order.tif is TimeInForce.FOK:
            return self.work_whole(order)
        return self.work_rest(order)

    def work_whole(self, order: Order) -> None:
        """A FOK: all of it or nothing, and the market stops when all of it leaves the band."""
        if not self.whole(order):
            return self.end(order, "canceled")
        if not self.whole(order, banded=True):
            return self.rules.leave_band(order)
        return self.work_rest(order)

    def work_rest(self, order: Order) -> None:
        """What follows from its makers comes first, then what follows from the order itself."""
        self.meet(order)
        if order.other or order.exits:
            self.touched.append(order)

    def meet(self, order: Order) -> None:
        """Trade as far as it goes, then rest or end."""
        told = len(self.fills)
        while order.open and (met := self.crossing(order.market.id, order.side, order.price)):
            other = met[0]
            if self.kin(order.account, other.account):
                if self.self_trade(order, other):
                    return self.end(order, "canceled")
                continue
            if order.signed and order.tif is TimeInForce.IOC and len(self.fills) - told == 100:
                break
            quantity = self.affordable(order, other)
            if quantity == 0:
                break
            if not self.rules.admits(order.market, other.price):
                return self.rules.leave_band(order)
            is_short = quantity < min(order.open, other.shown)
            self.trade(order, other, quantity)
            if is_short:  # what the rounding of the fee left over may pay for a lot: never mind it
                break
        if order.open == 0:
            return self.end(order, "filled")
        if order.tif not in RESTS:
            return self.end(order, "canceled")
        return self.rest(order)

    def rest(self, order: Order) -> None:
        """It is live."""
        order.shown = order.slice
        if order.waiting:
            self.fire()
            self.wait(order)
        self.resting.append(order)
        self.status[order.id] = "live"

    def self_trade(self, order: Order, other: Order) -> bool:
        """What the incoming order's mode says; whether the incoming order is done for."""
        if order.mode is SelfTradeMode.CANCEL_AGGRESSOR:
            return True
        if order.mode is not SelfTradeMode.DECREMENT_AND_CANCEL:
            self.end(other, "canceled")
            return order.mode is SelfTradeMode.CANCEL_BOTH
        overlap = min(order.open, other.alive)
        if other.other or other.exits:
            self.touched.append(other)
        if other.alive == overlap:
            self.end(other, "canceled")
        else:
            other.open -= overlap
            other.shown = min(other.shown, other.alive)
        if order.open == overlap:
            return True
        order.open -= overlap
        return False

    def trade(self, taker: Order, maker: Order, quantity: int, auction: int = 0) -> None:
        """One fill at the maker's price, or the auction's, where both are charged as makers."""
        market, price = maker.market, auction or maker.price
        notional = price * quantity * market.tick_size
        ppm = [
            self.rules.rates(maker.account, market)[0],
            self.rules.rates(taker.account, market)[1],
        ]
        if auction:
            ppm = [max(0, self.rules.rates(o.account, market)[0]) for o in (maker, taker)]
        fees = {maker.side: charge(notional, ppm[0]), taker.side: charge(notional, ppm[1])}
        who = {maker.side: maker.account, taker.side: taker.account}
        fill = Fill(
            self.sequence << 16 | self.next_fill, market, price, quantity, maker.id, taker.id,
            who[BUY], who[SELL], fees[BUY], fees[SELL],
            {maker.side: maker.session, taker.side: taker.session}, self.at,
        )  # fmt: skip
        self.next_fill += 1
        self.last[market.id] = price
        self.rules.references.pop(market.id, None)
        self.fills.append(fill)
        self.unsettled[fill.id] = fill
        for account, asset, amount in fill.legs():
            self.total[account, asset] += amount
            self.incoming[account, asset] += max(0, amount)
        for order in (maker, taker):
            if (order.other or order.exits) and (order is maker or auction):
                self.touched.append(order)
            order.open -= quantity
            order.filled += quantity
            self.filled[order.id] = order.filled
        maker.shown -= 0 if auction else quantity
        for order in (maker, taker):
            order.shown = min(order.shown, order.alive)
        if maker.open == 0:
            self.end(maker, "filled")
        elif maker.shown == 0 and maker.slice:
            self.resting.remove(maker)
            self.rest(maker)

    # -- commands, each under its own name

    def PlaceOrder(self, command: c.PlaceOrder) -> None:  # noqa: N802
        """Enter an order once."""
        order_id = command.sequence << 8 | self.member
        key = (command.account, command.client_order_id)
        if (known := self.known(key)) is not None:
            if not same(known[0], command) or known[1] >> 8 in self.linked_as:
                self.status[order_id] = "rejected"
            return
        if command.client_order_id is not None:
            self.names[key] = (command, order_id)
        self.filled[order_id] = 0
        market, order = self.markets[command.market], self.order_of(command, order_id)
        asset, needed = order.hold
        if (
            not self.sound(market, command, command.order_type)
            or not self.may_wait(order)
            or not self.may_hide(order)
            or not (order.budget is None or (order.side is BUY and order.tif is TimeInForce.IOC))
            or not self.may_sign(order, command)
            or (order.session and order.stake > self.budget(order.session, order.side))
            or self.frozen(command.account)
            or self.stopped & {None, command.account}
            or self.available(command.account, asset) < needed
            or (not order.waiting and self.bars(order))
        ):
            self.end(order, "rejected")
        else:
            self.use(order)
            self.work(order)

    def ReplaceOrder(self, command: c.ReplaceOrder) -> None:  # noqa: N802
        """Swap terms, or leave all as it is."""
        old = self.find(command.account, command.order_id)
        if old is None or old.other or old.exits:
            return None
        new_open = command.quantity - (old.quantity - old.open)
        kind = old.kind if old.waiting else OrderType.LIMIT
        if not self.sound(old.market, command, kind, ends=new_open <= 0, waits=old.waiting):
            return None
        if command.expected_filled not in {None, old.filled} or self.frozen(old.account):
            return None
        trigger = old.trigger if command.trigger_price is None else command.trigger_price
        new = Order(
            old.id, old.account, old.market, old.side, command.price, command.quantity,
            new_open, command.time_in_force, command.self_trade, due(command),
            command.authorization, command.post_only, old.kind, trigger, old.waiting,
            command.display_quantity or old.display, old.budget, old.filled,
        )  # fmt: skip
        if not self.may_replace(old, command) or not self.may_turn(old, new, command):
            return None
        if new_open <= 0:
            return self.end(old, "canceled")
        if self.stopped & {None, old.account}:
            return None
        asset, needed = new.hold
        more = needed - old.hold[1]
        if more > 0 and more > self.available(old.account, asset):
            return None
        own = old.stake if old.session == new.session else 0
        if new.session and new.stake > self.budget(new.session, new.side) + own:
            return None
        same = new.price == old.price and new.quantity <= old.quantity and new.tif in RESTS
        more_shown = old.display is not None and new.display > old.display
        keeps = old.waiting or (same and not more_shown)
        in_auction = self.rules.states[old.market.id] is AUCTION
        turns = in_auction and new.post_only and not old.post_only and not old.waiting
        if keeps and not (turns and self.bars(new)):
            new.shown = min(old.shown, new.slice)
            if command.trigger_price is not None:
                self.wait_anew(old, new)
            self.resting[self.resting.index(old)] = new
            self.fired = [new if order is old else order for order in self.fired]
            return None
        if self.bars(new):
            return None
        self.resting.remove(old)
        return self.work(new)

    def may_replace(self, old: Order, command: c.ReplaceOrder) -> bool:
        """Signed stays signed, by whomever: the same lane and counter, and a higher revision."""
        new = command.authorization
        if old.signed is None or new is None:
            return old.signed is new
        before, after = Nonce.unpack(old.signed.nonce), Nonce.unpack(new.nonce)
        whole = old.open == old.quantity or command.time_in_force is not TimeInForce.FOK
        return (
            self.may_sign(old, command)
            and (after.lane, after.counter) == (before.lane, before.counter)
            and after.revision > before.revision
            and whole
        )

    def may_reduce(self, order: Order, by: int) -> bool:
        """By what is open at most; a signed FOK is its signed total or nothing."""
        whole = order.signed is not None and order.tif is TimeInForce.FOK
        return 1 <= by <= order.open and not (whole and by < order.open)

    def ReduceOrder(self, command: c.ReduceOrder) -> None:  # noqa: N802
        """Less of the same, in place."""
        order = self.find(command.account, command.order_id)
        if order is None or order.other or order.exits:
            return
        if self.may_reduce(order, command.by):
            order.open -= command.by
            order.quantity -= command.by
            order.shown = min(order.shown, order.open)
            if order.open == 0:
                self.end(order, "canceled")

    def CancelOrder(self, command: c.CancelOrder) -> None:  # noqa: N802
        """By either id."""
        order_id = command.order_id
        if order_id is None:
            named = self.names.get((command.account, command.client_order_id))
            order_id = None if named is None else named[1]
        order = None if order_id is None else self.find(command.account, order_id)
        if order is not None:
            self.end(order, "canceled")

    def CancelAll(self, command: c.CancelAll) -> None:  # noqa: N802
        """All that fit."""
        for order in list(self.resting):
            in_market = command.market in {None, order.market.id}
            if (
                order.account == command.account
                and in_market
                and command.side in {None, order.side}
            ):
                self.end(order, "canceled")

    def Deposit(self, command: c.Deposit) -> None:  # noqa: N802
        """Funds arrive."""
        self.total[command.account, command.asset] += command.amount

    def Withdraw(self, command: c.Withdraw) -> None:  # noqa: N802
        """Settled funds leave."""
        if self.may_leave(command.account, command.asset, command.amount):
            self.total[command.account, command.asset] -= command.amount

    def RequestWithdrawal(self, command: c.RequestWithdrawal) -> None:  # noqa: N802
        """Put aside what a withdrawal will take."""
        self.withdrawing[command.account, command.asset] = command.amount
        self.total[command.account, command.asset] += 0
        self.cover(command.account, command.asset)

    def CompleteWithdrawal(self, command: c.CompleteWithdrawal) -> None:  # noqa: N802
        """It was taken."""
        key = (command.account, command.asset)
        self.withdrawing[key] = max(0, self.withdrawing[key] - command.amount)
        self.total[key] -= command.amount
        self.cover(command.account, command.asset)

    def ConfirmSettlement(self, command: c.ConfirmSettlement) -> None:  # noqa: N802
        """Final."""
        for fill_id in command.fills:
            if self.land(fill_id) is not None:
                self.final_batch = max(self.final_batch, command.batch)

    def FailSettlement(self, command: c.FailSettlement) -> None:  # noqa: N802
        """Reversed, then culprits and cover."""
        failed = [(self.land(failure.fill_id), failure.culprit) for failure in command.failures]
        for fill, _ in failed:
            for account, asset, amount in [] if fill is None else fill.legs():
                self.total[account, asset] -= amount
            if fill is not None:
                fill.failed = True
                self.final_batch = max(self.final_batch, command.batch)
        for fill, culprit in failed:
            for order in list(self.resting):
                if fill is not None and order.id == culprit:
                    self.end(order, "canceled")
        for fill, _ in failed:
            if fill is not None:
                self.cover(fill.buyer, fill.market.base.id)
                self.cover(fill.seller, fill.market.quote.id)

    def land(self, fill_id: int) -> Fill | None:
        """A fill is no longer in flight."""
        fill = self.unsettled.pop(fill_id, None)
        for account, asset, amount in [] if fill is None else fill.legs():
            self.incoming[account, asset] -= max(0, amount)
        return fill

    def AdvanceTime(self, command: c.AdvanceTime) -> None:  # noqa: N802
        """What is due happened already."""

    def is_new(self, position: int | None) -> bool:
        """Whether a fact of a final block is further on the chain than all before; then it counts."""
        if position is not None and position <= self.position:
            return False
        self.position = self.position if position is None else position
        return True
