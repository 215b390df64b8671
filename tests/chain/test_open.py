"""What can not work is refused at the start, in one clear line, and nothing is sent."""

from __future__ import annotations

import attrs
import pytest
from aiohttp import web

from hybrid_dex.errors import (
    ConfigurationError,
    MissingContractError,
    SettlementError,
    StaleArtifactError,
    WrongChainError,
)
from hybrid_dex.settlement.evm import EvmSettlement
from hybrid_dex.signing import keccak256
from tests.chain.fault_proxy import FaultProxy
from tests.chain.harness import OPERATOR_KEY, World, key


async def refused(world: World, settlement: EvmSettlement, error: type[Exception]) -> str:
    """Open, expect the error, and return its text."""
    before = world.anvil.height()
    with pytest.raises(error) as raised:
        await settlement.open(world.deployment.markets)
    await settlement.close()
    assert world.anvil.height() == before
    text = str(raised.value)
    assert "\n" not in text
    assert OPERATOR_KEY[2:] not in text
    return text


async def test_another_chain(world: World) -> None:
    """Both chain ids are named."""
    text = await refused(world, world.settlement(chain_id=2), WrongChainError)
    assert "chain 31337" in text
    assert "chain 2;" in text


async def test_no_contract(world: World) -> None:
    """The address is named."""
    address = "0x000000000000000000000000000000000000dEaD"
    text = await refused(world, world.settlement(contract=address), MissingContractError)
    assert address in text


async def test_another_contract(world: World) -> None:
    """A token at the address is not an Exchange."""
    token = world.market.base.token
    await refused(world, world.settlement(contract=token), StaleArtifactError)


async def test_another_extension(world: World) -> None:
    """What the Exchange delegates to must be ours too: the same but for one byte is not."""
    extension = (
        "0x"
        + world.anvil.rpc(
            "eth_call",
            {"to": world.deployment.contract, "data": "0x" + keccak256(b"EXTENSION()")[:4].hex()},
            "latest",
        ).removeprefix("0x")[-40:]
    )
    code = bytearray.fromhex(world.anvil.rpc("eth_getCode", extension, "latest")[2:])
    code[-1] ^= 1
    world.anvil.rpc("anvil_setCode", extension, "0x" + code.hex())
    text = await refused(world, world.settlement(), StaleArtifactError)
    assert extension in text.lower()


async def test_another_operator(world: World) -> None:
    """A key that may not settle is noticed before the first batch."""
    await refused(world, world.settlement(operator_key=key(77)), ConfigurationError)


async def test_no_key(world: World) -> None:
    """What is no key is not repeated."""
    text = await refused(world, world.settlement(operator_key="hunter2"), ConfigurationError)
    assert "hunter2" not in text


async def test_a_market_with_other_terms(world: World) -> None:
    """Terms on chain and configured ones are both named."""
    settlement = world.settlement()
    other = attrs.evolve(world.market, lot_size=world.market.lot_size * 10)
    with pytest.raises(ConfigurationError, match="ETH-USDC"):
        await settlement.open([other])
    await settlement.close()


async def test_a_store_of_another_contract(world: World) -> None:
    """A store is never mixed with another deployment."""
    settlement = world.settlement()
    await settlement.open(world.deployment.markets)
    await settlement.close()
    from hybrid_dex.settlement.evm.store import SettlementStore

    store = SettlementStore(settlement.options.store_path)
    with pytest.raises(ConfigurationError, match="belongs to"):
        store.open("another contract")


async def test_no_node(world: World) -> None:
    """A node that is down at the start is an error; the caller decides whether to wait."""
    settlement = world.settlement(rpc_urls=("http://127.0.0.1:9/v2/my-api-key",), attempts=2)
    text = await refused(world, settlement, SettlementError)
    assert text.startswith("the node at http://127.0.0.1:9: it does not answer (")
    assert text.endswith("); start it or correct rpc_urls")
    assert "my-api-key" not in text


async def test_something_else_than_a_node(world: World) -> None:
    """A web server that knows no JSON-RPC; its address with the key in it is not repeated."""
    async with FaultProxy(world.anvil.url, lambda *_: web.Response(status=404)) as proxy:
        settlement = world.settlement(rpc_urls=(f"{proxy.url}/v2/my-api-key",), attempts=1)
        text = await refused(world, settlement, SettlementError)
    assert "does not answer (HTTP status 404" in text
    assert "my-api-key" not in text


def test_the_key_is_not_in_the_options_text(tmp_path: object) -> None:
    """Printing the options shows no key."""
    from hybrid_dex.settlement.evm import EvmOptions

    options = EvmOptions(
        rpc_urls=("http://127.0.0.1:1",),
        chain="ethereum",
        contract="0x000000000000000000000000000000000000dEaD",
        operator_key=OPERATOR_KEY,
        store_path=str(tmp_path),
    )
    assert OPERATOR_KEY not in repr(options)
