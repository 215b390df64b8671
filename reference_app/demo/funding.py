"""Deploys the contracts and lets every demo account deposit through real transactions.

What was done is written to one file after each step, so an interrupted start goes on where it was.
"""

from pathlib import Path
from typing import Final

import attrs
import msgspec
from web3 import AsyncWeb3
from web3.types import RPCEndpoint

from hybrid_dex.errors import SettlementError, SignatureError
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.settlement.deployment import Delays, Deployer
from hybrid_dex.settlement.evm.provider import ATTEMPTS, HttpProvider
from hybrid_dex.settlement.vault import Vault
from hybrid_dex.signing.address import parse_address
from reference_app.demo.accounts import MARKET, DemoAccount, DemoAccounts

__all__ = ["Ground", "prepare_ground"]

_VISITORS_GAS_WEI: Final = 100 * 10**18
"""What the pages' demo wallet can pay transactions with, its own and those of others that it helps."""
_DELAYS: Final = Delays(watch_lag_s=5, window_max_s=120, exit_delay_s=600)


class Ground(msgspec.Struct, kw_only=True):
    """What stands on the demo's chain, as the file keeps it.

    Attributes:
        contract: address of the ``Exchange``.
        start_block: its deployment block.
        base_token: address of the base token.
        quote_token: address of the quote token.
        funded: addresses whose deposits are in the vault.
    """

    contract: str
    start_block: int
    base_token: str
    quote_token: str
    funded: list[str]

    @property
    def market(self) -> Market:
        """The demo's market with its tokens."""
        return attrs.evolve(
            MARKET,
            base=attrs.evolve(MARKET.base, token=self.base_token),
            quote=attrs.evolve(MARKET.quote, token=self.quote_token),
        )


async def prepare_ground(
    rpc_url: str, block_time_s: int, file: Path, accounts: DemoAccounts
) -> Ground:
    """Return the ground, made as far as it is not there yet.

    Raises:
        SettlementError: the chain lost what the file says was deployed, or refuses a transaction.
    """
    web3 = AsyncWeb3(HttpProvider(rpc_url, attempts=ATTEMPTS))
    deployer = Deployer(rpc_url=rpc_url, key=accounts.owner.key)
    try:
        ground = await _known(file, web3)
        if ground is not None and {one.address for one in accounts.funded} <= set(ground.funded):
            return ground
        # Blocks come at once while the ground is made; the clock takes over afterwards.
        await web3.provider.make_request(RPCEndpoint("evm_setAutomine"), [True])
        if ground is None:
            ground = await _deploy(deployer, accounts)
            _keep(file, ground)
        for account in accounts.funded:
            if account.address not in ground.funded:
                await _fund(deployer, rpc_url, ground, account)
                ground.funded.append(account.address)
                _keep(file, ground)
        await web3.provider.make_request(RPCEndpoint("evm_setAutomine"), [False])
        await web3.provider.make_request(RPCEndpoint("evm_setIntervalMining"), [block_time_s])
        return ground
    finally:
        await deployer.close()
        await web3.provider.disconnect()


async def _known(file: Path, web3: "AsyncWeb3[HttpProvider]") -> Ground | None:
    ground = _read(file)
    if ground is None:
        return None
    if not await web3.eth.get_code(web3.to_checksum_address(ground.contract)):
        message = (
            f"the local chain lost the contract at {ground.contract} (its state file is older than the "
            "exchange's); start anew with --fresh"
        )
        raise SettlementError(message)
    return ground


def _read(file: Path) -> Ground | None:
    try:
        ground = msgspec.json.decode(file.read_bytes(), type=Ground)
        for address in (ground.contract, ground.base_token, ground.quote_token):
            parse_address(address)
        return ground
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, SignatureError) as error:
        message = f"{file} can not be read: {error}; start anew with --fresh"
        raise SettlementError(message) from error


async def _deploy(deployer: Deployer, accounts: DemoAccounts) -> Ground:
    deployment = await deployer.deploy([MARKET], operator=accounts.operator.address, delays=_DELAYS)
    market = deployment.markets[0]
    return Ground(
        contract=deployment.contract,
        start_block=deployment.start_block,
        base_token=str(market.base.token),
        quote_token=str(market.quote.token),
        funded=[],
    )


async def _fund(deployer: Deployer, rpc_url: str, ground: Ground, account: DemoAccount) -> None:
    """Mint to the account's wallet what the vault still lacks, and deposit it."""
    market = ground.market
    if account.name == "visitor":
        await deployer.give_gas(account.address, _VISITORS_GAS_WEI)
    deposits: list[tuple[Asset, str]] = [(market.base, account.base), (market.quote, account.quote)]
    async with Vault(rpc_url=rpc_url, contract=ground.contract, key=account.key) as vault:
        for asset, text in deposits:
            missing = asset.parse(text) - (await vault.balance(asset)).balance
            if missing > 0:
                await deployer.mint(asset, account.address, missing)
                await vault.deposit(asset, missing)


def _keep(file: Path, ground: Ground) -> None:
    """Write the file whole or not at all."""
    draft = file.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(ground)))
    draft.replace(file)
