"""The public log: a journal as anybody may have it, one frame a line.

A line is a JSON object: ``position``, the frame's place from 1; ``frame``, its body exactly as it
was journaled; ``hash``, its chain hash in hexadecimal; and, where the operator claims what the
commands did, ``events``, one list a command. The body is kept to the byte, so the hash can be
computed again.

It reveals everything that was journaled: each account's orders with their signatures, their own
ids and self-trade modes, deposits, withdrawals and vouchers, and who was refused. Nothing can be
left out of it, or the hashes would not hold; publish all of it, or up to a frame, or nothing.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs
import msgspec

from hybrid_dex.errors import FormatError
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.frame import HASH_BYTES

__all__ = ["LoggedFrame", "read_log", "write_log"]


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    position: int
    hash: str
    frame: msgspec.Raw
    events: list[EventBatch] | None = None


@attrs.frozen(kw_only=True)
class LoggedFrame:
    """A frame of the log.

    Attributes:
        position: its place in the journal, from 1.
        raw: the frame, hash included, as a journal holds it.
        events: what the operator claims that its commands did; ``None`` where it claims nothing.
    """

    position: int
    raw: bytes
    events: tuple[EventBatch, ...] | None = None


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_Line)


def write_log(frames: Iterable[LoggedFrame]) -> Iterator[bytes]:
    """Yield the lines of a public log."""
    for frame in frames:
        line = _Line(
            position=frame.position,
            hash=frame.raw[-HASH_BYTES:].hex(),
            frame=msgspec.Raw(frame.raw[:-HASH_BYTES]),
            events=None if frame.events is None else list(frame.events),
        )
        yield _encoder.encode(line) + b"\n"


def read_log(path: Path | str) -> Iterator[LoggedFrame]:
    """Yield the frames of a file, as they stand: nothing is checked yet.

    Raises:
        FormatError: a line is not one of a public log, or there is none.
    """
    number = 0
    with Path(path).open("rb") as lines:
        for number, text in enumerate(lines, start=1):
            try:
                line = _decoder.decode(text)
                raw = bytes(line.frame) + bytes.fromhex(line.hash)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                valid = "an object with position, frame and hash, as `receipts log` writes it"
                raise FormatError(f"line {number}", str(error), valid) from error
            events = None if line.events is None else tuple(line.events)
            yield LoggedFrame(position=line.position, raw=raw, events=events)
    if not number:
        # A log has its first record at least; of nothing, all that was looked at would hold.
        raise FormatError("log", "the file is empty", "a file as `receipts log` writes it")
