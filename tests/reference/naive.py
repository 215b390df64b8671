"""A naive exchange: the trading rules read aloud, with lists, sums and no thought of speed.

Written from the rules alone and sharing nothing with the engine but the words (commands and
markets). Time priority is the place in one list; a hold is never stored, it is added up when
somebody asks; an account is frozen when something available is below zero. Where the engine and
this disagree, one of them is wrong.
"""

from collections import defaultdict
from dataclasses import dataclass

from hybrid_dex.model import commands as c
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
RESTS = (TimeInForce.GTC, TimeInForce.GTD)
REMEMBERED_NS = 15 * 60 * 10**9


@dataclass
class Order:
    """An order; `quantity - open` is used up: filled, or lost to self-trade."""

    id: int
    account: str
    market: Market
    side: Side
    price: int
    quantity: int
    open: int
    tif: TimeInForce
    mode: SelfTradeMode
    expires: int | None
    filled: int = 0

    @property
    def hold(self) -> tuple[str, int]:
        """The asset and amount that its open quantity keeps from being used otherwise."""
        if self.side is SELL:
            return self.market.base.id, self.open * self.market.lot_size
        notional = self.price * self.open * self.market.tick_size
        worst = max(self.market.maker_fee_ppm, self.market.taker_fee_ppm)
        return self.market.quote.id, notional + notional * worst // 10**6


@dataclass
class Fill:
    """One match."""

    id: int
    market: Market
    price: int
    quantity: int
    maker: int
    taker: int
    buyer: str
    seller: str
    buyer_fee: int
    seller_fee: int

    def legs(self) -> list[tuple[str, str, int]]:
        """Who gets what; a debit is negative."""
        base, quote = self.market.base.id, self.market.quote.id
        lots = self.quantity * self.market.lot_size
        notional = self.price * self.quantity * self.market.tick_size
        return [
            (self.buyer, base, lots),
            (self.buyer, quote, -notional - self.buyer_fee),
            (self.seller, base, -lots),
            (self.seller, quote, notional - self.seller_fee),
        ]


class Naive:
    """The whole exchange. `status` holds what became of every order ever sent."""

    def __init__(self) -> None:
        self.markets: dict[str, Market] = {}
        self.halted: set[str] = set()
        self.total: dict[tuple[str, str], int] = defaultdict(int)
        self.withdrawing: dict[tuple[str, str], int] = defaultdict(int)
        self.incoming: dict[tuple[str, str], int] = defaultdict(int)
        self.resting: list[Order] = []
        self.status: dict[int, str] = {}
        self.filled: dict[int, int] = {}
        self.fills: list[Fill] = []
        self.unsettled: dict[int, Fill] = {}
        self.names: dict[tuple[str, str], tuple[c.PlaceOrder, int]] = {}
        self.ended_at: dict[int, int] = {}
        self.at = self.sequence = 0

    # -- looks

    def held(self, account: str, asset: str) -> int:
        """What the account's resting orders keep, added up."""
        holds = [order.hold for order in self.resting if order.account == account]
        return sum(amount for held, amount in holds if held == asset)

    def available(self, account: str, asset: str) -> int:
        """What is neither held nor waiting to be withdrawn."""
        key = (account, asset)
        return self.total[key] - self.withdrawing[key] - self.held(account, asset)

    def frozen(self, account: str) -> bool:
        """Whether the account is short of anything."""
        return any(
            who == account and self.available(*key) < 0
            for key in list(self.total)
            for who in key[:1]
        )

    def book(self, market: str, side: Side) -> list[Order]:
        """Best price first, and at one price whoever stands earlier in the list."""
        orders = [o for o in self.resting if o.market.id == market and o.side is side]
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
        due = [o for o in self.resting if o.expires is not None and o.expires <= self.at]
        for order in sorted(due, key=lambda o: (o.expires, o.id)):
            self.end(order, "expired")
        getattr(self, type(command).__name__)(command)

    def end(self, order: Order, status: str) -> None:
        """An order is off the book for good."""
        self.resting = [o for o in self.resting if o is not order]
        self.status[order.id], self.filled[order.id] = status, order.filled
        self.ended_at[order.id] = self.at

    def cover(self, account: str, asset: str) -> None:
        """Cancel what is no longer covered, newest first."""
        for order in sorted(self.resting, key=lambda o: -o.id):
            if (
                self.available(account, asset) < 0
                and order.account == account
                and order.hold[0] == asset
            ):
                self.end(order, "canceled")

    def sound(self, market: Market, term: c.PlaceOrder | c.ReplaceOrder, kind: OrderType) -> bool:
        """Whether the words and numbers of an order are acceptable at all."""
        post_only, tif = term.post_only, term.time_in_force
        return (
            market.id not in self.halted
            and 1 <= term.price < 2**48
            and 1 <= term.quantity < 2**48
            and term.price * term.quantity * market.tick_size >= market.minimum_notional
            and not (kind is OrderType.MARKET and tif is not TimeInForce.IOC)
            and not (post_only and tif not in RESTS)
            and (tif is TimeInForce.GTD) == (term.expires_at_ns is not None)
            and (term.expires_at_ns is None or term.expires_at_ns > self.at)
        )

    def whole(self, order: Order) -> bool | None:
        """Whether a FOK trades whole; ``None`` when it would take more than 100 fills."""
        left, fills = order.open, 0
        for other in self.crossing(order.market.id, order.side, order.price):
            if left == 0:
                break
            if other.account == order.account:
                if order.mode is not SelfTradeMode.CANCEL_RESTING:
                    return False
                continue
            fills, left = fills + 1, left - min(left, other.open)
            if fills > 100:
                return None
        return left == 0

    def work(self, order: Order) -> None:
        """Trade, then rest or end."""
        if order.tif is TimeInForce.FOK and not self.whole(order):
            return self.end(order, "canceled")
        for other in self.crossing(order.market.id, order.side, order.price):
            if order.open == 0:
                break
            if other.account == order.account:
                if self.self_trade(order, other):
                    return self.end(order, "canceled")
                continue
            self.trade(order, other, min(order.open, other.open))
        if order.open == 0:
            return self.end(order, "filled")
        if order.tif not in RESTS:
            return self.end(order, "canceled")
        self.resting.append(order)
        self.status[order.id] = "live"
        return None

    def self_trade(self, order: Order, other: Order) -> bool:
        """What the incoming order's mode says; whether the incoming order is done for."""
        if order.mode is SelfTradeMode.CANCEL_AGGRESSOR:
            return True
        if order.mode is not SelfTradeMode.DECREMENT_AND_CANCEL:
            self.end(other, "canceled")
            return order.mode is SelfTradeMode.CANCEL_BOTH
        overlap = min(order.open, other.open)
        if other.open == overlap:
            self.end(other, "canceled")
        else:
            other.open -= overlap
        if order.open == overlap:
            return True
        order.open -= overlap
        return False

    def trade(self, taker: Order, maker: Order, quantity: int) -> None:
        """One fill at the maker's price; fees round down."""
        market, notional = maker.market, maker.price * quantity * maker.market.tick_size
        fees = {
            maker.side: notional * market.maker_fee_ppm // 10**6,
            taker.side: notional * market.taker_fee_ppm // 10**6,
        }
        who = {maker.side: maker.account, taker.side: taker.account}
        index = sum(fill.id >> 16 == self.sequence for fill in self.fills)
        fill = Fill(
            self.sequence << 16 | index, market, maker.price, quantity, maker.id, taker.id,
            who[BUY], who[SELL], fees[BUY], fees[SELL],
        )  # fmt: skip
        self.fills.append(fill)
        self.unsettled[fill.id] = fill
        for account, asset, amount in fill.legs():
            self.total[account, asset] += amount
            self.incoming[account, asset] += max(0, amount)
        for order in (maker, taker):
            order.open -= quantity
            order.filled += quantity
            self.filled[order.id] = order.filled
        if maker.open == 0:
            self.end(maker, "filled")

    # -- commands, each under its own name

    def PlaceOrder(self, command: c.PlaceOrder) -> None:  # noqa: N802
        """Enter an order once."""
        order_id, key = command.sequence << 8, (command.account, command.client_order_id)
        if key in self.names:
            first, named = self.names[key]
            recent = self.at - self.ended_at.get(named, self.at) < REMEMBERED_NS
            if recent and all(
                getattr(first, field) == getattr(command, field)
                for field in command.__struct_fields__
                if field not in {"sequence", "at_ns"}
            ):
                return
            if recent:
                self.status[order_id] = "rejected"
                return
        if command.client_order_id is not None:
            self.names[key] = (command, order_id)
        self.filled[order_id] = 0
        market = self.markets[command.market]
        order = Order(
            order_id, command.account, market, command.side, command.price, command.quantity,
            command.quantity, command.time_in_force, command.self_trade, command.expires_at_ns,
        )  # fmt: skip
        asset, needed = order.hold
        if (
            not self.sound(market, command, command.order_type)
            or self.frozen(command.account)
            or self.available(command.account, asset) < needed
            or (command.post_only and self.crossing(market.id, command.side, command.price))
            or (order.tif is TimeInForce.FOK and self.whole(order) is None)
        ):
            self.end(order, "rejected")
        else:
            self.work(order)

    def ReplaceOrder(self, command: c.ReplaceOrder) -> None:  # noqa: N802
        """Swap terms, or leave all as it is."""
        old = self.find(command.account, command.order_id)
        if old is None or not self.sound(old.market, command, OrderType.LIMIT):
            return None
        if command.expected_filled not in {None, old.filled} or self.frozen(old.account):
            return None
        new_open = command.quantity - (old.quantity - old.open)
        if new_open <= 0:
            return self.end(old, "canceled")
        new = Order(
            old.id, old.account, old.market, old.side, command.price, command.quantity,
            new_open, command.time_in_force, command.self_trade, command.expires_at_ns, old.filled,
        )  # fmt: skip
        asset, needed = new.hold
        more = needed - old.hold[1]
        if more > 0 and more > self.available(old.account, asset):
            return None
        if new.price == old.price and new.quantity <= old.quantity and new.tif in RESTS:
            self.resting[self.resting.index(old)] = new
            return None
        if command.post_only and self.crossing(old.market.id, new.side, new.price):
            return None
        if new.tif is TimeInForce.FOK and self.whole(new) is None:
            return None
        self.resting.remove(old)
        return self.work(new)

    def ReduceOrder(self, command: c.ReduceOrder) -> None:  # noqa: N802
        """Less of the same, in place."""
        order = self.find(command.account, command.order_id)
        if order is not None and 1 <= command.by <= order.open:
            order.open -= command.by
            order.quantity -= command.by
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
        key = (command.account, command.asset)
        settled = self.available(*key) + self.held(*key) - self.incoming[key]
        if not self.frozen(command.account) and command.amount <= min(
            self.available(*key), settled
        ):
            self.total[key] -= command.amount

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
            self.land(fill_id)

    def FailSettlement(self, command: c.FailSettlement) -> None:  # noqa: N802
        """Reversed, then culprits and cover."""
        failed = [(self.land(failure.fill_id), failure.culprit) for failure in command.failures]
        for fill, _ in failed:
            for account, asset, amount in [] if fill is None else fill.legs():
                self.total[account, asset] -= amount
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

    def ListMarket(self, command: c.ListMarket) -> None:  # noqa: N802
        """Once."""
        self.markets.setdefault(command.market.id, command.market)

    def SetMarketState(self, command: c.SetMarketState) -> None:  # noqa: N802
        """Open or halted."""
        halted = command.state is MarketState.HALTED
        (self.halted.add if halted else self.halted.discard)(command.market)

    def AdvanceTime(self, command: c.AdvanceTime) -> None:  # noqa: N802
        """What is due happened already."""
