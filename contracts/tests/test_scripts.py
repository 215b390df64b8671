"""What lies in the library is what compiles here, and deploying leaves a record."""

import json
import sys
from pathlib import Path

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


def test_deploying_leaves_a_record_that_leads_to_the_contract(w3, accounts, tmp_path, monkeypatch):
    monkeypatch.setattr(deployment, "DEPLOYMENTS", tmp_path)
    operator = accounts[3].address
    file = deployment.deploy(accounts[0], None, operator, (60, 600, 3600))
    record = json.loads(file.read_text())
    assert file.name == "local.json"
    assert record["chainId"] == w3.eth.chain_id
    assert (
        w3.eth.get_transaction_receipt(record["transaction"])["contractAddress"]
        == record["address"]
    )
    extension = record["constructor"].pop("extension")
    assert w3.eth.get_code(extension)
    assert record["constructor"] == {
        "owner": accounts[0].address,
        "operator": operator,
        "watchLag": 60,
        "windowMax": 600,
        "exitDelay": 3600,
    }
