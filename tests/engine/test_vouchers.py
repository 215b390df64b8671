"""A voucher takes settled funds out of trading until the chain paid it or no longer can, once."""

from itertools import permutations

import msgspec
import pytest

from hybrid_dex.model.commands import (
    Command,
    CompleteWithdrawal,
    ConfirmSettlement,
    Deposit,
    ExpireVoucher,
    FailSettlement,
    IssueVoucher,
    RedeemVoucher,
    RequestWithdrawal,
)
from hybrid_dex.model.events import (
    AccountFrozen,
    AccountUnfrozen,
    CommandRejected,
    OrderCanceled,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
)
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.vouchers import MAX_VOUCHER_LIFETIME_S, Voucher
from tests.engine.driver import BUY, SECOND, SELL, Driver, make_engine

ISSUE = IssueVoucher(account="alice", asset="USDC", amount=400, recipient="0xTO", deadline_s=1_000)


def funded() -> Driver:
    driver = Driver()
    driver.do(Deposit(account="alice", asset="USDC", amount=1_000))
    driver.do(Deposit(account="bob", asset="ETH", amount=10_000))
    return driver


def redeem(salt: int, position: int = 9, amount: int = 400) -> RedeemVoucher:
    return RedeemVoucher(
        account="alice", asset="USDC", amount=amount, salt=salt, position=position << 24
    )


def expire(salt: int, asset: str = "USDC") -> ExpireVoucher:
    return ExpireVoucher(account="alice", asset=asset, salt=salt)


def test_a_voucher_sets_funds_aside_and_its_salt_is_its_commands_number() -> None:
    """They can not be traded, and are still in the vault."""
    driver = funded()
    (event,) = driver.do(ISSUE)
    salt = driver.engine.sequence
    assert event == VoucherIssued("alice", "USDC", 400, "0xTO", salt, 1_000, 0, 600)
    balance = driver.engine.balance("alice", "USDC")
    assert (balance.available, balance.vouchers) == (600, 400)
    assert balance.total == balance.on_chain == driver.engine.liabilities("USDC") == 1_000
    assert driver.place("alice", BUY, 1, 601)[0].reason is Reason.INSUFFICIENT_FUNDS
    voucher = Voucher(
        account="alice", asset="USDC", amount=400, recipient="0xTO", salt=salt, deadline_s=1_000
    )
    assert driver.engine.vouchers("alice") == driver.engine.vouchers() == (voucher,)
    assert driver.engine.vouchers("bob") == ()


def test_a_paid_voucher_leaves_the_vault_once() -> None:
    """The same fact again is known already."""
    driver = funded()
    driver.do(ISSUE)
    salt = driver.engine.sequence
    assert driver.do(redeem(salt)) == (VoucherRedeemed("alice", "USDC", 400, salt, 600),)
    assert driver.engine.liabilities("USDC") == driver.engine.balance("alice", "USDC").total == 600
    assert driver.engine.vouchers() == ()
    assert driver.do(redeem(salt))[0].reason is Reason.DEPOSIT_REPEATED
    assert driver.do(expire(salt))[0].reason is Reason.UNKNOWN_VOUCHER
    assert driver.available("alice", "USDC") == 600


def test_an_expired_voucher_comes_back_once() -> None:
    """Of this asset only, and no clock of ours does it."""
    driver = funded()
    driver.do(ISSUE)
    salt = driver.engine.sequence
    driver.at_ns = 2_000 * SECOND
    assert driver.do(expire(salt, "ETH"))[0].reason is Reason.UNKNOWN_VOUCHER
    assert driver.engine.balance("alice", "USDC").vouchers == 400
    assert driver.do(expire(salt)) == (VoucherExpired("alice", "USDC", 400, salt, 1_000),)
    assert driver.do(expire(salt))[0].reason is Reason.UNKNOWN_VOUCHER
    assert driver.available("alice", "USDC") == 1_000


def test_a_voucher_that_is_paid_although_it_is_unknown_is_debited() -> None:
    """The vault is right; an account that is short of it then is frozen, and its orders go."""
    driver = funded()
    driver.rest("alice", BUY, 1, 700)
    redeemed, canceled, frozen = driver.do(redeem(77, amount=1_100))
    assert redeemed == VoucherRedeemed("alice", "USDC", 1_100, 77, -801)
    assert isinstance(canceled, OrderCanceled)
    assert frozen == AccountFrozen("alice", "USDC", 100)
    assert driver.do(ISSUE)[0].reason is Reason.ACCOUNT_FROZEN


def test_a_salt_that_the_account_chose_is_never_used_again() -> None:
    """Open, paid or over, also after a restart; a higher one and the engine's own always work."""
    driver = funded()
    chosen = 2**40 + 5
    issue = msgspec.structs.replace(ISSUE, salt=chosen, amount=10)
    assert driver.do(issue)[0].salt == chosen
    assert driver.do(issue)[0].field == "salt"
    driver.do(redeem(chosen, amount=10))
    restored = make_engine()
    restored.restore(driver.engine.snapshot())
    assert restored.state_hash() == driver.engine.state_hash()
    after = Driver()
    after.engine, after.at_ns = restored, driver.at_ns
    for again in (driver, after):
        for salt in (chosen, chosen - 1, 2**40):
            (refused,) = again.do(msgspec.structs.replace(issue, salt=salt))
            assert (refused.reason, refused.field) == (Reason.INVALID_VOUCHER, "salt")
        assert again.do(ISSUE)[0].salt == again.engine.sequence
        assert again.do(msgspec.structs.replace(issue, salt=chosen + 1))[0].salt == chosen + 1
        bob = msgspec.structs.replace(issue, account="bob", asset="ETH", salt=2**40)
        assert isinstance(again.do(bob)[0], VoucherIssued)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("asset", "DOGE", Reason.UNKNOWN_ASSET),
        ("amount", 0, Reason.INVALID_AMOUNT),
        ("amount", 1_001, Reason.INSUFFICIENT_FUNDS),
        ("recipient", "", Reason.INVALID_VOUCHER),
        ("recipient", "x" * 129, Reason.INVALID_VOUCHER),
        ("salt", 1, Reason.INVALID_VOUCHER),
        ("salt", 2**40 - 1, Reason.INVALID_VOUCHER),
        ("salt", 2**256, Reason.INVALID_VOUCHER),
        ("deadline_s", 100, Reason.INVALID_VOUCHER),
        ("deadline_s", 101 + MAX_VOUCHER_LIFETIME_S, Reason.INVALID_VOUCHER),
        ("min_batch", -1, Reason.INVALID_VOUCHER),
        ("min_batch", 2**48, Reason.INVALID_VOUCHER),
    ],
)
def test_a_voucher_that_could_not_be_paid_is_refused(
    field: str, value: object, reason: Reason
) -> None:
    """Nothing is set aside."""
    driver = funded()
    driver.at_ns = 100 * SECOND
    (event,) = driver.do(msgspec.structs.replace(ISSUE, **{field: value}))
    assert (type(event), event.reason) == (CommandRejected, reason)
    assert driver.available("alice", "USDC") == 1_000


@pytest.mark.parametrize("deadline_s", [101, 100 + MAX_VOUCHER_LIFETIME_S])
def test_a_deadline_lies_ahead_by_at_most_30_days(deadline_s: int) -> None:
    """One at each limit."""
    driver = funded()
    driver.at_ns = 100 * SECOND
    (event,) = driver.do(msgspec.structs.replace(ISSUE, deadline_s=deadline_s))
    assert event.deadline_s == deadline_s


def test_only_settled_funds_leave_and_after_the_batch_that_brought_them() -> None:
    """Proceeds of a fill may trade before they are final, not leave; a failed one never does."""
    driver = funded()
    driver.rest("bob", SELL, 10, 50)
    fill = driver.place("alice", BUY, 10, 50)[1]
    base = msgspec.structs.replace(ISSUE, asset="ETH", amount=100)
    assert driver.do(base)[0].reason is Reason.UNSETTLED_FUNDS
    driver.do(ConfirmSettlement(fills=(fill.fill_id,), stage=SettlementStage.CONFIRMED, batch=6))
    assert driver.do(base)[0].reason is Reason.UNSETTLED_FUNDS
    driver.do(ConfirmSettlement(fills=(fill.fill_id,), stage=SettlementStage.FINAL, batch=7))
    assert driver.do(base)[0].min_batch == 7
    later = msgspec.structs.replace(ISSUE, min_batch=9)
    assert driver.do(later)[0].min_batch == 9


def test_a_voucher_and_a_later_request_can_leave_an_account_short_until_one_ends() -> None:
    """The request is a fact; what was promised before stays promised."""
    driver = funded()
    driver.do(ISSUE)
    salt = driver.engine.sequence
    changed, frozen = driver.do(RequestWithdrawal(account="alice", asset="USDC", amount=1_000))
    assert (changed.available, frozen) == (-400, AccountFrozen("alice", "USDC", 400))
    expired, thawed = driver.do(expire(salt))
    assert (expired.available, thawed) == (0, AccountUnfrozen("alice"))


def test_a_failed_fill_takes_nothing_that_a_voucher_promised() -> None:
    """Only what was settled was promised, so what is reversed is none of it."""
    driver = funded()
    driver.rest("bob", SELL, 10, 50)
    fill = driver.place("alice", BUY, 10, 50)[1]
    driver.do(Deposit(account="alice", asset="ETH", amount=60))
    driver.do(msgspec.structs.replace(ISSUE, asset="ETH", amount=60))
    driver.do(FailSettlement(failures=(FillFailure(fill.fill_id, 5),), batch=3))
    balance = driver.engine.balance("alice", "ETH")
    assert (balance.available, balance.vouchers, balance.on_chain) == (0, 60, 60)
    assert not driver.engine.is_frozen("alice")
    assert driver.available("alice", "USDC") == 1_000


def test_vouchers_survive_a_snapshot() -> None:
    """In the order of issue, with the batch that is final."""
    driver = funded()
    driver.rest("bob", SELL, 1, 50)
    fill = driver.place("alice", BUY, 1, 50)[1]
    driver.do(ConfirmSettlement(fills=(fill.fill_id,), stage=SettlementStage.FINAL, batch=7))
    driver.do(msgspec.structs.replace(ISSUE, salt=2**40, amount=1))
    driver.do(ISSUE)
    restored = make_engine()
    restored.restore(driver.engine.snapshot())
    restored.check()
    assert restored.snapshot() == driver.engine.snapshot()
    assert restored.vouchers() == driver.engine.vouchers()
    assert [voucher.min_batch for voucher in restored.vouchers()] == [7, 7]


def test_a_state_from_before_there_were_vouchers_is_read() -> None:
    """Format 1 ends after the risk's part; an exchange closed under it opens under this one."""
    driver = funded()
    driver.rest("bob", SELL, 10, 50)
    state = msgspec.json.decode(driver.engine.snapshot())
    old = [1, *state[1:19]]
    old[8] = [[account, asset, entry[:5]] for account, asset, entry in state[8]]
    restored = make_engine()
    restored.restore(msgspec.json.encode(old))
    assert restored.snapshot() == driver.engine.snapshot()


@pytest.mark.parametrize(("requested", "paid"), [(500, 500), (600, 600), (700, 600), (1_000, 600)])
@pytest.mark.parametrize("resting", [0, 300])
def test_vouchers_and_withdrawals_keep_every_atom_in_any_order(
    requested: int, paid: int, resting: int
) -> None:
    """All 120 orders of issue, request, complete, redeem and expire, possible on chain or not.

    The books balance after each step; what the vault paid, and only that, is gone in the end.
    """
    salt = 2**40 + 1
    for steps in permutations(("issue", "request", "complete", "redeem", "expire")):
        driver = funded()
        if resting:
            driver.rest("alice", BUY, 1, resting)
        gone, ended = 0, 0
        for position, step in enumerate(steps, start=1):
            command: Command = {
                "issue": msgspec.structs.replace(ISSUE, salt=salt),
                "request": RequestWithdrawal(account="alice", asset="USDC", amount=requested),
                "complete": CompleteWithdrawal(
                    account="alice", asset="USDC", amount=paid, position=position << 24
                ),
                "redeem": redeem(salt, position),
                "expire": expire(salt),
            }[step]
            events = driver.do(command)
            gone += {"complete": paid, "redeem": 400}.get(step, 0)
            ended += sum(isinstance(event, VoucherExpired) for event in events)
            balance = driver.engine.balance("alice", "USDC")
            assert balance.total == balance.on_chain == 1_000 - gone, (steps, step)
            assert driver.engine.liabilities("USDC") == 1_000 - gone, (steps, step)
            assert balance.available >= 0 or driver.engine.is_frozen("alice"), (steps, step)
            assert balance.vouchers in (0, 400), (steps, step)
        assert gone == 400 + paid
        driver.do(RequestWithdrawal(account="alice", asset="USDC", amount=0))
        ended += sum(isinstance(event, VoucherExpired) for event in driver.do(expire(salt)))
        balance = driver.engine.balance("alice", "USDC")
        assert (balance.vouchers, balance.withdrawing, ended) in ((0, 0, 0), (0, 0, 1)), steps
        assert balance.available + balance.held == 1_000 - gone, steps
        assert not driver.engine.is_frozen("alice"), steps


def test_a_voucher_takes_nothing_that_a_request_has_and_a_request_goes_first() -> None:
    """The chain holds a request back by itself; a voucher beyond the rest could not be paid."""
    driver = funded()
    driver.do(RequestWithdrawal(account="alice", asset="USDC", amount=601))
    assert driver.do(ISSUE)[0].reason is Reason.INSUFFICIENT_FUNDS
    driver.do(RequestWithdrawal(account="alice", asset="USDC", amount=600))
    assert isinstance(driver.do(ISSUE)[0], VoucherIssued)
    (changed, frozen) = driver.do(RequestWithdrawal(account="alice", asset="USDC", amount=601))
    assert (changed.available, frozen) == (-1, AccountFrozen("alice", "USDC", 1))
    *_, thawed = driver.do(expire(driver.engine.vouchers()[0].salt))
    assert driver.available("alice", "USDC") == 399
    assert isinstance(thawed, AccountUnfrozen) or not driver.engine.is_frozen("alice")
