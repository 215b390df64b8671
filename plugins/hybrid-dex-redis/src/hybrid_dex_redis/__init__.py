"""What several gateways share, over Redis."""

from hybrid_dex_redis.bus import RedisBus

__all__ = ["RedisBus"]
