"""Order books of others, each driven through its own documented calls.

A peer gets the workload's plain integers and returns how long it took and every fill as
(maker, taker, price, quantity), where an order's number is the count of orders before it. What a
peer needs besides is made inside the measured time, as its user would make it.

Run as a program, this measures `matching-engine` alone, under a Python new enough for it:

    python3.12 benchmarks/peers.py mixed 200000 1
"""

import gc
import hashlib
import importlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.workloads import WORKLOADS, Add, Step

__all__ = ["Fill", "Measured", "Subject", "akhil4n_orderbook", "digest", "light_matching_engine"]

Fill: TypeAlias = tuple[int, int, int, int]
Measured: TypeAlias = tuple[float, list[Fill]]
Subject: TypeAlias = Callable[[Sequence[Step]], Measured]


def digest(fills: list[Fill]) -> str:
    """Name a list of fills, to compare it across processes."""
    return hashlib.sha256(repr(fills).encode()).hexdigest()


def akhil4n_orderbook(steps: Sequence[Step]) -> Measured:
    """akhil4n-orderbook: price-time, no accounts, no events; integers where it says Decimal.

    Integers are faster for it than the Decimal prices of its own documentation.
    """
    peer: Any = importlib.import_module("orderbook")
    sides = (peer.OrderSide.BID, peer.OrderSide.ASK)
    gc.collect()
    begun = time.perf_counter()
    book, ids = peer.OrderBook(), []
    for step in steps:
        if type(step) is Add:
            side, price, quantity = step
            order = peer.Order(sides[side], price, quantity)
            ids.append(order.order_id)
            book.add_limit_order(order)
        else:
            book.cancel_order(ids[step[0]])
    seconds = time.perf_counter() - begun
    numbers = {order_id: number for number, order_id in enumerate(ids)}
    fills = [
        (numbers[one.filler_id], numbers[one.aggressor_id], one.price, one.quantity_filled)
        for one in book.trade_log
    ]
    return seconds, fills


def light_matching_engine(steps: Sequence[Step]) -> Measured:
    """lightmatchingengine: price-time, levels in a plain dict, so its cost grows with the book.

    It forgets to forget filled orders: cancelling one can trip its own assertion, taken here for
    "it is gone".
    """
    peer: Any = importlib.import_module("lightmatchingengine.lightmatchingengine")
    sides = (peer.Side.BUY, peer.Side.SELL)
    answers = []
    gc.collect()
    begun = time.perf_counter()
    engine = peer.LightMatchingEngine()
    for step in steps:
        if type(step) is Add:
            side, price, quantity = step
            answers.append(engine.add_order("ETH-USDC", price, quantity, sides[side]))
        else:
            try:
                engine.cancel_order(step[0] + 1, "ETH-USDC")
            except AssertionError:
                continue
    seconds = time.perf_counter() - begun
    fills = [
        (trade.order_id - 1, order.order_id - 1, trade.trade_price, trade.trade_qty)
        for order, trades in answers
        for trade in trades
        if trade.order_id != order.order_id
    ]
    return seconds, fills


def matching_engine(steps: Sequence[Step]) -> Measured:
    """matching-engine: price-time with accounts, self-trade prevention and events; no funds."""
    peer: Any = importlib.import_module("matching_engine.engine")
    domain: Any = importlib.import_module("matching_engine.domain")
    sides = (domain.Side.BUY, domain.Side.SELL)
    trade_type: Any = importlib.import_module("matching_engine.events").Trade
    owners = [step.side for step in steps if type(step) is Add]
    gc.collect()
    begun = time.perf_counter()
    engine, answers, number = peer.MatchingEngine(), [], 0
    for sequence, step in enumerate(steps, 1):
        command: Any
        if type(step) is Add:
            side, price, quantity = step
            command = domain.NewOrder(number, side, sides[side], price, quantity)
            number += 1
        else:
            command = domain.CancelOrder(step[0], owners[step[0]])
        answers.append(engine.process(domain.SequencedCommand(sequence, sequence, command)))
    seconds = time.perf_counter() - begun
    fills = [
        (event.maker_order_id, event.taker_order_id, event.price, event.qty)
        for events in answers
        for event in events
        if type(event) is trade_type
    ]
    return seconds, fills


def main(workload: str, length: str, seed: str) -> None:
    """Measure `matching-engine` once and print time, fills and this Python as JSON."""
    seconds, fills = matching_engine(WORKLOADS[workload](int(length), int(seed)))
    python = ".".join(map(str, sys.version_info[:3]))
    print(json.dumps({"seconds": seconds, "fills": digest(fills), "python": python}))


if __name__ == "__main__":
    main(*sys.argv[1:])
