"""GrpcEngine: the `EngineClient` of a gateway whose engine is another process.

Reads come from a replica in memory; writes go to the engine, and are answered once they are durable
there and to be seen here. While the engine is away, reads go on as of the last known command,
`health` says so, and nothing is taken.
"""

import asyncio
import logging
from collections.abc import Coroutine
from collections.abc import Sequence as Items
from typing import Final, Self, TypeVar

import attrs
import grpc
import msgspec

from hybrid_dex import (
    AccountConnection,
    AccountId,
    Amount,
    AssetId,
    Auth,
    Bus,
    ClientOrderId,
    ConfigurationError,
    EventBatch,
    ExchangeHealth,
    ExchangeView,
    FillId,
    JournalError,
    LinkOptions,
    Market,
    MarketId,
    OrderId,
    PlaceOrder,
    Quantity,
    RecordSource,
    Refusal,
    ReplaceOrder,
    Replica,
    Sequence,
    Side,
    SignedCancelReceipt,
    SignedOrder,
    SignedVoucher,
    StaleReplicaError,
    Subscription,
    TimestampNs,
    UnavailableError,
    UnknownOutcomeError,
    VersionMismatchError,
)
from hybrid_dex.exchange.admission import Admission
from hybrid_dex.exchange.ingress import Ingress
from hybrid_dex.model.receipts import SignedJournalReceipt
from hybrid_dex_grpc import engine_pb2 as pb
from hybrid_dex_grpc.channel import EngineChannel, told
from hybrid_dex_grpc.codec import (
    Outcome,
    Requested,
    decode_json,
    from_order,
    to_outcome,
)
from hybrid_dex_grpc.lane import Lane
from hybrid_dex_grpc.records import EngineRecords
from hybrid_dex_grpc.requests import (
    MOST,
    Ladder,
    in_range,
    may_repeat,
    to_ladders,
    to_place,
)
from hybrid_dex_grpc.terms import check_terms

__all__ = ["GrpcEngine"]

_RETRY_S: Final = 0.05
_RETRY_MAX_S: Final = 2.0
_HEALTH_S: Final = 0.5
_START_S: Final = 30.0
_ENDING_S: Final = 1.0
_A_TURN: Final = 64
_VERIFY_BATCH: Final = 128
_NO_TIMEOUT_MS: Final = MOST
_CLOSED: Final = "the gateway is closed"
_UNKNOWN: Final = ExchangeHealth(
    sequence=Sequence(0),
    position=0,
    epoch=0,
    journal_ok=False,
    halted="the engine was not reached yet",
    waiting=0,
    settlement_ok=False,
    settlement_waiting=0,
    records_ok=False,
    records_lag=0,
    snapshot_lag=0,
    followers=0,
)

_log: Final = logging.getLogger(__name__)
_T = TypeVar("_T")


class GrpcEngine:
    """An engine at an address. Use it as ``async with engine``.

    Args:
        target: where gRPC finds it.
        options: how to meet.
        replica: a fresh one.
        auth: verifies orders here where the engine believes this gateway.
        requires_signature: what this gateway was configured for; the engine must agree.
        bus: where records come from while it has them.

    Raises:
        ConfigurationError: the options can not be used.
    """

    def __init__(
        self,
        target: str,
        options: LinkOptions,
        *,
        replica: Replica,
        auth: Auth,
        requires_signature: bool,
        bus: Bus | None = None,
    ) -> None:
        self._options = options
        self._replica = replica
        self._requires_signature = requires_signature
        self._target = target
        self._bus = bus
        self._admission = Admission(
            Ingress(auth, batch=_VERIFY_BATCH), pause_reason=lambda: "", view=lambda: replica.view
        )
        self._trusted = False
        self._health = _UNKNOWN
        self._failure = ""
        self._connections: dict[AccountId, int] = {}
        self._begun: asyncio.Future[None] | None = None
        self._going = asyncio.Event()
        self._head = 0
        self._behind = True
        self._arrived = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._channel: EngineChannel | None = None
        self._lane: Lane | None = None

    # ------------------------------------------------------------------ opening and closing

    async def __aenter__(self) -> Self:
        """Reach the engine and take a state of it; see `caught_up`.

        Raises:
            ConfigurationError: the engine has other terms than this gateway.
            UnavailableError: it can not be reached.
        """
        channel = self._channel = EngineChannel(self._target, self._options)
        lane = self._lane = Lane(
            channel,
            answer_s=self._options.answer_s,
            most=self._options.max_waiting,
            max_bytes=self._options.max_message_bytes,
        )
        source = EngineRecords(channel)
        self._begun = asyncio.get_running_loop().create_future()
        try:
            await self._meet(channel)
            self._begin(lane.run(), "requests to the engine")
            self._begin(self._follow(source), "records of the engine")
            self._begin(self._watch(channel), "health of the engine")
            async with asyncio.timeout(_START_S):
                await self._begun
                await lane.up.wait()
        except BaseException as error:
            await self.__aexit__()
            if isinstance(error, TimeoutError):
                raise UnavailableError(
                    f"the engine at {self._target} was not reached within {_START_S} s"
                ) from error
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Release everything; safe to call twice."""
        if self._lane is not None:
            self._lane.close(_CLOSED)
        self._replica.close(_CLOSED)
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=_ENDING_S)  # a timeout may swallow one
        self._tasks.clear()
        if self._channel is not None:
            await self._channel.close()

    async def _meet(self, channel: EngineChannel) -> None:
        """Compare terms; wait for an engine that is still starting."""
        loop = asyncio.get_running_loop()
        deadline, wait_s = loop.time() + _START_S, _RETRY_S
        while True:
            try:
                self._learn(await channel.describe(pb.DescribeRequest(), timeout=_START_S))
                return
            except grpc.RpcError as error:
                if loop.time() >= deadline:
                    raise UnavailableError(
                        f"the engine at {self._target} can not be reached: {told(error)}"
                    ) from error
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _RETRY_MAX_S)

    def _learn(self, description: pb.Description) -> None:
        """Take what the engine says of itself. Raises `ConfigurationError`."""
        check_terms(
            description,
            requires_signature=self._requires_signature,
            signed_for=self._options.signed_for,
            versions=self._replica.versions,
        )
        self._trusted = description.trusted
        self._health = decode_json(ExchangeHealth, description.health, "health")

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(self._notice_end)
        self._tasks.append(task)

    def _notice_end(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        self._failure = f"{task.get_name()} broke down: {error}; restart the gateway"
        _log.critical("%s", self._failure, exc_info=error)
        if self._begun is not None and not self._begun.done():
            self._begun.set_exception(error)
        self._arrived.set()
        if self._lane is not None:
            self._lane.close(self._failure)

    # ----------------------------------------------------------------------------- following

    async def _follow(self, engine: RecordSource) -> None:
        """Keep the replica; begin again wherever it can not go on."""
        wait_s = _RETRY_S
        source = engine if self._bus is None else self._bus.relay(engine)
        while True:
            try:
                before = self._replica.position
                await self._feed(source)
                reason = "they ended"
            except StaleReplicaError as error:
                self._replica.restart()
                reason = str(error)
            except UnavailableError as error:
                reason = str(error)
            except JournalError as error:
                if source is engine:
                    raise
                source, reason = engine, f"not over the bus any more, as it is wrong: {error}"
            _log.warning("the engine's records are followed anew: %s", reason)
            wait_s = _RETRY_S if self._replica.position > before else min(2 * wait_s, _RETRY_MAX_S)
            await asyncio.sleep(wait_s)

    async def _feed(self, source: RecordSource) -> None:
        checkpoint = await source.checkpoint(self._replica.position or None)
        try:
            self._replica.begin(checkpoint)
        except VersionMismatchError as error:
            raise ConfigurationError(str(error)) from error
        if self._begun is not None and not self._begun.done():
            self._head = checkpoint.head
            self._begun.set_result(None)
        await self._going.wait()
        self._arrive()
        count = 0
        async for position, raw in source.records(self._replica.position):
            self._replica.feed(position, raw)
            self._arrive()
            count += 1
            if count % _A_TURN == 0:
                await asyncio.sleep(0)  # others have their turn while much is applied

    def _arrive(self) -> None:
        if self._replica.position >= self._head:
            self._behind = False
            self._arrived.set()

    async def caught_up(self) -> None:
        """Return once the view is not older than the opening. Raises `UnavailableError`."""
        self._going.set()
        await self._arrived.wait()
        if self._failure:
            raise UnavailableError(self._failure)

    async def _watch(self, channel: EngineChannel) -> None:
        """Ask how the engine is."""
        while True:
            await asyncio.sleep(_HEALTH_S)
            try:
                timeout_s = self._options.answer_s
                self._learn(await channel.describe(pb.DescribeRequest(), timeout=timeout_s))
            except grpc.RpcError as error:
                self._health = attrs.evolve(
                    self._health,
                    journal_ok=False,
                    halted=f"the engine can not be reached: {told(error)}",
                )

    # --------------------------------------------------------------------------- order entry

    async def place(
        self, order: SignedOrder | PlaceOrder, *, not_after_ns: TimestampNs | None = None
    ) -> Outcome:
        """Enter an order; return what happened, or why it may not enter at all."""
        return (await self.place_many([order], not_after_ns=[not_after_ns]))[0]

    async def place_many(
        self,
        orders: Items[SignedOrder | PlaceOrder],
        *,
        not_after_ns: Items[TimestampNs | None] = (),
    ) -> list[Outcome]:
        """Enter orders in turn; return the answer to each."""
        if not orders:
            return []
        sent: Items[SignedOrder | PlaceOrder | Refusal] = orders
        if self._trusted:
            sent = await self._admission.admit(orders)
        place = to_place(sent, not_after_ns)
        return await self._ask_for(sent, pb.Request(place=place), again=may_repeat(sent))

    async def place_batch(
        self,
        account: AccountId,
        members: Items[Requested],
        *,
        all_or_none: bool = False,
        not_after_ns: TimestampNs | None = None,
    ) -> list[Outcome]:
        """Do several requests as one command; return the answer to each.

        Signatures within a batch are verified by the engine, also of a gateway that it believes.
        """
        if not members:
            return []
        batch = pb.Batch(
            account=account,
            members=[from_order(member) for member in members],
            all_or_none=all_or_none,
            not_after_ns=in_range(not_after_ns),
        )
        return await self._ask(pb.Request(batch=batch))

    async def place_ladders(
        self,
        ladders: Items[Items[SignedOrder | PlaceOrder]],
        *,
        not_after_ns: Items[TimestampNs | None] = (),
    ) -> list[Outcome]:
        """Enter ladders in turn, each one command; return the answer to each."""
        if not ladders:
            return []
        sent: Items[Ladder | Refusal] = ladders
        if self._trusted:
            admitted = await self._admission.admit_ladders(ladders)
            sent = [one if isinstance(one, Refusal) else one.members for one in admitted]
        request = pb.Request(place_ladders=to_ladders(sent, not_after_ns))
        rungs = (rung for one in sent if not isinstance(one, Refusal) for rung in one)
        return await self._ask_for(sent, request, again=may_repeat(rungs))

    async def place_linked(
        self,
        take_profit: SignedOrder | PlaceOrder,
        stop: SignedOrder | PlaceOrder,
        entry: SignedOrder | PlaceOrder | None = None,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> Outcome:
        """Enter linked orders, all or none; the engine verifies their signatures."""
        linked = pb.PlaceLinked(
            take_profit=from_order(take_profit),
            stop=from_order(stop),
            entry=None if entry is None else from_order(entry),
            not_after_ns=in_range(not_after_ns),
        )
        return (await self._ask(pb.Request(place_linked=linked)))[0]

    async def replace(
        self,
        order_id: OrderId,
        terms: SignedOrder | ReplaceOrder,
        expected_filled: Quantity | None = None,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> Outcome:
        """Swap an order for new terms, atomically."""
        replace = pb.Replace(
            order_id=order_id,
            terms=from_order(terms),
            expected_filled=expected_filled,
            not_after_ns=in_range(not_after_ns),
        )
        return (await self._ask(pb.Request(replace=replace)))[0]

    async def cancel(
        self,
        account: AccountId,
        order_id: OrderId | None = None,
        client_order_id: ClientOrderId | None = None,
    ) -> EventBatch:
        """Cancel one order by either id."""
        cancel = pb.Cancel(account=account, order_id=order_id, client_order_id=client_order_id)
        return await self._done(pb.Request(cancel=cancel))

    async def cancel_all(
        self, account: AccountId, market: MarketId | None = None, side: Side | None = None
    ) -> EventBatch:
        """Cancel an account's orders, of one market or side where given."""
        every = pb.CancelAll(account=account, market=market, side=side)
        return await self._done(pb.Request(cancel_all=every))

    async def reduce(
        self,
        account: AccountId,
        order_id: OrderId,
        by: Quantity,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> EventBatch:
        """Lower an order's open quantity in place. Raises RefusedError when that is too late."""
        until = in_range(not_after_ns)
        reduce = pb.Reduce(account=account, order_id=order_id, by=by, not_after_ns=until)
        return await self._done(pb.Request(reduce=reduce))

    async def schedule_cancel(
        self, account: AccountId, timeout_ms: int, market: MarketId | None = None
    ) -> EventBatch:
        """Arm or disarm a dead man's switch."""
        if not 0 <= timeout_ms < _NO_TIMEOUT_MS:
            timeout_ms = _NO_TIMEOUT_MS  # which the engine refuses as it would refuse the other
        switch = pb.ScheduleCancel(account=account, timeout_ms=timeout_ms, market=market)
        return await self._done(pb.Request(schedule_cancel=switch))

    async def heartbeat(self, account: AccountId) -> EventBatch:
        """Push back every switch of an account."""
        return await self._done(pb.Request(heartbeat=pb.Heartbeat(account=account)))

    async def set_cancel_on_disconnect(self, account: AccountId, *, enabled: bool) -> EventBatch:
        """Wish that an account's orders go when its last connection ends."""
        wish = pb.SetCancelOnDisconnect(account=account, enabled=enabled)
        return await self._done(pb.Request(set_cancel_on_disconnect=wish))

    def connection(self, account: AccountId) -> AccountConnection:
        """Count a connection of an account until it ends, or the engine loses this gateway."""
        self._count(account, 1)
        return AccountConnection(account, lambda account: self._count(account, -1))

    def _count(self, account: AccountId, by: int) -> None:
        count = self._connections[account] = self._connections.get(account, 0) + by
        if not count:
            del self._connections[account]
        if self._lane is not None:
            self._lane.present(account, count)

    # -------------------------------------------------------------- what the operator signs

    async def issue_voucher(
        self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        recipient: str | None = None,
        deadline_s: int | None = None,
        *,
        salt: int = 0,
    ) -> SignedVoucher | Refusal:
        """Let an account take settled funds out at once; or return why it may not."""
        wanted = pb.IssueVoucher(
            account=account,
            asset=asset,
            amount=str(amount),
            recipient=recipient,
            deadline_s=deadline_s,
            salt=str(salt),
        )
        return await self._result(SignedVoucher, pb.Request(issue_voucher=wanted))

    async def open_vouchers(self, account: AccountId) -> tuple[SignedVoucher, ...] | Refusal:
        """Return an account's open vouchers, each signed again."""
        wanted = pb.OpenVouchers(account=account)
        return await self._result(tuple[SignedVoucher, ...], pb.Request(open_vouchers=wanted))

    async def cancel_receipt(
        self, order_id: OrderId, batch: EventBatch | None = None
    ) -> SignedCancelReceipt | Refusal:
        """Return the operator's word that a signed order is dead."""
        wanted = pb.GetCancelReceipt(
            order_id=order_id, batch=None if batch is None else msgspec.json.encode(batch)
        )
        return await self._result(SignedCancelReceipt, pb.Request(cancel_receipt=wanted))

    async def receipts(
        self,
        *,
        sequence: Sequence | None = None,
        order_id: OrderId | None = None,
        fill_id: FillId | None = None,
        account: AccountId | None = None,
    ) -> tuple[SignedJournalReceipt, ...] | Refusal:
        """Return the operator's word about what the journal holds."""
        wanted = pb.GetReceipts(
            sequence=sequence, order_id=order_id, fill_id=fill_id, account=account
        )
        return await self._result(tuple[SignedJournalReceipt, ...], pb.Request(receipts=wanted))

    # ----------------------------------------------------------------------------- reading

    @property
    def view(self) -> ExchangeView:
        """The state as of the last command known here."""
        return self._replica.view

    @property
    def markets(self) -> tuple[Market, ...]:
        """Every listed market."""
        return self._replica.view.markets()

    def subscribe(self, after: int | None = None) -> Subscription:
        """Follow events from the next command on, or from the one after ``after``."""
        self._going.set()
        return self._replica.subscribe(after)

    def health(self) -> ExchangeHealth:
        """Return how the engine is; of sequence, position and followers, how they are here."""
        down = self._failure or ("" if self._lane is None else self._lane.down)
        if not down and self._behind:
            down = "the gateway is catching up with the engine"
        return attrs.evolve(
            self._health,
            sequence=self._replica.view.sequence,
            position=self._replica.position,
            journal_ok=self._health.journal_ok and not down,
            halted=down or self._health.halted,
            followers=self._replica.followers,
        )

    # ----------------------------------------------------------------------------- asking

    async def _ask(self, request: pb.Request, *, again: bool = False) -> list[Outcome]:
        """Ask the engine, and wait until what it did is to be seen here."""
        outcomes = [to_outcome(one) for one in await self._send(request, again=again)]
        newest = max((one.sequence for one in outcomes if isinstance(one, EventBatch)), default=0)
        if not newest:
            return outcomes  # none became a command
        try:
            async with asyncio.timeout(self._options.answer_s):
                await self._replica.reached(newest)
        except (TimeoutError, UnavailableError) as error:
            raise UnknownOutcomeError(
                f"it was done as command {newest}, which is not to be seen here yet"
            ) from error
        return outcomes

    async def _ask_for(
        self, sent: Items[object], request: pb.Request, *, again: bool
    ) -> list[Outcome]:
        """As `_ask`, of what was not refused here; return the refusals in their places."""
        refused = [one for one in sent if isinstance(one, Refusal)]
        if len(refused) == len(sent):
            return [*refused]
        answers = iter(await self._ask(request, again=again))
        return [one if isinstance(one, Refusal) else next(answers) for one in sent]

    async def _done(self, request: pb.Request) -> EventBatch:
        (outcome,) = await self._ask(request)
        assert isinstance(outcome, EventBatch), "only what is verified first can be refused"
        return outcome

    async def _result(self, kind: type[_T], request: pb.Request) -> _T | Refusal:
        (outcome,) = await self._send(request)
        if outcome.WhichOneof("outcome") == "refusal":
            found = to_outcome(outcome)
            assert isinstance(found, Refusal)
            return found
        return decode_json(kind, outcome.result, "result")

    async def _send(self, request: pb.Request, *, again: bool = False) -> list[pb.Outcome]:
        if self._lane is None or self._behind:
            raise UnavailableError("the gateway has not caught up with the engine yet")
        return await self._lane.ask(request, again=again)
