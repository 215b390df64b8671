"""What the tests share: an exchange, its engine over gRPC, gateways, and certificates of their own."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hybrid_dex_grpc import GrpcLink
from hybrid_dex_grpc.client import GrpcEngine

import hybrid_dex as dex

MARKET = dex.Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
ALICE, BOB = dex.AccountId("alice"), dex.AccountId("bob")
ETH, USDC = dex.AssetId("ETH"), dex.AssetId("USDC")
HERE = "grpc://127.0.0.1:0"
LOCAL = dex.LinkOptions(plaintext=True, answer_s=60)


def order(
    account: dex.AccountId,
    side: dex.Side,
    *,
    price: int = 250_000,
    quantity: int = 100,
    name: str | None = None,
) -> dex.PlaceOrder:
    return dex.PlaceOrder(
        account=account,
        market=MARKET.id,
        side=side,
        price=dex.Price(price),
        quantity=dex.Quantity(quantity),
        client_order_id=None if name is None else dex.ClientOrderId(name),
    )


def recipe(risk: dex.Risk | None = None, *, signed: bool = False) -> dex.EngineRecipe:
    return dex.EngineRecipe(
        book=dex.SortedBook, risk=risk or dex.StandardRisk(), requires_signature=signed
    )


@asynccontextmanager
async def gateway(
    address: str,
    options: dex.LinkOptions = LOCAL,
    *,
    replica: dex.Replica | None = None,
    auth: dex.Auth | None = None,
    signed: bool = False,
) -> AsyncIterator[GrpcEngine]:
    """A gateway's client of the engine at an address."""
    engine: GrpcEngine = GrpcLink().connect(  # type: ignore[assignment] # its own
        address,
        options,
        replica=replica or dex.Replica(recipe(signed=signed)),
        auth=auth or dex.TrustedAuth(),
        requires_signature=signed,
    )
    async with engine:
        await engine.caught_up()
        yield engine


async def at_rest(*engines: dex.Exchange | GrpcEngine) -> None:
    """Return once every fill is settled and all of these know the same commands."""
    async with asyncio.timeout(60):
        while len({one.view.sequence for one in engines}) > 1 or any(
            one.view.unsettled_fills() for one in engines
        ):
            await asyncio.sleep(0.01)


def serving(
    exchange: dex.Exchange, options: dex.LinkOptions = LOCAL, address: str = HERE
) -> AbstractAsyncContextManager[str]:
    return GrpcLink().serve(exchange, address, options)


@pytest.fixture
async def exchange() -> AsyncIterator[dex.Exchange]:
    """An exchange in which Alice and Bob have more than any test spends."""
    async with dex.Exchange([MARKET]) as opened:
        await opened.deposit(ALICE, USDC, dex.Amount(10**30))
        await opened.deposit(BOB, ETH, dex.Amount(10**30))
        yield opened


@pytest.fixture
async def address(exchange: dex.Exchange) -> AsyncIterator[str]:
    """Where its engine is reached."""
    async with serving(exchange) as found:
        yield found


@pytest.fixture
async def engine(address: str) -> AsyncIterator[GrpcEngine]:
    """A gateway's client of it."""
    async with gateway(address) as opened:
        yield opened


@attrs.frozen
class Authority:
    """Signs certificates."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, name, key, authority=True)
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(folder, name, key, certificate)

    def options(self, name: str, **changes: object) -> dex.LinkOptions:
        """Options of one side, with a certificate in its name."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, self.name, self.key, authority=False)
        stem = self.folder / f"{self.name}-{name}"
        stem.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        stem.with_suffix(".key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return attrs.evolve(
            dex.LinkOptions(
                certificate=stem.with_suffix(".crt"),
                key=stem.with_suffix(".key"),
                authority=self.folder / f"{self.name}.pem",
                answer_s=60,
            ),
            **changes,
        )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who signs the certificates of both sides."""
    return Authority.make(tmp_path, "ours")


@pytest.fixture
def make_authority(tmp_path: Path) -> Callable[[str], Authority]:
    """Another authority."""
    return lambda name: Authority.make(tmp_path, name)
