"""The answer to a ladder says of each rung what its own answer would, and what the exchange shows."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from hybrid_dex.exchange import Exchange
from hybrid_dex.exchange.batching import answers_of
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.commands import CancelOrder, PlaceOrder, SetMarketState
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.order import SelfTradeMode, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId, ClientOrderId, Price, Quantity, TimestampNs
from hybrid_dex.wire import RungResult, decode, encode, order_message
from hybrid_dex.wire.ladders import LadderAnswer
from reference_app.answers import ladder_answer, placed_answer
from reference_app.problems import ProblemError
from tests.exchange_fixtures import ALICE, BOB, ETH, MARKET, RICH, USDC, FakeClock
from tests.tiers import count

BUY, SELL = Side.BUY, Side.SELL
GTC, GTD = TimeInForce.GTC, TimeInForce.GTD


def rung(account: AccountId, side: Side, price: int, name: str | None = None) -> PlaceOrder:
    """An order of a ladder that needs no signature."""
    return PlaceOrder(
        account=account,
        market=MARKET.id,
        side=side,
        price=Price(price),
        quantity=Quantity(100),
        client_order_id=None if name is None else ClientOrderId(name),
    )


def random_ladder(rng: random.Random, account: AccountId, now_ns: int) -> list[PlaceOrder]:
    """Some rest, some trade, also with each other, some are refused, and some came before."""
    mode, tif = rng.choice(list(SelfTradeMode)), rng.choice([GTC, GTC, GTC, *TimeInForce])
    quiet = rng.random() < 0.3  # nothing meets anything: the short way to an answer
    expires_at_ns = TimestampNs(now_ns + rng.randint(1, 5) * 10**9) if tif is GTD else None
    rungs: list[PlaceOrder] = []
    for _ in range(rng.randint(1, 8)):
        side = rng.choice([BUY, SELL])
        far = 100_000 if side is BUY else 400_000
        price = far + rng.randrange(100) if quiet else rng.choice([0, *range(199_995, 200_005)])
        named = None if quiet or rng.random() < 0.7 else f"{rng.randrange(6)}"
        made = rung(account, side, price, named)
        rungs.append(
            msgspec.structs.replace(
                made,
                quantity=Quantity(rng.choice([0, *range(1, 40)])) if not quiet else made.quantity,
                time_in_force=tif,
                expires_at_ns=expires_at_ns,
                self_trade=mode,
                post_only=tif in (GTC, GTD) and rng.random() < 0.2,
            )
        )
    return rungs


def alone(exchange: Exchange, answer: EventBatch | Refusal) -> RungResult:
    """What a rung's own answer says."""
    try:
        told = placed_answer(exchange.view, answer)
    except ProblemError as error:
        return RungResult(problem=error.problem)
    order = told.order
    return RungResult(order.order_id, order.status, order.open, order.filled, told.fills)


def shown(exchange: Exchange, result: RungResult) -> None:
    """An order is as the view shows it; what is refused has no id."""
    if result.problem is not None:
        assert result == RungResult(problem=result.problem)
        return
    assert result.order_id is not None
    order = next(
        one
        for one in [exchange.view.order(int(result.order_id))]  # type: ignore[arg-type] # its unit
        if one is not None
    )
    message = order_message(order, MARKET)
    assert (result.status, result.open, result.filled) == (
        message.status,
        message.open,
        message.filled,
    )
    taken = sum(MARKET.parse_quantity(fill.quantity) for fill in result.fills)
    assert taken <= order.filled


async def answered(exchange: Exchange, rungs: Sequence[PlaceOrder]) -> LadderAnswer:
    """The answer, looked at from every side."""
    (outcome,) = await exchange.place_ladders([rungs])
    assert isinstance(outcome, EventBatch)
    answer = ladder_answer(exchange.view, outcome, MARKET)
    assert decode(LadderAnswer, encode(answer)) == answer
    assert answer.sequence == outcome.sequence
    assert answer.at_ms == outcome.at_ns // 10**6
    own = [alone(exchange, one) for one in answers_of(outcome, len(rungs))]
    assert answer.rungs == own
    for result in own:
        shown(exchange, result)
    return answer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def test_every_rung_tells_what_the_exchange_shows(
    rng: random.Random, clock: FakeClock
) -> None:
    """Whatever became of it, and of those before it."""
    for _ in range(count(fast=5, full=200)):
        async with Exchange([MARKET], clock=clock) as exchange:
            for account in (ALICE, BOB):
                for asset in (ETH, USDC):
                    await exchange.deposit(account, asset, RICH)
            for _ in range(40):
                if rng.random() < 0.15:
                    state = rng.choice(
                        [
                            MarketState.OPEN,
                            MarketState.OPEN,
                            MarketState.HALTED,
                            MarketState.AUCTION_OPEN,
                        ]
                    )
                    await exchange.execute(SetMarketState(market=MARKET.id, state=state))
                account = rng.choice([ALICE, BOB])
                await answered(exchange, random_ladder(rng, account, clock.at_ns))
                clock.at_ns += rng.choice([0, 10**9])


async def test_a_ladder_that_rests_is_told_without_a_look(clock: FakeClock) -> None:
    """As it was by the command, whatever came since."""
    async with Exchange([MARKET], clock=clock) as exchange:
        await exchange.deposit(ALICE, USDC, RICH)
        await exchange.deposit(BOB, ETH, RICH)
        rungs = [rung(ALICE, BUY, 200_000 + at) for at in range(3)]
        told = await answered(exchange, rungs)
        assert [one.status for one in told.rungs] == ["new"] * 3
        assert [one.open for one in told.rungs] == ["0.01"] * 3
        assert not [one.fills for one in told.rungs if one.fills]
        taken = await answered(exchange, [rung(BOB, SELL, 200_001), rung(BOB, SELL, 200_001)])
        assert [one.status for one in taken.rungs] == ["filled"] * 2
        assert [len(one.fills) for one in taken.rungs] == [1, 1]


async def test_a_rung_that_was_there_is_told_as_it_is_now(clock: FakeClock) -> None:
    """Canceled meanwhile, it still is an answer and no refusal; its own fills are told once."""
    async with Exchange([MARKET], clock=clock) as exchange:
        await exchange.deposit(ALICE, USDC, RICH)
        rungs = [rung(ALICE, BUY, 200_000 + at, name=str(at)) for at in range(2)]
        first = await answered(exchange, rungs)
        cancel = CancelOrder(account=ALICE, client_order_id=ClientOrderId("1"))
        await exchange.execute(cancel)
        again = await answered(exchange, [*rungs, rung(ALICE, BUY, 150_000)])
        assert [one.order_id for one in again.rungs[:2]] == [one.order_id for one in first.rungs]
        assert [one.status for one in again.rungs] == ["new", "canceled", "new"]


async def test_a_later_rung_changes_what_an_earlier_one_is_told(clock: FakeClock) -> None:
    async with Exchange([MARKET], clock=clock) as exchange:
        for asset in (ETH, USDC):
            await exchange.deposit(ALICE, asset, RICH)
        mode = SelfTradeMode.CANCEL_RESTING
        rungs = [rung(ALICE, SELL, 200_000), rung(ALICE, BUY, 200_000)]
        told = await answered(
            exchange, [msgspec.structs.replace(one, self_trade=mode) for one in rungs]
        )
        assert [one.status for one in told.rungs] == ["canceled", "new"]
        assert [one.open for one in told.rungs] == ["0", "0.01"]


async def test_a_ladder_of_several_accounts_is_refused_as_a_whole(clock: FakeClock) -> None:
    async with Exchange([MARKET], clock=clock) as exchange:
        mixed = [rung(ALICE, BUY, 200_000), rung(BOB, BUY, 200_000)]
        for outcome in await exchange.place_ladders([mixed, []]):
            with pytest.raises(ProblemError) as refused:
                ladder_answer(exchange.view, outcome, MARKET)
            assert refused.value.problem.code == RejectReason.INVALID_BATCH
