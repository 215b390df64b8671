"""StandardRisk: the operator's limits, each a small rule of its own.

A rule looks at what stands before the command and refuses with a number, or lets pass; the first
refusal wins. Whether the funds are there is not asked here: the ledger's hold answers that.

Limits come from three places, the later before the earlier: what was given at the start for
everybody and for single accounts, and the tiers that commands set while the exchange runs. Rules
that count begin to when some limit first needs it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs
import msgspec

from hybrid_dex.defaults.risk_chain import RiskChain
from hybrid_dex.defaults.risk_counters import DailyVolume, OrdersPerSecond
from hybrid_dex.defaults.risk_rules import (
    Entry,
    KillSwitch,
    LimitRule,
    OpenOrders,
    OrderNotional,
    PositionLimit,
    PrefundedBalance,
    PriceBand,
    SelfTrade,
    SettlementBacklog,
    entries_of,
    entry_of,
)
from hybrid_dex.defaults.risk_state import decode
from hybrid_dex.errors import ConfigurationError, VersionMismatchError
from hybrid_dex.interfaces.risk import LedgerView, Refusal
from hybrid_dex.model.commands import BatchOrders, Command, PlaceOrder, ReplaceOrder
from hybrid_dex.model.events import Event, MarketListed
from hybrid_dex.model.risk_control import RiskTierChanged
from hybrid_dex.model.risk_limits import AccountTier, RiskLimits
from hybrid_dex.model.units import AccountId, TimestampNs

__all__ = [
    "DailyVolume",
    "OpenOrders",
    "OrderNotional",
    "RiskChain",
    "RiskLimits",
    "SelfTrade",
    "StandardRisk",
]

_Judge: TypeAlias = Callable[[Entry, RiskLimits, LedgerView], Refusal | None]
_Observe: TypeAlias = Callable[[Event, TimestampNs], None]

_VERSION: Final = re.compile(r"standard 3 (\(.*?\))((?:; .*)?)")
_TIER: Final = re.compile(r"; (.+?): (\(.*?\))(?=; |$)")
_BY_COMMAND: Final = "by command"
"""The part of a snapshot that names the counting rules which a command set to work."""


class StandardRisk:
    """The rules that ship, with one set of limits and exceptions for single accounts.

    Args:
        limits: what every account may do.
        tiers: the accounts that may do something else.

    >>> StandardRisk(RiskLimits(open_orders=None, order_notional=5)).version
    'standard 3 (order_notional=5, daily_volume=10000000)'
    """

    def __init__(
        self,
        limits: RiskLimits | None = None,
        *,
        tiers: Mapping[AccountId, RiskLimits] | None = None,
    ) -> None:
        self._limits = RiskLimits() if limits is None else limits
        self._tiers = dict(tiers or {})
        self._kill_switch = KillSwitch(self._limits_of)
        self._volume = DailyVolume(self._limits_of)
        self._rate = OrdersPerSecond(self._limits_of)
        self._counters: tuple[LimitRule, ...] = (self._volume, self._rate)
        self._rules: tuple[LimitRule, ...] = (
            OrderNotional(self._limits_of),
            OpenOrders(self._limits_of),
            self._volume,
            self._rate,
            SelfTrade(self._limits_of),
            PriceBand(self._limits_of),
            PositionLimit(self._limits_of),
            PrefundedBalance(self._limits_of),
            SettlementBacklog(self._limits_of),
        )
        self._common = self._judges(self._limits)
        self._judges_of: dict[AccountId, tuple[_Judge, ...]] = {
            account: self._judges(one) for account, one in self._tiers.items()
        }
        # Of tiers that commands set: their limits, and the rules that these set to work.
        self._told: dict[str, tuple[RiskLimits, tuple[_Judge, ...]]] = {}
        self._by_command: dict[str, None] = {}
        self._counting: tuple[LimitRule, ...] = ()
        self._count()

    @classmethod
    def of_version(cls, version: str) -> "StandardRisk | None":
        """Return the risk whose `version` this text is, or ``None`` when it is no such text."""
        found = _VERSION.fullmatch(version)
        if found is None:
            return None
        try:
            made = cls(
                _limits(found[1]),
                tiers={
                    AccountId(account): _limits(text) for account, text in _TIER.findall(found[2])
                },
            )
        except (ConfigurationError, TypeError, ValueError):
            return None
        return made if made.version == version else None

    @property
    def version(self) -> str:
        """Name, version, and the limits from the start that are set, of all and of accounts."""
        tiers = "".join(
            f"; {account}: {_in_words(limits)}" for account, limits in sorted(self._tiers.items())
        )
        return f"standard 3 {_in_words(self._limits)}{tiers}"

    # ------------------------------------------------------------------- check

    def check(self, command: Command, view: LedgerView) -> Refusal | None:
        """Return the first refusal of an order, of new terms, or of a batch as a whole."""
        kind = type(command)
        if kind is not PlaceOrder and kind is not ReplaceOrder:
            return self._check_batch(command, view) if isinstance(command, BatchOrders) else None
        entry = entry_of(command, view)
        if entry is None:
            return None
        account = entry.account
        tier = view.tier(account)
        if tier is not None:
            if tier.killed:
                return self._kill_switch.judge(entry, self._limits, view)
            limits, judges = self._of_tier(account, tier)
        elif self._tiers and account in self._tiers:
            limits, judges = self._tiers[account], self._judges_of[account]
        else:
            limits, judges = self._limits, self._common
        for judge in judges:
            refusal = judge(entry, limits, view)
            if refusal is not None:
                return refusal
        return None

    def _check_batch(self, command: BatchOrders, view: LedgerView) -> Refusal | None:
        """Judge what only shows when the members of an all-or-none batch are taken together."""
        account = command.account
        tier = view.tier(account)
        limits = self._limits_of(account) if tier is None else self._of_tier(account, tier)[0]
        entries = entries_of(command, view)
        for rule in self._rules:
            refusal = rule.judge_together(entries, limits, view) if rule.applies(limits) else None
            if refusal is not None:
                return refusal
        return None

    def _limits_of(self, account: AccountId) -> RiskLimits:
        """Return what was given at the start for an account."""
        return self._tiers.get(account, self._limits)

    def _of_tier(
        self, account: AccountId, tier: AccountTier
    ) -> tuple[RiskLimits, tuple[_Judge, ...]]:
        """Return limits and rules in use: those of the tier, or else those from the start."""
        if tier.limits is None:
            return self._limits_of(account), self._judges_of.get(account, self._common)
        told = self._told.get(tier.name)
        if told is None or told[0] is not tier.limits:
            told = self._told[tier.name] = (tier.limits, self._judges(tier.limits))
        return told

    def _judges(self, limits: RiskLimits) -> tuple[_Judge, ...]:
        """A rule that limits do not use is left out: it would be asked a million times for nothing."""
        return tuple(rule.judge for rule in self._rules if rule.applies(limits))

    # ----------------------------------------------------------------- observe

    def observe(self, event: Event, at_ns: TimestampNs) -> None:
        """Show an event to the rules that count."""
        observers = self._observers.get(type(event))
        if observers is not None:
            for observe in observers:
                observe(event, at_ns)

    def _learn_tier(self, event: Event, _: TimestampNs) -> None:
        """Let the rules count that a tier's new limits set to work."""
        assert isinstance(event, RiskTierChanged), "it is told of nothing else"
        for rule in self._counters:
            if rule.applies(event.limits):
                self._by_command[_name(rule)] = None
        self._count()

    def _count(self) -> None:
        """Let those rules count that some limits use."""
        given = (self._limits, *self._tiers.values())
        self._counting = tuple(
            rule
            for rule in self._counters
            if _name(rule) in self._by_command or any(rule.applies(one) for one in given)
        )
        observers: dict[type[Event], tuple[_Observe, ...]] = {RiskTierChanged: (self._learn_tier,)}
        for rule in self._counting:
            for kind in rule.learns_from:
                observers[kind] = (*observers.get(kind, ()), rule.observe)
        # What a market's ticks are worth is told once, so the volume learns it before it counts.
        observers.setdefault(MarketListed, (self._volume.observe,))
        self._observers = observers

    # -------------------------------------------------------------- snapshots

    def snapshot(self) -> bytes:
        """Return what the counting rules know, each under its class's name."""
        parts = [(_name(rule), rule.snapshot()) for rule in self._counting]
        told = msgspec.json.encode(sorted(self._by_command))
        return msgspec.json.encode([*parts, (_BY_COMMAND, told)])

    def restore(self, state: bytes) -> None:
        """Give each counting rule its state; one that is new here begins with what it observed."""
        parts = dict(decode(state, list[tuple[str, bytes]]))
        told = parts.get(_BY_COMMAND)
        by_command = [] if told is None else decode(told, list[str])
        before, kept = self._by_command, [(rule, rule.snapshot()) for rule in self._counters]
        self._by_command = dict.fromkeys(by_command)
        self._count()
        try:
            for rule in self._counting:
                if _name(rule) in parts:
                    rule.restore(parts[_name(rule)])
        except VersionMismatchError:
            self._by_command = before
            self._count()
            for rule, raw in kept:
                rule.restore(raw)
            raise


def _in_words(limits: RiskLimits) -> str:
    """Return the limits that are set, in words."""
    rows = [
        f"{name}={value}"
        for name, value in attrs.asdict(limits).items()
        if value is not None and value is not False
    ]
    return f"({', '.join(rows)})"


def _limits(text: str) -> RiskLimits:
    """Read limits as a version names them. Raises whatever a wrong text makes Python raise."""
    off = {
        name: False if off is False else None for name, off in attrs.asdict(RiskLimits()).items()
    }
    rows = (row.split("=", 1) for row in text[1:-1].split(", ") if row)
    told = {name: value == "True" or int(value) for name, value in rows}
    return RiskLimits(**(off | told))  # type: ignore[arg-type] # whatever it is, the version is compared


def _name(rule: LimitRule) -> str:
    return type(rule).__qualname__
