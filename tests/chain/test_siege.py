"""A mob attacks whatever it matched, for as long as it likes: honest fills settle all the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from hybrid_dex.defaults.file_journal import FileJournal
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.settlement import SettlementStage
from tests.chain.attackers import by_hand, crowd
from tests.chain.attackers_siege import Raider, Siege, Watch
from tests.chain.harness import DELAYS, World
from tests.chain.test_exchange import SigningAuth, assert_books_agree
from tests.tiers import count

ETH, USDC = 10**18, 10**6
ATTACKERS = count(fast=5, full=100)
BLOCKS = count(fast=10, full=200)
HONEST = 6


async def test_honest_fills_settle_under_siege(
    world: World,
    tmp_path: Path,
    rng: random.Random,
    seed: int,
    figure: Callable[[str], None],
) -> None:
    """All of them, inside the window; none was ever shown final and then reversed."""
    honest = [
        Raider.of(world, number, trader, rng)
        for number, trader in zip(
            range(1, 1 + HONEST),
            crowd(world, range(1, 1 + HONEST), base=10_000 * ETH, quote=90_000_000 * USDC),
            strict=True,
        )
    ]
    numbers = range(100, 100 + ATTACKERS)
    mob = [
        Raider.of(world, number, trader, rng)
        for number, trader in zip(
            numbers, crowd(world, numbers, base=5 * ETH, quote=20_000 * USDC), strict=True
        )
    ]
    everybody = [each.trader for each in (*honest, *mob)]
    for each in (*honest, *mob):
        each.grant()
    world.clock = clock = Watch(world.anvil)
    settlement = world.settlement(confirmations=4)
    exchange = Exchange(
        world.deployment.markets,
        journal=FileJournal(tmp_path / "journal"),
        settlement=settlement,
        auth=SigningAuth(world.domain),
        risk=StandardRisk(RiskLimits(order_notional=None, open_orders=None, daily_volume=None)),
        clock=clock,
    )
    with by_hand(world.anvil):
        async with exchange as running:
            quote = world.market.quote.id
            await world.until(
                lambda: all(running.view.balance(each.account, quote).total for each in everybody)
            )
            siege = Siege(world, clock, running, settlement, running.subscribe(), honest, mob, rng)
            for _ in range(BLOCKS):
                await siege.block()
            await siege.drain()
            for _ in range(6):  # what the mob did last is final, too
                siege.mine(4)
            await siege.drain()
            await siege.followed()
            await siege.drain()
            await assert_books_agree(world, running, everybody)
    fates = [fate for fate in siege.fates.values() if fate.honest]
    final = [fate for fate in siege.fates.values() if fate.stages[-1] is SettlementStage.FINAL]
    failed = [fate for fate in siege.fates.values() if SettlementStage.FAILED in fate.stages]
    longest_s = max(fate.settled_s - fate.matched_s for fate in final)
    figure(
        f"seed {seed}: {ATTACKERS} attackers, {BLOCKS} blocks, {dict(siege.moves)}; the engine was "
        f"told of {dict(siege.told_of)}; {len(fates)} honest fills of {len(siege.fates)}, "
        f"{len(failed)} failed, longest wait {longest_s:.0f} s of {DELAYS.window_max_s} s"
    )
    assert not failed
    assert len(final) == len(siege.fates)
    assert len(fates) > BLOCKS
    assert longest_s < DELAYS.window_max_s
