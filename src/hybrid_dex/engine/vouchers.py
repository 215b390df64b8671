"""Vouchers: funds set aside for a withdrawal that the vault pays against the operator's signature.

A voucher takes available, settled funds out of trading before anything is signed. They stay the
account's, and in the vault, until a final block either paid them or can no longer pay them; only
these two facts end a voucher, each once. No timer here does: the chain's clock decides, not ours.
"""

from typing import Final

from hybrid_dex.engine.desk import Desk
from hybrid_dex.model.commands import ExpireVoucher, IssueVoucher, RedeemVoucher
from hybrid_dex.model.events import VoucherExpired, VoucherIssued, VoucherRedeemed
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_SEQUENCE, Amount
from hybrid_dex.model.vouchers import MAX_VOUCHER_LIFETIME_S, Voucher

__all__ = ["Vouchers"]

_NANOSECONDS: Final = 1_000_000_000
_MAX_SALT: Final = 2**256 - 1
_MAX_BATCH: Final = 2**48 - 1
_LONGEST_RECIPIENT: Final = 128


class Vouchers:
    """The commands about vouchers."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def issue(self, command: IssueVoucher) -> None:
        """Set funds aside that could leave now."""
        desk, account, asset = self._desk, command.account, command.asset
        if desk.refuse_amount(account, asset, command.amount, 1):
            return
        if self._refuse_terms(command) or desk.refuse_leaving(account, asset, command.amount):
            return
        voucher = Voucher(
            account=account,
            asset=asset,
            amount=command.amount,
            recipient=command.recipient,
            salt=command.salt or desk.sequence,
            deadline_s=command.deadline_s,
            min_batch=max(command.min_batch, desk.final_batch),
        )
        desk.vouchers[account, voucher.salt] = voucher
        if command.salt:
            desk.voucher_salts[account] = command.salt
        entry = desk.ledger.set_aside(account, asset, command.amount)
        desk.emit(
            VoucherIssued(
                account,
                asset,
                command.amount,
                voucher.recipient,
                voucher.salt,
                voucher.deadline_s,
                voucher.min_batch,
                Amount(entry.available),
            )
        )

    def redeem(self, command: RedeemVoucher) -> None:
        """The vault paid: debit it out of what was set aside, or else out of what is available."""
        desk, account, asset = self._desk, command.account, command.asset
        if desk.refuse_amount(account, asset, command.amount, 1):
            return
        if desk.refuse_repeat(account, command.position):
            return
        desk.pass_position(command.position)
        voucher = desk.vouchers.get((account, command.salt))
        if voucher is not None and voucher.asset == asset:
            del desk.vouchers[account, command.salt]
            desk.ledger.set_aside(account, asset, -voucher.amount)
        entry = desk.ledger.withdraw(account, asset, command.amount)
        desk.emit(
            VoucherRedeemed(account, asset, command.amount, command.salt, Amount(entry.available))
        )
        desk.cover(account, asset)

    def expire(self, command: ExpireVoucher) -> None:
        """It can never be paid: what was set aside is available again, once."""
        desk, account, asset = self._desk, command.account, command.asset
        voucher = desk.vouchers.get((account, command.salt))
        if voucher is None or voucher.asset != asset:
            detail = f"{account} has no open voucher {command.salt} in {asset}"
            desk.refuse(account, RejectReason.UNKNOWN_VOUCHER, "salt", detail)
            return
        del desk.vouchers[account, command.salt]
        entry = desk.ledger.set_aside(account, asset, -voucher.amount)
        amount = Amount(voucher.amount)
        desk.emit(VoucherExpired(account, asset, amount, command.salt, Amount(entry.available)))

    def _refuse_terms(self, command: IssueVoucher) -> bool:
        """Tell when a voucher could never be paid, or be taken for another; return whether."""
        desk, account = self._desk, command.account
        now_s, salt = desk.at_ns // _NANOSECONDS, command.salt
        recipient, latest_s = command.recipient, now_s + MAX_VOUCHER_LIFETIME_S
        checks = (
            (
                "recipient",
                0 < len(recipient) <= _LONGEST_RECIPIENT and recipient.isprintable(),
                f"1 to {_LONGEST_RECIPIENT} printable characters",
            ),
            (
                "salt",
                salt == 0 or MAX_SEQUENCE < salt <= _MAX_SALT,
                f"0, or {MAX_SEQUENCE + 1} to 2**256 - 1",
            ),
            (
                "salt",
                salt == 0 or salt > desk.voucher_salts.get(account, 0),
                f"above {desk.voucher_salts.get(account, 0)}, the last that the account chose",
            ),
            (
                "deadline_s",
                now_s < command.deadline_s <= latest_s,
                f"after {now_s}, at most {latest_s} (Unix seconds)",
            ),
            ("min_batch", 0 <= command.min_batch <= _MAX_BATCH, f"0 to {_MAX_BATCH}"),
        )
        for field, holds, detail in checks:
            if not holds:
                desk.refuse(account, RejectReason.INVALID_VOUCHER, field, detail)
                return True
        return False
