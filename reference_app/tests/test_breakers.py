"""A service that fails is left alone, one call tries it, and all go on once it is back."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import attrs
import pytest

from hybrid_dex.errors import UnavailableError
from hybrid_dex.model.reasons import RejectReason
from reference_app.breakers import Breaker, LeftAloneError
from reference_app.counters import Counters
from reference_app.tests.keys import make_key
from reference_app.tests.stack import running, settings
from tests.defaults.databases import auth_cluster, auth_url
from tests.defaults.postgresql_cluster import start, stop_at_once

__all__ = ["auth_cluster", "auth_url"]


async def fails(breaker: Breaker) -> None:
    async with breaker.passing():
        raise OSError("away")


async def test_after_failures_in_a_row_nobody_is_let_through_and_then_one() -> None:
    counters = Counters()
    breaker = Breaker("x", OSError, failures=2, open_s=0.05, counters=counters)
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            await fails(breaker)
    assert not breaker.is_closed
    for _ in range(3):
        with pytest.raises(LeftAloneError):
            await fails(breaker)
    assert attrs.astuple(counters)[-2:] == (1, 3)
    await asyncio.sleep(0.06)
    release, inside = asyncio.Event(), asyncio.Event()

    async def probe() -> None:
        async with breaker.passing():
            inside.set()
            await release.wait()

    first = asyncio.create_task(probe())
    await inside.wait()
    with pytest.raises(LeftAloneError):
        await probe()
    with pytest.raises(UnavailableError, match="in these words"):
        async with breaker.refusing("in these words"):
            pass
    release.set()
    await first
    assert breaker.is_closed
    await probe()


async def test_a_call_that_is_canceled_says_nothing_of_the_service() -> None:
    """Neither does it end a row of failures, nor does a probe that nobody waits for let all through."""
    breaker, entered = Breaker("x", OSError, failures=2, open_s=0.05), asyncio.Event()

    async def waits() -> None:
        async with breaker.passing():
            entered.set()
            await asyncio.Event().wait()

    async def canceled() -> None:
        entered.clear()
        asked = asyncio.create_task(waits())
        await entered.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    for _ in range(2):
        await canceled()
        with pytest.raises(OSError, match="away"):
            await fails(breaker)
    assert breaker.state == "open"
    await asyncio.sleep(0.06)
    await canceled()
    assert breaker.state == "half_open"
    with pytest.raises(OSError, match="away"):
        await fails(breaker)
    assert breaker.state == "open"
    await asyncio.sleep(0.06)
    async with breaker.passing():
        pass
    assert breaker.is_closed


async def test_calls_that_fail_together_open_it_once() -> None:
    counters = Counters()
    breaker = Breaker("x", OSError, failures=2, open_s=60, counters=counters)
    release = asyncio.Event()

    async def ends(error: Exception | None) -> None:
        async with breaker.passing():
            await release.wait()
            if error is not None:
                raise error

    errors = (OSError("away"), OSError("away"), OSError("away"), None)
    asked = [asyncio.create_task(ends(error)) for error in errors]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(*asked, return_exceptions=True)
    assert (breaker.state, counters.breakers_opened) == ("open", 1)


async def test_what_is_no_failure_of_the_service_opens_nothing() -> None:
    breaker = Breaker("x", OSError, failures=1, open_s=60)
    for _ in range(3):
        with pytest.raises(ValueError, match="ours"):
            async with breaker.passing():
                raise ValueError("ours")
    assert breaker.is_closed


async def test_a_request_that_comes_again_is_no_failure_of_the_database(
    auth_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where several processes share it, it is the database that finds a request sent before."""
    chosen = settings(tmp_path)
    auth = attrs.evolve(chosen.auth, database=auth_url, shared=True)
    async with running(attrs.evolve(chosen, auth=auth)) as stack:
        key = await make_key(await stack.trader(1))
        target = "/orders/999"
        headers = key.headers("DELETE", target)
        sent = [stack.http.request("DELETE", target, headers=headers) for _ in range(12)]
        replies = await asyncio.gather(*sent)
        assert sorted(reply.status_code for reply in replies) == [401] * 11 + [404]
        assert stack.services.counters.breakers_opened == 0
        assert "is away" not in caplog.text
        assert (await stack.post("/auth/nonce")).status_code == 200


async def test_a_login_database_that_stops_is_left_alone_and_found_again(
    auth_cluster: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL is stopped as by a power cut; trading by whoever is remembered is not asked for it.

    Where the database stands is the operator's to know: the log says it, and no answer does.
    """
    url = f"postgresql://postgres@/postgres?host={auth_cluster}"
    chosen = settings(tmp_path)
    chosen = attrs.evolve(chosen, auth=attrs.evolve(chosen.auth, database=url))
    async with running(chosen) as stack:
        alice = await stack.trader(1, USDC="1000")
        stop_at_once(auth_cluster)
        try:
            for _ in range(6):
                refused = await stack.post("/auth/nonce")
                assert refused.status_code == 503
                assert refused.json()["code"] == RejectReason.UNAVAILABLE
                assert not any(word in refused.text for word in ("postgres", "%2F", "/tmp"))
            assert f"host={quote(str(auth_cluster), safe='')} is away" in caplog.text
            assert stack.services.counters.breakers_opened >= 1
            assert stack.services.counters.calls_left_out >= 1
            assert (await stack.http.get("/markets/ETH-USDC/book")).status_code == 200
        finally:
            start(auth_cluster)
        async with asyncio.timeout(100):
            while (await stack.post("/auth/nonce")).status_code != 200:
                await asyncio.sleep(0.1)
        await alice.login()
        await alice.place("buy", "1", "10")
