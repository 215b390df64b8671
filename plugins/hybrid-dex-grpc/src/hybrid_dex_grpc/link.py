"""GrpcLink: what a settings file means by ``engine = "grpc://..."``."""

from contextlib import AbstractAsyncContextManager

from hybrid_dex import Auth, Bus, EngineClient, EngineLink, Exchange, LinkOptions, Replica
from hybrid_dex_grpc.client import GrpcEngine
from hybrid_dex_grpc.credentials import channel_credentials, target_of
from hybrid_dex_grpc.server import serving

__all__ = ["GrpcLink"]


class GrpcLink(EngineLink):
    """An `EngineLink` over gRPC."""

    def connect(
        self,
        address: str,
        options: LinkOptions,
        *,
        replica: Replica,
        auth: Auth,
        requires_signature: bool,
        bus: Bus | None = None,
    ) -> EngineClient:
        """Return a client of the engine at an address; nothing is opened yet.

        Raises:
            ConfigurationError: the address or the options can not be used.
        """
        target = target_of(address)
        channel_credentials(target, options)  # what can not be used is refused before anything runs
        return GrpcEngine(
            target,
            options,
            replica=replica,
            auth=auth,
            requires_signature=requires_signature,
            bus=bus,
        )

    def serve(
        self, exchange: Exchange, address: str, options: LinkOptions
    ) -> AbstractAsyncContextManager[str]:
        """Let gateways reach an open exchange; yields the address that is really listened at.

        Raises:
            ConfigurationError: the address or the options can not be used.
        """
        return serving(exchange, address, options)
