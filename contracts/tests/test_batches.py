"""A batch that the operator got wrong is refused as a whole and changes nothing."""

from dataclasses import replace

import msgspec
import pytest
from scenario import layout, nonce
from web3.exceptions import ContractCustomError


def trade(scenario, lots=1, **changes):
    return (scenario.buy(1, 2500, 10, **changes), (scenario.sell(0, 2500, 10), lots))


def send(scenario, batch=None, data=None):
    scenario.send_batch(batch or scenario.batch(), data)


def test_only_the_operator_settles(scenario):
    data = layout.encode_batch(scenario.batch())
    for stranger in (scenario.owner, scenario.trader(0).address):
        with scenario.reverts("NotOperator()"):
            scenario.do(stranger, "settle", data)
    scenario.do(scenario.operator, "settle", data)


@pytest.mark.parametrize("offset", [0, 2])
def test_the_number_rises_by_one(scenario, offset):
    with scenario.reverts("WrongNumber(uint256)"):
        scenario.settle(number=scenario.read("batchState")[0] + offset)


def test_the_previous_root_must_be_the_contracts(scenario):
    before = scenario.batch()
    scenario.settle(trade(scenario))
    with scenario.reverts("WrongPreviousRoot(bytes32)"):
        scenario.settle(previous_root=before.previous_root)


def test_a_batch_never_settles_twice(scenario):
    outcome = scenario.settle(trade(scenario))
    with scenario.reverts("WrongNumber(uint256)"):
        scenario.send_batch(outcome.batch)


def test_matched_through_never_lies_in_the_future_nor_falls(scenario):
    with scenario.reverts("WrongMatchedThrough(uint256,uint256)"):
        scenario.settle(matched_through_s=scenario.now() + 100)
    scenario.settle()
    with scenario.reverts("WrongMatchedThrough(uint256,uint256)"):
        scenario.settle(matched_through_s=scenario.read("batchState")[1] - 1)
    scenario.settle(matched_through_s=scenario.read("batchState")[1])


def test_up_to_never_falls(scenario):
    scenario.settle(trade(scenario))
    with scenario.reverts("WrongUpTo(uint256)"):
        scenario.settle(up_to=scenario.read("batchState")[2] - 1)
    scenario.settle(up_to=scenario.read("batchState")[2])


def numbered(section, *sequences):
    """The section with these sequences."""
    groups = zip(section.groups, sequences, strict=True)
    return msgspec.structs.replace(
        section,
        groups=tuple(msgspec.structs.replace(group, sequence=number) for group, number in groups),
    )


def encoded_unchecked(scenario, *sections, up_to):
    """What the encoder refuses to make: encoded with rising sequences, which are then put back."""
    rising = []
    wanted = []
    for section in sections:
        for group in section.groups:
            wanted.append(group.sequence)
        count = len(section.groups)
        start = len(wanted) - count + 1
        rising.append(numbered(section, *(2**40 + start + i for i in range(count))))
    data = layout.encode_batch(scenario.batch(*rising, up_to=2**47))
    for i, sequence in enumerate(wanted):
        old = (2**40 + 1 + i).to_bytes(6, "big")
        assert data.count(old) == 1
        data = data.replace(old, sequence.to_bytes(6, "big"))
    return data[:11] + up_to.to_bytes(6, "big") + data[17:]


@pytest.mark.parametrize("sequences", [(300, 300), (301, 300), (100, 300), (300, 401)])
def test_sequences_rise_in_the_interval(scenario, sequences):
    """Not twice, not falling, not at or below the last batch's, not beyond this one's."""
    scenario.settle(up_to=100)
    section = numbered(scenario.section(trade(scenario), trade(scenario)), *sequences)
    with scenario.reverts("WrongSequence(uint256,uint256)"):
        send(scenario, data=encoded_unchecked(scenario, section, up_to=400))


def test_sequences_rise_across_sections_of_a_market(scenario):
    first, second = (numbered(scenario.section(trade(scenario)), 300) for _ in range(2))
    with scenario.reverts("WrongSequence(uint256,uint256)"):
        send(scenario, data=encoded_unchecked(scenario, first, second, up_to=400))
    send(scenario, data=encoded_unchecked(scenario, first, numbered(second, 301), up_to=400))


def test_a_batch_of_another_length_is_refused(scenario):
    data = layout.encode_batch(scenario.batch(scenario.section(trade(scenario))))
    for wrong in (data + b"\0", data[:-1], data + bytes(32)):
        with scenario.reverts("WrongLength()"):
            send(scenario, data=wrong)
    for short in (data[:100], data[:84], data[:83], b""):
        with pytest.raises(ContractCustomError):
            send(scenario, data=short)
    send(scenario, data=data)


@pytest.mark.parametrize("fills", [0, 2])
def test_the_count_of_fills_must_be_exact(scenario, fills):
    data = layout.encode_batch(scenario.batch(scenario.section(trade(scenario))))
    with scenario.reverts("WrongLength()"):
        send(scenario, data=data[:18] + fills.to_bytes(2, "big") + data[20:])


# Positions in a batch of one section, two accounts, two orders, one group of one fill.
SECTION, ACCOUNTS, ORDERS = 84, 93, 133
GROUP, FILL = ORDERS + 2 * 96, ORDERS + 2 * 96 + 8


@pytest.mark.parametrize("position", [ORDERS, GROUP + 6, FILL], ids=["account", "taker", "maker"])
def test_an_index_outside_its_table_is_refused(scenario, position):
    data = bytearray(layout.encode_batch(scenario.batch(scenario.section(trade(scenario)))))
    data[position] = 2
    with scenario.reverts("WrongIndex()"):
        send(scenario, data=bytes(data))


def test_an_index_outside_its_table_is_refused_in_a_fok_group(scenario):
    section = scenario.section(trade(scenario, flags=4, lots=10))
    data = bytearray(layout.encode_batch(scenario.batch(section)))
    data[FILL] = 2
    with scenario.reverts("WrongIndex()"):
        send(scenario, data=bytes(data))


def test_accounts_ascend(scenario):
    data = layout.encode_batch(scenario.batch(scenario.section(trade(scenario))))
    first, second = data[ACCOUNTS : ACCOUNTS + 20], data[ACCOUNTS + 20 : ACCOUNTS + 40]
    for table in (second + first, first + first):
        with scenario.reverts("AccountsNotAscending()"):
            send(scenario, data=data[:ACCOUNTS] + table + data[ORDERS:])


@pytest.mark.parametrize(
    ("position", "value"),
    [(ORDERS + 2, 4), (ORDERS + 2, 0x80), (ORDERS + 1, 0x10), (ORDERS + 1, 0x80)],
    ids=["signature kind", "last signature kind", "flag", "last flag"],
)
def test_what_later_versions_may_hold_is_refused_clearly(scenario, position, value):
    data = bytearray(layout.encode_batch(scenario.batch(scenario.section(trade(scenario)))))
    data[position] = value
    with scenario.reverts("Unsupported()"):
        send(scenario, data=bytes(data))


def test_an_unknown_market_is_refused(scenario):
    other = replace(scenario.market, number=77)
    group = (scenario.buy(1, 2500, 10, market=other), (scenario.sell(0, 2500, 10, market=other), 1))
    with scenario.reverts("UnknownMarket(uint256)"):
        scenario.settle(group)


@pytest.mark.parametrize("lane", [0, 1])
@pytest.mark.parametrize("second", [(1, 1), (2, 0)], ids=["revision", "reuse"])
def test_a_lane_used_twice_in_a_section_is_refused_and_cut_it_settles(scenario, lane, second):
    one, two = (scenario.sell(0, 2500, 10, nonce=nonce(*key, lane)) for key in ((1, 0), second))
    taker = scenario.buy(1, 2500, 100)
    with scenario.reverts("LaneUsedTwice(address,uint256)"):
        scenario.settle((taker, (one, 3)), (taker, (two, 4)))
    sections = [scenario.section((taker, (one, 3))), scenario.section((taker, (two, 4)))]
    assert scenario.send_batch(scenario.batch(*sections)).skips == []


def test_an_order_listed_twice_fills_no_more_than_signed(scenario):
    maker, taker = scenario.sell(0, 2500, 10), scenario.buy(1, 2500, 100)
    twin = replace(maker)
    with scenario.reverts("LaneUsedTwice(address,uint256)"):
        scenario.settle((taker, (maker, 10), (twin, 10)))


def test_a_refused_batch_changes_nothing(scenario):
    before = (
        scenario.read("batchState"),
        scenario.balance(scenario.trader(0), scenario.market.base),
    )
    with scenario.reverts("UnknownMarket(uint256)"):
        good = scenario.section(trade(scenario))
        scenario.send_batch(scenario.batch(good, msgspec.structs.replace(good, market=77)))
    assert before == (
        scenario.read("batchState"),
        scenario.balance(scenario.trader(0), scenario.market.base),
    )
