"""Readings: everything that may be known of the engine's state, and no way to change it.

What comes out are values. A risk rule gets these readings, the shell hands them to its pages.
"""

from collections.abc import Iterator

from hybrid_dex.engine import auction, proof
from hybrid_dex.engine.desk import Desk
from hybrid_dex.interfaces.book import Incoming, Resting
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import Side
from hybrid_dex.model.protection import CancelScheduled
from hybrid_dex.model.risk_limits import AccountTier, RiskControls
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import (
    MAX_TIMESTAMP_NS,
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    FeePpm,
    FillId,
    MarketId,
    OrderId,
    Price,
    Quantity,
    TimestampNs,
)
from hybrid_dex.model.views import Balance, Depth, Indication, OrderView, Plan, SessionView, Top
from hybrid_dex.model.vouchers import Voucher

__all__ = ["Readings"]


class Readings:
    """The engine, read only. A market that is not listed raises `KeyError` where not said else."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def balance(self, account: AccountId, asset: AssetId) -> Balance:
        """Return the account's balance; zeros when it never had any."""
        return self._desk.ledger.balance(account, asset)

    def balances(self, account: AccountId) -> tuple[Balance, ...]:
        """Return the account's balances in every asset it ever had, by symbol."""
        return self._desk.ledger.balances(account)

    def is_frozen(self, account: AccountId) -> bool:
        """Return whether the account is short of something and can not place or withdraw."""
        return account in self._desk.frozen

    def sessions(self, account: AccountId) -> tuple[SessionView, ...]:
        """Return what the account's session keys may do, by key and market."""
        return self._desk.sessions.views(account)

    def is_approved(self, account: AccountId, order_hash: bytes) -> bool:
        """Return whether the account approved an order's hash on chain and did not take it back."""
        return self._desk.sessions.approvals.get((account, order_hash), False)

    def vouchers(self, account: AccountId | None = None) -> tuple[Voucher, ...]:
        """Return the open vouchers of an account, or of all, in the order of issue."""
        found = self._desk.vouchers.values()
        return tuple(voucher for voucher in found if account in {None, voucher.account})

    def open_order_count(self, account: AccountId) -> int:
        """Return how many orders of the account rest or wait, in all markets. O(1)."""
        return self._desk.orders.live_count(account)

    def live_orders(self) -> int:
        """Return how many orders rest or wait, of all accounts. O(1)."""
        return self._desk.orders.live_total

    def orders_in(self, market: MarketId) -> tuple[OrderView, ...]:
        """Return the live orders of a market, oldest first. O(all live orders)."""
        live = self._desk.orders.all_live()
        return tuple(order.view() for order in live if order.market == market)

    def open_orders(
        self, account: AccountId, market: MarketId | None = None
    ) -> tuple[OrderView, ...]:
        """Return the account's live orders, oldest first, of one market or all."""
        orders = self._desk.orders.live_of(account)
        return tuple(order.view() for order in orders if market in {None, order.market})

    def order(self, order_id: OrderId) -> OrderView | None:
        """Return a live or recently ended order, or ``None``."""
        order = self._desk.orders.find(order_id)
        return None if order is None else order.view()

    def order_by_client_id(
        self, account: AccountId, client_order_id: ClientOrderId
    ) -> OrderView | None:
        """Return the account's order of this name while it is remembered, or ``None``."""
        named = self._desk.orders.named(account, client_order_id)
        return None if named is None else self.order(named.order_id)

    def order_by_hash(self, account: AccountId, order_hash: bytes) -> OrderView | None:
        """Return the account's order whose signed terms have this hash, or ``None``.

        Of a replaced order, the hash is that of its last terms. O(orders of the account).
        """
        order = self._desk.orders.signed_as(account, order_hash)
        return None if order is None else order.view()

    def market(self, market: MarketId) -> Market | None:
        """Return a listed market, or ``None``."""
        venue = self._desk.venues.get(market)
        return None if venue is None else venue.market

    def markets(self) -> tuple[Market, ...]:
        """Return all markets in the order in which they were listed."""
        return tuple(venue.market for venue in self._desk.venues.values())

    def market_state(self, market: MarketId) -> MarketState:
        """Return whether the market is open."""
        return self._desk.venues[market].state

    def isolated(self) -> tuple[MarketId, ...]:
        """Return the markets that broke an invariant and were not opened again since, by symbol."""
        return tuple(sorted(self._desk.isolated))

    def fees_of(self, market: MarketId) -> FeeSchedule:
        """Return the rates that the market charges now."""
        return self._desk.venues[market].fees

    def volume(self, account: AccountId, asset: AssetId) -> Amount:
        """Return what the account traded in the thirty UTC days before today, quote atoms.

        It counts fills of markets with fee tiers; see `FeeTier`.
        """
        return Amount(self._desk.volumes.of(account, asset, self._desk.day))

    def rates(self, account: AccountId, market: MarketId) -> tuple[FeePpm, FeePpm]:
        """Return what the account is charged today as maker and as taker, parts per million."""
        venue = self._desk.venues[market]
        maker, taker = venue.fees.at(self.volume(account, venue.quote_id))
        return FeePpm(maker), FeePpm(taker)

    def indication(self, market: MarketId) -> Indication | None:
        """Return what would trade if the market opened now; ``None`` when nothing crosses.

        Costs as much as there are orders that cross.
        """
        return auction.uncrossing(self._desk, self._desk.venues[market])

    def plans(self, market: MarketId) -> tuple[Plan, ...]:
        """Return what is planned for the market, by time."""
        return tuple(self._desk.agenda.of(market))

    def top(self, market: MarketId) -> Top:
        """Return the market's top of book."""
        return self._desk.venues[market].book.top()

    def depth(self, market: MarketId, levels: int) -> Depth:
        """Return up to ``levels`` aggregated levels a side, best first."""
        return self._desk.venues[market].book.depth(levels)

    def resting(self, market: MarketId) -> Iterator[Resting]:
        """Yield every resting order in priority order: all bids, then all asks."""
        return self._desk.venues[market].book.orders()

    def crossing(self, market: MarketId, side: Side, price: Price, most: int) -> int:
        """Return how many resting orders one of this side and limit would meet; at most ``most``.

        An iceberg counts as often as it can be met: once for each slice.
        """
        venue = self._desk.venues.get(market)
        if venue is None:
            return 0
        met, orders = 0, self._desk.orders
        for allocation in venue.book.match(Incoming(side, price, Quantity(1))):
            if met >= most:
                break
            met += 1 + orders.resting(allocation.order_id).slices_left()
        return min(met, most)

    def assets(self) -> tuple[Asset, ...]:
        """Return all assets that markets name, by symbol."""
        return tuple(asset for _, asset in sorted(self._desk.assets.items()))

    def accounts(self) -> tuple[AccountId, ...]:
        """Return every account that ever had funds, sorted."""
        return self._desk.ledger.accounts()

    def account_count(self) -> int:
        """Return how many accounts ever had funds. O(1)."""
        return self._desk.ledger.account_count

    def fees(self, asset: AssetId) -> Amount:
        """Return the fees collected, those of unsettled fills included, atoms."""
        return Amount(self._desk.ledger.fees.get(asset, 0))

    def fees_in_flight(self, asset: AssetId) -> Amount:
        """Return the part of `fees` that is not final yet, atoms."""
        return Amount(self._desk.ledger.fees_in_flight.get(asset, 0))

    def liabilities(self, asset: AssetId) -> Amount:
        """Return what the vault must hold: every account's funds and the fees, atoms.

        In flight or settled makes no difference to this sum: fills move funds inside the vault.
        """
        return Amount(self._desk.ledger.vault.get(asset, 0))

    def matched_fill(self, fill_id: FillId) -> MatchedFill | None:
        """Return a fill that is not final yet, or ``None``."""
        return self._desk.flight.fills.get(fill_id)

    def unsettled(self) -> Iterator[MatchedFill]:
        """Yield every fill that is not final yet, in fill id order."""
        return iter(self._desk.flight)

    def settlement_stage(self, fill_id: FillId) -> SettlementStage | None:
        """Return an unsettled fill's stage; ``None`` once final or failed, or never known."""
        return self._desk.flight.stage(fill_id)

    def next_due_ns(self) -> TimestampNs | None:
        """Return when time alone next does something, or ``None``.

        An order expires, a scheduled cancel fires, or something planned for a market is due.
        """
        desk = self._desk
        times = (desk.expiries.next_due_ns(), desk.agenda.next_due_ns())
        due_ns = min((each for each in times if each is not None), default=MAX_TIMESTAMP_NS + 1)
        due_ns = min(due_ns, desk.switches.next_due_ns)
        return None if due_ns > MAX_TIMESTAMP_NS else TimestampNs(due_ns)

    def scheduled_cancels(self, account: AccountId) -> tuple[CancelScheduled, ...]:
        """Return the account's armed scheduled cancels, that for all markets first."""
        return tuple(
            CancelScheduled(
                account, switch.market or None, switch.timeout_ms, TimestampNs(switch.due_ns)
            )
            for switch in self._desk.switches.of(account)
        )

    def cancels_on_disconnect(self, account: AccountId) -> bool:
        """Return whether the account's orders go when its last connection ends."""
        return account in self._desk.switches.disconnects

    def accounts_that_cancel_on_disconnect(self) -> tuple[AccountId, ...]:
        """Return every account whose orders go when its last connection ends, sorted."""
        return tuple(sorted(self._desk.switches.disconnects))

    def waiting_count(self, market: MarketId) -> int:
        """Return how many orders wait for a price of this market. O(1)."""
        venue = self._desk.venues.get(market)
        return 0 if venue is None else len(venue.stops)

    def has_fired(self) -> bool:
        """Return whether triggered orders are left over that enter with the next command."""
        return any(venue.has_fired() for venue in self._desk.venues.values())

    def tier(self, account: AccountId) -> AccountTier | None:
        """Return what commands said about the account's risk; ``None`` for nothing. O(1)."""
        return self._desk.controls.tier(account)

    def risk_controls(self) -> RiskControls:
        """Return all that commands set about accounts. O(accounts with a setting)."""
        controls = self._desk.controls
        return RiskControls(
            tiers=tuple(sorted(controls.limits.items(), key=lambda row: row[0])),
            members=tuple(sorted(controls.tiers.items())),
            stopped=tuple(sorted(controls.killed)),
            stops_all=controls.kills_all,
            groups=tuple(sorted(controls.groups.items())),
        )

    def kin(self, account: AccountId) -> tuple[AccountId, ...]:
        """Return the accounts of the account's group, itself among them, sorted."""
        return tuple(self._desk.controls.kin_of(account))

    def unsettled_fills(self) -> int:
        """Return how many fills are not final yet. O(1)."""
        return len(self._desk.flight.fills)

    def oldest_unsettled_ns(self) -> TimestampNs | None:
        """Return when the oldest fill was made that is not final yet, or ``None``."""
        oldest = self._desk.flight.oldest()
        return None if oldest is None else oldest.at_ns

    def last_price(self, market: MarketId) -> Price | None:
        """Return the price of the market's last fill, ticks; ``None`` before there is one."""
        return Price(self._desk.venues[market].last_price) or None

    @property
    def chain_position(self) -> int:
        """The highest position on chain of a fact from a final block that is booked."""
        return self._desk.chain_position

    def check(self) -> None:
        """Prove the state: full sums, holds, books. Raises `InvariantError`; costs O(state)."""
        proof.check(self._desk)
