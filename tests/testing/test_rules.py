"""A kit tells a broken rule in its words, and what a backend lacks is declared or refused."""

import asyncio
import io
import os
import subprocess
import sys
import unittest
from pathlib import Path
from typing import ClassVar

import pytest

from hybrid_dex import testing
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.testing import Kit, LackDeclared, RuleBrokenError
from hybrid_dex.testing.rules import demand, expect, made, raises, rule

PUBLIC = [
    "AuthBench",
    "AuthKit",
    "BookKit",
    "EngineClientKit",
    "HistoryKit",
    "JournalKit",
    "Kit",
    "LackDeclared",
    "ListBook",
    "RecordsKit",
    "RiskKit",
    "RuleBrokenError",
    "SettlementBench",
    "SettlementKit",
    "SnapshotsKit",
    "matched_groups",
]


class LampKit(Kit):
    """Rules of a lamp, for these tests."""

    def make_lamp(self) -> dict[str, bool]:
        return {"lit": False}

    @rule
    def test_off_at_first(self) -> None:
        """A lamp is off at first.

        Until it is lit.
        """
        expect("a new lamp", self.make_lamp(), {"lit": False})

    @rule
    async def test_stands_somewhere(self) -> None:
        """A lamp has a place of its own."""
        await asyncio.sleep(0)
        demand(self.place.is_dir(), "no place")
        (self.place / "lamp").touch()


class BurningKit(LampKit):
    def make_lamp(self) -> dict[str, bool]:
        return {"lit": True}


def test_a_kept_rule_says_nothing() -> None:
    """Sync or async, each in a place that is gone afterwards."""
    kit = LampKit()
    kit.test_off_at_first()
    kit.test_stands_somewhere()
    assert not kit.place.exists()
    assert LampKit.rules() == {
        "off_at_first": "A lamp is off at first. Until it is lit.",
        "stands_somewhere": "A lamp has a place of its own.",
    }


def test_a_broken_rule_is_told_in_its_words() -> None:
    """Who breaks it, its name, the rule, and what was found instead."""
    with pytest.raises(RuleBrokenError) as told:
        BurningKit().test_off_at_first()
    assert str(told.value) == (
        "BurningKit breaks the rule off_at_first\n"
        "  rule:  A lamp is off at first. Until it is lit.\n"
        "  found: a new lamp: expected {'lit': False}, got {'lit': True}"
    )


def test_an_exception_of_the_backend_breaks_the_rule() -> None:
    """It is told by its type, and what hangs by how long it was waited for."""

    class NoLamp(LampKit):
        def make_lamp(self) -> dict[str, bool]:
            raise KeyError("lamp")

    class Dark(Kit):
        timeout_s = 0.01

        @rule
        async def test_comes_back(self) -> None:
            """Light comes back."""
            await asyncio.Event().wait()

    with pytest.raises(RuleBrokenError, match="KeyError was raised: 'lamp'"):
        NoLamp().test_off_at_first()
    with pytest.raises(RuleBrokenError, match=r"nothing within 0\.01 seconds"):
        Dark().test_comes_back()


def test_a_declared_lack_is_reported_with_its_reason() -> None:
    """As a skip that says why, and what was found."""

    class Declared(BurningKit):
        lacks: ClassVar = {"off_at_first": "the switch is broken"}

    with pytest.raises(
        LackDeclared, match=r"lacks off_at_first: the switch is broken \(a new lamp"
    ):
        Declared().test_off_at_first()


def test_a_lack_that_is_none_any_more_fails() -> None:
    """Nothing hides behind an old declaration."""

    class Repaired(LampKit):
        lacks: ClassVar = {"off_at_first": "the switch is broken"}

    with pytest.raises(RuleBrokenError, match="it is kept, and `lacks` says that it is not"):
        Repaired().test_off_at_first()


@pytest.mark.parametrize(
    ("lacks", "message"),
    [
        ({"of_at_first": "why"}, "names 'of_at_first'; its rules are off_at_first, stands_some"),
        ({"off_at_first": ""}, "says no reason"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused(lacks: dict[str, str], message: str) -> None:
    """When the class is made: a mistyped name would otherwise switch nothing off, in silence."""
    with pytest.raises(ConfigurationError, match=message):
        type("Mistyped", (LampKit,), {"lacks": lacks})


def test_a_factory_may_be_async() -> None:
    """What it returns is taken as it is, or awaited."""

    async def later() -> int:
        return 7

    async def both() -> tuple[int, int]:
        return await made(7), await made(later())

    assert asyncio.run(both()) == (7, 7)


def test_raises_demands_one_of_its_errors() -> None:
    """Nothing raised and something else raised are told apart."""
    with raises("reading", KeyError, ValueError):
        int("x")
    nothing = pytest.raises(AssertionError, match="expected KeyError, and nothing was raised")
    with nothing, raises("reading", KeyError):
        pass
    other = pytest.raises(AssertionError, match="expected KeyError, got ValueError was raised")
    with other, raises("reading", KeyError):
        int("x")


def test_a_kit_runs_under_unittest() -> None:
    """Beside `TestCase`, a broken rule is a failure and a declared lack a skip."""

    class Case(BurningKit, unittest.TestCase):
        lacks: ClassVar = {"off_at_first": "the switch is broken"}

    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Case)
    result = unittest.TextTestRunner(io.StringIO()).run(suite)
    assert (result.testsRun, len(result.failures), len(result.errors)) == (2, 0, 0)
    ((_, why),) = result.skipped
    assert why == (
        "declared lack: Case lacks off_at_first: the switch is broken "
        "(a new lamp: expected {'lit': False}, got {'lit': True})"
    )


def test_a_kit_runs_under_pytest_without_plugins(tmp_path: Path) -> None:
    """A file of a few lines is all; its lack shows in the summary of a run."""
    (tmp_path / "test_lamp.py").write_text(
        "from tests.testing.test_rules import BurningKit\n\n\n"
        "class TestLamp(BurningKit):\n"
        "    lacks = {'off_at_first': 'the switch is broken'}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    command += ["-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    root = Path(__file__).parents[2]
    bare = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=root, env=bare, capture_output=True, text=True, check=False)
    assert "1 passed, 1 skipped" in done.stdout, done.stdout
    assert "lacks off_at_first: the switch is broken" in done.stdout


def test_the_public_names_are_frozen() -> None:
    """Plugin authors import these; adding one is a decision."""
    assert testing.__all__ == PUBLIC
    assert all(getattr(testing, name).__doc__ for name in PUBLIC)


def test_a_kit_needs_no_test_runner() -> None:
    """Importing the kits loads no pytest, and none of the library's extras."""
    program = "import sys, hybrid_dex.testing; print(sorted({'pytest', 'sqlalchemy', 'web3'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
