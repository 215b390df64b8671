"""An order settles only within what was signed: each way to be outside it is skipped with its reason."""

import pytest
from eth_account import Account
from scenario import (
    BUY,
    FOK,
    IOC,
    POST_ONLY,
    SELL,
    WINDOW_MAX,
    Trader,
    layout,
    nonce,
)

R, C = layout.SkipReason, layout.Culprit
CURVE = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def bought(scenario, **changes):
    """One fill of a taker's order with these changes against a plain maker."""
    return scenario.settle((scenario.buy(1, 2500, 10, **changes), (scenario.sell(0, 2500, 10), 10)))


def test_signed_terms_settle(scenario):
    assert bought(scenario).reasons == []


# Signature


def test_another_key_is_refused(scenario):
    stranger = Trader(Account.from_key(b"\x07" * 32))
    assert bought(scenario, signer=stranger).reasons == [(C.TAKER, R.SIGNATURE)]


@pytest.mark.parametrize(
    "change",
    [
        {"price": 2501},
        {"lots": 11},
        {"max_fee_ppm": 1001},
        {"expiry_s": 4_000_000_000},
        {"nonce": nonce(2)},
        {"flags": IOC},
    ],
    ids=lambda change: next(iter(change)),
)
def test_terms_changed_after_signing_are_refused(scenario, change):
    assert bought(scenario, entry=change).reasons == [(C.TAKER, R.SIGNATURE)]


def test_an_order_for_another_market_is_refused(scenario):
    from dataclasses import replace

    other = replace(scenario.market, number=9)
    taker = replace(scenario.buy(1, 2500, 10, market=other), market=scenario.market)
    assert scenario.settle(
        (scenario.buy(2, 2500, 1), (scenario.sell(0, 2500, 10), 1)),
        (taker, (scenario.sell(3, 2500, 1), 1)),
    ).reasons == [(C.TAKER, R.SIGNATURE)]


def test_a_malleated_signature_is_refused(scenario):
    """High s with the other parity recovers the same address, and is refused all the same."""
    order = scenario.buy(1, 2500, 10)
    r, vs = order.entry.signature[:32], int.from_bytes(order.entry.signature[32:], "big")
    parity, s = vs >> 255, vs & (1 << 255) - 1
    high = (
        CURVE - s
    )  # sets bit 255: EIP-2098 can not even say it, so it reads as another s and parity
    outcome = bought(
        scenario, entry={"signature": r + (high | (1 - parity) << 255).to_bytes(32, "big")}
    )
    assert outcome.reasons == [(C.TAKER, R.SIGNATURE)]


def test_an_empty_signature_never_stands_for_the_zero_address(scenario):
    assert bought(scenario, entry={"signature": bytes(64)}).reasons == [(C.TAKER, R.SIGNATURE)]
    zero = scenario.buy(1, 2500, 10, entry={"account": bytes(20), "signature": bytes(64)})
    with scenario.reverts("AccountsNotAscending()"):
        scenario.settle((zero, (scenario.sell(0, 2500, 10), 10)))


# Expiry, floor, fee


def test_an_expired_order_settles_until_the_window_has_passed(scenario):
    expiry = scenario.now() + 10
    orders = [scenario.buy(1, 2500, 10, expiry=expiry), scenario.sell(0, 2500, 10)]
    scenario.rpc("evm_setNextBlockTimestamp", expiry + WINDOW_MAX)
    assert scenario.settle((orders[0], (orders[1], 4))).skips == []
    scenario.advance(1)
    assert scenario.settle((orders[0], (orders[1], 4))).reasons == [(C.TAKER, R.EXPIRY)]


def test_an_expiry_further_ahead_than_an_order_may_live_is_refused(scenario):
    limit = scenario.now() + 30 * 86400 + WINDOW_MAX
    assert bought(scenario, expiry=limit + 1000).reasons == [(C.TAKER, R.EXPIRY)]
    assert bought(scenario, expiry=limit - 1000).reasons == []


def test_a_fee_above_the_signed_maximum_is_refused(scenario):
    assert bought(scenario, max_fee=500, fee=501).reasons == [(C.TAKER, R.FEE)]
    assert bought(scenario, max_fee=500, fee=500).reasons == []


def test_a_fee_above_the_compiled_maximum_is_refused_whatever_was_signed(scenario):
    assert bought(scenario, max_fee=20_000, fee=10_001).reasons == [(C.TAKER, R.FEE)]
    assert bought(scenario, max_fee=20_000, fee=10_000).reasons == []


# Lanes


def lane(scenario, index, number=0):
    filled, key, _ = scenario.read("laneOf", scenario.trader(index).address, 1, number)
    return filled, key


@pytest.mark.parametrize("number", [0, 1, 2, 65535])
def test_a_lane_counts_fills_across_batches(scenario, number):
    maker = scenario.sell(0, 2500, 10, nonce=nonce(5, lane=number))
    for lots in (4, 6):
        assert scenario.settle((scenario.buy(1, 2500, 100), (maker, lots))).skips == []
    assert lane(scenario, 0, number) == (10, 5 << 8)
    assert scenario.settle((scenario.buy(1, 2500, 100), (maker, 1))).reasons == [(C.MAKER, R.LOTS)]


def test_neighbours_in_a_slot_do_not_touch_each_other(scenario):
    makers = [scenario.sell(0, 2500, 10, nonce=nonce(n, lane=n)) for n in range(5)]
    scenario.settle(
        (scenario.buy(1, 2500, 100), *((maker, 1 + n) for n, maker in enumerate(makers)))
    )
    assert [lane(scenario, 0, n) for n in range(6)] == [
        *((1 + n, n << 8) for n in range(5)),
        (0, 0),
    ]


@pytest.mark.parametrize("number", [0, 3])
def test_a_higher_counter_starts_anew_and_kills_the_lower(scenario, number):
    old, new = (scenario.sell(0, 2500, 10, nonce=nonce(c, lane=number)) for c in (1, 2))
    taker = scenario.buy(1, 2500, 100)
    assert scenario.settle((taker, (old, 9))).skips == []
    assert scenario.settle((taker, (new, 10))).skips == []
    assert scenario.settle((taker, (old, 1))).reasons == [(C.MAKER, R.LANE_STALE)]


@pytest.mark.parametrize("number", [0, 3])
def test_a_revision_keeps_what_is_filled_and_kills_the_one_before(scenario, number):
    first, second = (
        scenario.sell(0, 2500, lots, nonce=nonce(1, r, number)) for r, lots in ((0, 10), (1, 12))
    )
    taker = scenario.buy(1, 2500, 100)
    assert scenario.settle((taker, (first, 8))).skips == []
    assert scenario.settle((taker, (second, 5))).reasons == [(C.MAKER, R.LOTS)]
    assert scenario.settle((taker, (second, 4))).skips == []
    assert scenario.settle((taker, (first, 1))).reasons == [(C.MAKER, R.LANE_STALE)]
    assert lane(scenario, 0, number) == (12, 1 << 8 | 1)


def test_both_exits_of_one_order_share_what_is_left(scenario):
    """Two signed orders with one counter, revision and lane never fill more than the larger of them."""
    high, low = scenario.sell(0, 2600, 10), scenario.sell(0, 2400, 10)
    assert scenario.settle((scenario.buy(1, 2600, 100), (high, 7))).skips == []
    assert scenario.settle((scenario.buy(1, 2600, 100), (low, 4))).reasons == [(C.MAKER, R.LOTS)]
    assert scenario.settle((scenario.buy(1, 2600, 100), (low, 3))).skips == []


def test_more_than_the_signed_quantity_is_skipped(scenario):
    taker, maker = scenario.buy(1, 2500, 5), scenario.sell(0, 2500, 10)
    outcome = scenario.settle((taker, (maker, 0), (maker, 6), (maker, 5), (maker, 1)))
    assert [skip[1:] for skip in outcome.skips] == [
        (0, C.NONE, R.LOTS),
        (1, C.TAKER, R.LOTS),
        (3, C.TAKER, R.LOTS),
    ]


# Flags


def test_post_only_makes_and_never_takes(scenario):
    assert bought(scenario, flags=POST_ONLY).reasons == [(C.TAKER, R.POST_ONLY)]
    maker = scenario.sell(2, 2500, 10, flags=POST_ONLY)
    assert scenario.settle((scenario.buy(3, 2500, 10), (maker, 10))).skips == []


@pytest.mark.parametrize("flag", [IOC, FOK])
def test_an_immediate_order_never_makes(scenario, flag):
    maker = scenario.sell(0, 2500, 10, flags=flag)
    assert scenario.settle((scenario.buy(1, 2500, 10), (maker, 10))).reasons == [
        (C.MAKER, R.TAKES_ONLY)
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_what_ioc_left_unfilled_is_dead_for_every_revision(scenario, number):
    taker = scenario.buy(1, 2500, 10, flags=IOC, nonce=nonce(1, lane=number))
    maker = scenario.sell(0, 2500, 100)
    assert scenario.settle((taker, (maker, 4))).skips == []
    assert lane(scenario, 1, number) == (2**48 - 1, 1 << 8)
    again = scenario.buy(1, 2500, 50, nonce=nonce(1, 7, number))
    assert scenario.settle((taker, (maker, 1)), (scenario.buy(2, 2500, 1), (maker, 1))).reasons == [
        (C.TAKER, R.LOTS)
    ]
    assert scenario.settle((again, (maker, 1))).reasons == [(C.TAKER, R.LOTS)]
    fresh = scenario.buy(1, 2500, 50, nonce=nonce(2, 0, number))
    assert scenario.settle((fresh, (maker, 1))).skips == []


def test_ioc_is_used_up_even_when_its_fills_were_skipped(scenario):
    taker = scenario.buy(1, 2500, 10, flags=IOC)
    assert scenario.settle((taker, (scenario.sell(0, 2501, 10), 4))).reasons == [(C.NONE, R.PRICE)]
    assert lane(scenario, 1) == (2**48 - 1, 1 << 8)


def test_fok_settles_as_a_whole(scenario):
    taker = scenario.buy(1, 2500, 10, flags=FOK)
    outcome = scenario.settle(
        (taker, (scenario.sell(0, 2499, 5), 4), (scenario.sell(2, 2500, 6), 6))
    )
    assert (outcome.skips, outcome.event["settled"]) == ([], 2)


def test_fok_with_one_bad_fill_leaves_no_trace(scenario):
    """Amounts, fees, orders and trade ids of the fills before the bad one are undone; other groups stand."""
    poor = scenario.trader(20, base=3)
    maker = scenario.sell(0, 2499, 20, fee=100)
    taker = scenario.buy(1, 2500, 10, flags=FOK, fee=500)
    bad = scenario.sign(poor, SELL, 2500, 6)
    other = scenario.buy(2, 2500, 20)
    before = [
        scenario.balance(scenario.trader(1), t)
        for t in (scenario.market.base, scenario.market.quote)
    ]
    outcome = scenario.settle(
        (other, (maker, 1)), (taker, (maker, 2), (maker, 2), (bad, 6)), (other, (maker, 19))
    )
    assert [skip[1:] for skip in outcome.skips] == [
        (0, C.NONE, R.FILL_OR_KILL),
        (1, C.NONE, R.FILL_OR_KILL),
        (2, C.MAKER, R.FUNDS),
    ]
    assert before == [
        scenario.balance(scenario.trader(1), t)
        for t in (scenario.market.base, scenario.market.quote)
    ]
    assert outcome.event["settled"] == 2
    skipped = {layout.FillPosition(1, *skip[:2]) for skip in outcome.skips}
    leaves = layout.trade_ids(outcome.batch, [scenario.digests], skipped)
    assert outcome.event["merkleRoot"] == layout.merkle_root(leaves)
    assert lane(scenario, 0) == (20, 1 << 8)
    assert lane(scenario, 1) == (2**48 - 1, 1 << 8)
    scenario.assert_solvent()


def test_fok_filled_in_part_is_skipped_as_a_whole(scenario):
    taker, maker = scenario.buy(1, 2500, 10, flags=FOK), scenario.sell(0, 2500, 20)
    assert (
        scenario.settle((taker, (maker, 4), (maker, 5))).reasons == [(C.NONE, R.FILL_OR_KILL)] * 2
    )
    scenario.assert_solvent()


# Two orders


def test_two_orders_of_one_account_never_meet(scenario):
    own = scenario.sell(1, 2500, 10, nonce=nonce(1, lane=1))
    assert scenario.settle((scenario.buy(1, 2500, 10), (own, 1))).reasons == [
        (C.NONE, R.SELF_TRADE)
    ]


def test_an_order_never_meets_itself(scenario):
    order = scenario.buy(1, 2500, 10)
    assert scenario.settle((order, (order, 1))).reasons == [(C.NONE, R.SELF_TRADE)]


def test_two_orders_of_one_side_never_meet(scenario):
    assert scenario.settle((scenario.buy(1, 2500, 10), (scenario.buy(2, 2500, 10), 1))).reasons == [
        (C.NONE, R.SAME_SIDE)
    ]


@pytest.mark.parametrize(("side", "worse", "equal"), [(BUY, 2501, 2500), (SELL, 2499, 2500)])
def test_no_fill_is_worse_than_the_takers_limit(scenario, side, worse, equal):
    taker = scenario.sign(scenario.trader(1), side, 2500, 10)
    for price, reasons in ((worse, [(C.NONE, R.PRICE)]), (equal, [])):
        maker = scenario.sign(scenario.trader(0), 1 - side, price, 10, nonce=nonce(price))
        assert scenario.settle((taker, (maker, 5))).reasons == reasons


@pytest.mark.parametrize(("price", "lots"), [(0, 10), (10, 0)])
def test_an_order_of_nothing_is_refused(scenario, price, lots):
    taker = scenario.buy(1, price, lots)
    assert scenario.settle((taker, (scenario.sell(0, 1, 10), 1))).reasons == [(C.TAKER, R.AMOUNT)]


def test_an_amount_beyond_the_ledger_is_refused(scenario):
    from dataclasses import replace

    scenario.do(
        scenario.owner,
        "listMarket",
        3,
        scenario.market.base.address,
        scenario.market.quote.address,
        2**64,
        2**20,
    )
    huge = replace(scenario.market, number=3, lot_size=2**64, tick_size=2**20)
    maker = scenario.sell(0, 1, 2**48 - 1, market=huge)
    for number, (price, lots, reason) in enumerate(
        ((2**47, 2**46, R.AMOUNT), (1, 2**48 - 1, R.FUNDS))
    ):
        taker = scenario.buy(1, price, lots, market=huge, nonce=nonce(number))
        assert scenario.settle((taker, (maker, lots))).reasons == [(C.TAKER, reason)]
