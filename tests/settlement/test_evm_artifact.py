"""The package's contracts are recognised on a chain, immutables aside, and nothing else is."""

from __future__ import annotations

import pytest

from hybrid_dex.errors import StaleArtifactError
from hybrid_dex.settlement.evm.artifact import load_artifact, matches_runtime


def test_the_packages_contracts_are_read() -> None:
    """All have an interface and code."""
    for name in ("Exchange", "ExchangeExtension", "MockERC20"):
        artifact = load_artifact(name)
        assert artifact.abi
        assert len(artifact.bytecode) > len(artifact.runtime) > 0


def test_the_exchanges_interface_is_that_of_both_its_contracts() -> None:
    """What can be called at its address, each entry once, and no constructor but its own."""
    exchange, extension = load_artifact("Exchange").abi, load_artifact("ExchangeExtension").abi
    for entry in extension:
        if entry["type"] in {"function", "event", "error"}:
            assert exchange.count(entry) == 1, entry
    for name in ("settle", "deposit", "EXTENSION", "withdrawWithVoucher", "batchState"):
        assert any(entry.get("name") == name for entry in exchange), name
    (constructor,) = (entry for entry in exchange if entry["type"] == "constructor")
    assert constructor["inputs"][0]["name"] == "extension"


def test_another_name_is_refused() -> None:
    """With what to do."""
    with pytest.raises(StaleArtifactError, match="Nothing"):
        load_artifact("Nothing")


def test_only_immutables_may_differ() -> None:
    """A byte more, less or other anywhere else is another contract."""
    runtime = b"\x60\x80\x7f" + bytes(32) + b"\x50\x00\x00"
    filled = b"\x60\x80\x7f" + b"\x11" * 32 + b"\x50\x00\x00"
    assert matches_runtime(runtime, filled)
    assert matches_runtime(runtime, runtime)
    for at in (0, 2, 35, 36, 37):
        other = bytearray(filled)
        other[at] ^= 1
        assert not matches_runtime(runtime, bytes(other))
    assert not matches_runtime(runtime, filled + b"\x00")
    assert not matches_runtime(runtime, b"")
