"""Events to rows: what a run of batches changes in the tables, joined in memory.

Here are orders, fills, markets and transfers; the ledger is in `sql_ledger`, accounts, settlements
and candles are in `sql_details`. Pure: no database here. An order that is accepted and filled in
one run is inserted once, in its last state; later changes of the same order overwrite earlier ones,
because each event carries absolute figures.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import bindparam, insert, update
from sqlalchemy.sql.dml import Insert, Update

from hybrid_dex.defaults.sql_detail_tables import (
    AccountRow,
    BalanceRow,
    CandleRow,
    EntryRow,
    SettlementRow,
    TransactionRow,
    VoucherRow,
)
from hybrid_dex.defaults.sql_details import Details
from hybrid_dex.defaults.sql_ledger import Ledger
from hybrid_dex.defaults.sql_lookups import Known
from hybrid_dex.defaults.sql_tables import Base, FillRow, MarketRow, OrderRow, TransferRow
from hybrid_dex.model.conditional import OrderTriggered
from hybrid_dex.model.events import (
    Deposited,
    EventBatch,
    FillMade,
    FillSettled,
    MarketListed,
    MarketStateChanged,
    OrderAccepted,
    OrderActivated,
    OrderCanceled,
    OrderExpired,
    OrderReduced,
    OrderReplaced,
    VoucherExpired,
    VoucherIssued,
    VoucherRedeemed,
    WithdrawalChanged,
    Withdrawn,
    fresh_events,
)
from hybrid_dex.model.history import TransferKind
from hybrid_dex.model.market import Market, MarketState
from hybrid_dex.model.market_events import FeesChanged
from hybrid_dex.model.order import OrderStatus
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.model.signed_order import Authorization
from hybrid_dex.model.units import TimestampNs

__all__ = ["Changes"]

Row: TypeAlias = dict[str, Any]
"""Column values of one row."""

_Transfer: TypeAlias = (
    Deposited | Withdrawn | WithdrawalChanged | VoucherIssued | VoucherRedeemed | VoucherExpired
)

_TABLES: Final = (
    (OrderRow, "order_id"),
    (FillRow, "fill_id"),
    (MarketRow, "id"),
)


@cache
def _insert(model: type[Base]) -> Insert:
    """Return one and the same object every time, so that it is compiled once."""
    return insert(model)


@cache
def _update(model: type[Base], keys: tuple[str, ...], names: tuple[str, ...]) -> Update:
    """As `_insert`; events change few combinations of columns."""
    columns = model.__table__.c
    return (
        update(model)
        .where(*(columns[key] == bindparam(f"row_{key}") for key in keys))
        .values({name: bindparam(f"new_{name}") for name in names})
    )


class _Table:
    """New rows and partial updates of one table, by primary key."""

    def __init__(self, model: type[Base], key: str) -> None:
        self.model = model
        self.key = key
        self.new: dict[object, Row] = {}
        self.changed: dict[object, Row] = {}

    def insert(self, key: object, row: Row) -> None:
        self.new[key] = {self.key: key, **row}

    def change(self, key: object, **values: object) -> None:
        row = self.new.get(key)
        if row is None:
            row = self.changed.setdefault(key, {})
        row.update(values)

    def statements(self) -> list[tuple[Insert | Update, list[Row]]]:
        found: list[tuple[Insert | Update, list[Row]]] = []
        if self.new:
            found.append((_insert(self.model), list(self.new.values())))
        changed = ({self.key: key} | row for key, row in self.changed.items())
        return found + _updates(self.model, (self.key,), changed)


def _updates(
    model: type[Base], keys: tuple[str, ...], changed: Iterable[Row]
) -> list[tuple[Insert | Update, list[Row]]]:
    """Return the statements that change rows, those with the same columns together."""
    alike: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in changed:
        names = tuple(name for name in row if name not in keys)
        values = {f"row_{key}": row[key] for key in keys}
        alike[names].append(values | {f"new_{name}": row[name] for name in names})
    return [(_update(model, keys, names), rows) for names, rows in alike.items()]


def _keyed(
    model: type[Base], keys: tuple[str, ...], new: list[Row], changed: Iterable[Row]
) -> list[tuple[Insert | Update, list[Row]]]:
    return ([(_insert(model), new)] if new else []) + _updates(model, keys, changed)


class Changes:
    """What the tables need to come from one position to a later one.

    Args:
        known: the rows that are there and matter, see `sql_lookups`.
    """

    def __init__(self, known: Known) -> None:
        self._ledger = Ledger(known)
        self._details = Details(known)
        self._orders, self._fills, self._markets = (_Table(*table) for table in _TABLES)
        self._transfers: list[Row] = []

    def add(self, batch: EventBatch) -> None:
        """Take the events of the next command; the answer to a repeated order happened before."""
        for index, event in enumerate(fresh_events(batch)):
            self._details.apply(batch, event)
            match event:
                case Deposited() | Withdrawn() | WithdrawalChanged():
                    self._transfer(batch, index, event)
                    self._ledger.apply(batch, index, event)
                case VoucherIssued() | VoucherRedeemed() | VoucherExpired():
                    self._transfer(batch, index, event)
                    self._ledger.apply(batch, index, event)
                case FillMade():
                    self._fill(event, batch.at_ns)
                    self._ledger.apply(batch, index, event)
                case FillSettled():
                    self._ledger.apply(batch, index, event)
                    self._fills.change(
                        event.fill_id,
                        stage=int(event.stage),
                        batch=event.batch,
                        transaction=event.transaction,
                        reason=event.reason,
                    )
                case MarketListed():
                    self._markets.insert(event.market.id, _market(event.market))
                case MarketStateChanged():
                    self._markets.change(event.market, state=int(event.state))
                case FeesChanged():
                    self._markets.change(event.market, fees=_json(event.fees))
                case _:
                    self._order(event, batch.at_ns)

    def statements(self) -> list[tuple[Insert | Update, list[Row]]]:
        """Return the statements to execute in order, each with the rows to execute it for."""
        found: list[tuple[Insert | Update, list[Row]]] = []
        for table in (self._markets, self._orders, self._fills):
            found.extend(table.statements())
        if self._transfers:
            found.append((_insert(TransferRow), self._transfers))
        if self._ledger.entries:
            found.append((_insert(EntryRow), self._ledger.entries))
        details = self._details
        found += _keyed(AccountRow, ("account",), list(details.accounts.values()), ())
        found += _keyed(BalanceRow, ("account", "part", "asset"), *self._ledger.balances())
        found += _keyed(VoucherRow, ("account", "salt"), *self._ledger.vouchers())
        found += _keyed(CandleRow, ("market", "interval_s", "start_s"), *details.candles())
        batches, transactions = details.settlements, details.transactions
        found += _keyed(
            SettlementRow, ("batch",), list(batches.new.values()), batches.changed.values()
        )
        return found + _keyed(
            TransactionRow,
            ("batch", "transaction"),
            list(transactions.new.values()),
            transactions.changed.values(),
        )

    def _order(self, event: object, at_ns: TimestampNs) -> None:
        match event:
            case OrderAccepted():
                self._orders.insert(event.order_id, _order(event, at_ns))
            case OrderReplaced():
                self._orders.change(
                    event.order_id,
                    price=event.price,
                    quantity=event.quantity,
                    time_in_force=int(event.time_in_force),
                    post_only=event.post_only,
                    self_trade=int(event.self_trade),
                    expires_at_ns=event.expires_at_ns,
                    open=event.open,
                    filled=event.filled,
                    status=int(_live_status(event.open, event.filled)),
                    trigger_price=event.trigger_price,
                    waiting=event.waiting,
                    display_quantity=event.display_quantity,
                    **_signed(event.authorization),
                )
            case OrderReduced():
                self._reduce(event)
            case OrderActivated():
                self._orders.change(event.order_id, waiting=event.waiting)
            case OrderTriggered():
                self._orders.change(event.order_id, waiting=False, linked_to=None)
            case OrderCanceled():
                self._end(event, OrderStatus.CANCELED)
            case OrderExpired():
                self._end(event, OrderStatus.EXPIRED)
            case _:
                pass  # refusals and account facts have no row

    def _reduce(self, event: OrderReduced) -> None:
        self._orders.change(event.order_id, open=event.open, quantity=event.quantity)
        if not event.open:
            # All of an exit that was alive was taken, and the rest slept: that is its end.
            self._orders.change(event.order_id, status=int(OrderStatus.FILLED), waiting=False)

    def _end(self, event: OrderCanceled | OrderExpired, status: OrderStatus) -> None:
        self._orders.change(
            event.order_id, open=0, filled=event.filled, status=int(status), waiting=False
        )

    def _fill(self, event: FillMade, at_ns: TimestampNs) -> None:
        row = {name: getattr(event, name) for name in event.__struct_fields__ if name != "fill_id"}
        row |= {
            "taker_side": int(event.taker_side),
            "at_ns": at_ns,
            "stage": int(SettlementStage.MATCHED),
            "batch": 0,
            "transaction": "",
            "reason": 0,
        }
        self._fills.insert(event.fill_id, row)
        for order, left, filled in (
            (event.maker_order, event.maker_open, event.maker_filled),
            (event.taker_order, event.taker_open, event.taker_filled),
        ):
            self._orders.change(
                order, open=left, filled=filled, status=int(_live_status(left, filled))
            )

    def _transfer(self, batch: EventBatch, index: int, event: _Transfer) -> None:
        match event:
            case Deposited():
                kind, amount = TransferKind.DEPOSIT, event.amount
            case Withdrawn():
                kind, amount = TransferKind.WITHDRAWAL, event.amount
            case WithdrawalChanged():
                kind, amount = TransferKind.REQUEST, event.requested
            case VoucherIssued():
                kind, amount = TransferKind.VOUCHER, event.amount
            case VoucherRedeemed():
                kind, amount = TransferKind.VOUCHER_REDEEMED, event.amount
            case VoucherExpired():
                kind, amount = TransferKind.VOUCHER_EXPIRED, event.amount
        self._transfers.append(
            {
                "sequence": batch.sequence,
                "index": index,
                "at_ns": batch.at_ns,
                "kind": kind.value,
                "account": event.account,
                "asset": event.asset,
                "amount": amount,
                "available": event.available,
                "salt": getattr(event, "salt", None),
            }
        )


def _order(event: OrderAccepted, at_ns: TimestampNs) -> Row:
    return {
        "account": event.account,
        "market": event.market,
        "side": int(event.side),
        "order_type": int(event.order_type),
        "time_in_force": int(event.time_in_force),
        "post_only": event.post_only,
        "self_trade": int(event.self_trade),
        "price": event.price,
        "quantity": event.quantity,
        "open": event.quantity,
        "filled": 0,
        "status": int(OrderStatus.NEW),
        "accepted_at_ns": at_ns,
        "expires_at_ns": event.expires_at_ns,
        "client_order_id": event.client_order_id,
        "trigger_price": event.trigger_price,
        "waiting": event.waiting,
        "display_quantity": event.display_quantity,
        "quote_budget": event.quote_budget,
        "linked_to": event.linked_to,
        **_signed(event.authorization),
    }


def _signed(authorization: Authorization | None) -> Row:
    if authorization is None:
        return {"order_hash": b"", "nonce": None}
    return {"order_hash": authorization.order_hash, "nonce": authorization.nonce}


def _live_status(left: int, filled: int) -> OrderStatus:
    if left == 0:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW


def _market(market: Market) -> Row:
    return {
        "number": market.number,
        "base": market.base.id,
        "quote": market.quote.id,
        "lot_size": market.lot_size,
        "tick_size": market.tick_size,
        "maker_fee_ppm": market.maker_fee_ppm,
        "taker_fee_ppm": market.taker_fee_ppm,
        "minimum_notional": market.minimum_notional,
        "state": int(MarketState.OPEN),
        "base_decimals": market.base.decimals,
        "quote_decimals": market.quote.decimals,
        "base_token": market.base.token,
        "quote_token": market.quote.token,
        "minimum_quantity": market.minimum_quantity,
        "maximum_quantity": market.maximum_quantity,
        "maximum_notional": market.maximum_notional,
        "price_band_ppm": market.price_band_ppm,
        "fee_tiers": _json(market.fee_tiers),
        "fees": _json(market.fees),
    }


def _json(terms: object) -> str:
    return msgspec.json.encode(terms).decode()
