"""What `journal verify` and `journal replay` found, as tables for people and as JSON for programs.

It only words findings; amounts in JSON are the exchange's own integers, as texts.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table

from hybrid_dex.cli.journal_words import moment
from hybrid_dex.defaults.file_journal_reader import FileJournalReader
from hybrid_dex.defaults.file_snapshots import FileSnapshots
from hybrid_dex.defaults.journal_check import JournalCheck
from hybrid_dex.engine.engine import Engine
from hybrid_dex.exchange.replay import Replay
from hybrid_dex.interfaces.snapshots import Snapshot
from hybrid_dex.model.frame import HASH_BYTES
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.units import AccountId, MarketId
from hybrid_dex.model.views import Balance, OrderView

__all__ = [
    "SnapshotFinding",
    "checked_as_json",
    "print_check",
    "print_state",
    "snapshot_findings",
    "state_as_json",
]

Document = dict[str, Any]  # Any: JSON


@attrs.frozen(kw_only=True)
class SnapshotFinding:
    """One snapshot file.

    Attributes:
        path: the file.
        position: the record that it ends with; 0 when it can not be read.
        sequence: the command that it covers.
        complaint: what is wrong, or an empty string.
        fatal: whether a start would be refused for it; a damaged one is only skipped.
    """

    path: Path
    position: int = 0
    sequence: int = 0
    complaint: str = ""
    fatal: bool = False


async def snapshot_findings(
    paths: Sequence[Path], snapshots: FileSnapshots, reader: FileJournalReader, check: JournalCheck
) -> list[SnapshotFinding]:
    """Hold every snapshot against itself and against the journal."""
    good: dict[int, Snapshot] = {}
    snapshot = await snapshots.latest()
    while snapshot is not None:
        good[snapshot.position] = snapshot
        snapshot = await snapshots.before(snapshot.position)
    return [await _finding(path, good, reader, check) for path in paths]


async def _finding(
    path: Path, good: dict[int, Snapshot], reader: FileJournalReader, check: JournalCheck
) -> SnapshotFinding:
    name = path.name.partition(".")[0]
    snapshot = good.get(int(name)) if name.isdecimal() else None
    if snapshot is None:
        return SnapshotFinding(path=path, complaint="damaged; a start skips it")
    position, sequence = snapshot.position, snapshot.sequence
    complaint, fatal = "", True
    if hashlib.sha256(snapshot.state).digest() != snapshot.state_hash:
        complaint, fatal = "its state has another hash than it names; a start skips it", False
    elif position > check.head:
        complaint = f"it covers record {position} and the journal ends at {check.head}"
    elif position >= check.first > 0:
        raw = await reader.read_at(position)
        if raw is None or raw[-HASH_BYTES:] != snapshot.frame_hash:
            complaint = "it belongs to another journal"
    return SnapshotFinding(
        path=path,
        position=position,
        sequence=sequence,
        complaint=complaint,
        fatal=fatal and bool(complaint),
    )


def print_check(check: JournalCheck, findings: Sequence[SnapshotFinding]) -> None:
    """Print the segments, the snapshots and a verdict."""
    console, lines = Console(highlight=False), _lines()
    table = Table()
    table.add_column("segment", overflow="fold")
    for heading in ("first", "records", "bytes"):
        table.add_column(heading, justify="right")
    table.add_column("versions", overflow="fold")
    for one in check.segments:
        table.add_row(one.path.name, str(one.first), str(one.records), str(one.used), one.versions)
    console.print(table)
    if findings:
        table = Table()
        table.add_column("snapshot", overflow="fold")
        table.add_column("command", justify="right")
        table.add_column("verdict", overflow="fold")
        for found in findings:
            table.add_row(found.path.name, str(found.sequence), found.complaint or "good")
        console.print(table)
    if check.first > 1:
        lines.print(f"Trimmed: the oldest record is {check.first}.")
    if check.tail:
        lines.print(
            f"Behind the head: {check.tail}. A write goes on, or was cut short and is never "
            "acknowledged; the next start cuts it.",
            markup=False,
        )
    lines.print(
        f"{check.commands} commands in records {check.first} to {check.head}; the last is command "
        f"{check.sequence} of {moment(check.at_ns)}, epoch {check.epoch}, "
        f"chain hash {check.frame_hash.hex()}",
        markup=False,
    )
    for found in findings:
        if found.fatal:
            lines.print(f"NOT WHOLE  {found.path}: {found.complaint}", style="red", markup=False)
    if check.bad is not None:
        lines.print(f"NOT WHOLE  {check.bad}", style="red", markup=False)
    elif not any(found.fatal for found in findings):
        lines.print("WHOLE  Every record is as it was written, and each continues the last.")


def checked_as_json(check: JournalCheck, findings: Sequence[SnapshotFinding]) -> Document:
    """Return the same for programs."""
    bad = check.bad
    return {
        "whole": bad is None and not any(found.fatal for found in findings),
        "first": check.first,
        "head": check.head,
        "frame_hash": check.frame_hash.hex(),
        "commands": check.commands,
        "sequence": check.sequence,
        "at_ns": check.at_ns,
        "epoch": check.epoch,
        "versions": check.versions,
        "tail": check.tail,
        "bad": None
        if bad is None
        else {"path": bad.path, "offset": bad.offset, "reason": str(bad)},
        "segments": [
            {
                "path": str(one.path),
                "first": one.first,
                "records": one.records,
                "bytes": one.used,
                "versions": one.versions,
            }
            for one in check.segments
        ],
        "snapshots": [
            {
                "path": str(found.path),
                "position": found.position,
                "sequence": found.sequence,
                "complaint": found.complaint,
            }
            for found in findings
        ],
    }


# ------------------------------------------------------------------------------ the exchange's state


def _head(reached: Replay) -> Document:
    engine = reached.engine
    return {
        "sequence": engine.sequence,
        "at_ns": engine.at_ns,
        "time": moment(engine.at_ns),
        "record": reached.position,
        "versions": reached.versions,
        "state_hash": engine.state_hash().hex(),
    }


def _markets(engine: Engine, only: str | None) -> Iterator[Market]:
    return (one for one in engine.markets() if only in (None, one.id))


def _accounts(engine: Engine, only: str | None) -> list[AccountId]:
    return [one for one in sorted(engine.accounts()) if only in (None, one)]


def _orders(engine: Engine, account: str | None, market: str | None) -> list[OrderView]:
    chosen = None if market is None else MarketId(market)
    orders = [
        order for one in _accounts(engine, account) for order in engine.open_orders(one, chosen)
    ]
    return sorted(orders, key=lambda order: order.order_id)


def state_as_json(
    reached: Replay, *, account: str | None, market: str | None, levels: int
) -> Document:
    """Return the state for programs."""
    engine = reached.engine
    return {
        **_head(reached),
        "markets": [
            {
                "id": one.id,
                "state": engine.market_state(one.id).name.lower(),
                **{
                    side: [
                        [one.format_price(row.price), one.format_quantity(row.quantity)]
                        for row in rows
                    ]
                    for side, rows in (
                        ("bids", engine.depth(one.id, levels).bids),
                        ("asks", engine.depth(one.id, levels).asks),
                    )
                },
            }
            for one in _markets(engine, market)
        ],
        "assets": [
            {
                "id": asset.id,
                "decimals": asset.decimals,
                "liabilities": str(engine.liabilities(asset.id)),
                "fees": str(engine.fees(asset.id)),
            }
            for asset in engine.assets()
        ],
        "balances": [
            {
                "account": one,
                "asset": balance.asset,
                **{name: str(getattr(balance, name)) for name in _PARTS},
            }
            for one in _accounts(engine, account)
            for balance in engine.balances(one)
        ],
        "orders": [_order(engine, order) for order in _orders(engine, account, market)],
        "unsettled": len(list(engine.unsettled())),
    }


_PARTS = ("available", "held", "withdrawing", "in_flight_in", "in_flight_out", "vouchers")


def _order(engine: Engine, order: OrderView) -> Document:
    market = engine.market(order.market)
    assert market is not None
    return {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "account": order.account,
        "market": order.market,
        "side": order.side.name.lower(),
        "price": market.format_price(order.price),
        "quantity": market.format_quantity(order.quantity),
        "open": market.format_quantity(order.open),
        "filled": market.format_quantity(order.filled),
        "accepted_at_ns": order.accepted_at_ns,
    }


def print_state(reached: Replay, *, account: str | None, market: str | None, levels: int) -> None:
    """Print the state for people."""
    engine, console, lines = reached.engine, Console(highlight=False), _lines()
    head = _head(reached)
    when = f"After command {head['sequence']} of {head['time']}, record {head['record']}"
    lines.print(when if head["sequence"] else "Before the first command", markup=False)
    lines.print(f"{head['versions']}", markup=False)
    lines.print(f"state hash {head['state_hash']}", markup=False)
    for one in _markets(engine, market):
        console.print(_book_table(engine, one, levels))
    console.print(_balance_table(engine, account))
    orders = _orders(engine, account, market)
    if orders:
        console.print(_order_table(engine, orders))
    lines.print(f"{len(orders)} orders, {len(list(engine.unsettled()))} fills not final yet")


def _book_table(engine: Engine, market: Market, levels: int) -> Table:
    state = engine.market_state(market.id).name.lower().replace("_", "-")
    table = Table(title=f"{market.id}, {state}", title_justify="left")
    for heading in ("bid quantity", "bid", "ask", "ask quantity"):
        table.add_column(heading, justify="right")
    depth = engine.depth(market.id, levels)
    for index in range(max(len(depth.bids), len(depth.asks))):
        cells = ["", "", "", ""]
        if index < len(depth.bids):
            row = depth.bids[index]
            cells[:2] = market.format_quantity(row.quantity), market.format_price(row.price)
        if index < len(depth.asks):
            row = depth.asks[index]
            cells[2:] = market.format_price(row.price), market.format_quantity(row.quantity)
        table.add_row(*cells)
    return table


def _balance_table(engine: Engine, account: str | None) -> Table:
    assets = {asset.id: asset for asset in engine.assets()}
    table = Table(title="balances", title_justify="left")
    table.add_column("account", overflow="fold")
    table.add_column("asset")
    for heading in ("available", "held", "withdrawing", "in flight"):
        table.add_column(heading, justify="right", overflow="fold")
    for one in _accounts(engine, account):
        for balance in engine.balances(one):
            table.add_row(one, balance.asset, *_cells(balance, assets[balance.asset]))
    return table


def _cells(balance: Balance, asset: Asset) -> Iterator[str]:
    flight = balance.in_flight_in - balance.in_flight_out
    for amount in (balance.available, balance.held, balance.withdrawing, flight):
        yield f"-{asset.format(-amount)}" if amount < 0 else asset.format(amount)


def _order_table(engine: Engine, orders: Sequence[OrderView]) -> Table:
    table = Table(title="open orders", title_justify="left")
    for heading in ("order", "account", "market", "side", "price", "open", "filled"):
        table.add_column(heading, overflow="fold")
    for order in orders:
        row = _order(engine, order)
        table.add_row(
            *(
                str(row[name])
                for name in (
                    "order_id",
                    "account",
                    "market",
                    "side",
                    "price",
                    "open",
                    "filled",
                )
            )
        )
    return table


def _lines() -> Console:
    return Console(soft_wrap=True, highlight=False)
