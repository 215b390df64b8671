"""What the tests on a real chain share: an anvil process, traders that sign, a reader of updates.

Everything is real: the node, the contracts, the signatures, the store. Time passes only as the
chain's blocks are mined and as a test says; nothing sleeps except to let other tasks run.

`World.options` and `World.settlement` take the names of `EvmOptions`, and besides
``confirmations=n`` for ``finality=Confirmations(n)``.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import attrs

from hybrid_dex.model.commands import Command, ConfirmSettlement, FailSettlement
from hybrid_dex.model.market import Market, fee
from hybrid_dex.model.order import Side, TimeInForce
from hybrid_dex.model.settlement import FillFailure, MatchedFill, OrderTerms, SettlementStage
from hybrid_dex.model.signed_order import Nonce, SignedOrder
from hybrid_dex.model.units import (
    AccountId,
    FeePpm,
    FillId,
    Price,
    Quantity,
    TimestampNs,
    fill_id,
    order_id,
)
from hybrid_dex.settlement.chains import Confirmations
from hybrid_dex.settlement.deployment import Delays, Deployer, Deployment
from hybrid_dex.settlement.evm import EvmOptions, EvmSettlement
from hybrid_dex.settlement.fees import FeePolicy
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.settlement.wallet import Wallet
from hybrid_dex.signing import Domain, LocalSigner, authorize

ROOT = Path(__file__).parent.parent.parent
ANVIL = ROOT / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
ENDLESS = "0x60205f525f1960205260405ff3"
"""Code of a token that answers whatever it is asked with a text of 2**256 - 1 bytes."""
NO_TEXT = "0x60205f52600160205260ff60f81b60405260605ff3"
"""And with one that is not UTF-8."""
DELAYS = Delays(watch_lag_s=30, window_max_s=1_000, exit_delay_s=100_000)
GIVE_UP_S = 90.0
"""A hang guard: nothing here takes a tenth of it."""

MARKETS = (
    Market.spot(
        "ETH-USDC",
        number=1,
        base_decimals=18,
        quote_decimals=6,
        tick="0.01",
        lot="0.0001",
        maker_fee_ppm=100,
        taker_fee_ppm=500,
    ),
    Market.spot("BTC-USDC", number=2, base_decimals=8, quote_decimals=6, tick="0.1", lot="0.00001"),
)


def key(number: int) -> str:
    """A private key of the tests' own."""
    return f"0x{0x1D5EED << 200 | number:064x}"


OWNER_KEY, OPERATOR_KEY = key(1), key(2)


# It forgets the oldest state after 3,600 blocks unless it is told to keep more.
ANVIL_OPTIONS = ("--hardfork", "prague", "--silent", "--max-persisted-states", "1000000")


class Anvil:
    """A local chain in a process of its own; in a ``with`` block it answers, and ends with it."""

    def __init__(self, *arguments: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            [ANVIL, "--port", str(self.port), *ANVIL_OPTIONS, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def wait(self) -> None:
        """Return once it answers."""
        give_up = time.monotonic() + GIVE_UP_S
        while True:
            try:
                self.rpc("eth_chainId")
            except OSError:
                assert self._process.poll() is None, "anvil ended"
                assert time.monotonic() < give_up, "anvil does not answer"
                time.sleep(0.02)
            else:
                return

    def rpc(self, method: str, *params: Any) -> Any:
        """Call a method; blocking, and anvil answers at once."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = urllib.request.Request(
            self.url, body.encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=GIVE_UP_S) as answer:
            decoded = json.load(answer)
        assert "error" not in decoded, decoded
        return decoded["result"]

    def dump(self) -> str:
        """All blocks, and the state at each."""
        return str(self.rpc("anvil_dumpState", True))

    def load(self, state: str) -> None:
        """Go on from what `dump` returned: the next block may have the newest one's time."""
        self.rpc("anvil_loadState", state)
        self.rpc("evm_setTime", self.now_s())

    def mine(self, blocks: int = 1) -> None:
        """Mine empty blocks, or what waits."""
        for _ in range(blocks):
            self.rpc("evm_mine")

    def now_s(self) -> int:
        """The newest block's timestamp."""
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def height(self) -> int:
        """The newest block's number."""
        return int(self.rpc("eth_blockNumber"), 16)

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


@attrs.define
class ChainClock:
    """The chain's clock, which tests move by mining: wall time never enters."""

    anvil: Anvil
    ahead_s: int = 5

    def now_ns(self) -> TimestampNs:
        """A little after the newest block."""
        return TimestampNs((self.anvil.now_s() + self.ahead_s) * 10**9)

    async def sleep(self, seconds: float) -> None:
        """Let the others run."""
        await asyncio.sleep(min(seconds, 0.005))


@attrs.define
class Trader:
    """A user with a key, who signs orders as a wallet would."""

    signer: LocalSigner
    vault: Vault
    domain: Domain
    counter: int = 0

    @property
    def account(self) -> AccountId:
        """The account on the exchange."""
        return AccountId(self.signer.address)

    def order(
        self,
        market: Market,
        side: Side,
        price: int,
        quantity: int,
        *,
        lane: int = 0,
        counter: int | None = None,
        revision: int = 0,
        time_in_force: TimeInForce = TimeInForce.GTC,
        expiry_s: int,
    ) -> SignedOrder:
        """A signed order; each has a counter of its own unless told."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        order = SignedOrder(
            trader=self.account,
            market=market,
            side=side,
            time_in_force=time_in_force,
            price=Price(price),
            quantity=Quantity(quantity),
            max_fee_ppm=FeePpm(1_000),
            expiry_s=expiry_s,
            nonce=Nonce(counter, revision, lane),
            signature=b"",
        )
        return self.signer.sign_order(order, self.domain)


def terms(order: SignedOrder, domain: Domain, number: int) -> OrderTerms:
    """What the engine hands to settlement of an order."""
    return OrderTerms(
        order_id=order_id(number),
        account=order.trader,
        side=order.side,
        price=order.price,
        quantity=order.quantity,
        post_only=order.post_only,
        time_in_force=order.time_in_force,
        authorization=authorize(order, domain),
    )


def match(
    sequence: int,
    market: Market,
    taker: OrderTerms,
    makers: Iterable[tuple[OrderTerms, int]],
    *,
    at_ns: int,
) -> list[MatchedFill]:
    """One command's fills: a taker against makers, at the makers' prices."""
    fills = []
    for index, (maker, lots) in enumerate(makers):
        notional = market.notional(maker.price, lots)
        fills.append(
            MatchedFill(
                fill_id=fill_id(sequence, index),
                at_ns=TimestampNs(at_ns),
                market=market.id,
                price=maker.price,
                quantity=Quantity(lots),
                maker=maker,
                taker=taker,
                maker_fee_ppm=market.maker_fee_ppm,
                taker_fee_ppm=market.taker_fee_ppm,
                maker_fee=fee(notional, market.maker_fee_ppm),
                taker_fee=fee(notional, market.taker_fee_ppm),
            )
        )
    return fills


class Reader:
    """Takes a settlement's updates as the exchange would, and keeps what it was told."""

    def __init__(self, settlement: EvmSettlement) -> None:
        self.commands: list[Command] = []
        self.stages: dict[FillId, SettlementStage] = {}
        self.failures: dict[FillId, FillFailure] = {}
        self._settlement = settlement
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for command in self._settlement.updates():
            self.commands.append(command)
            if isinstance(command, ConfirmSettlement):
                for fill in command.fills:
                    # It may be told again after a restart, and nothing else may follow.
                    was = self.stages.get(fill)
                    assert was is not SettlementStage.FINAL or command.stage is was, (
                        "final is final"
                    )
                    self.stages[fill] = command.stage
            elif isinstance(command, FailSettlement):
                for failure in command.failures:
                    assert failure.fill_id not in self.failures, "failed twice"
                    self.failures[failure.fill_id] = failure
                    self.stages[failure.fill_id] = SettlementStage.FAILED

    def of(self, kind: type[Command]) -> list[Command]:
        """The updates of one kind, in order."""
        return [command for command in self.commands if isinstance(command, kind)]

    def all_at(self, fills: Sequence[MatchedFill], stage: SettlementStage) -> bool:
        """Whether all of these fills are there."""
        return all(self.stages.get(fill.fill_id) is stage for fill in fills)

    async def stop(self) -> None:
        """Stop reading, as a crash would."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class World:
    """A chain with the contracts, traders with funds, and a settlement to open on it."""

    def __init__(self, anvil: Anvil, deployment: Deployment, folder: Path) -> None:
        self.anvil = anvil
        self.deployment = deployment
        self.folder = folder
        self.clock = ChainClock(anvil)
        self.domain = Domain(chain_id=deployment.chain_id, verifying_contract=deployment.contract)
        self.sequence = 0
        self._numbers = 0
        self.settlements: list[EvmSettlement] = []
        self._vaults: list[Vault] = []

    @property
    def market(self) -> Market:
        """The first market."""
        return self.deployment.markets[0]

    async def trader(self, number: int, *, base: int = 0, quote: int = 0) -> Trader:
        """A trader with atoms of the first market in the vault."""
        secret = key(100 + number)
        vault = Vault(rpc_url=self.anvil.url, contract=self.deployment.contract, key=secret)
        self._vaults.append(vault)
        self.anvil.rpc("anvil_setBalance", vault.address, hex(10**20))
        deployer = Deployer(rpc_url=self.anvil.url, key=OWNER_KEY)
        for asset, amount in ((self.market.base, base), (self.market.quote, quote)):
            if amount:
                await deployer.mint(asset, vault.address, amount)
                await vault.deposit(asset, amount)
        await deployer.close()
        return Trader(LocalSigner(secret), vault, self.domain)

    def options(self, *, confirmations: int = 2, **changes: Any) -> EvmOptions:
        """Options for this chain, quick ones."""
        chosen: dict[str, Any] = {
            "rpc_urls": (self.anvil.url,),
            "chain": "local",
            "chain_id": self.deployment.chain_id,
            "finality": Confirmations(confirmations),
            "contract": self.deployment.contract,
            "operator_key": OPERATOR_KEY,
            "store_path": self.folder / "settlement.sqlite3",
            "batch_age_s": 0.0,
            "matching_lag_s": 0,
            "poll_s": 0.005,
            "retry_wait_s": 0.005,
            "lag_tolerance_s": 0.0,
            "rest_s": 0.02,
            "fees": FeePolicy(ceiling=10**12, emergency_ceiling=10**13),
        }
        return EvmOptions(**(chosen | changes))

    def settlement(
        self, *, checkpoint: Callable[[str], None] = lambda _: None, **changes: Any
    ) -> EvmSettlement:
        """A settlement, not open yet."""
        made = EvmSettlement(self.options(**changes), clock=self.clock, checkpoint=checkpoint)
        self.settlements.append(made)
        return made

    def terms(self, trader: Trader, side: Side, price: int, lots: int, **kwargs: Any) -> OrderTerms:
        """A signed order's terms; it lives for a day."""
        market = kwargs.pop("market", self.market)
        kwargs.setdefault("expiry_s", self.anvil.now_s() + 86_400)
        order = trader.order(market, side, price, lots, **kwargs)
        self._numbers += 1
        return terms(order, self.domain, self._numbers)

    def match(
        self, taker: OrderTerms, *makers: tuple[OrderTerms, int], market: Market | None = None
    ) -> list[MatchedFill]:
        """The fills of the next command."""
        self.sequence += 1
        return match(self.sequence, market or self.market, taker, makers, at_ns=self.clock.now_ns())

    def trade(
        self, buyer: Trader, seller: Trader, *, lots: int = 10, **kwargs: Any
    ) -> list[MatchedFill]:
        """One new order on each side, matched; the seller rests."""
        sell = self.terms(seller, Side.SELL, 250_000, lots, **kwargs)
        buy = self.terms(buyer, Side.BUY, 250_100, lots, **kwargs)
        return self.match(buy, (sell, lots))

    async def until(self, reached: Callable[[], bool], *, mine: bool = True) -> None:
        """Let everybody work, a block at a time, until something holds."""
        give_up = time.monotonic() + GIVE_UP_S
        turn = 0
        while not reached():
            assert time.monotonic() < give_up, [s.health() for s in self.settlements]
            await asyncio.sleep(0.005)
            turn += 1
            if mine and turn % 10 == 0:
                self.anvil.mine()

    async def close(self) -> None:
        """Close the traders' connections."""
        for vault in self._vaults:
            await vault.close()


class Server:
    """Runs a settlement with its reader, and ends both."""

    def __init__(self, world: World, settlement: EvmSettlement) -> None:
        self._world = world
        self.settlement = settlement

    async def __aenter__(self) -> Self:
        await self.settlement.open(self._world.deployment.markets)
        self.reader = Reader(self.settlement)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.reader.stop()
        await self.settlement.close()


async def as_owner(world: World, name: str, *arguments: Any) -> None:
    """Call the contract as its owner."""
    async with Wallet(rpc_url=world.anvil.url, key=OWNER_KEY) as wallet:
        exchange = wallet.contract("Exchange", world.deployment.contract)
        await wallet.send(exchange.functions[name](*arguments))
