"""Who may speak to an engine, and whose word it takes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import msgspec
import pytest
from grpc_bench import ALICE, BOB, ETH, HERE, LOCAL, MARKET, Authority, gateway, serving
from hybrid_dex_grpc import GrpcLink
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.channel import EngineChannel
from hybrid_dex_grpc.client import GrpcEngine
from hybrid_dex_grpc.credentials import target_of

import hybrid_dex as dex
from hybrid_dex.defaults.login_tokens import LoginTokens
from hybrid_dex.defaults.wallet_auth import WalletAuth, WalletAuthOptions
from hybrid_dex.signing import Domain, LocalSigner, authorize, order_digest

GOOD, BAD = b"good" * 16, b"bad!" * 16


class MarkAuth(dex.TrustedAuth):
    """Believes one signature, and counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def verify_many(
        self, orders: Sequence[dex.SignedOrder]
    ) -> list[dex.Authorization | dex.Refusal]:
        self.asked += len(orders)
        return [
            verified(one)
            if one.signature == GOOD
            else dex.Refusal(dex.RejectReason.BAD_SIGNATURE, "signature", "is not good")
            for one in orders
        ]


class SignedSettlement(dex.LocalSettlement):
    """Final at once, for signed orders only."""

    requires_signature = True


def verified(order: dex.SignedOrder) -> dex.Authorization:
    return dex.Authorization(
        signer=order.trader,
        kind=order.signature_kind,
        max_fee_ppm=order.max_fee_ppm,
        expiry_s=order.expiry_s,
        nonce=order.nonce.packed,
        order_hash=order.nonce.packed.to_bytes(32, "big"),
        signature=order.signature,
    )


def signed(counter: int, signature: bytes = GOOD, **changes: object) -> dex.SignedOrder:
    return msgspec.structs.replace(
        dex.SignedOrder(
            trader=BOB,
            market=MARKET,
            side=dex.Side.SELL,
            price=dex.Price(250_000),
            quantity=dex.Quantity(10),
            max_fee_ppm=dex.FeePpm(5_000),
            expiry_s=int(time.time()) + 3_600,
            nonce=dex.Nonce(1, lane=counter),
            signature=signature,
            client_order_id=dex.ClientOrderId(f"order {counter}"),
        ),
        **changes,
    )


@attrs.define
class Signed:
    """An exchange that takes signed orders only, and who verified them."""

    exchange: dex.Exchange
    auth: MarkAuth


@pytest.fixture
async def strict(monkeypatch: pytest.MonkeyPatch) -> Signed:
    auth = MarkAuth()
    exchange = dex.Exchange([MARKET], auth=auth, settlement=SignedSettlement())
    return Signed(exchange, auth)


async def fund(exchange: dex.Exchange, account: dex.AccountId = BOB) -> None:
    """As the chain would tell it."""
    assert exchange._writer is not None
    deposit = dex.Deposit(account=account, asset=ETH, amount=dex.Amount(10**30))
    await exchange._writer.submit(deposit)


DOMAIN = Domain(chain_id=31337, verifying_contract="0x5FbDB2315678afecb367f032d93F642f64180aa3")
TRADER = LocalSigner(b"\x0a" * 32)
TOKENS = attrs.evolve(
    MARKET,
    base=attrs.evolve(MARKET.base, token="0x0000000000000000000000000000000000000101"),
    quote=attrs.evolve(MARKET.quote, token="0x0000000000000000000000000000000000000102"),
)


class TreeAuth(dex.TrustedAuth):
    """Verifies orders as wallets sign them, and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self._wallets = WalletAuth(
            domain=DOMAIN,
            tokens=LoginTokens(secret=secrets.token_hex(32), issuer="hybrid-dex", audience="api"),
            clock=dex.SystemClock(),
            options=WalletAuthOptions(origins=("https://exchange.example",)),
        )

    async def verify_many(
        self, orders: Sequence[dex.SignedOrder]
    ) -> list[dex.Authorization | dex.Refusal]:
        self.asked += len(orders)
        return await self._wallets.verify_many(orders)


class Seen:
    """An exchange, and the verified ladders that it was given."""

    def __init__(self, exchange: dex.Exchange) -> None:
        self.exchange = exchange
        self.ladders: list[Sequence[dex.PlaceOrder]] = []
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.exchange, name)

    async def place_ladders(
        self,
        ladders: Sequence[Sequence[dex.SignedOrder | dex.PlaceOrder]],
        *,
        not_after_ns: Sequence[dex.TimestampNs | None],
    ) -> list[dex.EventBatch | dex.Refusal]:
        self.asked += 1
        for ladder in ladders:
            rungs = [one for one in ladder if isinstance(one, dex.PlaceOrder)]
            self.ladders += [rungs] if rungs else []
        return await self.exchange.place_ladders(ladders, not_after_ns=not_after_ns)


def tree(lane: int, size: int) -> list[dex.SignedOrder]:
    """Orders of one signature, each with its proof."""
    terms = signed(lane, b"", trader=dex.AccountId(TRADER.address), market=TOKENS)
    rungs = [
        msgspec.structs.replace(
            terms,
            nonce=dex.Nonce(1, lane=lane + at),
            price=dex.Price(250_000 + at),
            client_order_id=dex.ClientOrderId(f"rung {lane + at}"),
        )
        for at in range(size)
    ]
    return list(TRADER.sign_bulk(rungs, DOMAIN))


def bare(ladder: list[dex.SignedOrder]) -> list[dex.SignedOrder]:
    """As a ladder is sent."""
    return [msgspec.structs.replace(rung, proof=()) for rung in ladder]


def is_refused(answer: object, reason: dex.RejectReason) -> bool:
    return isinstance(answer, dex.Refusal) and answer.reason is reason


async def try_each_kind(engine: GrpcEngine, counter: int) -> None:
    """Good signatures enter, others do not, alone and among others, replaced and in batches."""
    bad = dex.RejectReason.BAD_SIGNATURE
    good, worse = await engine.place_many([signed(counter), signed(counter + 1, BAD)])
    assert isinstance(good, dex.EventBatch)
    assert is_refused(worse, bad)
    assert is_refused(await engine.place(signed(counter + 2, BAD)), bad)
    (resting, *_) = engine.view.open_orders(BOB)
    terms = signed(counter, nonce=dex.Nonce(1, revision=1, lane=counter), price=dex.Price(260_000))
    wrong = msgspec.structs.replace(terms, signature=BAD)
    assert is_refused(await engine.replace(resting.order_id, wrong), bad)
    assert isinstance(await engine.replace(resting.order_id, terms), dex.EventBatch)
    members = [
        signed(counter + 3),
        dex.SignedReplacement(order_id=resting.order_id, terms=wrong),
        signed(counter + 4, BAD),
    ]
    first, second, third = await engine.place_batch(BOB, members)
    assert isinstance(first, dex.EventBatch)
    assert is_refused(second, bad)
    assert is_refused(third, bad)


class TestSignatures:
    async def test_the_engine_verifies_what_a_gateway_sends(
        self, strict: Signed, authority: Authority
    ) -> None:
        options = authority.options("localhost")
        async with strict.exchange as exchange, serving(exchange, options) as address:
            await fund(exchange)
            here = MarkAuth()
            theirs = authority.options("gateway-1")
            async with gateway(address, theirs, auth=here, signed=True) as engine:
                await try_each_kind(engine, 10)
            assert here.asked == 0
            assert strict.auth.asked > 0

    async def test_a_trusted_gateway_verifies_itself(
        self, strict: Signed, authority: Authority
    ) -> None:
        options = authority.options("localhost", trusted=("gateway-1",))
        async with strict.exchange as exchange, serving(exchange, options) as address:
            await fund(exchange)
            here = MarkAuth()
            theirs = authority.options("gateway-1")
            async with gateway(address, theirs, auth=here, signed=True) as engine:
                answers = await engine.place_many([signed(1), signed(2, BAD), signed(3)])
                assert [isinstance(one, dex.EventBatch) for one in answers] == [True, False, True]
                assert here.asked == 3
                assert strict.auth.asked == 0
                await try_each_kind(engine, 10)

    async def test_only_a_trusted_gateway_is_believed(
        self, strict: Signed, authority: Authority
    ) -> None:
        """One that says of a forged order that it verified it."""
        options = authority.options("localhost", trusted=("gateway-1",))
        async with strict.exchange as exchange, serving(exchange, options) as address:
            await fund(exchange)
            for name, believed in (("gateway-1", True), ("gateway-2", False)):
                terms = signed(77 if believed else 78, b"forg" * 16)
                forged = dex.PlaceOrder(
                    account=terms.trader,
                    market=MARKET.id,
                    side=terms.side,
                    price=terms.price,
                    quantity=terms.quantity,
                    authorization=verified(terms),
                )
                replaced = dex.ReplaceOrder(
                    account=BOB,
                    order_id=dex.OrderId(1),
                    price=terms.price,
                    quantity=terms.quantity,
                    authorization=verified(terms),
                )
                theirs = authority.options(name)
                async with gateway(address, theirs, auth=MarkAuth(), signed=True) as engine:
                    answer = await engine.place(forged)
                    assert isinstance(answer, dex.EventBatch) is believed
                    (member,) = await engine.place_batch(BOB, [forged])
                    changed = await engine.replace(dex.OrderId(1), replaced)
                    honest = [signed(terms.nonce.lane + 10)]
                    ladder, other = await engine.place_ladders([[forged], honest])
                    assert isinstance(ladder, dex.EventBatch) is believed
                    assert isinstance(other, dex.EventBatch)
                    if not believed:
                        for refused in (answer, member, changed, ladder):
                            assert isinstance(refused, dex.Refusal)
                            assert "not trusted" in refused.detail
                    refusal = await engine.issue_voucher(BOB, ETH, dex.Amount(1), "0xthief")
                    assert isinstance(refusal, dex.Refusal)
                    assert ("not trusted" in refusal.detail) is not believed


class TestLadders:
    """Trees are signed by a wallet, and sent without proofs."""

    @pytest.mark.parametrize("trusted", [False, True])
    async def test_a_tree_is_verified_whole_where_it_is_verified(
        self, authority: Authority, *, trusted: bool
    ) -> None:
        there, here = TreeAuth(), TreeAuth()
        exchange = Seen(dex.Exchange([TOKENS], auth=there, settlement=SignedSettlement()))
        names = ("gateway-1",) if trusted else ()
        options = authority.options("localhost", trusted=names)
        theirs = authority.options("gateway-1")
        async with (
            exchange.exchange,
            serving(exchange, options) as address,  # type: ignore[arg-type] # as an exchange
            gateway(address, theirs, auth=here, signed=True) as engine,
        ):
            trader = dex.AccountId(TRADER.address)
            await fund(exchange.exchange, trader)
            good, worse, best = tree(1, 8), tree(11, 3), tree(21, 1)
            worse[1] = msgspec.structs.replace(worse[1], price=dex.Price(1))
            first, refused, last = await engine.place_ladders(list(map(bare, (good, worse, best))))
            assert is_refused(refused, dex.RejectReason.BAD_SIGNATURE)
            ids = []
            for answer, ladder in ((first, good), (last, best)):
                assert isinstance(answer, dex.EventBatch)
                for at, rung in enumerate(ladder):
                    ids.append(dex.OrderId(answer.sequence << 8 | at))
                    found = engine.view.order(ids[-1])
                    assert found is not None
                    assert found.order_hash == order_digest(rung, DOMAIN)
            assert [one.order_id for one in engine.view.open_orders(trader)] == ids
            assert (here.asked, there.asked) == ((12, 0) if trusted else (0, 12))
            for ladder, sent in zip([good, best] if trusted else [], exchange.ladders, strict=True):
                kept = [authorize(rung, DOMAIN) for rung in ladder]  # each with its own proof
                assert [one.authorization for one in sent] == kept
            (alone,) = await engine.place_ladders([bare(worse)])
            assert is_refused(alone, dex.RejectReason.BAD_SIGNATURE)

    async def test_the_engine_is_not_asked_for_what_a_trusted_gateway_refuses(
        self, authority: Authority
    ) -> None:
        exchange = Seen(dex.Exchange([TOKENS], auth=TreeAuth(), settlement=SignedSettlement()))
        options = authority.options("localhost", trusted=("gateway-1",))
        theirs = authority.options("gateway-1")
        async with (
            exchange.exchange,
            serving(exchange, options) as address,  # type: ignore[arg-type] # as an exchange
            gateway(address, theirs, auth=TreeAuth(), signed=True) as engine,
        ):
            torn = bare(tree(1, 4))[:3]
            answers = await engine.place_ladders([torn, []], not_after_ns=[None, None])
            assert is_refused(answers[0], dex.RejectReason.BAD_SIGNATURE)
            assert is_refused(answers[1], dex.RejectReason.INVALID_BATCH)
            assert exchange.asked == 0


class TestTransport:
    async def test_a_certificate_of_the_authority_opens(
        self, exchange: dex.Exchange, authority: Authority
    ) -> None:
        async with (
            serving(exchange, authority.options("localhost")) as address,
            gateway(address, authority.options("gateway-1")) as engine,
        ):
            await engine.heartbeat(ALICE)

    @pytest.mark.parametrize("stranger", ["plaintext", "another authority"])
    async def test_without_one_nothing_is_answered(
        self,
        exchange: dex.Exchange,
        authority: Authority,
        make_authority: Callable[[str], Authority],
        stranger: str,
    ) -> None:
        theirs = LOCAL
        if stranger != "plaintext":
            theirs = make_authority("theirs").options("gateway-1")
            theirs = attrs.evolve(theirs, authority=authority.folder / "ours.pem")
        async with serving(exchange, authority.options("localhost")) as address:
            channel = EngineChannel(target_of(address), theirs)
            with pytest.raises(Exception, match="UNAVAILABLE"):
                await channel.describe(pb.DescribeRequest(), timeout=60)
            await channel.close()

    async def test_an_engine_of_another_authority_is_not_believed(
        self,
        exchange: dex.Exchange,
        authority: Authority,
        make_authority: Callable[[str], Authority],
    ) -> None:
        false = make_authority("false").options("localhost")
        false = attrs.evolve(false, authority=authority.folder / "ours.pem")
        async with serving(exchange, false) as address:
            channel = EngineChannel(target_of(address), authority.options("gateway-1"))
            with pytest.raises(Exception, match="UNAVAILABLE"):
                await channel.describe(pb.DescribeRequest(), timeout=60)
            await channel.close()

    async def test_a_socket_of_this_machine(self, exchange: dex.Exchange, tmp_path: Path) -> None:
        address = f"grpc://unix:{tmp_path / 'engine.sock'}"
        async with serving(exchange, LOCAL, address) as found, gateway(found) as engine:
            await engine.heartbeat(ALICE)

    @pytest.mark.parametrize(
        ("address", "options", "reason"),
        [
            ("grpc://0.0.0.0:0", LOCAL, "for this one alone"),
            ("grpc://engine.internal:7443", LOCAL, "for this one alone"),
            (HERE, dex.LinkOptions(), "set certificate, key and authority"),
            (HERE, dex.LinkOptions(certificate=Path("c")), "set certificate, key and authority"),
            (HERE, attrs.evolve(LOCAL, key=Path("k")), "choose one"),
            (
                HERE,
                dex.LinkOptions(certificate=Path("no"), key=Path("no"), authority=Path("no")),
                "no can not be read",
            ),
            ("http://127.0.0.1:1", LOCAL, "no address of an engine"),
            ("grpc://127.0.0.1", LOCAL, "no address of an engine"),
            ("grpc://127.0.0.1:99999", LOCAL, "no address of an engine"),
            ("grpc://:7443", LOCAL, "no address of an engine"),
            ("grpc://unix:relative", LOCAL, "no address of an engine"),
        ],
    )
    async def test_what_can_not_be_used_is_refused_by_both_sides(
        self, exchange: dex.Exchange, address: str, options: dex.LinkOptions, reason: str
    ) -> None:
        with pytest.raises(dex.ConfigurationError, match=reason):
            async with serving(exchange, options, address):
                pass
        with pytest.raises(dex.ConfigurationError, match=reason):
            async with gateway(address, options):
                pass

    @pytest.mark.parametrize(
        ("spoilt", "content"),
        [
            ("certificate", b""),
            ("certificate", b"no PEM"),
            ("key", b""),
            ("key", b"no PEM"),
            ("key", "that of another"),
            ("authority", b""),
            ("authority", b"no PEM"),
        ],
    )
    async def test_a_file_that_is_not_what_it_should_be_is_refused_by_both_sides(
        self, exchange: dex.Exchange, authority: Authority, spoilt: str, content: bytes | str
    ) -> None:
        """For an empty one gRPC ends the process, and of others it does not say what is wrong."""
        options, file = authority.options("localhost"), authority.folder / "spoilt.pem"
        another = authority.options("another").key
        assert another is not None
        file.write_bytes(another.read_bytes() if isinstance(content, str) else content)
        options = attrs.evolve(options, **{spoilt: file})
        with pytest.raises(dex.ConfigurationError, match=r"spoilt\.pem"):
            async with serving(exchange, options):
                pass
        with pytest.raises(dex.ConfigurationError, match=r"spoilt\.pem"):
            async with gateway("grpc://127.0.0.1:1", options):
                pass

    async def test_an_address_that_is_taken_is_refused(
        self, exchange: dex.Exchange, address: str
    ) -> None:
        with pytest.raises(dex.ConfigurationError, match="can not be listened at"):
            async with serving(exchange, LOCAL, address):
                pass


def test_it_is_found_by_its_scheme() -> None:
    from hybrid_dex.plugins import load

    assert load("engine", "grpc") is GrpcLink
