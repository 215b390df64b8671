"""ExchangeView: what may be read of the engine, and nothing that changes it."""

from collections.abc import Iterator
from typing import Protocol

from hybrid_dex.interfaces.book import Resting
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import PlaceOrder
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.preview import OrderPreview
from hybrid_dex.model.protection import CancelScheduled
from hybrid_dex.model.risk_limits import AccountTier, RiskControls
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    FeePpm,
    FillId,
    MarketId,
    OrderId,
    Price,
    Sequence,
    TimestampNs,
)
from hybrid_dex.model.views import Balance, Depth, Indication, OrderView, Plan, SessionView, Top
from hybrid_dex.model.vouchers import Voucher

__all__ = ["ExchangeView"]


class ExchangeView(Protocol):
    """The engine's views, as of the last applied command. They cost no journal write."""

    @property
    def sequence(self) -> Sequence:
        """The last applied command."""
        ...

    @property
    def at_ns(self) -> TimestampNs:
        """That command's time."""
        ...

    @property
    def chain_position(self) -> int:
        """Position of the last fact taken from a final block of a chain."""
        ...

    def state_hash(self) -> bytes:
        """Return the hash of the whole state, 32 bytes. O(state)."""
        ...

    def balance(self, account: AccountId, asset: AssetId) -> Balance:
        """Return one balance; zeros when there never was any."""
        ...

    def balances(self, account: AccountId) -> tuple[Balance, ...]:
        """Return an account's balances."""
        ...

    def sessions(self, account: AccountId) -> tuple[SessionView, ...]:
        """Return what an account's session keys may do."""
        ...

    def is_approved(self, account: AccountId, order_hash: bytes) -> bool:
        """Return whether an order's hash is approved on chain, and was not revoked."""
        ...

    def vouchers(self, account: AccountId | None = None) -> tuple[Voucher, ...]:
        """Return the open vouchers of an account, or of all."""
        ...

    def judge(self, command: PlaceOrder) -> Refusal | None:
        """Return why an order would be refused if it came now, or ``None``."""
        ...

    def preview(self, command: PlaceOrder) -> OrderPreview:
        """Return what an order in a listed market would hold, cost and bring."""
        ...

    def open_order_count(self, account: AccountId) -> int:
        """Return how many orders of the account rest."""
        ...

    def live_orders(self) -> int:
        """Return how many orders rest or wait, of all accounts."""
        ...

    def orders_in(self, market: MarketId) -> tuple[OrderView, ...]:
        """Return the live orders of a market, oldest first. O(all live orders)."""
        ...

    def open_orders(
        self, account: AccountId, market: MarketId | None = None
    ) -> tuple[OrderView, ...]:
        """Return an account's resting orders."""
        ...

    def order(self, order_id: OrderId) -> OrderView | None:
        """Return a live or recently ended order, or ``None``."""
        ...

    def order_by_client_id(
        self, account: AccountId, client_order_id: ClientOrderId
    ) -> OrderView | None:
        """Return a live or recently ended order by its trader's own id, or ``None``."""
        ...

    def order_by_hash(self, account: AccountId, order_hash: bytes) -> OrderView | None:
        """Return a live or recently ended order by the hash of its signed terms, or ``None``."""
        ...

    def market(self, market: MarketId) -> Market | None:
        """Return a listed market, or ``None``."""
        ...

    def markets(self) -> tuple[Market, ...]:
        """Return every listed market."""
        ...

    def market_state(self, market: MarketId) -> MarketState:
        """Return whether a market is open."""
        ...

    def isolated(self) -> tuple[MarketId, ...]:
        """Return the markets that broke an invariant and were not opened again since."""
        ...

    def fees_of(self, market: MarketId) -> FeeSchedule:
        """Return the rates that a market charges now."""
        ...

    def rates(self, account: AccountId, market: MarketId) -> tuple[FeePpm, FeePpm]:
        """Return what an account is charged today as maker and as taker, parts per million."""
        ...

    def volume(self, account: AccountId, asset: AssetId) -> Amount:
        """Return what an account traded in the thirty UTC days before today, quote atoms."""
        ...

    def indication(self, market: MarketId) -> Indication | None:
        """Return what would trade if a market opened now; ``None`` when nothing crosses."""
        ...

    def plans(self, market: MarketId) -> tuple[Plan, ...]:
        """Return what is planned for a market, by time."""
        ...

    def top(self, market: MarketId) -> Top:
        """Return the top of book."""
        ...

    def depth(self, market: MarketId, levels: int) -> Depth:
        """Return level 2."""
        ...

    def resting(self, market: MarketId) -> Iterator[Resting]:
        """Yield resting orders in priority order: all bids, then all asks."""
        ...

    def crossing(self, market: MarketId, side: Side, price: Price, most: int) -> int:
        """Return how many resting orders one of this side and limit would meet; at most ``most``."""
        ...

    def waiting_count(self, market: MarketId) -> int:
        """Return how many orders wait for a price of this market."""
        ...

    def assets(self) -> tuple[Asset, ...]:
        """Return every asset of a listed market."""
        ...

    def accounts(self) -> tuple[AccountId, ...]:
        """Return every account."""
        ...

    def account_count(self) -> int:
        """Return how many accounts ever had funds."""
        ...

    def fees(self, asset: AssetId) -> Amount:
        """Return the fees that the exchange collected."""
        ...

    def fees_in_flight(self, asset: AssetId) -> Amount:
        """Return the part of `fees` that is not final yet."""
        ...

    def liabilities(self, asset: AssetId) -> Amount:
        """Return what the vault must hold."""
        ...

    def matched_fill(self, fill_id: FillId) -> MatchedFill | None:
        """Return a fill that is not final yet, or ``None``."""
        ...

    def unsettled(self) -> Iterator[MatchedFill]:
        """Yield fills that are not final yet, in order of their ids."""
        ...

    def settlement_stage(self, fill_id: FillId) -> SettlementStage | None:
        """Return how far a fill has come, ``None`` when it is not known any more."""
        ...

    def has_fired(self) -> bool:
        """Return whether triggered orders are left over that enter with the next command."""
        ...

    def next_due_ns(self) -> TimestampNs | None:
        """Return when the next order expires or scheduled cancel fires, or ``None``."""
        ...

    def tier(self, account: AccountId) -> AccountTier | None:
        """Return what commands said about an account's risk; ``None`` for nothing."""
        ...

    def risk_controls(self) -> RiskControls:
        """Return all that commands set about accounts. O(accounts with a setting)."""
        ...

    def is_frozen(self, account: AccountId) -> bool:
        """Return whether an account is short of something and can not place or withdraw."""
        ...

    def kin(self, account: AccountId) -> tuple[AccountId, ...]:
        """Return the accounts of an account's declared group, itself among them."""
        ...

    def last_price(self, market: MarketId) -> Price | None:
        """Return the price of a market's last fill, or ``None``."""
        ...

    def unsettled_fills(self) -> int:
        """Return how many fills are not final yet."""
        ...

    def oldest_unsettled_ns(self) -> TimestampNs | None:
        """Return when the oldest fill was made that is not final yet, or ``None``."""
        ...

    def scheduled_cancels(self, account: AccountId) -> tuple[CancelScheduled, ...]:
        """Return an account's armed scheduled cancels."""
        ...

    def cancels_on_disconnect(self, account: AccountId) -> bool:
        """Return whether an account's orders go when its last connection ends."""
        ...

    def accounts_that_cancel_on_disconnect(self) -> tuple[AccountId, ...]:
        """Return every account whose orders go when its last connection ends, sorted."""
        ...
