"""SettlementKit passes settlement without a chain and refuses every broken one, rule by rule.

On a real chain it stands in `tests/chain/test_settlement_kit.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import pytest

from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import Settlement
from hybrid_dex.model.commands import Command, ConfirmSettlement, FailSettlement
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.receipts import JournalReceipt
from hybrid_dex.model.settlement import FillFailure, MatchedFill, SettlementStage
from hybrid_dex.model.solvency import Discrepancy, Statement
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.settlement.local import LocalSettlement
from hybrid_dex.testing import RuleBrokenError, SettlementBench, SettlementKit, matched_groups
from hybrid_dex.testing.traffic import MARKETS
from tests.testing.mutants import is_refused

VOUCHER = Voucher(
    account="alice", asset="USDC", amount=100, recipient="alice", salt=1, deadline_s=2**33
)


class LocalKit(SettlementKit):
    kind: Callable[[], Settlement] = LocalSettlement

    def make_settlement(self) -> SettlementBench:
        groups = matched_groups(self.seed, 6)
        return SettlementBench(
            settlement=type(self).kind(), markets=MARKETS, groups=groups, voucher=VOUCHER
        )


class TestLocalSettlement(LocalKit):
    pass


class PausesForNone(LocalSettlement):
    pause_reason = None


class ClosesOnce(LocalSettlement):
    async def close(self) -> None:
        if not self._is_open:
            raise RuntimeError("closed already")
        await super().close()


class OpensOnce(LocalSettlement):
    opened = False

    async def open(self, markets: Sequence[object]) -> None:
        if self.opened:
            raise RuntimeError("opened before")
        self.opened = True
        await super().open(markets)


class Telling(LocalSettlement):
    """Tells something else than the settlement inside: mutants say what."""

    async def updates(self) -> AsyncIterator[Command]:
        async for command in super().updates():
            for told in self.instead(command):
                yield told

    def instead(self, command: ConfirmSettlement) -> Sequence[Command]:
        return [command]


class TellsTwice(Telling):
    def instead(self, command: ConfirmSettlement) -> Sequence[Command]:
        return [command, command]


class StepsBack(Telling):
    def instead(self, command: ConfirmSettlement) -> Sequence[Command]:
        back = msgspec.structs.replace(command, stage=SettlementStage.SUBMITTED)
        return [command, back]


class Stamps(Telling):
    def instead(self, command: ConfirmSettlement) -> Sequence[Command]:
        return [msgspec.structs.replace(command, sequence=7)]


class TellsOfOthers(Telling):
    def instead(self, command: ConfirmSettlement) -> Sequence[Command]:
        return [msgspec.structs.replace(command, fills=(*command.fills, 2**50))]


class TakesRepeats(LocalSettlement):
    async def submit(self, fills: Sequence[MatchedFill], journal_hash: bytes = bytes(32)) -> None:
        self._newest = 0
        await super().submit(fills, journal_hash)


class FailsAfterARestart(LocalSettlement):
    """Keeps in a place of its own what it took, and calls it failed when it comes again."""

    taken: set[int] = set()  # noqa: RUF012 # what a restart finds

    async def open(self, markets: Sequence[object]) -> None:
        await super().open(markets)
        self.old = set(self.taken)

    async def submit(self, fills: Sequence[MatchedFill], journal_hash: bytes = bytes(32)) -> None:
        self.taken.update(fill.fill_id for fill in fills)
        await super().submit(fills, journal_hash)

    async def updates(self) -> AsyncIterator[Command]:
        async for command in super().updates():
            again = [fill for fill in command.fills if fill in self.old]
            if again:
                failures = tuple(FillFailure(fill, 1) for fill in again)
                yield FailSettlement(failures=failures, batch=1)
            yield command


class DoublesAfterARestart(LocalSettlement):
    """Keeps in a place of its own what it took, and settles it beside what comes again."""

    taken: dict[int, MatchedFill] = {}  # noqa: RUF012 # what a restart finds

    async def open(self, markets: Sequence[object]) -> None:
        await super().open(markets)
        await super().submit(list(self.taken.values()))
        self._newest = 0

    async def submit(self, fills: Sequence[MatchedFill], journal_hash: bytes = bytes(32)) -> None:
        self.taken.update((fill.fill_id, fill) for fill in fills)
        await super().submit(fills, journal_hash)


class SettlesAgainAfterARestart(Telling):
    """Forgets what is final: a fill that comes again is sent again."""

    def instead(self, command: ConfirmSettlement) -> Sequence[Command]:
        sent = msgspec.structs.replace(command, stage=SettlementStage.SUBMITTED)
        return [sent, command]


class TakesAgain(LocalSettlement):
    """Begins anew with each market that is listed, even with one that it has."""

    markets: list[Market]

    async def open(self, markets: Sequence[Market]) -> None:
        await super().open(markets)
        self.markets = list(markets)

    def listed(self, market: Market) -> None:
        self.markets.append(market)

    async def submit(self, fills: Sequence[MatchedFill], journal_hash: bytes = bytes(32)) -> None:
        for fill in fills:
            (_,) = [one for one in self.markets if one.id == fill.market]
        await super().submit(fills, journal_hash)


class RefusesItsOwn(LocalSettlement):
    async def refuse_listing(self, market: Market) -> Refusal:
        return Refusal(RejectReason.NOT_LISTED_ON_CHAIN, "number", "there is none")


class ListsAnything(LocalSettlement):
    """Wants signatures, and lets any market in."""

    requires_signature = True


class RefusesInWords(LocalSettlement):
    async def refuse_listing(self, market: Market) -> str:
        return "another lot"


class SignsAnything(LocalSettlement):
    async def sign_voucher(self, voucher: Voucher) -> bytes:
        return bytes(65)


class SignsAnew(LocalSettlement):
    halt_reason = ""
    signed = 0

    def refuse_voucher(self, asset: str, recipient: str) -> Refusal | None:
        return None

    async def sign_voucher(self, voucher: Voucher) -> bytes:
        self.signed += 1
        return self.signed.to_bytes(65, "big")


class SignsCancelsAlike(LocalSettlement):
    async def sign_cancel_receipt(self, receipt: CancelReceipt) -> bytes:
        return bytes(65)


class SignsCancelsAnew(LocalSettlement):
    signed = 0

    async def sign_cancel_receipt(self, receipt: CancelReceipt) -> bytes:
        self.signed += 1
        return self.signed.to_bytes(65, "big")


class SignsReceiptsAlike(LocalSettlement):
    async def sign_receipts(self, receipts: Sequence[JournalReceipt]) -> tuple[bytes, ...]:
        return tuple(bytes(65) for _ in receipts)


class PromisesAnything(LocalSettlement):
    def refuse_voucher(self, asset: str, recipient: str) -> Refusal | None:
        return None


class FindsADifference(LocalSettlement):
    async def compare(self, statement: Statement) -> tuple[Discrepancy, ...]:
        return (Discrepancy(asset="ETH", what="alice", expected=0, found=1),)


MUTANTS: list[tuple[str, Callable[[], Settlement]]] = [
    ("questions_are_answered_at_once", PausesForNone),
    ("close_may_be_repeated", ClosesOnce),
    ("it_may_be_opened_again", OpensOnce),
    ("every_fill_becomes_final_once", TellsTwice),
    ("stages_rise", StepsBack),
    ("updates_are_commands_of_settlement_unstamped", Stamps),
    ("only_what_was_submitted_is_told", TellsOfOthers),
    ("a_repeat_is_recognised", TakesRepeats),
    ("a_restart_loses_and_doubles_nothing", FailsAfterARestart),
    ("a_restart_loses_and_doubles_nothing", DoublesAfterARestart),
    ("a_restart_loses_and_doubles_nothing", SettlesAgainAfterARestart),
    ("a_market_listed_later_settles_as_one_of_the_start", TakesAgain),
    ("a_market_listed_later_settles_as_one_of_the_start", RefusesItsOwn),
    ("a_market_is_refused_where_it_would_not_settle", ListsAnything),
    ("a_market_is_refused_where_it_would_not_settle", RefusesInWords),
    ("vouchers_are_signed_the_same_or_not_at_all", SignsAnything),
    ("vouchers_are_signed_the_same_or_not_at_all", SignsAnew),
    ("cancel_receipts_are_signed_the_same_or_not_at_all", SignsCancelsAlike),
    ("cancel_receipts_are_signed_the_same_or_not_at_all", SignsCancelsAnew),
    ("receipts_are_signed_the_same_or_not_at_all", SignsReceiptsAlike),
    ("a_voucher_nobody_could_pay_is_refused", PromisesAnything),
    ("an_empty_statement_differs_from_nothing", FindsADifference),
]


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_a_broken_settlement_is_refused(rule: str, mutant: Callable[[], Settlement]) -> None:
    """By the rule that it breaks, in words that name the rule."""
    assert is_refused(type("MutantKit", (LocalKit,), {"kind": mutant}), rule)


def test_every_rule_has_a_settlement_that_breaks_it() -> None:
    """A rule that nothing can break checks nothing."""
    assert {rule for rule, _ in MUTANTS} == set(SettlementKit.rules())


def test_a_settlement_that_never_settles_is_told() -> None:
    """By how long it was waited for."""

    class Sleeps(LocalSettlement):
        async def updates(self) -> AsyncIterator[Command]:
            while self._is_open:
                await asyncio.sleep(0.01)
            return
            yield

    kit = type("SleepyKit", (LocalKit,), {"kind": Sleeps, "timeout_s": 0.2})
    assert is_refused(kit, "every_fill_becomes_final_once")


def test_what_is_told_final_twice_after_a_restart_is_named() -> None:
    """By the fills, and how often each was told."""
    kit = type("DoublingKit", (LocalKit,), {"kind": DoublesAfterARestart})
    with pytest.raises(RuleBrokenError, match=r"told final after a restart.*: 2"):
        kit().test_a_restart_loses_and_doubles_nothing()
