"""Reads from a node alone what a vault owes and what it holds, at one block.

Nobody's server is asked but the node's. The accounts come from the contract's own logs: whoever
holds a balance has deposited once, since nothing else brings an account into the ledger. Whether
all were found is proven by the sum: balances and fees must add up to ``liabilities``, which the
contract keeps by itself. A node that leaves out a log, or that fails on the way, never yields a
reading that looks solvent.

What is not checked here: that the node tells the truth. Ask two, or your own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import attrs
from eth_typing import ChecksumAddress
from web3 import AsyncWeb3
from web3.contract.async_contract import AsyncContractFunction
from web3.exceptions import BlockNotFound
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import BlockData, EventData, TxParams

from hybrid_dex.errors import (
    ConfigurationError,
    MissingContractError,
    SettlementError,
    StaleArtifactError,
)
from hybrid_dex.settlement.contract_history import (
    RefusedQuestionError,
    answer,
    first_block,
    read_events,
)
from hybrid_dex.settlement.evm.artifact import load_artifact, matches_runtime
from hybrid_dex.settlement.evm.at_once import at_once
from hybrid_dex.settlement.evm.provider import ATTEMPTS, HttpProvider
from hybrid_dex.signing.solvency import PublishedRoot, SumTree

__all__ = ["SolvencyReader", "SolvencyReading", "TokenReading"]

_T = TypeVar("_T")
_EVENTS: Final = ("AssetListed", "Deposited", "SolvencyPublished")
_SYMBOL_LENGTH: Final = 16
_MOST_DECIMALS: Final = 77
_VIEW_GAS: Final = 2_000_000
"""What a question to a token may cost: a hostile one can not keep the node busy."""


@attrs.frozen(kw_only=True)
class TokenReading:
    """What the vault owes and holds of one token, atoms.

    Attributes:
        token: EIP-55 address.
        symbol: what the token calls itself, shortened and printable; its address if it does not.
        decimals: how the token wants amounts shown; 0 if it does not say.
        balances: by account (EIP-55), without zeros.
        fees: collected and not yet paid out.
        liabilities: what the contract says that it owes.
        held: what the token says that the vault holds; ``None`` when it does not answer.
    """

    token: str
    symbol: str
    decimals: int
    balances: Mapping[str, int] = attrs.field(repr=False)
    fees: int
    liabilities: int
    held: int | None

    @property
    def owed(self) -> int:
        """What accounts and fees add up to."""
        return sum(self.balances.values()) + self.fees

    @property
    def complaint(self) -> str:
        """Why this token is not proven solvent, or an empty text."""
        if self.owed != self.liabilities:
            return (
                f"balances and fees add up to {self.owed}, the contract owes {self.liabilities}: "
                "the node left out logs, or the ledger is broken"
            )
        if self.held is None:
            return "the token does not say what the vault holds"
        if self.held < self.liabilities:
            return f"the vault holds {self.liabilities - self.held} less than it owes"
        return ""

    def tree(self) -> SumTree:
        """Return the Merkle-sum tree over what is owed."""
        return SumTree.of(self.token, self.balances, fees=self.fees)


@attrs.frozen(kw_only=True)
class SolvencyReading:
    """A vault at one block.

    Attributes:
        chain_id: the chain (EIP-155).
        contract: EIP-55 address of the ``Exchange``.
        block: number of the block.
        timestamp_s: of that block, Unix seconds.
        accounts: how many accounts ever deposited.
        tokens: each listed token that was asked for.
        published: the roots that were ever published, also after the block, oldest first.
    """

    chain_id: int
    contract: str
    block: int
    timestamp_s: int
    accounts: int
    tokens: tuple[TokenReading, ...]
    published: tuple[PublishedRoot, ...]

    @property
    def solvent(self) -> bool:
        """Whether every token is: all that is owed was found, and is there."""
        return all(not token.complaint for token in self.tokens)


class SolvencyReader:
    """Reads one vault through one node. Use it in ``async with``.

    Args:
        rpc_url: the node's JSON-RPC address.
        contract: EIP-55 address of the deployed ``Exchange``.
        any_code: accept a contract whose code is not this package's ``Exchange``.
        blocks_per_query: the widest range of blocks asked for at once; a node that refuses it is
            asked for less.
        concurrency: calls at once.
        request_timeout_s: limit of one call.
        progress: called with what is read, how much of it, and how much there is.
    """

    def __init__(
        self,
        *,
        rpc_url: str,
        contract: str,
        any_code: bool = False,
        blocks_per_query: int = 10_000,
        concurrency: int = 8,
        request_timeout_s: float = 30.0,
        progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
    ) -> None:
        if not AsyncWeb3.is_checksum_address(contract):
            raise ConfigurationError(f"contract {contract!r} is no EIP-55 address")
        if blocks_per_query < 1 or concurrency < 1:
            raise ConfigurationError("blocks_per_query and concurrency are at least 1")
        self._provider = HttpProvider(rpc_url, timeout_s=request_timeout_s, attempts=ATTEMPTS)
        self._web3 = AsyncWeb3(self._provider)
        self._web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
        self._exchange = self._web3.eth.contract(
            address=AsyncWeb3.to_checksum_address(contract), abi=load_artifact("Exchange").abi
        )
        self._token_abi = load_artifact("MockERC20").abi
        self._any_code = any_code
        self._blocks = blocks_per_query
        self._slots = asyncio.Semaphore(concurrency)
        self._progress = progress

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection. Safe to call twice."""
        await self._provider.disconnect()

    async def read(
        self,
        *,
        block: int | None = None,
        tokens: Sequence[str] = (),
        from_block: int | None = None,
    ) -> SolvencyReading:
        """Read everything at one block.

        Args:
            block: its number; the newest by default. The node must still have its state.
            tokens: EIP-55 addresses; all listed tokens by default.
            from_block: where the logs begin; by default the block that holds the contract first.

        Raises:
            ConfigurationError: a token is not listed, or the block does not exist.
            MissingContractError: there is no contract at the address at that block.
            StaleArtifactError: there is another one.
            SettlementError: the node does not answer, or its chain changed on the way.
        """
        header = await self._header("latest" if block is None else block)
        number = header["number"]
        await self._check_code(number)
        first = from_block
        if first is None:
            first = await first_block(self._exchange, number)
        newest = (await self._header("latest"))["number"]
        accounts: set[str] = set()
        listed: dict[str, None] = {}
        published: list[PublishedRoot] = []
        events = await read_events(
            self._exchange,
            _EVENTS,
            first=first,
            last=max(number, newest),
            blocks_per_query=self._blocks,
            progress=self._progress,
        )
        for event in events:
            if event["event"] == "SolvencyPublished":
                published.append(_published(event))
            elif event["blockNumber"] > number:
                continue  # of no balance at that block
            elif event["event"] == "AssetListed":
                listed[event["args"]["token"]] = None
            else:
                accounts.add(event["args"]["account"])
        unknown = [token for token in tokens if token not in listed]
        if unknown:
            raise ConfigurationError(
                f"{unknown[0]} is not listed at {self._exchange.address}; listed are: "
                + (", ".join(listed) or "none")
            )
        chosen = list(dict.fromkeys(tokens)) or list(listed)
        readings = await self._tokens(chosen, sorted(accounts), number)
        again = await self._header(number)
        if again["hash"] != header["hash"]:
            raise SettlementError(
                f"the chain changed below block {number} while it was read; run it again, or name "
                "an older block"
            )
        return SolvencyReading(
            chain_id=await answer("eth_chainId", self._web3.eth.chain_id),
            contract=str(self._exchange.address),
            block=number,
            timestamp_s=header["timestamp"],
            accounts=len(accounts),
            tokens=tuple(readings),
            published=tuple(each for each in published if each.token in set(chosen)),
        )

    async def published(
        self, token: str, *, from_block: int | None = None
    ) -> tuple[PublishedRoot, ...]:
        """Return the roots that the operator published for a token, the oldest first.

        Args:
            token: EIP-55 address.
            from_block: as of `read`.

        Raises: as `read`.
        """
        newest = (await self._header("latest"))["number"]
        await self._check_code(newest)
        events = await read_events(
            self._exchange,
            ("SolvencyPublished",),
            first=await first_block(self._exchange, newest) if from_block is None else from_block,
            last=newest,
            blocks_per_query=self._blocks,
            progress=self._progress,
        )
        found = (_published(event) for event in events)
        return tuple(root for root in found if root.token == token)

    # The contract

    async def _header(self, which: Any) -> BlockData:  # noqa: ANN401 # web3's own block names
        try:
            return await answer("eth_getBlockByNumber", self._web3.eth.get_block(which))
        except BlockNotFound:
            raise ConfigurationError(f"the node does not have block {which}") from None

    async def _check_code(self, block: int) -> None:
        address: ChecksumAddress = self._exchange.address
        code = bytes(await answer("eth_getCode", self._web3.eth.get_code(address, block)))
        if not code:
            raise MissingContractError(
                f"there is no contract at {address} at block {block}; check address and node"
            )
        if self._any_code:
            return
        extension = ""
        if matches_runtime(load_artifact("Exchange").runtime, code):
            view = self._exchange.functions.EXTENSION()
            extension = await answer("EXTENSION", view.call(block_identifier=block))
        if extension:
            code = bytes(
                await answer(
                    "eth_getCode",
                    self._web3.eth.get_code(AsyncWeb3.to_checksum_address(extension), block),
                )
            )
        if not extension or not matches_runtime(load_artifact("ExchangeExtension").runtime, code):
            raise StaleArtifactError(
                f"the code at {extension or address} is not this package's Exchange, so what it "
                "says proves nothing; use the package that it was deployed with"
            )

    # Balances

    async def _tokens(
        self, tokens: Sequence[str], accounts: Sequence[str], block: int
    ) -> list[TokenReading]:
        done, total = 0, len(tokens) * (len(accounts) + 5)

        async def call(function: AsyncContractFunction, options: TxParams | None = None) -> Any:  # noqa: ANN401 # what the ABI says
            nonlocal done
            async with self._slots:
                result = await function.call(options, block_identifier=block)
            done += 1
            self._progress("answer", done, total)
            return result

        views = self._exchange.functions
        readings = []
        for token in tokens:
            amounts = await at_once(
                answer("balanceOf", call(views.balanceOf(account, token))) for account in accounts
            )
            fees, liabilities = await at_once(
                answer(view.fn_name, call(view))
                for view in (views.feesOf(token), views.liabilities(token))
            )
            asked = self._web3.eth.contract(
                address=AsyncWeb3.to_checksum_address(token), abi=self._token_abi
            ).functions
            held, symbol, decimals = await at_once(
                self._of_token(view.fn_name, call(view, {"gas": _VIEW_GAS}))
                for view in (
                    asked.balanceOf(self._exchange.address),
                    asked.symbol(),
                    asked.decimals(),
                )
            )
            readings.append(
                TokenReading(
                    token=token,
                    symbol=_symbol(symbol) or token,
                    decimals=decimals if decimals and decimals <= _MOST_DECIMALS else 0,
                    balances={a: n for a, n in zip(accounts, amounts, strict=True) if n},
                    fees=fees,
                    liabilities=liabilities,
                    held=held,
                )
            )
        return readings

    async def _of_token(self, what: str, call: Awaitable[_T]) -> _T | None:
        """Ask a token, which may be hostile: a refusal or nonsense is no answer."""
        try:
            return await answer(what, call)
        except RefusedQuestionError:
            return None
        except SettlementError as error:
            if isinstance(error.__cause__, UnicodeDecodeError):  # its own name for itself
                return None
            raise


def _symbol(text: object) -> str:
    """Return a token's own name for itself, made harmless: it may hold anything."""
    if not isinstance(text, str):
        return ""
    return "".join(letter for letter in text if letter.isascii() and letter.isprintable())[
        :_SYMBOL_LENGTH
    ].strip()


def _published(event: EventData) -> PublishedRoot:
    values = event["args"]
    return PublishedRoot(
        block=event["blockNumber"],
        batch=values["batch"],
        token=values["token"],
        root=bytes(values["root"]),
        total=values["total"],
        liabilities=values["liabilities"],
        balance=values["balance"],
    )
