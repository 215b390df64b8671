"""Draws the board in a terminal. Pure: a board in, something rich can print out."""

from typing import Final

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from reference_app.demo.board import STAGES, Board

__all__ = ["draw"]

_STAGE_STYLE: Final = {
    "matched": "yellow",
    "submitted": "cyan",
    "confirmed": "blue",
    "final": "green",
    "failed": "bold red",
}
_SIDE_STYLE: Final = {"buy": "green", "sell": "red"}
_LEVELS: Final = 7
_WIDE: Final = 140
"""Columns from which two panels stand side by side."""
_BAR: Final = 12


def draw(board: Board, width: int) -> Layout:
    """Return the whole screen for a terminal of so many columns."""
    if width < _WIDE:
        return _narrow(board)
    screen = Layout()
    screen.split_column(
        Layout(_header(board), size=3),
        Layout(name="middle", minimum_size=17),
        Layout(name="lower", minimum_size=12),
        Layout(_notes(board), size=4),
    )
    screen["middle"].split_row(
        Layout(Panel(_book(board), title=f"book  {board.market}", border_style="dim"), ratio=2),
        Layout(Panel(_trades(board), title="trades", border_style="dim"), ratio=3),
    )
    screen["lower"].split_row(
        Layout(
            Panel(
                _balances(board),
                title="balances: ledger and vault (= equal, ~ settling)",
                border_style="dim",
            ),
            ratio=3,
        ),
        Layout(Panel(_settlement(board), title="settlement", border_style="dim"), ratio=2),
    )
    return screen


def _narrow(board: Board) -> Layout:
    """The book, the trades and the settlement; balances need the room of a wider terminal."""
    screen = Layout()
    screen.split_column(
        Layout(_header(board), size=3),
        Layout(name="middle", minimum_size=17),
        Layout(Panel(_settlement(board), title="settlement", border_style="dim"), size=8),
    )
    screen["middle"].split_row(
        Layout(Panel(_book(board), title=f"book  {board.market}", border_style="dim"), ratio=4),
        Layout(Panel(_trades(board), title="trades", border_style="dim"), ratio=5),
    )
    return screen


def _header(board: Board) -> Panel:
    block = "" if board.block is None else f"  block {board.block}"
    line = Text.assemble(
        ("hybrid-dex ", "bold"),
        board.gateway,
        f"  orders {board.orders}  fills {len(board.fills)}{block}",
        ("  Ctrl-C ends  ", "dim"),
        (board.chain, "cyan"),
    )
    line.no_wrap = True
    line.overflow = "ellipsis"
    return Panel(line, border_style="dim")


def _book(board: Board) -> Table:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column("price", justify="right")
    table.add_column("quantity", justify="right")
    table.add_column("depth")
    asks, bids = board.asks[:_LEVELS], board.bids[:_LEVELS]
    largest = max((float(quantity) for _, quantity in (*asks, *bids)), default=1.0)
    for price, quantity in reversed(asks):
        table.add_row(Text(price, "red"), quantity, _bar(quantity, largest, "red"))
    table.add_row(Text(_spread(board), "dim"), "", "")
    for price, quantity in bids:
        table.add_row(Text(price, "green"), quantity, _bar(quantity, largest, "green"))
    return table


def _bar(quantity: str, largest: float, style: str) -> Text:
    """A bar for the eye; the only place where a quantity becomes a float."""
    return Text("█" * max(1, int(_BAR * float(quantity) / largest)), style)


def _spread(board: Board) -> str:
    if not board.asks or not board.bids:
        return "no market"
    return f"{board.bids[0][0]} | {board.asks[0][0]}"


def _trades(board: Board) -> Table:
    table = Table(expand=True, box=None, header_style="dim", padding=(0, 1))
    for name, justify in (
        ("time", "left"),
        ("side", "left"),
        ("price", "right"),
        ("quantity", "right"),
    ):
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
    table.add_column("settlement", no_wrap=True)
    for row in reversed(board.trades):
        table.add_row(
            row.time,
            Text(row.side, _SIDE_STYLE.get(row.side, "")),
            row.price,
            row.quantity,
            Text(row.stage, _STAGE_STYLE.get(row.stage, "")),
        )
    return table


def _settlement(board: Board) -> RenderableType:
    counts = board.counts()
    line = Text("  ").join(
        Text(f"{stage} {counts[stage]}", _STAGE_STYLE[stage]) for stage in STAGES
    )
    table = Table(expand=True, box=None, header_style="dim", padding=(0, 1))
    for name in ("batch", "fills", "gas", "gas/fill", "state"):
        table.add_column(name, justify="left" if name == "state" else "right", no_wrap=True)
    for batch in board.recent_batches():
        each = f"{batch.gas // batch.fills:,}" if batch.gas is not None and batch.fills else "-"
        gas = "-" if batch.gas is None else f"{batch.gas:,}"
        state = Text(batch.stage, _STAGE_STYLE.get(batch.stage, ""))
        table.add_row(str(batch.number), str(batch.fills), gas, each, state)
    return Group(line, Text(), table)


def _balances(board: Board) -> Table:
    table = Table(expand=True, box=None, header_style="dim", padding=(0, 1))
    table.add_column("account", no_wrap=True, min_width=8)
    table.add_column("asset", no_wrap=True, min_width=5)
    for name in ("available", "held", "in flight", "vault"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in board.balances:
        mark = Text("=", "green") if row.equal else Text("≠", "bold red")
        if row.settling:
            mark = Text("~", "yellow")  # the vault may be ahead of what is final
        table.add_row(row.name, row.asset, row.available, row.held, row.in_flight, row.vault, mark)
    return table


def _notes(board: Board) -> Panel:
    return Panel(Text("\n".join(list(board.notes)[-2:]), "dim"), border_style="dim")
