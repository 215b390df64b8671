"""The engine's own process: no HTTP, gateways alone reach it.

It settles, projects its records and publishes to the bus as in any other; only people do not come
here.
"""

import asyncio
import logging
import signal
import sys
from typing import Final

from hybrid_dex.errors import ConfigurationError, HybridDexError
from reference_app.app import compose
from reference_app.engines import opened_engine
from reference_app.services import Services
from reference_app.settings import Settings

__all__ = ["run_engine"]

_log: Final = logging.getLogger(__name__)


def run_engine(settings: Settings) -> int:
    """Serve gateways until SIGTERM or SIGINT; return the exit code."""
    try:
        if settings.is_gateway or not settings.link.listen:
            raise ConfigurationError(
                "an engine needs link.listen, where gateways reach it, and no engine of another process"
            )
        return asyncio.run(_serve(compose(settings, owns_process=True)))
    except (HybridDexError, OSError) as error:
        print(f"hybrid-dex: {error}", file=sys.stderr)  # noqa: T201 # the one line
        return 1


async def _serve(services: Services) -> int:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    settings = services.settings
    try:
        async with opened_engine(settings, services.exchange, services.records, services.bus):
            _log.info("gateways are listened to on %s", settings.link.listen)
            await ended.wait()
    finally:
        services.verifier.shutdown(wait=False)
    return 0
