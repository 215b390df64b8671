"""The rules that no single module can keep: rooms, sizes, names and what may never be committed.

The rooms themselves are contracts in pyproject.toml, checked here by import-linter; the rest is
read off the files that git tracks or would track.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports
from importlinter.domain.imports import ModuleExpression

from tests.import_contracts import RoomContract

ROOT = Path(__file__).parent.parent

LONGEST_FILE = 600
LONGEST_FUNCTION = 75

CODE = {".css", ".html", ".js", ".mjs", ".py", ".sh", ".sol", ".ts", ".tsx"}
MADE_BY_A_COMMAND = re.compile(
    r"(^|/)(package-lock\.json|constraints/.*\.txt|requirements\.txt)$"
    r"|/artifacts/|(^|/)web/(dist|src/generated)/"
)
ROOMLESS_NAMES = {"common", "helper", "helpers", "manager", "managers", "util", "utils"}

# Written in pieces, so that this file keeps the rules that it checks.
FORBIDDEN_TEXTS = {
    "a registry's host": r"py"
    r"pi\.org|files\.python"
    r"hosted|registry\.np"
    r"mjs|deb\.deb"
    r"ian",
    "an index option": r"--(?:extra-)?ind" r"ex-url|--find-li" r"nks",
    "a path of one machine": r"(?<![\w.$}/-])/(?:wo"
    r"rk|ro"
    r"ot|ho"
    r"me/\w+)/[\w.]|/tmp/br"
    r"ief",
    "unfinished work": r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b",
    "a silenced type hole": r"\bTYPE_CHE" r"CKING\b",
    "the tools it was written with": r"(?i)\b(?:clau"
    r"de|anthro"
    r"pic|chat"
    r"gpt|copi"
    r"lot|"
    r"language mo"
    r"dels?|AI[- ]gen"
    r"erated|as an A"
    r"I)\b",
}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or would be, committed."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = sorted(set(listing.split("\0")) - {""})
    return tuple(path for name in names if (path := ROOT / name).is_file())


def texts() -> Iterator[tuple[str, str]]:
    """The tracked files that hold text, each with its name."""
    for path in tracked():
        try:
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # an image, a font, a recorded journal


def python_files(*tops: str) -> Iterator[tuple[str, ast.Module]]:
    """The tracked Python files below the given folders, parsed."""
    for path in tracked():
        name = str(path.relative_to(ROOT))
        if path.suffix == ".py" and name.startswith(tops):
            yield name, ast.parse(path.read_bytes(), filename=name)


def test_every_room_imports_only_what_it_may(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contracts in pyproject.toml are kept."""
    # It would silence every logger that exists by now, for the tests that come after.
    monkeypatch.setattr("importlinter.cli.logging_config.dictConfig", lambda _: None)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def _room_contract(**options: set[str]) -> RoomContract:
    return RoomContract(
        name="rooms",
        session_options={"root_packages": ["shop"], "include_external_packages": "true"},
        contract_options={name: sorted(values) for name, values in options.items()},
    )


def _shop() -> grimp.ImportGraph:
    """A pure room `engine`, whose child reaches `time` through another room's shell."""
    graph = grimp.ImportGraph()
    for module in ("shop", "shop.engine", "shop.engine.match", "shop.shell", "shop.shell.clock"):
        graph.add_module(module)
    graph.add_module("time", is_squashed=True)
    graph.add_import(importer="shop.engine.match", imported="shop.shell.clock")
    graph.add_import(importer="shop.shell.clock", imported="time")
    return graph


def test_a_room_contract_sees_an_indirect_import_of_a_child() -> None:
    """A pure room can not reach the clock through a module of another room."""
    broken = _room_contract(source_modules={"shop.engine"}, forbidden_modules={"time"})
    assert not broken.check(_shop(), verbose=False).kept


def test_a_room_contract_leaves_out_its_exceptions_and_missing_rooms() -> None:
    """Excepted modules and rooms not yet built are passed over, and nothing else."""
    kept = _room_contract(
        source_modules={"shop.shell", "shop.absent"},
        forbidden_modules={"time", "absent"},
        excepted_modules={"shop.shell.clock"},
    )
    assert kept.check(_shop(), verbose=False).kept
    assert kept.source_modules == {ModuleExpression("shop.shell")}


def test_the_core_declares_three_dependencies() -> None:
    """A user who embeds the engine installs attrs, msgspec and sortedcontainers, no more."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=!~ \[;]", line, maxsplit=1)[0] for line in project["dependencies"]}
    assert names == {"attrs", "msgspec", "sortedcontainers"}


def test_no_file_is_too_long() -> None:
    """A file past the limit holds more than one idea."""
    long = {
        name: lines
        for name, text in texts()
        if Path(name).suffix in CODE
        and not MADE_BY_A_COMMAND.search(name)
        and (lines := text.count("\n")) > LONGEST_FILE
    }
    assert not long


def test_no_function_is_too_long() -> None:
    """A function fits on one page; its docstring is not counted."""
    long = {
        f"{name}:{node.lineno} {node.name}": lines
        for name, tree in python_files("src/", "reference_app/", "plugins/")
        if "/tests/" not in name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := _body_lines(node)) > LONGEST_FUNCTION
    }
    assert not long


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    first = function.body[0]
    has_docstring = ast.get_docstring(function) is not None
    start = first.end_lineno if has_docstring else function.lineno
    assert start is not None
    return function.end_lineno - start


def test_no_module_is_named_after_nothing() -> None:
    """A module called utils, helpers, common or manager stands in the wrong room."""
    nameless = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix in CODE
        and ROOMLESS_NAMES & {part.lower() for part in path.relative_to(ROOT).with_suffix("").parts}
    ]
    assert not nameless


def test_every_module_says_what_it_is() -> None:
    """A module of the library begins with a docstring."""
    silent = [
        name
        for name, tree in python_files("src/", "reference_app/")
        if tree.body and ast.get_docstring(tree) is None
    ]
    assert not silent


def test_others_use_public_names_only() -> None:
    """The reference app, the plugins and the examples import no underscored name of the library."""
    private = [
        f"{name}:{node.lineno}"
        for name, tree in python_files("reference_app/", "plugins/", "examples/")
        for node in ast.walk(tree)
        for dotted in _imported(node)
        if dotted.startswith("hybrid_dex.") and "._" in dotted
    ]
    assert not private


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


@pytest.mark.parametrize("what", FORBIDDEN_TEXTS)
def test_no_file_holds(what: str) -> None:
    """What may never be committed is not there, with file and line of each place where it is."""
    pattern = re.compile(FORBIDDEN_TEXTS[what])
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"{what}: {found}"


def test_npm_locks_name_versions_and_hashes_only() -> None:
    """Each locked npm package carries its hash, and no address."""
    locks = [path for path in tracked() if path.name == "package-lock.json"]
    assert locks
    for path in locks:
        packages = json.loads(path.read_text())["packages"]
        installed = {name: entry for name, entry in packages.items() if name}
        assert all("integrity" in entry for entry in installed.values()), path
        assert not any("resolved" in entry for entry in packages.values()), path


def test_every_constraint_is_pinned_and_hashed() -> None:
    """A constraints file holds exact versions with SHA-256 hashes and nothing else."""
    line_forms = re.compile(
        r"#.*|[a-z0-9.-]+==[\w.!+]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    files = [path for path in tracked() if path.parent.name == "constraints"]
    assert files
    for path in files:
        odd = [line for line in path.read_text().splitlines() if not line_forms.fullmatch(line)]
        assert not odd, path


def test_every_package_says_that_it_is_typed() -> None:
    """Without the marker a type checker believes nothing of an installed package."""
    packages = [ROOT / "src/hybrid_dex", ROOT / "reference_app", *ROOT.glob("plugins/*/src/*/")]
    untyped = [str(package) for package in packages if not (package / "py.typed").is_file()]
    assert not untyped
