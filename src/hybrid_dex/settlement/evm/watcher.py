"""Follows the chain: block by block, each checked against its parent, facts into the pipeline.

It only reads. Every look ends on one consistent chain or raises; what was accepted before an error
stays accepted, since each block was checked by itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from web3.types import LogReceipt

from hybrid_dex.errors import FormatError, SettlementError
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.settlement import layout
from hybrid_dex.settlement.chains import final_height
from hybrid_dex.settlement.evm.audit import Audit
from hybrid_dex.settlement.evm.contract import ExchangeContract
from hybrid_dex.settlement.evm.endpoint import RefusedQuestionError
from hybrid_dex.settlement.evm.listings import Listings
from hybrid_dex.settlement.evm.node import Header, Node
from hybrid_dex.settlement.evm.options import EvmOptions
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.facts import BatchSeen, Fact
from hybrid_dex.settlement.reconciliation import Block, Chain

__all__ = ["Watcher"]

_NS_PER_SECOND: Final = 1_000_000_000
_AT_ONCE: Final = 32
"""How many headers are asked for together."""


class Watcher:
    """Looks at the chain when told to."""

    def __init__(
        self,
        options: EvmOptions,
        node: Node,
        contract: ExchangeContract,
        pipeline: Pipeline,
        cursor: Block | None,
        *,
        clock: Clock,
        checkpoint: Callable[[str], None],
    ) -> None:
        self._options = options
        self._node = node
        self._contract = contract
        self._pipeline = pipeline
        self.audit = Audit(contract, pipeline)
        self.listings = Listings(contract, pipeline, self.audit.touch)
        self._cursor = cursor
        self._clock = clock
        self._checkpoint = checkpoint
        self._behind_since_ns: int | None = None
        self._dropped: set[bytes] = set()  # hashes of the blocks that one look gave up
        self._span = options.blocks_per_query
        self.base_fee = 0

    async def look(self) -> None:
        """Follow the chain to its head.

        Raises:
            DeepReorganisationError: a final block is gone.
            SettlementError: the node does not answer, or contradicts itself.
        """
        latest = await self._latest()
        chain = await self._chain()
        if latest.block.number >= chain.head.number:  # else the node can not say how it is there
            await self.listings.name(chain.head)
        tagged = await self._tagged()
        final = self._final(chain, latest.block.number, tagged)
        if not chain.tail and final - chain.final.number > self._options.blocks_per_query:
            await self._catch_up(chain, final)
        await self._follow(chain, latest)
        self._pipeline.stopped = await self._contract.stopped(chain.head.number)
        try:
            await self.audit.check(chain.head)
            await self._finalize(chain, tagged)
            await self.audit.expire(chain.final)
        finally:
            self._pipeline.finish_look(chain.final)

    async def _latest(self) -> Header:
        latest = await self._node.header("latest")
        if latest is None:
            raise SettlementError("the node has no block")
        self.base_fee = latest.base_fee
        return latest

    async def _tagged(self) -> Block | None:
        tag = self._options.finality.tag
        if tag is None:
            return None
        try:
            found = await self._node.header(tag)
        except SettlementError:
            return None  # what is requested on chain is heeded all the same; see `_finalize`
        return None if found is None else found.block

    def _final(self, chain: Chain, head: int, tagged: Block | None) -> int:
        return final_height(
            self._options.finality,
            head=head,
            tagged=None if tagged is None else tagged.number,
            previous=chain.final.number,
        )

    async def _finalize(self, chain: Chain, tagged: Block | None) -> None:
        """Take as final what the rule names, if all nodes have it and none contradicts itself."""
        rule = self._options.finality
        if rule.tag is not None and tagged is None:
            raise SettlementError(
                f"the node does not say which block is {rule}; it is not synchronised, or this "
                "chain has no such block: choose confirmations"
            )
        height = self._final(chain, chain.head.number, tagged)
        last = next((each for each in chain.tail if each.number == height), None)
        if last is None:
            return  # nothing new
        if tagged is not None and tagged.number == height and tagged.hash != last.hash:
            raise SettlementError(f"the node's {rule} block {height} is not in its chain")
        await self._node.agree(last)
        for block in chain.finalize(height):
            self._checkpoint("final")
            self._pipeline.finalize(block.number)
            self._pipeline.mark(block)

    async def _chain(self) -> Chain:
        if self._pipeline.chain is None:
            cursor = self._cursor
            if cursor is None:
                first = await self._node.header(max(0, self._options.start_block - 1))
                if first is None:
                    raise SettlementError(
                        f"the node does not have block {self._options.start_block}; it is not "
                        "synchronised, or start_block is too high"
                    )
                cursor = first.block
            self._pipeline.chain = Chain(cursor)
        return self._pipeline.chain

    async def _catch_up(self, chain: Chain, final: int) -> None:
        """Pass over blocks that have long been final, many at a time.

        Nodes limit how many blocks or logs one question may span, each in its own way and words,
        so one that refuses a range is asked for half of it.
        """
        while final > chain.final.number:
            first = chain.final.number + 1
            last = min(final, chain.final.number + self._span)
            try:
                logs = await self._node.logs(self._contract.address, first, last)
            except RefusedQuestionError:
                if first == last:
                    raise
                self._span = max(1, (last - first + 1) // 2)
                continue
            self._span = min(self._options.blocks_per_query, self._span * 2)
            header = await self._node.header(last)
            if header is None:
                raise SettlementError(f"the node does not have block {last}")
            await self._node.agree(header.block)
            by_block: dict[int, list[LogReceipt]] = {}
            for log in logs:
                by_block.setdefault(log["blockNumber"], []).append(log)
            found = {
                number: await self._contract.facts(by_block[number]) for number in sorted(by_block)
            }
            await self.audit.check_range(
                header.block, [fact for facts in found.values() for fact in facts]
            )
            foreign = await self._foreign(fact for facts in found.values() for fact in facts)
            # From here on nothing is asked: a block that is taken must not be taken again.
            for number, facts in found.items():
                self._adopt(facts, foreign)
                self._pipeline.see(facts, number)
                self._pipeline.finalize(number)
            chain.final = header.block
            self._pipeline.mark(chain.final)

    async def _follow(self, chain: Chain, latest: Header) -> None:
        """Follow the node's chain to the head that it named.

        The chain may change while it is read, and the named head with it: then the block that was
        dropped for that head comes again, and the look ends.

        Raises:
            SettlementError: the node contradicts itself.
        """
        self._dropped.clear()
        while True:
            if latest.block.number <= chain.head.number:
                if not await self._step_back(chain, latest):
                    return
                continue
            first = chain.head.number + 1
            last = min(latest.block.number, chain.head.number + _AT_ONCE)
            for following in await self._node.headers(first, last):
                if following is None:
                    if self._is_behind_for_long():
                        raise SettlementError(
                            f"the node at {self._node.place} named block {latest.block.number} and "
                            f"does not have block {chain.head.number + 1}: it lost it, or is not "
                            "synchronised"
                        )
                    return
                if not chain.extends(following.block):
                    self._drop(chain)
                    break
                if following.block.hash in self._dropped:
                    raise SettlementError("the chain changed while it was read; looking again")
                await self._accept(chain, following)
                self._behind_since_ns = None

    async def _step_back(self, chain: Chain, latest: Header) -> bool:
        """Compare a head that is not above ours; return whether blocks were dropped."""
        block = latest.block
        if block.number < chain.final.number:
            raise SettlementError(
                f"the node is behind: block {block.number}, {chain.final.number} was final"
            )
        followed = next(
            (each for each in (*chain.tail, chain.final) if each.number == block.number), None
        )
        if followed is None or followed.hash != block.hash:
            self._drop(chain)
            return True
        if followed == chain.head:
            self._behind_since_ns = None
            return False
        if not self._is_behind_for_long():
            raise SettlementError(
                f"the node is behind: block {block.number}, {chain.head.number} was seen"
            )
        self._drop(chain)
        return True

    def _is_behind_for_long(self) -> bool:
        """Whether the node has lacked what it said for longer than is tolerated."""
        now_ns = self._clock.now_ns()
        if self._behind_since_ns is None:
            self._behind_since_ns = now_ns
        return now_ns - self._behind_since_ns >= self._options.lag_tolerance_s * _NS_PER_SECOND

    def _drop(self, chain: Chain) -> None:
        self._dropped.add(chain.drop().hash)
        self._pipeline.forget()

    async def _accept(self, chain: Chain, header: Header) -> None:
        block, address = header.block, self._contract.address
        logs: Sequence[LogReceipt] = ()
        if header.may_concern(bytes.fromhex(address[2:])):
            self.audit.touch()
            logs = await self._node.receipt_logs(address, header)
        facts = await self._contract.facts(logs)
        self._adopt(facts, await self._foreign(facts))
        if any(isinstance(fact, BatchSeen) for fact in facts):
            self._checkpoint("receipt")
        chain.append(block)
        self._pipeline.see(facts, block.number)

    async def _foreign(self, facts: Iterable[Fact]) -> dict[int, layout.Batch]:
        """Read the batches that were not sent from here, by number.

        Once one is taken over, what was sent from here after it counts as foreign, too.
        """
        found: dict[int, layout.Batch] = {}
        for fact in facts:
            if isinstance(fact, BatchSeen) and (found or self._pipeline.is_foreign(fact)):
                calldata = await self._node.calldata(fact.transaction)
                if calldata is None:
                    raise SettlementError(f"the node does not know {fact.transaction} any more")
                try:
                    batch = layout.decode_batch(self._contract.settle_argument(calldata))
                except FormatError as error:
                    raise SettlementError(
                        f"batch {fact.number} can not be decoded: {error}"
                    ) from error
                found[fact.number] = batch
        return found

    def _adopt(self, facts: tuple[Fact, ...], foreign: Mapping[int, layout.Batch]) -> None:
        for fact in facts:
            if isinstance(fact, BatchSeen) and self._pipeline.is_foreign(fact):
                self._pipeline.adopt(fact, foreign[fact.number])
