"""The short way of plain orders does what the general way does, event by event and bit by bit."""

import random
from typing import Any

import msgspec
import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.engine.trading import Trading
from hybrid_dex.errors import InvariantError
from hybrid_dex.model.commands import BatchOrders, Command, PlaceOrder
from hybrid_dex.model.signed_order import Nonce, SignatureKind
from hybrid_dex.model.units import MAX_PRICE, MAX_QUANTITY
from hybrid_dex.testing.traffic import traffic
from tests.engine.driver import authorize
from tests.reference.histories import history
from tests.reference.naive import Naive
from tests.tiers import count

HISTORIES = count(fast=150, full=2_000)
LENGTH = 200

plain_way = Trading._enter_plain


class Watched(StandardRisk):
    """Notes what it is asked."""

    def __init__(self, limits: RiskLimits) -> None:
        super().__init__(limits)
        self.asked: list[Command] = []

    def check(self, command: Command, view: Any) -> Any:
        self.asked.append(command)
        return super().check(command, view)


def spoiled(command: PlaceOrder, rng: random.Random) -> PlaceOrder:
    """An order with one thing about it at or beyond what is allowed, or as it was."""
    signed = command.authorization
    other: dict[str, object] = rng.choice(
        [
            {},
            {},
            {"price": rng.choice([0, 1, MAX_PRICE, MAX_PRICE + 1])},
            {"quantity": rng.choice([0, 1, MAX_QUANTITY, MAX_QUANTITY + 1])},
            {"post_only": True},
            {"market": "nowhere"},
            {"client_order_id": rng.choice(["", "a", "é", "n" * 65])},
        ]
    )
    if signed is not None and rng.random() < 0.5:
        at_s = command.at_ns // 10**9
        changed: dict[str, object] = rng.choice(
            [
                {"kind": rng.randrange(5)},
                {"nonce": rng.choice([-1, 2**64 - 1, 2**64])},
                {"nonce": Nonce(rng.randrange(1, 4), lane=rng.randrange(3)).packed},
                {"expiry_s": at_s + rng.choice([0, 1, 30 * 86_400, 30 * 86_400 + 1])},
                {"max_fee_ppm": rng.choice([0, 1_117, 2_531, 2_903, 65_535])},
                {"signature": b""},
                {"order_hash": b"short"},
                {"kind": 2, "proof": (bytes(32),) * rng.randrange(5), "leaf": rng.randrange(9)},
            ]
        )
        other = other | {"authorization": msgspec.structs.replace(signed, **changed)}
    return msgspec.structs.replace(command, **other)


def proven(command: Command, rng: random.Random) -> Command:
    """An order or batch whose orders are signed, as far as anybody can see."""
    if isinstance(command, BatchOrders):
        members = tuple(proven(member, rng) for member in command.members)
        return msgspec.structs.replace(command, members=members)
    if not isinstance(command, PlaceOrder):
        return command
    signed = command.authorization or authorize(
        rng.randrange(1, 2**40),
        lane=rng.randrange(2**16),
        max_fee_ppm=3_000,
        expiry_s=command.at_ns // 10**9 + rng.randrange(1, 100),
    )
    kind = int(signed.kind)
    signed = msgspec.structs.replace(
        signed,
        kind=kind,
        order_hash=bytes(32),
        signature=b"" if kind == SignatureKind.APPROVED else bytes(64),
        proof=(bytes(32),) * 2 if kind == SignatureKind.BULK else (),
        leaf=rng.randrange(4) if kind == SignatureKind.BULK else 0,
    )
    return msgspec.structs.replace(command, authorization=signed)


def spoiled_in_part(command: Command, rng: random.Random) -> Command:
    """An order, or each of a batch, `spoiled`."""
    if isinstance(command, PlaceOrder):
        return spoiled(command, rng)
    if isinstance(command, BatchOrders):
        members = tuple(spoiled_in_part(member, rng) for member in command.members)
        return msgspec.structs.replace(command, members=members)
    return command


def both(
    monkeypatch: pytest.MonkeyPatch, *, requires_signature: bool, limits: RiskLimits
) -> tuple[Engine, Engine, list[int]]:
    """An engine as it is, one without the short way, and how often that was taken."""
    taken = [0]
    made = [
        Engine(book=SortedBook, risk=Watched(limits), requires_signature=requires_signature)
        for _ in range(2)
    ]

    def enter(self: Trading, *order: Any) -> bool:
        if self._desk is made[1]._desk:
            return False
        entered = plain_way(self, *order)
        taken[0] += entered
        return entered

    monkeypatch.setattr(Trading, "_enter_plain", enter)
    return made[0], made[1], taken


def hold_together(one: Engine, other: Engine, command: Command) -> None:
    told = []
    for engine in (one, other):
        try:
            told.append(engine.apply(command))
        except InvariantError as error:
            told.append(str(error))
    assert told[0] == told[1], command
    assert one._risk.asked == other._risk.asked, command
    one._risk.asked.clear()
    other._risk.asked.clear()


@pytest.mark.parametrize("requires_signature", [False, True])
def test_both_ways_agree_about_random_histories(
    rng: random.Random, monkeypatch: pytest.MonkeyPatch, requires_signature: bool
) -> None:
    plain = 0
    for number in range(HISTORIES):
        limits = RiskLimits(order_notional=rng.choice([None, 1]), open_orders=rng.choice([None, 3]))
        one, other, taken = both(monkeypatch, requires_signature=requires_signature, limits=limits)
        naive, dice = Naive(), random.Random(rng.random())
        for command in history(dice.randrange, LENGTH, naive):
            naive.apply(command)
            sent: Command = proven(command, dice) if requires_signature else command
            hold_together(one, other, spoiled_in_part(sent, dice) if number % 2 else sent)
        assert one.state_hash() == other.state_hash()
        plain += taken[0]
    assert plain > HISTORIES * (1 if requires_signature else 5)


def test_both_ways_agree_about_traffic(rng: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other, taken = both(monkeypatch, requires_signature=False, limits=RiskLimits())
    leader = Engine(book=SortedBook, risk=StandardRisk(RiskLimits()))
    for command, _ in traffic(leader, rng, 40 * HISTORIES):
        hold_together(one, other, spoiled_in_part(command, rng) if rng.random() < 0.1 else command)
    assert one.state_hash() == other.state_hash()
    assert taken[0] > HISTORIES
