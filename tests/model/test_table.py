"""A table is a dict in all that it says, and no dict inside it is ever large."""

import random

import pytest

from hybrid_dex.model.table import FIRST_TURN, Table
from hybrid_dex.model.units import OrderId

COMMANDS = 200_000
MOST = 1 << 15


def test_it_says_what_a_dict_says() -> None:
    """Whatever comes, goes, and comes again with an id of long ago."""
    rng = random.Random(3)
    table: Table[str] = Table()
    known: dict[OrderId, str] = {}
    gone = [OrderId(3)]
    for sequence in range(1, 20_000):
        order_id = OrderId(sequence * rng.choice((1, 1, 40)) << 8)
        if rng.random() < 0.2:
            order_id = rng.choice(gone)
        if order_id in known:
            assert order_id in table
            assert table[order_id] == table.find(order_id) == known[order_id]
            assert table.pop(order_id) == known.pop(order_id)
            gone.append(order_id)
        else:
            assert order_id not in table
            assert table.find(order_id) is table.older(order_id) is table.pop(order_id) is None
            with pytest.raises(KeyError):
                table[order_id]
            table[order_id] = known[order_id] = str(sequence)
        if known and rng.random() < 0.7:
            order_id = rng.choice(list(known)[-300:])
            assert table.pop(order_id) == known.pop(order_id)
            gone.append(order_id)
        if sequence % 500 == 0:
            assert len(table) == len(known)
            assert all(table[each] == value for each, value in known.items())
    for order_id in known:
        assert table.pop(order_id) is not None
    assert len(table) == 0
    assert len(table._parts) <= 1


@pytest.mark.parametrize("in_order", [True, False])
def test_no_dict_inside_is_ever_large(in_order: bool) -> None:
    """All that is copied at once when a dict has no more room are the orders of 32,768 commands."""
    table: Table[str] = Table()
    numbers = list(range(1, COMMANDS))
    if not in_order:
        random.Random(1).shuffle(numbers)
    for sequence in numbers:
        table[OrderId(sequence << 8)] = "one"
        assert len(table.young) <= MOST
    assert len(table) == COMMANDS - 1
    assert max(map(len, table._parts.values())) <= MOST
    assert len(table._parts) == COMMANDS // MOST + 1
    for sequence in numbers:
        if sequence % 100:
            table.pop(OrderId(sequence << 8))
    held = sum(part.__sizeof__() for part in table._parts.values() if part is not table.young)
    assert held < 4 * dict.fromkeys(range(COMMANDS // 100)).__sizeof__()


def test_an_older_entry_is_told_from_a_young_one() -> None:
    table: Table[str] = Table()
    table[OrderId(1)] = "one"
    assert table.pop_older(OrderId(2)) is None
    assert table.next_turn == FIRST_TURN
    table[OrderId(FIRST_TURN - 1)] = "two"
    assert table.young == {1: "one", FIRST_TURN - 1: "two"}
    table[OrderId(FIRST_TURN)] = "three"
    assert table.young == {FIRST_TURN: "three"}
    assert table.next_turn == 2 * FIRST_TURN
    assert table.older(OrderId(1)) == "one"
    assert table.pop_older(OrderId(1)) == "one"
    assert table.pop_older(OrderId(1)) is None
    assert len(table) == 2


def test_items_are_put_replaced_and_taken_out_wherever_they_are() -> None:
    """As a dict's are, by whoever does not write to `young`."""
    rng = random.Random(5)
    table: Table[int] = Table()
    known: dict[OrderId, int] = {}
    for step in range(1, 20_000):
        order_id = OrderId(max(1, step * 20 - rng.choice((0, 0, rng.randrange(100_000)))) << 8)
        if rng.random() < 0.4 and known:
            order_id = rng.choice(list(known)[-500:])
            del table[order_id], known[order_id]
            with pytest.raises(KeyError):
                del table[order_id]
        else:
            table[order_id] = known[order_id] = step
        if step % 500 == 0:
            assert len(table) == len(known)
            assert all(table[each] == value for each, value in known.items())
            assert max(map(len, table._parts.values())) <= MOST
