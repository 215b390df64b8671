"""What it takes to put several gateways in front of one engine: a link to it, and a bus beside it.

Both are plugins, found by the scheme of the address that an operator writes down:

    engine = "grpc://engine.internal:7443"    the group `hybrid_dex.engine`, an `EngineLink`
    bus    = "redis://127.0.0.1:6379/0"       the group `hybrid_dex.bus`, makes a `Bus`

The link carries commands to the engine and its journal's records back. The bus holds what gateways
share beside that - login nonces, rates, and the same records once for all of them. Nothing on the bus is the
truth: the engine goes on without it.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol, Self

import attrs

from hybrid_dex.defaults.login_store import NonceStore
from hybrid_dex.exchange.core import Exchange
from hybrid_dex.exchange.engine_client import EngineClient
from hybrid_dex.exchange.replica import RecordSource, Replica
from hybrid_dex.interfaces.auth import Auth

__all__ = ["Bus", "EngineLink", "LinkOptions"]

_AT_LEAST_ONE: Final = attrs.validators.ge(1)
_POSITIVE_S: Final = attrs.validators.gt(0.0)


@attrs.frozen(kw_only=True)
class LinkOptions:
    """How an engine and its gateways meet. Each side has a certificate of the same authority.

    Attributes:
        certificate: this side's certificate, PEM.
        key: its private key, PEM.
        authority: the certificates of the authority that the other side's must be signed by, PEM.
        plaintext: do without all three, within this machine only: anybody on it may then speak.
        trusted: names of gateways whose verified orders are believed; those of others are verified
            again. ``local`` names whoever comes without a certificate. For the engine's side.
        answer_s: how long a gateway waits for an answer before its outcome is unknown, seconds.
        max_waiting: requests of one gateway that may be unanswered; more wait, then are refused.
        max_message_bytes: the largest message that either side takes.
        signed_for: chain and contract that this side takes orders for, in words; where both sides say
            it they must say the same. Empty says nothing.
        keepalive_s: silence after which the other side is asked whether it lives, seconds.
    """

    certificate: Path | None = None
    key: Path | None = attrs.field(default=None, repr=False)
    authority: Path | None = None
    plaintext: bool = False
    trusted: tuple[str, ...] = ()
    answer_s: float = attrs.field(default=10.0, validator=_POSITIVE_S)
    max_waiting: int = attrs.field(default=4_096, validator=_AT_LEAST_ONE)
    max_message_bytes: int = attrs.field(default=4 * 1024 * 1024, validator=_AT_LEAST_ONE)
    signed_for: str = ""
    keepalive_s: float = attrs.field(default=10.0, validator=_POSITIVE_S)


class EngineLink(Protocol):
    """A way to reach an engine in another process."""

    def connect(
        self,
        address: str,
        options: LinkOptions,
        *,
        replica: Replica,
        auth: Auth,
        requires_signature: bool,
        bus: "Bus | None" = None,
    ) -> EngineClient:
        """Return a client of the engine at an address; nothing is opened yet.

        Args:
            address: what the operator wrote.
            options: how to meet.
            replica: a fresh one; it becomes the client's view.
            auth: verifies orders at the gateway, where the engine trusts it.
            requires_signature: what the gateway was configured for; the engine must agree.
            bus: where records come from while it has them.

        Raises:
            ConfigurationError: the address or the options can not be used.
        """
        ...

    def serve(
        self, exchange: Exchange, address: str, options: LinkOptions
    ) -> AbstractAsyncContextManager[str]:
        """Let gateways reach an open exchange; yields the address that is really listened at.

        Raises:
            ConfigurationError: the address or the options can not be used.
        """
        ...


class Bus(Protocol):
    """What gateways share. Use it as ``async with bus``.

    While it is away, whatever proves who somebody is fails with `UnavailableError`, and records
    come from the engine itself.
    """

    async def __aenter__(self) -> Self:
        """Connect. Raises `UnavailableError`, and `ConfigurationError` for one not fit for this."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Release everything."""
        ...

    def nonces(self) -> NonceStore:
        """Return where login nonces are kept for all gateways, each taken once."""
        ...

    def rates(self) -> str:
        """Return the address at which the ``limits`` library counts rates for all gateways."""
        ...

    def relay(self, source: RecordSource) -> RecordSource:
        """Return a source that takes records from here, and from ``source`` what is not here."""
        ...

    def publishing(self, source: RecordSource) -> AbstractAsyncContextManager[None]:
        """Put an engine's records here, in order, each once, until the block ends."""
        ...
