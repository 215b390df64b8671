"""A power cut at any moment leaves every acknowledged frame, in order, and no foreign one (A5).

The disk forgets any subset of the sectors that were not synced, tears them between words, and
keeps any subset of the directory changes that were not synced. Appends, segment changes, the making of
segments ahead of time, new versions, trims and restarts all run while it happens.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

from hybrid_dex.defaults.segment_log import SegmentLog
from hybrid_dex.model.frame import HASH_BYTES
from tests.crash.frames import make_frame
from tests.crash.simulated_disk import SimulatedDisk
from tests.tiers import count

STATES = count(fast=600, full=10_000)
DIRECTORY = Path("/journal")
SEGMENT_BYTES = 2048


class Workload:
    """A log that writes groups until it is told to stop, and notes what was acknowledged."""

    def __init__(self, disk: SimulatedDisk, rng: random.Random) -> None:
        self.disk = disk
        self.rng = rng
        self.frames: list[bytes] = []
        self.acknowledged = 0
        self.trimmed = 0
        self.cuts: list[tuple[SimulatedDisk, int, int]] = []
        disk.before = self._maybe_cut

    def _maybe_cut(self, operation: str, path: Path) -> None:
        if self.rng.random() < 0.08:
            self.cuts.append((self.disk.power_cut(self.rng), self.acknowledged, self.trimmed))

    def run(self, groups: int) -> None:
        """Write groups of frames, with trims and restarts between them."""
        log = SegmentLog(DIRECTORY, segment_bytes=SEGMENT_BYTES, files=self.disk)
        log.open()
        for _ in range(groups):
            start = len(self.frames)
            size = self.rng.choice((1, 1, 2, 5, 9))
            self.frames += [
                make_frame(start + index, self.rng, self.rng.choice((2, 40, 700)))
                for index in range(size)
            ]
            written, error = log.write(self.frames[start:])
            assert (written, error) == (size, None)
            self.acknowledged += written
            if self.rng.random() < 0.2 and log.wants_preparation:
                log.prepare()
            if self.rng.random() < 0.05:
                self.trimmed = max(self.trimmed, self.rng.randrange(self.acknowledged))
                log.trim(self.trimmed)
            if self.rng.random() < 0.05:
                log.begin_versions(f"engine {self.rng.randrange(5)}")
            if self.rng.random() < 0.05:
                log.close()
                log = SegmentLog(DIRECTORY, segment_bytes=SEGMENT_BYTES, files=self.disk)
                assert log.open().head == self.acknowledged
        log.close()


def read_all(log: SegmentLog, first: int, head: int) -> list[bytes]:
    """Return the frames of a log from a position on."""
    found: list[bytes] = []
    while (position := first + len(found)) <= head:
        segment = log.segment_of(position)
        assert segment is not None
        found += log.read(segment, position, head)
    return found


def test_every_crash_state_keeps_the_acknowledged_prefix(
    rng: random.Random, figure: Callable[[str], None]
) -> None:
    checked, frames = 0, 0
    while checked < STATES:
        workload = Workload(SimulatedDisk(), rng)
        workload.run(groups=60)
        for disk, acknowledged, trimmed in workload.cuts:
            check_state(disk, workload.frames, acknowledged, trimmed)
            checked += 1
            frames += acknowledged
    figure(f"{checked} states after power cuts: of {frames} acknowledged frames 0 lost, 0 changed")


def check_state(disk: SimulatedDisk, frames: list[bytes], acknowledged: int, trimmed: int) -> None:
    """Open what the power cut left, go on, and open it again."""
    log = SegmentLog(DIRECTORY, segment_bytes=SEGMENT_BYTES, files=disk)
    head = log.open().head
    assert acknowledged <= head <= len(frames)
    assert read_all(log, trimmed + 1, head) == frames[trimmed:head]
    after = [make_frame(1_000_000 + index) for index in range(3)]
    assert log.write(after) == (3, None)
    log.close()
    again = SegmentLog(DIRECTORY, segment_bytes=SEGMENT_BYTES, files=disk)
    recovery = again.open()
    assert (recovery.head, recovery.cut_path) == (head + 3, None)
    assert read_all(again, trimmed + 1, head + 3) == frames[trimmed:head] + after
    again.close()


def test_a_power_cut_during_recovery_changes_nothing(rng: random.Random) -> None:
    """Cutting a torn tail may itself be cut short, again and again."""
    workload = Workload(SimulatedDisk(), rng)
    workload.run(groups=30)
    for disk, acknowledged, trimmed in workload.cuts[:20]:
        states: list[SimulatedDisk] = []
        disk.before = lambda operation, path, disk=disk, states=states: states.append(  # type: ignore[misc] # bound early
            disk.power_cut(rng)
        )
        log = SegmentLog(DIRECTORY, segment_bytes=SEGMENT_BYTES, files=disk)
        log.open()
        log.close()
        for state in states:
            check_state(state, workload.frames, acknowledged, trimmed)


def test_an_empty_disk_after_a_cut_is_an_empty_log(rng: random.Random) -> None:
    """The very first start is cut short at every operation."""
    disk = SimulatedDisk()
    states: list[SimulatedDisk] = []
    disk.before = lambda operation, path: states.extend(disk.power_cut(rng) for _ in range(5))
    log = SegmentLog(DIRECTORY, segment_bytes=SEGMENT_BYTES, files=disk)
    assert log.open().head == 0
    log.close()
    assert len(states) > 30
    for state in states:
        check_state(state, [], 0, 0)
    assert make_frame(0)[-HASH_BYTES:] != bytes(HASH_BYTES)


def test_the_next_segment_is_not_made_ready_in_place_of_the_one_that_begins() -> None:
    """A thread makes segments ready ahead of time, and another begins one at the same moment."""
    disk = SimulatedDisk()
    log = SegmentLog(DIRECTORY, segment_bytes=SEGMENT_BYTES, files=disk)
    log.open()
    threads: list[threading.Thread] = []

    def prepare_too(operation: str, path: Path) -> None:
        if path.name == "prepared.new" and operation in {"write", "sync", "rename"}:
            threads.append(threading.Thread(target=log.prepare))
            threads[-1].start()

    frames = [make_frame(number, size=300) for number in range(40)]
    for frame in frames:
        if log.wants_preparation:
            log.prepare()
        disk.before = prepare_too
        assert log.write([frame]) == (1, None)
        disk.before = lambda operation, path: None
        for thread in threads:
            thread.join()
    assert threads
    log.close()
    again = SegmentLog(DIRECTORY, segment_bytes=SEGMENT_BYTES, files=disk)
    assert again.open().head == len(frames)
    assert read_all(again, 1, len(frames)) == frames
    again.close()
