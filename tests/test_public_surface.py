"""The public names are promised: adding one is a decision, losing one is a breaking change."""

import subprocess
import sys
from pathlib import Path

import hybrid_dex

FROZEN = Path(__file__).with_name("public_surface.txt")


def test_the_public_names_are_the_frozen_ones() -> None:
    assert sorted(hybrid_dex.__all__) == FROZEN.read_text().split()


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    for name in hybrid_dex.__all__:
        found = getattr(hybrid_dex, name)
        if not hasattr(found, "__supertype__") and name not in {"Command", "Event"}:
            assert found.__doc__, name


def test_importing_the_library_loads_none_of_its_extras() -> None:
    extras = {
        "web3",
        "coincurve",
        "tiny_keccak",
        "sqlalchemy",
        "litestar",
        "httpx",
        "rich",
        "cyclopts",
    }
    program = f"import sys, hybrid_dex; print(sorted(set(sys.modules) & {extras}))"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"
