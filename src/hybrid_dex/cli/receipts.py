"""`hybrid-dex receipts`: a public log held against its hashes, the rules, receipts and the chain.

Exit codes: 0 everything holds, 1 something does not or can not be proven, 2 wrong usage. Nothing
here asks an exchange's server for anything; `verify` without a node asks nobody at all.
"""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import stamina
from cyclopts import App, Parameter
from rich.console import Console

from hybrid_dex.cli.journal import Place
from hybrid_dex.cli.receipts_report import print_json, print_report
from hybrid_dex.errors import ConfigurationError, FormatError
from hybrid_dex.signing import Domain, parse_address
from hybrid_dex.verification import LoggedFrame, SettledBatch, read_log, verify_log, write_log
from hybrid_dex.verification.chain import ChainReading, read_chain
from hybrid_dex.verification.files import (
    market_numbers,
    read_batches,
    read_receipts,
    write_batches,
)
from hybrid_dex.verification.reenactment import reenact

__all__ = ["batches", "log", "verify"]

app = App(
    name="receipts",
    help="Check what an operator signed and settled against its public log.",
)

_HOLDS: Final = 0
_DOES_NOT: Final = 1


def _address(_kind: object, text: str | None) -> None:
    """Refuse what is no address, as wrong usage."""
    if text is not None:
        try:
            parse_address(text)
        except FormatError as error:
            raise ValueError(str(error)) from error


def _url(_kind: object, text: str | None) -> None:
    """Refuse what is no address of a node, as wrong usage."""
    if text is not None and not text.startswith(("http://", "https://")):
        raise ValueError("the address of a node begins with http:// or https://")


_Address = Annotated[str, Parameter(validator=_address)]
_Url = Annotated[str, Parameter(validator=_url)]
_Flag = Annotated[bool, Parameter(negative="")]


@app.command
def verify(
    log: Path,
    *,
    receipts: Annotated[list[Path] | None, Parameter(negative="", name="--receipt")] = None,
    batches: Path | None = None,
    rpc: _Url | None = None,
    contract: _Address | None = None,
    chain_id: int | None = None,
    operator: _Address | None = None,
    from_block: int | None = None,
    json: _Flag = False,
) -> int:
    """Hold a public log against its own hashes, the matching rules, receipts, and settled batches.

    Parameters
    ----------
    log
        The public log, as `receipts log` writes it.
    receipts
        A file of receipts, as the exchange gave them; may be given several times.
    batches
        A file of settled batches, as `receipts batches` writes it.
    rpc
        A node to read the settled batches and the operator from, instead of a file.
    contract
        Address of the deployed Exchange.
    chain_id
        Its chain; read from the node when there is one.
    operator
        Who signs for the exchange; read from the node when there is one.
    from_block
        Where the contract's logs begin; found by itself if the node keeps old states.
    json
        Print the findings as JSON.
    """
    settled: list[SettledBatch] | None = None if batches is None else read_batches(batches)
    if rpc is not None:
        if contract is None:
            raise ConfigurationError("a node needs to be told the contract: --contract")
        reading = _read(rpc, contract, from_block)
        chain_id = reading.chain_id if chain_id is None else chain_id
        operator = reading.operator if operator is None else operator
        settled = list(reading.batches) if settled is None else settled
    domain = None
    if chain_id is not None and contract is not None:
        domain = Domain(chain_id=chain_id, verifying_contract=contract)
    frames = list(read_log(log))
    numbers = market_numbers(frames) if receipts else {}
    given = [one for path in receipts or [] for one in read_receipts(path, numbers)]
    verdict = verify_log(frames, receipts=given, batches=settled, domain=domain, operator=operator)
    if json:
        print_json(verdict)
    else:
        print_report(verdict)
    return _HOLDS if verdict.holds else _DOES_NOT


@app.command
def log(directory: Path, *, out: Path, events: _Flag = False) -> int:
    """Write a journal as a public log. It names every account, order and deposit.

    Parameters
    ----------
    directory
        The journal's folder, or the one that holds `journal`; its exchange may be running.
    out
        The file to write.
    events
        Also write what the commands did, so that the log claims it.
    """
    reader = Place().reader(directory)
    frames = [
        LoggedFrame(position=record.position, raw=record.frame) for record in reader.records()
    ]
    if events:
        frames = _with_events(frames)
    with out.open("wb") as file:
        file.writelines(write_log(frames))
    _lines().print(f"{len(frames)} records written to {out}", markup=False)
    return _HOLDS


@app.command
def batches(*, rpc: _Url, contract: _Address, out: Path, from_block: int | None = None) -> int:
    """Read every settled batch from a node into a file, to verify later without one.

    Parameters
    ----------
    rpc
        JSON-RPC address of a node.
    contract
        Address of the deployed Exchange.
    out
        The file to write.
    from_block
        Where the contract's logs begin; found by itself if the node keeps old states.
    """
    reading = _read(rpc, contract, from_block)
    with out.open("wb") as file:
        file.writelines(write_batches(reading.batches))
    _lines().print(
        f"{len(reading.batches)} batches of chain {reading.chain_id} written to {out}; "
        f"the operator is {reading.operator}",
        markup=False,
    )
    return _HOLDS


def _with_events(frames: list[LoggedFrame]) -> list[LoggedFrame]:
    """Say what each frame's commands did, as this program replays them."""
    found = reenact(frames)
    if found.findings:
        raise ConfigurationError(f"no events can be written: {found.findings[0].detail}")
    done, written = [], 0
    for frame, mark in zip(frames, found.marks, strict=True):
        made = tuple(found.batches[written : mark.last_sequence])
        done.append(LoggedFrame(position=frame.position, raw=frame.raw, events=made))
        written = mark.last_sequence
    return done


def _read(rpc: str, contract: str, from_block: int | None) -> ChainReading:
    """Read a chain while a line on a terminal says how far that is."""
    stamina.instrumentation.set_on_retry_hooks([])  # they would write among the findings
    with Console(stderr=True).status("asking the node") as status:

        def progress(what: str, done: int, total: int) -> None:
            status.update(f"{what} {done} of {total}")

        return asyncio.run(
            read_chain(rpc_url=rpc, contract=contract, from_block=from_block, progress=progress)
        )


def _lines() -> Console:
    return Console(soft_wrap=True, highlight=False)
