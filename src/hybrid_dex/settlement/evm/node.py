"""One JSON-RPC node, seen through web3: what is asked of it, and what its answers mean.

It decides nothing. A call that fails for a passing reason is repeated a few times with growing
waits; what fails after that is a `SettlementError`, and whoever asked waits and asks again. The
one call that changes something, sending a signed transaction, may be repeated like the others:
the same bytes are the same transaction.
"""

import enum
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar
from urllib.parse import urlsplit

import aiohttp
import attrs
import stamina
from eth_typing import ChecksumAddress, HexStr
from hexbytes import HexBytes
from web3 import AsyncHTTPProvider, AsyncWeb3
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
from web3.types import BlockIdentifier, FilterParams, LogReceipt, RPCEndpoint, TxParams, TxReceipt

from hybrid_dex.errors import SettlementError
from hybrid_dex.settlement.evm.options import EvmOptions
from hybrid_dex.settlement.reconciliation import Block
from hybrid_dex.signing import keccak256

__all__ = ["Header", "Node", "RevertedError", "Sent"]

_T = TypeVar("_T")

_TIP: Final = RPCEndpoint("eth_maxPriorityFeePerGas")
_LIMIT_EXCEEDED: Final = -32005
"""EIP-1474: what providers answer to too many requests."""


class RevertedError(SettlementError):
    """A call that the contract refuses.

    Attributes:
        data: what it reverted with, 0x-hex, or an empty string.
    """

    def __init__(self, message: str, data: str) -> None:
        super().__init__(message)
        self.data = data


class Sent(enum.Enum):
    """What a node said to a signed transaction."""

    ACCEPTED = "accepted"
    """It has it now, or had it already."""
    UNKNOWN = "unknown"
    """No answer: it may have it."""
    NONCE_USED = "nonce used"
    UNDERPRICED = "underpriced"
    """It wants more, for a replacement or at all."""
    REFUSED = "refused"


@attrs.frozen(kw_only=True)
class Header:
    """A block, its base fee in wei per gas, and the bloom filter over its logs."""

    block: Block
    base_fee: int
    bloom: bytes = attrs.field(repr=False)

    def may_concern(self, address: bytes) -> bool:
        """Whether the block may hold logs of a contract; if not, it certainly holds none."""
        digest = keccak256(address)
        bits = (int.from_bytes(digest[at : at + 2], "big") & 0x7FF for at in (0, 2, 4))
        return all(self.bloom[-1 - (bit >> 3)] >> (bit & 7) & 1 for bit in bits)


def _passing(error: Exception) -> bool:
    """Whether the same call may succeed a moment later."""
    if isinstance(error, Web3RPCError):
        answer = error.rpc_response or {}
        detail = answer.get("error")
        return isinstance(detail, dict) and detail.get("code") == _LIMIT_EXCEEDED
    return isinstance(
        error,
        aiohttp.ClientError
        | OSError  # TimeoutError too
        | BadResponseFormat
        | RequestTimedOut
        | TooManyRequests
        | ValueError,  # a body that is not JSON
    ) and not isinstance(error, ContractLogicError | BlockNotFound | TransactionNotFound)


class Node:
    """A connection; made without IO, closed with `close`."""

    def __init__(self, options: EvmOptions) -> None:
        self._options = options
        timeout = aiohttp.ClientTimeout(total=options.request_timeout_s)
        self._provider = AsyncHTTPProvider(
            options.rpc_url,
            request_kwargs={"timeout": timeout},
            exception_retry_configuration=None,
        )
        self.web3 = AsyncWeb3(self._provider)
        self.web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)

    async def close(self) -> None:
        """Close the connection. Safe to call twice."""
        await self._provider.disconnect()

    async def ask(self, what: str, call: Callable[[], Awaitable[_T]]) -> _T:
        """Make a call with repetitions.

        Raises:
            RevertedError: the contract refused it.
            SettlementError: the node does not answer, or not with what was asked for.
        """
        try:
            async for attempt in stamina.retry_context(
                on=_passing,
                attempts=self._options.attempts,
                timeout=None,
                wait_initial=self._options.retry_wait_s,
                wait_max=self._options.request_timeout_s,
                wait_jitter=self._options.retry_wait_s,
            ):
                with attempt:
                    return await call()
        except ContractLogicError as error:
            data = error.data if isinstance(error.data, str) else ""
            raise RevertedError(f"{what}: {error.message or 'reverted'}", data) from error
        except (Web3Exception, aiohttp.ClientError, OSError, ValueError) as error:
            raise SettlementError(f"{what}: {type(error).__name__}: {_plain(error)}") from error
        raise SettlementError(f"{what}: no attempt was made")

    async def chain_id(self) -> int:
        """Return the chain that the node serves."""

        async def call() -> int:
            return await self.web3.eth.chain_id

        try:
            return await self.ask("chain id", call)
        except SettlementError as error:
            cause = error.__cause__
            if cause is None or isinstance(cause, Web3RPCError):
                raise
            raise SettlementError(
                f"the node at {_place(self._options.rpc_url)} does not answer "
                f"({_plain(cause) or type(cause).__name__}); start it or correct rpc_url"
            ) from cause

    async def header(self, block: BlockIdentifier) -> Header | None:
        """Return a block's header, or ``None`` if the node does not have it."""

        async def call() -> Header | None:
            try:
                found = await self.web3.eth.get_block(block)
            except BlockNotFound:
                return None
            return Header(
                block=Block(
                    number=found["number"],
                    hash=bytes(found["hash"]),
                    parent=bytes(found["parentHash"]),
                    timestamp_s=found["timestamp"],
                ),
                base_fee=found.get("baseFeePerGas", 0),
                bloom=bytes(found["logsBloom"]),
            )

        return await self.ask("block", call)

    async def logs(self, address: ChecksumAddress, first: int, last: int) -> Sequence[LogReceipt]:
        """Return the logs of a contract in a range of blocks, both included."""
        query: FilterParams = {
            "address": address,
            "fromBlock": first,
            "toBlock": last,
        }

        async def call() -> Sequence[LogReceipt]:
            return await self.web3.eth.get_logs(query)

        return await self.ask("logs", call)

    async def block_logs(self, address: ChecksumAddress, block: bytes) -> Sequence[LogReceipt]:
        """Return the logs of a contract in the block of a hash: never those of a rival block."""
        query: FilterParams = {"address": address, "blockHash": HexBytes(block)}

        async def call() -> Sequence[LogReceipt]:
            return await self.web3.eth.get_logs(query)

        return await self.ask("logs", call)

    async def receipt_logs(self, address: ChecksumAddress, block: bytes) -> Sequence[LogReceipt]:
        """Return the same from the block's receipts: dear, and beyond doubt."""
        wanted = HexBytes(block)

        async def call() -> Sequence[LogReceipt]:
            receipts = await self.web3.eth.get_block_receipts(wanted)
            return [
                log for receipt in receipts for log in receipt["logs"] if log["address"] == address
            ]

        return await self.ask("receipts", call)

    async def code(self, address: ChecksumAddress) -> bytes:
        """Return the code at an address."""

        async def call() -> bytes:
            return bytes(await self.web3.eth.get_code(address))

        return await self.ask("code", call)

    async def nonce(self, address: ChecksumAddress, block: BlockIdentifier) -> int:
        """Return how many transactions an account has in the chain up to a block."""

        async def call() -> int:
            return await self.web3.eth.get_transaction_count(address, block)

        return await self.ask("nonce", call)

    async def receipt(self, transaction: str) -> TxReceipt | None:
        """Return a transaction's receipt, or ``None`` while it is in no block."""

        async def call() -> TxReceipt | None:
            try:
                return await self.web3.eth.get_transaction_receipt(HexStr(transaction))
            except TransactionNotFound:
                return None

        return await self.ask("receipt", call)

    async def calldata(self, transaction: str) -> bytes | None:
        """Return a transaction's calldata, or ``None`` if the node does not know it."""

        async def call() -> bytes | None:
            try:
                found = await self.web3.eth.get_transaction(HexStr(transaction))
            except TransactionNotFound:
                return None
            return bytes(HexBytes(found["input"]))

        return await self.ask("transaction", call)

    async def tip(self) -> int:
        """Return the tip that the node suggests, wei per gas; 0 from one that suggests none."""

        async def call() -> int:
            # Not web3's own property: that one warns and computes something else on any error.
            answer = await self._provider.make_request(_TIP, [])
            found = answer.get("result")
            return int(found, 16) if isinstance(found, str) else 0

        return await self.ask("tip", call)

    async def simulate(self, transaction: TxParams, block: BlockIdentifier) -> None:
        """Run a call without sending it. Raises `RevertedError` when the contract refuses it."""

        async def call() -> bytes:
            return bytes(await self.web3.eth.call(transaction, block))

        await self.ask("simulation", call)

    async def estimate_gas(self, transaction: TxParams, block: BlockIdentifier) -> int:
        """Return the gas that a call needs now."""

        async def call() -> int:
            return await self.web3.eth.estimate_gas(transaction, block)

        return await self.ask("gas estimate", call)

    async def send(self, raw: bytes) -> tuple[Sent, str]:
        """Send signed bytes; return what came of it, and in the node's words."""

        async def call() -> bytes:
            return bytes(await self.web3.eth.send_raw_transaction(raw))

        try:
            await self.ask("send", call)
        except SettlementError as error:
            cause = error.__cause__
            words = str(error)
            if not isinstance(cause, Web3RPCError):
                return Sent.UNKNOWN, words
            return _meaning(words), words
        return Sent.ACCEPTED, ""


_MEANINGS: Final = (
    ("already known", Sent.ACCEPTED),
    ("already imported", Sent.ACCEPTED),
    ("already in mempool", Sent.ACCEPTED),
    ("known transaction", Sent.ACCEPTED),
    ("nonce too low", Sent.NONCE_USED),
    ("nonce is too low", Sent.NONCE_USED),
    ("underpriced", Sent.UNDERPRICED),
    ("fee too low", Sent.UNDERPRICED),
    ("less than block base fee", Sent.UNDERPRICED),
    ("fee cap", Sent.UNDERPRICED),
    ("gas price too low", Sent.UNDERPRICED),
)
"""Nodes agree on no error codes here, so it is their words that count."""


def _meaning(words: str) -> Sent:
    lower = words.lower()
    return next((sent for part, sent in _MEANINGS if part in lower), Sent.REFUSED)


def _plain(error: BaseException) -> str:
    """Say what went wrong without the node's address: providers put their keys into it."""
    if isinstance(error, Web3RPCError):
        return str(error.message)
    if isinstance(error, aiohttp.ClientResponseError):
        return f"HTTP status {error.status} {error.message}".rstrip()
    return str(error)


def _place(url: str) -> str:
    """Return scheme, host and port of an address: what follows may be a key."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"
