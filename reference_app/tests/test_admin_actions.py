"""Every action does what it says once, is refused to whoever may not, and leaves an exact line."""

from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from hybrid_dex.defaults.admin_actions import AdminActions
from hybrid_dex.defaults.roles import Role
from hybrid_dex.errors import InDoubtError, UnavailableError
from hybrid_dex.exchange import Exchange
from hybrid_dex.model.commands import CancelPlan, Command, SetMarketState
from hybrid_dex.model.events import EventBatch
from hybrid_dex.model.market import MarketState
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.units import MarketId
from hybrid_dex.wire import AdminActionRequest, AdminProposalRequest, decode, encode
from reference_app import overview
from reference_app.routes.admin_examples import ACTIONS, PROPOSALS
from reference_app.tests.keys import confirmed
from reference_app.tests.stack import Stack, Trader, running, settings
from reference_app.tests.test_routes import is_problem

ETH, BTC = MarketId("ETH-USDC"), MarketId("BTC-USDC")


@attrs.define
class Office:
    """An exchange with its people."""

    stack: Stack
    operator: Trader
    admin: Trader
    second: Trader
    alice: Trader
    numbers: Any = attrs.field(factory=lambda: iter(range(1_000)))

    @property
    def engine(self) -> Exchange:
        assert isinstance(self.stack.services.exchange, Exchange)
        return self.stack.services.exchange

    def request(self, action: dict[str, Any], id: str = "") -> dict[str, Any]:
        return {
            "id": id or f"test-{next(self.numbers)}",
            "reason": f"why {action['kind']}",
            "action": action,
        }

    async def act(self, *, by: Trader | None = None, id: str = "", **action: Any) -> httpx.Response:
        body = self.request(action, id)
        return await confirmed(by or self.operator, "POST", "/admin/actions", body)

    async def propose(
        self, *, by: Trader | None = None, id: str = "", **action: Any
    ) -> httpx.Response:
        body = self.request(action, id)
        return await confirmed(by or self.admin, "POST", "/admin/proposals", body)

    async def confirm(self, action: dict[str, Any], by: Trader | None = None) -> httpx.Response:
        target = f"/admin/actions/{action['id']}/confirm"
        return await confirmed(by or self.second, "POST", target, {"digest": action["digest"]})

    async def done(self, **action: Any) -> tuple[str, str]:
        """Do an action; return how it was and is, as the answer and the log say alike."""
        reply = await self.act(**action)
        assert reply.status_code == 200, reply.text
        answer = reply.json()
        assert (answer["state"], answer["proposer"]) == ("done", self.operator.account)
        line = await self.line(answer["id"])
        assert (line["actor"], line["action"]) == (self.operator.account, action["kind"])
        assert (line["reason"], line["outcome"]) == (f"why {action['kind']}", "done")
        assert (line["before"], line["after"]) == (answer["before"], answer["after"])
        assert line["subject"] == answer["subject"]
        return answer["before"], answer["after"]

    async def both(self, **action: Any) -> tuple[str, str]:
        """Propose an action and confirm it as another admin."""
        reply = await self.propose(**action)
        assert reply.status_code == 200, reply.text
        waiting = reply.json()
        assert (waiting["state"], waiting["before"], waiting["after"]) == ("proposed", "", "")
        ended = await self.confirm(waiting)
        assert ended.status_code == 200, ended.text
        answer = ended.json()
        assert (answer["state"], answer["decided_by"]) == ("done", self.second.account)
        line = await self.line(answer["id"])
        assert (line["actor"], line["outcome"]) == (self.second.account, "done")
        return answer["before"], answer["after"]

    async def line(self, id: str) -> dict[str, Any]:
        """The newest line of the log about an action."""
        entries = (await self.admin.get("/admin/audit?limit=50")).json()["entries"]
        found: dict[str, Any] = next(one for one in entries if one["request"] == id)
        return found


async def office_of(stack: Stack, usdc: str = "1000000") -> Office:
    people = [await stack.trader(number) for number in (21, 22, 23)]
    given = (Role.OPERATOR, Role.ADMIN, Role.ADMIN)
    for trader, role in zip(people, given, strict=True):
        await stack.services.identity.roles.grant(trader.account, role, "command")
    funds = {"USDC": usdc} if usdc else {}
    return Office(stack, *people, await stack.trader(1, **funds))


@pytest.fixture
async def office(stack: Stack) -> Office:
    return await office_of(stack)


def test_the_examples_are_messages_and_name_every_kind() -> None:
    for examples, kind in ((ACTIONS, AdminActionRequest), (PROPOSALS, AdminProposalRequest)):
        for name, example in examples.items():
            found = decode(kind, encode(example))
            assert found.action.__struct_config__.tag == name
    assert len(ACTIONS) + len(PROPOSALS) == 19


async def test_markets_are_halted_planned_and_opened(office: Office) -> None:
    view = office.engine.view
    due_ms = view.at_ns // 10**6 + 3_600_000
    assert await office.done(
        kind="schedule_halt", market=ETH, state="cancel_only", due_ms=due_ms
    ) == ("nothing planned", f"cancel_only at {due_ms}")
    assert await office.done(kind="cancel_plan", market=ETH, due_ms=due_ms) == (
        f"cancel_only at {due_ms}",
        "nothing planned",
    )
    opening = await office.both(kind="schedule_opening", market=ETH, state="open", due_ms=due_ms)
    assert opening == ("nothing planned", f"open at {due_ms}")
    halted = await office.done(kind="set_market_state", market=ETH, state="halted")
    assert halted == ("open", f"halted; no longer planned: open at {due_ms}")
    assert (view.market_state(ETH), view.plans(ETH)) == (MarketState.HALTED, ())
    for state in ("open", "post_only", "auction_open"):
        alone = await office.act(kind="set_market_state", market=ETH, state=state)
        is_problem(alone, 403, RejectReason.TWO_ADMINS_REQUIRED)
    assert await office.both(kind="open_market", market=ETH, state="open") == ("halted", "open")
    assert await office.done(kind="set_market_state", market=ETH, state="post_only") == (
        "open",
        "post_only",
    )
    refused = await office.propose(kind="delist_market", market=ETH)
    ended = await office.confirm(refused.json())
    assert is_problem(ended, 422, RejectReason.ILLEGAL_MOVE).field == "state"
    line = await office.line(refused.json()["id"])
    assert (line["outcome"], line["before"], line["after"]) == ("refused", "post_only", "")
    assert "what can follow" in line["detail"]
    await office.done(kind="set_market_state", market=ETH, state="halted")
    assert await office.both(kind="delist_market", market=ETH) == ("halted", "closed")
    unknown = await office.act(kind="set_market_state", market="NO-SUCH", state="halted")
    is_problem(unknown, 404, RejectReason.UNKNOWN_MARKET)


async def test_a_halt_that_is_refused_leaves_what_is_planned(office: Office) -> None:
    view = office.engine.view
    due_ms = view.at_ns // 10**6 + 3_600_000
    await office.both(kind="schedule_opening", market=ETH, state="open", due_ms=due_ms)
    planned = view.plans(ETH)
    for price in ("abc", "0", "0.001"):
        refused = await office.act(
            kind="set_market_state", market=ETH, state="halted", reference_price=price
        )
        assert refused.status_code == 400, refused.text
        assert (view.market_state(ETH), view.plans(ETH)) == (MarketState.OPEN, planned)
    await office.done(kind="set_market_state", market=BTC, state="halted")
    await office.both(kind="schedule_opening", market=BTC, state="open", due_ms=due_ms)
    await office.both(kind="delist_market", market=BTC)
    planned = view.plans(BTC)
    refused = await office.act(kind="set_market_state", market=BTC, state="halted")
    is_problem(refused, 422, RejectReason.ILLEGAL_MOVE)
    assert view.plans(BTC) == planned


async def test_no_old_plan_opens_a_halted_market_whenever_the_exchange_ends(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is planned goes before the market moves; what came due meanwhile does not keep it open."""
    due_ms = office.engine.view.at_ns // 10**6 + 3_600_000
    for later in (0, 1):
        plan = {"market": ETH, "state": "open", "due_ms": due_ms + later}
        await office.both(kind="schedule_opening", **plan)
    seen, execute = list[Command](), office.engine.execute

    async def watched(command: Command) -> EventBatch:
        seen.append(command)
        if len(seen) == 1:  # somebody else was first, as a plan's time is
            await execute(command)
        return await execute(command)

    monkeypatch.setattr(office.engine, "execute", watched)
    halted = await office.done(kind="set_market_state", market=ETH, state="halted")
    assert [type(command) for command in seen] == [CancelPlan, CancelPlan, SetMarketState]
    assert halted == ("open", f"halted; no longer planned: open at {due_ms + 1}")


async def test_accounts_are_stopped_and_released(office: Office) -> None:
    alice, view = office.alice, office.engine.view
    for price in ("10", "11", "12"):
        await alice.place("buy", "1", price)
    await alice.place("buy", "1", "10", market="BTC-USDC")
    assert await office.done(kind="cancel_orders", market=ETH, account=alice.account) == (
        "3 open orders",
        "0 open orders, 3 canceled",
    )
    await alice.place("buy", "1", "10")
    assert await office.done(kind="cancel_orders", market=ETH) == (
        "1 open orders",
        "0 open orders, 1 canceled",
    )
    neither = await office.act(kind="cancel_orders")
    is_problem(neither, 400, RejectReason.INVALID_MESSAGE)
    stopped = await office.done(kind="stop_account", account=alice.account, cancel=True)
    assert stopped == ("free", "stopped, 1 orders canceled")
    refused = await alice.post("/orders", alice.order("buy", "1", "10"))
    is_problem(refused, 403, RejectReason.KILL_SWITCH)
    released = await office.both(kind="release_account", account=alice.account)
    assert released == ("stopped", "free")
    await alice.place("buy", "1", "10")
    assert (await office.stack.http.get("/status")).json()["accepting"]
    assert await office.done(kind="stop_all") == ("free", "stopped")
    assert not (await office.stack.http.get("/status")).json()["accepting"], "no order of anybody"
    assert not (await office.admin.get("/admin/statistics")).json()["accepting"]
    (alarm,) = overview.alarms(office.stack.services)
    assert "kill switch" in alarm.detail
    refused = await alice.post("/orders", alice.order("buy", "1", "10"))
    is_problem(refused, 403, RejectReason.KILL_SWITCH)
    assert view.open_order_count(alice.account) == 1
    assert await office.both(kind="release_all") == ("stopped", "free")
    bad = await office.act(kind="stop_account", account=alice.account.lower())
    assert is_problem(bad, 422, RejectReason.BAD_SIGNATURE).field == "action.account"


async def test_limits_groups_and_fees_are_set(office: Office) -> None:
    alice = office.alice.account
    before, after = await office.done(
        kind="set_risk_tier", tier="makers", limits={"open_orders": 2}
    )
    assert before == "not set"
    assert '"open_orders":2' in after
    assert await office.done(kind="assign_risk_tier", account=alice, tier="makers") == (
        "default",
        "makers",
    )
    assert await office.done(kind="assign_risk_tier", account=alice, tier=None) == (
        "makers",
        "default",
    )
    unknown = await office.act(kind="assign_risk_tier", account=alice, tier="nobody")
    is_problem(unknown, 404, RejectReason.UNKNOWN_TIER)
    assert await office.done(kind="set_account_group", account=alice, group="desk") == (
        "no group",
        "desk",
    )
    fees = {"maker_fee_ppm": 50, "taker_fee_ppm": 150}
    before, after = await office.done(kind="set_fees", market=ETH, fees=fees)
    assert before == '{"maker_fee_ppm":100,"taker_fee_ppm":200,"tiers":[]}'
    assert after == '{"maker_fee_ppm":50,"taker_fee_ppm":150,"tiers":[]}'
    more = {"maker_fee_ppm": 100, "taker_fee_ppm": 9_000}
    dear = await office.act(kind="set_fees", market=ETH, fees=more)
    is_problem(dear, 422, RejectReason.FEES_ABOVE_LISTED)
    due_ms = office.engine.view.at_ns // 10**6 + 2 * 86_400_000
    listed = {"maker_fee_ppm": 100, "taker_fee_ppm": 200}
    _, after = await office.done(kind="set_fees", market=ETH, fees=listed, due_ms=due_ms)
    assert after.startswith(f"at {due_ms}: ")
    bad = {"maker_fee_ppm": -500, "taker_fee_ppm": 1}
    never = await office.act(kind="set_fees", market=ETH, fees=bad)
    assert is_problem(never, 400, RejectReason.INVALID_NUMBER).field == "fees"


async def test_a_market_is_listed_and_trades(office: Office) -> None:
    terms = PROPOSALS["list_market"]["action"]["market"]
    assert await office.both(kind="list_market", market=terms, state="halted") == (
        "not listed",
        "listed, halted",
    )
    assert await office.both(kind="open_market", market="ARB-USDC", state="open") == (
        "halted",
        "open",
    )
    await office.alice.place("buy", "1", "1", market="ARB-USDC")
    again = await office.propose(kind="list_market", market=terms | {"tick": "0.01"})
    is_problem(await office.confirm(again.json()), 409, RejectReason.MARKET_EXISTS)
    wrong = await office.propose(kind="list_market", market=terms | {"tick": "0.00000001"})
    assert is_problem(wrong, 400, RejectReason.INVALID_NUMBER).field.startswith("action.market")
    for name in ("SOL-USDC ", "SOL-USDC\n", " SOL-USDC", "S OL-USDC", "SOL\0-USDC", "SOL\xa0-USDC"):
        blank = await office.propose(kind="list_market", market=terms | {"id": name})
        assert is_problem(blank, 400, RejectReason.INVALID_NUMBER).field == "action.market"


async def test_settlement_without_a_chain_has_nothing_to_steer(office: Office) -> None:
    for action in ({"kind": "pause_settlement"}, {"kind": "retry_settlement", "batch": 1}):
        is_problem(await office.act(**action), 404, RejectReason.NO_SUCH_SETTLEMENT)
    resume = await office.propose(kind="resume_settlement")
    is_problem(resume, 404, RejectReason.NO_SUCH_SETTLEMENT)


async def test_what_a_failing_journal_may_have_taken_is_unknown_and_not_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed sync the restart may find the command: the log must not say that it was not done."""

    async def written_and_not_synced(command: Command) -> EventBatch:
        await execute(command)
        raise InDoubtError("the disk says no")

    execute = office.engine.execute
    monkeypatch.setattr(office.engine, "execute", written_and_not_synced)
    first = await office.act(kind="stop_all", id="perhaps")
    assert "the disk says no" in is_problem(first, 504, RejectReason.UNKNOWN_OUTCOME).detail
    monkeypatch.undo()
    assert (await office.act(kind="stop_all", id="perhaps")).content == first.content
    assert (await office.line("perhaps"))["outcome"] == "unknown"
    shown = (await office.admin.get("/admin/actions/perhaps")).json()
    assert shown["state"] == "unknown"


async def test_what_was_done_and_could_not_be_written_down_is_unknown_and_not_undone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """9001 would say that nothing was done."""

    async def away(*_: object, **__: object) -> None:
        raise UnavailableError("logins can not be looked up now")

    halt = {"kind": "set_market_state", "market": ETH, "state": "halted"}
    await office.done(kind="stop_all")
    waiting = (await office.propose(kind="release_all")).json()
    with monkeypatch.context() as outage:
        outage.setattr(AdminActions, "finish", away)
        first = await office.act(**halt, id="perhaps")
        second = await office.confirm(waiting)
    for told in (first, second, await office.act(**halt, id="perhaps")):
        detail = is_problem(told, 504, RejectReason.UNKNOWN_OUTCOME).detail
        assert "look whether it was done" in detail
    assert office.engine.view.market_state(ETH) is MarketState.HALTED
    assert not office.engine.view.risk_controls().stops_all


async def test_an_action_is_done_once_whatever_is_repeated(office: Office) -> None:
    first = await office.act(kind="set_market_state", market=ETH, state="halted", id="once")
    await office.both(kind="open_market", market=ETH, state="open")
    again = await office.act(kind="set_market_state", market=ETH, state="halted", id="once")
    assert again.json() == first.json()
    assert office.engine.view.market_state(ETH) is MarketState.OPEN
    other = await office.act(kind="stop_all", id="once")
    is_problem(other, 409, RejectReason.ACTION_ID_USED)
    refused = await office.act(kind="set_market_state", market="NO-SUCH", state="open", id="no")
    assert (
        await office.act(kind="set_market_state", market="NO-SUCH", state="open", id="no")
    ).content == refused.content
    body = office.request({"kind": "stop_all"})
    plain = await office.operator.post("/admin/actions", body)
    is_problem(plain, 403, RejectReason.FRESH_SIGNATURE_REQUIRED)
    for wrong in (
        {"id": "a b"},
        {"id": "a\n"},
        {"id": ""},
        {"reason": ""},
        {"action": {"kind": "open_market"}},
    ):
        reply = await confirmed(office.operator, "POST", "/admin/actions", body | wrong)
        is_problem(reply, 400, RejectReason.INVALID_MESSAGE)
    shown = (await office.admin.get("/admin/actions?status=refused")).json()["actions"]
    assert [one["id"] for one in shown] == ["no"]
    assert shown[0]["problem"]["code"] == RejectReason.UNKNOWN_MARKET
    page = (await office.admin.get("/admin/actions?limit=1")).json()
    rest = (await office.admin.get(f"/admin/actions?before={page['next']}")).json()
    assert page["actions"][0]["id"] not in [one["id"] for one in rest["actions"]]
    is_problem(await office.admin.get("/admin/actions/none"), 404, RejectReason.NOT_FOUND)


async def test_a_proposal_takes_another_admin(office: Office) -> None:
    await office.done(kind="stop_all")
    lower = await office.propose(by=office.operator, kind="release_all")
    is_problem(lower, 403, RejectReason.FORBIDDEN)
    waiting = (await office.propose(kind="release_all", id="lift")).json()
    is_problem(await office.confirm(waiting, office.operator), 403, RejectReason.FORBIDDEN)
    own = await office.confirm(waiting, office.admin)
    is_problem(own, 403, RejectReason.SECOND_ADMIN_REQUIRED)
    line = await office.line("lift")
    assert (line["actor"], line["outcome"]) == (office.admin.account, "refused")
    changed = await office.confirm(waiting | {"digest": "00" * 32})
    is_problem(changed, 409, RejectReason.ACTION_NOT_WAITING)
    roles = office.stack.services.identity.roles
    await roles.grant(office.admin.account, Role.OPERATOR, office.second.account)
    is_problem(await office.confirm(waiting), 403, RejectReason.SECOND_ADMIN_REQUIRED)
    await roles.grant(office.admin.account, Role.ADMIN, office.second.account)
    target = "/admin/actions/lift/cancel"
    canceled = await confirmed(office.second, "POST", target, {"reason": "not yet"})
    assert canceled.json()["state"] == "canceled"
    line = await office.line("lift")
    assert (line["actor"], line["detail"]) == (office.second.account, "not yet")
    is_problem(await office.confirm(waiting), 409, RejectReason.ACTION_NOT_WAITING)
    gone = await confirmed(office.second, "POST", target, {"reason": "again"})
    is_problem(gone, 409, RejectReason.ACTION_NOT_WAITING)
    is_problem(
        await office.confirm({"id": "none", "digest": "00" * 32}), 404, RejectReason.NOT_FOUND
    )
    assert office.engine.view.risk_controls().stops_all


async def test_a_proposal_outlives_a_restart_and_what_was_left_running_is_unknown(
    tmp_path: Path,
) -> None:
    async with running(settings(tmp_path)) as stack:
        office = await office_of(stack)
        await office.done(kind="stop_all")
        waiting = (await office.propose(kind="release_all", id="lift")).json()
        await stack.services.administration.actions.begin(
            "cut",
            kind="stop_all",
            subject="exchange",
            content='{"kind":"stop_all","cancel":false}',
            reason="why stop_all",
            by=office.operator.account,
            proposes=False,
        )
    async with running(settings(tmp_path)) as stack:
        office = await office_of(stack)
        cut = await office.act(kind="stop_all", id="cut")
        is_problem(cut, 504, RejectReason.UNKNOWN_OUTCOME)
        assert (await office.line("cut"))["outcome"] == "unknown"
        read = (await office.second.get("/admin/actions/lift")).json()
        assert read == waiting
        assert (await office.confirm(read)).json()["after"] == "free"
