"""The client signs requests with a key, and sees, makes and ends its account's credentials."""

import time
from pathlib import Path

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hybrid_dex.client import ApiKey, ClientOptions, ExchangeClient, HttpxPort, NewOrder, ccxt_like
from hybrid_dex.errors import ConfigurationError, FormatError, RefusedError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.signing import LocalSigner
from reference_app.app import compose
from reference_app.tests.keys import DAY_MS
from reference_app.tests.stack import Stack, Trader, running, settings


def wallet(trader: Trader) -> LocalSigner:
    return LocalSigner(bytes(trader.key.key))


def soon() -> int:
    return time.time_ns() // 1_000_000 + DAY_MS


async def hmac_key(trader: Trader) -> ApiKey:
    async with ExchangeClient(trader.stack.url, signer=wallet(trader)) as client:
        made = await client.credentials.make_api_key(
            "bot", scopes=["read", "trade"], expires_at_ms=soon(), networks=["127.0.0.0/8"]
        )
        listed = (await client.credentials.api_keys())[-1]
        assert (listed, listed.markets) == (made.key, None)
    assert made.secret is not None
    return ApiKey(id=made.key.id, secret=made.secret)


async def test_a_key_alone_reads_cancels_and_hears(stack: Stack, alice: Trader) -> None:
    key = await hmac_key(alice)
    first = (await alice.place("buy", "1", "10"))["order"]["order_id"]
    second = (await alice.place("buy", "1", "11"))["order"]["order_id"]
    third = (await alice.place("buy", "1", "12"))["order"]["order_id"]
    async with ExchangeClient(stack.url, key=key) as client:
        await client.stream.wait_ready()
        assert len(await client.open_orders()) == 3
        assert "USDC" in await client.balances()
        assert (await client.schedule_cancel(60_000)).due_at_ms is not None
        assert (await client.heartbeat()).due_at_ms is not None
        assert (await client.schedule_cancel(0)).due_at_ms is None
        wished = await client.set_cancel_on_disconnect(enabled=True)
        assert wished.cancel_on_disconnect
        assert not (await client.set_cancel_on_disconnect(enabled=False)).cancel_on_disconnect
        assert (await client.reduce(first, "0.5")).order.open == "0.5"
        assert (await client.reduce(first, "0.25")).order.open == "0.25"
        assert (await client.cancel(first)).order.status == "canceled"
        assert (await client.cancel_all("ETH-USDC", "buy")).canceled == [second, third]
        with pytest.raises(ConfigurationError, match="give the client a signer"):
            await client.place("ETH-USDC", "buy", quantity="1", price="10")
        with pytest.raises(RefusedError) as refused:
            await client.credentials.sessions()
        assert refused.value.code == RejectReason.FORBIDDEN


async def test_a_bot_for_ccxt_with_a_key_alone_cancels_orders(stack: Stack, alice: Trader) -> None:
    async with ExchangeClient(stack.url, signer=wallet(alice), connector=None) as client:
        made = await client.credentials.make_api_key(
            "bot", scopes=["read", "trade"], expires_at_ms=soon()
        )
    order_id = (await alice.place("buy", "1", "10"))["order"]["order_id"]
    config = {"url": stack.url, "apiKey": made.key.id, "secret": made.secret}
    bot = ccxt_like.HybridDex(config)
    try:
        gone = await bot.cancel_orders([order_id, "12345"])
        assert [(one["id"], one["status"]) for one in gone] == [
            (order_id, "canceled"),
            ("12345", "rejected"),
        ]
    finally:
        await bot.close()


async def test_an_order_that_is_named_by_nothing_or_dots_is_no_other_route(
    stack: Stack, alice: Trader
) -> None:
    """By a key over REST, where the name is a part of the path; and in ccxt's shape."""
    async with ExchangeClient(stack.url, signer=wallet(alice), connector=None) as client:
        made = await client.credentials.make_api_key(
            "bot", scopes=["read", "trade"], expires_at_ms=soon()
        )
    assert made.secret is not None
    key = ApiKey(id=made.key.id, secret=made.secret)
    resting = (await alice.place("buy", "1", "10"))["order"]["order_id"]
    config = {"url": stack.url, "apiKey": made.key.id, "secret": made.secret}
    async with (
        ExchangeClient(stack.url, key=key, connector=None) as client,
        ccxt_like.HybridDex(config) as bot,
    ):
        for name in ("", ".", "..", "open"):
            for ask in (client.cancel, client.order):
                with pytest.raises(FormatError, match="order_id: not an id"):
                    await ask(name)
            for method in (bot.cancel_order, bot.fetch_order):
                with pytest.raises(ccxt_like.BadRequest, match="order_id: not an id"):
                    await method(name)
            with pytest.raises(ccxt_like.BadRequest, match="ids: not an id"):
                await bot.cancel_orders([resting, name])
        assert [one.order_id for one in await client.open_orders()] == [resting]
        for name in (".", "..", "a/../b"):
            placed = await alice.post(
                "/orders", alice.order("buy", "1", "11", client_order_id=name)
            )
            order_id = placed.json()["order"]["order_id"]
            assert (await client.order_by_client_id(name)).order_id == order_id
            assert (await client.cancel(client_order_id=name)).order.order_id == order_id
        assert [one.order_id for one in await client.open_orders()] == [resting]


async def test_making_an_ed25519_key_shows_no_secret(stack: Stack, alice: Trader) -> None:
    private = Ed25519PrivateKey.generate()
    async with ExchangeClient(stack.url, signer=wallet(alice), connector=None) as client:
        made = await client.credentials.make_api_key(
            "bot",
            scopes=["trade"],
            expires_at_ms=soon(),
            kind="ed25519",
            public_key=private.public_key().public_bytes_raw(),
            markets=["ETH-USDC"],
        )
        assert made.secret is None
        assert (made.key.markets, made.key.scopes) == (["ETH-USDC"], ["trade"])
    key = ApiKey(id=made.key.id, secret=private.private_bytes_raw(), ed25519=True)
    async with ExchangeClient(stack.url, key=key, connector=None) as client:
        assert (await client.cancel_all("ETH-USDC")).canceled == []
        with pytest.raises(RefusedError) as refused:
            await client.cancel_all()
        assert refused.value.code == RejectReason.FORBIDDEN


async def test_a_key_hands_in_what_another_key_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where orders are signed: an Ed25519 key any of them, an HMAC key ladders of one signature."""
    monkeypatch.setattr(
        "reference_app.tests.stack.compose",
        lambda chosen: attrs.evolve(compose(chosen), settles_on_chain=True),
    )
    async with running(settings(tmp_path)) as stack:
        alice = await stack.trader(1, USDC="1000000")
        signer = wallet(alice)
        private = Ed25519PrivateKey.generate()
        async with ExchangeClient(stack.url, signer=signer, connector=None) as client:
            made = await client.credentials.make_api_key(
                "bot",
                scopes=["read", "trade"],
                expires_at_ms=soon(),
                kind="ed25519",
                public_key=private.public_key().public_bytes_raw(),
            )
        key = ApiKey(id=made.key.id, secret=private.private_bytes_raw(), ed25519=True)
        for options in (
            ClientOptions(entry="rest"),
            ClientOptions(entry="socket", first_lane=2_000),
        ):
            async with ExchangeClient(stack.url, key=key, signer=signer, options=options) as bot:
                await bot.stream.wait_ready()
                placed = await bot.place("ETH-USDC", "buy", quantity="1", price="10")
                assert placed.order.status == "new"
        other = await hmac_key(alice)
        chosen = ClientOptions(first_lane=4_000)
        async with ExchangeClient(stack.url, key=other, signer=signer, options=chosen) as bot:
            await bot.stream.wait_ready()
            ladder = [
                NewOrder(market="ETH-USDC", side="buy", quantity="1", price=str(20 + step))
                for step in range(3)
            ]
            answers = await bot.place_together(ladder)
            assert len(answers) == 3
            with pytest.raises(RefusedError) as refused:
                await bot.place("ETH-USDC", "buy", quantity="1", price="10")
            assert refused.value.code == RejectReason.FORBIDDEN
            assert len(await bot.open_orders()) == 5


def test_what_is_no_secret_is_refused_without_being_shown() -> None:
    for wrong in ("0x12", "0x" + "zz" * 32, "MARK", b"short", "0x" + "11" * 33):
        with pytest.raises(ConfigurationError, match="not 32 bytes") as refused:
            ApiKey(id="k", secret=wrong)
        assert "MARK" not in str(refused.value)
    with pytest.raises(ValueError, match="window_ms"):
        ApiKey(id="k", secret=bytes(32), window_ms=60_001)


def test_every_signature_has_a_time_of_its_own() -> None:
    key = ApiKey(id="k", secret=bytes(32))
    stamps = [key.headers("GET", "/time", b"", 5_000_000)["hd-timestamp"] for _ in range(3)]
    assert stamps == ["5", "6", "7"]
    assert "secret" not in repr(key)


async def test_a_port_of_one_s_own_is_given_the_key_by_its_maker(stack: Stack) -> None:
    with pytest.raises(ConfigurationError, match="signs by itself"):
        ExchangeClient(stack.url, key=ApiKey(id="k", secret=bytes(32)), http=HttpxPort(stack.url))


async def test_sessions_are_seen_and_ended(stack: Stack, alice: Trader) -> None:
    async with ExchangeClient(stack.url, signer=wallet(alice), connector=None) as client:
        shown = await client.credentials.sessions()
        assert [one.current for one in shown] == [False, True]
        await client.credentials.revoke_session(shown[0].id)
        with pytest.raises(RefusedError):
            await client.credentials.revoke_session(shown[0].id)
        assert await client.credentials.revoke_other_sessions() == 0
    assert (await alice.get("/account/balances")).status_code == 401


async def test_a_deleted_key_is_void(stack: Stack, alice: Trader) -> None:
    key = await hmac_key(alice)
    async with ExchangeClient(stack.url, signer=wallet(alice), connector=None) as client:
        await client.credentials.delete_api_key(key.id)
        with pytest.raises(RefusedError):
            await client.credentials.delete_api_key(key.id)
    async with ExchangeClient(stack.url, key=key, connector=None) as client:
        with pytest.raises(RefusedError) as refused:
            await client.balances()
        assert refused.value.code == RejectReason.UNAUTHENTICATED
