"""Everything that a node can do to settlement: each fault answers some requests in place of a node.

A fault is made anew for each run from a seeded generator. It ends by itself after a number of
answers, as faults do; what it must not do is leave settlement any other way out than the right one.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs
from aiohttp import web

from tests.chain.fault_proxy import SEND, Answer, FaultProxy, Request, error

__all__ = ["FAULTS", "Fault"]

_MANY = 30
"""How often a fault of the reading side answers at most."""
_SLOW_S = 0.5
"""Longer than a request may take."""

Make = Callable[[random.Random], Answer]


@attrs.frozen
class Fault:
    """One way to misbehave.

    Attributes:
        make: makes the fault of one run.
        honest: how many nodes without a fault stand beside it.
    """

    make: Make
    honest: int = 0


def result(request: Request, value: Any) -> dict[str, Any]:
    """A plain answer."""
    return {"jsonrpc": "2.0", "id": request["id"], "result": value}


def sometimes(answer: Callable[[], object], *, share: float = 0.25, most: int = _MANY) -> Make:
    """Answer a share of all requests."""
    return lambda rng: (
        lambda proxy, _: answer() if proxy.fired < most and rng.random() < share else None
    )


def first_sends(times: int, answer: Callable[[Request], object]) -> Make:
    """Answer the first few sent transactions, which the chain never sees."""
    return lambda _: (
        lambda proxy, request: (
            answer(request) if request["method"] == SEND and proxy.fired < times else None
        )
    )


def once_in_two(method: str, change: Callable[[FaultProxy, Request], Any]) -> Make:
    """Answer one method's first request, the third, or the fourth, and so on: never two in a row."""

    def make(rng: random.Random) -> Answer:
        before = [False]

        def answer(proxy: FaultProxy, request: Request) -> Any:
            if request["method"] != method:
                return None
            passes = proxy.fired and rng.random() > 0.8  # the first never does
            before[0] = not before[0] and proxy.fired < _MANY and not passes
            return change(proxy, request) if before[0] else None

        return answer

    return make


def of(method: str, change: Callable[[FaultProxy, Request], Any], *, share: float = 0.5) -> Make:
    """Answer a share of one method's requests."""

    def make(rng: random.Random) -> Answer:
        def answer(proxy: FaultProxy, request: Request) -> Any:
            passes = proxy.fired and rng.random() > share  # the first never does
            if request["method"] != method or proxy.fired >= _MANY or passes:
                return None
            return change(proxy, request)

        return answer

    return make


# What is sent


async def accepted_without_an_answer(proxy: FaultProxy, request: Request) -> object:
    """Pass a transaction on, then hang up."""
    await proxy.forward(request)
    return "hang up"


async def accepted_and_dropped(proxy: FaultProxy, request: Request) -> object:
    """Take a transaction into the pool, and throw it out again."""
    answer = await proxy.forward(request)
    offer = await proxy.offer(request)
    proxy.pool.drop(offer)
    await proxy.rpc("anvil_dropTransaction", offer.hash)
    return answer


async def sent_twice(proxy: FaultProxy, request: Request) -> object:
    """Pass a transaction on twice, and give the second answer."""
    await proxy.forward(request)
    return await proxy.forward(request)


def twice(change: Callable[[FaultProxy, Request], Any]) -> Make:
    """Do it to the first two transactions."""
    return lambda _: (
        lambda proxy, request: (
            change(proxy, request) if request["method"] == SEND and proxy.fired < 2 else None
        )
    )


def refused_until_dearer(words: str) -> Make:
    """Refuse what offers no more than the first transaction with its nonce."""

    def make(_: random.Random) -> Answer:
        first: dict[int, int] = {}

        async def answer(proxy: FaultProxy, request: Request) -> object:
            if request["method"] != SEND:
                return None
            offer = await proxy.offer(request)
            least = first.setdefault(offer.nonce, offer.max_fee)
            return error(words) if offer.max_fee <= least else None

        return answer

    return make


def dear_blocks(_: random.Random) -> Answer:
    """When the first transaction comes, the base fee is 50 times as high, and sinks slowly."""

    async def answer(proxy: FaultProxy, request: Request) -> object:
        if request["method"] != "eth_getBlockByNumber" or proxy.fired:
            return None
        proxy.fired += 1
        await proxy.rpc("anvil_setNextBlockBaseFeePerGas", hex(50 * 10**9))
        await proxy.rpc("evm_mine")
        return None

    return answer


# What is read


async def half_an_answer(proxy: FaultProxy, request: Request) -> object:
    """The first half of the right text."""
    text = json.dumps(await proxy.forward(request))
    return web.Response(text=text[: len(text) // 2], content_type="application/json")


async def too_late(proxy: FaultProxy, request: Request) -> object:
    """The right answer, when nobody waits for it any more."""
    answer = await proxy.forward(request)
    await asyncio.sleep(_SLOW_S)
    return answer


def stale_head(rng: random.Random) -> Answer:
    """Now and then say that a block a little below the newest one is the newest."""

    async def answer(proxy: FaultProxy, request: Request) -> object:
        asks = request["method"] == "eth_getBlockByNumber" and request["params"][0] == "latest"
        if not asks or proxy.fired >= _MANY or (proxy.fired and rng.random() > 0.4):
            return None  # but the first time in any case
        head = await proxy.forward(request)
        below = max(0, int(head["result"]["number"], 16) - rng.randrange(1, 3))
        return await proxy.forward({**request, "params": [hex(below), False]})

    return answer


def behind(rng: random.Random) -> Answer:
    """Stand still for a while: nothing above one block is known."""
    stands_at: list[int] = []
    answers = rng.randrange(20, 60)

    async def answer(proxy: FaultProxy, request: Request) -> object:
        if request["method"] != "eth_getBlockByNumber" or proxy.fired >= answers:
            return None
        if not stands_at:
            stands_at.append(int(await proxy.rpc("eth_blockNumber"), 16))
        (height,) = stands_at
        asked = request["params"][0]
        if asked == "latest":
            return await proxy.forward({**request, "params": [hex(height), False]})
        return result(request, None) if int(asked, 16) > height else None

    return answer


async def future_head(proxy: FaultProxy, request: Request) -> object:
    """A newest block of tomorrow."""
    if request["params"][0] != "latest":
        return None
    answer = await proxy.forward(request)
    head = answer["result"]
    head["number"] = hex(int(head["number"], 16) + 7)
    head["timestamp"] = hex(int(head["timestamp"], 16) + 86_400)
    head["hash"] = "0x" + "fe" * 32
    return answer


async def partial_logs(proxy: FaultProxy, request: Request) -> object:
    """The block's receipts, one log short."""
    answer = await proxy.forward(request)
    told = [receipt for receipt in answer["result"] or () if receipt["logs"]]
    if not told:
        return None
    told[-1]["logs"].pop()
    return answer


async def missing_receipts(proxy: FaultProxy, request: Request) -> object:
    """The block's receipts without the last one."""
    answer = await proxy.forward(request)
    if not answer["result"]:
        return None
    answer["result"].pop()
    return answer


async def other_receipts(proxy: FaultProxy, request: Request) -> object:
    """The receipts of the block before."""
    asked = await proxy.rpc("eth_getBlockByHash", request["params"][0], False)
    return await proxy.forward({**request, "params": [asked["parentHash"]]})


def mixed_up(rng: random.Random) -> Answer:
    """Now and then give the answer to the question before of the same kind."""
    before: dict[str, Any] = {}

    async def answer(proxy: FaultProxy, request: Request) -> object:
        method = request["method"]
        if method == SEND:
            return None
        fresh = await proxy.forward(request)
        old, before[method] = before.get(method), fresh
        if old is None or proxy.fired >= _MANY or rng.random() > 0.2:
            proxy.fired -= 1  # a right answer is no fault
            return fresh
        return {**old, "id": request["id"]}

    return answer


async def low_nonce(proxy: FaultProxy, request: Request) -> object:
    """One transaction fewer than there are."""
    answer = await proxy.forward(request)
    return result(request, hex(max(0, int(answer["result"], 16) - 1)))


async def high_nonce(proxy: FaultProxy, request: Request) -> object:
    """One transaction more than there are."""
    answer = await proxy.forward(request)
    return result(request, hex(int(answer["result"], 16) + 1))


async def old_state(proxy: FaultProxy, request: Request) -> object:
    """Calls are answered as of a few blocks ago, as by a cluster whose nodes are not in step."""
    height = int(await proxy.rpc("eth_blockNumber"), 16)
    return await proxy.forward(
        {**request, "params": [request["params"][0], hex(max(0, height - 3))]}
    )


def another_branch(rng: random.Random) -> Answer:
    """Lie about every block from some height on: other hashes, no logs, a chain of its own."""
    answers = rng.randrange(30, 90)
    fork: list[int] = []

    async def answer(proxy: FaultProxy, request: Request) -> object:
        if request["method"] != "eth_getBlockByNumber" or proxy.fired >= answers:
            return None
        truth = await proxy.forward(request)
        block = truth["result"]
        if block is None:
            return None
        number = int(block["number"], 16)
        if not fork:
            fork.append(number)
        if number < fork[0]:
            return None
        block["hash"] = "0x" + f"{number:064x}"
        if number > fork[0]:
            block["parentHash"] = "0x" + f"{number - 1:064x}"
        block["transactions"] = []
        block["logsBloom"] = "0x" + "0" * 512
        return truth

    return answer


def other_chain(rng: random.Random) -> Answer:
    """Be a node of another network for a while."""
    answers = rng.randrange(3, 10)
    return lambda proxy, request: (
        result(request, "0x5")
        if request["method"] == "eth_chainId" and proxy.fired < answers
        else None
    )


FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "server error": Fault(sometimes(lambda: web.Response(status=503))),
        "too many requests": Fault(sometimes(lambda: web.Response(status=429))),
        "limit exceeded": Fault(sometimes(lambda: error("limit exceeded", -32005))),
        "garbage": Fault(sometimes(lambda: web.Response(text="<html>busy</html>"))),
        "internal error": Fault(sometimes(lambda: error("internal error", -32603))),
        "connection cut": Fault(sometimes(lambda: "hang up")),
        "half answers": Fault(
            lambda rng: (
                lambda proxy, request: (
                    half_an_answer(proxy, request)
                    if proxy.fired < _MANY and request["method"] != SEND and rng.random() < 0.2
                    else None
                )
            )
        ),
        "slow": Fault(
            lambda rng: (
                lambda proxy, request: (
                    too_late(proxy, request) if proxy.fired < 4 and rng.random() < 0.1 else None
                )
            )
        ),
        "stale head": Fault(stale_head),
        "lagging head": Fault(behind),
        "future block": Fault(of("eth_getBlockByNumber", future_head)),
        "partial logs": Fault(of("eth_getBlockReceipts", partial_logs)),
        "missing receipt": Fault(of("eth_getBlockReceipts", missing_receipts)),
        "no receipts": Fault(of("eth_getBlockReceipts", lambda _, r: result(r, []))),
        "receipts of another block": Fault(of("eth_getBlockReceipts", other_receipts)),
        "reordered answers": Fault(mixed_up),
        "old state": Fault(of("eth_call", old_state, share=0.3)),
        "nonce told too low": Fault(once_in_two("eth_getTransactionCount", low_nonce)),
        "nonce told too high": Fault(once_in_two("eth_getTransactionCount", high_nonce)),
        "timeout after accept": Fault(twice(accepted_without_an_answer)),
        "dropped": Fault(twice(accepted_and_dropped)),
        "duplicate": Fault(twice(sent_twice)),
        "evicted": Fault(first_sends(2, lambda request: result(request, "0x" + "11" * 32))),
        "underpriced": Fault(
            first_sends(3, lambda _: error("replacement transaction underpriced"))
        ),
        "below base fee": Fault(
            first_sends(2, lambda _: error("max fee per gas less than block base fee"))
        ),
        "refused until dearer": Fault(refused_until_dearer("not now")),
        "too low a fee, to Nethermind": Fault(
            refused_until_dearer("FeeTooLow, EffectivePriorityFeePerGas too low 1 < 2, BaseFee: 7")
        ),
        "no replacement, to Erigon": Fault(
            refused_until_dearer("INTERNAL_ERROR: could not replace existing tx")
        ),
        "nonce too low": Fault(first_sends(3, lambda _: error("nonce too low"))),
        "nonce too high": Fault(first_sends(3, lambda _: error("nonce too high"))),
        "already known": Fault(first_sends(1, lambda _: error("already known"))),
        "pool full": Fault(first_sends(3, lambda _: error("txpool is full"))),
        "no funds": Fault(
            first_sends(2, lambda _: error("insufficient funds for gas * price + value"))
        ),
        "base fee x 50": Fault(dear_blocks),
        "wrong chain id": Fault(other_chain),
        "wrong chain id of one of two": Fault(other_chain, honest=1),
        "one of two lies": Fault(another_branch, honest=1),
        "one of three lies": Fault(another_branch, honest=2),
    }
)
"""By name."""
