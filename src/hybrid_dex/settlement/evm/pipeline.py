"""What is on its way: queued groups, batches, their transactions, and the followed chain.

The state of the backend without its IO. Each method that changes something returns nothing and
notes in `change` what must be stored; whoever drives it writes that before acting on it. It never
sends, signs or waits.

A batch that was reserved here keeps its number and its fills. What may change are its header and its
transactions: after a reorganisation the same fills are settled again, on the new previous root if
the outcome before them is another. The contract takes a number once, so it is the number that makes
a trade settle once.

A batch that was read from the chain (a lost store sent it, or someone else with the operator's key)
holds here what the exchange has submitted of it, and counts only as long as its block stands. When
that is lost it is given up with all above it, and its fills wait for a batch again. If it comes back
it is read again.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import TypeAlias

import attrs

from hybrid_dex.errors import InvariantError
from hybrid_dex.model.commands import (
    Command,
    ConfirmSettlement,
    FailSettlement,
    RaiseFloor,
    RequestWithdrawal,
    RevokeApproval,
    RevokeLane,
    RevokeSession,
    SetMarketState,
)
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP, FillId, MarketId, TimestampNs, fill_id
from hybrid_dex.model.vouchers import Voucher
from hybrid_dex.settlement import layout
from hybrid_dex.settlement.batching import Group, fill_ids
from hybrid_dex.settlement.evm.store import (
    Change,
    StoredBatch,
    StoredState,
    StoredTransaction,
)
from hybrid_dex.settlement.facts import (
    ApprovalRevokedSeen,
    BatchSeen,
    Fact,
    FloorSeen,
    LaneCanceledSeen,
    MarketClosingSeen,
    RequestSeen,
    SessionRevokedSeen,
    Skip,
)
from hybrid_dex.settlement.layout import Culprit
from hybrid_dex.settlement.ledger import Ledger, market_names, token_names
from hybrid_dex.settlement.reconciliation import Block, Chain
from hybrid_dex.settlement.transaction_state import Signal, TransactionState, advance

__all__ = ["Pipeline"]

_Revocation: TypeAlias = (
    RequestWithdrawal | RevokeLane | RaiseFloor | SetMarketState | RevokeSession | RevokeApproval
)
"""What the engine must heed before a batch covers the request."""
_RequestFact: TypeAlias = (
    RequestSeen | LaneCanceledSeen | FloorSeen | SessionRevokedSeen | ApprovalRevokedSeen
)
"""What was asked for on chain, and when, and takes effect some time later."""
_LEFT_OUT = 0
"""The reason of a fill that is in no batch although a batch speaks for its sequence."""


@attrs.define
class Pipeline:
    """Everything between a matched fill and a final one.

    Attributes:
        markets: by symbol.
        chain: the followed blocks; ``None`` before the first look.
        ledger: facts of the followed blocks.
        queue: groups that wait for a batch, by sequence.
        batches: those that are not final, by number.
        seen: how the contract settled them, as far as the followed blocks say.
        transactions: of those batches, by hash.
        last_number: highest batch number that is reserved or on chain.
        last_up_to: highest sequence that a batch speaks for.
        submitted_up_to: every group up to this sequence was submitted since the start.
        asked_up_to: highest sequence that somebody needs a batch to speak for.
        final_number: highest final batch.
        final_up_to: last sequence that it speaks for.
        uncovered: when requests were made that no batch covered yet, Unix seconds.
        revision: rises whenever a fill may have come into another batch, or become final.
        stopped: why the contract takes no batch (frozen or paused), or an empty text.
        change: what is to be written.
    """

    markets: Mapping[MarketId, Market]
    watch_lag_s: int
    chain: Chain | None = None
    ledger: Ledger = attrs.field(init=False)
    queue: deque[Group] = attrs.field(factory=deque)
    batches: dict[int, StoredBatch] = attrs.field(factory=dict)
    seen: dict[int, BatchSeen] = attrs.field(factory=dict)
    transactions: dict[str, StoredTransaction] = attrs.field(factory=dict)
    last_number: int = 0
    last_up_to: int = 0
    submitted_up_to: int = 0
    asked_up_to: int = 0
    final_number: int = 0
    final_up_to: int = 0
    uncovered: list[int] = attrs.field(factory=list)
    revision: int = 0
    stopped: str = ""
    change: Change = attrs.field(factory=Change)
    _known: set[FillId] = attrs.field(factory=set)
    _left_out: list[Group] = attrs.field(factory=list)
    _offered_up_to: int = 0
    # When the earliest request was made of which the engine may not be told yet, final or not.
    _asked_s: int | None = None

    @classmethod
    def resume(
        cls, state: StoredState, markets: Mapping[MarketId, Market], watch_lag_s: int
    ) -> "Pipeline":
        """Return the pipeline that a store holds; its chain is set by the first look."""
        pipeline = cls(markets=markets, watch_lag_s=watch_lag_s)
        pipeline.ledger = Ledger(
            state.ledger,
            token_names(*markets.values()),
            market_names(*markets.values()),
        )
        if state.cursor is None:  # all that the vault ever took is read from its logs
            pipeline.ledger.begin(dict.fromkeys(pipeline.ledger.known, 0))
        pipeline.batches = {batch.number: batch for batch in state.batches}
        for found in state.transactions:
            # The blocks above the cursor are read again, and say again what they hold.
            above = found.state in _SETTLED_STATES
            state_now = advance(found.state, Signal.ORPHANED) if above else found.state
            pipeline.transactions[found.hash] = attrs.evolve(found, state=state_now)
        for batch in state.batches:
            pipeline._known.update(fill_ids(batch.groups))
        for last in (state.final_batch, *state.batches[-1:]):
            if last is not None:
                pipeline.last_number, pipeline.last_up_to = last.number, last.up_to
        if state.final_batch is not None:
            pipeline.final_number = state.final_batch.number
            pipeline.final_up_to = state.final_batch.up_to
        if state.ledger.requested and state.cursor is not None:
            pipeline.uncovered.append(state.cursor.timestamp_s)
        if state.ledger.requested != state.ledger.told:
            pipeline._asked_s = 0  # a look that failed may have left one untold: nobody knows when
        return pipeline

    def list_market(self, market: Market) -> None:
        """Take a market that is listed by now, so that its fills can be batched."""
        self.markets = {**self.markets, market.id: market}

    def name(self, market: Market, *, closing: bool) -> None:
        """Know a market and its tokens by their names, what is followed and remembered included."""
        self._ask([0])  # what is told now may have been asked for long ago
        self._tell(self.ledger.name(token_names(market), market_names(market)))
        if closing:  # since before its closing would have been a fact
            self._tell([SetMarketState(market=market.id, state=MarketState.HALTED)])

    # Fills

    def submitting(self, group: Group) -> None:
        """Take note that a group is submitted; all below it that will ever be were before it."""
        self._offered_up_to = max(self._offered_up_to, group.sequence)

    def knows(self, group: Group) -> bool:
        """Whether its fills are queued or in a batch that is not final."""
        return all(fill.fill_id in self._known for fill in group.fills)

    def is_late(self, group: Group) -> bool:
        """Whether a batch speaks for its sequence already."""
        return group.sequence <= self.last_up_to

    def enqueue(self, group: Group) -> None:
        """Append a group that is neither known nor late."""
        self.queue.append(group)
        if len(self.queue) > 1 and self.queue[-2].sequence > group.sequence:
            self.queue = deque(sorted(self.queue, key=lambda each: each.sequence))
        self._known.update(fill.fill_id for fill in group.fills)

    def ready(self) -> Iterator[Group]:
        """Yield from the front of the queue what a batch may take.

        After a restart groups can wait that came back from stored batches, while lower ones are
        still to be submitted again. A batch that took them would end those.
        """
        offered = max(self._offered_up_to, self.submitted_up_to)
        return takewhile(lambda group: group.sequence <= offered, self.queue)

    def attach(self, group: Group, batch: StoredBatch | None) -> None:
        """Take a group that a batch speaks for: into the batch that holds it, or as failed.

        Args:
            group: as submitted.
            batch: what the store has for its fills as of this `revision`, or ``None``.
        """
        if batch is None:
            self._known.update(fill.fill_id for fill in group.fills)
            self._left_out.append(group)
            self._fail_left_out()
        elif batch.stage is SettlementStage.FINAL:
            self._conclude(attrs.evolve(batch, groups=(group,)), batch.skips, batch.told)
        else:
            batch = self.batches[batch.number]
            groups = tuple(sorted((*batch.groups, group), key=lambda each: each.sequence))
            self._known.update(fill.fill_id for fill in group.fills)
            # What it was told is another fill's; tell this one when the chain is looked at next.
            self._put(attrs.evolve(batch, groups=groups, told=""))

    # Batches and transactions

    @property
    def settled_number(self) -> int:
        """The highest batch in the followed blocks; 0 if there is none."""
        return max((*self.seen, self.final_number))

    def first_unsettled(self) -> StoredBatch | None:
        """Return the lowest batch that is in no followed block."""
        return next((b for n, b in sorted(self.batches.items()) if n not in self.seen), None)

    def is_adopted(self, batch: StoredBatch) -> bool:
        """Whether a batch was read from the chain, so that it must not be sent from here.

        It holds only those groups that the exchange has submitted: sending it would end the others
        that it speaks for.
        """
        return batch.stage is not SettlementStage.MATCHED and not self.of_batch(batch.number)

    def give_up(self, batch: StoredBatch, up_to: int) -> None:
        """Let the groups of an adopted batch whose block is gone wait again, and all above it.

        Args:
            batch: the lowest that is in no block.
            up_to: the last sequence that the contract's last batch speaks for.
        """
        waiting = self._undo(batch.number)
        self.queue = deque(group for group in waiting if group.sequence > up_to)
        self._left_out = [group for group in waiting if group.sequence <= up_to]
        self.last_number, self.last_up_to = batch.number - 1, up_to

    def reserve(self, groups: Collection[Group], *, number: int, through_s: int) -> StoredBatch:
        """Move groups from the front of the queue into a new batch.

        Raises:
            InvariantError: the number was given before: its fills would be lost.
        """
        if number in self.batches or number <= self.final_number:
            raise InvariantError(f"batch {number} is reserved a second time")
        taken = [self.queue.popleft() for _ in groups]
        up_to = max([self.spoken_up_to(), *(group.sequence for group in taken)])
        batch = StoredBatch(number=number, up_to=up_to, through_s=through_s, groups=tuple(taken))
        self.last_number, self.last_up_to = number, up_to
        self._put(batch)
        self.change.fills.extend((fill, number) for fill in fill_ids(taken))
        self.revision += 1
        return batch

    def reach(self, sequence: int) -> None:
        """Take note that every group up to this sequence was submitted."""
        self.submitted_up_to = max(self.submitted_up_to, sequence)

    def ask(self, sequence: int) -> None:
        """Take note that somebody needs a batch to speak for this sequence."""
        self.asked_up_to = max(self.asked_up_to, sequence)

    def spoken_up_to(self) -> int:
        """Return up to where every group is in a batch, or was never made.

        The contract takes no group at or below what a batch speaks for, so this stays below every
        group that waits, and below every group that may still be submitted.
        """
        spoken = self.submitted_up_to
        if self.queue:
            spoken = min(spoken, self.queue[0].sequence - 1)
        return max(self.last_up_to, spoken)

    def restate(self, batch: StoredBatch, through_s: int) -> StoredBatch:
        """Give a batch that is in no block another time through which it speaks."""
        batch = attrs.evolve(batch, through_s=through_s)
        self._put(batch)
        return batch

    def of_batch(self, number: int) -> list[StoredTransaction]:
        """Return a batch's transactions."""
        return [found for found in self.transactions.values() if found.batch == number]

    def put_transaction(self, transaction: StoredTransaction) -> None:
        """Add or change a transaction."""
        self.transactions[transaction.hash] = transaction
        self.change.transactions = [
            *(each for each in self.change.transactions if each.hash != transaction.hash),
            transaction,
        ]

    def signal(self, transaction: StoredTransaction, signal: Signal) -> StoredTransaction:
        """Move a transaction along."""
        moved = attrs.evolve(transaction, state=advance(transaction.state, signal))
        if moved != transaction:
            self.put_transaction(moved)
        return moved

    def mark_submitted(self, batch: StoredBatch, transaction: str) -> None:
        """Note that a batch was sent for the first time."""
        if batch.stage is SettlementStage.MATCHED:
            self._put(attrs.evolve(batch, stage=SettlementStage.SUBMITTED, told=transaction))
            self._confirm(batch, SettlementStage.SUBMITTED, transaction, fill_ids(batch.groups))

    # Blocks

    def is_foreign(self, fact: BatchSeen) -> bool:
        """Whether a settled batch was not sent from this store, so that its calldata is needed."""
        return fact.number not in self.batches or fact.transaction not in self.transactions

    def adopt(self, fact: BatchSeen, settled: layout.Batch) -> None:
        """Take over a batch that someone else sent with the operator's key, or a lost store did."""
        known = self.batches.get(fact.number)
        sequences = {group.sequence for section in settled.sections for group in section.groups}
        if known is not None and known.up_to == fact.up_to:
            # Of an adopted batch some groups may be known here only; its transaction says all.
            if self.is_adopted(known):
                same = known.told == fact.transaction
            else:
                same = sequences == {group.sequence for group in known.groups}
            if same:
                return
        waiting = self._undo(fact.number)
        self.queue = deque(group for group in waiting if group.sequence > fact.up_to)
        self._left_out = [
            group
            for group in waiting
            if group.sequence <= fact.up_to and group.sequence not in sequences
        ]
        batch = StoredBatch(
            number=fact.number,
            up_to=fact.up_to,
            through_s=fact.matched_through_s,
            groups=tuple(group for group in waiting if group.sequence in sequences),
            stage=SettlementStage.SUBMITTED,
        )
        self.last_number, self.last_up_to = fact.number, fact.up_to
        self._put(batch)
        self.change.fills.extend((fill, fact.number) for fill in _listed_fills(settled))

    def _undo(self, number: int) -> list[Group]:
        """Drop a batch and all above it; return every group that is in none then, in order."""
        undone = [self.batches.pop(each) for each in sorted(self.batches) if each >= number]
        numbers = {batch.number for batch in undone}
        for batch in undone:
            if batch.stage is SettlementStage.CONFIRMED:
                self._confirm(batch, SettlementStage.SUBMITTED, batch.told, fill_ids(batch.groups))
            # Requests that it covered are uncovered again: one at the last moment stands for all.
            self.uncovered.append(batch.through_s - self.watch_lag_s - 1)
        change = self.change
        change.undone.extend(numbers)
        change.batches = [batch for batch in change.batches if batch.number not in numbers]
        change.fills = [(fill, at) for fill, at in change.fills if at not in numbers]
        change.transactions = [found for found in change.transactions if found.batch not in numbers]
        self.transactions = {
            name: found for name, found in self.transactions.items() if found.batch not in numbers
        }
        self.revision += 1
        groups = (group for batch in undone for group in batch.groups)
        return sorted((*groups, *self._left_out, *self.queue), key=lambda group: group.sequence)

    def see(self, facts: tuple[Fact, ...], block: int) -> None:
        """Take the facts of a block that was appended to the chain; adopt foreign ones first."""
        for found in list(self.transactions.values()):
            if found.state is TransactionState.MINED:
                self.signal(found, Signal.BURIED)
        for fact in facts:
            if isinstance(fact, BatchSeen):
                self.seen[fact.number] = fact
                self._included(fact)
                self.uncovered = [
                    at for at in self.uncovered if fact.matched_through_s <= at + self.watch_lag_s
                ]
            elif isinstance(fact, _RequestFact):
                self.uncovered.append(fact.requested_at_s)
                self._ask([fact.requested_at_s])
            elif isinstance(fact, MarketClosingSeen):
                self._ask([fact.requested_at_s])
        self._tell(self.ledger.see(facts, block))

    def forget(self) -> None:
        """Drop the facts of the head, which is gone."""
        for fact in self.ledger.forget():
            if isinstance(fact, BatchSeen):
                del self.seen[fact.number]
                for found in self.of_batch(fact.number):
                    if found.state in _SETTLED_STATES:
                        self.signal(found, Signal.ORPHANED)

    def finalize(self, number: int) -> None:
        """Take the facts of the lowest block, of this number, as final."""
        facts, commands = self.ledger.final(number)
        self._tell(commands)
        for fact in facts:
            if isinstance(fact, BatchSeen):
                batch = self.batches.pop(fact.number)
                del self.seen[fact.number]
                self.revision += 1
                for found in self.of_batch(fact.number):
                    del self.transactions[found.hash]
                self.change.transactions = [
                    t for t in self.change.transactions if t.batch != fact.number
                ]
                self.change.finished.append(fact.number)
                self._conclude(batch, fact.skips, fact.transaction)
                self._known.difference_update(fill_ids(batch.groups))
                self._put(
                    attrs.evolve(
                        batch,
                        groups=(),
                        stage=SettlementStage.FINAL,
                        told=fact.transaction,
                        skips=fact.skips,
                    ),
                    final=True,
                )
                self.final_number, self.final_up_to = fact.number, fact.up_to
                self._fail_left_out()

    def watch_vouchers(self, vouchers: Iterable[Voucher]) -> None:
        """Watch for the end of open vouchers."""
        self.ledger.watch(vouchers)

    def expire(self, voucher: Voucher) -> None:
        """Say that a voucher can never be paid any more."""
        self._tell([self.ledger.expire(voucher)])

    def finish_look(self, final: Block) -> None:
        """After a look at the chain: say what changed by it, and where to go on."""
        self._tell(self.ledger.changes(final.number))
        self._asked_s = None
        for number, batch in self.batches.items():
            fact = self.seen.get(number)
            if fact is not None:
                self._tell_confirmed(batch, fact)
            elif batch.stage is SettlementStage.CONFIRMED:
                self._put(attrs.evolve(batch, stage=SettlementStage.SUBMITTED, skips=()))
                self._confirm(batch, SettlementStage.SUBMITTED, batch.told, fill_ids(batch.groups))
        self.mark(final)

    def mark(self, final: Block) -> None:
        """Note up to where everything that is final was taken; a restart goes on there."""
        self.change.cursor = final
        self.change.ledger = self.ledger.state

    def take_change(self) -> Change:
        """Return what is to be written, and begin anew."""
        change, self.change = self.change, Change()
        return change

    def unsettled_groups(self) -> Iterator[Group]:
        """Yield the groups that are in no followed block, oldest first within a batch."""
        for number, batch in self.batches.items():
            if number not in self.seen:
                yield from batch.groups
        yield from self.queue

    def oldest_unsettled_ns(self) -> TimestampNs | None:
        """Return when the oldest fill was matched that is in no followed block. O(batches)."""
        oldest = next(self.unsettled_groups(), None)
        return None if oldest is None else oldest.fills[0].at_ns

    # Telling the engine

    def _tell_confirmed(self, batch: StoredBatch, fact: BatchSeen) -> None:
        told = (batch.stage, batch.told, batch.skips)
        if told == (SettlementStage.CONFIRMED, fact.transaction, fact.skips):
            return
        failed = {failure.fill_id for failure in _failures(batch.groups, fact.skips)}
        every = fill_ids(batch.groups)
        if batch.stage is SettlementStage.CONFIRMED:
            # Another outcome than before: what it skips now was said to be in a block.
            before = {failure.fill_id for failure in _failures(batch.groups, batch.skips)}
            back = tuple(fill for fill in every if fill in failed and fill not in before)
            self._confirm(batch, SettlementStage.SUBMITTED, fact.transaction, back)
        settled = tuple(fill for fill in every if fill not in failed)
        self._confirm(batch, SettlementStage.CONFIRMED, fact.transaction, settled)
        self._put(
            attrs.evolve(
                batch,
                stage=SettlementStage.CONFIRMED,
                told=fact.transaction,
                skips=fact.skips,
            )
        )

    def _conclude(self, batch: StoredBatch, skips: tuple[Skip, ...], transaction: str) -> None:
        failures = _failures(batch.groups, skips)
        failed = {failure.fill_id for failure in failures}
        settled = tuple(fill for fill in fill_ids(batch.groups) if fill not in failed)
        self._confirm(batch, SettlementStage.FINAL, transaction, settled)
        if failures:
            self._tell(
                [FailSettlement(failures=failures, batch=batch.number, transaction=transaction)]
            )

    def _fail_left_out(self) -> None:
        lost = [group for group in self._left_out if group.sequence <= self.final_up_to]
        if lost:
            self._left_out = [each for each in self._left_out if each not in lost]
            self._known.difference_update(fill_ids(lost))
            failures = tuple(FillFailure(fill, _LEFT_OUT) for fill in fill_ids(lost))
            self._tell([FailSettlement(failures=failures, batch=self.last_number, transaction="")])

    def _confirm(
        self,
        batch: StoredBatch,
        stage: SettlementStage,
        transaction: str,
        fills: tuple[FillId, ...],
    ) -> None:
        if fills:
            self._tell(
                [
                    ConfirmSettlement(
                        fills=fills, stage=stage, batch=batch.number, transaction=transaction
                    )
                ]
            )

    def _tell(self, commands: Collection[Command]) -> None:
        for command in commands:
            at_s = self._asked_s if isinstance(command, _Revocation) else None
            self.change.commands.append((command, at_s))

    def _ask(self, times: Iterable[int]) -> None:
        """Note when something was asked for of which the engine is to be told."""
        known = () if self._asked_s is None else (self._asked_s,)
        self._asked_s = min((*known, *times), default=None)

    def _put(self, batch: StoredBatch, *, final: bool = False) -> None:
        if not final:
            self.batches[batch.number] = batch
        self.change.batches = [
            *(each for each in self.change.batches if each.number != batch.number),
            batch,
        ]

    def _included(self, fact: BatchSeen) -> None:
        mined = self.transactions.get(fact.transaction)
        for found in self.of_batch(fact.number):
            if found.hash == fact.transaction:
                self.signal(found, Signal.INCLUDED)
            elif found.state is not TransactionState.FAILED and (
                mined is None or found.nonce == mined.nonce
            ):
                self.signal(found, Signal.SIBLING_INCLUDED)


_SETTLED_STATES = (
    TransactionState.MINED,
    TransactionState.CONFIRMED,
    TransactionState.REPLACED,
)


def _failures(groups: Collection[Group], skips: tuple[Skip, ...]) -> tuple[FillFailure, ...]:
    """Say in the engine's words what was skipped of some groups."""
    fills = {fill.fill_id: fill for group in groups for fill in group.fills}
    failures = []
    for skip in skips:
        fill = fills.get(_fill_at(skip.position.sequence, skip.position[2]))
        if fill is None:
            continue
        culprit = None
        if skip.culprit == Culprit.TAKER:
            culprit = fill.taker.order_id
        elif skip.culprit == Culprit.MAKER:
            culprit = fill.maker.order_id
        failures.append(FillFailure(fill.fill_id, skip.reason, culprit))
    return tuple(sorted(failures, key=lambda failure: failure.fill_id))


def _listed_fills(settled: layout.Batch) -> Iterator[FillId]:
    """Yield the ids of the fills in a decoded batch."""
    for section in settled.sections:
        for group in section.groups:
            for index in range(len(group.fills)):
                yield _fill_at(group.sequence, index)


def _fill_at(sequence: int, index: int) -> FillId:
    """Return the id of the fill that the chain knows by its group's sequence and its index."""
    command, part = divmod(sequence, 1 << 8)
    return fill_id(command, part * MAX_FILLS_PER_GROUP + index)
