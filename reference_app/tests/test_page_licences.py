"""What is shipped in the pages' bundle may be given away under the project's own terms: permissive licences only."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).parents[1] / "web"
PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unlicense",
    "Zlib",
}
"""SPDX names."""


def permits(expression: object) -> bool:
    """Whether an SPDX expression leaves a permissive choice; what is no expression does not."""
    if not isinstance(expression, str):
        return False
    choices = re.split(r" OR ", expression.strip().removeprefix("(").removesuffix(")"))
    return any(
        all(one.strip(" ()") in PERMISSIVE for one in choice.split(" AND ")) for choice in choices
    )


def shipped(lock: dict[str, Any]) -> Iterator[str]:
    """The folders of all that the bundle can be made of: dependencies of dependencies, and of no tool."""
    for path, package in lock["packages"].items():
        if path and not any(
            package.get(kind) for kind in ("dev", "devOptional", "peer", "optional")
        ):
            yield path


def test_all_that_is_shipped_is_permissive() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    assert (WEB / "node_modules").is_dir(), "run: make web"
    found: dict[str, object] = {}
    for path in shipped(lock):
        package = json.loads((WEB / path / "package.json").read_text("utf-8"))
        found[f"{package['name']} {package['version']}"] = package.get("license")
    names = {name.rpartition(" ")[0] for name in found}
    direct = json.loads((WEB / "package.json").read_text("utf-8"))["dependencies"]
    assert set(direct) <= names
    assert "@noble/curves" in names, "dependencies of dependencies are among them"
    assert {name: terms for name, terms in found.items() if not permits(terms)} == {}


@pytest.mark.parametrize(
    "terms", ["MIT", "(MIT OR GPL-3.0-only)", "Apache-2.0 AND BSD-3-Clause", "(MIT AND CC0-1.0)"]
)
def test_permissive_terms_are_accepted(terms: str) -> None:
    assert permits(terms)


@pytest.mark.parametrize(
    "terms",
    [
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "MIT AND GPL-2.0-only",
        "SEE LICENSE IN LICENSE.md",
        "UNLICENSED",
        "",
        None,
        {"type": "MIT"},
    ],
)
def test_others_and_unknown_terms_are_refused(terms: object) -> None:
    assert not permits(terms)


def test_what_only_tools_need_is_not_counted() -> None:
    lock = {
        "packages": {
            "": {},
            "node_modules/react": {},
            "node_modules/vite": {"dev": True},
            "node_modules/typescript": {"devOptional": True},
        }
    }
    assert list(shipped(lock)) == ["node_modules/react"]
