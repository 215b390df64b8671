"""The engine: commands in, events out.

A pure state machine. No clock, no IO, no randomness, no floats: the same commands give the same
events and the same state hash on every machine. A refusal by the rules is an event and changes
nothing else. When the engine finds that it broke a rule of its own, it raises `InvariantError`
and answers nothing any more: the state is not to be trusted, the journal is.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from hybrid_dex.engine import isolation, state
from hybrid_dex.engine.batches import Batches
from hybrid_dex.engine.cascade import Cascade
from hybrid_dex.engine.changes import Changes
from hybrid_dex.engine.delegation import Delegation
from hybrid_dex.engine.desk import BookFactory, Desk
from hybrid_dex.engine.funds import Funds
from hybrid_dex.engine.isolation import Isolated
from hybrid_dex.engine.links import Links
from hybrid_dex.engine.markets import Markets
from hybrid_dex.engine.preview import preview
from hybrid_dex.engine.protection import Protection
from hybrid_dex.engine.readings import Readings
from hybrid_dex.engine.risk_control import RiskControl
from hybrid_dex.engine.standing import DeskStanding
from hybrid_dex.engine.trading import Trading
from hybrid_dex.engine.vouchers import Vouchers
from hybrid_dex.errors import (
    ConfigurationError,
    InvariantError,
    SequenceError,
    VersionMismatchError,
)
from hybrid_dex.interfaces.risk import Refusal, Risk
from hybrid_dex.model.commands import (
    AdvanceTime,
    ApproveOrder,
    BatchOrders,
    CancelAll,
    CancelOrder,
    CancelPlan,
    Command,
    CompleteWithdrawal,
    ConfirmSettlement,
    Deposit,
    ExpireVoucher,
    FailSettlement,
    GrantSession,
    IssueVoucher,
    ListMarket,
    PlaceLinked,
    PlaceOrder,
    RaiseFloor,
    RedeemVoucher,
    ReduceOrder,
    ReplaceOrder,
    RequestWithdrawal,
    RevokeApproval,
    RevokeLane,
    RevokeSession,
    ScheduleFees,
    ScheduleMarketState,
    SetMarketState,
    Withdraw,
)
from hybrid_dex.model.events import Event, MarketListed
from hybrid_dex.model.preview import OrderPreview
from hybrid_dex.model.protection import (
    CancelOnDisconnect,
    Heartbeat,
    ScheduleCancel,
    SetCancelOnDisconnect,
)
from hybrid_dex.model.risk_control import (
    AssignRiskTier,
    RiskTierChanged,
    SetAccountGroup,
    SetKillSwitch,
    SetRiskTier,
)
from hybrid_dex.model.units import MAX_SEQUENCE, MarketId, Sequence, TimestampNs

__all__ = ["ENGINE_VERSION", "Engine"]

ENGINE_VERSION: Final = 7
"""Raised whenever the same commands would give other events."""


class Engine(Readings):
    """One exchange's state and the only way to change it.

    Args:
        book: makes the book of a market when it is listed, such as `SortedBook`.
        risk: is asked before orders match, and sees every event.
        requires_signature: refuse orders without authorization, as settlement needs one.
    """

    __slots__ = (
        "_apply",
        "_book",
        "_broken",
        "_cascade",
        "_links",
        "_markets",
        "_protection",
        "_requires_signature",
        "_risk",
        "_trading",
    )

    def __init__(self, *, book: BookFactory, risk: Risk, requires_signature: bool = False) -> None:
        self._book = book
        self._risk = risk
        self._requires_signature = requires_signature
        self._broken = False
        self._take(Desk(book))

    def _take(self, desk: Desk) -> None:
        """Work on this desk from now on."""
        super().__init__(desk)
        desk.settles_on_chain = self._requires_signature
        view = Readings(desk)
        trading = self._trading = Trading(
            desk,
            self._risk,
            view,
            requires_signature=self._requires_signature,
            standing=DeskStanding(desk),
        )
        changes = Changes(desk, trading)
        protection = self._protection = Protection(desk)
        control = RiskControl(desk)
        batches = Batches(desk, self._risk, view, trading, changes)
        links = self._links = Links(desk, self._risk, view, trading)
        self._cascade = Cascade(desk, trading, links)
        funds, delegation, vouchers = Funds(desk), Delegation(desk), Vouchers(desk)
        markets = self._markets = Markets(desk, protection, links)
        self._apply: dict[type[Command | Isolated], Callable[..., tuple[Event, ...] | None]] = {
            PlaceOrder: trading.place,
            CancelOrder: changes.cancel,
            ReduceOrder: changes.reduce,
            ReplaceOrder: changes.replace,
            CancelAll: changes.cancel_all,
            BatchOrders: batches.apply,
            PlaceLinked: links.place,
            Deposit: funds.deposit,
            Withdraw: funds.withdraw,
            RequestWithdrawal: funds.request_withdrawal,
            CompleteWithdrawal: funds.complete_withdrawal,
            RevokeLane: funds.revoke_lane,
            RaiseFloor: funds.raise_floor,
            ConfirmSettlement: funds.confirm,
            FailSettlement: funds.fail,
            ListMarket: markets.list_market,
            SetMarketState: markets.set_state,
            ScheduleFees: markets.schedule_fees,
            ScheduleMarketState: markets.schedule_state,
            CancelPlan: markets.cancel_plan,
            AdvanceTime: _nothing,
            ScheduleCancel: protection.schedule,
            Heartbeat: protection.heartbeat,
            SetCancelOnDisconnect: protection.set_cancel_on_disconnect,
            CancelOnDisconnect: protection.cancel_on_disconnect,
            SetRiskTier: control.set_tier,
            AssignRiskTier: control.assign_tier,
            SetKillSwitch: control.set_kill_switch,
            SetAccountGroup: control.set_group,
            GrantSession: delegation.grant_session,
            RevokeSession: delegation.revoke_session,
            ApproveOrder: delegation.approve_order,
            RevokeApproval: delegation.revoke_approval,
            IssueVoucher: vouchers.issue,
            RedeemVoucher: vouchers.redeem,
            ExpireVoucher: vouchers.expire,
            Isolated: self._isolate,
        }

    @property
    def sequence(self) -> Sequence:
        """The number of the last command; 0 before the first."""
        return self._desk.sequence

    @property
    def at_ns(self) -> TimestampNs:
        """The time of the last command."""
        return self._desk.at_ns

    @property
    def versions(self) -> str:
        """Names and versions of everything that decides events; the journal header holds it."""
        book = getattr(self._book, "version", None)
        if book is None:
            book = getattr(self._book, "__qualname__", type(self._book).__qualname__)
        orders = "; signed orders only" if self._requires_signature else ""
        return f"engine {ENGINE_VERSION}; book {book}; risk {self._risk.version}{orders}"

    def apply(self, command: Command | Isolated) -> tuple[Event, ...]:
        """Apply the next command and return what happened.

        A place command whose client order id repeats an earlier one with the same content returns
        the events of the first again, and nothing happens (see `fresh_events`).

        Raises:
            SequenceError: the command's number is not the next, or its time lies before the
                last one's; nothing changed.
            InvariantError: the engine, its book or its risk broke a rule; it stops for good. It
                names the command, and the market when only that one is to blame.
        """
        desk = self._desk
        if self._broken:
            raise InvariantError("the engine stopped after a broken invariant; replay the journal")
        sequence, at_ns = command.sequence, command.at_ns
        if sequence != desk.sequence + 1 or at_ns < desk.at_ns or sequence > MAX_SEQUENCE:
            raise SequenceError(
                f"expected command {desk.sequence + 1} at {desk.at_ns} or later, "
                f"got {sequence} at {at_ns}"
            )
        events = desk.events
        events.clear()
        self._broken = True
        try:
            desk.sequence, desk.at_ns = sequence, at_ns
            desk.fill_index = 0
            if at_ns >= desk.orders.next_aged_ns:
                desk.orders.age(at_ns)
            if at_ns >= desk.wakes_ns:
                self._markets.wake()
            if at_ns >= desk.switches.next_due_ns:
                self._protection.fire(at_ns)
            if at_ns >= desk.expiries.looks_ns:
                desk.expire(at_ns)
            if desk.linked:
                self._links.settle_all()
            repeated = self._apply[type(command)](command)
            if desk.waiting or desk.linked:
                self._cascade.follow(type(command))
            if desk.frozen:
                desk.thaw()
            observe = self._risk.observe
            for event in events if not desk.observed else desk.unobserved():
                observe(event, at_ns)
        except Exception as error:
            is_told = isinstance(error, InvariantError)
            reason = str(error) if is_told else f"command {sequence} failed: {error!r}"
            market = isolation.blame(desk, command)
            raise InvariantError(reason, sequence=sequence, market=market) from error
        self._broken = False
        return tuple(events) if repeated is None else (*events, *repeated)

    def judge(self, command: PlaceOrder) -> Refusal | None:
        """Return why an order would be refused if it came now, or ``None``. Nothing changes."""
        return self._trading.refuse(command)

    def preview(self, command: PlaceOrder) -> OrderPreview:
        """Return what an order in a listed market would hold, cost and bring. Nothing changes."""
        return preview(self._desk, command, self.rates(command.account, command.market))

    def apply_isolated(self, command: Command, markets: Iterable[MarketId]) -> tuple[Event, ...]:
        """Apply the next command, which broke an invariant in these markets when it was tried.

        They are halted, and their books laid aside before anything else. A command about one of
        them is answered `INTERNAL` and does nothing; any other is applied as usual.

        Raises: as `apply`.
        """
        if command.sequence == self._desk.sequence + 1 and not self._broken:
            for market in markets:
                isolation.still(self._desk, market)
        return self.apply(Isolated(command.sequence, command.at_ns, command, tuple(markets)))

    def _isolate(self, isolated: Isolated) -> tuple[Event, ...] | None:
        """What `apply_isolated` does once expiries are seen to."""
        desk, command = self._desk, isolated.command
        isolation.halt(desk, isolated.markets)
        if isolation.home(desk, command) in isolated.markets:
            isolation.refuse(desk, command)
            return None
        return self._apply[type(command)](command)

    def become(self, other: "Engine") -> None:
        """Take the place of another engine, made alike, which nobody may use afterwards."""
        self._risk, self._broken = other._risk, other._broken  # noqa: SLF001 # its own kind
        self._take(other._desk)  # noqa: SLF001 # its own kind

    def state_hash(self) -> bytes:
        """Return 32 bytes that name the state; the same for every book that agrees."""
        return hashlib.sha256(self.snapshot()).digest()

    def snapshot(self) -> bytes:
        """Return the whole state as bytes; the same state gives the same bytes."""
        return state.dump(self._desk, self._risk.snapshot())

    def restore(self, raw: bytes) -> None:
        """Take the state of a snapshot. Only a fresh engine can; after a failure take another one.

        The risk sees the listed markets, the tiers and the live orders before it gets its own state
        back. So one that the snapshot knows nothing of, as it was added since, begins with these.

        Raises:
            ConfigurationError: this engine has applied commands.
            VersionMismatchError: the bytes are not a state of this format.
        """
        if self._desk.sequence:
            raise ConfigurationError("only a fresh engine can restore a snapshot")
        desk = Desk(self._book)
        try:
            risk = state.load(desk, raw)
        except (KeyError, ValueError) as error:
            raise VersionMismatchError(f"this state contradicts itself: {error!r}") from error
        for venue in desk.venues.values():
            self._risk.observe(MarketListed(venue.market), desk.at_ns)
        for tier, limits in desk.controls.limits.items():
            self._risk.observe(RiskTierChanged(tier, limits), desk.at_ns)
        for order in desk.orders.all_live():
            self._risk.observe(order.accepted(), desk.at_ns)
        self._risk.restore(risk)
        self._take(desk)


def _nothing(command: Command) -> None:
    """Time passed, which `apply` has seen to already."""
