"""However many orders rest or ended, the garbage collector has no more to walk over."""

import gc
import random
from collections.abc import Iterator

import pytest

from hybrid_dex import (
    AccountId,
    Amount,
    CancelOrder,
    ClientOrderId,
    Command,
    Deposit,
    Engine,
    ListMarket,
    Market,
    OrderAccepted,
    PlaceOrder,
    Price,
    Quantity,
    RiskLimits,
    Side,
    SortedBook,
    StandardRisk,
)
from hybrid_dex.engine.queue import Queue

MARKET = Market.spot("ETH-USDC", base_decimals=18, quote_decimals=6, tick="0.01", lot="0.0001")
ACCOUNTS = [AccountId(f"account-{number}") for number in range(20)]
LEVELS = 100
MIDDLE = 10_000


@pytest.fixture
def out_of_sight() -> Iterator[None]:
    """Let the collector see what is made from here on only, and only when it is asked."""
    gc.collect()
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.enable()


class Trading:
    """An engine, and commands for it: orders that rest, are canceled, or trade."""

    def __init__(self) -> None:
        limits = RiskLimits(order_notional=None, open_orders=None, daily_volume=None)
        self.engine = Engine(book=SortedBook, risk=StandardRisk(limits))
        self.rng = random.Random(5)
        self.sequence = 0
        self.apply(ListMarket(market=MARKET))
        for account in ACCOUNTS:
            for asset in (MARKET.base.id, MARKET.quote.id):
                self.apply(Deposit(account=account, asset=asset, amount=Amount(10**30)))

    def apply(self, command: Command) -> OrderAccepted | None:
        """Apply a command; return what it says of an order that it accepted."""
        self.sequence += 1
        stamped = {"sequence": self.sequence, "at_ns": self.sequence}
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        first = self.engine.apply(type(command)(**(fields | stamped)))[0]
        return first if isinstance(first, OrderAccepted) else None

    def place(self, number: int) -> None:
        """Place an order; some go again, some trade at once."""
        side, away = Side(number & 1), 1 + self.rng.randrange(LEVELS)
        if not number % 7:
            away = -2
        accepted = self.apply(
            PlaceOrder(
                account=ACCOUNTS[number % len(ACCOUNTS)],
                market=MARKET.id,
                side=side,
                price=Price(MIDDLE + away if side is Side.SELL else MIDDLE - away),
                quantity=Quantity(1 + number % 50),
                client_order_id=ClientOrderId(f"order-{number}"),
            )
        )
        assert accepted is not None
        if not number % 3:
            self.apply(CancelOrder(account=accepted.account, order_id=accepted.order_id))


def seen() -> int:
    """Return how many references a collection goes along."""
    gc.collect()
    return sum(len(gc.get_referents(found)) for found in gc.get_objects())


@pytest.mark.usefixtures("out_of_sight")
def test_a_collection_passes_by_every_order() -> None:
    trading = Trading()
    for number in range(2_000):
        trading.place(number)
    before = seen()
    for number in range(2_000, 12_000):
        trading.place(number)
    assert trading.engine.live_orders() > 4_000
    assert trading.engine.unsettled_fills() > 1_000
    assert seen() < before + 1_000


@pytest.mark.usefixtures("out_of_sight")
def test_a_queue_of_plain_rows_is_not_walked_over() -> None:
    queue: Queue[str] = Queue()
    before = seen()
    for number in range(10_000):
        queue.append(str(number))
    assert seen() < before + 100


def test_a_queue_gives_back_what_came_first() -> None:
    queue: Queue[int] = Queue()
    with pytest.raises(KeyError):
        queue.popleft()
    with pytest.raises(KeyError):
        queue.first  # noqa: B018 # that it raises
    for number in range(100):
        queue.append(number)
        if number % 3 == 0:
            assert queue.first == number // 3 == queue.popleft()
    assert list(queue) == list(range(34, 100)) == list(reversed(list(reversed(queue))))
    assert len(queue) == 66
    assert queue
