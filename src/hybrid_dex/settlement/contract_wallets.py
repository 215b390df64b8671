"""EvmContractWallets: whether an account that is a contract accepts a signature (ERC-1271).

One read of the newest block, with a cap on gas and time, since whose code runs there is anybody's.
Nodes are asked in their order until one answers; one that failed several times in a row is left
alone for a while, and then tried by one call only. It never sends anything, and never asks the
servers that a contract names (EIP-3668).

An error that is not known for the contract's own word is no answer: the next node is asked. It
counts as a failure of the node only if another call fails there, too. Besu calls it an internal
error when code fails without a revert, and nobody's code shall put a node out of use.
"""

import asyncio
from typing import Any, Final

import aiohttp
import attrs
from eth_abi.abi import encode
from hexbytes import HexBytes
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import CLOSED, OpenedState
from web3 import AsyncWeb3
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint, RPCResponse

from hybrid_dex.errors import UnavailableError
from hybrid_dex.settlement.evm.node_words import is_contracts_word
from hybrid_dex.settlement.evm.provider import HttpProvider

__all__ = ["EvmContractWallets"]

_SELECTOR: Final = bytes.fromhex("1626ba7e")
"""Of ``isValidSignature(bytes32,bytes)``, which is also what it answers for a good signature."""
_GOOD: Final = _SELECTOR + bytes(28)
_GAS: Final = 3_000_000
_CALL: Final = RPCEndpoint("eth_call")
_NOBODY: Final = "0x" + "00" * 20
"""Has no code, so a call of it comes to nothing."""


class _UnclearError(Exception):
    """A node answers this call with an error, and another call well."""


@attrs.define
class _Node:
    """One node's connection; ``trying`` holds the one call that may try it after failures."""

    url: str = attrs.field(repr=False)
    web3: Any
    trying: bool = False


class EvmContractWallets:
    """Asks the nodes of one chain; made without IO.

    Args:
        rpc_urls: the nodes, the preferred first.
        chain_id: the chain that they have to serve.
        timeout_s: how long one node may take.
        failures: after how many in a row a node is left alone.
        rest_s: for how long.
        at_once: calls under way together; more wait.
    """

    def __init__(
        self,
        *,
        rpc_urls: list[str],
        chain_id: int,
        timeout_s: float = 5.0,
        failures: int = 3,
        rest_s: float = 30.0,
        at_once: int = 8,
    ) -> None:
        self._nodes = [
            _Node(url, AsyncWeb3(HttpProvider(url, timeout_s=timeout_s))) for url in rpc_urls
        ]
        self._chain_id = chain_id
        self._timeout_s = timeout_s
        self._permits = asyncio.Semaphore(at_once)
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=failures, default_ttl=rest_s, exclude=[_UnclearError]
        )

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        for node in self._nodes:
            await node.web3.provider.disconnect()

    async def is_valid(self, account: str, digest: bytes, signature: bytes) -> bool:
        """Return whether the account is a contract that accepts the signature now.

        Raises:
            UnavailableError: no node answers.
        """
        data = _SELECTOR + encode(["bytes32", "bytes"], [digest, signature])
        call = {"to": account, "data": "0x" + data.hex(), "gas": hex(_GAS)}
        async with self._permits:
            for node in self._nodes:
                try:
                    return await self._ask(node, call)
                except (
                    _UnclearError,
                    Web3Exception,
                    aiohttp.ClientError,
                    OSError,
                    ValueError,
                    OpenedState,
                ):
                    continue  # the next one may answer
        raise UnavailableError(
            "the chain can not be asked now whether a contract signed; try again later"
        )

    async def _ask(self, node: _Node, call: dict[str, str]) -> bool:
        breaker = await self._breakers.get_breaker(node.url)
        if breaker.context.state == CLOSED:
            async with breaker:
                return await self._called(node, call)
        # Half open, the library lets everybody through: one permit makes it one call.
        if node.trying:
            raise OpenedState(node.url)
        node.trying = True
        try:
            async with breaker:
                return await self._called(node, call)
        finally:
            node.trying = False

    async def _called(self, node: _Node, call: dict[str, str]) -> bool:
        async with asyncio.timeout(self._timeout_s):
            if await node.web3.eth.chain_id != self._chain_id:
                raise ValueError("another chain")
            answer = await _answer(node, call)
            error = answer.get("error")
            if error is None:
                return bytes(HexBytes(str(answer.get("result"))))[:32] == _GOOD
            if is_contracts_word(error):
                return False
            other = await _answer(node, {**call, "to": _NOBODY})
            if other.get("error") is not None:
                raise ValueError("the node answers no call")
            raise _UnclearError


async def _answer(node: _Node, call: dict[str, str]) -> RPCResponse:
    """Call without web3's own reading of the answer.

    It takes some errors of the node's for a revert, and asks the servers that a contract names.
    """
    answer: RPCResponse = await node.web3.provider.make_request(_CALL, [call, "latest"])
    return answer
