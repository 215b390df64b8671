"""Random histories of an exchange, its settlement and the chain they settle on, without a node.

The contract is a few lines: it takes the next number on the last root, and no group at or below the
last ``upTo``. What the watcher, the sender and the store do with a `Pipeline` is done here in their
order, and broken off where they could be.
"""

from __future__ import annotations

import copy
import random
from collections import deque
from collections.abc import Callable

import attrs

from hybrid_dex.model.commands import ConfirmSettlement, FailSettlement
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import MAX_FILLS_PER_GROUP, FillId, Sequence, last_group
from hybrid_dex.settlement import layout
from hybrid_dex.settlement.batching import Group, fill_ids, group_fills, pack_batch
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.evm.store import Change, StoredBatch, StoredState, StoredTransaction
from hybrid_dex.settlement.facts import BatchSeen
from hybrid_dex.settlement.fees import Fees
from hybrid_dex.settlement.ledger import LedgerState
from hybrid_dex.settlement.reconciliation import Block
from hybrid_dex.settlement.transaction_state import TransactionState
from tests.settlement.fills import BY_ID, command, order

__all__ = ["Disk", "History", "groups_of", "packed_batch"]

_WATCH_LAG_S = 30


def fills_of(number: int, parts: int) -> list[MatchedFill]:
    """A command's fills: the first two of each of so many groups, as if the others had ended."""
    taker, maker = order(1, Side.BUY, counter=number), order(2, Side.SELL, counter=number)
    starts = [part * MAX_FILLS_PER_GROUP for part in range(parts)]
    return [fill for at in starts for fill in command(number, taker, maker, maker, start=at)]


def groups_of(number: int, parts: int = 1) -> tuple[Group, ...]:
    """The groups of those."""
    return group_fills(fills_of(number, parts))


def packed_batch(
    groups: tuple[Group, ...], *, number: int, root: bytes, up_to: int
) -> layout.Batch:
    """A batch as its calldata says it."""
    return pack_batch(
        groups, BY_ID, number=number, previous_root=root, matched_through_s=0, up_to=up_to
    )


@attrs.define
class Disk:
    """What the store holds: changes are written whole, or not at all. A copy stays as it is."""

    batches: dict[int, StoredBatch] = attrs.field(factory=dict)
    fills: dict[FillId, int] = attrs.field(factory=dict)
    transactions: dict[str, StoredTransaction] = attrs.field(factory=dict)
    cursor: Block | None = None

    def write(self, change: Change) -> None:
        """As `SettlementStore.write` does."""
        for number in change.undone:
            self.batches = {n: batch for n, batch in self.batches.items() if n != number}
            self.fills = {fill: at for fill, at in self.fills.items() if at != number}
        gone = {*change.finished, *change.undone}
        self.transactions = {h: t for h, t in self.transactions.items() if t.batch not in gone}
        self.batches = self.batches | {batch.number: batch for batch in change.batches}
        self.fills = self.fills | dict(change.fills)
        self.transactions = self.transactions | {t.hash: t for t in change.transactions}
        self.cursor = change.cursor or self.cursor

    def batch_of(self, fill: FillId) -> StoredBatch | None:
        """As `SettlementStore.batch_of` does."""
        number = self.fills.get(fill)
        return None if number is None else self.batches[number]

    def load(self) -> StoredState:
        """As `SettlementStore.load` does."""
        batches = [self.batches[number] for number in sorted(self.batches)]
        final = [batch for batch in batches if batch.stage is SettlementStage.FINAL]
        return StoredState(
            cursor=self.cursor,
            ledger=LedgerState(),
            batches=tuple(b for b in batches if b.stage is not SettlementStage.FINAL),
            transactions=tuple(self.transactions.values()),
            outbox=(),
            final_batch=final[-1] if final else None,
        )


@attrs.frozen(kw_only=True, eq=False)
class Sent:
    """A signed batch: anyone who saw it can bring it into a block, as long as it fits."""

    fact: BatchSeen
    batch: layout.Batch

    def groups(self) -> list[int]:
        """The sequences of its groups."""
        return [group.sequence for section in self.batch.sections for group in section.groups]


@attrs.define
class History:
    """An exchange's journal, its settlement, and the chain they settle on.

    Attributes:
        chance: decides everything.
        rivals: whether someone else settles with the operator's key as well: groups that were never
            matched, and only some of those that were.
        journal: of each command its fills.
        waiting: commands whose groups are not handed over, and how many of each are.
        ended: what the engine holds for settled or failed.
        disk: the store.
        backup: an older copy of it.
        signed: every batch that was signed here, by its transaction.
        mempool: what may come into a block.
        blocks: the chain, a batch a block.
        followed: those that the watcher has read.
        base: how many of them count as final here.
        settled: how many blocks are final, whatever the store knows of it.
        left: how many more disasters there may be.
    """

    chance: random.Random
    rivals: bool = False
    journal: list[list[MatchedFill]] = attrs.field(factory=list)
    waiting: deque[int] = attrs.field(factory=deque)
    ended: dict[FillId, SettlementStage] = attrs.field(factory=dict)
    disk: Disk = attrs.field(factory=Disk)
    backup: Disk = attrs.field(factory=Disk)
    pipeline: Pipeline = attrs.field(init=False)
    signed: dict[str, Sent] = attrs.field(factory=dict)
    mempool: list[Sent] = attrs.field(factory=list)
    blocks: list[Sent] = attrs.field(factory=list)
    followed: list[Sent] = attrs.field(factory=list)
    base: int = 0
    settled: int = 0
    left: int = 3
    _parts: deque[Group] = attrs.field(factory=deque)
    _asked: tuple[Group, int, StoredBatch | None] | None = None

    def __attrs_post_init__(self) -> None:
        self.start()

    # The exchange

    def start(self) -> None:
        """Start, or start again: everything that is not final is handed over from the beginning."""
        state = self.disk.load()
        self.pipeline = Pipeline.resume(state, BY_ID, _WATCH_LAG_S)
        self.base = 0 if state.cursor is None else state.cursor.number
        self.followed = self.blocks[: self.base]
        self._parts.clear()
        self._asked = None
        self.waiting = deque(
            number
            for number, fills in enumerate(self.journal, start=1)
            if any(fill.fill_id not in self.ended for fill in fills)
        )
        self.tell_reached()

    def apply(self) -> None:
        """Apply a command; most match nothing."""
        number = len(self.journal) + 1
        fills = fills_of(number, self.chance.choice((0, 0, 0, 1, 1, 2, 3)))
        self.journal.append(fills)
        if fills:
            self.waiting.append(number)
        self.tell_reached()

    def tell_reached(self) -> None:
        """As `Settling` does."""
        if not self.waiting:
            self.pipeline.reach(last_group(Sequence(len(self.journal))))

    def hand_over(self) -> None:
        """Go on with one group, as `EvmSettlement.submit` takes it: the store is asked in between."""
        if self._asked is not None:
            self.attach(*self._asked)
        elif self._parts:
            self.submit(self._parts[0])
        elif self.waiting:
            fills = self.journal[self.waiting[0] - 1]
            self._parts.extend(group_fills([f for f in fills if f.fill_id not in self.ended]))
        else:
            return
        if self._asked is None and not self._parts and self.waiting:
            self.waiting.popleft()
            self.tell_reached()

    def submit(self, group: Group) -> None:
        """Take a group, or ask the store for it."""
        self.pipeline.submitting(group)
        if self.pipeline.knows(group):
            self._parts.popleft()
        elif not self.pipeline.is_late(group):
            self.pipeline.enqueue(group)
            self._parts.popleft()
        else:
            self.ask(group)

    def ask(self, group: Group) -> None:
        """Read the store; what it said may be old before it is used."""
        self.write()
        found = self.disk.batch_of(group.fills[0].fill_id)
        self._asked = (group, self.pipeline.revision, found)

    def attach(self, group: Group, revision: int, found: StoredBatch | None) -> None:
        """Use what the store said."""
        self._asked = None
        if not self.pipeline.is_late(group):
            self.pipeline.enqueue(group)
        elif revision != self.pipeline.revision:
            self.ask(group)
            return
        else:
            self.pipeline.attach(group, found)
            self.write()
        self._parts.popleft()

    # The operator

    def write(self) -> None:
        """Store what changed, and let the engine take what it is told."""
        change = self.pipeline.take_change()
        self.disk.write(change)
        for update, _ in change.commands:
            if isinstance(update, FailSettlement):
                assert self.rivals, update
                self.end([each.fill_id for each in update.failures], SettlementStage.FAILED)
            elif isinstance(update, ConfirmSettlement) and update.stage is SettlementStage.FINAL:
                self.end(update.fills, SettlementStage.FINAL)

    def end(self, fills: list[FillId] | tuple[FillId, ...], stage: SettlementStage) -> None:
        """Fills ended; the engine refuses a repeat, which may come after a restart."""
        for fill in fills:
            assert self.ended.setdefault(fill, stage) is stage, "final and failed"

    def send(self) -> None:
        """Take a step for the lowest batch that is in no block, as `Sender` does."""
        pipeline = self.pipeline
        batch = pipeline.first_unsettled()
        last = self.followed[-1].fact if self.followed else None
        number, up_to = len(self.followed) + 1, 0 if last is None else last.up_to
        if batch is not None and batch.number != number:
            return
        if batch is not None and pipeline.is_adopted(batch):
            pipeline.give_up(batch, up_to)
            self.write()
            batch = None
        if batch is None:
            ready = list(pipeline.ready())
            taken = ready[: self.chance.randint(0, len(ready))]
            pipeline.last_up_to = max(pipeline.last_up_to, up_to)
            batch = pipeline.reserve(taken, number=number, through_s=0)
            self.write()
            if self.dies():
                return
        root = bytes(32) if last is None else last.root
        ours = [found for found in pipeline.of_batch(number) if found.root == root]
        if ours and self.chance.random() < 0.7:
            self.broadcast(self.chance.choice(ours))
            return
        sent = self.sign(
            packed_batch(batch.groups, number=number, root=root, up_to=max(batch.up_to, up_to))
        )
        self.signed[sent.fact.transaction] = sent
        transaction = StoredTransaction(
            hash=sent.fact.transaction,
            batch=number,
            nonce=number,
            root=root,
            data=b"",
            gas=1,
            fees=Fees(max_fee=1, tip=1),
            raw=b"",
            state=TransactionState.SIGNED,
        )
        pipeline.put_transaction(transaction)
        self.write()
        if not self.dies():
            self.broadcast(transaction)

    def broadcast(self, transaction: StoredTransaction) -> None:
        """Hand a transaction to the node; what it has already it takes again."""
        sent = self.signed[transaction.hash]
        if sent not in self.mempool and sent not in self.blocks:
            self.mempool.append(sent)
        self.pipeline.mark_submitted(self.pipeline.batches[transaction.batch], transaction.hash)
        self.write()

    def sign(self, batch: layout.Batch) -> Sent:
        """Sign a batch; what the contract makes of it is another thing each time."""
        fact = BatchSeen(
            log=0,
            number=batch.number,
            root=self.chance.randbytes(32),
            up_to=batch.up_to,
            matched_through_s=batch.matched_through_s,
            transaction=f"{self.chance.getrandbits(64):x}",
            skips=(),
        )
        return Sent(fact=fact, batch=batch)

    def dies(self) -> bool:
        """Sometimes the process ends between two steps."""
        if self.chance.random() < 0.05:
            self.start()
            return True
        return False

    # The chain

    def mine(self) -> None:
        """Bring one of the batches that fit into a block; a refused one would never settle."""
        fitting = [sent for sent in self.mempool if self.fits(sent)]
        if fitting:
            sent = self.chance.choice(fitting)
            last = self.blocks[-1].fact.up_to if self.blocks else 0
            assert sent.fact.up_to >= last
            assert all(last < each <= sent.fact.up_to for each in sent.groups()), "refused for ever"
            self.blocks.append(sent)
            self.mempool.remove(sent)

    def fits(self, sent: Sent) -> bool:
        """Whether it has the next number, and is built on the last root."""
        root = self.blocks[-1].fact.root if self.blocks else bytes(32)
        return (sent.fact.number, sent.batch.previous_root) == (len(self.blocks) + 1, root)

    def intrude(self) -> None:
        """Someone else with the operator's key settles some groups, and some that nobody matched."""
        if not self.rivals:
            return
        last = self.blocks[-1].fact if self.blocks else None
        above = 0 if last is None else last.up_to
        known = [group for fills in self.journal if fills for group in group_fills(fills)]
        chosen = [group for group in known if group.sequence > above and self.chance.random() < 0.6]
        empty = [n for n, fills in enumerate(self.journal, start=1) if not fills and n << 8 > above]
        if empty and self.chance.random() < 0.5:
            chosen.extend(groups_of(self.chance.choice(empty)))
        chosen.sort(key=lambda group: group.sequence)
        chosen = chosen[: self.chance.randint(0, 4)]
        up_to = max([above, *(group.sequence for group in chosen)])
        if self.journal and self.chance.random() < 0.3:
            up_to = max(up_to, last_group(Sequence(self.chance.randint(1, len(self.journal)))))
        root = bytes(32) if last is None else last.root
        number = len(self.blocks) + 1
        self.mempool.append(
            self.sign(packed_batch(tuple(chosen), number=number, root=root, up_to=up_to))
        )

    def evict(self) -> None:
        """The node forgets a transaction."""
        if self.mempool:
            self.mempool.pop(self.chance.randrange(len(self.mempool)))

    def reorganise(self) -> None:
        """Lose the newest blocks; their batches may come again, or others in their place."""
        lost = self.chance.choice((1, 1, 1, 2, 3, 5))
        while lost and len(self.blocks) > self.settled:
            self.mempool.append(self.blocks.pop())
            lost -= 1
        if self.chance.random() < 0.5:
            for _ in range(self.chance.randint(1, 4)):
                self.mine()

    # The watcher

    def look(self) -> None:
        """Follow the blocks to the head; groups come in, and the process may end, in between."""
        while self.followed and self.followed != self.blocks[: len(self.followed)]:
            self.followed.pop()
            self.pipeline.forget()
        while len(self.followed) < len(self.blocks):
            self.take(self.blocks[len(self.followed)])
            if self.chance.random() < 0.2:
                self.hand_over()
            if self.dies():
                return
        self.finish()

    def take(self, sent: Sent) -> None:
        """Accept the next block."""
        if self.pipeline.is_foreign(sent.fact):
            self.pipeline.adopt(sent.fact, sent.batch)
        self.followed.append(sent)
        self.pipeline.see((sent.fact,), len(self.followed))

    def finish(self) -> None:
        """End a look."""
        self.pipeline.finish_look(self.block())
        self.write()

    def block(self) -> Block:
        """The final block."""
        return Block(number=self.base, hash=b"", parent=b"", timestamp_s=0)

    def finalize(self) -> None:
        """The lowest block that is followed becomes final, if it is in the chain."""
        if (
            self.followed[: self.base + 1]
            == self.blocks[: self.base + 1]
            != self.blocks[: self.base]
        ):
            self.pass_over()
            self.finish()

    def pass_over(self) -> None:
        """Take the lowest block as final."""
        self.base += 1
        self.settled = max(self.settled, self.base)
        self.pipeline.finalize(self.base)
        self.pipeline.mark(self.block())

    # Disasters

    def lose_store(self) -> None:
        """The file is gone: the chain is read from the contract's first block."""
        self.restart_from(Disk())

    def keep_backup(self) -> None:
        """Copy the file."""
        self.backup = copy.copy(self.disk)

    def restore_backup(self) -> None:
        """The file is an old one."""
        self.restart_from(copy.copy(self.backup))

    def restart_from(self, disk: Disk) -> None:
        """Start with another file, and catch up."""
        if not self.left:
            return
        self.left -= 1
        self.disk = disk
        self.start()
        for _ in range(self.base, self.chance.randint(self.base, self.settled)):
            self.take(self.blocks[self.base])
            self.pass_over()
            if self.chance.random() < 0.2:
                self.hand_over()
        self.finish()

    def play(self, steps: int) -> None:
        """Make random moves, then let everybody do their work."""
        moves: list[Callable[[], None]] = [
            *[self.apply, self.hand_over, self.hand_over, self.send, self.mine, self.look] * 4,
            *[self.hand_over, self.finalize, self.finalize, self.intrude, self.evict],
            *[self.reorganise, self.reorganise, self.start],
            *[self.lose_store, self.keep_backup, self.restore_backup],
        ]
        for _ in range(steps):
            self.chance.choice(moves)()
        self.rest()

    def rest(self) -> None:
        """Hand everything over and settle it."""
        while self.waiting:
            self.hand_over()
        work = (self.look, self.send, self.mine, self.look, self.finalize, self.finalize)
        for _ in range(4 * len(self.journal) + 20):
            for move in work:
                move()
            while self.waiting:
                self.hand_over()
            if self.is_over():
                return

    def is_over(self) -> bool:
        """Whether the chain speaks for the last command, finally."""
        last = last_group(Sequence(len(self.journal)))
        return self.base == len(self.blocks) > 0 and self.blocks[-1].fact.up_to == last

    # What must hold

    def check(self) -> None:
        """Every fill ended, and as the chain has it; nothing settled twice."""
        settled = [sequence for sent in self.blocks for sequence in sent.groups()]
        assert len(settled) == len(set(settled))
        on_chain = set(settled)
        for fills in self.journal:
            for group in group_fills(fills) if fills else ():
                held = group.sequence in on_chain
                stage = SettlementStage.FINAL if held else SettlementStage.FAILED
                assert {self.ended.get(fill) for fill in fill_ids((group,))} == {stage}, group
        assert self.is_over()
