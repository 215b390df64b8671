"""What `receipts verify` found, for people as a table and a verdict, for programs as JSON.

It only words findings, and must never word what was not looked at as proven.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from hybrid_dex.verification import Finding, Verdict

__all__ = ["print_json", "print_report"]


def print_json(verdict: Verdict) -> None:
    """Print everything that was found as one JSON object."""
    settled = verdict.settled
    document: dict[str, Any] = {
        "holds": verdict.holds,
        "records": verdict.frames,
        "head": verdict.head.hex(),
        "commands": verdict.commands,
        "fills": verdict.fills,
        "log_claims_events": verdict.claims,
        "signed_orders": verdict.signed,
        "receipts": verdict.receipts,
        "batches": None
        if settled is None
        else {
            "read": settled.batches,
            "settled": settled.settled,
            "skipped": settled.skipped,
            "not_settled_yet": settled.unsettled,
        },
        "findings": [
            {
                "fraud": one.fraud.value,
                "convicts_operator": one.fraud.convicts,
                "meaning": one.fraud.explanation,
                "detail": one.detail,
                "sequence": one.sequence,
                "record": one.position,
                "receipt": one.receipt,
                "batch": one.batch,
            }
            for one in verdict.findings
        ],
    }
    text = msgspec.json.format(msgspec.json.encode(document)).decode()
    Console(soft_wrap=True, highlight=False).print(text, markup=False)


def print_report(verdict: Verdict) -> None:
    """Print a table of what was looked at, then what was found, then the verdict."""
    console = Console(soft_wrap=True, highlight=False)
    table = Table("looked at", "how much", box=None, pad_edge=False)
    for what, much in _rows(verdict):
        table.add_row(what, much)
    console.print(table)
    if verdict.findings:
        console.print()
    for finding in verdict.findings:
        _print_finding(console, finding)
    console.print()
    console.print(_verdict(verdict), style="green" if verdict.holds else "red", markup=False)


def _rows(verdict: Verdict) -> Iterator[tuple[str, str]]:
    yield "records, one chain", f"{verdict.frames}, head {verdict.head.hex()}"
    yield "commands replayed", str(verdict.commands)
    told = "as the log claims them" if verdict.claims else "as the rules make them"
    yield "fills, for price and time", f"{verdict.fills}, {told}"
    yield "signed orders", "not looked at" if verdict.signed is None else str(verdict.signed)
    yield "receipts", str(verdict.receipts) if verdict.receipts else "none given"
    settled = verdict.settled
    if settled is None:
        yield "settled batches", "not looked at"
        return
    yield "settled batches", f"{settled.batches} with {settled.settled} fills"
    for reason, number in sorted(settled.skipped.items()):
        yield f"skipped, {reason}", str(number)
    yield "fills not settled yet", str(settled.unsettled)


def _print_finding(console: Console, finding: Finding) -> None:
    where = [
        word
        for word, is_there in (
            (f"receipt {finding.receipt}", finding.receipt is not None),
            (f"batch {finding.batch}", finding.batch is not None),
            (f"command {finding.sequence}", bool(finding.sequence)),
            (f"record {finding.position}", bool(finding.position)),
        )
        if is_there
    ]
    heading = f"{finding.fraud.value}: {', '.join(where) or 'the log'}"
    console.print(heading, style="red" if finding.fraud.convicts else "yellow", markup=False)
    console.print(f"  {finding.fraud.explanation}", markup=False)
    console.print(f"  {finding.detail}", markup=False)


def _verdict(verdict: Verdict) -> str:
    if verdict.holds:
        return "Everything that was looked at holds."
    convicting = [one for one in verdict.findings if one.fraud.convicts]
    if not convicting:
        return "Not everything can be proven; nothing here convicts the operator."
    receipts = sorted({one.receipt for one in convicting if one.receipt is not None})
    if receipts:
        numbers = ", ".join(map(str, receipts))
        return f"The operator did not keep its word; it is convicted by receipt {numbers}."
    return "The log contradicts itself, the rules, or the chain."
