"""Presence: who is connected, and whose orders go because nobody is there any more.

Counts the connections of each account. When the last one ends and the account wished so, a cancel
is owed: it is sent until it is durable, whatever the journal does meanwhile. When an exchange opens,
all connections have ended, so a cancel is owed to everybody who wished for one.
"""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from hybrid_dex.errors import HybridDexError
from hybrid_dex.exchange.view import ExchangeView
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.model.commands import Command
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.protection import CancelOnDisconnect
from hybrid_dex.model.units import AccountId

__all__ = ["AccountConnection", "Presence"]

_LONGEST_WAIT_S: Final = 5.0

_log: Final = logging.getLogger(__name__)


class AccountConnection:
    """One connection of an account, until it ends."""

    def __init__(self, account: AccountId, ended: Callable[[AccountId], None]) -> None:
        self.account = account
        self._ended: Callable[[AccountId], None] | None = ended

    def end(self) -> None:
        """It ended. Safe to call twice."""
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self.account)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()


class Presence:
    """Counts connections, and sends what is owed.

    Args:
        submit: the writer's door.
    """

    def __init__(self, submit: "Callable[[Command], asyncio.Future[EventBatch]]") -> None:
        self._submit = submit
        self._connections: dict[AccountId, int] = {}
        self._gone: dict[AccountId, None] = {}
        self._wake = asyncio.Event()

    def connect(self, account: AccountId) -> AccountConnection:
        """Count one connection more."""
        self._connections[account] = self._connections.get(account, 0) + 1
        return AccountConnection(account, self._end)

    def _end(self, account: AccountId) -> None:
        left = self._connections[account] - 1
        if left:
            self._connections[account] = left
            return
        del self._connections[account]
        self._gone[account] = None
        self._wake.set()

    async def watch(self, view: ExchangeView, clock: Clock, retry_s: float) -> None:
        """Send the cancels that are owed, until canceled; first those of before the start."""
        self._gone |= dict.fromkeys(
            account
            for account in view.accounts_that_cancel_on_disconnect()
            if account not in self._connections
        )
        wait_s = retry_s
        while True:
            for account in tuple(self._gone):
                del self._gone[account]  # another connection may end while this is sent
                if not await self._cancel(view, account):
                    self._gone[account] = None
            if self._gone:
                await clock.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                continue
            wait_s = retry_s
            self._wake.clear()
            await self._wake.wait()

    async def _cancel(self, view: ExchangeView, account: AccountId) -> bool:
        """Cancel an account's orders if it wishes so; return whether nothing is owed any more."""
        if not view.cancels_on_disconnect(account):
            return True
        try:
            await self._submit(CancelOnDisconnect(account=account))
        except HybridDexError as error:
            _log.warning("a cancel on disconnect waits for the journal: %s", error)
            return False
        return True
