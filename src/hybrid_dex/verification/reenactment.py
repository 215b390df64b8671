"""Reenactment: a public log replayed, frame by frame, as far as it is one journal.

The engine is made from the versions that the log names, so nobody has to be asked which one it
was. A version that this program does not have ends the reenactment with a finding, never with a
guess.
"""

from collections.abc import Callable, Iterable
from typing import Final

import attrs

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import HybridDexError, InvariantError, JournalError, VersionMismatchError
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.recipes import recipe_of
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.model.commands import Command
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.frame import HASH_BYTES, FrameKind, decode_frame
from hybrid_dex.model.market import Market
from hybrid_dex.verification.findings import Finding, Fraud
from hybrid_dex.verification.public_log import LoggedFrame

__all__ = ["FrameMark", "Reenactment", "reenact"]

_MOST_ISOLATIONS: Final = 1_000


@attrs.frozen(kw_only=True)
class FrameMark:
    """Where a frame stands: its hash, and the last command up to and with it."""

    position: int
    frame_hash: bytes
    last_sequence: int


@attrs.define(kw_only=True)
class Reenactment:
    """What a log says.

    Attributes:
        marks: every good frame, by position from 1.
        commands: every command, by sequence from 1.
        batches: what each did by the rules, by sequence from 1.
        claimed: what the log claims that each did, where it does.
        markets: by symbol.
        frame_of: the position of the frame that holds each command.
        findings: where the log is not what it should be.
    """

    marks: list[FrameMark] = attrs.field(factory=list)
    commands: list[Command] = attrs.field(factory=list)
    batches: list[EventBatch] = attrs.field(factory=list)
    claimed: dict[int, EventBatch] = attrs.field(factory=dict)
    markets: dict[str, Market] = attrs.field(factory=dict)
    frame_of: list[int] = attrs.field(factory=list)
    findings: list[Finding] = attrs.field(factory=list)

    def mark(self, position: int) -> FrameMark | None:
        """Return a frame's mark, or ``None`` behind the log's end."""
        return self.marks[position - 1] if 1 <= position <= len(self.marks) else None

    def batch(self, sequence: int) -> EventBatch | None:
        """Return what the log says that a command did: claimed, or by the rules."""
        if not 1 <= sequence <= len(self.batches):
            return None
        return self.claimed.get(sequence, self.batches[sequence - 1])

    def all_batches(self) -> Iterable[EventBatch]:
        """Yield what the log says that each command did."""
        for batch in self.batches:
            yield self.claimed.get(batch.sequence, batch)


def reenact(
    frames: Iterable[LoggedFrame], make_engine: Callable[[str], Engine] | None = None
) -> Reenactment:
    """Replay a log up to its end, or to where it is no journal any more.

    Args:
        frames: from the first on.
        make_engine: makes an engine of the versions that a journal names; by default one that
            ships, and a version that does not is a finding.
    """
    kept = list(frames)
    make = _shipped if make_engine is None else make_engine
    isolations = Isolations()
    for _ in range(_MOST_ISOLATIONS):
        found = Reenactment()
        try:
            _replay(kept, make, isolations, found)
        except InvariantError as error:
            if error.market:
                isolations.add(error.sequence, error.market)
                continue
            found.findings.append(_unreplayable(found, error))
        except HybridDexError as error:
            found.findings.append(_unreplayable(found, error))
        return found
    found.findings.append(
        Finding(fraud=Fraud.NOT_REPLAYABLE, detail="too many commands break an invariant")
    )
    return found


def _shipped(versions: str) -> Engine:
    return recipe_of(versions)()


def _unreplayable(found: Reenactment, error: HybridDexError) -> Finding:
    broken = isinstance(error, JournalError) and not isinstance(error, VersionMismatchError)
    return Finding(
        fraud=Fraud.BROKEN_CHAIN if broken else Fraud.NOT_REPLAYABLE,
        detail=str(error),
        position=len(found.marks) + 1,
    )


def _replay(
    frames: Iterable[LoggedFrame],
    make: Callable[[str], Engine],
    isolations: Isolations,
    found: Reenactment,
) -> None:
    replay: Replay | None = None
    for logged in frames:
        frame = decode_frame(logged.raw)
        if frame.kind is FrameKind.EPOCH and (
            replay is None or replay.engine.versions != frame.note
        ):
            before, replay = replay, Replay(make(frame.note), isolations=isolations)
            if before is not None:
                replay = Replay(make(frame.note), before.snapshot(), before.epoch, isolations)
        if replay is None:
            raise JournalError("the log does not begin with the journal's first record")
        batches = replay.feed(logged.position, logged.raw)
        found.marks.append(
            FrameMark(
                position=logged.position,
                frame_hash=logged.raw[-HASH_BYTES:],
                last_sequence=replay.engine.sequence,
            )
        )
        found.commands += frame.commands
        found.frame_of += [logged.position] * len(frame.commands)
        found.batches += batches
        found.markets.update((market.id, market) for market in replay.engine.markets())
        if logged.events is not None:
            _compare(logged, batches, found)


def _compare(logged: LoggedFrame, batches: list[EventBatch], found: Reenactment) -> None:
    """Take what the log claims, and say where that is not what the commands make."""
    assert logged.events is not None
    claimed = {batch.sequence: batch for batch in logged.events}
    for batch in batches:
        told = claimed.pop(batch.sequence, None)
        if told is None:
            detail = f"the log claims nothing for command {batch.sequence}"
        else:
            found.claimed[batch.sequence] = told
            if told == batch:
                continue
            detail = f"command {batch.sequence}: {_first_difference(told, batch)}"
        found.findings.append(
            Finding(
                fraud=Fraud.OTHER_EVENTS,
                detail=detail,
                sequence=batch.sequence,
                position=logged.position,
            )
        )
    for sequence in claimed:
        detail = f"the log claims events of command {sequence}, which is not in that record"
        found.findings.append(
            Finding(
                fraud=Fraud.OTHER_EVENTS,
                detail=detail,
                sequence=sequence,
                position=logged.position,
            )
        )


def _first_difference(told: EventBatch, made: EventBatch) -> str:
    for index, (one, other) in enumerate(zip(told.events, made.events, strict=False)):
        if one != other:
            return f"event {index} is claimed to be {one}, and is {other}"
    if len(told.events) != len(made.events):
        longer = told if len(told.events) > len(made.events) else made
        extra = longer.events[min(len(told.events), len(made.events))]
        verb = "is claimed and did not happen" if longer is told else "happened and is not claimed"
        return f"{extra} {verb}"
    return f"it is claimed to be of {told.at_ns}, and is of {made.at_ns}"
