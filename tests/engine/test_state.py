"""The same commands give the same state: replayed, restored at any point, under any hash seed."""

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskLimits, StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.engine.state import STATE_FORMAT
from hybrid_dex.errors import VersionMismatchError
from hybrid_dex.model.commands import (
    Command,
    Deposit,
    FailSettlement,
    GrantSession,
    IssueVoucher,
    RequestWithdrawal,
)
from hybrid_dex.model.events import FillMade, SessionGranted, VoucherIssued
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from tests.engine.driver import BUY, SELL, Driver, authorize, make_engine
from tests.reference.histories import history
from tests.reference.naive import Naive
from tests.tiers import count

CUTS = count(fast=60, full=1_000)
HASH_SEEDS = count(fast=3, full=50)
LENGTH = 200
ROOT = Path(__file__).parent.parent.parent
FORMAT_1 = Path(__file__).parent / "snapshots" / "format_1.json"
FORMAT_2 = Path(__file__).parent / "snapshots" / "format_2.json"


def make() -> Engine:
    """With every standard rule, so that risk has state."""
    return Engine(book=SortedBook, risk=StandardRisk(RiskLimits(refuse_self_trade=True)))


def commands(name: str) -> list[Command]:
    """A random history; what the naive exchange makes of it only steers the choices."""
    naive, found = Naive(), []
    for command in history(random.Random(name).randrange, LENGTH, naive):
        naive.apply(command)
        found.append(command)
    return found


def replay(engine: Engine, some: list[Command]) -> bytes:
    """Apply commands; return a digest of every event and of the state at the end."""
    digest = hashlib.sha256()
    for command in some:
        digest.update(msgspec.json.encode(engine.apply(command)))
    digest.update(engine.state_hash())
    return digest.digest()


def test_a_replay_gives_the_same_events_and_hash(seed: int) -> None:
    """Twice the same."""
    some = commands(f"{seed}")
    assert replay(make(), some) == replay(make(), some)


def test_a_snapshot_at_any_point_goes_on_as_if_nothing_had_happened(seed: int) -> None:
    """Restored bytes are the same bytes, and so is everything after."""
    rng = random.Random(f"{seed}:cuts")
    for number in range(max(1, CUTS // 20)):
        some = commands(f"{seed}:{number}")
        for cut in sorted(rng.sample(range(1, LENGTH), 20)):
            whole, restored = make(), make()
            replay(whole, some[:cut])
            raw = whole.snapshot()
            restored.restore(raw)
            assert restored.snapshot() == raw, (number, cut)
            assert replay(restored, some[cut:]) == replay(whole, some[cut:]), (number, cut)
            restored.check()


def test_lanes_floors_and_progress_survive_a_snapshot() -> None:
    """What random histories leave out: signed orders."""
    driver = Driver(make_engine(requires_signature=True))
    driver.fund("alice", "bob")
    driver.rest("alice", BUY, 5, 10, authorization=authorize(4, expiry_s=50))
    driver.place("bob", SELL, 3, 10, authorization=authorize(9, lane=7))
    raw = driver.engine.snapshot()
    restored = make_engine(requires_signature=True)
    restored.restore(raw)
    assert restored.snapshot() == raw
    assert list(restored.unsettled()) == list(driver.engine.unsettled())
    assert restored.next_due_ns() == driver.engine.next_due_ns() == 50 * 10**9
    assert restored.open_orders("alice") == driver.engine.open_orders("alice")


class ReversedLevels(SortedBook):
    """Another book, by name and type; the same priority."""

    version = "reversed"


def test_the_hash_does_not_depend_on_the_book(seed: int) -> None:
    """Two books that agree give one hash, though the versions differ."""
    some = commands(f"{seed}:books")
    other = Engine(book=ReversedLevels, risk=StandardRisk(RiskLimits(refuse_self_trade=True)))
    assert replay(make(), some) == replay(other, some)
    assert make().versions != other.versions


def test_the_hash_does_not_depend_on_pythons_hash_seed(seed: int) -> None:
    """Nothing iterates over a set: processes with other hash seeds, zones and languages agree."""
    program = (
        "import sys; from tests.engine.test_state import *;"
        f"print(replay(make(), commands({str(seed)!r})).hex())"
    )
    expected = replay(make(), commands(f"{seed}")).hex()
    zones = ("UTC", "Asia/Tokyo", "America/New_York")
    for number in range(HASH_SEEDS):
        environment = os.environ | {
            "PYTHONHASHSEED": str(number),
            "TZ": zones[number % 3],
            "LANG": ("C", "tr_TR.UTF-8", "de_DE.UTF-8")[number % 3],
        }
        answer = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        assert answer.stdout.strip() == expected, number


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b"[2]", b"[1]", b"\x00", b'[1,1,1,1,[["x"]]]', b'["1"]']
)
def test_bytes_that_are_no_state_are_refused(raw: bytes) -> None:
    """And the engine stays fresh."""
    engine = make()
    before = engine.snapshot()
    with pytest.raises(VersionMismatchError):
        engine.restore(raw)
    assert engine.snapshot() == before


def test_a_state_that_contradicts_itself_is_refused() -> None:
    """A book that names an order which is not there."""
    driver = Driver()
    driver.fund("alice")
    driver.rest("alice", BUY, 5, 10)
    state = msgspec.json.decode(driver.engine.snapshot())
    state[4][0][2] = [77]
    with pytest.raises(VersionMismatchError, match="contradicts"):
        make().restore(msgspec.json.encode(state))


def test_a_state_whose_book_offers_an_ended_order_is_refused() -> None:
    """It is known still, and is no longer to trade."""
    driver = Driver()
    driver.fund("alice")
    ended = driver.rest("alice", BUY, 5, 10)
    resting = driver.rest("alice", BUY, 5, 10)
    driver.cancel("alice", ended)
    state = msgspec.json.decode(driver.engine.snapshot())
    assert state[4][0][2] == [resting]
    state[4][0][2] = [ended, resting]
    with pytest.raises(VersionMismatchError, match="contradicts"):
        make().restore(msgspec.json.encode(state))


def restored_from_format_1() -> Driver:
    """An engine with what the first format's program had written: orders, a fill, a request."""
    driver = Driver(make_engine(requires_signature=True))
    engine = make_engine(requires_signature=True)
    engine.restore(FORMAT_1.read_bytes())
    engine.check()
    driver.engine, driver.at_ns = engine, engine.at_ns
    return driver


def test_a_state_of_the_first_format_is_read_whole() -> None:
    """Balances, orders, the fill on its way, lanes, floors; what came since is empty."""
    engine = restored_from_format_1().engine
    assert (engine.sequence, engine.chain_position) == (12, 4 << 24)
    bob = engine.balance("bob", "ETH")
    parts = (bob.available, bob.held, bob.withdrawing, bob.in_flight_out, bob.vouchers)
    assert parts == (999_860, 40, 70, 30, 0)
    assert engine.liabilities("ETH") == engine.liabilities("USDC") == 1_000_000
    assert [order.order_id for order in engine.resting("ETH-USDC")] == [1_024, 1_792]
    named = engine.order_by_client_id("alice", "first")
    assert named is not None
    assert (named.filled, named.open) == (3, 2)
    (fill,) = engine.unsettled()
    assert engine.settlement_stage(fill.fill_id) is SettlementStage.SUBMITTED
    assert engine.next_due_ns() == 50 * 10**9
    assert engine.sessions("alice") == engine.vouchers() == ()


def test_a_state_of_the_first_format_is_written_in_todays_and_is_the_same() -> None:
    """Once more restored, nothing changed, not even the hash."""
    old = restored_from_format_1().engine
    raw = old.snapshot()
    assert msgspec.json.decode(raw)[0] == STATE_FORMAT
    again = make_engine(requires_signature=True)
    again.restore(raw)
    assert (again.snapshot(), again.state_hash()) == (raw, old.state_hash())


def test_an_exchange_goes_on_from_the_first_format_with_all_that_came_since() -> None:
    """Old nonces, floors and chain positions still hold; the old fill can still fail."""
    driver = restored_from_format_1()
    deposit = Deposit(account="bob", asset="ETH", amount=1, position=4 << 24)
    (event,) = driver.do(deposit)
    assert event.reason is RejectReason.DEPOSIT_REPEATED
    dead = [(900 >> 8, 3), (9, 7), (10, 8), (2, 9)]
    for counter, lane in dead:
        signed = authorize(counter, lane=lane)
        (event,) = driver.place("bob", SELL, 1, 50, authorization=signed)
        nonce = (RejectReason.NONCE_USED, RejectReason.NONCE_REVOKED)
        assert event.reason in nonce, (counter, lane)
    (event,) = driver.place("alice", BUY, 1, 1, authorization=authorize(1, lane=5))
    assert event.reason is RejectReason.NONCE_REVOKED
    (fill,) = driver.engine.unsettled()
    driver.do(FailSettlement(failures=(FillFailure(fill.fill_id, 1),), batch=1))
    assert driver.engine.balance("bob", "USDC").available == 0
    granted = GrantSession(
        account="alice",
        key="0xK",
        market="ETH-USDC",
        buy_budget=9,
        sell_budget=9,
        expiry_s=900,
        position=5 << 24,
    )
    assert isinstance(driver.do(granted)[0], SessionGranted)
    issued = IssueVoucher(account="alice", asset="USDC", amount=5, recipient="0xA", deadline_s=900)
    assert isinstance(driver.do(issued)[0], VoucherIssued)
    driver.do(RequestWithdrawal(account="bob", asset="ETH", amount=0))
    events = driver.place("bob", SELL, 2, 10, authorization=authorize(20, lane=7))
    assert [type(event) for event in events][1:2] == [FillMade]


def test_a_state_of_the_second_format_is_read_whole_and_goes_on() -> None:
    """Session, approval, voucher and fill are there; written again it is the same in today's format."""
    driver = Driver(make_engine(requires_signature=True))
    engine = make_engine(requires_signature=True)
    engine.restore(FORMAT_2.read_bytes())
    engine.check()
    driver.engine, driver.at_ns = engine, engine.at_ns
    assert (engine.sequence, engine.chain_position) == (11, 4 << 24)
    (session,) = engine.sessions("alice")
    assert (session.buy_reserved, session.sell_budget) == (360, 9)
    assert engine.is_approved("bob", b"a" * 32)
    (voucher,) = engine.vouchers("bob")
    assert (voucher.amount, engine.balance("bob", "ETH").withdrawing) == (70, 30)
    raw = engine.snapshot()
    assert msgspec.json.decode(raw)[0] == STATE_FORMAT
    again = make_engine(requires_signature=True)
    again.restore(raw)
    assert again.state_hash() == engine.state_hash()
    events = driver.place("bob", SELL, 6, 90, authorization=authorize(2, lane=6))
    assert [event.quantity for event in events if isinstance(event, FillMade)] == [2, 4]
