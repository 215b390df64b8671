"""The exchange: the shell around the engine. The single writer, and what hangs off it."""

from hybrid_dex.exchange.core import Exchange
from hybrid_dex.exchange.durations import Durations, Percentiles
from hybrid_dex.exchange.engine_client import EngineClient
from hybrid_dex.exchange.follower import EngineRecipe
from hybrid_dex.exchange.followers import SlowFollowerError, Subscription
from hybrid_dex.exchange.gateways import Bus, EngineLink, LinkOptions
from hybrid_dex.exchange.options import ExchangeHealth, ExchangeOptions
from hybrid_dex.exchange.presence import AccountConnection
from hybrid_dex.exchange.replica import Checkpoint, RecordSource, Replica, StaleReplicaError
from hybrid_dex.exchange.requests import unsigned_command
from hybrid_dex.exchange.view import ExchangeView

__all__ = [
    "AccountConnection",
    "Bus",
    "Checkpoint",
    "Durations",
    "EngineClient",
    "EngineLink",
    "EngineRecipe",
    "Exchange",
    "ExchangeHealth",
    "ExchangeOptions",
    "ExchangeView",
    "LinkOptions",
    "Percentiles",
    "RecordSource",
    "Replica",
    "SlowFollowerError",
    "StaleReplicaError",
    "Subscription",
    "unsigned_command",
]
