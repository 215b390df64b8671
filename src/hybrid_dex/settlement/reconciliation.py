"""Reconciliation: which blocks hold.

Pure. It is fed blocks one after another, each checked against its parent, and must never go back
behind one that counted as final. What the facts in them mean is `ledger`'s.
"""

from collections.abc import Iterator

import attrs

from hybrid_dex.errors import SettlementError

__all__ = ["Block", "Chain", "DeepReorganisationError"]


class DeepReorganisationError(SettlementError):
    """The chain replaced a block that counted as final: nothing more may be concluded from it."""


@attrs.frozen(kw_only=True)
class Block:
    """A block header, as far as following a chain needs it.

    Attributes:
        number: its height.
        hash: 32 bytes.
        parent: hash of the block below.
        timestamp_s: Unix seconds.
    """

    number: int
    hash: bytes
    parent: bytes
    timestamp_s: int


@attrs.define
class Chain:
    """The blocks that are followed: one that is final, and those above it.

    Attributes:
        final: the highest block that can no longer go away.
        tail: the blocks above it, in order.
    """

    final: Block
    tail: list[Block] = attrs.field(factory=list)

    @property
    def head(self) -> Block:
        """The newest block that was accepted."""
        return self.tail[-1] if self.tail else self.final

    def extends(self, block: Block) -> bool:
        """Whether a block is the child of the head."""
        return block.number == self.head.number + 1 and block.parent == self.head.hash

    def append(self, block: Block) -> None:
        """Accept the next block; check `extends` first."""
        if not self.extends(block):
            raise SettlementError(f"block {block.number} does not follow {self.head.number}")
        self.tail.append(block)

    def drop(self) -> Block:
        """Give up the head: the chain went another way.

        Raises:
            DeepReorganisationError: the head counted as final.
        """
        if not self.tail:
            raise DeepReorganisationError(
                f"block {self.final.number} was final and is no longer in the chain. Stop "
                "withdrawals, compare the ledger with the vault, and start over from trusted nodes "
                "with a stricter finality"
            )
        return self.tail.pop()

    def finalize(self, height: int) -> Iterator[Block]:
        """Yield the blocks up to a height, which became final, lowest first."""
        while self.tail and self.tail[0].number <= height:
            self.final = self.tail.pop(0)
            yield self.final
