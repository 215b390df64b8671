"""Frames: messages on a socket as RFC 6455 puts them, where nothing about them is unusual.

A server sends every message as one whole, unmasked frame. A client sends nearly every message as one whole, masked
text of less than 64 KiB, many in a row. These are made and read here by a few steps each, while a parser that takes
all that the RFC allows steps through states for every one of them. What is anything else (fragments, control frames,
binary, what breaks the rules) is only measured here, and read by that parser.
"""

import struct
from typing import Final

import websockets.frames

__all__ = ["frame_end", "text_frame", "whole_texts"]

_TEXT: Final = 0x81
"""The first byte of a whole text."""
_SHORTEST: Final = 8
"""Room for a length of two bytes and a mask: what has less of it may still be to come."""
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_FINAL: Final = 0x80
_MASKED: Final = 0x80
_CONTROL: Final = 0x08
_OPCODES: Final = frozenset({0, 1, 2, 8, 9, 10})
_TWO_BYTES: Final = 126
_EIGHT_BYTES: Final = 127
_MEDIUM: Final = struct.Struct("!BBH")
_LONG: Final = struct.Struct("!BBQ")
_unmask: Final = websockets.frames.apply_mask  # type: ignore[attr-defined] # its own choice: compiled where that can be


def text_frame(payload: bytes) -> bytes:
    r"""Return an unmasked, whole text frame: what a server sends, the same to all.

    >>> text_frame(b"{}")
    b'\x81\x02{}'
    """
    size = len(payload)
    if size < _TWO_BYTES:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return _MEDIUM.pack(_TEXT, _TWO_BYTES, size) + payload
    return _LONG.pack(_TEXT, _EIGHT_BYTES, size) + payload


def whole_texts(data: bytes, at: int) -> tuple[list[bytes], int]:
    """Return the texts that stand in a row from a place on, and where the first other thing begins.

    That is another kind of frame, one that has not arrived whole, or the end. Whether a text is UTF-8 is not
    looked at here.

    >>> whole_texts(bytes([0x81, 0x82, 0, 0, 0, 0]) + b"{}" + bytes([0x89, 0x80, 0, 0, 0, 0]), 0)
    ([b'{}'], 8)
    """
    texts: list[bytes] = []
    size = len(data)
    while size - at >= _SHORTEST:
        length, start = data[at + 1] ^ _MASKED, at + 6
        if length == _TWO_BYTES:
            length, start = data[at + 2] << 8 | data[at + 3], at + 8
        elif length >= _EIGHT_BYTES:
            break  # a long one, or one that is not masked
        end = start + length
        if end > size or data[at] != _TEXT:
            break
        texts.append(_unmask(data[start:end], data[start - 4 : start]))
        at = end
    return texts, at


def frame_end(data: bytes, at: int, most: int) -> int | None:
    """Return where the frame at a place ends; beyond the data, when more of it is to come.

    ``None`` when it breaks the rules or has more than ``most`` bytes: its end is not to be waited for, and its
    reader says what is wrong.
    """
    room = len(data) - at
    if room < 2:  # noqa: PLR2004 # the first two bytes tell the rest
        return at + 2
    first, second = data[at], data[at + 1]
    length = second ^ _MASKED
    is_control = first & _CONTROL
    if (
        second < _MASKED
        or first & _RESERVED
        or first & _OPCODE not in _OPCODES
        or (is_control and (length >= _TWO_BYTES or not first & _FINAL))
    ):
        return None
    head = 6
    if length >= _TWO_BYTES:
        extra = 2 if length == _TWO_BYTES else 8
        head += extra
        if room < 2 + extra:
            return at + 2 + extra
        length = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
    return None if length > most else at + head + length
