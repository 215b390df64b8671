"""What a node's error means, told by its words: nodes agree on no error codes here.

Pure. The words are those of geth, Erigon, Reth, anvil, Nethermind and Besu, old and new, and of
nodes made of their code. They are compared without case, spaces and punctuation: Nethermind says
``AlreadyKnown`` where geth says ``already known``.
"""

import enum
from typing import Final

__all__ = ["Sent", "is_contracts_word", "sent_as"]

_REVERTED: Final = 3
"""The code of a revert, with most nodes."""
_CONTRACTS_WORDS: Final = (
    "revert",
    "vmexecutionerror",  # Nethermind's for all that code brings about, and OpenEthereum's
    "vmexception",
    "evmerror",  # Reth's and anvil's for all but a revert and too little gas
    "outofgas",
    "gasrequiredexceedsallowance",  # of an estimate without a fee: more than a block has
    "transactionprocessingcouldnotbecompleted",  # Besu's, of an estimate
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


class Sent(enum.Enum):
    """What a node said to a signed transaction."""

    ACCEPTED = "accepted"
    """It has it now, or had it already."""
    UNKNOWN = "unknown"
    """No answer: it may have it."""
    NONCE_USED = "nonce used"
    UNDERPRICED = "underpriced"
    """It wants more, for a replacement or at all."""
    UNFUNDED = "unfunded"
    """The sender can not pay what is offered."""
    REFUSED = "refused"


_MEANINGS: Final = (
    ("unknowntransaction", Sent.REFUSED),  # "unknown transaction type" is not a known one
    ("alreadyknown", Sent.ACCEPTED),
    ("alreadyimported", Sent.ACCEPTED),
    ("alreadyinmempool", Sent.ACCEPTED),
    ("alreadyexists", Sent.ACCEPTED),
    ("knowntransaction", Sent.ACCEPTED),
    ("existingtxwithsamehash", Sent.ACCEPTED),
    ("existingtxnwithsamehash", Sent.ACCEPTED),
    ("noncetoolow", Sent.NONCE_USED),
    ("nonceistoolow", Sent.NONCE_USED),
    ("oldnonce", Sent.NONCE_USED),
    ("underpriced", Sent.UNDERPRICED),
    ("feetoolow", Sent.UNDERPRICED),
    ("feecaplessthan", Sent.UNDERPRICED),
    ("belowchainminimum", Sent.UNDERPRICED),
    ("lessthanblockbasefee", Sent.UNDERPRICED),
    ("priorityfeebelow", Sent.UNDERPRICED),
    ("gaspricebelow", Sent.UNDERPRICED),
    ("gaspricetoolow", Sent.UNDERPRICED),
    ("gaspriceistoolow", Sent.UNDERPRICED),
    ("gaspricesuppliedistoolow", Sent.UNDERPRICED),
    ("insufficientgasprice", Sent.UNDERPRICED),
    ("couldnotreplaceexistingtx", Sent.UNDERPRICED),
    ("replacementnotallowed", Sent.UNDERPRICED),
    ("ownnoncealreadyused", Sent.UNDERPRICED),
    ("replacedbytransactionwithhighertip", Sent.UNDERPRICED),
    ("insufficientfunds", Sent.UNFUNDED),
    ("insufficientbalance", Sent.UNFUNDED),
    ("upfrontcostexceedsaccountbalance", Sent.UNFUNDED),
)
"""The first that is found counts."""


def sent_as(words: str) -> Sent:
    """Return what a node's refusal of a signed transaction means."""
    folded = _folded(words)
    return next((sent for part, sent in _MEANINGS if part in folded), Sent.REFUSED)


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
    data = error.get("data")
    inner = data.get("message") if isinstance(data, dict) else data
    told = [text for text in (error.get("message"), inner) if isinstance(text, str)]
    folded = _folded(" ".join(told))
    return any(part in folded for part in _CONTRACTS_WORDS)


def _folded(words: str) -> str:
    return "".join(each for each in words.casefold() if each.isalnum())
