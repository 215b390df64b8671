"""Brings the demo's pieces up in order, keeps the exchange running, and ends them in order.

    chain -> contracts, deposits -> exchange (a process of its own) -> clients

The exchange may be killed at any moment: it is started again and recovers from its journal, and the
clients reconnect by themselves. One demo at a time uses a data folder; a lock says so.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import IO, Final

import attrs
import httpx

from hybrid_dex.client import ClientOptions, ExchangeClient, StreamOptions
from hybrid_dex.errors import ConfigurationError, HybridDexError
from hybrid_dex.model.market import Market
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.signing import LocalSigner
from reference_app.demo.accounts import MARKET, DemoAccount, DemoAccounts, demo_accounts
from reference_app.demo.board import Board
from reference_app.demo.funding import Ground, prepare_ground
from reference_app.demo.local_chain import CHAIN_ID, LocalChain
from reference_app.demo.options import DemoOptions
from reference_app.demo.processes import Child, require_free_port
from reference_app.demo.watch import Trader
from reference_app.settings import PREFIX

__all__ = ["Demo", "running_demo", "until_ready"]

_READY_S: Final = 60.0
_POLL_S: Final = 0.1
_RESTARTS: Final = 20
_KEPT: Final = ("chain", "exchange", "ground.json", "exchange.toml")
_PLAY_TOKENS: Final = (
    "0x0000000000000000000000000000000000000101",
    "0x0000000000000000000000000000000000000102",
)
"""What stands for the tokens where no chain is; they only make typed data complete."""


@attrs.define
class Demo:
    """A running demo.

    Attributes:
        options: what was chosen.
        accounts: who trades.
        board: what is shown.
        market: what is traded.
        traders: accounts with open clients that trade by themselves, the market maker's first.
        visitor: the account of whoever opens the pages, with an open client.
        observer: a client without an account.
        chain: the local chain, or ``None``.
        exchange: the exchange's process.
    """

    options: DemoOptions
    accounts: DemoAccounts
    board: Board
    market: Market
    traders: tuple[Trader, ...]
    visitor: Trader
    observer: ExchangeClient
    chain: LocalChain | None
    exchange: Child

    @property
    def holders(self) -> tuple[Trader, ...]:
        """All that have funds in the vault."""
        return (*self.traders, self.visitor)

    async def keep_exchange(self) -> None:
        """Start the exchange again whenever it ends, a bounded number of times.

        Raises:
            ConfigurationError: it ends again and again; the message repeats its last line.
        """
        for _ in range(_RESTARTS):
            code = await self.exchange.wait()
            self.board.notes.append(
                f"the exchange ended ({code}); it is started again and recovers"
            )
            await self.exchange.start()
            await until_ready(self.options.url, self.exchange)
            self.board.notes.append("the exchange is back: nothing acknowledged is lost")
        raise ConfigurationError(f"the exchange keeps ending: {self.exchange.last_line()}")


@asynccontextmanager
async def running_demo(options: DemoOptions) -> AsyncIterator[Demo]:
    """Bring everything up, and end it in order.

    Raises:
        HybridDexError: a piece can not start; one line says which and what to do.
    """
    options.data.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        stack.enter_context(_only_one(options))
        if options.fresh:
            _forget(options)
        require_free_port(options.port, "the exchange", "--port")
        accounts = demo_accounts(options.takers)
        chain, ground = None, None
        if options.chain:
            chain = LocalChain(options.chain_port, options.data / "chain", options.block_time_s)
            stack.push_async_callback(chain.stop)
            await chain.start()
            ground = await prepare_ground(
                chain.url, options.block_time_s, options.data / "ground.json", accounts
            )
        _write_settings(options, accounts, ground, chain)
        exchange = _exchange_process(options)
        stack.push_async_callback(exchange.stop)
        await exchange.start()
        await until_ready(options.url, exchange)
        yield await _connect(
            stack, options, accounts=accounts, ground=ground, chain=chain, exchange=exchange
        )


async def _connect(
    stack: AsyncExitStack,
    options: DemoOptions,
    *,
    accounts: DemoAccounts,
    ground: Ground | None,
    chain: LocalChain | None,
    exchange: Child,
) -> Demo:
    where = "no chain: fills are final at once"
    if chain is not None and ground is not None:
        where = f"chain {CHAIN_ID} at {chain.url}  contract {ground.contract[:10]}…"
    board = Board(market=MARKET.id, gateway=options.url, chain=where)
    traders = []
    for account in accounts.funded:
        client = await stack.enter_async_context(
            ExchangeClient(options.url, signer=LocalSigner(account.key), options=_client_options())
        )
        vault = None
        if chain is not None and ground is not None:
            vault = Vault(rpc_url=chain.url, contract=ground.contract, key=account.key)
            await stack.enter_async_context(vault)
        traders.append(Trader(account, client, vault))
    observer = await stack.enter_async_context(ExchangeClient(options.url))
    return Demo(
        options=options,
        accounts=accounts,
        board=board,
        market=observer.market(MARKET.id),
        traders=tuple(traders[:-1]),
        visitor=traders[-1],
        observer=observer,
        chain=chain,
        exchange=exchange,
    )


def _client_options() -> ClientOptions:
    return ClientOptions(stream=StreamOptions(heartbeat_s=0.6, backoff_max_s=1.0), attempts=8)


def _exchange_process(options: DemoOptions) -> Child:
    """Return the exchange's process. The settings of another exchange, exported, are not the demo's."""
    settings = options.data / "exchange.toml"
    command = [sys.executable, "-m", "reference_app", str(settings)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return Child("the exchange", command, options.data / "exchange" / "exchange.log", environment)


async def until_ready(url: str, exchange: Child) -> None:
    """Return once the exchange takes orders. Raises `HybridDexError` when it ends or never does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _READY_S
    async with httpx.AsyncClient() as http:
        while exchange.running and loop.time() < deadline:
            with contextlib.suppress(httpx.TransportError):
                answer = await http.get(f"{url}/health/ready")
                if answer.is_success:
                    return
            await asyncio.sleep(_POLL_S)
    reason = exchange.last_line().removeprefix("hybrid-dex: ") or "it does not get ready"
    raise HybridDexError(
        f"the exchange did not start: {reason} (log: {exchange.log}; --fresh starts anew)"
    )


@contextlib.contextmanager
def _only_one(options: DemoOptions) -> Iterator[IO[str]]:
    with (options.data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                f"another demo runs in {options.data}; end it, or choose another folder: --data"
            ) from error
        yield lock


def _forget(options: DemoOptions) -> None:
    """Remove what this demo wrote, by name: the folder may hold other things."""
    for name in _KEPT:
        found = options.data / name
        if found.is_dir():
            shutil.rmtree(found)
        else:
            found.unlink(missing_ok=True)


def _write_settings(
    options: DemoOptions, accounts: DemoAccounts, ground: Ground | None, chain: LocalChain | None
) -> None:
    """Write the exchange's settings; the keys in it are the public development ones."""
    market = MARKET
    base_token, quote_token = _PLAY_TOKENS
    if ground is not None:
        base_token, quote_token = ground.base_token, ground.quote_token
    lines = [
        "# Written by the demo at each start.",
        "[hybrid-dex]",
        "demo = true",
        f"data = {json.dumps(str((options.data / 'exchange').resolve()))}",
        "snapshot_every = 5000",
        f"demo_wallet_key = {json.dumps(accounts.visitor.key)}",
        "[hybrid-dex.server]",
        f"port = {options.port}",
        "[hybrid-dex.auth]",
        f"origins = [{json.dumps(options.url)}, {json.dumps(options.url.replace('127.0.0.1', 'localhost'))}]",
        'statement = "Sign in to the hybrid-dex demo."',
        "[hybrid-dex.chain]",
        f"chain_id = {CHAIN_ID}",
    ]
    if ground is not None and chain is not None:
        lines += [
            f"rpc_urls = [{json.dumps(chain.url)}]",
            f"contract = {json.dumps(ground.contract)}",
            f"operator_key = {json.dumps(accounts.operator.key)}",
            f"start_block = {ground.start_block}",
            f'finality = "{options.confirmations}"',
            "batch_age_s = 1.0",
            "heartbeat_s = 30.0",
            "poll_s = 0.3",
        ]
    lines += [
        "[[hybrid-dex.markets]]",
        f"id = {json.dumps(market.id)}",
        f"number = {market.number}",
        f"base_decimals = {market.base.decimals}",
        f"quote_decimals = {market.quote.decimals}",
        f"tick = {json.dumps(market.format_price(1))}",
        f"lot = {json.dumps(market.format_quantity(1))}",
        f"base_token = {json.dumps(base_token)}",
        f"quote_token = {json.dumps(quote_token)}",
        f"maker_fee_ppm = {market.maker_fee_ppm}",
        f"taker_fee_ppm = {market.taker_fee_ppm}",
        f"minimum_notional = {json.dumps(market.quote.format(market.minimum_notional))}",
    ]
    if ground is None:
        for account in accounts.funded:
            lines += _opening_balances(account, market)
    (options.data / "exchange.toml").write_text("\n".join(lines) + "\n")


def _opening_balances(account: DemoAccount, market: Market) -> list[str]:
    lines = []
    for asset, amount in ((market.base, account.base), (market.quote, account.quote)):
        lines += [
            "[[hybrid-dex.opening_balances]]",
            f"account = {json.dumps(account.address)}",
            f"asset = {json.dumps(asset.id)}",
            f"amount = {json.dumps(amount)}",
        ]
    return lines
