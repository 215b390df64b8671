"""The operator is gone for good: from any state every user gets everything out, to the atom.

Users do what the guide tells them and nothing else: ask for everything, wait as long as the
contract says, take it. No batch comes, nobody unpauses, one listed token may be hostile.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest

from hybrid_dex.settlement.deployment import Delays, Deployer
from hybrid_dex.settlement.leaving import Leaving
from hybrid_dex.signing import LocalSigner
from tests.chain.fuzzed_states import HOSTILE_CODES, Chain, StateMaker, call, tokens_of
from tests.chain.harness import MARKETS, OPERATOR_KEY, OWNER_KEY, Anvil, key
from tests.tiers import count

STATES = count(fast=12, full=1_000)
TOOL_EVERY = 50
"""The script that users run takes them out of every so many-th state, plain calls out of the rest."""
_STEP_S = 250
DELAYS = Delays(watch_lag_s=30, window_max_s=1_000, exit_delay_s=5_000)


@pytest.fixture(scope="module")
def node() -> Iterator[Anvil]:
    """A chain of its own: blocks are mined by hand, and anybody may be impersonated."""
    with Anvil("--auto-impersonate", "--order", "fifo") as chain:
        yield chain


@pytest.fixture(scope="module")
def chain(node: Anvil) -> Iterator[tuple[Chain, StateMaker]]:
    """The contracts, deployed once, and a maker of states."""

    async def deploy() -> StateMaker:
        for secret in (OWNER_KEY, OPERATOR_KEY):
            node.rpc("anvil_setBalance", LocalSigner(secret).address, hex(10**24))
        deployer = Deployer(rpc_url=node.url, key=OWNER_KEY)
        deployment = await deployer.deploy(
            MARKETS, operator=LocalSigner(OPERATOR_KEY).address, delays=DELAYS
        )
        await deployer.close()
        made = Chain(node, deployment.contract)
        return StateMaker(made, deployment, DELAYS, random.Random(0))

    maker = asyncio.run(deploy())
    node.rpc("evm_setAutomine", False)
    maker.prepare()
    yield maker.chain, maker
    maker.chain.close()


def numbers(chain: Chain, calls: dict[tuple[str, str], tuple[str, str]]) -> dict[Any, int]:
    """The answers of many views, by what they are asked for."""
    found = chain.views(*calls.values())
    return {place: int.from_bytes(word, "big") for place, word in zip(calls, found, strict=True)}


def balances(chain: Chain, maker: StateMaker) -> dict[tuple[str, str], int]:
    """What the vault owes each user of each token."""
    return numbers(
        chain,
        {
            (user.address, token): (
                chain.contract,
                call("balanceOf(address,address)", user.address, token),
            )
            for user in maker.users
            for token in tokens_of(maker.assets)
        },
    )


def held(chain: Chain, maker: StateMaker) -> dict[tuple[str, str], int]:
    """What each user has in the own wallet."""
    return numbers(
        chain,
        {
            (user.address, token): (token, call("balanceOf(address)", user.address))
            for user in maker.users
            for token in tokens_of(maker.assets)
        },
    )


def leave(chain: Chain, maker: StateMaker) -> int:
    """Every user asks for everything and takes it; return how long that took, seconds."""
    vault, tokens = chain.contract, tokens_of(maker.assets)
    asked_s = chain.block(
        *((user.address, vault, call("exit(address[])", tokens)) for user in maker.users)
    )
    state = chain.view(vault, call("batchState()"))
    through_s = int.from_bytes(state[32:64], "big")
    effective_s = asked_s + DELAYS.window_max_s
    first = maker.users[0].address
    if chain.number(vault, "frozen()"):
        effective_s = asked_s + 1
    elif asked_s > through_s + DELAYS.exit_delay_s:
        effective_s = chain.block((first, vault, call("freeze()"))) + 1
        assert chain.number(vault, "frozen()")
        maker.happened["frozen by who leaves"] += 1
    return chain.block(*withdrawals(chain, maker), at_s=effective_s) - asked_s


def withdrawals(chain: Chain, maker: StateMaker) -> list[tuple[str, str, str]]:
    """Every user takes every token; one that refuses is none of the others' business."""
    return [
        (
            user.address,
            chain.contract,
            call("withdraw(address,address)", token, user.address),
        )
        for user in maker.users
        for token in tokens_of(maker.assets)
    ]


def leave_with_the_tool(chain: Chain, maker: StateMaker) -> int:
    """The same by the script that users run; return the longest wait but for its last step."""
    node = chain.anvil
    node.rpc("evm_setAutomine", True)

    async def wait(_seconds: float) -> None:
        node.rpc("evm_increaseTime", _STEP_S)
        node.mine()

    async def all_users() -> int:
        longest_s = 0
        for number in range(len(maker.users)):
            begun_s = node.now_s()
            leaving = Leaving(
                rpc_url=node.url, contract=chain.contract, key=key(100 + number), sleep=wait
            )
            await leaving.leave()
            longest_s = max(longest_s, node.now_s() - begun_s)
        return longest_s

    took_s = asyncio.run(all_users())
    node.rpc("evm_setAutomine", False)
    return took_s - _STEP_S


def test_every_user_leaves_whole_from_any_state(
    chain: tuple[Chain, StateMaker], node: Anvil, seed: int
) -> None:
    """Every wallet grows by exactly what the vault owed when the operator died; fees are left."""
    vault, maker = chain
    snapshot = node.rpc("evm_snapshot")
    for index in range(STATES):
        where = f"state {index} of seed {seed}"
        maker.rng = random.Random(f"{seed} {index}")
        maker.make()
        owed, before = balances(vault, maker), held(vault, maker)
        hostile = maker.rng.choice([None, None, *tokens_of(maker.assets)])
        honest = None
        if hostile is not None:
            honest = node.rpc("eth_getCode", hostile, "latest")
            kind = maker.rng.choice(sorted(HOSTILE_CODES))
            node.rpc("anvil_setCode", hostile, HOSTILE_CODES[kind])
            maker.happened[f"a token that {kind}"] += 1
        tool = index % TOOL_EVERY == TOOL_EVERY - 1 or (STATES < TOOL_EVERY and index == 0)
        took_s = leave_with_the_tool(vault, maker) if tool else leave(vault, maker)
        assert took_s <= DELAYS.window_max_s, where
        left = balances(vault, maker)
        if hostile is not None:
            for place, amount in left.items():
                assert amount == (owed[place] if place[1] == hostile else 0), (where, place)
            node.rpc("anvil_setCode", hostile, honest)
            vault.block(*withdrawals(vault, maker), at_s=node.now_s() + DELAYS.window_max_s)
            left = balances(vault, maker)
        assert not any(left.values()), where
        after = held(vault, maker)
        for place, amount in owed.items():
            assert after[place] - before[place] == amount, (where, place)
        for token in tokens_of(maker.assets):
            fees = vault.number(vault.contract, "feesOf(address)", token)
            assert vault.number(vault.contract, "liabilities(address)", token) == fees, where
            assert vault.number(token, "balanceOf(address)", vault.contract) == fees, where
        node.rpc("evm_revert", snapshot)
        snapshot = node.rpc("evm_snapshot")
    missing = WANTED - {what for what, times in maker.happened.items() if times}
    assert not missing or STATES < 100, missing
    assert maker.happened["fills settled"]


WANTED = {
    "ApprovalRevoked",
    "BatchSettled",
    "CancelRequested",
    "CanceledByReceipt",
    "FeesWithdrawn",
    "FillSkipped",
    "FloorRequested",
    "OrderApproved",
    "SessionGranted",
    "SessionRevoked",
    "VoucherRedeemed",
    "WithdrawalRequestCanceled",
    "WithdrawalRequested",
    "Withdrawn",
    "a voucher never redeemed",
    "fills settled",
    "matched, never settled",
    "paused",
    "frozen",
    "frozen by who leaves",
    *(f"signed by {kind}" for kind in ("wallet", "session", "bulk", "approved")),
    *(f"a token that {kind}" for kind in HOSTILE_CODES),
}
"""What a long run must have met."""
