"""Orders over REST: what is accepted, and the refusal beside it."""

from typing import Any
from urllib.parse import quote

from eth_account.messages import encode_typed_data

from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce
from reference_app.tests.stack import Stack, Trader


async def test_a_signed_order_is_placed_filled_and_final(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    sold = await bob.place("sell", "2", "2500")
    assert sold["order"]["status"] == "new"
    bought = await alice.place("buy", "0.5", "2600", client_order_id="first")
    (fill,) = bought["fills"]
    assert (fill["price"], fill["quantity"], fill["liquidity"]) == ("2500", "0.5", "taker")
    assert fill["fee"] == "0.25"
    assert bought["order"]["status"] == "filled"
    assert bought["order"]["client_order_id"] == "first"

    reply = await bob.get(f"/orders/{sold['order']['order_id']}")
    assert (reply.json()["open"], reply.json()["filled"]) == ("1.5", "0.5")
    balances = {b["asset"]: b for b in (await alice.get("/account/balances")).json()["balances"]}
    assert balances["ETH"]["total"] == "0.5"
    assert balances["USDC"]["available"] == "998749.75"
    await recorded(stack)
    (mine,) = (await alice.get("/account/fills")).json()["fills"]
    assert (mine["fill_id"], mine["stage"], mine["side"]) == (fill["fill_id"], "final", "buy")
    (theirs,) = (await bob.get("/account/fills?market=ETH-USDC")).json()["fills"]
    assert (theirs["liquidity"], theirs["fee"]) == ("maker", "0.125")
    (trade,) = (await stack.http.get("/markets/ETH-USDC/trades")).json()["trades"]
    assert (trade["price"], trade["taker_side"]) == ("2500", "buy")
    assert "account" not in trade


async def recorded(stack: Stack) -> None:
    """Wait until fills are final and the records hold everything."""
    health = stack.services.exchange.health
    async with stack.services.exchange.subscribe() as following:
        while any(True for _ in stack.services.exchange.view.unsettled()):
            await anext(following)
    while health().records_lag:
        await stack.services.records.position()


async def test_an_order_is_canceled_reduced_and_replaced(stack: Stack, alice: Trader) -> None:
    placed = await alice.place("buy", "2", "2500", nonce=Nonce(7, lane=9))
    path = f"/orders/{placed['order']['order_id']}"
    reduced = (await alice.post(f"{path}/reduce", {"by": "0.5"})).json()
    assert (reduced["order"]["open"], reduced["order"]["quantity"]) == ("1.5", "1.5")

    fresh = alice.order("buy", "1", "2400", nonce=Nonce(7, 1, 9))
    terms = {key: fresh[key] for key in REPLACEMENT if key in fresh}
    replaced = await alice.post(f"{path}/replace", terms | {"expected_filled": "0"})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["order"]["price"] == "2400"
    assert replaced.json()["order"]["order_id"] == placed["order"]["order_id"]

    (only,) = (await alice.get("/orders/open?market=ETH-USDC")).json()["orders"]
    assert only["price"] == "2400"
    canceled = await alice.delete(path)
    assert canceled.status_code == 200
    assert canceled.json()["order"]["status"] == "canceled"
    assert (await alice.get("/orders/open")).json()["orders"] == []
    again = await alice.delete(path)
    assert (again.status_code, again.json()["code"]) == (409, RejectReason.ALREADY_CANCELED)


REPLACEMENT = (
    "quantity",
    "price",
    "time_in_force",
    "post_only",
    "max_fee_ppm",
    "expiry_s",
    "nonce",
    "signature",
)


async def test_cancel_all_takes_a_market_and_a_side(stack: Stack, alice: Trader) -> None:
    await alice.place("buy", "1", "10")
    await alice.place("buy", "1", "11", market="BTC-USDC")
    kept = (await alice.delete("/orders?market=ETH-USDC&side=sell")).json()["canceled"]
    assert kept == []
    assert len((await alice.delete("/orders?market=ETH-USDC")).json()["canceled"]) == 1
    assert len((await alice.delete("/orders")).json()["canceled"]) == 1
    unknown = await alice.delete("/orders?market=X")
    assert (unknown.status_code, unknown.json()["code"]) == (404, RejectReason.UNKNOWN_MARKET)


async def test_a_repeated_order_is_answered_as_the_first_time(alice: Trader) -> None:
    order = alice.order("buy", "1", "10", client_order_id="once")
    first = await alice.post("/orders", order)
    second = await alice.post("/orders", order)
    assert second.status_code == 201
    assert second.json()["order"]["order_id"] == first.json()["order"]["order_id"]
    assert len((await alice.get("/orders/open")).json()["orders"]) == 1
    found = await alice.get("/orders/by-client-id/once")
    assert found.json()["order_id"] == first.json()["order"]["order_id"]
    missing = await alice.get("/orders/by-client-id/never")
    assert (missing.status_code, missing.json()["field"]) == (404, "client_order_id")


async def test_every_client_order_id_can_be_asked_for(alice: Trader) -> None:
    """A client asks by it whether an order whose answer was lost is there: a miss would lie."""
    for name in ("a/b", "/", "%2F", "a b", "a%2fb", "?x=1", "#", "%00", "\\"):
        placed = await alice.place("buy", "1", "10", client_order_id=name)
        found = await alice.get(f"/orders/by-client-id/{quote(name, safe='')}")
        assert found.status_code == 200, (name, found.text)
        assert found.json()["order_id"] == placed["order"]["order_id"], name
    for name in ("%00", "%C3%A9", "a" * 500, "%FF", "a%2fc"):
        missing = await alice.get(f"/orders/by-client-id/{name}")
        assert (missing.status_code, missing.json()["code"]) == (404, RejectReason.UNKNOWN_ORDER)


async def test_an_expiry_beyond_what_a_database_holds_is_refused_and_all_goes_on(
    stack: Stack, alice: Trader
) -> None:
    """Accepted, it would stop the records, and with them the exchange, for good."""
    terms = {"market": "ETH-USDC", "side": "buy", "quantity": "1", "price": "10"}
    last_ms = (2**63 - 1) // 1_000_000
    kept = await alice.post("/orders", terms | {"time_in_force": "gtd", "expires_at_ms": last_ms})
    assert kept.status_code == 201, kept.text
    endless = {"time_in_force": "gtd", "expires_at_ms": last_ms + 1}
    placed = await alice.post("/orders", terms | endless)
    order_id = kept.json()["order"]["order_id"]
    replaced = await alice.post(
        f"/orders/{order_id}/replace", {"quantity": "1", "price": "11"} | endless
    )
    for reply in (placed, replaced):
        assert (reply.status_code, reply.json()["code"]) == (422, RejectReason.EXPIRED)
        assert reply.json()["field"] == "expires_at_ms"
    await recorded(stack)
    assert (await stack.http.get("/health/ready")).json()["ready"]


async def test_orders_of_others_are_answered_like_unknown_ones(alice: Trader, bob: Trader) -> None:
    order_id = (await alice.place("buy", "1", "10"))["order"]["order_id"]
    for asked in (order_id, "999936"):
        for reply in (
            await bob.get(f"/orders/{asked}"),
            await bob.delete(f"/orders/{asked}"),
            await bob.post(f"/orders/{asked}/reduce", {"by": "0.1"}),
            await bob.post(f"/orders/{asked}/replace", {"quantity": "1", "price": "9"}),
        ):
            assert (reply.status_code, reply.json()["code"]) == (404, RejectReason.UNKNOWN_ORDER)
    assert (await alice.get(f"/orders/{order_id}")).json()["open"] == "1"


async def test_a_token_alone_can_not_trade_for_another(alice: Trader, bob: Trader) -> None:
    """The order's trader is the session's account, so another's signature is not over it."""
    reply = await bob.post("/orders", alice.order("buy", "1", "10"))
    assert (reply.status_code, reply.json()["code"]) == (422, RejectReason.BAD_SIGNATURE)


HOSTILE = (
    "NaN",
    "Infinity",
    "-1",
    "1e9",
    "1E999999999",
    "1_000",
    "+1",
    " 1",
    "01",
    "1.",
    ".5",
    "0",
    "",
    "٣",
    "0x10",
    "1" * 79,
    "0.000000000000000000000000000001",
)


async def test_hostile_numbers_are_refused_with_the_field(alice: Trader) -> None:
    for field in ("price", "quantity"):
        await refuse_all(alice, field)
    assert (await alice.get("/orders/open")).json()["orders"] == []


async def refuse_all(alice: Trader, field: str) -> None:
    order = alice.order("buy", "1", "10")
    for text in HOSTILE:
        reply = await alice.post("/orders", order | {field: text})
        assert reply.status_code in {400, 422}, (text, reply.text)
        assert reply.json()["field"] == field, text
    for wrong in (1, 1.5, None, True, ["1"], {"a": 1}):
        reply = await alice.post("/orders", order | {field: wrong})
        assert (reply.status_code, reply.json()["field"]) == (400, field), wrong
    off_tick = await alice.post("/orders", order | {field: "1.00001"})
    assert "nearest" in off_tick.json()["valid"]


KINDS: tuple[tuple[str, list[object]], ...] = (
    ("max_fee_ppm", [-1, 2**16, "1", 1.5]),
    ("expiry_s", [-1, 2**40, 2**63, "1"]),
    ("nonce", ["-1", str(2**64), "x", 1]),
    ("signature", ["", "0x", "0x" + "zz" * 65, "0x" + "00" * 66, 1]),
    ("side", ["BUY", "both", 0]),
    ("client_order_id", ["", "x" * 65, "é", "a\nb", 7]),
    ("self_trade", ["none"]),
    ("market", ["", "x" * 65]),
)


async def test_every_field_refuses_what_is_not_of_its_kind(alice: Trader) -> None:
    order = alice.order("buy", "1", "10", client_order_id="c")
    for field, values in KINDS:
        for value in values:
            reply = await alice.post("/orders", order | {field: value})
            assert reply.status_code in {400, 422}, (value, reply.text)
            assert reply.json()["field"] == field, reply.text
    assert (await alice.post("/orders", order)).status_code == 201


async def test_what_the_engine_refuses_says_why(alice: Trader) -> None:
    poor = await alice.post("/orders", alice.order("buy", "400", "2500"))
    assert (poor.status_code, poor.json()["code"]) == (422, RejectReason.INSUFFICIENT_FUNDS)
    small = await alice.post("/orders", alice.order("buy", "0.0001", "1"))
    assert small.json()["code"] == RejectReason.BELOW_MINIMUM_NOTIONAL
    unknown = await alice.post("/orders", alice.order("buy", "1", "10") | {"market": "XX-YY"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, RejectReason.UNKNOWN_MARKET)
    assert poor.headers["content-type"] == "application/problem+json"


def unsigned(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name != "signature"}


async def test_a_preview_tells_fee_hold_worst_case_and_what_to_sign(
    stack: Stack, alice: Trader, bob: Trader
) -> None:
    """The document is what the wallet signs: the order placed so has the hash that was told."""
    order = alice.order("buy", "1.5", "2500")
    reply = await alice.post("/orders/preview", unsigned(order))
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["hold"], told["hold_asset"]) == ("3750.75", "USDC")
    assert (told["maker_fee"], told["taker_fee"], told["fee_asset"]) == ("0.375", "0.75", "USDC")
    assert told["worst_case"] == {
        "pays_at_most": "3750.75",
        "pays_asset": "USDC",
        "receives_at_least": "1.5",
        "receives_asset": "ETH",
        "quantity": "1.5",
        "fee": "0.75",
    }
    words = {word["label"]: word["text"] for word in told["words"]}
    assert words["Order"] == "Buy"
    assert words["Quantity"] == "1.5 ETH"
    assert words["Limit, in total"] == "3750 USDC"
    assert (words["Time in force"], words["Largest fee"]) == ("Until expiry", "0.05%")
    assert words["Account"] == alice.account
    assert told["problem"] is None
    signable = encode_typed_data(full_message=told["typed_data"])
    signed = alice.key.sign_message(signable)
    ready = unsigned(order) | {"signature": "0x" + bytes(signed.signature).hex()}
    placed = (await alice.post("/orders", ready)).json()["order"]
    assert placed["order_hash"] == told["order_hash"]
    held = {
        row["asset"]: row["held"]
        for row in (await alice.get("/account/balances")).json()["balances"]
    }
    assert held["USDC"] == told["hold"]


async def test_a_preview_does_nothing_and_says_what_would_be_refused(
    stack: Stack, alice: Trader
) -> None:
    before = stack.services.exchange.view.sequence
    plain = {"market": "ETH-USDC", "side": "sell", "quantity": "2", "price": "2500"}
    told = (await alice.post("/orders/preview", plain)).json()
    assert told["problem"]["code"] == RejectReason.INSUFFICIENT_FUNDS
    assert (told["typed_data"], told["order_hash"], told["words"]) == (None, None, [])
    worst = told["worst_case"]
    assert (worst["receives_at_least"], worst["receives_asset"]) == ("4999", "USDC")
    for wrong, field in (
        (alice.order("buy", "1", "10"), "signature"),
        (plain | {"nonce": "1"}, "max_fee_ppm"),
        (plain | {"price": "0"}, "price"),
        (plain | {"market": "X"}, "market"),
    ):
        assert (await alice.post("/orders/preview", wrong)).json()["field"] == field
    assert stack.services.exchange.view.sequence == before
