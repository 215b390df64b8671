"""What a chain says becomes what the engine is told: additions when final, the rest at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_dex.errors import SettlementError
from hybrid_dex.model.commands import (
    Command,
    CompleteWithdrawal,
    Deposit,
    RaiseFloor,
    RequestWithdrawal,
    RevokeLane,
    SetMarketState,
)
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.units import MAX_AMOUNT, AccountId, Amount, AssetId, MarketId
from hybrid_dex.settlement.reconciliation import (
    Block,
    Chain,
    DeepReorganisationError,
    DepositSeen,
    Fact,
    FloorSeen,
    LaneCanceledSeen,
    Ledger,
    LedgerState,
    MarketClosingSeen,
    RequestCanceledSeen,
    RequestSeen,
    WithdrawnSeen,
    position,
)

ALICE, USDC = AccountId("alice"), AssetId("USDC")


def block(number: int, branch: int = 0, parent: int | None = None) -> Block:
    """A block of a branch; its parent is of the same branch unless told."""
    below = branch if parent is None else parent
    return Block(
        number=number,
        hash=bytes([number, branch]),
        parent=bytes([max(0, number - 1), below]),
        timestamp_s=number,
    )


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


def test_blocks_become_final_when_enough_stand_on_them() -> None:
    """Two confirmations: the block below the last two."""
    chain = Chain(block(0), confirmations=2)
    for number in (1, 2, 3):
        assert chain.extends(block(number))
        chain.append(block(number))
    assert [each.number for each in chain.finalize()] == [1]
    assert chain.final == block(1)
    assert chain.head == block(3)
    with pytest.raises(SettlementError, match="does not follow"):
        chain.append(block(5))


def test_a_chain_that_went_another_way_is_followed_until_finality() -> None:
    """Blocks of the old branch are dropped one by one; a final one never is."""
    chain = Chain(block(0), confirmations=2)
    chain.append(block(1))
    assert not chain.extends(block(2, branch=1))
    assert chain.drop() == block(1)
    chain.append(block(1, branch=1, parent=0))
    assert chain.extends(block(2, branch=1))
    chain.drop()
    with pytest.raises(DeepReorganisationError, match="was final"):
        chain.drop()


def test_a_deposit_is_told_when_final_with_its_place() -> None:
    """And never before."""
    ledger = Ledger(LedgerState())
    fact = DepositSeen(log=3, account=ALICE, asset=USDC, amount=Amount(5))
    assert ledger.see((fact,)) == []
    assert ledger.changes() == []
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
    assert ledger.see((lane, floor, closing)) == [
        RevokeLane(account=ALICE, asset=None, lane=3, key=9),
        RaiseFloor(account=ALICE, asset=USDC, floor=4),
        SetMarketState(market=market, state=MarketState.HALTED),
    ]
    assert sorted(ledger.waiting()) == [1, 2, 3]


def test_a_request_counts_at_once_and_its_end_when_final() -> None:
    """A smaller request, or none, gives nothing back before it is final."""
    ledger = Ledger(LedgerState())
    ledger.see((request(40),))
    assert ledger.changes() == [told(40)]
    ledger.see((request(10),))
    assert ledger.changes() == []
    ledger.final(1)
    assert ledger.changes() == []
    ledger.final(2)
    assert ledger.changes() == [told(10)]
    ledger.see((CANCELED,))
    assert ledger.changes() == []
    ledger.final(3)
    assert ledger.changes() == [told(0)]


def test_a_lost_request_returns_the_amount_unless_it_came_again() -> None:
    """What is decided is what a look ends with, not what it passed through."""
    ledger = Ledger(LedgerState())
    ledger.see((request(40),))
    assert ledger.changes() == [told(40)]
    ledger.forget()
    ledger.see((request(40),))
    assert ledger.changes() == []
    ledger.forget()
    assert ledger.changes() == [told(0)]


def test_a_payment_ends_its_request_and_leaves_a_newer_one() -> None:
    """What was paid stays reserved until final; the newer request is reserved without a gap."""
    ledger = Ledger(LedgerState())
    ledger.see((request(60),))
    ledger.changes()
    ledger.see((paid(60),))
    ledger.see((request(10),))
    assert ledger.changes() == [told(70)]
    ledger.final(1)
    assert ledger.changes() == []
    assert ledger.final(2)[1] == [
        CompleteWithdrawal(account=ALICE, asset=USDC, amount=Amount(60), position=position(2, 0))
    ]
    assert ledger.changes() == []


def test_a_payment_of_less_than_was_asked_for_gives_the_rest_back_after_it() -> None:
    """The vault held less; only once that is final nothing more is kept from trading."""
    ledger = Ledger(LedgerState())
    ledger.see((request(60),))
    ledger.see((paid(40),))
    assert ledger.changes() == [told(60)]
    ledger.final(1)
    assert isinstance(ledger.final(2)[1][0], CompleteWithdrawal)
    assert ledger.changes() == [told(0)]


def test_everything_is_a_request_too() -> None:
    """The contract's word for all there is stays within an amount."""
    ledger = Ledger(LedgerState())
    ledger.see((paid(5), request(MAX_AMOUNT)))
    assert ledger.changes() == [told(MAX_AMOUNT)]


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
            learn(ledger.see(tail[-1]))
        elif step == "drop" and tail:
            assert ledger.forget() == tail.pop()
        elif step == "final" and tail:
            final.append(tail.pop(0))
            learn(ledger.final(len(final))[1])
            assert reserved >= model(final, tail), "an order may come before the next command"
        elif step == "restart":
            ledger = Ledger(ledger.state)
            for facts in tail:
                learn(ledger.see(facts))
        learn(list(ledger.changes()))
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
