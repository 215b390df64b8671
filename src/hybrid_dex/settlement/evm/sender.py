"""Builds batches, signs and sends them, and follows each until it is in a block.

One batch at a time is on its way into a block: the next one needs its root. Nothing is sent that
is not stored first. Every question about the chain is asked as of the head that the watcher
follows, so both see one chain.

The nonce of the lowest batch that is in no block is always the operator's next one by that head.
Other transactions of ours with that nonce, of this batch or, after a reorganisation, of a later
one, are replaced by offering more; at most one of them can be mined, and the contract takes a batch
number once, so none of this can settle a trade twice.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import attrs
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3.types import BlockIdentifier, TxParams

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.model.units import TimestampNs
from hybrid_dex.settlement import layout
from hybrid_dex.settlement.batching import Group, draft_batch, matched_through, pack_batch
from hybrid_dex.settlement.chains import DataFee
from hybrid_dex.settlement.evm.contract import ChainBatchState, ChainTerms, ExchangeContract
from hybrid_dex.settlement.evm.node import Node, RevertedError, Sent
from hybrid_dex.settlement.evm.options import EvmOptions
from hybrid_dex.settlement.evm.pipeline import Pipeline
from hybrid_dex.settlement.evm.store import StoredBatch, StoredTransaction
from hybrid_dex.settlement.fees import Fees, Urgency, urgency
from hybrid_dex.settlement.transaction_state import Signal, TransactionState, advance

__all__ = ["Sender", "operator_account"]

_NS_PER_SECOND: Final = 1_000_000_000
_GAS_MARGIN: Final = 50_000
_GAS_SPITE: Final = 15_000
"""What an order's trader can add to the gas of settling it by requests, a floor and cancels in the
same block; measured 11,000. Less, and traders could keep a batch out of blocks."""
_EXIT_SHARE: Final = 4
"""After EXIT_DELAY / 4 without a batch one is sent: past EXIT_DELAY anyone can end settling."""


def operator_account(options: EvmOptions) -> LocalAccount:
    """Return the account of the operator's key.

    Raises:
        ConfigurationError: it is no key; the message does not repeat it.
    """
    try:
        account: LocalAccount = Account.from_key(options.operator_key)
    except Exception:  # noqa: BLE001 # eth-keys and eth-utils raise many kinds, all with the key
        raise ConfigurationError(
            "operator_key is not a private key: 0x and 64 hexadecimal digits"
        ) from None
    return account


@attrs.define
class _Timing:
    """When a batch's highest offer was first sent, and when any was sent last."""

    offered_ns: int
    sent_ns: int
    wants_more: bool = False


class Sender:
    """Takes one step when told to."""

    def __init__(
        self,
        options: EvmOptions,
        node: Node,
        contract: ExchangeContract,
        pipeline: Pipeline,
        terms: ChainTerms,
        *,
        clock: Clock,
        checkpoint: Callable[[str], None],
        write: Callable[[], Awaitable[None]],
        unheeded_s: Callable[[], int | None],
        base_fee: Callable[[], int],
    ) -> None:
        self._options = options
        self._node = node
        self._contract = contract
        self._pipeline = pipeline
        self._terms = terms
        self._clock = clock
        self._checkpoint = checkpoint
        self._write = write
        self._unheeded_s = unheeded_s
        self._base_fee = base_fee
        self._account = operator_account(options)
        self._timing: dict[int, _Timing] = {}
        self._highest_nonce = -1
        self._told_nonce = (-1, -1)  # a nonce, and the head at which it was told
        longest_s = terms.exit_delay_s / _EXIT_SHARE
        self._heartbeat_s = min(options.heartbeat_s or longest_s, longest_s)
        self._up_to = 0  # as of the last look, as the next
        self._reserved_ns = 0
        self._through_s = 0  # as of the last look; what is not known yet counts as long ago
        # After a start, the exchange has this long to submit again what is not final: only then
        # can a batch say through when every matched fill is in it.
        self._matching_lag_ns = options.matching_lag_s * _NS_PER_SECOND
        self._quiet_until_ns = clock.now_ns() + self._matching_lag_ns

    def expect_more(self) -> None:
        """The exchange still submits what it submitted before: more of that may follow."""
        self._quiet_until_ns = self._clock.now_ns() + self._matching_lag_ns

    def urge(self, batch: int, *, more: bool) -> bool:
        """Send a batch again with the next step, for more where asked.

        Return whether it was sent and is in no block yet.
        """
        timing, first = self._timing.get(batch), self._pipeline.first_unsettled()
        if timing is None or first is None or first.number != batch:
            return False
        if more:
            timing.wants_more = True
        else:
            timing.sent_ns = 0
        return True

    async def step(self) -> None:
        """Do what can be done now for the lowest batch that is in no block.

        Raises:
            SettlementError: the node or the contract refuses; nothing is lost, try again later.
        """
        if self._pipeline.stopped:
            raise SettlementError(self._pipeline.stopped)
        batch = self._pipeline.first_unsettled()
        if batch is None and not self._pipeline.queue and not self._may_need_heartbeat():
            return
        assert self._pipeline.chain is not None, "the watcher looks first"
        head = self._pipeline.chain.head
        state = await self._contract.batch_state(head.number)
        self._check_state(state)
        self._through_s, self._up_to = state.matched_through_s, state.sequence
        if batch is not None and state.number != batch.number - 1:
            raise SettlementError(
                f"the contract is at batch {state.number}, the next one here is {batch.number}; "
                "looking again"
            )
        if batch is not None and self._pipeline.is_adopted(batch):
            self._pipeline.give_up(batch, state.sequence)
            await self._write()
            batch = None
        if batch is None:
            batch = await self._reserve(state)
        if batch is not None:
            await self._drive(batch, state, head.number)

    def _check_state(self, state: ChainBatchState) -> None:
        """Hold what the contract says against the followed blocks: a node may answer of the past.

        Raises:
            SettlementError: they differ; nothing may be built on it.
        """
        settled = self._pipeline.settled_number
        seen = self._pipeline.seen.get(settled)
        if settled and (state.number != settled or (seen is not None and seen.root != state.root)):
            raise SettlementError(
                f"the contract is at batch {state.number}, the followed blocks end at {settled}; "
                "looking again"
            )

    # Reserving

    def _may_need_heartbeat(self) -> bool:
        return (
            bool(self._pipeline.uncovered)
            or self._receipt_waits()
            or self._idle_s() >= self._heartbeat_s
        )

    def _receipt_waits(self) -> bool:
        """Whether a cancel receipt needs a batch that could speak for it, and none is too recent."""
        asked = self._pipeline.asked_up_to
        rests_ns = self._clock.now_ns() - self._reserved_ns
        return (
            self._up_to < asked <= self._pipeline.spoken_up_to()
            and rests_ns >= self._options.receipt_wait_s * _NS_PER_SECOND
        )

    def _idle_s(self) -> int:
        return self._clock.now_ns() // _NS_PER_SECOND - self._through_s

    async def _reserve(self, state: ChainBatchState) -> StoredBatch | None:
        """Reserve the next batch if it is time for it, and store it."""
        if self._plan(state) is None:
            return None
        if await self._offer(None, 0) is None:
            # Unreserved, it grows with what is matched meanwhile, and costs less per fill.
            raise self._too_dear(state.number + 1)
        plan = self._plan(state)  # again: groups may have come while the node was asked
        if plan is None:
            return None
        groups, through_s = plan
        self._pipeline.last_up_to = max(self._pipeline.last_up_to, state.sequence)
        self._reserved_ns = self._clock.now_ns()
        batch = self._pipeline.reserve(groups, number=state.number + 1, through_s=through_s)
        await self._write()
        self._checkpoint("reserve")
        return batch

    def _plan(self, state: ChainBatchState) -> tuple[tuple[Group, ...], int] | None:
        """Return what the next batch holds and through when it speaks, if it is time for it."""
        now_ns = self._clock.now_ns()
        if now_ns < self._quiet_until_ns:
            return None
        queue = self._pipeline.queue
        draft, full = draft_batch(self._pipeline.ready(), self._options.limits)
        left: TimestampNs | None = None
        if len(draft.groups) < len(queue):
            left = queue[len(draft.groups)].fills[0].at_ns
        through_s = self._through(state, left)
        if draft.groups:
            age_ns = now_ns - queue[0].fills[0].at_ns
            if not full and age_ns < self._options.batch_age_s * _NS_PER_SECOND:
                return None
        elif not self._heartbeat_due(through_s):
            return None
        return tuple(draft.groups), through_s

    def _through(self, state: ChainBatchState, left: TimestampNs | None) -> int:
        assert self._pipeline.chain is not None
        return matched_through(
            now_ns=self._clock.now_ns(),
            matching_lag_s=self._options.matching_lag_s,
            first_left_ns=left,
            seen_s=self._pipeline.chain.final.timestamp_s,
            watch_lag_s=self._terms.watch_lag_s,
            unheeded_s=self._unheeded_s(),
            last_s=state.matched_through_s,
        )

    def _heartbeat_due(self, through_s: int) -> bool:
        lag = self._terms.watch_lag_s
        if any(through_s > at_s + lag for at_s in self._pipeline.uncovered):
            return True
        if self._receipt_waits():
            return True
        return self._idle_s() >= self._heartbeat_s and through_s > self._through_s

    # Driving

    async def _drive(self, batch: StoredBatch, state: ChainBatchState, head: int) -> None:
        nonce = await self._node.nonce(self._account.address, head)
        if not await self._settle_used_nonces(batch, nonce):
            return
        ours = [
            found
            for found in self._pipeline.of_batch(batch.number)
            if found.nonce == nonce and found.root == state.root
        ]
        if not ours:
            await self._send_first(batch, state, nonce, head)
            return
        best = max(ours, key=lambda found: found.fees.max_fee)
        timing = self._timing.get(batch.number)
        now_ns = self._clock.now_ns()
        if timing is None or best.state in _OVER:
            await self._send(batch, best)
        elif timing.wants_more or self._passed(now_ns, timing.offered_ns, "bump"):
            await self._replace(batch, best, head)
        elif best.state is not TransactionState.BROADCAST:
            await self._send(batch, best)
        elif self._passed(now_ns, timing.sent_ns, "resend"):
            if await self._node.calldata(best.hash) is None:
                best = self._pipeline.signal(best, Signal.FORGOTTEN)
            await self._send(batch, best)

    def _passed(self, now_ns: int, since_ns: int, what: str) -> bool:
        options = self._options
        limit_s = options.bump_after_s if what == "bump" else options.resend_after_s
        return now_ns - since_ns >= limit_s * _NS_PER_SECOND

    async def _settle_used_nonces(self, batch: StoredBatch, nonce: int) -> bool:
        """Say what became of transactions whose nonce is used; return whether to go on."""
        for found in self._pipeline.of_batch(batch.number):
            if found.nonce >= nonce or found.state in _OVER:
                continue
            receipt = await self._node.receipt(found.hash)
            if receipt is None:
                self._pipeline.signal(found, Signal.SIBLING_INCLUDED)
            elif receipt["status"] == 0:
                self._pipeline.signal(found, Signal.REVERTED)
            else:
                return False  # it settled in a block that is not followed yet
        await self._write()
        return True

    async def _send_first(
        self, batch: StoredBatch, state: ChainBatchState, nonce: int, head: int
    ) -> None:
        """Send a batch with a nonce and a previous root that it was not sent with before."""
        rivals = [t for t in self._pipeline.transactions.values() if t.nonce == nonce]
        failed = any(
            found.state is TransactionState.FAILED
            for found in self._pipeline.of_batch(batch.number)
        )
        # Blocks may bear earlier seconds than the node says of the pending one: not twice.
        block: BlockIdentifier = head if rivals or failed else "pending"
        try:
            data = await self._simulated(batch, state, block)
        except RevertedError as error:
            if self._contract.refusal(error.data) != "WrongMatchedThrough":
                raise self._refused(batch, error) from error
            assert self._pipeline.chain is not None
            through_s = max(state.matched_through_s, self._pipeline.chain.head.timestamp_s)
            batch, block = self._pipeline.restate(batch, min(batch.through_s, through_s)), head
            try:
                data = await self._simulated(batch, state, block)
            except RevertedError as again:
                raise self._refused(batch, again) from again
        call = self._call(data)
        # As of the same block: at the head, a batch that speaks for a later second is refused.
        estimate = await self._node.estimate_gas(call, block)
        await self._check_nonce(nonce, head)
        orders = sum(1 + len(group.fills) for group in batch.groups)
        margin = estimate // 4 + _GAS_MARGIN + orders * _GAS_SPITE
        gas = min(estimate + margin, self._options.gas_limit)
        previous = max((t.fees for t in rivals), key=lambda fees: fees.max_fee, default=None)
        fees = await self._offer(previous, await self._data_fee(data, gas))
        if fees is None:
            raise self._too_dear(batch.number)
        await self._sign_and_send(
            batch, nonce=nonce, root=state.root, data=data, gas=gas, fees=fees
        )

    async def _check_nonce(self, nonce: int, head: int) -> None:
        """Make sure of a nonce before it is used: one too high leaves a gap, and waits behind it.

        So the answer is asked for twice, and what can not be the next one by our own transactions
        (others may be sent with the operator's key) has to be told at two heads.

        Raises:
            SettlementError: it is not sure yet.
        """
        if await self._node.nonce(self._account.address, head) != nonce:
            raise SettlementError("the node gave two answers for the operator's nonce")
        ours = [found.nonce for found in self._pipeline.transactions.values()]
        self._highest_nonce = max([self._highest_nonce, *ours])
        told, at = self._told_nonce
        if nonce > self._highest_nonce + 1 and (nonce != told or head == at):
            if nonce != told:
                self._told_nonce = (nonce, head)
            raise SettlementError(f"the node says that {nonce} is the next nonce; asking again")

    async def _simulated(
        self, batch: StoredBatch, state: ChainBatchState, block: BlockIdentifier
    ) -> bytes:
        """Return the batch's calldata, which the contract takes as of a block."""
        packed = pack_batch(
            batch.groups,
            self._pipeline.markets,
            number=batch.number,
            previous_root=state.root,
            matched_through_s=max(batch.through_s, state.matched_through_s),
            up_to=max(batch.up_to, state.sequence),
        )
        data = self._contract.settle_calldata(layout.encode_batch(packed))
        await self._node.simulate(self._call(data), block)
        return data

    def _refused(self, batch: StoredBatch, error: RevertedError) -> SettlementError:
        reason = self._contract.refusal(error.data)
        return SettlementError(f"the contract refuses batch {batch.number}: {reason}")

    def _call(self, data: bytes) -> TxParams:
        return {
            "from": self._account.address,
            "to": self._contract.address,
            "data": data,
            "gas": self._options.gas_limit,
        }

    async def _replace(self, batch: StoredBatch, best: StoredTransaction, head: int) -> None:
        """Offer more with the same nonce, or send again what is at the cap."""
        rivals = [t.fees for t in self._pipeline.transactions.values() if t.nonce == best.nonce]
        highest = max(rivals, key=lambda each: each.max_fee)
        fees = await self._offer(highest, await self._data_fee(best.data, best.gas))
        if fees is None:
            await self._send(batch, best)
            raise self._too_dear(batch.number)
        await self._sign_and_send(
            batch, nonce=best.nonce, root=best.root, data=best.data, gas=best.gas, fees=fees
        )

    def _too_dear(self, batch: int) -> SettlementError:
        policy = self._options.fees
        later = f", and from WINDOW_MAX / 2 on pays up to {policy.emergency_ceiling}"
        level = self._urgency()
        return SettlementError(
            f"batch {batch} needs more than the ceiling of {policy.limit(level)} wei per gas; it "
            f"waits for a lower base fee{'' if level is Urgency.URGENT else later}"
        )

    def _urgency(self) -> Urgency:
        """Return how near the deadline is: the oldest fill's, and that of settling itself."""
        oldest_ns = self._pipeline.oldest_unsettled_ns()
        now_ns = self._clock.now_ns()
        waits_s = 0 if oldest_ns is None else (now_ns - oldest_ns) // _NS_PER_SECOND
        return max(
            urgency(waits_s, self._terms.window_max_s),
            urgency(self._idle_s(), self._terms.exit_delay_s),
        )

    async def _data_fee(self, data: bytes, gas: int) -> int:
        """Return what is charged for bytes apart from gas, per gas of the transaction."""
        if self._options.chain.data_fee is DataFee.IN_GAS:
            return 0
        return -(-await self._node.data_fee(data) // gas)

    async def _offer(self, previous: Fees | None, data_fee: int) -> Fees | None:
        return self._options.fees.offer(
            base_fee=self._base_fee(),
            tip=await self._node.tip(),
            previous=previous,
            level=self._urgency(),
            data_fee=data_fee,
        )

    async def _sign_and_send(
        self,
        batch: StoredBatch,
        *,
        nonce: int,
        root: bytes,
        data: bytes,
        gas: int,
        fees: Fees,
    ) -> None:
        signed = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": self._options.chain_id,
                "nonce": nonce,
                "to": self._contract.address,
                "value": 0,
                "data": data,
                "gas": gas,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.tip,
            }
        )
        self._checkpoint("sign")
        transaction = StoredTransaction(
            hash="0x" + bytes(signed.hash).hex(),
            batch=batch.number,
            nonce=nonce,
            root=root,
            data=data,
            gas=gas,
            fees=fees,
            raw=bytes(signed.raw_transaction),
            state=advance(TransactionState.BUILT, Signal.SIGN),
        )
        self._pipeline.put_transaction(transaction)
        self._highest_nonce = max(self._highest_nonce, nonce)
        await self._write()
        self._checkpoint("persist")
        self._timing.pop(batch.number, None)
        await self._send(batch, transaction)

    async def _send(self, batch: StoredBatch, transaction: StoredTransaction) -> None:
        outcome, words = await self._node.send(transaction.raw)
        self._checkpoint("broadcast")
        now_ns = self._clock.now_ns()
        timing = self._timing.setdefault(batch.number, _Timing(now_ns, now_ns))
        timing.sent_ns = now_ns
        if outcome is Sent.NONCE_USED:
            return  # the next look finds what used it
        if outcome is Sent.UNFUNDED:
            timing.offered_ns = now_ns  # offering more would not help
        if outcome in _REFUSALS:
            raise SettlementError(f"the node refuses batch {batch.number}: {words}")
        if transaction.state in _OVER:  # in a block that is gone: its nonce is free again
            transaction = self._pipeline.signal(transaction, Signal.ORPHANED)
        self._pipeline.signal(transaction, Signal.SEND)
        self._pipeline.mark_submitted(batch, transaction.hash)
        timing.wants_more = outcome is Sent.UNDERPRICED
        await self._write()
        if outcome is Sent.UNKNOWN:
            raise SettlementError(f"batch {batch.number} may or may not be sent: {words}")


_OVER: Final = (TransactionState.FAILED, TransactionState.REPLACED)
_REFUSALS: Final = (Sent.REFUSED, Sent.UNFUNDED)
