"""EngineClient: all that a gateway asks of an engine, wherever the engine runs.

An `Exchange` in the same process is one; a plugin that reaches an engine in another process is
another. A gateway is written against this alone, so it can not tell which it has:

- Order entry is answered once the command is durable and applied, never before.
- Whatever was answered is in `view` when the answer comes, so a gateway reads its own writes.
- `subscribe` yields every command's events, in order and without a gap, or says that it can not.

It must never offer what only the engine's own process may do: deposits, market states, facts of
the chain.
"""

from collections.abc import Sequence as Items
from typing import Protocol, Self

from hybrid_dex.exchange.batching import MemberAnswer
from hybrid_dex.exchange.followers import Subscription
from hybrid_dex.exchange.options import ExchangeHealth
from hybrid_dex.exchange.presence import AccountConnection
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.batch_request import BatchRequest
from hybrid_dex.model.commands import PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.receipts import SignedJournalReceipt
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    FillId,
    MarketId,
    OrderId,
    Quantity,
    Sequence,
    TimestampNs,
)
from hybrid_dex.model.vouchers import SignedCancelReceipt, SignedVoucher

__all__ = ["EngineClient"]


class EngineClient(Protocol):
    """An engine as a gateway sees it; see the module, and `Exchange` for what each method does.

    Raises, from whatever enters a command:
        UnavailableError: the engine can not be reached or takes nothing now; nothing happened.
        UnknownOutcomeError: it was sent and no answer came; ask by client order id.
        FormatError: a field is of another type than declared; nothing happened.
    """

    async def __aenter__(self) -> Self:
        """Reach the engine. The view is a state that it had, perhaps some time ago.

        Raises:
            ConfigurationError: the engine has other terms than this gateway was configured for.
            UnavailableError: the engine can not be reached.
        """
        ...

    async def __aexit__(self, *_: object) -> None:
        """Release everything."""
        ...

    async def caught_up(self) -> None:
        """Return once the view is not older than the opening.

        Nothing is applied to the view between the opening and the first call of this or of
        `subscribe`. So whoever subscribes first hears of all that the view catches up with.

        Raises:
            UnavailableError: the engine gives no records.
        """
        ...

    # --------------------------------------------------------------------------- order entry

    # With ``not_after_ns`` the engine's process judges, when its journal takes the command, whether
    # that is too late by its clock; then nothing was done.

    async def place(
        self, order: SignedOrder | PlaceOrder, *, not_after_ns: TimestampNs | None = None
    ) -> EventBatch | Refusal:
        """Enter an order; return what happened, or why it may not enter at all."""
        ...

    async def place_many(
        self,
        orders: Items[SignedOrder | PlaceOrder],
        *,
        not_after_ns: Items[TimestampNs | None] = (),
    ) -> list[EventBatch | Refusal]:
        """Enter orders in turn; return the answer to each."""
        ...

    async def place_batch(
        self,
        account: AccountId,
        members: Items[BatchRequest],
        *,
        all_or_none: bool = False,
        not_after_ns: TimestampNs | None = None,
    ) -> list[MemberAnswer]:
        """Do several requests as one command; return the answer to each."""
        ...

    async def place_ladders(
        self,
        ladders: Items[Items[SignedOrder | PlaceOrder]],
        *,
        not_after_ns: Items[TimestampNs | None] = (),
    ) -> list[EventBatch | Refusal]:
        """Enter ladders in turn, each one command; return the answer to each."""
        ...

    async def place_linked(
        self,
        take_profit: SignedOrder | PlaceOrder,
        stop: SignedOrder | PlaceOrder,
        entry: SignedOrder | PlaceOrder | None = None,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> EventBatch | Refusal:
        """Enter linked orders, all or none."""
        ...

    async def replace(
        self,
        order_id: OrderId,
        terms: SignedOrder | ReplaceOrder,
        expected_filled: Quantity | None = None,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> EventBatch | Refusal:
        """Swap an order for new terms, atomically."""
        ...

    async def cancel(
        self,
        account: AccountId,
        order_id: OrderId | None = None,
        client_order_id: ClientOrderId | None = None,
    ) -> EventBatch:
        """Cancel one order by either id."""
        ...

    async def cancel_all(
        self, account: AccountId, market: MarketId | None = None, side: Side | None = None
    ) -> EventBatch:
        """Cancel an account's orders, of one market or side where given."""
        ...

    async def reduce(
        self,
        account: AccountId,
        order_id: OrderId,
        by: Quantity,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> EventBatch:
        """Lower an order's open quantity in place; raises RefusedError when that is too late."""
        ...

    async def schedule_cancel(
        self, account: AccountId, timeout_ms: int, market: MarketId | None = None
    ) -> EventBatch:
        """Arm or disarm a dead man's switch."""
        ...

    async def heartbeat(self, account: AccountId) -> EventBatch:
        """Push back every switch of an account."""
        ...

    async def set_cancel_on_disconnect(self, account: AccountId, *, enabled: bool) -> EventBatch:
        """Wish that an account's orders go when its last connection ends."""
        ...

    def connection(self, account: AccountId) -> AccountConnection:
        """Count a connection of an account until it ends, or the engine loses this gateway."""
        ...

    # ------------------------------------------------------------------- what the operator signs

    async def issue_voucher(
        self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        recipient: str | None = None,
        deadline_s: int | None = None,
        *,
        salt: int = 0,
    ) -> SignedVoucher | Refusal:
        """Let an account take settled funds out at once; or return why it may not."""
        ...

    async def open_vouchers(self, account: AccountId) -> tuple[SignedVoucher, ...] | Refusal:
        """Return an account's open vouchers, each signed again."""
        ...

    async def cancel_receipt(
        self, order_id: OrderId, batch: EventBatch | None = None
    ) -> SignedCancelReceipt | Refusal:
        """Return the operator's word that a signed order is dead."""
        ...

    async def receipts(
        self,
        *,
        sequence: Sequence | None = None,
        order_id: OrderId | None = None,
        fill_id: FillId | None = None,
        account: AccountId | None = None,
    ) -> tuple[SignedJournalReceipt, ...] | Refusal:
        """Return the operator's word about what the journal holds."""
        ...

    # ----------------------------------------------------------------------------- reading

    @property
    def view(self) -> ExchangeView:
        """The state as of the last command known here; one object as long as this is open."""
        ...

    @property
    def markets(self) -> tuple[Market, ...]:
        """Every listed market."""
        ...

    def subscribe(self, after: int | None = None) -> Subscription:
        """Follow events from the next command on, or from the one after ``after``.

        Raises:
            SlowFollowerError: what came after it is no longer kept, here or in the iterator.
        """
        ...

    def health(self) -> ExchangeHealth:
        """Return how the engine is, as far as it is known here. O(1)."""
        ...
