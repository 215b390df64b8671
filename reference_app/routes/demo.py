"""The demo wallet: a key with play money, and a way to the local chain that needs no extension.

These routes exist only where `Settings.demo_wallet_key` is set, which is refused anywhere but in a demo on the
local chain of this machine. Whoever reaches them may have everything that the key has.
"""

from typing import Any, Final, Literal, TypeAlias

import httpx
import msgspec
from litestar import Request, Response, Router, get, post

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.wire import problem
from reference_app.problems import ProblemError, read_body
from reference_app.services import TheServices

__all__ = ["DemoWallet", "demo_routes"]

AnyRequest = Request[Any, Any, Any]
_TIMEOUT_S: Final = 10.0

Method: TypeAlias = Literal[
    "eth_blockNumber",
    "eth_call",
    "eth_chainId",
    "eth_estimateGas",
    "eth_feeHistory",
    "eth_gasPrice",
    "eth_getBalance",
    "eth_getBlockByNumber",
    "eth_getCode",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_maxPriorityFeePerGas",
    "eth_sendRawTransaction",
]
"""What a wallet asks of a node; nothing that steers the node."""


class DemoWallet(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet for whoever asks.

    Attributes:
        private_key: 0x-hex; worth nothing outside this machine.
        rpc_url: the local chain's node, to be added to another wallet; empty without a chain.
    """

    private_key: str
    rpc_url: str


class RpcRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON-RPC 2.0 request of a wallet."""

    jsonrpc: Literal["2.0"]
    id: int
    method: Method
    params: list[Any] = []


@get("/wallet", include_in_schema=False)
async def get_wallet(services: TheServices) -> DemoWallet:
    """Get the demo's wallet."""
    urls = services.settings.chain.rpc_urls
    return DemoWallet(
        private_key=services.settings.demo_wallet_key, rpc_url=urls[0] if urls else ""
    )


@post("/rpc", status_code=200, include_in_schema=False)
async def call_chain(request: AnyRequest, services: TheServices) -> Response[bytes]:
    """Pass a wallet's question on to the local chain."""
    asked = await read_body(request, RpcRequest)
    urls = services.settings.chain.rpc_urls
    if not urls:
        raise ProblemError(problem(RejectReason.NOT_FOUND, "there is no chain here"))
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S) as chain:
            reply = await chain.post(
                urls[0],
                content=msgspec.json.encode(asked),
                headers={"content-type": "application/json"},
            )
    except httpx.HTTPError as error:
        raise ProblemError(
            problem(RejectReason.UNAVAILABLE, "the local chain does not answer")
        ) from error
    return Response(reply.content, media_type="application/json")


demo_routes = Router("/demo", route_handlers=[get_wallet, call_chain])
