"""What ERC-20 tokens are known to do otherwise: the vault stays solvent or refuses, and other tokens never notice.

Each behaviour meets the four things that happen to a token here: a deposit, a settled trade, a
withdrawal and an exit. Settling calls no token, so a trade is the same with all of them.
"""

from dataclasses import dataclass

import pytest
from eth_utils import keccak
from scenario import MAIN, WINDOW_MAX, Market
from web3.exceptions import ContractLogicError, Web3RPCError

NO_RETURN, FALSE_ON_SUCCESS, FALSE_ON_FAILURE, FEE, BLOCKED, PAUSED = (1 << n for n in range(6))
APPROVAL_RACE, NO_APPROVAL_TO_ZERO, NO_ZERO_APPROVAL, NO_ZERO_TRANSFER = (
    1 << n for n in range(6, 10)
)
NO_ZERO_RECIPIENT, UINT96, MAX_IS_BALANCE, OWN_NEEDS_NO_ALLOWANCE = (1 << n for n in range(10, 14))
DAI_PERMIT, NAME_IS_BYTES, NAME_IS_CODE, LYING, BURNS_GAS, LONG_ANSWER = (
    1 << n for n in range(14, 20)
)

BEARABLE = {
    "missing return values": (NO_RETURN, 18),
    "fee on transfer": (FEE, 18),
    "no revert on failure": (FALSE_ON_FAILURE, 18),
    "approval race protection": (APPROVAL_RACE, 18),
    "revert on approval to the zero address": (NO_APPROVAL_TO_ZERO, 18),
    "revert on zero-value approvals": (NO_ZERO_APPROVAL, 18),
    "revert on zero-value transfers": (NO_ZERO_TRANSFER, 18),
    "revert on transfers to the zero address": (NO_ZERO_RECIPIENT, 18),
    "revert on large approvals and transfers": (UINT96, 18),
    "the largest number is the balance": (MAX_IS_BALANCE, 18),
    "transferFrom of one's own": (OWN_NEEDS_NO_ALLOWANCE, 18),
    "unusual permit": (DAI_PERMIT, 18),
    "metadata that is no string": (NAME_IS_BYTES, 18),
    "code in the name": (NAME_IS_CODE, 18),
    "no decimals": (0, 0),
    "low decimals": (0, 2),
    "high decimals": (0, 45),
    "several at once": (NO_RETURN | FEE | APPROVAL_RACE | NO_ZERO_TRANSFER, 6),
}
"""Behaviours that a token can have all its life."""

REFUSED = {
    "false although it moved": FALSE_ON_SUCCESS,
    "false because it did not move": FALSE_ON_FAILURE | PAUSED,
    "paused": PAUSED,
    "the depositor is blocked": BLOCKED,
    "the same balance for everybody": LYING,
    "burns all gas": BURNS_GAS,
    "an answer nobody can pay for": LONG_ANSWER,
}
"""Behaviours with which nothing can come in."""

TURNS = {
    "paused": PAUSED,
    "no revert on failure": FALSE_ON_FAILURE | PAUSED,
    "false although it moved": FALSE_ON_SUCCESS,
    "the vault is blocked": BLOCKED,
    "burns all gas": BURNS_GAS,
    "an answer nobody can pay for": LONG_ANSWER,
}
"""What an upgradable token can become after people have deposited it, so that it does not move."""

LOT = 1000
HELD = 100 * LOT


@dataclass
class Listed:
    """A weird token, listed, with a market against the main quote token."""

    token: object
    market: Market


@pytest.fixture
def listed(scenario, deploy):
    """List a weird token and its market."""

    def listed(behaviours=0, decimals=18, token=None):
        token = token or deploy("WeirdToken", behaviours, decimals)
        quote = scenario.market.quote
        scenario.do(scenario.owner, "listAsset", token.address)
        scenario.do(scenario.owner, "listMarket", 2, token.address, quote.address, LOT, 1)
        return Listed(token, Market(2, token, quote, LOT, 1))

    return listed


def change(scenario, function):
    """Do something to a token."""
    scenario.send(function, scenario.owner)


def trades(scenario, weird, lots, **changes):
    """Whether trader 1 sells so much of the token to trader 2, and the same of the ordinary one to trader 0."""
    market = weird.market
    maker = scenario.sell(1, 7, lots, market=market, **changes)
    taker = scenario.buy(2, 7, lots, market=market, **changes)
    first = scenario.section((taker, (maker, lots)))
    second = scenario.section((scenario.buy(0, 5, 10), (scenario.sell(3, 5, 10), 10)))
    return scenario.send_batch(scenario.batch(first, second)).skips == []


def owed(scenario, token):
    return scenario.read("liabilities", token.address)


def held(scenario, token):
    return token.functions.balanceOf(scenario.exchange.address).call()


def assert_solvent(scenario, token):
    """The token's vault holds what it owes, and owes what stands in the accounts; so do the ordinary ones'."""
    accounts = sum(scenario.balance(trader, token) for trader in scenario.traders.values())
    assert accounts == owed(scenario, token) <= held(scenario, token)
    scenario.assert_solvent()


def leave(scenario, trader, token):
    """Withdraw what was asked for; what arrived."""
    before = token.functions.balanceOf(trader.address).call()
    scenario.do(trader, "withdraw", token.address, trader.address)
    return token.functions.balanceOf(trader.address).call() - before


@pytest.mark.parametrize("name", BEARABLE)
def test_it_comes_in_trades_and_leaves(scenario, listed, name):
    behaviours, decimals = BEARABLE[name]
    weird, trader, buyer = listed(behaviours, decimals), scenario.trader(1), scenario.trader(2)
    token = weird.token
    scenario.deposit(trader, token, HELD // 2)
    scenario.deposit(trader, token, HELD // 2)
    came = scenario.balance(trader, token)
    assert came == (HELD * 99 // 100 if behaviours & FEE else HELD)
    assert owed(scenario, token) == held(scenario, token) == came
    assert trades(scenario, weird, 10)
    assert scenario.balance(buyer, token) == 10 * LOT
    assert owed(scenario, token) == came
    scenario.do(trader, "requestWithdrawal", token.address, LOT)
    scenario.do(buyer, "exit", [token.address, scenario.market.quote.address])
    scenario.advance(WINDOW_MAX)
    share = 99 if behaviours & FEE else 100
    assert leave(scenario, trader, token) == LOT * share // 100
    assert leave(scenario, buyer, token) == 10 * LOT * share // 100
    assert leave(scenario, buyer, scenario.market.quote) == MAIN - 70
    assert scenario.balance(trader, token) == came - 11 * LOT
    assert_solvent(scenario, token)


@pytest.mark.parametrize("name", REFUSED)
def test_it_does_not_come_in(scenario, listed, name):
    weird, trader = listed(REFUSED[name]), scenario.trader(1)
    token = weird.token
    change(scenario, token.functions.setBlocked(trader.address))
    scenario.fund(trader, token, HELD)
    with pytest.raises((ContractLogicError, Web3RPCError)):
        scenario.do(trader, "deposit", token.address, HELD)
    assert owed(scenario, token) == scenario.balance(trader, token) == 0
    scenario.assert_solvent()
    scenario.deposit(trader, scenario.market.quote, 5)


@pytest.mark.parametrize("name", TURNS)
def test_what_turns_hostile_keeps_nobody_from_leaving_with_the_rest(scenario, listed, name):
    """It trades on, it stays in the vault, nothing of a claim is lost, and it leaves when it moves again."""
    weird, trader = listed(), scenario.trader(1)
    token, quote = weird.token, scenario.market.quote
    scenario.deposit(trader, token, HELD)
    change(scenario, token.functions.setBlocked(scenario.exchange.address))
    change(scenario, token.functions.become(TURNS[name]))
    assert trades(scenario, weird, 10)
    scenario.do(trader, "exit", [token.address, quote.address, scenario.market.base.address])
    scenario.advance(WINDOW_MAX)
    with pytest.raises((ContractLogicError, Web3RPCError)):
        leave(scenario, trader, token)
    assert leave(scenario, trader, quote) == MAIN + 70
    leave(scenario, trader, scenario.market.base)
    assert scenario.balance(trader, token) == HELD - 10 * LOT
    scenario.assert_solvent()
    change(scenario, token.functions.become(0))
    assert leave(scenario, trader, token) == HELD - 10 * LOT
    assert_solvent(scenario, token)


def test_what_begins_to_take_a_fee_pays_what_was_owed_less_the_fee(scenario, listed):
    weird, trader = listed(), scenario.trader(1)
    scenario.deposit(trader, weird.token, HELD)
    change(scenario, weird.token.functions.become(FEE))
    scenario.do(trader, "exit", [weird.token.address])
    scenario.advance(WINDOW_MAX)
    assert leave(scenario, trader, weird.token) == HELD * 99 // 100
    assert_solvent(scenario, weird.token)


def test_what_grows_by_itself_is_nobodys(scenario, listed):
    """Balances changed without a transfer, upwards: the surplus stays in the vault."""
    weird, trader, other = listed(), scenario.trader(1), scenario.trader(2)
    token = weird.token
    scenario.deposit(trader, token, HELD)
    change(scenario, token.functions.setBalance(scenario.exchange.address, 3 * HELD))
    scenario.deposit(other, token, LOT)
    assert scenario.balance(other, token) == LOT
    assert trades(scenario, weird, 10)
    assert_solvent(scenario, token)
    scenario.do(trader, "exit", [token.address])
    scenario.advance(WINDOW_MAX)
    assert leave(scenario, trader, token) == HELD - 10 * LOT
    assert_solvent(scenario, token)


def test_what_shrinks_by_itself_is_short_of_itself_alone(scenario, listed):
    """Downwards: whoever comes first gets it, the last one does not, and other tokens are whole."""
    weird, first, last = listed(), scenario.trader(1), scenario.trader(2)
    token, quote = weird.token, scenario.market.quote
    for trader in (first, last):
        scenario.deposit(trader, token, HELD)
    change(scenario, token.functions.setBalance(scenario.exchange.address, HELD))
    for trader in (first, last):
        scenario.do(trader, "exit", [token.address, quote.address])
    scenario.advance(WINDOW_MAX)
    assert leave(scenario, first, token) == HELD
    with pytest.raises(ContractLogicError):
        leave(scenario, last, token)
    for trader in (first, last):
        assert leave(scenario, trader, quote) == MAIN
    assert (held(scenario, token), owed(scenario, token)) == (0, HELD)
    scenario.assert_solvent()


def test_what_lies_about_its_balances_gives_no_more_than_was_credited(scenario, listed):
    weird, trader = listed(), scenario.trader(1)
    token = weird.token
    scenario.deposit(trader, token, HELD)
    change(scenario, token.functions.become(LYING))
    scenario.do(trader, "exit", [token.address])
    scenario.advance(WINDOW_MAX)
    scenario.do(trader, "withdraw", token.address, trader.address)
    change(scenario, token.functions.become(0))
    assert token.functions.balanceOf(trader.address).call() == HELD
    assert_solvent(scenario, token)


def test_flash_minted_tokens_can_not_be_deposited_and_given_back(scenario, listed):
    token = listed().token
    scenario.deposit(scenario.trader(1), token, HELD)
    call = token.functions.flashDeposit(scenario.exchange.address, HELD)
    with scenario.reverts("NotCovered(uint256)"):
        call.call({"from": scenario.owner})
    assert_solvent(scenario, token)


def test_more_than_the_ledger_holds_is_refused(scenario, listed):
    """So many decimals that an amount does not fit."""
    token, trader = listed(0, 77).token, scenario.trader(1)
    scenario.deposit(trader, token, 2**112 - 1)
    scenario.fund(trader, token, 1)
    with scenario.reverts("LedgerFull(address)"):
        scenario.do(trader, "deposit", token.address, 1)
    assert_solvent(scenario, token)


def test_a_balance_too_large_for_one_transfer_leaves_in_parts(scenario, listed):
    token, trader = listed(UINT96).token, scenario.trader(1)
    largest = 2**96 - 1
    for _ in range(2):
        scenario.deposit(trader, token, largest)
    scenario.do(trader, "exit", [token.address])
    scenario.advance(WINDOW_MAX)
    with pytest.raises(ContractLogicError):
        leave(scenario, trader, token)
    for _ in range(2):
        scenario.do(trader, "requestWithdrawal", token.address, largest)
        scenario.advance(WINDOW_MAX)
        assert leave(scenario, trader, token) == largest
    assert_solvent(scenario, token)


def test_all_of_it_is_credited_as_what_came(scenario, listed):
    """The largest number stands for the balance: no more is credited than moved."""
    token, trader = listed(MAX_IS_BALANCE).token, scenario.trader(1)
    scenario.fund(trader, token, HELD)
    scenario.do(trader, "deposit", token.address, 2**256 - 1)
    assert scenario.balance(trader, token) == HELD
    assert_solvent(scenario, token)


@pytest.mark.parametrize("behaviours", [0, NO_ZERO_TRANSFER])
def test_nothing_is_never_moved(scenario, listed, behaviours):
    token, trader = listed(behaviours).token, scenario.trader(1)
    with pytest.raises(ContractLogicError):
        scenario.do(trader, "deposit", token.address, 0)
    scenario.do(trader, "exit", [token.address])
    scenario.advance(WINDOW_MAX)
    with scenario.reverts("NothingToWithdraw()"):
        scenario.do(trader, "withdraw", token.address, trader.address)


def test_a_token_with_two_addresses_is_two_tokens_that_hold_together(scenario, deploy, listed):
    """What came in through one door is owed to whoever came through it, and both sums are there."""
    weird, trader, other = listed(), scenario.trader(1), scenario.trader(2)
    token = weird.token
    door = deploy("TokenDoor", token.address)
    change(scenario, token.functions.setDoor(door.address))
    scenario.do(scenario.owner, "listAsset", door.address)
    scenario.deposit(trader, token, HELD)
    scenario.deposit(other, door, LOT)
    assert (scenario.balance(trader, token), scenario.balance(other, door)) == (HELD, LOT)
    assert held(scenario, token) == owed(scenario, token) + owed(scenario, door)
    for who, what in ((trader, token), (other, door)):
        scenario.do(who, "exit", [token.address, door.address])
        scenario.advance(WINDOW_MAX)
        leave(scenario, who, what)
        assert held(scenario, token) == owed(scenario, token) + owed(scenario, door)
    assert held(scenario, token) == 0
    scenario.assert_solvent()


def test_nobody_takes_the_vaults_tokens_by_its_own_transfer(scenario, listed):
    """A transferFrom of one's own needs no allowance: the vault is never made to send from itself."""
    token, trader = listed(OWN_NEEDS_NO_ALLOWANCE).token, scenario.trader(1)
    scenario.deposit(trader, token, HELD)
    with pytest.raises(ContractLogicError):
        scenario.do(scenario.trader(2), "deposit", token.address, HELD)
    assert_solvent(scenario, token)


GUARDED = {
    "deposit": lambda _, token: [token, 1],
    "depositWithPermit": lambda _, token: [token, 1, 2**40, 27, bytes(32), bytes(32)],
    "depositWithPermit2": lambda _, token: [token, 1, 0, 2**40, b""],
    "withdraw": lambda trader, token: [token, trader],
    "withdrawWithVoucher": lambda trader, token: [(trader, token, 1, trader, 1, 2**39, 0), b""],
    "withdrawFees": lambda trader, token: [token, trader],
    "requestWithdrawal": lambda _, token: [token, 1],
    "cancelWithdrawalRequest": lambda _, token: [token],
    "exit": lambda _, token: [[token]],
    "settle": lambda *_: [b""],
}
"""Everything that touches the ledger, and arguments."""


@pytest.mark.parametrize("call", GUARDED)
def test_a_token_with_hooks_can_not_call_back(scenario, deploy, listed, call):
    weird, trader = listed(token=deploy("ReentrantToken")), scenario.trader(1)
    token = weird.token
    scenario.deposit(trader, token, HELD)
    scenario.fund(trader, token, LOT)
    scenario.do(trader, "requestWithdrawal", token.address, LOT)
    scenario.advance(WINDOW_MAX)
    payload = scenario.exchange.encode_abi(call, args=GUARDED[call](trader.address, token.address))
    change(scenario, token.functions.arm(scenario.exchange.address, payload))
    scenario.do(scenario.owner, "setFeeCollector", token.address)
    for during, last in (("deposit", LOT), ("withdraw", trader.address)):
        scenario.do(trader, during, token.address, last)
        assert token.functions.lastSucceeded().call() is False
        answer = token.functions.lastReturned().call().hex()
        assert answer == keccak(text="ReentrancyGuardReentrantCall()")[:4].hex()
    assert_solvent(scenario, token)
