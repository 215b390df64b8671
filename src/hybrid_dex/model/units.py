"""Units and identifiers: integers and opaque text with a name.

Every number inside the library is an integer in the unit that its type names. Nothing here
converts; `Market` knows how a price and a quantity become amounts, and `decimal_text` is the
only door to decimal text. The bounds are those of the settlement contract's packed words.
"""

from typing import Final, NewType

__all__ = [
    "FEE_DENOMINATOR",
    "MAX_AMOUNT",
    "MAX_BATCH_MEMBERS",
    "MAX_FEE_PPM",
    "MAX_FILLS_PER_GROUP",
    "MAX_PRICE",
    "MAX_QUANTITY",
    "MAX_SEQUENCE",
    "MAX_SETTLED_FEE_PPM",
    "MAX_TIMESTAMP_NS",
    "AccountId",
    "Amount",
    "AssetId",
    "ClientOrderId",
    "FeePpm",
    "FillId",
    "MarketId",
    "OrderId",
    "Price",
    "Quantity",
    "Sequence",
    "TimestampNs",
    "fill_id",
    "fill_sequence",
    "last_group",
    "order_id",
    "order_index",
    "order_sequence",
]

Price = NewType("Price", int)
"""A price in ticks, 1 <= price <= `MAX_PRICE`."""
Quantity = NewType("Quantity", int)
"""A quantity in lots, 1 <= quantity <= `MAX_QUANTITY` when an order is placed."""
Amount = NewType("Amount", int)
"""An amount in atoms, the smallest unit of an asset's token."""
FeePpm = NewType("FeePpm", int)
"""A fee rate in parts per million of the notional; negative for a rebate."""
Sequence = NewType("Sequence", int)
"""The number of a command: gapless, from 1."""
TimestampNs = NewType("TimestampNs", int)
"""Nanoseconds since the Unix epoch, as the shell stamped them."""
AccountId = NewType("AccountId", str)
"""Opaque text; a checksummed address where there is a chain."""
AssetId = NewType("AssetId", str)
"""An asset's symbol, such as ``USDC``."""
MarketId = NewType("MarketId", str)
"""A market's symbol, such as ``ETH-USDC``."""
OrderId = NewType("OrderId", int)
"""(command sequence, index) in one integer: ``sequence << 8 | index``."""
FillId = NewType("FillId", int)
"""(command sequence, index) in one integer: ``sequence << 16 | index``."""
ClientOrderId = NewType("ClientOrderId", str)
"""The trader's own name for an order (ClOrdID, FIX 11): 1 to 64 printable ASCII characters."""

MAX_PRICE: Final = 2**48 - 1
MAX_QUANTITY: Final = 2**48 - 1
MAX_AMOUNT: Final = 2**112 - 1
MAX_SEQUENCE: Final = 2**40 - 1
MAX_TIMESTAMP_NS: Final = 2**63 - 1
"""In the year 2262: what a database integer holds."""
MAX_FEE_PPM: Final = 2**15 - 1
MAX_SETTLED_FEE_PPM: Final = 10_000
"""The settlement contract takes no higher rate, whatever was signed."""
FEE_DENOMINATOR: Final = 1_000_000
MAX_BATCH_MEMBERS: Final = 100
"""The most commands that one batch holds."""
MAX_FILLS_PER_GROUP: Final = 100
"""The fills of one command settle in groups of at most this many."""


def order_id(sequence: int, index: int = 0) -> OrderId:
    """Return the id of the order that command ``sequence`` created as its ``index``-th."""
    return OrderId(sequence << 8 | index)


def order_index(order: OrderId) -> int:
    """Return an order's place in the command that entered it, from 0."""
    return order & 0xFF


def order_sequence(order: OrderId) -> Sequence:
    """Return the sequence of the command that created an order."""
    return Sequence(order >> 8)


def last_group(sequence: Sequence) -> int:
    """Return the chain's number of the last group that a command could have.

    Groups are numbered ``sequence << 8 | part`` (see `MAX_FILLS_PER_GROUP`).

    >>> last_group(Sequence(3))
    1023
    """
    return sequence << 8 | 0xFF


def fill_id(sequence: int, index: int) -> FillId:
    """Return the id of the ``index``-th fill of command ``sequence``."""
    return FillId(sequence << 16 | index)


def fill_sequence(fill: FillId) -> Sequence:
    """Return the sequence of the command that caused a fill."""
    return Sequence(fill >> 16)
