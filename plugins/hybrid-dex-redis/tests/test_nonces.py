"""A nonce is good once, for whoever comes first, and for nobody when that can not be told."""

from __future__ import annotations

import asyncio
import time

import pytest
from hybrid_dex_redis import RedisBus
from redis_bench import Server

import hybrid_dex as dex
from tests.tiers import count

REPLAYS, NONCES = 50, count(fast=20, full=200)


def in_a_minute() -> int:
    return int(time.time() * 1000) + 60_000


async def test_of_many_takers_at_two_gateways_one_succeeds(server: Server) -> None:
    async with RedisBus(server.address, "test") as one, RedisBus(server.address, "test") as two:
        gateways = [one.nonces(), two.nonces()]
        for number in range(NONCES):
            nonce = f"nonce {number}"
            await gateways[number % 2].put_nonce(nonce, in_a_minute())
            now = int(time.time() * 1000)
            taken = await asyncio.gather(
                *(gateways[at % 2].take_nonce(nonce, now) for at in range(REPLAYS))
            )
            assert taken.count(True) == 1


async def test_only_an_issued_nonce_in_its_time_is_good(bus: RedisBus) -> None:
    nonces, end = bus.nonces(), in_a_minute()
    await nonces.put_nonce("late", end)
    assert not await nonces.take_nonce("late", end)
    assert not await nonces.take_nonce("late", 0), "spent by the attempt"
    await nonces.put_nonce("early", end)
    assert await nonces.take_nonce("early", end - 1)
    assert not await nonces.take_nonce("never issued", 0)
    assert not await nonces.take_nonce("x" * 100_000, 0)
    await nonces.put_nonce("old", int(time.time() * 1000) - 1)
    assert not await nonces.take_nonce("old", 0), "the server has forgotten it"


async def test_exchanges_of_one_server_do_not_share_nonces(server: Server, bus: RedisBus) -> None:
    await bus.nonces().put_nonce("mine", in_a_minute())
    async with RedisBus(server.address, "other") as other:
        assert not await other.nonces().take_nonce("mine", 0)
    assert await bus.nonces().take_nonce("mine", 0)


async def test_nobody_logs_in_while_the_server_is_away(server: Server, bus: RedisBus) -> None:
    nonces = bus.nonces()
    await nonces.put_nonce("before", in_a_minute())
    server.kill()
    with pytest.raises(dex.UnavailableError, match="nobody can log in"):
        await nonces.take_nonce("before", 0)
    with pytest.raises(dex.UnavailableError, match="nobody can log in"):
        await nonces.put_nonce("meanwhile", in_a_minute())
    await server.start()
    assert not await nonces.take_nonce("before", 0), "it was lost with the server"
    await nonces.put_nonce("after", in_a_minute())
    assert await nonces.take_nonce("after", 0)


async def test_a_dump_does_not_bring_back_what_was_taken(server: Server, bus: RedisBus) -> None:
    """The server comes back with a state in which the nonce was not taken yet."""
    nonces = bus.nonces()
    await nonces.put_nonce("taken", in_a_minute())
    await server.command("SAVE")
    assert await nonces.take_nonce("taken", 0)
    server.kill()
    await server.start()
    assert not await nonces.take_nonce("taken", 0)
