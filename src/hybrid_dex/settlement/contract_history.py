"""What a contract's logs say from its first block on, read through any node.

Nodes limit how many blocks or logs one question may span, each in its own way and words, so a
question that is refused is asked again for half the range. What cannot be read is an error, never
an empty answer. Whether the node left something out is not seen here.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import aiohttp
from eth_abi.exceptions import DecodingError
from web3.contract import AsyncContract
from web3.exceptions import (
    BadFunctionCallOutput,
    BlockNotFound,
    ContractLogicError,
    Web3Exception,
    Web3RPCError,
)
from web3.types import EventData, FilterParams, LogReceipt

from hybrid_dex.errors import SettlementError
from hybrid_dex.settlement.evm.endpoint import RefusedQuestionError, plain

__all__ = ["RefusedQuestionError", "answer", "first_block", "read_events"]

_T = TypeVar("_T")


async def answer(what: str, call: Awaitable[_T]) -> _T:
    """Wait for a node's answer.

    Args:
        what: names the question in an error.
        call: web3's call.

    Raises:
        RefusedQuestionError: the contract, or the node, refuses what was asked.
        SettlementError: the node does not answer.
    """
    try:
        return await call
    except BlockNotFound:
        raise
    except (ContractLogicError, BadFunctionCallOutput, Web3RPCError, OverflowError) as error:
        # OverflowError is eth_abi's, of a text that says to be longer than any memory.
        raise RefusedQuestionError(f"{what}: {plain(error)}") from error
    except (Web3Exception, aiohttp.ClientError, OSError, ValueError) as error:
        words = plain(error) or type(error).__name__
        raise SettlementError(f"{what}: the node does not answer: {words}") from error


async def first_block(contract: AsyncContract, last: int) -> int:
    """Return the block that holds the contract first; 0 when the node keeps no old states."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        try:
            code = await answer("eth_getCode", contract.w3.eth.get_code(contract.address, middle))
        except SettlementError:
            return 0
        low, high = (low, middle) if code else (middle + 1, high)
    return low


async def read_events(
    contract: AsyncContract,
    names: Sequence[str],
    *,
    first: int,
    last: int,
    blocks_per_query: int,
    progress: Callable[[str, int, int], None],
) -> list[EventData]:
    """Return the contract's events of some names in a range of blocks, in order.

    Args:
        contract: with an ABI that knows the names.
        names: of events.
        first: where to begin.
        last: the last block that is looked at.
        blocks_per_query: the widest range asked for at once.
        progress: called with ``block``, where it is, and where it ends.

    Raises:
        RefusedQuestionError: the node refuses to tell a single block's logs.
        SettlementError: the node does not answer, or with what it was not asked for.
    """
    kinds = [contract.events[name]() for name in names]
    topics = {bytes.fromhex(kind.topic.removeprefix("0x")): kind for kind in kinds}
    found: list[EventData] = []
    span = blocks_per_query
    while first <= last:
        to = min(last, first + span - 1)
        progress("block", first, last)
        try:
            logs = await _logs(contract, first, to, list(topics))
        except RefusedQuestionError:
            if to == first:
                raise
            span = max(1, (to - first + 1) // 2)  # too wide, or too much, for this node
            continue
        for log in sorted(logs, key=lambda each: (each["blockNumber"], each["logIndex"])):
            try:
                found.append(topics[bytes(log["topics"][0])].process_log(log))
            except (Web3Exception, DecodingError) as error:
                raise SettlementError(f"a log of the contract can not be read: {error}") from error
        first, span = to + 1, min(blocks_per_query, span * 2)
    return found


async def _logs(
    contract: AsyncContract, first: int, last: int, topics: Sequence[bytes]
) -> list[LogReceipt]:
    wanted: FilterParams = {
        "address": contract.address,
        "fromBlock": first,
        "toBlock": last,
        "topics": [["0x" + topic.hex() for topic in topics]],
    }
    logs = await answer("eth_getLogs", contract.w3.eth.get_logs(wanted))
    for log in logs:
        if log["address"] != contract.address or not first <= log["blockNumber"] <= last:
            raise SettlementError("the node gave logs that it was not asked for")
    return logs
