"""The bounded demo: a fixed number of seeded orders, then proof that everything settled.

It succeeds only when every fill is final on chain, each account's vault balance is what the ledger
expects, and the vault's liabilities are the ledger's balances and fees, atom for atom.
"""

import asyncio
import contextlib
from typing import Final

import attrs
from rich.console import Console
from rich.table import Table
from web3 import AsyncWeb3

from hybrid_dex.model.decimal_text import MAX_CHAIN_DIGITS, parse_units
from hybrid_dex.model.market import Asset
from hybrid_dex.settlement.evm.provider import ATTEMPTS, HttpProvider
from reference_app.demo.board import BalanceRow, Board
from reference_app.demo.ending import Ending
from reference_app.demo.live import takers_of
from reference_app.demo.options import DemoOptions
from reference_app.demo.quotes import maker_of
from reference_app.demo.supervisor import Demo, running_demo
from reference_app.demo.watch import balance_rows, read_fills, read_gas, watch_fills

__all__ = ["run_once"]

_ORDERS: Final = 60
_SETTLE_S: Final = 90.0
_QUOTES_S: Final = 30.0
_POLL_S: Final = 0.3


@attrs.frozen
class TokenProof:
    """One token, in atoms: what the ledger adds up to, and what the contract says it owes."""

    asset: Asset
    balances: int
    fees: int
    liabilities: int

    @property
    def equal(self) -> bool:
        """Whether both say the same."""
        return self.balances + self.fees == self.liabilities


async def run_once(options: DemoOptions, console: Console) -> int:
    """Run the scenario; return 0 only when everything is final and equal.

    Raises:
        HybridDexError: a piece can not start.
    """
    Ending().listen()
    console.print("starting: chain, contracts, deposits, exchange", style="dim")
    async with running_demo(options) as demo:
        console.print(f"trading at {options.url}", style="dim")
        orders, immediate = await _trade(demo)
        final = await _all_final(demo, immediate)
        rows = [row for holder in demo.holders for row in await balance_rows(holder, demo.market)]
        proofs = await _prove_tokens(demo)
        await _read_gas(demo)
    _report(console, demo.board, orders, rows, proofs)
    equal = all(row.equal for row in rows) and all(proof.equal for proof in proofs)
    failed = demo.board.counts()["failed"]
    if not final or failed:
        console.print(f"not all fills are final: {demo.board.counts()}", style="bold red")
    else:
        console.print("all fills final", style="bold green")
    if demo.chain is not None:
        verdict = "chain and ledger are equal" if equal else "chain and ledger DIFFER"
        console.print(verdict, style="bold green" if equal else "bold red")
    return 0 if final and equal and not failed else 1


async def _trade(demo: Demo) -> tuple[int, set[str]]:
    """Quote, send the takers' orders one after another, pull the quotes.

    Returns how many orders were acknowledged, and the ids of all fills they answered with.
    """
    stop = asyncio.Event()
    maker = maker_of(demo, interval_s=1.0)
    quoting = asyncio.create_task(maker.run(stop))
    takers, fills = takers_of(demo), set[str]()
    acknowledged = 0
    try:
        await _until_quoted(demo)
        for number in range(_ORDERS):
            answer = await takers[number % len(takers)].step()
            if answer is not None:
                acknowledged += 1
                fills |= {fill.fill_id for fill in answer.fills}
            if number % len(takers) == 0:
                await asyncio.sleep(_POLL_S)
    finally:
        stop.set()
        await quoting
    return acknowledged + maker.state.placed + maker.state.replaced, fills


async def _until_quoted(demo: Demo) -> None:
    book = await demo.observer.live_book(demo.market.id)
    async with asyncio.timeout(_QUOTES_S):
        while book.top().bid is None or book.top().ask is None:
            await asyncio.sleep(_POLL_S)
    for trader in demo.traders:
        replica = await trader.client.live_book(demo.market.id)
        async with asyncio.timeout(_QUOTES_S):
            while not replica.synced:
                await asyncio.sleep(_POLL_S)


async def _all_final(demo: Demo, expected: set[str]) -> bool:
    """Follow the fills until all are final; return whether they became so in time."""
    board = demo.board
    watchers = [asyncio.create_task(watch_fills(board, trader.client)) for trader in demo.traders]
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_S):
                while not expected <= set(board.fills) or set(board.fills.values()) - {
                    "final",
                    "failed",
                }:
                    for trader in demo.traders:
                        await read_fills(board, trader.client)
                    await asyncio.sleep(_POLL_S)
                return True
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
    return False


async def _prove_tokens(demo: Demo) -> list[TokenProof]:
    vault = demo.traders[0].vault
    if vault is None:
        return []
    market, proofs = demo.market, []
    fees = await _fees(demo)
    for asset in (market.base, market.quote):
        balances = 0
        for holder in demo.holders:
            for row in await balance_rows(holder, market):
                if row.asset == asset.id:
                    balances += parse_units(
                        "balance", row.expected, asset.decimals, MAX_CHAIN_DIGITS
                    )
        proofs.append(
            TokenProof(
                asset,
                balances,
                fees if asset == market.quote else 0,
                await vault.liabilities(asset),
            )
        )
    return proofs


async def _fees(demo: Demo) -> int:
    """Return all fees that the holders were told of, in quote atoms."""
    quote, total = demo.market.quote, 0
    for holder in demo.holders:
        before = None
        while True:
            page = await holder.client.fills(before=before, limit=200)
            total += sum(
                quote.parse(fill.fee, "fee") for fill in page.fills if fill.stage != "failed"
            )
            before = page.next
            if before is None:
                break
    return total


async def _read_gas(demo: Demo) -> None:
    if demo.chain is None:
        return
    web3 = AsyncWeb3(HttpProvider(demo.chain.url, attempts=ATTEMPTS))
    try:
        await read_gas(demo.board, web3)
    finally:
        await web3.provider.disconnect()


def _report(
    console: Console, board: Board, orders: int, rows: list[BalanceRow], proofs: list[TokenProof]
) -> None:
    console.print(f"orders {orders}   fills {len(board.fills)}   batches {len(board.batches)}")
    if board.batches:
        batches = Table("batch", "fills", "gas", "gas per fill", "state", box=None)
        for batch in sorted(board.batches.values(), key=lambda one: one.number):
            gas = batch.gas or 0
            batches.add_row(
                str(batch.number),
                str(batch.fills),
                f"{gas:,}",
                f"{gas // batch.fills:,}" if batch.fills else "-",
                batch.stage,
            )
        console.print(batches)
        console.print(f"gas per fill, all batches: {board.gas_per_fill or 0:,}")
    balances = Table("account", "asset", "ledger", "vault", "", box=None)
    for row in rows:
        balances.add_row(
            row.name, row.asset, row.expected, row.vault, "=" if row.equal else "DIFFERS"
        )
    console.print(balances)
    for proof in proofs:
        asset = proof.asset
        console.print(
            f"{asset.id}: balances {asset.format(proof.balances)} + fees {asset.format(proof.fees)} "
            f"{'=' if proof.equal else '≠'} vault liabilities {asset.format(proof.liabilities)}"
        )
