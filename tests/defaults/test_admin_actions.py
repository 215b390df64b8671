"""An action is kept once under its id, decided once, by whom it may be, and every step is in the log."""

import asyncio
from collections.abc import AsyncIterator

import attrs
import pytest

from hybrid_dex.defaults.admin_actions import (
    ActionRefusal,
    ActionRefusedError,
    ActionState,
    AdminAction,
    AdminActions,
)
from hybrid_dex.defaults.roles import Role, Roles
from hybrid_dex.model.units import AccountId
from tests.defaults.databases import auth_cluster, auth_url, opened
from tests.defaults.fakes_of_auth import START_S, SetClock

__all__ = ["auth_cluster", "auth_url"]

ALICE, BOB, CAROL = AccountId("alice"), AccountId("bob"), AccountId("carol")


@attrs.define
class Desk:
    """The actions, and who is an admin."""

    actions: AdminActions
    roles: Roles
    clock: SetClock

    async def begin(
        self, id: str = "a-1", *, by: AccountId = ALICE, proposes: bool = True, market: str = "ETH"
    ) -> tuple[AdminAction, bool]:
        return await self.actions.begin(
            id,
            kind="open_market",
            subject=market,
            content=f'{{"market":"{market}"}}',
            reason="as agreed",
            by=by,
            proposes=proposes,
        )

    async def refusal(self, id: str, by: AccountId, digest: str) -> ActionRefusal:
        with pytest.raises(ActionRefusedError) as raised:
            await self.actions.take(id, by, digest)
        return raised.value.refusal

    async def log(self) -> list[tuple[str, str, str]]:
        """Who, about which action, with what outcome; the oldest first."""
        found = await self.roles.audit(before=None, limit=100)
        return [(one.actor, one.request, one.outcome) for one in reversed(found) if one.request]


@pytest.fixture
async def desk(auth_url: str) -> AsyncIterator[Desk]:
    async with opened(auth_url) as database:
        clock = SetClock()
        roles = Roles(database=database, clock=clock)
        for account in (ALICE, BOB):
            await roles.grant(account, Role.ADMIN, "command")
        yield Desk(AdminActions(database=database, clock=clock, life_s=60), roles, clock)


async def test_a_repeat_finds_the_first_and_another_action_does_not(desk: Desk) -> None:
    first, is_new = await desk.begin()
    assert (is_new, first.state, first.expires_at_ms) == (
        True,
        ActionState.PROPOSED,
        (START_S + 60) * 1_000,
    )
    assert await desk.begin() == (first, False)
    for other in ({"market": "BTC"}, {"by": BOB}, {"proposes": False}):
        with pytest.raises(ActionRefusedError, match="another action"):
            await desk.begin(**other)  # type: ignore[arg-type] # each is one of the named ones
    assert await desk.actions.get("a-1") == first
    assert await desk.log() == [
        (ALICE, "a-1", "proposed"),
        (ALICE, "a-1", "refused"),
        (BOB, "a-1", "refused"),
        (ALICE, "a-1", "refused"),
    ]


async def test_another_admin_takes_it_once_and_finishes_it(desk: Desk) -> None:
    first, _ = await desk.begin()
    assert await desk.refusal("a-1", ALICE, first.digest) is ActionRefusal.SAME_ADMIN
    assert await desk.refusal("a-1", BOB, "00" * 32) is ActionRefusal.CHANGED
    assert await desk.refusal("a-2", BOB, first.digest) is ActionRefusal.UNKNOWN
    taken = await desk.actions.take("a-1", BOB, first.digest)
    assert (taken.state, taken.decided_by) == (ActionState.RUNNING, BOB)
    assert await desk.refusal("a-1", BOB, first.digest) is ActionRefusal.DECIDED
    ended = await desk.actions.finish(taken, before="halted", after="open")
    assert (ended.state, ended.before, ended.after) == (ActionState.DONE, "halted", "open")
    assert await desk.actions.get("a-1") == ended
    assert await desk.begin() == (ended, False)
    assert await desk.log() == [
        (ALICE, "a-1", "proposed"),
        (ALICE, "a-1", "refused"),
        (BOB, "a-1", "refused"),
        (BOB, "a-1", "refused"),
        (BOB, "a-1", "done"),
    ]
    line = (await desk.roles.audit(before=None, limit=1))[0]
    assert (line.action, line.subject, line.reason) == ("open_market", "ETH", "as agreed")
    assert (line.before, line.after) == ("halted", "open")


async def test_only_one_of_many_takes_it(desk: Desk) -> None:
    first, _ = await desk.begin()
    asked = (desk.actions.take("a-1", BOB, first.digest) for _ in range(5))
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, AdminAction) for one in found) == 1
    begun = await asyncio.gather(*(desk.begin("a-9", proposes=False) for _ in range(5)))
    assert sum(is_new for _, is_new in begun) == 1


async def test_it_expires_and_is_gone(desk: Desk) -> None:
    first, _ = await desk.begin()
    await desk.begin("a-2")
    desk.clock.now_s += 59
    assert (await desk.actions.page(states=[ActionState.PROPOSED], limit=10))[0].id == "a-2"
    desk.clock.now_s += 1
    assert await desk.refusal("a-1", BOB, first.digest) is ActionRefusal.EXPIRED
    with pytest.raises(ActionRefusedError, match="expired"):
        await desk.actions.cancel("a-2", BOB, "too late")
    found = await desk.actions.page(limit=10)
    assert {one.state for one in found} == {ActionState.EXPIRED}
    assert await desk.refusal("a-1", BOB, first.digest) is ActionRefusal.EXPIRED
    assert [one for one in await desk.log() if one[2] == "expired"] == [
        ("exchange", "a-1", "expired"),
        ("exchange", "a-2", "expired"),
    ]


async def test_who_proposed_must_still_be_an_admin(desk: Desk) -> None:
    first, _ = await desk.begin()
    await desk.roles.grant(ALICE, Role.OPERATOR, BOB)
    assert await desk.refusal("a-1", BOB, first.digest) is ActionRefusal.PROPOSER_CHANGED
    await desk.roles.grant(ALICE, Role.ADMIN, BOB)
    assert (await desk.actions.take("a-1", BOB, first.digest)).state is ActionState.RUNNING


async def test_who_confirms_must_still_be_an_admin(desk: Desk) -> None:
    """Its turn may come minutes after it asked, behind a listing that waits for the chain."""
    first, _ = await desk.begin()
    await desk.roles.grant(BOB, Role.OPERATOR, ALICE)
    assert await desk.refusal("a-1", BOB, first.digest) is ActionRefusal.NOT_ADMIN
    assert (await desk.log())[-1] == (BOB, "a-1", "refused")
    await desk.roles.grant(BOB, Role.ADMIN, ALICE)
    assert (await desk.actions.take("a-1", BOB, first.digest)).state is ActionState.RUNNING


async def test_a_canceled_one_can_not_be_taken(desk: Desk) -> None:
    first, _ = await desk.begin()
    ended = await desk.actions.cancel("a-1", CAROL, "the wrong market")
    assert (ended.state, ended.decided_by) == (ActionState.CANCELED, CAROL)
    assert await desk.refusal("a-1", BOB, first.digest) is ActionRefusal.DECIDED
    for name, refusal in (("a-1", ActionRefusal.DECIDED), ("a-3", ActionRefusal.UNKNOWN)):
        with pytest.raises(ActionRefusedError) as raised:
            await desk.actions.cancel(name, CAROL, "again")
        assert raised.value.refusal is refusal
    line = [
        one for one in await desk.roles.audit(before=None, limit=9) if one.outcome == "canceled"
    ]
    assert [(one.actor, one.detail) for one in line] == [(CAROL, "the wrong market")]


async def test_what_a_crash_left_running_is_unknown_and_what_waits_goes_on_waiting(
    auth_url: str,
) -> None:
    clock = SetClock()
    async with opened(auth_url) as database:
        roles = Roles(database=database, clock=clock)
        for account in (ALICE, BOB):
            await roles.grant(account, Role.ADMIN, "command")
        desk = Desk(AdminActions(database=database, clock=clock), roles, clock)
        await desk.begin("left", proposes=False)
        waiting, _ = await desk.begin("waiting")
    async with opened(auth_url) as database:
        roles = Roles(database=database, clock=clock)
        desk = Desk(AdminActions(database=database, clock=clock), roles, clock)
        assert await desk.actions.recover() == 1
        assert await desk.actions.recover() == 0
        left = await desk.actions.get("left")
        assert left is not None
        assert (left.state, left.decided_by) == (ActionState.UNKNOWN, ALICE)
        assert (await desk.begin("left", proposes=False))[1] is False
        assert await desk.actions.take("waiting", BOB, waiting.digest)
        assert await desk.log() == [
            (ALICE, "waiting", "proposed"),
            ("exchange", "left", "unknown"),
        ]


async def test_pages_are_newest_first_without_a_gap(desk: Desk) -> None:
    for number in range(5):
        action, _ = await desk.begin(f"a-{number}", proposes=False)
        desk.clock.now_s += number % 2
        await desk.actions.finish(action, refusal='{"x":1}' if number == 3 else "")
    found: list[str] = []
    before = None
    while page := await desk.actions.page(before=before, limit=2):
        found += [one.id for one in page]
        before = (page[-1].created_at_ms, page[-1].id)
    assert found == ["a-4", "a-3", "a-2", "a-1", "a-0"]
    refused = await desk.actions.page(states=[ActionState.REFUSED], limit=9)
    assert [one.id for one in refused] == ["a-3"]
    newest = await desk.actions.newest_done(["open_market"])
    assert newest is not None
    assert newest.id == "a-4"
    assert await desk.actions.newest_done(["stop_all"]) is None
