"""Goes back to a block and builds another chain from there, block by block.

`anvil_reorg` decides the time of the blocks it makes; here the test does, and puts into each
exactly the transactions that it wants. The node shows the new chain at once, as after a
reorganisation: what was only in the old one is in no block and in no pool.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Self

import attrs

from tests.chain.harness import World


@attrs.frozen(kw_only=True)
class Mined:
    """A transaction as it stood in a block.

    Attributes:
        sender: address, lower case.
        raw: signed bytes, 0x-hex.
    """

    sender: str
    raw: str


@attrs.define
class Fork:
    """A block to which the chain can be taken back, once."""

    world: World
    height: int
    time_s: int
    _snapshot: str

    @classmethod
    def here(cls, world: World) -> Self:
        """The newest block."""
        snapshot = world.anvil.rpc("evm_snapshot")
        return cls(world, world.anvil.height(), world.anvil.now_s(), snapshot)

    def branch(self) -> list[list[Mined]]:
        """Return what the blocks above hold."""
        rpc = self.world.anvil.rpc
        blocks = []
        for number in range(self.height + 1, self.world.anvil.height() + 1):
            found = rpc("eth_getBlockByNumber", hex(number), True)["transactions"]
            blocks.append(
                [
                    Mined(
                        sender=each["from"].lower(),
                        raw=rpc("debug_getRawTransaction", each["hash"]),
                    )
                    for each in found
                ]
            )
        return blocks

    def rewind(self) -> None:
        """Take the blocks above away, and empty the pool."""
        assert self.world.anvil.rpc("evm_revert", self._snapshot)
        self.world.anvil.rpc("anvil_dropAllTransactions")

    def build(self, blocks: Iterable[Iterable[Mined]], *, seconds: int = 2) -> None:
        """Mine blocks with exactly these transactions, so many seconds apart."""
        for block in blocks:
            for each in block:
                self.world.anvil.rpc("eth_sendRawTransaction", each.raw)
            self.mine(seconds)

    def mine(self, seconds: int = 2) -> None:
        """Mine what is in the pool into a block so many seconds above the newest.

        Never behind the clock: on a busy machine a batch may speak for a later second than that.
        """
        rpc = self.world.anvil.rpc
        at_s = max(self.world.anvil.now_s() + seconds, int(time.time()) + 1)
        rpc("evm_setNextBlockTimestamp", at_s)
        rpc("evm_mine")
