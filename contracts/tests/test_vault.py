"""The vault credits what it received, owes what it credited, and lets no token in between."""

import pytest
from ape.exceptions import ContractLogicError
from eth_utils import keccak
from scenario import EXIT_DELAY, LOT, MAIN, PERMIT2, WATCH_LAG, WINDOW_MAX, Market, nonce


@pytest.fixture
def listed(scenario, deploy):
    """Deploy and list a mock by name."""

    def make(name, *arguments):
        token = deploy(name, *arguments)
        scenario.do(scenario.owner, "listAsset", token.address)
        return token

    return make


def test_a_deposit_is_credited_and_owed(scenario):
    trader, quote = scenario.trader(1), scenario.market.quote
    scenario.fund(trader, quote, 70)
    receipt = scenario.do(trader, "deposit", quote.address, 70)
    event = scenario.exchange.events.Deposited().process_log(receipt["logs"][-1])["args"]
    assert dict(event) == {
        "account": trader.address,
        "token": quote.address,
        "amount": 70,
        "balance": MAIN + 70,
    }
    assert scenario.balance(trader, quote) == MAIN + 70
    scenario.assert_solvent()


def test_deposits_that_can_not_be_credited_are_refused(scenario, deploy):
    trader, quote = scenario.trader(1), scenario.market.quote
    with scenario.reverts("ZeroAmount()"):
        scenario.do(trader, "deposit", quote.address, 0)
    stranger = deploy("MockERC20", "Unlisted", "NO", 18)
    with scenario.reverts("DepositsClosed(address)"):
        scenario.do(trader, "deposit", stranger.address, 1)
    with scenario.reverts("ERC20InsufficientAllowance(address,uint256,uint256)"):
        scenario.do(trader, "deposit", quote.address, 1)
    scenario.do(scenario.owner, "setDepositsOpen", quote.address, False)
    with scenario.reverts("DepositsClosed(address)"):
        scenario.do(trader, "deposit", quote.address, 1)


def test_all_balances_of_a_token_stay_below_the_ledgers_width(scenario, listed):
    token, trader = listed("MockERC20", "Many", "MANY", 0), scenario.trader(1)
    scenario.fund(trader, token, 2**112)
    with scenario.reverts("LedgerFull(address)"):
        scenario.do(trader, "deposit", token.address, 2**112)
    scenario.do(trader, "deposit", token.address, 2**112 - 1)
    assert scenario.balance(trader, token) == 2**112 - 1
    assert scenario.read("ledger", trader.address, token.address)[1:4] == [0, 0, 0]
    with scenario.reverts("LedgerFull(address)"):
        scenario.do(trader, "deposit", token.address, 1)


def test_a_fee_on_transfer_is_credited_as_received(scenario, listed):
    token, trader = listed("FeeOnTransferToken"), scenario.trader(1)
    scenario.deposit(trader, token, 1000)
    assert scenario.balance(trader, token) == 990
    assert scenario.read("liabilities", token.address) == 990
    scenario.do(trader, "requestWithdrawal", token.address, 990)
    scenario.advance(WINDOW_MAX)
    scenario.do(trader, "withdraw", token.address, trader.address)
    assert token.functions.balanceOf(scenario.exchange.address).call() == 0
    assert token.functions.balanceOf(trader.address).call() == 990 - 9


def test_a_token_that_takes_more_than_was_paid_can_not_touch_what_others_hold(scenario, listed):
    token = listed("FeeOnTransferToken")
    for index in (1, 2):
        scenario.deposit(scenario.trader(index), token, 1000)
    scenario.send(token.functions.setOnTop(True), scenario.owner)
    trader = scenario.trader(1)
    scenario.do(trader, "requestWithdrawal", token.address, 990)
    scenario.advance(WINDOW_MAX)
    with scenario.reverts("UnexpectedTransfer()"):
        scenario.do(trader, "withdraw", token.address, trader.address)


def test_tokens_sent_without_a_deposit_are_nobodys(scenario):
    trader, quote = scenario.trader(1), scenario.market.quote
    scenario.fund(trader, quote, 5)
    scenario.send(quote.functions.transfer(scenario.exchange.address, 5), trader.address)
    assert scenario.read("liabilities", quote.address) == 4 * MAIN
    scenario.deposit(trader, quote, 1)
    assert scenario.balance(trader, quote) == MAIN + 1


def test_wrapped_ether_goes_in_and_out(scenario, listed):
    weth, trader = listed("MockWETH"), scenario.trader(1)
    scenario.w3.eth.wait_for_transaction_receipt(
        weth.functions.deposit().transact({"from": trader.address, "value": 10})
    )
    scenario.send(weth.functions.approve(scenario.exchange.address, 10), trader.address)
    scenario.do(trader, "deposit", weth.address, 10)
    scenario.do(trader, "requestWithdrawal", weth.address, 10)
    scenario.advance(WINDOW_MAX)
    scenario.do(trader, "withdraw", weth.address, trader.address)
    scenario.send(weth.functions.withdraw(10), trader.address)
    assert weth.functions.totalSupply().call() == 0


def test_the_exchange_takes_no_ether(scenario):
    with pytest.raises(Exception, match="revert"):
        scenario.w3.eth.call({"from": scenario.owner, "to": scenario.exchange.address, "value": 1})


def test_a_first_deposit_opens_the_main_quote_word(scenario, listed):
    """So that the first sale of an account does not pay for a storage slot."""
    trader = scenario.trader(30, base=1, quote=0)
    assert scenario.read("ledger", trader.address, scenario.market.quote.address)[4] == 8
    other = scenario.trader(31, base=0, quote=1)
    assert scenario.read("ledger", other.address, scenario.market.base.address)[4] == 0


@pytest.mark.parametrize(
    "delays",
    [
        (600, 600, 3600),
        (60, 3601, 3600),
        (3601, 7200, 8000),
        (60, 86_401, 90_000),
        (60, 600, 14 * 86_400 + 1),
    ],
)
def test_delays_are_bounded(deploy, delays):
    with pytest.raises(ContractLogicError, match=keccak(text="BadDelays()")[:4].hex()):
        deploy("ExchangeExtension", *delays, PERMIT2)


def test_the_delays_can_be_read(scenario):
    names = ("WATCH_LAG", "WINDOW_MAX", "EXIT_DELAY")
    assert [scenario.read(name) for name in names] == [WATCH_LAG, WINDOW_MAX, EXIT_DELAY]


def test_a_withdrawn_word_never_returns_to_zero(scenario):
    trader, quote = scenario.trader(1), scenario.market.quote
    scenario.do(trader, "exit", [quote.address])
    scenario.advance(WINDOW_MAX)
    scenario.do(trader, "withdraw", quote.address, trader.address)
    assert scenario.read("ledger", trader.address, quote.address) == [0, 0, 0, 0, 8]


def test_hostile_tokens_do_not_reach_other_tokens_trades(scenario, listed):
    """Settling makes no token call: a token that reverts on every transfer trades like any other."""
    token = listed("ReentrantToken")
    scenario.do(
        scenario.owner, "listMarket", 2, token.address, scenario.market.quote.address, LOT, 1
    )
    market = Market(2, token, scenario.market.quote)
    scenario.deposit(scenario.trader(0), token, 10 * LOT)
    freeze = scenario.exchange.encode_abi("freeze", args=[])
    scenario.send(token.functions.arm(scenario.exchange.address, freeze), scenario.owner)
    maker = scenario.sell(0, 5, 10, market=market)
    assert (
        scenario.settle((scenario.buy(1, 5, 10, market=market, nonce=nonce(3)), (maker, 10))).skips
        == []
    )
    assert scenario.balance(scenario.trader(1), token) == 10 * LOT
