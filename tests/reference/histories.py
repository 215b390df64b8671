"""Random histories: one generator for a seeded `random.Random` and for Hypothesis.

`choose(n)` returns one of 0..n-1; where it comes from decides whether a history is random or
shrinks. Amounts are small and fees large, so that funds run out and rounding shows.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from hybrid_dex.model import commands as c
from hybrid_dex.model import protection as p
from hybrid_dex.model import risk_control as r
from hybrid_dex.model.fees import FeeSchedule, FeeTier
from hybrid_dex.model.market import Asset, Market, MarketState
from hybrid_dex.model.order import OrderType, SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.settlement import FillFailure, SettlementStage
from hybrid_dex.model.signed_order import Authorization, Nonce, SignatureKind
from tests.reference.naive import Naive

Choose = Callable[[int], int]
T = TypeVar("T")

ACCOUNTS = ("alice", "bob", "carol", "dave")
ASSETS = ("ETH", "BTC", "USDC")
KEYS = ("key1", "key2")
HASHES = tuple(bytes([number]) * 32 for number in range(6))


def market(
    base: str, tick_size: int, lot_size: int, maker: int, taker: int, **terms: object
) -> Market:
    return Market(
        id=f"{base}-USDC",
        base=Asset(id=base, decimals=8),
        quote=Asset(id="USDC", decimals=6),
        lot_size=lot_size,
        tick_size=tick_size,
        maker_fee_ppm=maker,
        taker_fee_ppm=taker,
        minimum_notional=tick_size * 100,
        **terms,
    )


def tier(volume: int, maker: int, taker: int) -> FeeTier:
    return FeeTier(volume=volume, maker_fee_ppm=maker, taker_fee_ppm=taker)


MARKETS = (
    market(
        "ETH", 7, 3, 1_117, 2_531, maximum_quantity=300, maximum_notional=200_000,
        price_band_ppm=40_000,
    ),
    market(
        "BTC", 3, 11, 2_903, 1_009, minimum_quantity=2,
        fee_tiers=(tier(9_000, 700, 1_000), tier(25_000, -777, 800)),
    ),
)  # fmt: skip
FEES = (
    FeeSchedule(maker_fee_ppm=1_000, taker_fee_ppm=1_009),
    FeeSchedule(maker_fee_ppm=500, taker_fee_ppm=900, tiers=(tier(5_000, -300, 400),)),
    FeeSchedule(maker_fee_ppm=-900, taker_fee_ppm=1_009, tiers=(tier(20_000, 0, 900),)),
    FeeSchedule(maker_fee_ppm=1_117, taker_fee_ppm=2_531),
)
DAY_NS = 24 * 60 * 60 * 10**9


def history(choose: Choose, length: int, naive: Naive) -> Iterator[c.Command]:
    """Yield stamped commands; the caller applies each to ``naive`` before asking for the next."""
    sequence, at_ns = 0, 0
    for command in _commands(choose, length, naive):
        sequence, at_ns = sequence + 1, at_ns + _step_ns(choose)
        yield msgspec.structs.replace(command, sequence=sequence, at_ns=at_ns)


def _step_ns(choose: Choose) -> int:
    """Mostly a moment; sometimes longer than ended orders are remembered, or more than a day."""
    long = choose(450)
    if long < 3:
        return 20 * 60 * 10**9
    return (1 + 7 * choose(4)) * DAY_NS if long < 5 else choose(3) * 10**9


def _commands(choose: Choose, length: int, naive: Naive) -> Iterator[c.Command]:
    for one in MARKETS:
        yield c.ListMarket(market=one)
    for account in ACCOUNTS:
        for asset in ASSETS:
            yield c.Deposit(account=account, asset=asset, amount=9_000 + 300_000 * choose(3))
    for account in ACCOUNTS:
        yield _grant(choose, naive, account)
    for _ in range(length - 2 - len(ACCOUNTS) * (1 + len(ASSETS))):
        yield _command(choose, naive)


def _pick(choose: Choose, items: Sequence[T]) -> T:
    return items[choose(len(items))]


def _command(choose: Choose, naive: Naive) -> c.Command:
    if choose(25) == 0:
        return _batch(choose, naive)
    if choose(14) == 0:
        return _linked(choose, naive)
    if choose(30) == 0:
        return _absence(choose)
    if choose(60) == 0:
        return _control(choose)
    stopped = [name for name, state in naive.rules.states.items() if state is not MarketState.OPEN]
    if stopped and choose(16) == 0:
        where = _pick(choose, stopped)
        by_steps = naive.rules.states[where] is MarketState.CANCEL_ONLY
        state = MarketState.AUCTION_OPEN if by_steps else MarketState.OPEN
        return c.SetMarketState(market=where, state=state)
    roll = choose(110)
    if roll >= 100:
        return _told_by_the_chain(choose, naive, roll)
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
    if roll == 96:
        return _state(choose, naive) if choose(5) else _fees(choose, naive)
    if roll == 97:
        return c.CancelOrder(account=account, client_order_id=f"n{choose(6)}")
    return c.AdvanceTime()


def _state(choose: Choose, naive: Naive) -> c.Command:
    """Mostly towards an open market, now or later; very rarely to one that is closed for good."""
    stopped = [name for name, state in naive.rules.states.items() if state is not MarketState.OPEN]
    states = [state for state in MarketState if state is not MarketState.CLOSED or not choose(12)]
    states += [MarketState.AUCTION_OPEN] * 3
    where = _pick(choose, MARKETS).id
    state = _pick(choose, states)
    if stopped and choose(3):
        where, state = _pick(choose, stopped), MarketState.OPEN
    fields = {"reference_price": 95 + choose(11)} if choose(3) == 0 else {}
    if choose(3):
        return c.SetMarketState(market=where, state=state, **fields)
    due_ns = naive.at + choose(9) * 10**9
    return c.ScheduleMarketState(market=where, state=state, due_ns=due_ns, **fields)


def _fees(choose: Choose, naive: Naive) -> c.Command:
    """Now or later; sometimes what was planned is taken back."""
    where = _pick(choose, MARKETS).id
    planned = sorted(naive.rules.plans)
    if planned and choose(4) == 0:
        due_ns, where, _ = _pick(choose, planned)
        return c.CancelPlan(market=where, due_ns=due_ns + choose(2))
    later = naive.at + choose(3) * DAY_NS + choose(20) * 10**9
    return c.ScheduleFees(
        market=where, fees=_pick(choose, FEES), due_ns=later if choose(2) else None
    )


def _told_by_the_chain(choose: Choose, naive: Naive, roll: int) -> c.Command:
    """Grants, approvals, vouchers; positions mostly rise, and sometimes were seen before."""
    account, asset = _pick(choose, ACCOUNTS), _pick(choose, ASSETS)
    if roll < 102:
        return _grant(choose, naive, account)
    if roll == 102:
        used = [order.session for order in naive.resting if order.session]
        anything = (account, _pick(choose, KEYS), _pick(choose, MARKETS).id)
        account, key, market = _pick(choose, used) if used and choose(3) else anything
        position = max(0, naive.position + choose(9) - 2)  # no block is below the first
        return c.RevokeSession(account=account, key=key, market=market, position=position)
    if roll < 105:
        position = _position(choose, naive)
        return c.ApproveOrder(account=account, order_hash=_pick(choose, HASHES), position=position)
    if roll == 105:
        order_hash = _pick(choose, HASHES)
        used = [order for order in naive.resting if order.signed and order.signed.kind == 3]
        if used and choose(3):
            order = _pick(choose, used)
            account, order_hash = order.account, order.signed.order_hash
        return c.RevokeApproval(account=account, order_hash=order_hash, position=naive.position + 1)
    if roll < 108:
        return c.IssueVoucher(
            account=account,
            asset=asset,
            amount=1 + choose(9_000),
            recipient="somewhere" if choose(20) else "",
            salt=0 if choose(4) else choose(2) * naive.salts.get(account, 2**40) + choose(3),
            deadline_s=naive.at // 10**9 + (choose(60) if choose(20) else 3 * 10**6),
        )
    known = list(naive.vouchers.items())
    if known and choose(6):
        (account, salt), (asset, amount) = _pick(choose, known)
        amount += choose(3) if choose(10) == 0 else 0
    else:
        salt, amount = choose(200), 1 + choose(900)
    if roll == 108:
        return c.RedeemVoucher(
            account=account,
            asset=asset,
            amount=amount,
            salt=salt,
            position=_position(choose, naive),
        )
    return c.ExpireVoucher(account=account, asset=asset, salt=salt)


def _position(choose: Choose, naive: Naive) -> int:
    return naive.position + (1 + choose(3) if choose(12) else -choose(3))


def _grant(choose: Choose, naive: Naive, account: str) -> c.GrantSession:
    return c.GrantSession(
        account=account,
        key=_pick(choose, KEYS),
        market=_pick(choose, MARKETS).id,
        buy_budget=choose(4) * choose(40_000),
        sell_budget=choose(4) * choose(40),
        expiry_s=naive.at // 10**9 + choose(3_000),
        position=_position(choose, naive),
    )


def _signature(
    choose: Choose, naive: Naive, account: str, market: str, nonce: Nonce
) -> Authorization:
    """Of any kind; mostly of a key that was granted, or a hash that was approved."""
    kind = _pick(choose, (*SignatureKind, SignatureKind.SESSION, SignatureKind.SESSION))
    usual = choose(5)
    granted = [key for who, key, where in naive.grants if (who, where) == (account, market)]
    keys = granted if granted and usual else KEYS
    approved = [order_hash for who, order_hash in naive.approvals if who == account]
    hashes = approved if approved and usual else HASHES
    late = 31 * 24 * 3_600 if choose(40) == 0 else choose(900)
    return Authorization(
        _pick(choose, keys) if kind is SignatureKind.SESSION else account,
        kind,
        3_000 if choose(30) else 1_500,
        naive.at // 10**9 + late,
        nonce.packed,
        _pick(choose, hashes),
        b"",
    )


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


def _control(choose: Choose) -> c.Command:
    """Groups of two, and switches that are undone sooner than they are set."""
    account = _pick(choose, ACCOUNTS)
    if choose(3):
        return r.SetAccountGroup(account=account, group=f"g{choose(2)}" if choose(3) else None)
    engaged = choose(3) == 0
    who = account if choose(4) or not engaged else None
    if not engaged and choose(2):
        who = None
    return r.SetKillSwitch(account=who, engaged=engaged, cancel=choose(2) == 0)


def _absence(choose: Choose) -> c.Command:
    """Switches armed for moments, so that they fire among the expiries."""
    account, roll = _pick(choose, ACCOUNTS), choose(10)
    if roll < 5:
        market = _pick(choose, MARKETS).id if choose(2) else None
        timeout_ms = choose(6) * 1_000 if choose(9) else 10**8
        return p.ScheduleCancel(account=account, timeout_ms=timeout_ms, market=market)
    if roll < 7:
        return p.Heartbeat(account=account)
    if roll < 9:
        return p.SetCancelOnDisconnect(account=account, enabled=choose(3) > 0)
    return p.CancelOnDisconnect(account=account)


def _batch(choose: Choose, naive: Naive) -> c.BatchOrders:
    """Up to five members of one account, sometimes about one order twice."""
    account = _pick(choose, ACCOUNTS)
    mine = [order.id for order in naive.resting if order.account == account]
    members: list[c.BatchMember] = []
    for index in range(1 + choose(5)):
        roll = choose(10)
        if roll < 6 or not mine:
            members.append(_place(choose, naive, account, 256 * (index + 1)))
        elif roll < 8:
            members.append(_replace(choose, naive, account, _pick(choose, mine)))
        elif roll == 8:
            by = choose(8)
            members.append(c.ReduceOrder(account=account, order_id=_pick(choose, mine), by=by))
        elif choose(4):
            members.append(c.CancelOrder(account=account, order_id=_pick(choose, mine)))
        else:
            members.append(c.CancelOrder(account=account, client_order_id=f"n{choose(6)}"))
    return c.BatchOrders(account=account, members=tuple(members), all_or_none=choose(2) == 0)


def _place(
    choose: Choose, naive: Naive, account: str | None = None, lanes: int = 0
) -> c.PlaceOrder:
    fields = _terms(choose, naive)
    account = _pick(choose, ACCOUNTS) if account is None else account
    side = _pick(choose, tuple(Side))
    market = _pick(choose, MARKETS).id
    if choose(10) == 0:
        fields |= {"order_type": OrderType.MARKET}
        if choose(6):
            fields |= {"time_in_force": TimeInForce.IOC, "post_only": False, "expires_at_ns": None}
    elif choose(6) == 0:
        fields |= _waiting(choose, naive.last.get(market, 100), side)
    if choose(9) == 0:
        fields |= {"display_quantity": 1 + choose(6)}
    if choose(7) == 0 and (side is Side.BUY or choose(12) == 0):
        fields |= {"quote_budget": 1 + choose(16_000), "time_in_force": TimeInForce.IOC}
        if choose(12):
            fields |= {"post_only": False, "expires_at_ns": None}
            fields.pop("display_quantity", None)
    if choose(12) == 0:
        known = [command for command, _ in naive.names.values()]
        known = [one for one in known if lanes == 0 or account == one.account]
        if known and choose(2):
            return _pick(choose, known)
        fields |= {"client_order_id": f"n{choose(6)}"}
    if choose(2):
        nonce = Nonce(naive.sequence + 1, choose(3), naive.sequence + 1 + lanes)
        fields |= {"authorization": _signature(choose, naive, account, market, nonce)}
    return c.PlaceOrder(account=account, market=market, side=side, **fields)


def _linked(choose: Choose, naive: Naive) -> c.PlaceLinked:
    """Two exits around the price, often behind an entry; seldom something that does not fit."""
    account, side = _pick(choose, ACCOUNTS), _pick(choose, tuple(Side))
    market, quantity = _pick(choose, MARKETS).id, 2 + choose(14)
    last = naive.last.get(market, 100)
    better = 1 if side is Side.SELL else -1
    waits = {"order_type": OrderType.TAKE_PROFIT_LIMIT, "trigger_price": last + better}
    first = {"price": last + better * (1 + choose(4))} | (waits if choose(4) == 0 else {})
    second: dict[str, object] = {
        "order_type": OrderType.STOP_LIMIT if choose(2) else OrderType.STOP_MARKET,
        "trigger_price": last - better * (1 + choose(4)),
        "price": last - better * (2 + choose(8)),
    }
    if second["order_type"] is OrderType.STOP_MARKET:
        second |= {"time_in_force": TimeInForce.IOC}
    entry: dict[str, object] | None = None
    if choose(3):
        entry = {"price": last + choose(7) - 3, "time_in_force": TimeInForce.IOC}
        if choose(3):
            entry |= {"time_in_force": TimeInForce.GTC}
    legs = [first, second] if entry is None else [entry, first, second]
    if choose(3) == 0:
        for index, leg in enumerate(legs):
            lane = naive.sequence + 1 + 8_192 * (entry is not None and index == 0)
            nonce = Nonce(naive.sequence + 1, index, lane)
            leg |= {"authorization": _signature(choose, naive, account, market, nonce)}
        if choose(8):
            legs[-1]["authorization"] = msgspec.structs.replace(
                legs[-1]["authorization"],
                signer=legs[-2]["authorization"].signer,
                kind=legs[-2]["authorization"].kind,
            )
    if choose(6) == 0:
        for leg in legs:
            leg |= {"client_order_id": f"n{choose(6)}"}
    if choose(25) == 0:
        legs[-1] |= _pick(choose, ({"quantity": 9}, {"post_only": True}, {"price": 10**9}))
    enters = Side.BUY if side is Side.SELL else Side.SELL
    sides = [enters, side, side][-len(legs) :]
    orders = [
        c.PlaceOrder(
            **({"account": account, "market": market, "quantity": quantity} | leg), side=one
        )
        for leg, one in zip(legs, sides, strict=True)
    ]
    return c.PlaceLinked(
        entry=orders[0] if entry is not None else None, take_profit=orders[-2], stop=orders[-1]
    )


def _waiting(choose: Choose, last: int, side: Side) -> dict[str, object]:
    """A stop or take-profit of either kind; seldom one without a trigger, or with one reached."""
    kind = _pick(choose, tuple(OrderType)[2:] if choose(30) else tuple(OrderType))
    fields: dict[str, object] = {"order_type": kind}
    if choose(30):
        stop = kind in {OrderType.STOP_LIMIT, OrderType.STOP_MARKET}
        ahead = 1 if stop is (side is Side.BUY) else -1
        fields |= {"trigger_price": last + ahead * (choose(4) + (1 if choose(8) else -1))}
    if kind in {OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET} and choose(12):
        fields |= {"time_in_force": TimeInForce.IOC, "post_only": False, "expires_at_ns": None}
    return fields


def _replace(choose: Choose, naive: Naive, account: str, order_id: int) -> c.ReplaceOrder:
    fields = _terms(choose, naive)
    order = naive.find(account, order_id)
    if order is not None and choose(2):
        fields |= {"price": order.price, "quantity": max(1, order.quantity + choose(3) - choose(6))}
    if choose(4) == 0:
        fields |= {"expected_filled": choose(3)}
    if order is not None and choose(6 if order.display is None else 2) == 0:
        fields |= {"display_quantity": 1 + choose(8)}
    if order is not None and order.waiting and choose(2):
        fields |= {"trigger_price": 92 + choose(17)}
        if choose(2):
            fields |= {"time_in_force": order.tif, "post_only": False, "expires_at_ns": None}
    if order is not None and order.signed is not None and choose(12):
        before = Nonce.unpack(order.signed.nonce)
        again = Nonce(before.counter, before.revision + choose(8) // 2, before.lane)
        fields |= {"authorization": _signature(choose, naive, account, order.market.id, again)}
    return c.ReplaceOrder(account=account, order_id=order_id, **fields)
