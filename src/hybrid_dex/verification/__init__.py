"""Verification: a public log held against its hashes, the rules, receipts and the chain.

For whoever does not trust the operator: `verify_log` needs no server and nobody's leave. It imports
the engine to replay, and judges priority without it.
"""

from hybrid_dex.verification.findings import Finding, Fraud
from hybrid_dex.verification.priority import check_priority
from hybrid_dex.verification.public_log import LoggedFrame, read_log, write_log
from hybrid_dex.verification.settled import SettledBatch, SettledReport, SkippedFill
from hybrid_dex.verification.verify import Verdict, verify_log

__all__ = [
    "Finding",
    "Fraud",
    "LoggedFrame",
    "SettledBatch",
    "SettledReport",
    "SkippedFill",
    "Verdict",
    "check_priority",
    "read_log",
    "verify_log",
    "write_log",
]
