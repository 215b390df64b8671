"""What lies in the library is what compiles here, and deploying leaves a record."""

import json
import sys
from pathlib import Path

import click
import pytest
from web3.exceptions import ContractLogicError

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import deploy as deployment
import export_abi


def test_the_librarys_artifacts_are_current():
    assert export_abi.stale() == [], "run make -C contracts export"


def test_a_changed_artifact_is_noticed(tmp_path, monkeypatch):
    for name in export_abi.EXPORTED:
        (tmp_path / f"{name}.json").write_text(export_abi.artifact(name))
    (tmp_path / "__init__.py").write_text((export_abi.ARTIFACTS / "__init__.py").read_text())
    monkeypatch.setattr(export_abi, "ARTIFACTS", tmp_path)
    assert export_abi.stale() == []
    content = json.loads((tmp_path / "Exchange.json").read_text())
    (tmp_path / "Exchange.json").write_text(json.dumps(content | {"abi": []}))
    (tmp_path / "MockERC20.json").unlink()
    assert export_abi.stale() == ["Exchange", "MockERC20"]


DELAYS = (60, 600, 3600)


@pytest.fixture
def record(accounts, tmp_path, monkeypatch):
    """Deploy with these roles, and read what was written down."""
    monkeypatch.setattr(deployment, "DEPLOYMENTS", tmp_path)

    def record(**roles):
        file = deployment.deploy(accounts[0], deployment.Roles(**roles), DELAYS, 1200)
        assert file.name == "local.json"
        return json.loads(file.read_text())

    return record


def at(w3, name, address):
    return w3.eth.contract(address, abi=export_abi.interface(name))


def test_deploying_leaves_a_record_that_leads_to_the_contracts(w3, accounts, record):
    names = ("proposer", "operator", "lister", "pauser", "fee_collector")
    roles = {name: accounts[index].address for index, name in enumerate(names, start=3)}
    found = record(**roles)
    assert found["chainId"] == w3.eth.chain_id
    created = w3.eth.get_transaction_receipt(found["transaction"])
    assert created["contractAddress"] == found["address"]
    assert created["blockNumber"] == found["block"]
    assert found["constructor"] == {
        "extension": found["extension"]["address"],
        "owner": found["timelock"]["address"],
        "operator": roles["operator"],
        "watchLag": 60,
        "windowMax": 600,
        "exitDelay": 3600,
    }
    exchange = at(w3, "Exchange", found["address"])
    assert exchange.functions.EXTENSION().call() == found["extension"]["address"]
    assert found["roles"] == {
        "owner": found["timelock"]["address"],
        "proposer": roles["proposer"],
        "operator": roles["operator"],
        "lister": roles["lister"],
        "pauser": roles["pauser"],
        "feeCollector": roles["fee_collector"],
    }
    for role in ("owner", "operator", "lister", "pauser", "feeCollector"):
        assert exchange.functions[role]().call() == found["roles"][role]


def test_the_timelock_is_its_proposers_and_the_deployer_has_nothing_left(w3, accounts, record):
    """What is proposed waits, and then anyone can have it done."""
    found = record(proposer=accounts[3].address)
    timelock = at(w3, "ExchangeTimelock", found["timelock"]["address"])
    exchange = at(w3, "Exchange", found["address"])
    assert timelock.functions.getMinDelay().call() == found["timelock"]["delay"] == 1200
    roles = [
        timelock.functions[f"{name}_ROLE"]().call()
        for name in ("DEFAULT_ADMIN", "PROPOSER", "CANCELLER", "EXECUTOR")
    ]
    deployer, proposer, anybody = accounts[0].address, accounts[3].address, deployment.ANYBODY
    held = [
        [timelock.functions.hasRole(role, who).call() for role in roles]
        for who in (deployer, proposer, anybody)
    ]
    assert held == [[False] * 4, [False, True, True, False], [False, False, False, True]]
    change = exchange.encode_abi("setPauser", args=[proposer])
    call = (exchange.address, 0, change, bytes(32), bytes(32))
    with pytest.raises(ContractLogicError):
        timelock.functions.schedule(*call, 1200).call({"from": deployer})
    with pytest.raises(ContractLogicError):
        timelock.functions.schedule(*call, 1199).call({"from": proposer})
    waiting = timelock.functions.schedule(*call, 1200).transact({"from": proposer})
    w3.eth.wait_for_transaction_receipt(waiting)
    with pytest.raises(ContractLogicError):
        timelock.functions.execute(*call).call({"from": proposer})
    w3.provider.make_request("evm_increaseTime", [1200])
    w3.provider.make_request("evm_mine", [])
    done = timelock.functions.execute(*call).transact({"from": deployer})
    w3.eth.wait_for_transaction_receipt(done)
    assert exchange.functions.pauser().call() == proposer


def test_nobody_but_the_deployer_ever_proposes_without_the_delay(w3, accounts, record):
    """What is scheduled while there is no delay stays ready for ever: one batch is, and it is done."""
    proposer = accounts[3].address
    timelock = at(w3, "ExchangeTimelock", record(proposer=proposer)["timelock"]["address"])
    events = {
        name: timelock.events[name]().get_logs(from_block=0)
        for name in ("CallScheduled", "CallExecuted", "MinDelayChange", "RoleGranted")
    }
    assert {one["args"]["id"] for one in events["CallScheduled"]} == {
        one["args"]["id"] for one in events["CallExecuted"]
    }
    assert len({one["transactionHash"] for one in events["CallScheduled"]}) == 1
    last = events["MinDelayChange"][-1]
    assert last["args"]["newDuration"] == 1200
    named = [one for one in events["RoleGranted"] if one["args"]["account"] == proposer]
    assert len(named) == 2
    assert all(one["blockNumber"] > last["blockNumber"] for one in named)


@pytest.mark.parametrize(
    ("roles", "delay", "message"),
    [
        ("abcde", 1199, "overtake an exit"),
        ("", 1200, "proposer, operator, lister, pauser, fee-collector"),
        ("abcd", 1200, "fee-collector"),
        ("abcdA", 1200, "two roles"),
        ("abcde", 1200, None),
    ],
)
def test_a_live_deployment_is_no_weaker_than_the_trust_model(roles, delay, message):
    given = deployment.Roles(*roles)
    deployment.check(given, 600, 0, local=True)
    if message is None:
        deployment.check(given, 600, delay, local=False)
        return
    with pytest.raises(click.UsageError, match=message):
        deployment.check(given, 600, delay, local=False)
