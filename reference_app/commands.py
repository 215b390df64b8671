"""The reference app's commands for `hybrid-dex`, registered by entry point."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from rich.console import Console

from hybrid_dex.errors import ConfigurationError
from reference_app.demo.options import DemoOptions

__all__ = ["demo", "engine", "market_maker", "serve"]

_INTERRUPTED: Final = 130


def demo(
    *,
    once: Annotated[bool, Parameter(negative="")] = False,
    chain: bool = True,
    fresh: Annotated[bool, Parameter(negative="")] = False,
    port: int = 8000,
    chain_port: int = 8545,
    data: Path = Path(".demo"),
    seed: int = 1,
    takers: int = 3,
) -> int:
    """Run a whole exchange on this machine: chain, vault, engine, market maker, takers.

    Parameters
    ----------
    once
        Trade a fixed number of orders, prove that all settled, and end. Starts afresh.
    chain
        Settle on a local chain; --no-chain needs Python only.
    fresh
        Forget what an earlier run left.
    port
        Where the exchange listens.
    chain_port
        Where the local chain listens.
    data
        The folder that a next start resumes.
    seed
        Decides the market maker's walk and the takers' orders.
    takers
        How many takers trade, 1 to 7.
    """
    import stamina  # noqa: PLC0415

    # The pieces of the demo are imported when it runs: a second, mostly web3's.
    from reference_app.demo.live import run_live  # noqa: PLC0415
    from reference_app.demo.scenario import run_once  # noqa: PLC0415

    folder = data / (("once" if once else "live") + ("" if chain else "-no-chain"))
    try:
        options = DemoOptions(
            chain=chain,
            port=port,
            chain_port=chain_port,
            data=folder,
            fresh=fresh or once,
            seed=seed,
            takers=takers,
        )
    except ValueError as error:
        raise ConfigurationError(f"the demo's options can not be used: {error.args[0]}") from error
    logging.basicConfig(level=logging.ERROR)
    stamina.instrumentation.set_on_retry_hooks([])  # the view says when something is away
    try:
        return asyncio.run((run_once if once else run_live)(options, Console()))
    except asyncio.CancelledError:  # a signal before it was up, or within the bounded run
        return _INTERRUPTED


def serve(*settings: Path) -> int:
    """Serve the exchange that settings files and HYBRID_DEX_ variables describe.

    Parameters
    ----------
    settings
        TOML files, each overriding the one before.
    """
    from reference_app.__main__ import main  # noqa: PLC0415

    return main([str(path) for path in settings])


def engine(*settings: Path) -> int:
    """Run the engine of settings files and HYBRID_DEX_ variables, for gateways of other processes.

    Parameters
    ----------
    settings
        TOML files, each overriding the one before.
    """
    from reference_app.__main__ import main  # noqa: PLC0415
    from reference_app.engine_process import run_engine  # noqa: PLC0415

    return main([str(path) for path in settings], run_engine)


def market_maker(
    *,
    key_file: Path,
    reference_price: str,
    url: str = "http://127.0.0.1:8000",
    market: str = "ETH-USDC",
    levels: int = 5,
    spacing_bps: int = 10,
    quantity: str = "0.5",
    interval_s: float = 5.0,
    step_ppm: int = 5_000,
    skew_bps: int = 20,
    max_inventory: str = "10",
    seed: int = 0,
) -> int:
    """Quote a market until Ctrl-C, then pull every quote.

    Parameters
    ----------
    key_file
        A file with the account's private key, 0x-hex. Use an account of its own.
    reference_price
        Where the seeded random walk begins.
    url
        The exchange.
    market
        What to quote.
    levels
        Price levels a side.
    spacing_bps
        Distance between levels, basis points.
    quantity
        Quoted on each level.
    interval_s
        Seconds between two refreshes.
    step_ppm
        The farthest that the reference moves in one step, parts per million.
    skew_bps
        How far quotes move against a full inventory.
    max_inventory
        How much base may be gained or lost.
    seed
        Of the walk.
    """
    import stamina  # noqa: PLC0415

    from reference_app.market_maker import MarketMakerOptions  # noqa: PLC0415
    from reference_app.market_maker.running import quote_until_stopped  # noqa: PLC0415

    try:
        options = MarketMakerOptions(
            market=market,
            reference_price=reference_price,
            levels=levels,
            spacing_bps=spacing_bps,
            quantity=quantity,
            interval_s=interval_s,
            step_ppm=step_ppm,
            skew_bps=skew_bps,
            max_inventory=max_inventory,
            max_orders=2 * levels,
            seed=seed,
        )
    except ValueError as error:
        raise ConfigurationError(f"the market maker's options can not be used: {error}") from error
    stamina.instrumentation.set_on_retry_hooks([])  # the table says when something is away
    return asyncio.run(quote_until_stopped(url, _private_key(key_file), options, Console()))


def _private_key(file: Path) -> str:
    """Return the key in a file; it is never an argument, where other programs could read it."""
    try:
        return file.read_text().strip()
    except OSError as error:
        raise ConfigurationError(
            f"the key file {file} can not be read: {error.strerror}"
        ) from error
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"the key file {file} is no text; it holds one private key, 0x-hex"
        ) from None
