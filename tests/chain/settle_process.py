"""A settlement in a process of its own, which ends itself by SIGKILL at a step of a batch.

`test_crash` starts it. It settles what it was given, as an exchange would, and exits 0 once
everything is final, if it was not killed before.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from collections.abc import Sequence

import attrs

from hybrid_dex.model.commands import ConfirmSettlement
from hybrid_dex.model.market import Market
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import TimestampNs
from hybrid_dex.settlement.evm import EvmOptions, EvmSettlement

__all__ = ["Run", "settle_and_die"]


@attrs.frozen(kw_only=True)
class Run:
    """What one process does.

    Attributes:
        options: of the settlement.
        markets: of the exchange.
        groups: each command's fills.
        step: where to die.
        visits: at which visit of that step.
    """

    options: EvmOptions
    markets: Sequence[Market]
    groups: Sequence[Sequence[MatchedFill]]
    step: str
    visits: int


@attrs.frozen
class Clock:
    """A little after the newest block, by the chain alone."""

    url: str

    def now_ns(self) -> TimestampNs:
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "eth_getBlockByNumber",
            "params": ["latest", False],
        }
        request = urllib.request.Request(
            self.url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            timestamp_s = int(json.load(answer)["result"]["timestamp"], 16)
        return TimestampNs((timestamp_s + 5) * 10**9)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.005))


async def settle(run: Run) -> None:
    """Settle everything, or die on the way."""
    left = run.visits

    def checkpoint(step: str) -> None:
        nonlocal left
        left -= step == run.step
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    clock = Clock(run.options.rpc_urls[0])
    settlement = EvmSettlement(run.options, clock=clock, checkpoint=checkpoint)
    await settlement.open(run.markets)
    for fills in run.groups:
        await settlement.submit(fills)
    missing = {fill.fill_id for fills in run.groups for fill in fills}
    async for command in settlement.updates():
        if isinstance(command, ConfirmSettlement) and command.stage is SettlementStage.FINAL:
            missing.difference_update(command.fills)
        if not missing:
            break
    await settlement.close()


def settle_and_die(run: Run) -> None:
    """What the process does."""
    asyncio.run(settle(run))
