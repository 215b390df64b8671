"""Operation of settlement: what a person who runs the exchange sees of its batches, and may do to it.

Nothing here moves funds or decides what settles. Pausing stops the sending only: the chain is read
on, what was requested there is heeded, and once a fill waits too long matching pauses as it does in
any backlog. Sending again and offering more stay within the configured fee ceilings.
"""

from typing import Protocol, runtime_checkable

import attrs

from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.settlement.health import SettlementHealth
from hybrid_dex.settlement.transaction_state import TransactionState

__all__ = [
    "BatchStanding",
    "Inclusion",
    "OperatedSettlement",
    "SettlementOperation",
    "TransactionStanding",
]


@attrs.frozen(kw_only=True)
class TransactionStanding:
    """A signed transaction of a batch that is not final.

    Attributes:
        hash: 0x-hex.
        nonce: the operator account's.
        state: where it stands.
        gas_limit: the most gas that it may use.
        max_fee_wei: the most that it pays per gas.
        tip_wei: of that, for the block's maker.
    """

    hash: str
    nonce: int
    state: TransactionState
    gas_limit: int
    max_fee_wei: int
    tip_wei: int


@attrs.frozen(kw_only=True)
class BatchStanding:
    """A batch that is not final.

    Attributes:
        number: the contract's.
        stage: what the exchange was last told.
        fills: how many it holds.
        transactions: those that carry it, the oldest offer first.
    """

    number: int
    stage: SettlementStage
    fills: int
    transactions: tuple[TransactionStanding, ...]


@attrs.frozen(kw_only=True)
class Inclusion:
    """What a transaction cost in its block.

    Attributes:
        block: the block's number.
        gas_used: gas.
        gas_price_wei: what was paid per gas.
        succeeded: it did what it should.
    """

    block: int
    gas_used: int
    gas_price_wei: int
    succeeded: bool


class SettlementOperation(Protocol):
    """The view and the levers of a settlement on chain."""

    @property
    def paused(self) -> str:
        """Why nothing is sent, in the words of who paused it; empty while sending."""
        ...

    @property
    def final_batch(self) -> int:
        """The highest batch that is final; 0 for none yet."""
        ...

    def health(self) -> SettlementHealth:
        """Return how it is. Cheap, and never waits."""
        ...

    def batches(self) -> tuple[BatchStanding, ...]:
        """Return the batches that are not final, the lowest number first. Cheap."""
        ...

    async def inclusion(self, transaction: str) -> Inclusion | None:
        """Return what a transaction cost, or ``None`` while it is in no block.

        Raises:
            SettlementError: the node does not answer.
        """
        ...

    def pause(self, reason: str) -> None:
        """Send nothing until `resume`. May be called before the settlement is opened; a restart forgets it."""
        ...

    def resume(self) -> None:
        """Send again. Safe to repeat."""
        ...

    def resend(self, batch: int) -> bool:
        """Hand a batch's transaction to the node again with the next look; return whether it is on its way."""
        ...

    def bump(self, batch: int) -> bool:
        """Offer more for a batch with the next look, up to the ceiling; return whether it is on its way."""
        ...


@runtime_checkable
class OperatedSettlement(Protocol):
    """A settlement that a person can look at and steer."""

    @property
    def operation(self) -> SettlementOperation:
        """The view and the levers."""
        ...
