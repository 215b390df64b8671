"""Risk: is asked before matching, allows or refuses with a numbered reason.

Pure and composable. A risk that keeps state learns it from events only and can be snapshotted,
so that it replays.
"""

from typing import Protocol

import msgspec

from hybrid_dex.model.commands import Command
from hybrid_dex.model.events import Event
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_limits import AccountTier
from hybrid_dex.model.units import (
    AccountId,
    AssetId,
    MarketId,
    OrderId,
    Price,
    TimestampNs,
)
from hybrid_dex.model.views import Balance, OrderView, Top

__all__ = ["LedgerView", "Refusal", "Risk"]


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Why something is refused.

    Attributes:
        reason: the stable number.
        field: the field concerned, or an empty string.
        detail: what is wrong and what would be valid.
    """

    reason: RejectReason
    field: str = ""
    detail: str = ""


class LedgerView(Protocol):
    """What a risk may look at: the state before the command."""

    def balance(self, account: AccountId, asset: AssetId) -> Balance:
        """Return the account's balance; zeros when it never had any."""
        ...

    def open_order_count(self, account: AccountId) -> int:
        """Return how many orders of the account rest on all books. O(1)."""
        ...

    def order(self, order_id: OrderId) -> OrderView | None:
        """Return a live or recently ended order, or ``None``."""
        ...

    def market(self, market: MarketId) -> Market | None:
        """Return a listed market, or ``None``."""
        ...

    def market_state(self, market: MarketId) -> MarketState:
        """Return whether the market is open."""
        ...

    def top(self, market: MarketId) -> Top:
        """Return the market's top of book."""
        ...

    def tier(self, account: AccountId) -> AccountTier | None:
        """Return what commands said about the account's risk; ``None`` for nothing. O(1)."""
        ...

    def kin(self, account: AccountId) -> tuple[AccountId, ...]:
        """Return the accounts of the account's declared group, itself among them."""
        ...

    def open_orders(
        self, account: AccountId, market: MarketId | None = None
    ) -> tuple[OrderView, ...]:
        """Return the account's live orders, oldest first, of one market or all."""
        ...

    def last_price(self, market: MarketId) -> Price | None:
        """Return the price of the market's last fill, ticks; ``None`` before there is one."""
        ...

    def unsettled_fills(self) -> int:
        """Return how many fills are not final yet. O(1)."""
        ...

    def oldest_unsettled_ns(self) -> TimestampNs | None:
        """Return when the oldest fill was made that is not final yet, or ``None``."""
        ...


class Risk(Protocol):
    """One check, or a composition of checks where the first refusal wins."""

    @property
    def version(self) -> str:
        """Name and version of the rule and its limits; the journal header holds it."""
        ...

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Return ``None`` to allow, or why not. Must not change anything.

        Asked about every order and replacement that is otherwise sound. An all-or-none batch is
        asked about as a whole first (`BatchOrders`), then member by member, and nothing is observed
        in between: a rule that counts must count such a batch itself. The whole is shown when its
        first order or replacement is to be judged, with what members before that free, and without
        the members that only repeat what was sent before.
        """
        ...

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """See an event that happened, in order, with its command's time."""
        ...

    def snapshot(self) -> bytes:
        """Return the state as bytes; the same state gives the same bytes."""
        ...

    def restore(self, state: bytes) -> None:
        """Take the state of a snapshot, in place of what it observed before.

        Raises `VersionMismatchError` when it can not.
        """
        ...
