"""A connection outlives its token: the client logs in anew on it, is heard and hears, for as long as it runs."""

import asyncio
from pathlib import Path

import attrs
import pytest

from hybrid_dex.client import ClientOptions, ExchangeClient, StreamOptions, websocket_connector
from hybrid_dex.defaults.system_clock import SystemClock
from hybrid_dex.model.units import TimestampNs
from hybrid_dex.wire import Channel, ExecutionMessage
from reference_app.tests.stack import running, settings
from reference_app.tests.test_cuts import MINE, Scissors, fund

LIFE_S = 600
"""How long a token lives unless the settings say otherwise; it is renewed half a minute before."""


@attrs.define
class Ahead:
    """A clock that can be put forward."""

    real: SystemClock = attrs.field(factory=SystemClock)
    by_s: int = 0

    def now_ns(self) -> TimestampNs:
        return TimestampNs(self.real.now_ns() + self.by_s * 1_000_000_000)

    async def sleep(self, seconds: float) -> None:
        await self.real.sleep(seconds)


async def put_forward(clock: Ahead, client: ExchangeClient) -> None:
    """Put the clock to just before the token ends, and wait until the connection has another."""
    stream = client.stream
    before = stream._spoken
    clock.by_s += LIFE_S - 20
    while stream._spoken == before:
        await asyncio.sleep(0.005)


async def check_heard(client: ExchangeClient, clock: Ahead, rounds: int) -> None:
    reports = await client.stream.listen(Channel(channel="orders"))
    for _ in range(rounds):
        await put_forward(clock, client)
        placed = await client.place("ETH-USDC", "buy", "0.1", "1000")
        async for report in reports:
            assert isinstance(report, ExecutionMessage), "nothing was lost"
            assert report.order_id == placed.order.order_id
            break
    reports.close()


async def test_a_client_is_logged_in_for_as_long_as_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Ahead()
    monkeypatch.setattr("reference_app.app.SystemClock", lambda: clock)
    async with running(settings(tmp_path / "data")) as stack:
        await fund(stack, MINE)
        scissors = Scissors(websocket_connector(f"{stack.url.replace('http:', 'ws:')}/ws"))
        options = ClientOptions(stream=StreamOptions(login_check_s=0.01))
        async with ExchangeClient(
            stack.url, signer=MINE, options=options, connector=scissors, now_ns=clock.now_ns
        ) as client:
            await client.stream.wait_ready()
            (only,) = scissors.open
            await check_heard(client, clock, 4)
            assert scissors.open == [only], "the connection was never lost"
