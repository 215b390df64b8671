"""What a user does with the vault on chain: deposit, ask for a withdrawal, take it, take it back.

Each call is one transaction signed with the user's own key and waited for until it is in a block
(a deposit is two, an approval first). Nothing here asks the exchange for leave: a user can do all
of it with the exchange's servers off. It never settles anything; that is the operator's backend.
"""

from types import TracebackType
from typing import Any, Final, Self

import attrs
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.contract.async_contract import AsyncContractFunction
from web3.exceptions import ContractCustomError, ContractLogicError, Web3Exception
from web3.types import TxReceipt

from hybrid_dex.errors import ConfigurationError, SettlementError
from hybrid_dex.model.market import Asset
from hybrid_dex.settlement.evm.artifact import load_artifact
from hybrid_dex.signing import keccak256

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
        try:
            self._account: LocalAccount = Account.from_key(key)
        except Exception:  # noqa: BLE001 # eth-keys and eth-utils raise many kinds, all with the key
            raise ConfigurationError(
                "key is not a private key: 0x and 64 hexadecimal digits"
            ) from None
        self._provider = AsyncHTTPProvider(rpc_url)
        self._web3 = AsyncWeb3(self._provider)
        self._timeout_s = receipt_timeout_s
        exchange, token = load_artifact("Exchange"), load_artifact("MockERC20")
        self._exchange = self._web3.eth.contract(
            address=self._web3.to_checksum_address(contract), abi=exchange.abi
        )
        self._token_abi = token.abi
        self._errors = {
            keccak256(_signature(entry).encode())[:4].hex(): str(entry["name"])
            for entry in exchange.abi + token.abi
            if entry["type"] == "error"
        }

    @property
    def address(self) -> str:
        """The user's EIP-55 address: the account on the exchange."""
        return str(self._account.address)

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
        await self._provider.disconnect()

    async def deposit(self, asset: Asset, amount: int) -> str:
        """Move atoms from the user's wallet into the vault; return the transaction's hash.

        Approves the vault for exactly this amount first, unless it may take that much already.

        Raises:
            SettlementError: a transaction was refused, with the contract's reason.
        """
        token = self._token(asset)
        allowed = await self._ask(token.functions.allowance(self.address, self._exchange.address))
        if allowed < amount:
            await self._send(token.functions.approve(self._exchange.address, amount))
        return await self._send(self._exchange.functions.deposit(token.address, amount))

    async def request_withdrawal(self, asset: Asset, amount: int) -> str:
        """Ask for atoms to leave; `withdraw` pays them once the request is covered.

        It replaces an earlier request. The exchange stops trading the amount when it sees it.
        """
        token = self._token(asset).address
        return await self._send(self._exchange.functions.requestWithdrawal(token, amount))

    async def cancel_request(self, asset: Asset) -> str:
        """Take a requested withdrawal back."""
        token = self._token(asset).address
        return await self._send(self._exchange.functions.cancelWithdrawalRequest(token))

    async def withdraw(self, asset: Asset, recipient: str | None = None) -> str:
        """Pay a covered request out, to the user or to ``recipient``."""
        token = self._token(asset).address
        return await self._send(self._exchange.functions.withdraw(token, recipient or self.address))

    async def exit(self, *assets: Asset) -> str:
        """Ask for everything of these assets; nobody can prevent it."""
        tokens = [self._token(asset).address for asset in assets]
        return await self._send(self._exchange.functions.exit(tokens))

    async def cancel_lane(self, market_number: int, nonce: int) -> str:
        """Cancel the user's orders of one lane up to a signed nonce (packed u64)."""
        return await self._send(self._exchange.functions.cancel(market_number, nonce))

    async def cancel_up_to(self, quote: Asset, floor: int) -> str:
        """Cancel all the user's orders quoted in an asset with a counter below ``floor``."""
        token = self._token(quote).address
        return await self._send(self._exchange.functions.cancelUpTo(token, floor))

    async def balance(self, asset: Asset, account: str | None = None) -> VaultBalance:
        """Return what an account, the user's own by default, has in the vault."""
        token, owner = self._token(asset).address, account or self.address
        return VaultBalance(
            balance=await self._ask(self._exchange.functions.balanceOf(owner, token)),
            tradeable=await self._ask(self._exchange.functions.tradeableOf(owner, token)),
        )

    async def liabilities(self, asset: Asset) -> int:
        """Return the atoms that the vault owes of an asset: all balances, and all fees."""
        return int(
            await self._ask(self._exchange.functions.liabilities(self._token(asset).address))
        )

    async def wallet_balance(self, asset: Asset) -> int:
        """Return the atoms in the user's own wallet."""
        return int(await self._ask(self._token(asset).functions.balanceOf(self.address)))

    async def pending_withdrawal(self, asset: Asset) -> PendingWithdrawal | None:
        """Return the request that waits, or ``None``."""
        token = self._token(asset).address
        amount, requested_at_s, latest_at_s, effective = await self._ask(
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

    def _token(self, asset: Asset) -> Any:  # noqa: ANN401 # web3 types contracts by their ABI
        if asset.token is None:
            raise ConfigurationError(f"asset {asset.id} has no token address")
        return self._web3.eth.contract(
            address=self._web3.to_checksum_address(asset.token), abi=self._token_abi
        )

    async def _ask(self, call: AsyncContractFunction) -> Any:  # noqa: ANN401 # what the ABI says
        try:
            return await call.call()
        except (Web3Exception, OSError) as error:
            raise SettlementError(f"{call.fn_name}: {error}") from error

    async def _send(self, call: AsyncContractFunction) -> str:
        try:
            fields = await call.build_transaction(
                {
                    "from": self._account.address,
                    "nonce": await self._web3.eth.get_transaction_count(
                        self._account.address, "pending"
                    ),
                }
            )
            signed = self._account.sign_transaction(fields)  # type: ignore[arg-type] # web3's own
            sent = await self._web3.eth.send_raw_transaction(signed.raw_transaction)
            receipt: TxReceipt = await self._web3.eth.wait_for_transaction_receipt(
                sent, timeout=self._timeout_s
            )
        except ContractCustomError as error:
            data = error.data if isinstance(error.data, str) else ""
            selector = data.removeprefix("0x")[:8]
            reason = self._errors.get(selector, data or "no reason")
            raise SettlementError(f"{call.fn_name} is refused: {reason}") from error
        except ContractLogicError as error:
            raise SettlementError(f"{call.fn_name} is refused: {error.message}") from error
        except (Web3Exception, OSError) as error:
            raise SettlementError(f"{call.fn_name}: {error}") from error
        transaction = "0x" + bytes(sent).hex()
        if receipt["status"] != 1:
            raise SettlementError(f"{call.fn_name} was reverted in {transaction}")
        return transaction


def _signature(entry: dict[str, Any]) -> str:  # Any: JSON of the ABI specification
    return f"{entry['name']}({','.join(part['type'] for part in entry['inputs'])})"
