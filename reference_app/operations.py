"""Operations: each action as the commands that do it, with how things stood before and stand after.

What may be done is the engine's to say; here only stands what one person may not do alone. Nothing is
kept between two operations.
"""

from collections.abc import Iterable
from typing import Final

import attrs
import msgspec

from hybrid_dex.engine.market_states import SERVED, Entry, is_legal
from hybrid_dex.errors import RefusedError
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import (
    CancelAll,
    CancelPlan,
    Command,
    ListMarket,
    ScheduleFees,
    ScheduleMarketState,
    SetMarketState,
)
from hybrid_dex.model.events import CommandRejected, EventBatch, OrderCanceled
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_control import (
    AssignRiskTier,
    SetAccountGroup,
    SetKillSwitch,
    SetRiskTier,
)
from hybrid_dex.model.risk_limits import DEFAULT_TIER
from hybrid_dex.model.units import AccountId, MarketId, Price, TimestampNs
from hybrid_dex.settlement.operation import OperatedSettlement, SettlementOperation
from hybrid_dex.signing.address import parse_address
from hybrid_dex.wire import (
    AssignRiskTierAction,
    CancelOrdersAction,
    CancelPlanAction,
    DelistMarketAction,
    ListMarketAction,
    OpenMarketAction,
    PauseSettlementAction,
    ReleaseAccountAction,
    ReleaseAllAction,
    ResumeSettlementAction,
    RetrySettlementAction,
    ScheduleHaltAction,
    ScheduleOpeningAction,
    SetAccountGroupAction,
    SetFeesAction,
    SetMarketStateAction,
    SetRiskTierAction,
    StopAccountAction,
    StopAllAction,
    encode,
    fees_message,
    limits_of_message,
    member,
    risk_limits_message,
    terms_market,
    to_fee_schedule,
    word,
)
from reference_app.problems import refuse

__all__ = ["Effect", "Operations", "subject_of"]

_MS_NS: Final = 1_000_000
_TERMS: Final = {
    "base.token": "base_token",
    "base.decimals": "base_decimals",
    "quote.token": "quote_token",
    "quote.decimals": "quote_decimals",
    "lot_size": "lot",
    "tick_size": "tick",
}
"""What a market's terms are called in a message, by their names in the model."""


@attrs.frozen
class Effect:
    """How it was, and how it is."""

    before: str
    after: str


def subject_of(action: msgspec.Struct) -> str:
    """Return of what an action is: a market, an account, a tier, a batch, or the exchange."""
    for name in ("account", "market", "tier", "batch"):
        found = getattr(action, name, None)
        if isinstance(found, msgspec.Struct):  # the terms of a new market
            return str(getattr(found, "id", ""))
        if found is not None:
            return str(found)
    return "exchange"


class Operations:
    """Does one action.

    Args:
        engine: an open exchange.

    Attributes:
        before: how it was, as far as that was seen when it is refused.
    """

    def __init__(self, engine: Exchange) -> None:
        self._engine = engine
        self.before = ""

    async def check(self, action: msgspec.Struct) -> None:
        """Refuse a proposal that could not be done now: it names nothing. Raises `ProblemError`."""
        match action:
            case ListMarketAction():
                market = terms_market(action.market)
                refusal = await self._engine.refuse_listing(market)
                if refusal is not None:
                    raise refuse(_of_terms(refusal.reason, refusal.field, refusal.detail))
            case OpenMarketAction() | ScheduleOpeningAction():
                market = self._market(action.market)
                _price(market, action.reference_price)
            case DelistMarketAction():
                self._market(action.market)
            case ResumeSettlementAction():
                self._operation()
            case _:
                pass

    async def do(self, action: msgspec.Struct, reason: str) -> Effect:  # noqa: C901, PLR0911, PLR0912 # one case an action
        """Do it. Raises `ProblemError` and whatever the exchange raises."""
        match action:
            case SetMarketStateAction():
                return await self._set_state(action)
            case OpenMarketAction():
                return await self._move(action.market, action.state, action.reference_price)
            case DelistMarketAction(due_ms=None):
                return await self._move(action.market, "closed", None)
            case DelistMarketAction(due_ms=int(due_ms)):
                return await self._schedule(action.market, "closed", due_ms, None)
            case ScheduleHaltAction():
                return await self._schedule(action.market, action.state, action.due_ms, None)
            case ScheduleOpeningAction():
                return await self._schedule(
                    action.market, action.state, action.due_ms, action.reference_price
                )
            case CancelPlanAction():
                return await self._cancel_plan(action)
            case CancelOrdersAction():
                return await self._cancel_orders(action)
            case StopAccountAction():
                return await self._switch(action.account, engaged=True, cancel=action.cancel)
            case ReleaseAccountAction():
                return await self._switch(action.account, engaged=False)
            case StopAllAction():
                return await self._switch(None, engaged=True, cancel=action.cancel)
            case ReleaseAllAction():
                return await self._switch(None, engaged=False)
            case SetRiskTierAction():
                return await self._set_tier(action)
            case AssignRiskTierAction():
                return await self._assign_tier(action)
            case SetAccountGroupAction():
                return await self._set_group(action)
            case SetFeesAction():
                return await self._set_fees(action)
            case ListMarketAction():
                return await self._list(action)
            case PauseSettlementAction():
                return self._pause(reason)
            case ResumeSettlementAction():
                return self._resume()
            case RetrySettlementAction():
                return self._retry(action)
            case _:
                raise AssertionError(f"no operation does {type(action).__name__}")

    # ------------------------------------------------------------------------------- markets

    async def _set_state(self, action: SetMarketStateAction) -> Effect:
        market, view = self._market(action.market), self._engine.view
        now, wanted = view.market_state(market.id), member(MarketState, action.state)
        self.before = word(now)
        if _takes_orders(wanted) and not _takes_orders(now):
            detail = (
                f"{market.id} is {word(now)}; what lets it take orders again is a proposal: "
                "open_market"
            )
            raise refuse(Refusal(RejectReason.TWO_ADMINS_REQUIRED, "action.state", detail))
        # What could refuse a halt comes first, so that a refused one drops no plan; the plans go before
        # the market moves, so that none opens what is halted should the exchange end in between.
        _price(market, action.reference_price)
        dropped = []
        if not _takes_orders(wanted) and (now is wanted or is_legal(now, wanted)):
            dropped = await self._drop_openings(market)
        effect = await self._move(action.market, action.state, action.reference_price)
        told = f"; no longer planned: {', '.join(dropped)}" if dropped else ""
        return Effect(effect.before, effect.after + told)

    async def _drop_openings(self, market: Market) -> list[str]:
        """Take back what is planned to let a market take orders; return what it was."""
        dropped = []
        for plan in self._engine.view.plans(market.id):
            if plan.state is None or not _takes_orders(plan.state):
                continue
            batch = await self._engine.execute(CancelPlan(market=market.id, due_ns=plan.due_ns))
            if not any(isinstance(event, CommandRejected) for event in batch.events):
                dropped.append(f"{word(plan.state)} at {plan.due_ns // _MS_NS}")
            # Otherwise it came due meanwhile: the market moved by it, and is moved on.
        return dropped

    async def _move(self, market_id: str, state: str, reference: str | None) -> Effect:
        market, view = self._market(market_id), self._engine.view
        self.before = word(view.market_state(market.id))
        await self._execute(
            SetMarketState(
                market=market.id,
                state=member(MarketState, state),
                reference_price=_price(market, reference),
            )
        )
        return Effect(self.before, word(view.market_state(market.id)))

    async def _schedule(
        self, market_id: str, state: str, due_ms: int, reference: str | None
    ) -> Effect:
        market = self._market(market_id)
        self.before = self._plans(market)
        await self._execute(
            ScheduleMarketState(
                market=market.id,
                state=member(MarketState, state),
                due_ns=TimestampNs(due_ms * _MS_NS),
                reference_price=_price(market, reference),
            )
        )
        return Effect(self.before, self._plans(market))

    async def _cancel_plan(self, action: CancelPlanAction) -> Effect:
        market = self._market(action.market)
        self.before = self._plans(market)
        due_ns = TimestampNs(action.due_ms * _MS_NS)
        await self._execute(CancelPlan(market=market.id, due_ns=due_ns))
        return Effect(self.before, self._plans(market))

    async def _set_fees(self, action: SetFeesAction) -> Effect:
        market, view = self._market(action.market), self._engine.view
        self.before = self._fees(market)
        due_ns = None if action.due_ms is None else TimestampNs(action.due_ms * _MS_NS)
        fees = to_fee_schedule(action.fees, market)
        await self._execute(ScheduleFees(market=market.id, fees=fees, due_ns=due_ns))
        if due_ns is None:
            return Effect(self.before, self._fees(market))
        planned = [one for one in view.plans(market.id) if one.due_ns == due_ns and one.fees]
        told = [encode(fees_message(one.fees, market)).decode() for one in planned if one.fees]
        return Effect(self.before, f"at {action.due_ms}: {', '.join(told)}")

    async def _list(self, action: ListMarketAction) -> Effect:
        market = terms_market(action.market)
        known = self._engine.view.market(market.id)
        self.before = "not listed" if known is None else "listed"
        try:
            await self._execute(ListMarket(market=market, state=member(MarketState, action.state)))
        except RefusedError as error:  # by settlement, which the exchange asks once more
            refusal = _of_terms(RejectReason(error.code), error.field, error.detail)
            raise refuse(refusal) from error
        state = self._engine.view.market_state(market.id)
        return Effect(self.before, f"listed, {word(state)}")

    def _plans(self, market: Market) -> str:
        told = []
        for plan in self._engine.view.plans(market.id):
            what = "other fees" if plan.state is None else word(plan.state)
            told.append(f"{what} at {plan.due_ns // _MS_NS}")
        return ", ".join(told) or "nothing planned"

    def _fees(self, market: Market) -> str:
        return encode(fees_message(self._engine.view.fees_of(market.id), market)).decode()

    # ------------------------------------------------------------------------------ accounts

    async def _cancel_orders(self, action: CancelOrdersAction) -> Effect:
        if action.market is None and action.account is None:
            detail = "name a market, an account, or both; stop_all cancels everything"
            raise refuse(Refusal(RejectReason.INVALID_MESSAGE, "action.market", detail))
        market = None if action.market is None else self._market(action.market).id
        account = None if action.account is None else _account(action.account)
        view = self._engine.view

        def live() -> list[tuple[AccountId, MarketId]]:
            if account is not None:
                orders: Iterable[tuple[AccountId, MarketId]] = (
                    (one.account, one.market) for one in view.open_orders(account, market)
                )
            else:
                assert market is not None, "one of the two is named"
                orders = ((one.account, one.market) for one in view.orders_in(market))
            return list(orders)

        found = live()
        self.before = f"{len(found)} open orders"
        canceled = 0
        for one in sorted({owner for owner, _ in found}):
            batch = await self._execute(CancelAll(account=one, market=market))
            canceled += sum(isinstance(event, OrderCanceled) for event in batch.events)
        return Effect(self.before, f"{len(live())} open orders, {canceled} canceled")

    async def _switch(
        self, account_text: str | None, *, engaged: bool, cancel: bool = False
    ) -> Effect:
        account = None if account_text is None else _account(account_text)
        self.before = self._stopped(account)
        batch = await self._execute(SetKillSwitch(account=account, engaged=engaged, cancel=cancel))
        canceled = sum(isinstance(event, OrderCanceled) for event in batch.events)
        told = f", {canceled} orders canceled" if cancel else ""
        return Effect(self.before, self._stopped(account) + told)

    def _stopped(self, account: AccountId | None) -> str:
        controls = self._engine.view.risk_controls()
        engaged = controls.stops_all if account is None else account in controls.stopped
        return "stopped" if engaged else "free"

    async def _set_tier(self, action: SetRiskTierAction) -> Effect:
        self.before = self._limits(action.tier)
        limits = limits_of_message(action.limits)
        await self._execute(SetRiskTier(tier=action.tier, limits=limits))
        return Effect(self.before, self._limits(action.tier))

    def _limits(self, tier: str) -> str:
        limits = dict(self._engine.view.risk_controls().tiers).get(tier)
        return "not set" if limits is None else encode(risk_limits_message(limits)).decode()

    async def _assign_tier(self, action: AssignRiskTierAction) -> Effect:
        account = _account(action.account)
        self.before = self._tier(account)
        await self._execute(AssignRiskTier(account=account, tier=action.tier))
        return Effect(self.before, self._tier(account))

    def _tier(self, account: AccountId) -> str:
        return dict(self._engine.view.risk_controls().members).get(account, DEFAULT_TIER)

    async def _set_group(self, action: SetAccountGroupAction) -> Effect:
        account = _account(action.account)
        self.before = self._group(account)
        await self._execute(SetAccountGroup(account=account, group=action.group))
        return Effect(self.before, self._group(account))

    def _group(self, account: AccountId) -> str:
        return dict(self._engine.view.risk_controls().groups).get(account, "no group")

    # ---------------------------------------------------------------------------- settlement

    def _pause(self, reason: str) -> Effect:
        steered = self._operation()
        self.before = "paused" if steered.paused else "sending"
        steered.pause(reason)
        return Effect(self.before, "paused")

    def _resume(self) -> Effect:
        steered = self._operation()
        self.before = "paused" if steered.paused else "sending"
        steered.resume()
        return Effect(self.before, "sending")

    def _retry(self, action: RetrySettlementAction) -> Effect:
        steered = self._operation()
        found = next((one for one in steered.batches() if one.number == action.batch), None)
        offers = [] if found is None else found.transactions
        self.before = f"{len(offers)} transactions"
        urge = steered.bump if action.bump else steered.resend
        if not urge(action.batch):
            detail = f"batch {action.batch} is not on its way into a block"
            raise refuse(Refusal(RejectReason.NO_SUCH_SETTLEMENT, "action.batch", detail))
        return Effect(self.before, "offers more" if action.bump else "sent again")

    def _operation(self) -> SettlementOperation:
        settlement: object = self._engine.settlement
        if not isinstance(settlement, OperatedSettlement):
            detail = "this exchange settles without a chain: there is nothing to send"
            raise refuse(Refusal(RejectReason.NO_SUCH_SETTLEMENT, "action", detail))
        return settlement.operation

    # ---------------------------------------------------------------------------------- both

    async def _execute(self, command: Command) -> EventBatch:
        batch = await self._engine.execute(command)
        for event in batch.events:
            if isinstance(event, CommandRejected):
                raise refuse(event)
        return batch

    def _market(self, market_id: str) -> Market:
        market = self._engine.view.market(MarketId(market_id))
        if market is None:
            detail = f"there is no market {market_id!r}"
            raise refuse(Refusal(RejectReason.UNKNOWN_MARKET, "action.market", detail))
        return market


def _takes_orders(state: MarketState) -> bool:
    return SERVED[state].place is not Entry.NONE


def _of_terms(reason: RejectReason, field: str, detail: str) -> Refusal:
    """Return settlement's refusal of a market under the names that its terms have in the message."""
    named = _TERMS.get(field, field)
    return Refusal(reason, f"action.market.{named}" if named else "action.market", detail)


def _price(market: Market, text: str | None) -> Price | None:
    return None if text is None else market.parse_price(text)


def _account(text: str) -> AccountId:
    """Return an account: an address as its checksum spells it. Raises `FormatError`."""
    parse_address(text, "action.account")
    return AccountId(text)
