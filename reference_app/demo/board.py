"""What the demo shows, as plain values: filled by the watchers, drawn by `view`.

No rendering and no IO here, so that the scenario's report and the live view read the same facts.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import attrs
from eth_typing import HexStr

__all__ = ["STAGES", "BalanceRow", "BatchRow", "Board", "TradeRow"]

STAGES: Final = ("matched", "submitted", "confirmed", "final", "failed")
_RECENT_TRADES: Final = 14
_RECENT_BATCHES: Final = 8
_RECENT_NOTES: Final = 5


@attrs.define
class TradeRow:
    """One fill: its id, wall time, taker's side, decimal price and quantity, and its stage."""

    fill_id: str
    time: str
    side: str
    price: str
    quantity: str
    stage: str = "matched"


@attrs.define
class BatchRow:
    """One settlement transaction.

    Attributes:
        number: the batch's number in the contract.
        transaction: the transaction's hash.
        gas: what the whole transaction used, or ``None`` until it is in a block.
        stage: of its fills.
        members: ids of the fills seen in it.
    """

    number: int
    transaction: str
    gas: int | None = None
    stage: str = "submitted"
    members: set[str] = attrs.Factory(set)

    @property
    def fills(self) -> int:
        """How many fills it carried."""
        return len(self.members)

    @property
    def transaction_hash(self) -> HexStr:
        """The transaction's hash as web3 types it."""
        return HexStr(self.transaction)


@attrs.frozen
class BalanceRow:
    """One account and asset: by the ledger and by the vault, as decimal text.

    Attributes:
        in_flight: the net of what fills that are not final yet bring and take.
        expected: what the vault shows once it is where the ledger's final fills are.
        settling: whether fills are in flight, so that the vault may be ahead of that.
    """

    name: str
    asset: str
    available: str
    held: str
    in_flight: str
    expected: str
    vault: str
    settling: bool

    @property
    def equal(self) -> bool:
        """Whether the vault shows what the ledger expects it to, once nothing is in flight."""
        return self.expected == self.vault


@attrs.define
class Board:
    """Everything on the screen.

    Attributes:
        market: the market's id.
        gateway: where the exchange listens.
        chain: the chain in words, or that there is none.
        block: newest block, or ``None`` without a chain.
        bids: levels (price, quantity), best first.
        asks: levels (price, quantity), best first.
        trades: recent fills, newest last.
        batches: settlement transactions by number.
        fills: the stage of every fill seen, by id.
        balances: rows of the balance table.
        notes: recent messages, newest last.
        orders: how many orders were acknowledged.
    """

    market: str
    gateway: str
    chain: str
    block: int | None = None
    bids: Sequence[tuple[str, str]] = ()
    asks: Sequence[tuple[str, str]] = ()
    trades: deque[TradeRow] = attrs.Factory(lambda: deque(maxlen=_RECENT_TRADES))
    batches: dict[int, BatchRow] = attrs.Factory(dict)
    fills: dict[str, str] = attrs.Factory(dict)
    balances: Sequence[BalanceRow] = ()
    notes: deque[str] = attrs.Factory(lambda: deque(maxlen=_RECENT_NOTES))
    orders: int = 0

    def saw_fill(self, row: TradeRow) -> None:
        """Remember a fill the first time it is seen."""
        if row.fill_id not in self.fills:
            self.fills[row.fill_id] = row.stage
            self.trades.append(row)

    def staged(self, fill_id: str, stage: str) -> None:
        """Move a fill to a stage of settlement."""
        self.fills[fill_id] = stage
        for row in self.trades:
            if row.fill_id == fill_id:
                row.stage = stage

    def counts(self) -> dict[str, int]:
        """Return how many fills are at each stage."""
        counts = dict.fromkeys(STAGES, 0)
        for stage in self.fills.values():
            counts[stage] += 1
        return counts

    def recent_batches(self) -> list[BatchRow]:
        """Return the last batches, newest first."""
        return [
            self.batches[number] for number in sorted(self.batches, reverse=True)[:_RECENT_BATCHES]
        ]

    @property
    def gas_per_fill(self) -> int | None:
        """Whole-transaction gas per settled fill over all batches whose receipt is in."""
        measured = [
            batch for batch in self.batches.values() if batch.gas is not None and batch.fills
        ]
        fills = sum(batch.fills for batch in measured)
        return sum(batch.gas or 0 for batch in measured) // fills if fills else None
