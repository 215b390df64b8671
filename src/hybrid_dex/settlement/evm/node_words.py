"""What a node's error means, told by its words: nodes agree on no error codes here.

Pure. The words are those of geth, Erigon, Reth, anvil, Nethermind and Besu, old and new, and of
nodes made of their code. They are compared without case, spaces and punctuation: Nethermind says
``AlreadyKnown`` where geth says ``already known``.
"""

from typing import Final

__all__ = ["is_contracts_word"]

_REVERTED: Final = 3
"""The code of a revert, with most nodes."""
_CONTRACTS_WORDS: Final = (
    "revert",
    "vmexecutionerror",  # Nethermind's for all that code brings about, and OpenEthereum's
    "vmexception",
    "evmerror",  # Reth's and anvil's for all but a revert and too little gas
    "outofgas",
    "memoryexpansion",
    "invalidopcode",
    "invalidjump",
    "stackunderflow",
    "stackoverflow",
    "stacklimitreached",
    "writeprotection",
    "returndataoutofbounds",
    "gasuint64overflow",
)


def is_contracts_word(error: object) -> bool:
    """Return whether a call failed by the code that it ran, and not by the node.

    Besu calls a failure without a revert an internal error: that is told by nothing.

    Args:
        error: the answer's ``error``, as JSON-RPC has it.
    """
    if not isinstance(error, dict):
        return False
    if error.get("code") == _REVERTED:
        return True
    told = [text for text in (error.get("message"), error.get("data")) if isinstance(text, str)]
    folded = _folded(" ".join(told))
    return any(part in folded for part in _CONTRACTS_WORDS)


def _folded(words: str) -> str:
    return "".join(each for each in words.casefold() if each.isalnum())
