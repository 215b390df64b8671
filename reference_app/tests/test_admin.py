"""What who runs the exchange reads is what happened, and only support and above read it."""

from pathlib import Path
from typing import Any

from hybrid_dex.defaults.roles import Role
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.commands import ScheduleMarketState, SetMarketState
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.risk_control import (
    AssignRiskTier,
    SetAccountGroup,
    SetKillSwitch,
    SetRiskTier,
)
from hybrid_dex.model.risk_limits import RiskLimits
from hybrid_dex.model.units import MarketId, TimestampNs
from reference_app.tests.stack import Stack, Trader, running, settings
from reference_app.tests.test_routes import is_problem

READS = [
    "/admin/statistics",
    "/admin/users",
    "/admin/markets",
    "/admin/markets/ETH-USDC",
    "/admin/risk",
    "/admin/fees",
    "/admin/settlement",
    "/admin/settlement/batches",
    "/admin/alarms",
    "/admin/halts",
]


async def supporter(stack: Stack, number: int = 9) -> Trader:
    """Somebody who may see, and changes nothing."""
    trader = await stack.trader(number)
    await stack.services.identity.roles.grant(trader.account, Role.SUPPORT, "command")
    return trader


async def read(trader: Trader, path: str) -> dict[str, Any]:
    reply = await trader.get(path)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def engine(stack: Stack) -> Exchange:
    assert isinstance(stack.services.exchange, Exchange)
    return stack.services.exchange


async def test_a_trader_reads_none_of_it(stack: Stack, alice: Trader) -> None:
    for path in [*READS, f"/admin/users/{alice.account}"]:
        is_problem(await alice.get(path), 403, RejectReason.FORBIDDEN)


async def test_statistics_count_what_happened(stack: Stack, alice: Trader, bob: Trader) -> None:
    support = await supporter(stack)
    before = await read(support, "/admin/statistics")
    assert before["type"] == "statistics"
    assert (before["open_orders"], before["accounts"]) == (0, 2)
    await bob.place("sell", "2", "2500")
    await alice.place("buy", "0.5", "2500")
    after = await read(support, "/admin/statistics")
    assert after["sequence"] > before["sequence"]
    assert after["journal_position"] > before["journal_position"]
    assert after["open_orders"] == 1
    assert (after["accepting"], after["halted"], after["kill_switch"]) == (True, "", False)
    stages = {stage["stage"]: stage for stage in after["stages"]}
    assert set(stages) == {"order_entry", "journal_append", "records_read"}
    for name in ("order_entry", "journal_append"):
        found = stages[name]
        assert found["count"] >= 2
        assert 0 < found["p50_us"] <= found["p95_us"] <= found["p99_us"] <= found["max_us"]
    eth, btc = after["markets"]
    assert (eth["market"], eth["state"], eth["last"]) == ("ETH-USDC", "open", "2500")
    assert (btc["market"], btc["last"]) == ("BTC-USDC", None)
    meter = stack.services.hub.meter
    assert (meter.orders, meter.fills) == (2, {MarketId("ETH-USDC"): 1})


async def test_users_are_listed_by_pages_without_a_gap(stack: Stack) -> None:
    support = await supporter(stack)
    traders = [await stack.trader(number, USDC="1") for number in range(10, 15)]
    await stack.services.identity.roles.grant(traders[0].account, Role.OPERATOR, "command")
    exchange = engine(stack)
    await exchange.execute(SetKillSwitch(account=traders[1].account, engaged=True))
    found: list[dict[str, Any]] = []
    path = "/admin/users?limit=2"
    while True:
        page = await read(support, path)
        found += page["users"]
        if page["next"] is None:
            break
        assert len(page["users"]) == 2
        path = f"/admin/users?limit=2&after={page['next']}"
    assert [user["account"] for user in found] == sorted(one.account for one in traders)
    users = {user["account"]: user for user in found}
    assert users[traders[0].account]["role"] == "operator"
    assert [name for name, user in users.items() if user["stopped"]] == [traders[1].account]


async def test_one_user_is_told_with_funds_orders_limits_and_fees(
    stack: Stack, alice: Trader
) -> None:
    support = await supporter(stack)
    exchange = engine(stack)
    await exchange.execute(SetRiskTier(tier="makers", limits=RiskLimits(open_orders=7)))
    await exchange.execute(AssignRiskTier(account=alice.account, tier="makers"))
    await exchange.execute(SetAccountGroup(account=alice.account, group="desk"))
    placed = await alice.place("buy", "1", "10")
    user = await read(support, f"/admin/users/{alice.account}")
    assert (user["tier"], user["limits"]["open_orders"], user["group"]) == ("makers", 7, "desk")
    assert (user["role"], user["stopped"], user["short"]) == ("trader", False, False)
    assert user["logins"] == 1
    assert [order["order_id"] for order in user["orders"]] == [placed["order"]["order_id"]]
    (usdc,) = [one for one in user["balances"] if one["asset"] == "USDC"]
    assert usdc["held"] != "0"
    assert {rates["market"] for rates in user["rates"]} == {"ETH-USDC", "BTC-USDC"}
    stranger = "0x000000000000000000000000000000000000bEEF"
    unknown = await support.get(f"/admin/users/{stranger}")
    is_problem(unknown, 404, RejectReason.NOT_FOUND)
    own = await read(support, f"/admin/users/{support.account}")
    assert (own["role"], own["balances"]) == ("support", [])


async def test_markets_say_what_may_follow_and_what_is_planned(stack: Stack) -> None:
    support = await supporter(stack)
    exchange = engine(stack)
    market = MarketId("ETH-USDC")
    due_ns = TimestampNs(exchange.view.at_ns + 3_600 * 10**9)
    planned = ScheduleMarketState(market=market, state=MarketState.HALTED, due_ns=due_ns)
    await exchange.execute(planned)
    await exchange.execute(SetMarketState(market=MarketId("BTC-USDC"), state=MarketState.HALTED))
    eth, btc = (await read(support, "/admin/markets"))["markets"]
    assert eth["market"]["state"] == "open"
    assert set(eth["moves"]) == {"auction_open", "post_only", "cancel_only", "halted"}
    (plan,) = eth["plans"]
    assert (plan["state"], plan["due_ms"], plan["fees"]) == ("halted", due_ns // 10**6, None)
    assert btc["market"]["state"] == "halted"
    assert "closed" in btc["moves"]
    assert await read(support, "/admin/markets/ETH-USDC") == eth
    is_problem(await support.get("/admin/markets/NO-SUCH"), 404, RejectReason.UNKNOWN_MARKET)
    halts = await read(support, "/admin/halts")
    assert [one["market"] for one in halts["markets"]] == ["BTC-USDC"]
    assert list(halts["planned"]) == ["ETH-USDC"]
    assert (halts["exchange"], halts["kill_switch"]) == ("", False)


async def test_risk_and_fees_are_told_as_they_hold_now(stack: Stack, alice: Trader) -> None:
    support = await supporter(stack)
    (default,) = (await read(support, "/admin/risk"))["tiers"]
    assert (default["tier"], default["configured"], default["accounts"]) == ("default", True, None)
    assert default["limits"]["order_notional"] == stack.services.settings.risk.order_notional
    exchange = engine(stack)
    await exchange.execute(SetRiskTier(tier="default", limits=RiskLimits(open_orders=3)))
    await exchange.execute(SetRiskTier(tier="makers", limits=RiskLimits(prefunded=True)))
    await exchange.execute(AssignRiskTier(account=alice.account, tier="makers"))
    await exchange.execute(SetKillSwitch(account=alice.account, engaged=True))
    answer = await read(support, "/admin/risk")
    default, makers = answer["tiers"]
    assert (default["limits"]["open_orders"], default["configured"]) == (3, False)
    assert (makers["tier"], makers["accounts"], makers["limits"]["prefunded"]) == (
        "makers",
        1,
        True,
    )
    assert (answer["stopped"], answer["stopped_count"]) == ([alice.account], 1)
    eth, _ = (await read(support, "/admin/fees"))["markets"]
    assert (
        eth["listed"]
        == eth["charged"]
        == {
            "maker_fee_ppm": 100,
            "taker_fee_ppm": 200,
            "tiers": [],
        }
    )
    assert (eth["planned"], eth["quote"], eth["collected"]) == ([], "USDC", "0")


async def test_settlement_without_a_chain_says_so_and_lists_its_batches(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    support = await supporter(stack)
    await bob.place("sell", "1", "2500")
    await alice.place("buy", "1", "2500")
    status = await read(support, "/admin/settlement")
    assert (status["state"], status["chain_id"], status["alarm"]) == ("local", None, "")
    assert status["figures"]["ok"]
    while not (batches := (await read(support, "/admin/settlement/batches"))["batches"]):
        pass
    assert (batches[0]["fills"], batches[0]["transactions"], batches[0]["retries"]) == (None, [], 0)
    assert (await read(support, "/admin/alarms"))["alarms"] == []


async def test_a_halted_exchange_is_an_alarm(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as stack:
        support = await supporter(stack)
        writer = engine(stack)._writer
        assert writer is not None
        writer.halt("tried by a test")
        (alarm,) = (await read(support, "/admin/alarms"))["alarms"]
        assert (alarm["source"], alarm["severity"]) == ("exchange", "critical")
        assert alarm["detail"] == "tried by a test"
        figures = await read(support, "/admin/statistics")
        assert (figures["accepting"], figures["halted"]) == (False, "tried by a test")
        assert figures["alarms"] == 1
