"""The connections to a node: once closed, they stay closed, whoever still asks."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from web3.types import RPCEndpoint

from hybrid_dex.settlement.evm.provider import HttpProvider

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
