"""The reference app with a bus: what it does while the bus is away is what its documentation says."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis_bench import Server

import hybrid_dex as dex
from reference_app.app import compose, opened
from reference_app.problems import ProblemError
from reference_app.rates import Limiter
from reference_app.tests.stack import limits, running, settings, within_a_minute


async def test_nobody_logs_in_and_whoever_has_goes_on_trading(
    server: Server, tmp_path: Path
) -> None:
    async with running(settings(tmp_path, bus=server.address, name="away")) as stack:
        bob = await stack.trader(2, ETH="100")
        await bob.place("sell", "1", "2500")
        server.kill()
        refused = await stack.post("/auth/nonce")
        assert refused.status_code == 503
        assert refused.json()["code"] == dex.RejectReason.UNAVAILABLE
        assert "nobody can log in" in refused.json()["detail"]
        await bob.place("sell", "1", "2500")
        await server.start()
        await stack.trader(3)


async def test_gateways_count_rates_together_and_alone_while_the_bus_is_away(
    server: Server,
) -> None:
    few = limits(requests_per_minute=4)
    address = f"async+{server.address}"
    one, two = Limiter(few, address), Limiter(few, address)
    await within_a_minute()
    for limiter in (one, two, one, two):
        await limiter.request("192.0.2.1")
    for limiter in (one, two):
        with pytest.raises(ProblemError) as refusal:
            await limiter.request("192.0.2.1")
        assert 1 <= int(refusal.value.headers["retry-after"]) <= 60
    server.kill()
    for limiter in (one, two):
        for _ in range(4):
            await limiter.request("192.0.2.1")
        with pytest.raises(ProblemError) as refusal:
            await limiter.request("192.0.2.1")
        assert "retry-after" in refusal.value.headers


async def test_exchanges_of_different_names_on_one_server_count_for_themselves(
    server: Server, tmp_path: Path
) -> None:
    few = limits(requests_per_minute=4)
    ours, other, alike = (
        compose(settings(tmp_path / name, bus=server.address, name=name.strip(), limits=few))
        for name in ("ours", "other", " ours")
    )
    await within_a_minute()
    for _ in range(4):
        await ours.limiter.request("192.0.2.1")
    await other.limiter.request("192.0.2.1")
    with pytest.raises(ProblemError):
        await alike.limiter.request("192.0.2.1")
    server.kill()
    for services in (ours, other, alike):
        await services.limiter.request("192.0.2.2")  # which gives its connection up
        services.verifier.shutdown()


async def test_a_place_of_ones_own_to_count_in_goes_before_the_bus(
    server: Server, tmp_path: Path
) -> None:
    elsewhere = limits(storage="nonsense://")
    with pytest.raises(dex.ConfigurationError, match=r"limits\.storage"):
        compose(settings(tmp_path, bus=server.address, limits=elsewhere))


async def test_an_app_does_not_start_without_its_bus(tmp_path: Path) -> None:
    services = compose(settings(tmp_path, bus="redis://127.0.0.1:1/0"))
    with pytest.raises(dex.UnavailableError, match="the bus at redis://127"):
        async with opened(services):
            pass
    services.verifier.shutdown()
