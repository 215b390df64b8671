"""`EvmSettlement`: the Settlement protocol on one contract of one EVM chain.

One task looks at the chain and takes a step, again and again. Whatever fails for a reason outside
is waited out, with the reason in `health`; nothing that was submitted is lost, for the exchange
submits again after a restart what is not final. Only three things end the task: `close`, a chain
that took back a final block, and a store that can not be written.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from collections.abc import Sequence as Items
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

import attrs
from web3 import Web3

from hybrid_dex.errors import (
    ConfigurationError,
    InvariantError,
    SettlementError,
    SignatureError,
    WrongChainError,
)
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import Capacity
from hybrid_dex.model.commands import Command, ExpireVoucher, RedeemVoucher
from hybrid_dex.model.frame import GENESIS_HASH
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.receipts import JournalReceipt
from hybrid_dex.model.settlement import MatchedFill
from hybrid_dex.model.solvency import Discrepancy, Statement
from hybrid_dex.model.units import AssetId, Sequence, last_group
from hybrid_dex.model.vouchers import CancelReceipt, Voucher
from hybrid_dex.settlement.batching import Group, group_fills
from hybrid_dex.settlement.endpoints import Standing
from hybrid_dex.settlement.evm.contract import ChainTerms, ExchangeContract
from hybrid_dex.settlement.evm.listings import unavailable
from hybrid_dex.settlement.evm.node import Node
from hybrid_dex.settlement.evm.operation import EvmOperation
from hybrid_dex.settlement.evm.options import EvmOptions
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.evm.sender import Sender, operator_account
from hybrid_dex.settlement.evm.store import OutboxEntry, SettlementStore, StoreFailedError
from hybrid_dex.settlement.evm.wall_clock import WallClock
from hybrid_dex.settlement.evm.watcher import Watcher
from hybrid_dex.settlement.fees import Urgency, urgency
from hybrid_dex.settlement.health import SettlementHealth, SettlementState
from hybrid_dex.settlement.reconciliation import Block, DeepReorganisationError
from hybrid_dex.signing import Domain, LocalSigner
from hybrid_dex.signing.address import ZERO_ADDRESS, parse_address
from hybrid_dex.signing.receipts import (
    cancel_receipt_digest,
    journal_receipt_digest,
    voucher_digest,
)

__all__ = ["EvmSettlement"]

_T = TypeVar("_T")
_log: Final = logging.getLogger(__name__)
_NS_PER_SECOND: Final = 1_000_000_000
_LEAST_BLOCKS: Final = 2
"""How many block times WATCH_LAG has to allow for."""


def _pass(_name: str) -> None:
    """Do nothing at a checkpoint."""


class EvmSettlement:
    """Settles fills through a deployed ``Exchange`` contract.

    Args:
        options: what the operator chooses.
        clock: where time is read; the machine's by default.
        checkpoint: called with ``reserve``, ``sign``, ``persist``, ``broadcast``, ``receipt`` and
            ``final`` as a batch gets there. For fault tests: what it raises ends the worker.
    """

    def __init__(
        self,
        options: EvmOptions,
        *,
        clock: Clock | None = None,
        checkpoint: Callable[[str], None] = _pass,
    ) -> None:
        self._options = options
        self._clock: Clock = WallClock() if clock is None else clock
        self._checkpoint = checkpoint
        self._store = SettlementStore(options.store_path)
        self._thread: ThreadPoolExecutor | None = None
        self._node: Node | None = None
        self._pipeline: Pipeline | None = None
        self._terms: ChainTerms | None = None
        self._assets: dict[AssetId, Asset] = {}
        self._worker: asyncio.Task[None] | None = None
        self._outbox: deque[OutboxEntry] = deque()
        self._wake_reader = asyncio.Event()
        self._state = SettlementState.CLOSED
        self._error = ""
        self._halted = ""
        self._looked_ns: int | None = None
        self._surveyed_ns: int | None = None
        self._cursor: Block | None = None
        self._final_block = 0
        self._watcher: Watcher | None = None
        self._sender: Sender | None = None
        self._insolvent = ""
        self._audited_block = 0
        self._operation = EvmOperation(self.health)

    @property
    def operation(self) -> EvmOperation:
        """What a person sees of it, and may do."""
        return self._operation

    @property
    def requires_signature(self) -> bool:
        """Orders need their trader's signature: the contract checks it."""
        return True

    @property
    def options(self) -> EvmOptions:
        """What the operator chose."""
        return self._options

    async def open(self, markets: Items[Market]) -> None:
        """Connect, check chain and contract, resume what was persisted, and start working.

        Raises:
            WrongChainError: the node serves another chain.
            MissingContractError: there is no code at the address.
            StaleArtifactError: there is other code.
            ConfigurationError: a market has other terms on chain; the operator's key is another's;
                the store is another contract's.
            SettlementError: the node does not answer.
        """
        if self._worker is not None:
            raise ConfigurationError("this settlement is open already")
        account = operator_account(self._options)
        if not Web3.is_checksum_address(self._options.contract):
            raise ConfigurationError(f"contract {self._options.contract!r} is no EIP-55 address")
        address = Web3.to_checksum_address(self._options.contract)
        self._node = Node(self._options)
        try:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="settlement-store")
            contract = ExchangeContract(self._node, address, markets)
            await self._node.survey(None, self._now_s())
            terms = await contract.check(operator=account.address)
            await self._in_thread(
                lambda: self._store.open(f"{address} on chain {self._options.chain_id}")
            )
            stored = await self._in_thread(self._store.load)
        except BaseException:
            await self.close()
            raise
        if terms.watch_lag_s < _LEAST_BLOCKS * self._options.chain.block_time_s:
            await self.close()
            raise ConfigurationError(
                f"the contract's WATCH_LAG of {terms.watch_lag_s} s is shorter than {_LEAST_BLOCKS} "
                f"blocks of {self._options.chain.name}; matching would pause between blocks. "
                "Deploy with a longer one"
            )
        pipeline = Pipeline.resume(
            stored, {market.id: market for market in markets}, terms.watch_lag_s
        )
        self._pipeline, self._terms = pipeline, terms
        self._assets = {a.id: a for market in markets for a in (market.base, market.quote)}
        self._outbox = deque(stored.outbox)
        for entry in stored.outbox:
            if isinstance(entry.command, RedeemVoucher | ExpireVoucher):
                pipeline.ledger.end(entry.command.account, entry.command.salt)
        watcher = Watcher(
            self._options,
            self._node,
            contract,
            pipeline,
            stored.cursor,
            clock=self._clock,
            checkpoint=self._checkpoint,
        )
        sender = Sender(
            self._options,
            self._node,
            contract,
            pipeline,
            terms,
            clock=self._clock,
            checkpoint=self._checkpoint,
            write=self._write,
            unheeded_s=self._unheeded_s,
            base_fee=lambda: watcher.base_fee,
        )
        self._looked_ns = self._surveyed_ns = None
        self._cursor = stored.cursor
        self._state = SettlementState.RUNNING
        self._error = self._halted = ""
        self._watcher, self._sender = watcher, sender
        self._operation.attach(self._node, pipeline, sender)
        self._insolvent, self._audited_block = "", 0
        self._worker = asyncio.create_task(self._work(watcher, sender), name="settlement")
        self._wake_reader.set()

    async def close(self) -> None:
        """Stop sending and release everything; nothing persisted is lost. Safe to call twice."""
        self._state = SettlementState.CLOSED
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._store.close)
            thread.shutdown()
        self._watcher = self._sender = None
        self._operation.detach()
        node, self._node = self._node, None
        if node is not None:
            await node.close()
        self._wake_reader.set()

    async def refuse_listing(self, market: Market) -> Refusal | None:
        """Return why fills of a market could not settle: by the contract, as of a final block."""
        watcher, final, reason = self._watcher, self._cursor, self.halt_reason
        if reason or watcher is None or final is None:
            return unavailable(reason)
        return await watcher.listings.refuse(market, final)

    def listed(self, market: Market) -> None:
        """Take a market that is journaled by now; its tokens get their names with the next look."""
        if self._watcher is not None:
            self._watcher.listings.add(market)
            self._assets |= {asset.id: asset for asset in (market.base, market.quote)}

    async def submit(self, fills: Items[MatchedFill], journal_hash: bytes = GENESIS_HASH) -> None:
        """Take one command's fills; returns once they are queued. A repeat changes nothing.

        Raises:
            FormatError: the fills are not one command's, or not signed.
            SettlementError: not open.
        """
        pipeline = self._opened()
        for group in group_fills(fills, journal_hash):
            pipeline.submitting(group)
            if pipeline.knows(group):
                continue
            if not pipeline.is_late(group):
                pipeline.enqueue(group)
                continue
            await self._attach(pipeline, group)

    async def _attach(self, pipeline: Pipeline, group: Group) -> None:
        """Take a group that a batch speaks for already: the store knows which one holds it."""
        if self._sender is not None:
            self._sender.expect_more()
        first = group.fills[0].fill_id
        while pipeline.is_late(group):
            revision = pipeline.revision
            await self._write()
            batch = await self._in_thread(partial(self._store.batch_of, first))
            if pipeline.revision == revision:  # else the answer is old: ask again
                pipeline.attach(group, batch)
                await self._write()
                return
        pipeline.enqueue(group)

    def reached(self, sequence: Sequence) -> None:
        """Let the next batch speak for every command up to this one."""
        if self._pipeline is not None:
            self._pipeline.reach(last_group(sequence))

    async def updates(self) -> AsyncGenerator[Command, None]:
        """Yield what happened, as unstamped commands, until closed.

        Asking for the next one says that the one before is durable in the journal; what was not
        followed by that is yielded again after a restart. One reader at a time.
        """
        while self._state is not SettlementState.CLOSED:
            if not self._outbox:
                self._wake_reader.clear()
                await self._wake_reader.wait()
                continue
            entry = self._outbox[0]
            yield entry.command
            if self._thread is None:
                return
            await self._in_thread(partial(self._store.acknowledge, entry.id))
            if self._outbox and self._outbox[0] is entry:
                self._outbox.popleft()

    async def compare(self, statement: Statement) -> tuple[Discrepancy, ...] | None:
        """Hold what the exchange says against the vault at the newest final block.

        Only once the exchange has taken every fact up to that block: ``None`` until then. What
        differs is asked for again, and if it still does, it is an alarm until a restart.

        Raises:
            SettlementError: the node does not answer, or no longer knows that state.
        """
        watcher, final = self._watcher, self._cursor
        if watcher is None or final is None or self._outbox or self._looked_ns is None:
            return None
        if not watcher.listings.has_told(asset for asset, _ in statement.totals):
            return None
        found = await watcher.audit.compare(statement, final)
        if found:
            again = await watcher.audit.compare(statement, final)
            found = tuple(each for each in found if each in again)
        if found:
            self._insolvent = f"at block {final.number} chain and engine differ: " + "; ".join(
                map(str, found)
            )
        elif not self._insolvent:
            self._audited_block = final.number
        return found

    async def watch_vouchers(self, vouchers: Items[Voucher]) -> None:
        """Watch for the end of open vouchers; `updates` yields it, once it is final."""
        self._opened().watch_vouchers(vouchers)

    def refuse_voucher(self, asset: AssetId, recipient: str) -> Refusal | None:
        """Return why no voucher in this asset or to this recipient could ever be signed."""
        reason = RejectReason.INVALID_VOUCHER
        known = self._assets.get(asset)
        if known is None or known.token is None:
            return Refusal(reason, "asset", f"{asset} has no token on this chain")
        try:
            parse_address(recipient, "recipient")
        except SignatureError as error:
            return Refusal(reason, "recipient", str(error))
        if recipient in {ZERO_ADDRESS, self._options.contract}:  # the contract pays neither
            return Refusal(reason, "recipient", "an address that somebody holds")
        return None

    async def sign_voucher(self, voucher: Voucher) -> bytes:
        """Return the operator's signature over a voucher, 65 bytes r, s, v; always the same.

        Nothing is signed while the chain is not read as it should be: a voucher pays at once, and
        what was final may be gone.

        Raises:
            SettlementError: nothing can be signed now.
            ConfigurationError: the asset is in no market, or has no token.
        """
        self._opened()
        if self.halt_reason:
            raise SettlementError(f"no voucher is signed now: {self.halt_reason}")
        if voucher.asset not in self._assets:
            raise ConfigurationError(f"no market trades {voucher.asset}")
        asset = self._assets[voucher.asset]
        return self._signer().sign_digest(voucher_digest(voucher, asset, self._domain()))

    async def sign_cancel_receipt(self, receipt: CancelReceipt) -> bytes:
        """Return the operator's signature over a cancel receipt, 65 bytes r, s, v; always the same.

        It only ends an order, so it is signed whatever the chain does. It counts on chain once a
        batch speaks for its sequence; if none is due anyway, an empty one is sent for it.

        Raises:
            SettlementError: not open.
            ConfigurationError: there is no such market.
        """
        pipeline = self._opened()
        market = pipeline.markets.get(receipt.market)
        if market is None:
            raise ConfigurationError(f"there is no market {receipt.market}")
        digest = cancel_receipt_digest(receipt, market, self._domain())
        pipeline.ask(receipt.sequence)
        return self._signer().sign_digest(digest)

    async def sign_receipts(self, receipts: Items[JournalReceipt]) -> tuple[bytes, ...]:
        """Return the operator's signature over each of these receipts, 65 bytes r, s, v.

        They only say what happened, so they are signed whatever the chain does.

        Raises:
            SettlementError: not open.
            ConfigurationError: there is no such market.
        """
        markets, domain, signer = self._opened().markets, self._domain(), self._signer()
        for receipt in receipts:
            if receipt.market not in markets:
                raise ConfigurationError(f"there is no market {receipt.market}")

        def sign() -> tuple[bytes, ...]:
            return tuple(
                signer.sign_digest(journal_receipt_digest(one, markets[one.market], domain))
                for one in receipts
            )

        return await asyncio.to_thread(sign)

    @property
    def pause_reason(self) -> str:
        """Why matching must pause: what the contract gives time for is not kept now.

        A request on chain that is not heeded within WATCH_LAG may take effect before what is matched
        in spite of it settles; so may any request when a fill waits too long.
        """
        unseen, pipeline, terms = self._unseen(), self._pipeline, self._terms
        if unseen or pipeline is None or terms is None:
            return unseen
        if stopped := pipeline.stopped or self._insolvent:
            return stopped
        unheeded_s = self._unheeded_s()
        if unheeded_s is not None and self._now_s() - unheeded_s > terms.watch_lag_s:
            return "a request on chain that may be in effect waits for the exchange to take it"
        oldest_ns = pipeline.oldest_unsettled_ns()
        if oldest_ns is None:
            return ""
        waits_s = (self._clock.now_ns() - oldest_ns) // _NS_PER_SECOND
        if urgency(waits_s, terms.window_max_s) >= Urgency.PAUSED:
            return f"the oldest fill has waited {waits_s} s for a block: {self._error or 'backlog'}"
        return ""

    @property
    def capacity(self) -> Capacity | None:
        """What fits into the blocks of a quarter of WINDOW_MAX, a full batch in every other one."""
        if self._terms is None:
            return None
        turn_ns = int(2 * self._options.chain.block_time_s * _NS_PER_SECOND)
        turns = self._terms.window_max_s * _NS_PER_SECOND // 4 // turn_ns
        fills = self._options.limits.orders // 2
        return Capacity(fills=fills * max(1, turns), interval_ns=turn_ns // fills)

    @property
    def halt_reason(self) -> str:
        """Why no voucher may be signed: the chain is not seen, or what was final may not be so."""
        return self._unseen() or self._dispute() or self._insolvent

    def health(self) -> SettlementHealth:
        """Return how settlement is doing. Cheap, and never waits."""
        pipeline, terms = self._pipeline, self._terms
        health = SettlementHealth(
            state=self._state,
            chain_id=self._options.chain_id,
            contract=self._options.contract,
            undelivered=len(self._outbox),
            lagging=bool(self.pause_reason),
            error=self._error,
            alarm=self._alarm(),
            endpoints=() if self._node is None else self._node.endpoints,
        )
        if pipeline is None or pipeline.chain is None or terms is None:
            return health
        now_ns = self._clock.now_ns()
        head_age_s = now_ns / _NS_PER_SECOND - pipeline.chain.head.timestamp_s
        oldest_ns = pipeline.oldest_unsettled_ns()
        oldest_s = 0.0 if oldest_ns is None else max(0.0, (now_ns - oldest_ns) / _NS_PER_SECOND)
        queued = sum(len(group.fills) for group in pipeline.queue)
        return attrs.evolve(
            health,
            head_block=pipeline.chain.head.number,
            head_age_s=head_age_s,
            final_block=self._final_block,
            batch=pipeline.settled_number,
            queued=queued,
            unsettled=queued
            + sum(
                len(group.fills) for batch in pipeline.batches.values() for group in batch.groups
            ),
            oldest_unsettled_s=oldest_s,
            audited_block=self._audited_block,
            nameless=tuple(sorted(pipeline.ledger.nameless)),
        )

    # Working

    async def _work(self, watcher: Watcher, sender: Sender) -> None:
        while True:
            try:
                await self._turn(watcher, sender)
                self._state, self._error = SettlementState.RUNNING, ""
            except (DeepReorganisationError, StoreFailedError, InvariantError) as error:
                self._halt(str(error))
                return
            except WrongChainError as error:
                # Not for ever: once a node serves the chain again, it goes on where it stopped.
                self._halt(str(error))
            except SettlementError as error:
                self._state, self._error = SettlementState.WAITING, str(error)
                self._surveyed_ns = None
            except Exception as error:  # noqa: BLE001 # a bug of ours: say so, and stop
                self._halt(f"settlement broke down: {error!r}; restart it")
                _log.critical("it broke down here:", exc_info=error)
                return
            await self._clock.sleep(self._options.poll_s)

    async def _turn(self, watcher: Watcher, sender: Sender) -> None:
        """Look once and take one step, all through one node."""
        await self._survey()
        try:
            await watcher.look()
        except DeepReorganisationError:
            # Perhaps it is the node that changed, not the chain.
            if not await self._survey(at_once=True):
                raise
            return
        finally:
            await self._write()  # what was requested on chain is told, whatever failed after it
        watcher.listings.told()
        self._looked_ns = self._clock.now_ns()
        if not self._operation.paused:
            await sender.step()

    async def _survey(self, *, at_once: bool = False) -> bool:
        """Hold the nodes against each other, if it is time; return whether another is in use."""
        node, now_ns = self._node, self._clock.now_ns()
        if node is None:
            raise SettlementError("settlement is closed")
        before_ns = None if at_once else self._surveyed_ns
        if before_ns is not None and now_ns - before_ns < self._options.survey_s * _NS_PER_SECOND:
            return False
        chain = self._opened().chain
        anchor = self._cursor if chain is None else chain.final
        before = node.alarm
        another = await node.survey(anchor, self._now_s())
        if node.alarm not in {before, ""}:
            _log.error("settlement needs a person: %s", node.alarm)
        self._surveyed_ns = now_ns
        self._halted = ""
        return another

    def _halt(self, reason: str) -> None:
        if reason != self._halted:
            _log.critical("settlement is halted: %s", reason)
        self._state, self._halted, self._surveyed_ns = SettlementState.HALTED, reason, None

    def _signer(self) -> LocalSigner:
        return LocalSigner(self._options.operator_key)

    def _domain(self) -> Domain:
        options = self._options
        return Domain(chain_id=options.chain_id, verifying_contract=options.contract)

    def _unseen(self) -> str:
        """Say why the chain is not known as it is now, or nothing."""
        pipeline, terms = self._pipeline, self._terms
        if self._state is SettlementState.CLOSED:
            return "settlement is closed"
        if self._halted:
            return self._halted
        if pipeline is None or terms is None or pipeline.chain is None or self._looked_ns is None:
            return "settlement has not read the chain to its head yet"
        now_ns, lag_s = self._clock.now_ns(), terms.watch_lag_s
        blind_s = (now_ns - self._looked_ns) // _NS_PER_SECOND
        if blind_s > lag_s:
            return f"the chain was not read for {blind_s} s: {self._error or 'reading takes long'}"
        head_age_s = now_ns // _NS_PER_SECOND - pipeline.chain.head.timestamp_s
        if head_age_s > lag_s:
            return (
                f"the chain's newest block is {head_age_s} s old: the node or the chain stands "
                "still, or this machine's clock is ahead"
            )
        return ""

    def _dispute(self) -> str:
        """Say which nodes contradict each other so that none can be believed, or nothing."""
        nodes = () if self._node is None else self._node.endpoints
        disputed = [node for node in nodes if node.standing is Standing.DISPUTED]
        return "; ".join(f"node {node.place}: {node.detail}" for node in disputed)

    def _alarm(self) -> str:
        nodes = "" if self._node is None else self._node.alarm
        return self._halted or self._insolvent or nodes

    def _now_s(self) -> int:
        return self._clock.now_ns() // _NS_PER_SECOND

    async def _write(self) -> None:
        """Store what the pipeline changed, then offer its updates to the reader."""
        change = self._opened().take_change()
        entries = await self._in_thread(lambda: self._store.write(change))
        if change.cursor is not None:
            self._final_block, self._cursor = change.cursor.number, change.cursor
        if entries:
            self._outbox.extend(entries)
            self._wake_reader.set()

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        if self._thread is None:
            raise SettlementError("settlement is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _unheeded_s(self) -> int | None:
        """When the oldest request was made that the exchange has not taken yet."""
        times = (entry.requested_at_s for entry in self._outbox)
        return min((at_s for at_s in times if at_s is not None), default=None)

    def _opened(self) -> Pipeline:
        if self._pipeline is None or self._thread is None:
            raise SettlementError("settlement is not open")
        return self._pipeline
