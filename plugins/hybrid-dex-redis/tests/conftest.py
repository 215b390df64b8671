"""The fixtures of `redis_bench`, for every test of the plugin."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from redis_bench import bus, exchange, server  # the path first

__all__ = ["bus", "exchange", "server"]
