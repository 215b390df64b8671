"""Protection: commands and events about orders that are canceled when their trader is not there.

A scheduled cancel (a dead man's switch) is armed with a timeout and pushed back by heartbeats; when
command time reaches it, the orders go. Cancel on disconnect is a standing wish: whoever serves
connections says when the last one ended. Both are the engine's state, so a restart forgets neither.
"""

from typing import Final

import msgspec

from hybrid_dex.model.command_base import CommandBase
from hybrid_dex.model.units import AccountId, MarketId, TimestampNs

__all__ = [
    "MAX_TIMEOUT_MS",
    "AccountDisconnected",
    "CancelOnDisconnect",
    "CancelOnDisconnectChanged",
    "CancelScheduled",
    "Heartbeat",
    "ScheduleCancel",
    "ScheduledCancelFired",
    "SetCancelOnDisconnect",
]

MAX_TIMEOUT_MS: Final = 24 * 60 * 60 * 1_000
"""The longest timeout of a scheduled cancel: a day."""


class ScheduleCancel(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=41):
    """Arm a scheduled cancel, or push an armed one back; one an account and market.

    Attributes:
        account: whose orders.
        timeout_ms: from this command on, 1 to 86,400,000; 0 disarms.
        market: whose orders there; ``None`` is a switch of its own, for all markets.
    """

    account: AccountId
    timeout_ms: int
    market: MarketId | None = None


class Heartbeat(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=42):
    """Push back every scheduled cancel of an account, each by its own timeout."""

    account: AccountId


class SetCancelOnDisconnect(
    CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=43
):
    """Wish that an account's orders are canceled when its last connection ends, or no longer."""

    account: AccountId
    enabled: bool


class CancelOnDisconnect(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=44):
    """An account's last connection ended: cancel its orders if it wished so, else do nothing."""

    account: AccountId


class CancelScheduled(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=51):
    """A scheduled cancel was armed, pushed back or disarmed.

    Attributes:
        market: whose orders there; ``None`` for all markets.
        timeout_ms: by what a heartbeat pushes it back; 0 when it is disarmed.
        due_ns: when it fires; ``None`` when it is disarmed.
    """

    account: AccountId
    market: MarketId | None
    timeout_ms: int
    due_ns: TimestampNs | None


class ScheduledCancelFired(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=52):
    """A scheduled cancel was due; the orders that go follow. It is disarmed."""

    account: AccountId
    market: MarketId | None
    due_ns: TimestampNs


class CancelOnDisconnectChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=53):
    """From now on an account's orders go, or stay, when its last connection ends."""

    account: AccountId
    enabled: bool


class AccountDisconnected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=54):
    """The last connection of an account that wished so ended; the orders that go follow."""

    account: AccountId
