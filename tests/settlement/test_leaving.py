"""The guide for leaving by hand shows the bytes that the contract takes."""

from __future__ import annotations

import re
from pathlib import Path

from eth_abi.abi import encode

from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.signing import keccak256

PAGE = (Path(__file__).parents[2] / "docs/how-to/leave-without-the-operator.md").read_text()


def selector(signature: str) -> str:
    """The first four bytes of a call, or of an error."""
    return "0x" + keccak256(signature.encode())[:4].hex()


def test_every_selector_is_that_of_its_function_and_the_contract_has_it() -> None:
    """Those in the tables and those in the sentences; parameter names do not count."""
    known = {
        f"{entry['name']}({','.join(part['type'] for part in entry['inputs'])})"
        for entry in load_artifact("Exchange").abi
        if entry["type"] in {"function", "error"}
    }
    shown = re.findall(r"`(\w+\([^`]*\))`[^`]*?`(0x[0-9a-f]{8})`", PAGE)
    assert len(shown) >= 11
    for call, data in shown:
        name, _, arguments = call.rstrip(")").partition("(")
        kinds = ",".join(each.split()[0] for each in arguments.split(",") if each)
        signature = f"{name}({kinds})"
        assert signature in known
        assert data == selector(signature), signature


def test_the_call_data_is_what_a_library_encodes() -> None:
    """Word by word, in one line."""
    one, two, three = ("0x" + digit * 40 for digit in "123")
    blocks = ["".join(each.split()) for each in re.findall(r"```text\n(0x.*?)```", PAGE, re.DOTALL)]
    assert blocks == [
        selector("exit(address[])") + encode(["address[]"], [[one, two]]).hex(),
        selector("withdraw(address,address)") + encode(["address"] * 2, [one, three]).hex(),
    ]
