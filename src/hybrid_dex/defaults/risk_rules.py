"""The standard rules about one order: each a small class that looks at limits and at what stands.

A rule refuses with a number or lets pass; it never changes anything. It is used by `StandardRisk`,
which knows each account's limits, or alone, in a `RiskChain` or as the whole risk: then it is given
a function from account to limits. Limits in money are in whole units and count each asset by itself.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, TypeAlias

import msgspec

from hybrid_dex.errors import VersionMismatchError
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.commands import BatchOrders, Command, PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import Event
from hybrid_dex.model.market import MAX_DECIMALS, Market
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.model.units import AccountId, OrderId, Price, TimestampNs
from hybrid_dex.model.views import OrderView

__all__ = [
    "Entry",
    "KillSwitch",
    "LimitRule",
    "Limits",
    "OpenOrders",
    "OrderNotional",
    "PositionLimit",
    "PrefundedBalance",
    "PriceBand",
    "SelfTrade",
    "SettlementBacklog",
    "entry_of",
]

Limits: TypeAlias = Callable[[AccountId], RiskLimits]
"""Which limits an account has."""

_PPM: Final = 1_000_000
_NS_PER_SECOND: Final = 1_000_000_000
_BUY: Final = Side.BUY
_RESTS: Final = (TimeInForce.GTC, TimeInForce.GTD)
_UNITS: Final = tuple(10**decimals for decimals in range(MAX_DECIMALS + 1))
"""One whole unit, atoms, by an asset's decimals."""


class Entry(msgspec.Struct, gc=False):
    """What wants to enter: a new order, or the new terms of one.

    Attributes:
        quantity: the total, lots.
        open: what of it can still trade, lots.
        at_ns: the command's time.
        quote: one whole unit of the quote asset, atoms.
        replaces: the order that gets new terms; ``None`` for a new one.
        budget: the most that it spends, quote atoms; ``None`` for no more than its price says.
        stands: whether it may rest where others meet it.
    """

    account: AccountId
    market: Market
    side: Side
    price: int
    quantity: int
    open: int
    at_ns: TimestampNs
    quote: int
    replaces: OrderView | None
    budget: int | None = None
    stands: bool = True

    @property
    def at_stake(self) -> int:
        """What it trades at its price, or spends of its budget if that is less, quote atoms."""
        return _capped(self.price * self.open * self.market.tick_size, self.budget)

    @property
    def order_id(self) -> OrderId | None:
        """The order that gets new terms."""
        return None if self.replaces is None else self.replaces.order_id


def entry_of(command: Command, view: LedgerView) -> Entry | None:
    """Return what a command wants to bring in; ``None`` when it brings in nothing."""
    if type(command) is PlaceOrder:
        market = view.market(command.market)
        if market is None:
            return None
        quantity = command.quantity
        return Entry(
            command.account,
            market,
            command.side,
            command.price,
            quantity,
            quantity,
            command.at_ns,
            _UNITS[market.quote.decimals],
            None,
            command.quote_budget,
            command.trigger_price is None and command.time_in_force in _RESTS,
        )
    if not isinstance(command, ReplaceOrder):
        return None
    order = view.order(command.order_id)
    market = None if order is None else view.market(order.market)
    if order is None or market is None:
        return None
    left = max(0, command.quantity - (order.quantity - order.open))  # filled, or lost to own orders
    return Entry(
        command.account,
        market,
        order.side,
        command.price,
        command.quantity,
        left,
        command.at_ns,
        _UNITS[market.quote.decimals],
        order,
        order.quote_budget,
        not order.waiting and command.time_in_force in _RESTS,
    )


def _capped(notional: int, budget: int | None) -> int:
    return notional if budget is None else min(notional, budget)


class LimitRule:
    """One rule. A new one says when it applies, and judges.

    Args:
        limits: which limits an account has; needed where the rule stands alone.
    """

    version: ClassVar[str]
    learns: ClassVar[bool] = False
    learns_from: ClassVar[tuple[type[Event], ...]] = ()
    """The events that tell a counting rule something; `StandardRisk` shows it no others."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def applies(self, limits: RiskLimits) -> bool:
        """Return whether these limits set the rule to work."""
        raise NotImplementedError

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Return why an order may not enter."""
        raise NotImplementedError

    def judge_together(
        self,
        entries: Sequence[Entry],  # for rules that count
        limits: RiskLimits,  # for rules that count
        view: LedgerView,  # for rules that count
    ) -> Refusal | None:
        """Return why these may not enter as one, where each by itself may."""
        return None

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Judge an order, new terms, or an all-or-none batch as a whole."""
        if isinstance(command, BatchOrders):
            limits, entries = self._limits(command.account), entries_of(command, view)
            return self.judge_together(entries, limits, view) if self.applies(limits) else None
        entry = entry_of(command, view)
        if entry is None:
            return None
        limits = self._limits(entry.account)
        return self.judge(entry, limits, view) if self.applies(limits) else None

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Nothing to learn, unless the rule counts."""

    def snapshot(self) -> bytes:
        """No state, unless the rule counts."""
        return b""

    def restore(self, state: bytes) -> None:
        """No state, unless the rule counts."""
        if state:
            raise VersionMismatchError(
                "a rule without state was given some; another version wrote it"
            )


def entries_of(command: BatchOrders, view: LedgerView) -> list[Entry]:
    """Return what a batch wants to bring in."""
    entries = [entry_of(member, view) for member in command.members]
    return [entry for entry in entries if entry is not None]


class KillSwitch(LimitRule):
    """Nothing enters for an account that the operator stopped, or for anybody when all are."""

    version = "kill-switch 1"

    def applies(self, limits: RiskLimits) -> bool:  # it is no limit
        """Always: it is a command that stops, not a limit."""
        return True

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse whoever is stopped."""
        tier = view.tier(entry.account)
        if tier is None or not tier.killed:
            return None
        detail = "the operator stopped trading; cancel and reduce are served"
        return Refusal(RejectReason.KILL_SWITCH, "account", detail)


class OrderNotional(LimitRule):
    """An order's price times its total quantity has a limit."""

    version = "order-notional 2"

    def applies(self, limits: RiskLimits) -> bool:
        """When it is set."""
        return limits.order_notional is not None

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse an order, or new terms, that are too large."""
        limit, market = limits.order_notional, entry.market
        if limit is None or entry.price * entry.quantity * market.tick_size <= limit * entry.quote:
            return None
        detail = f"at most {limit} {market.quote.id} an order"
        return Refusal(RejectReason.ORDER_NOTIONAL_LIMIT, "quantity", detail)


class OpenOrders(LimitRule):
    """An account has so many orders on the books at once."""

    version = "open-orders 2"

    def applies(self, limits: RiskLimits) -> bool:
        """When it is set."""
        return limits.open_orders is not None

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse one order more; new terms add none."""
        limit = limits.open_orders
        if limit is None or entry.replaces is not None:
            return None
        if view.open_order_count(entry.account) < limit:
            return None
        return Refusal(
            RejectReason.OPEN_ORDERS_LIMIT, "", f"at most {limit} open orders; cancel one"
        )


class SelfTrade(LimitRule):
    """An order's price crosses no resting order of its account or group. Costs those orders."""

    version = "self-trade 2"

    def applies(self, limits: RiskLimits) -> bool:
        """When it is set."""
        return limits.refuse_self_trade

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse a price that one of these orders would meet."""
        for account in view.kin(entry.account):
            for order in view.open_orders(account, entry.market.id):
                if order.side is entry.side or order.waiting:
                    continue
                above: int = entry.price - order.price
                if (above if entry.side is _BUY else -above) >= 0:
                    detail = f"it meets own order {order.order_id}"
                    return Refusal(RejectReason.SELF_TRADE, "price", detail)
        return None

    def judge_together(
        self, entries: Sequence[Entry], limits: RiskLimits, view: LedgerView
    ) -> Refusal | None:
        """Refuse a price at which a later one of these would meet an earlier one."""
        for place, entry in enumerate(entries):
            for earlier in entries[:place]:
                if (
                    not earlier.stands
                    or earlier.side is entry.side
                    or earlier.market.id != entry.market.id
                ):
                    continue
                above = entry.price - earlier.price
                if (above if entry.side is _BUY else -above) >= 0:
                    price = entry.market.format_price(Price(earlier.price))
                    detail = f"orders of one batch would meet at {price}"
                    return Refusal(RejectReason.SELF_TRADE, "price", detail)
        return None


class PriceBand(LimitRule):
    """A buy pays not much above the last trade, a sell takes not much below: the fat finger."""

    version = "price-band 1"

    def applies(self, limits: RiskLimits) -> bool:
        """When it is set."""
        return limits.price_band_ppm is not None

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse a price too far on the bad side of the last trade; before one, none is."""
        band, market = limits.price_band_ppm, entry.market
        last = view.last_price(market.id)
        if band is None or last is None:
            return None
        if entry.side is _BUY:
            bound, beyond = last * (_PPM + band) // _PPM, "at most"
            if entry.price <= bound:
                return None
        else:
            bound, beyond = -(-last * max(0, _PPM - band) // _PPM), "at least"
            if entry.price >= bound:
                return None
        detail = f"{beyond} {market.format_price(bound)}, {band} ppm from the last trade"
        return Refusal(RejectReason.PRICE_BAND, "price", detail)


class PositionLimit(LimitRule):
    """What an account has of a base asset, and would have once its buys are filled, has a limit."""

    version = "position 1"

    def applies(self, limits: RiskLimits) -> bool:
        """When it is set."""
        return limits.position is not None

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse a buy that could take it past the limit; sells only lower it."""
        return self.judge_together((entry,), limits, view)

    def judge_together(
        self, entries: Sequence[Entry], limits: RiskLimits, view: LedgerView
    ) -> Refusal | None:
        """Refuse buys that together could take it past the limit."""
        limit = limits.position
        if limit is None:
            return None
        replaced = [entry.order_id for entry in entries if entry.replaces is not None]
        wanted: dict[str, int] = {}
        for entry in entries:
            base = entry.market.base
            if entry.side is not _BUY:
                continue
            if base.id not in wanted:
                wanted[base.id] = _could_have(entry, replaced, view)
            wanted[base.id] += entry.open * entry.market.lot_size
            if wanted[base.id] > limit * 10**base.decimals:
                detail = f"at most {limit} {base.id} with all buys filled"
                return Refusal(RejectReason.POSITION_LIMIT, "quantity", detail)
        return None


def _could_have(entry: Entry, replaced: list[OrderId | None], view: LedgerView) -> int:
    """Return what an account has of an entry's base asset with its other buys filled, atoms."""
    base = entry.market.base
    could: int = view.balance(entry.account, base.id).total
    for order in view.open_orders(entry.account):
        market = view.market(order.market)
        if order.side is _BUY and market is not None and market.base.id == base.id:
            could += 0 if order.order_id in replaced else order.open * market.lot_size
    return could


class PrefundedBalance(LimitRule):
    """Orders are covered by funds that are final; the ledger's hold counts proceeds in flight too."""

    version = "prefunded 1"

    def applies(self, limits: RiskLimits) -> bool:
        """When it is set."""
        return limits.prefunded

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse what needs more than is final: base, or the notional without its fee, or a budget."""
        market = entry.market
        asset = market.quote if entry.side is _BUY else market.base
        before = entry.replaces
        if entry.side is _BUY:
            needed = entry.at_stake
            if before is not None:
                notional = before.price * before.open * market.tick_size
                needed -= _capped(notional, before.quote_budget)
        else:
            needed = (entry.open - (0 if before is None else before.open)) * market.lot_size
        final = view.balance(entry.account, asset.id).withdrawable
        if needed <= max(0, final):
            return None
        detail = f"needs {asset.format(needed)} {asset.id}, final {asset.format(final)}"
        return Refusal(RejectReason.UNSETTLED_FUNDS, "quantity", detail)


class SettlementBacklog(LimitRule):
    """Nothing enters while too much waits for settlement, or the oldest fill has waited too long."""

    version = "settlement-backlog 1"

    def applies(self, limits: RiskLimits) -> bool:
        """When either limit is set."""
        return limits.unsettled_fills is not None or limits.unsettled_age_s is not None

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse by count, then by the age of the oldest."""
        most, age_s = limits.unsettled_fills, limits.unsettled_age_s
        waiting = view.unsettled_fills()
        if most is not None and waiting >= most:
            detail = f"{waiting} fills are not final, at most {most}; try again"
            return Refusal(RejectReason.SETTLEMENT_BACKLOG, "market", detail)
        oldest_ns = None if age_s is None else view.oldest_unsettled_ns()
        if age_s is None or oldest_ns is None:
            return None
        if entry.at_ns - oldest_ns < age_s * _NS_PER_SECOND:
            return None
        detail = f"a fill has waited {age_s} s or longer to be final; try again"
        return Refusal(RejectReason.SETTLEMENT_BACKLOG, "market", detail)
