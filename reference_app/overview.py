"""Overview: the exchange as who runs it sees it, read off the engine's view, the health and the meter.

Everything here is asked for by routes, by the socket's channel `admin` and by the metrics, so that all
three say the same. It changes nothing, and waits for nothing but where it says so.
"""

from collections import Counter
from typing import Final, Literal

import msgspec

from hybrid_dex.exchange import Durations, Exchange
from hybrid_dex.interfaces.settlement import Settlement
from hybrid_dex.model.history import SettlementRecord
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.units import MarketId
from hybrid_dex.settlement.operation import (
    BatchStanding,
    OperatedSettlement,
    SettlementOperation,
    TransactionStanding,
)
from hybrid_dex.wire import (
    AlarmMessage,
    HaltedMarketMessage,
    HaltsAnswer,
    MarketFiguresMessage,
    NodeMessage,
    SettlementBatchMessage,
    SettlementFiguresMessage,
    SettlementStatusMessage,
    SettlementTransactionMessage,
    StageMessage,
    StatisticsMessage,
    microseconds,
    plan_message,
    to_ms,
    word,
)
from reference_app.metering import WINDOW_S
from reference_app.services import Services

__all__ = [
    "accepting",
    "alarms",
    "batch_message",
    "durations",
    "halts",
    "operation",
    "settlement_figures",
    "settlement_of",
    "settlement_status",
    "statistics",
]

StageWord = Literal["order_entry", "journal_append", "records_read"]
_MS_NS: Final = 1_000_000


def settlement_of(services: Services) -> Settlement | None:
    """Return the settlement, where the engine is in this process."""
    engine = services.exchange
    return engine.settlement if isinstance(engine, Exchange) else None


def operation(services: Services) -> SettlementOperation | None:
    """Return the view and the levers of settlement, where there is a chain and it is here."""
    found: object = settlement_of(services)
    return found.operation if isinstance(found, OperatedSettlement) else None


def accepting(services: Services) -> bool:
    """Return whether an order sent now would be taken, as far as the exchange itself goes."""
    health, controls = services.exchange.health(), services.exchange.view.risk_controls()
    return health.ready and health.settlement_ok and not controls.stops_all


def durations(services: Services) -> dict[StageWord, Durations]:
    """Return how long each stage that is measured in this process takes."""
    found: dict[StageWord, Durations] = {"order_entry": services.hub.meter.order_entry}
    if isinstance(services.exchange, Exchange):
        found["journal_append"] = services.exchange.appending
    found["records_read"] = services.read.durations
    return found


def statistics(services: Services) -> StatisticsMessage:
    """Return the exchange at a glance. Sorts some thousand durations, so not for every order."""
    view, health, hub = services.exchange.view, services.exchange.health(), services.hub
    window = hub.meter.window()
    return StatisticsMessage(
        time_ms=to_ms(services.clock.now_ns()),
        sequence=view.sequence,
        accepting=accepting(services),
        halted=health.halted,
        kill_switch=view.risk_controls().stops_all,
        commands_per_second=_rate(window.commands),
        orders_per_second=_rate(window.orders),
        fills_per_second=_rate(window.fills.total()),
        accounts=view.account_count(),
        open_orders=view.live_orders(),
        sockets=hub.connections,
        journal_position=health.position,
        waiting=health.waiting,
        records_ok=health.records_ok,
        records_lag=health.records_lag,
        snapshot_lag=health.snapshot_lag,
        alarms=len(alarms(services)),
        settlement=settlement_figures(services),
        stages=[_stage(name, found) for name, found in durations(services).items()],
        markets=[_market(services, market, window.fills) for market in view.markets()],
    )


def settlement_figures(services: Services) -> SettlementFiguresMessage:
    """Return how settlement is, in figures."""
    view, health, steered = services.exchange.view, services.exchange.health(), operation(services)
    oldest_ns = view.oldest_unsettled_ns()
    age_ns = None if oldest_ns is None else max(0, services.clock.now_ns() - oldest_ns)
    return SettlementFiguresMessage(
        ok=health.settlement_ok,
        waiting=health.settlement_waiting,
        unsettled=view.unsettled_fills(),
        oldest_ms=None if age_ns is None else age_ns // _MS_NS,
        paused="" if steered is None else steered.paused,
    )


def settlement_status(services: Services) -> SettlementStatusMessage:
    """Return how settlement is, in words."""
    found, steered = settlement_of(services), operation(services)
    figures = settlement_figures(services)
    if found is None or steered is None:
        return SettlementStatusMessage(
            figures=figures,
            state="elsewhere" if found is None else "local",
            pause_reason="" if found is None else found.pause_reason,
            halt_reason="" if found is None else found.halt_reason,
            error="",
            alarm="",
            queued=0,
        )
    health = steered.health()
    return SettlementStatusMessage(
        figures=figures,
        state=health.state.value,
        pause_reason=found.pause_reason,
        halt_reason=found.halt_reason,
        error=health.error,
        alarm=health.alarm,
        queued=health.queued,
        chain_id=health.chain_id,
        contract=health.contract,
        head_block=health.head_block,
        final_block=health.final_block,
        batch=health.batch,
        audited_block=health.audited_block,
        nodes=[
            NodeMessage(
                place=node.place,
                standing=node.standing.value,
                detail=node.detail,
                in_use=node.in_use,
            )
            for node in health.endpoints
        ],
    )


def alarms(services: Services) -> list[AlarmMessage]:
    """Return all that needs a person now, the critical first."""
    health, view = services.exchange.health(), services.exchange.view
    found: list[AlarmMessage] = []
    if health.halted:
        found.append(AlarmMessage(source="exchange", severity="critical", detail=health.halted))
    if not health.journal_ok:
        detail = "the journal takes no commands now: nothing is acknowledged"
        found.append(AlarmMessage(source="journal", severity="critical", detail=detail))
    if view.risk_controls().stops_all:
        detail = "the kill switch is engaged: no order of anybody enters, until two admins lift it"
        found.append(AlarmMessage(source="exchange", severity="critical", detail=detail))
    for market in view.isolated():
        detail = f"{market} broke an invariant and stands still until somebody opens it"
        found.append(AlarmMessage(source="market", severity="critical", detail=detail))
    found += _settlement_alarms(services)
    if not health.records_ok:
        detail = f"the records are away, {health.records_lag} commands behind: lists are refused"
        found.append(AlarmMessage(source="records", severity="warning", detail=detail))
    return sorted(found, key=lambda alarm: alarm.severity != "critical")


def halts(services: Services) -> HaltsAnswer:
    """Return everything that stands still, and why."""
    view, health = services.exchange.view, services.exchange.health()
    found, controls = settlement_of(services), view.risk_controls()
    isolated, steered = view.isolated(), operation(services)
    markets = view.markets()
    planned = {
        str(market.id): [
            plan_message(plan, market) for plan in view.plans(market.id) if plan.state is not None
        ]
        for market in markets
    }
    return HaltsAnswer(
        exchange=health.halted,
        matching="" if found is None else found.pause_reason,
        withdrawals="" if found is None else found.halt_reason,
        settlement="" if steered is None else steered.paused,
        kill_switch=controls.stops_all,
        stopped_count=len(controls.stopped),
        markets=[
            HaltedMarketMessage(
                market=market.id,
                state=word(view.market_state(market.id)),
                isolated=market.id in isolated,
            )
            for market in markets
            if view.market_state(market.id) is not MarketState.OPEN
        ],
        planned={market: plans for market, plans in planned.items() if plans},
    )


def _settlement_alarms(services: Services) -> list[AlarmMessage]:
    found, steered = settlement_of(services), operation(services)
    told: list[AlarmMessage] = []
    if found is not None and found.pause_reason:
        detail = f"nothing is matched: {found.pause_reason}"
        told.append(AlarmMessage(source="settlement", severity="critical", detail=detail))
    if steered is None:
        return told
    health = steered.health()
    if health.alarm and health.alarm not in (found.pause_reason if found else ""):
        told.append(AlarmMessage(source="settlement", severity="critical", detail=health.alarm))
    if steered.paused:
        detail = f"an operator paused the sending of batches: {steered.paused}"
        told.append(AlarmMessage(source="settlement", severity="warning", detail=detail))
    if health.error:
        told.append(AlarmMessage(source="chain", severity="warning", detail=health.error))
    if health.nameless:
        tokens = ", ".join(health.nameless)
        detail = f"deposits of tokens that no market names wait to be credited: {tokens}"
        told.append(AlarmMessage(source="settlement", severity="warning", detail=detail))
    return told


def _market(services: Services, market: Market, fills: Counter[MarketId]) -> MarketFiguresMessage:
    view, day = services.exchange.view, services.hub.prices.ticker(market)
    last = view.last_price(market.id)
    return MarketFiguresMessage(
        market=market.id,
        state=word(view.market_state(market.id)),
        fills_per_second=_rate(fills[market.id]),
        last=None if last is None else market.format_price(last),
        volume_24h=None if day is None else day.volume,
        turnover_24h=None if day is None else day.turnover,
        trades_24h=None if day is None else day.trades,
    )


def _stage(name: StageWord, measured: Durations) -> StageMessage:
    found = measured.percentiles()
    return StageMessage(
        stage=name,
        count=found.count,
        p50_us=microseconds(found.p50_ns),
        p95_us=microseconds(found.p95_ns),
        p99_us=microseconds(found.p99_ns),
        max_us=microseconds(found.longest_ns),
    )


def _rate(count: int) -> str:
    """Return a count of `WINDOW_S` seconds as so many a second, exactly."""
    whole, tenths = divmod(count, WINDOW_S)
    return f"{whole}.{tenths}" if tenths else str(whole)


def batch_message(
    record: SettlementRecord | None, standing: BatchStanding | None
) -> SettlementBatchMessage:
    """Join what the records and the pipeline know of a batch; one of them knows it."""
    told = {} if record is None else {one.transaction: one for one in record.transactions}
    followed = {} if standing is None else {one.hash: one for one in standing.transactions}
    transactions = []
    for name in filter(None, dict.fromkeys((*told, *followed))):
        stage = word(told[name].stage) if name in told else ""
        message = SettlementTransactionMessage(
            hash=name,
            state=followed[name].state.value if name in followed else stage,
            first_at_ms=to_ms(told[name].first_at_ns) if name in told else None,
        )
        transactions.append(_with_offer(message, followed.get(name)))
    known = record or standing
    assert known is not None, "one of the two knows the batch"
    return SettlementBatchMessage(
        batch=known.batch if isinstance(known, SettlementRecord) else known.number,
        stage=word(known.stage),
        fills=None if standing is None else standing.fills,
        retries=max(0, len(transactions) - 1),
        first_at_ms=None if record is None else to_ms(record.first_at_ns),
        changed_at_ms=None if record is None else to_ms(record.changed_at_ns),
        transactions=transactions,
    )


def _with_offer(
    message: SettlementTransactionMessage, offer: TransactionStanding | None
) -> SettlementTransactionMessage:
    if offer is None:
        return message
    return msgspec.structs.replace(
        message,
        nonce=offer.nonce,
        gas_limit=offer.gas_limit,
        max_fee_wei=str(offer.max_fee_wei),
        tip_wei=str(offer.tip_wei),
    )
