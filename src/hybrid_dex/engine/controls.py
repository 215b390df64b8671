"""Controls: what the operator set by command about accounts: tiers, kill switches, groups."""

from collections.abc import Collection

import msgspec

from hybrid_dex.model.risk_limits import DEFAULT_TIER, AccountTier, RiskLimits
from hybrid_dex.model.units import AccountId

__all__ = ["Controls", "ControlsState"]


class ControlsState(msgspec.Struct, array_like=True):
    """The settings as a snapshot keeps them, sorted."""

    limits: list[tuple[str, RiskLimits]]
    tiers: list[tuple[AccountId, str]]
    killed: list[AccountId]
    kills_all: bool
    groups: list[tuple[AccountId, str]]


class Controls:
    """The settings as they were told, and what follows from them for one account, ready to read.

    Attributes:
        limits: of each tier that was set.
        tiers: the accounts that are in a tier of their own.
        killed: the accounts that are stopped.
        kills_all: everybody is stopped.
        groups: the accounts that are of a group.
        kin: for each account of a group, all of that group.
    """

    __slots__ = ("_common", "_of", "groups", "killed", "kills_all", "kin", "limits", "tiers")

    def __init__(self) -> None:
        self.limits: dict[str, RiskLimits] = {}
        self.tiers: dict[AccountId, str] = {}
        self.killed: dict[AccountId, None] = {}
        self.kills_all = False
        self.groups: dict[AccountId, str] = {}
        self.kin: dict[AccountId, tuple[AccountId, ...]] = {}
        self._of: dict[AccountId, AccountTier] = {}
        self._common: AccountTier | None = None

    def tier(self, account: AccountId) -> AccountTier | None:
        """Return what was set about an account; ``None`` when nothing ever was. O(1)."""
        return self._of.get(account, self._common)

    def kin_of(self, account: AccountId) -> Collection[AccountId]:
        """Return the accounts that count as one with this, itself among them."""
        return self.kin.get(account) or (account,)

    def state(self) -> ControlsState:
        """Return the settings for a snapshot."""
        return ControlsState(
            sorted(self.limits.items(), key=lambda row: row[0]),
            sorted(self.tiers.items()),
            sorted(self.killed),
            self.kills_all,
            sorted(self.groups.items()),
        )

    def load(self, state: ControlsState | None) -> None:
        """Take the settings of a snapshot; an old one has none."""
        if state is None:
            return
        self.limits.update(state.limits)
        self.tiers.update(state.tiers)
        self.killed.update(dict.fromkeys(state.killed))
        self.kills_all = state.kills_all
        self.groups.update(state.groups)
        self.look()

    def look(self) -> None:
        """Work out anew what follows, after anything was set. O(accounts with a setting)."""
        common = self.limits.get(DEFAULT_TIER)
        self._common = None
        if common is not None or self.kills_all:
            self._common = AccountTier(DEFAULT_TIER, common, self.kills_all)
        self._of = {}
        for account in (*self.tiers, *self.killed):
            name = self.tiers.get(account, DEFAULT_TIER)
            killed = self.kills_all or account in self.killed
            self._of[account] = AccountTier(name, self.limits.get(name), killed)
        members: dict[str, list[AccountId]] = {}
        for account, group in sorted(self.groups.items()):
            members.setdefault(group, []).append(account)
        self.kin = {account: tuple(members[group]) for account, group in self.groups.items()}
