"""What the documentation tells people to type exists: make targets, commands, options, settings.

Also its settings files: every TOML block loads as it stands, and `.env.example` names only what the
reference exchange reads.
"""

import importlib.metadata
import inspect
import re
from pathlib import Path

import pytest
from cyclopts import App

from hybrid_dex.errors import ConfigurationError
from reference_app.settings import READ_ELSEWHERE, load_settings

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "contracts" / "README.md"],
    key=str,
)
COMMANDS = {
    point.name: point for point in importlib.metadata.entry_points(group="hybrid_dex.commands")
}
SECRET = "5f" * 32
OPERATOR_KEY = "0x" + "22" * 32


def blocks(text: str, *languages: str) -> list[str]:
    """The fenced blocks of these languages; "" is a block without one."""
    found = re.findall(r"^```([a-z]*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [body for language, body in found if language in languages]


def typed(text: str) -> str:
    """Everything on a page that a reader might type: shell blocks, and code inside sentences."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", prose)
    lines = [*"\n".join(blocks(text, "", "bash", "console", "sh")).splitlines(), *inline]
    return "\n".join(line.split(" #")[0] for line in lines)


def targets(makefile: Path) -> set[str]:
    """A Makefile's targets; a pattern's stem is left out."""
    return set(
        re.findall(r"^([a-z][a-z-]*)%?[^:=%\n]*:(?!=)", makefile.read_text(), re.MULTILINE)
    ) | {
        name
        for line in re.findall(r"^\.PHONY:((?:.*\\\n)*.*)$", makefile.read_text(), re.MULTILINE)
        for name in re.findall(r"[a-z-]+", line)
    }


def test_pages_are_found() -> None:
    names = {page.name for page in PAGES}
    assert {"README.md", "QUICKSTART.md", "CONTRIBUTING.md", "demo.md", "trust-model.md"} <= names
    assert {"demo", "market-maker", "serve", "solvency"} <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    own = ROOT / "contracts" if page.parent.name == "contracts" else ROOT
    for folder, target in re.findall(
        r"^(?:export \S+; )?make(?: -C (\S+))? ([a-z][a-z0-9.-]*)",
        typed(page.read_text()),
        re.MULTILINE,
    ):
        stem = re.sub(r"[0-9.]+$", "", target)
        known = targets(ROOT / folder / "Makefile" if folder else own / "Makefile")
        assert stem in known, f"make {target}"


def options(command: object, rest: str) -> set[str]:
    """What a command, or the command below it that is named next, takes."""
    app = command if isinstance(command, App) else App()
    if isinstance(command, App):
        app = command[rest.split(maxsplit=1)[0]] if rest.split() else command
    elif callable(command):
        app.default(command)
    names = {name for found in app.assemble_argument_collection() for name in found.names}
    return {name.removeprefix("--") for name in names} | {"help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_their_options_exist(page: Path) -> None:
    for name, rest in re.findall(
        r"^(?:\S*/)?hybrid-dex ([a-z][a-z-]*)(.*)$", typed(page.read_text()), re.MULTILINE
    ):
        assert name in COMMANDS, f"hybrid-dex {name}"
        takes = options(COMMANDS[name].load(), rest)
        for option in re.findall(r"--([a-z][a-z-]*)", rest):
            assert option in takes, f"hybrid-dex {name} --{option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_arguments_of_the_demo_exist(page: Path) -> None:
    takes = inspect.signature(COMMANDS["demo"].load()).parameters
    for arguments in re.findall(r'make demo ARGS=("[^"]*"|\S+)', page.read_text()):
        for option in re.findall(r"--([a-z][a-z-]*)", arguments):
            assert option.removeprefix("no-").replace("-", "_") in takes, f"--{option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_settings_files_load(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYBRID_DEX_AUTH_SECRET", SECRET)
    monkeypatch.setenv("HYBRID_DEX_CHAIN_OPERATOR_KEY", OPERATOR_KEY)
    whole = []
    for number, block in enumerate(blocks(page.read_text(), "toml")):
        file = tmp_path / f"{number}.toml"
        file.write_text(block)
        if "hybrid-dex.markets" in block:
            whole = [file]
        settings = load_settings([*whole, file])  # what follows a whole file overrides it
        assert [market.market().id for market in settings.markets] == ["ETH-USDC"]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the reference exchange reads: it lists that when it refuses a variable."""
    monkeypatch.setenv("HYBRID_DEX_NONSENSE", "1")
    with pytest.raises(ConfigurationError) as refusal:
        load_settings([])
    return set(str(refusal.value).partition("known: ")[2].split(", "))


@pytest.mark.parametrize("page", [*PAGES, ROOT / ".env.example"], ids=lambda page: page.name)
def test_every_variable_is_read(page: Path, known: set[str]) -> None:
    named = set(re.findall(r"\bHYBRID_DEX_[A-Z_]*[A-Z]\b", page.read_text()))
    assert named <= known | READ_ELSEWHERE


def test_every_setting_is_documented(known: set[str]) -> None:
    page = (ROOT / "docs" / "how-to" / "run-the-reference-exchange.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    documented = {
        "HYBRID_DEX_" + name.upper().replace(".", "_")
        for row in rows
        for name in re.findall(r"`([a-z_.]+)`", row)
    }
    assert documented == known


def test_the_example_of_an_environment_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert "HYBRID_DEX_AUTH_SECRET" in dict(given)
    for name, value in given:
        monkeypatch.setenv(name, value)
    file = tmp_path / "exchange.toml"
    file.write_text(blocks((ROOT / "QUICKSTART.md").read_text(), "toml")[0])
    assert load_settings([file]).server.port == 8000
