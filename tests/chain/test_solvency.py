"""What a vault owes and holds, from a node alone: found whole, or not called solvent."""

from __future__ import annotations

import asyncio
import json
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cyclopts import CycloptsError

from hybrid_dex.cli.solvency import app
from hybrid_dex.errors import (
    ConfigurationError,
    MissingContractError,
    SettlementError,
    StaleArtifactError,
)
from hybrid_dex.model.settlement import SettlementStage
from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.settlement.solvency_proofs import ProofFolder
from hybrid_dex.settlement.solvency_reading import SolvencyReader, SolvencyReading
from hybrid_dex.signing import LocalSigner, keccak256
from hybrid_dex.signing.solvency import FEES, SumTree, read_proof
from tests.chain.fault_proxy import FaultProxy, Request, error
from tests.chain.harness import ENDLESS, NO_TEXT, OPERATOR_KEY, Server, Trader, World, key

ETH, USDC = 10**18, 10**6


async def traded(world: World) -> tuple[Trader, Trader]:
    """Two accounts, one trade between them with fees, all settled; the third one left."""
    alice = await world.trader(1, base=5 * ETH)
    bob = await world.trader(2, quote=10_000 * USDC)
    async with Server(world, world.settlement()) as server:
        await world.until(lambda: not server.settlement.pause_reason)
        fills = world.trade(bob, alice, lots=20_000)
        await server.settlement.submit(fills)
        await world.until(partial(server.reader.all_at, fills, SettlementStage.FINAL))
    return alice, bob


async def read(world: World, url: str | None = None, **options: Any) -> SolvencyReading:
    """A reading of the test's vault."""
    made = {name: options.pop(name) for name in ("blocks_per_query", "any_code") if name in options}
    async with SolvencyReader(
        rpc_url=url or world.anvil.url, contract=world.deployment.contract, **made
    ) as reader:
        return await reader.read(**options)


def lose(world: World, token: str, atoms: int) -> None:
    """Make a token forget what the vault had of it: its balances are its first mapping."""
    owner = bytes.fromhex(world.deployment.contract[2:]).rjust(32, b"\0")
    slot = "0x" + keccak256(owner + bytes(32)).hex()
    held = int(world.anvil.rpc("eth_getStorageAt", token, slot, "latest"), 16)
    word = (held - atoms).to_bytes(32, "big")
    world.anvil.rpc("anvil_setStorageAt", token, slot, "0x" + word.hex())
    world.anvil.mine()


async def test_a_solvent_vault_is_read_to_the_atom(world: World) -> None:
    """Every account that traded or left, and the fees, add up to what the contract owes."""
    alice, bob = await traded(world)
    base, quote = world.market.base, world.market.quote
    found = await read(world)
    assert found.solvent
    assert found.accounts == 2
    usdc = next(each for each in found.tokens if each.token == quote.token)
    assert (usdc.symbol, usdc.decimals, usdc.complaint) == ("USDC", 6, "")
    for trader in (alice, bob):
        balance = (await trader.vault.balance(quote)).balance
        assert usdc.balances.get(trader.account, 0) == balance
    assert usdc.fees > 0
    assert usdc.owed == usdc.liabilities == usdc.held == 10_000 * USDC
    assert usdc.tree().total == usdc.liabilities
    assert usdc.tree().amounts[FEES] == usdc.fees
    eth = next(each for each in found.tokens if each.token == base.token)
    assert eth.owed == eth.held == 5 * ETH


async def test_an_old_block_is_read_as_it_was(world: World) -> None:
    """One block decides about all, also when the chain went on."""
    alice = await world.trader(1, quote=7 * USDC)
    block = world.anvil.height()
    await world.trader(2, quote=5 * USDC)
    quote = str(world.market.quote.token)
    then, now = await read(world, block=block, tokens=[quote]), await read(world, tokens=[quote])
    assert dict(then.tokens[0].balances) == {alice.account: 7 * USDC}
    assert then.solvent
    assert now.tokens[0].owed == 12 * USDC
    with pytest.raises(ConfigurationError, match="does not have block"):
        await read(world, block=10_000_000)
    with pytest.raises(MissingContractError):
        await read(world, block=0)


async def test_a_token_that_lost_the_vaults_balance_is_not_solvent(world: World) -> None:
    """By one atom; the other tokens still are."""
    await traded(world)
    token = str(world.market.quote.token)
    lose(world, token, 1)
    found = await read(world)
    assert not found.solvent
    wrong = [each for each in found.tokens if each.complaint]
    assert [each.token for each in wrong] == [token]
    assert "holds 1 less than it owes" in wrong[0].complaint


@pytest.mark.parametrize("code", [ENDLESS, NO_TEXT])
async def test_a_token_that_answers_nonsense_keeps_no_other_from_being_read(
    world: World, code: str
) -> None:
    """A name that never ends, or that is no text."""
    await world.trader(1, base=ETH, quote=7 * USDC)
    token = str(world.market.quote.token)
    world.anvil.rpc("anvil_setCode", token, code)
    found = await read(world)
    usdc = next(each for each in found.tokens if each.token == token)
    assert (usdc.symbol, usdc.liabilities) == (token, 7 * USDC)
    assert "less than it owes" in usdc.complaint
    assert [each.complaint for each in found.tokens if each.token != token] == ["", ""]


@pytest.mark.parametrize("code", ["0x5f5ffd", "0x5b5f56", "0x"])
async def test_a_token_that_does_not_answer_proves_nothing(world: World, code: str) -> None:
    """It reverts, burns all gas, or is gone: said so, and the rest is read."""
    await world.trader(1, base=ETH, quote=7 * USDC)
    token = str(world.market.quote.token)
    world.anvil.rpc("anvil_setCode", token, code)
    found = await read(world)
    usdc = next(each for each in found.tokens if each.token == token)
    assert (usdc.symbol, usdc.decimals, usdc.held) == (token, 0, None)
    assert usdc.owed == usdc.liabilities == 7 * USDC
    assert "does not say" in usdc.complaint
    assert [each.complaint for each in found.tokens if each.token != token] == ["", ""]


async def test_logs_are_asked_for_in_ranges_that_the_node_accepts(world: World) -> None:
    """A node that refuses wide ranges is asked for less; the result is the same."""
    await world.trader(1, base=ETH, quote=7 * USDC)
    world.anvil.mine(40)
    await world.trader(2, quote=USDC)
    widest = 0

    def narrow(_proxy: FaultProxy, request: Request) -> Any:
        nonlocal widest
        if request["method"] != "eth_getLogs":
            return None
        (wanted,) = request["params"]
        span = int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1
        if span > 6:
            return error("query exceeds max block range 6", -32602)
        widest = max(widest, span)
        return None

    async with FaultProxy(world.anvil.url, narrow) as proxy:
        found = await read(world, proxy.url, from_block=0)
        assert proxy.seen.count("eth_getLogs") > 8
    assert 3 <= widest <= 6
    assert found == await read(world, blocks_per_query=3)
    assert found == await read(world)
    assert found.accounts == 2
    assert found.solvent


async def test_a_node_that_leaves_out_a_log_can_not_make_a_vault_look_solvent(
    world: World,
) -> None:
    """The missing account is missing in the sum."""
    await world.trader(1, quote=7 * USDC)
    await world.trader(2, quote=USDC)
    async with FaultProxy(world.anvil.url, lambda *_: None) as proxy:

        async def forgetful(_proxy: FaultProxy, request: Request) -> Any:
            if request["method"] != "eth_getLogs":
                return None
            answer = await proxy.forward(request)
            answer["result"] = answer["result"][:-1]
            return answer

        proxy.fault = forgetful
        found = await read(world, proxy.url)
    assert not found.solvent
    assert any("left out logs" in each.complaint for each in found.tokens)


async def test_a_node_that_fails_on_the_way_yields_no_reading(world: World) -> None:
    """Whatever it was asked by then."""
    await world.trader(1, quote=7 * USDC)
    asked = 0

    def breaks(_proxy: FaultProxy, request: Request) -> Any:
        nonlocal asked
        asked += request["method"] == "eth_call"
        return web.Response(text="gone", status=200) if asked > 4 else None

    async with FaultProxy(world.anvil.url, breaks) as proxy:
        with pytest.raises(SettlementError, match="does not answer"):
            await read(world, proxy.url)
        assert proxy.fired


async def test_a_reading_that_is_given_up_stops_no_other(world: World, rng: random.Random) -> None:
    """Wherever it was canceled: nothing that readings share in a process is kept."""
    await world.trader(1, base=ETH, quote=7 * USDC)
    for _ in range(40):
        given_up = [asyncio.create_task(read(world)) for _ in range(3)]
        await asyncio.sleep(rng.random() * 0.03)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
    assert (await read(world)).solvent


async def test_another_contract_is_not_believed(world: World) -> None:
    """No code, other code, another extension; unless the reader is told to accept any."""
    await world.trader(1, quote=7 * USDC)
    token = str(world.market.quote.token)
    async with SolvencyReader(rpc_url=world.anvil.url, contract=token) as reader:
        with pytest.raises(StaleArtifactError, match="proves nothing"):
            await reader.read()
    nobody = "0x" + "11" * 20
    async with SolvencyReader(rpc_url=world.anvil.url, contract=nobody) as reader:
        with pytest.raises(MissingContractError):
            await reader.read()
    with pytest.raises(ConfigurationError, match="not listed"):
        await read(world, tokens=[nobody])
    with pytest.raises(ConfigurationError, match="EIP-55"):
        SolvencyReader(rpc_url=world.anvil.url, contract="0x" + "aB" * 20)
    exchange = world.deployment.contract
    view = load_artifact("Exchange").abi
    assert any(entry.get("name") == "EXTENSION" for entry in view)
    extension = "0x" + world.anvil.rpc("eth_call", {"to": exchange, "data": selector("EXTENSION()")}, "latest")[-40:]  # fmt: skip
    code = world.anvil.rpc("eth_getCode", extension, "latest")
    world.anvil.rpc("anvil_setCode", extension, code[:-2] + "00")
    with pytest.raises(StaleArtifactError, match="proves nothing"):
        await read(world)
    assert (await read(world, any_code=True)).solvent


def selector(signature: str) -> str:
    """The first four bytes of a call."""
    return "0x" + keccak256(signature.encode())[:4].hex()


# The command


async def run(*arguments: str) -> int:
    """Run `solvency` with arguments, in a thread of its own as it has its own event loop."""
    outcome = await asyncio.to_thread(
        lambda: app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    )
    assert isinstance(outcome, int)
    return outcome


async def test_verify_says_solvent_and_exits_with_0(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table for people; the same as JSON."""
    alice, _ = await traded(world)
    where = ("--rpc", world.anvil.url, "--contract", world.deployment.contract)
    assert await run("verify", *where, "--account", alice.account) == 0
    printed = capsys.readouterr().out
    assert "SOLVENT" in printed
    assert "NOT PROVEN" not in printed
    assert alice.account in printed
    assert await run("verify", *where, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["proven"] is True
    assert document["accounts"] == 2
    usdc = next(t for t in document["tokens"] if t["token"] == world.market.quote.token)
    assert usdc["liabilities"] == usdc["held"] == str(10_000 * USDC)
    assert usdc["root"].startswith("0x")


async def test_verify_says_what_is_not_proven_and_exits_with_1(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also to a program."""
    await traded(world)
    lose(world, str(world.market.quote.token), 3)
    where = ("--rpc", world.anvil.url, "--contract", world.deployment.contract)
    assert await run("verify", *where) == 1
    printed = capsys.readouterr().out
    assert "NOT PROVEN  USDC: the vault holds 3 less than it owes" in printed
    assert "SOLVENT" not in printed
    assert await run("verify", *where, "--token", str(world.market.base.token)) == 0
    capsys.readouterr()
    assert await run("verify", *where, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["proven"] is False
    assert len(document["complaints"]) == 1


async def test_a_proof_is_made_by_anyone_and_checked_against_the_chain(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any server of the operator; later blocks change nothing about it."""
    alice, bob = await traded(world)
    where = ("--rpc", world.anvil.url, "--contract", world.deployment.contract)
    token, file = str(world.market.quote.token), tmp_path / "alice.json"
    of_alice = ("--token", token, "--account", alice.account)
    assert await run("proof", *where, *of_alice, "--out", str(file)) == 0
    await world.trader(3, quote=USDC)
    assert await run("verify", *where, "--proof", str(file)) == 0
    assert "The proof holds" in capsys.readouterr().out
    assert await run("verify", *where, "--proof", str(file), "--account", bob.account) == 1
    assert f"it is {alice.account}'s" in capsys.readouterr().out
    assert await run("proof", *where, *of_alice, "--block", str(world.anvil.height())) == 0
    later = read_proof(capsys.readouterr().out.encode())
    assert later.block == world.anvil.height()
    assert later.holds()


async def test_a_wrong_root_and_a_foreign_proof_are_refused(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tree that leaves an account out, another chain's proof, a changed amount."""
    alice, _ = await traded(world)
    token = str(world.market.quote.token)
    found = await read(world, tokens=[token])
    (usdc,) = found.tokens
    where = ("--rpc", world.anvil.url, "--contract", world.deployment.contract)
    file = tmp_path / "proof.json"

    async def refused(data: bytes, reason: str) -> None:
        file.write_bytes(data)
        assert await run("verify", *where, "--proof", str(file)) == 1
        assert reason in capsys.readouterr().out

    prove = partial(
        SumTree.prove, chain_id=found.chain_id, contract=found.contract, block=found.block
    )
    smaller = SumTree.of(token, {alice.account: usdc.balances[alice.account]})
    await refused(prove(smaller, alice.account).encode(), "wrong root")
    genuine = prove(usdc.tree(), alice.account).encode()
    await refused(genuine.replace(b'"chain_id": 31337', b'"chain_id": 1'), "not of this contract")
    amount = str(usdc.balances[alice.account]).encode()
    await refused(genuine.replace(amount, amount + b"0", 1), "do not lead to its root")
    newest = ("--block", str(world.anvil.height() - 1))
    file.write_bytes(genuine)
    assert await run("verify", *where, "--proof", str(file), *newest) == 1
    assert "was never published" in capsys.readouterr().out


async def test_publish_writes_roots_on_chain_and_proofs_in_a_folder(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the operator only, and only what is solvent."""
    alice, _ = await traded(world)
    secret = tmp_path / "operator.key"
    secret.write_text(OPERATOR_KEY + "\n")
    where = ("--rpc", world.anvil.url, "--contract", world.deployment.contract)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        await run("publish", *where, "--key-file", str(secret))
    secret.chmod(0o600)
    folder = tmp_path / "proofs"
    assert await run("publish", *where, "--key-file", str(secret), "--proofs", str(folder)) == 0
    printed = capsys.readouterr().out
    assert printed.count("published in 0x") == 3
    assert OPERATOR_KEY[2:] not in printed
    token = str(world.market.quote.token)
    block = ProofFolder(folder).newest_block(token)
    file = folder / token / str(block) / f"{alice.account}.json"
    found = await read(world, tokens=[token])
    (root,) = found.published
    assert "0x" + root.root.hex() == read_proof(file.read_bytes()).root
    assert root.total == root.liabilities == root.balance == 10_000 * USDC
    assert await run("verify", *where, "--proof", str(file)) == 0
    assert "The operator published this root" in capsys.readouterr().out
    newest = ("--block", str(world.anvil.height()))
    assert await run("verify", *where, "--proof", str(file), *newest) == 0
    secret.write_text(key(77))
    world.anvil.rpc("anvil_setBalance", world_address(77), hex(10**18))
    with pytest.raises(SettlementError, match="NotOperator"):
        await run("publish", *where, "--key-file", str(secret))
    lose(world, token, 1)
    secret.write_text(OPERATOR_KEY)
    with pytest.raises(SettlementError, match="nothing is published"):
        await run("publish", *where, "--key-file", str(secret))


def world_address(number: int) -> str:
    """The address of a key of the tests' own."""
    return LocalSigner(key(number)).address


async def test_wrong_usage_is_told_from_a_failure(world: World) -> None:
    """An address without its checksum, a node's address that is none, an option that is missing."""
    contract = world.deployment.contract
    for arguments in (
        ("verify", "--rpc", "example.org", "--contract", contract),
        ("verify", "--rpc", world.anvil.url, "--contract", contract.lower()),
        ("verify", "--rpc", world.anvil.url),
        ("proof", "--rpc", world.anvil.url, "--contract", contract, "--token", "USDC"),
    ):
        with pytest.raises(CycloptsError):
            await run(*arguments)
