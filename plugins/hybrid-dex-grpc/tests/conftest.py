"""The fixtures of `bench`, for every test of the plugin."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "hybrid-dex-redis" / "tests")]

from grpc_bench import (  # noqa: E402 # the path first
    address,
    authority,
    engine,
    exchange,
    make_authority,
)

__all__ = ["address", "authority", "engine", "exchange", "make_authority"]
