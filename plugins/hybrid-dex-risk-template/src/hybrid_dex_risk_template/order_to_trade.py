"""OrderToTrade: who sends many orders has to trade.

An account may send so many orders and replacements in an hour for nothing, and more for each of its
fills. The hour is that of the command, by integer division: nothing is asked of a clock, so a
replay decides the same.
"""

from typing import Final

import msgspec

from hybrid_dex import (
    AccountId,
    BatchOrders,
    Command,
    ConfigurationError,
    Event,
    FillMade,
    LedgerView,
    OrderAccepted,
    OrderReplaced,
    PlaceOrder,
    Refusal,
    RejectReason,
    ReplaceOrder,
    TimestampNs,
    VersionMismatchError,
)

__all__ = ["OrderToTrade"]

_HOUR_NS: Final = 60 * 60 * 1_000_000_000


class _State(msgspec.Struct, array_like=True):
    """The hour, and of each account what entered and what was filled in it."""

    hour: int
    counts: dict[AccountId, tuple[int, int]]


class OrderToTrade:
    """Refuses orders of an account that sends many and hardly trades.

    Args:
        free: orders and replacements that an account may send in an hour without a fill.
        ratio: how many more each fill of that hour allows.
    """

    def __init__(self, *, free: int = 100, ratio: int = 20) -> None:
        if free < 0 or ratio < 0:
            raise ConfigurationError(f"free is {free}, ratio is {ratio}; valid: 0 or more")
        self._free = free
        self._ratio = ratio
        self._state = _State(0, {})

    @property
    def version(self) -> str:
        """Name, version and limits: with others, the same commands would give other events."""
        return f"order-to-trade 1 ({self._free}, {self._ratio})"

    def check(self, command: Command, view: LedgerView) -> Refusal | None:  # it needs no view
        """Refuse an order, new terms, or an all-or-none batch, beyond what was earned."""
        match command:
            case PlaceOrder() | ReplaceOrder():
                wanted = 1
            case BatchOrders():
                wanted = sum(isinstance(one, PlaceOrder | ReplaceOrder) for one in command.members)
            case _:
                return None
        left = self._left(command.account, command.at_ns)
        if wanted <= left:
            return None
        detail = f"{left} more this hour; each fill allows {self._ratio}"
        return Refusal(RejectReason.RISK_REFUSED, "", detail)

    def _left(self, account: AccountId, at_ns: TimestampNs) -> int:
        state, entered, filled = self._state, 0, 0
        if at_ns // _HOUR_NS == state.hour:
            entered, filled = state.counts.get(account, (0, 0))
        return max(0, self._free + self._ratio * filled - entered)

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Count what entered and what was filled."""
        match event:
            case OrderAccepted() | OrderReplaced():
                self._count(event.account, at_ns, entered=1)
            case FillMade():
                self._count(event.maker, at_ns, filled=1)
                self._count(event.taker, at_ns, filled=1)
            case _:
                pass

    def _count(
        self, account: AccountId, at_ns: TimestampNs, *, entered: int = 0, filled: int = 0
    ) -> None:
        state, hour = self._state, at_ns // _HOUR_NS
        if hour != state.hour:
            state.hour = hour
            state.counts.clear()
        before = state.counts.get(account, (0, 0))
        state.counts[account] = (before[0] + entered, before[1] + filled)

    def snapshot(self) -> bytes:
        """Return the hour and the counts; sorted, so that equal states give equal bytes."""
        return msgspec.json.encode(self._state, order="deterministic")

    def restore(self, state: bytes) -> None:
        """Take the hour and the counts in place of what was observed."""
        try:
            self._state = msgspec.json.decode(state, type=_State)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise VersionMismatchError(f"this is no state of order-to-trade: {error}") from error
