"""Every Python block of the documentation, and every example in a docstring, runs as it stands.

A page is one session: what a reader copies from top to bottom works.
"""

from pathlib import Path

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "QUICKSTART.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = [
    path for path in sorted((ROOT / "src").rglob("*.py")) if ">>> " in path.read_text("utf-8")
]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def run(sybil: Sybil, path: Path) -> int:
    """Evaluate a document's examples in order; return how many there were."""
    examples = list(sybil.parse(path).examples())
    for example in examples:
        example.evaluate()
    return len(examples)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_of_a_page_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = run(Sybil(parsers=[PythonCodeBlockParser()], path=str(ROOT)), page)
    assert blocks == page.read_text("utf-8").count("```python")


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_every_example_of_a_docstring_runs(module: Path) -> None:
    sybil = Sybil(
        parsers=[DocTestParser()],
        document_types={".py": PythonDocStringDocument},
        path=str(ROOT),
    )
    assert run(sybil, module) > 0
