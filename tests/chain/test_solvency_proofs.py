"""A trader's own proof, from the reference exchange, held against the chain: believed when it is true."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

from hybrid_dex.client import ExchangeClient, UnprovenError
from hybrid_dex.errors import RefusedError, SettlementError
from hybrid_dex.model.reasons import RejectReason
from hybrid_dex.settlement.solvency_proofs import ProofFolder
from hybrid_dex.settlement.solvency_publishing import publish_roots
from hybrid_dex.settlement.solvency_reading import SolvencyReader, SolvencyReading
from hybrid_dex.signing import checksum_address
from hybrid_dex.signing.solvency import SolvencyProof
from reference_app.settings import ChainSettings
from reference_app.tests.stack import ETH_USDC, Stack, running, settings
from tests.chain.harness import OPERATOR_KEY, World

ETH, USDC = 10**18, 10**6


@pytest.fixture
async def stack(world: World, tmp_path: Path) -> AsyncIterator[Stack]:
    """The reference exchange over the vault of this chain; what it settles is not at stake here."""
    market = world.market
    chosen = settings(
        tmp_path / "exchange",
        chain=ChainSettings(contract=world.deployment.contract),
        markets=[
            attrs.evolve(
                ETH_USDC,
                number=1,
                base_token=str(market.base.token),
                quote_token=str(market.quote.token),
            )
        ],
    )
    async with running(chosen) as opened:
        object.__setattr__(opened.services, "settles_on_chain", True)
        yield opened


def folder(stack: Stack) -> ProofFolder:
    """Where the exchange looks for proofs."""
    return ProofFolder(stack.services.settings.solvency_proofs)


async def publish(world: World, stack: Stack) -> SolvencyReading:
    """Publish what the vault owes now, and hand the proofs to the exchange."""
    async with SolvencyReader(
        rpc_url=world.anvil.url, contract=world.deployment.contract
    ) as reader:
        reading = await reader.read()
    await publish_roots(reading, rpc_url=world.anvil.url, key=OPERATOR_KEY, proofs=folder(stack))
    return reading


async def test_the_own_balance_is_proven_against_the_chain(world: World, stack: Stack) -> None:
    """Of the newest root only, each trader the own, and nothing before the first root."""
    alice = await world.trader(1, base=5 * ETH, quote=70 * USDC)
    bob = await world.trader(2, quote=30 * USDC)
    async with (
        SolvencyReader(rpc_url=world.anvil.url, contract=world.deployment.contract) as chain,
        ExchangeClient(stack.url, signer=alice.signer, connector=None) as of_alice,
        ExchangeClient(stack.url, signer=bob.signer, connector=None) as of_bob,
    ):
        with pytest.raises(RefusedError, match="no solvency root of USDC was published") as refused:
            await of_alice.solvency_proof("USDC", chain=chain)
        assert refused.value.code == RejectReason.NO_SOLVENCY_PROOF
        await publish(world, stack)
        first = await of_alice.solvency_proof("USDC", chain=chain)
        assert (first.account, first.amount, first.total) == (
            alice.account,
            str(70 * USDC),
            str(100 * USDC),
        )
        theirs = await of_bob.solvency_proof("USDC", chain=chain)
        assert (theirs.account, theirs.amount) == (bob.account, str(30 * USDC))
        with pytest.raises(RefusedError, match="you had no ETH"):
            await of_bob.solvency_proof("ETH", chain=chain)
        await world.trader(3, quote=11 * USDC)
        second_reading = await publish(world, stack)
        second = await of_alice.solvency_proof("USDC", chain=chain)
        assert (second.block, second.total) == (second_reading.block, str(111 * USDC))
        folder(stack).publish(first.token, first.block)  # an exchange that shows an old root
        assert await of_alice.solvency_proof("USDC") == first
        with pytest.raises(UnprovenError, match="a newer root was published"):
            await of_alice.solvency_proof("USDC", chain=chain)


async def test_what_proves_nothing_is_not_believed(world: World, stack: Stack) -> None:
    """A changed leaf, another's proof, another token's, a root of nobody's, a file that is none."""
    alice = await world.trader(1, base=5 * ETH, quote=70 * USDC)
    bob = await world.trader(2, quote=30 * USDC)
    reading = await publish(world, stack)
    token, base = str(world.market.quote.token), str(world.market.base.token)
    place = folder(stack).path / token / str(reading.block)
    file = place / f"{alice.account}.json"
    genuine = folder(stack).proof(token, alice.account)
    theirs = folder(stack).proof(token, bob.account)
    of_base = folder(stack).proof(base, alice.account)
    assert genuine is not None
    assert theirs is not None
    assert of_base is not None

    def changed(**fields: Any) -> SolvencyProof:
        return msgspec.structs.replace(genuine, **fields)

    elsewhere = checksum_address(b"\x11" * 20)
    async with (
        SolvencyReader(rpc_url=world.anvil.url, contract=world.deployment.contract) as chain,
        ExchangeClient(stack.url, signer=alice.signer, connector=None) as client,
    ):
        for proof, reason in (
            (changed(amount=str(71 * USDC)), "do not lead"),
            (changed(amount="1e9"), "malformed"),
            (changed(chain_id=1), "on chain 1"),
            (changed(contract=elsewhere), "it is of"),
            (theirs, f"it is {bob.account}'s"),
            (of_base, "of the token"),
        ):
            file.write_bytes(proof.encode())
            with pytest.raises(UnprovenError, match=reason):
                await client.solvency_proof("USDC")
        tree = next(t for t in reading.tokens if t.token == token).tree()
        smaller = (
            type(tree)
            .of(token, {alice.account: 70 * USDC})
            .prove(
                alice.account,
                chain_id=reading.chain_id,
                contract=reading.contract,
                block=reading.block,
            )
        )
        file.write_bytes(smaller.encode())
        assert await client.solvency_proof("USDC") == smaller  # which is why the chain is asked
        with pytest.raises(UnprovenError, match="never published"):
            await client.solvency_proof("USDC", chain=chain)
        with pytest.raises(RefusedError, match="no asset"):
            await client.solvency_proof("DOGE")
        file.write_bytes(b"{}")
        with pytest.raises(RefusedError, match="can not be read now"):
            await client.solvency_proof("USDC")
    async with SolvencyReader(rpc_url="http://127.0.0.1:1", contract=reading.contract) as dead:
        with pytest.raises(SettlementError, match="does not answer"):
            await dead.published(token)


async def test_where_no_chain_is_there_is_nothing_to_prove(stack: Stack) -> None:
    """Said by the exchange, in a problem that has its number."""
    trader = await stack.trader(9)
    object.__setattr__(stack.services, "settles_on_chain", False)
    reply = await trader.get("/account/solvency-proof?asset=USDC")
    assert (reply.status_code, reply.json()["code"]) == (404, RejectReason.NO_SOLVENCY_PROOF)
    assert (await trader.get("/account/solvency-proof")).status_code == 400
    assert (await trader.get("/account/solvency-proof?asset=USDC&account=0x")).status_code == 400
