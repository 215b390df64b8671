"""Numbers at ccxt's edge: floats, which programs written for it expect, from and to exact text.

The only place of the client where a float is a number of money. What goes in is written out as
Python writes it (`float.__repr__`), so ``0.1`` is 0.1; it is then exact or refused. What comes out is the
nearest float, with the exact text beside it under ``info``.
"""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Final, TypeAlias

from hybrid_dex.client.ccxt_like.errors import InvalidOrder

__all__ = ["Number", "exact", "number", "on_step"]

Number: TypeAlias = str | int | float | Decimal
"""What ccxt takes for a number."""

_DIGITS: Final = 200
_MAX_TEXT: Final = 100


def exact(field: str, value: Number) -> str:
    """Return a number as plain decimal text.

    >>> exact("amount", 0.1), exact("amount", 1e-7), exact("amount", "2.50"), exact("amount", 3)
    ('0.1', '0.0000001', '2.50', '3')

    Raises:
        InvalidOrder: it is none, or not finite.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidOrder(f"{field} is a {type(value).__name__}; valid: a number, or text of one")
    parsed = Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)
    if not parsed.is_finite():
        raise InvalidOrder(f"{field} is {value}; valid: a finite number")
    if abs(parsed.adjusted()) > _MAX_TEXT:
        raise InvalidOrder(f"{field} is {value}; valid: a number of at most {_MAX_TEXT} digits")
    return _plain(parsed)


def number(text: str | None) -> float | None:
    """Return decimal text as the nearest float.

    >>> number("2500.5"), number(None)
    (2500.5, None)
    """
    return None if text is None else float(text)


def on_step(field: str, value: Number, step: str, *, down: bool) -> str:
    """Return a number as text, moved to a multiple of a step.

    >>> on_step("amount", 0.1 + 0.2, "0.0001", down=True), on_step("price", 2.345, "0.01", down=False)
    ('0.3', '2.35')

    Args:
        field: names it in an error.
        value: the number.
        step: of which it will be a multiple.
        down: towards zero, as ccxt does with amounts; otherwise to the nearest, halves up.

    Raises:
        InvalidOrder: it is no number, negative, or nothing is left of it.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        try:
            parsed = Decimal(exact(field, value))
        except InvalidOperation:
            raise InvalidOrder(f"{field} is {value!r}; valid: a number") from None
        if not parsed.is_finite() or parsed < 0:
            raise InvalidOrder(f"{field} is {value!r}; valid: a number that is not negative")
        rounding = ROUND_FLOOR if down else ROUND_HALF_UP
        steps = (parsed / Decimal(step)).to_integral_value(rounding)
        if not steps:
            raise InvalidOrder(f"{field} is {value!r}; valid: at least {step}")
        return _plain(steps * Decimal(step))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
