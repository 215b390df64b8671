"""The arguments that ccxt's methods have in common: ``params``, ``since`` and ``limit``, timeframes."""

from collections.abc import Mapping
from typing import Any, TypeAlias, get_args

from hybrid_dex.client.ccxt_like.errors import ArgumentsRequired, BadRequest
from hybrid_dex.client.ccxt_like.shapes import Shape
from hybrid_dex.wire import IntervalWord

__all__ = [
    "Int",
    "Params",
    "Str",
    "client_id",
    "interval_of",
    "lower_case",
    "nothing",
    "order_id",
    "window",
]

Int: TypeAlias = int | None
Str: TypeAlias = str | None
Params: TypeAlias = Mapping[str, Any] | None
"""ccxt's ``params``: what a method takes beyond its arguments."""


def nothing(params: Params) -> None:
    """Refuse parameters where there are none. Raises `BadRequest`."""
    for name, value in (params or {}).items():
        if value is not None and value is not False:
            raise BadRequest(f"there is no parameter {name} here")


def client_id(params: Params) -> str | None:
    """Return the client order id, the only parameter that may be given."""
    said = dict(params or {})
    found = said.pop("clientOrderId", None)
    nothing(said)
    return None if found is None else str(found)


def order_id(value: object) -> str:
    """Return an order's id as text; a number is taken, too. Raises `ArgumentsRequired`, `BadRequest`."""
    if value is None:
        raise ArgumentsRequired("name the order by id or params['clientOrderId']")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRequest(f"id is a {type(value).__name__}; valid: text, as the exchange gave it")
    return str(value)


def lower_case(field: str, value: object) -> str:
    """Return a word in lower case. Raises `ArgumentsRequired` when it is missing, or `BadRequest`."""
    if value is None:
        raise ArgumentsRequired(f"an order needs {field}")
    if not isinstance(value, str):
        raise BadRequest(f"{field} is a {type(value).__name__}; valid: text")
    return value.lower()


def interval_of(timeframe: str) -> IntervalWord:
    """Return the interval of a timeframe. Raises `BadRequest`."""
    for interval in get_args(IntervalWord):
        if interval == timeframe:
            return interval  # type: ignore[no-any-return] # one of the literals themselves
    raise BadRequest(
        f"there is no timeframe {timeframe}; known: {', '.join(get_args(IntervalWord))}"
    )


def window(found: list[Shape], since: int | None, limit: int | None) -> list[Shape]:
    """Return what is new within a window, the last ones when there are more."""
    kept = [one for one in found if since is None or (one["timestamp"] or since) >= since]
    return kept[-limit:] if limit else kept
