"""Every function of administration is one role's, and no role has another's."""

import pytest
from scenario import EXIT_DELAY, MARKET, WINDOW_MAX

NOBODY = "0x" + "00" * 20

ROLES = {
    "owner": "OwnableUnauthorizedAccount(address)",
    "lister": "NotLister()",
    "pauser": "NotPauser()",
    "feeCollector": "NotFeeCollector()",
    "operator": "NotOperator()",
}
"""Each role, and how everybody else is refused."""

FUNCTIONS = [
    ("owner", "setLister", [NOBODY]),
    ("owner", "setPauser", [NOBODY]),
    ("owner", "setFeeCollector", [NOBODY]),
    ("owner", "proposeOperator", ["0x" + "11" * 20]),
    ("owner", "transferOwnership", ["0x" + "11" * 20]),
    ("owner", "renounceOwnership", []),
    ("lister", "listAsset", ["fresh"]),
    ("lister", "setDepositsOpen", ["quote", False]),
    ("lister", "listMarket", [2, "base", "quote", 1, 1]),
    ("lister", "closeMarket", [MARKET]),
    ("lister", "reopenMarket", [MARKET]),
    ("pauser", "pause", []),
    ("pauser", "unpause", []),
    ("feeCollector", "withdrawFees", ["quote", "0x" + "11" * 20]),
    ("operator", "publishSolvency", ["quote", b"\x01" * 32, 5]),
]


@pytest.fixture
def roles(scenario):
    """Give every role to an account of its own."""
    holders = {role: scenario.trader(index).address for index, role in enumerate(ROLES, start=10)}
    for role in ("lister", "pauser", "feeCollector"):
        name = "set" + role[0].upper() + role[1:]
        scenario.do(scenario.owner, name, holders[role])
    return holders | {"owner": scenario.owner, "operator": scenario.operator}


def test_every_role_can_be_read(scenario, roles):
    assert {role: scenario.read(role) for role in ROLES} == roles


@pytest.mark.parametrize(("role", "name", "arguments"), FUNCTIONS)
def test_a_function_is_its_roles_and_nobody_elses(scenario, deploy, roles, role, name, arguments):
    tokens = {
        "base": scenario.market.base.address,
        "quote": scenario.market.quote.address,
        "fresh": deploy("MockERC20", "Fresh", "NEW", 6).address,
    }
    arguments = [tokens.get(one, one) if isinstance(one, str) else one for one in arguments]
    if name == "reopenMarket":
        scenario.do(roles["lister"], "closeMarket", MARKET)
    if name == "unpause":
        scenario.do(roles["pauser"], "pause")
    if name == "withdrawFees":
        scenario.settle((scenario.buy(1, 2500, 100, fee=1000), (scenario.sell(0, 2500, 100), 100)))
    strangers = [address for other, address in roles.items() if other != role]
    for stranger in (*strangers, scenario.trader(3)):
        with scenario.reverts(ROLES[role]):
            scenario.do(stranger, name, *arguments)
    scenario.do(roles[role], name, *arguments)


def test_settling_is_the_operators_alone(scenario, roles):
    for role in ROLES:
        if role != "operator":
            with scenario.reverts("NotOperator()"):
                scenario.do(roles[role], "settle", b"")
    scenario.settle()


@pytest.mark.parametrize("role", ["lister", "pauser", "feeCollector"])
def test_a_role_changes_at_once_and_says_so(scenario, roles, role):
    name = role[0].upper() + role[1:]
    receipt = scenario.do(scenario.owner, f"set{name}", NOBODY)
    event = scenario.exchange.events[f"{name}Changed"]().process_log(receipt["logs"][0])
    assert dict(event["args"]) == {role: NOBODY}
    mine = next(entry for entry in FUNCTIONS if entry[0] == role)
    arguments = [scenario.owner if isinstance(one, str) else one for one in mine[2]]
    with scenario.reverts(ROLES[role]):
        scenario.do(roles[role], mine[1], *arguments)


def test_no_role_moves_a_balance_or_keeps_anybody_in(scenario, roles):
    """All roles together, in the worst mood: everybody leaves with everything."""
    trader, quote = scenario.trader(1), scenario.market.quote
    before = scenario.balance(trader, quote)
    scenario.do(roles["lister"], "setDepositsOpen", quote.address, False)
    scenario.do(roles["lister"], "closeMarket", MARKET)
    scenario.do(roles["pauser"], "pause")
    scenario.do(roles["owner"], "proposeOperator", roles["owner"])
    scenario.do(trader, "exit", [quote.address])
    scenario.advance(WINDOW_MAX)
    scenario.do(trader, "withdraw", quote.address, trader.address)
    assert quote.functions.balanceOf(trader.address).call() == before


def test_a_pause_without_end_and_nobody_to_end_it_keeps_nobody_in(scenario, roles):
    """The owner is gone, the pauser never comes back: anyone freezes, and all leave at once."""
    trader, quote = scenario.trader(1), scenario.market.quote
    before = scenario.balance(trader, quote)
    scenario.do(roles["pauser"], "pause")
    scenario.do(roles["owner"], "renounceOwnership")
    scenario.advance(EXIT_DELAY + 1)
    scenario.do(trader, "freeze")
    scenario.do(trader, "exit", [quote.address])
    scenario.do(trader, "withdraw", quote.address, trader.address)
    assert quote.functions.balanceOf(trader.address).call() == before


def test_a_proposed_operator_that_is_replaced_never_takes_over(scenario, roles):
    """To end a proposal is to propose the operator that there is."""
    successor = scenario.trader(2).address
    scenario.do(roles["owner"], "proposeOperator", successor)
    scenario.do(roles["owner"], "proposeOperator", roles["operator"])
    scenario.advance(2 * WINDOW_MAX)
    with scenario.reverts("NotOperator()"):
        scenario.do(successor, "acceptOperator")


def test_a_published_root_stands_beside_the_contracts_own_figures(scenario):
    quote = scenario.market.quote
    scenario.settle()
    receipt = scenario.do(scenario.operator, "publishSolvency", quote.address, b"\x07" * 32, 12345)
    event = scenario.exchange.events.SolvencyPublished().process_log(receipt["logs"][0])["args"]
    owed = scenario.read("liabilities", quote.address)
    assert dict(event) == {
        "batch": scenario.read("batchState")[0],
        "token": quote.address,
        "root": b"\x07" * 32,
        "total": 12345,
        "liabilities": owed,
        "balance": quote.functions.balanceOf(scenario.exchange.address).call(),
    }
    with scenario.reverts("UnknownToken(address)"):
        scenario.do(scenario.operator, "publishSolvency", NOBODY, b"\x07" * 32, 1)
