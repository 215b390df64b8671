"""What the demo finds when it starts: its own folder, a chain's program, what an earlier run left."""

from pathlib import Path

import pytest

from hybrid_dex.errors import ConfigurationError, SettlementError
from reference_app.demo.accounts import demo_accounts
from reference_app.demo.funding import prepare_ground
from reference_app.demo.local_chain import find_anvil
from reference_app.demo.options import DemoOptions
from reference_app.demo.processes import Child
from reference_app.demo.supervisor import running_demo
from reference_app.tests.demo.test_once import free_ports


@pytest.mark.timeout(120)
async def test_a_relative_folder_holds_everything_and_is_forgotten_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default is one: nested in itself, the exchange would survive --fresh without its chain."""
    monkeypatch.chdir(tmp_path)
    (port,) = free_ports(1)
    options = DemoOptions(chain=False, port=port, data=Path("here"), takers=1)
    async with running_demo(options):
        pass
    assert (tmp_path / "here" / "exchange" / "journal").is_dir()
    assert not (tmp_path / "here" / "here").exists()
    mark = tmp_path / "here" / "exchange" / "old"
    mark.touch()
    fresh = DemoOptions(chain=False, port=port, data=Path("here"), takers=1, fresh=True)
    async with running_demo(fresh):
        assert not mark.exists()


@pytest.mark.timeout(120)
async def test_what_is_exported_for_another_exchange_is_not_the_demos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.env.example` names a folder and a port: the demo would write into that exchange's journal."""
    port, other = free_ports(2)
    monkeypatch.setenv("HYBRID_DEX_DATA", str(tmp_path / "mine"))
    monkeypatch.setenv("HYBRID_DEX_SERVER_PORT", str(other))
    options = DemoOptions(chain=False, port=port, data=tmp_path / "demo", takers=1)
    async with running_demo(options):
        assert (tmp_path / "demo" / "exchange" / "journal").is_dir()
    assert not (tmp_path / "mine").exists()


def test_exchange_and_chain_can_not_have_one_port() -> None:
    with pytest.raises(ValueError, match="both 8545"):
        DemoOptions(port=8545)
    assert DemoOptions(port=8545, chain=False).url == "http://127.0.0.1:8545"


def test_a_named_program_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYBRID_DEX_ANVIL", "/nonexistent")
    with pytest.raises(ConfigurationError, match="HYBRID_DEX_ANVIL names no file: /nonexistent"):
        find_anvil()


def test_a_chain_that_is_not_installed_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HYBRID_DEX_ANVIL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("reference_app.demo.local_chain._BINARY", Path("nowhere"))
    with pytest.raises(ConfigurationError, match="--no-chain"):
        find_anvil()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"contract":"zz","start_block":1,"base_token":"a","quote_token":"b","funded":[]}',
    ],
)
async def test_a_damaged_record_of_the_ground_is_one_clear_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ground.json"
    file.write_text(text)
    with pytest.raises(SettlementError, match=r"ground\.json can not be read: .*--fresh"):
        await prepare_ground("http://127.0.0.1:9", 1, file, demo_accounts(1))


def test_the_reason_is_told_and_not_where_to_find_help(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("error: invalid value for '--state'\n\nFor more information, try '--help'.\n")
    assert Child("it", ["it"], log).last_line() == "error: invalid value for '--state'"
