"""A3: the same commands give one state hash: whatever the hash seed, time zone, language, Python.

One random history of every kind of command is written down once; processes of their own apply it,
each under other circumstances, and each says its state hash and the hash of all its events. Every
Python is asked that has this checkout installed: `make test-python-3.13` installs another one.
"""

import json
import os
import random
import subprocess
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import msgspec

from tests.reference.histories import history
from tests.reference.naive import Naive
from tests.tiers import count

ROOT = Path(__file__).parents[2]
HASH_SEEDS = count(fast=3, full=50)
LENGTH = count(fast=300, full=1_000)
OTHERS = count(fast=1, full=3)
PLACES = (("UTC", "C"), ("Asia/Kathmandu", "tr_TR.UTF-8"), ("America/St_Johns", "de_DE.ISO-8859-1"))
PROGRAM = """
import hashlib, json, sys, time
import msgspec
from hybrid_dex.defaults.sorted_book import SortedBook
from hybrid_dex.defaults.standard_risk import StandardRisk
from hybrid_dex.engine import Engine
from hybrid_dex.model.commands import Command

engine = Engine(book=SortedBook, risk=StandardRisk())
told = hashlib.sha256()
for command in msgspec.json.decode(sys.stdin.buffer.read(), type=list[Command]):
    for event in engine.apply(command):
        told.update(msgspec.json.encode(event))
print(json.dumps({
    "python": sys.version.split()[0],
    "state": engine.state_hash().hex(),
    "events": told.hexdigest(),
    "unlike": [hash("unlike"), time.localtime(1_800_000_000).tm_hour],
}))
"""


def pythons() -> list[Path]:
    """The Python of every environment of this checkout, one a version."""
    complete = sorted(path.parent for path in ROOT.glob(".venv-3*/stamp"))
    return [folder / "bin" / "python" for folder in (ROOT / ".venv", *complete)]


def commands(name: str) -> bytes:
    """A history as JSON: every command stamped, in order."""
    naive, rows = Naive(), []
    for command in history(random.Random(name).randrange, LENGTH, naive):
        naive.apply(command)
        rows.append(command)
    return msgspec.json.encode(rows)


def apply_elsewhere(python: Path, raw: bytes, hash_seed: int, zone: str, language: str) -> dict:
    """Apply a history in a process of its own."""
    surroundings = {"PYTHONHASHSEED": str(hash_seed), "TZ": zone, "LANG": language}
    done = subprocess.run(
        [python, "-c", PROGRAM],
        input=raw,
        env={**os.environ, **surroundings, "LC_ALL": language},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_one_state_hash_everywhere(seed: int, figure: Callable[[str], None]) -> None:
    """Different string hashes and local times, and yet the same state and the same events."""
    raw, asked = commands(f"{seed}:determinism"), []
    places, (first, *others) = cycle(PLACES), pythons()
    for hash_seed in range(HASH_SEEDS):
        asked.append(apply_elsewhere(first, raw, hash_seed, *next(places)))
    for python in others:
        asked += [apply_elsewhere(python, raw, 99, *place) for place in PLACES[:OTHERS]]
    versions = {answer["python"] for answer in asked}
    assert len({answer["unlike"][0] for answer in asked}) >= HASH_SEEDS
    assert len({answer["unlike"][1] for answer in asked}) == len(PLACES)
    assert len({answer["events"] for answer in asked}) == 1
    assert {answer["state"] for answer in asked} == {asked[0]["state"]}
    figure(
        f"1 state hash of {LENGTH} commands from {len(asked)} processes: {HASH_SEEDS} hash "
        f"seeds, {len(PLACES)} time zones and languages, Python {', '.join(sorted(versions))}"
    )
