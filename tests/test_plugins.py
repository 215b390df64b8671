"""A backend is found by its registered name, or the refusal says what would be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hybrid_dex import plugins
from hybrid_dex.errors import PluginError


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path where distributions can be laid down."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def lay_down(folder: Path, name: str, entries: str, **modules: str) -> None:
    information = folder / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(entries)
    for module, content in modules.items():
        (folder / f"{module}.py").write_text(content)


def test_a_registered_backend_is_loaded_when_asked_for_and_not_before(install: Path) -> None:
    lay_down(
        install,
        "stone-journal",
        "[hybrid_dex.journal]\nstone = stone_journal:StoneJournal\n",
        stone_journal="class StoneJournal: ...\n",
    )
    assert "stone" in plugins.available("journal")
    assert "stone_journal" not in sys.modules
    loaded = plugins.load("journal", "stone")
    assert isinstance(loaded, type)
    assert loaded.__name__ == "StoneJournal"


def test_an_unknown_name_says_what_is_installed(install: Path) -> None:
    lay_down(install, "stone-journal", "[hybrid_dex.journal]\nstone = stone_journal:Stone\n")
    with pytest.raises(PluginError, match=r"no journal named 'wood' is installed; .*stone"):
        plugins.load("journal", "wood")


def test_an_unknown_interface_says_which_there_are() -> None:
    with pytest.raises(PluginError, match="there is no interface 'oracle'; use auth, book"):
        plugins.load("oracle", "stone")


def test_an_import_that_fails_is_named_with_its_distribution(install: Path) -> None:
    lay_down(
        install,
        "broken-journal",
        "[hybrid_dex.journal]\nbroken = broken_journal:Journal\n",
        broken_journal="import a_library_that_is_missing\n",
    )
    with pytest.raises(
        PluginError, match=r"'broken' of broken-journal can not be loaded .*missing"
    ):
        plugins.load("journal", "broken")


def test_a_name_that_two_distributions_claim_is_refused(install: Path) -> None:
    lay_down(install, "one", "[hybrid_dex.journal]\nstone = one_journal:Stone\n")
    lay_down(install, "two", "[hybrid_dex.journal]\nstone = two_journal:Stone\n")
    with pytest.raises(PluginError, match=r"several distributions \(one, two\)"):
        plugins.load("journal", "stone")
