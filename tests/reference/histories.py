"""Random histories: one generator for a seeded `random.Random` and for Hypothesis.

`choose(n)` returns one of 0..n-1; where it comes from decides whether a history is random or
shrinks. Amounts are small and fees large, so that funds run out and rounding shows.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from hybrid_dex.model import commands as c
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from tests.reference.naive import Naive

Choose = Callable[[int], int]
T = TypeVar("T")

ACCOUNTS = ("alice", "bob", "carol", "dave")
ASSETS = ("ETH", "BTC", "USDC")


def market(base: str, tick_size: int, lot_size: int, maker: int, taker: int) -> Market:
    return Market(
        id=f"{base}-USDC",
        base=Asset(id=base, decimals=8),
        quote=Asset(id="USDC", decimals=6),
        lot_size=lot_size,
        tick_size=tick_size,
        maker_fee_ppm=maker,
        taker_fee_ppm=taker,
        minimum_notional=tick_size * 100,
    )


MARKETS = (market("ETH", 7, 3, 1_117, 2_531), market("BTC", 3, 11, 2_903, 1_009))


def history(choose: Choose, length: int, naive: Naive) -> Iterator[c.Command]:
    """Yield stamped commands; the caller applies each to ``naive`` before asking for the next."""
    sequence, at_ns = 0, 0
    for command in _commands(choose, length, naive):
        sequence, at_ns = sequence + 1, at_ns + _step_ns(choose)
        yield msgspec.structs.replace(command, sequence=sequence, at_ns=at_ns)


def _step_ns(choose: Choose) -> int:
    """Mostly a moment; sometimes longer than ended orders are remembered."""
    return 20 * 60 * 10**9 if choose(150) == 149 else choose(3) * 10**9


def _commands(choose: Choose, length: int, naive: Naive) -> Iterator[c.Command]:
    for one in MARKETS:
        yield c.ListMarket(market=one)
    for account in ACCOUNTS:
        for asset in ASSETS:
            yield c.Deposit(account=account, asset=asset, amount=9_000 + 300_000 * choose(3))
    for _ in range(length - 2 - len(ACCOUNTS) * len(ASSETS)):
        yield _command(choose, naive)


def _pick(choose: Choose, items: Sequence[T]) -> T:
    return items[choose(len(items))]


def _command(choose: Choose, naive: Naive) -> c.Command:
    roll = choose(100)
    if roll < 55:
        return _place(choose, naive)
    account, order_id = _target(choose, naive)
    if roll < 65:
        return c.CancelOrder(account=account, order_id=order_id)
    if roll < 77:
        return _replace(choose, naive, account, order_id)
    if roll < 82:
        return c.ReduceOrder(account=account, order_id=order_id, by=choose(8))
    return _rare(choose, naive, roll, account)


def _rare(choose: Choose, naive: Naive, roll: int, account: str) -> c.Command:
    asset = _pick(choose, ASSETS)
    if roll < 84:
        some = choose(2) == 0
        return c.CancelAll(
            account=account,
            market=_pick(choose, MARKETS).id if some else None,
            side=_pick(choose, tuple(Side)) if choose(2) else None,
        )
    if roll < 86:
        return c.Deposit(account=account, asset=asset, amount=1 + choose(5_000))
    if roll < 88:
        return c.Withdraw(account=account, asset=asset, amount=1 + choose(5_000))
    if roll == 88:
        amount = choose(2) * choose(60_000)
        return c.RequestWithdrawal(account=account, asset=asset, amount=amount)
    if roll == 89:
        return c.CompleteWithdrawal(account=account, asset=asset, amount=1 + choose(3_000))
    if roll < 94:
        fills = tuple(sorted(naive.unsettled)[: 1 + choose(6)])
        return c.ConfirmSettlement(fills=fills, stage=SettlementStage.FINAL, batch=1)
    if roll < 96:
        return c.FailSettlement(failures=_failures(choose, naive), batch=1)
    if roll == 96 and choose(3) == 0:
        state = MarketState.HALTED if choose(5) == 0 else MarketState.OPEN
        return c.SetMarketState(market=_pick(choose, MARKETS).id, state=state)
    if roll == 97:
        return c.CancelOrder(account=account, client_order_id=f"n{choose(6)}")
    return c.AdvanceTime()


def _failures(choose: Choose, naive: Naive) -> tuple[FillFailure, ...]:
    fills = [fill for fill in naive.unsettled.values() if choose(3) == 0][:3]
    return tuple(
        FillFailure(fill.id, 1, _pick(choose, (None, fill.maker, fill.taker))) for fill in fills
    )


def _target(choose: Choose, naive: Naive) -> tuple[str, int]:
    """Mostly a live order and its owner; sometimes another's, or one that is gone."""
    if naive.resting and choose(8):
        order = _pick(choose, naive.resting)
        return (order.account if choose(12) else _pick(choose, ACCOUNTS)), order.id
    return _pick(choose, ACCOUNTS), choose(max(1, naive.sequence)) << 8


def _terms(choose: Choose, naive: Naive) -> dict[str, object]:
    tif = _pick(choose, (TimeInForce.GTC,) * 5 + tuple(TimeInForce))
    odd = choose(40) == 0
    wants_time = (tif is TimeInForce.GTD) is not odd
    return {
        "price": 95 + choose(11) if choose(60) else choose(3) * 2**47,
        "quantity": 1 + choose(20) if choose(30) else choose(2) * (100 + choose(300)),
        "time_in_force": tif,
        "post_only": choose(7) == 0,
        "self_trade": _pick(choose, tuple(SelfTradeMode)),
        "expires_at_ns": naive.at + choose(12) * 10**9 if wants_time else None,
    }


def _place(choose: Choose, naive: Naive) -> c.PlaceOrder:
    fields = _terms(choose, naive)
    if choose(10) == 0:
        fields |= {"order_type": OrderType.MARKET}
        if choose(6):
            fields |= {"time_in_force": TimeInForce.IOC, "post_only": False, "expires_at_ns": None}
    if choose(12) == 0:
        known = [command for command, _ in naive.names.values()]
        if known and choose(2):
            return _pick(choose, known)
        fields |= {"client_order_id": f"n{choose(6)}"}
    account, side = _pick(choose, ACCOUNTS), _pick(choose, tuple(Side))
    return c.PlaceOrder(account=account, market=_pick(choose, MARKETS).id, side=side, **fields)


def _replace(choose: Choose, naive: Naive, account: str, order_id: int) -> c.ReplaceOrder:
    fields = _terms(choose, naive)
    order = naive.find(account, order_id)
    if order is not None and choose(2):
        fields |= {"price": order.price, "quantity": max(1, order.quantity + choose(3) - choose(6))}
    if choose(4) == 0:
        fields |= {"expected_filled": choose(3)}
    return c.ReplaceOrder(account=account, order_id=order_id, **fields)
