"""RiskKit: every rule of the `Risk` interface, for whoever writes a risk check.

What the check allows and refuses is its author's to test. What is proven here is that an engine can
stand on it: it changes nothing when asked, learns from events only, and replays - from the start
and from any snapshot - to the same decisions. Random traffic of three accounts in two markets over
several days is what it is shown: single orders, batches, linked orders, and what an operator sets.
"""

import types
from collections.abc import Callable
from random import Random
from typing import Final, cast

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import RiskChain, StandardRisk
from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import VersionMismatchError
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.model.commands import Command
from hybrid_dex.model.events import Event, MarketListed
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import TimestampNs
from hybrid_dex.testing.rules import Kit, demand, expect, raises, rule
from hybrid_dex.testing.samples import every_command, every_event
from hybrid_dex.testing.traffic import MARKETS, any_command, stamped, traffic

__all__ = ["RiskKit"]

_GARBAGE: Final = (b"\x00not a state\xff", b'{"no":"state"}')
_ROUNDS: Final = 4
_VIEW: Final = tuple(name for name in vars(LedgerView) if not name.startswith("_"))


class RiskKit(Kit):
    """Subclass it as ``TestYourRisk`` and write `make_risk`.

    Attributes:
        length: how many commands the random traffic has.
        cuts: at how many places it is interrupted by a restart.
    """

    length: int = 250
    cuts: int = 5

    def make_risk(self) -> Risk:
        """Return a fresh risk; two of them have the same rules and limits."""
        raise NotImplementedError

    # -------------------------------------------------------------------- version

    @rule
    def test_version_names_the_rule(self) -> None:
        """Version is text, the same for every instance of the same rules, whatever was observed."""
        risk, other = self.make_risk(), self.make_risk()
        before = risk.version
        demand(bool(before.strip()), f"a version that names nothing: {before!r}")
        self._run(risk)
        expect("version after traffic", risk.version, before)
        expect("version of another instance", other.version, before)

    # ---------------------------------------------------------------------- check

    @rule
    def test_check_changes_nothing(self) -> None:
        """Check leaves the state as it was: another rule may still refuse the command."""
        risk = self.make_risk()

        def ask(command: Command, view: LedgerView) -> Refusal | None:
            before = risk.snapshot()
            answer = risk.check(command, view)
            expect(f"snapshot after check of command {command.sequence}", risk.snapshot(), before)
            return answer

        self._run(_Asked(risk, ask))

    @rule
    def test_check_answers_the_same_again(self) -> None:
        """The same command against the same state gets the same answer: no clock, no randomness."""
        risk = self.make_risk()

        def ask(command: Command, view: LedgerView) -> Refusal | None:
            answer = risk.check(command, view)
            for _ in range(3):
                again = risk.check(command, view)
                expect(f"answer to command {command.sequence}, asked again", again, answer)
            return answer

        self._run(_Asked(risk, ask))

    @rule
    def test_check_answers_none_or_a_refusal(self) -> None:
        """Check returns None to allow, or a Refusal with a numbered reason."""
        risk = self.make_risk()

        def ask(command: Command, view: LedgerView) -> Refusal | None:
            answer = risk.check(command, view)
            told: object = answer
            good = isinstance(told, Refusal) and isinstance(told.reason, RejectReason)
            demand(told is None or good, f"answer to command {command.sequence}: {told!r}")
            return answer

        self._run(_Asked(risk, ask))

    @rule
    def test_check_looks_through_the_view_only(self) -> None:
        """Check needs nothing of the view but what `LedgerView` promises."""
        risk = self.make_risk()

        def ask(command: Command, view: LedgerView) -> Refusal | None:
            window = types.SimpleNamespace(**{name: getattr(view, name) for name in _VIEW})
            return risk.check(command, cast(LedgerView, window))

        self._run(_Asked(risk, ask))

    @rule
    def test_check_takes_every_command(self) -> None:
        """Check raises for no kind of command, also for those that it has no rule about."""
        risk = self.make_risk()
        engine = self._run(risk)
        for command in every_command():
            try:
                risk.check(command, engine)
            except Exception as error:
                name = type(command).__name__
                raise AssertionError(f"check of a {name} raised {error!r}") from error

    @rule
    def test_check_does_not_count_its_questions(self) -> None:
        """Whatever was asked before: each kind of command gets the same answer, from a restored twin too."""
        risk, twin = self.make_risk(), self.make_risk()
        engine = self._run(risk)
        other = Engine(book=SortedBook, risk=twin)
        other.restore(engine.snapshot())
        commands, before = self._questions(engine), risk.snapshot()
        answers = [risk.check(command, engine) for command in commands]
        for asked in range(2, _ROUNDS + 1):
            for command, answer in zip(commands, answers, strict=True):
                name = type(command).__name__
                again = risk.check(command, engine)
                expect(f"answer to a {name}, asked for the {asked}th time", again, answer)
                expect(f"snapshot after a {name} was asked about", risk.snapshot(), before)
        for command, answer in zip(commands, answers, strict=True):
            what = f"a restored twin's answer to a {type(command).__name__}"
            expect(what, twin.check(command, other), answer)

    # -------------------------------------------------------------------- observe

    @rule
    def test_observe_takes_every_event(self) -> None:
        """Observe raises for no kind of event, also for those that it learns nothing from."""
        risk = self.make_risk()
        for market in MARKETS:
            risk.observe(MarketListed(market), TimestampNs(0))
        for event in every_event():
            try:
                risk.observe(event, TimestampNs(1))
            except Exception as error:
                name = type(event).__name__
                raise AssertionError(f"observing a {name} raised {error!r}") from error

    @rule
    def test_instances_share_nothing(self) -> None:
        """What one instance observes another one does not know."""
        fresh = self.make_risk()
        before = fresh.snapshot()
        self._run(self.make_risk())
        expect("snapshot of an instance that observed nothing", fresh.snapshot(), before)

    # ------------------------------------------------------- snapshot and restore

    @rule
    def test_snapshot_is_bytes_and_repeats(self) -> None:
        """Snapshot is bytes, changes nothing, and is the same until something is observed."""
        risk = self.make_risk()
        self._run(risk)
        first: object = risk.snapshot()
        demand(isinstance(first, bytes), f"a snapshot of type {type(first).__name__}")
        expect("the second snapshot", risk.snapshot(), first)

    @rule
    def test_the_same_events_give_the_same_bytes(self) -> None:
        """Two instances that saw the same have the same snapshot: the state hash depends on it."""
        first, second = self.make_risk(), self.make_risk()
        self._run(first)
        self._run(second)
        expect("snapshot of the second", second.snapshot(), first.snapshot())

    @rule
    def test_restore_gives_the_same_bytes(self) -> None:
        """A fresh instance that restored a snapshot gives that snapshot back, the empty one too."""
        for length in (0, self.length):
            risk, again = self.make_risk(), self.make_risk()
            if length:
                self._run(risk)
            again.restore(risk.snapshot())
            expect(f"snapshot after {length} commands", again.snapshot(), risk.snapshot())

    @rule
    def test_restore_replaces_what_was_observed(self) -> None:
        """Restore takes the place of everything before; nothing of it is left."""
        risk, other = self.make_risk(), self.make_risk()
        self._run(risk)
        self._run(other, seed=self.seed + 1)
        other.restore(risk.snapshot())
        expect("snapshot of one that knew other things", other.snapshot(), risk.snapshot())

    @rule
    def test_restore_refuses_other_bytes(self) -> None:
        """Bytes that are no state raise VersionMismatchError, and nothing changes."""
        risk = self.make_risk()
        self._run(risk)
        before = risk.snapshot()
        for garbage in _GARBAGE:
            with raises(f"restore of {garbage!r}", VersionMismatchError):
                risk.restore(garbage)
            expect("snapshot afterwards", risk.snapshot(), before)

    # --------------------------------------------------------------------- replay

    @rule
    def test_a_replay_decides_the_same(self) -> None:
        """The same commands give an engine with this risk the same events and state hash."""
        self._replay(self.make_risk, self.make_risk, cut=0)

    @rule
    def test_a_restart_decides_the_same(self) -> None:
        """An engine that restored a snapshot goes on with the same events, from any cut."""
        rng = Random(self.seed)
        for cut in sorted(rng.randrange(15, self.length) for _ in range(self.cuts)):
            self._replay(self.make_risk, self.make_risk, cut=cut)

    @rule
    def test_a_chain_restarts_with_it(self) -> None:
        """As a member of a `RiskChain`, beside the standard limits, it restarts as well."""

        def chain() -> Risk:
            return RiskChain([StandardRisk(), self.make_risk()])

        self._replay(chain, chain, cut=self.length // 2)

    def _questions(self, engine: Engine) -> list[Command]:
        """Return one command of every kind and many that traffic might send, as the next one."""
        rng = Random(self.seed)
        random = [any_command(engine, rng) for _ in range(self.length)]
        return [stamped(engine, command) for command in (*every_command(), *random)]

    def _run(self, risk: Risk, seed: int | None = None) -> Engine:
        """Show a risk the kit's traffic; return the engine."""
        engine = Engine(book=SortedBook, risk=risk)
        rng = Random(self.seed if seed is None else seed)
        for _ in traffic(engine, rng, self.length):
            pass
        return engine

    def _replay(self, first: Callable[[], Risk], second: Callable[[], Risk], *, cut: int) -> None:
        """Run traffic on one engine and its commands on another, restarted at ``cut``."""
        engine = Engine(book=SortedBook, risk=first())
        again = Engine(book=SortedBook, risk=second())
        for command, events in traffic(engine, Random(self.seed), self.length):
            if command.sequence == cut:
                again.restore(engine.snapshot())
            elif command.sequence > cut:
                where = f"command {command.sequence} after a restart at {cut} (seed {self.seed})"
                expect(f"events of {where}", again.apply(command), events)
        expect("state hash at the end", again.state_hash(), engine.state_hash())


class _Asked:
    """A risk whose checks go through the kit."""

    def __init__(self, risk: Risk, ask: Callable[[Command, LedgerView], Refusal | None]) -> None:
        self.version = risk.version
        self.check = ask
        self.observe: Callable[[Event, TimestampNs], None] = risk.observe
        self.snapshot = risk.snapshot
        self.restore = risk.restore
