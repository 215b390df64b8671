"""OrderEntry: what may be asked of an exchange, each call one command or one batch of them.

An answer comes once the command is durable and applied. What is refused before it becomes a command
- a signature that is wrong, matching that pauses - is answered with a `Refusal`.
"""

import asyncio
import contextlib
from collections.abc import Sequence as Items

from hybrid_dex.errors import (
    ConfigurationError,
    RefusedError,
    UnavailableError,
    UnknownOutcomeError,
)
from hybrid_dex.exchange.admission import Admission
from hybrid_dex.exchange.batching import MemberAnswer, answers_of, refuse_all
from hybrid_dex.exchange.listing import refuse_listing
from hybrid_dex.exchange.presence import AccountConnection, Presence
from hybrid_dex.exchange.requests import CHAIN_FACTS
from hybrid_dex.exchange.settling import Settling
from hybrid_dex.exchange.writer import Writer
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.interfaces.settlement import Settlement
from hybrid_dex.model.batch_request import BatchRequest
from hybrid_dex.model.commands import (
    BatchMember,
    BatchOrders,
    CancelAll,
    CancelOrder,
    Command,
    Deposit,
    IssueVoucher,
    ListMarket,
    PlaceLinked,
    PlaceOrder,
    ReduceOrder,
    ReplaceOrder,
    Withdraw,
)
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import Side
from hybrid_dex.model.protection import Heartbeat, ScheduleCancel, SetCancelOnDisconnect
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignedOrder
from hybrid_dex.model.units import (
    MAX_BATCH_MEMBERS,
    AccountId,
    Amount,
    AssetId,
    ClientOrderId,
    MarketId,
    OrderId,
    Quantity,
    TimestampNs,
)

__all__ = ["CLOSED", "OrderEntry"]

CLOSED = "the exchange is not open"


class OrderEntry:
    """The exchange as its traders see it.

    Args:
        admission: judges what arrives before it becomes a command.
        settlement: says whether a chain alone tells some facts.
    """

    def __init__(self, admission: Admission, settlement: Settlement) -> None:
        self._admission = admission
        self._settlement = settlement
        self._writer: Writer | None = None
        self._settling: Settling | None = None
        self._presence = Presence(self._submit)
        self._listing = asyncio.Lock()

    async def execute(self, command: Command) -> EventBatch:
        """Journal and apply one unstamped command; return what it did.

        Raises:
            ConfigurationError: the settlement is on a chain, which alone can tell this fact.
            FormatError: a field is of another type than declared, or names no account; nothing
                happened.
            UnavailableError: it was not made durable; nothing happened. But for an `InDoubtError`:
                the journal failed while it wrote it, so that it may be found after a restart, and
                its client order id keeps it from happening twice.
            UnknownOutcomeError: whether it is durable can not be told now, or it is and counts only
                after a restart; ask by client order id.
            RefusedError: matching pauses, and the command would match; or settlement can not take
                the market that is to be listed.
            InvariantError: applying it broke the engine's own rules; the exchange is halted.
        """
        if isinstance(command, IssueVoucher):
            raise ConfigurationError("call issue_voucher: it journals the voucher and signs it")
        if isinstance(command, BatchOrders):
            paused = self._admission.refuse_matching()
            if paused is not None and any(map(_matches, command.members)):
                raise RefusedError(paused.reason, paused.field, paused.detail)
            return await self._submit_batch(command)
        if isinstance(command, PlaceLinked):
            return await self._submit_linked(command)
        if isinstance(command, PlaceOrder | ReplaceOrder):
            answer = self._enter(command)
            if isinstance(answer, Refusal):
                raise RefusedError(answer.reason, answer.field, answer.detail)
            return await answer
        if isinstance(command, ListMarket) and isinstance(command.market, Market):
            return await self._list(command)
        return await self._submit(command)

    async def refuse_listing(self, market: Market) -> Refusal | None:
        """Return why settlement could not take a market now, or ``None``; the engine may refuse it yet.

        `execute` asks the same before it journals a `ListMarket`.

        Raises:
            UnavailableError: the exchange is not open.
        """
        if self._writer is None:
            raise UnavailableError(CLOSED)
        return await refuse_listing(self._settlement, market)

    async def _list(self, command: ListMarket) -> EventBatch:
        """Submit a listing that settlement can take; one at a time, so that each sees the one before."""
        async with self._listing:
            refusal = await self.refuse_listing(command.market)
            if refusal is not None:
                raise RefusedError(refusal.reason, refusal.field, refusal.detail)
            return await self._submit(command)

    def _submit_linked(
        self, command: PlaceLinked, not_after_ns: TimestampNs | None = None
    ) -> "asyncio.Future[EventBatch]":
        """Submit linked orders, of which an entry may match, unless matching pauses by now."""
        paused = self._admission.refuse_matching()
        if paused is not None:
            raise RefusedError(paused.reason, paused.field, paused.detail)
        answer = self._submit(command, not_after_ns)
        if command.entry is None or self._settling is None:
            return answer
        return self._settling.watch(command.entry, answer)

    def _enter(
        self,
        command: PlaceOrder | ReplaceOrder | BatchOrders | Refusal,
        not_after_ns: TimestampNs | None = None,
    ) -> "asyncio.Future[EventBatch] | Refusal":
        """Submit what may match, unless matching pauses by now, as through those before it."""
        if isinstance(command, Refusal):
            return command
        paused = self._admission.refuse_matching()
        if paused is not None:
            return paused
        if isinstance(command, BatchOrders):
            return self._submit_batch(command, not_after_ns)
        answer = self._submit(command, not_after_ns)
        return answer if self._settling is None else self._settling.watch(command, answer)

    def _enter_many(
        self, commands: Items[PlaceOrder | BatchOrders | Refusal], latest: Items[TimestampNs | None]
    ) -> "list[asyncio.Future[EventBatch] | Refusal]":
        """As `_enter`, of commands that arrived together; they are handed over together, if at all."""
        paused = self._admission.refuse_matching()
        if paused is not None or self._settling is None or self._settling.paces:
            return self._enter_each(commands, latest)
        if self._writer is None:
            raise UnavailableError(CLOSED)
        entering = [command for command in commands if not isinstance(command, Refusal)]
        if len(entering) == len(commands):
            return [*self._writer.submit_many(entering, latest)]
        untils = [
            until
            for command, until in zip(commands, latest, strict=True)
            if not isinstance(command, Refusal)
        ]
        answers = iter(self._writer.submit_many(entering, untils))
        return [one if isinstance(one, Refusal) else next(answers) for one in commands]

    def _enter_each(
        self, commands: Items[PlaceOrder | BatchOrders | Refusal], latest: Items[TimestampNs | None]
    ) -> "list[asyncio.Future[EventBatch] | Refusal]":
        """As `_enter`, one after another: what can not be taken any more is no fault of those before."""
        answers: list[asyncio.Future[EventBatch] | Refusal] = []
        for command, until in zip(commands, latest, strict=True):
            try:
                answers.append(self._enter(command, until))
            except UnavailableError as error:
                refused: asyncio.Future[EventBatch] = asyncio.get_running_loop().create_future()
                refused.set_exception(error)
                answers.append(refused)
        return answers

    def _submit(
        self, command: Command, not_after_ns: TimestampNs | None = None
    ) -> "asyncio.Future[EventBatch]":
        if self._writer is None:
            raise UnavailableError(CLOSED)
        if self._settlement.requires_signature and isinstance(command, CHAIN_FACTS):
            raise ConfigurationError(
                f"{type(command).__name__} comes from the chain alone; deposit into the vault "
                "contract, or withdraw from it"
            )
        return self._writer.submit(command, not_after_ns)

    async def place(
        self, order: SignedOrder | PlaceOrder, *, not_after_ns: TimestampNs | None = None
    ) -> EventBatch | Refusal:
        """Enter an order; return what happened, or why it may not enter at all.

        Args:
            order: signed, where the settlement needs signatures.
            not_after_ns: refuse it when the journal would take it later than this, by the
                exchange's clock; it then never entered.

        Raises: as `execute`.
        """
        (command,) = await self._admission.admit([order])
        return await _outcome(self._enter(command, not_after_ns))

    async def place_many(
        self,
        orders: Items[SignedOrder | PlaceOrder],
        *,
        not_after_ns: Items[TimestampNs | None] = (),
    ) -> list[EventBatch | Refusal]:
        """Enter orders in turn; return the answer to each.

        Where one fails and another one entered, or may have, that is an `UnknownOutcomeError`.

        Args:
            orders: as for `place`.
            not_after_ns: of each order, as for `place`; none of them has one when it is empty.

        Raises: as `execute`, when any of them fails; ask for the others by client order id.
        """
        latest = not_after_ns or [None] * len(orders)
        commands = await self._admission.admit(orders)
        return await _outcomes(self._enter_many(commands, latest))

    async def place_linked(
        self,
        take_profit: SignedOrder | PlaceOrder,
        stop: SignedOrder | PlaceOrder,
        entry: SignedOrder | PlaceOrder | None = None,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> EventBatch | Refusal:
        """Enter two exits of which one cancels the other, alone (OCO) or behind an entry (bracket).

        The signatures of all of them are checked in one go, and one refused order refuses all.

        Args:
            take_profit: the exit at a better price; where signed, its revision is below the stop's.
            stop: the exit at a worse price; where signed, in the same lane under the same counter.
            entry: what opens the position; where signed, in a lane of its own.
            not_after_ns: as for `place`.

        Raises: as `execute`.
        """
        named = {"take_profit": take_profit, "stop": stop}
        if entry is not None:
            named = {"entry": entry, **named}
        admitted = await self._admission.admit(list(named.values()))
        for name, verdict in zip(named, admitted, strict=True):
            if isinstance(verdict, Refusal):
                field = f"{name}.{verdict.field}" if verdict.field else name
                return Refusal(verdict.reason, field, verdict.detail)
        *entries, first, second = [one for one in admitted if isinstance(one, PlaceOrder)]
        command = PlaceLinked(take_profit=first, stop=second, entry=entries[0] if entries else None)
        paused = self._admission.refuse_matching()
        if paused is not None:
            return paused
        return await _outcome(self._submit_linked(command, not_after_ns))

    async def place_batch(
        self,
        account: AccountId,
        members: Items[BatchRequest],
        *,
        all_or_none: bool = False,
        not_after_ns: TimestampNs | None = None,
    ) -> list[MemberAnswer]:
        """Do up to 100 places, replacements, reductions and cancels as one command, in order.

        Args:
            account: whose they are.
            members: what to do; an order is signed or not, as for `place`.
            all_or_none: do all of it, or, when one is refused, nothing.
            not_after_ns: as for `place`.

        Returns:
            the answer to each, in order, as its own method would have returned it.

        Raises: as `execute`. Sent again, places that have a client order id are not done twice.
        """
        if len(members) > MAX_BATCH_MEMBERS:
            detail = f"1 to {MAX_BATCH_MEMBERS} members"
            return [Refusal(RejectReason.INVALID_BATCH, "members", detail)] * len(members)
        admitted = await self._admission.admit_batch(members)
        paused = self._admission.refuse_matching()
        if paused is not None:
            admitted = [paused if _matches(member) else member for member in admitted]
        for at, member in enumerate(admitted if all_or_none else ()):
            if isinstance(member, Refusal):
                return refuse_all(admitted, at, member)
        sent = [member for member in admitted if not isinstance(member, Refusal)]
        if not sent:
            return [member for member in admitted if isinstance(member, Refusal)]
        command = BatchOrders(account=account, members=tuple(sent), all_or_none=all_or_none)
        outcome = await _outcome(self._submit_batch(command, not_after_ns))
        if isinstance(outcome, Refusal):
            return [member if isinstance(member, Refusal) else outcome for member in admitted]
        answers = iter(answers_of(outcome, len(sent)))
        return [member if isinstance(member, Refusal) else next(answers) for member in admitted]

    async def place_ladders(
        self,
        ladders: Items[Items[SignedOrder | PlaceOrder]],
        *,
        not_after_ns: Items[TimestampNs | None] = (),
    ) -> list[EventBatch | Refusal]:
        """Enter ladders in turn, each one command; return what it did, or why none of it may enter.

        Args:
            ladders: of each all orders that its signature covers, in their places, without proofs;
                or orders that need no signature, or were verified before.
            not_after_ns: of each ladder, as for `place`; none of them has one when it is empty.

        Returns:
            of each ladder what its command did, as that of a batch (`answers_of`).

        Raises: as `place_many`. Sent again, orders that have a client order id are not done twice.
        """
        latest = not_after_ns or [None] * len(ladders)
        commands = await self._admission.admit_ladders(ladders)
        return await _outcomes(self._enter_many(commands, latest))

    def _submit_batch(
        self, command: BatchOrders, not_after_ns: TimestampNs | None = None
    ) -> "asyncio.Future[EventBatch]":
        """Submit a batch; each member that may match counts in the pace by itself."""
        answer = self._submit(command, not_after_ns)
        if self._settling is None or not self._settling.paces:
            return answer
        matching = [one for one in command.members if isinstance(one, PlaceOrder | ReplaceOrder)]
        for member in matching:
            self._settling.count(member, answer)
        # Who gives up waiting does not take the command back.
        return asyncio.shield(answer) if matching else answer

    async def replace(
        self,
        order_id: OrderId,
        terms: SignedOrder | ReplaceOrder,
        expected_filled: Quantity | None = None,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> EventBatch | Refusal:
        """Swap an order for new terms, atomically; the new quantity is the new total.

        Args:
            order_id: the order; it keeps this id.
            terms: the new terms; of a `ReplaceOrder`, this method sets the order id.
            expected_filled: refuse when the filled quantity is another.
            not_after_ns: as for `place`.

        Raises: as `execute`.
        """
        command = await self._admission.admit_replacement(order_id, terms, expected_filled)
        return await _outcome(self._enter(command, not_after_ns))

    async def cancel(
        self,
        account: AccountId,
        order_id: OrderId | None = None,
        client_order_id: ClientOrderId | None = None,
    ) -> EventBatch:
        """Cancel one order by either id. Raises: as `execute`."""
        return await self._submit(
            CancelOrder(account=account, order_id=order_id, client_order_id=client_order_id)
        )

    async def cancel_all(
        self, account: AccountId, market: MarketId | None = None, side: Side | None = None
    ) -> EventBatch:
        """Cancel an account's orders, of one market or side where given. Raises: as `execute`."""
        return await self._submit(CancelAll(account=account, market=market, side=side))

    async def reduce(
        self,
        account: AccountId,
        order_id: OrderId,
        by: Quantity,
        *,
        not_after_ns: TimestampNs | None = None,
    ) -> EventBatch:
        """Lower an order's open quantity in place.

        Raises: as `execute`; RefusedError when it is later than ``not_after_ns``, as for `place`.
        """
        command = ReduceOrder(account=account, order_id=order_id, by=by)
        return await self._submit(command, not_after_ns)

    async def schedule_cancel(
        self, account: AccountId, timeout_ms: int, market: MarketId | None = None
    ) -> EventBatch:
        """Arm a dead man's switch: without a heartbeat in time, the account's orders go.

        Args:
            account: whose orders.
            timeout_ms: at most a day; 0 disarms.
            market: whose orders there; a switch of its own for all markets when not given.

        Raises: as `execute`.
        """
        return await self._submit(
            ScheduleCancel(account=account, timeout_ms=timeout_ms, market=market)
        )

    async def heartbeat(self, account: AccountId) -> EventBatch:
        """Push back every switch of an account, each by its own timeout. Raises: as `execute`."""
        return await self._submit(Heartbeat(account=account))

    async def set_cancel_on_disconnect(self, account: AccountId, *, enabled: bool) -> EventBatch:
        """Wish that an account's orders go when its last connection ends. Raises: as `execute`."""
        return await self._submit(SetCancelOnDisconnect(account=account, enabled=enabled))

    def connection(self, account: AccountId) -> AccountConnection:
        """Count a connection of an account until it ends; use it as a context manager.

        When the last one ends and the account wished so, its orders are canceled. All have ended
        when an exchange opens, so a crash cancels, too.
        """
        return self._presence.connect(account)

    async def deposit(self, account: AccountId, asset: AssetId, amount: Amount) -> EventBatch:
        """Credit funds, in atoms, where no chain does. Raises: as `execute`."""
        return await self._submit(Deposit(account=account, asset=asset, amount=amount))

    async def withdraw(self, account: AccountId, asset: AssetId, amount: Amount) -> EventBatch:
        """Debit available funds, in atoms, where no chain does. Raises: as `execute`."""
        return await self._submit(Withdraw(account=account, asset=asset, amount=amount))


async def _outcome(
    answer: "asyncio.Future[EventBatch] | Refusal",
) -> EventBatch | Refusal:
    """Return what a command did, or why it never became one."""
    if isinstance(answer, Refusal):
        return answer
    try:
        return await answer
    except RefusedError as error:
        return Refusal(RejectReason(error.code), error.field, error.detail)


def _outcome_of(answer: "asyncio.Future[EventBatch] | Refusal") -> EventBatch | Refusal:
    """As `_outcome`, of what is there."""
    if isinstance(answer, Refusal):
        return answer
    try:
        return answer.result()
    except RefusedError as error:
        return Refusal(RejectReason(error.code), error.field, error.detail)


async def _outcomes(
    answers: "Items[asyncio.Future[EventBatch] | Refusal]",
) -> list[EventBatch | Refusal]:
    """Wait for each. Raises: as `_outcomes_of`."""
    for answer in answers:
        # Those of one frame are answered together: one wait is enough for most of them.
        if not isinstance(answer, Refusal) and not answer.done():
            with contextlib.suppress(Exception):  # it is told in its turn
                await answer  # and given up with its caller, as `place` does; the order is not
    return _outcomes_of(answers)


def _outcomes_of(
    answers: "Items[asyncio.Future[EventBatch] | Refusal]",
) -> list[EventBatch | Refusal]:
    """As `_outcome_of`, of each. "Nothing happened" is not raised where that is true of some alone."""
    outcomes: list[EventBatch | Refusal] = []
    failed: list[Exception] = []
    for answer in answers:
        try:
            outcomes.append(_outcome_of(answer))
        except Exception as error:  # noqa: BLE001 # the first is raised below
            failed.append(error)
    if not failed:
        return outcomes
    if isinstance(failed[0], UnavailableError):
        for failure in failed:
            if isinstance(failure, UnknownOutcomeError):
                raise failure
        if any(isinstance(outcome, EventBatch) for outcome in outcomes):
            some = "some of these orders entered; ask for each by its client order id"
            raise UnknownOutcomeError(f"{some}: {failed[0]}") from failed[0]
    raise failed[0]


def _matches(member: BatchMember | Refusal) -> bool:
    """Whether a member may lead to a fill."""
    return isinstance(member, PlaceOrder | ReplaceOrder)
