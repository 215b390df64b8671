"""Write ABI and bytecode into the library, or with ``--check`` say whether what lies there is current."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from ape import project

CONTRACTS = Path(__file__).resolve().parents[1]
ARTIFACTS = CONTRACTS.parent / "src" / "hybrid_dex" / "settlement" / "artifacts"
EXPORTED = ("Exchange", "ExchangeExtension", "MockERC20")
ANSWERS_FOR = {"Exchange": "ExchangeExtension"}
"""A contract that delegates calls it does not know, and to which: its interface is that of both."""


def load_hashes() -> ModuleType:
    """Load the library's hash functions by their file: the library is not installed here."""
    spec = importlib.util.spec_from_file_location("artifact_hashes", ARTIFACTS / "__init__.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entries(name: str) -> list[dict[str, Any]]:
    """Return a contract's own interface as JSON values."""
    abi = getattr(project, name).contract_type.abi
    return [entry.model_dump(by_alias=True, mode="json", exclude_none=True) for entry in abi]


def interface(name: str) -> list[dict[str, Any]]:
    """Return what can be called at a contract's address, sorted: each entry once."""
    found = {json.dumps(entry): entry for entry in entries(name)}
    for entry in entries(ANSWERS_FOR[name]) if name in ANSWERS_FOR else ():
        if entry["type"] in ("function", "event", "error"):
            found.setdefault(json.dumps(entry), entry)
    return [
        entry
        for text, entry in sorted(
            found.items(), key=lambda item: (item[1]["type"], item[1].get("name", ""), item[0])
        )
        if entry["type"] != "fallback"
    ]


def artifact(name: str) -> str:
    """Return the text of one contract's artifact, as compiled now."""
    hashes = load_hashes()
    contract = getattr(project, name).contract_type
    compiler = next(one for one in project.manifest.compilers if name in one.contractTypes)
    settings = compiler.settings
    sources = {
        path.relative_to(CONTRACTS).as_posix(): path.read_bytes()
        for pattern in hashes.SOURCES
        for path in CONTRACTS.glob(pattern)
    }
    content = {
        "name": name,
        "abi": interface(name),
        "bytecode": contract.deployment_bytecode.bytecode,
        "deployedBytecode": contract.runtime_bytecode.bytecode,
        "compiler": {
            "name": "solc",
            "version": str(compiler.version),
            "evmVersion": settings["evmVersion"],
            "optimizerRuns": settings["optimizer"]["runs"],
            "viaIR": settings["viaIR"],
        },
        "sourceHash": hashes.source_hash(sources),
    }
    content[hashes.CONTENT_HASH] = hashes.content_hash(content)
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def stale() -> list[str]:
    """Return the names of the contracts whose artifact is missing or differs from what compiles now."""
    files = {name: ARTIFACTS / f"{name}.json" for name in EXPORTED}
    return [
        name
        for name, file in files.items()
        if not file.is_file() or file.read_text() != artifact(name)
    ]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if an artifact is stale.")
def cli(check: bool) -> None:
    """Export ABI and bytecode of the contracts that the library deploys or calls."""
    if check:
        if names := stale():
            raise click.ClickException(f"stale: {', '.join(names)}; run make -C contracts export")
        click.echo("artifacts are current")
        return
    for name in EXPORTED:
        (ARTIFACTS / f"{name}.json").write_text(artifact(name))
        click.echo(f"wrote {name}.json")
