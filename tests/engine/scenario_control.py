"""The words of scenarios about absence and the operator: see `scenarios/README.md`."""

from hybrid_dex.model import commands as c
from hybrid_dex.model.events import Event
from hybrid_dex.model.market import Market
from hybrid_dex.model.protection import (
    AccountDisconnected,
    CancelOnDisconnect,
    CancelOnDisconnectChanged,
    CancelScheduled,
    Heartbeat,
    ScheduleCancel,
    ScheduledCancelFired,
    SetCancelOnDisconnect,
)
from hybrid_dex.model.risk_control import (
    AccountGroupChanged,
    AssignRiskTier,
    KillSwitchChanged,
    RiskTierAssigned,
    RiskTierChanged,
    SetAccountGroup,
    SetKillSwitch,
    SetRiskTier,
)
from hybrid_dex.model.risk_limits import RiskLimits

MS_PER_SECOND = 1_000
NS_PER_SECOND = 10**9


def control(who: str, verb: str, rest: str, market: Market) -> c.Command | None:
    """Return what a row says as a command, when it is one of these."""
    match verb, rest.split():
        case "arm", [seconds, *here]:
            timeout_ms = int(seconds.removesuffix("s")) * MS_PER_SECOND
            where = market.id if here == ["here"] else None
            return ScheduleCancel(account=who, timeout_ms=timeout_ms, market=where)
        case "disarm", here:
            where = market.id if here == ["here"] else None
            return ScheduleCancel(account=who, timeout_ms=0, market=where)
        case "heartbeat", []:
            return Heartbeat(account=who)
        case "cancel-on-disconnect", [("on" | "off") as word]:
            return SetCancelOnDisconnect(account=who, enabled=word == "on")
        case "disconnects", []:
            return CancelOnDisconnect(account=who)
        case "tier", [name, *words]:
            return SetRiskTier(tier=name, limits=limits(words))
        case "assign", [account, "to", name]:
            return AssignRiskTier(account=account, tier=None if name == "none" else name)
        case "stop", [account, *cancel]:
            one = None if account == "all" else account
            return SetKillSwitch(account=one, engaged=True, cancel=cancel == ["and", "cancel"])
        case "resume", [account]:
            return SetKillSwitch(account=None if account == "all" else account, engaged=False)
        case "group", [account, "as", name]:
            return SetAccountGroup(account=account, group=name)
        case "ungroup", [account]:
            return SetAccountGroup(account=account, group=None)
    return None


def limits(words: list[str]) -> RiskLimits:
    """Limits from words, such as ``open-orders 2 prefunded``; the usual ones are off."""
    found: dict[str, object] = dict.fromkeys(("order_notional", "open_orders", "daily_volume"))
    rest = iter(words)
    for word in rest:
        name = word.replace("-", "_")
        found[name] = True if name in {"prefunded", "refuse_self_trade"} else int(next(rest))
    return RiskLimits(**found)


def words_of_control(event: Event) -> str | None:
    """Return an event in words, when it is one of these."""
    match event:
        case CancelScheduled(due_ns=None):
            return "disarmed"
        case CancelScheduled():
            assert event.due_ns is not None
            return f"due at {event.due_ns // NS_PER_SECOND}s"
        case ScheduledCancelFired():
            return "switch fired"
        case AccountDisconnected():
            return "disconnected"
        case (
            CancelOnDisconnectChanged()
            | RiskTierChanged()
            | RiskTierAssigned()
            | KillSwitchChanged()
            | AccountGroupChanged()
        ):
            return "done"
    return None
