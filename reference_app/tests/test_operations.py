"""Actions on an exchange that settles on a chain: steered, and never listed past the contract."""

import asyncio
from pathlib import Path
from unittest.mock import patch

import attrs
import msgspec
import pytest

from hybrid_dex.defaults.admin_actions import AdminActions
from hybrid_dex.defaults.auth_database import AuthDatabase
from hybrid_dex.defaults.roles import Role, Roles
from hybrid_dex.defaults.system_clock import SystemClock
from hybrid_dex.errors import UnavailableError
from hybrid_dex.exchange import Exchange
from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.market import Market
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.units import AccountId
from hybrid_dex.settlement.health import SettlementHealth, SettlementState
from hybrid_dex.settlement.local import LocalSettlement
from hybrid_dex.settlement.operation import BatchStanding, Inclusion
from hybrid_dex.wire import (
    AdminActionRequest,
    AdminProposalRequest,
    ListMarketAction,
    MarketTermsMessage,
    PauseSettlementAction,
    ResumeSettlementAction,
    RetrySettlementAction,
    SetMarketStateAction,
)
from reference_app.administration import Administration
from reference_app.problems import ProblemError

MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
ONE, TWO = (Principal(account=AccountId(name), session_id="s") for name in ("one", "two"))


@attrs.define
class Levers:
    """A settlement's levers, pulled."""

    paused: str = ""
    urged: list[tuple[int, bool]] = attrs.field(factory=list)
    final_batch: int = 0

    def health(self) -> SettlementHealth:
        return SettlementHealth(state=SettlementState.RUNNING, chain_id=1, contract="0x")

    def batches(self) -> tuple[BatchStanding, ...]:
        stage = SettlementStage.SUBMITTED
        return (BatchStanding(number=7, stage=stage, fills=1, transactions=()),)

    async def inclusion(self, transaction: str) -> Inclusion | None:
        return None

    def pause(self, reason: str) -> None:
        self.paused = reason

    def resume(self) -> None:
        self.paused = ""

    def resend(self, batch: int) -> bool:
        self.urged.append((batch, False))
        return batch == 7

    def bump(self, batch: int) -> bool:
        self.urged.append((batch, True))
        return batch == 7


class Steered(LocalSettlement):
    """Settles here, and is steered as a chain's would be; it may refuse markets."""

    def __init__(self) -> None:
        super().__init__()
        self.operation = Levers()
        self.refusal: Refusal | None = None
        self.answers = asyncio.Event()
        self.answers.set()

    async def refuse_listing(self, market: Market) -> Refusal | None:  # type: ignore[override] # some
        await self.answers.wait()
        return self.refusal


def made(exchange: Exchange, database: AuthDatabase) -> Administration:
    actions = AdminActions(database=database, clock=SystemClock())
    return Administration(exchange=exchange, actions=actions)


async def test_settlement_is_paused_over_a_restart_until_two_resume_it(tmp_path: Path) -> None:
    database = AuthDatabase(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    await database.open()
    roles = Roles(database=database, clock=SystemClock())
    for admin in (ONE, TWO):
        await roles.grant(admin.account, Role.ADMIN, "command")
    try:
        for turn in range(2):
            settlement = Steered()
            exchange = Exchange([MARKET], settlement=settlement)
            desk = made(exchange, database)
            await desk.prepare()
            assert settlement.operation.paused == ("gas is dear" if turn else "")
            async with exchange:
                if not turn:
                    request = AdminActionRequest(
                        id="pause", reason="gas is dear", action=PauseSettlementAction()
                    )
                    done = await desk.act(ONE, request)
                    assert (done.before, done.after) == ("sending", "paused")
                    continue
                asked = AdminProposalRequest(
                    id="resume", reason="gas is cheap", action=ResumeSettlementAction()
                )
                waiting = await desk.propose(ONE, asked)
                ended = await desk.confirm(TWO, "resume", waiting.digest)
                assert (ended.before, ended.after) == ("paused", "sending")
                assert settlement.operation.paused == ""
        last = Steered()
        await made(Exchange([MARKET], settlement=last), database).prepare()
        assert last.operation.paused == ""
    finally:
        await database.close()


async def test_settlement_stays_paused_where_nobody_wrote_down_that_it_was(tmp_path: Path) -> None:
    """It was paused and the login database went away; the exchange ends before anybody asks again."""
    database = AuthDatabase(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    await database.open()
    try:
        settlement = Steered()
        async with Exchange([MARKET], settlement=settlement) as exchange:
            desk = made(exchange, database)
            request = AdminActionRequest(id="p", reason="gas", action=PauseSettlementAction())
            away = patch.object(AdminActions, "finish", side_effect=UnavailableError("away"))
            with away, pytest.raises(ProblemError):
                await desk.act(ONE, request)
            assert settlement.operation.paused == "gas"
        again = Steered()
        await made(Exchange([MARKET], settlement=again), database).prepare()
        assert again.operation.paused == "gas"
    finally:
        await database.close()


async def test_a_batch_is_retried_and_a_market_is_not_listed_past_the_contract(
    tmp_path: Path,
) -> None:
    database = AuthDatabase(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    await database.open()
    settlement = Steered()
    roles = Roles(database=database, clock=SystemClock())
    for admin in (ONE, TWO):
        await roles.grant(admin.account, Role.ADMIN, "command")
    try:
        async with Exchange([MARKET], settlement=settlement) as exchange:
            desk = made(exchange, database)
            for number, bump in enumerate((False, True)):
                action = RetrySettlementAction(batch=7, bump=bump)
                request = AdminActionRequest(id=f"r{number}", reason="it waits", action=action)
                done = await desk.act(ONE, request)
                assert done.after == ("offers more" if bump else "sent again")
            other = AdminActionRequest(
                id="r9", reason="it waits", action=RetrySettlementAction(batch=8)
            )
            with pytest.raises(ProblemError) as refused:
                await desk.act(ONE, other)
            assert refused.value.problem.code == RejectReason.NO_SUCH_SETTLEMENT
            assert settlement.operation.urged == [(7, False), (7, True), (8, False)]
            terms = MarketTermsMessage(
                id="ARB-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.01"
            )
            listing = AdminProposalRequest(
                id="list", reason="it is wanted", action=ListMarketAction(market=terms)
            )
            waiting = await desk.propose(ONE, listing)
            reason = RejectReason.LISTED_OTHERWISE_ON_CHAIN
            settlement.refusal = Refusal(reason, "tick_size", "it is another")
            for asked in (
                desk.propose(ONE, msgspec.structs.replace(listing, id="again")),
                desk.confirm(TWO, "list", waiting.digest),
            ):
                with pytest.raises(ProblemError) as refused:
                    await asked
                told = refused.value.problem
                assert (told.code, told.field) == (reason, "action.market.tick")
            assert exchange.markets == (MARKET,)
    finally:
        await database.close()


async def test_no_stop_waits_for_a_listing_that_the_chain_does_not_answer(tmp_path: Path) -> None:
    database = AuthDatabase(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    await database.open()
    settlement = Steered()
    roles = Roles(database=database, clock=SystemClock())
    for admin in (ONE, TWO):
        await roles.grant(admin.account, Role.ADMIN, "command")
    try:
        async with Exchange([MARKET], settlement=settlement) as exchange:
            desk = made(exchange, database)
            terms = MarketTermsMessage(
                id="ARB-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.01"
            )
            listing = AdminProposalRequest(
                id="list", reason="it is wanted", action=ListMarketAction(market=terms)
            )
            waiting = await desk.propose(ONE, listing)
            settlement.answers.clear()
            confirming = asyncio.create_task(desk.confirm(TWO, "list", waiting.digest))
            while (found := await desk.actions.get("list")) is None or found.state != "running":
                await asyncio.sleep(0)
            halt = SetMarketStateAction(market=MARKET.id, state="halted")
            done = await desk.act(ONE, AdminActionRequest(id="h", reason="now", action=halt))
            assert (done.before, done.after) == ("open", "halted")
            assert not confirming.done()
            settlement.answers.set()
            assert (await confirming).after == "listed, halted"
            assert len(exchange.markets) == 2
    finally:
        await database.close()


async def test_an_action_goes_on_when_its_asker_goes_away(tmp_path: Path) -> None:
    database = AuthDatabase(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    await database.open()
    settlement = Steered()
    try:
        async with Exchange([MARKET], settlement=settlement) as exchange:
            desk = made(exchange, database)
            request = AdminActionRequest(
                id="cut", reason="gas is dear", action=PauseSettlementAction()
            )
            asking = asyncio.create_task(desk.act(ONE, request))
            while (found := await desk.actions.get("cut")) is None:
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            while found is not None and found.state.value == "running":
                found = await desk.actions.get("cut")
            assert found is not None
            assert (found.state.value, settlement.operation.paused) == ("done", "gas is dear")
    finally:
        await database.close()


async def test_a_gateway_without_the_engine_does_nothing(tmp_path: Path) -> None:
    database = AuthDatabase(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    await database.open()
    try:
        actions = AdminActions(database=database, clock=SystemClock())
        gateway = Administration(exchange=object(), actions=actions)  # type: ignore[arg-type] # the engine is elsewhere
        await gateway.prepare()
        act = AdminActionRequest(id="a", reason="a reason", action=PauseSettlementAction())
        propose = AdminProposalRequest(id="b", reason="a reason", action=ResumeSettlementAction())
        for asked in (
            gateway.act(ONE, act),
            gateway.propose(ONE, propose),
            gateway.confirm(TWO, "b", "00" * 32),
        ):
            with pytest.raises(ProblemError) as refused:
                await asked
            assert refused.value.problem.code == RejectReason.ENGINE_ELSEWHERE
            assert refused.value.problem.status == 421
        assert await actions.page(limit=9) == []
    finally:
        await database.close()
