"""Session keys and approvals: given at once, added to, taken back under the covered rule, and only by their account."""

import pytest
from eth_account import Account
from scenario import BUY, MARKET, WATCH_LAG, WINDOW_MAX, nonce

KEY = Account.create().address
NOBODY = "0x" + "00" * 20
DAY = 86_400


@pytest.fixture
def grant(scenario):
    """Grant as trader 1: 1000 to buy, 50 to sell, for an hour, unless told otherwise."""

    def grant(key=KEY, market=MARKET, buy=1000, sell=50, expiry=None):
        until = scenario.now() + 3600 if expiry is None else expiry
        return scenario.do(scenario.trader(1), "grantSession", key, market, buy, sell, until)

    return grant


def session(scenario, market=MARKET):
    return scenario.read("sessionOf", scenario.trader(1).address, KEY, market)


def test_a_grant_is_stored_and_said(scenario, grant):
    trader, until = scenario.trader(1), scenario.now() + 3600
    assert session(scenario) == [0, 0, 0, 0, False]
    receipt = grant(expiry=until)
    assert session(scenario) == [1000, 50, until, 0, True]
    event = scenario.exchange.events.SessionGranted().process_log(receipt["logs"][0])["args"]
    assert dict(event) == {
        "account": trader.address,
        "key": KEY,
        "market": MARKET,
        "buyBudget": 1000,
        "sellBudget": 50,
        "expiry": until,
    }
    assert session(scenario, market=2) == [0, 0, 0, 0, False]
    other = scenario.trader(2).address
    assert scenario.read("sessionOf", other, KEY, MARKET) == [0, 0, 0, 0, False]


def test_a_second_grant_adds(scenario, grant):
    until = scenario.now() + 3600
    grant(expiry=until)
    receipt = grant(buy=5, sell=0, expiry=until + 1)
    assert session(scenario) == [1005, 50, until + 1, 0, True]
    event = scenario.exchange.events.SessionGranted().process_log(receipt["logs"][0])["args"]
    assert (event["buyBudget"], event["sellBudget"]) == (5, 0)


@pytest.mark.parametrize(
    ("ahead", "accepted"), [(0, False), (60, True), (180 * DAY, True), (180 * DAY + 60, False)]
)
def test_an_expiry_is_ahead_and_not_too_far(scenario, grant, ahead, accepted):
    expiry = scenario.now() + ahead
    if accepted:
        grant(expiry=expiry)
        assert session(scenario)[2] == expiry
    else:
        with scenario.reverts("BadSessionExpiry()"):
            grant(expiry=expiry)


def test_a_grant_is_not_shortened_by_another(scenario, grant):
    until = scenario.now() + 3600
    grant(expiry=until)
    with scenario.reverts("BadSessionExpiry()"):
        grant(expiry=until - 1)
    grant(expiry=until)


@pytest.mark.parametrize("key", [NOBODY, "self"])
def test_a_key_is_somebody_else(scenario, grant, key):
    with scenario.reverts("BadSessionKey()"):
        grant(key=scenario.trader(1).address if key == "self" else key)


def test_a_grant_is_for_a_listed_market(scenario, grant):
    with scenario.reverts("UnknownMarket(uint256)"):
        grant(market=99)


@pytest.mark.parametrize(("buy", "sell"), [(2**96 - 1, 0), (0, 2**72 - 1)])
def test_budgets_do_not_run_over(scenario, grant, buy, sell):
    until = scenario.now() + 3600
    grant(buy=buy, sell=sell, expiry=until)
    assert session(scenario)[:2] == [buy, sell]
    with scenario.reverts("BudgetTooLarge()"):
        grant(buy=min(buy, 1), sell=min(sell, 1), expiry=until)
    assert session(scenario)[:2] == [buy, sell]


def test_a_revocation_waits_until_it_is_covered(scenario, grant):
    grant()
    receipt = scenario.do(scenario.trader(1), "revokeSession", KEY, MARKET)
    asked = scenario.now()
    event = scenario.exchange.events.SessionRevoked().process_log(receipt["logs"][0])["args"]
    assert dict(event) == {
        "account": scenario.trader(1).address,
        "key": KEY,
        "market": MARKET,
        "requestedAt": asked,
    }
    assert session(scenario)[3:] == [asked, True]
    scenario.advance(WATCH_LAG + 10)
    scenario.settle(matched_through_s=asked + WATCH_LAG)
    assert session(scenario)[4] is True
    with scenario.reverts("RevocationPending(uint256)"):
        grant()
    scenario.settle(matched_through_s=asked + WATCH_LAG + 1)
    assert session(scenario)[4] is False


def test_a_revocation_waits_no_longer_than_the_window(scenario, grant):
    grant()
    scenario.do(scenario.trader(1), "revokeSession", KEY, MARKET)
    scenario.advance(WINDOW_MAX)
    assert session(scenario)[4] is False


def test_after_a_revocation_a_grant_starts_from_nothing(scenario, grant):
    grant(expiry=scenario.now() + 10 * DAY)
    scenario.do(scenario.trader(1), "revokeSession", KEY, MARKET)
    scenario.advance(WINDOW_MAX)
    until = scenario.now() + 60
    grant(buy=1, sell=2, expiry=until)
    assert session(scenario) == [1, 2, until, 0, True]


def test_only_what_was_granted_is_revoked_and_once(scenario, grant):
    trader = scenario.trader(1)
    with scenario.reverts("NothingNew()"):
        scenario.do(trader, "revokeSession", KEY, MARKET)
    grant()
    with scenario.reverts("NothingNew()"):
        scenario.do(scenario.trader(2), "revokeSession", KEY, MARKET)
    scenario.do(trader, "revokeSession", KEY, MARKET)
    with scenario.reverts("NothingNew()"):
        scenario.do(trader, "revokeSession", KEY, MARKET)


def test_an_expired_grant_is_usable_for_the_window_longer(scenario, grant):
    """What was matched before the expiry still settles."""
    until = scenario.now() + 100
    grant(expiry=until)
    scenario.advance(until + WINDOW_MAX - scenario.now())
    assert session(scenario)[4] is True
    scenario.advance(1)
    assert session(scenario)[4] is False


# Approvals


@pytest.fixture
def wallet(scenario, deploy):
    """A contract wallet of trader 2."""
    return deploy("MockWallet", scenario.trader(2).address)


def order_of(scenario, trader, account=None):
    """An order's struct in the name of an account, and the trader's signature over it."""
    message = scenario.terms(trader, BUY, 2500, 10, nonce=nonce(1))
    message |= {"trader": account or trader.address}
    order_hash = scenario.read("hashOrder", tuple(message.values()))
    signature = bytes(trader.account.unsafe_sign_hash(order_hash).signature)
    return tuple(message.values()), order_hash, signature


def approval(scenario, account, order_hash):
    return scenario.read("approvalOf", account, order_hash)


def test_an_account_approves_its_own_orders(scenario, wallet):
    _, order_hash, _ = order_of(scenario, scenario.trader(2), wallet.address)
    data = bytes.fromhex(
        scenario.exchange.encode_abi("approveOrder", args=[order_hash]).removeprefix("0x")
    )
    execute = wallet.functions.execute(scenario.exchange.address, data)
    receipt = scenario.send(execute, scenario.trader(2).address)
    event = scenario.exchange.events.OrderApproved().process_log(receipt["logs"][0])["args"]
    assert dict(event) == {"account": wallet.address, "orderHash": order_hash}
    assert approval(scenario, wallet.address, order_hash) == [scenario.now(), 0, True]
    owner = scenario.trader(2).address
    assert approval(scenario, owner, order_hash) == [0, 0, False]


def test_a_wallets_signature_approves_whoever_submits_it(scenario, wallet):
    order, order_hash, signature = order_of(scenario, scenario.trader(2), wallet.address)
    scenario.do(scenario.trader(3), "approveOrderBySignature", order, signature)
    assert approval(scenario, wallet.address, order_hash)[2] is True
    with scenario.reverts("NothingNew()"):
        scenario.do(scenario.trader(3), "approveOrderBySignature", order, signature)


def test_a_traders_signature_approves_whoever_submits_it(scenario):
    trader = scenario.trader(2)
    order, order_hash, signature = order_of(scenario, trader)
    scenario.do(scenario.trader(3), "approveOrderBySignature", order, signature)
    assert approval(scenario, trader.address, order_hash)[2] is True


def test_no_other_signature_approves(scenario, wallet):
    order, _, signature = order_of(scenario, scenario.trader(3), wallet.address)
    for wrong in (signature, b"", b"\x01" * 65):
        with scenario.reverts("BadSignature()"):
            scenario.do(scenario.trader(3), "approveOrderBySignature", order, wrong)
    order, _, signature = order_of(scenario, scenario.trader(3), NOBODY)
    for wrong in (signature, bytes(65)):
        with scenario.reverts("BadSignature()"):
            scenario.do(scenario.trader(3), "approveOrderBySignature", order, wrong)
    order, _, signature = order_of(scenario, scenario.trader(2))
    changed = (*order[:-1], order[-1] + 1)
    with scenario.reverts("BadSignature()"):
        scenario.do(scenario.trader(3), "approveOrderBySignature", changed, signature)


def test_a_wallet_that_says_yes_to_everything_hurts_nobody_else(scenario, wallet):
    scenario.send(wallet.functions.setGullible(True), scenario.trader(2).address)
    order, order_hash, _ = order_of(scenario, scenario.trader(3), wallet.address)
    scenario.do(scenario.trader(3), "approveOrderBySignature", order, b"")
    assert approval(scenario, wallet.address, order_hash)[2] is True
    for other in (scenario.trader(2), scenario.trader(3)):
        assert approval(scenario, other.address, order_hash)[2] is False


def test_a_revoked_approval_ends_once_covered_and_for_ever(scenario):
    trader = scenario.trader(2)
    order, order_hash, signature = order_of(scenario, trader)
    scenario.do(trader, "approveOrder", order_hash)
    approved_at = scenario.now()
    receipt = scenario.do(trader, "revokeApproval", order_hash)
    asked = scenario.now()
    event = scenario.exchange.events.ApprovalRevoked().process_log(receipt["logs"][0])["args"]
    assert dict(event) == {
        "account": trader.address,
        "orderHash": order_hash,
        "requestedAt": asked,
    }
    assert approval(scenario, trader.address, order_hash) == [approved_at, asked, True]
    scenario.cover()
    assert approval(scenario, trader.address, order_hash)[2] is False
    with scenario.reverts("ApprovalIsRevoked()"):
        scenario.do(trader, "approveOrder", order_hash)
    with scenario.reverts("ApprovalIsRevoked()"):
        scenario.do(scenario.trader(3), "approveOrderBySignature", order, signature)
    with scenario.reverts("NothingNew()"):
        scenario.do(trader, "revokeApproval", order_hash)


def test_what_was_never_approved_can_be_barred(scenario):
    trader = scenario.trader(2)
    order, order_hash, signature = order_of(scenario, trader)
    scenario.do(trader, "revokeApproval", order_hash)
    with scenario.reverts("ApprovalIsRevoked()"):
        scenario.do(scenario.trader(3), "approveOrderBySignature", order, signature)
    assert approval(scenario, trader.address, order_hash)[2] is False


def test_a_pause_stops_no_taking_back(scenario, grant):
    trader = scenario.trader(1)
    grant()
    scenario.do(trader, "approveOrder", b"\x05" * 32)
    scenario.do(scenario.owner, "pause")
    scenario.do(trader, "revokeSession", KEY, MARKET)
    scenario.do(trader, "revokeApproval", b"\x05" * 32)
