"""However many orders rest or ended, the garbage collector has no more to walk over."""

import gc
import random
from collections.abc import Iterator

import pytest

from hybrid_dex.engine.queue import Queue
from tests.engine.driver import BUY, SELL, Driver, authorize, make_engine

ACCOUNTS = [f"account-{number}" for number in range(20)]
MIDDLE = 10_000
BEFORE, AFTER = 2_000, 12_000


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


def seen() -> int:
    """Return how many references a collection goes along."""
    gc.collect(1)
    return sum(len(gc.get_referents(found)) for found in gc.get_objects())


def place(driver: Driver, number: int, away: int, terms: dict[str, object]) -> None:
    """Place an order, one in seven across the middle, and cancel every third."""
    side = SELL if number % 2 else BUY
    away = away if number % 7 else -2
    price = MIDDLE + away if side is SELL else MIDDLE - away
    account = ACCOUNTS[number % len(ACCOUNTS)]
    driver.place(account, side, 1 + number % 50, price, **terms)
    if not number % 3:
        driver.cancel(account, driver.engine.sequence << 8)


@pytest.mark.usefixtures("out_of_sight")
@pytest.mark.parametrize("kind", ["named", "signed"])
def test_a_collection_passes_by_every_order(kind: str, rng: random.Random) -> None:
    """By those that rest, that ended, and by fills that are not final; not by rows of expiry."""
    driver = Driver(make_engine(requires_signature=kind == "signed"))
    driver.proves = False
    driver.fund(*ACCOUNTS, amount=10**30)
    before = 0
    for number in range(AFTER):
        if number == BEFORE:
            before = seen()
        terms: dict[str, object] = {
            "named": {"client_order_id": f"order-{number}"},
            "signed": {"authorization": authorize(lane=1 + number // len(ACCOUNTS))},
        }[kind]
        place(driver, number, 1 + rng.randrange(100), terms)
    assert driver.engine.live_orders() > 4_000
    assert driver.engine.unsettled_fills() > 1_000
    rows = AFTER if kind == "signed" else 0
    assert seen() < before + 1_000 + rows


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
