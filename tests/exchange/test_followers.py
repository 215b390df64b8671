"""A follower sees everything in order or is told that it does not; nobody waits for it."""

from __future__ import annotations

import pytest

from hybrid_dex.exchange import Exchange, ExchangeOptions, SlowFollowerError
from hybrid_dex.model.units import Amount
from tests.exchange_fixtures import (
    ALICE,
    MARKET,
    USDC,
)


class TestFollowers:
    async def test_a_follower_sees_every_batch_in_order(self) -> None:
        async with Exchange([MARKET]) as exchange:
            async with exchange.subscribe() as follower:
                for amount in range(1, 6):
                    await exchange.deposit(ALICE, USDC, Amount(amount))
                seen = [(await anext(follower)).sequence for _ in range(5)]
                assert seen == [2, 3, 4, 5, 6]
            assert exchange.health().followers == 0

    async def test_a_follower_resumes_after_a_sequence(self) -> None:
        async with Exchange([MARKET]) as exchange:
            for _ in range(5):
                await exchange.deposit(ALICE, USDC, Amount(1))
            assert [batch.sequence for batch in exchange.subscribe(3).take()] == [4, 5, 6]
            assert exchange.subscribe(6).take() == []
            with pytest.raises(SlowFollowerError):
                exchange.subscribe(7)

    async def test_what_is_forgotten_can_not_be_resumed(self) -> None:
        options = ExchangeOptions(history_batches=3)
        async with Exchange([MARKET], options=options) as exchange:
            for _ in range(9):
                await exchange.deposit(ALICE, USDC, Amount(1))
            assert [batch.sequence for batch in exchange.subscribe(7).take()] == [8, 9, 10]
            with pytest.raises(SlowFollowerError) as refusal:
                exchange.subscribe(6)
            assert refusal.value.oldest == 8

    async def test_a_slow_follower_is_ended_and_others_are_not(self) -> None:
        options = ExchangeOptions(follower_batches=5)
        async with Exchange([MARKET], options=options) as exchange:
            slow, quick = exchange.subscribe(), exchange.subscribe()
            seen = []
            for _ in range(10):
                await exchange.deposit(ALICE, USDC, Amount(1))
                seen.extend(quick.take())
            assert [batch.sequence for batch in seen] == list(range(2, 12))
            with pytest.raises(SlowFollowerError, match="more than 5 commands behind"):
                await anext(slow)
            assert exchange.health().followers == 1

    async def test_followers_end_with_the_exchange(self) -> None:
        async with Exchange([MARKET]) as exchange:
            follower = exchange.subscribe()
            await exchange.deposit(ALICE, USDC, Amount(1))
        assert [batch.sequence async for batch in follower] == [2]
