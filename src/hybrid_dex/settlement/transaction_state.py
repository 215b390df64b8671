"""What can happen to a signed transaction: a literal table of moves.

Pure. Nothing here signs, sends or reads a clock.

Several transactions may carry one nonce: the first, and its replacements at higher fees. At most
one of them is ever mined. Which, only the chain says, so none is forgotten until a block that can
no longer be reorganised away holds one of them; until then every state but `FINAL` can be left.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hybrid_dex.errors import InvariantError

__all__ = ["TRANSITIONS", "Signal", "TransactionState", "advance"]


class TransactionState(enum.StrEnum):
    """Where a transaction stands. The words are stored: never change one."""

    BUILT = "built"
    """Batch and nonce are reserved; nothing is signed."""
    SIGNED = "signed"
    """Its bytes are stored; the node may or may not have seen them."""
    BROADCAST = "broadcast"
    """A node took it, or may have: a timeout counts as taken."""
    MINED = "mined"
    """It is in a block of the chain that is followed, and did what it should."""
    CONFIRMED = "confirmed"
    """At least one more block stands on that block."""
    FINAL = "final"
    """Its block can no longer be reorganised away."""
    REPLACED = "replaced"
    """Another transaction with its nonce is in a block."""
    DROPPED = "dropped"
    """The node does not know it any more; it is sent again or replaced."""
    REORGED = "reorged"
    """The block that held it, or its replacement, is gone."""
    FAILED = "failed"
    """It is in a block and reverted: the nonce is used up, nothing was settled."""


class Signal(enum.StrEnum):
    """What was learned about a transaction."""

    SIGN = "sign"
    SEND = "send"
    FORGOTTEN = "forgotten"
    """A node that is up to date says that it does not know it."""
    INCLUDED = "included"
    REVERTED = "reverted"
    SIBLING_INCLUDED = "sibling included"
    """Its nonce was used by another transaction."""
    BURIED = "buried"
    """A block stands on its block."""
    FINALIZED = "finalized"
    ORPHANED = "orphaned"
    """The block it was in, or the one its sibling was in, is gone."""


_S, _E = TransactionState, Signal

TRANSITIONS: Final[Mapping[tuple[TransactionState, Signal], TransactionState]] = MappingProxyType(
    {
        (_S.BUILT, _E.SIGN): _S.SIGNED,
        (_S.BUILT, _E.SIBLING_INCLUDED): _S.REPLACED,
        (_S.SIGNED, _E.SEND): _S.BROADCAST,
        (_S.SIGNED, _E.FORGOTTEN): _S.DROPPED,
        (_S.SIGNED, _E.INCLUDED): _S.MINED,
        (_S.SIGNED, _E.REVERTED): _S.FAILED,
        (_S.SIGNED, _E.SIBLING_INCLUDED): _S.REPLACED,
        (_S.BROADCAST, _E.SEND): _S.BROADCAST,
        (_S.BROADCAST, _E.FORGOTTEN): _S.DROPPED,
        (_S.BROADCAST, _E.INCLUDED): _S.MINED,
        (_S.BROADCAST, _E.REVERTED): _S.FAILED,
        (_S.BROADCAST, _E.SIBLING_INCLUDED): _S.REPLACED,
        (_S.DROPPED, _E.SEND): _S.BROADCAST,
        (_S.DROPPED, _E.FORGOTTEN): _S.DROPPED,
        (_S.DROPPED, _E.INCLUDED): _S.MINED,
        (_S.DROPPED, _E.REVERTED): _S.FAILED,
        (_S.DROPPED, _E.SIBLING_INCLUDED): _S.REPLACED,
        (_S.MINED, _E.BURIED): _S.CONFIRMED,
        (_S.MINED, _E.FINALIZED): _S.FINAL,
        (_S.MINED, _E.ORPHANED): _S.REORGED,
        (_S.CONFIRMED, _E.BURIED): _S.CONFIRMED,
        (_S.CONFIRMED, _E.FINALIZED): _S.FINAL,
        (_S.CONFIRMED, _E.ORPHANED): _S.REORGED,
        (_S.FAILED, _E.ORPHANED): _S.REORGED,
        (_S.FAILED, _E.INCLUDED): _S.MINED,
        (_S.FAILED, _E.REVERTED): _S.FAILED,
        (_S.REPLACED, _E.ORPHANED): _S.REORGED,
        (_S.REPLACED, _E.SIBLING_INCLUDED): _S.REPLACED,
        (_S.REPLACED, _E.INCLUDED): _S.MINED,
        (_S.REPLACED, _E.REVERTED): _S.FAILED,
        (_S.REORGED, _E.SEND): _S.BROADCAST,
        (_S.REORGED, _E.FORGOTTEN): _S.DROPPED,
        (_S.REORGED, _E.ORPHANED): _S.REORGED,
        (_S.REORGED, _E.INCLUDED): _S.MINED,
        (_S.REORGED, _E.REVERTED): _S.FAILED,
        (_S.REORGED, _E.SIBLING_INCLUDED): _S.REPLACED,
    }
)
"""Every move there is. What is not listed can not happen, and `FINAL` is never left."""


def advance(state: TransactionState, signal: Signal) -> TransactionState:
    """Return the state after a signal.

    Raises:
        InvariantError: the table has no such move: the chain was misread.
    """
    try:
        return TRANSITIONS[state, signal]
    except KeyError:
        raise InvariantError(f"a transaction that is {state} can not become {signal}") from None
