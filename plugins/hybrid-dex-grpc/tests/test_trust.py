"""Who may speak to an engine, and whose word it takes."""

from __future__ import annotations

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


async def fund(exchange: dex.Exchange) -> None:
    """As the chain would tell it."""
    assert exchange._writer is not None
    await exchange._writer.submit(dex.Deposit(account=BOB, asset=ETH, amount=dex.Amount(10**30)))


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
                    if not believed:
                        for refused in (answer, member, changed):
                            assert isinstance(refused, dex.Refusal)
                            assert "not trusted" in refused.detail
                    refusal = await engine.issue_voucher(BOB, ETH, dex.Amount(1), "0xthief")
                    assert isinstance(refusal, dex.Refusal)
                    assert ("not trusted" in refusal.detail) is not believed


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
