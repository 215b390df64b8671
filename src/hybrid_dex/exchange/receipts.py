"""Receipts: what the journal holds about an order, signed by the operator, when somebody asks.

Events are not kept. Those of the newest commands are at hand; older ones are made again from the
journal, one request after the other, in a thread, so that nobody makes matching wait by asking.
"""

import asyncio
from collections.abc import Callable

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import ConfigurationError, JournalError
from hybrid_dex.exchange.background import replay_chunks
from hybrid_dex.exchange.isolations import Isolations
from hybrid_dex.exchange.replay import begin_replay
from hybrid_dex.interfaces.journal import Journal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import Settlement
from hybrid_dex.interfaces.snapshots import Snapshots
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.frame import HASH_BYTES, decode_frame
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.receipts import ReceiptKind, SignedJournalReceipt, receipts_of
from hybrid_dex.model.units import (
    AccountId,
    FillId,
    OrderId,
    Sequence,
    fill_sequence,
    order_sequence,
)

__all__ = ["Receipts"]


class Receipts:
    """Finds what a command did, and has it signed, for `Exchange.receipts`.

    Args:
        settlement: who signs.
        journal: an open journal.
        snapshots: where a replay may start.
        make_engine: makes a fresh engine.
        isolations: which commands broke an invariant.
        recent: tells what one of the newest commands did, or ``None``.
        position: tells the last applied frame.
    """

    def __init__(
        self,
        settlement: Settlement,
        *,
        journal: Journal,
        snapshots: Snapshots | None,
        make_engine: Callable[[], Engine],
        isolations: Isolations,
        recent: Callable[[Sequence], EventBatch | None],
        position: Callable[[], int],
    ) -> None:
        self._settlement = settlement
        self._journal = journal
        self._snapshots = snapshots
        self._make_engine = make_engine
        self._isolations = isolations
        self._recent = recent
        self._position = position
        self._replaying = asyncio.Lock()

    async def of(
        self,
        *,
        sequence: Sequence | None,
        order_id: OrderId | None,
        fill_id: FillId | None,
        account: AccountId | None,
    ) -> tuple[SignedJournalReceipt, ...] | Refusal:
        """Return the receipts of a command, of an order's acceptance, or of a fill.

        Raises:
            ConfigurationError: not exactly one is asked for, or there is no chain to settle on.
            SettlementError: nothing can be signed now.
        """
        if [sequence, order_id, fill_id].count(None) != 2:  # noqa: PLR2004 # one of three
            raise ConfigurationError("ask for the receipts of a sequence, an order or a fill")
        if order_id is not None:
            sequence = order_sequence(order_id)
        elif fill_id is not None:
            sequence = fill_sequence(fill_id)
        assert sequence is not None
        position, raw = await self._find(sequence)
        if raw is None:
            detail = "no command has this number, or the journal does not hold it any more"
            return Refusal(RejectReason.UNKNOWN_SEQUENCE, "sequence", detail)
        batch = self._recent(sequence)
        if batch is None:
            batch = await self._again(sequence, position)
        if batch is None:
            detail = "what came before it is no longer in the journal, and no snapshot is as old"
            return Refusal(RejectReason.UNKNOWN_SEQUENCE, "sequence", detail)
        found = [
            one
            for one in receipts_of(batch, position, raw[-HASH_BYTES:], account)
            if (order_id is None or (one.kind is ReceiptKind.ACCEPTED and one.order_id == order_id))
            and fill_id in {None, one.fill_id}
        ]
        if not found:
            detail = f"command {sequence} did nothing to such an order"
            return Refusal(RejectReason.NO_RECEIPT, "", detail)
        signatures = await self._settlement.sign_receipts(found)
        return tuple(
            SignedJournalReceipt(receipt=receipt, signature=signature)
            for receipt, signature in zip(found, signatures, strict=True)
        )

    async def _find(self, sequence: Sequence) -> tuple[int, bytes | None]:
        """Return the frame that holds a command, by halving: numbers rise with positions."""
        low, high = 1, self._position()
        while low <= high:
            middle = position = (low + high) // 2
            raw = await self._journal.read_at(position)
            if raw is None:  # trimmed up to here
                low = middle + 1
                continue
            commands = decode_frame(raw).commands
            while not commands and position < high:
                position += 1
                raw = await self._journal.read_at(position)
                commands = () if raw is None else decode_frame(raw).commands
            if not commands or sequence < commands[0].sequence:
                high = middle - 1
            elif sequence > commands[-1].sequence:
                low = position + 1
            else:
                return position, raw
        return 0, None

    async def _again(self, sequence: Sequence, upto: int) -> EventBatch | None:
        """Make a command's events again."""
        async with self._replaying:
            try:
                replay, _ = await begin_replay(
                    self._make_engine,
                    self._journal,
                    self._snapshots,
                    at_most=sequence - 1,
                    isolations=self._isolations,
                )
                async for batches in replay_chunks(replay, self._journal, upto):
                    for batch in batches:
                        if batch.sequence == sequence:
                            return batch
            except JournalError:
                return None  # it was trimmed
        return None
