"""A bot with a session key and a handed-over login trades for the account, within what was granted."""

import msgspec
import pytest

from hybrid_dex.client import ClientOptions, ExchangeClient, NewOrder, SessionKey, StreamOptions
from hybrid_dex.errors import ConfigurationError, FormatError, RefusedError, SignatureError
from hybrid_dex.model.commands import ApproveOrder, GrantSession, RevokeSession
from hybrid_dex.model.order import Side
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import Nonce, SignatureKind, SignedOrder
from hybrid_dex.model.units import AccountId, Amount, FeePpm, Price, Quantity
from hybrid_dex.signing import LocalSigner, order_digest
from hybrid_dex.wire import OrderAnswer
from tests.client.fake_exchange import DOMAIN, ETH, START_MS, FakeExchange

WALLET, KEY = LocalSigner(b"\x01" * 32), LocalSigner(b"\x09" * 32)
ACCOUNT = AccountId(WALLET.address)


@pytest.fixture
def exchange() -> FakeExchange:
    """An exchange where the account holds funds."""
    fake = FakeExchange()
    fake.fund(ACCOUNT, ETH="100", USDC="1000000")
    return fake


def grant(exchange: FakeExchange, *, usdc: str = "100000", lots: int = 10_000_000) -> None:
    """What the chain says once the grant is final."""
    exchange.run(
        GrantSession(
            account=ACCOUNT,
            key=KEY.address,
            market=ETH.id,
            buy_budget=Amount(ETH.quote.parse(usdc)),
            sell_budget=Quantity(lots),
            expiry_s=START_MS // 1000 + 7 * 86_400,
            position=exchange.engine.chain_position + 1,
        )
    )


def client_of(exchange: FakeExchange, signer: LocalSigner | SessionKey) -> ExchangeClient:
    """A client over REST only."""
    return ExchangeClient(
        "http://fake.example",
        signer=signer,
        options=ClientOptions(entry="rest", backoff_s=0.0, stream=StreamOptions()),
        http=exchange,
        connector=None,
        now_ns=exchange.now_ns,
    )


async def handed_over(exchange: FakeExchange) -> str:
    """The wallet's part: it logs in once more, for the bot."""
    async with client_of(exchange, WALLET) as wallet:
        return await wallet.hand_over()


def bot_of(token: str, kept: list[str] | None = None) -> SessionKey:
    """The bot's signer."""
    keep = (lambda _: None) if kept is None else kept.append
    return SessionKey(account=ACCOUNT, key=KEY, refresh_token=token, keep=keep)


def terms(trader: str, lane: int) -> SignedOrder:
    """An order that is not signed yet."""
    return SignedOrder(
        trader=AccountId(trader),
        market=ETH,
        side=Side.BUY,
        price=Price(100_000),
        quantity=Quantity(10_000),
        max_fee_ppm=FeePpm(300),
        expiry_s=START_MS // 1000 + 3600,
        nonce=Nonce(1, 0, lane),
        signature=b"",
    )


async def test_a_granted_key_trades_for_the_account(exchange: FakeExchange) -> None:
    """Place, replace and cancel; the wallet sees the orders as its own."""
    token = await handed_over(exchange)
    grant(exchange)
    async with client_of(exchange, bot_of(token)) as bot, client_of(exchange, WALLET) as wallet:
        assert bot.account == ACCOUNT
        placed = await bot.place("ETH-USDC", "buy", "1", "2500")
        assert placed.order.account == ACCOUNT
        replaced = await bot.replace(placed.order.order_id, quantity="2", price="2501")
        assert [order.order_id for order in await wallet.open_orders()] == [placed.order.order_id]
        assert (await bot.cancel(replaced.order.order_id)).order.status == "canceled"


async def test_several_orders_of_a_key_are_signed_one_by_one(exchange: FakeExchange) -> None:
    """A tree is signed by wallets only; the bot need not know."""
    token = await handed_over(exchange)
    grant(exchange)
    async with client_of(exchange, bot_of(token)) as bot:
        orders = [
            NewOrder(market="ETH-USDC", side="buy", quantity="1", price=str(2000 + step))
            for step in range(12)
        ]
        for some in (orders[:1], orders[1:]):
            outcomes = await bot.place_together(some)
            assert all(isinstance(outcome, OrderAnswer) for outcome in outcomes)
    assert {order.signature_kind for order in exchange.placed} == {"session"}
    assert (len(exchange.placed), exchange.ladders) == (12, [])


async def test_without_a_grant_or_beyond_it_nothing_is_placed(exchange: FakeExchange) -> None:
    """The exchange mirrors the chain's grants and says what is wrong."""
    token = await handed_over(exchange)
    async with client_of(exchange, bot_of(token)) as bot:
        with pytest.raises(RefusedError) as unknown:
            await bot.place("ETH-USDC", "buy", "1", "2500")
        assert unknown.value.code not in {0, RejectReason.BAD_SIGNATURE.value}
        grant(exchange, usdc="1000")
        with pytest.raises(RefusedError) as beyond:
            await bot.place("ETH-USDC", "buy", "1", "2500")
        assert beyond.value.code not in {0, unknown.value.code}
        placed = await bot.place("ETH-USDC", "buy", "0.1", "2500")
        exchange.run(RevokeSession(account=ACCOUNT, key=KEY.address, market=ETH.id))
        assert (await bot.order(placed.order.order_id)).status == "canceled"
        with pytest.raises(RefusedError):
            await bot.place("ETH-USDC", "buy", "0.1", "2500")


async def test_a_bot_starts_again_with_the_token_that_it_kept(exchange: FakeExchange) -> None:
    """Closing does not log out; an old token is worth nothing."""
    kept = [await handed_over(exchange)]
    for start in range(3):
        async with client_of(exchange, bot_of(kept[-1], kept)):
            assert len(kept) == start + 2
    assert exchange.logins == 2
    with pytest.raises(ConfigurationError, match="let the account's wallet open another"):
        async with client_of(exchange, bot_of(kept[0])):
            pass


async def test_a_token_of_another_account_is_refused(exchange: FakeExchange) -> None:
    """Or every order would be refused later, with a worse reason."""
    async with client_of(exchange, LocalSigner(b"\x03" * 32)) as stranger:
        token = await stranger.hand_over()
    with pytest.raises(ConfigurationError, match="the session is of 0x"):
        async with client_of(exchange, bot_of(token)):
            pass


async def test_an_order_signed_elsewhere_is_placed_as_it_is(exchange: FakeExchange) -> None:
    """By a hardware wallet for instance, or approved on chain and signed by nobody."""
    async with client_of(exchange, WALLET) as client:
        answer = await client.place_signed(WALLET.sign_order(terms(ACCOUNT, 40), DOMAIN))
        assert answer.order.status == "new"
        assert answer.order.client_order_id is not None
        order = msgspec.structs.replace(terms(ACCOUNT, 41), signature_kind=SignatureKind.APPROVED)
        order_hash = order_digest(order, DOMAIN)
        with pytest.raises(RefusedError):
            await client.place_signed(order)
        position = exchange.engine.chain_position + 1
        exchange.run(ApproveOrder(account=ACCOUNT, order_hash=order_hash, position=position))
        assert (await client.place_signed(order)).order.order_hash == "0x" + order_hash.hex()
        with pytest.raises(FormatError, match="trader"):
            await client.place_signed(KEY.sign_order(terms(KEY.address, 42), DOMAIN))


def test_a_session_key_shows_no_secret() -> None:
    """Neither key nor token; and it signs no order of its own address."""
    signer = bot_of("secret-token")
    assert "secret" not in repr(signer)
    with pytest.raises(SignatureError, match="own address"):
        KEY.sign_session_order(terms(KEY.address, 0), DOMAIN)
