"""Whether two records hold the same rows: how a projection is held against one made anew.

Sums over hashes of rows are compared first, so that nothing is sorted and the two may be different
databases; only a table that differs is read again, to name the rows.
"""

import hashlib
from typing import Any, Final

import attrs
from sqlalchemy import Table

from hybrid_dex.defaults.sql_detail_tables import CandleRow
from hybrid_dex.defaults.sql_records import SqlRecords
from hybrid_dex.defaults.sql_tables import Base, PositionRow

__all__ = ["TableDifference", "differences"]

_MOST_NAMED: Final = 5

assert CandleRow.metadata is Base.metadata, "both modules' tables are compared"


@attrs.frozen(kw_only=True)
class TableDifference:
    """A table of which the rows differ.

    Attributes:
        table: its name.
        found: how many rows the first has.
        wanted: how many rows the second has.
        keys: primary keys of some rows that only one has, or that differ.
    """

    table: str
    found: int
    wanted: int
    keys: tuple[tuple[Any, ...], ...]

    def __str__(self) -> str:
        named = ", ".join("/".join(str(part) for part in key) for key in self.keys)
        return f"{self.table}: {self.found} rows instead of {self.wanted}; the first that differ: {named}"


async def differences(found: SqlRecords, wanted: SqlRecords) -> list[TableDifference]:
    """Return the tables of which the rows differ, the position aside; none when all is the same.

    Raises:
        UnavailableError: a database can not be reached.
    """
    return [
        await _difference(found, wanted, table)
        for table in Base.metadata.sorted_tables
        if table.name != PositionRow.__tablename__
        and await _sum(found, table) != await _sum(wanted, table)
    ]


async def _sum(records: SqlRecords, table: Table) -> tuple[int, int]:
    """Return how many rows there are and the sum of their hashes."""
    count = total = 0
    async for row in records.rows_of(table):
        digest = hashlib.sha256(repr(row).encode()).digest()
        total += int.from_bytes(digest, "big")
        count += 1
    return count, total


async def _difference(found: SqlRecords, wanted: SqlRecords, table: Table) -> TableDifference:
    columns = [list(table.columns).index(column) for column in table.primary_key.columns]
    sides: list[dict[tuple[Any, ...], tuple[Any, ...]]] = []
    for records in (found, wanted):
        rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        async for row in records.rows_of(table):
            rows[tuple(row[index] for index in columns)] = row
        sides.append(rows)
    one, other = sides
    keys = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
    return TableDifference(
        table=table.name,
        found=len(one),
        wanted=len(other),
        keys=tuple(sorted(keys)[:_MOST_NAMED]),
    )
