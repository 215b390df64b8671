"""The fixtures of `bench`, for every test of the plugin."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from grpc_bench import (  # the path first
    address,
    authority,
    engine,
    exchange,
    make_authority,
)

__all__ = ["address", "authority", "engine", "exchange", "make_authority"]
