"""Who is refused an administrative request stands in the audit log, once a minute."""

import attrs
import httpx

from hybrid_dex.defaults.roles import AuditEntry, Role
from hybrid_dex.interfaces.auth import Principal
from hybrid_dex.model.reasons import RejectReason
from reference_app.refusals import Refusals
from reference_app.tests.keys import confirmed
from reference_app.tests.stack import Stack, Trader
from reference_app.tests.test_routes import is_problem

HALT = {
    "id": "halt-1",
    "reason": "why",
    "action": {"kind": "set_market_state", "market": "ETH-USDC", "state": "halted"},
}


async def refusals(stack: Stack) -> list[tuple[str, str, str]]:
    found: list[AuditEntry] = await stack.services.identity.roles.audit(before=None, limit=50)
    return [
        (one.actor, one.subject, one.detail)
        for one in reversed(found)
        if (one.action, one.outcome) == ("request", "refused")
    ]


async def forbidden(asked: httpx.Response, reason: RejectReason = RejectReason.FORBIDDEN) -> None:
    is_problem(asked, 403, reason)


async def test_refusals_for_role_and_for_signature_are_written(stack: Stack, alice: Trader) -> None:
    operator = await stack.trader(21)
    await stack.services.identity.roles.grant(operator.account, Role.OPERATOR, "command")
    await forbidden(await confirmed(alice, "POST", "/admin/actions", HALT))
    unsigned = RejectReason.FRESH_SIGNATURE_REQUIRED
    await forbidden(await operator.post("/admin/actions", HALT), unsigned)
    await forbidden(await confirmed(operator, "POST", "/admin/proposals", HALT))
    assert await refusals(stack) == [
        (alice.account, "POST /admin/actions", "this needs the role operator"),
        (operator.account, "POST /admin/actions", "action: not a token of this exchange"),
        (operator.account, "POST /admin/proposals", "this needs the role admin"),
    ]


async def test_what_is_granted_or_only_reads_or_is_ones_own_is_no_line(
    stack: Stack, alice: Trader
) -> None:
    operator = await stack.trader(21)
    await stack.services.identity.roles.grant(operator.account, Role.OPERATOR, "command")
    assert (await confirmed(operator, "POST", "/admin/actions", HALT)).is_success
    await forbidden(await alice.get("/admin/users"))
    await forbidden(await alice.post("/auth/api-keys", {}), RejectReason.FRESH_SIGNATURE_REQUIRED)
    assert await refusals(stack) == []


@attrs.define
class Hands:
    """A clock that a test sets."""

    at_ns: int = 10**18

    def now_ns(self) -> int:
        return self.at_ns


async def test_asking_again_and_again_does_not_fill_the_log(stack: Stack, alice: Trader) -> None:
    clock = Hands()
    noting = Refusals(roles=stack.services.identity.roles, clock=clock)
    one = await stack.services.principal(alice.token)
    assert isinstance(one, Principal)

    async def note(name: str, times: int) -> int:
        for _ in range(times):
            await noting.note(one, name, f"POST /{name}" + "x" * 900, "no")
        return len(await refusals(stack))

    assert await note("halt", 5) == 1
    assert await note("list", 5) == 2
    clock.at_ns += 59 * 10**9
    assert await note("halt", 5) == 2
    clock.at_ns += 10**9
    assert await note("halt", 5) == 3
    clock.at_ns -= 3_600 * 10**9
    assert await note("halt", 5) == 4, "a clock that was set back silences nobody"
    assert all(len(subject) <= 200 for _, subject, _ in await refusals(stack))
