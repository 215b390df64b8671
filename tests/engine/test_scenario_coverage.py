"""The scenarios are many, and every rule of the matching rules has at least one.

A file, or a single scenario, says which rules it shows in a paragraph `Rules: a; b`. A rule's name
is read off `docs/explanation/matching-rules.md`: its section, and within it the number, the bold
word or the first cell of the row.
"""

import re
from collections.abc import Callable
from pathlib import Path

from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.testing import ListBook
from tests.engine.test_scenarios import FILES, tables

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "matching-rules.md"
AT_LEAST = 150

SHOWN_ELSEWHERE = {
    "Batches: Ladder": "tests/exchange/test_ladders.py",
    "Pace": "tests/exchange/test_pace.py",
    "Sizes and price bands: on chain": "tests/engine/test_price_bands.py",
}
"""Rules of the shell around the engine, and of one that takes signed orders only, and the tests
that show them."""
NO_RULE = {"Proven how"}


def rules() -> set[str]:
    """Every rule of the page by its name."""
    found = set[str]()
    for part in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        section, _, text = part.partition("\n")
        names = [f"{section} {number}" for number in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
        bold = re.findall(r"^- (?:An? )?\*\*(.+?)\*\*", text, re.MULTILINE)
        rows = re.findall(r"^\| ([^|-]\S*(?: [^|(]+?)?) (?:\(.*?\) )?\|", text, re.MULTILINE)
        heads = re.findall(r"^\| *([^|]*?) *\|.*\n\| ---", text, re.MULTILINE)
        names += [f"{section}: {name.strip('`')}" for name in (*bold, *rows) if name not in heads]
        found |= set(names or [section])
    return found - NO_RULE


def shown() -> dict[str, str]:
    """Every rule that a file says it shows, with the file's name."""
    found = {}
    for path in FILES:
        for text in re.findall(r"^Rules: (.+?)\n\n", path.read_text(), re.MULTILINE | re.DOTALL):
            found |= {" ".join(name.split()): path.name for name in text.split(";")}
    return found


def test_there_are_at_least_150_scenarios(figure: Callable[[str], None]) -> None:
    """Each with rows, each with a name of its own."""
    found = tables()
    assert len({case.id for case in found}) == len(found) >= AT_LEAST
    rows = sum(len(case.values[-1]) for case in found)
    books = len((SortedBook, ListBook))
    figure(f"{len(found)} scenarios of {rows} rows, each against {books} books")


def test_every_rule_has_a_scenario(figure: Callable[[str], None]) -> None:
    """A rule that is added to the page needs one; name it in the file: `Rules: <its name>`."""
    missing = rules() - set(shown()) - set(SHOWN_ELSEWHERE)
    assert not missing, f"no scenario says that it shows these rules: {sorted(missing)}"
    assert all((ROOT / name).is_file() for name in SHOWN_ELSEWHERE.values())
    figure(f"{len(rules())} rules, {len(SHOWN_ELSEWHERE)} of them shown outside the scenarios")


def test_scenarios_name_rules_that_are_there() -> None:
    """A rule that was renamed on the page is renamed in the scenarios."""
    gone = {name: file for name, file in shown().items() if name not in rules()}
    assert not gone, f"these are no rules of {PAGE.name}: {gone}"


def test_the_page_is_read_as_it_is_written() -> None:
    """Numbers, bold words, rows and whole sections are found."""
    assert {
        "Matching 1",
        "Orders: post-only",
        "Orders: client order id",
        "Cancel, reduce, replace: Cancel all",
        "Self-trade prevention: decrement_and_cancel",
        "Who else may sign: approved order",
        "Vouchers",
    } <= rules()
