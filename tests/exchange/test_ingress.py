"""Ingress: what waits is verified together, and every caller gets its own verdicts."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from hybrid_dex.exchange.ingress import Ingress
from hybrid_dex.interfaces.risk import Refusal
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.model.signed_order import SignedOrder


class Numbers:
    """Verifies numbers: each is refused with itself as the detail."""

    def __init__(self, *, lost: int = 0) -> None:
        self.calls: list[int] = []
        self.lost = lost
        self.failure: Exception | None = None

    async def verify_many(self, orders: Sequence[object]) -> list[Refusal]:
        await asyncio.sleep(0)
        self.calls.append(len(orders))
        if self.failure is not None:
            raise self.failure
        verdicts = [Refusal(RejectReason.BAD_SIGNATURE, "", str(one)) for one in orders]
        return verdicts[: len(verdicts) - self.lost]


async def ask(ingress: Ingress, *numbers: int) -> list[str]:
    verdicts = await ingress.verify_many(cast("list[SignedOrder]", list(numbers)))
    return [verdict.detail for verdict in verdicts if isinstance(verdict, Refusal)]


def made(auth: Numbers, batch: int = 4) -> Ingress:
    return Ingress(cast("Any", auth), batch=batch)


async def test_callers_are_verified_together_up_to_a_batch() -> None:
    auth = Numbers()
    ingress = made(auth)
    answers = await asyncio.gather(*(ask(ingress, at, at + 100) for at in range(5)))
    assert answers == [[str(at), str(at + 100)] for at in range(5)]
    assert auth.calls == [4, 4, 2]


async def test_who_asks_alone_is_verified_alone() -> None:
    """Beside those that wait, who are together all the same."""
    auth = Numbers()
    ingress = made(auth)
    orders = cast("list[SignedOrder]", [7])
    answers = await asyncio.gather(
        ask(ingress, 1), ingress.verify_many(orders, alone=True), ask(ingress, 2)
    )
    assert [answers[0], answers[2]] == [["1"], ["2"]]
    assert [one.detail for one in answers[1] if isinstance(one, Refusal)] == ["7"]
    assert sorted(auth.calls) == [1, 2]
    assert await ingress.verify_many([], alone=True) == []


async def test_one_caller_may_bring_more_than_a_batch_and_nothing() -> None:
    auth = Numbers()
    ingress = made(auth)
    assert await ask(ingress, *range(9)) == [str(at) for at in range(9)]
    assert await ask(ingress) == []
    assert auth.calls == [9]


async def test_a_caller_that_leaves_takes_nothing_from_the_others() -> None:
    ingress = made(Numbers())
    leaving = asyncio.ensure_future(ask(ingress, 1))
    staying = asyncio.ensure_future(ask(ingress, 2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == ["2"]


async def test_every_caller_hears_of_a_failure_and_the_next_one_is_served() -> None:
    auth = Numbers()
    ingress, auth.failure = made(auth), RuntimeError("no auth")
    answers = await asyncio.gather(ask(ingress, 1), ask(ingress, 2), return_exceptions=True)
    assert [str(one) for one in answers] == ["no auth", "no auth"]
    auth.failure = None
    assert await ask(ingress, 3) == ["3"]


async def test_an_auth_that_loses_a_verdict_lets_nothing_in() -> None:
    with pytest.raises(ValueError, match="zip"):
        await ask(made(Numbers(lost=1)), 1, 2)
