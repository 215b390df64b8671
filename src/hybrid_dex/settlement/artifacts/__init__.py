"""Compiled contracts, written by ``make -C contracts export`` and by nothing else.

Each ``<Contract>.json`` holds the contract's name, its ABI (sorted), ``bytecode`` (what creates it),
``deployedBytecode`` (what then lies on chain, immutables zero), the compiler, ``sourceHash`` over
what it was compiled from and ``contentHash`` over everything else in the file. With the two hashes
a stale or edited file is noticed without a compiler; this module computes them and reads no file.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ["CONTENT_HASH", "SOURCES", "content_hash", "source_hash"]

CONTENT_HASH: Final = "contentHash"
SOURCES: Final = ("ape-config.yaml", "package-lock.json", "src/**/*.sol")
"""What decides the compiler's output, as patterns in the contracts' project: its settings, the
versions of compiler and libraries, the sources."""


def source_hash(files: Mapping[str, bytes]) -> str:
    """Return the hash of the sources that an artifact was compiled from.

    Args:
        files: content by path, relative to the contracts' project, with forward slashes: all that
            `SOURCES` matches.
    """
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode())
    return whole.hexdigest()


def content_hash(artifact: Mapping[str, object]) -> str:
    """Return the hash that ``contentHash`` of an artifact must be: over all its other members."""
    others = {name: value for name, value in artifact.items() if name != CONTENT_HASH}
    return hashlib.sha256(msgspec.json.encode(others, order="sorted")).hexdigest()
