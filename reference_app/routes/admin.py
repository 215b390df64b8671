"""What who runs the exchange may see: statistics, users, markets, risk, fees, settlement, alarms, halts."""

import logging
from bisect import bisect_right
from typing import Annotated, Final

import msgspec
from litestar import Router, get
from litestar.params import FromPath, QueryParameter

from hybrid_dex.defaults.roles import Role
from hybrid_dex.engine.market_states import MOVES
from hybrid_dex.errors import SettlementError
from hybrid_dex.exchange import ExchangeView
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_limits import DEFAULT_TIER, RiskLimits
from hybrid_dex.model.units import AccountId
from hybrid_dex.settlement.operation import Inclusion
from hybrid_dex.wire import (
    AdminMarketMessage,
    AdminMarketsAnswer,
    AlarmsAnswer,
    FeeTableMessage,
    FeeTablesAnswer,
    HaltsAnswer,
    RiskAnswer,
    RiskTierMessage,
    SettlementBatchesAnswer,
    SettlementBatchMessage,
    SettlementStatusMessage,
    SettlementTransactionMessage,
    StatisticsMessage,
    UserMessage,
    UsersAnswer,
    UserSummaryMessage,
    balance_message,
    fees_message,
    market_message,
    market_rates_message,
    order_message,
    plan_message,
    risk_limits_message,
    to_ms,
    word,
)
from reference_app.access import requires
from reference_app.overview import (
    alarms,
    batch_message,
    halts,
    operation,
    settlement_status,
    statistics,
)
from reference_app.problems import refuse
from reference_app.routes.parameters import Limit
from reference_app.services import Services, TheServices

__all__ = ["admin_routes"]

_log: Final = logging.getLogger(__name__)
_SEES: Final = requires(Role.SUPPORT)
_MOST_ORDERS: Final = 100
_MOST_STOPPED: Final = 500
_MOST_RECEIPTS: Final = 50
"""How many transactions one page asks the node for, at most."""

After = Annotated[
    str | None, QueryParameter(max_length=128, description="the `next` of the page before")
]
BeforeBatch = Annotated[
    int | None, QueryParameter(ge=1, le=2**53 - 1, description="batches with smaller numbers")
]


@get("/statistics", security=_SEES)
async def get_statistics(services: TheServices) -> StatisticsMessage:
    """Get the exchange at a glance: rates, latencies, queues, lags."""
    return statistics(services)


@get("/users", security=_SEES)
async def list_users(services: TheServices, after: After = None, limit: Limit = 100) -> UsersAnswer:
    """List the accounts that ever had funds, by address."""
    view = services.exchange.view
    accounts = view.accounts()
    begin = 0 if after is None else bisect_right(accounts, after)
    page = accounts[begin : begin + limit]
    roles = {grant.account: grant.role for grant in await services.identity.roles.all()}
    controls = view.risk_controls()
    tiers, stopped = dict(controls.members), frozenset(controls.stopped)
    return UsersAnswer(
        users=[
            UserSummaryMessage(
                account=account,
                role=roles.get(account, Role.TRADER).value,
                tier=tiers.get(account, DEFAULT_TIER),
                stopped=account in stopped,
                short=view.is_frozen(account),
                open_orders=view.open_order_count(account),
            )
            for account in page
        ],
        next=page[-1] if begin + limit < len(accounts) else None,
    )


@get("/users/{account:str}", security=_SEES)
async def get_user(services: TheServices, account: FromPath[str]) -> UserMessage:
    """Get an account with its funds, orders, tier, limits, fees and role."""
    view, user = services.exchange.view, AccountId(account)
    role, controls = await services.identity.roles.of(user), view.risk_controls()
    tier, group = view.tier(user), dict(controls.groups).get(user)
    balances = view.balances(user)
    told = user in dict(controls.members) or user in controls.stopped
    if not (balances or group or told or role is not Role.TRADER):
        raise refuse(Refusal(RejectReason.NOT_FOUND, "account", "no such account ever came"))
    chosen = None if tier is None else tier.limits
    assets = {str(asset.id): asset for asset in view.assets()}
    orders = sorted(view.open_orders(user), key=lambda order: order.order_id, reverse=True)
    logins = await services.identity.logins.sessions_of(user, to_ms(services.clock.now_ns()))
    return UserMessage(
        account=user,
        role=role.value,
        tier=DEFAULT_TIER if tier is None else tier.name,
        limits=risk_limits_message(services.settings.risk if chosen is None else chosen),
        group=group,
        stopped=user in controls.stopped,
        short=view.is_frozen(user),
        logins=len(logins),
        open_orders=len(orders),
        orders=[
            order_message(order, services.market(order.market)) for order in orders[:_MOST_ORDERS]
        ],
        balances=[
            balance_message(balance, assets[balance.asset])
            for balance in balances
            if balance.asset in assets
        ],
        rates=[
            market_rates_message(
                market,
                view.fees_of(market.id),
                view.rates(user, market.id),
                view.volume(user, market.quote.id),
            )
            for market in view.markets()
        ],
        cancels_on_disconnect=view.cancels_on_disconnect(user),
    )


@get("/markets", security=_SEES)
async def list_admin_markets(services: TheServices) -> AdminMarketsAnswer:
    """List all markets with their states, what may follow, and what is planned."""
    view = services.exchange.view
    return AdminMarketsAnswer(markets=[_market(view, market) for market in view.markets()])


@get("/markets/{market_id:str}", security=_SEES)
async def get_admin_market(services: TheServices, market_id: FromPath[str]) -> AdminMarketMessage:
    """Get one market with its state, what may follow, and what is planned."""
    return _market(services.exchange.view, services.market(market_id))


@get("/risk", security=_SEES)
async def get_risk(services: TheServices) -> RiskAnswer:
    """Get all risk tiers, and who is stopped."""
    controls = services.exchange.view.risk_controls()
    told = dict(controls.tiers)
    names = [tier for _, tier in controls.members]

    def message(tier: str, limits: RiskLimits) -> RiskTierMessage:
        return RiskTierMessage(
            tier=tier,
            limits=risk_limits_message(limits),
            accounts=None if tier == DEFAULT_TIER else names.count(tier),
            configured=tier not in told,
        )

    return RiskAnswer(
        tiers=[
            message(DEFAULT_TIER, told.get(DEFAULT_TIER, services.settings.risk)),
            *(message(tier, limits) for tier, limits in told.items() if tier != DEFAULT_TIER),
        ],
        kill_switch=controls.stops_all,
        stopped=list(controls.stopped[:_MOST_STOPPED]),
        stopped_count=len(controls.stopped),
    )


@get("/fees", security=_SEES)
async def list_fee_tables(services: TheServices) -> FeeTablesAnswer:
    """List what every market charges, what it may charge at most, and what is planned."""
    view = services.exchange.view
    return FeeTablesAnswer(
        markets=[
            FeeTableMessage(
                market=market.id,
                listed=fees_message(market.fees, market),
                charged=fees_message(view.fees_of(market.id), market),
                planned=[
                    plan_message(plan, market)
                    for plan in view.plans(market.id)
                    if plan.fees is not None
                ],
                quote=market.quote.id,
                collected=market.quote.format(view.fees(market.quote.id)),
                in_flight=market.quote.format(view.fees_in_flight(market.quote.id)),
            )
            for market in view.markets()
        ]
    )


@get("/settlement", security=_SEES)
async def get_settlement(services: TheServices) -> SettlementStatusMessage:
    """Get how settlement is: queue, chain, nodes, and what it waits for."""
    return settlement_status(services)


@get("/settlement/batches", security=_SEES)
async def list_batches(
    services: TheServices, before: BeforeBatch = None, limit: Limit = 50
) -> SettlementBatchesAnswer:
    """List batches, the newest first, with their transactions, gas and confirmations."""
    records = await services.read(lambda: services.records.settlements(before=before, limit=limit))
    steered = operation(services)
    live = {} if steered is None else {one.number: one for one in steered.batches()}
    known = {record.batch for record in records}
    unknown = [
        batch_message(None, standing)
        for number, standing in sorted(live.items(), reverse=True)
        if before is None and number > max(known, default=0)
    ]
    found = [batch_message(record, live.get(record.batch)) for record in records]
    return SettlementBatchesAnswer(
        batches=await _with_costs(services, [*unknown, *found]),
        next=records[-1].batch if len(records) == limit else None,
    )


@get("/alarms", security=_SEES)
async def list_alarms(services: TheServices) -> AlarmsAnswer:
    """List all that needs a person now."""
    return AlarmsAnswer(alarms=alarms(services))


@get("/halts", security=_SEES)
async def get_halts(services: TheServices) -> HaltsAnswer:
    """Get everything that stands still, and why."""
    return halts(services)


def _market(view: ExchangeView, market: Market) -> AdminMarketMessage:
    state = view.market_state(market.id)
    return AdminMarketMessage(
        market=market_message(market, state, view.fees_of(market.id), view.indication(market.id)),
        moves=[word(after) for after in MOVES[state]],
        isolated=market.id in view.isolated(),
        plans=[plan_message(plan, market) for plan in view.plans(market.id)],
        open_orders=len(view.orders_in(market.id)),
        waiting_orders=view.waiting_count(market.id),
    )


async def _with_costs(
    services: Services, batches: list[SettlementBatchMessage]
) -> list[SettlementBatchMessage]:
    """Say what transactions cost, as far as the node tells; without it the rest is told all the same."""
    steered = operation(services)
    if steered is None:
        return batches
    head, left = steered.health().head_block, _MOST_RECEIPTS
    costed: list[SettlementBatchMessage] = []
    for batch in batches:
        transactions = []
        for one in batch.transactions:
            cost: Inclusion | None = None
            if left > 0:
                left -= 1
                try:
                    cost = await steered.inclusion(one.hash)
                except SettlementError as error:
                    _log.warning("what transactions cost can not be told: %s", error)
                    left = 0
            transactions.append(one if cost is None else _with_cost(one, cost, head))
        costed.append(msgspec.structs.replace(batch, transactions=transactions))
    return costed


def _with_cost(
    message: SettlementTransactionMessage, cost: Inclusion, head: int
) -> SettlementTransactionMessage:
    return msgspec.structs.replace(
        message,
        block=cost.block,
        confirmations=max(0, head - cost.block + 1),
        gas_used=cost.gas_used,
        gas_price_wei=str(cost.gas_price_wei),
    )


admin_routes = Router(
    "/admin",
    route_handlers=[
        get_statistics,
        list_users,
        get_user,
        list_admin_markets,
        get_admin_market,
        get_risk,
        list_fee_tables,
        get_settlement,
        list_batches,
        list_alarms,
        get_halts,
    ],
    tags=["admin"],
)
