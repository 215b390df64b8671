"""Settlement: makes fills final, and brings deposits and withdrawals in as commands."""

from collections.abc import AsyncIterator
from collections.abc import Sequence as Items
from typing import Protocol, runtime_checkable

import attrs

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import Command
from hybrid_dex.model.frame import GENESIS_HASH
from hybrid_dex.model.market import Market
from hybrid_dex.model.receipts import JournalReceipt
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.solvency import Discrepancy, Statement
from hybrid_dex.model.units import AssetId, Sequence
from hybrid_dex.model.vouchers import CancelReceipt, Voucher

__all__ = ["Capacity", "ListingSettlement", "Settlement"]


@attrs.frozen(kw_only=True)
class Capacity:
    """What a settlement can take when every fill needs as much as a fill can.

    Attributes:
        fills: how many may wait for a block at once, so that the newest settles in time too.
        interval_ns: one gets into a block about every so many nanoseconds.
    """

    fills: int = attrs.field(validator=attrs.validators.ge(1))
    interval_ns: int = attrs.field(validator=attrs.validators.ge(0))


class Settlement(Protocol):
    """Where matched fills go and where facts about funds come from.

    The exchange calls `submit` with all fills of one command together, in journal order, and after
    a restart again with every fill that is not final: a repeat must be recognised by its fill id.
    """

    @property
    def requires_signature(self) -> bool:
        """Whether orders need their trader's signature to settle here."""
        ...

    @property
    def pause_reason(self) -> str:
        """Why nothing may be matched now, or an empty text: a match might not settle in time.

        The exchange asks before every order and replacement: cheap, and never waits.
        """
        ...

    @property
    def capacity(self) -> Capacity | None:
        """How much may be matched ahead of it, or ``None`` when that makes no difference.

        The exchange paces its intake by it, so that no burst is matched that could not settle in
        time. `pause_reason` is for when settlement is slower than it says here.
        """
        ...

    @property
    def halt_reason(self) -> str:
        """Why nothing may leave by voucher now, or an empty text: what was final may not be so.

        The exchange asks before a voucher is journaled and again before it is signed: cheap, and
        never waits. A backlog is no reason; an alarm is, and that there is no chain.
        """
        ...

    async def open(self, markets: Items[Market]) -> None:
        """Connect, check chain and contract, resume what was persisted. May follow a `close`.

        The exchange opens it with markets that are new on trial, before it journals them, and
        closes it at once: what is refused here was never listed.

        Raises:
            WrongChainError: the node serves another chain.
            MissingContractError: there is no contract at the address.
            StaleArtifactError: there is another one.
            SettlementError: the chain can not be reached.
        """
        ...

    async def close(self) -> None:
        """Stop sending and release everything; nothing persisted is lost. Safe to call twice."""
        ...

    async def submit(self, fills: Items[MatchedFill], journal_hash: bytes = GENESIS_HASH) -> None:
        """Take matched fills for settlement; returns once they are queued, not settled.

        ``journal_hash`` is the chain hash of a journal frame that these fills' command stands in or
        before: what settles names it, so a journal shown later can be held to it.
        """
        ...

    def reached(self, sequence: Sequence) -> None:
        """Take note that every fill of the commands up to this one was submitted.

        So whatever settles next can speak for all of them: a fill of theirs that is in nothing
        settled was never made, or has failed. The exchange says it as it goes, and after a restart
        once all that is not final was submitted again. Cheap, and never waits.
        """
        ...

    def updates(self) -> AsyncIterator[Command]:
        """Yield what happened, as unstamped commands, until closed.

        Facts from a final block carry their position; the engine ignores what it already has, so
        an update may be yielded again after a restart; of a fill that is final by then, that alone.

        Order matters twice. A revocation (`RevokeSession`, `RevokeApproval`) is told before any
        fact of a final block at or above its own, so that no later grant is taken for one that it
        revokes. `ExpireVoucher` is told after every `RedeemVoucher` of the final blocks up to the
        voucher's deadline.
        """
        ...

    async def compare(self, statement: Statement) -> tuple[Discrepancy, ...] | None:
        """Hold what the exchange says against the chain; return where they differ.

        The exchange reads the statement and calls this with nothing in between. The chain is asked
        for its newest final block, and only when the exchange has taken every fact up to it:
        ``None`` says that this is not so now, or that there is no chain. A difference that a second
        look confirms is an alarm, and nothing is matched and no voucher signed from then on.

        Raises:
            SettlementError: the chain does not answer.
        """
        ...

    async def watch_vouchers(self, vouchers: Items[Voucher]) -> None:
        """Watch for the end of open vouchers; `updates` yields it, once it is final.

        The exchange calls it with each voucher once it is journaled, and after a restart again with
        every open one: a repeat must be recognised by account and salt. Signed or not makes no
        difference: a voucher expires when a final block is past its deadline and none paid it.
        """
        ...

    def refuse_voucher(self, asset: AssetId, recipient: str) -> Refusal | None:
        """Return why no voucher in this asset or to this recipient could ever be signed.

        Asked before one is journaled, as its funds are locked from then on. Never waits.
        """
        ...

    async def sign_voucher(self, voucher: Voucher) -> bytes:
        """Return the operator's signature over a voucher, 65 bytes r, s, v.

        The same voucher gives the same signature again. The exchange has journaled the debit.

        Raises:
            ConfigurationError: this settlement has no vouchers.
            SettlementError: nothing can be signed now.
        """
        ...

    async def sign_cancel_receipt(self, receipt: CancelReceipt) -> bytes:
        """Return the operator's signature over a cancel receipt, 65 bytes r, s, v.

        Raises: as `sign_voucher`.
        """
        ...

    async def sign_receipts(self, receipts: Items[JournalReceipt]) -> tuple[bytes, ...]:
        """Return the operator's signature over each of these receipts, 65 bytes r, s, v.

        The same receipt gives the same signature again. Nothing is promised on chain.

        Raises: as `sign_voucher`.
        """
        ...


@runtime_checkable
class ListingSettlement(Protocol):
    """A settlement that takes markets while it is open.

    One that is not has only those that it was opened with: the exchange refuses to list others
    with `RejectReason.LISTING_UNAVAILABLE`, and lists a new one of its configuration at a start.
    """

    async def refuse_listing(self, market: Market) -> Refusal | None:
        """Return why fills of a market could not settle here now; changes nothing.

        Asked before the market is journaled. That it can not be told now is a reason, too. The
        refusal's field is of `Market`, such as ``base.token``.
        """
        ...

    def listed(self, market: Market) -> None:
        """Take a market that is journaled by now, before any fill of it is submitted.

        From now on it is as if it had been among those of `open`, what happened to its assets
        before included. A repeat changes nothing. Cheap, and never waits.
        """
        ...
