"""What checking a signed order costs, against the floor: one bare public key recovery.

    python benchmarks/signing.py [--orders 2000] [--rounds 5]

Every line is measured in the same run and the rounds are interleaved, so a busy machine slows
all of them alike; the ratio to the bare recovery is what to compare between machines.
"""

import argparse
import asyncio
import gc
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import attrs
from coincurve import PublicKey

from hybrid_dex.defaults.login_tokens import LoginTokens
from hybrid_dex.defaults.system_clock import SystemClock
from hybrid_dex.defaults.wallet_auth import WalletAuth, WalletAuthOptions
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.signed_order import Authorization, Nonce, SignedOrder
from hybrid_dex.model.units import AccountId, FeePpm, Price, Quantity
from hybrid_dex.signing import (
    Domain,
    LocalSigner,
    LoginMessage,
    authorize,
    format_date_time,
    order_digest,
    recover_address,
    recover_personal,
)

ORIGIN = "https://exchange.example"
DOMAIN = Domain(chain_id=31337, verifying_contract="0x5FbDB2315678afecb367f032d93F642f64180aa3")
MARKET = Market.spot(
    "ETH-USDC",
    base_decimals=18,
    quote_decimals=6,
    tick="0.01",
    lot="0.0001",
    number=1,
    base_token="0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    quote_token="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
)
TRADERS = 100


def signed_orders(number: int) -> list[SignedOrder]:
    """Orders of many traders, all different and all valid."""
    rng = random.Random(7)
    signers = [LocalSigner(rng.randbytes(32)) for _ in range(TRADERS)]
    orders = []
    for index in range(number):
        signer = signers[index % TRADERS]
        order = SignedOrder(
            trader=AccountId(signer.address),
            market=MARKET,
            side=rng.choice(list(Side)),
            price=Price(rng.randrange(1, 10**6)),
            quantity=Quantity(rng.randrange(1, 10**6)),
            max_fee_ppm=FeePpm(1000),
            expiry_s=1_900_000_000,
            nonce=Nonce(index),
            signature=b"",
        )
        orders.append(signer.sign_order(order, DOMAIN))
    return orders


@attrs.frozen
class Line:
    """One thing that is measured: how it is called, and how many times each round runs it."""

    name: str
    run: Callable[[], object]
    times: int


def timed(line: Line) -> float:
    """Microseconds for one, in one round."""
    begun = time.perf_counter()
    line.run()
    return (time.perf_counter() - begun) * 1e6 / line.times


def bare(orders: Sequence[SignedOrder], digests: Sequence[bytes]) -> Callable[[], object]:
    """Coincurve's recovery of the public key, nothing else."""
    prepared = [
        (order.signature[:64] + bytes((order.signature[64] - 27,)), digest)
        for order, digest in zip(orders, digests, strict=True)
    ]
    recover = PublicKey.from_signature_and_message
    return lambda: [recover(signature, digest, hasher=None) for signature, digest in prepared]


def verify(auth: WalletAuth, orders: Sequence[SignedOrder], batch: int) -> Callable[[], object]:
    """Wallet auth over batches, one event loop for all of them."""

    async def run() -> None:
        for start in range(0, len(orders), batch):
            verdicts = await auth.verify_many(orders[start : start + batch])
            assert all(isinstance(verdict, Authorization) for verdict in verdicts)

    return lambda: asyncio.run(run())


def lines(orders: Sequence[SignedOrder], executor: ThreadPoolExecutor) -> list[Line]:
    """Everything that is measured, the floor first."""
    digests = [order_digest(order, DOMAIN) for order in orders]
    auth, threaded = wallet_auth(None), wallet_auth(executor)
    signer = LocalSigner(b"\x01" * 32)
    message = LoginMessage(
        domain="exchange.example",
        address=signer.address,
        uri=ORIGIN + "/login",
        chain_id=DOMAIN.chain_id,
        nonce="0123456789abcdef",
        issued_at=format_date_time(time.time_ns()),
        statement="Sign in to trade.",
    ).text()
    login = signer.sign_text(message)
    number = len(orders)
    pairs = list(zip(orders, digests, strict=True))
    return [
        Line("recover a public key, bare", bare(orders, digests), number),
        Line("digest", lambda: [order_digest(order, DOMAIN) for order in orders], number),
        Line(
            "recover an address, strict",
            lambda: [recover_address(digest, order.signature) for order, digest in pairs],
            number,
        ),
        Line(
            "digest, recover, compare",
            lambda: [authorize(order, DOMAIN) for order in orders],
            number,
        ),
        Line("wallet auth, batches of 1", verify(auth, orders, 1), number),
        Line("wallet auth, batches of 64", verify(auth, orders, 64), number),
        Line("wallet auth, 512 on threads", verify(threaded, orders, 512), number),
        Line("sign a digest", lambda: [signer.sign_digest(digest) for digest in digests], number),
        Line("read a login message", lambda: [LoginMessage.parse(message) for _ in orders], number),
        Line(
            "recover a login's signer",
            lambda: [recover_personal(message, login) for _ in orders],
            number,
        ),
    ]


def wallet_auth(executor: ThreadPoolExecutor | None) -> WalletAuth:
    """Wallet auth as the reference app has it."""
    secret = os.urandom(32)
    return WalletAuth(
        domain=DOMAIN,
        tokens=LoginTokens(secret=secret, issuer="benchmark", audience="benchmark"),
        clock=SystemClock(),
        options=WalletAuthOptions(origins=(ORIGIN,)),
        executor=executor,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    orders = signed_orders(arguments.orders)
    sys.setswitchinterval(0.0005)
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        measured = lines(orders, executor)
        for line in measured:
            line.run()
        gc.freeze()
        rounds = [[timed(line) for line in measured] for _ in range(arguments.rounds)]
    best = [min(times) for times in zip(*rounds, strict=True)]
    print(f"{'':30}{'us each':>10}{'a second':>12}{'x bare rate':>13}")
    for line, microseconds in zip(measured, best, strict=True):
        ratio = best[0] / microseconds
        print(f"{line.name:30}{microseconds:10.1f}{1e6 / microseconds:12,.0f}{ratio:13.2f}")


if __name__ == "__main__":
    main()
