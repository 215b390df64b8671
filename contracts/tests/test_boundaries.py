"""What lies beside a batch in calldata, and what was signed for another exchange, counts for nothing."""

from dataclasses import replace

import pytest
from eth_utils import keccak
from promises import receipt, signed, voucher
from scenario import GAS, LOT, MAIN, MARKET, TICK, layout
from web3.exceptions import ContractCustomError, ContractLogicError

R, C = layout.SkipReason, layout.Culprit
SETTLE = keccak(text="settle(bytes)")[:4]


def word(number):
    return number.to_bytes(32, "big")


def call(scenario, data):
    """Call settle with these bytes after the selector, then send them."""
    transaction = {
        "from": scenario.operator,
        "to": scenario.exchange.address,
        "data": "0x" + (SETTLE + data).hex(),
        "gas": GAS,
    }
    scenario.w3.eth.call(transaction)
    sent = scenario.w3.eth.send_transaction(transaction)
    assert scenario.w3.eth.wait_for_transaction_receipt(sent, poll_latency=0.005)["status"] == 1


@pytest.fixture
def batch(scenario):
    """One trade of one lot at 2500, encoded."""
    trade = scenario.buy(1, 2500, 1), (scenario.sell(0, 2500, 1), 1)
    return layout.encode_batch(scenario.batch(scenario.section(trade)))


def sold(scenario):
    """Lots of trader 0 that were sold."""
    balance = scenario.balance(scenario.trader(0), scenario.market.base)
    return (MAIN * LOT - balance) // LOT


@pytest.mark.parametrize("aside", [0, 1, 31, 84, 300])
def test_a_batch_is_read_where_its_offset_points(scenario, batch, aside):
    """Not where an encoder would have put it; what lies before and behind is not looked at."""
    junk = b"\xa5" * aside
    call(scenario, word(32 + aside) + junk + word(len(batch)) + batch + b"\xa5" * 500)
    assert sold(scenario) == 1


@pytest.mark.parametrize("missing", [1, 7, 15, 60, 200])
def test_nothing_behind_the_batch_completes_it(scenario, batch, missing):
    """The rest of the batch lies right behind it in calldata, and would be read: still refused."""
    with pytest.raises(ContractCustomError, match=keccak(text="WrongLength()")[:4].hex()):
        call(scenario, word(32) + word(len(batch) - missing) + batch)
    assert sold(scenario) == 0


@pytest.mark.parametrize("length", [2**64 - 1, 2**64, 2**256 - 84, 2**256 - 1, 10**6])
def test_a_length_beyond_calldata_is_refused(scenario, batch, length):
    with pytest.raises(ContractLogicError):
        call(scenario, word(32) + word(length) + batch)


@pytest.mark.parametrize("offset", [2**64, 2**256 - 32, 2**255, 10**6])
def test_an_offset_beyond_calldata_is_refused(scenario, batch, offset):
    with pytest.raises(ContractLogicError):
        call(scenario, word(offset) + word(len(batch)) + batch)


@pytest.fixture
def twin(scenario, deploy_exchange):
    """Another exchange with the same tokens, market, operator and, by two traders, the same deposits."""
    exchange = deploy_exchange(scenario.owner, scenario.operator)
    twin = replace(scenario, exchange=exchange, traders={}, functions={}, sequence=0)
    base, quote = scenario.market.base, scenario.market.quote
    twin.do(twin.owner, "listAsset", base.address)
    twin.do(twin.owner, "listAsset", quote.address)
    twin.do(twin.owner, "listMarket", MARKET, base.address, quote.address, LOT, TICK)
    for index in (0, 1):
        twin.trader(index)
    return twin


def test_an_order_is_good_at_one_exchange(scenario, twin):
    order, maker = scenario.buy(1, 2500, 1), scenario.sell(0, 2500, 1)
    assert twin.settle((order, (maker, 1))).reasons == [(C.TAKER, R.SIGNATURE)]
    assert scenario.settle((order, (maker, 1))).reasons == []


def test_a_voucher_and_a_receipt_are_good_at_one_exchange(scenario, twin, operator_key):
    trader = scenario.trader(1)
    for function, name, message in (
        ("withdrawWithVoucher", "Voucher", voucher(scenario, trader)),
        ("cancelWithReceipt", "CancelReceipt", receipt(scenario, trader)),
    ):
        signature = signed(scenario, operator_key, name, message)
        with twin.reverts("NotOperator()"):
            twin.do(trader, function, tuple(message.values()), signature)
        scenario.do(trader, function, tuple(message.values()), signature)
