"""Settlement on a real chain keeps every rule of the shipped kit."""

from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_dex.model.vouchers import Voucher
from hybrid_dex.settlement.deployment import Deployment
from hybrid_dex.testing import SettlementBench, SettlementKit
from tests.chain.harness import Anvil, World

ETH, USDC = 10**18, 10**6


class TestEvmSettlement(SettlementKit):
    """A chain, two traders with funds, and three signed trades of theirs for each rule."""

    anvil: Anvil
    deployment: Deployment

    @pytest.fixture(autouse=True)
    def take_chain(self, anvil: Anvil, deployment: Deployment) -> None:
        self.anvil, self.deployment = anvil, deployment
        self.worlds: dict[Path, tuple[World, SettlementBench]] = {}

    async def make_settlement(self) -> SettlementBench:
        if self.place not in self.worlds:
            world = World(self.anvil, self.deployment, self.place)
            self.worlds[self.place] = world, await self.first_bench(world)
        world, bench = self.worlds[self.place]
        return SettlementBench(
            settlement=world.settlement(),
            markets=bench.markets,
            groups=bench.groups,
            voucher=bench.voucher,
            advance=bench.advance,
        )

    async def first_bench(self, world: World) -> SettlementBench:
        alice = await world.trader(1, quote=10_000 * USDC)
        bob = await world.trader(2, base=3 * ETH)
        turns = 0

        async def advance() -> None:
            nonlocal turns
            turns += 1
            if turns % 10 == 0:
                self.anvil.mine()

        return SettlementBench(
            settlement=world.settlement(),
            markets=self.deployment.markets,
            groups=[world.trade(alice, bob) for _ in range(3)],
            voucher=Voucher(
                account=alice.account,
                asset=world.market.quote.id,
                amount=100,
                recipient=alice.account,
                salt=1,
                deadline_s=self.anvil.now_s() + 86_400,
            ),
            advance=advance,
        )

    async def clean(self) -> None:
        for world, _ in self.worlds.values():
            await world.close()
