"""Reconciliation: which blocks hold, which facts in them count, and what the engine is told.

Pure. It is fed blocks one after another, each checked against its parent, and answers with
commands. It never asks a node anything and must never treat as final what can still go away.

Two rules decide when a fact counts:

- What *adds* (a deposit, a paid withdrawal, a request taken back) counts once its block is final.
  Its position, ``block << 24 | log index``, lets the engine refuse a repeat.
- What *weakens* an order or a balance (a requested withdrawal, a canceled lane, a raised floor, a
  closing market) counts in the newest block already: the contract gives settlement only so long to
  see it. A market that closes on chain is halted; only an operator opens it again.

So the amount that an account can not trade is the largest that any prefix of the blocks that are
not final would ask for: a new request counts at once, its end only when final. A reorganisation
that takes a request away gives the amount back, unless the request came again in the same look.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import attrs
import msgspec

from hybrid_dex.errors import SettlementError
from hybrid_dex.model.commands import (
    Command,
    CompleteWithdrawal,
    Deposit,
    RaiseFloor,
    RequestWithdrawal,
    RevokeLane,
    SetMarketState,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.units import MAX_AMOUNT, AccountId, Amount, AssetId
from hybrid_dex.settlement.facts import (
    ApprovalRevokedSeen,
    BatchSeen,
    CanceledByReceiptSeen,
    DepositSeen,
    Fact,
    FeesWithdrawnSeen,
    FloorSeen,
    FrozenSeen,
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
    position,
)

__all__ = [
    "ApprovalRevokedSeen",
    "BatchSeen",
    "Block",
    "CanceledByReceiptSeen",
    "Chain",
    "DeepReorganisationError",
    "DepositSeen",
    "Fact",
    "FeesWithdrawnSeen",
    "FloorSeen",
    "FrozenSeen",
    "LaneCanceledSeen",
    "Ledger",
    "LedgerState",
    "MarketClosingSeen",
    "OrderApprovedSeen",
    "RequestCanceledSeen",
    "RequestSeen",
    "SessionGrantedSeen",
    "SessionRevokedSeen",
    "Skip",
    "SolvencyPublishedSeen",
    "VoucherRedeemedSeen",
    "WithdrawnSeen",
    "position",
]


class DeepReorganisationError(SettlementError):
    """The chain replaced a block that counted as final: nothing more may be concluded from it."""


@attrs.frozen(kw_only=True)
class Block:
    """A block header, as far as following a chain needs it.

    Attributes:
        number: its height.
        hash: 32 bytes.
        parent: hash of the block below.
        timestamp_s: Unix seconds.
    """

    number: int
    hash: bytes
    parent: bytes
    timestamp_s: int


@attrs.define
class Chain:
    """The blocks that are followed: one that is final, and those above it.

    Attributes:
        final: the highest block that can no longer go away.
        tail: the blocks above it, in order.
        confirmations: how many blocks must stand on a block before it is final.
    """

    final: Block
    confirmations: int
    tail: list[Block] = attrs.field(factory=list)

    @property
    def head(self) -> Block:
        """The newest block that was accepted."""
        return self.tail[-1] if self.tail else self.final

    def extends(self, block: Block) -> bool:
        """Whether a block is the child of the head."""
        return block.number == self.head.number + 1 and block.parent == self.head.hash

    def append(self, block: Block) -> None:
        """Accept the next block; check `extends` first."""
        if not self.extends(block):
            raise SettlementError(f"block {block.number} does not follow {self.head.number}")
        self.tail.append(block)

    def drop(self) -> Block:
        """Give up the head: the chain went another way.

        Raises:
            DeepReorganisationError: the head counted as final.
        """
        if not self.tail:
            raise DeepReorganisationError(
                f"block {self.final.number} was final after {self.confirmations} confirmations and "
                "is no longer in the chain. Stop withdrawals, compare the ledger with the vault, "
                "and start over from a trusted node with more confirmations"
            )
        return self.tail.pop()

    def finalize(self) -> Iterator[Block]:
        """Yield the blocks that became final, lowest first."""
        while self.tail and self.head.number - self.tail[0].number >= self.confirmations:
            self.final = self.tail.pop(0)
            yield self.final


class LedgerState(msgspec.Struct):
    """What of a `Ledger` must survive a restart.

    Attributes:
        requested: open requests by the final blocks: account, asset, amount.
        told: what the engine was last told about each.
    """

    requested: list[tuple[AccountId, AssetId, Amount]] = []
    told: list[tuple[AccountId, AssetId, Amount]] = []


_Key: TypeAlias = tuple[AccountId, AssetId]
_RequestFact: TypeAlias = RequestSeen | RequestCanceledSeen | WithdrawnSeen


class Ledger:
    """Facts of the followed blocks, and what they mean to the engine.

    Call `see` for every accepted block, `forget` for every dropped one, `final` for every final
    one, each in order, and `changes` after each look at the chain.
    """

    def __init__(self, state: LedgerState) -> None:
        self._requested: dict[_Key, int] = {(a, s): n for a, s, n in state.requested}
        self._told: dict[_Key, int] = {(a, s): n for a, s, n in state.told}
        self._blocks: list[tuple[Fact, ...]] = []
        self._dirty: set[_Key] = self._requested.keys() | self._told.keys()

    @property
    def state(self) -> LedgerState:
        """What must be stored to go on from the final block."""
        return LedgerState(
            requested=[(a, s, Amount(n)) for (a, s), n in sorted(self._requested.items())],
            told=[(a, s, Amount(n)) for (a, s), n in sorted(self._told.items())],
        )

    def see(self, facts: tuple[Fact, ...]) -> list[Command]:
        """Take the facts of the new head; return what the engine must know at once."""
        self._blocks.append(facts)
        self._touch(facts)
        commands: list[Command] = []
        for fact in facts:
            if isinstance(fact, LaneCanceledSeen):
                commands.append(
                    RevokeLane(account=fact.account, asset=fact.asset, lane=fact.lane, key=fact.key)
                )
            elif isinstance(fact, FloorSeen):
                commands.append(
                    RaiseFloor(account=fact.account, asset=fact.asset, floor=fact.floor)
                )
            elif isinstance(fact, MarketClosingSeen):
                commands.append(SetMarketState(market=fact.market, state=MarketState.HALTED))
        return commands

    def forget(self) -> tuple[Fact, ...]:
        """Drop the head's facts and return them. A revoked lane stays revoked: its owner asked."""
        facts = self._blocks.pop()
        self._touch(facts)
        return facts

    def final(self, block: int) -> tuple[tuple[Fact, ...], list[Command]]:
        """Take the lowest block's facts as final; return them and what the engine must know."""
        facts = self._blocks.pop(0)
        self._touch(facts)
        commands: list[Command] = []
        for fact in facts:
            if isinstance(fact, DepositSeen):
                commands.append(
                    Deposit(
                        account=fact.account,
                        asset=fact.asset,
                        amount=fact.amount,
                        position=position(block, fact.log),
                    )
                )
            elif isinstance(fact, WithdrawnSeen):
                commands.append(
                    CompleteWithdrawal(
                        account=fact.account,
                        asset=fact.asset,
                        amount=fact.amount,
                        position=position(block, fact.log),
                    )
                )
                self._take_told((fact.account, fact.asset), fact.amount)
            if isinstance(fact, RequestSeen | RequestCanceledSeen | WithdrawnSeen):
                key = (fact.account, fact.asset)
                self._requested.pop(key, None)
                if isinstance(fact, RequestSeen):
                    self._requested[key] = fact.amount
        return facts, commands

    def changes(self) -> list[RequestWithdrawal]:
        """Return the requests whose amount is no longer what the engine was told."""
        commands = []
        for key in sorted(self._dirty):
            wanted = self._reserve(key)
            if wanted != self._told.get(key, 0):
                account, asset = key
                commands.append(
                    RequestWithdrawal(account=account, asset=asset, amount=Amount(wanted))
                )
                if wanted:
                    self._told[key] = wanted
                else:
                    del self._told[key]
        self._dirty.clear()
        return commands

    def waiting(self) -> Iterator[int]:
        """Yield when each request was made that is not final yet, Unix seconds."""
        for facts in self._blocks:
            for fact in facts:
                if isinstance(fact, RequestSeen | LaneCanceledSeen | FloorSeen | MarketClosingSeen):
                    yield fact.requested_at_s

    def _take_told(self, key: _Key, paid: int) -> None:
        """A payment takes from what the engine put aside; the rest stays there until told."""
        left = self._told.pop(key, 0) - paid
        if left > 0:
            self._told[key] = left

    def _touch(self, facts: Iterable[Fact]) -> None:
        self._dirty.update((fact.account, fact.asset) for fact in _requests(facts))

    def _reserve(self, key: _Key) -> int:
        requested, paid = self._requested.get(key, 0), 0
        most = requested
        for facts in self._blocks:
            for fact in _requests(facts):
                if (fact.account, fact.asset) != key:
                    continue
                requested = fact.amount if isinstance(fact, RequestSeen) else 0
                if isinstance(fact, WithdrawnSeen):
                    paid += fact.amount
                most = max(most, requested + paid)
        return min(most, MAX_AMOUNT)


def _requests(facts: Iterable[Fact]) -> Sequence[_RequestFact]:
    return [
        fact
        for fact in facts
        if isinstance(fact, RequestSeen | RequestCanceledSeen | WithdrawnSeen)
    ]
