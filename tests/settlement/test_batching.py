"""Batches keep what was matched in an order that settles the same, and say no more than they hold."""

from __future__ import annotations

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import ConfigurationError, FormatError, InvariantError
from hybrid_dex.model.order import Side
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.units import FeePpm, TimestampNs
from hybrid_dex.settlement import layout
from hybrid_dex.settlement.batching import (
    BatchLimits,
    Group,
    draft_batch,
    fill_ids,
    group_fills,
    journal_hash,
    matched_through,
    pack_batch,
)
from hybrid_dex.signing import parse_address
from tests.settlement.fills import BY_ID, MARKETS, account, command, order

BUY, SELL = Side.BUY, Side.SELL
LIMITS = BatchLimits()


def packed(groups: list[Group]) -> layout.Batch:
    """The batch of these groups."""
    return pack_batch(
        groups,
        BY_ID,
        number=1,
        previous_root=bytes(32),
        matched_through_s=1,
        up_to=max((group.sequence for group in groups), default=0),
    )


def groups_of(*commands: list[MatchedFill]) -> list[Group]:
    """The groups of some commands."""
    return [group for fills in commands for group in group_fills(fills)]


def test_a_command_of_more_than_a_hundred_fills_settles_in_parts() -> None:
    """Parts are numbered by the fills' own indices, so a rest of them is numbered the same."""
    taker = order(1, BUY)
    fills = command(7, taker, *(order(2, SELL, lane=n) for n in range(230)))
    parts = group_fills(fills)
    assert [len(part.fills) for part in parts] == [100, 100, 30]
    assert [part.sequence for part in parts] == [7 << 8, 7 << 8 | 1, 7 << 8 | 2]
    assert group_fills(fills[100:200]) == parts[1:2]
    assert group_fills([]) == ()


def test_fills_that_are_no_command_are_refused() -> None:
    """Two commands, a wrong order, an unsigned order, two takers, two orders in a lane."""
    one = command(1, order(1, BUY), order(2, SELL))
    two = command(2, order(1, BUY, counter=2), order(2, SELL))
    with pytest.raises(FormatError, match="one command"):
        group_fills(one + two)
    three = command(1, order(1, BUY), order(2, SELL), order(3, SELL))
    with pytest.raises(FormatError, match="one command"):
        group_fills(three[::-1])
    with pytest.raises(FormatError, match="not signed"):
        group_fills(command(1, order(1, BUY), order(2, SELL, signed=False)))
    with pytest.raises(InvariantError, match="two aggressors"):
        group_fills(one + command(1, order(3, BUY), order(2, SELL), start=1))
    with pytest.raises(InvariantError, match="one lane"):
        group_fills(command(1, order(1, BUY), order(2, SELL), order(2, SELL, counter=2)))


def test_one_order_is_listed_once_however_often_it_trades() -> None:
    """Fifty takers of one maker: 51 orders, one section."""
    maker = order(1, SELL)
    groups = groups_of(*(command(n, order(1 + n, BUY), maker) for n in range(1, 51)))
    (section,) = packed(groups).sections
    assert len(section.orders) == 51
    assert [group.sequence >> 8 for group in section.groups] == list(range(1, 51))


@pytest.mark.parametrize(
    ("second", "sections"),
    [
        (command(2, order(3, BUY), order(2, SELL)), 1),
        (command(2, order(3, BUY), order(2, SELL, revision=1)), 2),
        (command(2, order(3, BUY), order(2, SELL, counter=2)), 2),
        (command(2, order(3, BUY), order(2, SELL, lane=1)), 1),
        (command(2, order(3, SELL), order(1, BUY)), 2),
    ],
    ids=["same order", "revision", "counter", "lane", "role"],
)
def test_a_section_is_cut_where_a_table_can_not_hold_both(
    second: list[MatchedFill], sections: int
) -> None:
    """Another order in a lane, or the taker that now rests at another rate, needs a new section."""
    groups = groups_of(command(1, order(1, BUY), order(2, SELL)), second)
    assert len(packed(groups).sections) == sections


def test_a_maker_that_earns_another_rate_the_next_day_gets_a_section_of_its_own() -> None:
    """Tiers change an order's rate, a rebate is one below zero, and each fill settles at its own."""
    first = command(1, order(1, BUY), order(2, SELL))
    second = [
        msgspec.structs.replace(fill, maker_fee_ppm=FeePpm(-200), taker_fee_ppm=FeePpm(300))
        for fill in command(2, order(3, BUY), order(2, SELL))
    ]
    batch = packed(groups_of(first, second))
    rates = [[one.fee_rate_ppm for one in section.orders] for section in batch.sections]
    assert rates == [[500, 100], [300, -200]]
    assert layout.decode_batch(layout.encode_batch(batch)) == batch


def test_independent_markets_share_sections_and_dependent_ones_do_not() -> None:
    """A group joins its market's section unless one of its accounts occurs in a later one."""
    eth = command(1, order(1, BUY), order(2, SELL))
    btc = command(2, order(3, BUY, market=2), order(4, SELL, market=2), market=2)
    apart = command(3, order(5, BUY), order(6, SELL))
    linked = command(3, order(3, SELL), order(1, BUY, lane=2))
    assert [s.market for s in packed(groups_of(eth, btc, apart)).sections] == [1, 2]
    assert [s.market for s in packed(groups_of(eth, btc, linked)).sections] == [1, 2, 1]


def test_a_batch_is_full_at_its_limits() -> None:
    """By orders and by gas; the first group is always taken, for it can not be cut."""
    many = groups_of(*(command(n, order(2 * n, BUY), order(2 * n + 1, SELL)) for n in range(1, 90)))
    draft, full = draft_batch(many, LIMITS)
    assert full
    assert draft.orders == 128
    assert draft.gas <= LIMITS.gas
    draft, full = draft_batch(many, attrs.evolve(LIMITS, gas=1_000_000))
    assert full
    assert draft.gas <= 1_000_000
    wide = groups_of(command(1, order(1, BUY), *(order(n, SELL) for n in range(2, 102))))
    draft, _ = draft_batch(wide, BatchLimits(orders=2, gas=1_000_000))
    assert draft.groups == wide
    assert draft_batch([], LIMITS)[1] is False


def test_the_gas_bound_is_above_the_layouts_estimate() -> None:
    """What closes a batch leaves room for storage that is written for the first time."""
    groups = groups_of(
        *(command(n, order(2 * n, BUY, lane=1), order(2 * n + 1, SELL)) for n in range(1, 40))
    )
    draft, _ = draft_batch(groups, attrs.evolve(LIMITS, gas=1 << 40))
    assert draft.gas > layout.estimate_gas(packed(groups))


def test_an_unknown_market_is_refused() -> None:
    """Settlement was not opened with it, so its number is not known."""
    groups = groups_of(command(1, order(1, BUY), order(2, SELL)))
    with pytest.raises(ConfigurationError, match="ETH-USDC"):
        pack_batch(groups, {}, number=1, previous_root=bytes(32), matched_through_s=1, up_to=1 << 8)


def test_a_batch_names_the_journal_at_its_last_group() -> None:
    """Whatever the order in which the groups are given; nothing for an empty batch."""
    one = group_fills(command(1, order(1, BUY), order(2, SELL)), b"1" * 32)
    two = group_fills(command(2, order(3, BUY), order(4, SELL)), b"2" * 32)
    assert journal_hash([]) == bytes(32)
    assert journal_hash([*one]) == b"1" * 32
    assert journal_hash([*two, *one]) == b"2" * 32


trades = st.lists(
    st.tuples(
        st.integers(1, 6),  # taker
        st.lists(st.integers(1, 6), min_size=1, max_size=4),  # makers
        st.integers(1, 2),  # market
        st.booleans(),  # the taker's side
        st.integers(0, 2),  # the makers' counters
    ),
    max_size=25,
)


@given(trades)
def test_whatever_is_matched_settles_in_an_order_that_means_the_same(
    drawn: list[tuple[int, list[int], int, bool, int]],
) -> None:
    """Accounts see their groups in order, sequences rise by market, lanes and rates are single."""
    queue: list[Group] = []
    for number, (taker, makers, market, buys, counter) in enumerate(drawn, 1):
        others = sorted(set(makers) - {taker})
        side, other = (BUY, SELL) if buys else (SELL, BUY)
        if others:
            resting = [order(m, other, counter=counter, market=market) for m in others]
            aggressor = order(taker, side, counter=counter, market=market)
            queue += group_fills(command(number, aggressor, *resting, market=market))
    batch = packed(queue)
    assert layout.decode_batch(layout.encode_batch(batch)) == batch
    applied = [
        (group.sequence, section, group) for section in batch.sections for group in section.groups
    ]
    assert sorted(sequence for sequence, _, _ in applied) == [g.sequence for g in queue]
    by_market: dict[int, int] = {}
    by_account: dict[bytes, int] = {}
    for sequence, section, group in applied:
        assert sequence > by_market.get(section.market, 0)
        by_market[section.market] = sequence
        indices = {group.taker, *(fill.maker for fill in group.fills)}
        for trader in {section.orders[index].account for index in indices}:
            assert sequence > by_account.get(trader, 0)
            by_account[trader] = sequence
    for section in batch.sections:
        lanes = [(entry.account, entry.nonce & 0xFFFF) for entry in section.orders]
        assert len(set(lanes)) == len(lanes)
    rates = {
        (section.market, group.sequence): section.orders[group.taker].fee_rate_ppm
        for section in batch.sections
        for group in section.groups
    }
    assert set(rates.values()) <= {500}


@given(st.integers(1, 60), st.integers(2, 40))
def test_batches_take_the_queue_from_its_front(size: int, orders: int) -> None:
    """Each batch ends below what the next one begins with, and nothing is lost or doubled."""
    queue = groups_of(*(command(n, order(2 * n, BUY), order(1, SELL)) for n in range(1, size)))
    left, taken = queue, []
    while left:
        draft, full = draft_batch(left, BatchLimits(orders=orders))
        assert full or len(draft.groups) == len(left)
        taken += draft.groups
        left = left[len(draft.groups) :]
    assert taken == queue
    assert fill_ids(taken) == tuple(sorted(fill_ids(queue)))


def through(**changes: int | None) -> int:
    """The time through which a batch may speak, far from every bound but those given."""
    bounds: dict[str, int | None] = {
        "now_ns": 10**12 * 10**9,
        "matching_lag_s": 2,
        "first_left_ns": None,
        "seen_s": 10**12,
        "watch_lag_s": 30,
        "unheeded_s": None,
        "last_s": 0,
    }
    return matched_through(**(bounds | changes))  # type: ignore[arg-type] # each of its own type


def test_a_batch_speaks_through_no_more_than_it_knows() -> None:
    """Each bound holds by itself, and what was said is never taken back."""
    assert through(now_ns=100 * 10**9) == 98
    assert through(seen_s=50) == 80
    assert through(unheeded_s=40) == 70
    assert through(first_left_ns=TimestampNs(60 * 10**9)) == 59
    assert through(first_left_ns=TimestampNs(60 * 10**9 + 1)) == 60
    assert through(now_ns=100 * 10**9, last_s=99) == 99


def test_accounts_of_a_section_are_the_traders() -> None:
    """Twenty bytes each, as the contract compares them."""
    (section,) = packed(groups_of(command(1, order(9, BUY), order(2, SELL)))).sections
    assert layout.section_accounts(section) == (
        parse_address(account(2)),
        parse_address(account(9)),
    )
    assert section.market == MARKETS[0].number
