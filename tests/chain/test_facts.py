"""Deposits and withdrawals reach the engine: once, across restarts, and only when they may."""

from __future__ import annotations

from functools import partial

from hybrid_dex.model.commands import (
    CompleteWithdrawal,
    Deposit,
    RaiseFloor,
    RequestWithdrawal,
    RevokeLane,
)
from hybrid_dex.model.units import Amount
from hybrid_dex.settlement.evm import EvmSettlement
from tests.chain.harness import Server, World

ETH, USDC = 10**18, 10**6


def caught_up(settlement: EvmSettlement, height: int) -> bool:
    """Whether everything in blocks up to a height is final, and was taken."""
    health = settlement.health()
    return health.final_block >= height and not health.undelivered


async def test_deposits_are_told_once_across_restarts(world: World) -> None:
    """Each deposit has its own rising position; nothing is told again by the next run."""
    await world.trader(1, base=ETH, quote=5 * USDC)
    positions: list[int] = []
    for run in range(3):
        if run:
            await world.trader(1 + run, quote=run * USDC)
        height = world.anvil.height()
        async with Server(world, world.settlement()) as server:
            await world.until(partial(caught_up, server.settlement, height))
            found = server.reader.of(Deposit)
        assert len(found) == (1 if run else 2)
        positions += [c.position or 0 for c in found if isinstance(c, Deposit)]
    assert positions == sorted(set(positions))


async def test_a_deposit_waits_for_its_confirmations(world: World) -> None:
    """In the newest block it is not told; two blocks later it is."""
    async with Server(world, world.settlement(confirmations=3)) as server:
        await world.trader(1, base=ETH)
        height = world.anvil.height()
        await world.until(lambda: server.settlement.health().head_block >= height, mine=False)
        assert not server.reader.of(Deposit)
        world.anvil.mine(3)
        await world.until(lambda: bool(server.reader.of(Deposit)), mine=False)


async def test_a_withdrawal_is_heeded_at_once_covered_by_a_heartbeat_and_completed(
    world: World,
) -> None:
    """The request is told from the newest block; an empty batch covers it; the payment ends it."""
    alice = await world.trader(1, quote=100 * USDC)
    usdc = world.market.quote
    async with Server(world, world.settlement()) as server:
        await world.until(lambda: bool(server.reader.of(Deposit)))
        await alice.vault.request_withdrawal(usdc, 40 * USDC)
        await world.until(lambda: bool(server.reader.of(RequestWithdrawal)), mine=False)
        assert server.reader.of(RequestWithdrawal) == [
            RequestWithdrawal(account=alice.account, asset=usdc.id, amount=Amount(40 * USDC))
        ]
        pending = await alice.vault.pending_withdrawal(usdc)
        assert pending is not None
        assert not pending.effective
        world.anvil.rpc("evm_increaseTime", 40)
        world.anvil.mine()
        batch = server.settlement.health().batch
        await world.until(lambda: server.settlement.health().batch > batch)
        await alice.vault.withdraw(usdc)
        await world.until(lambda: bool(server.reader.of(CompleteWithdrawal)))
        assert await alice.vault.wallet_balance(usdc) == 40 * USDC
        assert (await alice.vault.balance(usdc)).balance == 60 * USDC
        height = world.anvil.height()
        await world.until(lambda: server.settlement.health().final_block >= height)
        assert len(server.reader.of(CompleteWithdrawal)) == 1
        assert len(server.reader.of(RequestWithdrawal)) == 1


async def test_a_request_taken_back_counts_only_when_final(world: World) -> None:
    """The amount is returned two blocks after the request was canceled, not before."""
    alice = await world.trader(1, quote=100 * USDC)
    usdc = world.market.quote
    async with Server(world, world.settlement()) as server:
        await alice.vault.request_withdrawal(usdc, 40 * USDC)
        await world.until(lambda: len(server.reader.of(RequestWithdrawal)) == 1, mine=False)
        await alice.vault.cancel_request(usdc)
        height = world.anvil.height()
        await world.until(lambda: server.settlement.health().head_block >= height, mine=False)
        assert len(server.reader.of(RequestWithdrawal)) == 1
        await world.until(lambda: len(server.reader.of(RequestWithdrawal)) == 2)
        last = server.reader.of(RequestWithdrawal)[-1]
        assert isinstance(last, RequestWithdrawal)
        assert last.amount == 0


async def test_revocations_are_told_from_the_newest_block(world: World) -> None:
    """A canceled lane and a raised floor reach the engine without any confirmation."""
    alice = await world.trader(1, base=ETH)
    async with Server(world, world.settlement()) as server:
        await alice.vault.cancel_lane(1, 7 << 24 | 3 << 16)
        await alice.vault.cancel_lane(1, 5 << 24 | 9)
        await alice.vault.cancel_up_to(world.market.quote, 12)
        await world.until(lambda: bool(server.reader.of(RaiseFloor)), mine=False)
        assert server.reader.of(RevokeLane) == [
            RevokeLane(account=alice.account, asset=world.market.base.id, lane=0, key=7 << 8 | 3),
            RevokeLane(account=alice.account, asset=None, lane=9, key=5 << 8),
        ]
        assert server.reader.of(RaiseFloor) == [
            RaiseFloor(account=alice.account, asset=world.market.quote.id, floor=12)
        ]
