"""Puts the contracts of this package on a chain: for demos, tests and first steps.

A live deployment is made with the contracts' own project, which writes down what it did. What is
deployed here is the same code from the same committed artifacts, with web3 alone.
"""

from collections.abc import Sequence
from typing import Any, Final

import aiohttp
import attrs
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import AsyncWeb3
from web3.exceptions import Web3Exception
from web3.types import TxReceipt

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.model.market import Asset, Market
from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.settlement.evm.endpoint import plain
from hybrid_dex.settlement.evm.provider import ATTEMPTS, HttpProvider

__all__ = ["PERMIT2", "Delays", "Deployer", "Deployment"]

PERMIT2: Final = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
"""Where Uniswap's Permit2 lies on every chain that has it."""

_RECEIPT_TIMEOUT_S: Final = 120.0


@attrs.frozen(kw_only=True)
class Delays:
    """What a deployment fixes for ever, seconds.

    Attributes:
        watch_lag_s: how long the operator may take to see a request.
        window_max_s: after how long a request takes effect at the latest.
        exit_delay_s: after how long without a batch anyone can end settling.
    """

    watch_lag_s: int = 60
    window_max_s: int = 3_600
    exit_delay_s: int = 86_400


@attrs.frozen(kw_only=True)
class Deployment:
    """What was put on a chain.

    Attributes:
        chain_id: of the chain.
        contract: EIP-55 address of the ``Exchange``.
        start_block: the block that holds it.
        markets: the listed markets, with the addresses of their tokens.
    """

    chain_id: int
    contract: str
    start_block: int
    markets: tuple[Market, ...]


class Deployer:
    """Deploys and mints with one key, which becomes the contract's owner.

    Args:
        rpc_url: the node's JSON-RPC address.
        key: private key of the owner; never shown or stored.
    """

    def __init__(self, *, rpc_url: str, key: str) -> None:
        try:
            self._account: LocalAccount = Account.from_key(key)
        except Exception:  # noqa: BLE001 # eth-keys and eth-utils raise many kinds, all with the key
            raise ConfigurationError(
                "key is not a private key: 0x and 64 hexadecimal digits"
            ) from None
        self._provider = HttpProvider(rpc_url, attempts=ATTEMPTS)
        self._web3 = AsyncWeb3(self._provider)

    async def close(self) -> None:
        """Close the connection. Safe to call twice."""
        await self._provider.disconnect()

    async def deploy(
        self,
        markets: Sequence[Market],
        *,
        operator: str,
        delays: Delays | None = None,
    ) -> Deployment:
        """Deploy an ``Exchange``, a mock token for each asset without one, and list the markets.

        Args:
            markets: each with a number of its own; tokens may be missing.
            operator: the account that will settle.
            delays: see `Delays`.

        Raises:
            SettlementError: a transaction was refused.
        """
        chosen = Delays() if delays is None else delays
        tokens: dict[str, Asset] = {}
        for market in markets:
            for asset in (market.base, market.quote):
                if asset.id not in tokens:
                    tokens[asset.id] = await self._with_token(asset)
        terms = (chosen.watch_lag_s, chosen.window_max_s, chosen.exit_delay_s)
        extension, _ = await self._create("ExchangeExtension", *terms, PERMIT2)
        contract, block = await self._create(
            "Exchange", extension, self._account.address, operator, *terms
        )
        listed = []
        for market in markets:
            named = attrs.evolve(market, base=tokens[market.base.id], quote=tokens[market.quote.id])
            listed.append(await self.list_market(contract, named))
        return Deployment(
            chain_id=await self._web3.eth.chain_id,
            contract=contract,
            start_block=block,
            markets=tuple(listed),
        )

    async def list_market(self, contract: str, market: Market) -> Market:
        """List a market on an ``Exchange`` as its lister, and its tokens where they are not listed.

        Args:
            contract: the exchange's address.
            market: with a number of its own; for an asset without a token a mock one is deployed.

        Returns:
            the market with its tokens' addresses.

        Raises:
            SettlementError: a transaction was refused.
        """
        exchange = self._web3.eth.contract(
            address=self._web3.to_checksum_address(contract), abi=load_artifact("Exchange").abi
        )
        base, quote = await self._with_token(market.base), await self._with_token(market.quote)
        for asset in (base, quote):
            try:
                known, _ = await exchange.functions.assetOf(asset.token).call()
            except (Web3Exception, aiohttp.ClientError, OSError, ValueError) as error:
                raise SettlementError(f"the contract does not answer: {plain(error)}") from error
            if not known:
                await self._send(exchange.functions.listAsset(asset.token))
        steps = (market.lot_size, market.tick_size)
        await self._send(
            exchange.functions.listMarket(market.number, base.token, quote.token, *steps)
        )
        return attrs.evolve(market, base=base, quote=quote)

    async def mint(self, asset: Asset, account: str, amount: int) -> None:
        """Make mock tokens out of nothing for an account."""
        if asset.token is None:
            raise ConfigurationError(f"asset {asset.id} has no token address")
        token = self._web3.eth.contract(
            address=self._web3.to_checksum_address(asset.token),
            abi=load_artifact("MockERC20").abi,
        )
        await self._send(token.functions.mint(account, amount))

    async def give_gas(self, account: str, wei: int) -> None:
        """Send the chain's own coin to an account, so that it can pay for transactions."""
        await self._transact({"to": account, "value": wei, "gas": 21_000})

    async def _with_token(self, asset: Asset) -> Asset:
        if asset.token is not None:
            return asset
        address, _ = await self._create("MockERC20", asset.id, asset.id, asset.decimals)
        return attrs.evolve(asset, token=address)

    async def _create(self, name: str, *arguments: str | int) -> tuple[str, int]:
        artifact = load_artifact(name)
        factory = self._web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        receipt = await self._send(factory.constructor(*arguments))
        address = receipt["contractAddress"]
        if address is None:
            raise SettlementError(f"{name} has no address after its deployment")
        return str(address), receipt["blockNumber"]

    async def _send(self, call: Any) -> TxReceipt:  # noqa: ANN401 # a function or a constructor
        try:
            fields = await call.build_transaction({"from": self._account.address})
        except (Web3Exception, aiohttp.ClientError, OSError, ValueError) as error:
            raise SettlementError(f"the chain refuses the deployment: {plain(error)}") from error
        return await self._transact(fields)

    async def _transact(self, fields: Any) -> TxReceipt:  # noqa: ANN401 # web3's own fields
        try:
            latest = await self._web3.eth.get_block("latest")
            tip = await self._web3.eth.max_priority_fee
            signed = self._account.sign_transaction(
                {
                    "type": 2,
                    "chainId": await self._web3.eth.chain_id,
                    "maxPriorityFeePerGas": tip,
                    "maxFeePerGas": 2 * latest.get("baseFeePerGas", 0) + tip,
                    **fields,
                    "nonce": await self._web3.eth.get_transaction_count(
                        self._account.address, "pending"
                    ),
                }
            )
            sent = await self._web3.eth.send_raw_transaction(signed.raw_transaction)
            receipt = await self._web3.eth.wait_for_transaction_receipt(
                sent, timeout=_RECEIPT_TIMEOUT_S
            )
        except (Web3Exception, aiohttp.ClientError, OSError, ValueError) as error:
            raise SettlementError(f"a transaction was not taken: {plain(error)}") from error
        if receipt["status"] != 1:
            raise SettlementError(f"transaction 0x{bytes(sent).hex()} was reverted")
        return receipt
