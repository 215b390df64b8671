"""Channel: a gateway's connection to the engine, and the methods of `engine.proto` on it."""

from typing import Final

import grpc
from grpc import aio

from hybrid_dex import LinkOptions
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.credentials import channel_credentials

__all__ = ["EngineChannel"]

_PATH: Final = "/" + pb.DESCRIPTOR.services_by_name["Engine"].full_name + "/"
_LONGEST_BACKOFF_MS: Final = 1_000


class EngineChannel:
    """Connects when it is first used, and again whenever that is lost.

    Args:
        target: where gRPC finds the engine.
        options: how to meet.

    Raises:
        ConfigurationError: the options can not be used.
    """

    def __init__(self, target: str, options: LinkOptions) -> None:
        credentials = channel_credentials(target, options)
        arguments = [
            ("grpc.max_receive_message_length", options.max_message_bytes),
            ("grpc.max_send_message_length", options.max_message_bytes),
            ("grpc.keepalive_time_ms", int(options.keepalive_s * 1000)),
            ("grpc.keepalive_timeout_ms", int(options.keepalive_s * 1000)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.min_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", _LONGEST_BACKOFF_MS),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        self._channel = (
            aio.insecure_channel(target, arguments)
            if credentials is None
            else aio.secure_channel(target, credentials, arguments)
        )
        self.describe = self._channel.unary_unary(
            _PATH + "Describe",
            pb.DescribeRequest.SerializeToString,
            pb.Description.FromString,
        )
        self.submit = self._channel.stream_stream(
            _PATH + "Submit", pb.Requests.SerializeToString, pb.Answers.FromString
        )
        self.get_checkpoint = self._channel.unary_stream(
            _PATH + "GetCheckpoint",
            pb.CheckpointRequest.SerializeToString,
            pb.CheckpointPart.FromString,
        )
        self.follow_records = self._channel.unary_stream(
            _PATH + "FollowRecords",
            pb.FollowRecordsRequest.SerializeToString,
            pb.Records.FromString,
        )
        self.follow_events = self._channel.unary_stream(
            _PATH + "FollowEvents",
            pb.FollowEventsRequest.SerializeToString,
            pb.EventBatches.FromString,
        )
        self.get_order = self._channel.unary_unary(
            _PATH + "GetOrder", pb.GetOrderRequest.SerializeToString, pb.OrderView.FromString
        )

    async def close(self) -> None:
        """End every call. Safe to call twice."""
        await self._channel.close(None)


def told(error: grpc.RpcError) -> str:
    """Return what a failed call says of itself, in one line."""
    if isinstance(error, aio.AioRpcError):
        details = (error.details() or "").partition("\n")[0]
        return f"{error.code().name}: {details}" if details else error.code().name
    return str(error)
