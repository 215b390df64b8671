"""What the chain tells the naive exchange: grants, approvals and vouchers."""

from hybrid_dex.model import commands as c
from hybrid_dex.model.signed_order import SignatureKind
from tests.reference.nouns import BUY, SELL, Grant

MONTH_S = 30 * 24 * 60 * 60


class ChainFacts:
    """The part of the naive exchange that mirrors the contract."""

    def GrantSession(self, command: c.GrantSession) -> None:  # noqa: N802
        """More of everything, unless the key was revoked further on."""
        session = (command.account, command.key, command.market)
        grant = self.grants[session]
        if command.position > grant.dead and self.is_new(command.position):
            grant.added[BUY] += command.buy_budget
            grant.added[SELL] += command.sell_budget
            grant.expiry_s = max(grant.expiry_s, command.expiry_s)

    def RevokeSession(self, command: c.RevokeSession) -> None:  # noqa: N802
        """Nothing is left, and its orders go."""
        session = (command.account, command.key, command.market)
        grant = self.grants[session]
        if command.position <= grant.dead:
            return
        for order in list(self.resting):
            if order.session == session:
                self.end(order, "canceled")
        self.grants[session] = Grant(dead=command.position, since=self.sequence)

    def ApproveOrder(self, command: c.ApproveOrder) -> None:  # noqa: N802
        """Once, unless it was revoked before."""
        key = (command.account, command.order_hash)
        if self.approvals.get(key) is not False and self.is_new(command.position):
            self.approvals[key] = True

    def RevokeApproval(self, command: c.RevokeApproval) -> None:  # noqa: N802
        """For ever."""
        self.approvals[command.account, command.order_hash] = False
        for order in list(self.resting):
            if (
                order.account == command.account
                and order.signed is not None
                and order.signed.kind == SignatureKind.APPROVED
                and order.signed.order_hash == command.order_hash
            ):
                self.end(order, "canceled")

    def IssueVoucher(self, command: c.IssueVoucher) -> None:  # noqa: N802
        """What could leave is promised to nobody else."""
        salt, seconds = command.salt or self.sequence, self.at // 10**9
        if (
            self.may_leave(command.account, command.asset, command.amount)
            and command.recipient
            and (
                command.salt == 0
                or command.salt > max(2**40 - 1, self.salts.get(command.account, 0))
            )
            and seconds < command.deadline_s <= seconds + MONTH_S
        ):
            self.vouchers[command.account, salt] = (command.asset, command.amount)
            if command.salt:
                self.salts[command.account] = command.salt

    def RedeemVoucher(self, command: c.RedeemVoucher) -> None:  # noqa: N802
        """It was paid, whatever we thought of it."""
        key = (command.account, command.salt)
        if self.is_new(command.position):
            if self.vouchers.get(key, ("", 0))[0] == command.asset:
                del self.vouchers[key]
            self.total[command.account, command.asset] -= command.amount
            self.cover(command.account, command.asset)

    def ExpireVoucher(self, command: c.ExpireVoucher) -> None:  # noqa: N802
        """The promise is over."""
        key = (command.account, command.salt)
        if self.vouchers.get(key, ("", 0))[0] == command.asset:
            del self.vouchers[key]
