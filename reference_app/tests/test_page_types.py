"""The pages' message types are those of the app: made anew, they are the committed ones."""

import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).parents[1] / "web"


def test_committed_types_are_current(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node, "Node.js is needed for the pages"
    assert (WEB / "node_modules").is_dir(), "run: make web"
    document, made = tmp_path / "schema.json", tmp_path / "api.ts"
    with document.open("wb") as output:
        subprocess.run(
            [sys.executable, "scripts/schema.py"], cwd=WEB, stdout=output, check=True, timeout=90
        )
    subprocess.run(
        [node, "scripts/types.mjs", str(document), str(made)], cwd=WEB, check=True, timeout=90
    )
    committed = (WEB / "src" / "generated" / "api.ts").read_bytes()
    assert made.read_bytes() == committed, "the messages changed; run: make web-types"


def test_the_lock_names_no_address() -> None:
    assert '"resolved"' not in (WEB / "package-lock.json").read_text("utf-8")
