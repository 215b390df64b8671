"""SQL values: what a database can not take, told from a database that can not be reached.

PostgreSQL refuses some values that SQLite takes, such as a text with a zero character. Such an error is
an answer about what was asked: whoever asked is told so, and nobody takes it for an outage.
"""

from typing import Final

from sqlalchemy.exc import DBAPIError

from hybrid_dex.errors import FormatError

__all__ = ["first_line", "is_id", "refused_value"]

_OF_VALUES: Final = "22"
"""The class of PostgreSQL's error codes that are about data; asyncpg gives its own errors one, too."""


def is_id(text: str) -> bool:
    """Return whether a text can be an id that was given out: each is of printable ASCII characters."""
    return text.isascii() and text.isprintable()


def first_line(error: BaseException) -> str:
    """Return an error in one line; a timeout and what the system cut off have no words of their own."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return str(error).partition("\n")[0] or type(error).__name__


def refused_value(error: BaseException) -> FormatError | None:
    """Return the refusal of a value that the database can not take; ``None`` for any other error."""
    code = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    if not str(code or "").startswith(_OF_VALUES):
        return None
    reason = "something in it is outside of what the database keeps"
    return FormatError("request", reason, "printable characters, and numbers in their range")
