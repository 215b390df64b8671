"""What a wallet and a reader say of a node that fails never holds the node's whole address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import stamina
from aiohttp import web

from hybrid_dex.errors import SettlementError
from hybrid_dex.model.market import Asset
from hybrid_dex.settlement.leaving import Leaving
from hybrid_dex.settlement.solvency_reading import SolvencyReader
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.verification.chain import read_chain
from tests.chain.fault_proxy import FaultProxy

KEY = "0x" + "11" * 32
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
USDC = Asset(id="USDC", decimals=6, token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")


async def ask(url: str) -> None:
    async with Vault(rpc_url=url, contract=CONTRACT, key=KEY) as vault:
        await vault.balance(USDC)


async def send(url: str) -> None:
    async with Vault(rpc_url=url, contract=CONTRACT, key=KEY) as vault:
        await vault.freeze()


async def leave(url: str) -> None:
    await Leaving(rpc_url=url, contract=CONTRACT, key=KEY).leave()


async def add_up(url: str) -> None:
    async with SolvencyReader(rpc_url=url, contract=CONTRACT) as reader:
        await reader.read()


async def read_batches(url: str) -> None:
    await read_chain(rpc_url=url, contract=CONTRACT)


@pytest.mark.parametrize("call", [ask, send, leave, add_up, read_batches])
async def test_a_providers_key_is_not_repeated(call: Callable[[str], Awaitable[None]]) -> None:
    """As it stands in the address of the node, and the address in what aiohttp says."""
    with stamina.set_testing(True, attempts=1):
        async with FaultProxy("http://127.0.0.1:1", lambda *_: web.Response(status=404)) as proxy:
            with pytest.raises(SettlementError, match="HTTP status 404") as failed:
                await call(f"{proxy.url}/v2/my-api-key")
    assert "my-api-key" not in str(failed.value)
