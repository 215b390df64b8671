"""How a client behaves."""

from typing import Literal

import attrs

from hybrid_dex.client.stream import StreamOptions
from hybrid_dex.signing import Domain

__all__ = ["ClientOptions"]


@attrs.frozen(kw_only=True)
class ClientOptions:
    """How a client behaves.

    Attributes:
        entry: over what orders are sent; the socket gives way to REST while it is down.
        attempts: how often a request is tried, and an unknown outcome asked for.
        backoff_s: pause between asking for an unknown outcome; it doubles.
        timeout_s: how long to wait for an answer.
        lanes: how many nonce lanes to use.
        first_lane: the lowest of them; give each program of an account its own range.
        receive_window_ms: how long after it was sent, by this machine's clock, an order may still be
            done, 1 to 60,000; ``None`` for as long as it takes.
        expected_domain: refuse an exchange that settles elsewhere; signatures are worth money.
        stream: of the socket.
    """

    entry: Literal["rest", "socket"] = "socket"
    attempts: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    backoff_s: float = attrs.field(default=0.2, validator=attrs.validators.ge(0))
    timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    lanes: int = 1_024
    first_lane: int = 1
    receive_window_ms: int | None = None
    expected_domain: Domain | None = None
    stream: StreamOptions = attrs.field(factory=StreamOptions)
