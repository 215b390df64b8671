"""The nodes of one chain, seen as one: what is asked of them, and what their answers mean.

It decides nothing about trades. One node at a time is in use; `survey` holds it against the others
and may choose another one, and nothing else does. So whoever asks several things between two
surveys sees one node's view, or an error, and never two views mixed.

The one call that changes something, sending a signed transaction, may be repeated like the others:
the same bytes are the same transaction.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from eth_typing import ChecksumAddress, HexStr
from hexbytes import HexBytes
from web3 import AsyncWeb3, Web3
from web3.exceptions import TransactionNotFound, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers.async_base import AsyncJSONBaseProvider
from web3.types import (
    BlockIdentifier,
    BlockReceipts,
    FilterParams,
    LogReceipt,
    RPCEndpoint,
    RPCResponse,
    TxParams,
    TxReceipt,
)

from hybrid_dex.errors import SettlementError, WrongChainError
from hybrid_dex.settlement.endpoints import (
    ALARMING,
    EndpointHealth,
    Standing,
    choose,
    common_height,
    judge,
)
from hybrid_dex.settlement.evm.at_once import at_once
from hybrid_dex.settlement.evm.endpoint import (
    Endpoint,
    Header,
    RefusedQuestionError,
    RevertedError,
    is_refused,
    read_header,
)
from hybrid_dex.settlement.evm.node_words import Sent, sent_as
from hybrid_dex.settlement.evm.options import EvmOptions
from hybrid_dex.settlement.evm.provider import HttpProvider
from hybrid_dex.settlement.reconciliation import Block
from hybrid_dex.signing import keccak256

__all__ = ["Header", "Node", "RevertedError", "Sent"]

_T = TypeVar("_T")

_TIP: Final = RPCEndpoint("eth_maxPriorityFeePerGas")
_FEE_ORACLE: Final = Web3.to_checksum_address("0x420000000000000000000000000000000000000F")
"""The OP Stack's ``GasPriceOracle``."""
_GET_DATA_FEE: Final = keccak256(b"getL1Fee(bytes)")[:4]
_SIGNED_REST: Final = b"\xff" * 128
"""Stands for what a signed transaction holds besides its calldata."""


class _InUse(AsyncJSONBaseProvider):
    """Passes requests to the node in use."""

    global_ccip_read_enabled = HttpProvider.global_ccip_read_enabled

    def __init__(self, current: Callable[[], Endpoint]) -> None:
        super().__init__()
        self._current = current

    async def make_request(self, method: RPCEndpoint, params: object) -> RPCResponse:
        return await self._current().provider.make_request(method, params)


class Node:
    """Connections to all nodes; made without IO, closed with `close`."""

    def __init__(self, options: EvmOptions) -> None:
        self._options = options
        self._endpoints = [Endpoint(url, options) for url in options.rpc_urls]
        self._standings: list[tuple[Standing, str]] = [(Standing.GOOD, "")] * len(self._endpoints)
        self._current = 0
        self.web3: AsyncWeb3[_InUse] = AsyncWeb3(_InUse(lambda: self._endpoints[self._current]))
        self.web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)

    async def close(self) -> None:
        """Close the connections. Safe to call twice."""
        for endpoint in self._endpoints:
            await endpoint.close()

    @property
    def place(self) -> str:
        """Scheme, host and port of the node in use."""
        return self._endpoints[self._current].place

    @property
    def endpoints(self) -> tuple[EndpointHealth, ...]:
        """What is thought of each node, as of the last survey."""
        return tuple(
            EndpointHealth(
                place=endpoint.place,
                standing=standing,
                detail=detail,
                in_use=index == self._current,
            )
            for index, (endpoint, (standing, detail)) in enumerate(
                zip(self._endpoints, self._standings, strict=True)
            )
        )

    @property
    def alarm(self) -> str:
        """What a person should see to about the nodes, or an empty text."""
        return "; ".join(
            f"node {node.place} is {node.standing}: {node.detail}"
            for node in self.endpoints
            if node.standing in ALARMING
        )

    async def survey(self, anchor: Block | None, now_s: int) -> bool:
        """Ask every node for its chain and head; return whether another one is used from now on.

        Args:
            anchor: the block that is final here, if one is.
            now_s: Unix seconds.

        Raises:
            WrongChainError: every node serves another chain.
            SettlementError: none can be used now.
        """
        chain_id = self._options.chain_id
        heights = () if anchor is None else (anchor.number,)
        answers = await at_once(each.answer(heights) for each in self._endpoints)
        height = common_height(answers, chain_id=chain_id, now_s=now_s)
        if height is not None:
            for index, endpoint in enumerate(self._endpoints):
                answer = answers[index]
                if answer.head is not None and height not in answer.hashes:
                    answers[index] = await endpoint.compared(answer, height)
        self._standings = judge(
            answers,
            chain_id=chain_id,
            anchor=anchor,
            height=height,
            current=self._current,
            now_s=now_s,
            lag_s=self._options.node_lag_s,
        )
        chosen = choose([standing for standing, _ in self._standings], self._current)
        if chosen is None:
            raise self._unusable()
        another, self._current = chosen != self._current, chosen
        return another

    def _unusable(self) -> SettlementError:
        told = "; ".join(f"the node at {node.place}: {node.detail}" for node in self.endpoints)
        if all(standing is Standing.WRONG_CHAIN for standing, _ in self._standings):
            return WrongChainError(f"{told}; correct rpc_urls or the chain")
        return SettlementError(f"{told}; start it or correct rpc_urls")

    async def agree(self, block: Block) -> None:
        """Make sure that no node of the chain has another block at this height.

        Called before a block counts as final: one node alone is not believed so much. A node that
        is down, behind, or out by a survey has no say.

        Raises:
            SettlementError: one has.
        """
        others = [
            endpoint
            for index, endpoint in enumerate(self._endpoints)
            if index != self._current
            and self._standings[index][0] in {Standing.GOOD, Standing.DISPUTED}
        ]
        found = await at_once(endpoint.answer((block.number,)) for endpoint in others)
        for endpoint, answer in zip(others, found, strict=True):
            if answer.hashes.get(block.number, block.hash) != block.hash:
                raise SettlementError(
                    f"the nodes disagree on block {block.number}: {endpoint.place} has another one "
                    f"than {self.place}; nothing becomes final until "
                    "they agree"
                )

    async def ask(self, what: str, call: Callable[[], Awaitable[_T]]) -> _T:
        """Make a call to the node in use, with repetitions.

        Raises:
            RevertedError: the contract refused it.
            SettlementError: the node does not answer, or not with what was asked for.
        """
        return await self._endpoints[self._current].ask(what, call)

    async def header(self, block: BlockIdentifier) -> Header | None:
        """Return a block's header, or ``None`` if the node does not have it."""
        return await self.ask("block", lambda: read_header(self.web3, block))

    async def headers(self, first: int, last: int) -> list[Header | None]:
        """Return the headers of a range of heights, both included, asked for at once."""
        return await at_once(self.header(height) for height in range(first, last + 1))

    async def logs(self, address: ChecksumAddress, first: int, last: int) -> Sequence[LogReceipt]:
        """Return the logs of a contract in a range of blocks, both included.

        Raises:
            RefusedQuestionError: the node refuses: the range may be too wide, or hold too much.
            SettlementError: the node does not answer.
        """
        query: FilterParams = {
            "address": address,
            "fromBlock": first,
            "toBlock": last,
        }

        async def call() -> Sequence[LogReceipt]:
            return await self.web3.eth.get_logs(query)

        try:
            return await self.ask("logs", call)
        except SettlementError as error:
            if is_refused(error.__cause__):
                raise RefusedQuestionError(str(error)) from error
            raise

    async def receipt_logs(self, address: ChecksumAddress, header: Header) -> list[LogReceipt]:
        """Return the logs of a contract in a block, from all receipts of the block.

        That is dear, and can be checked: a node whose index is behind, or that leaves something
        out, contradicts the header.

        Raises:
            SettlementError: the receipts are not those of the block, or not all.
        """
        wanted = HexBytes(header.block.hash)

        async def call() -> BlockReceipts:
            return await self.web3.eth.get_block_receipts(wanted)

        receipts = await self.ask("receipts", call)
        if not header.is_told_by(receipts):
            raise SettlementError(
                f"the node's receipts of block {header.block.number} are not those that its header "
                "commits to: it leaves some out, or is not synchronised"
            )
        return [log for receipt in receipts for log in receipt["logs"] if log["address"] == address]

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
                found = await self.web3.eth.get_transaction_receipt(HexStr(transaction))
            except TransactionNotFound:
                return None
            if found["transactionHash"] != HexBytes(transaction):
                raise SettlementError("the node answered with another transaction's receipt")
            return found

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
            answer = await self.web3.provider.make_request(_TIP, [])
            found = answer.get("result")
            return int(found, 16) if isinstance(found, str) else 0

        return await self.ask("tip", call)

    async def data_fee(self, data: bytes) -> int:
        """Return what an OP Stack chain charges for calldata, apart from gas, in wei."""
        wrapped = data + _SIGNED_REST
        argument = (32).to_bytes(32, "big") + len(wrapped).to_bytes(32, "big")
        argument += wrapped + bytes(-len(wrapped) % 32)
        call: TxParams = {"to": _FEE_ORACLE, "data": HexBytes(_GET_DATA_FEE + argument)}

        async def ask() -> int:
            return int.from_bytes(await self.web3.eth.call(call), "big")

        return await self.ask("data fee", ask)

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
            return sent_as(words), words
        return Sent.ACCEPTED, ""
