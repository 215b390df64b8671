"""Details from events: accounts seen, settlements with their transactions, and candles.

Pure: no database here. As in `sql_projection`, what a run of batches changes is joined in memory,
so that a candle of a thousand trades is written once.
"""

from typing import Any, TypeAlias

import attrs
import msgspec

from hybrid_dex.defaults.sql_lookups import Known
from hybrid_dex.model.candles import CANDLE_INTERVALS, Candle, candle_start_s, with_trade
from hybrid_dex.model.events import (
    CommandRejected,
    Event,
    EventBatch,
    FillMade,
    FillSettled,
    OrderRejected,
)
from hybrid_dex.model.settlement import SettlementStage

__all__ = ["Details"]

Row: TypeAlias = dict[str, Any]


@attrs.define
class _Keyed:
    """Rows that are new, and rows that are there and change."""

    new: dict[object, Row] = attrs.field(factory=dict)
    changed: dict[object, Row] = attrs.field(factory=dict)


class Details:
    """Accounts, settlements and candles of a run of batches.

    Args:
        known: the rows that are there; its candles move with the run.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._old_candles = set(known.candles)
        self._touched: set[tuple[str, int, int]] = set()
        self.accounts: dict[str, Row] = {}
        self.settlements = _Keyed()
        self.transactions = _Keyed()

    def apply(self, batch: EventBatch, event: Event) -> None:
        """Take one event."""
        match event:
            case FillMade():
                self._trade(batch, event)
            case FillSettled() if event.batch:
                self._settled(batch, event)
            case _:
                pass
        if not isinstance(event, CommandRejected | OrderRejected):
            self._seen(batch, getattr(event, "account", None))

    def candles(self) -> tuple[list[Row], list[Row]]:
        """Return the candles that are new, and those that changed."""
        new: list[Row] = []
        changed: list[Row] = []
        for key in self._touched:
            row = msgspec.structs.asdict(self._known.candles[key])
            (changed if key in self._old_candles else new).append(row)
        return new, changed

    def _seen(self, batch: EventBatch, account: str | None) -> None:
        if account and account not in self._known.accounts:
            self._known.accounts.add(account)
            self.accounts[account] = {
                "account": account,
                "first_sequence": batch.sequence,
                "first_at_ns": batch.at_ns,
            }

    def _trade(self, batch: EventBatch, event: FillMade) -> None:
        terms = self._known.markets.get(event.market)
        tick_size = 0 if terms is None else terms.tick_size
        candles: dict[tuple[str, int, int], Candle] = self._known.candles
        for interval_s in CANDLE_INTERVALS.values():
            key = (event.market, interval_s, candle_start_s(batch.at_ns, interval_s))
            candles[key] = with_trade(
                candles.get(key),
                market=event.market,
                interval_s=interval_s,
                at_ns=batch.at_ns,
                price=event.price,
                quantity=event.quantity,
                notional=event.price * event.quantity * tick_size,
            )
            self._touched.add(key)

    def _settled(self, batch: EventBatch, event: FillSettled) -> None:
        # A fill fails in a batch that is final: the contract skipped it there.
        failed = event.stage is SettlementStage.FAILED
        stage = int(SettlementStage.FINAL if failed else event.stage)
        told = {"stage": stage, "changed_at_ns": batch.at_ns}
        key = event.batch
        _put(self.settlements, key, {"batch": key}, told, there=key in self._known.batches)
        if event.transaction:
            pair = (event.batch, event.transaction)
            names = {"batch": event.batch, "transaction": event.transaction}
            there = pair in self._known.transactions
            _put(self.transactions, pair, names, told, there=there)


def _put(table: _Keyed, key: object, names: Row, told: Row, *, there: bool) -> None:
    if there:
        table.changed[key] = names | told
    elif key in table.new:
        table.new[key] |= told
    else:
        table.new[key] = names | told | {"first_at_ns": told["changed_at_ns"]}
