"""Requests: what is to be entered, as the one message that asks the engine for all of it.

What this gateway refused has no place in a message; the answers to the rest come in its order.
"""

from collections.abc import Iterable
from collections.abc import Sequence as Items
from typing import Final, TypeAlias

from hybrid_dex import PlaceOrder, Refusal, SignedOrder, TimestampNs
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.codec import Requested, from_order

__all__ = ["MOST", "Ladder", "in_range", "may_repeat", "to_ladders", "to_place"]

Ladder: TypeAlias = Items[Requested]
"""Orders under one signature."""

MOST: Final = 2**64 - 1
"""The largest number that a field of a message holds."""


def to_place(
    orders: Items[SignedOrder | PlaceOrder | Refusal], not_after_ns: Items[TimestampNs | None]
) -> pb.Place:
    """Return the message that enters orders, without what was refused."""
    place = pb.Place(orders=[from_order(one) for one in orders if not isinstance(one, Refusal)])
    if any(until is not None for until in not_after_ns):
        pairs = zip(orders, not_after_ns, strict=True)
        place.not_after_ns.extend(
            0 if until is None else max(in_range(until) or 0, 1)  # 0 says that there is none
            for one, until in pairs
            if not isinstance(one, Refusal)
        )
    return place


def to_ladders(
    ladders: Items[Ladder | Refusal], not_after_ns: Items[TimestampNs | None]
) -> pb.PlaceLadders:
    """Return the message that enters ladders, without what was refused."""
    latest = not_after_ns or [None] * len(ladders)
    return pb.PlaceLadders(
        ladders=[
            pb.Ladder(orders=map(from_order, ladder), not_after_ns=in_range(until))
            for ladder, until in zip(ladders, latest, strict=True)
            if not isinstance(ladder, Refusal)
        ]
    )


def may_repeat(orders: Iterable[Requested | Refusal]) -> bool:
    """Whether a message of these may be sent twice: the engine knows each order by its own id."""
    return all(
        isinstance(one, SignedOrder | PlaceOrder) and one.client_order_id
        for one in orders
        if not isinstance(one, Refusal)
    )


def in_range(not_after_ns: TimestampNs | None) -> int | None:
    """Return a time as its field can hold it: what is beyond either end is as good as that end."""
    return None if not_after_ns is None else min(max(not_after_ns, 0), MOST)
