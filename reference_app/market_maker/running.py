"""The market maker as a program: a client, the loop, a live table, a clean end."""

import asyncio
import signal

from rich.console import Console
from rich.live import Live
from rich.table import Table

from hybrid_dex.client import ExchangeClient
from hybrid_dex.signing import LocalSigner
from reference_app.market_maker.maker import MakerState, MarketMaker, client_options
from reference_app.market_maker.options import MarketMakerOptions

__all__ = ["quote_until_stopped", "state_table"]


async def quote_until_stopped(
    url: str, key: str, options: MarketMakerOptions, console: Console
) -> int:
    """Quote until SIGINT or SIGTERM, pull every quote, and return the exit code.

    Raises:
        HybridDexError: the exchange can not be reached, or refuses the login or the options.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with ExchangeClient(
        url, signer=LocalSigner(key), options=client_options(options)
    ) as client:
        console.print(f"quoting {options.market} at {url} for {client.account}; Ctrl-C ends")
        with Live(console=console, auto_refresh=False) as live:
            maker = MarketMaker(
                client,
                options,
                on_state=lambda state: live.update(state_table(state), refresh=True),
            )
            await maker.run(stop)
    console.print("every quote is pulled")
    return 0


def state_table(state: MakerState) -> Table:
    """Return what the market maker is doing, as one row."""
    table = Table(
        "quoting", "reference", "inventory", "live", "placed", "replaced", "canceled", "note"
    )
    table.add_row(
        "yes" if state.quoting else "no",
        state.reference,
        state.inventory,
        str(state.live),
        str(state.placed),
        str(state.replaced),
        str(state.canceled),
        state.refusal,
    )
    return table
