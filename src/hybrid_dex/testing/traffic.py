"""Traffic: random, repeatable commands for an engine, as accounts and a settlement would send them.

Prices are few and quantities small, so that orders meet, levels empty and funds run out. Every
choice comes from the generator that is handed in.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

import msgspec

from hybrid_dex.engine.engine import Engine
from hybrid_dex.model.commands import (
    AdvanceTime,
    CancelAll,
    CancelOrder,
    Command,
    ConfirmSettlement,
    Deposit,
    ListMarket,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
    SetMarketState,
    Withdraw,
)
from hybrid_dex.model.events import Event
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.settlement import SettlementStage
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

__all__ = ["ACCOUNTS", "MARKETS", "apply", "traffic"]

ACCOUNTS: Final = tuple(AccountId(name) for name in ("alice", "bob", "carol"))
_SECOND_NS: Final = 10**9
_HALF_A_DAY_NS: Final = 12 * 3600 * _SECOND_NS


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
    return engine.apply(_stamped(engine, command, after_ns))


def traffic(
    engine: Engine, rng: Random, length: int
) -> Iterator[tuple[Command, tuple[Event, ...]]]:
    """Apply so many commands to a fresh engine; yield each, stamped, with what it did."""
    for command in _begin():
        stamped = _stamped(engine, command, 0)
        yield stamped, engine.apply(stamped)
    while engine.sequence < length:
        after_ns = _HALF_A_DAY_NS if rng.random() < 0.01 else rng.randrange(3) * _SECOND_NS
        stamped = _stamped(engine, _any_command(engine, rng), after_ns)
        yield stamped, engine.apply(stamped)


def _stamped(engine: Engine, command: Command, after_ns: int) -> Command:
    return msgspec.structs.replace(
        command, sequence=Sequence(engine.sequence + 1), at_ns=TimestampNs(engine.at_ns + after_ns)
    )


def _begin() -> Iterator[Command]:
    for market in MARKETS:
        yield ListMarket(market=market)
    for account in ACCOUNTS:
        for asset, amount in (("ETH", 400_000), ("BTC", 400_000), ("USDC", 900_000_000)):
            yield Deposit(account=account, asset=AssetId(asset), amount=Amount(amount))


def _any_command(engine: Engine, rng: Random) -> Command:
    roll, account = rng.randrange(100), rng.choice(ACCOUNTS)
    halted = [one.id for one in MARKETS if engine.market_state(one.id) is MarketState.HALTED]
    if halted and rng.random() < 0.2:
        return SetMarketState(market=halted[0], state=MarketState.OPEN)
    if roll < 70:
        return _place(engine, rng, account)
    if roll < 88:
        return _change(engine, rng, roll, account)
    if roll == 88:
        market = rng.choice((None, *MARKETS))
        return CancelAll(
            account=account,
            market=None if market is None else market.id,
            side=rng.choice((None, *Side)),
        )
    if roll < 91:
        asset = AssetId(rng.choice(("ETH", "USDC")))
        return Withdraw(account=account, asset=asset, amount=Amount(rng.randrange(1, 2_000)))
    if roll < 97:
        fills = tuple(fill.fill_id for fill in engine.unsettled())[: rng.randrange(1, 20)]
        stage = rng.choice((SettlementStage.SUBMITTED, SettlementStage.FINAL))
        return ConfirmSettlement(fills=fills, stage=stage, batch=engine.sequence)
    if roll == 97:
        return SetMarketState(market=rng.choice(MARKETS).id, state=MarketState.HALTED)
    return AdvanceTime()


def _change(engine: Engine, rng: Random, roll: int, account: AccountId) -> Command:
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
