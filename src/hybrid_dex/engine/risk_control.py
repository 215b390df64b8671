"""Risk control: the operator's commands about tiers, kill switches and groups.

They set what risk rules and self-trade prevention read; the rules themselves stay outside.
"""

from typing import Final

from hybrid_dex.engine.desk import Desk
from hybrid_dex.model.order import CancelReason
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_control import (
    AccountGroupChanged,
    AssignRiskTier,
    KillSwitchChanged,
    RiskTierAssigned,
    RiskTierChanged,
    SetAccountGroup,
    SetKillSwitch,
    SetRiskTier,
)
from hybrid_dex.model.units import AccountId

__all__ = ["RiskControl"]

_LONGEST_NAME: Final = 64


class RiskControl:
    """The commands by which the operator controls risk."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def set_tier(self, command: SetRiskTier) -> None:
        """Give a tier its limits."""
        desk = self._desk
        if self._refuse_name(None, "tier", command.tier):
            return
        desk.controls.limits[command.tier] = command.limits
        desk.controls.look()
        desk.emit(RiskTierChanged(command.tier, command.limits))

    def assign_tier(self, command: AssignRiskTier) -> None:
        """Put an account into a tier that was set."""
        desk, account, tier = self._desk, command.account, command.tier
        if tier is None:
            desk.controls.tiers.pop(account, None)
        elif tier in desk.controls.limits:
            desk.controls.tiers[account] = tier
        else:
            detail = f"no tier {tier[:_LONGEST_NAME]!r} was set"
            desk.refuse(account, RejectReason.UNKNOWN_TIER, "tier", detail)
            return
        desk.controls.look()
        desk.emit(RiskTierAssigned(account, tier))

    def set_kill_switch(self, command: SetKillSwitch) -> None:
        """Stop an account or all, or let them go on."""
        desk, account = self._desk, command.account
        controls = desk.controls
        if account is None:
            controls.kills_all = command.engaged
        elif command.engaged:
            controls.killed[account] = None
        else:
            controls.killed.pop(account, None)
        controls.look()
        desk.emit(KillSwitchChanged(account, command.engaged))
        if not (command.engaged and command.cancel):
            return
        if account is not None:
            desk.cancel_all(account, None, None, CancelReason.KILL_SWITCH)
            return
        for order in desk.orders.all_live():
            desk.cancel(order, CancelReason.KILL_SWITCH)

    def set_group(self, command: SetAccountGroup) -> None:
        """Declare an account to be of a group, or of none."""
        desk, account, group = self._desk, command.account, command.group
        if group is None:
            desk.controls.groups.pop(account, None)
        elif self._refuse_name(account, "group", group):
            return
        else:
            desk.controls.groups[account] = group
        desk.controls.look()
        desk.emit(AccountGroupChanged(account, group))

    def _refuse_name(self, account: AccountId | None, field: str, name: str) -> bool:
        """Tell when a name can not be; return whether."""
        if 1 <= len(name) <= _LONGEST_NAME and name.isascii() and name.isprintable():
            return False
        detail = f"1 to {_LONGEST_NAME} printable ASCII characters"
        self._desk.refuse(account, RejectReason.INVALID_NAME, field, detail)
        return True
