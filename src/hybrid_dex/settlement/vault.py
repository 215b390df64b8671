"""What a user does with the vault on chain: deposit, ask for a withdrawal, take it, take it back.

Each call is one transaction signed with the user's own key and waited for until it is in a block
(a deposit is two, an approval first). Nothing here asks the exchange for leave: a user can do all
of it with the exchange's servers off. It never settles anything; that is the operator's backend.
"""

from types import TracebackType
from typing import Final, Self

import attrs
from web3.contract import AsyncContract

from hybrid_dex.errors import ConfigurationError
from hybrid_dex.model.market import Asset
from hybrid_dex.settlement.wallet import Wallet

__all__ = ["PendingWithdrawal", "Vault", "VaultBalance"]

_RECEIPT_TIMEOUT_S: Final = 120.0


@attrs.frozen(kw_only=True)
class VaultBalance:
    """An account's balance of one token in the vault, atoms.

    Attributes:
        balance: all of it.
        tradeable: what settling can spend now.
    """

    balance: int
    tradeable: int


@attrs.frozen(kw_only=True)
class PendingWithdrawal:
    """A withdrawal that was asked for.

    Attributes:
        amount: atoms; ``2**112 - 1`` stands for everything.
        requested_at_s: when, Unix seconds.
        latest_at_s: when it takes effect at the latest.
        effective: whether it can be taken now.
    """

    amount: int
    requested_at_s: int
    latest_at_s: int
    effective: bool


class Vault:
    """One user's door to the vault. Use it in ``async with``.

    Args:
        rpc_url: the node's JSON-RPC address.
        contract: address of the deployed ``Exchange``.
        key: the user's private key; never shown or stored.
        receipt_timeout_s: how long to wait for a transaction to be in a block, seconds.
    """

    def __init__(
        self,
        *,
        rpc_url: str,
        contract: str,
        key: str,
        receipt_timeout_s: float = _RECEIPT_TIMEOUT_S,
    ) -> None:
        self._wallet = Wallet(rpc_url=rpc_url, key=key, receipt_timeout_s=receipt_timeout_s)
        self._exchange = self._wallet.contract("Exchange", contract)

    @property
    def address(self) -> str:
        """The user's EIP-55 address: the account on the exchange."""
        return self._wallet.address

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection. Safe to call twice."""
        await self._wallet.close()

    async def deposit(self, asset: Asset, amount: int) -> str:
        """Move atoms from the user's wallet into the vault; return the transaction's hash.

        Approves the vault for exactly this amount first, unless it may take that much already.

        Raises:
            SettlementError: a transaction was refused, with the contract's reason.
        """
        token = self._token(asset)
        allowed = await self._wallet.ask(
            token.functions.allowance(self.address, self._exchange.address)
        )
        if allowed < amount:
            await self._wallet.send(token.functions.approve(self._exchange.address, amount))
        return await self._wallet.send(self._exchange.functions.deposit(token.address, amount))

    async def request_withdrawal(self, asset: Asset, amount: int) -> str:
        """Ask for atoms to leave; `withdraw` pays them once the request is covered.

        It replaces an earlier request. The exchange stops trading the amount when it sees it.
        """
        token = self._token(asset).address
        return await self._wallet.send(self._exchange.functions.requestWithdrawal(token, amount))

    async def cancel_request(self, asset: Asset) -> str:
        """Take a requested withdrawal back."""
        token = self._token(asset).address
        return await self._wallet.send(self._exchange.functions.cancelWithdrawalRequest(token))

    async def withdraw(self, asset: Asset, recipient: str | None = None) -> str:
        """Pay a covered request out, to the user or to ``recipient``."""
        token = self._token(asset).address
        return await self._wallet.send(
            self._exchange.functions.withdraw(token, recipient or self.address)
        )

    async def exit(self, *assets: Asset) -> str:
        """Ask for everything of these assets; nobody can prevent it."""
        tokens = [self._token(asset).address for asset in assets]
        return await self._wallet.send(self._exchange.functions.exit(tokens))

    async def cancel_lane(self, market_number: int, nonce: int) -> str:
        """Cancel the user's orders of one lane up to a signed nonce (packed u64)."""
        return await self._wallet.send(self._exchange.functions.cancel(market_number, nonce))

    async def cancel_up_to(self, quote: Asset, floor: int) -> str:
        """Cancel all the user's orders quoted in an asset with a counter below ``floor``."""
        token = self._token(quote).address
        return await self._wallet.send(self._exchange.functions.cancelUpTo(token, floor))

    async def balance(self, asset: Asset, account: str | None = None) -> VaultBalance:
        """Return what an account, the user's own by default, has in the vault."""
        token, owner = self._token(asset).address, account or self.address
        return VaultBalance(
            balance=await self._wallet.ask(self._exchange.functions.balanceOf(owner, token)),
            tradeable=await self._wallet.ask(self._exchange.functions.tradeableOf(owner, token)),
        )

    async def liabilities(self, asset: Asset) -> int:
        """Return the atoms that the vault owes of an asset: all balances, and all fees."""
        return int(
            await self._wallet.ask(self._exchange.functions.liabilities(self._token(asset).address))
        )

    async def wallet_balance(self, asset: Asset) -> int:
        """Return the atoms in the user's own wallet."""
        return int(await self._wallet.ask(self._token(asset).functions.balanceOf(self.address)))

    async def pending_withdrawal(self, asset: Asset) -> PendingWithdrawal | None:
        """Return the request that waits, or ``None``."""
        token = self._token(asset).address
        amount, requested_at_s, latest_at_s, effective = await self._wallet.ask(
            self._exchange.functions.pendingWithdrawal(self.address, token)
        )
        if not amount:
            return None
        return PendingWithdrawal(
            amount=amount,
            requested_at_s=requested_at_s,
            latest_at_s=latest_at_s,
            effective=effective,
        )

    def _token(self, asset: Asset) -> AsyncContract:
        if asset.token is None:
            raise ConfigurationError(f"asset {asset.id} has no token address")
        return self._wallet.contract("MockERC20", asset.token)
