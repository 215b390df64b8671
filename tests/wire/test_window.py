"""A receive window ends when its sender said, and no clock that runs ahead stretches it."""

import pytest

from hybrid_dex.errors import FormatError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MAX_TIMESTAMP_NS
from hybrid_dex.wire import MessageError, OrderRequest, ReduceRequest, decode, not_after_ns
from hybrid_dex.wire.window import DEFAULT_WINDOW_MS, MAX_AHEAD_MS, refuse_window

MS = 1_000_000
NOW_MS = 1_800_000_000_000


def sent(sent_at_ms: int | None, window_ms: int | None = None) -> ReduceRequest:
    return ReduceRequest(by="1", sent_at_ms=sent_at_ms, receive_window_ms=window_ms)


def test_it_ends_after_its_window_or_after_the_usual_one() -> None:
    assert not_after_ns(sent(None), NOW_MS * MS) is None
    assert not_after_ns(sent(NOW_MS - 3, 7), NOW_MS * MS) == (NOW_MS + 4) * MS
    assert not_after_ns(sent(NOW_MS), NOW_MS * MS) == (NOW_MS + DEFAULT_WINDOW_MS) * MS
    assert not_after_ns(sent(0, 1), NOW_MS * MS) == MS, "long over, which the journal's time tells"
    ahead = MAX_TIMESTAMP_NS // MS
    assert not_after_ns(sent(ahead, 60_000), MAX_TIMESTAMP_NS) == MAX_TIMESTAMP_NS


def test_a_clock_may_run_ahead_so_far_and_not_a_millisecond_farther() -> None:
    assert not_after_ns(sent(NOW_MS + MAX_AHEAD_MS, 1), NOW_MS * MS) is not None
    with pytest.raises(MessageError) as refused:
        not_after_ns(sent(NOW_MS + MAX_AHEAD_MS + 1, 1), NOW_MS * MS)
    assert (refused.value.code, refused.value.field) == (RejectReason.RECEIVE_WINDOW, "sent_at_ms")
    assert str(NOW_MS) in refused.value.reason, "so that the sender can set its clock"


def test_a_window_without_a_time_is_refused_and_so_is_one_within_a_whole() -> None:
    with pytest.raises(FormatError, match="sent_at_ms"):
        not_after_ns(sent(None, 5), NOW_MS * MS)
    refuse_window(sent(None), "batch")
    for part in (sent(1), sent(None, 5)):
        with pytest.raises(FormatError, match="within a batch"):
            refuse_window(part, "batch")


@pytest.mark.parametrize("window", ["0", "60001", "-1", '"5"', "1.5"])
def test_windows_outside_their_bounds_are_no_messages(window: str) -> None:
    raw = f'{{"market":"ETH-USDC","side":"buy","quantity":"1","price":"1","receive_window_ms":{window}}}'
    with pytest.raises(MessageError):
        decode(OrderRequest, raw)
