"""EvmContractWallets: whether an account that is a contract accepts a signature (ERC-1271).

One read of the newest block, with a cap on gas and time, since whose code runs there is anybody's.
Nodes are asked in their order until one answers; one that failed several times in a row is left
alone for a while, and then tried by one call only. It never sends anything.
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
from web3.exceptions import ContractLogicError, Web3Exception, Web3RPCError

from hybrid_dex.errors import UnavailableError
from hybrid_dex.settlement.evm.provider import HttpProvider

__all__ = ["EvmContractWallets"]

_SELECTOR: Final = bytes.fromhex("1626ba7e")
"""Of ``isValidSignature(bytes32,bytes)``, which is also what it answers for a good signature."""
_GOOD: Final = _SELECTOR + bytes(28)
_GAS: Final = 3_000_000
_REFUSALS: Final = (ContractLogicError, Web3RPCError)
"""What the contract's own code may bring about: a revert, or running out of the gas it is given."""


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
            default_threshold=failures, default_ttl=rest_s, exclude=list(_REFUSALS)
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
                    answer = await self._ask(node, call)
                except _REFUSALS:
                    return False
                except (Web3Exception, aiohttp.ClientError, OSError, ValueError, OpenedState):
                    continue  # the next one may answer
                return answer[:32] == _GOOD
        raise UnavailableError(
            "the chain can not be asked now whether a contract signed; try again later"
        )

    async def _ask(self, node: _Node, call: dict[str, str]) -> bytes:
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

    async def _called(self, node: _Node, call: dict[str, str]) -> bytes:
        async with asyncio.timeout(self._timeout_s):
            if await node.web3.eth.chain_id != self._chain_id:
                raise ValueError("another chain")
            return bytes(HexBytes(await node.web3.eth.call(call)))
