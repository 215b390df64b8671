"""The service says what it is and how it is, and its messages are those of the proto file."""

from __future__ import annotations

import sys
from pathlib import Path

import grpc
import hybrid_dex_grpc
from grpc import aio
from grpc_bench import serving
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_tools import protoc
from hybrid_dex_grpc.credentials import target_of
from hybrid_dex_grpc.server import SERVICE

import hybrid_dex as dex

PACKAGE = Path(hybrid_dex_grpc.__file__).parent


async def health_of(channel: aio.Channel) -> int:
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    answer = await check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=60)
    return int(answer.status)


async def test_health_is_that_of_the_exchange(exchange: dex.Exchange) -> None:
    async with serving(exchange) as address:
        channel = aio.insecure_channel(target_of(address))
        while await health_of(channel) != health_pb2.HealthCheckResponse.SERVING:
            pass
        assert exchange._writer is not None
        exchange._writer.halt("for the test")
        while await health_of(channel) != health_pb2.HealthCheckResponse.NOT_SERVING:
            pass
        await channel.close()


async def test_the_service_can_be_explored(exchange: dex.Exchange) -> None:
    import asyncio

    async with serving(exchange) as address:

        def explore() -> list[str]:
            with grpc.insecure_channel(target_of(address)) as channel:
                database = ProtoReflectionDescriptorDatabase(channel)
                return list(database.get_services())

        assert SERVICE in await asyncio.to_thread(explore)


def test_the_compiled_messages_are_those_of_the_proto_file(tmp_path: Path) -> None:
    """`make proto` was run after the last change."""
    source = PACKAGE.parent
    arguments = [f"-I{source}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    proto = PACKAGE / "engine.proto"
    assert protoc.main(["protoc", *arguments, str(proto)]) == 0
    for name in ("engine_pb2.py", "engine_pb2.pyi"):
        made = (tmp_path / "hybrid_dex_grpc" / name).read_text()
        assert made == (PACKAGE / name).read_text(), f"{name} is stale; run `make proto`"
    assert "hybrid_dex_grpc.engine_pb2" in sys.modules
