"""Run the reference exchange: ``python -m reference_app settings.toml ...``."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from hybrid_dex.errors import ConfigurationError
from reference_app.server import run
from reference_app.settings import Settings, load_settings


def main(arguments: list[str], serve: Callable[[Settings], int] = run) -> int:
    """Serve what settings files say; return the exit code."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        settings = load_settings([Path(argument) for argument in arguments])
    except ConfigurationError as error:
        print(f"hybrid-dex: {error}", file=sys.stderr)  # noqa: T201 # the one line
        return 1
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
