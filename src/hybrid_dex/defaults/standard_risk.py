"""StandardRisk: the operator's limits, each a small rule of its own.

A rule looks at what stands before the command and refuses with a number, or lets pass; the first
refusal wins. Whether the funds are there is not asked here: the ledger's hold answers that. Limits
in money are in whole units of the quote asset and count each quote asset by itself; ``None``
switches a rule off. A tier gives single accounts other limits.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar

import attrs
import msgspec

from hybrid_dex.errors import ConfigurationError, VersionMismatchError
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.model.commands import Command, PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import (
    Event,
    FillMade,
    MarketListed,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderReplaced,
    OrderTriggered,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId, AssetId, MarketId, OrderId, TimestampNs

__all__ = [
    "DailyVolume",
    "OpenOrders",
    "OrderNotional",
    "RiskChain",
    "RiskLimits",
    "SelfTrade",
    "StandardRisk",
]

_DAY_NS: Final = 24 * 60 * 60 * 1_000_000_000
_ENTERING: Final = (PlaceOrder, ReplaceOrder)

_VERSION: Final = re.compile(r"standard \d+ (\(.*?\))((?:; .*)?)")
_TIER: Final = re.compile(r"; (.+?): (\(.*?\))(?=; |$)")

_StateT = TypeVar("_StateT")


@attrs.frozen(kw_only=True)
class RiskLimits:
    """What an account may do; ``None`` is no limit.

    Attributes:
        order_notional: the largest order, in whole units of the quote asset.
        open_orders: how many orders may rest at once, over all markets.
        daily_volume: what may trade in a UTC day, in whole units of the quote asset.
        refuse_self_trade: refuse an order whose price crosses an own resting order, instead of
            leaving it to the order's self-trade mode.
    """

    order_notional: int | None = 1_000_000
    open_orders: int | None = 100
    daily_volume: int | None = 10_000_000
    refuse_self_trade: bool = False

    def __attrs_post_init__(self) -> None:
        for limit in (self.order_notional, self.open_orders, self.daily_volume):
            if limit is not None and limit < 0:
                raise ConfigurationError(f"a limit is {limit}; valid: 0 or more, or None for none")


Limits: TypeAlias = Callable[[AccountId], RiskLimits]
"""Which limits an account has."""


class OrderNotional:
    """An order's price times its total quantity has a limit."""

    version = "order-notional 1"
    learns = False

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Refuse an order, or a replacement, that is too large."""
        if not isinstance(command, _ENTERING):
            return None
        limit = self._limits(command.account).order_notional
        market = _market(command, view)
        if limit is None or market is None:
            return None
        if command.price * command.quantity * market.tick_size <= limit * 10**market.quote.decimals:
            return None
        detail = f"at most {limit} {market.quote.id} an order"
        return Refusal(RejectReason.ORDER_NOTIONAL_LIMIT, "quantity", detail)

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Nothing to learn."""

    def snapshot(self) -> bytes:
        """No state."""
        return b""

    def restore(self, state: bytes) -> None:
        """No state."""
        _require_empty(state)


class OpenOrders:
    """An account has so many orders on the books at once."""

    version = "open-orders 1"
    learns = False

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Refuse one order more; a replacement adds none."""
        if not isinstance(command, PlaceOrder):
            return None
        limit = self._limits(command.account).open_orders
        if limit is None or view.open_order_count(command.account) < limit:
            return None
        detail = f"at most {limit} open orders; cancel one"
        return Refusal(RejectReason.OPEN_ORDERS_LIMIT, "", detail)

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Nothing to learn: the view counts."""

    def snapshot(self) -> bytes:
        """No state."""
        return b""

    def restore(self, state: bytes) -> None:
        """No state."""
        _require_empty(state)


class _VolumeState(msgspec.Struct, array_like=True):
    """The UTC day, each market's quote and tick size, and volumes by account and quote."""

    day: int
    markets: dict[MarketId, tuple[AssetId, int]]
    volumes: dict[AccountId, dict[AssetId, int]]


class DailyVolume:
    """What an account trades in a UTC day has a limit; both sides of a fill count.

    The day is that of the command, by integer division; nothing is asked of a clock. An order is
    refused when it could take the day's volume past the limit.
    """

    version = "daily-volume 1"

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._state = _VolumeState(0, {}, {})

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Refuse what would exceed the day's volume if it traded whole."""
        if not isinstance(command, _ENTERING):
            return None
        limit = self._limits(command.account).daily_volume
        market = _market(command, view)
        if limit is None or market is None:
            return None
        filled = 0
        if isinstance(command, ReplaceOrder):
            order = view.order(command.order_id)
            filled = 0 if order is None else order.filled
        traded = 0
        if command.at_ns // _DAY_NS == self._state.day:
            traded = self._state.volumes.get(command.account, {}).get(market.quote.id, 0)
        wanted = command.price * max(0, command.quantity - filled) * market.tick_size
        left = limit * 10**market.quote.decimals - traded
        if wanted <= left:
            return None
        detail = (
            f"{market.quote.format(max(0, left))} of {limit} {market.quote.id} left today (UTC)"
        )
        return Refusal(RejectReason.DAILY_VOLUME_LIMIT, "quantity", detail)

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Count fills; learn what a market's ticks are worth."""
        if type(event) is FillMade:
            state = self._state
            day = at_ns // _DAY_NS
            if day != state.day:
                state.day = day
                state.volumes.clear()
            quote, tick_size = state.markets[event.market]
            notional = event.price * event.quantity * tick_size
            for account in (event.maker, event.taker):
                volumes = state.volumes.get(account)
                if volumes is None:
                    volumes = state.volumes[account] = {}
                volumes[quote] = volumes.get(quote, 0) + notional
        elif type(event) is MarketListed:
            market = event.market
            self._state.markets[market.id] = (market.quote.id, market.tick_size)

    def snapshot(self) -> bytes:
        """Return day, markets and volumes."""
        return msgspec.json.encode(self._state, order="deterministic")

    def restore(self, state: bytes) -> None:
        """Take day, markets and volumes."""
        self._state = _decode(state, _VolumeState)


class _OwnOrder(msgspec.Struct, array_like=True):
    """A resting order as `SelfTrade` needs it."""

    market: MarketId
    side: Side
    price: int


class SelfTrade:
    """Refuse an order whose price crosses an own order; off unless the limits say so."""

    version = "self-trade 1"

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._own: dict[AccountId, dict[OrderId, _OwnOrder]] = {}

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Refuse a price that one of the account's own resting orders would meet."""
        if not isinstance(command, _ENTERING):
            return None
        if not self._limits(command.account).refuse_self_trade:
            return None
        orders = self._own.get(command.account, {})
        if isinstance(command, PlaceOrder):
            market, side = command.market, command.side
        else:
            replaced = orders.get(command.order_id)
            if replaced is None:
                return None
            market, side = replaced.market, replaced.side
        for order_id, order in sorted(orders.items()):
            if order.market != market or order.side is side:
                continue
            buys: int = command.price
            sells: int = order.price
            if side is Side.SELL:
                buys, sells = sells, buys
            if buys >= sells:
                return Refusal(RejectReason.SELF_TRADE, "price", f"it meets own order {order_id}")
        return None

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Follow which orders rest."""
        match event:
            case OrderAccepted(waiting=False) | OrderReplaced(waiting=False) | OrderTriggered():
                own = _OwnOrder(event.market, event.side, event.price)
                self._own.setdefault(event.account, {})[event.order_id] = own
            case OrderCanceled() | OrderExpired():
                self._forget(event.account, event.order_id)
            case FillMade():
                if not event.maker_open:
                    self._forget(event.maker, event.maker_order)
                if not event.taker_open:
                    self._forget(event.taker, event.taker_order)
            case _:
                pass

    def snapshot(self) -> bytes:
        """Return the resting orders."""
        rows = [(account, sorted(orders.items())) for account, orders in sorted(self._own.items())]
        return msgspec.json.encode(rows)

    def restore(self, state: bytes) -> None:
        """Take the resting orders."""
        rows = _decode(state, list[tuple[AccountId, list[tuple[OrderId, _OwnOrder]]]])
        self._own = {account: dict(orders) for account, orders in rows}

    def _forget(self, account: AccountId, order_id: OrderId) -> None:
        orders = self._own.get(account, {})
        orders.pop(order_id, None)
        if not orders:
            self._own.pop(account, None)


class RiskChain:
    """Several risks as one: the first refusal wins, every member sees every event.

    A member that learns nothing from events may say so with ``learns = False``; it is not called
    a million times for nothing. A snapshot names each part by its member's class, so that members
    can be added and dropped: a new one begins with the markets and orders that stand.

    >>> RiskChain([StandardRisk(), StandardRisk(RiskLimits(open_orders=3))]).version[:5]
    'chain'
    """

    def __init__(self, members: Sequence[Risk]) -> None:
        self._members = tuple(members)
        self._checks = tuple(member.check for member in self._members)
        self._observers = tuple(
            member.observe for member in self._members if getattr(member, "learns", True)
        )

    @property
    def version(self) -> str:
        """The members' versions, in order."""
        return f"chain({', '.join(member.version for member in self._members)})"

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Return the first refusal."""
        for check in self._checks:
            refusal = check(command, view)
            if refusal is not None:
                return refusal
        return None

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Show an event to every member."""
        for observe in self._observers:
            observe(event, at_ns)

    def snapshot(self) -> bytes:
        """Return the members' states, in order, each under its class's name."""
        return msgspec.json.encode([(_name(member), member.snapshot()) for member in self._members])

    def restore(self, state: bytes) -> None:
        """Give each member its state; of two of one class, the first gets the first."""
        parts = _decode(state, list[tuple[str, bytes]])
        for member in self._members:
            part = next((part for part in parts if part[0] == _name(member)), None)
            if part is not None:
                parts.remove(part)
                member.restore(part[1])


class StandardRisk:
    """The rules that ship, with one set of limits and exceptions for single accounts.

    Args:
        limits: what every account may do.
        tiers: the accounts that may do something else.

    >>> StandardRisk(RiskLimits(open_orders=None)).version
    'standard 1 (1000000, None, 10000000, False)'
    """

    def __init__(
        self,
        limits: RiskLimits | None = None,
        *,
        tiers: Mapping[AccountId, RiskLimits] | None = None,
    ) -> None:
        self._limits = RiskLimits() if limits is None else limits
        self._tiers = dict(tiers or {})
        # A rule that no tier uses is left out: it would be asked a million times for nothing.
        used = (self._limits, *self._tiers.values())
        rules: list[Risk] = []
        if any(one.order_notional is not None for one in used):
            rules.append(OrderNotional(self._limits_of))
        if any(one.open_orders is not None for one in used):
            rules.append(OpenOrders(self._limits_of))
        if any(one.daily_volume is not None for one in used):
            rules.append(DailyVolume(self._limits_of))
        if any(one.refuse_self_trade for one in used):
            rules.append(SelfTrade(self._limits_of))
        self._chain = RiskChain(rules)
        self.check = self._chain.check
        self.observe = self._chain.observe
        self.snapshot = self._chain.snapshot
        self.restore = self._chain.restore

    @classmethod
    def of_version(cls, version: str) -> "StandardRisk | None":
        """Return the risk whose `version` this text is, or ``None`` when it is no such text."""
        found = _VERSION.fullmatch(version)
        if found is None:
            return None
        try:
            made = cls(
                _limits(found[1]),
                tiers={
                    AccountId(account): _limits(text) for account, text in _TIER.findall(found[2])
                },
            )
        except (ConfigurationError, SyntaxError, TypeError, ValueError):
            return None
        return made if made.version == version else None

    @property
    def version(self) -> str:
        """Name, version, the limits and the tiers."""
        tiers = "".join(
            f"; {account}: {attrs.astuple(limits)}"
            for account, limits in sorted(self._tiers.items())
        )
        return f"standard 1 {attrs.astuple(self._limits)}{tiers}"

    def _limits_of(self, account: AccountId) -> RiskLimits:
        return self._tiers.get(account, self._limits)


def _limits(text: str) -> RiskLimits:
    """Read limits as a version names them. Raises whatever a wrong text makes Python raise."""
    names = [field.name for field in attrs.fields(RiskLimits)]
    return RiskLimits(**dict(zip(names, ast.literal_eval(text), strict=True)))


def _name(member: Risk) -> str:
    return type(member).__qualname__


def _market(command: PlaceOrder | ReplaceOrder, view: LedgerView) -> Market | None:
    """Return the market that an order or replacement concerns."""
    if isinstance(command, PlaceOrder):
        return view.market(command.market)
    order = view.order(command.order_id)
    return None if order is None else view.market(order.market)


def _require_empty(state: bytes) -> None:
    if state:
        raise VersionMismatchError("a rule without state was given some; another version wrote it")


def _decode(state: bytes, shape: type[_StateT]) -> _StateT:
    try:
        return msgspec.json.decode(state, type=shape)
    except msgspec.MsgspecError as error:
        raise VersionMismatchError(f"a risk's state can not be read: {error}") from error
