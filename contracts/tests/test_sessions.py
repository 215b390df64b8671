"""A session key trades for an account within its grant: market, budgets, time; never beyond it."""

import pytest
from eth_utils import keccak
from scenario import BUY, FOK, MAIN, SELL, WATCH_LAG, WINDOW_MAX, layout, nonce, session_key

R, C = layout.SkipReason, layout.Culprit
KEY = session_key(0)
REFUSED = [(C.TAKER, R.SESSION)]
SHORT = [(C.TAKER, R.SESSION_BUDGET)]


def sold(scenario, lots=10, **changes):
    """A session's sell of trader 1 takes a plain buy of trader 0."""
    taker = scenario.sell(1, 2500, 10, **({"session": KEY} | changes))
    return scenario.settle((taker, (scenario.buy(0, 2500, 10), lots)))


def bought(scenario, lots=10, **changes):
    """A session's buy of trader 1 takes a plain sell of trader 0."""
    taker = scenario.buy(1, 2500, 10, **({"session": KEY} | changes))
    return scenario.settle((taker, (scenario.sell(0, 2500, 10), lots)))


def budgets(scenario, index=1, key=KEY, market=1):
    return scenario.read("sessionOf", scenario.trader(index).address, key.address, market)[:2]


def test_a_session_buys_and_sells_for_its_account(scenario):
    scenario.grant(scenario.trader(1), KEY)
    before = scenario.balance(scenario.trader(1), scenario.market.quote)
    assert bought(scenario, 4, fee=1000).reasons == []
    assert sold(scenario, 5, nonce=nonce(1, lane=1)).reasons == []
    after = scenario.balance(scenario.trader(1), scenario.market.quote)
    assert after - before == 5 * 2500 - 4 * 2500 - 10
    assert budgets(scenario) == [MAIN - 4 * 2500 - 10, MAIN - 5]
    scenario.assert_solvent()


def test_a_session_makes_too(scenario):
    scenario.grant(scenario.trader(1), KEY, buy=0, sell=7)
    maker = scenario.sell(1, 2500, 10, session=KEY)
    outcome = scenario.settle((scenario.buy(0, 2500, 10), (maker, 7), (maker, 1)))
    assert outcome.reasons == [(C.MAKER, R.SESSION_BUDGET)]
    assert budgets(scenario) == [0, 0]


# Grant


def test_a_key_without_a_grant_is_refused(scenario):
    assert sold(scenario).reasons == REFUSED


def test_a_grant_of_another_account_is_refused(scenario):
    scenario.grant(scenario.trader(2), KEY)
    assert sold(scenario).reasons == REFUSED


def test_a_grant_of_another_market_is_refused(scenario):
    market = scenario.market
    scenario.do(
        scenario.owner, "listMarket", 2, market.base.address, market.quote.address, 10**14, 1
    )
    scenario.do(
        scenario.trader(1), "grantSession", KEY.address, 2, MAIN, MAIN, scenario.now() + 3000
    )
    assert sold(scenario).reasons == REFUSED


def test_an_order_that_points_to_the_session_of_another_account_is_refused(scenario):
    """Both accounts granted the key: still no account trades by another's grant."""
    for index in (1, 2):
        scenario.grant(scenario.trader(index), KEY)
    one, two = (scenario.sell(i, 2500, 10, session=KEY) for i in (1, 2))
    section = scenario.section(
        (one, (scenario.buy(0, 2500, 20), 10)), (two, (scenario.buy(3, 2500, 10), 10))
    )
    batch = scenario.batch(section)
    data = bytearray(layout.encode_batch(batch))
    places = [84 + 9 + 4 * 20 + 2 * 21 + end for end in (97 - 1, 97 + 96 + 97 - 1)]
    assert {data[place] for place in places} == {0, 1}
    data[places[0]] = data[places[1]]
    assert scenario.send_batch(batch, bytes(data)).reasons == REFUSED


def test_one_key_serves_several_accounts_each_by_its_own_grant(scenario):
    scenario.grant(scenario.trader(1), KEY, sell=10)
    scenario.grant(scenario.trader(2), KEY, buy=25_000)
    taker = scenario.sell(1, 2500, 10, session=KEY)
    assert scenario.settle((taker, (scenario.buy(2, 2500, 10, session=KEY), 10))).reasons == []
    assert budgets(scenario, 1) == [MAIN, 0]
    assert budgets(scenario, 2) == [0, MAIN]


# Signature


@pytest.mark.parametrize("index", [1, 2], ids=["the trader", "a stranger"])
def test_a_session_order_signed_by_another_key_is_refused(scenario, index):
    scenario.grant(scenario.trader(1), KEY)
    outcome = sold(scenario, signer=scenario.trader(index))
    assert outcome.reasons == [(C.TAKER, R.SIGNATURE)]


def test_a_session_key_never_signs_as_the_trader(scenario):
    scenario.grant(scenario.trader(1), KEY)
    assert sold(scenario, session=None, signer=KEY).reasons == [(C.TAKER, R.SIGNATURE)]


def test_terms_changed_after_a_session_signed_are_refused(scenario):
    scenario.grant(scenario.trader(1), KEY)
    assert sold(scenario, entry={"price": 2499}).reasons == [(C.TAKER, R.SIGNATURE)]


def test_no_signature_stands_for_the_zero_key(scenario):
    """Even if the zero key had a grant, which no function gives it."""
    low, high = sorted((0, 1), key=lambda index: scenario.trader(index).raw)
    slot, word = zero_grant(scenario, scenario.trader(high))
    scenario.rpc("anvil_setStorageAt", scenario.exchange.address, slot, word)
    assert scenario.read("sessionOf", scenario.trader(high).address, "0x" + "00" * 20, 1)[4]
    unsigned = {"session_key": bytes(20), "signature": bytes(64)}
    taker = scenario.sell(high, 2500, 10, session=KEY, entry=unsigned)
    assert scenario.settle((taker, (scenario.buy(low, 2500, 10), 1))).reasons == REFUSED


def zero_grant(scenario, trader):
    """Slot and word of a grant to the zero key: found by where a real grant stands."""
    scenario.grant(trader, KEY)
    for mapping in range(100):
        inner = keccak(bytes(12) + trader.raw + mapping.to_bytes(32, "big"))
        slot = keccak((1 << 160 | int.from_bytes(KEY.raw, "big")).to_bytes(32, "big") + inner)
        word = scenario.w3.eth.get_storage_at(
            scenario.exchange.address, int.from_bytes(slot, "big")
        )
        if any(word):
            zero = keccak((1 << 160).to_bytes(32, "big") + inner)
            return "0x" + zero.hex(), "0x" + bytes(word).hex()
    raise AssertionError("no grant in storage")


# Time


def test_a_session_settles_until_the_window_after_its_expiry_has_passed(scenario):
    expiry = scenario.now() + 100
    scenario.grant(scenario.trader(1), KEY, expiry=expiry)
    taker, maker = scenario.sell(1, 2500, 10, session=KEY), scenario.buy(0, 2500, 10)
    scenario.rpc("evm_setNextBlockTimestamp", expiry + WINDOW_MAX)
    assert scenario.settle((taker, (maker, 4))).reasons == []
    scenario.advance(1)
    assert scenario.settle((taker, (maker, 4))).reasons == REFUSED


def test_an_expired_session_settles_again_once_it_is_prolonged(scenario):
    scenario.grant(scenario.trader(1), KEY, expiry=scenario.now() + 100)
    scenario.advance(WINDOW_MAX + 200)
    assert sold(scenario).reasons == REFUSED
    scenario.grant(scenario.trader(1), KEY, sell=0)
    assert sold(scenario).reasons == []


def test_the_orders_own_expiry_holds_too(scenario):
    scenario.grant(scenario.trader(1), KEY, expiry=scenario.now() + 86400)
    expiry = scenario.now() + 10
    taker, maker = (
        scenario.sell(1, 2500, 10, session=KEY, expiry=expiry),
        scenario.buy(0, 2500, 10),
    )
    scenario.advance(WINDOW_MAX + 20)
    assert scenario.settle((taker, (maker, 4))).reasons == [(C.TAKER, R.EXPIRY)]


def test_a_revoked_session_settles_until_the_revocation_is_covered(scenario):
    """What was matched before the operator could see the revocation settles; then nothing does."""
    scenario.grant(scenario.trader(1), KEY)
    scenario.do(scenario.trader(1), "revokeSession", KEY.address, 1)
    assert sold(scenario, 3).reasons == []
    scenario.advance(WATCH_LAG + 2)
    assert (
        sold(scenario, 3).reasons == []
    )  # matched before this batch, which is the one that covers
    assert sold(scenario, 3).reasons == REFUSED


def test_a_revocation_takes_effect_after_the_window_whatever_is_covered(scenario):
    scenario.grant(scenario.trader(1), KEY)
    taker, maker = scenario.sell(1, 2500, 10, session=KEY), scenario.buy(0, 2500, 10)
    scenario.do(scenario.trader(1), "revokeSession", KEY.address, 1)
    revoked = scenario.now()
    matched = {"matched_through_s": revoked}
    scenario.rpc("evm_setNextBlockTimestamp", revoked + WINDOW_MAX - 1)
    assert scenario.settle((taker, (maker, 3)), **matched).reasons == []
    scenario.rpc("evm_setNextBlockTimestamp", revoked + WINDOW_MAX)
    assert scenario.settle((taker, (maker, 3)), **matched).reasons == REFUSED


def test_a_grant_after_an_effective_revocation_starts_anew(scenario):
    scenario.grant(scenario.trader(1), KEY, sell=1000)
    scenario.do(scenario.trader(1), "revokeSession", KEY.address, 1)
    scenario.cover()
    assert sold(scenario).reasons == REFUSED
    scenario.grant(scenario.trader(1), KEY, sell=9)
    assert sold(scenario, 10).reasons == SHORT
    assert sold(scenario, 9).reasons == []


# Budgets


@pytest.mark.parametrize(("fee", "cost"), [(1000, 25_025), (0, 25_000), (-1000, 24_975)])
def test_a_buy_spends_what_the_buyer_pays(scenario, fee, cost):
    """Fees included; a rebate lowers it. One atom too little buys nothing."""
    maker = scenario.sell(0, 2500, 10, fee=1000)
    taker = scenario.buy(1, 2500, 10, session=KEY, fee=fee)
    scenario.grant(scenario.trader(1), KEY, buy=cost - 1, sell=0)
    assert scenario.settle((taker, (maker, 10))).reasons == SHORT
    assert budgets(scenario) == [cost - 1, 0]
    scenario.grant(scenario.trader(1), KEY, buy=1, sell=0)
    assert scenario.settle((taker, (maker, 10))).reasons == []
    assert budgets(scenario) == [0, 0]


def test_a_sell_spends_lots(scenario):
    scenario.grant(scenario.trader(1), KEY, buy=0, sell=9)
    assert sold(scenario, 10).reasons == SHORT
    assert budgets(scenario) == [0, 9]
    scenario.grant(scenario.trader(1), KEY, buy=0, sell=1)
    assert sold(scenario, 10).reasons == []
    assert budgets(scenario) == [0, 0]


def test_neither_budget_pays_for_the_other_side(scenario):
    scenario.grant(scenario.trader(1), KEY, buy=0)
    assert bought(scenario, 1).reasons == SHORT
    scenario.grant(scenario.trader(2), KEY, sell=0)
    maker = scenario.sell(2, 2500, 10, session=KEY)
    assert scenario.settle((scenario.buy(0, 2500, 10), (maker, 1))).reasons == [
        (C.MAKER, R.SESSION_BUDGET)
    ]


def test_all_orders_of_a_session_share_its_budget(scenario):
    scenario.grant(scenario.trader(1), KEY, sell=10)
    makers = [scenario.sell(1, 2500, 10, session=KEY, nonce=nonce(1, lane=i)) for i in range(3)]
    outcome = scenario.settle((scenario.buy(0, 2500, 100), *((maker, 4) for maker in makers)))
    assert outcome.skips == [
        (outcome.batch.sections[0].groups[0].sequence, 2, C.MAKER, R.SESSION_BUDGET)
    ]
    assert budgets(scenario) == [MAIN, 2]


def test_a_budget_is_shared_by_the_sections_of_a_batch(scenario):
    scenario.grant(scenario.trader(1), KEY, sell=10)
    sections = [
        scenario.section(
            (
                scenario.buy(0, 2500, 10, nonce=nonce(n)),
                (scenario.sell(1, 2500, 10, session=KEY, nonce=nonce(n)), 6),
            )
        )
        for n in (1, 2)
    ]
    outcome = scenario.send_batch(scenario.batch(*sections))
    assert outcome.reasons == [(C.MAKER, R.SESSION_BUDGET)]
    assert budgets(scenario) == [MAIN, 4]


def test_a_fill_that_fails_otherwise_spends_nothing(scenario):
    """Both sides by session: when one budget is short, the other stays whole."""
    scenario.grant(scenario.trader(1), KEY, sell=5)
    scenario.grant(scenario.trader(2), KEY, buy=10_000)
    taker, maker = scenario.sell(1, 2500, 10, session=KEY), scenario.buy(2, 2500, 10, session=KEY)
    assert scenario.settle((taker, (maker, 5))).reasons == [(C.MAKER, R.SESSION_BUDGET)]
    assert (budgets(scenario, 1), budgets(scenario, 2)) == ([MAIN, 5], [10_000, MAIN])
    assert scenario.settle((taker, (maker, 4))).reasons == []
    scenario.grant(scenario.trader(2), KEY, buy=20_000)
    assert scenario.settle((taker, (maker, 2))).reasons == [(C.TAKER, R.SESSION_BUDGET)]
    assert (budgets(scenario, 1), budgets(scenario, 2)) == ([MAIN, 1], [20_000, 2 * MAIN])


def test_a_fok_group_that_fails_gives_its_budgets_back(scenario):
    poor = scenario.trader(20, base=3)
    scenario.grant(scenario.trader(1), KEY)
    scenario.grant(scenario.trader(2), KEY)
    maker = scenario.sell(2, 2499, 20, session=KEY)
    taker = scenario.buy(1, 2500, 10, flags=FOK, session=KEY, fee=500)
    bad = scenario.sign(poor, SELL, 2500, 6)
    other = scenario.buy(3, 2500, 20)
    outcome = scenario.settle((other, (maker, 1)), (taker, (maker, 2), (maker, 2), (bad, 6)))
    assert [skip[3] for skip in outcome.skips] == [R.FILL_OR_KILL, R.FILL_OR_KILL, R.FUNDS]
    assert (budgets(scenario, 1), budgets(scenario, 2)) == ([MAIN, MAIN], [MAIN, MAIN - 1])
    again = scenario.buy(1, 2500, 4, flags=FOK, session=KEY, fee=500, nonce=nonce(2))
    assert scenario.settle((again, (maker, 4))).reasons == []
    assert budgets(scenario, 1) == [MAIN - 4 * 2499 - 4, MAIN]


def test_the_largest_budgets_stand_side_by_side(scenario):
    scenario.grant(scenario.trader(1), KEY, buy=2**96 - 1, sell=2**72 - 1)
    assert sold(scenario, 3).reasons == []
    assert bought(scenario, 4, nonce=nonce(2)).reasons == []
    assert budgets(scenario) == [2**96 - 1 - 10_000, 2**72 - 1 - 3]
    expiry, revoked, usable = scenario.read(
        "sessionOf", scenario.trader(1).address, KEY.address, 1
    )[2:]
    assert (expiry > scenario.now(), revoked, usable) == (True, 0, True)


# Tables

ACCOUNTS, SESSIONS = 93, 93 + 2 * 20


def encoded(scenario, sessions=2):
    """A batch of two accounts whose orders are signed by sessions."""
    keys = [session_key(n) for n in range(sessions)]
    for key in keys:
        scenario.grant(scenario.trader(1), key)
    makers = [
        scenario.sell(1, 2500, 10, session=key, nonce=nonce(1, lane=n))
        for n, key in enumerate(keys)
    ]
    batch = scenario.batch(
        scenario.section((scenario.buy(0, 2500, 100), *((m, 1) for m in makers)))
    )
    return batch, bytearray(layout.encode_batch(batch))


def test_sessions_ascend(scenario):
    batch, data = encoded(scenario)
    first, second = data[SESSIONS : SESSIONS + 21], data[SESSIONS + 21 : SESSIONS + 42]
    for table in (second + first, first + first):
        with scenario.reverts("SessionsNotAscending()"):
            scenario.send_batch(
                batch, bytes(data[:SESSIONS] + table + data[SESSIONS + len(table) :])
            )
    assert scenario.send_batch(batch, bytes(data)).reasons == []


def test_an_index_outside_its_table_is_refused(scenario):
    batch, data = encoded(scenario)
    orders = SESSIONS + 42
    places = {
        "the session's account": SESSIONS,
        "the order's session": orders + 96 + 96,
    }
    for place in places.values():
        wrong = bytearray(data)
        assert wrong[place] in (0, 1)
        wrong[place] = 2
        with scenario.reverts("WrongIndex()"):
            scenario.send_batch(batch, bytes(wrong))


def test_a_later_section_has_no_sessions_of_an_earlier_one(scenario):
    scenario.grant(scenario.trader(1), KEY)
    first = scenario.section(
        (scenario.buy(0, 2500, 10), (scenario.sell(1, 2500, 10, session=KEY), 5))
    )
    second = scenario.section(
        (scenario.buy(2, 2500, 10), (scenario.sell(3, 2500, 10), 5)),
    )
    batch = scenario.batch(first, second)
    data = layout.encode_batch(batch)
    # The second section's second order says session 0 of a section without sessions.
    end = len(layout.encode_batch(scenario.batch(first)))
    order = end + 9 + 2 * 20 + 96
    assert data[order + 2] == 0
    forged = data[: order + 2] + b"\1" + data[order + 3 : order + 96] + b"\0" + data[order + 96 :]
    with scenario.reverts("WrongIndex()"):
        scenario.send_batch(batch, forged)
    assert scenario.send_batch(batch).reasons == []


def test_the_same_session_sells_to_itself_for_nobody(scenario):
    """Two orders of one account by one session never meet."""
    scenario.grant(scenario.trader(1), KEY)
    taker = scenario.sign(scenario.trader(1), BUY, 2500, 10, session=KEY)
    maker = scenario.sell(1, 2500, 10, session=KEY, nonce=nonce(1, lane=1))
    assert scenario.settle((taker, (maker, 1))).reasons == [(C.NONE, R.SELF_TRADE)]
    assert budgets(scenario) == [MAIN, MAIN]
