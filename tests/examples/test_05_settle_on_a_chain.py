"""The example prints what its docstring promises, on a chain that mines by itself."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.chain.harness import Anvil

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "05_settle_on_a_chain.py"


def test_it_prints_what_it_promises() -> None:
    docstring = ast.get_docstring(ast.parse(EXAMPLE.read_text()))
    assert docstring is not None
    promised = textwrap.dedent(docstring.partition("Expected output:\n")[2]).strip()
    chain = Anvil("--block-time", "0.1")
    try:
        chain.wait()
        done = subprocess.run(
            [sys.executable, str(EXAMPLE), chain.url],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    finally:
        chain.stop()
    assert (done.stdout.strip(), done.stderr) == (promised, "")
