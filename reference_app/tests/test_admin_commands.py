"""`hybrid-dex admin` makes the first admin, in the database of the settings, and logs it."""

import sqlite3
from pathlib import Path

import pytest

from hybrid_dex.errors import ConfigurationError
from reference_app.admin_commands import app

ALICE = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
TOML = """
[hybrid-dex]
data = "data"
[hybrid-dex.auth]
origins = ["https://exchange.example"]
[[hybrid-dex.markets]]
id = "ETH-USDC"
base_decimals = 18
quote_decimals = 6
tick = "0.01"
lot = "0.0001"
base_token = "0x0000000000000000000000000000000000000101"
quote_token = "0x0000000000000000000000000000000000000102"
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYBRID_DEX_AUTH_SECRET", "5f" * 32)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "exchange.toml"
    file.write_text(TOML)
    return file


def run(*arguments: str) -> None:
    app(list(arguments), exit_on_error=False, print_error=True, result_action="return_value")


def test_a_role_is_given_taken_and_logged(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("roles", "--settings", str(settings))
    assert "nobody has a role" in capsys.readouterr().out
    run("grant", ALICE, "--role", "admin", "--settings", str(settings))
    assert f"{ALICE} is admin now" in capsys.readouterr().out
    run("roles", "--settings", str(settings))
    assert f"{ALICE}  admin  given by command" in capsys.readouterr().out
    run("grant", ALICE, "--role", "trader", "--settings", str(settings))
    run("roles", "--settings", str(settings))
    assert "nobody has a role" in capsys.readouterr().out
    with sqlite3.connect(settings.parent / "data" / "auth.sqlite") as stored:
        log = stored.execute("SELECT actor, subject, detail FROM auth_audit ORDER BY id").fetchall()
    stored.close()
    assert log == [
        ("command", ALICE, "trader -> admin"),
        ("command", ALICE, "admin -> trader"),
    ]


@pytest.mark.parametrize("address", ["", "alice", ALICE.lower(), ALICE[:-1], ALICE + "0"])
def test_what_is_no_account_gets_no_role(settings: Path, address: str) -> None:
    with pytest.raises(ConfigurationError, match="is no account"):
        run("grant", address, "--role", "admin", "--settings", str(settings))


def test_settings_that_are_not_there_are_one_clear_line(settings: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no settings file"):
        run("grant", ALICE, "--role", "admin", "--settings", "elsewhere.toml")
