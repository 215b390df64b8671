"""Whatever happens to node, store and process, a batch never speaks for a group that it leaves out.

The contract refuses every group at or below the last ``upTo``, for ever. So histories of commands,
crashes, lost stores, lost and foreign batches and reorganisations are played against a contract in
a few lines, and no group may ever be refused, settle twice or fail.
"""

from __future__ import annotations

import random

import attrs
import pytest

from hybrid_dex.model.commands import (
    Command,
    ConfirmSettlement,
    FailSettlement,
    RequestWithdrawal,
)
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import Sequence, fill_sequence, last_group
from hybrid_dex.settlement.batching import Group
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.facts import BatchSeen, RequestSeen
from hybrid_dex.settlement.reconciliation import Block
from tests.settlement.fills import BY_ID
from tests.settlement.pipeline_history import Disk, History, groups_of, packed_batch
from tests.tiers import count

HISTORIES = count(fast=40, full=10_000)
STEPS = 120


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_no_group_is_ever_spoken_for_without_being_settled(seed: int) -> None:
    """All settle, each once; and in the end the chain speaks for the last command."""
    history = History(random.Random(seed))
    history.play(STEPS)
    history.check()


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_with_a_rival_every_group_ends_as_the_chain_has_it(seed: int) -> None:
    """What the rival's batches leave out fails, but only if these batches last."""
    history = History(random.Random(seed), rivals=True)
    history.play(STEPS)
    history.check()


def empty() -> Pipeline:
    return Pipeline.resume(Disk().load(), BY_ID, 30)


def requested(at_s: int) -> RequestSeen:
    """A request for everything."""
    return RequestSeen(log=0, account="0xa", asset="ETH", amount=9, requested_at_s=at_s)


def test_a_request_that_became_final_within_one_look_is_told_with_its_time() -> None:
    """Until the engine took it, no batch may cover it: also after a look that failed, or a restart."""
    pipeline, block = empty(), Block(number=2, hash=b"2", parent=b"1", timestamp_s=900)
    pipeline.see((requested(700),), 1)
    pipeline.finalize(1)
    pipeline.mark(block)
    change = pipeline.take_change()  # the look failed then
    assert not change.commands
    (told,) = finished(pipeline, block)
    assert told == (RequestWithdrawal(account="0xa", asset="ETH", amount=9), 700)
    restarted = Pipeline.resume(
        attrs.evolve(Disk().load(), cursor=block, ledger=change.ledger), BY_ID, 30
    )
    (told,) = finished(restarted, block)
    assert told == (RequestWithdrawal(account="0xa", asset="ETH", amount=9), 0)
    pipeline.see((requested(950),), 3)
    assert finished(pipeline, block) == []  # it asks for the same again
    pipeline.see((attrs.evolve(requested(990), amount=12),), 4)
    (told,) = finished(pipeline, block)
    assert told[1] == 990  # the one before was heeded: as much was set aside for it


def finished(pipeline: Pipeline, block: Block) -> list[tuple[Command, int | None]]:
    """End a look; return what was told, and since when it is asked for."""
    pipeline.finish_look(block)
    return list(pipeline.take_change().commands)


def test_an_idle_exchange_lets_an_empty_batch_speak_for_its_last_command() -> None:
    """Every group that the command could have had, to the last."""
    pipeline = empty()
    pipeline.reach(last_group(Sequence(9)))
    batch = pipeline.reserve((), number=1, through_s=0)
    assert (batch.up_to, pipeline.last_up_to) == (9 << 8 | 255, 9 << 8 | 255)


def test_what_waits_bounds_it_to_the_group_before() -> None:
    """Of the same command too: the second part of a big one stays above."""
    pipeline = empty()
    first, second = groups_of(5, 2)
    for group in (first, second):
        pipeline.enqueue(group)
    pipeline.reach(last_group(Sequence(9)))
    assert pipeline.reserve((), number=1, through_s=0).up_to == (5 << 8) - 1
    assert pipeline.reserve((first,), number=2, through_s=0).up_to == 5 << 8
    assert pipeline.reserve((second,), number=3, through_s=0).up_to == 9 << 8 | 255


def test_what_the_exchange_did_not_say_is_not_spoken_for() -> None:
    """After a start nothing is reached until it says so; and it never falls."""
    pipeline = empty()
    (group,) = groups_of(5)
    pipeline.enqueue(group)
    assert pipeline.reserve((group,), number=1, through_s=0).up_to == 5 << 8
    pipeline.reach(last_group(Sequence(4)))
    assert pipeline.reserve((), number=2, through_s=0).up_to == 5 << 8


def adopt(
    pipeline: Pipeline, number: int, *held: Group, up_to: int, transaction: str = "0xaa"
) -> BatchSeen:
    """Read a batch from the chain that was not sent from here."""
    root = bytes([number]) * 32
    fact = BatchSeen(
        log=0,
        number=number,
        root=root,
        up_to=up_to,
        matched_through_s=0,
        transaction=transaction,
        skips=(),
    )
    pipeline.adopt(fact, packed_batch(held, number=number, root=bytes(32), up_to=up_to))
    return fact


def test_a_batch_of_another_store_with_the_same_groups_is_taken_at_its_word() -> None:
    """It spoke for more than this store's batch of that number, so what waits below has failed."""
    pipeline = empty()
    pipeline.reserve((), number=1, through_s=0)
    (group,) = groups_of(5)
    pipeline.enqueue(group)
    fact = adopt(pipeline, 1, up_to=6 << 8)
    assert not pipeline.queue
    pipeline.see((fact,), 1)
    pipeline.finalize(1)
    told = [update for update, _ in pipeline.take_change().commands]
    assert [type(update) for update in told] == [FailSettlement]
    assert fill_sequence(told[0].failures[0].fill_id) == 5


@pytest.mark.parametrize("restarted", [False, True])
def test_a_batch_read_from_the_chain_is_never_sent_from_here(restarted: bool) -> None:
    """The store is lost, then the batch's block, too: what it held is not yet known here."""
    pipeline, disk = empty(), Disk()
    (known,), (unknown,) = groups_of(5), groups_of(6)
    adopt(pipeline, 1, known, unknown, up_to=6 << 8)
    if restarted:
        disk.write(pipeline.take_change())
        pipeline = Pipeline.resume(disk.load(), BY_ID, 30)
    pipeline.attach(known, pipeline.batches[1])
    assert pipeline.is_adopted(pipeline.batches[1])
    pipeline.give_up(pipeline.batches[1], 4 << 8)
    assert (list(pipeline.queue), pipeline.last_up_to) == ([known], 4 << 8)
    batch = pipeline.reserve((known,), number=1, through_s=0)
    assert batch.up_to == 5 << 8, "what is not yet submitted stays above"
    assert not pipeline.is_late(unknown)


def test_a_batch_that_was_reserved_here_is_sent_after_a_restart() -> None:
    """Its groups were stored with it; nothing needs to be submitted first."""
    pipeline, disk = empty(), Disk()
    (group,) = groups_of(5)
    pipeline.enqueue(group)
    pipeline.reserve((group,), number=1, through_s=0)
    disk.write(pipeline.take_change())
    pipeline = Pipeline.resume(disk.load(), BY_ID, 30)
    assert not pipeline.is_adopted(pipeline.batches[1])


def test_what_a_lost_rival_left_out_waits_again() -> None:
    """It has failed only once a batch that leaves it out is final."""
    pipeline = empty()
    (group,) = groups_of(5)
    pipeline.enqueue(group)
    fact = adopt(pipeline, 1, up_to=6 << 8)
    pipeline.see((fact,), 1)
    assert not pipeline.queue
    pipeline.forget()
    fact = adopt(pipeline, 1, group, up_to=5 << 8)
    assert pipeline.batches[1].groups == (group,), "another rival holds it"
    pipeline.see((fact,), 1)
    pipeline.finalize(1)
    told = [update for update, _ in pipeline.take_change().commands]
    assert [type(update) for update in told] == [ConfirmSettlement]


def test_what_was_in_a_block_is_told_to_wait_when_a_rival_takes_its_place() -> None:
    """Nobody may read it as settled meanwhile."""
    pipeline, disk = empty(), Disk()
    (group,) = groups_of(5)
    final = Block(number=0, hash=b"", parent=b"", timestamp_s=0)
    pipeline.see((adopt(pipeline, 1, group, up_to=5 << 8),), 1)
    pipeline.attach(group, pipeline.batches[1])
    pipeline.finish_look(final)
    disk.write(pipeline.take_change())
    pipeline.forget()
    pipeline.see((adopt(pipeline, 1, up_to=4 << 8),), 1)
    pipeline.finish_look(final)
    change = pipeline.take_change()
    told = [update for update, _ in change.commands]
    assert [(type(update), update.stage) for update in told] == [
        (ConfirmSettlement, SettlementStage.SUBMITTED)
    ]
    disk.write(change)
    assert disk.batch_of(group.fills[0].fill_id) is None
    assert list(pipeline.queue) == [group]


@pytest.mark.parametrize("again", [False, True])
def test_what_another_rival_does_not_hold_is_not_taken_for_held(again: bool) -> None:
    """Even when what the two batches hold looks the same from here; the same one changes nothing."""
    pipeline, disk = empty(), Disk()
    (first,), (second,) = groups_of(5), groups_of(6)
    final = Block(number=0, hash=b"", parent=b"", timestamp_s=0)
    pipeline.submitting(second)
    pipeline.enqueue(second)
    pipeline.see((adopt(pipeline, 1, first, second, up_to=6 << 8),), 1)
    pipeline.finish_look(final)
    pipeline.reserve((), number=2, through_s=0)
    pipeline.forget()
    held, name = ((first, second), "0xaa") if again else ((second,), "0xbb")
    pipeline.see((adopt(pipeline, 1, *held, up_to=6 << 8, transaction=name),), 1)
    disk.write(pipeline.take_change())
    assert (disk.batch_of(first.fills[0].fill_id) is not None) == again
    assert disk.batch_of(second.fills[0].fill_id) is not None
    assert (2 in pipeline.batches) == again


def test_groups_of_the_store_wait_for_those_that_were_not_submitted_again() -> None:
    """The lower batch, read from the chain, is lost after a restart: what it held comes first."""
    pipeline, disk = empty(), Disk()
    (first,), (second,) = groups_of(5), groups_of(6)
    pipeline.see((adopt(pipeline, 1, first, up_to=5 << 8),), 1)
    pipeline.submitting(second)
    pipeline.enqueue(second)
    pipeline.reserve((second,), number=2, through_s=0)
    disk.write(pipeline.take_change())
    pipeline = Pipeline.resume(disk.load(), BY_ID, 30)
    pipeline.give_up(pipeline.batches[1], 0)
    assert list(pipeline.queue) == [second]
    assert not list(pipeline.ready())
    pipeline.submitting(first)
    pipeline.enqueue(first)
    assert list(pipeline.ready()) == [first]
    pipeline.submitting(second)
    assert list(pipeline.ready()) == [first, second]


def test_an_answer_of_the_store_can_be_told_from_an_old_one() -> None:
    """`revision` rises with all that changes which batch a fill is in."""
    pipeline = empty()
    (group,) = groups_of(5)
    revisions = [pipeline.revision]
    pipeline.enqueue(group)
    pipeline.reserve((group,), number=1, through_s=0)
    revisions.append(pipeline.revision)
    fact = adopt(pipeline, 1, group, up_to=6 << 8)
    revisions.append(pipeline.revision)
    pipeline.give_up(pipeline.batches[1], 0)
    revisions.append(pipeline.revision)
    fact = adopt(pipeline, 1, group, up_to=6 << 8)
    pipeline.see((fact,), 1)
    before = pipeline.revision
    pipeline.finalize(1)
    assert revisions == sorted(set(revisions))
    assert pipeline.revision > before
