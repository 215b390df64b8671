"""Fill reports from events: each fill for both of its traders, stage by stage of settlement.

A fill is remembered until it is final or failed, so that a later event, which names it by id only,
makes a whole report. A fill that was matched before the feed began and not handed to it is passed
over: its traders find it in their history.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from hybrid_dex.model.events import Event, EventBatch, FillMade, FillSettled, fresh_events
from hybrid_dex.model.order import Side
from hybrid_dex.model.reports import FillReport, Liquidity, Trade
from hybrid_dex.model.settlement import MatchedFill, SettlementStage
from hybrid_dex.model.units import FillId, Sequence, TimestampNs

__all__ = ["FillFeed", "trade", "trades"]

_START: Final = Sequence(0)

_DONE = (SettlementStage.FINAL, SettlementStage.FAILED)


class FillFeed:
    """Turns events into fill reports.

    Args:
        unsettled: the fills in flight at ``sequence``, each with its stage.
        sequence: the last command that they contain.
    """

    def __init__(
        self,
        unsettled: Iterable[tuple[MatchedFill, SettlementStage]] = (),
        *,
        sequence: Sequence = _START,
    ) -> None:
        self._applied = sequence
        self._fills = {fill.fill_id: _of_matched(fill, stage) for fill, stage in unsettled}

    def apply(self, batch: EventBatch) -> tuple[FillReport, ...]:
        """Take one command's events and return the reports; a batch is taken once."""
        if batch.sequence <= self._applied:
            return ()
        self._applied = batch.sequence
        return tuple(
            report for event in fresh_events(batch) for report in self.reports(event, batch.at_ns)
        )

    def reports(self, event: Event, at_ns: TimestampNs) -> Iterator[FillReport]:
        """Take one event of a command at a time; yield the reports."""
        match event:
            case FillMade():
                reports = _of_event(event, at_ns)
                self._fills[event.fill_id] = reports
                yield from reports
            case FillSettled() if event.fill_id in self._fills:
                yield from self._settled(event)
            case _:
                pass

    def _settled(self, event: FillSettled) -> tuple[FillReport, ...]:
        reports = tuple(
            msgspec.structs.replace(
                report,
                stage=event.stage,
                batch=event.batch,
                transaction=event.transaction,
                failure=event.reason,
            )
            for report in self._fills[event.fill_id]
        )
        if event.stage in _DONE:
            del self._fills[event.fill_id]
        else:
            self._fills[event.fill_id] = reports
        return reports

    @property
    def in_flight(self) -> frozenset[FillId]:
        """The fills that are remembered."""
        return frozenset(self._fills)


def trades(batch: EventBatch) -> tuple[Trade, ...]:
    """Return the public trades of one command."""
    return tuple(
        trade(event, batch.at_ns) for event in fresh_events(batch) if isinstance(event, FillMade)
    )


def trade(event: FillMade, at_ns: TimestampNs) -> Trade:
    """Return the public trade that a fill at a time is."""
    return Trade(
        fill_id=event.fill_id,
        market=event.market,
        price=event.price,
        quantity=event.quantity,
        taker_side=event.taker_side,
        at_ns=at_ns,
    )


def _of_event(fill: FillMade, at_ns: TimestampNs) -> tuple[FillReport, ...]:
    maker_side = Side.SELL if fill.taker_side is Side.BUY else Side.BUY
    taker = FillReport(
        fill_id=fill.fill_id,
        order_id=fill.taker_order,
        account=fill.taker,
        market=fill.market,
        side=fill.taker_side,
        price=fill.price,
        quantity=fill.quantity,
        liquidity=Liquidity.TAKER,
        fee=fill.taker_fee,
        at_ns=at_ns,
        stage=SettlementStage.MATCHED,
    )
    maker = msgspec.structs.replace(
        taker,
        order_id=fill.maker_order,
        account=fill.maker,
        side=maker_side,
        liquidity=Liquidity.MAKER,
        fee=fill.maker_fee,
    )
    return (taker, maker)


def _of_matched(fill: MatchedFill, stage: SettlementStage) -> tuple[FillReport, ...]:
    roles = (
        (fill.taker, Liquidity.TAKER, fill.taker_fee),
        (fill.maker, Liquidity.MAKER, fill.maker_fee),
    )
    return tuple(
        FillReport(
            fill_id=fill.fill_id,
            order_id=terms.order_id,
            account=terms.account,
            market=fill.market,
            side=terms.side,
            price=fill.price,
            quantity=fill.quantity,
            liquidity=liquidity,
            fee=fee,
            at_ns=fill.at_ns,
            stage=stage,
        )
        for terms, liquidity, fee in roles
    )
