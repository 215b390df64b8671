"""The backends that can be replaced, one Protocol a file.

`book` and `risk` are pure; `journal`, `snapshots`, `records`, `auth`, `settlement` and `clock`
touch the world. What ships for each is in `hybrid_dex.defaults` and `hybrid_dex.settlement`.
"""

from hybrid_dex.interfaces.auth import (
    ALL_SCOPES,
    Auth,
    LoginClient,
    OpenSession,
    Principal,
    Scope,
    Session,
)
from hybrid_dex.interfaces.book import Allocation, Book, Incoming, Resting
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.history import History, OrderQuery
from hybrid_dex.interfaces.journal import (
    Journal,
    JournalCapabilities,
    JournalReader,
    SegmentedJournal,
    SharedJournal,
)
from hybrid_dex.interfaces.records import FillRecord, Records
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.interfaces.settlement import Capacity, ListingSettlement, Settlement
from hybrid_dex.interfaces.snapshots import SharedSnapshots, Snapshot, Snapshots

__all__ = [
    "ALL_SCOPES",
    "Allocation",
    "Auth",
    "Book",
    "Capacity",
    "Clock",
    "FillRecord",
    "History",
    "Incoming",
    "Journal",
    "JournalCapabilities",
    "JournalReader",
    "LedgerView",
    "ListingSettlement",
    "LoginClient",
    "OpenSession",
    "OrderQuery",
    "Principal",
    "Records",
    "Refusal",
    "Resting",
    "Risk",
    "Scope",
    "SegmentedJournal",
    "Session",
    "Settlement",
    "SharedJournal",
    "SharedSnapshots",
    "Snapshot",
    "Snapshots",
]
