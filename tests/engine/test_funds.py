"""Funds move as the chain says: withdrawals, settlement, reversal, freezing and thawing."""

import pytest

from hybrid_dex.model.commands import (
    CompleteWithdrawal,
    ConfirmSettlement,
    Deposit,
    FailSettlement,
    RequestWithdrawal,
    Withdraw,
)
from hybrid_dex.model.events import (
    AccountFrozen,
    AccountUnfrozen,
    CommandRejected,
    Deposited,
    FillSettled,
    OrderCanceled,
    WithdrawalChanged,
    Withdrawn,
)
from hybrid_dex.model.order import CancelReason
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.units import MAX_AMOUNT
from tests.engine.driver import BUY, MARKET, SELL, Driver

SUBMITTED, CONFIRMED, FINAL = (
    SettlementStage.SUBMITTED,
    SettlementStage.CONFIRMED,
    SettlementStage.FINAL,
)


def traded() -> tuple[Driver, int]:
    """Bob sold alice 100 lots at 1,000: 100,000 quote, fees 100 (maker bob) and 200."""
    driver = Driver()
    driver.do(Deposit(account="bob", asset="ETH", amount=1_000))
    driver.do(Deposit(account="alice", asset="USDC", amount=100_200))
    driver.rest("bob", SELL, 100, 1_000)
    events = driver.place("alice", BUY, 100, 1_000)
    return driver, events[1].fill_id


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1, 1.0])
def test_an_amount_is_one_atom_to_the_settlement_word(amount: int) -> None:
    """Nothing else is credited or taken, and whose it is hears of it."""
    driver = Driver()
    for kind in (Deposit, Withdraw):
        (event,) = driver.do(kind(account="a", asset="ETH", amount=amount))
        assert (type(event), event.reason) == (CommandRejected, Reason.INVALID_AMOUNT)
        assert event.account == "a"
        (event,) = driver.do(kind(account="a", asset="DOGE", amount=1))
        assert (event.account, event.reason) == ("a", Reason.UNKNOWN_ASSET)


def test_the_vault_never_holds_more_than_the_settlement_word() -> None:
    """The sum over accounts has the bound, so no credit can ever exceed it."""
    driver = Driver()
    driver.do(Deposit(account="a", asset="ETH", amount=MAX_AMOUNT - 5))
    (event,) = driver.do(Deposit(account="b", asset="ETH", amount=6))
    assert event.reason is Reason.INVALID_AMOUNT
    (event,) = driver.do(Deposit(account="b", asset="ETH", amount=5))
    assert event == Deposited("b", "ETH", 5, 5)
    assert driver.engine.liabilities("ETH") == MAX_AMOUNT


def test_a_position_on_chain_counts_once() -> None:
    """Deposits and paid withdrawals share one rising position; a refused one does not take it."""
    driver = Driver()
    driver.do(Deposit(account="a", asset="ETH", amount=9, position=7))
    (event,) = driver.do(Deposit(account="a", asset="ETH", amount=9, position=7))
    assert event.reason is Reason.DEPOSIT_REPEATED
    driver.do(Deposit(account="a", asset="DOGE", amount=9, position=9))
    assert driver.engine.chain_position == 7
    (event,) = driver.do(CompleteWithdrawal(account="a", asset="ETH", amount=4, position=8))
    assert event == Withdrawn("a", "ETH", 4, 5)
    (event,) = driver.do(CompleteWithdrawal(account="a", asset="ETH", amount=4, position=8))
    assert event.reason is Reason.DEPOSIT_REPEATED


def test_proceeds_trade_at_once_and_leave_when_final() -> None:
    """The unsettled part is refused with its own number; what was deposited later may go."""
    driver, fill_id = traded()
    (event,) = driver.do(Withdraw(account="bob", asset="USDC", amount=1))
    assert event.reason is Reason.UNSETTLED_FUNDS
    driver.do(Deposit(account="bob", asset="USDC", amount=50))
    assert driver.engine.balance("bob", "USDC").withdrawable == 50
    (event,) = driver.do(Withdraw(account="bob", asset="USDC", amount=51))
    assert event.reason is Reason.UNSETTLED_FUNDS
    (event,) = driver.do(Withdraw(account="bob", asset="USDC", amount=50))
    assert event == Withdrawn("bob", "USDC", 50, 99_900)
    (event,) = driver.do(Withdraw(account="bob", asset="USDC", amount=99_901))
    assert event.reason is Reason.INSUFFICIENT_FUNDS
    order_id = driver.rest("bob", BUY, 99, 1_000)
    driver.cancel("bob", order_id)
    driver.do(ConfirmSettlement(fills=(fill_id,), stage=FINAL, batch=1))
    (event,) = driver.do(Withdraw(account="bob", asset="USDC", amount=99_900))
    assert isinstance(event, Withdrawn)
    assert driver.engine.liabilities("USDC") == 300 == driver.engine.fees("USDC")


def test_what_is_in_flight_says_what_the_chain_shows() -> None:
    """Before finality the vault's view is that of before the trade, account by account."""
    driver, fill_id = traded()
    views = {
        (account, asset): driver.engine.balance(account, asset).on_chain
        for account in ("alice", "bob")
        for asset in ("ETH", "USDC")
    }
    assert views == {
        ("alice", "ETH"): 0,
        ("alice", "USDC"): 100_200,
        ("bob", "ETH"): 1_000,
        ("bob", "USDC"): 0,
    }
    assert driver.engine.fees_in_flight("USDC") == driver.engine.fees("USDC") == 300
    driver.do(ConfirmSettlement(fills=(fill_id,), stage=FINAL, batch=1))
    assert driver.engine.balance("bob", "USDC").on_chain == 99_900
    assert driver.engine.fees_in_flight("USDC") == 0


def test_a_fill_moves_through_its_stages_and_back_on_a_reorganisation() -> None:
    """Each step is told once; a repeat is silent; after final it is no longer known."""
    driver, fill_id = traded()
    assert driver.engine.settlement_stage(fill_id) is SettlementStage.MATCHED
    steps = [(SUBMITTED, "0xa"), (CONFIRMED, "0xa"), (SUBMITTED, "0xa"), (SUBMITTED, "0xb")]
    for stage, transaction in steps:
        command = ConfirmSettlement(
            fills=(fill_id, 5), stage=stage, batch=1, transaction=transaction
        )
        (event,) = driver.do(command)
        assert (type(event), event.stage, event.transaction) == (FillSettled, stage, transaction)
        assert driver.do(command) == ()
        assert driver.engine.settlement_stage(fill_id) is stage
    assert [fill.fill_id for fill in driver.engine.unsettled()] == [fill_id]
    final = ConfirmSettlement(fills=(fill_id, fill_id), stage=FINAL, batch=1)
    assert len(driver.do(final)) == 1
    assert not driver.engine._desk.flight.progress
    assert driver.engine.settlement_stage(fill_id) is None
    assert driver.engine.matched_fill(fill_id) is None
    assert driver.do(final)[0].reason is Reason.UNKNOWN_FILL


@pytest.mark.parametrize("stage", [SettlementStage.MATCHED, SettlementStage.FAILED])
def test_a_confirmation_can_not_go_to_matched_or_failed(stage: SettlementStage) -> None:
    """Those are no progress."""
    driver, fill_id = traded()
    (event,) = driver.do(ConfirmSettlement(fills=(fill_id,), stage=stage, batch=1))
    assert (event.reason, event.field) == (Reason.INVALID_MESSAGE, "stage")


def test_a_failed_fill_gives_everything_back() -> None:
    """Funds, fees and flight are as before the trade; the quantity is not put back."""
    driver, fill_id = traded()
    (event,) = driver.do(FailSettlement(failures=(FillFailure(fill_id, 7),), batch=1))
    assert (event.stage, event.reason) == (SettlementStage.FAILED, 7)
    assert driver.available("alice", "USDC") == 100_200
    assert driver.available("bob", "ETH") == 1_000
    assert driver.engine.fees("USDC") == 0
    assert list(driver.engine.resting(MARKET.id)) == []
    assert driver.do(FailSettlement(failures=(FillFailure(fill_id, 7),), batch=1))[0].reason is (
        Reason.UNKNOWN_FILL
    )


def test_what_a_failed_fill_paid_for_is_reversed_with_it_and_nothing_else() -> None:
    """One command for a receipt: the fill, the one that spent its proceeds; independent ones stand."""
    driver, first = traded()
    driver.do(Deposit(account="dave", asset="ETH", amount=2_000))
    driver.do(Deposit(account="carol", asset="USDC", amount=200_000))
    left = driver.rest("dave", SELL, 80, 1_000)
    before = {who: driver.engine.balances(who) for who in ("carol", "dave")}
    second = driver.place("bob", BUY, 50, 1_000)[1].fill_id  # out of what alice paid
    third = driver.place("carol", BUY, 10, 1_000)[1].fill_id
    failures = (FillFailure(second, 6, None), FillFailure(first, 1, None))
    events = driver.do(FailSettlement(failures=failures, batch=1))
    assert [(type(event), event.fill_id) for event in events] == [
        (FillSettled, first),
        (FillSettled, second),
    ]
    for who, asset, amount in (("alice", "USDC", 100_200), ("bob", "ETH", 1_000)):
        assert driver.engine.balance(who, asset).on_chain == driver.available(who, asset) == amount
    assert driver.available("bob", "USDC") == driver.available("alice", "ETH") == 0
    assert not driver.engine.is_frozen("bob")
    assert [fill.fill_id for fill in driver.engine.unsettled()] == [third]
    assert driver.engine.fees("USDC") == driver.engine.fees_in_flight("USDC") == 10 + 20
    (order,) = driver.engine.open_orders("dave")
    assert (order.order_id, order.open, order.filled) == (left, 20, 60)
    driver.do(FailSettlement(failures=(FillFailure(third, 6, left),), batch=2))
    assert driver.engine.fees("USDC") == 0
    now = {who: driver.engine.balances(who) for who in ("carol", "dave")}
    unheld = [balance.total for balances in before.values() for balance in balances]
    assert [b.total for balances in now.values() for b in balances if b.total] == unheld


def test_the_culprit_loses_the_rest_of_its_order() -> None:
    """The other order stands."""
    driver = Driver()
    driver.fund("alice", "bob")
    maker = driver.rest("bob", SELL, 100, 1_000)
    fill_id = driver.place("alice", BUY, 30, 1_000)[1].fill_id
    other = driver.rest("bob", SELL, 5, 2_000)
    failures = (FillFailure(fill_id, 3, maker), FillFailure(99, 3, other))
    settled, canceled = driver.do(FailSettlement(failures=failures, batch=1))
    assert isinstance(settled, FillSettled)
    assert (canceled.order_id, canceled.reason, canceled.open) == (
        maker,
        CancelReason.SETTLEMENT_FAILED,
        70,
    )
    assert driver.engine.open_order_count("bob") == 1


def test_a_reversal_cancels_what_is_no_longer_covered_newest_first() -> None:
    """Bob spent proceeds that never came: his last orders go until the rest is covered."""
    driver, fill_id = traded()
    old = driver.rest("bob", BUY, 40, 1_000)
    new = driver.rest("bob", BUY, 50, 1_000)
    driver.do(Deposit(account="bob", asset="USDC", amount=40_080))
    events = driver.do(FailSettlement(failures=(FillFailure(fill_id, 7),), batch=1))
    assert [event.order_id for event in events if isinstance(event, OrderCanceled)] == [new]
    assert events[-1].reason is CancelReason.UNCOVERED
    assert driver.engine.open_orders("bob")[0].order_id == old
    assert not driver.engine.is_frozen("bob")


def test_an_account_left_short_is_frozen_until_it_is_covered() -> None:
    """It can cancel, but neither place, replace nor withdraw; a deposit of what is short thaws it."""
    driver, fill_id = traded()
    driver.do(Deposit(account="bob", asset="ETH", amount=500))
    stays = driver.rest("bob", SELL, 10, 5_000)
    driver.do(Deposit(account="dave", asset="ETH", amount=990))
    driver.rest("dave", SELL, 99, 1_000)
    second = driver.place("bob", BUY, 99, 1_000)[1].fill_id
    events = driver.do(FailSettlement(failures=(FillFailure(fill_id, 7),), batch=1))
    short = 100_000 - 100 - (99_900 - 99_000 - 198)
    assert events[-1] == AccountFrozen("bob", "USDC", short)
    assert driver.engine.is_frozen("bob")
    (event,) = driver.place("bob", SELL, 1, 5_000)
    assert event.reason is Reason.ACCOUNT_FROZEN
    (event,) = driver.replace("bob", stays, 5, 5_000)
    assert event.reason is Reason.ACCOUNT_FROZEN
    (event,) = driver.do(Withdraw(account="bob", asset="ETH", amount=1))
    assert event.reason is Reason.ACCOUNT_FROZEN
    assert driver.do(Deposit(account="bob", asset="USDC", amount=short - 1))[1:] == ()
    assert driver.do(Deposit(account="bob", asset="USDC", amount=1))[1:] == (
        AccountUnfrozen("bob"),
    )
    assert isinstance(driver.cancel("bob", stays)[0], OrderCanceled)
    driver.do(ConfirmSettlement(fills=(second,), stage=FINAL, batch=2))


def test_a_frozen_account_is_covered_by_its_own_resting_order_too() -> None:
    """Proceeds of an order that still rests thaw the account in the same command."""
    driver, fill_id = traded()
    driver.do(Deposit(account="bob", asset="ETH", amount=2_000))
    driver.rest("bob", SELL, 200, 2_000)
    driver.do(RequestWithdrawal(account="bob", asset="USDC", amount=99_900))
    driver.do(FailSettlement(failures=(FillFailure(fill_id, 7),), batch=1))
    assert driver.engine.is_frozen("bob")
    driver.fund("carol")
    events = driver.place("carol", BUY, 200, 2_000)
    assert events[-1] == AccountUnfrozen("bob")


def test_a_requested_withdrawal_stops_trading_at_once() -> None:
    """Asking again replaces the request, zero returns it, and a repeat is silent."""
    driver = Driver()
    driver.do(Deposit(account="a", asset="USDC", amount=100))
    for amount, available in ((60, 40), (30, 70), (0, 100)):
        command = RequestWithdrawal(account="a", asset="USDC", amount=amount)
        assert driver.do(command) == (WithdrawalChanged("a", "USDC", amount, available),)
        assert driver.do(command) == ()
        assert driver.engine.balance("a", "USDC").withdrawing == amount


def test_a_requested_withdrawal_cancels_newest_first_then_freezes() -> None:
    """What the orders hold goes to the withdrawal; what nobody has freezes the account."""
    driver = Driver()
    driver.do(Deposit(account="a", asset="ETH", amount=100))
    old, new = driver.rest("a", SELL, 3, 5_000), driver.rest("a", SELL, 3, 5_000)
    events = driver.do(RequestWithdrawal(account="a", asset="ETH", amount=60))
    assert [event.order_id for event in events[1:]] == [new]
    events = driver.do(RequestWithdrawal(account="a", asset="ETH", amount=101))
    assert events[1].order_id == old
    assert events[2] == AccountFrozen("a", "ETH", 1)
    events = driver.do(CompleteWithdrawal(account="a", asset="ETH", amount=100))
    assert events == (
        Withdrawn("a", "ETH", 100, -1),
        WithdrawalChanged("a", "ETH", 1, -1),
        AccountFrozen("a", "ETH", 1),
    )
    events = driver.do(RequestWithdrawal(account="a", asset="ETH", amount=0))
    assert events == (WithdrawalChanged("a", "ETH", 0, 0), AccountUnfrozen("a"))
    assert driver.engine.liabilities("ETH") == 0


def test_a_payment_that_nobody_asked_for_is_booked_all_the_same() -> None:
    """A fact is a fact: orders go, the account may end short, and the books stay right."""
    driver = Driver()
    driver.do(Deposit(account="a", asset="ETH", amount=100))
    driver.rest("a", SELL, 8, 5_000)
    events = driver.do(CompleteWithdrawal(account="a", asset="ETH", amount=110))
    assert [type(event) for event in events] == [Withdrawn, OrderCanceled, AccountFrozen]
    assert driver.available("a", "ETH") == -10


def test_a_token_that_keeps_a_fee_is_credited_with_what_arrived() -> None:
    """100 sent and 97 arrived: 97 trade, and not an atom of other people's leaves with them."""
    driver = Driver()
    driver.do(Deposit(account="alice", asset="USDC", amount=100, position=1))
    driver.do(Deposit(account="bob", asset="USDC", amount=97, position=2))
    assert driver.engine.liabilities("USDC") == 197
    assert driver.place("bob", BUY, 1, 98)[0].reason is Reason.INSUFFICIENT_FUNDS
    driver.rest("bob", BUY, 1, 90)
    changed, canceled, frozen = driver.do(
        RequestWithdrawal(account="bob", asset="USDC", amount=100)
    )
    assert (type(changed), type(canceled)) == (WithdrawalChanged, OrderCanceled)
    assert frozen == AccountFrozen("bob", "USDC", 3)
    driver.do(CompleteWithdrawal(account="bob", asset="USDC", amount=97, position=3))
    assert driver.engine.balance("bob", "USDC").total == 0
    assert driver.engine.liabilities("USDC") == driver.available("alice", "USDC") == 100
    *_, thawed = driver.do(RequestWithdrawal(account="bob", asset="USDC", amount=0))
    assert thawed == AccountUnfrozen("bob")
    assert driver.available("bob", "USDC") == 0
