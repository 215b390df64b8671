"""An account's past: every list is its own, exact, whole across pages, and refuses what it does not know."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hybrid_dex.client import ExchangeClient
from hybrid_dex.client import history as client_history
from hybrid_dex.errors import RefusedError, UnavailableError
from hybrid_dex.model.commands import RequestWithdrawal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import Amount, AssetId
from hybrid_dex.signing import LocalSigner
from reference_app.reads import Reads
from reference_app.tests.stack import Stack, Trader, running, settings
from reference_app.tests.test_routes import is_problem


async def at_head(stack: Stack) -> None:
    """Wait until the records have all that happened."""
    async with asyncio.timeout(120):
        while await stack.services.records.position() < stack.services.exchange.view.sequence:
            await asyncio.sleep(0.01)


@pytest.fixture
async def traded(stack: Stack, alice: Trader, bob: Trader) -> Stack:
    """Bob sold 1 and 0.5 ETH at 2500 and 2510, Alice's bid of 3 at 2400 rests."""
    await bob.place("sell", "1", "2500")
    await bob.place("sell", "0.5", "2510")
    await alice.place("buy", "1.5", "2510")
    await alice.place("buy", "3", "2400")
    await at_head(stack)
    async with asyncio.timeout(120):  # a settlement without a chain is final, once it is told
        while any(one["stage"] != "final" for one in await fills(alice)):
            await asyncio.sleep(0.01)
    await at_head(stack)
    return stack


async def fills(trader: Trader) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await trader.get("/account/fills")).json()["fills"]
    return found


async def pages(trader: Trader, path: str, name: str, limit: int = 1) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor = None
    join = "&" if "?" in path else "?"
    for _ in range(100):
        end = "" if cursor is None else f"&before={cursor}"
        reply = await trader.get(f"{path}{join}limit={limit}{end}")
        assert reply.status_code == 200, reply.text
        answer = reply.json()
        found += answer[name]
        cursor = answer["next"]
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


async def test_the_ledger_tells_every_movement_and_adds_up_to_the_balance(
    traded: Stack, alice: Trader, bob: Trader
) -> None:
    for trader in (alice, bob):
        whole = (await trader.get("/account/ledger?limit=500")).json()
        assert whole["next"] is None
        assert whole["complete_from"] == 1
        assert await pages(trader, "/account/ledger", "entries") == whole["entries"]
        balances = {
            b["asset"]: b for b in (await trader.get("/account/balances")).json()["balances"]
        }
        for asset, balance in balances.items():
            own = [Decimal(e["amount"]) for e in whole["entries"] if e["asset"] == asset]
            assert sum(own) == Decimal(balance["total"])
            newest = (await trader.get(f"/account/ledger?asset={asset}&limit=1")).json()["entries"]
            assert Decimal(newest[0]["balance"]) == Decimal(balance["total"])
    kinds = [(e["kind"], e["asset"], e["amount"]) for e in whole["entries"]]
    assert ("trade", "ETH", "-1") in kinds
    assert ("trade", "USDC", "2500") in kinds
    assert ("fee", "USDC", "-0.25") in kinds
    assert kinds[-1] == ("deposit", "ETH", "1000")
    assert all(isinstance(e["at_ms"], int) for e in whole["entries"])


async def test_pages_do_not_shift_when_more_happens(traded: Stack, alice: Trader) -> None:
    first = (await alice.get("/account/ledger?limit=2")).json()
    rest = (await alice.get(f"/account/ledger?limit=500&before={first['next']}")).json()["entries"]
    usdc = AssetId("USDC")
    await traded.services.exchange.deposit(alice.account, usdc, Amount(7))
    await at_head(traded)
    again = (await alice.get(f"/account/ledger?limit=500&before={first['next']}")).json()["entries"]
    assert again == rest
    (newest,) = (await alice.get("/account/ledger?limit=1")).json()["entries"]
    assert (newest["kind"], newest["amount"]) == ("deposit", "0.000007")


async def test_deposits_and_withdrawals_are_told_apart(traded: Stack, alice: Trader) -> None:
    exchange, usdc = traded.services.exchange, AssetId("USDC")
    await exchange.deposit(alice.account, usdc, Amount(5))
    await exchange.withdraw(alice.account, usdc, Amount(3))
    await at_head(traded)
    deposits = await pages(alice, "/account/deposits", "transfers")
    assert [(d["kind"], d["amount"]) for d in deposits] == [
        ("deposit", "0.000005"),
        ("deposit", "1000000"),
    ]
    (left,) = (await alice.get("/account/withdrawals")).json()["transfers"]
    assert (left["kind"], left["amount"], left["salt"]) == ("withdrawal", "0.000003", None)
    assert (await alice.get("/account/deposits?asset=ETH")).json()["transfers"] == []
    requests = await alice.get("/account/withdrawals?kind=withdrawal_request")
    assert requests.json() == {"transfers": [], "next": None}
    assert RequestWithdrawal.__struct_fields__  # told by the chain only, which is not here


async def test_orders_are_found_live_and_ended(traded: Stack, alice: Trader, bob: Trader) -> None:
    every = await pages(alice, "/orders", "orders")
    assert [(o["price"], o["status"]) for o in every] == [("2400", "new"), ("2510", "filled")]
    assert every == (await alice.get("/orders?limit=500")).json()["orders"]
    for query, wanted in (
        ("status=filled", ["2510"]),
        ("status=new", ["2400"]),
        ("status=canceled", []),
        ("market=BTC-USDC", []),
        ("market=ETH-USDC&status=new", ["2400"]),
        (f"from_ms={every[0]['accepted_at_ms'] + 60_000}", []),
        (f"to_ms={every[1]['accepted_at_ms'] - 1}", []),
    ):
        found = (await alice.get(f"/orders?{query}")).json()["orders"]
        assert [o["price"] for o in found] == wanted, query
    assert {o["account"] for o in await pages(bob, "/orders", "orders")} == {bob.account}
    same = (await alice.get(f"/orders/{every[1]['order_id']}")).json()
    assert same == every[1]


async def test_every_fill_says_how_far_it_settled(traded: Stack, alice: Trader) -> None:
    found = await pages(alice, "/account/fills", "fills")
    assert [(f["price"], f["quantity"], f["stage"]) for f in found] == [
        ("2510", "0.5", "final"),
        ("2500", "1", "final"),
    ]
    assert all(f["batch"] > 0 and f["failure"] == 0 for f in found)


async def test_fees_name_the_tier_and_the_limits(traded: Stack, alice: Trader) -> None:
    answer = (await alice.get("/account/fees")).json()
    market = next(m for m in answer["markets"] if m["market"] == "ETH-USDC")
    assert (market["maker_fee_ppm"], market["taker_fee_ppm"]) == (100, 200)
    assert (market["tier"], market["volume"], market["volume_asset"]) == (0, "0", "USDC")
    assert market["next_volume"] is None
    assert answer["limits"]["tier"] == "default"
    assert answer["limits"]["open_orders"] == traded.services.settings.risk.open_orders


async def test_a_claim_is_of_one_command_and_adds_up(
    traded: Stack, alice: Trader, bob: Trader
) -> None:
    claims = [(await one.get("/account/solvency")).json() for one in (alice, bob)]
    assert claims[0]["account"] == alice.account
    view = traded.services.exchange.view
    assert claims[0]["sequence"] == view.sequence
    assert claims[0]["state_hash"] == "0x" + view.state_hash().hex()
    (eth,) = {a["liabilities"] for c in claims for a in c["assets"] if a["asset"] == "ETH"}
    owned = sum(Decimal(a["on_chain"]) for c in claims for a in c["assets"] if a["asset"] == "ETH")
    assert Decimal(eth) == owned == Decimal(1000)
    assert claims[0]["contract"] is None


async def test_candles_and_tickers_are_exact(traded: Stack) -> None:
    day = (await traded.http.get("/markets/ETH-USDC/candles?interval=1d")).json()
    (candle,) = day["candles"]
    assert {name: candle[name] for name in ("open", "high", "low", "close", "volume")} == {
        "open": "2500",
        "high": "2510",
        "low": "2500",
        "close": "2510",
        "volume": "1.5",
    }
    assert (candle["turnover"], candle["trades"], candle["interval"]) == ("3755", 2, "1d")
    assert candle["start_ms"] % 86_400_000 == 0
    later = f"interval=1m&from_ms={candle['start_ms'] + 2 * 86_400_000}"
    assert (await traded.http.get(f"/markets/ETH-USDC/candles?{later}")).json()["candles"] == []
    ticker = (await traded.http.get("/markets/ETH-USDC/ticker")).json()
    assert (ticker["last"], ticker["open"], ticker["volume"]) == ("2510", "2500", "1.5")
    assert (ticker["bid"], ticker["bid_quantity"], ticker["ask"]) == ("2400", "3", None)
    assert ticker["change_percent"] == "0.4"
    quiet = (await traded.http.get("/markets/BTC-USDC/ticker")).json()
    assert (quiet["last"], quiet["volume"], quiet["change_percent"]) == (None, "0", None)
    gecko = {t["ticker_id"]: t for t in (await traded.http.get("/tickers")).json()}
    assert gecko["ETH_USDC"]["last_price"] == "2510"
    assert gecko["ETH_USDC"]["target_volume"] == "3755"
    assert gecko["BTC_USDC"]["bid"] == "0"


async def test_trades_page_to_the_first(traded: Stack) -> None:
    first = (await traded.http.get("/markets/ETH-USDC/trades?limit=1")).json()
    assert [t["price"] for t in first["trades"]] == ["2510"]
    rest = await traded.http.get(f"/markets/ETH-USDC/trades?before={first['next']}")
    assert [t["price"] for t in rest.json()["trades"]] == ["2500"]
    assert rest.json()["next"] is None


async def test_the_status_names_every_market(traded: Stack) -> None:
    answer = (await traded.http.get("/status")).json()
    assert (answer["accepting"], answer["records_ok"]) == (True, True)
    assert {m["market"]: m["state"] for m in answer["markets"]} == {
        "ETH-USDC": "open",
        "BTC-USDC": "open",
    }


async def test_what_is_not_documented_is_refused(traded: Stack, alice: Trader) -> None:
    for path in (
        "/account/ledger?x=1",
        "/account/ledger?account=0x1",
        "/orders?statuses=new",
        "/account/fees?market=ETH-USDC",
        "/account/solvency?block=1",
        "/account/deposits?kind=deposit",
    ):
        is_problem(await alice.get(path), 400, RejectReason.UNKNOWN_FIELD)
    for path in (
        "/account/ledger?limit=0",
        "/account/ledger?limit=501",
        "/account/ledger?limit=1e2",
        "/orders?status=gone",
        "/orders?from_ms=-1",
        "/orders?from_ms=1.5",
        "/orders?to_ms=99999999999999999999",
        "/markets/ETH-USDC/candles",
        "/markets/ETH-USDC/candles?interval=2m",
        "/markets/ETH-USDC/candles?interval=1m&limit=501",
        "/account/withdrawals?kind=deposit",
    ):
        is_problem(await alice.get(path), 400, RejectReason.INVALID_MESSAGE)
    ledger = (await alice.get("/account/ledger?limit=1")).json()["next"]
    for path in (
        "/account/ledger?before=x",
        "/account/ledger?before=Ny4w",
        "/account/ledger?before=%D9%A1",
        f"/account/deposits?before={ledger}",
        f"/markets/ETH-USDC/candles?interval=1m&before={ledger}",
        "/orders?before=x",
        "/account/vouchers/x",
    ):
        is_problem(await alice.get(path), 400, RejectReason.INVALID_NUMBER)
    is_problem(await alice.get("/account/ledger?asset=X"), 404, RejectReason.UNKNOWN_ASSET)
    is_problem(await alice.get("/account/vouchers/1"), 404, RejectReason.UNKNOWN_VOUCHER)
    is_problem(await traded.http.get("/markets/X/ticker"), 404, RejectReason.UNKNOWN_MARKET)


async def test_the_client_iterates_over_everything(
    traded: Stack, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over pages of any size, to the last row; what an account has not is nothing."""
    monkeypatch.setattr(client_history, "_PAGE", 1)
    async with ExchangeClient(traded.url, signer=LocalSigner(bytes(alice.key.key))) as client:
        past = client.history
        assert [o.price async for o in past.orders()] == ["2400", "2510"]
        assert [o.price async for o in past.orders(market="ETH-USDC", status="filled")] == ["2510"]
        assert [f.stage async for f in past.fills()] == ["final", "final"]
        assert [f async for f in past.fills("BTC-USDC")] == []
        entries = [e async for e in past.ledger("ETH")]
        assert [(e.kind, e.amount, e.balance) for e in entries] == [
            ("trade", "0.5", "1.5"),
            ("trade", "1", "1"),
        ]
        assert [d.amount async for d in past.deposits()] == ["1000000"]
        assert [w async for w in past.withdrawals(kind="voucher")] == []
        assert [t.price async for t in past.trades("ETH-USDC")] == ["2510", "2500"]
        assert [c.volume async for c in past.candles("ETH-USDC", "1d")] == ["1.5"]
        assert (await past.ticker("ETH-USDC")).last == "2510"
        assert (await past.fees()).limits.tier == "default"
        assert (await past.solvency()).account == alice.account
        with pytest.raises(RefusedError):
            await past.voucher(1)
        with pytest.raises(RefusedError):
            _ = [e async for e in past.ledger("X")]


async def test_while_the_records_are_away_orders_are_taken_and_lists_refused(
    tmp_path: Path,
) -> None:
    """In words that name no machine; the breaker answers at once until the records are back."""
    async with running(settings(tmp_path)) as stack:
        alice = await stack.trader(1, USDC="1000000")
        await at_head(stack)
        records = stack.services.records
        await records.close()
        for _ in range(5):
            document = is_problem(await alice.get("/account/ledger"), 503, RejectReason.UNAVAILABLE)
            assert "try again" in document.detail
            assert str(tmp_path) not in document.detail
        is_problem(await alice.get("/orders"), 503, RejectReason.UNAVAILABLE)
        placed = await alice.place("buy", "1", "2500")
        assert (await alice.get(f"/orders/{placed['order']['order_id']}")).status_code == 200
        await records.open()
        async with asyncio.timeout(120):
            while (await alice.get("/account/ledger")).status_code != 200:
                await asyncio.sleep(0.05)


async def test_the_breaker_asks_one_at_a_time_until_an_answer_comes() -> None:
    asked = 0

    async def fail() -> int:
        nonlocal asked
        asked += 1
        raise UnavailableError("records on host x are away")

    read = Reads(failures=2, open_s=0.05)
    for _ in range(9):
        with pytest.raises(UnavailableError, match="try again") as refused:
            await read(fail)
        assert "host" not in str(refused.value)
    assert asked == 2
    await asyncio.sleep(0.06)
    release = asyncio.Event()

    async def slowly() -> int:
        nonlocal asked
        asked += 1
        await release.wait()
        return asked

    first = asyncio.create_task(read(slowly))
    await asyncio.sleep(0)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await read(slowly)
    release.set()
    assert await first == 3
    assert await read(slowly) == 4


async def test_the_breaker_minds_no_other_error() -> None:
    async def wrong() -> int:
        raise ValueError("ours")

    read = Reads(failures=1, open_s=60)
    for _ in range(3):
        with pytest.raises(ValueError, match="ours"):
            await read(wrong)
