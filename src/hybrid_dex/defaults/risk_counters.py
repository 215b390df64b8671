"""The standard rules that count: what an account traded in a day, what it entered in a second.

Both learn from events and the time of commands alone, so they replay. A day or second is that of
the command, by integer division; nothing is asked of a clock.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from hybrid_dex.defaults.risk_rules import Entry, LimitRule, Limits
from hybrid_dex.defaults.risk_state import decode
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.events import Event, FillMade, MarketListed, OrderAccepted, OrderReplaced
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.model.units import AccountId, AssetId, MarketId, TimestampNs

__all__ = ["DailyVolume", "OrdersPerSecond"]

_SECOND_NS: Final = 1_000_000_000
_DAY_NS: Final = 24 * 60 * 60 * _SECOND_NS


class _VolumeState(msgspec.Struct, array_like=True):
    """The UTC day, each market's quote and tick size, and volumes by account and quote."""

    day: int
    markets: dict[MarketId, tuple[AssetId, int]]
    volumes: dict[AccountId, dict[AssetId, int]]


class DailyVolume(LimitRule):
    """What an account trades in a UTC day has a limit; both sides of a fill count.

    An order is refused when it could take the day's volume past the limit.
    """

    version = "daily-volume 2"
    learns = True
    learns_from = (FillMade, MarketListed)

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._state = _VolumeState(0, {}, {})

    def applies(self, limits: RiskLimits) -> bool:
        """When it is set."""
        return limits.daily_volume is not None

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse what would exceed the day's volume if it traded whole."""
        limit = limits.daily_volume
        if limit is not None:
            wanted = entry.price * entry.open * entry.market.tick_size
            if wanted <= limit * entry.quote - self._traded(entry):
                return None
        return self.judge_together((entry,), limits, view)

    def judge_together(
        self, entries: Sequence[Entry], limits: RiskLimits, view: LedgerView
    ) -> Refusal | None:
        """Refuse what would exceed the day's volume if all of it traded whole."""
        limit, wanted = limits.daily_volume, dict[AssetId, int]()
        if limit is None:
            return None
        for entry in entries:
            quote = entry.market.quote
            wanted[quote.id] = wanted.get(quote.id, 0)
            wanted[quote.id] += entry.at_stake
            left = limit * entry.quote - self._traded(entry)
            if wanted[quote.id] > left:
                detail = f"{quote.format(max(0, left))} of {limit} {quote.id} left today (UTC)"
                return Refusal(RejectReason.DAILY_VOLUME_LIMIT, "quantity", detail)
        return None

    def _traded(self, entry: Entry) -> int:
        if entry.at_ns // _DAY_NS != self._state.day:
            return 0
        volumes = self._state.volumes.get(entry.account)
        return 0 if volumes is None else volumes.get(entry.market.quote.id, 0)

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
        self._state = decode(state, _VolumeState)


class _RateState(msgspec.Struct, array_like=True):
    """The second, and how much each account entered in it."""

    second: int
    entered: dict[AccountId, int]


class OrdersPerSecond(LimitRule):
    """How many orders and replacements of an account enter in a second of command time.

    What is refused does not count: a flood of those is for the limits at the door.
    """

    version = "orders-per-second 1"
    learns = True
    learns_from = (OrderAccepted, OrderReplaced)

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._state = _RateState(0, {})

    def applies(self, limits: RiskLimits) -> bool:
        """When it is set."""
        return limits.orders_per_second is not None

    def judge(self, entry: Entry, limits: RiskLimits, view: LedgerView) -> Refusal | None:
        """Refuse one more than may enter."""
        return self.judge_together((entry,), limits, view)

    def judge_together(
        self, entries: Sequence[Entry], limits: RiskLimits, view: LedgerView
    ) -> Refusal | None:
        """Refuse more than may enter."""
        limit, state = limits.orders_per_second, self._state
        if limit is None or not entries:
            return None
        account, second = entries[0].account, entries[0].at_ns // _SECOND_NS
        entered = state.entered.get(account, 0) if second == state.second else 0
        if entered + len(entries) <= limit:
            return None
        detail = f"at most {limit} orders and replacements a second"
        return Refusal(RejectReason.ORDER_RATE_LIMIT, "", detail)

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Count what entered."""
        if type(event) is OrderAccepted or type(event) is OrderReplaced:
            state, second = self._state, at_ns // _SECOND_NS
            if second != state.second:
                state.second = second
                state.entered.clear()
            state.entered[event.account] = state.entered.get(event.account, 0) + 1

    def snapshot(self) -> bytes:
        """Return the second and what entered in it."""
        return msgspec.json.encode(self._state, order="deterministic")

    def restore(self, state: bytes) -> None:
        """Take the second and what entered in it."""
        self._state = decode(state, _RateState)
