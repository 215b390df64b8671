"""Order books of others, each driven through its own documented calls.

A peer gets the workload's plain integers and returns how long it took and every fill as
(maker, taker, price, quantity), where an order's number is the count of orders before it. What a
peer needs besides is made inside the measured time, as its user would make it.

Those that report fills through a callback or an answer keep what they were told in a list and read
it after the measured time. Cancelling what is gone is no error here: a peer that raises is caught.

Run as a program, this measures one peer alone, on the Python in whose environment it is installed:

    .venv-bench/bin/python benchmarks/peers.py liquibook mixed 200000 1
"""

import gc
import hashlib
import importlib
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeAlias

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.workloads import BUY, CANCEL, WORKLOADS, Step

__all__ = ["APART", "LIGHT", "REFERENCE", "TOGETHER", "Fill", "Measured", "Subject", "digest"]

REFERENCE: Final = "akhil4n-orderbook"
LIGHT: Final = "lightmatchingengine"

Fill: TypeAlias = tuple[int, int, int, int]
Measured: TypeAlias = tuple[float, list[Fill]]
Subject: TypeAlias = Callable[[Iterable[Step]], Measured]


def digest(fills: list[Fill]) -> str:
    """Name a list of fills, to compare it across processes."""
    return hashlib.sha256(repr(fills).encode()).hexdigest()


def akhil4n_orderbook(steps: Iterable[Step]) -> Measured:
    """akhil4n-orderbook: price-time, no accounts, no events; integers where it says Decimal.

    Integers are faster for it than the Decimal prices of its own documentation.
    """
    peer: Any = importlib.import_module("orderbook")
    sides = (peer.OrderSide.BID, peer.OrderSide.ASK)
    gc.collect()
    begun = time.process_time()
    book, ids = peer.OrderBook(), []
    for side, price, quantity in steps:
        if side == CANCEL:
            book.cancel_order(ids[price])
        else:
            order = peer.Order(sides[side], price, quantity)
            ids.append(order.order_id)
            book.add_limit_order(order)
    seconds = time.process_time() - begun
    numbers = {order_id: number for number, order_id in enumerate(ids)}
    fills = [
        (numbers[one.filler_id], numbers[one.aggressor_id], one.price, one.quantity_filled)
        for one in book.trade_log
    ]
    return seconds, fills


def light_matching_engine(steps: Iterable[Step]) -> Measured:
    """lightmatchingengine: price-time, levels in a plain dict, so its cost grows with the book.

    It forgets to forget filled orders: cancelling one can trip its own assertion, taken here for
    "it is gone".
    """
    peer: Any = importlib.import_module("lightmatchingengine.lightmatchingengine")
    sides = (peer.Side.BUY, peer.Side.SELL)
    answers = []
    gc.collect()
    begun = time.process_time()
    engine = peer.LightMatchingEngine()
    for side, price, quantity in steps:
        if side == CANCEL:
            try:
                engine.cancel_order(price + 1, "ETH-USDC")
            except AssertionError:
                continue
        else:
            answers.append(engine.add_order("ETH-USDC", price, quantity, sides[side]))
    seconds = time.process_time() - begun
    fills = [
        (trade.order_id - 1, order.order_id - 1, trade.trade_price, trade.trade_qty)
        for order, trades in answers
        for trade in trades
        if trade.order_id != order.order_id
    ]
    return seconds, fills


def matching_engine(steps: Iterable[Step]) -> Measured:
    """matching-engine: price-time with accounts, self-trade prevention and events; no funds."""
    peer: Any = importlib.import_module("matching_engine.engine")
    domain: Any = importlib.import_module("matching_engine.domain")
    sides = (domain.Side.BUY, domain.Side.SELL)
    trade_type: Any = importlib.import_module("matching_engine.events").Trade
    steps = list(steps)
    owners = [side for side, _, _ in steps if side != CANCEL]
    gc.collect()
    begun = time.process_time()
    engine, answers, number = peer.MatchingEngine(), [], 0
    for sequence, (side, price, quantity) in enumerate(steps, 1):
        command: Any
        if side == CANCEL:
            command = domain.CancelOrder(price, owners[price])
        else:
            command = domain.NewOrder(number, side, sides[side], price, quantity)
            number += 1
        answers.append(engine.process(domain.SequencedCommand(sequence, sequence, command)))
    seconds = time.process_time() - begun
    fills = [
        (event.maker_order_id, event.taker_order_id, event.price, event.qty)
        for events in answers
        for event in events
        if type(event) is trade_type
    ]
    return seconds, fills


def liquibook(steps: Iterable[Step]) -> Measured:
    """liquibook: a C++ book behind SWIG; accepts, cancels and fills come as calls to a listener.

    Fills and cancels are reported; no accounts. Its only book with a listener of orders keeps an
    aggregated depth, too.
    """
    peer: Any = importlib.import_module("liquibook")
    told: list[tuple[Any, Any, int, int]] = []

    def hear(*told: object) -> None:
        """Listen and do nothing."""

    def hear_fill(_: object, taker: Any, maker: Any, quantity: int, price: int) -> None:  # noqa: ANN401 # theirs
        told.append((maker.order_id_, taker.order_id_, price, quantity))

    heard = {"on_accept": hear, "on_cancel": hear, "on_cancel_reject": hear, "on_fill": hear_fill}
    listener_type = type("Listener", (peer.OrderListener,), heard)

    gc.collect()
    begun = time.process_time()
    book, listener, orders = peer.DepthOrderBook(), listener_type(), []
    book.set_order_listener(listener)
    for side, price, quantity in steps:
        if side == CANCEL:
            book.cancel(orders[price])
        else:
            order = peer.SimpleOrder(side == BUY, price, quantity)
            orders.append(order)
            book.add(order)
    seconds = time.process_time() - begun
    numbers = {order.order_id_: number for number, order in enumerate(orders)}
    return seconds, [
        (numbers[maker], numbers[taker], price, quantity) for maker, taker, price, quantity in told
    ]


def orderly_chaos(steps: Iterable[Step]) -> Measured:
    """orderly-chaos: a C++ book behind ctypes; only trades are reported, as calls; no accounts."""
    peer: Any = importlib.import_module("orderly_chaos")
    sides, gone = (peer.Side.BUY, peer.Side.SELL), peer.UnknownOrderIdError
    trades: list[Any] = []
    gc.collect()
    begun = time.process_time()
    book, number = peer.LimitOrderBook(on_trade=trades.append), 0
    for side, price, quantity in steps:
        if side == CANCEL:
            try:
                book.cancel(price)
            except gone:
                continue
        else:
            book.limit(sides[side], number, quantity, price)
            number += 1
    seconds = time.process_time() - begun
    return seconds, [
        (trade.maker_id, trade.taker_id, trade.price, trade.quantity) for trade in trades
    ]


def pylobo(steps: Iterable[Step]) -> Measured:
    """pylobo: a Rust book; each order is answered with its fills when asked to; traders, no events.

    It names an order only when something of it rests, so a whole one can not be canceled again.
    """
    peer: Any = importlib.import_module("lobo")
    orders: Any = importlib.import_module("lobo.orders")
    sides = (orders.Side.Buy, orders.Side.Sell)
    traders = (uuid.uuid4(), uuid.uuid4())
    answers, ids = [], []
    gc.collect()
    begun = time.process_time()
    book, reports = peer.Book(), peer.Reports(include_fills=True)
    limit = orders.LimitOrder
    for side, price, quantity in steps:
        if side != CANCEL:
            answer = book.fill(limit(price, quantity, traders[side], sides[side]), reports)
            answers.append(answer)
            ids.append(answer.remaining_order_id)
        elif (order_id := ids[price]) is not None:
            try:
                book.cancel(order_id)
            except RuntimeError:
                continue
    seconds = time.process_time() - begun
    numbers = {order_id: number for number, order_id in enumerate(ids) if order_id is not None}
    return seconds, [
        (numbers[fill.maker_order_id], taker, fill.price, fill.fill_quantity)
        for taker, answer in enumerate(answers)
        if answer.report is not None
        for fill in answer.report.fills or ()
    ]


TOGETHER: Final[dict[str, Subject]] = {
    REFERENCE: akhil4n_orderbook,
    LIGHT: light_matching_engine,
}
"""Pure Python peers, measured in the benchmark's own process."""
APART: Final[dict[str, Subject]] = {
    "matching-engine": matching_engine,
    "liquibook": liquibook,
    "orderly-chaos": orderly_chaos,
    "pylobo": pylobo,
}
"""Peers that are native or want another Python, each measured in a process of its own."""


def main(peer: str, workload: str, length: str, seed: str) -> None:
    """Measure one peer once and print time, fills and this Python as JSON."""
    seconds, fills = APART[peer](WORKLOADS[workload](int(length), int(seed)))
    python = ".".join(map(str, sys.version_info[:3]))
    print(json.dumps({"seconds": seconds, "fills": digest(fills), "python": python}))


if __name__ == "__main__":
    main(*sys.argv[1:])
