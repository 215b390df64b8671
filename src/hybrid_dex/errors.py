"""Exceptions: mistakes of a caller and outages of a backend.

A refusal by the trading rules is never an exception: it is an event with a `RejectReason`.
What stands here is raised to the code that called the library, says what to do about it, and
carries its facts as attributes. Foreign errors are wrapped where they enter.

    HybridDexError
    +-- ConfigurationError        a setting or argument can not be used; nothing was started
    |   +-- StaleArtifactError    a committed contract artifact does not match its source or chain
    |   +-- PluginError           a named backend can not be loaded
    +-- FormatError               text or bytes outside the grammar; names field and valid form
    |   +-- SignatureError        a signature or login message that is not acceptable
    +-- RefusedError              a refusal, raised by the clients that prefer exceptions
    +-- InvariantError            a bug: the engine would have broken its own rules; market halts
    +-- SequenceError             a command arrived out of order
    +-- JournalError
    |   +-- CorruptJournalError   a bad record in the middle; says file and offset
    |   +-- VersionMismatchError  written by another format, engine, book or risk version
    |   +-- FencedError           another writer appended here
    |   +-- AmbiguousAppendError  the outcome of an append is unknown; read it back
    |   +-- JournalFullError      no space, or a frame over the limit
    |   +-- UnavailableError      the journal can not write now; nothing was acknowledged
    +-- SettlementError           the chain, its node or the contract can not be used
    |   +-- WrongChainError       the node serves another chain than configured
    |   +-- MissingContractError  no code, or other code, at the configured address
    +-- UnknownOutcomeError       a request whose outcome is unknown; resolve it by id
        +-- InDoubtError          the same of what the journal was writing when it failed; also an
                                  UnavailableError
"""

__all__ = [
    "AmbiguousAppendError",
    "ConfigurationError",
    "CorruptJournalError",
    "FencedError",
    "FormatError",
    "HybridDexError",
    "InDoubtError",
    "InvariantError",
    "JournalError",
    "JournalFullError",
    "MissingContractError",
    "PluginError",
    "RefusedError",
    "SequenceError",
    "SettlementError",
    "SignatureError",
    "StaleArtifactError",
    "UnavailableError",
    "UnknownOutcomeError",
    "VersionMismatchError",
    "WrongChainError",
]


class HybridDexError(Exception):
    """The root of every exception that this library raises on purpose."""


class ConfigurationError(HybridDexError):
    """A setting or argument can not be used. Nothing was started or changed."""


class StaleArtifactError(ConfigurationError):
    """A contract artifact in the package differs from its source or from the chain's code."""


class PluginError(ConfigurationError):
    """A backend named in the settings can not be loaded; the message says why and what fits."""


class FormatError(HybridDexError):
    """Text or bytes outside the grammar.

    Attributes:
        field: the name of the offending field, as the sender wrote it.
        reason: what is wrong with it, in words.
        valid: what would be accepted instead.
    """

    def __init__(self, field: str, reason: str, valid: str) -> None:
        super().__init__(f"{field}: {reason}; valid: {valid}")
        self.field = field
        self.reason = reason
        self.valid = valid


class SignatureError(FormatError):
    """A signature or a login message that must not be accepted."""


class RefusedError(HybridDexError):
    """A refusal by the exchange, for callers who prefer an exception to a rejection event.

    Attributes:
        code: the stable number of the reason (see `RejectReason`).
        field: the field concerned, or an empty string.
        detail: the reason in words, with what would be valid.
    """

    def __init__(self, code: int, field: str, detail: str) -> None:
        super().__init__(f"{code} {field}: {detail}" if field else f"{code}: {detail}")
        self.code = code
        self.field = field
        self.detail = detail


class InvariantError(HybridDexError):
    """The engine was about to break one of its own rules: a bug, never a user's mistake.

    Attributes:
        sequence: the command that it happened in; 0 when it was none.
        market: the one market that it happened in; empty when there is none such.
    """

    def __init__(self, message: str, *, sequence: int = 0, market: str = "") -> None:
        super().__init__(message)
        self.sequence = sequence
        self.market = market


class SequenceError(HybridDexError):
    """A command's sequence number or time does not follow the last one."""


class JournalError(HybridDexError):
    """The journal can not be read or written."""


class CorruptJournalError(JournalError):
    """A damaged record that is not the torn tail. The exchange must not start on it.

    Attributes:
        path: the file.
        offset: the byte at which the damaged record begins.
    """

    def __init__(self, path: str, offset: int, reason: str) -> None:
        super().__init__(
            f"{path} is damaged at byte {offset}: {reason}. Restore this file from a backup, or "
            "start from a snapshot taken after it; nothing was changed."
        )
        self.path = path
        self.offset = offset


class VersionMismatchError(JournalError):
    """The journal or snapshot was written by versions that this program can not replay."""


class FencedError(JournalError):
    """Another writer appended at the expected position.

    Attributes:
        actual: the head that was found.
    """

    def __init__(self, actual: int) -> None:
        super().__init__(f"another writer holds this journal; its head is {actual}")
        self.actual = actual


class AmbiguousAppendError(JournalError):
    """An append may or may not have happened: read back at the expected position."""


class JournalFullError(JournalError):
    """No room for the record: the disk is full, or the frame is over the limit."""


class UnavailableError(JournalError):
    """Nothing can be made durable now, so nothing is acknowledged. Reads go on."""


class SettlementError(HybridDexError):
    """The chain, its node or the contract can not be used."""


class WrongChainError(SettlementError):
    """The node serves another chain than the one configured."""


class MissingContractError(SettlementError):
    """There is no contract, or another one, at the configured address."""


class UnknownOutcomeError(HybridDexError):
    """A request was sent and its outcome is unknown. Resolve it by its client order id."""


class InDoubtError(UnavailableError, UnknownOutcomeError):
    """The journal failed while it wrote this. It is not acknowledged, and may be found after a restart."""
