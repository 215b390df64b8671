"""Several gateways in front of one engine, over gRPC with mutual TLS."""

from hybrid_dex_grpc.link import GrpcLink

__all__ = ["GrpcLink"]
