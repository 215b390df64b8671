"""What `solvency verify` found, for people as a table and a verdict, for programs as JSON.

It only words findings, and must never word a doubt as a proof.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs
import msgspec
from rich.console import Console
from rich.table import Table

from hybrid_dex.settlement.solvency_reading import SolvencyReading, TokenReading
from hybrid_dex.signing.solvency import SolvencyProof

__all__ = ["Report", "print_json", "print_report"]


@attrs.frozen(kw_only=True)
class Report:
    """A reading with what was asked about it.

    Attributes:
        reading: the vault at a block.
        account: whose balances are shown, or ``None``.
        proof: the proof that was checked, or ``None``.
        complaints: why something is not proven; empty if all is.
        notes: what a reader should know besides.
    """

    reading: SolvencyReading
    account: str | None
    proof: SolvencyProof | None
    complaints: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls, reading: SolvencyReading, *, account: str | None, proof: SolvencyProof | None
    ) -> "Report":
        """Judge a reading, and a proof if one is to be checked."""
        complaints = [
            f"{token.symbol}: {token.complaint}" for token in reading.tokens if token.complaint
        ]
        notes: list[str] = []
        if not reading.tokens:
            complaints.append("no token is listed: there is nothing to prove")
        if proof is not None:
            refused = list(_refusals(proof, reading, account))
            complaints += [f"the proof: {each}" for each in refused]
            if not refused:
                notes.append(
                    f"The proof holds: {proof.account} has {proof.amount} atoms of {proof.token} "
                    f"in the sum of {proof.total} at block {proof.block}."
                )
                notes += _standing(proof, reading)
        return cls(
            reading=reading,
            account=account if proof is None else proof.account,
            proof=proof,
            complaints=tuple(complaints),
            notes=tuple(notes),
        )

    @property
    def holds(self) -> bool:
        """Whether nothing is left to doubt."""
        return not self.complaints


def _refusals(proof: SolvencyProof, reading: SolvencyReading, account: str | None) -> Iterator[str]:
    """Say why a proof proves nothing here."""
    if (proof.chain_id, proof.contract) != (reading.chain_id, reading.contract):
        yield f"it is of {proof.contract} on chain {proof.chain_id}, not of this contract"
    if account is not None and proof.account != account:
        yield f"it is {proof.account}'s, not {account}'s"
    if not proof.holds():
        yield "its amounts and hashes do not lead to its root and sum"
    token = next((each for each in reading.tokens if each.token == proof.token), None)
    if token is None:
        yield f"its token {proof.token} was not looked at"
    elif proof.block == reading.block:
        root = "0x" + token.tree().root.hex()
        if root != proof.root:
            yield f"wrong root: the balances at block {proof.block} have the root {root}"
    elif not any(root.proves(proof) for root in reading.published):
        yield (
            f"its root was never published, and the balances of its block {proof.block} were not "
            "read: leave out --block"
        )


def _standing(proof: SolvencyProof, reading: SolvencyReading) -> Iterator[str]:
    """Say what a proof that holds rests on."""
    if proof.block == reading.block:
        yield "Its root is that of all balances on chain at that block, computed here again."
    if any(root.proves(proof) for root in reading.published):
        yield "The operator published this root and this sum on chain."
    else:
        yield "The operator did not publish this root."


def print_report(report: Report) -> None:
    """Print a table, the notes and a plain verdict."""
    reading, console = report.reading, Console(highlight=False)
    when = datetime.fromtimestamp(reading.timestamp_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    console.print(
        f"{reading.contract} on chain {reading.chain_id}, block {reading.block} of {when}, "
        f"{reading.accounts} accounts",
        markup=False,
        soft_wrap=True,
    )
    console.print(_table(reading.tokens))
    if report.account is not None:
        console.print(report.account, markup=False, soft_wrap=True)
        console.print(_account_table(reading.tokens, report.account))
    lines = Console(highlight=False, soft_wrap=True)
    for note in report.notes:
        lines.print(note, markup=False)
    for complaint in report.complaints:
        lines.print(f"NOT PROVEN  {complaint}", style="red", markup=False)
    if report.holds:
        lines.print(
            "SOLVENT  Everything that the vault owes was found, and the vault holds at least that.",
            style="green",
        )


def _table(tokens: Sequence[TokenReading]) -> Table:
    table = Table()
    table.add_column("token", overflow="fold")
    for heading in ("accounts", "owed to them", "fees", "contract owes", "vault holds"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("verdict")
    for token in tokens:
        table.add_row(
            token.symbol,
            str(len(token.balances)),
            _amount(token, sum(token.balances.values())),
            _amount(token, token.fees),
            _amount(token, token.liabilities),
            "no answer" if token.held is None else _amount(token, token.held),
            "not proven" if token.complaint else "solvent",
        )
    return table


def _account_table(tokens: Sequence[TokenReading], account: str) -> Table:
    table = Table()
    table.add_column("token", overflow="fold")
    table.add_column("balance in the vault", justify="right", overflow="fold")
    for token in tokens:
        table.add_row(token.symbol, _amount(token, token.balances.get(account, 0)))
    return table


def _amount(token: TokenReading, atoms: int) -> str:
    """Write atoms exactly, in the token's own unit."""
    if not token.decimals:
        return str(atoms)
    whole, rest = divmod(atoms, 10**token.decimals)
    return f"{whole}.{rest:0{token.decimals}d}".rstrip("0").rstrip(".")


def print_json(report: Report) -> None:
    """Print the findings as one JSON document; amounts are atoms, as decimal texts."""
    reading = report.reading
    document: dict[str, Any] = {  # Any: JSON
        "proven": report.holds,
        "chain_id": reading.chain_id,
        "contract": reading.contract,
        "block": reading.block,
        "timestamp_s": reading.timestamp_s,
        "accounts": reading.accounts,
        "tokens": [_token_members(token, report.account) for token in reading.tokens],
        "published": [
            {
                "block": each.block,
                "batch": each.batch,
                "token": each.token,
                "root": "0x" + each.root.hex(),
                "total": str(each.total),
                "liabilities": str(each.liabilities),
                "balance": str(each.balance),
            }
            for each in reading.published
        ],
        "account": report.account,
        "complaints": list(report.complaints),
        "notes": list(report.notes),
    }
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    Console(highlight=False, soft_wrap=True).print(text, markup=False)


def _token_members(token: TokenReading, account: str | None) -> dict[str, Any]:  # Any: JSON
    tree = token.tree() if token.owed == token.liabilities else None
    members: dict[str, Any] = {  # Any: JSON
        "token": token.token,
        "symbol": token.symbol,
        "decimals": token.decimals,
        "accounts": len(token.balances),
        "owed_to_accounts": str(sum(token.balances.values())),
        "fees": str(token.fees),
        "liabilities": str(token.liabilities),
        "held": None if token.held is None else str(token.held),
        "root": None if tree is None else "0x" + tree.root.hex(),
        "complaint": token.complaint,
    }
    if account is not None:
        members["balance"] = str(token.balances.get(account, 0))
    return members
