"""Messages of the wire in the shapes that ccxt gives: dictionaries, with the message under ``info``.

Pure. The words, the keys and what may be ``None`` are ccxt's; nothing here decides anything. Money
becomes a float here and nowhere before; exact text stays in ``info``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgspec

from hybrid_dex.client.ccxt_like.numbers import number
from hybrid_dex.errors import RefusedError
from hybrid_dex.model.market import Market
from hybrid_dex.model.units import MAX_QUANTITY
from hybrid_dex.wire import (
    BalanceMessage,
    CandleMessage,
    ExecutionMessage,
    FillMessage,
    MarketStatusMessage,
    OrderMessage,
    TickerMessage,
    TradeMessage,
    TransferMessage,
)

__all__ = [
    "Shape",
    "balance_shape",
    "book_shape",
    "candle_shape",
    "iso8601",
    "market_shape",
    "my_trade_shape",
    "order_shape",
    "refusal_shape",
    "report_shape",
    "symbol_of",
    "ticker_shape",
    "trade_shape",
    "transfer_shape",
]

Shape: TypeAlias = dict[str, Any]
"""One of ccxt's dictionaries."""

_PPM: Final = 1_000_000
_STATUS: Final = {
    "new": "open",
    "partially_filled": "open",
    "filled": "closed",
    "canceled": "canceled",
    "expired": "expired",
    "rejected": "rejected",
}
_TRANSFERS: Final = {
    "deposit": ("deposit", "ok"),
    "withdrawal": ("withdrawal", "ok"),
    "withdrawal_request": ("withdrawal", "pending"),
    "voucher": ("withdrawal", "pending"),
    "voucher_redeemed": ("withdrawal", "ok"),
    "voucher_expired": ("withdrawal", "canceled"),
}


def iso8601(timestamp_ms: int | None) -> str | None:
    """Return a time as ccxt writes it.

    >>> iso8601(1_700_000_000_123)
    '2023-11-14T22:13:20.123Z'
    """
    if timestamp_ms is None:
        return None
    seconds, milliseconds = divmod(timestamp_ms, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def symbol_of(market: Market) -> str:
    """Return ccxt's name of a market: ``BASE/QUOTE``."""
    return f"{market.base.id}/{market.quote.id}"


def market_shape(market: Market, status: MarketStatusMessage | None) -> Shape:
    """Return a market."""
    most, cost = market.maximum_quantity, market.maximum_notional
    return {
        "id": market.id,
        "lowercaseId": market.id.lower(),
        "symbol": symbol_of(market),
        "base": market.base.id,
        "quote": market.quote.id,
        "settle": None,
        "baseId": market.base.id,
        "quoteId": market.quote.id,
        "settleId": None,
        "type": "spot",
        "spot": True,
        "margin": False,
        "swap": False,
        "future": False,
        "option": False,
        "index": False,
        "active": status is None or status.state == "open",
        "contract": False,
        "linear": None,
        "inverse": None,
        "subType": None,
        "taker": market.taker_fee_ppm / _PPM,
        "maker": market.maker_fee_ppm / _PPM,
        "percentage": True,
        "tierBased": bool(market.fee_tiers),
        "feeSide": "quote",
        "contractSize": None,
        "expiry": None,
        "expiryDatetime": None,
        "strike": None,
        "optionType": None,
        "precision": {
            "amount": number(market.format_quantity(1)),
            "price": number(market.format_price(1)),
            "cost": None,
            "base": None,
            "quote": None,
        },
        "limits": {
            "leverage": {"min": None, "max": None},
            "amount": {
                "min": number(market.format_quantity(market.minimum_quantity)),
                "max": None if most == MAX_QUANTITY else number(market.format_quantity(most)),
            },
            "price": {"min": number(market.format_price(1)), "max": None},
            "cost": {
                "min": number(market.quote.format(market.minimum_notional)),
                "max": None if cost is None else number(market.quote.format(cost)),
            },
        },
        "marginModes": {"cross": False, "isolated": False},
        "created": None,
        "info": {
            "id": market.id,
            "number": market.number,
            "tick": market.format_price(1),
            "lot": market.format_quantity(1),
            "minimum_notional": market.quote.format(market.minimum_notional),
            "state": None if status is None else status.state,
        },
    }


def book_shape(
    market: Market,
    bids: Iterable[tuple[str, str]],
    asks: Iterable[tuple[str, str]],
    *,
    sequence: int,
    at_ms: int,
) -> Shape:
    """Return an order book; ``nonce`` is the command that it is as of."""
    return {
        "symbol": symbol_of(market),
        "bids": [[float(price), float(quantity)] for price, quantity in bids],
        "asks": [[float(price), float(quantity)] for price, quantity in asks],
        "timestamp": at_ms,
        "datetime": iso8601(at_ms),
        "nonce": sequence,
    }


def trade_shape(trade: TradeMessage, market: Market) -> Shape:
    """Return a public trade."""
    price, amount = float(trade.price), float(trade.quantity)
    return {
        "info": msgspec.to_builtins(trade),
        "id": trade.fill_id,
        "timestamp": trade.at_ms,
        "datetime": iso8601(trade.at_ms),
        "symbol": symbol_of(market),
        "order": None,
        "type": None,
        "side": trade.taker_side,
        "takerOrMaker": None,
        "price": price,
        "amount": amount,
        "cost": _product(trade.price, trade.quantity),
        "fee": None,
        "fees": [],
    }


def my_trade_shape(fill: FillMessage, market: Market) -> Shape:
    """Return a fill of the account; ``info`` says how far its settlement is."""
    fee = {"currency": fill.fee_asset, "cost": float(fill.fee)}
    return {
        "info": msgspec.to_builtins(fill),
        "id": fill.fill_id,
        "timestamp": fill.at_ms,
        "datetime": iso8601(fill.at_ms),
        "symbol": symbol_of(market),
        "order": fill.order_id,
        "type": None,
        "side": fill.side,
        "takerOrMaker": fill.liquidity,
        "price": float(fill.price),
        "amount": float(fill.quantity),
        "cost": _product(fill.price, fill.quantity),
        "fee": fee,
        "fees": [fee],
    }


def order_shape(order: OrderMessage, market: Market, fills: Sequence[FillMessage] = ()) -> Shape:
    """Return an order; cost, average and fee are said when all its fills are at hand."""
    return _order(
        msgspec.to_builtins(order),
        market,
        fills,
        id=order.order_id,
        clientOrderId=order.client_order_id,
        timestamp=order.accepted_at_ms,
        type=order.order_type,
        timeInForce=order.time_in_force,
        postOnly=order.post_only,
        side=order.side,
        price=order.price,
        amount=order.quantity,
        filled=order.filled,
        remaining=order.open,
        status=order.status,
        triggerPrice=order.trigger_price,
    )


def report_shape(
    report: ExecutionMessage,
    market: Market,
    *,
    since_ms: int | None,
    fills: Sequence[FillMessage] = (),
) -> Shape:
    """Return an order as a report tells it; ``since_ms`` is when it was accepted, where known."""
    shape = _order(
        msgspec.to_builtins(report),
        market,
        fills,
        id=report.order_id,
        clientOrderId=report.client_order_id,
        timestamp=since_ms,
        type=report.order_type,
        timeInForce=report.time_in_force,
        postOnly=report.post_only,
        side=report.side,
        price=report.price,
        amount=report.quantity,
        filled=report.filled,
        remaining=report.open,
        status=report.status,
        triggerPrice=report.trigger_price,
    )
    shape["lastUpdateTimestamp"] = report.at_ms
    if report.exec_type == "trade":
        shape["lastTradeTimestamp"] = report.at_ms
    return shape


def refusal_shape(
    error: RefusedError, *, order_id: str | None = None, client_order_id: str | None = None
) -> Shape:
    """Return a member of a batch that was refused; ``info`` says why."""
    return {
        "info": {"code": error.code, "field": error.field, "detail": error.detail},
        "id": order_id,
        "clientOrderId": client_order_id,
        "status": "rejected",
    }


def _order(
    info: Shape, market: Market, fills: Sequence[FillMessage], **said: str | int | bool | None
) -> Shape:
    """Return an order from what a message says of it, in ccxt's words but for the numbers."""
    filled = str(said["filled"])
    total = sum((Decimal(fill.quantity) for fill in fills), Decimal(0))
    complete = total == Decimal(filled)
    cost = sum((Decimal(fill.price) * Decimal(fill.quantity) for fill in fills), Decimal(0))
    fee = sum((Decimal(fill.fee) for fill in fills), Decimal(0))
    fees = [{"currency": market.quote.id, "cost": float(fee)}] if complete and fills else []
    trigger = number(_text(said["triggerPrice"]))
    kind = str(said["type"])
    timestamp = said["timestamp"]
    force = said["timeInForce"]
    return {
        "info": info,
        "id": said["id"],
        "clientOrderId": said["clientOrderId"],
        "timestamp": timestamp,
        "datetime": iso8601(timestamp if isinstance(timestamp, int) else None),
        "lastTradeTimestamp": fills[-1].at_ms if fills else None,
        "lastUpdateTimestamp": None,
        "symbol": symbol_of(market),
        "type": "market" if kind.endswith("market") else "limit",
        "timeInForce": None if force is None else str(force).upper(),
        "postOnly": said["postOnly"],
        "reduceOnly": None,
        "side": said["side"],
        "price": number(_text(said["price"])),
        "stopPrice": trigger,
        "triggerPrice": trigger,
        "stopLossPrice": trigger if kind.startswith("stop") else None,
        "takeProfitPrice": trigger if kind.startswith("take_profit") else None,
        "amount": number(_text(said["amount"])),
        "filled": float(filled),
        "remaining": number(_text(said["remaining"])),
        "cost": float(cost) if complete else None,
        "average": float(cost / total) if complete and total else None,
        "status": _STATUS.get(str(said["status"])),
        "fee": fees[0] if fees else None,
        "fees": fees,
        "trades": [my_trade_shape(fill, market) for fill in fills],
    }


def ticker_shape(ticker: TickerMessage, market: Market) -> Shape:
    """Return the last 24 hours of a market."""
    last, first = number(ticker.last), number(ticker.open)
    known = last is not None and first is not None
    volume, turnover = Decimal(ticker.volume), Decimal(ticker.turnover)
    return {
        "symbol": symbol_of(market),
        "info": msgspec.to_builtins(ticker),
        "timestamp": ticker.at_ms,
        "datetime": iso8601(ticker.at_ms),
        "high": number(ticker.high),
        "low": number(ticker.low),
        "bid": number(ticker.bid),
        "bidVolume": number(ticker.bid_quantity),
        "ask": number(ticker.ask),
        "askVolume": number(ticker.ask_quantity),
        "vwap": float(turnover / volume) if volume else None,
        "open": first,
        "close": last,
        "last": last,
        "previousClose": None,
        "change": _change(ticker) if known else None,
        "percentage": number(ticker.change_percent),
        "average": None,
        "baseVolume": float(ticker.volume),
        "quoteVolume": float(ticker.turnover),
        "indexPrice": None,
        "markPrice": None,
    }


def candle_shape(candle: CandleMessage) -> list[float]:
    """Return a candle: start in milliseconds, open, high, low, close, volume in base."""
    return [
        candle.start_ms,
        float(candle.open),
        float(candle.high),
        float(candle.low),
        float(candle.close),
        float(candle.volume),
    ]


def balance_shape(balances: Mapping[str, BalanceMessage], at_ms: int) -> Shape:
    """Return all balances: ``free`` can be traded now, ``used`` is all the rest of ``total``."""
    shape: Shape = {
        "info": {asset: msgspec.to_builtins(one) for asset, one in balances.items()},
        "timestamp": at_ms,
        "datetime": iso8601(at_ms),
        "free": {},
        "used": {},
        "total": {},
    }
    for asset, one in balances.items():
        used = Decimal(one.total) - Decimal(one.available)
        parts = {"free": float(one.available), "used": float(used), "total": float(one.total)}
        shape[asset] = parts
        for part, amount in parts.items():
            shape[part][asset] = amount
    return shape


def transfer_shape(transfer: TransferMessage) -> Shape:
    """Return a deposit or a withdrawal."""
    kind, status = _TRANSFERS[transfer.kind]
    return {
        "info": msgspec.to_builtins(transfer),
        "id": transfer.salt or str(transfer.sequence),
        "txid": None,
        "currency": transfer.asset,
        "amount": float(transfer.amount),
        "network": None,
        "address": None,
        "addressFrom": None,
        "addressTo": None,
        "tag": None,
        "tagFrom": None,
        "tagTo": None,
        "type": kind,
        "status": status,
        "updated": transfer.at_ms,
        "timestamp": transfer.at_ms,
        "datetime": iso8601(transfer.at_ms),
        "comment": None,
        "internal": None,
        "fee": None,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _product(price: str, quantity: str) -> float:
    return float(Decimal(price) * Decimal(quantity))


def _change(ticker: TickerMessage) -> float:
    return float(Decimal(ticker.last or "0") - Decimal(ticker.open or "0"))
