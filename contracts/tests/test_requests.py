"""What weakens a signed order on chain waits until settlement has covered it, and no longer than WINDOW_MAX."""

import pytest
from scenario import EXIT_DELAY, LOT, MAIN, WATCH_LAG, WINDOW_MAX, layout, nonce

R, C = layout.SkipReason, layout.Culprit


def withdraw(scenario, index, token):
    trader = scenario.trader(index)
    before = token.functions.balanceOf(trader.address).call()
    scenario.do(trader, "withdraw", token.address, trader.address)
    return token.functions.balanceOf(trader.address).call() - before


def settled(scenario, buyer=1, lots=10, counter=1, **changes):
    """Whether a fill of these orders settles in the next batch; if not, why."""
    maker = scenario.sell(0, 2500, 1000, nonce=nonce(counter))
    outcome = scenario.settle((scenario.buy(buyer, 2500, 10_000, **changes), (maker, lots)))
    return outcome.reasons or True


# Withdrawals


def test_a_withdrawal_waits_until_it_is_covered(scenario):
    quote = scenario.market.quote
    trader = scenario.trader(1)
    scenario.do(trader, "requestWithdrawal", quote.address, 500)
    requested = scenario.now()
    with scenario.reverts("NotCovered(uint256)"):
        withdraw(scenario, 1, quote)
    scenario.advance(WATCH_LAG + 10)
    scenario.settle(matched_through_s=requested + WATCH_LAG)
    with scenario.reverts("NotCovered(uint256)"):
        withdraw(scenario, 1, quote)
    assert scenario.read("coverage", requested) == [requested + WINDOW_MAX, False]
    scenario.settle(matched_through_s=requested + WATCH_LAG + 1)
    assert scenario.read("pendingWithdrawal", trader.address, quote.address) == [
        500,
        requested,
        requested + WINDOW_MAX,
        True,
    ]
    assert withdraw(scenario, 1, quote) == 500
    assert scenario.balance(trader, quote) == MAIN - 500
    scenario.assert_solvent()
    with scenario.reverts("NothingRequested()"):
        withdraw(scenario, 1, quote)


def test_a_withdrawal_waits_no_longer_than_the_window(scenario):
    """No batch at all: the operator is gone, and the user leaves."""
    quote = scenario.market.quote
    scenario.do(scenario.trader(1), "requestWithdrawal", quote.address, 500)
    requested = scenario.now()
    scenario.rpc("evm_setNextBlockTimestamp", requested + WINDOW_MAX - 1)
    scenario.rpc("evm_mine")
    with scenario.reverts("NotCovered(uint256)"):
        scenario.exchange.functions.withdraw(quote.address, scenario.owner).call(
            {"from": scenario.trader(1).address}, block_identifier="latest"
        )
    scenario.advance(1)
    assert withdraw(scenario, 1, quote) == 500


def test_what_was_matched_before_a_request_still_settles(scenario):
    """The batch that covers a request does not yet feel it: its fills were matched before."""
    trader = scenario.trader(1)
    scenario.do(trader, "requestWithdrawal", scenario.market.quote.address, MAIN)
    scenario.advance(WATCH_LAG + 2)
    assert settled(scenario) is True
    assert settled(scenario) == [(C.TAKER, R.FUNDS)]
    assert scenario.read("tradeableOf", trader.address, scenario.market.quote.address) == 0


def test_only_the_amount_asked_for_stops_trading(scenario):
    scenario.do(
        scenario.trader(1), "requestWithdrawal", scenario.market.quote.address, MAIN - 25_000
    )
    scenario.cover()
    assert settled(scenario, lots=11) == [(C.TAKER, R.FUNDS)]
    assert settled(scenario, lots=10) is True
    assert settled(scenario, lots=1) == [(C.TAKER, R.FUNDS)]
    assert withdraw(scenario, 1, scenario.market.quote) == MAIN - 25_000


def test_a_requested_base_amount_stops_trading_too(scenario):
    scenario.do(
        scenario.trader(0), "requestWithdrawal", scenario.market.base.address, (MAIN - 10) * LOT
    )
    scenario.cover()
    assert settled(scenario, lots=11) == [(C.MAKER, R.FUNDS)]
    assert settled(scenario, lots=10) is True


def test_a_claim_pays_no_more_than_the_balance(scenario):
    scenario.do(scenario.trader(1), "requestWithdrawal", scenario.market.quote.address, 2**255)
    assert settled(scenario) is True
    scenario.cover()
    assert withdraw(scenario, 1, scenario.market.quote) == MAIN - 25_000
    scenario.assert_solvent()


def test_asking_again_restarts_the_clock(scenario):
    quote, trader = scenario.market.quote, scenario.trader(1)
    scenario.do(trader, "requestWithdrawal", quote.address, 500)
    scenario.cover()
    scenario.do(trader, "requestWithdrawal", quote.address, 700)
    with scenario.reverts("NotCovered(uint256)"):
        withdraw(scenario, 1, quote)
    scenario.cover()
    assert withdraw(scenario, 1, quote) == 700


def test_a_request_can_be_taken_back(scenario):
    quote, trader = scenario.market.quote, scenario.trader(1)
    scenario.do(trader, "requestWithdrawal", quote.address, MAIN)
    scenario.cover()
    scenario.do(trader, "cancelWithdrawalRequest", quote.address)
    assert settled(scenario) is True
    assert scenario.read("pendingWithdrawal", trader.address, quote.address) == [0, 0, 0, False]
    with scenario.reverts("NothingRequested()"):
        scenario.do(trader, "cancelWithdrawalRequest", quote.address)


def test_requests_of_nothing_are_refused(scenario):
    trader, quote = scenario.trader(1), scenario.market.quote
    with scenario.reverts("ZeroAmount()"):
        scenario.do(trader, "requestWithdrawal", quote.address, 0)
    with scenario.reverts("UnknownToken(address)"):
        scenario.do(trader, "requestWithdrawal", scenario.owner, 1)
    scenario.do(scenario.owner, "requestWithdrawal", quote.address, 1)
    scenario.advance(WINDOW_MAX)
    with scenario.reverts("NothingToWithdraw()"):
        scenario.do(scenario.owner, "withdraw", quote.address, scenario.owner)


def test_a_withdrawal_never_goes_to_nobody(scenario):
    trader, quote = scenario.trader(1), scenario.market.quote
    scenario.do(trader, "requestWithdrawal", quote.address, 1)
    scenario.advance(WINDOW_MAX)
    for recipient in ("0x" + "00" * 20, scenario.exchange.address):
        with scenario.reverts("ZeroAddress()"):
            scenario.do(trader, "withdraw", quote.address, recipient)
    scenario.do(trader, "withdraw", quote.address, scenario.owner)
    assert quote.functions.balanceOf(scenario.owner).call() == 1


# Cancels


@pytest.mark.parametrize("lane", [0, 1, 2])
def test_a_cancel_waits_until_it_is_covered(scenario, lane):
    trader = scenario.trader(1)
    number = nonce(5, 3, lane)
    scenario.do(trader, "cancel", 1, number)
    requested = scenario.now()
    assert scenario.read("pendingCancel", trader.address, 1, lane) == [5 << 8 | 3, requested, False]
    scenario.advance(WATCH_LAG + 2)
    assert settled(scenario, nonce=number) is True
    assert settled(scenario, nonce=number) == [(C.TAKER, R.CANCELED)]
    assert scenario.read("laneOf", trader.address, 1, lane)[2] == (5 << 8 | 3) + 1
    assert scenario.read("pendingCancel", trader.address, 1, lane)[2] is True


@pytest.mark.parametrize("lane", [0, 1])
def test_a_cancel_takes_effect_at_the_latest_after_the_window(scenario, lane):
    number = nonce(0, 0, lane)
    order = scenario.buy(1, 2500, 100, nonce=number)
    maker = scenario.sell(0, 2500, 100)
    scenario.do(scenario.trader(1), "cancel", 1, number)
    requested = scenario.now()
    before = scenario.read("batchState")[1]
    scenario.rpc("evm_setNextBlockTimestamp", requested + WINDOW_MAX - 1)
    assert scenario.settle((order, (maker, 1)), matched_through_s=before).reasons == []
    scenario.advance(1)
    assert scenario.settle((order, (maker, 1)), matched_through_s=before).reasons == [
        (C.TAKER, R.CANCELED)
    ]


def test_a_cancel_kills_the_lane_up_to_its_key_and_lives_until_a_higher_key_settles(scenario):
    trader = scenario.trader(1)
    scenario.do(trader, "cancel", 1, nonce(5, 3))
    scenario.cover()
    for key in ((0, 0), (5, 2), (5, 3)):
        assert settled(scenario, nonce=nonce(*key)) == [(C.TAKER, R.CANCELED)]
    assert settled(scenario, nonce=nonce(4, 255, 1)) is True  # another lane
    assert settled(scenario, nonce=nonce(5, 4)) is True
    assert scenario.read("pendingCancel", trader.address, 1, 0) == [0, 0, False]
    assert settled(scenario, nonce=nonce(5, 3)) == [(C.TAKER, R.LANE_STALE)]


def test_a_second_cancel_does_not_revive_what_the_first_killed(scenario):
    trader = scenario.trader(1)
    scenario.do(trader, "cancel", 1, nonce(5))
    scenario.cover()
    scenario.do(trader, "cancel", 1, nonce(7))
    assert settled(scenario, nonce=nonce(5)) == [(C.TAKER, R.CANCELED)]
    assert settled(scenario, nonce=nonce(6)) is True
    scenario.cover()
    assert settled(scenario, nonce=nonce(7)) == [(C.TAKER, R.CANCELED)]


def test_a_cancel_that_adds_nothing_is_refused(scenario):
    trader = scenario.trader(1)
    scenario.do(trader, "cancel", 1, nonce(5))
    for again in (nonce(5), nonce(4)):
        with scenario.reverts("NothingNew()"):
            scenario.do(trader, "cancel", 1, again)
    with scenario.reverts("UnknownMarket(uint256)"):
        scenario.do(trader, "cancel", 99, nonce(5))


def test_nobody_cancels_for_another(scenario):
    scenario.do(scenario.trader(2), "cancel", 1, nonce(5))
    scenario.cover()
    assert settled(scenario, nonce=nonce(5)) is True


def test_a_floor_waits_until_it_is_covered(scenario):
    trader, quote = scenario.trader(1), scenario.market.quote.address
    scenario.do(trader, "cancelUpTo", quote, 8)
    requested = scenario.now()
    assert scenario.read("floorOf", trader.address, quote) == [0, 8, requested]
    scenario.advance(WATCH_LAG + 2)
    assert settled(scenario, nonce=nonce(7, lane=1)) is True
    assert scenario.read("floorOf", trader.address, quote)[0] == 8
    assert settled(scenario, nonce=nonce(7, lane=1)) == [(C.TAKER, R.FLOOR)]
    assert settled(scenario, nonce=nonce(8, lane=1)) is True
    assert scenario.read("floorOf", trader.address, quote) == [8, 0, 0]
    assert scenario.read("ledger", trader.address, quote)[3] == 8


def test_a_floor_only_rises_by_a_bounded_step_and_is_not_lost_to_the_next(scenario):
    trader, quote = scenario.trader(1), scenario.market.quote.address
    scenario.do(trader, "cancelUpTo", quote, 8)
    with scenario.reverts("NothingNew()"):
        scenario.do(trader, "cancelUpTo", quote, 8)
    scenario.cover()
    with scenario.reverts("FloorStepTooLarge(uint256)"):
        scenario.do(trader, "cancelUpTo", quote, 8 + 2**32 + 1)
    scenario.do(trader, "cancelUpTo", quote, 8 + 2**32)
    assert scenario.read("floorOf", trader.address, quote)[0] == 8
    assert settled(scenario, nonce=nonce(7)) == [(C.TAKER, R.FLOOR)]
    assert settled(scenario, nonce=nonce(9)) is True
    with scenario.reverts("UnknownToken(address)"):
        scenario.do(trader, "cancelUpTo", scenario.owner, 1)


# Leaving


def test_exit_takes_everything_out_without_the_operator(scenario):
    trader, market = scenario.trader(1), scenario.market
    receipt = scenario.do(trader, "exit", [market.base.address, market.quote.address])
    assert len(receipt["logs"]) == 3
    scenario.advance(WINDOW_MAX)
    assert withdraw(scenario, 1, market.base) == MAIN * LOT
    assert withdraw(scenario, 1, market.quote) == MAIN
    scenario.assert_solvent()


def test_exit_stops_every_order_once_covered_and_takes_late_proceeds_along(scenario):
    trader, market = scenario.trader(1), scenario.market
    scenario.do(trader, "exit", [market.base.address, market.quote.address])
    scenario.advance(WATCH_LAG + 2)
    assert settled(scenario) is True
    assert settled(scenario) == [(C.TAKER, R.FUNDS)]
    sale = (scenario.buy(2, 2500, 10), (scenario.sell(1, 2500, 10, nonce=nonce(2)), 10))
    assert scenario.settle(sale).reasons == [(C.MAKER, R.FUNDS)]
    assert withdraw(scenario, 1, market.base) == (MAIN + 10) * LOT
    assert withdraw(scenario, 1, market.quote) == MAIN - 25_000


def test_exit_of_nothing_or_of_unknown_tokens_is_refused(scenario):
    with scenario.reverts("NothingRequested()"):
        scenario.do(scenario.trader(1), "exit", [])
    with scenario.reverts("UnknownToken(address)"):
        scenario.do(scenario.trader(1), "exit", [scenario.owner])


def test_anyone_freezes_after_the_delay_without_a_batch_and_all_leave_at_once(scenario):
    token = scenario.market.quote.address
    matched_through = scenario.read("batchState")[1]
    stranger = scenario.trader(3)
    scenario.rpc("evm_setNextBlockTimestamp", matched_through + EXIT_DELAY)
    scenario.rpc("evm_mine")
    with scenario.reverts("NotFreezable(uint256)"):
        scenario.exchange.functions.freeze().call(
            {"from": stranger.address}, block_identifier="latest"
        )
    scenario.advance(1)
    scenario.do(stranger, "freeze")
    assert scenario.read("frozen")
    with scenario.reverts("SettlingEnded()"):
        scenario.settle()
    for call in (("freeze",), ("deposit", token, 1)):
        with scenario.reverts("AlreadyFrozen()"):
            scenario.do(stranger, *call)
    scenario.do(scenario.trader(1), "exit", [token])
    assert withdraw(scenario, 1, scenario.market.quote) == MAIN


def test_a_heartbeat_prevents_the_freeze(scenario):
    scenario.advance(EXIT_DELAY)
    scenario.settle()
    scenario.advance(EXIT_DELAY - 5)
    with scenario.reverts("NotFreezable(uint256)"):
        scenario.do(scenario.trader(3), "freeze")
