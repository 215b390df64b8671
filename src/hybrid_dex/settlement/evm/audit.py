"""Audit: holds what was read against what the contract keeps by itself.

It only asks and compares. Three questions, each for what a node could get wrong:

- Does the contract owe what the followed logs add up to? If not, a log is missing: nothing of that
  look becomes final.
- Was a voucher that seems overdue paid? Then its log is missing: it must not be credited again.
- Does the vault owe each account what the engine says, and hold all that it owes? If not, something
  is wrong that needs a person.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hybrid_dex.errors import SettlementError
from hybrid_dex.model.solvency import ACCOUNTS, VAULT, Discrepancy, Statement
from hybrid_dex.model.units import AccountId, AssetId
from hybrid_dex.settlement.evm.at_once import at_once
from hybrid_dex.settlement.evm.contract import ExchangeContract
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.facts import Fact
from hybrid_dex.settlement.ledger import moved
from hybrid_dex.settlement.reconciliation import Block

__all__ = ["Audit"]

_AT_ONCE: Final = 16
"""Calls to the node at a time."""
_PROVEN_AFTER: Final = 16
"""So many blocks after the contract's word was taken it is believed, if the logs agree till then."""


class Audit:
    """Compares facts and engine with the contract, for one settlement."""

    def __init__(self, contract: ExchangeContract, pipeline: Pipeline) -> None:
        self._contract = contract
        self._pipeline = pipeline
        self._unchecked = True
        # Where the contract's word was taken for what the logs do not tell.
        self._taken_at: int | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def touch(self) -> None:
        """Note that a block was followed that may hold logs of the contract."""
        self._unchecked = True

    async def check(self, head: Block) -> None:
        """Make sure that the facts up to the head add up to what the contract owes there.

        Raises:
            SettlementError: they do not, or the node does not answer.
        """
        if not self._unchecked:
            return
        ledger = self._pipeline.ledger
        expected, found = ledger.owed(), await self._contract.owed(head.number)
        fresh = found.keys() - expected.keys()
        if fresh:
            self._take({asset: found[asset] for asset in fresh}, head)
            return
        try:
            _compare(expected, found, head)
        except SettlementError:  # where the beginning was a guess, take the contract's word
            self._take({asset: found[asset] for asset in ledger.unproven & found.keys()}, head)
            raise
        if self._taken_at is not None and head.number < self._taken_at + _PROVEN_AFTER:
            return  # the same node may have said the same of the same old block
        self._unchecked, self._taken_at = False, None
        ledger.unproven.clear()

    def _take(self, owed: Mapping[AssetId, int], head: Block) -> None:
        """Begin with what the contract owes at the head, by a node that may be a few blocks behind."""
        if owed:
            self._pipeline.ledger.begin(owed)
            self._taken_at = head.number

    async def check_range(self, last: Block, facts: Iterable[Fact]) -> None:
        """The same for blocks that are passed over at once, where the node still knows the state.

        Raises:
            SettlementError: they do not add up.
        """
        expected = self._pipeline.ledger.owed()
        try:
            found = await self._contract.owed(last.number)
        except SettlementError:
            return  # an old state, which few nodes keep: the head is compared in any case
        _compare(moved(expected, facts), found, last)

    async def expire(self, final: Block) -> None:
        """Tell which vouchers can never be paid any more.

        Raises:
            SettlementError: one was paid, but the node left that out; or it does not answer.
        """
        for voucher in self._pipeline.ledger.overdue(final.timestamp_s):
            # Past the deadline the answer is the same in every later block.
            if await self._contract.voucher_used(voucher.account, voucher.salt):
                raise SettlementError(
                    f"a voucher of {voucher.account} was paid, and no log up to block "
                    f"{final.number} says so: the node leaves out logs"
                )
            self._pipeline.expire(voucher)

    async def compare(self, statement: Statement, final: Block) -> tuple[Discrepancy, ...]:
        """Return where the vault at a final block is not what the engine says.

        Args:
            statement: what the engine says, when it had taken every fact up to that block.
            final: the block.

        Raises:
            SettlementError: the node does not answer, or no longer knows that state.
        """
        contract, at = self._contract, final.number

        async def account(owner: AccountId, asset: AssetId, amount: int) -> Sequence[Discrepancy]:
            async with self._slots:
                found = await contract.balance(owner, asset, at)
            if found == amount:
                return ()
            return (Discrepancy(asset=asset, what=owner, expected=amount, found=found),)

        async def total(asset: AssetId, amount: int) -> Sequence[Discrepancy]:
            async with self._slots:
                custody = await contract.custody(asset, at)
            owed = custody.liabilities - custody.fees
            found = []
            if owed != amount:
                found.append(Discrepancy(asset=asset, what=ACCOUNTS, expected=amount, found=owed))
            held = 0 if custody.held is None else custody.held
            if held < custody.liabilities:
                found.append(
                    Discrepancy(
                        asset=asset, what=VAULT, expected=custody.liabilities, found=custody.held
                    )
                )
            return found

        found = await at_once(
            [
                *(total(asset, amount) for asset, amount in statement.totals),
                *(account(each.account, each.asset, each.amount) for each in statement.claims),
            ]
        )
        return tuple(each for answer in found for each in answer)


def _compare(expected: Mapping[AssetId, int], found: Mapping[AssetId, int], at: Block) -> None:
    for asset, amount in found.items():
        if expected.get(asset, amount) != amount:
            raise SettlementError(
                f"at block {at.number} the contract owes {amount} atoms of {asset}, by the logs up "
                f"to there it owes {expected[asset]}: the node leaves out logs, or its "
                "chain just changed. Nothing counts as final until they agree"
            )
