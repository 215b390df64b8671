"""The channel `admin` tells figures to whoever may see them, and ends with the role."""

import asyncio
from pathlib import Path

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hybrid_dex.defaults.roles import Role
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.reasons import RejectReason
from reference_app.admin_channel import AdminChannel
from reference_app.settings import AdminSettings
from reference_app.tests.keys import make_key
from reference_app.tests.stack import Stack, Trader, running, settings
from reference_app.tests.test_admin import supporter
from reference_app.tests.test_routes import is_problem

TOKEN = "0123456789abcdef0123456789abcdef"


async def test_figures_are_told_as_they_change(stack: Stack, alice: Trader) -> None:
    support = await supporter(stack)
    async with support.socket({"channel": "admin"}) as socket:
        first = await socket.hear("statistics")
        assert first["open_orders"] == 0
        await alice.place("buy", "1", "10")
        while (await socket.hear("statistics"))["open_orders"] != 1:
            pass
        answer = await socket.ask({"op": "unsubscribe", "channels": [{"channel": "admin"}]})
        assert answer["result"]["channels"] == []
        assert stack.services.watchers.hearers == {}
        await socket.ask({"op": "subscribe", "channels": [{"channel": "admin"}]})
        assert len(stack.services.watchers.hearers) == 1
    while stack.services.watchers.hearers:
        await asyncio.sleep(0)


async def test_only_support_and_above_hear_it(stack: Stack, alice: Trader) -> None:
    wanted = {"op": "subscribe", "channels": [{"channel": "admin"}]}
    async with stack.socket() as stranger:
        refused = await stranger.ask(wanted)
        assert refused["problem"]["code"] == RejectReason.UNAUTHENTICATED
    async with alice.socket() as socket:
        refused = await socket.ask(wanted)
        assert refused["problem"]["code"] == RejectReason.FORBIDDEN
        assert "support" in refused["problem"]["detail"]
    support = await supporter(stack)
    key = await make_key(support, "ed25519")
    async with stack.socket() as socket:
        assert (await socket.ask(key.login()))["type"] == "ack"
        refused = await socket.ask(wanted)
        assert refused["problem"]["code"] == RejectReason.FORBIDDEN
    async with support.socket() as socket:
        market = {"channel": "admin", "market": "ETH-USDC"}
        refused = await socket.ask({"op": "subscribe", "channels": [market]})
        assert refused["problem"]["field"] == "market"
    assert stack.services.watchers.hearers == {}


async def test_it_ends_when_the_role_is_taken_or_the_login_ends(stack: Stack) -> None:
    support = await supporter(stack)
    async with support.socket({"channel": "admin"}) as socket:
        await socket.hear("statistics")
        roles = stack.services.identity.roles
        await roles.grant(support.account, Role.TRADER, "command")
        ended = await socket.hear("error")
        assert (ended["id"], ended["problem"]["code"]) == (None, RejectReason.FORBIDDEN)
        assert stack.services.watchers.hearers == {}
        await roles.grant(support.account, Role.OPERATOR, "command")
        await socket.ask({"op": "subscribe", "channels": [{"channel": "admin"}]})
        await socket.hear("statistics")
        other = await stack.trader(31)
        await socket.ask({"op": "login", "token": other.token})
        assert stack.services.watchers.hearers == {}


@attrs.define(eq=False)
class Ear:
    """Counts what it is told."""

    told: int = 0

    def offer(self, frame: bytes) -> None:
        self.told += 1

    def offer_newest(self, key: str, frame: bytes) -> None:
        assert key == "statistics"
        self.told += 1

    def end_admin(self) -> None:
        raise AssertionError("it has the role")


async def test_what_does_not_change_is_told_now_and_then(stack: Stack) -> None:
    support = await supporter(stack)
    for at_least_every_s, most in ((3_600.0, 1), (0.0, 10_000)):
        ear = Ear()
        channel = AdminChannel(stack.services, every_s=0.01, at_least_every_s=at_least_every_s)
        channel._figures = None
        stack.services.watchers.hear(ear, support.account)
        telling = asyncio.create_task(channel.run())
        while not ear.told or (most > 1 and ear.told < 3):
            await asyncio.sleep(0.01)
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        stack.services.watchers.forget(ear)
        assert ear.told <= most + 1  # the app's own channel may tell it, too


async def test_metrics_are_for_who_has_the_token_and_name_nobody(tmp_path: Path) -> None:
    chosen = settings(tmp_path, admin=AdminSettings(metrics_token=TOKEN))
    async with running(chosen) as stack:
        alice = await stack.trader(1, USDC="1000000")
        bob = await stack.trader(2, ETH="1000")
        await bob.place("sell", "2", "2500")
        await alice.place("buy", "0.5", "2500")
        for headers in ({}, {"authorization": "Bearer x"}, alice.headers):
            reply = await stack.http.get("/metrics", headers=headers)
            is_problem(reply, 401, RejectReason.UNAUTHENTICATED)
        reply = await stack.http.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/plain")
        told = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(reply.text)
            for sample in family.samples
        }
        assert told["hybrid_dex_accepting",] == 1
        assert told["hybrid_dex_open_orders",] == 1
        assert told["hybrid_dex_orders_total", "accepted"] == 2
        assert told["hybrid_dex_fills_total", "ETH-USDC"] == 1
        assert told["hybrid_dex_market_state", "ETH-USDC", "open"] == 1
        assert told["hybrid_dex_market_state", "ETH-USDC", "halted"] == 0
        assert told["hybrid_dex_rate_limited_total", "address"] == 0
        assert told["hybrid_dex_books_conflated_total",] == 0
        assert told["hybrid_dex_sockets_too_slow_total",] == 0
        assert told["hybrid_dex_records_breaker", "closed"] == 1
        assert told["hybrid_dex_journal_append_seconds_bucket", "+Inf"] >= 2
        assert told["hybrid_dex_order_entry_seconds_count",] == 2
        for name in (alice.account, alice.account.lower(), TOKEN, chosen.auth.secret, "127.0.0.1"):
            assert name not in reply.text
        names = {name for name, *_ in told}
        again = await stack.http.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert {
            sample.name
            for family in text_string_to_metric_families(again.text)
            for sample in family.samples
        } == names


async def test_without_a_token_there_are_no_metrics(stack: Stack) -> None:
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": f"Bearer {TOKEN}"}):
        is_problem(await stack.http.get("/metrics", headers=headers), 404, RejectReason.NOT_FOUND)
    with pytest.raises(ConfigurationError, match="METRICS_TOKEN has 5 characters; at least 32"):
        AdminSettings(metrics_token="short")
    assert TOKEN not in repr(AdminSettings(metrics_token=TOKEN))
