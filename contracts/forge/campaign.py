"""Runs the invariants in forge and says what was done: how many calls, how many of them were refused, by which seed.

It must never pass on a campaign that did too little: fewer calls than the tier asks for, more than seven tenths of them
refused, an entry point that never accepted a call, or too few fills that settled is a failure like a broken rule.

Every history ends with a line of figures that the tests write; forge itself counts only the handlers' calls, which never
revert. Standard library only.
"""

import argparse
import collections
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import time

CONTRACTS = pathlib.Path(__file__).resolve().parents[1]
FIGURES = CONTRACTS / ".build" / "forge" / "figures"
TIERS = {"fast": 20_000, "ci": 1_000_000, "prove": 5_000_000}
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


def report(total: collections.Counter[str], seed: str, seconds: float) -> None:
    """Prints the figures for a reader."""
    calls = max(1, total["calls"])
    print(
        f"calls {calls}, refused {total['refused'] / calls:.1%}, histories {total['histories']}, seed {seed}"
    )
    print(f"{seconds:.0f} s, {calls / seconds:.0f} calls a second with compiling")
    reasons = {name[7:]: count for name, count in total.items() if name.startswith("reason-")}
    told = ", ".join(f"{reason}: {reasons[reason]}" for reason in sorted(reasons, key=int))
    print(
        f"fills settled {total['settled']}, of them honest {total['honest']}; skipped by reason {told}"
    )
    for name in sorted(total):
        if name.startswith("accepted-"):
            entry = name.removeprefix("accepted-")
            print(f"  {entry:24} accepted {total[name]:8} refused {total[f'refused-{entry}']:8}")


def main() -> int:
    """Runs one tier; the status is zero when every rule held and enough was done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tier", choices=TIERS, default=os.environ.get("HYBRID_DEX_TIER", "fast"))
    parser.add_argument("--calls", type=int, help="instead of the tier's count")
    parser.add_argument("--seed", default="", help="the seed that an earlier campaign printed")
    parser.add_argument("--match", default="Campaign", help="forge's --match-contract")
    options = parser.parse_args()
    calls = options.calls or TIERS[options.tier]
    seed = options.seed or f"0x{secrets.token_hex(8)}"
    print(f"invariants: {calls} calls, seed {seed}", flush=True)
    started = time.monotonic()
    status = run_forge(calls, seed, options.match)
    total = read_figures()
    report(total, seed, time.monotonic() - started)
    faults = [] if status else find_faults(total, calls)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return status or bool(faults)


if __name__ == "__main__":
    sys.exit(main())
