"""EvmOperation: `SettlementOperation` over the pipeline, the sender and the node of an `EvmSettlement`.

It reads what they hold and sets flags that the worker heeds at its next look; it never sends, and
asks the node only for receipts, each once when it is asked for again.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from hybrid_dex.settlement.evm.node import Node
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.evm.sender import Sender
from hybrid_dex.settlement.health import SettlementHealth
from hybrid_dex.settlement.operation import BatchStanding, Inclusion, TransactionStanding

__all__ = ["EvmOperation"]

_KEPT: Final = 4_096
"""Receipts of final blocks that are remembered."""


class EvmOperation:
    """See `SettlementOperation`.

    Args:
        health: tells how the settlement is.
    """

    def __init__(self, health: Callable[[], SettlementHealth]) -> None:
        self._health = health
        self._parts: tuple[Node, Pipeline, Sender] | None = None
        self._paused = ""
        self._included: OrderedDict[str, Inclusion] = OrderedDict()

    def attach(self, node: Node, pipeline: Pipeline, sender: Sender) -> None:
        """Work on these: the settlement is open."""
        self._parts = node, pipeline, sender

    def detach(self) -> None:
        """The settlement is closed."""
        self._parts = None

    @property
    def paused(self) -> str:
        """Why nothing is sent, or an empty text."""
        return self._paused

    @property
    def final_batch(self) -> int:
        """The highest batch that is final."""
        return 0 if self._parts is None else self._parts[1].final_number

    def health(self) -> SettlementHealth:
        """Return how it is."""
        return self._health()

    def batches(self) -> tuple[BatchStanding, ...]:
        """Return the batches that are not final."""
        if self._parts is None:
            return ()
        _, pipeline, _ = self._parts
        return tuple(
            BatchStanding(
                number=number,
                stage=batch.stage,
                fills=sum(len(group.fills) for group in batch.groups),
                transactions=tuple(
                    TransactionStanding(
                        hash=found.hash,
                        nonce=found.nonce,
                        state=found.state,
                        gas_limit=found.gas,
                        max_fee_wei=found.fees.max_fee,
                        tip_wei=found.fees.tip,
                    )
                    for found in sorted(
                        pipeline.of_batch(number), key=lambda each: each.fees.max_fee
                    )
                ),
            )
            for number, batch in sorted(pipeline.batches.items())
        )

    async def inclusion(self, transaction: str) -> Inclusion | None:
        """Return what a transaction cost; what a final block says is remembered."""
        known = self._included.get(transaction)
        if known is not None or self._parts is None:
            return known
        node, _, _ = self._parts
        receipt = await node.receipt(transaction)
        if receipt is None:
            return None
        found = Inclusion(
            block=receipt["blockNumber"],
            gas_used=receipt["gasUsed"],
            gas_price_wei=receipt["effectiveGasPrice"],
            succeeded=receipt["status"] == 1,
        )
        if found.block <= self._health().final_block:
            self._included[transaction] = found
            if len(self._included) > _KEPT:
                self._included.popitem(last=False)
        return found

    def pause(self, reason: str) -> None:
        """Send nothing until `resume`."""
        self._paused = reason or "paused"

    def resume(self) -> None:
        """Send again."""
        self._paused = ""

    def resend(self, batch: int) -> bool:
        """Hand a batch's transaction to the node again with the next look."""
        return self._parts is not None and self._parts[2].urge(batch, more=False)

    def bump(self, batch: int) -> bool:
        """Offer more for a batch with the next look."""
        return self._parts is not None and self._parts[2].urge(batch, more=True)
