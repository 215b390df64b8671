"""Which of several nodes is believed, by what all of them say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hybrid_dex.settlement.endpoints import Answer, Standing, choose, common_height, judge
from hybrid_dex.settlement.reconciliation import Block

NOW = 1_000
GOOD, DOWN, WRONG, LAGGING, FORKED, FUTURE, DISPUTED = (
    Standing.GOOD,
    Standing.DOWN,
    Standing.WRONG_CHAIN,
    Standing.LAGGING,
    Standing.FORKED,
    Standing.FUTURE,
    Standing.DISPUTED,
)


def block(number: int, branch: str = "a", *, timestamp_s: int = NOW) -> Block:
    """A block of a branch."""
    name = f"{branch}{number}".encode()
    return Block(number=number, hash=name, parent=b"", timestamp_s=timestamp_s)


def says(
    head: int = 100, *, branch: str = "a", anchor: str = "a", chain: int = 1, age_s: int = 0
) -> Answer:
    """A node with a head on a branch, whose block 50 is on another perhaps."""
    hashes = {n: block(n, anchor if n <= 50 else branch).hash for n in range(40, head + 1)}
    return Answer(chain_id=chain, head=block(head, branch, timestamp_s=NOW - age_s), hashes=hashes)


SILENT = Answer(error="it does not answer (refused)")


def standings(
    answers: Sequence[Answer], *, anchor: Block | None = None, current: int = 0
) -> list[Standing]:
    """What is thought of each, as a survey finds it."""
    height = common_height(answers, chain_id=1, now_s=NOW)
    verdicts = judge(
        answers,
        chain_id=1,
        anchor=anchor,
        height=height,
        current=current,
        now_s=NOW,
        lag_s=30,
    )
    for (standing, detail), answer in zip(verdicts, answers, strict=True):
        assert detail or standing is GOOD or answer is SILENT
    return [standing for standing, _ in verdicts]


ANCHOR = block(50)


@pytest.mark.parametrize(
    ("answers", "expected", "chosen"),
    [
        pytest.param([says()], [GOOD], 0, id="one good"),
        pytest.param([SILENT], [DOWN], None, id="one down"),
        pytest.param([says(chain=5)], [WRONG], None, id="one on another chain"),
        pytest.param([says(chain=5), says()], [WRONG, GOOD], 1, id="another chain is left"),
        pytest.param([SILENT, says()], [DOWN, GOOD], 1, id="a silent node is left"),
        pytest.param([says(90, age_s=31), says()], [LAGGING, GOOD], 1, id="a lagging one is left"),
        pytest.param([says(99, age_s=12), says()], [GOOD, GOOD], 0, id="one block is no lag"),
        pytest.param([says(age_s=-121)], [FUTURE], None, id="a block from the future"),
        pytest.param(
            [says(age_s=-121), says()], [FUTURE, GOOD], 1, id="the future lags nobody behind"
        ),
        pytest.param([says(anchor="b"), says()], [FORKED, GOOD], 1, id="not our final block"),
        pytest.param([says(anchor="b"), SILENT], [FORKED, DOWN], None, id="nobody to ask"),
        pytest.param([says(anchor="b")], [GOOD], 0, id="all lost it: the watcher says so"),
        pytest.param(
            [says(anchor="b"), says(branch="c", anchor="c")],
            [GOOD, DISPUTED],
            0,
            id="all lost it, apart",
        ),
        pytest.param(
            [says(branch="b"), says(), says()], [FORKED, GOOD, GOOD], 1, id="two against one"
        ),
        pytest.param([says(branch="b"), says()], [GOOD, DISPUTED], 0, id="one against one"),
        pytest.param(
            [says(branch="b"), says(branch="c"), says(chain=2)],
            [GOOD, DISPUTED, WRONG],
            0,
            id="one against one and no witness",
        ),
        pytest.param([SILENT, says(chain=5)], [DOWN, WRONG], None, id="none left"),
    ],
)
def test_standings(answers: list[Answer], expected: list[Standing], chosen: int | None) -> None:
    """By chain id, age, the final block and the majority; the first good one is used."""
    found = standings(answers, anchor=ANCHOR)
    assert found == expected
    assert choose(found, 0) == chosen


def test_a_node_without_the_final_block_is_behind() -> None:
    """Pruned or not synchronised: it can not say whether it is the same chain."""
    behind = Answer(chain_id=1, head=block(45), hashes={45: b"a45"})
    assert standings([behind, says()], anchor=ANCHOR) == [LAGGING, GOOD]
    assert standings([behind], anchor=ANCHOR) == [LAGGING]


def test_the_node_in_use_stays_in_use_while_it_is_good() -> None:
    """A node is not left for another that is no better; a disputed one only for a good one."""
    assert choose([GOOD, GOOD], 1) == 1
    assert choose([GOOD, DISPUTED], 1) == 0
    assert choose([DOWN, DISPUTED], 0) == 1
    assert choose([DOWN, LAGGING], 0) is None


def test_the_newest_blocks_are_not_compared() -> None:
    """Nodes see them in different orders, and one node has nobody to differ from."""
    assert common_height([says(100), says(98)], chain_id=1, now_s=NOW) == 95
    assert common_height([says(1), says(98)], chain_id=1, now_s=NOW) == 0
    assert common_height([says(100), SILENT], chain_id=1, now_s=NOW) is None
    assert common_height([says(100), says(chain=2)], chain_id=1, now_s=NOW) is None
