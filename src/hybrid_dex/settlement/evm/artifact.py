"""Compiled contracts as they lie in the package: ABI, creation code, runtime code.

They are written by one command of the contracts' project and never by hand. Whether the code on a
chain is ours is decided here: runtime code holds its immutables, values that the constructor put
where the compiler left 32 zero bytes, so those places, and only those, may differ.
"""

import functools
import importlib.resources
import re
from typing import Any, Final

import attrs
import msgspec

from hybrid_dex.errors import StaleArtifactError
from hybrid_dex.settlement.artifacts import CONTENT_HASH, content_hash

__all__ = ["Artifact", "load_artifact", "matches_runtime"]

_IMMUTABLE: Final = re.compile(rb"\x7f\x00{32}", re.DOTALL)
"""PUSH32 of zeros: what the compiler leaves for an immutable."""


@attrs.frozen(kw_only=True)
class Artifact:
    """One compiled contract.

    Attributes:
        name: of the contract.
        abi: its interface, as JSON values.
        bytecode: creation code.
        runtime: the code that is deployed, immutables zero.
    """

    name: str
    abi: list[dict[str, Any]] = attrs.field(repr=False)  # Any: JSON of the ABI specification
    bytecode: bytes = attrs.field(repr=False)
    runtime: bytes = attrs.field(repr=False)


class _File(msgspec.Struct):
    abi: list[dict[str, Any]]  # Any: JSON of the ABI specification
    bytecode: str
    deployed_bytecode: str = msgspec.field(name="deployedBytecode")


@functools.cache
def load_artifact(name: str) -> Artifact:
    """Return a contract of the package by its name.

    Raises:
        StaleArtifactError: there is no such file, it is no artifact, or it was edited.
    """
    file = importlib.resources.files("hybrid_dex.settlement") / "artifacts" / f"{name}.json"
    try:
        members = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        if members.get(CONTENT_HASH) != content_hash(members):
            raise StaleArtifactError(
                f"the package's artifact of {name} was edited: its content hash does not hold; "
                "export it again from the contracts"
            )
        read = msgspec.convert(members, type=_File)
        return Artifact(
            name=name,
            abi=read.abi,
            bytecode=bytes.fromhex(read.bytecode.removeprefix("0x")),
            runtime=bytes.fromhex(read.deployed_bytecode.removeprefix("0x")),
        )
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        raise StaleArtifactError(
            f"the package's artifact of {name} can not be read ({error}); install it anew, or "
            "export it again from the contracts"
        ) from error


def matches_runtime(runtime: bytes, code: bytes) -> bool:
    """Whether code on a chain is an artifact's runtime code with its immutables filled in."""
    if len(runtime) != len(code):
        return False
    start = 0
    for hole in _IMMUTABLE.finditer(runtime):
        if runtime[start : hole.start() + 1] != code[start : hole.start() + 1]:
            return False
        start = hole.end()
    return runtime[start:] == code[start:]
