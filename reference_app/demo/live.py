"""The demo that goes on until Ctrl-C: everything trades, and the terminal shows it."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

from rich.console import Console
from rich.live import Live
from web3 import AsyncWeb3

from hybrid_dex.settlement.evm.provider import ATTEMPTS, HttpProvider
from reference_app.demo.ending import Ending
from reference_app.demo.options import DemoOptions
from reference_app.demo.quotes import maker_of
from reference_app.demo.supervisor import Demo, running_demo
from reference_app.demo.takers import Taker
from reference_app.demo.view import draw
from reference_app.demo.watch import (
    watch_balances,
    watch_book,
    watch_chain,
    watch_fills,
    watch_trades,
)

__all__ = ["run_live"]

_FRAMES_PER_S: Final = 4
_LINE_S: Final = 5.0


async def run_live(options: DemoOptions, console: Console) -> int:
    """Run until a signal; return the exit code. One that comes while it starts cancels it.

    Raises:
        HybridDexError: a piece can not start, or keeps ending.
    """
    ending = Ending()
    ending.listen()
    stop = ending.stop
    console.print("starting: chain, contracts, deposits, exchange", style="dim")
    async with running_demo(options) as demo:
        ending.started()
        console.print(
            f"trading at {options.url}  (open it: the demo wallet has play money; API: {options.url}/openapi)"
        )
        takers, quoting = takers_of(demo), maker_of(demo)

        def orders() -> int:
            state = quoting.state
            return state.placed + state.replaced + sum(taker.acknowledged for taker in takers)

        tasks = [asyncio.create_task(work) for work in _background(demo, takers)]
        maker = asyncio.create_task(quoting.run(stop))
        show = asyncio.create_task(_show(demo, console, orders))
        waiting = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait(
                [*tasks, maker, show, waiting], return_when=asyncio.FIRST_COMPLETED
            )
            for task in done - {waiting}:
                task.result()  # a piece ended by itself: say why
        finally:
            stop.set()
            for task in (*tasks, show, waiting):
                task.cancel()
            await asyncio.gather(*tasks, show, waiting, return_exceptions=True)
            console.print(
                "ending: quotes are pulled, the exchange and the chain are closed", style="dim"
            )
            await maker
    console.print(f"kept in {options.data}; the next start resumes it", style="dim")
    return 0


def _background(demo: Demo, takers: Sequence[Taker]) -> list[Coroutine[None, None, None]]:
    board, market = demo.board, demo.market
    work = [
        demo.keep_exchange(),
        watch_book(board, demo.observer, market),
        watch_trades(board, demo.observer, market),
        watch_balances(board, demo.traders, market),
        *(watch_fills(board, trader.client) for trader in demo.traders),
        *(taker.run() for taker in takers),
    ]
    if demo.chain is not None:
        work.append(watch_chain(board, AsyncWeb3(HttpProvider(demo.chain.url, attempts=ATTEMPTS))))
    return work


def takers_of(demo: Demo) -> list[Taker]:
    """Return the demo's takers, each with a generator of its own."""
    options = demo.options
    return [
        Taker(
            trader.client,
            demo.market,
            random.Random(f"{options.seed}:{trader.account.name}"),
            options.pause_s,
        )
        for trader in demo.traders[1:]
    ]


async def _show(demo: Demo, console: Console, orders: Callable[[], int]) -> None:
    """Draw the board; where there is no terminal, print a line now and then."""
    if not console.is_terminal:
        while True:
            await asyncio.sleep(_LINE_S)
            board = demo.board
            board.orders = orders()
            stages = "  ".join(f"{stage} {number}" for stage, number in board.counts().items())
            console.print(f"orders {board.orders}  fills {len(board.fills)}  {stages}")
    with contextlib.closing(_Screen(demo, console)) as screen:
        while True:
            demo.board.orders = orders()
            screen.refresh()
            await asyncio.sleep(1 / _FRAMES_PER_S)


class _Screen:
    """The live display, closed whatever happens so that the terminal comes back as it was."""

    def __init__(self, demo: Demo, console: Console) -> None:
        self._demo = demo
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._live.start()

    def refresh(self) -> None:
        self._live.update(draw(self._demo.board, self._live.console.width), refresh=True)

    def close(self) -> None:
        self._live.stop()
