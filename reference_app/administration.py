"""Administration: what an action of an operator or admin means, done once, told, and written down.

Every action is kept under its id before it is done, so a repeat never does it twice; it is done by
commands, whose refusals are the engine's own; and what came of it stands in the audit log with how
it was before and is after. Actions are done one after the other, so that none slips between the look
and the command of another one; but listing a market waits for the chain, and nothing waits for it.

It must never let one person undo a stop: what opens a market, lifts a kill switch or lets settlement
send again is among the proposals, which another admin confirms.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

import attrs
import msgspec

from hybrid_dex.defaults.admin_actions import (
    ActionRefusal,
    ActionRefusedError,
    ActionState,
    AdminAction,
    AdminActions,
)
from hybrid_dex.errors import InDoubtError, UnavailableError
from hybrid_dex.exchange import EngineClient, Exchange
from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.settlement.operation import OperatedSettlement
from hybrid_dex.wire import (
    ActionMessage,
    AdminActionRequest,
    AdminProposalRequest,
    Problem,
    decode,
    encode,
    problem,
)
from reference_app.operations import Effect, Operations, subject_of
from reference_app.problems import ProblemError, problem_of

__all__ = ["Administration", "action_message"]

_T = TypeVar("_T")

_log: Final = logging.getLogger(__name__)
_REASONS: Final = {
    ActionRefusal.UNKNOWN: RejectReason.NOT_FOUND,
    ActionRefusal.ID_USED: RejectReason.ACTION_ID_USED,
    ActionRefusal.DECIDED: RejectReason.ACTION_NOT_WAITING,
    ActionRefusal.EXPIRED: RejectReason.ACTION_NOT_WAITING,
    ActionRefusal.CHANGED: RejectReason.ACTION_NOT_WAITING,
    ActionRefusal.SAME_ADMIN: RejectReason.SECOND_ADMIN_REQUIRED,
    ActionRefusal.PROPOSER_CHANGED: RejectReason.SECOND_ADMIN_REQUIRED,
    ActionRefusal.NOT_ADMIN: RejectReason.FORBIDDEN,
}
_UNTOLD: Final = (RejectReason.UNKNOWN_OUTCOME, RejectReason.INTERNAL)
"""Problems after which it is not known whether the action was done."""
_UNWRITTEN: Final = (
    "what came of it was not written down, as the exchange ended or the login database was away: "
    "look whether it was done, then use a new id"
)
_LISTS: Final = "list_market"
_PAUSES: Final = ("pause_settlement", "resume_settlement")


@attrs.define(kw_only=True)
class Administration:
    """Does actions; see the module.

    Attributes:
        exchange: the engine. Where it is another process, nothing is done here.
        actions: where they are kept.
    """

    exchange: EngineClient
    actions: AdminActions
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False, repr=False)
    _listing: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False, repr=False)

    @property
    def engine(self) -> Exchange:
        """The engine, which is here. Raises `ProblemError`."""
        if isinstance(self.exchange, Exchange):
            return self.exchange
        detail = "this gateway's engine is another process: ask the server that runs the engine"
        raise ProblemError(problem(RejectReason.ENGINE_ELSEWHERE, detail))

    async def prepare(self) -> None:
        """Before the engine opens: settlement stays paused if that was the last word, or may have been."""
        if not isinstance(self.exchange, Exchange):
            return
        await self.actions.recover()
        settlement: object = self.exchange.settlement
        if isinstance(settlement, OperatedSettlement):
            last = await self.actions.newest_done(_PAUSES)
            if last is not None and (last.kind, last.state) != (_PAUSES[1], ActionState.DONE):
                settlement.operation.pause(last.reason)

    async def act(self, caller: Principal, request: AdminActionRequest) -> ActionMessage:
        """Do an action at once; a repeat returns what came of the first. Raises `ProblemError`."""
        return await _unbroken(self._act(self.engine, caller, request))

    async def _act(
        self, engine: Exchange, caller: Principal, request: AdminActionRequest
    ) -> ActionMessage:
        async with self._turn:
            action, is_new = await self._begin(caller, request, proposes=False)
            if is_new:
                action = await self._do(engine, action, request.action)
            return _answer(action)

    async def propose(self, caller: Principal, request: AdminProposalRequest) -> ActionMessage:
        """Keep an action until another admin confirms it. Raises `ProblemError`."""
        engine = self.engine
        if await self.actions.get(request.id) is None:  # else its answer is the first one's
            await Operations(engine).check(request.action)
        action, _ = await self._begin(caller, request, proposes=True)
        return action_message(action)

    async def confirm(self, caller: Principal, id: str, digest: str) -> ActionMessage:
        """Do what another admin proposed. Raises `ProblemError`."""
        return await _unbroken(self._confirm(self.engine, caller, id, digest))

    async def _confirm(
        self, engine: Exchange, caller: Principal, id: str, digest: str
    ) -> ActionMessage:
        proposed = await self.actions.get(id)
        lists = proposed is not None and proposed.kind == _LISTS
        async with self._listing if lists else self._turn:
            try:
                action = await self.actions.take(id, caller.account, digest)
            except ActionRefusedError as error:
                raise _refused(error) from error
            told = decode(AdminProposalRequest, _request(action))
            return _answer(await self._do(engine, action, told.action))

    async def cancel(self, caller: Principal, id: str, reason: str) -> ActionMessage:
        """Take a proposal back. Raises `ProblemError`."""
        try:
            return action_message(await self.actions.cancel(id, caller.account, reason))
        except ActionRefusedError as error:
            raise _refused(error) from error

    async def _begin(
        self,
        caller: Principal,
        request: AdminActionRequest | AdminProposalRequest,
        *,
        proposes: bool,
    ) -> tuple[AdminAction, bool]:
        try:
            return await self.actions.begin(
                request.id,
                kind=str(request.action.__struct_config__.tag),
                subject=subject_of(request.action),
                content=encode(request.action).decode(),
                reason=request.reason,
                by=caller.account,
                proposes=proposes,
            )
        except ActionRefusedError as error:
            raise _refused(error) from error

    async def _do(self, engine: Exchange, action: AdminAction, told: msgspec.Struct) -> AdminAction:
        """Do an action and write down what came of it."""
        operations = Operations(engine)
        try:
            effect: Effect = await operations.do(told, action.reason)
        except Exception as error:  # noqa: BLE001 # told to the asker, logged when it is ours
            document = problem_of(error)
            untold = document.code in _UNTOLD
            if isinstance(error, InDoubtError):
                detail = f"{document.detail}: look whether it was done, then use a new id"
                document = problem(RejectReason.UNKNOWN_OUTCOME, detail)
            finishing = self.actions.finish(
                action,
                before=operations.before,
                refusal=encode(document).decode(),
                detail=document.detail,
                unknown=untold,
            )
        else:
            finishing = self.actions.finish(action, before=effect.before, after=effect.after)
        try:
            return await finishing
        except UnavailableError as error:
            _log.exception("what came of action %s could not be written down", action.id)
            raise ProblemError(problem(RejectReason.UNKNOWN_OUTCOME, _UNWRITTEN)) from error


def action_message(action: AdminAction) -> ActionMessage:
    """Return an action as it is shown."""
    return ActionMessage(
        id=action.id,
        kind=action.kind,
        subject=action.subject,
        state=action.state.value,
        reason=action.reason,
        action=msgspec.json.decode(action.content, type=dict[str, Any]),
        digest=action.digest,
        proposer=action.proposer,
        created_at_ms=action.created_at_ms,
        expires_at_ms=action.expires_at_ms,
        decided_by=action.decided_by,
        decided_at_ms=action.decided_at_ms,
        before=action.before,
        after=action.after,
        problem=_problem(action),
    )


def _answer(action: AdminAction) -> ActionMessage:
    """Return what came of an action, or raise why it was refused: the same for each repeat."""
    document = _problem(action)
    if document is not None:
        raise ProblemError(document)
    if action.state in {ActionState.RUNNING, ActionState.UNKNOWN}:
        raise ProblemError(problem(RejectReason.UNKNOWN_OUTCOME, _UNWRITTEN))
    return action_message(action)


def _problem(action: AdminAction) -> Problem | None:
    return decode(Problem, action.refusal) if action.refusal else None


def _request(action: AdminAction) -> bytes:
    told = {
        "id": action.id,
        "reason": action.reason,
        "action": msgspec.Raw(action.content.encode()),
    }
    return encode(told)


def _refused(error: ActionRefusedError) -> ProblemError:
    return ProblemError(problem(_REASONS[error.refusal], error.refusal.value, field="id"))


async def _unbroken(work: Awaitable[_T]) -> _T:
    """Let a begun action come to its end, even when its asker goes away meanwhile."""
    return await asyncio.shield(asyncio.ensure_future(work))
