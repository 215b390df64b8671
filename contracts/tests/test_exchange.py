"""The owner lists, pauses, collects fees and names the operator, and can do no harm in between."""

import pytest
from ape.exceptions import ContractLogicError
from eth_utils import keccak
from scenario import LOT, MARKET, TICK, WATCH_LAG, WINDOW_MAX, layout, nonce

R, C = layout.SkipReason, layout.Culprit
NOBODY = "0x" + "00" * 20


def test_assets_are_listed_once_and_have_code(scenario):
    for token, error in (
        (scenario.market.base.address, "AlreadyListed()"),
        (scenario.owner, "UnknownToken(address)"),
        (NOBODY, "UnknownToken(address)"),
    ):
        with scenario.reverts(error):
            scenario.do(scenario.owner, "listAsset", token)
    assert scenario.read("assetOf", scenario.market.base.address) == [True, True]
    with scenario.reverts("UnknownToken(address)"):
        scenario.do(scenario.owner, "setDepositsOpen", scenario.owner, True)


def test_a_market_never_changes(scenario):
    base, quote = scenario.market.base.address, scenario.market.quote.address
    with scenario.reverts("AlreadyListed()"):
        scenario.do(scenario.owner, "listMarket", MARKET, base, quote, 2, 2)
    assert scenario.read("marketOf", MARKET) == [base, quote, LOT, TICK, 0, False]
    assert scenario.read("mainQuote") == quote


def test_markets_that_can_not_trade_are_refused(scenario):
    base, quote = scenario.market.base.address, scenario.market.quote.address
    for arguments in ((base, base, 1, 1), (base, quote, 0, 1), (base, quote, 1, 0)):
        with scenario.reverts("BadMarket()"):
            scenario.do(scenario.owner, "listMarket", 2, *arguments)
    for arguments in ((scenario.owner, quote, 1, 1), (base, scenario.owner, 1, 1)):
        with scenario.reverts("UnknownToken(address)"):
            scenario.do(scenario.owner, "listMarket", 2, *arguments)


def test_a_market_closes_under_the_covered_rule_and_opens_at_once(scenario):
    maker = scenario.sell(0, 2500, 100)
    scenario.do(scenario.owner, "closeMarket", MARKET)
    with scenario.reverts("NothingNew()"):
        scenario.do(scenario.owner, "closeMarket", MARKET)
    scenario.advance(WATCH_LAG + 2)
    assert scenario.settle((scenario.buy(1, 2500, 10), (maker, 1))).reasons == []
    assert scenario.settle((scenario.buy(1, 2500, 10), (maker, 1))).reasons == [(C.TAKER, R.MARKET)]
    assert scenario.read("marketOf", MARKET)[5] is True
    scenario.do(scenario.owner, "reopenMarket", MARKET)
    assert scenario.settle((scenario.buy(1, 2500, 10), (maker, 1))).reasons == []
    with scenario.reverts("NothingNew()"):
        scenario.do(scenario.owner, "reopenMarket", MARKET)
    with scenario.reverts("UnknownMarket(uint256)"):
        scenario.do(scenario.owner, "closeMarket", 99)


def test_pause_stops_deposits_and_trades_and_nothing_else(scenario):
    trader, quote = scenario.trader(1), scenario.market.quote
    scenario.fund(trader, quote, 1)
    scenario.do(scenario.owner, "pause")
    with scenario.reverts("EnforcedPause()"):
        scenario.do(trader, "deposit", quote.address, 1)
    with scenario.reverts("EnforcedPause()"):
        scenario.settle()
    scenario.do(trader, "cancel", MARKET, nonce(1))
    scenario.do(trader, "cancelUpTo", quote.address, 1)
    scenario.do(trader, "requestWithdrawal", quote.address, 1)
    scenario.do(trader, "exit", [quote.address])
    scenario.advance(WINDOW_MAX)
    scenario.do(trader, "withdraw", quote.address, trader.address)
    scenario.do(scenario.owner, "unpause")
    scenario.do(trader, "deposit", quote.address, 1)
    scenario.settle()


def test_the_operator_changes_later_than_anyones_exit(scenario):
    successor = scenario.trader(2)
    scenario.do(scenario.owner, "proposeOperator", successor.address)
    proposed = scenario.now()
    with scenario.reverts("NotOperator()"):
        scenario.do(scenario.trader(3), "acceptOperator")
    scenario.rpc("evm_setNextBlockTimestamp", proposed + 2 * WINDOW_MAX - 1)
    scenario.rpc("evm_mine")
    with scenario.reverts("NotCovered(uint256)"):
        scenario.exchange.functions.acceptOperator().call(
            {"from": successor.address}, block_identifier="latest"
        )
    scenario.advance(1)
    scenario.settle()
    scenario.do(successor, "acceptOperator")
    assert scenario.read("operator") == successor.address
    with scenario.reverts("NotOperator()"):
        scenario.settle()
    with scenario.reverts("NotOperator()"):
        scenario.do(successor, "acceptOperator")
    with scenario.reverts("ZeroAddress()"):
        scenario.do(scenario.owner, "proposeOperator", NOBODY)


def test_fees_leave_once_and_only_fees(scenario):
    quote = scenario.market.quote
    trade = (scenario.buy(1, 2500, 100, fee=1000), (scenario.sell(0, 2500, 100, fee=1000), 100))
    scenario.settle(trade)
    for recipient in (NOBODY, scenario.exchange.address):
        with scenario.reverts("ZeroAddress()"):
            scenario.do(scenario.owner, "withdrawFees", quote.address, recipient)
    state = scenario.read("batchState")
    scenario.do(scenario.owner, "withdrawFees", quote.address, scenario.owner)
    assert quote.functions.balanceOf(scenario.owner).call() == 500
    assert scenario.read("batchState") == state
    scenario.assert_solvent()
    for token in (quote, scenario.market.base):
        with scenario.reverts("NothingToWithdraw()"):
            scenario.do(scenario.owner, "withdrawFees", token.address, scenario.owner)


def test_ownership_moves_in_two_steps(scenario):
    successor = scenario.trader(2)
    scenario.do(scenario.owner, "transferOwnership", successor.address)
    assert scenario.read("owner") == scenario.owner
    scenario.do(successor, "acceptOwnership")
    assert scenario.read("owner") == successor.address


def test_nobody_is_no_operator_and_no_owner(scenario, deploy_exchange):
    refusals = {
        "OwnableInvalidOwner(address)": (NOBODY, scenario.operator),
        "ZeroAddress()": (scenario.owner, NOBODY),
    }
    for error, (owner, operator) in refusals.items():
        with pytest.raises(ContractLogicError, match=keccak(text=error)[:4].hex()):
            deploy_exchange(owner, operator)


def test_the_domain_can_be_read_by_wallets(scenario):
    _, name, version, chain_id, contract, _, _ = scenario.read("eip712Domain")
    assert (name, version, chain_id, contract) == (
        "hybrid-dex",
        "1",
        scenario.w3.eth.chain_id,
        scenario.exchange.address,
    )


def test_the_code_fits_on_chain(scenario):
    assert len(scenario.w3.eth.get_code(scenario.exchange.address)) <= 24_576
