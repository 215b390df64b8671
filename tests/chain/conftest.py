"""One chain for all tests of this folder; each starts from the same freshly deployed contracts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hybrid_dex.settlement.deployment import Deployer, Deployment
from hybrid_dex.signing import LocalSigner
from tests.chain.harness import DELAYS, MARKETS, OPERATOR_KEY, OWNER_KEY, Anvil, World


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    """The chain's process."""
    chain = Anvil()
    try:
        chain.wait()
        yield chain
    finally:
        chain.stop()


@pytest.fixture(scope="session")
def deployment(anvil: Anvil) -> Deployment:
    """The contracts, deployed once."""

    async def deploy() -> Deployment:
        deployer = Deployer(rpc_url=anvil.url, key=OWNER_KEY)
        try:
            return await deployer.deploy(
                MARKETS, operator=LocalSigner(OPERATOR_KEY).address, delays=DELAYS
            )
        finally:
            await deployer.close()

    for secret in (OWNER_KEY, OPERATOR_KEY):
        anvil.rpc("anvil_setBalance", LocalSigner(secret).address, hex(10**24))
    return asyncio.run(deploy())


@pytest.fixture
async def world(anvil: Anvil, deployment: Deployment, tmp_path: Path) -> AsyncIterator[World]:
    """A chain as it was right after the deployment; what a test does to it is undone."""
    snapshot = anvil.rpc("evm_snapshot")
    made = World(anvil, deployment, tmp_path)
    yield made
    await made.close()
    anvil.rpc("anvil_dropAllTransactions")
    anvil.rpc("evm_revert", snapshot)
    # What the next block costs is not undone with the blocks.
    latest = anvil.rpc("eth_getBlockByNumber", "latest", False)
    anvil.rpc("anvil_setNextBlockBaseFeePerGas", latest["baseFeePerGas"])
