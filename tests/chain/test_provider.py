"""The connections to a node: once closed, they stay closed, whoever still asks."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from eth_abi.abi import encode
from web3 import AsyncWeb3
from web3.exceptions import ContractLogicError, OffchainLookup, Web3RPCError
from web3.types import RPCEndpoint

from hybrid_dex.settlement.evm.node import Node
from hybrid_dex.settlement.evm.provider import HttpProvider
from tests.chain.fault_proxy import FaultProxy, Request
from tests.chain.harness import Anvil, World

CHAIN_ID = RPCEndpoint("eth_chainId")


async def test_a_request_after_the_end_opens_nothing() -> None:
    """Else its connections would never be closed."""
    provider = HttpProvider("http://127.0.0.1:9", attempts=3)
    await provider.disconnect()
    with pytest.raises(aiohttp.ClientConnectionError, match="were closed"):
        await asyncio.wait_for(provider.make_request(CHAIN_ID, []), 1)
    assert provider._session is None
    await provider.disconnect()


async def test_a_request_that_is_sent_again_ends_with_the_connections() -> None:
    """One that failed while a sibling's failure had ended the work is not asked again."""
    asked = asyncio.Event()

    async def fail(_: web.Request) -> web.Response:
        asked.set()
        return web.Response(status=503)

    app = web.Application()
    app.router.add_post("/", fail)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    provider = HttpProvider(f"http://{host}:{port}", attempts=100)
    straggler = asyncio.create_task(provider.make_request(CHAIN_ID, []))
    await asked.wait()
    await provider.disconnect()
    with pytest.raises(aiohttp.ClientError):
        await asyncio.wait_for(straggler, 60)
    assert provider._session is None
    await runner.cleanup()


@pytest.mark.parametrize(("levels", "fits"), [(60, True), (90_000, False)])
async def test_an_answer_that_nests_too_deeply_is_refused(
    anvil: Anvil, levels: int, fits: bool
) -> None:
    """It would take the whole process with it."""

    def answer(_: FaultProxy, request: Request) -> object:
        deep = "[" * levels + "]" * levels
        text = f'{{"jsonrpc":"2.0","id":{request["id"]},"result":{deep}}}'
        return web.Response(text=text, content_type="application/json")

    async with FaultProxy(anvil.url, answer) as node:
        provider = HttpProvider(node.url)
        if fits:
            assert (await provider.make_request(CHAIN_ID, []))["result"]
        else:
            with pytest.raises(ValueError, match="nests deeper"):
                await provider.make_request(CHAIN_ID, [])
        await provider.disconnect()


async def test_the_servers_that_a_contract_names_are_not_asked(world: World) -> None:
    """Its revert is all that is told: whose code runs there is anybody's (EIP-3668)."""
    account = AsyncWeb3.to_checksum_address("0x00000000000000000000000000000000000012a7")
    asks = ["address", "string[]", "bytes", "bytes4", "bytes"]
    revert = bytes.fromhex("556f1830") + encode(
        asks, [account, ["https://x.test/{data}"], b"", bytes(4), b""]
    )
    code = f"61{len(revert):04x}80600a5f395ffd" + revert.hex()
    world.anvil.rpc("anvil_setCode", account, "0x" + code)
    provider, node = HttpProvider(world.anvil.url), Node(world.options())
    for web3 in (AsyncWeb3(provider), node.web3):
        with pytest.raises(OffchainLookup):
            await web3.eth.call({"to": account, "data": "0x01"})
    await provider.disconnect()
    await node.close()


@pytest.mark.parametrize(
    "data", [{"see": "https://x.test"}, None, "0x" + "ab" * 8, "https://x.test/limits"]
)
async def test_a_limit_of_the_node_s_is_no_revert(anvil: Anvil, data: object) -> None:
    """Whatever stands beside it: web3 takes data for a contract's."""
    limit = {"code": -32005, "message": "daily request count exceeded", "data": data}
    revert = {"code": 3, "message": "execution reverted", "data": "0x"}
    told = limit

    def answer(_: FaultProxy, request: Request) -> object:
        asked = request["method"] == "eth_call"
        return {"jsonrpc": "2.0", "id": request["id"], "error": told} if asked else None

    async with FaultProxy(anvil.url, answer) as node:
        provider = HttpProvider(node.url)
        web3 = AsyncWeb3(provider)
        with pytest.raises(Web3RPCError, match="daily request count"):
            await web3.eth.call({"to": "0x" + "11" * 20})
        told = revert
        with pytest.raises(ContractLogicError):
            await web3.eth.call({"to": "0x" + "11" * 20})
        await provider.disconnect()
