"""Commands: everything that can change the exchange, in the order in which it happened.

A command carries its own sequence number and time, stamped by the shell when it is written to
the journal; zero until then. Nothing else enters the engine. Commands are journaled as arrays:
a new field goes last and has a default; a tag is never reused.
"""

from typing import TypeAlias

from hybrid_dex.model.command_base import CommandBase
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.protection import (
    CancelOnDisconnect,
    Heartbeat,
    ScheduleCancel,
    SetCancelOnDisconnect,
)
from hybrid_dex.model.risk_control import (
    AssignRiskTier,
    SetAccountGroup,
    SetKillSwitch,
    SetRiskTier,
)
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    FillId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
)

__all__ = [
    "AdvanceTime",
    "ApproveOrder",
    "BatchMember",
    "BatchOrders",
    "CancelAll",
    "CancelOrder",
    "CancelPlan",
    "Command",
    "CommandBase",
    "CompleteWithdrawal",
    "ConfirmSettlement",
    "Deposit",
    "ExpireVoucher",
    "FailSettlement",
    "GrantSession",
    "IssueVoucher",
    "ListMarket",
    "PlaceLinked",
    "PlaceOrder",
    "RaiseFloor",
    "RedeemVoucher",
    "ReduceOrder",
    "ReplaceOrder",
    "RequestWithdrawal",
    "RevokeApproval",
    "RevokeLane",
    "RevokeSession",
    "ScheduleFees",
    "ScheduleMarketState",
    "SetMarketState",
    "Withdraw",
]


class PlaceOrder(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=1):
    """Enter an order (NewOrderSingle, FIX D).

    Attributes:
        account: whose funds trade.
        market: where.
        side: buy or sell.
        price: limit in ticks; of a market order, its protection price.
        quantity: total in lots.
        order_type: limit or market, at once or once a trigger is reached.
        time_in_force: a market order's must be IOC.
        post_only: refuse rather than take.
        self_trade: what to do when it meets the same account's order.
        expires_at_ns: for GTD, when it expires; otherwise ``None``.
        client_order_id: the trader's own id, unique per account.
        authorization: the signature, where the settlement requires one.
        trigger_price: of a stop or take-profit, the fill price in ticks for which it waits.
        display_quantity: of an iceberg, how many lots of it the book shows at a time.
        quote_budget: the most that an immediate buy spends, fees included, quote atoms.
    """

    account: AccountId
    market: MarketId
    side: Side
    price: Price
    quantity: Quantity
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    self_trade: SelfTradeMode = SelfTradeMode.CANCEL_AGGRESSOR
    expires_at_ns: TimestampNs | None = None
    client_order_id: ClientOrderId | None = None
    authorization: Authorization | None = None
    trigger_price: Price | None = None
    display_quantity: Quantity | None = None
    quote_budget: Amount | None = None


class CancelOrder(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=2):
    """Cancel one order by its id or its client order id (OrderCancelRequest, FIX F)."""

    account: AccountId
    order_id: OrderId | None = None
    client_order_id: ClientOrderId | None = None


class ReduceOrder(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=3):
    """Lower the open quantity by ``by`` lots in place; priority is kept."""

    account: AccountId
    order_id: OrderId
    by: Quantity


class ReplaceOrder(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=4):
    """Swap an order for new terms, atomically (OrderCancelReplaceRequest, FIX G).

    Attributes:
        account: the order's account.
        order_id: the order to replace; it keeps this id.
        price: new limit in ticks.
        quantity: new total in lots, fills so far included.
        time_in_force: of the new terms.
        post_only: of the new terms.
        self_trade: of the new terms.
        expires_at_ns: of the new terms, for GTD.
        expected_filled: refuse when the filled quantity is another.
        authorization: the signature over the new terms: same lane and counter, higher revision.
        trigger_price: where a waiting order is to wait instead; ``None`` leaves it.
        display_quantity: how much is to be shown at a time from now on; ``None`` leaves it.
    """

    account: AccountId
    order_id: OrderId
    price: Price
    quantity: Quantity
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    self_trade: SelfTradeMode = SelfTradeMode.CANCEL_AGGRESSOR
    expires_at_ns: TimestampNs | None = None
    expected_filled: Quantity | None = None
    authorization: Authorization | None = None
    trigger_price: Price | None = None
    display_quantity: Quantity | None = None


class CancelAll(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=5):
    """Cancel all of an account's orders, or those of one market, one side, or both."""

    account: AccountId
    market: MarketId | None = None
    side: Side | None = None


BatchMember: TypeAlias = PlaceOrder | CancelOrder | ReduceOrder | ReplaceOrder
"""What a batch may consist of."""


class BatchOrders(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=40):
    """Several commands of one account as one (NewOrderList, FIX E): each is answered, in order.

    The order that the member at place ``i`` enters has the id (sequence, ``i``).

    Attributes:
        account: whose members these are; each names it again.
        members: 1 to 100, unstamped; applied one after another.
        all_or_none: judge all members before any: if one is refused, nothing changes and each
            is told so.
    """

    account: AccountId
    members: tuple[BatchMember, ...]
    all_or_none: bool = False


class PlaceLinked(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=24):
    """Enter two exits of which one cancels the other (OCO), alone or behind an entry (bracket).

    The exits are two orders of one account, market, side and quantity: the stop waits for a
    trigger, the take-profit rests or waits for one. They hold the funds of one. What is filled of
    the one is not open any more in the other; when one fires, or ends in whatever way, the other is
    canceled. All of it enters, or nothing.

    With an entry the exits sleep: they are of the other side, become alive for as much as the
    entry filled, and end with it when that is nothing. Once an exit trades or fires, what is left
    of the entry is canceled.

    The orders' ids are (sequence, 0), (sequence, 1) and so on: entry, take-profit, stop.

    Attributes:
        take_profit: the exit at a better price; where signed, its revision is below the stop's.
        stop: the exit at a worse price; where signed, in the same lane under the same counter.
        entry: what opens the position; where signed, in a lane of its own.
    """

    take_profit: PlaceOrder
    stop: PlaceOrder
    entry: PlaceOrder | None = None

    @property
    def orders(self) -> tuple[PlaceOrder, ...]:
        """The orders in the order of their ids."""
        exits = (self.take_profit, self.stop)
        return exits if self.entry is None else (self.entry, *exits)


class Deposit(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=6):
    """Credit funds that arrived.

    Attributes:
        account: who is credited.
        asset: what.
        amount: in atoms.
        position: ``block << 24 | log index`` where there is a chain, strictly rising over
            `Deposit`, `CompleteWithdrawal`, `GrantSession`, `ApproveOrder` and `RedeemVoucher`
            together: a repeat is refused. ``None`` without a chain.
    """

    account: AccountId
    asset: AssetId
    amount: Amount
    position: int | None = None


class Withdraw(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=7):
    """Debit available, settled funds at once: withdrawals of an exchange without a chain."""

    account: AccountId
    asset: AssetId
    amount: Amount


class RequestWithdrawal(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=8):
    """A withdrawal was requested on chain: the amount stops being tradeable at once.

    A fact, not a wish: orders are canceled, newest first, when funds do not cover it otherwise.
    Asking again replaces the earlier request of the same account and asset; an amount of zero
    (a canceled or reorganised request) returns everything.
    """

    account: AccountId
    asset: AssetId
    amount: Amount


class CompleteWithdrawal(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=9):
    """The vault paid a withdrawal out: debit it, out of the requested amount as far as that goes.

    What was requested beyond it stays out of trading until the next `RequestWithdrawal`: a newer
    request may stand on chain already, and no order may come between the two.

    Attributes:
        position: as in `Deposit`.
    """

    account: AccountId
    asset: AssetId
    amount: Amount
    position: int | None = None


class RevokeLane(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=10):
    """A lane was canceled on chain up to a key: cancel its live order, refuse the rest for ever.

    Attributes:
        asset: for lane 0, the base asset whose orders it concerns; otherwise ``None``.
        lane: the lane.
        key: counter and revision (`Nonce.key`); this and everything below is dead.
    """

    account: AccountId
    asset: AssetId | None
    lane: int
    key: int


class RaiseFloor(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=11):
    """All counters below a floor were revoked on chain, for orders quoted in one asset."""

    account: AccountId
    asset: AssetId
    floor: int


class ConfirmSettlement(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=12):
    """Fills moved to a stage of settlement; at `SettlementStage.FINAL` they leave flight.

    Attributes:
        fills: the fills, in ascending order of id.
        stage: submitted, confirmed or final. A reorganisation steps back to submitted.
        batch: the batch number.
        transaction: the transaction's hash, or an empty string without a chain.
    """

    fills: tuple[FillId, ...]
    stage: SettlementStage
    batch: int
    transaction: str = ""


class FailSettlement(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=13):
    """Fills that the chain skipped for ever: reverse them, all those of a receipt at once.

    Attributes:
        failures: each fill with the contract's reason and the order it blames.
        batch: the batch number.
        transaction: the transaction's hash, or an empty string without a chain.
    """

    failures: tuple[FillFailure, ...]
    batch: int
    transaction: str = ""


class ListMarket(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=14):
    """List a market. Its terms never change afterwards.

    Attributes:
        market: the terms.
        state: in which it begins; any but closed.
    """

    market: Market
    state: MarketState = MarketState.OPEN


class SetMarketState(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=15):
    """Move a market to another state, where that is a legal move. Closing delists it for ever.

    Attributes:
        market: which.
        state: where to.
        reference_price: what counts as its last price until it trades again, ticks: the middle of
            its price band, and what the price of an opening auction is nearest to.
    """

    market: MarketId
    state: MarketState
    reference_price: Price | None = None


class ScheduleFees(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=30):
    """Charge other fees in a market, at once or from a time on.

    No rate may exceed the largest that the market was listed with, as maker or taker: resting
    orders hold and signed orders allow no more. Fees that rise for anybody, at any volume, are
    announced a day before.

    Attributes:
        market: where.
        fees: the new rates.
        due_ns: from when on; at once when ``None``. The same time again replaces what was planned.
    """

    market: MarketId
    fees: FeeSchedule
    due_ns: TimestampNs | None = None


class ScheduleMarketState(
    CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=31
):
    """Move a market to another state at a time: a halt, an opening, a delisting.

    It happens before the first command stamped at or after that time, after what expires until
    then. Whether the move is legal is known when the time has come.

    Attributes:
        market: which.
        state: where to.
        due_ns: when. The same time again replaces what was planned.
        reference_price: as of `SetMarketState`.
    """

    market: MarketId
    state: MarketState
    due_ns: TimestampNs
    reference_price: Price | None = None


class CancelPlan(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=32):
    """Take back what is planned for a market at a time."""

    market: MarketId
    due_ns: TimestampNs


class AdvanceTime(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=16):
    """Nothing but time passed: what is due, such as an expiry, happens."""


class GrantSession(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=17):
    """A session key may trade for an account in one market, as a final block says.

    Budgets add to what is left. They are the chain's: a buy consumes what it pays, fees included,
    a sell its lots.

    Attributes:
        account: whose funds the key may trade.
        key: the session key's address.
        market: where.
        buy_budget: added, quote atoms.
        sell_budget: added, lots.
        expiry_s: when the whole grant ends, Unix seconds; no order of the key outlives it.
        position: as in `Deposit`. One below a `RevokeSession` that is known revives nothing.
    """

    account: AccountId
    key: str
    market: MarketId
    buy_budget: Amount
    sell_budget: Quantity
    expiry_s: int
    position: int | None = None


class RevokeSession(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=18):
    """A session key was revoked on chain: its orders are canceled and its budgets are gone.

    Told as soon as it is seen, before it is final.

    Attributes:
        account: whose key it was.
        key: the session key's address.
        market: where.
        position: ``block << 24 | log index`` of the revocation; grants below it are dead. ``None``
            without a chain.
    """

    account: AccountId
    key: str
    market: MarketId
    position: int | None = None


class ApproveOrder(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=19):
    """An account approved an order's hash on chain, as contract wallets do, in a final block.

    Attributes:
        account: the order's trader.
        order_hash: the EIP-712 digest, 32 bytes.
        position: as in `Deposit`.
    """

    account: AccountId
    order_hash: bytes
    position: int | None = None


class RevokeApproval(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=20):
    """An approval was taken back on chain: its order is canceled, and the hash is dead for ever.

    Told as soon as it is seen, before it is final, and perhaps before the approval is.

    Attributes:
        account: the order's trader.
        order_hash: the EIP-712 digest, 32 bytes.
        position: ``block << 24 | log index`` of the revocation; ``None`` without a chain.
    """

    account: AccountId
    order_hash: bytes
    position: int | None = None


class IssueVoucher(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=21):
    """Set settled funds aside for a withdrawal that the vault pays at once against our signature.

    Journaled before anything is signed. Only `RedeemVoucher` and `ExpireVoucher` end it.

    Attributes:
        account: who withdraws.
        asset: what.
        amount: in atoms.
        recipient: the address that the vault pays.
        salt: 0 for the command's own sequence number, which no other voucher has; any other is
            ``2**40`` or higher, so that the two never meet, and above every one that the account
            chose before: the vault pays a salt once, and a repeated command must not issue twice.
        deadline_s: until when the vault pays, Unix seconds.
        min_batch: the vault pays once this batch has settled; the last batch that is final here
            where that is higher.
    """

    account: AccountId
    asset: AssetId
    amount: Amount
    recipient: str
    salt: int = 0
    deadline_s: int
    min_batch: int = 0


class RedeemVoucher(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=22):
    """The vault paid a voucher, as a final block says.

    Attributes:
        account: who withdrew.
        asset: what.
        amount: in atoms.
        salt: the voucher's.
        position: as in `Deposit`.
    """

    account: AccountId
    asset: AssetId
    amount: Amount
    salt: int
    position: int | None = None


class ExpireVoucher(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=23):
    """A voucher can never be paid any more: its funds are available again.

    Told when a final block is past its deadline and no final block before paid it.

    Attributes:
        account: whose voucher.
        asset: what.
        salt: the voucher's.
    """

    account: AccountId
    asset: AssetId
    salt: int


Command: TypeAlias = (
    PlaceOrder
    | CancelOrder
    | ReduceOrder
    | ReplaceOrder
    | CancelAll
    | BatchOrders
    | PlaceLinked
    | Deposit
    | Withdraw
    | RequestWithdrawal
    | CompleteWithdrawal
    | RevokeLane
    | RaiseFloor
    | ConfirmSettlement
    | FailSettlement
    | ListMarket
    | SetMarketState
    | AdvanceTime
    | GrantSession
    | RevokeSession
    | ApproveOrder
    | RevokeApproval
    | IssueVoucher
    | RedeemVoucher
    | ExpireVoucher
    | ScheduleCancel
    | Heartbeat
    | SetCancelOnDisconnect
    | CancelOnDisconnect
    | ScheduleFees
    | ScheduleMarketState
    | CancelPlan
    | SetRiskTier
    | AssignRiskTier
    | SetKillSwitch
    | SetAccountGroup
)
"""Any command, as the journal holds it."""
