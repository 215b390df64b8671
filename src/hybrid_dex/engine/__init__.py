"""The pure heart: commands in, events out, the same on every machine."""

from hybrid_dex.engine.engine import Engine
from hybrid_dex.engine.readings import Readings

__all__ = ["Engine", "Readings"]
