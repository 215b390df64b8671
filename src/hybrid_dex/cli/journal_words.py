"""Commands and events in words, as rows, and as what concerns somebody.

It knows the form of messages - a name, fields, some of them accounts, markets, orders - and none of
them by name, so that a new command is shown like every other. Prices, quantities and amounts are
written in decimals as soon as the market is known, as ticks, lots and atoms until then.
"""

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs
import msgspec

from hybrid_dex.model.commands import Command, ListMarket
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.units import OrderId, order_sequence

__all__ = ["Wanted", "document", "in_words", "markets_in", "moment"]

_STAMP: Final = {"sequence", "at_ns"}
_ACCOUNTS: Final = {"account", "maker", "taker"}
_ORDERS: Final = {"order_id", "maker_order", "taker_order", "client_order_id"}
_PRICES: Final = {"price", "trigger_price"}
_QUANTITIES: Final = {
    "quantity",
    "by",
    "open",
    "filled",
    "display_quantity",
    "expected_filled",
    "maker_open",
    "taker_open",
    "maker_filled",
    "taker_filled",
}
_QUOTE_AMOUNTS: Final = {"maker_fee", "taker_fee", "quote_budget"}
_AMOUNTS: Final = {"amount", "available", "requested", "short"}
_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")

Markets = Mapping[str, Market]


def moment(at_ns: int) -> str:
    """Write a time in UTC to the microsecond."""
    seconds, rest = divmod(at_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest // 1_000:06d}Z"


def markets_in(commands: Sequence[Command]) -> Iterator[Market]:
    """Yield the markets that these commands list."""
    for command in commands:
        if isinstance(command, ListMarket):
            yield command.market


def in_words(item: object, markets: Markets) -> str:
    """Return one line: the kind of a command or event, then its fields that say something."""
    name = _WORDS.sub(" ", type(item).__name__).lower()
    market = markets.get(_market_of(item))
    parts = [
        _field(field.name, value, item, market, markets)
        for field in msgspec.structs.fields(item)  # type: ignore[arg-type] # each is a Struct
        if field.name not in _STAMP and _says(value := getattr(item, field.name), field.default)
    ]
    return f"{name}: {', '.join(parts)}" if parts else name


def _says(value: object, default: object) -> bool:
    """Whether a field's value is worth a word. Zero is: a side, or nothing left."""
    return value is not None and value is not False and value not in ("", ()) and value != default


def _field(name: str, value: object, item: object, market: Market | None, markets: Markets) -> str:
    label = name.replace("_", " ").removesuffix(" ns").removesuffix(" s")
    if name in _ACCOUNTS | {"market", "side", "kind"}:
        return _plain(value)
    if isinstance(value, bool):
        return label
    if isinstance(value, msgspec.Struct):
        return _nested(label, value, markets)
    if isinstance(value, tuple):
        return f"{label} [{'; '.join(_member(one, markets) for one in value)}]"
    if isinstance(value, int) and not isinstance(value, enum.Enum):
        return f"{label} {_number(name, value, item, market, markets)}"
    return f"{label} {_plain(value)}"


def _nested(label: str, value: msgspec.Struct, markets: Markets) -> str:
    if label == "authorization":
        return "signed"
    return f"{label} ({in_words(value, markets)})"


def _member(value: object, markets: Markets) -> str:
    return in_words(value, markets) if isinstance(value, msgspec.Struct) else _plain(value)


def _number(name: str, value: int, item: object, market: Market | None, markets: Markets) -> str:
    if name.endswith("_ns"):
        return moment(value)
    if name in _AMOUNTS:
        asset = getattr(item, "asset", "")
        for one in markets.values():
            for found in (one.base, one.quote):
                if found.id == asset:
                    return f"{found.format(value)} {asset}" if value >= 0 else f"{value} atoms"
        return f"{value} atoms"
    if market is not None and value >= 0:
        if name in _PRICES:
            return market.format_price(value)
        if name in _QUANTITIES:
            return market.format_quantity(value)
        if name in _QUOTE_AMOUNTS:
            return f"{market.quote.format(value)} {market.quote.id}"
    unit = " ticks" if name in _PRICES else " lots" if name in _QUANTITIES else ""
    return f"{value}{unit}"


def _plain(value: object) -> str:
    if isinstance(value, enum.Enum):
        return value.name.lower().replace("_", "-")
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Market):
        return value.id
    return str(value)


def _market_of(item: object) -> str:
    market = getattr(item, "market", "")
    return market.id if isinstance(market, Market) else str(market)


def document(value: object) -> Any:  # noqa: ANN401 # JSON
    """Return what JSON can hold: messages as objects with their kind, bytes in hexadecimal."""
    if isinstance(value, msgspec.Struct):
        fields = {name: document(getattr(value, name)) for name in value.__struct_fields__}
        return {"kind": type(value).__name__, **fields}
    if isinstance(value, Market | Asset):
        names = (field.name for field in attrs.fields(type(value)))
        return {name: document(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [document(one) for one in value]
    if isinstance(value, enum.Enum):
        return value.name.lower()
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value


@attrs.frozen(kw_only=True)
class Wanted:
    """Whom to look for; ``None`` looks for nobody in particular.

    Attributes:
        account: an account.
        market: a market.
        order: an order's id, or its trader's own.
    """

    account: str | None = None
    market: str | None = None
    order: str | None = None

    def met(self, command: Command, events: Sequence[object] = ()) -> bool:
        """Whether a command, or one of its events, concerns all that is looked for."""
        items = (command, *events)
        if self.account is not None and not any(
            self.account in _values(item, _ACCOUNTS) for item in items
        ):
            return False
        if self.market is not None and not any(
            self.market in _values(item, {"market"}) for item in items
        ):
            return False
        return self.order is None or self._is_order_of(command, items)

    def _is_order_of(self, command: Command, items: Sequence[object]) -> bool:
        order = self.order or ""
        # An order's id is not in the command that entered it: it is made of the command's number.
        entered = order.isdecimal() and order_sequence(OrderId(int(order))) == command.sequence
        return entered or any(order in _values(item, _ORDERS) for item in items)


def _values(item: object, names: set[str]) -> set[str]:
    """Return what stands in these fields, in a message and all that it holds."""
    found: set[str] = set()
    if isinstance(item, msgspec.Struct):
        for name in item.__struct_fields__:
            value = getattr(item, name)
            if name in names and value is not None:
                found.add(_plain(value))
            elif isinstance(value, msgspec.Struct | tuple):
                found |= _values(value, names)
    elif isinstance(item, tuple):
        for one in item:
            found |= _values(one, names)
    return found
