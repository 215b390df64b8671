"""Watchers: who hears the socket's channel ``admin``. Only a list: `admin_channel` tells them."""

from typing import Protocol

import attrs

from hybrid_dex.model.units import AccountId

__all__ = ["Watcher", "Watchers"]


class Watcher(Protocol):
    """Who hears the channel. Never blocks or raises."""

    def offer(self, frame: bytes) -> None:
        """Queue a message that must arrive."""
        ...

    def offer_newest(self, key: str, frame: bytes) -> None:
        """Queue a message in place of one of the same key that still waits."""
        ...

    def end_admin(self) -> None:
        """The account may not hear it any more."""
        ...


@attrs.define
class Watchers:
    """Who hears, and who has not heard anything yet.

    Attributes:
        hearers: each with its account.
        fresh: those that came since the last message.
    """

    hearers: dict[Watcher, AccountId] = attrs.field(factory=dict)
    fresh: dict[Watcher, None] = attrs.field(factory=dict)

    def hear(self, watcher: Watcher, account: AccountId) -> None:
        """Tell from now on; the first within a moment."""
        self.hearers[watcher] = account
        self.fresh[watcher] = None

    def forget(self, watcher: Watcher) -> None:
        """Tell no longer. Safe to call twice."""
        self.hearers.pop(watcher, None)
        self.fresh.pop(watcher, None)
