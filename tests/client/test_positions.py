"""Positions: a channel that is cut anywhere and resumed tells each message once."""

import random

import pytest

from hybrid_dex.client.positions import Positions
from hybrid_dex.wire import Channel
from tests.tiers import count

HISTORIES = count(fast=200, full=5_000)
ORDERS = Channel(channel="orders")
BOOK = Channel(channel="book", market="ETH-USDC")


def test_a_channel_begins_where_its_subscription_was_granted() -> None:
    positions = Positions()
    assert positions.resume([ORDERS, BOOK]) == [ORDERS, BOOK]
    positions.begin([ORDERS, BOOK], 7)
    [orders, book] = positions.resume([ORDERS, BOOK])
    assert (orders.after, book) == (7, BOOK), "a book begins with a snapshot"
    positions.passed(12)
    positions.passed(9)
    assert positions.resume([ORDERS])[0].after == 12, "an older heartbeat takes nothing back"
    positions.forget()
    assert positions.resume([ORDERS]) == [ORDERS]


def test_a_channel_that_was_never_granted_takes_everything() -> None:
    positions = Positions()
    assert positions.take(ORDERS, 5)
    assert positions.take(ORDERS, 5)
    assert positions.resume([ORDERS]) == [ORDERS]


def test_fewer_that_are_told_again_hide_nothing_that_is_new() -> None:
    """Should an exchange tell otherwise than it did, a message of a later command is new."""
    positions = Positions()
    positions.begin([ORDERS], 1)
    assert [positions.take(ORDERS, 5) for _ in range(3)] == [True] * 3
    assert positions.resume([ORDERS])[0].after == 4
    assert not positions.take(ORDERS, 5)
    assert positions.take(ORDERS, 6)
    assert positions.resume([ORDERS])[0].after == 5


@pytest.mark.parametrize("named", [1.0, 0.5, 0.0], ids=["all", "half", "none"])
def test_each_message_is_heard_once_wherever_the_connection_is_cut(
    named: float, rng: random.Random
) -> None:
    """Whether messages name their command or not; heartbeats come or do not."""
    for _ in range(HISTORIES):
        names = [rng.random() < named for _ in range(30)]
        told = [
            (sequence, part)
            for sequence in range(1, 31)
            for part in range(rng.choice((0, 1, 1, 3)))
        ]
        positions, heard, begun = Positions(), list[tuple[int, int]](), 0
        positions.begin([ORDERS], 0)
        while begun < 30:
            after = positions.resume([ORDERS])[0].after
            assert after is not None
            begun = min(30, begun + rng.randrange(6))
            now = [one for one in told if after < one[0] <= begun]
            cut = rng.randrange(len(now) + 1) if begun < 30 or rng.random() < 0.5 else len(now)
            for one in now[:cut]:
                if positions.take(ORDERS, one[0] if names[one[0] - 1] else None):
                    heard.append(one)
            if cut == len(now) and rng.random() < 0.5:
                positions.passed(begun)
            begun = begun if cut == len(now) else begun - 1
        assert heard == told
