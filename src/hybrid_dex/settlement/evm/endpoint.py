"""One node's address: a connection, a circuit breaker, and what a survey asks it.

A call that fails for a passing reason is repeated a few times with growing waits; what fails after
that is a `SettlementError`, and whoever asked waits and asks again. A node that failed several
times in a row is left alone for a while; then one call, and only one, tries it.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import aiohttp
import attrs
import stamina
from hexbytes import HexBytes
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import CLOSED, OpenedState
from purgatory.service._async.circuitbreaker import AsyncCircuitBreaker
from web3 import AsyncWeb3
from web3.exceptions import (
    BadResponseFormat,
    BlockNotFound,
    ContractLogicError,
    RequestTimedOut,
    TooManyRequests,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import BlockIdentifier, TxReceipt

from hybrid_dex.errors import SettlementError
from hybrid_dex.settlement.endpoints import Answer
from hybrid_dex.settlement.evm.options import EvmOptions
from hybrid_dex.settlement.evm.provider import HttpProvider
from hybrid_dex.settlement.reconciliation import Block
from hybrid_dex.signing import keccak256

__all__ = [
    "Endpoint",
    "Header",
    "RefusedQuestionError",
    "RevertedError",
    "is_refused",
    "plain",
    "read_header",
]

_T = TypeVar("_T")

_LIMIT_EXCEEDED: Final = -32005
"""EIP-1474: what providers answer to too many requests, and some to a question for too much."""
_TOO_WIDE: Final = re.compile("range|results|logs", re.IGNORECASE)
_REFUSED: Final = frozenset({400, 413})
"""How servers say by HTTP that they do not take a question."""
_SURVEY_ATTEMPTS: Final = 2
"""A survey waits for its slowest node."""


class RefusedQuestionError(SettlementError):
    """A question that the node, or the contract that was asked, refuses."""


class RevertedError(SettlementError):
    """A call that the contract refuses.

    Attributes:
        data: what it reverted with, 0x-hex, or an empty string.
    """

    def __init__(self, message: str, data: str) -> None:
        super().__init__(message)
        self.data = data


@attrs.frozen(kw_only=True)
class Header:
    """A block, as far as its logs and its gas go.

    Attributes:
        block: the block.
        base_fee: wei per gas.
        bloom: the filter over its logs, 256 bytes.
        transactions: hashes of its transactions, in order.
    """

    block: Block
    base_fee: int
    bloom: bytes = attrs.field(repr=False)
    transactions: tuple[bytes, ...] = attrs.field(repr=False)

    def may_concern(self, address: bytes) -> bool:
        """Whether the block may hold logs of a contract; if not, it certainly holds none."""
        bits = _bloom_of(address)
        return int.from_bytes(self.bloom, "big") & bits == bits

    def is_told_by(self, receipts: Sequence[TxReceipt]) -> bool:
        """Whether these are the block's receipts: all of them, with all their logs.

        One for each transaction, logs numbered without a gap, and in sum the filter of the header.
        """
        if tuple(bytes(receipt["transactionHash"]) for receipt in receipts) != self.transactions:
            return False
        logs = [log for receipt in receipts for log in receipt["logs"]]
        if [log["logIndex"] for log in logs] != list(range(len(logs))):
            return False
        if any(bytes(log["blockHash"]) != self.block.hash for log in logs):
            return False
        entries = {bytes(HexBytes(log["address"])) for log in logs}
        entries.update(bytes(topic) for log in logs for topic in log["topics"])
        bloom = 0
        for entry in entries:
            bloom |= _bloom_of(entry)
        return bloom == int.from_bytes(self.bloom, "big")


def _bloom_of(entry: bytes) -> int:
    """Return the bits that an address or topic sets (Yellow Paper, 4.3.1)."""
    digest = keccak256(entry)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 0x7FF)
    return bits


async def read_header(
    web3: AsyncWeb3[Any],  # Any: whatever provider carries it
    block: BlockIdentifier,
) -> Header | None:
    """Return a block's header, or ``None`` if the node does not have it.

    Raises:
        SettlementError: it is another block's: answers got mixed up on the way.
    """
    try:
        found = await web3.eth.get_block(block)
    except BlockNotFound:
        return None
    if isinstance(block, int) and found["number"] != block:
        raise SettlementError(f"the node answered block {found['number']} for block {block}")
    return Header(
        block=Block(
            number=found["number"],
            hash=bytes(found["hash"]),
            parent=bytes(found["parentHash"]),
            timestamp_s=found["timestamp"],
        ),
        base_fee=found.get("baseFeePerGas", 0),
        bloom=bytes(found["logsBloom"]),
        transactions=tuple(
            bytes(each) for each in found["transactions"] if isinstance(each, HexBytes)
        ),
    )


class Endpoint:
    """A connection to one node; made without IO, closed with `close`."""

    def __init__(self, url: str, options: EvmOptions) -> None:
        self._options = options
        self.place = _place(url)
        self.provider = HttpProvider(url, timeout_s=options.request_timeout_s)
        self.web3 = AsyncWeb3(self.provider)
        self.web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=options.failures,
            default_ttl=options.rest_s,
            exclude=[(Exception, lambda error: not _passing(error))],
        )
        self._breaker: AsyncCircuitBreaker | None = None
        self._trying = False

    async def close(self) -> None:
        """Close the connection. Safe to call twice."""
        await self.provider.disconnect()

    async def ask(
        self, what: str, call: Callable[[], Awaitable[_T]], *, attempts: int | None = None
    ) -> _T:
        """Make a call with repetitions.

        Raises:
            RevertedError: the contract refused it.
            SettlementError: the node does not answer, not with what was asked for, or is left
                alone for a while.
        """
        try:
            async for attempt in stamina.retry_context(
                on=_passing,
                attempts=attempts or self._options.attempts,
                timeout=None,
                wait_initial=self._options.retry_wait_s,
                wait_max=self._options.request_timeout_s,
                wait_jitter=self._options.retry_wait_s,
            ):
                with attempt:
                    return await self._guarded(call)
        except ContractLogicError as error:
            data = error.data if isinstance(error.data, str) else ""
            raise RevertedError(f"{what}: {error.message or 'reverted'}", data) from error
        except OpenedState as error:
            raise SettlementError(
                f"{what}: the node at {self.place} failed {self._options.failures} times in a row; "
                f"it is tried again within {self._options.rest_s:g} s"
            ) from error
        except (Web3Exception, aiohttp.ClientError, OSError, ValueError) as error:
            raise SettlementError(f"{what}: {type(error).__name__}: {plain(error)}") from error
        raise SettlementError(f"{what}: no attempt was made")

    async def answer(self, heights: Iterable[int] = ()) -> Answer:
        """Return what the node says of its chain, its newest block, and the blocks at heights."""
        try:
            chain_id = await self.ask("chain id", self._chain_id, attempts=_SURVEY_ATTEMPTS)
            if chain_id != self._options.chain_id:
                return Answer(chain_id=chain_id)
            head = await self.header("latest")
            hashes = {}
            for height in heights:
                found = await self.header(height)
                if found is not None:
                    hashes[height] = found.block.hash
        except SettlementError as error:
            return Answer(error=self._reason(error))
        if head is None:
            return Answer(chain_id=chain_id, error="it has no block")
        return Answer(chain_id=chain_id, head=head.block, hashes=hashes)

    async def compared(self, answer: Answer, height: int) -> Answer:
        """Return an answer with the block at one more height."""
        try:
            found = await self.header(height)
        except SettlementError:
            return answer
        if found is None:
            return answer
        return attrs.evolve(answer, hashes={**answer.hashes, height: found.block.hash})

    async def header(self, block: BlockIdentifier) -> Header | None:
        """Return a block's header, or ``None`` if the node does not have it."""
        call = partial(read_header, self.web3, block)
        return await self.ask("block", call, attempts=_SURVEY_ATTEMPTS)

    async def _chain_id(self) -> int:
        return await self.web3.eth.chain_id

    async def _guarded(self, call: Callable[[], Awaitable[_T]]) -> _T:
        if self._breaker is None:
            self._breaker = await self._breakers.get_breaker(self.place)
        context = self._breaker.context
        if context.state == CLOSED:
            async with self._breaker:
                return await call()
        # Half open, the library lets everybody through: one permit makes it one call.
        if self._trying:
            raise OpenedState(self.place)
        self._trying = True
        try:
            async with self._breaker:
                return await call()
        finally:
            self._trying = False

    def _reason(self, error: SettlementError) -> str:
        cause = error.__cause__
        if cause is None or isinstance(cause, Web3RPCError | OpenedState):
            return str(error)
        return f"it does not answer ({plain(cause) or type(cause).__name__})"


def plain(error: BaseException) -> str:
    """Say what went wrong without the node's address: providers put their keys into it."""
    if isinstance(error, Web3RPCError):
        return str(error.message)
    if isinstance(error, aiohttp.ClientResponseError):
        return f"HTTP status {error.status} {error.message}".rstrip()
    return str(error)


def is_refused(error: BaseException | None) -> bool:
    """Whether a node refused what it was asked, and would refuse it again."""
    if not isinstance(error, Web3RPCError | aiohttp.ClientResponseError):
        return False
    return not _passing(error)


def _passing(error: BaseException) -> bool:
    """Whether the same call may succeed a moment later."""
    if isinstance(error, Web3RPCError):
        answer = error.rpc_response or {}
        detail = answer.get("error")
        limited = isinstance(detail, dict) and detail.get("code") == _LIMIT_EXCEEDED
        return limited and not _TOO_WIDE.search(str(error.message))
    if isinstance(error, aiohttp.ClientResponseError) and error.status in _REFUSED:
        return False
    return isinstance(
        error,
        aiohttp.ClientError
        | OSError  # TimeoutError too
        | BadResponseFormat
        | RequestTimedOut
        | TooManyRequests
        | ValueError,  # a body that is not JSON
    ) and not isinstance(error, ContractLogicError | BlockNotFound | TransactionNotFound)


def _place(url: str) -> str:
    """Return scheme, host and port of an address: what follows may be a key."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"
