"""The committed artifacts belong to the contracts' sources in this checkout, and nobody edited them."""

import json
from pathlib import Path
from typing import Any

import pytest

from hybrid_dex.settlement import artifacts
from hybrid_dex.settlement.artifacts import CONTENT_HASH, SOURCES, content_hash, source_hash

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
NAMES = ["Exchange", "ExchangeExtension", "MockERC20"]


def read(name: str) -> dict[str, Any]:
    text = (Path(artifacts.__file__).parent / f"{name}.json").read_text()
    artifact: dict[str, Any] = json.loads(text)
    return artifact


def sources() -> dict[str, bytes]:
    return {
        path.relative_to(CONTRACTS).as_posix(): path.read_bytes()
        for pattern in SOURCES
        for path in CONTRACTS.glob(pattern)
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_was_compiled_from_the_sources_in_this_checkout(name: str) -> None:
    assert len(sources()) > len(SOURCES)
    message = "the contracts changed: run make -C contracts export"
    assert read(name)["sourceHash"] == source_hash(sources()), message


@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_is_as_it_was_written(name: str) -> None:
    artifact = read(name)
    assert artifact[CONTENT_HASH] == content_hash(artifact)
    for changed in ({"abi": []}, {"bytecode": "0x"}, {"sourceHash": ""}):
        assert content_hash(artifact | changed) != artifact[CONTENT_HASH]


@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_says_what_it_is(name: str) -> None:
    artifact = read(name)
    assert artifact["name"] == name
    assert artifact["compiler"]["version"].startswith("0.8.30+")
    for code in ("bytecode", "deployedBytecode"):
        assert len(bytes.fromhex(artifact[code].removeprefix("0x"))) > 1000


def test_a_changed_renamed_or_missing_source_changes_the_hash() -> None:
    files = {"src/A.sol": b"a", "src/B.sol": b"b"}
    others: list[dict[str, bytes]] = [
        {"src/A.sol": b"a", "src/B.sol": b"c"},
        {"src/A.sol": b"a", "src/C.sol": b"b"},
        {"src/A.sol": b"a"},
        {"src/A.sol": b"b", "src/B.sol": b"a"},
    ]
    assert source_hash(dict(reversed(files.items()))) == source_hash(files)
    assert source_hash(files) not in {source_hash(other) for other in others}
