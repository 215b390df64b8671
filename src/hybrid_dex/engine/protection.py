"""Protection: orders that go because their trader is not there to take them back.

A scheduled cancel fires by command time, before the command that passes it, among the expiries: at
one time orders expire first, then switches fire by account and market. It fires once.
"""

from typing import Final

from hybrid_dex.engine.desk import Desk
from hybrid_dex.engine.switches import Switch
from hybrid_dex.model.order import CancelReason
from hybrid_dex.model.protection import (
    MAX_TIMEOUT_MS,
    AccountDisconnected,
    CancelOnDisconnect,
    CancelOnDisconnectChanged,
    CancelScheduled,
    Heartbeat,
    ScheduleCancel,
    ScheduledCancelFired,
    SetCancelOnDisconnect,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_TIMESTAMP_NS, AccountId, MarketId, TimestampNs

__all__ = ["Protection"]

_NS_PER_MS: Final = 1_000_000


class Protection:
    """The commands about scheduled cancels and disconnections."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def schedule(self, command: ScheduleCancel) -> None:
        """Arm, push back or disarm one switch."""
        desk, account, market = self._desk, command.account, command.market
        if market is not None and market not in desk.venues:
            detail = f"no market {market}"
            desk.refuse(account, RejectReason.UNKNOWN_MARKET, "market", detail)
            return
        latest_ms = min(MAX_TIMEOUT_MS, (MAX_TIMESTAMP_NS - desk.at_ns) // _NS_PER_MS)
        if not 0 <= command.timeout_ms <= latest_ms:
            detail = f"0 to {latest_ms} ms; 0 disarms"
            desk.refuse(account, RejectReason.INVALID_TIMEOUT, "timeout_ms", detail)
        elif command.timeout_ms:
            self._arm(account, MarketId(market or ""), command.timeout_ms)
        else:
            desk.switches.disarm(account, MarketId(market or ""))
            desk.emit(CancelScheduled(account, market, 0, None))

    def heartbeat(self, command: Heartbeat) -> None:
        """Push all of an account's switches back."""
        switches = self._desk.switches.of(command.account)
        if not switches:
            detail = "nothing is armed: it was not, or has fired"
            reason = RejectReason.NOTHING_SCHEDULED
            self._desk.refuse(command.account, reason, "account", detail)
        for switch in switches:
            self._arm(switch.account, switch.market, switch.timeout_ms)

    def _arm(self, account: AccountId, market: MarketId, timeout_ms: int) -> None:
        desk = self._desk
        due_ns = min(desk.at_ns + timeout_ms * _NS_PER_MS, MAX_TIMESTAMP_NS)
        desk.switches.arm(Switch(account, market, timeout_ms, due_ns))
        desk.emit(CancelScheduled(account, market or None, timeout_ms, TimestampNs(due_ns)))

    def fire(self, until_ns: int) -> None:
        """Let every switch fire whose time has come by then, each after what expires before it."""
        desk = self._desk
        while (switch := desk.switches.take_due(until_ns)) is not None:
            desk.expire(switch.due_ns)
            account, market = switch.account, switch.market or None
            desk.emit(ScheduledCancelFired(account, market, TimestampNs(switch.due_ns)))
            desk.cancel_all(account, market, None, CancelReason.SCHEDULED)
            desk.touched = None

    def set_cancel_on_disconnect(self, command: SetCancelOnDisconnect) -> None:
        """Keep or forget an account's wish."""
        desk, account = self._desk, command.account
        wishes = desk.switches.disconnects
        if command.enabled:
            wishes[account] = None
        else:
            wishes.pop(account, None)
        desk.emit(CancelOnDisconnectChanged(account, command.enabled))

    def cancel_on_disconnect(self, command: CancelOnDisconnect) -> None:
        """Cancel what an account wished to be canceled now."""
        desk, account = self._desk, command.account
        if account in desk.switches.disconnects:
            desk.emit(AccountDisconnected(account))
            desk.cancel_all(account, None, None, CancelReason.DISCONNECTED)
