"""An order that its account approved on chain settles without a signature, until the approval is taken back."""

from dataclasses import replace

import pytest
from eth_account import Account
from scenario import LOT, MAIN, SELL, WATCH_LAG, WINDOW_MAX, Trader, layout, nonce

R, C = layout.SkipReason, layout.Culprit
REFUSED = [(C.MAKER, R.APPROVAL)]


def approved(scenario, index=0, **changes):
    """A sell that is to settle by approval; nobody signed it."""
    return scenario.sell(index, 2500, 10, approved=True, **changes)


def bought(scenario, maker, lots=3):
    return scenario.settle((scenario.buy(1, 2500, 100), (maker, lots)))


def approve(scenario, order, index=0):
    scenario.do(scenario.trader(index), "approveOrder", order.digest)


def test_an_approved_order_settles(scenario):
    maker = approved(scenario)
    approve(scenario, maker)
    assert bought(scenario, maker).reasons == []
    assert scenario.balance(scenario.trader(0), scenario.market.base) == (MAIN - 3) * LOT
    scenario.assert_solvent()


def test_an_order_that_was_not_approved_is_refused(scenario):
    assert bought(scenario, approved(scenario)).reasons == REFUSED


def test_the_approval_of_another_account_is_refused(scenario):
    maker = approved(scenario)
    approve(scenario, maker, 2)
    assert bought(scenario, maker).reasons == REFUSED


@pytest.mark.parametrize(
    "change", [{"price": 2499}, {"lots": 11}, {"nonce": nonce(9)}], ids=lambda c: next(iter(c))
)
def test_terms_changed_after_approving_are_refused(scenario, change):
    maker = approved(scenario)
    approve(scenario, maker)
    assert bought(scenario, scenario.replace(maker, **change)).reasons == REFUSED


def test_a_signature_is_no_approval_and_an_approval_no_signature(scenario):
    signed = scenario.sell(0, 2500, 10)
    assert bought(scenario, scenario.replace(signed, kind=3, signature=b"")).reasons == REFUSED
    approve(scenario, signed)
    blank = scenario.replace(signed, signature=bytes(64))
    assert bought(scenario, blank).reasons == [(C.MAKER, R.SIGNATURE)]


def test_a_revoked_approval_settles_until_the_revocation_is_covered(scenario):
    maker = approved(scenario)
    approve(scenario, maker)
    scenario.do(scenario.trader(0), "revokeApproval", maker.digest)
    assert bought(scenario, maker).reasons == []
    scenario.advance(WATCH_LAG + 2)
    assert bought(scenario, maker).reasons == []
    assert bought(scenario, maker).reasons == REFUSED


def test_a_revocation_takes_effect_after_the_window_whatever_is_covered(scenario):
    maker, taker = approved(scenario), scenario.buy(1, 2500, 100)
    approve(scenario, maker)
    scenario.do(scenario.trader(0), "revokeApproval", maker.digest)
    revoked = scenario.now()
    scenario.rpc("evm_setNextBlockTimestamp", revoked + WINDOW_MAX - 1)
    assert scenario.settle((taker, (maker, 3)), matched_through_s=revoked).reasons == []
    scenario.rpc("evm_setNextBlockTimestamp", revoked + WINDOW_MAX)
    assert scenario.settle((taker, (maker, 3)), matched_through_s=revoked).reasons == REFUSED


def test_an_approved_order_obeys_lanes_floors_and_expiry(scenario):
    expiry = scenario.now() + 10
    short, live = approved(scenario, expiry=expiry), approved(scenario, 2)
    approve(scenario, short)
    approve(scenario, live, 2)
    assert bought(scenario, live, 10).reasons == []
    assert bought(scenario, live, 1).reasons == [(C.MAKER, R.LOTS)]
    scenario.advance(WINDOW_MAX + 20)
    assert bought(scenario, short).reasons == [(C.MAKER, R.EXPIRY)]


def contract_wallet(scenario):
    """A funded account with code and no key: all it can do is call."""
    wallet = Trader(Account.from_key(b"\x09" * 32))  # never signs: the chain lets any address send
    scenario.rpc("anvil_setCode", wallet.address, "0x60006000fd")
    scenario.rpc("anvil_setBalance", wallet.address, hex(10**20))
    scenario.traders[40] = wallet
    scenario.deposit(wallet, scenario.market.base, 100 * LOT)
    return wallet


def test_a_contract_wallet_trades_without_any_signature(scenario):
    """Settling never asks the wallet: its code here reverts whatever it is asked."""
    wallet = contract_wallet(scenario)
    maker = scenario.sign(wallet, SELL, 2500, 10, approved=True)
    assert bought(scenario, maker).reasons == REFUSED
    scenario.do(wallet, "approveOrder", maker.digest)
    assert bought(scenario, maker).reasons == []
    assert scenario.balance(wallet, scenario.market.base) == 97 * LOT


def test_an_approval_by_the_traders_signature_settles(scenario):
    """Anyone can submit it; it is checked when approving, not when settling."""
    signed = scenario.sell(0, 2500, 10)
    message = scenario.terms(scenario.trader(0), SELL, 2500, 10, expiry=signed.entry.expiry_s)
    signature = scenario.trader(0).account.unsafe_sign_hash(signed.digest).signature
    scenario.do(
        scenario.trader(3), "approveOrderBySignature", tuple(message.values()), bytes(signature)
    )
    assert bought(scenario, scenario.replace(signed, kind=3, signature=b"")).reasons == []


def test_an_account_that_got_code_settles_by_its_own_signature(scenario):
    """EIP-7702: code at the trader's address changes neither the signature kind nor who signs."""
    order = scenario.sell(0, 2500, 10)
    delegate = "0xef0100" + "11" * 20
    for code in (delegate, "0x60006000fd"):
        scenario.rpc("anvil_setCode", scenario.trader(0).address, code)
        assert bought(scenario, order).reasons == []
    stranger = replace(order, entry=scenario.sell(0, 2500, 10, signer=scenario.trader(2)).entry)
    assert bought(scenario, stranger).reasons == [(C.MAKER, R.SIGNATURE)]
