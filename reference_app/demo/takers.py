"""Seeded takers: small orders across the spread, as customers would send them.

What to do next is a pure function of the generator and the book; the loop only waits and sends.
"""

import asyncio
import random
from typing import Final

import attrs

from hybrid_dex.client import ExchangeClient, LanesExhaustedError, OrderOptions, UnreachableError
from hybrid_dex.errors import RefusedError, UnknownOutcomeError
from hybrid_dex.model.market import Market
from hybrid_dex.model.order import OrderType, Side, TimeInForce
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.views import Top
from hybrid_dex.wire import OrderAnswer

__all__ = ["Intent", "Taker", "next_intent"]

_SLIPPAGE_PPM: Final = 5_000
"""How much worse than the top of book a market order may trade."""
_SMALLEST_LOTS: Final = 200
_LARGEST_LOTS: Final = 8_000
_FILL_OR_KILL_SHARE: Final = 0.15
_TRANSIENT: Final = {RejectReason.UNAVAILABLE, RejectReason.RATE_LIMITED, RejectReason.NONCE_USED}


@attrs.frozen(kw_only=True)
class Intent:
    """What a taker is about to send: ticks and lots."""

    side: Side
    price: int
    quantity: int
    options: OrderOptions


def next_intent(rng: random.Random, top: Top) -> Intent | None:
    """Return the next order, or ``None`` while the book has no market."""
    side = rng.choice((Side.BUY, Side.SELL))
    quantity = rng.randint(_SMALLEST_LOTS, _LARGEST_LOTS)
    whole = rng.random() < _FILL_OR_KILL_SHARE
    level = top.ask if side is Side.BUY else top.bid
    if level is None:
        return None
    slippage = level.price * _SLIPPAGE_PPM // 1_000_000
    price = level.price + slippage if side is Side.BUY else level.price - slippage
    options = (
        OrderOptions(time_in_force=TimeInForce.FOK)
        if whole
        else OrderOptions(order_type=OrderType.MARKET, time_in_force=TimeInForce.IOC)
    )
    return Intent(side=side, price=max(1, price), quantity=quantity, options=options)


@attrs.define
class Taker:
    """One taker on its own client.

    Attributes:
        client: an open client with a signer.
        market: what it trades.
        rng: decides everything about its orders.
        pause_s: mean wait between two orders.
        acknowledged: orders that the exchange took so far.
    """

    client: ExchangeClient
    market: Market
    rng: random.Random
    pause_s: float = 1.5
    acknowledged: int = 0

    async def step(self) -> OrderAnswer | None:
        """Send one order; ``None`` when there is no market or the exchange refused it."""
        book = await self.client.live_book(self.market.id)
        intent = next_intent(self.rng, book.top())
        if intent is None:
            return None
        try:
            answer = await self.client.place(
                self.market.id,
                intent.side,
                self.market.format_quantity(intent.quantity),
                self.market.format_price(intent.price),
                options=intent.options,
            )
        except RefusedError as error:
            if error.code in _TRANSIENT or error.code == RejectReason.INSUFFICIENT_FUNDS:
                return None
            raise
        except (UnreachableError, UnknownOutcomeError, LanesExhaustedError):
            return None  # the exchange is restarting; the client reconnects by itself
        self.acknowledged += 1
        return answer

    async def run(self) -> None:
        """Trade until canceled."""
        while True:
            await asyncio.sleep(self.pause_s * self.rng.uniform(0.4, 1.6))
            await self.step()
