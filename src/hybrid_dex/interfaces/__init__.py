"""The backends that can be replaced, one Protocol a file.

`book` and `risk` are pure; `journal`, `snapshots`, `records`, `auth`, `settlement` and `clock`
touch the world. What ships for each is in `hybrid_dex.defaults` and `hybrid_dex.settlement`.
"""

from hybrid_dex.interfaces.auth import Auth, Principal, Session
from hybrid_dex.interfaces.book import Allocation, Book, Incoming, Resting
from hybrid_dex.interfaces.clock import Clock
from hybrid_dex.interfaces.journal import (
    Journal,
    JournalCapabilities,
    JournalReader,
    SegmentedJournal,
    SharedJournal,
)
from hybrid_dex.interfaces.records import FillRecord, Records
from hybrid_dex.interfaces.risk import LedgerView, Refusal, Risk
from hybrid_dex.interfaces.settlement import Capacity, Settlement
from hybrid_dex.interfaces.snapshots import SharedSnapshots, Snapshot, Snapshots

__all__ = [
    "Allocation",
    "Auth",
    "Book",
    "Capacity",
    "Clock",
    "FillRecord",
    "Incoming",
    "Journal",
    "JournalCapabilities",
    "JournalReader",
    "LedgerView",
    "Principal",
    "Records",
    "Refusal",
    "Resting",
    "Risk",
    "SegmentedJournal",
    "Session",
    "Settlement",
    "SharedJournal",
    "SharedSnapshots",
    "Snapshot",
    "Snapshots",
]
