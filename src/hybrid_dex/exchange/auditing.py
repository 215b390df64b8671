"""Auditing: what the engine says that stands on chain, held against the chain, for as long as it runs.

It reads and asks; it changes nothing, and matching never waits for it. In each turn come the totals
of every asset, the accounts that facts of final blocks have moved since the last one, and some of
all the others in their turn, so that each is compared again and again.
"""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from hybrid_dex.errors import HybridDexError
from hybrid_dex.exchange.options import ExchangeOptions
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.settlement import Settlement
from hybrid_dex.model.events import Deposited, EventBatch, FillSettled, VoucherRedeemed, Withdrawn
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.solvency import Claim, Statement
from hybrid_dex.model.units import AccountId

__all__ = ["Auditing"]

_log: Final = logging.getLogger(__name__)
_NS_PER_SECOND: Final = 1_000_000_000


class Auditing:
    """Compares the engine with the chain behind a settlement.

    Args:
        settlement: an open settlement.
        view: where the engine is read.
        clock: how waits are made.
        options: how long they are, and how many accounts a turn compares.
    """

    def __init__(
        self,
        settlement: Settlement,
        *,
        view: ExchangeView,
        clock: Clock,
        options: ExchangeOptions,
    ) -> None:
        self._settlement = settlement
        self._view = view
        self._clock = clock
        self._options = options
        self._moved: dict[AccountId, None] = {}
        self._others: Iterator[AccountId] = iter(())

    def note(self, batch: EventBatch) -> None:
        """Take what became of an update of settlement: whose balance it moved."""
        for event in batch.events:
            if isinstance(event, FillSettled):
                if event.stage is SettlementStage.FINAL:
                    self._moved[event.maker] = self._moved[event.taker] = None
            elif isinstance(event, Deposited | Withdrawn | VoucherRedeemed):
                self._moved[event.account] = None

    async def run(self) -> None:
        """Compare, wait, compare again, until canceled."""
        wait_ns = int(self._options.audit_s * _NS_PER_SECOND)
        due_ns = self._clock.now_ns() + wait_ns
        while True:
            await self._clock.sleep(self._options.audit_s)
            if self._clock.now_ns() >= due_ns:
                await self.compare()
                due_ns = self._clock.now_ns() + wait_ns

    async def compare(self) -> None:
        """Take one turn. What could not be compared comes again in the next one."""
        limit = self._options.audit_accounts
        moved = list(self._moved)[:limit]
        for account in moved:
            del self._moved[account]
        try:
            found = await self._settlement.compare(
                self._state([*moved, *self._in_turn(limit - len(moved))])
            )
        except HybridDexError as error:
            _log.warning("the engine could not be compared with the chain: %s", error)
            found = None
        if found is None:
            self._moved = dict.fromkeys(moved) | self._moved
        for difference in found or ():
            _log.critical("chain and engine differ: %s", difference)

    def _in_turn(self, most: int) -> list[AccountId]:
        """Return the next of all accounts; after the last one they begin anew."""
        chosen = list(islice(self._others, most))
        if len(chosen) < most:
            self._others = iter(self._view.accounts())
        return chosen

    def _state(self, accounts: Iterable[AccountId]) -> Statement:
        """Read the engine; nothing may be awaited between this and the comparison."""
        view = self._view
        return Statement(
            sequence=view.sequence,
            totals=tuple(
                (
                    asset.id,
                    view.liabilities(asset.id)
                    - view.fees(asset.id)
                    + view.fees_in_flight(asset.id),
                )
                for asset in view.assets()
            ),
            claims=tuple(
                Claim(account, balance.asset, balance.on_chain)
                for account in accounts
                for balance in view.balances(account)
            ),
        )
