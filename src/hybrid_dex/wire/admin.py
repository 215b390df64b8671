"""Messages that who runs the exchange reads: statistics, users, markets, risk, fees, settlement, alarms.

Rates are decimal text over the last ten whole seconds, durations integer microseconds, gas prices
decimal digits in wei. What can be asked for and changed stands in `admin_actions`.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Market
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.model.views import Plan
from hybrid_dex.wire.api_keys import RoleWord
from hybrid_dex.wire.history import MarketRatesMessage
from hybrid_dex.wire.markets import FeesMessage, MarketMessage, fees_message
from hybrid_dex.wire.promises import DigitsText
from hybrid_dex.wire.reports import OrderMessage
from hybrid_dex.wire.scalars import (
    AccountText,
    DecimalText,
    Milliseconds,
    SequenceNumber,
    SymbolText,
    to_ms,
)
from hybrid_dex.wire.sessions import BalanceMessage
from hybrid_dex.wire.words import MarketStateWord, StageWord, word

__all__ = [
    "AdminMarketMessage",
    "AdminMarketsAnswer",
    "AlarmMessage",
    "AlarmsAnswer",
    "BatchesMessage",
    "FeeTableMessage",
    "FeeTablesAnswer",
    "HaltedMarketMessage",
    "HaltsAnswer",
    "LimitsMessage",
    "MarketFiguresMessage",
    "NodeMessage",
    "PlanMessage",
    "RiskAnswer",
    "RiskTierMessage",
    "SettlementBatchMessage",
    "SettlementBatchesAnswer",
    "SettlementFiguresMessage",
    "SettlementStatusMessage",
    "SettlementTransactionMessage",
    "StageMessage",
    "StatisticsMessage",
    "TierNameText",
    "UserMessage",
    "UserSummaryMessage",
    "UsersAnswer",
    "limits_of_message",
    "microseconds",
    "plan_message",
    "risk_limits_message",
]

TierNameText: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="the name of a risk tier or a group: printable ASCII",
        extra_json_schema={"pattern": "^[ -~]+$"},
    ),
]
Microseconds: TypeAlias = int
_NS_PER_US = 1_000


class StageMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """How long a stage took, of the newest that were measured in this process.

    Attributes:
        stage: ``order_entry``: a request from when it is read to its answer, signature, journal and
            matching included; ``journal_append``: until a record is on the disk;
            ``records_read``: a question to the records.
        count: of how many.
    """

    stage: Literal["order_entry", "journal_append", "records_read"]
    count: int
    p50_us: Microseconds
    p95_us: Microseconds
    p99_us: Microseconds
    max_us: Microseconds


class MarketFiguresMessage(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True
):
    """What a market does.

    Attributes:
        fills_per_second: over the last ten seconds.
        volume_24h: in base, to the minute; null until the records have caught up.
        turnover_24h: in quote; null until then.
        trades_24h: fills; null until then.
    """

    market: SymbolText
    state: MarketStateWord
    fills_per_second: DecimalText
    last: DecimalText | None
    volume_24h: DecimalText | None
    turnover_24h: DecimalText | None
    trades_24h: int | None


class SettlementFiguresMessage(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True
):
    """How settlement is, in figures.

    Attributes:
        ok: it takes fills and yields updates.
        waiting: groups of fills that wait to be handed to it.
        unsettled: fills that are not final.
        oldest_ms: age of the oldest of them; null for none.
        paused: why nothing is sent, by the word of an operator; empty while sending.
    """

    ok: bool
    waiting: int
    unsettled: int
    oldest_ms: Milliseconds | None
    paused: str


class StatisticsMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="statistics",
):
    """The exchange at a glance; over REST, and on the socket's channel ``admin``.

    Attributes:
        sequence: the last command that this process knows.
        accepting: whether an order sent now would be taken.
        halted: why nothing is taken until a restart, or an empty text.
        kill_switch: everybody is stopped.
        commands_per_second: over the last ten seconds, as are the others.
        accounts: that ever had funds.
        open_orders: that rest or wait.
        sockets: open on this gateway.
        journal_position: the last durable record.
        waiting: commands that wait for the journal.
        records_lag: commands that the records are behind.
        snapshot_lag: commands since the last snapshot.
        alarms: how many `GET /admin/alarms` lists.
    """

    time_ms: Milliseconds
    sequence: SequenceNumber
    accepting: bool
    halted: str
    kill_switch: bool
    commands_per_second: DecimalText
    orders_per_second: DecimalText
    fills_per_second: DecimalText
    accounts: int
    open_orders: int
    sockets: int
    journal_position: int
    waiting: int
    records_ok: bool
    records_lag: int
    snapshot_lag: int
    alarms: int
    settlement: SettlementFiguresMessage
    stages: list[StageMessage]
    markets: list[MarketFiguresMessage]


class UserSummaryMessage(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True
):
    """An account in a list.

    Attributes:
        tier: its risk tier.
        stopped: its kill switch is engaged: nothing of it enters.
        short: a failed settlement left it short; it can not place or withdraw.
    """

    account: AccountText
    role: RoleWord
    tier: str
    stopped: bool
    short: bool
    open_orders: int


class UsersAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Accounts that ever had funds, by address; ``next`` goes into ``after``, null on the last page."""

    users: list[UserSummaryMessage]
    next: AccountText | None = None


class LimitsMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an account of a tier may do; null is no limit. Notionals and volumes are whole units.

    Attributes:
        order_notional: the largest order.
        open_orders: how many orders may rest at once.
        daily_volume: what may trade in a UTC day.
        refuse_self_trade: refuse what would meet the account's own orders.
        prefunded: cover orders with final funds only.
        price_band_ppm: how far beyond the last trade a price may be, on its bad side.
        orders_per_second: how many orders and replacements may enter in a second.
        position: how much of a base asset it may have once its buys are filled, whole units.
        unsettled_fills: no order enters while so many fills of all accounts are not final.
        unsettled_age_s: no order enters once the oldest of them is this old.
    """

    order_notional: Annotated[int, Meta(ge=0)] | None = None
    open_orders: Annotated[int, Meta(ge=0)] | None = None
    daily_volume: Annotated[int, Meta(ge=0)] | None = None
    refuse_self_trade: bool = False
    prefunded: bool = False
    price_band_ppm: Annotated[int, Meta(ge=0)] | None = None
    orders_per_second: Annotated[int, Meta(ge=0)] | None = None
    position: Annotated[int, Meta(ge=0)] | None = None
    unsettled_fills: Annotated[int, Meta(ge=0)] | None = None
    unsettled_age_s: Annotated[int, Meta(ge=0)] | None = None


class UserMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account, as who runs the exchange sees it.

    Attributes:
        role: what it may do beside trading.
        tier: its risk tier, and what that allows.
        group: the group of accounts that self-trade prevention takes for one; null for none.
        stopped: its kill switch is engaged: nothing of it enters.
        short: a failed settlement left it short.
        logins: open sessions.
        orders: the newest open orders, 100 at most.
        open_orders: how many there are.
        rates: what it is charged in each market.
        cancels_on_disconnect: its orders go when its last connection ends.
    """

    account: AccountText
    role: RoleWord
    tier: str
    limits: LimitsMessage
    group: str | None
    stopped: bool
    short: bool
    logins: int
    open_orders: int
    orders: list[OrderMessage]
    balances: list[BalanceMessage]
    rates: list[MarketRatesMessage]
    cancels_on_disconnect: bool


class PlanMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What will happen to a market at a time.

    Attributes:
        due_ms: when.
        state: the state that it moves to, if that is planned.
        fees: what is charged from then on, if that is planned.
    """

    due_ms: Milliseconds
    state: MarketStateWord | None = None
    fees: FeesMessage | None = None


class AdminMarketMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A market with what is planned for it and where it may go.

    Attributes:
        market: its terms, state and fees.
        moves: the states that may follow.
        isolated: it broke an invariant and was not opened again since.
        plans: what is planned, by time.
        open_orders: that rest or wait in it.
        waiting_orders: of those, that wait for a price.
    """

    market: MarketMessage
    moves: list[MarketStateWord]
    isolated: bool
    plans: list[PlanMessage]
    open_orders: int
    waiting_orders: int


class AdminMarketsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All markets, in the order of their listing."""

    markets: list[AdminMarketMessage]


class RiskTierMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A risk tier.

    Attributes:
        tier: its name; ``default`` is everybody's that is in no other.
        limits: what an account of it may do.
        accounts: how many were put into it; null for the default tier.
        configured: the limits are those of the settings file; no command has set others.
    """

    tier: str
    limits: LimitsMessage
    accounts: int | None
    configured: bool


class RiskAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All risk tiers, the default first.

    Attributes:
        kill_switch: everybody is stopped.
        stopped: accounts whose kill switch is engaged; 500 at most.
        stopped_count: how many there are.
    """

    tiers: list[RiskTierMessage]
    kill_switch: bool
    stopped: list[AccountText]
    stopped_count: int


class FeeTableMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a market charges.

    Attributes:
        listed: as listed: no rate may ever exceed the largest of these.
        charged: now.
        planned: from a time on.
        collected: fees collected in the quote asset, over all markets that have it.
        in_flight: of those, what is not final yet.
    """

    market: SymbolText
    listed: FeesMessage
    charged: FeesMessage
    planned: list[PlanMessage]
    quote: SymbolText
    collected: DecimalText
    in_flight: DecimalText


class FeeTablesAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fees of all markets."""

    markets: list[FeeTableMessage]


class NodeMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node of the chain; ``place`` is scheme, host and port, never a key in its address."""

    place: str
    standing: str
    detail: str
    in_use: bool


class SettlementStatusMessage(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """How settlement is. What begins with ``chain_id`` is null where no chain is.

    Attributes:
        figures: the same as in the statistics.
        state: ``running``, ``waiting``, ``halted`` or ``closed``; ``local`` without a chain;
            ``elsewhere`` on a gateway whose engine is another process.
        pause_reason: why nothing is matched now, or an empty text.
        halt_reason: why no voucher is signed now, or an empty text.
        error: what is being tried again, or an empty text.
        alarm: what needs a person, or an empty text.
        queued: fills that wait for a batch.
        batch: the last batch that is in a block.
        audited_block: the newest final block at which vault and engine were found equal.
    """

    figures: SettlementFiguresMessage
    state: Literal["running", "waiting", "halted", "closed", "local", "elsewhere"]
    pause_reason: str
    halt_reason: str
    error: str
    alarm: str
    queued: int
    chain_id: int | None = None
    contract: AccountText | None = None
    head_block: int | None = None
    final_block: int | None = None
    batch: int | None = None
    audited_block: int | None = None
    nodes: list[NodeMessage] = []


class SettlementTransactionMessage(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A transaction that carries, or carried, a batch.

    Attributes:
        state: where it stands: ``signed``, ``broadcast``, ``mined``, ...; of one that is no longer
            followed, the last stage that was told of it.
        nonce: the operator account's; null once it is no longer followed, as are the next three.
        block: where it is; null while it is in no block, as are the next three.
        confirmations: blocks from its own to the newest, both counted.
    """

    hash: str
    state: str
    first_at_ms: Milliseconds | None = None
    nonce: int | None = None
    gas_limit: int | None = None
    max_fee_wei: DigitsText | None = None
    tip_wei: DigitsText | None = None
    block: int | None = None
    confirmations: int | None = None
    gas_used: int | None = None
    gas_price_wei: DigitsText | None = None


class SettlementBatchMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch of fills on its way.

    Attributes:
        stage: how far it has come; a fill of it may have failed all the same.
        fills: how many it holds; null once it is final.
        retries: transactions beyond the first.
        transactions: the oldest first.
    """

    batch: int
    stage: StageWord
    fills: int | None
    retries: int
    first_at_ms: Milliseconds | None
    changed_at_ms: Milliseconds | None
    transactions: list[SettlementTransactionMessage]


class SettlementBatchesAnswer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Batches, the highest number first; ``next`` goes into ``before``, null on the last page.

    Attributes:
        batches: those that no records tell of yet stand before the others, on the first page.
    """

    batches: list[SettlementBatchMessage]
    next: int | None = None


class BatchesMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="settlement_batches",
):
    """Batches that changed on their way to the chain, on the socket's channel ``admin``.

    The first is of all that are not final. What a transaction cost is told by the route alone.
    """

    batches: list[SettlementBatchMessage]


class AlarmMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that needs a person.

    Attributes:
        source: what speaks.
        severity: ``critical`` when trading or settling stands, otherwise ``warning``.
        detail: what is wrong, in words.
    """

    source: Literal["exchange", "journal", "market", "settlement", "records", "chain"]
    severity: Literal["critical", "warning"]
    detail: str


class AlarmsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that needs a person now, the critical first; empty when all is well."""

    alarms: list[AlarmMessage]


class HaltedMarketMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A market that does not trade as usual; ``isolated`` when a broken invariant halted it."""

    market: SymbolText
    state: MarketStateWord
    isolated: bool


class HaltsAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that stands still, and why.

    Attributes:
        exchange: why nothing is taken until a restart, or an empty text.
        matching: why nothing is matched now, or an empty text.
        withdrawals: why no voucher is signed now, or an empty text.
        settlement: why nothing is sent, or an empty text.
        kill_switch: everybody is stopped.
        stopped_count: accounts that are stopped one by one.
        markets: those that are not open.
        planned: changes of state to come, by market.
    """

    exchange: str
    matching: str
    withdrawals: str
    settlement: str
    kill_switch: bool
    stopped_count: int
    markets: list[HaltedMarketMessage]
    planned: dict[str, list[PlanMessage]]


def risk_limits_message(limits: RiskLimits) -> LimitsMessage:
    """Return limits as they are shown."""
    return LimitsMessage(
        order_notional=limits.order_notional,
        open_orders=limits.open_orders,
        daily_volume=limits.daily_volume,
        refuse_self_trade=limits.refuse_self_trade,
        prefunded=limits.prefunded,
        price_band_ppm=limits.price_band_ppm,
        orders_per_second=limits.orders_per_second,
        position=limits.position,
        unsettled_fills=limits.unsettled_fills,
        unsettled_age_s=limits.unsettled_age_s,
    )


def limits_of_message(message: LimitsMessage) -> RiskLimits:
    """Return the limits of a message."""
    return RiskLimits(**{name: getattr(message, name) for name in message.__struct_fields__})


def plan_message(plan: Plan, market: Market) -> PlanMessage:
    """Return a plan as it is shown."""
    fees: FeeSchedule | None = plan.fees
    return PlanMessage(
        due_ms=to_ms(plan.due_ns),
        state=None if plan.state is None else word(plan.state),
        fees=None if fees is None else fees_message(fees, market),
    )


def microseconds(duration_ns: int) -> Microseconds:
    """Return a duration rounded up to whole microseconds."""
    return -(-duration_ns // _NS_PER_US)
