"""The deployed contract as the backend reads it: its logs as facts, its state, its refusals.

It never sends anything. A token that no market of the exchange names is named by its address, a
market that the exchange has not listed by its number; that such a market closes is passed over:
it is asked for when the market is listed.
"""

from collections.abc import Sequence
from typing import Any, Final

import attrs
from eth_abi.exceptions import DecodingError
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import (
    BadFunctionCallOutput,
    ContractLogicError,
    LogTopicError,
    Web3Exception,
)
from web3.types import BlockIdentifier, EventData, LogReceipt, TxParams

from hybrid_dex.errors import (
    ConfigurationError,
    MissingContractError,
    SettlementError,
    StaleArtifactError,
)
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import AccountId, Amount, AssetId, MarketId
from hybrid_dex.settlement.evm.artifact import load_artifact, matches_runtime
from hybrid_dex.settlement.evm.at_once import at_once
from hybrid_dex.settlement.evm.endpoint import RevertedError
from hybrid_dex.settlement.evm.node import Node
from hybrid_dex.settlement.facts import (
    ApprovalRevokedSeen,
    BatchSeen,
    CanceledByReceiptSeen,
    DepositSeen,
    Fact,
    FeesWithdrawnSeen,
    FloorSeen,
    LaneCanceledSeen,
    MarketClosingSeen,
    OrderApprovedSeen,
    RequestCanceledSeen,
    RequestSeen,
    SessionGrantedSeen,
    SessionRevokedSeen,
    Skip,
    SolvencyPublishedSeen,
    VoucherRedeemedSeen,
    WithdrawnSeen,
)
from hybrid_dex.settlement.layout import FillPosition
from hybrid_dex.settlement.ledger import token_names, unlisted_market
from hybrid_dex.signing import keccak256
from hybrid_dex.signing.address import ZERO_ADDRESS

__all__ = ["ChainBatchState", "ChainMarket", "ChainTerms", "Custody", "ExchangeContract"]

_WORD_BYTES: Final = 32
_DECIMALS: Final = HexBytes(keccak256(b"decimals()")[:4])
_EVENTS: Final = (
    "ApprovalRevoked",
    "BatchSettled",
    "CancelRequested",
    "CanceledByReceipt",
    "Deposited",
    "FeesWithdrawn",
    "FillSkipped",
    "FloorRequested",
    "MarketClosing",
    "OrderApproved",
    "SessionGranted",
    "SessionRevoked",
    "SolvencyPublished",
    "VoucherRedeemed",
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


@attrs.frozen(kw_only=True)
class ChainMarket:
    """A market as the contract has it.

    Attributes:
        base: the base token's address.
        quote: the quote token's address.
        lot_size: base atoms per lot.
        tick_size: quote atoms per lot per tick.
        closing: its fills are skipped, or soon will be.
    """

    base: str
    quote: str
    lot_size: int
    tick_size: int
    closing: bool


@attrs.frozen(kw_only=True)
class Custody:
    """What the vault has of a token, atoms.

    Attributes:
        liabilities: what it owes: all balances and fees.
        fees: the part that is the exchange's.
        held: what the token says that it holds; ``None`` if it says nothing.
    """

    liabilities: int
    fees: int
    held: int | None


class ExchangeContract:
    """The contract at one address, for a set of markets that may grow."""

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
            if any(e["type"] == "event" and e["name"] == name for e in self._artifact.abi)
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
        extension = self._node.web3.to_checksum_address(await self._read("EXTENSION"))
        if not matches_runtime(
            load_artifact("ExchangeExtension").runtime, await self._node.code(extension)
        ):
            raise StaleArtifactError(
                f"the code at {extension}, to which {self.address} delegates, is not this package's "
                "ExchangeExtension; use the package that it was deployed with, or deploy again"
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

    async def stopped(self, block: BlockIdentifier) -> str:
        """Return why the contract takes no batch as of a block, or an empty text."""
        frozen, paused = await at_once(
            self._read(name, block=block) for name in ("frozen", "paused")
        )
        if frozen:
            return "settling has ended: the contract is frozen; users withdraw"
        if paused:
            return "the contract is paused: no batch settles until it is unpaused"
        return ""

    async def owed(self, block: BlockIdentifier) -> dict[AssetId, int]:
        """Return what the vault owes of each configured asset as of a block, atoms."""
        tokens = list(self._assets.items())
        amounts = await at_once(
            self._read("liabilities", token, block=block) for token, _ in tokens
        )
        return {asset: amount for (_, asset), amount in zip(tokens, amounts, strict=True)}

    async def balance(self, account: AccountId, asset: AssetId, block: BlockIdentifier) -> int:
        """Return an account's whole balance as of a block, requested withdrawals included."""
        return int(await self._read("balanceOf", account, self._token(asset), block=block))

    async def custody(self, asset: AssetId, block: BlockIdentifier) -> Custody:
        """Return what the vault owes and holds of an asset as of a block."""
        token = self._token(asset)
        contract = self._node.web3.eth.contract(address=token, abi=load_artifact("MockERC20").abi)

        async def held() -> int | None:
            call = contract.functions.balanceOf(self.address)
            try:
                return int(await call.call(block_identifier=block))
            except (ContractLogicError, BadFunctionCallOutput):
                return None  # the token's word, which keeps no other from being compared

        liabilities, fees = await at_once(
            self._read(name, token, block=block) for name in ("liabilities", "feesOf")
        )
        holds = await self._node.ask("balanceOf", held)
        return Custody(liabilities=liabilities, fees=fees, held=holds)

    async def voucher_used(self, account: AccountId, salt: int) -> bool:
        """Return whether a voucher was paid, as of the newest block."""
        return bool(await self._read("voucherUsed", account, salt))

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

    def name(self, market: Market) -> None:
        """Name a market and its tokens in every fact that is read from now on."""
        self._markets[market.number] = market
        self._assets |= token_names(market)
        self._bases = {each.number: each.base.id for each in self._markets.values()}

    async def market(self, number: int, block: BlockIdentifier) -> ChainMarket | None:
        """Return a market as of a block, or ``None`` if there is none of this number."""
        base, quote, lot_size, tick_size, closing_at, _ = await self._read(
            "marketOf", number, block=block
        )
        if base == ZERO_ADDRESS:
            return None
        return ChainMarket(
            base=base,
            quote=quote,
            lot_size=lot_size,
            tick_size=tick_size,
            closing=bool(closing_at),
        )

    async def lists(self, token: str, block: BlockIdentifier) -> bool:
        """Return whether a token can be deposited and traded as of a block."""
        known, _ = await self._read("assetOf", token, block=block)
        return bool(known)

    async def decimals(self, token: str, block: BlockIdentifier) -> int | None:
        """Return what a token says of itself as of a block; ``None`` if it says nothing.

        ERC-20 lets a token be without, so an answer that is none is the token's, not the node's.
        """
        question: TxParams = {"to": Web3.to_checksum_address(token), "data": _DECIMALS}

        async def call() -> bytes:
            return bytes(await self._node.web3.eth.call(question, block))

        try:
            answer = await self._node.ask("decimals", call)
        except RevertedError:
            return None
        return int.from_bytes(answer, "big") if len(answer) == _WORD_BYTES else None

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
        name = event["event"]
        if name in _OF_A_LANE:
            return await self._lane_fact(event)
        if name in _OF_A_MARKET:
            number = event["args"]["market"]
            market = self.market_id(number)
            if market is None and name == "MarketClosing":
                return None
            return _market_fact(event, market or unlisted_market(number))
        if name in _OF_A_TOKEN:
            token = event["args"]["token"]
            return _token_fact(event, self._assets.get(token, AssetId(token)))
        return _other_fact(event)

    async def _lane_fact(self, event: EventData) -> Fact | None:
        values, log = event["args"], event["logIndex"]
        lane = values["lane"]
        asset = await self._base(values["market"]) if lane == 0 else None
        account = AccountId(values["account"])
        if event["event"] == "CancelRequested":
            return LaneCanceledSeen(
                log=log,
                account=account,
                asset=asset,
                lane=lane,
                key=values["key"],
                requested_at_s=values["requestedAt"],
            )
        return CanceledByReceiptSeen(
            log=log,
            account=account,
            asset=asset,
            lane=lane,
            key=values["key"],
            filled=values["filled"],
            sequence=values["sequence"],
        )

    async def _base(self, number: int) -> AssetId:
        """Return the base asset of any market on chain: one not configured may share it."""
        if number not in self._bases:
            base, *_ = await self._read("marketOf", number)
            self._bases[number] = self._assets.get(base, AssetId(base))
        return self._bases[number]

    def _token(self, asset: AssetId) -> ChecksumAddress:
        token = next(token for token, known in self._assets.items() if known == asset)
        return Web3.to_checksum_address(token)

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


_OF_A_LANE: Final = frozenset({"CancelRequested", "CanceledByReceipt"})
_OF_A_MARKET: Final = frozenset({"MarketClosing", "SessionGranted", "SessionRevoked"})
_OF_A_TOKEN: Final = frozenset(
    {
        "Deposited",
        "FeesWithdrawn",
        "FloorRequested",
        "SolvencyPublished",
        "VoucherRedeemed",
        "WithdrawalRequestCanceled",
        "WithdrawalRequested",
        "Withdrawn",
    }
)


def _market_fact(event: EventData, market: MarketId) -> Fact:
    values, log = event["args"], event["logIndex"]
    if event["event"] == "MarketClosing":
        return MarketClosingSeen(log=log, market=market, requested_at_s=values["requestedAt"])
    account, key = AccountId(values["account"]), AccountId(values["key"])
    if event["event"] == "SessionGranted":
        return SessionGrantedSeen(
            log=log,
            account=account,
            key=key,
            market=market,
            buy_budget=values["buyBudget"],
            sell_budget=values["sellBudget"],
            expiry_s=values["expiry"],
        )
    at_s = values["requestedAt"]
    return SessionRevokedSeen(log=log, account=account, key=key, market=market, requested_at_s=at_s)


def _token_fact(event: EventData, asset: AssetId) -> Fact:
    values, log = event["args"], event["logIndex"]
    match event["event"]:
        case "FeesWithdrawn":
            return FeesWithdrawnSeen(log=log, asset=asset, amount=Amount(values["amount"]))
        case "SolvencyPublished":
            return SolvencyPublishedSeen(
                log=log,
                batch=values["batch"],
                asset=asset,
                root=bytes(values["root"]),
                total=values["total"],
                liabilities=values["liabilities"],
                balance=values["balance"],
            )
        case "WithdrawalRequestCanceled":
            account = AccountId(values["account"])
            return RequestCanceledSeen(log=log, account=account, asset=asset)
        case "FloorRequested":
            return FloorSeen(
                log=log,
                account=AccountId(values["account"]),
                asset=asset,
                floor=values["floor"],
                requested_at_s=values["requestedAt"],
            )
        case _:
            return _amount_fact(event, asset, AccountId(values["account"]))


def _amount_fact(event: EventData, asset: AssetId, account: AccountId) -> Fact:
    values, log = event["args"], event["logIndex"]
    amount = Amount(values["amount"])
    match event["event"]:
        case "Deposited":
            return DepositSeen(log=log, account=account, asset=asset, amount=amount)
        case "Withdrawn":
            return WithdrawnSeen(log=log, account=account, asset=asset, amount=amount)
        case "VoucherRedeemed":
            return VoucherRedeemedSeen(
                log=log, account=account, asset=asset, amount=amount, salt=values["salt"]
            )
        case _:
            return RequestSeen(
                log=log,
                account=account,
                asset=asset,
                amount=amount,
                requested_at_s=values["requestedAt"],
            )


def _other_fact(event: EventData) -> Fact:
    values, log = event["args"], event["logIndex"]
    account, order_hash = AccountId(values["account"]), bytes(values["orderHash"])
    if event["event"] == "OrderApproved":
        return OrderApprovedSeen(log=log, account=account, order_hash=order_hash)
    at_s = values["requestedAt"]
    return ApprovalRevokedSeen(log=log, account=account, order_hash=order_hash, requested_at_s=at_s)


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
