"""A session key trades within its grant as the chain will see it, and an approved hash while approved."""

import msgspec
import pytest

from hybrid_dex.model.commands import (
    ApproveOrder,
    Command,
    ConfirmSettlement,
    Deposit,
    FailSettlement,
    GrantSession,
    IssueVoucher,
    ListMarket,
    RedeemVoucher,
    ReduceOrder,
    RevokeApproval,
    RevokeSession,
)
from hybrid_dex.model.events import (
    ApprovalRevoked,
    CancelRejected,
    FillMade,
    OrderAccepted,
    OrderApproved,
    OrderCanceled,
    OrderReplaced,
    SessionGranted,
    SessionRevoked,
)
from hybrid_dex.model.frame import as_journaled
from hybrid_dex.model.order import CancelReason, SelfTradeMode, TimeInForce
from hybrid_dex.model.reasons import RejectReason as Reason
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.signed_order import SignatureKind
from tests.engine.driver import BUY, SELL, Driver, authorize, make_engine, make_market

KEY = "0xKEY"
HASH = b"h" * 32


class Sessions(Driver):
    """Alice granted a key 10,000 quote atoms and 20 lots until second 500; positions by block."""

    def __init__(self, buy: int = 10_000, sell: int = 20) -> None:
        super().__init__(make_engine(requires_signature=True))
        self.fund("alice", "bob")
        self.lane = 0
        self.grant(1, buy=buy, sell=sell)

    def grant(self, block: int, *, buy: int = 0, sell: int = 0, expiry_s: int = 500) -> object:
        (event,) = self.do(
            GrantSession(
                account="alice",
                key=KEY,
                market="ETH-USDC",
                buy_budget=buy,
                sell_budget=sell,
                expiry_s=expiry_s,
                position=block << 24,
            )
        )
        return event

    def revoke(self, block: int | None) -> tuple[object, ...]:
        position = None if block is None else block << 24
        return self.do(
            RevokeSession(account="alice", key=KEY, market="ETH-USDC", position=position)
        )

    def sign(self, *, key: str | None = KEY, expiry_s: int = 400) -> object:
        """A signature in a lane of its own."""
        self.lane += 1
        return authorize(lane=self.lane, expiry_s=expiry_s, key=key)

    def order(self, side: object, quantity: int, price: int, **terms: object) -> int:
        """An order of the key that rests."""
        return self.rest("alice", side, quantity, price, authorization=self.sign(), **terms)

    def refused(self, side: object, quantity: int, price: int, **sign: object) -> Reason | None:
        """Why an order of the key is refused; ``None`` when it is not."""
        authorization = self.sign(**sign)
        event = self.place("alice", side, quantity, price, authorization=authorization)[0]
        return None if isinstance(event, OrderAccepted) else event.reason

    @property
    def left(self) -> tuple[int, int]:
        (session,) = self.engine.sessions("alice")
        return session.buy_budget, session.sell_budget

    @property
    def reserved(self) -> tuple[int, int]:
        (session,) = self.engine.sessions("alice")
        return session.buy_reserved, session.sell_reserved


def test_a_key_without_a_grant_is_refused() -> None:
    """Of this account, for this key, in this market."""
    driver = Sessions()
    assert driver.refused(BUY, 1, 10, key="0xOTHER") is Reason.SESSION_UNKNOWN
    (event,) = driver.place("bob", BUY, 1, 10, authorization=driver.sign())
    assert event.reason is Reason.SESSION_UNKNOWN
    assert driver.refused(BUY, 1, 10) is None


def test_an_order_does_not_outlive_the_grant() -> None:
    """At the grant's end is allowed, a second later is not; a later grant extends, never shortens."""
    driver = Sessions()
    assert driver.refused(BUY, 1, 10, expiry_s=501) is Reason.SESSION_EXPIRED
    assert driver.refused(BUY, 1, 10, expiry_s=500) is None
    assert driver.grant(2, expiry_s=600) == SessionGranted("alice", KEY, "ETH-USDC", 9_990, 20, 600)
    assert driver.refused(BUY, 1, 10, expiry_s=600) is None
    driver.grant(3, expiry_s=550)
    assert driver.refused(BUY, 1, 10, expiry_s=600) is None


def test_open_orders_reserve_their_worst_case_fees_included() -> None:
    """A buy in quote at the worst fee, a sell in lots; the end of an order frees exactly that."""
    driver = Sessions()
    bid = driver.order(BUY, 4, 1_000)
    ask = driver.order(SELL, 15, 2_000)
    assert (driver.left, driver.reserved) == ((10_000 - 4_008, 5), (4_008, 15))
    assert driver.refused(BUY, 6, 1_000) is Reason.SESSION_BUDGET
    assert driver.refused(SELL, 6, 2_000) is Reason.SESSION_BUDGET
    driver.cancel("alice", bid)
    driver.cancel("alice", ask)
    assert (driver.left, driver.reserved) == ((10_000, 20), (0, 0))


@pytest.mark.parametrize(("price", "budget"), [(1_000, 5_009), (1_000, 5_010)])
def test_a_budget_is_exact_to_the_atom(price: int, budget: int) -> None:
    """Five lots at 1,000 need 5,010 with the worst fee."""
    expected = Reason.SESSION_BUDGET if budget < 5_010 else None
    assert Sessions(buy=budget).refused(BUY, 5, price) is expected


def test_a_fill_consumes_what_was_paid_and_frees_the_rest() -> None:
    """As taker below its limit, and as maker at the lower fee; a seller's fee costs no budget."""
    driver = Sessions()
    driver.rest("bob", SELL, 2, 900, authorization=driver.sign(key=None))
    driver.place("alice", BUY, 4, 1_000, authorization=driver.sign())  # 2 at 900, and 3 of fee
    assert (driver.left, driver.reserved) == ((10_000 - 1_803 - 2_004, 20), (2_004, 0))
    driver.place("bob", SELL, 2, 1_000, authorization=driver.sign(key=None))
    assert (driver.left, driver.reserved) == ((10_000 - 1_803 - 2_002, 20), (0, 0))
    driver.rest("bob", BUY, 7, 1_000, authorization=driver.sign(key=None))
    assert driver.refused(SELL, 7, 1_000) is None
    assert driver.left == (10_000 - 1_803 - 2_002, 13)


def test_self_trade_decrement_and_reduce_free_budget() -> None:
    """Whatever an order can no longer use is there for another."""
    driver = Sessions()
    bid = driver.order(BUY, 4, 1_000)
    driver.place(
        "alice",
        SELL,
        1,
        1_000,
        authorization=driver.sign(),
        self_trade=SelfTradeMode.DECREMENT_AND_CANCEL,
    )
    assert driver.reserved == (3_006, 0)
    driver.do(ReduceOrder(account="alice", order_id=bid, by=1))
    assert (driver.left, driver.reserved) == ((10_000 - 2_004, 20), (2_004, 0))


def test_final_fills_stay_consumed_and_failed_ones_come_back() -> None:
    """The chain took the one, and never knew of the other."""
    driver = Sessions()
    driver.order(SELL, 5, 1_000)
    events = driver.place("bob", BUY, 5, 1_000, authorization=driver.sign(key=None))
    driver.do(ConfirmSettlement(fills=(events[1].fill_id,), stage=SettlementStage.FINAL, batch=1))
    assert driver.left == (10_000, 15)
    driver.rest("bob", SELL, 5, 1_000, authorization=driver.sign(key=None))
    bought = driver.place("alice", BUY, 5, 1_000, authorization=driver.sign())
    assert driver.left == (10_000 - 5_010, 15)
    driver.do(FailSettlement(failures=(FillFailure(bought[1].fill_id, 18),), batch=2))
    assert driver.left == (10_000, 15)


def test_a_revocation_cancels_the_keys_orders_at_once() -> None:
    """The wallet's own stay; a new order of the key is refused."""
    driver = Sessions()
    mine = driver.rest("alice", BUY, 1, 10, authorization=driver.sign(key=None))
    bid, ask = driver.order(BUY, 1, 10), driver.order(SELL, 1, 2_000)
    revoked, *canceled = driver.revoke(2)
    assert revoked == SessionRevoked("alice", KEY, "ETH-USDC")
    assert [(type(event), event.order_id, event.reason) for event in canceled] == [
        (OrderCanceled, bid, CancelReason.REVOKED),
        (OrderCanceled, ask, CancelReason.REVOKED),
    ]
    assert [order.order_id for order in driver.engine.open_orders("alice")] == [mine]
    assert driver.refused(BUY, 1, 10) is Reason.SESSION_REVOKED
    assert driver.left == (0, 0)
    assert driver.revoke(2) == ()


def test_a_grant_that_becomes_final_after_a_later_revocation_revives_nothing() -> None:
    """Its place on the chain lies before the revocation's."""
    driver = Sessions()
    driver.revoke(5)
    event = driver.grant(4, buy=100)
    assert (event.reason, event.field) == (Reason.SESSION_REVOKED, "position")
    assert driver.refused(BUY, 1, 10) is Reason.SESSION_REVOKED
    assert driver.grant(6, buy=100) == SessionGranted("alice", KEY, "ETH-USDC", 100, 0, 500)
    assert driver.revoke(5) == ()
    assert driver.refused(BUY, 1, 10) is None


def test_a_revocation_is_remembered_before_any_grant_is_known() -> None:
    """The grant is not final yet when its revocation is seen."""
    driver = Sessions()
    driver.do(RevokeSession(account="bob", key=KEY, market="ETH-USDC", position=9 << 24))
    (event,) = driver.do(
        GrantSession(
            account="bob",
            key=KEY,
            market="ETH-USDC",
            buy_budget=5,
            sell_budget=5,
            expiry_s=500,
            position=8 << 24,
        )
    )
    assert event.reason is Reason.SESSION_REVOKED


def test_a_fill_from_before_a_revocation_gives_nothing_to_the_next_grant() -> None:
    """On chain the next grant begins at zero."""
    driver = Sessions()
    driver.rest("bob", SELL, 5, 1_000, authorization=driver.sign(key=None))
    bought = driver.place("alice", BUY, 5, 1_000, authorization=driver.sign())
    driver.revoke(2)
    driver.grant(3, buy=700)
    driver.do(FailSettlement(failures=(FillFailure(bought[1].fill_id, 18),), batch=1))
    assert driver.left == (700, 0)


def test_facts_of_final_blocks_share_one_rising_position() -> None:
    """A grant that was booked is not booked again, nor is one from before a booked deposit."""
    driver = Sessions()
    assert driver.grant(1, buy=5).reason is Reason.DEPOSIT_REPEATED
    driver.do(Deposit(account="alice", asset="ETH", amount=1, position=7 << 24))
    assert driver.grant(7, buy=5).reason is Reason.DEPOSIT_REPEATED
    (event,) = driver.do(ApproveOrder(account="alice", order_hash=HASH, position=6 << 24))
    assert event.reason is Reason.DEPOSIT_REPEATED
    assert driver.engine.chain_position == 7 << 24
    driver.grant(8)
    assert driver.engine.chain_position == 8 << 24


def test_whoever_may_sign_may_replace_and_the_new_signer_pays() -> None:
    """On chain a lane has one filled amount, whoever signs: revision up, old budget free."""
    driver = Sessions()
    order = driver.order(BUY, 5, 1_000)
    wallet = authorize(lane=driver.lane, revision=1)
    assert isinstance(
        driver.replace("alice", order, 5, 1_001, authorization=wallet)[0], OrderReplaced
    )
    assert (driver.left, driver.reserved) == ((10_000, 20), (0, 0))
    back = authorize(lane=driver.lane, revision=2, key=KEY, expiry_s=400)
    driver.replace("alice", order, 5, 1_001, authorization=back)
    assert driver.reserved == (5_015, 0)
    more = authorize(lane=driver.lane, revision=3, key=KEY, expiry_s=400)
    (event,) = driver.replace("alice", order, 10, 1_001, authorization=more)
    assert event.reason is Reason.SESSION_BUDGET
    (event,) = driver.replace("alice", order, 9, 1_001, authorization=more)
    assert (type(event), driver.reserved) == (OrderReplaced, (9_027, 0))


def test_a_replacement_needs_only_the_difference_of_its_own_sessions_budget() -> None:
    """What the old terms reserved is free for the new ones."""
    driver = Sessions(buy=5_010)
    order = driver.order(BUY, 5, 1_000)
    again = authorize(lane=driver.lane, revision=1, key=KEY, expiry_s=400)
    assert isinstance(driver.replace("alice", order, 5, 999, authorization=again)[0], OrderReplaced)
    assert (driver.left, driver.reserved) == ((6, 20), (5_004, 0))


def test_a_revoked_key_can_not_replace_and_cancels_what_it_replaced() -> None:
    """The last signer of an order is the one that counts."""
    driver = Sessions()
    order = driver.rest("alice", BUY, 5, 1_000, authorization=driver.sign(key=None))
    by_key = authorize(lane=driver.lane, revision=1, key=KEY, expiry_s=400)
    driver.replace("alice", order, 5, 999, authorization=by_key)
    assert [type(event) for event in driver.revoke(2)] == [SessionRevoked, OrderCanceled]
    order = driver.rest("alice", BUY, 5, 1_000, authorization=driver.sign(key=None))
    by_key = authorize(lane=driver.lane, revision=1, key=KEY, expiry_s=400)
    (event,) = driver.replace("alice", order, 5, 999, authorization=by_key)
    assert event.reason is Reason.SESSION_REVOKED


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("market", "DOGE-USDC", Reason.UNKNOWN_MARKET),
        ("buy_budget", -1, Reason.INVALID_AMOUNT),
        ("buy_budget", 2**96, Reason.INVALID_AMOUNT),
        ("sell_budget", 2**72, Reason.INVALID_AMOUNT),
        ("expiry_s", 2**40, Reason.INVALID_AMOUNT),
        ("key", "", Reason.BAD_SIGNATURE),
        ("key", "alice", Reason.BAD_SIGNATURE),
    ],
)
def test_a_grant_that_no_contract_could_hold_is_refused(
    field: str, value: object, reason: Reason
) -> None:
    """And its position is not passed."""
    driver = Sessions()
    good = GrantSession(
        account="alice",
        key=KEY,
        market="ETH-USDC",
        buy_budget=1,
        sell_budget=1,
        expiry_s=500,
        position=9 << 24,
    )
    (event,) = driver.do(msgspec.structs.replace(good, **{field: value}))
    assert (event.reason, event.field) == (reason, field)
    assert driver.engine.chain_position == 1 << 24


def test_another_markets_grant_is_another_grant() -> None:
    """Lane, funds and key alike."""
    driver = Sessions()
    driver.do(ListMarket(market=make_market("BTC-USDC", maker_fee_ppm=1_000, taker_fee_ppm=2_000)))
    (event,) = driver.place("alice", BUY, 1, 10, market="BTC-USDC", authorization=driver.sign())
    assert event.reason is Reason.SESSION_UNKNOWN


def approved(**parts: object) -> object:
    return msgspec.structs.replace(
        authorize(), **{"kind": SignatureKind.APPROVED, "signature": b""} | parts
    )


def test_an_approved_order_needs_its_approval() -> None:
    """Of this very hash, by this very account; revoked is for ever."""
    driver = Sessions()
    (event,) = driver.place("alice", BUY, 1, 10, authorization=approved())
    assert event.reason is Reason.APPROVAL_REQUIRED
    approve = ApproveOrder(account="alice", order_hash=HASH, position=2 << 24)
    assert driver.do(approve) == (OrderApproved("alice", HASH),)
    (event,) = driver.place("bob", BUY, 1, 10, authorization=approved())
    assert event.reason is Reason.APPROVAL_REQUIRED
    order = driver.rest("alice", BUY, 1, 10, authorization=approved())
    revoke = RevokeApproval(account="alice", order_hash=HASH, position=3 << 24)
    revoked, canceled = driver.do(revoke)
    assert revoked == ApprovalRevoked("alice", HASH)
    assert (canceled.order_id, canceled.reason) == (order, CancelReason.REVOKED)
    assert driver.do(revoke) == ()
    again = msgspec.structs.replace(approve, position=4 << 24)
    assert driver.do(again)[0].reason is Reason.APPROVAL_REVOKED
    (event,) = driver.place("alice", BUY, 1, 10, authorization=approved())
    assert event.reason is Reason.APPROVAL_REVOKED


def test_a_hash_revoked_before_its_approval_is_final_stays_dead() -> None:
    """The wallet's own signature over the same order is another thing."""
    driver = Sessions()
    driver.do(RevokeApproval(account="alice", order_hash=HASH, position=3 << 24))
    (event,) = driver.do(ApproveOrder(account="alice", order_hash=HASH, position=2 << 24))
    assert event.reason is Reason.APPROVAL_REVOKED
    assert not driver.engine.is_approved("alice", HASH)
    driver.rest("alice", BUY, 1, 10, authorization=authorize())


@pytest.mark.parametrize("command", [ApproveOrder, RevokeApproval])
def test_a_hash_has_32_bytes(command: type) -> None:
    """Anything else was never an order."""
    (event,) = Sessions().do(command(account="alice", order_hash=b"short", position=9 << 24))
    assert event.reason is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("parts", "good"),
    [
        ({"kind": SignatureKind.BULK, "proof": (HASH,) * 3, "leaf": 7}, True),
        ({"kind": SignatureKind.BULK, "proof": (HASH,) * 3, "leaf": 8}, False),
        ({"kind": SignatureKind.BULK, "proof": (HASH,) * 4}, False),
        ({"kind": SignatureKind.BULK, "proof": (b"short",)}, False),
        ({"kind": SignatureKind.BULK}, False),
        ({"kind": SignatureKind.WALLET, "proof": (HASH,)}, False),
        ({"kind": SignatureKind.WALLET, "leaf": 1}, False),
        ({"kind": SignatureKind.WALLET, "leaf": -1}, False),
        ({"kind": SignatureKind.SESSION, "signature": b""}, False),
        ({"kind": SignatureKind.APPROVED}, False),
        ({"kind": 4}, False),
    ],
)
def test_a_proof_is_what_its_kind_needs(parts: dict[str, object], *, good: bool) -> None:
    """A tree's height and leaf, a signature or none."""
    driver = Sessions()
    authorization = msgspec.structs.replace(authorize(), **parts)
    (event,) = driver.place("alice", BUY, 1, 10, authorization=authorization)
    assert isinstance(event, OrderAccepted) is good
    assert good or event.reason is Reason.BAD_SIGNATURE


def test_sessions_survive_a_snapshot_and_an_ioc_leaves_nothing_reserved() -> None:
    """Every part: budgets, reservations, revocations, approvals."""
    driver = Sessions()
    driver.rest("bob", SELL, 2, 900, authorization=driver.sign(key=None))
    events = driver.place(
        "alice", BUY, 4, 1_000, authorization=driver.sign(), time_in_force=TimeInForce.IOC
    )
    assert [type(event) for event in events[1:]] == [FillMade, OrderCanceled]
    assert driver.reserved == (0, 0)
    driver.order(SELL, 3, 2_000)
    driver.do(RevokeSession(account="bob", key=KEY, market="ETH-USDC", position=9 << 24))
    driver.do(ApproveOrder(account="alice", order_hash=HASH, position=9 << 24))
    driver.do(RevokeApproval(account="bob", order_hash=HASH))
    restored = make_engine(requires_signature=True)
    restored.restore(driver.engine.snapshot())
    restored.check()
    assert restored.snapshot() == driver.engine.snapshot()
    for account in ("alice", "bob"):
        assert restored.sessions(account) == driver.engine.sessions(account)
    assert restored.is_approved("alice", HASH)
    assert not restored.is_approved("bob", HASH)
    assert restored.is_approved("carol", HASH) is False


MOST_BUY, MOST_SELL = 2**96 - 1, 2**72 - 1


def test_budgets_as_large_as_the_contracts_words_are_exact() -> None:
    """Reserved, consumed, given back, journaled and snapshotted to the atom."""
    driver = Sessions(buy=MOST_BUY, sell=MOST_SELL)
    ask = driver.order(SELL, 2**24, 2_000)
    bid = driver.order(BUY, 3, 1_000)
    assert driver.left == (MOST_BUY - 3_006, MOST_SELL - 2**24)
    driver.cancel("alice", ask)
    events = driver.place("bob", SELL, 3, 1_000, authorization=driver.sign(key=None))
    assert (type(events[1]), driver.engine.order(bid).filled) == (FillMade, 3)
    assert driver.left == (MOST_BUY - 3_003, MOST_SELL)
    again = make_engine(requires_signature=True)
    again.restore(driver.engine.snapshot())
    assert again.sessions("alice") == driver.engine.sessions("alice")
    driver.do(FailSettlement(failures=(FillFailure(events[1].fill_id, 18),), batch=1))
    assert driver.left == (MOST_BUY, MOST_SELL)


@pytest.mark.parametrize(
    "command",
    [
        GrantSession(
            account="alice",
            key=KEY,
            market="ETH-USDC",
            buy_budget=MOST_BUY,
            sell_budget=MOST_SELL,
            expiry_s=2**40 - 1,
            position=(2**40 << 24) - 1,
        ),
        IssueVoucher(
            account="alice",
            asset="USDC",
            amount=2**112 - 1,
            recipient="0xTO",
            salt=2**256 - 1,
            deadline_s=2**40 - 1,
            min_batch=2**48 - 1,
        ),
        RedeemVoucher(account="alice", asset="USDC", amount=1, salt=2**256 - 1, position=1),
    ],
)
def test_the_journal_keeps_the_largest_numbers_of_the_chain(command: Command) -> None:
    """They come back as they went in."""
    assert as_journaled(command) == command


def test_a_top_up_past_the_contracts_word_is_the_contracts_to_refuse() -> None:
    """It reverts there, so it is never told; if it were, the sum is exact here and survives."""
    driver = Sessions(buy=MOST_BUY, sell=MOST_SELL)
    driver.order(BUY, 3, 1_000)
    granted = driver.grant(2, buy=MOST_BUY, sell=1)
    assert granted.buy_budget == 2 * MOST_BUY - 3_006
    assert driver.left == (2 * MOST_BUY - 3_006, MOST_SELL + 1)
    again = make_engine(requires_signature=True)
    again.restore(driver.engine.snapshot())
    assert again.state_hash() == driver.engine.state_hash()
    driver.revoke(3)
    assert (driver.left, driver.reserved) == ((0, 0), (0, 0))


def test_two_keys_that_replace_one_order_pay_each_for_its_own_terms() -> None:
    """The lane rises once a revision whoever signs; the fill is paid by who signed last."""
    driver = Sessions()
    second = GrantSession(
        account="alice",
        key="0xKEY2",
        market="ETH-USDC",
        buy_budget=6_000,
        sell_budget=0,
        expiry_s=500,
        position=2 << 24,
    )
    driver.do(second)
    order = driver.order(BUY, 5, 1_000)
    lane = driver.lane

    def replace(key: str, revision: int, quantity: int) -> object:
        signed = authorize(lane=lane, revision=revision, key=key, expiry_s=400)
        return driver.replace("alice", order, quantity, 1_000, authorization=signed)[0]

    def sessions() -> dict[str, tuple[int, int]]:
        rows = driver.engine.sessions("alice")
        return {row.key: (row.buy_budget, row.buy_reserved) for row in rows}

    assert isinstance(replace("0xKEY2", 1, 5), OrderReplaced)
    assert sessions() == {KEY: (10_000, 0), "0xKEY2": (990, 5_010)}
    assert replace(KEY, 1, 4).reason is Reason.REPLACEMENT_TERMS  # the same revision again
    assert replace(KEY, 0, 4).reason is Reason.REPLACEMENT_TERMS
    assert replace("0xKEY2", 2, 6).reason is Reason.SESSION_BUDGET
    assert sessions() == {KEY: (10_000, 0), "0xKEY2": (990, 5_010)}
    driver.place("bob", SELL, 2, 1_000, authorization=driver.sign(key=None))
    assert sessions() == {KEY: (10_000, 0), "0xKEY2": (990 + 2, 3_006)}
    assert isinstance(replace(KEY, 2, 5), OrderReplaced)
    assert sessions() == {KEY: (10_000 - 3_006, 3_006), "0xKEY2": (3_998, 0)}
    driver.do(RevokeSession(account="alice", key="0xKEY2", market="ETH-USDC", position=3 << 24))
    assert [row.order_id for row in driver.engine.open_orders("alice")] == [order]
    assert replace("0xKEY2", 3, 5).reason is Reason.SESSION_REVOKED
    assert driver.revoke(4)[1].order_id == order
    assert sessions() == {KEY: (0, 0), "0xKEY2": (0, 0)}


def test_a_new_grant_revives_no_order_and_no_nonce_of_the_revoked_one() -> None:
    """On chain the old signatures live again with it; here each was used, so none can match."""
    driver = Sessions()
    order = driver.order(BUY, 5, 1_000)
    lane = driver.lane
    replaced = authorize(lane=lane, revision=1, key=KEY, expiry_s=400)
    assert isinstance(
        driver.replace("alice", order, 5, 999, authorization=replaced)[0], OrderReplaced
    )
    driver.place("bob", SELL, 2, 999, authorization=driver.sign(key=None))
    driver.revoke(2)
    driver.grant(3, buy=9_000)
    assert driver.left == (9_000, 0)
    for revision in (0, 1, 2, 255):
        old = authorize(lane=lane, revision=revision, key=KEY, expiry_s=400)
        (event,) = driver.place("alice", BUY, 5, 1_000, authorization=old)
        assert event.reason is Reason.NONCE_USED, revision
        (event,) = driver.replace("alice", order, 9, 1_000, authorization=old)
        assert isinstance(event, CancelRejected), revision
    assert driver.engine.open_orders("alice") == ()
    assert (driver.left, driver.reserved) == ((9_000, 0), (0, 0))
    fresh = authorize(2, lane=lane, key=KEY, expiry_s=400)
    driver.rest("alice", BUY, 5, 1_000, authorization=fresh)
    assert driver.reserved == (5_010, 0)
    restored = make_engine(requires_signature=True)
    restored.restore(driver.engine.snapshot())
    driver.engine = restored
    (event,) = driver.place("alice", BUY, 1, 10, authorization=fresh)
    assert event.reason is Reason.NONCE_USED
