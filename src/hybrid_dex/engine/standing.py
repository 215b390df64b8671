"""Standing: what an order is judged against, besides its own terms.

The orders of an all-or-none batch are judged before any of them changes anything, so the later
ones must be held against what the earlier ones will have done. That is the only difference between
judging one order and judging a batch, and it is confined to these few looks: funds, lanes, budgets
of session keys, and what a post-only order would cross.
"""

from typing import Protocol

from hybrid_dex.engine import matching
from hybrid_dex.engine.desk import Desk, Venue
from hybrid_dex.interfaces.book import Incoming
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import AccountId, AssetId, MarketId

__all__ = ["DeskStanding", "Standing"]


class Standing(Protocol):
    """The looks."""

    def available(self, account: AccountId, asset: AssetId) -> int:
        """Return what an order may hold, atoms."""
        ...

    def check_lane(self, account: AccountId, market: Market, nonce: int) -> RejectReason | None:
        """Return why a new order can not use this nonce."""
        ...

    def budget(
        self, account: AccountId, signed: Authorization, market: MarketId, side: Side
    ) -> int | None:
        """Return what is left to the session key that signed; ``None`` when none did."""
        ...

    def refuse_crossing(self, venue: Venue, incoming: Incoming) -> Refusal | None:
        """Return why a post-only order would trade at once."""
        ...


class DeskStanding:
    """The state as it is now, for an order that is judged by itself."""

    def __init__(self, desk: Desk) -> None:
        self._sessions = desk.sessions
        self.available = desk.ledger.available
        self.check_lane = desk.lanes.check_new
        self.refuse_crossing = matching.refuse_crossing

    def budget(
        self, account: AccountId, signed: Authorization, market: MarketId, side: Side
    ) -> int | None:
        """Return what is left to the session key that signed; ``None`` when none did."""
        session = self._sessions.of(account, signed, market)
        return None if session is None else session.budget(side)
