"""What the naive exchange lets its operator say about accounts: groups, and who is stopped."""

from hybrid_dex.model import risk_control as r


class Control:
    """The part of the naive exchange that the operator sets. Tiers are the risk's alone."""

    def begin_control(self) -> None:
        """Nobody is of a group, nobody is stopped."""
        self.groups: dict[str, str] = {}
        self.stopped: set[str | None] = set()

    def kin(self, account: str, other: str) -> bool:
        """Whether two accounts are one, as far as self-trade goes."""
        group = self.groups.get(account)
        return account == other or (group is not None and group == self.groups.get(other))

    def SetAccountGroup(self, command: r.SetAccountGroup) -> None:  # noqa: N802
        """Of this one, or of none."""
        self.groups.pop(command.account, None)
        if command.group is not None:
            self.groups[command.account] = command.group

    def SetKillSwitch(self, command: r.SetKillSwitch) -> None:  # noqa: N802
        """One, or everybody."""
        (self.stopped.add if command.engaged else self.stopped.discard)(command.account)
        for order in list(self.resting):
            if command.engaged and command.cancel and command.account in {None, order.account}:
                self.end(order, "canceled")

    def SetRiskTier(self, command: r.SetRiskTier) -> None:  # noqa: N802
        """The risk's business."""

    def AssignRiskTier(self, command: r.AssignRiskTier) -> None:  # noqa: N802
        """The risk's business."""
