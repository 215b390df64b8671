"""Writer: the only one that changes the engine.

It stamps commands, coalesces those that wait into a frame, pipelines frames to the journal, and
applies and answers a command only after its frame is acknowledged. So nothing it applied is ever
taken back. It must never acknowledge what is not durable, never apply out of order, and never
step back in time.

While all goes well it runs in callbacks of the event loop, without a task. A failed append goes
to `_mend`, which first lets everything in flight come to an end:

    Ambiguous       read back: the same bytes are success, others mean fenced, none means again
    Fenced          another writer has the journal: stop for good
    InDoubt         these commands may be found after a restart: their callers are told so
    anything else   these commands did not happen: refuse them; the next ones try afresh

A command that breaks an invariant of one market goes the same way: the engine is made again from
the journal without what broke (`hybrid_dex.engine.isolation`), and that is journaled before
anybody hears of it. Other markets wait meanwhile, and lose nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from collections.abc import Sequence as Items
from typing import Final

import attrs
import msgspec

from hybrid_dex.errors import (
    AmbiguousAppendError,
    FencedError,
    HybridDexError,
    InDoubtError,
    InvariantError,
    JournalFullError,
    RefusedError,
    UnavailableError,
    UnknownOutcomeError,
)
from hybrid_dex.exchange.durations import Durations
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.options import ExchangeOptions
from hybrid_dex.exchange.replay import Replay, apply_command
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.journal import Journal
from hybrid_dex.model.commands import Command
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.frame import (
    FRAME_VERSION,
    HASH_BYTES,
    Frame,
    FrameKind,
    all_as_journaled,
    encode_frame,
    isolation_note,
)
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_SEQUENCE, MarketId, Sequence, TimestampNs

__all__ = ["Writer"]

_NS_PER_MS: Final = 1_000_000

_log: Final = logging.getLogger(__name__)


class _Waiting(msgspec.Struct, eq=False):
    command: Command
    answer: "asyncio.Future[EventBatch]"
    not_after_ns: TimestampNs | None


@attrs.define(eq=False)
class _Flight:
    position: int
    raw: bytes
    commands: tuple[Command, ...]
    waiting: list[_Waiting]
    outcome: "asyncio.Future[int]"


@attrs.frozen
class _Fault:
    """A frame's command that broke an invariant, by its index."""

    flight: _Flight
    index: int
    error: Exception


@attrs.frozen
class _Told:
    """What some of a frame's commands did, and who waits for it."""

    happened: list[EventBatch]
    waiting: list[_Waiting]
    answers: list[EventBatch]


class Writer:
    """The single writer.

    Args:
        replay: the recovered engine at the journal's head.
        journal: where frames go.
        clock: where time comes from.
        options: limits.
        applied: called with what a frame's commands did, in order, before callers hear of it.
        rebuild: makes the engine again as it was after a frame, knowing the isolations; without
            it, everything stops at a broken invariant.

    Attributes:
        appending: how long the journal takes to make a frame durable, by the clock.
    """

    def __init__(
        self,
        replay: Replay,
        *,
        journal: Journal,
        clock: Clock,
        options: ExchangeOptions,
        applied: Callable[[list[EventBatch]], None],
        rebuild: Callable[[int], Awaitable[Replay]] | None = None,
    ) -> None:
        self._engine = replay.engine
        self._isolations: Isolations = replay.isolations
        self._unrecorded = replay.unrecorded
        self._rebuild = rebuild
        self._fault: _Fault | None = None
        self._held: list[_Told] = []
        self._journal = journal
        self._clock = clock
        self._options = options
        self._applied = applied
        capabilities = journal.capabilities
        self._max_in_flight = min(options.max_in_flight, capabilities.max_depth)
        self._max_frame_bytes = capabilities.max_frame_bytes
        self._queue: deque[_Waiting] = deque()
        self._flights: deque[_Flight] = deque()
        self._mending: asyncio.Task[None] | None = None
        self._pump_is_due = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._epoch = replay.epoch + 1
        self._at_ns = replay.at_ns
        self._position = self._next_position = replay.position
        self._sound_position: int | None = None
        self._hash = self._next_hash = replay.frame_hash
        self._sequence = replay.engine.sequence
        self._journal_ok = True
        self._halted = ""
        self._broken = False
        self.appending: Final = Durations()

    @property
    def position(self) -> int:
        """The last acknowledged and applied frame, whose outcome is recorded where it has to be."""
        return self._position if self._sound_position is None else self._sound_position

    @property
    def frame_hash(self) -> bytes:
        """That frame's chain hash."""
        return self._hash

    @property
    def epoch(self) -> int:
        """This writer's term."""
        return self._epoch

    @property
    def journal_ok(self) -> bool:
        """Whether the last append was acknowledged."""
        return self._journal_ok

    @property
    def halted(self) -> str:
        """Why no more commands are taken, or an empty string."""
        return self._halted

    @property
    def broken(self) -> bool:
        """Whether an invariant broke: the state in memory is not to be kept."""
        return self._broken

    @property
    def waiting(self) -> int:
        """How many commands are not answered yet."""
        return len(self._queue) + sum(len(flight.commands) for flight in self._flights)

    async def begin(self) -> None:
        """Write the epoch frame: from here on this writer holds the journal.

        Raises:
            FencedError: another writer appended meanwhile.
            UnavailableError: the journal does not take it.
        """
        outcome = self._send(FrameKind.EPOCH, (), [], note=self._engine.versions).outcome
        await self._idle.wait()
        if self._halted or not self._journal_ok:
            error = outcome.exception()
            raise error if isinstance(error, HybridDexError) else UnavailableError(self._halted)
        if self._unrecorded and (failure := await self._record()) is not None:
            raise UnavailableError(f"an isolated market can not be recorded: {failure}")

    def submit(
        self, command: Command, not_after_ns: TimestampNs | None = None
    ) -> "asyncio.Future[EventBatch]":
        """Take a command; the future resolves once it is durable and applied.

        Args:
            command: not stamped yet.
            not_after_ns: when the journal takes it later than this, it is refused instead: the
                future fails with a `RefusedError` and nothing was written.

        Raises:
            FormatError: the command is malformed; the journal could not give it back.
            UnavailableError: the exchange is halted or closing, or too many commands wait. The
                future fails with it when the journal can not make the command durable.
        """
        (answer,) = self.submit_many([command], [not_after_ns])
        return answer

    def submit_many(
        self, commands: Items[Command], not_after_ns: Items[TimestampNs | None]
    ) -> "list[asyncio.Future[EventBatch]]":
        """Take commands in turn, each as `submit` does, with its own limit; none when it raises.

        Raises: as `submit`.
        """
        journaled = all_as_journaled(commands)
        if self._halted:
            raise UnavailableError(self._halted)
        queue = self._queue
        if len(queue) + len(commands) > self._options.max_waiting:
            raise UnavailableError(
                f"{len(queue)} commands wait for the journal, and no more than "
                f"{self._options.max_waiting} may; try again later"
            )
        make_future = asyncio.get_running_loop().create_future
        answers: list[asyncio.Future[EventBatch]] = []
        for command, until in zip(journaled, not_after_ns, strict=True):
            answer = make_future()
            answers.append(answer)
            queue.append(_Waiting(command, answer, until))
        self._idle.clear()
        self._pump_soon()
        return answers

    async def drain(self) -> None:
        """Return once every command taken so far is answered."""
        await self._idle.wait()

    def halt(self, reason: str) -> None:
        """Take no more commands, and refuse those not sent to the journal yet."""
        self._halted = self._halted or reason
        self._refuse(list(self._queue), UnavailableError(self._halted))
        self._queue.clear()
        self._settle_idle()

    # ------------------------------------------------------------------------------ sending

    def _pump_soon(self) -> None:
        if not self._pump_is_due:
            self._pump_is_due = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_is_due = False
        while (
            self._queue
            and self._mending is None
            and not self._halted
            and len(self._flights) < self._max_in_flight
        ):
            size = min(len(self._queue), self._options.max_frame_commands)
            self._cut([self._queue.popleft() for _ in range(size)])
        self._settle_idle()

    def _cut(self, waiting: list[_Waiting]) -> None:
        """Stamp commands and send them; what does not fit the largest frame goes back."""
        now_ns = self._clock.now_ns()
        self._at_ns = max(self._at_ns, now_ns)
        waiting = [
            item for item in waiting if item.not_after_ns is None or not self._is_late(item, now_ns)
        ]
        if not waiting:
            return
        while True:
            commands = self._stamp(waiting)
            raw = self._encode(FrameKind.COMMANDS, commands, "")
            if len(raw) <= self._max_frame_bytes:
                break
            if len(waiting) == 1:
                limit = f"a frame has at most {self._max_frame_bytes} bytes"
                self._refuse(waiting, JournalFullError(f"{limit}; this command needs {len(raw)}"))
                return
            half = len(waiting) // 2
            self._queue.extendleft(reversed(waiting[half:]))
            waiting = waiting[:half]
        if self._sequence + len(commands) > MAX_SEQUENCE:
            self._refuse(waiting, UnavailableError("every sequence number is used"))
            return
        self._send(FrameKind.COMMANDS, commands, waiting, raw=raw)

    def _stamp(self, waiting: list[_Waiting]) -> tuple[Command, ...]:
        """Number the commands that come next; each is the writer's own, read back as the journal will."""
        at_ns, stamp = self._at_ns, msgspec.structs.force_setattr
        commands = tuple([item.command for item in waiting])
        for sequence, command in enumerate(commands, self._sequence + 1):
            stamp(command, "sequence", sequence)
            stamp(command, "at_ns", at_ns)
        return commands

    def _is_late(self, item: _Waiting, now_ns: TimestampNs) -> bool:
        """Refuse a command whose sender no longer wants it."""
        if item.not_after_ns is None or now_ns <= item.not_after_ns:
            return False
        late_ms = -(-(now_ns - item.not_after_ns) // _NS_PER_MS)
        detail = f"{late_ms} ms later than the request allowed; send it again with a new time"
        refusal = RefusedError(RejectReason.RECEIVE_WINDOW.value, "receive_window_ms", detail)
        if not item.answer.done():
            item.answer.set_exception(refusal)
        return True

    def _encode(self, kind: FrameKind, commands: tuple[Command, ...], note: str) -> bytes:
        frame = Frame(
            version=FRAME_VERSION,
            kind=kind,
            epoch=self._epoch,
            leader=self._options.leader,
            at_ns=self._at_ns,
            previous=self._next_hash,
            commands=commands,
            note=note,
        )
        return encode_frame(frame)

    def _send(
        self,
        kind: FrameKind,
        commands: tuple[Command, ...],
        waiting: list[_Waiting],
        *,
        raw: bytes | None = None,
        note: str = "",
    ) -> _Flight:
        if raw is None:
            self._at_ns = max(self._at_ns, self._clock.now_ns())
            raw = self._encode(kind, commands, note)
        expected = self._next_position
        begun_ns = self._clock.now_ns()
        outcome = asyncio.ensure_future(self._journal.append(expected, raw))
        flight = _Flight(expected + 1, raw, commands, waiting, outcome)
        outcome.add_done_callback(lambda _: self.appending.note(self._clock.now_ns() - begun_ns))
        self._idle.clear()
        self._flights.append(flight)
        self._next_position = flight.position
        self._next_hash = raw[-HASH_BYTES:]
        self._sequence = Sequence(self._sequence + len(commands))
        outcome.add_done_callback(self._acknowledge)
        return flight

    # ----------------------------------------------------------------------------- applying

    def _acknowledge(self, _: "asyncio.Future[int]") -> None:
        while self._mending is None and self._flights and self._flights[0].outcome.done():
            outcome = self._flights[0].outcome
            if outcome.cancelled() or outcome.exception() is not None:
                self._mending = asyncio.get_running_loop().create_task(self._mend())
                return
            self._apply(self._flights.popleft())
            if self._fault is not None:
                self._mending = asyncio.get_running_loop().create_task(self._mend())
                return
        self._pump()

    def _apply(self, flight: _Flight) -> None:
        """Apply an acknowledged frame and answer its callers."""
        if self._halted and flight.commands:
            self._leave(flight.waiting, self._halted)
            return
        self._journal_ok = True
        self._apply_from(flight, 0)

    def _apply_from(self, flight: _Flight, first: int, isolated: tuple[MarketId, ...] = ()) -> None:
        """Apply a frame's commands from an index on, that one isolated from some markets."""
        answers: list[EventBatch] = []
        happened: list[EventBatch] = []
        failure: Exception | None = None
        for command in flight.commands[first:]:
            try:
                answer, batch = apply_command(self._engine, command, isolated)
            except Exception as error:  # noqa: BLE001 # whatever it is, the engine is wrong
                failure = error
                break
            isolated = ()
            answers.append(answer)
            happened.append(batch)
        if failure is None:
            self._position = flight.position
            self._hash = flight.raw[-HASH_BYTES:]
        told = _Told(happened, flight.waiting[first:], answers)
        if self._unrecorded:
            self._held.append(told)
        else:
            self._tell(told)
        if failure is None:
            return
        fault = _Fault(flight, first + len(answers), failure)
        if self._rebuild is not None and isinstance(failure, InvariantError) and failure.market:
            self._fault = fault
        else:
            self._break(fault)

    def _tell(self, told: _Told) -> None:
        unpublished = self._publish(told.happened) if told.happened else ""
        for item, answer in zip(told.waiting, told.answers, strict=False):
            if not item.answer.done():
                item.answer.set_result(answer)
        if unpublished:
            self.halt(unpublished)

    def _publish(self, happened: list[EventBatch]) -> str:
        """Tell what happened; return why that failed, as followers then have a gap."""
        try:
            self._applied(happened)
        except Exception as error:  # noqa: BLE001 # callers must be answered whatever it is
            reason = f"publishing broke down: {error!r}; restart the exchange"
            _log.critical("%s", reason, exc_info=error)
            return reason
        return ""

    def _break(self, fault: _Fault) -> None:
        """The engine refused to break its own rules: say so, answer nobody, stop."""
        self._broken = True
        flight, applied, failure = fault.flight, fault.index, fault.error
        command = flight.commands[applied]
        reason = (
            f"the exchange is halted: command {command.sequence} in record {flight.position} broke "
            f"an invariant ({failure}); the journal is kept, reads go on"
        )
        _log.critical("%s", reason, exc_info=failure)
        culprit = flight.waiting[applied]
        if not culprit.answer.done():
            culprit.answer.set_exception(InvariantError(reason))
        self._leave(flight.waiting[applied + 1 :], reason)
        self.halt(reason)

    # ---------------------------------------------------------------------------- isolation

    async def _isolate(self) -> None:
        """Make the engine again without what broke in one market, and go on where it stopped."""
        while (fault := self._fault) is not None:
            self._fault = None
            flight, error = fault.flight, fault.error
            command = flight.commands[fault.index]
            assert isinstance(error, InvariantError)
            _log.critical(
                "market %s is halted: command %d in record %d broke an invariant (%s); the other "
                "markets go on, the journal is kept",
                error.market,
                command.sequence,
                flight.position,
                error,
                exc_info=error,
            )
            if self._sound_position is None:
                self._sound_position = flight.position - 1
            try:
                self._isolations.add(command.sequence, error.market)
                assert self._rebuild is not None
                replay = await self._rebuild(flight.position - 1)
                for earlier in flight.commands[: fault.index]:
                    known = self._isolations.of(earlier.sequence)
                    apply_command(replay.engine, earlier, known)
            except Exception as failure:  # noqa: BLE001 # whatever it is, there is no engine
                _log.critical("the engine can not be made again", exc_info=failure)
                self._break(fault)
                return
            self._engine.become(replay.engine)
            self._unrecorded.append((command.sequence, MarketId(error.market)))
            self._apply_from(flight, fault.index, self._isolations.of(command.sequence))

    async def _record(self) -> BaseException | None:
        """Journal which commands broke an invariant; then tell what was held back for it."""
        self._at_ns = max(self._at_ns, self._clock.now_ns())
        raw = self._encode(FrameKind.ISOLATION, (), isolation_note(self._unrecorded))
        outcome = asyncio.ensure_future(self._journal.append(self._next_position, raw))
        flight = _Flight(self._next_position + 1, raw, (), [], outcome)
        await asyncio.wait([outcome])
        failure = _failure_of(flight)
        if failure is not None and not isinstance(failure, FencedError):
            failure = await self._resolve(flight)
        held, self._held = self._held, []
        if failure is not None:
            self._broken = True
            reason = f"the exchange stops: an isolated market can not be recorded: {failure}"
            _log.critical("%s", reason)
            for told in held:
                self._leave(told.waiting, f"{reason}; restart it")
            self.halt(f"{reason}; restart it")
            return failure
        self._unrecorded.clear()
        self._sound_position = None
        if self._position == flight.position - 1:  # else it halted, and has not applied all
            self._position, self._hash = flight.position, raw[-HASH_BYTES:]
        self._next_position, self._next_hash = flight.position, raw[-HASH_BYTES:]
        for told in held:
            self._tell(told)
        return None

    # ------------------------------------------------------------------------------ failure

    async def _mend(self) -> None:
        await self._isolate()
        flights = list(self._flights)
        if flights:
            await asyncio.wait([flight.outcome for flight in flights])
        failure: BaseException | None = None
        ambiguous = False
        for flight in flights:
            if failure is None:
                failure = _failure_of(flight)
                ambiguous = ambiguous or isinstance(failure, AmbiguousAppendError)
                if ambiguous and failure is not None:
                    failure = await self._resolve(flight)
            if failure is None:
                self._apply(flight)
                await self._isolate()
            else:
                self._give_up(flight, failure)
        self._flights.clear()
        self._end_mending(failure)
        if self._unrecorded:
            await self._record()
        self._mending = None
        self._pump()

    def _end_mending(self, failure: BaseException | None) -> None:
        """Nothing is in flight any more: the next frame follows the last that was applied."""
        if failure is not None:
            self._journal_ok = False
            self._next_position, self._next_hash = self._position, self._hash
            self._sequence = self._engine.sequence
            if isinstance(failure, FencedError):
                _log.critical("the exchange stops: %s", failure)
                self.halt(f"the exchange stops: {failure}; restart it as the only writer")

    async def _resolve(self, flight: _Flight) -> BaseException | None:
        """Find out whether a frame is in the journal, and put it there if it is not."""
        failure: BaseException | None = AmbiguousAppendError("not read back yet")
        wait_s = self._options.retry_s
        for _ in range(self._options.append_attempts):
            try:
                found = await self._journal.read_at(flight.position)
                if found == flight.raw:
                    return None
                if found is not None:
                    return FencedError(await self._journal.head())
                await self._journal.append(flight.position - 1, flight.raw)
                return None
            except HybridDexError as error:
                failure = error
            await self._clock.sleep(wait_s)
            wait_s = min(2 * wait_s, self._options.retry_max_s)
        if isinstance(failure, AmbiguousAppendError):
            reason = f"the outcome of record {flight.position} stays unknown: {failure}"
            self.halt(f"the exchange stops: {reason}; restart it")
        return failure

    def _give_up(self, flight: _Flight, failure: BaseException) -> None:
        _log.error("record %d is not acknowledged: %s", flight.position, failure)
        error: HybridDexError = UnavailableError(str(failure))
        if isinstance(failure, AmbiguousAppendError):
            error = UnknownOutcomeError(f"{failure}; ask for the order by its client order id")
        elif isinstance(own := _failure_of(flight), InDoubtError):  # not so those that waited
            error = own
        self._refuse(flight.waiting, error)

    def _refuse(self, waiting: list[_Waiting], error: HybridDexError) -> None:
        for item in waiting:
            if not item.answer.done():
                item.answer.set_exception(type(error)(*error.args))

    def _leave(self, waiting: list[_Waiting], reason: str) -> None:
        """Leave durable commands to the next start, which does them: not said to be undone."""
        self._refuse(waiting, UnknownOutcomeError(f"{reason}; it counts after a restart"))

    def _settle_idle(self) -> None:
        if not self._queue and not self._flights and self._mending is None:
            self._idle.set()


def _failure_of(flight: _Flight) -> BaseException | None:
    if flight.outcome.cancelled():
        return AmbiguousAppendError("the append was canceled")
    return flight.outcome.exception()
