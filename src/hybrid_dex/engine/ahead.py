"""Ahead: the state as the members of an all-or-none batch that were judged so far will leave it.

All of a batch is judged before any of it is done, so this must never promise a later member what
an earlier one might not bring. Counted is what is certain: an order holds its worst case, a cancel
or reduction releases exactly what it says. Not counted is what matching would bring: fills, better
prices, proceeds. Those only ever add, so whoever passes here passes when it is done.

What can not be foreseen is refused: an order is changed once in a batch, and not after a member
whose self-trade prevention might cancel it. One that waits for a trigger stands in no book, where
nobody meets it.
"""

import msgspec

from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.engine.lanes import LaneKey, lane_key
from hybrid_dex.engine.orders import LiveOrder
from hybrid_dex.engine.standing import DeskStanding
from hybrid_dex.engine.trading import RESTS, needed
from hybrid_dex.interfaces.book import Incoming
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import SelfTradeMode, Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_limits import AccountTier
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
)
from hybrid_dex.model.views import Balance, OrderView, Top

__all__ = ["Ahead"]

_BUY = Side.BUY


class Ahead:
    """What one account's earlier members will have done: a `Standing`, and a view for the risk.

    Args:
        desk: the state now.
        view: the same for the risk.
        account: whose members they are; everybody else stands as now.
    """

    def __init__(self, desk: Desk, view: LedgerView, account: AccountId) -> None:
        self._desk = desk
        self._view = view
        self._account = account
        self._now = DeskStanding(desk)
        self._funds: dict[AssetId, int] = {}
        self._budgets: dict[tuple[str, MarketId, Side], int] = {}
        self._lanes: dict[LaneKey, None] = {}
        self._names: dict[ClientOrderId, None] = {}
        # What stays open of the orders that were changed; nothing of one that has other terms.
        self._changed: dict[OrderId, int] = {}
        # What meets the book: with its mode of self-trade prevention, and whether it may rest.
        self._entering: list[tuple[MarketId, Side, Price, SelfTradeMode, bool]] = []
        self._open_orders = 0

    # ------------------------------------------------------- looks: a standing

    def available(self, account: AccountId, asset: AssetId) -> int:
        """Return what is available for sure."""
        return self._now.available(account, asset) + self._funds.get(asset, 0)

    def check_lane(self, account: AccountId, market: Market, nonce: int) -> RejectReason | None:
        """Return why a new order can not use this nonce: one order a lane and batch."""
        key = lane_key(account, market.base.id, nonce)
        if key in self._lanes:
            return RejectReason.NONCE_USED
        lanes = self._desk.lanes
        state = lanes.find(account, market.base.id, nonce)
        bound = OrderId(0 if state is None else state.order_id)
        gone = bound if self._changed.get(bound) == 0 else None
        return lanes.check_new(account, market, nonce, gone=gone)

    def budget(
        self, account: AccountId, signed: Authorization, market: MarketId, side: Side
    ) -> int | None:
        """Return what is left to a session key for sure."""
        left = self._now.budget(account, signed, market, side)
        if left is None:
            return None
        return left + self._budgets.get((signed.signer, market, side), 0)

    def refuse_crossing(self, venue: Venue, incoming: Incoming) -> Refusal | None:
        """Return why a post-only order would trade: with what rests, or with an earlier member."""
        show = venue.market.format_price
        for allocation in venue.book.match(incoming):
            if self._changed.get(allocation.order_id) != 0:
                detail = f"it would trade at {show(allocation.price)}"
                return Refusal(RejectReason.POST_ONLY_WOULD_CROSS, "price", detail)
        for market, side, price, _, rests in self._entering:
            if (
                rests
                and market == venue.market.id
                and _crosses(incoming.side, incoming.price, side, price)
            ):
                detail = f"an earlier member may rest at {show(price)}"
                return Refusal(RejectReason.POST_ONLY_WOULD_CROSS, "price", detail)
        return None

    # ----------------------------------------------------- looks: what it adds

    def refuse_name(self, name: ClientOrderId | None) -> Refusal | None:
        """Return why a client order id can not be used again within the batch."""
        if name is None or name not in self._names:
            return None
        detail = "an earlier member of the batch has this id"
        return Refusal(RejectReason.DUPLICATE_CLIENT_ORDER_ID, "client_order_id", detail)

    def refuse_change(self, order: LiveOrder) -> Refusal | None:
        """Return why nobody can say what this order will be when its turn comes."""
        detail = ""
        if order.conditions is not None and order.conditions.is_linked:
            detail = "what becomes of it concerns linked orders, too"
        if order.order_id in self._changed:
            detail = "an earlier member of the batch changes this order"
        for market, side, price, mode, _ in self._entering:
            if (
                market == order.market
                and mode is not SelfTradeMode.CANCEL_AGGRESSOR
                and _crosses(order.side, order.price, side, price)
                and order.order_id not in self._desk.waiting
            ):
                detail = "self-trade prevention of an earlier member may cancel this order"
        return Refusal(RejectReason.BATCH_CONFLICT, "order_id", detail) if detail else None

    # ----------------------------------------------------------------- changes

    def open_one(self) -> None:
        """One order more will be open."""
        self._open_orders += 1

    def place(self, venue: Venue, command: PlaceOrder) -> None:
        """A new order passed: it holds its worst case."""
        side, quantity = command.side, command.quantity
        signed = command.authorization
        hold = needed(venue, command)
        self._hold(venue, side, -hold)
        if signed is not None:
            self._lanes[lane_key(command.account, venue.base_id, signed.nonce)] = None
            self._spend(signed, venue, side, -(hold if side is _BUY else quantity))
        if command.client_order_id is not None:
            self._names[command.client_order_id] = None
        if command.trigger_price is None:
            self._enter(command.market, side, command)
        self.open_one()

    def release(self, venue: Venue, order: LiveOrder, open_left: int) -> None:
        """A cancel or a reduction passed: what it frees is free."""
        side, price = order.side, order.price
        freed = venue.held(order, price, order.open) - venue.held(order, price, open_left)
        self._hold(venue, side, freed)
        if order.authorization is not None:
            stake = venue.staked(order, price, order.open)
            stake -= venue.staked(order, price, open_left)
            self._spend(order.authorization, venue, side, stake)
        self._changed[order.order_id] = open_left
        self._open_orders -= open_left == 0

    def swap(self, venue: Venue, order: LiveOrder, command: ReplaceOrder) -> None:
        """A replacement passed: its new worst case is held instead of the old one."""
        new_open = command.quantity - (order.quantity - order.open)
        if new_open <= 0:
            self.release(venue, order, 0)
            return
        side, price = order.side, command.price
        hold = venue.held(order, order.price, order.open)
        hold -= venue.held(order, price, new_open)
        self._hold(venue, side, hold)
        if order.authorization is not None:
            freed = venue.staked(order, order.price, order.open)
            self._spend(order.authorization, venue, side, freed)
        if command.authorization is not None:
            self._spend(command.authorization, venue, side, -venue.staked(order, price, new_open))
        self._changed[order.order_id] = 0
        if order.order_id not in self._desk.waiting:
            self._enter(order.market, side, command)
        signed = command.authorization
        if signed is not None:
            self._lanes[lane_key(order.account, venue.base_id, signed.nonce)] = None

    def _enter(self, market: MarketId, side: Side, command: PlaceOrder | ReplaceOrder) -> None:
        rests = command.time_in_force in RESTS
        self._entering.append((market, side, command.price, command.self_trade, rests))

    def _hold(self, venue: Venue, side: Side, amount: int) -> None:
        asset = venue.hold_asset(side)
        self._funds[asset] = self._funds.get(asset, 0) + amount

    def _spend(self, signed: Authorization, venue: Venue, side: Side, amount: int) -> None:
        key = (signed.signer, venue.market.id, side)
        self._budgets[key] = self._budgets.get(key, 0) + amount

    # -------------------------------------------------------- a view for risks

    def balance(self, account: AccountId, asset: AssetId) -> Balance:
        """Return the balance with the holds of the earlier members."""
        balance, moved = self._view.balance(account, asset), self._funds.get(asset, 0)
        if not moved or account != self._account:
            return balance
        return Balance(
            asset,
            Amount(balance.available + moved),
            Amount(balance.held - moved),
            balance.withdrawing,
            balance.in_flight_in,
            balance.in_flight_out,
            balance.vouchers,
        )

    def open_order_count(self, account: AccountId) -> int:
        """Return how many orders there will be if all that enter rest."""
        more = self._open_orders if account == self._account else 0
        return self._view.open_order_count(account) + more

    def order(self, order_id: OrderId) -> OrderView | None:
        """Return an order as it is now."""
        return self._view.order(order_id)

    def market(self, market: MarketId) -> Market | None:
        """Return a listed market."""
        return self._view.market(market)

    def market_state(self, market: MarketId) -> MarketState:
        """Return a market's state."""
        return self._view.market_state(market)

    def top(self, market: MarketId) -> Top:
        """Return the top of book as it is now."""
        return self._view.top(market)

    def tier(self, account: AccountId) -> AccountTier | None:
        """Return the account's tier."""
        return self._view.tier(account)

    def kin(self, account: AccountId) -> tuple[AccountId, ...]:
        """Return the account's group."""
        return self._view.kin(account)

    def open_orders(
        self, account: AccountId, market: MarketId | None = None
    ) -> tuple[OrderView, ...]:
        """Return the orders that are open now and keep their terms, as earlier members leave them."""
        orders = self._view.open_orders(account, market)
        changed = self._changed
        return tuple(
            _reduced(order, changed[order.order_id]) if order.order_id in changed else order
            for order in orders
            if changed.get(order.order_id) != 0
        )

    def last_price(self, market: MarketId) -> Price | None:
        """Return the price of the last fill so far."""
        return self._view.last_price(market)

    def unsettled_fills(self) -> int:
        """Return how many fills are not final now."""
        return self._view.unsettled_fills()

    def oldest_unsettled_ns(self) -> TimestampNs | None:
        """Return when the oldest of them was made."""
        return self._view.oldest_unsettled_ns()


def _reduced(order: OrderView, left: int) -> OrderView:
    """Return an order of which so many lots stay open."""
    total = Quantity(order.quantity - (order.open - left))
    return msgspec.structs.replace(order, open=Quantity(left), quantity=total)


def _crosses(side: Side, price: int, other: Side, other_price: int) -> bool:
    """Whether two orders of one market would meet."""
    if side is other:
        return False
    return price >= other_price if side is _BUY else price <= other_price
