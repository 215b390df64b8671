"""The reference app's commands for `hybrid-dex`, registered by entry point."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from hybrid_dex.errors import ConfigurationError
from reference_app.demo.options import DemoOptions

__all__ = ["demo", "serve"]


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
    return asyncio.run((run_once if once else run_live)(options, Console()))


def serve(*settings: Path) -> int:
    """Serve the exchange that settings files and HYBRID_DEX_ variables describe.

    Parameters
    ----------
    settings
        TOML files, each overriding the one before.
    """
    from reference_app.__main__ import main  # noqa: PLC0415

    return main([str(path) for path in settings])
