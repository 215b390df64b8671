"""Whatever happens to node, store and process, a batch never speaks for a group that it leaves out.

The contract refuses every group at or below the last ``upTo``, for ever. So histories of commands,
crashes, lost stores, lost and foreign batches and reorganisations are played against a contract in
a few lines, and no group may ever be refused, settle twice or fail.
"""

from __future__ import annotations

import random
from collections import deque

import attrs
import pytest

from hybrid_dex.model.commands import ConfirmSettlement, FailSettlement
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import Sequence, fill_sequence, last_group
from hybrid_dex.settlement import layout
from hybrid_dex.settlement.batching import Group, group_fills, pack_batch
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.evm.store import Change, StoredBatch, StoredState, StoredTransaction
from hybrid_dex.settlement.facts import BatchSeen
from hybrid_dex.settlement.fees import Fees
from hybrid_dex.settlement.ledger import LedgerState
from hybrid_dex.settlement.reconciliation import Block
from hybrid_dex.settlement.transaction_state import TransactionState
from tests.settlement.fills import BY_ID, command, order
from tests.tiers import count

HISTORIES = count(fast=40, full=10_000)
STEPS = 120


@attrs.define
class Disk:
    """What the store holds: changes are written whole, or not at all."""

    batches: dict[int, StoredBatch] = attrs.field(factory=dict)
    fills: dict[int, int] = attrs.field(factory=dict)
    transactions: dict[str, StoredTransaction] = attrs.field(factory=dict)
    cursor: Block | None = None

    def write(self, change: Change) -> None:
        for number in change.undone:
            self.batches.pop(number, None)
            self.fills = {fill: at for fill, at in self.fills.items() if at != number}
        gone = {*change.finished, *change.undone}
        self.transactions = {h: t for h, t in self.transactions.items() if t.batch not in gone}
        self.batches |= {batch.number: batch for batch in change.batches}
        self.fills |= dict(change.fills)
        self.transactions |= {found.hash: found for found in change.transactions}
        self.cursor = change.cursor or self.cursor

    def load(self) -> StoredState:
        batches = [self.batches[number] for number in sorted(self.batches)]
        return StoredState(
            cursor=self.cursor,
            ledger=LedgerState(),
            batches=tuple(b for b in batches if b.stage is not SettlementStage.FINAL),
            transactions=tuple(self.transactions.values()),
            outbox=(),
            last_batch=batches[-1] if batches else None,
        )


@attrs.frozen(kw_only=True)
class Sent:
    """A signed batch: anyone who saw it can bring it into a block, as long as its number fits."""

    fact: BatchSeen
    batch: layout.Batch


@attrs.define
class History:
    """An exchange's journal, its settlement, and the chain they settle on."""

    chance: random.Random
    journal: list[list[MatchedFill]] = attrs.field(factory=list)
    waiting: deque[int] = attrs.field(factory=deque)
    final: set[int] = attrs.field(factory=set)
    disk: Disk = attrs.field(factory=Disk)
    pipeline: Pipeline = attrs.field(init=False)
    mempool: list[Sent] = attrs.field(factory=list)
    blocks: list[Sent] = attrs.field(factory=list)
    base: int = 0
    followed: int = 0
    lost: int = 0

    def __attrs_post_init__(self) -> None:
        self.open()

    # The exchange

    def open(self) -> None:
        """Start, or start again: everything that is not final is handed over from the beginning."""
        self.pipeline = Pipeline.resume(self.disk.load(), BY_ID, 30)
        self.followed = self.base
        self.waiting = deque(
            number
            for number, fills in enumerate(self.journal, start=1)
            if any(fill.fill_id not in self.final for fill in fills)
        )
        self.tell_reached()

    def apply(self) -> None:
        """Apply a command; most match nothing."""
        number = len(self.journal) + 1
        fills: list[MatchedFill] = []
        size = self.chance.choice((0, 0, 0, 1, 3, 101, 201))
        if size:
            maker = order(2, Side.SELL, counter=number)
            fills = command(number, order(1, Side.BUY, counter=number), *[maker] * size)
        self.journal.append(fills)
        if fills:
            self.waiting.append(number)
        self.tell_reached()

    def tell_reached(self) -> None:
        if not self.waiting:
            self.pipeline.reach(last_group(Sequence(len(self.journal))))

    def hand_over(self) -> None:
        """Submit one command's fills, as `EvmSettlement.submit` takes them."""
        if not self.waiting:
            return
        fills = [f for f in self.journal[self.waiting[0] - 1] if f.fill_id not in self.final]
        for group in group_fills(fills):
            if self.pipeline.knows(group):
                continue
            if not self.pipeline.is_late(group):
                self.pipeline.enqueue(group)
                continue
            number = self.disk.fills.get(group.fills[0].fill_id)
            self.pipeline.attach(group, None if number is None else self.disk.batches[number])
            self.write()
        self.waiting.popleft()
        self.tell_reached()

    # The operator

    def write(self) -> None:
        change = self.pipeline.take_change()
        self.disk.write(change)
        for update, _ in change.commands:
            assert not isinstance(update, FailSettlement), update
            if isinstance(update, ConfirmSettlement) and update.stage is SettlementStage.FINAL:
                assert self.final.isdisjoint(update.fills), "final twice"
                self.final.update(update.fills)

    def number(self) -> int:
        """The contract's batch number, as far as the blocks are followed."""
        return self.followed

    def send(self) -> None:
        """Send the lowest batch that is in no block; reserve one if there is none."""
        pipeline = self.pipeline
        batch = pipeline.first_unsettled()
        on_chain = self.blocks[self.followed - 1].fact if self.followed else None
        if batch is None:
            some = self.chance.randint(0, len(pipeline.queue))
            taken = [pipeline.queue[index] for index in range(some)]
            pipeline.last_up_to = max(pipeline.last_up_to, on_chain.up_to if on_chain else 0)
            batch = pipeline.reserve(taken, number=self.followed + 1, through_s=0)
            self.write()
        if batch.number != self.followed + 1 or not pipeline.is_whole(batch):
            return
        root = on_chain.root if on_chain else bytes(32)
        up_to = max(batch.up_to, on_chain.up_to if on_chain else 0)
        packed = pack_batch(
            batch.groups,
            BY_ID,
            number=batch.number,
            previous_root=root,
            matched_through_s=0,
            up_to=up_to,
        )
        name = f"{self.chance.getrandbits(64):x}"
        fact = BatchSeen(
            log=0,
            number=batch.number,
            root=self.chance.randbytes(32),
            up_to=up_to,
            matched_through_s=0,
            transaction=name,
            skips=(),
        )
        transaction = StoredTransaction(
            hash=name,
            batch=batch.number,
            nonce=batch.number,
            root=root,
            data=b"",
            gas=1,
            fees=Fees(max_fee=1, tip=1),
            raw=b"",
            state=TransactionState.BROADCAST,
        )
        pipeline.put_transaction(transaction)
        self.write()
        self.mempool.append(Sent(fact=fact, batch=packed))

    # The chain

    def mine(self) -> None:
        """Bring one of the batches that fit into a block; a refused one would never settle."""
        fitting = [sent for sent in self.mempool if self.fits(sent)]
        if fitting:
            sent = self.chance.choice(fitting)
            last = self.blocks[-1].fact.up_to if self.blocks else 0
            assert sent.fact.up_to >= last
            for section in sent.batch.sections:
                for group in section.groups:
                    assert last < group.sequence <= sent.fact.up_to, "refused for ever"
            self.blocks.append(sent)
            self.mempool.remove(sent)

    def fits(self, sent: Sent) -> bool:
        root = self.blocks[-1].fact.root if self.blocks else bytes(32)
        number = len(self.blocks) + 1
        return sent.fact.number == number and sent.batch.previous_root == root

    def look(self) -> None:
        """Follow the blocks to the head."""
        while self.followed < len(self.blocks):
            sent = self.blocks[self.followed]
            if self.pipeline.is_foreign(sent.fact):
                self.pipeline.adopt(sent.fact, sent.batch)
            self.followed += 1
            self.pipeline.see((sent.fact,), self.followed)
        self.finish()

    def finish(self) -> None:
        self.pipeline.finish_look(Block(number=self.base, hash=b"", parent=b"", timestamp_s=0))
        self.write()

    def reorganise(self) -> None:
        """Lose the newest block; its batch may come again, or another in its place."""
        if len(self.blocks) > self.base:
            self.mempool.append(self.blocks.pop())
            if self.followed > len(self.blocks):
                self.followed -= 1
                self.pipeline.forget()
            self.finish()

    def finalize(self) -> None:
        if self.followed > self.base:
            self.base += 1
            self.pipeline.finalize(self.base)
            self.finish()

    def crash(self) -> None:
        self.open()

    def lose_store(self) -> None:
        """The file is gone: the chain is read from the contract's first block."""
        if self.lost < 2:
            self.lost += 1
            self.disk, base = Disk(), self.base
            self.base = 0
            self.open()
            for number in range(1, base + 1):
                sent = self.blocks[number - 1]
                self.pipeline.adopt(sent.fact, sent.batch)
                self.pipeline.see((sent.fact,), number)
                self.followed = number
                self.base = number
                self.pipeline.finalize(number)
            self.finish()

    def play(self, steps: int) -> None:
        moves = [
            *[self.apply, self.hand_over, self.send, self.mine, self.look] * 4,
            *[self.hand_over, self.finalize, self.finalize],
            *[self.reorganise, self.reorganise, self.crash, self.lose_store],
        ]
        for _ in range(steps):
            self.chance.choice(moves)()
        while self.waiting:
            self.hand_over()
        for _ in range(len(self.journal) + 4):
            for move in (self.look, self.send, self.mine, self.look, self.finalize, self.finalize):
                move()


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_no_group_is_ever_spoken_for_without_being_settled(seed: int) -> None:
    """All settle, each once; and in the end the chain speaks for the last command."""
    history = History(random.Random(seed))
    history.play(STEPS)
    every = {fill.fill_id for fills in history.journal for fill in fills}
    assert history.final == every
    settled = [
        group.sequence
        for sent in history.blocks
        for section in sent.batch.sections
        for group in section.groups
    ]
    assert len(settled) == len(set(settled))
    assert history.blocks[-1].fact.up_to == last_group(Sequence(len(history.journal)))


def groups(number: int, size: int = 1) -> tuple[Group, ...]:
    maker = order(2, Side.SELL, counter=number)
    return group_fills(command(number, order(1, Side.BUY, counter=number), *[maker] * size))


def empty() -> Pipeline:
    return Pipeline.resume(Disk().load(), BY_ID, 30)


def test_an_idle_exchange_lets_an_empty_batch_speak_for_its_last_command() -> None:
    """Every group that the command could have had, to the last."""
    pipeline = empty()
    pipeline.reach(last_group(Sequence(9)))
    batch = pipeline.reserve((), number=1, through_s=0)
    assert (batch.up_to, pipeline.last_up_to) == (9 << 8 | 255, 9 << 8 | 255)


def test_what_waits_bounds_it_to_the_group_before() -> None:
    """Of the same command too: the second part of a big one stays above."""
    pipeline = empty()
    first, second = groups(5, 150)
    for group in (first, second):
        pipeline.enqueue(group)
    pipeline.reach(last_group(Sequence(9)))
    assert pipeline.reserve((), number=1, through_s=0).up_to == (5 << 8) - 1
    assert pipeline.reserve((first,), number=2, through_s=0).up_to == 5 << 8
    assert pipeline.reserve((second,), number=3, through_s=0).up_to == 9 << 8 | 255


def test_what_the_exchange_did_not_say_is_not_spoken_for() -> None:
    """After a start nothing is reached until it says so; and it never falls."""
    pipeline = empty()
    (group,) = groups(5)
    pipeline.enqueue(group)
    assert pipeline.reserve((group,), number=1, through_s=0).up_to == 5 << 8
    pipeline.reach(last_group(Sequence(4)))
    assert pipeline.reserve((), number=2, through_s=0).up_to == 5 << 8


def test_a_batch_of_another_store_with_the_same_groups_is_taken_at_its_word() -> None:
    """It spoke for more than this store's batch of that number, so what waits below has failed."""
    pipeline = empty()
    pipeline.reserve((), number=1, through_s=0)
    (group,) = groups(5)
    pipeline.enqueue(group)
    packed = pack_batch(
        (), BY_ID, number=1, previous_root=bytes(32), matched_through_s=0, up_to=6 << 8
    )
    fact = BatchSeen(
        log=0,
        number=1,
        root=bytes(32),
        up_to=6 << 8,
        matched_through_s=0,
        transaction="0x1",
        skips=(),
    )
    pipeline.adopt(fact, packed)
    assert not pipeline.queue
    pipeline.see((fact,), 1)
    pipeline.finalize(1)
    told = [update for update, _ in pipeline.take_change().commands]
    assert [type(update) for update in told] == [FailSettlement]
    assert fill_sequence(told[0].failures[0].fill_id) == 5


@pytest.mark.parametrize("restarted", [False, True])
def test_a_batch_read_from_the_chain_is_sent_again_only_once_it_is_whole(restarted: bool) -> None:
    """The store is lost, then the batch's block, too: what it held is not yet known here."""
    pipeline, disk = empty(), Disk()
    (group,) = groups(5)
    packed = pack_batch(
        (group,), BY_ID, number=1, previous_root=bytes(32), matched_through_s=0, up_to=6 << 8
    )
    fact = BatchSeen(
        log=0,
        number=1,
        root=bytes(32),
        up_to=6 << 8,
        matched_through_s=0,
        transaction="0x1",
        skips=(),
    )
    pipeline.adopt(fact, packed)
    if restarted:
        disk.write(pipeline.take_change())
        pipeline = Pipeline.resume(disk.load(), BY_ID, 30)
    (batch,) = pipeline.batches.values()
    assert not pipeline.is_whole(batch)
    pipeline.attach(group, batch)
    (batch,) = pipeline.batches.values()
    assert not pipeline.is_whole(batch), "another group may still be missing"
    pipeline.reach(last_group(Sequence(6)))
    assert pipeline.is_whole(batch)
    assert batch.groups == (group,)


def test_a_batch_that_was_reserved_here_is_whole_after_a_restart() -> None:
    """Its groups were stored with it; nothing needs to be submitted first."""
    pipeline, disk = empty(), Disk()
    (group,) = groups(5)
    pipeline.enqueue(group)
    pipeline.reserve((group,), number=1, through_s=0)
    disk.write(pipeline.take_change())
    pipeline = Pipeline.resume(disk.load(), BY_ID, 30)
    assert pipeline.is_whole(pipeline.batches[1])
