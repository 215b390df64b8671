"""How far each channel was heard, so that a new connection goes on where the last one was cut.

Pure. A command may tell several messages on one channel, a connection may be cut between two of
them, and not every message names its command. So a channel is asked for from after a command of
which all was heard for certain, and as many messages as were heard since are passed over when they
are told again, always in the same order. An acknowledged subscription and a heartbeat say that all
up to a command was told; a message says it of the commands before its own.
"""

from collections.abc import Iterable
from typing import Final

import attrs
import msgspec

from hybrid_dex.wire import Channel

__all__ = ["RESUMED", "Positions"]

RESUMED: Final = frozenset({"orders", "fills", "trades"})
"""The channels that tell what happened and nothing else; others begin with how things stand."""


@attrs.define
class _Position:
    after: int
    """All up to this command was heard."""
    heard: int = 0
    """Messages that were heard since."""
    newest: int = 0
    """The last command that one of them named."""
    again: int = 0
    """How many of them are still to be told again."""


@attrs.define
class Positions:
    """Where the channels of `RESUMED` are."""

    _of: dict[Channel, _Position] = attrs.field(factory=dict, init=False)

    def begin(self, channels: Iterable[Channel], sequence: int) -> None:
        """These are subscribed, without ``after``: all that comes after this command is told."""
        for channel in channels:
            if channel.channel in RESUMED:
                self._of[channel] = _Position(sequence)

    def passed(self, sequence: int) -> None:
        """All that any channel tells up to this command was told.

        Unless what is still to be told again: this gateway is behind the one that told it before.
        """
        for position in self._of.values():
            if position.after <= sequence:
                position.after, position.heard = sequence, position.again

    def take(self, channel: Channel, sequence: int | None) -> bool:
        """Take a message of a command, ``None`` for one that does not name it; tell whether it is new."""
        position = self._of.get(channel)
        if position is None:
            return True
        if position.again and (sequence is None or sequence <= position.newest):
            position.again -= 1
            return False
        position.again = 0
        position.heard += 1
        if sequence is not None and sequence > position.newest:
            position.newest = sequence
            if sequence - 1 > position.after:
                position.after, position.heard = sequence - 1, 1
        return True

    def resume(self, channels: Iterable[Channel]) -> list[Channel]:
        """Return channels as a new connection subscribes to them: from where they are, if known."""
        asked = []
        for channel in channels:
            position = self._of.get(channel)
            if position is None:
                asked.append(channel)
            else:
                position.again = position.heard
                asked.append(msgspec.structs.replace(channel, after=position.after))
        return asked

    def forget(self) -> None:
        """The exchange does not remember that far: everything begins anew."""
        self._of.clear()
