"""What the naive exchange does for traders who are not there: switches by time, and disconnections."""

from hybrid_dex.model import protection as p


class Absences:
    """The part of the naive exchange that cancels in a trader's absence."""

    def begin_absences(self) -> None:
        """Nothing is armed, nobody wished anything."""
        self.switches: dict[tuple[str, str], tuple[int, int]] = {}
        self.wishes: set[str] = set()

    def pass_time(self, until: int) -> None:
        """Expire and fire in turn, whatever is due first; at one time orders expire first."""
        due = sorted((due, *key) for key, (due, _) in self.switches.items() if due <= until)
        for due_ns, account, market in due:
            self.expire(due_ns)
            del self.switches[account, market]
            self.drop(account, market)
        self.expire(until)

    def expire(self, until: int) -> None:
        """End what is due by then."""
        due = [o for o in self.resting if o.expires is not None and o.expires <= until]
        for order in sorted(due, key=lambda o: (o.expires, o.id)):
            self.end(order, "expired")

    def drop(self, account: str, market: str) -> None:
        """Cancel everything of an account, or what it has in one market."""
        for order in list(self.resting):
            if order.account == account and market in {"", order.market.id}:
                self.end(order, "canceled")

    def ScheduleCancel(self, command: p.ScheduleCancel) -> None:  # noqa: N802
        """So long from now."""
        key, timeout = (command.account, command.market or ""), command.timeout_ms
        if timeout == 0:
            self.switches.pop(key, None)
        elif 0 < timeout <= 24 * 3_600_000:
            self.switches[key] = (self.at + timeout * 10**6, timeout)

    def Heartbeat(self, command: p.Heartbeat) -> None:  # noqa: N802
        """Each from now on again."""
        for key, (_, timeout) in self.switches.items():
            if key[0] == command.account:
                self.switches[key] = (self.at + timeout * 10**6, timeout)

    def SetCancelOnDisconnect(self, command: p.SetCancelOnDisconnect) -> None:  # noqa: N802
        """A wish, or none."""
        (self.wishes.add if command.enabled else self.wishes.discard)(command.account)

    def CancelOnDisconnect(self, command: p.CancelOnDisconnect) -> None:  # noqa: N802
        """As wished."""
        if command.account in self.wishes:
            self.drop(command.account, "")
