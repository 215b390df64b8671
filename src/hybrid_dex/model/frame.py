"""Frame: what the journal stores, in one place for every journal.

A frame is version, kind, epoch, leader, time, the commands, and the hash of the frame before it,
followed by its own SHA-256 over all of that. The last 32 bytes of a frame are therefore both its
checksum and the link that the next frame repeats: a missing, swapped or altered frame shows.

What is applied now must be what a replay applies later. Python checks no types, so every command
passes `as_journaled` before it is stamped: one that would be read back as something else, or not
at all, is refused while nothing depends on it.
"""

import enum
import hashlib
import re
from collections.abc import Iterable
from collections.abc import Sequence as Items
from typing import Final

import msgspec

from hybrid_dex.errors import FormatError, JournalError, VersionMismatchError
from hybrid_dex.model.commands import Command
from hybrid_dex.model.units import MarketId, TimestampNs

__all__ = [
    "FRAME_VERSION",
    "GENESIS_HASH",
    "HASH_BYTES",
    "Frame",
    "FrameKind",
    "all_as_journaled",
    "as_journaled",
    "decode_frame",
    "encode_frame",
    "isolation_note",
    "isolations_of",
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
    ISOLATION = 4
    """Commands before it broke an invariant; `note` holds which, and in which markets."""


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
        note: for an epoch, the versions of engine, book and risk; for an isolation, see
            `isolations_of`.
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
_isolations_decoder: Final = msgspec.json.Decoder(list[tuple[int, MarketId]])
_command_decoder: Final[msgspec.json.Decoder[Command]] = msgspec.json.Decoder(Command)
_commands_decoder: Final = msgspec.json.Decoder(list[Command])
_LONGEST_ACCOUNT: Final = 128
_FIELD: Final = re.compile(r"`\$\[(\d+)\]")


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


def isolation_note(isolations: Iterable[tuple[int, MarketId]]) -> str:
    """Return the note of a frame that records which command broke an invariant in which market."""
    return _encoder.encode(list(isolations)).decode()


def isolations_of(frame: Frame) -> list[tuple[int, MarketId]]:
    """Return the sequence and the market of each command that an isolation's frame records.

    Raises:
        JournalError: the note says nothing such.
    """
    if frame.kind is not FrameKind.ISOLATION:
        return []
    try:
        return _isolations_decoder.decode(frame.note)
    except msgspec.MsgspecError as error:
        message = f"a journal frame's note can not be read: {error}"
        raise JournalError(message) from error


def as_journaled(command: Command) -> Command:
    """Return a command as the journal will give it back, which is equal to it. About 0.5 us.

    Raises:
        FormatError: it is no command, a field is of another type than declared, or its account
            is not 1 to 128 printable characters.
    """
    try:
        read_back = _command_decoder.decode(_encoder.encode(command))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _malformed(command, str(error)) from error
    if read_back != command:
        raise _malformed(command, "a field would be read back as another value")
    account = getattr(read_back, "account", None)
    if account is not None and not _is_account(account):
        valid = f"1 to {_LONGEST_ACCOUNT} printable characters"
        raise FormatError("account", "not the name of an account", valid)
    return read_back


def all_as_journaled(commands: Items[Command]) -> list[Command]:
    """Return commands, each as `as_journaled` does. Raises: as it does, for the first that is at fault."""
    try:
        read_back = _commands_decoder.decode(_encoder.encode(commands))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return [as_journaled(command) for command in commands]
    accounts = {getattr(command, "account", None) for command in read_back}
    sound = all(account is None or _is_account(account) for account in accounts)
    if not sound or read_back != list(commands):
        return [as_journaled(command) for command in commands]
    return read_back


def _is_account(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_ACCOUNT and name.isprintable()


def _malformed(command: object, reason: str) -> FormatError:
    """Say which field is wrong: a command is an array, and its tag stands before its fields."""
    name = type(command).__name__
    found = _FIELD.search(reason)
    reason = reason.partition(" - at `$[")[0]
    fields: tuple[str, ...] = getattr(command, "__struct_fields__", ())
    index = int(found[1]) - 1 if found else -1
    field = fields[index] if 0 <= index < len(fields) else "command"
    return FormatError(field, f"{name}: {reason}", "the types that the command declares")
