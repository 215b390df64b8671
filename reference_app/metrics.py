"""Metrics: the exchange's figures as Prometheus reads them, made when it asks.

Labels are the listed markets, stages, states and words of this program: bounded, whatever clients
send. No account, address, id or secret is ever a label or a value.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hybrid_dex.exchange import Durations
from hybrid_dex.model.market import MarketState
from hybrid_dex.settlement.health import SettlementState
from hybrid_dex.settlement.transaction_state import TransactionState
from hybrid_dex.wire import word
from reference_app.overview import accepting, alarms, durations, operation, settlement_figures
from reference_app.services import Services

__all__ = ["CONTENT_TYPE_LATEST", "ExchangeCollector", "metrics_text"]

_SECOND_NS: Final = 10**9
_MS: Final = 1_000


def metrics_text(services: Services) -> bytes:
    """Return all figures in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ExchangeCollector(services))
    return generate_latest(registry)


class ExchangeCollector(Collector):
    """Reads the figures off the services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield from self._engine()
        yield from self._traffic()
        yield from self._markets()
        yield from self._settlement()
        for name, measured in durations(self._services).items():
            yield _histogram(f"hybrid_dex_{name}_seconds", _STAGES[name], measured)

    def _engine(self) -> Iterator[Metric]:
        view, health = self._services.exchange.view, self._services.exchange.health()
        controls = view.risk_controls()
        takes = accepting(self._services)
        yield _gauge("accepting", "Whether an order sent now would be taken.", takes)
        yield _gauge("journal_ok", "Whether the journal takes commands.", health.journal_ok)
        yield _gauge("halted", "Whether a restart is needed.", bool(health.halted))
        yield _gauge("sequence", "The last applied command.", view.sequence)
        yield _gauge("journal_position", "The last durable record.", health.position)
        yield _gauge("journal_waiting", "Commands that wait for the journal.", health.waiting)
        yield _gauge("records_ok", "Whether the records follow.", health.records_ok)
        yield _gauge("records_lag", "Commands that the records are behind.", health.records_lag)
        yield _gauge("snapshot_lag", "Commands since the last snapshot.", health.snapshot_lag)
        yield _gauge("accounts", "Accounts that ever had funds.", view.account_count())
        yield _gauge("open_orders", "Orders that rest or wait.", view.live_orders())
        yield _gauge("kill_switch", "Whether everybody is stopped.", controls.stops_all)
        yield _gauge("stopped_accounts", "Accounts stopped one by one.", len(controls.stopped))
        found = [alarm.severity for alarm in alarms(self._services)]
        counts = {name: found.count(name) for name in ("critical", "warning")}
        yield _labelled("alarms", "What needs a person.", "severity", counts)

    def _traffic(self) -> Iterator[Metric]:
        services = self._services
        meter, limiter = services.hub.meter, services.limiter
        yield _counter("commands", "Commands that were told.", meter.commands)
        orders = {"accepted": meter.orders, "rejected": meter.rejected}
        yield _counters("orders", "Orders by the engine's answer.", "answer", orders)
        yield _gauge("sockets", "Open sockets of this gateway.", services.hub.connections)
        refusals = dict(limiter.refusals)
        yield _counters("rate_limited", "Requests refused by rate.", "counted", refusals)
        counted = services.counters
        conflated, slow = counted.books_conflated, counted.sockets_too_slow
        yield _counter("books_conflated", "Snapshots in place of a reader's deltas.", conflated)
        yield _counter("sockets_too_slow", "Sockets closed since nobody read them.", slow)
        alone = limiter.counts_alone
        yield _gauge("rates_counted_alone", "Whether the shared counts are away.", alone)
        states = {
            name: int(name == services.read.state) for name in ("closed", "open", "half_open")
        }
        yield _labelled("records_breaker", "The breaker before the records.", "state", states)

    def _markets(self) -> Iterator[Metric]:
        view, fills = self._services.exchange.view, self._services.hub.meter.fills
        states = GaugeMetricFamily(
            "hybrid_dex_market_state",
            "1 for the state that a market is in.",
            labels=("market", "state"),
        )
        made = CounterMetricFamily("hybrid_dex_fills", "Fills.", labels=("market",))
        isolated = view.isolated()
        broken = GaugeMetricFamily(
            "hybrid_dex_market_isolated", "Whether it broke an invariant.", labels=("market",)
        )
        for market in view.markets():
            now = view.market_state(market.id)
            for state in MarketState:
                states.add_metric((market.id, word(state)), int(state is now))
            made.add_metric((market.id,), fills[market.id])
            broken.add_metric((market.id,), int(market.id in isolated))
        yield from (states, made, broken)

    def _settlement(self) -> Iterator[Metric]:
        services, steered = self._services, operation(self._services)
        figures = settlement_figures(services)
        oldest_s = (figures.oldest_ms or 0) / _MS
        yield _gauge("settlement_ok", "Whether it takes fills and yields updates.", figures.ok)
        yield _gauge("settlement_waiting", "Groups not handed over yet.", figures.waiting)
        yield _gauge("settlement_unsettled", "Fills that are not final.", figures.unsettled)
        yield _gauge("settlement_oldest_seconds", "Age of the oldest of them.", oldest_s)
        yield _gauge("settlement_paused", "Whether an operator paused it.", bool(figures.paused))
        if steered is None:
            return
        health = steered.health()
        states = {state.value: int(state is health.state) for state in SettlementState}
        yield _labelled("settlement_state", "1 for the state that it is in.", "state", states)
        yield _gauge("settlement_queued", "Fills that wait for a batch.", health.queued)
        yield _gauge("settlement_batch", "The last batch in a block.", health.batch)
        yield _gauge("chain_head_block", "The newest block read.", health.head_block)
        yield _gauge("chain_final_block", "The newest final block.", health.final_block)
        yield _gauge("chain_head_age_seconds", "Age of the newest block.", health.head_age_s)
        yield _gauge("audited_block", "Vault and engine were equal there.", health.audited_block)
        counts = dict.fromkeys((state.value for state in TransactionState), 0)
        for batch in steered.batches():
            for transaction in batch.transactions:
                counts[transaction.state.value] += 1
        yield _labelled("settlement_transactions", "By state, not final.", "state", counts)


_STAGES: Final = {
    "order_entry": "From when a request of order entry is read to its answer.",
    "journal_append": "Until a journal record is on the disk.",
    "records_read": "Until the records answered.",
}


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"hybrid_dex_{name}", told, value=float(value))


def _labelled(name: str, told: str, label: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(f"hybrid_dex_{name}", told, labels=(label,))
    for word_, value in values.items():
        family.add_metric((word_,), value)
    return family


def _counter(name: str, told: str, value: int) -> Metric:
    return CounterMetricFamily(f"hybrid_dex_{name}", told, value=value)


def _counters(name: str, told: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"hybrid_dex_{name}", told, labels=(label,))
    for word_, value in values.items():
        family.add_metric((word_,), value)
    return family


def _histogram(name: str, told: str, measured: Durations) -> Metric:
    buckets = [(repr(bound / _SECOND_NS), count) for bound, count in measured.counts()]
    return HistogramMetricFamily(
        name,
        told,
        buckets=[*buckets, ("+Inf", measured.count)],
        sum_value=measured.total_ns / _SECOND_NS,
    )
