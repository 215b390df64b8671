"""RiskKit passes the risks that ship, each rule by itself, and refuses every broken one."""

from collections.abc import Callable
from itertools import count as counter
from random import Random
from typing import ClassVar, get_args

import msgspec
import pytest

from hybrid_dex.defaults.risk_chain import RiskChain
from hybrid_dex.defaults.risk_counters import DailyVolume, OrdersPerSecond
from hybrid_dex.defaults.risk_rules import (
    KillSwitch,
    LimitRule,
    OpenOrders,
    OrderNotional,
    PositionLimit,
    PrefundedBalance,
    PriceBand,
    SelfTrade,
    SettlementBacklog,
)
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import VersionMismatchError
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.model.commands import (
    ApproveOrder,
    BatchOrders,
    Command,
    GrantSession,
    PlaceOrder,
    RaiseFloor,
    RevokeApproval,
    RevokeLane,
    RevokeSession,
)
from hybrid_dex.model.events import Event, FillMade, OrderAccepted
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.model.units import TimestampNs
from hybrid_dex.testing import RiskKit
from hybrid_dex.testing.traffic import traffic
from tests.testing.mutants import is_refused
from tests.tiers import count

LENGTH = count(fast=250, full=2_000)
CUTS = count(fast=4, full=100)

TIGHT = RiskLimits(
    order_notional=9,
    open_orders=6,
    daily_volume=60,
    refuse_self_trade=True,
    prefunded=True,
    price_band_ppm=20_000,
    orders_per_second=1,
    position=1,
    unsettled_fills=30,
    unsettled_age_s=60,
)


class Shipped(RiskKit):
    """What every kit below has."""

    length = LENGTH
    cuts = CUTS

    @pytest.fixture(autouse=True)
    def take_seed(self, seed: int) -> None:
        self.seed = seed


class TestStandardRisk(Shipped):
    def make_risk(self) -> Risk:
        return StandardRisk(TIGHT, tiers={"bob": RiskLimits(open_orders=3)})


class RuleKit(Shipped):
    """One standard rule by itself."""

    kind: type[LimitRule]

    def make_risk(self) -> Risk:
        return self.kind(lambda _: TIGHT)


class TestDailyVolume(RuleKit):
    kind = DailyVolume


class TestKillSwitch(RuleKit):
    kind = KillSwitch


class TestOpenOrders(RuleKit):
    kind = OpenOrders


class TestOrderNotional(RuleKit):
    kind = OrderNotional


class TestOrdersPerSecond(RuleKit):
    kind = OrdersPerSecond


class TestPositionLimit(RuleKit):
    kind = PositionLimit


class TestPrefundedBalance(RuleKit):
    kind = PrefundedBalance


class TestPriceBand(RuleKit):
    kind = PriceBand


class TestSelfTrade(RuleKit):
    kind = SelfTrade


class TestSettlementBacklog(RuleKit):
    kind = SettlementBacklog


class TestRiskChain(Shipped):
    def make_risk(self) -> Risk:
        return RiskChain([StandardRisk(), EveryThirdOrder(), StandardRisk(TIGHT)])


class EveryThirdOrder:
    """Right: counts fills and acceptances, and refuses every third order by the count."""

    version = "every-third 1"

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        if not isinstance(command, PlaceOrder):
            return None
        if self.seen.get(command.account, 0) % 3 < 2:
            return None
        return Refusal(RejectReason.RISK_REFUSED, "", "every third")

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        if isinstance(event, OrderAccepted):
            self.seen[event.account] = self.seen.get(event.account, 0) + 1
        elif isinstance(event, FillMade):
            self.seen[event.maker] = self.seen.get(event.maker, 0) + 2

    def snapshot(self) -> bytes:
        return msgspec.json.encode(self.seen, order="deterministic")

    def restore(self, state: bytes) -> None:
        try:
            self.seen = msgspec.json.decode(state, type=dict[str, int])
        except msgspec.MsgspecError as error:
            raise VersionMismatchError(str(error)) from error


class TestEveryThirdOrder(Shipped):
    def make_risk(self) -> Risk:
        return EveryThirdOrder()


class VersionCounts(EveryThirdOrder):
    @property
    def version(self) -> str:
        return f"counts {sum(self.seen.values())}"


class LearnsWhenAsked(EveryThirdOrder):
    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        if isinstance(command, PlaceOrder):
            self.seen[command.account] = self.seen.get(command.account, 0) + 1
        return super().check(command, view)


class Moody(EveryThirdOrder):
    """Answers by how often it was asked, which it keeps out of its snapshot."""

    asked = 0

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        self.asked += 1
        return Refusal(RejectReason.RISK_REFUSED) if self.asked % 4 == 0 else None


class CountsBatches(EveryThirdOrder):
    """Refuses after three batches that it was asked about, and no snapshot knows of them."""

    batches = 0

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        if isinstance(command, BatchOrders):
            self.batches += 1
        return Refusal(RejectReason.RISK_REFUSED) if self.batches > 3 else None


class GrowsTired(EveryThirdOrder):
    """Asked again it says the same; a twin that was not asked so often says something else."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[int] = set()

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        self.asked.add(command.sequence)
        return Refusal(RejectReason.RISK_REFUSED) if len(self.asked) > 100 else None


class AnswersTrue(EveryThirdOrder):
    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        return None if super().check(command, view) is None else "every third"


class LooksBehindTheView(EveryThirdOrder):
    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        view.unsettled()
        return super().check(command, view)


class KnowsOrdersOnly(EveryThirdOrder):
    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        return Refusal(RejectReason.RISK_REFUSED) if command.price > 103 else None


class KnowsSomeEventsOnly(EveryThirdOrder):
    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        if type(event).__name__.startswith("Voucher"):
            raise NotImplementedError
        super().observe(event, at_ns)


class SharesItsState(EveryThirdOrder):
    shared: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        self.seen = self.shared


class SnapshotIsText(EveryThirdOrder):
    def snapshot(self) -> bytes:
        return super().snapshot().decode()


class SnapshotNamesTheInstance(EveryThirdOrder):
    numbers = counter(1)

    def __init__(self) -> None:
        super().__init__()
        self.seen["instance"] = next(self.numbers)


class RestoresTheFirstOnly(EveryThirdOrder):
    def restore(self, state: bytes) -> None:
        super().restore(state)
        self.seen = dict(list(self.seen.items())[:1])


class RestoreAdds(EveryThirdOrder):
    def restore(self, state: bytes) -> None:
        before = self.seen
        super().restore(state)
        self.seen = {
            name: before.get(name, 0) + self.seen.get(name, 0) for name in {**before, **self.seen}
        }


class RestoresAnything(EveryThirdOrder):
    def restore(self, state: bytes) -> None:
        try:
            super().restore(state)
        except VersionMismatchError:
            self.seen = {}


class DecidesByInstance(EveryThirdOrder):
    numbers = counter(1)

    def __init__(self) -> None:
        super().__init__()
        self.number = next(self.numbers)

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        if isinstance(command, PlaceOrder) and (command.quantity + self.number) % 2:
            return Refusal(RejectReason.RISK_REFUSED)
        return None


class KeepsNothing(EveryThirdOrder):
    def snapshot(self) -> bytes:
        return b"{}"


class SaysItDoesNotLearn(EveryThirdOrder):
    learns = False

    def restore(self, state: bytes) -> None:
        super().restore(state)
        self.seen["restored"] = 1


MUTANTS: list[tuple[str, Callable[[], Risk]]] = [
    ("version_names_the_rule", VersionCounts),
    ("check_changes_nothing", LearnsWhenAsked),
    ("check_answers_the_same_again", Moody),
    ("check_answers_none_or_a_refusal", AnswersTrue),
    ("check_looks_through_the_view_only", LooksBehindTheView),
    ("check_takes_every_command", KnowsOrdersOnly),
    ("check_does_not_count_its_questions", CountsBatches),
    ("check_does_not_count_its_questions", GrowsTired),
    ("a_restart_decides_the_same", CountsBatches),
    ("observe_takes_every_event", KnowsSomeEventsOnly),
    ("instances_share_nothing", SharesItsState),
    ("snapshot_is_bytes_and_repeats", SnapshotIsText),
    ("the_same_events_give_the_same_bytes", SnapshotNamesTheInstance),
    ("restore_gives_the_same_bytes", RestoresTheFirstOnly),
    ("restore_replaces_what_was_observed", RestoreAdds),
    ("restore_refuses_other_bytes", RestoresAnything),
    ("a_replay_decides_the_same", DecidesByInstance),
    ("a_restart_decides_the_same", KeepsNothing),
    ("a_chain_restarts_with_it", SaysItDoesNotLearn),
]


@pytest.mark.parametrize(
    ("rule", "mutant"), MUTANTS, ids=lambda part: getattr(part, "__name__", part)
)
def test_a_broken_risk_is_refused(rule: str, mutant: Callable[[], Risk]) -> None:
    """By the rule that it breaks, in words that name the rule."""

    class MutantKit(RiskKit):
        def make_risk(self) -> Risk:
            return mutant()

    assert is_refused(MutantKit, rule)


def test_traffic_asks_about_orders_of_every_shape() -> None:
    """A risk is asked about batches as a whole, and about each order within others."""
    shapes: set[str] = set()

    class Looks(EveryThirdOrder):
        def check(self, command: Command, view: LedgerView) -> Refusal | None:
            shapes.add(type(command).__name__)
            return None

    engine = Engine(book=SortedBook, risk=Looks())
    sent = {type(command) for command, _ in traffic(engine, Random(1), 3_000)}
    assert shapes == {"PlaceOrder", "ReplaceOrder", "BatchOrders"}
    unsigned = {RevokeLane, RaiseFloor, GrantSession, RevokeSession, ApproveOrder, RevokeApproval}
    assert set(get_args(Command)) - sent == unsigned


def test_every_standard_rule_stands_here() -> None:
    """A rule that is added is put to the kit."""
    shown = {kit.kind for kit in RuleKit.__subclasses__()}
    assert shown == set(LimitRule.__subclasses__())


def test_every_rule_has_a_risk_that_breaks_it() -> None:
    """A rule that nothing can break checks nothing."""
    assert {rule for rule, _ in MUTANTS} == set(RiskKit.rules())
