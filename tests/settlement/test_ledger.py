"""What a chain says becomes what the engine is told: additions when final, the rest at once."""

from __future__ import annotations

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.model.commands import (
    ApproveOrder,
    Command,
    CompleteWithdrawal,
    Deposit,
    ExpireVoucher,
    GrantSession,
    RaiseFloor,
    RedeemVoucher,
    RequestWithdrawal,
    RevokeApproval,
    RevokeLane,
    RevokeSession,
    SetMarketState,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.units import MAX_AMOUNT, AccountId, Amount, AssetId, MarketId, Quantity
from hybrid_dex.model.vouchers import Voucher
from hybrid_dex.settlement.facts import (
    ApprovalRevokedSeen,
    CanceledByReceiptSeen,
    DepositSeen,
    Fact,
    FeesWithdrawnSeen,
    FloorSeen,
    LaneCanceledSeen,
    MarketClosingSeen,
    OrderApprovedSeen,
    RequestCanceledSeen,
    RequestSeen,
    SessionGrantedSeen,
    SessionRevokedSeen,
    SolvencyPublishedSeen,
    VoucherRedeemedSeen,
    WithdrawnSeen,
    position,
)
from hybrid_dex.settlement.ledger import Ledger, LedgerState, unlisted_market

ALICE, BOB, USDC = AccountId("alice"), AccountId("bob"), AssetId("USDC")
MARKET = MarketId("ETH-USDC")


def request(amount: int) -> RequestSeen:
    """Alice asks for an amount."""
    return RequestSeen(log=0, account=ALICE, asset=USDC, amount=Amount(amount), requested_at_s=7)


def paid(amount: int) -> WithdrawnSeen:
    """The vault pays alice."""
    return WithdrawnSeen(log=0, account=ALICE, asset=USDC, amount=Amount(amount))


CANCELED = RequestCanceledSeen(log=0, account=ALICE, asset=USDC)


def told(amount: int) -> RequestWithdrawal:
    """What the engine is told of alice's requests."""
    return RequestWithdrawal(account=ALICE, asset=USDC, amount=Amount(amount))


def test_a_deposit_is_told_when_final_with_its_place() -> None:
    """And never before."""
    ledger = Ledger(LedgerState())
    fact = DepositSeen(log=3, account=ALICE, asset=USDC, amount=Amount(5))
    assert ledger.see((fact,), 1) == []
    assert ledger.changes(0) == []
    assert ledger.final(9)[1] == [
        Deposit(account=ALICE, asset=USDC, amount=Amount(5), position=position(9, 3))
    ]


def test_revocations_are_told_at_once() -> None:
    """A lane, a floor and a closing market, in the newest block."""
    ledger = Ledger(LedgerState())
    lane = LaneCanceledSeen(log=0, account=ALICE, asset=None, lane=3, key=9, requested_at_s=1)
    floor = FloorSeen(log=1, account=ALICE, asset=USDC, floor=4, requested_at_s=2)
    market = MarketId("ETH-USDC")
    closing = MarketClosingSeen(log=2, market=market, requested_at_s=3)
    assert ledger.see((lane, floor, closing), 1) == [
        RevokeLane(account=ALICE, asset=None, lane=3, key=9),
        RaiseFloor(account=ALICE, asset=USDC, floor=4),
        SetMarketState(market=market, state=MarketState.HALTED),
    ]
    assert sorted(ledger.waiting()) == [1, 2, 3]


def test_a_request_counts_at_once_and_its_end_when_final() -> None:
    """A smaller request, or none, gives nothing back before it is final."""
    ledger = Ledger(LedgerState())
    ledger.see((request(40),), 1)
    assert ledger.changes(0) == [told(40)]
    ledger.see((request(10),), 1)
    assert ledger.changes(0) == []
    ledger.final(1)
    assert ledger.changes(0) == []
    ledger.final(2)
    assert ledger.changes(0) == [told(10)]
    ledger.see((CANCELED,), 1)
    assert ledger.changes(0) == []
    ledger.final(3)
    assert ledger.changes(0) == [told(0)]


def test_a_lost_request_returns_the_amount_unless_it_came_again() -> None:
    """What is decided is what a look ends with, not what it passed through."""
    ledger = Ledger(LedgerState())
    ledger.see((request(40),), 1)
    assert ledger.changes(0) == [told(40)]
    ledger.forget()
    ledger.see((request(40),), 1)
    assert ledger.changes(0) == []
    ledger.forget()
    assert ledger.changes(0) == [told(0)]


def test_a_payment_ends_its_request_and_leaves_a_newer_one() -> None:
    """What was paid stays reserved until final; the newer request is reserved without a gap."""
    ledger = Ledger(LedgerState())
    ledger.see((request(60),), 1)
    ledger.changes(0)
    ledger.see((paid(60),), 1)
    ledger.see((request(10),), 1)
    assert ledger.changes(0) == [told(70)]
    ledger.final(1)
    assert ledger.changes(0) == []
    assert ledger.final(2)[1] == [
        CompleteWithdrawal(account=ALICE, asset=USDC, amount=Amount(60), position=position(2, 0))
    ]
    assert ledger.changes(0) == []


def test_a_payment_of_less_than_was_asked_for_gives_the_rest_back_after_it() -> None:
    """The vault held less; only once that is final nothing more is kept from trading."""
    ledger = Ledger(LedgerState())
    ledger.see((request(60),), 1)
    ledger.see((paid(40),), 1)
    assert ledger.changes(0) == [told(60)]
    ledger.final(1)
    assert isinstance(ledger.final(2)[1][0], CompleteWithdrawal)
    assert ledger.changes(0) == [told(0)]


def test_everything_is_a_request_too() -> None:
    """The contract's word for all there is stays within an amount."""
    ledger = Ledger(LedgerState())
    ledger.see((paid(5), request(MAX_AMOUNT)), 1)
    assert ledger.changes(0) == [told(MAX_AMOUNT)]


STEPS = st.lists(
    st.sampled_from(["block", "block", "block", "drop", "final", "restart"]), max_size=40
)
FACTS = st.lists(
    st.one_of(st.integers(1, 90).map(request), st.integers(1, 50).map(paid), st.just(CANCELED)),
    max_size=2,
)


@given(STEPS, st.data())
def test_the_engine_reserves_what_any_outcome_of_the_chain_may_take(
    steps: list[str], data: st.DataObject
) -> None:
    """Against a model that replays every prefix; across drops, finality and restarts."""
    ledger = Ledger(LedgerState())
    final: list[tuple[Fact, ...]] = []
    tail: list[tuple[Fact, ...]] = []
    reserved = 0

    def learn(commands: list[Command]) -> None:
        nonlocal reserved
        for command in commands:
            if isinstance(command, RequestWithdrawal):
                assert command.amount != reserved, "nothing is told twice"
                reserved = command.amount
            elif isinstance(command, CompleteWithdrawal):
                reserved = max(0, reserved - command.amount)

    for step in steps:
        if step == "block":
            tail.append(tuple(data.draw(FACTS)))
            learn(ledger.see(tail[-1], 1))
        elif step == "drop" and tail:
            assert ledger.forget() == tail.pop()
        elif step == "final" and tail:
            final.append(tail.pop(0))
            learn(ledger.final(len(final))[1])
            assert reserved >= model(final, tail), "an order may come before the next command"
        elif step == "restart":
            ledger = Ledger(ledger.state)
            for facts in tail:
                learn(ledger.see(facts, 1))
        learn(list(ledger.changes(0)))
        assert reserved == model(final, tail)


def model(final: list[tuple[Fact, ...]], tail: list[tuple[Fact, ...]]) -> int:
    """The most that any prefix of the tail leaves asked for or paid out."""
    asked = 0
    for facts in final:
        for fact in facts:
            asked = fact.amount if isinstance(fact, RequestSeen) else 0
    most, out = asked, 0
    for facts in tail:
        for fact in facts:
            asked = fact.amount if isinstance(fact, RequestSeen) else 0
            out += fact.amount if isinstance(fact, WithdrawnSeen) else 0
            most = max(most, asked + out)
    return most


def test_what_weakens_is_told_at_once_with_its_place_and_what_adds_when_final() -> None:
    """Revocations and cancels by receipt from the newest block; grants and payments when final."""
    order_hash = bytes(31) + b"\7"
    weakens: tuple[Fact, ...] = (
        SessionRevokedSeen(log=0, account=ALICE, key=BOB, market=MARKET, requested_at_s=5),
        ApprovalRevokedSeen(log=1, account=ALICE, order_hash=order_hash, requested_at_s=6),
        CanceledByReceiptSeen(
            log=2, account=ALICE, asset=USDC, lane=0, key=9, filled=1, sequence=2
        ),
    )
    adds: tuple[Fact, ...] = (
        SessionGrantedSeen(
            log=3, account=ALICE, key=BOB, market=MARKET, buy_budget=7, sell_budget=8, expiry_s=9
        ),
        OrderApprovedSeen(log=4, account=ALICE, order_hash=order_hash),
        VoucherRedeemedSeen(log=5, account=ALICE, asset=USDC, amount=Amount(3), salt=1),
        SolvencyPublishedSeen(
            log=6, batch=1, asset=USDC, root=bytes(32), total=1, liabilities=1, balance=1
        ),
        FeesWithdrawnSeen(log=7, asset=USDC, amount=Amount(2)),
    )
    ledger = Ledger(LedgerState())
    assert ledger.see(weakens + adds, 40) == [
        RevokeSession(account=ALICE, key=BOB, market=MARKET, position=position(40, 0)),
        RevokeApproval(account=ALICE, order_hash=order_hash, position=position(40, 1)),
        RevokeLane(account=ALICE, asset=USDC, lane=0, key=9),
    ]
    assert sorted(ledger.waiting()) == [5, 6], "a receipt acts at once: nothing has to cover it"
    assert ledger.changes(39) == []
    assert ledger.final(40)[1] == [
        GrantSession(
            account=ALICE,
            key=BOB,
            market=MARKET,
            buy_budget=Amount(7),
            sell_budget=Quantity(8),
            expiry_s=9,
            position=position(40, 3),
        ),
        ApproveOrder(account=ALICE, order_hash=order_hash, position=position(40, 4)),
        RedeemVoucher(
            account=ALICE, asset=USDC, amount=Amount(3), salt=1, position=position(40, 5)
        ),
    ]


def voucher(salt: int, deadline_s: int) -> Voucher:
    """Alice's voucher."""
    return Voucher(
        account=ALICE, asset=USDC, amount=5, recipient="r", salt=salt, deadline_s=deadline_s
    )


def test_a_voucher_ends_once_paid_or_past_its_deadline() -> None:
    """The deadline's own second still pays; a repeat and a paid one change nothing."""
    ledger = Ledger(LedgerState())
    one, two = voucher(1, 100), voucher(2, 90)
    ledger.watch([one, two])
    ledger.watch([one])
    assert ledger.overdue(90) == ()
    assert ledger.overdue(101) == (one, two)
    redeemed = VoucherRedeemedSeen(log=0, account=ALICE, asset=USDC, amount=Amount(5), salt=1)
    ledger.see((redeemed,), 7)
    assert ledger.overdue(101) == (one, two), "what is not final may still go away"
    ledger.final(7)
    assert ledger.overdue(101) == (two,)
    assert ledger.expire(two) == ExpireVoucher(account=ALICE, asset=USDC, salt=2)
    assert ledger.overdue(101) == ()


def test_a_voucher_that_ended_is_not_watched_again() -> None:
    """The engine calls it open until it takes the update, and may say so meanwhile."""
    ledger = Ledger(LedgerState())
    paid, expired, told = voucher(1, 100), voucher(2, 90), voucher(3, 80)
    ledger.watch([paid, expired])
    ledger.see(
        (VoucherRedeemedSeen(log=0, account=ALICE, asset=USDC, amount=Amount(5), salt=1),), 7
    )
    ledger.final(7)
    ledger.expire(expired)
    ledger.end(ALICE, 3)
    ledger.watch([paid, expired, told])
    assert ledger.overdue(101) == ()


TOKEN, OTHER = "0xToken", AssetId("0xOther")


def nameless_facts() -> tuple[Fact, ...]:
    """What users did with a token that no market names."""
    token = AssetId(TOKEN)
    return (
        DepositSeen(log=0, account=ALICE, asset=token, amount=Amount(50)),
        DepositSeen(log=1, account=BOB, asset=token, amount=Amount(7)),
        WithdrawnSeen(log=2, account=BOB, asset=token, amount=Amount(7)),
        DepositSeen(log=3, account=ALICE, asset=OTHER, amount=Amount(9)),
        WithdrawnSeen(log=4, account=ALICE, asset=token, amount=Amount(20)),
        RequestSeen(log=5, account=ALICE, asset=token, amount=Amount(4), requested_at_s=7),
        LaneCanceledSeen(log=6, account=ALICE, asset=token, lane=0, key=8, requested_at_s=7),
        LaneCanceledSeen(log=7, account=ALICE, asset=token, lane=0, key=6, requested_at_s=7),
        LaneCanceledSeen(log=8, account=ALICE, asset=None, lane=2, key=6, requested_at_s=7),
        FloorSeen(log=9, account=BOB, asset=token, floor=3, requested_at_s=7),
    )


def test_a_token_without_a_name_is_remembered_until_it_has_one() -> None:
    """Then all that is left of it is told, once, above every place that the engine may know."""
    ledger = Ledger(LedgerState(), {"0xUsdc": USDC})
    lane_2 = RevokeLane(account=ALICE, asset=None, lane=2, key=6)
    assert ledger.see(nameless_facts(), 40) == [lane_2]
    assert ledger.final(40)[1] == []
    assert ledger.changes(40) == []
    assert ledger.nameless == {TOKEN, OTHER}
    stored = msgspec.json.decode(msgspec.json.encode(ledger.state), type=LedgerState)
    named = Ledger(stored, {"0xUsdc": USDC, TOKEN: AssetId("NEW")})
    commands = named.changes(41)
    late = commands[0]
    assert isinstance(late, Deposit)
    assert late.position is not None
    assert position(41, 1 << 20) < late.position < position(42, 0)
    new = AssetId("NEW")
    assert commands == [
        Deposit(account=ALICE, asset=new, amount=Amount(30), position=late.position),
        RevokeLane(account=ALICE, asset=new, lane=0, key=8),
        RaiseFloor(account=BOB, asset=new, floor=3),
        RequestWithdrawal(account=ALICE, asset=new, amount=Amount(4)),
    ]
    assert named.changes(41) == []
    assert named.nameless == {OTHER}


def test_two_tokens_named_while_the_chain_stands_still_have_places_of_their_own() -> None:
    """Else the engine would take the second for a repeat, and its owner would lose it."""
    ledger = Ledger(LedgerState(), {})
    ledger.see(nameless_facts(), 40)
    ledger.final(40)
    first = Ledger(ledger.state, {TOKEN: AssetId("NEW")})
    second = Ledger(
        (first.changes(40), first.state)[1], {TOKEN: AssetId("NEW"), OTHER: AssetId("TOO")}
    )
    (late,) = second.changes(40)
    assert isinstance(late, Deposit)
    assert late.position is not None
    assert late.position == position(40, 1 << 23) + 1


def named_later(*, final: bool) -> tuple[list[Command], Ledger]:
    """Name the token of `nameless_facts` while it is followed; return what is told at once."""
    ledger = Ledger(LedgerState(), {"0xUsdc": USDC})
    ledger.see(nameless_facts(), 40)
    if final:
        ledger.final(40)
    assert ledger.changes(39 + final) == []
    return ledger.name({TOKEN: AssetId("NEW")}), ledger


def test_a_token_that_gets_its_name_between_two_looks_is_as_one_named_at_a_start() -> None:
    """What is remembered of it is told by the next look, and it is known from then on."""
    at_once, ledger = named_later(final=True)
    assert at_once == []
    restarted = Ledger(LedgerState(), {"0xUsdc": USDC})
    restarted.see(nameless_facts(), 40)
    restarted.final(40)
    restarted = Ledger(restarted.state, {"0xUsdc": USDC, TOKEN: AssetId("NEW")})
    assert ledger.changes(41) == restarted.changes(41) != []
    assert ledger.state == restarted.state
    assert (ledger.nameless, ledger.known) == ({OTHER}, {USDC, AssetId("NEW")})
    assert ledger.name({TOKEN: AssetId("NEW")}) == []
    assert ledger.changes(41) == [], "told once"


def test_facts_that_are_not_final_when_their_token_gets_its_name_count_as_any() -> None:
    """Revocations and requests at once, additions when final and in their own places."""
    at_once, ledger = named_later(final=False)
    new = AssetId("NEW")
    assert at_once == [
        RevokeLane(account=ALICE, asset=new, lane=0, key=8),
        RevokeLane(account=ALICE, asset=new, lane=0, key=6),
        RaiseFloor(account=BOB, asset=new, floor=3),
    ]
    assert ledger.changes(39) == [
        RequestWithdrawal(account=ALICE, asset=new, amount=Amount(24)),
        RequestWithdrawal(account=BOB, asset=new, amount=Amount(7)),
    ]
    told = [
        (type(command), command.asset, command.amount, command.position)
        for command in ledger.final(40)[1]
        if isinstance(command, Deposit | CompleteWithdrawal)
    ]
    assert told == [
        (Deposit, new, 50, position(40, 0)),
        (Deposit, new, 7, position(40, 1)),
        (CompleteWithdrawal, new, 7, position(40, 2)),
        (CompleteWithdrawal, new, 20, position(40, 4)),
    ]
    assert ledger.nameless == {OTHER}
    assert ledger.state.nameless_lanes == ledger.state.nameless_floors == []
    assert all(isinstance(each, RequestWithdrawal) for each in ledger.changes(40))


def test_what_left_while_its_token_had_no_name_is_taken_from_what_was_there_before() -> None:
    """A market was taken out of the configuration, and comes back."""
    ledger = Ledger(LedgerState(), {})
    ledger.see((WithdrawnSeen(log=0, account=ALICE, asset=OTHER, amount=Amount(4)),), 40)
    ledger.final(40)
    (late,) = Ledger(ledger.state, {OTHER: USDC}).changes(40)
    assert isinstance(late, CompleteWithdrawal)
    assert (late.asset, late.amount) == (USDC, 4)


def test_what_the_vault_owes_follows_from_the_facts() -> None:
    """Deposits less all that left; what is not final is in it, and goes away with its block."""
    facts: tuple[Fact, ...] = (
        DepositSeen(log=0, account=ALICE, asset=USDC, amount=Amount(100)),
        WithdrawnSeen(log=1, account=ALICE, asset=USDC, amount=Amount(10)),
        VoucherRedeemedSeen(log=2, account=ALICE, asset=USDC, amount=Amount(20), salt=1),
        FeesWithdrawnSeen(log=3, asset=USDC, amount=Amount(3)),
        request(50),
    )
    ledger = Ledger(LedgerState())
    assert ledger.owed() == {}
    ledger.see(facts, 5)
    ledger.begin({USDC: 167})
    assert ledger.owed() == {USDC: 167}
    assert ledger.state.owed == {USDC: 100}, "as of the final block"
    assert ledger.state.unproven == [USDC]
    assert Ledger(ledger.state).unproven == {USDC}, "a guess stays one across a restart"
    ledger.see((DepositSeen(log=0, account=BOB, asset=USDC, amount=Amount(1)),), 6)
    assert ledger.owed() == {USDC: 168}
    ledger.forget()
    assert ledger.owed() == {USDC: 167}
    ledger.final(5)
    assert ledger.owed() == ledger.state.owed == {USDC: 167}
    ledger.begin({OTHER: 4})
    ledger.see((DepositSeen(log=0, account=BOB, asset=OTHER, amount=Amount(1)),), 6)
    assert ledger.owed() == {USDC: 167, OTHER: 5}, "each asset begins when it is known"
    ledger.forget()
    assert Ledger(ledger.state).owed() == {USDC: 167, OTHER: 4}


def test_what_is_owed_of_a_token_follows_it_to_its_name() -> None:
    """A store that knew it by its address goes on with the symbol."""
    stored = LedgerState(owed={AssetId(TOKEN): 4, USDC: 5})
    assert Ledger(stored, {TOKEN: AssetId("NEW")}).owed() == {AssetId("NEW"): 4, USDC: 5}


def test_an_older_store_is_read() -> None:
    """One that was written before any of this was kept."""
    old = b'{"requested":[["alice","USDC",4]],"told":[["alice","USDC",4]]}'
    ledger = Ledger(msgspec.json.decode(old, type=LedgerState), {"0xUsdc": USDC})
    assert ledger.changes(1) == []
    assert ledger.owed() == {}


@pytest.mark.parametrize("kind", [DepositSeen, WithdrawnSeen])
def test_a_known_token_is_told_by_its_symbol(kind: type[DepositSeen | WithdrawnSeen]) -> None:
    """With names given, an asset among them is as without."""
    ledger = Ledger(LedgerState(), {"0xUsdc": USDC})
    ledger.see((kind(log=0, account=ALICE, asset=USDC, amount=Amount(4)),), 3)
    assert len(ledger.final(3)[1]) == 1
    assert not ledger.nameless


KEY, LATER = AccountId("key"), AccountId("later")
THERE = unlisted_market(7)
LISTED = {THERE: MARKET}


def granted(key: AccountId, buys: int, *, log: int = 0, expiry_s: int = 900) -> SessionGrantedSeen:
    """Alice lets a key trade in the market that is not listed yet."""
    return SessionGrantedSeen(
        log=log,
        account=ALICE,
        key=key,
        market=THERE,
        buy_budget=buys,
        sell_budget=2,
        expiry_s=expiry_s,
    )


def revoked(key: AccountId, *, log: int = 0) -> SessionRevokedSeen:
    """Alice takes it back."""
    return SessionRevokedSeen(log=log, account=ALICE, key=key, market=THERE, requested_at_s=7)


def told_late(key: AccountId, buys: int, sells: int, at: int) -> GrantSession:
    """What the engine is told of a key, at a place that was made up."""
    return GrantSession(
        account=ALICE,
        key=key,
        market=MARKET,
        buy_budget=Amount(buys),
        sell_budget=Quantity(sells),
        expiry_s=990,
        position=position(at, 1 << 23),
    )


@pytest.mark.parametrize("restarted", [False, True])
def test_a_grant_in_a_market_that_is_not_listed_counts_with_the_listing(restarted: bool) -> None:
    """What is left of it, once; the engine hears nothing of the market before."""
    ledger = Ledger(LedgerState(), {}, {})
    facts = (granted(KEY, 5), granted(LATER, 6, log=1), granted(KEY, 4, log=2, expiry_s=990))
    assert ledger.see((*facts, revoked(LATER, log=3)), 40) == []
    assert ledger.final(40)[1] == []
    assert ledger.changes(40) == []
    if restarted:
        stored = msgspec.json.decode(msgspec.json.encode(ledger.state), type=LedgerState)
        ledger = Ledger(stored, {}, LISTED)
    else:
        assert ledger.name({}, LISTED) == []
    assert ledger.changes(41) == [told_late(KEY, 9, 4, 41)]
    assert ledger.changes(41) == []
    assert Ledger(ledger.state, {}, LISTED).changes(42) == []


def test_what_is_not_final_when_a_market_is_listed_counts_as_anywhere() -> None:
    """A revocation at once and in its place, which is above that of the grant; a grant when final."""
    ledger = Ledger(LedgerState(), {}, {})
    ledger.see((granted(KEY, 5, expiry_s=990),), 40)
    ledger.final(40)
    facts: tuple[Fact, ...] = (granted(LATER, 6), revoked(KEY, log=3), CANCELED)
    for block, fact in enumerate(facts, 41):
        assert ledger.see((fact,), block) == []
    ledger.forget()
    place = position(42, 3)
    revocation = RevokeSession(account=ALICE, key=KEY, market=MARKET, position=place)
    assert ledger.name({}, LISTED) == [revocation]
    assert ledger.changes(40) == [told_late(KEY, 5, 2, 40)]
    (grant,) = ledger.final(41)[1]
    assert isinstance(grant, GrantSession)
    assert (grant.market, grant.key, grant.position) == (MARKET, LATER, position(41, 0))


def test_a_revocation_that_is_final_with_the_look_of_the_listing_leaves_nothing() -> None:
    """Told late, the grant would stand above it and bring the key back."""
    ledger = Ledger(LedgerState(), {}, {})
    ledger.see((granted(KEY, 5),), 40)
    ledger.final(40)
    ledger.name({}, LISTED)
    revocation = attrs.evolve(revoked(KEY), market=MARKET)  # its market has a name by now
    assert len(ledger.see((revocation,), 41)) == 1
    ledger.final(41)
    assert ledger.changes(41) == []
    assert ledger.state.unlisted == []
