"""The bytes of one journal segment: a header, records, then zeros to the end. And of the manifest.

Nothing here touches a disk: bytes in, verdicts out. A segment is filled with zeros and made
durable before its first record, so writing a record never grows the file.

A record is magic, length, position, group, CRC-32 and the frame. The checksum is seeded with the
segment's header, so a record fits one segment and one position only. The *group* is the position
of the first record that was written together with it: a group is one write and one sync, and the
next begins only after it. That is what tells a torn tail from damage in the middle:

    a bad record, nothing valid behind it                       torn: cut here
    ... a valid record of a later group behind it               damage: this group was synced
    ... valid records of the same group, and zeros to the end
        of a sector where the bad one should stand              torn: the disk kept other pages
    ... the same without such zeros                             damage: these bytes were there

The third line supposes that a disk tears a sector between words of 16 bytes. One that does worse
makes a start refused that could have gone on; nothing is lost by that.

A record that is valid but stands at another position than its own was moved, doubled, or lost its
neighbour: always damage.

A header of format 2 names the versions of engine, book and risk that its records are applied with.
One without is of format 1, as older programs wrote all of them.
"""

import struct
import zlib
from array import array
from collections.abc import Sequence
from typing import Final

import attrs

__all__ = [
    "HEADER_BYTES",
    "LENGTH_BYTES",
    "MANIFEST",
    "MOST_VERSIONS_BYTES",
    "RECORD_BYTES",
    "Damage",
    "Header",
    "Scan",
    "damage_at",
    "encode_header",
    "encode_manifest",
    "encode_record",
    "frame_at",
    "parse_header",
    "parse_manifest",
    "scan",
    "seed_of",
]

_HEADER: Final = struct.Struct(">8sIQQ32s")
_LENGTH: Final = struct.Struct(">I")
_CRC: Final = struct.Struct(">I")
_RECORD: Final = struct.Struct(">4sIQQ")
_MAGIC: Final = b"HDXJRNL\n"
_RECORD_MAGIC: Final = b"\xf1HDX"
_BARE: Final = 1
_NAMED: Final = 2
_SECTOR_BYTES: Final = 512
_ZEROS: Final = bytes(16)

_MANIFEST: Final = struct.Struct(">8sQQ")
_MANIFEST_MAGIC: Final = b"HDXMFST\n"

MANIFEST: Final = "manifest"
"""The name of the file that names the first kept and the newest segment."""
HEADER_BYTES: Final = _HEADER.size + _CRC.size
"""The shortest header, one that names no versions."""
LENGTH_BYTES: Final = _LENGTH.size
MOST_VERSIONS_BYTES: Final = 1 << 16
"""What a header adds to name versions, and the longest text it names them with."""
RECORD_BYTES: Final = _RECORD.size + _CRC.size
"""What a record adds to its frame."""


@attrs.frozen(kw_only=True)
class Header:
    """A segment's first bytes.

    Attributes:
        first: position of its first record.
        capacity: the file's full length in bytes.
        previous: chain hash of the frame before the first, 32 bytes.
        versions: of engine, book and risk; empty where none are named.
    """

    first: int
    capacity: int
    previous: bytes
    versions: str = ""

    @property
    def size(self) -> int:
        """Its length in bytes; the first record follows."""
        named = len(self.versions.encode())
        return HEADER_BYTES + (_LENGTH.size + named if named else 0)


@attrs.frozen(kw_only=True)
class Damage:
    """Bytes that are neither a record nor the empty rest.

    Attributes:
        offset: where they begin.
        torn: whether a write that was never acknowledged explains them.
        reason: what is wrong, in words.
    """

    offset: int
    torn: bool
    reason: str


@attrs.frozen(kw_only=True)
class Scan:
    """What a segment holds.

    Attributes:
        offsets: where each good record begins, in order.
        end: where the next record goes.
        damage: what stands there instead of zeros, or ``None``.
    """

    offsets: Sequence[int]
    end: int
    damage: Damage | None


def encode_header(header: Header) -> bytes:
    """Return the segment's first bytes."""
    named = header.versions.encode()
    body = _HEADER.pack(
        _MAGIC, _NAMED if named else _BARE, header.first, header.capacity, header.previous
    )
    if named:
        body += _LENGTH.pack(len(named)) + named
    return body + _CRC.pack(zlib.crc32(body))


def parse_header(content: bytes) -> Header | str:
    """Return the header, or what is wrong with it."""
    if len(content) < HEADER_BYTES:
        return f"the file has {len(content)} bytes, less than its header"
    magic, version, first, capacity, previous = _HEADER.unpack_from(content)
    if magic != _MAGIC:
        return "it does not begin as a journal segment does"
    end, named = _HEADER.size, b""
    if version == _NAMED:
        (length,) = _LENGTH.unpack_from(content, end)
        start = end + _LENGTH.size
        end = start + length
        if length > MOST_VERSIONS_BYTES or end + _CRC.size > len(content):
            return "the header's checksum does not hold"
        named = content[start:end]
    if _CRC.pack(zlib.crc32(content[:end])) != content[end : end + _CRC.size]:
        return "the header's checksum does not hold"
    if version not in {_BARE, _NAMED}:
        return f"its format is {version}; this program reads {_BARE} and {_NAMED}"
    return Header(first=first, capacity=capacity, previous=previous, versions=named.decode())


def encode_manifest(base: int, newest: int) -> bytes:
    """Return the bytes that name the first positions of the first kept and the newest segment."""
    body = _MANIFEST.pack(_MANIFEST_MAGIC, base, newest)
    return body + _CRC.pack(zlib.crc32(body))


def parse_manifest(content: bytes) -> tuple[int, int] | str:
    """Return what a manifest names, or what is wrong with it."""
    body, checksum = content[: _MANIFEST.size], content[_MANIFEST.size :]
    if len(body) != _MANIFEST.size or _CRC.pack(zlib.crc32(body)) != checksum:
        return "its checksum does not hold"
    magic, base, newest = _MANIFEST.unpack(body)
    return (base, newest) if magic == _MANIFEST_MAGIC else "not a journal's manifest"


def seed_of(header: Header) -> int:
    """Return what the checksums of a segment's records start from."""
    return zlib.crc32(encode_header(header), 1)


def encode_record(seed: int, position: int, group: int, frame: bytes) -> bytes:
    """Return a record's bytes."""
    body = _RECORD.pack(_RECORD_MAGIC, len(frame), position, group)
    return body + _CRC.pack(zlib.crc32(frame, zlib.crc32(body, seed))) + frame


def frame_at(content: bytes, offset: int, seed: int) -> tuple[int, int, bytes] | None:
    """Return (position, group, frame) of the valid record at an offset, or ``None``."""
    start = offset + RECORD_BYTES
    if start > len(content):
        return None
    magic, length, position, group = _RECORD.unpack_from(content, offset)
    if magic != _RECORD_MAGIC or start + length > len(content):
        return None
    frame = content[start : start + length]
    checksum = zlib.crc32(frame, zlib.crc32(content[offset : offset + _RECORD.size], seed))
    if checksum != _CRC.unpack_from(content, offset + _RECORD.size)[0]:
        return None
    return position, group, frame


def scan(content: bytes, header: Header) -> Scan:
    """Read a whole segment whose header is good. O(bytes)."""
    seed = seed_of(header)
    offsets = array("Q")
    offset = header.size
    position = header.first
    while (record := frame_at(content, offset, seed)) is not None:
        found, _, frame = record
        if found != position:
            reason = f"record {found} stands where record {position} belongs"
            damage = Damage(offset=offset, torn=False, reason=reason)
            return Scan(offsets=offsets, end=offset, damage=damage)
        offsets.append(offset)
        offset += RECORD_BYTES + len(frame)
        position += 1
    return Scan(offsets=offsets, end=offset, damage=damage_at(content, offset, position, seed))


def damage_at(content: bytes, offset: int, position: int, seed: int) -> Damage | None:
    """Return what stands where a record is not, which belongs there; ``None`` for zeros to the end."""
    if content.count(0, offset) == len(content) - offset:
        return None
    return _judge_damage(content, offset, position, seed)


def _judge_damage(content: bytes, offset: int, position: int, seed: int) -> Damage:
    behind = None
    candidate = content.find(_RECORD_MAGIC, offset + 1)
    while candidate >= 0:
        record = frame_at(content, candidate, seed)
        if record is not None:
            found, group, _ = record
            if group > position or found < position:
                reason = f"record {position} is bad and record {found} behind it is good"
                return Damage(offset=offset, torn=False, reason=reason)
            behind = candidate if behind is None else behind
        candidate = content.find(_RECORD_MAGIC, candidate + 1)
    if behind is None:
        return Damage(offset=offset, torn=True, reason=f"record {position} is incomplete")
    torn = _lacks_sectors(content, offset, behind)
    state = "was never written whole" if torn else "is bad and records behind it are good"
    return Damage(offset=offset, torn=torn, reason=f"record {position} {state}")


def _lacks_sectors(content: bytes, start: int, end: int) -> bool:
    """Whether the bytes up to the end of some sector, or to ``end``, are still the first zeros."""
    boundaries = [*range(start - start % _SECTOR_BYTES + _SECTOR_BYTES, end, _SECTOR_BYTES), end]
    for boundary in boundaries:
        begin = max(start, boundary - len(_ZEROS))
        if content[begin:boundary] == _ZEROS[: boundary - begin]:
            return True
    return False
