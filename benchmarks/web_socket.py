"""The socket that `web` shows to the browser: the exchange's own messages at a steady rate, and nothing else to do.

An exchange on the same two cores would be measured too. So the pages get everything from the exchange but what comes
over the socket, which is written beforehand: a book that changes at one or two levels with each message, trades,
the account's fills, and prices, as often as the exchange tells them.
"""

import asyncio
import json
import random
import time
from bisect import insort
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Final, Literal

import attrs
import msgspec
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from hybrid_dex.wire import (
    Ack,
    BookMessage,
    FillMessage,
    HeartbeatMessage,
    TickerMessage,
    TradeMessage,
    book_checksum,
    encode,
)

MARKET: Final = "ETH-USDC"
LEVELS: Final = 40
MIDDLE: Final = 250_000
UPDATES_S: Final = 200
FIRST_ID: Final = 10**15
"""Above every id that the exchange gave."""


def price_text(cents: int) -> str:
    """Return decimal text, as the exchange writes it."""
    text = f"{cents // 100}.{cents % 100:02}".rstrip("0")
    return text.removesuffix(".")


@attrs.define
class ScriptedBook:
    """A book in cents and whole units, which changes by chance with a seed."""

    chance: random.Random
    sides: dict[str, list[int]] = attrs.field(init=False)
    quantities: dict[int, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Fill the levels next to the middle."""
        self.sides = {
            "bids": [-(MIDDLE - 1 - at) for at in range(LEVELS)],
            "asks": [MIDDLE + 1 + at for at in range(LEVELS)],
        }
        for keys in self.sides.values():
            for key in keys:
                self.quantities[key] = str(self.chance.randrange(1, 100))

    def levels(self, side: str) -> list[tuple[str, str]]:
        """Return a side, best first."""
        return [(price_text(abs(key)), self.quantities[key]) for key in self.sides[side]]

    def message(
        self, kind: Literal["snapshot", "delta"], sequence: int, changed: dict[str, list[int]]
    ) -> bytes:
        """Return a snapshot, or a delta of what changed."""
        rows = {
            side: [(price_text(abs(key)), self.quantities.get(key, "0")) for key in keys]
            for side, keys in changed.items()
        }
        return encode(
            BookMessage(
                market=MARKET,
                kind=kind,
                sequence=sequence,
                previous=None if kind == "snapshot" else sequence - 1,
                at_ms=time.time_ns() // 1_000_000,
                bids=rows.get("bids", []),
                asks=rows.get("asks", []),
                checksum=book_checksum(self.levels("bids")[:10], self.levels("asks")[:10]),
            )
        )

    def change(self) -> dict[str, list[int]]:
        """Change a level near the best one: a new quantity, or it goes and comes back."""
        side = self.chance.choice(("bids", "asks"))
        keys = self.sides[side]
        first = -(MIDDLE - 1) if side == "bids" else MIDDLE + 1
        key = first + self.chance.randrange(14)
        if key in self.quantities and key != first and self.chance.random() < 0.3:
            keys.remove(key)
            del self.quantities[key]
        else:
            if key not in self.quantities:
                insort(keys, key)
            self.quantities[key] = str(self.chance.randrange(1, 100))
        return {side: [key]}


def others(at: int) -> Iterator[bytes]:
    """Yield what else the exchange tells at that step: trades and own fills 5 times a second, the ticker 4 times."""
    now_ms = time.time_ns() // 1_000_000
    price, quantity = price_text(MIDDLE + at % 50 - 25), "0.0021"
    if at % (UPDATES_S // 5) == 0:
        yield encode(
            TradeMessage(
                market=MARKET,
                fill_id=str(FIRST_ID + at),
                price=price,
                quantity=quantity,
                taker_side="buy",
                at_ms=now_ms,
            )
        )
        yield encode(
            FillMessage(
                fill_id=str(FIRST_ID + at),
                order_id=str(FIRST_ID + at),
                market=MARKET,
                side="buy",
                price=price,
                quantity=quantity,
                liquidity="taker",
                fee="0.01",
                fee_asset="USDC",
                at_ms=now_ms,
                stage="matched",
            )
        )
    if at % (UPDATES_S // 4) == 0:
        yield encode(
            TickerMessage(
                market=MARKET,
                at_ms=now_ms,
                last=price,
                open="2500",
                high="2510",
                low="2490",
                change_percent="0.01",
                volume=str(at),
                turnover=str(at),
                trades=at,
                bid=price,
                bid_quantity="1",
                ask=price,
                ask_quantity="1",
            )
        )
    if at % (2 * UPDATES_S) == 0:
        yield encode(HeartbeatMessage(sequence=FIRST_ID + at, time_ms=now_ms))


async def _tell(line: ServerConnection, book: ScriptedBook, begun: asyncio.Event) -> None:
    await begun.wait()
    await line.send(book.message("snapshot", FIRST_ID, book.sides).decode())
    started = time.perf_counter()
    for at in count(1):
        await asyncio.sleep(max(0.0, started + at / UPDATES_S - time.perf_counter()))
        await line.send(book.message("delta", FIRST_ID + at, book.change()).decode())
        for message in others(at):
            await line.send(message.decode())


async def _speak(line: ServerConnection) -> None:
    begun = asyncio.Event()
    telling = asyncio.create_task(_tell(line, ScriptedBook(random.Random(1)), begun))
    try:
        async for text in line:
            asked = json.loads(text)
            result = msgspec.Raw(b'{"sequence":null}')
            await line.send(encode(Ack(id=asked["id"], result=result)).decode())
            if any(one["channel"] == "book" for one in asked.get("channels", ())):
                begun.set()
    except ConnectionClosed:
        pass
    finally:
        telling.cancel()


@asynccontextmanager
async def scripted_socket() -> AsyncIterator[str]:
    """Serve the socket on a free port; yield its address."""
    async with serve(_speak, "127.0.0.1", 0, compression=None) as server:
        (listening,) = server.sockets
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/ws"
