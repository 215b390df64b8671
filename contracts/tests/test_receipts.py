"""A cancel receipt of the operator cancels at once what it names, for its trader, once settling has come that far."""

import pytest
from eth_account import Account
from promises import digest, receipt, signed
from scenario import EXIT_DELAY, MARKET, WATCH_LAG, WINDOW_MAX, layout, nonce

R, C = layout.SkipReason, layout.Culprit
STRANGER = Account.create()


@pytest.fixture
def cancel(scenario, operator_key):
    """Cancel by receipt as trader 0, signed by the operator unless another key is given."""

    def cancel(*, key=operator_key, sender=None, **changes):
        trader = scenario.trader(0)
        message = receipt(scenario, trader, **changes)
        signature = signed(scenario, key, "CancelReceipt", message)
        return scenario.do(
            sender or trader, "cancelWithReceipt", tuple(message.values()), signature
        )

    return cancel


def fill(scenario, **changes):
    """Why a fill of trader 0's order does not settle; nothing if it does."""
    maker = scenario.sell(0, 2500, 1000, **changes)
    return scenario.settle((scenario.buy(1, 2500, 10), (maker, 1))).reasons


CANCELED = [(C.MAKER, R.CANCELED)]


@pytest.mark.parametrize("lane", [0, 1, 2])
def test_the_order_dies_at_once_and_later_ones_live(scenario, cancel, lane):
    order = nonce(5, 1, lane)
    assert fill(scenario, nonce=order) == []
    found = cancel(nonce=order, filled=1)
    event = scenario.exchange.events.CanceledByReceipt().process_log(found["logs"][0])["args"]
    assert dict(event) == {
        "account": scenario.trader(0).address,
        "market": MARKET,
        "lane": lane,
        "key": order >> 16,
        "filled": 1,
        "sequence": 0,
    }
    assert fill(scenario, nonce=order) == CANCELED
    assert fill(scenario, nonce=nonce(5, 2, lane)) == []
    assert fill(scenario, nonce=nonce(6, 0, lane)) == []


def test_the_contract_hashes_it_as_wallets_do(scenario):
    message = receipt(scenario, scenario.trader(0), filled=3, sequence=9)
    assert scenario.read("hashCancelReceipt", tuple(message.values())) == digest(
        scenario, "CancelReceipt", message
    )


@pytest.mark.parametrize(("ahead", "accepted"), [(1, False), (0, True), (-1, True)])
def test_it_waits_until_settling_has_reached_its_sequence(scenario, cancel, ahead, accepted):
    fill(scenario, nonce=nonce(2))
    reached = scenario.read("batchState")[2]
    if accepted:
        cancel(sequence=reached + ahead)
        return
    with scenario.reverts("TooEarly(uint256)"):
        cancel(sequence=reached + ahead)
    scenario.settle(up_to=reached + ahead)
    cancel(sequence=reached + ahead)


def test_nobody_cancels_anothers_order(scenario, cancel):
    with scenario.reverts("NotTheAccount()"):
        cancel(sender=scenario.trader(1))


@pytest.mark.parametrize("key", [STRANGER, "trader"])
def test_only_the_operator_can_give_one(scenario, cancel, key):
    with scenario.reverts("NotOperator()"):
        cancel(key=scenario.trader(0).account if key == "trader" else key)


@pytest.mark.parametrize("field", ["nonce", "filled", "sequence"])
def test_nothing_of_it_can_be_changed(scenario, operator_key, field):
    trader = scenario.trader(0)
    message = receipt(scenario, trader)
    signature = signed(scenario, operator_key, "CancelReceipt", message)
    fill(scenario, nonce=nonce(2))
    changed = message | {field: message[field] + 1}
    with scenario.reverts("NotOperator()"):
        scenario.do(trader, "cancelWithReceipt", tuple(changed.values()), signature)
    scenario.do(trader, "cancelWithReceipt", tuple(message.values()), signature)


def test_a_receipt_ends_with_its_operator(scenario, cancel, operator_key):
    successor = scenario.trader(3)
    scenario.do(scenario.owner, "proposeOperator", successor.address)
    scenario.advance(2 * WINDOW_MAX)
    scenario.do(successor, "acceptOperator")
    with scenario.reverts("NotOperator()"):
        cancel(key=operator_key)
    cancel(key=successor.account)


def test_the_market_is_a_listed_one(scenario, cancel):
    with scenario.reverts("UnknownMarket(uint256)"):
        cancel(market=99)


def test_it_can_be_used_once(scenario, cancel):
    cancel(nonce=nonce(2))
    for order in (nonce(2), nonce(1)):
        with scenario.reverts("NothingNew()"):
            cancel(nonce=order)
    cancel(nonce=nonce(3))


def test_a_cancel_that_is_asked_for_and_reaches_less_far_is_swallowed(scenario, cancel):
    trader = scenario.trader(0)
    scenario.do(trader, "cancel", MARKET, nonce(2))
    cancel(nonce=nonce(3))
    assert fill(scenario, nonce=nonce(3)) == CANCELED
    assert scenario.read("laneOf", trader.address, MARKET, 0)[2] == (nonce(3) >> 16) + 1


def test_a_cancel_that_is_asked_for_and_reaches_further_stays_asked_for(scenario, cancel):
    """The receipt acts now on its own order; the request goes on waiting for the rest."""
    trader = scenario.trader(0)
    scenario.do(trader, "cancel", MARKET, nonce(9))
    asked = scenario.read("pendingCancel", trader.address, MARKET, 0)
    cancel(nonce=nonce(3))
    assert scenario.read("pendingCancel", trader.address, MARKET, 0) == asked
    assert fill(scenario, nonce=nonce(3)) == CANCELED
    assert fill(scenario, nonce=nonce(4)) == []
    scenario.advance(WATCH_LAG + 2)
    scenario.settle()
    assert fill(scenario, nonce=nonce(9)) == CANCELED
    assert fill(scenario, nonce=nonce(10)) == []


def test_after_a_cancel_in_effect_a_receipt_says_nothing_new(scenario, cancel):
    scenario.do(scenario.trader(0), "cancel", MARKET, nonce(9))
    scenario.advance(WATCH_LAG + 2)
    scenario.settle()
    with scenario.reverts("NothingNew()"):
        cancel(nonce=nonce(9))
    cancel(nonce=nonce(10))


def test_a_pause_does_not_stop_it(scenario, cancel):
    scenario.do(scenario.owner, "pause")
    cancel()


def test_a_freeze_does_not_stop_it(scenario, cancel):
    scenario.advance(EXIT_DELAY + 1)
    scenario.do(scenario.trader(2), "freeze")
    cancel()


def test_a_closed_market_does_not_stop_it(scenario, cancel):
    scenario.do(scenario.owner, "closeMarket", MARKET)
    scenario.advance(WINDOW_MAX)
    cancel(nonce=nonce(5))
    scenario.do(scenario.owner, "reopenMarket", MARKET)
    assert fill(scenario, nonce=nonce(5)) == CANCELED
    assert fill(scenario, nonce=nonce(6)) == []


@pytest.mark.parametrize("lane", [0, 1])
def test_an_old_receipt_undoes_nothing_later(scenario, cancel, lane):
    """Used again once a later order has settled, it ends nothing of that order nor of its revisions."""
    cancel(nonce=nonce(5, 1, lane))
    assert fill(scenario, nonce=nonce(6, 0, lane)) == []
    cancel(nonce=nonce(5, 1, lane))
    assert fill(scenario, nonce=nonce(6, 0, lane)) == []
    cancel(nonce=nonce(5, 1, lane))
    assert fill(scenario, nonce=nonce(6, 1, lane)) == []
