"""A voucher of the operator pays its exact amount, once, in time, to its account alone, and never waits."""

import pytest
from eth_account import Account
from promises import digest, signed, voucher
from scenario import EXIT_DELAY, MAIN, WINDOW_MAX

NOBODY = "0x" + "00" * 20
STRANGER = Account.create()


@pytest.fixture
def redeem(scenario, operator_key):
    """Redeem a voucher as trader 1, signed by the operator unless another key is given."""

    def redeem(message=None, *, key=operator_key, sender=None):
        trader = scenario.trader(1)
        message = voucher(scenario, trader) if message is None else message
        signature = signed(scenario, key, "Voucher", message)
        sent = tuple(message.values())
        return scenario.do(sender or trader, "withdrawWithVoucher", sent, signature)

    return redeem


def test_a_voucher_pays_at_once_and_says_so(scenario, redeem):
    trader, quote = scenario.trader(1), scenario.market.quote
    recipient = STRANGER.address
    owed = scenario.read("liabilities", quote.address)
    receipt = redeem(voucher(scenario, trader, recipient=recipient))
    event = scenario.exchange.events.VoucherRedeemed().process_log(receipt["logs"][-1])["args"]
    assert dict(event) == {
        "account": trader.address,
        "token": quote.address,
        "amount": 500,
        "recipient": recipient,
        "salt": 7,
    }
    assert quote.functions.balanceOf(recipient).call() == 500
    assert scenario.balance(trader, quote) == MAIN - 500
    assert scenario.read("liabilities", quote.address) == owed - 500
    scenario.assert_solvent()


def test_the_contract_hashes_it_as_wallets_do(scenario):
    message = voucher(scenario, scenario.trader(1))
    assert scenario.read("hashVoucher", tuple(message.values())) == digest(
        scenario, "Voucher", message
    )


def test_a_salt_is_good_once_for_each_account(scenario, redeem):
    trader, other = scenario.trader(1), scenario.trader(2)
    message = voucher(scenario, trader)
    assert scenario.read("voucherUsed", trader.address, 7) is False
    redeem(message)
    assert scenario.read("voucherUsed", trader.address, 7) is True
    for again in (message, message | {"amount": 1}):
        with scenario.reverts("VoucherAlreadyUsed()"):
            redeem(again)
    redeem(message | {"salt": 8})
    redeem(voucher(scenario, other), sender=other)


@pytest.mark.parametrize("field", ["token", "amount", "recipient", "salt", "deadline", "minBatch"])
def test_nothing_of_it_can_be_changed(scenario, operator_key, field):
    """A changed voucher has another signer, who is not the operator."""
    trader = scenario.trader(1)
    message = voucher(scenario, trader, minBatch=0)
    signature = signed(scenario, operator_key, "Voucher", message)
    scenario.settle()
    change = {
        "token": scenario.market.base.address,
        "recipient": STRANGER.address,
    }.get(field, message[field] + 1 if isinstance(message[field], int) else None)
    with scenario.reverts("NotOperator()"):
        scenario.do(
            trader, "withdrawWithVoucher", tuple((message | {field: change}).values()), signature
        )
    scenario.do(trader, "withdrawWithVoucher", tuple(message.values()), signature)


def test_nobody_redeems_anothers_voucher(scenario, redeem):
    with scenario.reverts("NotTheAccount()"):
        redeem(voucher(scenario, scenario.trader(1)), sender=scenario.trader(2))


@pytest.mark.parametrize("key", [STRANGER, "trader"])
def test_only_the_operator_can_give_one(scenario, redeem, key):
    with scenario.reverts("NotOperator()"):
        redeem(key=scenario.trader(1).account if key == "trader" else key)


@pytest.mark.parametrize(
    ("signature", "error"),
    [
        (b"", "ECDSAInvalidSignatureLength(uint256)"),
        (b"\x01" * 64, "ECDSAInvalidSignatureLength(uint256)"),
        (bytes(64) + b"\x1b", "ECDSAInvalidSignature()"),
        (b"\xff" * 64 + b"\x1b", "ECDSAInvalidSignatureS(bytes32)"),
    ],
)
def test_what_is_no_signature_is_refused(scenario, signature, error):
    trader = scenario.trader(1)
    with scenario.reverts(error):
        scenario.do(
            trader, "withdrawWithVoucher", tuple(voucher(scenario, trader).values()), signature
        )


def test_it_ends_with_its_deadline(scenario, redeem):
    trader = scenario.trader(1)
    deadline = scenario.now() + 100
    scenario.rpc("evm_setNextBlockTimestamp", deadline)
    redeem(voucher(scenario, trader, deadline=deadline))
    assert scenario.now() == deadline
    scenario.advance(1)
    with scenario.reverts("VoucherExpired()"):
        redeem(voucher(scenario, trader, deadline=deadline, salt=8))


def test_it_waits_for_its_batch(scenario, redeem):
    number = scenario.read("batchState")[0]
    message = voucher(scenario, scenario.trader(1), minBatch=number + 1)
    with scenario.reverts("TooEarly(uint256)"):
        redeem(message)
    scenario.settle()
    redeem(message)


def test_it_pays_exactly_or_not_at_all(scenario, redeem):
    trader, quote = scenario.trader(1), scenario.market.quote
    message = voucher(scenario, trader, amount=MAIN + 1)
    with scenario.reverts("BalanceTooLow(uint256)"):
        redeem(message)
    scenario.deposit(trader, quote, 1)
    redeem(message)
    assert scenario.balance(trader, quote) == 0
    scenario.assert_solvent()


def test_it_pays_somebody_and_something(scenario, redeem):
    trader = scenario.trader(1)
    for recipient in (NOBODY, scenario.exchange.address):
        with scenario.reverts("ZeroAddress()"):
            redeem(voucher(scenario, trader, recipient=recipient))
    with scenario.reverts("ZeroAmount()"):
        redeem(voucher(scenario, trader, amount=0))


def test_it_ends_with_its_operator(scenario, redeem, operator_key):
    """What the operator before has signed counts no more; the successor's does."""
    successor = scenario.trader(3)
    scenario.do(scenario.owner, "proposeOperator", successor.address)
    scenario.advance(2 * WINDOW_MAX)
    message = voucher(scenario, scenario.trader(1))
    scenario.do(successor, "acceptOperator")
    with scenario.reverts("NotOperator()"):
        redeem(message, key=operator_key)
    redeem(message, key=successor.account)


def test_a_pause_does_not_stop_it(scenario, redeem):
    scenario.do(scenario.owner, "pause")
    redeem()


def test_a_freeze_does_not_stop_it(scenario, redeem):
    scenario.advance(EXIT_DELAY + 1)
    scenario.do(scenario.trader(2), "freeze")
    redeem()


def test_a_requested_withdrawal_stays_requested_and_pays_what_is_left(scenario, redeem):
    trader, quote = scenario.trader(1), scenario.market.quote
    scenario.do(trader, "requestWithdrawal", quote.address, MAIN - 100)
    redeem()
    scenario.advance(WINDOW_MAX)
    assert scenario.read("pendingWithdrawal", trader.address, quote.address)[0] == MAIN - 100
    redeem(voucher(scenario, trader, salt=8))
    scenario.do(trader, "withdraw", quote.address, trader.address)
    assert quote.functions.balanceOf(trader.address).call() == MAIN
    assert scenario.balance(trader, quote) == 0
    scenario.assert_solvent()
