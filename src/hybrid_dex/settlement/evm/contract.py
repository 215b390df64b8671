"""The deployed contract as the backend reads it: its logs as facts, its state, its refusals.

It never sends anything. Tokens and markets that the exchange was not configured with are passed
over: their funds are safe in the vault, but nothing here can name them.
"""

from collections.abc import Sequence
from typing import Any, Final

import attrs
from eth_abi.exceptions import DecodingError
from eth_typing import ChecksumAddress
from web3.exceptions import LogTopicError, Web3Exception
from web3.types import BlockIdentifier, EventData, LogReceipt

from hybrid_dex.errors import (
    ConfigurationError,
    MissingContractError,
    SettlementError,
    StaleArtifactError,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import AccountId, Amount, AssetId, MarketId
from hybrid_dex.settlement.evm.artifact import load_artifact, matches_runtime
from hybrid_dex.settlement.evm.node import Node
from hybrid_dex.settlement.layout import FillPosition
from hybrid_dex.settlement.reconciliation import (
    BatchSeen,
    DepositSeen,
    Fact,
    FloorSeen,
    FrozenSeen,
    LaneCanceledSeen,
    MarketClosingSeen,
    RequestCanceledSeen,
    RequestSeen,
    Skip,
    WithdrawnSeen,
)
from hybrid_dex.signing import keccak256

__all__ = ["ChainBatchState", "ChainTerms", "ExchangeContract"]

_EVENTS: Final = (
    "BatchSettled",
    "CancelRequested",
    "Deposited",
    "FillSkipped",
    "FloorRequested",
    "Frozen",
    "MarketClosing",
    "WithdrawalRequestCanceled",
    "WithdrawalRequested",
    "Withdrawn",
)


@attrs.frozen(kw_only=True)
class ChainBatchState:
    """What the contract says of the last batch."""

    number: int
    matched_through_s: int
    sequence: int
    root: bytes


@attrs.frozen(kw_only=True)
class ChainTerms:
    """The delays that a deployment fixes, in seconds."""

    watch_lag_s: int
    window_max_s: int
    exit_delay_s: int


class ExchangeContract:
    """The contract at one address, for a set of markets."""

    def __init__(self, node: Node, address: ChecksumAddress, markets: Sequence[Market]) -> None:
        self._node = node
        self._artifact = load_artifact("Exchange")
        self.address = address
        self._markets = {market.number: market for market in markets}
        self._assets: dict[str, AssetId] = {}
        for market in markets:
            for asset in (market.base, market.quote):
                if asset.token is None:
                    raise ConfigurationError(
                        f"asset {asset.id} has no token address; settlement on chain needs one"
                    )
                if self._assets.setdefault(asset.token, asset.id) != asset.id:
                    raise ConfigurationError(
                        f"{asset.id} and {self._assets[asset.token]} name the same token"
                    )
        if len(self._markets) != len(markets):
            raise ConfigurationError("two markets have the same number")
        self._bases = {market.number: market.base.id for market in markets}
        self._contract = node.web3.eth.contract(address=address, abi=self._artifact.abi)
        self._topics = {
            self._contract.events[name]().topic.removeprefix("0x"): self._contract.events[name]()
            for name in _EVENTS
        }
        self._errors = {
            keccak256(_signature(entry).encode())[:4].hex(): str(entry["name"])
            for entry in self._artifact.abi
            if entry["type"] == "error"
        }

    async def check(self, operator: ChecksumAddress) -> ChainTerms:
        """Make sure that it is our contract, with our markets and operator; return its terms.

        Raises:
            MissingContractError: no code at the address.
            StaleArtifactError: other code than the package's artifact.
            ConfigurationError: a market has other terms there, or none, or the operator is another.
        """
        code = await self._node.code(self.address)
        if not code:
            raise MissingContractError(
                f"there is no contract at {self.address} on this chain; deploy it, or correct the "
                "address"
            )
        if not matches_runtime(self._artifact.runtime, code):
            raise StaleArtifactError(
                f"the code at {self.address} is not this package's Exchange; use the package "
                "that it was deployed with, or deploy again"
            )
        for market in self._markets.values():
            await self._check_market(market)
        found = await self._read("operator")
        if found != operator:
            raise ConfigurationError(
                f"the contract's operator is {found}, operator_key is the key of {operator}"
            )
        watch_lag_s = await self._read("WATCH_LAG")
        window_max_s = await self._read("WINDOW_MAX")
        return ChainTerms(
            watch_lag_s=watch_lag_s,
            window_max_s=window_max_s,
            exit_delay_s=await self._read("EXIT_DELAY"),
        )

    async def batch_state(self, block: BlockIdentifier) -> ChainBatchState:
        """Return the state of settling as of a block."""
        number, through_s, sequence, root = await self._read("batchState", block=block)
        return ChainBatchState(
            number=number, matched_through_s=through_s, sequence=sequence, root=bytes(root)
        )

    async def frozen(self, block: BlockIdentifier) -> bool:
        """Return whether settling has ended."""
        return bool(await self._read("frozen", block=block))

    def settle_calldata(self, batch: bytes) -> bytes:
        """Return the calldata of ``settle``."""
        encoded = self._contract.encode_abi("settle", args=[batch])
        return bytes.fromhex(encoded.removeprefix("0x"))

    def settle_argument(self, calldata: bytes) -> bytes:
        """Return the batch in the calldata of ``settle``.

        Raises:
            SettlementError: it calls something else.
        """
        try:
            _, arguments = self._contract.decode_function_input(calldata)
            return bytes(arguments["batch"])
        except (Web3Exception, DecodingError, KeyError, ValueError) as error:
            raise SettlementError(f"a batch was not settled by a plain settle: {error}") from error

    def refusal(self, data: str) -> str:
        """Return the name of the error that the contract reverted with, or its bytes."""
        selector = data.removeprefix("0x")[:8]
        return self._errors.get(selector, data or "without a reason")

    async def facts(self, logs: Sequence[LogReceipt]) -> tuple[Fact, ...]:
        """Return what the logs of one block say, in order.

        Raises:
            SettlementError: one can not be read, or the node does not answer.
        """
        facts: list[Fact] = []
        skips: list[Skip] = []
        for log in sorted(logs, key=lambda entry: entry["logIndex"]):
            event = self._decode(log)
            if event is None:
                continue
            if event["event"] == "FillSkipped":
                skips.append(_skip(event))
            elif event["event"] == "BatchSettled":
                facts.append(_batch(event, tuple(skips)))
                skips.clear()
            else:
                fact = await self._fact(event)
                if fact is not None:
                    facts.append(fact)
        return tuple(facts)

    def market_id(self, number: int) -> MarketId | None:
        """Return a market's symbol by its number on chain."""
        market = self._markets.get(number)
        return market.id if market is not None else None

    def _decode(self, log: LogReceipt) -> EventData | None:
        if not log["topics"]:
            return None
        event = self._topics.get(bytes(log["topics"][0]).hex())
        if event is None:
            return None
        try:
            decoded: EventData = event.process_log(log)
        except (LogTopicError, DecodingError, Web3Exception) as error:
            raise SettlementError(f"a log of the contract can not be read: {error}") from error
        return decoded

    async def _fact(self, event: EventData) -> Fact | None:
        values, log = event["args"], event["logIndex"]
        if event["event"] == "Frozen":
            return FrozenSeen(log=log)
        if event["event"] == "MarketClosing":
            market = self._markets.get(values["market"])
            if market is None:
                return None
            closing_s = values["requestedAt"]
            return MarketClosingSeen(log=log, market=market.id, requested_at_s=closing_s)
        account = AccountId(values["account"])
        if event["event"] == "CancelRequested":
            return await self._lane_canceled(log, account, values)
        asset = self._assets.get(values["token"])
        if asset is None:
            return None
        match event["event"]:
            case "Deposited":
                amount = Amount(values["amount"])
                return DepositSeen(log=log, account=account, asset=asset, amount=amount)
            case "Withdrawn":
                amount = Amount(values["amount"])
                return WithdrawnSeen(log=log, account=account, asset=asset, amount=amount)
            case "WithdrawalRequestCanceled":
                return RequestCanceledSeen(log=log, account=account, asset=asset)
            case "WithdrawalRequested":
                return RequestSeen(
                    log=log,
                    account=account,
                    asset=asset,
                    amount=Amount(values["amount"]),
                    requested_at_s=values["requestedAt"],
                )
            case _:
                return FloorSeen(
                    log=log,
                    account=account,
                    asset=asset,
                    floor=values["floor"],
                    requested_at_s=values["requestedAt"],
                )

    async def _lane_canceled(
        self,
        log: int,
        account: AccountId,
        values: dict[str, Any],  # Any: decoded arguments of an event
    ) -> LaneCanceledSeen | None:
        lane = values["lane"]
        asset = await self._base(values["market"]) if lane == 0 else None
        if asset is None and lane == 0:
            return None  # no order here has that base
        return LaneCanceledSeen(
            log=log,
            account=account,
            asset=asset,
            lane=lane,
            key=values["key"],
            requested_at_s=values["requestedAt"],
        )

    async def _base(self, number: int) -> AssetId | None:
        """Return the base asset of any market on chain: one not configured may share it."""
        if number not in self._bases:
            base, *_ = await self._read("marketOf", number)
            asset = self._assets.get(base)
            if asset is None:
                return None
            self._bases[number] = asset
        return self._bases[number]

    async def _check_market(self, market: Market) -> None:
        base, quote, lot_size, tick_size, *_ = await self._read("marketOf", market.number)
        found = (base, quote, lot_size, tick_size)
        wanted = (market.base.token, market.quote.token, market.lot_size, market.tick_size)
        if found != wanted:
            raise ConfigurationError(
                f"market {market.id} is number {market.number} with (base, quote, lot size, tick "
                f"size) {wanted}, on chain it is {found}; list it there, or correct it here"
            )

    async def _read(
        self, name: str, *arguments: int | str, block: BlockIdentifier = "latest"
    ) -> Any:  # noqa: ANN401 # what the ABI says
        async def call() -> Any:  # noqa: ANN401 # what the ABI says
            return await self._contract.functions[name](*arguments).call(block_identifier=block)

        return await self._node.ask(name, call)


def _skip(event: EventData) -> Skip:
    values = event["args"]
    return Skip(
        FillPosition(values["market"], values["sequence"], values["index"]),
        values["culprit"],
        values["reason"],
    )


def _batch(event: EventData, skips: tuple[Skip, ...]) -> BatchSeen:
    values = event["args"]
    return BatchSeen(
        log=event["logIndex"],
        number=values["number"],
        root=bytes(values["root"]),
        up_to=values["upTo"],
        matched_through_s=values["matchedThrough"],
        transaction="0x" + bytes(event["transactionHash"]).hex(),
        skips=skips,
    )


def _signature(entry: dict[str, Any]) -> str:  # Any: JSON of the ABI specification
    return f"{entry['name']}({','.join(part['type'] for part in entry['inputs'])})"
