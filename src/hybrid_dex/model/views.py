"""Read-only views of the engine's state, as values that can leave it."""

import msgspec

from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import OrderStatus, OrderType, SelfTradeMode, Side, TimeInForce
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

__all__ = ["Balance", "Depth", "Indication", "Level", "OrderView", "Plan", "SessionView", "Top"]


class Level(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One price level of level 2: price in ticks, total open quantity in lots."""

    price: Price
    quantity: Quantity


class Top(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Top of book: the best level of each side, or ``None`` where it is empty."""

    bid: Level | None
    ask: Level | None


class Depth(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Level 2: bids from the highest, asks from the lowest."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Balance(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One account's balance of one asset, in atoms.

    Attributes:
        available: can be traded now; negative only while the account is frozen.
        held: reserved by open orders.
        withdrawing: waits for a withdrawal requested on chain.
        in_flight_in: part of `available` or `held` that came from fills not final yet.
        in_flight_out: debited by fills that are not final yet; still in the vault on chain.
        vouchers: set aside for open vouchers; still in the vault on chain.
    """

    asset: AssetId
    available: Amount
    held: Amount
    withdrawing: Amount
    in_flight_in: Amount
    in_flight_out: Amount
    vouchers: Amount = Amount(0)

    @property
    def total(self) -> int:
        """What the account owns by the ledger: available, held, withdrawing and in vouchers."""
        return self.available + self.held + self.withdrawing + self.vouchers

    @property
    def withdrawable(self) -> int:
        """What could leave now: available, and still there if nothing in flight arrived."""
        return max(0, min(self.available, self.available + self.held - self.in_flight_in))

    @property
    def on_chain(self) -> int:
        """What the vault must show for the account when the ledger is right."""
        return self.total + self.in_flight_out - self.in_flight_in


class OrderView(msgspec.Struct, frozen=True, gc=False):
    """An order as its trader sees it.

    Attributes:
        quantity: OrderQty, the total in lots.
        open: LeavesQty, lots.
        filled: CumQty, lots.
        accepted_at_ns: when it was accepted.
        order_hash: the EIP-712 digest, or empty bytes when it is not signed.
        trigger_price: of a stop or take-profit, ticks.
        waiting: whether it is live and on no book, as its trigger is not reached.
        display_quantity: of an iceberg, how many lots the book shows at a time.
        quote_budget: the most that it spends, fees included, quote atoms.
        linked_to: the exit that cancels it, and that it cancels.
        asleep: lots of an exit that are not alive, as its entry did not fill so much.
    """

    order_id: OrderId
    account: AccountId
    market: MarketId
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    post_only: bool
    self_trade: SelfTradeMode
    price: Price
    quantity: Quantity
    open: Quantity
    filled: Quantity
    status: OrderStatus
    accepted_at_ns: TimestampNs
    expires_at_ns: TimestampNs | None
    client_order_id: ClientOrderId | None
    order_hash: bytes
    nonce: int | None
    trigger_price: Price | None = None
    waiting: bool = False
    display_quantity: Quantity | None = None
    quote_budget: Amount | None = None
    linked_to: OrderId | None = None
    asleep: Quantity = Quantity(0)


class SessionView(msgspec.Struct, frozen=True, gc=False):
    """What a session key may do for an account in one market, as far as the chain's facts are final.

    Attributes:
        account: whose funds the key trades.
        key: the session key's address.
        market: where.
        buy_budget: what new orders may still use, quote atoms.
        sell_budget: what new orders may still use, lots.
        buy_reserved: what open orders may use at worst, fees included, quote atoms.
        sell_reserved: what open orders may use, lots.
        expiry_s: when the grant ends, Unix seconds.
        revoked: the account took it back; nothing is left.
    """

    account: AccountId
    key: str
    market: MarketId
    buy_budget: Amount
    sell_budget: Quantity
    buy_reserved: Amount
    sell_reserved: Quantity
    expiry_s: int
    revoked: bool


class Indication(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What would trade if an auction ended now.

    Attributes:
        price: the one price, ticks.
        quantity: what would trade, lots.
        surplus: what one side wants beyond that at this price, lots.
        surplus_side: which side, or ``None`` when it comes out even.
    """

    price: Price
    quantity: Quantity
    surplus: Quantity
    surplus_side: Side | None


class Plan(msgspec.Struct, frozen=True, array_like=True):
    """What happens to a market at a time.

    Attributes:
        due_ns: when.
        market: to which.
        fees: the fees that are charged from then on, if that is what is planned.
        state: the state that it moves to, if that is what is planned.
        reference_price: what counts as its last price until it trades again, ticks.
    """

    due_ns: TimestampNs
    market: MarketId
    fees: FeeSchedule | None = None
    state: MarketState | None = None
    reference_price: Price | None = None
