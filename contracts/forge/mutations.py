"""Breaks the contracts on purpose, one rule at a time, and asks whether the invariants notice.

It must never touch the sources that it mutates: each mutation is made in a copy. A mutation that survives, that is noticed
by another rule than the named ones, or whose text the sources no longer hold is a failure. Standard library only.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

CONTRACTS = pathlib.Path(__file__).resolve().parents[1]
MUTATIONS = CONTRACTS / "forge" / "mutations.toml"
COPIED = ("bin", "forge", "src", ".build/forge/out", ".build/forge/cache")
RUNS = 25  # histories of each campaign, more than enough for what is broken


def copy_project(target: pathlib.Path) -> None:
    """Copies what forge reads, with what it compiled before."""
    for name in COPIED:
        if (CONTRACTS / name).exists():
            shutil.copytree(CONTRACTS / name, target / name)
    (target / "node_modules").mkdir()
    for package in (
        "@openzeppelin",
        "solc",
        "command-exists",
        "commander",
        "follow-redirects",
        "js-sha3",
    ):
        (target / "node_modules" / package).symlink_to(CONTRACTS / "node_modules" / package)
    for package in ("memorystream", "os-tmpdir", "semver", "tmp", "@foundry-rs"):
        (target / "node_modules" / package).symlink_to(CONTRACTS / "node_modules" / package)


def mutate(file: pathlib.Path, old: str, new: str) -> str:
    """Replaces the only place of `old`, and gives the file's text as it was."""
    text = file.read_text()
    if text.count(old) != 1:
        message = f"{file.name} holds {text.count(old)} times: {old}"
        raise SystemExit(message)
    file.write_text(text.replace(old, new))
    return text


def run_campaign(project: pathlib.Path, seed: str) -> tuple[int, set[str]]:
    """Runs the campaigns in a copy: forge's status, and the rules that were broken."""
    shutil.rmtree(project / ".build/forge/failures", ignore_errors=True)
    environment = os.environ | {
        "FOUNDRY_CONFIG": str(project / "forge/foundry.toml"),
        "FOUNDRY_INVARIANT_RUNS": str(RUNS),
        "FOUNDRY_INVARIANT_DEPTH": "200",
        "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0",
    }
    command = ["forge", "test", "--root", ".", "--match-contract", "Campaign", "--fuzz-seed", seed]
    done = subprocess.run(
        command, cwd=project, env=environment, check=False, capture_output=True, text=True
    )
    found = set(re.findall(r"FAIL: .*Broken\(\"(\w+):", done.stdout))
    if done.returncode and not found:
        found = {
            line.strip()
            for line in done.stdout.splitlines() + done.stderr.splitlines()
            if "FAIL" in line or "rror" in line
        }
    return done.returncode, found


def main() -> int:
    """Tries all mutations, or the ones named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="mutations to try; all without")
    parser.add_argument("--seed", default="0x1", help="of the campaigns")
    options = parser.parse_args()
    mutations = tomllib.loads(MUTATIONS.read_text())["mutation"]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        project = pathlib.Path(folder)
        copy_project(project)
        for mutation in mutations:
            if options.names and mutation["name"] not in options.names:
                continue
            file = project / "src" / mutation["file"]
            text = mutate(file, mutation["old"], mutation["new"])
            status, found = run_campaign(project, options.seed)
            file.write_text(text)
            caught = status != 0 and bool(found & set(mutation["rules"]))
            survivors += not caught
            print(
                f"{'caught' if caught else 'SURVIVED'} {mutation['name']}: {', '.join(sorted(found))}",
                flush=True,
            )
    return min(survivors, 1)


if __name__ == "__main__":
    sys.exit(main())
