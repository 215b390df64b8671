"""Runs the invariants in forge and says what was done: how many calls, how many of them were refused, by which seed.

It must never pass on a campaign that did too little: fewer calls than the tier asks for, more than seven tenths of them
refused, an entry point that never accepted a call, or too few fills that settled is a failure like a broken rule.

A long campaign runs in parts, each with a seed of its own that follows from the first, and says after each what was done so far: when
it is interrupted, the parts that ended count, and `--seed ... --first-part ...` does the others.

Every history ends with a line of figures that the tests write; forge itself counts only the handlers' calls, which never
revert. Standard library only.
"""

import argparse
import collections
import os
import pathlib
import resource
import secrets
import shutil
import subprocess
import sys
import time

CONTRACTS = pathlib.Path(__file__).resolve().parents[1]
FIGURES = CONTRACTS / ".build" / "forge" / "figures"
TIERS = {"fast": 20_000, "ci": 1_000_000, "prove": 5_000_000}
PART = 250_000
INTERRUPTED = 130
CAMPAIGNS = 2  # forge runs each on a core of its own
DEPTH = 200
CALLS_A_STEP = 0.9  # not every step calls the exchange: time passes, a token turns hostile
HIGHEST_REFUSED = 0.7
LOWEST_SETTLED = 0.1
ENOUGH_FOR_ALL = 100_000  # with fewer calls an entry point may never have had its chance
NEVER_ACCEPTED = {"replay", "relist", "settleAsStranger", "settleMalformed", "usurp"}


def run_forge(calls: int, seed: str, match: str) -> int:
    """Runs both campaigns and gives forge's status."""
    shutil.rmtree(FIGURES, ignore_errors=True)
    FIGURES.mkdir(parents=True)
    runs = max(1, round(calls / CAMPAIGNS / DEPTH / CALLS_A_STEP))
    environment = os.environ | {
        "FOUNDRY_INVARIANT_RUNS": str(runs),
        "FOUNDRY_INVARIANT_DEPTH": str(DEPTH),
        "CAMPAIGN_FIGURES": f"{FIGURES.relative_to(CONTRACTS)}/",
    }
    command = ["forge", "test", "--root", ".", "--match-contract", match, "--fuzz-seed", seed]
    return subprocess.run(command, cwd=CONTRACTS, env=environment, check=False).returncode


def read_figures() -> collections.Counter[str]:
    """Adds up the lines of all histories."""
    total: collections.Counter[str] = collections.Counter()
    for file in FIGURES.iterdir():
        for line in file.read_text().splitlines():
            total["histories"] += 1
            for word in line.split():
                name, _, number = word.partition("=")
                total[name] += int(number)
    return total


def find_faults(total: collections.Counter[str], calls: int) -> list[str]:
    """What the campaign left undone."""
    skipped = sum(count for name, count in total.items() if name.startswith("reason-"))
    faults = []
    if total["calls"] < calls:
        faults.append(f"only {total['calls']} calls instead of {calls}")
    if total["refused"] > HIGHEST_REFUSED * total["calls"]:
        faults.append(f"{total['refused']} of {total['calls']} calls were refused")
    if total["settled"] < LOWEST_SETTLED * (total["settled"] + skipped):
        faults.append(f"only {total['settled']} fills settled and {skipped} were skipped")
    for name in total if calls >= ENOUGH_FOR_ALL else ():
        entry = name.removeprefix("refused-")
        if (
            name.startswith("refused-")
            and entry not in NEVER_ACCEPTED
            and not total[f"accepted-{entry}"]
        ):
            faults.append(f"no call of {entry} was accepted")
    return faults


def summary(total: collections.Counter[str], seconds: float) -> str:
    """The figures in one line."""
    calls = max(1, total["calls"])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    return (
        f"calls {calls}, refused {total['refused'] / calls:.1%}, histories {total['histories']}; {seconds:.0f} s, "
        f"{calls / seconds:.0f} calls a second, {calls / max(1, cpu):.0f} a second of one core, with compiling"
    )


def report(total: collections.Counter[str], seconds: float) -> None:
    """Prints the figures for a reader."""
    print(summary(total, seconds))
    reasons = {name[7:]: count for name, count in total.items() if name.startswith("reason-")}
    told = ", ".join(f"{reason}: {reasons[reason]}" for reason in sorted(reasons, key=int))
    print(
        f"fills settled {total['settled']}, of them honest {total['honest']}; skipped by reason {told}"
    )
    for name in sorted(total):
        if name.startswith("accepted-"):
            entry = name.removeprefix("accepted-")
            print(f"  {entry:24} accepted {total[name]:8} refused {total[f'refused-{entry}']:8}")


def run_parts(
    options: argparse.Namespace, calls: int, seed: int
) -> tuple[int, collections.Counter[str]]:
    """Runs the parts that are asked for, one after the other; gives forge's status and what they did."""
    parts = max(1, round(calls / PART))
    total: collections.Counter[str] = collections.Counter()
    started = time.monotonic()
    for part in range(options.first_part, parts + 1):
        try:
            status = run_forge(-(-calls // parts), hex(seed + part - 1), options.match)
        except KeyboardInterrupt:
            print(f"interrupted in part {part}; the parts before it count", file=sys.stderr)
            return INTERRUPTED, total
        total += read_figures()
        print(f"part {part} of {parts}, seed {seed + part - 1:#x}; so far: ", end="")
        print(summary(total, time.monotonic() - started), flush=True)
        if status:
            return status, total
    return 0, total


def main() -> int:
    """Runs one tier; the status is zero when every rule held and enough was done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tier", choices=TIERS, default=os.environ.get("HYBRID_DEX_TIER", "fast"))
    parser.add_argument("--calls", type=int, help="instead of the tier's count")
    parser.add_argument("--seed", default="", help="the seed that an earlier campaign printed")
    parser.add_argument(
        "--first-part", type=int, default=1, help="with the seed: go on where one ended"
    )
    parser.add_argument("--match", default="Campaign", help="forge's --match-contract")
    options = parser.parse_args()
    calls = options.calls or TIERS[options.tier]
    seed = int(options.seed or secrets.token_hex(8), 16)
    print(f"invariants: {calls} calls, seed {seed:#x}", flush=True)
    started = time.monotonic()
    status, total = run_parts(options, calls, seed)
    report(total, time.monotonic() - started)
    parts = max(1, round(calls / PART))
    asked = calls * (parts - options.first_part + 1) // parts
    faults = [] if status else find_faults(total, asked)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return status or bool(faults)


if __name__ == "__main__":
    sys.exit(main())
