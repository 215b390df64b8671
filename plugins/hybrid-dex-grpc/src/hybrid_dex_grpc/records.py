"""Records from the engine: where a replica begins and what it is kept from."""

from collections.abc import AsyncIterator

import grpc
from grpc import aio

from hybrid_dex import Checkpoint, Sequence, Snapshot, UnavailableError
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.channel import EngineChannel, told

__all__ = ["EngineRecords"]


class EngineRecords:
    """A `RecordSource` over a channel.

    Args:
        channel: to the engine.
    """

    def __init__(self, channel: EngineChannel) -> None:
        self._channel = channel

    async def checkpoint(self, after: int | None = None) -> Checkpoint:
        """Return where to begin. Raises `UnavailableError`."""
        state: list[bytes] = []
        head: pb.CheckpointHead | None = None
        try:
            async for part in self._channel.get_checkpoint(pb.CheckpointRequest(after=after)):
                if part.HasField("head"):
                    head = part.head
                state.append(part.state)
        except grpc.RpcError as error:
            raise UnavailableError(f"the engine gives no checkpoint: {told(error)}") from error
        if head is None:
            raise UnavailableError("the engine gave an empty checkpoint")
        snapshot = (
            Snapshot(
                position=head.position,
                frame_hash=head.frame_hash,
                sequence=Sequence(head.sequence),
                state_hash=head.state_hash,
                versions=head.snapshot_versions,
                state=b"".join(state),
            )
            if head.has_snapshot
            else None
        )
        return Checkpoint(
            versions=head.versions, snapshot=snapshot, epoch=head.epoch, head=head.head
        )

    async def records(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield durable records after a position, and new ones.

        Raises:
            UnavailableError: the engine is gone, or the ones right after it are trimmed: another
                checkpoint has what they did.
        """
        parts: list[bytes] = []
        call = self._channel.follow_records(pb.FollowRecordsRequest(after=after))
        try:
            async for message in call:
                for record in message.records:
                    parts.append(record.content)
                    if not record.continues:
                        yield record.position, b"".join(parts)
                        parts.clear()
        except aio.AioRpcError as error:
            raise UnavailableError(f"the engine's records ended: {told(error)}") from error
        finally:
            call.cancel()
