"""Receive windows: how late a request may still be done.

A request may say when it was sent, and for how long after that it is wanted. What the exchange would
do later is refused instead, so an order that a network held back never enters a market that has moved
on. The time is the sender's word about the exchange's clock, which ``GET /time`` and every pong tell;
it is no part of the order, so a request that is sent again may say a new one.
"""

from typing import Annotated, Final, Protocol, TypeAlias

from msgspec import Meta

from hybrid_dex.errors import FormatError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_TIMESTAMP_NS, TimestampNs
from hybrid_dex.wire.codec import MessageError
from hybrid_dex.wire.scalars import to_ns

__all__ = [
    "DEFAULT_WINDOW_MS",
    "MAX_AHEAD_MS",
    "MAX_WINDOW_MS",
    "ReceiveWindow",
    "Windowed",
    "not_after_ns",
    "refuse_window",
]

DEFAULT_WINDOW_MS: Final = 5_000
"""The window of a request that says when it was sent and nothing else."""
MAX_WINDOW_MS: Final = 60_000
"""The longest window."""
MAX_AHEAD_MS: Final = 1_000
"""How far ahead of the exchange's clock a sender's may be: a later time would stretch the window."""

_NS_PER_MS: Final = 1_000_000

ReceiveWindow: TypeAlias = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_WINDOW_MS,
        description="milliseconds after `sent_at_ms` within which the request may be done",
    ),
]


class Windowed(Protocol):
    """A request with a receive window."""

    @property
    def sent_at_ms(self) -> int | None:
        """When it was sent, by the exchange's clock."""
        ...

    @property
    def receive_window_ms(self) -> int | None:
        """For how long it may be done after that."""
        ...


def not_after_ns(request: Windowed, now_ns: int) -> TimestampNs | None:
    """Return until when a request may be done; ``None`` when it does not say.

    Args:
        request: what was sent.
        now_ns: the exchange's clock.

    Raises:
        MessageError: the time lies too far ahead of the exchange's clock.
        FormatError: a window without a time.
    """
    sent_at_ms, window_ms = request.sent_at_ms, request.receive_window_ms
    if sent_at_ms is None:
        if window_ms is not None:
            raise FormatError("sent_at_ms", "missing beside receive_window_ms", "when it was sent")
        return None
    ahead_ms = sent_at_ms - now_ns // _NS_PER_MS
    if ahead_ms > MAX_AHEAD_MS:
        raise MessageError(
            RejectReason.RECEIVE_WINDOW,
            "sent_at_ms",
            f"is {ahead_ms} ms ahead of the exchange's clock, which says {now_ns // _NS_PER_MS}",
            f"at most {MAX_AHEAD_MS} ms ahead",
        )
    until_ms = sent_at_ms + (DEFAULT_WINDOW_MS if window_ms is None else window_ms)
    return TimestampNs(min(to_ns(until_ms), MAX_TIMESTAMP_NS))


def refuse_window(request: Windowed, whole: str) -> None:
    """Refuse a window of a part, where only the whole request has one. Raises `FormatError`."""
    if request.sent_at_ms is not None or request.receive_window_ms is not None:
        raise FormatError("sent_at_ms", f"given within a {whole}", f"that of the whole {whole}")
