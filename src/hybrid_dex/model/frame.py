"""Frame: what the journal stores, in one place for every journal.

A frame is version, kind, epoch, leader, time, the commands, and the hash of the frame before it,
followed by its own SHA-256 over all of that. The last 32 bytes of a frame are therefore both its
checksum and the link that the next frame repeats: a missing, swapped or altered frame shows.
"""

import enum
import hashlib
from typing import Final

import msgspec

from hybrid_dex.errors import JournalError, VersionMismatchError
from hybrid_dex.model.commands import Command
from hybrid_dex.model.units import TimestampNs

__all__ = [
    "FRAME_VERSION",
    "GENESIS_HASH",
    "HASH_BYTES",
    "Frame",
    "FrameKind",
    "decode_frame",
    "encode_frame",
]

FRAME_VERSION: Final = 1
HASH_BYTES: Final = 32
GENESIS_HASH: Final = bytes(HASH_BYTES)
"""What the first frame names as the one before it."""


class FrameKind(enum.IntEnum):
    """What a frame is for."""

    EPOCH = 1
    """A writer took the journal; `note` holds the versions it applies commands with."""
    COMMANDS = 2
    HEARTBEAT = 3


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One unit of durability.

    Attributes:
        version: format of this frame.
        kind: what it is for.
        epoch: the writer's term, rising.
        leader: the writer's name.
        at_ns: when it was written.
        previous: chain hash of the frame before, 32 bytes.
        commands: stamped commands, in order.
        note: for an epoch, the versions of engine, book and risk.
    """

    version: int
    kind: FrameKind
    epoch: int
    leader: str
    at_ns: TimestampNs
    previous: bytes
    commands: tuple[Command, ...] = ()
    note: str = ""


# JSON, for amounts: msgpack ends at 64 bits, and 20 ether are more atoms than that.
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Frame)


def encode_frame(frame: Frame) -> bytes:
    """Return the frame's bytes; the last `HASH_BYTES` are its chain hash."""
    body = _encoder.encode(frame)
    return body + hashlib.sha256(body).digest()


def decode_frame(raw: bytes) -> Frame:
    """Return a frame whose checksum holds.

    Raises:
        JournalError: the checksum does not hold, or the body is not a frame.
        VersionMismatchError: a newer program wrote it.
    """
    body, chain_hash = raw[:-HASH_BYTES], raw[-HASH_BYTES:]
    if hashlib.sha256(body).digest() != chain_hash:
        message = "a journal frame's checksum does not hold"
        raise JournalError(message)
    try:
        frame = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        message = f"a journal frame can not be read: {error}"
        raise JournalError(message) from error
    if frame.version != FRAME_VERSION:
        message = f"the journal has frames of format {frame.version}; this program reads format {FRAME_VERSION}"
        raise VersionMismatchError(message)
    return frame
