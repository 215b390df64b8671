"""Terms: what an engine and its gateway must agree on before the gateway shows anything."""

from hybrid_dex import ConfigurationError
from hybrid_dex_grpc import engine_pb2 as pb

__all__ = ["check_terms"]


def check_terms(
    description: pb.Description, *, requires_signature: bool, signed_for: str, versions: str
) -> None:
    """Compare what an engine says of itself with what a gateway was configured for.

    Args:
        description: of the engine.
        requires_signature: whether orders need a signature.
        signed_for: chain and contract in words; empty when not known.
        versions: of engine, book and risk.

    Raises:
        ConfigurationError: they differ.
    """
    if description.requires_signature != requires_signature:
        theirs = "signed orders only" if description.requires_signature else "any order"
        raise ConfigurationError(
            f"the engine takes {theirs} and this gateway is configured otherwise; give both the "
            "same chain settings"
        )
    theirs = description.signed_for
    if theirs and signed_for and theirs != signed_for:
        raise ConfigurationError(
            f"the engine takes orders for {theirs}, and this gateway for {signed_for}: what traders "
            "sign here would be worth nothing there; give both the same chain settings"
        )
    if description.versions != versions:
        raise ConfigurationError(
            f"the engine is {description.versions!r} and this gateway {versions!r}; give both the "
            "same program and risk settings"
        )
