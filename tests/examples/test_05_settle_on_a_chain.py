"""The example prints what its docstring promises, on a chain that mines by itself."""

from __future__ import annotations

import ast
import fnmatch
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.chain.harness import Anvil

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "05_settle_on_a_chain.py"


def test_it_prints_what_it_promises() -> None:
    docstring = ast.get_docstring(ast.parse(EXAMPLE.read_text()))
    assert docstring is not None
    shown = docstring.partition("Expected output")[2].partition("\n\n")[2]
    promised = textwrap.dedent(shown).strip().replace("...", "*").splitlines()
    with Anvil("--block-time", "0.5") as chain:
        done = subprocess.run(
            [sys.executable, str(EXAMPLE), chain.url],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.stderr == ""
    printed = done.stdout.strip().splitlines()
    assert len(printed) == len(promised) == 5
    for line, pattern in zip(printed, promised, strict=True):
        assert fnmatch.fnmatchcase(line, pattern), (line, pattern)


def test_without_an_address_it_says_how_it_is_called() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "examples/05_settle_on_a_chain.py http" in done.stderr
