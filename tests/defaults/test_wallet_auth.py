"""Wallet auth believes signatures, binds logins to this exchange, and forgets ended sessions."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.login_store import LoginSession, MemoryLoginStore, Rotation
from hybrid_dex.defaults.login_tokens import TokenKind
from hybrid_dex.defaults.wallet_auth import WalletAuth, WalletAuthOptions
from hybrid_dex.errors import ConfigurationError, SignatureError
from hybrid_dex.interfaces.auth import Auth, Session
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Authorization, SignedOrder
from hybrid_dex.model.units import AccountId
from hybrid_dex.signing import LocalSigner, LoginMessage, authorize, format_date_time
from tests.defaults.fakes_of_auth import (
    ALICE,
    DOMAIN,
    MALLORY,
    ORIGIN,
    START_S,
    SetClock,
    login_message,
    tokens,
    wallet_auth,
)
from tests.signing import seeded_orders
from tests.tiers import count


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def auth(clock: SetClock) -> WalletAuth:
    return wallet_auth(clock)


def test_it_serves_the_interface(auth: WalletAuth) -> None:
    served: Auth = auth
    assert served is auth


async def log_in(auth: WalletAuth, clock: SetClock, signer: LocalSigner = ALICE) -> Session:
    message = login_message(await auth.issue_nonce(), clock, signer)
    return await auth.login(message.text(), signer.sign_login(message))


def orders_of(rng: random.Random, number: int) -> list[SignedOrder]:
    signers = [LocalSigner(rng.randbytes(32)) for _ in range(number)]
    unsigned = [seeded_orders.order(rng, AccountId(signer.address)) for signer in signers]
    return [
        signer.sign_order(order, DOMAIN) for signer, order in zip(signers, unsigned, strict=True)
    ]


async def test_each_order_of_a_batch_gets_its_own_verdict(
    auth: WalletAuth, rng: random.Random
) -> None:
    orders = orders_of(rng, count(fast=150, full=2_000))
    spoiled = set(rng.sample(range(len(orders)), 40))
    for index in spoiled:
        orders[index] = msgspec.structs.replace(orders[index], expiry_s=orders[index].expiry_s ^ 1)

    verdicts = await auth.verify_many(orders)

    assert len(verdicts) == len(orders)
    for index, (order, verdict) in enumerate(zip(orders, verdicts, strict=True)):
        if index in spoiled:
            assert isinstance(verdict, Refusal)
            assert verdict.reason is RejectReason.BAD_SIGNATURE
            assert verdict.field == "signature"
            assert "over other terms" in verdict.detail
        else:
            assert verdict == authorize(order, DOMAIN)


async def test_an_executor_changes_nothing_but_where_the_work_is_done(
    auth: WalletAuth, rng: random.Random
) -> None:
    orders = orders_of(rng, 150)
    orders[70] = msgspec.structs.replace(orders[70], signature=b"")
    with ThreadPoolExecutor(2) as executor:
        beside = WalletAuth(
            domain=DOMAIN,
            tokens=tokens(),
            clock=auth.clock,
            options=auth.options,
            executor=executor,
        )
        assert await beside.verify_many(orders) == await auth.verify_many(orders)
        assert await beside.verify_many(orders[:3]) == await auth.verify_many(orders[:3])


async def test_trees_are_checked_in_line_however_many_they_are(
    auth: WalletAuth, rng: random.Random
) -> None:
    """All but the recovery of a tree's one signature holds the interpreter."""
    ladders: list[SignedOrder] = []
    for _ in range(20):
        signer = LocalSigner(rng.randbytes(32))
        tree = [seeded_orders.order(rng, AccountId(signer.address)) for _ in range(8)]
        ladders += signer.sign_bulk(tree, DOMAIN)
    with ThreadPoolExecutor(1) as executor:
        handed = Mock(wraps=executor.submit)
        executor.submit = handed  # type: ignore[method-assign] # counted
        beside = attrs.evolve(auth, executor=executor)
        assert await beside.verify_many(ladders) == await auth.verify_many(ladders)
        assert not handed.called
        await beside.verify_many(orders_of(rng, 20))
        assert handed.called


async def test_no_orders_no_verdicts(auth: WalletAuth) -> None:
    assert await auth.verify_many([]) == []


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(65), b"\xff" * 65, b"x" * 66])
async def test_a_malformed_signature_is_a_refusal_not_an_exception(
    auth: WalletAuth, rng: random.Random, signature: bytes
) -> None:
    (order,) = orders_of(rng, 1)
    (verdict,) = await auth.verify_many([msgspec.structs.replace(order, signature=signature)])
    assert isinstance(verdict, Refusal)
    assert (verdict.reason, verdict.field) == (RejectReason.BAD_SIGNATURE, "signature")


async def test_a_market_without_tokens_refuses_its_orders_and_no_others(
    auth: WalletAuth, rng: random.Random
) -> None:
    good, bad = orders_of(rng, 2)
    offline = attrs.evolve(bad.market, base=attrs.evolve(bad.market.base, token=None))
    verdicts = await auth.verify_many([msgspec.structs.replace(bad, market=offline), good])
    assert isinstance(verdicts[0], Refusal)
    assert verdicts[0].field == "market"
    assert isinstance(verdicts[1], Authorization)


async def test_a_signed_message_opens_a_session_for_its_address(
    auth: WalletAuth, clock: SetClock
) -> None:
    session = await log_in(auth, clock)
    assert session.principal.account == ALICE.address
    assert session.access_expires_at_ms == (START_S + auth.options.access_life_s) * 1000
    assert session.refresh_expires_at_ms == (START_S + auth.options.refresh_life_s) * 1000
    assert await auth.authenticate(session.access_token) == session.principal
    assert session.access_token not in repr(session)
    assert session.refresh_token not in repr(session)


async def test_a_nonce_is_fresh_alphanumeric_and_long(auth: WalletAuth) -> None:
    nonces = [await auth.issue_nonce() for _ in range(100)]
    assert len(set(nonces)) == 100
    assert all(nonce.isalnum() and len(nonce) == 32 for nonce in nonces)


async def test_a_nonce_is_good_once(auth: WalletAuth, clock: SetClock) -> None:
    message = login_message(await auth.issue_nonce(), clock)
    signature = ALICE.sign_login(message)
    await auth.login(message.text(), signature)
    with pytest.raises(SignatureError, match="nonce: unknown, expired or used"):
        await auth.login(message.text(), signature)


async def test_a_nonce_that_was_not_issued_is_refused(auth: WalletAuth, clock: SetClock) -> None:
    message = login_message("0123456789abcdef", clock)
    with pytest.raises(SignatureError, match="nonce: unknown, expired or used"):
        await auth.login(message.text(), ALICE.sign_login(message))


async def test_a_nonce_expires(auth: WalletAuth, clock: SetClock) -> None:
    early, late = await auth.issue_nonce(), await auth.issue_nonce()
    clock.now_s += auth.options.nonce_life_s - 0.001
    message = login_message(early, clock)
    await auth.login(message.text(), ALICE.sign_login(message))
    clock.now_s += 0.001
    message = login_message(late, clock)
    with pytest.raises(SignatureError, match="nonce: unknown, expired or used"):
        await auth.login(message.text(), ALICE.sign_login(message))


async def test_a_refused_message_does_not_spend_its_nonce(
    auth: WalletAuth, clock: SetClock
) -> None:
    message = login_message(await auth.issue_nonce(), clock)
    with pytest.raises(SignatureError, match="signature: made by another key"):
        await auth.login(message.text(), MALLORY.sign_login(message))
    await auth.login(message.text(), ALICE.sign_login(message))


async def test_a_nonce_may_be_spent_by_any_wallet_but_only_for_itself(
    auth: WalletAuth, clock: SetClock
) -> None:
    session = await log_in(auth, clock, MALLORY)
    assert session.principal.account == MALLORY.address


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("domain", {"domain": "evil.example"}),
        ("domain", {"domain": "exchange.example:443"}),
        ("domain", {"domain": "exchange.example.evil.example"}),
        ("domain", {"domain": "user@exchange.example"}),
        ("domain", {"scheme": "http"}),
        ("domain", {"domain": "localhost:3000", "scheme": "https"}),
        ("uri", {"uri": "https://evil.example/login"}),
        ("uri", {"uri": "https://exchange.example.evil.example/"}),
        ("uri", {"uri": "https://exchange.example@evil.example/"}),
        ("uri", {"uri": "https://exchange.example:8443/"}),
        ("uri", {"uri": "http://exchange.example/login"}),
        ("uri", {"uri": "http://localhost:3000/"}),
        ("chain_id", {"chain_id": 1}),
        ("chain_id", {"chain_id": 0}),
    ],
)
async def test_a_message_for_another_place_is_refused(
    auth: WalletAuth, clock: SetClock, field: str, changes: dict[str, Any]
) -> None:
    message = attrs.evolve(login_message(await auth.issue_nonce(), clock), **changes)
    with pytest.raises(SignatureError) as refused:
        await auth.login(message.text(), ALICE.sign_login(message))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "changes",
    [
        {"uri": ORIGIN},
        {"uri": ORIGIN + "/"},
        {"uri": ORIGIN + "?x=1"},
        {"uri": ORIGIN + "#x"},
        {"scheme": "https"},
        {"domain": "localhost:3000", "uri": "http://localhost:3000/login"},
        {"domain": "localhost:3000", "uri": "http://localhost:3000", "scheme": "http"},
        {"statement": "Hello.", "request_id": "1", "resources": ("urn:x",)},
    ],
)
async def test_a_message_for_a_configured_origin_is_accepted(
    auth: WalletAuth, clock: SetClock, changes: dict[str, Any]
) -> None:
    message = attrs.evolve(login_message(await auth.issue_nonce(), clock), **changes)
    session = await auth.login(message.text(), ALICE.sign_login(message))
    assert session.principal.account == ALICE.address


@pytest.mark.parametrize(
    ("field", "offset_s", "refused"),
    [
        ("issued_at", 60, False),
        ("issued_at", 60.001, True),
        ("issued_at", -299.999, False),
        ("issued_at", -300, True),
        ("expiration_time", 0.001, False),
        ("expiration_time", 0, True),
        ("expiration_time", -10, True),
        ("not_before", 0, False),
        ("not_before", 0.001, True),
    ],
)
async def test_the_times_of_a_message_are_kept(
    auth: WalletAuth, clock: SetClock, field: str, offset_s: float, refused: bool
) -> None:
    moment = SetClock(clock.now_s + offset_s).now_ns()
    changes: dict[str, Any] = {field: format_date_time(moment)}
    message = attrs.evolve(login_message(await auth.issue_nonce(), clock), **changes)
    if not refused:
        await auth.login(message.text(), ALICE.sign_login(message))
        return
    with pytest.raises(SignatureError) as error:
        await auth.login(message.text(), ALICE.sign_login(message))
    assert error.value.field == field


async def test_the_text_is_what_was_signed(auth: WalletAuth, clock: SetClock) -> None:
    message = login_message(await auth.issue_nonce(), clock)
    changed = attrs.evolve(message, statement="Give me everything.")
    with pytest.raises(SignatureError, match="signature: made by another key"):
        await auth.login(changed.text(), ALICE.sign_login(message))


@pytest.mark.parametrize("signature", [b"", bytes(65), b"\x01" * 64, b"x" * 200])
async def test_a_malformed_signature_is_refused(
    auth: WalletAuth, clock: SetClock, signature: bytes
) -> None:
    message = login_message(await auth.issue_nonce(), clock)
    with pytest.raises(SignatureError) as refused:
        await auth.login(message.text(), signature)
    assert refused.value.field == "signature"


@pytest.mark.parametrize("text", ["", "hello", "x" * 5000, "\u00fc"])
async def test_what_is_no_login_message_is_refused(auth: WalletAuth, text: str) -> None:
    with pytest.raises(SignatureError, match="message: "):
        await auth.login(text, ALICE.sign_text(text))


async def test_a_flood_of_nonces_is_bounded(clock: SetClock) -> None:
    store = MemoryLoginStore(nonce_limit=10)
    auth = wallet_auth(clock, store=store)
    nonces = [await auth.issue_nonce() for _ in range(11)]
    assert not await store.take_nonce(nonces[0], START_S * 1000)
    assert await store.take_nonce(nonces[1], START_S * 1000)


async def test_an_access_token_ends_on_time(auth: WalletAuth, clock: SetClock) -> None:
    session = await log_in(auth, clock)
    clock.now_s = session.access_expires_at_ms / 1000 - 0.001
    await auth.authenticate(session.access_token)
    clock.now_s += 0.001
    for _ in range(2):  # once from the cache, once without
        with pytest.raises(SignatureError, match="token: expired"):
            await auth.authenticate(session.access_token)


async def test_refreshing_gives_a_new_pair_for_the_same_session(
    auth: WalletAuth, clock: SetClock
) -> None:
    first = await log_in(auth, clock)
    clock.now_s += 1000
    second = await auth.refresh(first.refresh_token)
    assert second.principal == first.principal
    assert second.refresh_token != first.refresh_token
    assert second.refresh_expires_at_ms == first.refresh_expires_at_ms + 1_000_000
    assert await auth.authenticate(second.access_token) == first.principal


async def test_a_refresh_token_used_twice_ends_the_session(
    auth: WalletAuth, clock: SetClock
) -> None:
    stolen = await log_in(auth, clock)
    renewed = await auth.refresh(stolen.refresh_token)
    with pytest.raises(SignatureError, match="token: used before, so its session was ended"):
        await auth.refresh(stolen.refresh_token)
    with pytest.raises(SignatureError, match="token: its session has ended"):
        await auth.refresh(renewed.refresh_token)
    with pytest.raises(SignatureError, match="token: its session has ended"):
        await auth.authenticate(renewed.access_token)


class StoreThatLosesTheRace(MemoryLoginStore):
    """Another process ends the session between the look and the rotation."""

    async def rotate(self, used_refresh_id: str, renewed: LoginSession, now_ms: int) -> Rotation:
        """Close first."""
        await self.close(renewed.id)
        return await super().rotate(used_refresh_id, renewed, now_ms)


async def test_a_session_that_ends_while_it_is_refreshed_stays_ended(clock: SetClock) -> None:
    auth = wallet_auth(clock, store=StoreThatLosesTheRace())
    session = await log_in(auth, clock)
    with pytest.raises(SignatureError, match="token: its session has ended"):
        await auth.refresh(session.refresh_token)
    assert await auth.sessions(session.principal.account) == []


async def test_a_refresh_token_expires(auth: WalletAuth, clock: SetClock) -> None:
    session = await log_in(auth, clock)
    clock.now_s = session.refresh_expires_at_ms / 1000
    with pytest.raises(SignatureError, match="token: expired"):
        await auth.refresh(session.refresh_token)


async def test_no_refresh_outlives_the_session_s_end(auth: WalletAuth, clock: SetClock) -> None:
    session = await log_in(auth, clock)
    ends_at_s = START_S + auth.options.session_life_s
    while clock.now_s + auth.options.refresh_life_s <= ends_at_s:
        clock.now_s += auth.options.refresh_life_s - 1
        session = await auth.refresh(session.refresh_token)
        assert session.refresh_expires_at_ms <= ends_at_s * 1000
    clock.now_s = ends_at_s - 1
    last = await auth.refresh(session.refresh_token)
    assert last.access_expires_at_ms == last.refresh_expires_at_ms == ends_at_s * 1000
    clock.now_s = ends_at_s
    with pytest.raises(SignatureError, match="token: expired"):
        await auth.authenticate(last.access_token)


async def test_logging_out_voids_every_token_at_once(auth: WalletAuth, clock: SetClock) -> None:
    session = await log_in(auth, clock)
    await auth.authenticate(session.access_token)
    for _ in range(2):
        await auth.logout(session.principal)
    with pytest.raises(SignatureError, match="token: its session has ended"):
        await auth.authenticate(session.access_token)
    with pytest.raises(SignatureError, match="token: its session has ended"):
        await auth.refresh(session.refresh_token)


async def test_an_account_lists_and_revokes_its_own_sessions_only(
    auth: WalletAuth, clock: SetClock
) -> None:
    mine, other = await log_in(auth, clock), await log_in(auth, clock)
    stranger = await log_in(auth, clock, MALLORY)
    account = mine.principal.account
    listed = [session.id for session in await auth.sessions(account)]
    assert listed == [mine.principal.session_id, other.principal.session_id]

    assert not await auth.revoke(account, stranger.principal.session_id)
    assert await auth.revoke(account, mine.principal.session_id)
    assert not await auth.revoke(account, mine.principal.session_id)
    assert await auth.revoke_all(account) == 1
    assert await auth.sessions(account) == []
    assert await auth.authenticate(stranger.access_token) == stranger.principal


async def test_a_further_login_closes_the_oldest(clock: SetClock) -> None:
    options = WalletAuthOptions(origins=(ORIGIN,), sessions_per_account=2)
    auth = wallet_auth(clock, options=options)
    first, second, third = [await log_in(auth, clock) for _ in range(3)]
    with pytest.raises(SignatureError, match="its session has ended"):
        await auth.authenticate(first.access_token)
    for session in (second, third):
        await auth.authenticate(session.access_token)


async def test_a_refresh_token_is_no_access_token_nor_the_reverse(
    auth: WalletAuth, clock: SetClock
) -> None:
    session = await log_in(auth, clock)
    with pytest.raises(SignatureError, match="token: of another kind"):
        await auth.authenticate(session.refresh_token)
    with pytest.raises(SignatureError, match="token: of another kind"):
        await auth.refresh(session.access_token)


async def test_a_token_of_another_store_names_no_session(auth: WalletAuth, clock: SetClock) -> None:
    session = await log_in(auth, clock)
    restarted = wallet_auth(clock)
    with pytest.raises(SignatureError, match="token: its session has ended"):
        await restarted.authenticate(session.access_token)


async def test_a_token_naming_another_account_s_session_is_refused(
    auth: WalletAuth, clock: SetClock
) -> None:
    session = await log_in(auth, clock)
    claims = auth.tokens.read(TokenKind.ACCESS, session.access_token, START_S)
    renamed = {name: getattr(claims, name) for name in claims.__struct_fields__}
    renamed["sub"] = AccountId(MALLORY.address)
    for kind, use in ((TokenKind.ACCESS, auth.authenticate), (TokenKind.REFRESH, auth.refresh)):
        token = auth.tokens.write(kind, type(claims)(**renamed))
        with pytest.raises(SignatureError, match="token: its session has ended"):
            await use(token)


async def test_the_cache_of_verified_tokens_is_bounded_and_changes_nothing(clock: SetClock) -> None:
    options = WalletAuthOptions(origins=(ORIGIN,), token_cache=3)
    auth = wallet_auth(clock, options=options)
    sessions = [await log_in(auth, clock) for _ in range(8)]
    for session in sessions * 2:
        assert await auth.authenticate(session.access_token) == session.principal
    assert len(auth._verified) == 3


@pytest.mark.parametrize(
    "origin",
    [
        "exchange.example",
        "https://",
        "https://a/",
        "https://a/b",
        "https://u@a",
        "://a",
        "https://a b",
        "",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="is not scheme://host"):
        WalletAuthOptions(origins=(origin,))


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("https://Exchange.Example", "https://exchange.example"),
        ("https://exchange.example:443", "https://exchange.example"),
        ("HTTP://[::1]:80", r"http://\[::1\]"),
    ],
)
def test_an_origin_that_no_browser_says_is_refused_with_what_it_says(
    origin: str, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"browsers say {told}$"):
        WalletAuthOptions(origins=(origin,))


@pytest.mark.parametrize(
    "origin", ["http://a:443", "https://a:80", "http://a:8080", "http://[::1]"]
)
def test_an_origin_has_any_port_but_the_usual_one(origin: str) -> None:
    assert WalletAuthOptions(origins=(origin,)).origins == (origin,)


def test_no_origin_at_all_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody could log in"):
        WalletAuthOptions(origins=())


async def test_ids_and_nonces_come_from_the_system_unless_given(clock: SetClock) -> None:
    options = WalletAuthOptions(origins=(ORIGIN,))
    auth = WalletAuth(domain=DOMAIN, tokens=tokens(), clock=clock, options=options)
    message = LoginMessage.parse(login_message(await auth.issue_nonce(), clock).text())
    session = await auth.login(message.text(), ALICE.sign_login(message))
    assert len(session.principal.session_id) == 32
    assert "randomness" not in repr(auth)
