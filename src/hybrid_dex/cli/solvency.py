"""`hybrid-dex solvency`: what a vault owes and holds, from a node alone.

Exit codes: 0 solvent, 1 not, or not to be proven (the node failed, a log is missing), 2 wrong
usage. Nothing here asks an exchange's server for anything, and no key stands on the command line.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import attrs
import stamina
from cyclopts import App, Parameter
from rich.console import Console

from hybrid_dex.cli.solvency_report import Report, print_json, print_report
from hybrid_dex.errors import ConfigurationError, FormatError, SettlementError
from hybrid_dex.settlement.solvency_proofs import ProofFolder
from hybrid_dex.settlement.solvency_publishing import publish_roots
from hybrid_dex.settlement.solvency_reading import SolvencyReader, SolvencyReading
from hybrid_dex.signing import parse_address
from hybrid_dex.signing.solvency import read_proof

__all__ = ["proof", "publish", "verify"]

app = App(
    name="solvency",
    help="Check what a vault owes and holds: needs a node, and nobody's leave.",
)

_PROVEN: Final = 0
_NOT_PROVEN: Final = 1
_OTHERS: Final = 0o077


def _address(_kind: object, texts: str | list[str] | None) -> None:
    """Refuse what is no address, as wrong usage."""
    for text in [texts] if isinstance(texts, str) else texts or []:
        try:
            parse_address(text)
        except FormatError as error:
            raise ValueError(str(error)) from error


def _url(_kind: object, text: str) -> None:
    """Refuse what is no address of a node, as wrong usage."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("the address of a node begins with http:// or https://")


_Address = Annotated[str, Parameter(validator=_address)]
_Tokens = Annotated[list[str] | None, Parameter(name="--token", negative="", validator=_address)]
_Flag = Annotated[bool, Parameter(negative="")]


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Source:
    """Where to read."""

    rpc: Annotated[
        str,
        Parameter(help="JSON-RPC address of a node: yours, or one you trust.", validator=_url),
    ]
    contract: Annotated[
        str, Parameter(help="Address of the deployed Exchange.", validator=_address)
    ]
    from_block: Annotated[
        int | None,
        Parameter(help="Where its logs begin; found by itself if the node keeps old states."),
    ] = None
    blocks_per_query: Annotated[
        int, Parameter(help="The widest range of blocks asked for at once.")
    ] = 10_000
    any_code: Annotated[
        bool,
        Parameter(help="Accept code that is not this package's Exchange.", negative=""),
    ] = False


@app.command
def verify(
    source: Source,
    *,
    tokens: _Tokens = None,
    account: _Address | None = None,
    proof: Path | None = None,
    block: int | None = None,
    json: _Flag = False,
) -> int:
    """Add up what a vault owes at one block, and hold it against what it has.

    Parameters
    ----------
    tokens
        Only this token; may be given several times. All listed tokens by default.
    account
        Show this account's balances too; with a proof, whose it must be.
    proof
        A file of `solvency proof`: check it, at its own block unless another is named.
    block
        The block to look at; the newest by default. An old one needs an archive node.
    json
        Print the findings as JSON.
    """
    checked = None if proof is None else read_proof(proof.read_bytes())
    if checked is not None:
        block = checked.block if block is None else block
        tokens = tokens or [checked.token]
    report = Report.of(_read(source, tokens, block), account=account, proof=checked)
    if json:
        print_json(report)
    else:
        print_report(report)
    return _PROVEN if report.holds else _NOT_PROVEN


@app.command
def proof(
    source: Source,
    *,
    token: _Address,
    account: _Address,
    block: int | None = None,
    out: Path | None = None,
) -> int:
    """Write the proof that an account's balance is part of the sum that the vault owes.

    Anybody can make it: balances are public on chain.

    Parameters
    ----------
    token
        Whose tree.
    account
        Whose balance; the zero address for the collected fees.
    block
        The block whose balances the tree holds; the newest by default.
    out
        The file to write; printed by default.
    """
    reading = _read(source, [token], block)
    (found,) = reading.tokens
    if found.owed != found.liabilities:
        raise SettlementError(found.complaint)
    made = found.tree().prove(
        account, chain_id=reading.chain_id, contract=reading.contract, block=reading.block
    )
    if out is None:
        _lines().print(made.encode().decode(), end="", markup=False)
    else:
        out.write_bytes(made.encode())
    return _PROVEN


@app.command
def publish(
    source: Source,
    *,
    key_file: Path,
    tokens: _Tokens = None,
    proofs: Path | None = None,
) -> int:
    """Publish each token's root and sum on chain, as the operator. An event each; nothing moves.

    Parameters
    ----------
    key_file
        A file with the operator's private key, which nobody else can read.
    tokens
        Only this token; may be given several times. All listed tokens by default.
    proofs
        A folder to write every account's proof into: <token>/<block>/<account>.json. The reference
        app hands them out from `chain.solvency_proofs`.
    """
    if key_file.stat().st_mode & _OTHERS:
        raise ConfigurationError(f"others can read {key_file}; make it yours alone: chmod 600")
    try:
        key = key_file.read_text("utf-8").strip()
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{key_file} holds no private key: 0x and 64 hexadecimal digits"
        ) from error
    reading = _read(source, tokens, None)
    for found in reading.tokens:
        if found.complaint:
            raise SettlementError(f"nothing is published: {found.symbol}: {found.complaint}")
    folder = None if proofs is None else ProofFolder(proofs)
    sent = asyncio.run(publish_roots(reading, rpc_url=source.rpc, key=key, proofs=folder))
    for found, transaction in sent:
        tree = found.tree()
        _lines().print(
            f"{found.token} block {reading.block} root 0x{tree.root.hex()} sum {tree.total}: "
            f"published in {transaction}",
            markup=False,
        )
    return _PROVEN


def _read(source: Source, tokens: Sequence[str] | None, block: int | None) -> SolvencyReading:
    """Read a vault while a line on a terminal says how far that is."""
    stamina.instrumentation.set_on_retry_hooks([])  # they would write among the findings
    with Console(stderr=True).status("asking the node") as status:

        def progress(what: str, done: int, total: int) -> None:
            status.update(f"{what} {done} of {total}")

        async def read() -> SolvencyReading:
            async with SolvencyReader(
                rpc_url=source.rpc,
                contract=source.contract,
                any_code=source.any_code,
                blocks_per_query=source.blocks_per_query,
                progress=progress,
            ) as reader:
                return await reader.read(
                    block=block, tokens=tokens or (), from_block=source.from_block
                )

        return asyncio.run(read())


def _lines() -> Console:
    return Console(soft_wrap=True, highlight=False)
