"""The client sees and does what operators and admins may, each action confirmed by the wallet."""

import pytest

from hybrid_dex.client import Administration, ExchangeClient
from hybrid_dex.defaults.roles import Role
from hybrid_dex.errors import RefusedError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.signing import LocalSigner
from hybrid_dex.wire import (
    OpenMarketAction,
    ReleaseAllAction,
    SetMarketStateAction,
    StatisticsMessage,
)
from reference_app.tests.stack import Stack, Trader
from reference_app.tests.test_admin_actions import office_of


def wallet(trader: Trader) -> LocalSigner:
    return LocalSigner(bytes(trader.key.key))


async def test_a_day_of_two_admins(stack: Stack, alice: Trader) -> None:
    office = await office_of(stack)
    async with (
        ExchangeClient(stack.url, signer=wallet(office.admin)) as one,
        ExchangeClient(stack.url, signer=wallet(office.second)) as two,
    ):
        first, second = Administration(one), Administration(two)
        halt = SetMarketStateAction(market="ETH-USDC", state="halted")
        done = await first.act(halt, "news is coming", id="halt-1")
        assert (done.state, done.before, done.after) == ("done", "open", "halted")
        assert await first.act(halt, "news is coming", id="halt-1") == done
        opening = OpenMarketAction(market="ETH-USDC", state="open")
        waiting = await first.propose(opening, "the news is out")
        with pytest.raises(RefusedError) as own:
            await first.confirm(waiting)
        assert own.value.code == RejectReason.SECOND_ADMIN_REQUIRED
        (listed,) = (await second.actions("proposed")).actions
        assert listed == await second.action(waiting.id) == waiting
        assert (await second.confirm(listed)).after == "open"
        lift = await first.propose(ReleaseAllAction(), "a mistake")
        assert (await second.cancel(lift.id, "nothing is stopped")).state == "canceled"
        await first.set_role(alice.account, "support")
        assert alice.account in {role.account for role in await first.roles()}
        log = (await first.audit(limit=2)).entries
        assert [one.action for one in log] == ["role", "release_all"]


async def test_all_that_can_be_seen(stack: Stack, alice: Trader) -> None:
    office = await office_of(stack)
    await alice.place("buy", "1", "10")
    async with ExchangeClient(stack.url, signer=wallet(office.operator)) as client:
        seen = Administration(client)
        assert (await seen.statistics()).open_orders == 1
        page = await seen.users(limit=1)
        assert page.users[0].account == alice.account
        assert (await seen.user(alice.account)).open_orders == 1
        assert [one.market.id for one in await seen.markets()] == ["ETH-USDC", "BTC-USDC"]
        assert [one.tier for one in (await seen.risk()).tiers] == ["default"]
        assert [one.market for one in await seen.fees()] == ["ETH-USDC", "BTC-USDC"]
        assert (await seen.settlement()).state == "local"
        assert (await seen.batches()).next is None
        assert await seen.alarms() == []
        assert (await seen.halts()).markets == []
        async for event in seen.events():
            assert isinstance(event, StatisticsMessage)
            assert event.open_orders == 1
            break
    await stack.services.identity.roles.grant(office.operator.account, Role.TRADER, "command")
    async with ExchangeClient(stack.url, signer=wallet(office.operator)) as client:
        with pytest.raises(RefusedError) as refused:
            await Administration(client).alarms()
        assert refused.value.code == RejectReason.FORBIDDEN
