"""One exchange for the whole run; every test puts the chain back."""

import sys
from contextlib import contextmanager
from copy import copy
from pathlib import Path

import pytest
from eth_account import Account

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from export_abi import interface
from scenario import EXIT_DELAY, LOT, MARKET, PERMIT2, TICK, WATCH_LAG, WINDOW_MAX, Market, Scenario


@pytest.fixture(scope="session")
def w3(chain):
    """The local chain's web3, which lets any address send."""
    w3 = chain.provider.web3
    w3.provider.make_request("anvil_autoImpersonateAccount", [True])
    w3.provider.cacheable_requests = {"eth_chainId"}  # else half of all requests
    w3.provider.cache_allowed_requests = True
    return w3


@pytest.fixture(scope="session")
def deploy(w3, project, accounts):
    """Deploy a contract of the project by name."""

    def deploy(name, *arguments):
        instance = getattr(project, name).deploy(*arguments, sender=accounts[0])
        return w3.eth.contract(address=instance.address, abi=interface(name))

    return deploy


@pytest.fixture(scope="session")
def operator_key(accounts):
    """The operator's key, for what it signs."""
    return Account.from_key(accounts[2].private_key)


@pytest.fixture(scope="session")
def deploy_exchange(deploy):
    """Deploy an exchange with its extension."""

    def deploy_exchange(owner, operator, delays=(WATCH_LAG, WINDOW_MAX, EXIT_DELAY)):
        extension = deploy("ExchangeExtension", *delays, PERMIT2)
        return deploy("Exchange", extension.address, owner, operator, *delays)

    return deploy_exchange


@pytest.fixture(scope="session")
def world(w3, deploy, deploy_exchange, accounts):
    """An exchange with one market and nobody in it."""
    owner, operator = accounts[1].address, accounts[2].address
    exchange = deploy_exchange(owner, operator)
    base = deploy("MockERC20", "Ether", "ETH", 18)
    quote = deploy("MockERC20", "Dollar", "USDC", 6)
    scenario = Scenario(w3, exchange, owner, operator, Market(MARKET, base, quote))
    scenario.do(owner, "listAsset", base.address)
    scenario.do(owner, "listAsset", quote.address)
    scenario.do(owner, "listMarket", MARKET, base.address, quote.address, LOT, TICK)
    return scenario


@pytest.fixture(scope="session")
def crowd(world):
    """The world with four traders and funds."""
    for index in range(4):
        world.trader(index)
    return world


@contextmanager
def put_back(world):
    """A copy of the world whose traces in the chain and in memory end with the block."""
    fresh = copy(world)
    fresh.traders = dict(world.traders)
    snapshot = fresh.rpc("evm_snapshot")
    yield fresh
    fresh.rpc("evm_revert", snapshot)


@pytest.fixture
def scenario(crowd):
    """The crowd's exchange, for one test."""
    with put_back(crowd) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def large_crowd(crowd):
    """A hundred traders, for one module."""
    with put_back(crowd) as fresh:
        for index in range(100):
            fresh.trader(index)
        yield fresh


@pytest.fixture
def large_scenario(large_crowd):
    """The large crowd's exchange, for one test."""
    with put_back(large_crowd) as fresh:
        yield fresh
