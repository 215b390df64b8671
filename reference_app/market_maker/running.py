"""The market maker as a program: a client, the loop, a live table, a clean end."""

import asyncio
import os
import signal
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from hybrid_dex.client import ExchangeClient
from hybrid_dex.signing import LocalSigner
from reference_app.market_maker.maker import MakerState, MarketMaker, client_options
from reference_app.market_maker.options import MarketMakerOptions

__all__ = ["quote_until_stopped", "state_table"]

_INTERRUPTED: Final = 130
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


async def quote_until_stopped(
    url: str, key: str, options: MarketMakerOptions, console: Console
) -> int:
    """Quote until SIGINT or SIGTERM, pull every quote, and return the exit code.

    A second signal ends it at once, should the exchange not answer: it pulls the quotes by itself.

    Raises:
        HybridDexError: the exchange can not be reached, or refuses the login or the options.
    """
    # Nothing is to be pulled yet, and a cleaner end could wait for an exchange that does not answer.
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, os._exit, _INTERRUPTED)
    async with ExchangeClient(
        url, signer=LocalSigner(key), options=client_options(options)
    ) as client:
        stop = asyncio.Event()
        console.print(f"quoting {options.market} at {url} for {client.account}; Ctrl-C ends")
        # Not before: until there is something to pull, a signal ends the program at once.
        _stop_at_a_signal(stop, console)
        with Live(console=console, auto_refresh=False) as live:
            maker = MarketMaker(
                client,
                options,
                on_state=lambda state: live.update(state_table(state), refresh=True),
            )
            await maker.run(stop)
    console.print("every quote is pulled")
    return 0


def _stop_at_a_signal(stop: asyncio.Event, console: Console) -> None:
    loop = asyncio.get_running_loop()

    def end_at_once() -> None:
        # Whatever still waits for the exchange would go on waiting within a clean end.
        console.show_cursor()
        console.print("ended at once; the exchange pulls the quotes when it misses this program")
        os._exit(_INTERRUPTED)

    def pull_first() -> None:
        stop.set()
        for number in _SIGNALS:
            loop.add_signal_handler(number, end_at_once)

    for number in _SIGNALS:
        loop.add_signal_handler(number, pull_first)


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
