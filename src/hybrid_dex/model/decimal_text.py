"""Decimal text to integers and back: the one grammar for numbers at the edge.

The grammar is ASCII and strict: ``0`` or a number without leading zeros, optionally a point
and at least one digit. No sign, exponent, underscore, spaces, ``NaN`` or ``Infinity``. Length
is checked before any arithmetic, so hostile text costs nothing. A value is never rounded: one
that needs more decimals than the asset has, or does not land on a tick or lot, is refused with
the nearest valid values.

Prices and quantities come again and again, so the newest results are kept; both ways are pure.
"""

import re
from functools import lru_cache
from typing import Final

from hybrid_dex.errors import FormatError

__all__ = [
    "MAX_CHAIN_DIGITS",
    "MAX_ORDER_DIGITS",
    "format_units",
    "parse_step",
    "parse_units",
    "require_text",
]

MAX_ORDER_DIGITS: Final = 38
MAX_CHAIN_DIGITS: Final = 78

_KEPT: Final = 16_384
_GRAMMAR: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)


def parse_units(field: str, text: str, decimals: int, max_digits: int = MAX_ORDER_DIGITS) -> int:
    """Return ``text`` in units of ``10**-decimals``, exactly.

    Args:
        field: the name used in the error.
        text: decimal text in the strict grammar.
        decimals: how many decimals the unit has; more in the text are refused.
        max_digits: how many digits the text may have.

    Raises:
        FormatError: the text is outside the grammar, too long, or too precise.

    >>> parse_units("price", "2500.5", 2)
    250050
    """
    require_text(field, text)
    if len(text) > max_digits + 1:
        raise FormatError(field, f"longer than {max_digits} digits", f"at most {max_digits} digits")
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise FormatError(field, f"{text!r} is not a plain decimal number", 'such as "0.5" or "12"')
    whole, fraction = match[1], match[2] or ""
    if len(whole) + len(fraction) > max_digits:
        raise FormatError(field, f"more than {max_digits} digits", f"at most {max_digits} digits")
    if len(fraction) > decimals:
        raise FormatError(field, f"{text} has {len(fraction)} decimals", f"at most {decimals}")
    return int(whole + fraction.ljust(decimals, "0"))


def parse_step(field: str, text: str, decimals: int, step: int) -> int:
    """Return how many ``step`` units ``text`` is, refusing what does not land on a step.

    Args:
        field: the name used in the error.
        text: decimal text in the strict grammar.
        decimals: the decimals of the unit in which ``step`` is counted.
        step: the size of a tick or lot in that unit, at least 1.

    Raises:
        FormatError: outside the grammar, or between two steps; names the nearest valid values.

    >>> parse_step("quantity", "1.5", 18, 10**14)
    15000
    """
    require_text(field, text)
    return _parse_step(field, text, decimals, step)


@lru_cache(_KEPT)
def _parse_step(field: str, text: str, decimals: int, step: int) -> int:
    trimmed = _trim_zeros(text)
    precision = max(decimals, min(len(trimmed.partition(".")[2]), MAX_ORDER_DIGITS))
    scaled_step: int = step * 10 ** (precision - decimals)
    steps, rest = divmod(parse_units(field, trimmed, precision), scaled_step)
    if rest:
        low = format_units(steps * step, decimals)
        high = format_units((steps + 1) * step, decimals)
        size = format_units(step, decimals)
        nearest = high if steps == 0 else f"{low} or {high}"
        raise FormatError(field, f"{text} is not a multiple of {size}", f"nearest: {nearest}")
    return steps


@lru_cache(_KEPT)
def format_units(units: int, decimals: int) -> str:
    """Return ``units`` of ``10**-decimals`` as decimal text without trailing zeros.

    >>> format_units(250050, 2)
    '2500.5'
    """
    sign = "-" if units < 0 else ""
    digits = str(abs(units)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :].rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def require_text(field: str, value: object) -> None:
    """Refuse what is not text: a float has already lost digits, so it is never converted.

    Raises:
        FormatError: it is something else.
    """
    if not isinstance(value, str):
        raise FormatError(field, f"must be a string, not {type(value).__name__}", 'such as "1.5"')


def _trim_zeros(text: str) -> str:
    """Drop zeros after the last significant decimal, keeping text outside the grammar as it is."""
    if len(text) > MAX_ORDER_DIGITS + 1 or "." not in text or _GRAMMAR.fullmatch(text) is None:
        return text
    return text.rstrip("0").rstrip(".")
