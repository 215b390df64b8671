"""What checking a signed order costs, against the floor: one bare public key recovery.

    python benchmarks/signing.py [--orders 128] [--rounds 150]

The floor is ``secp256k1_ecdsa_recover`` itself, called on prepared structures: not even coincurve's
own Python is in it. A round runs every line once over the same few orders, so a busy machine slows all of them alike;
there are many short rounds, and what counts is the median of the ratios to the bare recovery within
a round, beside the middle half of them. Figures are of processor time, so a rate is a core's.

The same few traders come again in every round, so what is kept of them (an address by its text and by its
public key, the first words of their orders) is at hand. The line of traders never seen does without: each
of its orders is another trader's, and everything kept is forgotten before it.

The last table says how long the event loop had to wait for its turn while orders were verified.
"""

import argparse
import asyncio
import gc
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import attrs
import msgspec
from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT

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
    ProvenTrees,
    authorize,
    format_date_time,
    order_digest,
    recover_address,
    recover_personal,
)
from hybrid_dex.signing import address as addresses
from hybrid_dex.signing import order as signed_words
from hybrid_dex.signing import recover as recovery

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
LADDER = 8
WAITED = 2_000
KEPT = (
    recovery._address,  # noqa: SLF001 # as a process has it that begins
    signed_words._first_words,  # noqa: SLF001
    addresses.parse_address,
    addresses.checksum_address,
)


def unsigned_orders(number: int, signers: Sequence[LocalSigner]) -> list[SignedOrder]:
    """Orders of many traders, ``LADDER`` in a row of each, all different."""
    rng = random.Random(7)
    return [
        SignedOrder(
            trader=AccountId(signers[index // LADDER % TRADERS].address),
            market=MARKET,
            side=rng.choice(list(Side)),
            price=Price(rng.randrange(1, 10**6)),
            quantity=Quantity(rng.randrange(1, 10**6)),
            max_fee_ppm=FeePpm(1000),
            expiry_s=1_900_000_000,
            nonce=Nonce(index),
            signature=b"",
        )
        for index in range(number)
    ]


@attrs.frozen
class Orders:
    """The same orders, signed in every way."""

    wallet: list[SignedOrder]
    session: list[SignedOrder]
    bulk: list[SignedOrder]
    strangers: list[SignedOrder]


def signed_orders(number: int) -> Orders:
    """Each alone by its trader, each by a session key, in trees of ``LADDER``, and each by a trader of its own."""
    rng = random.Random(8)
    signers = [LocalSigner(rng.randbytes(32)) for _ in range(TRADERS)]
    by_address = {signer.address: signer for signer in signers}
    key = LocalSigner(rng.randbytes(32))
    plain = unsigned_orders(number, signers)
    return Orders(
        wallet=[by_address[order.trader].sign_order(order, DOMAIN) for order in plain],
        session=[key.sign_session_order(order, DOMAIN) for order in plain],
        bulk=[
            order
            for start in range(0, number, LADDER)
            for order in by_address[plain[start].trader].sign_bulk(
                plain[start : start + LADDER], DOMAIN
            )
        ],
        strangers=[
            stranger.sign_order(
                msgspec.structs.replace(order, trader=AccountId(stranger.address)), DOMAIN
            )
            for order, stranger in ((order, LocalSigner(rng.randbytes(32))) for order in plain)
        ],
    )


@attrs.frozen
class Line:
    """One thing that is measured: how it is called, and how many times each round runs it."""

    name: str
    run: Callable[[], object]
    times: int


def timed(line: Line) -> float:
    """Microseconds of processor time for one, in one round."""
    begun = time.process_time()
    line.run()
    return (time.process_time() - begun) * 1e6 / line.times


def bare(orders: Sequence[SignedOrder], digests: Sequence[bytes]) -> Callable[[], object]:
    """The library's recovery of a public key, and nothing else."""
    context = GLOBAL_CONTEXT.ctx
    prepared = []
    for order, digest in zip(orders, digests, strict=True):
        signature = ffi.new("secp256k1_ecdsa_recoverable_signature *")
        scalars, parity = order.signature[:64], order.signature[64] - 27
        lib.secp256k1_ecdsa_recoverable_signature_parse_compact(context, signature, scalars, parity)
        prepared.append((signature, digest))
    key = ffi.new("secp256k1_pubkey *")
    recover = lib.secp256k1_ecdsa_recover
    return lambda: [recover(context, key, signature, digest) for signature, digest in prepared]


def check_trees(orders: Sequence[SignedOrder]) -> None:
    """The whole check of bulk orders, a batch of 64 at a time."""
    for start in range(0, len(orders), 64):
        trees = ProvenTrees()
        for order in orders[start : start + 64]:
            authorize(order, DOMAIN, trees)


def check_strangers(orders: Sequence[SignedOrder]) -> None:
    """The whole check of orders with nothing kept from others; forgetting is timed too."""
    for kept in KEPT:
        kept.cache_clear()
    for order in orders:
        authorize(order, DOMAIN)


def verify(
    runner: asyncio.Runner, auth: WalletAuth, orders: Sequence[SignedOrder], batch: int
) -> Callable[[], object]:
    """Wallet auth over batches, one event loop for all of them."""

    async def run() -> None:
        for start in range(0, len(orders), batch):
            verdicts = await auth.verify_many(orders[start : start + batch])
            assert all(isinstance(verdict, Authorization) for verdict in verdicts)

    return lambda: runner.run(run())


def lines(signed: Orders, executor: ThreadPoolExecutor, runner: asyncio.Runner) -> list[Line]:
    """Everything that is measured, the floor first."""
    orders = signed.wallet
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
    ladders = [msgspec.structs.replace(order, proof=()) for order in signed.bulk]
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
        Line(
            "... signed by a session key",
            lambda: [authorize(order, DOMAIN) for order in signed.session],
            number,
        ),
        Line("... in trees of 8", lambda: check_trees(signed.bulk), number),
        Line("wallet auth, batches of 1", verify(runner, auth, orders, 1), number),
        Line("wallet auth, batches of 64", verify(runner, auth, orders, 64), number),
        Line("wallet auth, trees of 8", verify(runner, auth, signed.bulk, 64), number),
        Line("wallet auth, ladders of 8", verify(runner, auth, ladders, 64), number),
        Line("wallet auth, on threads", verify(runner, threaded, orders, number), number),
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


async def longest_waits(auth: WalletAuth, orders: Sequence[SignedOrder]) -> list[float]:
    """How many milliseconds the loop was late, each time something else asked for a turn."""
    waits: list[float] = []

    async def ask() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            waits.append((time.perf_counter() - begun) * 1e3 - 1)

    asking = asyncio.ensure_future(ask())
    await asyncio.sleep(0.01)
    waits.clear()
    await auth.verify_many(orders)
    asking.cancel()
    return sorted(waits)


def print_waits(orders: Sequence[SignedOrder], executor: ThreadPoolExecutor) -> None:
    """What else the loop could do meanwhile."""
    print(
        f"\n{f'waits while {len(orders)} are verified':34}{'median ms':>10}{'99 % ms':>12}{'longest':>13}"
    )
    for name, auth in (("in line", wallet_auth(None)), ("on threads", wallet_auth(executor))):
        waits = sorted(wait for _ in range(5) for wait in asyncio.run(longest_waits(auth, orders)))
        ranks = (len(waits) // 2, len(waits) * 99 // 100, -1)
        print(f"{name:34}" + "".join(f"{waits[rank]:>12.2f}" for rank in ranks))


def print_ratios(measured: Sequence[Line], number: int) -> None:
    """Run rounds of these lines, the floor first, and print each line's median."""
    rounds = [[timed(line) for line in measured] for _ in range(number)]
    for index, line in enumerate(measured):
        times = [of_round[index] for of_round in rounds]
        ratios = [of_round[0] / of_round[index] for of_round in rounds]
        low, middle, high = statistics.quantiles(ratios, n=4)
        microseconds = statistics.median(times)
        print(
            f"{line.name:30}{microseconds:10.1f}{1e6 / microseconds:12,.0f}"
            f"{middle:13.2f}{f'{low:.2f} to {high:.2f}':>16}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--orders", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=150)
    arguments = parser.parse_args()
    orders = signed_orders(arguments.orders)
    sys.setswitchinterval(0.0005)
    with ThreadPoolExecutor(os.cpu_count()) as executor, asyncio.Runner() as runner:
        measured = lines(orders, executor, runner)
        for line in measured:
            line.run()
        gc.freeze()
        print(f"{'':30}{'us each':>10}{'a second':>12}{'x bare rate':>13}{'middle half':>16}")
        print_ratios(measured, arguments.rounds)
        # Rounds of their own: what they forget the lines above would have to find again.
        strangers = Line(
            "... of traders never seen",
            lambda: check_strangers(orders.strangers),
            arguments.orders,
        )
        print_ratios([measured[0], strangers], arguments.rounds)
        print_waits(signed_orders(WAITED).wallet, executor)


if __name__ == "__main__":
    main()
