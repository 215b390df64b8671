"""The example takes a user out, and prints what its docstring promises, with no server running."""

from __future__ import annotations

import ast
import asyncio
import fnmatch
import os
import subprocess
import sys
import textwrap
from pathlib import Path

from hybrid_dex.model.market import Market
from hybrid_dex.settlement.deployment import Delays, Deployer
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.signing import LocalSigner
from tests.chain.harness import OPERATOR_KEY, OWNER_KEY, Anvil, key

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "06_leave_without_the_operator.py"
MARKET = Market.spot("ETH-USDC", number=1, base_decimals=18, quote_decimals=6, tick="0.01", lot="1")
USER = key(3)


async def fund(rpc_url: str) -> str:
    """Put 3 ETH and 2,500 USDC of the user into a vault whose operator never does anything."""
    deployer = Deployer(rpc_url=rpc_url, key=OWNER_KEY)
    chain = await deployer.deploy(
        [MARKET],
        operator=LocalSigner(OPERATOR_KEY).address,
        delays=Delays(watch_lag_s=1, window_max_s=3, exit_delay_s=1_000),
    )
    (market,) = chain.markets
    async with Vault(rpc_url=rpc_url, contract=chain.contract, key=USER) as vault:
        for asset, text in ((market.base, "3"), (market.quote, "2500")):
            await deployer.mint(asset, vault.address, asset.parse(text))
            await vault.deposit(asset, asset.parse(text))
    await deployer.close()
    return chain.contract


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the example as a user would."""
    return subprocess.run(
        [sys.executable, str(EXAMPLE), *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**os.environ, "VAULT_KEY": USER, "VAULT_POLL_S": "0.05"},
    )


def promised() -> list[str]:
    """The lines that the docstring shows, as patterns."""
    docstring = ast.get_docstring(ast.parse(EXAMPLE.read_text())) or ""
    shown = docstring.partition("Expected\noutput")[2].partition("\n\n")[2]
    return [line.replace("...", "*") for line in textwrap.dedent(shown).strip().splitlines()]


def test_it_takes_a_user_out_and_says_each_step() -> None:
    """In the docstring's order."""
    with Anvil("--block-time", "0.2") as chain:
        for secret in (OWNER_KEY, USER):
            chain.rpc("anvil_setBalance", LocalSigner(secret).address, hex(10**20))
        contract = asyncio.run(fund(chain.url))
        done = run(chain.url, contract)
    assert done.stderr == ""
    printed = done.stdout.strip().splitlines()
    assert len(printed) == len(promised()) == 6
    for line, pattern in zip(printed, promised(), strict=True):
        assert fnmatch.fnmatchcase(line, pattern), (line, pattern)
    assert done.returncode == 0


def test_it_says_what_went_wrong_and_what_to_do() -> None:
    """Without a node."""
    nobody = run("http://127.0.0.1:9", "0x5FbDB2315678afecb367f032d93F642f64180aa3")
    assert nobody.returncode == 1
    assert "error: " in nobody.stderr
    assert "run this again" in nobody.stderr
