"""Conformance kits: what a backend of one's own must do to stand in for one that ships.

Subclass the kit of the interface, write its one factory, run it with pytest or unittest. Every rule
is a test; what is broken is told with the rule's words. Free of pytest, and no part of a running
exchange.
"""

from hybrid_dex.testing.auth_kit import AuthBench, AuthKit
from hybrid_dex.testing.book_kit import BookKit
from hybrid_dex.testing.engine_client_kit import EngineClientKit
from hybrid_dex.testing.history_kit import HistoryKit
from hybrid_dex.testing.journal_kit import JournalKit
from hybrid_dex.testing.list_book import ListBook
from hybrid_dex.testing.records_kit import RecordsKit
from hybrid_dex.testing.risk_kit import RiskKit
from hybrid_dex.testing.rules import Kit, LackDeclared, RuleBrokenError
from hybrid_dex.testing.settlement_kit import SettlementBench, SettlementKit, matched_groups
from hybrid_dex.testing.snapshots_kit import SnapshotsKit

__all__ = [
    "AuthBench",
    "AuthKit",
    "BookKit",
    "EngineClientKit",
    "HistoryKit",
    "JournalKit",
    "Kit",
    "LackDeclared",
    "ListBook",
    "RecordsKit",
    "RiskKit",
    "RuleBrokenError",
    "SettlementBench",
    "SettlementKit",
    "SnapshotsKit",
    "matched_groups",
]
