"""The ledger's own proof finds what does not add up."""

import pytest

from hybrid_dex.engine.ledger import Entry, Ledger
from hybrid_dex.errors import InvariantError
from tests.engine.driver import BUY, MARKET, SELL, Driver


def test_sums_hold_through_every_posting() -> None:
    """Deposit, hold, trade with fees, reserve, withdraw."""
    ledger = Ledger()
    ledger.deposit("a", "USDC", 1_000)
    ledger.deposit("b", "ETH", 50)
    ledger.hold("a", "USDC", 600)
    ledger.hold("b", "ETH", 50)
    ledger.check()
    ledger.trade(MARKET, "a", "b", base=50, notional=500, buyer_fee=3, seller_fee=2, released=97)
    ledger.check()
    assert ledger.find("a", "USDC") == Entry(497, 0, 0, 0, 503)
    assert ledger.find("b", "USDC") == Entry(498, 0, 0, 498, 0)
    assert (ledger.fees, ledger.fees_in_flight) == ({"USDC": 5}, {"USDC": 5})
    ledger.reserve("a", "USDC", 400)
    ledger.withdraw("b", "USDC", 1)
    ledger.check()


@pytest.mark.parametrize("wrong", ["available", "held", "withdrawing", "incoming", "outgoing"])
def test_one_atom_too_many_is_found(wrong: str) -> None:
    """Wherever it is."""
    ledger = Ledger()
    entry = ledger.deposit("a", "USDC", 1_000)
    ledger.check()
    setattr(entry, wrong, getattr(entry, wrong) + 1)
    with pytest.raises(InvariantError):
        ledger.check()


def test_what_the_vault_never_held_adds_up_to_nothing() -> None:
    """An account may have a row for it, and not one atom."""
    ledger = Ledger()
    entry = ledger.entry("a", "ETH")
    ledger.check()
    entry.available = 1
    with pytest.raises(InvariantError, match="do not add up to 0"):
        ledger.check()


def test_a_negative_part_is_found() -> None:
    """Even where the sum is right."""
    ledger = Ledger()
    entry = ledger.deposit("a", "USDC", 1_000)
    entry.held, entry.available = -1, 1_001
    with pytest.raises(InvariantError, match="negative"):
        ledger.check()


def test_the_engine_proof_finds_a_hold_that_no_order_needs() -> None:
    """And a book that forgot an order, and one that knows it otherwise."""
    driver = Driver()
    driver.fund("alice", "bob")
    order_id = driver.rest("alice", BUY, 5, 10)
    driver.rest("bob", SELL, 5, 20)
    desk = driver.engine._desk
    desk.ledger.hold("alice", "USDC", 1)
    with pytest.raises(InvariantError, match="its orders need another sum"):
        driver.engine.check()
    desk.ledger.hold("alice", "USDC", -1)
    driver.engine.check()
    book = desk.venues[MARKET.id].book
    book.reduce(order_id, 1)
    with pytest.raises(InvariantError, match="is not what the engine knows"):
        driver.engine.check()
    book.remove(order_id)
    with pytest.raises(InvariantError, match="1 orders rest, 0 wait, 2 are live"):
        driver.engine.check()
