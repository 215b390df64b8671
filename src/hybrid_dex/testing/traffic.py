"""Traffic: random, repeatable commands for an engine, as accounts, operator and settlement send them.

Prices are few and quantities small, so that orders meet, levels empty and funds run out. Every
choice comes from the generator that is handed in. Left out is only what means nothing where orders
are not signed: lanes, floors, sessions and approvals. No market is closed, as it never opens again.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

import msgspec

from hybrid_dex.engine.engine import Engine
from hybrid_dex.model.commands import (
    AdvanceTime,
    BatchMember,
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
    IssueVoucher,
    ListMarket,
    PlaceLinked,
    PlaceOrder,
    RedeemVoucher,
    ReduceOrder,
    ReplaceOrder,
    RequestWithdrawal,
    ScheduleFees,
    ScheduleMarketState,
    SetMarketState,
    Withdraw,
)
from hybrid_dex.model.events import Event
from hybrid_dex.model.fees import FeeSchedule
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.protection import (
    CancelOnDisconnect,
    Heartbeat,
    ScheduleCancel,
    SetCancelOnDisconnect,
)
from hybrid_dex.model.risk_control import (
    AssignRiskTier,
    SetAccountGroup,
    SetKillSwitch,
    SetRiskTier,
)
from hybrid_dex.model.risk_limits import DEFAULT_TIER, RiskLimits
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.units import (
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    FeePpm,
    MarketId,
    OrderId,
    Price,
    Quantity,
    Sequence,
    TimestampNs,
)

__all__ = ["ACCOUNTS", "MARKETS", "any_command", "apply", "movement", "stamped", "traffic"]

ACCOUNTS: Final = tuple(AccountId(name) for name in ("alice", "bob", "carol"))
_SECOND_NS: Final = 10**9
_HALF_A_DAY_NS: Final = 12 * 3600 * _SECOND_NS
_ASSETS: Final = tuple(AssetId(name) for name in ("BTC", "ETH", "USDC"))
_STATES: Final = (MarketState.HALTED, MarketState.AUCTION_OPEN, MarketState.POST_ONLY)


def _market(base: str, tick_size: int) -> Market:
    return Market(
        id=MarketId(f"{base}-USDC"),
        base=Asset(id=AssetId(base), decimals=8),
        quote=Asset(id=AssetId("USDC"), decimals=6),
        lot_size=1_000,
        tick_size=tick_size,
        maker_fee_ppm=FeePpm(1_000),
        taker_fee_ppm=FeePpm(2_500),
    )


MARKETS: Final = (_market("ETH", 10_000), _market("BTC", 70_000))


def apply(engine: Engine, command: Command, after_ns: int = 0) -> tuple[Event, ...]:
    """Stamp a command as the next one, so much later than the last, and apply it."""
    return engine.apply(stamped(engine, command, after_ns))


def traffic(
    engine: Engine, rng: Random, length: int
) -> Iterator[tuple[Command, tuple[Event, ...]]]:
    """Apply so many commands to a fresh engine; yield each, stamped, with what it did."""
    for command in _begin():
        first = stamped(engine, command, 0)
        yield first, engine.apply(first)
    while engine.sequence < length:
        after_ns = _HALF_A_DAY_NS if rng.random() < 0.01 else rng.randrange(3) * _SECOND_NS
        following = stamped(engine, any_command(engine, rng), after_ns)
        yield following, engine.apply(following)


def stamped(engine: Engine, command: Command, after_ns: int = 0) -> Command:
    """Return a command as the engine's next one, so much later than the last."""
    return msgspec.structs.replace(
        command, sequence=Sequence(engine.sequence + 1), at_ns=TimestampNs(engine.at_ns + after_ns)
    )


def _begin() -> Iterator[Command]:
    for market in MARKETS:
        yield ListMarket(market=market)
    for account in ACCOUNTS:
        for asset, amount in (("ETH", 400_000), ("BTC", 400_000), ("USDC", 900_000_000)):
            yield Deposit(account=account, asset=AssetId(asset), amount=Amount(amount))


def any_command(engine: Engine, rng: Random) -> Command:
    """Return what somebody might send now, unstamped."""
    roll, account = rng.randrange(100), rng.choice(ACCOUNTS)
    if rng.random() < 0.2 and (undone := _undo(engine)) is not None:
        return undone
    if rng.random() < 0.06:
        return _control(engine, rng, account)
    if roll < 58:
        return _place(engine, rng, account)
    if roll < 65:
        return _batch(engine, rng, account)
    if roll < 70:
        return _linked(rng, account)
    if roll < 88:
        return _change(engine, rng, roll, account)
    if roll == 88:
        market = rng.choice((None, *MARKETS))
        return CancelAll(
            account=account,
            market=None if market is None else market.id,
            side=rng.choice((None, *Side)),
        )
    if roll == 89:
        asset = AssetId(rng.choice(("ETH", "USDC")))
        return Withdraw(account=account, asset=asset, amount=Amount(rng.randrange(1, 2_000)))
    if roll < 92:
        return movement(engine, rng)
    if roll < 97:
        return _settlement(engine, rng)
    if roll == 97:
        return SetMarketState(market=rng.choice(MARKETS).id, state=rng.choice(_STATES))
    return AdvanceTime()


def movement(engine: Engine, rng: Random) -> Command:
    """Return what a chain might tell: a withdrawal, a voucher or its end, or fills that failed."""
    account, asset = rng.choice(ACCOUNTS), rng.choice(_ASSETS)
    vouchers, roll = engine.vouchers(), rng.randrange(7)
    if roll == 0 and engine.unsettled_fills():
        return _failure(engine, rng)
    if roll == 1:
        return CompleteWithdrawal(account=account, asset=asset, amount=Amount(rng.randrange(1, 90)))
    if roll in {2, 3} and vouchers:
        one = rng.choice(vouchers)
        if roll == 2:
            return ExpireVoucher(account=one.account, asset=one.asset, salt=one.salt)
        amount = Amount(one.amount)
        return RedeemVoucher(account=one.account, asset=one.asset, amount=amount, salt=one.salt)
    if roll == 4:
        amount = Amount(rng.randrange(0, 500))
        return RequestWithdrawal(account=account, asset=asset, amount=amount)
    if roll == 5:
        return Deposit(account=account, asset=asset, amount=Amount(rng.randrange(1, 2_000)))
    return IssueVoucher(
        account=account,
        asset=asset,
        amount=Amount(rng.randrange(1, 500)),
        recipient="0xB",
        deadline_s=engine.at_ns // _SECOND_NS + 3_600,
    )


def _settlement(engine: Engine, rng: Random) -> ConfirmSettlement | FailSettlement:
    """Say how far the oldest fills came: mostly on, now and then to nowhere."""
    if engine.unsettled_fills() and rng.random() < 0.15:
        return _failure(engine, rng)
    fills = tuple(fill.fill_id for fill in engine.unsettled())[: rng.randrange(1, 20)]
    stage = rng.choice((SettlementStage.SUBMITTED, SettlementStage.FINAL))
    return ConfirmSettlement(fills=fills, stage=stage, batch=engine.sequence)


def _failure(engine: Engine, rng: Random) -> FailSettlement:
    """Say of the oldest fills that the chain skipped them, and now and then who is to blame."""
    fills = [fill.fill_id for fill in engine.unsettled()][: rng.randrange(1, 4)]
    live = engine.open_orders(rng.choice(ACCOUNTS))
    culprit = live[0].order_id if live and rng.random() < 0.3 else None
    failures = tuple(FillFailure(one, 3, culprit) for one in fills)
    number = engine.sequence
    return FailSettlement(failures=failures, batch=number, transaction=f"0x{number:02x}")


def _undo(engine: Engine) -> Command | None:
    """Open a market that is not open, or let those trade again who were stopped."""
    for market in MARKETS:
        if engine.market_state(market.id) is not MarketState.OPEN:
            return SetMarketState(market=market.id, state=MarketState.OPEN)
    controls = engine.risk_controls()
    if controls.stops_all:
        return SetKillSwitch(account=None, engaged=False)
    if controls.stopped:
        return SetKillSwitch(account=controls.stopped[0], engaged=False)
    return None


def _control(engine: Engine, rng: Random, account: AccountId) -> Command:
    """What an operator sets, what is planned, and what guards an account that is not there."""
    market, somewhere = rng.choice(MARKETS).id, rng.choice((None, MARKETS[0].id))
    later_ns = TimestampNs((engine.at_ns // _HALF_A_DAY_NS + 1) * _HALF_A_DAY_NS)
    kinds: tuple[Callable[[], Command], ...] = (
        lambda: SetRiskTier(tier=rng.choice((DEFAULT_TIER, "small")), limits=_limits(rng)),
        lambda: AssignRiskTier(account=account, tier=rng.choice((None, "small"))),
        lambda: SetKillSwitch(
            account=rng.choice((None, account)), engaged=True, cancel=rng.random() < 0.2
        ),
        lambda: SetAccountGroup(account=account, group=rng.choice((None, None, "desk"))),
        lambda: ScheduleCancel(
            account=account, timeout_ms=rng.choice((0, 5_000, 60_000)), market=somewhere
        ),
        lambda: Heartbeat(account=account),
        lambda: SetCancelOnDisconnect(account=account, enabled=rng.random() < 0.7),
        lambda: CancelOnDisconnect(account=account),
        lambda: ScheduleFees(market=market, fees=_fees(rng), due_ns=rng.choice((None, later_ns))),
        lambda: ScheduleMarketState(market=market, state=rng.choice(_STATES), due_ns=later_ns),
        lambda: CancelPlan(market=market, due_ns=later_ns),
    )
    return rng.choice(kinds)()


def _limits(rng: Random) -> RiskLimits:
    """Limits that are met now and then, and leave most to trade."""
    return RiskLimits(
        open_orders=rng.choice((12, 100)),
        daily_volume=rng.choice((None, 200)),
        refuse_self_trade=rng.random() < 0.3,
        price_band_ppm=rng.choice((None, 50_000)),
        orders_per_second=rng.choice((None, 2)),
        unsettled_fills=rng.choice((None, 60)),
    )


def _fees(rng: Random) -> FeeSchedule:
    """Rates up to those of the listing, a rebate among them."""
    return FeeSchedule(
        maker_fee_ppm=FeePpm(rng.choice((-500, 400, 1_000))),
        taker_fee_ppm=FeePpm(rng.choice((1_500, 2_500))),
    )


def _batch(engine: Engine, rng: Random, account: AccountId) -> BatchOrders:
    """A few members, half of the time all or none: new orders, and changes of one's own."""
    members: list[BatchMember] = []
    for _ in range(rng.randrange(1, 6)):
        if rng.random() < 0.6 or not engine.open_orders(account):
            members.append(_place(engine, rng, account))
        else:
            members.append(_change(engine, rng, rng.randrange(70, 88), account))
    return BatchOrders(account=account, members=tuple(members), all_or_none=rng.random() < 0.5)


def _linked(rng: Random, account: AccountId) -> PlaceLinked:
    """Two exits around the price, half of the time with the entry whose position they end."""
    market, side = rng.choice(MARKETS).id, rng.choice(tuple(Side))
    away, quantity = (1 if side is Side.SELL else -1), Quantity(rng.randrange(1, 12))
    named = rng.random() < 0.2

    def order(price: int, order_type: OrderType, trigger: int | None = None) -> PlaceOrder:
        return PlaceOrder(
            account=account,
            market=market,
            side=side,
            price=Price(price),
            quantity=quantity,
            order_type=order_type,
            client_order_id=ClientOrderId(f"l{rng.randrange(60)}") if named else None,
            trigger_price=None if trigger is None else Price(trigger),
        )

    target, stop = 100 + away * rng.randrange(1, 5), 100 - away * rng.randrange(1, 5)
    entry = order(100 + away * rng.randrange(-1, 3), OrderType.LIMIT)
    return PlaceLinked(
        take_profit=order(target, OrderType.LIMIT)
        if rng.random() < 0.7
        else order(target, OrderType.TAKE_PROFIT_LIMIT, target),
        stop=order(stop - away, OrderType.STOP_LIMIT, stop),
        entry=msgspec.structs.replace(entry, side=Side(1 - side)) if rng.random() < 0.5 else None,
    )


def _change(
    engine: Engine, rng: Random, roll: int, account: AccountId
) -> CancelOrder | ReduceOrder | ReplaceOrder:
    """Cancel, reduce or replace: mostly an order that is there, and mostly one's own."""
    orders = engine.open_orders(account) or engine.open_orders(rng.choice(ACCOUNTS))
    order_id = rng.choice(orders).order_id if orders else OrderId(rng.randrange(2**20))
    if roll < 75:
        return CancelOrder(account=account, order_id=order_id)
    if roll < 79:
        return ReduceOrder(account=account, order_id=order_id, by=Quantity(rng.randrange(1, 6)))
    return ReplaceOrder(
        account=account,
        order_id=order_id,
        price=Price(rng.randrange(96, 106)),
        quantity=Quantity(rng.randrange(1, 15)),
        post_only=rng.random() < 0.1,
        self_trade=rng.choice(tuple(SelfTradeMode)),
    )


def _place(engine: Engine, rng: Random, account: AccountId) -> PlaceOrder:
    time_in_force = rng.choice((TimeInForce.GTC, TimeInForce.GTC, *TimeInForce))
    expires_at_ns = None
    if time_in_force is TimeInForce.GTD:
        expires_at_ns = TimestampNs(engine.at_ns + rng.randrange(3, 30) * _SECOND_NS)
    rests = time_in_force in {TimeInForce.GTC, TimeInForce.GTD}
    side, quantity = rng.choice(tuple(Side)), rng.randrange(1, 12)
    order_type = OrderType.LIMIT
    if time_in_force is TimeInForce.IOC and rng.random() < 0.5:
        order_type = OrderType.MARKET
    elif rng.random() < 0.08:
        order_type = rng.choice((OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT))
    waits = order_type in {OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
    is_iceberg = rests and rng.random() < 0.15
    buys_at_once = side is Side.BUY and time_in_force is TimeInForce.IOC
    named = rng.random() < 0.1
    return PlaceOrder(
        account=account,
        market=rng.choice(MARKETS).id,
        side=side,
        price=Price(rng.randrange(94, 103) + (3 if side is Side.SELL else 0)),
        quantity=Quantity(quantity),
        order_type=order_type,
        time_in_force=time_in_force,
        post_only=rests and rng.random() < 0.1,
        self_trade=rng.choice(tuple(SelfTradeMode)),
        expires_at_ns=expires_at_ns,
        client_order_id=ClientOrderId(f"n{rng.randrange(200)}") if named else None,
        trigger_price=Price(rng.randrange(95, 106)) if waits else None,
        display_quantity=Quantity(rng.randrange(1, quantity + 1)) if is_iceberg else None,
        quote_budget=Amount(rng.randrange(10**6, 10**8)) if buys_at_once else None,
    )
