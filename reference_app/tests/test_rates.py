"""C11: what is admitted under a burst, what a refused client is told, and whose word counts for whom."""

from pathlib import Path
from random import Random

import httpx
import pytest

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import AccountId
from reference_app.problems import ProblemError
from reference_app.rates import Limiter, network
from reference_app.settings import ServerSettings
from reference_app.tests.stack import Stack, limits, running, settings, within_a_minute
from reference_app.weights import MESSAGES, ROUTES

ALICE = AccountId("alice")


class Clock:
    """The time that the counters read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float) -> None:
        self.now = now
        monkeypatch.setattr("time.time", lambda: self.now)


async def admitted(limiter: Limiter, weight: int = 1) -> bool:
    try:
        await limiter.request("192.0.2.1", weight)
    except ProblemError:
        return False
    return True


async def test_a_burst_of_ten_times_the_rate_is_admitted_at_the_rate(
    monkeypatch: pytest.MonkeyPatch, rng: Random
) -> None:
    """Over ten minutes, at random times: within 5 % of the limit."""
    limit, minutes = 300, 10
    clock = Clock(monkeypatch, 1_800_000_000 + rng.random() * 60)
    limiter = Limiter(limits(requests_per_minute=limit))
    begun = clock.now
    times = sorted(begun + rng.random() * 60 * minutes for _ in range(10 * limit * minutes))
    count = 0
    for clock.now in times:
        count += await admitted(limiter)
    assert 0.95 * limit * minutes <= count <= 1.05 * limit * (minutes + 1)
    first = sum(1 for at in times if at < begun + 60)
    assert first > 9 * limit


async def test_whoever_waits_as_told_is_admitted_and_no_sooner(
    monkeypatch: pytest.MonkeyPatch, rng: Random
) -> None:
    """Retry-After is exact to the second, for every weight."""
    clock = Clock(monkeypatch, 1_800_000_000 + rng.random() * 60)
    limiter, refusals = Limiter(limits(requests_per_minute=100)), 0
    while refusals < 60:
        clock.now += rng.random() * 10
        weight = rng.choice([1, 5, 20, 100, 250])
        try:
            await limiter.request("192.0.2.1", weight)
            continue
        except ProblemError as error:
            headers = error.headers
        refusals += 1
        wait_s = int(headers["retry-after"])
        assert headers["ratelimit"] == f'"address";r=0;t={wait_s}'
        if wait_s > 1:
            clock.now += wait_s - 1 - 0.001
            assert not await admitted(limiter, weight)
            clock.now += 1.001
        else:
            clock.now += 1
        clock.now += 0.001
        assert await admitted(limiter, weight)


async def test_more_orders_at_once_than_are_ever_admitted_are_told_so() -> None:
    limiter = Limiter(limits(orders_per_second=10))
    with pytest.raises(ProblemError, match="send fewer together"):
        await limiter.orders(ALICE, 11)
    await limiter.orders(ALICE, 10)


async def test_of_orders_that_arrive_together_the_first_are_admitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch, 1_800_000_000.0)
    limiter = Limiter(limits(orders_per_second=10))
    assert await limiter.run(ALICE, [1] * 4) == (4, None)
    count, refusal = await limiter.run(ALICE, [1] * 9)
    assert (count, refusal is None) == (6, False)
    assert (await limiter.run(ALICE, [1]))[0] == 0
    clock.now += 2
    assert await limiter.run(ALICE, [1] * 10) == (10, None)


async def test_a_ladder_is_admitted_whole_or_counts_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else who tries again as told would be refused for ever."""
    clock = Clock(monkeypatch, 1_800_000_000.0)
    limiter = Limiter(limits(orders_per_second=10))
    count, refusal = await limiter.run(ALICE, [8, 8])
    assert (count, refusal is None) == (1, False)
    assert (await limiter.run(ALICE, [8]))[0] == 0
    assert await limiter.run(ALICE, [1, 1]) == (2, None)
    assert limiter.refusals["account"] == 16
    clock.now += 2
    for _ in range(3):
        count, refusal = await limiter.run(ALICE, [11])
        assert count == 0
        assert refusal is not None
        assert refusal.problem.detail.startswith("11 at once")
    assert await limiter.run(ALICE, [8, 2]) == (2, None)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unknown"),
        ("' or 1=1", "unknown"),
    ],
)
def test_addresses_are_counted_by_what_one_subscriber_has(address: str, counted: str) -> None:
    assert network(address) == counted


async def test_every_answer_tells_how_its_sender_stands(tmp_path: Path) -> None:
    few = limits(requests_per_minute=100, account_requests_per_minute=36)
    async with running(settings(tmp_path, limits=few)) as stack:
        await within_a_minute()
        first = await stack.http.get("/time")
        assert first.headers["ratelimit-policy"] == '"address";q=100;w=60'
        assert first.headers["ratelimit"].startswith('"address";r=99;t=')
        book = await stack.http.get("/markets/ETH-USDC/book")
        assert book.headers["ratelimit"].startswith('"address";r=94;t=')
        alice = await stack.trader(1, USDC="1000")
        told = await alice.get("/account/balances")
        address, account = told.headers["ratelimit"].split(", ")
        assert address.startswith('"address";r=')
        assert account.startswith('"account";r=35;t=')
        for _ in range(7):
            assert (await alice.get("/orders")).status_code == 200
        refused = await alice.get("/orders")
        assert refused.status_code == 429
        assert refused.json()["code"] == RejectReason.RATE_LIMITED
        assert refused.headers["ratelimit-policy"] == '"account";q=36;w=60'
        wait_s = refused.headers["retry-after"]
        assert refused.headers["ratelimit"] == f'"account";r=0;t={wait_s}'
        # Order entry is counted apart, and so is another account.
        await alice.place("buy", "1", "10")
        async with alice.socket() as socket:
            refused_ping = await socket.ask({"op": "ping"})
            assert refused_ping["problem"]["code"] == RejectReason.RATE_LIMITED
            assert (await socket.ask({"op": "cancel_all"}))["type"] == "ack"
        counters = stack.services.counters
        assert counters.account_requests_refused == 2


async def test_messages_and_frames_that_are_none_are_counted_for_their_address(
    tmp_path: Path,
) -> None:
    few = limits(requests_per_minute=10)
    await within_a_minute(20)
    async with running(settings(tmp_path, limits=few)) as stack, stack.socket() as socket:
        book = {"op": "subscribe", "channels": [{"channel": "book", "market": "ETH-USDC"}]}
        assert (await socket.ask(book))["type"] == "ack"
        for _ in range(4):
            await socket.send("nonsense")
        codes = [(await socket.hear("error"))["problem"]["code"] for _ in range(4)]
        assert set(codes) == {RejectReason.INVALID_MESSAGE}
        for message in ("nonsense", '{"op":"ping"}'):
            await socket.send(message)
            answer = await socket.hear("error")
            assert answer["problem"]["code"] == RejectReason.RATE_LIMITED
        assert stack.services.counters.requests_refused == 2


async def test_what_is_named_in_the_weights_exists_and_is_documented(stack: Stack) -> None:
    document = (await stack.http.get("/openapi.json")).json()
    operations = [
        operation
        for item in document["paths"].values()
        for operation in item.values()
        if "x-weight" in operation
    ]
    shown = {"get_document", "get_page", "get_socket_document"}  # the documents themselves
    for name, weight in ROUTES.items():
        if name not in shown:
            ending = name.title().replace("_", "")
            found = {one["x-weight"] for one in operations if one["operationId"].endswith(ending)}
            assert found == {weight}, name
    assert all(operation["x-weight"] >= 1 for operation in operations)
    socket = (await stack.http.get("/asyncapi.json")).json()["operations"]
    told = {tag: one["x-weight"] for tag, one in socket.items() if "x-weight" in one}
    assert told == {kind.__struct_config__.tag: weight for kind, weight in MESSAGES.items()}


FORGED = (
    "x-forwarded-for", "x-real-ip", "forwarded", "x-client-ip", "cf-connecting-ip",
    "true-client-ip", "x-cluster-client-ip", "x-forwarded-host", "via",
)  # fmt: skip


async def test_forged_headers_change_nothing_without_a_trusted_proxy(tmp_path: Path) -> None:
    async with running(settings(tmp_path, limits=limits(requests_per_minute=20))) as stack:
        codes = []
        await within_a_minute()
        for number in range(40):
            forged = dict.fromkeys(FORGED, f"198.51.100.{number}")
            codes.append((await stack.http.get("/time", headers=forged)).status_code)
        assert codes[:20] == [200] * 20
        assert codes.count(429) >= 10  # where a minute ends meanwhile, a few more come in


async def test_of_what_a_trusted_proxy_forwards_the_right_most_stranger_counts(
    tmp_path: Path,
) -> None:
    """What a client wrote itself stands to the left of what the proxies added."""
    proxied = ServerSettings(port=0, trusted_proxies=["127.0.0.1", "10.0.0.0/8"])
    few = limits(requests_per_minute=4)
    async with running(settings(tmp_path, limits=few, server=proxied)) as stack:

        async def codes(*values: str) -> list[int]:
            answers = []
            for value in values:
                headers = [("x-forwarded-for", line) for line in value.split("\n")]
                answers.append((await stack.http.get("/time", headers=headers)).status_code)
            return answers

        await within_a_minute()
        forged = [
            "192.0.2.9", "1.1.1.1, 192.0.2.9", "127.0.0.1, 192.0.2.9, 10.1.2.3",
            "9.9.9.9\n192.0.2.9, 10.0.0.1", "::1, 192.0.2.9:4711", "10.0.0.1,192.0.2.9",
        ]  # fmt: skip
        assert await codes(*forged) == [200] * 4 + [429] * 2
        assert await codes("192.0.2.10") == [200]  # another client has its own rate
        of_one = [f"2001:db8:0:1::{number}" for number in range(6)]
        assert await codes(*of_one) == [200] * 4 + [429] * 2
        garbage = [f"x{number}" for number in range(6)]
        assert await codes(*garbage) == [200] * 4 + [429] * 2


async def test_a_trusted_proxy_is_known_on_a_socket_that_takes_ipv4_and_ipv6(
    tmp_path: Path,
) -> None:
    """There its address is written within one of IPv6."""
    both = ServerSettings(
        host="::", port=0, trusted_proxies=["127.0.0.0/8"], connections_per_address=1
    )
    few = limits(requests_per_minute=4)
    async with running(settings(tmp_path, limits=few, server=both)) as stack:
        await within_a_minute()
        codes = []
        for number in range(6):
            said = {"x-forwarded-for": f"192.0.2.{number}, ::ffff:127.0.0.2"}
            codes.append((await stack.http.get("/time", headers=said)).status_code)
        assert codes == [200] * 6
        async with httpx.AsyncClient(base_url=stack.url) as another:
            assert (await another.get("/time", headers=said)).status_code == 200


@pytest.mark.parametrize(
    ("proxy", "said"),
    [("*", "addresses or networks"), ("proxy.local", "addresses or networks"),
     ("0.0.0.0/0", "everybody"), ("::/0", "everybody"), ("10.0.0.1/8", "addresses or networks")],
)  # fmt: skip
def test_a_proxy_is_an_address_or_a_network_and_never_everybody(proxy: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        ServerSettings(trusted_proxies=["127.0.0.1", proxy])
    ServerSettings(trusted_proxies=["10.0.0.0/8", "2001:db8::/32", "::1"])
