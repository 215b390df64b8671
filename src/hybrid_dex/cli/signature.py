"""`hybrid-dex signature`: why a signature does not fit an order, and how wallets show orders.

Exit codes: 0 the signature is good, 1 it is not or the input could not be read, 2 wrong usage.
Nothing is sent anywhere, and no private key is ever asked for.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter
from rich.console import Console

from hybrid_dex.cli.order_file import read_order
from hybrid_dex.errors import FormatError
from hybrid_dex.model.signed_order import SignatureKind
from hybrid_dex.signing.address import checksum_address
from hybrid_dex.signing.clear_signing import clear_signing_descriptor
from hybrid_dex.signing.doctor import (
    Diagnosis,
    Finding,
    approved,
    diagnose,
    read_address,
    read_signature,
)
from hybrid_dex.signing.domain import Domain
from hybrid_dex.signing.mistakes import CHAINS, SignedTerms

__all__ = ["descriptor", "doctor"]

app = App(
    name="signature", help="Find out why a signature is refused; let wallets show orders in words."
)

_GOOD: Final = 0
_NOT_GOOD: Final = 1


def _address(_kind: object, texts: str | list[str] | None) -> None:
    """Refuse what is no address, as wrong usage; a wrong checksum is for the doctor to say."""
    for text in [texts] if isinstance(texts, str) else texts or []:
        try:
            read_address(text, "address")
        except FormatError as error:
            raise ValueError(str(error)) from error


def _chain(_kind: object, number: int) -> None:
    """Refuse what is no chain."""
    if not 1 <= number < 2**256:
        raise ValueError("a chain id is 1 or more")


_Address = Annotated[str, Parameter(validator=_address)]


@app.command
def doctor(
    order: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    chain_id: Annotated[int, Parameter(validator=_chain)],
    contract: _Address,
    signature: str | None = None,
    trader: Annotated[str | None, Parameter(validator=_address)] = None,
    session_key: Annotated[
        list[str] | None, Parameter(name="--session-key", negative="", validator=_address)
    ] = None,
    market: Path | None = None,
    json_output: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Say what is wrong with a signature: the field, the domain, the wallet's method or the bytes.

    Args:
        order: a JSON file, or - for standard input: the typed data that was signed, its message
            alone, or the order as it was sent (with --market and --trader).
        chain_id: of the chain that the exchange settles on.
        contract: address of the deployed Exchange.
        signature: 0x and hexadecimal digits; left out if the JSON has one.
        trader: who should have signed; the order's trader unless given.
        session_key: a key that may trade for the trader; may be given several times.
        market: JSON of the market as the exchange gives it, at /markets or /markets/ID.
        json_output: print the findings as JSON.
    """
    text = _text("order", None if order == "-" else Path(order))
    terms = None if market is None else _text("market", market)
    read = read_order(text, market=terms, trader=trader)
    address, of_contract = read_address(contract, "contract")
    account, of_trader = (None, ()) if trader is None else read_address(trader, "trader")
    right = SignedTerms.of(
        read.values, chain_id=chain_id, contract=address, proof=read.proof, leaf=read.leaf
    )
    written = signature or read.signature
    data, findings = (b"", ()) if written is None else read_signature(written)
    if read.kind is SignatureKind.APPROVED:
        found = approved(right, data)
    elif written is None:
        raise FormatError("signature", "none was given", "--signature, or one beside the order")
    else:
        found = diagnose(
            right,
            data,
            kind=read.kind,
            trader=account,
            signed_for=[read.domain] if read.domain else [],
            session_keys=[read_address(key, "session_key")[0] for key in session_key or []],
        )
    told = (*found.findings, *findings, *read.findings, *of_contract, *of_trader)
    good = not told
    if json_output:
        _print_json(found, told)
    else:
        _print(found, told, chain_id=chain_id, contract=checksum_address(address))
    return _GOOD if good else _NOT_GOOD


@app.command
def descriptor(*, chain_id: Annotated[int, Parameter(validator=_chain)], contract: _Address) -> int:
    """Print the ERC-7730 descriptor, by which wallets show orders in words, for a deployment.

    Args:
        chain_id: of the chain that the exchange settles on.
        contract: address of the deployed Exchange.
    """
    raw, _ = read_address(contract, "contract")
    domain = Domain(chain_id=chain_id, verifying_contract=checksum_address(raw))
    print(json.dumps(clear_signing_descriptor([domain]), indent=2))
    return _GOOD


def _text(field: str, path: Path | None) -> str:
    """Return what a file holds, or standard input where there is none."""
    try:
        return sys.stdin.read() if path is None else path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(field, f"is no text: {error}", "JSON in UTF-8") from error


def _print_json(found: Diagnosis, told: tuple[Finding, ...]) -> None:
    document = {
        "good": not told,
        "explained": found.explained,
        "digest": "0x" + found.digest.hex(),
        "signer": found.signer,
        "findings": [
            {"field": one.field, "happened": one.happened, "remedy": one.remedy} for one in told
        ],
    }
    print(json.dumps(document, indent=2))


def _print(found: Diagnosis, told: tuple[Finding, ...], *, chain_id: int, contract: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not told:
        console.print("The signature is good.", style="green")
    elif found.explained:
        console.print("The signature is not good for this order:", style="red")
    else:
        console.print("The signature is not good, and no common mistake explains it:", style="red")
    for one in told:
        console.print(f"\n  {one.field}", style="bold", markup=False)
        console.print(f"    {one.happened}", markup=False)
        console.print(f"    -> {one.remedy}", markup=False)
    name = f" ({CHAINS[chain_id]})" if chain_id in CHAINS else ""
    console.print()
    for label, value in (
        ("chain", f"{chain_id}{name}"),
        ("contract", contract),
        ("to be signed", "0x" + found.digest.hex()),
        ("signer of that", found.signer or "nobody"),
    ):
        console.print(f"  {label:14}  {value}", markup=False)
