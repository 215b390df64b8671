"""Runs slither and halmos, and compares what they say with the answers that were given.

It must never pass over a finding: one without an answer fails, as does an answer to a finding that is no longer made. Both
programs are licensed under the AGPL: they are started here, in an environment of their own, and nothing imports or ships
them. Standard library only.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

CONTRACTS = pathlib.Path(__file__).resolve().parents[1]
WORK = CONTRACTS / ".build" / "audit"
TOOLS = CONTRACTS / ".venv-audit" / "bin"
ANSWERS = CONTRACTS / "forge" / "answers.toml"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "FOUNDRY_CONFIG"}


def prepare() -> None:
    """Lays out what both programs take for a project of forge's: they look for its file at the root."""
    shutil.rmtree(WORK, ignore_errors=True)
    for project in (WORK / "slither", WORK / "halmos"):
        project.mkdir(parents=True)
    lines = [
        "[profile.default]",
        'out = "out"',
        "libs = []",
        "offline = true",
        'evm_version = "prague"',
        "via_ir = true",
    ]
    lines += [
        "optimizer = true",
        "auto_detect_remappings = false",
        f'solc = "{CONTRACTS / "bin" / "solc-v0.8.30"}"',
    ]
    slither = [
        *lines,
        'src = "src"',
        'remappings = ["@openzeppelin/contracts/=node_modules/@openzeppelin/contracts/"]',
    ]
    (WORK / "slither/foundry.toml").write_text("\n".join(slither))
    halmos = [line for line in lines if line != "via_ir = true"]
    halmos += ['src = "forge/symbolic"', 'test = "forge/symbolic"']
    (WORK / "halmos/foundry.toml").write_text("\n".join(halmos))
    shutil.copytree(CONTRACTS / "src", WORK / "slither/src")
    shutil.copytree(
        CONTRACTS / "node_modules/@openzeppelin", WORK / "slither/node_modules/@openzeppelin"
    )
    shutil.copytree(CONTRACTS / "src/libraries", WORK / "halmos/src/libraries")
    shutil.copytree(CONTRACTS / "forge/symbolic", WORK / "halmos/forge/symbolic")


def run_slither() -> set[tuple[str, str]]:
    """Every finding as its detector and the place that it names first."""
    project = WORK / "slither"
    build = ["forge", "build", "--build-info", "--skip", "*/mocks/**"]
    subprocess.run(build, cwd=project, env=ENVIRONMENT, check=True, capture_output=True)
    command = [
        TOOLS / "slither",
        ".",
        "--compile-force-framework",
        "foundry",
        "--foundry-ignore-compile",
    ]
    command += [
        "--foundry-out-directory",
        "out",
        "--filter-paths",
        "node_modules|src/mocks",
        "--json",
        "-",
    ]
    done = subprocess.run(
        command, cwd=project, env=ENVIRONMENT, check=False, capture_output=True, text=True
    )
    report = json.loads(done.stdout)
    if not report["success"]:
        raise SystemExit(report["error"])
    return {
        (finding["check"], place(finding["elements"][0]))
        for finding in report["results"]["detectors"]
    }


def place(element: dict) -> str:
    """Contract and function, or contract and variable."""
    parent = element.get("type_specific_fields", {}).get("parent")
    if parent is None:
        return element["name"]
    outer = parent.get("type_specific_fields", {}).get("parent")
    return f"{outer['name']}.{parent['name']}" if outer else f"{parent['name']}.{element['name']}"


def compare(findings: set[tuple[str, str]]) -> list[str]:
    """What was found without an answer, and what was answered without a finding."""
    answered = {
        (answer["check"], where)
        for answer in tomllib.loads(ANSWERS.read_text())["answer"]
        for where in answer["where"]
    }
    faults = [
        f"slither found {check} at {where}: fix or answer it"
        for check, where in sorted(findings - answered)
    ]
    stale = sorted(answered - findings)
    return faults + [
        f"slither no longer finds {check} at {where}: drop the answer" for check, where in stale
    ]


def main() -> int:
    """Runs both; zero when every finding is answered and every property is proven."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    prepare()
    findings = run_slither()
    faults = compare(findings)
    print(
        f"slither: {len(findings)} findings, {len(faults)} without an answer or the other way round"
    )
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    command = [
        TOOLS / "halmos",
        "--root",
        ".",
        "--contract",
        "WordsProof",
        "--solver-timeout-assertion",
        "120000",
    ]
    proof = subprocess.run(
        command, cwd=WORK / "halmos", env=ENVIRONMENT, check=False, capture_output=True, text=True
    )
    print(
        "\n".join(
            line
            for line in proof.stdout.splitlines()
            if ("[" in line and "check_" in line) or "result" in line
        )
    )
    return int(bool(faults) or proof.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
