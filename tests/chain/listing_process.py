"""An exchange in a process of its own, which lists a market, trades there, and dies by SIGKILL.

`test_listing` starts it. It exits 0 once everything is final, if it was not killed before.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import attrs

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.trusted_auth import TrustedAuth
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import ListMarket
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.market import Market
from hybrid_dex.model.signed_order import Authorization, SignedOrder
from hybrid_dex.settlement.evm import EvmOptions, EvmSettlement
from hybrid_dex.signing import Domain, authorize
from tests.chain.settle_process import Clock

__all__ = ["Run", "list_and_die"]


class SigningAuth(TrustedAuth):
    """Orders by their signature; people as they say."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self._domain = domain

    async def verify_many(self, orders: Sequence[SignedOrder]) -> list[Authorization | Refusal]:
        """Recover each signer."""
        return [authorize(order, self._domain) for order in orders]


@attrs.frozen(kw_only=True)
class Run:
    """What the process does.

    Attributes:
        options: of the settlement.
        journal: the journal's folder.
        domain: what orders are signed for.
        markets: those of the configuration.
        listed: the market that is listed.
        orders: placed there once both traders have funds, in order.
        step: where to die: ``listed`` right after the answer, or a checkpoint of the settlement.
    """

    options: EvmOptions
    journal: Path
    domain: Domain
    markets: Sequence[Market]
    listed: Market
    orders: Sequence[SignedOrder]
    step: str


async def trade(run: Run) -> None:
    """List, trade and settle, or die on the way."""

    def checkpoint(step: str) -> None:
        if step == run.step:
            os.kill(os.getpid(), signal.SIGKILL)

    clock = Clock(run.options.rpc_urls[0])
    exchange = Exchange(
        run.markets,
        journal=FileJournal(run.journal),
        settlement=EvmSettlement(run.options, clock=clock, checkpoint=checkpoint),
        auth=SigningAuth(run.domain),
        clock=clock,
    )
    async with exchange:
        while exchange.settlement.halt_reason:
            await asyncio.sleep(0.005)
        assert (await exchange.execute(ListMarket(market=run.listed))).events
        checkpoint("listed")
        for order in run.orders:
            held = run.listed.base if order.side.name == "SELL" else run.listed.quote
            while not exchange.view.balance(order.trader, held.id).total:
                await asyncio.sleep(0.005)
            assert isinstance(await exchange.place(order), EventBatch)
        while list(exchange.view.unsettled()):
            await asyncio.sleep(0.005)


def list_and_die(run: Run) -> None:
    """What the process does."""
    asyncio.run(trade(run))
