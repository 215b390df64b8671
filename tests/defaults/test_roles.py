"""Roles stand in the database, include what lesser ones may, and every change is in the log."""

import asyncio

import pytest

from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.roles import Role, Roles
from hybrid_dex.errors import FormatError
from hybrid_dex.model.units import AccountId
from tests.defaults.databases import auth_cluster, auth_url, opened
from tests.defaults.fakes_of_auth import START_S, SetClock

__all__ = ["auth_cluster", "auth_url"]

ALICE, BOB = AccountId("alice"), AccountId("bob")


def test_each_role_includes_those_before_it_and_no_other() -> None:
    for place, role in enumerate(Role):
        assert [role.includes(other) for other in Role] == [n <= place for n in range(len(Role))]


async def test_a_role_is_given_replaced_and_taken_and_all_of_it_logged(auth_url: str) -> None:
    async with opened(auth_url) as database:
        roles = Roles(database=database, clock=SetClock())
        assert await roles.of(ALICE) is Role.TRADER
        await roles.grant(ALICE, Role.ADMIN, "command")
        await roles.grant(BOB, Role.SUPPORT, ALICE)
        await roles.grant(BOB, Role.OPERATOR, ALICE)
    async with opened(auth_url) as database:
        roles = Roles(database=database, clock=SetClock())
        assert [(one.account, one.role, one.granted_by) for one in await roles.all()] == [
            (ALICE, Role.ADMIN, "command"),
            (BOB, Role.OPERATOR, ALICE),
        ]
        await roles.grant(BOB, Role.TRADER, ALICE)
        assert await roles.of(BOB) is Role.TRADER
        await roles.note(ALICE, "halt", "ETH-USDC", "by hand")
        log = await roles.audit(before=None, limit=100)
        assert [(one.actor, one.action, one.subject, one.detail) for one in log] == [
            (ALICE, "halt", "ETH-USDC", "by hand"),
            (ALICE, "role", BOB, "operator -> trader"),
            (ALICE, "role", BOB, "support -> operator"),
            (ALICE, "role", BOB, "trader -> support"),
            ("command", "role", ALICE, "trader -> admin"),
        ]
        assert {one.at_ms for one in log} == {START_S * 1000}
        assert await roles.audit(before=log[-2].id, limit=100) == log[-1:]
        assert await roles.audit(before=None, limit=1) == log[:1]


async def test_the_last_admin_stays_unless_a_command_says_otherwise(auth_url: str) -> None:
    async with opened(auth_url) as database:
        roles = Roles(database=database, clock=SetClock())
        await roles.grant(ALICE, Role.ADMIN, "command")
        for role in (Role.TRADER, Role.OPERATOR):
            with pytest.raises(FormatError, match="the last admin"):
                await roles.grant(ALICE, role, ALICE)
        await roles.grant(ALICE, Role.ADMIN, ALICE)
        await roles.grant(BOB, Role.ADMIN, ALICE)
        await roles.grant(ALICE, Role.TRADER, BOB)
        await roles.grant(BOB, Role.TRADER, "command", keeps_admin=False)
        assert await roles.all() == []


async def test_two_admins_can_not_unmake_each_other_at_once(auth_url: str) -> None:
    async with opened(auth_url) as first, opened(auth_url) as second:
        one = Roles(database=first, clock=SetClock())
        two = Roles(database=second, clock=SetClock())
        await one.grant(ALICE, Role.ADMIN, "command")
        await one.grant(BOB, Role.ADMIN, "command")
        outcomes = await asyncio.gather(
            one.grant(ALICE, Role.TRADER, BOB),
            two.grant(BOB, Role.TRADER, ALICE),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FormatError", "NoneType"]
        assert len(await one.all()) == 1


async def test_nothing_is_granted_while_the_database_is_closed() -> None:
    roles = Roles(database=AuthDatabase("sqlite://"), clock=SetClock())
    with pytest.raises(Exception, match="is not open"):
        await roles.of(ALICE)
