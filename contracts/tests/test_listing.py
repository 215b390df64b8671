"""Tokens that say that they call their holders or change balances by themselves are not listed."""

import pytest
from eth_utils import keccak

REGISTRY = "0x1820a4B7618BdE71Dce8cdc73aAB6C95905faD24"
PROBES = [
    "getTotalShares()",
    "scaledTotalSupply()",
    "rebasingCreditsPerToken()",
    "gonsForBalance(uint256)",
    "baseTrackingSupplySpeed()",
    "rewardMultiplier()",
]


@pytest.fixture
def registry(scenario, deploy):
    """The ERC-1820 registry at its address, for this test."""
    mock = deploy("MockERC1820")
    scenario.rpc(
        "anvil_setCode", REGISTRY, "0x" + bytes(scenario.w3.eth.get_code(mock.address)).hex()
    )
    return scenario.w3.eth.contract(REGISTRY, abi=mock.abi)


def test_a_registered_erc777_is_refused(scenario, deploy, registry):
    token = deploy("MockERC20", "Seven", "777", 18).address
    interface = keccak(text="ERC777Token")
    scenario.send(
        registry.functions.setInterfaceImplementer(token, interface, token), scenario.owner
    )
    with scenario.reverts("TokenCallsHolders(address)"):
        scenario.do(scenario.owner, "listAsset", token)


def test_another_registration_does_not_matter(scenario, deploy, registry):
    token = deploy("MockERC20", "Twenty", "20", 18).address
    interface = keccak(text="ERC20Token")
    scenario.send(
        registry.functions.setInterfaceImplementer(token, interface, token), scenario.owner
    )
    scenario.do(scenario.owner, "listAsset", token)


@pytest.mark.parametrize("probe", PROBES)
def test_a_token_that_answers_like_a_rebasing_one_is_refused(scenario, deploy, probe):
    token = deploy("ProbedToken", keccak(text=probe)[:4], 32).address
    with scenario.reverts("RebasingToken(address)"):
        scenario.do(scenario.owner, "listAsset", token)


def test_a_token_that_answers_nothing_or_something_else_is_listed(scenario, deploy):
    for probe, size in ((PROBES[0], 0), (PROBES[0], 31), ("totalShares()", 32)):
        token = deploy("ProbedToken", keccak(text=probe)[:4], size).address
        scenario.do(scenario.owner, "listAsset", token)


def test_a_token_that_burns_the_probes_gas_is_listed_all_the_same(scenario, deploy):
    token = deploy("ProbedToken", keccak(text=PROBES[0])[:4], 2**32).address
    receipt = scenario.do(scenario.owner, "listAsset", token)
    assert receipt["gasUsed"] < 400_000
