"""Recognises the answer to a repeated order: events that happened before, and must not count twice.

An order sent again under its client order id is answered with the events of its first command.
Those carry the first command's sequence in their ids; what happens for the first time carries the
batch's own.
"""

from hybrid_dex.model.events import EventBatch, OrderAccepted, OrderRejected
from hybrid_dex.model.units import order_sequence

__all__ = ["is_repeat"]


def is_repeat(batch: EventBatch) -> bool:
    """Whether a batch answers an order that was placed by an earlier command."""
    first = batch.events[0] if batch.events else None
    return (
        isinstance(first, OrderAccepted | OrderRejected)
        and order_sequence(first.order_id) != batch.sequence
    )
