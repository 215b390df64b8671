"""Lanes: one live order each, counters that only rise, over restarts too."""

import random

import pytest

from hybrid_dex.client import LanesExhaustedError, NonceLanes
from hybrid_dex.client.lanes import replacement
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.signed_order import Nonce
from hybrid_dex.model.units import AssetId

ETH, BTC = AssetId("ETH"), AssetId("BTC")
NOW = 1_790_000_000_000


def test_the_lowest_free_lane_is_taken() -> None:
    """Lane 0 is one for each base asset; the others are shared."""
    lanes = NonceLanes(lanes=4)
    nonces = [lanes.allot(base, NOW) for base in (ETH, BTC, ETH, BTC)]
    assert [nonce.lane for nonce in nonces] == [0, 0, 1, 2]
    lanes.release(BTC, nonces[1])
    lanes.release(ETH, nonces[2])
    assert lanes.allot(ETH, NOW).lane == 1
    assert lanes.allot(BTC, NOW).lane == 0
    assert lanes.allot(BTC, NOW).lane == 3
    with pytest.raises(LanesExhaustedError):
        lanes.allot(ETH, NOW)


def test_a_range_of_its_own_leaves_lane_0_to_others() -> None:
    """Two programs of one account do not meet."""
    lanes = NonceLanes(lanes=3, first=100)
    assert [lanes.allot(ETH, NOW).lane for _ in range(2)] == [100, 101]
    with pytest.raises(LanesExhaustedError):
        lanes.allot(ETH, NOW)


def test_a_counter_rises_even_when_the_clock_does_not() -> None:
    """Within a millisecond, and when the clock steps back."""
    lanes = NonceLanes()
    counters = []
    for now in (NOW, NOW, NOW - 5_000, NOW + 1):
        nonce = lanes.allot(ETH, now)
        counters.append(nonce.counter)
        lanes.release(ETH, nonce)
    assert counters == sorted(set(counters))


def test_a_counter_fits_its_40_bits_until_2054() -> None:
    """The last millisecond before fits; a clock before 2020 still gives a counter."""
    assert NonceLanes().allot(ETH, 2_650_000_000_000).counter < 2**40
    assert NonceLanes().allot(ETH, 0).counter == 0


def test_releasing_late_or_twice_frees_no_other_order() -> None:
    """A report on an old order does not open the lane of the new one."""
    lanes = NonceLanes(lanes=2)
    old = lanes.allot(ETH, NOW)
    lanes.release(ETH, old)
    new = lanes.allot(ETH, NOW + 1)
    lanes.release(ETH, old)
    assert lanes.allot(ETH, NOW + 1).lane == 1
    lanes.release(ETH, new)
    lanes.release(ETH, new)
    assert lanes.busy == 1


def test_live_orders_of_an_earlier_run_keep_their_lanes() -> None:
    """And their counters are passed."""
    lanes = NonceLanes(lanes=3)
    lanes.occupy(ETH, Nonce(2**39, 3, 0))
    lanes.occupy(ETH, Nonce(5, 0, 2))
    assert lanes.allot(ETH, NOW).lane == 1
    with pytest.raises(LanesExhaustedError):
        lanes.allot(ETH, NOW)
    lanes.release(ETH, Nonce(2**39, 7, 0))
    assert lanes.allot(ETH, NOW).counter == 2**39 + 1


def test_no_nonce_is_ever_given_twice(rng: random.Random) -> None:
    """Over random use and restarts, with nothing but the clock for memory."""
    now, given, live = NOW, set[int](), dict[int, tuple[AssetId, Nonce]]()
    lanes = NonceLanes(lanes=5)
    for _ in range(3_000):
        now += rng.randint(0, 3)
        kind = rng.random()
        if kind < 0.02:
            now += 10
            lanes = NonceLanes(lanes=5)
            for base, nonce in live.values():
                lanes.occupy(base, nonce)
        elif kind < 0.5 and live:
            base, nonce = live.pop(rng.choice(list(live)))
            lanes.release(base, nonce)
        else:
            base = rng.choice([ETH, BTC])
            try:
                nonce = lanes.allot(base, now)
            except LanesExhaustedError:
                continue
            key = nonce.packed * 2 + (base is BTC if nonce.lane == 0 else 0)
            assert key not in given
            given.add(key)
            live[key] = (base, nonce)
            taken = [(b if n.lane == 0 else "", n.lane) for b, n in live.values()]
            assert len(set(taken)) == len(taken)
    assert len(given) > 1_000


def test_a_replacement_raises_the_revision_only() -> None:
    """255 times."""
    nonce = Nonce(7, 0, 3)
    for revision in range(1, 256):
        nonce = replacement(nonce)
        assert nonce == Nonce(7, revision, 3)
    with pytest.raises(LanesExhaustedError):
        replacement(nonce)


@pytest.mark.parametrize(("lanes", "first"), [(1, 1), (2**16 + 1, 1), (2**16, 3)])
def test_lanes_that_do_not_exist_are_refused(lanes: int, first: int) -> None:
    """A lane is a u16."""
    with pytest.raises(ConfigurationError):
        NonceLanes(lanes=lanes, first=first)
