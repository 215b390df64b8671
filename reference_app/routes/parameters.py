"""Parameters that several routes take, and what the document says of bodies and logins."""

from typing import Annotated, Final, Literal

from litestar.params import QueryParameter

from hybrid_dex.errors import FormatError
from hybrid_dex.model.units import FillId
from hybrid_dex.wire import parse_fill_id

__all__ = [
    "MAX_MS",
    "AssetQuery",
    "Before",
    "FromMs",
    "Limit",
    "MarketQuery",
    "PageEnd",
    "SideQuery",
    "StatusQuery",
    "ToMs",
    "cursor",
]

MAX_MS: Final = 9_223_372_036_854
"""The last whole millisecond that a database integer holds in nanoseconds."""


Limit = Annotated[int, QueryParameter(ge=1, le=500, description="how many at most")]
Before = Annotated[
    str | None, QueryParameter(max_length=20, description="the cursor that the last page gave")
]
MarketQuery = Annotated[str | None, QueryParameter(max_length=64, description="a market's symbol")]
AssetQuery = Annotated[str | None, QueryParameter(max_length=64, description="an asset's symbol")]
PageEnd = Annotated[
    str | None, QueryParameter(max_length=64, description="the `next` of the page before")
]
FromMs = Annotated[
    int, QueryParameter(ge=0, le=MAX_MS, description="from this time on, Unix milliseconds")
]
ToMs = Annotated[
    int, QueryParameter(ge=0, le=MAX_MS, description="before this time, Unix milliseconds")
]
StatusQuery = Annotated[
    Literal["new", "partially_filled", "filled", "canceled", "expired"] | None,
    QueryParameter(description="orders that are so now"),
]
SideQuery = Annotated[Literal["buy", "sell"] | None, QueryParameter(description="one side only")]


def cursor(text: str | None) -> FillId | None:
    """Return a page's cursor. Raises `FormatError`."""
    if text is None:
        return None
    try:
        return parse_fill_id(text, "before")
    except ValueError as error:
        raise FormatError("before", "not a cursor", "decimal digits") from error
