"""Fills the board: from the exchange's public and private streams, and from the chain itself.

Each watcher reads one source. What it learns twice, as after a reconnection, changes nothing.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

import attrs
from web3 import AsyncWeb3
from web3.exceptions import TransactionNotFound, Web3Exception

from hybrid_dex.client import ExchangeClient, Reconnected, UnreachableError
from hybrid_dex.errors import RefusedError, SettlementError, UnknownOutcomeError
from hybrid_dex.model.decimal_text import MAX_CHAIN_DIGITS, parse_units
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.settlement.evm.provider import HttpProvider
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.wire import BalanceMessage, FillMessage, TradeMessage
from reference_app.demo.accounts import DemoAccount
from reference_app.demo.board import BalanceRow, BatchRow, Board, TradeRow

__all__ = ["Trader", "watch_balances", "watch_book", "watch_chain", "watch_fills", "watch_trades"]

_BOOK_LEVELS: Final = 10
_BOOK_S: Final = 0.25
_BALANCES_S: Final = 2.0
_CHAIN_S: Final = 1.0
_OUTAGES: Final = (RefusedError, UnreachableError, UnknownOutcomeError, SettlementError)


@attrs.frozen
class Trader:
    """A demo account with its open client and, where there is a chain, its door to the vault."""

    account: DemoAccount
    client: ExchangeClient
    vault: Vault | None


async def watch_book(board: Board, client: ExchangeClient, market: Market) -> None:
    """Keep the book's levels on the board."""
    replica = await client.live_book(market.id)
    while True:
        depth = replica.depth(_BOOK_LEVELS)
        board.bids = [
            (market.format_price(level.price), market.format_quantity(level.quantity))
            for level in depth.bids
        ]
        board.asks = [
            (market.format_price(level.price), market.format_quantity(level.quantity))
            for level in depth.asks
        ]
        await asyncio.sleep(_BOOK_S)


async def watch_trades(board: Board, client: ExchangeClient, market: Market) -> None:
    """Put every public trade on the board, also those missed while disconnected."""
    for trade in reversed(await client.trades(market.id)):
        board.saw_fill(_trade_row(trade))
    async for event in client.trade_events(market.id):
        if isinstance(event, TradeMessage):
            board.saw_fill(_trade_row(event))
        else:
            for trade in reversed(await client.trades(market.id)):
                board.saw_fill(_trade_row(trade))


async def watch_fills(board: Board, client: ExchangeClient) -> None:
    """Follow each own fill through the stages of settlement."""
    await read_fills(board, client)
    async for event in client.fill_events():
        if isinstance(event, Reconnected):
            await read_fills(board, client)
        else:
            _settle(board, event)


async def read_fills(board: Board, client: ExchangeClient) -> None:
    """Read an account's fills once, newest page first, and put them on the board."""
    try:
        for fill in (await client.fills(limit=200)).fills:
            _settle(board, fill)
    except _OUTAGES as error:
        board.notes.append(f"fills are late: {error}")


def _settle(board: Board, fill: FillMessage) -> None:
    known = board.fills.get(fill.fill_id)
    if known is None:
        board.saw_fill(
            TradeRow(fill.fill_id, _clock(fill.at_ms), _taker_side(fill), fill.price, fill.quantity)
        )
    board.staged(fill.fill_id, fill.stage)
    if fill.batch and fill.transaction:
        batch = board.batches.setdefault(fill.batch, BatchRow(fill.batch, fill.transaction))
        batch.transaction = fill.transaction
        batch.stage = fill.stage if fill.stage != "failed" else batch.stage
        batch.members.add(fill.fill_id)


def _taker_side(fill: FillMessage) -> str:
    if fill.liquidity == "taker":
        return fill.side
    return "sell" if fill.side == "buy" else "buy"


async def watch_balances(board: Board, traders: Iterable[Trader], market: Market) -> None:
    """Compare the ledger with the vault, account by account."""
    traders = tuple(traders)
    while True:
        try:
            board.balances = [
                row for trader in traders for row in await balance_rows(trader, market)
            ]
        except _OUTAGES as error:
            board.notes.append(f"balances are late: {error}")
        await asyncio.sleep(_BALANCES_S)


async def balance_rows(trader: Trader, market: Market) -> list[BalanceRow]:
    """Return one trader's rows: what the ledger expects in the vault, and what is there."""
    balances = await trader.client.balances()
    rows = []
    for asset in (market.base, market.quote):
        balance = balances.get(asset.id)
        if balance is None:
            continue
        expected = _atoms(balance.total, asset) + _atoms(balance.in_flight_out, asset)
        expected -= _atoms(balance.in_flight_in, asset)
        held = expected if trader.vault is None else (await trader.vault.balance(asset)).balance
        rows.append(
            BalanceRow(
                trader.account.name,
                asset.id,
                balance.available,
                balance.held,
                _in_flight(balance, asset),
                asset.format(expected),
                asset.format(held),
                settling=balance.in_flight_in != "0" or balance.in_flight_out != "0",
            )
        )
    return rows


def _in_flight(balance: BalanceMessage, asset: Asset) -> str:
    net = _atoms(balance.in_flight_in, asset) - _atoms(balance.in_flight_out, asset)
    return f"+{asset.format(net)}" if net > 0 else asset.format(net)


def _atoms(text: str, asset: Asset) -> int:
    if text.startswith("-"):
        return -parse_units("amount", text[1:], asset.decimals, MAX_CHAIN_DIGITS)
    return parse_units("amount", text, asset.decimals, MAX_CHAIN_DIGITS)


async def watch_chain(board: Board, web3: "AsyncWeb3[HttpProvider]") -> None:
    """Keep the newest block, and the gas of each batch's transaction, on the board."""
    while True:
        try:
            board.block = await web3.eth.block_number
            await read_gas(board, web3)
        except (Web3Exception, OSError) as error:
            board.notes.append(f"the chain does not answer: {error}")
        await asyncio.sleep(_CHAIN_S)


async def read_gas(board: Board, web3: "AsyncWeb3[HttpProvider]") -> None:
    """Read the receipts of batches whose gas is not known yet."""
    for batch in list(board.batches.values()):
        if batch.gas is not None:
            continue
        try:
            receipt = await web3.eth.get_transaction_receipt(batch.transaction_hash)
        except TransactionNotFound:
            continue
        batch.gas = receipt["gasUsed"]


def _trade_row(trade: TradeMessage) -> TradeRow:
    return TradeRow(
        trade.fill_id, _clock(trade.at_ms), trade.taker_side, trade.price, trade.quantity
    )


def _clock(at_ms: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at_ms / 1000))
