"""Endpoints: which of several nodes to believe, from what each of them says.

Pure. It never asks a node, and never lets what one of them says alone decide against the others.

Each answer is held against the rest:

- another chain id: never used, and an operator is told. A load balancer that mixes networks is
  enough for that.
- a newest block that is much older than another's, or that is from the future: not used now.
- another hash at a height that all of them have: they follow different branches. The block that is
  final here decides; above it the larger half does. Where no side is larger nobody is believed
  against the other: the node in use stays in use, and nothing becomes final until they agree.
"""

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from hybrid_dex.settlement.reconciliation import Block

__all__ = ["Answer", "EndpointHealth", "Standing", "choose", "common_height", "judge"]

_FUTURE_S: Final = 120
"""How far a block's time may be ahead of this machine's clock."""
_YOUNG_BLOCKS: Final = 3
"""How many of the newest blocks are passed over: nodes see them in different orders."""


class Standing(enum.StrEnum):
    """What is thought of a node."""

    GOOD = "good"
    DISPUTED = "disputed"
    """It contradicts another one, and none has a majority."""
    DOWN = "down"
    WRONG_CHAIN = "wrong chain"
    LAGGING = "lagging"
    FORKED = "forked"
    """It follows another branch than the others, or than the block that is final here."""
    FUTURE = "future"
    """Its newest block lies ahead of this machine's clock."""


ALARMING: Final = frozenset(
    {Standing.WRONG_CHAIN, Standing.FORKED, Standing.FUTURE, Standing.DISPUTED}
)
"""What no node does that is only down or slow: a person should look."""


@attrs.frozen(kw_only=True)
class Answer:
    """What one node said in a survey.

    Attributes:
        chain_id: ``None`` if it did not answer.
        head: its newest block.
        hashes: of its blocks at the heights that were asked for; those that it has.
        error: why it did not answer.
    """

    chain_id: int | None = None
    head: Block | None = None
    hashes: Mapping[int, bytes] = attrs.field(factory=dict)
    error: str = ""


@attrs.frozen(kw_only=True)
class EndpointHealth:
    """A node, as an operator sees it.

    Attributes:
        place: scheme, host and port; never the rest of its address.
        standing: what is thought of it.
        detail: why, or an empty string.
        in_use: whether the chain is read through it.
    """

    place: str
    standing: Standing
    detail: str = ""
    in_use: bool = False


def common_height(answers: Sequence[Answer], *, chain_id: int, now_s: int) -> int | None:
    """Return a height that every node of the chain should have, a little below the lowest head."""
    heads = [
        answer.head.number
        for answer in answers
        if answer.head is not None and _early(answer, chain_id, now_s) is None
    ]
    if len(heads) < 2:  # noqa: PLR2004 # one has nobody to differ from
        return None
    return max(0, min(heads) - _YOUNG_BLOCKS)


def judge(
    answers: Sequence[Answer],
    *,
    chain_id: int,
    anchor: Block | None,
    height: int | None,
    current: int,
    now_s: int,
    lag_s: float,
) -> list[tuple[Standing, str]]:
    """Return each node's standing, and why.

    Args:
        answers: what each said.
        chain_id: the chain that is wanted.
        anchor: the block that is final here; ``None`` before one is.
        height: where hashes were compared besides; see `common_height`.
        current: index of the node in use.
        now_s: this machine's clock.
        lag_s: how much older than the newest a node's head may be.
    """
    verdicts: dict[int, tuple[Standing, str]] = {}
    for index, answer in enumerate(answers):
        early = _early(answer, chain_id, now_s)
        if early is not None:
            verdicts[index] = early
    _judge_lag(answers, verdicts, lag_s)
    if anchor is not None:
        _judge_anchor(answers, verdicts, anchor)
    if height is not None:
        _judge_branch(answers, verdicts, height, current)
    return [verdicts.get(index, (Standing.GOOD, "")) for index in range(len(answers))]


def choose(standings: Sequence[Standing], current: int) -> int | None:
    """Return the node to use: the one in use while it is good, else the first good one."""
    for wanted in (Standing.GOOD, Standing.DISPUTED):
        if standings[current] is wanted:
            return current
        if wanted in standings:
            return standings.index(wanted)
    return None


def _early(answer: Answer, chain_id: int, now_s: int) -> tuple[Standing, str] | None:
    """Return what follows from a node's own words."""
    if answer.chain_id is not None and answer.chain_id != chain_id:
        detail = f"it serves chain {answer.chain_id}, configured is chain {chain_id}"
        return Standing.WRONG_CHAIN, detail
    if answer.chain_id is None or answer.head is None:
        return Standing.DOWN, answer.error
    ahead_s = answer.head.timestamp_s - now_s
    if ahead_s > _FUTURE_S:
        return Standing.FUTURE, f"its newest block is {ahead_s} s ahead of this machine's clock"
    return None


def _judge_lag(
    answers: Sequence[Answer], verdicts: dict[int, tuple[Standing, str]], lag_s: float
) -> None:
    heads = {i: a.head for i, a in enumerate(answers) if i not in verdicts and a.head is not None}
    newest_s = max((head.timestamp_s for head in heads.values()), default=0)
    for index, head in heads.items():
        behind_s = newest_s - head.timestamp_s
        if behind_s > lag_s:
            detail = f"its newest block is {behind_s} s older than another node's"
            verdicts[index] = (Standing.LAGGING, detail)


def _judge_anchor(
    answers: Sequence[Answer], verdicts: dict[int, tuple[Standing, str]], anchor: Block
) -> None:
    """Whoever has another block than the final one is out.

    Unless every node has one: then it is the chain that changed, and following it says so.
    """
    said = {
        index: answer.hashes.get(anchor.number)
        for index, answer in enumerate(answers)
        if index not in verdicts
    }
    if len(said) == len(answers) and not {anchor.hash, None} & set(said.values()):
        return
    for index, found in said.items():
        if found is None:
            verdicts[index] = (Standing.LAGGING, f"it does not have block {anchor.number}")
        elif found != anchor.hash:
            detail = f"it has another block {anchor.number} than the one that is final here"
            verdicts[index] = (Standing.FORKED, detail)


def _judge_branch(
    answers: Sequence[Answer], verdicts: dict[int, tuple[Standing, str]], height: int, current: int
) -> None:
    said = {
        index: answer.hashes[height]
        for index, answer in enumerate(answers)
        if index not in verdicts and height in answer.hashes
    }
    counts = Counter(said.values())
    if len(counts) <= 1:
        return
    (first, votes), (_, second) = counts.most_common(2)
    if votes > second:
        for index, found in said.items():
            if found != first:
                detail = f"it has another block {height} than {votes} other nodes"
                verdicts[index] = (Standing.FORKED, detail)
        return
    for index, found in said.items():
        if index != current:
            agrees = found == said.get(current)
            detail = f"the nodes have different blocks {height}, and no side is larger"
            verdicts[index] = (Standing.GOOD if agrees else Standing.DISPUTED, detail)
