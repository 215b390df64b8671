"""A chain for each test of this folder, all with the same contracts, deployed once.

They share no process: a request that a test's end cut off is still served by the node, and would
reach the next test. A chain that is taken back while it mines keeps a hole for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hybrid_dex.settlement.deployment import Deployer, Deployment
from hybrid_dex.signing import LocalSigner
from tests.chain.harness import DELAYS, MARKETS, OPERATOR_KEY, OWNER_KEY, Anvil, World


@pytest.fixture(scope="session")
def deployed() -> tuple[Deployment, str]:
    """The contracts, and the chain right after their deployment."""

    async def deploy(chain: Anvil) -> Deployment:
        deployer = Deployer(rpc_url=chain.url, key=OWNER_KEY)
        try:
            return await deployer.deploy(
                MARKETS, operator=LocalSigner(OPERATOR_KEY).address, delays=DELAYS
            )
        finally:
            await deployer.close()

    with Anvil() as chain:
        for secret in (OWNER_KEY, OPERATOR_KEY):
            chain.rpc("anvil_setBalance", LocalSigner(secret).address, hex(10**24))
        return asyncio.run(deploy(chain)), chain.dump()


@pytest.fixture
def deployment(deployed: tuple[Deployment, str]) -> Deployment:
    """The contracts."""
    return deployed[0]


@pytest.fixture
def anvil(deployed: tuple[Deployment, str]) -> Iterator[Anvil]:
    """The chain's process; time begins with the newest block."""
    with Anvil() as chain:
        chain.load(deployed[1])
        yield chain


@pytest.fixture
async def world(anvil: Anvil, deployment: Deployment, tmp_path: Path) -> AsyncIterator[World]:
    """The chain, and who acts on it."""
    made = World(anvil, deployment, tmp_path)
    yield made
    await made.close()
