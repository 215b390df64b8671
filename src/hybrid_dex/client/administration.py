"""Administration: what operators and admins see and do, over the client's own login.

Every action asks the wallet once more, for exactly that request. An action has an id: made up here, or
given, so that one whose answer was lost can be sent again and is still done once.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Final, TypeVar

import attrs

from hybrid_dex.client.client import ExchangeClient
from hybrid_dex.client.paths import path_part
from hybrid_dex.client.stream import Reconnected
from hybrid_dex.wire import (
    ActionMessage,
    ActionsAnswer,
    ActionStateWord,
    AdminAction,
    AdminActionRequest,
    AdminMarketMessage,
    AdminMarketsAnswer,
    AdminProposal,
    AdminProposalRequest,
    AlarmMessage,
    AlarmsAnswer,
    AuditAnswer,
    BatchesMessage,
    CancelActionRequest,
    Channel,
    ConfirmActionRequest,
    FeeTableMessage,
    FeeTablesAnswer,
    HaltsAnswer,
    RiskAnswer,
    RoleMessage,
    RoleRequest,
    RolesAnswer,
    SettlementBatchesAnswer,
    SettlementStatusMessage,
    StatisticsMessage,
    UserMessage,
    UsersAnswer,
    encode,
)
from hybrid_dex.wire.api_keys import RoleWord

__all__ = ["Administration"]

_T = TypeVar("_T")
_ACTIONS: Final = "/admin/actions"
_ID_BYTES: Final = 12


@attrs.frozen
class Administration:
    """See `GET /admin/...` and `POST /admin/...` for what each answers, and which role it takes.

    Attributes:
        client: open, with the signer of an account that has a role.
    """

    client: ExchangeClient

    # --------------------------------------------------------------------------------- seeing

    async def statistics(self) -> StatisticsMessage:
        """Return the exchange at a glance."""
        return await self._get(StatisticsMessage, "/admin/statistics")

    async def events(self) -> AsyncIterator[StatisticsMessage | BatchesMessage | Reconnected]:
        """Yield the figures as they change, and batches that change on their way to the chain."""
        listening = await self.client.stream.listen(Channel(channel="admin"))
        with contextlib.closing(listening) as listener:
            async for event in listener:
                if isinstance(event, StatisticsMessage | BatchesMessage | Reconnected):
                    yield event

    async def users(self, after: str | None = None, limit: int = 100) -> UsersAnswer:
        """Return a page of the accounts that ever had funds."""
        return await self._get(UsersAnswer, "/admin/users", after=after, limit=limit)

    async def user(self, account: str) -> UserMessage:
        """Return one account."""
        return await self._get(UserMessage, f"/admin/users/{path_part('account', account)}")

    async def markets(self) -> list[AdminMarketMessage]:
        """Return all markets with what may follow and what is planned."""
        return (await self._get(AdminMarketsAnswer, "/admin/markets")).markets

    async def risk(self) -> RiskAnswer:
        """Return all risk tiers, and who is stopped."""
        return await self._get(RiskAnswer, "/admin/risk")

    async def fees(self) -> list[FeeTableMessage]:
        """Return what every market charges."""
        return (await self._get(FeeTablesAnswer, "/admin/fees")).markets

    async def settlement(self) -> SettlementStatusMessage:
        """Return how settlement is."""
        return await self._get(SettlementStatusMessage, "/admin/settlement")

    async def batches(self, before: int | None = None, limit: int = 50) -> SettlementBatchesAnswer:
        """Return a page of batches, the newest first."""
        path = "/admin/settlement/batches"
        return await self._get(SettlementBatchesAnswer, path, before=before, limit=limit)

    async def alarms(self) -> list[AlarmMessage]:
        """Return all that needs a person now."""
        return (await self._get(AlarmsAnswer, "/admin/alarms")).alarms

    async def halts(self) -> HaltsAnswer:
        """Return everything that stands still, and why."""
        return await self._get(HaltsAnswer, "/admin/halts")

    async def audit(self, before: int | None = None, limit: int = 100) -> AuditAnswer:
        """Return a page of the audit log, newest first."""
        return await self._get(AuditAnswer, "/admin/audit", before=before, limit=limit)

    async def roles(self) -> list[RoleMessage]:
        """Return every account with a role above trader."""
        return (await self._get(RolesAnswer, "/admin/roles")).roles

    async def actions(
        self, status: ActionStateWord | None = None, before: str | None = None, limit: int = 100
    ) -> ActionsAnswer:
        """Return a page of actions and proposals, newest first."""
        return await self._get(ActionsAnswer, _ACTIONS, status=status, before=before, limit=limit)

    async def action(self, id: str) -> ActionMessage:
        """Return one of them."""
        return await self._get(ActionMessage, f"{_ACTIONS}/{path_part('id', id)}")

    # ---------------------------------------------------------------------------------- doing

    async def act(
        self, action: AdminAction, reason: str, *, id: str | None = None
    ) -> ActionMessage:
        """Do an action at once. Raises `RefusedError` with the engine's own reason."""
        request = AdminActionRequest(id=id or _made_up(), reason=reason, action=action)
        return await self._post(_ACTIONS, encode(request))

    async def propose(
        self, action: AdminProposal, reason: str, *, id: str | None = None
    ) -> ActionMessage:
        """Propose an action that another admin has to confirm."""
        request = AdminProposalRequest(id=id or _made_up(), reason=reason, action=action)
        return await self._post("/admin/proposals", encode(request))

    async def confirm(self, action: ActionMessage) -> ActionMessage:
        """Confirm what another admin proposed, as it was read; it is done at once."""
        body = encode(ConfirmActionRequest(digest=action.digest))
        return await self._post(f"{_ACTIONS}/{path_part('id', action.id)}/confirm", body)

    async def cancel(self, id: str, reason: str) -> ActionMessage:
        """Take a proposal back."""
        body = encode(CancelActionRequest(reason=reason))
        return await self._post(f"{_ACTIONS}/{path_part('id', id)}/cancel", body)

    async def set_role(self, account: str, role: RoleWord) -> None:
        """Give an account a role in place of the one it has."""
        target, body = (
            f"/admin/roles/{path_part('account', account)}",
            encode(RoleRequest(role=role)),
        )
        credentials = self.client.credentials
        token = await credentials.confirmed("PUT", target, body)
        headers = {"hd-action": token}
        await credentials.rest.private(type(None), "PUT", target, body=body, headers=headers)

    async def _get(self, answer: type[_T], path: str, **asked: str | int | None) -> _T:
        query = {name: str(value) for name, value in asked.items() if value is not None}
        return await self.client.credentials.rest.private(answer, "GET", path, query=query)

    async def _post(self, target: str, body: bytes) -> ActionMessage:
        credentials = self.client.credentials
        token = await credentials.confirmed("POST", target, body)
        headers = {"hd-action": token}
        return await credentials.rest.private(
            ActionMessage, "POST", target, body=body, headers=headers
        )


def _made_up() -> str:
    return secrets.token_hex(_ID_BYTES)
