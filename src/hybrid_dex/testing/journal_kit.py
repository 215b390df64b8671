"""JournalKit: every rule of the `Journal` interface, for whoever writes a journal.

The journal is the lock and the truth: who appends at the expected head owns it, and what it
acknowledged is there after a restart. Frames are real ones, each with the hash of the one before,
as a journal may check them.

Two journals that are made in one rule stand on the same store (see `Kit.place`): one is what the
program sees after a restart, or what a second program sees. Damage can not be done through the
interface; whoever can do it to the store overrides `damage` and `tear`, else declares the two rules
lacking. A crash is played by `vanish`: a process of its own appends, and ends without closing.
"""

import asyncio
import multiprocessing
import os
import pickle
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Final

from hybrid_dex.errors import (
    CorruptJournalError,
    FencedError,
    JournalError,
    JournalFullError,
    UnavailableError,
)
from hybrid_dex.interfaces.journal import (
    Journal,
    JournalReader,
    SegmentedJournal,
    SharedJournal,
)
from hybrid_dex.model.frame import (
    FRAME_VERSION,
    GENESIS_HASH,
    HASH_BYTES,
    Frame,
    FrameKind,
    encode_frame,
)
from hybrid_dex.model.units import TimestampNs
from hybrid_dex.testing.rules import Kit, demand, expect, made, raises, rule

__all__ = ["JournalKit"]

_DEEP: Final = 256


class JournalKit(Kit):
    """Subclass it as ``TestYourJournal`` and write `make_journal`."""

    def make_journal(self) -> Journal | Awaitable[Journal]:
        """Return a journal that is not open yet, on the store that belongs to `place`."""
        raise NotImplementedError

    async def damage(self, position: int, frame: bytes) -> None:
        """Alter a byte of a stored frame of a closed journal, behind its back."""
        raise NotImplementedError("override damage(), or declare that you lack this rule")

    async def tear(self, position: int, frame: bytes) -> None:
        """Cut the last frame of a closed journal in half, as a power cut does."""
        raise NotImplementedError("override tear(), or declare that you lack this rule")

    async def vanish(self, frames: list[bytes]) -> int:
        """Append frames in a process that then ends without closing; return how many it acknowledged.

        As it is, the process is a fork of this one and makes a journal of its own. Override it for
        a client that no fork can use; declare the rule where the store ends with its process.
        """
        fork = multiprocessing.get_context("fork")
        told, telling = fork.Pipe(duplex=False)
        process = fork.Process(target=_append_and_vanish, args=(self, frames, telling))
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # the fork needs none of our threads
            process.start()
        telling.close()
        try:
            return await asyncio.to_thread(_heard, told)
        finally:
            process.kill()
            process.join()

    # -------------------------------------------------------------------- promises

    @rule
    async def test_capabilities_are_said_and_constant(self) -> None:
        """Capabilities name positive sizes and stay the same, open or closed."""
        journal = await made(self.make_journal())
        said = journal.capabilities
        demand(said.max_frame_bytes >= 64, f"frames of at most {said.max_frame_bytes} bytes")
        demand(said.max_depth >= 1, f"a depth of {said.max_depth}")
        await journal.open()
        expect("capabilities of the open journal", journal.capabilities, said)
        await journal.close()

    @rule
    async def test_durability_can_be_asked_for(self) -> None:
        """On a healthy store `verify_durability` returns, and changes nothing."""
        async with self._open() as journal:
            await journal.verify_durability()
            expect("head", await journal.head(), 0)

    # -------------------------------------------------------------------- appending

    @rule
    async def test_a_new_journal_is_empty(self) -> None:
        """Its head is 0 and there is nothing to read."""
        async with self._open() as journal:
            expect("head", await journal.head(), 0)
            expect("frames", await _all(journal), [])
            expect("frame 1", await journal.read_at(1), None)

    @rule
    async def test_append_resolves_to_the_next_position(self) -> None:
        """Positions are 1, 2, 3...; an acknowledged frame is there at once."""
        async with self._open() as journal:
            for index, frame in enumerate(_frames(5)):
                expect("the position", await journal.append(index, frame), index + 1)
                expect("head", await journal.head(), index + 1)
                expect("the frame read back", await journal.read_at(index + 1), frame)

    @rule
    async def test_frames_come_back_byte_for_byte(self) -> None:
        """Whatever their size: what was appended is what is read."""
        async with self._open() as journal:
            most = journal.capabilities.max_frame_bytes - len(_frames(1)[0])
            frames = _frames(12, pad=lambda index: min(4 * index**3, most))
            for index, frame in enumerate(frames):
                await journal.append(index, frame)
            expect("frames", await _all(journal), list(enumerate(frames, 1)))

    @rule
    async def test_appends_may_be_pipelined(self) -> None:
        """Up to `max_depth` appends may be in flight at once; they keep their order."""
        async with self._open() as journal:
            depth = min(_DEEP, journal.capabilities.max_depth)
            frames = _frames(depth)
            answers = [journal.append(index, frame) for index, frame in enumerate(frames)]
            expect("positions", [await answer for answer in answers], list(range(1, depth + 1)))
            expect("frames", await _all(journal), list(enumerate(frames, 1)))

    @rule
    async def test_an_append_elsewhere_is_fenced(self) -> None:
        """At any position but the head's successor it raises FencedError with the real head."""
        frames = _frames(3)
        async with self._filled(frames[:2]) as journal:
            for expected in (0, 1, 3):
                try:
                    position = await journal.append(expected, frames[2])
                except FencedError as error:
                    expect(f"the head told at {expected}", error.actual, 2)
                else:
                    raise AssertionError(f"append at {expected} returned {position}; the head is 2")
            expect("frames", await _all(journal), list(enumerate(frames[:2], 1)))
            expect("the next position", await journal.append(2, frames[2]), 3)

    @rule
    async def test_one_writer(self) -> None:
        """Of two that would write, one is refused: when it opens, or with FencedError."""
        frame, other_frame = _frames(1)[0], _frames(1, leader="other")[0]
        async with self._open() as first:
            second = await made(self.make_journal())
            try:
                await second.open()
            except UnavailableError:
                expect("the first one's position", await first.append(0, frame), 1)
                return
            expect("the first one's position", await first.append(0, frame), 1)
            with raises("the second one's append at the same place", FencedError):
                await second.append(0, other_frame)
            await second.close()
            expect("frames", await _all(first), [(1, frame)])

    @rule
    async def test_the_largest_frame_fits(self) -> None:
        """A frame of `max_frame_bytes` is taken, one byte more is a JournalFullError."""
        async with self._open() as journal:
            largest = journal.capabilities.max_frame_bytes
            plain = len(_frames(1)[0])
            fits, over = (_frames(1, pad=lambda _, by=by: largest - plain + by)[0] for by in (0, 1))  # type: ignore[misc] # as a default it is bound now
            with raises(f"a frame of {len(over)} bytes", JournalFullError):
                await journal.append(0, over)
            expect("head after it", await journal.head(), 0)
            expect(f"position of {len(fits)} bytes", await journal.append(0, fits), 1)
            expect("the frame read back", await journal.read_at(1), fits)

    @rule
    async def test_a_caller_may_give_up(self) -> None:
        """An append whose caller is canceled is there whole or not at all; the next ones go on."""
        frames = _frames(3)
        async with self._open() as journal:
            waiting = asyncio.ensure_future(_wait(journal.append(0, frames[0])))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await journal.verify_durability()
            head = await journal.head()
            demand(head in {0, 1}, f"the head is {head} after one append")
            for index in range(head, 3):
                expect("the position", await journal.append(index, frames[index]), index + 1)
            expect("frames", await _all(journal), list(enumerate(frames, 1)))

    # ---------------------------------------------------------------------- reading

    @rule
    async def test_read_begins_behind_a_position(self) -> None:
        """Read yields every frame after a position, in order, and ends."""
        frames = _frames(7)
        async with self._filled(frames) as journal:
            for after in (0, 1, 6, 7, 9):
                wanted = list(enumerate(frames, 1))[after:]
                expect(f"frames after {after}", await _all(journal, after), wanted)

    @rule
    async def test_read_at_is_exact(self) -> None:
        """It returns the frame at a position, and None where there is none."""
        frames = _frames(5)
        async with self._filled(frames) as journal:
            for position in (-1, 0, 6, 99):
                expect(f"frame {position}", await journal.read_at(position), None)
            for position, frame in enumerate(frames, 1):
                expect(f"frame {position}", await journal.read_at(position), frame)

    @rule
    async def test_follow_goes_on_with_new_frames(self) -> None:
        """Follow yields what is there and then what comes, each once, until the journal closes."""
        frames = _frames(6)
        async with self._filled(frames[:2]) as journal:
            seen = asyncio.Queue[tuple[int, bytes]]()
            follower = asyncio.ensure_future(_follow(journal, 1, seen))
            for index in range(2, 6):
                expect("followed", await seen.get(), (index, frames[index - 1]))
                await journal.append(index, frames[index])
            expect("followed", await seen.get(), (6, frames[5]))
            await journal.close()
            await follower
            demand(seen.empty(), "more was followed than appended")

    # --------------------------------------------------------------------- trimming

    @rule
    async def test_trim_forgets_nothing_newer(self) -> None:
        """Frames above the position stay; one at or below it is gone, or as it was."""
        frames = _frames(40, pad=lambda _: 200)
        async with self._filled(frames) as journal:
            await journal.trim(30)
            expect("head", await journal.head(), 40)
            expect("frames after 30", await _all(journal, 30), list(enumerate(frames, 1))[30:])
            for position in range(1, 31):
                found = await journal.read_at(position)
                demand(found in {None, frames[position - 1]}, f"frame {position} is another one")
            if await journal.read_at(1) is None:
                with raises("reading what is trimmed", JournalError):
                    await _all(journal, 0)

    @rule
    async def test_trim_keeps_the_head(self) -> None:
        """After trimming all there is, the next append still has the next position."""
        frames = _frames(4)
        async with self._filled(frames[:3]) as journal:
            await journal.trim(3)
            await journal.trim(3)
            expect("head", await journal.head(), 3)
            expect("the next position", await journal.append(3, frames[3]), 4)
            await journal.close()
            await journal.open()
            expect("head after reopening", await journal.head(), 4)
            expect("frame 4", await journal.read_at(4), frames[3])

    # ------------------------------------------------------------- opening and closing

    @rule
    async def test_only_an_open_journal_takes_frames(self) -> None:
        """Before open and after close an append raises UnavailableError."""
        journal = await made(self.make_journal())
        frame = _frames(1)[0]
        with raises("an append before open", UnavailableError):
            await journal.append(0, frame)
        await journal.open()
        await journal.close()
        with raises("an append after close", UnavailableError):
            await journal.append(0, frame)

    @rule
    async def test_close_may_be_repeated(self) -> None:
        """Close releases the lock, and a second close is safe."""
        journal = await made(self.make_journal())
        await journal.open()
        await journal.close()
        await journal.close()
        async with self._open() as again:
            expect("the position", await again.append(0, _frames(1)[0]), 1)

    @rule
    async def test_what_was_acknowledged_survives(self) -> None:
        """Another program that opens the journal later finds every frame and goes on behind it."""
        frames = _frames(30)
        async with self._filled(frames[:29]):
            pass
        async with self._open() as journal:
            expect("head", await journal.head(), 29)
            expect("the next position", await journal.append(29, frames[29]), 30)
            expect("frames", await _all(journal), list(enumerate(frames, 1)))

    @rule
    async def test_what_was_acknowledged_survives_its_process(self) -> None:
        """A process that ends without closing leaves all that it acknowledged, and no lock."""
        frames = _frames(30)
        acknowledged = await self.vanish(frames[:29])
        demand(0 < acknowledged < 30, f"{acknowledged} of 29 frames were acknowledged")
        async with self._open() as journal:
            found, wanted = await _all(journal), list(enumerate(frames, 1))
            kept = [one for one in found if one in wanted]
            demand(
                len(kept) >= acknowledged,
                f"a process acknowledged {acknowledged} frames and ended without closing; "
                f"{len(kept)} of them are there",
            )
            expect("frames", found, wanted[: len(found)])
            head = len(found)
            expect("the next position", await journal.append(head, frames[head]), head + 1)

    @rule
    async def test_other_versions_begin_a_segment(self) -> None:
        """After `begin_segment` frames go on at the next position, and nothing before is lost."""
        frames = _frames(6)
        async with self._filled(frames[:3]) as journal:
            demand(isinstance(journal, SegmentedJournal), "it has no begin_segment()")
            assert isinstance(journal, SegmentedJournal)
            for index in range(3, 6):
                await journal.begin_segment(f"engine {index}")
                expect("the position", await journal.append(index, frames[index]), index + 1)
        async with self._open() as journal:
            expect("frames", await _all(journal), list(enumerate(frames, 1)))

    @rule
    async def test_another_process_reads_it(self) -> None:
        """What `reader` returns can be pickled, needs no lock, and sees what was acknowledged."""
        frames = _frames(6)
        async with self._filled(frames[:4]) as journal:
            demand(isinstance(journal, SharedJournal), "it has no reader()")
            assert isinstance(journal, SharedJournal)
            reader: JournalReader = pickle.loads(pickle.dumps(journal.reader()))  # noqa: S301 # ours
            expect("head, as read elsewhere", await reader.head(), 4)
            expect("frame 4, as read elsewhere", await reader.read_at(4), frames[3])
            for index in range(4, 6):
                await journal.append(index, frames[index])
            found = [item async for item in reader.read(2)]
            expect("frames after 2, as read elsewhere", found, list(enumerate(frames, 1))[2:])

    @rule
    async def test_damage_in_the_middle_is_refused(self) -> None:
        """A frame that no longer is what was written raises CorruptJournalError, never passes."""
        frames = _frames(9)
        async with self._filled(frames):
            pass
        await self.damage(4, frames[3])
        journal = await made(self.make_journal())
        with raises("opening, or reading it", CorruptJournalError):
            await journal.open()
            try:
                await _all(journal)
            finally:
                await journal.close()

    @rule
    async def test_a_torn_tail_is_cut(self) -> None:
        """A last frame that is not whole was not acknowledged: it goes, all before it stays."""
        frames = _frames(9)
        async with self._filled(frames):
            pass
        await self.tear(9, frames[8])
        async with self._open() as journal:
            expect("head", await journal.head(), 8)
            expect("frames", await _all(journal), list(enumerate(frames[:8], 1)))
            expect("the next position", await journal.append(8, frames[8]), 9)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Journal]:
        journal = await made(self.make_journal())
        await journal.open()
        try:
            yield journal
        finally:
            await journal.close()

    @asynccontextmanager
    async def _filled(self, frames: list[bytes]) -> AsyncIterator[Journal]:
        async with self._open() as journal:
            for index, frame in enumerate(frames):
                await journal.append(index, frame)
            yield journal


def _frames(
    number: int, *, pad: Callable[[int], int] = lambda _: 0, leader: str = "kit"
) -> list[bytes]:
    """So many chained frames; ``pad`` says by how many bytes each is longer than it must be."""
    frames, previous = list[bytes](), GENESIS_HASH
    for index in range(number):
        frame = Frame(
            FRAME_VERSION,
            FrameKind.EPOCH,
            1,
            leader,
            TimestampNs(0),
            previous,
            note="x" * pad(index),
        )
        frames.append(encode_frame(frame))
        previous = frames[-1][-HASH_BYTES:]
    return frames


def _append_and_vanish(kit: JournalKit, frames: list[bytes], telling: Connection) -> None:
    """Append one frame after the other, in a child, telling each position; close nothing."""

    async def append() -> None:
        try:
            journal = await made(kit.make_journal())
            await journal.open()
            for index, frame in enumerate(frames):
                telling.send(await journal.append(index, frame))
        except BaseException as error:  # noqa: BLE001 # the parent tells it
            telling.send(f"{type(error).__name__} was raised: {error}")
        finally:
            os._exit(0)  # here, so that nothing is flushed, canceled or closed behind it

    asyncio.run(append())


def _heard(told: Connection) -> int:
    """Return how many positions a child told before it ended."""
    positions = 0
    with told:
        while True:
            try:
                said: object = told.recv()
            except EOFError:
                return positions
            positions += 1
            expect("a position told by another process", said, positions)


async def _all(journal: Journal, after: int = 0) -> list[tuple[int, bytes]]:
    return [item async for item in journal.read(after)]


async def _wait(answer: Awaitable[int]) -> int:
    return await answer


async def _follow(journal: Journal, after: int, into: asyncio.Queue[tuple[int, bytes]]) -> None:
    async for item in journal.follow(after):
        into.put_nowait(item)
