"""Mutations: break what decides money and order one expression at a time, and count who notices.

    make mutations [SAMPLE=500] [ARGS="--seed 7"]

mutmut makes the broken copies and runs the tests that reach each; `[tool.mutmut]` in pyproject.toml
says what is broken and what is run. A mutant is killed when a test fails or never ends; one that no
test reaches has survived. Fewer than 85 % killed is a failure. The survivors are listed, each with
the command that shows it.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

REQUIRED_PERCENT: Final = 85
MUTANTS: Final = Path("mutants")
NOBODY: Final = "no.such.mutant"
KILLED: Final = {1, 3, 24, -24, 36, 152, 255}
"""mutmut's codes for a failed test, a broken run and a test that never ends."""
MUTMUT: Final = Path(sys.executable).with_name("mutmut")


def main() -> int:
    """Run, and return the exit code."""
    parser = argparse.ArgumentParser(description="Break the library, and see who notices.")
    parser.add_argument("--sample", type=int, help="try this many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    run = [str(MUTMUT), "run", "--max-children", str(arguments.workers)]
    subprocess.run([*run, NOBODY], check=False, stdout=subprocess.DEVNULL)
    names = sorted(results())
    if not names:
        print("mutmut made no mutants: run it by hand, `mutmut run`", file=sys.stderr)
        return 1
    if arguments.sample is not None and arguments.sample < len(names):
        print(f"{arguments.sample} of {len(names)} mutants, seed {arguments.seed}")
        names = sorted(random.Random(arguments.seed).sample(names, arguments.sample))
    subprocess.run([*run, *names], check=True, stdout=subprocess.DEVNULL)
    found = results()
    return report({name: found[name] for name in names})


def results() -> dict[str, int | None]:
    """Return each mutant's exit code, as mutmut keeps it; ``None`` where it was not tried."""
    found: dict[str, int | None] = {}
    for path in sorted(MUTANTS.rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def report(tried: dict[str, int | None]) -> int:
    """Print the score and the survivors; return the exit code."""
    survived = [name for name, code in tried.items() if code not in KILLED]
    killed = len(tried) - len(survived)
    percent = 100 * killed / len(tried)
    for name in survived:
        print(f"survived: {name} (mutmut show {name})")
    print(f"{killed} of {len(tried)} mutants killed, {percent:.1f} %")
    return 0 if percent >= REQUIRED_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
