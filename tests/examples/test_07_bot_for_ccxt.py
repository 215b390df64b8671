"""The example prints what its docstring promises."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "07_bot_for_ccxt.py"


def test_it_prints_what_it_promises() -> None:
    docstring = ast.get_docstring(ast.parse(EXAMPLE.read_text()))
    assert docstring is not None
    promised = textwrap.dedent(docstring.partition("Expected output:\n")[2]).strip()
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.stdout.strip(), done.stderr) == (promised, "")
