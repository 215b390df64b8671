"""Risk control: commands and events by which the operator tells risk rules what holds from now on.

Limits come in tiers, each account is in one. They are commands, so that they change while the
exchange runs and replay with everything else. A kill switch stops an account, or all. A group
declares accounts to be one trader: self-trade prevention keeps them apart, always.
"""

import msgspec

from hybrid_dex.model.command_base import CommandBase
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.model.units import AccountId

__all__ = [
    "AccountGroupChanged",
    "AssignRiskTier",
    "KillSwitchChanged",
    "RiskTierAssigned",
    "RiskTierChanged",
    "SetAccountGroup",
    "SetKillSwitch",
    "SetRiskTier",
]


class SetRiskTier(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=45):
    """Give a tier these limits, from now on.

    Attributes:
        tier: its name, 1 to 64 printable ASCII characters; ``default`` is everybody's.
        limits: what an account of it may do.
    """

    tier: str
    limits: RiskLimits


class AssignRiskTier(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=46):
    """Put an account into a tier.

    Attributes:
        account: whose limits these are.
        tier: the tier's name; ``None`` is the default again.
    """

    account: AccountId
    tier: str | None


class SetKillSwitch(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=47):
    """Stop an account, or all: nothing more enters. Or let them go on.

    Attributes:
        account: who; ``None`` for everybody.
        engaged: stop, or go on.
        cancel: also cancel what rests, when it stops.
    """

    account: AccountId | None
    engaged: bool
    cancel: bool = False


class SetAccountGroup(CommandBase, frozen=True, gc=False, kw_only=True, array_like=True, tag=48):
    """Declare an account to be of a group (SelfMatchPreventionID, FIX 2362).

    Attributes:
        account: who.
        group: its name, 1 to 64 printable ASCII characters; ``None`` for no group.
    """

    account: AccountId
    group: str | None


class RiskTierChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=55):
    """A tier has these limits from now on."""

    tier: str
    limits: RiskLimits


class RiskTierAssigned(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=56):
    """The account is in this tier; ``None`` is the default."""

    account: AccountId
    tier: str | None


class KillSwitchChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=57):
    """An account, or everybody when ``None``, was stopped or may go on. Canceled orders follow."""

    account: AccountId | None
    engaged: bool


class AccountGroupChanged(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=58):
    """The account is of this group, or of none."""

    account: AccountId
    group: str | None
