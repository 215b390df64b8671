"""Measures which lines and branches of the contracts the tests in forge run, and fails below what is asked for.

It must never count what is not ours: the mocks and OpenZeppelin's sources are left out. Lines of assembly are left out as well,
because the compiler gives them no place of their own: forge counts the calls of their functions, but not them. The compiler runs through its
intermediate representation with the least optimization (`--ir-minimum`), because the sources are too deep for the other
way. Standard library only.
"""

import argparse
import os
import pathlib
import subprocess
import sys

CONTRACTS = pathlib.Path(__file__).resolve().parents[1]
REPORT = CONTRACTS / ".build" / "forge" / "lcov.info"
# Last statements that the compiler runs together with the end of their function: forge counts the function and what stands
# before, but not them.
UNSEEN = {"_pause();", "_unpause();", "return last;", "return node;"}
LOWEST_LINES = 1.0
LOWEST_BRANCHES = 0.95
RUNS = "25"  # histories of each campaign: the same ones every time
SEED = "0x1"


def run_forge() -> None:
    """Runs all tests under measurement."""
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    command = [
        "forge",
        "coverage",
        "--root",
        ".",
        "--ir-minimum",
        "--report",
        "lcov",
        "--report-file",
        str(REPORT),
    ]
    environment = os.environ | {
        "FOUNDRY_PROFILE": "coverage",
        "FOUNDRY_INVARIANT_RUNS": RUNS,
        "FOUNDRY_INVARIANT_DEPTH": "200",
    }
    command += ["--fuzz-seed", SEED, "--skip", "*/symbolic/**"]
    subprocess.run(command, cwd=CONTRACTS, env=environment, check=True, stdout=subprocess.DEVNULL)


def read_report() -> dict[str, tuple[dict[int, int], dict[tuple[int, str], int]]]:
    """Of each source its lines, and its branches by line and number, with how often each was run."""
    files: dict[str, tuple[dict[int, int], dict[tuple[int, str], int]]] = {}
    lines: dict[int, int] = {}
    branches: dict[tuple[int, str], int] = {}
    for entry in REPORT.read_text().splitlines():
        kind, _, rest = entry.partition(":")
        if kind == "SF":
            (lines, branches) = files.setdefault(rest, ({}, {}))
        elif kind == "DA":
            number, count = rest.split(",")[:2]
            lines[int(number)] = max(lines.get(int(number), 0), int(count))
        elif kind == "BRDA":
            number, block, branch, count = rest.split(",")
            key = (int(number), f"{block}.{branch}")
            branches[key] = max(branches.get(key, 0), 0 if count == "-" else int(count))
    return {
        name: found
        for name, found in files.items()
        if name.startswith("src/") and "/mocks/" not in name
    }


def hidden_lines(name: str) -> set[int]:
    """The lines that forge can not see: assembly, up to where a line closes the block at its own depth, and `UNSEEN`."""
    found: set[int] = set()
    indent: str | None = None
    for number, line in enumerate((CONTRACTS / name).read_text().splitlines(), 1):
        if indent is not None:
            found.add(number)
            if line.rstrip() == f"{indent}}}":
                indent = None
        elif line.strip() in UNSEEN:
            found.add(number)
        elif line.lstrip().startswith("assembly "):
            found.add(number)
            indent = line[: len(line) - len(line.lstrip())]
    return found


def main() -> int:
    """Prints what was not run, and the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-run", action="store_true", help="read the last report again")
    if not parser.parse_args().no_run:
        run_forge()
    counts = [0, 0, 0, 0]
    for name, (lines, branches) in sorted(read_report().items()):
        hidden = hidden_lines(name)
        seen = {number: count for number, count in lines.items() if number not in hidden}
        taken = {key: count for key, count in branches.items() if key[0] not in hidden}
        entered = {number for (number, _), count in taken.items() if count}
        missed = sorted(
            number for number, count in seen.items() if not count and number not in entered
        )
        untaken = sorted({number for (number, _), count in taken.items() if not count})
        counts[0] += len(seen)
        counts[1] += len(seen) - len(missed)
        counts[2] += len(taken)
        counts[3] += sum(1 for count in taken.values() if count)
        if missed or untaken:
            print(f"{name}: lines {missed or 'all'}, branches at lines {untaken or 'all'}")
    of_lines, of_branches = counts[1] / max(1, counts[0]), counts[3] / max(1, counts[2])
    print(
        f"lines {counts[1]} of {counts[0]} ({of_lines:.1%}), branches {counts[3]} of {counts[2]} ({of_branches:.1%})"
    )
    return int(of_lines < LOWEST_LINES or of_branches < LOWEST_BRANCHES)


if __name__ == "__main__":
    sys.exit(main())
