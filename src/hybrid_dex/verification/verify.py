"""Verify: everything that a public log can be held to, in one call.

Offline: it asks nobody. What it is given decides what it can prove, and the verdict says what was
looked at, so that silence is never taken for a proof.
"""

from collections.abc import Callable, Iterable, Sequence

import attrs

from hybrid_dex.engine.engine import Engine
from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.events import FillMade
from hybrid_dex.signing import Domain
from hybrid_dex.verification.claims import Receipt, check_receipts
from hybrid_dex.verification.findings import Finding
from hybrid_dex.verification.priority import check_priority
from hybrid_dex.verification.public_log import LoggedFrame
from hybrid_dex.verification.reenactment import Reenactment, reenact
from hybrid_dex.verification.settled import SettledBatch, SettledReport, check_batches
from hybrid_dex.verification.signatures import check_signatures, signed_orders

__all__ = ["Verdict", "verify_log"]


@attrs.frozen(kw_only=True)
class Verdict:
    """What was found.

    Attributes:
        frames: records of the log that are one chain.
        head: chain hash of the last of them.
        commands: how many were replayed.
        fills: how many of their fills were judged.
        claims: whether the log itself claims what happened.
        signed: orders and replacements whose signatures were judged; ``None`` without a domain.
        receipts: how many were held against it.
        settled: the batches held against it, or ``None``.
        findings: everything that is wrong.
    """

    frames: int
    head: bytes
    commands: int
    fills: int
    claims: bool
    signed: int | None = None
    receipts: int
    settled: SettledReport | None
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify_log(
    frames: Iterable[LoggedFrame],
    *,
    receipts: Sequence[Receipt] = (),
    batches: Sequence[SettledBatch] | None = None,
    domain: Domain | None = None,
    operator: str | None = None,
    make_engine: Callable[[str], Engine] | None = None,
) -> Verdict:
    """Hold a log against its own hashes, the matching rules, receipts and settled batches.

    Args:
        frames: the log, from the journal's first record on.
        receipts: what traders were given.
        batches: what was settled, in order; ``None`` looks at no chain.
        domain: the chain and contract, for which orders are signed; needed for receipts and
            batches.
        operator: who signs for the exchange, as the contract names it; needed for receipts.
        make_engine: makes an engine of the versions that the log names, where it is not one that
            ships.

    Raises:
        ConfigurationError: receipts or batches were given without what they need.
    """
    if (receipts or batches is not None) and domain is None:
        raise ConfigurationError("receipts and batches need the chain id and the contract")
    if receipts and operator is None:
        raise ConfigurationError("receipts need the operator's address")
    log = reenact(frames, make_engine)
    findings = [*log.findings, *check_priority(log.all_batches())]
    signed = None
    if domain is not None:
        signed = sum(1 for _ in signed_orders(log))
        findings += check_signatures(log, domain)
    if receipts:
        assert domain is not None
        assert operator is not None
        findings += check_receipts(log, receipts, domain=domain, operator=operator)
    settled = None
    if batches is not None:
        assert domain is not None
        settled = check_batches(log, batches, domain=domain)
        findings += settled.findings
    return Verdict(
        frames=len(log.marks),
        head=log.marks[-1].frame_hash if log.marks else bytes(32),
        commands=len(log.commands),
        fills=_fills(log),
        claims=bool(log.claimed),
        signed=signed,
        receipts=len(receipts),
        settled=settled,
        findings=tuple(findings),
    )


def _fills(log: Reenactment) -> int:
    return sum(isinstance(event, FillMade) for batch in log.all_batches() for event in batch.events)
