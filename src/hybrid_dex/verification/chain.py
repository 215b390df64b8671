"""Chain: the settled batches of a contract, and who its operator is, read from a node alone.

Whether the node tells the truth is not seen here; that it left a batch out shows, since batches are
numbered and each repeats the root of the one before.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from eth_abi.exceptions import DecodingError
from web3 import AsyncWeb3
from web3.contract import AsyncContract
from web3.exceptions import Web3Exception
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import EventData

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.settlement.contract_history import answer, first_block, read_events
from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.settlement.evm.provider import ATTEMPTS, HttpProvider
from hybrid_dex.verification.settled import SettledBatch, SkippedFill

__all__ = ["ChainReading", "read_chain"]


@attrs.frozen(kw_only=True)
class ChainReading:
    """What a node says of a contract.

    Attributes:
        chain_id: the chain.
        operator: who signs for the exchange now.
        batches: every batch, in order.
    """

    chain_id: int
    operator: str
    batches: tuple[SettledBatch, ...]


async def read_chain(
    *,
    rpc_url: str,
    contract: str,
    from_block: int | None = None,
    blocks_per_query: int = 10_000,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> ChainReading:
    """Read every batch that a contract applied.

    Args:
        rpc_url: the node's JSON-RPC address.
        contract: EIP-55 address of the deployed ``Exchange``.
        from_block: where its logs begin; found if the node keeps old states.
        blocks_per_query: the widest range of blocks asked for at once.
        progress: called with what is read, how far, and how far that goes.

    Raises:
        ConfigurationError: the contract is no address.
        SettlementError: the node does not answer, or a batch was not settled by a plain call.
    """
    if not AsyncWeb3.is_checksum_address(contract):
        raise ConfigurationError(f"contract {contract!r} is no EIP-55 address")
    provider = HttpProvider(rpc_url, attempts=ATTEMPTS)
    web3 = AsyncWeb3(provider)
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    exchange = web3.eth.contract(
        address=AsyncWeb3.to_checksum_address(contract), abi=load_artifact("Exchange").abi
    )
    try:
        head = int(await answer("eth_blockNumber", web3.eth.block_number))
        first = await first_block(exchange, head) if from_block is None else from_block
        events = await read_events(
            exchange,
            ("BatchSettled", "FillSkipped"),
            first=first,
            last=head,
            blocks_per_query=blocks_per_query,
            progress=progress,
        )
        return ChainReading(
            chain_id=int(await answer("eth_chainId", web3.eth.chain_id)),
            operator=str(await answer("operator", exchange.functions.operator().call())),
            batches=tuple(await _batches(web3, exchange, events)),
        )
    finally:
        await provider.disconnect()


async def _batches(
    web3: AsyncWeb3[Any], exchange: AsyncContract, events: Sequence[EventData]
) -> list[SettledBatch]:
    """A batch's skipped fills stand before it in the logs."""
    batches: list[SettledBatch] = []
    skipped: list[SkippedFill] = []
    for event in events:
        said: Mapping[str, Any] = event["args"]
        if event["event"] == "FillSkipped":
            skipped.append(
                SkippedFill(
                    market=said["market"],
                    sequence=said["sequence"],
                    index=said["index"],
                    culprit=said["culprit"],
                    reason=said["reason"],
                )
            )
            continue
        found = await answer(
            "eth_getTransactionByHash", web3.eth.get_transaction(event["transactionHash"])
        )
        try:
            _, arguments = exchange.decode_function_input(found["input"])
            data = bytes(arguments["batch"])
        except (Web3Exception, DecodingError, KeyError, ValueError) as error:
            raise SettlementError(f"a batch was not settled by a plain settle: {error}") from error
        batches.append(
            SettledBatch(
                data=data,
                skipped=tuple(skipped),
                transaction="0x" + bytes(event["transactionHash"]).hex(),
            )
        )
        skipped = []
    return batches
